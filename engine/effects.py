"""The tables a commit is made of: what `decide` writes and `apply` reads, schema version 3.

A commit holds the commands in log order and everything they changed, as columns. Text columns
are codes into the commit's string dictionary. Row numbers refer to rows of the same commit.
Nothing here contains a rule; whoever can read these tables can rebuild the book.
"""

from __future__ import annotations

from enum import IntEnum

from engine.columns import ColumnType, TableSpec

#: Version of the meaning of these tables; written into every commit header.
#: 2: budgets (`budget_nodes`, `budget_moves`, `budget_decisions`).
#: 3: publishing in two steps (`revision_steps`, `publishing`); review (`drafts`, `draft_lines`,
#: `undo`, `reviews`).
EFFECTS_SCHEMA = 3

_I64, _I32, _U8 = ColumnType.INT64, ColumnType.INT32, ColumnType.UINT8
_TEXT, _BYTES, _PERSONAL = ColumnType.TEXT, ColumnType.BYTES, ColumnType.PERSONAL


class Status(IntEnum):
    """What became of an event. Values are those of the wire and of the log; never reused."""

    POSTED = 1
    NO_POSTING = 2
    PENDING_REVIEW = 3
    HELD = 4
    UNPOSTED = 5
    REJECTED_BUDGET = 6
    REJECTED_RULE = 7
    DUPLICATE = 8
    CONFLICT = 9
    INVALID = 10
    GROUP_FAILED = 11
    NOT_ATTEMPTED = 12
    WITHDRAWN = 13

    @property
    def takes_identity(self) -> bool:
        """Whether (source, id) belongs to this event from now on."""
        return self <= Status.UNPOSTED

    @property
    def is_stored(self) -> bool:
        """Whether the log holds a row for an event that ended so."""
        return self <= Status.REJECTED_RULE


class ReadKind(IntEnum):
    """What kind of state a rule read."""

    RECORD = 1
    BALANCE = 2
    TARGET = 3
    TABLE_ROW = 4
    LEDGER_LIST = 7  # a list read from the ledger: its elements as JSON in `text`
    EXISTENCE = 5  # whether a record exists; `known` is the answer
    VERSION = (
        6  # from which day a dated record's version in force is; its key ends with the day asked
    )


class PeriodState(IntEnum):
    """State of an accounting period of an entity; periods never mentioned are open."""

    OPEN = 1
    CLOSED = 2


class RevisionStep(IntEnum):
    """A step of publishing in two steps, or backwards."""

    PROPOSED = 1
    APPROVED = 2
    WITHDRAWN = 3


class PublishingMode(IntEnum):
    """How many persons it takes to put rules into force; a book that says nothing is SINGLE."""

    SINGLE = 1
    FOUR_EYES = 2


class Stage(IntEnum):
    """Which figure of a budget node a move changes."""

    LIMIT = 0  # the amount granted to the node itself; never rolls up
    RESERVED = 1  # 预占
    COMMITTED = 2  # 承诺
    ACTUAL = 3  # 实际


class MoveKind(IntEnum):
    """Why a budget move was made."""

    APPROVE = 1  # a version set the amount
    REVISE = 2  # raised or lowered
    TRANSFER = 3
    CARRY = 4  # balance or open reservation carried into another period
    OPENING = 5  # consumed before the book began
    RESERVE = 6
    COMMIT = 7
    SPEND = 8
    RELEASE = 9
    EXPIRE = 10  # a soft hold's time was up
    EXTEND = 11  # a soft hold got more time; the amount is 0
    RETURN = 12  # what an event moved that was returned or withdrawn before it was posted


class UndoKind(IntEnum):
    """What a row of UNDO puts back."""

    TARGET = 1  # `number`: what the event added to it
    RECORD = 2  # the value, or with `field` absent the existence, from before the event


