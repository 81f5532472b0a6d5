"""Whether the rows of a commit's budget tables can be what they say: names, stages, expiries."""

from __future__ import annotations

import json

from engine.budget.names import NodeNameError, split_name
from engine.effects import (
    BUDGET_DECISIONS,
    BUDGET_MOVES,
    BUDGET_NODES,
    MoveKind,
    Stage,
    Verdict,
)
from engine.program import NO_DATE, Control
from engine.state.budgets import TOLERATED
from engine.verify.report import Mismatch
from engine.verify.view import FIRST_DAY, LAST_DAY, CommitView

_KIND = "ROW_MALFORMED"
_ACTS = frozenset(act.value for act in TOLERATED)
_CONTROLS = frozenset(control.value for control in Control)

#: Stages whose moves belong to a reference.
_HELD = frozenset({Stage.RESERVED, Stage.COMMITTED})


def check_budget_form(view: CommitView) -> None:
    """Checks every row of the three tables by itself."""
    if view.count(BUDGET_NODES.name):
        _check_nodes(view)
    if view.count(BUDGET_MOVES.name):
        _check_moves(view)
    if view.count(BUDGET_DECISIONS.name):
        _check_decisions(view)


def _check_nodes(view: CommitView) -> None:
    table = BUDGET_NODES.name
    controls = view.text(table, "control")
    for row, text in enumerate(view.text(table, "path")):
        if not _is_path(text):
            raise _malformed(view, (table, row, "path"), "a JSON array of keys", text)
        if controls[row] not in _CONTROLS:
            raise _malformed(view, (table, row, "control"), sorted(_CONTROLS), controls[row])
    for row, text in enumerate(view.text(table, "tolerances")):
        if not _is_tolerance(text):
            expected = "an object act -> [ppm, amount]"
            raise _malformed(view, (table, row, "tolerances"), expected, text)
    for name in ("first_day", "last_day"):
        for row, day in enumerate(view.numbers(table, name)):
            if day != NO_DATE and not FIRST_DAY <= day <= LAST_DAY:
                raise _malformed(view, (table, row, name), "a date", day)


def _check_moves(view: CommitView) -> None:
    table = BUDGET_MOVES.name
    _check_names(view, table)
    rows = zip(
        view.numbers(table, "command"),
        view.numbers(table, "kind"),
        view.numbers(table, "stage"),
        view.text(table, "reference"),
        view.numbers(table, "amount"),
        strict=True,
    )
    for row, (command, kind, stage, reference, amount) in enumerate(rows):
        if (command < 0) != (kind == MoveKind.EXPIRE):
            expected = "an expiry where no command is named, and only there"
            raise _malformed(view, (table, row, "kind"), expected, MoveKind(kind).name)
        # What is taken back beyond what is held stands under no reference, and so does what comes
        # back of it.
        if Stage(stage) in _HELD and not reference and amount > 0 and kind != MoveKind.RETURN:
            expected = "one for what is reserved or committed"
            raise _malformed(view, (table, row, "reference"), expected, "none")
        if Stage(stage) not in _HELD and reference:
            expected = "none for an amount and for what is spent"
            raise _malformed(view, (table, row, "reference"), expected, reference)


def _check_decisions(view: CommitView) -> None:
    table = BUDGET_DECISIONS.name
    _check_names(view, table)
    rows = zip(view.numbers(table, "command"), view.numbers(table, "verdict"), strict=True)
    for row, (command, verdict) in enumerate(rows):
        if (command < 0) != (verdict == Verdict.EXPIRED):
            expected = "EXPIRED where no command is named, and only there"
            raise _malformed(view, (table, row, "verdict"), expected, Verdict(verdict).name)


def _check_names(view: CommitView, table: str) -> None:
    """Nodes are written canonically, and rows without a command name no event."""
    nodes = view.text(table, "node")
    good = {name for name in set(nodes) if _is_node(name)}
    if len(good) != len(set(nodes)):
        row = next(row for row, name in enumerate(nodes) if name not in good)
        raise _malformed(view, (table, row, "node"), "NAME[k1,k2]@PERIOD", nodes[row])
    events = zip(
        view.numbers(table, "command"),
        view.numbers(table, "source"),
        view.numbers(table, "event_id"),
        strict=True,
    )
    for row, (command, source, event_id) in enumerate(events):
        if not (command < 0) == (source < 0) == (event_id < 0):
            expected = "an event where there is a command, and only there"
            raise _malformed(view, (table, row, "event_id"), expected, event_id)


def _is_node(name: str) -> bool:
    try:
        return split_name(name) is not None
    except NodeNameError:
        return False


def _is_path(text: str) -> bool:
    try:
        path = json.loads(text)
    except ValueError:
        return False
    return isinstance(path, list) and all(isinstance(key, str) for key in path)


def _is_tolerance(text: str) -> bool:
    try:
        given = json.loads(text)
    except ValueError:
        return False
    return (
        isinstance(given, dict)
        and given.keys() <= _ACTS
        and all(
            isinstance(pair, list)
            and len(pair) == 2
            and all(part is None or (type(part) is int and part >= 0) for part in pair)
            for pair in given.values()
        )
    )


def _malformed(
    view: CommitView, place: tuple[str, int, str], expected: object, found: object
) -> Mismatch:
    table, row, column = place
    return view.differs(_KIND, f"{table} row {row}, column {column}", expected, found)
