"""The declarations of a rule book by name, as the reference evaluator looks them up."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from engine.program import Act, Budget, Tolerance
from rules_dsl import syntax
from rules_dsl.syntax import TypeWord
from tests.reference.values import Account, decimals_of

#: Bounds where none is written: an amount's in minor units, another number's in its own units.
AMOUNT_LIMIT = 10**15
NUMBER_LIMIT = 10**12


@dataclass
class Declarations:
    """Every declaration of a book by the author's name; rules in the order they are applied."""

    ledgers: dict[str, syntax.LedgerDecl] = field(default_factory=dict)
    units: dict[str, syntax.UnitDecl] = field(default_factory=dict)
    codes: dict[str, syntax.CodeDecl] = field(default_factory=dict)
    dimensions: dict[str, syntax.DimensionDecl] = field(default_factory=dict)
    lists: dict[str, syntax.ListDecl] = field(default_factory=dict)
    events: dict[str, syntax.EventDecl] = field(default_factory=dict)
    tables: dict[str, syntax.TableDecl] = field(default_factory=dict)
    rates: dict[str, syntax.RateDecl] = field(default_factory=dict)
    records: dict[str, syntax.RecordDecl] = field(default_factory=dict)
    targets: dict[str, syntax.TargetDecl] = field(default_factory=dict)
    account_sets: dict[str, syntax.AccountsDecl] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    charts: dict[str, dict[str, Account]] = field(default_factory=dict)
    budgets: dict[str, syntax.BudgetDecl] = field(default_factory=dict)
    parameters: dict[str, syntax.ParameterDecl] = field(default_factory=dict)
    rules: list[syntax.RuleDecl] = field(default_factory=list)

    @classmethod
    def of(cls, files: Iterable[syntax.File], assets: Mapping[str, str]) -> Declarations:
        """Collects the declarations of `files`; `assets` holds the CSV charts by path."""
        found = cls()
        for file in sorted(files, key=lambda file: file.path):
            for declaration in file.declarations:
                found._take(declaration, assets)
        return found

    def _take(self, declaration: syntax.Declaration, assets: Mapping[str, str]) -> None:
        match declaration:
            case syntax.LedgerDecl():
                self.ledgers[declaration.name] = declaration
            case syntax.UnitDecl():
                self.units[declaration.name] = declaration
            case syntax.CodeDecl():
                self.codes[declaration.name] = declaration
            case syntax.DimensionDecl():
                self.dimensions[declaration.name] = declaration
            case syntax.ListDecl():
                self.lists[declaration.name] = declaration
            case syntax.EventDecl():
                self.events[declaration.name] = declaration
            case syntax.TableDecl():
                self.tables[declaration.name] = declaration
            case syntax.RateDecl():
                self.rates[declaration.name] = declaration
            case syntax.RecordDecl():
                self.records[declaration.name] = declaration
            case syntax.TargetDecl():
                self.targets[declaration.name] = declaration
            case syntax.ParameterDecl():
                self.parameters[declaration.name] = declaration
            case syntax.BudgetDecl():
                self.budgets[declaration.name] = declaration
            case syntax.AccountsDecl():
                self.account_sets[declaration.name] = declaration
            case syntax.RuleDecl():
                self.rules.append(declaration)
            case syntax.ChartDecl():
                if declaration.csv:
                    self._take_csv(declaration.name, assets[declaration.csv])
                for account in declaration.accounts:
                    self._account(
                        declaration.name,
                        Account(
                            account.role,
                            account.code,
                            account.name,
                            account.debit_side,
                            tuple(name.text for name in account.requires),
                        ),
                    )

    def _take_csv(self, chart: str, text: str) -> None:
        for row in csv.DictReader(io.StringIO(text)):
            role = row["role"]
            account = Account(
                role,
                row["code"],
                row["name"] or role,
                row["side"] in {"debit", "借"},
                tuple((row.get("requires") or "").split()),
            )
            self._account(chart, account)

    def _account(self, chart: str, account: Account) -> None:
        self.charts.setdefault(chart, {})[account.role] = account
        self.accounts[account.role] = account

    def account(self, role: str, ledger: syntax.LedgerDecl) -> Account:
        """The account of a role in a ledger's chart: its own, or those that no ledger has."""
        taken = {each.chart for each in self.ledgers.values()} - {""}
        names = [ledger.chart] if ledger.chart else [n for n in self.charts if n not in taken]
        return next(self.charts[name][role] for name in names if role in self.charts[name])

    def names_target(self, name: str) -> bool:
        """Whether a name outside the event is a target's."""
        return name in self.targets and name not in {**self.tables, **self.rates, **self.records}

    def accounts_of_ledger(self, ledger: syntax.LedgerDecl) -> dict[str, Account]:
        """The roles of a ledger, in the order of its charts."""
        taken = {each.chart for each in self.ledgers.values()}
        names = [ledger.chart] if ledger.chart else [n for n in self.charts if n not in taken]
        return {role: account for name in names for role, account in self.charts[name].items()}

    @property
    def first_ledger(self) -> syntax.LedgerDecl:
        """The ledger that rules and vouchers take where they name none."""
        return next(iter(self.ledgers.values()))

    def ledger(self, name: syntax.Name | None) -> syntax.LedgerDecl:
        """The ledger of a name, or the first."""
        return self.first_ledger if name is None else self.ledgers[name.text]

    def budget(self, name: str) -> Budget:
        """A budget with what it declares in numbers."""
        found = self.budgets[name]
        counted = self.first_ledger.currency if found.counts is None else found.counts.text
        if counted in self.units:
            declared = self.units[counted].decimals
            scale = 4 if declared is None else declared
        else:
            scale = decimals_of(counted)
        tolerances: dict[Act, Tolerance] = {}
        # What is written for one act counts before what is written for all.
        for written in sorted(found.tolerances, key=lambda one: one.act is not None):
            share = None if written.share is None else int(number_of(written.share) * 10**6)
            amount = None if written.amount is None else int(number_of(written.amount) * 10**scale)
            acts = (Act.RESERVE, Act.COMMIT, Act.SPEND) if written.act is None else (written.act,)
            tolerances |= dict.fromkeys(acts, Tolerance(share, amount))
        return Budget(
            name=found.name,
            wire=found.wire,
            keys=tuple(key.name for key in found.keys),
            scale=scale,
            horizon=found.horizon,
            control=found.control,
            posture=found.posture,
            tolerances=tolerances,
            warn_ppm=None if found.warn_at is None else int(number_of(found.warn_at) * 10**6),
            override_role=found.override_role,
            by_path=found.by_path,
        )

    def budget_codes(self, name: str) -> list[str]:
        """Per key of a budget the code whose values a bare name there is, or ""."""
        keys = self.budgets[name].keys
        return ["" if key.is_text or key.name not in self.codes else key.name for key in keys]

    def event_of_wire(self, wire: object) -> syntax.EventDecl | None:
        """The event type with this wire name."""
        return next((event for event in self.events.values() if event.wire == wire), None)

    def item_type(self, type_ref: syntax.TypeRef) -> syntax.TypeRef | None:
        """The type of a value list's values; None of a list of records."""
        if type_ref.item is None and type_ref.name not in self.lists:
            # `list of 费用类别`: only the declarations tell a code from a list.
            return syntax.TypeRef(TypeWord.NAMED, type_ref.span, name=type_ref.name)
        return type_ref.item

    def elements_of(self, type_ref: syntax.TypeRef) -> tuple[syntax.FieldDecl, ...]:
        """The fields of a list's or map's elements."""
        item = self.item_type(type_ref)
        if item is None:
            return self.lists[type_ref.name].fields
        if type_ref.word is TypeWord.LIST:
            return (_part("value", item),)
        assert type_ref.key is not None
        return (_part("key", type_ref.key), _part("value", item))

    def decimals(self, type_ref: syntax.TypeRef) -> int:
        """How many decimals a number of this type has."""
        if type_ref.decimals is not None:
            return type_ref.decimals
        match type_ref.word:
            case TypeWord.INTEGER:
                return 0
            case TypeWord.AMOUNT:
                currency = decimals_of(self.currency(type_ref))
                return currency + 4 if type_ref.per_unit else currency
            case TypeWord.QUANTITY:
                declared = self.units[type_ref.unit].decimals
                return 4 if declared is None else declared
        return 6

    def bounds(self, type_ref: syntax.TypeRef) -> tuple[Fraction, Fraction]:
        """Inclusive bounds of a number, written or not; a price is no amount."""
        is_amount = type_ref.word is TypeWord.AMOUNT and not type_ref.per_unit
        if is_amount:
            limit = Fraction(AMOUNT_LIMIT, 10 ** decimals_of(self.currency(type_ref)))
        else:
            limit = Fraction(NUMBER_LIMIT, 10 ** self.decimals(type_ref))
        low = -limit if type_ref.low is None else number_of(type_ref.low)
        high = limit if type_ref.high is None else number_of(type_ref.high)
        return low, high

    def currency(self, type_ref: syntax.TypeRef) -> str:
        """The currency of an amount type, "" of another number."""
        if type_ref.word is not TypeWord.AMOUNT:
            return ""
        return type_ref.currency or self.first_ledger.currency


def number_of(number: syntax.Number) -> Fraction:
    """The value of a number as written; 6% is 0.06."""
    return Fraction(number.digits, 10**number.decimals)


def _part(name: str, type_ref: syntax.TypeRef) -> syntax.FieldDecl:
    span = type_ref.span
    return syntax.FieldDecl(name, span, name, type_ref, False, None, False, span)
