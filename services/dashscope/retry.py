"""Retrying a call: the number of tries and the pauses. The client decides which calls may be retried."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from services.domain.errors import NotTaken

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[object]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How often a call is made, and the length of the pauses between the tries, in seconds."""

    tries: int = 5
    """Calls in all, for everything that costs nothing."""
    create_tries: int = 3
    """Calls in all, for a create that the vendor certainly did not take."""
    create_when_throttled: bool = True
    """True if a throttled create is among them; if False, the scheduler of the slots learns of it at once."""
    first: float = 0.5
    longest: float = 15
    longest_asked: float = 60
    """The longest pause that the service can ask us for with Retry-After."""

    def pause(self, attempt: int, rng: random.Random, *, asked: float | None = None) -> float:
        """Return the seconds to wait after failure `attempt`, counted from 1.

        It is anything up to a doubling bound, but no less than the service asked for.
        """
        bound = min(self.longest, self.first * 2 ** (attempt - 1))
        # The whole span is drawn from, to keep jobs that failed together from coming back together.
        return max(rng.uniform(0, bound), min(asked or 0, self.longest_asked))


class Again(Exception):
    """The attempt failed in a way that allows another; `error` is raised when none is left."""

    def __init__(self, error: NotTaken, *, after: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after


@dataclass(frozen=True)
class Repeater:
    """Runs an attempt until it succeeds, may not be retried, or was made often enough."""

    retry: Retry
    sleep: Sleep
    rng: random.Random

    async def run(
        self, attempt: Callable[[], Awaitable[T]], *, tries: int, progress: Callable[[], int] | None = None
    ) -> T:
        """Run `attempt` and return its result. Whenever `progress` has grown, the count of failures restarts."""
        failures = 0
        best = progress() if progress else 0
        while True:
            try:
                return await attempt()
            except Again as again:
                now = progress() if progress else 0
                failures = 1 if now > best else failures + 1
                best = max(best, now)
                if failures >= tries:
                    raise again.error from again.__cause__
                wait = self.retry.pause(failures, self.rng, asked=again.after)
                log.info("%s %s: retrying in %.1f s", type(again.error).__name__, again.error.code, wait)
            await self.sleep(wait)
