"""Random valid rule books as text: every construct of the reference page, seeded."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.reference.generate_expressions import ExpressionMaker
from tests.reference.generate_foreign import foreign_fields
from tests.reference.generate_tables import TableMaker, rate
from tests.reference.generate_vouchers import RuleMaker
from tests.reference.vocabulary import (
    BookSpec,
    EventSpec,
    FieldSpec,
    ListSpec,
    RecordSpec,
    RoleSpec,
)
from tests.reference.wording import spelled

ROLES = (
    ("应收账款", "1122", True),
    ("其他应付款.员工", "224101", False),
    ("管理费用.差旅", "660210", True),
    ("管理费用.其他", "660299", True),
    ("应交税费.进项税额", "22210101", True),
    ("应交税费.销项税额", "22210107", False),
    ("主营业务收入", "6001", False),
    ("合同负债", "2204", False),
    ("合同履约成本.间接", "146405", True),
    ("制造费用", "5101", True),
    ("银行存款", "1002", True),
)
CODES = {
    "费用类别": ["差旅", "招待", "办公", "其他费用"],
    "发票类型": ["专票", "普票", "无票"],
}
RATIO = "«percent» «min» 0 «max» 1"
#: Share of records that have versions by date.
DATED = 0.25

#: Share of record fields that the events writing them may leave to a default.
DEFAULTED = 0.2
#: Two values of different codes share a wire value on purpose.
WIRES = {"差旅": "travel", "招待": "entertainment", "其他费用": "other", "无票": "other"}


@dataclass(frozen=True, slots=True)
class GeneratedBook:
    """A rule book as its folder would hold it."""

    files: dict[str, str]
    assets: dict[str, str]

    def text(self) -> str:
        """The whole book for a message or a stored regression."""
        parts = {**self.files, **self.assets}
        return "\n".join(f"### {path}\n{content}" for path, content in parts.items())


def generate_book(seed: int) -> GeneratedBook:
    """The rule book of a seed."""
    rng = Random(f"rules {seed}")
    return _BookMaker(rng).make(chinese=rng.random() < 0.5)


class _BookMaker:
    """Makes one rule book."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.book = BookSpec(rng, rng.choice(["", "", "state", "split", "round"]))
        self.text: list[str] = ["«rulebook» 样册\n"]
        self.assets: dict[str, str] = {}
        self.own_chart = False

    def make(self, *, chinese: bool) -> GeneratedBook:
        """Declares everything the rules use, then the rules, in several files."""
        self._ledgers()
        self._codes_and_dimensions()
        self._chart()
        self._rates_and_tables()
        self._parameters()
        events = [self._business_event(at) for at in range(self.rng.choice([2, 3]))]
        self._master_event("客户档案")
        self._master_event("合同")
        self._targets()
        rules = []
        for at, event in enumerate(events):
            rules.append((f"rules/{self.rng.choice('甲乙丙')}{at}.tp", self._rules(event)))
        self._event_without_rules()
        files = {"book.tp": "\n".join(self.text)} | dict(rules)
        spelled_files = {
            path: self._dressed(spelled(text, chinese=chinese)) for path, text in files.items()
        }
        return GeneratedBook(spelled_files, self.assets)

    def _dressed(self, text: str) -> str:
        """The text with comments, blank lines and, rarely, full-width punctuation."""
        lines = []
        for line in text.splitlines():
            if self.rng.random() < 0.03:
                lines.append("  # 注：a «remark», 借 1 (" if line.startswith(" ") else "# 注")
            ending = "  # 尾注" if self.rng.random() < 0.03 else ""
            wide = self.rng.random() < 0.03 and not set(line) & set('"{')
            shown = line.replace(", ", "，").replace("(", "（") if wide else line
            lines.append(shown + ending)
        return "\n".join(lines) + "\n"

    # --- Declarations ----------------------------------------------------------------------

    def _ledgers(self) -> None:
        rng = self.rng
        self.book.currency = rng.choice(["CNY", "CNY", "CNY", "USD", "JPY", "JPY"])
        for name, wire, word in (("法定账", "GL", "记"), ("管理账", "MGMT", "内")):
            negative = rng.choice(["", "red", "swap", "reject", "red"])
            words = f" «word» {word}" if word == "内" or rng.random() < 0.5 else ""
            policy = f" «negative» «{negative}»" if negative else ""
            currency = f"«currency» {self.book.currency}"
            own = word == "内" and rng.random() < 0.5
            chart = " «chart» 管理科目" if own else ""
            self.text.append(f"«ledger» {name} «is» {wire} {currency}{words}{policy}{chart}\n")
            self.own_chart = self.own_chart or own
            self.book.ledgers.append(name)
            if rng.random() < 0.35:
                break
        self.book.unit = "小时"
        decimals = rng.choice(["", " «decimals» 2", " «decimals» 1"])
        self.text.append(f"«unit» 小时 «is» hour{decimals}\n")

    def _codes_and_dimensions(self) -> None:
        rng = self.rng
        for name, values in CODES.items():
            self.book.codes[name] = values
            parts = [f"{v} «is» {WIRES[v]}" if v in WIRES else v for v in values]
            self.text.append(f"«code» {name} = {' | '.join(parts)}\n")
        self.book.dimensions = ["部门", "客户", "项目"]
        self.book.balancing = "部门" if rng.random() < 0.4 else ""
        balancing = " «balancing»" if self.book.balancing else ""
        self.text.append(f"«dimension» 部门 «is» department{balancing}\n")
        self.text.append("«dimension» 客户 «is» customer «of» 客户档案\n")
        self.text.append("«dimension» 项目\n")

    def _chart(self) -> None:
        rng = self.rng
        inline, rows = ["«chart» 企业准则"], ["role,code,name,side,requires,from,until"]
        # Every rule must begin once its accounts are open.
        self.book.dated = rng.random() < 0.3
        opened = "2020-01-01" if self.book.dated else ""
        count = 4 if self.book.focus == "state" else rng.choice([4, 6, 8, len(ROLES)])
        for role, code, debit in rng.sample(ROLES, count):
            requires: list[str] = []
            if self.book.focus == "state" and rng.random() < 0.8:
                requires = ["客户"]
            elif rng.random() < 0.45:
                requires = rng.sample(["客户", "项目"], rng.choice([1, 1, 1, 2]))
            self.book.roles.append(RoleSpec(role, code, debit, tuple(requires)))
            if rng.random() < 0.5 and len(inline) > 1:
                side = "debit" if debit else "credit"
                rows.append(f"{role},{code},{role}科目,{side},{' '.join(requires)},{opened},")
            else:
                side = "«debit»" if debit else "«credit»"
                needs = f" «requires» {', '.join(requires)}" if requires else ""
                inline.append(f'  {role} @{code} "{role}科目" {side}{needs}')
        if not any(role.requires for role in self.book.roles):
            role, code, debit = "预付账款", "1123", True
            self.book.roles.append(RoleSpec(role, code, debit, ("客户",)))
            inline.append(f'  {role} @{code} "{role}" «debit» «requires» 客户')
        inline.append('  尾差 @6711 "尾差" «debit» «plug»')
        self.text.append("\n".join(inline) + "\n")
        if self.own_chart:
            # The same roles with codes, and at times requirements, of their own.
            other = [line.replace(" @", " @9") for line in inline[1:]]
            listed = {line.split(" @")[0].strip() for line in other}
            for role in self.book.roles:
                if role.role not in listed:
                    side = "«debit»" if role.debit else "«credit»"
                    needs = f" «requires» {', '.join(role.requires)}" if role.requires else ""
                    other.append(f"  {role.role} @9{role.code} {side}{needs}")
            self.text.append("\n".join(["«chart» 管理科目", *other]) + "\n")
        if len(rows) > 1:
            self.assets["chart.csv"] = "\n".join(rows) + "\n"
            self.text.append('«chart» 企业准则 «from» "chart.csv"\n')

    def _parameters(self) -> None:
        """Values that books set for themselves."""
        whole = "" if self.book.currency == "JPY" else ".50"
        choices = [
            ("参数标志", "flag", "«is» switch «flag» «default» «true»"),
            ("参数率", "percent", "«percent» «min» 0 «max» 1 «default» 6%"),
            ("参数额", "money", f"«is» fixed «amount» «min» 0 «max» 9999 «default» 12{whole}"),
            ("参数数", "integer", "«integer» «min» 1 «max» 9 «default» 3"),
            ("参数日", "date", "«is» start «date» «default» 2026-02-01"),
            ("参数文", "text", '«text» «default» "K1"'),
            ("参数类", "code:费用类别", f"费用类别 «default» {self.book.codes['费用类别'][0]}"),
        ]
        for name, kind, declared in self.rng.sample(choices, self.rng.choice([0, 0, 2, 3])):
            self.text.append(f"«parameter» {name} {declared}\n")
            self.book.parameters.append((name, kind))

    def _rates_and_tables(self) -> None:
        rng = self.rng
        for name in ("增值税率", "附加费率")[: rng.choice([1, 2])]:
            self.text.append(rate(rng, name))
            self.book.rates.append(name)
        tables = TableMaker(rng, self.book)
        self.text.append(tables.table("费用科目", (("", "account"),)))
        self.text.append(tables.table("征收表", (("率", "percent"), ("定额", "money"))))
        if rng.random() < 0.5:
            self.text.append(tables.table("限额表", (("", "money"),)))

    def _targets(self) -> None:
        for name, key in (("收入进度", "单号"), ("预提", "合同号")):
            ledger = (
                f" «in» {self.rng.choice(self.book.ledgers)}" if self.rng.random() < 0.5 else ""
            )
            self.text.append(f"«target» {name} «by» {key}{ledger}\n")
            self.book.targets.append((name, key))

    # --- Records and the events that write them ----------------------------------------------

    def _master_event(self, record: str) -> None:
        rng = self.rng
        key = "客户号" if record == "客户档案" else "合同号"
        second = record == "合同" and rng.random() < 0.4
        fields = [
            FieldSpec("价款", "money", "«amount»"),
            FieldSpec("折扣", "percent", "«percent» «min» 0 «max» 1"),
            FieldSpec("级别", "code:发票类型", "发票类型"),
        ]
        rng.shuffle(fields)
        fields = fields[: rng.choice([2, 3])]
        defaults = {"价款": "100", "折扣": "5%", "级别": "普票"}
        keys = [key, "期次"] if second else [key]
        sources = ", ".join([f"{record}建立", f"{record}变更", *self._sources(keys)])
        # A stream of its own leaves the books of all seeds otherwise as they are.
        dated = Random(f"dated {record} {len(self.text)} {sources}").random() < DATED
        versions = " «dated»" if dated else ""
        lines = [f"«record» {record} «key» {', '.join(keys)}{versions} «from» {sources}"]
        kept = []
        for spec in fields:
            default = defaults[spec.name] if rng.random() < 0.4 else ""
            ending = f" «optional» «default» {default}" if default else ""
            lines.append(f"  {spec.name} {spec.declared}{ending}")
            kept.append(spec)
        self.text.append("\n".join(lines) + "\n")
        spec_record = RecordSpec(record, len(keys), tuple(kept), dated)
        self.book.records.append(spec_record)
        if record == "客户档案":
            self.book.attribute = ("客户", spec_record)
        wire = "customer" if record == "客户档案" else "contract"
        for name, ending in ((f"{record}建立", "created"), (f"{record}变更", "changed")):
            body = [f"«event» {name} «is» {wire}.{ending}"]
            body += [f"  {part} «text»" for part in keys]
            for spec in fields:
                chance = 0.3 if ending == "created" else 0.8
                optional = " «optional»" if rng.random() < chance else ""
                default = f" «default» {defaults[spec.name]}" if rng.random() < DEFAULTED else ""
                body.append(f"  {spec.name} {spec.declared}{optional}{default if optional else ''}")
            self.text.append("\n".join(body) + "\n")

    def _sources(self, keys: list[str]) -> list[str]:
        """Business events that write a record as well: they have its key fields, if not always."""
        return [
            event.name
            for event in self.book.events
            if self.rng.random() < 0.5 and set(keys) <= {field.name for field in event.fields}
        ]

    # --- Business events ---------------------------------------------------------------------

    def _business_event(self, at: int) -> EventSpec:
        rng = self.rng
        fields = self._fields()
        lists = [self._list(at, index) for index in range(rng.choice([0, 1, 1, 1, 2]))]
        expects = rng.choice(["", "any", "some", "one", "one"])
        dated = rng.choice(["业务日期", "业务日期", ""])
        event = EventSpec(f"业务{at}", f"business.b{at}", dated, expects, fields, tuple(lists))
        late = rng.choice(["", " «late» «refuse»", " «late» «next_open»"])
        head = f"«event» {event.name} «is» {event.wire}"
        head += f" «dated» {dated}" if dated else ""
        head += f" «expects» «{expects}»" if expects else ""
        lines = [head + late + (" «must post»" if rng.random() < 0.15 else "")]
        lines += [f"  {spec.name} {spec.declared}" for spec in fields]
        lines += [f"  {spec.name} {spec.declared}" for spec in lists]
        self.text += [spec.declaration for spec in lists if spec.declaration]
        self.text.append("\n".join(lines) + "\n")
        self.book.events.append(event)
        return event

    def _fields(self) -> tuple[FieldSpec, ...]:
        rng = self.rng
        made = [
            FieldSpec("单号", "text", "«is» doc_no «text» «key»"),
            FieldSpec("金额", "money", "«is» gross «amount»"),
            FieldSpec(
                "税率", "percent", f"«is» tax_rate «percent» «min» 0 «max» {rng.choice('12')}"
            ),
        ]
        if rng.random() < 0.6:
            of = rng.choice(["", f" «of» {self.book.currency}"])
            made.append(FieldSpec("净额", "money", f"«is» net «amount»{of} «max» 1000000"))
        pool = [
            FieldSpec("合同号", "text", "«text»"),
            FieldSpec("客户号", "text", "«text»"),
            FieldSpec("价款", "money", "«amount»"),
            FieldSpec("折扣", "percent", RATIO),
            FieldSpec("类别", "code:费用类别", "«is» category 费用类别"),
            FieldSpec("票种", "code:发票类型", "发票类型"),
            FieldSpec("加急", "flag", "«flag»"),
            FieldSpec("期数", "integer", "«integer» «min» 1 «max» 60"),
            FieldSpec("增减", "whole", "«integer» «min» -5 «max» 5"),
            FieldSpec("系数", "decimal", "«decimal» «decimals» 3 «min» -10 «max» 10"),
            FieldSpec("工时", "quantity", "«quantity» «of» 小时 «min» 0 «max» 1000"),
            FieldSpec(
                "单价", "price", f"«amount» «of» {self.book.currency} «per» 小时 «max» 10000"
            ),
            FieldSpec("到期日", "date", "«date»"),
            FieldSpec("所属期", "period", "«period»"),
            FieldSpec("部门", "dim:部门", "«is» dept 部门"),
            FieldSpec("客户", "dim:客户", "客户"),
            FieldSpec("项目", "dim:项目", "项目"),
            FieldSpec("制单人", "text", "«is» actor «text»"),
        ]
        made += [self._maybe_optional(spec) for spec in pool if rng.random() < 0.6]
        rng.shuffle(made)
        return (*made, *foreign_fields("".join(spec.declared for spec in made)))

    def _price(self) -> str:
        return f"«amount» «of» {self.book.currency} «per» 小时 «max» 10000"

    def _maybe_optional(self, spec: FieldSpec) -> FieldSpec:
        rng = self.rng
        if spec.name == "制单人" or rng.random() < 0.3:
            default = self._default(spec) if rng.random() < 0.4 else ""
            ending = f" «optional» «default» {default}" if default else " «optional»"
            personal = " «personal»" if rng.random() < 0.1 else ""
            declared = spec.declared + ending + personal
            return FieldSpec(spec.name, spec.kind, declared, True, default)
        return spec

    def _default(self, spec: FieldSpec) -> str:
        match spec.kind.partition(":"):
            case ("code", _, code):
                return self.rng.choice(self.book.codes[code])
            case ("flag", _, _):
                return self.rng.choice(["«true»", "«false»"])
            case ("integer" | "whole", _, _):
                return "3"
            case ("money" | "quantity" | "decimal" | "price", _, _):
                return self.rng.choice(["1", "0", "2.5"] if self.book.currency != "JPY" else ["1"])
            case ("percent", _, _):
                return "6%"
            case ("text", _, _):
                return '"K2"'
            case ("date", _, _):
                return "2026-03-01"
        return ""

    def _list(self, at: int, index: int) -> ListSpec:
        rng = self.rng
        form = rng.random()
        name = ("明细", "附加")[index]
        wire = f"«is» items{index} " if rng.random() < 0.5 else ""
        if form < 0.2:
            kind, declared = rng.choice(
                [
                    ("money", "«amount» «max» 99999"),
                    ("money", "«amount» «max» 99999"),
                    ("code:费用类别", "费用类别"),
                    ("text", "«text»"),
                ]
            )
            part = FieldSpec("value", kind, "")
            return ListSpec(name, f"{wire}«list» «of» {declared}", (part,))
        if form < 0.34:
            key_kind, key_declared = rng.choice([("dim:项目", "项目"), ("text", "«text»")])
            parts = (FieldSpec("key", key_kind, ""), FieldSpec("value", "money", ""))
            declared = f"{wire}«map» «of» {key_declared} «to» «amount» «min» 0 «max» 99999"
            return ListSpec(name, declared, parts)
        pool = [
            FieldSpec("含税", "money", "«is» gross «amount»"),
            FieldSpec("税额", "money", "«amount» «max» 5000"),
            FieldSpec("权重", "decimal", "«decimal» «decimals» 2 «min» -1 «max» 1000"),
            FieldSpec("数量", "quantity", "«quantity» «of» 小时 «min» 0 «max» 500"),
            FieldSpec(
                "单价", "price", f"«amount» «of» {self.book.currency} «per» 小时 «max» 10000"
            ),
            FieldSpec("类别", "code:费用类别", "«is» kind 费用类别"),
            FieldSpec("可抵扣", "flag", "«flag»"),
            FieldSpec("税率", "percent", RATIO),
            FieldSpec("合同号", "text", "«text»"),
            FieldSpec("项目", "dim:项目", "项目"),
            FieldSpec("客户", "dim:客户", "客户"),
            FieldSpec("日期", "date", "«is» day «date»"),
            FieldSpec("件数", "integer", "«integer» «min» 1 «max» 9"),
        ]
        parts = [pool[0], *[self._maybe_optional(spec) for spec in pool[1:] if rng.random() < 0.6]]
        parts += foreign_fields("".join(part.declared for part in parts))
        lines = [f"«list» {name}行{at}", *[f"  {part.name} {part.declared}" for part in parts]]
        declared = f"{wire}«list» «of» {name}行{at}"
        return ListSpec(name, declared, tuple(parts), "\n".join(lines) + "\n")

    # --- Rules -------------------------------------------------------------------------------

    def _rules(self, event: EventSpec) -> str:
        rng = self.rng
        maker = RuleMaker(rng, self.book, event, ExpressionMaker(rng, self.book, event))
        texts = []
        for at, (guard, dates) in enumerate(self._guards(event)):
            texts.append(maker.rule(f"{event.name}规则{at}", guard=guard, dates=dates))
        return "\n".join(texts)

    def _guards(self, event: EventSpec) -> list[tuple[str, str]]:
        """Guard and effective dates of each rule of an event."""
        rng = self.rng
        dates = rng.choice(["", "", " «from» 2026-01-01", " «from» 2026-01-01 «until» 2026-05-31"])
        if self.book.dated and not dates:
            dates = " «from» 2025-01-01"
        flags = [f.name for f in event.fields if f.kind == "flag" and f.always_there]
        if event.expects in {"one", "some"} and flags and rng.random() < 0.6:
            return [(flags[0], dates), (f"«not» {flags[0]}", dates)]
        if event.expects == "one" and rng.random() < 0.3:
            # They overlap, which no check can know: some events are ambiguous.
            return [("«abs»(金额) >= 100", dates), ("«abs»(金额) < 2000", dates)]
        if event.expects in {"one", "some"}:
            if rng.random() < 0.4:
                return [("", " «from» 2025-06-01 «until» 2026-03-14"), ("", " «from» 2026-03-15")]
            return [(rng.choice(["", "", "?"]), dates)]
        return [(rng.choice(["", "?"]), dates) for _ in range(rng.choice([1, 2, 2]))]

    def _event_without_rules(self) -> None:
        expects = self.rng.choice(["", " «expects» «none»"])
        self.text.append(f"«event» 备忘 «is» memo{expects}\n  文 «text» «optional»\n")
