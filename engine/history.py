"""Earlier commits, decoded and kept for a while, and what is read back from them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from engine.calendar import iso_day, period_text
from engine.calls import (
    LOCAL_PRINCIPAL,
    BudgetDecision,
    BudgetVerdict,
    EventResult,
    LineView,
    StoredEventView,
    VoucherView,
)
from engine.columns import EffectBatch
from engine.decide.deciding import KnownEvent
from engine.effects import (
    BUDGET_DECISIONS,
    CALL_RESULTS,
    COMMANDS,
    DIMENSION_PREFIX,
    LINES,
    VOUCHERS,
    Status,
    Verdict,
)
from engine.errors import StoreCorrupt
from engine.log import CommitHeader, CommitStore, open_commit
from engine.state.book_state import BookState, WaitingEvent

#: How many decoded commits are kept.
COMMITS_KEPT = 64


class Commits:
    """Decoded commits by seq, newest use kept. Safe to use from several threads."""

    def __init__(self, store: CommitStore | None) -> None:
        """Reads from `store`; without one every commit is kept."""
        self._store = store
        self._kept: OrderedDict[int, tuple[CommitHeader, EffectBatch]] = OrderedDict()
        self._names: OrderedDict[int, dict[int, list[str]]] = OrderedDict()
        self._lock = threading.Lock()

    def voucher_names(self, seq: int) -> dict[int, list[str]]:
        """Voucher names of a commit by command row; kept, since whole batches are sent again."""
        with self._lock:
            names = self._names.get(seq)
        if names is None:
            _, effects = self.get(seq)
            names = voucher_names_by_command(effects)
            with self._lock:
                self._names[seq] = names
                while len(self._names) > COMMITS_KEPT:
                    self._names.popitem(last=False)
        return names

    def put(self, header: CommitHeader, effects: EffectBatch) -> None:
        """Keeps a commit that was just made."""
        with self._lock:
            self._kept[header.seq] = (header, effects)
            while self._store is not None and len(self._kept) > COMMITS_KEPT:
                self._kept.popitem(last=False)

    def get(self, seq: int) -> tuple[CommitHeader, EffectBatch]:
        """A commit; StoreCorrupt if it cannot be read."""
        with self._lock:
            kept = self._kept.get(seq)
            if kept is not None:
                self._kept.move_to_end(seq)
                return kept
        stored = self._store.read_one(seq) if self._store is not None else None
        if stored is None:
            raise StoreCorrupt(f"commit {seq} is missing from the log")
        entry = open_commit(stored)
        self.put(entry.header, entry.effects)
        return entry.header, entry.effects


class StateHistory:
    """Looks events up by identity, in the state and the commits it names."""

    def __init__(self, state: BookState, commits: Commits) -> None:
        """Reads both; changes neither."""
        self._state = state
        self._commits = commits

    def known(self, identity: bytes, positions: Sequence[int]) -> KnownEvent | None:
        """The event that holds an identity; the newest that was not withdrawn."""
        for ordinal in sorted(positions, reverse=True):
            seq, row = self._state.place_of(ordinal)
            _, effects = self._commits.get(seq)
            commands = effects.tables[COMMANDS.name]
            if commands.blobs("identity")[row] != identity:
                continue
            status, reason, message, later = self.present_status(ordinal, effects, row)
            if status is Status.WITHDRAWN:
                return None
            return KnownEvent(
                seq=seq,
                row=row,
                content_hash=commands.blobs("content_hash")[row],
                content=commands.blobs("content")[row],
                status=status,
                reason=reason,
                message=message,
                vouchers=self.voucher_names(ordinal, effects, row, later),
            )
        return None

    def content(self, seq: int, row: int) -> tuple[bytes, str]:
        """Stored content and entity of an event."""
        _, effects = self._commits.get(seq)
        commands = effects.tables[COMMANDS.name]
        entity = int(commands.ints("entity")[row])
        return commands.blobs("content")[row], effects.strings[entity]

    def effects(self, seq: int) -> EffectBatch:
        """An earlier commit."""
        return self._commits.get(seq)[1]

    def vouchers(self, ordinal: int) -> tuple[str, ...]:
        """Names of an event's vouchers."""
        seq, row = self._state.place_of(ordinal)
        effects = self.effects(seq)
        later = self.present_status(ordinal, effects, row)[3]
        return self.voucher_names(ordinal, effects, row, later)

    def preparer(self, seq: int, row: int) -> str:
        """Who sent an event: its principal; where nobody was authenticated, its actor."""
        effects = self.effects(seq)
        principal = _text(effects, COMMANDS.name, "principal", row)
        if principal != LOCAL_PRINCIPAL:
            return principal
        content = msgspec.json.decode(effects.tables[COMMANDS.name].blobs("content")[row] or b"{}")
        actor = content.get("actor")
        return actor if isinstance(actor, str) and actor else principal

    def hold(self, event: WaitingEvent) -> tuple[str, tuple[str, ...]]:
        """Who sent an event that a budget holds, and the roles that may decide on it.

        The role is the one that the first node that is short asked for when it was decided last.
        """
        _, effects = self._commits.get(event.seq)
        commands = effects.tables[COMMANDS.name]
        content = msgspec.json.decode(commands.blobs("content")[event.row] or b"{}")
        actor = content.get("actor")
        sender = actor if isinstance(actor, str) else ""
        name = sender or _text(effects, COMMANDS.name, "principal", event.row)
        if event.decided_in:
            _, effects = self._commits.get(event.decided_in)
        held = [
            decision.verdict.role
            for decision in budget_decisions_of(effects, (event.source, event.event_id))
            if decision.verdict.verdict is Verdict.HOLD
        ]
        return name, tuple(role for role in held[:1] if role)

    def present_status(
        self, ordinal: int, effects: EffectBatch, row: int
    ) -> tuple[Status, str, str, int]:
        """Status, reason, message now, and the commit that settled it later (0 = none)."""
        waiting = self._state.waiting.get(ordinal)
        if waiting is not None:
            return Status(waiting.status), waiting.reason, waiting.message, 0
        settled = self._state.settled.get(ordinal)
        if settled is not None:
            return Status(settled[0]), settled[1], settled[2], settled[3]
        commands = effects.tables[COMMANDS.name]
        return (
            Status(int(commands.ints("status")[row])),
            _text(effects, COMMANDS.name, "reason", row),
            _text(effects, COMMANDS.name, "message", row),
            0,
        )

    def voucher_names(
        self, ordinal: int, effects: EffectBatch, row: int, later: int
    ) -> tuple[str, ...]:
        """Names of an event's vouchers, made with it, by a later retry, or by reviews."""
        seq, _ = self._state.place_of(ordinal)
        names = list(self._commits.voucher_names(seq).get(row, ()))
        name = (
            _text(effects, COMMANDS.name, "source", row),
            _text(effects, COMMANDS.name, "event_id", row),
        )
        waiting = self._state.waiting.get(ordinal)
        decided_in = waiting.decided_in if waiting is not None else 0
        commits = (decided_in, *self._state.reviewed.get(ordinal, ()), later)
        for other in dict.fromkeys(commits):
            if other and other != seq:
                views = vouchers_of(self.effects(other), name, with_lines=False)
                names += [view.name for view in views]
        return tuple(names)

    def stored_event(self, ordinal: int) -> StoredEventView:
        """An event as stored, with its present status."""
        seq, row = self._state.place_of(ordinal)
        header, effects = self._commits.get(seq)
        status, reason, message, later = self.present_status(ordinal, effects, row)
        commands = effects.tables[COMMANDS.name]
        return StoredEventView(
            source=_text(effects, COMMANDS.name, "source", row),
            event_id=_text(effects, COMMANDS.name, "event_id", row),
            type=_text(effects, COMMANDS.name, "type", row),
            date=iso_day(int(commands.ints("event_date")[row])),
            status=status,
            reason=reason,
            message=message,
            content=commands.blobs("content")[row],
            vouchers=self.voucher_names(ordinal, effects, row, later),
            seq=seq,
            principal=_text(effects, COMMANDS.name, "principal", row),
            sealed_at_us=header.sealed_at_us,
            revision=_text(effects, COMMANDS.name, "revision", row),
        )

    def call_answers(self, seqs: Sequence[int], stream: str, offset: int) -> dict[int, EventResult]:
        """Recorded results of a call by index, for a repeated attempt or offset."""
        answers: dict[int, EventResult] = {}
        for seq in seqs:
            _, effects = self._commits.get(seq)
            code = _code(effects, stream)
            for index, result in self._stored_answers(seq, effects, code, offset):
                answers[index] = result
            for index, result in _noted_answers(effects, code, offset):
                if result.status is Status.DUPLICATE and result.seq:
                    names = self._commits.voucher_names(result.seq)
                    result.vouchers = tuple(names.get(result.row, ()))
                answers[index] = result
        return answers

    def _stored_answers(
        self, seq: int, effects: EffectBatch, stream: int, offset: int
    ) -> Iterator[tuple[int, EventResult]]:
        commands = effects.tables.get(COMMANDS.name)
        if commands is None:
            return
        mask = (commands.ints("stream") == stream) & (commands.ints("offset") == offset)
        names = voucher_names_by_command(effects)
        verdicts = self.budget_verdicts(effects)
        statuses, indices = commands.ints("status"), commands.ints("offset_index")
        for row in np.flatnonzero(mask).tolist():
            yield (
                int(indices[row]),
                EventResult(
                    Status(int(statuses[row])),
                    source=_text(effects, COMMANDS.name, "source", row),
                    event_id=_text(effects, COMMANDS.name, "event_id", row),
                    reason=_text(effects, COMMANDS.name, "reason", row),
                    message=_text(effects, COMMANDS.name, "message", row),
                    vouchers=tuple(names.get(row, ())),
                    seq=seq,
                    row=row,
                    replayed=True,
                    budget=verdicts.get(row, ()),
                ),
            )

    def budget_verdicts(self, effects: EffectBatch) -> dict[int, tuple[BudgetVerdict, ...]]:
        """What budgets said in a commit, by command row."""
        table = effects.tables.get(BUDGET_DECISIONS.name)
        if table is None:
            return {}
        found: dict[int, tuple[BudgetVerdict, ...]] = {}
        for row, command in enumerate(table.ints("command").tolist()):
            if command >= 0:
                verdict = self.with_scale(budget_decision(effects, row).verdict)
                found[command] = (*found.get(command, ()), verdict)
        return found

    def with_scale(self, verdict: BudgetVerdict) -> BudgetVerdict:
        """A verdict with its node's scale and currency, which the log keeps with the node."""
        terms = self._state.budgets.terms.get(verdict.node)
        if terms is None:
            return verdict
        return verdict._replace(scale=terms.scale, currency=terms.currency)


