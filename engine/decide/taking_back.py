"""Takes back what an event did whose drafts are returned, or that is withdrawn before its review.

Targets lose what the event added, records get back what they held, budget moves are inverted. What
a posted voucher, a later writer or a later use of a reference stands on is not taken away: the
event is then refused to go, by name of what depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.budget.cuts import Cuts
from engine.budget.demand import Move, Ruling
from engine.columns import EffectBatch
from engine.decide.budgets import Notes
from engine.decide.builder import Decision
from engine.decide.context import Outcome
from engine.decide.deciding import Deciding
from engine.decide.review import refusal
from engine.effects import BUDGET_MOVES, REMOVED, UNDO, MoveKind, Stage, UndoKind
from engine.program import NO_DATE
from engine.state.book_state import WaitingEvent
from engine.state.budgets import Holding, HoldingKey
from engine.state.keys import key_ints


def take_back(
    deciding: Deciding, command: int, event: WaitingEvent, person: str, reason: str
) -> Outcome | None:
    """Inverts the effects of an event with drafts.

    Args:
        deciding: the commit being decided.
        command: row of the command that takes it back.
        event: it.
        person: who does it; named where a budget is then short.
        reason: why.

    Returns:
        None, or why it must stay; nothing is then changed.
    """
    back = _TakingBack(deciding, event)
    problem = back.problem()
    if problem is not None:
        return problem
    builder, code = deciding.builder, deciding.overlay.strings.code
    entity = deciding.history.content(event.seq, event.row)[1]
    builder.decisions.append(
        Decision(command, code(event.source), code(event.event_id), code(entity), NO_DATE, NO_DATE)
    )
    decision = len(builder.decisions) - 1
    builder.reviews.append((decision, -1, 0, code(person), -1, code(reason) if reason else -1))
    back.targets(decision)
    back.records(decision)
    back.budgets(decision, person, reason)
    deciding.returned.add(back.name)
    return None


@dataclass(frozen=True, slots=True)
class _Undo:
    """A row of UNDO."""

    kind: UndoKind
    name: str
    entity: str
    key: str
    field: str
    number: int
    scale: int
    text: str | None


@dataclass(frozen=True, slots=True)
class _Moved:
    """A budget move of the event. reference "": none."""

    node: str
    stage: Stage
    amount: int
    reference: str
    rule: str
    rule_line: int


class _TakingBack:
    """One event on its way back."""

    def __init__(self, deciding: Deciding, event: WaitingEvent) -> None:
        self.name = (event.source, event.event_id)
        self._deciding = deciding
        self._event = event
        self._overlay = deciding.overlay
        self._drafted = deciding.state.drafts[self.name]
        effects = deciding.history.effects(self._drafted.seq)
        self._undo = list(_undo_rows(effects, self.name))
        self._moves = list(_moves(effects, self.name))

    def problem(self) -> Outcome | None:
        """What depends on the event."""
        shown = "/".join(self.name)
        ordinal = self._deciding.state.ordinal_of(self._event.seq, self._event.row)
        vouchers = self._deciding.history.vouchers(ordinal)
        if vouchers or self.name in self._deciding.reviewed:
            what = ", ".join(vouchers) or "a voucher"
            return refusal(
                "ALREADY_POSTED",
                f"{what} of {shown} is posted and stays; approve the rest, then correct it by "
                "another event",
            )
        writers = sorted(self._writers())
        if writers:
            return refusal(
                "HAS_DEPENDANTS",
                f"{', '.join(writers)} wrote over a record that {shown} wrote; "
                "take those back first, or approve",
            )
        used = sorted(self._used_references())
        if used:
            return refusal(
                "HAS_DEPENDANTS",
                f"what {shown} holds under {', '.join(used)} was used since; "
                "give that back first, or approve",
            )
        return None

    def _writers(self) -> Iterator[str]:
        """Events that wrote over a record since, in earlier commits and in this one."""
        deciding = self._deciding
        returned = {"/".join(name) for name in deciding.returned}
        for names in self._drafted.records.values():
            yield from (name for name in names if name not in returned)
        if not self._drafted.records:
            return
        text = self._overlay.strings.text
        for decision, record, key, *_ in deciding.builder.records:
            if (text(record), text(key)) in self._drafted.records:
                made = deciding.builder.decisions[decision]
                writer = f"{text(made.source)}/{text(made.event_id)}"
                if writer not in returned:
                    yield writer

    def _used_references(self) -> Iterator[str]:
        """References out of which the event consumed, where what it made of that is used up.

        Without consumption nothing can come back twice: then what is still held goes.
        """
        consumed = {self._key(move) for move in self._moves if move.reference and move.amount < 0}
        for (key, node, stage), amount in self._added().items():
            if key in consumed and self._held(key, node, stage) < amount:
                yield key[1]

    def _added(self) -> dict[tuple[HoldingKey, str, Stage], int]:
        found: dict[tuple[HoldingKey, str, Stage], int] = {}
        for move in self._moves:
            if move.reference and move.amount > 0:
                place = (self._key(move), move.node, move.stage)
                found[place] = found.get(place, 0) + move.amount
        return found

    def _key(self, move: _Moved) -> HoldingKey:
        terms = self._overlay.budgets.terms(move.node)
        return (terms.budget if terms is not None else "", move.reference)

    def _held(self, key: HoldingKey, node: str, stage: Stage) -> int:
        parts = self._overlay.budgets.holding(key).parts
        return sum(part.held(stage) for part in parts if part.node == node)

    def targets(self, decision: int) -> None:
        """Takes away what the event added."""
        code = self._overlay.strings.code
        for row in self._undo:
            if row.kind is UndoKind.TARGET:
                key = (code(row.entity), *key_ints(row.key, code))
                before = self._overlay.target(row.name, key) or 0
                value = before - row.number
                self._overlay.set_target(row.name, key, value)
                self._deciding.builder.targets.append(
                    (decision, code(row.name), key[0], code(row.key), value, before)
                )

    def records(self, decision: int) -> None:
        """Puts back what records held."""
        code = self._overlay.strings.code
        rows = self._deciding.builder.records
        for row in self._undo:
            if row.kind is not UndoKind.RECORD:
                continue
            key = key_ints(row.key, code)
            place = (decision, code(row.name), code(row.key))
            if not row.field:
                if row.scale == REMOVED:
                    self._overlay.remove_record(row.name, key)
                    rows.append((*place, -1, 0, REMOVED, -1))
                continue
            values = dict(self._overlay.record(row.name, key) or {})
            if row.scale == REMOVED:
                values.pop(row.field, None)
            elif row.text is not None:
                values[row.field] = code(row.text)
            else:
                values[row.field] = (row.number, row.scale)
            self._overlay.set_record(row.name, key, values)
            text = -1 if row.text is None else code(row.text)
            rows.append((*place, code(row.field), row.number, row.scale, text))

    def budgets(self, decision: int, person: str, reason: str) -> None:
        """Inverts the moves; of what is held under references at most what is there."""
        state = self._overlay.budgets
        cuts = Cuts(state)
        for move in self._moves:
            cuts.note(move.node)
        ruling = Ruling()
        for move in reversed(self._moves):
            amount = -move.amount
            holding, key = Holding(), self._key(move)
            if move.reference:
                holding = state.holding(key)
                if amount < 0:
                    amount = -min(move.amount, self._held(key, move.node, move.stage))
            if not amount:
                continue
            state.move(move.node, move.stage, amount)
            if move.reference:
                state.set_holding(key, holding.plus(move.node, move.stage, amount))
            ruling.moves.append(
                Move(
                    move.node,
                    MoveKind.RETURN,
                    move.stage,
                    amount,
                    move.reference,
                    rule=move.rule,
                    rule_line=move.rule_line,
                )
            )
        ruling.decided.extend(cuts.decided(person, reason))
        Notes(self._overlay, self._deciding.builder, decision).ruling(ruling)


def _undo_rows(effects: EffectBatch, event: tuple[str, str]) -> Iterator[_Undo]:
    if UNDO.name not in effects.tables:
        return
    name, table = UNDO.name, effects.tables[UNDO.name]
    rows = zip(
        zip(effects.text(name, "source"), effects.text(name, "event_id"), strict=True),
        table.ints("kind").tolist(),
        effects.text(name, "name"),
        effects.text(name, "entity"),
        effects.text(name, "key"),
        effects.text(name, "field"),
        table.ints("number").tolist(),
        table.ints("scale").tolist(),
        table.ints("text").tolist(),
        strict=True,
    )
    for own, kind, what, entity, key, field, number, scale, text in rows:
        if own == event:
            value = effects.strings[text] if text >= 0 else None
            yield _Undo(UndoKind(kind), what, entity, key, field, number, scale, value)


def _moves(effects: EffectBatch, event: tuple[str, str]) -> Iterator[_Moved]:
    if BUDGET_MOVES.name not in effects.tables:
        return
    name, table = BUDGET_MOVES.name, effects.tables[BUDGET_MOVES.name]
    rows = zip(
        zip(effects.text(name, "source"), effects.text(name, "event_id"), strict=True),
        effects.text(name, "node"),
        table.ints("stage").tolist(),
        table.ints("amount").tolist(),
        effects.text(name, "reference"),
        effects.text(name, "rule"),
        table.ints("rule_line").tolist(),
        strict=True,
    )
    for own, node, stage, amount, reference, rule, line in rows:
        if own == event:
            yield _Moved(node, Stage(stage), amount, reference, rule, line)
