from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_ERROR: _ClassVar[Severity]
    SEVERITY_WARNING: _ClassVar[Severity]
    SEVERITY_INFO: _ClassVar[Severity]

class RevisionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REVISION_STATE_UNSPECIFIED: _ClassVar[RevisionState]
    REVISION_STATE_PROPOSED: _ClassVar[RevisionState]
    REVISION_STATE_IN_FORCE: _ClassVar[RevisionState]
    REVISION_STATE_SUPERSEDED: _ClassVar[RevisionState]
    REVISION_STATE_WITHDRAWN: _ClassVar[RevisionState]

class PublishingMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PUBLISHING_MODE_UNSPECIFIED: _ClassVar[PublishingMode]
    PUBLISHING_MODE_SINGLE: _ClassVar[PublishingMode]
    PUBLISHING_MODE_FOUR_EYES: _ClassVar[PublishingMode]
SEVERITY_UNSPECIFIED: Severity
SEVERITY_ERROR: Severity
SEVERITY_WARNING: Severity
SEVERITY_INFO: Severity
REVISION_STATE_UNSPECIFIED: RevisionState
REVISION_STATE_PROPOSED: RevisionState
REVISION_STATE_IN_FORCE: RevisionState
REVISION_STATE_SUPERSEDED: RevisionState
REVISION_STATE_WITHDRAWN: RevisionState
PUBLISHING_MODE_UNSPECIFIED: PublishingMode
PUBLISHING_MODE_SINGLE: PublishingMode
PUBLISHING_MODE_FOUR_EYES: PublishingMode

class SourceFile(_message.Message):
    __slots__ = ("path", "content")
    PATH_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    path: str
    content: bytes
    def __init__(self, path: _Optional[str] = ..., content: _Optional[bytes] = ...) -> None: ...

class Diagnostic(_message.Message):
    __slots__ = ("code", "severity", "path", "line", "column", "end_line", "end_column", "message", "suggestions", "rendered")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    END_LINE_FIELD_NUMBER: _ClassVar[int]
    END_COLUMN_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SUGGESTIONS_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELD_NUMBER: _ClassVar[int]
    code: str
    severity: Severity
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    suggestions: _containers.RepeatedScalarFieldContainer[str]
    rendered: str
    def __init__(self, code: _Optional[str] = ..., severity: _Optional[_Union[Severity, str]] = ..., path: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ..., end_line: _Optional[int] = ..., end_column: _Optional[int] = ..., message: _Optional[str] = ..., suggestions: _Optional[_Iterable[str]] = ..., rendered: _Optional[str] = ...) -> None: ...

class RuleTestResult(_message.Message):
    __slots__ = ("name", "path", "line", "passed", "message")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    name: str
    path: str
    line: int
    passed: bool
    message: str
    def __init__(self, name: _Optional[str] = ..., path: _Optional[str] = ..., line: _Optional[int] = ..., passed: _Optional[bool] = ..., message: _Optional[str] = ...) -> None: ...

class CheckRulesRequest(_message.Message):
    __slots__ = ("files", "run_tests")
    FILES_FIELD_NUMBER: _ClassVar[int]
    RUN_TESTS_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedCompositeFieldContainer[SourceFile]
    run_tests: bool
    def __init__(self, files: _Optional[_Iterable[_Union[SourceFile, _Mapping]]] = ..., run_tests: _Optional[bool] = ...) -> None: ...

class CheckRulesResponse(_message.Message):
    __slots__ = ("ok", "diagnostics", "tests", "revision")
    OK_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSTICS_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ok: bool
    diagnostics: _containers.RepeatedCompositeFieldContainer[Diagnostic]
    tests: _containers.RepeatedCompositeFieldContainer[RuleTestResult]
    revision: str
    def __init__(self, ok: _Optional[bool] = ..., diagnostics: _Optional[_Iterable[_Union[Diagnostic, _Mapping]]] = ..., tests: _Optional[_Iterable[_Union[RuleTestResult, _Mapping]]] = ..., revision: _Optional[str] = ...) -> None: ...

