"""Checks that every account a rule can post to is open on all of the rule's dates (TP307)."""

from __future__ import annotations

from collections.abc import Iterator

from engine.program import NO_DATE, Account, Line
from rules_dsl.checks.carried import possible_accounts
from rules_dsl.checks.dates import day_text
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.rows import row_words
from rules_dsl.checks.study import Study, studies
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic


def closed_accounts(checked: CheckInput) -> list[Diagnostic]:
    """Reports each line whose account is not open yet, or no more, on some date of its rule."""
    return [
        diagnostic
        for study in studies(checked)
        for voucher in study.rule.vouchers
        for line in voucher.lines
        for diagnostic in _line(study, line)
    ]


def _line(study: Study, line: Line) -> Iterator[Diagnostic]:
    reported: set[int] = set()
    for possible in possible_accounts(study.forms, line):
        account = study.forms.program.accounts[possible.account]
        problem, help_text = _problem(study, account)
        if not problem or possible.account in reported:
            continue
        reported.add(possible.account)
        notes: tuple[str, ...] = ()
        if possible.table is not None and possible.row is not None:
            words = row_words(study.authors, possible.table, possible.row)
            notes = (f"the account comes from {words}",)
        yield diagnose(
            "TP307",
            study.authors.line_account(line),
            f"{account.role} {problem}",
            notes=notes,
            help=help_text,
            declaration=study.name,
        )


def _problem(study: Study, account: Account) -> tuple[str, str]:
    """What is wrong with an account at the rule's dates, and what to do; empty if nothing is."""
    rule, word = study.rule, study.wording.word
    closes = account.valid_until != NO_DATE and (
        rule.valid_until == NO_DATE or rule.valid_until > account.valid_until
    )
    if closes:
        last = day_text(account.valid_until)
        return (
            f"is closed after {last}, but the rule goes on",
            f"write {word('until')} {last} on the rule, and another text of it for later dates",
        )
    opens = account.valid_from != NO_DATE and (
        rule.valid_from == NO_DATE or rule.valid_from < account.valid_from
    )
    if opens:
        first = day_text(account.valid_from)
        return (
            f"opens on {first}, after the rule begins",
            f"write {word('from')} {first} on the rule",
        )
    return "", ""
