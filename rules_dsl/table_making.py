"""Making the parse table from the grammar, with Lark, when the grammar changes.

`python -m rules_dsl.table_making --write` makes it, `--check` says whether it is fresh. Nothing
that runs imports this module, so that only those who change the grammar need Lark.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import resources
from pathlib import Path

from lark import Lark
from lark.parsers.lalr_analysis import Shift

from rules_dsl.parse_table import STARTS, TABLE_FILE, Production

_PLACE = Path(__file__).with_name(TABLE_FILE)


def made_table() -> str:
    """Makes the table from the grammar, as it is to be kept."""
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
    parser = argparse.ArgumentParser(prog="python -m rules_dsl.table_making")
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
