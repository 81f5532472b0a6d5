"""Guards compared on axes, against every event of a small domain tried one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from engine.program import Expects, Node, Op, Rule
from rules_dsl.checks import CheckInput, Usage
from rules_dsl.checks.rule_matches import rule_matches
from rules_dsl.diagnostics.model import Severity
from tests.rules_dsl.checks.builder import RuleBuilder
from tests.rules_dsl.checks.run_nodes import Scalar, run

CODES = ("travel", "office", "other")
AMOUNTS = range(-2, 6)


def _truth(rule: RuleBuilder, draw: st.DrawFn, depth: int) -> int:
    kind = draw(st.integers(0, 6 if depth else 3))
    if kind == 0:
        return rule.field("免税")
    if kind == 1:
        return rule.op(Op.EQ, rule.field("类别"), rule.text(draw(st.sampled_from(CODES))))
    if kind == 2:
        texts = draw(st.sets(st.sampled_from(CODES)))
        return rule.op(Op.IN, rule.field("类别"), data=tuple(sorted(texts)))
    if kind == 3:
        op = draw(st.sampled_from((Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)))
        sides = [rule.field("总额"), rule.const(draw(st.integers(0, 3)))]
        if draw(st.booleans()):
            sides.reverse()
        return rule.op(op, *sides)
    if kind == 4:
        return rule.op(Op.NOT, _truth(rule, draw, depth - 1))
    op = draw(st.sampled_from((Op.AND, Op.OR)))
    return rule.op(op, _truth(rule, draw, depth - 1), _truth(rule, draw, depth - 1))


@st.composite
def _guards(draw: st.DrawFn) -> list[tuple[list[Node], int]]:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        rule = RuleBuilder()
        guard = _truth(rule, draw, 2)
        found.append((rule.nodes, guard))
    return found


def _book(guards: list[tuple[list[Node], int]]) -> CheckInput:
    rule = RuleBuilder()
    rule.event = replace(rule.event, expects=Expects.ONE)
    (empty,) = rule.build().program.rules
    rules = tuple(
        replace(empty, name=f"规则{place}", nodes=tuple(nodes), guard=guard, guard_count=len(nodes))
        for place, (nodes, guard) in enumerate(guards)
    )
    return CheckInput(replace(rule.build().program, rules=rules), (), Usage())


def _events() -> Iterator[dict[int, Scalar]]:
    for amount, flag, code in product(AMOUNTS, (True, False), CODES):
        yield {0: amount, 1: 0, 2: flag, 3: code, 5: "", 6: 0, 7: 0}


def _matches(rule: Rule, fields: dict[int, Scalar]) -> bool:
    if rule.guard is None:
        return True
    return bool(run(rule.nodes, fields, {0: []})[rule.guard])


@given(_guards())
def test_overlaps_and_gaps_are_exactly_those_that_some_event_shows(
    guards: list[tuple[list[Node], int]],
) -> None:
    checked = _book(guards)
    rules = checked.program.rules
    counts = [
        tuple(place for place, rule in enumerate(rules) if _matches(rule, fields))
        for fields in _events()
    ]
    found = rule_matches(checked)
    assert all(each.code == "TP406" and each.severity is Severity.ERROR for each in found)
    gaps = [each for each in found if each.message.startswith("no rule")]
    assert bool(gaps) == (() in counts)
    overlapping = [each for each in found if "both match" in each.message]
    pairs = {pair for count in counts for pair in combinations(count, 2)}
    assert bool(overlapping) == bool(pairs)
    for each in overlapping:
        first, second = (int(word[2]) for word in each.message.split()[1:4:2])
        assert (first, second) in pairs
