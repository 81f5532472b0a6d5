"""Budgets decided slowly: every figure is added up again from the moves, each time it is asked.

One event at a time: what it gives back first, then its net demand at every node with an amount.
Which nodes and amounts an event asks for is worked out elsewhere (`budget_asks`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from engine.program import Act, Budget, Control, Otherwise, Posture
from tests.reference.budget_cuts import Cuts, Verdict
from tests.reference.budget_nodes import (
    Node,
    Terms,
    default_terms,
    excess_of,
    tolerance_of,
)

RESERVED, COMMITTED, ACTUAL, LIMIT = "reserved", "committed", "actual", "limit"
STAGES = {Act.RESERVE: RESERVED, Act.COMMIT: COMMITTED, Act.SPEND: ACTUAL}
#: Of a soft hold that never ends.
NEVER = 0


@dataclass(frozen=True, slots=True)
class Move:
    """A change of one figure of a node; a reference's holdings are the moves that name it."""

    node: Node
    stage: str
    amount: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One row of a budget statement: an amount (None: all) on a node.

    `node` None: there is no such node, nothing is counted; `problem`: it cannot be told.
    `path`: of a release that names keys, else None. `lowers_only_what_is_left`: a grant with else.
    `opening`: consumed before the book began; nobody is asked.
    """

    act: Act
    budget: Budget
    node: Node | None
    amount: int | None
    path: tuple[str, ...] | None = None
    reference: str = ""
    group: str = ""
    until: int = NEVER
    roles: tuple[str, ...] = ()
    reason: str = ""
    otherwise: Otherwise = Otherwise.REJECT
    role: str = ""
    code: str = "BUDGET_EXCEEDED"
    message: str = ""
    problem: str = ""
    lowers_only_what_is_left: bool = False
    opening: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an event's asks; status "" where they pass.

    `is_warned`: it passed where a node is short.
    """

    status: str = ""
    reason: str = ""
    message: str = ""
    verdicts: tuple[Verdict, ...] = ()
    is_warned: bool = False


@dataclass(slots=True)
class Hold:
    """What is known of a reference besides what it holds."""

    group: str = ""
    until: int = NEVER
    #: How many moves had been made when it joined its group.
    joined: int = 0


