"""The keywords of the language in English and Chinese, one table for parser, messages and pages.

A keyword is contextual: the parser takes a word for a keyword only where the grammar can
continue with its terminal. Not responsible for that decision (`rules_dsl.line_parser`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from engine.program import RoundMode


class Language(StrEnum):
    """Which spelling of the keywords an author writes."""

    ENGLISH = "en"
    CHINESE = "zh"


@dataclass(frozen=True, slots=True)
class Keyword:
    """One keyword.

    Attributes:
        terminal: its name in the grammar; `also`: further terminals of the same spelling.
        english, chinese: the two spellings; an English one may have several words.
    """

    terminal: str
    english: str
    chinese: str
    also: tuple[str, ...] = ()


#: Terminal of every function name; `FUNCTIONS` says which function it is.
FUNCTION = "FUNCTION"

KEYWORDS: tuple[Keyword, ...] = (
    Keyword("RULEBOOK", "rulebook", "规则册"),
    Keyword("LEDGER", "ledger", "账簿"),
    Keyword("CURRENCY", "currency", "币种"),
    Keyword("WORD", "word", "凭证字"),
    Keyword("NEGATIVE", "negative", "负数"),
    Keyword("RED", "red", "红字"),
    Keyword("SWAP", "swap", "换向"),
    Keyword("REJECT", "reject", "拒绝"),
    Keyword("UNIT", "unit", "单位"),
    Keyword("DECIMALS", "decimals", "小数"),
    Keyword("CODE", "code", "代码"),
    Keyword("IS", "is", "对应"),
    Keyword("DIMENSION", "dimension", "维度"),
    Keyword("BALANCING", "balancing", "平衡"),
    Keyword("OF", "of", "的", ("OF_REFERENCE",)),
    Keyword("LIST", "list", "列表"),
    Keyword("EVENT", "event", "事件"),
    Keyword("DATED", "dated", "日期为", ("DATED_RECORD",)),
    Keyword("EXPECTS", "expects", "应有"),
    Keyword("NONE", "none", "无"),
    Keyword("ANY", "any", "任意"),
    Keyword("SOME", "some", "至少一条"),
    Keyword("ONE", "one", "一条"),
    Keyword("LATE", "late", "迟到"),
    Keyword("REFUSE", "refuse", "拒收"),
    Keyword("NEXT_OPEN", "next_open", "下一开放期"),
    Keyword("MUST_POST", "must post", "必须入账"),
    Keyword("TEXT", "text", "文本", (FUNCTION,)),
    Keyword("KEY", "key", "键"),
    Keyword("FLAG", "flag", "真假"),
    Keyword("DATE", "date", "日期"),
    Keyword("PERIOD", "period", "期间", (FUNCTION,)),
    Keyword("INTEGER", "integer", "整数"),
    Keyword("DECIMAL", "decimal", "数值"),
    Keyword("PERCENT", "percent", "百分比"),
    Keyword("AMOUNT", "amount", "金额"),
    Keyword("PER", "per", "每"),
    Keyword("QUANTITY", "quantity", "数量"),
    Keyword("MAP", "map", "映射表"),
    Keyword("TO", "to", "到"),
    Keyword("OPTIONAL", "optional", "可选"),
    Keyword("DEFAULT", "default", "默认"),
    Keyword("PERSONAL", "personal", "个人信息"),
    Keyword("MIN", "min", "最小", (FUNCTION,)),
    Keyword("MAX", "max", "最大", (FUNCTION,)),
    Keyword("CHART", "chart", "科目表"),
    Keyword("ACCOUNTS", "accounts", "科目组"),
    Keyword("FROM", "from", "自"),
    Keyword("UNTIL", "until", "至", ("UNTIL_PERIOD",)),
    Keyword("DEBIT", "debit", "借"),
    Keyword("CREDIT", "credit", "贷"),
    Keyword("REQUIRES", "requires", "需要"),
    Keyword("TABLE", "table", "决策表"),
    Keyword("UNIQUE", "unique", "唯一"),
    Keyword("FIRST", "first", "首行"),
    Keyword("ACCOUNT", "account", "科目"),
    Keyword("ELSE", "else", "否则"),
    Keyword("RATE", "rate", "税率表"),
    Keyword("VALUE", "value", "值"),
    Keyword("RECORD", "record", "档案"),
    Keyword("TARGET", "target", "目标"),
    Keyword("BY", "by", "按", ("BY_ROLE",)),
    Keyword("IN_LEDGER", "in", "属于", ("IN",)),
    Keyword("CONTINUES", "continues", "承接"),
    Keyword("BUDGET", "budget", "预算"),
    Keyword("PARAMETER", "parameter", "参数"),
    Keyword("RULE", "rule", "规则"),
    Keyword("ON", "on", "针对", ("ON_BUDGET",)),
    Keyword("BASIS", "basis", "依据"),
    Keyword("WHEN", "when", "当"),
    Keyword("LET", "let", "设"),
    Keyword("IF", "if", "若"),
    Keyword("THEN", "then", "则"),
    Keyword("AND", "and", "且"),
    Keyword("OR", "or", "或"),
    Keyword("NOT", "not", "非"),
    Keyword("GIVEN", "given", "已填", ("GIVEN_STEP",)),
    Keyword("SPLIT", "split", "拆分"),
    Keyword("AS", "as", "为"),
    Keyword("RESIDUE", "residue", "尾差"),
    Keyword("LARGEST_REMAINDER", "largest_remainder", "最大余数"),
    Keyword("LARGEST", "largest", "最大份额"),
    Keyword("LAST", "last", "末项"),
    Keyword("DELTA", "delta", "增量"),
    Keyword("TRUE_UP", "true up", "调至"),
    Keyword("BALANCE", "balance", "余额"),
    Keyword("FOR", "for", "对"),
    Keyword("VOUCHER", "voucher", "凭证"),
    Keyword("EACH", "each", "逐项"),
    Keyword(FUNCTION, "sum", "合计"),
    Keyword(FUNCTION, "count", "计数"),
    Keyword(FUNCTION, "abs", "绝对值"),
    Keyword(FUNCTION, "last_part", "末段"),
    Keyword(FUNCTION, "convert", "折算"),
    Keyword(FUNCTION, "book_share", "账面份额"),
    Keyword(FUNCTION, "round", "四舍五入"),
    Keyword(FUNCTION, "round_down", "截位"),
    Keyword(FUNCTION, "round_up", "进位"),
    Keyword(FUNCTION, "round_half_even", "银行家舍入"),
    Keyword(FUNCTION, "days", "天数"),
    Keyword(FUNCTION, "months", "月数"),
    Keyword(FUNCTION, "month_start", "月初"),
    Keyword(FUNCTION, "month_end", "月末"),
    Keyword(FUNCTION, "add_days", "加天"),
    Keyword(FUNCTION, "add_months", "加月"),
    Keyword(FUNCTION, "spread", "摊销"),
    Keyword(FUNCTION, "spread_last", "末期摊销"),
    Keyword("TRUE", "true", "是"),
    Keyword("FALSE", "false", "否"),
    Keyword("TEST", "test", "测试"),
    Keyword("AT", "at", "于", ("AT_RATE",)),
    Keyword("EXPECT", "expect", "期望"),
    Keyword("WITH", "with", "含"),
    Keyword("NO_POSTING", "no posting", "不入账"),
    Keyword("REFUSED", "refused", "被拒收"),
    Keyword("UNPOSTED", "unposted", "待处理"),
    Keyword("INVALID", "invalid", "无效"),
    Keyword("OVER", "over", "期限"),
    Keyword("LIFE", "life", "终身"),
    Keyword("MONTH", "month", "月", (FUNCTION,)),
    Keyword("QUARTER", "quarter", "季"),
    Keyword("YEAR", "year", "年", (FUNCTION,)),
    Keyword("DATES", "dates", "起止日期"),
    Keyword("COUNTS", "counts", "计量"),
    Keyword("CONTROL", "control", "控制"),
    Keyword("BLOCK", "block", "阻断"),
    Keyword("WARN", "warn", "提醒"),
    Keyword("TRACK", "track", "跟踪"),
    Keyword("TOLERANCE", "tolerance", "容差"),
    Keyword("UP_TO", "up to", "至多"),
    Keyword("OVERRIDE", "override", "超支"),
    Keyword("BECAUSE", "because", "因"),
    Keyword("UNCHECKED", "unchecked", "未校验"),
    Keyword("CLOSED", "closed", "不放行"),
    Keyword("OPEN_MARKED", "open_marked", "标记放行"),
    Keyword("UNDER_PARENTS", "under parents", "挂上级"),
    Keyword("UNDER", "under", "挂靠"),
    Keyword("RESERVE", "reserve", "预占"),
    Keyword("COMMIT", "commit", "承诺"),
    Keyword("SPEND", "spend", "执行"),
    Keyword("CHECK", "check", "校验"),
    Keyword("RELEASE", "release", "释放"),
    Keyword("GRANT", "grant", "下达"),
    Keyword("ALL", "all", "全部", ("ALL_KEYS",)),
    Keyword("GROUP", "group", "组"),
    Keyword("HOLD", "hold", "暂挂"),
    Keyword("ESCALATE", "escalate", "上报"),
    Keyword("AVAILABLE", "available", "可用"),
    Keyword("REJECTED", "rejected", "驳回"),
    Keyword("HELD", "held", "被暂挂"),
    Keyword("WARNED", "warned", "被提醒"),
    Keyword("REVIEW", "review", "复核"),
    Keyword("DRAFTED", "drafted", "待复核"),
    Keyword("REVIEWED", "reviewed", "已复核"),
    Keyword("DEBITS", "debits", "借方发生额"),
    Keyword("CREDITS", "credits", "贷方发生额"),
    Keyword("DURING", "during", "期内"),
    Keyword("BALANCES", "balances", "各余额"),
    Keyword("FOREIGN", "foreign", "原币"),
    Keyword("AS_STATED", "as stated", "照列"),
    Keyword("BOOK_RATE", "book rate", "账面汇率"),
    Keyword("SIDE_BY_SIGN", "side by sign", "按正负定方向"),
    Keyword("MERGE", "merge", "合并"),
    Keyword("EXPLAIN", "explain", "说明"),
    Keyword("TRANSFER", "transfer", "内部划转"),
    Keyword("THROUGH", "through", "经由"),
    Keyword("REMAINING", "remaining", "倒挤"),
    Keyword("PLUG", "plug", "可倒挤"),
)

#: Chinese spellings that hold in one place only: there the usual word would read badly.
PLACE_SPELLINGS: tuple[tuple[str, str], ...] = (
    ("GIVEN_STEP", "假设"),
    ("IN_LEDGER", "于"),
    ("ON_BUDGET", "于"),
    ("OF_REFERENCE", "凭"),
    ("BY_ROLE", "由"),
    ("UNTIL_PERIOD", "截至"),
    ("DATED_RECORD", "分日期"),
    ("AT_RATE", "汇率"),
)

#: Words kept for later stages of the language: (English, Chinese). No terminal has them yet.
RESERVED: tuple[tuple[str, str], ...] = (
    ("workflow", "流程"),
    ("step", "环节"),
    ("within", "限时"),
    ("after", "之后"),
    ("require", "要求"),
    ("approved", "批准"),
    ("becomes", "变为"),
    ("emit", "触发"),
    ("statistical", "统计"),
)


@dataclass(frozen=True, slots=True)
class Function:
    """What a function word means: `name` as in `syntax.Call`, and the mode of a rounding.

    `arity`: how many values it takes; 0 = two or more.
    """

    name: str
    mode: RoundMode | None = None
    arity: int = 1


_FUNCTION_MEANINGS: dict[str, Function] = {
    "min": Function("min", arity=0),
    "max": Function("max", arity=0),
    "abs": Function("abs"),
    "sum": Function("sum"),
    "count": Function("count"),
    "text": Function("text"),
    "last_part": Function("last_part"),
    "convert": Function("convert", arity=2),
    "book_share": Function("book_share", arity=3),
    "round": Function("round", RoundMode.HALF_AWAY),
    "round_down": Function("round", RoundMode.DOWN),
    "round_up": Function("round", RoundMode.UP),
    "round_half_even": Function("round", RoundMode.HALF_EVEN),
    "days": Function("days", arity=2),
    "months": Function("months", arity=2),
    "year": Function("year"),
    "month": Function("month"),
    "period": Function("period"),
    "month_start": Function("month_start"),
    "month_end": Function("month_end"),
    "add_days": Function("add_days", arity=2),
    "add_months": Function("add_months", arity=2),
    "spread": Function("spread", arity=3),
    "spread_last": Function("spread_last", arity=3),
}

#: How many values a function takes, by its name; 0 = two or more.
ARITIES: dict[str, int] = {each.name: each.arity for each in _FUNCTION_MEANINGS.values()}

#: Function by spelling, in either language.
FUNCTIONS: dict[str, Function] = {
    spelling: _FUNCTION_MEANINGS[keyword.english]
    for keyword in KEYWORDS
    if keyword.english in _FUNCTION_MEANINGS
    for spelling in (keyword.english, keyword.chinese)
}

#: Terminals of the words that open a declaration, in the order a page would list them.
TOP_LEVEL: tuple[str, ...] = (
    "RULEBOOK",
    "LEDGER",
    "UNIT",
    "CODE",
    "DIMENSION",
    "LIST",
    "EVENT",
    "CHART",
    "ACCOUNTS",
    "TABLE",
    "RATE",
    "RECORD",
    "TARGET",
    "BUDGET",
    "PARAMETER",
    "RULE",
    "TEST",
)

#: Terminals of the words that open a line inside a rule, a test and a budget.
RULE_LINES: tuple[str, ...] = (
    "ON",
    "BASIS",
    "EXPLAIN",
    "LEDGER",
    "WHEN",
    "REVIEW",
    "LET",
    "SPLIT",
    "DELTA",
    "TRUE_UP",
    "REFUSE",
    "VOUCHER",
    "DEBIT",
    "CREDIT",
    "TRANSFER",
    "RESERVE",
    "COMMIT",
    "SPEND",
    "CHECK",
    "RELEASE",
    "GRANT",
)
TEST_LINES: tuple[str, ...] = ("AT", "GIVEN_STEP", "EXPECT", "DEBIT", "CREDIT")
BUDGET_LINES: tuple[str, ...] = (
    "COUNTS",
    "CONTROL",
    "TOLERANCE",
    "WARN",
    "OVERRIDE",
    "UNCHECKED",
    "UNDER_PARENTS",
)

#: Terminals of the words that open the type of a field.
TYPE_WORDS: tuple[str, ...] = (
    "TEXT",
    "FLAG",
    "DATE",
    "PERIOD",
    "INTEGER",
    "DECIMAL",
    "PERCENT",
    "CURRENCY",
    "AMOUNT",
    "QUANTITY",
    "LIST",
    "MAP",
)

#: Terminals that are values, not structure: 是 in a table of an English file is no mixture.
VALUE_TERMINALS = frozenset({"TRUE", "FALSE"})


def _terminals_by_spelling() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for keyword in KEYWORDS:
        for spelling in (keyword.english, keyword.chinese):
            found[spelling] = (keyword.terminal, *keyword.also)
    for terminal, spelling in PLACE_SPELLINGS:
        found[spelling] = (*found.get(spelling, ()), terminal)
    return found


#: Terminals a spelling can be, the usual one first.
TERMINALS: dict[str, tuple[str, ...]] = _terminals_by_spelling()

#: First words of the spellings that have more than one word: "must" -> ("must post",).
SEVERAL_WORDS: dict[str, tuple[str, ...]] = {
    keyword.english.split()[0]: (keyword.english,) for keyword in KEYWORDS if " " in keyword.english
}

RESERVED_SPELLINGS: frozenset[str] = frozenset(
    spelling for pair in RESERVED for spelling in pair if " " not in spelling
)

_BY_TERMINAL: dict[str, Keyword] = {
    terminal: keyword
    for keyword in reversed(KEYWORDS)
    for terminal in (keyword.terminal, *keyword.also)
    if terminal != FUNCTION
}
_CHINESE_PLACE = dict(PLACE_SPELLINGS)
_CHINESE = re.compile(r"[^\x00-\x7f]")


def language_of(spelling: str) -> Language:
    """Tells in which language a keyword is spelled."""
    return Language.CHINESE if _CHINESE.search(spelling) else Language.ENGLISH


def spelling_of(terminal: str, language: Language) -> str | None:
    """Gives the spelling of a keyword terminal, or None where it is no keyword."""
    keyword = _BY_TERMINAL.get(terminal)
    if keyword is None:
        return None
    if language is Language.ENGLISH:
        return keyword.english
    return _CHINESE_PLACE.get(terminal, keyword.chinese)


def spellings_of(terminals: tuple[str, ...]) -> dict[str, str]:
    """Maps every spelling of the terminals, in both languages, to its terminal."""
    return {
        spelling: terminal
        for spelling, meanings in TERMINALS.items()
        for terminal in terminals
        if terminal in meanings
    }
