"""What the budget statements of one rule ask of budgets for one event; decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from engine.limits import MAX_BUDGET_RAW
from engine.program import Act, Budget, Otherwise
from rules_dsl import syntax
from tests.reference.budget_finding import find_node
from tests.reference.budget_nodes import Node
from tests.reference.budgets import NEVER, Ask, Budgets
from tests.reference.declarations import Declarations
from tests.reference.expressions import Expressions, as_number
from tests.reference.fields import TypedEvent
from tests.reference.values import ABSENT, EPOCH, Fault, Value, units_of

DEFAULT_CODE = "BUDGET_EXCEEDED"
GRANT_CODE = "BUDGET_TRANSFER_EXCEEDS_AVAILABLE"
DAY_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row of a statement whose node is not looked up yet: that depends on what came before."""

    statement: syntax.BudgetStatement
    budget: Budget
    amount: int | None
    keys: tuple[str, ...]
    on: date
    reference: str
    group: str
    until: int
    roles: tuple[str, ...]
    reason: str
    message: str


def wanted_of(
    statement: syntax.BudgetStatement,
    book: Declarations,
    event: TypedEvent,
    expressions: Expressions,
    filled: Callable[[syntax.TemplateText], str],
) -> list[Wanted]:
    """The rows of a statement whose condition holds, zero amounts left out."""
    if statement.guard is not None and not expressions.one(statement.guard):
        return []
    budget = book.budget(statement.node.budget.text)
    codes = book.budget_codes(statement.node.budget.text)
    places = expressions.elements(None if statement.each is None else statement.each.text)
    amounts: list[Value] = [ABSENT] * len(places.indexes)
    if statement.amount is not None:
        amounts = expressions.at(statement.amount, places)
    pairs = zip(statement.node.keys or (), codes, strict=False)
    columns = [expressions.at(key, places, code) for key, code in pairs]

    def text(expr: syntax.Expr | None) -> str:
        value = ABSENT if expr is None else expressions.one(expr)
        return value if isinstance(value, str) else ""

    on = event.business_date
    dated = book.budgets[statement.node.budget.text].dated
    if isinstance(own := event.values.get(dated), date):
        on = own
    if statement.day is not None:
        day = expressions.one(statement.day)
        assert isinstance(day, date)
        on = day
    until = ABSENT if statement.until is None else expressions.one(statement.until)
    clause = statement.otherwise
    message = filled(clause.message) if clause is not None and clause.message is not None else ""
    rest = (
        on,
        text(statement.reference),
        text(statement.group),
        ((until - EPOCH).days + 1) * DAY_US if isinstance(until, date) else NEVER,
        _roles(statement, expressions),
        text(statement.reason),
        message,
    )
    found = []
    for at, value in enumerate(amounts):
        amount = None
        if statement.amount is not None:
            amount = units_of(as_number(value), budget.scale)
        if amount != 0:
            keys = _path([column[at] for column in columns])
            found.append(Wanted(statement, budget, amount, keys, *rest))
    return found


def _roles(statement: syntax.BudgetStatement, expressions: Expressions) -> tuple[str, ...]:
    if statement.roles is None:
        return ()
    roles_expr, shape = statement.roles, expressions.types.shape(statement.roles)
    if isinstance(roles_expr, syntax.Name) and roles_expr.path == (shape,):
        roles_expr = syntax.Name((shape, "value"), roles_expr.span)
    roles = expressions.at(roles_expr, expressions.elements(shape))
    return tuple(role for role in roles if isinstance(role, str) and role)


def _path(keys: list[Value]) -> tuple[str, ...]:
    """The keys up to the first that is absent or empty."""
    path: list[str] = []
    for key in keys:
        if not isinstance(key, str) or not key:
            break
        path.append(key)
    return tuple(path)


def check_range(wanted: list[Wanted]) -> None:
    """Raises Fault where an amount leaves what a budget may hold."""
    if any(abs(one.amount or 0) > MAX_BUDGET_RAW for one in wanted):
        raise Fault("AMOUNT_OUT_OF_RANGE")


def ask_of(wanted: Wanted, budgets: Budgets, event_id: str) -> Ask:
    """The ask of a row with its node found as the budgets are now.

    `event_id`: what is reserved or committed without a reference is kept under it.
    """
    statement, budget = wanted.statement, wanted.budget
    node: Node | None = None
    problem, path = "", None
    is_grant = statement.act is Act.GRANT
    found, why = find_node(budgets, budget, wanted.keys, wanted.on, whole=is_grant)
    if statement.act is not Act.RELEASE:
        node, problem = found, why
    elif statement.node.keys:
        # The keys lead where a reservation with the same keys would stand.
        path = wanted.keys if found is None else found.path
    reference = wanted.reference
    taken = wanted.amount or 0
    if statement.act in {Act.RESERVE, Act.COMMIT} and not reference and taken > 0:
        reference = event_id
    clause = statement.otherwise
    code = GRANT_CODE if statement.act is Act.GRANT else DEFAULT_CODE
    return Ask(
        act=statement.act,
        budget=budget,
        node=node,
        amount=wanted.amount,
        path=path,
        reference=reference,
        group=wanted.group,
        until=wanted.until,
        roles=wanted.roles,
        reason=wanted.reason,
        otherwise=Otherwise.REJECT if clause is None else clause.outcome,
        role="" if clause is None else clause.role,
        code=code if clause is None or not clause.code else clause.code,
        message=wanted.message,
        problem=problem,
        lowers_only_what_is_left=clause is not None,
    )
