"""Mistakes that `check` must catch, with the code and the lines expected to be told."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.program import Span
from rules_dsl import syntax
from rules_dsl.diagnostics import Fix
from rules_dsl.testing.edits import Change, nodes_of
from tests.mutants.books import RuleBook
from tests.mutants.misspelling import known_names, misspelled, names_used

#: A file and a line in it.
Line = tuple[str, int]


@dataclass(frozen=True)
class Mistake:
    """A change that is a mistake.

    codes, lines: one of these codes on one of these lines, in the text as changed, is a right
    answer. wanted: the name that a suggestion has to begin with, "" where none is asked for.
    """

    change: Change
    codes: frozenset[str]
    lines: frozenset[Line]
    wanted: str = ""


Mistakes = Iterator[Mistake]

_AMOUNT = re.compile(r"(?<!\w)(amount|金额)(?: (?:of|的) [A-Z]{3})?(?!\w)")


def _mistake(change: Change, *codes: str, span: Span | None = None, wanted: str = "") -> Mistake:
    """A mistake told on the lines of a place, by default of the change."""
    place = span or change.span
    lines = frozenset((place.file, line) for line in range(place.line, place.end_line + 1))
    return Mistake(change, frozenset(codes), lines, wanted)


def _rules(book: RuleBook) -> list[syntax.RuleDecl]:
    return [each for each in book.all(syntax.RuleDecl) if isinstance(each, syntax.RuleDecl)]


def _events(book: RuleBook) -> list[syntax.EventDecl]:
    return [each for each in book.all(syntax.EventDecl) if isinstance(each, syntax.EventDecl)]


def _vouchers(book: RuleBook) -> Iterator[tuple[syntax.RuleDecl, syntax.VoucherDecl]]:
    for rule in _rules(book):
        for statement in rule.statements:
            if isinstance(statement, syntax.VoucherDecl):
                yield rule, statement


def _misspell_name(book: RuleBook, rng: random.Random) -> Mistakes:
    known = known_names(book)
    for span, name in names_used(book):
        wrong = misspelled(name, known, rng)
        if wrong is not None:
            change = book.texts.replace("misspell name", span, wrong)
            yield _mistake(change, "TP201", "TP202", "TP405", wanted=name)


def _wrong_unit(book: RuleBook, _rng: random.Random) -> Mistakes:
    """Adds what has to be multiplied: hours and a price per hour."""
    for rule in _rules(book):
        for binary in nodes_of(rule, syntax.Binary):
            if binary.op == "*":
                left, right = binary.left.span, binary.right.span
                place = Span(left.file, left.end_line, left.end_column, right.line, right.column)
                change = book.texts.replace("wrong unit", place, " + ")
                yield _mistake(change, "TP211", "TP212", "TP213", span=binary.span)


def _wrong_currency(book: RuleBook, _rng: random.Random) -> Mistakes:
    """Declares an amount in another currency than the rules that use it."""
    for event in _events(book):
        for field in event.fields:
            if field.type.word is not syntax.TypeWord.AMOUNT or field.type.per_unit:
                continue
            lines = {
                line
                for rule in _rules(book)
                if rule.event.text == event.name
                for line in _lines_using(rule, field.name)
            }
            words = list(_AMOUNT.finditer(book.texts.at(field.span)))
            if not lines or not words:
                continue
            word, span = words[-1], field.span
            start = span.column + word.start()
            place = Span(span.file, span.line, start, span.line, start + len(word[0]))
            of = "of" if word[1] == "amount" else "的"
            change = book.texts.replace("wrong currency", place, f"{word[1]} {of} USD")
            yield Mistake(change, frozenset({"TP212"}), frozenset(lines))


def _lines_using(rule: syntax.RuleDecl, name: str) -> set[Line]:
    """The lines of a rule that use a name, or a let that is made from it."""
    names = {name}
    for statement in rule.statements:
        if isinstance(statement, syntax.Let | syntax.Delta) and names & _named(statement):
            names.add(statement.name)
    return {
        (each.span.file, each.span.line)
        for each in nodes_of(rule, syntax.Name)
        if each.text in names
    }


def _named(tree: object) -> set[str]:
    return {name.text for name in nodes_of(tree, syntax.Name)}


def _date_ranges(book: RuleBook, _rng: random.Random) -> Mistakes:
    """Dates of a rule the wrong way round, and two texts of a rule in force on one day."""
    for rule in _rules(book):
        chinese = book.texts.at(rule.span).startswith("规则")
        begin, end = ("自", "至") if chinese else ("from", "until")
        name = rule.name_span
        behind = Span(name.file, name.end_line, name.end_column, name.end_line, name.end_column)
        turned = book.texts.replace(
            "inverted dates", behind, f" {begin} 2027-01-01 {end} 2026-12-31"
        )
        yield _mistake(turned, "TP501", "TP502", "TP503", "TP211", span=name)
        text = book.texts.at(rule.span)
        head = text.replace(rule.name, f"{rule.name} {begin} 2026-01-01", 1)
        last = Span(
            rule.span.file,
            rule.span.end_line,
            rule.span.end_column,
            rule.span.end_line,
            rule.span.end_column,
        )
        change = Change("overlapping dates", rule.span, (Fix(last, f"\n\n{head}", safe=False),))
        places = {(name.file, name.line), (name.file, rule.span.end_line + 2)}
        yield Mistake(change, frozenset({"TP501"}), frozenset(places))


def _overlapping_row(book: RuleBook, _rng: random.Random) -> Mistakes:
    """A value that another row has already: the row again, with the output of the next."""
    for table in book.all(syntax.TableDecl):
        assert isinstance(table, syntax.TableDecl)
        plain = [row for row in table.rows if not row.is_else]
        for row, other in zip(plain, [*plain[1:], *plain[:1]], strict=True):
            if table.first or row is other:
                continue
            first, second = row.cells[0], other.cells[0]
            text = book.texts.at(second.span).strip().removeprefix("{").removesuffix("}")
            own = book.texts.at(first.span).strip().removeprefix("{").removesuffix("}")
            change = book.texts.replace("overlapping row", first.span, f"{{{own}, {text}}}")
            places = {(span.file, span.line) for span in (row.span, other.span)}
            yield Mistake(change, frozenset({"TP401"}), frozenset(places))
    for rate in book.all(syntax.RateDecl):
        assert isinstance(rate, syntax.RateDecl)
        for _, _, _, span in rate.rows:
            behind = Span(span.file, span.end_line + 1, 1, span.end_line + 1, 1)
            # The same dates with another value: which one holds?
            row = re.sub(r"([0-9.]+)(?=%?\s*\|\s*$)", r"1\1", "  " + book.texts.at(span)) + "\n"
            change = Change("overlapping row", span, (Fix(behind, row, safe=False),))
            places = {(span.file, span.line), (span.file, span.line + 1)}
            yield Mistake(change, frozenset({"TP401", "TP501"}), frozenset(places))


def _missing_row(book: RuleBook, _rng: random.Random) -> Mistakes:
    """A table without its `else`: some inputs have no row."""
    for table in book.all(syntax.TableDecl):
        assert isinstance(table, syntax.TableDecl)
        for row in table.rows:
            if row.is_else:
                change = book.texts.drop_lines("missing row", row.span)
                yield _mistake(change, "TP402", span=table.span)


def _unbalance(book: RuleBook, _rng: random.Random) -> Mistakes:
    """A line left out, on the wrong side, or with another amount of the voucher."""
    for _, voucher in _vouchers(book):
        amounts = [book.texts.at(line.amount.span) for line in voucher.lines]
        for place, line in enumerate(voucher.lines):
            shorter = Span(voucher.span.file, voucher.span.line, 1, voucher.span.end_line, 1)
            yield _mistake(book.texts.drop_lines("unbalance", line.span), "TP301", span=shorter)
            word = book.texts.at(line.span).split(None, 1)[0]
            other = {"借": "贷", "贷": "借", "debit": "credit", "credit": "debit"}[word]
            start = line.span
            head = Span(start.file, start.line, start.column, start.line, start.column + len(word))
            yield _mistake(book.texts.replace("unbalance", head, other), "TP301", span=voucher.span)
            for amount in dict.fromkeys(amounts):
                if line.each is None and amount != amounts[place] and "合计" not in amount:
                    change = book.texts.replace("unbalance", line.amount.span, amount)
                    yield _mistake(change, "TP301", "TP215", "TP304", span=voucher.span)


def _remove_round(book: RuleBook, _rng: random.Random) -> Mistakes:
    for rule in _rules(book):
        for statement in rule.statements:
            for call in nodes_of(statement, syntax.Call):
                if call.function != "round" or call.decimals is not None:
                    continue
                inner = book.texts.at(call.args[0].span)
                change = book.texts.replace("remove round", call.span, f"({inner})")
                users = {(call.span.file, call.span.line)}
                if isinstance(statement, syntax.Let):
                    users |= {
                        (name.span.file, name.span.line)
                        for name in nodes_of(rule, syntax.Name)
                        if name.text == statement.name
                    }
                yield Mistake(change, frozenset({"TP214"}), frozenset(users))


def _optional_bare(book: RuleBook, _rng: random.Random) -> Mistakes:
    """`if given F then F else …` written as F."""
    for rule in _rules(book):
        for choice in nodes_of(rule, syntax.If):
            guarded = _given(choice.condition) - _proved(rule)
            negated = any(each.op == "not" for each in nodes_of(choice.condition, syntax.Unary))
            if guarded & _named(choice.then) and not negated:
                text = book.texts.at(choice.then.span)
                change = book.texts.replace("optional bare", choice.span, f"({text})")
                yield _mistake(change, "TP218", span=choice.span)


def _given(tree: object) -> set[str]:
    """The fields asked after."""
    subjects = (given.subject for given in nodes_of(tree, syntax.Given))
    return {subject.text for subject in subjects if isinstance(subject, syntax.Name)}


def _proved(rule: syntax.RuleDecl) -> set[str]:
    """Fields that are there wherever the rule goes on: refused, or not matched, without them."""
    found = set()
    for statement in rule.statements:
        if isinstance(statement, syntax.Refuse) and isinstance(statement.condition, syntax.Unary):
            found |= _given(statement.condition)
    if not any(each.op == "or" for each in nodes_of(rule.guard, syntax.Binary)):
        found |= _given(rule.guard)
    return found


def _drop_dimension(book: RuleBook, _rng: random.Random) -> Mistakes:
    """A line without a dimension that its account requires."""
    required = {
        account.role: {book.program.dimensions[index].name for index in account.required}
        for account in book.program.accounts
    }
    for _, voucher in _vouchers(book):
        for line in voucher.lines:
            if not isinstance(line.account, syntax.Name):
                continue
            for place, part in enumerate(line.dimensions):
                if part.dimension.text not in required.get(line.account.text, set()):
                    continue
                span = _dimension_span(line, place)
                change = book.texts.replace("drop dimension", span, "")
                yield _mistake(change, "TP306", span=line.span)


def _dimension_span(line: syntax.LineDecl, place: int) -> Span:
    """A dimension with the comma before or behind it, or with `by` where it is the only one."""
    own = line.dimensions[place].span
    if place:
        before = line.dimensions[place - 1].span
        return Span(own.file, own.line, before.end_column, own.end_line, own.end_column)
    if len(line.dimensions) > 1:
        behind = line.dimensions[1].span
        return Span(own.file, own.line, own.column, own.line, behind.column)
    return Span(own.file, own.line, line.amount.span.end_column, own.end_line, own.end_column)


def _wrong_type(book: RuleBook, _rng: random.Random) -> Mistakes:
    """A text or a dimension posted as an amount."""
    fields = {
        event.name: [
            field.name
            for field in event.fields
            if field.type.word in {syntax.TypeWord.TEXT, syntax.TypeWord.NAMED}
            and not field.optional
        ]
        for event in _events(book)
    }
    for rule, voucher in _vouchers(book):
        for line in voucher.lines:
            for name in fields[rule.event.text][:1]:
                change = book.texts.replace("wrong type", line.amount.span, name)
                yield _mistake(change, "TP211", "TP215", span=line.span)


def _drop_each(book: RuleBook, _rng: random.Random) -> Mistakes:
    """A line or a budget statement of a list without `each`."""
    for rule in _rules(book):
        for part in (*nodes_of(rule, syntax.LineDecl), *nodes_of(rule, syntax.BudgetStatement)):
            if part.each is not None:
                text = book.texts.at(part.span)
                name = re.escape(book.texts.at(part.each.span))
                bare = re.sub(rf"\s*(?:each|逐项) {name}(?!\w)", "", text, count=1)
                change = book.texts.replace("drop each", part.span, bare)
                yield _mistake(change, "TP215", span=part.span)


def _declared_twice(book: RuleBook, _rng: random.Random) -> Mistakes:
    """A let or a field written twice."""
    for rule in _rules(book):
        for let in nodes_of(rule.statements, syntax.Let):
            yield _twice(book, let.span)
    for event in _events(book):
        for field in event.fields:
            yield _twice(book, field.span)


def _twice(book: RuleBook, span: Span) -> Mistake:
    behind = Span(span.file, span.end_line, span.end_column, span.end_line, span.end_column)
    change = Change(
        "declared twice", span, (Fix(behind, f"\n  {book.texts.at(span)}", safe=False),)
    )
    return Mistake(change, frozenset({"TP203"}), frozenset({(span.file, span.end_line + 1)}))


#: The operators by name.
OPERATORS: dict[str, Callable[[RuleBook, random.Random], Mistakes]] = {
    "misspell name": _misspell_name,
    "wrong unit": _wrong_unit,
    "wrong currency": _wrong_currency,
    "date ranges": _date_ranges,
    "overlapping row": _overlapping_row,
    "missing row": _missing_row,
    "unbalance": _unbalance,
    "remove round": _remove_round,
    "optional bare": _optional_bare,
    "drop dimension": _drop_dimension,
    "wrong type": _wrong_type,
    "drop each": _drop_each,
    "declared twice": _declared_twice,
}
