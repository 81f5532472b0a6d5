"""Checks rules against the book they are to be published in: closed periods, state they would lose.

What a book holds comes as plain data; the same rules are fit for one book and not for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.program import Span
from rules_dsl import syntax
from rules_dsl.checks.dates import day_text
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic
from rules_dsl.diagnostics.suggest import suggest
from rules_dsl.revision import canonical

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ClosedPeriod:
    """A closed period that the rules would hold as well.

    label: as a person names it, such as "2026-03 of C01"; first_day, last_day: business days;
    files: rules in force in it.
    """

    label: str
    first_day: int
    last_day: int
    files: tuple[syntax.File, ...]


@dataclass(frozen=True, slots=True)
class BookFacts:
    """What a book holds: closed periods, oldest first, and names of what has state.

    targets, records: declared names; budgets: wire names.
    """

    closed: tuple[ClosedPeriod, ...] = ()
    targets: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    budgets: frozenset[str] = frozenset()


def check_publication(files: Sequence[syntax.File], facts: BookFacts) -> list[Diagnostic]:
    """What stands against publishing rules in a book.

    Args:
        files: of rules that compile.
        facts: what the book holds; closed periods only as far as the rules would hold them.
    """
    return [*_check_closed(files, facts.closed), *_check_state(files, facts)]


# --- TP504 -------------------------------------------------------------------------------


def _check_closed(files: Sequence[syntax.File], closed: Sequence[ClosedPeriod]) -> list[Diagnostic]:
    """Each declaration that would decide a closed period otherwise; named once."""
    found: list[Diagnostic] = []
    told: set[_Key] = set()
    for period in closed:
        old, new = _meaning(period.files, period), _meaning(files, period)
        if not any(kind == "RuleDecl" for kind, _ in (*old, *new)):
            continue  # nothing is decided in it, before or after
        for key in [*new, *(key for key in old if key not in new)]:
            was, now = old.get(key), new.get(key)
            # A new name alone decides nothing; a new rule does.
            if key in told or (was is None and key[0] != "RuleDecl"):
                continue
            if was is None or now is None or was[0] != now[0]:
                told.add(key)
                how = "new" if was is None else "gone" if now is None else "changed"
                found.append(_changed(key, how, now, period, files))
    return found


def _changed(
    key: _Key,
    how: str,
    now: tuple[str, Span] | None,
    period: ClosedPeriod,
    files: Sequence[syntax.File],
) -> Diagnostic:
    kind = key[0].removesuffix("Decl").lower()
    after = day_text(period.last_day + 1)
    return diagnose(
        "TP504",
        now[1] if now is not None else _top(files),
        f"{kind} {key[1]} is {how} and would hold in {period.label}, which is closed",
        help=f"publish with --from {after}, or date the change from {after} on",
        declaration=key[1],
    )


def _meaning(files: Sequence[syntax.File], period: ClosedPeriod) -> dict[_Key, tuple[str, Span]]:
    """What declarations mean within a period: text without places, and where they stand."""
    found: dict[_Key, tuple[str, Span]] = {}
    for each in (part for file in files for whole in file.declarations for part in _parts(whole)):
        within = _within(each, period)
        if within is None:
            continue
        name = each.role if isinstance(each, syntax.AccountDecl) else getattr(each, "name", "")
        key = (type(each).__name__, str(name))
        text = canonical(within)
        known = found.get(key)
        found[key] = (known[0] + text if known else text, each.span)
    return found


_Part = syntax.Declaration | syntax.AccountDecl


def _parts(declaration: syntax.Declaration) -> tuple[_Part, ...]:
    """A chart's accounts each for itself, so that a new one does not change the chart."""
    if isinstance(declaration, syntax.ChartDecl):
        return (replace(declaration, accounts=()), *declaration.accounts)
    return (declaration,)


def _within(declaration: _Part, period: ClosedPeriod) -> _Part | None:
    """A declaration as far as it holds in a period; None where it says nothing of it."""
    if isinstance(declaration, syntax.TestDecl):
        return None
    if isinstance(declaration, syntax.RuleDecl):
        dates = _overlap(declaration.valid_from, declaration.valid_until, period)
        if dates is None:
            return None
        return replace(declaration, valid_from=dates[0], valid_until=dates[1])
    if isinstance(declaration, syntax.RateDecl):
        rows = []
        for first, last, value, span in declaration.rows:
            dates = _overlap(first, last, period)
            if dates is not None:
                rows.append((*dates, value, span))
        return replace(declaration, rows=tuple(rows))
    return declaration


def _overlap(first: int | None, last: int | None, period: ClosedPeriod) -> tuple[int, int] | None:
    low = period.first_day if first is None else max(first, period.first_day)
    high = period.last_day if last is None else min(last, period.last_day)
    return (low, high) if low <= high else None


# --- TP505 -------------------------------------------------------------------------------


def _check_state(files: Sequence[syntax.File], facts: BookFacts) -> list[Diagnostic]:
    """Each target, record or budget that holds state and that the rules no longer know."""
    declared = [each for file in files for each in file.declarations]
    targets = [each for each in declared if isinstance(each, syntax.TargetDecl)]
    records = {each.name for each in declared if isinstance(each, syntax.RecordDecl)}
    budgets = {each.wire or each.name for each in declared if isinstance(each, syntax.BudgetDecl)}
    kept = {each.name for each in targets} | {each.continues for each in targets}
    found = []
    for name in sorted(facts.targets - kept):
        fresh = [each for each in targets if each.name not in facts.targets and not each.continues]
        near = next((each for each in fresh if suggest(name, [each.name])), None)
        near = near or (fresh[0] if len(fresh) == 1 else None)
        write = f"write `continues {name}` behind" if near is not None else "declare it again, or"
        help_ = f"{write} {near.name}" if near is not None else f"{write} let one continue it"
        span = near.span if near is not None else _top(files)
        found.append(_lost("target", name, help_, span))
    for kind, missing in (
        ("record", facts.records - records),
        ("budget", facts.budgets - budgets),
    ):
        for name in sorted(missing):
            found.append(_lost(kind, name, f"declare the {kind} again under its name", _top(files)))
    return found


def _lost(kind: str, name: str, help_: str, span: Span) -> Diagnostic:
    return diagnose(
        "TP505",
        span,
        f"the {kind} {name} holds state in this book, and these rules neither declare nor "
        "continue it",
        help=help_,
        declaration=name,
    )


def _top(files: Sequence[syntax.File]) -> Span:
    path = files[0].path if files else ""
    return Span(path, 1, 1, 1, 2)
