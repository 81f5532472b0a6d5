"""Symbol tables of a rule book: what is declared under which name, and what is declared twice.

Not responsible for meaning; names used inside rules are resolved where they are lowered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from engine.program import Span
from rules_dsl import syntax
from rules_dsl.reporting import Reporter

Named = (
    syntax.LedgerDecl
    | syntax.UnitDecl
    | syntax.CodeDecl
    | syntax.DimensionDecl
    | syntax.ListDecl
    | syntax.EventDecl
    | syntax.AccountsDecl
    | syntax.TableDecl
    | syntax.RateDecl
    | syntax.RecordDecl
    | syntax.TargetDecl
    | syntax.BudgetDecl
    | syntax.ParameterDecl
)
D = TypeVar("D", bound=Named)
_Group = tuple[tuple[str, Mapping[str, Named]], ...]


@dataclass(slots=True)
class Symbols:
    """The declarations of a rule book by name; of a name declared twice the first one.

    `broken`: names of declarations that lost a line when they were parsed; what is missing in
    them is not reported again.
    """

    name: str = ""
    ledgers: dict[str, syntax.LedgerDecl] = field(default_factory=dict)
    units: dict[str, syntax.UnitDecl] = field(default_factory=dict)
    codes: dict[str, syntax.CodeDecl] = field(default_factory=dict)
    dimensions: dict[str, syntax.DimensionDecl] = field(default_factory=dict)
    lists: dict[str, syntax.ListDecl] = field(default_factory=dict)
    events: dict[str, syntax.EventDecl] = field(default_factory=dict)
    charts: list[syntax.ChartDecl] = field(default_factory=list)
    account_sets: dict[str, syntax.AccountsDecl] = field(default_factory=dict)
    tables: dict[str, syntax.TableDecl] = field(default_factory=dict)
    rates: dict[str, syntax.RateDecl] = field(default_factory=dict)
    records: dict[str, syntax.RecordDecl] = field(default_factory=dict)
    targets: dict[str, syntax.TargetDecl] = field(default_factory=dict)
    budgets: dict[str, syntax.BudgetDecl] = field(default_factory=dict)
    parameters: dict[str, syntax.ParameterDecl] = field(default_factory=dict)
    rules: list[syntax.RuleDecl] = field(default_factory=list)
    broken: frozenset[str] = frozenset()


def collect_names(
    files: Sequence[syntax.File], report: Reporter, *, broken: frozenset[str] = frozenset()
) -> Symbols:
    """Gathers the declarations of all files, in the order of their paths, and reports doubles."""
    ordered = sorted(files, key=lambda file: file.path)
    declarations = [each for file in ordered for each in file.declarations]
    symbols = Symbols(broken=broken)
    _collect_book(declarations, symbols, report)
    for each in declarations:
        _collect(each, symbols, report)
    _check_shared_names(symbols, report)
    _check_wires("ledger", symbols.ledgers.values(), report)
    _check_wires("dimension", symbols.dimensions.values(), report)
    _check_wires("event", symbols.events.values(), report)
    _check_wires("budget", symbols.budgets.values(), report)
    _check_wires("parameter", symbols.parameters.values(), report)
    return symbols


def name_span(declaration: Named, report: Reporter) -> Span:
    """Where the name of a declaration stands."""
    if isinstance(declaration, syntax.EventDecl | syntax.BudgetDecl | syntax.ParameterDecl):
        return declaration.name_span
    return report.place_of(declaration.name, declaration.span)


def _collect_book(
    declarations: Iterable[syntax.Declaration], symbols: Symbols, report: Reporter
) -> None:
    books = [each for each in declarations if isinstance(each, syntax.BookDecl)]
    for other in books[1:]:
        report.duplicate("rulebook", other.name, other.span, books[0].span)
    symbols.name = books[0].name if books else ""


def _collect(declaration: syntax.Declaration, symbols: Symbols, report: Reporter) -> None:
    match declaration:
        case syntax.LedgerDecl():
            _add("ledger", symbols.ledgers, declaration, report)
        case syntax.UnitDecl():
            _add("unit", symbols.units, declaration, report)
        case syntax.CodeDecl():
            _add("code", symbols.codes, declaration, report)
        case syntax.DimensionDecl():
            _add("dimension", symbols.dimensions, declaration, report)
        case syntax.ListDecl():
            _add("list", symbols.lists, declaration, report)
        case syntax.EventDecl():
            _add("event", symbols.events, declaration, report)
        case syntax.AccountsDecl():
            _add("set of accounts", symbols.account_sets, declaration, report)
        case syntax.TableDecl():
            _add("table", symbols.tables, declaration, report)
        case syntax.RateDecl():
            _add("rate", symbols.rates, declaration, report)
        case syntax.RecordDecl():
            _add("record", symbols.records, declaration, report)
        case syntax.TargetDecl():
            _add("target", symbols.targets, declaration, report)
        case syntax.BudgetDecl():
            _add("budget", symbols.budgets, declaration, report)
        case syntax.ParameterDecl():
            _add("parameter", symbols.parameters, declaration, report)
        case syntax.ChartDecl():
            symbols.charts.append(declaration)
        case syntax.RuleDecl():
            symbols.rules.append(declaration)
        case _:
            return


def _add(kind: str, table: dict[str, D], declaration: D, report: Reporter) -> None:
    first = table.setdefault(declaration.name, declaration)
    if first is not declaration:
        report.duplicate(
            kind, declaration.name, name_span(declaration, report), name_span(first, report)
        )


def _check_shared_names(symbols: Symbols, report: Reporter) -> None:
    """Reports kinds that share a name although they are written in the same places.

    A field type is a code, a dimension or a list; what stands before `[` is a table, a rate or
    a record; a parameter and a rate are both read by their name alone.
    """
    types: _Group = (
        ("code", symbols.codes),
        ("dimension", symbols.dimensions),
        ("list", symbols.lists),
    )
    lookups: _Group = (
        ("table", symbols.tables),
        ("rate", symbols.rates),
        ("record", symbols.records),
        ("parameter", symbols.parameters),
    )
    for group in (types, lookups):
        seen: dict[str, tuple[str, Span]] = {}
        for kind, table in group:
            for name, declaration in table.items():
                span = name_span(declaration, report)
                if name in seen:
                    other, first = seen[name]
                    report.duplicate(kind, name, span, first, where=f": {name} is also a {other}")
                else:
                    seen[name] = (kind, span)


def _check_wires(
    kind: str,
    declarations: Iterable[
        syntax.LedgerDecl
        | syntax.DimensionDecl
        | syntax.EventDecl
        | syntax.BudgetDecl
        | syntax.ParameterDecl
    ],
    report: Reporter,
) -> None:
    seen: dict[str, Span] = {}
    for each in declarations:
        span = name_span(each, report)
        first = seen.setdefault(each.wire, span)
        if first is not span:
            where = f": {each.name} has the wire name of another {kind}"
            report.duplicate(f"{kind} wire name", each.wire, span, first, where=where)
