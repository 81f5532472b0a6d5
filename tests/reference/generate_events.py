"""Random events for a rule book: contended keys, edges of every type, and everything that fails.

Made from the declarations alone, so it serves any rule book, not only generated ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from random import Random

from rules_dsl import syntax
from rules_dsl.syntax import TypeWord
from tests.reference.declarations import Declarations
from tests.reference.fields import ENVELOPE
from tests.reference.generate_foreign import SENT, fit_decimals
from tests.reference.values import at_scale

Event = dict[str, object]

#: Days at which generated rules, rates and periods begin and end, and their neighbours.
EDGE_DAYS = (
    *("2025-12-31", "2026-01-01", "2026-02-01", "2026-02-14", "2026-02-15", "2026-02-28"),
    *("2026-03-01", "2026-03-14", "2026-03-15", "2026-03-31", "2026-04-01", "2026-04-30"),
    *("2026-05-31", "2026-06-01"),
)
FIRST_DAY = date(2026, 1, 1)
TEXTS = ("K1", "K1", "K2", "K3", "K4")
DIMENSION_VALUES = ("D1", "D1", "D1", "D2", "D2", "D3", "é")
#: Some are halves, quarters and eighths, so that roundings meet exact ties.
RATIOS = ("0", "0.06", "0.13", "0.005", "0.333333", "1", "0.000001", "0.5", "0.25", "0.125")
#: Bounds of the ranges and comparisons that generated rules hold.
EDGE_AMOUNTS = tuple(Fraction(cents, 100) for cents in (10_000, 10_050, 10_100, 100_000, 1_00))
COUNTING = frozenset({TypeWord.DECIMAL, TypeWord.QUANTITY, TypeWord.INTEGER})


@dataclass
class EventMaker:
    """Makes events one after another; remembers them to repeat and to contradict them."""

    rng: Random
    book: Declarations
    entities: Sequence[str]
    made: list[Event] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        masters = {name.text for record in self.book.records.values() for name in record.sources}
        self._masters = [event for event in self.book.events.values() if event.name in masters]
        self._dated = {
            name.text
            for record in self.book.records.values()
            if record.dated
            for name in record.sources
        }
        ruled = {rule.event.text for rule in self.book.rules}
        self._business = [
            event
            for event in self.book.events.values()
            for _ in range(20 if event.name in ruled else 1)
            if event.name not in masters
        ]

    def events(self, count: int) -> list[Event]:
        """The next events; the first ones are mostly master data."""
        return [self.event() for _ in range(count)]

    def event(self) -> Event:
        """The next event."""
        rng = self.rng
        kind = rng.random()
        if self.made and kind < 0.05:
            return self._again(rng.choice(self.made))
        if self.made and kind < 0.08:
            return self._contradiction(rng.choice(self.made))
        if kind < 0.1:
            return self._keep(self._period_closed())
        if self.book.parameters and kind < 0.115:
            return self._keep(self._parameter_set())
        event = self._valid()
        if rng.random() < 0.06:
            self._spoil(event)
        return self._keep(event)

    def _keep(self, event: Event) -> Event:
        self.made.append(event)
        return event

    def _valid(self) -> Event:
        share = 0.6 if self.count < 10 else 0.07
        masters = self._masters and self.rng.random() < share
        decl = self.rng.choice(self._masters if masters else self._business)
        return self._of_type(decl)

    # --- Repeats and commands ----------------------------------------------------------------

    def _again(self, event: Event) -> Event:
        """The same content in another order."""
        items = list(event.items())
        self.rng.shuffle(items)
        again = dict(items)
        if self.rng.random() < 0.3:
            again["approved_by"] = again.get("approved_by")
        if self.rng.random() < 0.3:
            again["group_id"] = f"g{self.rng.randrange(9)}"
            del again["group_id"]
        return again

    def _contradiction(self, event: Event) -> Event:
        """The same identity with other content."""
        other = dict(event)
        other["date"] = self.rng.choice(EDGE_DAYS)
        if "gross" in other:
            other["gross"] = "1"
        return other

    def _period_closed(self) -> Event:
        event = self._envelope("period.closed")
        month = self.rng.choice([1, 1, 1, 2, 2, 3])
        event["period"] = f"2026-{month:02d}"
        return event

    def _parameter_set(self) -> Event:
        """A new value of a parameter; at times of none, or none of its type."""
        rng = self.rng
        event = self._envelope("book.parameter_set")
        declared = rng.choice(list(self.book.parameters.values()))
        event |= {"name": declared.wire, "value": self._scalar(declared.type)}
        if rng.random() < 0.25:
            event |= rng.choice([{"name": "nothing"}, {"value": ["?"]}, {"value": None}])
        return event

    def _envelope(self, wire: str) -> Event:
        rng = self.rng
        self.count += 1
        event: Event = {"id": f"e{self.count}", "type": wire, "date": self._day()}
        if rng.random() < 0.5:
            event["entity"] = rng.choice(self.entities)
        if rng.random() < 0.2:
            event["source"] = rng.choice(["CRM", "OA"])
        if rng.random() < 0.04:
            event["posting_date"] = self._day()
        if rng.random() < 0.3:
            event["actor"] = rng.choice(["K1", "K2", "小王"])
        return event

    def _day(self) -> str:
        if self.rng.random() < 0.25:
            return self.rng.choice(EDGE_DAYS)
        return (FIRST_DAY + timedelta(days=self.rng.randrange(40, 150))).isoformat()

    # --- Values ------------------------------------------------------------------------------

    def _of_type(self, decl: syntax.EventDecl) -> Event:
        event = self._envelope(decl.wire)
        if decl.name in self._dated and self.rng.random() < 0.7:
            # Mostly before the events that read what is dated.
            event["date"] = (FIRST_DAY + timedelta(days=self.rng.randrange(50))).isoformat()
        for part in decl.fields:
            if part.wire not in ENVELOPE:
                value = self._field(part)
                if value is not None or self.rng.random() < 0.1:
                    event[part.wire] = value
        fit_decimals(self.rng, decl.fields, event)
        return event

    def _field(self, part: syntax.FieldDecl) -> object:
        """A wire value of a field; None where it is left out."""
        if part.optional and self.rng.random() < 0.4:
            return None
        if part.type.word is TypeWord.MAP:
            keys = self.rng.sample(["D1", "D2", "D3", "K1", "é"], self._length(most=4))
            assert part.type.item is not None
            return {key: self._scalar(part.type.item) for key in keys}
        if part.type.word is TypeWord.LIST:
            elements = [self._element(part.type) for _ in range(self._length())]
            if len(elements) > 1 and self.rng.random() < 0.3:
                # Equal elements make ties.
                elements[self.rng.randrange(len(elements))] = self.rng.choice(elements)
            return elements
        return self._scalar(part.type)

    def _length(self, most: int = 40) -> int:
        return min(most, self.rng.choice([0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 7, self.rng.randrange(40)]))

    def _element(self, type_ref: syntax.TypeRef) -> object:
        item = self.book.item_type(type_ref)
        if item is not None:
            return self._scalar(item)
        element: Event = {}
        for part in self.book.elements_of(type_ref):
            value = self._field(part)
            if value is not None or self.rng.random() < 0.1:
                element[part.wire] = value
        fit_decimals(self.rng, self.book.elements_of(type_ref), element)
        return element

    def _scalar(self, type_ref: syntax.TypeRef) -> object:
        rng = self.rng
        match type_ref.word:
            case TypeWord.TEXT:
                return rng.choice(TEXTS)
            case TypeWord.FLAG:
                return rng.random() < 0.5
            case TypeWord.CURRENCY:
                return rng.choice(SENT)
            case TypeWord.DATE:
                return self._day()
            case TypeWord.PERIOD:
                return f"2026-{rng.randrange(1, 7):02d}"
            case TypeWord.NAMED:
                return self._named(type_ref)
            case TypeWord.INTEGER:
                whole = int(self._number(type_ref))
                return whole if rng.random() < 0.6 else str(whole)
        return self._written(self._number(type_ref), self.book.decimals(type_ref))

    def _named(self, type_ref: syntax.TypeRef) -> str:
        code = self.book.codes.get(type_ref.name)
        if code is not None:
            return self.rng.choice(code.values).wire
        return "" if self.rng.random() < 0.03 else self.rng.choice(DIMENSION_VALUES)

    def _number(self, type_ref: syntax.TypeRef) -> Fraction:
        rng = self.rng
        decimals = self.book.decimals(type_ref)
        low, high = self.book.bounds(type_ref)
        unit = Fraction(1, 10**decimals)
        choice = rng.random()
        if type_ref.word is TypeWord.PERCENT and choice < 0.6:
            number = Fraction(rng.choice(RATIOS))
        elif type_ref.word in COUNTING and choice < 0.4:
            number = Fraction(rng.choice([0, 1, 1, 2]))
        elif choice < 0.08:
            number = Fraction(0)
        elif type_ref.word is TypeWord.AMOUNT and choice < 0.12:
            number = rng.choice(EDGE_AMOUNTS)
        elif choice < 0.16:
            number = rng.choice([low, high, low + unit, high - unit])
        elif choice < 0.42:
            # Large enough for products beyond int64, where the type allows it.
            number = rng.randrange(int(low), int(high) + 1) + unit
        elif choice < 0.56:
            number = Fraction(rng.randrange(1, 60))
        else:
            number = rng.randrange(1, 300000) * unit
        if rng.random() < 0.2:
            number = -number
        step = 10**decimals
        return min(max(Fraction(floor(number * step), step), low), high)

    def _written(self, number: Fraction, decimals: int) -> str:
        text = at_scale(number, decimals)
        if "." in text and self.rng.random() < 0.5:
            text = text.rstrip("0").rstrip(".")
        return text

    # --- What is wrong -----------------------------------------------------------------------

    def _spoil(self, event: Event) -> None:
        """Makes the event INVALID or of an unknown type, in one of many ways."""
        rng = self.rng
        wires = [wire for wire in event if wire not in ENVELOPE]
        choice = rng.randrange(8)
        if choice == 0:
            event["undeclared"] = "x"
        elif choice == 1:
            event["type"] = "unknown.type"
        elif choice == 2:
            event["date"] = rng.choice(["2026-02-30", "2026-2-3", "soon", None])
        elif choice == 3 and wires:
            del event[rng.choice(wires)]
        elif wires:
            wire = rng.choice(wires)
            event[wire] = self._wrong(event[wire])

    def _wrong(self, value: object) -> object:
        rng = self.rng
        match value:
            case bool():
                return rng.choice(["yes", 1])
            case str() if value[:1].isdigit() or value[:1] == "-":
                return rng.choice([f"{value.split('.')[0]}.1234567", "9" * 18, "1e3", "", "x"])
            case list() if value:
                spoiled = list(value)
                spoiled[rng.randrange(len(value))] = rng.choice([{"undeclared": 1}, 7, None])
                return spoiled
        return rng.choice([7, ["x"], {"x": "y"}])
