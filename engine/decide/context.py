"""What the two ways of deciding a run share: outcome of an event, voucher dates, state writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.batch import Column, TypedBatch
from engine.calendar import first_day, next_period, period_of
from engine.decide.budgets import Asking, BudgetDecider
from engine.decide.builder import CommitBuilder
from engine.decide.plan import DecisionPlan, possible_accounts
from engine.decide.undo import record_undo
from engine.effects import ReadKind, Status
from engine.evaluate import FAULTS
from engine.evaluate.outcome import NOT_FAILED, MoveRow
from engine.program import (
    NO_DATE,
    Expects,
    Fault,
    FieldType,
    Kind,
    LatePolicy,
    Op,
    RecordSource,
    Rule,
)
from engine.state.keys import Key, field_kind, key_text
from engine.state.overlay import Overlay, ProgramView

#: How many periods after a closed one are looked at for an open one.
_PERIODS_AHEAD = 120


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event of a run."""

    status: Status
    reason: str = ""
    message: str = ""


@dataclass(slots=True)
class RunContext:
    """A run of events under one program: typed rows, and where their effects go.

    Attributes:
        batches: event type index -> typed rows whose `rows` are positions in the run.
        decisions: builder decision index per position.
        posting_dates: requested voucher date per position, NO_DATE = none.
        outcomes: filled per position.
        budgets: decides what rules ask of budgets. ids: text code of each event's id.
        drafted: positions of events of which a voucher waits for a review.
    """

    plan: DecisionPlan
    overlay: Overlay
    view: ProgramView
    builder: CommitBuilder
    batches: dict[int, TypedBatch]
    decisions: list[int]
    posting_dates: list[int]
    outcomes: list[Outcome | None]
    budgets: BudgetDecider
    ids: list[int]
    drafted: set[int] = field(default_factory=set)

    def rule_on_budgets(
        self, position: int, event_type: int, day: int, rows: Sequence[tuple[int, MoveRow]]
    ) -> Outcome | None:
        """Decides what an event's rules ask of budgets.

        Returns:
            What becomes of it where it is stopped; else NO_POSTING with a warning, or None.
        """
        asking = Asking(position, self.decisions[position], event_type, day, self.ids[position])
        ruling = self.budgets.rule(asking, rows)
        if ruling.status is not None:
            return Outcome(ruling.status, ruling.reason, ruling.message)
        return Outcome(Status.NO_POSTING, "", ruling.message) if ruling.message else None

    def voucher_day(self, position: int, late: LatePolicy) -> int | None:
        """Voucher date of an event, moved if its type says so; None: its period is closed."""
        decision = self.builder.decisions[self.decisions[position]]
        requested = self.posting_dates[position]
        day = decision.event_date if requested == NO_DATE else requested
        if not self.overlay.any_closed:
            return day
        entity = self.overlay.strings.text(decision.entity)
        period = period_of(day)
        if not self.overlay.is_closed(entity, period):
            return day
        if requested != NO_DATE or late is LatePolicy.REFUSE:
            return None
        for _ in range(_PERIODS_AHEAD):
            period = next_period(period)
            if not self.overlay.is_closed(entity, period):
                return first_day(period)
        return None

    def expectation(self, event_type: int, matches: dict[int, int]) -> Outcome | None:
        """Checks `expects` against the number of matching rules per ledger; None = as expected."""
        kind = self.plan.program.event_types[event_type]
        if kind.expects is Expects.ANY:
            return None
        total = sum(matches.values())
        if kind.expects is Expects.NONE:
            return None
        if total == 0:
            return Outcome(
                Status.UNPOSTED,
                "NO_RULE",
                f"no rule matches this {kind.name}; add a rule for it, or widen a rule's `when`",
            )
        most = max(matches.values())
        if kind.expects is Expects.ONE and most > 1:
            return Outcome(
                Status.UNPOSTED,
                "AMBIGUOUS_RULE",
                f"{most} rules match this {kind.name} where one should; narrow their `when`",
            )
        return None

    def failure(self, rule_index: int, failed_node: int, failure: int, message: str) -> Outcome:
        """The outcome of a rule that stopped: a refusal or a fault."""
        rule = self.plan.program.rules[rule_index]
        if failure < 0:
            refusal = rule.refusals[-1 - failure]
            return Outcome(Status.REJECTED_RULE, refusal.code, message)
        fault = FAULTS[failure]
        is_node = 0 <= failed_node < len(rule.nodes)
        span = rule.nodes[failed_node].span if is_node else rule.span
        what = message or _FAULT_WORDS.get(fault.value, "this value could not be computed")
        if fault is Fault.MISSING_DIMENSION:
            what = missing_dimension_words(self.plan, rule) or what
        return Outcome(
            Status.UNPOSTED,
            fault.value,
            f"{what} (rule {rule.name}, {span.file}:{span.line}:{span.column})",
        )

    def closed(self, position: int) -> Outcome:
        """The outcome of an event whose period is closed."""
        decision = self.builder.decisions[self.decisions[position]]
        requested = self.posting_dates[position]
        period = period_of(decision.event_date if requested == NO_DATE else requested)
        return Outcome(
            Status.UNPOSTED,
            "PERIOD_CLOSED",
            f"period {period // 100}-{period % 100:02d} is closed; "
            "send it with a posting_date in an open period",
        )

    def write_target(
        self, position: int, place: tuple[int, int], target: int, key: Key, value: int
    ) -> None:
        """Sets a target's cumulative value and notes it; place: (rule index, DELTA node)."""
        rule_index, node = place
        program = self.plan.program
        name = program.targets[target].name
        before = self.view.target(target, key)
        self.overlay.set_target(name, key, value)
        kinds = [
            program.rules[rule_index].nodes[arg].kind
            for arg in program.rules[rule_index].nodes[node].args[:-1]
        ]
        strings = self.overlay.strings
        self.builder.targets.append(
            (
                self.decisions[position],
                strings.code(name),
                key[0],
                strings.code(key_text(key[1:], kinds, strings.text)),
                value,
                before,
            )
        )

    def write_records(self, position: int, event_type: int, index: int) -> None:
        """Writes the records an accepted event of this type is a source of."""
        sources = self.plan.record_sources.get(event_type)
        if not sources:
            return
        batch = self.batches[event_type]
        for record_index, source in sources:
            self._write_record(position, batch, index, record_index, source)

    def _write_record(
        self, position: int, batch: TypedBatch, index: int, record_index: int, source: RecordSource
    ) -> None:
        program = self.plan.program
        record = program.records[record_index]
        fields = program.event_types[batch.event_type].fields
        strings = self.overlay.strings
        kinds = [field_kind(fields[key].type) for key in source.keys]
        key = tuple(_value(batch, field, index) for field in source.keys)
        if any(kind is Kind.TEXT and part < 0 for kind, part in zip(kinds, key, strict=True)):
            return  # an absent key names no record
        if record.dated:
            kinds.append(Kind.DATE)
            key = (*key, int(batch.dates[index]))
        decision = self.decisions[position]
        name_code = strings.code(record.name)
        key_code = strings.code(key_text(key, kinds, strings.text))
        rows = self.builder.records
        old = self.overlay.record(record.name, key)
        values = dict(old or {})
        if position in self.drafted:
            declared_fields = (
                record.fields[own]
                for own, event_field in source.values
                if _is_given(batch, event_field, index)
            )
            written = [(each.name, field_kind(each.type) is Kind.TEXT) for each in declared_fields]
            self.builder.undo.extend(
                (decision, *row)
                for row in record_undo(strings, (name_code, key_code), old, written)
            )
        rows.append((decision, name_code, key_code, -1, 0, 0, -1))
        for record_field, event_field in source.values:
            column = batch.columns[event_field]
            if not isinstance(column, Column) or not _is_given(batch, event_field, index):
                continue
            declared = record.fields[record_field]
            value = int(column.values[index])
            field_code = strings.code(declared.name)
            if declared.type is FieldType.NUMBER:
                scale = fields[event_field].scale
                values[declared.name] = (value, scale)
                rows.append((decision, name_code, key_code, field_code, value, scale, -1))
            elif field_kind(declared.type) is Kind.TEXT:
                values[declared.name] = value
                rows.append((decision, name_code, key_code, field_code, 0, 0, value))
            else:
                values[declared.name] = value
                rows.append((decision, name_code, key_code, field_code, value, 0, -1))
        self.overlay.set_record(record.name, key, values, dated=record.dated)

    def read_row(
        self,
        position: int,
        place: tuple[int, int],
        element: int,
        key: Key,
        value: int | None,
    ) -> tuple[int, ...]:
        """A row of READS, beginning with the decision index. `place`: (rule index, node)."""
        rule_index, node_index = place
        program = self.plan.program
        rule = program.rules[rule_index]
        node = rule.nodes[node_index]
        strings = self.overlay.strings
        kind, name, has_entity = read_name(self.plan, node.op, node.data)
        key_code = -1
        if kind is not ReadKind.TABLE_ROW:
            args = node.args[:-1] if node.op is Op.DELTA else node.args
            kinds = [rule.nodes[arg].kind for arg in args]
            if has_entity:
                kinds.insert(0, Kind.TEXT)
            key_code = strings.code(key_text(key, kinds, strings.text))
        is_text = node.op is Op.LEDGER_LIST or (node.op is Op.RECORD and node.kind is Kind.TEXT)
        number, text = (0, -1 if value is None else value) if is_text else (value or 0, -1)
        return (
            self.decisions[position],
            int(self.plan.rule_codes[rule_index]),
            node_index,
            element,
            int(kind),
            strings.code(name),
            key_code,
            number,
            text,
            int(value is not None),
        )


