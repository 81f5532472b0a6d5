"""Records, the records of dimensions, and targets to the program's tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.program import FieldType, Record, RecordField, RecordSource, Span, Target
from rules_dsl import syntax
from rules_dsl.bounds import Range
from rules_dsl.lower.book import Book, EventInfo, FieldInfo, RecordInfo, TargetInfo, ValueInfo
from rules_dsl.lower.fields import read_field, unique_fields
from rules_dsl.names import name_span
from rules_dsl.reporting import Reporter
from rules_dsl.types import ERROR, NumberType, Type, compare_measures, describe, is_text


def lower_records(book: Book, report: Reporter) -> None:
    """Fills in the records and which record a dimension has."""
    for declaration in book.symbols.records.values():
        with report.inside(f"record {declaration.name}"):
            before = report.errors
            info = _Lowering(book, report, declaration).lower(len(book.records))
        is_sound = report.errors == before and declaration.name not in book.symbols.broken
        if info is not None and is_sound:
            book.records.append(info[0])
            book.record_info[declaration.name] = info[1]
        else:
            book.record_info[declaration.name] = None
    for dimension in book.symbols.dimensions.values():
        if dimension.record is not None:
            _lower_dimension_record(dimension, dimension.record, book, report)


def lower_targets(book: Book, report: Reporter) -> None:
    """Fills in the targets."""
    for declaration in book.symbols.targets.values():
        with report.inside(f"target {declaration.name}"):
            book.target_info[declaration.name] = _lower_target(declaration, book, report)


def find_ledger(name: syntax.Name | None, book: Book, report: Reporter) -> int | None:
    """The index of a ledger, of the first one where none is named; None if unknown (reported)."""
    if name is None:
        return 0 if book.ledgers else None
    index = book.ledger_index.get(name.text)
    if index is None:
        report.unknown("ledger", name.text, name.span, book.ledger_index)
    return index


@dataclass(slots=True)
class _Lowering:
    """One record on its way."""

    book: Book
    report: Reporter
    declaration: syntax.RecordDecl
    keys: list[ValueInfo] = field(default_factory=list)
    fields: list[RecordField] = field(default_factory=list)
    types: list[Type] = field(default_factory=list)
    ranges: list[list[Range]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    declared: list[Range | None] = field(default_factory=list)

    def lower(self, index: int) -> tuple[Record, RecordInfo] | None:
        """Makes the record; what is wrong is reported."""
        record = self.declaration
        for each in unique_fields(record.fields, self.report, f" in the record {record.name}"):
            self._field(each)
        sources = [self._source(name) for name in record.sources]
        self._check_sourced()
        if any(source is None for source in sources):
            return None
        made = Record(
            name=record.name,
            keys=tuple(key.text for key in record.keys),
            fields=tuple(self.fields),
            sources=tuple(source for source in sources if source is not None),
            dated=record.dated,
        )
        infos = {
            each.name: ValueInfo(position, each.name, self.types[position], each.scale, bounds)
            for position, (each, bounds) in enumerate(zip(self.fields, self._bounds(), strict=True))
        }
        return made, RecordInfo(index, record.name, tuple(self.keys), infos, record.dated)

    def _field(self, declaration: syntax.FieldDecl) -> None:
        read, field_type = read_field(declaration, self.book, self.report)
        written = declaration.type.low is not None or declaration.type.high is not None
        self.fields.append(
            RecordField(read.name, read.type, read.scale, read.currency, read.default)
        )
        self.types.append(field_type)
        self.ranges.append([])
        self.spans.append(declaration.name_span)
        self.declared.append(Range(read.low, read.high) if written else None)

    def _source(self, name: syntax.Name) -> RecordSource | None:
        event = self.book.events.get(name.text)
        if event is None:
            if name.text not in self.book.symbols.broken:
                self.report.unknown("event", name.text, name.span, self.book.events)
            return None
        keys = [self._key(position, event) for position in range(len(self.declaration.keys))]
        values = []
        for position, kept in enumerate(self.fields):
            info = event.fields.get(kept.name)
            if info is not None and self._check_value(position, info, event):
                values.append((position, info.index))
                self.book.use_field(event.name, info.name)
        if any(key is None for key in keys):
            return None
        found = tuple(key for key in keys if key is not None)
        return RecordSource(event.index, found, tuple(values))

    def _key(self, position: int, event: EventInfo) -> int | None:
        name = self.declaration.keys[position]
        info = event.fields.get(name.text)
        if info is None or info.type is None:
            if not event.broken:
                where = f" in the event {event.name}"
                self.report.unknown("field", name.text, name.span, event.fields, where=where)
            return None
        self.book.use_field(event.name, info.name)
        if info.type == ERROR:
            return None
        message = ""
        if info.may_be_absent and not is_text(info.type):
            # An event without a text key writes no record; other kinds have no absent value.
            message = f"{name.text} may be absent in the event {event.name}, so it is no key"
        elif isinstance(info.type, NumberType) and not info.type.is_integer:
            message = f"{describe(info.type)} is no key; take a text, a date or a whole number"
        elif position == len(self.keys):
            self.keys.append(ValueInfo(position, name.text, info.type))
        elif not _same_key(self.keys[position].type, info.type):
            first = describe(self.keys[position].type)
            message = f"{name.text} is {first} in one event and {describe(info.type)} in another"
        if message:
            self.report.error("TP211", name.span, message, related=((info.span, "the field"),))
            return None
        return info.index

    def _check_value(self, position: int, info: FieldInfo, event: EventInfo) -> bool:
        """Whether a field of a source can be kept as the record's field of the same name."""
        kept, kept_type = self.fields[position], self.types[position]
        if ERROR in {kept_type, info.type}:
            return False
        code, message = _value_mismatch(kept, kept_type, info)
        bounds, declared = Range(info.field.low, info.field.high), self.declared[position]
        if (
            not code
            and declared is not None
            and not (declared.low <= bounds.low and bounds.high <= declared.high)
        ):
            code = "TP211"
            message = f"{kept.name} has narrower bounds here than in the event {event.name}"
        if code:
            span = self.spans[position]
            self.report.error(code, span, message, related=((info.span, "the event's field"),))
            return False
        self.ranges[position].append(bounds)
        return True

    def _check_sourced(self) -> None:
        events = [self.book.events.get(name.text) for name in self.declaration.sources]
        if any(event is None or event.broken for event in events):
            return
        names = [name for event in events if event is not None for name in event.fields]
        for kept, span in zip(self.fields, self.spans, strict=True):
            if kept.name not in names:
                where = f": no source of the record {self.declaration.name} has it"
                self.report.unknown("field", kept.name, span, names, where=where)

    def _bounds(self) -> list[Range]:
        """What the values can be: what the sources can send, and the default."""
        found = []
        for kept, ranges in zip(self.fields, self.ranges, strict=True):
            if kept.type is FieldType.NUMBER and isinstance(kept.default, int):
                ranges.append(Range(kept.default, kept.default))
            bounds = ranges[0] if ranges else Range(0, 0)
            for other in ranges[1:]:
                bounds = bounds.hull(other)
            found.append(bounds)
        return found


