"""Tasks that appear in the vendor's list after their submission was given up.

They are paid for, so they are downloaded and booked. If the job was not sent again yet, it takes its task. Otherwise
the task becomes a job of its own in the gallery.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from services.domain.background import repeating
from services.domain.jobs import Asset, Job, JobStatus, JobWithAssets, Submission, new_id
from services.domain.money import said
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.task_list import ListUnreadable
from services.jobs.task_matching import choose, whole_window

log = logging.getLogger(__name__)

_OFTEN_FOR_MS = 3_600_000
"""For this long after a submission was given up, every round looks for its task; later every tenth."""
_RARELY = 10


class LateTasks:
    """Looks for the tasks of submissions that were given up. Several processes may: a task is adopted once.

    `start` is called with a job that has adopted a task and is not running.
    """

    def __init__(self, context: Context, *, start: Callable[[Job], Awaitable[None]]) -> None:
        self._context = context
        self._start = start
        self._rounds = 0

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None, None]:
        """Look in rounds inside this context."""
        looking = repeating(
            self._round,
            name="looking for late tasks",
            every=self._context.pace.look_back,
            first=0.0,
            sleep=self._context.sleep,
        )
        async with looking:
            yield

    async def _round(self) -> None:
        self._rounds += 1
        await self.look(rarely=self._rounds % _RARELY == 1)

    async def look(self, *, rarely: bool = True) -> None:
        """Run one round over every submission that was given up within a day, or within an hour unless `rarely`."""
        now = self._context.clock()
        for submission in await self._context.history.submissions.lost_lately(now=now):
            if rarely or now - (submission.lost_at or 0) < _OFTEN_FOR_MS:
                adopted = await look_back(self._context, submission)
                if adopted is not None:
                    await self._start(adopted)


async def look_back(context: Context, submission: Submission) -> Job | None:
    """Look once for the task of a submission that was given up. Returns the job that adopted it, or None."""
    found = await context.history.with_assets(submission.job_id, purged=True, owner=EVERYONE)
    try:
        look = await context.task_list.look(found.job, submission, [whole_window(submission)])
    except ListUnreadable:
        return None
    rivals = await context.history.submissions.rivals(submission)
    task_id = choose(submission.id, rivals, look.candidates)
    if task_id is None:
        return None
    now = context.clock()
    adopted = await context.history.adopt_late(
        submission, task_id=task_id, otherwise=_job_of_its_own(found, submission, task_id, now=now), now=now
    )
    if adopted is None:
        return None
    log.warning("job %s task %s: found after its submission was given up", adopted.id, task_id)
    await context.announce(found.job.id)
    if adopted.id != found.job.id:
        await context.announce(adopted.id)
    return adopted


def _job_of_its_own(found: JobWithAssets, submission: Submission, task_id: str, *, now: int) -> JobWithAssets:
    """Build a job for the found task, like the one that was given up."""
    old, job_id = found.job, new_id(now)
    costs = "nothing, as this is a demo" if old.demo else said(old.estimated_micros, old.currency)
    job = Job(
        id=job_id,
        person=old.person,
        family=old.family,
        model=old.model,
        vendor_model=old.vendor_model,
        region=old.region,
        account=old.account,
        base_url=old.base_url,
        demo=old.demo,
        status=JobStatus.PENDING,
        prompt=old.prompt,
        parameters=old.parameters,
        created_at=now,
        submitted_at=submission.started_at,
        updated_at=now,
        dispatched_at=now,
        task_id=task_id,
        estimated_micros=old.estimated_micros,
        currency=old.currency,
        source_job=old.id,
        remark="The provider had taken an earlier order of this after all. Its result is yours: it costs "
        f"{costs}, and is in your books.",
    )
    return JobWithAssets(job, tuple(_given(asset, job_id, now=now) for asset in found.assets if not asset.is_output))


def _given(asset: Asset, job_id: str, *, now: int) -> Asset:
    return replace(asset, id=new_id(now), job_id=job_id, created_at=now)
