"""Budget events that no rule makes: approval, transfer, closing, and the service's calls.

They run through the same ruling as statements of rules.
"""

from __future__ import annotations

from engine.decide.budget_commands.carrying_out import carry_out_budget
from engine.decide.budget_commands.expiry import expire

__all__ = ["carry_out_budget", "expire"]
