"""The alarm before the vendor drops a result: for jobs with less than two hours left that are not on our disk.

Downloads never give up by themselves (services.jobs.steps.save). This only shows when a person should check the disk or
the network, and retries at once on request. Knows nothing of the vendor or of files.
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
"""Statuses of jobs that have, or may have, a result at the vendor that we do not have.

If a task could not be queried for most of a day, it is unknown whether it has ended: its time counts from its
submission.
"""


class AtRisk(TypedDict):
    """Results that may be lost soon: the number of jobs, and when the first is dropped (ISO 8601, UTC)."""

    count: int
    soonest: str


class ExpiryAlarm:
    """Watches the vendor's 24 hours. `wake` ends a job's pause, so it is tried again at once."""

    def __init__(self, *, history: History, wake: Callable[[str], None], clock: Callable[[], int] = now_ms) -> None:
        self._history = history
        self._wake = wake
        self._clock = clock

    async def at_risk(self, person: Person, *, demo: bool) -> AtRisk | None:
        """Return a person's results that may be lost within two hours, or None if there is no reason for an alarm."""
        latest = self._clock() + ALARM_SECONDS * 1000
        times = [moment for job in await self._waiting(person, demo=demo) if (moment := lost_at(job)) <= latest]
        return AtRisk(count=len(times), soonest=iso(min(times))) if times else None

    async def retry(self, person: Person, *, demo: bool) -> int:
        """Retry at once all of a person's jobs that are not on our disk. Returns their number."""
        waiting = await self._waiting(person, demo=demo)
        for job in sorted(waiting, key=lost_at):
            self._wake(job.id)
        return len(waiting)

    async def _waiting(self, person: Person, *, demo: bool) -> list[Job]:
        unfinished = await self._history.unfinished()
        return [job for job in unfinished if job.demo == demo and person.sees(job.person) and _is_there(job)]


def _is_there(job: Job) -> bool:
    """Return whether a job's result may be at the vendor. A live job has no task: it counts after its call."""
    return job.status in _AT_THE_PROVIDER and (job.task_id is not None or job.status is JobStatus.SAVING)
