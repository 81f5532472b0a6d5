"""The rule files of this repository are laid out as `tongpin fmt` does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules_dsl.formatter import format_text

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = (
    "rules_dsl/rulebooks",
    "tests/alaska",
    "tests/budgets/rules",
    "tests/road_fines/rules",
)
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.tp"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_rule_file_is_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert format_text(path.name, text).text == text, "run tongpin fmt on it"


def test_every_folder_holds_rule_files() -> None:
    assert all(any((ROOT / folder).rglob("*.tp")) for folder in FOLDERS)
