"""Random rule books about budgets, and their events: few nodes and references, all contended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from rules_dsl import syntax
from rules_dsl.syntax import TypeWord
from tests.reference.budget_nodes import period_of_day
from tests.reference.generate_events import FIRST_DAY, TEXTS, Event, EventMaker
from tests.reference.generate_rules import GeneratedBook
from tests.reference.state import CLOCK, instant_of
from tests.reference.wording import spelled

KINDS = ("差旅", "招待", "办公")
PATHS = ("K1", "K2", "X/K1", "X/Y", "Y")
#: Paths of nodes that hang under parents, how these end, and periods of nodes with dates.
BRANCHES = ("K1", "X,K1", "X", "Y", "Z,K2", "Z,X,K1", "K1,travel")
TAILS = ("K1", "K2", "X", "travel")
DATES = ("2026-02-01..2026-04-10", "2026-04-11..2026-07-31")
ACTS = ("reserve", "reserve", "commit", "spend", "spend", "spend")
DEPARTMENTS = ("D1", "D1", "D2", "D3")

HEAD = """«rulebook» 预算册

«ledger» 法定账 «is» GL «currency» CNY

«unit» 小时 «is» hour «decimals» 1

«code» 类别 = 差旅 «is» travel | 招待 | 办公

«dimension» 部门 «is» department

«dimension» 项目

«chart» 准则
  费用 @6602 "费用" «debit»
  应付 @2241 "应付" «credit»

«target» 进度 «by» 单号

«list» 行
  额 «amount» «min» 0 «max» 300
  部 部门 «optional»
  类 类别
  路 «text» «optional»
"""

FIELDS = """  单号 «is» ref «text» «key»
  金额 «is» gross «amount» «min» 0 «max» {most}
  红冲 «is» red «amount» «min» -300 «max» 300
  工时 «is» worked «quantity» «of» 小时 «min» 0 «max» 40
  部门 «is» dept 部门{optional}
  项目 项目
  类别 «is» kind 类别
  路径 «is» path «text» «optional»
  合同 «is» contract «text» «optional»
  组号 «is» bundle «text» «optional»
  角色 «is» role «text» «optional»
  角色表 «is» roles «list» «of» «text» «optional»
  理由 «is» why «text» «optional»
  到期 «is» ends «date» «optional»
  发生 «is» happened «date»
  加急 «is» urgent «flag»
  明细 «is» items «list» «of» 行
