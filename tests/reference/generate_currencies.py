"""Rules of generated books that hold, relieve and revalue balances in foreign currencies."""

from __future__ import annotations

from random import Random

EVENTS = """«event» 外币入 «is» fc.in «dated» 业务日期
  部门 «is» department 部门
  客户 客户
  币种 «is» currency «currency»
  外币 «is» fc_amount «amount» «of» 币种 «min» -1000 «max» 100000
  汇率 «is» rate «decimal» «decimals» 4 «min» 0 «max» 100

«event» 外币出 «is» fc.out «dated» 业务日期
  部门 «is» department 部门
  客户 客户
  币种 «is» currency «currency»
  外币 «is» fc_amount «amount» «of» 币种 «min» -1000 «max» 100000
  汇率 «is» rate «decimal» «decimals» 4 «min» 0 «max» 100
  收回 «is» back «amount» «of» 币种 «max» 100 «optional»

«event» 调汇 «is» fc.revalued «dated» 业务日期
  部门 «is» department 部门
  客户 客户
  币种 «is» currency «currency»
  汇率 «is» rate «decimal» «decimals» 4 «min» 0 «max» 100
"""


def currency_text(told: str) -> str:
    """Events and rules of one foreign account; `told` chooses. Lines carry 部门 and 客户."""
    rng = Random(f"currencies {told}")
    account = rng.choice(["应收账款", "银行存款", "主营业务收入"])
    keys = rng.choice(["客户", "部门, 客户", "部门"])
    of = rng.choice(["币种", "币种", "USD"])
    side, other = rng.sample(["debit", "credit"], 2)
    carried = "«by» 部门, 客户"
    sign = rng.choice(["", " «side by sign»"])
    at = "«at» «book rate»" + rng.choice(["", " «decimals» 2", " «decimals» 0"])
    reads = [
        f"  «let» 账面原币 = «foreign» «balance» «of» {account} «for» {keys}, «currency» = {of}",
        f"  «let» 账面 = «balance» «of» {account} «for» {keys}, «currency» = {of}",
    ]
    rng.shuffle(reads)
    when = "  «when» 币种 = USD" if of == "USD" else ""
    gone = '  «refuse» NOTHING "无" «when» 账面原币 = 0'
    out = "外币" if of == "币种" else "100.00 USD"
    return "\n".join(
        [
            EVENTS,
            '«rule» 外币入规则\n  «on» 外币入\n  «basis» "依据"',
            "  «let» 本位 = «convert»(外币, 汇率)",
            '  «voucher» "入 {外币}"' + rng.choice(["", " «merge»"]),
            f"    «{side}» {account} 本位 «foreign» 外币 «at» 汇率 {carried}{sign}",
            f"    «{other}» 坏账准备 本位 {carried}{sign}",
            "",
            '«rule» 外币出规则\n  «on» 外币出\n  «basis» "依据"',
            *([when] if when else []),
            *reads,
            *([gone] if rng.random() < 0.7 else []),
            f"  «let» 份额 = «book_share»({out}, 账面, 账面原币)",
            '  «voucher» "出 {账面原币} {账面}"',
            f"    «{other}» {account} 份额 «foreign» {out} {at} {carried}{sign}",
            f"    «{side}» 坏账准备 份额 {carried}{sign}",
            "",
            '«rule» 调汇规则\n  «on» 调汇\n  «basis» "依据"',
            *([when] if when else []),
            *reads,
            "  «let» 差额 = «convert»(账面原币, 汇率) - 账面",
            '  «voucher» "调 {账面原币}"',
            f"    «{side}» {account} 差额 «foreign» 0 «at» 汇率 {carried}{sign}",
            f"    «{other}» 坏账准备 差额 {carried}{sign}",
            "",
        ]
    )
