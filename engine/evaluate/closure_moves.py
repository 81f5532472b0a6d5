"""Writes the Python source that makes the budget moves of one rule for one event."""

from __future__ import annotations

from engine.evaluate.closure_lines import write_template
from engine.evaluate.closure_writer import Writer, as_list, loop
from engine.evaluate.failures import OUT_OF_RANGE
from engine.evaluate.outcome import MoveRow
from engine.limits import MAX_BUDGET_RAW
from engine.program import EVENT_SHAPE, NO_DATE, BudgetMove


def write_moves(writer: Writer) -> str:
    """Collects what every statement whose guard holds asks; returns the source of the list."""
    moves = writer.own.rule.moves
    if not moves:
        return "[]"
    writer.constant("MoveRow", MoveRow)
    writer.put("b = []")
    depth = writer.depth
    for number, move in enumerate(moves):
        if move.guard is not None:
            writer.put(f"if {writer.event(move.guard)}:")
            writer.depth += 1
        _write_move(writer, number, move)
        writer.depth = depth
    return "b"


def _write_move(writer: Writer, number: int, move: BudgetMove) -> None:
    """Adds the rows of one statement."""
    rest = _write_rest(writer, move)
    element = "-1"
    if move.each != EVENT_SHAPE:
        used = [*move.keys] if move.amount is None else [move.amount, *move.keys]
        writer.put(loop(writer, move.each, *used))
        writer.depth += 1
        element = "k"
    amount = "0"
    if move.amount is not None:
        amount = "q_amount"
        writer.put(f"{amount} = {writer.event(move.amount)}")
        writer.put(f"if {amount}:")
        writer.depth += 1
        _write_bounds(writer, move.amount, amount)
    keys = [_write_code(writer, f"q_key{at}", key) for at, key in enumerate(move.keys)]
    path = f"({', '.join(keys)},)" if keys else "()"
    writer.put(f"b.append(MoveRow({number}, {element}, {amount}, {path}, {rest}))")


def _write_rest(writer: Writer, move: BudgetMove) -> str:
    """Works out once what all rows of an event share; returns its source."""
    return ", ".join(
        [
            _write_day(writer, "q_day", move.day),
            _write_code(writer, "q_reference", move.reference),
            _write_code(writer, "q_group", move.group),
            _write_day(writer, "q_until", move.until),
            _write_roles(writer, move.roles),
            _write_code(writer, "q_reason", move.reason),
            _write_message(writer, move),
        ]
    )


def _write_code(writer: Writer, name: str, index: int | None) -> str:
    """A text's code, -1 where it is absent or empty."""
    if index is None:
        return "-1"
    writer.put(f"{name} = {writer.event(index)}")
    writer.put(f"if {name} == {writer.linked.empty}: {name} = -1")
    return name


def _write_day(writer: Writer, name: str, index: int | None) -> str:
    if index is None:
        return repr(NO_DATE)
    writer.put(f"{name} = {writer.event(index)}")
    return name


def _write_roles(writer: Writer, index: int | None) -> str:
    if index is None:
        return "()"
    shape = writer.node(index).shape
    given = f"({writer.event(index)},)"
    if shape != EVENT_SHAPE:
        given = as_list(writer, index, shape)
    there = f"c >= 0 and c != {writer.linked.empty}"
    writer.put(f"q_roles = tuple([c for c in {given} if {there}])")
    return "q_roles"


def _write_message(writer: Writer, move: BudgetMove) -> str:
    if move.message is None:
        return "''"
    writer.put(f"q_message = {write_template(writer, move.message)}")
    return "q_message"


def _write_bounds(writer: Writer, index: int, amount: str) -> None:
    """Fails where an amount leaves what a budget may hold, unless its bounds exclude that."""
    node = writer.node(index)
    if node.low < -MAX_BUDGET_RAW or node.high > MAX_BUDGET_RAW:
        writer.put(f"if not -{MAX_BUDGET_RAW} <= {amount} <= {MAX_BUDGET_RAW}:")
        writer.depth += 1
        writer.fail(len(writer.own.rule.nodes), OUT_OF_RANGE)
        writer.depth -= 1
