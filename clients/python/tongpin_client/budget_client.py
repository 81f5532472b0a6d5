"""Budgets for the blocking client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from tongpin_client import budget_queries as queries
from tongpin_client.batches import Event, row_batches
from tongpin_client.budget_answers import (
    BudgetAnswer,
    BudgetCheck,
    Unavailable,
    is_unanswered,
    unchecked,
)
from tongpin_client.budget_figures import (
    BudgetDecision,
    BudgetNode,
    BudgetUpdate,
    Language,
    Reservation,
)
from tongpin_client.budget_queries import (
    DEFAULTS,
    Amount,
    BudgetOptions,
    DecisionFilter,
    Demand,
    Expiry,
)
from tongpin_client.errors import TongpinRpcError
from tongpin_client.queries import PagedQuery, Query

T = TypeVar("T")


class Calls(Protocol):
    """What this needs of a client: how calls are made."""

    seq: int

    def run(self, query: Query[T], *, timeout: float | None = None) -> T:
        """Makes a call, again after a transient failure, within `timeout` seconds in all."""

    def pages(self, query: PagedQuery[T]) -> Iterator[T]:
        """Goes over a list page by page."""

    def follow(self, query: Callable[[int], Query[T]]) -> Iterator[T]:
        """Goes over the answers of a stream, which is made again where it is lost."""


class BudgetClient:
    """Asks budgets and moves them; `client.budgets`.

    A refused budget is an answer, not an error. Every call that moves something carries an attempt
    id, so that a lost answer is asked for again and nothing is counted twice. Amounts are strings,
    decimals or whole numbers, never floats.
    """

    def __init__(self, calls: Calls) -> None:
        """Makes its calls through a client."""
        self._calls = calls

    # ------------------------------------------------------------ asking

    def check(
        self,
        demands: Demand | Iterable[Demand],
        options: BudgetOptions = DEFAULTS,
        *,
        unavailable: Unavailable | str = Unavailable.RAISE,
        timeout: float | None = None,
    ) -> BudgetCheck:
        """Tells what budgets would say to demands; changes nothing.

        Each demand is asked as if those before it that pass had been made.

        Args:
            demands: one or several.
            options: budget, date, person, override, language.
            unavailable: what to answer where the check cannot be made: "raise", "closed" (does
                not fit) or "open_marked" (fits, every verdict UNCHECKED). The answer is marked
                in both cases (`is_checked` False), never a plain pass.
            timeout: seconds after which it counts as not made, retries included.

        Raises:
            TongpinRpcError: the call was refused or, with "raise", could not be made.
        """
        asked = [demands] if isinstance(demands, Demand) else list(demands)
        query = queries.check(asked, options, self._calls.seq)
        nodes = [demand.node for demand in asked]
        return self._check(query, nodes, options.language, Unavailable(unavailable), timeout)

    def check_events(
        self,
        events: Event | Iterable[Event],
        *,
        language: Language = Language.DECLARED,
        unavailable: Unavailable | str = Unavailable.RAISE,
        timeout: float | None = None,
    ) -> BudgetCheck:
        """Tells what budgets would say to draft events; changes nothing.

        Args:
            events: one or several, as in event files, decided in order by the rules in force.
            language: of the sentence.
            unavailable: as in `check`.
            timeout: as in `check`.

        Raises:
            TongpinRpcError: as in `check`.
        """
        many = [events] if isinstance(events, Mapping) else events
        query = queries.check_events(row_batches(many), language, self._calls.seq)
        return self._check(query, [], language, Unavailable(unavailable), timeout)

    def _check(
        self,
        query: Query[BudgetCheck],
        nodes: list[str],
        language: Language,
        unavailable: Unavailable,
        timeout: float | None,
    ) -> BudgetCheck:
        try:
            return self._calls.run(query, timeout=timeout)
        except TongpinRpcError as error:
            if unavailable is Unavailable.RAISE or not is_unanswered(error):
                raise
            return unchecked(nodes, error, unavailable, language)

    # ------------------------------------------------------------ moving

    def reserve(
        self,
        node: str,
        amount: Amount,
        *,
        reference: str = "",
        group: str = "",
        expiry: Expiry | None = None,
        options: BudgetOptions = DEFAULTS,
    ) -> BudgetAnswer:
        """Reserves (预占) an amount at a node and all above it.

        Args:
            node: NAME[key1,key2]@PERIOD, or a path [NAME/]key1/key2[/PERIOD].
            amount: positive.
            reference: name of the reservation; one that exists is topped up. "" takes a fresh
                name, which the answer tells.
            group: what it is committed, spent or released with.
            expiry: end of a soft hold: a time with zone, or a duration in log time.
            options: budget, date, person, override, language, attempt.

        Raises:
            TongpinRpcError: the call failed; its `attempt_id` may be tried again.
        """
        return self._calls.run(
            queries.reserve(
                node, amount, reference=reference, group=group, expiry=expiry, options=options
            )
        )

    def commit(
        self,
        node: str = "",
        amount: Amount | None = None,
        *,
        reference: str = "",
        group: str = "",
        options: BudgetOptions = DEFAULTS,
    ) -> BudgetAnswer:
        """Commits (承诺) an amount; what the reference holds as reserved is used first.

        Args:
            node: "" = where the reference stands.
            amount: None = all that the reference, or the whole group, holds.
            reference: reservation that is used, and under which the commitment stands.
            group: with no amount, the whole group.
            options: as in `reserve`.

        Raises:
            TongpinRpcError: as in `reserve`.
        """
        return self._calls.run(
            queries.use(
                "CommitBudget", node, amount, reference=reference, group=group, options=options
            )
        )

    def spend(
        self,
        node: str = "",
        amount: Amount | None = None,
        *,
        reference: str = "",
        group: str = "",
        options: BudgetOptions = DEFAULTS,
    ) -> BudgetAnswer:
        """Spends (执行) an amount; what the reference holds is used first. As `commit`."""
        return self._calls.run(
            queries.use(
                "SpendBudget", node, amount, reference=reference, group=group, options=options
            )
        )

    def release(
        self,
        reference: str = "",
        *,
        group: str = "",
        amount: Amount | None = None,
        options: BudgetOptions = DEFAULTS,
    ) -> BudgetAnswer:
        """Gives back (释放) what a reference or a group holds, or at most `amount` of a reference.

        Raises:
            TongpinRpcError: as in `reserve`.
        """
        return self._calls.run(queries.release(reference, group, amount, options))

    def extend(
        self,
        reference: str = "",
        *,
        expiry: Expiry,
        group: str = "",
        options: BudgetOptions = DEFAULTS,
    ) -> BudgetAnswer:
        """Moves the end of a soft hold, of one reservation or of a group.

        Raises:
            TongpinRpcError: as in `reserve`.
        """
        return self._calls.run(queries.extend(reference, group, expiry, options))

    # ------------------------------------------------------------ reading

    def node(self, name: str) -> BudgetNode:
        """Reads a node with its figures."""
        return self._calls.run(queries.node(name, self._calls.seq))

    def reservations(self, name: str) -> Iterator[Reservation]:
        """Goes over what stands at a node and below it, by reference."""
        return self._calls.pages(queries.reservations(name, self._calls.seq))

    def nodes(
        self, budget: str = "", *, top_node: str = "", period: str = ""
    ) -> Iterator[BudgetNode]:
        """Goes over nodes by name: of a budget, of a node and all below it, of a period."""
        return self._calls.pages(queries.nodes(budget, top_node, period, self._calls.seq))

    def decisions(self, wanted: DecisionFilter | None = None) -> Iterator[BudgetDecision]:
        """Goes over what nodes decided, in log order: blocks, warnings, overrides."""
        wanted = wanted or DecisionFilter()
        return self._calls.pages(queries.decisions(wanted, self._calls.seq))

    def watch(
        self, nodes: Iterable[str] = (), *, budgets: Iterable[str] = ()
    ) -> Iterator[BudgetUpdate]:
        """Follows nodes, or every node of budgets: their figures now and whenever they change.

        Goes on until it is closed. A reader that is slow gets the newest figures only. A lost
        connection is made again, after which all figures come once more.

        Raises:
            TongpinRpcError: the watch was refused, or the server stayed away too long.
        """
        return self._calls.follow(queries.watch(nodes, budgets))
