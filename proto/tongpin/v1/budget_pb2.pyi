from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_PASS: _ClassVar[Verdict]
    VERDICT_WARN: _ClassVar[Verdict]
    VERDICT_BLOCK: _ClassVar[Verdict]
    VERDICT_OVERRIDE: _ClassVar[Verdict]
    VERDICT_OVERRUN: _ClassVar[Verdict]
    VERDICT_HOLD: _ClassVar[Verdict]
    VERDICT_UNCHECKED: _ClassVar[Verdict]
    VERDICT_CUT: _ClassVar[Verdict]
    VERDICT_EXPIRED: _ClassVar[Verdict]

class BudgetControl(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BUDGET_CONTROL_UNSPECIFIED: _ClassVar[BudgetControl]
    BUDGET_CONTROL_BLOCK: _ClassVar[BudgetControl]
    BUDGET_CONTROL_WARN: _ClassVar[BudgetControl]
    BUDGET_CONTROL_TRACK: _ClassVar[BudgetControl]
VERDICT_UNSPECIFIED: Verdict
VERDICT_PASS: Verdict
VERDICT_WARN: Verdict
VERDICT_BLOCK: Verdict
VERDICT_OVERRIDE: Verdict
VERDICT_OVERRUN: Verdict
VERDICT_HOLD: Verdict
VERDICT_UNCHECKED: Verdict
VERDICT_CUT: Verdict
VERDICT_EXPIRED: Verdict
BUDGET_CONTROL_UNSPECIFIED: BudgetControl
BUDGET_CONTROL_BLOCK: BudgetControl
BUDGET_CONTROL_WARN: BudgetControl
BUDGET_CONTROL_TRACK: BudgetControl

class BudgetVerdict(_message.Message):
    __slots__ = ("node", "verdict", "requested_minor", "available_minor", "headroom_minor", "shortfall_minor", "excess_minor", "scale", "counts", "role", "person", "reason")
    NODE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_MINOR_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_MINOR_FIELD_NUMBER: _ClassVar[int]
    HEADROOM_MINOR_FIELD_NUMBER: _ClassVar[int]
    SHORTFALL_MINOR_FIELD_NUMBER: _ClassVar[int]
    EXCESS_MINOR_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    node: str
    verdict: Verdict
    requested_minor: int
    available_minor: int
    headroom_minor: int
    shortfall_minor: int
    excess_minor: int
    scale: int
    counts: str
    role: str
    person: str
    reason: str
    def __init__(self, node: _Optional[str] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., requested_minor: _Optional[int] = ..., available_minor: _Optional[int] = ..., headroom_minor: _Optional[int] = ..., shortfall_minor: _Optional[int] = ..., excess_minor: _Optional[int] = ..., scale: _Optional[int] = ..., counts: _Optional[str] = ..., role: _Optional[str] = ..., person: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class BudgetNode(_message.Message):
    __slots__ = ("node", "budget", "budget_name", "path", "period", "parent", "is_limited", "budget_minor", "reserved_minor", "committed_minor", "actual_minor", "available_minor", "scale", "counts", "control", "version", "is_closed", "override_role")
    NODE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    BUDGET_NAME_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    IS_LIMITED_FIELD_NUMBER: _ClassVar[int]
    BUDGET_MINOR_FIELD_NUMBER: _ClassVar[int]
    RESERVED_MINOR_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_MINOR_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_MINOR_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_MINOR_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    IS_CLOSED_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_ROLE_FIELD_NUMBER: _ClassVar[int]
    node: str
    budget: str
    budget_name: str
    path: _containers.RepeatedScalarFieldContainer[str]
    period: str
    parent: str
    is_limited: bool
    budget_minor: int
    reserved_minor: int
    committed_minor: int
    actual_minor: int
    available_minor: int
    scale: int
    counts: str
    control: BudgetControl
    version: str
    is_closed: bool
    override_role: str
    def __init__(self, node: _Optional[str] = ..., budget: _Optional[str] = ..., budget_name: _Optional[str] = ..., path: _Optional[_Iterable[str]] = ..., period: _Optional[str] = ..., parent: _Optional[str] = ..., is_limited: _Optional[bool] = ..., budget_minor: _Optional[int] = ..., reserved_minor: _Optional[int] = ..., committed_minor: _Optional[int] = ..., actual_minor: _Optional[int] = ..., available_minor: _Optional[int] = ..., scale: _Optional[int] = ..., counts: _Optional[str] = ..., control: _Optional[_Union[BudgetControl, str]] = ..., version: _Optional[str] = ..., is_closed: _Optional[bool] = ..., override_role: _Optional[str] = ...) -> None: ...

class Reservation(_message.Message):
    __slots__ = ("reference", "group", "node", "reserved_minor", "committed_minor", "expire_time")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    RESERVED_MINOR_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_MINOR_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    reference: str
    group: str
    node: str
    reserved_minor: int
    committed_minor: int
    expire_time: str
    def __init__(self, reference: _Optional[str] = ..., group: _Optional[str] = ..., node: _Optional[str] = ..., reserved_minor: _Optional[int] = ..., committed_minor: _Optional[int] = ..., expire_time: _Optional[str] = ...) -> None: ...

class BudgetDecision(_message.Message):
    __slots__ = ("verdict", "source", "event_id", "event_type", "rule", "rule_line", "principal", "seal_time", "seq")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    RULE_LINE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    SEAL_TIME_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    verdict: BudgetVerdict
    source: str
    event_id: str
    event_type: str
    rule: str
    rule_line: int
    principal: str
    seal_time: str
    seq: int
    def __init__(self, verdict: _Optional[_Union[BudgetVerdict, _Mapping]] = ..., source: _Optional[str] = ..., event_id: _Optional[str] = ..., event_type: _Optional[str] = ..., rule: _Optional[str] = ..., rule_line: _Optional[int] = ..., principal: _Optional[str] = ..., seal_time: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...
