"""The slips that rule authors make most, each with what was meant.

A pattern looks at the place where a line stopped and answers with a diagnostic, or with None
where the line is wrong in another way. The first one that answers explains the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from rules_dsl.budget_slips import budget_slip
from rules_dsl.chunks import BODY_WORDS
from rules_dsl.diagnostics.model import Diagnostic
from rules_dsl.diagnostics.suggest import suggest
from rules_dsl.function_slips import function_slip
from rules_dsl.keywords import (
    RESERVED,
    RULE_LINES,
    TERMINALS,
    TEST_LINES,
    TYPE_WORDS,
    language_of,
    spelling_of,
)
from rules_dsl.literals import day_number
from rules_dsl.scan import CLOSERS, OPENERS, Lexeme
from rules_dsl.stop import VALUES, Stop

Pattern = Callable[[Stop], Diagnostic | None]

_RESERVED_WORDS = tuple(tuple(spelling.split()) for pair in RESERVED for spelling in pair)
_ELSE_IF = frozenset({"elif", "elsif", "elseif", "否则若"})
_SIDES = frozenset({"DEBIT", "CREDIT"})
_COMPARISONS = frozenset({"EQ", "NE", "LT", "LE", "GT", "GE"})
_SIGN_OF = {"RPAR": ")", "RSQB": "]", "RBRACE": "}"}
_LINE_STARTS = {"rule_line": (RULE_LINES, "rule"), "test_line": (TEST_LINES, "test")}
_CURRENCY = re.compile(r"[A-Z]{3}")


def _reserved_word(stop: Stop) -> Diagnostic | None:
    """A word kept for a later stage, where only a keyword could stand."""
    if stop.kind != "NAME" or stop.accepts("NAME"):
        return None
    for words in _RESERVED_WORDS:
        ahead = [stop.peek(distance) for distance in range(len(words))]
        if all(each and each.text == word for each, word in zip(ahead, words, strict=True)):
            written = " ".join(words)
            return stop.slip(f"{written} is reserved for a later stage of the language")
    return None


def _unclosed_bracket(stop: Stop) -> Diagnostic | None:
    """A line of its own inside brackets: the bracket above was never closed."""
    opened = _open_brackets(stop)
    found, previous = stop.found, stop.previous
    if not opened or found is None or previous is None or found.line == previous.line:
        return None
    if found.text not in BODY_WORDS:
        return None
    bracket = opened[-1]
    closer = _SIGN_OF[OPENERS[bracket.kind]]
    return stop.slip(
        f"this {bracket.text} is not closed before the next line begins",
        f"write the missing {closer}",
        span=stop.span_of(bracket),
    )


def _wrong_closer(stop: Stop) -> Diagnostic | None:
    """A closing bracket without its opening one."""
    if stop.kind not in CLOSERS:
        return None
    opened = _open_brackets(stop)
    if not opened:
        return stop.slip(f"this {stop.text} closes nothing", fix=stop.replace(""))
    wanted = OPENERS[opened[-1].kind]
    if wanted == stop.kind:
        return None
    sign = _SIGN_OF[wanted]
    return stop.slip(
        f"{opened[-1].text} is closed by {stop.text}", f"write {sign}", stop.replace(sign)
    )


def _open_brackets(stop: Stop) -> list[Lexeme]:
    opened: list[Lexeme] = []
    for lexeme in stop.failed.lexemes[: stop.failed.index]:
        if lexeme.kind in OPENERS:
            opened.append(lexeme)
        elif lexeme.kind in CLOSERS and opened:
            opened.pop()
    return opened


def _needless_mark(stop: Stop) -> Diagnostic | None:
    """A colon or semicolon, which the language does not have."""
    if stop.kind not in {"COLON", "SEMICOLON"}:
        return None
    name = "colon" if stop.kind == "COLON" else "semicolon"
    return stop.slip(f"no {name} stands here", "take it away", stop.replace(""))


def _else_if(stop: Stop) -> Diagnostic | None:
    """`elif` of other languages."""
    if stop.text not in _ELSE_IF:
        return None
    meant = f"{stop.word('ELSE')} {stop.word('IF')}"
    return stop.slip(f"{stop.text} is two words here", f"write {meant}", stop.replace(meant))


def _account_code(stop: Stop) -> Diagnostic | None:
    """An account code outside a chart."""
    if stop.kind != "ACCOUNT_CODE":
        return None
    return stop.slip(
        f"the account code {stop.text} stands only in a chart",
        "write the role that the chart gives the account",
    )


def _amount_first(stop: Stop) -> Diagnostic | None:
    """`debit 100.00 ACCOUNT`: the amount before the account."""
    if stop.kind != "NUMBER" or stop.before not in {("DEBIT",), ("CREDIT",)}:
        return None
    lexemes = stop.failed.lexemes
    end = 2
    if end < len(lexemes) and _CURRENCY.fullmatch(lexemes[end].text):
        end += 1
    amount = " ".join(lexeme.text for lexeme in lexemes[1:end])
    last = end
    while last < len(lexemes) and lexemes[last].kind in {"NAME", "DOT"}:
        if lexemes[last].kind == "NAME" and last > end and lexemes[last - 1].kind == "NAME":
            break
        last += 1
    message = "the account stands before the amount"
    if last == end:
        help_text = "a line names an account by the role that the chart gives it, then its amount"
        return stop.slip(message, help_text)
    account = "".join(lexeme.text for lexeme in lexemes[end:last])
    meant = f"{account} {amount}"
    return stop.slip(
        message,
        f"write {meant}",
        stop.replace(meant, span=stop.span_of(lexemes[1], lexemes[last - 1])),
    )


def _second_amount(stop: Stop) -> Diagnostic | None:
    """Something more behind the amount of a line."""
    if not stop.before or stop.before[0] not in _SIDES or not stop.accepts("BY", "EACH"):
        return None
    if stop.kind == "NUMBER":
        return stop.slip("a line has one amount; this is a second one", "write one line for each")
    if stop.kind == "NAME" and "BY" not in stop.before and not _keyword_near(stop):
        return stop.slip(
            f"a line has one amount; {stop.text} stands behind it",
            f"dimensions follow {stop.word('BY')}: write {stop.word('BY')} {stop.text}",
            stop.insert(f"{stop.word('BY')} "),
        )
    return None


def _keyword_near(stop: Stop) -> bool:
    spelled = [spelling_of(each, language_of(stop.text)) for each in stop.failed.accepted]
    return bool(suggest(stop.text, [word for word in spelled if word]))


def _missing_comma(stop: Stop) -> Diagnostic | None:
    """Two things of a list without a comma between them."""
    if stop.kind not in {"NAME", "STRING", "NUMBER", "LBRACE"} or not stop.accepts("COMMA"):
        return None
    if stop.kind == "NAME" and (stop.text in TERMINALS or _keyword_near(stop)):
        return None
    if stop.found is not None and stop.found.glued:
        return None
    return stop.slip(f"a comma is missing before {stop.text}", fix=stop.insert_after_previous(","))


def _missing_equals(stop: Stop) -> Diagnostic | None:
    """A name and its value without `=`."""
    if not stop.accepts("EQ") or stop.accepts("PLUS"):
        return None
    if stop.found is None:
        if stop.before[:1] == ("LET",):
            return stop.slip(f"{stop.word('LET')} gives a name to a value; write = and the value")
        return None
    starts_value = stop.kind in VALUES or stop.kind == "LSQB"
    if not starts_value or (
        stop.kind == "NAME" and stop.failed.start == "rule_line" and stop.before[:1] != ("LET",)
    ):
        return None
    return stop.slip(f"= is missing before {stop.shown_text}", fix=stop.insert("= "))


def _missing_of(stop: Stop) -> Diagnostic | None:
    """`quantity 小时`, `amount CNY`, `balance 应收账款` without `of`."""
    if stop.kind != "NAME" or stop.previous is None:
        return None
    of = stop.word("OF")
    is_balance = stop.previous.text in {"balance", "余额"} and stop.before[-1] == "NAME"
    is_currency = bool(_CURRENCY.fullmatch(stop.text)) and stop.before[-1:] == ("AMOUNT",)
    is_only = (
        stop.accepts("OF")
        and stop.before[-1:] != ("AMOUNT",)
        and (stop.before[-1] in {"QUANTITY", "LIST", "MAP"} or stop.before[:1] == ("DELTA",))
    )
    if not (is_balance or is_currency or is_only):
        return None
    help_text = f"write {stop.previous.text} {of} {stop.text}"
    return stop.slip(f"{of} is missing before {stop.text}", help_text, stop.insert(f"{of} "))


def _missing_branch(stop: Stop) -> Diagnostic | None:
    """An `if` whose `then` or `else` does not come."""
    if "IF" not in stop.before or stop.found is not None:
        return None
    for terminal in ("THEN", "ELSE"):
        if stop.accepts(terminal):
            word = stop.word(terminal)
            shape = f"{stop.word('IF')} … {stop.word('THEN')} … {stop.word('ELSE')} …"
            return stop.slip(f"this {stop.word('IF')} has no {word}", f"write {shape}")
    return None


def _inner_if(stop: Stop) -> Diagnostic | None:
    """An `if` as part of a larger expression."""
    if "IF" not in TERMINALS.get(stop.text, ()) or not stop.accepts("LPAR", "NUMBER"):
        return None
    return stop.slip(f"{stop.text} inside a larger expression stands in ( )")


def _balance_in_list(stop: Stop) -> Diagnostic | None:
    """`min(balance of A for 客户, 5)`: the comma reads as one between dimensions."""
    ends_list = stop.before[-1:] == ("COMMA",) and "BALANCE" in stop.before
    if not ends_list or not stop.accepts("NAME") or stop.accepts("LPAR"):
        return None
    return stop.slip(
        f"a dimension stands behind this comma, not {stop.shown_text}",
        f"put {stop.word('BALANCE')} {stop.word('OF')} … in ( ) where another value follows",
    )


def _chained_comparison(stop: Stop) -> Diagnostic | None:
    """`a < b < c`."""
    if stop.kind not in _COMPARISONS or not stop.accepts("AND", "PLUS"):
        return None
    if not _COMPARISONS & set(stop.before):
        return None
    joined = stop.word("AND")
    return stop.slip("a comparison has two sides", f"join two comparisons with {joined}")


def _or_bars(stop: Stop) -> Diagnostic | None:
    """`||` or `|` for `or`."""
    if stop.kind != "PIPE" or not stop.accepts("OR"):
        return None
    following = stop.peek(1)
    doubled = following is not None and following.kind == "PIPE" and following.glued
    span = stop.span_of(stop.found or stop.failed.lexemes[0], following if doubled else None)
    word = stop.word("OR")
    return stop.slip("| is no operator", f"write {word}", stop.replace(word, span=span), span=span)


def _number_parts(stop: Stop) -> Diagnostic | None:
    """`.5`, `100.`, `1e6`, `1_000`."""
    found, previous, following = stop.found, stop.previous, stop.peek(1)
    if found is None:
        return None
    if found.kind == "DOT" and following and following.kind == "NUMBER" and following.glued:
        meant = f"0.{following.text}"
        span = stop.span_of(found, following)
        return stop.slip(
            "a number has a digit before its point",
            f"write {meant}",
            stop.replace(meant, span=span),
            span=span,
        )
    if previous is None or previous.kind != "NUMBER" or not found.glued:
        return None
    span = stop.span_of(previous, found)
    if found.kind == "DOT":
        return stop.slip(
            "a number has a digit behind its point",
            f"write {previous.text}",
            stop.replace(previous.text, span=span),
            span=span,
        )
    if found.kind == "NAME":
        message = f"{previous.text}{found.text} is neither a number nor a name"
        return stop.slip(
            message, 'write all digits of a number; a text stands in "quotes"', span=span
        )
    return None


def _dashed_name(stop: Stop) -> Diagnostic | None:
    """`rule a-b`."""
    found, previous, following = stop.found, stop.previous, stop.peek(1)
    if found is None or previous is None or following is None or stop.accepts("NAME"):
        return None
    joins = found.kind in {"MINUS", "SLASH"} and found.glued and following.glued
    if not joins or stop.before[-1] != "NAME" or stop.failed.start == "test_line":
        return None
    span = stop.span_of(previous, following)
    return stop.slip(
        f"a name has letters, digits and _ only, no {found.text}",
        fix=stop.replace(f"{previous.text}_{following.text}", span=span),
        span=span,
    )


def _slipped_type(stop: Stop) -> Diagnostic | None:
    """A type word with a slip, which reads as the name of a declared type."""
    previous = stop.previous
    if previous is None or stop.failed.start != "field_line" or not stop.accepts("OPTIONAL"):
        return None
    if stop.before[-1:] != ("NAME",) or stop.accepts("NAME"):
        return None
    language = language_of(previous.text)
    meant = suggest(previous.text, [spelling_of(word, language) or "" for word in TYPE_WORDS])
    if not meant:
        return None
    span = stop.span_of(previous)
    slip = stop.slip(
        f"{previous.text} is no type", fix=stop.replace(meant[0], span=span), span=span
    )
    return replace(slip, suggestions=meant)


def _odd_date(stop: Stop) -> Diagnostic | None:
    """A date without its dashes, or in quotes."""
    if not stop.accepts("DAY") or stop.accepts("LPAR") or stop.kind not in {"NUMBER", "STRING"}:
        return None
    digits = re.sub("[^0-9]", "", stop.text)
    meant = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    if len(digits) != 8 or day_number(meant) is None:
        return None
    return stop.slip(
        f"{stop.text} is not a date in the form of the language",
        f"write {meant}",
        stop.replace(meant),
    )


def _missing_quotes(stop: Stop) -> Diagnostic | None:
    """A text without its quotes."""
    if stop.kind not in {"NAME", "NUMBER"} or not stop.accepts("STRING") or stop.accepts("NAME"):
        return None
    if len(stop.failed.accepted) > 1 and stop.text in TERMINALS:
        return None
    last = stop.failed.lexemes[-1]
    whole = stop.failed.lexemes[stop.failed.index :]
    fix = None
    if len(whole) == 1:
        fix = stop.replace(f'"{stop.text}"', span=stop.span_of(last))
    return stop.slip(
        f"a text is needed here; {stop.text} stands without quotes", f'write "{stop.text}"', fix
    )


def _unquoted_value(stop: Stop) -> Diagnostic | None:
    """`员工 = E-01` in a test."""
    if stop.failed.start != "test_line" or stop.found is None or stop.previous is None:
        return None
    glued = stop.found.glued and stop.kind in {"MINUS", "SLASH", "COLON", "PLUS", "NAME"}
    if not glued or stop.before[:1] == ("DEBIT",) or stop.before[:1] == ("CREDIT",):
        return None
    return stop.slip(
        'a text with other signs than letters and digits stands in "quotes"',
        span=stop.span_of(stop.previous, stop.found),
    )


def _default_alone(stop: Stop) -> Diagnostic | None:
    """`default V` without `optional`."""
    if "DEFAULT" not in TERMINALS.get(stop.text, ()) or not stop.accepts("OPTIONAL"):
        return None
    word = stop.word("OPTIONAL")
    return stop.slip(
        f"{stop.text} follows {word}", f"write {word} {stop.text}", stop.insert(f"{word} ")
    )


def _open_row(stop: Stop) -> Diagnostic | None:
    """A row without its last `|`."""
    if stop.found is not None or not stop.accepts("PIPE"):
        return None
    if stop.failed.start not in {"table_header", "table_row", "rate_header", "rate_row"}:
        return None
    return stop.slip("a row ends with |", fix=stop.insert(" |"))


def _bare_assignment(stop: Stop) -> Diagnostic | None:
    """`x = …` in a rule, without `let`."""
    following = stop.peek(1)
    if stop.failed.index or stop.failed.start != "rule_line" or stop.kind != "NAME":
        return None
    if following is None or following.kind != "EQ":
        return None
    word = stop.word("LET")
    return stop.slip(
        f"a value gets its name {stop.text} with {word}",
        f"write {word} {stop.text} = …",
        stop.insert(f"{word} "),
    )


def _unknown_line(stop: Stop) -> Diagnostic | None:
    """A body line that opens with no keyword of its declaration."""
    if stop.failed.index or stop.failed.start not in _LINE_STARTS or stop.found is None:
        return None
    terminals, what = _LINE_STARTS[stop.failed.start]
    language = language_of(stop.text)
    known = [spelling_of(terminal, language) or "" for terminal in terminals]
    meant = suggest(stop.text, known)
    slip = stop.slip(
        f"{stop.shown_text} opens no line of a {what}",
        ""
        if meant
        else "a line opens with one of " + ", ".join(stop.word(terminal) for terminal in terminals),
        stop.replace(meant[0]) if meant else None,
    )
    return replace(slip, suggestions=meant)


#: The patterns in the order they are asked: the more telling ones first.
PATTERNS: tuple[Pattern, ...] = (
    _reserved_word,
    _unclosed_bracket,
    _wrong_closer,
    _needless_mark,
    _else_if,
    _account_code,
    budget_slip,
    function_slip,
    _amount_first,
    _number_parts,
    _odd_date,
    _dashed_name,
    _slipped_type,
    _default_alone,
    _missing_of,
    _missing_equals,
    _missing_branch,
    _inner_if,
    _balance_in_list,
    _chained_comparison,
    _or_bars,
    _open_row,
    _bare_assignment,
    _unknown_line,
    _second_amount,
    _unquoted_value,
    _missing_quotes,
    _missing_comma,
)