"""


@dataclass(frozen=True, slots=True)
class BudgetSpec:
    """A budget as its statements need it: the expressions for its keys, of events and of lists."""

    name: str
    declared: str
    keys: tuple[str, ...]
    list_keys: tuple[str, ...] = ()
    hours: bool = False
    has_periods: bool = True
    #: Whether every path has a node, so that amounts can be granted to it.
    is_given: bool = True


def generate_budget_book(seed: int) -> GeneratedBook:
    """The rule book of a seed."""
    rng = Random(f"budgets {seed}")
    return _BookMaker(rng).make(chinese=rng.random() < 0.5)


@dataclass
class _BookMaker:
    """Makes one rule book."""

    rng: Random
    budgets: list[BudgetSpec] = field(default_factory=list)
    #: References, grants and checks are rare: most events can be decided at once, in columns.
    plain: bool = False

    def make(self, *, chinese: bool) -> GeneratedBook:
        """Declares everything, then the rules."""
        rng = self.rng
        self.plain = rng.random() < 0.45
        every = [self._department(), self._project(), self._hours(), self._tree(), self._dated()]
        self.budgets = rng.sample(every, rng.choice([1, 2, 2, 3]))
        parts = [HEAD, *[spec.declared for spec in self.budgets]]
        rules = []
        for at in range(2):
            must_post = " «must post»" if rng.random() < 0.2 else ""
            optional = " «optional»" if rng.random() < 0.4 else ""
            fields = FIELDS.format(most=rng.choice([100, 600, 1000]), optional=optional)
            dated = " «dated» 业务日期" if rng.random() < 0.7 else ""
            parts.append(f"«event» 业务{at} «is» business.b{at}{dated}{must_post}\n{fields}")
            for number in range(rng.choice([1, 1, 2])):
                rules.append(self._rule(at, number))
        rules += [] if self.plain else [self._reserving()]
        text = "\n".join([*parts, *rules])
        return GeneratedBook({"book.tp": spelled(text, chinese=chinese)}, {})

    # --- Declarations ------------------------------------------------------------------------

    def _lines(self, scale: int = 2) -> str:
        rng = self.rng
        lines = []
        if rng.random() < 0.4:
            lines.append(f"«control» «{rng.choice(['block', 'warn', 'track'])}»")
        for act in rng.sample(["", " «for» «spend»", " «for» «reserve»"], rng.choice([0, 1, 2])):
            amount = f"{rng.randrange(1, 60)}" + (".50" if scale == 2 else "")
            share = f"{rng.choice([1, 5, 12])}%"
            parts = rng.choice([share, f"{share} «up to» {amount}", f"«up to» {amount}"])
            lines.append(f"«tolerance» {parts}{act}")
        if rng.random() < 0.4:
            lines.append(f"«warn» «at» {rng.choice([5, 10, 25])}%")
        if rng.random() < 0.6:
            lines.append('«override» «by» "K1"')
        if rng.random() < 0.5:
            lines.append(f"«unchecked» «{rng.choice(['closed', 'open_marked'])}»")
        return "".join(f"  {line}\n" for line in lines)

    def _horizon(self) -> str:
        return self.rng.choice(["month", "quarter", "quarter", "year", "year", "life"])

    def _department(self) -> BudgetSpec:
        horizon = self._horizon()
        of = " «of» 发生" if horizon != "life" and self.rng.random() < 0.3 else ""
        head = f"«budget» 部门费用 «is» dept «by» 部门, 类别 «over» «{horizon}»{of}\n"
        keys, own = ("部门", "类别"), ("明细.部", "明细.类")
        return BudgetSpec("部门费用", head + self._lines(), keys, own, False, horizon != "life")

    def _project(self) -> BudgetSpec:
        horizon = self._horizon()
        head = f"«budget» 项目预算 «is» proj «by» 项目, 科目 «text» «over» «{horizon}»\n"
        second = self.rng.choice(["路径", "«last_part»(路径)", "单号", '"K1"'])
        own = ("项目", self.rng.choice(["明细.路", "«last_part»(明细.路)", "明细.部"]))
        declared = head + self._lines()
        return BudgetSpec("项目预算", declared, ("项目", second), own, False, horizon != "life")

    def _hours(self) -> BudgetSpec:
        head = "«budget» 工时预算 «is» hours «by» 部门 «over» «quarter»\n  «counts» 小时\n"
        return BudgetSpec("工时预算", head + self._lines(1), ("部门",), hours=True)

    def _tree(self) -> BudgetSpec:
        horizon = self.rng.choice(["month", "quarter", "quarter", "year", "life"])
        head = f"«budget» 组织预算 «is» org «by» 组织 «text», 类别 «over» «{horizon}»\n"
        head += "  «under parents»\n"
        return BudgetSpec(
            "组织预算",
            head + self._lines(),
            ("路径", "类别"),
            ("明细.路", "明细.类"),
            has_periods=horizon != "life",
            is_given=False,
        )

    def _dated(self) -> BudgetSpec:
        head = "«budget» 活动预算 «is» event «by» 部门, 类别 «over» «dates»\n"
        return BudgetSpec(
            "活动预算",
            head + self._lines(),
            ("部门", "类别"),
            ("明细.部", "明细.类"),
            is_given=False,
        )

    # --- Rules -------------------------------------------------------------------------------

    def _reserving(self) -> str:
        """A rule that reserves from every budget: where nothing is held, nothing is released."""
        lines = ["«rule» 预留", "  «on» 业务0", '  «basis» "依据"', "  «when» «not» 加急"]
        lines.append('  «refuse» "急" «when» 类别 = 办公 «and» 金额 > 900')
        for spec in self.budgets:
            amount = "工时" if spec.hours else "金额"
            keys = ", ".join(spec.keys)
            lines.append(f"  «reserve» {amount} «on» {spec.name}[{keys}] «as» 单号")
        return "\n".join(lines) + "\n"

    def _rule(self, event: int, number: int) -> str:
        rng = self.rng
        lines = [f"«rule» 业务{event}规则{number}", f"  «on» 业务{event}", '  «basis» "依据"']
        if rng.random() < 0.3:
            lines.append(f"  «when» {rng.choice(['加急', '金额 > 50', '«given» 到期'])}")
        body = ["«let» 半额 = «round»(金额 / 3)", "«let» 行额 = «round»(明细.额 * 50%)"]
        if number == 0 and event == 0 and rng.random() < 0.3:
            body.append("«delta» 增 «of» 进度 = 金额")
            body.append('«voucher» "增"\n    «debit» 费用 增\n    «credit» 应付 增')
        elif rng.random() < 0.7:
            body.append('«voucher» "摘要 {单号}"\n    «debit» 费用 金额\n    «credit» 应付 金额')
        if rng.random() < 0.2:
            body.append('«refuse» OVER "拒 {金额}" «when» 金额 > 580')
        moves = [self._statement() for _ in range(rng.choice([1, 2, 2, 3, 4]))]
        body[2:2] = moves if rng.random() < 0.5 else []
        body += moves if moves[0] not in body else []
        return "\n".join([*lines, *[f"  {line}" for line in body]]) + "\n"

    def _statement(self) -> str:
        spec = self.rng.choice(self.budgets)
        choice = self.rng.random()
        if self.plain:
            choice = 1.0 if choice > 0.02 else 0.2
        if choice < 0.17:
            return self._release(spec)
        if choice < 0.27 and spec.is_given:
            return self._grant(spec)
        act = "check" if choice < 0.33 else self.rng.choice(ACTS)
        return self._taking(spec, act)

    def _amount(self, spec: BudgetSpec, act: str, *, each: bool) -> str:
        rng = self.rng
        if each:
            return rng.choice(["明细.额", "行额"])
        if spec.hours:
            return rng.choice(["工时", "«round»(工时 * 50%, 1)", "«max»(工时 - 10, 0)"])
        texts = [
            "金额",
            "金额",
            "半额",
            "«sum»(明细.额)",
            "(«if» 加急 «then» 金额 «else» 半额)",
            "30",
        ]
        return rng.choice([*texts, "红冲", "红冲"] if act == "spend" else texts)

    def _keys(self, spec: BudgetSpec, *, each: bool) -> str:
        keys = spec.list_keys if each else spec.keys
        count = self.rng.choice([len(keys), len(keys), len(keys), 1, 0])
        return f"[{', '.join(keys[:count])}]"

    def _day(self, spec: BudgetSpec) -> str:
        return " «at» 发生" if spec.has_periods and self.rng.random() < 0.2 else ""

    def _taking(self, spec: BudgetSpec, act: str) -> str:
        rng = self.rng
        each = bool(spec.list_keys) and rng.random() < 0.3
        amount, keys = self._amount(spec, act, each=each), self._keys(spec, each=each)
        parts = [self._day(spec)]
        if act != "check":
            references = ["", " «as» 单号", " «as» 单号", " «as» 合同"]
            parts.append("" if self.plain else rng.choice(references))
            parts.append(rng.choice(["", "", " «group» 组号"]))
        if act == "reserve":
            parts.append(rng.choice(["", "", " «until» 到期"]))
        parts.append(" «each» 明细" if each else "")
        if rng.random() < 0.45:
            roles = rng.choice(["角色", "角色", "角色表", '"K1"'])
            parts.append(f" «override» «by» {roles} «because» 理由")
        rng.shuffle(parts)
        text = f"«{act}» {amount} «on» {spec.name}{keys}{''.join(parts)}{self._condition()}"
        return text + self._otherwise(act)

    def _condition(self) -> str:
        return self.rng.choice(["", "", "", " «when» 加急", " «when» 金额 > 100"])

    def _otherwise(self, act: str) -> str:
        message = ' "超 {金额}"' if act == "check" or self.rng.random() < 0.6 else ""
        choices = ["reject", "hold", "warn", "escalate"]
        chosen = self.rng.choice(["", "", *choices] if act != "check" else choices)
        if not chosen:
            return ""
        if chosen == "reject" and self.rng.random() < 0.4:
            return f" «else» «reject» OVER_BUDGET{message}"
        role = ' "K2"' if chosen == "escalate" else ""
        return f" «else» «{chosen}»{role}{message}"

    def _release(self, spec: BudgetSpec) -> str:
        rng = self.rng
        each = bool(spec.list_keys) and rng.random() < 0.2
        amount = rng.choice(["«all»", self._amount(spec, "release", each=each)])
        keys = self._keys(spec, each=each) if each or rng.random() < 0.4 else ""
        ending = " «each» 明细" if each else ""
        reference = rng.choice(["单号", "单号", "合同"])
        text = f"«release» {amount} «of» {reference} «from» {spec.name}{keys}{ending}"
        return text + self._condition()

    def _grant(self, spec: BudgetSpec) -> str:
        rng = self.rng
        amount = "工时" if spec.hours else rng.choice(["金额", "红冲", "-半额", "红冲"])
        text = f"«grant» {amount} «on» {spec.name}{self._keys(spec, each=False)}{self._day(spec)}"
        ending = rng.choice(["", ' «else» «reject» "不够"', " «else» «reject»"])
        return text + self._condition() + ending


@dataclass
class BudgetEventMaker(EventMaker):
    """Makes business events and budget commands; the clock moves on between calls."""

    clock: date = FIRST_DAY
    references: list[str] = field(default_factory=lambda: list(TEXTS))
    #: Share of commands once amounts were approved; few leave long runs of business events.
    commands: float = 0.22

    def __post_init__(self) -> None:
        super().__post_init__()
        self.commands = self.rng.choice([0.25, 0.1, 0.02, 0.01])

    def event(self) -> Event:
        """The next event."""
        rng = self.rng
        if rng.random() < (0.7 if self.count < 14 else self.commands):
            return self._keep(self._command())
        if rng.random() < self.commands / 8:
            self.clock += timedelta(days=rng.choice([1, 7, 20]))
            # What was refused before is not asked again: a hold made now may be over already.
            self.made.clear()
            return {"type": CLOCK, "at": instant_of(self.clock)}
        return super().event()

    def _scalar(self, type_ref: syntax.TypeRef) -> object:
        if type_ref.word is TypeWord.TEXT:
            return self.rng.choice([*TEXTS, *PATHS])
        if type_ref.word is TypeWord.DATE:
            # Behind the clock, so that no hold is over before it began.
            return (self.clock + timedelta(days=self.rng.randrange(1, 60))).isoformat()
        if type_ref.word is TypeWord.NAMED and type_ref.name not in self.book.codes:
            return self.rng.choice([*DEPARTMENTS, *DEPARTMENTS, ""])
        return super()._scalar(type_ref)

    # --- Commands ----------------------------------------------------------------------------

    def _command(self) -> Event:
        kinds = ["approved"] * 5 + ["revised", "transferred", "reserved", "committed", "spent"]
        kinds += [*["released"] * 4, "extended", *["decided"] * 8]
        if self.count < 10:
            kinds = ["approved"] * 6 + ["reserved"]
        if self.rng.random() < 0.02:
            kinds = ["closed"]
        kind = self.rng.choice(kinds)
        if kind == "decided":
            return self._decided()
        event = self._envelope(f"budget.{kind}")
        declared = self.rng.choice(list(self.book.budgets.values()))
        getattr(self, f"_{kind}")(event, declared)
        return event

    def _decided(self) -> Event:
        rng = self.rng
        event = self._envelope("hold.decided")
        business = [one for one in self.made if str(one["type"]).startswith("business")]
        if business:
            of = rng.choice(business[-12:])
            event |= {"of_source": of.get("source") or "default", "of_id": of["id"]}
        event["decision"] = rng.choice(["approve", "approve", "reject"])
        event |= {"role": rng.choice(["K1", "K2", "K2"]), "reason": "同意", "actor": "主管"}
        return event

    def _node(self, budget: syntax.BudgetDecl, *, period: bool = True) -> str:
        rng = self.rng
        path = [self._key(key) for key in budget.keys]
        path = path[: rng.choice([0, 1, 1, len(path), len(path)])]
        if budget.by_path:
            path = rng.choice(BRANCHES).split(",")
        return self._node_name(budget, path, period=period)

    def _used(self, budget: syntax.BudgetDecl) -> str:
        """A node as demands and changes name it: by the tail of its path, without a period."""
        period = self.rng.random() < 0.8
        if budget.by_path and self.rng.random() < 0.5:
            return self._node_name(budget, (self.rng.choice(TAILS),), period=period)
        return self._node(budget, period=period)

    def _node_name(
        self, budget: syntax.BudgetDecl, path: Sequence[str], *, period: bool = True
    ) -> str:
        label = self._period(budget) if period else ""
        if path and self.rng.random() < 0.1:
            return "/".join([budget.wire, *path, *([label] if label else [])])
        if budget.by_path and self.rng.random() < 0.1:
            path = ["/".join(path)]
        name = f"{budget.wire}[{','.join(path)}]"
        return f"{name}@{label}" if label else name

    def _key(self, key: syntax.BudgetKey) -> str:
        if not key.is_text and key.name in self.book.codes:
            return self.rng.choice(self.book.codes[key.name].values).wire
        return self.rng.choice(DEPARTMENTS[:3] if not key.is_text else ("K1", "K2", "Y"))

    def _period(self, budget: syntax.BudgetDecl) -> str:
        if budget.horizon.value == "dates":
            return self.rng.choice(DATES)
        day = date.fromisoformat(self._day())
        return period_of_day(budget.horizon, day)

    def _money(self, budget: syntax.BudgetDecl, most: int) -> str:
        whole = self.rng.randrange(most)
        hours = budget.counts is not None and budget.counts.text in self.book.units
        return f"{whole // 10}.5" if hours else f"{whole}.{self.rng.randrange(100):02d}"

    def _approved(self, event: Event, budget: syntax.BudgetDecl) -> None:
        rng = self.rng
        nodes = dict.fromkeys(self._node(budget) for _ in range(rng.choice([1, 1, 2, 3])))
        lines = []
        dated = budget.horizon.value == "dates"
        for node in nodes:
            most = rng.choice([800, 3000, 3000, 90_000])
            line: Event = {"node": node, "amount": self._money(budget, most)}
            if dated and rng.random() < 0.2:
                line["node"] = self._node(budget, period=False)
                line["from"], line["until"] = self._period(budget).split("..")
            if budget.by_path and rng.random() < 0.4:
                parent = rng.choice(BRANCHES).split(",")
                line["parent"] = self._node_name(budget, parent, period=rng.random() < 0.1)
            if rng.random() < 0.2:
                line["control"] = rng.choice(["block", "warn", "track"])
            if rng.random() < 0.2:
                line["override_role"] = "K2"
            if rng.random() < 0.2:
                line["warn_remaining_pct"] = rng.choice(["0.10", "0.3"])
            if rng.random() < 0.15:
                line["tolerance_pct"] = "0.05"
            if rng.random() < 0.15:
                line["tolerance_amount"] = self._money(budget, 60)
            if rng.random() < 0.15:
                line[rng.choice(["reserved", "committed", "actual"])] = self._money(budget, 200)
            lines.append(line)
        event["lines"] = lines

    def _revised(self, event: Event, budget: syntax.BudgetDecl) -> None:
        amount = self._money(budget, 900)
        change = {"delta": self.rng.choice([amount, f"-{amount}"])}
        change = self.rng.choice([change, {"amount": amount}])
        event["lines"] = [{"node": self._used(budget), **change}]

    def _transferred(self, event: Event, budget: syntax.BudgetDecl) -> None:
        event["from_node"], event["to_node"] = self._used(budget), self._used(budget)
        event["amount"] = self._money(budget, 400)

    def _closed(self, event: Event, budget: syntax.BudgetDecl) -> None:
        event |= {"budget": budget.wire, "period": self._period(budget)}
        if budget.horizon.value in {"month", "quarter", "year"}:
            event["carry_balance"] = self.rng.random() < 0.5
            event["carry_reserved"] = self.rng.random() < 0.5
        elif budget.horizon.value == "dates" and self.rng.random() < 0.5:
            others = [period for period in DATES if period != event["period"]]
            event |= {"to_period": others[0], "carry_balance": True, "carry_reserved": True}

    def _reserved(self, event: Event, budget: syntax.BudgetDecl) -> None:
        rng = self.rng
        event |= {"node": self._used(budget), "amount": self._money(budget, 300)}
        if rng.random() < 0.7:
            event["reference"] = rng.choice(self.references)
        if rng.random() < 0.4:
            event["group"] = rng.choice(TEXTS)
        if rng.random() < 0.4:
            event["expires_at"] = self._end()
        if rng.random() < 0.3:
            event |= {"roles": ["K1", "K2"], "reason": "急"}

    def _end(self) -> str:
        return f"{self.clock + timedelta(days=self.rng.randrange(1, 40))}T12:00:00+00:00"

    def _held(self, event: Event, budget: syntax.BudgetDecl) -> None:
        """Names a reference or a group."""
        name = "group" if self.rng.random() < 0.5 else "reference"
        event |= {"budget": budget.wire, name: self.rng.choice(self.references)}

    def _committed(self, event: Event, budget: syntax.BudgetDecl) -> None:
        if self.rng.random() < 0.4:
            self._reserved(event, budget)
            event.pop("expires_at", None)
            return
        self._held(event, budget)
        if self.rng.random() < 0.6:
            event["amount"] = self._money(budget, 300)

    def _spent(self, event: Event, budget: syntax.BudgetDecl) -> None:
        self._committed(event, budget)

    def _released(self, event: Event, budget: syntax.BudgetDecl) -> None:
        self._held(event, budget)
        if self.rng.random() < 0.4:
            event["amount"] = self._money(budget, 200)

    def _extended(self, event: Event, budget: syntax.BudgetDecl) -> None:
        self._held(event, budget)
        event["expires_at"] = self._end()
