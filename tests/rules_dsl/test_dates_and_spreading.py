"""Functions of dates and periods, and spreading: hand-worked values, bounds, what is refused."""

from __future__ import annotations

import pytest

from engine.program import Op
from tests.rules_dsl.books import labelled
from tests.rules_dsl.syntax_trees import parsed, strip_spans
from tests.rules_dsl.values import codes, outcome, program

EVENT = """\
event 单 is doc dated 日期
  起 is begun date
  止 is ended date
  期 is period period
  序 is nth integer min 0 max 1000
  数 is count integer min 0 max 600
  总 is total amount max 1000000
"""


def summary(expression: str) -> str:
    """What the test of one expression says: it stands in the summary of a voucher."""
    rule = (
        f'rule 记\n  on 单\n  basis "制度"\n  voucher "{{{expression}}}"\n'
        "    debit 应收 总\n    credit 收入 总\n"
    )
    return EVENT + rule


GIVEN = '起 = 2026-01-31, 止 = 2027-02-28, 期 = "2024-02", 序 = 13, 数 = 3, 总 = 1.00'


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("days(起, 止)", "393"),  # 365 to 2027-01-31, and 28
        ("days(止, 起)", "-393"),
        ("months(起, 止)", "13"),
        ("months(期, 起)", "23"),
        ("year(期) * 100 + month(期)", "202402"),
        ("period(止)", "2027-02"),
        ("month_start(止)", "2027-02-01"),
        ("month_start(期)", "2024-02-01"),
        ("month_end(期)", "2024-02-29"),
        ("month_end(起)", "2026-01-31"),
        ("add_days(起, 序)", "2026-02-13"),
        ("add_days(起, -31)", "2025-12-31"),
        ("add_months(起, 1)", "2026-02-28"),
        ("add_months(止, 序)", "2028-03-28"),
        ('if 期 < "2024-03" then 1 else 2', "1"),
        ("if 期 >= period(起) then 1 else 2", "2"),
        ('if 期 in "2024-01".."2024-02" then 1 else 2', "1"),
    ],
)
def test_an_expression_of_dates_is_worth(expression: str, expected: str) -> None:
    quoted = expression.replace('"', "'")
    rules = EVENT + (
        f'rule 记\n  on 单\n  basis "制度"\n  let 值 = {expression}\n  voucher "{{值}}"\n'
        "    debit 应收 总\n    credit 收入 总\n"
    )
    steps = f"""at 2026-03-05
        given 单 {GIVEN}
        expect voucher "{expected}"
        debit 应收 1.00
        credit 收入 1.00"""
    assert outcome(rules, steps) == "", quoted


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("days(期, 止)", "TP211"),
        ("period(期)", "TP211"),
        ("add_days(期, 1)", "TP211"),
        ("add_months(起, 1.5)", "TP211"),
        ("month_end(总)", "TP211"),
        ("year(起, 止)", "TP101"),
        ('if 期 < "2024-3" then 1 else 2', "TP211"),
        ("spread(总, 序)", "TP101"),
        ("spread(序, 序, 数)", "TP211"),
        ("spread(总 * 6%, 序, 数)", "TP214"),
        ("spread(总, 6%, 数)", "TP211"),
    ],
)
def test_what_has_no_meaning_is_refused(expression: str, code: str) -> None:
    rules = EVENT + f'rule 记\n  on 单\n  basis "制度"\n  let 值 = {expression}\n'
    assert code in codes(rules)


def test_a_date_beyond_the_calendar_leaves_the_event_unposted() -> None:
    rules = summary("add_months(起, 序 * 12)")
    steps = """at 2026-03-05
        given 单 起 = 2026-01-31, 止 = 2026-01-31, 期 = "2024-02", 序 = 974, 数 = 3, 总 = 1.00
        expect unposted DATE_OUT_OF_RANGE
        given 单 起 = 2026-01-31, 止 = 2026-01-31, 期 = "2024-02", 序 = 973, 数 = 3, 总 = 1.00
        expect voucher "2999-01-31"
        debit 应收 1.00
        credit 收入 1.00"""
    assert outcome(rules, steps) == ""


