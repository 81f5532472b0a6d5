"""From a quoted text to its parts: plain text, and the expressions that stand in `{…}`."""

from __future__ import annotations

import re

from engine.program import Span
from rules_dsl.build_tree import Place, build_expr, is_too_deep, lexeme_of, span_of
from rules_dsl.limits import MAX_DEPTH, MAX_FILE_ERRORS, MAX_PLACEHOLDERS
from rules_dsl.line_parser import FailedLine, ParsedLine, parse_line
from rules_dsl.scan import Scanner
from rules_dsl.slips import explain_failure
from rules_dsl.syntax import Expr, TemplateText
from rules_dsl.tree import Token

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}|[{}]")


def build_template(place: Place, leaf: Token) -> TemplateText:
    """Builds a text whose `{…}` are expressions."""
    lexeme = lexeme_of(place, leaf)
    body = lexeme.text[1:-1] if lexeme.value else ""
    parts: list[str | Expr] = []
    end = 0
    for count, match in enumerate(_PLACEHOLDER.finditer(body)):
        if count >= MAX_PLACEHOLDERS:
            message = f"this text has more than {MAX_PLACEHOLDERS} expressions"
            place.report(span_of(place, leaf), message)
            break
        if len(place.problems) > MAX_FILE_ERRORS:
            break
        parts.append(_unescape(body[end : match.start()]))
        end = match.end()
        column = lexeme.column + 1 + match.start()
        if match.group(1) is None:
            where = Span(place.path, lexeme.line, column, lexeme.line, column + 1)
            missing = "}" if match.group() == "{" else "{"
            place.report(where, f"{match.group()} stands without {missing} in this text")
            continue
        expression = _build_placeholder(place, match.group(1), lexeme.line, column)
        if expression is not None:
            parts.append(expression)
    parts.append(_unescape(body[end:]))
    return TemplateText(tuple(part for part in parts if part != ""), span_of(place, leaf))


def _build_placeholder(place: Place, written: str, line: int, column: int) -> Expr | None:
    scanner = Scanner(place.path, place.language)
    lexemes = scanner.scan_line(written, line, column + 1).lexemes
    place.problems.extend(scanner.diagnostics)
    if not lexemes:
        where = Span(place.path, line, column, line, column + len(written) + 2)
        place.report(where, "nothing stands between { and }")
        return None
    parsed = parse_line("expr", lexemes)
    if isinstance(parsed, FailedLine):
        place.problems.append(explain_failure(place.path, parsed, place.language))
        return None
    inner = Place(place.path, lexemes, place.problems, place.language)
    return build_line_expression(inner, parsed)


def _unescape(text: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", text)


def build_line_expression(place: Place, parsed: ParsedLine) -> Expr | None:
    """Builds a line that is an expression, None where it is nested too deep."""
    deep = is_too_deep(parsed.tree)
    if deep is not None:
        place.report(span_of(place, deep), f"this expression is deeper than {MAX_DEPTH} levels")
        return None
    return build_expr(place, parsed.tree)
