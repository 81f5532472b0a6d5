"""The formatter: one layout for rule files, without options; what a file means never changes."""

from rules_dsl.formatter.formatting import Formatted, format_text

__all__ = ["Formatted", "format_text"]
