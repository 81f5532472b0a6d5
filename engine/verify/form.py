"""Whether the tables of a commit hang together: codes, row numbers, enumerations, keys.

What reads a commit takes this for granted, and whoever rewrites one can break it.
"""

from __future__ import annotations

import json

import numpy as np

from engine import effects as schema
from engine.columns import ColumnType, TableSpec
from engine.effects import (
    MoveKind,
    PeriodState,
    PublishingMode,
    ReadKind,
    RevisionStep,
    Stage,
    Status,
    Verdict,
)
from engine.program import NO_DATE
from engine.receive.canonical import HASH_BYTES
from engine.verify.budget_form import check_budget_form
from engine.verify.view import FIRST_DAY, LAST_DAY, CommitView, Int64s

_LARGEST = 2**63 - 1

_KIND = "ROW_MALFORMED"

#: Text columns that may be absent (-1); all others name something.
_OPTIONAL = frozenset(
    {
        "reason",
        "message",
        "revision",
        "stream",
        "group_id",
        "reverses",
        "currency",
        "rate",
        "key",
        "text",
        "field",
        "fields",
        "type",
        "source",
        "event_id",
        "period",
        "parent",
        "override_role",
        "version",
        "reference",
        "rule",
        "role",
        "person",
        "entity",
    }
)
_REQUIRED = frozenset(
    {
        (schema.COMMANDS.name, "source"),
        (schema.COMMANDS.name, "event_id"),
        (schema.COMMANDS.name, "type"),
        (schema.COMMANDS.name, "entity"),
        (schema.VOUCHERS.name, "entity"),
        (schema.DRAFTS.name, "entity"),
        (schema.TARGETS.name, "entity"),
        (schema.PERIODS.name, "entity"),
        (schema.VOUCHERS.name, "source"),
        (schema.VOUCHERS.name, "event_id"),
        (schema.VOUCHERS.name, "currency"),
        (schema.VOUCHERS.name, "revision"),
        (schema.VOUCHERS.name, "rule"),
        (schema.READS.name, "rule"),
        (schema.TARGETS.name, "key"),
        (schema.RECORDS.name, "key"),
        (schema.STATUS_CHANGES.name, "source"),
        (schema.STATUS_CHANGES.name, "event_id"),
        (schema.REVISIONS.name, "revision"),
        *(
            (table.name, column)
            for table in (schema.DRAFTS, schema.UNDO, schema.REVIEWS)
            for column in ("source", "event_id")
        ),
        (schema.DRAFTS.name, "currency"),
        (schema.DRAFTS.name, "revision"),
        (schema.DRAFTS.name, "rule"),
        (schema.UNDO.name, "key"),
        (schema.REVISION_STEPS.name, "revision"),
    }
)

_RANGES = {
    (schema.COMMANDS.name, "status"): (Status.POSTED, Status.REJECTED_RULE),
    (schema.STATUS_CHANGES.name, "status"): (Status.POSTED, Status.WITHDRAWN),
    (schema.CALL_RESULTS.name, "status"): (Status.DUPLICATE, Status.NOT_ATTEMPTED),
    (schema.PERIODS.name, "state"): (PeriodState.OPEN, PeriodState.CLOSED),
    (schema.REVISION_STEPS.name, "step"): (min(RevisionStep), max(RevisionStep)),
    (schema.REVISION_STEPS.name, "of_seq"): (0, _LARGEST),
    (schema.PUBLISHING.name, "mode"): (min(PublishingMode), max(PublishingMode)),
    (schema.READS.name, "kind"): (min(ReadKind), max(ReadKind)),
    (schema.READS.name, "known"): (0, 1),
    (schema.COMMANDS.name, "event_date"): (FIRST_DAY, LAST_DAY),
    (schema.VOUCHERS.name, "event_date"): (FIRST_DAY, LAST_DAY),
    (schema.VOUCHERS.name, "voucher_date"): (FIRST_DAY, LAST_DAY),
    (schema.VOUCHERS.name, "scale"): (0, 18),
    (schema.RECORDS.name, "scale"): (0, schema.REMOVED),
    (schema.DRAFTS.name, "event_date"): (FIRST_DAY, LAST_DAY),
    (schema.DRAFTS.name, "voucher_date"): (FIRST_DAY, LAST_DAY),
    (schema.DRAFTS.name, "number"): (0, 0),
    (schema.DRAFTS.name, "scale"): (0, 18),
    (schema.UNDO.name, "kind"): (min(schema.UndoKind), max(schema.UndoKind)),
    (schema.REVIEWS.name, "approved"): (0, 1),
    (schema.BUDGET_NODES.name, "limited"): (0, 1),
    (schema.BUDGET_NODES.name, "closed"): (0, 1),
    (schema.BUDGET_NODES.name, "scale"): (0, 18),
    (schema.BUDGET_NODES.name, "warn_ppm"): (-1, _LARGEST),
    (schema.BUDGET_MOVES.name, "kind"): (min(MoveKind), max(MoveKind)),
    (schema.BUDGET_MOVES.name, "stage"): (min(Stage), max(Stage)),
    (schema.BUDGET_MOVES.name, "expires_us"): (0, _LARGEST),
    (schema.BUDGET_DECISIONS.name, "verdict"): (min(Verdict), max(Verdict)),
    (schema.BUDGET_DECISIONS.name, "shortfall"): (0, _LARGEST),
    (schema.BUDGET_DECISIONS.name, "excess"): (0, _LARGEST),
}

