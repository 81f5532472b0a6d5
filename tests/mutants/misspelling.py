"""Misspelled names: one slip of the hand in a name that a rule, a table or a record uses."""

from __future__ import annotations

import random
from collections.abc import Iterator

from engine.program import Span
from rules_dsl import syntax
from rules_dsl.testing.edits import nodes_of
from tests.mutants.books import RuleBook

#: Characters that come in for a wrong one.
_CHINESE = "部科目款项单据表账户税额成本期间人员客商同定位程序"
_LATIN = "abcdefghijklmnopqrstuvwxyz"


def names_used(book: RuleBook) -> list[tuple[Span, str]]:
    """Every place where something declared is named, with the name."""
    found: dict[Span, str] = {}
    for kind in (syntax.RuleDecl, syntax.RecordDecl, syntax.TargetDecl):
        for declaration in book.all(kind):
            for name in nodes_of(declaration, syntax.Name):
                if book.texts.at(name.span) == name.text:
                    found[name.span] = name.text
    for table in book.all(syntax.TableDecl):
        for name in nodes_of(table.rows, syntax.Name):
            found[name.span] = name.text
    for event in book.all(syntax.EventDecl):
        for field in event.fields:
            if field.type.word is syntax.TypeWord.NAMED:
                found |= dict(_type_name(book, field))
    return sorted(found.items(), key=lambda entry: (entry[0].file, entry[0].line, entry[0].column))


def _type_name(book: RuleBook, field: syntax.FieldDecl) -> Iterator[tuple[Span, str]]:
    """The name of a field's type, behind the name and the wire name of the field."""
    text = book.texts.at(field.span)
    start = text.find(field.type.name, len(field.name))
    place = text.rfind(field.type.name) if start < 0 else start
    span = field.span
    column = span.column + place
    yield (
        Span(span.file, span.line, column, span.line, column + len(field.type.name)),
        field.type.name,
    )


def known_names(book: RuleBook) -> frozenset[str]:
    """Every name that anything in a book has, whole and in parts."""
    names = {name.text for file in book.files for name in nodes_of(file.declarations, syntax.Name)}
    for kind in (
        *(syntax.CodeDecl, syntax.DimensionDecl, syntax.EventDecl, syntax.TableDecl),
        *(syntax.RateDecl, syntax.RecordDecl, syntax.TargetDecl, syntax.ListDecl),
        *(syntax.BudgetDecl, syntax.UnitDecl, syntax.LedgerDecl),
    ):
        names |= {each.name for each in book.all(kind)}
    for kind in (syntax.EventDecl, syntax.ListDecl, syntax.RecordDecl):
        names |= {field.name for each in book.all(kind) for field in each.fields}
    for code in book.all(syntax.CodeDecl):
        names |= {part for value in code.values for part in (value.name, value.wire)}
    for let in (let for rule in book.all(syntax.RuleDecl) for let in nodes_of(rule, syntax.Let)):
        names.add(let.name)
    names |= {account.role for account in book.program.accounts}
    return frozenset(names)


def misspelled(name: str, known: frozenset[str], rng: random.Random) -> str | None:
    """A name with one slip in it, which is no name of the book; None where none is found."""
    segments = name.split(".")
    for _ in range(20):
        place = rng.randrange(len(segments))
        wrong = _slip(segments[place], rng)
        whole = ".".join([*segments[:place], wrong, *segments[place + 1 :]])
        if wrong and wrong != segments[place] and not {wrong, whole} & known:
            return whole
    return None


def _slip(word: str, rng: random.Random) -> str:
    place = rng.randrange(len(word))
    letter = rng.choice(_LATIN if word.isascii() else _CHINESE)
    match rng.choice(("change", "drop", "double", "exchange", "add")):
        case "change":
            return word[:place] + letter + word[place + 1 :]
        case "drop":
            return word[:place] + word[place + 1 :]
        case "double":
            return word[: place + 1] + word[place:]
        case "add":
            return word[: place + 1] + letter + word[place + 1 :]
        case _:
            return word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :]
