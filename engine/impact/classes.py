"""How the outcomes of one event under two revisions differ: exactly one class an event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from engine.impact.outcomes import Outcome, PostedVoucher


class ChangeClass(StrEnum):
    """What a new revision does to an event; the first that holds, from top to bottom.

    SAME stands for the rest, where nothing differs.
    """

    NEWLY_FAILING = "newly_failing"  # was in order, is now refused, invalid or waiting
    NEWLY_PASSING = "newly_passing"  # the other way round
    NEWLY_POSTED = "newly_posted"  # made no voucher, now makes one
    NO_LONGER_POSTED = "no_longer_posted"  # made one, now makes none
    ACCOUNT = "account"  # other accounts are posted to
    DIMENSION = "dimension"  # the same accounts, other dimension values
    AMOUNT = "amount"  # the same accounts and dimensions, other amounts
    BUDGET = "budget"  # the same lines, other budget moves
    OTHER = "other"  # date, summary, word, currency, order of lines, or why it fails
    SAME = "same"


def classify(old: Outcome, new: Outcome) -> ChangeClass:
    """The class of an event by its two outcomes."""
    if old.is_failing != new.is_failing:
        return ChangeClass.NEWLY_FAILING if new.is_failing else ChangeClass.NEWLY_PASSING
    if bool(old.vouchers) != bool(new.vouchers):
        return ChangeClass.NEWLY_POSTED if new.vouchers else ChangeClass.NO_LONGER_POSTED
    if old.vouchers != new.vouchers:
        found = _by_lines(old.vouchers, new.vouchers)
        if found is not None:
            return found
    if sorted(old.moves) != sorted(new.moves):
        return ChangeClass.BUDGET
    is_same = old.vouchers == new.vouchers
    if is_same and (old.status, old.reason) == (new.status, new.reason):
        return ChangeClass.SAME
    return ChangeClass.OTHER


def _by_lines(old: list[PostedVoucher], new: list[PostedVoucher]) -> ChangeClass | None:
    """What differs in what the lines add up to; None where only other things do."""
    before, after = _amounts(old), _amounts(new)
    if {place[:3] for place in before} != {place[:3] for place in after}:
        return ChangeClass.ACCOUNT
    if before.keys() != after.keys():
        return ChangeClass.DIMENSION
    return ChangeClass.AMOUNT if before != after else None


def _amounts(
    vouchers: Iterable[PostedVoucher],
) -> dict[tuple[str, str, str, tuple[tuple[str, str], ...]], Counter[str]]:
    """Debits and credits by entity, ledger, account and dimensions."""
    found: dict[tuple[str, str, str, tuple[tuple[str, str], ...]], Counter[str]] = {}
    for voucher in vouchers:
        for line in voucher.lines:
            place = (voucher.entity, voucher.ledger, line.account_code, line.dimensions)
            sums = found.setdefault(place, Counter())
            sums["debit"] += line.debit
            sums["credit"] += line.credit
            for name, value in line.rest:
                if isinstance(value, int):  # foreign amounts, quantities
                    sums[name] += value
    return found
