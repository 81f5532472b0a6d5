"""Whatever order steps of sessions come in, what is granted is there, once."""

from __future__ import annotations

import pytest

from tests.budgets.interleavings import orders_of_three, orders_of_two, run_order

SEED = 20_260_305


@pytest.mark.parametrize("by_node", [False, True])
def test_all_orders_of_two_sessions(by_node: bool) -> None:
    orders = list(orders_of_two())
    assert len(set(orders)) == 70
    for order in orders:
        # 100.00 fits one session of 60.00.
        assert len(run_order(order, by_node=by_node)) == 1, order


@pytest.mark.slow
def test_sampled_orders_of_three_sessions() -> None:
    for place, order in enumerate(orders_of_three(2_000, SEED)):
        assert len(run_order(order, by_node=bool(place % 2))) == 1, order
