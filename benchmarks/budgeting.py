"""Budgets in process: the columns of a level against loops, and one hot node against many."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from benchmarks import claims
from benchmarks.claims import Ask
from benchmarks.ingesting import count_stored, folder, new_book, post_all
from benchmarks.measure import Figure, Scale, bound_by, interleaved
from benchmarks.workload import cut
from engine.book import Book
from engine.calls import Call
from engine.decide import level_budgets, level_columns
from engine.effects import Status
from engine.program import Program
from server.rulebooks import compile_files, read_folder

Event = Mapping[str, object]

#: name, share refused, whether every leaf is short (else the share of the leaves has nothing).
_SHARES = (
    ("none", 0.0, True),
    ("10_percent_at_few", 0.1, False),
    ("10_percent_everywhere", 0.1, True),
    ("60_percent_everywhere", 0.6, True),
)


def budgets_program() -> Program:
    """The budgets rule book, compiled."""
    return compile_files(read_folder(claims.FOLDER))


@contextmanager
def _clocked() -> Iterator[list[float]]:
    """Seconds of each time a level's budgets are decided."""
    seconds: list[float] = []
    whole = level_budgets.rule_on_level

    def clocked(*given: object) -> bool:
        started = time.process_time()
        try:
            return whole(*given)  # type: ignore[arg-type]  # handed on as they came
        finally:
            seconds.append(time.process_time() - started)

    level_columns.rule_on_level = clocked  # type: ignore[assignment]
    try:
        yield seconds
    finally:
        level_columns.rule_on_level = whole


@contextmanager
def _one_by_one() -> Iterator[None]:
    """The engine without its columns: every event through its loop."""
    least = level_budgets.MIN_BULK_EVENTS
    level_budgets.MIN_BULK_EVENTS = 2**62
    try:
        yield
    finally:
        level_budgets.MIN_BULK_EVENTS = least


def _approved(program: Program, limits: Mapping[claims.Path4, int]) -> Book:
    book = Book.in_memory([program])
    for command in claims.approvals("costs", limits):
        (answer,) = book.post([Call(events=[command])])
        if not answer.results[0].status.takes_identity:
            raise RuntimeError(answer.results[0].message)
    return book


def _post(book: Book, events: Sequence[Event]) -> tuple[float, float, int]:
    """Seconds of the budget stage and of the whole post; how many were refused."""
    gc.collect()
    with _clocked() as stage:
        started = time.process_time()
        results = book.post([Call(events=events)])[0].results
        whole = time.process_time() - started
    refused = sum(result.status is Status.REJECTED_BUDGET for result in results)
    return sum(stage), whole, refused


def _check_same(book: Book, asks: Sequence[Ask], limits: Mapping[claims.Path4, int]) -> None:
    """Refuses to compare sides that do not leave the same at every node."""
    left = claims.record_loop(asks, limits)[0]
    for keys, available in left.items():
        node = f"costs[{','.join(keys)}]"
        if (found := book.budget_node(node).available) != available:
            raise RuntimeError(f"{node}: {found} left, the plain loop says {available}")


