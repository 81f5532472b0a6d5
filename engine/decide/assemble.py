"""Lays a commit's content out as effect tables: log order, voucher numbers, one dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine import effects as schema
from engine.calendar import periods_of
from engine.columns import ColumnTable, ColumnType, EffectBatch, TableSpec
from engine.decide.builder import CommitBuilder, Decision, LineChunk, VoucherChunk
from engine.decide.undo import target_undo
from engine.errors import InvariantBroken
from engine.state.book_state import CounterKey

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

#: Series of numbers given to live events; imports use others.
LIVE_SERIES = "live"


@dataclass(slots=True)
class _Vouchers:
    """All vouchers of the commit in log order, columns as in VoucherChunk plus their key."""

    decisions: Int64s
    orders: Int64s
    columns: dict[str, Int32s]


def assemble(
    builder: CommitBuilder, last_numbers: dict[CounterKey, int], *, numbered: bool = True
) -> EffectBatch:
    """Builds the effect tables of a commit.

    Args:
        builder: everything decided.
        last_numbers: last number given per series, only those needed are read; missing = 0.
        numbered: False for a dry run: every number is 0.
    """
    tables: dict[str, ColumnTable] = {}
    vouchers = _vouchers(builder.vouchers)
    if vouchers is not None:
        lines = _lines(builder.lines)
        _add_voucher_tables(builder, vouchers, lines, tables, last_numbers if numbered else None)
    drafts = _vouchers(builder.drafts)
    if drafts is not None:
        _add_draft_tables(builder, drafts, tables)
    _count_vouchers(builder, vouchers)
    _add_rows(tables, schema.COMMANDS, builder.commands)
    _add_reads(builder, tables)
    _add_rows(tables, schema.TARGETS, _in_log_order(builder, [row[:-1] for row in builder.targets]))
    _add_rows(tables, schema.RECORDS, _in_log_order(builder, builder.records))
    _add_rows(tables, schema.PERIODS, builder.periods)
    _add_rows(tables, schema.STATUS_CHANGES, builder.status_changes)
    _add_rows(tables, schema.CALL_RESULTS, builder.call_results)
    _add_rows(tables, schema.REVISIONS, builder.revisions)
    _add_rows(tables, schema.REVISION_STEPS, builder.revision_steps)
    _add_rows(tables, schema.PUBLISHING, builder.publishing)
    _add_rows(tables, schema.PERSONAL, builder.personal)
    _add_rows(tables, schema.BUDGET_NODES, _in_log_order(builder, builder.budget_nodes))
    _add_rows(tables, schema.BUDGET_MOVES, _with_events(builder, builder.budget_moves))
    _add_rows(tables, schema.BUDGET_DECISIONS, _with_events(builder, builder.budget_decisions))
    undo = [*builder.undo, *target_undo(builder)]
    _add_rows(tables, schema.UNDO, _with_events(builder, undo))
    _add_rows(tables, schema.REVIEWS, _with_events(builder, builder.reviews))
    return _with_own_dictionary(builder, tables)


def _vouchers(chunks: list[VoucherChunk]) -> _Vouchers | None:
    if not chunks:
        return None
    names = (
        "rules",
        "ledgers",
        "words",
        "currencies",
        "scales",
        "revisions",
        "summaries",
    )
    decisions = np.concatenate([chunk.decisions for chunk in chunks])
    orders = np.concatenate([chunk.orders for chunk in chunks])
    columns = {name: np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in names}
    columns["roles"] = np.concatenate(
        [_constant(-1, len(c.orders)) if c.roles is None else c.roles for c in chunks]
    )
    place = _order(decisions << 32 | orders)
    if place is None:
        return _Vouchers(decisions, orders, columns)
    return _Vouchers(
        decisions[place], orders[place], {name: col[place] for name, col in columns.items()}
    )


def _order(*keys: Int64s) -> Int64s | None:
    """Stable order by the keys (first most significant); None where already in order."""
    if len(keys) == 1:
        key = keys[0]
        if len(key) < 2 or bool((key[1:] >= key[:-1]).all()):
            return None
        return np.argsort(key, kind="stable")
    return np.lexsort(keys[::-1])


def _add_voucher_tables(
    builder: CommitBuilder,
    vouchers: _Vouchers,
    lines: LineChunk,
    tables: dict[str, ColumnTable],
    last_numbers: dict[CounterKey, int] | None,
    *,
    into: tuple[TableSpec, TableSpec] = (schema.VOUCHERS, schema.LINES),
) -> None:
    """Lays out vouchers and their lines; without `last_numbers` none gets a number."""
    voucher_spec, line_spec = into
    strings = builder.strings
    made = [builder.decisions[index] for index in vouchers.decisions.tolist()]
    count = len(made)
    dates = np.array([decision.voucher_date for decision in made], dtype=np.int32)
    periods = periods_of(dates)
    entities = np.array([decision.entity for decision in made], dtype=np.int32)
    columns = vouchers.columns
    numbers = np.zeros(count, dtype=np.int64)
    if last_numbers is not None:
        numbers = _numbers(builder, entities, columns, periods, last_numbers)
    starts = _line_starts(vouchers, lines)
    counts = np.diff(np.append(starts, len(lines.decisions)))
    tables[voucher_spec.name] = ColumnTable(
        voucher_spec,
        {
            "command": np.array([decision.command for decision in made], dtype=np.int32),
            "entity": entities,
            "ledger": columns["ledgers"],
            "series": _constant(strings.code(LIVE_SERIES), count),
            "period": periods,
            "word": columns["words"],
            "number": numbers,
            "voucher_date": dates,
            "event_date": np.array([decision.event_date for decision in made], dtype=np.int32),
            "source": np.array([decision.source for decision in made], dtype=np.int32),
            "event_id": np.array([decision.event_id for decision in made], dtype=np.int32),
            "rule": columns["rules"],
            "revision": columns["revisions"],
            "summary": columns["summaries"],
            "state": _states(builder, vouchers),
            "reverses": _constant(-1, count),
            "scale": columns["scales"].astype(np.uint8),
            "currency": columns["currencies"],
            "line_count": counts.astype(np.int32),
        },
        count,
    )
    owners = np.repeat(np.arange(count, dtype=np.int32), counts)
    tables[line_spec.name] = _line_table(line_spec, lines, owners, starts)
    _check_balanced(tables[line_spec.name], count)


def _states(builder: CommitBuilder, vouchers: _Vouchers) -> Int32s:
    """How each voucher came to be posted: by its rule alone, or after a person's review."""
    reviewed = np.array([row[0] for row in builder.reviews], dtype=np.int64)
    by_person = np.isin(vouchers.decisions, reviewed)
    posted, after = builder.strings.code("posted"), builder.strings.code("reviewed")
    return np.where(by_person, after, posted).astype(np.int32)