@dataclass
class Budgets:
    """All nodes, and every move that was ever made.

    Attributes:
        declared: budgets by wire name, in the order of the book.
        terms: of nodes that were approved, granted an amount or closed.
        entered: every node that was approved or that an event passed through, in that order.
        moves: in the order they were made.
        holds: (budget, reference) -> what holds something, in the order it began to.
        excesses: by node's name, how far decisions took it below zero.
    """

    declared: dict[str, Budget] = field(default_factory=dict)
    terms: dict[Node, Terms] = field(default_factory=dict)
    entered: dict[Node, None] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    holds: dict[tuple[str, str], Hold] = field(default_factory=dict)
    excesses: Counter[str] = field(default_factory=Counter)

    # --- Reading -----------------------------------------------------------------------------

    def terms_of(self, node: Node) -> Terms:
        """What was said of a node, or its budget's defaults."""
        found = self.terms.get(node)
        return found if found is not None else default_terms(self.declared[node.budget])

    def chain(self, node: Node) -> list[Node]:
        """The node and every node above it, leaf first."""
        found = [node]
        while True:
            known = self.terms.get(node)
            if known is not None and known.parent is not None:
                node = known.parent
            elif node.path:
                node = replace(node, path=node.path[:-1])
            else:
                return found
            found.append(node)

    def enter(self, node: Node) -> None:
        """Takes note of a node and of those above it, roots first."""
        self.entered |= dict.fromkeys(reversed(self.chain(node)))

    def limit(self, node: Node) -> int:
        """A node's own amount."""
        return self.figure(node, LIMIT)

    def figure(self, node: Node, stage: str, moves: Sequence[Move] | None = None) -> int:
        """A figure of a node: amounts are its own, all else counts from below as well."""
        total = 0
        for move in self.moves if moves is None else moves:
            if move.stage == stage:
                counts = [move.node] if stage == LIMIT else self.chain(move.node)
                total += move.amount * (node in counts)
        return total

    def group(self, budget: str, name: str) -> list[str]:
        """The references of a group, in the order in which they joined it."""
        found = [
            (hold.joined, reference)
            for (wire, reference), hold in self.holds.items()
            if wire == budget and name and hold.group == name
        ]
        return [reference for _, reference in sorted(found, key=lambda one: one[0])]

    def used(self, node: Node, moves: Sequence[Move] | None = None) -> int:
        """What counts against a node's amount."""
        return sum(
            move.amount
            for move in (self.moves if moves is None else moves)
            if move.stage != LIMIT and node in self.chain(move.node)
        )

    def held(self, budget: str, reference: str, moves: Sequence[Move]) -> dict[Node, list[int]]:
        """What a reference holds: per node reserved and committed, in order of first reservation.

        A node that held nothing in between begins anew.
        """
        parts: dict[Node, list[int]] = {}
        for move in moves:
            if move.node.budget == budget and move.reference == reference:
                part = parts.setdefault(move.node, [0, 0])
                part[move.stage == COMMITTED] += move.amount
                if part == [0, 0]:
                    del parts[move.node]
        return parts

    # --- Deciding ----------------------------------------------------------------------------

    def decide(
        self,
        asks: Sequence[Ask],
        *,
        must_post: bool = False,
        allowed: frozenset[str] | None = None,
        approved_by: str | None = None,
    ) -> Answer:
        """Decides one event; moves figures only where every node lets it pass.

        `approved_by`: the role that decided to let an event pass that was held.
        """
        decision = _Decision(self, asks, must_post, allowed, approved_by)
        answer = decision.answer()
        if answer.status:
            return answer
        return replace(answer, verdicts=(*answer.verdicts, *decision.keep()))

    def expire(self, now: int) -> None:
        """Gives back what soft holds hold whose time is up."""
        for (budget, reference), hold in self.holds.items():
            if hold.until != NEVER and hold.until <= now:
                hold.until = NEVER
                for node, (reserved, _) in self.held(budget, reference, self.moves).items():
                    if reserved:
                        self.moves.append(Move(node, RESERVED, -reserved, reference))
        self.forget_empty()

    def forget_empty(self) -> None:
        """Forgets references that hold nothing: what they reserve again is a new reservation."""
        for budget, reference in list(self.holds):
            if not self.held(budget, reference, self.moves):
                del self.holds[budget, reference]


