"""The effects of a commit as rows of the projection's tables; reads and writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.budget.names import node_name
from engine.calendar import iso_day, iso_instant, period_text
from engine.columns import EffectBatch
from engine.currencies import CURRENCY_DECIMALS
from engine.effects import DIMENSION_PREFIX, PeriodState, Status, Verdict
from engine.history import all_voucher_names
from engine.log import CommitHeader

Row = tuple[str | int, ...]


class VoucherRow(NamedTuple):
    """A row of `voucher`, in the order of its columns."""

    book_id: str
    seq: int
    voucher: int
    name: str
    entity: str
    ledger: str
    series: str
    period: str
    word: str
    number: int
    voucher_date: str
    event_date: str
    source: str
    event_id: str
    rule: str
    revision: str
    summary: str
    state: str
    reverses: str
    currency: str
    scale: int
    line_count: int


@dataclass(slots=True)
class CommitRows:
    """Rows by table, ready for insertion.

    Attributes:
        inserted: rows that are new, by table, in the table's column order.
        replaced: rows that take the place of the one with the same key.
        balances: key and account name, currency, scale -> debit and credit to be added.
        budget_nodes: command, then the columns of `budget_node` up to the figures, in log order.
        budget_moves: (command, node, stage, amount), in log order.
        budget_excesses: (node, amount).
        status_changes: (source, event id, command, status name, reason, message, revision,
            accepted), in log order.
        line_dimensions: `dim_*` columns that the lines carry behind those of the table.
    """

    inserted: dict[str, list[Row]] = field(default_factory=dict)
    replaced: dict[str, list[Row]] = field(default_factory=dict)
    balances: dict[Row, tuple[str, str, int, int, int]] = field(default_factory=dict)
    budget_nodes: list[tuple[int, Row]] = field(default_factory=list)
    budget_moves: list[tuple[int, str, int, int]] = field(default_factory=list)
    budget_excesses: list[tuple[str, int]] = field(default_factory=list)
    status_changes: list[Row] = field(default_factory=list)
    line_dimensions: tuple[str, ...] = ()


def commit_rows(header: CommitHeader, effects: EffectBatch) -> CommitRows:
    """The rows of a commit."""
    rows = CommitRows()
    columns = _Columns(header, effects)
    rows.inserted["event"] = list(_events(columns, iso_instant(header.sealed_at_us)))
    vouchers = list(_vouchers(columns)) if columns.count("vouchers") else []
    rows.inserted["voucher"] = [*vouchers]
    if columns.count("lines"):
        _add_lines(columns, vouchers, rows)
    rows.replaced["target_value"] = columns.rows(
        "targets", (columns.text, "target"), (columns.text, "entity"), (columns.text, "key"),
        (columns.number, "value"),
    )  # fmt: skip
    rows.replaced["record_value"] = columns.rows(
        "records", (columns.text, "record"), (columns.text, "key"), (columns.text, "field"),
        (columns.number, "number"), (columns.number, "scale"), (columns.text, "text"),
    )  # fmt: skip
    rows.replaced["period_state"] = columns.rows(
        "periods", (columns.text, "entity"), (columns.period, "period"),
        (columns.period_state, "state"),
    )  # fmt: skip
    rows.status_changes = list(_status_changes(columns))
    _add_budgets(columns, iso_instant(header.sealed_at_us), rows)
    return rows


class _Columns:
    """Columns of a commit as Python lists; text as text, days and periods as ISO text."""

    def __init__(self, header: CommitHeader, effects: EffectBatch) -> None:
        self.book_id, self.seq = header.book_id, header.seq
        self.effects = effects
        self._texts = [*effects.strings, ""]  # code -1, absent, finds the last

    def count(self, table: str) -> int:
        found = self.effects.tables.get(table)
        return 0 if found is None else found.count

    def number(self, table: str, column: str) -> list[int]:
        values: list[int] = self.effects.tables[table].ints(column).tolist()
        return values

    def text(self, table: str, column: str) -> list[str]:
        texts = self._texts
        return [texts[code] for code in self.number(table, column)]

    def day(self, table: str, column: str) -> list[str]:
        return _by_value(self.number(table, column), iso_day)

    def period(self, table: str, column: str) -> list[str]:
        return _by_value(self.number(table, column), period_text)

    def period_state(self, table: str, column: str) -> list[str]:
        return [PeriodState(state).name.lower() for state in self.number(table, column)]

    def rows(
        self, table: str, *columns: tuple[Callable[[str, str], list[str] | list[int]], str]
    ) -> list[Row]:
        count = self.count(table)
        if not count:
            return []
        lists = [read(table, column) for read, column in columns]
        return list(zip([self.book_id] * count, *lists, strict=True))


def _by_value(numbers: list[int], convert: Callable[[int], str]) -> list[str]:
    texts = {number: convert(number) for number in set(numbers)}
    return [texts[number] for number in numbers]


def _statuses(columns: _Columns, table: str) -> tuple[list[str], list[int]]:
    statuses = [Status(value) for value in columns.number(table, "status")]
    return [status.name for status in statuses], [int(s.takes_identity) for s in statuses]


def _events(columns: _Columns, sealed_at: str) -> Iterable[Row]:
    count = columns.count("commands")
    if not count:
        return []
    table = "commands"
    statuses, accepted = _statuses(columns, table)
    contents = columns.effects.tables[table].blobs("content")
    return zip(
        [columns.book_id] * count,
        [columns.seq] * count,
        range(count),
        *(columns.text(table, name) for name in ("source", "event_id", "type", "entity")),
        columns.day(table, "event_date"),
        statuses,
        *(columns.text(table, name) for name in ("reason", "message", "revision", "principal")),
        columns.text(table, "group_id"),
        accepted,
        [sealed_at] * count,
        [content.decode("utf-8", "replace") for content in contents],
        strict=True,
    )


def _vouchers(columns: _Columns) -> Iterable[VoucherRow]:
    table = "vouchers"
    count = columns.count(table)
    texts = ("source", "event_id", "rule", "revision", "summary", "state", "reverses", "currency")
    return map(
        VoucherRow,
        [columns.book_id] * count,
        [columns.seq] * count,
        range(count),
        all_voucher_names(columns.effects),
        *(columns.text(table, name) for name in ("entity", "ledger", "series")),
        columns.period(table, "period"),
        columns.text(table, "word"),
        columns.number(table, "number"),
        columns.day(table, "voucher_date"),
        columns.day(table, "event_date"),
        *(columns.text(table, name) for name in texts),
        columns.number(table, "scale"),
        columns.number(table, "line_count"),
    )


def _add_lines(columns: _Columns, vouchers: list[VoucherRow], rows: CommitRows) -> None:
    table = "lines"
    spec = columns.effects.tables[table].spec
    dimensions = [name for name, _ in spec.columns if name.startswith(DIMENSION_PREFIX)]
    rows.line_dimensions = tuple(dimensions)
    of_voucher = columns.number(table, "voucher")
    owners = [vouchers[row] for row in of_voucher]
    codes, names = columns.text(table, "account_code"), columns.text(table, "account_name")
    debits, credits_ = columns.number(table, "debit"), columns.number(table, "credit")
    currencies = columns.text(table, "currency")
    dimension_columns = [columns.text(table, name) for name in dimensions]
    rows.inserted["voucher_line"] = list(
        zip(
            [columns.book_id] * len(codes),
            [columns.seq] * len(codes),
            of_voucher,
            columns.number(table, "line_no"),
            [owner.name for owner in owners],
            [owner.entity for owner in owners],
            [owner.ledger for owner in owners],
            [owner.period for owner in owners],
            [owner.voucher_date for owner in owners],
            codes,
            names,
            debits,
            credits_,
            [owner.scale for owner in owners],
            currencies,
            columns.number(table, "fc_debit"),
            columns.number(table, "fc_credit"),
            [
                CURRENCY_DECIMALS.get(currency, owner.scale)
                for currency, owner in zip(currencies, owners, strict=True)
            ],
            columns.text(table, "rate"),
            columns.number(table, "rule_line"),
            columns.number(table, "element"),
            _dimension_texts(dimensions, dimension_columns, len(codes)),
            *dimension_columns,
            strict=True,
        )
    )
    _add_balances(rows.balances, zip(owners, codes, names, debits, credits_, strict=True))


def _add_balances(
    balances: dict[Row, tuple[str, str, int, int, int]],
    lines: Iterable[tuple[VoucherRow, str, str, int, int]],
) -> None:
    for owner, code, name, debit, credit in lines:  # sums in Python integers, which do not wrap
        if not owner.number:  # a draft is in no balance yet
            continue
        key = (owner.book_id, owner.entity, owner.ledger, owner.period, code)
        held = balances.get(key)
        held_debit, held_credit = held[3:] if held else (0, 0)
        sums = (held_debit + debit, held_credit + credit)
        balances[key] = (name, owner.currency, owner.scale, *sums)


def _dimension_texts(names: list[str], columns: list[list[str]], count: int) -> list[str]:
    short = [name.removeprefix(DIMENSION_PREFIX) for name in names]
    texts: dict[tuple[str, ...], str] = {}
    result = []
    for values in zip(*columns, strict=True) if columns else [()] * count:
        text = texts.get(values)
        if text is None:
            given = {name: value for name, value in zip(short, values, strict=True) if value}
            text = texts[values] = json.dumps(given, ensure_ascii=False)
        result.append(text)
    return result


def _status_changes(columns: _Columns) -> Iterable[Row]:
    table = "status_changes"
    if not columns.count(table):
        return []
    statuses, accepted = _statuses(columns, table)
    return zip(
        columns.text(table, "source"),
        columns.text(table, "event_id"),
        columns.number(table, "command"),
        statuses,
        *(columns.text(table, name) for name in ("reason", "message", "revision")),
        accepted,
        strict=True,
    )


def _add_budgets(columns: _Columns, sealed_at: str, rows: CommitRows) -> None:
    if columns.count("budget_nodes"):
        table = "budget_nodes"
        commands = columns.number(table, "command")
        rows.budget_nodes = list(zip(commands, _budget_nodes(columns), strict=True))
    if columns.count("budget_moves"):
        table = "budget_moves"
        rows.budget_moves = list(
            zip(
                columns.number(table, "command"),
                columns.text(table, "node"),
                columns.number(table, "stage"),
                columns.number(table, "amount"),
                strict=True,
            )
        )
    table = "budget_decisions"
    count = columns.count(table)
    if not count:
        return
    nodes, excesses = columns.text(table, "node"), columns.number(table, "excess")
    rows.budget_excesses = [
        (node, amount) for node, amount in zip(nodes, excesses, strict=True) if amount
    ]
    rows.inserted["budget_decision"] = list(
        zip(
            [columns.book_id] * count,
            [columns.seq] * count,
            range(count),
            columns.number(table, "command"),
            columns.text(table, "source"),
            columns.text(table, "event_id"),
            nodes,
            [Verdict(verdict).name for verdict in columns.number(table, "verdict")],
            *(columns.number(table, name) for name in ("requested", "available", "shortfall")),
            excesses,
            *(columns.text(table, name) for name in ("role", "person", "reason", "rule")),
            columns.number(table, "rule_line"),
            [sealed_at] * count,
            strict=True,
        )
    )


def _budget_nodes(columns: _Columns) -> Iterable[Row]:
    table = "budget_nodes"
    budgets, paths, periods = (columns.text(table, name) for name in ("budget", "path", "period"))
    names = [
        node_name(budget, json.loads(path), period)
        for budget, path, period in zip(budgets, paths, periods, strict=True)
    ]
    return zip(
        [columns.book_id] * len(names),
        names,
        budgets,
        paths,
        periods,
        *(columns.text(table, name) for name in ("parent", "control")),
        *(columns.number(table, name) for name in ("limited", "closed")),
        *(columns.text(table, name) for name in ("version", "override_role")),
        columns.number(table, "scale"),
        columns.text(table, "currency"),
        strict=True,
    )