def _add_draft_tables(
    builder: CommitBuilder, drafts: _Vouchers, tables: dict[str, ColumnTable]
) -> None:
    """Lays out what waits for a review, each draft with its position among those of its event."""
    into = (schema.DRAFTS, schema.DRAFT_LINES)
    _add_voucher_tables(builder, drafts, _lines(builder.draft_lines), tables, None, into=into)
    table = tables[schema.DRAFTS.name]
    changes = np.append(True, drafts.decisions[1:] != drafts.decisions[:-1])
    first = np.flatnonzero(changes)
    places = np.arange(table.count, dtype=np.int64)
    table.columns["draft"] = (places - first[np.cumsum(changes) - 1] + 1).astype(np.int32)
    table.columns["role"] = drafts.columns["roles"]
    table.columns["state"] = _constant(builder.strings.code("drafted"), table.count)


def _numbers(
    builder: CommitBuilder,
    entities: Int32s,
    columns: dict[str, Int32s],
    periods: Int32s,
    last_numbers: dict[CounterKey, int],
) -> Int64s:
    """Gapless numbers per (entity, ledger, live, period, word), in voucher order."""
    numbers = np.zeros(len(entities), dtype=np.int64)
    keys = np.stack([entities, columns["ledgers"], periods, columns["words"]], axis=1).astype(
        np.int64
    )
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    text = builder.strings.text
    for index, (entity, ledger, period, word) in enumerate(unique.tolist()):
        members = np.flatnonzero(inverse == index)
        key = (text(entity), text(ledger), LIVE_SERIES, period, text(word))
        last = last_numbers.get(key, 0)
        numbers[members] = np.arange(last + 1, last + 1 + len(members), dtype=np.int64)
    return numbers


