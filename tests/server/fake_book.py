"""A book in memory with the interface of the real one and a few fixed rules."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pyarrow as pa

from engine.calls import (
    EVENT_RETRIED,
    EVENT_WITHDRAWN,
    REVISION_PUBLISHED,
    AccountEntry,
    BudgetDecision,
    BudgetNodeView,
    Call,
    CallResult,
    EventResult,
    LineView,
    ReservationView,
    RevisionView,
    StoredEventView,
    TrialBalanceRow,
    VoucherView,
)
from engine.effects import PublishingMode, Status
from engine.errors import MalformedInput, StoreUnavailable, UnknownObject, WrongState
from engine.parameters import ParameterView
from engine.program import NO_DATE, Ledger, Program
from engine.receive import canonical_content, content_hash
from engine.receive.dates import parse_date

SALE, NOTE, REFUSED = "sale", "note", "refused"
REVISION = "ab" * 32


@dataclass
class BookStatistics:
    append_nanos: int = 1_000_000
    appends: int = 0
    lost_races: int = 0
    projection_seq: int = 0


class FakeBook:
    """`sale` posts its amount, `note` posts nothing, `refused` is refused, others are unposted."""

    def __init__(self) -> None:
        self.seq = 0
        self.stats = BookStatistics()
        self.group_sizes: list[int] = []
        self.post_threads: set[str] = set()
        self.snapshots = 0
        self.ticks = 0
        self.due_us: int | None = None
        self.is_closed = False
        self.before_post: Callable[[Sequence[Call]], None] = lambda calls: None
        self.nodes: dict[str, BudgetNodeView] = {}
        self.known_types = {SALE, NOTE, REFUSED}
        self._events: dict[tuple[str, str], StoredEventView] = {}
        self._hashes: dict[tuple[str, str], bytes] = {}
        self._fields: dict[tuple[str, str], Mapping[str, object]] = {}
        self._vouchers: list[VoucherView] = []
        self._attempts: dict[str, CallResult] = {}
        self._streams: dict[tuple[str, str], dict[int, CallResult]] = {}
        self.state = SimpleNamespace(
            event_count=0,
            targets={},
            records={},
            budgets=SimpleNamespace(terms={}),
            closed_periods=set(),
        )
        self._revisions: list[RevisionView] = []
        self._lock = threading.Lock()

    # ------------------------------------------------------------ writing

    def post(self, calls: Sequence[Call]) -> list[CallResult]:
        self.before_post(calls)
        self.group_sizes.append(len(calls))
        self.post_threads.add(threading.current_thread().name)
        rows = [self._rows(call) for call in calls]
        with self._lock:
            self.seq += 1
            self.stats.appends += 1
            return [self._call(call, events) for call, events in zip(calls, rows, strict=True)]

    def dry_run(self, call: Call, candidate: Program | None = None) -> CallResult:
        if call.revision and not REVISION.startswith(call.revision):
            raise UnknownObject("NOT_FOUND", "there is no such revision", kind="revision", name="x")
        results = []
        for event in self._rows(call):
            problem = _problem(event)
            if problem:
                results.append(EventResult(Status.INVALID, message=problem, reason="EVENT_SHAPE"))
                continue
            status, reason = self._decide(event)
            drafts = (self._voucher(event, 0, 0),) if status is Status.POSTED else ()
            results.append(
                EventResult(status, _source(event), str(event["id"]), reason, drafts=drafts)
            )
        return CallResult(results, self.seq)

    def _rows(self, call: Call) -> Sequence[Mapping[str, object]]:
        if call.arrow is None:
            return call.events
        try:
            rows = pa.ipc.open_stream(call.arrow).read_all().to_pylist()
        except pa.ArrowException as error:
            raise MalformedInput("ARROW", str(error)) from error
        return [{k: str(v) if k == "date" else v for k, v in row.items()} for row in rows]

    def _call(self, call: Call, events: Sequence[Mapping[str, object]]) -> CallResult:
        if call.stream:
            offsets = self._streams.setdefault((call.principal, call.stream), {})
            if call.offset in offsets:
                first = offsets[call.offset]
                return CallResult([replace(r, replayed=True) for r in first.results], first.seq)
            if call.offset != len(offsets) + 1:
                raise WrongState("OFFSET_GAP", f"{call.offset} after {len(offsets)}")
        elif call.attempt_id in self._attempts:
            first = self._attempts[call.attempt_id]
            return CallResult([replace(r, replayed=True) for r in first.results], first.seq)
        results: list[EventResult] = []
        for event in events:
            if call.stop_on_error and any(not r.status.takes_identity for r in results):
                results.append(EventResult(Status.NOT_ATTEMPTED, _source(event), str(event["id"])))
            else:
                results.extend(self._event(event, call.principal))
        answer = CallResult(results, self.seq)
        if call.stream:
            offsets[call.offset] = answer
        elif call.attempt_id:
            self._attempts[call.attempt_id] = answer
        return answer

    def _event(self, event: Mapping[str, object], principal: str) -> list[EventResult]:
        problem = _problem(event)
        if problem:
            return [EventResult(Status.INVALID, message=problem, reason="EVENT_SHAPE")]
        if event["type"] == EVENT_RETRIED:
            return self._retry(event["events"])
        if event["type"] == EVENT_WITHDRAWN:
            key = (str(event["of_source"]), str(event["of_id"]))
            if key not in self._events:
                raise UnknownObject("NOT_FOUND", f"no event {key}", kind="event", name=key[1])
            self._events[key] = replace(self._events[key], status=Status.WITHDRAWN)
            return [EventResult(Status.WITHDRAWN, *key, seq=self.seq)]
        key = (_source(event), str(event["id"]))
        content = canonical_content(event)
        if key in self._events:
            first = self._events[key]
            if self._hashes[key] != content_hash(content):
                return [
                    EventResult(
                        Status.CONFLICT, *key, reason="EVENT_CONFLICT", conflicting_fields=("x",)
                    )
                ]
            return [
                EventResult(
                    Status.DUPLICATE,
                    *key,
                    vouchers=first.vouchers,
                    seq=first.seq,
                    first_status=first.status,
                )
            ]
        status, reason = self._decide(event)
        if event["type"] == REVISION_PUBLISHED:
            self._publish(event, principal)
            status, reason = Status.NO_POSTING, ""
        if not status.takes_identity:
            return [EventResult(status, *key, reason=reason, message="the rules refuse it")]
        self._hashes[key] = content_hash(content)
        self._fields[key] = event
        self._events[key] = StoredEventView(
            *key,
            str(event["type"]),
            str(event["date"]),
            status,
            reason,
            "",
            content,
            (),
            self.seq,
            principal,
            time.time_ns() // 1000,
            REVISION,
        )
        return [self._book_it(key, status, reason)]

    def _book_it(self, key: tuple[str, str], status: Status, reason: str) -> EventResult:
        names: tuple[str, ...] = ()
        if status is Status.POSTED:
            voucher = self._voucher(self._fields[key], len(self._vouchers) + 1, self.seq)
            self._vouchers.append(voucher)
            names = (voucher.name,)
        self._events[key] = replace(self._events[key], status=status, reason=reason, vouchers=names)
        return EventResult(status, *key, reason=reason, vouchers=names, seq=self.seq)

    def _decide(self, event: Mapping[str, object]) -> tuple[Status, str]:
        if event["type"] not in self.known_types:
            return Status.UNPOSTED, "UNKNOWN_TYPE"
        if event["type"] == REFUSED:
            return Status.REJECTED_RULE, "RULE"
        return (Status.POSTED if event["type"] == SALE else Status.NO_POSTING), ""

    def _retry(self, names: object) -> list[EventResult]:
        keys = [(name["source"], name["id"]) for name in names] or [
            (view.source, view.event_id) for view in self.unposted(limit=1000)[0]
        ]
        results = []
        for key in keys:
            if key not in self._events:
                raise UnknownObject("NOT_FOUND", f"no event {key}", kind="event", name=key[1])
            results.append(self._book_it(key, *self._decide(self._fields[key])))
        return results

    def _publish(self, event: Mapping[str, object], principal: str) -> None:
        files = tuple((f["path"], f["content"].encode()) for f in event["files"])
        revision = content_hash(canonical_content({"f": event["files"]})).hex() * 2
        self._revisions.append(
            RevisionView(
                revision,
                self.seq,
                str(event.get("valid_from", "")),
                "",
                principal,
                time.time_ns() // 1000,
                str(event.get("comment", "")),
                files,
                event_id=str(event["id"]),
            )
        )

    def _voucher(self, event: Mapping[str, object], number: int, seq: int) -> VoucherView:
        amount = int(str(event["amount"]).replace(".", ""))
        lines = (
            LineView(1, "1122", "应收账款", amount, 0, (("customer", "K1"),), 7),
            LineView(2, "6001", "主营业务收入", 0, amount, (), 8),
        )
        return VoucherView(
            "C01",
            "GL",
            "live",
            str(event["date"])[:7],
            "记",
            number,
            str(event["date"]),
            str(event["date"]),
            _source(event),
            str(event["id"]),
            "销售",
            REVISION,
            "sale",
            "posted",
            "",
            2,
            "CNY",
            lines,
            seq,
        )

    # ------------------------------------------------------------ reading

    def voucher(self, name: str) -> VoucherView:
        for voucher in self._vouchers:
            if voucher.name == name:
                return voucher
        raise UnknownObject("NOT_FOUND", f"no voucher {name}", kind="voucher", name=name)

    def vouchers(
        self, *, entity: str = "", ledger: str = "", period: str = "", after: str = "", limit: int
    ) -> tuple[list[VoucherView], str]:
        found = [v for v in self._vouchers if period in {"", v.period}]
        return _page(found, after, limit)

    def event(self, source: str, event_id: str) -> StoredEventView:
        try:
            return self._events[source, event_id]
        except KeyError:
            raise UnknownObject("NOT_FOUND", "no event", kind="event", name=event_id) from None

    def unposted(
        self, *, reason: str = "", after: str = "", limit: int
    ) -> tuple[list[StoredEventView], str, int]:
        found = [e for e in self._events.values() if e.status is Status.UNPOSTED]
        return *_page([e for e in found if reason in {"", e.reason}], after, limit), len(found)

    def trial_balance(
        self, *, entity: str = "", ledger: str = "", period: str = ""
    ) -> list[TrialBalanceRow]:
        total = sum(voucher.lines[0].debit for voucher in self._vouchers)
        return [
            TrialBalanceRow(
                "C01", "GL", "2026-03", "1122", "应收账款", "CNY", 2, 0, 0, total, 0, total, 0
            ),
            TrialBalanceRow(
                "C01", "GL", "2026-03", "6001", "收入", "CNY", 2, 0, 0, 0, total, 0, total
            ),
        ]

    def parameters(self) -> list[ParameterView]:
        return [
            ParameterView(
                "附加税率", "surcharge", "C02", "0.07", False, "2026-03-01", "wang", "new law"
            )
        ]

    def account_activity(
        self,
        *,
        account_code: str,
        entity: str = "",
        ledger: str = "",
        period: str = "",
        dimensions: Mapping[str, str],
        after: str = "",
        limit: int,
    ) -> tuple[list[AccountEntry], str]:
        found = [
            AccountEntry(v.name, v.voucher_date, v.summary, v.source, v.event_id, line)
            for v in self._vouchers
            for line in v.lines
            if line.account_code == account_code
            and dimensions.items() <= dict(line.dimensions).items()
        ]
        return _page(found, after, limit)

    publishing = PublishingMode.SINGLE

    def revisions(self) -> list[RevisionView]:
        return list(self._revisions)

    def publications(self, *, with_files: bool = False) -> list[RevisionView]:
        return [view if with_files else replace(view, files=()) for view in self._revisions]

    def program(self, revision: str = "") -> Program:
        return Program(
            REVISION, 1, "fake", (Ledger("总账", "GL", "CNY", 2),), (), (), (), (), (), (), (), ()
        )

    def stream_offset(self, principal: str, stream: str) -> int:
        return len(self._streams.get((principal, stream), {}))

    def budget_nodes(
        self, *, budget: str = "", prefix: str = "", period: str = "", after: str = "", limit: int
    ) -> tuple[list[BudgetNodeView], str]:
        found = [self.nodes[name] for name in sorted(self.nodes)]
        return _page(
            [
                node
                for node in found
                if budget in {"", node.budget_name}
                and node.node.startswith(prefix)
                and period in {"", node.period}
            ],
            after,
            limit,
        )

    def budget_node(self, name: str) -> BudgetNodeView:
        try:
            return self.nodes[name]
        except KeyError:
            raise UnknownObject("NOT_FOUND", "no node", kind="budget node", name=name) from None

    def reservations(
        self, *, node: str = "", after: str = "", limit: int
    ) -> tuple[list[ReservationView], str]:
        return _page([], after, limit)

    def budget_decisions(
        self, *, after: str = "", limit: int, **filters: object
    ) -> tuple[list[BudgetDecision], str]:
        return _page([], after, limit)

    # ------------------------------------------------------------ the rest

    def next_due_us(self) -> int | None:
        return self.due_us

    def tick(self) -> None:
        self.ticks += 1
        self.due_us = None

    def snapshot(self) -> None:
        self.snapshots += 1

    def close(self) -> None:
        self.is_closed = True


def fail_once(error: Exception) -> Callable[[Sequence[Call]], None]:
    """A `before_post` that raises the first time only."""
    errors = [error]

    def before_post(calls: Sequence[Call]) -> None:
        if errors:
            raise errors.pop()

    return before_post


def store_down() -> StoreUnavailable:
    return StoreUnavailable("connection to db.internal refused")


def _source(event: Mapping[str, object]) -> str:
    return str(event.get("source") or "default")


def _problem(event: Mapping[str, object]) -> str:
    for key in ("id", "type", "date"):
        if not event.get(key):
            return f"{key} is missing"
    if parse_date(str(event["date"])) == NO_DATE:
        return "date is wrong"
    try:
        canonical_content(event)
    except MalformedInput as error:
        return error.message
    if event["type"] == SALE and not isinstance(event.get("amount"), str):
        return "amount is not text"
    return ""


def _page(found: list, after: str, limit: int) -> tuple[list, str]:
    start = int(after or 0)
    more = len(found) > start + limit
    return found[start : start + limit], str(start + limit) if more else ""
