"""Pages about budgets, and about the form of rules."""

from __future__ import annotations

from rules_dsl.diagnostics.pages.page import Page

PAGES = (
    Page(
        "TP601",
        "释放而无预占",
        "Whether something reserves or commits in the budget that a statement releases from.",
        "A release that gives nothing back leaves the budget used up for ever.",
        """\
budget 部门费用 is dept by 部门, 类别 over month
event 收货 is receipt dated 日期
  申请号 is request_no text
rule 收货
  on 收货
  basis "采购制度"
  release all of 申请号 from 部门费用
""",
        """\
budget 部门费用 is dept by 部门, 类别 over month
event 申请 is request dated 日期
  申请号 is request_no text key
  部门   is department 部门
  金额   is amount     amount min 0
rule 申请
  on 申请
  basis "采购制度"
  reserve 金额 on 部门费用[部门] as 申请号
event 收货 is receipt dated 日期
  申请号 is request_no text
rule 收货
  on 收货
  basis "采购制度"
  release all of 申请号 from 部门费用
""",
        related=("TP604",),
    ),
    Page(
        "TP602",
        "校验无结果",
        "A `check` whose outcome nothing uses: it only warns without a message, or the same rule "
        "takes the amount from the same node anyway.",
        "No money moves, but its author believes that something is refused.",
        """\
budget 部门费用 is dept by 部门 over month
rule 报销
  on 报销
  basis "费用制度"
  check 含税金额 on 部门费用[部门]
  spend 含税金额 on 部门费用[部门]
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        """\
budget 部门费用 is dept by 部门 over month
rule 报销
  on 报销
  basis "费用制度"
  spend 含税金额 on 部门费用[部门] else reject "超出部门预算"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        related=("TP603",),
    ),
    Page(
        "TP603",
        "预算键不符",
        "Whether the keys of a node are as many as the budget has, or fewer, and of its kinds.",
        "An amount counted at another node leaves the one that was meant open for more.",
        """\
budget 部门费用 is dept by 部门 over month
rule 报销
  on 报销
  basis "费用制度"
  spend 含税金额 on 部门费用[部门, 类别]
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        """\
budget 部门费用 is dept by 部门, 类别 over month
rule 报销
  on 报销
  basis "费用制度"
  spend 含税金额 on 部门费用[部门, 类别]
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        related=("TP601",),
    ),
    Page(
        "TP604",
        "预占键不唯一",
        "Whether two events can reserve under one reference: it should be a `text key` field, or "
        "the event's id.",
        "Releasing one of them would give back what the other still needs.",
        """\
budget 部门费用 is dept by 部门 over month
event 申请 is request dated 日期
  经办人 is clerk      text
  部门   is department 部门
  金额   is amount     amount min 0
rule 申请
  on 申请
  basis "采购制度"
  reserve 金额 on 部门费用[部门] as 经办人
""",
        """\
budget 部门费用 is dept by 部门 over month
event 申请 is request dated 日期
  申请号 is request_no text key
  部门   is department 部门
  金额   is amount     amount min 0
rule 申请
  on 申请
  basis "采购制度"
  reserve 金额 on 部门费用[部门] as 申请号
""",
        related=("TP601",),
    ),
    Page(
        "TP805",
        "缺少依据",
        "Whether a rule says on what it rests: a law, a standard, a policy.",
        "A voucher that nobody can justify is the first one an auditor asks for.",
        """\
rule 报销
  on 报销
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
        """\
rule 报销
  on 报销
  basis "费用报销制度 第12条"
  voucher "报销"
    debit  费用 含税金额
    credit 应付 含税金额
""",
    ),
)
