"""System commands: closing a period, retrying and withdrawing events, deciding on held ones.

Budgets, parameters and publications have modules of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from engine.batch import ReceivedBatch
from engine.budget.demand import Approval
from engine.calendar import period_from_text, period_text
from engine.calls import (
    BUDGET_TYPES,
    EVENT_RETRIED,
    EVENT_WITHDRAWN,
    HOLD_DECIDED,
    LOCAL_PRINCIPAL,
    PARAMETER_SET,
    PERIOD_CLOSED,
    VOUCHER_REVIEWED,
    Call,
    EventResult,
)
from engine.decide.budget_commands import carry_out_budget
from engine.decide.budgets import Caller, RunBudgets
from engine.decide.builder import Decision
from engine.decide.context import Outcome
from engine.decide.deciding import Deciding
from engine.decide.message import caller_of, unknown_entity
from engine.decide.parameters import set_parameter
from engine.decide.plan import DecisionPlan
from engine.decide.publication_commands import carry_out_publication
from engine.decide.review import approve, chosen_drafts, drafts_in, read_review, refusal
from engine.decide.run import decide_run
from engine.decide.taking_back import take_back
from engine.effects import PeriodState, Status
from engine.program import NO_DATE
from engine.receive import receive_rows
from engine.state.book_state import WaitingEvent

#: A command that did what it was asked to.
_DONE = Outcome(Status.NO_POSTING)

#: How many events a message lists at most.
MAX_LISTED = 10

#: How many events one retry decides again at most.
MAX_RETRIED = 1_000


def carry_out(
    deciding: Deciding, received: ReceivedBatch, row: int, command: int, call: Call
) -> tuple[Outcome, list[EventResult]]:
    """Carries out the system command in a row of the batch.

    Args:
        deciding: the commit being decided.
        received: the batch.
        row: the command's event in it.
        command: its row in the commands table.
        call: it came with.

    Returns:
        Its own outcome, and for a retry one result per event decided again.
    """
    name = received.strings.text(int(received.types[row]))
    fields = received.fields[row]
    if name in BUDGET_TYPES:
        outcome, deciding.verdicts[command] = carry_out_budget(
            deciding,
            name,
            fields,
            decision=len(deciding.builder.decisions) - 1,
            day=int(received.dates[row]),
            event_id=received.strings.text(int(received.ids[row])),
            caller=caller_of(received, row, call),
        )
        return outcome, []
    if name == HOLD_DECIDED:
        return _decide_hold(deciding, command, fields, caller_of(received, row, call))
    if name == VOUCHER_REVIEWED:
        return _review(deciding, command, fields, reviewer_of(received, row, call))
    if name == PARAMETER_SET:
        person = caller_of(received, row, call).person
        return set_parameter(deciding, received, row, fields, person), []
    if name == PERIOD_CLOSED:
        return _close_period(deciding, received, row, command, fields), []
    if name == EVENT_WITHDRAWN:
        person = reviewer_of(received, row, call).person
        return _withdraw(deciding, command, fields, person), []
    if name == EVENT_RETRIED:
        return _retry(deciding, command, fields)
    return carry_out_publication(deciding, name, command, fields, call.principal), []


def _close_period(
    deciding: Deciding,
    received: ReceivedBatch,
    row: int,
    command: int,
    fields: Mapping[str, object],
) -> Outcome:
    text = fields.get("period")
    try:
        period = period_from_text(text if isinstance(text, str) else "")
    except ValueError:
        return Outcome(
            Status.REJECTED_RULE,
            "INVALID_FIELD",
            'period.closed needs the field period, written "2026-03"',
        )
    code = int(received.entities[row])
    entity = received.strings.text(code)
    if deciding.overlay.is_closed(entity, period):
        return Outcome(
            Status.NO_POSTING,
            "ALREADY_CLOSED",
            f"period {period_text(period)} of {entity} was closed before",
        )
    waiting = drafts_in(deciding, entity, period)
    if waiting:
        return refusal(
            "UNPOSTED_VOUCHERS",
            f"vouchers of {', '.join(waiting[:MAX_LISTED])} in {period_text(period)} wait for a "
            "review; approve or return them, then close",
        )
    deciding.overlay.set_period(entity, period, PeriodState.CLOSED)
    deciding.builder.periods.append((command, code, period, int(PeriodState.CLOSED)))
    return _DONE


def _withdraw(
    deciding: Deciding, command: int, fields: Mapping[str, object], person: str
) -> Outcome:
    source, event_id = fields.get("of_source") or "default", fields.get("of_id")
    found = _find_waiting(deciding, source, event_id)
    if found is None:
        return Outcome(
            Status.REJECTED_RULE,
            "NOT_WAITING",
            f"event {source}/{event_id} does not wait; only an event that is not booked yet "
            "can be withdrawn, a booked one is corrected by another event",
        )
    comment = str(fields.get("comment") or "")
    if found.status == Status.PENDING_REVIEW:
        stays = take_back(deciding, command, found, person, comment)
        if stays is not None:
            return stays
    _change_status(deciding, command, found, Outcome(Status.WITHDRAWN, "WITHDRAWN", comment))
    return _DONE


def _review(
    deciding: Deciding, command: int, fields: Mapping[str, object], caller: Caller
) -> tuple[Outcome, list[EventResult]]:
    """Posts drafts, or returns their event, by someone who may and did not send it."""
    source, event_id = fields.get("of_source") or "default", fields.get("of_id")
    found = _find_waiting(deciding, source, event_id)
    if found is None or found.status != Status.PENDING_REVIEW:
        return refusal("NOT_PENDING", f"event {source}/{event_id} waits for no review"), []
    asked = read_review(fields, found, caller)
    if isinstance(asked, Outcome):
        return asked, []
    chosen = chosen_drafts(deciding, asked, caller)
    if isinstance(chosen, Outcome):
        return chosen, []
    if asked.approves:
        posted = approve(deciding, command, asked, chosen)
        if isinstance(posted, Outcome):
            return posted, []
        if posted.status is Status.POSTED:
            _change_status(deciding, command, found, Outcome(Status.POSTED))
        return _DONE, [posted]
    stays = take_back(deciding, command, found, asked.person, asked.reason)
    if stays is not None:
        return stays, []
    returned = Outcome(Status.UNPOSTED, "REVIEW_RETURNED", asked.reason)
    _change_status(deciding, command, found, returned)
    result = EventResult(
        returned.status,
        found.source,
        found.event_id,
        returned.reason,
        returned.message,
        seq=found.seq,
        row=found.row,
    )
    return _DONE, [result]


def reviewer_of(received: ReceivedBatch, row: int, call: Call) -> Caller:
    """Who reviews: the principal, never a field that the caller filled in.

    Where nobody was authenticated, as in event files, the event's actor stands for the person.
    """
    if call.principal != LOCAL_PRINCIPAL:
        return Caller(call.principal, call.budget_roles)
    return caller_of(received, row, call)


def _find_waiting(deciding: Deciding, source: object, event_id: object) -> WaitingEvent | None:
    for ordinal, event in deciding.state.waiting.items():
        if (event.source, event.event_id) == (source, event_id):
            return None if ordinal in deciding.settled else event
    return None


def _change_status(
    deciding: Deciding,
    command: int,
    event: WaitingEvent,
    outcome: Outcome,
    revision: str = "",
) -> None:
    status, reason, message = outcome.status, outcome.reason, outcome.message
    code = deciding.overlay.strings.code
    pending = Status.PENDING_REVIEW in (status, event.status)
    if pending or status not in (Status.UNPOSTED, Status.HELD):
        # A review is looked for in the commits before, so no command follows it in this one.
        deciding.settled.add(deciding.state.ordinal_of(event.seq, event.row))
    deciding.builder.status_changes.append(
        (
            command,
            code(event.source),
            code(event.event_id),
            int(status),
            code(reason) if reason else -1,
            code(message) if message else -1,
            code(revision) if revision else -1,
        )
    )


def _retry(
    deciding: Deciding, command: int, fields: Mapping[str, object]
) -> tuple[Outcome, list[EventResult]]:
    asked = fields.get("events")
    results = []
    for event in _events_to_retry(deciding, asked if isinstance(asked, list) else []):
        if isinstance(event, EventResult):
            results.append(event)
        elif deciding.state.ordinal_of(event.seq, event.row) in deciding.settled:
            # Withdrawn or booked earlier in this commit, maybe by this very command.
            results.append(_not_waiting(event.source, event.event_id))
        elif event.status == Status.PENDING_REVIEW:
            results.append(_awaits_review(event))
        else:
            results.append(_retry_one(deciding, command, event))
    return _DONE, results


def _events_to_retry(
    deciding: Deciding, asked: Sequence[object]
) -> list[WaitingEvent | EventResult]:
    if not asked:
        waiting = [
            event
            for ordinal, event in sorted(deciding.state.waiting.items())
            if ordinal not in deciding.settled and event.status == Status.UNPOSTED
        ]
        return list(waiting[:MAX_RETRIED])
    by_name = {(event.source, event.event_id): event for event in deciding.state.waiting.values()}
    found: list[WaitingEvent | EventResult] = []
    for name in asked[:MAX_RETRIED]:
        source = str(name.get("source") or "default") if isinstance(name, dict) else ""
        event_id = str(name.get("id") or "") if isinstance(name, dict) else ""
        event = by_name.get((source, event_id))
        if event is None:
            found.append(_not_waiting(source, event_id))
        else:
            found.append(event)
    return found


def _not_waiting(source: str, event_id: str) -> EventResult:
    return EventResult(
        Status.NOT_ATTEMPTED,
        source,
        event_id,
        "NOT_WAITING",
        f"event {source}/{event_id} does not wait",
    )


def _awaits_review(event: WaitingEvent) -> EventResult:
    return EventResult(
        Status.NOT_ATTEMPTED,
        event.source,
        event.event_id,
        "AWAITS_REVIEW",
        f"event {event.source}/{event.event_id} waits for a review; approve or return it",
    )


def _retry_one(
    deciding: Deciding, command: int, event: WaitingEvent, budgets: RunBudgets | None = None
) -> EventResult:
    """Decides a waiting event at this place of the log; if it still fails it goes on waiting."""
    budgets = budgets if budgets is not None else RunBudgets()
    content, entity = deciding.history.content(event.seq, event.row)
    received = receive_rows(
        [msgspec.json.decode(content)],
        deciding.state.pool,
        default_entity=entity,
        default_source=event.source,
        strings=deciding.overlay.strings,
    )
    result = EventResult(Status.UNPOSTED, event.source, event.event_id)
    plan = deciding.plan_for(int(received.dates[0])) if not received.problems else None
    stranger = unknown_entity(deciding, entity)
    if plan is None:
        outcome = Outcome(Status.UNPOSTED, "NO_REVISION", "no rule book is in force at this date")
        revision = ""
    elif stranger is not None:
        outcome, revision = stranger, plan.program.revision
        deciding.builder.revisions_used.add(revision)
    else:
        outcome = _decide_again(deciding, command, received, plan, budgets)
        revision = plan.program.revision
        result.budget = budgets.verdicts.get(0, ())
        deciding.builder.revisions_used.add(revision)
    if outcome.status not in (Status.POSTED, Status.NO_POSTING, Status.PENDING_REVIEW):
        waits = Status.HELD if outcome.status is Status.HELD else Status.UNPOSTED
        outcome = Outcome(waits, outcome.reason, outcome.message)
    else:
        deciding.results[len(deciding.builder.decisions) - 1] = result
    _change_status(deciding, command, event, outcome, revision)
    result.status, result.reason, result.message = outcome.status, outcome.reason, outcome.message
    result.seq, result.row = event.seq, event.row
    return result


def _decide_again(
    deciding: Deciding,
    command: int,
    received: ReceivedBatch,
    plan: DecisionPlan,
    budgets: RunBudgets,
) -> Outcome:
    deciding.builder.decisions.append(
        Decision(
            command=command,
            source=int(received.sources[0]),
            event_id=int(received.ids[0]),
            entity=int(received.entities[0]),
            event_date=int(received.dates[0]),
            voucher_date=NO_DATE,
        )
    )
    return decide_run(
        plan,
        received,
        [0],
        decisions=[len(deciding.builder.decisions) - 1],
        overlay=deciding.overlay,
        builder=deciding.builder,
        strict=deciding.strict,
        evaluator=deciding.evaluator,
        budgets=budgets,
    )[0]


def _decide_hold(
    deciding: Deciding, command: int, fields: Mapping[str, object], caller: Caller
) -> tuple[Outcome, list[EventResult]]:
    """Lets a held event pass, or refuses it, by someone who may and did not send it."""
    source, event_id = fields.get("of_source") or "default", fields.get("of_id")
    decision, reason = fields.get("decision"), fields.get("reason")
    role = fields.get("role")
    found = _find_waiting(deciding, source, event_id)
    if found is None or found.status != Status.HELD:
        return refusal("NOT_HELD", f"event {source}/{event_id} is not held"), []
    if decision not in ("approve", "reject"):
        return refusal("INVALID_FIELD", "decision is approve or reject"), []
    if not isinstance(reason, str) or not reason:
        return refusal("INVALID_FIELD", "give the reason of the decision"), []
    sender, roles = deciding.history.hold(found)
    own = role if isinstance(role, str) else ""
    if roles and own not in roles:
        wanted = " or ".join(roles)
        return refusal("ROLE_MISSING", f"this event waits for {wanted}; decide as that role"), []
    if own and caller.allowed is not None and own not in caller.allowed:
        return refusal("ROLE_NOT_HELD", f"{caller.person} does not hold the role {own}"), []
    if caller.person == sender:
        what = f"{sender} sent this event and cannot decide on it as well"
        return refusal("SEGREGATION_OF_DUTIES", what), []
    if decision == "reject":
        refused = Outcome(Status.WITHDRAWN, "HOLD_REFUSED", reason)
        _change_status(deciding, command, found, refused)
        return _DONE, []
    budgets = RunBudgets(approval=Approval(own, caller.person, reason))
    return _DONE, [_retry_one(deciding, command, found, budgets)]
