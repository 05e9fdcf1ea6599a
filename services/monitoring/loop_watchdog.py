"""The watchdog of the event loop: how often it was held longer than 50 ms, and how long at most.

A timer that is due every few milliseconds and comes late shows how long something else kept the loop. A machine that is
too busy looks the same as code that blocks; who reads the numbers should know.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

BLOCKED_SECONDS = 0.05
"""Held longer than this, pages and streams of everybody are felt to stand still."""
_EVERY_SECONDS = 0.02
_WORTH_A_LINE_SECONDS = 1.0


class LoopWatchdog:
    """Counts while `watching()` is open. Costs half a percent of a core, a whole one of a slow core: with looks further
    apart it would miss some of what lasts little longer than it may."""

    def __init__(self) -> None:
        self.blocked = 0
        """How many times the loop was held too long."""
        self.longest_seconds = 0.0
        """The longest of them."""
        self.seconds = 0.0
        """All of them together."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the running loop until the end of this."""
        loop = asyncio.get_running_loop()

        def look(due: float) -> None:
            nonlocal timer
            self.note(loop.time() - due)
            timer = start()

        def start() -> asyncio.TimerHandle:
            due = loop.time() + _EVERY_SECONDS
            return loop.call_at(due, look, due)

        timer = start()
        try:
            yield
        finally:
            timer.cancel()

    def note(self, late_seconds: float) -> None:
        """The timer came so late."""
        if late_seconds <= BLOCKED_SECONDS:
            return
        self.blocked += 1
        self.seconds += late_seconds
        self.longest_seconds = max(self.longest_seconds, late_seconds)
        if late_seconds >= _WORTH_A_LINE_SECONDS:
            log.warning("the event loop stood still for %.1f s", late_seconds)
