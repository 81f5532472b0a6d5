"""Short forms of the contention runs, over real servers.

`python -m tests.budgets.contention` runs the full figures. TONGPIN_TEST_STORE names another store
than an embedded file, TONGPIN_TEST_SERVERS how many servers share it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.verify import verify_book
from server.rulebooks import compile_files
from tests.budgets.contention import bank, first_touch, hot_and_cold, opposing_orders
from tests.budgets.servers import ServerGroup

pytestmark = pytest.mark.slow


@pytest.fixture
def group(tmp_path: Path) -> Iterator[ServerGroup]:
    store = os.environ.get("TONGPIN_TEST_STORE", "")
    count = int(os.environ.get("TONGPIN_TEST_SERVERS", "1"))
    with ServerGroup(tmp_path, store, count) as servers:
        yield servers
    # What is left behind is whole: every figure is added up again from the moves.
    report = verify_book(servers.store_url, "main", compile_files)
    assert report.ok, report.first_bad


def test_hot_node_grants_what_fits_and_cold_ones_are_not_concerned(group: ServerGroup) -> None:
    asyncio.run(hot_and_cold(group.addresses, requests=40))


def test_nodes_that_nobody_touched_before_let_nothing_through(group: ServerGroup) -> None:
    asyncio.run(first_touch(group.addresses, rounds=10))


def test_claims_in_opposite_orders_are_granted_whole_or_not_at_all(group: ServerGroup) -> None:
    asyncio.run(opposing_orders(group.addresses, requests=30))


def test_every_read_of_the_bank_totals_a_hundred_while_servers_are_killed(
    group: ServerGroup,
) -> None:
    asyncio.run(bank(group, seconds=8, kill_after=4))
