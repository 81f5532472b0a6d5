"""Drafts read back: vouchers that wait for a person's review, and who stood behind a posted one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from engine.calls import VOUCHER_REVIEWED, DraftView, Signatures, VoucherView
from engine.columns import ColumnTable, EffectBatch
from engine.effects import COMMANDS, DRAFT_LINES, DRAFTS, LINES, VOUCHERS
from engine.history import Commits, StateHistory, voucher_view
from engine.receive import identity
from engine.state.book_state import BookState

Int64s = npt.NDArray[np.int64]


def as_vouchers(effects: EffectBatch, rows: list[int]) -> EffectBatch:
    """Drafts of a commit, by their rows, as the tables of vouchers they will be."""
    drafts, lines = effects.tables[DRAFTS.name], effects.tables[DRAFT_LINES.name]
    owners = lines.ints("voucher")
    own = np.flatnonzero(np.isin(owners, rows))
    places = np.searchsorted(np.array(rows), owners[own]).astype(np.int32)
    extra = lines.spec.columns[len(LINES.columns) :]
    line_columns = _taken(lines, own) | {"voucher": places}
    voucher_columns = _taken(drafts, np.array(rows))
    return EffectBatch(
        effects.strings,
        {
            VOUCHERS.name: ColumnTable(
                VOUCHERS, {name: voucher_columns[name] for name, _ in VOUCHERS.columns}, len(rows)
            ),
            LINES.name: ColumnTable(LINES.with_columns(extra), line_columns, len(own)),
        },
    )


def _taken(table: ColumnTable, rows: Int64s) -> dict[str, npt.NDArray[np.generic] | list[bytes]]:
    return {name: table.ints(name)[rows].astype(kind.dtype) for name, kind in table.spec.columns}


def draft_view(effects: EffectBatch, row: int, *, seq: int = 0) -> VoucherView:
    """A draft of a commit as the voucher it will be, number 0."""
    return voucher_view(as_vouchers(effects, [row]), 0, seq=seq)


class DraftReading:
    """Queries about drafts and about who prepared and reviewed a voucher."""

    def __init__(self, state: BookState, history: StateHistory, commits: Commits) -> None:
        """Reads these; changes nothing."""
        self._state = state
        self._history = history
        self._commits = commits

    def pages(
        self, role: str, preparer: str, *, after: int, limit: int
    ) -> tuple[list[DraftView], int]:
        """Open drafts in log order of their events; and the ordinal to go on from, -1 at the end.

        Args:
            role: only those reviewed in it; "" = all.
            preparer: only those of events this person sent; "" = all.
            after: ordinal of the first event looked at.
            limit: at most this many, but never part of an event's drafts.
        """
        found: list[DraftView] = []
        ordinals = {(event.source, event.event_id): o for o, event in self._state.waiting.items()}
        for ordinal, name in sorted((ordinals[name], name) for name in self._state.drafts):
            if ordinal < after:
                continue
            if len(found) >= limit:
                return found, ordinal
            found += [
                draft
                for draft in self.of_event(name)
                if (not role or draft.role == role)
                and (not preparer or draft.voucher.signatures.preparer == preparer)
            ]
        return found, -1

    def of_event(self, name: tuple[str, str]) -> list[DraftView]:
        """Open drafts of an event, by source and id."""
        drafted = self._state.drafts.get(name)
        if drafted is None:
            return []
        header, effects = self._commits.get(drafted.seq)
        preparer = self._preparer(name)
        return [
            DraftView(
                number,
                replace(
                    draft_view(effects, draft.row, seq=drafted.seq),
                    signatures=Signatures(preparer=preparer),
                ),
                draft.role,
                header.sealed_at_us,
            )
            for number, draft in sorted(drafted.drafts.items())
        ]

    def signed(self, voucher: VoucherView) -> VoucherView:
        """A posted voucher with who prepared it and how it was authorised."""
        header, effects = self._commits.get(voucher.seq)
        preparer = self._preparer((voucher.source, voucher.event_id))
        command = _command_of(effects, voucher)
        if _command_text(effects, "type", command) != VOUCHER_REVIEWED:
            return replace(voucher, signatures=Signatures(preparer=preparer))
        reviewer = self._history.preparer(voucher.seq, command)
        return replace(voucher, signatures=Signatures(preparer, reviewer, header.sealed_at_us))

    def _preparer(self, name: tuple[str, str]) -> str:
        """Who sent the event that holds an identity now."""
        for ordinal in sorted(self._state.identities.find(identity(*name)), reverse=True):
            seq, row = self._state.place_of(ordinal)
            effects = self._commits.get(seq)[1]
            own = tuple(_command_text(effects, part, row) for part in ("source", "event_id"))
            if own == name:
                return self._history.preparer(seq, row)
        return ""


def _command_text(effects: EffectBatch, column: str, row: int) -> str:
    return effects.strings[int(effects.tables[COMMANDS.name].ints(column)[row])]


def _command_of(effects: EffectBatch, voucher: VoucherView) -> int:
    """The command row that made a voucher of a commit."""
    table = effects.tables[VOUCHERS.name]
    wanted = {"entity": voucher.entity, "ledger": voucher.ledger, "word": voucher.word}
    mask = table.ints("number") == voucher.number
    for column, text in wanted.items():
        mask &= table.ints(column) == effects.strings.index(text)
    rows = np.flatnonzero(mask)
    period = int(voucher.period.replace("-", ""))
    row = next(row for row in rows.tolist() if int(table.ints("period")[row]) == period)
    return int(table.ints("command")[row])
