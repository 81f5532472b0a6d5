"""How calls become one commit: receive, identify, decide, number. Read this file first.

The path of every event, live or replayed: `receive` gives it canonical content and an identity;
`decide.message` answers duplicates and collects runs; `decide.run` evaluates a run level by
level on an overlay of the state; `decide.assemble` numbers the vouchers and lays out the effect
tables. Appending and applying them is the book's work (`engine.book`), never the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from engine.batch import ReceivedBatch
from engine.calls import BudgetMoveView, Call, CallResult, EventResult, VoucherView
from engine.columns import EffectBatch
from engine.decide.assemble import assemble
from engine.decide.budget_commands import expire
from engine.decide.builder import CommitBuilder
from engine.decide.commands import carry_out
from engine.decide.deciding import THIS_COMMIT, Deciding, Member, Publication, call_key
from engine.decide.message import decide_message
from engine.decide.plan import DecisionPlan
from engine.decide.run import Evaluator, LevelStatistics
from engine.drafts import draft_view
from engine.effects import BUDGET_MOVES, DRAFTS, VOUCHERS, MoveKind, Stage, Status
from engine.history import StateHistory, all_voucher_names, voucher_view
from engine.receive import receive_arrow, receive_rows
from engine.state.book_state import BookState
from engine.state.overlay import Overlay
from engine.strings import BatchStrings

#: Statuses of events that have vouchers or drafts of them.
_MAKE_VOUCHERS = (Status.POSTED, Status.PENDING_REVIEW)


@dataclass(frozen=True, slots=True)
class Rulings:
    """What deciding depends on besides state and calls.

    plan_for: plan in force for a business date. entities: those of the book, the first is the
    default; any other is refused if `only_entities`. publication: of a commit that holds only a
    publication command.
    """

    plan_for: Callable[[int], DecisionPlan | None]
    entities: tuple[str, ...]
    only_entities: bool
    strict: bool = True
    evaluator: Evaluator = "auto"
    publication: Publication | None = None


@dataclass(slots=True)
class DecidedCommit:
    """A commit ready to be appended, and the answers that hold once it is.

    `is_empty`: nothing to store. `counters`: events per status name, for the header.
    """

    effects: EffectBatch
    answers: list[CallResult]
    revisions: tuple[str, ...]
    counters: dict[str, int]
    is_empty: bool


@dataclass(slots=True)
class _CallWork:
    """One call on its way: events not yet answered, and results by index."""

    call: Call
    answers: dict[int, EventResult] = field(default_factory=dict)


def decide_commit(
    state: BookState,
    history: StateHistory,
    calls: Sequence[Call],
    rulings: Rulings,
    *,
    seq: int,
    now_us: int,
    statistics: LevelStatistics | None = None,
) -> DecidedCommit:
    """Decides calls in order on an overlay of the state; changes nothing.

    Args:
        state: as of the commit before.
        history: earlier events.
        calls: of one commit; their events stand in the log in this order.
        rulings: programs and settings.
        seq: number the commit will have.
        now_us: when it will be sealed; what is due by then expires first.
        statistics: counts dependency levels.
    """
    strings = BatchStrings(state.pool)
    builder = CommitBuilder(strings)
    overlay = Overlay(state, strings)
    deciding = Deciding(
        state=state,
        overlay=overlay,
        builder=builder,
        plan_for=rulings.plan_for,
        history=history,
        entities=frozenset(rulings.entities) if rulings.only_entities else frozenset(),
        strict=rulings.strict,
        evaluator=rulings.evaluator,
        statistics=statistics or LevelStatistics(),
        publication=rulings.publication,
        system=carry_out,
        now_us=now_us,
    )
    expire(deciding)
    works = [_CallWork(call) for call in calls]
    owners = {id(work.call): work for work in works}
    for received, members in _received(works, state, history, rulings, strings):
        for part in _messages(received, members):
            for member, result in zip(part, decide_message(deciding, received, part), strict=True):
                owners[id(member.call)].answers[member.index] = result
    return _finish(deciding, works, seq)


def _received(
    works: list[_CallWork],
    state: BookState,
    history: StateHistory,
    rulings: Rulings,
    strings: BatchStrings,
) -> list[tuple[ReceivedBatch, list[Member]]]:
    """Receives the calls' events; neighbouring row calls share one batch."""
    batches: list[tuple[ReceivedBatch, list[Member]]] = []
    rows: list[object] = []
    waiting: list[tuple[Call, int]] = []

    def receive_waiting() -> None:
        if not waiting:
            return
        batch = receive_rows(
            rows,  # type: ignore[arg-type]  # mappings by Call's type; checked row by row
            state.pool,
            default_entity=rulings.entities[0],
            strings=strings,
        )
        members = [Member(row, call, index) for row, (call, index) in enumerate(waiting)]
        batches.append((batch, members))
        rows.clear()
        waiting.clear()

    for work in works:
        call = work.call
        work.answers = earlier_answers(state, history, call)
        if call.arrow is not None:
            receive_waiting()
            batch = receive_arrow(
                call.arrow, state.pool, default_entity=rulings.entities[0], strings=strings
            )
            members = [
                Member(row, call, row) for row in range(len(batch)) if row not in work.answers
            ]
            batches.append((batch, members))
            continue
        for index, event in enumerate(call.events):
            if index not in work.answers:
                rows.append(event)
                waiting.append((call, index))
    receive_waiting()
    return batches


def earlier_answers(state: BookState, history: StateHistory, call: Call) -> dict[int, EventResult]:
    """Answers the log already holds for this attempt, by index."""
    if call.dry_run or call.stream or not call.attempt_id:
        return {}
    name, offset, _ = call_key(Member(0, call, 0))
    seqs = state.attempts.get(name, ())
    answers = history.call_answers(seqs, name, offset)
    return {
        index: answer for index, answer in answers.items() if answer.status is not Status.INVALID
    }


