"""Writes the Python source that makes the vouchers of one rule for one event, and checks them."""

from __future__ import annotations

from engine.evaluate.closure_writer import Writer, loop
from engine.evaluate.failures import (
    MISSING_DIMENSION,
    NEGATIVE_AMOUNT,
    OUT_OF_RANGE,
    UNBALANCED,
)
from engine.evaluate.outcome import LineRow, VoucherRow
from engine.evaluate.text import day_text, flag_text
from engine.evaluate.voucher_checks import (
    NOT_ON_LINE,
    BalanceCheck,
    LinePlan,
    VoucherChecks,
    voucher_checks,
)
from engine.limits import MAX_AMOUNT_MINOR
from engine.money import format_minor
from engine.program import EVENT_SHAPE, Kind, LineDimension, Op, Template


def write_template(writer: Writer, template: Template) -> str:
    """The source of a template's text."""
    parts = []
    for part in template.parts:
        if isinstance(part, str):
            parts.append(writer.constant(f"text{len(writer.constants)}", part))
        else:
            parts.append(_place(writer, part))
    return " + ".join(parts) or "''"


def _place(writer: Writer, index: int) -> str:
    """The source of a node's value as text."""
    node, value = writer.node(index), writer.event(index)
    match node.kind:
        case Kind.TEXT:
            return f"{writer.bind('text', 'reader.strings.text')}({value})"
        case Kind.NUMBER:
            return f"{writer.constant('format_minor', format_minor)}({value}, {node.scale})"
        case Kind.DATE:
            return f"{writer.constant('day_text', day_text)}({value})"
        case Kind.BOOL:
            return f"{writer.constant('flag_text', flag_text)}({value})"
        case Kind.ACCOUNT:
            codes = [account.code for account in writer.linked.program.accounts]
            return f"{writer.constant('account_codes', codes)}[{value}]"


def write_vouchers(writer: Writer) -> str:
    """Makes every voucher whose guard holds; returns the source of the list of them."""
    rule = writer.own.rule
    names = []
    for number, checks in enumerate(voucher_checks(writer.linked.program, rule)):
        if checks.plan.guard is None:
            _write_voucher(writer, number, checks)
            names.append(f"m{number}")
        else:
            writer.put(f"if {writer.event(checks.plan.guard)}:")
            writer.depth += 1
            _write_voucher(writer, number, checks)
            writer.depth -= 1
            writer.put("else:")
            writer.put(f"    m{number} = None")
            names.append(f"m{number}")
    guarded = any(plan.guard is not None for plan in rule.vouchers)
    made = f"[{', '.join(names)}]"
    return f"[m for m in {made} if m is not None]" if guarded else made


def _write_voucher(writer: Writer, number: int, checks: VoucherChecks) -> None:
    """Makes one voucher in `m<number>`; its lines are collected in `l`."""
    writer.put("l = []")
    _write_event_dimensions(writer, checks)
    terms = []
    for place, line in enumerate(checks.lines):
        if line.line.each == EVENT_SHAPE:
            amount = _write_line(writer, place, line, "-1")
        else:
            amount = _write_each(writer, place, line)
        terms.append(f"{'+' if line.sign > 0 else '-'} {amount}")
    total = " ".join(terms)
    if total:
        writer.put(f"if {total}:")
        _put_fail(writer, UNBALANCED)
    for check in checks.balances:
        _write_balance_check(writer, checks, check)
    if checks.merge is not None:
        merged = writer.constant(f"merged{number}", checks.merge.of_event)
        writer.put(f"l = {merged}(l)")
        writer.put("if l is None:")
        _put_fail(writer, OUT_OF_RANGE)
    summary = write_template(writer, checks.plan.summary)
    writer.constant("VoucherRow", VoucherRow)
    writer.put(f"m{number} = VoucherRow({number}, {summary}, l)")


def _write_event_dimensions(writer: Writer, checks: VoucherChecks) -> None:
    """Works out once what lines carry of the event itself."""
    done = set()
    for line in checks.lines:
        for found in line.line.dimensions:
            name = _event_dimension(writer, found)
            if name not in done and _is_of_event(writer, found):
                writer.put(f"{name} = {_carried(writer, found)}")
                done.add(name)


def _is_of_event(writer: Writer, found: LineDimension) -> bool:
    """Whether a dimension is the same for all elements of an event."""
    indices = [found.value] if found.given is None else [found.value, found.given]
    return not any(writer.values[index].leaves for index in indices)


def _event_dimension(writer: Writer, found: LineDimension) -> str:
    """The name of an event's own dimension; a value repeated over a list has one name."""
    parts = ["e"]
    for index in (found.value, found.given):
        if index is not None:
            text = writer.event(index)
            parts.append(text if text.isalnum() else f"node{index}")
    return "_".join(parts)


def _carried(writer: Writer, found: LineDimension) -> str:
    """The source of a dimension's code, -1 where it is not carried."""
    value = writer.event(found.value)
    # The empty text is not carried, as if it were absent.
    carried = f"{value} if {value} != {writer.linked.empty} else -1"
    if found.given is not None:
        carried = f"({carried}) if {writer.event(found.given)} else -1"
    return carried


