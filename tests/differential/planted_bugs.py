"""The planted bugs: one-line faults as they happen in compilers and vectorized evaluators."""

from __future__ import annotations

from tests.differential.planted_budget_bugs import BUDGET_BUGS
from tests.differential.planted_value_bugs import VALUE_BUGS
from tests.differential.planting import PlantedBug as Bug

MONEY = "engine.money:"
EVALUATE = "engine.evaluate."
DECIDE = "engine.decide."
LOWER = "rules_dsl.lower."

ARITHMETIC = (
    Bug(
        "closures round a negative half towards zero",
        EVALUATE + "closure_nodes:_write_round",
        "-(({half} - {num}) // {den})",
        "({num} + {half}) // {den}",
        "closures",
    ),
    Bug(
        "columns round a negative half towards zero",
        MONEY + "_round_narrow",
        "shifted += num >> 63",
        "shifted += 0",
        "columns",
    ),
    Bug(
        "half even settles on odd numbers",
        MONEY + "round_quotient",
        "floor % 2 == 1",
        "floor % 2 == 0",
        "closures",
    ),
    Bug(
        "rounding up goes towards zero below zero",
        MONEY + "_round_narrow",
        "((-num >> 63) & (divisor - 1))",
        "(divisor - 1)",
        "columns",
    ),
    Bug(
        "a product beyond int64 wraps",
        MONEY + "round_products",
        "if magnitude(a) * magnitude(b) <= INT64_MAX:",
        "if True:",
        "columns",
    ),
    Bug(
        "amounts are rounded down instead of half away from zero",
        LOWER + "arithmetic:round_value",
        "call.mode or RoundMode.HALF_AWAY",
        "RoundMode.DOWN",
    ),
    Bug(
        "min is max in closures",
        EVALUATE + "closure_nodes:_pure_text",
        'f"({a} if {a} <= {b} else {b})" if _is_short(a, b) else f"min({a}, {b})"',
        'f"max({a}, {b})"',
        "closures",
    ),
    Bug(
        "the sides of an if are swapped in columns",
        EVALUATE + "numeric_ops:_select",
        "_fitting(chosen), _fitting(other)",
        "_fitting(other), _fitting(chosen)",
        "columns",
    ),
    Bug(
        "an if evaluates both sides",
        LOWER + "graph:Graph.add",
        "active = self._realize(self.frame)",
        "active = None",
    ),
)

SPLITS = (
    Bug(
        "ties of a split go to the later element",
        EVALUATE + "split:_hand_out",
        "np.lexsort((-rests[elements], owners[elements]))",
        "np.lexsort((-elements, -rests[elements], owners[elements]))",
        "columns",
    ),
    Bug(
        "a split loses the sign of its total",
        EVALUATE + "split:split_shares",
        "shares if total > 0 else [-share for share in shares]",
        "shares",
        "closures",
    ),
    Bug(
        "the residue goes to the last of the largest",
        EVALUATE + "split:split_shares",
        "shares[weights.index(max(weights))] += left",
        "shares[len(weights) - 1 - weights[::-1].index(max(weights))] += left",
        "closures",
    ),
)

LISTS = (
    Bug(
        "the sum of an empty list takes its neighbour",
        MONEY + "_wrapping_sums",
        "return at[1:] - at[:-1]",
        "return at[1:] - at[:-1] if not len(values) else "
        "np.add.reduceat(values, np.minimum(offsets[:-1], len(values) - 1))",
        "columns",
    ),
    Bug(
        "an empty list counts one element",
        EVALUATE + "numeric_ops:_count",
        "frame.elements(shape).lengths",
        "np.maximum(frame.elements(shape).lengths, 1)",
        "columns",
    ),
    Bug(
        "empty lists shift what is repeated over elements",
        EVALUATE + "numeric_ops:_repeat",
        "value[frame.elements(shape).owners]",
        "value[np.repeat(np.arange(frame.count), np.maximum(frame.elements(shape).lengths, 1))"
        "[: frame.elements(shape).count]]",
        "columns",
    ),
    Bug(
        "elements of events left out by the guard are taken for those kept",
        EVALUATE + "frame:Frame._elements",
        "np.arange(len(owners)) + np.repeat(starts - own[:-1], lengths)",
        "np.arange(len(owners))",
        "columns",
    ),
)

