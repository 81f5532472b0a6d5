"""From the parse tree of a line to syntax nodes: names, literals, expressions, types.

Whole lines and declarations are built in `rules_dsl.build_lines` and
`rules_dsl.build_declarations`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from engine.errors import InvariantBroken
from engine.program import BalanceMeasure, Span
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Fix
from rules_dsl.keywords import FUNCTIONS, Language, spelling_of
from rules_dsl.limits import MAX_DEPTH, MAX_NUMBER_DIGITS
from rules_dsl.literals import NumberLiteral
from rules_dsl.scan import Lexeme
from rules_dsl.syntax import (
    BalanceOf,
    Binary,
    Call,
    Compare,
    Date,
    DimensionArg,
    Expr,
    Flag,
    Given,
    If,
    Index,
    InRange,
    InSet,
    Name,
    Number,
    Text,
    TypeRef,
    TypeWord,
    Unary,
)
from rules_dsl.tree import Token, Tree

Node = Tree

_WITHOUT_BOUNDS = frozenset(
    {TypeWord.TEXT, TypeWord.FLAG, TypeWord.DATE, TypeWord.PERIOD, TypeWord.NAMED}
)
_MEASURES = {
    "FOREIGN": BalanceMeasure.FOREIGN,
    "BALANCE": BalanceMeasure.NET,
    "DEBITS": BalanceMeasure.DEBITS,
    "CREDITS": BalanceMeasure.CREDITS,
}


@dataclass(frozen=True, slots=True)
class Place:
    """What building needs to know of a line: its file, its lexemes, where problems go."""

    path: str
    lexemes: list[Lexeme]
    problems: list[Diagnostic]
    language: Language

    def word(self, terminal: str) -> str:
        """Spells a keyword in the author's language."""
        return spelling_of(terminal, self.language) or terminal.lower()

    def report(
        self,
        span: Span,
        message: str,
        *,
        help: str = "",  # noqa: A002
        fix: Fix | None = None,
    ) -> None:
        """Adds a syntax error."""
        self.problems.append(diagnose("TP101", span, message, help=help, fix=fix))


# --- Reading a parse tree ----------------------------------------------------------------


def token(node: Node, *types: str) -> Token | None:
    """Gives the first direct token of one of the types."""
    for child in node.children:
        if isinstance(child, Token) and child.type in types:
            return child
    return None


def tokens(node: Node, kind: str) -> list[Token]:
    """Gives the direct tokens of a type."""
    return [child for child in node.children if isinstance(child, Token) and child.type == kind]


def child(node: Node, *data: str) -> Node | None:
    """Gives the first direct subtree with one of the names."""
    for each in node.children:
        if isinstance(each, Tree) and each.data in data:
            return each
    return None


def children(node: Node, *data: str) -> list[Node]:
    """Gives the direct subtrees, those with one of the names if any are given."""
    return [
        each for each in node.children if isinstance(each, Tree) and (not data or each.data in data)
    ]


def must_token(node: Node, *types: str) -> Token:
    """Gives the first direct token of one of the types, which the grammar promises."""
    found = token(node, *types)
    if found is None:
        raise InvariantBroken("the grammar promises a token", types, node.data)
    return found


def must_child(node: Node, *data: str) -> Node:
    """Gives the first direct subtree with one of the names, which the grammar promises."""
    found = child(node, *data)
    if found is None:
        raise InvariantBroken("the grammar promises a part", data, node.data)
    return found


def _edge(node: Node | Token, side: int) -> Token:
    """Gives the first (0) or last (-1) token of a subtree."""
    while isinstance(node, Tree):
        node = node.children[side]
    return node


def is_too_deep(tree: Node) -> Token | None:
    """Gives a token that stands deeper in a tree than later passes can recurse, or None."""
    level: list[Node] = [tree]
    for _ in range(MAX_DEPTH + 2):  # above an expression stands its line, below it a name
        level = [each for node in level for each in children(node)]
        if not level:
            return None
    return _edge(level[0], 0)


def span_of(place: Place, node: Node | Token) -> Span:
    """Gives the place that a subtree covers in the file."""
    first = place.lexemes[_edge(node, 0).start_pos]
    last = place.lexemes[(_edge(node, -1).end_pos) - 1]
    return Span(place.path, first.line, first.column, last.line, last.end_column)


