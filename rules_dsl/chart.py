"""Charts: roles and the account codes they stand for, from rule files and CSV files.

Not responsible for where accounts are used. A CSV file is UTF-8 (with or without BOM) and begins
with its column names; the columns may stand in any order, `name` to `plug` may be left out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath
from unicodedata import normalize

from engine.program import NO_DATE, Account, Span
from rules_dsl import syntax
from rules_dsl.literals import day_number
from rules_dsl.lower.book import Book
from rules_dsl.reporting import Reporter

#: Columns of a chart's CSV; the first three are needed.
COLUMNS = ("role", "code", "side", "name", "requires", "from", "until", "plug")
_NEEDED = COLUMNS[:3]

#: Accounts of one CSV file; a chart of a large group has a few thousand.
MAX_CSV_ROWS = 100_000

#: Bytes of one CSV file.
MAX_CSV_BYTES = 16 << 20

_PLUGS = {"": False, "plug": True, "可倒挤": True}
_SIDES = {"debit": True, "借": True, "credit": False, "贷": False}


def csv_places(chart: syntax.ChartDecl) -> tuple[str, ...]:
    """Where the CSV of a chart may lie: beside the file that names it, or at the book's root.

    Paths are relative to the rule book; a path that leaves it is never a place.
    """
    beside = normpath(join(dirname(chart.span.file), chart.csv))
    root = normpath(chart.csv)
    places = dict.fromkeys((beside, root))
    return tuple(place for place in places if place.split("/")[0] not in {"..", ""})


def lower_charts(
    book: Book, assets: Mapping[str, bytes], report: Reporter
) -> dict[str, tuple[syntax.AccountDecl, ...]]:
    """Fills in the accounts of all charts; gives the accounts read from each CSV by its place."""
    read: dict[str, tuple[syntax.AccountDecl, ...]] = {}
    own = {ledger.chart for ledger in book.symbols.ledgers.values()}
    scopes: dict[str, _Scope] = {}
    for chart in book.symbols.charts:
        with report.inside(f"chart {chart.name}"):
            before = report.errors
            accounts = chart.accounts
            if chart.csv:
                place, rows = read_chart_csv(chart, assets, report)
                # Roles of lines that could not be read would be reported once more where used.
                book.broken_chart |= report.errors > before
                accounts += rows
                read[place] = rows
            for account in accounts:
                name = chart.name if chart.name in own else ""
                _lower_account(account, book, report, scopes.setdefault(name, _Scope(name)))
            if chart.name in book.symbols.broken:
                book.broken_chart = True
    return read


def read_chart_csv(
    chart: syntax.ChartDecl, assets: Mapping[str, bytes], report: Reporter
) -> tuple[str, tuple[syntax.AccountDecl, ...]]:
    """Reads the accounts of a chart's CSV file; gives its place, "" where there is none."""
    places = csv_places(chart)
    place = next((each for each in places if each in assets), "")
    where = report.place_of(f'"{chart.csv}"', chart.span)
    if not place:
        report.unknown("file", chart.csv, where, assets, help="it lies in the rule book's folder")
        return "", ()
    data = assets[place]
    if len(data) > MAX_CSV_BYTES:
        report.error("TP211", where, f"{chart.csv} has more than {MAX_CSV_BYTES} bytes")
        return place, ()
    try:
        text = data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except UnicodeDecodeError:
        report.error("TP211", where, f"{chart.csv} is not UTF-8 text")
        return place, ()
    except csv.Error as error:
        report.error("TP211", where, f"{chart.csv} is not a CSV file: {error}")
        return place, ()
    if len(rows) > MAX_CSV_ROWS + 1:
        report.error("TP211", where, f"{chart.csv} has more than {MAX_CSV_ROWS} rows")
        return place, ()
    return place, tuple(_accounts(rows, place, report))


# --- CSV ---------------------------------------------------------------------------------


