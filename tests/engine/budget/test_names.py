"""Names of nodes and periods read back as they were written, and say what is wrong with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.budget.names import (
    NodeNameError,
    budget_of,
    dates_label,
    days_of,
    is_label,
    next_label,
    node_name,
    period_label,
    read_node,
    split_name,
)
from engine.calendar import day_of
from engine.program import Horizon
from tests.engine.budget.declared import DATED, DAY, MONTHLY, TREE

keys = st.lists(st.text(min_size=1, max_size=8), max_size=4).map(tuple)


@given(keys, st.sampled_from(["", "2026-03", "2026-Q1", "2026-03-01..2026-04-09"]))
def test_any_keys_read_back_from_their_name(path: tuple[str, ...], period: str) -> None:
    name = node_name("dept", path, period)
    assert split_name(name) == ("dept", path, period)
    assert budget_of(name) == "dept"


def test_names_are_written_as_people_expect() -> None:
    assert node_name("dept", ("市场部", "差旅"), "2026-03") == "dept[市场部,差旅]@2026-03"
    assert node_name("dept", (), "") == "dept[]"
    assert node_name("dept", ("a,b", "[c]", "d\\e"), "") == "dept[a\\,b,\\[c\\],d\\\\e]"
    assert split_name("市场部/差旅") is None


@pytest.mark.parametrize(
    ("horizon", "label", "following", "days"),
    [
        (Horizon.MONTH, "2026-03", "2026-04", ("2026-03-01", "2026-03-31")),
        (Horizon.MONTH, "2025-12", "2026-01", ("2025-12-01", "2025-12-31")),
        (Horizon.MONTH, "2024-02", "2024-03", ("2024-02-01", "2024-02-29")),
        (Horizon.QUARTER, "2026-Q1", "2026-Q2", ("2026-01-01", "2026-03-31")),
        (Horizon.QUARTER, "2026-Q4", "2027-Q1", ("2026-10-01", "2026-12-31")),
        (Horizon.YEAR, "2026", "2027", ("2026-01-01", "2026-12-31")),
        (Horizon.DATES, "2026-03-10..2026-04-09", "", ("2026-03-10", "2026-04-09")),
    ],
)
def test_periods_have_days_and_one_that_follows(
    horizon: Horizon, label: str, following: str, days: tuple[str, str]
) -> None:
    assert is_label(horizon, label)
    assert next_label(horizon, label) == following
    first, last = days
    assert days_of(horizon, label) == (day_of(first), day_of(last))
    if horizon is not Horizon.DATES:
        assert period_label(horizon, day_of(first)) == period_label(horizon, day_of(last)) == label


def test_life_has_no_period() -> None:
    assert period_label(Horizon.LIFE, DAY) == ""
    assert days_of(Horizon.LIFE, "") is None
    assert not is_label(Horizon.LIFE, "2026")
    assert not is_label(Horizon.MONTH, "2026-13")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dept[市场部,差旅]@2026-05", (MONTHLY, ("市场部", "差旅"), "2026-05")),
        ("dept[市场部]", (MONTHLY, ("市场部",), "2026-03")),
        ("dept[]", (MONTHLY, (), "2026-03")),
        ("市场部/差旅", (MONTHLY, ("市场部", "差旅"), "2026-03")),
        ("市场部/差旅/2026-05", (MONTHLY, ("市场部", "差旅"), "2026-05")),
        ("dept/市场部", (MONTHLY, ("市场部",), "2026-03")),
        ("tree/P1/人工/2026-05", (TREE, ("P1", "人工", "2026-05"), "")),
        ("tree[P1]", (TREE, ("P1",), "")),
        # Alone, the budget's name is a key: a path names a node, not a budget.
        ("dept", (MONTHLY, ("dept",), "2026-03")),
    ],
)
def test_commands_name_nodes_canonically_or_by_path(text: str, expected: object) -> None:
    assert read_node(text, [MONTHLY, TREE, DATED], MONTHLY, DAY) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing[A]", "names no budget of the rule book; it has dept, tree, grant"),
        ("dept[A]@2026", "2026 is no month of budget 部门"),
        ("A//B", "has an empty key"),
        ("A/B/C", "has 3 keys; budget 部门 has 部门, 类别"),
        ("dept[A,B,C]", "has 3 keys"),
    ],
)
def test_name_that_cannot_be_read_says_what_to_write(text: str, message: str) -> None:
    with pytest.raises(NodeNameError, match=message):
        read_node(text, [MONTHLY, TREE, DATED], MONTHLY, DAY)


def test_dates_stand_in_order() -> None:
    assert dates_label("2026-03-10", "2026-04-09") == "2026-03-10..2026-04-09"
    with pytest.raises(NodeNameError, match="give from and until in order"):
        dates_label("2026-04-10", "2026-04-09")
    with pytest.raises(NodeNameError, match="dates written 2026-03-05"):
        dates_label("2026-02-30", "2026-04-09")
