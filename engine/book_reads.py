"""What a book answers without changing: vouchers, events, balances, budgets, revisions."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence

from engine.budget.reading import BudgetReading, DecisionFilter
from engine.calls import (
    AccountEntry,
    BudgetDecision,
    BudgetNodeView,
    DraftView,
    ReservationView,
    Resolution,
    RevisionView,
    StoredEventView,
    TrialBalanceRow,
    VoucherView,
)
from engine.columns import EffectBatch
from engine.decide.plan import DecisionPlan
from engine.effects import PublishingMode, Verdict
from engine.history import Commits
from engine.log import (
    CommitHeader,
)
from engine.parameters import ParameterView, parameter_views
from engine.program import Program
from engine.reading import Reading
from engine.revisions import Revisions
from engine.state.book_state import BookState


class BookReads:
    """The reading half of a `Book`. Calls may come from any thread."""

    _lock: threading.RLock
    _state: BookState
    _commits: Commits
    _entities: tuple[str, ...]
    _reading: Reading
    _budgets: BudgetReading
    _revisions: Revisions

    def _now(self) -> int:
        """Log time."""
        raise NotImplementedError

    def voucher(self, name: str) -> VoucherView:
        """A voucher by name. Raises UnknownObject."""
        with self._lock:
            return self._reading.voucher(name)

    def vouchers(
        self,
        *,
        entity: str = "",
        ledger: str = "",
        period: str = "",
        after: str = "",
        limit: int = 100,
    ) -> tuple[list[VoucherView], str]:
        """A page of vouchers in log order, and the token of the next ("" at the end)."""
        with self._lock:
            return self._reading.vouchers(entity, ledger, period, after=after, limit=limit)

    def drafts(
        self, *, role: str = "", preparer: str = "", after: str = "", limit: int = 100
    ) -> tuple[list[DraftView], str]:
        """A page of drafts that wait for a review, oldest first, and the token of the next.

        The drafts of one event are never parted, so that a page may be longer than `limit`.
        """
        with self._lock:
            return self._reading.drafts(role, preparer, after=after, limit=limit)

    def drafts_of(self, source: str, event_id: str) -> list[DraftView]:
        """Open drafts of an event; none where it has none or is unknown."""
        with self._lock:
            return self._reading.drafts_of(source, event_id)

    def event(self, source: str, event_id: str) -> StoredEventView:
        """A stored event with its present status. Raises UnknownObject."""
        with self._lock:
            return self._reading.event(source, event_id)

    def unposted(
        self, *, reason: str = "", after: str = "", limit: int = 100
    ) -> tuple[list[StoredEventView], str, int]:
        """A page of waiting events, oldest first; next token; number of all."""
        with self._lock:
            return self._reading.unposted(reason, after=after, limit=limit)

    def trial_balance(
        self, *, entity: str = "", ledger: str = "", period: str = ""
    ) -> list[TrialBalanceRow]:
        """Trial balance, sorted by entity, ledger, period, account code."""
        with self._lock:
            return self._reading.trial_balance(entity, ledger, period)

    def account_activity(
        self,
        *,
        account_code: str,
        entity: str = "",
        ledger: str = "",
        period: str = "",
        dimensions: Mapping[str, str] | None = None,
        after: str = "",
        limit: int = 100,
    ) -> tuple[list[AccountEntry], str]:
        """A page of an account's lines in log order, and the token of the next."""
        with self._lock:
            return self._reading.account_activity(
                account_code, (entity, ledger, period), dimensions or {}, after=after, limit=limit
            )

    def budget_node(self, name: str, *, day: int | None = None) -> BudgetNodeView:
        """A budget node by name or path; `day` chooses its period. Raises UnknownObject."""
        with self._lock:
            on = day if day is not None else self._now() // (24 * 3600 * 1_000_000)
            plan = self._revisions.plan() if self._state.revisions else None
            return self._budgets.node(name, plan.program if plan is not None else None, on)

    def budget_nodes(
        self,
        *,
        budget: str = "",
        prefix: str = "",
        period: str = "",
        after: str = "",
        limit: int = 100,
    ) -> tuple[list[BudgetNodeView], str]:
        """A page of budget nodes by name, and the token of the next; `prefix`: a node and below."""
        with self._lock:
            return self._budgets.nodes(budget, prefix, period, after=after, limit=limit)

    def reservations(
        self,
        *,
        node: str = "",
        reference: str = "",
        group: str = "",
        after: str = "",
        limit: int = 100,
    ) -> tuple[list[ReservationView], str]:
        """A page of what references hold (at a node and below it), and the token of the next."""
        with self._lock:
            return self._budgets.reservations(node, reference, group, after=after, limit=limit)

    def budget_decisions(
        self,
        *,
        node: str = "",
        source: str = "",
        event_id: str = "",
        verdicts: Collection[Verdict] = (),
        person: str = "",
        after: str = "",
        limit: int = 100,
    ) -> tuple[list[BudgetDecision], str]:
        """A page of budget decisions in log order, and the token of the next."""
        with self._lock:
            wanted = DecisionFilter(node, source, event_id, verdicts, person)
            return self._budgets.decisions(wanted, after=after, limit=limit)

    @property
    def publishing(self) -> PublishingMode:
        """How many persons it takes to put rules into force."""
        return PublishingMode(self._state.publishing)

    def revisions(self) -> list[RevisionView]:
        """Revisions put into force, in that order, with their sources."""
        with self._lock:
            return [self._revisions.view(entry) for entry in self._state.revisions]

    def publications(self, *, with_files: bool = False) -> list[RevisionView]:
        """All revisions, proposals and withdrawn ones too, in log order of what made them."""
        with self._lock:
            entries = (*self._state.revisions, *self._state.proposals)
            views = [self._revisions.view(entry, with_files=with_files) for entry in entries]
        return sorted(views, key=lambda view: view.seq)

    def resolve(self, day: int) -> Resolution:
        """Which revision an event of a business day resolves to now, and why not another."""
        with self._lock:
            return self._revisions.resolve(day)

    def parameters(self) -> list[ParameterView]:
        """The parameters of the rule book published last, with the values set and the defaults."""
        program = self.program()
        with self._lock:
            return parameter_views(self._state, program)

    def program(self, revision: str = "") -> Program:
        """The program of a revision, the newest if empty. Raises UnknownObject."""
        with self._lock:
            return self._revisions.plan(revision).program

    def plan(self, revision: str) -> DecisionPlan:
        """A revision as it is decided under. Raises UnknownObject."""
        with self._lock:
            return self._revisions.plan(revision)

    def compile(self, files: Sequence[tuple[str, bytes]]) -> Program:
        """Compiles rule files as a publication would. Raises CallerError if they do not compile."""
        return self._revisions.compile(files)

    def commit(self, seq: int) -> tuple[CommitHeader, EffectBatch]:
        """One applied commit."""
        return self._commits.get(seq)

    @property
    def default_entity(self) -> str:
        """Entity of events that name none."""
        return self._entities[0]

    def stream_offset(self, principal: str, stream: str) -> int:
        """Highest durable offset of a principal's stream, 0 if new."""
        known = self._state.streams.get(f"s:{principal}:{stream}")
        return known.last_offset if known is not None else 0

    def commits(self, first_seq: int = 1) -> Iterator[tuple[CommitHeader, EffectBatch]]:
        """Applied commits in order, for writers of files."""
        for seq in range(first_seq, self._state.seq + 1):
            yield self._commits.get(seq)
