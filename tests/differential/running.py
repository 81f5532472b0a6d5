"""Runs trials of seeds: makes them, compares, and gives a failing one back small and as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from engine.program import Program
from tests.differential.coverage import declared, sent
from tests.differential.minimise import minimised
from tests.differential.stored import to_text
from tests.differential.trial import (
    ENTITIES,
    WAYS,
    Difference,
    Trial,
    compiled,
    differences,
    reference_of,
)
from tests.reference.declarations import Declarations
from tests.reference.generate_budgets import BudgetEventMaker, generate_budget_book
from tests.reference.generate_events import EventMaker
from tests.reference.generate_ledgers import generate_ledger_book
from tests.reference.generate_rules import GeneratedBook, generate_book

#: Events of one trial.
EVENTS = 150

#: From this seed on books are about budgets, from the next on about what is read of the ledger.
BUDGET_SEEDS = 1_000_000
LEDGER_SEEDS = 2_000_000


@dataclass(slots=True)
class Run:
    """What a run of seeds found: differing trials, books with errors, and what was reached."""

    seen: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, Difference, Trial]] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)
    books: int = 0
    batches: int = 0


def book_of(seed: int) -> GeneratedBook:
    """The book of a seed."""
    if seed >= LEDGER_SEEDS:
        return generate_ledger_book(seed - LEDGER_SEEDS)
    if seed >= BUDGET_SEEDS:
        return generate_budget_book(seed - BUDGET_SEEDS)
    return generate_book(seed)


def trial_of(book: GeneratedBook, declarations: Declarations, seed: int, batch: int) -> Trial:
    """The events of a seed's batch for a book."""
    about_budgets = BUDGET_SEEDS <= seed < LEDGER_SEEDS
    kind = BudgetEventMaker if about_budgets else EventMaker
    maker = kind(Random(f"events {seed} {batch}"), declarations, ENTITIES)
    return Trial(book, tuple(maker.events(EVENTS)), seed * 1_000 + batch)


def run_seed(seed: int, batches: int, run: Run, *, ways: Sequence[str] = WAYS) -> None:
    """Compares every batch of a seed; adds to the run."""
    book = book_of(seed)
    run.books += 1
    try:
        program = compiled(book)
    except ValueError as errors:
        run.broken.append((seed, str(errors)))
        return
    declarations = Declarations.of(Trial(book, ()).files(), book.assets)
    run.seen += declared(declarations, book)
    for batch in range(batches):
        trial = trial_of(book, declarations, seed, batch)
        run.seen += sent(trial.events)
        run.batches += 1
        found = next(differences(trial, program, ways=ways, seen=run.seen), None)
        if found is not None:
            run.failures.append((seed, found, trial))


def fails(trial: Trial, ways: Sequence[str] = WAYS) -> bool:
    """Whether the engine and the reference differ; a book that does not compile does not."""
    program = try_compile(trial.book)
    if program is None:
        return False
    try:
        return next(differences(trial, program, ways=ways), None) is not None
    except (KeyError, StopIteration, AssertionError):
        # The reference takes a book for granted from which minimising has cut too much.
        return False


def try_compile(book: GeneratedBook) -> Program | None:
    """The program, or None where the book has errors."""
    try:
        return compiled(book)
    except ValueError:
        return None


def told(seed: int, found: Difference, trial: Trial, *, small: bool = True) -> str:
    """A failure as text: what differs, and the smallest trial that still does."""
    if small:
        trial = minimised(trial, lambda candidate: fails(candidate, (found.way,)))
        program = compiled(trial.book)
        found = next(differences(trial, program, ways=(found.way,)), found)
    return f"seed {seed}: {found}\n{to_text(trial)}"


__all__ = ["EVENTS", "Run", "fails", "reference_of", "run_seed", "told", "trial_of"]
