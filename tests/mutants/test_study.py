"""A short form of the study: every kind of mistake once, some mutants, the arguments."""

from __future__ import annotations

from rules_dsl.testing.mutants import mutants_of
from tests.mutants.books import rule_books
from tests.mutants.static import OPERATORS
from tests.mutants.study import (
    draw_mistakes,
    draw_mutants,
    equivalents,
    key_of,
    study_checks,
    study_tests,
)

SEED = 20_260_401


def test_a_mistake_of_every_kind_is_caught_where_it_stands() -> None:
    found = study_checks(draw_mistakes(SEED, len(OPERATORS)))
    assert found.tried == len(OPERATORS)
    assert found.missed == []
    assert found.elsewhere == []


def test_most_mutants_are_killed() -> None:
    found = study_tests(draw_mutants(SEED, 12))
    assert found.tried == found.checked + found.killed + found.equivalent + len(found.survived)
    assert len(found.survived) <= 1, found.survived


def test_draws_are_the_same_for_the_same_seed_and_differ_for_another() -> None:
    drawn = [mistake.change for _, mistake in draw_mistakes(SEED, 40)]
    assert drawn == [mistake.change for _, mistake in draw_mistakes(SEED, 40)]
    assert drawn != [mistake.change for _, mistake in draw_mistakes(SEED + 1, 40)]


def test_every_equivalent_mutant_is_one_of_the_mutants_and_has_its_argument() -> None:
    known = {
        key_of(book, change)
        for book in rule_books()
        for change in mutants_of(book.sources, book.files)
    }
    for key, argument in equivalents().items():
        assert key in known, f"no mutant reads so any more; take it out of equivalent.txt: {key}"
        assert len(argument) > 40
