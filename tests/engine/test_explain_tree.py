"""The tree of a line, worked out by hand: table row, rate, rounding, residue, delta, record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from engine.book import Book
from engine.calls import Call
from engine.effects import LINES
from engine.explain import Explanation, explain_voucher
from engine.explain_text import explanation_lines
from engine.explain_tree import ExplainedStep
from server.rulebooks import compile_files

RULES = """rulebook projects
ledger general is GL currency CNY
code kind = travel is t | other is o
dimension project
chart projects_chart
  cost    @5001 "Cost"    debit
  trips   @5002 "Trips"   debit
  tax     @2221 "Tax"     debit
  payable @2202 "Payable" credit
  revenue @6001 "Revenue" credit
record price key project from priced
  rate percent min 0 max 1
list part
  project project
  hours   decimal min 0
table account_of unique
  | kind   | = account |
  | travel | trips     |
  | other  | cost      |
rate vat percent
  | from       | until      | value |
  | 2026-01-01 | 2026-12-31 | 6%    |
target progress by project
event priced expects none
  project project
  rate    percent min 0 max 1
event bill expects one
  kind   kind
  gross  amount
  parts  list of part
event step expects one
  project project
  price   amount
rule bills
  on bill
  basis "bills are shared by hours"
  let tax_part = round(gross * vat / (1 + vat))
  let net = gross - tax_part
  split net by parts.hours as share
  voucher "bill {gross}"
    debit  account_of[kind] share by project = parts.project each parts
    debit  tax tax_part
    credit payable gross
rule steps
  on step
  basis "progress is a share of the price"
  delta added of progress = round(price * price[project].rate)
  voucher "step {project}"
    debit  payable added
    credit revenue added
"""


@pytest.fixture(scope="module")
def book() -> Book:
    book = Book.in_memory(compiler=compile_files)
    files = [{"path": "p.tp", "content": RULES}]
    published = {"id": "p", "type": "revision.published", "source": "tongpin", "files": files}
    book.post([Call(events=[{"date": "2026-01-01", **published}], principal="author")])
    parts = [{"project": name, "hours": "1"} for name in ("A", "B", "C")]
    book.post(
        [
            Call(
                events=[
                    _event("b", "bill", kind="t", gross="106.00", parts=parts),
                    _event("r", "priced", project="A", rate="0.25"),
                    _event("s1", "step", project="A", price="10.00"),
                    _event("r2", "priced", project="A", rate="0.5"),
                    _event("s2", "step", project="A", price="10.01"),
                ]
            )
        ]
    )
    return book


def _event(event_id: str, of_type: str, **fields: object) -> Mapping[str, object]:
    return {"id": event_id, "type": of_type, "date": "2026-03-05", **fields}


def _steps(explanation: Explanation, line_no: int) -> Iterator[ExplainedStep]:
    line = explanation.lines[line_no - 1]
    for root in (line.account, *line.amounts):
        yield from root.walk()


def _step(explanation: Explanation, line_no: int, kind: str) -> ExplainedStep:
    return next(step for step in _steps(explanation, line_no) if step.kind == kind)


def _place(text: str) -> str:
    """FILE:LINE of the only line of the rules that holds a text."""
    [found] = [at for at, line in enumerate(RULES.split("\n"), 1) if text in line]
    return f"p.tp:{found}"


def test_split_says_weights_shares_and_who_got_the_residue(book: Book) -> None:
    # 100.00 in three: 33.33 each, one fen left over for the first of equal remainders.
    explanation = explain_voucher(book, "C01/GL/2026-03/记/1")
    split = _step(explanation, 1, "split")
    facts = dict(split.facts)
    assert (split.name, split.value) == ("share", "33.34 CNY")
    assert facts["total"] == "100.00 CNY"
    assert facts["shares"] == "33.34 CNY, 33.33 CNY, 33.33 CNY"
    assert facts["exact_share"] == "33.333333333333… CNY"
    assert (facts["residue"], facts["residue_to"]) == ("0.01", "#1: 0.01")
    assert facts["residue_rule"] == "largest_remainder"
    assert _step(explanation, 2, "split").value == "33.33 CNY"


def test_account_names_the_row_of_the_table_and_its_key(book: Book) -> None:
    explanation = explain_voucher(book, "C01/GL/2026-03/记/1")
    table = _step(explanation, 1, "table")
    facts = dict(table.facts)
    assert (table.name, table.value) == ("account_of", "trips (5002 Trips)")
    assert facts["keys"] == "kind = travel"
    assert facts["row_place"] == _place("| travel |")
    assert facts["row_cells"] == "| travel | trips |"


def test_rounding_shows_the_exact_value_before_and_the_rate_row(book: Book) -> None:
    # 106.00 * 6% / 106% = 6.00 exactly; the tax line stands fourth, after three shares.
    explanation = explain_voucher(book, "C01/GL/2026-03/记/1")
    let = next(step for step in _steps(explanation, 4) if step.kind == "let")
    assert (let.name, let.value, let.place) == ("tax_part", "6.00 CNY", _place("let tax_part"))
    assert dict(let.facts) == {
        "before_rounding": "6",
        "mode": "half_away",
        "rounded": "6.00 CNY",
    }
    rate = _step(explanation, 4, "rate")
    assert (rate.name, rate.value) == ("vat", "6%")
    assert dict(rate.facts)["row_place"] == _place("| 2026-01-01 |")


def test_delta_says_what_was_there_before_and_which_event_wrote_it(book: Book) -> None:
    # 25 % of 10.00 is 2.50; then 50 % of 10.01 is 5.005, which rounds to 5.01: 2.51 more.
    explanation = explain_voucher(book, "C01/GL/2026-03/记/3")
    delta = _step(explanation, 1, "delta")
    facts = dict(delta.facts)
    assert delta.value == "2.51 CNY"
    assert (facts["before"], facts["after"]) == ("2.50 CNY", "5.01 CNY")
    assert facts["written_by"].startswith("default/s1 (step, 2026-03-05")
    assert dict(_step(explanation, 1, "round").facts)["before_rounding"] == "5.005"


def test_record_says_which_event_wrote_the_version_read(book: Book) -> None:
    for number, writer, value in ((2, "default/r ", "25%"), (3, "default/r2 ", "50%")):
        explanation = explain_voucher(book, f"C01/GL/2026-03/记/{number}")
        record = _step(explanation, 1, "record")
        assert (record.name, record.value) == ("price.rate", value)
        assert dict(record.facts)["written_by"].startswith(writer)


def test_line_that_does_not_follow_from_what_was_recorded_says_so() -> None:
    own = Book.in_memory(compiler=compile_files)
    files = [{"path": "p.tp", "content": RULES}]
    published = {"id": "p", "type": "revision.published", "source": "tongpin", "files": files}
    own.post([Call(events=[{"date": "2026-01-01", **published}])])
    own.post([Call(events=[_event("s", "priced", project="A", rate="1")])])
    own.post([Call(events=[_event("s1", "step", project="A", price="10.00")])])
    _, effects = own.commit(3)
    effects.tables[LINES.name].columns["debit"][0] += 1  # type: ignore[index]
    explanation = explain_voucher(own, "C01/GL/2026-03/记/1")
    assert [line.agrees for line in explanation.lines] == [False, True]
    text = "\n".join(explanation_lines(explanation))
    assert "!! recomputed: debit 10.00 credit 0.00" in text
    assert "NOT equal" in text
