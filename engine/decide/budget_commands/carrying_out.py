"""Carries a budget command out: finds what it does, and takes back what a refused one began."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.calls import (
    BUDGET_APPROVED,
    BUDGET_CLOSED,
    BUDGET_COMMITTED,
    BUDGET_EXTENDED,
    BUDGET_RELEASED,
    BUDGET_RESERVED,
    BUDGET_REVISED,
    BUDGET_SPENT,
    BUDGET_TRANSFERRED,
    BudgetVerdict,
)
from engine.decide.budget_commands.approval import approve, revise, transfer
from engine.decide.budget_commands.closing import close
from engine.decide.budget_commands.command import Answer, Command, Refused
from engine.decide.budget_commands.taking import extend, release, take
from engine.decide.budgets import Caller, Notes, verdicts_of
from engine.decide.context import Outcome
from engine.decide.deciding import Deciding
from engine.effects import Status
from engine.program import Act

_CARRIED: dict[str, Callable[[Command], Answer]] = {
    BUDGET_APPROVED: approve,
    BUDGET_REVISED: revise,
    BUDGET_TRANSFERRED: transfer,
    BUDGET_CLOSED: close,
    BUDGET_RESERVED: take(Act.RESERVE),
    BUDGET_COMMITTED: take(Act.COMMIT),
    BUDGET_SPENT: take(Act.SPEND),
    BUDGET_RELEASED: release,
    BUDGET_EXTENDED: extend,
}


def carry_out_budget(
    deciding: Deciding,
    name: str,
    fields: Mapping[str, object],
    *,
    decision: int,
    day: int,
    event_id: str,
    caller: Caller,
) -> tuple[Outcome, tuple[BudgetVerdict, ...]]:
    """Carries out a budget command.

    Args:
        deciding: the commit being decided.
        name: event type of the command.
        fields: of its event.
        decision: its index in the builder.
        day: its business date.
        event_id: of the command; the reference of what it reserves, unless it names one.
        caller: on whose behalf.

    Returns:
        Its outcome, and what the nodes said.
    """
    plan = deciding.plan_for(day)
    if plan is None:
        refused = Outcome(
            Status.REJECTED_RULE,
            "NO_REVISION",
            "no rule book is in force at this date; publish one that declares the budget",
        )
        return refused, ()
    notes = Notes(deciding.overlay, deciding.builder, decision)
    command = Command(deciding, plan.program, fields, day, event_id, caller, notes)
    deciding.builder.revisions_used.add(plan.program.revision)
    mark, entered = deciding.overlay.mark(), len(deciding.builder.budget_nodes)
    try:
        ruling, demands = _CARRIED[name](command)
        verdicts = verdicts_of(command.state, ruling.decided, demands)
    except Refused as refused_for:
        deciding.overlay.rollback(mark)
        del deciding.builder.budget_nodes[entered:]
        reason, message = refused_for.args
        return Outcome(Status.REJECTED_RULE, reason, message), ()
    if ruling.status is not None:
        deciding.overlay.rollback(mark)
        del deciding.builder.budget_nodes[entered:]
        notes.ruling(ruling)
        return Outcome(ruling.status, ruling.reason, ruling.message), verdicts
    notes.ruling(ruling)
    if not demands and not ruling.moves:
        return Outcome(Status.NO_POSTING, ruling.reason, ruling.message), verdicts
    return Outcome(Status.NO_POSTING, "", ruling.message), verdicts
