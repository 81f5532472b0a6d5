"""Planted bugs of voucher shapes, dates, spreading, parameters and ledger charts."""

from __future__ import annotations

from tests.differential.planting import PlantedBug as Bug

EVALUATE = "engine.evaluate."
LOWER = "rules_dsl.lower."

VALUE_BUGS = (
    Bug(
        "a line that goes by its sign stays where it is",
        LOWER + "lines:lower_line",
        "by_sign=line.by_sign",
        "by_sign=False",
    ),
    Bug(
        "lines of all accounts merge",
        EVALUATE + "merging:Merge.of_event",
        "self._accounts[account], carried",
        "0, carried",
        "closures",
    ),
    Bug(
        "a month is added without regard to its end",
        EVALUATE + "dates:add_months",
        "return min(start + day - first_of_month(index), first_of_month(index + months + 1) - 1)",
        "return start + day - first_of_month(index)",
        "closures",
    ),
    Bug(
        "columns end a month a day late",
        EVALUATE + "dates:_added_months",
        "count.astype(np.int64) + 1) - 1",
        "count.astype(np.int64) + 1)",
        "columns",
    ),
    Bug(
        "the day of a period is its last",
        EVALUATE + "dates:period_start_of",
        "int(month) - 1)",
        "int(month)) - 1",
    ),
    Bug(
        "every period gets what is due up to it",
        LOWER + "spreading:_cumulative",
        "before = graph.number_op(Op.SUB, (place, one), 0, span)",
        "before = graph.number_op(Op.SUB, (one, one), 0, span)",
    ),
    Bug(
        "the last period gets as much as the others",
        LOWER + "spreading:_last",
        "return select(scope, is_last, rest, each, span)",
        "return each",
    ),
    Bug(
        "a requirement of an element stands for all",
        EVALUATE + "closure_nodes:_write_require",
        'f"not {condition}"',
        '"False"',
        "closures",
    ),
    Bug(
        "a transfer between equal values makes lines",
        LOWER + "transfers:lower_transfer",
        "select(scope, same, nothing, whole, written.span)",
        "whole",
    ),
    Bug(
        "what is left is taken on the wrong side",
        LOWER + "remaining:_left",
        "other.side is not line.side",
        "other.side is line.side",
    ),
    Bug(
        "an entity has no value of its own",
        LOWER + "parameters:read_parameter",
        "for key in (every, entity):",
        "for key in (every,):",
    ),
    Bug(
        "an account of a table keeps the chart it was declared in",
        LOWER + "charts:in_chart",
        "if len(book.charts) <= 1:",
        "if True:",
    ),
)
