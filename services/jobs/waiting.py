"""From a known task to its end, as the vendor tells it. No timer of ours ever declares a job failed."""

from __future__ import annotations

import logging
from typing import assert_never

from services.dashscope import Task, TaskStatus, forgotten
from services.errors import InvalidRequest, KeyRefused, NotFound, Refused, VendorError
from services.jobs.context import Context, Pace
from services.jobs.submitting import request_of
from services.jobs.urgency import expiry
from services.records import Job, JobStatus
from services.request import billed

log = logging.getLogger(__name__)

_WAITING = frozenset({JobStatus.PENDING, JobStatus.RUNNING})
_SURELY_UNKNOWN = 3
"""How many times in a row the vendor must say that it does not know a task: the first words may come too early."""
_SILENT_TROUBLE = 3
"""How many polls may fail before anybody is told."""
_EARLY_SHARE = 0.25
"""A pause is at most this share of the time a task has taken so far: what is made quickly is noticed soon."""
_LATE_SHARE = 0.02
"""And may always be this share of it: who has waited ten minutes does not mind twelve seconds."""
_SOON = 5.0
"""In between, the pause in seconds: what the vendor's own package does."""
_CALM_PER_SECOND = 10
"""How many polls a second an account's jobs make together at most, as long as the longest pause allows: half of what
the vendor takes, so that list, cancel and save find a turn at once."""


async def wait(context: Context, job: Job) -> Task | None:
    """Poll until the task has ended. The task, where it has succeeded and its result is to be fetched."""
    context.waiting[job.account] += 1
    try:
        return await _wait(context, job)
    finally:
        context.waiting[job.account] -= 1


async def _wait(context: Context, job: Job) -> Task | None:
    unknown = trouble = 0
    while True:
        task = await _poll(context, job)
        trouble = 0 if task else trouble + 1
        unknown = unknown + 1 if task and task.status is TaskStatus.UNKNOWN else 0
        job = await context.history.job(job.id)
        if job.status.final:
            return None
        if unknown >= _SURELY_UNKNOWN or (context.over(job) and task is None):
            await context.fail(job, forgotten())
            return None
        if task is not None and await _note(context, job, task):
            job = await context.history.job(job.id)
            return task if job.status is JobStatus.SAVING else None
        if trouble == _SILENT_TROUBLE:
            await context.say(job, "The provider cannot be reached just now. Your order goes on there; asking again.")
        elif task is not None:
            await context.say(job, None)
        await context.pause(job.id, _pause(context, job))


async def _poll(context: Context, job: Job) -> Task | None:
    """The task as it stands, or None where the vendor cannot be asked just now."""
    vendor = await context.vendor(job)
    if vendor is None:
        if job.demo:
            await context.fail(job, Refused("Demo mode was switched off before this was done.", code="DemoEnded"))
        else:
            await context.say(job, "Waiting for the key this was made with: add it again to fetch the result.")
        return None
    try:
        return await vendor.query(job.task_id or "")
    except KeyRefused as error:
        await context.say(job, f"{error.message} Your order goes on at the provider; correct the key to fetch it.")
    except VendorError as error:
        log.info("job %s task %s: poll failed (%s)", job.id, job.task_id, error.code or type(error).__name__)
    return None


def _pause(context: Context, job: Job) -> float:
    elapsed = (context.clock() - (job.submitted_at or job.created_at)) / 1000
    return next_pause(context.pace, elapsed=elapsed, waiting=context.waiting[job.account])


def next_pause(pace: Pace, *, elapsed: float, waiting: int) -> float:
    """Seconds until the next poll of a task bought `elapsed` seconds ago, where `waiting` jobs share the account."""
    wanted = min(_EARLY_SHARE * elapsed, max(_SOON, _LATE_SHARE * elapsed))
    return min(pace.poll, max(pace.first_poll, wanted, waiting / _CALM_PER_SECOND))


async def _note(context: Context, job: Job, task: Task) -> bool:
    """Write down what is new about a task. True where it has ended."""
    match task.status:
        case TaskStatus.PENDING | TaskStatus.SUSPENDED | TaskStatus.UNKNOWN:
            return False
        case TaskStatus.RUNNING:
            if job.status is not JobStatus.RUNNING:
                log.info("job %s task %s running", job.id, job.task_id)
                await context.change(
                    job.id, only_from=_WAITING, status=JobStatus.RUNNING, running_at=context.clock(), attention=None
                )
            return False
        case TaskStatus.SUCCEEDED:
            log.info("job %s task %s succeeded, saving", job.id, job.task_id)
            await context.change(
                job.id,
                only_from=_WAITING,
                status=JobStatus.SAVING,
                expires_at=expires_at(context, job, task),
                rewritten_prompt=task.actual_prompt,
                actual_micros=await _billed(context, job, task),
                attention=None,
            )
        case TaskStatus.FAILED:
            await context.fail(job, task.error())
        case TaskStatus.CANCELED:
            log.info("job %s task %s canceled", job.id, job.task_id)
            await context.change(
                job.id,
                only_from=_WAITING,
                status=JobStatus.CANCELED,
                finished_at=context.clock(),
                actual_micros=0,
                attention=None,
            )
        case _:
            assert_never(task.status)
    return True


def expires_at(context: Context, job: Job, task: Task) -> int:
    """When the vendor drops the result of a task that has succeeded. Milliseconds."""
    return expiry(ended_at=task.ended_at, bought_at=job.submitted_at or job.created_at, seen_at=context.clock())


async def _billed(context: Context, job: Job, task: Task) -> int:
    """What the task and the check before it cost, in millionths; the estimate where `usage` does not say."""
    try:
        request = await request_of(context, await context.history.with_assets(job.id))
    except (InvalidRequest, NotFound):
        # The catalogue has dropped the model or a value since: what was estimated then is the best there is.
        return job.estimated_micros
    amount = billed(request, task.usage)
    if amount is None:
        return job.estimated_micros
    return round(amount * 1_000_000) + await context.history.checks.paid_by(job.id)
