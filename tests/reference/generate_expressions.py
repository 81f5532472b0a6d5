"""Random expressions of a wanted type and shape, in rule text with marked keywords."""

from __future__ import annotations

from functools import partial
from random import Random

from tests.reference.generate_dates import date_condition
from tests.reference.generate_foreign import converted
from tests.reference.generate_scope import DEFAULT_AMOUNT, Money, Scope, Term
from tests.reference.vocabulary import BookSpec, EventSpec, Kind, RecordSpec

#: No money expression may exceed this many minor units, so that sums of a few can be posted.
MONEY_LIMIT = 4 * 10**16

LIST_SUM = 10**16
BALANCE = 2 * 10**16


class ExpressionMaker:
    """Makes random expressions over one event's scope."""

    def __init__(self, rng: Random, book: BookSpec, event: EventSpec) -> None:
        self.rng = rng
        self.book = book
        self.event = event
        self.scope = Scope.of(event)
        for name, kind in book.parameters:
            self.scope.add(name, kind, None, 10**6)
        self.lets: list[Term] = []

    def keep(self, name: str, kind: Kind, shape: str | None, bound: int = 0) -> None:
        """Puts a let into scope."""
        self.scope.add(name, kind, shape, bound)
        self.lets.append(self.scope.terms[-1])

    # --- Money -----------------------------------------------------------------------------

    def money(self, shape: str | None, depth: int = 2) -> Money:
        """A money expression within MONEY_LIMIT."""
        for _ in range(20):
            made = self._money(shape, depth)
            if made.bound <= MONEY_LIMIT:
                return self._spread(converted(self.scope, made, shape), shape)
        return self._money_leaf(shape)

    def _spread(self, made: Money, shape: str | None) -> Money:
        """At times one period's part of an amount; the choices of a seed stay as they were."""
        rng = Random(made.text)
        if rng.random() > 0.08:
            return made
        integers = [term.text for term in self.scope.of_kind("integer", shape)]
        place, count = rng.choice([("1", "3"), ("2", "7"), ("3", "12"), ("3", "3")])
        if rng.random() < 0.12:
            place, count = (rng.choice([*integers, *"123"]) for _ in range(2))
        function = rng.choice(["spread", "spread_last"])
        text = f"«{function}»({made.text}, {place}, {count})"
        return Money(text, made.bound + 10**12)

    def _money(self, shape: str | None, depth: int) -> Money:
        if depth <= 0:
            return self._money_leaf(shape)
        makers = [
            self._money_leaf,
            self._rounded,
            lambda s: self._sum_or_difference(s, depth),
            lambda s: self._money_choice(s, depth),
            lambda s: self._money_call(s, depth),
            self._money_lookup,
        ]
        weights = [4, 15 if self.book.focus == "round" else 5, 3, 4, 2, 3]
        if shape is None and self.event.lists:
            makers.append(lambda _: self._list_sum(depth))
            weights.append(4)
        [maker] = self.rng.choices(makers, weights)
        return maker(shape)

    def _money_leaf(self, shape: str | None) -> Money:
        terms = self.scope.of_kind("money", shape)
        listed = [term for term in terms if term.shape == shape]
        if not terms or self.rng.random() < 0.05:
            return Money(self.book.money_literal(), 10**6)
        term = self.rng.choice(listed or terms)
        return Money(term.text, term.bound)

    def _sum_or_difference(self, shape: str | None, depth: int) -> Money:
        left, right = self.money(shape, depth - 1), self.money(shape, depth - 1)
        if self.rng.random() < 0.15:
            return Money(f"(-{bracketed(left.text)})", left.bound)
        if self.rng.random() < 0.12:
            factor = self.rng.choice([2, 3, 10])
            return Money(f"({bracketed(left.text)} * {factor})", left.bound * factor)
        if self.rng.random() < 0.1:
            right = Money(self.book.money_literal(bare=True), 10**6)
        operator = self.rng.choice("+-")
        text = f"({left.text} {operator} {bracketed(right.text)})"
        return Money(text, left.bound + right.bound)

    def _money_choice(self, shape: str | None, depth: int) -> Money:
        condition, inner = self._condition_and_maker(shape)
        then = inner.money(shape, depth - 1)
        otherwise = self.money(shape, depth - 1)
        if self.rng.random() < 0.3 or then.text == otherwise.text:
            otherwise = Money("0", 0)
        text = f"(«if» {condition} «then» {then.text} «else» {otherwise.text})"
        return Money(text, max(then.bound, otherwise.bound))

    def _condition_and_maker(self, shape: str | None) -> tuple[str, ExpressionMaker]:
        """A condition, and a maker that may use what the condition has made sure of."""
        optional = [
            (text, spec)
            for text, spec in self.scope.optional
            if not spec.always_there and ("." not in text or text.split(".")[0] == shape)
        ]
        if not optional or self.rng.random() < 0.5:
            return self.condition(shape, 1), self
        text, spec = self.rng.choice(optional)
        inner = ExpressionMaker(self.rng, self.book, self.event)
        inner.scope = self.scope.with_given(text, spec)
        if self.rng.random() < 0.4:
            return f"«given» {text} «and» {bracketed(inner.condition(shape, 0))}", inner
        return f"«given» {text}", inner

    def _money_call(self, shape: str | None, depth: int) -> Money:
        function = self.rng.choice(["min", "max", "abs"])
        count = 1 if function == "abs" else self.rng.choice([2, 2, 3])
        args = [self.money(shape, depth - 1) for _ in range(count)]
        text = f"«{function}»({', '.join(arg.text for arg in args)})"
        return Money(text, max(arg.bound for arg in args))

    def _list_sum(self, depth: int) -> Money:
        name = self.rng.choice(self.event.lists).name
        inner = self.money(name, depth - 1)
        if f"{name}." not in inner.text:
            return self._money_leaf(None)
        return Money(f"«sum»({inner.text})", LIST_SUM)

    def _money_lookup(self, shape: str | None) -> Money:
        choices = []
        for table in self.book.tables:
            choices += [(table, at) for at, out in enumerate(table.outputs) if out[1] == "money"]
        fields = [
            (record, spec)
            for record in self.book.records
            for spec in record.fields
            if spec.kind == "money"
        ]
        kinds = self.rng.random()
        if kinds < 0.45 and choices:
            table, at = self.rng.choice(choices)
            text = self.table_call(table.name, shape, table.outputs[at][0])
            return Money(text, 10**8) if text else self._money_leaf(shape)
        if kinds < 0.8 and fields:
            record, spec = self.rng.choice(fields)
            text = self.record_call(record.name, shape, spec.name)
            return Money(text, DEFAULT_AMOUNT) if text else self._money_leaf(shape)
        return self.balance(shape)

    def balance(self, shape: str | None) -> Money:
        """`balance of` a role for one or two dimensions."""
        role = self.rng.choice([role for role in self.book.roles if role.requires])
        # Not of a first row, so that all rows of a table count for who waits for whom.
        by_table = [role for role in self.book.table_roles[1:] if role.requires]
        if by_table and self.rng.random() < (0.9 if self.book.focus == "state" else 0.6):
            role = self.rng.choice(by_table)
        keys = list(role.requires[:1])
        more = [name for name in self.book.dimensions if name not in keys]
        if more and self.rng.random() < 0.12:
            keys.append(self.rng.choice(more))
        parts = []
        for dimension in keys:
            own = [field for field in self.event.fields if field.kind == f"dim:{dimension}"]
            if own and own[0].always_there and len(own) == 1 and self.rng.random() < 0.6:
                parts.append(dimension)
                continue
            value = self.dimension_value(dimension, shape, simple=True)
            parts.append(f"{dimension} = {value}")
        ledger = ""
        if len(self.book.ledgers) > 1 and self.rng.random() < 0.3:
            ledger = f" «in» {self.rng.choice(self.book.ledgers)}"
        text = f"(«balance» «of» {role.role} «for» {', '.join(parts)}{ledger})"
        return Money(text, BALANCE)

    # --- Exact numbers ---------------------------------------------------------------------

    def _rounded(self, shape: str | None) -> Money:
        mode = self.rng.choice(["round"] * 5 + ["round_down", "round_up", "round_half_even"])
        exact = self._exact(shape)
        decimals = ""
        nonzero = {term.text for term in self.scope.of_kind("nonzero", shape)}
        divisor = exact.text.rpartition(" / ")[2]
        if self.book.currency != "JPY" and divisor not in nonzero and self.rng.random() < 0.06:
            decimals = self.rng.choice([", 0", ", 1"])
        return Money(f"«{mode}»({exact.text}{decimals})", exact.bound + 1_000)

    def _exact(self, shape: str | None) -> Money:
        choice = self.rng.random()
        quantities = self.scope.of_kind("quantity", shape)
        prices = self.scope.of_kind("price", shape)
        if choice < 0.2 and quantities and prices:
            pair = self._quantity(shape), self.rng.choice(prices).text
            return Money(" * ".join(pair), DEFAULT_AMOUNT)
        amount = self._money_leaf(shape)
        ratio = self.ratio(shape)
        if choice < 0.45:
            return Money(f"{amount.text} * {ratio}", amount.bound)
        if choice < 0.65:
            return Money(f"{amount.text} * {ratio} / (1 + {ratio})", amount.bound)
        if choice < 0.75:
            return Money(f"{amount.text} / (1 + {ratio})", amount.bound)
        if choice < 0.85:
            return Money(f"{amount.text} * {ratio} * {self.ratio(shape)}", amount.bound)
        integers = self.scope.of_kind("integer", shape)
        wholes = self.scope.of_kind("whole", shape)
        if wholes and self.rng.random() < 0.5:
            # The condition proves that the divisor is not zero.
            name, sign = self.rng.choice(wholes).text, self.rng.choice(["!=", ">"])
            quotient = f"«round»({amount.text} / {name})"
            return Money(f"(«if» {name} {sign} 0 «then» {quotient} «else» 0)", amount.bound)
        nonzero = self.scope.of_kind("nonzero", shape)
        if nonzero and self.rng.random() < 0.5:
            # Of a scaled divisor that may be 1 or -1 the bounds know the sign only, not the size.
            return Money(f"{amount.text} / {self.rng.choice(nonzero).text}", amount.bound)
        if integers:
            divisor = self.rng.choice(integers).text
            if self.rng.random() < 0.5:
                return Money(f"{amount.text} / {divisor}", amount.bound)
            return Money(f"{amount.text} * {ratio} / {divisor}", amount.bound)
        return Money(f"{amount.text} / {self.rng.choice([2, 3, 4, 7, 8, 12])}", amount.bound)

    def _quantity(self, shape: str | None) -> str:
        texts = [term.text for term in self.scope.of_kind("quantity", shape)]
        listed = [
            f"«sum»({spec.name}.{part.name})"
            for spec in self.event.lists
            for part in spec.of("quantity")
        ]
        return self.rng.choice(texts + (listed if shape is None else []))

    def ratio(self, shape: str | None) -> str:
        """A percent between 0 and 1."""
        terms = [term.text for term in self.scope.of_kind("percent", shape)] * 3
        choices = [*terms, self.rng.choice(["6%", "50%", "12.5%", "33.3333%", "0.06"])]
        choices += [rate for rate in self.book.rates for _ in range(2)]
        choices.append(self._rate_at(shape))
        tables = [
            (table.name, name)
            for table in self.book.tables
            for name, kind in table.outputs
            if kind == "percent"
        ]
        if tables:
            name, output = self.rng.choice(tables)
            choices += [self.table_call(name, shape, output)] * 2
        choices += self._record_ratios(shape)
        return self.rng.choice([choice for choice in choices if choice])

    def _rate_at(self, shape: str | None) -> str:
        if not self.book.rates:
            return ""
        dates = [term.text for term in self.scope.of_kind("date", shape)] + ["2026-03-31"]
        return f"{self.rng.choice(self.book.rates)}[{self.rng.choice(dates)}]"

    def _record_ratios(self, shape: str | None) -> list[str]:
        found = []
        for record in self.book.records:
            for spec in record.fields:
                if spec.kind == "percent":
                    found.append(self.record_call(record.name, shape, spec.name))
        if self.book.attribute is not None and shape is None:
            dimension, record = self.book.attribute
            own = [spec for spec in self.event.fields if spec.kind == f"dim:{dimension}"]
            percents = [spec.name for spec in record.fields if spec.kind == "percent"]
            if len(own) == 1 and own[0].always_there and percents:
                found += [f"{dimension}.{percents[0]}"] * 2
        return found

    # --- Look-ups --------------------------------------------------------------------------

    def table_call(self, name: str, shape: str | None, output: str) -> str:
        """A call of a table, or "" where the scope has no fit argument."""
        table = next(table for table in self.book.tables if table.name == name)
        args = [self.argument(kind, shape) for kind in table.inputs]
        if not all(args):
            return ""
        chosen = f".{output}" if output and len(table.outputs) > 1 else ""
        return f"{name}[{', '.join(args)}]{chosen}"

    def argument(self, kind: Kind, shape: str | None) -> str:
        """A value of a kind: a name in scope, a simple expression, or ""."""
        terms = [term.text for term in self.scope.of_kind(kind, shape)]
        if kind == "flag":
            given = self._given_tests(shape)
            return self.rng.choice(terms * 2 + given) if terms + given else "«true»"
        if kind == "text" and not terms:
            return '"K1"'
        if kind.startswith("code:") and self.rng.random() < (0.1 if terms else 1):
            return self.rng.choice(self.book.codes[kind.removeprefix("code:")])
        return self.rng.choice(terms) if terms else ""

    def record_call(self, name: str, shape: str | None, output: str) -> str:
        """`RECORD[key, …].FIELD`."""
        return f"{self.record_key(name, shape)}.{output}"

    def record_key(self, name: str, shape: str | None) -> str:
        """`RECORD[key, …]`."""
        record = next(record for record in self.book.records if record.name == name)
        texts = [term.text for term in self.scope.of_kind("text", shape)]
        keys = []
        for _ in range(record.keys):
            literal = f'"K{self.rng.randrange(1, 4)}"'
            keys.append(self.rng.choice([*texts, *texts, literal]))
        return f"{name}[{', '.join(keys)}{self._version(record, shape)}]"

    def _version(self, record: RecordSpec, shape: str | None) -> str:
        """The day a dated record is read at, where it is not the business date."""
        if not record.dated or self.rng.random() < 0.6:
            return ""
        dates = [term.text for term in self.scope.of_kind("date", shape)] + ["2026-03-31"]
        return f" «at» {self.rng.choice(dates)}"

    def dimension_value(self, dimension: str, shape: str | None, *, simple: bool = False) -> str:
        """A value for `by DIM = …`; simple: without operators and brackets."""
        terms = self.scope.of_kind(f"dim:{dimension}", shape)
        listed = [term.text for term in terms if term.shape == shape]
        texts = [term.text for term in terms]
        choices = [*(listed * 4), *texts, '"D1"']
        if simple or self.book.focus == "state":
            return self.rng.choice(choices)
        percents = [term.text for term in self.scope.of_kind("percent", shape)]
        choices += [f"«text»({name})" for name in percents[:1]]
        codes = [term.text for term in self.scope.terms if term.kind.startswith("code:")]
        choices += [name for name in codes[:1] if "." not in name]
        return self.rng.choice(choices)

    # --- Conditions ------------------------------------------------------------------------

    def condition(self, shape: str | None, depth: int = 1) -> str:
        """A truth of the shape."""
        made = self._condition(shape, depth)
        rng = Random(made)
        return (
            made
            if rng.random() > 0.12
            else date_condition(rng, partial(self._names, shape)) or made
        )

    def _names(self, shape: str | None, kind: Kind) -> list[str]:
        return [term.text for term in self.scope.of_kind(kind, shape)]

    def _condition(self, shape: str | None, depth: int) -> str:
        if depth > 0 and self.rng.random() < 0.35:
            kind = self.rng.choice(["and", "or", "not"])
            left = bracketed(self.condition(shape, depth - 1))
            if kind == "not":
                return f"«not» {left}"
            return f"{left} «{kind}» {bracketed(self.condition(shape, depth - 1))}"
        return self.rng.choice(self._comparisons(shape))

    def _comparisons(self, shape: str | None) -> list[str]:
        rng = self.rng
        found = []
        for term in self.scope.terms:
            if term.shape not in {None, shape}:
                continue
            weight = 3 if term.shape == shape else 1
            made = self._test_of(term, shape)
            found += [made] * weight if made else []
        found += self._given_tests(shape)
        if self.book.records and rng.random() < 0.5:
            record = rng.choice(self.book.records)
            found.append(f"«given» {self.record_key(record.name, shape)}")
        if self.scope.of_kind("money", shape) and rng.random() < 0.3:
            found.append(self._quotient_test(shape))
        if shape is None and self.event.lists:
            found.append(f"«count»({rng.choice(self.event.lists).name}) > {rng.randrange(3)}")
        return found or ["«true»"]

    def _quotient_test(self, shape: str | None) -> str:
        """A truth that divides money by money where the divisor is proved not to be zero."""
        terms = [term.text for term in self.scope.of_kind("money", shape)]
        # Not a let: of some the bounds say that they are always 0.
        fields = [name for name in terms if not any(char.isdigit() for char in name)]
        divided, divisor = self.rng.choice(terms), self.rng.choice(fields or ["金额"])
        quotient = f"«round»({divided} / {divisor}, 4)"
        proof = f"{divisor} {self.rng.choice(['>', '!='])} 0"
        return f"(«if» {proof} «then» {quotient} >= 0.5 «else» «false»)"

    def _given_tests(self, shape: str | None) -> list[str]:
        """`given F` of what is not known to be given."""
        known = {term.text for term in self.scope.terms}
        return [
            f"«given» {text}"
            for text, spec in self.scope.optional
            if (spec.always_there or text not in known) and text.split(".")[0] in {text, shape}
        ]

    def _test_of(self, term: Term, shape: str | None) -> str:
        rng = self.rng
        operator = rng.choice(["=", "!=", "<", "<=", ">", ">="])
        match term.kind.partition(":"):
            case ("flag", _, _):
                return term.text if rng.random() < 0.7 else f"{term.text} = «true»"
            case ("money", _, _):
                if rng.random() < 0.3:
                    return f"{term.text} «in» {self._range('0', '1000', self._middle())}"
                bare = self.book.money_literal(bare=rng.random() < 0.8)
                other = rng.choice([bare, self._money_leaf(shape).text, "0"])
                return f"{term.text} {operator} {other}"
            case ("percent", _, _):
                if rng.random() < 0.4:
                    return f"{term.text} «in» {self._range('3%', '13%', '6%')}"
                return f"{term.text} {operator} {rng.choice(['6%', '13%', '0.03', '0'])}"
            case ("integer" | "whole", _, _):
                if rng.random() < 0.4:
                    return f"{term.text} «in» {self._range('1', '3', '2')}"
                return f"{term.text} {operator} {rng.randrange(1, 6)}"
            case ("decimal" | "quantity", _, _):
                return f"{term.text} {operator} {rng.choice(['0', '1.5', '-2'])}"
            case ("currency", _, _):
                return f"{term.text} {rng.choice(['=', '!='])} {rng.choice(['USD', 'JPY'])}"
            case ("foreign", _, _):
                return f"{term.text} {operator} {rng.choice(['0', '1.5', '1000'])}"
            case ("date", _, _):
                if rng.random() < 0.4:
                    bounds = self._range("2026-02-01", "2026-04-30", "2026-03-15")
                    return f"{term.text} «in» {bounds}"
                return f"{term.text} {operator} 2026-0{rng.randrange(1, 6)}-15"
            case ("code", _, code):
                values = self.book.codes[code]
                if rng.random() < 0.5:
                    chosen = rng.sample(values, rng.randrange(1, len(values)))
                    return f"{term.text} «in» {{{', '.join(chosen)}}}"
                return f"{term.text} {rng.choice(['=', '!='])} {rng.choice(values)}"
            case ("text", _, _):
                if rng.random() < 0.4:
                    return f'{term.text} «in» {{"K1", "K3"}}'
                return f'{term.text} {rng.choice(["=", "!="])} "K{rng.randrange(1, 4)}"'
            case ("dim", _, _):
                return f'{term.text} {rng.choice(["=", "!="])} "D{rng.randrange(1, 4)}"'
        return ""

    def _middle(self) -> str:
        return "100" if self.book.currency == "JPY" else "100.50"

    def _range(self, low: str, high: str, middle: str) -> str:
        form = self.rng.randrange(5)
        if form == 0:
            return f"{low}.."
        if form == 1:
            return f"..{middle}"
        if form == 2:
            return f"{low}..<{high}"
        if form == 3:
            return f"..<{middle}"
        return f"{low}..{high}"


def bracketed(text: str) -> str:
    """The text in brackets unless it is a name, a call or in brackets already."""
    return text if " " not in text or _is_enclosed(text) else f"({text})"


def _is_enclosed(text: str) -> bool:
    """Whether one pair of brackets holds the whole text."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return text[0] == "(" and at == len(text) - 1
    return False
