"""Decides a run of events under one program: types them, levels them, evaluates each level."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from engine.batch import ReceivedBatch, TypedBatch
from engine.decide.budgets import BudgetDecider, RunBudgets
from engine.decide.builder import CommitBuilder
from engine.decide.context import Outcome, RunContext
from engine.decide.level_columns import decide_level
from engine.decide.levels import levels_of
from engine.decide.plan import DecisionPlan
from engine.decide.sequential import decide_in_order, places_in_order
from engine.effects import Status
from engine.evaluate import CROSSOVER_ROWS
from engine.receive import type_rows
from engine.state.overlay import Overlay, ProgramView

#: Which evaluator a level goes to: chosen by its row count, or forced (tests, benchmarks).
Evaluator = Literal["auto", "closures", "columns"]

#: More levels than this and the run goes to closures as a whole.
MAX_LEVELS = 512


@dataclass(slots=True)
class LevelStatistics:
    """Levels of the runs decided so far: number of runs, of levels, and rows per level."""

    runs: int = 0
    rows_by_level: dict[int, int] = field(default_factory=dict)
    rows_in_order: int = 0
    rows_in_columns: int = 0


def decide_run(
    plan: DecisionPlan,
    received: ReceivedBatch,
    rows: list[int],
    *,
    decisions: list[int],
    overlay: Overlay,
    builder: CommitBuilder,
    strict: bool,
    evaluator: Evaluator,
    statistics: LevelStatistics | None = None,
    budgets: RunBudgets | None = None,
) -> list[Outcome]:
    """Decides events of a received batch in order, all under one program.

    Args:
        plan: the program.
        received: the batch.
        rows: positions in it, ascending, identities all different.
        decisions: builder decision index per received position (-1 for others).
        overlay: written.
        builder: written.
        strict: an undeclared field makes an event INVALID.
        evaluator: see `Evaluator`.
        statistics: counts levels, if given.
        budgets: on whose behalf each event is decided; gets the verdicts.

    Returns:
        One outcome per row, in order.
    """
    outcomes: list[Outcome | None] = [None] * len(received)
    batches = _typed(plan, received, rows, outcomes, strict=strict)
    context = RunContext(
        plan=plan,
        overlay=overlay,
        view=ProgramView(overlay, plan.program, plan.specs),
        builder=builder,
        batches=batches,
        decisions=decisions,
        posting_dates=received.posting_dates.tolist(),
        outcomes=outcomes,
        budgets=BudgetDecider(
            budgets if budgets is not None else RunBudgets(), plan.program, overlay, builder
        ),
        ids=received.ids.tolist(),
    )
    if evaluator == "closures" or (evaluator == "auto" and len(rows) < CROSSOVER_ROWS):
        places = places_in_order(batches)
        decide_in_order(context, places)
        if statistics is not None:
            statistics.rows_in_order += len(places)
    else:
        _decide_levels(context, len(received), evaluator, statistics)
    if len(rows) == len(outcomes):
        return outcomes  # type: ignore[return-value]  # every row has one by now
    return [outcomes[row] for row in rows]  # type: ignore[misc]


def _typed(
    plan: DecisionPlan,
    received: ReceivedBatch,
    rows: list[int],
    outcomes: list[Outcome | None],
    *,
    strict: bool,
) -> dict[int, TypedBatch]:
    by_type: dict[int, list[int]] = {}
    codes = received.types.tolist()
    for row in rows:
        event_type = plan.type_index.get(codes[row], -1)
        if event_type < 0:
            name = received.strings.text(codes[row])
            outcomes[row] = Outcome(
                Status.UNPOSTED,
                "UNKNOWN_TYPE",
                f"event type {name} is not declared in the rule book; declare it, then retry",
            )
        else:
            by_type.setdefault(event_type, []).append(row)
    batches = {}
    for event_type, found in by_type.items():
        kind = plan.program.event_types[event_type]
        batch = type_rows(
            kind, event_type, received, np.array(found, dtype=np.int64), strict=strict
        )
        for index, message in batch.problems.items():
            outcomes[int(batch.rows[index])] = Outcome(Status.INVALID, "INVALID_FIELD", message)
        batches[event_type] = batch
    return batches


def _decide_levels(
    context: RunContext,
    count: int,
    evaluator: Evaluator,
    statistics: LevelStatistics | None,
) -> None:
    places = places_in_order(context.batches)
    if context.plan.reads_state:
        levels = levels_of(context.plan, context.batches, count)
        deepest = int(levels.max(initial=0))
    else:
        levels, deepest = np.zeros(count, dtype=np.int32), 0
    if deepest > MAX_LEVELS:
        decide_in_order(context, places)
        return
    by_level: list[list[tuple[int, int, int]]] = [[] for _ in range(deepest + 1)]
    assigned = levels.tolist()
    for place in places:
        by_level[assigned[place[0]]].append(place)
    for level, members in enumerate(by_level):
        _decide_members(context, members, evaluator)
        if statistics is not None and members:
            statistics.rows_by_level[level] = statistics.rows_by_level.get(level, 0) + len(members)
    if statistics is not None:
        statistics.runs += 1


def _decide_members(
    context: RunContext, members: list[tuple[int, int, int]], evaluator: Evaluator
) -> None:
    if not members:
        return
    if evaluator == "auto" and len(members) < CROSSOVER_ROWS:
        decide_in_order(context, members)
        return
    sequential = context.plan.sequential_types
    indices: dict[int, list[int]] = {}
    for _, event_type, index in members:
        indices.setdefault(event_type, []).append(index)
    if sequential & indices.keys() or not decide_level(
        context,
        {event_type: np.array(found, dtype=np.int64) for event_type, found in indices.items()},
    ):
        decide_in_order(context, members)
