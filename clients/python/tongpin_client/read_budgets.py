"""Messages about budgets as the client's own data."""

from __future__ import annotations

from tongpin.v1 import budget_pb2
from tongpin_client.budget_figures import (
    BudgetDecision,
    BudgetNode,
    BudgetVerdict,
    Control,
    Reservation,
    Verdict,
)

_CONTROLS = {
    budget_pb2.BUDGET_CONTROL_WARN: Control.WARN,
    budget_pb2.BUDGET_CONTROL_TRACK: Control.TRACK,
}


def read_verdict(message: budget_pb2.BudgetVerdict) -> BudgetVerdict:
    """What a node said."""
    return BudgetVerdict(
        node=message.node,
        verdict=Verdict(message.verdict),
        requested_minor=message.requested_minor,
        available_minor=message.available_minor,
        headroom_minor=message.headroom_minor,
        shortfall_minor=message.shortfall_minor,
        excess_minor=message.excess_minor,
        scale=message.scale,
        counts=message.counts,
        role=message.role,
        person=message.person,
        reason=message.reason,
    )


def read_node(message: budget_pb2.BudgetNode) -> BudgetNode:
    """A node with its figures."""
    return BudgetNode(
        node=message.node,
        budget=message.budget,
        budget_name=message.budget_name,
        path=tuple(message.path),
        period=message.period,
        parent=message.parent,
        is_limited=message.is_limited,
        budget_minor=message.budget_minor,
        reserved_minor=message.reserved_minor,
        committed_minor=message.committed_minor,
        actual_minor=message.actual_minor,
        available_minor=message.available_minor,
        scale=message.scale,
        counts=message.counts,
        control=_CONTROLS.get(message.control, Control.BLOCK),
        version=message.version,
        is_closed=message.is_closed,
        override_role=message.override_role,
    )


def read_reservation(message: budget_pb2.Reservation) -> Reservation:
    """What a reference holds."""
    return Reservation(
        reference=message.reference,
        group=message.group,
        node=message.node,
        reserved_minor=message.reserved_minor,
        committed_minor=message.committed_minor,
        expire_time=message.expire_time,
    )


def read_decision(message: budget_pb2.BudgetDecision) -> BudgetDecision:
    """A verdict as stored."""
    return BudgetDecision(
        verdict=read_verdict(message.verdict),
        source=message.source,
        event_id=message.event_id,
        event_type=message.event_type,
        rule=message.rule,
        rule_line=message.rule_line,
        principal=message.principal,
        seal_time=message.seal_time,
        seq=message.seq,
    )
