"""Says by how much and in which case a difference of debits and credits is not zero."""

from __future__ import annotations

from dataclasses import dataclass

from rules_dsl.checks.polynomials import Poly
from rules_dsl.checks.proof import Case, Proof
from rules_dsl.checks.study import Study


@dataclass(frozen=True, slots=True)
class Leftover:
    """Debits minus credits in words.

    `conditions`: the case it is so in, or "". `short_side`: the side that is short by `missing`,
    "" where the sign of the difference is open. `label`: for the caret.
    """

    words: str
    conditions: str
    short_side: str
    missing: str

    @property
    def label(self) -> str:
        """Few words on which side is short, and by what."""
        if not self.short_side:
            return f"debits and credits differ by {self.words}"
        return f"{self.short_side}s fall short by {self.missing}"


def leftover(study: Study, proof: Proof, difference: Poly, case: Case, scale: int) -> Leftover:
    """Puts a difference that is not proved zero into the author's names."""
    wording = study.wording
    rest = proof.known(difference)
    conditions = ""
    words = wording.simple_amount(rest, scale)
    if not words:
        wording = wording.under(proof, case)
        conditions = wording.conditions(case, rest)
        rest = case.rest
        words = wording.amount(rest, scale)
    missing = wording.amount(rest.times(-1), scale)
    if " − " not in words and not words.startswith("−"):
        return Leftover(words, conditions, "credit", words)
    if " − " not in missing and not missing.startswith("−"):
        return Leftover(words, conditions, "debit", missing)
    return Leftover(words, conditions, "", "")
