"""Charts in rule files and in CSV files beside them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from engine.program import NO_DATE, Account
from rules_dsl.chart import csv_places
from rules_dsl.compile import CompileResult, compile_rulebook, load_and_compile
from rules_dsl.parse import parse_file
from rules_dsl.source import SourceFile
from rules_dsl.syntax import ChartDecl

HEAD = """\
rulebook 测试
ledger 总账 is GL currency CNY
dimension 客户
dimension 项目
"""
EPOCH = date(1970, 1, 1).toordinal()


def compile_chart(text: str, csv: str | bytes | None = None) -> CompileResult:
    data = csv.encode() if isinstance(csv, str) else csv
    assets = {} if data is None else {"chart.csv": data}
    return compile_rulebook([SourceFile("a.tp", HEAD + text)], assets=assets)


def accounts_of(result: CompileResult) -> tuple[Account, ...]:
    assert result.program is not None, result.diagnostics
    return result.program.accounts


def told(result: CompileResult) -> list[tuple[str, str, int]]:
    return [
        (each.code, each.message, each.span.line)
        for each in result.diagnostics
        if each.code != "TP204"
    ]


def test_account_holds_code_side_dimensions_and_dates() -> None:
    text = 'chart 甲\n  应收.客户 @1122 "应收" debit requires 客户, 项目 from 2020-01-01\n'
    first = date(2020, 1, 1).toordinal() - EPOCH
    expected = Account(
        "应收.客户", "1122", "应收", debit_side=True, required=(0, 1), valid_from=first
    )
    assert accounts_of(compile_chart(text)) == (expected,)


def test_csv_gives_the_same_accounts_as_a_rule_file() -> None:
    lines = (
        "chart 甲\n"
        '  应收 @1122 "应收" debit requires 客户, 项目 until 2026-12-31\n'
        "  应付 @2202 credit\n"
    )
    csv = (
        "\ufeffcode,role,side,name,requires,from,until\r\n"
        "1122,应收,debit,应收,客户 项目,,2026-12-31\r\n"
        "\r\n"
        "@2202,应付,贷\r\n"
    )
    assert accounts_of(compile_chart('chart 甲 from "chart.csv"\n', csv)) == accounts_of(
        compile_chart(lines)
    )


def test_open_dates_are_no_dates() -> None:
    (account,) = accounts_of(compile_chart("chart 甲\n  应收 @1122 debit\n"))
    assert (account.valid_from, account.valid_until) == (NO_DATE, NO_DATE)


def test_several_roles_may_stand_for_one_account_of_one_side() -> None:
    assert (
        len(accounts_of(compile_chart("chart 甲\n  应收 @1122 debit\n  应收二 @1122 debit\n"))) == 2
    )
    result = compile_chart("chart 甲\n  应收 @1122 debit\n  应收二 @1122 credit\n")
    assert told(result) == [("TP211", "应收二 and 应收 share a code but not the normal side", 7)]


@pytest.mark.parametrize(
    ("csv", "code", "message", "line"),
    [
        (None, "TP201", "unknown file chart.csv", 5),
        (b"\xff\xfe", "TP211", "chart.csv is not UTF-8 text", 5),
        ("", "TP211", "the first line lacks the column role", 1),
        ("role,code\n", "TP211", "the first line lacks the column side", 1),
        ("role,code,side,colour\n", "TP201", "unknown column colour", 1),
        ("role,code,side\n应收,1122,left\n", "TP211", "the side is debit or credit, not left", 2),
        ("role,code,side\n应收,,debit\n", "TP211", "this account has no code", 2),
        ("role,code,side\n应收,1,debit,x\n", "TP211", "this line has 4 cells, the first 3", 2),
        (
            "role,code,side,from\n应收,1,debit,2026-02-30\n",
            "TP211",
            "2026-02-30 is not a date such as 2026-03-05",
            2,
        ),
        (
            "role,code,side,from,until\n应收,1,debit,2026-02-01,2026-01-01\n",
            "TP211",
            "the account 应收 ends before it begins",
            2,
        ),
        ("role,code,side,requires\n应收,1,debit,客戶\n", "TP201", "unknown dimension 客戶", 2),
        (
            "role,code,side\n应收,1,debit\n应收,2,debit\n",
            "TP203",
            "the account 应收 is declared twice",
            3,
        ),
        (
            'role,code,side\n"应收,1,debit\n',
            "TP211",
            "chart.csv is not a CSV file: unexpected end of data",
            5,
        ),
    ],
)
def test_mistakes_in_a_csv_are_told_with_their_line(
    csv: str | bytes | None, code: str, message: str, line: int
) -> None:
    assert told(compile_chart('chart 甲 from "chart.csv"\n', csv)) == [(code, message, line)]


def test_roles_of_an_unreadable_chart_are_not_reported_again() -> None:
    text = (
        'chart 甲 from "chart.csv"\nevent 单据\n  金额 amount\nrule 单据\n  on 单据\n'
        '  basis "制度"\n  voucher "单据"\n    debit 应收 金额\n    credit 应付 金额\n'
    )
    assert told(compile_chart(text)) == [("TP201", "unknown file chart.csv", 5)]


@pytest.mark.parametrize(
    ("path", "name", "places"),
    [
        ("a.tp", "chart.csv", ("chart.csv",)),
        ("sub/a.tp", "chart.csv", ("sub/chart.csv", "chart.csv")),
        ("sub/a.tp", "../chart.csv", ("chart.csv",)),
        ("a.tp", "../chart.csv", ()),
        ("a.tp", "/etc/chart.csv", ()),
    ],
)
def test_csv_lies_beside_its_file_or_at_the_root_and_never_outside(
    path: str, name: str, places: tuple[str, ...]
) -> None:
    (chart,) = parse_file(path, f'chart 甲 from "{name}"\n').file.declarations
    assert isinstance(chart, ChartDecl)
    assert csv_places(chart) == places


def test_csv_is_read_from_the_folder_of_a_rule_book(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "a.tp").write_text(HEAD + 'chart 甲 from "chart.csv"\n', encoding="utf-8")
    (folder / "chart.csv").write_text("role,code,side\n应收,1122,debit\n", encoding="utf-8")
    assert [each.role for each in accounts_of(load_and_compile(folder))] == ["应收"]
    assert [each.role for each in accounts_of(load_and_compile(folder / "a.tp"))] == ["应收"]
