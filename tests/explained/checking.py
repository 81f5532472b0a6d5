"""Checks what one line says of itself against facts got another way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal

from engine.calls import LineView, VoucherView
from engine.explain import Explanation, explain_voucher
from engine.explain_lines import ExplainedLine
from engine.explain_text import explanation_lines
from engine.explain_tree import ExplainedStep
from engine.program import BalanceMeasure, FieldType
from engine.state.balances import BalanceSpec
from tests.explained.samples import Sample

#: Words a line of a voucher begins with.
_LINE_WORDS = ("debit", "credit", "借", "贷", "transfer", "内部划转")


def check_line(sample: Sample, voucher: VoucherView, line_no: int) -> set[str]:
    """Explains a line and checks it; gives the kinds of steps its tree has.

    Raises:
        AssertionError: something it says is not so.
    """
    explanation = explain_voucher(sample.book, voucher.name)
    line = explanation.lines[line_no - 1]
    assert line.agrees, (sample.name, voucher.name, line_no)
    assert line.recomputed == (line.line.debit, line.line.credit)
    _check_posted(sample, voucher, line_no)
    _check_places(sample, voucher, line)
    steps = list(_steps(line))
    _check_rows(sample, explanation, steps)
    _check_reads(sample, explanation, steps)
    _check_fields(sample, explanation, steps)
    _check_text(explanation, line)
    return {step.kind for step in steps}


def _steps(line: ExplainedLine) -> Iterator[ExplainedStep]:
    for root in (line.account, *line.amounts, *(step for _, step in line.dimensions)):
        yield from root.walk()


def _check_posted(sample: Sample, voucher: VoucherView, line_no: int) -> None:
    """The posted line is the one the reference evaluator books."""
    expected = sample.posted.get(voucher.name)
    if expected is None:
        return
    own, line = expected.lines[line_no - 1], voucher.lines[line_no - 1]
    sides = (own.amount, 0) if own.side.name == "DEBIT" else (0, own.amount)
    assert (own.account, *sides) == (line.account_code, line.debit, line.credit)
    assert dict(own.dimensions) == dict(line.dimensions)


def _check_places(sample: Sample, voucher: VoucherView, line: ExplainedLine) -> None:
    """Places and texts are those of the revision the line was posted under."""
    files = sample.sources[voucher.revision]

    def whole(place: str) -> str:
        path, _, number = place.rpartition(":")
        # What brackets wrap goes on below.
        return _spaced(" ".join(files[path][int(number) - 1 : int(number) + 7]))

    assert whole(line.place).startswith(_LINE_WORDS)
    assert line.text in whole(line.place)
    assert int(line.place.rpartition(":")[2]) == line.line.rule_line
    for step in _steps(line):
        if step.place:
            assert step.text, step
            assert step.text in whole(step.place), step
        if step.kind in ("let", "split", "delta"):
            assert step.name in whole(step.place), step


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _check_rows(sample: Sample, explanation: Explanation, steps: list[ExplainedStep]) -> None:
    """Rows named are those the reference found, and hold what the step's value says."""
    facts = sample.facts.get((explanation.event.source, explanation.event.event_id))
    files = sample.sources[explanation.voucher.revision]
    for step in steps:
        if step.kind not in ("table", "rate"):
            continue
        said = dict(step.facts)
        places = [text for name, text in step.facts if name == "row_place"]
        assert places, step
        for place in places:
            path, _, number = place.rpartition(":")
            assert _spaced(files[path][int(number) - 1]).startswith("|")
        path, _, number = places[-1].rpartition(":")
        assert said["row_cells"].count("|") > 2
        assert said["row_cells"] in _spaced(files[path][int(number) - 1])
        if facts is not None:
            assert set(places) <= facts.rows, step
        if step.kind == "table" and len(places) == 1 and step.value.endswith(")"):  # an account
            assert step.value.partition(" (")[0] in said["row_cells"]


def _check_reads(sample: Sample, explanation: Explanation, steps: list[ExplainedStep]) -> None:
    """Records and targets hold what the reference read; balances what earlier lines add up to."""
    facts = sample.facts.get((explanation.event.source, explanation.event.event_id))
    for step in steps:
        said = dict(step.facts)
        if step.kind in ("record", "parameter") and "written_by" in said:
            _check_writer(sample, step, said["written_by"])
        if step.kind == "record" and facts is not None:
            assert step.name in {name for name, _ in facts.records}, step
        if step.kind == "delta" and "before" in said and facts is not None:
            before = said["before"].partition(" ")[0].replace(".", "")
            assert (said["target"], int(before)) in facts.targets, step
    for read in explanation.reads:
        if read.kind == "balance":
            expected = _balances_before(sample, explanation, read.name, json.loads(read.key))
            assert int(Decimal(read.value) * 10**explanation.voucher.scale) in expected, read


