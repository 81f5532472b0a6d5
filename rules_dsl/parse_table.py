"""The parse table of the grammar as the parser reads it, and how it is made from the grammar.

Reading a table takes a hundredth of the time that making one takes, and an author waits for
every check; so the table is kept beside the grammar. `python -m rules_dsl.parse_table --write`
makes it, `--check` says whether it is fresh. Only making it needs Lark.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
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

_PLACE = Path(__file__).with_name("grammar.table.json")


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
    text = resources.files("rules_dsl").joinpath(_PLACE.name).read_text(encoding="utf-8")
    data = json.loads(text)
    return ParseTable(
        data["starts"],
        data["ends"],
        data["states"],
        [Production(*each) for each in data["productions"]],
    )


def made_table() -> str:
    """Makes the table from the grammar, as it is to be kept."""
    from lark import Lark  # noqa: PLC0415
    from lark.parsers.lalr_analysis import Shift  # noqa: PLC0415

    grammar = resources.files("rules_dsl").joinpath("grammar.lark").read_text(encoding="utf-8")
    lark = Lark(grammar, parser="lalr", lexer="basic", start=list(STARTS), keep_all_tokens=True)
    table = lark.parser.parser._parse_table
    # Numbered in the order they are come to, since Lark's own numbers differ between runs.
    order = [table.start_states[start] for start in STARTS]
    order += [table.end_states[start] for start in STARTS]
    places = {state: place for place, state in enumerate(order)}
    numbers: dict[Production, int] = {}
    states: list[dict[str, int]] = []
    for state in order:  # grows while it is gone through
        row: dict[str, int] = {}
        for name, (action, argument) in sorted(table.states[state].items()):
            if action is Shift:
                if argument not in places:
                    places[argument] = len(order)
                    order.append(argument)
                row[name] = places[argument]
                continue
            made = Production(
                argument.origin.name,
                len(argument.expansion),
                argument.alias or argument.origin.name,
                argument.origin.name.startswith("_"),
                argument.options.expand1 and not argument.alias,
            )
            row[name] = -numbers.setdefault(made, len(numbers)) - 1
        states.append(row)
    head = {
        name: {start: places[found[start]] for start in STARTS}
        for name, found in (("starts", table.start_states), ("ends", table.end_states))
    }
    lines = [
        "{",
        *(f'"{name}": {json.dumps(value)},' for name, value in head.items()),
        '"productions": [',
        ",\n".join(json.dumps(list(made)) for made in numbers),
        '],\n"states": [',
        ",\n".join(json.dumps(row) for row in states),
        "]\n}",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Writes the table, or gives 1 where it is not what would be written."""
    parser = argparse.ArgumentParser(prog="python -m rules_dsl.parse_table")
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--write", action="store_true", help="write the table anew")
    wanted.add_argument("--check", action="store_true", help="say whether it is fresh")
    arguments = parser.parse_args()
    made = made_table()
    if arguments.write:
        _PLACE.write_text(made, encoding="utf-8", newline="\n")
        return 0
    is_fresh = _PLACE.exists() and _PLACE.read_text(encoding="utf-8") == made
    sys.stdout.write(f"the parse table is {'fresh' if is_fresh else 'stale'}\n")
    return int(not is_fresh)


if __name__ == "__main__":
    sys.exit(main())
