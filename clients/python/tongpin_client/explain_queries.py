"""The calls that explain, as data."""

from __future__ import annotations

import json

from tongpin.v1 import explain_service_pb2 as pb
from tongpin_client.batches import Event
from tongpin_client.explanations import (
    VoucherExplanation,
    WhyNotAnswer,
    read_explanation,
    read_why_not,
)
from tongpin_client.queries import Query


def explain(
    voucher: str, name: tuple[str, str], line_number: int, min_seq: int
) -> Query[tuple[VoucherExplanation, ...]]:
    """Explains a voucher, or those of an event; `name`: its source and id."""
    source, event_id = name
    return Query(
        "ExplainVoucher",
        pb.ExplainVoucherRequest(
            voucher=voucher,
            source=source,
            event_id=event_id,
            min_seq=min_seq,
            line_number=line_number,
        ),
        lambda response: tuple(map(read_explanation, response.explanations)),
    )


def why_not(
    rule: str, name: tuple[str, str], event: Event | None, min_seq: int
) -> Query[WhyNotAnswer]:
    """Asks what kept a rule from posting; `name`: source and id of a stored event."""
    source, event_id = name
    content = b"" if event is None else json.dumps(dict(event), ensure_ascii=False).encode()
    return Query(
        "ExplainWhyNot",
        pb.ExplainWhyNotRequest(
            rule=rule, source=source, event_id=event_id, event=content, min_seq=min_seq
        ),
        lambda response: read_why_not(rule, response),
    )
