"""Decides one dependency level in columns: every event of the level at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.batch import Bools, Int32s, Int64s
from engine.decide.balance_moves import move_balances
from engine.decide.builder import LineChunk, VoucherChunk
from engine.decide.context import Outcome, RunContext, awaits_review
from engine.decide.foreign import minor_columns
from engine.decide.level_budgets import rule_on_level
from engine.decide.level_types import TypeLevel
from engine.effects import ReadKind, Status
from engine.evaluate import evaluate_columns
from engine.evaluate.outcome import NOT_FAILED, LineColumns, ReadColumns, RuleColumns
from engine.program import CURRENCY_AXIS, NO_DATE, LatePolicy, Op, Rule, Side


def decide_level(context: RunContext, members: Mapping[int, Int64s]) -> bool:
    """Decides a level; writes outcomes, overlay and builder.

    Args:
        context: the run.
        members: event type index -> indices into its TypedBatch, ascending.

    Returns:
        False, with nothing written, if the level must be decided in order: an event failed
        whose target writes others of the level have already counted on.
    """
    levels = []
    for event_type, indices in members.items():
        level = _evaluate(context, event_type, indices)
        if level is None:
            return False
        levels.append(level)
    if not rule_on_level(context, levels):
        return False
    for level in levels:
        _accept(context, level)
    return True


def _evaluate(context: RunContext, event_type: int, indices: Int64s) -> TypeLevel | None:
    plan, batch = context.plan, context.batches[event_type]
    slots = np.full(len(batch.rows), -1, dtype=np.int64)
    size = len(indices)
    slots[indices] = np.arange(size, dtype=np.int64)
    level = TypeLevel(
        event_type,
        batch,
        indices,
        slots,
        alive=np.ones(size, dtype=np.bool_),
        makes=np.zeros(size, dtype=np.bool_),
        vouchers=np.zeros(size, dtype=np.bool_),
        drafts=np.zeros(size, dtype=np.bool_),
    )
    matches = {ledger: np.zeros(size, dtype=np.int32) for ledger in _ledgers(context, event_type)}
    scanned, lost = False, False
    for rule_index in plan.rules[event_type]:
        rule = plan.program.rules[rule_index]
        candidates = indices[level.alive & _in_force(rule, batch.dates[indices])]
        if not len(candidates):
            continue
        result = evaluate_columns(plan.linked, rule_index, batch, candidates, context.view)
        own = slots[result.rows]
        stopped = result.failure != NOT_FAILED
        scanned = scanned or bool(rule.deltas)
        for place in np.flatnonzero(stopped).tolist():
            level.outcomes[int(own[place])] = context.failure(
                rule_index,
                int(result.failed_node[place]),
                int(result.failure[place]),
                result.messages.get(place, ""),
            )
            level.alive[own[place]] = False
            lost = True
        for ledger in rule.ledgers:
            matches[ledger][own[~stopped]] += 1
        for voucher in result.vouchers:
            level.vouchers[own[voucher.made]] = True
            for line in voucher.lines:
                level.makes[own[line.owners]] = True
                if rule.review is not None:
                    level.drafts[own[line.owners]] = True
        level.results.append((rule_index, result))
    lost = _check_expectations(context, level, matches) or lost
    lost = _date_vouchers(context, level) or lost
    level.scanned = scanned
    return None if scanned and lost else level


def _ledgers(context: RunContext, event_type: int) -> set[int]:
    plan = context.plan
    return {
        ledger for index in plan.rules[event_type] for ledger in plan.program.rules[index].ledgers
    }


def _in_force(rule: Rule, days: Int32s) -> Bools:
    mask = np.ones(len(days), dtype=np.bool_)
    if rule.valid_from != NO_DATE:
        mask &= days >= rule.valid_from
    if rule.valid_until != NO_DATE:
        mask &= days <= rule.valid_until
    return mask


def _check_expectations(context: RunContext, level: TypeLevel, matches: dict[int, Int32s]) -> bool:
    """Takes out events that more or fewer rules match than their type expects."""
    lost = False
    counts = list(matches.values())
    total = sum(counts, np.zeros(len(level.indices), dtype=np.int32))
    most = np.max(counts, axis=0) if counts else total
    for slot in np.flatnonzero(level.alive & ((total == 0) | (most > 1))).tolist():
        outcome = context.expectation(
            level.event_type, {ledger: int(found[slot]) for ledger, found in matches.items()}
        )
        if outcome is not None:
            level.outcomes[slot] = outcome
            level.alive[slot] = False
            lost = True
    return lost


def _date_vouchers(context: RunContext, level: TypeLevel) -> bool:
    """Dates the vouchers; takes out events whose period is closed and may not move."""
    late = context.plan.program.event_types[level.event_type].late
    closing = context.overlay.any_closed
    decisions, lost = context.builder.decisions, False
    rows = level.batch.rows[level.indices]
    for slot in np.flatnonzero(level.alive & level.makes).tolist():
        position = int(rows[slot])
        decision = decisions[context.decisions[position]]
        if not closing:
            requested = context.posting_dates[position]
            decision.voucher_date = decision.event_date if requested == NO_DATE else requested
            continue
        lost = _date_late(context, level, slot, position, late) or lost
    return lost


def _date_late(
    context: RunContext, level: TypeLevel, slot: int, position: int, late: LatePolicy
) -> bool:
    day = context.voucher_day(position, late)
    if day is None:
        level.outcomes[slot] = context.closed(position)
        level.alive[slot] = False
        return True
    context.builder.decisions[context.decisions[position]].voucher_date = day
    return False


def _accept(context: RunContext, level: TypeLevel) -> None:
    positions = level.batch.rows[level.indices]
    decisions = np.array(context.decisions, dtype=np.int64)[positions]
    for rule_index, result in level.results:
        own = level.slots[result.rows]
        accepted = level.alive[own] & (result.failure == NOT_FAILED)
        if not accepted.any():
            continue
        _add_vouchers(context, rule_index, result, accepted, decisions[own])
        _add_reads(context, rule_index, result, accepted, decisions[own])
        for delta in result.deltas:
            columns = [column.tolist() for column in delta.keys]
            values = delta.values.tolist()
            rows = positions[own].tolist()
            for place in np.flatnonzero(accepted).tolist():
                key = tuple(column[place] for column in columns)
                context.write_target(
                    rows[place], (rule_index, delta.node), delta.target, key, values[place]
                )
    writes_records = level.event_type in context.plan.record_sources
    for slot, position in enumerate(positions.tolist()):
        if level.alive[slot]:
            context.outcomes[position] = _outcome(level, slot)
            if level.drafts[slot]:
                context.drafted.add(position)
            if writes_records:
                context.write_records(position, level.event_type, int(level.indices[slot]))
        else:
            context.outcomes[position] = level.outcomes[slot]


_POSTED = Outcome(Status.POSTED)
_NO_POSTING = Outcome(Status.NO_POSTING)
_ALL_ZERO = Outcome(Status.NO_POSTING, "ALL_ZERO", "every line comes to zero")


def _outcome(level: TypeLevel, slot: int) -> Outcome:
    if level.drafts[slot]:
        return awaits_review(level.warnings.get(slot, ""))
    if slot in level.warnings:
        status = Status.POSTED if level.makes[slot] else Status.NO_POSTING
        return Outcome(status, "", level.warnings[slot])
    if level.makes[slot]:
        return _POSTED
    return _ALL_ZERO if level.vouchers[slot] else _NO_POSTING


def _add_vouchers(
    context: RunContext,
    rule_index: int,
    result: RuleColumns,
    accepted: Bools,
    decisions: Int64s,
) -> None:
    plan, strings = context.plan, context.overlay.strings
    rule = plan.program.rules[rule_index]
    for plan_index, voucher in enumerate(result.vouchers):
        codes = plan.vouchers[rule_index][plan_index]
        has_lines = np.zeros(len(accepted), dtype=np.bool_)
        for line_index, line in enumerate(voucher.lines):
            kept = accepted[line.owners]
            if not kept.any():
                continue
            has_lines[line.owners[kept]] = True
            declared = rule.vouchers[plan_index].lines[line_index]
            _add_lines(
                context,
                line,
                kept,
                decisions,
                order=rule_index << 16 | plan_index,
                line_index=line_index,
                side=declared.side,
                swap=codes.swap_negative or declared.by_sign,
                ledger=codes.ledger,
                rule_line=declared.span.line,
                dimensions=tuple(d.dimension for d in declared.dimensions),
                is_draft=rule.review is not None,
            )
        owners = np.flatnonzero(has_lines)
        count = len(owners)
        if not count:
            continue

        def constant(code: int, count: int = count) -> Int32s:
            return np.full(count, code, dtype=np.int32)

        role = None if rule.review is None else constant(int(plan.review_roles[rule_index]))
        builder = context.builder
        (builder.vouchers if role is None else builder.drafts).append(
            VoucherChunk(
                decisions=decisions[owners],
                orders=np.full(count, rule_index << 16 | plan_index, dtype=np.int64),
                rules=constant(int(plan.rule_codes[rule_index])),
                ledgers=constant(codes.ledger_code),
                words=constant(codes.word_code),
                currencies=constant(codes.currency_code),
                scales=constant(codes.scale),
                revisions=constant(plan.revision_code),
                summaries=strings.codes(voucher.summaries[owner] for owner in owners.tolist()),
                roles=role,
            )
        )


def _add_lines(
    context: RunContext,
    line: LineColumns,
    kept: Bools,
    decisions: Int64s,
    *,
    order: int,
    line_index: int,
    side: Side,
    swap: bool,
    ledger: int,
    rule_line: int,
    dimensions: tuple[int, ...],
    is_draft: bool,
) -> None:
    plan, builder = context.plan, context.builder
    owners, amounts = line.owners[kept], line.amounts[kept]
    accounts, elements = line.accounts[kept], line.elements[kept]
    count = len(owners)
    debits = np.full(count, side is Side.DEBIT, dtype=np.bool_)
    currencies, foreign, rates = minor_columns(plan, line.foreign, kept)
    if swap:
        negative = (amounts < 0) | ((amounts == 0) & (foreign < 0))
        debits ^= negative
        amounts = np.where(negative, -amounts, amounts)
        foreign = np.where(negative, -foreign, foreign)
    columns = {
        dimension: codes[kept].astype(np.int32, copy=False)
        for dimension, codes in zip(dimensions, line.dimensions, strict=True)
    }
    (builder.draft_lines if is_draft else builder.lines).append(
        LineChunk(
            decisions=decisions[owners],
            orders=np.full(count, order, dtype=np.int64),
            places=(line_index << 32) + elements.astype(np.int64) + 1,
            debits=debits,
            amounts=amounts,
            accounts=plan.account_codes[accounts],
            account_names=plan.account_names[accounts],
            rule_lines=np.full(count, rule_line, dtype=np.int32),
            elements=elements.astype(np.int32, copy=False),
            currencies=currencies,
            foreign=foreign,
            rates=rates,
            dimensions={plan.dimension_wires[d]: column for d, column in columns.items()},
        )
    )
    if plan.specs and not is_draft:
        sides = (np.where(debits, amounts, 0), np.where(debits, 0, amounts))
        foreign = np.where(debits, foreign, -foreign)
        carried = columns | {CURRENCY_AXIS: currencies}
        move_balances(context, ledger, (accounts, *sides, foreign), carried, decisions[owners])


def _add_reads(
    context: RunContext,
    rule_index: int,
    result: RuleColumns,
    accepted: Bools,
    decisions: Int64s,
) -> None:
    rule = context.plan.program.rules[rule_index]
    for read in result.reads:
        kept = accepted[read.owners]
        if not kept.any():
            continue
        if rule.nodes[read.node].op is Op.TABLE_ROW:
            block = _table_reads(context, rule_index, read, kept, decisions)
        else:
            block = _keyed_reads(context, rule_index, result, read, kept)
        context.builder.reads.append(block)


def _table_reads(
    context: RunContext, rule_index: int, read: ReadColumns, kept: Bools, decisions: Int64s
) -> Int64s:
    plan = context.plan
    data = plan.program.rules[rule_index].nodes[read.node].data
    table = plan.program.tables[data if isinstance(data, int) else 0]
    count = int(kept.sum())
    block = np.empty((count, 10), dtype=np.int64)
    block[:, 0] = decisions[read.owners[kept]]
    block[:, 1] = plan.rule_codes[rule_index]
    block[:, 2] = read.node
    block[:, 3] = read.elements[kept]
    block[:, 4] = int(ReadKind.TABLE_ROW)
    block[:, 5] = context.overlay.strings.code(table.name)
    block[:, 6] = -1
    block[:, 7] = read.values[kept]
    block[:, 8] = -1
    block[:, 9] = read.known[kept]
    return block


def _keyed_reads(
    context: RunContext, rule_index: int, result: RuleColumns, read: ReadColumns, kept: Bools
) -> Int64s:
    batch = context.batches[context.plan.program.rules[rule_index].event_type]
    positions = batch.rows[result.rows[read.owners]].tolist()
    keys = [column.tolist() for column in read.keys]
    values, known, elements = read.values.tolist(), read.known.tolist(), read.elements.tolist()
    return np.array(
        [
            context.read_row(
                positions[place],
                (rule_index, read.node),
                elements[place],
                tuple(column[place] for column in keys),
                values[place] if known[place] else None,
            )
            for place in np.flatnonzero(kept).tolist()
        ],
        dtype=np.int64,
    )
