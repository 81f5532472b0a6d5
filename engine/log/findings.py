"""What verification reports: the first thing in a log that is not as it was written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not verify.

    Attributes:
        kind: stable code, e.g. CHAIN_BROKEN.
        key: what it is about, e.g. the book, a voucher name, a balance key.
        seq: commit at which it shows, 0 if none.
        expected, found: both sides, as text.
    """

    kind: str
    key: str
    seq: int
    expected: str
    found: str

    def __str__(self) -> str:
        """One sentence for a person."""
        return (
            f"{self.kind} in {self.key} at commit {self.seq}: "
            f"expected {self.expected}, found {self.found}"
        )
