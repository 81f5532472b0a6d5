"""Writes values, nodes and keywords as a test block spells them, in the language of its file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from engine.budget.names import days_of, period_label, split_name
from engine.calendar import iso_day
from engine.program import Budget, EventType, Field, FieldType, Horizon, ListType
from rules_dsl.keywords import Language, spelling_of
from rules_dsl.testing.naming import Names

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Spelling:
    """How a test of a rule book is spelled."""

    def __init__(self, names: Names, language: Language) -> None:
        """`names`: of the rule book the test is for."""
        self.names = names
        self._language = language
        self._values = {
            tuple(sorted(code.values())): {wire: name for name, wire in code.items()}
            for code in names.code_sets.values()
        }

    def word(self, terminal: str) -> str:
        """A keyword."""
        return spelling_of(terminal, self._language) or terminal.lower()

    def quoted(self, text: str) -> str:
        """A text in quotes."""
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    def truth(self, *, value: bool) -> str:
        """True or false."""
        return self.word("TRUE" if value else "FALSE")

    def fields(self, kind: EventType, content: Mapping[str, object]) -> list[str]:
        """The fields of an event that it carries, as `name = value`."""
        written = []
        for place, field in enumerate(kind.fields):
            value = content.get(field.wire)
            if value is None or (field.envelope and field.wire in {"date", "source"}):
                continue
            if field.type is FieldType.LIST:
                text = self._items(kind.lists[place], value)
            else:
                text = self.value(field, value)
            written.append(f"{field.name} = {text}")
        return written

    def value(self, field: Field, value: object) -> str:
        """One value of a field."""
        if field.type is FieldType.FLAG:
            return self.truth(value=bool(value))
        text = str(value)
        if field.type is FieldType.DATE or (
            field.type is FieldType.NUMBER and _NUMBER.fullmatch(text)
        ):
            return text
        named = self._values.get(tuple(sorted(field.codes)), {}) if field.codes else {}
        return named.get(text) or self.quoted(text)

    def _items(self, items: ListType, value: object) -> str:
        rows: list[str] = []
        if items.form == "map" and isinstance(value, Mapping):
            pairs = [{"key": key, "value": each} for key, each in value.items()]
            rows = [self._record(items, pair) for pair in pairs]
        elif isinstance(value, Sequence):
            rows = [
                self._record(items, each)
                if isinstance(each, Mapping)
                else self.value(items.fields[0], each)
                for each in value
            ]
        return f"[{', '.join(rows)}]"

    def _record(self, items: ListType, record: Mapping[str, object]) -> str:
        parts = [
            f"{field.name} = {self.value(field, record[field.wire])}"
            for field in items.fields
            if record.get(field.wire) is not None
        ]
        return "{" + ", ".join(parts) + "}"

    def node(self, budget: Budget, name: str, day: int, *, given: bool) -> str:
        """A budget node by its canonical name; `given`: where it is given its amount."""
        parts = split_name(name)
        path, period = (parts[1], parts[2]) if parts is not None else ((), "")
        text = f"{budget.name}[{', '.join(self.quoted(key) for key in path)}]"
        if not period or period_label(budget.horizon, day) == period:
            return text
        days = days_of(budget.horizon, period)
        if days is None:
            return text
        if budget.horizon is Horizon.DATES and given:
            first, last = (iso_day(each) for each in days)
            return f"{text} {self.word('FROM')} {first} {self.word('UNTIL')} {last}"
        return f"{text} {self.word('AT')} {iso_day(days[0])}"
