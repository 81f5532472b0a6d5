"""Writes the small book of this version: `python -m tests.books.write` (once per release).

The book holds every kind of command: publication, business events of the services rule book, a
streamed batch, an attempt, a refusal, a waiting event that is retried, one that is withdrawn, a
closed period; and of budgets approval, soft holds and their end, commitment, spending, release,
override, overrun, cut, held and decided events, transfer, and a period closed with what it
carries; and a draft that is posted, one that is returned, one that waits. `facts.json` beside it
holds what any later version must read out of it.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from itertools import count
from pathlib import Path

from engine.book import Book
from engine.calls import REVISION_PUBLISHED, BudgetDecision, Call
from engine.receive import read_events
from engine.replay import export_book
from engine.version import ENGINE_VERSION
from rules_dsl.rulebooks import SERVICES
from server.rulebooks import compile_files, read_folder
from tests.engine.verify.budget_sample import budget_calls

HERE = Path(__file__).parent
REVIEWED = HERE / "reviewed_rules"

#: 2026-03-31 08:00 UTC, the fixed clock the book is written under, and its step a commit.
_START_US = 1_774_944_000_000_000
_STEP_US = 10_000_000


def main() -> None:
    """Writes `vVERSION/book.db` and its facts."""
    folder = HERE / f"v{ENGINE_VERSION}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    clock = count(_START_US, _STEP_US)
    book = Book.open(
        f"sqlite:///{folder / 'book.db'}", compiler=compile_files, clock=lambda: next(clock)
    )
    for call in (*budget_calls(), *_reviews(), *_calls()):
        if call is None:
            book.tick()
        else:
            book.post([call])
    book.tick()
    (folder / "facts.json").write_text(
        json.dumps(facts(book), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    book.close()
    with sqlite3.connect(folder / "book.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    for name in ("book.db-wal", "book.db-shm", "book.db.lock"):
        (folder / name).unlink(missing_ok=True)


def _reviews() -> list[Call]:
    """Rules whose vouchers a person reviews: the first is posted, the second is returned."""

    def dated(event_id: str, kind: str, **fields: object) -> dict[str, object]:
        return {"id": event_id, "type": kind, "date": "2026-03-20", **fields}

    def review(event_id: str, of_id: str, decision: str) -> dict[str, object]:
        given = {"of_id": of_id, "decision": decision, "role": "controller", "reason": "seen"}
        return dated(event_id, "voucher.reviewed", **given)

    files = [{"path": path, "content": text.decode()} for path, text in read_folder(REVIEWED)]
    node = {"node": "pool[D1]", "amount": "500.00"}
    return [
        Call(
            events=[
                dated("reviewed-rules", REVISION_PUBLISHED, source="tongpin", files=files),
            ],
            principal="author",
        ),
        Call(
            events=[
                dated("pool", "budget.approved", lines=[node]),
                *(
                    dated(f"a{number}", "advance.asked", department="D1", amount="100.00")
                    for number in (1, 2, 3)
                ),
            ],
            principal="crm",
        ),
        Call(events=[review("v1", "a1", "approve")], principal="controller"),
        Call(events=[review("v2", "a2", "return")], principal="controller"),
    ]


def _calls() -> list[Call]:
    files = [{"path": path, "content": text.decode()} for path, text in read_folder(SERVICES)]
    march = [dict(e) for c in read_events(SERVICES / "samples/march.jsonl") for e in c]
    faulty = [dict(e) for c in read_events(SERVICES / "samples/faulty.jsonl") for e in c]
    timesheet = {**march[3], "id": "TS-9"}
    return [
        Call(
            events=[
                {
                    "id": "r1",
                    "type": REVISION_PUBLISHED,
                    "source": "tongpin",
                    "date": "2026-01-01",
                    "files": files,
                }
            ],
            principal="author",
        ),
        Call(events=march[:4], principal="crm", attempt_id="a1"),
        Call(events=march[4:], principal="crm", stream="march", offset=1),
        Call(events=faulty, principal="crm", attempt_id="a2"),
        Call(events=[{"id": "x", "type": "not.declared", "date": "2026-03-30"}], principal="crm"),
        Call(
            events=[
                {
                    "id": "w1",
                    "type": "event.withdrawn",
                    "source": "tongpin",
                    "date": "2026-03-31",
                    "of_id": "x",
                    "comment": "sent by mistake",
                }
            ],
            principal="operator",
        ),
        Call(
            events=[
                {"id": "t1", "type": "event.retried", "source": "tongpin", "date": "2026-03-31"}
            ],
            principal="operator",
        ),
        Call(
            events=[
                {"id": "c1", "type": "period.closed", "date": "2026-03-31", "period": "2026-03"},
                timesheet,
            ],
            principal="operator",
        ),
    ]


def facts(book: Book) -> dict[str, object]:
    """What a book says, as far as every version must agree."""
    waiting, _, total = book.unposted()
    return {
        "seq": book.seq,
        "chain": book.state.chain.hex(),
        "events": book.state.event_count,
        "counters": dict(sorted(book.state.counters.items())),
        "trial_balance": [
            [row.ledger, row.period, row.account_code, row.debit, row.credit]
            for row in book.trial_balance()
        ],
        "vouchers": [voucher.name for voucher in book.vouchers(limit=1000)[0]],
        "waiting": [[view.event_id, view.reason] for view in waiting],
        "waiting_count": total,
        "revisions": [view.revision for view in book.revisions()],
        "budget_nodes": [
            [
                *(view.node, view.parent, view.control, view.version, view.limited, view.closed),
                *(view.budget, view.reserved, view.committed, view.actual, view.available),
            ]
            for view in book.budget_nodes(limit=1000)[0]
        ],
        "reservations": [
            [
                *(view.reference, view.group, view.node),
                *(view.reserved, view.committed, view.expires_us),
            ]
            for view in book.reservations(limit=1000)[0]
        ],
        "budget_decisions": [_decision_facts(one) for one in book.budget_decisions(limit=1000)[0]],
    }


def _decision_facts(decision: BudgetDecision) -> list[object]:
    verdict = decision.verdict
    return [
        *(decision.seq, decision.source, decision.event_id, decision.rule, decision.rule_line),
        *(verdict.node, verdict.verdict.name, verdict.requested, verdict.available),
        *(verdict.shortfall, verdict.excess, verdict.scale, verdict.currency),
        *(verdict.role, verdict.person, verdict.reason),
    ]


def digests(book: Book, out: Path) -> dict[str, object]:
    """The digests of an export."""
    summary = export_book(book, out)
    return {name: summary[name] for name in ("voucher_digest", "result_digest")}


if __name__ == "__main__":
    main()
