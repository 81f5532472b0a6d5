"""Reads budgets back: nodes with their figures, what references hold, decisions from the log."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from operator import itemgetter

from engine.budget.finding import NodeNotFound, find_node
from engine.budget.names import NodeNameError, node_name, read_node, split_name
from engine.calls import BudgetDecision, BudgetNodeView, ReservationView
from engine.columns import EffectBatch
from engine.effects import BUDGET_DECISIONS, Verdict
from engine.errors import CallerError, UnknownObject
from engine.history import Commits, StateHistory, budget_decision
from engine.log import CommitHeader
from engine.program import Budget, Program
from engine.state.book_state import BookState
from engine.state.budget_overlay import BudgetOverlay
from engine.state.budgets import NO_FIGURES, BudgetState, Terms


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions are asked for; what is empty does not matter.

    node: canonical name. source, event_id: of the event. person: who overrode or cut.
    """

    node: str = ""
    source: str = ""
    event_id: str = ""
    verdicts: Collection[Verdict] = ()
    person: str = ""

    def holds(self, decision: BudgetDecision) -> bool:
        """Whether a decision is asked for."""
        verdict = decision.verdict
        return (
            self.node in ("", verdict.node)
            and self.source in ("", decision.source)
            and self.event_id in ("", decision.event_id)
            and (not self.verdicts or verdict.verdict in self.verdicts)
            and self.person in ("", verdict.person)
        )


class BudgetReading:
    """Answers questions about budgets as of the state."""

    def __init__(self, state: BookState, history: StateHistory, commits: Commits) -> None:
        """Reads all three; changes none."""
        self._book = state
        self._state = state.budgets
        self._history = history
        self._commits = commits

    def node(self, name: str, program: Program | None, day: int) -> BudgetNodeView:
        """A node by canonical name, or by path under a program.

        Args:
            name: of the node.
            program: whose budgets a path names; None: canonical names only.
            day: chooses the period of a path that has none.

        Raises:
            UnknownObject: no such node.
        """
        terms = self._state.terms.get(name)
        if terms is None and program is not None and program.budgets:
            try:
                budget, path, period = read_node(name, program.budgets, program.budgets[0], day)
            except NodeNameError as error:
                raise UnknownObject("NOT_FOUND", str(error), kind="budget node") from None
            name = node_name(budget.wire, path, period)
            terms = self._state.terms.get(name)
            if terms is None:
                name = self._found(budget, path, period, day) or name
                terms = self._state.terms.get(name)
        if terms is None:
            raise UnknownObject(
                "NOT_FOUND",
                f"there is no budget node {name}; a node is written NAME[k1,k2]@2026-03",
                kind="budget node",
                name=name,
            )
        return self._view(name, terms)

    def _found(self, budget: Budget, path: tuple[str, ...], period: str, day: int) -> str:
        """The node that a path leads to where none has its name; "" for none."""
        overlay = BudgetOverlay(self._state, lambda _: None)
        try:
            return find_node(overlay, budget, path, day, period=period, whole=True)
        except NodeNotFound as error:
            raise UnknownObject("NOT_FOUND", str(error), kind="budget node") from None

    def nodes(
        self, budget: str, prefix: str, period: str, *, after: str, limit: int
    ) -> tuple[list[BudgetNodeView], str]:
        """A page of nodes by name, and the token of the next ("" at the end).

        Args:
            budget: wire name, "" for all.
            prefix: canonical name of a node: itself and all below.
            period: exactly this one, "" for all.
            after: token of the page before.
            limit: most nodes of a page.
        """
        if prefix and split_name(prefix) is None:
            raise CallerError("INVALID_FIELD", f"{prefix} is not written NAME[k1,k2]@2026-03")
        found = sorted(
            name
            for name, terms in self._state.terms.items()
            if (not budget or terms.budget == budget)
            and (not period or terms.period == period)
            and name > after
            and (not prefix or prefix in _chain(self._state, name))
        )
        page = found[:limit]
        more = page[-1] if len(found) > limit else ""
        return [self._view(name, self._state.terms[name]) for name in page], more

    def reservations(
        self, node: str, reference: str, group: str, *, after: str, limit: int
    ) -> tuple[list[ReservationView], str]:
        """A page of what references hold, by (budget, reference, node); filters: "" = any.

        Args:
            node: it and all below.
            reference: exactly this one.
            group: exactly this one.
            after: token of the page before.
            limit: most entries of a page.
        """
        found = sorted(
            (
                (f"{budget}/{name}/{part.node}", name, holding, part)
                for (budget, name), holding in self._state.holdings.items()
                for part in holding.parts
                if (not reference or name == reference)
                and (not group or holding.group == group)
                and (not node or node in _chain(self._state, part.node))
            ),
            key=itemgetter(0),
        )
        found = [item for item in found if item[0] > after]
        page = found[:limit]
        views = [
            ReservationView(
                reference=name,
                group=holding.group,
                node=part.node,
                reserved=part.reserved,
                committed=part.committed,
                expires_us=holding.expires_us,
            )
            for _, name, holding, part in page
        ]
        return views, page[-1][0] if len(found) > limit else ""

    def decisions(
        self, wanted: DecisionFilter, *, after: str, limit: int
    ) -> tuple[list[BudgetDecision], str]:
        """A page of decisions in log order, and the token of the next ("" at the end)."""
        found: list[BudgetDecision] = []
        place = ""
        for header, effects, row in self._rows(after):
            decision = budget_decision(effects, row, header)
            if wanted.holds(decision):
                if len(found) == limit:
                    return found, place
                found.append(self._with_scale(decision))
            place = f"{header.seq}:{row}"
        return found, ""

    def _rows(self, after: str) -> Iterator[tuple[CommitHeader, EffectBatch, int]]:
        seq, row = 1, -1
        if after:
            parts = after.split(":")
            if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
                raise CallerError("INVALID_PAGE_TOKEN", "this page token was not given by us")
            seq, row = int(parts[0]), int(parts[1])
        while seq <= self._book.seq:
            header, effects = self._commits.get(seq)
            table = effects.tables.get(BUDGET_DECISIONS.name)
            if table is not None:
                for place in range(row + 1, table.count):
                    yield header, effects, place
            seq, row = seq + 1, -1

    def _with_scale(self, decision: BudgetDecision) -> BudgetDecision:
        return replace(decision, verdict=self._history.with_scale(decision.verdict))

    def _view(self, name: str, terms: Terms) -> BudgetNodeView:
        figures = self._state.figures.get(name, NO_FIGURES)
        return BudgetNodeView(
            node=name,
            budget_name=terms.budget,
            path=terms.path,
            period=terms.period,
            parent=terms.parent,
            limited=terms.limited,
            budget=figures.limit,
            reserved=figures.reserved,
            committed=figures.committed,
            actual=figures.actual,
            available=figures.available if terms.limited else 0,
            scale=terms.scale,
            currency=terms.currency,
            control=terms.control.value,
            version=terms.version,
            closed=terms.closed,
            override_role=terms.override_role,
        )


def _chain(state: BudgetState, node: str) -> list[str]:
    found = []
    while node:
        found.append(node)
        terms = state.terms.get(node)
        node = terms.parent if terms is not None else ""
    return found
