from google.protobuf import struct_pb2 as _struct_pb2
from tongpin.v1 import budget_pb2 as _budget_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_STATUS_UNSPECIFIED: _ClassVar[EventStatus]
    EVENT_STATUS_POSTED: _ClassVar[EventStatus]
    EVENT_STATUS_NO_POSTING: _ClassVar[EventStatus]
    EVENT_STATUS_PENDING_REVIEW: _ClassVar[EventStatus]
    EVENT_STATUS_HELD: _ClassVar[EventStatus]
    EVENT_STATUS_UNPOSTED: _ClassVar[EventStatus]
    EVENT_STATUS_REJECTED_BUDGET: _ClassVar[EventStatus]
    EVENT_STATUS_REJECTED_RULE: _ClassVar[EventStatus]
    EVENT_STATUS_DUPLICATE: _ClassVar[EventStatus]
    EVENT_STATUS_CONFLICT: _ClassVar[EventStatus]
    EVENT_STATUS_INVALID: _ClassVar[EventStatus]
    EVENT_STATUS_GROUP_FAILED: _ClassVar[EventStatus]
    EVENT_STATUS_NOT_ATTEMPTED: _ClassVar[EventStatus]
    EVENT_STATUS_WITHDRAWN: _ClassVar[EventStatus]
EVENT_STATUS_UNSPECIFIED: EventStatus
EVENT_STATUS_POSTED: EventStatus
EVENT_STATUS_NO_POSTING: EventStatus
EVENT_STATUS_PENDING_REVIEW: EventStatus
EVENT_STATUS_HELD: EventStatus
EVENT_STATUS_UNPOSTED: EventStatus
EVENT_STATUS_REJECTED_BUDGET: EventStatus
EVENT_STATUS_REJECTED_RULE: EventStatus
EVENT_STATUS_DUPLICATE: EventStatus
EVENT_STATUS_CONFLICT: EventStatus
EVENT_STATUS_INVALID: EventStatus
EVENT_STATUS_GROUP_FAILED: EventStatus
EVENT_STATUS_NOT_ATTEMPTED: EventStatus
EVENT_STATUS_WITHDRAWN: EventStatus

class Event(_message.Message):
    __slots__ = ("id", "type", "date", "source", "entity", "posting_date", "group_id", "actor", "approved_by", "source_document", "fields")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    POSTING_DATE_FIELD_NUMBER: _ClassVar[int]
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    APPROVED_BY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    date: str
    source: str
    entity: str
    posting_date: str
    group_id: str
    actor: str
    approved_by: str
    source_document: SourceDocument
    fields: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., date: _Optional[str] = ..., source: _Optional[str] = ..., entity: _Optional[str] = ..., posting_date: _Optional[str] = ..., group_id: _Optional[str] = ..., actor: _Optional[str] = ..., approved_by: _Optional[str] = ..., source_document: _Optional[_Union[SourceDocument, _Mapping]] = ..., fields: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class SourceDocument(_message.Message):
    __slots__ = ("kind", "number", "hash", "attachments")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENTS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    number: str
    hash: str
    attachments: int
    def __init__(self, kind: _Optional[str] = ..., number: _Optional[str] = ..., hash: _Optional[str] = ..., attachments: _Optional[int] = ...) -> None: ...

class EventBatch(_message.Message):
    __slots__ = ("rows", "json", "arrow_ipc")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    ARROW_IPC_FIELD_NUMBER: _ClassVar[int]
    rows: EventRows
    json: bytes
    arrow_ipc: bytes
    def __init__(self, rows: _Optional[_Union[EventRows, _Mapping]] = ..., json: _Optional[bytes] = ..., arrow_ipc: _Optional[bytes] = ...) -> None: ...

class EventRows(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ...) -> None: ...

