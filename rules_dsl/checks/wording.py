"""Says amounts and conditions of a rule in the author's names, for messages.

Not responsible for proofs. What has a name (a let, a share, a field) is called by it; what has
none is written out as an expression.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, replace

from engine.program import (
    EVENT_SHAPE,
    BalanceMeasure,
    Fault,
    Field,
    FieldType,
    Kind,
    Node,
    Op,
    Record,
)
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.dates import day_text, is_business_date
from rules_dsl.checks.forms import Forms
from rules_dsl.checks.polynomials import Monomial, Poly, single
from rules_dsl.checks.proof import Case, Literal, Proof

#: Expressions are written out to this depth; below it an ellipsis stands.
DEPTH_LIMIT = 6
#: So many terms or conditions are said; the rest is an ellipsis.
SHOWN_LIMIT = 6
#: What would be longer without a name is cut.
WORDS_LIMIT = 80
#: Only so many names are tried in pairs.
PAIR_LIMIT = 40

_INFIX = {
    Op.ADD: " + ",
    Op.SUB: " − ",
    Op.MUL: " × ",
    Op.EQ: " = ",
    Op.NE: " != ",
    Op.LT: " < ",
    Op.LE: " <= ",
    Op.GT: " > ",
    Op.GE: " >= ",
}
_CALLS = {
    Op.MIN: "min",
    Op.MAX: "max",
    Op.ABS: "abs",
    Op.SUM: "sum",
    Op.TEXT_OF: "text",
    Op.LAST_PART: "last_part",
    Op.DAYS: "days",
    Op.MONTHS: "months",
    Op.YEAR: "year",
    Op.MONTH: "month",
    Op.PERIOD: "period",
    Op.MONTH_START: "month_start",
    Op.PERIOD_START: "month_start",
    Op.MONTH_END: "month_end",
    Op.ADD_DAYS: "add_days",
    Op.ADD_MONTHS: "add_months",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A value the author has a name for."""

    text: str
    poly: Poly
    shape: int
    scale: int


