"""The state of a book in memory: what folding its log yields. Holds no rule and decides nothing.

Only `engine.apply` changes it; `engine.decide` reads it through an overlay.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field

from engine.effects import PublishingMode
from engine.errors import InvariantBroken
from engine.program import NO_DATE
from engine.state.balances import BalanceIndex, BalanceSpec, Periods
from engine.state.budgets import BudgetState
from engine.state.identities import Identities
from engine.state.keys import Key
from engine.state.versions import VersionIndex
from engine.strings import StringPool

#: (entity, ledger, series, period, word): one gapless number series.
CounterKey = tuple[str, str, str, int, str]

#: How long a call's answers are kept for its attempt id, in log time.
ATTEMPT_KEPT_US = 7 * 24 * 3600 * 1_000_000

#: How many offsets of a stream keep their results.
OFFSETS_KEPT = 1_000_000


@dataclass(slots=True)
class WaitingEvent:
    """An accepted event that is not booked yet, and where its row stands.

    decided_in: commit that decided it again and left it waiting, 0 = none.
    """

    source: str
    event_id: str
    status: int
    reason: str
    message: str
    seq: int
    row: int
    sealed_at_us: int
    decided_in: int = 0


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """A voucher that waits for a review: its row of DRAFTS, and what deciding asks of it."""

    row: int
    role: str
    entity: str
    period: int


@dataclass(slots=True)
class DraftedEvent:
    """An event of which vouchers wait for a review.

    Attributes:
        seq: commit that holds its drafts. drafts: open ones, by their position from 1.
        records: (record, key) it wrote -> names of the events that wrote it since.
    """

    seq: int
    drafts: dict[int, OpenDraft] = field(default_factory=dict)
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class NumberSeries:
    """Numbers given in one series: last number, and which commit gave numbers from which on."""

    last: int = 0
    firsts: list[int] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)

    def seq_of(self, number: int) -> int:
        """Commit that holds a number; 0 if it was never given."""
        if not 1 <= number <= self.last:
            return 0
        return self.seqs[bisect_right(self.firsts, number) - 1]


@dataclass(slots=True)
class StreamState:
    """A stream's durable place: commit of each of its newest offsets."""

    last_offset: int = 0
    seqs: deque[int] = field(default_factory=deque)

    def seq_of(self, offset: int) -> int:
        """Commit that holds the offset's results; 0 where older than kept or not there yet."""
        back = self.last_offset - offset
        if back < 0 or back >= len(self.seqs):
            return 0
        return self.seqs[len(self.seqs) - 1 - back]


@dataclass(frozen=True, slots=True)
class RevisionEntry:
    """A revision proposed, or in force from its place in the log on.

    Attributes:
        revision: identity.
        seq, row: command that put it into force; 0 and -1 while it is proposed.
        valid_from, valid_until: business days it holds, NO_DATE = no limit.
        source_seq, source_row: command that holds its files, whose `source` and `event_id` name
            it; written by `author`.
        withdrawn_seq, withdrawn_row: command that took it back; 0 and -1 = none.
        uses: how often an event was decided under it.
        first_use_seq: commit that used it first, 0 = none.
    """

    revision: str
    seq: int
    row: int
    valid_from: int
    valid_until: int
    source_seq: int = 0
    source_row: int = -1
    source: str = ""
    event_id: str = ""
    author: str = ""
    withdrawn_seq: int = 0
    withdrawn_row: int = -1
    uses: int = 0
    first_use_seq: int = 0

    def holds(self, day: int) -> bool:
        """Whether its range holds a business day."""
        return (self.valid_from == NO_DATE or self.valid_from <= day) and (
            self.valid_until == NO_DATE or day <= self.valid_until
        )


