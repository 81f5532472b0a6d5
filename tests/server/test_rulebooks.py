"""Rule books from files in memory and from folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import CallerError
from server import rulebooks
from server.rulebooks import check_files, compile_files, read_folder
from tests.server.rules import BROKEN, FAILING_TEST, SALES


def test_program_of_sound_files_is_given() -> None:
    program = compile_files([("a.tp", SALES.encode())])
    assert [found.wire for found in program.event_types] == ["sale", "note"]


def test_byte_order_mark_changes_nothing() -> None:
    plain, marked = (
        compile_files([("a.tp", mark + SALES.encode())]) for mark in (b"", b"\xef\xbb\xbf")
    )
    assert plain.revision == marked.revision  # fmt: skip


def test_error_shows_what_a_terminal_would() -> None:
    with pytest.raises(CallerError, match="TP301") as caught:
        compile_files([("a.tp", BROKEN.encode())])
    assert caught.value.reason == "REVISION_REFUSED"
    assert "^^^^" in caught.value.message


def test_bytes_that_are_no_text_are_a_diagnostic() -> None:
    check = check_files([("a.tp", b"\xff\xfe\x00")], run_tests=True)
    assert not check.ok
    assert check.diagnostics


def test_tests_are_run_only_if_asked_for() -> None:
    files = [("a.tp", FAILING_TEST.encode())]
    assert check_files(files, run_tests=False).ok
    check = check_files(files, run_tests=True)
    assert not check.ok
    assert "test a sale failed (a.tp:" in check.failures()


def test_folder_is_read_in_the_order_of_paths(tmp_path: Path) -> None:
    for name in ("b.tp", "a/chart.csv", "a/z.tp", "notes.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, encoding="utf-8")
    assert read_folder(tmp_path) == [
        ("a/chart.csv", b"a/chart.csv"),
        ("a/z.tp", b"a/z.tp"),
        ("b.tp", b"b.tp"),
    ]


def test_folder_without_rules_or_with_too_many_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CallerError, match="holds no rule file"):
        read_folder(tmp_path)
    monkeypatch.setattr(rulebooks, "MAX_RULE_FILES", 1)
    for name in ("a.tp", "b.tp"):
        (tmp_path / name).write_text("", encoding="utf-8")
    with pytest.raises(CallerError, match="at most 1 files"):
        read_folder(tmp_path)
