from tongpin.v1 import event_pb2 as _event_pb2
from tongpin.v1 import posting_service_pb2 as _posting_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WhyNot(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WHY_NOT_UNSPECIFIED: _ClassVar[WhyNot]
    WHY_NOT_POSTED: _ClassVar[WhyNot]
    WHY_NOT_OTHER_TYPE: _ClassVar[WhyNot]
    WHY_NOT_OUT_OF_DATES: _ClassVar[WhyNot]
    WHY_NOT_INVALID: _ClassVar[WhyNot]
    WHY_NOT_GUARD: _ClassVar[WhyNot]
    WHY_NOT_FAILED: _ClassVar[WhyNot]
    WHY_NOT_REFUSED: _ClassVar[WhyNot]
    WHY_NOT_NO_VOUCHER: _ClassVar[WhyNot]
    WHY_NOT_VOUCHER_GUARD: _ClassVar[WhyNot]
    WHY_NOT_ALL_ZERO: _ClassVar[WhyNot]
    WHY_NOT_EVENT: _ClassVar[WhyNot]
WHY_NOT_UNSPECIFIED: WhyNot
WHY_NOT_POSTED: WhyNot
WHY_NOT_OTHER_TYPE: WhyNot
WHY_NOT_OUT_OF_DATES: WhyNot
WHY_NOT_INVALID: WhyNot
WHY_NOT_GUARD: WhyNot
WHY_NOT_FAILED: WhyNot
WHY_NOT_REFUSED: WhyNot
WHY_NOT_NO_VOUCHER: WhyNot
WHY_NOT_VOUCHER_GUARD: WhyNot
WHY_NOT_ALL_ZERO: WhyNot
WHY_NOT_EVENT: WhyNot

class ExplainVoucherRequest(_message.Message):
    __slots__ = ("voucher", "source", "event_id", "min_seq", "line_number")
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    LINE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    voucher: str
    source: str
    event_id: str
    min_seq: int
    line_number: int
    def __init__(self, voucher: _Optional[str] = ..., source: _Optional[str] = ..., event_id: _Optional[str] = ..., min_seq: _Optional[int] = ..., line_number: _Optional[int] = ...) -> None: ...

class ExplainVoucherResponse(_message.Message):
    __slots__ = ("explanations", "seq")
    EXPLANATIONS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    explanations: _containers.RepeatedCompositeFieldContainer[VoucherExplanation]
    seq: int
    def __init__(self, explanations: _Optional[_Iterable[_Union[VoucherExplanation, _Mapping]]] = ..., seq: _Optional[int] = ...) -> None: ...

class VoucherExplanation(_message.Message):
    __slots__ = ("voucher", "event", "agrees", "rule", "rule_place", "rule_text", "basis", "published", "sentence", "guards", "lines", "reads", "rendered")
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    AGREES_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    RULE_PLACE_FIELD_NUMBER: _ClassVar[int]
    RULE_TEXT_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    GUARDS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    READS_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    voucher: _event_pb2.Voucher
    event: _posting_service_pb2.StoredEvent
    agrees: bool
    rule: str
    rule_place: str
    rule_text: str
    basis: str
    published: str
    sentence: str
    guards: _containers.RepeatedCompositeFieldContainer[ExplainedTree]
    lines: _containers.RepeatedCompositeFieldContainer[ExplainedLine]
    reads: _containers.RepeatedCompositeFieldContainer[RecordedRead]
    rendered: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, voucher: _Optional[_Union[_event_pb2.Voucher, _Mapping]] = ..., event: _Optional[_Union[_posting_service_pb2.StoredEvent, _Mapping]] = ..., agrees: _Optional[bool] = ..., rule: _Optional[str] = ..., rule_place: _Optional[str] = ..., rule_text: _Optional[str] = ..., basis: _Optional[str] = ..., published: _Optional[str] = ..., sentence: _Optional[str] = ..., guards: _Optional[_Iterable[_Union[ExplainedTree, _Mapping]]] = ..., lines: _Optional[_Iterable[_Union[ExplainedLine, _Mapping]]] = ..., reads: _Optional[_Iterable[_Union[RecordedRead, _Mapping]]] = ..., rendered: _Optional[_Iterable[str]] = ...) -> None: ...

