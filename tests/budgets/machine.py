"""A random machine that drives a book in memory and the plain model side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from engine.book import Book
from engine.calls import Call
from engine.effects import Status, Verdict
from engine.program import Program
from server.rulebooks import compile_files, read_folder
from tests.budgets.figures import Event
from tests.budgets.machine_rules import DECLARED, MUST_POST, RULES
from tests.budgets.model import BudgetModel

#: 2026-03-05T00:00:00Z in microseconds.
START_US = 1_772_668_800_000_000
SECOND_US = 1_000_000
DATE = "2026-03-05"

KINDS = {
    Status.POSTED: "accepted",
    Status.NO_POSTING: "accepted",
    Status.HELD: "held",
    Status.REJECTED_BUDGET: "refused",
    Status.REJECTED_RULE: "wrong",
    Status.DUPLICATE: "duplicate",
    Status.CONFLICT: "conflict",
}


#: What was met over all runs, for the report of a long one.
MET: Counter[str] = Counter()


@cache
def program() -> Program:
    """The machine's rule book."""
    return compile_files(read_folder(Path(__file__).parent / "rules" / "machine"))


AMOUNTS = st.sampled_from(["0.01", "3.33", "10.00", "25.00", "40.00", "60.00", "100.00"])
LIMITS = st.sampled_from(["0.00", "50.00", "100.00", "150.00", "400.00"])
REFERENCES = st.sampled_from(["r1", "r2", "r3", "r4"])
GROUPS = st.sampled_from(["g1", "g2"])
DEPTS = st.sampled_from(["D1", "D2"])
KEYS = st.sampled_from(["K1", "K2"])
MAIN = st.sampled_from(["main[]", "main[D1]", "main[D2]", "main[D1,K1]", "main[D1,K2]"])
MONTHLY = st.sampled_from(["monthly[D1]@2026-03", "monthly[D1]@2026-04", "monthly[]@2026-03"])
LOOSE = st.sampled_from(["loose[D1]", "loose[]"])
NODES = st.one_of(MAIN, MAIN, MONTHLY, LOOSE)
BUDGETS = st.sampled_from(["main", "monthly", "loose"])
SECONDS = st.sampled_from([1, 5, 30])
MAYBE = st.booleans()


@dataclass
class Both:
    """A book and the model at the same point, and what was sent to them."""

    now_us: int = START_US
    sent: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.book = Book.in_memory([program()], clock=lambda: self.now_us)
        self.model = BudgetModel(DECLARED, RULES, MUST_POST)

    def post(self, **fields: Any) -> None:
        """Sends an event to both and compares what they say."""
        given = {name: value for name, value in fields.items() if value is not None}
        self.send({"id": f"e{len(self.sent) + 1}", "date": DATE, **given})

    def send(self, event: Event) -> None:
        """Sends an event as it is, new or once more."""
        answer = self.model.post(event, self.now_us)
        # Who asked for something does not decide on it.
        principal = "controller" if event["type"] == "hold.decided" else "asker"
        result = self.book.post([Call(events=[event], principal=principal)])[0].results[0]
        self.sent.append(event)
        MET[f"{event['type']} {answer.kind}"] += 1
        MET.update(f"verdict {each.verdict.name}" for each in result.budget)
        found = (KINDS[result.status], result.reason if answer.reason else "")
        assert found == (answer.kind, answer.reason), (event, result, answer)
        if answer.kind == "duplicate":
            assert result.first_status == self.book.event("default", event["id"]).status
            return
        if event["type"] != "hold.decided":
            said = [
                (each.node, each.verdict.name, each.requested, each.available, each.shortfall)
                for each in result.budget
                if each.verdict is not Verdict.CUT  # `compare` adds up what those took beyond
            ]
            expected = [
                (each.node, each.verdict, each.requested, each.available, each.shortfall)
                for each in answer.said
            ]
            if "group" in event and "node" not in event:  # which member comes first is not told
                said, expected = sorted(said), sorted(expected)
            assert said == expected, (event, said, expected)

    def compare(self) -> None:
        """Every figure and every reservation is the same, and nothing is beyond what was let."""
        nodes, _ = self.book.budget_nodes(limit=1_000)
        found = {
            node.node: (
                node.budget if node.limited else None,
                *(node.reserved, node.committed, node.actual, node.closed),
            )
            for node in nodes
            if node.limited or node.closed or node.reserved or node.committed or node.actual
        }
        expected = {
            name: (node.limit, node.reserved, node.committed, node.actual, node.closed)
            for name, node in self.model.nodes.items()
            if node.limit is not None or node.closed or node.used
        }
        assert found == expected, _difference(found, expected)
        views, _ = self.book.reservations(limit=1_000)
        soft = {(view.node.partition("[")[0], view.reference) for view in views if view.reserved}
        held = {
            (
                *(view.node, view.reference, view.group, view.reserved, view.committed),
                # The end of a hold that reserves nothing any more means nothing.
                view.expires_us if (view.node.partition("[")[0], view.reference) in soft else 0,
            )
            for view in views
        }
        kept = {
            (name, key[1], each.group, part.reserved, part.committed, each.expires_us)
            for key, each in self.model.reservations.items()
            for name, part in each.holdings.items()
        }
        assert held == kept, (held - kept, kept - held)
        beyond = [
            node for node in self.model.nodes.values() if node.over and node.control == "block"
        ]
        if beyond:
            excess: Counter[str] = Counter()
            for decision in self.book.budget_decisions(limit=1_000)[0]:
                excess[decision.verdict.node] += decision.verdict.excess
            for node in beyond:
                assert node.over <= excess[node.name], (node, excess[node.name])
            MET["steps with more used than granted, each by a decision"] += 1


