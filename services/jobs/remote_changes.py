"""Changes to jobs by other processes of the same database: they are shown here too, and their times are learned.

Hides how often to look. The only process of a database reads nothing.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Self

from services.database.jobs import History
from services.domain.background import repeating
from services.domain.jobs import JobStatus, JobWithAssets
from services.domain.people import EVERYONE

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""If another process does the work, a card on a page is at most this far behind."""
_MADE = frozenset({JobStatus.SAVING, JobStatus.SUCCEEDED})


class RemoteChanges:
    """Looks for changes made by other processes.

    `tell` shows jobs to the pages open here. `learn` reads the measured times of one vendor model again.
    """

    def __init__(
        self,
        history: History,
        *,
        sharers: Callable[[], int],
        tell: Callable[[Sequence[JobWithAssets]], None],
        learn: Callable[[str], Awaitable[None]],
    ) -> None:
        self._history = history
        self._sharers = sharers
        self._tell = tell
        self._learn = learn
        self._heard: int | None = None
        """The number of the latest change seen; None while there is no other process."""

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[Self, None]:
        """Look for changes inside this context."""
        async with repeating(self.listen, name="hearing what others changed", every=_LOOK_SECONDS):
            yield self

    async def listen(self) -> None:
        """Look once. Changes from before there was another process are ignored."""
        if self._sharers() < 2:
            self._heard = None
        elif self._heard is None:
            self._heard = await self._history.sequence()
        else:
            found = await self._history.changed_since(self._heard, owner=EVERYONE)
            if found:
                self._heard = found[-1].job.sequence
                self._tell(found)
                for vendor_model in {one.job.vendor_model for one in found if one.job.status in _MADE}:
                    await self._learn(vendor_model)