def lexeme_of(place: Place, leaf: Token) -> Lexeme:
    """Gives the lexeme behind a token."""
    return place.lexemes[leaf.start_pos]


# --- Names and literals ------------------------------------------------------------------


def build_name(place: Place, node: Node) -> Name:
    """Builds a path."""
    return Name(tuple(str(part) for part in tokens(node, "NAME")), span_of(place, node))


def build_names(place: Place, node: Node | None) -> tuple[Name, ...]:
    """Builds the paths of a path list, none where there is no list."""
    if node is None:
        return ()
    return tuple(build_name(place, each) for each in children(node, "path"))


def build_text(place: Place, leaf: Token) -> str:
    """Gives the value of a quoted text."""
    value = lexeme_of(place, leaf).value
    return value if isinstance(value, str) else ""


def build_day(place: Place, leaf: Token) -> int:
    """Gives the day number of a date."""
    value = lexeme_of(place, leaf).value
    return value if isinstance(value, int) else 0


def build_count(place: Place, leaf: Token) -> int:
    """Gives a number that must be whole and small, such as behind `decimals`."""
    value = lexeme_of(place, leaf).value
    if (
        isinstance(value, NumberLiteral)
        and value.decimals == 0
        and value.digits < MAX_NUMBER_DIGITS
    ):
        return value.digits
    place.report(span_of(place, leaf), f"a whole number is needed here, not {leaf}")
    return 0


def build_number(place: Place, node: Node) -> Number:
    """Builds a number, with its sign where it is a `signed_number`."""
    span = span_of(place, node)
    inner = must_child(node, "number") if node.data == "signed_number" else node
    leaf = must_token(inner, "NUMBER")
    value = lexeme_of(place, leaf).value
    if not isinstance(value, NumberLiteral):
        raise InvariantBroken("a number without value", leaf)
    currency = token(inner, "CURRENCY_CODE")
    if currency is not None and value.percent:
        place.report(span, f"{leaf} {currency} is a percent and an amount at once")
    sign = -1 if token(node, "MINUS") is not None else 1
    return Number(sign * value.digits, value.decimals, value.percent, str(currency or ""), span)


# --- Expressions -------------------------------------------------------------------------


def build_expr(place: Place, node: Node | Token) -> Expr:
    """Builds an expression or a literal."""
    if isinstance(node, Token):
        raise InvariantBroken("the grammar has no expression of one token", node.type)
    span = span_of(place, node)
    match node.data:
        case "number" | "signed_number":
            return build_number(place, node)
        case "text":
            return Text(build_text(place, must_token(node, "STRING")), span)
        case "flag":
            return Flag(token(node, "TRUE") is not None, span)
        case "day":
            return Date(build_day(place, must_token(node, "DAY")), span)
        case "path":
            return build_name(place, node)
        case "index":
            return build_index(place, node)
        case "group":
            return build_expr(place, children(node)[0])
        case "call":
            return _build_call(place, node, span)
        case "given":
            return Given(build_reference(place, children(node)[0]), span)
        case "balance":
            return _build_balance(place, node, span)
        case "if_else":
            condition, then, otherwise = (build_expr(place, each) for each in children(node))
            return If(condition, then, otherwise, span)
        case _:
            return _build_operation(place, node, span)


def _build_operation(place: Place, node: Node, span: Span) -> Expr:
    operands = [build_expr(place, each) for each in children(node)]
    match node.data:
        case "unary":
            operator = "not" if token(node, "NOT") is not None else "-"
            return Unary(operator, operands[0], span)
        case "binary":
            leaf = must_token(node, "PLUS", "MINUS", "STAR", "SLASH", "AND", "OR")
            operator = leaf.type.lower() if leaf.type in {"AND", "OR"} else str(leaf)
            return Binary(operator, operands[0], operands[1], span)
        case "compare":
            leaf = must_token(node, "EQ", "NE", "LT", "LE", "GT", "GE")
            return Compare(str(leaf), operands[0], operands[1], span)
        case "in_set":
            return InSet(operands[0], tuple(operands[1:]), span)
        case "in_range":
            exclusive = token(node, "DOTDOT_LT") is not None
            return InRange(operands[0], operands[1], operands[2], exclusive, span)
        case "in_from":
            return InRange(operands[0], operands[1], None, False, span)
        case "in_until":
            exclusive = token(node, "DOTDOT_LT") is not None
            return InRange(operands[0], None, operands[1], exclusive, span)
        case _:
            raise InvariantBroken("no expression is built from", node.data)


