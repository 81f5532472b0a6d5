"""Applies the effects of a commit to the state. Contains no rule and never looks at a program.

Recovery, snapshots, followers and verification use only this; it must read commits of every
earlier `effects_schema`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.apply_publications import apply_publications
from engine.budget.apply import apply_budgets
from engine.columns import ColumnTable, EffectBatch
from engine.effects import (
    CALL_RESULTS,
    COMMANDS,
    LINES,
    PERIODS,
    RECORDS,
    REMOVED,
    STATUS_CHANGES,
    TARGETS,
    VOUCHERS,
    PeriodState,
    Status,
)
from engine.fold_balances import fold_balance
from engine.log.header import CommitHeader
from engine.state.book_state import (
    ATTEMPT_KEPT_US,
    OFFSETS_KEPT,
    BookState,
    NumberSeries,
    StreamState,
    WaitingEvent,
)
from engine.state.drafts import apply_drafts, apply_reviews
from engine.state.keys import key_ints
from engine.state.sums import group_sums

Int64s = npt.NDArray[np.int64]

_WAITING = (Status.PENDING_REVIEW, Status.HELD, Status.UNPOSTED)


def apply_commit(
    state: BookState, header: CommitHeader, effects: EffectBatch, chain: bytes
) -> None:
    """Folds one commit into the state; the commits before it must have been applied.

    Args:
        state: changed in place.
        header: of the commit.
        effects: of the commit.
        chain: of the commit.
    """
    _expire_attempts(state, header.sealed_at_us)
    tables = {name: table for name, table in effects.tables.items() if table.count}
    effects = EffectBatch(effects.strings, tables)
    if COMMANDS.name in tables:
        _apply_commands(state, header, effects, tables[COMMANDS.name])
    apply_reviews(state, header.seq, effects)
    if STATUS_CHANGES.name in tables:
        _apply_status_changes(state, header, effects, tables[STATUS_CHANGES.name])
    if VOUCHERS.name in tables and tables[VOUCHERS.name].count:
        _apply_numbers(state, header.seq, effects, tables[VOUCHERS.name])
        _apply_totals(state, effects)
        for spec, balances in state.balances.items():
            fold_balance(state, spec, balances, effects)
    _apply_targets(state, effects)
    _apply_records(state, effects)
    apply_drafts(state, header.seq, effects)
    _apply_periods(state, effects)
    _apply_calls(state, header, effects)
    apply_publications(state, header, effects)
    apply_budgets(state.budgets, effects)
    for name, count in header.counters.items():
        state.counters[name] = state.counters.get(name, 0) + count
    state.seq, state.chain, state.sealed_at_us = header.seq, chain, header.sealed_at_us


def _apply_commands(
    state: BookState, header: CommitHeader, effects: EffectBatch, commands: ColumnTable
) -> None:
    first = state.event_count
    state.commit_firsts.append(first)
    state.commit_seqs.append(header.seq)
    state.event_count += commands.count
    statuses = commands.ints("status")
    taken = np.flatnonzero(statuses <= Status.UNPOSTED)
    identities = commands.blobs("identity")
    state.identities.add_many(
        [identities[row] for row in taken.tolist()], (taken + first).astype(np.int64)
    )
    waiting = np.flatnonzero(np.isin(statuses, _WAITING)).tolist()
    if waiting:
        texts = {
            name: effects.text(COMMANDS.name, name)
            for name in ("source", "event_id", "reason", "message")
        }
        for row in waiting:
            state.waiting[first + row] = WaitingEvent(
                source=texts["source"][row],
                event_id=texts["event_id"][row],
                status=int(statuses[row]),
                reason=texts["reason"][row],
                message=texts["message"][row],
                seq=header.seq,
                row=row,
                sealed_at_us=header.sealed_at_us,
            )


def _apply_status_changes(
    state: BookState, header: CommitHeader, effects: EffectBatch, changes: ColumnTable
) -> None:
    by_name = {(event.source, event.event_id): ordinal for ordinal, event in state.waiting.items()}
    names = zip(
        effects.text(STATUS_CHANGES.name, "source"),
        effects.text(STATUS_CHANGES.name, "event_id"),
        changes.ints("status").tolist(),
        effects.text(STATUS_CHANGES.name, "reason"),
        effects.text(STATUS_CHANGES.name, "message"),
        changes.ints("command").tolist(),
        strict=True,
    )
    for source, event_id, status, reason, message, command in names:
        ordinal = by_name[source, event_id]
        if status in _WAITING:
            event = state.waiting[ordinal]
            event.status, event.reason, event.message = status, reason, message
            event.decided_in = header.seq
        else:
            del state.waiting[ordinal]
            state.settled[ordinal] = (status, reason, message, header.seq, command)


def _apply_numbers(state: BookState, seq: int, effects: EffectBatch, vouchers: ColumnTable) -> None:
    columns = tuple(
        vouchers.ints(name) for name in ("entity", "ledger", "series", "period", "word")
    )
    order = np.lexsort((vouchers.ints("number"), *columns[::-1]))
    sorted_columns = [column[order] for column in columns]
    numbers = vouchers.ints("number")[order]
    changes = np.zeros(len(order), dtype=np.bool_)
    changes[0] = True
    for column in sorted_columns:
        changes[1:] |= column[1:] != column[:-1]
    starts = np.flatnonzero(changes)
    ends = np.append(starts[1:], len(order)) - 1
    strings = effects.strings
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        entity, ledger, series, period, word = (int(column[start]) for column in sorted_columns)
        key = (strings[entity], strings[ledger], strings[series], period, strings[word])
        given = state.series.setdefault(key, NumberSeries())
        given.last = int(numbers[end])
        given.firsts.append(int(numbers[start]))
        given.seqs.append(seq)
        if strings[entity] not in state.entities:
            state.entities.append(strings[entity])


def _apply_totals(state: BookState, effects: EffectBatch) -> None:
    vouchers, lines = effects.tables[VOUCHERS.name], effects.tables[LINES.name]
    strings = effects.strings
    owners = lines.ints("voucher")
    keys = (
        vouchers.ints("entity")[owners],
        vouchers.ints("ledger")[owners],
        vouchers.ints("period")[owners],
        lines.ints("account_code"),
    )
    for place, name in enumerate(("debit", "credit")):
        for (entity, ledger, period, account), amount in group_sums(keys, lines.ints(name)):
            total = state.totals.setdefault(
                (strings[entity], strings[ledger], period, strings[account]), [0, 0]
            )
            total[place] += amount
    pairs = np.stack([keys[1], keys[3], lines.ints("account_name")], axis=1)
    for ledger, account, name_code in np.unique(pairs, axis=0).tolist():
        state.account_names[strings[ledger], strings[account]] = strings[name_code]
    shapes = np.stack(
        [vouchers.ints("ledger"), vouchers.ints("currency"), vouchers.ints("scale")], axis=1
    )
    for ledger, currency, scale in np.unique(shapes, axis=0).tolist():
        state.ledgers[strings[ledger]] = (strings[currency], scale)


def _apply_targets(state: BookState, effects: EffectBatch) -> None:
    if TARGETS.name not in effects.tables:
        return
    intern = state.pool.intern
    rows = zip(
        effects.text(TARGETS.name, "target"),
        effects.text(TARGETS.name, "entity"),
        effects.text(TARGETS.name, "key"),
        effects.tables[TARGETS.name].ints("value").tolist(),
        strict=True,
    )
    for target, entity, key, value in rows:
        state.targets.setdefault(target, {})[(intern(entity), *key_ints(key, intern))] = value


def _apply_records(state: BookState, effects: EffectBatch) -> None:
    if RECORDS.name not in effects.tables:
        return
    table, intern = effects.tables[RECORDS.name], state.pool.intern
    rows = zip(
        effects.text(RECORDS.name, "record"),
        effects.text(RECORDS.name, "key"),
        table.ints("field").tolist(),
        effects.text(RECORDS.name, "field"),
        table.ints("number").tolist(),
        table.ints("scale").tolist(),
        table.ints("text").tolist(),
        strict=True,
    )
    for record, key, field_code, field, number, scale, text in rows:
        place = key_ints(key, intern)
        if scale == REMOVED:
            records = state.records.get(record, {})
            if field_code < 0:
                records.pop(place, None)
                state.versions.forget(record, place)
            elif place in records:
                records[place].pop(field, None)
            continue
        values = state.records.setdefault(record, {}).setdefault(place, {})
        if field_code < 0:
            state.versions.note(record, place)
            continue
        if text >= 0:
            values[field] = intern(effects.strings[text])
        else:
            values[field] = (number, scale)


def _apply_periods(state: BookState, effects: EffectBatch) -> None:
    if PERIODS.name not in effects.tables:
        return
    table = effects.tables[PERIODS.name]
    for entity, period, what in zip(
        effects.text(PERIODS.name, "entity"),
        table.ints("period").tolist(),
        table.ints("state").tolist(),
        strict=True,
    ):
        if what == PeriodState.CLOSED:
            state.closed_periods.add((entity, period))
        else:
            state.closed_periods.discard((entity, period))


def _apply_calls(state: BookState, header: CommitHeader, effects: EffectBatch) -> None:
    """Notes which commit answers which stream offset or attempt."""
    calls: set[tuple[str, int]] = set()
    for name in (COMMANDS.name, CALL_RESULTS.name):
        table = effects.tables.get(name)
        if table is None:
            continue
        pairs = np.unique(np.stack([table.ints("stream"), table.ints("offset")], axis=1), axis=0)
        calls.update(
            (effects.strings[stream], offset) for stream, offset in pairs.tolist() if stream >= 0
        )
    for stream, offset in sorted(calls):
        if stream.startswith("a:"):
            state.attempts[stream] = (*state.attempts.get(stream, ()), header.seq)
            state.attempt_queue.append((header.sealed_at_us, stream))
            continue
        known = state.streams.setdefault(stream, StreamState())
        known.last_offset = offset
        known.seqs.append(header.seq)
        while len(known.seqs) > OFFSETS_KEPT:
            known.seqs.popleft()


def _expire_attempts(state: BookState, sealed_at_us: int) -> None:
    """Forgets answers older than seven days of log time, before the commit's first command."""
    queue = state.attempt_queue
    while queue and queue[0][0] + ATTEMPT_KEPT_US <= sealed_at_us:
        _, stream = queue.popleft()
        state.attempts.pop(stream, None)
