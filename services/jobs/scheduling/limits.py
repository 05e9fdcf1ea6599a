"""How many slots a bucket has, and what the vendor's "too fast" teaches of it. Pure; knows no database and no clock.

The published limit is the most that is ever used. A refusal says that fewer are taken just now: as many as were at work
then. After a while of quiet one slot more is tried; where that is refused too, the next trial comes four times later,
where it is taken, the rest follows quickly. A trial costs nothing: what is refused is not bought.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.catalogue import Catalogue
from services.catalogue.schema import RateLimit

_UNKNOWN = RateLimit(submits_per_second=1, running=1)
"""Of what is not in the catalogue any more."""
_SHAKEN = 1.5
"""Orders come slower than allowed, so that one may be half a second late for the next ones and none is too fast: the
vendor counts by its own clock, after the disk and the network have shaken them. A refusal costs far more."""
_QUIET_MS = 3_600_000
"""So long after a refusal nothing more is tried. The vendor does not say when its limits are lifted again."""
_QUIET_GROWS = 4
_LONGEST_QUIET_MS = 24 * 3_600_000
_STEP_MS = 60_000
"""Between two trials that were both taken."""
_LONGEST_COOLDOWN_MS = 60_000
_MOST_DOUBLINGS = 16


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is known of one bucket. Times are milliseconds since 1970, 0 for never."""

    bucket: str
    running_limit: int
    """The published number of jobs at work at once."""
    per_second: int
    """The published number of orders a second."""
    learned_limit: int | None = None
    """What a refusal has taught, or None where the published limit holds."""
    cooldown_until: int = 0
    """Until when nothing is sent."""
    last_submitted_at: int = 0
    """The latest turn to send that was given out; it may lie a little ahead."""
    refusals: int = 0
    """In a row, as long as no order proved that one slot more is taken."""
    updated_at: int = 0
    """When the limit was last learned, down or up."""

    @property
    def slots(self) -> int:
        """How many jobs may be at work at once."""
        wanted = self.running_limit if self.learned_limit is None else min(self.learned_limit, self.running_limit)
        return max(1, wanted)

    @property
    def next_trial_at(self) -> int | None:
        """When one slot more may be tried, or None where the published limit holds."""
        if self.learned_limit is None:
            return None
        if self.cooldown_until <= self.updated_at:  # the last news was a trial, not a refusal
            return self.updated_at + _STEP_MS
        quiet = _QUIET_MS * _QUIET_GROWS ** min(self.refusals - 1, _MOST_DOUBLINGS)
        return self.updated_at + min(quiet, _LONGEST_QUIET_MS)


def published(catalogue: Catalogue, *, model: str, region: str) -> RateLimit:
    """What the provider documents for a model in a region."""
    known = catalogue.model(model)
    offer = known.offer(region) if known else None
    return offer.rate if offer else _UNKNOWN


def refused(limits: Limits, *, now: int, others: int, first_pause_ms: float, jitter: float) -> Limits:
    """After "too fast", as `others` jobs of the bucket were at the vendor. `jitter` lies between 0 and 1.

    With nobody else at work the number of slots is not what was too much: then only the pause is learned. Of several
    that were on their way at once, and all come back, the first has taught what there is to learn.
    """
    if now < limits.cooldown_until:
        return limits
    refusals = limits.refusals + 1
    pause = min(first_pause_ms * 2 ** min(refusals - 1, _MOST_DOUBLINGS), _LONGEST_COOLDOWN_MS) * (1 + jitter / 2)
    learned = limits.learned_limit if others == 0 else min(others, limits.slots)
    return replace(
        limits,
        learned_limit=None if learned == limits.running_limit else learned,
        cooldown_until=max(limits.cooldown_until, now + max(1, round(pause))),
        refusals=refusals,
        updated_at=now,
    )


def tried(limits: Limits, *, now: int) -> Limits:
    """With one slot more, where it is time to try that; else unchanged."""
    due = limits.next_trial_at
    if due is None or now < due:
        return limits
    more = limits.slots + 1
    return replace(limits, learned_limit=None if more >= limits.running_limit else more, updated_at=now)


def taken(limits: Limits, *, at_vendor: int) -> Limits:
    """After the vendor took an order and has `at_vendor` jobs of the bucket, this one included.

    With all slots at work a trial is proved good by it; and a pace that was refused before is right again.
    """
    refused_last = limits.cooldown_until > limits.updated_at
    proved = limits.learned_limit is None if refused_last else at_vendor >= limits.slots
    return replace(limits, refusals=0) if proved and limits.refusals else limits


def next_turn(limits: Limits, *, now: int) -> int:
    """When the next order may be sent. Turns are evenly spaced: a quiet minute saves nothing up for a burst."""
    spacing = round(1000 * _SHAKEN / limits.per_second)
    return max(now, limits.last_submitted_at + spacing, limits.cooldown_until)


def at_turn(limits: Limits, turn: int) -> Limits:
    """After a turn to send was given out."""
    return replace(limits, last_submitted_at=turn)
