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
    "" where the sign of the difference is open. `label`: for the caret. `example`: the amount in
    a case of the conditions, or "" where there are none or `conditions` says them.
    """

    words: str
    conditions: str
    short_side: str
    missing: str
    example: str = ""

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
    conditions = example = ""
    words = wording.simple_amount(rest, scale)
    in_case = wording.under(proof, case)
    case_conditions = in_case.conditions(case, rest)
    case_words = in_case.amount(case.rest, scale)
    if words and case_conditions and case_words != words:
        example = f"where {case_conditions} that is {case_words}"
    elif not words:
        wording, rest = in_case, case.rest
        conditions, words = case_conditions, case_words
    missing = wording.amount(rest.times(-1), scale)
    if " − " not in words and not words.startswith("−"):
        return Leftover(words, conditions, "credit", words, example)
    if " − " not in missing and not missing.startswith("−"):
        return Leftover(words, conditions, "debit", missing, example)
    return Leftover(words, conditions, "", "", example)
