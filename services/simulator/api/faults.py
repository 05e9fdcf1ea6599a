"""Injected faults: lost replies, errors, delays, broken downloads.

Faults are added from outside while the simulator runs. Each fault belongs to a route and is used up by the calls it
affects, oldest first. Thread-safe.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Route(StrEnum):
    """The kinds of call that the simulator accepts."""

    CREATE = "create"
    STREAM = "stream"
    """A create call that streams its result while it is made."""
    CHECK = "check"
    """A precheck: is this picture suitable for a job?"""
    QUERY = "query"
    LIST = "list"
    CANCEL = "cancel"
    POLICY = "policy"
    UPLOAD = "upload"
    DOWNLOAD = "download"


@dataclass(frozen=True)
class Drop:
    """The connection breaks without a reply. `taken`: the call still took effect."""

    taken: bool


@dataclass(frozen=True)
class Answer:
    """An error instead of the true reply. `taken`: the call still took effect."""

    http_status: int
    code: str = "InternalError"
    message: str = "An internal error has occured, please try again later or contact service support."
    retry_after: int | None = None
    taken: bool = False


@dataclass(frozen=True)
class Garbage:
    """A body that is not the vendor's: a web page, nothing, broken JSON. `taken`: the call took effect."""

    taken: bool = True
    body: str = "<html>"
    http_status: int = 200


@dataclass(frozen=True)
class Delay:
    """The true reply, late by this many real seconds."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """The body breaks off after this many bytes, although its full length was promised."""

    at_byte: int


@dataclass(frozen=True)
class Expired:
    """The link counts as expired."""


@dataclass(frozen=True)
class Break:
    """A stream ends after this many complete parts (paragraphs or pictures).

    It ends with an error frame if there is a code. Otherwise, the connection breaks.
    """

    after_parts: int
    code: str = ""
    message: str = "An internal error has occured, please try again later or contact service support."


Fault = Drop | Answer | Garbage | Delay | Cut | Expired | Break


class Faults:
    """The pending faults."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Route, deque[Fault]] = {route: deque() for route in Route}
        self._refusing = False
        self._doors: list[Callable[[bool], None]] = []

    def add(self, route: Route, fault: Fault, *, times: int = 1) -> None:
        """Add a fault to the next calls of a route."""
        with self._lock:
            self._waiting[route].extend([fault] * times)

    def drop_creates(self, times: int = 1, *, taken: bool) -> None:
        """Lose the reply to the next creates, after (`taken`) or before the task is made."""
        self.add(Route.CREATE, Drop(taken), times=times)

    def refuse_creates(self, times: int = 1, *, http_status: int = 429, code: str = "Throttling.RateQuota") -> None:
        """Answer the next creates with an error. No task is made."""
        self.add(
            Route.CREATE,
            Answer(http_status, code, "Requests rate limit exceeded, please try again later."),
            times=times,
        )

    def fail_queries(self, times: int = 1, *, http_status: int = 500, code: str = "InternalError") -> None:
        """Answer the next task queries with an error."""
        self.add(Route.QUERY, Answer(http_status, code), times=times)

    def break_streams(self, times: int = 1, *, after_parts: int, code: str = "") -> None:
        """End the next streams early, with an error frame if a code is given."""
        self.add(Route.STREAM, Break(after_parts, code) if code else Break(after_parts), times=times)

    def cut_downloads(self, times: int = 1, *, at_byte: int) -> None:
        """Break off the next downloads after `at_byte` bytes."""
        self.add(Route.DOWNLOAD, Cut(at_byte), times=times)

    def expire_links(self, times: int = 1) -> None:
        """Answer the next downloads as if their links had expired."""
        self.add(Route.DOWNLOAD, Expired(), times=times)

    def delay(self, route: Route, seconds: float, *, times: int = 1) -> None:
        """Delay the next calls of a route, in real seconds."""
        self.add(route, Delay(seconds), times=times)

    def refuse_connections(self, refusing: bool = True) -> None:  # noqa: FBT001, FBT002 - reads as a switch
        """End connections and let the system refuse new ones, or accept connections again. Needs `serve`."""
        with self._lock:
            self._refusing = refusing
            doors = list(self._doors)
        for door in doors:
            door(refusing)

    def clear(self) -> None:
        """Remove all pending faults and accept connections again."""
        with self._lock:
            for waiting in self._waiting.values():
                waiting.clear()
        self.refuse_connections(False)

    def next(self, route: Route) -> Fault | None:
        """Take the next fault of a route, or return None if there is none."""
        with self._lock:
            waiting = self._waiting[route]
            return waiting.popleft() if waiting else None

    @property
    def refusing(self) -> bool:
        """True if connections are refused."""
        with self._lock:
            return self._refusing

    def on_door(self, door: Callable[[bool], None]) -> Callable[[], None]:
        """Register a server's callback for refusing (True) or accepting connections. Returns its removal."""
        with self._lock:
            self._doors.append(door)

        def end() -> None:
            with self._lock:
                self._doors.remove(door)

        return end
