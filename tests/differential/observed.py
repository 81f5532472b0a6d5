"""What an event and a book came to, in one form for the reference and the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from engine.book import Book
from engine.calendar import period_text
from engine.calls import BudgetVerdict, EventResult, LineView, VoucherView
from engine.program import PARAMETER_FIELDS, PARAMETER_PREFIX, Side
from engine.state.balances import BalanceSpec
from engine.state.book_state import BookState
from tests.reference.budget_cuts import Verdict
from tests.reference.budgets import ACTUAL, COMMITTED, LIMIT, RESERVED, Budgets
from tests.reference.ledger_reads import measured, within
from tests.reference.state import Outcome, PostedLine, PostedVoucher, State
from tests.reference.values import CURRENCY_DECIMALS, EPOCH, Value

#: Statuses whose reason and vouchers are those of an earlier event or only told in words.
LOOSE = frozenset({"INVALID", "DUPLICATE"})

#: Statuses whose message is the author's, alone or followed by what the budget says.
BUDGETED = frozenset({"REJECTED_BUDGET", "HELD"})
TELLING = BUDGETED | {"REJECTED_RULE"}

PAGE = 1_000

_VALUE = PARAMETER_FIELDS[0]

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ObservedEvent:
    """What became of an event, with its vouchers in full."""

    status: str
    reason: str
    first_status: str
    message: str
    vouchers: tuple[PostedVoucher, ...]
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class ObservedState:
    """What a book holds after its events. Amounts in minor units, keys as texts."""

    totals: dict[Key, tuple[int, int]]
    targets: dict[Key, int]
    records: dict[Key, dict[str, object]]
    balances: dict[Key, int]
    nodes: dict[Key, tuple[int, ...]]
    references: dict[Key, tuple[object, ...]]

    def against(self, other: ObservedState) -> tuple[object, object]:
        """The entries of both that differ."""
        mine, theirs = {}, {}
        for name in ("totals", "targets", "records", "balances", "nodes", "references"):
            left: dict[Key, object] = getattr(self, name)
            right: dict[Key, object] = getattr(other, name)
            for key in left.keys() | right.keys():
                if left.get(key) != right.get(key):
                    mine[name, key] = left.get(key)
                    theirs[name, key] = right.get(key)
        return mine, theirs


def of_reference(outcome: Outcome) -> ObservedEvent:
    """An outcome of the reference evaluator."""
    return ObservedEvent(
        outcome.status,
        "" if outcome.status in LOOSE else outcome.reason,
        outcome.first_status if outcome.status == "DUPLICATE" else "",
        outcome.message if outcome.status in TELLING else "",
        outcome.vouchers,
        outcome.verdicts,
    )


def of_engine(
    result: EventResult, vouchers: dict[str, VoucherView], beginning: str
) -> ObservedEvent:
    """A result of the engine; `vouchers` by name.

    `beginning`: what the message of a budget's refusal begins with: the author's own words.
    """
    status = result.status.name
    first = result.first_status.name if result.first_status is not None else ""
    names = () if status == "DUPLICATE" else result.vouchers
    return ObservedEvent(
        status,
        "" if status in LOOSE else result.reason,
        first if status == "DUPLICATE" else "",
        _message(result, beginning) if status in TELLING else "",
        tuple(posted_voucher(vouchers[name]) for name in names),
        tuple(_verdict(said) for said in result.budget),
    )


def _message(result: EventResult, beginning: str) -> str:
    """The author's words, where there are any; commands say why in words of their own."""
    is_longer = not beginning or result.status.name in BUDGETED
    return beginning if is_longer and result.message.startswith(beginning) else result.message


def _verdict(said: BudgetVerdict) -> Verdict:
    return Verdict(
        said.node,
        said.verdict.name,
        said.requested,
        said.available,
        said.shortfall,
        said.excess,
        said.role,
    )