def _noted_answers(
    effects: EffectBatch, stream: int, offset: int
) -> Iterator[tuple[int, EventResult]]:
    table = effects.tables.get(CALL_RESULTS.name)
    if table is None:
        return
    mask = (table.ints("stream") == stream) & (table.ints("offset") == offset)
    for row in np.flatnonzero(mask).tolist():
        first = int(table.ints("first_status")[row])
        fields = _text(effects, CALL_RESULTS.name, "fields", row)
        yield (
            int(table.ints("offset_index")[row]),
            EventResult(
                Status(int(table.ints("status")[row])),
                source=_text(effects, CALL_RESULTS.name, "source", row),
                event_id=_text(effects, CALL_RESULTS.name, "event_id", row),
                reason=_text(effects, CALL_RESULTS.name, "reason", row),
                message=_text(effects, CALL_RESULTS.name, "message", row),
                seq=int(table.ints("first_seq")[row]),
                row=int(table.ints("first_row")[row]),
                first_status=Status(first) if first else None,
                conflicting_fields=tuple(fields.split(",")) if fields else (),
                replayed=True,
            ),
        )


def budget_decisions_of(effects: EffectBatch, event: tuple[str, str]) -> list[BudgetDecision]:
    """Verdicts on one event (source, id) in a commit, without what its header says."""
    table = effects.tables.get(BUDGET_DECISIONS.name)
    if table is None:
        return []
    source, event_id = (_code(effects, part) for part in event)
    mask = (table.ints("source") == source) & (table.ints("event_id") == event_id)
    return [budget_decision(effects, row) for row in np.flatnonzero(mask).tolist()]


