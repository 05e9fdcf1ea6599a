"""The vendor's rate limits for an account."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from datetime import datetime, timedelta

from services.simulator.engine.clock import Clock

TASK_CALLS_PER_SECOND = 20
"""Query, list and cancel together, per main account. Source: manage-asynchronous-tasks."""
POLICIES_PER_SECOND = 100
"""Upload policies per account and model. Source: get-temporary-file-url."""


class Windows:
    """Counts of the calls in the last second, by any key. Refused calls do not count."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: dict[Hashable, deque[datetime]] = {}

    def admit(self, key: Hashable, *, per_second: int) -> bool:
        """Count one more call and return True, or return False if it exceeds the rate."""
        now = self._clock.now()
        calls = self._calls.setdefault(key, deque())
        while calls and calls[0] <= now - timedelta(seconds=1):
            calls.popleft()
        if len(calls) >= per_second:
            return False
        calls.append(now)
        return True
