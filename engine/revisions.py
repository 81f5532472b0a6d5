"""Rule revisions of a book: compiled, linked, found by date and name; sources are in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from engine.calendar import iso_day
from engine.calls import Act, Resolution, RevisionState, RevisionView
from engine.decide.plan import DecisionPlan, plan_program
from engine.errors import StoreCorrupt, UnknownObject, WrongState
from engine.fold_balances import fold_balance
from engine.history import Commits, StateHistory
from engine.program import NO_DATE, Program
from engine.state.balances import BalanceSpec
from engine.state.book_state import BookState, RevisionEntry

#: Compiles (path, content) pairs; raises CallerError if they do not compile.
RuleCompiler = Callable[[Sequence[tuple[str, bytes]]], Program]


class Revisions:
    """The revisions a book knows, and the plans to decide under them."""

    def __init__(
        self,
        state: BookState,
        history: StateHistory,
        commits: Commits,
        compiler: RuleCompiler | None,
    ) -> None:
        """Compiles through `compiler`; without one only programs handed in can be used."""
        self._state = state
        self._history = history
        self._commits = commits
        self._compiler = compiler
        self._plans: dict[str, DecisionPlan] = {}
        self._preferred: list[RevisionEntry] = []

    @property
    def language_version(self) -> str:
        """Newest language version among the revisions in use."""
        versions = [plan.program.language_version for plan in self._plans.values()]
        return str(max(versions, default=0))

    def plan_for(self, day: int) -> DecisionPlan | None:
        """The plan in force for a business date: the latest published whose range holds it."""
        preferred = (entry for entry in reversed(self._preferred) if entry.holds(day))
        entry = next(preferred, None) or self._state.revision_on(day)
        return self._plans[entry.revision] if entry is not None else None

    def plan(self, prefix: str = "") -> DecisionPlan:
        """A revision's plan by identity or unique prefix, the newest if empty."""
        return self._plans[self.find(prefix).revision]

    def compile(self, files: Sequence[tuple[str, bytes]]) -> Program:
        """Compiles sources. Raises CallerError if they do not compile."""
        if self._compiler is None:
            raise WrongState("REVISION_REFUSED", "this book was opened without a rule compiler")
        return self._compiler(files)

    def use(self, program: Program) -> DecisionPlan:
        """Links a program to the book and begins to keep the balances it reads."""
        plan = self._plans.get(program.revision)
        if plan is None:
            plan = plan_program(program, self._state.pool)
            self._plans[program.revision] = plan
        self._watch_balances(plan)
        return plan

    def enter(self, program: Program) -> None:
        """Puts a program in force without a log (books in memory)."""
        self.use(program)
        self._state.revisions.append(RevisionEntry(program.revision, 0, -1, NO_DATE, NO_DATE))

    def prefer(self, program: Program, valid_from: int, valid_until: int) -> None:
        """Lets a program decide the dates it holds before any published one (trials)."""
        self.use(program)
        self._preferred.append(RevisionEntry(program.revision, 0, -1, valid_from, valid_until))

    def load(self, entries: Sequence[RevisionEntry]) -> None:
        """Compiles revisions of the log that are not in use yet."""
        for entry in entries:
            if entry.revision in self._plans:
                self._watch_balances(self._plans[entry.revision])
                continue
            program = self.compile(self.files(entry))
            if program.revision != entry.revision:
                raise StoreCorrupt(
                    f"revision {entry.revision} in commit {entry.seq} compiles to "
                    f"{program.revision}; this version reads the rules otherwise than the one "
                    "that published them"
                )
            self.use(program)

    def find(self, prefix: str = "") -> RevisionEntry:
        """A revision that was put into force, by identity or unique prefix; the newest if empty.

        Raises:
            UnknownObject: there is none, or several begin so.
        """
        found = {
            entry.revision: entry
            for entry in self._state.revisions
            if entry.revision.startswith(prefix) and (prefix or not entry.withdrawn_seq)
        }
        if not found or (prefix and len(found) > 1):
            message = (
                f"no single revision begins with {prefix!r}"
                if prefix
                else "no revision is published"
            )
            raise UnknownObject("NOT_FOUND", message, kind="revision", name=prefix)
        return list(found.values())[-1]

    def files(self, entry: RevisionEntry) -> tuple[tuple[str, bytes], ...]:
        """The rule files of a revision, read from the command that holds them."""
        if entry.source_row < 0:
            return ()
        return event_files(self._fields(entry)[0])

    def view(self, entry: RevisionEntry, *, with_files: bool = True) -> RevisionView:
        """A revision as it stands now, read from the commands about it."""
        if entry.source_row < 0:
            return RevisionView(entry.revision, 0, "", "", "", 0, "", ())
        fields, proposed = self._fields(entry)
        impact = fields.get("impact")
        resolves, later = resolving_ranges(self._state.revisions, entry)
        return RevisionView(
            revision=entry.revision,
            seq=entry.seq or entry.source_seq,
            valid_from=_date(entry.valid_from),
            valid_until=_date(entry.valid_until),
            principal=proposed.principal,
            sealed_at_us=proposed.sealed_at_us,
            comment=proposed.comment,
            files=event_files(fields) if with_files else (),
            event_id=entry.event_id,
            state=_state_of(entry, is_used_up=not resolves),
            approval=self._approval(entry),
            withdrawal=self._act(entry.withdrawn_seq, entry.withdrawn_row),
            resolves=tuple((_date(first), _date(last)) for first, last in resolves),
            superseded_by=later,
            use_count=entry.uses,
            first_use_seq=entry.first_use_seq,
            against=str(fields.get("against") or ""),
            impact=impact if isinstance(impact, dict) else {},
        )

    def resolve(self, day: int) -> Resolution:
        """Which revision an event of a business day resolves to, and why not another."""
        entries = self._state.revisions
        chosen = self._state.revision_on(day)
        date = _date(day)
        passed = [
            (self.view(entry, with_files=False), _why_not(entry, chosen, day))
            for entry in reversed((*self._state.proposals, *entries))
            if entry is not chosen
        ]
        passed.sort(key=lambda pair: pair[0].seq, reverse=True)
        if chosen is None:
            return Resolution(None, f"no revision in force holds {date}", tuple(passed))
        sentence = f"the latest put into force whose dates hold {date}"
        return Resolution(self.view(chosen, with_files=False), sentence, tuple(passed))

    def _fields(self, entry: RevisionEntry) -> tuple[dict[str, object], Act]:
        return self._command(entry.source_seq, entry.source_row)

    def _approval(self, entry: RevisionEntry) -> Act | None:
        in_one_step = (entry.seq, entry.row) == (entry.source_seq, entry.source_row)
        return None if in_one_step else self._act(entry.seq, entry.row)

    def _act(self, seq: int, row: int) -> Act | None:
        return self._command(seq, row)[1] if seq else None

    def _command(self, seq: int, row: int) -> tuple[dict[str, object], Act]:
        """Fields of a command, and who gave it when."""
        event = self._history.stored_event(self._state.ordinal_of(seq, row))
        fields: dict[str, object] = msgspec.json.decode(event.content)
        comment = str(fields.get("comment") or "")
        return fields, Act(event.principal, event.sealed_at_us, comment, seq)

    def _watch_balances(self, plan: DecisionPlan) -> None:
        """Adds up balances that no earlier revision read, from the commits so far."""
        fresh: dict[BalanceSpec, dict[tuple[int, ...], int]] = {
            spec: {} for spec in plan.specs if spec not in self._state.balances
        }
        if not fresh:
            return
        for seq in range(1, self._state.seq + 1):
            _, effects = self._commits.get(seq)
            for spec, balances in fresh.items():
                fold_balance(self._state, spec, balances, effects)
        self._state.balances.update(fresh)