def read_name(plan: DecisionPlan, op: Op, data: object) -> tuple[ReadKind, str, bool]:
    """Kind and name of what a node reads, and whether its key begins with the entity."""
    program = plan.program
    if op in {Op.BALANCE, Op.BALANCE_UNTIL} and isinstance(data, int):
        until = "until " if op is Op.BALANCE_UNTIL else ""
        return ReadKind.BALANCE, until + plan.specs[data].name, True
    if op is Op.LEDGER_LIST and isinstance(data, int):
        return ReadKind.LEDGER_LIST, ledger_list_name(plan, data), True
    if op in {Op.DELTA, Op.TARGET} and isinstance(data, int):
        return ReadKind.TARGET, program.targets[data].name, True
    if op is Op.RECORD and isinstance(data, tuple):
        record = program.records[int(data[0])]
        return ReadKind.RECORD, f"{record.name}.{record.fields[int(data[1])].name}", False
    if op is Op.VERSION and isinstance(data, tuple):
        record, field = program.records[int(data[0])], int(data[1])
        name = record.name if field < 0 else f"{record.name}.{record.fields[field].name}"
        return ReadKind.VERSION, name, False
    if op is Op.HAS_RECORD and isinstance(data, int):
        return ReadKind.EXISTENCE, program.records[data].name, False
    table = program.tables[data if isinstance(data, int) else 0]
    return ReadKind.TABLE_ROW, table.name, False