def _difference(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in {*found, *expected} if found.get(name) != expected.get(name)]
    return {name: (found.get(name), expected.get(name)) for name in names}


class BudgetMachine(RuleBasedStateMachine):
    """Random approvals, demands, releases, moves of time, repeats."""

    def __init__(self) -> None:
        super().__init__()
        self.both = Both()
        MET["runs"] += 1

    @initialize(
        amounts=st.fixed_dictionaries(
            {}, optional={"main[]": LIMITS, "main[D1]": LIMITS, "main[D1,K1]": LIMITS}
        ),
        others=st.fixed_dictionaries(
            {"main[D2]": LIMITS},
            optional={"monthly[]@2026-03": LIMITS, "monthly[D1]@2026-03": LIMITS},
        ),
    )
    def begin(self, amounts: dict[str, str], others: dict[str, str]) -> None:
        lines = [{"node": node, "amount": each} for node, each in {**amounts, **others}.items()]
        self.both.post(type="budget.approved", lines=lines)

    @rule(
        node=NODES,
        amount=LIMITS,
        tolerance=st.sampled_from([None, None, "5.00"]),
        opening=st.sampled_from([None, None, None, "7.00"]),
    )
    def approve(self, node: str, amount: str, tolerance: str | None, opening: str | None) -> None:
        line = {"node": node, "amount": amount}
        if tolerance is not None:
            line["tolerance_amount"] = tolerance
        if opening is not None:
            line |= {"reserved": opening, "committed": "1.00", "actual": opening}
        self.both.post(type="budget.approved", lines=[line])

    @rule(
        node=NODES,
        amount=LIMITS,
        control=st.sampled_from(["block", "block", "warn", "track"]),
        role=st.sampled_from(["", "boss", "chief"]),
    )
    def approve_terms(self, node: str, amount: str, control: str, role: str) -> None:
        line = {"node": node, "amount": amount, "control": control, "override_role": role}
        self.both.post(type="budget.approved", lines=[line])

    @rule(
        node=st.one_of(MAIN, LOOSE, st.just("monthly[D1]@2026-03")),
        amount=AMOUNTS,
        lowers=MAYBE,
        to=MAYBE,
    )
    def revise(self, node: str, amount: str, lowers: bool, to: bool) -> None:
        change = {"amount": amount} if to else {"delta": f"-{amount}" if lowers else amount}
        self.both.post(type="budget.revised", lines=[{"node": node, **change}])

    @rule(nodes=st.tuples(MAIN, MAIN), amounts=st.tuples(LIMITS, AMOUNTS))
    def revise_two(self, nodes: tuple[str, str], amounts: tuple[str, str]) -> None:
        lines = [
            {"node": nodes[0], "amount": amounts[0]},
            {"node": nodes[1], "delta": f"-{amounts[1]}"},
        ]
        self.both.post(type="budget.revised", lines=lines)

    @rule(nodes=st.tuples(MAIN, MAIN), amount=AMOUNTS)
    def transfer(self, nodes: tuple[str, str], amount: str) -> None:
        self.both.post(
            type="budget.transferred", from_node=nodes[0], to_node=nodes[1], amount=amount
        )

    @rule(
        node=NODES,
        amount=AMOUNTS,
        reference=st.one_of(st.none(), REFERENCES),
        group=st.one_of(st.none(), GROUPS),
        seconds=st.one_of(st.none(), SECONDS),
        role=st.sampled_from([None, None, "boss", "clerk"]),
    )
    def reserve(
        self,
        node: str,
        amount: str,
        reference: str | None,
        group: str | None,
        seconds: int | None,
        role: str | None,
    ) -> None:
        self.both.post(
            type="budget.reserved",
            node=node,
            amount=amount,
            reference=reference,
            group=group,
            expires_in_s=seconds,
            roles=[role] if role else None,
            reason="because" if role else None,
        )

    @rule(
        kind=st.sampled_from(["committed", "spent"]),
        node=NODES,
        amount=AMOUNTS,
        reference=st.one_of(st.none(), REFERENCES),
        role=st.sampled_from([None, None, "boss"]),
        reason=st.sampled_from([None, "because"]),
    )
    def consume_at_node(
        self,
        kind: str,
        node: str,
        amount: str,
        reference: str | None,
        role: str | None,
        reason: str | None,
    ) -> None:
        self.both.post(
            type=f"budget.{kind}",
            node=node,
            amount=amount,
            reference=reference,
            roles=[role] if role else None,
            reason=reason,
        )

    @rule(
        kind=st.sampled_from(["committed", "spent"]),
        budget=BUDGETS,
        amount=st.one_of(st.none(), AMOUNTS),
        reference=REFERENCES,
    )
    def consume_reference(self, kind: str, budget: str, amount: str | None, reference: str) -> None:
        self.both.post(type=f"budget.{kind}", budget=budget, amount=amount, reference=reference)

    @rule(kind=st.sampled_from(["committed", "spent"]), budget=BUDGETS, group=GROUPS)
    def consume_group(self, kind: str, budget: str, group: str) -> None:
        self.both.post(type=f"budget.{kind}", budget=budget, group=group)

    @rule(budget=BUDGETS, amount=st.one_of(st.none(), AMOUNTS), reference=REFERENCES)
    def release(self, budget: str, amount: str | None, reference: str) -> None:
        self.both.post(type="budget.released", budget=budget, amount=amount, reference=reference)

    @rule(budget=BUDGETS, group=GROUPS)
    def release_group(self, budget: str, group: str) -> None:
        self.both.post(type="budget.released", budget=budget, group=group)

    @rule(budget=BUDGETS, holder=st.one_of(REFERENCES, GROUPS), seconds=SECONDS)
    def extend(self, budget: str, holder: str, seconds: int) -> None:
        kind = "reference" if holder.startswith("r") else "group"
        fields = {"budget": budget, kind: holder, "expires_in_s": seconds}
        self.both.post(type="budget.extended", **fields)

    @rule(seconds=SECONDS, ticks=MAYBE)
    def pass_time(self, seconds: int, ticks: bool) -> None:
        self.both.now_us += seconds * SECOND_US
        due = self.both.book.next_due_us()
        if ticks and due is not None and due <= self.both.now_us:
            self.both.book.tick()
            self.both.model.expire(self.both.now_us)
            MET["ticks"] += 1

    @rule(balance=MAYBE, reserved=MAYBE)
    def close(self, balance: bool, reserved: bool) -> None:
        carries = balance or reserved
        self.both.post(
            type="budget.closed",
            budget="monthly",
            period=DATE[:7],
            to_period="2026-04" if carries else None,
            carry_balance=balance or None,
            carry_reserved=reserved or None,
        )

    @rule(
        kind=st.sampled_from(["forced", "asked"]),
        dept=DEPTS,
        key=KEYS,
        amount=AMOUNTS,
        reference=st.one_of(st.none(), REFERENCES),
    )
    def demand_by_rule(
        self, kind: str, dept: str, key: str, amount: str, reference: str | None
    ) -> None:
        self.both.post(type=kind, dept=dept, kind=key, amount=amount, reference=reference)

    @rule(dept=DEPTS, amount=AMOUNTS, reference=st.one_of(st.none(), REFERENCES))
    def note(self, dept: str, amount: str, reference: str | None) -> None:
        self.both.post(type="noted", dept=dept, amount=amount, reference=reference)

    @rule(
        dept=DEPTS,
        key=KEYS,
        amounts=st.tuples(AMOUNTS, AMOUNTS),
        references=st.tuples(st.one_of(st.none(), REFERENCES), st.one_of(st.none(), REFERENCES)),
        group=st.one_of(st.none(), GROUPS),
        role=st.sampled_from([None, "boss"]),
    )
    def mix(
        self,
        dept: str,
        key: str,
        amounts: tuple[str, str],
        references: tuple[str | None, str | None],
        group: str | None,
        role: str | None,
    ) -> None:
        self.both.post(
            type="mixed",
            dept=dept,
            kind=key,
            amount=amounts[0],
            back=amounts[1],
            old=references[0],
            reference=references[1],
            group=group,
            role=role,
            why="because" if role else None,
        )

    @precondition(lambda self: self.both.model.held)
    @rule(
        decision=st.sampled_from(["approve", "reject"]),
        role=st.sampled_from(["boss", "boss", "chief"]),
    )
    def decide(self, decision: str, role: str) -> None:
        self.both.post(
            type="hold.decided",
            of_source="default",
            of_id=next(iter(self.both.model.held)),
            decision=decision,
            role=role,
            reason="decided",
        )

    @precondition(lambda self: self.both.sent)
    @rule(place=st.integers(0, 49), changed=MAYBE)
    def repeat(self, place: int, changed: bool) -> None:
        event = self.both.sent[place % len(self.both.sent)]
        self.both.send({**event, "date": "2026-03-06"} if changed else event)

    @invariant()
    def same(self) -> None:
        self.both.compare()
        MET["steps"] += 1


def run_machine(runs: int, *, derandomize: bool = True) -> None:
    """Lets the machine run; raises at the first step where book and model differ.

    The run that failed is shown as it was: making it smaller takes longer than a test may.
    """
    chosen = settings(
        max_examples=runs,
        stateful_step_count=50,
        deadline=None,
        derandomize=derandomize,
        database=None,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(BudgetMachine, settings=chosen)
