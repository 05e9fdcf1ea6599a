"""Readiness: the database is writable, the engine runs, the disk has room.

`/healthz` says that the process is alive; this says that it makes sense to send people here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from sqlalchemy.exc import SQLAlchemyError

from services.monitoring.stats import Stats

log = logging.getLogger(__name__)

LOW_BYTES = 500_000_000
"""With less free space, a long clip with its thumbnails may not fit any more."""
_PROBE_SECONDS = 5.0
"""A database that takes longer to write one row is not ready for people."""
_KEEP_MS = 1_000
"""A probe writes to the disk: more frequent requests get the last answer."""


class ReadyView(TypedDict):
    """The answer of /readyz."""

    ready: bool
    database: bool
    engine: bool
    disk: bool


@dataclass(frozen=True, kw_only=True)
class Health:
    """The result of one readiness check."""

    database: bool
    """A row could be written."""
    engine: bool
    """Slots are granted and jobs run."""
    disk: bool
    """There is room for results."""

    @property
    def ready(self) -> bool:
        """True if a job can be taken."""
        return self.database and self.engine and self.disk

    def view(self) -> ReadyView:
        """Convert to JSON."""
        return ReadyView(ready=self.ready, database=self.database, engine=self.engine, disk=self.disk)


class Examiner:
    """Checks the needs of a job. `alive` reports on the engine, `free_bytes` on the disk; the latter may be slow."""

    def __init__(
        self, tally: Stats, *, alive: Callable[[], bool], free_bytes: Callable[[], int], clock: Callable[[], int]
    ) -> None:
        self._tally = tally
        self._alive = alive
        self._free_bytes = free_bytes
        self._clock = clock
        self._looking = asyncio.Lock()
        self._last: tuple[int, Health] | None = None

    async def look(self) -> Health:
        """Return the health, at most a second old."""
        async with self._looking:
            now = self._clock()
            if self._last is None or now - self._last[0] >= _KEEP_MS:
                free = await asyncio.to_thread(self._free_bytes)
                health = Health(database=await self._can_write(now), engine=self._alive(), disk=free >= LOW_BYTES)
                self._last = (now, health)
            return self._last[1]

    async def _can_write(self, now: int) -> bool:
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await self._tally.write_probe(now=now)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("the database cannot be written (%s)", type(error).__name__)
            return False
        return True
