"""The parse table of the grammar, as it is kept beside it (`rules_dsl.table_making` makes it).

Reading a table takes a hundredth of the time that making one takes, and an author waits for every
check.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

END: Final = "$END"

#: Start symbols of the grammar, one for each kind of line.
STARTS: tuple[str, ...] = (
    "header",
    "field_line",
    "account_line",
    "table_header",
    "table_row",
    "rate_header",
    "rate_row",
    "budget_line",
    "rule_line",
    "test_line",
    "expr",
)

#: The file that holds it.
TABLE_FILE: Final = "grammar.table.json"


class Production(NamedTuple):
    """A rule of the grammar with one of its alternatives.

    Attributes:
        origin: the rule's name. size: how many parts it is made of.
        data: what its tree is called. is_list: its parts go into the tree around it.
        is_through: made of one part it is that part.
    """

    origin: str
    size: int
    data: str
    is_list: bool
    is_through: bool


@dataclass(frozen=True, slots=True)
class ParseTable:
    """An LALR table.

    Attributes:
        starts, ends: first and accepting state of each start symbol.
        states: for each state what to do with a terminal, and where a rule leads. A number n ≥ 0
            goes to state n, n < 0 reduces by production −n − 1.
        productions: by their numbers.
    """

    starts: dict[str, int]
    ends: dict[str, int]
    states: list[dict[str, int]]
    productions: list[Production]


@cache
def parse_table() -> ParseTable:
    """Reads the table that is kept."""
    text = resources.files("rules_dsl").joinpath(TABLE_FILE).read_text(encoding="utf-8")
    data = json.loads(text)
    return ParseTable(
        data["starts"],
        data["ends"],
        data["states"],
        [Production(*each) for each in data["productions"]],
    )
