"""Diagnostics as people and machines see them."""

from __future__ import annotations

import re

from engine.program import Span
from rules_dsl.diagnostics import (
    Diagnostic,
    Fix,
    Severity,
    diagnose,
    display_width,
    render,
    render_all,
    to_json,
)
from rules_dsl.diagnostics.render import MAX_SHOWN_COLUMNS

LINE = "    credit 其他应付款.员工  不含税额 by 部门"
TEXT = "\n" * 11 + LINE + "\n"
PLACE = Span("rules/费用.tp", 12, 22, 12, 26)


def unbalanced() -> Diagnostic:
    return diagnose(
        "TP301",
        PLACE,
        "this voucher does not balance",
        label="贷方合计少 税额",
        notes=("debits − credits = 税额",),
        help="含税金额 equals 不含税额 + 税额",
        suggestions=("含税金额",),
        declaration="rule 费用报销",
    )


def test_a_diagnostic_shows_its_line_with_the_caret_under_the_place() -> None:
    assert render(unbalanced(), TEXT) == (
        "error[TP301]: this voucher does not balance\n"
        "  --> rules/费用.tp:12:22   (rule 费用报销)\n"
        "   |\n"
        "12 |     credit 其他应付款.员工  不含税额 by 部门\n"
        "   |                             ^^^^^^^^ 贷方合计少 税额\n"
        "   = debits − credits = 税额\n"
        "   = help: 含税金额 equals 不含税额 + 税额; did you mean 含税金额?"
    )


def test_the_caret_stands_below_wide_characters_and_tabs() -> None:
    shown = render(diagnose("TP101", Span("a", 1, 5, 1, 7), "x"), "\t税\t额x").splitlines()
    source, caret = shown[3], shown[4]
    assert display_width(source[: source.index("x")]) == display_width(caret[: caret.rindex("^")])


def test_combining_marks_take_no_column() -> None:
    shown = render(diagnose("TP101", Span("a", 1, 3, 1, 4), "x"), "e\u0301x").splitlines()
    assert shown[4].index("^") == shown[3].index("x") - 1


def test_an_empty_place_has_one_caret_and_a_long_one_ends_with_its_line() -> None:
    empty = render(diagnose("TP101", Span("a", 1, 3, 1, 3), "x"), "ab")
    assert empty.splitlines()[4] == "  |   ^"
    over = render(diagnose("TP101", Span("a", 1, 2, 3, 1), "x"), "abcd\nef\n")
    assert over.splitlines()[4] == "  |  ^^^"


def test_a_place_without_source_still_renders() -> None:
    assert render(diagnose("TP101", Span("a.tp", 7, 1, 7, 2), "x"), "") == (
        "error[TP101]: x\n --> a.tp:7:1"
    )


def test_several_suggestions_and_places_read_as_a_sentence() -> None:
    diagnostic = diagnose(
        "TP203",
        Span("a.tp", 1, 1, 1, 2),
        "x",
        suggestions=("甲", "乙", "丙"),
        related=((Span("b.tp", 3, 4, 3, 5), "first declared here"),),
    )
    assert render(diagnostic, "ab").splitlines()[-2:] == [
        "  = b.tp:3:4: first declared here",
        "  = help: did you mean 甲, 乙 or 丙?",
    ]


def test_a_long_line_is_cut_around_its_caret() -> None:
    line = "a" * 5_000 + "税" + "b" * 5_000
    source, caret = render(diagnose("TP101", Span("a", 1, 5_001, 1, 5_002), "x"), line).split("\n")[
        3:5
    ]
    assert display_width(source) <= MAX_SHOWN_COLUMNS
    at = source.index("税")
    assert caret.index("^") == display_width(source[:at])


def test_nothing_in_a_file_can_command_the_terminal() -> None:
    text = "unit \x1b[31m\u202e\n"
    shown = render(diagnose("TP101", Span("a", 1, 6, 1, 7), "bad \x1b here"), text)
    assert re.search("[\x1b\u202e]", shown) is None


def test_colour_comes_only_when_asked_for_and_changes_no_text() -> None:
    plain, colored = render(unbalanced(), TEXT), render(unbalanced(), TEXT, color=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert colored != plain


def test_diagnostics_of_several_files_render_one_below_the_other() -> None:
    first = diagnose("TP101", Span("a", 1, 1, 1, 2), "x")
    second = diagnose("TP102", Span("b", 1, 1, 1, 2), "y")
    shown = render_all([first, second], {"a": "甲", "b": "乙"})
    assert shown.count("\n\n") == 1
    assert "甲" in shown.split("\n\n")[0]
    assert "乙" in shown.split("\n\n")[1]


def test_json_has_the_members_of_the_contract() -> None:
    place = Span("a.tp", 1, 3, 1, 4)
    fix = Fix(place, "税额", safe=True)
    diagnostic = Diagnostic("TP201", Severity.ERROR, "x", place, suggestions=("税额",), fix=fix)
    assert to_json(diagnostic, "𠮷 额") == {
        "code": "TP201",
        "severity": "error",
        "file": "a.tp",
        "line": 1,
        "column": 3,
        "end_line": 1,
        "end_column": 4,
        "column_utf16": 4,
        "message": "x",
        "suggestions": ["税额"],
        "fix": {
            "line": 1,
            "column": 3,
            "end_line": 1,
            "end_column": 4,
            "replacement": "税额",
            "safe": True,
        },
    }
    assert to_json(unbalanced(), TEXT)["fix"] is None
