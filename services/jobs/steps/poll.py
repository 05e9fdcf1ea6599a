"""Poll a known task to its end, as the vendor reports it. No timer of ours ever declares a job failed."""

from __future__ import annotations

import logging
from typing import Any, assert_never

from services.dashscope import Task, TaskStatus, forgotten, is_of_what_was_given
from services.domain.errors import InvalidRequest, KeyRefused, NotFound, Refused, VendorError
from services.domain.jobs import Job, JobStatus
from services.domain.money import to_micros
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.expiry import expiry
from services.jobs.pace import Pace
from services.jobs.steps.cancel import overtaken, withdraw
from services.jobs.steps.poll_many import PolledTask
from services.jobs.steps.reconcile import disown
from services.jobs.steps.submit import request_of
from services.jobs.timing.poll_schedule import PollSchedule
from services.request import billed

log = logging.getLogger(__name__)

_WAITING = frozenset({JobStatus.PENDING, JobStatus.RUNNING})
_SURELY = 3
"""How often in a row the vendor must report a task as unknown, or as failed without naming the task, to be believed.

The first such answers may come too early.
"""
_TOO_EARLY_MS = 60_000
"""For this long after a submission those answers are not believed at all: a lag must not give up a paid task."""
_SILENT_TROUBLE = 3
"""How many polls may fail before a notice is shown."""
_NOT_KNOWN = "The provider does not know your order just now; asking again."
_UNSURE_SHARE = 0.5
"""Without samples of its group, a pause is at most this share of the time that a task has taken so far.

A job that runs faster than documented is then noticed soon.
"""
_SURE_SAMPLES = 5
LONGEST_POLLS = 4
"""A pause is at most this many usual ones, however certain it is that nothing can be ready yet."""
_CALM_PER_SECOND = 10
"""The most polls a second that an account's jobs make together, if the longest pause allows it.

That is half of what the vendor accepts: list, cancel and save requests then need not wait.
"""


async def wait(context: Context, job: Job) -> Task | None:
    """Poll until the task has ended. Returns the task if it succeeded and its result is to be downloaded.

    If the task turns out to be another person's, the job is of unknown fate afterwards.
    """
    context.waiting[job.account] += 1
    try:
        with context.rounds.joined(job) as place:
            return await _wait(context, job, place)
    finally:
        context.waiting[job.account] -= 1


async def _wait(context: Context, job: Job, place: PolledTask) -> Task | None:
    unknown = trouble = bare = 0
    while True:
        answer = await _poll(context, job)
        task = answer if isinstance(answer, Task) else None
        bare = bare + 1 if isinstance(answer, Refused) else 0
        trouble = 0 if answer else trouble + 1
        unknown = unknown + 1 if task and task.status is TaskStatus.UNKNOWN and not _is_new(context, job) else 0
        job = await context.history.job(job.id, owner=EVERYONE)
        if job.status.final:
            return None
        if unknown >= _SURELY or (context.over(job) and (task is None or task.status is TaskStatus.OTHER)):
            await context.fail(job, forgotten())
            return None
        if bare >= _SURELY and isinstance(answer, Refused):
            await context.fail(job, answer)
            return None
        if task is not None and await _note(context, job, task):
            job = await context.history.job(job.id, owner=EVERYONE)
            return task if job.status is JobStatus.SAVING else None
        if trouble == _SILENT_TROUBLE:
            await context.say(job, "The provider cannot be reached just now. Your order goes on there; asking again.")
        elif task is not None and not job.cancel_requested:
            job = await context.say(job, _unusual(task))
            if task.status is TaskStatus.RUNNING and job.status is not JobStatus.RUNNING:
                job = await context.history.job(job.id, owner=EVERYONE)  # as just noted
        if task is not None:
            context.rounds.saw(place, at_work=task.status is TaskStatus.RUNNING)
        pause = _pause(context, job)
        if context.rounds.covers(place):
            pause = max(pause, LONGEST_POLLS * context.pace.poll)
        await context.pause(job.id, pause)


def _unusual(task: Task) -> str | None:
    """Return the sentence to show for a task in an unusual state, or None."""
    match task.status:
        case TaskStatus.UNKNOWN:
            return _NOT_KNOWN
        case TaskStatus.OTHER:
            return f"The provider says “{task.word}” of your order, which the studio does not know. Check again."
        case _:
            return None


def _is_new(context: Context, job: Job) -> bool:
    return context.clock() - (job.submitted_at or job.created_at) < _TOO_EARLY_MS


async def _poll(context: Context, job: Job) -> Task | Refused | None:
    """Return the current task, or None if the vendor cannot be queried at the moment.

    Refused is a failed task reported by its code alone: the pages on pictures show this form (wan-image-api.md 1.6).
    """
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
    except Refused as error:
        log.info("job %s task %s: the answer is only %s", job.id, job.task_id, error.code or error.http_status)
        return error if is_of_what_was_given(error) else None
    except VendorError as error:
        log.info("job %s task %s: poll failed (%s)", job.id, job.task_id, error.code or type(error).__name__)
    return None


