"""Changes to budgets are seen at once and taken back to the last savepoint."""

from __future__ import annotations

import random
from dataclasses import replace

from engine.effects import Stage
from engine.state.book_state import BookState
from engine.state.budgets import BudgetState, Figures, Holding, Part, Terms
from engine.state.overlay import Overlay
from engine.strings import BatchStrings

ROOT = Terms("b", (), "", "", 2, "CNY")
LEAF = Terms("b", ("A",), "", "b[]", 2, "CNY")


def _overlay() -> Overlay:
    state = BookState.empty()
    state.budgets.set_terms("b[]", ROOT)
    state.budgets.set_terms("b[A]", LEAF)
    state.budgets.figures["b[]"] = Figures(100, 0, 0, 7)
    state.budgets.set_holding(("b", "R"), Holding("g", 5, (Part("b[A]", 3, 0),)))
    return Overlay(state, BatchStrings(state.pool))


def _seen(overlay: Overlay) -> tuple[object, ...]:
    """Everything an overlay says about the nodes and references of these tests."""
    budgets = overlay.budgets
    nodes, references = ("b[]", "b[A]", "b[B]"), ("R", "S", "T")
    return (
        [budgets.terms(node) for node in nodes],
        [budgets.figures(node) for node in nodes],
        [budgets.holding(("b", name)) for name in references],
        [budgets.group("b", name) for name in ("g", "h")],
        sorted(name for name, _ in budgets.nodes("b")),
        sorted(budgets.references("b")),
        [sorted(budgets.with_tail("b", tail)) for tail in ((), ("A",), ("B",))],
    )


def test_use_counts_at_every_node_above_and_an_amount_at_its_own() -> None:
    overlay = _overlay()
    overlay.budgets.move("b[A]", Stage.ACTUAL, 5)
    overlay.budgets.move("b[A]", Stage.LIMIT, 50)
    assert overlay.budgets.figures("b[A]") == (50, 0, 0, 5, 0)
    assert overlay.budgets.figures("b[]") == (100, 0, 0, 12, 0)
    assert overlay.state.budgets.figures == {"b[]": Figures(100, 0, 0, 7)}


def test_reference_that_gives_all_back_leaves_its_group() -> None:
    overlay = _overlay()
    budgets = overlay.budgets
    assert budgets.group("b", "g") == ("R",)
    budgets.set_holding(("b", "S"), Holding("g", 0, (Part("b[A]", 1, 0),)))
    budgets.set_holding(("b", "R"), Holding())
    assert budgets.group("b", "g") == ("S",)
    budgets.set_holding(("b", "R"), Holding("h", 0, (Part("b[A]", 1, 0),)))
    assert (budgets.group("b", "g"), budgets.group("b", "h")) == (("S",), ("R",))
    assert sorted(budgets.references("b")) == ["R", "S"]


def test_any_changes_are_undone_to_the_savepoint() -> None:
    chance = random.Random(20_260_305)
    for _ in range(50):
        overlay = _overlay()
        _change(overlay, chance)
        before, mark = _seen(overlay), overlay.mark()
        for _ in range(8):
            _change(overlay, chance)
        overlay.rollback(mark)
        assert _seen(overlay) == before


def _change(overlay: Overlay, chance: random.Random) -> None:
    budgets = overlay.budgets
    node = chance.choice(["b[]", "b[A]"])
    amount = chance.randrange(-9, 9)
    match chance.randrange(5):
        case 0:
            budgets.move(node, chance.choice(list(Stage)), amount)
        case 1:
            budgets.add_excess(node, abs(amount))
        case 2:
            terms = replace(LEAF, path=("B",), limited=chance.random() < 0.5, warn_ppm=amount)
            budgets.set_terms("b[B]", terms)
        case 3:
            parts = (Part(node, abs(amount), 0),) if amount else ()
            holding = Holding(chance.choice(["", "g", "h"]), 0, parts)
            budgets.set_holding(("b", chance.choice("RST")), holding)
        case _:
            budgets.set_terms("b[A]", replace(LEAF, limited=True, version=str(amount)))


def test_holds_fall_due_in_order_and_one_that_was_extended_later() -> None:
    state = BudgetState()
    for name, expires in (("A", 30), ("B", 10), ("C", 20)):
        state.set_holding(("b", name), Holding("", expires, (Part("b[]", 1, 0),)))
    assert state.next_due_us() == 10
    assert [name for _, name in state.due_by(20)] == ["B", "C"]
    state.set_holding(("b", "B"), Holding("", 40, (Part("b[]", 1, 0),)))
    assert state.next_due_us() == 20
    assert [name for _, name in state.due_by(40)] == ["C", "A", "B"]
    state.set_holding(("b", "C"), Holding())
    assert [name for _, name in state.due_by(100)] == ["A", "B"]