def budget_decision(
    effects: EffectBatch, row: int, header: CommitHeader | None = None
) -> BudgetDecision:
    """A row of BUDGET_DECISIONS as read back; scale and currency are the reader's to fill in."""
    table = effects.tables[BUDGET_DECISIONS.name]
    command = int(table.ints("command")[row])

    def text(column: str) -> str:
        return _text(effects, BUDGET_DECISIONS.name, column, row)

    return BudgetDecision(
        verdict=BudgetVerdict(
            node=text("node"),
            verdict=Verdict(int(table.ints("verdict")[row])),
            requested=int(table.ints("requested")[row]),
            available=int(table.ints("available")[row]),
            shortfall=int(table.ints("shortfall")[row]),
            excess=int(table.ints("excess")[row]),
            role=text("role"),
            person=text("person"),
            reason=text("reason"),
        ),
        source=text("source"),
        event_id=text("event_id"),
        event_type="" if command < 0 else _text(effects, COMMANDS.name, "type", command),
        rule=text("rule"),
        rule_line=int(table.ints("rule_line")[row]),
        principal="" if command < 0 else _text(effects, COMMANDS.name, "principal", command),
        sealed_at_us=header.sealed_at_us if header is not None else 0,
        seq=header.seq if header is not None else 0,
    )


