"""ExplainService: explanations of the engine, converted; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import msgspec

from engine.book import Book
from engine.explain import Explanation, explain_voucher
from engine.explain_lines import ExplainedLine
from engine.explain_text import explanation_lines
from engine.explain_tree import ExplainedStep
from engine.explain_why_not import WhyNot, WhyNotAnswer, why_not_posted, why_not_tried
from server.convert_results import write_stored_event, write_voucher
from server.interceptors import Context
from server.reading import Reader
from server.status import malformed
from tongpin.v1 import event_pb2, explain_service_pb2_grpc
from tongpin.v1 import explain_service_pb2 as pb

_WHY_NOT: dict[WhyNot, pb.WhyNot] = {
    why: pb.WhyNot.Value(f"WHY_NOT_{why.name}")  # type: ignore[misc]  # the stub gives an int
    for why in WhyNot
}


class ExplainService(explain_service_pb2_grpc.ExplainServiceServicer):
    """Why a voucher is as it is, and why a rule posted nothing."""

    def __init__(self, book: Book, reader: Reader) -> None:
        """Serves this book."""
        self._book = book
        self._reader = reader

    async def ExplainVoucher(  # noqa: N802 - named by the proto
        self, request: pb.ExplainVoucherRequest, context: Context
    ) -> pb.ExplainVoucherResponse:
        """Explains a voucher, or those of an event."""
        if bool(request.voucher) == bool(request.event_id):
            raise malformed("voucher", "name either a voucher or an event")
        found, seq = await self._reader.read(
            partial(self._explained, request), min_seq=request.min_seq
        )
        return pb.ExplainVoucherResponse(explanations=found, seq=seq)

    async def ExplainWhyNot(  # noqa: N802 - named by the proto
        self, request: pb.ExplainWhyNotRequest, context: Context
    ) -> pb.ExplainWhyNotResponse:
        """Says what kept a rule from posting an event."""
        if not request.rule:
            raise malformed("rule", "name the rule")
        if bool(request.event) == bool(request.event_id):
            raise malformed("event_id", "name a stored event, or send one")
        answer, seq = await self._reader.read(
            partial(self._why_not, request), min_seq=request.min_seq
        )
        written = _write_answer(answer)
        written.seq = seq
        return written

    def _explained(self, request: pb.ExplainVoucherRequest) -> list[pb.VoucherExplanation]:
        names: Iterable[str] = (request.voucher,)
        if request.event_id:
            names = self._book.event(request.source or "default", request.event_id).vouchers
        return [
            _write_explanation(explain_voucher(self._book, name), request.line_number)
            for name in names
        ]

    def _why_not(self, request: pb.ExplainWhyNotRequest) -> WhyNotAnswer:
        if not request.event:
            return why_not_posted(self._book, request.rule, request.source, request.event_id)
        try:
            event = msgspec.json.decode(request.event)
        except msgspec.DecodeError as error:
            raise malformed("event", f"the event is not JSON: {error}") from error
        if not isinstance(event, dict):
            raise malformed("event", "the event is one JSON object")
        return why_not_tried(self._book, request.rule, event)


def _write_explanation(explanation: Explanation, line_no: int) -> pb.VoucherExplanation:
    voucher = explanation.voucher
    money = partial(event_pb2.Money, currency_code=voucher.currency, scale=voucher.scale)
    return pb.VoucherExplanation(
        voucher=write_voucher(voucher),
        event=write_stored_event(explanation.event),
        agrees=explanation.agrees,
        rule=explanation.rule,
        rule_place=explanation.rule_place,
        rule_text=explanation.rule_text,
        basis=explanation.basis,
        published=explanation.published,
        sentence=explanation.sentence,
        guards=map(_write_tree, explanation.guards),
        lines=[
            _write_line(line, money)
            for line in explanation.lines
            if line_no in (0, line.line.line_no)
        ],
        reads=[
            pb.RecordedRead(
                kind=read.kind,
                name=read.name,
                key=read.key,
                value=read.value,
                known=read.known,
                element=read.element,
                place=read.place,
            )
            for read in explanation.reads
        ],
        rendered=explanation_lines(explanation, line_no=line_no),
    )


def _write_line(line: ExplainedLine, money: partial[event_pb2.Money]) -> pb.ExplainedLine:
    debit, credit = line.recomputed or (0, 0)
    return pb.ExplainedLine(
        line_number=line.line.line_no,
        place=line.place,
        text=line.text,
        agrees=line.agrees,
        recomputed_debit=money(minor_units=debit) if debit else None,
        recomputed_credit=money(minor_units=credit) if credit else None,
        account=_write_tree(line.account),
        amounts=map(_write_tree, line.amounts),
        dimensions={name: _write_tree(step) for name, step in line.dimensions},
    )


def _write_tree(root: ExplainedStep) -> pb.ExplainedTree:
    """A tree laid flat: nested messages have a limit of depth that rules have not."""
    steps: list[pb.ExplainedStep] = []
    waiting = [(0, root)]
    while waiting:
        depth, step = waiting.pop()
        facts = [pb.ExplainedFact(name=name, text=text) for name, text in step.facts]
        steps.append(
            pb.ExplainedStep(
                depth=depth,
                kind=step.kind,
                name=step.name,
                value=step.value,
                text=step.text,
                place=step.place,
                facts=facts,
            )
        )
        waiting += [(depth + 1, part) for part in reversed(step.parts)]
    return pb.ExplainedTree(steps=steps)


def _write_answer(answer: WhyNotAnswer) -> pb.ExplainWhyNotResponse:
    return pb.ExplainWhyNotResponse(
        place=answer.place,
        source=answer.source,
        event_id=answer.event_id,
        revision=answer.revision,
        why=_WHY_NOT[answer.why],
        message=answer.message,
        conditions=map(_write_tree, answer.conditions),
        vouchers=answer.vouchers,
    )
