"""Rule revisions of a book: compiled, linked, found by date and name; sources are in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import msgspec

from engine.calls import RevisionView
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
        for entry in chain(reversed(self._preferred), reversed(self._state.revisions)):
            if (entry.valid_from == NO_DATE or entry.valid_from <= day) and (
                entry.valid_until == NO_DATE or day <= entry.valid_until
            ):
                return self._plans[entry.revision]
        return None

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
            program = self.compile(self.view(entry).files)
            if program.revision != entry.revision:
                raise StoreCorrupt(
                    f"revision {entry.revision} in commit {entry.seq} compiles to "
                    f"{program.revision}; this version reads the rules otherwise than the one "
                    "that published them"
                )
            self.use(program)

    def find(self, prefix: str = "") -> RevisionEntry:
        """A revision by identity or unique prefix, the newest if empty. Raises UnknownObject."""
        found = {
            entry.revision: entry
            for entry in self._state.revisions
            if entry.revision.startswith(prefix)
        }
        if not found or (prefix and len(found) > 1):
            message = (
                f"no single revision begins with {prefix!r}"
                if prefix
                else "no revision is published"
            )
            raise UnknownObject("NOT_FOUND", message, kind="revision", name=prefix)
        return list(found.values())[-1]

    def view(self, entry: RevisionEntry) -> RevisionView:
        """A revision with its sources, read from its command."""
        if entry.row < 0:
            return RevisionView(entry.revision, 0, "", "", "", 0, "", ())
        event = self._history.stored_event(self._state.ordinal_of(entry.seq, entry.row))
        fields = msgspec.json.decode(event.content)
        return RevisionView(
            revision=entry.revision,
            seq=entry.seq,
            valid_from=str(fields.get("valid_from") or ""),
            valid_until=str(fields.get("valid_until") or ""),
            principal=event.principal,
            sealed_at_us=event.sealed_at_us,
            comment=str(fields.get("comment") or ""),
            files=event_files(fields),
        )

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


def event_files(event: Mapping[str, object]) -> tuple[tuple[str, bytes], ...]:
    """The rule files in a `revision.published` event, as (path, content)."""
    files = event.get("files")
    found = []
    for file in files if isinstance(files, list) else []:
        if isinstance(file, dict):
            found.append((str(file.get("path")), str(file.get("content")).encode()))
    return tuple(found)
