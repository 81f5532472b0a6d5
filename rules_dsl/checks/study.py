"""Bundles what the passes need to know about one rule, computed once for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from engine.program import Line, Node, Rule, Side, VoucherPlan
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.forms import Forms
from rules_dsl.checks.input import CheckInput
from rules_dsl.checks.polynomials import ZERO, Poly
from rules_dsl.checks.proof import Proof
from rules_dsl.checks.wording import Wording


@dataclass(frozen=True, slots=True)
class Study:
    """One rule with its normal forms and its words."""

    rule: Rule
    forms: Forms
    authors: Authors
    wording: Wording
    _proofs: dict[int, Proof] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How a diagnostic names the rule it stands in."""
        return f"rule {self.rule.name}"

    def node(self, index: int) -> Node:
        """A node of the rule."""
        return self.rule.nodes[index]

    def amount(self, line: Line) -> Poly:
        """What a line comes to in total, over all elements if it has `each`."""
        poly = self.forms.poly(line.amount)
        return self.forms.total(poly, line.each) if line.each >= 0 else poly

    def difference(self, voucher: VoucherPlan) -> Poly:
        """Debits minus credits of a voucher."""
        total = ZERO
        for line in voucher.lines:
            total += self.amount(line).times(sign(line))
        return total

    def proof(self, voucher: VoucherPlan) -> Proof:
        """What is known where a voucher of the rule is made."""
        place = next(i for i, plan in enumerate(self.rule.vouchers) if plan is voucher)
        if place not in self._proofs:
            self._proofs[place] = Proof(self.forms, voucher)
        return self._proofs[place]


_STUDIES: WeakKeyDictionary[CheckInput, tuple[Study, ...]] = WeakKeyDictionary()
_AUTHORS: WeakKeyDictionary[CheckInput, Authors] = WeakKeyDictionary()


def authors_of(checked: CheckInput) -> Authors:
    """The index of the syntax trees."""
    if checked not in _AUTHORS:
        _AUTHORS[checked] = Authors(checked.files, checked.word)
    return _AUTHORS[checked]


def studies(checked: CheckInput) -> tuple[Study, ...]:
    """Every rule of the book, in its order."""
    if checked not in _STUDIES:
        authors = authors_of(checked)
        found = []
        for rule in checked.program.rules:
            forms = Forms(checked.program, rule)
            found.append(Study(rule, forms, authors, Wording(forms, authors)))
        _STUDIES[checked] = tuple(found)
    return _STUDIES[checked]


def sign(line: Line) -> int:
    """1 for a debit line, -1 for a credit line."""
    return 1 if line.side is Side.DEBIT else -1
