"""What verification reports: how much was checked, and the first record that is wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from engine.log import Finding

#: Kinds of records, in the order in which a person reads them.
CHECKED = (
    "commits",
    "events",
    "refusals",
    "vouchers",
    "lines",
    "drafts",
    "reads",
    "targets",
    "records",
    "revisions",
    "budget_nodes",
    "budget_moves",
    "budget_decisions",
    "decisions",
    "balances",
    "budget_figures",
    "sealed_heads",
    "snapshot_values",
    "projected_rows",
)


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The outcome of verifying a book.

    Attributes:
        checked: how many records of each kind agreed before the first that did not.
        first_bad: that record, or None.
    """

    checked: dict[str, int]
    first_bad: Finding | None

    @property
    def ok(self) -> bool:
        """Whether everything verified."""
        return self.first_bad is None

    def to_json(self) -> dict[str, object]:
        """`{ok, checked{…}, first_bad{kind, key, seq, expected, found}}`, first_bad null if ok."""
        first_bad = asdict(self.first_bad) if self.first_bad is not None else None
        return {"ok": self.ok, "checked": dict(self.checked), "first_bad": first_bad}


class Mismatch(Exception):
    """Ends the verification with what was found; never leaves `engine.verify`."""

    def __init__(self, kind: str, key: str, seq: int, expected: object, found: object) -> None:
        """Arguments as of `Finding`; both sides are written as text."""
        super().__init__(kind, key, seq)
        self.finding = Finding(kind, key, seq, str(expected), str(found))


@dataclass(slots=True)
class Tally:
    """What was checked so far. Every kind is named from the start, so that 0 is seen."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHECKED, 0))

    def add(self, name: str, count: int = 1) -> None:
        """Counts records that agreed."""
        self.counts[name] += count
