"""Decides the budget demands of one event: what it gives back, then its net demand at every node.

The order of a decision: references give back and are consumed; grants change amounts; then at
every limited node, statement by statement and from the leaf up, the net demand is compared with
what is available. One blocking node that is short stops the whole event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.budget.cuts import Cuts
from engine.budget.demand import Asked, Clause, Decided, Demand, Move, Ruling
from engine.budget.finding import Entered, change_terms
from engine.budget.names import split_name
from engine.calls import BudgetVerdict
from engine.effects import MoveKind, Stage, Status, Verdict
from engine.program import Act, Budget, Control, Otherwise, Posture
from engine.state.budget_overlay import BudgetOverlay
from engine.state.budgets import Figures, Holding, HoldingKey, Terms


class Wording(Protocol):
    """Makes the sentence of a refusal."""

    def __call__(self, verdicts: Sequence[BudgetVerdict], *, chinese: bool) -> str:
        """Verdicts, the deciding one first, in words."""
        ...


#: Where what an act takes counts.
STAGES = {Act.RESERVE: Stage.RESERVED, Act.COMMIT: Stage.COMMITTED, Act.SPEND: Stage.ACTUAL}
#: What the moves of an act are called, unless its demand says otherwise.
KINDS = {
    Act.RESERVE: MoveKind.RESERVE,
    Act.COMMIT: MoveKind.COMMIT,
    Act.SPEND: MoveKind.SPEND,
    Act.RELEASE: MoveKind.RELEASE,
    Act.GRANT: MoveKind.REVISE,
}
_PPM = 1_000_000
_OPENING = frozenset({MoveKind.OPENING, MoveKind.CARRY})


@dataclass(slots=True)
class _Touch:
    """A node an event asks something of: first demand, amounts, smallest tolerance.

    amount: everything asked, bare checks included. taken: what moves if it passes.
    """

    first: Demand
    amount: int = 0
    taken: int = 0
    tolerance: int | None = None
    problem: str = ""


@dataclass(slots=True)
class _Work:
    """The decision of one event on its way; `holdings` and `moves` are not made yet."""

    state: BudgetOverlay
    asked: Asked
    holdings: dict[HoldingKey, Holding] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    freed: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)

    def holding(self, key: HoldingKey) -> Holding:
        """What a reference holds after what the event did so far."""
        own = self.holdings.get(key)
        return own if own is not None else self.state.holding(key)


def rule_on(state: BudgetOverlay, asked: Asked, entered: Entered, wording: Wording) -> Ruling:
    """Decides an event's demands and, where they pass, makes the moves.

    Args:
        state: the budgets; changed only where the demands pass.
        asked: the event's demands in the order of its rules' statements.
        entered: told where a grant gives a node its first amount.
        wording: makes the sentence of a refusal.
    """
    work = _Work(state, asked)
    for demand in asked.demands:
        if demand.act is Act.RELEASE:
            _give_back(work, demand, demand.amount, MoveKind.RELEASE)
        elif (
            demand.act in (Act.COMMIT, Act.SPEND)
            and demand.reference
            and demand.amount
            and demand.kind not in _OPENING
        ):
            _give_back(work, demand, demand.amount, KINDS[demand.act])
    ruling = Ruling()
    blocked: list[tuple[Decided, Demand]] = []
    for demand in asked.demands:
        if demand.act is Act.GRANT:
            _grant(work, demand, ruling, blocked)
    for node, touch in _touched(work).items():
        _judge(work, node, touch, ruling, blocked)
    if blocked:
        return _refused(work, ruling, blocked, wording)
    ruling.message = _warning(work, ruling, wording)
    _make_moves(work, ruling, entered)
    return ruling


def _warning(work: _Work, ruling: Ruling, wording: Wording) -> str:
    """What is said to an event that passes where a node is short; "" where none is."""
    short = [found for found in ruling.decided if found.shortfall or found.excess]
    if not short:
        return ""
    asked = work.asked.demands
    by_line = {(demand.clause.rule, demand.clause.rule_line): demand for demand in asked}
    demand = by_line[short[0].rule, short[0].rule_line]
    budget = demand.budget
    verdicts = [verdict_of(work.state, found, budget.scale, budget.currency) for found in short]
    text = demand.message if demand.clause.otherwise is Otherwise.WARN else ""
    return _joined(text, wording(verdicts, chinese=budget.chinese), budget)


def _joined(text: str, sentence: str, budget: Budget) -> str:
    """The author's text, then the sentence."""
    return f"{text}{':' if budget.chinese else ': '}{sentence}" if text else sentence


