"""Many clients want the same money at once, over real servers; nobody gets what is not there.

`python -m tests.budgets.contention [--store URL] [--servers N] [--only NAME]` runs the full figures
of reliability.md, rows 14, 16, 18 and 19, and prints what each showed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from tests.budgets.servers import ServerGroup
from tongpin.v1 import budget_service_pb2, budget_service_pb2_grpc
from tongpin_client import AsyncClient, RetryPolicy, Status

SEED = 20_260_305
CLIENTS = 64

#: A server that was killed is back within seconds; it is never given up.
PATIENCE = RetryPolicy(attempts=200, first_delay=0.05, most_delay=0.5)

#: Seconds between tries of a read at a server that is away, and how many there are.
READ_PAUSE, READ_TRIES = 0.1, 600

Event = dict[str, object]


class ContentionFailed(Exception):
    """What was to be shown does not hold."""


@dataclass
class Timed:
    """How long calls took, in seconds."""

    seconds: list[float] = field(default_factory=list)

    def milliseconds(self, percent: int) -> float:
        """The percentile."""
        ordered = sorted(self.seconds) or [0.0]
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1_000

    def __str__(self) -> str:
        return (
            f"{len(self.seconds)} calls, p50 {self.milliseconds(50):.1f} ms, "
            f"p99 {self.milliseconds(99):.1f} ms"
        )


class Caller:
    """One client: posts single events, and reads budgets."""

    def __init__(self, number: int, address: str) -> None:
        self.number = number
        self.chance = random.Random(SEED + number)
        self.client = AsyncClient(address, retry=PATIENCE)
        # A connection of its own, that is tried again soon after a kill.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_reconnect_backoff_ms", 500)]
        self._channel = grpc.aio.insecure_channel(address, options=options)
        self._budgets = budget_service_pb2_grpc.BudgetServiceStub(self._channel)

    async def __aenter__(self) -> Caller:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self._channel.close()

    async def send(self, event: Event) -> Status:
        """Posts one event; an answer that came again counts as the first one."""
        result = (await self.client.post({"date": "2026-03-05", **event})).results[0]
        if result.status is Status.DUPLICATE and result.first_status is not None:
            return result.first_status
        return result.status

    async def figures(self, budget: str) -> Mapping[str, budget_service_pb2.budget__pb2.BudgetNode]:
        """All nodes of a budget at one position of the book, by canonical name."""
        request = budget_service_pb2.ListBudgetsRequest(
            budget=budget, page_size=1_000, min_seq=self.client.seq
        )
        for tried in range(READ_TRIES):
            try:
                answer = await self._budgets.ListBudgets(request, timeout=30)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE or tried == READ_TRIES - 1:
                    raise
                await asyncio.sleep(READ_PAUSE)
            else:
                return {node.node: node for node in answer.nodes}
        raise ContentionFailed("unreachable")


async def with_callers(
    addresses: Sequence[str], work: Callable[[Caller], Awaitable[None]], *, count: int = CLIENTS
) -> float:
    """Lets all clients work at once, spread over the servers; gives the seconds it took."""
    async with AsyncExitStack() as stack:
        callers = [
            await stack.enter_async_context(Caller(number, addresses[number % len(addresses)]))
            for number in range(count)
        ]
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for caller in callers:
                group.create_task(work(caller))
        return time.perf_counter() - started


async def approve(caller: Caller, name: str, budget: str, amounts: Mapping[str, str]) -> None:
    """Approves amounts by key."""
    lines = [{"node": f"{budget}[{key}]", "amount": amount} for key, amount in amounts.items()]
    event: Event = {"id": name, "type": "budget.approved", "budget": budget, "lines": lines}
    expect_accepted(await caller.send(event))


def expect_accepted(status: Status) -> None:
    """Raises where an event that must pass does not."""
    if not status.is_accepted:
        raise ContentionFailed(f"an event that must pass is {status.name}")


def expect(what: str, found: object, expected: object) -> None:
    """Raises where a figure is another one."""
    if found != expected:
        raise ContentionFailed(f"{what}: {found}, expected {expected}")


def expect_answers(answers: Counter[str], allowed: set[str]) -> None:
    """Raises where a client got an answer it must never get."""
    if set(answers) - allowed:
        raise ContentionFailed(f"answers {dict(answers)}, expected only {sorted(allowed)}")


async def hot_and_cold(addresses: Sequence[str], *, requests: int = 200) -> str:
    """Row 14: one node fits exactly 1,000 grants (or half of what is asked); 100 stand beside it.

    Every second request goes to the hot node, the others to cold ones.
    """
    asked = CLIENTS * ((requests + 1) // 2)
    fits = min(1_000, asked // 2)
    async with Caller(0, addresses[0]) as caller:
        cold = {f"cold-{number}": "100000.00" for number in range(100)}
        await approve(caller, "hot-and-cold", "ceilings", {"hot": f"{fits}.00", **cold})
    timed = {"hot": Timed(), "cold": Timed()}
    answers: dict[str, Counter[str]] = defaultdict(Counter)

    async def work(caller: Caller) -> None:
        for number in range(requests):
            kind = "cold" if number % 2 else "hot"
            node = f"cold-{caller.chance.randrange(100)}" if number % 2 else "hot"
            begun = time.perf_counter()
            status = await caller.send(
                {
                    "id": f"hot-{caller.number}-{number}",
                    "type": "budget.reserved",
                    "node": f"ceilings[{node}]",
                    "amount": "1.00",
                }
            )
            timed[kind].seconds.append(time.perf_counter() - begun)
            answers[node][status.name] += 1

    seconds = await with_callers(addresses, work)
    async with Caller(0, addresses[0]) as caller:
        nodes = await caller.figures("ceilings")
    refused = answers["hot"]["REJECTED_BUDGET"]
    expect("hot requests refused", refused, asked - fits)
    expect("reserved on the hot node", nodes["ceilings[hot]"].reserved_minor, fits * 100)
    for node, counted in answers.items():
        expect(f"answers on {node}", len(counted), 1 + (node == "hot"))
        granted = counted.total() - counted["REJECTED_BUDGET"]
        expect(f"reserved on {node}", nodes[f"ceilings[{node}]"].reserved_minor, granted * 100)
    rate = CLIENTS * requests / seconds
    return (
        f"{fits} of {asked} granted on the hot node, {rate:.0f} requests/s; "
        f"hot: {timed['hot']}; cold: {timed['cold']}"
    )


async def first_touch(addresses: Sequence[str], *, rounds: int = 100) -> str:
    """Row 16: in each round 64 sessions want nodes nobody has touched, under one that fits ten."""
    answers: Counter[str] = Counter()
    for number in range(rounds):
        async with Caller(0, addresses[0]) as caller:
            await approve(caller, f"touch-{number}", "trees", {f"round-{number}": "10.00"})

        async def work(caller: Caller, number: int = number) -> None:
            leaf = caller.number % 3
            status = await caller.send(
                {
                    "id": f"touch-{number}-{caller.number}",
                    "type": "budget.reserved",
                    "node": f"trees[round-{number},leaf-{leaf}]",
                    "amount": "1.00",
                }
            )
            answers[status.name] += 1

        await with_callers(addresses, work)
        async with Caller(0, addresses[0]) as caller:
            nodes = await caller.figures("trees")
        parent = nodes[f"trees[round-{number}]"].reserved_minor
        expect(f"reserved in round {number}", parent, 1_000)
        leaves = [f"trees[round-{number},leaf-{leaf}]" for leaf in range(3)]
        below = sum(nodes[leaf].reserved_minor for leaf in leaves if leaf in nodes)
        expect(f"reserved below in round {number}", below, 1_000)
    expect("refused", answers["REJECTED_BUDGET"], rounds * (CLIENTS - 10))
    return f"{rounds} rounds, 10 of {CLIENTS} granted in each"


async def opposing_orders(addresses: Sequence[str], *, requests: int = 500) -> str:
    """Row 18: claims on three budgets, half of them in the opposite order; all or nothing."""
    keys = {"projects": 5, "departments": 3, "accounts": 4}
    limit = CLIENTS * requests // 8
    async with Caller(0, addresses[0]) as caller:
        for budget, count in keys.items():
            amounts = {f"k{key}": f"{limit}.00" for key in range(count)}
            await approve(caller, f"opposing-{budget}", budget, amounts)
    accepted: Counter[str] = Counter()
    answers: Counter[str] = Counter()

    async def work(caller: Caller) -> None:
        for number in range(requests):
            wanted = {each: f"k{caller.chance.randrange(count)}" for each, count in keys.items()}
            status = await caller.send(
                {
                    "id": f"claim-{caller.number}-{number}",
                    "type": "counterclaim" if number % 2 else "claim",
                    "project": wanted["projects"],
                    "department": wanted["departments"],
                    "account": wanted["accounts"],
                    "amount": "1.00",
                }
            )
            answers[status.name] += 1
            if status.is_accepted:
                accepted.update(f"{budget}[{key}]" for budget, key in wanted.items())

    seconds = await with_callers(addresses, work)
    expect_answers(answers, {"NO_POSTING", "POSTED", "REJECTED_BUDGET"})
    async with Caller(0, addresses[0]) as caller:
        for budget in keys:
            for name, node in (await caller.figures(budget)).items():
                if node.path:
                    expect(f"reserved on {name}", node.reserved_minor, accepted[name] * 100)
                    expect(f"{name} is overspent", node.available_minor < 0, False)
    rate = CLIENTS * requests / seconds
    return f"{dict(answers)}, all or nothing on {sum(keys.values())} nodes, {rate:.0f} requests/s"


async def kill_in_turn(group: ServerGroup, until: float, most_seconds: float) -> int:
    """Kills a server after at most so many seconds and starts it again, until a time; counts."""
    chance = random.Random(SEED)
    kills = 0
    while time.monotonic() < until:
        await asyncio.sleep(chance.uniform(most_seconds / 4, most_seconds))
        place = kills % group.count
        await asyncio.to_thread(group.kill, place)
        await asyncio.to_thread(group.start, place)
        kills += 1
    return kills


async def bank(group: ServerGroup, *, seconds: float = 60, kill_after: float = 6) -> str:
    """Row 19: transfers between 8 nodes of 100 in all while servers are killed; reads total 100.

    `kill_after`: a server lives at most so many seconds.
    """
    addresses = group.addresses
    names = [f"a{number}" for number in range(8)]
    start = dict(zip(names, (30, 20, 10, 10, 10, 10, 5, 5), strict=True))
    async with Caller(0, addresses[0]) as caller:
        await approve(caller, "bank", "bank", {name: f"{each}.00" for name, each in start.items()})
    balances = Counter(start)
    answers: Counter[str] = Counter()
    reads = 0
    deadline = time.monotonic() + seconds

    async def work(caller: Caller) -> None:
        nonlocal reads
        number = 0
        while time.monotonic() < deadline:
            number += 1
            if caller.chance.random() < 0.5:
                _check_total(await caller.figures("bank"), names)
                reads += 1
                continue
            source, target = caller.chance.sample(names, 2)
            amount = caller.chance.randint(1, 5)
            status = await caller.send(
                {
                    "id": f"transfer-{caller.number}-{number}",
                    "type": "budget.transferred",
                    "from_node": f"bank[{source}]",
                    "to_node": f"bank[{target}]",
                    "amount": f"{amount}.00",
                }
            )
            answers[status.name] += 1
            if status.is_accepted:
                balances.update({source: -amount, target: amount})

    async with asyncio.TaskGroup() as tasks:
        nemesis = tasks.create_task(kill_in_turn(group, deadline, kill_after))
        await with_callers(addresses, work)
    expect_answers(answers, {"NO_POSTING", "POSTED", "REJECTED_BUDGET"})
    async with Caller(0, addresses[0]) as caller:
        nodes = await caller.figures("bank")
    _check_total(nodes, names)
    for name in names:
        expect(f"balance of {name}", nodes[f"bank[{name}]"].budget_minor, balances[name] * 100)
    return f"{reads} reads totalled 100, {dict(answers)} transfers, {nemesis.result()} kills"


def _check_total(
    nodes: Mapping[str, budget_service_pb2.budget__pb2.BudgetNode], names: Sequence[str]
) -> None:
    amounts = {name: nodes[f"bank[{name}]"].budget_minor for name in names}
    expect(f"total of {amounts}", sum(amounts.values()), 10_000)
    expect(f"below zero in {amounts}", [name for name in names if amounts[name] < 0], [])


def main() -> int:
    """Runs the full figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", default="", help="URL of a store that the servers share")
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--only", default="", help="one run: hot, touch, opposing, bank")
    parser.add_argument("--seconds", type=int, default=60, help="of the bank run")
    arguments = parser.parse_args()
    runs: dict[str, Callable[[ServerGroup], Awaitable[str]]] = {
        "hot": lambda group: hot_and_cold(group.addresses),
        "touch": lambda group: first_touch(group.addresses),
        "opposing": lambda group: opposing_orders(group.addresses),
        "bank": lambda group: bank(group, seconds=arguments.seconds),
    }
    for name, run in runs.items():
        if arguments.only not in {"", name}:
            continue
        with (
            tempfile.TemporaryDirectory() as folder,
            ServerGroup(Path(folder), arguments.store, arguments.servers) as group,
        ):
            try:
                shown = asyncio.run(_awaited(run(group)))
            except ContentionFailed as failed:
                print(f"{name}: FAILED: {failed}\n{group.logs[-4_000:]}")
                return 1
            print(f"{name}: {shown}", flush=True)
    return 0


async def _awaited(work: Awaitable[str]) -> str:
    return await work


if __name__ == "__main__":
    sys.exit(main())
