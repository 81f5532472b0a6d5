"""Explanations as the client's own data, and how they are read from the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tongpin.v1 import explain_service_pb2 as pb
from tongpin_client.read_messages import read_money, read_stored_event, read_voucher
from tongpin_client.results import Money, StoredEvent, Voucher


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """A value and what it came from.

    Attributes:
        kind: let, field, table, rate, record, balance, delta, split, round and so on.
        name: the author's; "" where it has none.
        value: in the author's words, with currency, unit or percent sign.
        text: the expression as written; place: FILE:LINE of it.
        facts: further facts by name: the row that matched, the value before rounding, weights.
        parts: what it came from, in order of writing.
    """

    kind: str
    name: str
    value: str
    text: str
    place: str
    facts: tuple[tuple[str, str], ...]
    parts: tuple[ExplainedStep, ...]

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


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A posted line and what it comes from; amounts evaluated again, None on the other side."""

    line_number: int
    place: str
    text: str
    agrees: bool
    recomputed_debit: Money | None
    recomputed_credit: Money | None
    account: ExplainedStep
    amounts: tuple[ExplainedStep, ...]
    dimensions: Mapping[str, ExplainedStep]


@dataclass(frozen=True, slots=True)
class RecordedRead:
    """A state the rule read; `key` as JSON text, `known` False: nothing was there."""

    kind: str
    name: str
    key: str
    value: str
    known: bool
    element: int
    place: str


@dataclass(frozen=True, slots=True)
class VoucherExplanation:
    """Why a voucher is as it is; `rendered`: as a terminal shows it, line by line."""

    voucher: Voucher
    event: StoredEvent
    agrees: bool
    rule: str
    rule_place: str
    rule_text: str
    basis: str
    published: str
    sentence: str
    guards: tuple[ExplainedStep, ...]
    lines: tuple[ExplainedLine, ...]
    reads: tuple[RecordedRead, ...]
    rendered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhyNotAnswer:
    """The first thing that kept a rule from posting an event.

    `why`: posted, other_type, out_of_dates, invalid, guard, failed, refused, no_voucher,
    voucher_guard, all_zero or event. `conditions`: those asked, up to the first false one.
    """

    rule: str
    place: str
    source: str
    event_id: str
    revision: str
    why: str
    message: str
    conditions: tuple[ExplainedStep, ...]
    vouchers: tuple[str, ...]


def read_explanation(message: pb.VoucherExplanation) -> VoucherExplanation:
    """An explanation."""
    return VoucherExplanation(
        voucher=read_voucher(message.voucher),
        event=read_stored_event(message.event),
        agrees=message.agrees,
        rule=message.rule,
        rule_place=message.rule_place,
        rule_text=message.rule_text,
        basis=message.basis,
        published=message.published,
        sentence=message.sentence,
        guards=tuple(map(_read_tree, message.guards)),
        lines=tuple(map(_read_line, message.lines)),
        reads=tuple(
            RecordedRead(
                read.kind, read.name, read.key, read.value, read.known, read.element, read.place
            )
            for read in message.reads
        ),
        rendered=tuple(message.rendered),
    )


def read_why_not(rule: str, message: pb.ExplainWhyNotResponse) -> WhyNotAnswer:
    """An answer about a rule."""
    return WhyNotAnswer(
        rule=rule,
        place=message.place,
        source=message.source,
        event_id=message.event_id,
        revision=message.revision,
        why=pb.WhyNot.Name(message.why).removeprefix("WHY_NOT_").lower(),
        message=message.message,
        conditions=tuple(map(_read_tree, message.conditions)),
        vouchers=tuple(message.vouchers),
    )


def _read_line(message: pb.ExplainedLine) -> ExplainedLine:
    has_debit = message.HasField("recomputed_debit")
    has_credit = message.HasField("recomputed_credit")
    return ExplainedLine(
        line_number=message.line_number,
        place=message.place,
        text=message.text,
        agrees=message.agrees,
        recomputed_debit=read_money(message.recomputed_debit) if has_debit else None,
        recomputed_credit=read_money(message.recomputed_credit) if has_credit else None,
        account=_read_tree(message.account),
        amounts=tuple(map(_read_tree, message.amounts)),
        dimensions={name: _read_tree(tree) for name, tree in message.dimensions.items()},
    )


def _read_tree(message: pb.ExplainedTree) -> ExplainedStep:
    """The tree of steps laid flat, each before the ones below it."""
    below: dict[int, list[ExplainedStep]] = {}
    for step in reversed(message.steps):
        made = _read_step(step, below.pop(step.depth + 1, []))
        below.setdefault(step.depth, []).append(made)
    return below[0][0]


def _read_step(message: pb.ExplainedStep, parts: Sequence[ExplainedStep]) -> ExplainedStep:
    return ExplainedStep(
        kind=message.kind,
        name=message.name,
        value=message.value,
        text=message.text,
        place=message.place,
        facts=tuple((fact.name, fact.text) for fact in message.facts),
        parts=tuple(reversed(parts)),
    )