def vouchers_of(book: Book) -> dict[str, VoucherView]:
    """Every voucher of a book by name."""
    found: dict[str, VoucherView] = {}
    after = ""
    while True:
        page, after = book.vouchers(after=after, limit=PAGE)
        found |= {view.name: view for view in page}
        if not after:
            return found


def posted_voucher(view: VoucherView) -> PostedVoucher:
    """A voucher of the engine in the reference's form."""
    return PostedVoucher(
        entity=view.entity,
        ledger=view.ledger,
        period=view.period,
        word=view.word,
        number=view.number,
        voucher_date=date.fromisoformat(view.voucher_date),
        event_date=date.fromisoformat(view.event_date),
        rule=view.rule,
        summary=view.summary,
        lines=tuple(_posted_line(line) for line in view.lines),
    )


def _posted_line(line: LineView) -> PostedLine:
    side = Side.DEBIT if line.debit or line.fc_debit else Side.CREDIT
    dimensions = tuple(sorted((name, value) for name, value in line.dimensions if value))
    foreign = None
    if line.currency:
        minor = line.fc_debit or line.fc_credit
        amount = Fraction(minor, 10 ** CURRENCY_DECIMALS[line.currency])
        foreign = (line.currency, amount, line.rate)
    return PostedLine(side, line.account_code, line.debit or line.credit, dimensions, foreign)


# --- State ---------------------------------------------------------------------------------


def states(reference: State, engine: BookState) -> tuple[ObservedState, ObservedState]:
    """Both states in one form; balances are those that the engine keeps."""
    return (
        ObservedState(
            totals=_reference_totals(reference),
            targets={
                (name, entity, *map(str, key)): value
                for (name, entity, key), value in reference.targets.items()
            },
            records=_reference_records(reference),
            balances=_reference_balances(reference, engine),
            nodes=_reference_nodes(reference.budgets),
            references=_reference_references(reference.budgets),
        ),
        ObservedState(
            totals={
                (entity, ledger, period_text(period), account): (total[0], total[1])
                for (entity, ledger, period, account), total in engine.totals.items()
            },
            targets={
                (name, *map(engine.pool.text, key)): value
                for name, values in engine.targets.items()
                for key, value in values.items()
            },
            records=_engine_records(reference, engine),
            balances={
                _balance_key(engine, spec, key): value
                for spec, values in engine.balances.items()
                for key, value in values.items()
            },
            nodes={
                (name,): tuple(figures)
                for name, figures in engine.budgets.figures.items()
                if any(figures)
            },
            references={
                key: _held(
                    held.group, held.expires_us, [(part.node, *part[1:]) for part in held.parts]
                )
                for key, held in engine.budgets.holdings.items()
            },
        ),
    )


def _reference_nodes(budgets: Budgets) -> dict[Key, tuple[int, ...]]:
    """Amount, reserved, committed, actual and excess of every node where one is not 0."""
    stages = (LIMIT, RESERVED, COMMITTED, ACTUAL)
    found: dict[Key, tuple[int, ...]] = {}
    for node in budgets.entered:
        name = str(node)
        figures = [budgets.figure(node, stage) for stage in stages]
        found[name,] = (*figures, budgets.excesses[name])
    return {name: figures for name, figures in found.items() if any(figures)}


def _reference_references(budgets: Budgets) -> dict[Key, tuple[object, ...]]:
    """Per reference its group, the end of its soft hold, and what it holds at each node."""
    found: dict[Key, tuple[object, ...]] = {}
    for (budget, reference), hold in budgets.holds.items():
        parts = budgets.held(budget, reference, budgets.moves).items()
        held = [(str(node), *amounts) for node, amounts in parts]
        found[budget, reference] = _held(hold.group, hold.until, held)
    return found


def _held(group: str, until: int, parts: Sequence[tuple[str, int, int]]) -> tuple[object, ...]:
    """What a reference holds, in one form; where nothing is reserved, nothing can end."""
    is_soft = any(reserved for _, reserved, _ in parts)
    return (group, until if is_soft else 0, *parts)