@dataclass(slots=True)
class BookState:
    """Everything a decision may read, as of commit `seq`.

    Text in keys is coded by `pool`. Amounts are minor units. `totals`: (entity, ledger, period,
    account code) -> [debit, credit]. `records`: number values stand as (raw, scale), text as
    pool code, days and flags as int. `revisions`: put into force, in that order; `proposals`: not
    in force, waiting or withdrawn. `publishing`: PublishingMode. `drafts`: by source and id.
    `reviewed`: ordinal of an event -> commits that hold vouchers of it besides its own, where a
    review posted one.
    """

    pool: StringPool
    identities: Identities
    seq: int = 0
    chain: bytes = bytes(32)
    sealed_at_us: int = 0
    event_count: int = 0
    commit_firsts: list[int] = field(default_factory=list)
    commit_seqs: list[int] = field(default_factory=list)
    waiting: dict[int, WaitingEvent] = field(default_factory=dict)
    settled: dict[int, tuple[int, str, str, int, int]] = field(default_factory=dict)
    drafts: dict[tuple[str, str], DraftedEvent] = field(default_factory=dict)
    reviewed: dict[int, tuple[int, ...]] = field(default_factory=dict)
    series: dict[CounterKey, NumberSeries] = field(default_factory=dict)
    totals: dict[tuple[str, str, int, str], list[int]] = field(default_factory=dict)
    account_names: dict[tuple[str, str], str] = field(default_factory=dict)
    ledgers: dict[str, tuple[str, int]] = field(default_factory=dict)
    balances: dict[BalanceSpec, dict[Key, int]] = field(default_factory=dict)
    targets: dict[str, dict[Key, int]] = field(default_factory=dict)
    records: dict[str, dict[Key, dict[str, int | tuple[int, int]]]] = field(default_factory=dict)
    closed_periods: set[tuple[str, int]] = field(default_factory=set)
    streams: dict[str, StreamState] = field(default_factory=dict)
    attempts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    attempt_queue: deque[tuple[int, str]] = field(default_factory=deque)
    revisions: list[RevisionEntry] = field(default_factory=list)
    proposals: list[RevisionEntry] = field(default_factory=list)
    publishing: int = PublishingMode.SINGLE
    counters: dict[str, int] = field(default_factory=dict)
    entities: list[str] = field(default_factory=list)
    budgets: BudgetState = field(default_factory=BudgetState)
    balance_index: BalanceIndex = field(default_factory=BalanceIndex)
    versions: VersionIndex = field(default_factory=VersionIndex, compare=False, repr=False)

    @classmethod
    def empty(cls) -> BookState:
        """The state before the first commit."""
        return cls(pool=StringPool(), identities=Identities())

    def add_balance(self, spec: BalanceSpec, key: Key, amount: int) -> None:
        """Adds to a balance that is kept."""
        balances = self.balances[spec]
        if key not in balances and self.balance_index.holds(spec):
            self.balance_index.note(spec, key)
        balances[key] = balances.get(key, 0) + amount

    def balance_periods(self, spec: BalanceSpec, prefix: Key) -> Periods:
        """The keys of a grouped balance under an entity and dimension values, by period."""
        if not self.balance_index.holds(spec):
            self.balance_index.build(spec, self.balances.get(spec, {}))
        return self.balance_index.periods(spec, prefix)

    def place_of(self, ordinal: int) -> tuple[int, int]:
        """Commit and command row of an event by its ordinal over the whole log."""
        index = bisect_right(self.commit_firsts, ordinal) - 1
        if index < 0 or ordinal >= self.event_count:
            raise InvariantBroken("no such event ordinal", ordinal, self.event_count)
        return self.commit_seqs[index], ordinal - self.commit_firsts[index]

    def revision_on(self, day: int) -> RevisionEntry | None:
        """The revision a business day resolves to: the latest put into force that holds it."""
        for entry in reversed(self.revisions):
            if not entry.withdrawn_seq and entry.holds(day):
                return entry
        return None

    def ordinal_of(self, seq: int, row: int) -> int:
        """Inverse of `place_of`."""
        index = bisect_right(self.commit_seqs, seq) - 1
        if index < 0 or self.commit_seqs[index] != seq:
            raise InvariantBroken("no command in this commit", seq, row)
        return self.commit_firsts[index] + row
