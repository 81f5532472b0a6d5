"""A replay gives the same in batches of any size, and lets nothing expire by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from engine.book import Book
from engine.calls import Call
from engine.effects import Status
from engine.replay import LogClock, export_book, replay_events, replay_log, still_clock
from server.rulebooks import compile_files
from tests.engine.budget.books import RULES
from tests.engine.verify.budget_sample import make_budget_book
from tests.engine.verify.sample import make_book, store_url

DIGESTS = ("voucher_digest", "result_digest", "budget_digest")


def _events() -> list[Mapping[str, object]]:
    def event(event_id: str, of_type: str, **fields: object) -> Mapping[str, object]:
        return {"id": event_id, "type": of_type, "date": "2026-03-05", **fields}

    lines = [{"node": "dept[A]@2026-03", "amount": "1000.00"}]
    held = {"department": "A", "kind": "travel"}
    return [
        event("b", "budget.approved", lines=lines),
        event("s", "budget.reserved", node="A/travel", amount="300.00", reference="R",
              expires_in_s=1),
        event("q1", "request", amount="900.00", **held),
        event("q2", "request", amount="800.00", **held),
        event("h", "hold.decided", of_id="q1", decision="approve", role="head", reason="r",
              actor="boss"),
        event("x", "nowhere.declared"),
        event("t", "event.retried"),
    ]  # fmt: skip


def _summary(summary: Mapping[str, object]) -> dict[str, object]:
    return {name: summary[name] for name in DIGESTS}


def test_nothing_expires_in_files_and_batches_of_any_size_agree(tmp_path: Path) -> None:
    found = []
    for size in (1, 2, 3, 100):
        book = Book.in_memory([compile_files([("b.tp", RULES.encode())])], clock=still_clock)
        folder = tmp_path / str(size)
        folder.mkdir()
        found.append(_summary(replay_events(book, _events(), folder, batch_events=size)))
        assert [one.reserved for one in book.reservations(reference="R")[0]] == [30_000]
    assert all(one == found[0] for one in found)


def test_command_that_decides_others_again_has_a_result_of_its_own() -> None:
    book = Book.in_memory([compile_files([("b.tp", RULES.encode())])], clock=still_clock)
    answers = [book.post([Call(events=[event])])[0] for event in _events()]
    decided = answers[4]
    assert [(one.event_id, one.status) for one in decided.results] == [("q1", Status.NO_POSTING)]
    assert [(one.event_id, one.status) for one in decided.own] == [("h", Status.NO_POSTING)]
    assert [(one.event_id, one.status) for one in answers[3].own] == [("q2", Status.HELD)]


@pytest.mark.parametrize(
    ("make", "entities"), [(make_book, ["C01", "C02"]), (make_budget_book, [])]
)
@pytest.mark.parametrize("size", [1, 4, 10_000])
def test_stored_log_replays_to_what_it_says(
    make: Callable[[Path], None], entities: list[str], size: int, tmp_path: Path
) -> None:
    make(tmp_path)
    with closing(Book.open(store_url(tmp_path), compiler=compile_files, read_only=True)) as kept:
        out = [tmp_path / "exported", tmp_path / "replayed"]
        for folder in out:
            folder.mkdir()
        exported = export_book(kept, out[0])
        clock = LogClock()
        book = Book.in_memory(compiler=compile_files, clock=clock, entities=entities)
        replayed = replay_log(kept, book, clock, out[1], batch_events=size)
        assert replayed["voucher_digest"] == exported["voucher_digest"]
        assert book.state.budgets.figures == kept.state.budgets.figures
        assert book.state.budgets.holdings == kept.state.budgets.holdings
        assert book.state.budgets.terms == kept.state.budgets.terms
