"""Voucher numbers: gapless per entity, ledger, period and word, in log order."""

from __future__ import annotations


class Numbering:
    """The last number given in each series."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str, str, str], int] = {}

    def next(self, entity: str, ledger: str, period: str, word: str) -> int:
        """Gives the next number of the series."""
        series = (entity, ledger, period, word)
        self._last[series] = self._last.get(series, 0) + 1
        return self._last[series]
