"""Changes of jobs, from whoever makes them to whoever watches and may see them, inside this process.

A change is made into bytes once, however many pages watch. A watcher that falls behind loses nothing that matters: it
is told to look again for itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from services.domain.people import LOCAL, Person

_BACKLOG = 64
"""Changes a watcher may lag behind before it is told to look again."""


class Events:
    """One stream of messages, any number of watchers."""

    def __init__(self) -> None:
        self._watchers: dict[asyncio.Queue[bytes], Person] = {}
        self._closed = asyncio.Event()

    @property
    def watchers(self) -> int:
        """How many are watching."""
        return len(self._watchers)

    def publish(self, message: bytes, *, look_again: bytes, owner: str | None = None) -> None:
        """Hand a message to every watcher who may see what is `owner`'s; None is for everybody.

        A watcher that is too far behind gets `look_again` in place of its backlog.
        """
        for queue, person in self._watchers.items():
            if owner is not None and not person.sees(owner):
                continue
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(look_again)
            else:
                queue.put_nowait(message)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed.set()

    async def watch(self, *, idle: bytes, idle_seconds: float = 15, person: Person = LOCAL) -> AsyncGenerator[bytes]:
        """The messages for a person from now on; `idle` in between, so that a broken connection is noticed."""
        with self._watching(person) as queue:
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
    def _watching(self, person: Person) -> Iterator[asyncio.Queue[bytes]]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(maxsize=_BACKLOG)
        self._watchers[queue] = person
        try:
            yield queue
        finally:
            del self._watchers[queue]
