"""The `explain` line of a rule: what it may use, and that posting does not evaluate it."""

from __future__ import annotations

import numpy as np

from engine.evaluate import evaluate_row, explanation_text, link
from engine.evaluate.outcome import StateView
from engine.program import Op
from engine.receive import receive_rows, type_rows
from engine.strings import BatchStrings, StringPool
from rules_dsl.revision import canonical
from tests.engine.evaluate.building import FakeState
from tests.rules_dsl.syntax_trees import parsed, strip_spans
from tests.rules_dsl.values import codes, program

RULES = """\
event 单 is doc dated 日期
  员工 is employee text
  部门 is department 部门
  额 is amount amount min 0.01 max 1000000
  备注 is note text optional
rule 记
  on 单
  basis "制度"
  explain "{员工} 的 {净额} 元由 {部门} 承担,占 {round(净额 * 100 / 额, 1)}%{备注}"
  let 净额 = round(额 / (1 + 6%))
  voucher "凭证"
    debit 应收 净额
    credit 收入 净额
"""


def sentence(**values: str) -> str:
    """What the rule says of one event."""
    made, pool = program(RULES), StringPool()
    linked = link(made, pool)
    event = {"id": "1", "type": "doc", "date": "2026-03-05", **values}
    received = receive_rows(
        [event], pool, default_entity="C01", default_source="t", strings=BatchStrings(pool)
    )
    batch = type_rows(made.event_types[0], 0, received, np.zeros(1, dtype=np.int64), strict=False)
    state: StateView = FakeState()
    assert evaluate_row(linked, 0, batch, 0, state).vouchers[0].lines[0][3] == 100_00
    return explanation_text(linked, 0, batch, 0, state)


def test_it_is_filled_in_with_the_values_of_the_rule() -> None:
    # 106.00 with 6 % inside is 100.00 net, which is 94.3 % of it.
    said = sentence(employee="张三", department="市场部", amount="106.00")
    assert said == "张三 的 100.00 元由 市场部 承担,占 94.3%"
    said = sentence(employee="张三", department="市场部", amount="106.00", note="(补)")
    assert said.endswith("94.3%(补)")


def test_posting_does_not_evaluate_what_only_the_sentence_needs() -> None:
    made = program(RULES)
    linked = link(made, StringPool()).rules[0]
    rounds = [at for at, node in enumerate(made.rules[0].nodes) if node.op is Op.ROUND]
    assert [linked.needed[at] for at in rounds] == [True, False]


def test_it_looks_up_nothing_itself() -> None:
    table = 'table 名 unique\n  | 部门 | = 名称 text |\n  | else | "其他" |\n'
    looked_up = RULES.replace("{备注}", "{名[部门]}")
    assert "TP211" in codes(table + looked_up)
    by_let = looked_up.replace("{名[部门]}", "{称}").replace(
        "  let 净额", "  let 称 = 名[部门]\n  let 净额"
    )
    without_note = by_let.replace("  备注 is note text optional\n", "")
    assert codes(table + without_note) == ["TP204"]  # the dimension 项目, not the let


def test_it_stands_in_either_language_and_once() -> None:
    english = 'rule 记\n  on 单\n  basis "制度"\n  explain "{额} 元"\n'
    chinese = '规则 记\n  针对 单\n  依据 "制度"\n  说明 "{额} 元"\n'
    assert strip_spans(parsed(english)) == strip_spans(parsed(chinese))
    (tree,) = parsed(english)
    assert "explanation" in canonical(tree)
    assert codes(RULES.replace("  let 净额", '  explain "又"\n  let 净额')) == ["TP101"]