def build_args(place: Place, node: Node | None) -> tuple[Expr, ...]:
    """Builds the expressions of an argument list, none where there is no list."""
    return () if node is None else tuple(build_expr(place, each) for each in children(node))


def build_index(place: Place, node: Node) -> Index:
    """Builds `NAME[args]` or `NAME[args].FIELD`, or either with `at DATE` behind the args."""
    name = build_name(place, must_child(node, "path"))
    args = build_args(place, child(node, "args"))
    day = build_expr(place, children(node)[2]) if token(node, "AT") is not None else None
    return Index(name, args, str(token(node, "NAME") or ""), span_of(place, node), day)


def build_reference(place: Place, node: Node) -> Name | Index:
    """Builds a name or an index, whichever it is."""
    return build_name(place, node) if node.data == "path" else build_index(place, node)


def _build_call(place: Place, node: Node, span: Span) -> Call:
    leaf = must_token(node, "FUNCTION")
    function = FUNCTIONS[str(leaf)]
    args = build_args(place, child(node, "args"))
    if function.mode is None:
        wanted = function.arity
        if wanted and len(args) != wanted:
            values = "one value" if wanted == 1 else f"{wanted} values"
            place.report(span, f"{leaf} takes {values}, not {len(args)}")
        elif not wanted and len(args) == 1:
            place.report(span, f"{leaf} takes two values or more, not one")
        return Call(function.name, args, None, None, span)
    decimals: int | None = None
    if len(args) == 2:
        written = args[1]
        if isinstance(written, Number) and not written.decimals and not written.currency:
            decimals = written.digits
        if decimals is None or decimals >= MAX_NUMBER_DIGITS:
            place.report(
                written.span, f"the second value of {leaf} is a number of decimals written out"
            )
            decimals = 0
    elif len(args) > 2:
        place.report(span, f"{leaf} takes a value and a number of decimals, not {len(args)} values")
    return Call(function.name, args[:1], function.mode, decimals, span)


def _build_balance(place: Place, node: Node, span: Span) -> BalanceOf:
    account = build_name(place, must_child(node, "path"))
    during, until = build_read_period(place, node)
    return BalanceOf(
        account,
        build_balance_keys(place, node),
        build_in_ledger(place, node),
        span,
        measure=_MEASURES[must_token(must_child(node, "reading"), *_MEASURES).type],
        currency=_build_currency_key(place, node),
        during=during,
        until=until,
    )


def build_balance_keys(place: Place, node: Node) -> tuple[DimensionArg, ...]:
    """Builds the dimensions behind `for`, none where there are none."""
    keys = child(node, "balance_keys")
    if keys is None:
        return ()
    dimensions = (each for each in children(keys) if token(each, "CURRENCY") is None)
    return tuple(_build_key(place, each) for each in dimensions)


def _build_currency_key(place: Place, node: Node) -> Expr | None:
    """Builds the currency behind `currency =`; a bare `currency` is the field of that name."""
    keys = child(node, "balance_keys")
    found = [] if keys is None else [one for one in children(keys) if token(one, "CURRENCY")]
    for other in found[1:]:
        place.report(span_of(place, other), f"{token(other, 'CURRENCY')} is written twice")
    if not found:
        return None
    value = children(found[0])
    if value:
        return build_expr(place, value[0])
    return Name((str(token(found[0], "CURRENCY")),), span_of(place, found[0]))


def build_read_period(place: Place, node: Node) -> tuple[Expr | None, Expr | None]:
    """Builds the periods behind `during` and `until`, of which at most one is written."""
    found = child(node, "read_period")
    if found is None:
        return None, None
    period = build_expr(place, children(found)[0])
    return (period, None) if token(found, "DURING") is not None else (None, period)


