"""The review of drafts: a person approves what a rule made, or returns its event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.calendar import period_of, period_text
from engine.calls import EventResult
from engine.columns import EffectBatch
from engine.decide.budgets import Caller
from engine.decide.builder import Decision, Int32s, Int64s, LineChunk, VoucherChunk
from engine.decide.context import Outcome
from engine.decide.deciding import Deciding
from engine.drafts import as_vouchers
from engine.effects import DIMENSION_PREFIX, DRAFTS, LINES, VOUCHERS, Status
from engine.fold_balances import balance_changes
from engine.state.book_state import OpenDraft, WaitingEvent

_APPROVE, _RETURN = "approve", "return"


@dataclass(frozen=True, slots=True)
class ReviewAsked:
    """A review as a person asks for it.

    event: whose drafts. draft: which of them, 0 = all open ones. role: in which the person acts.
    """

    event: WaitingEvent
    draft: int
    approves: bool
    role: str
    reason: str
    person: str


def read_review(
    fields: Mapping[str, object], event: WaitingEvent, caller: Caller
) -> ReviewAsked | Outcome:
    """The review a command asks for, or why it cannot be read."""
    decision, reason, role = fields.get("decision"), fields.get("reason"), fields.get("role")
    if decision not in (_APPROVE, _RETURN):
        return refusal("INVALID_FIELD", "decision is approve or return")
    why = reason if isinstance(reason, str) else ""
    if decision == _RETURN and not why:
        return refusal("INVALID_FIELD", "give the reason why the event is returned")
    draft = fields.get("draft")
    if isinstance(draft, str) and draft.isascii() and draft.isdigit():
        draft = int(draft)
    if draft is None:
        draft = 0
    elif type(draft) is not int or draft < 1:
        return refusal(
            "INVALID_FIELD", "draft is the position of a draft among its event's, from 1"
        )
    if decision == _RETURN and draft:
        return refusal("INVALID_FIELD", "an event is returned whole; leave draft out")
    own = role if isinstance(role, str) else ""
    return ReviewAsked(event, draft, decision == _APPROVE, own, why, caller.person)


def chosen_drafts(
    deciding: Deciding, asked: ReviewAsked, caller: Caller
) -> dict[int, OpenDraft] | Outcome:
    """The open drafts a review is about, by position; or why this person may not decide on them."""
    event = asked.event
    name = f"{event.source}/{event.event_id}"
    drafts = open_drafts(deciding, event)
    if asked.draft and asked.draft not in drafts:
        shown = ", ".join(map(str, drafts)) or "none"
        return refusal("DRAFT_NOT_OPEN", f"open drafts of {name}: {shown}, not {asked.draft}")
    chosen = {asked.draft: drafts[asked.draft]} if asked.draft else drafts
    if not chosen:
        return refusal("DRAFT_NOT_OPEN", f"no draft of {name} is open")
    wanted = sorted({draft.role for draft in chosen.values() if draft.role} - {asked.role})
    if wanted:
        what = f"{name} is reviewed by {' and '.join(wanted)}; review it as that role"
        return refusal("ROLE_MISSING", what)
    if asked.role and caller.allowed is not None and asked.role not in caller.allowed:
        return refusal("ROLE_NOT_HELD", f"{asked.person} does not hold the role {asked.role}")
    if asked.person == deciding.history.preparer(event.seq, event.row):
        what = f"{asked.person} sent {name} and cannot review it as well"
        return refusal("SEGREGATION_OF_DUTIES", what)
    return chosen


def open_drafts(deciding: Deciding, event: WaitingEvent) -> dict[int, OpenDraft]:
    """Drafts of an event that nothing before in this commit decided on, by position."""
    known = deciding.state.drafts.get((event.source, event.event_id))
    if known is None:
        return {}
    done = deciding.reviewed.get((event.source, event.event_id), frozenset())
    return {number: draft for number, draft in known.drafts.items() if number not in done}


def drafts_in(deciding: Deciding, entity: str, period: int) -> list[str]:
    """Events with open drafts in a period, as SOURCE/ID in log order; those of this commit last."""
    found = []
    for event in deciding.state.waiting.values():
        if event.status != Status.PENDING_REVIEW:
            continue
        name = (event.source, event.event_id)
        places = {(draft.entity, draft.period) for draft in open_drafts(deciding, event).values()}
        if name not in deciding.returned and (entity, period) in places:
            found.append("/".join(name))
    text = deciding.overlay.strings.text
    for chunk in deciding.builder.drafts:
        for index in dict.fromkeys(chunk.decisions.tolist()):
            made = deciding.builder.decisions[index]
            if text(made.entity) == entity and period_of(made.voucher_date) == period:
                found.append(f"{text(made.source)}/{text(made.event_id)}")
    return found


def approve(
    deciding: Deciding, command: int, asked: ReviewAsked, chosen: Mapping[int, OpenDraft]
) -> Outcome | EventResult:
    """Posts drafts; gives what became of their event, or why they cannot be posted."""
    event, overlay = asked.event, deciding.overlay
    name = (event.source, event.event_id)
    for draft in chosen.values():
        if overlay.is_closed(draft.entity, draft.period):
            closed = f"period {period_text(draft.period)} of {draft.entity} is closed"
            return refusal("PERIOD_CLOSED", f"{closed}; return the event and post it anew")
    drafted = deciding.state.drafts[name]
    effects = deciding.history.effects(drafted.seq)
    decision = _post(deciding, command, effects, [chosen[number].row for number in sorted(chosen)])
    text = overlay.strings.code
    for number in sorted(chosen):
        deciding.builder.reviews.append(
            (
                decision,
                number,
                1,
                text(asked.person),
                _code(deciding, asked.role),
                _code(deciding, asked.reason),
            )
        )
    done = deciding.reviewed.get(name, frozenset()) | chosen.keys()
    deciding.reviewed[name] = frozenset(done)
    is_last = not drafted.drafts.keys() - done
    status = Status.POSTED if is_last else Status.PENDING_REVIEW
    reason = "" if is_last else event.reason
    result = EventResult(status, event.source, event.event_id, reason, seq=event.seq, row=event.row)
    deciding.results[decision] = result
    return result


def _code(deciding: Deciding, text: str) -> int:
    return deciding.overlay.strings.code(text) if text else -1


def _post(deciding: Deciding, command: int, effects: EffectBatch, rows: list[int]) -> int:
    """Lays drafts down as vouchers of this commit; gives their decision."""
    drafts, builder = as_vouchers(effects, rows), deciding.builder
    reader = _Reader(drafts, deciding.overlay.strings.code)
    table = drafts.tables[VOUCHERS.name]
    (voucher_date,) = set(table.ints("voucher_date").tolist())  # one event has one
    source, event_id, entity = (
        int(reader.codes(VOUCHERS.name, name)[0]) for name in ("source", "event_id", "entity")
    )
    day = int(table.ints("event_date")[0])
    builder.decisions.append(Decision(command, source, event_id, entity, day, voucher_date))
    decision = len(builder.decisions) - 1
    orders = effects.tables[DRAFTS.name].ints("draft")[rows]
    builder.vouchers.append(reader.vouchers(decision, orders))
    builder.lines.append(reader.lines(decision, orders))
    builder.revisions_used.update(drafts.text(VOUCHERS.name, "revision"))
    code = deciding.overlay.strings.code
    for spec in deciding.state.balances:
        for key, amount in balance_changes(spec, drafts, code):
            deciding.overlay.add_balance(spec, key, amount)
    return decision


class _Reader:
    """Vouchers of an earlier commit, read in this commit's string codes."""

    def __init__(self, effects: EffectBatch, code: Callable[[str], int]) -> None:
        self._effects = effects
        self._code = code

    def codes(self, table: str, column: str) -> Int32s:
        """A text column."""
        texts, code = self._effects.strings, self._code
        own = self._effects.tables[table].ints(column).tolist()
        return np.array([code(texts[each]) if each >= 0 else -1 for each in own], dtype=np.int32)

    def vouchers(self, decision: int, orders: Int64s) -> VoucherChunk:
        """The vouchers, as made by a decision in this order."""
        name = VOUCHERS.name
        scales = self._effects.tables[name].ints("scale")
        return VoucherChunk(
            decisions=np.full(len(orders), decision, dtype=np.int64),
            orders=orders,
            rules=self.codes(name, "rule"),
            ledgers=self.codes(name, "ledger"),
            words=self.codes(name, "word"),
            currencies=self.codes(name, "currency"),
            scales=scales.astype(np.int32),
            revisions=self.codes(name, "revision"),
            summaries=self.codes(name, "summary"),
        )

    def lines(self, decision: int, orders: Int64s) -> LineChunk:
        """Their lines."""
        name = LINES.name
        table = self._effects.tables[name]
        debits, foreign = table.ints("debit"), table.ints("fc_debit")
        return LineChunk(
            decisions=np.full(table.count, decision, dtype=np.int64),
            orders=orders[table.ints("voucher")],
            places=table.ints("line_no"),
            debits=(debits != 0) | (foreign != 0),
            amounts=debits + table.ints("credit"),
            accounts=self.codes(name, "account_code"),
            account_names=self.codes(name, "account_name"),
            rule_lines=table.ints("rule_line").astype(np.int32),
            elements=table.ints("element").astype(np.int32),
            currencies=self.codes(name, "currency"),
            foreign=foreign + table.ints("fc_credit"),
            rates=self.codes(name, "rate"),
            dimensions={
                column.removeprefix(DIMENSION_PREFIX): self.codes(name, column)
                for column, _ in table.spec.columns
                if column.startswith(DIMENSION_PREFIX)
            },
        )


def refusal(reason: str, message: str) -> Outcome:
    """A command that is refused by a rule of the engine."""
    return Outcome(Status.REJECTED_RULE, reason, message)
