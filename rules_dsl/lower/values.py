"""What an expression is while its rule is lowered: a type and the nodes that compute it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.program import Span
from rules_dsl import syntax
from rules_dsl.types import ERROR, NumberType, Type


@dataclass(frozen=True, slots=True)
class Value:
    """A lowered expression.

    Attributes:
        type: what it means. node: its value, the numerator of an exact one; -1 with an error.
        span: where the author wrote it.
        denominator: what an exact value is still divided by; None = by nothing.
        literal: a number written out, which takes on the type of what stands beside it.
        let: name of the let it was read from, or "".
    """

    type: Type
    node: int
    span: Span
    denominator: int | None = None
    literal: syntax.Number | None = None
    let: str = ""

    @property
    def is_error(self) -> bool:
        """Whether something in it was already reported."""
        return self.type == ERROR

    @property
    def is_exact(self) -> bool:
        """Whether it still has to be rounded."""
        return isinstance(self.type, NumberType) and self.type.exact

    @property
    def is_zero(self) -> bool:
        """Whether it is a written 0, which fits every number."""
        return self.literal is not None and self.literal.digits == 0


def failed(span: Span) -> Value:
    """The value of an expression with a reported error."""
    return Value(ERROR, -1, span)
