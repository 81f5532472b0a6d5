"""What the checks prove of generated rule books holds when the engine runs them.

The engine counts debits and credits of every voucher, in total and per balancing dimension; a
voucher that was proved balanced must never be found unbalanced, whatever was changed in the rule.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from engine.book import Book
from engine.calls import Call
from engine.program import Kind, Line, Program, Rule
from rules_dsl.checks import CheckInput, Usage
from rules_dsl.checks.balance import balance
from rules_dsl.checks.dimension_balance import dimension_balance
from tests.differential.running import trial_of, try_compile
from tests.differential.trial import ENTITIES, Trial
from tests.reference.declarations import Declarations
from tests.reference.generate_rules import generate_book

CHANGES = 4


def _changed(program: Program, random: Random) -> Program:
    """The program with one line of one voucher changed: its amount or its dimensions."""
    places = [
        (rule, voucher, line)
        for rule, compiled_rule in enumerate(program.rules)
        for voucher, plan in enumerate(compiled_rule.vouchers)
        for line in range(len(plan.lines))
    ]
    rule_at, voucher_at, line_at = random.choice(places)
    rule = program.rules[rule_at]
    voucher = rule.vouchers[voucher_at]
    lines = list(voucher.lines)
    lines[line_at] = _changed_line(rule, lines, lines[line_at], random)
    vouchers = list(rule.vouchers)
    vouchers[voucher_at] = replace(voucher, lines=tuple(lines))
    rules = list(program.rules)
    rules[rule_at] = replace(rule, vouchers=tuple(vouchers))
    revision = f"{random.getrandbits(256):064x}"
    return replace(program, rules=tuple(rules), revision=revision)


def _changed_line(rule: Rule, lines: list[Line], line: Line, random: Random) -> Line:
    other = random.choice([each for each in lines if each.each == line.each])
    if random.random() < 0.4:
        return replace(line, dimensions=other.dimensions)
    scale = rule.nodes[line.amount].scale
    amounts = [
        index
        for index, node in enumerate(rule.nodes)
        if node.kind is Kind.NUMBER
        and (node.shape, node.scale, node.active) == (line.each, scale, None)
    ]
    is_other = random.random() < 0.6 or not amounts
    return replace(line, amount=other.amount if is_other else random.choice(amounts))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_the_engine_never_finds_a_proved_voucher_unbalanced(seed: int) -> None:
    book = generate_book(seed)
    original = try_compile(book)
    if original is None:
        pytest.skip("the generated book does not compile")
    declarations = Declarations.of(Trial(book, ()).files(), book.assets)
    trial = trial_of(book, declarations, seed, 0)
    random = Random(f"changes {seed}")
    programs = [original, *(_changed(original, random) for _ in range(CHANGES))]
    for program in programs:
        checked = CheckInput(program, (), Usage())
        is_proved = not balance(checked) and not dimension_balance(checked)
        assert is_proved or program is not original
        running = Book.in_memory([program], entities=ENTITIES, evaluator="columns")
        results = running.post([Call(events=trial.events)])[0].results
        unbalanced = [result for result in results if result.reason == "UNBALANCED"]
        assert not (is_proved and unbalanced)
