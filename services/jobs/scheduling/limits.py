"""How many slots a bucket has, and what the vendor's "too fast" responses teach about it.

Pure: knows no database and no clock.

The published limit is the maximum that is ever used. A refusal shows that the vendor accepts fewer at the moment: as
many as were running then. After a quiet period one more slot is tried. If that is refused too, the next trial comes
four times later; if it is accepted, the rest follows quickly. A trial costs nothing: a refused submission is not
billed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.catalogue import Catalogue
from services.catalogue.schema import RateLimit

_UNKNOWN = RateLimit(submits_per_second=1, running=1)
"""The rate for models that are no longer in the catalogue."""
_SHAKEN = 1.5
"""Submissions are spaced wider than the vendor demands, by this factor.

One of them may then be half a second late without making the next one too fast: the vendor counts by its own clock,
after the disk and the network have shifted the requests. A refusal costs far more.
"""
_QUIET_MS = 3_600_000
"""Nothing more is tried for this long after a refusal. The vendor does not say when its limits are lifted again."""
_QUIET_GROWS = 4
_LONGEST_QUIET_MS = 24 * 3_600_000
_STEP_MS = 60_000
"""The interval between two trials that were both accepted."""
_LONGEST_COOLDOWN_MS = 60_000
_MOST_DOUBLINGS = 16


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The known limits of one bucket. Times are milliseconds since 1970, 0 for never."""

    bucket: str
    running_limit: int
    """The published number of jobs running at once."""
    per_second: int
    """The published number of submissions per second."""
    learned_limit: int | None = None
    """The limit learned from a refusal, or None if the published limit holds."""
    cooldown_until: int = 0
    """Nothing is sent before this time."""
    last_submitted_at: int = 0
    """The latest send time that was reserved; it may be slightly in the future."""
    refusals: int = 0
    """Consecutive refusals since a submission last proved that one more slot is accepted."""
    updated_at: int = 0
    """When the limit last changed, down or up."""

    @property
    def slots(self) -> int:
        """How many jobs may be at the vendor at once."""
        wanted = self.running_limit if self.learned_limit is None else min(self.learned_limit, self.running_limit)
        return max(1, wanted)

    @property
    def next_trial_at(self) -> int | None:
        """When one more slot may be tried, or None if the published limit holds."""
        if self.learned_limit is None:
            return None
        if self.cooldown_until <= self.updated_at:  # the last change was a trial, not a refusal
            return self.updated_at + _STEP_MS
        quiet = _QUIET_MS * _QUIET_GROWS ** min(self.refusals - 1, _MOST_DOUBLINGS)
        return self.updated_at + min(quiet, _LONGEST_QUIET_MS)


def published(catalogue: Catalogue, *, model: str, region: str) -> RateLimit:
    """Return the rate that the vendor documents for a model in a region."""
    known = catalogue.model(model)
    offer = known.offer(region) if known else None
    return offer.rate if offer else _UNKNOWN


def refused(limits: Limits, *, now: int, others: int, first_pause_ms: float, jitter: float) -> Limits:
    """Learn from a "too fast" response that came while `others` jobs of the bucket were at the vendor.

    `jitter` is between 0 and 1. If no other job was at the vendor, the number of slots was not the reason: only the
    cooldown is learned. If several submissions were on their way and all are refused, only the first one counts.
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
    """Add one slot if a trial is due; else return the limits unchanged."""
    due = limits.next_trial_at
    if due is None or now < due:
        return limits
    more = limits.slots + 1
    return replace(limits, learned_limit=None if more >= limits.running_limit else more, updated_at=now)


def taken(limits: Limits, *, at_vendor: int) -> Limits:
    """Learn from an accepted submission, with `at_vendor` jobs of the bucket at the vendor, this one included.

    If all slots are in use, it proves a trial good. It also shows that a pace that was refused before is right again.
    """
    refused_last = limits.cooldown_until > limits.updated_at
    proved = limits.learned_limit is None if refused_last else at_vendor >= limits.slots
    return replace(limits, refusals=0) if proved and limits.refusals else limits


def next_turn(limits: Limits, *, now: int) -> int:
    """Return the next send time. Send times are evenly spaced: a quiet minute saves nothing up for a burst."""
    spacing = round(1000 * _SHAKEN / limits.per_second)
    return max(now, limits.last_submitted_at + spacing, limits.cooldown_until)


def at_turn(limits: Limits, turn: int) -> Limits:
    """Note that a send time was reserved."""
    return replace(limits, last_submitted_at=turn)