#: Whose lines the rows of a table are.
_OWNERS = {
    schema.LINES.name: schema.VOUCHERS,
    schema.DRAFT_LINES.name: schema.DRAFTS,
}

#: Tables in which -1 stands for no command: time passed.
_OF_TIME = frozenset({schema.BUDGET_MOVES.name, schema.BUDGET_DECISIONS.name})


def check_form(view: CommitView) -> None:
    """Checks every table of a commit by itself and its references into others."""
    strings = view.effects.strings
    if len(set(strings)) != len(strings):
        raise view.differs(_KIND, "strings", "distinct strings", "one of them twice")
    for spec in schema.TABLES:
        table = view.effects.tables.get(spec.name)
        if table is None or not table.count:
            continue
        for name, kind in table.spec.columns:
            if kind is ColumnType.TEXT:
                _check_codes(view, spec, name)
        for name in ("command", "voucher"):
            if name in table.columns:
                owner = schema.COMMANDS if name == "command" else _OWNERS[spec.name]
                _check_owners(view, spec, name, view.count(owner.name))
    for (table_name, column), (low, high) in _RANGES.items():
        if view.count(table_name):
            _check_range(view, table_name, column, int(low), int(high))
    _check_blobs(view)
    _check_keys(view)
    _check_periods(view)
    check_budget_form(view)


def _check_codes(view: CommitView, spec: TableSpec, name: str) -> None:
    is_optional = (spec.name, name) not in _REQUIRED and (
        name in _OPTIONAL or name.startswith(schema.DIMENSION_PREFIX)
    )
    lowest = -1 if is_optional else 0
    _check_range(view, spec.name, name, lowest, len(view.effects.strings) - 1)


def _check_owners(view: CommitView, spec: TableSpec, name: str, count: int) -> None:
    _check_range(view, spec.name, name, -1 if spec.name in _OF_TIME else 0, count - 1)
    owners = view.ints(spec.name, name)
    falls = np.flatnonzero(owners[1:] < owners[:-1])
    if len(falls):
        row = int(falls[0]) + 1
        raise view.differs(_KIND, _place(spec.name, row, name), "log order", owners[row])


def _check_range(view: CommitView, table: str, name: str, low: int, high: int) -> None:
    values = view.ints(table, name)
    outside = np.flatnonzero((values < low) | (values > high))
    if len(outside):
        row = int(outside[0])
        raise view.differs(_KIND, _place(table, row, name), f"{low} to {high}", values[row])


def _check_blobs(view: CommitView) -> None:
    if not view.count(schema.COMMANDS.name):
        return
    for name in ("identity", "content_hash"):
        for row, value in enumerate(view.blobs(schema.COMMANDS.name, name)):
            if len(value) != HASH_BYTES:
                place = _place(schema.COMMANDS.name, row, name)
                raise view.differs(_KIND, place, f"{HASH_BYTES} bytes", len(value))


def _check_keys(view: CommitView) -> None:
    """Keys of state are JSON arrays of texts and whole numbers."""
    for table in (schema.READS, schema.TARGETS, schema.RECORDS, schema.UNDO):
        if not view.count(table.name):
            continue
        codes = view.ints(table.name, "key")
        for code in np.unique(codes[codes >= 0]).tolist():
            text = view.effects.strings[code]
            if not _is_key(text):
                row = int(np.flatnonzero(codes == code)[0])
                raise view.differs(_KIND, _place(table.name, row, "key"), "a key", text)


def _is_key(text: str) -> bool:
    try:
        parts = json.loads(text)
    except ValueError:
        return False
    return isinstance(parts, list) and all(type(part) in {str, int} for part in parts)


def _check_periods(view: CommitView) -> None:
    for table in (schema.VOUCHERS, schema.DRAFTS, schema.PERIODS):
        if view.count(table.name):
            periods = view.ints(table.name, "period")
            months = periods % 100
            bad = np.flatnonzero(
                (periods < 101) | (periods > 999_912) | (months < 1) | (months > 12)
            )
            if len(bad):
                row = int(bad[0])
                place = _place(table.name, row, "period")
                raise view.differs(_KIND, place, "year*100 + month", periods[row])
    for table in (schema.REVISIONS, schema.REVISION_STEPS):
        if view.count(table.name):
            for name in ("valid_from", "valid_until"):
                days = view.ints(table.name, name)
                _check_days(view, f"{table.name}, column {name}", days[days != NO_DATE])


def _check_days(view: CommitView, place: str, days: Int64s) -> None:
    if len(days) and not (int(days.min()) >= FIRST_DAY and int(days.max()) <= LAST_DAY):
        raise view.differs(_KIND, place, "a date", days.tolist())


def _place(table: str, row: int, column: str) -> str:
    return f"{table} row {row}, column {column}"
