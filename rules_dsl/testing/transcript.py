"""Writes a posted event as a test block: what it was, what it read, and what became of it.

The state an event read is given from what the log recorded of its decision, so that the test
does not need the events before it; only what stood under a reference is brought about by the
events that put it there. Whether the test passes is for the caller to try.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from engine.book import Book
from engine.calendar import day_of, iso_day
from engine.calls import StoredEventView
from engine.columns import EffectBatch
from engine.decimals import format_minor
from engine.effects import (
    BUDGET_DECISIONS,
    BUDGET_MOVES,
    READS,
    MoveKind,
    ReadKind,
    Stage,
    Status,
    Verdict,
)
from engine.errors import CallerError
from engine.program import (
    NO_DATE,
    PARAMETER_PREFIX,
    BalanceMeasure,
    Budget,
    FieldType,
    Program,
    Record,
)
from engine.state.balances import BalanceSpec
from rules_dsl import syntax
from rules_dsl.compile import compile_rulebook
from rules_dsl.diagnostics import Severity, render_all
from rules_dsl.formatter import format_text
from rules_dsl.keywords import Language
from rules_dsl.source import SourceFile
from rules_dsl.testing.naming import Names
from rules_dsl.testing.running import TestResult, run_test, tests_of
from rules_dsl.testing.spelling import Spelling

#: Where the test stands while it is tried; behind all files a rule book can have.
_TEST_FILE = "~from-event.tp"

_WORDS = {
    (MoveKind.RESERVE, Stage.RESERVED): "RESERVE",
    (MoveKind.COMMIT, Stage.COMMITTED): "COMMIT",
    (MoveKind.SPEND, Stage.ACTUAL): "SPEND",
}


@dataclass(frozen=True, slots=True)
class _Read:
    """A state the event read; fields as in the table READS."""

    kind: ReadKind
    name: str
    key: list[object]
    number: int
    text: str
    known: bool


@dataclass(frozen=True, slots=True)
class _Move:
    """A change of a budget node by the event."""

    node: str
    kind: MoveKind
    stage: Stage
    amount: int
    reference: str


def transcribe_event(
    book: Book,
    event: StoredEventView,
    rulebook: tuple[Sequence[SourceFile], Mapping[str, bytes]],
    language: Language,
) -> tuple[str, TestResult]:
    """Writes the test block of a posted event, and runs it with the rule book it is for.

    Args:
        book: the book that holds it.
        event: see `write_test`.
        rulebook: the rule files, and the other files they name.
        language: of the keywords.

    Raises:
        CallerError: the rule book does not compile with the test, or see `write_test`.
    """
    sources, assets = rulebook
    compiled = _compiled(sources, assets)
    text = write_test(book, event, Names(*compiled), language)
    program, files = _compiled([*sources, SourceFile(_TEST_FILE, text)], assets)
    (test,) = [each for each in tests_of(files) if each.span.file == _TEST_FILE]
    return text, run_test(Names(program, files), test)


def _compiled(
    sources: Sequence[SourceFile], assets: Mapping[str, bytes]
) -> tuple[Program, tuple[syntax.File, ...]]:
    compiled = compile_rulebook(sources, assets=assets)
    if compiled.program is None:
        texts = {source.path: source.text for source in sources}
        errors = [each for each in compiled.diagnostics if each.severity is Severity.ERROR]
        raise CallerError("RULES", render_all(errors, texts))
    return compiled.program, compiled.files


def write_test(book: Book, event: StoredEventView, names: Names, language: Language) -> str:
    """Writes the test block of a posted event.

    Args:
        book: the book that holds it.
        event: posted, or accepted without a voucher, or waiting.
        names: of the rule book that the test is for.
        language: of the keywords.

    Raises:
        CallerError: the rule book has no such event type, or the event is of a status that
            keeps nothing to make a test from.
    """
    kind = next((each for each in names.program.event_types if each.wire == event.type), None)
    if kind is None:
        raise CallerError("RULES", f"the rule book has no event {event.type}")
    writer = _Writer(book, event, Spelling(names, language))
    content = msgspec.json.decode(event.content)
    spelling = writer.spelling
    fields = ", ".join(spelling.fields(kind, content))
    lines = [
        f"{spelling.word('TEST')} {spelling.quoted(f'{event.source}/{event.event_id}')}",
        f"  {spelling.word('AT')} {event.date}",
        *(f"  {line}" for line in writer.givens()),
        f"  {spelling.word('GIVEN_STEP')} {kind.name} {fields}".rstrip(),
        *(f"  {line}" for line in writer.expectations()),
    ]
    text = "\n".join(lines) + "\n"
    return format_text(_TEST_FILE, text).text or text


@dataclass(slots=True)
class _Writer:
    """The parts of one test."""

    book: Book
    event: StoredEventView
    spelling: Spelling

    @property
    def _day(self) -> int:
        return day_of(self.event.date)

    def givens(self) -> Iterator[str]:
        """What the event read, as steps."""
        given = self.spelling.word("GIVEN_STEP")
        supports = self._supports()
        read = [*self._parameters(), *self._records(supports), *self._targets(), *self._balances()]
        for step in read:
            yield f"{given} {step}"
        for step in self._budgets(supports):
            yield f"{given} {step}"
        for event in supports:
            yield f"{given} {self._support(event)}"

    # --- What was read -------------------------------------------------------------------

    def _effects(self, event: StoredEventView) -> EffectBatch:
        """The commit that decided an event: the one of its voucher, or its own."""
        seq = event.seq
        if event.vouchers:
            seq = self.book.voucher(event.vouchers[0]).seq
        return self.book.commit(seq)[1]

    @staticmethod
    def _rows_of(event: StoredEventView, effects: EffectBatch, table: str) -> list[int]:
        if table not in effects.tables:
            return []
        sources, ids = effects.text(table, "source"), effects.text(table, "event_id")
        wanted = (event.source, event.event_id)
        return [row for row, own in enumerate(zip(sources, ids, strict=True)) if own == wanted]

    def _reads(self, event: StoredEventView, *kinds: ReadKind) -> Iterator[_Read]:
        """Every read of these kinds that an event made."""
        effects = self._effects(event)
        rows = self._rows_of(event, effects, READS.name)
        if not rows:
            return
        table = effects.tables[READS.name]
        own, numbers, known = (table.ints(name).tolist() for name in ("kind", "number", "known"))
        names, keys, texts = (effects.text(READS.name, name) for name in ("name", "key", "text"))
        for row in rows:
            kind = ReadKind(own[row])
            if kind in kinds:
                key = json.loads(keys[row]) if keys[row] else []
                yield _Read(kind, names[row], key, numbers[row], texts[row], bool(known[row]))

    def _records(self, supports: Sequence[StoredEventView]) -> Iterator[str]:
        """The records read, each with the fields read of it."""
        declared = {record.name: record for record in self.spelling.names.program.records}
        found: dict[str, dict[str, str]] = {}
        for event in (*supports, self.event):
            for read in self._reads(event, ReadKind.RECORD, ReadKind.EXISTENCE):
                if read.name.startswith(PARAMETER_PREFIX):
                    continue
                record, _, field = read.name.partition(".")
                head = self._record_head(declared.get(record), record, read.key)
                if not head or (read.kind is ReadKind.EXISTENCE and not read.known):
                    continue
                values = found.setdefault(head, {})
                if read.kind is ReadKind.EXISTENCE:
                    continue
                if read.known and record in declared:
                    own = next(each for each in declared[record].fields if each.name == field)
                    values[field] = self._recorded(own.type, own.scale, read)
        for head, values in found.items():
            assigned = ", ".join(f"{field} = {value}" for field, value in values.items())
            yield f"{head} {assigned}".rstrip()

    def _record_head(self, record: Record | None, name: str, key: list[object]) -> str:
        """A record with its key, and with the day of its version; "" where it has none."""
        if record is None or not record.dated or len(key) == len(record.keys):
            return f"{name}[{self._key(key)}]"
        *keys, day = key
        if not isinstance(day, int) or day == NO_DATE:
            return ""
        return f"{name}[{self._key(keys)}] {self.spelling.word('FROM')} {iso_day(day)}"

    def _parameters(self) -> Iterator[str]:
        """The parameters of the book that were read and that it had set."""
        word, parameters = self.spelling.word("PARAMETER"), self.spelling.names.program.parameters
        found: dict[str, str] = {}
        for read in self._reads(self.event, ReadKind.RECORD):
            for declared in (each.field for each in parameters):
                if read.known and read.name == f"{PARAMETER_PREFIX}{declared.wire}.value":
                    if declared.type in {FieldType.TEXT, FieldType.PERIOD}:
                        found[declared.name] = self.spelling.value(declared, read.text)
                    else:
                        found[declared.name] = self._recorded(declared.type, declared.scale, read)
        yield from (f"{word} {name} = {value}" for name, value in found.items())

    def _recorded(self, kind: FieldType, scale: int, read: _Read) -> str:
        if kind is FieldType.NUMBER:
            return format_minor(read.number, scale)
        if kind is FieldType.FLAG:
            return self.spelling.truth(value=bool(read.number))
        if kind is FieldType.DATE:
            return iso_day(read.number)
        return self.spelling.quoted(read.text)

    def _key(self, key: list[object]) -> str:
        parts = (self.spelling.quoted(each) if isinstance(each, str) else str(each) for each in key)
        return ", ".join(parts)

    def _targets(self) -> Iterator[str]:
        targets = {target.name: target for target in self.spelling.names.program.targets}
        for read in self._reads(self.event, ReadKind.TARGET):
            if read.known and read.number and read.name in targets:
                amount = format_minor(read.number, targets[read.name].scale)
                yield f"{read.name}[{self._key(read.key[1:])}] = {amount}"

    def _balances(self) -> Iterator[str]:
        """Balances, those with the most dimensions first, since they count in wider ones too.

        Of one period, of one side or by account they cannot be given apart; they are left out.
        """
        program = self.spelling.names.program
        specs = {
            f"{spec.name}/{len(spec.dimensions)}": spec
            for spec in (BalanceSpec.of(program, balance) for balance in program.balances)
            if spec.measure is BalanceMeasure.NET
            and not (spec.by_period or spec.by_account or spec.keys)
        }
        wanted: dict[tuple[BalanceSpec, tuple[str, ...]], int] = {}
        for read in self._reads(self.event, ReadKind.BALANCE):
            spec = specs.get(f"{read.name}/{len(read.key) - 1}")
            if spec is not None:
                wanted[spec, tuple(str(each) for each in read.key[1:])] = read.number
        given: list[tuple[BalanceSpec, dict[str, str], int]] = []
        widest_last = sorted(wanted.items(), key=lambda entry: -len(entry[0][0].dimensions))
        for (spec, values), number in widest_last:
            carried = dict(zip(spec.dimensions, values, strict=True))
            already = sum(
                amount
                for other, dimensions, amount in given
                if other.accounts[0] in spec.accounts
                and all(dimensions.get(wire) == value for wire, value in carried.items())
            )
            if number != already:
                given.append((spec, carried, number - already))
                yield self._balance(spec, carried, number - already)

    def _balance(self, spec: BalanceSpec, carried: dict[str, str], amount: int) -> str:
        word, names = self.spelling.word, self.spelling.names
        wires = {wire: name for name, wire in names.dimensions.items()}
        keys = ", ".join(
            f"{wires[wire]} = {self.spelling.quoted(value)}" for wire, value in carried.items()
        )
        shown = format_minor(amount, names.program.ledgers[0].scale)
        account = names.roles[spec.accounts[0]]
        return f"{word('BALANCE')} {word('OF')} {account} {word('FOR')} {keys} = {shown}"

    # --- Budgets -------------------------------------------------------------------------

    def _moves(self, event: StoredEventView) -> list[_Move]:
        """What an event moved."""
        effects = self._effects(event)
        if BUDGET_MOVES.name not in effects.tables:
            return []
        table = effects.tables[BUDGET_MOVES.name]
        sources, ids, nodes, references = (
            effects.text(BUDGET_MOVES.name, name)
            for name in ("source", "event_id", "node", "reference")
        )
        kinds, stages, amounts = (table.ints(name).tolist() for name in ("kind", "stage", "amount"))
        return [
            _Move(
                nodes[row], MoveKind(kinds[row]), Stage(stages[row]), amounts[row], references[row]
            )
            for row in range(table.count)
            if (sources[row], ids[row]) == (event.source, event.event_id)
        ]

    def _supports(self) -> list[StoredEventView]:
        """Earlier events that moved what stands under a reference from which this one took.

        What these took from in turn counts as well, so that they can do here what they did.
        """
        earlier: list[tuple[tuple[str, str], str]] = []
        for _, effects in self.book.commits():
            if BUDGET_MOVES.name in effects.tables:
                texts = [
                    effects.text(BUDGET_MOVES.name, name)
                    for name in ("source", "event_id", "reference")
                ]
                earlier += [((row[0], row[1]), row[2]) for row in zip(*texts, strict=True)]
        own = (self.event.source, self.event.event_id)
        if own in [event for event, _ in earlier]:
            del earlier[[event for event, _ in earlier].index(own) :]
        taken = {
            move.reference
            for move in self._moves(self.event)
            if move.reference and move.amount < 0 and move.stage is not Stage.LIMIT
        }
        found: dict[tuple[str, str], None] = {}
        while True:
            before = len(found)
            found |= {event: None for event, reference in earlier if reference in taken}
            taken |= {reference for event, reference in earlier if event in found and reference}
            if len(found) == before:
                break
        return [self.book.event(*event) for event in dict(earlier) if event in found]

    def _support(self, event: StoredEventView) -> str:
        """An earlier event as a step, on its own day where its type names it."""
        program = self.spelling.names.program
        kind = next((each for each in program.event_types if each.wire == event.type), None)
        if kind is None:
            raise CallerError("RULES", f"the rule book has no event {event.type}")
        fields = self.spelling.fields(kind, msgspec.json.decode(event.content))
        dated = next((each.name for each in kind.fields if each.wire == "date"), "")
        if dated and event.date != self.event.date:
            fields.insert(0, f"{dated} = {event.date}")
        return f"{kind.name} {', '.join(fields)}"

    def _budgets(self, supports: list[StoredEventView]) -> Iterator[str]:
        """An amount for every limited node the event met: what was left, and what supports take."""
        effects = self._effects(self.event)
        rows = self._rows_of(self.event, effects, BUDGET_DECISIONS.name)
        if not rows:
            return
        nodes = effects.text(BUDGET_DECISIONS.name, "node")
        available = effects.tables[BUDGET_DECISIONS.name].ints("available").tolist()
        amounts: dict[str, int] = {}
        for row in rows:
            amounts.setdefault(nodes[row], available[row])
        for event in supports:
            for move in self._moves(event):
                above = move.node
                while above and move.stage is not Stage.LIMIT:
                    if above in amounts:
                        amounts[above] += move.amount
                    above = self.book.budget_node(above).parent
        for node in sorted(amounts, key=lambda name: len(self.book.budget_node(name).path)):
            yield self._budget(node, amounts[node])

    def _budget(self, node: str, amount: int) -> str:
        word, spelling = self.spelling.word, self.spelling
        budget = self._declared(node)
        view = self.book.budget_node(node)
        text = f"{word('BUDGET')} {spelling.node(budget, node, self._day, given=True)}"
        if view.parent and self.book.budget_node(view.parent).path != view.path[:-1]:
            parent = spelling.node(budget, view.parent, self._day, given=False)
            text += f" {word('UNDER')} {parent}"
        return f"{text} = {format_minor(amount, budget.scale)}"

    def _declared(self, node: str) -> Budget:
        wire = node[: node.index("[")]
        found = [each for each in self.spelling.names.program.budgets if each.wire == wire]
        if not found:
            raise CallerError("RULES", f"the rule book has no budget {wire}")
        return found[0]

    # --- What became of it ---------------------------------------------------------------

    def expectations(self) -> Iterator[str]:
        """What became of the event, as steps."""
        expect = self.spelling.word("EXPECT")
        match self.event.status:
            case Status.POSTED:
                yield from self._vouchers()
            case Status.NO_POSTING:
                yield f"{expect} {self.spelling.word('NO_POSTING')}"
            case Status.UNPOSTED | Status.HELD:
                status = self.spelling.word(self.event.status.name)
                yield f"{expect} {status} {self.event.reason}"
                return
            case _:
                raise CallerError(
                    "WRONG_STATE",
                    f"{self.event.source}/{self.event.event_id} is {self.event.status.name}; "
                    "a test can be made from an event that was accepted or waits",
                )
        yield from self._expected_moves()
        effects = self._effects(self.event)
        rows = self._rows_of(self.event, effects, BUDGET_DECISIONS.name)
        if rows:
            verdicts = effects.tables[BUDGET_DECISIONS.name].ints("verdict")
            if any(int(verdicts[row]) == Verdict.WARN for row in rows):
                yield f"{expect} {self.spelling.word('WARNED')}"

    def _vouchers(self) -> Iterator[str]:
        word, spelling = self.spelling.word, self.spelling
        for name in self.event.vouchers:
            voucher = spelling.names.booked(self.book.voucher(name))
            summary = spelling.quoted(voucher.summary or "")
            yield f"{word('EXPECT')} {word('VOUCHER')} {summary}"
            for line in voucher.lines:
                carried = ", ".join(
                    f"{name} = {spelling.quoted(value)}" for name, value in line.dimensions
                )
                by = f" {word('BY')} {carried}" if carried else ""
                if line.foreign:
                    amount, currency, rate = line.foreign
                    by = f" {word('FOREIGN')} {amount} {currency} {word('AT_RATE')} {rate}{by}"
                yield f"  {word(line.side.upper())} {line.account} {line.amount}{by}"

    def _expected_moves(self) -> Iterator[str]:
        """What the event moved at each node, in sum by kind."""
        totals: dict[tuple[str, str], int] = {}
        for move in self._moves(self.event):
            word = _WORDS.get((move.kind, move.stage))
            if move.kind is MoveKind.RELEASE:
                word = "RELEASE"
            if word is not None:
                sign = -1 if word == "RELEASE" else 1
                key = (word, move.node)
                totals[key] = totals.get(key, 0) + sign * move.amount
        for (word, node), amount in totals.items():
            budget = self._declared(node)
            where = self.spelling.node(budget, node, self._day, given=False)
            shown = format_minor(amount, budget.scale)
            yield f"{self.spelling.word('EXPECT')} {self.spelling.word(word)} {where} {shown}"
