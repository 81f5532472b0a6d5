"""Reserves, commits, spends, releases and extends: the service's own calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.budget.demand import Clause, Demand, Move, Ruling
from engine.decide.budget_commands.command import Answer, Command, Refused, rule
from engine.effects import MoveKind, Stage
from engine.program import Act, Budget


def take(act: Act) -> Callable[[Command], Answer]:
    """Reserves, commits or spends at a node, out of a reference, or a whole group."""

    def carry_out(command: Command) -> Answer:
        reference, group = command.text("reference"), command.text("group")
        written = command.fields.get("node")
        if written is not None:
            budget, node = command.standing(written)
            amount = command.amount(command.fields, "amount", budget.scale)
            if amount is None or amount <= 0:
                raise Refused("INVALID_FIELD", "amount is a decimal above 0")
            if not reference and act is not Act.SPEND:
                reference = command.event_id
            return rule(command, [_taking(command, act, (budget, node), amount, reference)])
        budget = command.budget()
        if act is Act.RESERVE or not (reference or group):
            raise Refused("INVALID_FIELD", "node is missing, and no reference or group stands in")
        names = (reference,) if reference else command.state.group(budget.wire, group)
        amount = command.amount(command.fields, "amount", budget.scale)
        demands = _out_of(command, act, budget, names, amount)
        if not demands:
            raise Refused(
                "UNKNOWN_RESERVATION",
                f"{reference or group} holds nothing in budget {budget.name}; name a node, or the "
                "budget it stands in",
            )
        return rule(command, demands)

    return carry_out


def _out_of(
    command: Command, act: Act, budget: Budget, references: Sequence[str], amount: int | None
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
    command: Command, act: Act, at: tuple[Budget, str], amount: int, reference: str
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


def release(command: Command) -> Answer:
    """Gives back what a reference or a group holds; nothing held is nothing to do."""
    reference, group = command.text("reference"), command.text("group")
    if not reference and not group:
        raise Refused("INVALID_FIELD", "name the reference or the group to release")
    named = command.text("budget")
    budgets = [command.budget()] if named else list(command.program.budgets)
    demands = []
    for budget in budgets:
        amount = command.amount(command.fields, "amount", budget.scale)
        if amount is not None and amount <= 0:
            raise Refused("INVALID_FIELD", "amount is a decimal above 0")
        names = (reference,) if reference else command.state.group(budget.wire, group)
        if any(command.state.holding((budget.wire, name)).parts for name in names):
            demands.append(
                Demand(Act.RELEASE, budget, "", amount, Clause(), reference=reference, group=group)
            )
    if not demands:
        return Ruling(reason="NOTHING_HELD", message=f"{reference or group} holds nothing"), ()
    return rule(command, demands)


def extend(command: Command) -> Answer:
    """Gives soft holds another end."""
    reference, group = command.text("reference"), command.text("group")
    expires = command.expiry()
    if not expires:
        raise Refused("INVALID_FIELD", "give the new end: expires_at or expires_in_s")
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
        raise Refused(
            "UNKNOWN_RESERVATION", f"{reference or group} reserves nothing; reserve it again"
        )
    return ruling, ()