def _messages(received: ReceivedBatch, members: list[Member]) -> list[list[Member]]:
    """Cuts a batch into messages: a call with groups or a stop stands alone, others join."""
    groups = received.groups.tolist()
    grouped = {id(member.call) for member in members if groups[member.row] >= 0}
    messages: list[list[Member]] = []
    alone, last = False, None
    for member in members:
        if member.call is not last:
            last = member.call
            needs = last.stop_on_error or last.dry_run or id(last) in grouped
            if needs or alone or not messages:
                messages.append([])
            alone = needs
        messages[-1].append(member)
    return messages


def _finish(deciding: Deciding, works: list[_CallWork], seq: int) -> DecidedCommit:
    builder = deciding.builder
    builder.call_results = [_with_place(row, deciding, seq) for row in builder.call_results]
    last_numbers = {key: series.last for key, series in deciding.state.series.items()}
    effects = assemble(builder, last_numbers)
    _name_vouchers(deciding, effects, seq)
    answers: list[CallResult] = []
    counters: dict[str, int] = {}
    for work in works:
        results = [work.answers[index] for index in sorted(work.answers)]
        for result in results:
            if not result.replayed:
                name = result.status.name
                counters[name] = counters.get(name, 0) + 1
        answers.append(CallResult(_with_retried(deciding, results), seq, own=results))
    return DecidedCommit(
        effects=effects,
        answers=answers,
        revisions=tuple(sorted(builder.revisions_used)),
        counters=counters,
        is_empty=not effects.tables,
    )


def _with_place(row: tuple[int, ...], deciding: Deciding, seq: int) -> tuple[int, ...]:
    """Fills in commit and row of an original that stands in this same commit."""
    if row[8] != THIS_COMMIT:
        return row
    return (*row[:8], seq, deciding.builder.decisions[row[9]].command, *row[10:])


def _name_vouchers(deciding: Deciding, effects: EffectBatch, seq: int) -> None:
    """Gives results the names of their vouchers; vouchers stand in decision order."""
    for result in deciding.results.values():
        if result.seq == 0:
            result.seq = seq
    if VOUCHERS.name in effects.tables:
        by_event: dict[tuple[str, str], list[str]] = {}
        for source, event_id, name in zip(
            effects.text(VOUCHERS.name, "source"),
            effects.text(VOUCHERS.name, "event_id"),
            all_voucher_names(effects),
            strict=True,
        ):
            by_event.setdefault((source, event_id), []).append(name)
        for result in deciding.results.values():
            names = by_event.get((result.source, result.event_id))
            if names and result.status in _MAKE_VOUCHERS:
                result.vouchers = tuple(names)
    for result, decision in deciding.repeats:
        first = deciding.results[decision]
        result.vouchers, result.seq, result.row = first.vouchers, seq, first.row


def _with_retried(deciding: Deciding, results: list[EventResult]) -> list[EventResult]:
    """A retry answers with the events it decided again."""
    answered: list[EventResult] = []
    for result in results:
        retried = deciding.retried.get(result.row) if result.seq else None
        if retried and not result.replayed:
            answered.extend(retried)
        else:
            answered.append(result)
    return answered


def attach_drafts(decided: DecidedCommit) -> None:
    """Adds to the results of a dry run what they would make: vouchers without numbers, moves."""
    effects = decided.effects
    vouchers: dict[tuple[str, str], list[VoucherView]] = {}
    if VOUCHERS.name in effects.tables:
        _unnumber(effects)
        for row, name in enumerate(_events(effects, VOUCHERS.name)):
            vouchers.setdefault(name, []).append(voucher_view(effects, row))
    if DRAFTS.name in effects.tables:
        for row, name in enumerate(_events(effects, DRAFTS.name)):
            vouchers.setdefault(name, []).append(draft_view(effects, row))
    moves: dict[tuple[str, str], list[BudgetMoveView]] = {}
    if BUDGET_MOVES.name in effects.tables:
        views = _move_views(effects)
        for name, view in zip(_events(effects, BUDGET_MOVES.name), views, strict=True):
            moves.setdefault(name, []).append(view)
    for answer in decided.answers:
        for result in answer.results:
            name = (result.source, result.event_id)
            if result.first_status is not None:
                continue  # what stands in the log under this identity makes nothing anew
            if result.status in _MAKE_VOUCHERS:
                result.drafts = tuple(vouchers.get(name, ()))
                result.vouchers = ()
            result.budget_moves = tuple(moves.get(name, ()))
            result.seq, result.row = 0, -1


def _events(effects: EffectBatch, table: str) -> Iterator[tuple[str, str]]:
    """Source and id of the event each row of a table belongs to."""
    return zip(effects.text(table, "source"), effects.text(table, "event_id"), strict=True)


def _move_views(effects: EffectBatch) -> list[BudgetMoveView]:
    name, table = BUDGET_MOVES.name, effects.tables[BUDGET_MOVES.name]
    return [
        BudgetMoveView(node, MoveKind(kind), Stage(stage), *rest)
        for node, kind, stage, *rest in zip(
            effects.text(name, "node"),
            table.ints("kind").tolist(),
            table.ints("stage").tolist(),
            table.ints("amount").tolist(),
            effects.text(name, "reference"),
            effects.text(name, "group_id"),
            table.ints("expires_us").tolist(),
            strict=True,
        )
    ]


def _unnumber(effects: EffectBatch) -> None:
    table = effects.tables[VOUCHERS.name]
    table.columns["number"] = table.ints("number") * 0
