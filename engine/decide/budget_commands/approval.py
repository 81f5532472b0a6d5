"""Amounts of nodes: approved, revised, transferred."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.budget.cuts import Cuts
from engine.budget.demand import Clause, Demand
from engine.budget.finding import (
    NodeNotFound,
    change_terms,
    default_terms,
    enter_node,
    find_node,
)
from engine.budget.names import (
    NodeNameError,
    dates_label,
    days_of,
    node_name,
)
from engine.decide.budget_commands.command import Answer, Command, Refused, rule
from engine.effects import MoveKind
from engine.program import NO_DATE, Act, Budget, Control, Horizon, Otherwise
from engine.state.budgets import Terms

_STAGE_FIELDS = (
    ("reserved", Act.RESERVE),
    ("committed", Act.COMMIT),
    ("actual", Act.SPEND),
)
#: `stop` is what some budget systems call block.
_CONTROLS = {**{control.value: control for control in Control}, "stop": Control.BLOCK}


def approve(command: Command) -> Answer:
    """Sets amounts and attributes of nodes."""
    demands = []
    amounts: dict[str, int] = {}
    cuts = Cuts(command.state)
    for line in command.lines():
        budget, path, period = command.node(line.get("node"))
        first, last = NO_DATE, NO_DATE
        if budget.horizon is Horizon.DATES:
            if not period:
                period = _own_dates(line)
            days = days_of(budget.horizon, period)
            first, last = days if days is not None else (NO_DATE, NO_DATE)
        amount = command.amount(line, "amount", budget.scale)
        if amount is None or amount < 0:
            raise Refused("INVALID_FIELD", "each line needs an amount of 0 or more")
        node = _entered_under(command, budget, path, period, line.get("parent"))
        cuts.note(node)
        terms = _changed_terms(command, node, budget, line)
        terms = change_terms(
            command.state,
            node,
            command.notes.entered,
            control=terms.control,
            tolerances=terms.tolerances,
            warn_ppm=terms.warn_ppm,
            override_role=terms.override_role,
            version=command.text("version") or terms.version,
            limited=True,
            closed=False,
            first_day=first,
            last_day=last,
        )
        change = amount - amounts.get(node, command.state.figures(node).limit)
        amounts[node] = amount
        if change:
            demands.append(_limit(command, (budget, node), change, MoveKind.APPROVE))
        for name, act in _STAGE_FIELDS:
            opening = command.amount(line, name, budget.scale)
            if opening:
                reference = str(line.get("reference") or command.event_id)
                demands.append(
                    Demand(
                        act,
                        budget,
                        node,
                        opening,
                        Clause(),
                        reference="" if act is Act.SPEND else reference,
                        kind=MoveKind.OPENING,
                    )
                )
    ruling, asked = rule(command, demands)
    ruling.decided += cuts.decided(command.caller.person, command.text("comment"))
    return ruling, asked


def _own_dates(line: Mapping[str, object]) -> str:
    first, last = line.get("from"), line.get("until")
    if not isinstance(first, str) or not isinstance(last, str):
        raise Refused(
            "INVALID_FIELD", "a node of this budget needs from and until, dates written 2026-03-05"
        )
    try:
        return dates_label(first, last)
    except NodeNameError as error:
        raise Refused("INVALID_FIELD", str(error)) from None


def _entered_under(
    command: Command, budget: Budget, path: tuple[str, ...], period: str, parent: object
) -> str:
    """The node, entered under the parent its approval names or under its own prefix."""
    state, entered = command.state, command.notes.entered
    node = node_name(budget.wire, path, period)
    if parent is None or parent == "":
        return enter_node(state, budget, path, period, entered)
    days = days_of(budget.horizon, period)
    above_budget, above_path, above_period = command.node(parent, days[0] if days else None)
    above_period = above_period or period
    above = node_name(above_budget.wire, above_path, above_period)
    if above_budget is not budget or above_path == path:
        raise Refused("INVALID_FIELD", f"the parent of {node} is another node of its budget")
    if budget.horizon is not Horizon.DATES and above_period != period:
        raise Refused("INVALID_FIELD", f"the parent of {node} is a node of {period}, as it is")
    if not budget.by_path and above_path != path[:-1]:
        raise Refused(
            "INVALID_FIELD",
            f"nodes of budget {budget.name} stand under their keys; declare it `under parents` "
            "to name other parents",
        )
    known = state.terms(node)
    if known is not None and known.parent == above:
        return node
    if known is not None and state.figures(node) != (0, 0, 0, 0, 0):
        raise Refused(
            "PARENT_SETTLED",
            f"{node} already moved under {known.parent}; name the parent in its first approval",
        )
    enter_node(state, budget, above_path, above_period, entered)
    if node in state.chain(above):
        raise Refused("INVALID_FIELD", f"{above} stands under {node} already")
    enter_node(state, budget, path, period, entered, parent=above)
    change_terms(state, node, entered, parent=above)
    return node


def _changed_terms(
    command: Command, node: str, budget: Budget, line: Mapping[str, object]
) -> Terms:
    """The node's attributes with those its approval gives."""
    terms = command.state.terms(node) or default_terms(budget, (), "", "")
    control = line.get("control")
    if control is not None:
        found = _CONTROLS.get(control) if isinstance(control, str) else None
        if found is None:
            raise Refused("INVALID_FIELD", "control is block, warn or track")
        terms = replace(terms, control=found)
    role = line.get("override_role")
    if isinstance(role, str):
        terms = replace(terms, override_role=role)
    warn = command.amount(line, "warn_remaining_pct", 6)
    if warn is not None:
        terms = replace(terms, warn_ppm=warn)
    share = command.amount(line, "tolerance_pct", 6)
    most = command.amount(line, "tolerance_amount", budget.scale)
    if share is not None or most is not None:
        if (share or 0) < 0 or (most or 0) < 0:
            raise Refused("INVALID_FIELD", "a tolerance is 0 or more")
        terms = replace(terms, tolerances=((share, most),) * 3)
    return terms


