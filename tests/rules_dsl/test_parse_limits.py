"""Text beyond the limits is refused quickly, at its place."""

from __future__ import annotations

import time

import pytest

from rules_dsl.limits import (
    MAX_BOOK_CHARS,
    MAX_DEPTH,
    MAX_FILE_CHARS,
    MAX_FILE_ERRORS,
    MAX_FILE_LEXEMES,
    MAX_FILE_LINES,
    MAX_FILE_WARNINGS,
    MAX_FILES,
    MAX_LINE_LEXEMES,
    MAX_NAME_CHARS,
    MAX_NUMBER_DIGITS,
    MAX_PLACEHOLDERS,
    MAX_TEXT_CHARS,
)
from rules_dsl.parse import parse_file, parse_rulebook
from rules_dsl.source import SourceFile

RULE = "rule 甲\n  on 乙\n  let x = "

# Source, what the refusal says, and the line it points at.
BOMBS = {
    "a file of ten million characters": ("x" * 10_000_000, "characters", 1),
    "a file of a million lines": ("unit 件\n" * 1_000_000, "lines", MAX_FILE_LINES + 1),
    "a file of countless words": (
        ("a " * 29 + "\n") * (MAX_FILE_LINES // 2),
        f"more than {MAX_FILE_LEXEMES} words",
        MAX_FILE_LEXEMES // 29 + 1,
    ),
    "ten thousand brackets": (RULE + "(" * 10_000 + "1" + ")" * 10_000, "nested deeper", 3),
    "ten thousand open brackets": (RULE + "(" * 10_000, "nested deeper", 3),
    "ten thousand lists": ('test "t"\n  given 乙 x = ' + "[" * 10_000, "nested deeper", 2),
    "thousands of not": (RULE + "not " * 9_000 + "a", "deeper than", 3),
    "thousands of minus": (RULE + "- " * 9_000 + "a", "deeper than", 3),
    "a product of thousands": (RULE + "*".join("x" * 4_000), "deeper than", 3),
    "an endless product": (RULE + "*".join("x" * 100_000), f"{MAX_LINE_LEXEMES} words", 3),
    "a giant number": (RULE + "9" * 250_000, "more digits", 3),
    "a giant name": (RULE + "税" * 250_000, f"{MAX_NAME_CHARS} characters", 3),
    "a giant text": (RULE + '"' + "x" * 250_000 + '"', f"{MAX_TEXT_CHARS} characters", 3),
    "a template of thousands": (
        'rule 甲\n  on 乙\n  voucher "' + "{a}" * 2_000 + '"',
        f"{MAX_PLACEHOLDERS} expressions",
        3,
    ),
    "a giant array": ('test "t"\n  given 乙 x = [' + "1, " * 50_000 + "1]", "words", 2),
    "a giant array over lines": (
        'test "t"\n  given 乙 x = [' + "1, 2, 3, 4, 5, 6,\n  " * 1_500 + "1]",
        f"{MAX_LINE_LEXEMES} words",
        None,
    ),
    "open texts without end": ("rule 甲\n" + '  basis "\\\n' * 5_000, "closing quote", None),
    "unclosed brackets on every line": (RULE + "(\n  let x = (\n" * 4_000, "is", None),
    "nothing but mistakes": ("rule 甲\n" + "  foo bar\n" * 9_000, "opens no line", 2),
    "unknown declarations": ("规则x\n" * 9_000, "", 1),
    "words glued to keywords": (
        "规则 甲\n" + "  设借贷按若则否则 = 借贷 借贷金额按 按部门若 否则1 则则则\n" * 3_000,
        "",
        2,
    ),
    "full-width signs": ("，" * 250_000, "", 1),
    "control characters": ("\0" * 250_000, "invisible", 1),
    "tabs": ("\t" * 250_000 + "unit", "tab", 1),
    "quotes": ('"' * 250_000, "", 1),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_a_second_at_its_place(name: str) -> None:
    source, words, line = BOMBS[name]
    parse_file("a.tp", "unit 件\n")  # builds the grammar once
    start = time.process_time()
    result = parse_file("a.tp", source)
    assert time.process_time() - start < 1
    assert any(words in each.message for each in result.diagnostics)
    assert line in {None, result.diagnostics[0].span.line}
    assert result.diagnostics[0].span.column >= 1


def test_a_file_with_many_mistakes_ends_with_saying_so() -> None:
    result = parse_file("a.tp", "rule 甲\n" + "  foo bar\n" * 500)
    assert len(result.diagnostics) == MAX_FILE_ERRORS + 1
    assert "more than" in result.diagnostics[-1].message


def test_full_width_signs_are_reported_up_to_a_limit() -> None:
    result = parse_file("a.tp", "unit 件  #\n" + "，" * 9_000)
    warnings = [each for each in result.diagnostics if each.code == "TP102"]
    assert len(warnings) == MAX_FILE_WARNINGS


def test_expressions_within_the_depth_parse() -> None:
    for text in ("+".join("x" * MAX_DEPTH), "(" * MAX_DEPTH + "x" + ")" * MAX_DEPTH):
        assert parse_file("a.tp", f"{RULE}{text}\n").diagnostics == []


def test_numbers_within_the_digits_parse() -> None:
    assert parse_file("a.tp", RULE + "9" * MAX_NUMBER_DIGITS).diagnostics == []
    assert len(parse_file("a.tp", RULE + "9" * (MAX_NUMBER_DIGITS + 1)).diagnostics) == 1


def test_a_rule_book_of_too_many_files_or_characters_is_not_read_on() -> None:
    files = [SourceFile(f"{index}.tp", "") for index in range(MAX_FILES + 2)]
    parsed, (diagnostic,) = parse_rulebook(files)
    assert len(parsed) == MAX_FILES
    assert diagnostic.span.file == f"{MAX_FILES}.tp"
    count = MAX_BOOK_CHARS // MAX_FILE_CHARS + 1
    long = [SourceFile(f"{index}.tp", " " * MAX_FILE_CHARS) for index in range(count)]
    _, (diagnostic,) = parse_rulebook(long)
    assert str(MAX_BOOK_CHARS) in diagnostic.message
