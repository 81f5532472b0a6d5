"""Why a rule did not post an event: the first condition that was false, with what it saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

import msgspec

from engine.batch import TypedBatch
from engine.book import Book
from engine.calendar import day_of, iso_day
from engine.calls import Call
from engine.decide.plan import DecisionPlan, in_force
from engine.effects import COMMANDS, VOUCHERS
from engine.errors import MalformedInput, UnknownObject
from engine.evaluate import FAULTS, evaluate_row, trace_row
from engine.evaluate.outcome import NOT_FAILED, RuleRow, StateView
from engine.explain import own_plan, typed_event
from engine.explain_sources import RuleSources, place_of
from engine.explain_state import state_before
from engine.explain_tree import ExplainedStep, TreeMaker
from engine.explain_values import Values, truth
from engine.program import EVENT_SHAPE, NO_DATE, Op, Rule
from engine.strings import StringPool


class WhyNot(StrEnum):
    """What kept a rule from posting an event, in the order it is asked."""

    POSTED = "posted"  # nothing: it did
    OTHER_TYPE = "other_type"  # the rule is for another event type
    OUT_OF_DATES = "out_of_dates"  # the business date lies outside the rule's dates
    INVALID = "invalid"  # the event does not fit its type
    GUARD = "guard"  # the rule's `when` is false
    FAILED = "failed"  # a value could not be computed
    REFUSED = "refused"  # the rule refused the event
    NO_VOUCHER = "no_voucher"  # the rule makes none
    VOUCHER_GUARD = "voucher_guard"  # the `when` of every voucher is false
    ALL_ZERO = "all_zero"  # every line comes to zero
    EVENT = "event"  # the rule would post; the event was stopped by something else


@dataclass(frozen=True, slots=True)
class WhyNotAnswer:
    """The answer.

    Attributes:
        rule, place: the rule asked about, FILE:LINE.
        source, event_id, revision: the event, and the revision the rule was read in.
        why: the first thing that kept it from posting.
        message: a sentence, in the language of the rule.
        conditions: the conditions asked in order, up to the first false one, with what they saw;
            for ALL_ZERO the lines with their amounts.
        vouchers: names of those the rule did post.
    """

    rule: str
    place: str
    source: str
    event_id: str
    revision: str
    why: WhyNot
    message: str
    conditions: tuple[ExplainedStep, ...] = ()
    vouchers: tuple[str, ...] = ()


def why_not_posted(book: Book, rule: str, source: str, event_id: str) -> WhyNotAnswer:
    """Why a rule did not post a stored event, as it was decided; or that it did.

    Raises:
        UnknownObject: the book holds no such event, or the revision no such rule.
    """
    event = book.event(source or "default", event_id)
    vouchers = [book.voucher(name) for name in event.vouchers]
    revision = vouchers[0].revision if vouchers else event.revision
    plan, pool = own_plan(book, revision)
    seq, row = _decided_at(book, event.seq, (event.source, event.event_id), event.vouchers)
    fields = msgspec.json.decode(event.content)
    asked = _Asked(book, plan, pool, _sources(book, plan), fields, (event.source, event.event_id))
    own = tuple(voucher.name for voucher in vouchers if voucher.rule == rule)
    stopped = " ".join(part for part in (event.status.name, event.reason, event.message) if part)
    return asked.answer(rule, own, stopped, (seq, row))


def why_not_tried(
    book: Book, rule: str, event: Mapping[str, object], sources: RuleSources | None = None
) -> WhyNotAnswer:
    """Why a rule would not post an event that is not stored, as the book is now.

    Args:
        book: with the rules in force.
        rule: name of the rule.
        event: as sent.
        sources: text of the rules, where the book was given a program alone.

    Raises:
        UnknownObject: there is no such rule.
    """
    result = book.dry_run(Call(events=[event])).results[0]
    plan, pool = own_plan(book, _in_force(book, str(event.get("date") or "")))
    own = tuple(draft.summary for draft in result.drafts if draft.rule == rule)
    stopped = " ".join(part for part in (result.status.name, result.reason, result.message) if part)
    name = (result.source or "default", result.event_id)
    asked = _Asked(book, plan, pool, sources or _sources(book, plan), event, name)
    return asked.answer(rule, own, stopped, (book.seq + 1, 0))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question: an event under a revision."""

    book: Book
    plan: DecisionPlan
    pool: StringPool
    sources: RuleSources
    fields: Mapping[str, object]
    name: tuple[str, str]

    def answer(
        self, name: str, posted: tuple[str, ...], stopped: str, place: tuple[int, int]
    ) -> WhyNotAnswer:
        """Asks in order; `stopped`: what became of the event, `place`: what it saw."""
        index, rule = self._rule(name)
        say = _Sentences(rule.chinese)
        if posted:
            return self._say(rule, WhyNot.POSTED, say("posted", ", ".join(posted)), posted=posted)
        kind = self.plan.program.event_types[rule.event_type]
        if kind.wire != self.fields.get("type"):
            found = str(self.fields.get("type"))
            return self._say(rule, WhyNot.OTHER_TYPE, say("other_type", kind.wire, found))
        day = self._day()
        if not in_force(rule, day):
            first, last = (
                "…" if each == NO_DATE else iso_day(each)
                for each in (rule.valid_from, rule.valid_until)
            )
            message = say("out_of_dates", first, last, iso_day(day))
            return self._say(rule, WhyNot.OUT_OF_DATES, message)
        # The state comes first: its texts must stand in the pool before the event's do.
        state = state_before(self.book, self.plan, self.pool, self._until(place))
        batch = typed_event(self.book, (self.plan, self.pool), rule.event_type, self.fields)
        if 0 in batch.problems:
            return self._say(rule, WhyNot.INVALID, batch.problems[0])
        return self._evaluated(index, rule, batch, state, stopped)

    def _evaluated(
        self, index: int, rule: Rule, batch: TypedBatch, state: StateView, stopped: str
    ) -> WhyNotAnswer:
        trace = trace_row(self.plan.linked, index, batch, 0, state)
        values = Values(self.plan.program, trace, batch, rule.chinese)
        entity = batch.strings.text(int(batch.entities[0]))
        tree = TreeMaker(self.plan, trace, values, self.sources, entity)
        say = _Sentences(rule.chinese)
        row = evaluate_row(self.plan.linked, index, batch, 0, state)
        asked: list[ExplainedStep] = []
        if not row.matched and rule.guard is not None:
            asked = list(_conditions(tree, rule.guard))
            return self._say(
                rule,
                WhyNot.GUARD,
                say("guard", condition_text(asked[-1], chinese=rule.chinese)),
                asked,
            )
        if row.failure != NOT_FAILED:
            return self._failed(rule, row, say)
        if not rule.vouchers:
            return self._say(rule, WhyNot.NO_VOUCHER, say("no_voucher"))
        for voucher in rule.vouchers:
            tree.begin()
            if voucher.guard is not None:
                asked += _conditions(tree, voucher.guard)
        if not row.vouchers:
            wrong = truth(False, chinese=rule.chinese)
            failing = [
                condition_text(each, chinese=rule.chinese) for each in asked if each.value == wrong
            ]
            message = say("voucher_guard", "; ".join(failing))
            return self._say(rule, WhyNot.VOUCHER_GUARD, message, asked)
        if not any(made.lines for made in row.vouchers):
            amounts = [
                tree.root(line.amount, EVENT_SHAPE if line.each == EVENT_SHAPE else None)
                for made in row.vouchers
                for line in rule.vouchers[made.plan].lines
            ]
            return self._say(rule, WhyNot.ALL_ZERO, say("all_zero"), amounts)
        return self._say(rule, WhyNot.EVENT, say("event", stopped))

    def _failed(self, rule: Rule, row: RuleRow, say: _Sentences) -> WhyNotAnswer:
        if row.failure < 0:
            refusal = rule.refusals[-1 - row.failure]
            place = place_of(refusal.span)
            message = say("refused", refusal.code, row.message, place)
            return self._say(rule, WhyNot.REFUSED, message)
        is_node = 0 <= row.failed_node < len(rule.nodes)
        span = rule.nodes[row.failed_node].span if is_node else rule.span
        message = say("failed", FAULTS[row.failure].value, self.sources.text(span), place_of(span))
        return self._say(rule, WhyNot.FAILED, message)

    def _rule(self, name: str) -> tuple[int, Rule]:
        """The rule of that name; of several, the one for the event's type."""
        rules = self.plan.program.rules
        found = [(index, rule) for index, rule in enumerate(rules) if rule.name == name]
        kinds = self.plan.program.event_types
        for index, rule in found:
            if kinds[rule.event_type].wire == self.fields.get("type"):
                return index, rule
        if found:
            return found[0]
        own = [
            rule.name for rule in rules if kinds[rule.event_type].wire == self.fields.get("type")
        ]
        close = get_close_matches(name, [rule.name for rule in rules]) or own[:3]
        message = f"revision {self.plan.program.revision[:12]} has no rule {name}"
        if close:
            message += f"; did you mean {', '.join(close)}?"
        raise UnknownObject("NOT_FOUND", message, kind="rule", name=name)

    def _day(self) -> int:
        try:
            return day_of(str(self.fields.get("date")))
        except ValueError as error:
            message = f"{self.fields.get('date')} is no date; write 2026-03-05"
            raise MalformedInput("MALFORMED", message) from error

    def _until(self, place: tuple[int, int]) -> tuple[int, int]:
        """The place itself, or the end of the log."""
        return min(place, (self.book.seq, 1 << 31))

    def _say(
        self,
        rule: Rule,
        why: WhyNot,
        message: str,
        conditions: list[ExplainedStep] | None = None,
        *,
        posted: tuple[str, ...] = (),
    ) -> WhyNotAnswer:
        return WhyNotAnswer(
            rule=rule.name,
            place=place_of(rule.span),
            source=self.name[0],
            event_id=self.name[1],
            revision=self.plan.program.revision,
            why=why,
            message=message,
            conditions=tuple(conditions or ()),
            vouchers=posted,
        )


