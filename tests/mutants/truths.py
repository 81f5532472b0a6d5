"""Whether what `check` says about a book is true, found in another way than the checker's.

Tables are tried at every combination of values around the bounds that their cells name; names are
looked for in the syntax trees; what depends on amounts is tried with random events.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from random import Random

from rules_dsl import syntax
from rules_dsl.diagnostics import Diagnostic
from rules_dsl.source import FULL_WIDTH
from rules_dsl.testing.edits import nodes_of
from tests.reference.declarations import Declarations, number_of
from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.generate_events import EventMaker
from tests.reference.generate_rules import GeneratedBook
from tests.reference.lookups import Lookups
from tests.reference.state import State
from tests.reference.values import Fault, Value, day

#: More combinations than these of one table are not tried.
MAX_POINTS = 40_000
#: Random events of a book.
EVENTS = 300
_ENTITIES = ("E1", "E2")
#: Days that stand for "always before" and "always after".
_FIRST, _LAST = date(1990, 1, 1), date(2090, 12, 31)

#: Rows by the values they win at; None where no row matches.
Winners = dict[tuple[Value, ...], syntax.RowDecl | None]


class Truths:
    """What is true of one generated book."""

    def __init__(self, book: GeneratedBook, files: Sequence[syntax.File], seed: int) -> None:
        self._declared = Declarations.of(list(files), book.assets)
        self._files, self._assets, self._seed = list(files), book.assets, seed
        self._texts = {path: text.split("\n") for path, text in book.files.items()}
        self._lookups = Lookups(self._declared, State(), Counter())
        self._winners: dict[str, Winners] = {}
        self._reasons: Counter[str] | None = None
        self._rules = [
            each
            for file in files
            for each in file.declarations
            if isinstance(each, syntax.RuleDecl)
        ]

    def is_valid(self) -> bool:
        """Whether every table has exactly one answer for every input."""
        return all(
            None not in self.winners(name).values() and not self._overlaps(name)
            for name in self._declared.tables
        )

    def denies(self, found: Diagnostic) -> bool:
        """Whether a warning is seen to be false."""
        match found.code:
            case "TP102":
                line = self._texts[found.span.file][found.span.line - 1]
                return line[found.span.column - 1] not in FULL_WIDTH
            case "TP204":
                return self._is_used(found.message)
            case "TP403":
                return self._wins(found)
            case "TP404":
                return self._matters(found.message)
            case "TP503":
                return self._is_covered(found.message)
            case "TP604":
                return self._is_key(found.message)
        return False

    def confirms(self, found: Diagnostic) -> bool:
        """Whether random events show what a warning says may happen."""
        return found.code == "TP308" and self._reasons_seen()["NEGATIVE_AMOUNT"] > 0

    # --- Tables --------------------------------------------------------------------------

    def winners(self, name: str) -> Winners:
        """The row that wins at every combination of telling values."""
        if name not in self._winners:
            table = self._declared.tables[name]
            inputs = [place for place, each in enumerate(table.columns) if not each.is_output]
            axes = [self._values(table, place) for place in inputs]
            found: Winners = {}
            for _, key in zip(range(MAX_POINTS), product(*axes), strict=False):
                try:
                    found[key] = self._lookups.row(name, key)
                except Fault:
                    found[key] = None
            self._winners[name] = found
        return self._winners[name]

    def _values(self, table: syntax.TableDecl, place: int) -> list[Value]:
        """Values of a column: all of a code or a flag, else those at and beside every bound."""
        column = table.columns[place]
        code = self._lookups.key_codes(table.name)[place]
        if code:
            return [value.wire for value in self._declared.codes[code].values]
        word = column.type.word if column.type is not None else syntax.TypeWord.TEXT
        if word is syntax.TypeWord.FLAG:
            return [True, False]
        bounds = [
            bound
            for row in table.rows
            if not row.is_else
            for item in row.cells[place].items
            for bound in (item.value, item.low, item.high)
            if bound is not None
        ]
        if word is syntax.TypeWord.DATE:
            days = {day(each.days) for each in bounds if isinstance(each, syntax.Date)}
            steps = (timedelta(days=-1), timedelta(), timedelta(days=1))
            return sorted({each + step for each in days for step in steps} or {_FIRST})
        if word is syntax.TypeWord.TEXT:
            texts = {each.value for each in bounds if isinstance(each, syntax.Text)}
            return [*sorted(texts), "something else"]
        return self._numbers(bounds, word)

    def _numbers(self, bounds: Iterable[syntax.Expr], word: syntax.TypeWord) -> list[Value]:
        decimals = {syntax.TypeWord.INTEGER: 0, syntax.TypeWord.AMOUNT: 2}.get(word, 6)
        currency = next(iter(self._declared.ledgers.values())).currency
        if word is syntax.TypeWord.AMOUNT and currency == "JPY":
            decimals = 0
        step = Fraction(1, 10**decimals)
        numbers = set()
        for each in bounds:
            if isinstance(each, syntax.Number):
                numbers.add(number_of(each))
            elif isinstance(each, syntax.Unary) and isinstance(each.operand, syntax.Number):
                numbers.add(-number_of(each.operand))
        found = {number + offset for number in numbers for offset in (-step, Fraction(0), step)}
        return sorted(found or {Fraction(0)})

    def _overlaps(self, name: str) -> bool:
        """Whether a table names another row where rows come in the reverse order."""
        table = self._declared.tables[name]
        if table.first:
            return False
        rows = [row for row in table.rows if not row.is_else]
        others = [row for row in table.rows if row.is_else]
        turned = syntax.TableDecl(
            table.name, table.first, table.columns, (*reversed(rows), *others), table.span
        )
        winners = self.winners(name)
        self._declared.tables[name] = turned
        try:
            return any(
                row is not None and self._lookups.row(name, key) is not row
                for key, row in winners.items()
            )
        finally:
            self._declared.tables[name] = table

    def _wins(self, found: Diagnostic) -> bool:
        """Whether the row that is said to be never reached wins somewhere."""
        for name, table in self._declared.tables.items():
            if found.span in {row.span for row in table.rows}:
                return any(
                    row is not None and row.span == found.span
                    for row in self.winners(name).values()
                )
        return False

    def _matters(self, message: str) -> bool:
        """Whether another value of the column gives another result."""
        match = re.search(r"column (\S+) of (\S+) never", message)
        if match is None:
            return False
        table = self._declared.tables[match[2]]
        inputs = [each for each in table.columns if not each.is_output]
        place = next(at for at, each in enumerate(inputs) if each.name == match[1])
        seen: dict[tuple[Value, ...], object] = {}
        for key, row in self.winners(match[2]).items():
            rest = (*key[:place], *key[place + 1 :])
            result = None if row is None else tuple(_plain(each) for each in row.outputs)
            if seen.setdefault(rest, result) != result:
                return True
        return False

    # --- Names, dates, amounts -----------------------------------------------------------

    def _is_used(self, message: str) -> bool:
        """Whether something that is said to be unused is named in a rule."""
        field = re.fullmatch(r"field (\S+) of (\S+) is never read", message)
        if field is not None:
            parts = [
                (rule.guard, rule.statements) for rule in self._rules if rule.event.text == field[2]
            ]
            # `by 项目 = x` names the dimension, not the field.
            others = {
                part.dimension.span
                for part in nodes_of(tuple(parts), syntax.DimensionArg)
                if part.value is not None
            }
            return any(
                name.path[0] == field[1] and name.span not in others
                for name in nodes_of(tuple(parts), syntax.Name)
            )
        other = re.fullmatch(r"(table|rate) (\S+) is never used", message)
        if other is not None:
            names = nodes_of(tuple(self._rules), syntax.Name)
            return any(name.path[0] == other[2] for name in names)
        return False

    def _is_covered(self, message: str) -> bool:
        """Whether a rate has a value on every day of a rule."""
        match = re.search(r"(\S+) has no value .*rule (\S+) is in force", message)
        if match is None:
            return False
        rule = next(each for each in self._rules if each.name == match[2])
        first = _FIRST if rule.valid_from is None else day(rule.valid_from)
        last = _LAST if rule.valid_until is None else day(rule.valid_until)
        rows = self._declared.rates[match[1]].rows
        on = first
        while on <= last:
            ends = [
                _LAST if until is None else day(until)
                for begin, until, _, _ in rows
                if day(begin) <= on and (until is None or on <= day(until))
            ]
            if not ends:
                return False
            on = max(ends) + timedelta(days=1)
        return True

    def _is_key(self, message: str) -> bool:
        """Whether a reference that two events may share is declared as a key."""
        match = re.search(r"reference: (\S+) of the event (\S+) is no key", message)
        if match is None:
            return False
        event = self._declared.events[match[2]]
        return any(field.name == match[1] and field.type.is_key for field in event.fields)

    def _reasons_seen(self) -> Counter[str]:
        """Why random events were not posted, by the reference evaluator."""
        if self._reasons is None:
            reference = ReferenceEvaluator(self._files, assets=self._assets, entities=_ENTITIES)
            maker = EventMaker(Random(self._seed), self._declared, _ENTITIES)
            outcomes = reference.post_all(maker.events(EVENTS))
            self._reasons = Counter(outcome.reason for outcome in outcomes)
        return self._reasons


def _plain(value: syntax.Expr) -> object:
    """An output as it is compared: without its place."""
    match value:
        case syntax.Number():
            return number_of(value)
        case syntax.Unary(operand=syntax.Number() as number):
            return -number_of(number)
        case syntax.Text() | syntax.Flag():
            return value.value
        case syntax.Date():
            return value.days
        case syntax.Name():
            return value.text
    return value
