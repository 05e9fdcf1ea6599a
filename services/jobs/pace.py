"""The pauses of a job's steps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The pauses of a job's steps, in seconds."""

    poll: float = 15.0
    """Average seconds between polls of a task. Polls are as frequent as with this fixed interval, but better timed."""
    first_poll: float = 1.0
    retry: float = 5.0
    """The first pause after a failed connection; it doubles up to `retry_longest`."""
    retry_longest: float = 60.0
    settle: float = 360.0
    """The minimum time to keep reading the task list after a lost answer. Before that, a missing task means nothing."""
    look_back: float = 60.0
    """The pause between two searches for tasks of submissions that were given up."""