def _limit(
    command: Command, at: tuple[Budget, str], change: int, kind: MoveKind, *, code: str = ""
) -> Demand:
    """A change of a node's amount (budget, node); with a code, a cut only from what is left."""
    return Demand(
        Act.GRANT,
        at[0],
        at[1],
        change,
        Clause(Otherwise.REJECT, code=code or "BUDGET_EXCEEDED", checked=bool(code)),
        reason=command.text("reason"),
        kind=kind,
    )


def revise(command: Command) -> Answer:
    """Raises or lowers amounts of nodes that have one."""
    demands = []
    changes: dict[str, int] = {}
    for line in command.lines():
        budget, path, period = command.node(line.get("node"))
        node = _limited(command, budget, path, period)
        to, delta = (command.amount(line, name, budget.scale) for name in ("amount", "delta"))
        if (to is None) == (delta is None):
            raise Refused("INVALID_FIELD", "each line needs either amount or delta")
        limit = command.state.figures(node).limit + changes.get(node, 0)
        change = to - limit if to is not None else delta or 0
        if limit + change < 0:
            raise Refused("INVALID_FIELD", f"the amount of {node} cannot fall below 0")
        changes[node] = changes.get(node, 0) + change
        if command.text("version"):
            change_terms(
                command.state, node, command.notes.entered, version=command.text("version")
            )
        demands.append(_limit(command, (budget, node), change, MoveKind.REVISE))
    return rule(command, demands)


def _limited(command: Command, budget: Budget, path: tuple[str, ...], period: str) -> str:
    """A node that has an amount; found by the tail of its path where the budget allows it."""
    node = node_name(budget.wire, path, period)
    terms = command.state.terms(node)
    may_hang = budget.by_path or (budget.horizon is Horizon.DATES and not period)
    if may_hang and (terms is None or not terms.limited):
        try:
            node = find_node(command.state, budget, path, command.day, period=period, whole=True)
        except NodeNotFound as error:
            raise Refused("UNKNOWN_NODE", str(error)) from None
        terms = command.state.terms(node)
    if terms is None or not terms.limited:
        raise Refused(
            "UNKNOWN_NODE", f"{node or budget.name} has no amount; approve one with budget.approved"
        )
    return node


def transfer(command: Command) -> Answer:
    """Moves an amount from one node's available to another node."""
    budget, path, period = command.node(command.fields.get("from_node"))
    source = _limited(command, budget, path, period)
    to_budget, to_path, to_period = command.node(command.fields.get("to_node"))
    if to_budget is not budget:
        raise Refused("INVALID_FIELD", "a transfer stays within one budget")
    target = _limited(command, to_budget, to_path, to_period)
    amount = command.amount(command.fields, "amount", budget.scale)
    if amount is None or amount <= 0:
        raise Refused("INVALID_FIELD", "amount is a decimal above 0")
    if source == target:
        raise Refused("INVALID_FIELD", "from_node and to_node are the same")
    code = "BUDGET_TRANSFER_EXCEEDS_AVAILABLE"
    return rule(
        command,
        [
            _limit(command, (budget, source), -amount, MoveKind.TRANSFER, code=code),
            _limit(command, (budget, target), amount, MoveKind.TRANSFER),
        ],
    )
