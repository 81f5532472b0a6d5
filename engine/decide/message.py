"""Decides the events of one or more calls in log order: identity, groups, commands, runs.

The unit here is a message: events that share groups and a stop. It is decided on savepoints, so
that a failed group is taken out and the rest decided again as if it had never come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from engine.batch import ReceivedBatch
from engine.calls import SYSTEM_TYPES, BudgetVerdict, Call, EventResult
from engine.decide.budgets import Caller, RunBudgets
from engine.decide.builder import Decision
from engine.decide.context import Outcome
from engine.decide.deciding import THIS_COMMIT, Deciding, Member, PendingEvent, call_key
from engine.decide.plan import DecisionPlan
from engine.decide.run import decide_run
from engine.effects import COMMANDS, Status
from engine.program import NO_DATE


def decide_message(
    deciding: Deciding, received: ReceivedBatch, members: Sequence[Member]
) -> list[EventResult]:
    """Decides rows in order; groups succeed or fail whole, a stop ends its call.

    Returns:
        One result per member. Voucher names are filled in when the commit is assembled.
    """
    groups = received.groups.tolist()
    excluded = {
        groups[member.row]: f"{received.strings.text(int(received.ids[member.row]))} is INVALID: "
        f"{received.problems[member.row]}"
        for member in reversed(members)
        if groups[member.row] >= 0 and member.row in received.problems
    }
    cut = len(members)
    while True:  # ends: every round takes out a group or shortens the message
        marks = deciding.overlay.mark(), deciding.builder.mark()
        taken, settled = dict(deciding.pending), set(deciding.settled)
        reviewed, returned = dict(deciding.reviewed), set(deciding.returned)
        once = _Pass(deciding, received)
        results = _decide_once(once, members[:cut], excluded)
        failed = _first_failed_group(results, members, groups, excluded)
        stop = _first_stop(results, members, cut)
        if failed is None and stop is None:
            break
        deciding.overlay.rollback(marks[0])
        deciding.builder.rollback(marks[1])
        deciding.pending, deciding.settled = taken, settled
        deciding.reviewed, deciding.returned = reviewed, returned
        if failed is not None and (stop is None or failed[0] <= stop):
            first = results[failed[0]]
            words = (first.status.name, first.reason, first.message)
            excluded[failed[1]] = f"{first.event_id} is " + " ".join(w for w in words if w)
        elif stop is not None:
            cut = stop + 1
            excluded.update(
                dict.fromkeys(
                    (groups[m.row] for m in members[cut:] if groups[m.row] >= 0),
                    "the call stopped before its last event",
                )
            )
    for member in members[cut:]:
        once.refuse(
            member,
            Status.NOT_ATTEMPTED,
            "STOPPED",
            "an earlier event of this call failed and the call asked to stop there",
        )
    return once.in_order(members)


def _first_failed_group(
    results: list[EventResult],
    members: Sequence[Member],
    groups: list[int],
    excluded: Mapping[int, str],
) -> tuple[int, int] | None:
    """Place and group of the first member whose failure must take its group with it."""
    for place, result in enumerate(results):
        group = groups[members[place].row]
        if group >= 0 and group not in excluded and not _succeeds(result):
            return place, group
    return None


def _first_stop(results: list[EventResult], members: Sequence[Member], cut: int) -> int | None:
    """The first event not accepted whose call stops on errors, with something after it."""
    for place, result in enumerate(results):
        if members[place].call.stop_on_error and not _succeeds(result) and place + 1 < cut:
            return place
    return None


def _succeeds(result: EventResult) -> bool:
    return result.status in _ACCEPTED or result.status is Status.DUPLICATE


def _decide_once(
    once: _Pass, members: Sequence[Member], excluded: Mapping[int, str]
) -> list[EventResult]:
    deciding, received = once.deciding, once.received
    candidates: dict[int, list[int]] = {}
    found = deciding.state.identities.find_many(
        [received.identities[member.row] for member in members]
    )
    for place, position in zip(found.rows.tolist(), found.positions.tolist(), strict=True):
        candidates.setdefault(members[place].row, []).append(position)
    groups, types = received.groups.tolist(), received.types.tolist()
    system = {code for name in SYSTEM_TYPES if (code := received.strings.code(name)) in set(types)}
    for member in members:
        row = member.row
        if row in received.problems:
            once.refuse(member, Status.INVALID, "INVALID_EVENT", received.problems[row])
        elif groups[row] >= 0 and groups[row] in excluded:
            once.refuse(
                member,
                Status.GROUP_FAILED,
                "GROUP_FAILED",
                f"group {received.strings.text(groups[row])} failed: {excluded[groups[row]]}",
            )
        elif once.is_known(member, candidates.get(row, ())):
            continue
        elif types[row] in system:
            once.command(member)
        else:
            once.add(member)
    once.flush()
    return once.in_order(members)


class _Pass:
    """One walk over a message; collects runs of ordinary events and decides them together."""

    def __init__(self, deciding: Deciding, received: ReceivedBatch) -> None:
        self.deciding = deciding
        self.received = received
        self.results: dict[int, EventResult] = {}
        self.run: list[Member] = []
        self.identities: set[bytes] = set()
        self.verdicts: dict[int, tuple[BudgetVerdict, ...]] = {}

    def in_order(self, members: Sequence[Member]) -> list[EventResult]:
        """Results in member order."""
        return [self.results[member.row] for member in members]

    def result(self, member: Member, status: Status, reason: str, message: str) -> EventResult:
        """A result that names its event."""
        text = self.received.strings.text
        result = EventResult(
            status,
            source=text(int(self.received.sources[member.row])),
            event_id=text(int(self.received.ids[member.row])),
            reason=reason,
            message=message,
            budget=self.verdicts.get(member.row, ()),
        )
        self.results[member.row] = result
        return result

    def refuse(self, member: Member, status: Status, reason: str, message: str) -> None:
        """An event that is not decided at all."""
        self.note(member, self.result(member, status, reason, message))

    def is_known(self, member: Member, positions: Sequence[int]) -> bool:
        """Answers DUPLICATE or CONFLICT where the identity is taken."""
        identity = self.received.identities[member.row]
        if identity in self.identities:
            self.flush()
        pending = self.deciding.pending.get(identity)
        if pending is not None:
            self._repeat_pending(member, pending)
            return True
        known = self.deciding.history.known(identity, positions) if positions else None
        if known is None:
            return False
        if known.content_hash == self.received.content_hashes[member.row]:
            result = self.result(member, Status.DUPLICATE, known.reason, known.message)
            result.vouchers, result.seq, result.row = known.vouchers, known.seq, known.row
            result.first_status = known.status
        else:
            result = self._conflict(member, known.content)
            result.seq, result.row = known.seq, known.row
        self.note(member, result)
        return True

    def _repeat_pending(self, member: Member, pending: PendingEvent) -> None:
        if pending.content_hash == self.received.content_hashes[member.row]:
            first = pending.result
            result = self.result(member, Status.DUPLICATE, first.reason, first.message)
            result.first_status = first.status
            self.deciding.repeats.append((result, pending.decision))
            result.seq, result.row = THIS_COMMIT, pending.decision
        else:
            result = self._conflict(member, pending.content)
        self.note(member, result)

    def _conflict(self, member: Member, content: bytes) -> EventResult:
        fields = conflicting_fields(content, self.received.contents[member.row])
        result = self.result(
            member,
            Status.CONFLICT,
            "EVENT_CONFLICT",
            "this id was used before with other content; they differ in " + ", ".join(fields),
        )
        result.conflicting_fields = fields
        return result

    def add(self, member: Member) -> None:
        """Adds an event to the run."""
        self.run.append(member)
        self.identities.add(self.received.identities[member.row])

    def command(self, member: Member) -> None:
        """Carries out a system command at its place."""
        self.flush()
        deciding = self.deciding
        decision = self._decision(member)
        row = self.store(member, decision, Outcome(Status.NO_POSTING), "")
        if deciding.system is None:
            return
        outcome, retried = deciding.system(deciding, self.received, member.row, row, member.call)
        deciding.retried[row] = retried
        command = deciding.builder.commands[row]
        code = deciding.overlay.strings.code
        command[_STATUS] = int(outcome.status)
        command[_REASON] = code(outcome.reason) if outcome.reason else -1
        command[_MESSAGE] = code(outcome.message) if outcome.message else -1
        result = self.results[member.row]
        result.budget = deciding.verdicts.get(row, ())
        result.status, result.reason, result.message = (
            outcome.status,
            outcome.reason,
            outcome.message,
        )
        if not outcome.status.takes_identity:
            command[_CONTENT] = b""
            deciding.pending.pop(self.received.identities[member.row], None)

    def flush(self) -> None:
        """Decides the run collected so far, revision by revision in order."""
        run, self.run, self.identities = self.run, [], set()
        start = 0
        while start < len(run):
            plan = self.deciding.plan_for(int(self.received.dates[run[start].row]))
            end = start + 1
            while end < len(run) and (
                self.deciding.plan_for(int(self.received.dates[run[end].row])) is plan
            ):
                end += 1
            self._decide(run[start:end], plan)
            start = end

    def _decide(self, run: list[Member], plan: DecisionPlan | None) -> None:
        deciding, received = self.deciding, self.received
        decisions = [-1] * len(received)
        for member in run:
            decisions[member.row] = self._decision(member)
        if plan is None:
            none = Outcome(
                Status.UNPOSTED,
                "NO_REVISION",
                "no rule book is in force at this date; publish one, then retry",
            )
            outcomes = [none] * len(run)
        else:
            outcomes = self._decide_known_entities(run, plan, decisions)
        revision = plan.program.revision if plan is not None else ""
        if revision:
            deciding.builder.revisions_used.add(revision)
        for member, outcome in zip(run, outcomes, strict=True):
            if outcome.status.is_stored:
                self.store(member, decisions[member.row], outcome, revision)
            else:
                self.refuse(member, outcome.status, outcome.reason, outcome.message)

    def _decide_known_entities(
        self, run: list[Member], plan: DecisionPlan, decisions: list[int]
    ) -> list[Outcome]:
        """Decides a run; events of entities that the book does not have wait."""
        deciding, received = self.deciding, self.received
        strangers = {}
        if deciding.entities:
            text = received.strings.text
            for member in run:
                unknown = unknown_entity(deciding, text(int(received.entities[member.row])))
                if unknown is not None:
                    strangers[member.row] = unknown
        rows = [member.row for member in run if member.row not in strangers]
        budgets = RunBudgets()
        if plan.program.budgets:
            calls = {member.row: member.call for member in run}
            budgets.caller = lambda row: caller_of(received, row, calls[row])
        decided = decide_run(
            plan,
            received,
            rows,
            decisions=decisions,
            overlay=deciding.overlay,
            builder=deciding.builder,
            strict=deciding.strict,
            evaluator=deciding.evaluator,
            statistics=deciding.statistics,
            budgets=budgets,
        )
        self.verdicts.update(budgets.verdicts)
        outcomes = dict(zip(rows, decided, strict=True)) | strangers
        return [outcomes[member.row] for member in run]

    def _decision(self, member: Member) -> int:
        received, builder = self.received, self.deciding.builder
        row = member.row
        builder.decisions.append(
            Decision(
                command=-1,
                source=int(received.sources[row]),
                event_id=int(received.ids[row]),
                entity=int(received.entities[row]),
                event_date=int(received.dates[row]),
                voucher_date=NO_DATE,
            )
        )
        return len(builder.decisions) - 1

    def store(self, member: Member, decision: int, outcome: Outcome, revision: str) -> int:
        """Adds a command row; returns its index."""
        received, deciding = self.received, self.deciding
        code = deciding.overlay.strings.code
        row = member.row
        stream, offset, index = call_key(member)
        content = received.contents[row] if outcome.status.takes_identity else b""
        deciding.builder.commands.append(
            [
                int(received.sources[row]),
                int(received.ids[row]),
                int(received.types[row]),
                int(received.entities[row]),
                int(received.dates[row]),
                int(outcome.status),
                code(outcome.reason) if outcome.reason else -1,
                code(outcome.message) if outcome.message else -1,
                code(revision) if revision else -1,
                code(member.call.principal),
                code(stream) if stream else -1,
                offset,
                index,
                int(received.groups[row]),
                0,
                received.identities[row],
                received.content_hashes[row],
                content,
            ]
        )
        command = len(deciding.builder.commands) - 1
        deciding.builder.decisions[decision].command = command
        result = self.result(member, outcome.status, outcome.reason, outcome.message)
        result.row = command
        deciding.results[decision] = result
        if outcome.status.takes_identity:
            deciding.pending[received.identities[row]] = PendingEvent(
                received.content_hashes[row], received.contents[row], decision, result
            )
        return command

    def note(self, member: Member, result: EventResult) -> None:
        """Keeps the result of an event without a command row where a repeat must answer alike."""
        stream, offset, index = call_key(member)
        if not stream or (
            offset == 0
            and stream.startswith("a:")
            and result.status not in (Status.GROUP_FAILED, Status.NOT_ATTEMPTED)
        ):
            return
        code = self.deciding.overlay.strings.code
        self.deciding.builder.call_results.append(
            (
                code(stream),
                offset,
                index,
                code(result.source),
                code(result.event_id),
                int(result.status),
                code(result.reason) if result.reason else -1,
                code(result.message) if result.message else -1,
                result.seq,
                result.row,
                int(result.first_status or 0),
                code(",".join(result.conflicting_fields)) if result.conflicting_fields else -1,
                int(self.received.types[member.row]),
            )
        )


def caller_of(received: ReceivedBatch, row: int, call: Call) -> Caller:
    """On whose behalf an event is decided: its actor as the caller says, else the caller."""
    actor = received.fields[row].get("actor") if row not in received.problems else None
    return Caller(actor if isinstance(actor, str) and actor else call.principal, call.budget_roles)


def unknown_entity(deciding: Deciding, entity: str) -> Outcome | None:
    """The outcome of an event of an entity that the book does not have; None if it has it."""
    if not deciding.entities or entity in deciding.entities:
        return None
    return Outcome(
        Status.UNPOSTED,
        "UNKNOWN_ENTITY",
        f"this book has no entity {entity}; it has " + ", ".join(sorted(deciding.entities)),
    )


def conflicting_fields(first: bytes, second: bytes) -> tuple[str, ...]:
    """Wire names of the fields in which two canonical contents differ, sorted."""
    before, after = (msgspec.json.decode(part) if part else {} for part in (first, second))
    return tuple(
        sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    )


#: Statuses of an event that did what it should.
_ACCEPTED = (Status.POSTED, Status.NO_POSTING, Status.PENDING_REVIEW)

_COLUMNS = [name for name, _ in COMMANDS.columns]
_STATUS, _REASON, _MESSAGE, _CONTENT = (
    _COLUMNS.index(name) for name in ("status", "reason", "message", "content")
)
