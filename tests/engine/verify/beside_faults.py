"""Faults beside the log: in the snapshot, in the projected rows, and in what was sealed."""

from __future__ import annotations

from typing import Any

from engine.log.snapshot import snapshot_path
from tests.engine.verify.attacker import Attacker
from tests.engine.verify.faults import Fault
from tests.engine.verify.sample import FIRST, LAST, RETRIED, SECOND


def _one_fen_more(sections: Any) -> None:
    sections[0][-1][0][1] += 1


def _count_more(sections: Any) -> None:
    sections[0][0][1] += 1


def _last_number(sections: Any) -> None:
    sections[0][5] += 1


def _debit_more(sections: Any) -> None:
    sections[0][4] += 1


def _value_more(sections: Any) -> None:
    sections[0][1][0][1] += 1


def _period_forgotten(sections: Any) -> None:
    sections.clear()


def _price_more(sections: Any) -> None:
    sections[0][1][0][1][0][1][0] += 1


def _no_longer_waiting(sections: Any) -> None:
    sections.pop()


def _damage_snapshot(attacker: Attacker) -> None:
    path = snapshot_path(attacker.file)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _row(statement: str, *values: str | int) -> Any:
    return lambda attacker: attacker.rows(statement, *values)


_VOUCHER = "C01/GL/2026-01/记/2"
_ONE_BALANCE = "entity = 'C02' AND ledger = 'GL' AND account_code = '1122'"
_ONE_EVENT_MORE = """
INSERT INTO event SELECT book_id, 99, command, source, event_id, type, entity, event_date, status,
 reason, message, revision, principal, group_id, accepted, sealed_at, content
FROM event WHERE seq = ? AND command = 0
"""

SNAPSHOT_FAULTS = (
    Fault(
        "a snapshot's balance off by one fen",
        "SNAPSHOT_DIFFERS",
        "balances GL:1122 C01/of K1",
        LAST,
        lambda a: a.snapshot("balances", _one_fen_more),
    ),
    Fault(
        "a snapshot's counter off by one",
        "SNAPSHOT_DIFFERS",
        "counters NO_POSTING",
        LAST,
        lambda a: a.snapshot("counters", _count_more),
    ),
    Fault(
        "a snapshot's last number off by one",
        "SNAPSHOT_DIFFERS",
        "numbers C01/GL/live/202601/记",
        LAST,
        lambda a: a.snapshot("series", _last_number),
    ),
    Fault(
        "a snapshot's total off by one fen",
        "SNAPSHOT_DIFFERS",
        "totals C01/GL/202601/1122",
        LAST,
        lambda a: a.snapshot("totals", _debit_more),
    ),
    Fault(
        "a snapshot's target off by one fen",
        "SNAPSHOT_DIFFERS",
        "targets progress C01/K1",
        LAST,
        lambda a: a.snapshot("targets", _value_more),
    ),
    Fault(
        "a snapshot's record changed",
        "SNAPSHOT_DIFFERS",
        "records deal K1",
        LAST,
        lambda a: a.snapshot("records", _price_more),
    ),
    Fault(
        "a snapshot's closed period open",
        "SNAPSHOT_DIFFERS",
        "closed periods C01/202601",
        LAST,
        lambda a: a.snapshot("periods", _period_forgotten),
    ),
    Fault(
        "a snapshot forgets who waits",
        "SNAPSHOT_DIFFERS",
        "waiting",
        LAST,
        lambda a: a.snapshot("waiting", _no_longer_waiting),
    ),
    Fault("a byte of a snapshot", "SNAPSHOT_UNREADABLE", "book.db.snapshot", 0, _damage_snapshot),
    Fault(
        "a snapshot of another log",
        "SNAPSHOT_DIFFERS",
        "chain",
        LAST,
        lambda a: a.move_snapshot(chain="0" * 64),
    ),
    Fault(
        "a snapshot moved to another commit",
        "SNAPSHOT_DIFFERS",
        "chain",
        RETRIED,
        lambda a: a.move_snapshot(seq=RETRIED),
    ),
)

