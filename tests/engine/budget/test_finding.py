"""A demand finds its node: by prefix, by the tail of its path, by the day."""

from __future__ import annotations

import pytest

from engine.budget.finding import NodeNotFound, enter_node, find_node
from engine.calendar import day_of
from engine.program import Budget
from tests.engine.budget.declared import DATED, DAY, MONTHLY, TOLERANT, TREE, Desk


def _find(desk: Desk, budget: Budget, *keys: str, day: int = DAY) -> str:
    return find_node(desk.state, budget, keys, day)


def test_every_key_has_a_node_in_the_period_of_the_day() -> None:
    desk = Desk()
    assert _find(desk, MONTHLY, "市场部", "差旅") == "dept[市场部,差旅]@2026-03"
    assert _find(desk, MONTHLY, "市场部", day=day_of("2026-12-31")) == "dept[市场部]@2026-12"
    assert _find(desk, MONTHLY) == "dept[]@2026-03"


def test_node_is_entered_with_all_above_it_roots_first_and_its_budgets_defaults() -> None:
    desk = Desk()
    name = enter_node(desk.state, MONTHLY, ("A", "travel"), "2026-03", desk.enter)
    assert name == "dept[A,travel]@2026-03"
    assert list(desk.entered) == ["dept[]@2026-03", "dept[A]@2026-03", name]
    assert [terms.parent for terms in desk.entered.values()] == [
        "",
        "dept[]@2026-03",
        "dept[A]@2026-03",
    ]
    assert desk.state.chain(name) == [name, "dept[A]@2026-03", "dept[]@2026-03"]
    node = enter_node(desk.state, TOLERANT, ("A",), "", desk.enter)
    terms = desk.entered[node]
    assert (terms.warn_ppm, terms.override_role, terms.limited) == (100_000, "head", False)
    # (reserve, commit, spend): only what is spent is tolerated.
    assert terms.tolerances == ((None, None), (None, None), (50_000, 10_000))


def test_node_that_exists_is_entered_once() -> None:
    desk = Desk()
    enter_node(desk.state, MONTHLY, ("A",), "2026-03", desk.enter)
    desk.entered.clear()
    enter_node(desk.state, MONTHLY, ("A",), "2026-03", desk.enter)
    assert desk.entered == {}


def test_budget_by_path_finds_the_limited_node_whose_path_ends_in_most_of_the_keys() -> None:
    desk = Desk()
    desk.limited(TREE, ("公司", "P1"), 100, period="")
    assert _find(desk, TREE, "P1", "人工") == "tree[公司,P1]"
    desk.limited(TREE, ("公司", "P1", "人工"), 100, period="")
    assert _find(desk, TREE, "P1", "人工") == "tree[公司,P1,人工]"
    # Nothing ends in P2: a node of its own, which only counts.
    assert _find(desk, TREE, "P2", "人工") == "tree[P2,人工]"


def test_two_nodes_that_fit_are_told_apart_only_by_an_exact_path() -> None:
    desk = Desk()
    desk.limited(TREE, ("北", "P1"), 100, period="")
    desk.limited(TREE, ("南", "P1"), 100, period="")
    with pytest.raises(NodeNotFound, match="several nodes of budget 项目 end in P1"):
        _find(desk, TREE, "P1")
    exact = desk.limited(TREE, ("P1",), 100, period="")
    assert _find(desk, TREE, "P1") == exact


def test_key_may_hold_several_segments_of_a_path() -> None:
    desk = Desk()
    node = desk.limited(TREE, ("公司", "P1", "人工"), 100, period="")
    assert _find(desk, TREE, "公司/P1", "人工") == node


def test_budget_with_dates_has_only_the_nodes_approved_for_the_day() -> None:
    desk = Desk()
    period = "2026-03-10..2026-04-09"
    first, last = day_of("2026-03-10"), day_of("2026-04-09")
    node = desk.limited(DATED, ("G1",), 100, period=period, first_day=first, last_day=last)
    assert _find(desk, DATED, "G1", day=first) == node
    assert _find(desk, DATED, "G1", day=last) == node
    assert _find(desk, DATED, "G1", day=last + 1) == ""
    assert _find(desk, DATED, "G2", day=first) == ""
