"""The author's names of a rule book, and vouchers written in them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.calls import LineView, VoucherView
from engine.currencies import CURRENCY_DECIMALS
from engine.decimals import format_minor, format_plain
from engine.errors import InvariantBroken
from engine.program import Program, Side
from rules_dsl import syntax
from rules_dsl.testing.difference import LineFigures, VoucherFigures
from rules_dsl.testing.mismatch import Mismatch, minor_amount


class Names:
    """Author's names of a rule book, resolved to wire names, codes and accounts, and back."""

    def __init__(self, program: Program, files: Sequence[syntax.File]) -> None:
        """`files`: the syntax trees the program was made from."""
        self.program = program
        self.events = {kind.name: kind for kind in program.event_types}
        self.accounts: dict[str, str] = {}
        self._charts: dict[str, str] = {}
        for account in sorted(program.accounts, key=lambda each: bool(each.chart)):
            self.accounts.setdefault(account.role, account.code)
            self._charts.setdefault(account.role, account.chart)
        self.dimensions = {dimension.name: dimension.wire for dimension in program.dimensions}
        self.code_sets = {
            declaration.name: {value.name: value.wire for value in declaration.values}
            for file in files
            for declaration in file.declarations
            if isinstance(declaration, syntax.CodeDecl)
        }
        self.codes = {name: wire for each in self.code_sets.values() for name, wire in each.items()}
        self.roles: dict[str, str] = {}
        for role, code in self.accounts.items():
            self.roles.setdefault(code, role)
        self._roles: dict[tuple[str, str], str] = {}
        for account in program.accounts:
            self._roles.setdefault((account.chart, account.code), account.role)
        self._ledgers = {ledger.wire: ledger.chart for ledger in program.ledgers}
        self._dimension_names = {wire: name for name, wire in self.dimensions.items()}

    def expected(self, step: syntax.ExpectVoucher) -> VoucherFigures:
        """An expected voucher. Raises Mismatch where a value of it is no literal."""
        return VoucherFigures(step.summary, tuple(self._line(line) for line in step.lines))

    def booked(self, view: VoucherView) -> VoucherFigures:
        """A voucher as the book holds it."""
        lines = tuple(self.booked_line(line, view) for line in view.lines)
        return VoucherFigures(view.summary, lines)

    def booked_line(self, line: LineView, view: VoucherView) -> LineFigures:
        """A line of a voucher as the book holds it; red amounts are negative on their side."""
        is_debit = bool(line.debit or line.fc_debit)
        side, amount = ("debit", line.debit) if is_debit else ("credit", line.credit)
        foreign: tuple[str, ...] = ()
        if line.currency:
            raw = line.fc_debit if is_debit else line.fc_credit
            written = format_minor(raw, CURRENCY_DECIMALS[line.currency])
            foreign = (written, line.currency, line.rate)
        account = (self._ledgers.get(view.ledger, ""), line.account_code)
        shown = format_minor(amount, view.scale)
        return self._figures(side, account, shown, line.dimensions, foreign)

    def _line(self, line: syntax.LineDecl) -> LineFigures:
        account, amount = line.account, line.amount
        if isinstance(amount, syntax.Remaining):
            raise InvariantBroken("an expected line says its amount", line.span)
        role = account.text if isinstance(account, syntax.Name) else account.name.text
        scale = self.program.ledgers[0].scale
        return self._figures(
            "debit" if line.side is Side.DEBIT else "credit",
            (self._charts[role], self.accounts[role]),
            format_minor(minor_amount(amount, scale), scale),
            tuple(
                (self.dimensions[part.dimension.text], self._value(part))
                for part in line.dimensions
            ),
            () if line.foreign is None else _foreign(line.foreign),
        )

    def _figures(
        self,
        side: str,
        account: tuple[str, str],
        amount: str,
        dimensions: Sequence[tuple[str, str]],
        foreign: tuple[str, ...],
    ) -> LineFigures:
        """`account`: its chart and its code there."""
        named = tuple(
            (self._dimension_names.get(wire, wire), value) for wire, value in sorted(dimensions)
        )
        return LineFigures(side, self._roles.get(account, account[1]), amount, named, foreign)

    def _value(self, part: syntax.DimensionArg) -> str:
        match part.value:
            case syntax.Text():
                return part.value.value
            case syntax.Name():
                return self.codes.get(part.value.text, part.value.text)
            case syntax.Number():
                return format_plain(part.value.digits, part.value.decimals)
        raise Mismatch(
            f"write the value of {part.dimension.text}, as in `by {part.dimension.text} = …`"
        )


def _foreign(part: syntax.ForeignClause) -> tuple[str, ...]:
    """Foreign amount, currency and rate that a test expects of a line."""
    written, rate = part.amount, part.rate
    amount = written.operand if isinstance(written, syntax.Unary) else written
    if not isinstance(amount, syntax.Number) or amount.currency not in CURRENCY_DECIMALS:
        raise Mismatch("write the foreign amount with its currency, as in 100.00 USD")
    if not isinstance(rate, syntax.Number):
        raise Mismatch("write the rate as a number, as in 7.1")
    decimals = CURRENCY_DECIMALS[amount.currency]
    shown = format_minor(minor_amount(written, decimals), decimals)
    return shown, amount.currency, format_plain(rate.digits, rate.decimals)
