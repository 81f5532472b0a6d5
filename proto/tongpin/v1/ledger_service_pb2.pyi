from tongpin.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TrialBalanceRequest(_message.Message):
    __slots__ = ("entity", "ledger", "period", "min_seq")
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    entity: str
    ledger: str
    period: str
    min_seq: int
    def __init__(self, entity: _Optional[str] = ..., ledger: _Optional[str] = ..., period: _Optional[str] = ..., min_seq: _Optional[int] = ...) -> None: ...

class TrialBalanceResponse(_message.Message):
    __slots__ = ("rows", "seq")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[TrialBalanceRow]
    seq: int
    def __init__(self, rows: _Optional[_Iterable[_Union[TrialBalanceRow, _Mapping]]] = ..., seq: _Optional[int] = ...) -> None: ...

class TrialBalanceRow(_message.Message):
    __slots__ = ("entity", "ledger", "period", "account_code", "account_name", "currency_code", "scale", "opening_debit_minor", "opening_credit_minor", "debit_minor", "credit_minor", "closing_debit_minor", "closing_credit_minor")
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_CODE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_NAME_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    OPENING_DEBIT_MINOR_FIELD_NUMBER: _ClassVar[int]
    OPENING_CREDIT_MINOR_FIELD_NUMBER: _ClassVar[int]
    DEBIT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CREDIT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CLOSING_DEBIT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CLOSING_CREDIT_MINOR_FIELD_NUMBER: _ClassVar[int]
    entity: str
    ledger: str
    period: str
    account_code: str
    account_name: str
    currency_code: str
    scale: int
    opening_debit_minor: int
    opening_credit_minor: int
    debit_minor: int
    credit_minor: int
    closing_debit_minor: int
    closing_credit_minor: int
    def __init__(self, entity: _Optional[str] = ..., ledger: _Optional[str] = ..., period: _Optional[str] = ..., account_code: _Optional[str] = ..., account_name: _Optional[str] = ..., currency_code: _Optional[str] = ..., scale: _Optional[int] = ..., opening_debit_minor: _Optional[int] = ..., opening_credit_minor: _Optional[int] = ..., debit_minor: _Optional[int] = ..., credit_minor: _Optional[int] = ..., closing_debit_minor: _Optional[int] = ..., closing_credit_minor: _Optional[int] = ...) -> None: ...

class AccountActivityRequest(_message.Message):
    __slots__ = ("account_code", "entity", "ledger", "period", "dimensions", "page_size", "page_token", "min_seq")
    class DimensionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ACCOUNT_CODE_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    account_code: str
    entity: str
    ledger: str
    period: str
    dimensions: _containers.ScalarMap[str, str]
    page_size: int
    page_token: str
    min_seq: int
    def __init__(self, account_code: _Optional[str] = ..., entity: _Optional[str] = ..., ledger: _Optional[str] = ..., period: _Optional[str] = ..., dimensions: _Optional[_Mapping[str, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_seq: _Optional[int] = ...) -> None: ...

class AccountActivityResponse(_message.Message):
    __slots__ = ("entries", "next_page_token", "seq")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[AccountEntry]
    next_page_token: str
    seq: int
    def __init__(self, entries: _Optional[_Iterable[_Union[AccountEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class AccountEntry(_message.Message):
    __slots__ = ("voucher", "voucher_date", "summary", "line", "source", "event_id")
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    VOUCHER_DATE_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    voucher: str
    voucher_date: str
    summary: str
    line: _event_pb2.VoucherLine
    source: str
    event_id: str
    def __init__(self, voucher: _Optional[str] = ..., voucher_date: _Optional[str] = ..., summary: _Optional[str] = ..., line: _Optional[_Union[_event_pb2.VoucherLine, _Mapping]] = ..., source: _Optional[str] = ..., event_id: _Optional[str] = ...) -> None: ...

class ListParametersRequest(_message.Message):
    __slots__ = ("min_seq",)
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    min_seq: int
    def __init__(self, min_seq: _Optional[int] = ...) -> None: ...

class ListParametersResponse(_message.Message):
    __slots__ = ("parameters", "seq")
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    parameters: _containers.RepeatedCompositeFieldContainer[Parameter]
    seq: int
    def __init__(self, parameters: _Optional[_Iterable[_Union[Parameter, _Mapping]]] = ..., seq: _Optional[int] = ...) -> None: ...

class Parameter(_message.Message):
    __slots__ = ("name", "wire_name", "entity", "value", "is_default", "set_date", "person", "reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WIRE_NAME_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    IS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    SET_DATE_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    wire_name: str
    entity: str
    value: str
    is_default: bool
    set_date: str
    person: str
    reason: str
    def __init__(self, name: _Optional[str] = ..., wire_name: _Optional[str] = ..., entity: _Optional[str] = ..., value: _Optional[str] = ..., is_default: _Optional[bool] = ..., set_date: _Optional[str] = ..., person: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
