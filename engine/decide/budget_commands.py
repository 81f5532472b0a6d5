"""Budget events that no rule makes: approval, revision, transfer, closing, and the service's calls.

They run through the same ruling as statements of rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from engine.budget.demand import Asked, Clause, Decided, Demand, Move, Ruling
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
    is_label,
    next_label,
    node_name,
    read_node,
)
from engine.budget.ruling import rule_on
from engine.calls import (
    BUDGET_APPROVED,
    BUDGET_CLOSED,
    BUDGET_COMMITTED,
    BUDGET_EXTENDED,
    BUDGET_RELEASED,
    BUDGET_RESERVED,
    BUDGET_REVISED,
    BUDGET_SPENT,
    BUDGET_TRANSFERRED,
    BudgetVerdict,
)
from engine.decide.budgets import Caller, Notes, verdicts_of, words
from engine.decide.context import Outcome
from engine.decide.deciding import Deciding
from engine.decimals import DecimalSyntaxError, parse_decimal
from engine.effects import MoveKind, Stage, Status, Verdict
from engine.program import NO_DATE, Act, Budget, Control, Horizon, Otherwise, Program
from engine.state.budget_overlay import BudgetOverlay
from engine.state.budgets import Terms

_STAGE_FIELDS = (
    ("reserved", Act.RESERVE),
    ("committed", Act.COMMIT),
    ("actual", Act.SPEND),
)
#: `stop` is what some budget systems call block.
_CONTROLS = {**{control.value: control for control in Control}, "stop": Control.BLOCK}

#: Greatest amount of a budget, raw.
_MOST = 10**17


class _Refused(Exception):
    """A command that cannot be carried out; the arguments are reason and message."""


@dataclass(slots=True)
class _Command:
    """One budget command on its way."""

    deciding: Deciding
    program: Program
    fields: Mapping[str, object]
    day: int
    event_id: str
    caller: Caller
    notes: Notes

    @property
    def state(self) -> BudgetOverlay:
        """The budgets."""
        return self.deciding.overlay.budgets

    def text(self, name: str) -> str:
        """A text field, "" where absent."""
        value = self.fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise _Refused("INVALID_FIELD", f"{name} is text")
        return value

    def budget(self, name: str = "") -> Budget:
        """The budget a command names, by name or wire name; else the first declared."""
        budgets = self.program.budgets
        if not budgets:
            raise _Refused(
                "UNKNOWN_BUDGET", "the rule book declares no budget; declare one and publish it"
            )
        name = name or self.text("budget")
        if not name:
            return budgets[0]
        for budget in budgets:
            if name in (budget.name, budget.wire):
                return budget
        known = ", ".join(budget.name for budget in budgets)
        raise _Refused("UNKNOWN_BUDGET", f"there is no budget {name}; the rule book has {known}")

    def node(self, text: object) -> tuple[Budget, tuple[str, ...], str]:
        """Budget, path and period of a node as written."""
        if not isinstance(text, str) or not text:
            raise _Refused("INVALID_FIELD", 'node is text such as "NAME[k1,k2]@2026-03"')
        try:
            return read_node(text, self.program.budgets, self.budget(), self.day)
        except NodeNameError as error:
            raise _Refused("UNKNOWN_NODE", str(error)) from None

    def standing(self, text: object) -> tuple[Budget, str]:
        """The node a demand counts at: as written if it exists, else where its keys lead."""
        budget, path, period = self.node(text)
        name = node_name(budget.wire, path, period)
        if self.state.terms(name) is None and (budget.by_path or budget.horizon is Horizon.DATES):
            try:
                name = find_node(self.state, budget, path, self.day)
            except NodeNotFound as error:
                raise _Refused("UNKNOWN_NODE", str(error)) from None
        if name and self.state.terms(name) is None:
            enter_node(self.state, budget, path, period, self.notes.entered)
        return budget, name

    def amount(self, fields: Mapping[str, object], name: str, scale: int) -> int | None:
        """A decimal field as a raw integer; None where absent."""
        value = fields.get(name)
        if value is None:
            return None
        try:
            raw = parse_decimal(value if isinstance(value, str) else "", scale)
        except DecimalSyntaxError as error:
            raise _Refused("INVALID_FIELD", f"{name} is a decimal in quotes: {error}") from None
        if not -_MOST <= raw <= _MOST:
            raise _Refused("INVALID_FIELD", f"{name} {value} is larger than a budget can hold")
        return raw

    def lines(self) -> Sequence[Mapping[str, object]]:
        """The lines of an approval or revision."""
        found = self.fields.get("lines")
        if not isinstance(found, list) or not found:
            raise _Refused("INVALID_FIELD", 'lines is a list of {"node": …, "amount": "…"}')
        for line in found:
            if not isinstance(line, Mapping):
                raise _Refused("INVALID_FIELD", "each line is an object with node and amount")
        return found

    def expiry(self) -> int:
        """End of a soft hold in log time, 0 where none is asked for."""
        text, seconds = self.fields.get("expires_at"), self.fields.get("expires_in_s")
        if isinstance(text, str):
            try:
                instant = datetime.fromisoformat(text)
            except ValueError:
                instant = None
            if instant is None or instant.tzinfo is None:
                raise _Refused("INVALID_FIELD", 'expires_at is written "2026-03-05T18:00:00+08:00"')
            since = instant - datetime(1970, 1, 1, tzinfo=UTC)
            return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        if seconds is None and text is None:
            return 0
        if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
            seconds = int(seconds)
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds < 10**9:
            raise _Refused("INVALID_FIELD", "expires_in_s is a number of seconds above 0")
        return self.deciding.now_us + seconds * 1_000_000

    def roles(self) -> tuple[str, ...]:
        """Roles named for an override."""
        found = self.fields.get("roles")
        names = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        return tuple(name for name in names if isinstance(name, str))


def carry_out_budget(
    deciding: Deciding,
    name: str,
    fields: Mapping[str, object],
    *,
    decision: int,
    day: int,
    event_id: str,
    caller: Caller,
) -> tuple[Outcome, tuple[BudgetVerdict, ...]]:
    """Carries out a budget command.

    Args:
        deciding: the commit being decided.
        name: event type of the command.
        fields: of its event.
        decision: its index in the builder.
        day: its business date.
        event_id: of the command; the reference of what it reserves, unless it names one.
        caller: on whose behalf.

    Returns:
        Its outcome, and what the nodes said.
    """
    plan = deciding.plan_for(day)
    if plan is None:
        refused = Outcome(
            Status.REJECTED_RULE,
            "NO_REVISION",
            "no rule book is in force at this date; publish one that declares the budget",
        )
        return refused, ()
    notes = Notes(deciding.overlay, deciding.builder, decision)
    command = _Command(deciding, plan.program, fields, day, event_id, caller, notes)
    deciding.builder.revisions_used.add(plan.program.revision)
    mark, entered = deciding.overlay.mark(), len(deciding.builder.budget_nodes)
    try:
        ruling, demands = _CARRIED[name](command)
        verdicts = verdicts_of(command.state, ruling.decided, demands)
    except _Refused as refused_for:
        deciding.overlay.rollback(mark)
        del deciding.builder.budget_nodes[entered:]
        reason, message = refused_for.args
        return Outcome(Status.REJECTED_RULE, reason, message), ()
    if ruling.status is not None:
        deciding.overlay.rollback(mark)
        del deciding.builder.budget_nodes[entered:]
        notes.ruling(ruling)
        return Outcome(ruling.status, ruling.reason, ruling.message), verdicts
    notes.ruling(ruling)
    if not demands and not ruling.moves:
        return Outcome(Status.NO_POSTING, ruling.reason, ruling.message), verdicts
    return Outcome(Status.NO_POSTING), verdicts


_Answer = tuple[Ruling, Sequence[Demand]]


def _rule(command: _Command, demands: Sequence[Demand]) -> _Answer:
    asked = Asked(tuple(demands), person=command.caller.person, allowed=command.caller.allowed)
    return rule_on(command.state, asked, command.notes.entered, words), demands


def _approve(command: _Command) -> _Answer:
    """Sets amounts and attributes of nodes."""
    demands = []
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
            raise _Refused("INVALID_FIELD", "each line needs an amount of 0 or more")
        node = _entered_under(command, budget, path, period, line.get("parent"))
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
        change = amount - command.state.figures(node).limit
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
    return _rule(command, demands)


def _own_dates(line: Mapping[str, object]) -> str:
    first, last = line.get("from"), line.get("until")
    if not isinstance(first, str) or not isinstance(last, str):
        raise _Refused(
            "INVALID_FIELD", "a node of this budget needs from and until, dates written 2026-03-05"
        )
    try:
        return dates_label(first, last)
    except NodeNameError as error:
        raise _Refused("INVALID_FIELD", str(error)) from None


def _entered_under(
    command: _Command, budget: Budget, path: tuple[str, ...], period: str, parent: object
) -> str:
    """The node, entered under the parent its approval names or under its own prefix."""
    state, entered = command.state, command.notes.entered
    node = node_name(budget.wire, path, period)
    if parent is None or parent == "":
        return enter_node(state, budget, path, period, entered)
    above_budget, above_path, above_period = command.node(parent)
    above = node_name(above_budget.wire, above_path, above_period or period)
    if above_budget is not budget or above_path == path:
        raise _Refused("INVALID_FIELD", f"the parent of {node} is another node of its budget")
    if not budget.by_path and above_path != path[:-1]:
        raise _Refused(
            "INVALID_FIELD",
            f"nodes of budget {budget.name} stand under their keys; declare it `under parents` "
            "to name other parents",
        )
    known = state.terms(node)
    if known is not None and known.parent == above:
        return node
    if known is not None and state.figures(node) != (0, 0, 0, 0, 0):
        raise _Refused(
            "PARENT_SETTLED",
            f"{node} already moved under {known.parent}; name the parent in its first approval",
        )
    if node in command.state.chain(above):
        raise _Refused("INVALID_FIELD", f"{above} stands under {node} already")
    enter_node(state, budget, above_path, above_period or period, entered)
    enter_node(state, budget, path, period, entered)
    change_terms(state, node, entered, parent=above)
    return node


def _changed_terms(
    command: _Command, node: str, budget: Budget, line: Mapping[str, object]
) -> Terms:
    """The node's attributes with those its approval gives."""
    terms = command.state.terms(node) or default_terms(budget, (), "", "")
    control = line.get("control")
    if control is not None:
        found = _CONTROLS.get(control) if isinstance(control, str) else None
        if found is None:
            raise _Refused("INVALID_FIELD", "control is block, warn or track")
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
            raise _Refused("INVALID_FIELD", "a tolerance is 0 or more")
        terms = replace(terms, tolerances=((share, most),) * 3)
    return terms


