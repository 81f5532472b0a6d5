"""Logging of the service: one line an event on stderr, JSON for machines; no secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_SECRET_KEYS = frozenset({"authorization", "password", "secret", "token"})


def configure_logging(level: str, form: str) -> None:
    """Sets up structlog: form "json", "text", or "auto" (text on a terminal)."""
    is_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if is_text
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_secrets,
            *([] if is_text else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    # gRPC and asyncio speak through the standard library.
    logging.basicConfig(level=_LEVELS["warning"], stream=sys.stderr, force=True)


def _without_secrets(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    for key in _SECRET_KEYS & event.keys():
        event[key] = "***"
    return event