def _put_fail(writer: Writer, fault: int) -> None:
    writer.depth += 1
    writer.fail(len(writer.own.rule.nodes), fault)
    writer.depth -= 1


def _write_each(writer: Writer, place: int, plan: LinePlan) -> str:
    """Writes a line per element of a list; returns the source of the sum of its amounts."""
    line = plan.line
    indices = [line.account, line.amount]
    for found in line.dimensions:
        indices += [found.value] if found.given is None else [found.value, found.given]
    if line.foreign is not None:
        indices += [line.foreign.currency, line.foreign.amount, line.foreign.rate]
    total = f"u{place}"
    writer.put(f"{total} = 0")
    writer.put(loop(writer, line.each, *indices))
    writer.depth += 1
    amount = _write_line(writer, place, plan, "k")
    writer.put(f"{total} += {amount}")
    writer.depth -= 1
    return total


def _write_line(writer: Writer, place: int, plan: LinePlan, element: str) -> str:
    """Writes a line with its checks; returns the source of its amount."""
    line = plan.line
    amount = writer.event(line.amount)
    if len(amount) > 6:
        writer.put(f"a{place} = {amount}")
        amount = f"a{place}"
    foreign = "None"
    if line.foreign is None:
        writer.put(f"if {amount}:")
    else:
        part = line.foreign
        writer.put(f"f{place} = {writer.event(part.amount)}")
        writer.put(f"if {amount} or f{place}:")
        foreign = f"({writer.event(part.currency)}, f{place}, {writer.event(part.rate)})"
    writer.depth += 1
    if plan.may_exceed:
        writer.put(f"if not -{MAX_AMOUNT_MINOR} <= {amount} <= {MAX_AMOUNT_MINOR}:")
        _put_fail(writer, OUT_OF_RANGE)
    if plan.rejects_negative:
        writer.put(f"if {amount} < 0:")
        _put_fail(writer, NEGATIVE_AMOUNT)
    names = []
    for position, found in enumerate(line.dimensions):
        if _is_of_event(writer, found):
            names.append(_event_dimension(writer, found))
        else:
            writer.put(f"d{position} = {_carried(writer, found)}")
            names.append(f"d{position}")
    account = writer.event(line.account)
    _write_required(writer, plan, account, names)
    dimensions = f"({', '.join(names)},)" if names else "()"
    writer.put(f"l.append(({place}, {element}, {account}, {amount}, {dimensions}, {foreign}))")
    writer.depth -= 1
    return amount


def _write_required(writer: Writer, plan: LinePlan, account: str, names: list[str]) -> None:
    """Fails where the account requires a dimension that the line does not carry."""
    if not plan.required:
        return
    for wanted in sorted(set(plan.required.values())):
        tests = [
            "True" if position == NOT_ON_LINE else f"{names[position]} < 0" for position in wanted
        ]
        accounts = [index for index, found in plan.required.items() if found == wanted]
        condition = " or ".join(tests)
        if writer.node(plan.line.account).op is not Op.CONST:
            needing = writer.constant(f"needing{len(writer.constants)}", frozenset(accounts))
            condition = f"{account} in {needing} and ({condition})"
        writer.put(f"if {condition}:")
        _put_fail(writer, MISSING_DIMENSION)


def _write_balance_check(writer: Writer, checks: VoucherChecks, check: BalanceCheck) -> None:
    """Fails where a balancing dimension does not balance by itself.

    The short test asks whether each group of lines balances. Where one does not, or where the
    lines of a group differ by element, the sums by value decide.
    """
    tests: list[str] = []
    for group in check.groups:
        if group.each != EVENT_SHAPE:
            tests = []
            break
        terms = []
        for place in group.lines:
            plan = checks.lines[place]
            each = plan.line.each != EVENT_SHAPE
            amount = f"u{place}" if each else writer.event(plan.line.amount)
            terms.append(f"{'+' if plan.sign > 0 else '-'} {amount}")
        tests.append(f"({' '.join(terms)})")
    signs = tuple(plan.sign for plan in checks.lines)
    name = f"unbalanced{len(writer.constants)}"
    writer.constant(name, _UnbalancedTest(signs, check.positions))
    condition = f"{name}(l)"
    if tests:
        condition = f"({' or '.join(tests)}) and {condition}"
    writer.put(f"if {condition}:")
    _put_fail(writer, UNBALANCED)


class _UnbalancedTest:
    """Whether the lines of one voucher do not balance for some value of a dimension."""

    __slots__ = ("_positions", "_signs")

    def __init__(self, signs: tuple[int, ...], positions: tuple[int, ...]) -> None:
        """Keeps, per declared line, its sign and where it carries the dimension."""
        self._signs = signs
        self._positions = positions

    def __call__(self, lines: list[LineRow]) -> bool:
        """Adds the lines up by value."""
        sums: dict[int, int] = {}
        for place, _, _, amount, dimensions, _ in lines:
            position = self._positions[place]
            value = -1 if position == NOT_ON_LINE else dimensions[position]
            sums[value] = sums.get(value, 0) + self._signs[place] * amount
        return any(sums.values())