TABLES = (
    Bug(
        "the last matching row of a table wins",
        EVALUATE + "tables:Grid.__init__",
        "in reversed(conditions)",
        "in conditions",
    ),
    Bug(
        "an else row is a row like others",
        LOWER + "tables:_Lowering._row",
        "row.is_else",
        "False",
    ),
    Bug(
        "a..b leaves b out and a..<b takes it in",
        LOWER + "tables:_Lowering._interval",
        "and item.exclusive",
        "and not item.exclusive",
    ),
    Bug(
        "text keys are looked up one place off",
        EVALUATE + "tables:TextColumn.__init__",
        "self._direct[self._codes + 1]",
        "self._direct[self._codes]",
        "columns",
    ),
    Bug(
        "a rate begins a day late",
        LOWER + "tables:_Lowering.rate",
        "Interval(first, until)",
        "Interval(first + 1, until)",
    ),
    Bug(
        "a set in a condition holds its first item only",
        EVALUATE + "link:_resolve",
        "for text in data)",
        "for text in data[:1])",
    ),
    Bug(
        "in a..b leaves b out",
        LOWER + "conditions:lower_in_range",
        '"<" if expr.exclusive else "<="',
        '"<"',
    ),
)

EVENTS = (
    Bug(
        "the default of an optional field is ignored",
        "engine.receive.scalars:Scalars._fill",
        "if field.default is not None:",
        "if False:",
    ),
    Bug(
        "a rule ends a day early",
        DECIDE + "plan:in_force",
        "day <= rule.valid_until",
        "day < rule.valid_until",
        "closures",
    ),
    Bug(
        "a late event keeps the day after the period it moved from",
        DECIDE + "context:RunContext.voucher_day",
        "return first_day(period)",
        "return first_day(next_period(period))",
    ),
    Bug(
        "a refusal wins over an earlier error",
        EVALUATE + "numeric:_refuse",
        "holds & ((frame.failed_node < 0) | (frame.failed_node > refusal.condition))",
        "holds",
        "columns",
    ),
)

STATE = (
    Bug(
        "a delta ignores earlier events of the batch",
        EVALUATE + "numeric_state:_previous",
        "values[order[:-1][same[1:]]]",
        "targets(tuple(key[order[1:][same[1:]]] for key in keys))",
        "columns",
    ),
    Bug(
        "levels forget the accounts a table can return",
        DECIDE + "plan:possible_accounts",
        "for row in program.tables[table].rows]",
        "for row in program.tables[table].rows[:1]]",
        "columns",
    ),
    Bug(
        "reading does not wait for writing",
        DECIDE + "levels:_Walk.level_after",
        "return after + 1",
        "return after + (access != Access.READ)",
        "columns",
    ),
    Bug(
        "balances are read without the entity",
        EVALUATE + "frame:Frame.keys",
        "self.select(self.batch.entities).astype(np.int64)",
        "np.full(self.count, int(self.batch.entities[0]), dtype=np.int64)",
        "columns",
    ),
    Bug(
        "a refused event writes its records",
        DECIDE + "sequential:_decide_event",
        "if failed(row.failure):",
        "if failed(row.failure) and (context.write_records(position, event_type, index) or True):",
        "closures",
    ),
    Bug(
        "what a refused event has set stays set",
        DECIDE + "sequential:_undo",
        "context.overlay.rollback(mark)",
        "pass",
        "columns",
    ),
    Bug(
        "a record's default counts where there is no record",
        EVALUATE + "numeric_state:_read_record",
        "np.flatnonzero(missing)[exists]",
        "np.flatnonzero(missing)",
        "columns",
    ),
)

VOUCHERS = (
    Bug(
        "debit and credit are swapped",
        DECIDE + "sequential:_accept",
        "side is Side.DEBIT",
        "side is not Side.DEBIT",
        "closures",
    ),
    Bug(
        "the dimensions of a line change places",
        EVALUATE + "lines:LineMaker._line",
        "for found in line.dimensions)",
        "for found in line.dimensions)[::-1]",
        "columns",
    ),
    Bug(
        "a line of zero is kept",
        EVALUATE + "closure_lines:_write_line",
        'writer.put(f"if {amount}:")',
        'writer.put("if True:")',
        "closures",
    ),
    Bug(
        "a missing dimension goes unnoticed",
        EVALUATE + "voucher_checks:_line",
        "if (found := program.accounts[account].required)",
        "if (found := program.accounts[account].required[1:])",
    ),
    Bug(
        "every ledger has the first one's policy for negative amounts",
        EVALUATE + "voucher_checks:_line",
        "program.ledgers[plan.ledger].negative",
        "program.ledgers[0].negative",
    ),
    Bug(
        "numbers begin anew in every commit",
        DECIDE + "assemble:_numbers",
        "last_numbers.get(key, 0)",
        "0",
        "auto",
    ),
    Bug(
        "entities share one series of numbers",
        DECIDE + "assemble:_numbers",
        "np.stack([entities, columns",
        "np.stack([entities * 0 + entities[0], columns",
    ),
)

BUGS = (
    *ARITHMETIC,
    *SPLITS,
    *LISTS,
    *TABLES,
    *EVENTS,
    *STATE,
    *VOUCHERS,
    *BUDGET_BUGS,
    *VALUE_BUGS,
)
