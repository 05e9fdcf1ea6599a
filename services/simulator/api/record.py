"""The received calls, for tests and debugging: create calls, prechecks, and the headers of each call."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from services.simulator.api.faults import Route

_KEPT_CREATES = 20_000
_KEPT_CALLS = 5_000
_LONGEST_TEXT = 2_000


@dataclass(frozen=True, kw_only=True)
class Create:
    """An accepted create call or precheck. Each may be billed."""

    at: datetime
    task_id: str
    """The task's id. For a call that was answered at once, the id of its files."""
    model: str
    region: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Mapping[str, object]
    """As sent, with long texts such as base64 pictures shortened."""
    route: Route = Route.CREATE
    at_once: bool = False
    """True if it was answered in the same call and left no task."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """Any call, accepted or not."""

    at: datetime
    route: Route
    method: str
    url: str
    headers: Mapping[str, str]


class Record:
    """The calls so far. The oldest are dropped in the end; the counts are not."""

    def __init__(self) -> None:
        self.creates: list[Create] = []
        self.checks: list[Create] = []
        self.calls: deque[Call] = deque(maxlen=_KEPT_CALLS)
        self.counts: Counter[Route] = Counter()
        self.with_authorization: Counter[Route] = Counter()

    def note(self, call: Call) -> None:
        """Record a call."""
        self.calls.append(call)
        self.counts[call.route] += 1
        if "authorization" in call.headers:
            self.with_authorization[call.route] += 1

    def note_create(self, create: Create) -> None:
        """Record a create call or a precheck."""
        kept = self.checks if create.route is Route.CHECK else self.creates
        kept.append(create)
        if len(kept) > _KEPT_CREATES:
            del kept[: _KEPT_CREATES // 2]


def shortened(value: object) -> object:
    """Return a JSON value with its long texts cut."""
    match value:
        case str() if len(value) > _LONGEST_TEXT:
            return f"{value[:100]}… ({len(value)} characters)"
        case dict():
            return {key: shortened(each) for key, each in cast("dict[str, object]", value).items()}  # cast: it is JSON
        case list():
            return [shortened(each) for each in cast("list[object]", value)]  # cast: a JSON list may hold anything
        case _:
            return value
