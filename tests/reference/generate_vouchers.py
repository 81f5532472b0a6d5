"""Random rules: guards, statements and vouchers that balance by construction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from random import Random

from tests.reference.generate_dates import date_place
from tests.reference.generate_expressions import ExpressionMaker
from tests.reference.generate_foreign import foreign_part, foreign_split
from tests.reference.generate_scope import Money
from tests.reference.vocabulary import BookSpec, EventSpec, ListSpec, RoleSpec, TableSpec

RESIDUES = ("largest_remainder", "largest", "first", "last")


@dataclass
class RuleMaker:
    """Makes the rules of one event type, one after the other."""

    rng: Random
    book: BookSpec
    event: EventSpec
    maker: ExpressionMaker
    count: int = 0
    used_targets: list[str] = field(default_factory=list)
    account_lets: list[str] = field(default_factory=list)

    def rule(self, name: str, *, guard: str, dates: str) -> str:
        """The text of a rule; guard "" = none, "?" = a random one."""
        self.maker = ExpressionMaker(self.rng, self.book, self.event)
        lines = [f"«rule» {name}{dates}", f"  «on» {self.event.name}", '  «basis» "依据"']
        if guard == "?":
            guard = self._guard()
        if guard:
            lines.append(f"  «when» {guard}")
        ledger = self.rng.choice(self.book.ledgers)
        if ledger != self.book.ledgers[0] or self.rng.random() < 0.2:
            lines.append(f"  «ledger» {ledger}")
        lines += [f"  {line}" for line in self._statements()]
        return "\n".join(lines) + "\n"

    def _guard(self) -> str:
        optional = [(text, spec) for text, spec in self.maker.scope.optional if "." not in text]
        unset = [pair for pair in optional if not pair[1].always_there]
        if unset and self.rng.random() < 0.4:
            text, spec = self.rng.choice(unset)
            self.maker.scope = self.maker.scope.with_given(text, spec)
            if self.rng.random() < 0.5:
                return f"«given» {text}"
            return f"«given» {text} «and» ({self.maker.condition(None, 1)})"
        wholes = self.maker.scope.of_kind("whole", None)
        if wholes and self.rng.random() < 0.2:
            name, sign = wholes[0].text, self.rng.choice(["!=", ">"])
            self.maker.scope.add(name, "integer" if sign == ">" else "nonzero", None)
            return f"{name} {sign} 0"
        return self.maker.condition(None, 2)

    def _statements(self) -> list[str]:
        made: list[str] = []
        for _ in range(self.rng.randrange(1, 4)):
            made += self._let()
        if self.rng.random() < 0.45:
            made.append(self._refusal())
        for _ in range(self.rng.choice([1, 1, 1, 2])):
            made += self._voucher()
            if self.rng.random() < 0.08:
                made.append(self._refusal())
        return made

    def _name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def _let(self) -> list[str]:
        shape = self._some_shape()
        choice = self.rng.random()
        name = self._name("值")
        if choice < 0.15:
            text = self.maker.condition(shape, 2)
            self.maker.keep(name, "flag", self._shape(text, shape))
            return [f"«let» {name} = {text}"]
        if choice < 0.2:
            return self._text_let(name, shape)
        if choice < 0.24 and self.maker.scope.of_kind("quantity", shape):
            return self._quantity_let(name, shape)
        if choice < 0.27 and self.event.lists:
            return self._quantity_split(name)
        if choice < 0.36:
            text = f"«round»({self.maker.ratio(shape)} * {self.maker.ratio(shape)}, 4)"
            self.maker.keep(name, "percent", self._shape(text, shape))
            return [f"«let» {name} = {text}"]
        return self._money_let(name, self.maker.money(shape), shape)

    def _text_let(self, name: str, shape: str | None) -> list[str]:
        """A value of a code or dimension, chosen by a condition."""
        if self.rng.random() < 0.5:
            code = self.rng.choice(list(self.book.codes))
            terms = [term.text for term in self.maker.scope.of_kind(f"code:{code}", shape)]
            value = self.rng.choice([*terms, self.book.codes[code][0]])
            other, kind = self.book.codes[code][1], f"code:{code}"
            if not terms or value not in terms:
                return []
        else:
            terms = [term.text for term in self.maker.scope.of_kind("dim:项目", shape)]
            if not terms:
                return []
            value, other, kind = self.rng.choice(terms), '"D2"', "dim:项目"
        text = f"«if» {self.maker.condition(shape, 1)} «then» {value} «else» {other}"
        # A let may take the place of the event's field in look-ups, not in `by 项目`.
        self.maker.keep(name, kind, self._shape(text, shape))
        return [f"«let» {name} = {text}"]

    def _quantity_let(self, name: str, shape: str | None) -> list[str]:
        quantity = self.rng.choice(self.maker.scope.of_kind("quantity", shape)).text
        text = f"«round»({quantity} * {self.maker.ratio(shape)}, {self.rng.choice([0, 1, 2])})"
        self.maker.keep(name, "quantity", self._shape(text, shape))
        return [f"«let» {name} = {text}"]

    def _quantity_split(self, name: str) -> list[str]:
        """Hours, shared out; a quantity is split in its own units."""
        spec = self.rng.choice(self.event.lists)
        terms = [term.text for term in self.maker.scope.of_kind("quantity", None)]
        weights = self._weights(spec)
        if not terms or not weights:
            return []
        total, weight = self.rng.choice(terms), self.rng.choice(weights)
        foreign = foreign_split(self.maker.scope, f"{name} {total} {weight}")
        if foreign:
            self.maker.keep(name, "foreign", spec.name)
            return [f"«split» {foreign} «by» {weight} «as» {name}"]
        self.maker.keep(name, "quantity", spec.name)
        return [f"«split» {total} «by» {weight} «as» {name}"]

    def _weights(self, spec: ListSpec) -> list[str]:
        kinds = {"money", "quantity", "integer", "decimal", "percent", "whole"}
        return [
            f"{spec.name}.{part.name}"
            for part in spec.parts
            if part.kind in kinds and part.always_there
        ]

    def _money_let(self, name: str, money: Money, shape: str | None) -> list[str]:
        self.maker.keep(name, "money", self._shape(money.text, shape), money.bound)
        return [f"«let» {name} = {money.text}"]

    def _uses_list(self, text: str, shape: str) -> bool:
        lets = {term.text for term in self.maker.lets if term.shape == shape}
        names = set(re.findall(r"[\w.]+", text))
        return any(name in lets or name.startswith(f"{shape}.") for name in names)

    def _shape(self, text: str, shape: str | None) -> str | None:
        return shape if shape is not None and self._uses_list(text, shape) else None

    def _some_shape(self) -> str | None:
        if self.event.lists and self.rng.random() < 0.55:
            return self.rng.choice(self.event.lists).name
        return None

    def _refusal(self) -> str:
        code = self.rng.choice(["", "TOO_MUCH ", "NOT_NOW "])
        text = f'"拒 {self._place()}"'
        rare = self.rng.choice(
            [
                f"{self.maker.money(None, 1).text} > {self.book.money_literal(90000, bare=True)}",
                f"({self.maker.condition(None, 1)}) «and» ({self.maker.condition(None, 1)})",
            ]
        )
        return f"«refuse» {code}{text} «when» {rare}"

    def _place(self) -> str:
        made = self._field_place()
        rng = Random(f"{self.count} {made}")
        dates = [term.text for term in self.maker.scope.of_kind("date", None)]
        return date_place(rng, dates) if dates and rng.random() < 0.5 else made

    def _field_place(self) -> str:
        if self.event.lists and self.rng.random() < 0.2:
            return f"{{«count»({self.rng.choice(self.event.lists).name})}}"
        balances = [term.text for term in self.maker.lets if term.text.startswith("余")]
        if balances and self.rng.random() < 0.5:
            # A summary shows every change of what was read.
            return f"{{{balances[-1]}}}"
        printable = ("money", "text", "date", "percent", "integer", "period", "quantity")
        fields = [
            term.text
            for term in self.maker.scope.terms
            if term.shape is None and (term.kind in printable or ":" in term.kind)
        ]
        return f"{{{self.rng.choice(fields)}}}"

    # --- Vouchers --------------------------------------------------------------------------

    def _voucher(self) -> list[str]:
        shapes = [self._two_lines, self._parts, self._parts, self._remaining]
        if self._own_balancing():
            shapes += [self._transfer] * 12
        shapes += [self._targets] * (5 if self.book.focus == "state" else 1)
        shapes += [self._by_balance] * (10 if self.book.focus == "state" else 2)
        if self.event.lists:
            shapes += [self._each, self._each, self._both_each]
            shapes += [self._split] * (10 if self.book.focus == "split" else 2)
        self.account_lets = []
        before, lines = self.rng.choice(shapes)()
        head = f'«voucher» "摘要 {self._place()}"'
        if self.rng.random() < 0.2:
            head += f" «word» {self.rng.choice(['收', '转'])}"
        if len(self.book.ledgers) > 1 and self.rng.random() < 0.2:
            head += f" «ledger» {self.rng.choice(self.book.ledgers)}"
        if self._at_times(0.3, head):
            head += " «merge»"
        if self.rng.random() < 0.2:
            head += f" «when» {self.maker.condition(None, 1)}"
        made = [f"  {line}" for line in self._balanced(lines)]
        return [*before, *self.account_lets, head, *made]

    def _at_times(self, share: float, text: str) -> bool:
        """A choice by what is written so far, so that a seed's other choices stay as they were."""
        return Random(f"{self.count} {text}").random() < share

    def _balanced(self, lines: list[_Line]) -> list[str]:
        """Rule text of the lines, all or none carrying the balancing dimension."""
        balancing = self._own_balancing()
        carries = balancing and self.rng.random() < 0.7
        carries = carries or any(line.side == "transfer" for line in lines)
        self.rng.shuffle(lines)
        return [self._line(line, balancing if carries else "") for line in lines]

    def _own_balancing(self) -> str:
        """The balancing dimension, where the event surely has one value of it."""
        balancing = self.book.balancing
        own = [spec for spec in self.event.fields if spec.kind == f"dim:{balancing}"]
        return balancing if balancing and len(own) == 1 and own[0].always_there else ""

    def _line(self, line: _Line, balancing: str) -> str:
        wanted = list(line.requires)
        extra = [name for name in self.book.dimensions if name not in wanted]
        if extra and self.rng.random() < 0.4:
            wanted.append(self.rng.choice(extra))
        parts = [self._dimension(name, line) for name in wanted if name != self.book.balancing]
        if balancing and line.side != "transfer":
            parts.append(f"{balancing} = {line.under}" if line.under else balancing)
        by = f" «by» {', '.join(parts)}" if parts else ""
        each = f" «each» {line.each}" if line.each else ""
        if line.side == "transfer":
            return f"«transfer» {line.amount} {line.under} «through» {line.account}{by}{each}"
        part = foreign_part(self.maker.scope, line.amount, line.each or None)
        text = f"«{line.side}» {line.account} {line.amount}{part}{by}{each}"
        return f"{text} «side by sign»" if self._at_times(0.15, text) else text

    def _dimension(self, name: str, line: _Line) -> str:
        own = [spec for spec in self.event.fields if spec.kind == f"dim:{name}"]
        if len(own) == 1 and self.rng.random() < 0.6:
            if own[0].always_there:
                return name
            if name not in line.requires:
                return f"{name} «if» «given» {own[0].name}"
        return f"{name} = {self.maker.dimension_value(name, line.each or None)}"

    def _account(self, shape: str | None) -> tuple[str, tuple[str, ...]]:
        """An account and the dimensions its line must carry."""
        account, requires = self._role_or_table(shape)
        if self.rng.random() > 0.12:
            return account, requires
        other, more = self._role_or_table(shape)
        name = self._name("科")
        condition = self.maker.condition(shape, 1)
        self.account_lets.append(f"«let» {name} = «if» {condition} «then» {account} «else» {other}")
        return name, tuple(sorted({*requires, *more}))

    def _role_or_table(self, shape: str | None) -> tuple[str, tuple[str, ...]]:
        tables = [table for table in self.book.tables if ("", "account") in table.outputs]
        if tables and self.rng.random() < (0.7 if self.book.focus == "state" else 0.35):
            table: TableSpec = self.rng.choice(tables)
            call = self.maker.table_call(table.name, shape, "")
            if call:
                return call, table.requires
        role: RoleSpec = self.rng.choice(self.book.roles)
        return role.role, role.requires

    def _make(self, side: str, amount: str, each: str = "") -> _Line:
        account, requires = self._account(each or None)
        return _Line(side, account, amount, requires, each)

    def _sides(self) -> tuple[str, str]:
        return self.rng.choice([("debit", "credit"), ("credit", "debit")])

    def _two_lines(self) -> tuple[list[str], list[_Line]]:
        left, right = self._sides()
        amount = self.maker.money(None).text
        return [], [self._make(left, amount), self._make(right, amount)]

    def _parts(self) -> tuple[list[str], list[_Line]]:
        """A total, parts of it, and what is left of it."""
        left, right = self._sides()
        name, total = self._name("额"), self.maker.money(None)
        before = self._money_let(name, total, None)
        part = self._name("份")
        before += self._money_let(part, self.maker.money(None, 1), None)
        lines = [self._make(left, name), self._make(right, part)]
        if self.rng.random() < 0.3:
            lines.append(self._make(left, part))
            lines.append(self._make(right, name))
            return before, lines
        return before, [*lines, self._make(right, f"{name} - {part}")]

    def _targets(self) -> tuple[list[str], list[_Line]]:
        left, right = self._sides()
        if not self.book.targets:
            return self._two_lines()
        target, key = self.rng.choice(self.book.targets)
        if target in self.used_targets:
            return self._two_lines()
        self.used_targets.append(target)
        named = [spec for spec in self.event.fields if spec.name == key and spec.always_there]
        texts = [term.text for term in self.maker.scope.of_kind("text", None)]
        keys = "" if named and self.rng.random() < 0.7 else f"[{self.rng.choice([*texts, 'K9'])}]"
        keys = keys.replace("K9", '"K1"')
        name = self._name("增")
        text = f"«delta» {name} «of» {target}{keys} = {self.maker.money(None).text}"
        self.maker.keep(name, "money", None, 2 * 10**17)
        return [text], [self._make(left, name), self._make(right, name)]

    def _by_balance(self) -> tuple[list[str], list[_Line]]:
        """Takes what there is on an account, at most the amount."""
        left, right = self._sides()
        name, used = self._name("额"), self._name("用")
        before = self._money_let(name, self.maker.money(None, 1), None)
        there = self._name("余")
        before += self._money_let(there, self.maker.balance(None), None)
        taken = Money(f"«min»(«max»({there}, 0), {name})", 10**16)
        before += self._money_let(used, taken, None)
        rest = self._make(right, f"{name} - {used}")
        return before, [self._make(left, name), self._make(right, used), rest]

    def _remaining(self) -> tuple[list[str], list[_Line]]:
        """An amount, what is left of it when it is shared out, and the rest of that."""
        left, right = self._sides()
        name, shares = self._name("额"), self.rng.choice([2, 3, 3, 7])
        before = self._money_let(name, self.maker.money(None, 1), None)
        part = f"«round»({name} / {shares}) * {shares}"
        unit = 1 if self.book.currency == "JPY" else 0.01
        bound = f"{self.rng.choice([1, 2, 5]) * unit:g}"
        rest = _Line(self.rng.choice([left, right]), "尾差", f"«remaining» «up to» {bound}", (), "")
        return before, [self._make(left, name), self._make(right, part), rest]

    def _transfer(self) -> tuple[list[str], list[_Line]]:
        """Two lines under different values of the balancing dimension, and their settlement."""
        left, right = self._sides()
        own, other = self.book.balancing, f'"D{self.rng.randrange(1, 4)}"'
        shape = self.rng.choice(self.event.lists).name if self.event.lists else ""
        before: list[str] = []
        amount = ""
        if shape and self.rng.random() < 0.95:
            spec = next(spec for spec in self.event.lists if spec.name == shape)
            before, amount = self._list_money(spec)
        if not amount:
            shape, amount = "", self._name("额")
            before = self._money_let(amount, self.maker.money(None, 1), None)
        ends = (own, other) if left == "debit" else (other, own)
        of = self.rng.choice(["", f"«of» {own} "])
        through, requires = self._account(shape or None)
        moved = f"{of}«from» {ends[0]} «to» {ends[1]}"
        total = f"«sum»({amount})" if shape else amount
        return before, [
            replace(self._make(left, amount, shape), under=other),
            self._make(right, total),
            _Line("transfer", through, amount, requires, shape, moved),
        ]

    def _each(self) -> tuple[list[str], list[_Line]]:
        left, right = self._sides()
        spec = self.rng.choice(self.event.lists)
        before, name = self._list_money(spec)
        if not name:
            return self._two_lines()
        return before, [self._make(left, name, spec.name), self._make(right, f"«sum»({name})")]

    def _both_each(self) -> tuple[list[str], list[_Line]]:
        left, right = self._sides()
        spec = self.rng.choice(self.event.lists)
        before, name = self._list_money(spec)
        if not name:
            return self._two_lines()
        return before, [self._make(left, name, spec.name), self._make(right, name, spec.name)]

    def _list_money(self, spec: ListSpec) -> tuple[list[str], str]:
        """A let with an amount per element; "" where none came about."""
        for _ in range(10):
            money = self.maker.money(spec.name)
            if self._uses_list(money.text, spec.name):
                name = self._name("行额")
                return self._money_let(name, money, spec.name), name
        return [], ""

    def _split(self) -> tuple[list[str], list[_Line]]:
        left, right = self._sides()
        spec = self.rng.choice(self.event.lists)
        weights = self._weights(spec)
        if not weights:
            return self._two_lines()
        name, share = self._name("额"), self._name("摊")
        before = self._money_let(name, self.maker.money(None, 1), None)
        residue = self.rng.choice(RESIDUES)
        ending = "" if residue == RESIDUES[0] and self.rng.random() < 0.5 else residue
        ending = f" «residue» «to» «{ending}»" if ending else ""
        weight = self.rng.choice(weights)
        before.append(f"«split» {name} «by» {weight} «as» {share}{ending}")
        self.maker.keep(share, "money", spec.name, 10**16)
        other = f"«sum»({share})" if self.rng.random() < 0.3 else name
        return before, [self._make(left, share, spec.name), self._make(right, other)]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line before its dimensions are chosen.

    `under`: its value of the balancing dimension, "" = the event's own; of a transfer its two ends.
    """

    side: str
    account: str
    amount: str
    requires: tuple[str, ...]
    each: str
    under: str = ""
