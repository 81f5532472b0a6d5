"""Exact polynomials over atoms: the normal form in which amounts and conditions are compared.

Not responsible for what an atom stands for. A polynomial is a sum of integer coefficients times
products of atoms. A *truth* atom is 0 or 1, so its square is itself; truths of one subject (two
values of one code field, the signs of one difference) exclude each other, so their product is 0.
Two values with the same polynomial are equal for every event; the reverse need not hold.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import gcd

#: A product of atoms: sorted atom numbers, repeated for powers.
Monomial = tuple[int, ...]

#: Beyond this many terms a product is not expanded, and the value becomes an atom of its own.
TERM_LIMIT = 400


@dataclass(frozen=True, slots=True)
class Poly:
    """A polynomial in normal form: non-zero coefficients, monomials in order."""

    terms: tuple[tuple[Monomial, int], ...]

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __add__(self, other: Poly) -> Poly:
        return poly_of([*self.terms, *other.terms])

    def __sub__(self, other: Poly) -> Poly:
        return self + other.times(-1)

    def times(self, factor: int) -> Poly:
        """The polynomial multiplied by a whole number."""
        if factor == 0:
            return ZERO
        return Poly(tuple((monomial, value * factor) for monomial, value in self.terms))

    def over(self, divisor: int) -> Poly:
        """The polynomial divided by a number that divides every coefficient."""
        return Poly(tuple((monomial, value // divisor) for monomial, value in self.terms))

    @property
    def constant(self) -> int | None:
        """The value of a polynomial without atoms, else None."""
        if not self.terms:
            return 0
        (monomial, value), *rest = self.terms
        return value if not rest and not monomial else None

    @property
    def content(self) -> int:
        """The greatest whole number that divides every coefficient (0 for the zero polynomial)."""
        return gcd(*(value for _, value in self.terms))

    @property
    def leading(self) -> tuple[Monomial, int]:
        """The term of the highest degree, first in order among equals; fixes sign and division."""
        return min(self.terms, key=lambda term: (-len(term[0]), term[0]))

    def atoms(self) -> Iterator[int]:
        """The atoms in order of first mention, each once."""
        return iter(dict.fromkeys(atom for monomial, _ in self.terms for atom in monomial))


def poly_of(terms: Iterable[tuple[Monomial, int]]) -> Poly:
    """Adds up terms into normal form."""
    sums: dict[Monomial, int] = {}
    for monomial, value in terms:
        sums[monomial] = sums.get(monomial, 0) + value
    return Poly(tuple(sorted((monomial, value) for monomial, value in sums.items() if value)))


def number(value: int) -> Poly:
    """A constant."""
    return Poly((((), value),)) if value else ZERO


def single(atom: int) -> Poly:
    """One atom by itself."""
    return Poly((((atom,), 1),))


ZERO = Poly(())
ONE = Poly((((), 1),))


@dataclass(frozen=True, slots=True)
class Atom:
    """A value that is not taken apart further.

    Attributes:
        key: identity; equal keys are one value. shape: as `Node.shape`.
        node: a node of the rule that has this value, or -1.
        is_truth: 0 or 1. subject: truths with one subject exclude each other; None = none.
    """

    key: Hashable
    shape: int
    node: int
    is_truth: bool = False
    subject: Hashable = None


class Atoms:
    """The atoms of one rule, numbered by first use, and the arithmetic that knows about them."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._atoms: list[Atom] = []
        self.subjects: dict[Hashable, list[int]] = {}

    def __getitem__(self, atom: int) -> Atom:
        return self._atoms[atom]

    def intern(self, atom: Atom) -> int:
        """The number of the atom with this key; the first one given stays."""
        number_of = self._numbers.get(atom.key)
        if number_of is None:
            number_of = self._numbers[atom.key] = len(self._atoms)
            self._atoms.append(atom)
            if atom.subject is not None:
                self.subjects.setdefault(atom.subject, []).append(number_of)
        return number_of

    def multiply(self, left: Poly, right: Poly) -> Poly | None:
        """The product, or None where it has too many terms."""
        if len(left.terms) * len(right.terms) > TERM_LIMIT:
            return None
        products = (
            (self._join(first, second), one * two)
            for first, one in left.terms
            for second, two in right.terms
        )
        return poly_of((monomial, value) for monomial, value in products if monomial is not None)

    def substitute(self, poly: Poly, values: Mapping[int, Poly]) -> Poly | None:
        """The polynomial with atoms replaced, or None where it has too many terms."""
        total = ZERO
        kept: list[tuple[Monomial, int]] = []
        for monomial, value in poly.terms:
            hit = [atom for atom in monomial if atom in values]
            if not hit:
                kept.append((monomial, value))
                continue
            rest = tuple(atom for atom in monomial if atom not in values)
            product: Poly | None = Poly(((rest, value),))
            for atom in hit:
                product = product and self.multiply(product, values[atom])
            if product is None:
                return None
            total += product
        return total + Poly(tuple(kept))

    def divide(self, dividend: Poly, divisor: Poly) -> Poly | None:
        """The exact quotient with whole coefficients, or None where there is none."""
        quotient = ZERO
        rest = dividend
        lead, factor = divisor.leading
        # Bounded, since with truths (t * t = t) a step need not lower the degree of the rest.
        for _ in range(TERM_LIMIT):
            if not rest:
                return quotient
            monomial, value = rest.leading
            left_over = _without(monomial, lead)
            if left_over is None or value % factor:
                return None
            step = Poly(((left_over, value // factor),))
            product = self.multiply(step, divisor)
            if product is None:
                return None
            quotient += step
            rest -= product
        return None

    def _join(self, left: Monomial, right: Monomial) -> Monomial | None:
        """The product of two monomials; None where it contains truths that exclude each other."""
        if not left or not right:
            return left or right
        joined: list[int] = []
        subjects: dict[Hashable, int] = {}
        for atom in sorted(left + right):
            entry = self._atoms[atom]
            if entry.is_truth and joined and joined[-1] == atom:
                continue
            if entry.subject is not None and subjects.setdefault(entry.subject, atom) != atom:
                return None
            joined.append(atom)
        return tuple(joined)


def _without(monomial: Monomial, factor: Monomial) -> Monomial | None:
    """The monomial divided by a factor, or None where it does not divide."""
    rest = list(monomial)
    for atom in factor:
        if atom not in rest:
            return None
        rest.remove(atom)
    return tuple(rest)
