"""Checks a stored book from end to end: log, vouchers, numbers, state, snapshot and rows."""

from __future__ import annotations

from engine.verify.book import verify_book
from engine.verify.kinds import KINDS
from engine.verify.report import VerifyReport

__all__ = ["KINDS", "VerifyReport", "verify_book"]
