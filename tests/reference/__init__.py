"""The rule language evaluated slowly and plainly: what the compiler and the engine must agree with.

Written from `rules_dsl/reference.md` and the syntax tree alone. Nothing here uses numpy, the
compiler or the engine's evaluators; numbers are fractions, state is a dict.
"""

from __future__ import annotations

from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.state import Outcome, PostedLine, PostedVoucher

__all__ = ["Outcome", "PostedLine", "PostedVoucher", "ReferenceEvaluator"]
