"""What is to go wrong, told from outside while the simulator runs: lost answers, errors, slowness, broken downloads.

A fault waits for a route and is used up by the calls it befalls, oldest first. Thread-safe.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Route(StrEnum):
    """The kinds of call the simulator takes."""

    CREATE = "create"
    STREAM = "stream"
    """A call that asks to see the work while it is made."""
    CHECK = "check"
    """A question before a job: will this picture do?"""
    QUERY = "query"
    LIST = "list"
    CANCEL = "cancel"
    POLICY = "policy"
    UPLOAD = "upload"
    DOWNLOAD = "download"


@dataclass(frozen=True)
class Drop:
    """The connection breaks without an answer; `taken` says whether the call still took effect."""

    taken: bool


@dataclass(frozen=True)
class Answer:
    """An error instead of the true answer; `taken` says whether the call still took effect."""

    http_status: int
    code: str = "InternalError"
    message: str = "An internal error has occured, please try again later or contact service support."
    retry_after: int | None = None
    taken: bool = False


@dataclass(frozen=True)
class Garbage:
    """A body that is not the service's: a page, nothing, broken JSON. `taken` says whether the call took effect."""

    taken: bool = True
    body: str = "<html>"
    http_status: int = 200


@dataclass(frozen=True)
class Delay:
    """The true answer, this many real seconds late."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """The body breaks off after this many bytes, though its length was promised in full."""

    at_byte: int


@dataclass(frozen=True)
class Expired:
    """The link counts as expired."""


@dataclass(frozen=True)
class Break:
    """A stream ends after so many whole parts, paragraphs or pictures: with an error frame where there is a code, else
    the connection breaks."""

    after_parts: int
    code: str = ""
    message: str = "An internal error has occured, please try again later or contact service support."


Fault = Drop | Answer | Garbage | Delay | Cut | Expired | Break


class Faults:
    """The faults still to come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Route, deque[Fault]] = {route: deque() for route in Route}
        self._refusing = False
        self._doors: list[Callable[[bool], None]] = []

    def add(self, route: Route, fault: Fault, *, times: int = 1) -> None:
        """Let the next calls of a route meet a fault."""
        with self._lock:
            self._waiting[route].extend([fault] * times)

    def drop_creates(self, times: int = 1, *, taken: bool) -> None:
        """Lose the answer of the next creates, after or before the task was made."""
        self.add(Route.CREATE, Drop(taken), times=times)

    def refuse_creates(self, times: int = 1, *, http_status: int = 429, code: str = "Throttling.RateQuota") -> None:
        """Answer the next creates with an error; no task is made."""
        self.add(
            Route.CREATE,
            Answer(http_status, code, "Requests rate limit exceeded, please try again later."),
            times=times,
        )

    def fail_queries(self, times: int = 1, *, http_status: int = 500, code: str = "InternalError") -> None:
        """Answer the next task queries with an error."""
        self.add(Route.QUERY, Answer(http_status, code), times=times)

    def break_streams(self, times: int = 1, *, after_parts: int, code: str = "") -> None:
        """End the next streams early, with an error frame where a code is given."""
        self.add(Route.STREAM, Break(after_parts, code) if code else Break(after_parts), times=times)

    def cut_downloads(self, times: int = 1, *, at_byte: int) -> None:
        """Break the next downloads off."""
        self.add(Route.DOWNLOAD, Cut(at_byte), times=times)

    def expire_links(self, times: int = 1) -> None:
        """Answer the next downloads as if their link had expired."""
        self.add(Route.DOWNLOAD, Expired(), times=times)

    def delay(self, route: Route, seconds: float, *, times: int = 1) -> None:
        """Let the next calls of a route wait, in real seconds."""
        self.add(route, Delay(seconds), times=times)

    def refuse_connections(self, refusing: bool = True) -> None:  # noqa: FBT001, FBT002 - reads as a switch
        """Close the door (connections end, new ones are refused by the system) or open it again. Needs `serve`."""
        with self._lock:
            self._refusing = refusing
            doors = list(self._doors)
        for door in doors:
            door(refusing)

    def clear(self) -> None:
        """Forget every fault still to come and open the door."""
        with self._lock:
            for waiting in self._waiting.values():
                waiting.clear()
        self.refuse_connections(False)

    def next(self, route: Route) -> Fault | None:
        """Take the fault that this call meets, if any."""
        with self._lock:
            waiting = self._waiting[route]
            return waiting.popleft() if waiting else None

    @property
    def refusing(self) -> bool:
        """Whether the door is closed."""
        with self._lock:
            return self._refusing

    def on_door(self, door: Callable[[bool], None]) -> Callable[[], None]:
        """Have a server told when the door is to close (True) or open. Returns what ends it."""
        with self._lock:
            self._doors.append(door)

        def end() -> None:
            with self._lock:
                self._doors.remove(door)

        return end
