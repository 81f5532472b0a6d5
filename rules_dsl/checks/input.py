"""What a check is given: the compiled program, the syntax trees, and what the lowering saw used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.program import Program, Span
from rules_dsl import syntax


def english(keyword: str, span: Span) -> str:
    """The keyword itself: what `CheckInput.word` says where nobody knows the author's language."""
    del span
    return keyword


@dataclass(frozen=True, slots=True)
class Usage:
    """What the rules use; the lowering fills it while it resolves names.

    Attributes:
        declarations: used declarations as (kind, name). Kinds: "table", "rate", "code", "list",
            "unit", "record", "target", "dimension", "account".
        lets: by rule name, the names of lets, splits and deltas that a later statement reads.
        fields: by event name, the names of fields that a rule reads. A field of a list counts
            under the list field's name, as in `明细.类别`.
    """

    declarations: frozenset[tuple[str, str]] = frozenset()
    lets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class CheckInput:
    """Everything a check may look at.

    Compared by identity, so that passes can share what they compute about it.

    Attributes:
        program: holds only rules that lowered without error.
        files: the syntax trees. usage: see `Usage`.
        word: an English keyword in the language of the file that a place is in.
    """

    program: Program
    files: tuple[syntax.File, ...]
    usage: Usage
    word: Callable[[str, Span], str] = english