def _give_back(work: _Work, demand: Demand, amount: int | None, kind: MoveKind) -> None:
    """Takes what a reference (or every reference of a group) holds, at most `amount`."""
    budget = demand.budget.wire
    references: Sequence[str] = (demand.reference,) if demand.reference else ()
    if not demand.reference and demand.group:
        references = work.state.group(budget, demand.group)
    left = amount
    for reference in references:
        key = (budget, reference)
        holding = work.holding(key)
        for node, stage, held in _order(holding, demand, consuming=kind is not MoveKind.RELEASE):
            part = held if left is None else min(held, left)
            if part <= 0:
                continue
            left = None if left is None else left - part
            work.holdings[key] = work.holding(key).plus(node, stage, -part)
            work.moves.append(
                Move(
                    node,
                    kind,
                    stage,
                    -part,
                    reference,
                    rule=demand.clause.rule,
                    rule_line=demand.clause.rule_line,
                )
            )
            for above in work.state.chain(node):
                work.freed[above] = work.freed.get(above, 0) + part


def _order(holding: Holding, demand: Demand, *, consuming: bool) -> list[tuple[str, Stage, int]]:
    """Parts of a holding in the order a demand takes them.

    Consuming begins at the demand's own node, with what is furthest along; a commitment consumes
    reservations only. A release may be kept to the nodes of one path.
    """
    parts = holding.parts
    if demand.path is not None and not consuming:
        parts = tuple(part for part in parts if _path_of(part.node) == demand.path)
    if consuming:
        parts = tuple(sorted(parts, key=lambda part: part.node != demand.node))
    found = []
    for part in parts:
        reserved = (part.node, Stage.RESERVED, part.reserved)
        committed = (part.node, Stage.COMMITTED, part.committed)
        if demand.act is Act.COMMIT:
            found.append(reserved)
        elif consuming:
            found += [committed, reserved]
        else:
            found += [reserved, committed]
    return found


def _path_of(node: str) -> tuple[str, ...]:
    found = split_name(node)
    return found[1] if found is not None else ()


def _grant(
    work: _Work, demand: Demand, ruling: Ruling, blocked: list[tuple[Decided, Demand]]
) -> None:
    """Changes a node's own amount; a checked cut only from what is available."""
    amount = demand.amount or 0
    node, clause = demand.node, demand.clause
    limit = work.limits.get(node, work.state.figures(node).limit)
    terms = work.state.terms(node)
    figures = work.state.figures(node)._replace(limit=limit)
    kind = demand.kind or KINDS[Act.GRANT]
    if amount < 0 and terms is not None and (terms.limited or clause.checked):
        before = figures.available + work.freed.get(node, 0)
        short = -amount - before if clause.checked else 0
        if short > 0:
            decided = Decided(
                node,
                Verdict.BLOCK,
                -amount,
                before,
                shortfall=short,
                rule=clause.rule,
                rule_line=clause.rule_line,
            )
            ruling.decided.append(decided)
            blocked.append((decided, demand))
            return
        excess = _excess(terms, figures, figures._replace(limit=limit + amount))
        if excess:
            ruling.decided.append(
                Decided(
                    node,
                    Verdict.CUT,
                    -amount,
                    before,
                    excess=excess,
                    person=work.asked.person,
                    reason=demand.reason,
                    rule=clause.rule,
                    rule_line=clause.rule_line,
                )
            )
    work.limits[node] = limit + amount
    work.moves.append(
        Move(node, kind, Stage.LIMIT, amount, rule=clause.rule, rule_line=clause.rule_line)
    )


def _touched(work: _Work) -> dict[str, _Touch]:
    """Every node the event's demands count at, in the order they are judged."""
    touched: dict[str, _Touch] = {}
    for demand in work.asked.demands:
        if demand.act not in STAGES and demand.act is not Act.CHECK:
            continue
        if demand.kind in _OPENING:
            continue
        amount = demand.amount or 0
        if demand.problem:
            touched.setdefault(
                f"{demand.budget.wire}[?]", _Touch(demand, problem=demand.problem)
            ).amount += amount
            continue
        act = Act.SPEND if demand.act is Act.CHECK else demand.act
        for node in work.state.chain(demand.node):
            touch = touched.get(node)
            if touch is None:
                touch = touched[node] = _Touch(demand)
            touch.amount += amount
            touch.taken += 0 if demand.act is Act.CHECK else amount
            terms = work.state.terms(node)
            if terms is None or not (terms.limited or node in work.limits):
                continue
            limit = work.limits.get(node, work.state.figures(node).limit)
            allowed = terms.tolerance(act, limit)
            touch.tolerance = allowed if touch.tolerance is None else min(touch.tolerance, allowed)
    return touched


