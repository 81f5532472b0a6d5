"""The author's names of a rule book, and vouchers written in them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.calls import LineView, VoucherView
from engine.decimals import format_minor, format_plain
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
        self.accounts = {account.role: account.code for account in program.accounts}
        self.dimensions = {dimension.name: dimension.wire for dimension in program.dimensions}
        self.codes = {
            value.name: value.wire
            for file in files
            for declaration in file.declarations
            if isinstance(declaration, syntax.CodeDecl)
            for value in declaration.values
        }
        self.roles: dict[str, str] = {}
        for role, code in self.accounts.items():
            self.roles.setdefault(code, role)
        self._dimension_names = {wire: name for name, wire in self.dimensions.items()}

    def expected(self, step: syntax.ExpectVoucher) -> VoucherFigures:
        """An expected voucher. Raises Mismatch where a value of it is no literal."""
        return VoucherFigures(step.summary, tuple(self._line(line) for line in step.lines))

    def booked(self, view: VoucherView) -> VoucherFigures:
        """A voucher as the book holds it."""
        lines = tuple(self.booked_line(line, view.scale) for line in view.lines)
        return VoucherFigures(view.summary, lines)

    def booked_line(self, line: LineView, scale: int) -> LineFigures:
        """A line as the book holds it; red amounts are negative on their side."""
        side, amount = ("debit", line.debit) if line.debit else ("credit", line.credit)
        return self._figures(side, line.account_code, format_minor(amount, scale), line.dimensions)

    def _line(self, line: syntax.LineDecl) -> LineFigures:
        account = line.account
        role = account.text if isinstance(account, syntax.Name) else account.name.text
        scale = self.program.ledgers[0].scale
        return self._figures(
            "debit" if line.side is Side.DEBIT else "credit",
            self.accounts[role],
            format_minor(minor_amount(line.amount, scale), scale),
            tuple(
                (self.dimensions[part.dimension.text], self._value(part))
                for part in line.dimensions
            ),
        )

    def _figures(
        self, side: str, code: str, amount: str, dimensions: Sequence[tuple[str, str]]
    ) -> LineFigures:
        named = tuple(
            (self._dimension_names.get(wire, wire), value) for wire, value in sorted(dimensions)
        )
        return LineFigures(side, self.roles.get(code, code), amount, named)

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
