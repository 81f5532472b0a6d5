"""Decides events one after another through closures: small batches, and wherever order binds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.batch import TypedBatch
from engine.decide.balance_moves import add_line_balances
from engine.decide.builder import LineChunk, VoucherChunk
from engine.decide.context import Outcome, RunContext, awaits_review, failed
from engine.decide.foreign import minor_row
from engine.decide.plan import in_force
from engine.effects import Status
from engine.evaluate import evaluate_row
from engine.evaluate.outcome import RuleRow
from engine.program import CURRENCY_AXIS, Side


@dataclass(slots=True)
class _Rows:
    """Voucher and line rows of many events, turned into one chunk each at the end.

    `drafts`: the same of vouchers that wait for a review.
    """

    vouchers: list[tuple[int, ...]] = field(default_factory=list)
    lines: list[tuple[int, ...]] = field(default_factory=list)
    dimensions: list[tuple[tuple[int, int], ...]] = field(default_factory=list)
    reads: list[tuple[int, ...]] = field(default_factory=list)
    drafts: _Rows | None = None


def decide_in_order(context: RunContext, places: list[tuple[int, int, int]]) -> None:
    """Decides events in the given order; each sees what the ones before it did.

    Args:
        context: the run; outcomes, overlay and builder are written.
        places: (position in the run, event type index, index into its TypedBatch).
    """
    rows = _Rows(drafts=_Rows())
    for position, event_type, index in places:  # each event reads what earlier ones wrote
        context.outcomes[position] = _decide_event(context, rows, position, event_type, index)
    _flush(context, rows)


def _decide_event(
    context: RunContext, rows: _Rows, position: int, event_type: int, index: int
) -> Outcome:
    plan, batch = context.plan, context.batches[event_type]
    mark = context.overlay.mark()
    built = len(context.builder.targets)
    matched: list[tuple[int, RuleRow]] = []
    matches: dict[int, int] = {}
    day = int(batch.dates[index])
    for rule_index in plan.rules[event_type]:
        rule = plan.program.rules[rule_index]
        if not in_force(rule, day):
            continue
        row = evaluate_row(plan.linked, rule_index, batch, index, context.view)
        if failed(row.failure):
            return _undo(
                context,
                mark,
                built,
                context.failure(rule_index, row.failed_node, row.failure, row.message),
            )
        if not row.matched:
            continue
        for ledger in rule.ledgers:
            matches[ledger] = matches.get(ledger, 0) + 1
        for node, target, key, value in row.deltas:
            context.write_target(position, (rule_index, node), target, key, value)
        matched.append((rule_index, row))
    unexpected = context.expectation(event_type, matches)
    if unexpected is not None:
        return _undo(context, mark, built, unexpected)
    makes = any(voucher.lines for _, row in matched for voucher in row.vouchers)
    if makes:
        voucher_day = context.voucher_day(position, plan.program.event_types[event_type].late)
        if voucher_day is None:
            return _undo(context, mark, built, context.closed(position))
        context.builder.decisions[context.decisions[position]].voucher_date = voucher_day
    warning = ""
    asked = [(rule_index, move) for rule_index, row in matched for move in row.moves]
    if asked:
        ruled = context.rule_on_budgets(position, event_type, day, asked)
        if ruled is not None and ruled.status is not Status.NO_POSTING:
            return _undo(context, mark, built, ruled)
        warning = ruled.message if ruled is not None else ""
    for rule_index, row in matched:
        _accept(context, rows, position, rule_index, row)
        for read_node, element, read_key, seen in row.reads:
            place = (rule_index, read_node)
            rows.reads.append(context.read_row(position, place, element, read_key, seen))
    context.write_records(position, event_type, index)
    if position in context.drafted:
        return awaits_review(warning)
    if makes:
        return Outcome(Status.POSTED, "", warning)
    if warning:
        return Outcome(Status.NO_POSTING, "", warning)
    if any(row.vouchers for _, row in matched):
        return Outcome(Status.NO_POSTING, "ALL_ZERO", "every line comes to zero")
    return Outcome(Status.NO_POSTING)


def _undo(context: RunContext, mark: int, built: int, outcome: Outcome) -> Outcome:
    context.overlay.rollback(mark)
    del context.builder.targets[built:]
    return outcome


def _accept(context: RunContext, rows: _Rows, position: int, rule_index: int, row: RuleRow) -> None:
    plan, decision = context.plan, context.decisions[position]
    rule = plan.program.rules[rule_index]
    is_draft = rule.review is not None
    made = rows.drafts if is_draft and rows.drafts is not None else rows
    if is_draft and any(voucher.lines for voucher in row.vouchers):
        context.drafted.add(position)
    for voucher in row.vouchers:
        if not voucher.lines:
            continue
        codes = plan.vouchers[rule_index][voucher.plan]
        order = rule_index << 16 | voucher.plan
        made.vouchers.append(
            (
                decision,
                order,
                int(plan.rule_codes[rule_index]),
                codes.ledger_code,
                codes.word_code,
                codes.currency_code,
                codes.scale,
                plan.revision_code,
                context.overlay.strings.code(voucher.summary),
            )
        )
        moved = []
        for line_index, element, account, signed, values, part in voucher.lines:
            line = rule.vouchers[voucher.plan].lines[line_index]
            side, amount = line.side, signed
            currency, foreign, rate = minor_row(plan, part)
            is_negative = signed < 0 or (signed == 0 and foreign < 0)
            if is_negative and (codes.swap_negative or line.by_sign):
                side, amount, foreign = Side(1 - side), -signed, -foreign
            dimensions = tuple(
                (dimension.dimension, code)
                for dimension, code in zip(line.dimensions, values, strict=True)
                if code >= 0
            )
            made.lines.append(
                (
                    decision,
                    order,
                    line_index << 32 | (element + 1),
                    side is Side.DEBIT,
                    amount,
                    int(plan.account_codes[account]),
                    int(plan.account_names[account]),
                    line.span.line,
                    element,
                    currency,
                    foreign,
                    rate,
                )
            )
            made.dimensions.append(dimensions)
            if currency >= 0:
                dimensions = (*dimensions, (CURRENCY_AXIS, currency))
            moved.append((side, account, amount, dimensions, foreign))
        if plan.specs and not is_draft:
            add_line_balances(context, position, codes.ledger, moved)


def _flush(context: RunContext, rows: _Rows) -> None:
    """Appends the collected rows to the builder as one chunk each."""
    if rows.reads:
        context.builder.reads.append(np.array(rows.reads, dtype=np.int64))
    builder, drafts = context.builder, rows.drafts
    if rows.vouchers:
        builder.vouchers.append(_voucher_chunk(rows))
        builder.lines.append(_line_chunk(context, rows))
    if drafts is not None and drafts.vouchers:
        chunk = _voucher_chunk(drafts)
        chunk.roles = context.plan.review_roles[chunk.orders >> 16]
        builder.drafts.append(chunk)
        builder.draft_lines.append(_line_chunk(context, drafts))


def _voucher_chunk(rows: _Rows) -> VoucherChunk:
    columns = list(zip(*rows.vouchers, strict=True))
    wide = [np.array(column, dtype=np.int64) for column in columns[:2]]
    narrow = [np.array(column, dtype=np.int32) for column in columns[2:]]
    return VoucherChunk(*wide, *narrow)  # type: ignore[arg-type]  # as many as columns


def _line_chunk(context: RunContext, rows: _Rows) -> LineChunk:
    columns = list(zip(*rows.lines, strict=True))
    return LineChunk(
        decisions=np.array(columns[0], dtype=np.int64),
        orders=np.array(columns[1], dtype=np.int64),
        places=np.array(columns[2], dtype=np.int64),
        debits=np.array(columns[3], dtype=np.bool_),
        amounts=np.array(columns[4], dtype=np.int64),
        accounts=np.array(columns[5], dtype=np.int32),
        account_names=np.array(columns[6], dtype=np.int32),
        rule_lines=np.array(columns[7], dtype=np.int32),
        elements=np.array(columns[8], dtype=np.int32),
        currencies=np.array(columns[9], dtype=np.int32),
        foreign=np.array(columns[10], dtype=np.int64),
        rates=np.array(columns[11], dtype=np.int32),
        dimensions=_dimension_columns(context, rows.dimensions),
    )


def _dimension_columns(
    context: RunContext, lines: list[tuple[tuple[int, int], ...]]
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.int32]]]:
    wires = context.plan.dimension_wires
    columns: dict[str, np.ndarray[tuple[int], np.dtype[np.int32]]] = {}
    for place, dimensions in enumerate(lines):
        for index, code in dimensions:
            column = columns.get(wires[index])
            if column is None:
                column = columns[wires[index]] = np.full(len(lines), -1, dtype=np.int32)
            column[place] = code
    return columns


def places_in_order(batches: dict[int, TypedBatch]) -> list[tuple[int, int, int]]:
    """Every typed event of a run as (position, event type, index), by position."""
    places = [
        (int(position), event_type, index)
        for event_type, batch in batches.items()
        for index, position in enumerate(batch.rows.tolist())
        if index not in batch.problems
    ]
    places.sort()
    return places
