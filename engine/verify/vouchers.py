"""The vouchers of a commit by themselves: balance, numbers, periods, revision, chart.

Looks at what a voucher must be whichever rule made it; that its rule makes it so is for
`engine.verify.decisions`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.calendar import periods_of
from engine.currencies import CURRENCY_DECIMALS
from engine.decide.plan import DecisionPlan
from engine.effects import (
    DIMENSION_PREFIX,
    LINES,
    PERIODS,
    REVISIONS,
    VOUCHERS,
    PeriodState,
)
from engine.limits import MAX_AMOUNT_MINOR
from engine.program import Program
from engine.state.book_state import BookState, CounterKey
from engine.state.sums import group_sums
from engine.verify.view import CommitView, Int64s


def check_vouchers(view: CommitView, state: BookState, plans: dict[str, DecisionPlan]) -> None:
    """Checks the vouchers of a commit.

    Args:
        view: the commit.
        state: as of the commit before.
        plans: published revisions by identity.
    """
    if not view.count(VOUCHERS.name):
        if view.count(LINES.name):
            raise view.differs("LINE_COUNT", "lines", "lines of vouchers", "lines without vouchers")
        return
    _check_lines(view)
    _check_balance(view, view.ints(LINES.name, "voucher"), "the voucher")
    _check_numbers(view, state)
    _check_periods(view, state)
    _check_revisions(view, state, plans)
    _check_charts(view, plans)


def _check_lines(view: CommitView) -> None:
    """Every voucher has the lines it counts, numbered from 1, each with one amount."""
    owners = view.ints(LINES.name, "voucher") if view.count(LINES.name) else np.zeros(0, np.int64)
    counts = np.bincount(owners, minlength=view.count(VOUCHERS.name))
    told = view.ints(VOUCHERS.name, "line_count")
    wrong = np.flatnonzero((counts != told) | (told < 1))
    if len(wrong):
        row = int(wrong[0])
        raise view.differs("LINE_COUNT", view.voucher(row), f"{told[row]} lines", counts[row])
    starts = np.cumsum(counts) - counts
    line_nos = np.arange(len(owners), dtype=np.int64) - starts[owners] + 1
    found = view.ints(LINES.name, "line_no")
    wrong = np.flatnonzero(found != line_nos)
    if len(wrong):
        row = int(wrong[0])
        raise view.differs("LINE_NO", view.voucher(int(owners[row])), line_nos[row], found[row])
    debit, credit = view.ints(LINES.name, "debit"), view.ints(LINES.name, "credit")
    fc_debit, fc_credit = view.ints(LINES.name, "fc_debit"), view.ints(LINES.name, "fc_credit")
    # A line may have a foreign amount alone; what it has stands on one side.
    on_debit, on_credit = (debit != 0) | (fc_debit != 0), (credit != 0) | (fc_credit != 0)
    wrong = np.flatnonzero(on_debit == on_credit)
    if len(wrong):
        row = int(wrong[0])
        shown = f"debit {debit[row]}, credit {credit[row]}"
        raise view.differs("LINE_SIDES", _line(view, row), "one side that is not zero", shown)
    for amounts in (debit, credit):
        wrong = np.flatnonzero((amounts > MAX_AMOUNT_MINOR) | (amounts < -MAX_AMOUNT_MINOR))
        if len(wrong):
            row = int(wrong[0])
            limit = f"at most {MAX_AMOUNT_MINOR}"
            raise view.differs("AMOUNT_OUT_OF_RANGE", _line(view, row), limit, amounts[row])

    _check_foreign(view, fc_debit, fc_credit)


def _check_foreign(view: CommitView, fc_debit: Int64s, fc_credit: Int64s) -> None:
    """Currency and rate go together, and without them there is no foreign amount."""
    currencies, rates = view.ints(LINES.name, "currency"), view.ints(LINES.name, "rate")
    without = (currencies < 0) & ((fc_debit != 0) | (fc_credit != 0))
    wrong = np.flatnonzero(without | ((currencies < 0) != (rates < 0)))
    if len(wrong):
        row = int(wrong[0])
        shown = f"currency {currencies[row]}, rate {rates[row]}"
        raise view.differs("LINE_FOREIGN", _line(view, row), "both currency and rate", shown)
    strings = view.effects.strings
    for code in np.unique(currencies[currencies >= 0]).tolist():
        if strings[code] not in CURRENCY_DECIMALS:
            row = int(np.flatnonzero(currencies == code)[0])
            raise view.differs("LINE_FOREIGN", _line(view, row), "a currency", strings[code])


def _check_balance(
    view: CommitView, groups: Int64s, what: str, extra: Int64s | None = None
) -> None:
    """Debits equal credits in every group of lines, exactly at any size."""
    keys = (groups,) if extra is None else (groups, extra)
    debits = group_sums(keys, view.ints(LINES.name, "debit"))
    credits_ = group_sums(keys, view.ints(LINES.name, "credit"))
    for (key, debit), (_, credit) in zip(debits, credits_, strict=True):
        if debit != credit:
            texts = view.effects.strings
            name = what if extra is None else f"{what} {texts[key[1]] if key[1] >= 0 else 'absent'}"
            found = f"debit {debit}, credit {credit} of {name}"
            raise view.differs("UNBALANCED", view.voucher(key[0]), "debits equal to credits", found)


def _check_numbers(view: CommitView, state: BookState) -> None:
    """Numbers go on from the last one of their series, in voucher order and without gaps."""
    table = VOUCHERS.name
    last: dict[CounterKey, int] = {}
    rows = zip(
        view.text(table, "entity"),
        view.text(table, "ledger"),
        view.text(table, "series"),
        view.numbers(table, "period"),
        view.text(table, "word"),
        view.numbers(table, "number"),
        strict=True,
    )
    for row, (entity, ledger, series, period, word, number) in enumerate(rows):
        key = (entity, ledger, series, period, word)
        if key not in last:
            given = state.series.get(key)
            last[key] = given.last if given is not None else 0
        last[key] += 1
        if number != last[key]:
            raise view.differs("NUMBERS", view.voucher(row), f"number {last[key]}", number)


def _check_periods(view: CommitView, state: BookState) -> None:
    """The period is that of the voucher date, and open at the place of the voucher."""
    table = VOUCHERS.name
    periods = view.ints(table, "period")
    wanted = periods_of(view.ints(table, "voucher_date").astype(np.int32))
    wrong = np.flatnonzero(periods != wanted)
    if len(wrong):
        row = int(wrong[0])
        raise view.differs("VOUCHER_PERIOD", view.voucher(row), wanted[row], periods[row])
    changes = _period_changes(view)
    if not (changes or state.closed_periods):
        return
    entities = view.text(table, "entity")
    for row, (command, period) in enumerate(
        zip(view.numbers(table, "command"), periods.tolist(), strict=True)
    ):
        key = (entities[row], period)
        is_closed = key in state.closed_periods
        for place, closes in changes.get(key, ()):
            if place < command:
                is_closed = closes
        if is_closed:
            expected = "an open period"
            raise view.differs("PERIOD_CLOSED", view.voucher(row), expected, f"{period}, closed")


def _period_changes(view: CommitView) -> dict[tuple[str, int], list[tuple[int, bool]]]:
    """(entity, period) -> command rows that close or open it in this commit, in order."""
    changes: dict[tuple[str, int], list[tuple[int, bool]]] = {}
    if view.count(PERIODS.name):
        table = PERIODS.name
        rows = zip(
            view.text(table, "entity"),
            view.numbers(table, "period"),
            view.numbers(table, "command"),
            view.numbers(table, "state"),
            strict=True,
        )
        for entity, period, command, what in rows:
            closes = what == PeriodState.CLOSED
            changes.setdefault((entity, period), []).append((command, closes))
    return changes


def _check_revisions(view: CommitView, state: BookState, plans: dict[str, DecisionPlan]) -> None:
    """A voucher names a revision published before it, as does its commit's header."""
    published = {entry.revision for entry in state.revisions}
    own = set(view.text(REVISIONS.name, "revision")) if view.count(REVISIONS.name) else set()
    listed = set(view.header.revisions)
    for name in sorted(listed - published - own):
        raise view.differs("REVISION_UNKNOWN", "header", "a published revision", name)
    used = view.text(VOUCHERS.name, "revision")
    for row, name in enumerate(used):
        if name not in published or name not in plans:
            expected = "a revision published before"
            raise view.differs("REVISION_UNKNOWN", view.voucher(row), expected, name)
        if name not in listed:
            raise view.differs("REVISION_UNLISTED", view.voucher(row), sorted(listed), name)


