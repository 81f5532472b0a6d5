"""Every budget call as data, as in `tongpin_client.queries`."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tongpin.v1 import budget_service_pb2 as pb
from tongpin.v1.event_pb2 import EventBatch
from tongpin_client.amounts import amount_text
from tongpin_client.budget_answers import BudgetAnswer, BudgetCheck
from tongpin_client.budget_figures import (
    BudgetDecision,
    BudgetNode,
    BudgetUpdate,
    Language,
    Reservation,
    Verdict,
)
from tongpin_client.queries import Page, PagedQuery, Query, new_attempt_id
from tongpin_client.read_budgets import read_decision, read_node, read_reservation
from tongpin_client.read_messages import read_result

_PAGE_SIZE = 500

#: An amount: text such as "300.00", a Decimal or a whole number; never a float.
Amount = str | int | Decimal

#: When a soft hold ends: a time with a zone, or how long it lasts from its commit on.
Expiry = datetime.datetime | datetime.timedelta


class Act(StrEnum):
    """What a demand wants to do with an amount."""

    RESERVE = "BUDGET_ACT_RESERVE"
    COMMIT = "BUDGET_ACT_COMMIT"
    SPEND = "BUDGET_ACT_SPEND"


@dataclass(frozen=True, slots=True)
class Demand:
    """An amount at a node.

    Attributes:
        node: NAME[key1,key2]@PERIOD, or a path [NAME/]key1/key2[/PERIOD].
        amount: positive.
        act: what is to be done.
        reference: reservation that is used first, or topped up.
    """

    node: str
    amount: Amount
    act: Act = Act.RESERVE
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """Lets pass what nodes with this override role would block; the reason is kept in the log."""

    role: str
    reason: str


@dataclass(frozen=True, slots=True)
class BudgetOptions:
    """What every budget call may carry.

    Attributes:
        budget: wire name of the budget that a path or reference means; "" = the first declared.
        date: business date, which chooses the period of a node that names none; None = today.
        actor: person for whom the call is made.
        override: None = no override.
        language: of the sentence.
        attempt_id: of an earlier try of the same call; "" takes a fresh one.
    """

    budget: str = ""
    date: datetime.date | None = None
    actor: str = ""
    override: Override | None = None
    language: Language = Language.DECLARED
    attempt_id: str = ""

    def written(self, request: Any) -> Any:
        """Sets the options a request has; those it has no place for are left out."""
        values: dict[str, object] = {
            "budget": self.budget,
            "date": self.date.isoformat() if self.date is not None else "",
            "actor": self.actor,
            "language": pb.Language.Value(self.language.value),
            "attempt_id": self.attempt_id or new_attempt_id(),
        }
        for name, value in values.items():
            if name in request.DESCRIPTOR.fields_by_name:
                setattr(request, name, value)
        if self.override is not None and "override" in request.DESCRIPTOR.fields_by_name:
            request.override.role = self.override.role
            request.override.reason = self.override.reason
        return request


DEFAULTS = BudgetOptions()


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Limits a list of decisions; an empty value limits nothing."""

    node: str = ""
    source: str = ""
    event_id: str = ""
    verdicts: Iterable[Verdict] = field(default=())
    person: str = ""


# ---------------------------------------------------------------- asking and moving


def check(demands: Sequence[Demand], options: BudgetOptions, min_seq: int) -> Query[BudgetCheck]:
    """Asks demands."""
    asked = pb.BudgetDemands(
        demands=[
            pb.BudgetDemand(
                node=demand.node,
                amount=amount_text(demand.amount),
                act=demand.act.value,
                reference=demand.reference,
            )
            for demand in demands
        ]
    )
    request = pb.CheckBudgetRequest(
        demands=options.written(asked), language=options.language.value, min_seq=min_seq
    )
    return Query("CheckBudget", request, _read_check)


def check_events(
    batches: Iterable[EventBatch], language: Language, min_seq: int
) -> Query[BudgetCheck]:
    """Asks draft events, which have to fit into one message."""
    batch, *more = batches
    if more:
        raise ValueError("so many events are not checked together; check fewer")
    request = pb.CheckBudgetRequest(events=batch, language=language.value, min_seq=min_seq)
    return Query("CheckBudget", request, _read_check)


def _read_check(response: pb.CheckBudgetResponse) -> BudgetCheck:
    results = tuple(map(read_result, response.results))
    verdicts = tuple(verdict for result in results for verdict in result.budget)
    return BudgetCheck(response.fits, response.sentence, verdicts, results, response.seq)


def reserve(
    node: str,
    amount: Amount,
    *,
    reference: str = "",
    group: str = "",
    expiry: Expiry | None = None,
    options: BudgetOptions = DEFAULTS,
) -> Query[BudgetAnswer]:
    """Reserves an amount."""
    request = pb.ReserveBudgetRequest(
        node=node, amount=amount_text(amount), reference=reference, group=group
    )
    if expiry is not None:
        _write_expiry(request, expiry)
    return _move("ReserveBudget", request, options)


