"""Explains what an event did to budgets and what their nodes said, from the log alone.

Also of an event that was refused, or held and decided on later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine.book import Book
from engine.calendar import iso_instant
from engine.calls import BudgetVerdict
from engine.columns import EffectBatch
from engine.decimals import format_minor
from engine.effects import (
    BUDGET_DECISIONS,
    BUDGET_MOVES,
    COMMANDS,
    STATUS_CHANGES,
    MoveKind,
    Stage,
    Status,
)
from engine.errors import UnknownObject
from engine.history import budget_decision
from engine.receive import identity
from engine.state.budgets import Terms


@dataclass(frozen=True, slots=True)
class ExplainedMove:
    """A change of a node's figures.

    Attributes:
        node: where; `above`: nodes at which it counts as well, from the leaf up.
        amount: raw at `scale`, signed, of `currency` (or the budget's unit).
        reference, group: what the amount stands under, "" = none.
        expires_us: end of a soft hold in log time, 0 = none.
        rule: that says so, "" for a command; `place`: its file and line.
    """

    node: str
    above: tuple[str, ...]
    kind: MoveKind
    stage: Stage
    amount: int
    scale: int
    currency: str
    reference: str
    group: str
    expires_us: int
    rule: str
    place: str


@dataclass(frozen=True, slots=True)
class ExplainedVerdict:
    """What a node said; `rule` and `place` as of a move."""

    verdict: BudgetVerdict
    rule: str
    place: str


@dataclass(frozen=True, slots=True)
class BudgetStep:
    """What happened to budgets for one event in one commit.

    Attributes:
        seq, sealed_at_us: the commit and its time.
        by: SOURCE/ID of the command that decided the event again; "" where it decided itself.
        by_type, principal: of that command, or of the event.
        said: in the order the event touched the nodes.
        moves: in the order they were made.
    """

    seq: int
    sealed_at_us: int
    by: str
    by_type: str
    principal: str
    said: tuple[ExplainedVerdict, ...]
    moves: tuple[ExplainedMove, ...]

    def to_json(self) -> dict[str, object]:
        """The step as JSON data, amounts as decimal text."""
        return {
            "seq": self.seq,
            "sealed_at": iso_instant(self.sealed_at_us),
            "by": self.by,
            "by_type": self.by_type,
            "principal": self.principal,
            "said": [_said_data(one) for one in self.said],
            "moves": [_move_data(one) for one in self.moves],
        }

    def to_text(self) -> list[str]:
        """The step as lines for a person."""
        how = f" by {self.by} ({self.by_type}, {self.principal})" if self.by else ""
        lines = [f"budgets   commit {self.seq}, {iso_instant(self.sealed_at_us)}{how}"]
        for one in self.said:
            data = _said_data(one)
            line = (
                f"  {data['node']} said {data['verdict']}: {data['requested']} asked,"
                f" {data['available']} left before"
            )
            line += f", short by {data['shortfall']}" if one.verdict.shortfall else ""
            line += f", {data['excess']} beyond" if one.verdict.excess else ""
            who = " ".join(part for part in (one.verdict.person, one.verdict.role) if part)
            line += f", {who}" if who else ""
            line += f" ({one.verdict.reason})" if one.verdict.reason else ""
            lines.append(line + _source(one.rule, one.place))
        for move in self.moves:
            amount = format_minor(move.amount, move.scale)
            line = f"  {move.node} {move.stage.name} {amount} {move.currency}".rstrip()
            line += f" by {move.kind.name}"
            line += f" as {move.reference}" if move.reference else ""
            line += f" in group {move.group}" if move.group else ""
            line += f" until {iso_instant(move.expires_us)}" if move.expires_us else ""
            lines.append(line + _source(move.rule, move.place))
            if move.above:
                lines.append(f"    counts also at {', '.join(move.above)}")
        return lines


@dataclass(frozen=True, slots=True)
class EventExplanation:
    """An event as the log has it, and its budget steps.

    Attributes:
        seq, sealed_at_us, principal: of the commit that stored it.
        status, reason, message: of now; of a refused event, of then.
        content: canonical JSON; empty for a refused event, which is not kept.
        vouchers: names, those of a later retry included.
        steps: in log order.
    """

    source: str
    event_id: str
    type: str
    seq: int
    sealed_at_us: int
    principal: str
    status: Status
    reason: str
    message: str
    content: bytes
    vouchers: tuple[str, ...]
    steps: tuple[BudgetStep, ...]


def explain_event(book: Book, source: str, event_id: str) -> EventExplanation:
    """Explains an event by its name, accepted or refused.

    Raises:
        UnknownObject: the log has no such event.
    """
    source = source or "default"
    try:
        event = book.event(source, event_id)
    except UnknownObject:
        return _refused(book, source, event_id)
    name = (source, event_id)
    return EventExplanation(
        source=source,
        event_id=event_id,
        type=event.type,
        seq=event.seq,
        sealed_at_us=event.sealed_at_us,
        principal=event.principal,
        status=event.status,
        reason=event.reason,
        message=event.message,
        content=event.content,
        vouchers=event.vouchers,
        steps=budget_steps(book, name, event.seq),
    )


def budget_steps(book: Book, name: tuple[str, str], seq: int) -> tuple[BudgetStep, ...]:
    """What happened to budgets for an accepted event, in log order.

    Reads the log from the event's commit to the one that settled it, to the end while it waits.

    Args:
        book: any book, read-only ones too.
        name: source and id.
        seq: commit of the event.
    """
    commits = range(seq, _settled_in(book, name, seq) + 1)
    return tuple(step for at in commits for step in _steps(book, at, name))


def _refused(book: Book, source: str, event_id: str) -> EventExplanation:
    """The newest time an event was refused."""
    for seq in range(book.seq, 0, -1):
        header, effects = book.commit(seq)
        row = _command_row(effects, (source, event_id))
        if row is None:
            continue
        table = effects.tables[COMMANDS.name]

        def text(column: str, effects: EffectBatch = effects, row: int = row) -> str:
            return effects.text(COMMANDS.name, column)[row]

        return EventExplanation(
            source=source,
            event_id=event_id,
            type=text("type"),
            seq=seq,
            sealed_at_us=header.sealed_at_us,
            principal=text("principal"),
            status=Status(int(table.ints("status")[row])),
            reason=text("reason"),
            message=text("message"),
            content=b"",
            vouchers=(),
            steps=tuple(_steps(book, seq, (source, event_id))),
        )
    name = f"{source}/{event_id}"
    message = f"the log has no event {name}, accepted or refused"
    raise UnknownObject("NOT_FOUND", message, kind="event", name=name)


def _command_row(effects: EffectBatch, name: tuple[str, str]) -> int | None:
    if COMMANDS.name not in effects.tables or name[1] not in effects.strings:
        return None
    rows = _rows(effects, COMMANDS.name, name)
    return rows[-1] if rows else None


def _rows(effects: EffectBatch, table: str, name: tuple[str, str]) -> list[int]:
    """Rows of a table that name an event."""
    held = effects.tables.get(table)
    if held is None or any(part not in effects.strings for part in name):
        return []
    source, event_id = (effects.strings.index(part) for part in name)
    mask = (held.ints("source") == source) & (held.ints("event_id") == event_id)
    found: list[int] = np.flatnonzero(mask).tolist()
    return found


def _settled_in(book: Book, name: tuple[str, str], seq: int) -> int:
    """The last commit that may have decided an event: its own, the settling one, or the end."""
    state = book.state
    for ordinal in state.identities.find(identity(*name)):
        if state.place_of(ordinal)[0] == seq:
            if ordinal in state.waiting:
                return book.seq
            settled = state.settled.get(ordinal)
            if settled is not None:
                return int(settled[3])
    return seq


def _steps(book: Book, seq: int, name: tuple[str, str]) -> Iterator[BudgetStep]:
    """Steps of an event in a commit, one for each command that decided it."""
    header, effects = book.commit(seq)
    rows: dict[int, tuple[list[int], list[int]]] = {}
    for place, table in enumerate((BUDGET_DECISIONS.name, BUDGET_MOVES.name)):
        found = _rows(effects, table, name)
        commands = effects.tables[table].ints("command") if found else ()
        for row in found:
            rows.setdefault(int(commands[row]), ([], []))[place].append(row)
    for command, (said, moves) in sorted(rows.items()):
        source, event_id, kind, principal = (
            effects.text(COMMANDS.name, column)[command]
            for column in ("source", "event_id", "type", "principal")
        )
        files = _rule_files(book, effects, command, name)
        yield BudgetStep(
            seq=seq,
            sealed_at_us=header.sealed_at_us,
            by="" if (source, event_id) == name else f"{source}/{event_id}",
            by_type=kind,
            principal=principal,
            said=tuple(_verdict(book, effects, row, files) for row in said),
            moves=tuple(_move(book, effects, row, files) for row in moves),
        )


def _rule_files(
    book: Book, effects: EffectBatch, command: int, name: tuple[str, str]
) -> dict[str, str]:
    """Rule -> its file, in the revision an event was decided under."""
    revision = effects.text(COMMANDS.name, "revision")[command]
    for row in _rows(effects, STATUS_CHANGES.name, name):
        if int(effects.tables[STATUS_CHANGES.name].ints("command")[row]) == command:
            revision = effects.text(STATUS_CHANGES.name, "revision")[row]
    if not revision:
        return {}
    return {rule.name: rule.span.file for rule in book.program(revision).rules}


def _verdict(
    book: Book, effects: EffectBatch, row: int, files: Mapping[str, str]
) -> ExplainedVerdict:
    decision = budget_decision(effects, row)
    terms = book.state.budgets.terms.get(decision.verdict.node)
    verdict = decision.verdict
    if terms is not None:
        verdict = verdict._replace(scale=terms.scale, currency=terms.currency)
    place = _place(files, decision.rule, decision.rule_line)
    return ExplainedVerdict(verdict, decision.rule, place)


def _move(book: Book, effects: EffectBatch, row: int, files: Mapping[str, str]) -> ExplainedMove:
    table = effects.tables[BUDGET_MOVES.name]

    def text(column: str) -> str:
        return effects.text(BUDGET_MOVES.name, column)[row]

    node, stage = text("node"), Stage(int(table.ints("stage")[row]))
    terms = book.state.budgets.terms[node]
    rule, line = text("rule"), int(table.ints("rule_line")[row])
    return ExplainedMove(
        node=node,
        above=() if stage is Stage.LIMIT else tuple(_above(book, terms)),
        kind=MoveKind(int(table.ints("kind")[row])),
        stage=stage,
        amount=int(table.ints("amount")[row]),
        scale=terms.scale,
        currency=terms.currency,
        reference=text("reference"),
        group=text("group_id"),
        expires_us=int(table.ints("expires_us")[row]),
        rule=rule,
        place=_place(files, rule, line),
    )


def _above(book: Book, terms: Terms) -> Iterator[str]:
    while terms.parent:
        yield terms.parent
        terms = book.state.budgets.terms[terms.parent]


def _place(files: Mapping[str, str], rule: str, line: int) -> str:
    return f"{files[rule]}:{line}" if rule in files else ""


def _source(rule: str, place: str) -> str:
    return f", rule {rule} ({place})" if rule else ""


def _said_data(one: ExplainedVerdict) -> dict[str, object]:
    verdict = one.verdict
    amounts = ("requested", "available", "shortfall", "excess")
    return {
        "node": verdict.node,
        "verdict": verdict.verdict.name,
        **{name: format_minor(getattr(verdict, name), verdict.scale) for name in amounts},
        "counts": verdict.currency,
        "role": verdict.role,
        "person": verdict.person,
        "reason": verdict.reason,
        "rule": one.rule,
        "place": one.place,
    }


def _move_data(move: ExplainedMove) -> dict[str, object]:
    return {
        "node": move.node,
        "above": list(move.above),
        "kind": move.kind.name,
        "stage": move.stage.name,
        "amount": format_minor(move.amount, move.scale),
        "counts": move.currency,
        "reference": move.reference,
        "group": move.group,
        "expires": iso_instant(move.expires_us) if move.expires_us else "",
        "rule": move.rule,
        "place": move.place,
    }
