"""Revisions of a book as messages."""

from __future__ import annotations

from collections.abc import Mapping

from engine.calendar import iso_instant
from engine.calls import Act, RevisionState, RevisionView
from engine.effects import PublishingMode
from tongpin.v1 import rule_service_pb2 as pb

STATES: Mapping[RevisionState, pb.RevisionState] = {
    RevisionState.PROPOSED: pb.REVISION_STATE_PROPOSED,
    RevisionState.IN_FORCE: pb.REVISION_STATE_IN_FORCE,
    RevisionState.SUPERSEDED: pb.REVISION_STATE_SUPERSEDED,
    RevisionState.WITHDRAWN: pb.REVISION_STATE_WITHDRAWN,
}


def write_publishing(mode: PublishingMode) -> pb.PublishingMode:
    """How a book publishes."""
    if mode is PublishingMode.FOUR_EYES:
        return pb.PUBLISHING_MODE_FOUR_EYES
    return pb.PUBLISHING_MODE_SINGLE


def write_revision(revision: RevisionView, *, diff: str | None = None) -> pb.Revision:
    """A revision; with its sources where `diff`, against those before it, is given."""
    files = revision.files if diff is not None else ()
    return pb.Revision(
        revision=revision.revision,
        seq=revision.seq,
        valid_from=revision.valid_from,
        valid_until=revision.valid_until,
        principal=revision.principal,
        seal_time=iso_instant(revision.sealed_at_us),
        comment=revision.comment,
        files=[pb.SourceFile(path=path, content=data) for path, data in files],
        publication_id=revision.event_id,
        state=STATES[revision.state],
        approval=_write_act(revision.approval),
        withdrawal=_write_act(revision.withdrawal),
        resolves=[pb.DateRange(first_date=a, last_date=b) for a, b in revision.resolves],
        superseded_by=revision.superseded_by,
        use_count=revision.use_count,
        against=revision.against,
        impact=write_impact(revision.impact),
        diff=diff or "",
    )


def write_impact(impact: Mapping[str, object]) -> pb.Impact | None:
    """The summary of an impact report, None where there is none."""
    counts, seq, events = (impact.get(name) for name in ("class_counts", "seq", "event_count"))
    if not (isinstance(counts, dict) and isinstance(seq, int) and isinstance(events, int)):
        return None
    return pb.Impact(
        against=str(impact.get("against") or ""),
        seq=seq,
        event_count=events,
        class_counts=counts,
        digest=str(impact.get("digest") or ""),
    )


def _write_act(act: Act | None) -> pb.RevisionAct | None:
    if act is None:
        return None
    return pb.RevisionAct(
        principal=act.principal,
        seal_time=iso_instant(act.sealed_at_us),
        comment=act.comment,
        seq=act.seq,
    )
