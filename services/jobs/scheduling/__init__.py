"""Slots: how many jobs of an account and model may be at the vendor at once, and who is next.

The jobs' table is the queue. `fairness` says whose turn it is, `limits` what refusals teach; both are pure. `slots` gives
slots in the database, where all processes obey one limit, and `dispatcher` looks at it whenever something has changed.
"""

from __future__ import annotations

from services.jobs.scheduling.dispatcher import Dispatcher, QueuePosition
from services.jobs.scheduling.fairness import FIRST, URGENT
from services.jobs.scheduling.slots import Slots, has_slot

__all__ = ["FIRST", "URGENT", "Dispatcher", "QueuePosition", "Slots", "has_slot"]