class ExplainedLine(_message.Message):
    __slots__ = ("line_number", "place", "text", "agrees", "recomputed_debit", "recomputed_credit", "account", "amounts", "dimensions")
    class DimensionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ExplainedTree
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ExplainedTree, _Mapping]] = ...) -> None: ...
    LINE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    AGREES_FIELD_NUMBER: _ClassVar[int]
    RECOMPUTED_DEBIT_FIELD_NUMBER: _ClassVar[int]
    RECOMPUTED_CREDIT_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    line_number: int
    place: str
    text: str
    agrees: bool
    recomputed_debit: _event_pb2.Money
    recomputed_credit: _event_pb2.Money
    account: ExplainedTree
    amounts: _containers.RepeatedCompositeFieldContainer[ExplainedTree]
    dimensions: _containers.MessageMap[str, ExplainedTree]
    def __init__(self, line_number: _Optional[int] = ..., place: _Optional[str] = ..., text: _Optional[str] = ..., agrees: _Optional[bool] = ..., recomputed_debit: _Optional[_Union[_event_pb2.Money, _Mapping]] = ..., recomputed_credit: _Optional[_Union[_event_pb2.Money, _Mapping]] = ..., account: _Optional[_Union[ExplainedTree, _Mapping]] = ..., amounts: _Optional[_Iterable[_Union[ExplainedTree, _Mapping]]] = ..., dimensions: _Optional[_Mapping[str, ExplainedTree]] = ...) -> None: ...

class ExplainedTree(_message.Message):
    __slots__ = ("steps",)
    STEPS_FIELD_NUMBER: _ClassVar[int]
    steps: _containers.RepeatedCompositeFieldContainer[ExplainedStep]
    def __init__(self, steps: _Optional[_Iterable[_Union[ExplainedStep, _Mapping]]] = ...) -> None: ...

class ExplainedStep(_message.Message):
    __slots__ = ("depth", "kind", "name", "value", "text", "place", "facts")
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    depth: int
    kind: str
    name: str
    value: str
    text: str
    place: str
    facts: _containers.RepeatedCompositeFieldContainer[ExplainedFact]
    def __init__(self, depth: _Optional[int] = ..., kind: _Optional[str] = ..., name: _Optional[str] = ..., value: _Optional[str] = ..., text: _Optional[str] = ..., place: _Optional[str] = ..., facts: _Optional[_Iterable[_Union[ExplainedFact, _Mapping]]] = ...) -> None: ...

class ExplainedFact(_message.Message):
    __slots__ = ("name", "text")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    name: str
    text: str
    def __init__(self, name: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class RecordedRead(_message.Message):
    __slots__ = ("kind", "name", "key", "value", "known", "element", "place")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    key: str
    value: str
    known: bool
    element: int
    place: str
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., key: _Optional[str] = ..., value: _Optional[str] = ..., known: _Optional[bool] = ..., element: _Optional[int] = ..., place: _Optional[str] = ...) -> None: ...

class ExplainWhyNotRequest(_message.Message):
    __slots__ = ("rule", "source", "event_id", "event", "min_seq")
    RULE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    rule: str
    source: str
    event_id: str
    event: bytes
    min_seq: int
    def __init__(self, rule: _Optional[str] = ..., source: _Optional[str] = ..., event_id: _Optional[str] = ..., event: _Optional[bytes] = ..., min_seq: _Optional[int] = ...) -> None: ...

class ExplainWhyNotResponse(_message.Message):
    __slots__ = ("place", "source", "event_id", "revision", "why", "message", "conditions", "vouchers", "seq")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    VOUCHERS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    place: str
    source: str
    event_id: str
    revision: str
    why: WhyNot
    message: str
    conditions: _containers.RepeatedCompositeFieldContainer[ExplainedTree]
    vouchers: _containers.RepeatedScalarFieldContainer[str]
    seq: int
    def __init__(self, place: _Optional[str] = ..., source: _Optional[str] = ..., event_id: _Optional[str] = ..., revision: _Optional[str] = ..., why: _Optional[_Union[WhyNot, str]] = ..., message: _Optional[str] = ..., conditions: _Optional[_Iterable[_Union[ExplainedTree, _Mapping]]] = ..., vouchers: _Optional[_Iterable[str]] = ..., seq: _Optional[int] = ...) -> None: ...
