"""Named limits of the engine: every size that could grow without bound has one here."""

from __future__ import annotations

#: Largest absolute amount of a voucher line, in minor units. Ten such lines still add up in int64.
MAX_AMOUNT_MINOR = 9 * 10**17

#: Largest absolute amount of a budget statement or of a node's figure, raw. Ten figures and their
#: differences still add up in int64.
MAX_BUDGET_RAW = 10**17

#: Characters of a decimal in an event; checked before any conversion.
MAX_DECIMAL_CHARS = 40

#: Largest absolute amount that a rule reads of the ledger, raw; a larger one is a fault.
MAX_READ_RAW = 10**17

#: Elements of one list field of one event, and of one list read from the ledger.
MAX_LIST_ELEMENTS = 10_000

#: Events of one batch.
MAX_BATCH_EVENTS = 10_000

#: Cells of a decision table laid out as a dense grid; larger tables are searched by packed key.
MAX_TABLE_GRID = 2**18

#: Packed keys of a decision table; a table that needs more is searched row by row.
MAX_TABLE_KEYS = 2**20

#: Bytes of an event's canonical content. A message holds 4 MiB, so several of the largest fit.
MAX_EVENT_BYTES = 1 << 20

#: Bytes of a command that publishes a revision: it carries the rule files themselves.
MAX_REVISION_BYTES = 16 << 20

#: Keys of an event, envelope included.
MAX_FIELDS = 200

#: Code points of one text value in an event.
MAX_TEXT_CHARS = 4_096

#: Code points of an event's id, type, source, entity, group id, actor and approver.
MAX_NAME_CHARS = 256

#: Levels of objects and lists in an event: event, list, record, and one inside a record.
MAX_NESTING = 4

#: First and last year of a date in an event. Outside them a date is a slip, not business.
MIN_YEAR = 1900
MAX_YEAR = 2999

#: Bytes to which an Arrow message may unpack: sixteen times the largest message. A compressed or
#: dictionary-encoded bomb is refused before it is unpacked.
MAX_UNPACKED_BYTES = 64 << 20

#: Elements of one list column of an Arrow message, over all its events.
MAX_UNPACKED_ELEMENTS = 1_000_000

#: How often a commit is decided again after another server appended first.
MAX_LOST_RACES = 10
