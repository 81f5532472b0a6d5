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
