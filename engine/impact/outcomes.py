"""What became of each event in one book: status, vouchers and budget moves, read from commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.calendar import iso_day, period_text
from engine.columns import ColumnType, EffectBatch
from engine.decimals import format_minor
from engine.effects import (
    BUDGET_MOVES,
    COMMANDS,
    DIMENSION_PREFIX,
    LINES,
    STATUS_CHANGES,
    VOUCHERS,
    MoveKind,
    Stage,
    Status,
)

#: (source, id) of an event.
EventName = tuple[str, str]

#: Columns of a line that say where it stands in its commit and in the rule, not what it books.
_PLACES = frozenset({"voucher", "line_no", "rule_line", "element"})
_NAMED = frozenset({"account_code", "account_name", "debit", "credit"})


class PostedLine(NamedTuple):
    """A line as compared: amounts in minor units; `rest`: every other column that is not empty."""

    account_code: str
    account_name: str
    dimensions: tuple[tuple[str, str], ...]
    debit: int
    credit: int
    rest: tuple[tuple[str, object], ...]


class PostedVoucher(NamedTuple):
    """A voucher as compared; its number is left out, since it follows from the vouchers before."""

    entity: str
    ledger: str
    period: str
    word: str
    voucher_date: str
    summary: str
    state: str
    currency: str
    scale: int
    lines: tuple[PostedLine, ...]

    def to_json(self) -> dict[str, object]:
        """The voucher as JSON data, amounts as decimal text."""
        lines = [
            {
                "account_code": line.account_code,
                "account_name": line.account_name,
                "debit": format_minor(line.debit, self.scale),
                "credit": format_minor(line.credit, self.scale),
                "dims": dict(line.dimensions),
            }
            for line in self.lines
        ]
        names = ("entity", "ledger", "period", "word", "voucher_date", "summary", "state")
        return {**{name: getattr(self, name) for name in names}, "lines": lines}


class PostedMove(NamedTuple):
    """A change of a budget node as compared; `amount` raw at the budget's scale."""

    node: str
    kind: str
    stage: str
    amount: int
    reference: str
    group: str


@dataclass(slots=True)
class Outcome:
    """What became of one event under one revision."""

    status: Status
    reason: str = ""
    message: str = ""
    vouchers: list[PostedVoucher] = field(default_factory=list)
    moves: list[PostedMove] = field(default_factory=list)

    @property
    def is_failing(self) -> bool:
        """Whether the event is not in the books: refused, invalid or waiting."""
        return self.status not in _IN_ORDER

    @property
    def is_waiting(self) -> bool:
        """Whether a later command may decide it again."""
        return self.status in _WAITING


_IN_ORDER = frozenset(
    {Status.POSTED, Status.NO_POSTING, Status.PENDING_REVIEW, Status.DUPLICATE, Status.WITHDRAWN}
)
_WAITING = frozenset({Status.HELD, Status.UNPOSTED, Status.PENDING_REVIEW})


def vouchers_made(effects: EffectBatch) -> Iterator[tuple[EventName, PostedVoucher]]:
    """The vouchers of a commit with the events they belong to."""
    table = effects.tables.get(VOUCHERS.name)
    if table is None or not table.count:
        return
    lines = _lines(effects, table.count)
    names = ("entity", "ledger", "word", "summary", "state", "currency", "source", "event_id")
    texts = {name: effects.text(VOUCHERS.name, name) for name in names}
    days, periods, scales = (
        table.ints(name).tolist() for name in ("voucher_date", "period", "scale")
    )
    for row in range(table.count):
        yield (
            (texts["source"][row], texts["event_id"][row]),
            PostedVoucher(
                entity=texts["entity"][row],
                ledger=texts["ledger"][row],
                period=period_text(periods[row]),
                word=texts["word"][row],
                voucher_date=iso_day(days[row]),
                summary=texts["summary"][row],
                state=texts["state"][row],
                currency=texts["currency"][row],
                scale=scales[row],
                lines=tuple(lines[row]),
            ),
        )


def moves_made(effects: EffectBatch) -> Iterator[tuple[EventName, PostedMove]]:
    """The budget moves of a commit with the events that made them; what expired is left out."""
    table = effects.tables.get(BUDGET_MOVES.name)
    if table is None:
        return
    names = ("source", "event_id", "node", "reference", "group_id")
    texts = {name: effects.text(BUDGET_MOVES.name, name) for name in names}
    kinds, stages, amounts = (table.ints(name).tolist() for name in ("kind", "stage", "amount"))
    for row in range(table.count):
        if kinds[row] == MoveKind.EXPIRE:
            continue
        yield (
            (texts["source"][row], texts["event_id"][row]),
            PostedMove(
                texts["node"][row],
                MoveKind(kinds[row]).name,
                Stage(stages[row]).name,
                amounts[row],
                texts["reference"][row],
                texts["group_id"][row],
            ),
        )


def later_statuses(effects: EffectBatch) -> Iterator[tuple[EventName, Outcome]]:
    """Events of earlier commits that this one settled, or left waiting for another reason."""
    if STATUS_CHANGES.name not in effects.tables:
        return
    yield from _statuses(effects, STATUS_CHANGES.name)


def stored_events(effects: EffectBatch) -> Iterator[tuple[EventName, str, str, Outcome]]:
    """Stored events of a commit: name, type, date and status."""
    table = effects.tables.get(COMMANDS.name)
    if table is None:
        return
    types, days = effects.text(COMMANDS.name, "type"), table.ints("event_date").tolist()
    found = _statuses(effects, COMMANDS.name)
    for (name, outcome), kind, day in zip(found, types, days, strict=True):
        yield name, kind, iso_day(day), outcome


def _statuses(effects: EffectBatch, table: str) -> Iterator[tuple[EventName, Outcome]]:
    names = ("source", "event_id", "reason", "message")
    columns = [effects.text(table, name) for name in names]
    statuses = effects.tables[table].ints("status").tolist()
    for source, event_id, reason, message, status in zip(*columns, statuses, strict=True):
        yield (source, event_id), Outcome(Status(status), reason, message)


def _lines(effects: EffectBatch, voucher_count: int) -> list[list[PostedLine]]:
    """The lines of each voucher of a commit, in order."""
    table = effects.tables[LINES.name]
    columns: dict[str, Sequence[object]] = {}
    dimensions: list[tuple[str, list[str]]] = []
    for name, kind in table.spec.columns:
        if name.startswith(DIMENSION_PREFIX):
            texts = effects.text(LINES.name, name)
            dimensions.append((name.removeprefix(DIMENSION_PREFIX), texts))
        elif name not in _PLACES and name not in _NAMED:
            is_text = kind is ColumnType.TEXT
            values = effects.text(LINES.name, name) if is_text else table.ints(name).tolist()
            columns[name] = values
    codes = effects.text(LINES.name, "account_code")
    titles = effects.text(LINES.name, "account_name")
    amounts = table.ints("debit").tolist(), table.ints("credit").tolist()
    found: list[list[PostedLine]] = [[] for _ in range(voucher_count)]
    for row, owner in enumerate(table.ints("voucher").tolist()):
        carried = tuple((name, texts[row]) for name, texts in dimensions if texts[row])
        rest = tuple((name, column[row]) for name, column in columns.items() if column[row])
        line = PostedLine(codes[row], titles[row], carried, amounts[0][row], amounts[1][row], rest)
        found[owner].append(line)
    return found
