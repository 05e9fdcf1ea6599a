"""Changes of jobs, passed inside this process to every page that may see them.

A job is serialized to JSON once, however many pages watch. A watcher that falls behind loses nothing important: it is
sent a signal to reload everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from services.domain.people import LOCAL, Person

_BACKLOG = 64
"""How many changes a watcher may lag behind before it is sent LOOK_AGAIN."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A job after a change."""

    sequence: int
    """The number of the change."""
    job: bytes
    """The job's view as JSON."""


class Signal(Enum):
    """Events other than changes."""

    LOOK_AGAIN = "look again"
    """The watcher has missed changes: it must reload everything."""
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
        """The number of watchers."""
        return len(self._watchers)

    def publish(self, event: Event, *, owner: str | None = None) -> None:
        """Send an event to every watcher that may see `owner`'s jobs; None is for all people.

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
        """End every stream, to let the server stop."""
        self._closed.set()

    async def watch(self, *, idle_seconds: float = 15, person: Person = LOCAL) -> AsyncGenerator[Event]:
        """Yield a person's events from now on, with IDLE in between, to notice a broken connection."""
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
    def _watching(self, person: Person) -> Generator[asyncio.Queue[Event], None, None]:
        queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=_BACKLOG)
        self._watchers[queue] = person
        try:
            yield queue
        finally:
            del self._watchers[queue]
