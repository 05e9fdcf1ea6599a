"""Find out whether a create call without an answer bought a task: by the vendor's task list, never by a second POST.

services.jobs.task_matching decides which task belongs to which submission. A task that was the only candidate, and then
reports another prompt, is given up again. If the list shows no task for long enough, a person decides about a second
submission. services.jobs.late_tasks finds a task that appears only after that.
"""

from __future__ import annotations

import logging
from enum import Enum, auto

from services.dashscope import Task, forgotten
from services.domain.jobs import Decision, Job, JobStatus, Submission
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.steps.backoff import stop_if_hopeless
from services.jobs.steps.cancel import drop_if_canceled
from services.jobs.task_list import ListUnreadable, Look
from services.jobs.task_matching import choose, fits, may_yet_fit, never_tells, same_words, whole_window

log = logging.getLogger(__name__)

_LOOKS_AT_LEAST = 2
_LOOK_AGAIN_SECONDS = 5.0
_LOOKS_SPREAD = 12
"""The pause between two looks grows to the waiting time so far divided by this."""
_LONGEST_LOOK_SECONDS = 30.0
_LAGS = 2.0
"""A missing task counts as not taken only after this many times the longest lag seen in the list."""
_ASK_AFTER_MS = 120_000
"""How long the list may be unreachable before a person is asked. If the vendor refuses, a person is asked at once."""
_FORGOTTEN_AFTER_MS = 24 * 3_600_000
"""How long the vendor keeps a task (wan-video-api.md 7)."""
_ON_THE_WAY = frozenset({JobStatus.QUEUED, JobStatus.UPLOADING, JobStatus.SUBMITTING})
_LOOKED_UP = frozenset({JobStatus.UNKNOWN})

_ASKING = (
    "The provider's answer was lost. The studio looks for your order in the provider's list, which can take some "
    "minutes; nothing is ever ordered twice."
)
_CANNOT_READ = (
    "The provider's answer was lost and its list of orders cannot be read just now. "
    "Looking again by itself; nothing is ever ordered twice."
)
_COULD_NOT_READ = (
    "The provider's answer was lost, and its list of orders cannot be read, so nobody can tell whether this was "
    "bought. The studio keeps looking; you can wait, or decide."
)
_MAY_NOT_READ = (
    "The provider's answer was lost, and your key may not read its list of orders, so nobody can tell whether this was "
    "bought. Put the key right in Settings and it is looked up; or decide."
)
_CANNOT_TELL = (
    "The provider's answer was lost. Its list of orders has one that may be this or somebody else's, and does not say "
    "which words it was made from, so nobody can tell whether this was bought. You can wait, or decide."
)

_BEHIND = (
    "The provider's answer was lost, and its list of orders is behind: it lacks other orders that were taken, or did "
    "so lately. So it is not known yet whether this was bought. You can wait, or decide."
)


class _Found(Enum):
    """The result of a look at the list."""

    SETTLED = auto()
    NOTHING_YET = auto()
    DOUBT = auto()
    """A person has to decide: it may have been bought, and the vendor will not say."""
    BEHIND = auto()
    """The same, because the list lacks tasks that exist."""


async def reconcile(context: Context, job: Job, submission: Submission) -> None:
    """Settle an open submission: adopt its task, leave an unlisted one to a person, or give up after a day."""
    submission = await context.history.submissions.lose(submission, lost_at=context.clock())
    if job.status is not JobStatus.UNKNOWN:
        await context.change(job.id, only_from=_ON_THE_WAY, status=JobStatus.UNKNOWN, decision=None, attention=_ASKING)
    looks, trouble_since, pause = 0, 0, 0.0
    while True:
        job = await context.history.job(job.id, owner=EVERYONE)
        if job.status is not JobStatus.UNKNOWN:
            return
        again = _look_again(context, submission)
        slower = min(max(pause, again) * 2, max(context.pace.retry_longest, again))
        try:
            look = await context.task_list.look(job, submission, [whole_window(submission)])
        except ListUnreadable as trouble:
            trouble_since = trouble_since or context.clock()
            waited = context.clock() - trouble_since
            ask = trouble.refused or waited >= _ASK_AFTER_MS
            await _tell(context, job, key_refused=trouble.key_refused, ask=ask)
            pause = slower
        else:
            looks, trouble_since = looks + 1, 0
            match await _settle(context, job, submission, look, looks=looks):
                case _Found.SETTLED:
                    return
                case _Found.NOTHING_YET:
                    pause = again
                    await _withdraw_question(context, job)
                case _Found.DOUBT:
                    pause = slower
                    await _ask(context, job, _CANNOT_TELL)
                case _Found.BEHIND:
                    pause = again
                    await _ask(context, job, _BEHIND)
        if context.clock() - submission.started_at > _FORGOTTEN_AFTER_MS:
            await _give_up(context, job, submission)
            return
        await context.pause(job.id, pause)


