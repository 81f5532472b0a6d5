from tongpin.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OnError(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_ERROR_UNSPECIFIED: _ClassVar[OnError]
    ON_ERROR_CONTINUE: _ClassVar[OnError]
    ON_ERROR_STOP: _ClassVar[OnError]

class PostingMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POSTING_MODE_UNSPECIFIED: _ClassVar[PostingMode]
    POSTING_MODE_COMMIT: _ClassVar[PostingMode]
    POSTING_MODE_DRY_RUN: _ClassVar[PostingMode]

class ReviewDecision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REVIEW_DECISION_UNSPECIFIED: _ClassVar[ReviewDecision]
    REVIEW_DECISION_APPROVE: _ClassVar[ReviewDecision]
    REVIEW_DECISION_RETURN: _ClassVar[ReviewDecision]
ON_ERROR_UNSPECIFIED: OnError
ON_ERROR_CONTINUE: OnError
ON_ERROR_STOP: OnError
POSTING_MODE_UNSPECIFIED: PostingMode
POSTING_MODE_COMMIT: PostingMode
POSTING_MODE_DRY_RUN: PostingMode
REVIEW_DECISION_UNSPECIFIED: ReviewDecision
REVIEW_DECISION_APPROVE: ReviewDecision
REVIEW_DECISION_RETURN: ReviewDecision

class PostEventsRequest(_message.Message):
    __slots__ = ("attempt_id", "batch", "on_error", "mode", "revision")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    ON_ERROR_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    batch: _event_pb2.EventBatch
    on_error: OnError
    mode: PostingMode
    revision: str
    def __init__(self, attempt_id: _Optional[str] = ..., batch: _Optional[_Union[_event_pb2.EventBatch, _Mapping]] = ..., on_error: _Optional[_Union[OnError, str]] = ..., mode: _Optional[_Union[PostingMode, str]] = ..., revision: _Optional[str] = ...) -> None: ...

class PostEventsResponse(_message.Message):
    __slots__ = ("results", "seq")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_event_pb2.EventResult]
    seq: int
    def __init__(self, results: _Optional[_Iterable[_Union[_event_pb2.EventResult, _Mapping]]] = ..., seq: _Optional[int] = ...) -> None: ...

class StreamEventsRequest(_message.Message):
    __slots__ = ("stream_id", "offset", "batch", "window", "summary_only")
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_ONLY_FIELD_NUMBER: _ClassVar[int]
    stream_id: str
    offset: int
    batch: _event_pb2.EventBatch
    window: int
    summary_only: bool
    def __init__(self, stream_id: _Optional[str] = ..., offset: _Optional[int] = ..., batch: _Optional[_Union[_event_pb2.EventBatch, _Mapping]] = ..., window: _Optional[int] = ..., summary_only: _Optional[bool] = ...) -> None: ...

