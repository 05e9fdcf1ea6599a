"""News of jobs from other processes of the same database: what they change is seen here too, and learnt from.

Hides how often is looked. A process alone hears nothing new and asks for nothing.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Self

from services.database.jobs import History
from services.domain.background import repeating
from services.domain.jobs import JobStatus, JobWithAssets
from services.domain.people import EVERYONE

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""A card on a page is that much older than the truth at most, where another process does the work."""
_MADE = frozenset({JobStatus.SAVING, JobStatus.SUCCEEDED})


class RemoteChanges:
    """Looks for what others have changed. `tell` shows jobs to whoever watches here, `learn` reads anew what works of
    one of the provider's models took."""

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
        """The number of the latest change that was seen; None while nobody else is there."""

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Self]:
        """Listen until the end of this."""
        async with repeating(self.listen, name="hearing what others changed", every=_LOOK_SECONDS):
            yield self

    async def listen(self) -> None:
        """Look once. What changed before there was anybody else is no news."""
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