def _judge(
    work: _Work,
    node: str,
    touch: _Touch,
    ruling: Ruling,
    blocked: list[tuple[Decided, Demand]],
) -> None:
    """What one node says to the event."""
    demand, clause = touch.first, touch.first.clause
    if touch.problem:
        _judge_unknown(work, node, touch, ruling, blocked)
        return
    terms = work.state.terms(node)
    if terms is None or not (terms.limited or terms.closed or node in work.limits):
        return
    figures = work.state.figures(node)
    figures = figures._replace(limit=work.limits.get(node, figures.limit))
    requested = touch.amount - work.freed.get(node, 0)
    available = 0 if terms.closed else figures.available
    short = 0
    if requested > 0:
        headroom = available if terms.closed else available + (touch.tolerance or 0)
        short = max(0, requested - headroom)
    verdict, role, person, reason = Verdict.PASS, "", "", ""
    if short:
        verdict, role, person, reason = _beyond(work, terms, demand)
    elif touch.amount > 0 and terms.warn_ppm >= 0:
        left = available - requested
        verdict = Verdict.WARN if left * _PPM <= terms.warn_ppm * figures.limit else verdict
    passes = verdict not in (Verdict.BLOCK, Verdict.HOLD)
    excess = 0
    if short and passes and verdict is not Verdict.PASS:
        taken = touch.taken - work.freed.get(node, 0)
        excess = _excess(terms, figures, figures._replace(actual=figures.actual + taken))
    decided = Decided(
        node,
        verdict,
        requested,
        available,
        shortfall=short,
        excess=excess,
        role=role,
        person=person,
        reason=reason,
        rule=clause.rule,
        rule_line=clause.rule_line,
    )
    ruling.decided.append(decided)
    if not passes:
        blocked.append((decided, demand))


def _judge_unknown(
    work: _Work,
    node: str,
    touch: _Touch,
    ruling: Ruling,
    blocked: list[tuple[Decided, Demand]],
) -> None:
    """A check that cannot be made: refused, or passed and marked, as the budget says."""
    demand, clause = touch.first, touch.first.clause
    is_open = (
        demand.budget.posture is Posture.OPEN_MARKED
        or work.asked.must_post
        or work.asked.approval is not None
    )
    decided = Decided(
        node,
        Verdict.UNCHECKED if is_open else Verdict.BLOCK,
        touch.amount,
        0,
        shortfall=touch.amount,
        reason=touch.problem,
        rule=clause.rule,
        rule_line=clause.rule_line,
    )
    ruling.decided.append(decided)
    if not is_open:
        blocked.append((decided, demand))


def _beyond(work: _Work, terms: Terms, demand: Demand) -> tuple[Verdict, str, str, str]:
    """Verdict, role, person and reason at a node that is short."""
    asked = work.asked
    if asked.approval is not None:
        approval = asked.approval
        return Verdict.OVERRIDE, approval.role, approval.person, approval.reason
    if terms.control is not Control.BLOCK and not terms.closed:
        return (Verdict.WARN if terms.control is Control.WARN else Verdict.PASS), "", "", ""
    role = terms.override_role
    may = asked.allowed is None or role in asked.allowed
    for found in asked.demands:
        if role and may and found.reason and role in found.roles:
            return Verdict.OVERRIDE, role, asked.person, found.reason
    if asked.must_post:
        return Verdict.OVERRUN, "", asked.person, ""
    if demand.clause.otherwise is Otherwise.WARN:
        return Verdict.WARN, "", "", ""
    if demand.clause.otherwise is Otherwise.REJECT:
        return Verdict.BLOCK, role, "", ""
    return Verdict.HOLD, demand.clause.role or role, "", ""


def _excess(terms: Terms, before: Figures, after: Figures) -> int:
    """How much further below zero (amount and tolerance used up) a change takes a node."""
    low = min(0, before.available + terms.most_tolerance(before.limit))
    return max(0, low - (after.available + terms.most_tolerance(after.limit)))


