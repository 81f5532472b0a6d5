"""Coverage counted by hand on a small rule book: what runs and is not asserted is not covered."""

from __future__ import annotations

from rules_dsl.diagnostics import render_all
from rules_dsl.testing import Coverage, Part, run_covered
from tests.rules_dsl.books import HEAD, compile_text

# 1 rule with a guard (2 sides), a voucher without guard and one with (2 sides); 3 table rows and
# 1 row of a rate; 2 + 2 lines; 2 refusals; 1 budget statement that passes or refuses.
BOOK = """\
code 种类 = 货物 is goods | 服务 is services | 其他 is other
budget 额度 by 部门 text over life
event 开票 is invoice dated 日期
  种类 种类
  部门 is department text
  金额 is amount amount min 0 max 1000000.00
  定金 is deposit amount optional default 0
rate 税率 percent
  | from       | until      | value |
  | 2026-01-01 | 2027-12-31 | 6%    |
table 去向 unique
  | 种类 | = account |
  | 货物 | 收入      |
  | 服务 | 税金      |
  | else | 应收      |
rule 开票
  on 开票
  basis "准则"
  when 种类 != 其他 or 金额 > 10.00
  let 税额 = round(金额 * 税率)
  refuse NO_AMOUNT "没有金额" when 金额 = 0
  refuse TOO_MUCH "太多" when 定金 > 金额
  spend 金额 on 额度[部门]
  voucher "开票"
    debit  应收 金额
    credit 去向[种类] 金额
  voucher "税" when 税额 > 1.00
    debit  收入 税额
    credit 税金 税额
"""
GIVEN = "  at 2026-03-05\n  given 开票 种类 = {}, 部门 = D, 金额 = {}\n"


def covered(*tests: str) -> Coverage:
    text = "".join(f'test "{count}"\n{test}' for count, test in enumerate(tests))
    compiled = compile_text(BOOK + text)
    assert compiled.program is not None, render_all(
        compiled.diagnostics, {"head.tp": HEAD, "rules.tp": BOOK + text}
    )
    _, found = run_covered(compiled.program, compiled.files)
    return found


def counts(found: Coverage) -> dict[str, str]:
    return {part.value: "{}/{}".format(*found.count(part)) for part in Part}


def uncovered(found: Coverage) -> list[str]:
    return [f"{item.span.line}: {item.name}" for item in found.uncovered]


def test_without_tests_nothing_is_covered() -> None:
    assert counts(covered()) == {
        "rules": "0/1",
        "guard sides": "0/4",
        "table rows": "0/4",
        "voucher lines": "0/4",
        "refusals": "0/2",
        "budget outcomes": "0/2",
    }


def test_what_a_passing_test_asserts_is_counted() -> None:
    # 106.00 at 6% is 6.36, more than 1.00: both vouchers are made.
    found = covered(
        GIVEN.format("货物", "106.00")
        + """\
  expect voucher
    debit  应收 106.00
    credit 收入 106.00
  expect voucher
    debit  收入 6.36
    credit 税金 6.36
"""
    )
    assert counts(found) == {
        "rules": "1/1",
        "guard sides": "2/4",
        "table rows": "2/4",
        "voucher lines": "4/4",
        "refusals": "0/2",
        "budget outcomes": "0/2",
    }
    assert uncovered(found) == [
        "19: the guard of rule 开票 being false",
        "27: the guard of voucher 2 of rule 开票 being false",
        "14: row 2 of 去向",
        "15: row 3 of 去向",
        "21: the refusal NO_AMOUNT of rule 开票",
        "22: the refusal TOO_MUCH of rule 开票",
        "23: spend on 额度 of rule 开票 passing",
        "23: spend on 额度 of rule 开票 refusing the event",
    ]


def test_a_table_row_that_runs_and_is_not_asserted_is_found() -> None:
    # The credit line was made from row 2 of the table, but only the debit line is expected.
    found = covered(
        GIVEN.format("服务", "100.00") + "  expect voucher with\n    debit 应收 100.00\n"
    )
    assert found.count(Part.ROW) == (0, 4)
    assert found.count(Part.LINE) == (1, 4)
    assert "14: row 2 of 去向" in uncovered(found)
    named = covered(
        GIVEN.format("服务", "100.00") + "  expect voucher with\n    credit 税金 100.00\n"
    )
    # The tax rate flows into the second voucher alone, so its row is not asserted either.
    assert named.count(Part.ROW) == (1, 4)
    assert "14: row 2 of 去向" not in uncovered(named)


def test_what_a_failing_test_expects_is_not_covered() -> None:
    found = covered(
        GIVEN.format("货物", "10.00")
        + "  expect voucher\n    debit 应收 10.00\n    credit 税金 10.00\n"
    )
    assert counts(found) == counts(covered())


def test_a_voucher_guard_is_false_where_all_vouchers_of_the_event_are_expected() -> None:
    # 10.00 at 6% is 0.60, not more than 1.00.
    given = GIVEN.format("货物", "10.00")
    whole = covered(given + "  expect voucher\n    debit 应收 10.00\n    credit 收入 10.00\n")
    assert "27: the guard of voucher 2 of rule 开票 being false" not in uncovered(whole)
    # The row of the rate flowed into that guard.
    assert whole.count(Part.ROW) == (2, 4)
    part = covered(given + "  expect voucher with\n    debit 应收 10.00\n")
    assert "27: the guard of voucher 2 of rule 开票 being false" in uncovered(part)


def test_the_guard_of_a_rule_is_false_where_no_posting_is_expected() -> None:
    found = covered(GIVEN.format("其他", "10.00") + "  expect no posting\n")
    assert counts(found) == {**counts(covered()), "guard sides": "1/4"}


def test_refusals_and_budget_outcomes_count_where_they_are_expected() -> None:
    refused = covered(GIVEN.format("货物", "0.00") + "  expect refused NO_AMOUNT\n")
    assert refused.count(Part.REFUSAL) == (1, 2)
    assert refused.count(Part.RULE) == (1, 1)
    assert "22: the refusal TOO_MUCH of rule 开票" in uncovered(refused)
    budget = "  given budget 额度[D] = 50.00\n" + GIVEN.format("货物", "10.00").split("\n", 1)[1]
    spent = covered(f"  at 2026-03-05\n{budget}  expect spend 额度[D] 10.00\n")
    assert spent.count(Part.BUDGET) == (1, 2)
    assert uncovered(spent)[-1] == "23: spend on 额度 of rule 开票 refusing the event"
    left = covered(f"  at 2026-03-05\n{budget}  expect available 额度[D] = 40.00\n")
    assert left.count(Part.BUDGET) == (1, 2)
    short = budget.replace("50.00", "9.99")
    rejected = covered(f"  at 2026-03-05\n{short}  expect rejected BUDGET_EXCEEDED\n")
    assert uncovered(rejected)[-1] == "23: spend on 额度 of rule 开票 passing"


def test_an_uncovered_part_is_an_info_with_its_place_and_a_covered_one_is_none() -> None:
    found = covered()
    infos = {(each.code, each.severity.value, each.span.line) for each in found.diagnostics()}
    assert ("TP901", "info", 14) in infos
    assert len(found.diagnostics()) == len(found.items)
    near_miss = covered(
        GIVEN.format("服务", "1.00") + "  expect voucher with\n    credit 税金 1.00\n"
    )
    assert all(each.span.line != 14 for each in near_miss.diagnostics())