class PublishRevisionRequest(_message.Message):
    __slots__ = ("attempt_id", "files", "valid_from", "valid_until", "validate_only", "comment", "propose")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    PROPOSE_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    files: _containers.RepeatedCompositeFieldContainer[SourceFile]
    valid_from: str
    valid_until: str
    validate_only: bool
    comment: str
    propose: bool
    def __init__(self, attempt_id: _Optional[str] = ..., files: _Optional[_Iterable[_Union[SourceFile, _Mapping]]] = ..., valid_from: _Optional[str] = ..., valid_until: _Optional[str] = ..., validate_only: _Optional[bool] = ..., comment: _Optional[str] = ..., propose: _Optional[bool] = ...) -> None: ...

class PublishRevisionResponse(_message.Message):
    __slots__ = ("ok", "diagnostics", "tests", "revision", "seq", "state", "publication_id", "impact")
    OK_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSTICS_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_ID_FIELD_NUMBER: _ClassVar[int]
    IMPACT_FIELD_NUMBER: _ClassVar[int]
    ok: bool
    diagnostics: _containers.RepeatedCompositeFieldContainer[Diagnostic]
    tests: _containers.RepeatedCompositeFieldContainer[RuleTestResult]
    revision: str
    seq: int
    state: RevisionState
    publication_id: str
    impact: Impact
    def __init__(self, ok: _Optional[bool] = ..., diagnostics: _Optional[_Iterable[_Union[Diagnostic, _Mapping]]] = ..., tests: _Optional[_Iterable[_Union[RuleTestResult, _Mapping]]] = ..., revision: _Optional[str] = ..., seq: _Optional[int] = ..., state: _Optional[_Union[RevisionState, str]] = ..., publication_id: _Optional[str] = ..., impact: _Optional[_Union[Impact, _Mapping]] = ...) -> None: ...

