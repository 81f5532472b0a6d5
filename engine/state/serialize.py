"""A book's state as named sections of bytes and back, for snapshots. Never pickle."""

from __future__ import annotations

from collections import deque
from dataclasses import astuple
from typing import Any

import msgspec

from engine.program import BalanceMeasure, Control
from engine.state.balances import BalanceSpec
from engine.state.book_state import (
    BookState,
    DraftedEvent,
    NumberSeries,
    OpenDraft,
    RevisionEntry,
    StreamState,
    WaitingEvent,
)
from engine.state.budgets import BudgetState, Figures, Holding, Part, Terms
from engine.state.identities import Identities
from engine.strings import StringPool

#: Version of the sections below; another version's snapshot is not used.
STATE_SCHEMA = 4

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.decode


def state_sections(state: BookState) -> dict[str, bytes]:
    """Everything in the state, by section name."""
    return {
        "identities": state.identities.to_bytes(),
        "strings": _encode([state.pool.text(code) for code in range(len(state.pool))]),
        "place": _encode([state.seq, state.chain, state.sealed_at_us, state.event_count]),
        "commits": _encode([state.commit_firsts, state.commit_seqs]),
        "waiting": _encode(
            [
                [
                    o,
                    e.source,
                    e.event_id,
                    e.status,
                    e.reason,
                    e.message,
                    e.seq,
                    e.row,
                    e.sealed_at_us,
                    e.decided_in,
                ]
                for o, e in state.waiting.items()
            ]
        ),
        "settled": _encode([[ordinal, *entry] for ordinal, entry in state.settled.items()]),
        "drafts": _draft_section(state),
        "reviewed": _encode([[ordinal, seqs] for ordinal, seqs in state.reviewed.items()]),
        "series": _encode([[*k, s.last, s.firsts, s.seqs] for k, s in state.series.items()]),
        "totals": _encode([[*key, *total] for key, total in state.totals.items()]),
        "accounts": _encode([[*key, name] for key, name in state.account_names.items()]),
        "ledgers": _encode([[name, *shape] for name, shape in state.ledgers.items()]),
        "balances": _balance_section(state),
        "targets": _encode([[name, list(t.items())] for name, t in state.targets.items()]),
        "records": _encode(
            [
                [name, [[key, list(values.items())] for key, values in records.items()]]
                for name, records in state.records.items()
            ]
        ),
        "periods": _encode(sorted(state.closed_periods)),
        "streams": _encode(
            [[name, s.last_offset, list(s.seqs)] for name, s in state.streams.items()]
        ),
        "attempts": _encode(
            [[list(item) for item in state.attempts.items()], list(state.attempt_queue)]
        ),
        "revisions": _encode(
            [
                [astuple(entry) for entry in state.revisions],
                [astuple(entry) for entry in state.proposals],
                int(state.publishing),
            ]
        ),
        "counters": _encode([list(state.counters.items()), state.entities]),
        "budgets": _budget_section(state.budgets),
    }


def _draft_section(state: BookState) -> bytes:
    return _encode(
        [
            [
                *name,
                event.seq,
                [[n, d.row, d.role, d.entity, d.period] for n, d in event.drafts.items()],
                [[*record, names] for record, names in event.records.items()],
            ]
            for name, event in state.drafts.items()
        ]
    )


def _drafts(section: bytes) -> dict[tuple[str, str], DraftedEvent]:
    return {
        (source, event_id): DraftedEvent(
            seq,
            {number: OpenDraft(*rest) for number, *rest in drafts},
            {(record, key): names for record, key, names in records},
        )
        for source, event_id, seq, drafts, records in _decode(section)
    }


def _balance_section(state: BookState) -> bytes:
    return _encode(
        [
            [
                spec.ledger,
                spec.accounts,
                spec.dimensions,
                spec.debit_side,
                spec.measure.value,
                spec.by_period,
                spec.by_account,
                spec.keys,
                list(balances.items()),
            ]
            for spec, balances in state.balances.items()
        ]
    )


