"""How long jobs take, learned from the vendor's own times, and when to poll their tasks.

`estimate` is the statistics and `poll_schedule` the schedule, both pure. `groups` defines which jobs are alike,
`samples` reads the database, and `timing` keeps everything in memory for its callers.
"""

from __future__ import annotations

from services.jobs.timing.samples import Samples
from services.jobs.timing.timing import Expected, Timing

__all__ = ["Expected", "Samples", "Timing"]
