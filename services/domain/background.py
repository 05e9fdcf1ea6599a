"""Background work that runs while a part of the studio runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

log = logging.getLogger(__name__)


@asynccontextmanager
async def repeating(
    work: Callable[[], Awaitable[object]],
    *,
    name: str,
    every: float,
    first: float | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[None, None]:
    """Repeat `work` every `every` seconds inside this context, the first time after `first` seconds.

    A failure is logged under `name` and does not end the loop. The work is repeated after the usual pause.
    """

    async def loop() -> None:
        pause = every if first is None else first
        while True:
            await sleep(pause)
            pause = every
            try:
                await work()
            except Exception:
                # A locked database, a full disk, a missing folder or a bug: the studio continues without it.
                log.exception("%s failed, continuing", name)

    async with running(loop(), name=name):
        yield


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None], *, name: str) -> AsyncGenerator[asyncio.Task[None], None]:
    """Run `work` beside this context, as a task called `name`. The task ends with the context."""
    task = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        await end(task)


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