def _value_mismatch(kept: RecordField, kept_type: Type, info: FieldInfo) -> tuple[str, str]:
    """Code and message of why a source's field cannot be kept; ("", "") where it can."""
    name = kept.name
    if info.type is None:
        return "TP211", f"{name} is a list in the event; a record keeps single values"
    if isinstance(kept_type, NumberType) and isinstance(info.type, NumberType):
        problem = compare_measures(kept_type, info.type)
        if problem is not None:
            return problem.code, f"{name}: {problem.message}"
        if kept.scale != info.field.scale:
            decimals = f"{kept.scale} decimals here and {info.field.scale} in the event"
            return "TP211", f"{name} has {decimals}; give both the same"
        return "", ""
    if kept_type != info.type:
        return (
            "TP211",
            f"{name} is {describe(kept_type)} here and {describe(info.type)} in the event",
        )
    return "", ""


def _same_key(first: Type, other: Type) -> bool:
    return first == other or (is_text(first) and is_text(other))


def _lower_dimension_record(
    dimension: syntax.DimensionDecl, record: syntax.Name, book: Book, report: Reporter
) -> None:
    if record.text not in book.record_info:
        report.unknown("record", record.text, record.span, book.record_info)
        return
    info = book.record_info[record.text]
    if info is None:
        return
    if len(info.keys) != 1 or not is_text(info.keys[0].type):
        message = f"the record of a dimension has one key, a text; {record.text} has others"
        report.error("TP211", record.span, message)
        return
    book.record_of_dimension[dimension.name] = record.text
    book.use("record", record.text)


def _lower_target(
    declaration: syntax.TargetDecl, book: Book, report: Reporter
) -> TargetInfo | None:
    ledger = find_ledger(declaration.ledger, book, report)
    seen: dict[str, Span] = {}
    for key in declaration.keys:
        if key.text in seen:
            report.duplicate("key", key.text, key.span, seen[key.text])
        seen.setdefault(key.text, key.span)
    if ledger is None or not _keys_are_known(declaration, book, report):
        return None
    keys = tuple(seen)
    index = len(book.targets)
    scale = book.ledgers[ledger].scale
    book.targets.append(Target(declaration.name, keys, ledger, scale, declaration.continues))
    if declaration.continues == declaration.name:
        span = name_span(declaration, report)
        report.error("TP211", span, f"the target {declaration.name} continues itself")
    return TargetInfo(index, declaration.name, keys, ledger)


def _keys_are_known(declaration: syntax.TargetDecl, book: Book, report: Reporter) -> bool:
    """Whether the keys are fields of some event, where a delta takes them from its event.

    A delta that writes its keys may call them anything.
    """
    deltas = [
        statement
        for rule in book.symbols.rules
        for statement in rule.statements
        if isinstance(statement, syntax.Delta) and statement.target.text == declaration.name
    ]
    if all(delta.keys for delta in deltas) or any(event.broken for event in book.events.values()):
        return True
    fields = {name: None for event in book.events.values() for name in event.fields}
    unknown = [key for key in declaration.keys if key.text not in fields]
    for key in unknown:
        report.unknown("field", key.text, key.span, fields, where=" of any event")
    return not unknown
