"""Work that is repeated in the background for as long as a part of the studio runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

log = logging.getLogger(__name__)


@asynccontextmanager
async def repeating(
    work: Callable[[], Awaitable[object]],
    *,
    name: str,
    every: float,
    first: float | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[None]:
    """Do `work` every so many seconds inside this context, the first time after `first` seconds.

    A failure is logged under `name` and ends nothing: the work is done again after the usual pause.
    """

    async def loop() -> None:
        pause = every if first is None else first
        while True:
            await sleep(pause)
            pause = every
            try:
                await work()
            except Exception:
                # A locked database, a full disk, a folder that is away, or a bug: the studio goes on without it.
                log.exception("%s stumbled, going on", name)

    task = asyncio.create_task(loop(), name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
