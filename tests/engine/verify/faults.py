"""The faults that are planted: what is done to the sample, and what verification must name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.columns import EffectBatch
from engine.effects import COMMANDS, ReadKind, Status
from engine.log import CommitHeader
from tests.engine.verify import changes
from tests.engine.verify.attacker import Attacker
from tests.engine.verify.changes import FIRST_VOUCHER, LAST_VOUCHER, TOO_MUCH
from tests.engine.verify.edits import drop_voucher, event_row, put, rewrite_content
from tests.engine.verify.sample import (
    ARROW,
    CLOSED,
    FIRST,
    LAST,
    LATE,
    MARCH,
    PUBLISHED,
    RETRIED,
    SECOND,
    TICK,
    WITHDRAWN,
)

Plant = Callable[[Attacker], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and the finding it must lead to; `key` is a part of the finding's key."""

    name: str
    kind: str
    key: str
    seq: int
    plant: Plant


def _rewrite(seq: int, change: Callable[[EffectBatch], None]) -> Plant:
    return lambda attacker: attacker.rewrite(seq, change)


def _reseal(seq: int, change: Callable[[CommitHeader], CommitHeader]) -> Plant:
    return lambda attacker: attacker.rewrite(seq, header=change)


def _content(seq: int, event_id: str, *, rehash: bool, **fields: object) -> Plant:
    return _rewrite(
        seq, lambda effects: rewrite_content(effects, event_id, rehash=rehash, **fields)
    )


def _unbook(attacker: Attacker) -> None:
    """The last voucher never was: its event, counters and reads say that nothing was due."""

    def change(effects: EffectBatch) -> None:
        drop_voucher(effects, LAST_VOUCHER)
        row = event_row(effects, "p12")
        put(effects, COMMANDS.name, row, status=int(Status.NO_POSTING), voucher_count=0)
        put(effects, COMMANDS.name, row, reason="ALL_ZERO")

    def recount(header: CommitHeader) -> CommitHeader:
        return replace(header, counters={"NO_POSTING": 1, "POSTED": 2})

    attacker.rewrite(LAST, change, recount)


def _counters(**counts: int) -> Callable[[CommitHeader], CommitHeader]:
    return lambda header: replace(header, counters={**header.counters, **counts})


