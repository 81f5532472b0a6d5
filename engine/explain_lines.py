"""Posted lines beside the lines that the rule makes again, each with its tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.calls import LineView, VoucherView
from engine.decide.plan import DecisionPlan
from engine.evaluate.outcome import ForeignRow, LineRow, RuleRow, VoucherRow
from engine.explain_sources import place_of
from engine.explain_tree import ExplainedStep, TreeMaker
from engine.program import EVENT_SHAPE, Line, NegativePolicy, Rule, Side, VoucherPlan

#: A line made again.
_Made = LineRow


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A posted line and how it comes about.

    Attributes:
        line: as posted.
        text, place: the line of the rule as written, FILE:LINE; of merged lines the first.
        recomputed: (debit, credit) evaluated again, None where the rule makes no such line now.
        account: where it is posted to, and why.
        amounts: what it adds up: one, or several that were merged.
        dimensions: by name. foreign: amount and rate of a line in another currency, by name.
    """

    line: LineView
    text: str
    place: str
    recomputed: tuple[int, int] | None
    account: ExplainedStep
    amounts: tuple[ExplainedStep, ...]
    dimensions: tuple[tuple[str, ExplainedStep], ...]
    foreign: tuple[tuple[str, ExplainedStep], ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the recomputed amount is the posted one."""
        return self.recomputed == (self.line.debit, self.line.credit)


def made_voucher(
    plan: DecisionPlan, rule: Rule, row: RuleRow, voucher: VoucherView
) -> VoucherRow | None:
    """The voucher, as evaluated again, that was posted under this name: the one most alike."""
    best: tuple[int, VoucherRow] | None = None
    for made in row.vouchers:
        declared = rule.vouchers[made.plan]
        if plan.program.ledgers[declared.ledger].wire != voucher.ledger:
            continue
        rule_lines = {line.span.line for line in declared.lines}
        alike = sum(line.rule_line in rule_lines for line in voucher.lines)
        amounts = [_sides(plan, declared, one) for one in made.lines]
        posted = [(line.debit, line.credit) for line in voucher.lines]
        score = 4 * alike + 2 * (amounts == posted) + (made.summary == voucher.summary)
        if alike and (best is None or score > best[0]):
            best = (score, made)
    return None if best is None else best[1]


def explained_lines(
    tree: TreeMaker, voucher: VoucherView, made: VoucherRow | None
) -> tuple[ExplainedLine, ...]:
    """The posted lines with what they come from.

    Args:
        tree: over the rule's nodes.
        voucher: as posted.
        made: as evaluated again; None: the rule makes no such voucher, so nothing agrees.
    """
    found = []
    again = [] if made is None else sorted(made.lines, key=lambda one: one[:2])
    for at, line in enumerate(voucher.lines):
        tree.begin()
        if made is None:
            found.append(_unmade(line))
            continue
        declared = tree.trace.rule.vouchers[made.plan]
        one = _partner(declared, again, at, line, is_whole=len(again) == len(voucher.lines))
        found.append(_unmade(line) if one is None else _explained(tree, declared, line, one))
    return tuple(found)


def _partner(
    declared: VoucherPlan, again: list[_Made], at: int, line: LineView, *, is_whole: bool
) -> _Made | None:
    """The line made again that stands at a posted line's place."""
    if is_whole:
        return again[at]
    for one in again:
        if (declared.lines[one[0]].span.line, one[1]) == (line.rule_line, line.element):
            return one
    return None


def _unmade(line: LineView) -> ExplainedLine:
    return ExplainedLine(line, "", "", None, ExplainedStep("account", "", ""), (), ())


def _explained(tree: TreeMaker, declared: VoucherPlan, line: LineView, one: _Made) -> ExplainedLine:
    place, element, account, *_ = one
    rule_line = declared.lines[place]
    ledger = tree.plan.program.ledgers[declared.ledger]
    same_account = tree.plan.program.accounts[account].code == line.account_code
    sides = _sides(tree.plan, declared, one)
    merged = list(_merged(tree, declared, one)) if declared.merge else [(rule_line, element)]
    amounts = [
        tree.root(each.amount, at, meaning=ledger.currency)
        for each, at in (merged or [(rule_line, element)])
    ]
    dimensions = tree.plan.program.dimensions
    return ExplainedLine(
        line=line,
        text=tree.sources.text(rule_line.span),
        place=place_of(rule_line.span),
        recomputed=sides if same_account else None,
        account=tree.root(rule_line.account, element),
        amounts=tuple(amounts),
        dimensions=tuple(
            (dimensions[each.dimension].name, tree.root(each.value, element))
            for each, code in zip(rule_line.dimensions, one[4], strict=True)
            if code >= 0
        ),
        foreign=tuple(_foreign(tree, rule_line, element)),
    )


def _foreign(tree: TreeMaker, line: Line, element: int) -> Iterator[tuple[str, ExplainedStep]]:
    """Where the foreign amount and the rate of a line come from."""
    if line.foreign is not None:
        yield "foreign", tree.root(line.foreign.amount, element)
        yield "exchange_rate", tree.root(line.foreign.rate, element)


def _merged(tree: TreeMaker, declared: VoucherPlan, kept: _Made) -> Iterator[tuple[Line, int]]:
    """Lines of the plan, by element, that became one: equal in account and dimensions."""
    place, _, account, _, codes, part = kept
    own = declared.lines[place]
    carried = dict(zip((each.dimension for each in own.dimensions), codes, strict=True))
    wanted = {dimension: code for dimension, code in carried.items() if code >= 0}
    accounts = tree.plan.program.accounts
    is_debit = _is_debit(tree, declared, own, kept[3])
    for each in declared.lines:
        shape = tree.trace.rule.nodes[each.amount].shape
        count = len(tree.trace.values(each.amount)) if shape != EVENT_SHAPE else 1
        for at in range(count):
            index = EVENT_SHAPE if shape == EVENT_SHAPE else at
            amount = tree.trace.value(each.amount, index)
            other = accounts[tree.trace.value(each.account, index)]
            if not amount or other.code != accounts[account].code:
                continue
            if _is_debit(tree, declared, each, amount) is not is_debit:
                continue
            if _carried(tree, each, index) == wanted and _is_of(tree, each, index, part):
                yield each, index


def _is_of(tree: TreeMaker, line: Line, element: int, part: ForeignRow | None) -> bool:
    """Whether a line is of the same currency and rate as another one's foreign part."""
    if line.foreign is None or part is None:
        return line.foreign is None and part is None
    currency = tree.trace.value(line.foreign.currency, element)
    rate = tree.values.text(tree.trace.value(line.foreign.rate, element))
    return currency == part[0] and rate == tree.values.text(part[2])


def _is_debit(tree: TreeMaker, declared: VoucherPlan, line: Line, amount: int) -> bool:
    """Whether an amount of a line is posted on the debit side."""
    swaps = tree.plan.program.ledgers[declared.ledger].negative is NegativePolicy.SWAP
    return (line.side is Side.DEBIT) is not (amount < 0 and (swaps or line.by_sign))


def _carried(tree: TreeMaker, line: Line, element: int) -> dict[int, int]:
    """The dimensions of a line with their text codes; those it does not carry left out."""
    found = {}
    for each in line.dimensions:
        code = tree.trace.value(each.value, element)
        is_given = each.given is None or tree.trace.value(each.given, element)
        if code >= 0 and tree.values.text(code) and is_given:
            found[each.dimension] = code
    return found


def _sides(plan: DecisionPlan, declared: VoucherPlan, one: _Made) -> tuple[int, int]:
    """Debit and credit of a line made again, as its ledger posts it."""
    line, amount = declared.lines[one[0]], one[3]
    swaps = plan.program.ledgers[declared.ledger].negative is NegativePolicy.SWAP
    if amount < 0 and (swaps or line.by_sign):
        return (0, -amount) if line.side is Side.DEBIT else (-amount, 0)
    return (amount, 0) if line.side is Side.DEBIT else (0, amount)
