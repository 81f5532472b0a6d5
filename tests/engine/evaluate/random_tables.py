"""Random decision tables, and the plain reading of them that look-ups are checked against."""

from __future__ import annotations

from random import Random

from engine.program import Cell, Fault, Interval, Kind, Span, Table, TableRow

TEXTS = ("甲", "乙", "丙", "丁", "")


def random_table(random: Random) -> Table:
    """A table over random kinds of keys, with every output kind."""
    kinds = tuple(
        random.choice([Kind.TEXT, Kind.NUMBER, Kind.BOOL, Kind.DATE])
        for _ in range(random.randint(1, 3))
    )
    rows = [
        TableRow(tuple(_cell(random, kind) for kind in kinds), _outputs(random), False, Span())
        for _ in range(random.randint(0, 6))
    ]
    if random.random() < 0.6:
        else_row = TableRow(tuple(Cell() for _ in kinds), _outputs(random), True, Span())
        rows.insert(random.randint(0, len(rows)), else_row)
    count = len(kinds)
    return Table(
        "表",
        ("键",) * count,
        kinds,
        (2,) * count,
        ((),) * count,
        ("科目", "数", "文", "真"),
        (Kind.ACCOUNT, Kind.NUMBER, Kind.TEXT, Kind.BOOL),
        (0, 2, 0, 0),
        tuple(rows),
        False,
        Span(),
        random.choice([Fault.NO_ROW, Fault.NO_RATE]),
    )


def _outputs(random: Random) -> tuple[int | str | bool, ...]:
    return random.randrange(5), random.randint(-9, 10**6), random.choice(TEXTS), True


def _cell(random: Random, kind: Kind) -> Cell:
    if random.random() < 0.25:
        return Cell()
    if kind is Kind.TEXT:
        return Cell(texts=tuple(random.sample(TEXTS, random.randint(1, 3))))
    if kind is Kind.BOOL:
        return Cell(flag=random.random() < 0.5)
    intervals = []
    for _ in range(random.randint(1, 2)):
        low, high = sorted(_raw(random, kind) for _ in range(2))
        if random.random() < 0.3:
            high = low
        intervals.append(
            Interval(
                None if random.random() < 0.2 else low, None if random.random() < 0.2 else high
            )
        )
    return Cell(intervals=tuple(intervals))


def _raw(random: Random, kind: Kind) -> int:
    if kind is Kind.DATE:
        return random.randint(19_990, 20_010)
    return random.choice([0, 1, -1, 7, random.randint(-9, 9), 10**15, 10**25, -(2**63)])


def first_row(table: Table, key: tuple[int | str, ...]) -> int:
    """The row of a key as the language reads: the first that matches, else the else row."""
    for number, row in enumerate(table.rows):
        pairs = zip(row.cells, key, strict=True)
        if not row.is_else and all(_matches(cell, value) for cell, value in pairs):
            return number
    return next((n for n, row in enumerate(table.rows) if row.is_else), -1)


def _matches(cell: Cell, value: int | str) -> bool:
    if cell.matches_all:
        return True
    if isinstance(value, str):
        return value in cell.texts
    if cell.flag is not None:
        return value == cell.flag
    return any(
        (i.low is None or i.low <= value) and (i.high is None or value <= i.high)
        for i in cell.intervals
    )
