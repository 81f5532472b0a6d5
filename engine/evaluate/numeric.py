"""Evaluates a rule for many events at once, in numpy columns.

Each node becomes a step that turns columns into a column. The guard's nodes run over all
candidates, the rest over those whose guard holds. Nodes run in order, so that the first failure
recorded of an event is the one that decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from engine.batch import TypedBatch
from engine.evaluate.budget_moves import move_columns
from engine.evaluate.columns import Bools, Int64s
from engine.evaluate.frame import Frame, new_frame
from engine.evaluate.lines import LineMaker, render
from engine.evaluate.link import LinkedProgram, LinkedRule, must_evaluate, roots
from engine.evaluate.numeric_ops import Step, factors, make_step
from engine.evaluate.numeric_state import STATE_OPS, make_state_step
from engine.evaluate.outcome import RuleColumns, StateView
from engine.evaluate.voucher_checks import VoucherChecks, voucher_checks
from engine.program import Op, Refusal


@dataclass(frozen=True, slots=True)
class _Task:
    """A node to evaluate: its step, the refusals it decides, the nodes not used afterwards."""

    node: int
    step: Step
    refusals: tuple[int, ...]
    done: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A rule prepared for columns.

    Attributes:
        guard, body: tasks over all candidates, and over those whose guard holds.
        live: nodes of the guard part that the rest uses.
        early: refusals whose condition lies in the guard part, in the order they count.
        vouchers: with what is checked of them.
    """

    guard: tuple[_Task, ...]
    body: tuple[_Task, ...]
    live: tuple[int, ...]
    early: tuple[int, ...]
    vouchers: tuple[VoucherChecks, ...]


def evaluate_columns(
    linked: LinkedProgram,
    rule_index: int,
    batch: TypedBatch,
    candidates: Int64s,
    state: StateView,
) -> RuleColumns:
    """Evaluates a rule for many events.

    Args:
        linked: the program.
        rule_index: into its rules.
        batch: typed rows of the rule's event type.
        candidates: int64[n] indices into `batch.rows`, ascending: those whose business date the
            rule covers.
        state: what every one of them sees. Earlier candidates are seen by later ones only in the
            targets of this rule (`delta`), as if all of them were accepted.

    Returns:
        The outcome of the events whose guard holds or cannot be evaluated. Reads stand for every
        node, those after a failure included; they are to be ignored like the rest of a failed
        event.
    """
    linked.check_strings(batch.strings)
    own = linked.rules[rule_index]
    plan = own.prepared.get("columns")
    if not isinstance(plan, _Plan):
        plan = own.prepared["columns"] = _prepare(linked, own)
    frame = new_frame(linked, own.rule.nodes, batch, state, candidates)
    refusals = own.rule.refusals
    if own.rule.guard is not None:
        for task in plan.guard:
            frame.values[task.node] = task.step(frame)
        frame = _kept(frame, own.rule.guard, plan.live)
        for number in plan.early:
            _refuse(frame, number, refusals[number])
    for task in plan.body:
        frame.values[task.node] = task.step(frame)
        for number in task.refusals:
            _refuse(frame, number, refusals[number])
        for node in task.done:
            frame.values[node] = None
    maker = LineMaker(frame)
    vouchers = tuple([maker.voucher(checks) for checks in plan.vouchers])
    moves = tuple([move_columns(frame, own.rule, at) for at in range(len(own.rule.moves))])
    return RuleColumns(
        rows=frame.rows,
        failed_node=frame.failed_node,
        failure=frame.failure,
        messages=_messages(frame, refusals),
        vouchers=vouchers,
        deltas=tuple(frame.deltas),
        reads=tuple(frame.reads),
        moves=moves,
    )


def _kept(frame: Frame, guard: int, live: tuple[int, ...]) -> Frame:
    """The events whose guard holds or could not be evaluated: those fail, they do not pass by."""
    holds = cast("Bools", frame.column(guard)) | (frame.failed_node >= 0)
    return frame if holds.all() else frame.keep(holds, live)


def _refuse(frame: Frame, number: int, refusal: Refusal) -> None:
    """Records a refusal where its condition holds and no earlier node failed."""
    holds = cast("Bools", frame.column(refusal.condition))
    if not holds.any():
        return
    hit = holds & ((frame.failed_node < 0) | (frame.failed_node > refusal.condition))
    frame.failed_node[hit] = refusal.condition
    frame.failure[hit] = -1 - number


def _messages(frame: Frame, refusals: tuple[Refusal, ...]) -> dict[int, str]:
    """The message of each refused event."""
    messages: dict[int, str] = {}
    for number, refusal in enumerate(refusals):
        hit = frame.failure == -1 - number
        if hit.any():
            texts = render(frame, refusal.message, ~hit)
            messages |= {row: texts[row] for row in np.flatnonzero(hit).tolist()}
    return messages


def _prepare(linked: LinkedProgram, own: LinkedRule) -> _Plan:
    """Makes the steps of a rule, in node order."""
    rule = own.rule
    sources = _sources(own)
    start = rule.guard_count if rule.guard is not None else 0
    kept = set(roots(rule))
    last: dict[int, int] = {}
    for node in sorted(sources):
        for source in sources[node]:
            last[source] = node
    tasks = [
        _Task(
            node=node,
            step=_step(linked, own, node),
            refusals=tuple(
                number for number, refusal in enumerate(rule.refusals) if refusal.condition == node
            ),
            done=tuple(
                source for source in sources[node] if last[source] == node and source not in kept
            ),
        )
        for node in sorted(sources)
    ]
    early = sorted(
        (refusal.condition, number)
        for number, refusal in enumerate(rule.refusals)
        if refusal.condition < start
    )
    used_later = kept | {source for node in sources if node >= start for source in sources[node]}
    return _Plan(
        guard=tuple(task for task in tasks if task.node < start),
        body=tuple(task for task in tasks if task.node >= start),
        live=tuple(sorted(node for node in used_later if node < start)),
        early=tuple(number for _, number in early),
        vouchers=voucher_checks(linked.program, rule),
    )


def _step(linked: LinkedProgram, own: LinkedRule, node: int) -> Step:
    if own.rule.nodes[node].op in STATE_OPS:
        return make_state_step(linked, own, node)
    return make_step(own, node)


def _sources(own: LinkedRule) -> dict[int, tuple[int, ...]]:
    """The nodes to evaluate, each with those it takes values from.

    A ROUND takes the factors of its numerator, so that a wide product is never multiplied out.
    """
    nodes = own.rule.nodes
    wanted = [index for index in range(len(nodes)) if must_evaluate(own.rule, index)]
    wanted += roots(own.rule)
    sources: dict[int, tuple[int, ...]] = {}
    while wanted:
        index = wanted.pop()
        if index in sources:
            continue
        node = nodes[index]
        found = set(node.args)
        if node.op is Op.ROUND:
            found = {*factors(own, node.args[0])[0], node.args[1]}
        if node.active is not None:
            found.add(node.active)
        sources[index] = tuple(sorted(found))
        wanted += sources[index]
    return sources
