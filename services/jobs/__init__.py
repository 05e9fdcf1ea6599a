"""A job's life: submit, wait, save, cancel, recover. Jobs belong to this module and never to a page.

The studio's tables say how far a job has come, services.lanes who may be sent, and the engine runs those. Every step
reads the row first, so a job may be run again at any time, from any point, and goes on where it was.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from services.errors import Refused, StudioError
from services.jobs.context import Context, Pace, now_ms
from services.jobs.engine import Engine
from services.jobs.saving import save
from services.jobs.submitting import submit
from services.jobs.waiting import wait
from services.lanes import Dispatcher, Place, has_lane
from services.records import Asset, Job, JobStatus, SubmissionState

__all__ = ["Context", "Jobs", "Pace", "now_ms"]

log = logging.getLogger(__name__)

_UNSENT = frozenset({JobStatus.QUEUED, JobStatus.UPLOADING})


class Jobs:
    """All jobs of this studio. Open with `Jobs.open`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._engine: Engine | None = None
        self._lanes = Dispatcher(
            context.history.lanes,
            catalogue=context.catalogue,
            start=self._enqueue,
            announce=context.announce,
            clock=context.clock,
        )

    @classmethod
    @asynccontextmanager
    async def open(cls, context: Context, *, home: Path, database_url: str) -> AsyncIterator[Self]:
        """Start the engine, every job that has a lane, and the giving of lanes to those that wait for one."""
        jobs = cls(context)
        async with Engine.start(jobs._run, home=home, database_url=database_url) as jobs._engine:
            for job in await context.history.unfinished():
                if has_lane(job):
                    await jobs._enqueue(job)
            async with jobs._lanes.working():
                yield jobs

    async def start(self, job: Job, files: tuple[Asset, ...]) -> Job:
        """Write a job down; it is sent when it is given a lane. What is written is never forgotten."""
        job = await self._context.history.add(job, files)
        log.info("job %s queued", job.id)
        self._lanes.nudge()
        await self._context.announce(job.id)
        return job

    @property
    def alive(self) -> bool:
        """Whether jobs are given lanes and run."""
        return self._engine is not None and self._lanes.alive

    def place(self, job_id: str) -> Place | None:
        """Where a job stands in line, or None where it does not wait for a lane."""
        return self._lanes.place(job_id)

    async def cancel(self, job_id: str) -> Job:
        """Cancel what can be canceled without cost, and say so where it cannot. Raises NotFound, StudioError."""
        context = self._context
        canceled = await context.end_canceled(job_id, only_from=_UNSENT)
        if canceled is not None:
            self._lanes.nudge()
            return canceled
        job = await context.history.job(job_id)
        if job.status is JobStatus.PENDING:
            return await self._cancel_at_vendor(job)
        if job.status in (JobStatus.SUBMITTING, JobStatus.UNKNOWN):
            submission = await context.history.ledger.latest(job_id)
            if submission is not None and submission.live and submission.state is SubmissionState.OPEN:
                raise _too_late()  # there is no task that could be canceled
            job = await context.change(job_id, cancel_requested=True) or job
        elif job.status in (JobStatus.RUNNING, JobStatus.SAVING):
            raise _too_late()
        return job

    def wake_up(self, job_id: str) -> None:
        """End a job's pause at once, so that what it waits for is tried again now."""
        self._context.wake_up(job_id)

    async def _cancel_at_vendor(self, job: Job) -> Job:
        context = self._context
        vendor = await context.vendor(job)
        if vendor is None or job.task_id is None:
            raise StudioError("The key this was made with is not here, so it cannot be canceled.")
        try:
            await vendor.cancel(job.task_id)
        except Refused as error:
            context.wake_up(job.id)
            raise StudioError(
                "Too late: the provider has just begun. It cannot be stopped and will be billed."
            ) from error
        canceled = await context.end_canceled(job.id, only_from=frozenset({JobStatus.PENDING}))
        context.wake_up(job.id)
        return canceled or await context.history.job(job.id)

    async def _enqueue(self, job: Job) -> None:
        if self._engine is None:
            raise RuntimeError("the jobs are not open")
        await self._engine.enqueue(job.id, grant=job.dispatched_at)

    async def _run(self, job_id: str) -> None:
        """Carry a job to its end, from wherever it stands, or until it has to wait for a lane again."""
        context = self._context
        pause = context.pace.retry
        while True:
            try:
                await self._carry(job_id)
                context.wake.pop(job_id, None)
                return
            except Exception:
                # Whatever went wrong here (a locked database, a bug) must not strand a job that may be paid for.
                log.exception("job %s stumbled, going on in %.0f s", job_id, pause)
                await context.pause(job_id, pause)
                pause = min(pause * 2, context.pace.retry_longest)
            finally:
                self._lanes.nudge()

    async def _carry(self, job_id: str) -> None:
        context = self._context
        with context.tracing.span("submit", job_id):
            job = await submit(context, job_id)
        if job is None:
            return
        if job.task_id:
            await context.history.lanes.taken(job)
        if await _withdraw(context, job):
            return
        with context.tracing.span("wait", job_id):
            task = None if job.status is JobStatus.SAVING else await wait(context, job)
        self._lanes.nudge()  # what is only to be fetched needs no lane
        if task is not None or job.status is JobStatus.SAVING:
            with context.tracing.span("save", job_id):
                await save(context, await context.history.job(job_id), task)


async def _withdraw(context: Context, job: Job) -> bool:
    """Cancel at the vendor what somebody canceled while it was being sent. True where that ended the job."""
    if not job.cancel_requested or job.status is not JobStatus.PENDING:
        return False
    vendor = await context.vendor(job)
    if vendor is None or job.task_id is None:
        return False
    try:
        await vendor.cancel(job.task_id)
    except Refused:
        await context.say(job, "It could not be canceled any more: the provider has begun, and it will be billed.")
        return False
    await context.end_canceled(job.id)
    return True


def _too_late() -> StudioError:
    return StudioError("The provider is already making this and cannot stop it; it will be billed.")
