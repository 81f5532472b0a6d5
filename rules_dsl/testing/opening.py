"""Opening balances of a test: what the book keeps as if lines of the test's period had made it."""

from __future__ import annotations

from collections.abc import Mapping

from engine.calendar import period_of
from engine.program import BalanceMeasure, Program
from engine.state.balances import BalanceSpec
from engine.state.book_state import BookState
from engine.state.keys import Key


def give_opening(
    program: Program,
    state: BookState,
    code: str,
    amount: int,
    *,
    given: Mapping[str, int],
    day: int,
) -> None:
    """Adds an opening balance to every balance that rules read of an account.

    Args:
        program: for the account's normal side.
        state: of the test's book, changed.
        code: of the account.
        amount: in minor units, positive on its normal side.
        given: text codes of the dimensions it carries, by wire name.
        day: its period is that of this day.
    """
    for spec in state.balances:
        if code in spec.accounts and set(spec.dimensions) <= given.keys():
            moved = _moved(program, code, amount, spec)
            if moved:
                state.add_balance(spec, _key(state, spec, code, given, day), moved)


def _key(state: BookState, spec: BalanceSpec, code: str, given: Mapping[str, int], day: int) -> Key:
    intern = state.pool.intern
    key = [intern("C01"), *(given[wire] for wire in spec.dimensions)]
    if spec.by_period:
        key.append(period_of(day))
    if spec.by_account:
        key.append(intern(code))
    return (*key, *(given.get(wire, -1) for wire in spec.keys))


def _moved(program: Program, code: str, amount: int, spec: BalanceSpec) -> int:
    """What the amount adds to a balance: it stands on the side on which it is positive."""
    is_debit = next(each.debit_side for each in program.accounts if each.code == code)
    net = amount if is_debit else -amount
    match spec.measure:
        case BalanceMeasure.DEBITS:
            return max(net, 0)
        case BalanceMeasure.CREDITS:
            return max(-net, 0)
        case _:
            return net if spec.debit_side else -net