def _accounts(rows: list[list[str]], place: str, report: Reporter) -> Iterable[syntax.AccountDecl]:
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    missing = [name for name in _NEEDED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    top = Span(place, 1, 1, 1, 2)
    if missing:
        listed = ",".join(COLUMNS)
        report.error(
            "TP211",
            top,
            f"the first line lacks the column {missing[0]}",
            help=f"its first line names the columns, as in {listed}",
        )
        return
    for name in unknown:
        report.unknown("column", name, top, COLUMNS)
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        span = Span(place, number, 1, number, 1 + sum(len(cell) + 1 for cell in row))
        if len(row) > len(header):
            report.error("TP211", span, f"this line has {len(row)} cells, the first {len(header)}")
            continue
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        account = _csv_account(cells, span, report)
        if account is not None:
            yield account


def _csv_account(cells: dict[str, str], span: Span, report: Reporter) -> syntax.AccountDecl | None:
    for name in _NEEDED:
        if not cells.get(name):
            report.error("TP211", span, f"this account has no {name}")
            return None
    if cells["side"].lower() not in _SIDES:
        report.error("TP211", span, f"the side is debit or credit, not {cells['side']}")
        return None
    plug = cells.get("plug", "").lower()
    if plug not in _PLUGS:
        report.error("TP211", span, f"the column plug holds plug or nothing, not {plug}")
        return None
    days: list[int | None] = []
    for name in ("from", "until"):
        written = cells.get(name, "")
        day = day_number(written) if written else None
        if written and day is None:
            report.error("TP211", span, f"{written} is not a date such as 2026-03-05")
        days.append(day)
    return syntax.AccountDecl(
        role=normalize("NFC", cells["role"]),
        code=cells["code"].removeprefix("@"),
        name=cells.get("name", ""),
        debit_side=_SIDES[cells["side"].lower()],
        requires=tuple(
            syntax.Name((normalize("NFC", name),), span)
            for name in cells.get("requires", "").split()
        ),
        valid_from=days[0],
        valid_until=days[1],
        span=span,
        plug=_PLUGS[plug],
    )


# --- Accounts ----------------------------------------------------------------------------


@dataclass(slots=True)
class _Scope:
    """The accounts that share one set of roles: a chart some ledger has for itself, or all others.

    `seen`: where each role was declared. `sides`: the first account of each code.
    """

    chart: str
    seen: dict[str, Span] = field(default_factory=dict)
    sides: dict[str, syntax.AccountDecl] = field(default_factory=dict)


def _lower_account(
    account: syntax.AccountDecl,
    book: Book,
    report: Reporter,
    scope: _Scope,
) -> None:
    span = report.place_of(account.role, account.span)
    if account.role in scope.seen:
        report.duplicate("account", account.role, span, scope.seen[account.role])
        return
    scope.seen[account.role] = span
    same_code = scope.sides.setdefault(account.code, account)
    if same_code.debit_side is not account.debit_side:
        message = f"{account.role} and {same_code.role} share a code but not the normal side"
        report.error("TP211", span, message, related=((same_code.span, "the other account"),))
    required = []
    for name in account.requires:
        index = book.dimension_index.get(name.text)
        if index is None:
            report.unknown("dimension", name.text, name.span, book.dimension_index)
            continue
        book.use("dimension", name.text)
        required.append(index)
    first, last = account.valid_from, account.valid_until
    if first is not None and last is not None and first > last:
        report.error("TP211", span, f"the account {account.role} ends before it begins")
    index = len(book.accounts)
    book.charts.setdefault(scope.chart, {})[account.role] = index
    known = book.account_index.setdefault(account.role, index)
    if not scope.chart and book.accounts and known < index and book.accounts[known].chart:
        book.account_index[account.role] = index
    book.accounts.append(
        Account(
            role=account.role,
            code=account.code,
            name=account.name,
            debit_side=account.debit_side,
            required=tuple(dict.fromkeys(required)),
            valid_from=NO_DATE if first is None else first,
            valid_until=NO_DATE if last is None else last,
            plug=account.plug,
            chart=scope.chart,
        )
    )
