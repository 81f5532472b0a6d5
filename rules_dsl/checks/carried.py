"""Finds which accounts and which dimension values a voucher line can have, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.program import Kind, Line, Op, Table, TableRow
from rules_dsl.checks.forms import Forms
from rules_dsl.checks.polynomials import ONE, ZERO, Poly

#: Key of lines that do not carry a dimension; other keys are those of `Forms`.
NO_VALUE = -1


@dataclass(frozen=True, slots=True)
class PossibleAccount:
    """An account a line can have.

    Attributes:
        account: index into Program.accounts. condition: truth; the line can have the account only
        where it holds. table, row: the table row it comes from, if any.
    """

    account: int
    condition: Poly
    table: Table | None = None
    row: TableRow | None = None


def carried_values(forms: Forms, line: Line, dimension: int) -> Iterator[tuple[int, Poly]]:
    """The values of a dimension that a line can carry (or NO_VALUE), each with its condition.

    An optional text that was not sent is not carried, nor is an empty one. A value may come
    several times; its conditions exclude each other.
    """
    entry = next((d for d in line.dimensions if d.dimension == dimension), None)
    if entry is None:
        yield NO_VALUE, ONE
        return
    allowed = ONE if entry.given is None else forms.poly(entry.given)
    yield NO_VALUE, ONE - allowed
    for case, key in forms.choice(entry.value):
        holds = forms.product(case, allowed)
        is_there = ZERO if forms.constant_key(key) == "" else forms.given(key)
        yield key, forms.product(holds, is_there)
        yield NO_VALUE, forms.product(holds, ONE - is_there)


def possible_accounts(forms: Forms, line: Line) -> Iterator[PossibleAccount]:
    """Every account a line can have, through conditions and tables."""
    for condition, key in forms.choice(line.account):
        constant = forms.constant_key(key)
        if isinstance(constant, int):
            yield PossibleAccount(constant, condition)
            continue
        node = forms.rule.nodes[forms.key_node(key)]
        elsewhere: tuple[int, ...] = ()
        if node.op is Op.IN_CHART and isinstance(node.data, tuple):
            elsewhere, node = node.data, forms.rule.nodes[node.args[0]]
            while node.op is Op.REPEAT:
                node = forms.rule.nodes[node.args[0]]
        if node.op is not Op.TABLE_CELL or not isinstance(node.data, tuple):
            continue
        table_index, output = node.data
        table = forms.program.tables[table_index]
        keys = forms.rule.nodes[node.args[0]].args
        for row in table.rows:
            account = row.outputs[output]
            holds = forms.product(condition, _row_truth(forms, table, row, keys))
            if isinstance(account, int) and holds:
                own = elsewhere[account] if elsewhere else account
                yield PossibleAccount(own, holds, table, row)


def _row_truth(forms: Forms, table: Table, row: TableRow, keys: tuple[int, ...]) -> Poly:
    """What a row matching says about flags and texts; numbers and other rows say nothing here."""
    truth = ONE
    for cell, kind, key in zip(row.cells, table.key_kinds, keys, strict=True):
        if kind is Kind.BOOL and cell.flag is not None:
            flag = forms.poly(key)
            truth = forms.product(truth, flag if cell.flag else ONE - flag)
        elif kind is Kind.TEXT and cell.texts:
            matches = ZERO
            for text in cell.texts:
                matches += forms.text_is(forms.choice(key), text)
            truth = forms.product(truth, matches)
    return truth
