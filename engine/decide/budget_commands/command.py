"""One budget command: its fields read, and the ruling its demands go through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.budget.demand import Asked, Demand, Ruling
from engine.budget.finding import (
    NodeNotFound,
    enter_node,
    find_node,
)
from engine.budget.names import (
    NodeNameError,
    node_name,
    read_node,
)
from engine.budget.ruling import rule_on
from engine.decide.budgets import Caller, Notes, words_of
from engine.decide.deciding import Deciding
from engine.decimals import DecimalSyntaxError, parse_decimal
from engine.program import Budget, Horizon, Program
from engine.state.budget_overlay import BudgetOverlay

#: Greatest amount of a budget, raw.
_MOST = 10**17


class Refused(Exception):
    """A command that cannot be carried out; the arguments are reason and message."""


@dataclass(slots=True)
class Command:
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
            raise Refused("INVALID_FIELD", f"{name} is text")
        return value

    def budget(self, name: str = "") -> Budget:
        """The budget a command names, by name or wire name; else the first declared."""
        budgets = self.program.budgets
        if not budgets:
            raise Refused(
                "UNKNOWN_BUDGET", "the rule book declares no budget; declare one and publish it"
            )
        name = name or self.text("budget")
        if not name:
            return budgets[0]
        for budget in budgets:
            if name in (budget.name, budget.wire):
                return budget
        known = ", ".join(budget.name for budget in budgets)
        raise Refused("UNKNOWN_BUDGET", f"there is no budget {name}; the rule book has {known}")

    def node(self, text: object, day: int | None = None) -> tuple[Budget, tuple[str, ...], str]:
        """Budget, path and period of a node as written; `day` chooses the period of one without."""
        if not isinstance(text, str) or not text:
            raise Refused("INVALID_FIELD", 'node is text such as "NAME[k1,k2]@2026-03"')
        try:
            chooses = self.day if day is None else day
            return read_node(text, self.program.budgets, self.budget(), chooses)
        except NodeNameError as error:
            raise Refused("UNKNOWN_NODE", str(error)) from None

    def standing(self, text: object) -> tuple[Budget, str]:
        """The node a demand counts at: as written if it exists, else where its keys lead.

        The command's date chooses the period only of a node written without one.
        """
        budget, path, period = self.node(text)
        name = node_name(budget.wire, path, period)
        if self.state.terms(name) is None and (budget.by_path or budget.horizon is Horizon.DATES):
            try:
                name = find_node(self.state, budget, path, self.day, period=period)
            except NodeNotFound as error:
                raise Refused("UNKNOWN_NODE", str(error)) from None
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
            raise Refused("INVALID_FIELD", f"{name} is a decimal in quotes: {error}") from None
        if not -_MOST <= raw <= _MOST:
            raise Refused("INVALID_FIELD", f"{name} {value} is larger than a budget can hold")
        return raw

    def lines(self) -> Sequence[Mapping[str, object]]:
        """The lines of an approval or revision."""
        found = self.fields.get("lines")
        if not isinstance(found, list) or not found:
            raise Refused("INVALID_FIELD", 'lines is a list of {"node": …, "amount": "…"}')
        for line in found:
            if not isinstance(line, Mapping):
                raise Refused("INVALID_FIELD", "each line is an object with node and amount")
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
                raise Refused("INVALID_FIELD", 'expires_at is written "2026-03-05T18:00:00+08:00"')
            since = instant - datetime(1970, 1, 1, tzinfo=UTC)
            return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        if seconds is None and text is None:
            return 0
        if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
            seconds = int(seconds)
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds < 10**9:
            raise Refused("INVALID_FIELD", "expires_in_s is a number of seconds above 0")
        return self.deciding.now_us + seconds * 1_000_000

    def roles(self) -> tuple[str, ...]:
        """Roles named for an override."""
        found = self.fields.get("roles")
        names = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        return tuple(name for name in names if isinstance(name, str))


Answer = tuple[Ruling, Sequence[Demand]]


def rule(command: Command, demands: Sequence[Demand]) -> Answer:
    """Decides the command's demands as those of any event."""
    asked = Asked(tuple(demands), person=command.caller.person, allowed=command.caller.allowed)
    return rule_on(command.state, asked, command.notes.entered, words_of(command.program)), demands