class Verdict(IntEnum):
    """What a budget node said to an event. Values are those of the wire and of the log."""

    PASS = 1
    WARN = 2  # passed; little is left, or the node or the statement only warns
    BLOCK = 3  # refused
    OVERRIDE = 4  # passed beyond the amount by someone who may
    OVERRUN = 5  # passed beyond the amount: the event must post
    HOLD = 6  # the event waits for a decision
    UNCHECKED = 7  # passed, marked: the check could not be made
    CUT = 8  # the amount was lowered below what is used
    EXPIRED = 9  # a soft hold was given back


#: One row per command stored: accepted events, refused decisions, system commands.
#: `content` is the canonical JSON as received. `identity`/`content_hash` are 16 bytes
#: (BLAKE2b-128). `stream`, `offset`, `offset_index`: the call and the position in it: a stream
#: is "s:PRINCIPAL:STREAM", an attempt "a:PRINCIPAL:ATTEMPT" with offset 0; offset -1 = neither.
#: `content` is empty for refused events. `revision`: that decided it, or "".
COMMANDS = TableSpec(
    "commands",
    (
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("type", _TEXT),
        ("entity", _TEXT),
        ("event_date", _I32),
        ("status", _U8),
        ("reason", _TEXT),
        ("message", _TEXT),
        ("revision", _TEXT),
        ("principal", _TEXT),
        ("stream", _TEXT),
        ("offset", _I64),
        ("offset_index", _I32),
        ("group_id", _TEXT),
        ("voucher_count", _I32),
        ("identity", _BYTES),
        ("content_hash", _BYTES),
        ("content", _BYTES),
    ),
)

#: Vouchers in number order of the commit. `command`: row of COMMANDS that caused it (a retry
#: command for an event posted later; `source`/`event_id` always name the business event).
#: `period`: year*100 + month. `reverses`: full voucher name or absent.
VOUCHERS = TableSpec(
    "vouchers",
    (
        ("command", _I32),
        ("entity", _TEXT),
        ("ledger", _TEXT),
        ("series", _TEXT),
        ("period", _I32),
        ("word", _TEXT),
        ("number", _I64),
        ("voucher_date", _I32),
        ("event_date", _I32),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("rule", _TEXT),
        ("revision", _TEXT),
        ("summary", _TEXT),
        ("state", _TEXT),
        ("reverses", _TEXT),
        ("scale", _U8),
        ("currency", _TEXT),
        ("line_count", _I32),
    ),
)

#: Lines in voucher order. Exactly one of debit and credit is not zero; red amounts are negative
#: on their side. Amounts in minor units of the ledger (`scale` of the voucher). `currency` is
#: absent and fc_* 0 for lines in functional currency. `rule_line`: line in the rule file;
#: `element`: position in the list the line was made `each` of, or -1. Dimensions follow as
#: further TEXT columns `dim_<wire name>`, sorted by name.
LINES = TableSpec(
    "lines",
    (
        ("voucher", _I32),
        ("line_no", _I32),
        ("account_code", _TEXT),
        ("account_name", _TEXT),
        ("debit", _I64),
        ("credit", _I64),
        ("currency", _TEXT),
        ("fc_debit", _I64),
        ("fc_credit", _I64),
        ("rate", _TEXT),
        ("rule_line", _I32),
        ("element", _I32),
    ),
)

DIMENSION_PREFIX = "dim_"

#: Every state a rule read for a stored event. `node`: index into the rule's nodes; `element`: list
#: element or -1; `name`: of the record, balance, target or table; `key`: JSON array of the key
#: (absent for tables). `number`/`text`: the raw value, by its kind (a table read: the row);
#: `known` 0: nothing was there.
READS = TableSpec(
    "reads",
    (
        ("command", _I32),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("rule", _TEXT),
        ("node", _I32),
        ("element", _I32),
        ("kind", _U8),
        ("name", _TEXT),
        ("key", _TEXT),
        ("number", _I64),
        ("text", _TEXT),
        ("known", _U8),
    ),
)

#: New cumulative value of a named target for a key. `value` in the target's minor units.
TARGETS = TableSpec(
    "targets",
    (
        ("command", _I32),
        ("target", _TEXT),
        ("entity", _TEXT),
        ("key", _TEXT),
        ("value", _I64),
    ),
)

