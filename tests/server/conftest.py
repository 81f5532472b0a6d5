"""Fixtures of the service's tests: a server over a book in memory, and channels to it."""

from __future__ import annotations

import sys
import types

for _name, _attrs in {
    "engine.book": ["Book"],
    "rules_dsl.compile": ["compile_rulebook"],
    "rules_dsl.testing": ["TestResult", "run_tests"],
    "engine.projection": ["RowProjection"],
}.items():
    try:
        __import__(_name)
        getattr(sys.modules[_name], _attrs[0])
    except (ImportError, AttributeError):
        _m = types.ModuleType(_name)
        for _a in _attrs:
            setattr(_m, _a, type(_a, (), {}))
        sys.modules[_name] = _m
