"""`tongpin fmt`: what it writes, what it leaves alone, its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import CallerError
from tongpin_cli.formatting import format_files
from tongpin_cli.output import Output

UNTIDY = "列表 甲\r\n 名称 文本\r\n 额 金额\r\n"
TIDY = "列表 甲\n  名称 文本\n  额   金额\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.tp").write_text(UNTIDY, encoding="utf-8", newline="")
    (tmp_path / "sub" / "b.tp").write_text(TIDY, encoding="utf-8")
    return tmp_path


def test_check_names_what_would_change_and_exits_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert format_files([folder], Output(), only_check=True) == 1
    shown = capsys.readouterr().out
    assert f"would change {folder / 'a.tp'}" in shown
    assert "b.tp" not in shown
    assert (folder / "a.tp").read_bytes() == UNTIDY.encode()


def test_files_are_rewritten_and_then_stay(folder: Path) -> None:
    assert format_files([folder], Output(), only_check=False) == 0
    assert (folder / "a.tp").read_bytes() == TIDY.encode()
    assert format_files([folder, folder / "a.tp"], Output(), only_check=True) == 0


def test_a_file_that_does_not_parse_is_left_with_its_diagnostic(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.tp").write_text("列表\n", encoding="utf-8")
    assert format_files([folder], Output(True), only_check=False) == 1
    shown = json.loads(capsys.readouterr().out)
    assert (shown["files"], shown["changed"]) == (2, [])
    assert [found["code"] for found in shown["diagnostics"]] == ["TP101"]
    assert (folder / "a.tp").read_text("utf-8") == "列表\n"


def test_a_folder_without_rules_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="holds no rule file"):
        format_files([tmp_path], Output(), only_check=False)
