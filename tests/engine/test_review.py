"""Drafts wait for a person: what they hold back, and what approving or returning them does."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.book import Book
from engine.calls import Call, EventResult
from engine.program import Program
from engine.verify import verify_book
from server.rulebooks import compile_files

RULES = """
rulebook probe
ledger 总账 is GL currency CNY word 记
dimension 部门 is department
chart 科目
  管理费用 @6602 "管理费用" debit
  应付     @2241 "其他应付款" credit
  银行     @1002 "银行存款" debit
budget 部门费用 is dept by 部门 over life

event 报销 is claimed dated 日期 expects some
  部门 is department 部门
  金额 is amount     amount
event 付款 is paid dated 日期 expects one
  单   is doc   text
  累计 is total amount
event 预付 is advanced dated 日期 expects one
  单   is doc    text
  金额 is amount amount
record 单据 key 单 from 付款, 预付
  累计 amount optional default 0
  金额 amount optional default 0
target 已付 by 单 in 总账

rule 报销入账
  on 报销
  basis "报销制度"
  review by "会计主管"
  spend 金额 on 部门费用[部门] else reject
  voucher "报销 {部门}"
    debit  管理费用 金额 by 部门
    credit 应付     金额

rule 付款入账
  on 付款
  basis "付款制度"
  review
  delta 本次 of 已付[单] = 累计
  voucher "付 {单}"
    debit  应付 本次
    credit 银行 本次

rule 预付入账
  on 预付
  basis "付款制度"
  voucher "预付 {单} {单据[单].累计}" when given 单据[单]
    debit  应付 金额
    credit 银行 金额

rule 小额报销
  on 报销
  basis "报销制度"
  when 金额 < 10
  voucher "小额 {部门}"
    debit  应付 金额
    credit 银行 金额
