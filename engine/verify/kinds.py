"""The kinds of findings, for whoever has to act on one; a kind always means the same."""

from __future__ import annotations

#: Kind -> what is wrong. The first ones stand for themselves: bytes are not as they were written.
KINDS = {
    # the log as bytes
    "STORE_DAMAGED": "the database finds its own files damaged",
    "COMMIT_MISSING": "a commit is not there, or the log is shorter than it was",
    "PAYLOAD_DAMAGED": "the payload of a commit is not the one that was written",
    "PAYLOAD_UNREADABLE": "the payload of a commit cannot be decoded",
    "HEADER_UNREADABLE": "the header of a commit cannot be read",
    "HEADER_MISMATCH": "the header of a commit is of another commit or of other tables",
    "EFFECTS_SCHEMA_UNKNOWN": "a later version wrote the commit",
    "CHAIN_BROKEN": "the chain value of a commit does not follow from those before it",
    "SEALED_AT_DECREASED": "log time runs back",
    # a head kept outside
    "SEALED_HEAD_DIFFERS": "the log does not lead to the sealed head: it was written anew",
    "SEAL_FORGED": "the sealed head is not signed by its key",
    "SEAL_KEY_DIFFERS": "the sealed head is signed by another key",
    "SEAL_OF_OTHER_BOOK": "the sealed head is of another book",
    "SEAL_UNREADABLE": "the sealed head cannot be read",
    # a commit by itself
    "ROW_MALFORMED": "a row refers to what is not there, or holds an impossible value",
    "COUNTERS": "the header counts other results than the commit holds",
    "STREAM_PLACE": "a stream does not go on with its next offset, or an event of one is missing",
    "PRINCIPAL": "a stream belongs to another principal than its event",
    # events
    "EVENT_IDENTITY": "the identity is not that of source and id",
    "EVENT_CONTENT_HASH": "the content is not the one that was hashed",
    "EVENT_CONTENT": "the content is not canonical JSON of an event",
    "EVENT_ROW": "the event's row says otherwise than its content",
    "EVENT_TWICE": "an identity was taken twice",
    "EVENT_STATUS": "an event is POSTED without vouchers, or has vouchers and is not",
    "REPEATED_PLACE": "a duplicate names another event as its original",
    "STATUS_CHANGE": "an event that did not wait was decided again, or by no such command",
    "COMPLETENESS": "accepted events are not all posted, without posting, withdrawn, or waiting",
    # vouchers
    "VOUCHER_COUNT": "an event counts other vouchers than it has",
    "VOUCHER_EVENT": "a voucher belongs to another event than its command",
    "VOUCHER_PERIOD": "the period is not that of the voucher date",
    "PERIOD_CLOSED": "a voucher stands in a period that was closed before",
    "NUMBERS": "numbers do not go on from the last one without a gap",
    "LINE_COUNT": "a voucher counts other lines than it has",
    "LINE_NO": "lines are not numbered from 1",
    "LINE_SIDES": "a line has no amount, or one on both sides",
    "LINE_FOREIGN": "a line has a foreign amount without currency or rate",
    "AMOUNT_OUT_OF_RANGE": "an amount is larger than a line may hold",
    "UNBALANCED": "debits and credits differ, in total or for a balancing dimension",
    "REVISION_UNKNOWN": "a voucher or header names a revision that was not published before",
    "REVISION_UNLISTED": "the header does not list a revision that a voucher names",
    "LEDGER": "ledger, currency or decimals are not those of the revision",
    "ACCOUNT_UNKNOWN": "the revision's chart has no such account",
    "DIMENSION_MISSING": "a line lacks a dimension that its account requires",
    # decided again over what the log before adds up to
    "REVISION_DIFFERS": "the sources in the log are not those of the revision",
    "DECISION_DIFFERS": "the event would be decided otherwise",
    "REVISION_APPROVAL": "rules are in force that nobody but their author approved, or whose "
    "approval names other rules",
    "PUBLICATION_DIFFERS": "a proposal, approval or withdrawal, or the mode of publishing, is not "
    "what its command says",
    "VOUCHER_DIFFERS": "the rules make another voucher of the event",
    "LINE_DIFFERS": "the rules make another line of the event",
    "TARGET_DIFFERS": "a target's new value is another",
    "RECORD_DIFFERS": "a record's new value is another",
    "READ_DIFFERS": "what was recorded as read is not what the log before it says",
    "PERIOD_DIFFERS": "a period was opened or closed otherwise than by its command",
    "DRAFT_DIFFERS": "the rules make another draft of the event",
    "UNDO_DIFFERS": "what a returned event gives back is not what it did",
    "REVIEW_DIFFERS": "a review was made by no such command, or by somebody else",
    "BUDGET_NODE": "a budget node, or an attribute of it, is not what events made of it",
    "BUDGET_MOVE": "an event, or time, moves another amount, node, stage or reference",
    "BUDGET_DECISION": "a budget node said something else to an event",
    # budgets added up apart from how the engine does it
    "BUDGET_REFERENCE": "a reference gives back more than it holds, or its holding is another",
    "BUDGET_FIGURE": "the figures of a budget node are not what its moves add up to",
    "BUDGET_OVERSPENT": "more was used than granted, and no override, overrun or cut says so",
    # beside the log
    "SNAPSHOT_UNREADABLE": "the snapshot is damaged; delete it, it is written again",
    "SNAPSHOT_DIFFERS": "the snapshot says otherwise than the log; delete it and look who wrote it",
    "ROWS_UNREADABLE": "the projected rows cannot be read; delete the file, it is built again",
    "ROWS_OF_OTHER_LOG": "the projected rows are of another log",
    "ROW_DIFFERS": "a projected row says otherwise than the log",
    "ROW_MISSING": "a projected row is missing",
    "ROW_UNEXPECTED": "a projected row is in no commit",
}
