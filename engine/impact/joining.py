"""Joins what two books made of the same events, event by event, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.calls import PUBLICATION_TYPES, EventResult
from engine.columns import EffectBatch
from engine.effects import Status
from engine.impact.outcomes import (
    EventName,
    Outcome,
    later_statuses,
    moves_made,
    stored_events,
    vouchers_made,
)

Event = Mapping[str, object]


@dataclass(slots=True)
class JoinedEvent:
    """An event and its outcomes under the old and the new revision.

    `input_no`: position among the input events from 1; 0 for an event that rules emitted.
    """

    input_no: int
    source: str
    event_id: str
    type: str
    date: str
    outcomes: tuple[Outcome, Outcome]

    @property
    def is_waiting(self) -> bool:
        """Whether a later command may decide it again, in either book."""
        return any(outcome.is_waiting for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Decided:
    """What one book answered to a batch, and the commits it made of it."""

    results: Sequence[EventResult]
    commits: Sequence[EffectBatch]


class EventJoin:
    """Follows two books through the same batches and hands every event on once it is settled.

    Held in memory: the events of the batch, and those that wait for a later command.
    """

    def __init__(self, settled: Callable[[JoinedEvent], None]) -> None:
        """Gives each event to `settled`, once."""
        self._settled = settled
        self._waiting: dict[EventName, JoinedEvent] = {}
        self._done = 0

    def add(self, batch: Sequence[Event], old: Decided, new: Decided) -> None:
        """Takes the outcomes of the next batch; `batch` as it was given to both books."""
        joined = self._join(batch, old.results, new.results)
        emitted: dict[EventName, JoinedEvent] = {}
        for side, decided in enumerate((old, new)):
            known = dict(self._waiting)
            for event in joined:
                name = (event.source, event.event_id)
                if event.outcomes[side].status.takes_identity or name not in known:
                    known[name] = event
            for effects in decided.commits:
                _follow(effects, side, known, emitted)
        for event in (*joined, *emitted.values()):
            if event.is_waiting:
                self._waiting[event.source, event.event_id] = event
            else:
                self._settled(event)
        for name in [name for name, event in self._waiting.items() if not event.is_waiting]:
            self._settled(self._waiting.pop(name))

    def finish(self) -> None:
        """Hands on what still waits."""
        for event in self._waiting.values():
            self._settled(event)
        self._waiting.clear()

    def _join(
        self, batch: Sequence[Event], old: Sequence[EventResult], new: Sequence[EventResult]
    ) -> list[JoinedEvent]:
        """The input events of a batch; publications are none, since they are what is compared."""
        joined = []
        for event, before, after in zip(batch, old, new, strict=True):
            self._done += 1
            if _text(event, "type") in PUBLICATION_TYPES:
                continue
            outcomes = (
                Outcome(before.status, before.reason, before.message),
                Outcome(after.status, after.reason, after.message),
            )
            joined.append(
                JoinedEvent(
                    self._done,
                    after.source or before.source,
                    after.event_id or before.event_id,
                    _text(event, "type"),
                    _text(event, "date"),
                    outcomes,
                )
            )
        return joined


def _follow(
    effects: EffectBatch,
    side: int,
    known: dict[EventName, JoinedEvent],
    emitted: dict[EventName, JoinedEvent],
) -> None:
    """Adds what a commit of one book says of events to their outcomes."""
    for name, kind, date, outcome in stored_events(effects):
        if name in known or kind in PUBLICATION_TYPES:
            continue
        event = emitted.get(name)
        if event is None:
            missing = Outcome(Status.NO_POSTING), Outcome(Status.NO_POSTING)
            event = emitted[name] = JoinedEvent(0, *name, kind, date, missing)
        own = event.outcomes[side]
        own.status, own.reason, own.message = outcome.status, outcome.reason, outcome.message
        known[name] = event
    for name, outcome in later_statuses(effects):
        if name in known:
            own = known[name].outcomes[side]
            own.status, own.reason, own.message = outcome.status, outcome.reason, outcome.message
    for name, voucher in vouchers_made(effects):
        if name in known:
            known[name].outcomes[side].vouchers.append(voucher)
    for name, move in moves_made(effects):
        if name in known:
            known[name].outcomes[side].moves.append(move)


def _text(event: Event, name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""