#: `scale` of a row of RECORDS that takes something away.
REMOVED = 255

#: New value of a record's field, or, with `field` absent, that the record now exists. Numbers
#: stand in `number` as raw * 10**-`scale`, days and flags likewise with scale 0; texts in `text`.
#: `scale` REMOVED: the field, or with `field` absent the whole record, is no longer there.
RECORDS = TableSpec(
    "records",
    (
        ("command", _I32),
        ("record", _TEXT),
        ("key", _TEXT),
        ("field", _TEXT),
        ("number", _I64),
        ("scale", _U8),
        ("text", _TEXT),
    ),
)

#: A period opened or closed by command. `state`: PeriodState.
PERIODS = TableSpec(
    "periods",
    (("command", _I32), ("entity", _TEXT), ("period", _I32), ("state", _U8)),
)

#: A later decision on an event stored before (retry, withdrawal): its new status.
STATUS_CHANGES = TableSpec(
    "status_changes",
    (
        ("command", _I32),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("status", _U8),
        ("reason", _TEXT),
        ("message", _TEXT),
        ("revision", _TEXT),
    ),
)

#: Results of a call's events that left no row in COMMANDS (duplicates, invalid ones), so that a
#: repeated offset or attempt answers the same. `first_seq`/`first_row`: commit and row of the
#: original. `fields`: conflicting fields, comma-separated.
CALL_RESULTS = TableSpec(
    "call_results",
    (
        ("stream", _TEXT),
        ("offset", _I64),
        ("offset_index", _I32),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("status", _U8),
        ("reason", _TEXT),
        ("message", _TEXT),
        ("first_seq", _I64),
        ("first_row", _I32),
        ("first_status", _U8),
        ("fields", _TEXT),
        ("type", _TEXT),
    ),
)

#: A revision put into force. Its source files are in the command's content.
REVISIONS = TableSpec(
    "revisions",
    (("command", _I32), ("revision", _TEXT), ("valid_from", _I32), ("valid_until", _I32)),
)

#: Steps of a publication. `of_seq`, `of_row`: the command that holds the files of the revision
#: approved or withdrawn; of a proposal 0 and -1. An approval has a row in REVISIONS as well.
REVISION_STEPS = TableSpec(
    "revision_steps",
    (
        ("command", _I32),
        ("step", _U8),
        ("revision", _TEXT),
        ("of_seq", _I64),
        ("of_row", _I32),
        ("valid_from", _I32),
        ("valid_until", _I32),
    ),
)

#: How the book publishes from now on. `mode`: PublishingMode.
PUBLISHING = TableSpec("publishing", (("command", _I32), ("mode", _U8)))

#: Personal data of an event, kept apart so that a subject's key can be deleted later.
PERSONAL = TableSpec(
    "personal",
    (("command", _I32), ("subject", _TEXT), ("field", _TEXT), ("ciphertext", _PERSONAL)),
)

#: Attributes of a budget node from now on (its figures are in BUDGET_MOVES). `path`: JSON array
#: of its keys, root first. `period`: "" for life. `parent`: canonical name of the node above,
#: absent at a root. `first_day`/`last_day`: of a node with dates, else NO_DATE. `control`: block,
#: warn, track. `tolerances`: JSON object act -> [ppm or null, raw amount or null]. `warn_ppm`: -1 =
#: off. `limited` 0: only counted.
BUDGET_NODES = TableSpec(
    "budget_nodes",
    (
        ("command", _I32),
        ("budget", _TEXT),
        ("path", _TEXT),
        ("period", _TEXT),
        ("parent", _TEXT),
        ("first_day", _I32),
        ("last_day", _I32),
        ("control", _TEXT),
        ("tolerances", _TEXT),
        ("warn_ppm", _I64),
        ("override_role", _TEXT),
        ("version", _TEXT),
        ("limited", _U8),
        ("closed", _U8),
        ("scale", _U8),
        ("currency", _TEXT),
    ),
)