FAULTS = (
    # --- with a hex editor
    Fault(
        "a byte of a payload",
        "PAYLOAD_DAMAGED",
        "main",
        FIRST,
        lambda a: a.flip(FIRST, "payload", 40),
    ),
    Fault(
        "a byte of a payload's digest",
        "PAYLOAD_DAMAGED",
        "main",
        LATE,
        lambda a: a.flip(LATE, "payload_digest", 3),
    ),
    Fault(
        "a byte of a header",
        "CHAIN_BROKEN",
        "main",
        SECOND,
        lambda a: a.flip_after(SECOND, "header", b'"sealed_at_us":177'),
    ),
    Fault(
        "a header that is no JSON",
        "HEADER_UNREADABLE",
        "main",
        SECOND,
        lambda a: a.flip(SECOND, "header", 0),
    ),
    Fault(
        "a byte of a chain value",
        "CHAIN_BROKEN",
        "main",
        CLOSED,
        lambda a: a.flip(CLOSED, "chain", 7),
    ),
    Fault("a commit is missing", "COMMIT_MISSING", "main", SECOND, lambda a: a.delete(SECOND)),
    Fault(
        "the last commit is missing", "COMMIT_MISSING", "snapshot", LAST, lambda a: a.delete(LAST)
    ),
    Fault("two commits swapped", "HEADER_MISMATCH", "main", LATE, lambda a: a.swap(LATE, MARCH)),
    # --- rewritten, with digest and chain
    Fault("a line dropped", "LINE_COUNT", FIRST_VOUCHER, FIRST, _rewrite(FIRST, changes.drop_line)),
    Fault(
        "a line dropped and made up for",
        "VOUCHER_DIFFERS",
        f"{FIRST_VOUCHER} line_count",
        FIRST,
        _rewrite(FIRST, changes.drop_line_and_hide_it),
    ),
    Fault(
        "a line number changed",
        "LINE_NO",
        FIRST_VOUCHER,
        FIRST,
        _rewrite(FIRST, changes.lines_renumbered),
    ),
    Fault(
        "two amounts changed in balance",
        "LINE_DIFFERS",
        f"{TOO_MUCH} line 1 debit",
        FIRST,
        _rewrite(FIRST, changes.amounts_in_balance(TOO_MUCH)),
    ),
    Fault(
        "two amounts that nothing reads later",
        "LINE_DIFFERS",
        f"{LAST_VOUCHER} line 1 debit",
        LAST,
        _rewrite(LAST, changes.amounts_in_balance(LAST_VOUCHER)),
    ),
    Fault(
        "a line unbalanced", "UNBALANCED", FIRST_VOUCHER, FIRST, _rewrite(FIRST, changes.unbalanced)
    ),
    Fault(
        "a line on both sides",
        "LINE_SIDES",
        f"{FIRST_VOUCHER} line 1",
        FIRST,
        _rewrite(FIRST, changes.both_sides),
    ),
    Fault(
        "a foreign amount of no currency",
        "LINE_FOREIGN",
        f"{FIRST_VOUCHER} line 1",
        FIRST,
        _rewrite(FIRST, changes.foreign_without_currency),
    ),
    Fault(
        "a balancing dimension changed on one line",
        "UNBALANCED",
        FIRST_VOUCHER,
        FIRST,
        _rewrite(FIRST, changes.other_department),
    ),
    Fault(
        "an account changed",
        "LINE_DIFFERS",
        f"{TOO_MUCH} line 1 account_code",
        FIRST,
        _rewrite(FIRST, changes.other_account),
    ),
    Fault(
        "an account the chart lacks",
        "ACCOUNT_UNKNOWN",
        f"{FIRST_VOUCHER} line 2",
        FIRST,
        _rewrite(FIRST, changes.no_such_account),
    ),
    Fault(
        "a required dimension removed",
        "DIMENSION_MISSING",
        f"{FIRST_VOUCHER} line 1",
        FIRST,
        _rewrite(FIRST, changes.no_customer),
    ),
    Fault(
        "a dimension's value changed",
        "LINE_DIFFERS",
        f"{LAST_VOUCHER} line 2 dim_customer",
        LAST,
        _rewrite(LAST, changes.other_customer),
    ),
    Fault(
        "numbers swapped",
        "NUMBERS",
        "C01/GL/2026-02/记/2",
        SECOND,
        _rewrite(SECOND, changes.numbers_swapped),
    ),
    Fault(
        "a number skipped",
        "NUMBERS",
        "C01/GL/2026-03/记/9",
        LAST,
        _rewrite(LAST, changes.number_skipped),
    ),
    Fault(
        "a voucher in a closed period",
        "PERIOD_CLOSED",
        "C01/GL/2026-01/记/6",
        LATE,
        _rewrite(LATE, changes.closed_period),
    ),
    Fault(
        "a voucher in another period than its date",
        "VOUCHER_PERIOD",
        "C01/GL/2026-04/记/1",
        LAST,
        _rewrite(LAST, changes.other_period),
    ),
    Fault(
        "a voucher date changed",
        "VOUCHER_DIFFERS",
        f"{LAST_VOUCHER} voucher_date",
        LAST,
        _rewrite(LAST, changes.other_date),
    ),
    Fault(
        "a voucher of another event",
        "VOUCHER_EVENT",
        FIRST_VOUCHER,
        FIRST,
        _rewrite(FIRST, changes.voucher_of_another),
    ),
    Fault(
        "an identity twice", "EVENT_TWICE", "crm/w1", LAST, _rewrite(LAST, changes.identity_twice)
    ),
    Fault(
        "an identity of another event",
        "EVENT_IDENTITY",
        "crm/p4",
        SECOND,
        _rewrite(SECOND, changes.identity_of_another),
    ),
    Fault(
        "content edited, its hash kept",
        "EVENT_CONTENT_HASH",
        "crm/p12",
        LAST,
        _content(LAST, "p12", rehash=False, amount="7.00"),
    ),
    Fault(
        "content edited with its hash",
        "LINE_DIFFERS",
        f"{LAST_VOUCHER} line 1 debit",
        LAST,
        _content(LAST, "p12", rehash=True, amount="7.00"),
    ),
    Fault(
        "content of another type",
        "EVENT_ROW",
        "crm/p12",
        LAST,
        _content(LAST, "p12", rehash=True, type="x"),
    ),
    Fault(
        "an event's date changed",
        "EVENT_ROW",
        "crm/w1",
        FIRST,
        _rewrite(FIRST, changes.event_dated),
    ),
    Fault(
        "a status changed",
        "COUNTERS",
        "POSTED",
        SECOND,
        _rewrite(SECOND, changes.status("p4", Status.NO_POSTING)),
    ),
    Fault(
        "a status changed and counted",
        "EVENT_STATUS",
        "crm/p4",
        SECOND,
        lambda a: a.rewrite(
            SECOND, changes.status("p4", Status.NO_POSTING), _counters(POSTED=2, NO_POSTING=1)
        ),
    ),
    Fault(
        "a reason changed",
        "DECISION_DIFFERS",
        "crm/p7",
        LATE,
        _rewrite(LATE, changes.status("p7", Status.UNPOSTED, "NO_RULE")),
    ),
    Fault("a voucher that never was", "DECISION_DIFFERS", "crm/p12", LAST, _unbook),
    Fault(
        "a target's value changed",
        "TARGET_DIFFERS",
        'progress C01 ["K1"] value',
        LAST,
        _rewrite(LAST, changes.target_value),
    ),
    Fault(
        "a target's value dropped",
        "TARGET_DIFFERS",
        'progress C01 ["K1"]',
        MARCH,
        _rewrite(MARCH, changes.target_dropped),
    ),
    Fault(
        "a balance read changed",
        "READ_DIFFERS",
        'GL:1122 ["C01","of K1"] number',
        ARROW,
        _rewrite(ARROW, changes.read_value(ReadKind.BALANCE)),
    ),
    Fault(
        "a record read changed",
        "READ_DIFFERS",
        'deal.price ["K1"] number',
        FIRST,
        _rewrite(FIRST, changes.read_value(ReadKind.RECORD)),
    ),
    Fault(
        "a target read changed",
        "READ_DIFFERS",
        'progress ["C01","K1"] number',
        LAST,
        _rewrite(LAST, changes.read_value(ReadKind.TARGET)),
    ),
    Fault(
        "a read dropped", "READ_DIFFERS", "crm w6", RETRIED, _rewrite(RETRIED, changes.read_dropped)
    ),
    Fault(
        "a record's value changed",
        "RECORD_DIFFERS",
        'deal ["K3"] price number',
        LATE,
        _rewrite(LATE, changes.record_value),
    ),
    Fault(
        "a revision nobody published",
        "REVISION_UNKNOWN",
        LAST_VOUCHER,
        LAST,
        _rewrite(LAST, changes.revision),
    ),
    Fault(
        "another published revision",
        "VOUCHER_DIFFERS",
        "C01/GL/2026-03/记/2 revision",
        MARCH,
        _rewrite(MARCH, changes.earlier_revision),
    ),
    Fault(
        "the sources of a revision edited",
        "REVISION_DIFFERS",
        "",
        PUBLISHED,
        _rewrite(PUBLISHED, changes.rules),
    ),
    Fault("counters wrong", "COUNTERS", "POSTED", FIRST, _reseal(FIRST, _counters(POSTED=7))),
    Fault(
        "counters leave out what was refused",
        "COUNTERS",
        "INVALID",
        FIRST,
        _reseal(FIRST, _counters(INVALID=0)),
    ),
    Fault(
        "log time runs back",
        "SEALED_AT_DECREASED",
        "main",
        TICK,
        _reseal(TICK, lambda h: replace(h, sealed_at_us=1)),
    ),
    Fault(
        "an event withdrawn by a retry",
        "STATUS_CHANGE",
        "crm/p7",
        RETRIED,
        _rewrite(RETRIED, changes.withdrawn_by_nobody),
    ),
    Fault(
        "an event withdrawn twice",
        "STATUS_CHANGE",
        "crm/odd",
        WITHDRAWN,
        _rewrite(WITHDRAWN, changes.settled_twice),
    ),
    Fault(
        "an event posted by a retry without a voucher",
        "EVENT_STATUS",
        "crm/p7",
        RETRIED,
        _rewrite(RETRIED, changes.posted_for_nothing),
    ),
    Fault("a principal changed", "PRINCIPAL", "crm/w1", FIRST, _rewrite(FIRST, changes.principal)),
    Fault(
        "a place in a stream changed",
        "STREAM_PLACE",
        "s:crm:crm-2026",
        SECOND,
        _rewrite(SECOND, changes.offset),
    ),
    Fault(
        "a text code beyond the strings",
        "ROW_MALFORMED",
        "lines row 0, column account_code",
        FIRST,
        _rewrite(FIRST, changes.wild_code),
    ),
    Fault(
        "a key that is no key",
        "ROW_MALFORMED",
        "targets row 0, column key",
        FIRST,
        _rewrite(FIRST, changes.wild_key),
    ),
)
