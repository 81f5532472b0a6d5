"""Revisions and publications of rules, from messages to plain data."""

from __future__ import annotations

from types import MappingProxyType

from tongpin.v1 import rule_service_pb2 as pb
from tongpin_client.results import Revision, RevisionAct, RevisionImpact

_STATE_PREFIX = "REVISION_STATE_"


def read_state(state: pb.RevisionState) -> str:
    """Where a revision stands; "" where nothing is said."""
    name = pb.RevisionState.Name(state).removeprefix(_STATE_PREFIX)
    return "" if name == "UNSPECIFIED" else name


def read_revision(message: pb.Revision) -> Revision:
    """A revision."""
    return Revision(
        revision=message.revision,
        seq=message.seq,
        valid_from=message.valid_from,
        valid_until=message.valid_until,
        principal=message.principal,
        seal_time=message.seal_time,
        comment=message.comment,
        files=MappingProxyType({file.path: file.content for file in message.files}),
        publication_id=message.publication_id,
        state=read_state(message.state),
        approval=_read_act(message.approval) if message.HasField("approval") else None,
        withdrawal=_read_act(message.withdrawal) if message.HasField("withdrawal") else None,
        resolves=tuple((dates.first_date, dates.last_date) for dates in message.resolves),
        superseded_by=tuple(message.superseded_by),
        use_count=message.use_count,
        against=message.against,
        impact=read_impact(message.impact) if message.HasField("impact") else None,
        diff=message.diff,
    )


def read_impact(message: pb.Impact) -> RevisionImpact:
    """The effect of a revision."""
    return RevisionImpact(
        against=message.against,
        seq=message.seq,
        event_count=message.event_count,
        class_counts=MappingProxyType(dict(message.class_counts)),
        digest=message.digest,
    )


def _read_act(message: pb.RevisionAct) -> RevisionAct:
    return RevisionAct(message.principal, message.seal_time, message.comment, message.seq)
