"""BudgetService: its calls as budget.* events and dry runs; reads nodes and decisions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from engine.book import Book
from engine.budget.wording import sentence
from engine.calls import (
    BUDGET_COMMITTED,
    BUDGET_EXTENDED,
    BUDGET_RELEASED,
    BUDGET_RESERVED,
    BUDGET_SPENT,
    BudgetDecision,
    BudgetNodeView,
    Call,
    EventResult,
    ReservationView,
)
from engine.effects import Status
from engine.errors import UnknownObject
from engine.program import Budget
from server.budget_requests import (
    Fields,
    command_fields,
    expiry_fields,
    read_demands,
    read_language,
    read_node,
    read_verdict,
    require,
    require_holder,
    use_fields,
)
from server.budget_watches import BudgetWatches, Watched, too_many_nodes
from server.committer import Committer
from server.convert import read_batch
from server.convert_budgets import write_decision, write_node, write_reservation
from server.convert_results import write_result, write_results
from server.interceptors import Context, current_call
from server.limits import DECLARED_SECONDS, MAX_WATCHED_NODES
from server.posting_service import require_command_roles, system_call
from server.reading import Paging, Reader
from server.status import malformed
from tongpin.v1 import budget_service_pb2 as pb
from tongpin.v1 import budget_service_pb2_grpc

#: What stands in the books, or does so already.
_FITTING = frozenset({Status.POSTED, Status.NO_POSTING, Status.PENDING_REVIEW, Status.DUPLICATE})


class BudgetService(budget_service_pb2_grpc.BudgetServiceServicer):
    """Budgets: asked, moved, read."""

    def __init__(
        self, book: Book, committer: Committer, reader: Reader, watches: BudgetWatches
    ) -> None:
        """Serves this book."""
        self._book = book
        self._committer = committer
        self._reader = reader
        self._watches = watches
        self._declared: Mapping[str, Budget] = {}
        self._declared_until = 0.0

    # ------------------------------------------------------------ asking and moving

    async def CheckBudget(  # noqa: N802 - named by the proto
        self, request: pb.CheckBudgetRequest, context: Context
    ) -> pb.CheckBudgetResponse:
        """Tells what budgets would say; the dry run of what would be posted."""
        identity = current_call()
        language = read_language(request.language)
        principal = identity.principal
        call = Call(principal=principal.name, dry_run=True, budget_roles=principal.budget_roles)
        match request.WhichOneof("question"):
            case "demands":
                events = read_demands(request.demands)
                call = replace(call, events=events)
            case "events":
                batch = await self._reader.convert(
                    request.events.ByteSize(), partial(read_batch, request.events)
                )
                require_command_roles(identity, batch)
                call = replace(call, events=batch.events, arrow=batch.arrow)
            case _:
                raise malformed("question", "say what is asked: set demands or events")
        result, _ = await self._reader.read(
            partial(self._book.dry_run, call), min_seq=request.min_seq
        )
        return pb.CheckBudgetResponse(
            fits=all(one.status in _FITTING for one in result.results),
            sentence=await self._sentence(result.results, language),
            results=write_results(result.results),
            seq=result.seq,
        )

    async def ReserveBudget(  # noqa: N802 - named by the proto
        self, request: pb.ReserveBudgetRequest, context: Context
    ) -> pb.ReserveBudgetResponse:
        """Reserves an amount."""
        fields = command_fields(request, "node", "amount", "budget", "reference", "group")
        fields |= expiry_fields(request)
        require(fields, "node", "name the node, such as 部门费用[市场部]@2026-05 or 市场部/差旅费")
        require(fields, "amount", 'say how much, such as "300.00"')
        result, told, seq = await self._post(BUDGET_RESERVED, request, fields)
        is_held = result.status in _FITTING
        reference = request.reference or (result.event_id if is_held else "")
        return pb.ReserveBudgetResponse(
            result=write_result(result), sentence=told, reference=reference, seq=seq
        )

    async def CommitBudget(  # noqa: N802 - named by the proto
        self, request: pb.CommitBudgetRequest, context: Context
    ) -> pb.CommitBudgetResponse:
        """Commits an amount, a reservation or a group."""
        fields = use_fields(request)
        result, told, seq = await self._post(BUDGET_COMMITTED, request, fields)
        return pb.CommitBudgetResponse(result=write_result(result), sentence=told, seq=seq)

    async def SpendBudget(  # noqa: N802 - named by the proto
        self, request: pb.SpendBudgetRequest, context: Context
    ) -> pb.SpendBudgetResponse:
        """Spends an amount, a reservation, a commitment or a group."""
        fields = use_fields(request)
        result, told, seq = await self._post(BUDGET_SPENT, request, fields)
        return pb.SpendBudgetResponse(result=write_result(result), sentence=told, seq=seq)

    async def ReleaseBudget(  # noqa: N802 - named by the proto
        self, request: pb.ReleaseBudgetRequest, context: Context
    ) -> pb.ReleaseBudgetResponse:
        """Gives back what a reference or a group holds."""
        fields = command_fields(request, "reference", "group", "amount", "budget")
        require_holder(fields)
        if "group" in fields and "amount" in fields:
            raise malformed("amount", "a group is given back as a whole; leave the amount out")
        result, told, seq = await self._post(BUDGET_RELEASED, request, fields)
        return pb.ReleaseBudgetResponse(result=write_result(result), sentence=told, seq=seq)

    async def ExtendReservation(  # noqa: N802 - named by the proto
        self, request: pb.ExtendReservationRequest, context: Context
    ) -> pb.ExtendReservationResponse:
        """Moves the end of a soft hold."""
        fields = command_fields(request, "reference", "group", "budget")
        require_holder(fields)
        expiry = expiry_fields(request)
        if not expiry:
            raise malformed("expiry", "say until when: set expire_time or expire_after_seconds")
        result, told, seq = await self._post(BUDGET_EXTENDED, request, fields | expiry)
        return pb.ExtendReservationResponse(result=write_result(result), sentence=told, seq=seq)

    async def _post(
        self, command: str, request: Any, fields: Fields
    ) -> tuple[EventResult, str, int]:
        """Posts a command; its result, the sentence about it, the position of the book."""
        language = read_language(request.language)
        call = system_call(command, request.attempt_id, fields)
        answer = await self._committer.enqueue(call, count=1, size=request.ByteSize())
        result = answer.results[0]
        return result, await self._sentence([result], language), answer.seq

    # ------------------------------------------------------------ reading

    async def GetBudget(  # noqa: N802 - named by the proto
        self, request: pb.GetBudgetRequest, context: Context
    ) -> pb.GetBudgetResponse:
        """Reads a node and its reservations."""
        name = read_node(request.node, "node")
        paging = Paging(request.page_size, request.page_token, rpc="GetBudget", node=name)

        def find() -> tuple[BudgetNodeView, list[ReservationView], str]:
            node = self._book.budget_node(name)
            found, after = self._book.reservations(
                node=node.node, after=paging.after, limit=paging.limit
            )
            return node, found, after

        (node, reservations, after), seq = await self._reader.read(find, min_seq=request.min_seq)
        return pb.GetBudgetResponse(
            node=write_node(node, await self._names([node])),
            reservations=map(write_reservation, reservations),
            next_page_token=paging.token(after),
            seq=seq,
        )

    async def ListBudgets(  # noqa: N802 - named by the proto
        self, request: pb.ListBudgetsRequest, context: Context
    ) -> pb.ListBudgetsResponse:
        """Lists nodes."""
        filters = {"budget": request.budget, "prefix": request.top_node, "period": request.period}
        paging = Paging(request.page_size, request.page_token, rpc="ListBudgets", **filters)
        (nodes, after), seq = await self._reader.read(
            partial(self._book.budget_nodes, **filters, after=paging.after, limit=paging.limit),
            min_seq=request.min_seq,
        )
        names = await self._names(nodes)
        return pb.ListBudgetsResponse(
            nodes=[write_node(node, names) for node in nodes],
            next_page_token=paging.token(after),
            seq=seq,
        )

    async def ListBudgetDecisions(  # noqa: N802 - named by the proto
        self, request: pb.ListBudgetDecisionsRequest, context: Context
    ) -> pb.ListBudgetDecisionsResponse:
        """Lists what nodes decided."""
        name = read_node(request.node, "node") if request.node else ""
        filters = {
            "source": request.source,
            "event_id": request.event_id,
            "person": request.person,
        }
        verdicts = tuple(sorted({read_verdict(number) for number in request.verdicts}))
        paging = Paging(
            request.page_size,
            request.page_token,
            rpc="ListBudgetDecisions",
            node=name,
            verdicts=" ".join(verdict.name for verdict in verdicts),
            **filters,
        )

        def find() -> tuple[list[BudgetDecision], str]:
            return self._book.budget_decisions(
                node=self._book.budget_node(name).node if name else "",
                **filters,
                verdicts=verdicts,
                after=paging.after,
                limit=paging.limit,
            )

        (decisions, after), seq = await self._reader.read(find, min_seq=request.min_seq)
        return pb.ListBudgetDecisionsResponse(
            decisions=map(write_decision, decisions),
            next_page_token=paging.token(after),
            seq=seq,
        )

    async def WatchBudget(  # noqa: N802 - named by the proto
        self, request: pb.WatchBudgetRequest, context: Context
    ) -> None:
        """Sends figures now and after every commit that changes them."""
        names = [read_node(name, f"nodes[{at}]") for at, name in enumerate(request.nodes)]
        budgets = frozenset(request.budgets)
        if not names and not budgets:
            raise malformed("nodes", "name the nodes or budgets to watch")
        if len(names) + len(budgets) > MAX_WATCHED_NODES:
            raise too_many_nodes(len(names) + len(budgets))
        principal = current_call().principal

        def find() -> Watched:
            for budget in sorted(budgets - self._read_budgets().keys()):
                message = f"there is no budget {budget}"
                raise UnknownObject("NOT_FOUND", message, kind="budget", name=budget)
            return Watched(frozenset(self._book.budget_node(name).node for name in names), budgets)

        watched, _ = await self._reader.read(find, min_seq=request.min_seq)
        watch = self._watches.open(watched)
        guard = asyncio.create_task(self._watches.guard(watch, principal))
        try:
            while True:
                nodes, seq = await watch.take()
                known = await self._names(nodes)
                written = [write_node(node, known) for node in nodes]
                # Waits while the reader is behind; what happens meanwhile is told by the newest.
                await context.write(pb.WatchBudgetResponse(nodes=written, seq=seq))
        finally:
            guard.cancel()
            self._watches.close(watch)

    # ------------------------------------------------------------ in words

    async def _budgets(self, wires: Iterable[str] = ()) -> Mapping[str, Budget]:
        """Budgets of the newest rules by wire name; read again now and then, as publishing is rare.

        Args:
            wires: names met; one that is not known yet was published meanwhile.
        """
        now = time.monotonic()
        if now >= self._declared_until or not self._declared.keys() >= set(wires):
            self._declared = await self._reader.run(self._read_budgets)
            self._declared_until = now + DECLARED_SECONDS
        return self._declared

    def _read_budgets(self) -> Mapping[str, Budget]:
        try:
            return {budget.wire: budget for budget in self._book.program().budgets}
        except UnknownObject:
            return {}  # no rules are published yet

    async def _names(self, nodes: Iterable[BudgetNodeView]) -> Mapping[str, str]:
        declared = await self._budgets(node.budget_name for node in nodes)
        return {wire: budget.name for wire, budget in declared.items()}

    async def _sentence(self, results: Iterable[EventResult], language: int) -> str:
        verdicts = [verdict for result in results for verdict in result.budget]
        if not verdicts:
            return ""
        wires = [verdict.node.partition("[")[0] for verdict in verdicts]
        declared = await self._budgets(wires)
        chinese = language == pb.LANGUAGE_ZH
        if language == pb.LANGUAGE_UNSPECIFIED:
            first = declared.get(wires[0])
            chinese = first is not None and first.chinese
        return sentence(verdicts, chinese=chinese, budgets=declared.values())
