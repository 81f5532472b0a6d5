"""A commit's budget effects lead to the same state however commands share commits."""

from __future__ import annotations

import random

import pytest

from engine.state.budgets import Figures
from engine.state.serialize import state_from_sections, state_sections
from tests.engine.budget.books import Budgeted, approved, command, reserved

SEED = 20_260_305


def test_amounts_count_at_their_node_and_use_at_every_node_above() -> None:
    book = Budgeted()
    book.do(approved(("dept[A]@2026-03", "1000.00"), ("A/travel/2026-03", "800.00")))
    book.do(reserved("A/travel", "100.00", "R"), command("spent", node="A/meals", amount="30.00"))
    # limit, reserved, committed, actual, excess
    assert book.figures("dept[A,travel]@2026-03") == (80_000, 10_000, 0, 0, 0)
    assert book.figures("dept[A,meals]@2026-03") == (0, 0, 0, 3_000, 0)
    assert book.figures("dept[A]@2026-03") == (100_000, 10_000, 0, 3_000, 0)
    assert book.figures("dept[]@2026-03") == (0, 10_000, 0, 3_000, 0)


@pytest.mark.parametrize("together", [True, False])
def test_what_moved_before_a_node_got_another_parent_stays_with_the_first(together: bool) -> None:
    book = Budgeted()
    book.do(
        approved(("tree/north", "500.00"), ("tree/south", "500.00"), budget="tree"),
        reserved("tree/shop", "40.00", "R", budget="tree"),
    )
    # The shop stands alone at first; what it reserved goes back before it moves to the north.
    steps: list[dict[str, object]] = [
        command("released", reference="R", budget="tree"),
        {
            "type": "budget.approved",
            "budget": "tree",
            "lines": [{"node": "tree/shop", "amount": "50.00", "parent": "tree/north"}],
        },
        command("spent", node="tree/shop", amount="7.00", budget="tree"),
    ]
    if together:
        book.do(*steps)
    else:
        for step in steps:
            book.do(step)
    # The path without a parent named stands under the root of the tree.
    assert book.figures("tree[shop]")[:4] == (5_000, 0, 0, 700)
    assert book.figures("tree[north]")[:4] == (50_000, 0, 0, 700)
    assert book.figures("tree[]")[:4] == (0, 0, 0, 700)


def test_state_is_the_same_in_one_commit_and_in_many() -> None:
    chance = random.Random(SEED)
    for _ in range(40):
        steps = [_step(chance) for _ in range(30)]
        one, many = Budgeted(), Budgeted()
        one.do(*steps)
        for step in steps:
            many.do(step)
        first, second = one.book.state.budgets, many.book.state.budgets
        assert first.terms == second.terms
        assert _moved(first.figures) == _moved(second.figures)
        assert first.holdings == second.holdings
        assert {name: list(refs) for name, refs in first.groups.items()} == {
            name: list(refs) for name, refs in second.groups.items()
        }


def test_snapshot_gives_the_same_budgets_back() -> None:
    chance = random.Random(SEED)
    book = Budgeted()
    book.do(*(_step(chance) for _ in range(60)))
    state = book.book.state
    again = state_from_sections(state_sections(state)).budgets
    assert again.terms == state.budgets.terms
    assert again.figures == state.budgets.figures
    assert again.holdings == state.budgets.holdings
    assert {k: list(v) for k, v in again.groups.items()} == {
        k: list(v) for k, v in state.budgets.groups.items()
    }
    assert again.next_due_us() == state.budgets.next_due_us()
    assert {k: sorted(v) for k, v in again.tails.items()} == {
        k: sorted(v) for k, v in state.budgets.tails.items()
    }


def _moved(figures: dict[str, Figures]) -> dict[str, Figures]:
    return {node: found for node, found in figures.items() if any(found)}


def _step(chance: random.Random) -> dict[str, object]:
    """A command that may or may not be possible."""
    node = chance.choice(["A", "A/travel", "A/meals", "B", "B/travel"])
    reference, group = chance.choice("RSTU"), chance.choice(["", "g", "h"])
    amount = f"{chance.randrange(1, 300)}.00"
    fields: dict[str, object] = {"reference": reference}
    if group:
        fields["group"] = group
    kind = chance.choice(
        ["approved", "reserved", "reserved", "committed", "spent", "released", "whole", "other"]
    )
    if kind == "approved":
        return approved((f"{node}/2026-03", amount))
    if kind == "reserved":
        if chance.random() < 0.3:
            fields["expires_in_s"] = chance.randrange(1, 1_000)
        return command("reserved", node=node, amount=amount, **fields)
    if kind in {"committed", "spent"}:
        return command(kind, node=node, amount=amount, **fields)
    if kind == "released":
        return command("released", reference=reference)
    if kind == "whole":
        return command(chance.choice(["committed", "spent", "released"]), group=group or "g")
    return chance.choice(
        [
            command("closed", period="2026-03", carry_balance=True, carry_reserved=True),
            command("extended", reference=reference, expires_in_s=500),
            command("revised", lines=[{"node": f"{node}/2026-03", "delta": "-10.00"}]),
            command("transferred", from_node="A/2026-03", to_node="B/2026-03", amount="5.00"),
        ]
    )
