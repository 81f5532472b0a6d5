from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_MALFORMED_REQUEST: _ClassVar[ErrorReason]
    ERROR_REASON_LIMIT_EXCEEDED: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_AUTHENTICATED: _ClassVar[ErrorReason]
    ERROR_REASON_ROLE_MISSING: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_OFFSET_GAP: _ClassVar[ErrorReason]
    ERROR_REASON_STREAM_FENCED: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_CAUGHT_UP: _ClassVar[ErrorReason]
    ERROR_REASON_DRAINING: _ClassVar[ErrorReason]
    ERROR_REASON_STORE_UNAVAILABLE: _ClassVar[ErrorReason]
    ERROR_REASON_REVISION_REFUSED: _ClassVar[ErrorReason]
    ERROR_REASON_OVERLOADED: _ClassVar[ErrorReason]
    ERROR_REASON_WRONG_STATE: _ClassVar[ErrorReason]
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_MALFORMED_REQUEST: ErrorReason
ERROR_REASON_LIMIT_EXCEEDED: ErrorReason
ERROR_REASON_NOT_AUTHENTICATED: ErrorReason
ERROR_REASON_ROLE_MISSING: ErrorReason
ERROR_REASON_NOT_FOUND: ErrorReason
ERROR_REASON_OFFSET_GAP: ErrorReason
ERROR_REASON_STREAM_FENCED: ErrorReason
ERROR_REASON_NOT_CAUGHT_UP: ErrorReason
ERROR_REASON_DRAINING: ErrorReason
ERROR_REASON_STORE_UNAVAILABLE: ErrorReason
ERROR_REASON_REVISION_REFUSED: ErrorReason
ERROR_REASON_OVERLOADED: ErrorReason
ERROR_REASON_WRONG_STATE: ErrorReason