def _look_again(context: Context, submission: Submission) -> float:
    """Return the seconds until the next look: short at first, when the task is most likely to appear."""
    waited = (context.clock() - (submission.lost_at or submission.started_at)) / 1000
    first = min(_LOOK_AGAIN_SECONDS, max(context.pace.settle / 3, 0.05))
    return min(max(first, waited / _LOOKS_SPREAD), _LONGEST_LOOK_SECONDS)


async def _tell(context: Context, job: Job, *, key_refused: bool, ask: bool) -> None:
    """Show that the list cannot be read, and after a while let a person decide. The studio keeps looking."""
    if not ask:
        await context.say(job, _CANNOT_READ if job.decision is None else job.attention)
        return
    await _ask(context, job, _MAY_NOT_READ if key_refused else _COULD_NOT_READ)


async def _ask(context: Context, job: Job, why: str) -> None:
    if job.decision is not Decision.WANTED or job.attention != why:
        log.warning("job %s: the task list is inconclusive, a person has to decide", job.id)
        await context.change(job.id, only_from=_LOOKED_UP, decision=Decision.WANTED, attention=why)


async def _withdraw_question(context: Context, job: Job) -> None:
    if job.decision is not None or job.attention != _ASKING:
        await context.change(job.id, only_from=_LOOKED_UP, decision=None, attention=_ASKING)


async def _give_up(context: Context, job: Job, submission: Submission) -> None:
    """Give up a submission after a day. By then the vendor has dropped its task, so its fate can never be known."""
    values = await context.failure(job, forgotten())
    if await context.history.submissions.give_up(submission, **values, decision=None, updated_at=context.clock()):
        await context.announce(job.id)


async def _settle(context: Context, job: Job, submission: Submission, look: Look, *, looks: int) -> _Found:
    rivals = await context.history.submissions.rivals(submission)
    task_id = choose(submission.id, rivals, look.candidates)
    if task_id is not None:
        taken = await context.history.submissions.take(
            submission,
            task_id=task_id,
            status=JobStatus.PENDING,
            submitted_at=submission.started_at,
            updated_at=context.clock(),
            attention=None,
            decision=None,
        )
        if taken is not None:
            log.info("job %s adopted task %s", submission.job_id, task_id)
            await context.announce(submission.job_id)
        return _Found.SETTLED if taken is not None else _Found.NOTHING_YET
    mine = next((rival for rival in rivals if rival.submission.id == submission.id), None)
    waited = (context.clock() - (submission.lost_at or submission.started_at)) / 1000
    if mine is None or looks < _LOOKS_AT_LEAST or waited < context.pace.settle:
        return _Found.NOTHING_YET
    if any(fits(mine, one) or may_yet_fit(mine, one) for one in look.candidates):
        return _Found.NOTHING_YET
    if any(never_tells(mine, one) for one in look.candidates):
        return _Found.DOUBT
    if look.behind or waited < _LAGS * context.task_list.lag_seconds(submission.account):
        return _Found.BEHIND
    return _Found.SETTLED if await _leave_to_a_person(context, job, submission, waited) else _Found.NOTHING_YET


async def _leave_to_a_person(context: Context, job: Job, submission: Submission, waited: float) -> bool:
    """Let a person decide about a second submission, since the list shows no task of the first.

    Returns False if the submission was settled meanwhile.
    """
    minutes = max(1, round(waited / 60))
    why = (
        "The provider's answer was lost, and its list of orders did not show this one within "
        f"{minutes} minute{'s' if minutes > 1 else ''}. It was most likely not taken."
    )
    closed = await context.history.submissions.close_unlisted(
        submission,
        status=JobStatus.QUEUED,
        dispatched_at=None,
        attention=why,
        decision=Decision.UNLISTED,
        updated_at=context.clock(),
    )
    if closed is None:
        return False
    log.warning("job %s: its task is not listed after %.0f s, a person has to decide", job.id, waited)
    await drop_if_canceled(context, job.id)
    await stop_if_hopeless(context, job.id)
    await context.announce(job.id)
    return True


async def disown(context: Context, job: Job, task: Task) -> bool:
    """Give up an adopted task that did not report its prompt at first and now reports a different one.

    Another person bought it with the same account. The job is then looked up again. Returns False for every other task.
    """
    submission = await context.history.submissions.latest(job.id)
    adopted = submission is not None and submission.lost_at is not None and submission.task_id == task.task_id
    if submission is None or not adopted or task.orig_prompt is None or same_words(task.orig_prompt, job.prompt):
        return False
    again = await context.history.submissions.disown(
        submission,
        status=JobStatus.UNKNOWN,
        submitted_at=None,
        running_at=None,
        scheduled_at=None,
        attention=_ASKING,
        decision=None,
        updated_at=context.clock(),
    )
    if again is not None:
        log.warning("job %s: task %s belongs to another job, reconciling again", job.id, task.task_id)
        await context.announce(job.id)
    return again is not None
