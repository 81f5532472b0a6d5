"""Running balances that rules read: what identifies one over revisions, and its keys by group.

A key is (entity, *dimensions, period if kept by period, account code if by account, *keys). Text
parts are codes; a line without a `key` dimension counts under -1. Holds no amounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.program import CURRENCY_AXIS, Balance, BalanceMeasure, Program
from engine.state.keys import Key

#: Stands among the dimensions of a balance for the currency of a line; no wire name.
CURRENCY_WIRE = "@currency"

#: The period of balances that are not kept by period.
NO_PERIOD = 0


@dataclass(frozen=True, slots=True)
class BalanceSpec:
    """Identity of a running balance over revisions.

    Attributes:
        accounts: codes, sorted. dimensions: wire names in key order; lines without one of them do
            not count. debit_side: a debit raises NET.
        measure: what is added up. by_period, by_account: both are part of the key.
        keys: wire names of dimensions by which it is told apart further, empty or not.
    """

    ledger: str
    accounts: tuple[str, ...]
    dimensions: tuple[str, ...]
    debit_side: bool
    measure: BalanceMeasure = BalanceMeasure.NET
    by_period: bool = False
    by_account: bool = False
    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, program: Program, balance: Balance) -> BalanceSpec:
        """The spec of a program's balance."""
        accounts = [program.accounts[index] for index in balance.accounts]
        return cls(
            program.ledgers[balance.ledger].wire,
            tuple(sorted({account.code for account in accounts})),
            tuple(_wire(program, index) for index in balance.dimensions),
            debit_side=program.is_debit_side(balance.accounts),
            measure=balance.measure,
            by_period=balance.by_period,
            by_account=balance.by_account,
            keys=tuple(_wire(program, index) for index in balance.keys),
        )

    @property
    def name(self) -> str:
        """What recorded reads call it."""
        plain = f"{self.ledger}:{'+'.join(self.accounts)}"
        if self.measure is BalanceMeasure.NET and not self.by_period:
            return plain
        parts = (*self.dimensions, "period") if self.by_period else self.dimensions
        return (
            f"{self.measure} {plain} by {','.join(parts)}" if parts else f"{self.measure} {plain}"
        )

    @property
    def is_grouped(self) -> bool:
        """Whether several of its keys are read together."""
        return self.by_period or self.by_account or bool(self.keys)

    def group(self, key: Key) -> tuple[Key, int, Key]:
        """A key taken apart: entity and dimensions, period (NO_PERIOD without), the rest."""
        end = 1 + len(self.dimensions)
        if self.by_period:
            return key[:end], key[end], key[end + 1 :]
        return key[:end], NO_PERIOD, key[end:]

    def key(self, prefix: Key, period: int, rest: Key) -> Key:
        """The inverse of `group`."""
        return (*prefix, period, *rest) if self.by_period else (*prefix, *rest)


def _wire(program: Program, index: int) -> str:
    return CURRENCY_WIRE if index == CURRENCY_AXIS else program.dimensions[index].wire


#: Period -> the rests of keys that have that period.
Periods = Mapping[int, Iterable[Key]]


@dataclass(slots=True)
class BalanceIndex:
    """The keys of grouped balances, found by entity and dimensions; built when first asked for."""

    _kept: dict[BalanceSpec, dict[Key, dict[int, dict[Key, None]]]] = field(default_factory=dict)

    def holds(self, spec: BalanceSpec) -> bool:
        """Whether the keys of a balance were built."""
        return spec in self._kept

    def build(self, spec: BalanceSpec, keys: Iterable[Key]) -> None:
        """Builds the keys of a balance."""
        self._kept[spec] = {}
        for key in keys:
            self.note(spec, key)

    def note(self, spec: BalanceSpec, key: Key) -> None:
        """Adds a key of a balance that was built."""
        prefix, period, rest = spec.group(key)
        self._kept[spec].setdefault(prefix, {}).setdefault(period, {})[rest] = None

    def periods(self, spec: BalanceSpec, prefix: Key) -> Periods:
        """The keys of a balance that was built, under an entity and dimension values."""
        return self._kept[spec].get(prefix, {})
