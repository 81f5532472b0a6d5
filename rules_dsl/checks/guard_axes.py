"""Puts the guards of the rules of one event side by side on common axes.

Not responsible for what follows from them. The guards are compared as polynomials over truths of
one shared set of atoms; each truth is then a mask on the axis of its subject: a text, a number or
date compared with constants, a flag. What is none of these has an axis of its own with true and
false, and is *derived*: combinations of several derived axes may be impossible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.program import EVENT_SHAPE, Field, FieldType, Interval, Kind, Node, Op, Program, Rule
from rules_dsl.checks.authors import Authors
from rules_dsl.checks.axes import Axis, line_axis, text_axis
from rules_dsl.checks.dates import BUSINESS_DATE, day_text, effective_range
from rules_dsl.checks.forms import Forms
from rules_dsl.checks.polynomials import ONE, Atom, Poly, single
from rules_dsl.checks.proof import Literal
from rules_dsl.checks.wording import Wording, decimal


@dataclass(frozen=True, slots=True)
class GuardAxis:
    """An axis and the truths on it, each with its mask.

    `is_derived`: the value is not a field of the event. `is_number`: compared by size.
    """

    axis: Axis
    masks: dict[int, int]
    is_derived: bool
    is_number: bool


@dataclass(frozen=True, slots=True)
class Guards:
    """The guards of some rules, in their order, as polynomials over the truths of the axes."""

    forms: Forms
    conditions: tuple[Poly, ...]
    axes: tuple[GuardAxis, ...]


def guards_on_axes(program: Program, rules: Sequence[Rule], authors: Authors) -> Guards:
    """Reads the guards and effective ranges of rules of one event type."""
    forms, guards = _shared_forms(program, rules)
    wording = Wording(forms, authors)
    date_atom = _business_date(forms)
    ranges = [effective_range(rule) for rule in rules]
    truths: dict[int, Interval] = {}
    conditions: list[Poly] = []
    for guard, interval in zip(guards, ranges, strict=True):
        in_force = ONE
        if interval != Interval(None, None):
            key = ("in force", interval.low, interval.high)
            truth = forms.atoms.intern(Atom(key, EVENT_SHAPE, -1, is_truth=True))
            truths[truth] = interval
            in_force = single(truth)
        conditions.append(forms.product(guard, in_force))
    used = [atom for poly in conditions for atom in poly.atoms() if forms.atoms[atom].is_truth]
    reader = _AxisReader(forms, wording, date_atom, truths, _hull(ranges))
    axes = reader.axes(tuple(dict.fromkeys(used)))
    return Guards(forms, tuple(conditions), tuple(sorted(axes, key=lambda axis: axis.is_derived)))


def _shared_forms(program: Program, rules: Sequence[Rule]) -> tuple[Forms, list[Poly]]:
    """Normal forms of all guards over one set of atoms: the nodes of the rules in one list."""
    nodes: list[Node] = []
    places: list[int | None] = []
    for rule in rules:
        offset = len(nodes)
        count = max(rule.guard_count, rule.guard + 1) if rule.guard is not None else 0
        for node in rule.nodes[:count]:
            args = tuple(arg + offset for arg in node.args)
            active = None if node.active is None else node.active + offset
            nodes.append(replace(node, args=args, active=active))
        places.append(None if rule.guard is None else rule.guard + offset)
    forms = Forms(program, replace(rules[0], nodes=tuple(nodes), vouchers=(), refusals=()))
    return forms, [ONE if place is None else forms.poly(place) for place in places]


def _business_date(forms: Forms) -> int:
    event = forms.program.event_types[forms.rule.event_type]
    for index, field in enumerate(event.fields):
        if field.envelope and field.wire == BUSINESS_DATE:
            return next(forms.field(index).atoms())
    return forms.atoms.intern(Atom("business date", EVENT_SHAPE, -1))


def _hull(ranges: Sequence[Interval]) -> Interval:
    """From the first day any rule is in force to the last."""
    lows = [interval.low for interval in ranges]
    highs = [interval.high for interval in ranges]
    low = None if None in lows else min((x for x in lows if x is not None), default=None)
    high = None if None in highs else max((x for x in highs if x is not None), default=None)
    return Interval(low, high)


@dataclass(slots=True)
class _AxisReader:
    forms: Forms
    wording: Wording
    date_atom: int
    ranges: dict[int, Interval]
    in_force: Interval

    def axes(self, truths: tuple[int, ...]) -> list[GuardAxis]:
        """One axis per subject of the truths."""
        texts: dict[int, dict[int, str]] = {}
        lines: dict[int, dict[int, Interval | None]] = {}
        signs: dict[object, dict[int, str]] = {}
        found: list[GuardAxis] = []
        for truth in truths:
            key = self.forms.atoms[truth].key
            compared = self._compared(truth)
            if compared is not None:
                atom, interval = compared
                lines.setdefault(atom, {})[truth] = interval
            elif isinstance(key, tuple) and key[0] == "text" and isinstance(key[1], int):
                texts.setdefault(key[1], {})[truth] = key[2]
            elif isinstance(key, tuple) and key[0] == "sign":
                signs.setdefault(key[1], {})[truth] = key[2]
            else:
                found.append(self._flag(truth))
        found += [self._sign(named) for named in signs.values()]
        found += [self._text(key, named) for key, named in texts.items()]
        return found + [self._line(atom, named) for atom, named in lines.items()]

    def _flag(self, truth: int) -> GuardAxis:
        words = tuple(
            self.wording.condition(Literal(truth, holds=holds)) for holds in (True, False)
        )
        axis = Axis(words[0], words)
        node = self.forms.atoms[truth].node
        op = self.forms.rule.nodes[node].op if node >= 0 else None
        return GuardAxis(axis, {truth: 0b01}, op not in {Op.FIELD, Op.GIVEN}, is_number=False)

    def _sign(self, named: dict[int, str]) -> GuardAxis:
        """A comparison of several values: more, equal or less."""
        above = self.wording.sign_words(next(iter(named)), (">", "=", "<"))
        masks = {truth: 0b001 if sign == ">" else 0b010 for truth, sign in named.items()}
        return GuardAxis(Axis(above[0], above), masks, is_derived=True, is_number=False)

    def _text(self, key: int, named: dict[int, str]) -> GuardAxis:
        name = self.wording.text(key)
        domain = self.wording.domain(key)
        cut = text_axis(
            name, domain, named.values(), lambda text: self.wording.authors.value_name(domain, text)
        )
        masks = {truth: cut.mask((text,)) for truth, text in named.items()}
        is_field = self.forms.rule.nodes[self.forms.key_node(key)].op is Op.FIELD
        return GuardAxis(cut.axis, masks, not is_field, is_number=False)

    def _line(self, atom: int, named: dict[int, Interval | None]) -> GuardAxis:
        field = self._field(atom)
        node = self.forms.atoms[atom].node
        entry = self.forms.rule.nodes[node] if node >= 0 else None
        bounds = Interval(None, None)
        if atom == self.date_atom:
            bounds = self.in_force
        elif field is not None and field.type is FieldType.NUMBER:
            bounds = Interval(field.low, field.high)
        elif entry is not None and entry.kind is Kind.NUMBER and entry.low < entry.high:
            bounds = Interval(entry.low, entry.high)
        scale = entry.scale if entry else 0
        is_date = atom == self.date_atom or (entry is not None and entry.kind is Kind.DATE)
        name = (field.name if field else self.wording.atom(atom)) or "the business date"
        intervals = [interval for interval in named.values() if interval is not None]
        words = day_text if is_date else lambda raw: decimal(raw, scale)
        cut = line_axis(name, bounds, intervals, words, is_date=is_date)
        masks = {truth: cut.mask((x,)) if x else 0 for truth, x in named.items()}
        is_derived = field is None and atom != self.date_atom
        return GuardAxis(cut.axis, masks, is_derived, is_number=True)

    def _compared(self, truth: int) -> tuple[int, Interval | None] | None:
        """The one value a truth compares with a constant, and the values it holds for."""
        if truth in self.ranges:
            return self.date_atom, self.ranges[truth]
        key = self.forms.atoms[truth].key
        if not isinstance(key, tuple) or key[0] != "sign":
            return None
        poly = Poly(key[1])
        (monomial, factor) = poly.leading
        constant = sum(value for other, value in poly.terms if not other)
        if len(monomial) != 1 or poly != Poly(poly.terms[-1:]) + _constant(constant):
            return None
        # The leading coefficient is positive, so x > −constant / factor.
        if key[2] == ">":
            return monomial[0], Interval(-constant // factor + 1, None)
        value, rest = divmod(-constant, factor)
        return monomial[0], None if rest else Interval(value, value)

    def _field(self, atom: int) -> Field | None:
        key = self.forms.atoms[atom].key
        if isinstance(key, tuple) and key[0] is Op.FIELD:
            return self.wording.event.fields[key[1]]
        return None


def _constant(value: int) -> Poly:
    return Poly((((), value),)) if value else Poly(())
