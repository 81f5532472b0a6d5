"""Mutants of a small rule book: each operator's by hand, and what becomes of them."""

from __future__ import annotations

import pytest

from rules_dsl.compile import compile_rulebook
from rules_dsl.source import SourceFile
from rules_dsl.testing import OPERATORS, Fate, Tried, choose_mutants
from tests.rules_dsl.books import HEAD

BOOK = """\
code 种类 = 货物 is goods | 服务 is services | 其他 is other
dimension 部门
dimension 客户
event 开票 is invoice dated 日期
  种类 种类
  部门 部门
  客户 客户
  金额 is amount amount min 0 max 1000000.00
rate 税率 percent
  | from       | until      | value |
  | 2026-01-01 | 2027-12-31 | 6%    |
table 去向 unique
  | 种类 | = account |
  | 货物 | 收入      |
  | else | 税金      |
rule 开票
  on 开票
  basis "准则"
  let 税额 = round(金额 * 税率)
  refuse TOO_LITTLE "太少" when 金额 < 1.00
  voucher "开票"
    debit  应收 金额 + 税额 by 部门
    credit 去向[种类] 金额 by 部门, 客户
    credit 税金 税额
"""
TEST = """\
test "货物"
  at 2026-03-05
  given 开票 种类 = 货物, 部门 = D, 客户 = C, 金额 = 100.00
  expect voucher
    debit  应收 106.00 by 部门 = D
    credit 收入 100.00 by 部门 = D, 客户 = C
    credit 税金 6.00
"""


def tried(tests: str, **choice: int) -> list[Tried]:
    sources = [SourceFile("head.tp", HEAD), SourceFile("rules.tp", BOOK + tests)]
    compiled = compile_rulebook(sources)
    assert compiled.program is not None
    mutation = choose_mutants(sources, compiled.files, assets={}, **choice)
    return list(mutation.run())


def by_operator(found: list[Tried]) -> dict[str, list[tuple[str, str]]]:
    """Per operator the new text of the changed lines, and what became of it."""
    shown: dict[str, list[tuple[str, str]]] = {}
    for each in found:
        added = [line[1:].strip() for line in each.diff.splitlines() if line.startswith("+")]
        shown.setdefault(each.change.operator, []).append((" / ".join(added), each.fate.name))
    return shown


@pytest.fixture(scope="module")
def found() -> dict[str, list[tuple[str, str]]]:
    return by_operator(tried(TEST))


def test_every_operator_has_its_mutants(found: dict[str, list[tuple[str, str]]]) -> None:
    assert found.keys() == OPERATORS.keys()


def test_amounts_and_accounts_are_exchanged(found: dict[str, list[tuple[str, str]]]) -> None:
    assert found["swap amounts"] == [
        (
            "debit  应收 金额 by 部门 / credit 去向[种类] 金额 + 税额 by 部门, 客户",
            "CHECKED",
        ),
        ("credit 去向[种类] 税额 by 部门, 客户 / credit 税金 金额", "KILLED"),
    ]
    assert found["swap accounts"] == [
        ("debit  去向[种类] 金额 + 税额 by 部门 / credit 应收 金额 by 部门, 客户", "KILLED"),
        ("debit  税金 金额 + 税额 by 部门 / credit 应收 税额", "KILLED"),
    ]


def test_a_line_left_out_does_not_balance(found: dict[str, list[tuple[str, str]]]) -> None:
    assert found["drop line"] == [("", "CHECKED")] * 3


def test_numbers_go_up_and_down_by_one_in_their_last_place(
    found: dict[str, list[tuple[str, str]]],
) -> None:
    assert found["step number"] == [
        ("| 2026-01-01 | 2027-12-31 | 7%    |", "KILLED"),
        ("| 2026-01-01 | 2027-12-31 | 5%    |", "KILLED"),
        ('refuse TOO_LITTLE "太少" when 金额 < 1.01', "SURVIVED"),
        ('refuse TOO_LITTLE "太少" when 金额 < 0.99', "SURVIVED"),
    ]


def test_a_dimension_takes_the_name_of_another(found: dict[str, list[tuple[str, str]]]) -> None:
    assert found["rename dimension"] == [
        ("debit  应收 金额 + 税额 by 客户", "KILLED"),
    ]


def test_cells_are_widened(found: dict[str, list[tuple[str, str]]]) -> None:
    assert found["widen cell"] == [
        ("| 2026-01-01 | 2028-01-01 | 6%    |", "SURVIVED"),
        ("| * | 收入      |", "SURVIVED"),
        ("| {货物, 服务} | 收入      |", "SURVIVED"),
    ]


def test_conditions_are_turned_round_shifted_and_left_out(
    found: dict[str, list[tuple[str, str]]],
) -> None:
    assert found["negate guard"] == [('refuse TOO_LITTLE "太少" when not (金额 < 1.00)', "KILLED")]
    assert found["shift boundary"] == [('refuse TOO_LITTLE "太少" when 金额 <= 1.00', "SURVIVED")]
    assert found["drop statement"] == [("", "SURVIVED")]


def test_a_test_on_the_boundary_kills_what_survived() -> None:
    # 0.99 is refused; 1.00 is posted with 0.06 of tax; services go to the account of `else`.
    boundary = (
        TEST
        + """\
  given 开票 种类 = 货物, 部门 = D, 客户 = C, 金额 = 0.99
  expect refused TOO_LITTLE
  given 开票 种类 = 服务, 部门 = D, 客户 = C, 金额 = 1.00
  expect voucher
    debit  应收 1.06 by 部门 = D
    credit 税金 1.00 by 部门 = D, 客户 = C
    credit 税金 0.06
"""
    )
    survivors = [each for each in tried(boundary) if each.fate is Fate.SURVIVED]
    assert [each.change.operator for each in survivors] == ["widen cell"]
    assert "2028-01-01" in survivors[0].diff
    late = (
        boundary
        + """\
test "到期"
  at 2028-01-01
  given 开票 种类 = 货物, 部门 = D, 客户 = C, 金额 = 100.00
  expect unposted RATE_NOT_EFFECTIVE
"""
    )
    assert all(each.fate is not Fate.SURVIVED for each in tried(late))


def test_the_same_seed_chooses_the_same_mutants() -> None:
    first = [each.diff for each in tried(TEST, seed=7, limit=4)]
    assert first == [each.diff for each in tried(TEST, seed=7, limit=4)]
    assert len(first) == 4
    every = [each.diff for each in tried(TEST)]
    assert first == [diff for diff in every if diff in first]


def test_a_mutant_the_checker_catches_names_its_codes() -> None:
    dropped = [each for each in tried(TEST) if each.change.operator == "drop line"]
    assert {each.by for each in dropped} == {"TP301"}