def _reference_totals(state: State) -> dict[Key, tuple[int, int]]:
    totals: dict[Key, tuple[int, int]] = {}
    for voucher in state.vouchers:
        for line in voucher.lines:
            key = (voucher.entity, voucher.ledger, voucher.period, line.account)
            debit, credit = totals.get(key, (0, 0))
            is_debit = line.side is Side.DEBIT
            totals[key] = (
                debit + (line.amount if is_debit else 0),
                credit + (0 if is_debit else line.amount),
            )
    return totals


def _balance_key(engine: BookState, spec: BalanceSpec, key: tuple[int, ...]) -> Key:
    text = engine.pool.text
    prefix, period, rest = spec.group(key)
    return (spec.name, spec.keys, *map(text, prefix), period, *map(text, rest))


def _reference_balances(reference: State, engine: BookState) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for spec, values in engine.balances.items():
        for key in values:
            found[_balance_key(engine, spec, key)] = _reference_balance(
                reference, spec, key, engine.pool.text
            )
    return found


def _reference_balance(
    reference: State, spec: BalanceSpec, key: tuple[int, ...], text: Callable[[int], str]
) -> int:
    prefix, period, rest = spec.group(key)
    entity, *parts = map(text, prefix)
    carried: dict[str, Value] = dict(zip(spec.dimensions, parts, strict=True))
    codes = spec.accounts
    values = [*map(text, rest)]
    if spec.by_account:
        codes = (values.pop(0),)
    during = period_text(period) if spec.by_period else None
    lines = [
        line
        for _, line in reference.lines_of(entity, spec.ledger, codes, carried, within(during, None))
        if [dict(line.dimensions).get(wire, "") for wire in spec.keys] == values
    ]
    return measured(lines, spec.measure, debit_side=spec.debit_side)


def _reference_records(reference: State) -> dict[Key, dict[str, object]]:
    """The reference's records; of dated ones what was written for each day, under that day."""
    found: dict[Key, dict[str, object]] = {
        (name, *map(str, key)): {field: _plain(value) for field, value in fields.items()}
        for (name, key), fields in reference.records.items()
    }
    for (name, key), writes in reference.dated.items():
        for day, fields in writes:
            version = found.setdefault((name, *map(str, key), day.isoformat()), {})
            version |= {field: _plain(value) for field, value in fields.items()}
    for (wire, entity), value in reference.parameters.items():
        found[PARAMETER_PREFIX + wire, entity] = {_VALUE: _plain(value)}
    return found


def _engine_records(reference: State, engine: BookState) -> dict[Key, dict[str, object]]:
    """The engine's records; the reference's values say which numbers stand for texts."""
    kept = [(name, fields) for (name, _), fields in reference.records.items()]
    kept += [(name, own) for (name, _), all_ in reference.dated.items() for _, own in all_]
    texts = {
        (name, field)
        for name, fields in kept
        for field, value in fields.items()
        if isinstance(value, str)
    }
    texts |= {
        (PARAMETER_PREFIX + wire, _VALUE)
        for (wire, _), value in reference.parameters.items()
        if isinstance(value, str)
    }
    dated = {name for name, _ in reference.dated}
    found: dict[Key, dict[str, object]] = {}
    for name, records in engine.records.items():
        for key, fields in records.items():
            values: dict[str, object] = {}
            for field, value in fields.items():
                if name.startswith(PARAMETER_PREFIX) and field != _VALUE:
                    continue  # who set it, and when, are told in tests of their own
                if isinstance(value, tuple):
                    values[field] = Fraction(value[0], 10 ** value[1])
                elif (name, field) in texts:
                    values[field] = engine.pool.text(value)
                else:
                    values[field] = value
            day = [(EPOCH + timedelta(days=key[-1])).isoformat()] if name in dated else []
            texts_of_key = key[:-1] if name in dated else key
            found[name, *map(engine.pool.text, texts_of_key), *day] = values
    return found


def _plain(value: Value) -> object:
    match value:
        case bool():
            return int(value)
        case date():
            return (value - EPOCH).days
    return value