@dataclass(frozen=True, slots=True)
class _Chart:
    """What a revision's charts say: (ledger, code, name) -> columns required, by role; ledgers."""

    accounts: dict[tuple[str, str, str], tuple[frozenset[str], ...]]
    ledgers: dict[str, tuple[str, int]]
    balancing: tuple[str, ...]

    @classmethod
    def of(cls, program: Program) -> _Chart:
        """The chart of a program."""
        columns = [DIMENSION_PREFIX + dimension.wire for dimension in program.dimensions]
        accounts: dict[tuple[str, str, str], list[frozenset[str]]] = {}
        for account in program.accounts:
            required = frozenset(columns[index] for index in account.required)
            for ledger in program.ledgers:
                if ledger.chart == account.chart:
                    key = (ledger.wire, account.code, account.name)
                    accounts.setdefault(key, []).append(required)
        return cls(
            {key: tuple(found) for key, found in accounts.items()},
            {ledger.wire: (ledger.currency, ledger.scale) for ledger in program.ledgers},
            tuple(c for c, d in zip(columns, program.dimensions, strict=True) if d.balancing),
        )


def _check_charts(view: CommitView, plans: dict[str, DecisionPlan]) -> None:
    """Accounts, ledgers and dimensions are those of the revision the voucher names."""
    used = view.ints(VOUCHERS.name, "revision")
    owners = view.ints(LINES.name, "voucher")
    for code in np.unique(used).tolist():
        chart = _Chart.of(plans[view.effects.strings[code]].program)
        _check_ledgers(view, chart, np.flatnonzero(used == code))
        lines = used[owners] == code
        _check_accounts(view, chart, np.flatnonzero(lines))
        extra = view.effects.tables[LINES.name].columns
        for column in chart.balancing:
            if column in extra:
                # Lines of other revisions form groups of one voucher each all the same.
                name = f"dimension {column.removeprefix(DIMENSION_PREFIX)}"
                carried = np.where(lines, view.ints(LINES.name, column), -1)
                _check_balance(view, owners, name, carried)


