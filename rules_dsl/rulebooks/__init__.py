"""Rule books that ship with Tongpin; one folder a rule book."""

from __future__ import annotations

from pathlib import Path

__all__ = ["SERVICES"]

#: The services firm under 企业会计准则.
SERVICES = Path(__file__).parent / "services"
