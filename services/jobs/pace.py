"""How long the steps of a job pause."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long a job's steps pause. Seconds."""

    poll: float = 15.0
    """A task is polled as often, all in all, as by asking every so many seconds, but at better moments."""
    first_poll: float = 1.0
    retry: float = 5.0
    """The first pause after something could not be reached; it doubles up to `retry_longest`."""
    retry_longest: float = 60.0
    settle: float = 360.0
    """How long after a lost answer the task list is looked at, at least, before its silence means anything."""
    look_back: float = 60.0
    """The pause between two looks for tasks of orders that were given up."""