def budget_vs_python_loop(scale: Scale) -> Iterator[Figure]:
    """10,000 trips, three limited levels: the level's columns, the engine's loop, a plain loop."""
    program = budgets_program()
    asks = claims.trips(scale.batch)
    events = claims.trip_events(asks)
    for name, share, everywhere in _SHARES:
        limits = claims.trip_limits(asks, share, everywhere=everywhere)
        seconds: dict[str, list[float]] = {}
        refused = 0
        for run in range(scale.runs + 1):
            book = _approved(program, limits)
            stage, post, refused = _post(book, events)
            if not run:
                _check_same(book, asks, limits)
            with _one_by_one():
                loop_stage, loop_post, _ = _post(_approved(program, limits), events)
            taken = {"stage": stage, "post": post, "loop": loop_stage, "loop post": loop_post}
            taken["plain"] = _loop_seconds(claims.record_loop, asks, limits)
            taken["bare"] = _loop_seconds(claims.bare_loop, asks, limits)
            for key, value in taken.items() if run else ():  # the first warms up
                seconds.setdefault(key, []).append(value)
        rates = {key: len(asks) / statistics.median(found) for key, found in seconds.items()}
        shared = {
            "batch": len(asks),
            "refused": f"{refused / len(asks):.1%}",
            "limited nodes": len(limits),
            "runs": scale.runs,
            "clock": "processor",
        }
        profiled = _approved(program, limits)
        bound = bound_by(lambda book=profiled: book.post([Call(events=events)]))
        yield _compared(
            f"budget_vs_python_loop:{name}",
            seconds,
            ("stage", "plain"),
            15 if not share else 0.8,
            shared
            | {
                "plain loop that keeps no record": f"{rates['bare']:,.0f} ev/s",
                "whole post bound_by": bound,
            },
        )
        yield _compared(
            f"budget_columns_vs_engine_loop:{name}", seconds, ("stage", "loop"), 0.8, shared
        )
        yield _compared(
            f"budget_post_vs_engine_loop:{name}", seconds, ("post", "loop post"), None, shared
        )


def _loop_seconds(
    loop: Callable[[Sequence[Ask], Mapping[claims.Path4, int]], object],
    asks: Sequence[Ask],
    limits: Mapping[claims.Path4, int],
) -> float:
    gc.collect()
    started = time.process_time()
    loop(asks, limits)
    return time.process_time() - started


def _compared(
    name: str,
    seconds: Mapping[str, Sequence[float]],
    sides: tuple[str, str],
    target: float | None,
    conditions: Mapping[str, object],
) -> Figure:
    mine, theirs = (seconds[side] for side in sides)
    pairs = [b / a for a, b in zip(mine, theirs, strict=True)]
    ratio = statistics.median(pairs)
    count = int(str(conditions["batch"]))
    return Figure(
        name,
        round(ratio, 2),
        target,
        None if target is None else ratio >= target,
        f"{count / statistics.median(mine):,.0f} ev/s",
        f"{count / statistics.median(theirs):,.0f} ev/s",
        f"{min(pairs):.2f}–{max(pairs):.2f}",
        dict(conditions),
    )


def ingest_hot_key(scale: Scale) -> list[Figure]:
    """Posting durably: every claim at one project and budget node against 1,600 of them."""
    figures = []
    for size in (1_000, scale.batch):
        total = size * scale.batches
        figures.append(
            interleaved(
                f"ingest_hot_key:{size}",
                partial(_ingest_claims, size, total, hot=True),
                partial(_ingest_claims, size, total, hot=False),
                count=total,
                target=0.7,
                runs=scale.runs,
                cpu=False,
                conditions={
                    "batch": size,
                    "levels": "4, all limited",
                    "durable": "SQLite WAL, synchronous=FULL; closed, reopened, counted",
                    "bound_by": "as ingest_vs_segment_write; spread: entering and finding nodes",
                },
            )
        )
    return figures


def _ingest_claims(size: int, total: int, *, hot: bool) -> float:
    """Seconds of posting claims to a fresh durable book; reopened and counted afterwards."""
    batches = cut(list(claims.claims(total, 5, hot=hot)), size)
    limits = dict.fromkeys(claims.project_nodes(), claims.PLENTY)
    approved = claims.approvals("projects", limits)
    with folder() as path:
        book = new_book(path, claims.FOLDER)
        for command in approved:
            book.post([Call(events=[command])])
        gc.collect()
        started = time.perf_counter()
        post_all(book, batches)
        taken = time.perf_counter() - started
        book.close()
        if (found := count_stored(path)) != total + 1 + len(approved):
            raise RuntimeError(f"{found} events are stored")
    return taken


BENCHMARKS: dict[str, Callable[[Scale], Iterator[Figure] | list[Figure]]] = {
    "budget_vs_python_loop": budget_vs_python_loop,
    "ingest_hot_key": ingest_hot_key,
}