def spread_rule(function: str) -> str:
    """A rule that posts one period's part."""
    return EVENT + (
        f'rule 记\n  on 单\n  basis "制度"\n  let 本期 = {function}(总, 序, 数)\n'
        '  voucher "第 {序} 期"\n'
        "    debit 应收 本期\n    credit 收入 本期\n"
    )


@pytest.mark.parametrize(
    ("function", "total", "parts"),
    [
        # 100 / 3: 33.33, 66.67 - 33.33, 100 - 66.67.
        ("spread", "100.00", ["33.33", "33.34", "33.33"]),
        ("spread_last", "100.00", ["33.33", "33.33", "33.34"]),
        ("spread", "-100.00", ["-33.33", "-33.34", "-33.33"]),
        # 2 / 3 fen: 1 (0.67), 1 (1.33), 2.
        ("spread", "0.02", ["0.01", "", "0.01"]),
        ("spread_last", "0.02", ["0.01", "0.01", ""]),
        ("spread_last", "0.01", ["", "", "0.01"]),
    ],
)
def test_parts_add_up_to_the_total(function: str, total: str, parts: list[str]) -> None:
    steps = ["at 2026-03-05"]
    for place, part in enumerate(parts, start=1):
        values = f'期 = "2024-02", 序 = {place}, 数 = 3, 总 = {total}'
        steps.append(f"given 单 起 = 2026-01-31, 止 = 2026-01-31, {values}")
        if part:
            steps += ["expect voucher", f"debit 应收 {part}", f"credit 收入 {part}"]
        else:
            steps.append("expect no posting")
    assert outcome(spread_rule(function), "\n".join(steps)) == ""


@pytest.mark.parametrize("function", ["spread", "spread_last"])
@pytest.mark.parametrize(("place", "count"), [(0, 3), (4, 3), (1, 0), (0, 0)])
def test_a_period_outside_leaves_the_event_unposted(function: str, place: int, count: int) -> None:
    dates = '起 = 2026-01-31, 止 = 2026-01-31, 期 = "2024-02"'
    steps = f"""at 2026-03-05
        given 单 {dates}, 序 = {place}, 数 = {count}, 总 = 9
        expect unposted PERIOD_OUTSIDE_SPREAD"""
    assert outcome(spread_rule(function), steps) == ""


def test_bounds_of_a_part_are_those_of_its_total() -> None:
    (rule,) = program(spread_rule("spread")).rules
    part = labelled(rule, "本期")
    assert part.op is Op.SUB
    assert (part.low, part.high) == (-(10**15), 10**8)
    (rule,) = program(spread_rule("spread_last")).rules
    part = labelled(rule, "本期")
    assert (part.low, part.high) == (-(10**15) - 600, 10**8 + 600)


def test_the_words_stand_in_either_language() -> None:
    pairs = [
        ("days(起, 止) > 30", "天数(起, 止) > 30"),
        ("year(起) = 2026 and month(起) = 1", "年(起) = 2026 且 月(起) = 1"),
        ("period(起) < 期", "期间(起) < 期"),
        ("month_start(起) = month_end(止)", "月初(起) = 月末(止)"),
        ("add_days(起, 3) < add_months(止, 2)", "加天(起, 3) < 加月(止, 2)"),
        ("months(起, 止) > 2", "月数(起, 止) > 2"),
        ("spread(总, 1, 2) > spread_last(总, 1, 2)", "摊销(总, 1, 2) > 末期摊销(总, 1, 2)"),
    ]
    for english, chinese in pairs:
        assert strip_spans(parsed(f"rule 记\n  on 单\n  when {english}\n")) == strip_spans(
            parsed(f"规则 记\n  针对 单\n  当 {chinese}\n")
        )
