"""`tongpin serve`."""

from __future__ import annotations

from typing import Any

from server.config import ServerConfig
from server.serve import run_server


def run_service(settings: dict[str, Any]) -> int:
    """Serves with the given settings over those of file and environment."""
    return run_server(ServerConfig(**settings))
