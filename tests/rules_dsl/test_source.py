"""Reading rule files, and places in their text."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.program import Span
from rules_dsl.limits import MAX_FILE_CHARS
from rules_dsl.parse import parse_file
from rules_dsl.source import (
    FULL_WIDTH,
    line_at,
    place_of_offset,
    read_rulebook,
    read_text,
    span_text,
    split_lines,
    utf16_column,
)


def test_a_folder_gives_its_rule_files_in_order_of_their_paths(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/税.tp", "a.tp", "b/b.tp", "notes.md", "chart.csv"):
        (tmp_path / name).write_text(f"# {name}\n", encoding="utf-8")
    sources = read_rulebook(tmp_path)
    assert [source.path for source in sources] == ["a.tp", "b/b.tp", "b/税.tp"]
    assert sources[1].text == "# b/b.tp\n"


def test_files_may_be_given_one_by_one(tmp_path: Path) -> None:
    for name in ("b.tp", "a.tp"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert [source.path for source in read_rulebook(str(tmp_path / "a.tp"))] == ["a.tp"]
    given = [tmp_path / "b.tp", tmp_path / "a.tp"]
    assert [source.path for source in read_rulebook(given)] == sorted(
        path.as_posix() for path in given
    )


def test_paths_are_in_normal_form(tmp_path: Path) -> None:
    (tmp_path / "re\u0301gle.tp").write_text("", encoding="utf-8")
    assert [source.path for source in read_rulebook(tmp_path)] == ["r\u00e9gle.tp"]


def test_a_folder_without_rule_files_is_an_empty_rule_book(tmp_path: Path) -> None:
    assert read_rulebook(tmp_path) == []


def test_a_missing_file_is_the_callers_problem(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_rulebook(tmp_path / "missing.tp")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.tp").write_bytes(b"\xef\xbb\xbfunit \xe4\xbb\xb6\n")
    assert read_text(tmp_path / "a.tp") == "unit 件\n"


def test_bytes_that_are_not_utf_8_are_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "a.tp").write_bytes("unit 件\nunit 小时\n".encode("gb18030"))
    (source,) = read_rulebook(tmp_path)
    first = parse_file(source.path, source.text).diagnostics[0]
    assert (first.span.line, first.span.column) == (1, 6)
    assert "UTF-8" in first.message


def test_of_a_giant_file_only_the_beginning_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.tp").write_text("税" * (10 * MAX_FILE_CHARS), encoding="utf-8")
    text = read_text(tmp_path / "a.tp")
    assert MAX_FILE_CHARS < len(text) < 10 * MAX_FILE_CHARS


def test_lines_end_at_newlines_only() -> None:
    assert split_lines("a\r\nb\u2028c\x0bd\n") == ["a", "b\u2028c\x0bd", ""]


def test_names_are_in_normal_form_while_columns_count_the_text() -> None:
    result = parse_file("a.tp", "unit re\u0301gle foo\n")
    (diagnostic,) = result.diagnostics
    assert diagnostic.span.column == 13
    (unit,) = parse_file("a.tp", "unit re\u0301gle\n").file.declarations
    assert getattr(unit, "name", None) == "r\u00e9gle"


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [("abc", 3, 3), ("税额 x", 4, 4), ("𠮷𠮷x", 3, 5), ("𠮷", 2, 3), ("", 1, 1)],
)
def test_utf_16_columns_count_surrogates(line: str, column: int, expected: int) -> None:
    assert utf16_column(line, column) == expected


def test_text_of_a_span_may_reach_over_lines() -> None:
    text = "一二\n三四\n五六\n"
    assert span_text(text, Span("a", 1, 2, 1, 3)) == "二"
    assert span_text(text, Span("a", 1, 2, 3, 2)) == "二\n三四\n五"
    assert span_text(text, Span("a", 9, 1, 9, 2)) == ""


def test_lines_and_offsets_are_found() -> None:
    assert line_at("a\nb", 2) == "b"
    assert line_at("a\nb", 3) == ""
    assert [place_of_offset("a\nbc", offset) for offset in (0, 2, 3)] == [(1, 1), (2, 1), (2, 2)]


@pytest.mark.parametrize("sign", [sign for sign in FULL_WIDTH if sign not in "：；“”"])
def test_every_full_width_sign_reads_as_its_twin(sign: str) -> None:
    shapes = {
        ",": "target 甲 by a{}b",
        "(": "rule 甲\n  on 乙\n  let x = {}a)",
        ")": "rule 甲\n  on 乙\n  let x = (a{}",
        "=": "rule 甲\n  on 乙\n  let x {} a",
        "|": "code 甲 = a {} b",
        ".": "rule 甲\n  on 乙{}丙",
        " ": "unit{}件",
    }
    shape = shapes[FULL_WIDTH[sign]]
    (diagnostic,) = parse_file("a.tp", shape.format(sign)).diagnostics
    assert diagnostic.code == "TP102"
    assert diagnostic.fix is not None
    assert diagnostic.fix.replacement == FULL_WIDTH[sign]
    assert parse_file("a.tp", shape.format(FULL_WIDTH[sign])).diagnostics == []
