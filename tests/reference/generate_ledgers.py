"""Random rule books about what is read of the ledger: sets, balances, turnover, periods."""

from __future__ import annotations

from random import Random

from tests.reference.generate_currencies import currency_text
from tests.reference.generate_rules import GeneratedBook
from tests.reference.wording import spelled

#: Role, code, normal side, and the dimension it requires.
ACCOUNTS = (
    ("银行存款", "1002", "debit", ""),
    ("应收账款", "1122", "debit", "客户"),
    ("应收账款.质保", "112202", "debit", "客户"),
    ("坏账准备", "1231", "credit", ""),
    ("本年利润", "4103", "credit", ""),
    ("主营业务收入", "6001", "credit", ""),
    ("管理费用", "6602", "debit", ""),
    ("管理费用.差旅费", "660210", "debit", "部门"),
    ("管理费用.办公费", "660211", "debit", ""),
    ("财务费用", "6603", "debit", ""),
)
SETS = {
    "应收": "应收账款.*, 坏账准备",
    "费用": "管理费用.*, 财务费用",
    "损益": "主营业务收入, 费用",
}
DIMENSIONS = ("部门", "客户", "项目")
PERIODS = ("所属期", '"2026-01"', '"2026-02"', '"2026-03"', "«period»(业务日期)")


def generate_ledger_book(seed: int) -> GeneratedBook:
    """The rule book of a seed."""
    rng = Random(f"ledgers {seed}")
    return GeneratedBook({"book.tp": spelled(_Maker(rng).text(), chinese=rng.random() < 0.5)}, {})


