"""A book (账套): its log, its state and its rule revisions; the entrance to everything else.

A book is opened once for writing. `post` is the one way anything changes: decide, append, apply,
answer, in this order. Reading calls and dry runs may come from any thread; they wait only while a
commit is applied, not while it is decided and written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from engine.apply import apply_commit
from engine.book_reads import BookReads
from engine.budget.reading import BudgetReading
from engine.calls import (
    FILED_TYPES,
    PUBLICATION_TYPES,
    REVISION_APPROVED,
    REVISION_PROPOSED,
    Call,
    CallResult,
)
from engine.columns import EffectBatch
from engine.decide.deciding import Publication
from engine.decide.publication_commands import proposal_of
from engine.decide.run import Evaluator
from engine.effects import EFFECTS_SCHEMA
from engine.errors import AppendConflict, CallerError, InvariantBroken, WrongState
from engine.faults import crash_point
from engine.history import Commits, StateHistory
from engine.limits import MAX_LOST_RACES
from engine.log import (
    CommitHeader,
    CommitStore,
    append_commit,
    genesis,
    open_store,
    read_log,
    sqlite_path,
)
from engine.log.snapshot import (
    SnapshotHeader,
    SnapshotRejected,
    usable_snapshot,
    write_snapshot,
)
from engine.posting import DecidedCommit, Rulings, attach_drafts, decide_commit
from engine.program import NO_DATE, Program
from engine.reading import Reading
from engine.revisions import Revisions, RuleCompiler, event_files
from engine.state.book_state import ATTEMPT_KEPT_US, BookState
from engine.state.serialize import STATE_SCHEMA, state_from_sections, state_sections
from engine.statistics import BookStatistics
from engine.version import ENGINE_VERSION

#: The entity of a book that was told none.
DEFAULT_ENTITY = "C01"


def system_clock() -> int:
    """Microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000


