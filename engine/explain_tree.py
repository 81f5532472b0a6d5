"""The tree of a value: line ← amount ← let ← fields and recorded reads, as nodes of a rule.

Knows only shapes of operations: one with a name, a look-up, a rounding, a split or a choice gets a
step of its own; every other hands on the steps of its arguments, since its text says the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

from engine.decide.context import read_name
from engine.decide.plan import DecisionPlan
from engine.effects import ReadKind
from engine.evaluate import RowTrace
from engine.explain_reads import ReadKey, Wanted, WrittenBy
from engine.explain_sources import RuleSources, place_of
from engine.explain_values import Values, joined, number_words, quotient_words, truth
from engine.program import (
    EVENT_SHAPE,
    PARAMETER_PREFIX,
    BalanceMeasure,
    Fault,
    Kind,
    Node,
    Op,
    Table,
)
from engine.state.keys import key_text


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """A value and what it came from.

    Attributes:
        kind: let, field, item, given, round, sum, count, table, rate, record, parameter, existence,
            version, balance, delta, split, condition, account, or the operation.
        name: the author's: of the let, field, table, record, target; "" where it has none.
        value: in the author's words, with currency, unit or percent sign; of a whole list, all.
        text: the expression as written; place: FILE:LINE of it.
        facts: (name, text), further facts in reading order; `shown` = `above`: its parts stand
            where the line names it first.
        parts: what the value came from, in order of writing.
    """

    kind: str
    name: str
    value: str
    text: str = ""
    place: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    parts: tuple[ExplainedStep, ...] = ()

    def walk(self) -> Iterable[ExplainedStep]:
        """This step and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def to_json(self) -> dict[str, object]:
        """The step as JSON data."""
        return {
            "kind": self.kind,
            "name": self.name,
            "value": self.value,
            "text": self.text,
            "place": self.place,
            "facts": dict(self.facts),
            "parts": [part.to_json() for part in self.parts],
        }