#: Changes of a node's figures, in the order they were made. `command` -1: time passed (an expiry).
#: `node`: canonical name NAME[k1,k2]@PERIOD. `stage`: Stage; all but LIMIT count at every node
#: above as well. `amount`: signed raw. `reference`: reservation whose holding changes by it, or
#: absent. `expires_us`: end of a soft hold in log time, 0 = none. `rule`, `rule_line`: absent, 0
#: for commands.
BUDGET_MOVES = TableSpec(
    "budget_moves",
    (
        ("command", _I32),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("node", _TEXT),
        ("kind", _U8),
        ("stage", _U8),
        ("amount", _I64),
        ("reference", _TEXT),
        ("group_id", _TEXT),
        ("expires_us", _I64),
        ("rule", _TEXT),
        ("rule_line", _I32),
    ),
)

#: What each limited node an event touched said to it, refused events included. `requested`: net of
#: what the event gives back; `available`: before; `shortfall`: beyond amount and tolerance, 0 where
#: it fits; `excess`: how far below zero this decision took the node (limit and tolerance used up),
#: by override, overrun or cut. `role`, `person`, `reason`: of an override or cut.
BUDGET_DECISIONS = TableSpec(
    "budget_decisions",
    (
        ("command", _I32),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("node", _TEXT),
        ("verdict", _U8),
        ("requested", _I64),
        ("available", _I64),
        ("shortfall", _I64),
        ("excess", _I64),
        ("role", _TEXT),
        ("person", _TEXT),
        ("reason", _TEXT),
        ("rule", _TEXT),
        ("rule_line", _I32),
    ),
)

#: Vouchers that wait for a person's review, as they will be: no number, not in the ledger.
#: `state`: drafted. `draft`: position among the drafts of its event, from 1. `role`: in which it
#: is reviewed, absent = any.
DRAFTS = TableSpec("drafts", (*VOUCHERS.columns, ("draft", _I32), ("role", _TEXT)))

#: Lines of DRAFTS, as LINES are of VOUCHERS; `voucher`: row of DRAFTS.
DRAFT_LINES = TableSpec("draft_lines", LINES.columns)

#: What returning an event with drafts puts back besides its budget moves. `name`: of the target or
#: record. `entity`: of a target's key. `field`: of the record, absent: its existence. `number`,
#: `scale`, `text`: as in TARGETS and RECORDS; `scale` REMOVED: it was not there before.
UNDO = TableSpec(
    "undo",
    (
        ("command", _I32),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("kind", _U8),
        ("name", _TEXT),
        ("entity", _TEXT),
        ("key", _TEXT),
        ("field", _TEXT),
        ("number", _I64),
        ("scale", _U8),
        ("text", _TEXT),
    ),
)

#: What a person decided on a draft. `draft`: which of the event's, -1: the event was taken back
#: whole. `approved` 0: returned, or the event was withdrawn. `person`: who did it.
REVIEWS = TableSpec(
    "reviews",
    (
        ("command", _I32),
        ("source", _TEXT),
        ("event_id", _TEXT),
        ("draft", _I32),
        ("approved", _U8),
        ("person", _TEXT),
        ("role", _TEXT),
        ("reason", _TEXT),
    ),
)

TABLES = (
    COMMANDS,
    VOUCHERS,
    LINES,
    READS,
    TARGETS,
    RECORDS,
    PERIODS,
    STATUS_CHANGES,
    CALL_RESULTS,
    REVISIONS,
    REVISION_STEPS,
    PUBLISHING,
    PERSONAL,
    BUDGET_NODES,
    BUDGET_MOVES,
    BUDGET_DECISIONS,
    DRAFTS,
    DRAFT_LINES,
    UNDO,
    REVIEWS,
)

#: Tables whose rows may carry dimensions behind their declared columns.
WITH_DIMENSIONS = frozenset({LINES.name, DRAFT_LINES.name})
