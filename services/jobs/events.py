"""Changes of jobs, from whatever makes them to every page that may see them, inside this process.

A job is made into JSON once, however many pages watch. A watcher that falls behind loses nothing that matters: it is
told to look again for itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from services.domain.people import LOCAL, Person

_BACKLOG = 64
"""Changes a watcher may lag behind before it is told to look again."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A job as it now stands."""

    sequence: int
    """The number of the change."""
    job: bytes
    """The job's view as JSON."""


class Signal(Enum):
    """What a watcher is told besides changes."""

    LOOK_AGAIN = "look again"
    """It has missed changes: everything must be asked for anew."""
    IDLE = "idle"
    """Nothing happened for a while."""


Event = Change | Signal


class Events:
    """One stream of events, any number of watchers."""

    def __init__(self) -> None:
        self._watchers: dict[asyncio.Queue[Event], Person] = {}
        self._closed = asyncio.Event()

    @property
    def watchers(self) -> int:
        """How many are watching."""
        return len(self._watchers)

    def publish(self, event: Event, *, owner: str | None = None) -> None:
        """Hand an event to every watcher who may see what is `owner`'s; None is for everyone.

        A watcher that is too far behind gets LOOK_AGAIN in place of its backlog.
        """
        for queue, person in self._watchers.items():
            if owner is not None and not person.sees(owner):
                continue
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(Signal.LOOK_AGAIN)
            else:
                queue.put_nowait(event)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed.set()

    async def watch(self, *, idle_seconds: float = 15, person: Person = LOCAL) -> AsyncGenerator[Event]:
        """The events for a person from now on; IDLE in between, so that a broken connection is noticed."""
        with self._watching(person) as queue:
            closed = asyncio.ensure_future(self._closed.wait())
            try:
                while not closed.done():
                    waiting = asyncio.ensure_future(queue.get())
                    try:
                        await asyncio.wait((waiting, closed), timeout=idle_seconds, return_when=asyncio.FIRST_COMPLETED)
                        if not closed.done():
                            yield waiting.result() if waiting.done() else Signal.IDLE
                    finally:
                        waiting.cancel()
            finally:
                closed.cancel()

    @contextmanager
    def _watching(self, person: Person) -> Iterator[asyncio.Queue[Event]]:
        queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=_BACKLOG)
        self._watchers[queue] = person
        try:
            yield queue
        finally:
            del self._watchers[queue]
