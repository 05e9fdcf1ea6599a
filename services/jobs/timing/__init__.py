"""Honest time: how long works take, learnt from the provider's own times, and when to ask whether one is done.

`belief` is the statistics and `plan` the schedule, both pure; `kinds` says which works are alike, `measured` reads the
database, and `timing` keeps it all in memory for whoever asks.
"""

from __future__ import annotations

from services.jobs.timing.samples import Samples
from services.jobs.timing.timing import Expected, Timing

__all__ = ["Expected", "Samples", "Timing"]