def _pause(context: Context, job: Job) -> float:
    expected = context.timing.expected(job)
    return next_pause(
        context.pace,
        plan=context.timing.plan(job, every=context.pace.poll),
        at_work=job.status is JobStatus.RUNNING,
        elapsed=(context.clock() - _began(job)) / 1000,
        sure=expected.samples >= _SURE_SAMPLES,
        waiting=context.waiting[job.account] * context.workers.size,
    )


def _began(job: Job) -> int:
    """Return since when a task has been running, or in the vendor's queue.

    The vendor's own time counts if it agrees with our clock.
    """
    bought = job.submitted_at or job.created_at
    if job.status is not JobStatus.RUNNING or job.running_at is None:
        return bought
    told = job.scheduled_at
    return told if told is not None and bought <= told <= job.running_at else job.running_at


def next_pause(pace: Pace, *, plan: PollSchedule, elapsed: float, at_work: bool, sure: bool, waiting: int) -> float:
    """Return the seconds until the next poll of a task that has been running, or else queued, for `elapsed` seconds.

    `sure` means that such jobs were measured here; `waiting` jobs share the account.
    """
    longest = LONGEST_POLLS * pace.poll if at_work else pace.poll
    wanted = min(longest, plan.pause(elapsed if at_work else 0.0))
    if not sure:
        wanted = min(wanted, _UNSURE_SHARE * elapsed)
    return max(pace.first_poll, wanted, min(pace.poll, waiting / _CALM_PER_SECOND))


async def _note(context: Context, job: Job, task: Task) -> bool:
    """Record the news about a task. Returns True if it has ended."""
    match task.status:
        case TaskStatus.PENDING:
            return await withdraw(context, job)
        case TaskStatus.SUSPENDED | TaskStatus.UNKNOWN | TaskStatus.OTHER:
            return False
        case TaskStatus.RUNNING:
            if job.status is not JobStatus.RUNNING or job.cancel_requested:
                log.info("job %s task %s running", job.id, job.task_id)
                await context.change(
                    job.id,
                    only_from=_WAITING,
                    status=JobStatus.RUNNING,
                    running_at=job.running_at or context.clock(),
                    attention=None,
                    **_overtaken(job, done=False),
                    **_times(task),
                )
            return False
        case TaskStatus.SUCCEEDED if await disown(context, job, task):
            pass
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
                **_overtaken(job, done=True),
                **_times(task),
            )
            await context.timing.learn(job.vendor_model)
        case TaskStatus.FAILED:
            await context.fail(job, task.error(), **_times(task))
        case TaskStatus.CANCELED:
            log.info("job %s task %s canceled", job.id, job.task_id)
            await context.change(
                job.id,
                only_from=_WAITING,
                status=JobStatus.CANCELED,
                finished_at=context.clock(),
                actual_micros=0,
                attention=None,
                **_times(task),
            )
        case _:
            assert_never(task.status)
    return True


def _overtaken(job: Job, *, done: bool) -> dict[str, Any]:  # Any: members of a job, as they are written
    """Return the changes for a job whose cancel came too late, or nothing if it was not canceled."""
    return overtaken(job, done=done) if job.cancel_requested else {}


def _times(task: Task) -> dict[str, Any]:  # Any: members of a job, as they are written
    """Return when the vendor began and ended, as far as reported. Milliseconds, by its clock."""
    told = {"scheduled_at": task.scheduled_at, "ended_at": task.ended_at}
    return {name: round(moment.timestamp() * 1000) for name, moment in told.items() if moment is not None}


def expires_at(context: Context, job: Job, task: Task) -> int:
    """Return when the vendor drops the result of a succeeded task. Milliseconds."""
    return expiry(ended_at=task.ended_at, bought_at=job.submitted_at or job.created_at, seen_at=context.clock())


_ESTIMATED = (
    "The studio does not know this model's price any more: the estimate of when it was ordered counts as its cost."
)


async def _billed(context: Context, job: Job, task: Task) -> int:
    """Return the cost of the task and its precheck, in millionths, or the estimate if `usage` is missing."""
    try:
        request = await request_of(context, await context.history.with_assets(job.id, owner=EVERYONE))
    except (InvalidRequest, NotFound):
        # The catalogue has dropped the model or a value since. The estimate was made at the model's own price, so it is
        # closer to the truth than the highest known rate.
        await context.change(job.id, remark=_ESTIMATED)
        return job.estimated_micros
    amount = billed(request, task.usage)
    if amount is None:
        return job.estimated_micros
    return to_micros(amount) + await context.history.prechecks.paid_by(job.id)
