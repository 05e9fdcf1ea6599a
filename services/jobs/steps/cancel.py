"""Cancel a job as far as possible, and say so if it is too late.

A waiting job is canceled for free. A task that the vendor has begun continues and is billed; its result can only be
hidden when it arrives. In between there is a race: a cancel and the start of the task may cross. Then the vendor's own
record of the task decides.
"""

from __future__ import annotations

import logging
from typing import Any, assert_never

from services.dashscope import DashScope, TaskStatus
from services.domain.errors import StudioError, VendorError
from services.domain.jobs import FINAL, Job, JobStatus, OnArrival, SubmissionState
from services.domain.money import said
from services.domain.people import EVERYONE
from services.jobs.context import Context

log = logging.getLogger(__name__)

_UNSENT = frozenset({JobStatus.QUEUED, JobStatus.UPLOADING})
_ON_THE_WAY = frozenset({JobStatus.SUBMITTING, JobStatus.UNKNOWN})
_PENDING = frozenset({JobStatus.PENDING})
_NOT_ENDED = frozenset(JobStatus) - FINAL
_ON_ITS_WAY = "Your cancel is on its way; the provider has not answered it yet. If it has begun before, it goes on."


async def cancel(context: Context, job_id: str) -> Job:
    """Cancel a job if that costs nothing. Raises NotFound, and StudioError if it is too late.

    A job whose submission may be on its way to the vendor is marked, and canceled as soon as its task is known.
    """
    canceled = await context.end_canceled(job_id, only_from=_UNSENT)
    if canceled is not None:
        return canceled
    job = await context.history.job(job_id, owner=EVERYONE)
    match job.status:
        case JobStatus.PENDING:
            return await _cancel_at_vendor(context, job)
        case JobStatus.SUBMITTING | JobStatus.UNKNOWN:
            submission = await context.history.submissions.latest(job_id)
            if submission is not None and submission.live and submission.state is SubmissionState.OPEN:
                raise StudioError(_too_late(job))  # there is no task that could be canceled
            marked = await context.change(job_id, only_from=_ON_THE_WAY, cancel_requested=True)
            return marked or await cancel(context, job_id)  # its status has changed meanwhile
        case JobStatus.RUNNING | JobStatus.SAVING:
            raise StudioError(_too_late(job))
        case JobStatus.QUEUED | JobStatus.UPLOADING | JobStatus.SUCCEEDED | JobStatus.FAILED | JobStatus.CANCELED:
            return job
        case _:
            assert_never(job.status)


async def withdraw(context: Context, job: Job) -> bool:
    """Cancel at the vendor a job that was marked earlier. Returns True if that ended the job."""
    if not job.cancel_requested or job.status is not JobStatus.PENDING:
        return False
    vendor = await context.vendor(job)
    if vendor is None:
        return False
    await _race(context, vendor, job)
    return (await context.history.job(job.id, owner=EVERYONE)).status.final


async def drop_if_canceled(context: Context, job_id: str) -> None:
    """End a job that was canceled on its way and not accepted: it does not wait for a slot just for that."""
    if (await context.history.job(job_id, owner=EVERYONE)).cancel_requested:
        await context.end_canceled(job_id, only_from=_UNSENT)


def overtaken(job: Job, *, done: bool) -> dict[str, Any]:  # Any: members of a job
    """Return the changes for a job whose cancel came too late, with a remark that it was not stopped."""
    had, follows = ("finished it", _costs(job)) if done else ("begun", _goes_on(job))
    return {
        "cancel_requested": False,
        "remark": f"You canceled this, but the provider had {had} a moment before. {follows}",
    }


async def arrive(context: Context, job_id: str, on_arrival: OnArrival) -> Job:
    """Choose whether a job's result is kept or hidden when it arrives. Raises StudioError if it has arrived already."""
    changed = await context.change(job_id, only_from=_NOT_ENDED, on_arrival=on_arrival)
    if changed is not None:
        log.info("job %s: %s on arrival", job_id, on_arrival)
        return changed
    job = await context.history.job(job_id, owner=EVERYONE)
    if job.status is JobStatus.SUCCEEDED:
        raise StudioError("It has just arrived: you find it in the gallery, and can delete it there.")
    raise StudioError("It has ended already: nothing will arrive.")


async def _cancel_at_vendor(context: Context, job: Job) -> Job:
    vendor = await context.vendor(job)
    if vendor is None or job.task_id is None:
        raise StudioError("The key this was made with is not here, so it cannot be canceled.")
    told = await _race(context, vendor, job)
    context.wake_up(job.id)
    after = await context.history.job(job.id, owner=EVERYONE)
    if told is TaskStatus.SUCCEEDED and not after.status.final:
        raise StudioError(f"Too late by a moment: the provider had just finished it. {_costs(job)}")
    match after.status:
        case JobStatus.RUNNING | JobStatus.SAVING:
            raise StudioError(f"Too late by a moment: the provider had just begun. {_goes_on(job)}")
        case JobStatus.SUCCEEDED:
            raise StudioError("Too late: it is done, and you find it in the gallery.")
        case _:
            return after


async def _race(context: Context, vendor: DashScope, job: Job) -> TaskStatus | None:
    """Cancel a task and find out whether it had begun before. If that is unknown yet, the cancel is tried again.

    Returns the status of the task, or None if the vendor could not be queried.
    """
    status: TaskStatus | None = None
    try:
        await vendor.cancel(job.task_id or "")
        # The vendor's yes may have crossed with the start: a task that still runs is billed and must not be lost.
        status = await _status(vendor, job)
        if status not in (TaskStatus.RUNNING, TaskStatus.SUCCEEDED):
            status = TaskStatus.CANCELED
    except VendorError as error:
        # Refused, or lost on its way: only the task itself shows the truth.
        log.info("job %s task %s: cancel not confirmed (%s)", job.id, job.task_id, error.code or type(error).__name__)
        status = await _status(vendor, job)
    match status:
        case TaskStatus.CANCELED:
            await context.end_canceled(job.id, only_from=_PENDING)
        case TaskStatus.RUNNING:
            log.info("job %s task %s started before it could be canceled", job.id, job.task_id)
            await context.change(
                job.id,
                only_from=_PENDING,
                status=JobStatus.RUNNING,
                running_at=context.clock(),
                **overtaken(job, done=False),
            )
        case TaskStatus.SUCCEEDED:
            await context.change(job.id, only_from=_PENDING, **overtaken(job, done=True))
        case TaskStatus.FAILED:
            await context.change(job.id, only_from=_PENDING, cancel_requested=False)
        case TaskStatus.PENDING | TaskStatus.SUSPENDED | TaskStatus.UNKNOWN | TaskStatus.OTHER | None:
            await context.change(job.id, only_from=_PENDING, cancel_requested=True, attention=_ON_ITS_WAY)
        case _:
            assert_never(status)
    return status


async def _status(vendor: DashScope, job: Job) -> TaskStatus | None:
    try:
        return (await vendor.query(job.task_id or "")).status
    except VendorError:
        return None


def _too_late(job: Job) -> str:
    return f"Too late: the provider has begun and cannot stop it. {_goes_on(job)}"


def _goes_on(job: Job) -> str:
    if job.demo:
        return "It goes on; nothing is billed."
    return (
        f"It goes on and costs {said(job.estimated_micros, job.currency)}; you can keep it or hide it when it arrives."
    )


def _costs(job: Job) -> str:
    if job.demo:
        return "It is being fetched; nothing is billed."
    return f"It is being fetched and costs {said(job.estimated_micros, job.currency)}."
