"""The book as the reference page describes it: one event after another, each to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from engine.program import Expects, LatePolicy
from rules_dsl import syntax
from tests.reference.budget_asks import ask_of
from tests.reference.budget_commands import COMMANDS, BudgetCommand, NotPossible
from tests.reference.budgets import Answer
from tests.reference.declarations import Declarations
from tests.reference.drafts import Draft, Made
from tests.reference.fields import (
    ISO_PERIOD,
    FieldReader,
    Invalid,
    TypedEvent,
    iso_date,
)
from tests.reference.rules import Refused, RuleRun
from tests.reference.state import (
    CLOCK,
    Held,
    Outcome,
    PostedVoucher,
    State,
    canonical,
    period_of,
)
from tests.reference.values import ABSENT, Fault, Value, day

TAKES_IDENTITY = frozenset({"POSTED", "NO_POSTING", "UNPOSTED", "HELD"})


class Unposted(Exception):
    """The event is kept but cannot be booked, with this reason."""


class ReferenceEvaluator:
    """A book under one rule book.

    Attributes:
        state: what the events so far left behind; tests compare it with the engine's.
        seen: how often each construct of the language was evaluated.
    """

    def __init__(
        self,
        files: Iterable[syntax.File],
        *,
        assets: Mapping[str, str] | None = None,
        entities: Sequence[str] = ("E1",),
    ) -> None:
        self.state = State()
        self.seen: Counter[str] = Counter()
        self._book = Declarations.of(files, assets or {})
        for name in self._book.budgets:
            budget = self._book.budget(name)
            self.state.budgets.declared[budget.wire] = budget
        self._reader = FieldReader(self._book)
        self._entities = tuple(entities)
        self._approved_by: str | None = None

    def post_all(self, events: Iterable[Mapping[str, object]]) -> list[Outcome]:
        """Decides events in order; between them the clock may move on."""
        outcomes = []
        for event in events:
            if event.get("type") == CLOCK:
                at = event["at"]
                assert isinstance(at, int)
                self.seen["clock"] += 1
                self.state.budgets.expire(at)
            else:
                outcomes.append(self.post(event))
        return outcomes

    def post(self, event: Mapping[str, object]) -> Outcome:
        """Decides one event and keeps what it changes."""
        outcome = self._decided(event)
        self.seen[f"status {outcome.status}"] += 1
        if outcome.reason:
            self.seen[f"reason {outcome.reason}"] += 1
        return outcome

    def _decided(self, event: Mapping[str, object]) -> Outcome:
        try:
            identity, entity, business, requested = self._envelope(event)
        except Invalid as error:
            return Outcome("INVALID", message=str(error))
        content = canonical(event)
        known = self.state.identities.get(identity)
        if known is not None:
            first_content, first_status = known
            if first_content == content:
                return Outcome("DUPLICATE", first_status=first_status)
            return Outcome("CONFLICT", "EVENT_CONFLICT", first_status=first_status)
        try:
            outcome = self._first_time(event, entity, business, requested)
        except Invalid as error:
            return Outcome("INVALID", message=str(error))
        except (Unposted, Fault) as error:
            outcome = Outcome("UNPOSTED", str(error))
        except Refused as error:
            return Outcome("REJECTED_RULE", error.code, message=error.message)
        if event["type"] == "hold.decided" and outcome.status != "REJECTED_RULE":
            # It answers with the event it decided on; as a command it is done.
            self.state.identities[identity] = (content, "NO_POSTING")
            return outcome
        if outcome.status in TAKES_IDENTITY:
            self.state.identities[identity] = (content, outcome.status)
        if outcome.status == "HELD":
            # The first node that is short says who may decide.
            first = next((one.role for one in outcome.verdicts if one.verdict == "HOLD"), "")
            held = Held(event, _person(event), frozenset({first} - {""}))
            self.state.held[identity] = held
        return outcome

    def _envelope(
        self, event: Mapping[str, object]
    ) -> tuple[tuple[str, str], str, date, date | None]:
        """Identity, entity, business date and requested voucher date."""
        for key in ("id", "type"):
            if not isinstance(event.get(key), str) or not event[key]:
                raise Invalid(f"{key} is missing")
        source = event.get("source")
        entity = event.get("entity")
        source = "default" if source is None else source
        entity = self._entities[0] if entity is None else entity
        if not isinstance(source, str) or not isinstance(entity, str):
            raise Invalid("source and entity are texts")
        if entity not in self._entities:
            raise Invalid(f"{entity} is no entity of the book")
        requested = event.get("posting_date")
        posting = None if requested is None else iso_date(requested)
        return (source, str(event["id"])), entity, iso_date(event.get("date")), posting

    def _first_time(
        self, event: Mapping[str, object], entity: str, business: date, requested: date | None
    ) -> Outcome:
        if event["type"] == "period.closed":
            return self._close_period(event, entity)
        if event["type"] == "book.parameter_set":
            return self._set_parameter(event)
        if event["type"] in COMMANDS:
            return self._budget_command(event, business)
        if event["type"] == "hold.decided":
            return self._hold_decided(event)
        decl = self._book.event_of_wire(event["type"])
        if decl is None:
            raise Unposted("UNKNOWN_TYPE")
        typed = self._reader.read(decl, event, entity=entity, business=business)
        made = self._applied(typed)
        self._check_expected(typed, [run for run, _ in made])
        voucher_date = business
        if any(result.vouchers for _, result in made):
            voucher_date = self._voucher_date(typed, requested)
        answer = self._budgeted(typed, str(event["id"]), made)
        if answer.status:
            return Outcome(
                answer.status, answer.reason, message=answer.message, verdicts=answer.verdicts
            )
        accepted = self._accept(typed, voucher_date, made)
        # What a budget warns of is said instead of why nothing is posted.
        reason = "" if answer.is_warned else accepted.reason
        return replace(accepted, reason=reason, verdicts=answer.verdicts)

    def _budgeted(
        self, event: TypedEvent, event_id: str, made: list[tuple[RuleRun, Made]]
    ) -> Answer:
        """What the budgets say to everything that the event's rules want of them."""
        budgets = self.state.budgets
        wanted = [one for _, result in made for one in result.wanted]
        asks = [ask_of(one, budgets, event_id) for one in wanted]
        answer = budgets.decide(asks, must_post=event.decl.must_post, approved_by=self._approved_by)
        self.seen.update(f"verdict {said.verdict}" for said in answer.verdicts)
        return answer

    def _budget_command(self, event: Mapping[str, object], business: date) -> Outcome:
        kind = str(event["type"])
        self.seen[kind] += 1
        try:
            command = BudgetCommand(self.state.budgets, event, business, str(event["id"]))
            answer = command.carry_out()
        except NotPossible as error:
            return Outcome("REJECTED_RULE", str(error))
        status = answer.status or "NO_POSTING"
        return Outcome(status, answer.reason, message=answer.message, verdicts=answer.verdicts)

    def _hold_decided(self, event: Mapping[str, object]) -> Outcome:
        """Someone who may, and did not send it, lets a held event pass or refuses it."""
        identity = (str(event.get("of_source") or "default"), str(event.get("of_id")))
        held = self.state.held.get(identity)
        role = str(event.get("role") or "")
        if held is None:
            return Outcome("REJECTED_RULE", "NOT_HELD")
        if held.roles and role not in held.roles:
            return Outcome("REJECTED_RULE", "ROLE_MISSING")
        if _person(event) == held.sender:
            return Outcome("REJECTED_RULE", "SEGREGATION_OF_DUTIES")
        self.seen[f"hold {event['decision']}"] += 1
        content, _ = self.state.identities.pop(identity)
        if event["decision"] == "reject":
            # Withdrawn: another event may take its name.
            del self.state.held[identity]
            return Outcome("NO_POSTING")
        again = self._again(held.event, role)
        self.state.identities[identity] = (content, again.status)
        if again.status != "HELD":
            del self.state.held[identity]
        return again

    def _again(self, event: Mapping[str, object], role: str) -> Outcome:
        """Decides a held event again, whatever the budgets say."""
        self._approved_by = role
        try:
            _, entity, business, requested = self._envelope(event)
            return self._first_time(event, entity, business, requested)
        except (Unposted, Fault) as error:
            return Outcome("UNPOSTED", str(error))
        except Refused as error:
            return Outcome("UNPOSTED", error.code)
        finally:
            self._approved_by = None

    def _set_parameter(self, event: Mapping[str, object]) -> Outcome:
        """A value of the book, or of the entity that the command names."""
        name, value = event.get("name"), event.get("value")
        found = next((p for p in self._book.parameters.values() if p.wire == name), None)
        if found is None:
            return Outcome("REJECTED_RULE", "UNKNOWN_PARAMETER")
        try:
            if value is None:
                raise Invalid("no value")
            read = self._reader.scalar(found.type, value)
        except Invalid:
            return Outcome("REJECTED_RULE", "INVALID_FIELD")
        self.seen["book.parameter_set"] += 1
        self.state.parameters[found.wire, str(event.get("entity") or "")] = read
        return Outcome("NO_POSTING")

    def _close_period(self, event: Mapping[str, object], entity: str) -> Outcome:
        period = event.get("period")
        if not isinstance(period, str) or not ISO_PERIOD.fullmatch(period):
            raise Invalid("no period")
        if (entity, period) in self.state.closed:
            return Outcome("NO_POSTING", "ALREADY_CLOSED")
        self.state.closed.add((entity, period))
        return Outcome("NO_POSTING")

    # --- Which rules -----------------------------------------------------------------------

    def _voucher_date(self, event: TypedEvent, requested: date | None) -> date:
        wanted = requested or event.business_date
        period = period_of(wanted)
        if (event.entity, period) not in self.state.closed:
            return wanted
        if requested is not None or event.decl.late is LatePolicy.REFUSE:
            raise Unposted("PERIOD_CLOSED")
        self.seen["late to next open"] += 1
        open_period = self.state.first_open_period(event.entity, period)
        return date.fromisoformat(f"{open_period}-01")

    def _applied(self, event: TypedEvent) -> list[tuple[RuleRun, Made]]:
        """What the rules of the event's type in force on its date make of it.

        In the order of writing, so that the first error or refusal of all rules decides.
        """
        made = []
        for rule in self._rules_of(event):
            if not in_force(rule, event.business_date):
                continue
            run = RuleRun(self._book, rule, event, self.state, self.seen)
            holds = run.matches()
            if rule.guard is not None:
                self.seen[f"guard {holds}"] += 1
            if holds:
                made.append((run, run.make()))
        return made

    def _rules_of(self, event: TypedEvent) -> list[syntax.RuleDecl]:
        return [rule for rule in self._book.rules if rule.event.text == event.decl.name]

    def _check_expected(self, event: TypedEvent, matching: list[RuleRun]) -> None:
        expects = event.decl.expects
        self.seen[f"expects {expects.value}"] += 1
        if expects not in {Expects.SOME, Expects.ONE}:
            return
        if not matching:
            raise Unposted("NO_RULE")
        counts = Counter(ledger for run in matching for ledger in run.ledgers())
        if expects is Expects.ONE and max(counts.values()) > 1:
            raise Unposted("AMBIGUOUS_RULE")

    # --- What an accepted event leaves behind ------------------------------------------------

    def _accept(
        self, event: TypedEvent, voucher_date: date, made: list[tuple[RuleRun, Made]]
    ) -> Outcome:
        vouchers = [
            self._numbered(event, voucher_date, run.rule, draft)
            for run, result in made
            for draft in result.vouchers
        ]
        for voucher in vouchers:
            self.state.post(voucher)
        for _, result in made:
            self.state.targets |= result.targets
        self._write_records(event)
        if vouchers:
            return Outcome("POSTED", vouchers=tuple(vouchers))
        all_zero = any(result.came_to_nothing for _, result in made)
        return Outcome("NO_POSTING", "ALL_ZERO" if all_zero else "")

    def _numbered(
        self, event: TypedEvent, voucher_date: date, rule: syntax.RuleDecl, draft: Draft
    ) -> PostedVoucher:
        period = period_of(voucher_date)
        ledger = draft.ledger.wire
        number = self.state.numbering.next(event.entity, ledger, period, draft.word)
        return PostedVoucher(
            entity=event.entity,
            ledger=ledger,
            period=period,
            word=draft.word,
            number=number,
            voucher_date=voucher_date,
            event_date=event.business_date,
            rule=rule.name,
            summary=draft.summary,
            lines=draft.lines,
        )

    def _write_records(self, event: TypedEvent) -> None:
        """Every field of the record that the event type has by name and the event carries."""
        for record in self._book.records.values():
            if event.decl.name not in {source.text for source in record.sources}:
                continue
            key = tuple(event.values[name.text] for name in record.keys)
            if ABSENT in key:
                self.seen["record key absent"] += 1
                continue
            self.seen["record written"] += 1
            if record.dated:
                kept = self.state.dated.setdefault((record.name, key), [])
                self.seen["dated record written again"] += bool(kept)
                self.seen["dated record written back in time"] += any(
                    day > event.business_date for day, _ in kept
                )
                kept.append((event.business_date, fields := {}))
            else:
                self.seen["record written again"] += (record.name, key) in self.state.records
                fields = self.state.records.setdefault((record.name, key), {})
            for part in record.fields:
                value = self._sent(event, part.name)
                if value is not ABSENT:
                    fields[part.name] = value

    def _sent(self, event: TypedEvent, name: str) -> Value:
        carried = name in event.given or name == event.decl.dated
        return event.values.get(name, ABSENT) if carried else ABSENT


def _person(event: Mapping[str, object]) -> str:
    """Who sent an event, as it says."""
    actor = event.get("actor")
    return actor if isinstance(actor, str) and actor else "system"


def in_force(rule: syntax.RuleDecl, on: date) -> bool:
    """Whether the business date lies in the rule's inclusive dates."""
    begun = rule.valid_from is None or day(rule.valid_from) <= on
    return begun and (rule.valid_until is None or on <= day(rule.valid_until))
