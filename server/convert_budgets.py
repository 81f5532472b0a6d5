"""Budget verdicts, nodes, reservations and decisions as messages of the wire; no decisions."""

from __future__ import annotations

from collections.abc import Mapping

from engine.calendar import iso_instant
from engine.calls import BudgetDecision, BudgetNodeView, BudgetVerdict, ReservationView
from tongpin.v1 import budget_pb2 as pb

_CONTROLS = {
    "block": pb.BUDGET_CONTROL_BLOCK,
    "warn": pb.BUDGET_CONTROL_WARN,
    "track": pb.BUDGET_CONTROL_TRACK,
}


def write_verdict(verdict: BudgetVerdict) -> pb.BudgetVerdict:
    """What a node said. The numbers of the verdicts are those of the wire."""
    return pb.BudgetVerdict(
        node=verdict.node,
        verdict=int(verdict.verdict),  # type: ignore[arg-type] # the same numbers, by contract
        requested_minor=verdict.requested,
        available_minor=verdict.available,
        headroom_minor=verdict.available - verdict.requested,
        shortfall_minor=verdict.shortfall,
        excess_minor=verdict.excess,
        scale=verdict.scale,
        counts=verdict.currency,
        role=verdict.role,
        person=verdict.person,
        reason=verdict.reason,
    )


def write_node(node: BudgetNodeView, names: Mapping[str, str]) -> pb.BudgetNode:
    """A node with its figures.

    Args:
        node: as read.
        names: wire name of a budget -> its author's name; of one no longer declared, none.
    """
    return pb.BudgetNode(
        node=node.node,
        budget=node.budget_name,
        budget_name=names.get(node.budget_name, node.budget_name),
        path=node.path,
        period=node.period,
        parent=node.parent,
        is_limited=node.limited,
        budget_minor=node.budget,
        reserved_minor=node.reserved,
        committed_minor=node.committed,
        actual_minor=node.actual,
        available_minor=node.available,
        scale=node.scale,
        counts=node.currency,
        control=_CONTROLS.get(node.control, pb.BUDGET_CONTROL_UNSPECIFIED),
        version=node.version,
        is_closed=node.closed,
        override_role=node.override_role,
    )


def write_reservation(reservation: ReservationView) -> pb.Reservation:
    """What a reference holds."""
    return pb.Reservation(
        reference=reservation.reference,
        group=reservation.group,
        node=reservation.node,
        reserved_minor=reservation.reserved,
        committed_minor=reservation.committed,
        expire_time=iso_instant(reservation.expires_us) if reservation.expires_us else "",
    )


def write_decision(decision: BudgetDecision) -> pb.BudgetDecision:
    """A verdict as stored."""
    return pb.BudgetDecision(
        verdict=write_verdict(decision.verdict),
        source=decision.source,
        event_id=decision.event_id,
        event_type=decision.event_type,
        rule=decision.rule,
        rule_line=decision.rule_line,
        principal=decision.principal,
        seal_time=iso_instant(decision.sealed_at_us),
        seq=decision.seq,
    )
