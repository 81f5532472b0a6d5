"""Evaluates a rule for one event through Python code generated from its nodes.

The fast path for few events: a rule becomes one function over Python lists. Everything is a
Python integer, so that nothing here can wrap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from engine.batch import TypedBatch
from engine.evaluate.closure_lines import write_template, write_vouchers
from engine.evaluate.closure_moves import write_moves
from engine.evaluate.closure_nodes import write_node
from engine.evaluate.closure_writer import Writer
from engine.evaluate.link import LinkedProgram, LinkedRule, roots
from engine.evaluate.outcome import NOT_FAILED, RuleRow, StateView, VoucherRow
from engine.evaluate.row_reader import RowReader, Run
from engine.program import Op, Refusal, Rule

#: The answer for every event whose guard does not hold; nobody writes to it.
UNMATCHED = RuleRow(matched=False)


def evaluate_row(
    linked: LinkedProgram, rule_index: int, batch: TypedBatch, index: int, state: StateView
) -> RuleRow:
    """Evaluates a rule for one event.

    Args:
        linked: the program.
        rule_index: into its rules.
        batch: typed rows of the rule's event type; it must not change while it is in use.
        index: into `batch.rows`.
        state: what the event sees.

    Returns:
        What `evaluate_columns` yields for the same event, to the last bit. A failed event has no
        vouchers and no deltas, and its reads up to the failed node.
    """
    readers = linked.readers.by_type
    reader = readers.get(batch.event_type)
    if reader is None or reader.batch is not batch:
        linked.check_strings(batch.strings)
        reader = readers[batch.event_type] = RowReader(batch)
    run = reader.runs.get(rule_index)
    if run is None:
        run = reader.runs[rule_index] = _compiled(linked, rule_index)(reader)
    return run(index, state)


def explanation_text(
    linked: LinkedProgram, rule_index: int, batch: TypedBatch, index: int, state: StateView
) -> str:
    """What a rule says of an event it has accepted, for people without accounting.

    Arguments are as in `evaluate_row`, with `state` what the event saw when it was decided. Gives
    the rule's `explain` sentence filled in; "" where it has none.
    """
    linked.check_strings(batch.strings)
    own = linked.rules[rule_index]
    template = own.rule.explanation
    if template is None:
        return ""
    bind = own.prepared.get("explanation")
    if bind is None:
        writer = Writer(linked, own, uses=_uses(own.rule))
        writer.quiet = True
        for node in _missing(writer, [part for part in template.parts if isinstance(part, int)]):
            write_node(writer, node)
        writer.put(f"return {write_template(writer, template)}")
        source, constants = _assemble(writer, own), writer.constants
        exec(compile(source, f"<explanation {rule_index}>", "exec"), constants)  # noqa: S102
        bind = own.prepared["explanation"] = constants["bind"]
    run = cast("Callable[[RowReader], Callable[[int, StateView], str]]", bind)(RowReader(batch))
    return run(index, state)


def _compiled(linked: LinkedProgram, rule_index: int) -> Callable[[RowReader], Run]:
    """The function that binds a rule to a batch; made once per linked rule."""
    own = linked.rules[rule_index]
    bind = own.prepared.get("closures")
    if bind is None:
        source, constants = rule_source(linked, rule_index)
        exec(compile(source, f"<rule {rule_index}>", "exec"), constants)  # noqa: S102
        bind = own.prepared["closures"] = constants["bind"]
    return cast("Callable[[RowReader], Run]", bind)


def rule_source(linked: LinkedProgram, rule_index: int) -> tuple[str, dict[str, object]]:
    """The generated source of a rule and the objects it names.

    The source defines `bind(reader)`, which returns `run(i, state)`.
    """
    own = linked.rules[rule_index]
    writer = Writer(linked, own, uses=_uses(own.rule))
    writer.constants |= {
        "NOT_FAILED": NOT_FAILED,
        "RuleRow": RuleRow,
        "UNMATCHED": UNMATCHED,
        "VoucherRow": VoucherRow,
    }
    _write_guard(writer, own)
    for index in range(own.rule.guard_count if own.rule.guard is not None else 0, len(own.data)):
        if own.needed[index]:
            write_node(writer, index)
        _write_refusals(writer, index, index + 1)
    made = write_vouchers(writer)
    moves = write_moves(writer)
    written = "w" if _writes_deltas(own.rule) else "[]"
    outcome = f"{made}, {written}, {writer.reads}, {moves}"
    writer.put(f"return RuleRow(True, -1, NOT_FAILED, '', {outcome})")
    return _assemble(writer, own), writer.constants


def _assemble(writer: Writer, own: LinkedRule) -> str:
    """Puts the binding of columns before the function and the list bounds at its start."""
    lines = ["def bind(reader):"]
    lines += [f"    {name} = {source}" for name, source in writer.bound.items()]
    lines.append("    def run(i, state):")
    shapes = [name[1:] for name in writer.bound if name[0] == "o" and name[1:].isdigit()]
    for shape in shapes:
        lines.append(f"        s{shape} = o{shape}[i]")
        lines.append(f"        t{shape} = o{shape}[i + 1]")
        lines.append(f"        n{shape} = t{shape} - s{shape}")
    if writer.reads == "r":
        lines.append("        r = []")
    if _writes_deltas(own.rule):
        lines.append("        w = []")
    lines += writer.lines
    lines.append("    return run")
    return "\n".join(lines) + "\n"


def _writes_deltas(rule: Rule) -> bool:
    return any(node.op is Op.DELTA for node in rule.nodes)


def _uses(rule: Rule) -> list[int]:
    """How often each node is referred to."""
    uses = [0] * len(rule.nodes)
    for root in roots(rule):
        uses[root] += 1
    for node in rule.nodes:
        for arg in node.args:
            uses[arg] += 1
        if node.active is not None:
            uses[node.active] += 1
    return uses


def _write_guard(writer: Writer, own: LinkedRule) -> None:
    """Evaluates the guard; a fault inside it makes the event match and fail.

    Refusals whose condition the guard shares count only once the guard holds or has failed.
    """
    rule = own.rule
    if rule.guard is None:
        return
    writer.before_fault = lambda index: _write_refusals(writer, 0, index)
    for index in range(rule.guard_count):
        if own.needed[index]:
            write_node(writer, index)
    writer.before_fault = None
    writer.put(f"if not {writer.event(rule.guard)}:")
    writer.put("    return UNMATCHED")
    _write_refusals(writer, 0, rule.guard_count)


def _write_refusals(writer: Writer, start: int, stop: int) -> None:
    """Writes the refusals whose condition is a node from `start` up to before `stop`."""
    found = [
        (refusal.condition, number, refusal)
        for number, refusal in enumerate(writer.own.rule.refusals)
        if start <= refusal.condition < stop
    ]
    for _, number, refusal in sorted(found, key=lambda entry: entry[:2]):
        _write_refusal(writer, number, refusal)


def _write_refusal(writer: Writer, number: int, refusal: Refusal) -> None:
    """Returns the refusal where its condition holds, evaluating what its message needs."""
    kept, quiet = dict(writer.values), writer.quiet
    writer.put(f"if {writer.event(refusal.condition)}:")
    writer.depth += 1
    writer.quiet = True
    for index in _missing(writer, [p for p in refusal.message.parts if isinstance(p, int)]):
        write_node(writer, index)
    message = write_template(writer, refusal.message)
    failure = f"{refusal.condition}, {-1 - number}, {message}"
    writer.put(f"return RuleRow(True, {failure}, [], [], {writer.reads})")
    writer.depth -= 1
    writer.values, writer.quiet = kept, quiet


def _missing(writer: Writer, wanted: list[int]) -> list[int]:
    """The nodes not evaluated yet that these need, themselves included, in order."""
    found: set[int] = set()
    while wanted:
        index = wanted.pop()
        if index not in writer.values and index not in found:
            found.add(index)
            node = writer.node(index)
            wanted += node.args
            wanted += [] if node.active is None else [node.active]
    return sorted(found)