def _lines(chunks: list[LineChunk]) -> LineChunk:
    """All lines in (decision, rule, plan, line, element) order."""
    names = (
        *("debits", "amounts", "accounts", "account_names", "rule_lines", "elements"),
        *("currencies", "foreign", "rates"),
    )
    decisions = np.concatenate([chunk.decisions for chunk in chunks])
    orders = np.concatenate([chunk.orders for chunk in chunks])
    places = np.concatenate([chunk.places for chunk in chunks])
    columns = {name: np.concatenate([getattr(c, name) for c in chunks]) for name in names}
    dimensions = {}
    for wire in sorted({wire for chunk in chunks for wire in chunk.dimensions}):
        dimensions[wire] = np.concatenate(
            [chunk.dimensions.get(wire, _constant(-1, len(chunk.decisions))) for chunk in chunks]
        )
    order = _order(decisions << 32 | orders, places) if len(chunks) > 1 else None
    if order is None and len(chunks) == 1:
        order = _order(decisions << 32 | orders, places)
    if order is None:
        order = np.arange(len(decisions))
    return LineChunk(
        decisions=decisions[order],
        orders=orders[order],
        places=places[order],
        dimensions={wire: column[order] for wire, column in dimensions.items()},
        **{name: column[order] for name, column in columns.items()},
    )


def _line_starts(vouchers: _Vouchers, lines: LineChunk) -> Int64s:
    """First line of each voucher; every voucher has lines and every line a voucher."""
    keys = lines.decisions << 32 | lines.orders
    changes = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    wanted = vouchers.decisions << 32 | vouchers.orders
    if len(changes) != len(wanted) or not np.array_equal(keys[changes], wanted):
        raise InvariantBroken("vouchers and lines do not match", len(changes), len(wanted))
    return changes


def _line_table(spec: TableSpec, lines: LineChunk, owners: Int32s, starts: Int64s) -> ColumnTable:
    count = len(owners)
    numbers = (np.arange(count, dtype=np.int64) - starts[owners] + 1).astype(np.int32)
    columns: dict[str, npt.NDArray[np.generic] | list[bytes]] = {
        "voucher": owners,
        "line_no": numbers,
        "account_code": lines.accounts,
        "account_name": lines.account_names,
        "debit": np.where(lines.debits, lines.amounts, 0),
        "credit": np.where(lines.debits, 0, lines.amounts),
        "currency": lines.currencies,
        "fc_debit": np.where(lines.debits, lines.foreign, 0),
        "fc_credit": np.where(lines.debits, 0, lines.foreign),
        "rate": lines.rates,
        "rule_line": lines.rule_lines,
        "element": lines.elements,
    }
    extra = []
    for wire, column in lines.dimensions.items():
        name = schema.DIMENSION_PREFIX + wire
        columns[name] = column
        extra.append((name, ColumnType.TEXT))
    return ColumnTable(spec.with_columns(extra), columns, count)


