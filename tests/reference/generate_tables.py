"""Random decision tables and rates whose rows are as the language wants them."""

from __future__ import annotations

from itertools import product
from random import Random

from tests.reference.vocabulary import BookSpec, Kind, TableSpec

TYPED = {"flag", "percent", "date", "text", "integer", "decimal"}


class TableMaker:
    """Makes decision tables for a book."""

    def __init__(self, rng: Random, book: BookSpec) -> None:
        self.rng = rng
        self.book = book

    def table(self, name: str, outputs: tuple[tuple[str, Kind], ...]) -> str:
        """Text of a table with these outputs; adds it to the book."""
        kinds: list[Kind] = [f"code:{code}" for code in self.book.codes]
        kinds += ["flag", "percent", "money", "date", "text", "integer"]
        inputs = tuple(self.rng.sample(kinds, self.rng.choice([1, 2, 2, 3])))
        is_first = self.rng.random() < 0.4
        header = [self._header(kind, at) for at, kind in enumerate(inputs)]
        header += [f"= {output} «{kind}»".replace("  ", " ") for output, kind in self._out(outputs)]
        rows = self._first_rows(inputs) if is_first else self._unique_rows(inputs)
        used: set[str] = set()
        lines = [f"«table» {name} {'«first»' if is_first else self.rng.choice(['', '«unique»'])}"]
        lines.append("  | " + " | ".join(header) + " |")
        for cells in rows:
            values = [self._output(kind, used) for _, kind in outputs]
            lines.append("  | " + " | ".join([*cells, *values]) + " |")
        self.book.tables.append(TableSpec(name, inputs, outputs, tuple(sorted(used))))
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def _out(self, outputs: tuple[tuple[str, Kind], ...]) -> list[tuple[str, str]]:
        return [(name, "amount" if kind == "money" else kind) for name, kind in outputs]

    def _header(self, kind: Kind, at: int) -> str:
        if kind.startswith("code:"):
            return kind.removeprefix("code:")
        return f"键{at} «{'amount' if kind == 'money' else kind}»"

    def _output(self, kind: Kind, used: set[str]) -> str:
        rng = self.rng
        if kind == "account":
            role = rng.choice(self.book.roles)
            self.book.table_roles.append(role)
            used.update(role.requires)
            return role.role
        if kind == "percent":
            return rng.choice(["0%", "50%", "6%", "25%", "12.5%", "0.000001", "100%"])
        if kind == "money":
            amount = self.book.money_literal(bare=True)
            return rng.choice([amount, "0", f"-{self.book.money_literal(90, bare=True)}"])
        return rng.choice(["«true»", "«false»"])

    def _unique_rows(self, inputs: tuple[Kind, ...]) -> list[list[str]]:
        """Rows that do not overlap: the product of a partition of each input."""
        rng = self.rng
        parts = [self._partition(kind) for kind in inputs]
        rows = []
        for cells in product(*parts[:-1]):
            last = ["*"] if rng.random() < 0.2 else parts[-1]
            rows += [[*cells, cell] for cell in last]
        open_text = "text" in inputs
        drops = rng.random() < 0.4
        if drops and len(rows) > 1:
            rows = [row for row in rows if rng.random() < 0.75] or rows[:1]
        if (drops or open_text) and rng.random() < 0.8:
            rows.insert(rng.randrange(len(rows) + 1), ["«else»", *["*" for _ in inputs[1:]]])
        return rows

    def _first_rows(self, inputs: tuple[Kind, ...]) -> list[list[str]]:
        """Rows that may overlap; the last one often catches the rest."""
        rng = self.rng
        rows = []
        for _ in range(rng.randrange(2, 6)):
            cells = [rng.choice([*self._partition(kind), self._set(kind), "*"]) for kind in inputs]
            rows.append(cells)
        rng.shuffle(rows)
        if rng.random() < 0.75:
            rest = ["*" for _ in inputs[1:]]
            if rng.random() < 0.5:
                rows.append(["*", *rest])
            else:
                rows.insert(rng.randrange(len(rows) + 1), ["«else»", *rest])
        return rows

    def _set(self, kind: Kind) -> str:
        rng = self.rng
        match kind.partition(":"):
            case ("code", _, code):
                values = self.book.codes[code]
                return f"{{{', '.join(rng.sample(values, 2))}}}"
            case ("text", _, _):
                return '{"K1", "K2"}'
            case ("percent", _, _):
                return "{6%, 13%}"
            case ("integer", _, _):
                return "{1, 3..4, 6..}"
        return "*"

    def _partition(self, kind: Kind) -> list[str]:
        """Cells that do not overlap and, except of texts, cover every value."""
        rng = self.rng
        cent_above = "101.." if self.book.currency == "JPY" else "100.01.."
        match kind.partition(":"):
            case ("code", _, code):
                values = list(self.book.codes[code])
                rng.shuffle(values)
                cut = rng.randrange(1, len(values))
                return [cell_of(values[:cut]), cell_of(values[cut:])]
            case ("flag", _, _):
                return ["«true»", "«false»"]
            case ("percent", _, _):
                return rng.choice([["..<6%", "6%..<13%", "13%.."], ["..0.06", "6.0001%.."]])
            case ("money", _, _):
                return rng.choice([["..<0", "0..<1000", "1000.."], ["..100", cent_above]])
            case ("date", _, _):
                return rng.choice(
                    [["..2026-03-31", "2026-04-01.."], ["..<2026-02-15", "2026-02-15.."]]
                )
            case ("integer", _, _):
                return rng.choice([["..2", "3..5", "6.."], ["..<2", "2", "3.."]])
        return ['"K1"', '{"K2", "K3"}']


def cell_of(values: list[str]) -> str:
    """A cell that any of the values matches."""
    return values[0] if len(values) == 1 else f"{{{', '.join(values)}}}"


def rate(rng: Random, name: str) -> str:
    """Text of a rate; some have a hole, some end."""
    rows = rng.choice(
        [
            ["2019-04-01 | 2027-12-31 | 6%"],
            ["2019-04-01 | 2026-03-14 | 6%", "2026-03-15 | 2027-12-31 | 3%"],
            ["2026-01-01 | 2026-02-28 | 13%", "2026-03-15 | * | 9%"],
            ["2026-02-01 | 2026-04-30 | 50%"],
        ]
    )
    lines = [f"«rate» {name} «percent»", "  | «from» | «until» | «value» |"]
    return "\n".join([*lines, *[f"  | {row} |" for row in rows]]) + "\n"
