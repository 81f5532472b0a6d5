"""Decoding, evaluating and rounding in memory, against rows, hand-written numpy and Decimal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import numpy as np
from google.protobuf import struct_pb2

from benchmarks import forty
from benchmarks.measure import Figure, Scale, interleaved
from benchmarks.workload import (
    arrow_bytes,
    arrow_table,
    forty_program,
    invoices,
    services_program,
)
from engine.batch import Column, ReceivedBatch, TypedBatch
from engine.decide.builder import CommitBuilder, Decision
from engine.decide.plan import DecisionPlan, plan_program
from engine.decide.run import Evaluator, decide_run
from engine.evaluate import CROSSOVER_ROWS, evaluate_columns, evaluate_row
from engine.evaluate.outcome import RuleColumns
from engine.money import round_products, round_quotients
from engine.program import NO_DATE, Program, RoundMode, Side
from engine.receive import parse_json_rows, receive_arrow, receive_rows, type_rows
from engine.state.book_state import BookState
from engine.state.overlay import Overlay, ProgramView
from engine.strings import BatchStrings
from server.convert import read_batch
from tongpin.v1 import event_pb2

Event = Mapping[str, object]

#: Times a short run is repeated inside one measurement.
_REPEATS = 5


class Desk:
    """A program ready to decide, without a book around it."""

    def __init__(self, program: Program) -> None:
        """Links the program to a fresh state."""
        self.program = program
        self.state = BookState.empty()
        self.plan: DecisionPlan = plan_program(program, self.state.pool)

    def receive(self, events: Sequence[Event]) -> ReceivedBatch:
        """Rows, received."""
        return receive_rows(events, self.state.pool, default_entity="C01")

    def types(self, received: ReceivedBatch) -> dict[int, TypedBatch]:
        """Typed rows by event type."""
        codes = received.types
        typed = {}
        for code in np.unique(codes).tolist():
            index = self.plan.type_index[code]
            rows = np.flatnonzero(codes == code)
            kind = self.program.event_types[index]
            typed[index] = type_rows(kind, index, received, rows, strict=True)
        return typed

    def view(self, strings: BatchStrings) -> ProgramView:
        """The empty state as evaluators see it."""
        return ProgramView(Overlay(self.state, strings), self.program, self.plan.specs)

    def columns(self, typed: Mapping[int, TypedBatch]) -> list[tuple[int, RuleColumns]]:
        """Every rule over its rows, in columns."""
        results = []
        for event_type, batch in typed.items():
            view = self.view(batch.strings)
            candidates = np.arange(len(batch.rows), dtype=np.int64)
            for rule in self.plan.rules[event_type]:
                results.append(
                    (rule, evaluate_columns(self.plan.linked, rule, batch, candidates, view))
                )
        return results

    def closures(self, typed: Mapping[int, TypedBatch]) -> int:
        """Every rule over its rows through closures; gives how many matched."""
        matched = 0
        for event_type, batch in typed.items():
            view = self.view(batch.strings)
            rules = self.plan.rules[event_type]
            for index in range(len(batch.rows)):
                for rule in rules:
                    matched += evaluate_row(self.plan.linked, rule, batch, index, view).matched
        return matched

    def decide(self, received: ReceivedBatch, evaluator: Evaluator) -> int:
        """A run decided on an overlay; gives how many events have an outcome."""
        strings = received.strings
        builder = CommitBuilder(strings)
        builder.decisions = [
            Decision(-1, source, event_id, entity, date, NO_DATE)
            for source, event_id, entity, date in zip(
                received.sources.tolist(),
                received.ids.tolist(),
                received.entities.tolist(),
                received.dates.tolist(),
                strict=True,
            )
        ]
        rows = list(range(len(received)))
        return len(
            decide_run(
                self.plan,
                received,
                rows,
                decisions=rows,
                overlay=Overlay(self.state, strings),
                builder=builder,
                strict=True,
                evaluator=evaluator,
            )
        )


# ---------------------------------------------------------------------------- decoding


def decode_columnar_vs_rows(scale: Scale) -> list[Figure]:
    """Bytes of the wire to typed batches: Arrow IPC against Struct rows and JSON rows."""
    desk = Desk(forty_program())
    events = forty.events(scale.batch)
    arrow = arrow_bytes(arrow_table(events))
    rows = struct_bytes(events)
    text = b"\n".join(json_lines(events))

    def columnar() -> None:
        desk.types(receive_arrow(arrow, desk.state.pool, default_entity="C01"))

    def struct() -> None:
        message = event_pb2.EventBatch.FromString(rows)
        desk.types(desk.receive(_events_of(message)))

    def json() -> None:
        desk.types(desk.receive(parse_json_rows(text)))

    shared = {
        "batch": scale.batch,
        "fields": 14,
        "includes": "canonical content, identity and content hashes, typing",
    }
    return [
        interleaved(
            "decode_columnar_vs_rows:struct",
            columnar,
            struct,
            count=scale.batch,
            target=15,
            runs=scale.runs,
            conditions=shared,
        ),
        interleaved(
            "decode_columnar_vs_rows:json",
            columnar,
            json,
            count=scale.batch,
            target=7,
            runs=scale.runs,
            conditions=shared,
        ),
    ]


def _events_of(message: event_pb2.EventBatch) -> list[Event]:
    """Rows of a message of any length: messages of the service have at most 1,000."""
    events: list[Event] = []
    for start in range(0, len(message.rows.events), 1_000):
        part = event_pb2.EventBatch()
        part.rows.events.extend(message.rows.events[start : start + 1_000])
        events.extend(read_batch(part).events)
    return events


def struct_bytes(events: Sequence[Event]) -> bytes:
    """Events as typed envelopes with Struct fields."""
    envelope = ("id", "type", "date", "source")
    batch = event_pb2.EventBatch()
    for event in events:
        fields = struct_pb2.Struct()
        fields.update({key: value for key, value in event.items() if key not in envelope})
        own = {key: str(event[key]) for key in envelope if key in event}
        batch.rows.events.append(event_pb2.Event(fields=fields, **own))
    data: bytes = batch.SerializeToString()
    return data


def json_lines(events: Sequence[Event]) -> list[bytes]:
    """Events as lines of JSON."""
    import json

    return [json.dumps(event, ensure_ascii=False).encode() for event in events]


# -------------------------------------------------------------------------- evaluating


def evaluate_vs_hand_numpy(scale: Scale) -> list[Figure]:
    """Compiled rules over typed columns against the same rules written in numpy by hand."""
    return [_forty_vs_hand(scale), _services_vs_hand(scale)]


def _forty_vs_hand(scale: Scale) -> Figure:
    desk = Desk(forty_program())
    received = desk.receive(forty.events(scale.batch))
    typed = desk.types(received)
    columns = [_hand_columns(desk, index, batch) for index, batch in typed.items()]
    code, text = received.strings.code, received.strings.text
    kinds = {name: code(name) for name in forty.KINDS}

    def ours() -> list[tuple[int, RuleColumns]]:
        return [made for _ in range(_REPEATS) for made in desk.columns(typed)]

    def hand() -> list[object]:
        return [
            made
            for _ in range(_REPEATS)
            for part in columns
            for made in forty.by_hand(part, kinds, text)
        ]

    _same(_our_totals(desk, desk.columns(typed)), _hand_totals(hand()[: 4 * len(columns)]))
    return interleaved(
        "evaluate_vs_hand_numpy:forty",
        ours,
        hand,
        count=scale.batch * _REPEATS,
        target=0.8,
        runs=scale.runs,
        conditions={
            "batch": scale.batch,
            "rules": 40,
            "event types": forty.TYPES,
            "made alike": "lines, dimensions, summaries",
            "ours also": "ranges, signs, required dimensions, balance, failures, reads",
        },
    )


def _hand_columns(desk: Desk, index: int, batch: TypedBatch) -> forty.HandColumns:
    names = [field.wire for field in desk.program.event_types[index].fields]
    found = {
        name: column.values
        for name, column in zip(names, batch.columns, strict=True)
        if isinstance(column, Column)
    }
    wanted = ("customer", "project", "department", "kind", "gross", "rate", "hours", "price")
    number = int(desk.program.event_types[index].wire.removeprefix("bench.type"))
    return forty.HandColumns(number, *(found[name] for name in wanted))  # type: ignore[arg-type]


def _our_totals(desk: Desk, results: list[tuple[int, RuleColumns]]) -> dict[tuple[str, bool], int]:
    totals: dict[tuple[str, bool], int] = {}
    for rule_index, result in results:
        rule = desk.program.rules[rule_index]
        for plan, voucher in zip(rule.vouchers, result.vouchers, strict=True):
            for declared, line in zip(plan.lines, voucher.lines, strict=True):
                for account in np.unique(line.accounts).tolist():
                    key = (desk.program.accounts[account].code, declared.side is Side.DEBIT)
                    amount = int(line.amounts[line.accounts == account].sum())
                    totals[key] = totals.get(key, 0) + amount
    return totals


def _hand_totals(results: list[object]) -> dict[tuple[str, bool], int]:
    totals: dict[tuple[str, bool], int] = {}
    for lines, _ in results:  # type: ignore[misc]  # pairs, see `forty.by_hand`
        for line in lines:
            key = (line.account, line.debit)
            totals[key] = totals.get(key, 0) + int(line.amounts.sum())
    return totals


def _same(first: Mapping[object, int], second: Mapping[object, int]) -> None:
    """Refuses to compare sides that do not make the same."""
    mine = {key: value for key, value in first.items() if value}
    theirs = {key: value for key, value in second.items() if value}
    if mine != theirs:
        raise ValueError(f"the sides differ: {sorted(mine.items() ^ theirs.items())[:4]}")


def _services_vs_hand(scale: Scale) -> Figure:
    desk = Desk(services_program())
    received = desk.receive(invoices(scale.batch))
    typed = desk.types(received)
    (index, batch), *_ = typed.items()
    names = [field.wire for field in desk.program.event_types[index].fields]
    columns = {n: c for n, c in zip(names, batch.columns, strict=True) if isinstance(c, Column)}
    text = received.strings.text
    code = received.strings.code

    def ours() -> object:
        return [desk.columns(typed) for _ in range(_REPEATS)]

    def hand() -> object:
        return [_invoice_by_hand(columns, text, code) for _ in range(_REPEATS)]

    _same(_our_totals(desk, desk.columns(typed)), _invoice_by_hand(columns, text, code)[2])
    return interleaved(
        "evaluate_vs_hand_numpy:services",
        ours,
        hand,
        count=scale.batch * _REPEATS,
        target=0.8,
        runs=scale.runs,
        conditions={
            "batch": scale.batch,
            "events": "invoices, VAT split; three rules, one matches",
            "made alike": "guards, lines, dimensions, summaries, rate texts",
        },
    )


def _invoice_by_hand(
    columns: Mapping[str, Column], text: Callable[[int], str], code: Callable[[str], int]
) -> tuple[list[object], list[str], dict[tuple[str, bool], int]]:
    """The three invoice rules of the services book for general taxpayers, in numpy."""
    given = {name: column.given for name, column in columns.items()}
    parts = given["net"] & given["tax"]
    whole = given["gross"] & given["tax_rate"]
    rows = np.flatnonzero(
        ~given["method"] & ~given["against"] & ~given["currency"] & (whole | parts)
    )
    gross = columns["gross"].values[rows].astype(np.int64)
    rate = columns["tax_rate"].values[rows].astype(np.int64)
    stated = parts[rows]
    net = np.where(
        stated,
        columns["net"].values[rows].astype(np.int64),
        forty.half_away(gross * 1_000_000, 1_000_000 + rate),
    )
    tax = np.where(stated, columns["tax"].values[rows].astype(np.int64), gross - net)
    total = net + tax
    owed = np.where(given["paid_by"][rows], 0, total)
    deferred = np.where(given["service_start"][rows], net, 0)
    customer, contract, project, bank = (
        columns[name].values[rows] for name in ("customer", "contract", "project", "bank")
    )
    distinct, inverse = np.unique(rate, return_inverse=True)
    texts = [f"{Decimal(raw).scaleb(-6).normalize():f}" for raw in distinct.tolist()]
    rates = np.array([code(t) for t in texts], dtype=np.int32)[inverse]
    lines: list[object] = []
    totals: dict[tuple[str, bool], int] = {}
    for account, debit, amounts, dimensions in (
        ("1122", True, owed, (customer, contract, project)),
        ("1002", True, total - owed, (bank,)),
        ("6001", False, net - deferred, (customer, project)),
        ("2204", False, deferred, (customer, contract)),
        ("22210107", False, tax, (rates,)),
    ):
        kept = np.flatnonzero(amounts)
        lines.append((kept, account, debit, amounts[kept], [d[kept] for d in dimensions]))
        totals[account, debit] = int(amounts.sum())
    numbers = columns["invoice_no"].values[rows].tolist()
    summaries = [
        f"开票 {text(c)} {text(n)}" for c, n in zip(customer.tolist(), numbers, strict=True)
    ]
    return lines, summaries, totals


def evaluate_vs_decimal_loop(scale: Scale) -> list[Figure]:
    """Compiled rules over typed columns against a per-event interpreter with Decimal."""
    desk = Desk(forty_program())
    events = forty.events(scale.batch)
    typed = desk.types(desk.receive(events))
    rows = [forty.typed(event) for event in events]
    rules = forty.tree_rules()

    def ours() -> object:
        return [desk.columns(typed) for _ in range(_REPEATS)]

    def loop() -> list[object]:
        return [forty.interpret(rules, row) for row in rows]

    totals: dict[tuple[str, bool], int] = {}
    for _, _, lines in loop():  # type: ignore[misc]  # triples, see `forty.interpret`
        for line in lines:
            key = (line.account, line.debit)
            totals[key] = totals.get(key, 0) + int(line.amount.scaleb(2))
    _same(_our_totals(desk, desk.columns(typed)), totals)
    return [
        interleaved(
            "evaluate_vs_decimal_loop",
            ours,
            loop,
            count=scale.batch * _REPEATS,
            reference_count=scale.batch,
            target=20,
            runs=scale.runs,
            conditions={
                "batch": scale.batch,
                "rules": 40,
                "both start from": "typed values (int64 columns; Decimal in dicts)",
            },
        )
    ]


def evaluate_small_vs_closure(scale: Scale) -> list[Figure]:
    """Deciding 1, 100 and 1,000 events: the path the engine picks against closures."""
    figures = []
    for name, program, events in (
        ("services", services_program(), invoices(1_000)),
        ("forty", forty_program(), forty.events(1_000)),
    ):
        desk = Desk(program)
        for size in (1, 100, 1_000):
            repeats = max(1, (200 if scale.quick else 2_000) // size)
            batches = [desk.receive(events[:size]) for _ in range(repeats)]
            typed = desk.types(desk.receive(events[:size]))

            def auto(desk: Desk = desk, batches: list[ReceivedBatch] = batches) -> None:
                for batch in batches:
                    desk.decide(batch, "auto")

            def closures(desk: Desk = desk, batches: list[ReceivedBatch] = batches) -> None:
                for batch in batches:
                    desk.decide(batch, "closures")

            pure = _columns_vs_closures(desk, typed, repeats, scale)
            figures.append(
                interleaved(
                    f"evaluate_small_vs_closure:{name}:{size}",
                    auto,
                    closures,
                    count=size * repeats,
                    target=0.8,
                    runs=scale.runs,
                    conditions={
                        "decides": "typing, levels, evaluation, effects",
                        "crossover in rows": CROSSOVER_ROWS,
                        "columns / closures, evaluation alone": pure,
                    },
                )
            )
    return figures


def _columns_vs_closures(
    desk: Desk, typed: dict[int, TypedBatch], repeats: int, scale: Scale
) -> float | None:
    def columns() -> None:
        for _ in range(repeats):
            desk.columns(typed)

    def closures() -> None:
        for _ in range(repeats):
            desk.closures(typed)

    figure = interleaved(
        "inner", columns, closures, count=1, target=None, runs=scale.runs, profile=False
    )
    return figure.ratio


def wide_round_vs_int64(scale: Scale) -> list[Figure]:
    """Exact a*b/c beyond int64 against the same where every product fits."""
    count = 100_000 if scale.quick else 1_000_000
    random = np.random.default_rng(1)
    rate = random.integers(1, 10**6, count, dtype=np.int64)
    divisor = random.integers(10**6, 2 * 10**6, count, dtype=np.int64)
    small = random.integers(1, 10**9, count, dtype=np.int64)
    large = random.integers(10**13, 10**15, count, dtype=np.int64)
    wide = round_products(large[:1_000], rate[:1_000], divisor[:1_000], RoundMode.HALF_AWAY)
    exact = [
        (2 * a * b + c) // (2 * c)
        for a, b, c in zip(large.tolist(), rate.tolist(), divisor.tolist(), strict=True)
    ][:1_000]
    if wide.tolist() != exact:
        raise ValueError("the wide kernel is not exact")
    return [
        interleaved(
            "wide_round_vs_int64",
            lambda: round_products(large, rate, divisor, RoundMode.HALF_AWAY),
            lambda: round_quotients(small * rate, divisor, RoundMode.HALF_AWAY),
            count=count,
            target=3,
            runs=scale.runs,
            unit="roundings/s",
            of_times=True,
            conditions={"rows": count, "checked against": "Python integers"},
        )
    ]


BENCHMARKS: dict[str, Callable[[Scale], list[Figure]]] = {
    "decode_columnar_vs_rows": decode_columnar_vs_rows,
    "evaluate_vs_hand_numpy": evaluate_vs_hand_numpy,
    "evaluate_vs_decimal_loop": evaluate_vs_decimal_loop,
    "evaluate_small_vs_closure": evaluate_small_vs_closure,
    "wide_round_vs_int64": wide_round_vs_int64,
}
