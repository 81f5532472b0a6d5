"""One rule on one event: its guard, its statements in order, the vouchers and deltas it makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

from engine.limits import MAX_AMOUNT_MINOR
from engine.program import ForeignForm, NegativePolicy, RoundMode, Side
from rules_dsl import syntax
from tests.reference.budget_asks import Wanted, check_range, wanted_of
from tests.reference.declarations import Declarations, number_of
from tests.reference.drafts import Draft, Entry, Made, Proposal
from tests.reference.expressions import (
    ACCUMULATED_LIMIT,
    EVENT,
    Expressions,
    Places,
    as_number,
)
from tests.reference.fields import TypedEvent
from tests.reference.state import PostedLine, State
from tests.reference.types import NumberType
from tests.reference.values import (
    ABSENT,
    CURRENCY_DECIMALS,
    Account,
    Fault,
    Value,
    at_scale,
    plain,
    printed,
    round_to,
    split,
    units_of,
)

DEFAULT_WORD = "记"
DEFAULT_REFUSAL = "REFUSED"


class Refused(Exception):
    """`refuse … when …` holds: REJECTED_RULE with this code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class RuleRun:
    """Applies one rule to one event, reading the state as it was before the event."""

    def __init__(
        self,
        book: Declarations,
        rule: syntax.RuleDecl,
        event: TypedEvent,
        state: State,
        seen: Counter[str],
    ) -> None:
        self.rule = rule
        self._book = book
        self._event = event
        self._state = state
        self._seen = seen
        self._expressions = Expressions(book, rule, event, state, seen)

    def matches(self) -> bool:
        """Whether the rule's guard holds."""
        return self.rule.guard is None or bool(self._expressions.one(self.rule.guard))

    def ledgers(self) -> set[str]:
        """The ledgers for which the rule counts under `expects`."""
        own = [self._voucher_ledger(part).name for part in self._voucher_declarations()]
        return set(own) or {self._book.ledger(self.rule.ledger).name}

    def make(self) -> Made:
        """Evaluates the statements in order, then checks the lines; the first failure ends it."""
        made = Made()
        proposals: list[Proposal] = []
        for statement in self.rule.statements:
            match statement:
                case syntax.Let():
                    self._seen["let"] += 1
                    self._expressions.let(statement.name, statement.value)
                case syntax.Split():
                    self._split(statement)
                case syntax.Delta():
                    self._delta(statement, made)
                case syntax.LetBalances():
                    self._expressions.read_list(statement)
                case syntax.TrueUp():
                    self._true_up(statement)
                case syntax.Refuse():
                    self._refuse(statement)
                case syntax.BudgetStatement():
                    made.wanted += self._wanted(statement)
                case syntax.VoucherDecl():
                    proposals += self._proposal(statement)
        for proposal in proposals:
            self._voucher(proposal, made)
        check_range(made.wanted)
        return made

    def _split(self, statement: syntax.Split) -> None:
        self._seen[f"split {statement.residue.value}"] += 1
        expressions = self._expressions
        total = as_number(expressions.one(statement.total))
        shape = expressions.types.shape(statement.weights)
        places = expressions.elements(shape)
        weights = [as_number(one) for one in expressions.at(statement.weights, places)]
        units = expressions.types.units(statement.total)
        digits = units.scale
        if units.currency:
            [digits] = expressions.minor_digits(statement.total, EVENT)
        shares = split(units_of(total, digits), weights, statement.residue)
        self._seen["split of a negative total"] += total < 0
        values: list[Value] = [Fraction(share, 10**digits) for share in shares]
        expressions.keep(statement.name, shape, values, units)

    def _delta(self, statement: syntax.Delta, made: Made) -> None:
        self._seen["delta"] += 1
        target = self._book.targets[statement.target.text]
        if statement.keys:
            self._seen["delta of other keys"] += 1
            key = tuple(self._expressions.one(part) for part in statement.keys)
        else:
            key = tuple(self._expressions.one(part) for part in target.keys)
        currency = self._book.ledger(target.ledger).currency
        scale = CURRENCY_DECIMALS[currency]
        with self._in_ledger(self._book.ledger(target.ledger)):
            new = units_of(as_number(self._expressions.one(statement.value)), scale)
        at = (target.name, self._event.entity, key)
        old = self._state.targets.get(at, 0)
        self._seen["delta after an earlier one"] += at in self._state.targets
        made.targets[at] = new
        change = Fraction(new - old, 10**scale)
        self._expressions.keep(statement.name, None, [change], NumberType(scale, currency))

    def _true_up(self, statement: syntax.TrueUp) -> None:
        """The value minus the balance."""
        self._seen["true up"] += 1
        expressions = self._expressions
        ledger = expressions.types.ledger
        if statement.balance.ledger is not None:
            ledger = self._book.ledger(statement.balance.ledger)
        with self._in_ledger(ledger):
            wanted = as_number(expressions.one(statement.value))
        there = as_number(expressions.one(statement.balance))
        number = NumberType(CURRENCY_DECIMALS[ledger.currency], ledger.currency)
        expressions.keep(statement.name, None, [wanted - there], number)

    def _refuse(self, statement: syntax.Refuse) -> None:
        if self._expressions.one(statement.condition):
            self._seen["refuse"] += 1
            raise Refused(statement.code or DEFAULT_REFUSAL, self._filled(statement.message))

    def _wanted(self, statement: syntax.BudgetStatement) -> list[Wanted]:
        self._seen[f"budget {statement.act.value}"] += 1
        self._seen["budget each"] += statement.each is not None
        found = wanted_of(statement, self._book, self._event, self._expressions, self._filled)
        self._seen["budget rows"] += len(found)
        return found

    def _filled(self, template: syntax.TemplateText) -> str:
        texts = []
        for part in template.parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            self._seen["template place"] += 1
            value = self._expressions.one(part)
            currency = self._expressions.types.number(part).currency
            if isinstance(value, Fraction) and currency and currency not in CURRENCY_DECIMALS:
                # Only the event tells how many decimals it has.
                texts.append(plain(value))
            elif isinstance(value, Fraction):
                texts.append(at_scale(value, self._expressions.types.number(part).scale))
            else:
                texts.append(printed(value))
        return "".join(texts)

    @contextmanager
    def _in_ledger(self, ledger: syntax.LedgerDecl) -> Iterator[None]:
        """Evaluates with this ledger as the one meant where none is named."""
        types = self._expressions.types
        outer, types.ledger = types.ledger, ledger
        yield
        types.ledger = outer

    # --- Vouchers --------------------------------------------------------------------------

    def _voucher_declarations(self) -> list[syntax.VoucherDecl]:
        return [part for part in self.rule.statements if isinstance(part, syntax.VoucherDecl)]

    def _voucher_ledger(self, declaration: syntax.VoucherDecl) -> syntax.LedgerDecl:
        return self._book.ledger(declaration.ledger or self.rule.ledger)

    def _proposal(self, declaration: syntax.VoucherDecl) -> list[Proposal]:
        """The voucher with its lines evaluated; none where its guard does not hold."""
        self._seen["voucher"] += 1
        ledger = self._voucher_ledger(declaration)
        with self._in_ledger(ledger):
            return self._evaluated(declaration, ledger)

    def _evaluated(
        self, declaration: syntax.VoucherDecl, ledger: syntax.LedgerDecl
    ) -> list[Proposal]:
        if declaration.guard is not None:
            self._seen["voucher guard"] += 1
            if not self._expressions.one(declaration.guard):
                return []
        self._seen[f"negative {ledger.negative.value}"] += 1
        self._seen["second ledger"] += ledger is not self._book.first_ledger
        summary = self._filled(declaration.summary)
        scale = CURRENCY_DECIMALS[ledger.currency]
        made = [self._entries(line, scale) for line in declaration.lines]
        for place, line in enumerate(declaration.lines):
            if isinstance(line, syntax.LineDecl) and isinstance(line.amount, syntax.Remaining):
                made[place] = self._remaining(line, line.amount, made, scale)
        entries = [entry for part in made for entry in part]
        word = declaration.word or ledger.word or DEFAULT_WORD
        return [Proposal(ledger, word, summary, tuple(entries), declaration.merge)]

    def _remaining(
        self,
        line: syntax.LineDecl,
        amount: syntax.Remaining,
        others: list[list[Entry]],
        scale: int,
    ) -> list[Entry]:
        """The line that takes what the others leave, worked out after them."""
        self._seen["remaining"] += 1
        [account] = self._expressions.at(line.account, EVENT)
        left = 0
        for part in others:
            # Every line of a voucher adds up to what can be held, not only their sum.
            for side in Side:
                own = sum(entry.amount for entry in part if entry.side is side)
                if abs(own) > ACCUMULATED_LIMIT:
                    raise Fault("AMOUNT_OUT_OF_RANGE")
                left += -own if side is line.side else own
        if abs(left) > units_of(number_of(amount.bound), scale):
            raise Fault("REMAINING_EXCEEDS_BOUND")
        dimensions = [self._dimension(part, EVENT) for part in line.dimensions]
        carried = {name: text for name, [text] in dimensions if isinstance(text, str) and text}
        self._seen["remaining nothing"] += not left
        if not left:
            return []
        return [Entry(line.side, self._in_chart(account), left, carried, line.by_sign)]

    def _transfer(self, line: syntax.TransferDecl, scale: int) -> list[Entry]:
        """A debit under A and a credit under B for each element, none where A is B."""
        expressions = self._expressions
        places = expressions.elements(None if line.each is None else line.each.text)
        self._seen["transfer"] += 1
        self._seen["transfer each"] += line.each is not None
        accounts = expressions.at(line.account, places)
        amounts = expressions.at(line.amount, places)
        name = self._book.dimensions[self._moved_in(line)].wire
        ends = [expressions.at(end, places) for end in (line.source, line.destination)]
        dimensions = [self._dimension(part, places) for part in line.dimensions]
        made = []
        for side, own in zip((Side.DEBIT, Side.CREDIT), ends, strict=True):
            for at, (account, value) in enumerate(zip(accounts, amounts, strict=True)):
                amount = units_of(as_number(value), scale)
                self._seen["transfer to itself"] += ends[0][at] == ends[1][at]
                if not amount or ends[0][at] == ends[1][at]:
                    continue
                parts = [*dimensions, (name, own)]
                carried = {n: t for n, ts in parts if isinstance(t := ts[at], str) and t}
                made.append(Entry(side, self._in_chart(account), amount, carried, by_sign=False))
        return made

    def _in_chart(self, account: Value) -> Account:
        """An account under its role in the chart of the voucher's ledger."""
        assert isinstance(account, Account)
        ledger = self._expressions.types.ledger
        own = self._book.account(account.role, ledger)
        self._seen["account of a ledger's own chart"] += bool(ledger.chart)
        return own

    def _moved_in(self, line: syntax.TransferDecl) -> str:
        """The balancing dimension of a transfer: the one named, or that of A or B."""
        if line.dimension is not None:
            return line.dimension.text
        for end in (line.source, line.destination):
            field = (
                self._expressions.types.field(end.path) if isinstance(end, syntax.Name) else None
            )
            if field is not None and self._book.dimensions[field.type.name].balancing:
                return field.type.name
        raise AssertionError(f"no dimension in {line}")

    def _entries(self, line: syntax.LineDecl | syntax.TransferDecl, scale: int) -> list[Entry]:
        if isinstance(line, syntax.TransferDecl):
            return self._transfer(line, scale)
        if isinstance(line.amount, syntax.Remaining):
            return []
        expressions = self._expressions
        places = expressions.elements(None if line.each is None else line.each.text)
        self._seen["each" if line.each is not None else "line"] += 1
        accounts = expressions.at(line.account, places)
        amounts = expressions.at(line.amount, places)
        dimensions = [self._dimension(part, places) for part in line.dimensions]
        if line.by_all and line.each is not None:
            dimensions = expressions.all_dimensions(line.each.text, places)
        foreign = self._foreign(line, places)
        made = []
        for at, (account, value) in enumerate(zip(accounts, amounts, strict=True)):
            amount = units_of(as_number(value), scale)
            part = foreign[at]
            if amount == 0 and (part is None or part[1] == 0):
                self._seen["zero line dropped"] += 1
                continue
            self._seen["foreign line of no amount"] += amount == 0
            carried = {
                name: text
                for name, values in dimensions
                if isinstance(text := values[at], str) and text
            }
            own = self._in_chart(account)
            made.append(Entry(line.side, own, amount, carried, line.by_sign, part))
        return made

    def _foreign(
        self, line: syntax.LineDecl, places: Places
    ) -> list[tuple[str, Fraction, str] | None]:
        """Currency, amount and rate of a line at each place, None where it has none."""
        clause, expressions = line.foreign, self._expressions
        if clause is None:
            return [None] * len(places.indexes)
        self._seen[f"foreign {clause.form.value}"] += 1
        amounts = [as_number(value) for value in expressions.at(clause.amount, places)]
        currency = expressions.types.number(clause.amount).currency
        if clause.rate is None:
            rates = self._book_rates(line, amounts, places)
        else:
            rates = [as_number(value) for value in expressions.at(clause.rate, places)]
        if clause.form is ForeignForm.REVALUED:
            currency = self._revalued_currency(line)
        codes: list[Value] = [currency] * len(places.indexes)
        if currency not in CURRENCY_DECIMALS:
            codes = expressions.at(syntax.Name(tuple(currency.split(".")), clause.span), places)
        rows = zip(codes, amounts, rates, strict=True)
        return [(str(code), amount, plain(rate)) for code, amount, rate in rows]

    def _book_rates(
        self, line: syntax.LineDecl, amounts: list[Fraction], places: Places
    ) -> list[Fraction]:
        """What the functional amount is of one foreign unit; 0 where there are none."""
        assert line.foreign is not None
        assert not isinstance(line.amount, syntax.Remaining)
        decimals = 6 if line.foreign.decimals is None else line.foreign.decimals
        own = [as_number(value) for value in self._expressions.at(line.amount, places)]
        pairs = zip(own, amounts, strict=True)
        return [
            round_to(amount / of, decimals, RoundMode.HALF_AWAY) if of else Fraction(0)
            for amount, of in pairs
        ]

    def _revalued_currency(self, line: syntax.LineDecl) -> str:
        """The currency of the foreign balance that a line revalues: the one its rule reads."""
        for statement in self.rule.statements:
            if isinstance(statement, syntax.Let) and isinstance(statement.value, syntax.BalanceOf):
                found = statement.value
                if found.currency is not None and _account_of(line) == found.account.text:
                    assert isinstance(found.currency, syntax.Name)
                    return found.currency.text
        raise AssertionError("a revalued line has a balance", line)

    def _voucher(self, proposal: Proposal, made: Made) -> None:
        lines = [self._line(entry, proposal.ledger.negative) for entry in proposal.entries]
        self._check_balance(lines)
        if proposal.merge:
            lines = self._merged(lines, proposal)
        if lines:
            draft = Draft(proposal.ledger, proposal.word, proposal.summary, tuple(lines))
            made.vouchers.append(draft)
        else:
            made.came_to_nothing = True

    def _line(self, entry: Entry, negative: NegativePolicy) -> PostedLine:
        side, amount, foreign = entry.side, entry.amount, entry.foreign
        if abs(amount) > MAX_AMOUNT_MINOR:
            raise Fault("AMOUNT_OUT_OF_RANGE")
        swaps = entry.by_sign or negative is NegativePolicy.SWAP
        if entry.by_sign:
            self._seen["side by sign"] += 1
            self._seen["side changed by sign"] += amount < 0
        elif amount < 0:
            self._seen[f"negative line {negative.value}"] += 1
            if negative is NegativePolicy.REJECT:
                raise Fault("NEGATIVE_AMOUNT")
        if entry.is_negative and swaps:
            side, amount, foreign = Side(1 - side), -amount, turned(foreign)
        required = [self._book.dimensions[name].wire for name in entry.account.requires]
        if any(name not in entry.carried for name in required):
            raise Fault("MISSING_DIMENSION")
        dimensions = tuple(sorted(entry.carried.items()))
        return PostedLine(side, entry.account.code, amount, dimensions, foreign)

    def _merged(self, lines: list[PostedLine], proposal: Proposal) -> list[PostedLine]:
        """Lines equal in side, code, dimensions, currency and rate as one, where the first was."""
        self._seen["merge"] += 1
        groups: dict[tuple[object, ...], list[tuple[PostedLine, Entry]]] = {}
        for line, entry in zip(lines, proposal.entries, strict=True):
            part = line.foreign
            of = None if part is None else (part[0], part[2])
            key = (line.side, line.account, line.dimensions, of)
            self._seen["merged line"] += key in groups
            groups.setdefault(key, []).append((line, entry))
        made = []
        for members in groups.values():
            first, entry = members[0]
            amount = sum(line.amount for line, _ in members)
            if abs(amount) > MAX_AMOUNT_MINOR:
                raise Fault("AMOUNT_OUT_OF_RANGE")
            foreign = first.foreign
            if foreign is not None:
                total = sum((line.foreign[1] for line, _ in members if line.foreign), Fraction(0))
                foreign = (foreign[0], total, foreign[2])
            is_left = amount != 0 or (foreign is not None and foreign[1] != 0)
            self._seen["merged to zero"] += not is_left
            changes = entry.by_sign or proposal.ledger.negative is NegativePolicy.SWAP
            is_negative = amount < 0 or (amount == 0 and foreign is not None and foreign[1] < 0)
            side = first.side
            if is_negative and changes:
                side, amount, foreign = Side(1 - side), -amount, turned(foreign)
            if is_left:
                made.append(PostedLine(side, first.account, amount, first.dimensions, foreign))
        return made

    def _dimension(self, part: syntax.DimensionArg, places: Places) -> tuple[str, list[Value]]:
        """The wire name of a dimension and its value at each place, ABSENT where not carried."""
        name = self._book.dimensions[part.dimension.text].wire
        expressions = self._expressions
        chosen = places
        given = [True] * len(places.indexes)
        if part.when_given is not None:
            self._seen["dimension if given"] += 1
            test = syntax.Given(part.when_given, part.span)
            given = [bool(flag) for flag in expressions.at(test, places)]
            chosen = places.where(given)
        if part.value is None:
            own = expressions.own_dimension(part.dimension.text)
            return name, [own if flag else ABSENT for flag in given]
        self._seen["dimension expression"] += 1
        values = iter(expressions.at(part.value, chosen))
        return name, [next(values) if flag else ABSENT for flag in given]

    def _check_balance(self, lines: list[PostedLine]) -> None:
        """The compiler has proved this; a voucher that fails it shows a mistake in the proof."""
        balancing = [name.wire for name in self._book.dimensions.values() if name.balancing]
        totals: Counter[tuple[str, str]] = Counter()
        for line in lines:
            signed = line.amount if line.side is Side.DEBIT else -line.amount
            totals["", ""] += signed
            for name in balancing:
                totals[name, dict(line.dimensions).get(name, "")] += signed
        if any(totals.values()):
            raise Fault("UNBALANCED")


def turned(foreign: tuple[str, Fraction, str] | None) -> tuple[str, Fraction, str] | None:
    """The foreign part of a line on the other side."""
    return None if foreign is None else (foreign[0], -foreign[1], foreign[2])


def _account_of(line: syntax.LineDecl) -> str:
    return line.account.text if isinstance(line.account, syntax.Name) else ""