def resolving_ranges(
    entries: Sequence[RevisionEntry], entry: RevisionEntry
) -> tuple[tuple[tuple[int, int], ...], tuple[str, ...]]:
    """What a revision still holds of its range, and which later ones hold the rest.

    Args:
        entries: revisions in the order they were put into force.
        entry: one of them, or a proposal, which holds nothing yet.

    Returns:
        Business days that resolve to it as (first, last), NO_DATE = no limit, ascending; and the
        identities of the later revisions that took days of its range, in their order.
    """
    if not entry.seq or entry.withdrawn_seq:
        return (), ()
    left = [_bounds(entry)]
    later: list[str] = []
    place = next(n for n, known in enumerate(entries) if known is entry)
    for other in entries[place + 1 :]:
        if other.withdrawn_seq:
            continue
        first, last = _bounds(other)
        cut = [part for low, high in left for part in ((low, first - 1), (last + 1, high))]
        kept = [
            (max(low, own_low), min(high, own_high))
            for (low, high), (own_low, own_high) in zip(
                cut, [pair for pair in left for _ in (0, 1)], strict=True
            )
        ]
        kept = [(low, high) for low, high in kept if low <= high]
        if kept != left:
            later.append(other.revision)
        left = kept
    days = tuple(
        (NO_DATE if low == _FIRST else low, NO_DATE if high == _LAST else high)
        for low, high in sorted(left)
    )
    return days, tuple(later)


#: Stand for no limit where ranges are cut; no calendar day comes near them.
_FIRST, _LAST = -(2**40), 2**40


def _bounds(entry: RevisionEntry) -> tuple[int, int]:
    first = _FIRST if entry.valid_from == NO_DATE else entry.valid_from
    return first, _LAST if entry.valid_until == NO_DATE else entry.valid_until


def _why_not(entry: RevisionEntry, chosen: RevisionEntry | None, day: int) -> str:
    if entry.withdrawn_seq:
        return "withdrawn"
    if not entry.seq:
        return "proposed, not approved"
    if entry.valid_from != NO_DATE and day < entry.valid_from:
        return f"holds dates from {_date(entry.valid_from)} on"
    if entry.valid_until != NO_DATE and day > entry.valid_until:
        return f"holds dates until {_date(entry.valid_until)}"
    return f"superseded by {chosen.revision[:8]} for this date" if chosen is not None else ""


def _state_of(entry: RevisionEntry, *, is_used_up: bool) -> RevisionState:
    if entry.withdrawn_seq:
        return RevisionState.WITHDRAWN
    if not entry.seq:
        return RevisionState.PROPOSED
    return RevisionState.SUPERSEDED if is_used_up else RevisionState.IN_FORCE


def _date(day: int) -> str:
    return "" if day == NO_DATE else iso_day(day)


def event_files(event: Mapping[str, object]) -> tuple[tuple[str, bytes], ...]:
    """The rule files in a `revision.published` event, as (path, content)."""
    files = event.get("files")
    found = []
    for file in files if isinstance(files, list) else []:
        if isinstance(file, dict):
            found.append((str(file.get("path")), str(file.get("content")).encode()))
    return tuple(found)
