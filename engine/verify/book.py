"""Verifies a book from its log alone, beside whoever writes it."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from engine.apply import apply_commit
from engine.decide.plan import DecisionPlan
from engine.effects import (
    BUDGET_DECISIONS,
    BUDGET_MOVES,
    BUDGET_NODES,
    COMMANDS,
    DRAFTS,
    LINES,
    READS,
    RECORDS,
    STATUS_CHANGES,
    TARGETS,
    VOUCHERS,
    Status,
)
from engine.errors import CallerError, StoreCorrupt
from engine.history import Commits, StateHistory
from engine.log import CommitStore, Finding, LogEntry, check_log, genesis, open_store, sqlite_path
from engine.log.seal import check_seal
from engine.revisions import Revisions, RuleCompiler
from engine.state.book_state import BookState, RevisionEntry
from engine.verify.budgets import BudgetProof
from engine.verify.contents import WAITING, StoredEvents, Waiting, read_contents, waiting_events
from engine.verify.decisions import Redecision
from engine.verify.events import check_events
from engine.verify.form import check_form
from engine.verify.publications import Publishing, check_publications
from engine.verify.report import Mismatch, Tally, VerifyReport
from engine.verify.rows import RowsCheck
from engine.verify.snapshot import SnapshotCheck
from engine.verify.view import CommitView
from engine.verify.vouchers import check_vouchers

_COUNTED = {
    "vouchers": VOUCHERS.name,
    "lines": LINES.name,
    "drafts": DRAFTS.name,
    "reads": READS.name,
    "targets": TARGETS.name,
    "records": RECORDS.name,
    "budget_nodes": BUDGET_NODES.name,
    "budget_moves": BUDGET_MOVES.name,
    "budget_decisions": BUDGET_DECISIONS.name,
}


def verify_book(
    url: str, book_id: str, compiler: RuleCompiler, *, sealed_head: str = ""
) -> VerifyReport:
    """Verifies a stored book; takes no lock and may run beside a server that writes it.

    The log is read once, up to where it ends when verification begins. Each commit is checked
    for itself, decided again under the rules it names, and folded into the state that the next
    ones, the snapshot and the projected rows are compared with.

    Args:
        url: the store.
        book_id: the book.
        compiler: compiles the revisions in the log.
        sealed_head: JSON of a head that was sealed earlier and kept outside.

    Raises:
        StoreError: the store cannot be opened.
    """
    tally = Tally()
    first_bad = None
    file = sqlite_path(url)
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_store(url, book_id=book_id, read_only=True)))
        try:
            # Rows and snapshot follow the log: read first, they cannot be ahead of it.
            rows = RowsCheck.open(file, store)
            if rows is not None:
                stack.enter_context(closing(rows))
            snapshot = SnapshotCheck.open(file, store)
            _Verification.begin(store, compiler, tally, rows, snapshot).run()
            _check_outside(store, sealed_head, tally)
        except Mismatch as mismatch:
            first_bad = mismatch.finding
        except StoreCorrupt as error:
            first_bad = Finding("STORE_DAMAGED", Path(file).name, 0, "readable pages", str(error))
    return VerifyReport(dict(tally.counts), first_bad)


def _check_outside(store: CommitStore, sealed_head: str, tally: Tally) -> None:
    """Compares the log with a sealed head, and lets the database check its own files."""
    if sealed_head:
        finding = check_seal(sealed_head, store)
        if finding is not None:
            raise _mismatch(finding)
        tally.add("sealed_heads")
    problems = store.integrity_problems()
    if problems:
        raise Mismatch("STORE_DAMAGED", store.book_id, 0, "sound database files", problems[0])


@dataclass(slots=True)
class _Verification:
    """One walk along the log."""

    store: CommitStore
    tally: Tally
    rows: RowsCheck | None
    snapshot: SnapshotCheck | None
    state: BookState
    commits: Commits
    revisions: Revisions
    redecision: Redecision
    plans: dict[str, DecisionPlan] = field(default_factory=dict)
    budgets: BudgetProof = field(default_factory=BudgetProof)
    publishing: Publishing = field(default_factory=Publishing)
    accepted: dict[Status, int] = field(default_factory=lambda: dict.fromkeys(Status, 0))

    @classmethod
    def begin(
        cls,
        store: CommitStore,
        compiler: RuleCompiler,
        tally: Tally,
        rows: RowsCheck | None,
        snapshot: SnapshotCheck | None,
    ) -> _Verification:
        """Stands before the first commit."""
        state = snapshot.empty_state() if snapshot is not None else BookState.empty()
        state.chain = genesis(store.book_id)
        commits = Commits(store)
        history = StateHistory(state, commits)
        revisions = Revisions(state, history, commits, compiler)
        redecision = Redecision(state, history, revisions)
        return cls(store, tally, rows, snapshot, state, commits, revisions, redecision)

    def run(self) -> None:
        """Walks to where the log ends now."""
        head, _ = self.store.head()
        if self.rows is not None:
            self.rows.check_head(head)
        for entry in check_log(self.store):
            if isinstance(entry, Finding):
                raise _mismatch(entry)
            if entry.header.seq > head:
                break
            self._check(entry)
        self._check_completeness()
        self._check_totals()
        figures = self.budgets.finish(self.state.seq, self.state.budgets)
        self.tally.add("budget_figures", figures)
        if self.rows is not None:
            self.tally.add("projected_rows", self.rows.checked)

    def _check(self, entry: LogEntry) -> None:
        self.commits.put(entry.header, entry.effects)
        view = CommitView(entry.header, entry.effects)
        check_form(view)
        stored = read_contents(view, self.state.pool)
        check_events(view, stored, self.state, self.commits)
        check_vouchers(view, self.state, self.plans)
        check_publications(view, self.commits, self.publishing)
        decisions = self.redecision.check(view, stored)
        self.budgets.add(view, self.plans)
        if self.snapshot is not None and view.seq <= self.snapshot.seq:
            self.snapshot.check_identities(view, stored, self.state.event_count)
        waiting = waiting_events(view, self.state)
        self._count(view, stored, decisions)
        self._count_statuses(view, stored, waiting)
        self._apply(entry)
        self.budgets.check(view, self.state.budgets)
        if self.rows is not None:
            self.rows.check_commit(view, waiting)
            if self.rows.seq == view.seq:
                self.rows.finish(self.state)
        if self.snapshot is not None and self.snapshot.seq == view.seq:
            self.tally.add("snapshot_values", self.snapshot.check(self.state))

    def _apply(self, entry: LogEntry) -> None:
        """Folds a commit that was checked; its revisions are compiled."""
        known, proposed = len(self.state.revisions), len(self.state.proposals)
        apply_commit(self.state, entry.header, entry.effects, entry.commit.chain)
        for proposal in self.state.proposals[proposed:]:
            self._compile(proposal)
            self.tally.add("revisions")
        for published in self.state.revisions[known:]:
            self._compile(published, use=True)
            self.plans[published.revision] = self.revisions.plan(published.revision)
            self.tally.add("revisions")

    def _compile(self, entry: RevisionEntry, *, use: bool = False) -> None:
        """Compiles the sources of a revision, which must give the revision."""
        try:
            if use:
                self.revisions.load([entry])
            elif self.revisions.compile(self.revisions.files(entry)).revision != entry.revision:
                raise StoreCorrupt("the files proposed compile to another revision")
        except (CallerError, StoreCorrupt) as error:
            key, seq = entry.revision, entry.seq or entry.source_seq
            raise Mismatch("REVISION_DIFFERS", key, seq, "its sources", error) from error

    def _count(self, view: CommitView, stored: StoredEvents, decisions: int) -> None:
        self.tally.add("commits")
        self.tally.add("events", len(stored.rows))
        self.tally.add("refusals", view.count(COMMANDS.name) - len(stored.rows))
        self.tally.add("decisions", decisions)
        for name, table in _COUNTED.items():
            self.tally.add(name, view.count(table))

    def _count_statuses(
        self, view: CommitView, stored: StoredEvents, waiting: dict[tuple[str, str], Waiting]
    ) -> None:
        """Keeps count of accepted events by their present status."""
        statuses = view.numbers(COMMANDS.name, "status") if stored.rows else []
        for row in stored.rows:
            self.accepted[Status(statuses[row])] += 1
        table = STATUS_CHANGES.name
        if not view.count(table):
            return
        present = {name: event.status for name, event in waiting.items()}
        names = zip(view.text(table, "source"), view.text(table, "event_id"), strict=True)
        for name, status in zip(names, view.numbers(table, "status"), strict=True):
            self.accepted[present[name]] -= 1
            self.accepted[Status(status)] += 1
            present[name] = Status(status)

    def _check_completeness(self) -> None:
        """Every accepted event is posted, needs no posting, was withdrawn, or waits."""
        waiting = dict.fromkeys(Status, 0)
        for event in self.state.waiting.values():
            waiting[Status(event.status)] += 1
        for status in WAITING:
            if waiting[status] != self.accepted[status]:
                expected, found = self.accepted[status], waiting[status]
                raise Mismatch("COMPLETENESS", status.name, self.state.seq, expected, found)
        if sum(self.accepted.values()) != len(self.state.identities):
            expected, found = sum(self.accepted.values()), len(self.state.identities)
            raise Mismatch("COMPLETENESS", "accepted", self.state.seq, expected, found)

    def _check_totals(self) -> None:
        """Debits equal credits in every entity, ledger and period."""
        sums: dict[tuple[str, str, int], int] = {}
        for (entity, ledger, period, _), (debit, credit) in self.state.totals.items():
            key = (entity, ledger, period)
            sums[key] = sums.get(key, 0) + debit - credit
        for key, difference in sums.items():
            if difference:
                name = "/".join(map(str, key))
                raise Mismatch("UNBALANCED", name, self.state.seq, 0, difference)
        self.tally.add("balances", len(self.state.totals))


def _mismatch(finding: Finding) -> Mismatch:
    return Mismatch(finding.kind, finding.key, finding.seq, finding.expected, finding.found)
