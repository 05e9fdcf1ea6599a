"""Changes of jobs, from whoever makes them to whoever watches, inside this process.

A change is made into bytes once, however many pages watch. A watcher that falls behind loses nothing that matters: it
is told to look again for itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

_BACKLOG = 64
"""Changes a watcher may lag behind before it is told to look again."""


class Events:
    """One stream of messages, any number of watchers."""

    def __init__(self) -> None:
        self._watchers: set[asyncio.Queue[bytes]] = set()
        self._closed = asyncio.Event()

    @property
    def watchers(self) -> int:
        """How many are watching."""
        return len(self._watchers)

    def publish(self, message: bytes, *, look_again: bytes) -> None:
        """Hand a message to every watcher; one that is too far behind gets `look_again` in place of its backlog."""
        for queue in self._watchers:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(look_again)
            else:
                queue.put_nowait(message)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed.set()

    async def watch(self, *, idle: bytes, idle_seconds: float = 15) -> AsyncGenerator[bytes]:
        """The messages from now on; `idle` in between, so that a broken connection is noticed."""
        with self._watching() as queue:
            closed = asyncio.ensure_future(self._closed.wait())
            try:
                while not closed.done():
                    waiting = asyncio.ensure_future(queue.get())
                    try:
                        await asyncio.wait((waiting, closed), timeout=idle_seconds, return_when=asyncio.FIRST_COMPLETED)
                        if not closed.done():
                            yield waiting.result() if waiting.done() else idle
                    finally:
                        waiting.cancel()
            finally:
                closed.cancel()

    @contextmanager
    def _watching(self) -> Iterator[asyncio.Queue[bytes]]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(maxsize=_BACKLOG)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)
