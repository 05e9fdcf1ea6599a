"""A create call's answer was lost: was the task bought? The vendor's task list decides, never a second POST.

The list names neither the job nor its words; a task is told by account, model and time, less the tasks that other
submissions have, and, where several are left, by the words that the vendor repeats once a task has ended.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.dashscope import DashScope, TaskStatus, forgotten
from services.errors import KeyRefused, VendorError
from services.jobs.context import Context
from services.records import Job, JobStatus, OpenSubmission, Submission, SubmissionState

log = logging.getLogger(__name__)

_CLOCKS_APART = timedelta(minutes=2)
"""How far the vendor's clock may be from ours. Too wide costs patience, too narrow would buy a task twice."""
_LONGEST_CALL = timedelta(minutes=3)
"""No create call lasts longer, its repeats included: a crash says nothing of when the call would have ended."""
_LOOKS_AT_LEAST = 2
_LOOK_AGAIN_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A task nobody has claimed. `prompt` is None as long as the vendor does not tell it."""

    task_id: str
    created_at: datetime
    prompt: str | None
    ended: bool


async def reconcile(context: Context, job: Job, submission: Submission) -> None:
    """Settle an open submission: adopted, or proved not bought. Returns then, or when the job has ended."""
    submission = await context.history.ledger.lose(submission, lost_at=context.clock())
    asking = "The provider's answer was lost. Asking whether it took your order; nothing is ever ordered twice."
    await context.change(job.id, status=JobStatus.UNKNOWN, attention=asking)
    looks = 0
    while not (await context.history.job(job.id)).status.final:
        vendor = await context.vendor(job)
        candidates = await _look(context, vendor, submission) if vendor else None
        if candidates is None:
            await context.change(
                job.id,
                attention="The provider's answer was lost and its list of orders cannot be read just now. "
                "Looking again by itself; nothing is ever ordered twice.",
            )
        else:
            looks += 1
            if await _settle(context, submission, candidates, looks=looks):
                return
        if context.clock() - submission.started_at > 24 * 3600 * 1000:
            await context.fail(job, forgotten())
            return
        await context.pause(job.id, min(_LOOK_AGAIN_SECONDS, max(context.pace.settle / 3, 0.05)))


async def _settle(context: Context, submission: Submission, candidates: Sequence[Candidate], *, looks: int) -> bool:
    rivals = await context.history.ledger.open_ones(account=submission.account, vendor_model=submission.vendor_model)
    task_id = choose(submission.id, rivals, candidates)
    if task_id is not None:
        taken = await context.history.ledger.take(
            submission,
            task_id=task_id,
            status=JobStatus.PENDING,
            submitted_at=submission.started_at,
            updated_at=context.clock(),
            attention=None,
        )
        if taken is not None:
            log.info("job %s adopted task %s", submission.job_id, task_id)
            await context.announce(submission.job_id)
            return True
        return False
    mine = next((rival for rival in rivals if rival.submission.id == submission.id), None)
    waited = (context.clock() - (submission.lost_at or submission.started_at)) / 1000
    none_fits = mine is not None and not any(fits(mine, candidate) for candidate in candidates)
    if none_fits and looks >= _LOOKS_AT_LEAST and waited >= context.pace.settle:
        log.info("job %s was not bought, sending it", submission.job_id)
        await context.history.ledger.close(submission, state=SubmissionState.NOT_TAKEN)
        await context.change(submission.job_id, status=JobStatus.QUEUED, attention=None)
        return True
    return False


async def _look(context: Context, vendor: DashScope, submission: Submission) -> tuple[Candidate, ...] | None:
    """The unclaimed tasks around a submission, or None where the vendor cannot be asked."""
    start, end = window(submission)
    try:
        listed = await vendor.list_tasks(model=submission.vendor_model, start=start, end=end)
        ids = [task.task_id for task in listed]
        known = await context.history.ledger.known_tasks(account=submission.account, task_ids=ids)
        found = []
        for task in listed:
            if task.task_id in known:
                continue
            details = await vendor.query(task.task_id)
            found.append(
                Candidate(
                    task_id=task.task_id,
                    created_at=task.created_at,
                    prompt=details.orig_prompt,
                    ended=details.status in (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELED),
                )
            )
    except KeyRefused as error:
        log.warning("job %s: the task list is refused (%s)", submission.job_id, error.code)
        return None
    except VendorError as error:
        log.info("job %s: the task list cannot be read (%s)", submission.job_id, error.code)
        return None
    return tuple(found)


def window(submission: Submission) -> tuple[datetime, datetime]:
    """Between which times a task of this submission must have been created."""
    start = datetime.fromtimestamp(submission.started_at / 1000, UTC)
    end = start + _LONGEST_CALL
    if submission.lost_at is not None:
        end = min(end, datetime.fromtimestamp(submission.lost_at / 1000, UTC))
    return start - _CLOCKS_APART, end + _CLOCKS_APART


def fits(rival: OpenSubmission, candidate: Candidate) -> bool:
    """Whether a task could be this submission's."""
    start, end = window(rival.submission)
    if not start <= candidate.created_at <= end:
        return False
    return candidate.prompt is None or candidate.prompt == rival.prompt


def choose(submission_id: int, rivals: Sequence[OpenSubmission], candidates: Sequence[Candidate]) -> str | None:
    """The task that is this submission's, or None where that is not certain (yet).

    One task that fits nobody else is certain. Where several tasks and submissions fit each other, it is certain once
    every such task has told its words or has ended: what still fits then was bought with the same words, and is given
    out in the order of time.
    """
    group, tasks = _entangled(submission_id, rivals, candidates)
    certain = len(group) == len(tasks) == 1 or all(task.prompt is not None or task.ended for task in tasks)
    if not tasks or not certain:
        return None
    left = sorted(tasks, key=lambda task: (task.prompt is None, task.created_at, task.task_id))
    for rival in sorted(group, key=lambda one: (one.submission.started_at, one.submission.id)):
        own = next((task for task in left if fits(rival, task)), None)
        if rival.submission.id == submission_id:
            return own.task_id if own else None
        if own:
            left.remove(own)
    return None


def _entangled(
    submission_id: int, rivals: Sequence[OpenSubmission], candidates: Sequence[Candidate]
) -> tuple[list[OpenSubmission], list[Candidate]]:
    """The submission with every other that could claim the same tasks, however indirectly, and those tasks."""
    group = [rival for rival in rivals if rival.submission.id == submission_id]
    while True:
        tasks = [task for task in candidates if any(fits(rival, task) for rival in group)]
        wider = [rival for rival in rivals if rival in group or any(fits(rival, task) for task in tasks)]
        if len(wider) == len(group):
            return group, tasks
        group = wider