class _Maker:
    """Makes one rule book."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.count = 0
        self.balancing = rng.random() < 0.3

    def text(self) -> str:
        """Declarations, then rules that post and rules that read."""
        parts = [self._head(), self._events(), self._posting()]
        parts += [self._reading() for _ in range(self.rng.choice([2, 3, 3]))]
        parts += [self._closing() for _ in range(self.rng.choice([0, 1, 1, 2]))]
        # Half of the books hold foreign balances too; their other choices stay as they were.
        told = "".join(parts)
        if Random(f"has currencies {told}").random() < 0.5:
            parts.append(currency_text(told))
        return "\n".join(parts)

    def _head(self) -> str:
        rng = self.rng
        negative = rng.choice(["red", "red", "swap"])
        lines = [
            "«rulebook» 样册",
            f"«ledger» 法定账 «is» GL «currency» CNY «negative» «{negative}»",
        ]
        balancing = " «balancing»" if self.balancing else ""
        lines += [
            f"«dimension» 部门 «is» department{balancing}",
            "«dimension» 客户",
            "«dimension» 项目",
        ]
        lines.append("«chart» 企业准则")
        for role, code, side, requires in rng.sample(ACCOUNTS, len(ACCOUNTS)):
            needs = f" «requires» {requires}" if requires and rng.random() < 0.5 else ""
            lines.append(f'  {role} @{code} "{role}" «{side}»{needs}')
        sets = [f"«accounts» {name} = {items}" for name, items in SETS.items()]
        rng.shuffle(sets)
        return "\n".join([*lines, *sets, "«target» 计数 «by» 部门, 客户"]) + "\n"

    def _events(self) -> str:
        return (
            "«event» 记账 «is» posted «dated» 业务日期 «late» «next_open»\n"
            "  部门 «is» department 部门\n"
            "  客户 客户\n"
            "  项目 项目 «optional»\n"
            "  金额 «is» gross «amount» «max» 100000\n"
            "  收款 «is» received «amount» «max» 100000 «optional» «default» 0\n\n"
            "«event» 结转 «is» closing «dated» 业务日期\n"
            "  部门 «is» department 部门\n"
            "  客户 客户\n"
            "  所属期 «is» month «period»\n"
            "  金额 «is» gross «amount» «max» 100000\n\n"
            "«event» 读账 «is» read «dated» 业务日期\n"
            "  部门 «is» department 部门\n"
            "  客户 客户\n"
            "  项目 项目\n"
            "  所属期 «is» month «period»\n"
            "  金额 «is» gross «amount» «max» 100000\n"
        )

    def _posting(self) -> str:
        rng = self.rng
        lines = ["«rule» 记账规则", "  «on» 记账", '  «basis» "依据"']
        counted = rng.choice(["计数", "计数[部门, 客户]", '计数["D1", 客户]'])
        if rng.random() < 0.7:
            target = counted if "[" in counted and rng.random() < 0.8 else "计数"
            lines.append(f"  «delta» 增加 «of» {target} = {counted} + 金额")
        for _ in range(rng.choice([1, 2, 2])):
            debit, credit = rng.sample([role for role, *_ in ACCOUNTS], 2)
            amount = rng.choice(["金额", "金额", "收款", "金额 - 收款", counted])
            carried = rng.choice(["", ", 项目 «if» «given» 项目", ", 项目 «if» «given» 项目"])
            for side, role in (("debit", debit), ("credit", credit)):
                if side == "debit":
                    lines.append('  «voucher» "记 {客户}"')
                lines.append(f"    «{side}» {role} {amount} «by» 部门, 客户{carried}")
        return "\n".join(lines) + "\n"

    def _reading(self) -> str:
        """A rule that posts what it reads; its summary shows more of it."""
        rng = self.rng
        self.count += 1
        lines = [f"«rule» 读账规则{self.count}", "  «on» 读账", '  «basis» "依据"']
        names = []
        if rng.random() < 0.5:
            names.append("调整")
            keys = rng.choice(["", " «for» 部门", " «for» 部门, 客户"])
            wanted = rng.choice(["金额", "«round»(金额 * 5%)", "0 CNY"])
            role = rng.choice([*SETS, *(role for role, *_ in ACCOUNTS)])
            lines.append(f"  «true up» 调整 «of» {role}{keys} «to» {wanted}")
        for place in range(rng.choice([1, 2, 3])):
            names.append(f"读数{place}")
            lines.append(f"  «let» {names[-1]} = {self.read()}")
        shown = " ".join(f"{{{name}}}" for name in names)
        lines.append(f'  «voucher» "读 {shown}"')
        debit, credit = rng.sample([role for role, *_ in ACCOUNTS], 2)
        amount = rng.choice([names[0], f"«min»({names[0]}, 金额)", "金额"])
        lines += [
            f"    «debit» {debit} {amount} «by» 部门, 客户, 项目",
            f"    «credit» {credit} {amount} «by» 部门, 客户, 项目",
        ]
        return "\n".join(lines) + "\n"

    def _closing(self) -> str:
        """A rule that posts the elements of a list, some of them shares of a total."""
        rng = self.rng
        self.count += 1
        named = rng.choice([*SETS, "损益", *(role for role, *_ in ACCOUNTS)])
        keys = rng.choice(["«all»", "«all»", "«account»", "部门", "客户, 部门", "项目, «account»"])
        fixed = rng.choice(["", "", " «for» 客户", ' «for» 项目 = "D1"', " «for» 部门"])
        period = rng.choice(["", " «during»", " «until»"])
        period += f" {rng.choice(PERIODS)}" if period else ""
        lines = [f"«rule» 结转规则{self.count}", "  «on» 结转", '  «basis» "依据"']
        lines.append(f"  «let» 表 = «balances» «of» {named} «by» {keys}{fixed}{period}")
        column = rng.choice(["amount", "net", "debit", "credit", "debits", "credits"])
        amount = f"表.{column}"
        if rng.random() < 0.3:
            lines.append("  «split» 金额 «by» «abs»(表.net) + 1.00 CNY «as» 份额")
            amount = "份额"
        elif rng.random() < 0.3:
            lines.append(f"  «let» 半 = «round»({amount} * 50%)")
            amount = "半"
        by = " «by» «all»" if "all" in keys and rng.random() < 0.7 else ""
        if not by and "部门" in keys and "部门" not in fixed:
            by = " «by» 部门 = 表.部门"
        lines.append('  «voucher» "结转 {«count»(表)} {«sum»(表.net)}"')
        one, other = rng.sample(["debit", "credit"], 2)
        account = rng.choice(["表.account", "表.account", "本年利润"])
        lines.append(f"    «{one}» {account} {amount}{by} «each» 表")
        if self.balancing or rng.random() < 0.3:
            lines.append(f"    «{other}» 银行存款 {amount}{by} «each» 表")
        else:
            lines.append(f"    «{other}» 银行存款 «sum»({amount})")
        return "\n".join(lines) + "\n"

    def read(self) -> str:
        """A balance or turnover of a role or a set, by no or some dimensions, of some periods."""
        rng = self.rng
        measure = rng.choice(["balance", "debits", "credits"])
        named = rng.choice([*SETS, *SETS, *(role for role, *_ in ACCOUNTS)])
        keys = rng.sample(DIMENSIONS, rng.choice([0, 1, 1, 2]))
        constant = '"D1"'
        written = [f"{key} = {rng.choice([key, key, constant])}" for key in keys]
        if rng.random() < 0.2:
            return rng.choice(["计数", "计数[部门, 客户]", '计数["D2", 客户] - 计数'])
        behind = f" «for» {', '.join(written)}" if keys else ""
        period = rng.choice(["", " «during»", " «until»"])
        period += f" {rng.choice(PERIODS)}" if period else ""
        return f"«{measure}» «of» {named}{behind}{period}"
