"""English and Chinese keywords give the same syntax trees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rules_dsl
from tests.rules_dsl.syntax_trees import parsed, strip_spans

REFERENCES = Path(rules_dsl.__file__).parent

PAIRS = [
    ("rulebook services", "规则册 services"),
    ("ledger 账 is GL currency CNY", "账簿 账 对应 GL 币种 CNY"),
    (
        "ledger 账 is GL currency CNY word 内 negative swap",
        "账簿 账 对应 GL 币种 CNY 凭证字 内 负数 换向",
    ),
    ("ledger 账 currency CNY negative reject", "账簿 账 币种 CNY 负数 拒绝"),
    ("ledger 账 currency CNY negative red", "账簿 账 币种 CNY 负数 红字"),
    ("unit 小时 is hour decimals 2", "单位 小时 对应 hour 小数 2"),
    ("code 类别 = 差旅 is travel | 其他", "代码 类别 = 差旅 对应 travel | 其他"),
    ("dimension 部门 is dept balancing of 档", "维度 部门 对应 dept 平衡 的 档"),
    ("list 行\n  甲 amount", "列表 行\n  甲 金额"),
    (
        "event 甲 is a.b dated 日 expects none late next_open must post",
        "事件 甲 对应 a.b 日期为 日 应有 无 迟到 下一开放期 必须入账",
    ),
    ("event 甲 expects any late refuse", "事件 甲 应有 任意 迟到 拒收"),
    ("event 甲 expects some", "事件 甲 应有 至少一条"),
    ("event 甲 expects one", "事件 甲 应有 一条"),
    ("event 甲\n  号 text key", "事件 甲\n  号 文本 键"),
    ("event 甲\n  有 flag optional default true", "事件 甲\n  有 真假 可选 默认 是"),
    ("event 甲\n  日 date\n  期 period personal", "事件 甲\n  日 日期\n  期 期间 个人信息"),
    ("event 甲\n  数 integer min -1 max 9", "事件 甲\n  数 整数 最小 -1 最大 9"),
    ("event 甲\n  数 decimal decimals 3", "事件 甲\n  数 数值 小数 3"),
    ("event 甲\n  率 percent", "事件 甲\n  率 百分比"),
    ("event 甲\n  价 amount of USD per 小时", "事件 甲\n  价 金额 的 USD 每 小时"),
    ("event 甲\n  时 quantity of 小时", "事件 甲\n  时 数量 的 小时"),
    (
        "event 甲\n  表 list of 行\n  数 list of amount",
        "事件 甲\n  表 列表 的 行\n  数 列表 的 金额",
    ),
    ("event 甲\n  图 map of 部门 to amount", "事件 甲\n  图 映射表 的 部门 到 金额"),
    (
        'chart 准则\n  应收 @1 "应收" debit requires 客户, 部门 from 2026-01-01 until 2026-12-31',
        '科目表 准则\n  应收 @1 "应收" 借 需要 客户, 部门 自 2026-01-01 至 2026-12-31',
    ),
    ("chart 准则\n  应付 @2202 credit", "科目表 准则\n  应付 @2202 贷"),
    ('chart 准则 from "chart.csv"', '科目表 准则 自 "chart.csv"'),
    (
        "table 表 unique\n  | 类 | 有 flag | = account | = 率 percent |\n"
        "  | {甲, 乙} | true | 应收 | 6% |\n  | else | * | 应付 | 0 |",
        "决策表 表 唯一\n  | 类 | 有 真假 | = 科目 | = 率 百分比 |\n"
        "  | {甲, 乙} | 是 | 应收 | 6% |\n  | 否则 | * | 应付 | 0 |",
    ),
    (
        'table 表 first\n  | 额 amount | = text |\n  | 1..5 | "a" |\n  | ..<1 | "b" |',
        '决策表 表 首行\n  | 额 金额 | = 文本 |\n  | 1..5 | "a" |\n  | ..<1 | "b" |',
    ),
    (
        "rate 率 percent\n  | from | until | value |\n  | 2026-01-01 | * | 6% |",
        "税率表 率 百分比\n  | 自 | 至 | 值 |\n  | 2026-01-01 | * | 6% |",
    ),
    (
        "record 合同 key 号 from 签订, 变更\n  价 amount",
        "档案 合同 键 号 自 签订, 变更\n  价 金额",
    ),
    (
        "target 进度 by 号, 部门 in 账 continues 旧",
        "目标 进度 按 号, 部门 于 账 承接 旧",
    ),
    ("target 进度 by 号 in 账", "目标 进度 按 号 属于 账"),
    (
        'rule 甲 from 2026-01-01 until 2026-12-31\n  on 乙\n  ledger 账\n  basis "第12条"\n'
        "  when not a and b or c",
        '规则 甲 自 2026-01-01 至 2026-12-31\n  针对 乙\n  账簿 账\n  依据 "第12条"\n'
        "  当 非 a 且 b 或 c",
    ),
    (
        "rule 甲\n  on 乙\n  let x = if given a then b else c",
        "规则 甲\n  针对 乙\n  设 x = 若 已填 a 则 b 否则 c",
    ),
    (
        "rule 甲\n  on 乙\n  let x = a in {1, 2} and b in 1..2",
        "规则 甲\n  针对 乙\n  设 x = a 属于 {1, 2} 且 b 属于 1..2",
    ),
    (
        "rule 甲\n  on 乙\n  let x = min(a, max(b, abs(sum(c)), count(d)))",
        "规则 甲\n  针对 乙\n  设 x = 最小(a, 最大(b, 绝对值(合计(c)), 计数(d)))",
    ),
    (
        "rule 甲\n  on 乙\n  let x = round(a)+round_up(b, 2) + round_down(c) - round_half_even(d)",
        "规则 甲\n  针对 乙\n  设 x = 四舍五入(a) + 进位(b, 2) + 截位(c) - 银行家舍入(d)",
    ),
    (
        "rule 甲\n  on 乙\n  let x = balance of 应收 for 客户, 部门 = a in 账",
        "规则 甲\n  针对 乙\n  设 x = 余额 的 应收 对 客户, 部门 = a 于 账",
    ),
    *(
        (
            f"rule 甲\n  on 乙\n  split a by b as c residue to {english}",
            f"规则 甲\n  针对 乙\n  拆分 a 按 b 为 c 尾差 到 {chinese}",
        )
        for english, chinese in (
            ("largest_remainder", "最大余数"),
            ("largest", "最大份额"),
            ("first", "首行"),
            ("last", "末项"),
        )
    ),
    (
        "rule 甲\n  on 乙\n  delta d of 进度[a, b] = c",
        "规则 甲\n  针对 乙\n  增量 d 的 进度[a, b] = c",
    ),
    (
        'rule 甲\n  on 乙\n  refuse EMPTY "无 {a}" when b = 0\n  refuse "x" when c',
        '规则 甲\n  针对 乙\n  拒收 EMPTY "无 {a}" 当 b = 0\n  拒收 "x" 当 c',
    ),
    (
        'rule 甲\n  on 乙\n  voucher "报销 {text(a)}" word 记 ledger 账 when b\n'
        "    debit 费用[a, given b] c by 部门, 项目 = text(d) if given e each 明细\n"
        "    credit 应付 c",
        '规则 甲\n  针对 乙\n  凭证 "报销 {文本(a)}" 凭证字 记 账簿 账 当 b\n'
        "    借 费用[a, 已填 b] c 按 部门, 项目 = 文本(d) 若 已填 e 逐项 明细\n"
        "    贷 应付 c",
    ),
    (
        'test "t"\n  at 2026-03-05\n  given 合同["K"] 价 = 1.00\n'
        "  given balance of 应收 for 客户 = C01 = 5\n  given 报销 a = [{b = true}, {}]\n"
        '  expect voucher "s"\n    debit a 1\n  expect voucher with\n    credit b 2\n'
        "  expect no posting\n  expect refused A\n  expect unposted B\n  expect invalid",
        '测试 "t"\n  于 2026-03-05\n  假设 合同["K"] 价 = 1.00\n'
        "  已填 余额 的 应收 对 客户 = C01 = 5\n  假设 报销 a = [{b = 是}, {}]\n"
        '  期望 凭证 "s"\n    借 a 1\n  期望 凭证 含\n    贷 b 2\n'
        "  期望 不入账\n  期望 被拒收 A\n  期望 待处理 B\n  期望 无效",
    ),
]


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_both_languages_give_one_tree(english: str, chinese: str) -> None:
    assert strip_spans(parsed(english)) == strip_spans(parsed(chinese))


def test_examples_of_both_reference_pages_are_the_same_trees() -> None:
    pages = [
        re.findall(r"```tp\n(.*?)```", (REFERENCES / name).read_text(encoding="utf-8"), re.DOTALL)
        for name in ("reference.md", "reference.zh-CN.md")
    ]
    assert len(pages[0]) == len(pages[1]) > 0
    for english, chinese in zip(*pages, strict=True):
        assert strip_spans(parsed(english)) == strip_spans(parsed(chinese))