class StreamEventsResponse(_message.Message):
    __slots__ = ("offset", "results", "result_positions", "durable_offset", "seq", "status_counts", "replayed")
    class StatusCountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: int
        def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    RESULT_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    DURABLE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    STATUS_COUNTS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    offset: int
    results: _containers.RepeatedCompositeFieldContainer[_event_pb2.EventResult]
    result_positions: _containers.RepeatedScalarFieldContainer[int]
    durable_offset: int
    seq: int
    status_counts: _containers.ScalarMap[int, int]
    replayed: bool
    def __init__(self, offset: _Optional[int] = ..., results: _Optional[_Iterable[_Union[_event_pb2.EventResult, _Mapping]]] = ..., result_positions: _Optional[_Iterable[int]] = ..., durable_offset: _Optional[int] = ..., seq: _Optional[int] = ..., status_counts: _Optional[_Mapping[int, int]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class GetVoucherRequest(_message.Message):
    __slots__ = ("name", "min_seq")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    name: str
    min_seq: int
    def __init__(self, name: _Optional[str] = ..., min_seq: _Optional[int] = ...) -> None: ...

class GetVoucherResponse(_message.Message):
    __slots__ = ("voucher", "seq")
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    voucher: _event_pb2.Voucher
    seq: int
    def __init__(self, voucher: _Optional[_Union[_event_pb2.Voucher, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class ListVouchersRequest(_message.Message):
    __slots__ = ("entity", "ledger", "period", "page_size", "page_token", "min_seq")
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    entity: str
    ledger: str
    period: str
    page_size: int
    page_token: str
    min_seq: int
    def __init__(self, entity: _Optional[str] = ..., ledger: _Optional[str] = ..., period: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_seq: _Optional[int] = ...) -> None: ...

class ListVouchersResponse(_message.Message):
    __slots__ = ("vouchers", "next_page_token", "seq")
    VOUCHERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    vouchers: _containers.RepeatedCompositeFieldContainer[_event_pb2.Voucher]
    next_page_token: str
    seq: int
    def __init__(self, vouchers: _Optional[_Iterable[_Union[_event_pb2.Voucher, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class StoredEvent(_message.Message):
    __slots__ = ("source", "event_id", "type", "date", "status", "reason", "message", "content", "vouchers", "seq", "principal", "seal_time", "revision")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    VOUCHERS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    SEAL_TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    source: str
    event_id: str
    type: str
    date: str
    status: _event_pb2.EventStatus
    reason: str
    message: str
    content: bytes
    vouchers: _containers.RepeatedScalarFieldContainer[str]
    seq: int
    principal: str
    seal_time: str
    revision: str
    def __init__(self, source: _Optional[str] = ..., event_id: _Optional[str] = ..., type: _Optional[str] = ..., date: _Optional[str] = ..., status: _Optional[_Union[_event_pb2.EventStatus, str]] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., content: _Optional[bytes] = ..., vouchers: _Optional[_Iterable[str]] = ..., seq: _Optional[int] = ..., principal: _Optional[str] = ..., seal_time: _Optional[str] = ..., revision: _Optional[str] = ...) -> None: ...

class GetEventRequest(_message.Message):
    __slots__ = ("source", "event_id", "min_seq")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    source: str
    event_id: str
    min_seq: int
    def __init__(self, source: _Optional[str] = ..., event_id: _Optional[str] = ..., min_seq: _Optional[int] = ...) -> None: ...

class GetEventResponse(_message.Message):
    __slots__ = ("event", "seq")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    event: StoredEvent
    seq: int
    def __init__(self, event: _Optional[_Union[StoredEvent, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class ListUnpostedRequest(_message.Message):
    __slots__ = ("reason", "page_size", "page_token", "min_seq")
    REASON_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    reason: str
    page_size: int
    page_token: str
    min_seq: int
    def __init__(self, reason: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_seq: _Optional[int] = ...) -> None: ...

class ListUnpostedResponse(_message.Message):
    __slots__ = ("events", "next_page_token", "total_count", "seq")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[StoredEvent]
    next_page_token: str
    total_count: int
    seq: int
    def __init__(self, events: _Optional[_Iterable[_Union[StoredEvent, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_count: _Optional[int] = ..., seq: _Optional[int] = ...) -> None: ...

class EventName(_message.Message):
    __slots__ = ("source", "event_id")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    source: str
    event_id: str
    def __init__(self, source: _Optional[str] = ..., event_id: _Optional[str] = ...) -> None: ...

class RetryUnpostedRequest(_message.Message):
    __slots__ = ("attempt_id", "events")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    events: _containers.RepeatedCompositeFieldContainer[EventName]
    def __init__(self, attempt_id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[EventName, _Mapping]]] = ...) -> None: ...

class RetryUnpostedResponse(_message.Message):
    __slots__ = ("results", "seq")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_event_pb2.EventResult]
    seq: int
    def __init__(self, results: _Optional[_Iterable[_Union[_event_pb2.EventResult, _Mapping]]] = ..., seq: _Optional[int] = ...) -> None: ...

class WithdrawEventRequest(_message.Message):
    __slots__ = ("attempt_id", "event", "comment")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    event: EventName
    comment: str
    def __init__(self, attempt_id: _Optional[str] = ..., event: _Optional[_Union[EventName, _Mapping]] = ..., comment: _Optional[str] = ...) -> None: ...

class WithdrawEventResponse(_message.Message):
    __slots__ = ("result", "seq")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    result: _event_pb2.EventResult
    seq: int
    def __init__(self, result: _Optional[_Union[_event_pb2.EventResult, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class DraftVoucher(_message.Message):
    __slots__ = ("voucher", "draft", "role", "draft_time")
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    DRAFT_TIME_FIELD_NUMBER: _ClassVar[int]
    voucher: _event_pb2.Voucher
    draft: int
    role: str
    draft_time: str
    def __init__(self, voucher: _Optional[_Union[_event_pb2.Voucher, _Mapping]] = ..., draft: _Optional[int] = ..., role: _Optional[str] = ..., draft_time: _Optional[str] = ...) -> None: ...

class ListDraftsRequest(_message.Message):
    __slots__ = ("role", "preparer", "page_size", "page_token", "min_seq")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    PREPARER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    role: str
    preparer: str
    page_size: int
    page_token: str
    min_seq: int
    def __init__(self, role: _Optional[str] = ..., preparer: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_seq: _Optional[int] = ...) -> None: ...

class ListDraftsResponse(_message.Message):
    __slots__ = ("drafts", "next_page_token", "seq")
    DRAFTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    drafts: _containers.RepeatedCompositeFieldContainer[DraftVoucher]
    next_page_token: str
    seq: int
    def __init__(self, drafts: _Optional[_Iterable[_Union[DraftVoucher, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class ReviewVoucherRequest(_message.Message):
    __slots__ = ("attempt_id", "event", "draft", "decision", "role", "reason")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    event: EventName
    draft: int
    decision: ReviewDecision
    role: str
    reason: str
    def __init__(self, attempt_id: _Optional[str] = ..., event: _Optional[_Union[EventName, _Mapping]] = ..., draft: _Optional[int] = ..., decision: _Optional[_Union[ReviewDecision, str]] = ..., role: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ReviewVoucherResponse(_message.Message):
    __slots__ = ("result", "seq")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    result: _event_pb2.EventResult
    seq: int
    def __init__(self, result: _Optional[_Union[_event_pb2.EventResult, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...