def _in_force(book: Book, date: str) -> str:
    """The revision an event of a business date is decided under, "" for the newest."""
    for view in reversed(book.revisions()):
        if view.valid_from <= date and (not view.valid_until or date <= view.valid_until):
            return view.revision
    return ""


def condition_text(step: ExplainedStep, *, chinese: bool) -> str:
    """A condition as written; the place of `given` is that of what it asks for."""
    if step.kind in ("given", "existence"):
        return f"{'已填' if chinese else 'given'} {step.text}"
    return step.text


def _conditions(tree: TreeMaker, guard: int) -> Iterator[ExplainedStep]:
    """The parts of a condition that `and` joins, up to the first that is false."""
    for index in _conjuncts(tree, guard):
        step = tree.root(index, EVENT_SHAPE)
        yield step
        if not tree.trace.value(index):
            return


def _conjuncts(tree: TreeMaker, index: int) -> Iterator[int]:
    node = tree.trace.rule.nodes[index]
    if node.op is Op.AND and not node.label:
        for arg in node.args:
            yield from _conjuncts(tree, arg)
    else:
        yield index


def _sources(book: Book, plan: DecisionPlan) -> RuleSources:
    for view in book.revisions():
        if view.revision == plan.program.revision:
            return RuleSources(view.files)
    return RuleSources(())


