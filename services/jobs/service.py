"""The life of all jobs: start, run, cancel, resolve. Jobs belong to this module and never to a page."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from services.database.restored_jobs import is_held
from services.domain.errors import StudioError
from services.domain.jobs import Decision, Job, JobStatus, JobWithAssets, OnArrival
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.engine import Engine
from services.jobs.late_tasks import LateTasks
from services.jobs.scheduling import Dispatcher, QueuePosition, has_slot
from services.jobs.steps.cancel import arrive, cancel, withdraw
from services.jobs.steps.poll import wait
from services.jobs.steps.resolve import decide
from services.jobs.steps.save import save
from services.jobs.steps.submit import submit

log = logging.getLogger(__name__)


_STUMBLED = "The studio had trouble with this just now. Nothing is lost: it goes on by itself."


class Jobs:
    """All jobs of this studio. Open with `Jobs.open`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._engine: Engine | None = None
        self._dispatcher = Dispatcher(
            context.slots,
            catalogue=context.catalogue,
            start=self._enqueue,
            announce=context.announce,
            clock=context.clock,
        )

    @classmethod
    @asynccontextmanager
    async def open(cls, context: Context, *, home: Path, database_url: str) -> AsyncGenerator[Self, None]:
        """Run the engine, every job that holds a slot, and the dispatcher inside this context."""
        jobs, crew = cls(context), context.workers
        async with (
            crew.signed_in(home),
            Engine.start(jobs._run, home=home, database_url=database_url, process=crew.name) as jobs._engine,
            crew.watching(take_over=jobs._engine.take_over, let_go=jobs._engine.let_go),
        ):
            for job in await context.history.unfinished():
                if has_slot(job) and not is_held(job):
                    await jobs._enqueue(job)
            late = LateTasks(context, start=jobs._adopted)
            async with jobs._dispatcher.working(), late.working():
                yield jobs

    async def start(self, orders: Sequence[JobWithAssets]) -> tuple[Job, ...]:
        """Write the jobs of one request, all or none. Raises OverCap.

        Each job is sent when it is granted a slot. Written jobs are never forgotten.
        """
        written = await self._context.history.add_all(orders)
        self._dispatcher.nudge()
        for job in written:
            log.info("job %s queued", job.id)
            await self._context.announce(job.id)
        return written

    @property
    def alive(self) -> bool:
        """True while jobs are granted slots and run."""
        return self._engine is not None and self._dispatcher.alive

    def place(self, job_id: str) -> QueuePosition | None:
        """Return a job's queue position, or None if it does not wait for a slot."""
        return self._dispatcher.place(job_id)

    async def prioritise(self, job_id: str, priority: int) -> None:
        """Change a job's priority in the queue. Raises StudioError if it no longer waits for a slot."""
        if not await self._context.slots.prioritise(job_id, priority, now=self._context.clock()):
            raise StudioError("It does not wait for its turn any more.")
        self._dispatcher.nudge()
        await self._context.announce(job_id)

    async def cancel(self, job_id: str) -> Job:
        """Cancel a job if that costs nothing. Raises NotFound, and StudioError if it is too late."""
        try:
            if is_held(await self._context.history.job(job_id, owner=EVERYONE)):
                return await self.decide(job_id, Decision.DROP)
            return await cancel(self._context, job_id)
        finally:
            self._dispatcher.nudge()

    async def decide(self, job_id: str, decision: Decision) -> Job:
        """Apply a person's decision about a job that may have been billed. Raises NotFound, StudioError."""
        decided = await decide(self._context, job_id, decision)
        self._dispatcher.nudge()
        return decided

    async def arrive(self, job_id: str, on_arrival: OnArrival) -> Job:
        """Choose whether a job's result is kept or hidden when it arrives. Raises NotFound, StudioError."""
        return await arrive(self._context, job_id, on_arrival)

    def wake_up(self, job_id: str) -> None:
        """End a job's pause and try again at once."""
        self._context.wake_up(job_id)

    async def _enqueue(self, job: Job) -> None:
        if self._engine is None:
            raise RuntimeError("the jobs are not open")
        await self._engine.enqueue(job.id, grant=job.dispatched_at)

    async def _adopted(self, job: Job) -> None:
        """Run a job that adopted a task found late."""
        await self._enqueue(job)
        self._dispatcher.nudge()

    async def _run(self, job_id: str, grant: int | None) -> None:
        """Run a job from its current status to its end, or until it no longer holds the slot of this grant."""
        context = self._context
        pause = context.pace.retry
        while True:
            try:
                while await self._carry(job_id, grant):
                    pass  # its task was another person's: look it up again
                context.wake.pop(job_id, None)
                return
            except Exception:
                # No error here (a locked database, a bug) may strand a job that may be paid for.
                log.exception("job %s failed unexpectedly, retrying in %.0f s", job_id, pause)
                await self._own_up(job_id)
                await context.pause(job_id, pause)
                pause = min(pause * 2, context.pace.retry_longest)
            finally:
                self._dispatcher.nudge()

    async def _own_up(self, job_id: str) -> None:
        """Show on a job that the studio itself had a problem with it."""
        try:
            await self._context.say(await self._context.history.job(job_id, owner=EVERYONE), _STUMBLED)
        except Exception:
            # Most likely the same error. It is in the log already, and the job continues anyway.
            log.exception("job %s: its unexpected failure could not be recorded", job_id)

    async def _carry(self, job_id: str, grant: int | None) -> bool:
        """Run a job from its current status to its end. Returns True if it must be carried on from another status."""
        context = self._context
        with context.span("submit", job_id):
            job = await submit(context, job_id, grant=grant)
        if job is None:
            return False
        if job.task_id:
            await context.slots.taken(job)
        if await withdraw(context, job):
            return False
        with context.span("wait", job_id):
            task = None if job.status is JobStatus.SAVING else await wait(context, job)
        self._dispatcher.nudge()  # a job that only has to be downloaded needs no slot
        if task is not None or job.status is JobStatus.SAVING:
            with context.span("save", job_id):
                await save(context, await context.history.job(job_id, owner=EVERYONE), task)
        return (await context.history.job(job_id, owner=EVERYONE)).status is JobStatus.UNKNOWN
