"""`tongpin check --fix`: files repaired in place, the rest reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import CallerError
from tongpin_cli.checking import check_rules, explain_code
from tongpin_cli.output import Output

BOOK = "规则册 甲\n账簿 总账 对应 GL 币种 CNY\n"


def test_fix_repairs_files_in_place_and_reports_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.tp").write_text(BOOK + "代码 色 ＝ 红\n代码 色 = 蓝\n", encoding="utf-8")
    (tmp_path / "b.tp").write_text("单位 小时\n", encoding="utf-8")
    untouched = (tmp_path / "b.tp").stat().st_mtime_ns
    assert check_rules([tmp_path], Output(True), fix=True) == 1
    printed = capsys.readouterr()
    assert f"fixed 1 problems in {tmp_path / 'a.tp'}" in printed.err
    assert [found["code"] for found in json.loads(printed.out)] == ["TP203"]
    assert "代码 色 = 红\n" in (tmp_path / "a.tp").read_text("utf-8")
    assert (tmp_path / "b.tp").stat().st_mtime_ns == untouched


def test_fix_of_single_files_finds_them_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.tp"
    path.write_text("\ufeff" + BOOK.replace("CNY", "CNY 负数　红字"), encoding="utf-8")
    assert check_rules([path], Output(), fix=True) == 0
    assert path.read_text("utf-8") == BOOK.replace("CNY", "CNY 负数 红字")
    assert check_rules([path], Output(), fix=True) == 0
    assert "nothing to fix" in capsys.readouterr().err


def test_the_page_of_a_code_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain_code("tp301", Output()) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# TP301: voucher not proved balanced")
    assert "## Why it matters" in shown
    with pytest.raises(CallerError, match="no page tells of TP000"):
        explain_code("TP000", Output())


def test_check_prints_the_way_to_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.tp").write_text(BOOK + "规则 甲\n  针对 无\n", encoding="utf-8")
    assert check_rules([tmp_path], Output()) == 1
    assert "tongpin check --explain TP201" in capsys.readouterr().out
