"""The services that every step of a job uses, and the only way for a step to change a job."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from services.catalogue import Catalogue
from services.dashscope import DashScope, code_of, explain_error, words_of
from services.dashscope.api_keys import Accounts
from services.database.jobs import History
from services.domain.clock import now_ms
from services.domain.errors import VendorError
from services.domain.jobs import FINAL, Asset, Job, JobStatus
from services.jobs.expiry import DeadlineQueue, lost_at
from services.jobs.pace import Pace
from services.jobs.scheduling import Slots
from services.jobs.steps.poll_many import PollMany
from services.jobs.task_list import TaskList
from services.jobs.timing import Timing
from services.jobs.workers import Workers
from services.storage.archive import Archive

log = logging.getLogger(__name__)

_NOT_ENDED = frozenset(JobStatus) - FINAL
_DOWNLOADS_AT_ONCE = 6
"""Concurrent downloads over all accounts: more would only share the same bandwidth."""


def _untraced(_step: str, _job_id: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(kw_only=True)
class Context:
    """The services that a job's steps use."""

    history: History
    slots: Slots
    """The slots, shared by all processes."""
    workers: Workers
    """The processes that share the database."""
    timing: Timing
    """How long jobs take."""
    archive: Archive
    accounts: Accounts
    catalogue: Catalogue
    announce: Callable[[str], Awaitable[None]]
    """Called with a job's id after each change."""
    pace: Pace = field(default_factory=Pace)
    clock: Callable[[], int] = now_ms
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    wake: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    """Set to end a job's pause at once."""
    rests: Counter[str] = field(default_factory=Counter[str])
    """How often a job rested in a row because the vendor could not be reached."""
    waiting: Counter[str] = field(default_factory=Counter[str])
    """How many jobs wait for their task, by account."""
    downloads: DeadlineQueue = field(default_factory=lambda: DeadlineQueue(_DOWNLOADS_AT_ONCE))
    """A download holds one of these places; the one with the least time left is next."""
    span: Callable[[str, str], AbstractContextManager[None]] = _untraced
    """Opens a trace span for one step, given its name and the job's id."""
    rounds: PollMany = field(init=False)
    """Polls many tasks at once."""
    task_list: TaskList = field(init=False)
    """Searches for submissions whose answer was lost."""

    def __post_init__(self) -> None:
        self.rounds = PollMany(
            vendor=self.vendor,
            wake=self.wake_up,
            clock=self.clock,
            sleep=self.sleep,
            pace=self.pace,
            sharers=lambda: self.workers.size,
        )
        self.task_list = TaskList(self.history.submissions, vendor=self.vendor, clock=self.clock)

    async def change(
        self, job_id: str, *, only_from: frozenset[JobStatus] | None = None, files: Sequence[Asset] = (), **values: Any
    ) -> Job | None:
        """Change a job and announce it to its watchers. Returns None if its status was not one of `only_from`.

        `values` are fields of Job, and `only_slot`: as with `History.change`.
        """
        changed = await self.history.change(job_id, only_from=only_from, files=files, **values, updated_at=self.clock())
        if changed is not None:
            await self.announce(job_id)
        return changed

    async def say(self, job: Job, attention: str | None) -> Job:
        """Show a sentence on a job, or remove it. Nothing is written if it is unchanged."""
        if job.attention == attention:
            return job
        return await self.change(job.id, attention=attention) or job

    async def fail(self, job: Job, error: VendorError, **more: Any) -> None:
        """End a job that failed. `more` are other fields to write; Any because they are of every type."""
        await self.change(job.id, only_from=_NOT_ENDED, **await self.failure(job, error), **more)

    async def failure(self, job: Job, error: VendorError) -> dict[str, Any]:
        """Build the fields of a job that failed.

        A failed task is not billed (wan-video-api.md 7.6); a lost one may be. The cost of a precheck is charged in any
        case.
        """
        explained = explain_error(error)
        paid = await self.history.prechecks.paid_by(job.id)
        log.info("job %s task %s failed: %s", job.id, job.task_id, error.code or type(error).__name__)
        return {
            "status": JobStatus.FAILED,
            "finished_at": self.clock(),
            "error_code": code_of(error),
            "error_message": error.message,
            "error_hint": explained.advice,
            "error_detail": words_of(error),
            "request_id": error.request_id or job.request_id,
            "attention": None,
            "actual_micros": {True: job.estimated_micros, False: paid, None: None}[explained.charged],
        }

    async def end_canceled(self, job_id: str, *, only_from: frozenset[JobStatus] | None = None) -> Job | None:
        """End a job as canceled; only its precheck may have cost something. Returns None as `change` does."""
        return await self.change(
            job_id,
            only_from=only_from,
            status=JobStatus.CANCELED,
            cancel_requested=True,
            finished_at=self.clock(),
            actual_micros=await self.history.prechecks.paid_by(job_id),
            attention=None,
        )

    async def vendor(self, job: Job) -> DashScope | None:
        """Return the client of the account that the job is pinned to, or None if its key is not configured."""
        return await self.accounts.client(alias=job.account, region=job.region, base_url=job.base_url)

    async def pause(self, job_id: str, seconds: float) -> bool:
        """Sleep, or less if the job is woken. Returns True if it was woken."""
        event = self.wake.setdefault(job_id, asyncio.Event())
        sleeping = asyncio.ensure_future(self.sleep(seconds))
        waking = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait((sleeping, waking), return_when=asyncio.FIRST_COMPLETED)
            return event.is_set()
        finally:
            sleeping.cancel()
            waking.cancel()
            event.clear()

    def wake_up(self, job_id: str) -> None:
        """End a job's pause at once."""
        if job_id in self.wake:
            self.wake[job_id].set()

    def over(self, job: Job) -> bool:
        """Return whether the vendor has dropped the job's result or its task by now."""
        return self.clock() > lost_at(job)
