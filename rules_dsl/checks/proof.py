"""Proves that a polynomial is zero wherever a voucher is made, or finds the case where it is not.

Not responsible for which polynomials matter. What is known where a voucher is made: the guards of
the rule and of the voucher hold, and no refusal condition does. A proof is sound: what it calls
zero is zero for every event. It is not complete: a case may remain that no event can bring about.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from engine.program import FieldType, Op, VoucherPlan
from rules_dsl.checks.forms import Forms
from rules_dsl.checks.polynomials import ONE, ZERO, Monomial, Poly, poly_of

#: A proof tries at most so many cases, over at most so many conditions.
CASES_LIMIT = 512
CONDITIONS_LIMIT = 8


@dataclass(frozen=True, slots=True)
class Literal:
    """A condition known in a case: the truth atom and which way it is."""

    truth: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A combination of conditions, and what the polynomial is there (not zero)."""

    literals: tuple[Literal, ...]
    rest: Poly


@dataclass(slots=True)
class _Search:
    """One search through the cases; `left` bounds the work."""

    left: int = CASES_LIMIT
    path: list[Literal] = field(default_factory=list)


class Proof:
    """What is known where one voucher (or any voucher of the rule) is made."""

    def __init__(self, forms: Forms, voucher: VoucherPlan | None) -> None:
        self.forms = forms
        self._values: dict[int, Poly] = {}
        self._conditions: list[Poly] = []
        rule = forms.rule
        for guard in (rule.guard, voucher.guard if voucher else None):
            if guard is not None:
                for condition in self._conjuncts(guard, holds=True):
                    self._learn(condition)
        for refusal in rule.refusals:
            for condition in self._conjuncts(refusal.condition, holds=False):
                self._learn(condition)

    def is_zero(self, poly: Poly) -> bool:
        """Whether the polynomial is proved zero."""
        return self.failing_case(poly) is None

    def holds(self, truth: Poly) -> bool:
        """Whether a condition is proved to hold."""
        return self.is_zero(ONE - truth)

    def failing_case(self, poly: Poly) -> Case | None:
        """The first case in which the polynomial is not proved zero, or None where it is proved."""
        return self._search(self.known(poly), tuple(self._conditions), _Search())

    def known(self, poly: Poly) -> Poly:
        """The polynomial with everything put in that is known where the voucher is made."""
        return self._substitute(poly, self._values)

    def assume(self, poly: Poly, literals: Iterable[Literal]) -> Poly:
        """The known polynomial in a case of the literals."""
        poly = self.known(poly)
        for literal in literals:
            poly = self._substitute(poly, self._consequences(literal))
        return poly

    # --- Facts ----------------------------------------------------------------------------

    def _conjuncts(self, node: int, *, holds: bool) -> Iterator[Poly]:
        """The parts that all hold if the node holds (or, `holds` false, if it does not)."""
        entry = self.forms.rule.nodes[node]
        if entry.op is Op.NOT:
            yield from self._conjuncts(entry.args[0], holds=not holds)
        elif entry.op is (Op.AND if holds else Op.OR):
            for arg in entry.args:
                yield from self._conjuncts(arg, holds=holds)
        else:
            poly = self.forms.poly(node)
            yield poly if holds else ONE - poly

    def _learn(self, condition: Poly) -> None:
        condition = self._substitute(condition, self._values)
        literals = _literals(condition)
        if literals is None:
            if condition != ONE:
                self._conditions.append(condition)
            return
        for literal in literals:
            self._settle(self._consequences(literal))

    def _settle(self, values: dict[int, Poly]) -> None:
        for atom, value in values.items():
            if atom not in self._values:
                new = {atom: self._substitute(value, self._values)}
                self._values = {
                    known: self._substitute(poly, new) for known, poly in self._values.items()
                } | new
        self._conditions = [self._substitute(c, self._values) for c in self._conditions]

    def _consequences(self, literal: Literal) -> dict[int, Poly]:
        """What a literal says about atoms: its own truth, truths it excludes, an equation."""
        values = self.forms.settled(literal.truth, is_true=literal.holds)
        key = self.forms.atoms[literal.truth].key
        if literal.holds and isinstance(key, tuple) and key[0] == "sign" and key[-1] == "=":
            solved = self._solve(self.known(Poly(key[1])))
            if solved is not None:
                atom, value = solved
                values[atom] = value
        return values

    def _solve(self, equation: Poly) -> tuple[int, Poly] | None:
        """An atom and what it equals if the polynomial is zero; None where none stands alone."""
        shape = self.forms.shape(equation)
        for monomial, value in reversed(equation.terms):
            if len(monomial) != 1 or abs(value) != 1 or self.forms.atoms[monomial[0]].is_truth:
                continue
            if self.forms.atoms[monomial[0]].shape != shape:
                continue
            atom = monomial[0]
            rest = Poly(tuple(term for term in equation.terms if term[0] != monomial))
            if all(atom not in other for other, _ in rest.terms):
                return atom, rest.times(-value)
        return None

    def closed_domain(self, subject: Hashable) -> tuple[str, ...] | None:
        """All values a text can have, where that is known: a code-typed field always present."""
        if not isinstance(subject, tuple) or subject[0] != "text":
            return None
        identity = self.forms.keys[subject[1]][0]
        if not isinstance(identity, tuple) or identity[0] not in {Op.FIELD, Op.ITEM}:
            return None
        event = self.forms.program.event_types[self.forms.rule.event_type]
        data = identity[1]
        entry = (
            event.lists[data[0]].fields[data[1]] if isinstance(data, tuple) else event.fields[data]
        )
        is_present = not entry.optional or entry.default is not None
        return entry.codes if entry.type is FieldType.TEXT and entry.codes and is_present else None

    # --- Cases ----------------------------------------------------------------------------

    def _search(self, poly: Poly, conditions: tuple[Poly, ...], search: _Search) -> Case | None:
        if not poly or any(not condition for condition in conditions):
            return None
        search.left -= 1
        truth = self._next_truth(poly, conditions, search)
        if truth is None:
            rest = self._without_zero_sums(poly)
            return Case(tuple(search.path), rest) if rest else None
        for values, literals in self._branches(truth):
            search.path.extend(literals)
            case = self._search(
                self._substitute(poly, values),
                tuple(self._substitute(condition, values) for condition in conditions),
                search,
            )
            if case is not None:
                return case
            del search.path[len(search.path) - len(literals) :]
        return None

    def _next_truth(self, poly: Poly, conditions: tuple[Poly, ...], search: _Search) -> int | None:
        """A condition to split on: one of the polynomial, then one that a known fact shares."""
        if search.left <= 0 or len(search.path) >= CONDITIONS_LIMIT:
            return None
        atoms = self.forms.atoms
        for source in (poly, *conditions):
            for atom in source.atoms():
                if atoms[atom].is_truth:
                    return atom
        return None

    def _branches(self, truth: int) -> Iterator[tuple[dict[int, Poly], list[Literal]]]:
        """The cases of one condition; of a subject, each of its values and the rest."""
        subject = self.forms.atoms[truth].subject
        rivals = self.forms.atoms.subjects[subject] if subject is not None else [truth]
        for rival in rivals:
            if rival not in self._values:
                literal = Literal(rival, holds=True)
                yield self._consequences(literal), [literal]
        domain = self.closed_domain(subject)
        if domain is not None:
            known = {self.forms.atoms[rival].key[-1] for rival in rivals}  # type: ignore[index]
            if known >= set(domain):
                return
        yield dict.fromkeys(rivals, ZERO), [Literal(rival, holds=False) for rival in rivals]

    def _without_zero_sums(self, poly: Poly) -> Poly:
        """Drops the sums over a list whose summed value is zero for every element."""
        groups: dict[tuple[Monomial, int], list[tuple[Monomial, int]]] = {}
        kept: list[tuple[Monomial, int]] = []
        for monomial, value in poly.terms:
            sums = [atom for atom in monomial if atom in self.forms.sums]
            if len(sums) == 1:
                outside = tuple(atom for atom in monomial if atom != sums[0])
                list_index = self.forms.sums[sums[0]][0]
                groups.setdefault((outside, list_index), []).append((monomial, value))
            else:
                kept.append((monomial, value))
        for terms in groups.values():
            summed = poly_of(
                (self.forms.sums[atom][1], value)
                for monomial, value in terms
                for atom in monomial
                if atom in self.forms.sums
            )
            if summed.constant is not None or not self.is_zero(summed):
                kept += terms
        return poly_of(kept)

    def _substitute(self, poly: Poly, values: dict[int, Poly]) -> Poly:
        """The polynomial with what is known put in; unchanged where that would be too long."""
        if not values:
            return poly
        result = self.forms.atoms.substitute(poly, values)
        return result if result is not None else poly


def _literals(condition: Poly) -> tuple[Literal, ...] | None:
    """The literals a condition is the product of, or None where it is not one."""
    match condition.terms:
        case ((monomial, 1),):
            return tuple(Literal(atom, holds=True) for atom in monomial)
        case (((), 1), ((atom,), -1)):
            return (Literal(atom, holds=False),)
    return None
