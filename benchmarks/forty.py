"""The forty-rule benchmark rule book: its text, events, and the same rules as others write them.

Ten event types with four rules each, one of which matches by the field `kind`. The rules exist
three times: as text for our compiler, as expression trees for a per-event interpreter with
Decimal, and as numpy written by hand. `python -m benchmarks.forty` writes the text again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).parent / "rules" / "forty"
TYPES = 10
KINDS = ("goods", "fee", "work", "split")

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]


def code(event_type: int, role: int) -> str:
    """Account code of a role (0..9) of an event type."""
    return f"{event_type + 1}{role:03d}"


def limit(event_type: int) -> int:
    """Above how many units of currency `split` parts an amount."""
    return 5_000 + 100 * event_type


# ------------------------------------------------------------------------------- text


def rulebook_text() -> str:
    """The rule book in our language."""
    lines = [
        "# Written by `python -m benchmarks.forty`: forty rules without state.",
        "rulebook forty",
        "",
        "ledger main is GL currency CNY",
        "unit hour decimals 2",
        "dimension customer",
        "dimension project",
        "dimension department",
        "code kind = " + " | ".join(KINDS),
        "",
        "chart forty_chart",
    ]
    for number in range(TYPES):
        for role in range(10):
            side = "debit" if role % 2 == 0 else "credit"
            lines.append(
                f'  a{number}{role} @{code(number, role)} "Account {number}.{role}" {side}'
            )
    for number in range(TYPES):
        lines += ["", *_event_text(number)]
    return "\n".join(lines) + "\n"


def _event_text(number: int) -> list[str]:
    a, event = f"a{number}", f"event_{number}"
    return [
        f"event {event} is bench.type{number} expects one",
        "  customer   customer",
        "  project    project",
        "  department department",
        "  kind       kind",
        "  gross      amount min 0",
        "  rate       percent min 0 max 1",
        "  hours      quantity of hour min 0 max 10000",
        "  price      amount per hour min 0",
        "  note       text",
        "  reference  text",
        "",
        f"rule goods_{number}",
        f"  on {event}",
        '  basis "benchmark"',
        "  when kind = goods",
        "  let net = round(gross / (1 + rate))",
        '  voucher "Goods {customer}"',
        f"    debit  {a}0 gross by customer, project",
        f"    credit {a}1 net by project",
        f"    credit {a}3 gross - net by customer",
        "",
        f"rule fee_{number}",
        f"  on {event}",
        '  basis "benchmark"',
        "  when kind = fee",
        "  let fee = round(gross * rate)",
        '  voucher "Fee {customer}"',
        f"    debit  {a}2 fee by project, department",
        f"    credit {a}5 fee by customer",
        "",
        f"rule work_{number}",
        f"  on {event}",
        '  basis "benchmark"',
        "  when kind = work",
        "  let cost = round(hours * price)",
        '  voucher "Work {project}"',
        f"    debit  {a}4 cost by project, department",
        f"    credit {a}7 cost by department",
        "",
        f"rule split_{number}",
        f"  on {event}",
        '  basis "benchmark"',
        "  when kind = split",
        f"  let over = if gross > {limit(number)}.00 then gross - {limit(number)}.00 else 0",
        '  voucher "Split {customer}"',
        f"    debit  {a}6 gross - over by customer",
        f"    debit  {a}8 over by customer",
        f"    credit {a}9 gross by project",
    ]


# ----------------------------------------------------------------------------- events


def events(count: int, seed: int = 1) -> list[dict[str, object]]:
    """Events of all types and kinds alike, 14 fields each."""
    pick = random.Random(seed)
    return [
        {
            "id": f"F{seed}-{number}",
            "type": f"bench.type{pick.randrange(TYPES)}",
            "date": f"2026-{pick.randint(1, 12):02d}-{pick.randint(1, 28):02d}",
            "source": "bench",
            "customer": f"C{pick.randint(1, 200)}",
            "project": f"P{pick.randint(1, 400)}",
            "department": f"D{pick.randint(1, 20)}",
            "kind": pick.choice(KINDS),
            "gross": f"{pick.randint(1, 20_000)}.{pick.randint(0, 99):02d}",
            "rate": pick.choice(("0.06", "0.09", "0.13")),
            "hours": f"{pick.randint(1, 80)}.{pick.choice(('00', '25', '50', '75'))}",
            "price": f"{pick.randint(50, 400)}.{pick.randint(0, 99):02d}",
            "note": pick.choice(("as agreed", "monthly", "one-off")),
            "reference": f"R{pick.randint(1, 5_000)}",
        }
        for number in range(count)
    ]


# ---------------------------------------------------------- a per-event interpreter

Tree = tuple[object, ...]

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class TreeLine:
    """A line of a voucher: side, account code, amount, dimensions."""

    debit: bool
    account: str
    amount: Tree
    dimensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TreeRule:
    """A rule as trees."""

    name: str
    guard: Tree
    lets: tuple[tuple[str, Tree], ...]
    summary: tuple[str, str]
    lines: tuple[TreeLine, ...]


@dataclass(frozen=True, slots=True)
class MadeLine:
    """A line an interpreter made."""

    debit: bool
    account: str
    amount: Decimal
    dimensions: dict[str, str]


def tree_rules() -> dict[str, list[TreeRule]]:
    """The forty rules by wire type."""
    return {f"bench.type{number}": _trees(number) for number in range(TYPES)}


def _trees(number: int) -> list[TreeRule]:
    gross, rate = ("get", "gross"), ("get", "rate")
    top = ("const", Decimal(limit(number)))

    def line(debit: bool, role: int, amount: Tree, *dimensions: str) -> TreeLine:
        return TreeLine(debit, code(number, role), amount, dimensions)

    def kind(name: str) -> Tree:
        return ("=", ("get", "kind"), ("const", name))

    net = ("round", ("/", gross, ("+", ("const", Decimal(1)), rate)))
    over = ("if", (">", gross, top), ("-", gross, top), ("const", Decimal(0)))
    return [
        TreeRule(
            "goods",
            kind("goods"),
            (("net", net),),
            ("Goods", "customer"),
            (
                line(True, 0, gross, "customer", "project"),
                line(False, 1, ("get", "net"), "project"),
                line(False, 3, ("-", gross, ("get", "net")), "customer"),
            ),
        ),
        TreeRule(
            "fee",
            kind("fee"),
            (("fee", ("round", ("*", gross, rate))),),
            ("Fee", "customer"),
            (
                line(True, 2, ("get", "fee"), "project", "department"),
                line(False, 5, ("get", "fee"), "customer"),
            ),
        ),
        TreeRule(
            "work",
            kind("work"),
            (("cost", ("round", ("*", ("get", "hours"), ("get", "price")))),),
            ("Work", "project"),
            (
                line(True, 4, ("get", "cost"), "project", "department"),
                line(False, 7, ("get", "cost"), "department"),
            ),
        ),
        TreeRule(
            "split",
            kind("split"),
            (("over", over),),
            ("Split", "customer"),
            (
                line(True, 6, ("-", gross, ("get", "over")), "customer"),
                line(True, 8, ("get", "over"), "customer"),
                line(False, 9, gross, "project"),
            ),
        ),
    ]


def typed(event: Mapping[str, object]) -> dict[str, object]:
    """An event with its numbers as Decimal."""
    row = dict(event)
    for name in ("gross", "rate", "hours", "price"):
        row[name] = Decimal(str(row[name]))
    return row


def interpret(
    rules: Mapping[str, list[TreeRule]], event: dict[str, object]
) -> tuple[str, str, list[MadeLine]]:
    """Rule, summary and lines of an event whose numbers are Decimal, as a ledger app would."""
    for rule in rules[str(event["type"])]:
        if not _value(rule.guard, event):
            continue
        values = dict(event)
        for name, tree in rule.lets:
            values[name] = _value(tree, values)
        made = []
        for line in rule.lines:
            amount = _value(line.amount, values)
            if amount:
                kept = {name: str(values[name]) for name in line.dimensions}
                made.append(
                    MadeLine(line.debit, line.account, amount, kept)  # type: ignore[arg-type]
                )
        debit = sum((line.amount for line in made if line.debit), Decimal(0))
        credit = sum((line.amount for line in made if not line.debit), Decimal(0))
        if debit != credit:
            raise ValueError(f"unbalanced: {event['id']}")
        word, field = rule.summary
        return rule.name, f"{word} {values[field]}", made
    raise ValueError(f"no rule: {event['id']}")


def _value(tree: Tree, values: Mapping[str, object]) -> object:
    handler = _HANDLERS[str(tree[0])]
    return handler(tree, values)


def _binary(work: Callable[[object, object], object]) -> Callable[..., object]:
    return lambda tree, values: work(_value(tree[1], values), _value(tree[2], values))


def _either(tree: Tree, values: Mapping[str, object]) -> object:
    chosen = tree[2] if _value(tree[1], values) else tree[3]  # type: ignore[arg-type]
    return _value(chosen, values)  # type: ignore[arg-type]


_HANDLERS: dict[str, Callable[..., object]] = {
    "get": lambda tree, values: values[tree[1]],
    "const": lambda tree, values: tree[1],
    "=": _binary(lambda a, b: a == b),
    ">": _binary(lambda a, b: a > b),  # type: ignore[operator]
    "+": _binary(lambda a, b: a + b),  # type: ignore[operator]
    "-": _binary(lambda a, b: a - b),  # type: ignore[operator]
    "*": _binary(lambda a, b: a * b),  # type: ignore[operator]
    "/": _binary(lambda a, b: a / b),  # type: ignore[operator]
    "if": _either,
    "round": lambda tree, values: _value(tree[1], values).quantize(  # type: ignore[attr-defined]
        _CENT, ROUND_HALF_UP
    ),
}


# ---------------------------------------------------------------- numpy by hand


@dataclass(slots=True)
class HandColumns:
    """Columns of one event type, raw integers: cents, millionths, hundredths, 1/1,000,000."""

    number: int
    customer: Int32s
    project: Int32s
    department: Int32s
    kind: Int32s
    gross: Int64s
    rate: Int64s
    hours: Int64s
    price: Int64s


@dataclass(slots=True)
class HandLines:
    """Lines of one place of one rule: owning rows, account, amounts, dimension codes."""

    owners: Int64s
    account: str
    debit: bool
    amounts: Int64s
    dimensions: tuple[Int32s, ...]


def half_away(num: Int64s, den: Int64s | int) -> Int64s:
    """Rounds num/den for num >= 0, den > 0."""
    return (2 * num + den) // (2 * den)


def by_hand(
    columns: HandColumns, kinds: Mapping[str, int], text: Callable[[int], str]
) -> Iterator[tuple[list[HandLines], list[str]]]:
    """The four rules of one type over columns: lines, and summaries per matching row."""
    number = columns.number

    def lines(
        debit: bool,
        role: int,
        rows: Int64s,
        amounts: Int64s,
        *dimensions: Int32s,
    ) -> HandLines:
        kept = amounts != 0
        if not kept.all():
            rows, amounts = rows[kept], amounts[kept]
        codes = tuple(dimension[rows] for dimension in dimensions)
        return HandLines(rows, code(number, role), debit, amounts, codes)

    def summaries(word: str, codes: Int32s) -> list[str]:
        return [f"{word} {text(found)}" for found in codes.tolist()]

    c, p, d = columns.customer, columns.project, columns.department
    rows = np.flatnonzero(columns.kind == kinds["goods"])
    gross, rate = columns.gross[rows], columns.rate[rows]
    net = half_away(gross * 1_000_000, 1_000_000 + rate)
    yield (
        [
            lines(True, 0, rows, gross, c, p),
            lines(False, 1, rows, net, p),
            lines(False, 3, rows, gross - net, c),
        ],
        summaries("Goods", c[rows]),
    )
    rows = np.flatnonzero(columns.kind == kinds["fee"])
    fee = half_away(columns.gross[rows] * columns.rate[rows], 1_000_000)
    yield (
        [lines(True, 2, rows, fee, p, d), lines(False, 5, rows, fee, c)],
        summaries("Fee", c[rows]),
    )
    rows = np.flatnonzero(columns.kind == kinds["work"])
    cost = half_away(columns.hours[rows] * columns.price[rows], 1_000_000)
    yield (
        [lines(True, 4, rows, cost, p, d), lines(False, 7, rows, cost, d)],
        summaries("Work", p[rows]),
    )
    rows = np.flatnonzero(columns.kind == kinds["split"])
    gross = columns.gross[rows]
    over = np.maximum(gross - 100 * limit(number), 0)
    yield (
        [
            lines(True, 6, rows, gross - over, c),
            lines(True, 8, rows, over, c),
            lines(False, 9, rows, gross, p),
        ],
        summaries("Split", c[rows]),
    )


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "forty.tp").write_text(rulebook_text(), encoding="utf-8")
