"""What was called, for tests and for the curious: every create that was taken, and each call's headers."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.simulator.faults import Route

_KEPT_CREATES = 20_000
_KEPT_CALLS = 5_000
_LONGEST_TEXT = 2_000


@dataclass(frozen=True, kw_only=True)
class Create:
    """A create call that made a task."""

    at: datetime
    task_id: str
    model: str
    region: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Mapping[str, object]
    """As sent, long texts such as pictures in base64 shortened."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """Any call, taken or not."""

    at: datetime
    route: Route
    method: str
    url: str
    headers: Mapping[str, str]


class Record:
    """What was called so far; the oldest are forgotten in the end, the counts never."""

    def __init__(self) -> None:
        self.creates: list[Create] = []
        self.calls: deque[Call] = deque(maxlen=_KEPT_CALLS)
        self.counts: Counter[Route] = Counter()
        self.with_authorization: Counter[Route] = Counter()

    def note(self, call: Call) -> None:
        """Remember a call."""
        self.calls.append(call)
        self.counts[call.route] += 1
        if "authorization" in call.headers:
            self.with_authorization[call.route] += 1

    def note_create(self, create: Create) -> None:
        """Remember a create that made a task."""
        self.creates.append(create)
        if len(self.creates) > _KEPT_CREATES:
            del self.creates[: _KEPT_CREATES // 2]


def shortened(value: object) -> object:
    """A JSON value with its long texts cut."""
    match value:
        case str() if len(value) > _LONGEST_TEXT:
            return f"{value[:100]}… ({len(value)} characters)"
        case dict():
            return {key: shortened(each) for key, each in value.items()}
        case list():
            return [shortened(each) for each in value]
        case _:
            return value
