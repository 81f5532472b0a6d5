"""Explaining why a line does not parse: what was found and what could stand there instead.

The slips that authors make most, and what they meant by them, are in `rules_dsl.slip_patterns`.
"""

from __future__ import annotations

from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Fix
from rules_dsl.diagnostics.suggest import suggest
from rules_dsl.keywords import KEYWORDS, Language, language_of, spelling_of
from rules_dsl.line_parser import END, FailedLine
from rules_dsl.scan import SIGNS
from rules_dsl.slip_patterns import PATTERNS
from rules_dsl.stop import LITERALS, VALUES, Stop

#: Expectations named in one message.
_MAX_EXPECTED = 3

_TYPES = frozenset({"TEXT", "FLAG", "DATE", "PERIOD", "INTEGER", "DECIMAL", "PERCENT", "AMOUNT"})
_ALL_TYPES = _TYPES | {"QUANTITY", "LIST", "MAP"}
_OPERATORS = frozenset(
    {"PLUS", "MINUS", "STAR", "SLASH", "EQ", "NE", "LT", "LE", "GT", "GE", "IN", "AND", "OR"}
)
_CONTINUATIONS = frozenset({"DOT", "LSQB", "CURRENCY_CODE"})
# What can always follow is named last, and a mere continuation of a name only if alone.
_LAST_RANK = 5
_RANKS = dict.fromkeys(("DECIMALS", "MIN", "MAX", "IS"), 3)
_RANKS |= dict.fromkeys(("DOTDOT", "DOTDOT_LT"), 4) | dict.fromkeys(_CONTINUATIONS, _LAST_RANK)
_ORDER = {keyword.terminal: place for place, keyword in enumerate(KEYWORDS)}
_SPELLED = {terminal: sign for sign, terminal in SIGNS.items()}
_LITERAL_WORDS = {
    "NUMBER": "a number",
    "STRING": 'a text in "quotes"',
    "DAY": "a date such as 2026-03-05",
    "ACCOUNT_CODE": "an account code such as @1122",
    "FUNCTION": "a function",
}


def explain_failure(path: str, failed: FailedLine, language: Language) -> Diagnostic:
    """Makes the diagnostic of a line that does not parse."""
    stop = Stop(path, failed, language)
    for pattern in PATTERNS:
        slip = pattern(stop)
        if slip is not None:
            return slip
    return _explain_expected(stop)


def _explain_expected(stop: Stop) -> Diagnostic:
    """Says what was found and the few things most likely to be right there."""
    end = "the closing }" if stop.failed.start == "expr" else "the end of the line"
    expected = expected_words(stop.failed.accepted, stop.language, end)
    found = stop.found
    if found is None:
        what = "expression" if stop.failed.start == "expr" else "line"
        message = f"the {what} ends too early; it needs {expected}"
        return diagnose("TP101", stop.span, message, label="something is missing here")
    message = f"{stop.shown_text} cannot stand here; expected {expected}"
    suggestions: tuple[str, ...] = ()
    fix: Fix | None = None
    if found.kind == "NAME":
        keywords = _keywords(stop.failed.accepted, language_of(found.text))
        suggestions = suggest(found.text, keywords)
        fix = Fix(stop.span, suggestions[0], safe=False) if suggestions else None
    return diagnose("TP101", stop.span, message, suggestions=suggestions, fix=fix)


def _order(terminal: str) -> tuple[int, str]:
    return _ORDER.get(terminal, -1), terminal


def _keywords(accepted: frozenset[str], language: Language) -> list[str]:
    spelled = (spelling_of(terminal, language) for terminal in sorted(accepted))
    return [spelling for spelling in spelled if spelling is not None]


def expected_words(accepted: frozenset[str], language: Language, end: str) -> str:
    """Names at most three of the accepted terminals in the author's keyword language.

    `end` is what a message calls the end of what is parsed.
    """
    left = set(accepted) - {"KEY_EQ"}
    ranked: list[tuple[int, str]] = []

    def group(members: frozenset[str], needed: frozenset[str], rank: int, words: str) -> None:
        if needed <= left:
            ranked.append((rank, words))
            left.difference_update(members)

    # Behind a complete value the operators come first, or `-` would read as a beginning.
    group(_OPERATORS | _CONTINUATIONS, frozenset({"PLUS", "STAR"}), 4, "an operator")
    group(VALUES, frozenset({"NAME", "NUMBER", "LPAR"}), 0, "a value")
    group(LITERALS, frozenset({"NAME", "NUMBER", "STRING"}), 0, "a value")
    type_word = spelling_of("AMOUNT", language)
    group(_ALL_TYPES | {"NAME"}, _TYPES, 0, f"a type such as {type_word}")
    group(frozenset({"NAME"}), frozenset({"NAME"}), 0, "a name")
    group(frozenset({END}), frozenset({END}), 2, end)
    group(frozenset({"COMMA"}), frozenset({"COMMA"}), 3, ",")
    for terminal in sorted(left, key=_order):
        words = spelling_of(terminal, language) or _LITERAL_WORDS.get(terminal)
        rank = _RANKS.get(terminal, 1)
        ranked.append((rank, words or _SPELLED.get(terminal, "a currency")))
    ranked.sort(key=lambda item: item[0])
    if any(rank < _LAST_RANK for rank, _ in ranked):
        ranked = [item for item in ranked if item[0] < _LAST_RANK]
    *first, last = [words for _, words in ranked[:_MAX_EXPECTED]] or ["nothing more"]
    return f"{', '.join(first)} or {last}" if first else last
