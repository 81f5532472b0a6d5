"""Sets of accounts: which accounts a declared set holds, and what a name stands for."""

from __future__ import annotations

from rules_dsl import syntax
from rules_dsl.lower.book import Book
from rules_dsl.names import name_span
from rules_dsl.reporting import Reporter


def lower_account_sets(book: Book, report: Reporter) -> None:
    """Fills in the sets of accounts; one with a mistake is there as None."""
    for declaration in book.symbols.account_sets.values():
        with report.inside(f"accounts {declaration.name}"):
            if declaration.name in book.account_index:
                span = name_span(declaration, report)
                message = f"{declaration.name} is already an account of the chart"
                advice = "give the set another name"
                report.error("TP203", span, message, help=advice)
            _lower_set(declaration, book, report, ())


def accounts_of(
    name: syntax.Name, book: Book, report: Reporter, ledger: int | None = None
) -> tuple[int, ...] | None:
    """The accounts that a role or a set stands for; None where it is unknown (reported).

    Several roles may stand for one account of the chart; all of them are given. `ledger`: a role
    is one of this ledger's chart, and of a set only accounts of its chart count.
    """
    roles = book.account_index if ledger is None else book.roles(ledger)
    index = roles.get(name.text)
    if index is not None:
        book.use("account", name.text)
        return _same_codes((index,), book)
    if name.text in book.account_sets:
        book.use("set of accounts", name.text)
        found = book.account_sets[name.text]
        return found if found is None else _of_ledger(name, found, book, report, ledger)
    if not book.broken_chart and name.text not in book.symbols.broken:
        candidates = [*roles, *book.account_sets]
        report.unknown("account", name.text, name.span, candidates)
    return None


def _of_ledger(
    name: syntax.Name,
    accounts: tuple[int, ...],
    book: Book,
    report: Reporter,
    ledger: int | None,
) -> tuple[int, ...] | None:
    """The accounts of a set that a ledger has; None where it has none of them (reported)."""
    if ledger is None:
        return accounts
    own = set(book.roles(ledger).values())
    found = tuple(account for account in accounts if account in own)
    if found:
        return found
    message = f"the ledger {book.ledgers[ledger].name} has no account of {name.text}"
    report.error("TP211", name.span, message, help="name a set of accounts of its chart")
    return None


def _lower_set(
    declaration: syntax.AccountsDecl, book: Book, report: Reporter, inside: tuple[str, ...]
) -> tuple[int, ...] | None:
    """The accounts of a set in the order of the chart. `inside`: the sets that name it."""
    if declaration.name in book.account_sets:
        return book.account_sets[declaration.name]
    found: set[int] = set()
    is_sound = True
    for item in declaration.items:
        accounts = _item(item, book, report, (*inside, declaration.name))
        is_sound = is_sound and accounts is not None
        found |= set(accounts or ())
    result = _same_codes(tuple(found), book) if is_sound else None
    book.account_sets[declaration.name] = result
    return result


def _item(
    item: syntax.AccountItem, book: Book, report: Reporter, inside: tuple[str, ...]
) -> tuple[int, ...] | None:
    name = item.name.text
    if item.below:
        below = [at for role, at in _roles(book) if role.startswith(f"{name}.")]
        if below:
            return (*(at for role, at in _roles(book) if role == name), *below)
        if not book.broken_chart:
            parents = {
                f"{'.'.join(parts[:end])}.*"
                for parts in (role.split(".") for role in book.account_index)
                for end in range(1, len(parts))
            }
            report.unknown("group of accounts", f"{name}.*", item.span, parents)
        return None
    if name in book.account_index:
        return tuple(at for role, at in _roles(book) if role == name)
    other = book.symbols.account_sets.get(name)
    if other is None:
        return accounts_of(item.name, book, report)
    if name in inside:
        message = f"the set of accounts {name} names itself"
        chain = " → ".join((*inside[inside.index(name) :], name))
        report.error("TP201", item.span, message, help=f"take one out of {chain}")
        return None
    book.use("set of accounts", name)
    return _lower_set(other, book, report, inside)


def _roles(book: Book) -> list[tuple[str, int]]:
    """Every role with its account, in every chart."""
    return [pair for chart in book.charts.values() for pair in chart.items()]


def _same_codes(accounts: tuple[int, ...], book: Book) -> tuple[int, ...]:
    """The accounts and all other roles of their codes, in the order of the chart."""
    codes = {(book.accounts[index].chart, book.accounts[index].code) for index in accounts}
    found = enumerate(book.accounts)
    return tuple(at for at, account in found if (account.chart, account.code) in codes)
