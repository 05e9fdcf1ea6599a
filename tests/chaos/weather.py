"""The provider's troubles, by chance, and who is told of each call: the simulator's faults and record with eyes.

Hides the dice. Studios are killed from here at the points that only the provider sees.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Self

from services.simulator import Answer, Call, Create, Cut, Drop, Expired, Fault, Faults, Garbage, Record, Route
from tests.chaos.plan import (
    CREATES_DROPPED,
    DOWNLOADS_CUT,
    POLLS_FAILED,
    THROTTLED,
    UPLOADS_FAILED,
)

_MOST_BYTES = 30_000
_REFUSED = Answer(403, "AccessDenied", "Access denied.")
_SAYS_NOTHING = (
    lambda taken: Drop(taken=taken),
    lambda taken: Answer(500, taken=taken),
    lambda taken: Answer(503, "", "", taken=taken),
    lambda taken: Garbage(taken=taken),
    lambda taken: Garbage(taken=taken, body=""),
    lambda taken: Garbage(taken=taken, body='{"output":{"task_'),
    lambda taken: Garbage(taken=taken, body="<html>Bad Gateway</html>", http_status=502),
)
"""Answers to an order that tell nothing."""
_TOO_FAST = Answer(429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")


class Weather(Faults):
    """Faults that come by chance until it is `calm`. `counts` says how many of each kind came."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.calm = False
        self.list_closed = False
        self.spell = False
        """Whether every order breaks, and none is taken."""
        self.throttles = True
        """Whether some orders are refused as too fast, which teaches the studio to send fewer at once."""
        self.counts: Counter[str] = Counter()

    @classmethod
    def of(cls, seed: int) -> Self:
        """The weather of a run."""
        return cls(random.Random(f"weather {seed}"))

    def next(self, route: Route) -> Fault | None:
        """The fault that this call meets, if any."""
        fault = super().next(route)
        if fault is None and not self.calm:
            fault = self._drawn(route)
        if fault is not None:
            self.counts[_name(route, fault)] += 1
        return fault

    def _drawn(self, route: Route) -> Fault | None:
        dice = self._chance.random()
        match route:
            case Route.CREATE if self.spell:
                return self._chance.choice(_SAYS_NOTHING)(False)
            case Route.CREATE if dice < CREATES_DROPPED:
                return self._chance.choice(_SAYS_NOTHING)(dice < CREATES_DROPPED / 2)
            case Route.CREATE if self.throttles and dice < CREATES_DROPPED + THROTTLED:
                return _TOO_FAST
            case Route.LIST if self.list_closed:
                return _REFUSED
            case Route.QUERY | Route.LIST | Route.CANCEL if dice < POLLS_FAILED:
                return self._chance.choice((Answer(500), Answer(503), Drop(taken=True), Garbage(), _TOO_FAST))
            case Route.DOWNLOAD if dice < DOWNLOADS_CUT:
                # Now and then a link is dead before its time.
                return Expired() if dice < 0.02 else Cut(self._chance.randrange(_MOST_BYTES))
            case Route.POLICY | Route.UPLOAD if dice < UPLOADS_FAILED:
                return Answer(503)
            case Route.STREAM if dice < CREATES_DROPPED:
                return Drop(taken=dice < CREATES_DROPPED / 2)
            case _:
                return None


def _name(route: Route, fault: Fault) -> str:
    match route, fault:
        case ((Route.CREATE | Route.STREAM), Answer(code="Throttling.RateQuota")):
            return "throttled"
        case ((Route.CREATE | Route.STREAM), Drop(taken=taken) | Garbage(taken=taken) | Answer(taken=taken)):
            return f"creates dropped {'after' if taken else 'before'}"
        case ((Route.QUERY | Route.CANCEL), _):
            return "polls failed"
        case Route.LIST, _:
            return "lists failed"
        case Route.DOWNLOAD, _:
            return "downloads cut"
        case _:
            return "uploads failed"


class Witness(Record):
    """A record that tells of each call as it comes, and of each order the moment it is taken."""

    def __init__(self, *, called: Callable[[Route], None], taken: Callable[[], None]) -> None:
        super().__init__()
        self._called = called
        self._taken = taken

    def note(self, call: Call) -> None:
        """Remember a call."""
        super().note(call)
        self._called(call.route)

    def note_create(self, create: Create) -> None:
        """Remember a work that was ordered."""
        super().note_create(create)
        if create.route is not Route.CHECK:
            self._taken()
