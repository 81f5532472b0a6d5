"""What a random expression may name: fields, parts of lists and lets, with bounds of money."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from tests.reference.vocabulary import EventSpec, FieldSpec, Kind

DEFAULT_AMOUNT = 10**15


class Term(NamedTuple):
    """Something in scope: its text, kind, list shape and bound in minor units (of money)."""

    text: str
    kind: Kind
    shape: str | None
    bound: int


class Money(NamedTuple):
    """A money expression and a bound of its absolute value in minor units."""

    text: str
    bound: int


@dataclass
class Scope:
    """What an expression may name. `optional`: fields that need `given` before they are read."""

    terms: list[Term] = field(default_factory=list)
    optional: list[tuple[str, FieldSpec]] = field(default_factory=list)

    @classmethod
    def of(cls, event: EventSpec) -> Scope:
        """The fields and list parts of an event."""
        scope = cls()
        if event.dated:
            scope.terms.append(Term(event.dated, "date", None, 0))
        for spec in event.fields:
            scope.take(spec, None)
        for spec_list in event.lists:
            for part in spec_list.parts:
                scope.take(part, spec_list.name)
        return scope

    def take(self, spec: FieldSpec, shape: str | None) -> None:
        """Adds a field or list part."""
        text = f"{shape}.{spec.name}" if shape else spec.name
        if spec.optional:
            self.optional.append((text, spec))
        if spec.always_there:
            self.add(text, spec.kind, shape)

    def add(self, text: str, kind: Kind, shape: str | None, bound: int = DEFAULT_AMOUNT) -> None:
        """Adds a name."""
        self.terms.append(Term(text, kind, shape, bound))

    def with_given(self, text: str, spec: FieldSpec) -> Scope:
        """The scope inside `if given`."""
        shape = text.split(".", maxsplit=1)[0] if "." in text else None
        return Scope([*self.terms, Term(text, spec.kind, shape, DEFAULT_AMOUNT)], self.optional)

    def of_kind(self, kind: Kind, shape: str | None) -> list[Term]:
        """Names of a kind that have the shape, or one value per event."""
        return [term for term in self.terms if term.kind == kind and term.shape in {None, shape}]