class Book(BookReads):
    """One book, in memory and on disk."""

    def __init__(
        self,
        store: CommitStore | None,
        *,
        compiler: RuleCompiler | None = None,
        entities: Sequence[str] = (),
        strict: bool = True,
        evaluator: Evaluator = "auto",
        clock: Callable[[], int] = system_clock,
        snapshot_path: Path | None = None,
    ) -> None:
        """Folds the log of `store` (None: a book in memory alone, nothing durable).

        Args:
            store: the log.
            compiler: needed to publish, and where the log holds revisions.
            entities: of the book, the first is the default; others are then unknown.
            strict: an undeclared field makes an event INVALID.
            evaluator: "auto" picks by rows; tests and benchmarks force one.
            clock: microseconds; only the appender reads it.
            snapshot_path: where the state is kept between starts.
        """
        self._store = store
        self._entities = tuple(entities) or (DEFAULT_ENTITY,)
        self._only_entities = bool(entities)
        self._strict = strict
        self._evaluator: Evaluator = evaluator
        self._clock = clock
        self._snapshot_path = snapshot_path
        self._writing = threading.RLock()  # held by whoever decides and appends, one at a time
        self._lock = threading.RLock()  # held while the state changes, and by readers
        self._commits = Commits(store)
        self.stats = BookStatistics()
        self.snapshot_note = ""
        self._uncommitted: dict[str, int] = {}
        self._state = self._from_snapshot() or self._empty()
        self._history = StateHistory(self._state, self._commits)
        self._reading = Reading(self._state, self._history, self._commits)
        self._budgets = BudgetReading(self._state, self._history, self._commits)
        self._revisions = Revisions(self._state, self._history, self._commits, compiler)
        self._revisions.load(self._state.revisions)
        self._catch_up(keep=False)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        compiler: RuleCompiler,
        book_id: str = "main",
        entities: Sequence[str] = (),
        strict: bool = True,
        read_only: bool = False,
        clock: Callable[[], int] = system_clock,
    ) -> Book:
        """Opens a stored book, creating it where it is missing.

        Raises:
            StoreLocked, StoreUnavailable, StoreCorrupt: see `engine.log.open_store`.
        """
        crash_point("at_start")
        store = open_store(url, book_id=book_id, read_only=read_only)
        path = sqlite_path(url)
        try:
            return cls(
                store,
                compiler=compiler,
                entities=entities,
                strict=strict,
                clock=clock,
                snapshot_path=path.with_name(path.name + ".snapshot"),
            )
        except BaseException:
            store.close()
            raise

    @classmethod
    def in_memory(
        cls,
        programs: Sequence[Program] = (),
        *,
        compiler: RuleCompiler | None = None,
        entities: Sequence[str] = (),
        strict: bool = True,
        evaluator: Evaluator = "auto",
        clock: Callable[[], int] = system_clock,
    ) -> Book:
        """A book without a store, for replay, tests and trials; `programs` are in force at once."""
        book = cls(
            None,
            compiler=compiler,
            entities=entities,
            strict=strict,
            evaluator=evaluator,
            clock=clock,
        )
        for program in programs:
            book._revisions.enter(program)
        return book

    def prefer(
        self, program: Program, *, valid_from: int = NO_DATE, valid_until: int = NO_DATE
    ) -> None:
        """Lets a program decide before any that is published, for comparisons in memory.

        Args:
            program: to decide under.
            valid_from: first business date (day) it decides, NO_DATE = open.
            valid_until: the last one, inclusive, NO_DATE = open.
        """
        if self._store is not None:
            raise InvariantBroken("only a book in memory prefers a program", program.revision)
        self._revisions.prefer(program, valid_from, valid_until)

    # --- changing ------------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """Position of the book: its last applied commit."""
        return self._state.seq

    @property
    def state(self) -> BookState:
        """The state, for reading only."""
        return self._state

    def post(self, calls: Sequence[Call]) -> list[CallResult]:
        """Decides calls in order, makes them durable and answers: one commit where possible.

        A call that publishes a revision gets a commit of its own. Nothing is answered that is
        not on disk. For one thread at a time.

        Raises:
            StoreUnavailable: nothing of this commit was stored.
            WrongState: a stream offset leaves a gap.
        """
        answers: list[CallResult | None] = [None] * len(calls)
        group: list[int] = []

        def commit_group() -> None:
            if group:
                results = self._commit([calls[index] for index in group])
                for index, result in zip(group, results, strict=True):
                    answers[index] = result
                group.clear()

        expected: dict[str, int] = {}
        for index, call in enumerate(calls):
            if call.dry_run:
                commit_group()
                answers[index] = self.dry_run(call)
            elif call.stream and (recorded := self._recorded(call, expected)) is not None:
                answers[index] = recorded
            elif _publishes(call):
                commit_group()
                answers[index] = self._publish(call)
            else:
                group.append(index)
        commit_group()
        return [answer for answer in answers if answer is not None]

    def dry_run(self, call: Call, candidate: Program | None = None) -> CallResult:
        """Decides a call on an overlay of the state as it is now; stores and numbers nothing.

        Args:
            call: the events.
            candidate: decide under this program instead of those in force.
        """
        with ExitStack() as held:
            if candidate is not None:
                held.enter_context(self._writing)  # its constants enter the pool
            held.enter_context(self._lock)
            rulings = self._rulings()
            if candidate is not None:
                plan = self._revisions.use(candidate)
                rulings = replace(rulings, plan_for=lambda _day: plan)
            elif call.revision:
                plan = self._revisions.plan(call.revision)
                rulings = replace(rulings, plan_for=lambda _day: plan)
            decided = decide_commit(
                self._state,
                self._history,
                [replace(call, dry_run=True, stream="", attempt_id="")],
                rulings,
                seq=self._state.seq + 1,
                now_us=self._now(),
            )
            seq = self._state.seq
        attach_drafts(decided)
        answer = decided.answers[0]
        answer.seq = seq
        return answer

    def tick(self) -> None:
        """Lets time pass in a quiet book: what is due expires."""
        with self._writing:
            now = self._now()
            decided = decide_commit(
                self._state, self._history, [], self._rulings(), seq=self._state.seq + 1, now_us=now
            )
            self._append(replace(decided, is_empty=False), now, kind="tick")

    def next_due_us(self) -> int | None:
        """When the next tick is due: a soft hold ends, or the oldest attempt's answers; or None."""
        queue = self._state.attempt_queue
        due = [queue[0][0] + ATTEMPT_KEPT_US] if queue else []
        hold = self._state.budgets.next_due_us()
        return min(due if hold is None else [*due, hold], default=None)

    def snapshot(self) -> None:
        """Writes the state beside the store, so that the next start reads little of the log."""
        if self._snapshot_path is None or self._store is None or self._store.read_only:
            return
        with self._writing:
            header = SnapshotHeader(
                book_id=self._store.book_id,
                seq=self._state.seq,
                chain=self._state.chain.hex(),
                effects_schema=EFFECTS_SCHEMA,
                state_schema=STATE_SCHEMA,
            )
            sections = state_sections(self._state)
        write_snapshot(self._snapshot_path, header, sections)

    def close(self) -> None:
        """Lets go of the store."""
        if self._store is not None:
            self._store.close()

    # --- inside --------------------------------------------------------------------------

    def _rulings(self) -> Rulings:
        return Rulings(
            plan_for=self._revisions.plan_for,
            entities=self._entities,
            only_entities=self._only_entities,
            strict=self._strict,
            evaluator=self._evaluator,
        )

    def _commit(self, calls: Sequence[Call], rulings: Rulings | None = None) -> list[CallResult]:
        with self._writing:
            for _ in range(MAX_LOST_RACES):
                now = self._now()
                decided = decide_commit(
                    self._state,
                    self._history,
                    calls,
                    rulings or self._rulings(),
                    seq=self._state.seq + 1,
                    now_us=now,
                    statistics=self.stats.levels,
                )
                if decided.is_empty:
                    self._count(decided.counters)
                    for answer in decided.answers:
                        answer.seq = self._state.seq
                    return decided.answers
                try:
                    self._append(decided, now)
                except AppendConflict:
                    self.stats.lost_races += 1
                    self._catch_up()
                    continue
                return decided.answers
        raise WrongState("OVERLOADED", "other servers keep appending first; send the call again")

    def _count(self, counters: Mapping[str, int]) -> None:
        """Counts answers that left nothing in the log until a commit takes them along."""
        for name, count in counters.items():
            self._uncommitted[name] = self._uncommitted.get(name, 0) + count

    def _now(self) -> int:
        """Log time: the clock, but never before the last commit."""
        return max(self._clock(), self._state.sealed_at_us)

    def _append(self, decided: DecidedCommit, now_us: int, kind: str = "batch") -> None:
        """Makes a decided commit durable, then applies it."""
        counters = dict(self._uncommitted)
        for name, count in decided.counters.items():
            counters[name] = counters.get(name, 0) + count
        header = CommitHeader(
            book_id=self._store.book_id if self._store is not None else "memory",
            seq=self._state.seq + 1,
            sealed_at_us=now_us,
            engine_version=ENGINE_VERSION,
            language_version=self._revisions.language_version,
            effects_schema=EFFECTS_SCHEMA,
            revisions=decided.revisions,
            kind=kind,
            counters=counters,
        )
        chain = self._state.chain
        if self._store is not None:
            crash_point("before_append")
            started = time.perf_counter_ns()
            entry = append_commit(self._store, header, decided.effects, self._state.chain)
            self.stats.append_nanos = time.perf_counter_ns() - started
            self.stats.appends += 1
            crash_point("after_append")
            header, chain = entry.header, entry.commit.chain
        self._commits.put(header, decided.effects)
        self._apply(header, decided.effects, chain)
        self._uncommitted = {}
        crash_point("after_apply")

    def _apply(self, header: CommitHeader, effects: EffectBatch, chain: bytes) -> None:
        with self._lock:
            known = len(self._state.revisions)
            apply_commit(self._state, header, effects, chain)
            self._revisions.load(self._state.revisions[known:])

    def _catch_up(self, *, keep: bool = True) -> None:
        """Applies commits of the log that the state does not have yet; `keep`: decoded, too."""
        if self._store is None:
            return
        state = self._state
        for entry in read_log(self._store, after_seq=state.seq, after_chain=state.chain):
            if keep:
                self._commits.put(entry.header, entry.effects)
            self._apply(entry.header, entry.effects, entry.commit.chain)

    def _recorded(self, call: Call, expected: dict[str, int]) -> CallResult | None:
        """The recorded answer of a stream offset; None if it is the next one."""
        name = f"s:{call.principal}:{call.stream}"
        last = expected.get(name, self.stream_offset(call.principal, call.stream))
        if call.offset == last + 1:
            expected[name] = call.offset
            return None
        if call.offset > last or call.offset < 1:
            raise WrongState(
                "OFFSET_GAP",
                f"stream {call.stream} goes on with offset {last + 1}, not {call.offset}",
                expected_offset=str(last + 1),
                offset=str(call.offset),
            )
        known = self._state.streams[name]
        seq = known.seq_of(call.offset)
        answers = self._history.call_answers((seq,), name, call.offset) if seq else {}
        return CallResult([answers[index] for index in sorted(answers)], self._state.seq)

    def _publish(self, call: Call) -> CallResult:
        with self._writing:
            rulings = self._rulings()
            if len(call.events) == 1:
                try:
                    publication = Publication(self._compile_for(call.events[0]))
                except CallerError as error:
                    publication = Publication(problem=error.message)
                rulings = replace(rulings, publication=publication)
            return self._commit([call], rulings)[0]

    def _compile_for(self, command: Mapping[str, object]) -> str:
        """Compiles the rules a publication command is about; "" where it is about none.

        Raises:
            CallerError: they do not compile.
        """
        kind = str(command.get("type"))
        if kind in FILED_TYPES:
            program = self._revisions.compile(event_files(command))
        elif kind == REVISION_APPROVED:
            entry = proposal_of(self._state.proposals, command)
            if entry is None:
                return ""
            program = self._revisions.compile(self._revisions.files(entry))
            if program.revision != entry.revision:
                what = f"the proposed files compile to revision {program.revision} now"
                raise WrongState("REVISION_REFUSED", what)
        else:
            return ""
        if kind != REVISION_PROPOSED:
            with self._lock:
                self._revisions.use(program)
        return program.revision

    def _empty(self) -> BookState:
        state = BookState.empty()
        if self._store is not None:
            state.chain = genesis(self._store.book_id)
        return state

    def _from_snapshot(self) -> BookState | None:
        """The state of the newest usable snapshot; why there is none is in `snapshot_note`."""
        if self._snapshot_path is None or self._store is None:
            return None
        found = usable_snapshot(self._snapshot_path, self._store, state_schema=STATE_SCHEMA)
        if isinstance(found, SnapshotRejected):
            self.snapshot_note = found.reason
            return None
        return state_from_sections(found.sections)


def _publishes(call: Call) -> bool:
    return any(str(event.get("type")) in PUBLICATION_TYPES for event in call.events)
