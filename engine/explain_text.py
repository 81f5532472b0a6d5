"""An explanation as lines for a person, in the language of the rule."""

from __future__ import annotations

import json
from collections.abc import Iterator

from engine.calendar import iso_instant
from engine.currencies import CURRENCY_DECIMALS
from engine.decimals import format_minor
from engine.explain import Explanation
from engine.explain_lines import ExplainedLine
from engine.explain_tree import ExplainedStep

_WORDS = {
    "at": ("at", "汇率"),
    "foreign": ("foreign amount", "原币"),
    "exchange_rate": ("rate of exchange", "汇率"),
    "event": ("event", "事项"),
    "sent_by": ("sent by", "提交人"),
    "says": ("says", "说明"),
    "rule": ("rule", "规则"),
    "basis": ("basis", "依据"),
    "revision": ("revision", "版本"),
    "published": ("published by", "发布"),
    "guard": ("applies", "适用条件"),
    "field": ("field", "字段"),
    "item": ("field", "字段"),
    "given": ("given", "已填"),
    "count": ("count of", "计数"),
    "let": ("let", "设"),
    "sum": ("sum", "合计"),
    "round": ("rounding", "舍入"),
    "table": ("table", "决策表"),
    "rate": ("rate", "税率表"),
    "record": ("record", "档案"),
    "parameter": ("parameter", "参数"),
    "existence": ("record exists", "档案存在"),
    "version": ("version in force from", "生效版本"),
    "balance": ("balance of", "余额"),
    "debits": ("debits of", "借方发生额"),
    "credits": ("credits of", "贷方发生额"),
    "delta": ("delta", "增量"),
    "split": ("split", "拆分"),
    "condition": ("condition", "条件"),
    "account": ("account", "科目"),
    "expression": ("value", "值"),
    "amount": ("amount", "金额"),
    "merged": ("merged amount", "合并的金额"),
    "debit": ("debit", "借"),
    "credit": ("credit", "贷"),
    "line": ("line", "分录"),
    "equal": (
        "recomputed from event and recorded reads: equal to the posted amounts",
        "由事项和记录的读数重新计算:与已过账金额一致",
    ),
    "unequal": (
        "recomputed from event and recorded reads: NOT equal to the posted amounts",
        "由事项和记录的读数重新计算:与已过账金额不一致",
    ),
    "line_unequal": ("recomputed", "重新计算为"),
    "nothing": ("no such line", "没有这一分录"),
    "element": ("element", "第几项"),
    "keys": ("for", "键"),
    "key": ("for", "键"),
    "row": ("row", "第几行"),
    "row_place": ("at", "位置"),
    "row_cells": ("cells", "行"),
    "before_rounding": ("before rounding", "舍入前"),
    "mode": ("mode", "方式"),
    "rounded": ("rounded", "舍入后"),
    "written_by": ("written by", "写入"),
    "default": ("default value", "默认值"),
    "ledger": ("ledger", "账簿"),
    "accounts": ("accounts", "科目"),
    "target": ("target", "目标"),
    "before": ("before", "原累计"),
    "after": ("now", "新累计"),
    "total": ("total", "总额"),
    "weights": ("weights", "权重"),
    "sum_of_weights": ("sum of weights", "权重合计"),
    "shares": ("shares", "份额"),
    "weight": ("weight", "本项权重"),
    "exact_share": ("exact share", "精确份额"),
    "residue_rule": ("residue to", "尾差归属"),
    "residue": ("residue", "尾差"),
    "residue_to": ("received by", "尾差给"),
    "shown": ("shown", "见"),
    "above": ("above", "上文"),
    "half_away": ("half away from zero", "四舍五入"),
    "half_even": ("half to even", "银行家舍入"),
    "down": ("towards zero", "截位"),
    "up": ("away from zero", "进位"),
    "largest_remainder": ("the largest remainders", "最大余数"),
    "largest": ("the largest weight", "最大权重"),
    "first": ("the first", "首项"),
    "last": ("the last", "末项"),
}

#: Facts whose text is a word of its own.
_SPOKEN = frozenset({"mode", "residue_rule", "shown"})


