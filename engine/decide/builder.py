"""Collects what one commit will hold, in any order, and lays it out in log order at the end.

Numbers are given here, last of all, so that nothing that was undone ever took one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.strings import BatchStrings

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]


@dataclass(slots=True)
class Decision:
    """One event being decided: where it stands in the commit, and what it is.

    `command`: row of the commands table (that of the retry command for a retried event).
    source, event_id, entity: batch string codes. voucher_date: set when it is known.
    """

    command: int
    source: int
    event_id: int
    entity: int
    event_date: int
    voucher_date: int


@dataclass(slots=True)
class VoucherChunk:
    """Vouchers of accepted decisions; all int64[n] or codes int32[n]; `order` = rule<<16 | plan.

    `roles`: of drafts, in which role each is reviewed, -1 = any.
    """

    decisions: Int64s
    orders: Int64s
    rules: Int32s
    ledgers: Int32s
    words: Int32s
    currencies: Int32s
    scales: Int32s
    revisions: Int32s
    summaries: Int32s
    roles: Int32s | None = None


@dataclass(slots=True)
class LineChunk:
    """Lines of accepted decisions. `places` = line<<32 | element + 1. `debits`: bool, the side.

    dimensions: wire name -> int32[n] codes, -1 where not carried. currencies, foreign, rates: of
    lines with a foreign part: codes, and amounts in minor units of that currency; else -1 and 0.
    """

    decisions: Int64s
    orders: Int64s
    places: Int64s
    debits: npt.NDArray[np.bool_]
    amounts: Int64s
    accounts: Int32s
    account_names: Int32s
    rule_lines: Int32s
    elements: Int32s
    currencies: Int32s
    foreign: Int64s
    rates: Int32s
    dimensions: dict[str, Int32s]


@dataclass(slots=True)
class CommitBuilder:
    """The growing content of one commit.

    Row lists hold tuples in the order of their TableSpec, texts as batch string codes;
    `targets`, `records`, `undo` and `reviews` begin with the decision index instead of the
    command row (the latter two in place of command, source and event).
    `reads` are int64[n, 10] blocks: decision index, then READS from `rule` on. `budget_nodes`
    begin with the decision index; `budget_moves` and `budget_decisions` with it in place of
    command, source and event (-1: time passed). `targets` end with the value before.
    """

    strings: BatchStrings
    commands: list[list[object]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    vouchers: list[VoucherChunk] = field(default_factory=list)
    lines: list[LineChunk] = field(default_factory=list)
    drafts: list[VoucherChunk] = field(default_factory=list)
    draft_lines: list[LineChunk] = field(default_factory=list)
    reads: list[Int64s] = field(default_factory=list)
    targets: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    records: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)
    periods: list[tuple[int, int, int, int]] = field(default_factory=list)
    status_changes: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)
    call_results: list[tuple[int, ...]] = field(default_factory=list)
    revisions: list[tuple[int, int, int, int]] = field(default_factory=list)
    revision_steps: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)
    publishing: list[tuple[int, int]] = field(default_factory=list)
    personal: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    budget_nodes: list[tuple[int, ...]] = field(default_factory=list)
    budget_moves: list[tuple[int, ...]] = field(default_factory=list)
    budget_decisions: list[tuple[int, ...]] = field(default_factory=list)
    undo: list[tuple[int, ...]] = field(default_factory=list)
    reviews: list[tuple[int, ...]] = field(default_factory=list)
    revisions_used: set[str] = field(default_factory=set)

    def mark(self) -> tuple[int, ...]:
        """A savepoint for `rollback`."""
        return tuple(len(part) for part in self._lists())

    def rollback(self, mark: tuple[int, ...]) -> None:
        """Forgets everything added since the savepoint."""
        for part, length in zip(self._lists(), mark, strict=True):
            del part[length:]

    def _lists(self) -> tuple[list[object], ...]:
        return (  # type: ignore[return-value]  # lists of different items, only cut here
            self.commands,
            self.decisions,
            self.vouchers,
            self.lines,
            self.drafts,
            self.draft_lines,
            self.reads,
            self.targets,
            self.records,
            self.periods,
            self.status_changes,
            self.call_results,
            self.revisions,
            self.revision_steps,
            self.publishing,
            self.personal,
            self.budget_nodes,
            self.budget_moves,
            self.budget_decisions,
            self.undo,
            self.reviews,
        )
