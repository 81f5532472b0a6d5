"""What is done to the tables of a commit, each by one who hides it as well as can be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.columns import EffectBatch
from engine.effects import (
    COMMANDS,
    LINES,
    READS,
    RECORDS,
    STATUS_CHANGES,
    TARGETS,
    VOUCHERS,
    ReadKind,
    Status,
)
from engine.receive import content_hash, identity
from tests.engine.verify.edits import (
    code,
    drop,
    event_row,
    line_row,
    put,
    repeat,
    rewrite_content,
    voucher_row,
)

FIRST_VOUCHER = "C01/GL/2026-01/记/1"  # of event w1: 212.00, 200.00, 12.00
TOO_MUCH = "C01/CTL/2026-01/控/1"
LAST_VOUCHER = "C01/GL/2026-03/记/8"  # of event p12, nothing reads what it moved
NOBODY = "0" * 64


def drop_line(effects: EffectBatch) -> None:
    drop(effects, LINES.name, line_row(effects, FIRST_VOUCHER, 3))


def drop_line_and_hide_it(effects: EffectBatch) -> None:
    """A line less, and another takes its amount: counted and balanced."""
    drop(effects, LINES.name, line_row(effects, FIRST_VOUCHER, 3))
    put(effects, LINES.name, line_row(effects, FIRST_VOUCHER, 2), credit=21_200)
    put(effects, VOUCHERS.name, voucher_row(effects, FIRST_VOUCHER), line_count=2)


def amounts_in_balance(voucher: str) -> Callable[[EffectBatch], None]:
    def change(effects: EffectBatch) -> None:
        put(effects, LINES.name, line_row(effects, voucher, 1), debit=99_900)
        put(effects, LINES.name, line_row(effects, voucher, 2), credit=99_900)

    return change


def unbalanced(effects: EffectBatch) -> None:
    put(effects, LINES.name, line_row(effects, FIRST_VOUCHER, 1), debit=21_201)


def both_sides(effects: EffectBatch) -> None:
    put(effects, LINES.name, line_row(effects, FIRST_VOUCHER, 1), credit=1)


def foreign_without_currency(effects: EffectBatch) -> None:
    put(effects, LINES.name, line_row(effects, FIRST_VOUCHER, 1), fc_debit=1)


def other_department(effects: EffectBatch) -> None:
    put(effects, LINES.name, line_row(effects, FIRST_VOUCHER, 1), dim_department="D2")


def other_account(effects: EffectBatch) -> None:
    line = line_row(effects, TOO_MUCH, 1)
    put(effects, LINES.name, line, account_code="1002", account_name="Bank")


def no_such_account(effects: EffectBatch) -> None:
    put(effects, LINES.name, line_row(effects, FIRST_VOUCHER, 2), account_code="6666")


def lines_renumbered(effects: EffectBatch) -> None:
    put(effects, LINES.name, line_row(effects, FIRST_VOUCHER, 2), line_no=3)


def numbers_swapped(effects: EffectBatch) -> None:
    rows = [voucher_row(effects, f"C01/GL/2026-02/记/{number}") for number in (1, 2)]
    put(effects, VOUCHERS.name, rows[0], number=2)
    put(effects, VOUCHERS.name, rows[1], number=1)


def number_skipped(effects: EffectBatch) -> None:
    put(effects, VOUCHERS.name, voucher_row(effects, LAST_VOUCHER), number=9)


def closed_period(effects: EffectBatch) -> None:
    row = voucher_row(effects, "C01/GL/2026-02/记/5")
    put(effects, VOUCHERS.name, row, period=202601, voucher_date=20_484, number=6)


def other_period(effects: EffectBatch) -> None:
    put(effects, VOUCHERS.name, voucher_row(effects, LAST_VOUCHER), period=202604, number=1)


def other_date(effects: EffectBatch) -> None:
    row = voucher_row(effects, LAST_VOUCHER)
    day = int(effects.tables[VOUCHERS.name].ints("voucher_date")[row])
    put(effects, VOUCHERS.name, row, voucher_date=day + 1)


def no_customer(effects: EffectBatch) -> None:
    put(effects, LINES.name, line_row(effects, FIRST_VOUCHER, 1), dim_customer=-1)


def other_customer(effects: EffectBatch) -> None:
    put(effects, LINES.name, line_row(effects, LAST_VOUCHER, 2), dim_customer="of K2")


def identity_twice(effects: EffectBatch) -> None:
    rewrite_content(effects, "w9", rehash=True, id="w1")
    row = event_row(effects, "w9")
    put(effects, COMMANDS.name, row, event_id="w1")
    put(effects, VOUCHERS.name, voucher_row(effects, "C01/GL/2026-03/记/6"), event_id="w1")
    reads = np.flatnonzero(effects.tables[READS.name].ints("command") == row)
    for read in reads.tolist():
        put(effects, READS.name, read, event_id="w1")
    effects.tables[COMMANDS.name].blobs("identity")[row] = identity("crm", "w1")


def identity_of_another(effects: EffectBatch) -> None:
    identities = effects.tables[COMMANDS.name].blobs("identity")
    identities[event_row(effects, "p4")] = identities[event_row(effects, "p5")]


def status(event_id: str, status: Status, reason: str = "") -> Callable[[EffectBatch], None]:
    def change(effects: EffectBatch) -> None:
        row = event_row(effects, event_id)
        put(effects, COMMANDS.name, row, status=int(status), reason=reason or -1)

    return change


def event_dated(effects: EffectBatch) -> None:
    put(effects, COMMANDS.name, event_row(effects, "w1"), event_date=20_000)


def voucher_of_another(effects: EffectBatch) -> None:
    put(effects, VOUCHERS.name, voucher_row(effects, FIRST_VOUCHER), event_id="w2")


def target_value(effects: EffectBatch) -> None:
    row = effects.tables[TARGETS.name].count - 1
    put(effects, TARGETS.name, row, value=100_001)


def target_dropped(effects: EffectBatch) -> None:
    drop(effects, TARGETS.name, effects.tables[TARGETS.name].count - 1)


def read_value(kind: ReadKind) -> Callable[[EffectBatch], None]:
    def change(effects: EffectBatch) -> None:
        table = effects.tables[READS.name]
        row = int(np.flatnonzero(table.ints("kind") == kind)[0])
        put(effects, READS.name, row, number=int(table.ints("number")[row]) + 1)

    return change


def read_dropped(effects: EffectBatch) -> None:
    drop(effects, READS.name, 0)


def record_value(effects: EffectBatch) -> None:
    numbers = effects.tables[RECORDS.name].ints("number")
    put(effects, RECORDS.name, int(np.flatnonzero(numbers == 80_000)[0]), number=80_100)


def revision(effects: EffectBatch) -> None:
    put(effects, VOUCHERS.name, voucher_row(effects, LAST_VOUCHER), revision=NOBODY)


def earlier_revision(effects: EffectBatch) -> None:
    first = effects.text(VOUCHERS.name, "revision")[voucher_row(effects, "C01/GL/2026-02/记/7")]
    row = voucher_row(effects, "C01/GL/2026-03/记/2")
    put(effects, VOUCHERS.name, row, revision=first)


def rules(effects: EffectBatch) -> None:
    row = event_row(effects, "rules-1")
    content = effects.tables[COMMANDS.name].blobs("content")[row]
    changed = content.replace(b"amount - open", b"open - amount")
    effects.tables[COMMANDS.name].blobs("content")[row] = changed
    effects.tables[COMMANDS.name].blobs("content_hash")[row] = content_hash(changed)


def withdrawn_by_nobody(effects: EffectBatch) -> None:
    row = effects.text(STATUS_CHANGES.name, "event_id").index("p7")
    put(effects, STATUS_CHANGES.name, row, status=int(Status.WITHDRAWN))


def settled_twice(effects: EffectBatch) -> None:
    repeat(effects, STATUS_CHANGES.name, 0)


def posted_for_nothing(effects: EffectBatch) -> None:
    row = effects.text(STATUS_CHANGES.name, "event_id").index("p7")
    put(effects, STATUS_CHANGES.name, row, status=int(Status.POSTED), reason=-1)


def offset(effects: EffectBatch) -> None:
    for row in range(effects.tables[COMMANDS.name].count):
        put(effects, COMMANDS.name, row, offset=7)


def principal(effects: EffectBatch) -> None:
    put(effects, COMMANDS.name, event_row(effects, "w1"), principal="somebody")


def wild_code(effects: EffectBatch) -> None:
    put(effects, LINES.name, 0, account_code=len(effects.strings) + 5)


def wild_key(effects: EffectBatch) -> None:
    put(effects, TARGETS.name, 0, key=code(effects, '{"K1"'))
