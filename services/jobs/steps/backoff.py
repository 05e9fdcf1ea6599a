"""Jobs that cannot be sent at the moment and hold no slot: they rest and retry, a person decides, or they are stopped.

Nothing is sent again without end. After the allowed number of failed submissions, a person is asked; after MOST_IN_VAIN
the job ends. Only this job is stopped: others of the same model continue.
"""

from __future__ import annotations

import logging

from services.dashscope import orders_in_vain
from services.domain.errors import NotTaken, Throttled, Unavailable, Unreachable, VendorError
from services.domain.jobs import Because, Decision, Job, JobStatus, Submission
from services.domain.people import EVERYONE
from services.jobs.context import Context

log = logging.getLogger(__name__)

MOST_IN_VAIN = 5
"""A job with this many failed submissions in a row is not sent any more, whether or not a person decides to send it."""
SENDS_PER_DECISION = 3
"""How many submissions may fail before a person is asked, and after each answer."""
THROTTLED_PER_SEND = 20
"""A submission refused as too fast is retried at its next send time, this many times as often as a failed one."""
_UNSENT = frozenset({JobStatus.QUEUED, JobStatus.UPLOADING, JobStatus.SUBMITTING})
_FULL_PAUSES = (6, 24)
"""The pauses after the first and second failed submission, in multiples of `Pace.retry`: 30 seconds and two minutes."""
_MOST_DOUBLINGS = 8


async def note_not_taken(context: Context, submission: Submission, error: NotTaken) -> None:
    """Record that the vendor did not accept a submission. One that never left this machine leaves no row."""
    if isinstance(error, Unreachable):
        await context.history.submissions.withdraw(submission)
        return
    because = Because.THROTTLED if isinstance(error, Throttled) else Because.FULL
    await context.history.submissions.close(submission, because=because)


async def rest(context: Context, job: Job, error: VendorError) -> None:
    """Give the slot back and retry later. After too many failed submissions a person is asked instead."""
    sendings = await context.history.submissions.sendings(job.id)
    if isinstance(error, Unavailable) and sendings.in_vain:
        if sendings.in_vain >= min(job.sends_allowed, MOST_IN_VAIN):
            await _hold(context, job, sendings.in_vain, error.message)
            return
        steps = _FULL_PAUSES[min(sendings.in_vain, len(_FULL_PAUSES)) - 1]
        pause = context.pace.retry * steps
    else:
        tries = context.rests[job.id] = context.rests[job.id] + 1
        pause = min(context.pace.retry * 2 ** min(tries - 1, _MOST_DOUBLINGS), context.pace.retry_longest)
    log.info("job %s refused (%s), backing off %.0f s", job.id, error.code or type(error).__name__, pause)
    await rest_for(context, job, pause, f"{error.message} It is not ordered yet; trying again by itself.")


async def rest_for(context: Context, job: Job, seconds: float, attention: str) -> None:
    """Give the slot back for `seconds`, showing a sentence meanwhile."""
    await context.change(
        job.id,
        only_from=_UNSENT,
        only_slot=job.dispatched_at,
        status=JobStatus.QUEUED,
        dispatched_at=None,
        rests_until=context.clock() + round(seconds * 1000),
        attention=attention,
    )


async def hold_if_throttled_for_long(context: Context, job_id: str) -> None:
    """Ask a person about a job whose submissions were refused as too fast again and again."""
    job = await context.history.job(job_id, owner=EVERYONE)
    sendings = await context.history.submissions.sendings(job_id)
    if sendings.throttled >= THROTTLED_PER_SEND * job.sends_allowed:
        await _hold(context, job, sendings.throttled, "Too many requests come from this account.")


async def stop_if_hopeless(context: Context, job_id: str) -> None:
    """End a job that has too many failed submissions in a row. Nothing is known to be billed then."""
    job = await context.history.job(job_id, owner=EVERYONE)
    sendings = await context.history.submissions.sendings(job_id)
    if sendings.in_vain < MOST_IN_VAIN or job.status not in _UNSENT:
        return
    log.error("job %s: %d submissions in a row failed, stopping it", job_id, sendings.in_vain)
    values = await context.failure(job, orders_in_vain())
    await context.change(job_id, only_from=_UNSENT, **values, decision=None)


async def _hold(context: Context, job: Job, times: int, why: str) -> None:
    """Ask a person whether to send the job again: nothing was billed."""
    log.warning("job %s: refused %d times, a person has to decide", job.id, times)
    await context.change(
        job.id,
        only_from=_UNSENT,
        status=JobStatus.QUEUED,
        dispatched_at=None,
        decision=Decision.REFUSED,
        attention=f"{why} It was sent {times} times and not taken; nothing was bought.",
    )
    await stop_if_hopeless(context, job.id)