@dataclass(slots=True)
class TreeMaker:
    """Makes the steps of one rule's values for one event.

    Attributes:
        plan, trace: the revision, and the rule's nodes over the event.
        values: words for their values. sources: the text of the revision.
        entity: of the event. writers: who wrote what was read.
    """

    plan: DecisionPlan
    trace: RowTrace
    values: Values
    sources: RuleSources
    entity: str
    writers: dict[ReadKey, WrittenBy] = field(default_factory=dict)
    _shown: set[tuple[int, int | None]] = field(default_factory=set)

    def begin(self) -> None:
        """Begins another line: what was shown of the one before is shown again."""
        self._shown.clear()

    def root(self, index: int, element: int | None, *, meaning: str = "") -> ExplainedStep:
        """The step of a node as such: of a line's amount, an account, a dimension's value."""
        found = self.steps(index, element)
        node = self.trace.rule.nodes[index]
        if len(found) == 1 and found[0].text == self.sources.text(self._written(index).span):
            return found[0]
        return self._step(self._kind(node), "", index, element, found, meaning=meaning)

    def steps(self, index: int, element: int | None) -> list[ExplainedStep]:
        """The steps that a node's value hands on to whoever uses it."""
        node = self.trace.rule.nodes[index]
        if node.shape == EVENT_SHAPE:
            element = EVENT_SHAPE
        if not self._counts(index, element):
            return []
        if node.label and (index, element) in self._shown:
            kind = node.op.value if node.op in {Op.SPLIT, Op.DELTA} else "let"
            facts = [("shown", "above")]
            return [self._step(kind, node.label, index, element, facts=facts)]
        if node.label:
            self._shown.add((index, element))
        if node.label and node.op not in {Op.SPLIT, Op.DELTA}:
            inner = self._own(index, element, node)
            rounding, parts = self._inlined(inner, node)
            return [self._step("let", node.label, index, element, parts, facts=rounding)]
        return self._own(index, element, node)

    def wanted(self) -> list[Wanted]:
        """Every recorded value the rule read of records and targets."""
        found: list[Wanted] = []
        for index, node in enumerate(self.trace.rule.nodes):
            if node.op not in {Op.RECORD, Op.HAS_RECORD, Op.TARGET, Op.DELTA}:
                continue
            for element in range(len(self.trace.values(index))):
                if self._counts(index, element):
                    found.append(self._wanted(index, element, node))
        return found

    # --- Steps by operation --------------------------------------------------------------

    def _own(self, index: int, element: int | None, node: Node) -> list[ExplainedStep]:
        match node.op:
            case Op.CONST:
                return []
            case Op.FIELD | Op.ITEM | Op.GIVEN | Op.GIVEN_ITEM | Op.COUNT:
                name, facts = self._field_name(node), self._element(node, element)
                return [self._step(self._kind(node), name, index, element, facts=facts)]
            case Op.TABLE_CELL:
                return [self._table(index, element, node)]
            case Op.RECORD | Op.HAS_RECORD | Op.VERSION:
                return [self._record(index, element, node)]
            case Op.BALANCE | Op.BALANCE_UNTIL:
                return [self._balance(index, element, node)]
            case Op.LEDGER_LIST:
                return [self._ledger_list(index, node)]
            case Op.COLUMN:
                parts = self._all(node.args, None)
                return [self._step(self._kind(node), "", index, element, parts)]
            case Op.TARGET:
                return [self._target(index, element, node)]
            case Op.DELTA:
                return [self._delta(index, element, node)]
            case Op.SPLIT:
                return [self._split(index, element, node)]
            case Op.ROUND:
                rounding = self._rounding(index, element, node)
                parts = self._all(node.args, element)
                return [self._step("round", "", index, element, parts, facts=rounding)]
            case Op.SUM:
                return [self._step("sum", "", index, element, self.steps(node.args[0], None))]
            case Op.SELECT:
                return self._choice(element, node)
            case _ if node.kind is Kind.NUMBER and not node.args:
                return [self._step(self._kind(node), "", index, element)]
            case _:
                return self._all(node.args, element)

    def _all(self, args: Sequence[int], element: int | None) -> list[ExplainedStep]:
        """The steps of some nodes, each once."""
        found: dict[tuple[str, str, str, str], ExplainedStep] = {}
        for arg in args:
            for step in self.steps(arg, element):
                found.setdefault((step.kind, step.name, step.value, step.place), step)
        return list(found.values())

    def _inlined(
        self, inner: list[ExplainedStep], node: Node
    ) -> tuple[tuple[tuple[str, str], ...], list[ExplainedStep]]:
        """A let that rounds says so itself; its other operations stand below it."""
        if node.op is Op.ROUND and len(inner) == 1:
            return inner[0].facts, list(inner[0].parts)
        return (), inner

    def _choice(self, element: int | None, node: Node) -> list[ExplainedStep]:
        """The condition, and the side that was taken."""
        condition, first, second = node.args
        is_given = self.trace.rule.nodes[condition].op in {Op.GIVEN, Op.GIVEN_ITEM}
        parts = [] if is_given else self.steps(condition, element)
        truths = set(self.trace.values(condition))
        if element is not None:
            own = self.trace.rule.nodes[condition].shape
            at = EVENT_SHAPE if own == EVENT_SHAPE else element
            truths = {self.trace.value(condition, at)}
        taken = [side for side, holds in ((first, True), (second, False)) if holds in truths]
        name = "given" if is_given else ""
        step = self._step("condition", name, condition, element, parts)
        return [step, *self._all(taken, element)]

    def _table(self, index: int, element: int | None, node: Node) -> ExplainedStep:
        number, output = cast("tuple[int, int]", node.data)
        table = self.plan.program.tables[number]
        row_node = self.trace.rule.nodes[node.args[0]]
        at = 0 if row_node.shape == EVENT_SHAPE or element is None else element
        rows = self.trace.values(node.args[0])
        chosen = sorted(set(rows)) if element is None else [rows[at]]
        keys = joined(
            f"{name} = {self.values.of(arg, element)}"
            for name, arg in zip(table.key_names, row_node.args, strict=True)
        )
        facts = [("keys", keys), *self._rows(table, chosen)]
        name = table.name
        if len(table.output_names) > 1:
            name = f"{name}.{table.output_names[output]}"
        kind = "rate" if table.fault is Fault.NO_RATE else "table"
        parts = self._all(row_node.args, element)
        return self._step(kind, name, index, element, parts, facts=facts)

    def _rows(self, table: Table, rows: Sequence[int]) -> list[tuple[str, str]]:
        found = []
        for row in rows:
            if 0 <= row < len(table.rows):
                span = table.rows[row].span
                found.append(("row", str(row + 1)))
                found.append(("row_place", place_of(span)))
                found.append(("row_cells", self.sources.text(span)))
        return found

    def _record(self, index: int, element: int | None, node: Node) -> ExplainedStep:
        kind, name, _ = read_name(self.plan, node.op, node.data)
        facts = [("key", joined(self.values.of(arg, element) for arg in node.args))]
        if element is not None and node.op is not Op.VERSION:
            facts += self._written_by(index, element, node)
        words = {ReadKind.EXISTENCE: "existence", ReadKind.VERSION: "version"}
        parts = self._all(node.args, element)
        step = words.get(kind, "record")
        if name.startswith(PARAMETER_PREFIX):
            step, name = "parameter" if step == "record" else step, self._parameter(node)
        return self._step(step, name, index, element, parts, facts=facts)

    def _parameter(self, node: Node) -> str:
        """The author's name of the parameter whose record a node reads."""
        record = node.data[0] if isinstance(node.data, tuple) else node.data
        program = self.plan.program
        return next(one.field.name for one in program.parameters if one.record == record)

    def _balance(self, index: int, element: int | None, node: Node) -> ExplainedStep:
        program = self.plan.program
        balance = program.balances[cast("int", node.data)]
        ledger = program.ledgers[balance.ledger]
        accounts = [program.accounts[account] for account in balance.accounts]
        facts = [
            ("ledger", ledger.name),
            ("accounts", joined(f"{account.code} {account.name}" for account in accounts)),
            ("key", joined(self.values.of(arg, element) for arg in node.args)),
        ]
        name = joined(account.role for account in accounts)
        is_net = balance.measure is BalanceMeasure.NET
        return self._step(
            "balance" if is_net else balance.measure.value,
            name,
            index,
            element,
            self._all(node.args, element),
            facts=facts,
            meaning=ledger.currency,
        )

    def _ledger_list(self, index: int, node: Node) -> ExplainedStep:
        program = self.plan.program
        read = program.ledger_lists[cast("int", node.data)]
        name = joined(program.accounts[account].role for account in read.accounts)
        facts = [("key", joined(self.values.of(arg, None) for arg in node.args))]
        return self._step("balances", name, index, None, self._all(node.args, None), facts=facts)

    def _target(self, index: int, element: int | None, node: Node) -> ExplainedStep:
        target = self.plan.program.targets[cast("int", node.data)]
        facts = [
            ("target", target.name),
            ("key", joined(self.values.of(arg, element) for arg in node.args)),
            *self._written_by(index, EVENT_SHAPE if element is None else element, node),
        ]
        parts = self._all(node.args, element)
        meaning = self._currency(target.ledger)
        return self._step(
            "target", target.name, index, element, parts, facts=facts, meaning=meaning
        )

    def _delta(self, index: int, element: int | None, node: Node) -> ExplainedStep:
        target = self.plan.program.targets[cast("int", node.data)]
        new = self.trace.value(node.args[-1])
        before = new - self.trace.value(index)
        meaning = self.values.meaning(index) or self._currency(target.ledger)
        facts = [
            ("target", target.name),
            ("key", joined(self.values.of(arg, element) for arg in node.args[:-1])),
            ("before", number_words(before, node.scale, meaning)),
            *self._written_by(index, EVENT_SHAPE, node),
            ("after", number_words(new, node.scale, meaning)),
        ]
        parts = self._all(node.args, element)
        return self._step(
            "delta", node.label or target.name, index, element, parts, facts=facts, meaning=meaning
        )

    def _split(self, index: int, element: int | None, node: Node) -> ExplainedStep:
        total, weights = node.args
        whole, shares = self.trace.value(total), self.trace.values(index)
        parts_of = self.trace.values(weights)
        meaning = self.values.meaning(index) or self.values.meaning(total)
        weight_node = self.trace.rule.nodes[weights]
        weight_meaning = self.values.meaning(weights)
        sum_of_weights = number_words(sum(parts_of), weight_node.scale, weight_meaning)
        facts = [
            ("total", self.values.of(total, None)),
            ("weights", self.values.of(weights, None)),
            ("sum_of_weights", sum_of_weights),
            ("shares", self.values.of(index, None)),
        ]
        if sum(parts_of):
            if element is not None:
                weight = number_words(parts_of[element], weight_node.scale, weight_meaning)
                exact = quotient_words(whole * parts_of[element], sum(parts_of), node.scale)
                facts += [("weight", weight), ("exact_share", f"{exact} {meaning}".rstrip())]
            facts += self._residue(node, whole, parts_of, shares)
        parts = [*self.steps(total, None), *self._all((weights,), element)]
        return self._step("split", node.label, index, element, parts, facts=facts, meaning=meaning)

    def _residue(
        self, node: Node, whole: int, weights: Sequence[int], shares: Sequence[int]
    ) -> list[tuple[str, str]]:
        """Who got what proportional shares, rounded down, leave over."""
        floors = [abs(whole) * weight // sum(weights) for weight in weights]
        more = [abs(share) - floor for share, floor in zip(shares, floors, strict=True)]
        got = [
            f"#{at + 1}: {number_words(extra, node.scale, '')}"
            for at, extra in enumerate(more)
            if extra
        ]
        left = number_words(sum(more), node.scale, "")
        return [("residue_rule", str(node.data)), ("residue", left), ("residue_to", joined(got))]

    def _rounding(self, index: int, element: int | None, node: Node) -> tuple[tuple[str, str], ...]:
        """The exact value before, the mode and the result; of one value only."""
        if element is None:
            return (("mode", str(node.data)),)
        numerator, denominator = (self._raw(arg, element) for arg in node.args)
        exact = quotient_words(numerator, denominator, node.scale) if denominator else ""
        result = self.values.of(index, element)
        return (("before_rounding", exact), ("mode", str(node.data)), ("rounded", result))

    # --- Parts of a step -----------------------------------------------------------------

    def _step(
        self,
        kind: str,
        name: str,
        index: int,
        element: int | None,
        parts: Sequence[ExplainedStep] = (),
        *,
        facts: Iterable[tuple[str, str]] = (),
        meaning: str = "",
    ) -> ExplainedStep:
        written = self._written(index)
        return ExplainedStep(
            kind=kind,
            name=name,
            value=self.values.of(index, element, meaning=meaning),
            text=self.sources.text(written.span),
            place=place_of(written.span),
            facts=tuple(facts),
            parts=tuple(parts),
        )

    def _written(self, index: int) -> Node:
        """The node itself, or the one it hands on where nobody wrote it."""
        nodes = self.trace.rule.nodes
        node = nodes[index]
        while not node.span.line and node.args:
            node = nodes[node.args[0]]
        return node

    def _kind(self, node: Node) -> str:
        if node.op in {Op.FIELD, Op.ITEM, Op.COUNT}:
            return node.op.value
        if node.op in {Op.GIVEN, Op.GIVEN_ITEM}:
            return "given"
        return "account" if node.kind is Kind.ACCOUNT else "expression"

    def _element(self, node: Node, element: int | None) -> list[tuple[str, str]]:
        """Which element of a list, counted from 1."""
        if node.shape == EVENT_SHAPE or element is None:
            return []
        return [("element", str(element + 1))]

    def _field_name(self, node: Node) -> str:
        fields = self.plan.program.event_types[self.trace.rule.event_type].fields
        if isinstance(node.data, int):
            return fields[node.data].name or fields[node.data].wire
        place, sub = cast("tuple[int, int]", node.data)
        kind = self.plan.program.event_types[self.trace.rule.event_type]
        return f"{fields[place].name}.{kind.lists[place].fields[sub].name}"

    def _counts(self, index: int, element: int | None) -> bool:
        """Whether a node was evaluated and its condition holds, for some element at least."""
        count = len(self.trace.values(index))
        if not count:
            return self.trace.rule.nodes[index].shape != EVENT_SHAPE and element is None
        if self.trace.rule.nodes[index].shape == EVENT_SHAPE:
            return self.trace.is_active(index)
        if element is None:
            return any(self.trace.is_active(index, at) for at in range(count))
        return self.trace.is_active(index, element)

    def _raw(self, index: int, element: int) -> int:
        own = self.trace.rule.nodes[index].shape
        return self.trace.value(index, EVENT_SHAPE if own == EVENT_SHAPE else element)

    def _currency(self, ledger: int) -> str:
        return self.plan.program.ledgers[ledger].currency

    def _wanted(self, index: int, element: int, node: Node) -> Wanted:
        args = node.args[:-1] if node.op is Op.DELTA else node.args
        nodes = self.trace.rule.nodes
        raws = [self._raw(arg, element) for arg in args]
        key = key_text(raws, [nodes[arg].kind for arg in args], self.values.text)
        if node.op is Op.DELTA:
            target = self.plan.program.targets[cast("int", node.data)]
            base = self.trace.value(node.args[-1]) - self.trace.value(index)
            return Wanted(("target", target.name, self.entity, key), number=base)
        _, name, _ = read_name(self.plan, node.op, node.data)
        if node.op is Op.TARGET:
            return Wanted(("target", name, self.entity, key), number=self._raw(index, element))
        if node.op is Op.HAS_RECORD:
            return Wanted(("record", name, "", key))
        record, _, own = name.rpartition(".")
        place = ("record", record, own, key)
        raw = self._raw(index, element)
        if node.kind is Kind.TEXT:
            return Wanted(place, text=self.values.text(raw) if raw >= 0 else "")
        return Wanted(place, number=int(raw), scale=node.scale if node.kind is Kind.NUMBER else 0)

    def _written_by(self, index: int, element: int, node: Node) -> list[tuple[str, str]]:
        found = self.writers.get(self._wanted(index, element, node).key)
        if found is not None:
            return [("written_by", found.to_text())]
        if node.op is Op.RECORD:
            return [("default", truth(True, chinese=self.values.chinese))]
        return []
