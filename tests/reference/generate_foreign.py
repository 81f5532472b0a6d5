"""Currencies in generated books: fields that name them, amounts of them, conversions.

Choices come from streams of their own, so that the other choices of a seed stay as they were.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from random import Random

from rules_dsl import syntax
from rules_dsl.syntax import TypeWord
from tests.reference.generate_scope import Money, Scope
from tests.reference.values import CURRENCY_DECIMALS
from tests.reference.vocabulary import FieldSpec

#: Share of events, and of lists, with amounts of a currency that the event names.
FOREIGN = 0.5

#: What is sent as a currency; the last one is none.
SENT = ("USD", "USD", "JPY", "KWD", "CLF") * 8 + ("ZZZ",)

#: Share of amounts cut to the decimals of their currency.
FITTING = 0.97

#: A conversion of two values without operators.
CONVERSION = re.compile(r"«convert»\(([^,]+), ([^,]+)\)")

#: Largest converted amount in minor units: 100000 of a currency at 100, with three decimals.
CONVERTED = 10**10


def foreign_fields(told: str) -> tuple[FieldSpec, ...]:
    """A currency, an amount of it and a rate, for some events and lists; `told` chooses."""
    if Random(f"foreign {told}").random() > FOREIGN:
        return ()
    return (
        FieldSpec("原币种", "currency", "«is» fc «currency»"),
        FieldSpec("原币额", "foreign", "«is» fc_amount «amount» «of» 原币种 «max» 99999 «min» -99"),
        FieldSpec("牌价", "exchange", "«decimal» «decimals» 4 «min» 0 «max» 100"),
    )


def converted(scope: Scope, made: Money, shape: str | None) -> Money:
    """At times a converted amount in place of another."""
    rng = Random(f"convert {made.text}")
    amounts = [term.text for term in scope.of_kind("foreign", shape)]
    if not amounts or rng.random() > 0.2:
        return made
    amount = rng.choice(amounts)
    share = rng.choice(["50%", "0.333", "7"])
    changed = [f"«round»({amount} * {share})", f"«abs»({amount})", f"«max»({amount}, 1)", amount]
    rates = [*(term.text for term in scope.of_kind("exchange", shape)), "7.1234"]
    text = f"«convert»({rng.choice([*changed, amount])}, {rng.choice(rates)})"
    return Money(text, CONVERTED)


def foreign_split(scope: Scope, told: str) -> str:
    """The total of a split in a currency the event names, "" mostly; `told` chooses."""
    amounts = [term.text for term in scope.of_kind("foreign", None)]
    rng = Random(f"split {told}")
    return rng.choice(amounts) if amounts and rng.random() < 0.3 else ""


def foreign_part(scope: Scope, amount: str, shape: str | None) -> str:
    """The foreign part of a line: what its amount was converted from, or at times as stated."""
    made = CONVERSION.fullmatch(amount)
    rng = Random(f"part {amount}")
    if made is not None and rng.random() < 0.8:
        return f" «foreign» {made[1]} «at» {made[2]}"
    amounts = [term.text for term in scope.of_kind("foreign", shape)]
    if not amounts or amount.startswith("«remaining»") or rng.random() > 0.15:
        return ""
    rates = [*(term.text for term in scope.of_kind("exchange", shape)), "6.5"]
    foreign = rng.choice([*amounts, f"-{rng.choice(amounts)}"])
    return f" «foreign» {foreign} «at» {rng.choice(rates)} «as stated»"


def fit_decimals(
    rng: Random, fields: Sequence[syntax.FieldDecl], values: dict[str, object]
) -> None:
    """Cuts amounts to the decimals of the currency beside them, mostly."""
    wires = {field.name: field.wire for field in fields if field.type.word is TypeWord.CURRENCY}
    for field in fields:
        named = wires.get(field.type.currency)
        decimals = CURRENCY_DECIMALS.get(str(values.get(named or "")))
        if named is None or decimals is None or rng.random() > FITTING:
            continue
        try:
            amount = Decimal(str(values.get(field.wire)))
        except InvalidOperation:
            continue
        values[field.wire] = str(amount.quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN))
