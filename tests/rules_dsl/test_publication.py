"""What a book holds against rules: changes in closed periods (TP504), lost state (TP505)."""

from __future__ import annotations

from datetime import date

import pytest

from rules_dsl.diagnostics.pages import BOOK
from rules_dsl.parse import parse_file
from rules_dsl.publication import BookFacts, ClosedPeriod, check_publication
from rules_dsl.syntax import File

RATE = """rate 增值税率 percent
  | from       | until      | value |
  | 2026-01-01 | 2026-03-31 | 6%    |
  | 2026-04-01 | 2027-12-31 | {rate} |
"""
RULE = """rule {name} from {first}
  on 报销
  basis "制度"
  voucher "{name}"
    debit  费用 {amount}
    credit 应付 {amount}
"""


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def files(*texts: str) -> tuple[File, ...]:
    return tuple(
        parse_file(f"{n}.tp", text).file for n, text in enumerate((BOOK, "".join(texts)), start=1)
    )


def rule(name: str = "报销", first: str = "2026-01-01", amount: str = "含税金额") -> str:
    return RULE.format(name=name, first=first, amount=amount)


def against(before: tuple[File, ...], after: tuple[File, ...]) -> list[tuple[str, str]]:
    """What stands against rules where 2026-03 is closed under other ones."""
    march = ClosedPeriod("2026-03 of C01", day("2026-03-01"), day("2026-03-31"), before)
    found = check_publication(after, BookFacts(closed=(march,)))
    return [(each.code, each.message.partition(" and would")[0]) for each in found]


def test_same_rules_stand_otherwise_written_and_in_another_order() -> None:
    one, other = rule("甲"), rule("乙")
    assert against(files(one, other), files(f"# moved\n{other}", one)) == []


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (rule(amount="税额"), "rule 报销 is changed"),
        (rule() + rule("补提"), "rule 补提 is new"),
        ("", "rule 报销 is gone"),
    ],
)
def test_rule_that_decides_a_closed_day_otherwise_is_told(after: str, told: str) -> None:
    assert against(files(rule()), files(after)) == [("TP504", told)]


def test_rule_from_the_day_after_the_closed_period_stands() -> None:
    later = rule("补提", "2026-04-01")
    assert against(files(rule()), files(rule(), later)) == []
    assert against(files(rule()), files(rule(), rule("补提", "2026-03-31"))) == [
        ("TP504", "rule 补提 is new")
    ]


def test_rate_counts_as_far_as_it_holds_in_the_closed_period() -> None:
    old = files(rule(), RATE.format(rate="9%"))
    assert against(old, files(rule(), RATE.format(rate="13%"))) == []
    changed = RATE.format(rate="9%").replace("2026-03-31 | 6%", "2026-03-31 | 5%")
    assert against(old, files(rule(), changed)) == [("TP504", "rate 增值税率 is changed")]


def test_new_name_alone_changes_nothing_and_a_changed_account_does() -> None:
    new_code = "code 城市 = 北京 is beijing | 上海 is shanghai\n"
    assert against(files(rule()), files(rule(), new_code)) == []
    added = BOOK.replace("  应付 ", '  现金     @1001 "现金" debit\n  应付 ')
    assert added != BOOK
    assert against(files(rule()), (parse_file("1.tp", added).file, files(rule())[1])) == []
    recoded = parse_file("1.tp", BOOK.replace("@6602", "@6601")).file
    assert against(files(rule()), (recoded, files(rule())[1])) == [
        ("TP504", "account 费用 is changed")
    ]


def test_what_is_told_names_the_place_and_the_first_free_day() -> None:
    march = ClosedPeriod("2026-03 of C01", day("2026-03-01"), day("2026-03-31"), files(rule()))
    (found,) = check_publication(files(rule(amount="税额")), BookFacts(closed=(march,)))
    assert (found.span.file, found.span.line) == ("2.tp", 1)
    assert "2026-03 of C01, which is closed" in found.message
    assert "--from 2026-04-01" in found.help


@pytest.mark.parametrize(
    ("declared", "lost"),
    [
        ("target 进度 by 客户 in 法定账\n", []),
        ("target 完工 by 客户 in 法定账 continues 进度\n", []),
        ("target 完工 by 客户 in 法定账\n", ["TP505"]),
        ("", ["TP505"]),
    ],
)
def test_target_that_holds_state_is_kept_or_continued(declared: str, lost: list[str]) -> None:
    found = check_publication(files(declared), BookFacts(targets=frozenset({"进度"})))
    assert [each.code for each in found] == lost


def test_records_and_budgets_that_hold_state_are_kept() -> None:
    facts = BookFacts(records=frozenset({"合同"}), budgets=frozenset({"travel"}))
    told = [each.message.partition(" holds")[0] for each in check_publication(files(""), facts)]
    assert told == ["the record 合同", "the budget travel"]
    record = "record 合同 key 客户 from 报销\n  含税金额 amount\n"
    budget = "budget 差旅 is travel by 部门 over month\n"
    assert check_publication(files(record, budget), facts) == []
