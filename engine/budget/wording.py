"""Verdicts in words: the sentence shown to the person whose demand was checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.budget.names import split_name
from engine.calls import BudgetVerdict
from engine.decimals import format_minor
from engine.effects import Verdict
from engine.program import Budget

#: Nodes told of in one sentence besides the first; further ones are counted.
MAX_TOLD_NODES = 2

#: Names of currencies as people say them; others stand with their code.
_CHINESE_UNITS = {"CNY": "元"}

#: Kinds in the order in which they matter to the reader; what stopped an event stands alone.
_STOPPING = (Verdict.BLOCK, Verdict.HOLD)
_MARKING = (
    Verdict.OVERRIDE,
    Verdict.OVERRUN,
    Verdict.CUT,
    Verdict.UNCHECKED,
    Verdict.WARN,
    Verdict.EXPIRED,
)


def sentence(
    verdicts: Sequence[BudgetVerdict], *, chinese: bool, budgets: Iterable[Budget] = ()
) -> str:
    """What the person reads: which budget, what is left, what is needed, who can help.

    A refusal or hold is told by the first node that is short, and names the others; otherwise each
    mark (override, overrun, warning …) is told; where nothing is to be said, what remains at the
    tightest node.

    Args:
        verdicts: of one event, in the order the event touched the nodes.
        chinese: Chinese or English.
        budgets: those declared; their names stand for wire names, and they know who may override.

    Returns:
        One sentence or several, "" for no verdicts.
    """
    words = _CHINESE if chinese else _ENGLISH
    declared = {budget.wire: budget for budget in budgets}
    told = [_Told.of(verdict, declared, chinese=chinese) for verdict in verdicts]
    stopped = [one for one in told if one.verdict.verdict in _STOPPING]
    if stopped:
        return _stopped(stopped, words)
    marked = [one for kind in _MARKING for one in told if one.verdict.verdict is kind]
    if marked:
        parts = [words.marks[one.verdict.verdict](one) for one in marked[: MAX_TOLD_NODES + 1]]
        rest = len(marked) - len(parts)
        return words.joint.join([*parts, *([words.more(rest)] if rest else [])])
    if told:
        return words.passed(min(told, key=lambda one: one.after_raw))
    return ""


def amount_text(raw: int, scale: int, counts: str, *, chinese: bool) -> str:
    """An amount with thousands grouped and its currency or unit: 1,234.50 元, 1,234.50 CNY."""
    digits = format_minor(abs(raw), scale)
    whole, point, decimals = digits.partition(".")
    sign = "-" if raw < 0 else ""
    unit = _CHINESE_UNITS.get(counts, counts) if chinese else counts
    return f"{sign}{int(whole):,}{point}{decimals} {unit}".rstrip()


@dataclass(frozen=True, slots=True)
class _Told:
    """A verdict with its names and amounts as words."""

    verdict: BudgetVerdict
    title: str
    node: str
    role: str
    chinese: bool

    @classmethod
    def of(cls, verdict: BudgetVerdict, declared: Mapping[str, Budget], *, chinese: bool) -> _Told:
        parts = split_name(verdict.node)
        wire, path, period = parts if parts is not None else (verdict.node, (), "")
        budget = declared.get(wire)
        name = budget.name if budget is not None else wire
        path = budget.label(path) if budget is not None else path
        keys = ("," if chinese else ", ").join(path)
        node = f"{name}[{keys}] {period}".rstrip() if path or period else name
        role = verdict.role or (budget.override_role if budget is not None else "")
        title = path[-1] if path else name
        # Latin letters and digits stand apart from Chinese ones.
        apart = " " if chinese and title[-1:].isascii() else ""
        return cls(verdict, title + apart, node, role, chinese)

    def amount(self, raw: int) -> str:
        verdict = self.verdict
        return amount_text(raw, verdict.scale, verdict.currency, chinese=self.chinese)

    @property
    def is_short(self) -> bool:
        return self.verdict.shortfall > 0

    @property
    def after_raw(self) -> int:
        """What is left after the event, if it passes."""
        return self.verdict.available - self.verdict.requested

    @property
    def over_raw(self) -> int:
        """How far the event goes beyond amount and tolerance, or else beyond the amount."""
        verdict = self.verdict
        return max(verdict.excess, verdict.shortfall) or max(0, -self.after_raw)

    @property
    def tolerance_raw(self) -> int:
        """The tolerance that did not suffice; 0 where there was none or it was not needed."""
        verdict = self.verdict
        if not verdict.shortfall:
            return 0
        return max(0, verdict.requested - verdict.available - verdict.shortfall)


@dataclass(frozen=True, slots=True)
class _Words:
    """One language: how each kind of verdict is told."""

    joint: str
    short: Callable[[_Told, Verdict], str]
    also: Callable[[_Told], str]
    closed: Callable[[_Told, Verdict], str]
    help: Callable[[_Told, Verdict], str]
    more: Callable[[int], str]
    passed: Callable[[_Told], str]
    marks: Mapping[Verdict, Callable[[_Told], str]]


def _stopped(stopped: Sequence[_Told], words: _Words) -> str:
    kind = Verdict.BLOCK
    if all(one.verdict.verdict is Verdict.HOLD for one in stopped):
        kind = Verdict.HOLD
    short = [one for one in stopped if one.is_short]
    if not short:
        # No amount is missing: the node is closed, or the check could not be made.
        return words.closed(stopped[0], kind)
    first, others = short[0], short[1:]
    parts = [words.short(first, kind)]
    parts += [words.also(one) for one in others[:MAX_TOLD_NODES]]
    rest = len(others) - MAX_TOLD_NODES
    if rest > 0:
        parts.append(words.more(rest))
    aid = words.help(first, kind)
    return words.joint.join([*parts, *([aid] if aid else [])])


# ---------------------------------------------------------------- Chinese


def _left_zh(told: _Told) -> str:
    available = told.verdict.available
    left = (
        f"还可用 {told.amount(available)}"
        if available >= 0
        else f"已超支 {told.amount(-available)}"
    )
    if told.tolerance_raw:
        left += f"(另有容差 {told.amount(told.tolerance_raw)})"
    return f"{told.node} {left},本次需要 {told.amount(told.verdict.requested)}"


def _short_zh(told: _Told, kind: Verdict) -> str:
    held = ",已暂挂" if kind is Verdict.HOLD else ""
    return f"{told.title}预算不足{held}:{_left_zh(told)},差 {told.amount(told.verdict.shortfall)}。"


def _also_zh(told: _Told) -> str:
    return f"{told.node} 也差 {told.amount(told.verdict.shortfall)}。"


def _closed_zh(told: _Told, kind: Verdict) -> str:
    held = "暂挂" if kind is Verdict.HOLD else "不能使用"
    why = f",{told.verdict.reason}" if told.verdict.reason else ""
    asked = told.amount(told.verdict.requested)
    return f"{told.title}预算{held}:{told.node} 本次需要 {asked}{why}。"


def _help_zh(told: _Told, kind: Verdict) -> str:
    if kind is Verdict.HOLD:
        return f"由 {told.role} 决定。" if told.role else "等待决定。"
    if told.role:
        return f"可由 {told.role} 说明理由后批准超支。"
    return "请减少金额,或先调整预算。"


def _passed_zh(told: _Told) -> str:
    return f"{told.title}预算足够:{told.node} 本次之后还可用 {told.amount(told.after_raw)}。"


def _override_zh(told: _Told) -> str:
    who = " ".join(part for part in (told.verdict.role, told.verdict.person) if part)
    why = f"理由:{told.verdict.reason}。" if told.verdict.reason else ""
    return (
        f"{told.title}预算超支 {told.amount(told.over_raw)},"
        f"由 {who or '有权人'} 批准:{_left_zh(told)}。{why}"
    )


def _overrun_zh(told: _Told) -> str:
    over = told.amount(told.over_raw)
    return f"{told.title}预算超支 {over},该业务必须入账:{_left_zh(told)}。"


def _cut_zh(told: _Told) -> str:
    over = told.amount(told.over_raw)
    return f"{told.title}预算已下调到已用额度以下:{told.node} 超出 {over}。"


def _unchecked_zh(told: _Told) -> str:
    why = f"({told.verdict.reason})" if told.verdict.reason else ""
    asked = told.amount(told.verdict.requested)
    return f"{told.title}预算未能校验{why}:{told.node} 本次 {asked} 已放行并标记,须事后核对。"


def _warn_zh(told: _Told) -> str:
    if told.verdict.shortfall or told.verdict.excess:
        over = told.amount(told.over_raw)
        return f"{told.title}预算不足,仍予通过:{_left_zh(told)},超出 {over}。"
    if told.after_raw < 0:
        over = told.amount(told.over_raw)
        return f"{told.title}预算已用完:{told.node} 本次之后超出 {over},在容差之内。"
    left = told.amount(told.after_raw)
    return f"{told.title}预算即将用完:{told.node} 本次之后还可用 {left}。"


def _expired_zh(told: _Told) -> str:
    return f"{told.node} 的预占已到期,{told.amount(abs(told.verdict.requested))} 已释放。"


_CHINESE = _Words(
    joint="",
    short=_short_zh,
    also=_also_zh,
    closed=_closed_zh,
    help=_help_zh,
    more=lambda count: f"另有 {count} 个预算节点。",
    passed=_passed_zh,
    marks={
        Verdict.OVERRIDE: _override_zh,
        Verdict.OVERRUN: _overrun_zh,
        Verdict.CUT: _cut_zh,
        Verdict.UNCHECKED: _unchecked_zh,
        Verdict.WARN: _warn_zh,
        Verdict.EXPIRED: _expired_zh,
    },
)


# ---------------------------------------------------------------- English


def _left_en(told: _Told) -> str:
    available = told.verdict.available
    left = (
        f"has {told.amount(available)} left"
        if available >= 0
        else f"is overspent by {told.amount(-available)}"
    )
    if told.tolerance_raw:
        left += f" (and a tolerance of {told.amount(told.tolerance_raw)})"
    return f"{told.node} {left}, this needs {told.amount(told.verdict.requested)}"


def _short_en(told: _Told, kind: Verdict) -> str:
    held = "; it waits for a decision" if kind is Verdict.HOLD else ""
    missing = told.amount(told.verdict.shortfall)
    return f"The budget for {told.title} is short by {missing}{held}: {_left_en(told)}."


def _also_en(told: _Told) -> str:
    return f"{told.node} is short by {told.amount(told.verdict.shortfall)} as well."


def _closed_en(told: _Told, kind: Verdict) -> str:
    held = "holds this" if kind is Verdict.HOLD else "cannot be used"
    why = f"; {told.verdict.reason}" if told.verdict.reason else ""
    asked = told.amount(told.verdict.requested)
    return f"The budget for {told.title} {held}: {told.node}, this needs {asked}{why}."


def _help_en(told: _Told, kind: Verdict) -> str:
    if kind is Verdict.HOLD:
        return f"{told.role} decides." if told.role else ""
    if told.role:
        return f"{told.role} can approve the excess, giving a reason."
    return "Ask for less, or have the budget raised first."


def _passed_en(told: _Told) -> str:
    left = told.amount(told.after_raw)
    return f"The budget for {told.title} suffices: {told.node} has {left} left after this."


def _override_en(told: _Told) -> str:
    who = ", ".join(part for part in (told.verdict.role, told.verdict.person) if part)
    why = f" Reason: {told.verdict.reason}." if told.verdict.reason else ""
    return (
        f"The budget for {told.title} is exceeded by {told.amount(told.over_raw)}, "
        f"approved by {who or 'someone who may'}: {_left_en(told)}.{why}"
    )


def _overrun_en(told: _Told) -> str:
    return (
        f"The budget for {told.title} is exceeded by {told.amount(told.over_raw)}, "
        f"and this must be booked all the same: {_left_en(told)}."
    )


def _cut_en(told: _Told) -> str:
    over = told.amount(told.over_raw)
    return f"The budget for {told.title} was cut below what is used: {told.node} is over by {over}."


def _unchecked_en(told: _Told) -> str:
    why = f" ({told.verdict.reason})" if told.verdict.reason else ""
    return (
        f"The budget for {told.title} could not be checked{why}: {told.node}, "
        f"{told.amount(told.verdict.requested)} passed, marked for a later look."
    )


def _warn_en(told: _Told) -> str:
    if told.verdict.shortfall or told.verdict.excess:
        over = told.amount(told.over_raw)
        return (
            f"The budget for {told.title} is exceeded by {over}, which passes with a warning: "
            f"{_left_en(told)}."
        )
    if told.after_raw < 0:
        over = told.amount(told.over_raw)
        return (
            f"The budget for {told.title} is used up: {told.node} is over by {over} after this, "
            "within tolerance."
        )
    left = told.amount(told.after_raw)
    return f"The budget for {told.title} is nearly used up: {told.node} has {left} left after this."


def _expired_en(told: _Told) -> str:
    given_back = told.amount(abs(told.verdict.requested))
    return f"The time of a reservation at {told.node} was up; {given_back} was given back."


_ENGLISH = _Words(
    joint=" ",
    short=_short_en,
    also=_also_en,
    closed=_closed_en,
    help=_help_en,
    more=lambda count: f"Further budget nodes concerned: {count}.",
    passed=_passed_en,
    marks={
        Verdict.OVERRIDE: _override_en,
        Verdict.OVERRUN: _overrun_en,
        Verdict.CUT: _cut_en,
        Verdict.UNCHECKED: _unchecked_en,
        Verdict.WARN: _warn_en,
        Verdict.EXPIRED: _expired_en,
    },
)
