"""Values in the author's words: money with its currency, percents, codes and accounts by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.batch import ListColumn, TypedBatch
from engine.calendar import iso_day
from engine.currencies import CURRENCY_DECIMALS
from engine.decimals import format_minor, format_plain
from engine.evaluate import RowTrace
from engine.program import EVENT_SHAPE, NO_DATE, FieldType, Kind, Node, Op, Program

#: Elements of a list shown one by one.
ELEMENTS_SHOWN = 20

#: Decimals of an exact quotient that does not end.
_QUOTIENT_DECIMALS = 12

#: Operations that hand a value on as it is.
_PASSING = frozenset({Op.REPEAT, Op.SHIFT, Op.REQUIRE})


@dataclass(frozen=True, slots=True)
class Values:
    """Words for the values of one traced rule.

    `chinese`: of true and false. `batch`: the event alone, whose fields may name the currencies
    of its amounts.
    """

    program: Program
    trace: RowTrace
    batch: TypedBatch
    chinese: bool

    @property
    def text(self) -> Callable[[int], str]:
        """Turns a text code into its string."""
        return self.batch.strings.text

    def of(self, index: int, element: int | None, *, meaning: str = "") -> str:
        """A node's value of the event or at an element; None: of all elements.

        `meaning`: of a number that nobody gave one, such as a literal that is posted.
        """
        node = self.trace.rule.nodes[index]
        own = self.meaning(index) or meaning
        if node.shape == EVENT_SHAPE or element is not None:
            at = EVENT_SHAPE if element is None else element
            return self.word(self.trace.value(index, at), node, self._called(node, own, at))
        raws = self.trace.values(index)
        words = [
            self.word(raw, node, self._called(node, own, at))
            for at, raw in enumerate(raws[: 1 + ELEMENTS_SHOWN])
        ]
        if len(raws) > 1 and len(set(raws)) == len(set(words)) == 1:
            return f"{words[0]} (×{len(raws)})"
        shown = ", ".join(words[:ELEMENTS_SHOWN])
        return f"{shown}, … ({len(raws)})" if len(raws) > ELEMENTS_SHOWN else shown

    def meaning(self, index: int) -> str:
        """What a node's values are called, or those it hands on."""
        nodes = self.trace.rule.nodes
        node = nodes[index]
        while not node.meaning and node.op in _PASSING:
            node = nodes[node.args[0]]
        return node.meaning

    def _called(self, node: Node, meaning: str, element: int) -> str:
        """The meaning itself, or of an amount the currency in the event's field of that name."""
        if node.kind is not Kind.NUMBER or not meaning or meaning in CURRENCY_DECIMALS:
            return meaning
        kind = self.program.event_types[self.batch.event_type]
        name, _, part = meaning.partition(".")
        for place, field in enumerate(kind.fields):
            column = self.batch.columns[place]
            if field.name != name:
                continue
            if isinstance(column, ListColumn):
                names = [each.name for each in kind.lists[place].fields]
                if part in names and 0 <= element < len(column.fields[names.index(part)].values):
                    code = int(column.fields[names.index(part)].values[element])
                    return self.text(code) if code >= 0 else ""
            elif not part and field.type is FieldType.TEXT:
                code = int(column.values[0])
                return self.text(code) if code >= 0 else ""
        return meaning

    def word(self, raw: int, node: Node, meaning: str) -> str:
        """One value."""
        match node.kind:
            case Kind.NUMBER:
                return number_words(raw, node.scale, meaning)
            case Kind.TEXT:
                text = self.text(raw) if raw >= 0 else ""
                return self.program.code_names.get(meaning, {}).get(text, text)
            case Kind.DATE:
                return "" if raw == NO_DATE else iso_day(raw)
            case Kind.BOOL:
                return truth(bool(raw), chinese=self.chinese)
            case Kind.ACCOUNT:
                account = self.program.accounts[raw]
                return f"{account.role} ({account.code} {account.name})"


def number_words(raw: int, scale: int, meaning: str) -> str:
    """A number with its currency, unit or percent sign."""
    if meaning == "%":
        return f"{format_plain(raw * 100, scale)}%"
    decimals = CURRENCY_DECIMALS.get(meaning)
    if decimals is None:
        number = format_plain(raw, scale)
        return f"{number} {meaning}" if meaning else number
    minor, rest = divmod(raw, 10 ** max(scale - decimals, 0))
    number = format_minor(raw, scale) if rest else format_minor(minor, min(scale, decimals))
    return f"{number} {meaning}"


def truth(value: bool, *, chinese: bool) -> str:  # noqa: FBT001 - the value itself
    """True or false in the language of the rule."""
    if chinese:
        return "是" if value else "否"
    return "true" if value else "false"


def quotient_words(numerator: int, denominator: int, scale: int) -> str:
    """Numerator / denominator / 10**scale, exactly, or cut after some decimals and marked."""
    sign = "-" if (numerator < 0) != (denominator < 0) and numerator else ""
    whole, rest = divmod(abs(numerator), abs(denominator) * 10**scale)
    digits = []
    for _ in range(_QUOTIENT_DECIMALS):
        if not rest:
            break
        digit, rest = divmod(rest * 10, abs(denominator) * 10**scale)
        digits.append(str(digit))
    decimals = f".{''.join(digits)}" if digits else ""
    return f"{sign}{whole}{decimals}{'…' if rest else ''}"


def joined(texts: Iterable[str]) -> str:
    """Texts that are not empty, with commas."""
    return ", ".join(text for text in texts if text)
