"""What a page about a diagnostic code says, apart from what the code's registry and reports say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: The rule book that every example continues.
BOOK = """\
rulebook 例册
ledger 法定账 is GL currency CNY
ledger 管理账 is MGMT currency CNY negative reject
unit 小时 is hour decimals 2
dimension 客户 is customer
dimension 部门 is department
dimension 档次 is band
code 类别 = 差旅 is travel | 招待 is entertainment | 其他 is other

chart 科目
  应收账款 @1122 "应收账款" debit  requires 客户
  进项税   @2221 "进项税额" debit
  费用     @6602 "管理费用" debit
  尾差     @6711 "尾差"     debit  plug
  旧费用   @6609 "旧费用"   debit  until 2025-12-31
  应付     @2241 "应付款"   credit
  收入     @6001 "收入"     credit

list 报销行
  类别 is category 类别
  金额 is amount   amount min 0
  部门 is department 部门

event 报销 is claim dated 日期
  部门     is department 部门
  客户     is customer   客户
  类别     is category   类别
  含税金额 is gross      amount min 0
  税额     is tax        amount
  税率     is rate       percent min 0 max 1
  折扣     is discount   percent
  补贴     is allowance  amount optional
  外币额   is foreign    amount of USD
  工时     is hours      quantity of 小时 min 0 max 1000
  单价     is price      amount per 小时 min 0 max 10000
  人数     is heads      integer min 0 max 100
  明细     is lines      list of 报销行
"""


class FixSafety(StrEnum):
    """What the fixes of a code promise."""

    NONE = "none"
    SUGGESTED = "suggested"
    SAFE = "safe"
    PARTLY = "partly safe"


@dataclass(frozen=True, slots=True)
class Page:
    """The page of one code.

    Attributes:
        code, chinese: the code and its title in Chinese; the English one is registered.
        checks: what is checked, and how far. matters: what it would cost in money.
        bad, good: rule text behind `BOOK`; compiled, the first gives the code, the second does
            not and has no error at all.
        fix, fix_note: what `check --fix` does about it, and why not more.
        related: codes that are near.
        before: of what is found when publishing: rules in force in a book whose 2026-03 is closed
            and in which all they declare holds state; the examples are published after them.
    """

    code: str
    chinese: str
    checks: str
    matters: str
    bad: str
    good: str
    fix: FixSafety = FixSafety.NONE
    fix_note: str = ""
    related: tuple[str, ...] = ()
    before: str = ""