def voucher_names_by_command(effects: EffectBatch) -> dict[int, list[str]]:
    """Voucher names of a commit by command row, in order."""
    names: dict[int, list[str]] = {}
    if VOUCHERS.name not in effects.tables:
        return names
    for command, name in zip(
        effects.tables[VOUCHERS.name].ints("command").tolist(),
        all_voucher_names(effects),
        strict=True,
    ):
        names.setdefault(command, []).append(name)
    return names


def all_voucher_names(effects: EffectBatch) -> list[str]:
    """Names of all vouchers of a commit, in order."""
    table = effects.tables[VOUCHERS.name]
    return [
        f"{entity}/{ledger}/{period_text(period)}/{word}/"
        f"{'' if series == 'live' else series + '-'}{number}"
        for entity, ledger, series, period, word, number in zip(
            effects.text(VOUCHERS.name, "entity"),
            effects.text(VOUCHERS.name, "ledger"),
            effects.text(VOUCHERS.name, "series"),
            table.ints("period").tolist(),
            effects.text(VOUCHERS.name, "word"),
            table.ints("number").tolist(),
            strict=True,
        )
    ]


def vouchers_of(
    effects: EffectBatch, event: tuple[str, str], *, with_lines: bool = True, seq: int = 0
) -> list[VoucherView]:
    """Vouchers of one event in a commit."""
    table = effects.tables.get(VOUCHERS.name)
    if table is None:
        return []
    source, event_id = (_code(effects, part) for part in event)
    mask = (table.ints("source") == source) & (table.ints("event_id") == event_id)
    return [
        voucher_view(effects, row, with_lines=with_lines, seq=seq)
        for row in np.flatnonzero(mask).tolist()
    ]


def voucher_view(
    effects: EffectBatch, row: int, *, with_lines: bool = True, seq: int = 0
) -> VoucherView:
    """A voucher of a commit as read back."""
    table = effects.tables[VOUCHERS.name]
    period = int(table.ints("period")[row])

    def text(column: str) -> str:
        return _text(effects, VOUCHERS.name, column, row)

    return VoucherView(
        entity=text("entity"),
        ledger=text("ledger"),
        series=text("series"),
        period=period_text(period),
        word=text("word"),
        number=int(table.ints("number")[row]),
        voucher_date=iso_day(int(table.ints("voucher_date")[row])),
        event_date=iso_day(int(table.ints("event_date")[row])),
        source=text("source"),
        event_id=text("event_id"),
        rule=text("rule"),
        revision=text("revision"),
        summary=text("summary"),
        state=text("state"),
        reverses=text("reverses"),
        scale=int(table.ints("scale")[row]),
        currency=text("currency"),
        lines=tuple(line_views(effects, row)) if with_lines else (),
        seq=seq,
    )


def line_views(effects: EffectBatch, voucher: int) -> Iterator[LineView]:
    """Lines of a voucher row."""
    table = effects.tables[LINES.name]
    owners = table.ints("voucher")
    start, end = np.searchsorted(owners, [voucher, voucher + 1]).tolist()
    yield from (line_view(effects, row) for row in range(start, end))


def line_view(effects: EffectBatch, row: int) -> LineView:
    """One line of a commit."""
    table = effects.tables[LINES.name]
    names = [name for name, _ in table.spec.columns if name.startswith(DIMENSION_PREFIX)]
    dimensions = [
        (name.removeprefix(DIMENSION_PREFIX), _text(effects, LINES.name, name, row))
        for name in names
    ]
    return LineView(
        line_no=int(table.ints("line_no")[row]),
        account_code=_text(effects, LINES.name, "account_code", row),
        account_name=_text(effects, LINES.name, "account_name", row),
        debit=int(table.ints("debit")[row]),
        credit=int(table.ints("credit")[row]),
        dimensions=tuple((name, value) for name, value in dimensions if value),
        rule_line=int(table.ints("rule_line")[row]),
        element=int(table.ints("element")[row]),
        currency=_text(effects, LINES.name, "currency", row),
        fc_debit=int(table.ints("fc_debit")[row]),
        fc_credit=int(table.ints("fc_credit")[row]),
        rate=_text(effects, LINES.name, "rate", row),
    )


def _text(effects: EffectBatch, table: str, column: str, row: int) -> str:
    code = int(effects.tables[table].ints(column)[row])
    return effects.strings[code] if code >= 0 else ""


def _code(effects: EffectBatch, text: str) -> int:
    """Code of a string in a commit, -2 where it does not occur."""
    try:
        return effects.strings.index(text)
    except ValueError:
        return -2
