"""Declared budgets and states for tests that need no book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.budget.demand import Asked, Clause, Demand, Ruling
from engine.budget.finding import change_terms, enter_node
from engine.budget.ruling import rule_on
from engine.calls import BudgetVerdict
from engine.effects import Stage
from engine.program import Act, Budget, Control, Horizon, Otherwise, Tolerance
from engine.state.budget_overlay import BudgetOverlay
from engine.state.budgets import BudgetState, Terms

DAY = 20_517  # 2026-03-05
MONTHLY = Budget("部门", "dept", ("部门", "类别"), 2, "CNY", horizon=Horizon.MONTH)
TREE = Budget("项目", "tree", ("项目", "类别"), 2, "CNY", by_path=True)
DATED = Budget("专项", "grant", ("项目",), 2, "CNY", horizon=Horizon.DATES)
TOLERANT = Budget(
    "宽", "wide", ("部门",), 2, "CNY", tolerances={Act.SPEND: Tolerance(50_000, 10_000)},
    warn_ppm=100_000, override_role="head",
)  # fmt: skip


@dataclass(slots=True)
class Desk:
    """Budgets in memory, asked directly; what was entered is kept by name."""

    state: BudgetOverlay = field(init=False)
    entered: dict[str, Terms] = field(default_factory=dict)
    undo: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Starts without nodes."""
        self.state = BudgetOverlay(BudgetState(), self.undo.append)

    def enter(self, name: str, terms: Terms) -> None:
        """Keeps a node that was entered or changed."""
        self.entered[name] = terms

    def limited(
        self,
        budget: Budget,
        path: tuple[str, ...],
        amount: int,
        *,
        period: str = "2026-03",
        control: Control = Control.BLOCK,
        **terms: object,
    ) -> str:
        """A node with an amount."""
        node = enter_node(self.state, budget, path, period, self.enter)
        change_terms(self.state, node, self.enter, limited=True, control=control, **terms)
        self.state.move(node, Stage.LIMIT, amount)
        return node

    def ask(self, *demands: Demand, **asked: object) -> Ruling:
        """Decides demands as one event."""
        given = Asked(tuple(demands), **asked)  # type: ignore[arg-type]  # fields of Asked by name
        return rule_on(self.state, given, self.enter, _wording)


def _wording(verdicts: object, *, chinese: bool) -> str:
    del chinese
    assert isinstance(verdicts, list)
    assert all(isinstance(verdict, BudgetVerdict) for verdict in verdicts)
    return "short at " + ", ".join(verdict.node for verdict in verdicts)


def demand(
    act: Act,
    node: str,
    amount: int | None,
    *,
    budget: Budget = MONTHLY,
    otherwise: Otherwise = Otherwise.REJECT,
    **fields: object,
) -> Demand:
    """A demand with the `else` of its statement."""
    clause = Clause(otherwise=otherwise)
    return Demand(act, budget, node, amount, clause, **fields)  # type: ignore[arg-type]
