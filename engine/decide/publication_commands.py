"""Commands that change which rules are in force: publish, propose, approve, withdraw, fix the mode.

Who is who is judged by the principal of the call, never by a field of the event. Each command
stands alone in its commit; what has files was compiled before the commit began.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.calendar import day_of
from engine.calls import (
    PUBLISHING_FIXED,
    REVISION_APPROVED,
    REVISION_PROPOSED,
    REVISION_WITHDRAWN,
    SYSTEM_SOURCE,
)
from engine.decide.context import Outcome
from engine.decide.deciding import Deciding, Publication
from engine.effects import PublishingMode, RevisionStep, Status
from engine.program import NO_DATE
from engine.state.book_state import RevisionEntry

Fields = Mapping[str, object]

_SELF_APPROVED = "SEGREGATION_OF_DUTIES"


def carry_out_publication(
    deciding: Deciding, name: str, command: int, fields: Fields, principal: str
) -> Outcome:
    """Carries out a publication command.

    Args:
        deciding: the commit being decided.
        name: type of the command.
        command: its row in the commands table.
        fields: of its event.
        principal: who gives it.
    """
    publication = deciding.publication
    if publication is None:
        return _refusal(
            "REVISION_REFUSED",
            "publish a revision in a call of its own, not among other events",
        )
    if publication.problem:
        return _refusal("REVISION_REFUSED", publication.problem)
    if name == PUBLISHING_FIXED:
        return _fix(deciding, command, fields)
    if name == REVISION_PROPOSED:
        return _propose(deciding, command, fields, publication)
    if name == REVISION_APPROVED:
        return _approve(deciding, command, fields, principal)
    if name == REVISION_WITHDRAWN:
        return _withdraw(deciding, command, fields, principal)
    return _publish(deciding, command, fields, publication)


def proposal_of(proposals: list[RevisionEntry], fields: Fields) -> RevisionEntry | None:
    """The waiting proposal that an approval names by its id, its revision and its author.

    The author stands there so that the log says twice who wrote what is approved.
    """
    source, event_id = fields.get("of_source") or SYSTEM_SOURCE, fields.get("of_id")
    for entry in proposals:
        if (entry.source, entry.event_id) == (source, event_id) and not entry.withdrawn_seq:
            named = (fields.get("revision"), fields.get("author"))
            return entry if named == (entry.revision, entry.author) else None
    return None


def _fix(deciding: Deciding, command: int, fields: Fields) -> Outcome:
    modes = {mode.name.lower(): mode for mode in PublishingMode}
    mode = modes.get(str(fields.get("mode")))
    if mode is None:
        return _refusal("INVALID_FIELD", "mode is " + " or ".join(modes))
    if mode < deciding.state.publishing:
        return _refusal(
            "PUBLISHING_FIXED",
            "this book publishes with four eyes, and that is never loosened again",
        )
    deciding.builder.publishing.append((command, int(mode)))
    return Outcome(Status.NO_POSTING, "", f"this book publishes in the mode {mode.name.lower()}")


def _publish(deciding: Deciding, command: int, fields: Fields, publication: Publication) -> Outcome:
    if deciding.state.publishing == PublishingMode.FOUR_EYES:
        return _refusal(
            _SELF_APPROVED,
            "in this book a revision is proposed by one person and approved by another",
        )
    revision = publication.revision
    days = _days(fields)
    if days is None:
        return _refusal("INVALID_FIELD", _NO_DATE_MESSAGE)
    _put_into_force(deciding, command, revision, days)
    return Outcome(Status.NO_POSTING, "", f"revision {revision} is in force")


def _propose(deciding: Deciding, command: int, fields: Fields, publication: Publication) -> Outcome:
    days = _days(fields)
    if days is None:
        return _refusal("INVALID_FIELD", _NO_DATE_MESSAGE)
    if NO_DATE not in days and days[1] < days[0]:
        return _refusal("INVALID_FIELD", "valid_until lies before valid_from")
    if not _comment(fields):
        return _refusal("REASON_MISSING", "say why these rules are proposed")
    revision = publication.revision
    for entry in deciding.state.proposals:
        same = (entry.revision, entry.valid_from, entry.valid_until) == (revision, *days)
        if same and not entry.withdrawn_seq:
            return _refusal(
                "ALREADY_PROPOSED",
                f"revision {revision} waits for approval for these dates already, proposed by "
                f"{entry.author} in commit {entry.source_seq}",
            )
    _step(deciding, command, RevisionStep.PROPOSED, revision, (0, -1, *days))
    return Outcome(Status.NO_POSTING, "", f"revision {revision} waits for approval by another")


def _approve(deciding: Deciding, command: int, fields: Fields, principal: str) -> Outcome:
    entry = proposal_of(deciding.state.proposals, fields)
    if entry is None:
        return _refusal(
            "NOT_PROPOSED",
            f"no proposal {fields.get('of_id')} of revision {fields.get('revision')} by "
            f"{fields.get('author')} waits for approval",
        )
    if principal == entry.author:
        return _refusal(
            _SELF_APPROVED, f"{principal} proposed this revision and cannot approve it as well"
        )
    if not _comment(fields):
        return _refusal("REASON_MISSING", "say why these rules are approved")
    days = (entry.valid_from, entry.valid_until)
    place = (entry.source_seq, entry.source_row)
    _put_into_force(deciding, command, entry.revision, days)
    _step(deciding, command, RevisionStep.APPROVED, entry.revision, (*place, *days))
    return Outcome(Status.NO_POSTING, "", f"revision {entry.revision} is in force")


def _withdraw(deciding: Deciding, command: int, fields: Fields, principal: str) -> Outcome:
    state = deciding.state
    name = (fields.get("of_source") or SYSTEM_SOURCE, fields.get("of_id"))
    entry = next(
        (
            found
            for found in (*state.proposals, *state.revisions)
            if (found.source, found.event_id) == name and not found.withdrawn_seq
        ),
        None,
    )
    if entry is None or entry.revision != fields.get("revision"):
        return _refusal(
            "NOT_PUBLISHED",
            f"no publication {name[1]} of revision {fields.get('revision')} is there to withdraw",
        )
    if entry.first_use_seq:
        return _refusal(
            "REVISION_USED",
            f"revision {entry.revision} was used first in commit {entry.first_use_seq} and stays "
            "in the log as it is; publish a revision that supersedes it",
        )
    four_eyes = state.publishing == PublishingMode.FOUR_EYES
    if entry.seq and four_eyes and principal == entry.author:
        return _refusal(
            _SELF_APPROVED, f"{principal} wrote this revision; another withdraws it once in force"
        )
    if not _comment(fields):
        return _refusal("REASON_MISSING", "say why the revision is withdrawn")
    place = (entry.source_seq, entry.source_row, entry.valid_from, entry.valid_until)
    _step(deciding, command, RevisionStep.WITHDRAWN, entry.revision, place)
    return Outcome(Status.NO_POSTING, "", f"revision {entry.revision} is withdrawn")


def _put_into_force(deciding: Deciding, command: int, revision: str, days: tuple[int, int]) -> None:
    code = deciding.overlay.strings.code(revision)
    deciding.builder.revisions.append((command, code, *days))
    deciding.builder.revisions_used.add(revision)


def _step(
    deciding: Deciding,
    command: int,
    step: RevisionStep,
    revision: str,
    rest: tuple[int, int, int, int],
) -> None:
    code = deciding.overlay.strings.code(revision)
    deciding.builder.revision_steps.append((command, int(step), code, *rest))


_NO_DATE_MESSAGE = 'valid_from and valid_until are dates written "2026-03-05"'


def _days(fields: Fields) -> tuple[int, int] | None:
    """First and last business day, NO_DATE = no limit; None where one is no date."""
    days = []
    for name in ("valid_from", "valid_until"):
        text = fields.get(name)
        try:
            days.append(day_of(text) if isinstance(text, str) and text else NO_DATE)
        except ValueError:
            return None
    return days[0], days[1]


def _comment(fields: Fields) -> str:
    text = fields.get("comment")
    return text.strip() if isinstance(text, str) else ""


def _refusal(reason: str, message: str) -> Outcome:
    return Outcome(Status.REJECTED_RULE, reason, message)
