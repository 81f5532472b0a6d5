"""Runs the `test` blocks of a rule book: its events, records and vouchers; budgets in `budgets`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.book import Book
from engine.calendar import iso_day
from engine.calls import PARAMETER_SET, VOUCHER_REVIEWED, Call, EventResult, VoucherView
from engine.decimals import format_plain
from engine.effects import Status
from engine.program import Act, EventType, Field, FieldType, ListType, Program
from rules_dsl import syntax
from rules_dsl.testing.budgets import BudgetSteps
from rules_dsl.testing.coverage import Coverage, measure_coverage
from rules_dsl.testing.difference import Difference, compare_vouchers
from rules_dsl.testing.mismatch import Mismatch, minor_amount, status_difference, status_words
from rules_dsl.testing.naming import Names
from rules_dsl.testing.opening import give_opening
from rules_dsl.testing.tracing import LinePlace, Observed, trace_event

#: Business date of a test that does not say `at`.
DEFAULT_DAY = 20454  # 2026-01-01

#: Who approves drafts in a test; the events are sent by somebody else.
_REVIEWER = "reviewer"

_STATUSES = {
    "no_posting": Status.NO_POSTING,
    "refused": Status.REJECTED_RULE,
    "unposted": Status.UNPOSTED,
    "invalid": Status.INVALID,
    "rejected": Status.REJECTED_BUDGET,
    "held": Status.HELD,
}


@dataclass(frozen=True, slots=True)
class TestResult:
    """Result of one test block.

    `message`: what differs, for people, several lines where vouchers do; "" where it passed.
    `difference`: the same as data, where an expectation was not met.
    """

    __test__ = False

    name: str
    path: str
    line: int
    passed: bool
    message: str
    difference: Difference | None = None


def run_tests(program: Program, files: Sequence[syntax.File]) -> list[TestResult]:
    """Runs every test block, in file order."""
    names = Names(program, files)
    return [run_test(names, test) for test in tests_of(files)]


def run_covered(
    program: Program, files: Sequence[syntax.File]
) -> tuple[list[TestResult], Coverage]:
    """Runs every test block as `run_tests` does, and counts what the passing ones assert."""
    names = Names(program, files)
    results: list[TestResult] = []
    asserted: list[Observed] = []
    for test in tests_of(files):
        observed: list[Observed] = []
        results.append(run_test(names, test, observed))
        if results[-1].passed:
            asserted += observed
    return results, measure_coverage(program, asserted)


def tests_of(files: Sequence[syntax.File]) -> list[syntax.TestDecl]:
    """The test blocks of a rule book, in file order."""
    return [
        declaration
        for file in files
        for declaration in file.declarations
        if isinstance(declaration, syntax.TestDecl)
    ]


def run_test(
    names: Names, test: syntax.TestDecl, observed: list[Observed] | None = None
) -> TestResult:
    """Runs one test block; `observed` gets its events with what is expected of them."""
    runner = _Runner(names.program, names, test, observed)
    place = (test.name, test.span.file, test.span.line)
    try:
        for step in test.steps:
            runner.step(step)
        runner.finish()
    except Mismatch as mismatch:
        return TestResult(*place, False, str(mismatch), mismatch.difference)
    return TestResult(*place, True, "")


@dataclass(slots=True)
class _Runner:
    """One test under way: its book, the last event's result and what is expected of it."""

    program: Program
    names: Names
    test: syntax.TestDecl
    observed: list[Observed] | None = None
    book: Book = field(init=False)
    budgets: BudgetSteps = field(init=False)
    posted: int = 0
    reviewed: int = 0
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
            case syntax.GivenTarget():
                self._give_target(step)
            case syntax.GivenParameter():
                self.finish()
                self._give_parameter(step)
            case syntax.GivenBalance():
                self._give_balance(step)
            case syntax.GivenReviewed():
                self.finish()
                self._review()
            case syntax.ExpectVoucher() if step.drafted and not step.lines:
                self._expect_drafted(step)
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
                node = self.budgets.expect_move(step, self._last_result())
                self._note_move(node, step.act)
            case syntax.ExpectAvailable():
                self._note_move(self.budgets.expect_available(step), None)

    def finish(self) -> None:
        """Compares the exact vouchers and drafts expected of the last event."""
        expected, self.exact = self.exact, []
        for drafted in (False, True):
            steps = [step for step in expected if step.drafted is drafted]
            if not steps:
                continue
            booked = [self.names.booked(view) for view in self._views(drafted=drafted)]
            found = compare_vouchers([self.names.expected(step) for step in steps], booked)
            if not found.is_empty:
                raise Mismatch(found)
            self._note_whole()

    def _views(self, *, drafted: bool) -> list[VoucherView]:
        """The vouchers of the last event, or its drafts."""
        result = self._last_result()
        if drafted:
            if result.status is not Status.PENDING_REVIEW:
                raise Mismatch(status_difference("drafted", result))
            drafts = self.book.drafts_of(result.source, result.event_id)
            return [draft.voucher for draft in drafts]
        if result.status is not Status.POSTED and not result.vouchers:
            raise Mismatch(status_difference("a voucher", result))
        return [self.book.voucher(name) for name in result.vouchers]

    def _expect_drafted(self, step: syntax.ExpectVoucher) -> None:
        """Asks whether a voucher of the last event waits for a review, with that summary."""
        views = self._views(drafted=True)
        if step.summary is not None and step.summary not in {view.summary for view in views}:
            shown = ", ".join(repr(view.summary) for view in views)
            raise Mismatch(f"expected a draft {step.summary!r}, found {shown}")
        self._note_whole()

    def _review(self) -> None:
        """Somebody else than the sender approves the drafts of the last event."""
        result = self._last_result()
        drafts = self.book.drafts_of(result.source, result.event_id)
        if not drafts:
            raise Mismatch(f"no voucher waits for a review; the event is {status_words(result)}")
        for draft in drafts:
            self.reviewed += 1
            review = {
                "id": f"test-review-{self.reviewed}",
                "type": VOUCHER_REVIEWED,
                "date": iso_day(self._day),
                "of_source": result.source,
                "of_id": result.event_id,
                "draft": draft.draft,
                "decision": "approve",
                "role": draft.role,
            }
            (answer,) = self.book.post([Call(events=[review], principal=_REVIEWER)])
            if answer.own[0].status is not Status.NO_POSTING:
                raise Mismatch(f"the review is {status_words(answer.own[0])}")
            self.last = answer.results[0]
            self.last.vouchers = self.book.event(result.source, result.event_id).vouchers

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
        if self.observed is not None:
            self.observed.append(Observed(trace_event(self.book, self.program, event)))
        self.last = self.book.post([Call(events=[event])])[0].results[0]
        if self.observed is not None:
            self.observed[-1].close(self.book, self.last)

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

    def _give_parameter(self, step: syntax.GivenParameter) -> None:
        """Sets a parameter as people do, by command."""
        fields = [each.field for each in self.program.parameters]
        declared = next(each for each in fields if each.name == step.name.text)
        self.posted += 1
        command = {
            "id": f"test-{self.posted}",
            "type": PARAMETER_SET,
            "date": iso_day(self._day),
            "name": declared.wire,
            "value": self._scalar(declared, step.value),
        }
        result = self.book.post([Call(events=[command])])[0].results[0]
        if result.status is not Status.NO_POSTING:
            raise Mismatch(result.message)

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

    def _give_target(self, step: syntax.GivenTarget) -> None:
        target = next(each for each in self.program.targets if each.name == step.target.text)
        key = (self._entity, *(self._key(part) for part in step.keys))
        amount = minor_amount(step.amount, target.scale)
        self.book.state.targets.setdefault(target.name, {})[key] = amount

    @property
    def _entity(self) -> int:
        """The code of the entity of a test's events."""
        return self.book.state.pool.intern(self.book.default_entity)

    def _give_balance(self, step: syntax.GivenBalance) -> None:
        code = self.names.accounts[step.account.text]
        amount = minor_amount(step.amount, self.program.ledgers[0].scale)
        given = {
            self.names.dimensions[part.dimension.text]: self._key(part.value)
            for part in step.keys
            if part.value is not None and part.value != syntax.Text("", part.value.span)
        }
        give_opening(self.program, self.book.state, code, amount, given=given, day=self._day)

    def _expect_part(self, step: syntax.ExpectVoucher) -> None:
        views = self._views(drafted=step.drafted)
        booked = [self.names.booked(view) for view in views]
        found = compare_vouchers([self.names.expected(step)], booked, partial=True)
        if not found.is_empty:
            raise Mismatch(found)
        for pair in found.vouchers:
            if self.observed and pair.booked is not None:
                view = views[next(n for n, each in enumerate(booked) if each is pair.booked)]
                self.observed[-1].lines |= set(self._named(view, step))

    def _named(self, view: VoucherView, step: syntax.ExpectVoucher) -> Iterator[LinePlace]:
        """The lines of a voucher that an expectation names."""
        wanted = Counter(self.names.expected(step).lines)
        for line in view.lines:
            figures = self.names.booked_line(line, view)
            if wanted[figures]:
                wanted[figures] -= 1
                yield LinePlace(view.rule, line.rule_line, line.element)

    def _note_whole(self) -> None:
        """Notes that the outcome of the last event was expected whole."""
        if self.observed:
            self.observed[-1].whole = True

    def _note_move(self, node: str, act: Act | None) -> None:
        if self.observed:
            self.observed[-1].expect_move(node, act)

    def _last_result(self) -> EventResult:
        if self.last is None:
            raise Mismatch("the test expects something before it gives an event")
        return self.last

    def _expect_status(self, step: syntax.ExpectStatus) -> None:
        result = self._last_result()
        if step.status == "warned":
            self.budgets.expect_warned(result)
            if self.observed:
                self.observed[-1].warnings = True
            return
        if result.status is not _STATUSES[step.status] or (
            step.reason and result.reason != step.reason
        ):
            wanted = f"{step.status.replace('_', ' ')} {step.reason}".strip()
            raise Mismatch(status_difference(wanted, result))
        self._note_whole()


def count_passed(results: Sequence[TestResult]) -> Mapping[str, int]:
    """Numbers of passed and failed tests."""
    passed = sum(result.passed for result in results)
    return {"passed": passed, "failed": len(results) - passed}
