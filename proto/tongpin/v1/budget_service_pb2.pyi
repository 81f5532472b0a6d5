from tongpin.v1 import budget_pb2 as _budget_pb2
from tongpin.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BudgetAct(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BUDGET_ACT_UNSPECIFIED: _ClassVar[BudgetAct]
    BUDGET_ACT_RESERVE: _ClassVar[BudgetAct]
    BUDGET_ACT_COMMIT: _ClassVar[BudgetAct]
    BUDGET_ACT_SPEND: _ClassVar[BudgetAct]

class Language(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LANGUAGE_UNSPECIFIED: _ClassVar[Language]
    LANGUAGE_ZH: _ClassVar[Language]
    LANGUAGE_EN: _ClassVar[Language]
BUDGET_ACT_UNSPECIFIED: BudgetAct
BUDGET_ACT_RESERVE: BudgetAct
BUDGET_ACT_COMMIT: BudgetAct
BUDGET_ACT_SPEND: BudgetAct
LANGUAGE_UNSPECIFIED: Language
LANGUAGE_ZH: Language
LANGUAGE_EN: Language

class BudgetOverride(_message.Message):
    __slots__ = ("role", "reason")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    role: str
    reason: str
    def __init__(self, role: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class BudgetDemand(_message.Message):
    __slots__ = ("node", "amount", "act", "reference")
    NODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    ACT_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    node: str
    amount: str
    act: BudgetAct
    reference: str
    def __init__(self, node: _Optional[str] = ..., amount: _Optional[str] = ..., act: _Optional[_Union[BudgetAct, str]] = ..., reference: _Optional[str] = ...) -> None: ...

class BudgetDemands(_message.Message):
    __slots__ = ("demands", "budget", "date", "actor", "override")
    DEMANDS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    demands: _containers.RepeatedCompositeFieldContainer[BudgetDemand]
    budget: str
    date: str
    actor: str
    override: BudgetOverride
    def __init__(self, demands: _Optional[_Iterable[_Union[BudgetDemand, _Mapping]]] = ..., budget: _Optional[str] = ..., date: _Optional[str] = ..., actor: _Optional[str] = ..., override: _Optional[_Union[BudgetOverride, _Mapping]] = ...) -> None: ...

class CheckBudgetRequest(_message.Message):
    __slots__ = ("demands", "events", "language", "min_seq")
    DEMANDS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    demands: BudgetDemands
    events: _event_pb2.EventBatch
    language: Language
    min_seq: int
    def __init__(self, demands: _Optional[_Union[BudgetDemands, _Mapping]] = ..., events: _Optional[_Union[_event_pb2.EventBatch, _Mapping]] = ..., language: _Optional[_Union[Language, str]] = ..., min_seq: _Optional[int] = ...) -> None: ...

class CheckBudgetResponse(_message.Message):
    __slots__ = ("fits", "sentence", "results", "seq")
    FITS_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    fits: bool
    sentence: str
    results: _containers.RepeatedCompositeFieldContainer[_event_pb2.EventResult]
    seq: int
    def __init__(self, fits: _Optional[bool] = ..., sentence: _Optional[str] = ..., results: _Optional[_Iterable[_Union[_event_pb2.EventResult, _Mapping]]] = ..., seq: _Optional[int] = ...) -> None: ...

class ReserveBudgetRequest(_message.Message):
    __slots__ = ("attempt_id", "node", "amount", "budget", "reference", "group", "expire_time", "expire_after_seconds", "override", "date", "actor", "language")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_AFTER_SECONDS_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    node: str
    amount: str
    budget: str
    reference: str
    group: str
    expire_time: str
    expire_after_seconds: int
    override: BudgetOverride
    date: str
    actor: str
    language: Language
    def __init__(self, attempt_id: _Optional[str] = ..., node: _Optional[str] = ..., amount: _Optional[str] = ..., budget: _Optional[str] = ..., reference: _Optional[str] = ..., group: _Optional[str] = ..., expire_time: _Optional[str] = ..., expire_after_seconds: _Optional[int] = ..., override: _Optional[_Union[BudgetOverride, _Mapping]] = ..., date: _Optional[str] = ..., actor: _Optional[str] = ..., language: _Optional[_Union[Language, str]] = ...) -> None: ...

class ReserveBudgetResponse(_message.Message):
    __slots__ = ("result", "sentence", "reference", "seq")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    result: _event_pb2.EventResult
    sentence: str
    reference: str
    seq: int
    def __init__(self, result: _Optional[_Union[_event_pb2.EventResult, _Mapping]] = ..., sentence: _Optional[str] = ..., reference: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class CommitBudgetRequest(_message.Message):
    __slots__ = ("attempt_id", "node", "amount", "budget", "reference", "group", "override", "date", "actor", "language")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    node: str
    amount: str
    budget: str
    reference: str
    group: str
    override: BudgetOverride
    date: str
    actor: str
    language: Language
    def __init__(self, attempt_id: _Optional[str] = ..., node: _Optional[str] = ..., amount: _Optional[str] = ..., budget: _Optional[str] = ..., reference: _Optional[str] = ..., group: _Optional[str] = ..., override: _Optional[_Union[BudgetOverride, _Mapping]] = ..., date: _Optional[str] = ..., actor: _Optional[str] = ..., language: _Optional[_Union[Language, str]] = ...) -> None: ...

class CommitBudgetResponse(_message.Message):
    __slots__ = ("result", "sentence", "seq")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    result: _event_pb2.EventResult
    sentence: str
    seq: int
    def __init__(self, result: _Optional[_Union[_event_pb2.EventResult, _Mapping]] = ..., sentence: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class SpendBudgetRequest(_message.Message):
    __slots__ = ("attempt_id", "node", "amount", "budget", "reference", "group", "override", "date", "actor", "language")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    node: str
    amount: str
    budget: str
    reference: str
    group: str
    override: BudgetOverride
    date: str
    actor: str
    language: Language
    def __init__(self, attempt_id: _Optional[str] = ..., node: _Optional[str] = ..., amount: _Optional[str] = ..., budget: _Optional[str] = ..., reference: _Optional[str] = ..., group: _Optional[str] = ..., override: _Optional[_Union[BudgetOverride, _Mapping]] = ..., date: _Optional[str] = ..., actor: _Optional[str] = ..., language: _Optional[_Union[Language, str]] = ...) -> None: ...

class SpendBudgetResponse(_message.Message):
    __slots__ = ("result", "sentence", "seq")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    result: _event_pb2.EventResult
    sentence: str
    seq: int
    def __init__(self, result: _Optional[_Union[_event_pb2.EventResult, _Mapping]] = ..., sentence: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class ReleaseBudgetRequest(_message.Message):
    __slots__ = ("attempt_id", "reference", "group", "amount", "budget", "date", "actor", "language")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    reference: str
    group: str
    amount: str
    budget: str
    date: str
    actor: str
    language: Language
    def __init__(self, attempt_id: _Optional[str] = ..., reference: _Optional[str] = ..., group: _Optional[str] = ..., amount: _Optional[str] = ..., budget: _Optional[str] = ..., date: _Optional[str] = ..., actor: _Optional[str] = ..., language: _Optional[_Union[Language, str]] = ...) -> None: ...

class ReleaseBudgetResponse(_message.Message):
    __slots__ = ("result", "sentence", "seq")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    result: _event_pb2.EventResult
    sentence: str
    seq: int
    def __init__(self, result: _Optional[_Union[_event_pb2.EventResult, _Mapping]] = ..., sentence: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class ExtendReservationRequest(_message.Message):
    __slots__ = ("attempt_id", "reference", "group", "expire_time", "expire_after_seconds", "budget", "actor", "language")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_AFTER_SECONDS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    reference: str
    group: str
    expire_time: str
    expire_after_seconds: int
    budget: str
    actor: str
    language: Language
    def __init__(self, attempt_id: _Optional[str] = ..., reference: _Optional[str] = ..., group: _Optional[str] = ..., expire_time: _Optional[str] = ..., expire_after_seconds: _Optional[int] = ..., budget: _Optional[str] = ..., actor: _Optional[str] = ..., language: _Optional[_Union[Language, str]] = ...) -> None: ...

class ExtendReservationResponse(_message.Message):
    __slots__ = ("result", "sentence", "seq")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    result: _event_pb2.EventResult
    sentence: str
    seq: int
    def __init__(self, result: _Optional[_Union[_event_pb2.EventResult, _Mapping]] = ..., sentence: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class GetBudgetRequest(_message.Message):
    __slots__ = ("node", "page_size", "page_token", "min_seq")
    NODE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    node: str
    page_size: int
    page_token: str
    min_seq: int
    def __init__(self, node: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_seq: _Optional[int] = ...) -> None: ...

class GetBudgetResponse(_message.Message):
    __slots__ = ("node", "reservations", "next_page_token", "seq")
    NODE_FIELD_NUMBER: _ClassVar[int]
    RESERVATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    node: _budget_pb2.BudgetNode
    reservations: _containers.RepeatedCompositeFieldContainer[_budget_pb2.Reservation]
    next_page_token: str
    seq: int
    def __init__(self, node: _Optional[_Union[_budget_pb2.BudgetNode, _Mapping]] = ..., reservations: _Optional[_Iterable[_Union[_budget_pb2.Reservation, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class ListBudgetsRequest(_message.Message):
    __slots__ = ("budget", "top_node", "period", "page_size", "page_token", "min_seq")
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    TOP_NODE_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    budget: str
    top_node: str
    period: str
    page_size: int
    page_token: str
    min_seq: int
    def __init__(self, budget: _Optional[str] = ..., top_node: _Optional[str] = ..., period: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_seq: _Optional[int] = ...) -> None: ...

class ListBudgetsResponse(_message.Message):
    __slots__ = ("nodes", "next_page_token", "seq")
    NODES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[_budget_pb2.BudgetNode]
    next_page_token: str
    seq: int
    def __init__(self, nodes: _Optional[_Iterable[_Union[_budget_pb2.BudgetNode, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class ListBudgetDecisionsRequest(_message.Message):
    __slots__ = ("node", "source", "event_id", "verdicts", "person", "page_size", "page_token", "min_seq")
    NODE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    node: str
    source: str
    event_id: str
    verdicts: _containers.RepeatedScalarFieldContainer[_budget_pb2.Verdict]
    person: str
    page_size: int
    page_token: str
    min_seq: int
    def __init__(self, node: _Optional[str] = ..., source: _Optional[str] = ..., event_id: _Optional[str] = ..., verdicts: _Optional[_Iterable[_Union[_budget_pb2.Verdict, str]]] = ..., person: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_seq: _Optional[int] = ...) -> None: ...

class ListBudgetDecisionsResponse(_message.Message):
    __slots__ = ("decisions", "next_page_token", "seq")
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    decisions: _containers.RepeatedCompositeFieldContainer[_budget_pb2.BudgetDecision]
    next_page_token: str
    seq: int
    def __init__(self, decisions: _Optional[_Iterable[_Union[_budget_pb2.BudgetDecision, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class WatchBudgetRequest(_message.Message):
    __slots__ = ("nodes", "budgets", "min_seq")
    NODES_FIELD_NUMBER: _ClassVar[int]
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    MIN_SEQ_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedScalarFieldContainer[str]
    budgets: _containers.RepeatedScalarFieldContainer[str]
    min_seq: int
    def __init__(self, nodes: _Optional[_Iterable[str]] = ..., budgets: _Optional[_Iterable[str]] = ..., min_seq: _Optional[int] = ...) -> None: ...

class WatchBudgetResponse(_message.Message):
    __slots__ = ("nodes", "seq")
    NODES_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[_budget_pb2.BudgetNode]
    seq: int
    def __init__(self, nodes: _Optional[_Iterable[_Union[_budget_pb2.BudgetNode, _Mapping]]] = ..., seq: _Optional[int] = ...) -> None: ...
