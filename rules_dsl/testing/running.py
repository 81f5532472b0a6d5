"""Runs the `test` blocks of a rule book: its events, records and vouchers; budgets in `budgets`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.book import Book
from engine.calendar import iso_day
from engine.calls import Call, EventResult, VoucherView
from engine.decimals import format_minor, format_plain
from engine.effects import Status
from engine.program import EventType, Field, FieldType, ListType, Program, Side
from rules_dsl import syntax
from rules_dsl.testing.budgets import BudgetSteps
from rules_dsl.testing.mismatch import Mismatch, minor_amount, status_words

#: Business date of a test that does not say `at`.
DEFAULT_DAY = 20454  # 2026-01-01

_STATUSES = {
    "no_posting": Status.NO_POSTING,
    "refused": Status.REJECTED_RULE,
    "unposted": Status.UNPOSTED,
    "invalid": Status.INVALID,
    "rejected": Status.REJECTED_BUDGET,
    "held": Status.HELD,
}

#: A line as compared: side, account code, amount in minor units, dimensions by wire name.
LineKey = tuple[str, str, int, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class TestResult:
    """Result of one test block. `message`: what differs, for people; "" where it passed."""

    __test__ = False

    name: str
    path: str
    line: int
    passed: bool
    message: str


def run_tests(program: Program, files: Sequence[syntax.File]) -> list[TestResult]:
    """Runs every test block, in file order."""
    names = _Names(program, files)
    results = []
    for file in files:
        for declaration in file.declarations:
            if isinstance(declaration, syntax.TestDecl):
                message = _run(program, names, declaration)
                results.append(
                    TestResult(
                        declaration.name, file.path, declaration.span.line, not message, message
                    )
                )
    return results


def _run(program: Program, names: _Names, test: syntax.TestDecl) -> str:
    runner = _Runner(program, names, test)
    try:
        for step in test.steps:
            runner.step(step)
        runner.finish()
    except Mismatch as mismatch:
        return str(mismatch)
    return ""


class _Names:
    """Author's names of a rule book, resolved to wire names, codes and accounts."""

    def __init__(self, program: Program, files: Sequence[syntax.File]) -> None:
        self.program = program
        self.events = {kind.name: kind for kind in program.event_types}
        self.accounts = {account.role: account.code for account in program.accounts}
        self.dimensions = {dimension.name: dimension.wire for dimension in program.dimensions}
        self.codes = {
            value.name: value.wire
            for file in files
            for declaration in file.declarations
            if isinstance(declaration, syntax.CodeDecl)
            for value in declaration.values
        }