"""

EVALUATORS = ("closures", "columns")


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_files((("a.tp", RULES.encode()),))


def _event(name: str, kind: str, **fields: object) -> dict[str, object]:
    return {"id": name, "type": kind, "date": "2026-03-05", **fields}


def _post(book: Book, principal: str, *events: dict[str, object]) -> list[EventResult]:
    return book.post([Call(events=events, principal=principal)])[0].results


def _review(name: str, **fields: object) -> dict[str, object]:
    return _event(f"r-{name}", "voucher.reviewed", of_id=name, **fields)


def _book(program: Program, evaluator: str = "auto") -> Book:
    return Book.in_memory([program], evaluator=evaluator)  # type: ignore[arg-type]


def _shown(results: list[EventResult]) -> list[tuple[str, str]]:
    return [(result.status.name, result.reason) for result in results]


def _budget(book: Book) -> tuple[int, int]:
    node = book.budget_node("dept[市场]")
    return node.actual, node.available


GIVEN = _event("b", "budget.approved", lines=[{"node": "dept[市场]", "amount": "500.00"}])
CLAIM = _event("1", "claimed", department="市场", amount="120.00")


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_a_draft_has_no_number_and_is_in_no_ledger(program: Program, evaluator: str) -> None:
    book = _book(program, evaluator)
    _post(book, "lin", GIVEN)
    assert _shown(_post(book, "lin", CLAIM)) == [("PENDING_REVIEW", "AWAITS_REVIEW")]
    assert book.trial_balance() == []
    assert book.vouchers() == ([], "")
    assert _budget(book) == (12_000, 38_000)
    (draft,), _ = book.drafts()
    assert (draft.draft, draft.role, draft.voucher.signatures.preparer) == (1, "会计主管", "lin")
    assert (draft.voucher.number, draft.voucher.state) == (0, "drafted")
    assert [(line.debit, line.credit) for line in draft.voucher.lines] == [(12_000, 0), (0, 12_000)]
    again = _post(book, "lin", CLAIM)[0]
    assert again.first_status is not None
    assert again.first_status.name == "PENDING_REVIEW"


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_approving_numbers_and_posts_it_as_drafted(program: Program, evaluator: str) -> None:
    book = _book(program, evaluator)
    _post(book, "lin", GIVEN, CLAIM)
    (result,) = _post(book, "wang", _review("1", decision="approve", role="会计主管"))
    assert (result.status.name, result.event_id) == ("POSTED", "1")
    assert result.vouchers == ("C01/GL/2026-03/记/1",)
    voucher = book.voucher("C01/GL/2026-03/记/1")
    assert (voucher.state, voucher.summary, voucher.event_id) == ("reviewed", "报销 市场", "1")
    assert (voucher.signatures.preparer, voucher.signatures.reviewer) == ("lin", "wang")
    assert book.event("", "1").vouchers == ("C01/GL/2026-03/记/1",)
    assert {row.account_code: (row.debit, row.credit) for row in book.trial_balance()} == {
        "6602": (12_000, 0),
        "2241": (0, 12_000),
    }
    assert book.drafts() == ([], "")
    assert _budget(book) == (12_000, 38_000)
    (again,) = _post(book, "wang", _review("1", decision="approve", role="会计主管", reason="x"))
    assert (again.status.name, again.reason) == ("CONFLICT", "EVENT_CONFLICT")


@pytest.mark.parametrize(
    ("principal", "fields", "reason"),
    [
        ("lin", {"decision": "approve", "role": "会计主管"}, "SEGREGATION_OF_DUTIES"),
        ("wang", {"decision": "approve"}, "ROLE_MISSING"),
        ("wang", {"decision": "return", "role": "会计主管"}, "INVALID_FIELD"),
        ("wang", {"decision": "let go", "role": "会计主管"}, "INVALID_FIELD"),
        ("wang", {"decision": "approve", "draft": 2, "role": "会计主管"}, "DRAFT_NOT_OPEN"),
        ("wang", {"decision": "approve", "draft": "x", "role": "会计主管"}, "INVALID_FIELD"),
    ],
)
def test_a_review_that_may_not_be_is_refused(
    program: Program, principal: str, fields: dict[str, object], reason: str
) -> None:
    book = _book(program)
    _post(book, "lin", GIVEN, {**CLAIM, "actor": "somebody else"})
    assert _shown(_post(book, principal, _review("1", **fields))) == [("REJECTED_RULE", reason)]
    assert book.event("", "1").status.name == "PENDING_REVIEW"


def test_a_role_must_be_held(program: Program) -> None:
    book = _book(program)
    _post(book, "lin", GIVEN, CLAIM)
    review = _review("1", decision="approve", role="会计主管")
    call = Call(events=[review], principal="wang", budget_roles=frozenset({"出纳"}))
    assert _shown(book.post([call])[0].results) == [("REJECTED_RULE", "ROLE_NOT_HELD")]


def test_of_an_event_file_the_actor_is_the_person(program: Program) -> None:
    book = _book(program)
    _post(book, "system", GIVEN, {**CLAIM, "actor": "lin"})
    own = _review("1", decision="approve", role="会计主管", actor="lin")
    assert _shown(_post(book, "system", own)) == [("REJECTED_RULE", "SEGREGATION_OF_DUTIES")]
    other = {**own, "id": "r2", "actor": "wang"}
    assert _shown(_post(book, "system", other)) == [("POSTED", "")]


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_returning_takes_everything_back(program: Program, evaluator: str) -> None:
    book = _book(program, evaluator)
    _post(book, "lin", GIVEN, CLAIM)
    _post(book, "lin", _event("2", "paid", doc="A", total="30.00"))
    _post(book, "lin", _event("3", "paid", doc="B", total="5.00"))
    _post(book, "lin", _event("4", "paid", doc="A", total="70.00"))
    given = {"decision": "return", "reason": "附件不全"}
    assert _shown(_post(book, "wang", _review("1", role="会计主管", **given))) == [
        ("UNPOSTED", "REVIEW_RETURNED")
    ]
    assert _budget(book) == (0, 50_000)
    refused = _post(book, "wang", _review("2", **given))
    assert _shown(refused) == [("REJECTED_RULE", "HAS_DEPENDANTS")]
    assert "default/4" in refused[0].message
    assert _shown(_post(book, "wang", _review("4", **given))) == [("UNPOSTED", "REVIEW_RETURNED")]
    again = {**_review("2", **given), "id": "r-2b"}
    assert _shown(_post(book, "wang", again)) == [("UNPOSTED", "REVIEW_RETURNED")]
    pool, key = book.state.pool, book.state.pool.intern
    assert book.state.targets["已付"][key("C01"), key("A")] == 0
    assert {pool.text(place[0]) for place in book.state.records["单据"]} == {"B"}
    retried = _post(book, "lin", _event("t", "event.retried", events=[{"id": "4"}]))
    assert _shown(retried) == [("PENDING_REVIEW", "AWAITS_REVIEW")]
    (draft,) = book.drafts_of("", "4")
    assert draft.voucher.lines[0].debit == 7_000


def test_a_return_is_of_what_the_event_added(program: Program) -> None:
    book = _book(program)
    for name, total in (("1", "30.00"), ("2", "100.00")):
        _post(book, "lin", _event(name, "paid", doc="A", total=total))
    _post(book, "wang", _review("2", decision="approve"))
    assert book.voucher("C01/GL/2026-03/记/1").lines[0].debit == 7_000
    refused = _post(book, "wang", _review("1", decision="return", reason="x"))
    assert _shown(refused) == [("REJECTED_RULE", "HAS_DEPENDANTS")]  # 2 wrote the record since


def test_an_event_with_a_posted_voucher_is_not_returned(program: Program) -> None:
    book = _book(program)
    small = _event("1", "claimed", department="市场", amount="9.00")
    (result,) = _post(book, "lin", small)
    assert (result.status.name, result.vouchers) == ("PENDING_REVIEW", ("C01/GL/2026-03/记/1",))
    given = {"decision": "return", "reason": "x", "role": "会计主管"}
    assert _shown(_post(book, "wang", _review("1", **given))) == [
        ("REJECTED_RULE", "ALREADY_POSTED")
    ]
    approved = {**_review("1", decision="approve", role="会计主管"), "id": "r2"}
    _post(book, "wang", approved)
    assert book.event("", "1").vouchers == ("C01/GL/2026-03/记/1", "C01/GL/2026-03/记/2")


def test_a_withdrawn_draft_is_taken_back(program: Program) -> None:
    book = _book(program)
    _post(book, "lin", GIVEN, CLAIM)
    _post(book, "lin", _event("w", "event.withdrawn", of_id="1", comment="重复"))
    assert book.event("", "1").status.name == "WITHDRAWN"
    assert _budget(book) == (0, 50_000)
    assert book.drafts() == ([], "")
    assert _shown(_post(book, "lin", CLAIM)) == [("PENDING_REVIEW", "AWAITS_REVIEW")]


def test_a_period_with_drafts_does_not_close(program: Program) -> None:
    book = _book(program)
    _post(book, "lin", CLAIM)
    refused = _post(book, "lin", _event("c", "period.closed", period="2026-03"))
    assert _shown(refused) == [("REJECTED_RULE", "UNPOSTED_VOUCHERS")]
    assert "default/1" in refused[0].message
    assert _shown(_post(book, "lin", _event("d", "period.closed", period="2026-02"))) == [
        ("NO_POSTING", "")
    ]
    _post(book, "wang", _review("1", decision="approve", role="会计主管"))
    closed = _post(book, "lin", _event("c", "period.closed", period="2026-03"))
    assert _shown(closed) == [("NO_POSTING", "")]


def test_an_event_and_the_close_of_its_period_in_one_call(program: Program) -> None:
    book = _book(program)
    results = _post(book, "lin", CLAIM, _event("c", "period.closed", period="2026-03"))
    assert _shown(results)[1] == ("REJECTED_RULE", "UNPOSTED_VOUCHERS")


def test_a_dry_run_shows_the_draft(program: Program) -> None:
    book = _book(program)
    (result,) = book.dry_run(Call(events=[CLAIM], principal="lin")).results
    assert (result.status.name, result.vouchers) == ("PENDING_REVIEW", ())
    (draft,) = result.drafts
    assert (draft.state, draft.number, draft.lines[0].debit) == ("drafted", 0, 12_000)
    assert book.drafts() == ([], "")


def test_columns_and_closures_draft_alike_in_any_batch_size(program: Program) -> None:
    events = []
    for number in range(240):
        kind = ("claimed", "paid", "advanced")[number % 3]
        fields: dict[str, object] = {"department": "市场", "amount": f"{number % 17}.00"}
        if kind != "claimed":
            fields = {"doc": f"D{number % 5}"}
            fields["total" if kind == "paid" else "amount"] = f"{number}.00"
        events.append(_event(str(number), kind, **fields))
    seen = []
    for evaluator, size in (("closures", 1), ("closures", 240), ("columns", 240), ("columns", 31)):
        book = _book(program, evaluator)
        for start in range(0, len(events), size):
            book.post([Call(events=events[start : start + size], principal="lin")])
        drafts, _ = book.drafts(limit=1000)
        seen.append(
            (
                [(d.voucher.event_id, d.draft, d.voucher.summary, d.voucher.lines) for d in drafts],
                [(v.name, v.event_id, v.lines) for v in book.vouchers(limit=1000)[0]],
                {name: event.records for name, event in book.state.drafts.items()},
            )
        )
    assert len(seen[0][0]) > 100
    assert seen[0] == seen[1] == seen[2] == seen[3]


def test_a_stored_book_with_reviews_verifies_and_opens_from_its_snapshot(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'book.db'}"
    with_rules = {
        "type": "revision.published",
        "id": "p",
        "source": "tongpin",
        "date": "2026-01-01",
        "files": [{"path": "a.tp", "content": RULES}],
    }
    book = Book.open(url, compiler=compile_files)
    steps: list[tuple[str, dict[str, object]]] = [
        ("lin", with_rules),
        ("lin", GIVEN),
        ("lin", CLAIM),
        ("lin", _event("2", "paid", doc="A", total="30.00")),
        ("lin", _event("3", "paid", doc="A", total="50.00")),
        ("lin", _event("4", "advanced", doc="A", amount="8.00")),
        ("lin", _event("5", "claimed", department="市场", amount="3.00")),
        ("wang", _review("1", decision="return", reason="x", role="会计主管")),
        ("wang", _review("2", decision="approve")),
        ("lin", _event("t", "event.retried", events=[])),
        ("wang", {**_review("1", decision="approve", role="会计主管"), "id": "r-1b"}),
        ("wang", _review("5", decision="approve", role="会计主管")),
        ("lin", _event("6", "paid", doc="C", total="1.00")),
        ("lin", _event("w", "event.withdrawn", of_id="6", comment="x")),
        ("lin", _event("7", "paid", doc="C", total="2.00")),
    ]
    for principal, event in steps:
        results = _post(book, principal, event)
        assert {result.status.name for result in results} <= {
            "POSTED", "NO_POSTING", "PENDING_REVIEW", "UNPOSTED"
        }, (event, results)  # fmt: skip
    drafts = book.drafts()
    assert [draft.voucher.event_id for draft in drafts[0]] == ["3", "7"]
    book.snapshot()
    book.close()
    report = verify_book(url, "main", compile_files)
    assert report.first_bad is None, report.first_bad
    assert report.checked["drafts"] == 7
    again = Book.open(url, compiler=compile_files, read_only=True)
    assert again.snapshot_note == ""
    assert again.drafts() == drafts
    assert again.event("", "1").vouchers == ("C01/GL/2026-03/记/4",)
    again.close()
    (tmp_path / "book.db.snapshot").unlink()
    folded = Book.open(url, compiler=compile_files, read_only=True)
    assert folded.drafts() == drafts
    folded.close()