class ApproveRevisionRequest(_message.Message):
    __slots__ = ("attempt_id", "revision", "publication_id", "comment")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_ID_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    revision: str
    publication_id: str
    comment: str
    def __init__(self, attempt_id: _Optional[str] = ..., revision: _Optional[str] = ..., publication_id: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class ApproveRevisionResponse(_message.Message):
    __slots__ = ("ok", "diagnostics", "revision", "seq")
    OK_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSTICS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    ok: bool
    diagnostics: _containers.RepeatedCompositeFieldContainer[Diagnostic]
    revision: str
    seq: int
    def __init__(self, ok: _Optional[bool] = ..., diagnostics: _Optional[_Iterable[_Union[Diagnostic, _Mapping]]] = ..., revision: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class WithdrawRevisionRequest(_message.Message):
    __slots__ = ("attempt_id", "revision", "publication_id", "comment")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_ID_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    revision: str
    publication_id: str
    comment: str
    def __init__(self, attempt_id: _Optional[str] = ..., revision: _Optional[str] = ..., publication_id: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class WithdrawRevisionResponse(_message.Message):
    __slots__ = ("revision", "seq")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    revision: str
    seq: int
    def __init__(self, revision: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class RevisionAct(_message.Message):
    __slots__ = ("principal", "seal_time", "comment", "seq")
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    SEAL_TIME_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    principal: str
    seal_time: str
    comment: str
    seq: int
    def __init__(self, principal: _Optional[str] = ..., seal_time: _Optional[str] = ..., comment: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class DateRange(_message.Message):
    __slots__ = ("first_date", "last_date")
    FIRST_DATE_FIELD_NUMBER: _ClassVar[int]
    LAST_DATE_FIELD_NUMBER: _ClassVar[int]
    first_date: str
    last_date: str
    def __init__(self, first_date: _Optional[str] = ..., last_date: _Optional[str] = ...) -> None: ...

class Impact(_message.Message):
    __slots__ = ("against", "seq", "event_count", "class_counts", "digest")
    class ClassCountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    AGAINST_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    CLASS_COUNTS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    against: str
    seq: int
    event_count: int
    class_counts: _containers.ScalarMap[str, int]
    digest: str
    def __init__(self, against: _Optional[str] = ..., seq: _Optional[int] = ..., event_count: _Optional[int] = ..., class_counts: _Optional[_Mapping[str, int]] = ..., digest: _Optional[str] = ...) -> None: ...

class Revision(_message.Message):
    __slots__ = ("revision", "seq", "valid_from", "valid_until", "principal", "seal_time", "comment", "files", "publication_id", "state", "approval", "withdrawal", "resolves", "superseded_by", "use_count", "against", "impact", "diff")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    SEAL_TIME_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWAL_FIELD_NUMBER: _ClassVar[int]
    RESOLVES_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDED_BY_FIELD_NUMBER: _ClassVar[int]
    USE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AGAINST_FIELD_NUMBER: _ClassVar[int]
    IMPACT_FIELD_NUMBER: _ClassVar[int]
    DIFF_FIELD_NUMBER: _ClassVar[int]
    revision: str
    seq: int
    valid_from: str
    valid_until: str
    principal: str
    seal_time: str
    comment: str
    files: _containers.RepeatedCompositeFieldContainer[SourceFile]
    publication_id: str
    state: RevisionState
    approval: RevisionAct
    withdrawal: RevisionAct
    resolves: _containers.RepeatedCompositeFieldContainer[DateRange]
    superseded_by: _containers.RepeatedScalarFieldContainer[str]
    use_count: int
    against: str
    impact: Impact
    diff: str
    def __init__(self, revision: _Optional[str] = ..., seq: _Optional[int] = ..., valid_from: _Optional[str] = ..., valid_until: _Optional[str] = ..., principal: _Optional[str] = ..., seal_time: _Optional[str] = ..., comment: _Optional[str] = ..., files: _Optional[_Iterable[_Union[SourceFile, _Mapping]]] = ..., publication_id: _Optional[str] = ..., state: _Optional[_Union[RevisionState, str]] = ..., approval: _Optional[_Union[RevisionAct, _Mapping]] = ..., withdrawal: _Optional[_Union[RevisionAct, _Mapping]] = ..., resolves: _Optional[_Iterable[_Union[DateRange, _Mapping]]] = ..., superseded_by: _Optional[_Iterable[str]] = ..., use_count: _Optional[int] = ..., against: _Optional[str] = ..., impact: _Optional[_Union[Impact, _Mapping]] = ..., diff: _Optional[str] = ...) -> None: ...

class ListRevisionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRevisionsResponse(_message.Message):
    __slots__ = ("revisions", "next_page_token", "publishing")
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PUBLISHING_FIELD_NUMBER: _ClassVar[int]
    revisions: _containers.RepeatedCompositeFieldContainer[Revision]
    next_page_token: str
    publishing: PublishingMode
    def __init__(self, revisions: _Optional[_Iterable[_Union[Revision, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., publishing: _Optional[_Union[PublishingMode, str]] = ...) -> None: ...

class GetRevisionRequest(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: str
    def __init__(self, revision: _Optional[str] = ...) -> None: ...

class GetRevisionResponse(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: Revision
    def __init__(self, revision: _Optional[_Union[Revision, _Mapping]] = ...) -> None: ...

class GetEventTypesRequest(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: str
    def __init__(self, revision: _Optional[str] = ...) -> None: ...

class GetEventTypesResponse(_message.Message):
    __slots__ = ("event_types", "revision")
    EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    event_types: _containers.RepeatedCompositeFieldContainer[EventType]
    revision: str
    def __init__(self, event_types: _Optional[_Iterable[_Union[EventType, _Mapping]]] = ..., revision: _Optional[str] = ...) -> None: ...

class EventType(_message.Message):
    __slots__ = ("type", "name", "json_schema", "arrow_schema")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    JSON_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    ARROW_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    type: str
    name: str
    json_schema: str
    arrow_schema: bytes
    def __init__(self, type: _Optional[str] = ..., name: _Optional[str] = ..., json_schema: _Optional[str] = ..., arrow_schema: _Optional[bytes] = ...) -> None: ...
