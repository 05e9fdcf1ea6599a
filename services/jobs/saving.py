"""From a finished task to files on our disk. The vendor's link dies after 24 hours, so this never gives up before."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from services.dashscope import DashScope, Task, TaskStatus, forgotten
from services.errors import FileRefused, StudioError, VendorError
from services.jobs.context import Context
from services.records import Asset, Job, JobStatus, new_id

log = logging.getLogger(__name__)


async def save(context: Context, job: Job, task: Task | None = None) -> None:
    """Fetch a succeeded task's results and finish the job: files first, then the rows, in one transaction.

    `task` is how the vendor has just told it; without it, and after a fetch that broke off, the vendor is asked.
    """
    pause = context.pace.first_poll
    while True:
        try:
            files = await _fetch(context, job, task)
        except (StudioError, OSError) as error:
            log.warning("job %s task %s: result not saved yet (%s)", job.id, job.task_id, type(error).__name__)
            await context.say(job, _trouble(error))
        else:
            if files:
                await context.change(
                    job.id,
                    status=JobStatus.SUCCEEDED,
                    finished_at=context.clock(),
                    files=files,
                    attention=None,
                )
                log.info("job %s task %s succeeded", job.id, job.task_id)
                return
            if context.over(job):
                await context.fail(job, forgotten())
                return
        task = None  # its links may have died
        await context.pause(job.id, pause)
        pause = min(pause * 2, context.pace.retry_longest)


def _trouble(error: StudioError | OSError) -> str:
    if isinstance(error, OSError):
        return f"The result cannot be written to the disk ({error.strerror}). It is kept at the provider; trying again."
    if isinstance(error, FileRefused):
        return f"{error.message} The result is kept at the provider; trying again."
    return "The result is ready and is being fetched again: the last try broke off. It is kept at the provider."


async def _fetch(context: Context, job: Job, task: Task | None) -> tuple[Asset, ...]:
    """The results on disk, with their pictures; nothing where the vendor no longer has the task."""
    vendor = await context.vendor(job)
    if vendor is None:
        return ()
    task = task or await vendor.query(job.task_id or "")
    if task.status is not TaskStatus.SUCCEEDED:
        return ()
    if not task.result_urls:
        raise VendorError("The provider says the clip is done but gives no link to it.", code="NoResult")
    return tuple(
        [await _fetch_one(context, vendor, job, url, number=n) for n, url in enumerate(task.result_urls, start=1)]
    )


async def _fetch_one(context: Context, vendor: DashScope, job: Job, url: str, *, number: int) -> Asset:
    part = context.archive.incoming / f"{job.id}-{number}.part"
    await vendor.download(url, part)
    try:
        stored = await context.archive.keep_video(part, job_id=job.id, number=number)
    except FileRefused:
        await asyncio.to_thread(_drop, part)  # the next try begins from nothing, not from a broken half
        raise
    return Asset(
        id=new_id(context.clock()),
        job_id=job.id,
        role="output",
        kind="video",
        name=f"{job.family}-{job.id[:12]}-{number}.mp4",
        key=stored.key,
        poster_key=stored.poster_key,
        thumbnail_key=stored.thumbnail_key,
        mime=stored.mime,
        width=stored.width,
        height=stored.height,
        seconds=stored.seconds,
        bytes=stored.bytes,
        sha256=stored.sha256,
        created_at=context.clock(),
    )


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