class Wording:
    """The words of one rule."""

    def __init__(self, forms: Forms, authors: Authors) -> None:
        self.forms = forms
        self.authors = authors
        self.event = forms.program.event_types[forms.rule.event_type]
        self.names: tuple[Named, ...] = ()
        self._by_poly: dict[Poly, Named] = {}
        self._take_names(self._find_names())

    def under(self, proof: Proof, case: Case) -> Wording:
        """The same words where only the values in one case of the conditions matter."""
        other = copy(self)
        other._take_names(
            replace(name, poly=proof.assume(name.poly, case.literals)) for name in self.names
        )
        return other

    def amount(self, poly: Poly, scale: int) -> str:
        """A polynomial as a sum of named values, at the scale of the amount it stands for."""
        constant = poly.constant
        if constant is not None:
            return decimal(constant, scale)
        named = self._one_name(poly) or self._two_names(poly, scale)
        return named or self._sum(poly, scale)

    def simple_amount(self, poly: Poly, scale: int) -> str:
        """A polynomial that is a sum of whole multiples of named values, else ""."""
        named = self._one_name(poly) or self._two_names(poly, scale)
        return named or (self._sum(poly, scale) if self._is_plain(poly) else "")

    def named_atom(self, atom: int) -> str:
        """The name of the value that is exactly this atom, or ""."""
        named = self._by_poly.get(single(atom))
        return named.text if named else ""

    def is_name(self, poly: Poly) -> bool:
        """Whether one name is the whole value."""
        return poly in self._by_poly

    def conditions(self, case: Case, poly: Poly) -> str:
        """The conditions of a case that the polynomial really depends on; "" if none."""
        wanted = set(poly.atoms())
        literals = [literal for literal in case.literals if literal.truth in wanted]
        if any(literal.holds for literal in literals):
            # Of one code field, the value it has says which it has not.
            held = {self._subject(literal) for literal in literals if literal.holds} - {None}
            literals = [x for x in literals if x.holds or self._subject(x) not in held]
        denied = [self._subject(literal) for literal in literals if not literal.holds]
        words = [
            self._below(literal)
            if self._is_sign(literal.truth) and denied.count(self._subject(literal)) > 1
            else self.condition(literal)
            for literal in literals
        ]
        shown = list(dict.fromkeys(words))
        more = ["…"] if len(shown) > SHOWN_LIMIT else []
        return " and ".join(shown[:SHOWN_LIMIT] + more)

    def condition(self, literal: Literal) -> str:
        """One condition, in the author's names."""
        atom = self.forms.atoms[literal.truth]
        key = atom.key
        if isinstance(key, tuple) and key[0] == "text" and len(key) == 3 and _is_int(key[1]):
            text_key, value = key[1], key[2]
            sign = "=" if literal.holds else "!="
            return f"{self.text(text_key)} {sign} {self._value(text_key, value)}"
        if isinstance(key, tuple) and self._is_sign(literal.truth):
            return self._comparison(Poly(key[1]), key[2], holds=literal.holds)
        words = _cut(self.expression(atom.node)) if atom.node >= 0 else "a condition"
        return words if literal.holds else f"{self.word('not')} {words}"

    def _is_sign(self, truth: int) -> bool:
        key = self.forms.atoms[truth].key
        return isinstance(key, tuple) and key[0] == "sign"

    def _below(self, literal: Literal) -> str:
        """Neither more nor equal."""
        return self.sign_words(literal.truth, ("<",))[0]

    def sign_words(self, truth: int, signs: tuple[str, ...]) -> tuple[str, ...]:
        """The comparisons `a > b`, `a = b`, … of the difference that a sign truth is about."""
        key = self.forms.atoms[truth].key
        poly = Poly(key[1]) if isinstance(key, tuple) else Poly(())
        words = {
            ">": self._comparison(poly, ">", holds=True),
            "=": self._comparison(poly, "=", holds=True),
            "<": self._comparison(poly.times(-1), ">", holds=True),
        }
        return tuple(words[sign] for sign in signs)

    def text(self, key: int) -> str:
        """A text value: a field, a constant, a look-up."""
        constant = self.forms.constant_key(key)
        return (
            f'"{constant}"'
            if isinstance(constant, str)
            else self.expression(self.forms.key_node(key))
        )

    def expression(self, index: int, depth: int = 0) -> str:
        """A node as the author could have written it."""
        node = self.forms.rule.nodes[index]
        if node.label and depth:
            return node.label
        if depth > DEPTH_LIMIT:
            return "…"
        args = [self.expression(arg, depth + 1) for arg in node.args]
        match node.op:
            case Op.CONST:
                return self._constant(node)
            case Op.REPEAT | Op.SHIFT | Op.REQUIRE | Op.IN_CHART:
                return args[0]
            case Op.NEG:
                return f"−{args[0]}"
            case Op.NOT:
                return f"{self.word('not')} {self._bracketed(node, node.args[0], depth)}"
            case Op.SELECT:
                joints = zip(("if", "then", "else"), args, strict=True)
                return " ".join(f"{self.word(joint)} {arg}" for joint, arg in joints)
            case Op.IN if isinstance(node.data, tuple):
                values = ", ".join(self._code_value(node.args[0], str(v)) for v in node.data)
                return f"{args[0]} {self.word('in')} {{{values}}}"
            case Op.EQ | Op.NE if self._is_constant_text(node.args[1]):
                wire = str(self.forms.rule.nodes[node.args[1]].data)
                return f"{args[0]}{_INFIX[node.op]}{self._code_value(node.args[0], wire)}"
            case Op.ROUND:
                below = self._bracketed(node, node.args[1], depth)
                quotient = args[0] if below == "1" else f"{args[0]} / {below}"
                return f"{self.word('round')}({quotient})"
            case Op.AND | Op.OR:
                inner = [self._bracketed(node, arg, depth) for arg in node.args]
                return f" {self.word(node.op.value)} ".join(inner)
            case _ if node.op in _INFIX:
                inner = [self._bracketed(node, arg, depth) for arg in node.args]
                return _INFIX[node.op].join(inner)
            case _ if node.op in _CALLS:
                return f"{self.word(_CALLS[node.op])}({', '.join(args)})"
            case _:
                return self._reading(node, args)

    def list_name(self, list_index: int) -> str:
        """The name of a list field."""
        return self.forms.list_name(list_index)

    def word(self, keyword: str) -> str:
        """A keyword in the language of the rule's file."""
        return self.authors.word(keyword, self.forms.rule.span)

    # --- Names ----------------------------------------------------------------------------

    def _take_names(self, names: Iterable[Named]) -> None:
        self.names = tuple(names)
        self._by_poly = {}
        for name in (*self.names, *self.sums()):
            if name.poly.constant is None:
                self._by_poly.setdefault(name.poly, name)

    def _find_names(self) -> Iterable[Named]:
        for index, node in enumerate(self.forms.rule.nodes):
            if node.label and node.kind is Kind.NUMBER and node.op is not Op.CONST:
                poly = self.forms.poly(index)
                yield Named(node.label, poly, node.shape, node.scale)
        for index, field in enumerate(self.event.fields):
            if field.type is FieldType.NUMBER:
                yield Named(field.name, self.forms.field(index), EVENT_SHAPE, field.scale)
        for list_index, list_type in self.event.lists.items():
            for index, field in enumerate(list_type.fields):
                if field.type is FieldType.NUMBER:
                    name = f"{self.list_name(list_index)}.{field.name}"
                    item = self.forms.item(list_index, index)
                    yield Named(name, item, list_index, field.scale)

    def sums(self) -> Iterable[Named]:
        """The sums of the named list-shaped values."""
        for name in self.names:
            if name.shape != EVENT_SHAPE:
                total = self.forms.total(name.poly, name.shape)
                yield Named(f"{self.word('sum')}({name.text})", total, EVENT_SHAPE, name.scale)

    def _one_name(self, poly: Poly) -> str:
        if named := self._by_poly.get(poly):
            return named.text
        if named := self._by_poly.get(poly.times(-1)):
            return f"−{named.text}"
        return ""

    def _two_names(self, poly: Poly, scale: int) -> str:
        """The polynomial as a sum or difference of two names, where it is not plain by itself."""
        if self._is_plain(poly):
            return ""
        usable = [name for name in self.names if name.scale == scale][:PAIR_LIMIT]
        for sign, words in ((1, " + "), (-1, " − ")):
            for name in usable:
                other = self._by_poly.get((poly - name.poly).times(sign))
                if other is not None and other.scale == scale:
                    return f"{name.text}{words}{other.text}"
        return ""

    def _is_plain(self, poly: Poly) -> bool:
        """Whether each term is a whole number times one named value."""
        return all(
            not monomial or (len(monomial) == 1 and Poly(((monomial, 1),)) in self._by_poly)
            for monomial, _ in poly.terms
        )

    # --- Terms ----------------------------------------------------------------------------

    def _sum(self, poly: Poly, scale: int) -> str:
        terms = sorted(poly.terms, key=lambda term: (term[1] < 0, term[0] == (), term[0]))
        words = ""
        for position, (monomial, value) in enumerate(terms):
            if position == SHOWN_LIMIT:
                return f"{words} + …"
            sign = ("−" if value < 0 else "") if not position else " − " if value < 0 else " + "
            words += sign + self._term(monomial, abs(value), scale)
        return words or "0"

    def _term(self, monomial: Monomial, value: int, scale: int) -> str:
        if not monomial:
            return decimal(value, scale)
        exponent = sum(self._scale(atom) for atom in monomial) - scale
        factor = plain_number(value, exponent)
        numbers = [self.atom(a) for a in monomial if not self.forms.atoms[a].is_truth]
        truths = [a for a in monomial if self.forms.atoms[a].is_truth]
        product = " × ".join(([factor] if factor != "1" or not numbers else []) + numbers)
        if not truths:
            return product
        return f"({self._where(product, truths)})"

    def _where(self, product: str, truths: list[int]) -> str:
        conditions = " and ".join(self.condition(Literal(truth, holds=True)) for truth in truths)
        return f"{product} where {conditions}" if truths else product

    def atom(self, atom: int) -> str:
        """One atom: its name, or the expression it stands for."""
        named = self._by_poly.get(single(atom))
        if named is not None:
            return named.text
        if atom in self.forms.sums:
            list_index, inside = self.forms.sums[atom]
            if not inside:
                return f"{self.word('count')}({self.list_name(list_index)})"
            truths = [part for part in inside if self.forms.atoms[part].is_truth]
            product = " × ".join(self.atom(part) for part in inside if part not in truths)
            return f"{self.word('sum')}({self._where(product or '1', truths)})"
        node = self.forms.atoms[atom].node
        return _cut(self.expression(node)) if node >= 0 else "…"

    def _scale(self, atom: int) -> int:
        entry = self.forms.atoms[atom]
        if entry.is_truth:
            return 0
        if atom in self.forms.sums:
            return sum(self._scale(part) for part in self.forms.sums[atom][1])
        if entry.node >= 0:
            return self.forms.rule.nodes[entry.node].scale
        named = self._by_poly.get(single(atom))
        return named.scale if named else 0

    def _comparison(self, poly: Poly, sign: str, *, holds: bool) -> str:
        if any(self._is_date(atom) for atom in poly.atoms()):
            return self._dates(poly, sign, holds=holds)
        scale = max((sum(self._scale(a) for a in m) for m, _ in poly.terms), default=0)
        left = Poly(tuple(term for term in poly.terms if term[1] > 0))
        right = Poly(tuple((m, -value) for m, value in poly.terms if value < 0))
        flipped = left.constant is not None and right.constant is None
        words = {">": "<" if flipped else ">", "=": "="}[sign]
        if not holds:
            words = {"<": ">=", ">": "<=", "=": "!="}[words]
        if flipped:
            left, right = right, left
        return f"{_cut(self.amount(left, scale))} {words} {_cut(self.amount(right, scale))}"

    def _is_date(self, atom: int) -> bool:
        node = self.forms.atoms[atom].node
        return node >= 0 and self.forms.rule.nodes[node].kind is Kind.DATE

    def _dates(self, poly: Poly, sign: str, *, holds: bool) -> str:
        """A comparison of one date with a constant; the constant is shown as a date."""
        dated = [(m[0], value) for m, value in poly.terms if m and abs(value) == 1]
        constant = sum(value for m, value in poly.terms if not m)
        if len(dated) != 1:
            return "the dates are in that order" if holds else "the dates are not in that order"
        atom, factor = dated[0]
        words = {">": ">" if factor > 0 else "<", "=": "="}[sign]
        if not holds:
            words = {">": "<=", "<": ">=", "=": "!="}[words]
        return f"{self.atom(atom)} {words} {day_text(-constant * factor)}"

    # --- Nodes ----------------------------------------------------------------------------

    def _reading(self, node: Node, args: list[str]) -> str:
        """A node that reads the event, a table, a record or state."""
        program = self.forms.program
        keys = ", ".join(args)
        given = self.word("given")
        match node.op, node.data:
            case (Op.FIELD, int(index)):
                return self.event.fields[index].name
            case (Op.ITEM, (int(list_index), int(index))):
                return f"{self.list_name(list_index)}.{self._items(list_index)[index].name}"
            case (Op.GIVEN, int(index)):
                return f"{given} {self.event.fields[index].name}"
            case (Op.GIVEN_ITEM, (int(list_index), int(index))):
                return f"{given} {self.list_name(list_index)}.{self._items(list_index)[index].name}"
            case (Op.COUNT, int(list_index)):
                return f"{self.word('count')}({self.list_name(list_index)})"
            case (Op.TABLE_ROW, int(table)) if program.tables[table].fault is Fault.NO_RATE:
                is_today = is_business_date(program, self.forms.rule, node.args[0])
                return program.tables[table].name + ("" if is_today else f"[{keys}]")
            case (Op.TABLE_ROW, int(table)):
                return f"{program.tables[table].name}[{keys}]"
            case (Op.TABLE_CELL, (int(table), int(output))):
                names = program.tables[table].output_names
                return args[0] if len(names) == 1 else f"{args[0]}.{names[output]}"
            case (Op.RECORD, (int(record), int(index))):
                entry = program.records[record]
                keys = self._record_key(entry, node, args)
                return f"{entry.name}[{keys}].{entry.fields[index].name}"
            case (Op.HAS_RECORD, int(record)):
                entry = program.records[record]
                return f"{given} {entry.name}[{self._record_key(entry, node, args)}]"
            case (Op.VERSION, _):
                is_today = is_business_date(program, self.forms.rule, node.args[-1])
                return "" if is_today else f" {self.word('at')} {args[-1]}"
            case ((Op.BALANCE | Op.BALANCE_UNTIL), int(balance)):
                roles = ", ".join(
                    program.accounts[account].role for account in program.balances[balance].accounts
                )
                measure = program.balances[balance].measure
                word = "balance" if measure is BalanceMeasure.NET else measure.value
                return f"{word} of {roles}"
            case (Op.TARGET, int(target)):
                return f"{program.targets[target].name}[{keys}]"
            case (Op.DELTA, int(target)):
                return f"delta of {program.targets[target].name}"
            case (Op.SPLIT, _):
                return f"split {args[0]} by {args[1]}"
        return "…"

    def _record_key(self, record: Record, node: Node, args: list[str]) -> str:
        """The keys of a record as written, with the date behind `at` where there is one."""
        if not record.dated:
            return ", ".join(args)
        return ", ".join(args[:-1]) + args[-1]

    def _constant(self, node: Node) -> str:
        match node.kind, node.data:
            case (Kind.NUMBER, int(raw)):
                return plain_number(raw, -node.scale)
            case (Kind.DATE, int(day)):
                return day_text(day)
            case (Kind.BOOL, bool(truth)):
                return self.word("true" if truth else "false")
            case (Kind.TEXT, str(text)):
                return f'"{text}"'
        return "…"

    def _items(self, list_index: int) -> tuple[Field, ...]:
        return self.event.lists[list_index].fields

    def _bracketed(self, outer: Node, arg: int, depth: int) -> str:
        inner = self.forms.rule.nodes[arg]
        while inner.op in {Op.REPEAT, Op.SHIFT} and not inner.label:
            inner = self.forms.rule.nodes[inner.args[0]]
        words = self.expression(arg, depth + 1)
        is_sum = inner.op in {Op.ADD, Op.SUB, Op.SELECT, Op.OR, Op.AND}
        return f"({words})" if is_sum and not inner.label and inner.op != outer.op else words

    def _is_constant_text(self, index: int) -> bool:
        node = self.forms.rule.nodes[index]
        return node.op is Op.CONST and node.kind is Kind.TEXT

    def _code_value(self, text: int, wire: str) -> str:
        choice = self.forms.choice(text)
        return self._value(choice[0][1], wire) if choice else f'"{wire}"'

    def _value(self, key: int, wire: object) -> str:
        return self.authors.value_name(self.domain(key), str(wire))

    def domain(self, key: int) -> tuple[str, ...]:
        """The closed set of a code-typed field, or () for other texts."""
        node = self.forms.rule.nodes[self.forms.key_node(key)]
        match node.op, node.data:
            case (Op.FIELD, int(index)):
                return self.event.fields[index].codes
            case (Op.ITEM, (int(list_index), int(index))):
                return self._items(list_index)[index].codes
        return ()

    def _subject(self, literal: Literal) -> object:
        return self.forms.atoms[literal.truth].subject


def _is_int(value: object) -> bool:
    return isinstance(value, int)


def _cut(words: str) -> str:
    return words if len(words) <= WORDS_LIMIT else words[:WORDS_LIMIT] + "…"


def decimal(raw: int, scale: int) -> str:
    """A raw number as a plain decimal with all its places ("1060.00")."""
    digits = str(abs(raw)).rjust(scale + 1, "0")
    sign = "−" if raw < 0 else ""
    return sign + (f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits)


def plain_number(value: int, exponent: int) -> str:
    """A number times a power of ten, without trailing zeros."""
    if exponent >= 0:
        return str(value * 10**exponent)
    text = decimal(value, -exponent)
    return text.rstrip("0").rstrip(".")