def _check_ledgers(view: CommitView, chart: _Chart, rows: Int64s) -> None:
    names, scales = view.text(VOUCHERS.name, "ledger"), view.numbers(VOUCHERS.name, "scale")
    currencies = view.text(VOUCHERS.name, "currency")
    for row in rows.tolist():
        found = (currencies[row], scales[row])
        expected = chart.ledgers.get(names[row])
        if found != expected:
            raise view.differs("LEDGER", view.voucher(row), expected, f"{names[row]} {found}")


def _check_accounts(view: CommitView, chart: _Chart, rows: Int64s) -> None:
    """By account at once: its lines carry what one of its roles requires."""
    pairs = np.stack(
        [
            view.ints(VOUCHERS.name, "ledger")[view.ints(LINES.name, "voucher")[rows]],
            view.ints(LINES.name, "account_code")[rows],
            view.ints(LINES.name, "account_name")[rows],
        ],
        axis=1,
    )
    texts, columns = view.effects.strings, view.effects.tables[LINES.name].columns
    for ledger, code, name in np.unique(pairs, axis=0).tolist():
        own = rows[(pairs == (ledger, code, name)).all(axis=1)]
        roles = chart.accounts.get((texts[ledger], texts[code], texts[name]))
        if roles is None:
            found = f"{texts[code]} {texts[name]}"
            raise view.differs("ACCOUNT_UNKNOWN", _line(view, int(own[0])), "an account", found)
        if frozenset() in roles:
            continue
        lacks = np.ones(len(own), dtype=np.bool_)
        for required in roles:
            carries = np.ones(len(own), dtype=np.bool_)
            for column in required:
                if column not in columns:
                    carries[:] = False
                    continue
                values = view.ints(LINES.name, column)[own]
                carries &= values >= 0
            lacks &= ~carries
        if lacks.any():
            row = int(own[np.flatnonzero(lacks)[0]])
            wanted = " or ".join(
                ", ".join(sorted(c.removeprefix(DIMENSION_PREFIX) for c in r)) for r in roles
            )
            raise view.differs(
                "DIMENSION_MISSING", _line(view, row), f"{texts[code]} with {wanted}", "without"
            )


def _line(view: CommitView, row: int) -> str:
    """Name of a line by its row."""
    owner = int(view.ints(LINES.name, "voucher")[row])
    return f"{view.voucher(owner)} line {view.ints(LINES.name, 'line_no')[row]}"
