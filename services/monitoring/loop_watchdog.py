"""The watchdog of the event loop: how often it was blocked longer than 50 ms, and the longest time.

A timer that is due every few milliseconds shows by its delay how long other code blocked the loop. An overloaded
machine looks the same as blocking code; readers of the numbers should know.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager

log = logging.getLogger(__name__)

BLOCKED_SECONDS = 0.05
"""If the loop is blocked longer than this, people notice that pages and streams stall."""
_EVERY_SECONDS = 0.02
_WORTH_A_LINE_SECONDS = 1.0


class LoopWatchdog:
    """Counts while `watching()` is open.

    It costs half a percent of a core, or one percent of a slow core. With a longer interval it would miss some blocks
    that are only slightly too long.
    """

    def __init__(self) -> None:
        self.blocked = 0
        """How many times the loop was blocked too long."""
        self.longest_seconds = 0.0
        """The longest of those times, in seconds."""
        self.seconds = 0.0
        """Their sum, in seconds."""

    @contextmanager
    def watching(self) -> Generator[None, None, None]:
        """Watch the running loop inside this context."""
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
        """Record a delay of the timer."""
        if late_seconds <= BLOCKED_SECONDS:
            return
        self.blocked += 1
        self.seconds += late_seconds
        self.longest_seconds = max(self.longest_seconds, late_seconds)
        if late_seconds >= _WORTH_A_LINE_SECONDS:
            log.warning("the event loop was blocked for %.1f s", late_seconds)