ROW_FAULTS = (
    Fault(
        "a projected voucher edited",
        "ROW_DIFFERS",
        f"voucher {_VOUCHER} summary",
        FIRST,
        _row("UPDATE voucher SET summary = 'x' WHERE name = ?", _VOUCHER),
    ),
    Fault(
        "a projected amount edited",
        "ROW_DIFFERS",
        f"voucher_line {_VOUCHER} line 2 credit_minor",
        FIRST,
        _row(
            "UPDATE voucher_line SET credit_minor = 25001 WHERE name = ? AND line_no = 2",
            _VOUCHER,
        ),
    ),
    Fault(
        "a projected dimension edited",
        "ROW_DIFFERS",
        f"voucher_line {_VOUCHER} line 1 dim_customer",
        FIRST,
        _row("UPDATE voucher_line SET dim_customer = 'x' WHERE name = ? AND line_no = 1", _VOUCHER),
    ),
    Fault(
        "a projected balance off by one",
        "ROW_DIFFERS",
        "balance C02 GL 2026-01 1122",
        LAST,
        _row(f"UPDATE balance SET debit_minor = debit_minor + 1 WHERE {_ONE_BALANCE}"),
    ),
    Fault(
        "a projected balance missing",
        "ROW_MISSING",
        "balance",
        LAST,
        _row(f"DELETE FROM balance WHERE {_ONE_BALANCE}"),
    ),
    Fault(
        "a projected line deleted",
        "ROW_MISSING",
        f"voucher_line {_VOUCHER} line 2",
        FIRST,
        _row("DELETE FROM voucher_line WHERE name = ? AND line_no = 2", _VOUCHER),
    ),
    Fault(
        "a projected voucher deleted",
        "ROW_MISSING",
        f"voucher {_VOUCHER}",
        FIRST,
        _row("DELETE FROM voucher WHERE name = ?", _VOUCHER),
    ),
    Fault(
        "a projected event missing",
        "ROW_MISSING",
        "event crm/p4",
        SECOND,
        _row("DELETE FROM event WHERE event_id = 'p4'"),
    ),
    Fault(
        "a projected event's content edited",
        "ROW_DIFFERS",
        "event crm/p4 content",
        SECOND,
        _row("UPDATE event SET content = '{}' WHERE event_id = 'p4'"),
    ),
    Fault(
        "a projected status edited",
        "ROW_DIFFERS",
        "event crm/p4",
        SECOND,
        _row("UPDATE event SET status = 'UNPOSTED' WHERE event_id = 'p4'"),
    ),
    Fault(
        "a projected status left behind",
        "ROW_DIFFERS",
        "event crm/w6",
        SECOND,
        _row("UPDATE event SET status = 'UNPOSTED' WHERE event_id = 'w6'"),
    ),
    Fault(
        "a projected event too many", "ROW_UNEXPECTED", "event", LAST, _row(_ONE_EVENT_MORE, LAST)
    ),
    Fault(
        "a projected target off by one",
        "ROW_DIFFERS",
        'target_value progress C02 ["K1"]',
        LAST,
        _row("UPDATE target_value SET value_minor = value_minor + 1 WHERE entity = 'C02'"),
    ),
    Fault(
        "a projected target missing",
        "ROW_MISSING",
        "target_value",
        LAST,
        _row("DELETE FROM target_value WHERE entity = 'C02'"),
    ),
    Fault(
        "a projected record edited",
        "ROW_DIFFERS",
        'record_value deal ["K3"] price',
        LAST,
        _row("UPDATE record_value SET number = 1 WHERE key = '[\"K3\"]' AND field = 'price'"),
    ),
    Fault(
        "a projected period open",
        "ROW_DIFFERS",
        "period_state C01 2026-01",
        LAST,
        _row("UPDATE period_state SET state = 'open'"),
    ),
    Fault(
        "rows of another log",
        "ROWS_OF_OTHER_LOG",
        "chain",
        LAST,
        _row("UPDATE projection_position SET chain = ?", "0" * 64),
    ),
    Fault(
        "rows that are ahead of the log",
        "ROWS_OF_OTHER_LOG",
        "book.rows.db",
        99,
        _row("UPDATE projection_position SET seq = 99"),
    ),
)
