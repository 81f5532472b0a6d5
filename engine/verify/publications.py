"""Whether rules were put into force by those who may, read from commands and principals alone.

This does not decide the commands again (`decisions` does): it holds every revision in force
against who wrote it and who approved it, as the log names them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from engine import effects as schema
from engine.calls import (
    PUBLISHING_FIXED,
    REVISION_APPROVED,
    REVISION_PROPOSED,
    REVISION_PUBLISHED,
    SYSTEM_SOURCE,
)
from engine.effects import Status
from engine.history import Commits
from engine.verify.view import CommitView

_KIND = "REVISION_APPROVAL"


@dataclass(slots=True)
class Publishing:
    """What the commits so far say. `proposals`: (source, id) -> (commit, row)."""

    needs_two: bool = False
    proposals: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)


def check_publications(view: CommitView, commits: Commits, known: Publishing) -> None:
    """Checks who put the revisions of a commit into force; notes its proposals and its mode."""
    table = schema.COMMANDS.name
    if not (view.count(table) and (_publications(view) or _in_force(view))):
        return
    types, principals = view.text(table, "type"), view.text(table, "principal")
    names = list(zip(view.text(table, "source"), view.text(table, "event_id"), strict=True))
    owners = view.numbers(schema.REVISIONS.name, "command") if _in_force(view) else []
    revisions = view.text(schema.REVISIONS.name, "revision") if owners else []
    for row, revision in zip(owners, revisions, strict=True):
        if types[row] == REVISION_PUBLISHED and not known.needs_two:
            continue
        if types[row] != REVISION_APPROVED:
            expected = "approval by another than its author"
            raise view.differs(_KIND, revision, expected, f"{types[row]} by {principals[row]}")
        fields = msgspec.json.decode(view.blobs(table, "content")[row] or b"{}")
        name = (str(fields.get("of_source") or SYSTEM_SOURCE), str(fields.get("of_id")))
        author, proposed = _proposal(known.proposals.get(name), commits)
        if author != fields.get("author"):
            expected = f"written by {fields.get('author')}, as the approval says"
            raise view.differs(_KIND, revision, expected, author or "nobody")
        if author == principals[row]:
            raise view.differs(_KIND, revision, f"approval by another than {author}", author)
        if not revision == proposed == fields.get("revision"):
            raise view.differs(_KIND, revision, f"revision {proposed} of {name[1]}", revision)
    statuses = view.numbers(table, "status")
    for row, kind in enumerate(types):
        if statuses[row] != Status.NO_POSTING:
            continue
        if kind == REVISION_PROPOSED:
            known.proposals[names[row]] = (view.seq, row)
        elif kind == PUBLISHING_FIXED:
            fields = msgspec.json.decode(view.blobs(table, "content")[row])
            known.needs_two = known.needs_two or fields.get("mode") == "four_eyes"


def _publications(view: CommitView) -> int:
    return view.count(schema.REVISION_STEPS.name) + view.count(schema.PUBLISHING.name)


def _in_force(view: CommitView) -> int:
    return view.count(schema.REVISIONS.name)


def _proposal(place: tuple[int, int] | None, commits: Commits) -> tuple[str, str]:
    """Author and revision of a proposal, "" for both where there is none."""
    if place is None:
        return "", ""
    seq, row = place
    _, effects = commits.get(seq)
    steps = effects.tables[schema.REVISION_STEPS.name].ints("command").tolist()
    revision = effects.text(schema.REVISION_STEPS.name, "revision")[steps.index(row)]
    return effects.text(schema.COMMANDS.name, "principal")[row], revision