def _check_balanced(lines: ColumnTable, vouchers: int) -> None:
    """Last line of defence before the log: every voucher balances, exactly."""
    signed = lines.ints("debit") - lines.ints("credit")
    owners = lines.ints("voucher")
    starts = np.flatnonzero(np.append(True, owners[1:] != owners[:-1]))
    if len(signed) and int(np.abs(signed).max()) > (2**62) // max(1, len(signed)):
        sums = [0] * vouchers
        for owner, amount in zip(owners.tolist(), signed.tolist(), strict=True):
            sums[owner] += amount
        bad = next((index for index, total in enumerate(sums) if total), None)
    else:
        totals = np.add.reduceat(signed, starts)
        wrong = np.flatnonzero(totals)
        bad = int(wrong[0]) if len(wrong) else None
    if bad is not None:
        raise InvariantBroken("voucher unbalanced", bad)


def _count_vouchers(builder: CommitBuilder, vouchers: _Vouchers | None) -> None:
    place = [name for name, _ in schema.COMMANDS.columns].index("voucher_count")
    if vouchers is None:
        return
    for index in vouchers.decisions.tolist():
        row = builder.commands[builder.decisions[index].command]
        row[place] = int(row[place]) + 1


def _add_reads(builder: CommitBuilder, tables: dict[str, ColumnTable]) -> None:
    if not builder.reads:
        return
    block = np.concatenate(builder.reads)
    block = block[np.lexsort((block[:, 3], block[:, 2], block[:, 1], block[:, 0]))]
    decisions: list[Decision] = [builder.decisions[index] for index in block[:, 0].tolist()]
    spec = schema.READS
    columns: dict[str, npt.NDArray[np.generic] | list[bytes]] = {
        "command": np.array([decision.command for decision in decisions], dtype=np.int32),
        "source": np.array([decision.source for decision in decisions], dtype=np.int32),
        "event_id": np.array([decision.event_id for decision in decisions], dtype=np.int32),
    }
    for place, (name, kind) in enumerate(spec.columns[3:], start=1):
        columns[name] = block[:, place].astype(kind.dtype)
    tables[spec.name] = ColumnTable(spec, columns, len(block))


def _in_log_order(builder: CommitBuilder, rows: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Rows by decision, which is log order, with the command row in the decision's place."""
    return [
        (builder.decisions[row[0]].command if row[0] >= 0 else -1, *row[1:])
        for row in sorted(rows, key=lambda row: row[0])
    ]


def _with_events(builder: CommitBuilder, rows: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Rows in log order with command, source and event in the decision's place."""
    found = []
    for row in sorted(rows, key=lambda row: row[0]):
        if row[0] < 0:
            found.append((-1, -1, -1, *row[1:]))
        else:
            decision = builder.decisions[row[0]]
            found.append((decision.command, decision.source, decision.event_id, *row[1:]))
    return found


def _add_rows(
    tables: dict[str, ColumnTable], spec: TableSpec, rows: Sequence[Sequence[object]]
) -> None:
    if rows:
        tables[spec.name] = ColumnTable.from_rows(spec, rows)


def _with_own_dictionary(builder: CommitBuilder, tables: dict[str, ColumnTable]) -> EffectBatch:
    """Replaces batch string codes by codes of the strings this commit uses, in order of use."""
    coded: list[tuple[ColumnTable, str, Int64s]] = []
    for spec in schema.TABLES:
        table = tables.get(spec.name)
        if table is None:
            continue
        for name, kind in table.spec.columns:
            if kind is ColumnType.TEXT:
                coded.append((table, name, table.ints(name)))
    if not coded:
        return EffectBatch([], tables)
    every = np.concatenate([codes for _, _, codes in coded])
    used, first = np.unique(every[every >= 0], return_index=True)
    used = used[np.argsort(first, kind="stable")]
    mapping = np.full(len(builder.strings) + 1, -1, dtype=np.int32)
    mapping[used] = np.arange(len(used), dtype=np.int32)
    for table, name, codes in coded:
        table.columns[name] = np.where(codes >= 0, mapping[codes], -1).astype(np.int32)
    return EffectBatch([builder.strings.text(code) for code in used.tolist()], tables)


def _constant(value: int, count: int) -> Int32s:
    return np.full(count, value, dtype=np.int32)
