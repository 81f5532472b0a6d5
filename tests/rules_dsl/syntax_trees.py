"""Comparing syntax trees by what they say, not by where they say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

from engine.program import Span
from rules_dsl.parse import parse_file
from rules_dsl.syntax import Declaration


def strip_spans(node: object) -> object:
    """Gives a tree with the same meaning in which every span is empty."""
    if isinstance(node, Span):
        return Span()
    if isinstance(node, tuple):
        return tuple(strip_spans(each) for each in node)
    if is_dataclass(node) and not isinstance(node, type):
        changed = {field.name: strip_spans(getattr(node, field.name)) for field in fields(node)}
        return replace(node, **changed)
    return node


def spans_in(node: object) -> Iterator[Span]:
    """Gives every span of a tree."""
    if isinstance(node, Span):
        yield node
    elif isinstance(node, tuple):
        for each in node:
            yield from spans_in(each)
    elif is_dataclass(node) and not isinstance(node, type):
        for field in fields(node):
            yield from spans_in(getattr(node, field.name))


def parsed(text: str) -> tuple[Declaration, ...]:
    """Parses a text that has nothing wrong, and gives its declarations."""
    result = parse_file("rules.tp", text)
    assert result.diagnostics == []
    return result.file.declarations
