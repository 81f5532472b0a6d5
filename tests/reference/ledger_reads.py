"""What rules read of the ledger: accounts of sets, balances and turnover, by period."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from engine.program import BalanceMeasure, Side
from rules_dsl import syntax
from tests.reference.declarations import Declarations
from tests.reference.state import PostedLine, State
from tests.reference.values import ABSENT, CURRENCY_DECIMALS, Account, Value


def accounts_of(book: Declarations, name: str, ledger: syntax.LedgerDecl) -> list[Account]:
    """The accounts of a role or a set in a ledger, in the order of the chart, one a code."""
    own = book.accounts_of_ledger(ledger)
    roles = {name} if name in own else _roles(book, name, own)
    codes = {own[role].code for role in roles if role in own}
    found: dict[str, Account] = {}
    for account in own.values():
        if account.code in codes:
            found.setdefault(account.code, account)
    return list(found.values())


def _roles(book: Declarations, name: str, own: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for item in book.account_sets[name].items:
        wanted = item.name.text
        if item.below:
            found |= {role for role in own if role == wanted or role.startswith(f"{wanted}.")}
        elif wanted in book.account_sets:
            found |= _roles(book, wanted, own)
        else:
            found.add(wanted)
    return found


def within(during: Value | None, until: Value | None) -> Callable[[str], bool]:
    """Which periods a reading takes."""
    if during is not None:
        return lambda period: period == during
    if until is not None:
        last = str(until)
        return lambda period: period <= last
    return lambda _: True


def measured(lines: Iterable[PostedLine], measure: BalanceMeasure, *, debit_side: bool) -> int:
    """What lines add up to."""
    debits = credits_ = 0
    if measure is BalanceMeasure.FOREIGN:
        lines = [replace(line, amount=minor_of(line)) for line in lines]
    for line in lines:
        if line.side is Side.DEBIT:
            debits += line.amount
        else:
            credits_ += line.amount
    match measure:
        case BalanceMeasure.DEBITS:
            return debits
        case BalanceMeasure.CREDITS:
            return credits_
    return debits - credits_ if debit_side else credits_ - debits


def reading(
    state: State,
    place: tuple[str, str],
    accounts: list[Account],
    dimensions: Mapping[str, Value],
    measure: BalanceMeasure,
    periods: Callable[[str], bool],
) -> int:
    """A balance or turnover in minor units; `place`: entity and ledger."""
    codes = [account.code for account in accounts]
    lines = [line for _, line in state.lines_of(*place, codes, dimensions, periods)]
    return measured(lines, measure, debit_side=any(account.debit_side for account in accounts))


def minor_of(line: PostedLine) -> int:
    """The foreign amount of a line in minor units of its currency."""
    assert line.foreign is not None
    return int(line.foreign[1] * 10 ** CURRENCY_DECIMALS[line.foreign[0]])


def elements_of(
    state: State,
    place: tuple[str, str],
    accounts: list[Account],
    dimensions: Mapping[str, Value],
    keys: Sequence[tuple[str, str]],
    periods: Callable[[str], bool],
) -> list[tuple[Account, tuple[str, ...], int, int]]:
    """The elements of a list: account, texts of the keys, debits and credits, in their order.

    `keys`: name and wire name of each key dimension.
    """
    found: dict[tuple[str, tuple[str, ...]], list[PostedLine]] = {}
    codes = [account.code for account in accounts]
    for code, line in state.lines_of(*place, codes, dimensions, periods):
        carried = dict(line.dimensions)
        key = tuple(carried.get(wire, "") for _, wire in keys)
        found.setdefault((code, key), []).append(line)
    rows = []
    for account in accounts:
        own = [key for code, key in found if code == account.code]
        for key in sorted(own, key=lambda texts: [text.encode() for text in texts]):
            lines = found[account.code, key]
            debits = measured(lines, BalanceMeasure.DEBITS, debit_side=True)
            credits_ = measured(lines, BalanceMeasure.CREDITS, debit_side=True)
            if debits or credits_:
                rows.append((account, key, debits, credits_))
    return rows


def columns_of(
    row: tuple[Account, tuple[str, ...], int, int], keys: Sequence[tuple[str, str]], scale: int
) -> dict[str, Value]:
    """An element by the names of its columns."""
    account, texts, debits, credits_ = row
    net = debits - credits_
    amounts = {
        "amount": net if account.debit_side else -net,
        "net": net,
        "debit": max(net, 0),
        "credit": max(-net, 0),
        "debits": debits,
        "credits": credits_,
    }
    columns: dict[str, Value] = {name: Fraction(one, 10**scale) for name, one in amounts.items()}
    columns["account"] = account
    for (name, _), text in zip(keys, texts, strict=True):
        columns[name] = text or ABSENT
    return columns