def ledger_list_name(plan: DecisionPlan, index: int) -> str:
    """What recorded reads call a list read from the ledger."""
    read = plan.program.ledger_lists[index]
    spec = plan.specs[read.debits]
    keys = ",".join((*(("account",) if spec.by_account else ()), *spec.keys))
    until = "until " if read.until else ""
    return f"{until}{spec.ledger}:{'+'.join(spec.accounts)} by {keys} for {spec.name}"


def _value(batch: TypedBatch, field: int, index: int) -> int:
    column = batch.columns[field]
    return int(column.values[index]) if isinstance(column, Column) else -1


def _is_given(batch: TypedBatch, field: int, index: int) -> bool:
    column = batch.columns[field]
    return isinstance(column, Column) and bool(column.given[index])


def awaits_review(warning: str) -> Outcome:
    """The outcome of an event of which a voucher waits for a review."""
    return Outcome(Status.PENDING_REVIEW, "AWAITS_REVIEW", warning)


def missing_dimension_words(plan: DecisionPlan, rule: Rule) -> str:
    """Which required dimensions the rule's lines may lack, with the fields to send; at most 3."""
    program = plan.program
    fields = program.event_types[rule.event_type].fields
    found: dict[str, None] = {}
    for voucher in rule.vouchers:
        for line in voucher.lines:
            carried = {part.dimension: rule.nodes[part.value] for part in line.dimensions}
            for account in possible_accounts(program, rule.nodes[line.account]):
                for dimension in program.accounts[account].required:
                    node = carried.get(dimension)
                    if node is not None and node.op is not Op.FIELD:
                        continue
                    field = fields[node.data] if node and isinstance(node.data, int) else None
                    if field is None or field.optional:
                        wire = f" (field {field.wire})" if field else ""
                        role = program.accounts[account].role
                        found[f"{role} needs {program.dimensions[dimension].name}{wire}"] = None
    return "; ".join(list(found)[:3])


def failed(failure: int) -> bool:
    """Whether a rule stopped."""
    return failure != NOT_FAILED


_FAULT_WORDS = {
    "NO_ROW": "no row of the table matches; add a row or an `else` row",
    "RATE_NOT_EFFECTIVE": "the rate has no value at this date; add a row for it",
    "DIVISION_BY_ZERO": "the divisor is zero",
    "LIST_TOO_LONG": "the list it reads of the ledger is too long; read it by fewer dimensions",
    "MISSING_RECORD": "the record it reads was never written; send the event that writes it first",
    "MISSING_DIMENSION": "a line lacks a dimension that its account requires; send that field",
    "SPLIT_WITHOUT_WEIGHT": "all weights of the split are zero",
    "SPLIT_NEGATIVE_WEIGHT": "a weight of the split is negative",
    "NEGATIVE_AMOUNT": "a line is negative and the ledger rejects negative amounts",
    "AMOUNT_OUT_OF_RANGE": "an amount is larger than the ledger can hold",
    "DATE_OUT_OF_RANGE": "a date lies outside the years a book can hold",
    "PERIOD_OUTSIDE_SPREAD": "the period is not one of those the amount is spread over",
    "REMAINING_EXCEEDS_BOUND": "what the other lines leave is more than the rule lets a line take",
    "UNBALANCED": "debits and credits of a voucher differ",
}
