"""The alarm before the vendor drops a result: the works that are not on our disk and have less than two hours left.

Downloads never give up by themselves (services.jobs.steps.save). This only says when a person should look at the disk
or the network, and retries at once on request. Knows nothing of the vendor or of files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

from services.database.jobs import History
from services.domain.clock import iso, now_ms
from services.domain.jobs import Job, JobStatus
from services.domain.people import Person
from services.jobs.expiry import ALARM_SECONDS, lost_at

_AT_THE_PROVIDER = frozenset({JobStatus.PENDING, JobStatus.RUNNING, JobStatus.SAVING})
"""Where there is, or may be, a result at the provider that we do not have. Of a task that nobody could ask about for
most of a day nobody knows whether it has ended: it counts from the day it was bought."""


class AtRisk(TypedDict):
    """Results that may be lost soon: how many works, and when the first is dropped (ISO 8601, UTC)."""

    count: int
    soonest: str


class ExpiryAlarm:
    """Watches the provider's 24 hours. `wake` ends a job's pause at once, so that it is tried again now."""

    def __init__(self, *, history: History, wake: Callable[[str], None], clock: Callable[[], int] = now_ms) -> None:
        self._history = history
        self._wake = wake
        self._clock = clock

    async def at_risk(self, person: Person, *, demo: bool) -> AtRisk | None:
        """What of a person's work may be lost within two hours, or None: then there is nothing to be alarmed about."""
        latest = self._clock() + ALARM_SECONDS * 1000
        times = [moment for job in await self._waiting(person, demo=demo) if (moment := lost_at(job)) <= latest]
        return AtRisk(count=len(times), soonest=iso(min(times))) if times else None

    async def retry(self, person: Person, *, demo: bool) -> int:
        """Try at once everything of a person's that is not on our disk. Returns how many works that is."""
        waiting = await self._waiting(person, demo=demo)
        for job in sorted(waiting, key=lost_at):
            self._wake(job.id)
        return len(waiting)

    async def _waiting(self, person: Person, *, demo: bool) -> list[Job]:
        unfinished = await self._history.unfinished()
        return [job for job in unfinished if job.demo == demo and person.sees(job.person) and _is_there(job)]


def _is_there(job: Job) -> bool:
    """A live job has no task, and is at the provider only when its call is over."""
    return job.status in _AT_THE_PROVIDER and (job.task_id is not None or job.status is JobStatus.SAVING)
