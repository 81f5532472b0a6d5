"""Turns the nodes of a rule into polynomials, so that equal values get equal forms.

Not responsible for deciding anything. Where a node is active plays no part: an inactive value is
always multiplied by the truth of a condition that is then 0.

How operations read: `if c then a else b` is b + c·(a − b); `not c` is 1 − c; `max(x, 0)` is
x·[x > 0]; a `sum` of a product takes out what does not vary with the list; the sum of the shares
of a split is its total; `round` of a whole number is that number, and rounding keeps the sign
(every mode is symmetric), so round(−x) = −round(x).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from math import gcd

from engine.program import EVENT_SHAPE, LEDGER_SHAPE, Kind, Node, Op, Program, Rule
from rules_dsl.checks.polynomials import ONE, ZERO, Atom, Atoms, Monomial, Poly, number, single

#: At most so many truths are taken out of a rounding or a comparison, each doubling the work.
LIFT_LIMIT = 3
#: A text or account of more cases than this is an atom of its own.
CASE_LIMIT = 16

#: Numbers of `Forms.key`: which text or account. Condition and key, one case each.
Choice = tuple[tuple[Poly, int], ...]
Value = Poly | Choice


class Forms:
    """The normal forms of one rule's nodes.

    Attributes:
        atoms: the atoms of all forms. values: one per node; a polynomial for NUMBER (raw), DATE
        (day number) and BOOL (0 or 1), a choice of keys for TEXT and ACCOUNT.
        split_totals: the total of each share atom. sums: of each sum atom, the list and the
        product that is summed.
    """

    def __init__(self, program: Program, rule: Rule) -> None:
        self.program = program
        self.rule = rule
        self.atoms = Atoms()
        self.split_totals: dict[int, Poly] = {}
        self.sums: dict[int, tuple[int, Monomial]] = {}
        self._keys: dict[Hashable, int] = {}
        self.keys: list[tuple[Hashable, int, int]] = []
        self.values: list[Value] = []
        for index, node in enumerate(rule.nodes):
            self.values.append(self._value(index, node))

    def poly(self, node: int) -> Poly:
        """The polynomial of a NUMBER, DATE or BOOL node."""
        value = self.values[node]
        return value if isinstance(value, Poly) else ZERO

    def choice(self, node: int) -> Choice:
        """The possible keys of a TEXT or ACCOUNT node, each with its condition."""
        value = self.values[node]
        return () if isinstance(value, Poly) else value

    def key_shape(self, key: int) -> int:
        """The list along which a key varies, or EVENT_SHAPE."""
        return self.keys[key][1]

    def key_node(self, key: int) -> int:
        """A node with this text or account."""
        return self.keys[key][2]

    def constant_key(self, key: int) -> object:
        """What a constant text or account is; None where it is not constant."""
        identity = self.keys[key][0]
        return identity[1] if isinstance(identity, tuple) and identity[0] == Op.CONST else None

    def given(self, key: int) -> Poly:
        """The truth of a text being there: of an optional field, that it was sent."""
        identity = self.keys[key][0]
        event = self.program.event_types[self.rule.event_type]
        if not isinstance(identity, tuple) or identity[0] not in {Op.FIELD, Op.ITEM}:
            return ONE
        place = identity[1]
        is_item = identity[0] is Op.ITEM
        field = event.lists[place[0]].fields[place[1]] if is_item else event.fields[place]
        if not field.optional or field.default is not None:
            return ONE
        asked = (Op.GIVEN_ITEM if is_item else Op.GIVEN, place, None, ())
        return single(self._truth(asked, self.key_shape(key)))

    def list_name(self, shape: int) -> str:
        """The name of a list field, or of a list read from the ledger."""
        if shape < LEDGER_SHAPE:
            return self.program.event_types[self.rule.event_type].fields[shape].name
        reads = (node for node in self.rule.nodes if node.op is Op.LEDGER_LIST)
        return next(node.label for node in reads if node.data == shape - LEDGER_SHAPE)

    def shape(self, poly: Poly) -> int:
        """The list along which a polynomial varies, or EVENT_SHAPE."""
        return max((self.atoms[atom].shape for atom in poly.atoms()), default=EVENT_SHAPE)

    def field(self, index: int) -> Poly:
        """The polynomial of an event field, whether or not a node reads it."""
        return single(self.atoms.intern(Atom((Op.FIELD, index), EVENT_SHAPE, -1)))

    def item(self, list_index: int, index: int) -> Poly:
        """The polynomial of a field of a list, whether or not a node reads it."""
        return single(self.atoms.intern(Atom((Op.ITEM, (list_index, index)), list_index, -1)))

    def total(self, poly: Poly, list_index: int) -> Poly:
        """The sum of a list-shaped polynomial over its list."""
        result = ZERO
        for monomial, value in poly.terms:
            outside = tuple(a for a in monomial if self.atoms[a].shape == EVENT_SHAPE)
            inside = tuple(a for a in monomial if self.atoms[a].shape != EVENT_SHAPE)
            summed = self._summed(inside, list_index)
            result += self.product(Poly(((outside, value),)), summed)
        return result

    def product(self, left: Poly, right: Poly) -> Poly:
        """The product of two polynomials, an atom of its own where it has too many terms."""
        product = self.atoms.multiply(left, right)
        if product is not None:
            return product
        pair = tuple(sorted((left.terms, right.terms)))
        return single(self._atom(("product", pair), max(self.shape(left), self.shape(right))))

    def positive(self, poly: Poly) -> Poly:
        """The truth of `poly > 0`."""
        lifted = self._lift((poly,), lambda parts: self._sign(parts[0])[0])
        return lifted if lifted is not None else self._sign(poly)[0]

    def zero(self, poly: Poly) -> Poly:
        """The truth of `poly = 0`."""
        lifted = self._lift((poly,), lambda parts: self._sign(parts[0])[1])
        return lifted if lifted is not None else self._sign(poly)[1]

    def text_is(self, choice: Choice, value: str) -> Poly:
        """The truth of a text having a constant value."""
        truth = ZERO
        for condition, key in choice:
            constant = self.constant_key(key)
            if constant is None:
                subject = ("text", key)
                same = single(self._truth((*subject, value), self.key_shape(key), subject=subject))
            else:
                same = ONE if constant == value else ZERO
            truth += self.product(condition, same)
        return truth

    # --- One node ------------------------------------------------------------------------

    def _value(self, index: int, node: Node) -> Value:
        if node.kind in {Kind.TEXT, Kind.ACCOUNT}:
            return self._text(index, node)
        is_truth = node.kind is Kind.BOOL
        form = self._logic(index, node) if is_truth else self._arithmetic(index, node)
        return form if form is not None else self._opaque(index, node)

    def _arithmetic(self, index: int, node: Node) -> Poly | None:
        args = [self.poly(arg) for arg in node.args]
        match node.op:
            case Op.CONST if isinstance(node.data, int):
                return number(int(node.data))
            case Op.REPEAT | Op.REQUIRE:
                return args[0]
            case Op.ADD:
                return args[0] + args[1]
            case Op.SUB:
                return args[0] - args[1]
            case Op.NEG:
                return args[0].times(-1)
            case Op.SHIFT if isinstance(node.data, int):
                return args[0].times(10**node.data)
            case Op.MUL:
                return self.atoms.multiply(args[0], args[1])
            case Op.MIN:
                return self._minus(args[0], self._above_zero(args[0] - args[1]))
            case Op.MAX:
                return self._plus(args[1], self._above_zero(args[0] - args[1]))
            case Op.ABS:
                return self._minus(self._above_zero(args[0].times(2)), args[0])
            case Op.SUM:
                return self.total(args[0], self.rule.nodes[node.args[0]].shape)
            case Op.COUNT if isinstance(node.data, int):
                return self._summed((), node.data)
            case Op.ROUND:
                return self._lift((args[0], args[1]), lambda parts: self._round(parts, index))
            case Op.SELECT:
                return self._select(args)
            case _:
                return None

    def _logic(self, index: int, node: Node) -> Poly | None:
        args = [self.poly(arg) for arg in node.args]
        match node.op:
            case Op.CONST:
                return ONE if node.data else ZERO
            case Op.REPEAT:
                return args[0]
            case Op.NOT:
                return ONE - args[0]
            case Op.AND:
                return self.atoms.multiply(args[0], args[1])
            case Op.OR:
                return self._minus(args[0] + args[1], self.atoms.multiply(args[0], args[1]))
            case Op.SELECT:
                return self._select(args)
            case Op.EQ:
                return self._equal(index, node)
            case Op.NE:
                return self._minus(ONE, self._equal(index, node))
            case Op.GT:
                return self.positive(args[0] - args[1])
            case Op.LT:
                return self.positive(args[1] - args[0])
            case Op.GE:
                return ONE - self.positive(args[1] - args[0])
            case Op.LE:
                return ONE - self.positive(args[0] - args[1])
            case Op.IN if isinstance(node.data, tuple):
                choice = self.choice(node.args[0])
                return _added(self.text_is(choice, text) for text in dict.fromkeys(node.data))
            case _:
                return None

    def _text(self, index: int, node: Node) -> Choice:
        match node.op:
            case Op.REPEAT:
                return self.choice(node.args[0])
            case Op.CONST:
                return ((ONE, self._key((Op.CONST, node.data), EVENT_SHAPE, index)),)
            case Op.SELECT:
                choice = self._select_text(node)
                if choice is not None:
                    return choice
            case Op.IN_CHART if isinstance(node.data, tuple):
                choice = self._in_chart(index, node, node.data)
                if choice is not None:
                    return choice
            case _:
                pass
        return ((ONE, self._key(self._identity(node), self._own_shape(node), index)),)

    def _in_chart(self, index: int, node: Node, accounts: tuple[int, ...]) -> Choice | None:
        """The accounts of another chart, where they are constants; else None."""
        found = []
        for condition, key in self.choice(node.args[0]):
            constant = self.constant_key(key)
            if not isinstance(constant, int):
                return None
            moved = (Op.CONST, accounts[constant])
            found.append((condition, self._key(moved, EVENT_SHAPE, index)))
        return tuple(found)

    def _select_text(self, node: Node) -> Choice | None:
        condition = self.poly(node.args[0])
        cases: dict[int, Poly] = {}
        for truth, arg in ((condition, node.args[1]), (ONE - condition, node.args[2])):
            for case, key in self.choice(arg):
                product = self.atoms.multiply(truth, case)
                if product is None:
                    return None
                cases[key] = cases.get(key, ZERO) + product
        found = tuple((case, key) for key, case in sorted(cases.items()) if case)
        return found if 0 < len(found) <= CASE_LIMIT else None

    def _equal(self, index: int, node: Node) -> Poly | None:
        left, right = node.args
        kind = self.rule.nodes[left].kind
        if kind is Kind.BOOL:
            both = self.atoms.multiply(self.poly(left), self.poly(right))
            same = self.poly(left) + self.poly(right)
            return None if both is None else ONE - same + both.times(2)
        if kind in {Kind.NUMBER, Kind.DATE}:
            return self.zero(self.poly(left) - self.poly(right))
        if self.choice(left) == self.choice(right):
            return ONE
        if kind is Kind.TEXT:
            for one, other in ((left, right), (right, left)):
                keys = self.choice(other)
                constant = self.constant_key(keys[0][1]) if len(keys) == 1 else None
                if isinstance(constant, str):
                    return self.text_is(self.choice(one), constant)
        pair = tuple(sorted((self._signature(left), self._signature(right)), key=repr))
        return single(self._truth((Op.EQ, pair), self._own_shape(node), index))

    def _select(self, args: list[Poly]) -> Poly | None:
        condition, then, otherwise = args
        return self._plus(otherwise, self.atoms.multiply(condition, then - otherwise))

    def _opaque(self, index: int, node: Node) -> Poly:
        shape = self._own_shape(node)
        identity = self._identity(node)
        if node.kind is Kind.BOOL:
            return single(self._truth(identity, shape, index))
        atom = self._atom(identity, shape, index)
        if node.op is Op.SPLIT:
            self.split_totals[atom] = self.poly(node.args[0])
        return single(atom)

    # --- Operations on polynomials --------------------------------------------------------

    def _above_zero(self, poly: Poly) -> Poly | None:
        """The larger of the polynomial and 0."""

        def larger(parts: tuple[Poly, ...]) -> Poly | None:
            value = parts[0]
            if value and value.leading[1] < 0:
                # Written over the sign of one of x and −x only, so that both forms meet.
                return self._plus(value, larger((value.times(-1),)))
            return self.atoms.multiply(value, self._sign(value)[0])

        return self._lift((poly,), larger)

    def _sign(self, poly: Poly) -> tuple[Poly, Poly]:
        """The truths of `poly > 0` and of `poly = 0`, over one of x and −x only."""
        constant = poly.constant
        if constant is not None:
            return (ONE if constant > 0 else ZERO), (ZERO if constant else ONE)
        content = poly.content
        is_flipped = poly.leading[1] < 0
        shared = poly.over(-content if is_flipped else content)
        subject = ("sign", shared.terms)
        shape = self.shape(shared)
        above = single(self._truth((*subject, ">"), shape, subject=subject))
        zero = single(self._truth((*subject, "="), shape, subject=subject))
        return (ONE - above - zero if is_flipped else above), zero

    def _round(self, parts: tuple[Poly, ...], index: int) -> Poly | None:
        above, below = parts
        if not above:
            return ZERO
        if not below:
            return None
        divisor = gcd(above.content, below.content) * (-1 if below.leading[1] < 0 else 1)
        above, below = above.over(divisor), below.over(divisor)
        whole = self.atoms.divide(above, below)
        if whole is not None and self.atoms.multiply(whole, below) == above:
            return whole
        is_flipped = above.leading[1] < 0
        if is_flipped:
            above = above.times(-1)
        shape = max(self.shape(above), self.shape(below))
        mode = self.rule.nodes[index].data
        atom = self._atom((Op.ROUND, mode, above.terms, below.terms), shape, index)
        return single(atom).times(-1 if is_flipped else 1)

    def _summed(self, inside: Monomial, list_index: int) -> Poly:
        """The sum of a product of list-shaped atoms; without atoms, the number of elements."""
        if len(inside) == 1 and inside[0] in self.split_totals:
            return self.split_totals[inside[0]]
        atom = self._atom(("sum", list_index, inside), EVENT_SHAPE)
        self.sums[atom] = (list_index, inside)
        return single(atom)

    def _lift(
        self,
        parts: tuple[Poly, ...],
        make: Callable[[tuple[Poly, ...]], Poly | None],
        left: int = LIFT_LIMIT,
    ) -> Poly | None:
        """Applies `make` in each case of the truths in the parts and joins the results."""
        truth = next((a for p in parts for a in p.atoms() if self.atoms[a].is_truth), None)
        if truth is None or not left:
            return make(parts)
        cases: list[Poly] = []
        for is_true in (True, False):
            values = self.settled(truth, is_true=is_true)
            fixed = [self.atoms.substitute(part, values) for part in parts]
            if any(part is None for part in fixed):
                return make(parts)
            case = self._lift(tuple(p for p in fixed if p is not None), make, left - 1)
            if case is None:
                return None
            cases.append(case)
        return self._select([single(truth), *cases])

    def settled(self, truth: int, *, is_true: bool) -> dict[int, Poly]:
        """What a truth being known says about it and about those it excludes."""
        values = {truth: ONE if is_true else ZERO}
        subject = self.atoms[truth].subject
        if is_true and subject is not None:
            values |= {other: ZERO for other in self.atoms.subjects[subject] if other != truth}
        return values

    @staticmethod
    def _plus(left: Poly | None, right: Poly | None) -> Poly | None:
        return None if left is None or right is None else left + right

    @staticmethod
    def _minus(left: Poly | None, right: Poly | None) -> Poly | None:
        return None if left is None or right is None else left - right

    # --- Identity -------------------------------------------------------------------------

    def _identity(self, node: Node) -> Hashable:
        """What makes two nodes one value: the operation, its data and the forms of its parts."""
        if node.op in {Op.FIELD, Op.ITEM}:
            return (node.op, node.data)
        shape = node.shape if node.op is Op.SPLIT else None
        return (node.op, node.data, shape, tuple(self._signature(arg) for arg in node.args))

    def _signature(self, node: int) -> Hashable:
        value = self.values[node]
        if isinstance(value, Poly):
            return value.terms
        return tuple((condition.terms, key) for condition, key in value)

    def _own_shape(self, node: Node) -> int:
        """The list along which the value really varies: repeating it does not make it vary."""
        match node.op:
            case Op.ITEM | Op.GIVEN_ITEM | Op.SPLIT | Op.COLUMN:
                return node.shape
            case Op.SUM | Op.COUNT:
                return EVENT_SHAPE
            case _:
                return max((self._node_shape(arg) for arg in node.args), default=EVENT_SHAPE)

    def _node_shape(self, node: int) -> int:
        value = self.values[node]
        if isinstance(value, Poly):
            return self.shape(value)
        return max(max(self.shape(condition), self.key_shape(key)) for condition, key in value)

    def _atom(self, key: Hashable, shape: int, node: int = -1) -> int:
        return self.atoms.intern(Atom(key, shape, node))

    def _truth(self, key: Hashable, shape: int, node: int = -1, subject: Hashable = None) -> int:
        return self.atoms.intern(Atom(key, shape, node, is_truth=True, subject=subject))

    def _key(self, identity: Hashable, shape: int, node: int) -> int:
        if identity not in self._keys:
            self._keys[identity] = len(self.keys)
            self.keys.append((identity, shape, node))
        return self._keys[identity]


def _added(polys: Iterable[Poly]) -> Poly:
    total = ZERO
    for poly in polys:
        total += poly
    return total
