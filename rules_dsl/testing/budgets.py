"""Budget steps of a test: amounts given as approvals, moves and nodes read back from the book."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.book import Book
from engine.budget.names import days_of, node_name, period_label
from engine.calendar import iso_day
from engine.calls import BUDGET_APPROVED, BudgetNodeView, Call, EventResult
from engine.decimals import format_minor, format_plain
from engine.effects import BUDGET_MOVES, MoveKind, Stage, Status, Verdict
from engine.errors import UnknownObject
from engine.program import Act, Budget, Horizon, Program
from rules_dsl import syntax
from rules_dsl.testing.difference import FigureDifference
from rules_dsl.testing.mismatch import Mismatch, minor_amount, status_difference, status_words

#: Which moves an expectation adds up: their kind, and their figure (None = any).
_MOVES: dict[Act, tuple[MoveKind, Stage | None]] = {
    Act.RESERVE: (MoveKind.RESERVE, Stage.RESERVED),
    Act.COMMIT: (MoveKind.COMMIT, Stage.COMMITTED),
    Act.SPEND: (MoveKind.SPEND, Stage.ACTUAL),
    Act.RELEASE: (MoveKind.RELEASE, None),
}


class BudgetSteps:
    """The budget steps of one test."""

    def __init__(self, program: Program, book: Book, codes: Mapping[str, str], day: int) -> None:
        """`codes`: wire values of code values by name; `day`: the business date of the test."""
        self._program = program
        self._book = book
        self._codes = codes
        self._day = day
        self._given = 0

    def give(self, step: syntax.GivenBudget) -> None:
        """Approves an amount, as a `budget.approved` event would."""
        budget = self._budget(step.node)
        line = {
            "node": self._name(budget, step.node),
            "amount": format_minor(self._amount(budget, step.amount), budget.scale),
        }
        if step.parent is not None:
            line["parent"] = self._name(self._budget(step.parent), step.parent)
        self._given += 1
        event = {
            "id": f"test-budget-{self._given}",
            "type": BUDGET_APPROVED,
            "date": iso_day(self._day),
            "budget": budget.wire,
            "lines": [line],
        }
        (result,) = self._book.post([Call(events=[event])])[0].results
        if result.status not in {Status.POSTED, Status.NO_POSTING}:
            raise Mismatch(f"the budget cannot be given: it is {status_words(result)}")

    def expect_move(self, step: syntax.ExpectMove, result: EventResult) -> str:
        """Compares what the last event moved at a node, in sum over its statements.

        Returns:
            The canonical name of the node.
        """
        budget = self._budget(step.node)
        wanted = self._amount(budget, step.amount)
        name = self._name(budget, step.node)
        found = self._moved(name, step.act, result)
        if wanted == found:
            return name
        passed = result.status in {Status.POSTED, Status.NO_POSTING}
        raise Mismatch(
            FigureDifference(
                _shown(step.node),
                step.act.value,
                format_minor(wanted, budget.scale),
                format_minor(found, budget.scale),
                "" if passed else status_words(result),
            )
        )

    def expect_available(self, step: syntax.ExpectAvailable) -> str:
        """Compares what is left at a node; gives its canonical name."""
        budget = self._budget(step.node)
        wanted = self._amount(budget, step.amount)
        view = self._view(budget, step.node)
        if not view.limited:
            raise Mismatch(f"{_shown(step.node)} has no amount, so nothing is available or short")
        if wanted != view.available:
            raise Mismatch(
                FigureDifference(
                    _shown(step.node),
                    "available",
                    format_minor(wanted, budget.scale),
                    format_minor(view.available, budget.scale),
                )
            )
        return view.node

    def expect_warned(self, result: EventResult) -> None:
        """Asks whether the last event passed and a budget warned."""
        passed = result.status in {Status.POSTED, Status.NO_POSTING}
        if passed and any(each.verdict is Verdict.WARN for each in result.budget):
            return
        if not passed:
            raise Mismatch(status_difference("warned", result))
        raise Mismatch("expected warned, but the event is accepted without a warning of a budget")

    # --- Nodes ---------------------------------------------------------------------------

    def _budget(self, node: syntax.TestNode) -> Budget:
        return next(each for each in self._program.budgets if each.name == node.budget.text)

    def _name(self, budget: Budget, node: syntax.TestNode) -> str:
        """The canonical name of a node; its period is that of its day, or of the test."""
        path = self._path(budget, node)
        if budget.horizon is not Horizon.DATES:
            if node.last is not None:
                raise Mismatch(f"the budget {budget.name} is over {budget.horizon}, not over dates")
            day = self._day if node.day is None else node.day
            return node_name(budget.wire, path, period_label(budget.horizon, day))
        if node.day is not None and node.last is not None:
            return node_name(budget.wire, path, f"{iso_day(node.day)}..{iso_day(node.last)}")
        return self._dated(budget, path, node)

    def _dated(self, budget: Budget, path: tuple[str, ...], node: syntax.TestNode) -> str:
        """The node with dates of its own that the book has for a day."""
        day = self._day if node.day is None else node.day
        after = ""
        while True:
            views, after = self._book.budget_nodes(budget=budget.wire, after=after)
            for view in views:
                days = days_of(Horizon.DATES, view.period) if view.period else None
                if view.path == path and days is not None and days[0] <= day <= days[1]:
                    return view.node
            if not after:
                break
        raise Mismatch(
            f"{_shown(node)} has no dates that hold {iso_day(day)}; give them as in "
            f"{_shown(node)} from {iso_day(day)} until {iso_day(day)}"
        )

    def _path(self, budget: Budget, node: syntax.TestNode) -> tuple[str, ...]:
        if len(node.keys) > len(budget.keys) and not budget.by_path:
            names = ", ".join(budget.keys)
            raise Mismatch(f"{_shown(node)} has too many keys; {budget.name} has {names}")
        return tuple(self._key(budget, place, key) for place, key in enumerate(node.keys))

    def _key(self, budget: Budget, place: int, key: syntax.Expr) -> str:
        match key:
            case syntax.Text():
                return key.value
            case syntax.Name():
                is_code = place < len(budget.keys) and budget.keys[place] in self._program.codes
                return self._codes.get(key.text, key.text) if is_code else key.text
            case syntax.Number():
                return format_plain(key.digits, key.decimals)
            case syntax.Date():
                return iso_day(key.days)
        raise Mismatch("a key in a test is a literal")

    def _view(self, budget: Budget, node: syntax.TestNode) -> BudgetNodeView:
        try:
            return self._book.budget_node(self._name(budget, node), day=self._day)
        except UnknownObject:
            raise Mismatch(
                f"there is no node {_shown(node)}; nothing was given or moved there"
            ) from None

    # --- Amounts -------------------------------------------------------------------------

    def _amount(self, budget: Budget, value: syntax.Expr) -> int:
        currency = value.currency if isinstance(value, syntax.Number) else ""
        counted = budget.currency or budget.unit
        if currency and currency != counted:
            raise Mismatch(f"the budget {budget.name} counts {counted}, not {currency}")
        return minor_amount(value, budget.scale)

    def _moved(self, node: str, act: Act, result: EventResult) -> int:
        """What an event moved at a node; a release is given as what came back."""
        if result.row < 0 or result.replayed:
            return 0
        _, effects = self._book.commit(result.seq)
        table = effects.tables.get(BUDGET_MOVES.name)
        if table is None:
            return 0
        kind, stage = _MOVES[act]
        names = effects.text(BUDGET_MOVES.name, "node")
        mask = (table.ints("command") == result.row) & (table.ints("kind") == kind)
        if stage is not None:
            mask &= table.ints("stage") == stage
        amounts = table.ints("amount")
        total = sum(int(amounts[row]) for row in np.flatnonzero(mask) if names[row] == node)
        return -total if act is Act.RELEASE else total


def _shown(node: syntax.TestNode) -> str:
    """A node in the author's words."""
    return f"{node.budget.text}[{', '.join(_literal(key) for key in node.keys)}]"


def _literal(key: syntax.Expr) -> str:
    match key:
        case syntax.Name():
            return key.text
        case syntax.Text():
            return f'"{key.value}"'
        case syntax.Number():
            return format_plain(key.digits, key.decimals)
        case syntax.Date():
            return iso_day(key.days)
        case _:
            return "…"