def _refused(
    work: _Work, ruling: Ruling, blocked: list[tuple[Decided, Demand]], wording: Wording
) -> Ruling:
    """The event does nothing: the first short node's statement says what becomes of it."""
    hard = [found for found in blocked if found[1].clause.otherwise in _REFUSING]
    decided, demand = (hard or blocked)[0]
    clause = demand.clause
    ruling.moves = []
    ruling.decided = [
        found._replace(excess=0) if found.excess else found for found in ruling.decided
    ]
    verdicts = [
        verdict_of(work.state, found, demand.budget.scale, demand.budget.currency)
        for found, _ in [(decided, demand), *[item for item in blocked if item[0] is not decided]]
    ]
    chinese = demand.budget.chinese
    sentence = decided.reason if demand.problem else wording(verdicts, chinese=chinese)
    ruling.message = _joined(demand.message, sentence, demand.budget)
    ruling.status, ruling.reason = _outcome(clause)
    if demand.problem and ruling.status is Status.REJECTED_BUDGET:
        ruling.reason = "BUDGET_UNCHECKED"
    return ruling


_REFUSING = frozenset({Otherwise.REJECT, Otherwise.WARN})


def _outcome(clause: Clause) -> tuple[Status, str]:
    if clause.otherwise is Otherwise.HOLD:
        return Status.HELD, "BUDGET_HELD"
    if clause.otherwise is Otherwise.ESCALATE:
        return Status.HELD, "BUDGET_ESCALATED"
    return Status.REJECTED_BUDGET, clause.code


def verdict_of(state: BudgetOverlay, decided: Decided, scale: int, currency: str) -> BudgetVerdict:
    """A verdict as callers see it; scale and currency stand in where the node is unknown."""
    terms = state.terms(decided.node)
    return BudgetVerdict(
        node=decided.node,
        verdict=decided.verdict,
        requested=decided.requested,
        available=decided.available,
        shortfall=decided.shortfall,
        excess=decided.excess,
        scale=terms.scale if terms is not None else scale,
        currency=terms.currency if terms is not None else currency,
        role=decided.role,
        person=decided.person,
        reason=decided.reason,
    )


def _make_moves(work: _Work, ruling: Ruling, entered: Entered) -> None:
    """Carries out what passed: figures, references, first amounts."""
    state = work.state
    for demand in work.asked.demands:
        stage = STAGES.get(demand.act)
        if stage is not None and not demand.problem and demand.node and demand.amount:
            _take(work, demand, stage)
    first = Cuts(state)
    for node in work.limits:
        terms = state.terms(node)
        if terms is not None and not terms.limited:
            first.note_alone(node)
        change_terms(state, node, entered, limited=True)
    for move in work.moves:
        state.move(move.node, move.stage, move.amount)
    for decided in ruling.decided:
        if decided.excess:
            state.add_excess(decided.node, decided.excess)
    ruling.decided += first.decided(work.asked.person, "")
    for key, holding in work.holdings.items():
        state.set_holding(key, holding)
    ruling.moves = work.moves


def _take(work: _Work, demand: Demand, stage: Stage) -> None:
    """A reservation, commitment or actual, with what its reference holds from now on."""
    reference = demand.reference if stage is not Stage.ACTUAL else ""
    amount = demand.amount or 0
    group, expires = demand.group, demand.expires_us
    if reference:
        key = (demand.budget.wire, reference)
        known, before = work.holding(key), work.state.holding(key)
        group = group or known.group or before.group
        # A soft hold's end counts while something is reserved; what follows begins anew.
        reserved = any(part.reserved for part in known.parts)
        expires = expires or (known.expires_us if reserved else 0)
        held = sum(part.held(stage) for part in known.parts if part.node == demand.node)
        within = max(amount, -held)
        changed = Holding(group, expires, known.parts).plus(demand.node, stage, within)
        work.holdings[key] = changed
        _add_move(work, demand, stage, within, (reference, group, expires))
        amount -= within
    if amount:
        _add_move(work, demand, stage, amount, ("", "", 0))


def _add_move(
    work: _Work, demand: Demand, stage: Stage, amount: int, under: tuple[str, str, int]
) -> None:
    """A move of a demand; under: reference, group and end of the soft hold."""
    reference, group, expires = under
    work.moves.append(
        Move(
            demand.node,
            demand.kind or KINDS[demand.act],
            stage,
            amount,
            reference,
            group,
            expires,
            demand.clause.rule,
            demand.clause.rule_line,
        )
    )
