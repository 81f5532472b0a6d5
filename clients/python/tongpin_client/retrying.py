"""When a failed call is tried again, and after how long."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from tongpin_client.errors import TongpinRpcError

_SERVICES = ("PostingService", "LedgerService", "RuleService", "BudgetService", "ExplainService")

#: What gRPC itself retries, quickly and unseen. Every write carries an attempt id, so that a
#: second try cannot book twice.
SERVICE_CONFIG = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{"service": f"tongpin.v1.{service}"} for service in _SERVICES],
                "retryPolicy": {
                    "maxAttempts": 5,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how fast a transient failure is tried again.

    Attributes:
        attempts: tries of a call in all; 1 = none but the first.
        reconnects: tries in a row to continue a stream that was open before.
        first_delay, most_delay: bounds of the wait in seconds; it doubles, and a random part of
            it is waited, so that many clients do not come back together.
    """

    attempts: int = 4
    reconnects: int = 12
    first_delay: float = 0.2
    most_delay: float = 5.0

    def delay(self, attempt: int, error: TongpinRpcError) -> float | None:
        """Seconds to wait after failure number `attempt` (from 1) of a call; None = give up."""
        return self._delay(attempt, self.attempts, error)

    def reconnect_delay(
        self, attempt: int, error: TongpinRpcError, *, was_open: bool
    ) -> float | None:
        """The same for a stream; one that was never open is given up as early as a call."""
        return self._delay(attempt, self.reconnects if was_open else self.attempts, error)

    def _delay(self, attempt: int, attempts: int, error: TongpinRpcError) -> float | None:
        if not error.is_transient or attempt >= attempts:
            return None
        most = min(self.most_delay, self.first_delay * 2.0 ** (attempt - 1))
        jittered = random.uniform(most / 2, most)  # noqa: S311 - spreads load, keeps no secret
        return max(jittered, error.retry_after or 0.0)