def _decided_at(
    book: Book, seq: int, name: tuple[str, str], vouchers: tuple[str, ...]
) -> tuple[int, int]:
    """Commit and command row that decided an event: that of its vouchers, or its own."""
    table = VOUCHERS.name if vouchers else COMMANDS.name
    at = book.voucher(vouchers[0]).seq if vouchers else seq
    _, effects = book.commit(at)
    names = zip(effects.text(table, "source"), effects.text(table, "event_id"), strict=True)
    row = list(names).index(name)
    return at, int(effects.tables[table].ints("command")[row]) if vouchers else row


class _Sentences:
    """Sentences in the language of the rule."""

    def __init__(self, chinese: bool) -> None:  # noqa: FBT001 - which of two languages
        self._place = 1 if chinese else 0

    def __call__(self, name: str, *parts: str) -> str:
        return _SENTENCES[name][self._place].format(*parts)


_SENTENCES = {
    "posted": ("the rule did post: {0}", "规则已过账:{0}"),
    "other_type": (
        "the rule is for {0} events; this one is {1}",
        "规则针对 {0} 事件,本事项是 {1}",
    ),
    "out_of_dates": (
        "the rule holds from {0} until {1}; the business date is {2}",
        "规则自 {0} 至 {1} 有效,业务日期是 {2}",
    ),
    "guard": ("its condition is false: {0}", "适用条件不成立:{0}"),
    "voucher_guard": (
        "no condition of its vouchers holds: {0}",
        "凭证的适用条件都不成立:{0}",
    ),
    "no_voucher": (
        "the rule makes no voucher; see its budget statements",
        "规则不产生凭证,只有预算语句",
    ),
    "all_zero": ("every line comes to zero", "所有分录金额为零"),
    "refused": ("it refuses the event: {0} {1} ({2})", "规则拒收:{0} {1}({2})"),
    "failed": ("a value cannot be computed: {0} in {1} ({2})", "无法计算:{0},{1}({2})"),
    "event": (
        "the rule would post, but the event as a whole is stopped: {0}",
        "规则本可过账,但整个事项未通过:{0}",
    ),
}