@dataclass
class _Decision:
    """The decision of one event: what it would move, and what the nodes say."""

    book: Budgets
    asks: Sequence[Ask]
    must_post: bool
    allowed: frozenset[str] | None
    approved_by: str | None
    gives_back: list[Move] = field(default_factory=list)
    grants: list[Move] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    blocked: list[tuple[Verdict, Ask]] = field(default_factory=list)

    def answer(self) -> Answer:
        for ask in self.asks:
            self._give_back(ask)
        for ask in self.asks:
            if ask.act is Act.GRANT and ask.node is None:
                self._judge_unknown(f"{ask.budget.wire}[?]", ask, ask.amount or 0)
            elif ask.act is Act.GRANT:
                self._grant(ask)
        for node in self._touched():
            self._judge(node)
        if not self.blocked:
            is_warned = any(said.shortfall or said.excess for said in self.verdicts)
            return Answer(verdicts=tuple(self.verdicts), is_warned=is_warned)
        return self._refusal()

    def keep(self) -> list[Verdict]:
        """Makes the moves; the nodes whose first amount is less than what they use say so."""
        book = self.book
        for ask in self.asks:
            if ask.node is not None and not ask.problem:
                book.enter(ask.node)
        first = Cuts(book)
        first.note(move.node for move in self.grants if not book.terms_of(move.node).limited)
        book.moves += [*self.gives_back, *self.grants]
        for said in self.verdicts:
            book.excesses[said.node] += said.excess
        for move in self.grants:
            book.terms[move.node] = replace(book.terms_of(move.node), limited=True)
        for ask in self.asks:
            if ask.act in STAGES and ask.node is not None and ask.amount and not ask.problem:
                reference = "" if ask.act is Act.SPEND else ask.reference
                within = ask.amount if reference else 0
                if reference:
                    self._note(ask)
                    held = book.held(ask.budget.wire, reference, book.moves)
                    place = 1 if STAGES[ask.act] == COMMITTED else 0
                    within = max(ask.amount, -held.get(ask.node, [0, 0])[place])
                    book.moves.append(Move(ask.node, STAGES[ask.act], within, reference))
                if ask.amount != within:
                    book.moves.append(Move(ask.node, STAGES[ask.act], ask.amount - within))
        book.forget_empty()
        return first.verdicts()

    def _note(self, ask: Ask) -> None:
        hold = self.book.holds.setdefault((ask.budget.wire, ask.reference), Hold())
        if ask.group and ask.group != hold.group:
            hold.group, hold.joined = ask.group, len(self.book.moves)
        held = self.book.held(ask.budget.wire, ask.reference, self.book.moves)
        if not ask.until and not any(reserved for reserved, _ in held.values()):
            hold.until = NEVER
        hold.until = ask.until or hold.until

    # --- What it gives back --------------------------------------------------------------------

    def _give_back(self, ask: Ask) -> None:
        """A release, or a commitment or actual that consumes its reference first."""
        consumes = ask.act in {Act.COMMIT, Act.SPEND} and ask.reference and ask.amount is not None
        if ask.act is not Act.RELEASE and not consumes:
            return
        left = ask.amount
        for reference in self._references(ask):
            for node, stage, held in self._parts(ask, reference):
                part = held if left is None else min(held, left)
                if part > 0:
                    self.gives_back.append(Move(node, stage, -part, reference))
                    left = None if left is None else left - part

    def _references(self, ask: Ask) -> list[str]:
        if ask.reference or not ask.group:
            return [ask.reference] if ask.reference else []
        return self.book.group(ask.budget.wire, ask.group)

    def _parts(self, ask: Ask, reference: str) -> Iterator[tuple[Node, str, int]]:
        """What a reference holds, in the order in which it is taken.

        A release takes reservations before commitments, node by node, and only at the keys it
        names. An actual takes commitments first, a commitment only reservations, both beginning
        at their own node.
        """
        moves = [*self.book.moves, *self.gives_back]
        parts = list(self.book.held(ask.budget.wire, reference, moves).items())
        if ask.act is Act.RELEASE:
            for node, (reserved, committed) in parts:
                if ask.path is None or node.path == ask.path:
                    yield node, RESERVED, reserved
                    yield node, COMMITTED, committed
            return
        for node, (reserved, committed) in sorted(parts, key=lambda part: part[0] != ask.node):
            if ask.act is Act.SPEND:
                yield node, COMMITTED, committed
            yield node, RESERVED, reserved

    # --- Amounts -----------------------------------------------------------------------------

    def _limit(self, node: Node) -> int:
        """A node's amount with what the event granted so far."""
        return self.book.figure(node, LIMIT) + self.book.figure(node, LIMIT, self.grants)

    def _grant(self, ask: Ask) -> None:
        assert ask.node is not None
        assert ask.amount is not None
        node, amount = ask.node, ask.amount
        terms = self.book.terms_of(node)
        limit, used = self._limit(node), self.book.used(node)
        left = limit - used - self.book.used(node, self.gives_back)
        if amount < 0:
            if ask.lowers_only_what_is_left and -amount > left:
                short = -amount - left
                verdict = Verdict(str(node), "BLOCK", -amount, left, short)
                self.verdicts.append(verdict)
                self.blocked.append((verdict, ask))
                return
            excess = excess_of(terms, (limit, used), (limit + amount, used))
            if excess and terms.limited:
                verdict = Verdict(str(node), "CUT", -amount, left, excess=excess)
                self.verdicts.append(verdict)
        self.grants.append(Move(node, LIMIT, amount))

    # --- What the nodes say --------------------------------------------------------------------

    def _taking(self) -> list[Ask]:
        """The asks that nodes are compared with."""
        acts = {*STAGES, Act.CHECK}
        return [ask for ask in self.asks if ask.act in acts and not ask.opening]

    def _touched(self) -> dict[Node | str, None]:
        """Nodes in the order the event touches them; a name for what cannot be told."""
        found: dict[Node | str, None] = {}
        for ask in self._taking():
            if ask.problem:
                found[f"{ask.budget.wire}[?]"] = None
            elif ask.node is not None:
                found |= dict.fromkeys(self.book.chain(ask.node))
        return found

    def _asks_at(self, node: Node | str) -> list[Ask]:
        if isinstance(node, str):
            return [
                ask for ask in self._taking() if ask.problem and f"{ask.budget.wire}[?]" == node
            ]
        return [
            ask
            for ask in self._taking()
            if ask.node is not None and not ask.problem and node in self.book.chain(ask.node)
        ]

    def _judge(self, node: Node | str) -> None:
        asks = self._asks_at(node)
        demand = sum(ask.amount or 0 for ask in asks)
        if isinstance(node, str):
            self._judge_unknown(node, asks[0], demand)
            return
        terms = self.book.terms_of(node)
        granted = any(move.node == node for move in self.grants)
        if not (terms.limited or terms.closed or granted):
            return
        limit, used = self._limit(node), self.book.used(node)
        requested = demand + self.book.used(node, self.gives_back)
        available, tolerance = limit - used, 0
        if terms.limited or granted:
            tolerance = min(tolerance_of(terms, ask.act, limit) for ask in asks)
        if terms.closed:
            available = tolerance = 0
        short = max(0, requested - available - tolerance) if requested > 0 else 0
        verdict, role = "PASS", ""
        if short:
            verdict, role = self._beyond(terms, asks)
        elif demand > 0 and self._is_little(terms, available - requested, limit):
            verdict = "WARN"
        excess = 0
        if verdict in {"WARN", "OVERRIDE", "OVERRUN"} and short:
            taken = requested - sum(ask.amount or 0 for ask in asks if ask.act is Act.CHECK)
            excess = excess_of(terms, (limit, used), (limit, used + taken))
        said = Verdict(str(node), verdict, requested, available, short, excess, role)
        self.verdicts.append(said)
        if verdict in {"BLOCK", "HOLD"}:
            self.blocked.append((said, asks[0]))

    @staticmethod
    def _is_little(terms: Terms, left: int, limit: int) -> bool:
        return terms.warn is not None and left <= terms.warn * limit

    def _judge_unknown(self, node: str, ask: Ask, demand: int) -> None:
        passes = (
            ask.budget.posture is Posture.OPEN_MARKED
            or self.must_post
            or self.approved_by is not None
        )
        said = Verdict(node, "UNCHECKED" if passes else "BLOCK", demand, 0, demand)
        self.verdicts.append(said)
        if not passes:
            self.blocked.append((said, ask))

    def _beyond(self, terms: Terms, asks: Sequence[Ask]) -> tuple[str, str]:
        """What a node says to a demand it has no room for, and the role that says so."""
        if self.approved_by is not None:
            return "OVERRIDE", self.approved_by
        if terms.control is not Control.BLOCK and not terms.closed:
            return ("WARN" if terms.control is Control.WARN else "PASS"), ""
        role = terms.override_role
        may = self.allowed is None or role in self.allowed
        if role and may and any(role in ask.roles and ask.reason for ask in self.asks):
            return "OVERRIDE", role
        if self.must_post:
            return "OVERRUN", ""
        first = asks[0]
        match first.otherwise:
            case Otherwise.WARN:
                return "WARN", ""
            case Otherwise.REJECT:
                return "BLOCK", role
        return "HOLD", first.role or role

    def _refusal(self) -> Answer:
        """Rejecting counts before holding; among alike the first node."""
        rejecting = [
            found
            for found in self.blocked
            if found[1].otherwise in {Otherwise.REJECT, Otherwise.WARN}
        ]
        said, ask = (rejecting or self.blocked)[0]
        status, reason = {
            Otherwise.HOLD: ("HELD", "BUDGET_HELD"),
            Otherwise.ESCALATE: ("HELD", "BUDGET_ESCALATED"),
        }.get(ask.otherwise, ("REJECTED_BUDGET", ask.code))
        if said.node.endswith("[?]") and status == "REJECTED_BUDGET":
            reason = "BUDGET_UNCHECKED"
        verdicts = tuple(replace(verdict, excess=0) for verdict in self.verdicts)
        return Answer(status, reason, ask.message, verdicts)
