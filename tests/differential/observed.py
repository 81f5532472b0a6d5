"""What an event and a book came to, in one form for the reference and the engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from engine.book import Book
from engine.calendar import period_text
from engine.calls import EventResult, LineView, VoucherView
from engine.program import Side
from engine.state.book_state import BalanceSpec, BookState
from tests.reference.state import Outcome, PostedLine, PostedVoucher, State
from tests.reference.values import EPOCH, Account, Value

#: Statuses whose reason and vouchers are those of an earlier event or only told in words.
LOOSE = frozenset({"INVALID", "DUPLICATE"})

PAGE = 1_000

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ObservedEvent:
    """What became of an event, with its vouchers in full."""

    status: str
    reason: str
    first_status: str
    message: str
    vouchers: tuple[PostedVoucher, ...]


@dataclass(frozen=True, slots=True)
class ObservedState:
    """What a book holds after its events. Amounts in minor units, keys as texts."""

    totals: dict[Key, tuple[int, int]]
    targets: dict[Key, int]
    records: dict[Key, dict[str, object]]
    balances: dict[Key, int]

    def against(self, other: ObservedState) -> tuple[object, object]:
        """The entries of both that differ."""
        mine, theirs = {}, {}
        for name in ("totals", "targets", "records", "balances"):
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
        outcome.message if outcome.status == "REJECTED_RULE" else "",
        outcome.vouchers,
    )


def of_engine(result: EventResult, vouchers: dict[str, VoucherView]) -> ObservedEvent:
    """A result of the engine; `vouchers` by name."""
    status = result.status.name
    first = result.first_status.name if result.first_status is not None else ""
    names = () if status == "DUPLICATE" else result.vouchers
    return ObservedEvent(
        status,
        "" if status in LOOSE else result.reason,
        first if status == "DUPLICATE" else "",
        result.message if status == "REJECTED_RULE" else "",
        tuple(posted_voucher(vouchers[name]) for name in names),
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
    side = Side.DEBIT if line.debit else Side.CREDIT
    dimensions = tuple(sorted((name, value) for name, value in line.dimensions if value))
    return PostedLine(side, line.account_code, line.debit or line.credit, dimensions)


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
            records={
                (name, *map(str, key)): {field: _plain(value) for field, value in fields.items()}
                for (name, key), fields in reference.records.items()
            },
            balances=_reference_balances(reference, engine),
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
        ),
    )


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
    return (spec.ledger, spec.accounts, spec.dimensions, *map(engine.pool.text, key))


def _reference_balances(reference: State, engine: BookState) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for spec, values in engine.balances.items():
        [code] = spec.accounts
        account = Account("", code, "", spec.debit_side, ())
        for key in values:
            entity, *parts = map(engine.pool.text, key)
            found[_balance_key(engine, spec, key)] = reference.balance(
                entity, spec.ledger, account, dict(zip(spec.dimensions, parts, strict=True))
            )
    return found


def _engine_records(reference: State, engine: BookState) -> dict[Key, dict[str, object]]:
    """The engine's records; the reference's values say which numbers stand for texts."""
    texts = {
        (name, field)
        for (name, _), fields in reference.records.items()
        for field, value in fields.items()
        if isinstance(value, str)
    }
    found: dict[Key, dict[str, object]] = {}
    for name, records in engine.records.items():
        for key, fields in records.items():
            values: dict[str, object] = {}
            for field, value in fields.items():
                if isinstance(value, tuple):
                    values[field] = Fraction(value[0], 10 ** value[1])
                elif (name, field) in texts:
                    values[field] = engine.pool.text(value)
                else:
                    values[field] = value
            found[name, *map(engine.pool.text, key)] = values
    return found


def _plain(value: Value) -> object:
    match value:
        case bool():
            return int(value)
        case date():
            return (value - EPOCH).days
    return value
