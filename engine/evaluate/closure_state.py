"""Writes the Python source that looks things up in tables and state for one event."""

from __future__ import annotations

from engine.errors import InvariantBroken
from engine.evaluate.closure_writer import (
    Expression,
    Writer,
    begin,
    end,
    write_fault,
    write_range_check,
    write_read,
)
from engine.evaluate.columns import absent_value
from engine.evaluate.failures import FAULT_CODES, MISSING_RECORD, OUT_OF_RANGE
from engine.evaluate.ledger_lists import NO_ELEMENTS, column_items, list_fault
from engine.evaluate.tables import Grid
from engine.program import INT64_MAX, INT64_MIN, LEDGER_SHAPE, NO_DATE, Kind, Node, Op


def _write_table_row(writer: Writer, index: int, node: Node) -> None:
    data = node.data
    if not isinstance(data, int):
        raise InvariantBroken("table index expected", data)
    name, depth = begin(writer, index, node, "-1")
    table = writer.linked.tables[data]
    places = []
    for at, (placer, arg) in enumerate(zip(table.placers, node.args, strict=True)):
        place = writer.constant(f"place{data}_{at}", placer)
        places.append(f"{place}({writer.event(arg)})")
    packed = " + ".join(places) or "0"
    if isinstance(table.search, Grid):
        writer.put(f"{name} = {writer.constant(f'grid{data}', table.search.items)}[{packed}]")
    else:
        writer.put(f"{name} = {writer.constant(f'find{data}', table.search.row)}({packed})")
    if not writer.quiet:
        writer.put(f"if {name} < 0:")
        writer.depth += 1
        write_read(writer, index, "()", "None")
        writer.fail(index, FAULT_CODES[writer.linked.program.tables[data].fault])
        writer.depth -= 1
        write_read(writer, index, "()", name)
    end(writer, index, node, depth)


def _key(writer: Writer, args: tuple[int, ...], *, entity: bool) -> str:
    """The source of a state key."""
    parts = [writer.bind("entities", "reader.entities()") + "[i]"] if entity else []
    for arg in args:
        text = writer.event(arg)
        parts.append(f"int({text})" if writer.node(arg).kind is Kind.BOOL else text)
    return f"({', '.join(parts)},)" if parts else "()"


def _write_record(writer: Writer, index: int, node: Node) -> None:
    data = writer.own.data[index]
    if not isinstance(data, tuple):
        raise InvariantBroken("record and field expected", data)
    record, position, default = data
    absent = repr(absent_value(node))
    name, depth = begin(writer, index, node, absent)
    writer.put(f"key = {_key(writer, node.args, entity=False)}")
    writer.put(f"{name} = state.record({record}, {position}, key)")
    write_read(writer, index, "key", name)
    writer.put(f"if {name} is None:")
    writer.depth += 1
    if default is None:
        if writer.quiet:
            writer.put(f"{name} = {absent}")
        else:
            writer.fail(index, MISSING_RECORD)
    else:
        missing = f"not state.has_record({record}, key)"
        write_fault(writer, index, missing, MISSING_RECORD, f"{name} = {absent}")
        writer.put("else:")
        writer.depth += 1
        writer.put(f"{name} = {int(default)!r}")
        writer.depth -= 1
    writer.depth -= 1
    write_range_check(writer, index, node, name)
    if node.kind is Kind.BOOL:
        writer.put(f"{name} = {name} != 0")
    end(writer, index, node, depth)


def _write_has_record(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "False")
    writer.put(f"key = {_key(writer, node.args, entity=False)}")
    writer.put(f"{name} = state.has_record({node.data!r}, key)")
    write_read(writer, index, "key", f"1 if {name} else None")
    end(writer, index, node, depth)


def _write_version(writer: Writer, index: int, node: Node) -> None:
    if not isinstance(node.data, tuple):
        raise InvariantBroken("record and field expected", node.data)
    record, position = node.data
    name, depth = begin(writer, index, node, repr(NO_DATE))
    writer.put(f"key = {_key(writer, node.args, entity=False)}")
    writer.put(f"{name} = state.version({record}, {position}, key)")
    write_read(writer, index, "key", f"None if {name} == {NO_DATE} else {name}")
    end(writer, index, node, depth)


def _write_balance(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "0")
    writer.put(f"key = {_key(writer, node.args, entity=True)}")
    # The names of these operations are those of the calls of the view.
    writer.put(f"{name} = state.{node.op.value}({node.data!r}, key)")
    write_read(writer, index, "key", name)
    write_range_check(writer, index, node, name)
    end(writer, index, node, depth)


def _write_delta(writer: Writer, index: int, node: Node) -> None:
    name, depth = begin(writer, index, node, "0")
    writer.put(f"key = {_key(writer, node.args[:-1], entity=True)}")
    writer.put(f"d = state.target({node.data!r}, key)")
    write_read(writer, index, "key", "d")
    new = writer.event(node.args[-1])
    if writer.node(node.args[-1]).is_wide:
        writer.put(f"a = {new}")
        new = "a"
        write_fault(writer, index, f"not {INT64_MIN} <= a <= {INT64_MAX}", OUT_OF_RANGE, "a = 0")
    if not writer.quiet:
        writer.put(f"w.append(({index}, {node.data!r}, key, {new}))")
    writer.put(f"{name} = {new} - d")
    write_range_check(writer, index, node, name)
    end(writer, index, node, depth)


def _write_ledger_list(writer: Writer, index: int, node: Node) -> None:
    data = node.data
    if not isinstance(data, int):
        raise InvariantBroken("list expected", data)
    writer.put(f"key = {_key(writer, node.args, entity=True)}")
    writer.put(f"l{data} = state.ledger_list({data}, key)")
    write_read(writer, index, "key", f"l{data}.recorded")
    writer.put(f"d = {writer.constant('list_fault', list_fault)}(l{data})")
    writer.put("if d >= 0:")
    writer.depth += 1
    if writer.quiet:
        writer.put(f"l{data} = {writer.constant('no_elements', NO_ELEMENTS)}")
    else:
        writer.fail(index, "d")
    writer.depth -= 1
    length = f"n{LEDGER_SHAPE + data}"
    writer.put(f"{length} = len(l{data}.accounts)")
    writer.values[index] = Expression(length)


def _write_column(writer: Writer, index: int, node: Node) -> None:
    data = node.data
    if not isinstance(data, tuple):
        raise InvariantBroken("list and column expected", data)
    place, column = data
    items = writer.constant("column_items", column_items)
    writer.put(f"v{index} = {items}(l{place}, {writer.constant(f'column{index}', column)})")
    writer.values[index] = Expression(f"x{index}", (index,))


STATE_WRITERS = {
    Op.TABLE_ROW: _write_table_row,
    Op.RECORD: _write_record,
    Op.HAS_RECORD: _write_has_record,
    Op.VERSION: _write_version,
    Op.BALANCE: _write_balance,
    Op.BALANCE_UNTIL: _write_balance,
    Op.TARGET: _write_balance,
    Op.DELTA: _write_delta,
    Op.LEDGER_LIST: _write_ledger_list,
    Op.COLUMN: _write_column,
}