def _limit(
    command: _Command, at: tuple[Budget, str], change: int, kind: MoveKind, *, code: str = ""
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


def _revise(command: _Command) -> _Answer:
    """Raises or lowers amounts of nodes that have one."""
    demands = []
    changes: dict[str, int] = {}
    for line in command.lines():
        budget, path, period = command.node(line.get("node"))
        node = _limited(command, budget, path, period)
        to, delta = (command.amount(line, name, budget.scale) for name in ("amount", "delta"))
        if (to is None) == (delta is None):
            raise _Refused("INVALID_FIELD", "each line needs either amount or delta")
        limit = command.state.figures(node).limit + changes.get(node, 0)
        change = to - limit if to is not None else delta or 0
        if limit + change < 0:
            raise _Refused("INVALID_FIELD", f"the amount of {node} cannot fall below 0")
        changes[node] = changes.get(node, 0) + change
        if command.text("version"):
            change_terms(
                command.state, node, command.notes.entered, version=command.text("version")
            )
        demands.append(_limit(command, (budget, node), change, MoveKind.REVISE))
    return _rule(command, demands)


def _limited(command: _Command, budget: Budget, path: tuple[str, ...], period: str) -> str:
    """A node that has an amount; found by the tail of its path where the budget allows it."""
    node = node_name(budget.wire, path, period)
    terms = command.state.terms(node)
    if terms is None or not terms.limited:
        try:
            node = find_node(command.state, budget, path, command.day)
        except NodeNotFound as error:
            raise _Refused("UNKNOWN_NODE", str(error)) from None
        terms = command.state.terms(node)
    if terms is None or not terms.limited:
        raise _Refused(
            "UNKNOWN_NODE", f"{node or budget.name} has no amount; approve one with budget.approved"
        )
    return node


def _transfer(command: _Command) -> _Answer:
    """Moves an amount from one node's available to another node."""
    budget, path, period = command.node(command.fields.get("from_node"))
    source = _limited(command, budget, path, period)
    to_budget, to_path, to_period = command.node(command.fields.get("to_node"))
    if to_budget is not budget:
        raise _Refused("INVALID_FIELD", "a transfer stays within one budget")
    target = _limited(command, to_budget, to_path, to_period)
    amount = command.amount(command.fields, "amount", budget.scale)
    if amount is None or amount <= 0:
        raise _Refused("INVALID_FIELD", "amount is a decimal above 0")
    if source == target:
        raise _Refused("INVALID_FIELD", "from_node and to_node are the same")
    code = "BUDGET_TRANSFER_EXCEEDS_AVAILABLE"
    return _rule(
        command,
        [
            _limit(command, (budget, source), -amount, MoveKind.TRANSFER, code=code),
            _limit(command, (budget, target), amount, MoveKind.TRANSFER),
        ],
    )


def _close(command: _Command) -> _Answer:
    """Closes the nodes of a period; what is left and what is reserved may move to another."""
    budget = command.budget()
    period = command.text("period")
    if budget.horizon is Horizon.LIFE:
        if period:
            raise _Refused("INVALID_FIELD", f"budget {budget.name} has no periods")
    elif not is_label(budget.horizon, period):
        raise _Refused("INVALID_FIELD", f"period is a {budget.horizon} such as those of its nodes")
    onto = command.text("to_period")
    balance, reserved = (
        command.fields.get(name) is True for name in ("carry_balance", "carry_reserved")
    )
    if balance or reserved:
        onto = onto or next_label(budget.horizon, period)
        if not is_label(budget.horizon, onto) or onto == period:
            raise _Refused("INVALID_FIELD", "to_period is the period that takes over")
    elif onto:
        raise _Refused("INVALID_FIELD", "say what to carry: carry_balance, carry_reserved")
    ruling = Ruling()
    nodes = [
        (name, terms)
        for name, terms in command.state.nodes(budget.wire)
        if terms.period == period and not terms.closed
    ]
    nodes.sort(key=lambda item: item[1].path)
    moves: list[Move] = []
    for name, terms in nodes:
        figures = command.state.figures(name)
        held = figures.reserved + figures.committed if reserved else 0
        carried = held + (max(0, figures.available) if balance else 0)
        if terms.limited and carried:
            moves += _carried_limit(command, budget, name, onto, carried)
        change_terms(command.state, name, command.notes.entered, closed=True)
    if reserved:
        moves += _carried_holdings(command, budget, {name for name, _ in nodes}, onto)
    for move in moves:
        command.state.move(move.node, move.stage, move.amount)
    ruling.moves = moves
    if not nodes:
        ruling.reason, ruling.message = "NOTHING_TO_CLOSE", f"no open node of {period or 'it'}"
    return ruling, ()


def _carried_limit(
    command: _Command, budget: Budget, name: str, onto: str, amount: int
) -> list[Move]:
    """An amount taken from a node and given to the same path of another period."""
    state, entered = command.state, command.notes.entered
    terms = state.terms(name) or default_terms(budget, (), "", "")
    target = enter_node(state, budget, terms.path, onto, entered)
    dates = days_of(budget.horizon, onto) if budget.horizon is Horizon.DATES else None
    change_terms(
        state,
        target,
        entered,
        limited=True,
        control=terms.control,
        tolerances=terms.tolerances,
        warn_ppm=terms.warn_ppm,
        override_role=terms.override_role,
        first_day=dates[0] if dates else NO_DATE,
        last_day=dates[1] if dates else NO_DATE,
    )
    return [
        Move(name, MoveKind.CARRY, Stage.LIMIT, -amount),
        Move(target, MoveKind.CARRY, Stage.LIMIT, amount),
    ]


def _carried_holdings(command: _Command, budget: Budget, nodes: set[str], onto: str) -> list[Move]:
    """Open reservations and commitments, moved to the same path of another period."""
    state, moves = command.state, []
    for reference in sorted(state.references(budget.wire)):
        key = (budget.wire, reference)
        holding = state.holding(key)
        changed = holding
        for part in holding.parts:
            terms = state.terms(part.node)
            if part.node not in nodes or terms is None:
                continue
            target = enter_node(state, budget, terms.path, onto, command.notes.entered)
            for stage, amount in (
                (Stage.RESERVED, part.reserved),
                (Stage.COMMITTED, part.committed),
            ):
                if not amount:
                    continue
                changed = changed.plus(part.node, stage, -amount).plus(target, stage, amount)
                for node, signed in ((part.node, -amount), (target, amount)):
                    moves.append(
                        Move(
                            node,
                            MoveKind.CARRY,
                            stage,
                            signed,
                            reference,
                            holding.group,
                            holding.expires_us,
                        )
                    )
        if changed is not holding:
            state.set_holding(key, changed)
    return moves


def _take(act: Act) -> Callable[[_Command], _Answer]:
    """Reserves, commits or spends at a node, out of a reference, or a whole group."""

    def carry_out(command: _Command) -> _Answer:
        reference, group = command.text("reference"), command.text("group")
        written = command.fields.get("node")
        if written is not None:
            budget, node = command.standing(written)
            amount = command.amount(command.fields, "amount", budget.scale)
            if amount is None or amount <= 0:
                raise _Refused("INVALID_FIELD", "amount is a decimal above 0")
            if not reference and act is not Act.SPEND:
                reference = command.event_id
            return _rule(command, [_taking(command, act, (budget, node), amount, reference)])
        budget = command.budget()
        if act is Act.RESERVE or not (reference or group):
            raise _Refused("INVALID_FIELD", "node is missing, and no reference or group stands in")
        names = (reference,) if reference else command.state.group(budget.wire, group)
        amount = command.amount(command.fields, "amount", budget.scale)
        demands = _out_of(command, act, budget, names, amount)
        if not demands:
            raise _Refused(
                "UNKNOWN_RESERVATION",
                f"{reference or group} holds nothing in budget {budget.name}; name a node, or the "
                "budget it stands in",
            )
        return _rule(command, demands)

    return carry_out


def _out_of(
    command: _Command, act: Act, budget: Budget, references: Sequence[str], amount: int | None
) -> list[Demand]:
    """What references hold, as demands; an amount beyond it counts at the last node."""
    demands: list[Demand] = []
    left = amount
    for reference in references:
        for part in command.state.holding((budget.wire, reference)).parts:
            held = part.reserved + (part.committed if act is Act.SPEND else 0)
            taken = held if left is None else min(held, left)
            left = None if left is None else left - taken
            if taken:
                demands.append(_taking(command, act, (budget, part.node), taken, reference))
    if left and demands:
        last = demands[-1]
        demands[-1] = replace(last, amount=(last.amount or 0) + left)
    return demands


def _taking(
    command: _Command, act: Act, at: tuple[Budget, str], amount: int, reference: str
) -> Demand:
    """A demand at a node (budget, node) under a reference, with the command's other fields."""
    return Demand(
        act,
        at[0],
        at[1],
        amount,
        Clause(),
        reference=reference,
        group=command.text("group"),
        expires_us=command.expiry() if act is Act.RESERVE else 0,
        roles=command.roles(),
        reason=command.text("reason"),
    )


def _release(command: _Command) -> _Answer:
    """Gives back what a reference or a group holds; nothing held is nothing to do."""
    reference, group = command.text("reference"), command.text("group")
    if not reference and not group:
        raise _Refused("INVALID_FIELD", "name the reference or the group to release")
    named = command.text("budget")
    budgets = [command.budget()] if named else list(command.program.budgets)
    demands = []
    for budget in budgets:
        amount = command.amount(command.fields, "amount", budget.scale)
        if amount is not None and amount <= 0:
            raise _Refused("INVALID_FIELD", "amount is a decimal above 0")
        names = (reference,) if reference else command.state.group(budget.wire, group)
        if any(command.state.holding((budget.wire, name)).parts for name in names):
            demands.append(
                Demand(Act.RELEASE, budget, "", amount, Clause(), reference=reference, group=group)
            )
    if not demands:
        return Ruling(reason="NOTHING_HELD", message=f"{reference or group} holds nothing"), ()
    return _rule(command, demands)


def _extend(command: _Command) -> _Answer:
    """Gives soft holds another end."""
    reference, group = command.text("reference"), command.text("group")
    expires = command.expiry()
    if not expires:
        raise _Refused("INVALID_FIELD", "give the new end: expires_at or expires_in_s")
    named = command.text("budget")
    ruling = Ruling()
    for budget in [command.budget()] if named else command.program.budgets:
        names = (reference,) if reference else command.state.group(budget.wire, group)
        for name in names:
            holding = command.state.holding((budget.wire, name))
            if not any(part.reserved for part in holding.parts):
                continue
            command.state.set_holding((budget.wire, name), replace(holding, expires_us=expires))
            part = holding.parts[0]
            ruling.moves.append(
                Move(
                    part.node,
                    MoveKind.EXTEND,
                    Stage.RESERVED,
                    0,
                    name,
                    holding.group,
                    expires,
                )
            )
    if not ruling.moves:
        raise _Refused(
            "UNKNOWN_RESERVATION", f"{reference or group} reserves nothing; reserve it again"
        )
    return ruling, ()


_CARRIED: dict[str, Callable[[_Command], _Answer]] = {
    BUDGET_APPROVED: _approve,
    BUDGET_REVISED: _revise,
    BUDGET_TRANSFERRED: _transfer,
    BUDGET_CLOSED: _close,
    BUDGET_RESERVED: _take(Act.RESERVE),
    BUDGET_COMMITTED: _take(Act.COMMIT),
    BUDGET_SPENT: _take(Act.SPEND),
    BUDGET_RELEASED: _release,
    BUDGET_EXTENDED: _extend,
}


def expire(deciding: Deciding) -> None:
    """Gives back the soft holds whose time was up when this commit began."""
    overlay = deciding.overlay
    state = overlay.budgets
    notes = Notes(overlay, deciding.builder, -1)
    for key in list(state.state.due_by(deciding.now_us)):
        ruling = Ruling()
        holding = state.holding(key)
        changed = holding
        for part in holding.parts:
            if not part.reserved:
                continue
            changed = changed.plus(part.node, Stage.RESERVED, -part.reserved)
            ruling.moves.append(
                Move(
                    part.node,
                    MoveKind.EXPIRE,
                    Stage.RESERVED,
                    -part.reserved,
                    key[1],
                    holding.group,
                    0,
                )
            )
            figures = state.figures(part.node)
            ruling.decided.append(
                Decided(part.node, Verdict.EXPIRED, -part.reserved, figures.available)
            )
            state.move(part.node, Stage.RESERVED, -part.reserved)
        state.set_holding(key, replace(changed, expires_us=0))
        notes.ruling(ruling)
