"""What budgets promise, as slow plain Python written from their description, not from the engine.

The model takes the same events as a book and keeps whole numbers of cents. It knows a tree of
nodes per budget and period, references and groups, soft holds, tolerances, overrides, approvals,
revisions, transfers and closings. Amounts of an event that are missing stand for all a reference
or group holds. It decides one event at a time; nothing is cached and nothing is clever.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tests.budgets.figures import (
    ACT_OF,
    ACTUAL,
    COMMITTED,
    CONSUMED_BY,
    PPM,
    RESERVED,
    STAGE_OF,
    Answer,
    Declared,
    Event,
    Holding,
    Node,
    Reservation,
    Said,
    Statement,
    Stopped,
    cents,
    end_of,
)


class BudgetModel:
    """All budgets of a book. `rules`: what the rule of an event type makes of an event."""

    def __init__(
        self,
        declared: Sequence[Declared],
        rules: Mapping[str, Callable[[Event], list[Statement]]] | None = None,
        must_post: frozenset[str] = frozenset(),
    ) -> None:
        self.declared = {each.name: each for each in declared}
        self.rules = dict(rules or {})
        self.must_post = must_post
        self.nodes: dict[str, Node] = {}
        self.reservations: dict[tuple[str, str], Reservation] = {}
        self.seen: dict[str, Event] = {}
        self.held: dict[str, tuple[Event, str]] = {}  # with the role that decides, "" = any

    # --- deciding ------------------------------------------------------------------------

    def post(self, event: Event, now_us: int) -> Answer:
        """Decides an event at a time; what is stopped leaves no trace but expiries."""
        self.expire(now_us)
        known = self.seen.get(event["id"])
        if known is not None:
            return Answer("duplicate" if known == event else "conflict")
        before = copy.deepcopy((self.nodes, self.reservations))
        try:
            answer = self._decide(event, now_us)
        except Stopped as stopped:
            self.nodes, self.reservations = before
            answer = stopped.answer
        if answer.kind == "held":
            first = next(each for each in answer.said if each.verdict == "HOLD")
            self.held[event["id"]] = event, self.node(first.node).override_role
        if answer.kind in {"accepted", "held"}:
            self.seen[event["id"]] = event
        return answer

    def expire(self, now_us: int) -> None:
        """Gives back what soft holds still reserve whose time is up."""
        for key, reservation in list(self.reservations.items()):
            if not reservation.expires_us or reservation.expires_us > now_us:
                continue
            reservation.expires_us = 0
            for name, holding in reservation.holdings.items():
                self._count(name, RESERVED, -holding.reserved)
                holding.reserved = 0
            self._tidy(key)

    def _decide(self, event: Event, now_us: int) -> Answer:
        if event["type"] in self.rules:
            statements = self.rules[event["type"]](event)
            forced = event["type"] in self.must_post
            return self._rule_on(statements, must_post=forced)
        if event["type"] == "hold.decided":
            return self._decide_hold(event)
        kind = event["type"].removeprefix("budget.")
        if kind in ACT_OF:
            return self._rule_on(self._wanted(event, ACT_OF[kind], now_us))
        commands: dict[str, Callable[[Event, int], Answer]] = {
            "approved": self._approve,
            "revised": self._revise,
            "transferred": self._transfer,
            "closed": self._close,
            "released": self._release,
            "extended": self._extend,
        }
        return commands[kind](event, now_us)

    def _decide_hold(self, event: Event) -> Answer:
        held, role = self.held.get(event["of_id"], (None, ""))
        if held is None or role not in {"", event["role"]}:
            raise Stopped("wrong")
        del self.held[event["of_id"]]
        if event["decision"] == "approve":
            self._rule_on(self.rules[held["type"]](held), approved=True)
        else:  # refused like any other: it may be sent again
            del self.seen[held["id"]]
        return Answer("accepted")

    # --- amounts ---------------------------------------------------------------------------

    def _approve(self, event: Event, _now_us: int) -> Answer:
        for line in event["lines"]:
            node = self.node(line["node"])
            node.limit = cents(line["amount"])
            node.control = line.get("control", node.control)
            node.override_role = line.get("override_role", node.override_role)
            node.closed = False
            if "tolerance_amount" in line:
                node.tolerances = {act: (None, cents(line["tolerance_amount"])) for act in STAGE_OF}
            for stage, act in ((RESERVED, "reserve"), (COMMITTED, "commit"), (ACTUAL, "spend")):
                reference = "" if stage == ACTUAL else event["id"]
                amount = cents(line.get(stage, "0"))  # consumed before the book began
                self._take(Statement(act, node.budget, node.name, amount, reference))
        return Answer("accepted")

    def _revise(self, event: Event, _now_us: int) -> Answer:
        for line in event["lines"]:
            node = self.node(line["node"])
            if node.limit is None:
                raise Stopped("wrong")
            to = cents(line["amount"]) if "amount" in line else node.limit + cents(line["delta"])
            if to < 0:
                raise Stopped("wrong")
            node.limit = to
        return Answer("accepted")

    def _transfer(self, event: Event, _now_us: int) -> Answer:
        source, target = self.node(event["from_node"]), self.node(event["to_node"])
        amount = cents(event["amount"])
        if source is target or source.limit is None or target.limit is None:
            raise Stopped("wrong")
        if amount > source.available:
            short = amount - source.available
            blocked = Said(source.name, "BLOCK", amount, source.available, short)
            raise Stopped("refused", "BUDGET_TRANSFER_EXCEEDS_AVAILABLE", [blocked])
        source.limit -= amount
        target.limit += amount
        return Answer("accepted")

    def _close(self, event: Event, _now_us: int) -> Answer:
        """Ends a period; open reservations go on with the part of the amount they stand on."""
        budget, period, onto = event["budget"], event["period"], event.get("to_period", "")
        balance, reserved = event.get("carry_balance", False), event.get("carry_reserved", False)
        ending = [
            node
            for node in self.nodes.values()
            if (node.budget, node.period, node.closed) == (budget, period, False)
        ]
        for node in ending:
            carried = (node.reserved + node.committed) if reserved else 0
            carried += max(0, node.available) if balance else 0
            if node.limit is not None and carried:
                target = self._at(budget, node.path, onto)
                node.limit -= carried
                target.limit = (target.limit or 0) + carried
                target.control, target.override_role = node.control, node.override_role
                target.tolerances, target.warn_ppm = dict(node.tolerances), node.warn_ppm
            node.closed = True
        for (own, _), reservation in list(self.reservations.items()):
            if own == budget and reserved:
                self._carry(reservation, [node.name for node in ending], onto)
        return Answer("accepted")

    def _carry(self, reservation: Reservation, ending: Sequence[str], onto: str) -> None:
        for name in list(reservation.holdings):
            node = self.node(name)
            if name not in ending:
                continue
            holding = reservation.holdings.pop(name)
            target = self._at(node.budget, node.path, onto).name
            there = reservation.holdings.setdefault(target, Holding())
            there.reserved += holding.reserved
            there.committed += holding.committed
            for stage in (RESERVED, COMMITTED):
                self._count(name, stage, -getattr(holding, stage))
                self._count(target, stage, getattr(holding, stage))

    # --- the life of an amount --------------------------------------------------------------

    def _wanted(self, event: Event, act: str, now_us: int) -> list[Statement]:
        """Statements of a command that reserves, commits or spends."""
        amount = cents(event["amount"]) if "amount" in event else None
        common = {"roles": tuple(event.get("roles", ())), "reason": event.get("reason", "")}
        group = event.get("group", "")
        if "node" in event:
            node = self.node(event["node"])
            own = "" if act == "spend" else event["id"]
            expires = end_of(event, now_us) if act == "reserve" else 0
            reference = event.get("reference", own)
            return [
                Statement(act, node.budget, node.name, amount, reference, group, expires, **common)
            ]
        budget = self.budget_of(event)
        names = self.named(event, budget)
        statements: list[Statement] = []
        for reference in names:
            reservation = self.reservations.get((budget, reference), Reservation())
            for name, holding in reservation.holdings.items():
                held = sum(getattr(holding, stage) for stage in CONSUMED_BY[act])
                taken = held if amount is None else min(held, amount)
                amount = None if amount is None else amount - taken
                if taken:
                    each = Statement(act, budget, name, taken, reference, group, **common)
                    statements.append(each)
        if amount and statements:  # an excess counts where the last part stood
            last = statements.pop()
            statements.append(replace(last, amount=(last.amount or 0) + amount))
        if not statements:
            raise Stopped("wrong")
        return statements

    def _rule_on(
        self, statements: Sequence[Statement], *, must_post: bool = False, approved: bool = False
    ) -> Answer:
        """One demand: what the event gives back first, then its net at every limited node."""
        before = {name: node.used for name, node in self.nodes.items()}
        for each in statements:
            self._give_back(each, CONSUMED_BY[each.act])
        asked: dict[str, list[Statement]] = {}
        for each in statements:
            if each.act != "release":
                if each.act != "check":
                    self._take(each)
                for node in self.upwards(each.node):
                    asked.setdefault(node.name, []).append(each)
        said, short = [], []
        for name, of in asked.items():
            node = self.nodes[name]
            if node.limit is None and not node.closed:
                continue
            moved = node.used - before.get(name, 0)
            passing = self._passing(node, of[0], statements, must_post, approved)
            said.append(self._say(node, of, moved, passing))
            if said[-1].verdict in {"BLOCK", "HOLD"}:
                short.append(of[0])
        if short:
            held = all(each.otherwise == "hold" for each in short)
            raise Stopped(
                *(("held", "BUDGET_HELD") if held else ("refused", "BUDGET_EXCEEDED")), said
            )
        for reservation_key in list(self.reservations):
            self._tidy(reservation_key)
        return Answer("accepted", said=tuple(said))

    def _passing(
        self,
        node: Node,
        first: Statement,
        statements: Sequence[Statement],
        must_post: bool,
        approved: bool,
    ) -> str:
        """What the node says where it is short."""
        may = any(each.reason and node.override_role in each.roles for each in statements)
        if approved:
            return "OVERRIDE"
        if node.control != "block" and not node.closed:
            return {"warn": "WARN", "track": "PASS"}[node.control]
        if node.override_role and may:
            return "OVERRIDE"
        if must_post:
            return "OVERRUN"
        return {"reject": "BLOCK", "hold": "HOLD", "warn": "WARN"}[first.otherwise]

    def _say(self, node: Node, of: Sequence[Statement], moved: int, passing: str) -> Said:
        """Judges a node at which the event has been counted already, but for what it checks."""
        requested = moved + sum(each.amount or 0 for each in of if each.act == "check")
        available = 0 if node.closed else node.available + moved
        tolerance = 0 if node.closed else min(node.tolerance(each.act) for each in of)
        short = max(0, requested - available - tolerance) if requested > 0 else 0
        if short:
            return Said(node.name, passing, requested, available, short)
        # A grant that leaves at most a share of the amount is marked.
        little = (
            sum(each.amount or 0 for each in of) > 0
            and node.warn_ppm is not None
            and (available - requested) * PPM <= (node.limit or 0) * node.warn_ppm
        )
        return Said(node.name, "WARN" if little else "PASS", requested, available, 0)

    def _give_back(self, statement: Statement, stages: Sequence[str]) -> None:
        """Takes at most the amount out of what the reference holds, its own node first.

        A node where nothing is held any more has lost its place in the order.
        """
        reservation = self.reservations.get((statement.budget, statement.reference))
        if reservation is None or not statement.reference:
            return
        left = statement.amount
        for name in sorted(reservation.holdings, key=lambda each: each != statement.node):
            for stage in stages:
                held = getattr(reservation.holdings[name], stage)
                part = held if left is None else min(held, left)
                left = None if left is None else left - part
                setattr(reservation.holdings[name], stage, held - part)
                self._count(name, stage, -part)
            if not reservation.holdings[name].reserved and not reservation.holdings[name].committed:
                del reservation.holdings[name]

    def _take(self, statement: Statement) -> None:
        """Counts an amount at a node, and under its reference unless it is spent."""
        amount, stage = statement.amount or 0, STAGE_OF[statement.act]
        self._count(statement.node, stage, amount)
        if stage == ACTUAL or not statement.reference or not amount:
            return
        key = (statement.budget, statement.reference)
        reservation = self.reservations.setdefault(key, Reservation())
        reservation.group = statement.group or reservation.group
        is_open = any(each.reserved for each in reservation.holdings.values())
        reservation.expires_us = statement.expires_us or (reservation.expires_us if is_open else 0)
        holding = reservation.holdings.setdefault(statement.node, Holding())
        setattr(holding, stage, getattr(holding, stage) + amount)

    def _release(self, event: Event, _now_us: int) -> Answer:
        budget = self.budget_of(event)
        amount = cents(event["amount"]) if "amount" in event else None
        names = (
            [event["reference"]] if "reference" in event else self.members(budget, event["group"])
        )
        return self._rule_on([Statement("release", budget, "", amount, name) for name in names])

    def _extend(self, event: Event, now_us: int) -> Answer:
        budget = self.budget_of(event)
        names = (
            [event["reference"]] if "reference" in event else self.members(budget, event["group"])
        )
        found = [self.reservations.get((budget, name)) for name in names]
        open_ones = [
            each
            for each in found
            if each is not None and any(holding.reserved for holding in each.holdings.values())
        ]
        if not open_ones:
            raise Stopped("wrong")
        for each in open_ones:
            each.expires_us = end_of(event, now_us)
        return Answer("accepted")

    # --- the tree ----------------------------------------------------------------------------

    def budget_of(self, event: Event) -> str:
        """The budget a command names, else the first one."""
        return str(event.get("budget", next(iter(self.declared))))

    def named(self, event: Event, budget: str) -> list[str]:
        """The reference an event names, or those of its group."""
        return (
            [event["reference"]] if "reference" in event else self.members(budget, event["group"])
        )

    def members(self, budget: str, group: str) -> list[str]:
        """References of a group, in the order in which they were made."""
        return [
            reference
            for (own, reference), reservation in self.reservations.items()
            if own == budget and reservation.group == group
        ]

    def node(self, name: str) -> Node:
        """The node of a canonical name, made where it is new."""
        head, _, period = name.partition("@")
        budget, _, keys = head.rstrip("]").partition("[")
        return self._at(budget, tuple(keys.split(",")) if keys else (), period)

    def upwards(self, name: str) -> list[Node]:
        """A node and all above it, leaf first."""
        leaf = self.node(name)
        return [
            self._at(leaf.budget, leaf.path[:length], leaf.period)
            for length in range(len(leaf.path), -1, -1)
        ]

    def _at(self, budget: str, path: tuple[str, ...], period: str) -> Node:
        declared = self.declared[budget]
        node = Node(
            budget,
            path,
            period,
            declared.control,
            dict(declared.tolerances),
            declared.warn_ppm,
            declared.override_role,
        )
        return self.nodes.setdefault(node.name, node)

    def _count(self, name: str, stage: str, amount: int) -> None:
        for node in self.upwards(name):
            setattr(node, stage, getattr(node, stage) + amount)

    def _tidy(self, key: tuple[str, str]) -> None:
        """Forgets what holds nothing any more, and the end of what reserves nothing any more."""
        reservation = self.reservations[key]
        if not any(holding.reserved for holding in reservation.holdings.values()):
            reservation.expires_us = 0
        for name, holding in list(reservation.holdings.items()):
            if not holding.reserved and not holding.committed:
                del reservation.holdings[name]
        if not reservation.holdings:
            del self.reservations[key]