def _build_key(place: Place, node: Node) -> DimensionArg:
    dimension, *value = children(node)
    written = build_expr(place, value[0]) if value else None
    return DimensionArg(build_name(place, dimension), written, None, span_of(place, node))


def build_in_ledger(place: Place, node: Node) -> Name | None:
    """Builds the ledger behind `in`, None where none is written."""
    found = child(node, "in_ledger")
    return None if found is None else build_name(place, must_child(found, "path"))


def build_dimension_arg(place: Place, node: Node) -> DimensionArg:
    """Builds `DIM [= expr] [if given F]` of a voucher line."""
    parts = children(node)
    when_given = parts.pop() if token(node, "GIVEN") is not None else None
    value = build_expr(place, parts[1]) if len(parts) > 1 else None
    return DimensionArg(
        build_name(place, parts[0]),
        value,
        None if when_given is None else build_name(place, when_given),
        span_of(place, node),
    )


# --- Types -------------------------------------------------------------------------------


def build_type(place: Place, node: Node) -> TypeRef:
    """Builds the type of a field, of a column or of a rate."""
    span = span_of(place, node)
    plain = children(node, "plain_type")
    if node.data == "type":
        return _build_plain_type(place, plain[0], children(node, "bound"), span)
    bounds_after: list[list[Node]] = [[]]
    for each in children(node)[1:]:
        if each.data == "bound":
            bounds_after[-1].append(each)
        else:
            bounds_after.append([])
    items = [
        _build_plain_type(place, each, bounds, _joined(place, each, bounds))
        for each, bounds in zip(plain, bounds_after, strict=True)
    ]
    if node.data == "map_type":
        return TypeRef(TypeWord.MAP, span, key=items[0], item=items[1])
    if items[0].word is TypeWord.NAMED:
        return TypeRef(TypeWord.LIST, span, name=items[0].name)
    return TypeRef(TypeWord.LIST, span, item=items[0])


def _joined(place: Place, node: Node, bounds: list[Node]) -> Span:
    first, last = span_of(place, node), span_of(place, bounds[-1] if bounds else node)
    return Span(first.file, first.line, first.column, last.end_line, last.end_column)


def _build_plain_type(place: Place, node: Node, bounds: list[Node], span: Span) -> TypeRef:
    first = node.children[0]
    word = TypeWord.NAMED
    if isinstance(first, Token) and first.type != "NAME":
        word = TypeWord(first.type.lower())
    behind = {
        str(leaf.type): str(following)
        for leaf, following in _pairs(node)
        if following.type == "NAME"
    }
    if bounds and word in _WITHOUT_BOUNDS:
        leaf = must_token(bounds[0], "DECIMALS", "MIN", "MAX")
        message = f"{first} takes no {leaf}; only a number does"
        place.report(span_of(place, bounds[0]), message)
    decimals, low, high = _build_bounds(place, bounds)
    return TypeRef(
        word,
        span,
        name=str(first) if word is TypeWord.NAMED else "",
        currency=behind.get("OF", "") if word is TypeWord.AMOUNT else "",
        per_unit=behind.get("PER", ""),
        unit=behind.get("OF", "") if word is TypeWord.QUANTITY else "",
        decimals=decimals,
        low=low,
        high=high,
        is_key=token(node, "KEY") is not None,
    )


def _pairs(node: Node) -> Iterator[tuple[Token, Token]]:
    leaves = [each for each in node.children if isinstance(each, Token)]
    yield from pairwise(leaves)


def _build_bounds(
    place: Place, bounds: list[Node]
) -> tuple[int | None, Number | None, Number | None]:
    decimals: int | None = None
    limits: dict[str, Number] = {}
    seen: set[str] = set()
    for bound in bounds:
        leaf = must_token(bound, "DECIMALS", "MIN", "MAX")
        if leaf.type in seen:
            place.report(span_of(place, bound), f"{leaf} is written twice")
        seen.add(leaf.type)
        if leaf.type == "DECIMALS":
            decimals = build_count(place, must_token(bound, "NUMBER"))
        else:
            limits[leaf.type] = build_number(place, must_child(bound, "signed_number"))
    return decimals, limits.get("MIN"), limits.get("MAX")