def explanation_lines(explanation: Explanation, *, line_no: int = 0) -> Iterator[str]:
    """The explanation below its voucher, line by line; `line_no`: of one line only, 0 = all."""
    words = _Words(explanation.chinese)
    event, voucher = explanation.event, explanation.voucher
    yield f"{words['event']}  {event.source}/{event.event_id}, {event.type}, {event.date}"
    at = iso_instant(event.sealed_at_us)
    yield f"{words['sent_by']}  {event.principal}, #{event.seq}, {at}"
    for name, value in explanation.fields.items():
        yield f"  {name} = {json.dumps(value, ensure_ascii=False)}"
    if explanation.sentence:
        yield f"{words['says']}  {explanation.sentence}"
    yield f"{words['rule']}  {explanation.rule} ({explanation.rule_place})"
    yield f"{words['basis']}  {explanation.basis}"
    published = explanation.published
    yield f"{words['revision']}  {voucher.revision}" + (
        f"  {words['published']} {published}" if published else ""
    )
    for guard in explanation.guards:
        yield f"{words['guard']}  {guard.text}  = {guard.value}  ({guard.place})"
        yield from _parts(guard, words, 1)
    for line in explanation.lines:
        if line_no in (0, line.line.line_no):
            yield ""
            yield from _line(line, voucher.scale, words)
    for step in explanation.budgets:
        yield from step.to_text()
    yield ""
    yield words["equal" if explanation.agrees else "unequal"]


class _Words:
    """The words of one language."""

    def __init__(self, chinese: bool) -> None:  # noqa: FBT001 - which of two languages
        self._place = 1 if chinese else 0

    def __getitem__(self, name: str) -> str:
        found = _WORDS.get(name)
        return name if found is None else found[self._place]


def _line(line: ExplainedLine, scale: int, words: _Words) -> Iterator[str]:
    posted = line.line
    side = "debit" if posted.debit or posted.fc_debit else "credit"
    amount = format_minor(posted.debit or posted.credit, scale)
    if posted.currency:
        foreign = posted.fc_debit or posted.fc_credit
        shown = format_minor(foreign, CURRENCY_DECIMALS[posted.currency])
        amount += f"  {shown} {posted.currency} {words['at']} {posted.rate}"
    under = ", ".join(f"{name}={value}" for name, value in posted.dimensions)
    account = f"{posted.account_code} {posted.account_name}"
    head = f"{words['line']} {posted.line_no}  {words[side]} {account}  {amount}  {under}"
    yield head.rstrip()
    if line.place:
        yield f"  ← {line.place}  {line.text}"
    if not line.agrees:
        if line.recomputed is None:
            yield f"  !! {words['line_unequal']}: {words['nothing']}"
        else:
            debit, credit = (format_minor(each, scale) for each in line.recomputed)
            sides = f"{words['debit']} {debit} {words['credit']} {credit}"
            yield f"  !! {words['line_unequal']}: {sides}"
    if not line.place:
        return
    yield from _named(words["account"], line.account, words)
    name = words["merged" if len(line.amounts) > 1 else "amount"]
    for amount_step in line.amounts:
        yield from _named(name, amount_step, words)
    for name, step in line.foreign:
        yield from _named(words[name], step, words)
    for dimension, step in line.dimensions:
        yield from _named(dimension, step, words)


def _named(name: str, step: ExplainedStep, words: _Words) -> Iterator[str]:
    """A part of a line, and what it came from."""
    yield f"  {name}  {step.value}"
    if step.kind in ("account", "expression") and not step.name:
        if step.text and step.parts:
            yield f"    ← {step.text}"
        yield from _parts(step, words, 2)
    else:
        yield from _step(step, words, 2)


def _parts(step: ExplainedStep, words: _Words, depth: int) -> Iterator[str]:
    for part in step.parts:
        yield from _step(part, words, depth)


def _step(step: ExplainedStep, words: _Words, depth: int) -> Iterator[str]:
    """A step and all below it, indented."""
    space = "  " * depth
    name = words["given"] if step.kind == "condition" and step.name else step.name
    what = " ".join(part for part in (words[step.kind], name) if part)
    shown = step.text if step.text != step.name else ""
    where = f"({step.place})" if step.place else ""
    line = f"{space}← {what} = {step.value}"
    if shown and step.kind not in ("field", "item"):
        line += f"  ⟨{shown}⟩"
    yield f"{line}  {where}".rstrip()
    facts = "; ".join(
        f"{words[name]} {words[text] if name in _SPOKEN else text}"
        for name, text in step.facts
        if text
    )
    if facts:
        yield f"{space}    {facts}"
    yield from _parts(step, words, depth + 1)
