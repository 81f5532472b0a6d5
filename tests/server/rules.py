"""Small rule books for tests of the service."""

from __future__ import annotations

_BOOK = """\
rulebook shop
ledger 法定账 is GL currency CNY
dimension 客户 is customer

chart 小账套
  应收账款 @1122 "应收账款" debit requires 客户
  收入     @6001 "主营业务收入" credit

event 销售 is sale
  客户 is customer 客户
  金额 is amount   amount

event 备注 is note expects none
  说明 is text text optional
"""

_RULE = """
rule 开单
  on 销售
  basis "the sale"
  refuse TOO_LARGE "no sale is that large" when 金额 > 1000000
  voucher "卖给 {客户}"
    debit  应收账款 金额 by 客户
    credit 收入 金额
"""

_TEST = """
test "a sale"
  at 2026-03-05
  given 销售 客户 = K1, 金额 = 10.00
  expect voucher
    debit  应收账款 10.00 by 客户 = K1
    credit 收入 10.00
"""

#: `sale` posts, `note` makes no entry, anything else is unknown.
SALES = _BOOK + _RULE + _TEST

#: A voucher that does not balance.
BROKEN = _BOOK + _RULE.replace("credit 收入 金额", "credit 收入 金额 + 1")

#: Sound rules with a test that expects something else.
FAILING_TEST = _BOOK + _RULE + _TEST.replace("收入 10.00", "收入 11.00")

#: `claim` spends at two limited levels, `request` holds where it does not fit; hours are counted.
BUDGETS = """\
rulebook shop
ledger 法定账 is GL currency CNY
unit 小时 is hour decimals 1
dimension 部门 is department

chart 小账套
  费用 @6602 "管理费用" debit
  现金 @1001 "库存现金" debit

event 报销 is claim
  部门 is department text
  类型 is category text
  金额 is amount amount
  角色 is actor_roles text optional
  理由 is override_reason text optional

event 申请 is request expects none
  部门 is department text
  类型 is category text
  金额 is amount amount

budget 工时 is hours by 项目 text over life
  counts 小时

rule 报销
  on 报销
  basis "the claim"
  spend 金额 on 部门费用[部门, 类型] override by 角色 because 理由
  voucher "报销 {部门}"
    debit  费用 金额
    credit 现金 金额

rule 申请
  on 申请
  basis "the request"
  reserve 金额 on 部门费用[部门, 类型] else hold "over budget"
"""

#: Declared in Chinese, so that its sentences are Chinese unless asked otherwise.
DEPARTMENT_BUDGET = """\
预算 部门费用 对应 dept_expense 按 部门, 类型 文本 期限 月
  提醒 于 10%
  超支 由 "dept_head"
"""

#: Path and content of each file of a rule book with two budgets.
BUDGET_FILES = {"a.tp": DEPARTMENT_BUDGET, "b.tp": BUDGETS}
