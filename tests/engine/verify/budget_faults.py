"""Faults planted in the log of the budget sample, and what verification must name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.columns import EffectBatch
from engine.effects import (
    BUDGET_DECISIONS,
    BUDGET_MOVES,
    BUDGET_NODES,
    COMMANDS,
    MoveKind,
    Stage,
    Status,
    Verdict,
)
from tests.engine.verify.attacker import Attacker
from tests.engine.verify.budget_sample import (
    APPROVED,
    CLAIMED,
    CLOSED,
    DECIDED,
    HELD,
    LOWERED,
    ORDERED,
    RETRIED,
    SERVED,
    TICKED,
)
from tests.engine.verify.edits import drop, event_row, put, repeat_here
from tests.engine.verify.faults import Fault

_MOVES, _SAID, _NODES = BUDGET_MOVES.name, BUDGET_DECISIONS.name, BUDGET_NODES.name
_TRAVEL = "dept[D1,travel]@2026-03"

Edit = Callable[[EffectBatch], None]


def _row(effects: EffectBatch, table: str, event_id: str, node: str) -> int:
    """First row of an event at a node."""
    names = list(zip(effects.text(table, "event_id"), effects.text(table, "node"), strict=True))
    return names.index((event_id, node))


def _move(event_id: str, at: str, /, **values: object) -> Edit:
    return lambda effects: put(effects, _MOVES, _row(effects, _MOVES, event_id, at), **values)


def _say(event_id: str, at: str, /, **values: object) -> Edit:
    return lambda effects: put(effects, _SAID, _row(effects, _SAID, event_id, at), **values)


def _drop(table: str, event_id: str, node: str) -> Edit:
    return lambda effects: drop(effects, table, _row(effects, table, event_id, node))


def _node(row: int, **values: object) -> Edit:
    return lambda effects: put(effects, _NODES, row, **values)


def _both_amounts(effects: EffectBatch) -> None:
    """More is taken, and both nodes say that it was asked for: in itself all fits."""
    _move("c1", _TRAVEL, amount=60_000)(effects)
    _say("c1", _TRAVEL, requested=60_000)(effects)
    _say("c1", "dept[D1]@2026-03", requested=60_000)(effects)


def _move_of_a_refused_event(effects: EffectBatch) -> None:
    """The refused claim is spent after all, in its place between those of c2 and of c4."""
    row = _row(effects, _MOVES, "c2", "loose[D1]")
    repeat_here(effects, _MOVES, row)
    put(effects, _MOVES, row + 1, command=event_row(effects, "c3"), event_id="c3")
    put(effects, _MOVES, row + 1, node=_TRAVEL, amount=10_000)


def _refusal_forgotten(effects: EffectBatch) -> None:
    for node in (_TRAVEL, "dept[D1]@2026-03", "loose[D1]"):
        _drop(_SAID, "c3", node)(effects)


def _expiry_later(effects: EffectBatch) -> None:
    drop(effects, _MOVES, 0)
    drop(effects, _SAID, 0)


def _reserved_without_reference(effects: EffectBatch) -> None:
    put(effects, _MOVES, _row(effects, _MOVES, "s1", "works[P2]"), reference=-1)


def _posted_instead_of_refused(attacker: Attacker) -> None:
    def change(effects: EffectBatch) -> None:
        row = event_row(effects, "c3")
        put(effects, COMMANDS.name, row, status=int(Status.REJECTED_RULE))

    def recount(header: Any) -> Any:
        counters = {**header.counters, "REJECTED_RULE": 1}
        counters.pop("REJECTED_BUDGET")
        return replace(header, counters=counters)

    attacker.rewrite(CLAIMED, change, recount)


def _rewrite(seq: int, change: Edit) -> Callable[[Attacker], None]:
    return lambda attacker: attacker.rewrite(seq, change)


BUDGET_FAULTS = (
    # --- moves
    Fault(
        "a move's amount changed",
        "BUDGET_MOVE",
        f"crm c1 {_TRAVEL} amount",
        CLAIMED,
        _rewrite(CLAIMED, _move("c1", _TRAVEL, amount=40_000)),
    ),
    Fault(
        "a move's amount and what was said of it changed",
        "BUDGET_MOVE",
        f"crm c1 {_TRAVEL} amount",
        CLAIMED,
        _rewrite(CLAIMED, _both_amounts),
    ),
    Fault(
        "a move dropped",
        "BUDGET_MOVE",
        "crm c1 loose[D1]",
        CLAIMED,
        _rewrite(CLAIMED, _drop(_MOVES, "c1", "loose[D1]")),
    ),
    Fault(
        "the last move dropped",
        "BUDGET_MOVE",
        "crm q2 dept[D1,meals]@2026-03",
        DECIDED,
        _rewrite(DECIDED, _drop(_MOVES, "q2", "dept[D1,meals]@2026-03")),
    ),
    Fault(
        "a move at another node",
        "BUDGET_MOVE",
        "crm c1 loose[D1] node",
        CLAIMED,
        _rewrite(CLAIMED, _move("c1", _TRAVEL, node="loose[D1]")),
    ),
    Fault(
        "a move in another stage",
        "BUDGET_MOVE",
        "crm o2 works[P1] PO2 stage",
        ORDERED,
        _rewrite(ORDERED, _move("o2", "works[P1]", stage=int(Stage.RESERVED))),
    ),
    Fault(
        "a move of another kind",
        "BUDGET_MOVE",
        "plan t1 works[P2] kind",
        LOWERED,
        _rewrite(LOWERED, _move("t1", "works[P2]", kind=int(MoveKind.REVISE))),
    ),
    Fault(
        "a limit raised",
        "BUDGET_MOVE",
        f"plan plan-1 {_TRAVEL} amount",
        APPROVED,
        _rewrite(APPROVED, _move("plan-1", _TRAVEL, amount=90_000)),
    ),
    Fault(
        "a transfer that gives more than it takes",
        "BUDGET_MOVE",
        "plan t1 works[P1] amount",
        LOWERED,
        _rewrite(LOWERED, _move("t1", "works[P1]", amount=60_000)),
    ),
    Fault(
        "a reference renamed",
        "BUDGET_MOVE",
        "plan s2 works[P2] R9 reference",
        SERVED,
        _rewrite(SERVED, _move("s2", "works[P2]", reference="R9")),
    ),
    Fault(
        "a group renamed",
        "BUDGET_MOVE",
        "plan s1 works[P2] R1 group_id",
        SERVED,
        _rewrite(SERVED, _move("s1", "works[P2]", group_id="R2")),
    ),
    Fault(
        "a reservation without a reference",
        "ROW_MALFORMED",
        "budget_moves row 0, column reference",
        SERVED,
        _rewrite(SERVED, _reserved_without_reference),
    ),
    Fault(
        "a soft hold that ends later",
        "BUDGET_MOVE",
        "plan s1 works[P2] R1 expires_us",
        SERVED,
        _rewrite(SERVED, _move("s1", "works[P2]", expires_us=1_772_668_995_000_000)),
    ),
    Fault(
        "an expiry put off",
        "BUDGET_MOVE",
        "works[P2] R1",
        TICKED,
        _rewrite(TICKED, _expiry_later),
    ),
    Fault(
        "an expiry that names an event",
        "ROW_MALFORMED",
        "budget_moves row 0, column kind",
        SERVED,
        _rewrite(SERVED, _move("s1", "works[P2]", kind=int(MoveKind.EXPIRE))),
    ),
    Fault(
        "more carried than is left",
        "BUDGET_MOVE",
        "plan close dept[D1]@2026-04 amount",
        CLOSED,
        _rewrite(CLOSED, _move("close", "dept[D1]@2026-04", amount=60_000)),
    ),
    Fault(
        "a refused event's move added",
        "BUDGET_MOVE",
        f"crm c3 {_TRAVEL}",
        CLAIMED,
        _rewrite(CLAIMED, _move_of_a_refused_event),
    ),
    Fault(
        "a retried event's move changed",
        "BUDGET_MOVE",
        "crm c0 dept[D3,travel]@2026-03 amount",
        RETRIED,
        _rewrite(RETRIED, _move("c0", "dept[D3,travel]@2026-03", amount=1)),
    ),
    # --- decisions
    Fault(
        "a decision dropped",
        "BUDGET_DECISION",
        "crm c1 dept[D1]@2026-03",
        CLAIMED,
        _rewrite(CLAIMED, _drop(_SAID, "c1", "dept[D1]@2026-03")),
    ),
    Fault(
        "an overrun dropped",
        "BUDGET_DECISION",
        f"crm f1 {_TRAVEL}",
        CLAIMED,
        _rewrite(CLAIMED, _drop(_SAID, "f1", _TRAVEL)),
    ),
    Fault(
        "an override dropped: without it the claim is refused",
        "DECISION_DIFFERS",
        "crm/c4",
        CLAIMED,
        _rewrite(CLAIMED, _drop(_SAID, "c4", _TRAVEL)),
    ),
    Fault(
        "a verdict changed",
        "BUDGET_DECISION",
        "crm c2 loose[D1] verdict",
        CLAIMED,
        _rewrite(CLAIMED, _say("c2", "loose[D1]", verdict=int(Verdict.PASS))),
    ),
    Fault(
        "an override turned into a warning",
        "DECISION_DIFFERS",
        "crm/c4",
        CLAIMED,
        _rewrite(CLAIMED, _say("c4", _TRAVEL, verdict=int(Verdict.WARN))),
    ),
    Fault(
        "an override by somebody else",
        "BUDGET_DECISION",
        f"crm c4 {_TRAVEL} person",
        CLAIMED,
        _rewrite(CLAIMED, _say("c4", _TRAVEL, person="crm")),
    ),
    Fault(
        "an overrun made smaller",
        "BUDGET_DECISION",
        f"crm f1 {_TRAVEL} excess",
        CLAIMED,
        _rewrite(CLAIMED, _say("f1", _TRAVEL, excess=1)),
    ),
    Fault(
        "a cut without a person",
        "BUDGET_DECISION",
        "plan t3 works[P2] person",
        LOWERED,
        _rewrite(LOWERED, _say("t3", "works[P2]", person=-1)),
    ),
    Fault(
        "a hold that asks for no role",
        "BUDGET_DECISION",
        "crm q2 dept[D1]@2026-03 role",
        HELD,
        _rewrite(HELD, _say("q2", "dept[D1]@2026-03", role=-1)),
    ),
    Fault(
        "what was left before a refusal changed",
        "BUDGET_DECISION",
        f"crm/c3 {_TRAVEL} available",
        CLAIMED,
        _rewrite(CLAIMED, _say("c3", _TRAVEL, available=8_000)),
    ),
    Fault(
        "a refusal that was not short",
        "BUDGET_DECISION",
        f"crm/c3 {_TRAVEL} shortfall",
        CLAIMED,
        _rewrite(CLAIMED, _say("c3", _TRAVEL, requested=5_000)),
    ),
    Fault(
        "a refusal with an excess",
        "BUDGET_DECISION",
        "crm/c3 loose[D1] excess",
        CLAIMED,
        _rewrite(CLAIMED, _say("c3", "loose[D1]", excess=10_000)),
    ),
    Fault(
        "a refusal that nobody spoke",
        "BUDGET_DECISION",
        "crm/c3",
        CLAIMED,
        _rewrite(CLAIMED, _refusal_forgotten),
    ),
    Fault(
        "a refusal said to be a rule's",
        "BUDGET_DECISION",
        "crm/c3",
        CLAIMED,
        _posted_instead_of_refused,
    ),
    # --- nodes
    Fault(
        "a node that no longer blocks",
        "BUDGET_NODE",
        f"{_TRAVEL} control",
        APPROVED,
        _rewrite(APPROVED, _node(4, control="warn")),
    ),
    Fault(
        "a node's tolerance widened",
        "BUDGET_NODE",
        "works[P2] tolerances",
        APPROVED,
        _rewrite(APPROVED, _node(16, tolerances='{"spend":[500000,null]}')),
    ),
    Fault(
        "a tolerance that is none",
        "ROW_MALFORMED",
        "budget_nodes row 16, column tolerances",
        APPROVED,
        _rewrite(APPROVED, _node(16, tolerances='{"spend":5}')),
    ),
    Fault(
        "a node under another parent",
        "BUDGET_NODE",
        "works[P1] parent",
        APPROVED,
        _rewrite(APPROVED, _node(14, parent="works[]")),
    ),
    Fault(
        "a node's role to override changed",
        "BUDGET_NODE",
        f"{_TRAVEL} override_role",
        APPROVED,
        _rewrite(APPROVED, _node(4, override_role="2026")),
    ),
    Fault(
        "a closed node open",
        "BUDGET_NODE",
        "dept[D1,travel]@2026-03 closed",
        CLOSED,
        _rewrite(CLOSED, _node(6, closed=0)),
    ),
    Fault(
        "a node dropped",
        "BUDGET_NODE",
        "loose[D3]",
        RETRIED,
        _rewrite(RETRIED, lambda effects: drop(effects, _NODES, 2)),
    ),
)