def _budget_section(budgets: BudgetState) -> bytes:
    return _encode(
        [
            [
                [
                    name,
                    t.budget,
                    t.path,
                    t.period,
                    t.parent,
                    t.scale,
                    t.currency,
                    t.control.value,
                    t.tolerances,
                    t.warn_ppm,
                    t.override_role,
                    t.version,
                    t.limited,
                    t.closed,
                    t.first_day,
                    t.last_day,
                ]
                for name, t in budgets.terms.items()
            ],
            [[name, *figures] for name, figures in budgets.figures.items()],
            [
                [*key, holding.group, holding.expires_us, holding.parts]
                for key, holding in budgets.holdings.items()
            ],
            [[*key, list(names)] for key, names in budgets.groups.items()],
        ]
    )


def _budgets(section: bytes) -> BudgetState:
    terms, figures, holdings, groups = _decode(section)
    state = BudgetState()
    for name, budget, path, period, parent, scale, currency, control, tolerances, *rest in terms:
        state.set_terms(
            name,
            Terms(
                budget,
                tuple(path),
                period,
                parent,
                scale,
                currency,
                Control(control),
                tuple(tuple(pair) for pair in tolerances),
                *rest,
            ),
        )
    state.figures = {name: Figures(*numbers) for name, *numbers in figures}
    state.groups = {(budget, group): dict.fromkeys(names) for budget, group, names in groups}
    for budget, reference, group, expires, parts in holdings:
        state.set_holding(
            (budget, reference), Holding(group, expires, tuple(Part(*part) for part in parts))
        )
    return state


def _balance_spec(
    ledger: str,
    accounts: list[str],
    dimensions: list[str],
    debit_side: bool,  # noqa: FBT001
    measure: str,
    *grouping: Any,
) -> BalanceSpec:
    by_period, by_account, keys = grouping
    return BalanceSpec(
        ledger,
        tuple(accounts),
        tuple(dimensions),
        debit_side,
        BalanceMeasure(measure),
        by_period=by_period,
        by_account=by_account,
        keys=tuple(keys),
    )


def state_from_sections(sections: dict[str, bytes]) -> BookState:
    """The state that `state_sections` wrote."""

    def part(name: str) -> Any:
        return _decode(sections[name])

    pool = StringPool()
    for text in part("strings"):
        pool.intern(text)
    state = BookState(pool=pool, identities=Identities.from_bytes(sections["identities"]))
    state.seq, state.chain, state.sealed_at_us, state.event_count = part("place")
    state.commit_firsts, state.commit_seqs = part("commits")
    state.waiting = {ordinal: WaitingEvent(*rest) for ordinal, *rest in part("waiting")}
    state.settled = {ordinal: tuple(rest) for ordinal, *rest in part("settled")}
    state.drafts = _drafts(sections["drafts"])
    state.reviewed = {ordinal: tuple(seqs) for ordinal, seqs in part("reviewed")}
    state.series = {
        (entity, ledger, series, period, word): NumberSeries(last, firsts, seqs)
        for entity, ledger, series, period, word, last, firsts, seqs in part("series")
    }
    state.totals = {
        (entity, ledger, period, account): [debit, credit]
        for entity, ledger, period, account, debit, credit in part("totals")
    }
    state.account_names = {(ledger, code): name for ledger, code, name in part("accounts")}
    state.ledgers = {name: (currency, scale) for name, currency, scale in part("ledgers")}
    state.balances = {
        _balance_spec(*spec): {tuple(key): amount for key, amount in balances}
        for *spec, balances in part("balances")
    }
    state.targets = {
        name: {tuple(key): value for key, value in values} for name, values in part("targets")
    }
    state.records = {
        name: {
            tuple(key): {
                field: tuple(value) if isinstance(value, list) else value for field, value in values
            }
            for key, values in records
        }
        for name, records in part("records")
    }
    state.closed_periods = {(entity, period) for entity, period in part("periods")}
    state.streams = {name: StreamState(last, deque(seqs)) for name, last, seqs in part("streams")}
    attempts, queue = part("attempts")
    state.attempts = {name: tuple(seqs) for name, seqs in attempts}
    state.attempt_queue = deque((sealed, name) for sealed, name in queue)
    in_force, proposals, state.publishing = part("revisions")
    state.revisions = [RevisionEntry(*entry) for entry in in_force]
    state.proposals = [RevisionEntry(*entry) for entry in proposals]
    counters, state.entities = part("counters")
    state.counters = dict(counters)
    state.budgets = _budgets(sections["budgets"])
    return state