class EventResult(_message.Message):
    __slots__ = ("status", "reason", "message", "vouchers", "seq", "first_status", "replayed", "conflicting_fields", "source", "event_id", "draft_vouchers", "budget_verdicts")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    VOUCHERS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    FIRST_STATUS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    CONFLICTING_FIELDS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    DRAFT_VOUCHERS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_VERDICTS_FIELD_NUMBER: _ClassVar[int]
    status: EventStatus
    reason: str
    message: str
    vouchers: _containers.RepeatedScalarFieldContainer[str]
    seq: int
    first_status: EventStatus
    replayed: bool
    conflicting_fields: _containers.RepeatedScalarFieldContainer[str]
    source: str
    event_id: str
    draft_vouchers: _containers.RepeatedCompositeFieldContainer[Voucher]
    budget_verdicts: _containers.RepeatedCompositeFieldContainer[_budget_pb2.BudgetVerdict]
    def __init__(self, status: _Optional[_Union[EventStatus, str]] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., vouchers: _Optional[_Iterable[str]] = ..., seq: _Optional[int] = ..., first_status: _Optional[_Union[EventStatus, str]] = ..., replayed: _Optional[bool] = ..., conflicting_fields: _Optional[_Iterable[str]] = ..., source: _Optional[str] = ..., event_id: _Optional[str] = ..., draft_vouchers: _Optional[_Iterable[_Union[Voucher, _Mapping]]] = ..., budget_verdicts: _Optional[_Iterable[_Union[_budget_pb2.BudgetVerdict, _Mapping]]] = ...) -> None: ...

class Voucher(_message.Message):
    __slots__ = ("name", "entity", "ledger", "series", "period", "word", "number", "voucher_date", "event_date", "source", "event_id", "rule", "revision", "summary", "state", "reverses", "lines", "seq", "preparer", "reviewer", "review_time")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    WORD_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    VOUCHER_DATE_FIELD_NUMBER: _ClassVar[int]
    EVENT_DATE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REVERSES_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    PREPARER_FIELD_NUMBER: _ClassVar[int]
    REVIEWER_FIELD_NUMBER: _ClassVar[int]
    REVIEW_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    entity: str
    ledger: str
    series: str
    period: str
    word: str
    number: int
    voucher_date: str
    event_date: str
    source: str
    event_id: str
    rule: str
    revision: str
    summary: str
    state: str
    reverses: str
    lines: _containers.RepeatedCompositeFieldContainer[VoucherLine]
    seq: int
    preparer: str
    reviewer: str
    review_time: str
    def __init__(self, name: _Optional[str] = ..., entity: _Optional[str] = ..., ledger: _Optional[str] = ..., series: _Optional[str] = ..., period: _Optional[str] = ..., word: _Optional[str] = ..., number: _Optional[int] = ..., voucher_date: _Optional[str] = ..., event_date: _Optional[str] = ..., source: _Optional[str] = ..., event_id: _Optional[str] = ..., rule: _Optional[str] = ..., revision: _Optional[str] = ..., summary: _Optional[str] = ..., state: _Optional[str] = ..., reverses: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[VoucherLine, _Mapping]]] = ..., seq: _Optional[int] = ..., preparer: _Optional[str] = ..., reviewer: _Optional[str] = ..., review_time: _Optional[str] = ...) -> None: ...

class VoucherLine(_message.Message):
    __slots__ = ("line_number", "account_code", "account_name", "debit", "credit", "dimensions", "rule_line", "foreign_amount", "exchange_rate")
    class DimensionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    LINE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_CODE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_NAME_FIELD_NUMBER: _ClassVar[int]
    DEBIT_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    RULE_LINE_FIELD_NUMBER: _ClassVar[int]
    FOREIGN_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_RATE_FIELD_NUMBER: _ClassVar[int]
    line_number: int
    account_code: str
    account_name: str
    debit: Money
    credit: Money
    dimensions: _containers.ScalarMap[str, str]
    rule_line: int
    foreign_amount: Money
    exchange_rate: str
    def __init__(self, line_number: _Optional[int] = ..., account_code: _Optional[str] = ..., account_name: _Optional[str] = ..., debit: _Optional[_Union[Money, _Mapping]] = ..., credit: _Optional[_Union[Money, _Mapping]] = ..., dimensions: _Optional[_Mapping[str, str]] = ..., rule_line: _Optional[int] = ..., foreign_amount: _Optional[_Union[Money, _Mapping]] = ..., exchange_rate: _Optional[str] = ...) -> None: ...

class Money(_message.Message):
    __slots__ = ("minor_units", "currency_code", "scale")
    MINOR_UNITS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    minor_units: int
    currency_code: str
    scale: int
    def __init__(self, minor_units: _Optional[int] = ..., currency_code: _Optional[str] = ..., scale: _Optional[int] = ...) -> None: ...
