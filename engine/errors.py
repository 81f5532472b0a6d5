"""Exceptions of the engine; a rule author's mistake is a diagnostic, not one of these.

* TongpinError
  x InvariantBroken        our own mistake: a promise of the engine would have been broken
  x CallerError            the caller's mistake; carries a stable reason and metadata
    + MalformedInput       input that cannot be read as events or a request
    + UnknownObject        a voucher, event or revision that does not exist
    + NotAllowed           the principal may not do this
    + WrongState           the book is not in a state that permits the call
  x StoreError             the environment's fault
    + StoreLocked          another process writes this book
    + StoreCorrupt         what is stored does not verify
    + StoreUnavailable     the database cannot be reached or is full
    + AppendConflict       another appender was first; the caller applies what it missed
"""

from __future__ import annotations


class TongpinError(Exception):
    """Base of all errors raised on purpose."""


class InvariantBroken(TongpinError):
    """A promise of the engine would have been broken; carries the values that show it."""

    def __init__(self, message: str, *values: object) -> None:
        """Joins the message and the values."""
        super().__init__(f"{message}: {', '.join(repr(value) for value in values)}")
        self.values = values


class CallerError(TongpinError):
    """A mistake of the caller, with a stable machine reason.

    Attributes:
        reason: stable code, documented in the proto.
        metadata: every dynamic part of the message, so that programs never parse text.
    """

    def __init__(self, reason: str, message: str, **metadata: str) -> None:
        """Keeps reason, message and metadata."""
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.metadata = metadata


class MalformedInput(CallerError):
    """Input that cannot be read."""


class UnknownObject(CallerError):
    """Something named in the call does not exist."""


class NotAllowed(CallerError):
    """The principal may not do this."""


class WrongState(CallerError):
    """The book is not in a state that permits the call."""


class StoreError(TongpinError):
    """The environment is at fault: store, disk, permission."""


class StoreLocked(StoreError):
    """Another process writes this book."""


class StoreCorrupt(StoreError):
    """What is stored does not verify."""


class StoreUnavailable(StoreError):
    """The database cannot be reached or has no room."""


class AppendConflict(StoreError):
    """Another appender took the sequence number first."""