def _check_writer(sample: Sample, step: ExplainedStep, writer: str) -> None:
    """The event named carried the record's value."""
    match = re.match(r"(.*)/([^/]*) \(", writer)
    assert match is not None
    event = sample.events.get((match[1], match[2]))
    if event is None:  # of a kept book
        return
    texts = {str(value) for value in event.values()}
    number = re.match(r"-?[0-9.]+", step.value)
    shown = step.value.removesuffix("%")
    assert (
        shown in texts
        or any(_equal(text, step.value) for text in texts)
        or not number  # a code, by its author's name
    ), (step, event)


def _equal(text: str, shown: str) -> bool:
    found = re.fullmatch(r"(-?[0-9.]+)(%?).*", shown)
    if found is None or not re.fullmatch(r"-?[0-9.]+", text):
        return False
    value = Decimal(found[1]) / 100 if found[2] else Decimal(found[1])
    return Decimal(text) == value


def _balances_before(
    sample: Sample, explanation: Explanation, name: str, key: list[str | int]
) -> set[int]:
    """What earlier lines add up to on the accounts of a read: sums over posted vouchers.

    Several where the rules read the same accounts by different dimensions.
    """
    is_until = name.startswith("until ")
    found = set()
    for spec in sample.book.plan(explanation.voucher.revision).specs:
        if spec.name != name.removeprefix("until ") or spec.by_account:
            continue
        wanted = key[1:-1] if spec.by_period else key[1:]
        total = 0
        for other in _vouchers_before(sample, explanation):
            if (other.entity, other.ledger) != (key[0], spec.ledger):
                continue
            period = int(other.period.replace("-", ""))
            if spec.by_period and not (period <= key[-1] if is_until else period == key[-1]):
                continue
            for line in other.lines:
                carried = dict(line.dimensions)
                if line.account_code not in spec.accounts:
                    continue
                if [carried.get(each) for each in spec.dimensions] == wanted:
                    total += _measured(spec, line)
        found.add(total)
    return found


def _measured(spec: BalanceSpec, line: LineView) -> int:
    """What a line adds to a balance."""
    match spec.measure:
        case BalanceMeasure.DEBITS:
            return line.debit
        case BalanceMeasure.CREDITS:
            return line.credit
        case _:
            return (line.debit - line.credit) * (1 if spec.debit_side else -1)


def _vouchers_before(sample: Sample, explanation: Explanation) -> Iterator[VoucherView]:
    """Vouchers of events decided before; by the reference, or by the order they were sent in."""
    voucher = explanation.voucher
    if sample.posted:
        events = [(sample.decided[name], name) for name in sample.posted]
        own = sample.decided[voucher.name]
        earlier = {name for place, name in events if place < own}
        yield from (other for other in sample.vouchers() if other.name in earlier)
        return
    order = {name: place for place, name in enumerate(sample.events)}
    own_place = order.get((explanation.event.source, explanation.event.event_id), -1)
    for other in sample.vouchers():
        place = order.get((other.source, other.event_id), -1)
        before = other.seq < voucher.seq if own_place < 0 or place < 0 else place < own_place
        if before:
            yield other


def _check_fields(sample: Sample, explanation: Explanation, steps: list[ExplainedStep]) -> None:
    """A field's value is what the event carries, or its declared default."""
    program = sample.book.program(explanation.voucher.revision)
    kind = next(one for one in program.event_types if one.wire == explanation.event.type)
    declared = {one.name: one for one in kind.fields}
    for step in steps:
        own = declared.get(step.name) if step.kind == "field" else None
        if own is None or own.wire not in explanation.fields:
            continue
        sent = explanation.fields[own.wire]
        if own.type is FieldType.NUMBER:
            assert _equal(str(sent), step.value), (step, sent)
        elif own.type is FieldType.TEXT and not own.codes:
            assert step.value == sent, (step, sent)


def _check_text(explanation: Explanation, line: ExplainedLine) -> None:
    """What a person reads names the line's place, its rule, its basis and every row."""
    text = "\n".join(explanation_lines(explanation, line_no=line.line.line_no))
    wanted = [line.place, line.text, explanation.rule_place, explanation.basis]
    for step in _steps(line):
        wanted += [value for name, value in step.facts if name in ("row_place", "written_by")]
    for each in wanted:
        assert each in text, each
    assert ("equal to the posted amounts" in text) or ("与已过账金额一致" in text)