@dataclass(slots=True)
class _Runner:
    """One test under way: its book, the last event's result and what is expected of it."""

    program: Program
    names: _Names
    test: syntax.TestDecl
    book: Book = field(init=False)
    budgets: BudgetSteps = field(init=False)
    posted: int = 0
    last: EventResult | None = None
    exact: list[syntax.ExpectVoucher] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Opens an empty book under the program."""
        self.book = Book.in_memory([self.program])
        self.budgets = BudgetSteps(self.program, self.book, self.names.codes, self._day)

    @property
    def _day(self) -> int:
        """The business date of the test."""
        return self.test.date if self.test.date is not None else DEFAULT_DAY

    def step(self, step: syntax.TestStep) -> None:
        """Carries out one step."""
        match step:
            case syntax.GivenEvent():
                self.finish()
                self._post(step)
            case syntax.GivenRecord():
                self._give_record(step)
            case syntax.GivenBalance():
                self._give_balance(step)
            case syntax.ExpectVoucher() if step.partial:
                self._expect_part(step)
            case syntax.ExpectVoucher():
                self.exact.append(step)
            case syntax.ExpectStatus():
                self._expect_status(step)
            case syntax.GivenBudget():
                self.finish()
                self.budgets.give(step)
            case syntax.ExpectMove():
                self.budgets.expect_move(step, self._last_result())
            case syntax.ExpectAvailable():
                self.budgets.expect_available(step)

    def finish(self) -> None:
        """Compares the exact vouchers expected of the last event."""
        expected, self.exact = self.exact, []
        if not expected:
            return
        result = self._posted_result()
        made = [self.book.voucher(name) for name in result.vouchers]
        wanted = Counter(_frozen(self._lines(voucher.lines)) for voucher in expected)
        found = Counter(_frozen(_view_lines(view)) for view in made)
        if wanted != found:
            raise Mismatch(self._difference(wanted, found))
        summaries = Counter(v.summary for v in expected if v.summary is not None)
        missing = summaries - Counter(view.summary for view in made)
        if missing:
            raise Mismatch(
                f"expected the summary {next(iter(missing))!r}, "
                f"found {', '.join(repr(view.summary) for view in made)}"
            )

    def _posted_result(self) -> EventResult:
        result = self._last_result()
        if result.status is not Status.POSTED:
            raise Mismatch(f"expected a voucher, but the event is {status_words(result)}")
        return result

    def _post(self, step: syntax.GivenEvent) -> None:
        kind = self.names.events[step.event.text]
        self.posted += 1
        event: dict[str, object] = {
            "id": f"test-{self.posted}",
            "type": kind.wire,
            "date": iso_day(self._day),
        }
        fields = {declared.name: declared for declared in kind.fields}
        for name, value in step.values:
            declared = fields[name.text]
            event[declared.wire] = self._value(kind, declared, value)
        self.last = self.book.post([Call(events=[event])])[0].results[0]

    def _value(self, kind: EventType, declared: Field, value: syntax.GivenValue) -> object:
        if declared.type is FieldType.LIST and isinstance(value, syntax.ListValue):
            items = kind.lists[kind.fields.index(declared)]
            return self._items(items, value)
        return self._scalar(declared, value)

    def _items(self, items: ListType, value: syntax.ListValue) -> object:
        fields = {item.name: item for item in items.fields}
        if items.form == "values":
            return [self._scalar(items.fields[0], item) for item in value.items]
        records = []
        for item in value.items:
            if isinstance(item, syntax.RecordValue):
                records.append(
                    {
                        fields[name.text].wire: self._scalar(fields[name.text], part)
                        for name, part in item.values
                    }
                )
        if items.form == "map":
            return {str(record["key"]): record["value"] for record in records}
        return records

    def _scalar(self, declared: Field, value: syntax.GivenValue) -> object:
        match value:
            case syntax.Number():
                return format_plain(value.digits, value.decimals)
            case syntax.Unary() if isinstance(value.operand, syntax.Number):
                return "-" + format_plain(value.operand.digits, value.operand.decimals)
            case syntax.Text():
                return value.value
            case syntax.Flag():
                return value.value
            case syntax.Date():
                return iso_day(value.days)
            case syntax.Name():
                return (
                    self.names.codes.get(value.text, value.text) if declared.codes else (value.text)
                )
        raise Mismatch(f"{declared.name} cannot take this value in a test; write a literal")

    def _key(self, value: syntax.Expr) -> int:
        pool = self.book.state.pool
        match value:
            case syntax.Text():
                return pool.intern(value.value)
            case syntax.Name():
                return pool.intern(self.names.codes.get(value.text, value.text))
            case syntax.Date():
                return value.days
            case syntax.Number():
                return value.digits
        raise Mismatch("a key in a test is a literal")

    def _give_record(self, step: syntax.GivenRecord) -> None:
        record = next(r for r in self.program.records if r.name == step.record.text)
        declared = {part.name: part for part in record.fields}
        key = tuple(self._key(part) for part in step.keys)
        if record.dated:
            key = (*key, self._day if step.day is None else step.day)
        elif step.day is not None:
            raise Mismatch(f"{record.name} has no versions by date; leave out its date")
        values: dict[str, int | tuple[int, int]] = {}
        for name, value in step.values:
            kind = declared[name.text].type
            if isinstance(value, syntax.Number) and kind is FieldType.NUMBER:
                values[name.text] = (value.digits, value.decimals)
            elif isinstance(value, syntax.Flag):
                values[name.text] = (int(value.value), 0)
            elif isinstance(value, syntax.Date):
                values[name.text] = (value.days, 0)
            else:
                values[name.text] = self._key(value)
        self.book.state.records.setdefault(record.name, {}).setdefault(key, {}).update(values)
        self.book.state.versions.note(record.name, key)

    def _give_balance(self, step: syntax.GivenBalance) -> None:
        code = self.names.accounts[step.account.text]
        amount = minor_amount(step.amount, self.program.ledgers[0].scale)
        given = {
            self.names.dimensions[part.dimension.text]: self._key(part.value)
            for part in step.keys
            if part.value is not None
        }
        entity = self.book.state.pool.intern("C01")
        for spec, balances in self.book.state.balances.items():
            if code in spec.accounts and set(spec.dimensions) <= given.keys():
                key = (entity, *(given[wire] for wire in spec.dimensions))
                balances[key] = balances.get(key, 0) + amount

    def _expect_part(self, step: syntax.ExpectVoucher) -> None:
        result = self._posted_result()
        wanted = Counter(self._lines(step.lines))
        for name in result.vouchers:
            view = self.book.voucher(name)
            if not wanted - Counter(_view_lines(view)) and step.summary in (None, view.summary):
                return
        found = Counter(_frozen(_view_lines(self.book.voucher(name))) for name in result.vouchers)
        raise Mismatch(self._difference(Counter([_frozen(wanted.elements())]), found))

    def _last_result(self) -> EventResult:
        if self.last is None:
            raise Mismatch("the test expects something before it gives an event")
        return self.last

    def _expect_status(self, step: syntax.ExpectStatus) -> None:
        result = self._last_result()
        if step.status == "warned":
            self.budgets.expect_warned(result)
            return
        if result.status is not _STATUSES[step.status] or (
            step.reason and result.reason != step.reason
        ):
            wanted = f"{step.status.replace('_', ' ')} {step.reason}".strip()
            raise Mismatch(f"expected {wanted}, but the event is {status_words(result)}")

    def _lines(self, lines: Sequence[syntax.LineDecl]) -> Iterator[LineKey]:
        scale = self.program.ledgers[0].scale
        for line in lines:
            account = line.account
            role = account.text if isinstance(account, syntax.Name) else account.name.text
            yield (
                "debit" if line.side is Side.DEBIT else "credit",
                self.names.accounts[role],
                minor_amount(line.amount, scale),
                tuple(
                    sorted(
                        (self.names.dimensions[part.dimension.text], self._dimension(part))
                        for part in line.dimensions
                    )
                ),
            )

    def _dimension(self, part: syntax.DimensionArg) -> str:
        match part.value:
            case syntax.Text():
                return part.value.value
            case syntax.Name():
                return self.names.codes.get(part.value.text, part.value.text)
            case syntax.Number():
                return format_plain(part.value.digits, part.value.decimals)
        raise Mismatch(
            f"write the value of {part.dimension.text}, as in `by {part.dimension.text} = …`"
        )

    def _difference(
        self, wanted: Counter[tuple[LineKey, ...]], found: Counter[tuple[LineKey, ...]]
    ) -> str:
        """Lines that are missing (−) and lines too many (+), account by account."""
        missing = Counter(line for voucher in (wanted - found).elements() for line in voucher)
        extra = Counter(line for voucher in (found - wanted).elements() for line in voucher)
        rows = ["the vouchers differ:"]
        rows += [f"  - {self._words(line)}" for line in (missing - extra).elements()]
        rows += [f"  + {self._words(line)}" for line in (extra - missing).elements()]
        if len(rows) == 1:
            rows.append("  the same lines stand on other vouchers")
        return "\n".join(rows)

    def _words(self, line: LineKey) -> str:
        side, code, amount, dimensions = line
        role = next((role for role, own in self.names.accounts.items() if own == code), code)
        wires = {wire: name for name, wire in self.names.dimensions.items()}
        carried = ", ".join(f"{wires.get(wire, wire)} = {value}" for wire, value in dimensions)
        scale = self.program.ledgers[0].scale
        text = f"{side} {role} {format_minor(amount, scale)}"
        return f"{text} by {carried}" if carried else text


def _frozen(lines: Iterator[LineKey]) -> tuple[LineKey, ...]:
    return tuple(sorted(lines))


def _view_lines(view: VoucherView) -> Iterator[LineKey]:
    for line in view.lines:
        side, amount = ("debit", line.debit) if line.debit else ("credit", line.credit)
        yield side, line.account_code, amount, tuple(sorted(line.dimensions))


def count_passed(results: Sequence[TestResult]) -> Mapping[str, int]:
    """Numbers of passed and failed tests."""
    passed = sum(result.passed for result in results)
    return {"passed": passed, "failed": len(results) - passed}