def use(
    method: str,
    node: str,
    amount: Amount | None,
    *,
    reference: str = "",
    group: str = "",
    options: BudgetOptions = DEFAULTS,
) -> Query[BudgetAnswer]:
    """Commits or spends an amount, or what a reference or group holds."""
    request_type: Callable[..., Any] = (
        pb.CommitBudgetRequest if method == "CommitBudget" else pb.SpendBudgetRequest
    )
    request = request_type(
        node=node,
        amount="" if amount is None else amount_text(amount),
        reference=reference,
        group=group,
    )
    return _move(method, request, options)


def release(
    reference: str,
    group: str,
    amount: Amount | None,
    options: BudgetOptions = DEFAULTS,
) -> Query[BudgetAnswer]:
    """Gives back what a reference or a group holds."""
    request = pb.ReleaseBudgetRequest(amount="" if amount is None else amount_text(amount))
    _write_holder(request, reference, group)
    return _move("ReleaseBudget", request, options)


def extend(
    reference: str, group: str, expiry: Expiry, options: BudgetOptions = DEFAULTS
) -> Query[BudgetAnswer]:
    """Moves the end of a soft hold."""
    request = pb.ExtendReservationRequest()
    _write_holder(request, reference, group)
    _write_expiry(request, expiry)
    return _move("ExtendReservation", request, options)


def _move(method: str, request: Any, options: BudgetOptions) -> Query[BudgetAnswer]:
    options.written(request)

    def read(response: Any) -> BudgetAnswer:
        return BudgetAnswer(
            result=read_result(response.result),
            sentence=response.sentence,
            reference=getattr(response, "reference", ""),
            seq=response.seq,
            attempt_id=request.attempt_id,
        )

    return Query(method, request, read)


def _write_holder(request: Any, reference: str, group: str) -> None:
    if bool(reference) == bool(group):
        raise ValueError("name either a reference or a group")
    if reference:
        request.reference = reference
    else:
        request.group = group


def _write_expiry(request: Any, expiry: Expiry) -> None:
    if isinstance(expiry, datetime.timedelta):
        # Rounded up, so that a hold never ends before it was meant to.
        request.expire_after_seconds = -(-expiry // datetime.timedelta(seconds=1))
    elif expiry.tzinfo is None:
        raise ValueError("the end of a hold needs a time zone")
    else:
        request.expire_time = expiry.isoformat()


# ---------------------------------------------------------------- reading


def node(name: str, min_seq: int) -> Query[BudgetNode]:
    """Reads a node."""
    return Query(
        "GetBudget",
        pb.GetBudgetRequest(node=name, page_size=1, min_seq=min_seq),
        lambda response: read_node(response.node),
    )


def reservations(name: str, min_seq: int) -> PagedQuery[Reservation]:
    """Lists what stands at a node and below it."""
    return lambda token: Query(
        "GetBudget",
        pb.GetBudgetRequest(node=name, page_size=_PAGE_SIZE, page_token=token, min_seq=min_seq),
        lambda response: Page(
            tuple(map(read_reservation, response.reservations)), response.next_page_token
        ),
    )


def nodes(budget: str, top_node: str, period: str, min_seq: int) -> PagedQuery[BudgetNode]:
    """Lists nodes."""
    return lambda token: Query(
        "ListBudgets",
        pb.ListBudgetsRequest(
            budget=budget,
            top_node=top_node,
            period=period,
            page_size=_PAGE_SIZE,
            page_token=token,
            min_seq=min_seq,
        ),
        lambda response: Page(tuple(map(read_node, response.nodes)), response.next_page_token),
    )


def decisions(wanted: DecisionFilter, min_seq: int) -> PagedQuery[BudgetDecision]:
    """Lists decisions."""
    verdicts = [int(verdict) for verdict in wanted.verdicts]
    return lambda token: Query(
        "ListBudgetDecisions",
        pb.ListBudgetDecisionsRequest(
            node=wanted.node,
            source=wanted.source,
            event_id=wanted.event_id,
            verdicts=verdicts,  # type: ignore[arg-type] # numbers of the same enum
            person=wanted.person,
            page_size=_PAGE_SIZE,
            page_token=token,
            min_seq=min_seq,
        ),
        lambda response: Page(
            tuple(map(read_decision, response.decisions)), response.next_page_token
        ),
    )


def watch(names: Iterable[str], budgets: Iterable[str]) -> Callable[[int], Query[BudgetUpdate]]:
    """Follows nodes; takes the position the first answer stands at or after."""
    followed, declared = tuple(names), tuple(budgets)
    return lambda min_seq: Query(
        "WatchBudget",
        pb.WatchBudgetRequest(nodes=followed, budgets=declared, min_seq=min_seq),
        lambda response: BudgetUpdate(tuple(map(read_node, response.nodes)), response.seq),
    )
