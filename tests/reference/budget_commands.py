"""Budget events that no rule makes: approval, revision, transfer, closing, and single demands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from engine.program import Act, Budget, Control, Horizon
from tests.reference.budget_cuts import Cuts
from tests.reference.budget_finding import find_node
from tests.reference.budget_nodes import Node, Terms, period_of_day
from tests.reference.budgets import (
    COMMITTED,
    LIMIT,
    NEVER,
    RESERVED,
    STAGES,
    Answer,
    Ask,
    Budgets,
    Move,
)

COMMANDS = frozenset(
    {
        *("budget.approved", "budget.revised", "budget.transferred", "budget.closed"),
        *("budget.reserved", "budget.committed", "budget.spent", "budget.released"),
        "budget.extended",
    }
)
TAKING = {
    "budget.reserved": Act.RESERVE,
    "budget.committed": Act.COMMIT,
    "budget.spent": Act.SPEND,
}
OPENINGS = (("reserved", Act.RESERVE), ("committed", Act.COMMIT), ("actual", Act.SPEND))
CANONICAL = re.compile(r"([^\[\]]+)\[([^\[\]]*)\](?:@(.+))?")
PERIODS = {
    Horizon.MONTH: re.compile(r"\d{4}-(0[1-9]|1[0-2])"),
    Horizon.QUARTER: re.compile(r"\d{4}-Q[1-4]"),
    Horizon.YEAR: re.compile(r"\d{4}"),
    Horizon.DATES: re.compile(r"\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d"),
}


class NotPossible(Exception):
    """The command cannot be carried out: REJECTED_RULE with this reason."""


class BudgetCommand:
    """One command on its way."""

    def __init__(
        self, budgets: Budgets, event: Mapping[str, object], on: date, event_id: str
    ) -> None:
        self._book = budgets
        self._event = event
        self._on = on
        self._id = event_id

    def carry_out(self) -> Answer:
        """Does what the command says; raises NotPossible with nothing changed."""
        kind = self._event["type"]
        if kind in TAKING:
            return self._take(TAKING[kind])
        return {
            "budget.approved": self._approve,
            "budget.revised": self._revise,
            "budget.transferred": self._transfer,
            "budget.closed": self._close,
            "budget.released": self._release,
            "budget.extended": self._extend,
        }[str(kind)]()

    # --- What it names -------------------------------------------------------------------------

    def _text(self, name: str) -> str:
        value = self._event.get(name)
        return value if isinstance(value, str) else ""

    def _budget(self) -> Budget:
        name = self._text("budget")
        every = list(self._book.declared.values())
        if not every:
            raise NotPossible("UNKNOWN_BUDGET")
        found = [one for one in every if not name or name in {one.name, one.wire}]
        if not found:
            raise NotPossible("UNKNOWN_BUDGET")
        return found[0]

    def _node(self, written: object) -> tuple[Budget, Node]:
        """A node as written, in the period of the command's date where it has none."""
        budget, path, period = self._read(written)
        return budget, Node(budget.wire, path, period or period_of_day(budget.horizon, self._on))

    def _read(self, written: object) -> tuple[Budget, tuple[str, ...], str]:
        """Budget, keys and period of `NAME[k1,k2]@PERIOD` or `[NAME/]k1/k2[/PERIOD]`."""
        if not isinstance(written, str) or not written:
            raise NotPossible("INVALID_FIELD")
        budget, period = self._budget(), ""
        match = CANONICAL.fullmatch(written)
        if match is not None:
            if match[1] not in self._book.declared:
                raise NotPossible("UNKNOWN_NODE")
            budget = self._book.declared[match[1]]
            path = match[2].split(",") if match[2] else []
            period = match[3] or ""
            if period and not is_period(budget.horizon, period):
                raise NotPossible("UNKNOWN_NODE")
        else:
            path = written.split("/")
            if path[0] in self._book.declared and len(path) > 1:
                budget = self._book.declared[path.pop(0)]
            if len(path) > 1 and is_period(budget.horizon, path[-1]):
                period = path.pop()
        if budget.by_path:
            path = [part for key in path for part in key.split("/")]
        if "" in path or (not budget.by_path and len(path) > len(budget.keys)):
            raise NotPossible("UNKNOWN_NODE")
        return budget, tuple(path), period

    def _found(self, budget: Budget, node: Node, *, whole: bool = False) -> tuple[Node | None, str]:
        """Where the keys of a node that is not there lead, in the period as written."""
        return find_node(self._book, budget, node.path, self._on, period=node.period, whole=whole)

    def _limited(self, written: object) -> tuple[Budget, Node]:
        """A node that has an amount."""
        budget, node = self._node(written)
        if node in self._book.terms and self._book.terms[node].limited:
            return budget, node
        found, problem = self._found(budget, node, whole=True)
        if problem or found is None or not self._book.terms_of(found).limited:
            raise NotPossible("UNKNOWN_NODE")
        return budget, found

    @staticmethod
    def _raw(line: Mapping[str, object], name: str, budget: Budget) -> int | None:
        written = line.get(name)
        if written is None:
            return None
        raw = Fraction(str(written)) * 10**budget.scale
        if raw.denominator != 1:
            raise NotPossible("INVALID_FIELD")
        return int(raw)

    def _lines(self) -> Sequence[Mapping[str, object]]:
        lines = self._event.get("lines")
        if not isinstance(lines, list) or not lines:
            raise NotPossible("INVALID_FIELD")
        return lines

    def _until(self) -> int:
        written = self._event.get("expires_at")
        if not isinstance(written, str):
            return NEVER
        # Tests write instants in UTC: 2026-03-05T00:00:00+00:00.
        midnight = date.fromisoformat(written[:10]).toordinal() - date(1970, 1, 1).toordinal()
        seconds = int(written[11:13]) * 3600 + int(written[14:16]) * 60 + int(written[17:19])
        return (midnight * 24 * 3600 + seconds) * 1_000_000

    # --- Amounts -----------------------------------------------------------------------------

    def _approve(self) -> Answer:
        """Sets amounts and what is said of nodes; takes over what was consumed before."""
        book = self._book
        kept = dict(book.terms), dict(book.entered)
        try:
            return self._approve_lines()
        except NotPossible:
            book.terms, book.entered = kept
            raise

    def _approve_lines(self) -> Answer:
        book, cuts = self._book, Cuts(self._book)
        asks: list[Ask] = []
        limits: dict[Node, int] = {}
        for line in self._lines():
            budget, node = self._node(line.get("node"))
            if budget.horizon is Horizon.DATES and not node.period:
                node = replace(node, period=f"{line['from']}..{line['until']}")
            amount = self._raw(line, "amount", budget)
            if amount is None or amount < 0:
                raise NotPossible("INVALID_FIELD")
            if line.get("parent"):
                self._hang(budget, node, line["parent"])
            book.enter(node)
            cuts.note(book.chain(node))
            book.terms[node] = self._said(book.terms_of(node), budget, node, line)
            before = limits.get(node, book.figure(node, LIMIT))
            limits[node] = amount
            asks.append(Ask(Act.GRANT, budget, node, amount - before))
            for name, act in OPENINGS:
                opening = self._raw(line, name, budget)
                if opening:
                    reference = "" if act is Act.SPEND else self._id
                    asks.append(Ask(act, budget, node, opening, reference=reference, opening=True))
        answer = book.decide(asks)
        return replace(answer, verdicts=(*answer.verdicts, *cuts.verdicts()))

    def _hang(self, budget: Budget, node: Node, written: object) -> None:
        """Puts a node nothing has moved at under the parent that a line names."""
        book = self._book
        of, path, period = self._read(written)
        above = Node(of.wire, path, period or node.period)
        if of != budget or path == node.path:
            raise NotPossible("INVALID_FIELD")
        if budget.horizon is not Horizon.DATES and above.period != node.period:
            raise NotPossible("INVALID_FIELD")
        if not budget.by_path and path != node.path[:-1]:
            raise NotPossible("INVALID_FIELD")
        if node in book.entered:
            if book.chain(node)[1:2] == [above]:
                return
            if self._has_moved(node):
                raise NotPossible("PARENT_SETTLED")
        book.enter(above)
        if node in book.chain(above):
            raise NotPossible("INVALID_FIELD")
        book.terms[node] = replace(book.terms_of(node), parent=above)

    def _has_moved(self, node: Node) -> bool:
        book = self._book
        stages = (LIMIT, *STAGES.values())
        figures = [book.figure(node, stage) for stage in stages]
        return any(figures) or book.excesses[str(node)] != 0

    def _said(self, terms: Terms, budget: Budget, node: Node, line: Mapping[str, object]) -> Terms:
        """What a line of an approval says of its node."""
        said = replace(terms, limited=True, closed=False)
        if budget.horizon is Horizon.DATES:
            first, last = node.period.split("..")
            said = replace(said, days=(date.fromisoformat(first), date.fromisoformat(last)))
        if line.get("control"):
            said = replace(said, control=Control(line["control"]))
        if line.get("override_role"):
            said = replace(said, override_role=str(line["override_role"]))
        if line.get("warn_remaining_pct"):
            said = replace(said, warn=Fraction(str(line["warn_remaining_pct"])))
        share, most = line.get("tolerance_pct"), self._raw(line, "tolerance_amount", budget)
        if share is not None or most is not None:
            part = None if share is None else Fraction(str(share))
            said = replace(said, tolerances=tuple((act, part, most) for act in STAGES))
        return said

    def _revise(self) -> Answer:
        asks = []
        limits: dict[Node, int] = {}
        for line in self._lines():
            budget, node = self._limited(line.get("node"))
            before = limits.get(node, self._book.figure(node, LIMIT))
            to, delta = self._raw(line, "amount", budget), self._raw(line, "delta", budget)
            if (to is None) == (delta is None):
                raise NotPossible("INVALID_FIELD")
            after = before + delta if to is None and delta is not None else to
            assert after is not None
            if after < 0:
                raise NotPossible("INVALID_FIELD")
            limits[node] = after
            asks.append(Ask(Act.GRANT, budget, node, after - before))
        return self._book.decide(asks)

    def _transfer(self) -> Answer:
        budget, source = self._limited(self._event.get("from_node"))
        other, target = self._limited(self._event.get("to_node"))
        amount = self._raw(self._event, "amount", budget)
        if other != budget or source == target or amount is None or amount <= 0:
            raise NotPossible("INVALID_FIELD")
        code = "BUDGET_TRANSFER_EXCEEDS_AVAILABLE"
        return self._book.decide(
            [
                Ask(Act.GRANT, budget, source, -amount, code=code, lowers_only_what_is_left=True),
                Ask(Act.GRANT, budget, target, amount),
            ]
        )

    # --- Periods -----------------------------------------------------------------------------

    def _close(self) -> Answer:
        """Closes a period's nodes; what is left of them, and what is open, may move on."""
        budget, period = self._budget(), self._text("period")
        carry_balance = self._event.get("carry_balance") is True
        carry_reserved = self._event.get("carry_reserved") is True
        onto = self._text("to_period")
        if (carry_balance or carry_reserved) and not onto:
            onto = next_period(budget.horizon, period)
        book = self._book
        nodes = [
            node
            for node in book.entered
            if node.budget == budget.wire and node.period == period
            if not book.terms_of(node).closed
        ]
        nodes.sort(key=lambda node: node.path)
        cuts = Cuts(book)
        for node in book.entered:
            if node.budget == budget.wire and node.period in {period, onto}:
                cuts.note(book.chain(node))
        moves: list[Move] = []
        for node in nodes:
            terms = book.terms_of(node)
            carried = 0
            if carry_reserved:
                carried = book.figure(node, RESERVED) + book.figure(node, COMMITTED)
            if carry_balance:
                carried += max(0, book.figure(node, LIMIT) - book.used(node))
            target = replace(node, period=onto)
            if terms.limited and carried:
                moves += [Move(node, LIMIT, -carried), Move(target, LIMIT, carried)]
                self._enter_alike(node, onto)
                known = book.terms_of(target)
                book.terms[target] = replace(
                    terms,
                    closed=known.closed,
                    parent=known.parent,
                    days=period_days(budget.horizon, onto),
                )
            book.terms[node] = replace(terms, closed=True)
        if carry_reserved:
            for wire, reference in list(book.holds):
                if wire != budget.wire:
                    continue
                parts = book.held(wire, reference, book.moves)
                for node in [node for node in parts if node in nodes]:
                    target = replace(node, period=onto)
                    for stage, amount in zip((RESERVED, COMMITTED), parts[node], strict=True):
                        if amount:
                            moves.append(Move(node, stage, -amount, reference))
                            moves.append(Move(target, stage, amount, reference))
        book.moves += moves
        for move in moves:
            book.enter(move.node)
            cuts.note_new(book.chain(move.node))
        return Answer(reason="" if nodes else "NOTHING_TO_CLOSE", verdicts=tuple(cuts.verdicts()))

    def _enter_alike(self, node: Node, onto: str) -> Node:
        """The node of the same keys in another period, hung there as it hangs in its own."""
        book, target = self._book, replace(node, period=onto)
        if target in book.entered and (book.terms_of(target).limited or self._has_moved(target)):
            return target
        for above in book.chain(node)[1:2]:
            parent = above
            if above.period == node.period:
                parent = self._enter_alike(above, onto)
            if target not in book.chain(parent):
                book.terms[target] = replace(book.terms_of(target), parent=parent)
        book.enter(target)
        return target

    # --- Single demands ------------------------------------------------------------------------

    def _take(self, act: Act) -> Answer:
        reference, group = self._text("reference"), self._text("group")
        until = self._until() if act is Act.RESERVE else NEVER
        roles = tuple(str(role) for role in self._roles())
        rest = {"group": group, "until": until, "roles": roles, "reason": self._text("reason")}
        if self._event.get("node") is not None:
            budget, node = self._node(self._event["node"])
            amount = self._raw(self._event, "amount", budget)
            if amount is None or amount <= 0:
                raise NotPossible("INVALID_FIELD")
            found: Node | None = node
            if node not in self._book.entered and (
                budget.by_path or budget.horizon is Horizon.DATES
            ):
                found, problem = self._found(budget, node)
                if problem:
                    raise NotPossible("UNKNOWN_NODE")
            if not reference and act is not Act.SPEND:
                reference = self._id
            ask = Ask(  # type: ignore[arg-type]
                act, budget, found, amount, reference=reference, **rest
            )
            return self._book.decide([ask])
        budget = self._budget()
        if act is Act.RESERVE or not (reference or group):
            raise NotPossible("INVALID_FIELD")
        left = self._raw(self._event, "amount", budget)
        asks: list[Ask] = []
        for name in [reference] if reference else self._book.group(budget.wire, group):
            parts = self._book.held(budget.wire, name, self._book.moves)
            for node, (reserved, committed) in parts.items():
                held = reserved + (committed if act is Act.SPEND else 0)
                part = held if left is None else min(held, left)
                left = None if left is None else left - part
                if part:
                    ask = Ask(  # type: ignore[arg-type]
                        act, budget, node, part, reference=name, **rest
                    )
                    asks.append(ask)
        if not asks:
            raise NotPossible("UNKNOWN_RESERVATION")
        if left:
            asks[-1] = replace(asks[-1], amount=(asks[-1].amount or 0) + left)
        return self._book.decide(asks)

    def _roles(self) -> Sequence[object]:
        roles = self._event.get("roles")
        return roles if isinstance(roles, list) else [roles] if isinstance(roles, str) else []

    def _release(self) -> Answer:
        reference, group = self._text("reference"), self._text("group")
        named = [self._budget()] if self._text("budget") else list(self._book.declared.values())
        asks = []
        for budget in named:
            names = [reference] if reference else self._book.group(budget.wire, group)
            if any(self._book.held(budget.wire, name, self._book.moves) for name in names):
                amount = self._raw(self._event, "amount", budget)
                asks.append(
                    Ask(Act.RELEASE, budget, None, amount, reference=reference, group=group)
                )
        if not asks:
            return Answer(reason="NOTHING_HELD")
        return self._book.decide(asks)

    def _extend(self) -> Answer:
        reference, group = self._text("reference"), self._text("group")
        until = self._until()
        if until == NEVER:
            raise NotPossible("INVALID_FIELD")
        named = [self._budget()] if self._text("budget") else list(self._book.declared.values())
        found = False
        for budget in named:
            for name in [reference] if reference else self._book.group(budget.wire, group):
                parts = self._book.held(budget.wire, name, self._book.moves)
                if any(reserved for reserved, _ in parts.values()):
                    self._book.holds[budget.wire, name].until = until
                    found = True
        if not found:
            raise NotPossible("UNKNOWN_RESERVATION")
        return Answer()


def is_period(horizon: Horizon, text: str) -> bool:
    """Whether a text names a period of this kind."""
    return horizon in PERIODS and PERIODS[horizon].fullmatch(text) is not None


def period_days(horizon: Horizon, period: str) -> tuple[date, date] | None:
    """First and last day of a period that is named by them."""
    if horizon is not Horizon.DATES:
        return None
    first, last = period.split("..")
    return date.fromisoformat(first), date.fromisoformat(last)


def next_period(horizon: Horizon, period: str) -> str:
    """The period after one."""
    year = int(period[:4])
    if horizon is Horizon.YEAR:
        return f"{year + 1:04d}"
    if horizon is Horizon.QUARTER:
        quarter = int(period[-1])
        return f"{year + quarter // 4:04d}-Q{quarter % 4 + 1}"
    month = int(period[-2:])
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}"
