"""How the command line shows revisions, and which of them an event resolves to."""

from __future__ import annotations

from engine.calendar import iso_instant
from engine.calls import Act, Resolution, RevisionView
from tongpin_cli.output import Output

Data = dict[str, object]


def show_table(found: list[Data], output: Output) -> None:
    """Prints revisions as a table, a line each."""
    output.table(
        ("revision", "state", "commit", "from", "until", "author", "approved by", "uses", "why"),
        [
            (
                str(each["revision"])[:8],
                str(each["state"]),
                str(each["seq"]),
                str(each["valid_from"]),
                str(each["valid_until"]),
                str(each["author"]),
                _who(each["approval"]),
                str(each["use_count"]),
                str(each["comment"]),
            )
            for each in found
        ],
        right="  r    r ",
    )


def _who(act: object) -> str:
    return str(act["principal"]) if isinstance(act, dict) else ""


def revision_data(view: RevisionView) -> Data:
    """A revision for machines."""
    return {
        "revision": view.revision,
        "state": view.state.name,
        "seq": view.seq,
        "valid_from": view.valid_from,
        "valid_until": view.valid_until,
        "author": view.principal,
        "time": iso_instant(view.sealed_at_us),
        "comment": view.comment,
        "approval": act_data(view.approval),
        "withdrawal": act_data(view.withdrawal),
        "resolves": [list(dates) for dates in view.resolves],
        "superseded_by": list(view.superseded_by),
        "use_count": view.use_count,
        "against": view.against,
        "impact": dict(view.impact),
        "id": view.event_id,
    }


def act_data(act: object) -> Data | None:
    """What somebody did about a revision, as the engine or the client gives it."""
    if act is None:
        return None
    if isinstance(act, Act):
        time, comment = iso_instant(act.sealed_at_us), act.comment
        return {"principal": act.principal, "time": time, "comment": comment, "seq": act.seq}
    names = ("principal", "seal_time", "comment", "seq")
    principal, time, comment, seq = (getattr(act, name) for name in names)
    return {"principal": principal, "time": time, "comment": comment, "seq": seq}


def show_resolution(resolution: Resolution, output: Output) -> None:
    """Prints which revision an event resolved to, and why not another."""
    chosen = resolution.chosen
    if chosen is None:
        output.text(f"revision  none: {resolution.sentence}")
    else:
        dates = f"{chosen.valid_from or 'always'} to {chosen.valid_until or 'open'}"
        by = f"published by {chosen.principal} at {iso_instant(chosen.sealed_at_us)}"
        if chosen.approval is not None:
            by += f", approved by {chosen.approval.principal} at "
            by += iso_instant(chosen.approval.sealed_at_us)
        output.text(f"revision  {chosen.revision[:8]}: {resolution.sentence}")
        output.text(f"          {by}; in force from commit {chosen.seq}, dates {dates}")
    for view, why in resolution.passed_over:
        output.text(f"          not {view.revision[:8]} (commit {view.seq}): {why}")


def resolution_data(resolution: Resolution) -> Data:
    """The same for machines."""
    chosen = resolution.chosen
    return {
        "revision": revision_data(chosen) if chosen is not None else None,
        "why": resolution.sentence,
        "passed_over": [
            {"revision": view.revision, "seq": view.seq, "why": why}
            for view, why in resolution.passed_over
        ],
    }
