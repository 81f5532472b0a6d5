"""Requests as tests write them, and what is read out of errors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import grpc
import pyarrow as pa
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tongpin.v1 import event_pb2
from tongpin.v1 import posting_service_pb2 as pb

Event = Mapping[str, Any]


def sale(event_id: str, amount: str = "10.00", **fields: Any) -> dict[str, Any]:
    return {"id": event_id, "type": "sale", "date": "2026-03-01", "amount": amount, **fields}


def json_batch(*events: Event) -> event_pb2.EventBatch:
    return event_pb2.EventBatch(json=json.dumps(events, ensure_ascii=False).encode())


def row_batch(*events: Event) -> event_pb2.EventBatch:
    rows = []
    for event in events:
        row = event_pb2.Event()
        for key, value in event.items():
            if key == "source_doc":
                row.source_document.CopyFrom(event_pb2.SourceDocument(**value))
            elif key in event_pb2.Event.DESCRIPTOR.fields_by_name and key != "fields":
                setattr(row, key, value)
            else:
                row.fields.update({key: value})
        rows.append(row)
    return event_pb2.EventBatch(rows=event_pb2.EventRows(events=rows))


def arrow_bytes(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, **options) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def arrow_batch(*events: Event) -> event_pb2.EventBatch:
    names = list(dict.fromkeys(name for event in events for name in event))
    table = pa.table({name: [event.get(name) for event in events] for name in names})
    return event_pb2.EventBatch(arrow_ipc=arrow_bytes(table))


def post(*events: Event, **settings: Any) -> pb.PostEventsRequest:
    return pb.PostEventsRequest(batch=json_batch(*events), **settings)


def opening(stream_id: str, **settings: Any) -> pb.StreamEventsRequest:
    return pb.StreamEventsRequest(stream_id=stream_id, **settings)


def numbered(offset: int, *events: Event) -> pb.StreamEventsRequest:
    return pb.StreamEventsRequest(offset=offset, batch=json_batch(*events))


def reason_of(error: grpc.RpcError) -> str:
    return info_of(error).reason


def info_of(error: grpc.RpcError) -> error_details_pb2.ErrorInfo:
    return next(detail for detail in details_of(error) if detail.DESCRIPTOR.name == "ErrorInfo")


def details_of(error: grpc.RpcError) -> Iterator[Any]:
    status = rpc_status.from_call(error)
    for packed in status.details if status else ():
        kind = getattr(error_details_pb2, packed.TypeName().rpartition(".")[2])
        detail = kind()
        packed.Unpack(detail)
        yield detail


def statuses(results: Iterable[event_pb2.EventResult]) -> list[str]:
    prefix = "EVENT_STATUS_"
    return [event_pb2.EventStatus.Name(r.status).removeprefix(prefix) for r in results]
