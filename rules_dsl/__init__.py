"""The rule language: from the text of a rule book to a program the engine can run."""

from rules_dsl.parse import ParseResult, parse_file, parse_rulebook
from rules_dsl.source import SourceFile, read_rulebook

__all__ = [
    "ParseResult",
    "SourceFile",
    "parse_file",
    "parse_rulebook",
    "read_rulebook",
]
