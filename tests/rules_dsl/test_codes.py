"""The registry of diagnostic codes."""

from __future__ import annotations

import re

import pytest

from engine.errors import InvariantBroken
from engine.program import Span
from rules_dsl.diagnostics import CODES, Severity, diagnose


def test_codes_are_registered_once_in_order_with_a_name_and_a_sentence() -> None:
    assert list(CODES) == sorted(CODES)
    for code, entry in CODES.items():
        assert entry.code == code
        assert re.fullmatch(r"TP\d{3}", code)
        assert entry.name
        assert entry.meaning.endswith(".")
    names = [entry.name for entry in CODES.values()]
    assert len(names) == len(set(names))


def test_a_diagnostic_weighs_what_its_code_does_unless_told() -> None:
    assert diagnose("TP102", Span(), "x").severity is Severity.WARNING
    assert diagnose("TP406", Span(), "x", severity=Severity.INFO).severity is Severity.INFO


def test_an_unknown_code_is_our_own_mistake() -> None:
    with pytest.raises(InvariantBroken):
        diagnose("TP999", Span(), "x")
