"""Which job may be submitted: how many jobs of a bucket may be at the vendor at once, and which job is next.

The jobs table is the queue. `fairness` decides which job is next, `limits` what a 429 teaches; both are pure. `slots`
grants slots in the database, so all processes obey one limit. `dispatcher` grants them whenever something has changed.
"""

from __future__ import annotations

from services.jobs.scheduling.dispatcher import Dispatcher, QueuePosition
from services.jobs.scheduling.fairness import FIRST, URGENT
from services.jobs.scheduling.slots import Slots, has_slot

__all__ = ["FIRST", "URGENT", "Dispatcher", "QueuePosition", "Slots", "has_slot"]
