"""Reading a book: vouchers, events, trial balance and account activity, in pages.

Page tokens are opaque to callers: the commit and row to go on from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from engine.calendar import period_from_text, period_text
from engine.calls import (
    AccountEntry,
    DraftView,
    StoredEventView,
    TrialBalanceRow,
    VoucherView,
)
from engine.columns import EffectBatch
from engine.drafts import DraftReading
from engine.effects import DIMENSION_PREFIX, LINES, VOUCHERS, Status
from engine.errors import MalformedInput, UnknownObject
from engine.history import Commits, StateHistory, line_view, voucher_view
from engine.receive import identity
from engine.state.book_state import BookState


class Reading:
    """Queries over one book's state and log."""

    def __init__(self, state: BookState, history: StateHistory, commits: Commits) -> None:
        """Reads these; changes nothing."""
        self._state = state
        self._history = history
        self._commits = commits
        self._drafts = DraftReading(state, history, commits)

    def drafts(
        self, role: str, preparer: str, *, after: str, limit: int
    ) -> tuple[list[DraftView], str]:
        """A page of drafts that wait for a review, oldest event first."""
        start = _number(after) if after else 0
        found, following = self._drafts.pages(role, preparer, after=start, limit=limit)
        return found, "" if following < 0 else str(following)

    def drafts_of(self, source: str, event_id: str) -> list[DraftView]:
        """Open drafts of an event."""
        return self._drafts.of_event((source or "default", event_id))

    def voucher(self, name: str) -> VoucherView:
        """A voucher by name; entity and ledger may be left out where the book has one."""
        parts = name.split("/")
        if not 3 <= len(parts) <= 5:
            raise MalformedInput(
                "MALFORMED_REQUEST",
                f"{name!r} is no voucher name; write ENTITY/LEDGER/PERIOD/WORD/NUMBER, "
                "such as C01/GL/2026-03/记/17",
                field="name",
                found=name,
            )
        *prefix, period_part, word, number_part = parts
        series, _, digits = number_part.rpartition("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
            raise MalformedInput(
                "MALFORMED_REQUEST",
                f"{number_part!r} is no voucher number",
                field="name",
                found=name,
            )
        period = _period(period_part)
        entity, ledger = self._prefix(prefix)
        key = (entity, ledger, series or "live", period, word)
        number = int(digits)
        given = self._state.series.get(key)
        seq = given.seq_of(number) if given is not None else 0
        if not seq:
            raise UnknownObject(
                "NOT_FOUND", f"there is no voucher {name}", kind="voucher", name=name
            )
        _, effects = self._commits.get(seq)
        table = effects.tables[VOUCHERS.name]
        for row in np.flatnonzero(table.ints("number") == number).tolist():
            view = voucher_view(effects, row, with_lines=False, seq=seq)
            if (view.entity, view.ledger, view.series, view.word) == (
                entity,
                ledger,
                series or "live",
                word,
            ) and view.period == period_text(period):
                return self._drafts.signed(voucher_view(effects, row, seq=seq))
        raise UnknownObject("NOT_FOUND", f"there is no voucher {name}", kind="voucher", name=name)

    def _prefix(self, prefix: list[str]) -> tuple[str, str]:
        entities = sorted({key[0] for key in self._state.series})
        ledgers = sorted({key[1] for key in self._state.series})
        if len(prefix) == 2:
            return prefix[0], prefix[1]
        if len(prefix) == 1:
            if prefix[0] in entities and len(ledgers) == 1:
                return prefix[0], ledgers[0]
            return (entities[0] if len(entities) == 1 else ""), prefix[0]
        return (
            entities[0] if len(entities) == 1 else "",
            ledgers[0] if len(ledgers) == 1 else "",
        )

    def vouchers(
        self, entity: str, ledger: str, period: str, *, after: str, limit: int
    ) -> tuple[list[VoucherView], str]:
        """A page of vouchers in log order."""
        wanted_period = _period(period) if period else 0
        found: list[VoucherView] = []
        for seq, effects, first in self._from(after, VOUCHERS.name):
            table = effects.tables[VOUCHERS.name]
            mask = _match(effects, VOUCHERS.name, {"entity": entity, "ledger": ledger})
            if wanted_period:
                mask &= table.ints("period") == wanted_period
            for row in np.flatnonzero(mask).tolist():
                if row < first:
                    continue
                if len(found) == limit:
                    return found, _token(seq, row)
                found.append(self._drafts.signed(voucher_view(effects, row, seq=seq)))
        return found, ""

    def event(self, source: str, event_id: str) -> StoredEventView:
        """A stored event by its name."""
        source = source or "default"
        wanted = identity(source, event_id)
        ordinals = sorted(self._state.identities.find(wanted), reverse=True)
        for ordinal in ordinals:
            view = self._history.stored_event(ordinal)
            if (view.source, view.event_id) == (source, event_id):
                return view
        raise UnknownObject(
            "NOT_FOUND",
            f"no event {source}/{event_id} was accepted",
            kind="event",
            name=f"{source}/{event_id}",
        )

    def unposted(
        self, reason: str, *, after: str, limit: int
    ) -> tuple[list[StoredEventView], str, int]:
        """A page of unposted events, oldest first."""
        start = _number(after) if after else 0
        waiting = sorted(
            ordinal
            for ordinal, event in self._state.waiting.items()
            if event.status == Status.UNPOSTED and (not reason or event.reason == reason)
        )
        page = [ordinal for ordinal in waiting if ordinal >= start]
        token = str(page[limit]) if len(page) > limit else ""
        return [self._history.stored_event(o) for o in page[:limit]], token, len(waiting)

    def trial_balance(self, entity: str, ledger: str, period: str) -> list[TrialBalanceRow]:
        """Accounts with any balance or movement, per period with a movement in that ledger."""
        wanted = _period(period) if period else 0
        groups: dict[tuple[str, str], dict[str, dict[int, list[int]]]] = {}
        for (own, book, month, account), total in self._state.totals.items():
            if (entity and own != entity) or (ledger and book != ledger):
                continue
            groups.setdefault((own, book), {}).setdefault(account, {})[month] = total
        rows: list[TrialBalanceRow] = []
        for (own, book), accounts in sorted(groups.items()):
            months = sorted({month for by_month in accounts.values() for month in by_month})
            for month in [wanted] if wanted else months:
                for account in sorted(accounts):
                    row = self._row(own, book, month, account, accounts[account])
                    if row is not None:
                        rows.append(row)
        return rows

    def _row(
        self, entity: str, ledger: str, period: int, account: str, by_month: dict[int, list[int]]
    ) -> TrialBalanceRow | None:
        opening = sum(d - c for month, (d, c) in by_month.items() if month < period)
        debit, credit = by_month.get(period, [0, 0])
        if not (opening or debit or credit):
            return None
        closing = opening + debit - credit
        currency, scale = self._state.ledgers[ledger]
        return TrialBalanceRow(
            entity=entity,
            ledger=ledger,
            period=period_text(period),
            account_code=account,
            account_name=self._state.account_names[ledger, account],
            currency=currency,
            scale=scale,
            opening_debit=max(opening, 0),
            opening_credit=max(-opening, 0),
            debit=debit,
            credit=credit,
            closing_debit=max(closing, 0),
            closing_credit=max(-closing, 0),
        )

    def account_activity(
        self,
        account_code: str,
        scope: tuple[str, str, str],
        dimensions: Mapping[str, str],
        *,
        after: str,
        limit: int,
    ) -> tuple[list[AccountEntry], str]:
        """A page of an account's lines in log order; scope is (entity, ledger, period)."""
        entity, ledger, period = scope
        wanted_period = _period(period) if period else 0
        found: list[AccountEntry] = []
        wanted = {"account_code": account_code} | {
            DIMENSION_PREFIX + name: value for name, value in dimensions.items()
        }
        for seq, effects, first in self._from(after, LINES.name):
            vouchers = effects.tables[VOUCHERS.name]
            owners = effects.tables[LINES.name].ints("voucher")
            of_voucher = _match(effects, VOUCHERS.name, {"entity": entity, "ledger": ledger})
            if wanted_period:
                of_voucher &= vouchers.ints("period") == wanted_period
            mask = _match(effects, LINES.name, wanted) & of_voucher[owners]
            for row in np.flatnonzero(mask).tolist():
                if row < first:
                    continue
                if len(found) == limit:
                    return found, _token(seq, row)
                view = voucher_view(effects, int(owners[row]), with_lines=False, seq=seq)
                found.append(
                    AccountEntry(
                        voucher=view.name,
                        voucher_date=view.voucher_date,
                        summary=view.summary,
                        source=view.source,
                        event_id=view.event_id,
                        line=line_view(effects, row),
                    )
                )
        return found, ""

    def _from(self, after: str, table: str) -> Iterator[tuple[int, EffectBatch, int]]:
        """Commits that have the table, from a token's place on, and the first row to show."""
        seq, row = 1, 0
        if after:
            first, _, second = after.partition(".")
            seq, row = _number(first), _number(second)
        for place in range(seq, self._state.seq + 1):
            _, effects = self._commits.get(place)
            if table in effects.tables:
                yield place, effects, row if place == seq else 0


def _match(
    effects: EffectBatch, table: str, wanted: Mapping[str, str]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows whose text columns have the wanted values; an empty value matches all."""
    rows = effects.tables[table]
    mask = np.ones(rows.count, dtype=np.bool_)
    for column, value in wanted.items():
        if not value:
            continue
        if column not in rows.columns or value not in effects.strings:
            return np.zeros(rows.count, dtype=np.bool_)
        mask &= rows.ints(column) == effects.strings.index(value)
    return mask


def _period(text: str) -> int:
    try:
        return period_from_text(text)
    except ValueError:
        raise MalformedInput(
            "MALFORMED_REQUEST",
            f'{text!r} is no period; write it as "2026-03"',
            field="period",
            found=text,
        ) from None


def _token(seq: int, row: int) -> str:
    return f"{seq}.{row}"


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise MalformedInput(
        "MALFORMED_REQUEST",
        "this page token is not one of ours; start from the first page",
        field="page_token",
        found=text,
    )
