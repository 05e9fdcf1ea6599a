"""A person's decision about a job that the studio does not send again by itself: send it, or drop it."""

from __future__ import annotations

import logging
from typing import Any

from services.domain.errors import StudioError
from services.domain.jobs import Decision, Job, JobStatus, SubmissionState
from services.domain.money import said
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.steps.backoff import SENDS_PER_DECISION

log = logging.getLogger(__name__)

_WAITS = frozenset({JobStatus.QUEUED})
_LET_GO = "You let this go. Nothing was bought."
_SETTLED = "There is nothing to decide any more: it was cleared up meanwhile."


async def decide(context: Context, job_id: str, decision: Decision) -> Job:
    """Apply a person's decision.

    Raises NotFound; StudioError if no person is asked; and OverCap if a cap does not allow a second submission beside
    one that may have been billed.

    A submission that may have been billed counts as given up, and its money stays in the books. One that the vendor's
    list does not show, or that the vendor refused, costs nothing.
    """
    if decision.is_open:
        raise StudioError("The decision is `send` or `drop`.")
    job = await context.history.job(job_id, owner=EVERYONE)
    if job.status is JobStatus.UNKNOWN and job.decision in (Decision.WANTED, Decision.RESTORED):
        decided = await _decide_unknown(context, job, decision)
    elif job.status is JobStatus.QUEUED and job.decision in (Decision.UNLISTED, Decision.REFUSED):
        decided = await _decide_not_taken(context, job, decision)
    else:
        decided = None
    if decided is None:
        raise StudioError(_SETTLED)
    log.warning("job %s: %s decided to %s it", job_id, job.person, decision)
    context.wake_up(job_id)
    await context.announce(job_id)
    return decided


async def _decide_unknown(context: Context, job: Job, decision: Decision) -> Job | None:
    """Apply a decision about a submission that may have been billed."""
    now, history = context.clock(), context.history
    submission = await history.submissions.latest(job.id)
    if submission is None or submission.state is not SubmissionState.OPEN:
        return None
    if decision is Decision.SEND:
        remark = f"Sent again, as you decided. If the first order was taken too, it costs {_amount(job)} more."
        values = await _sent_again(context, job, remark=remark, more=1)
        return await history.submissions.send_again(submission, job, caps=history.caps, **values)
    return await history.submissions.give_up(
        submission,
        status=JobStatus.CANCELED,
        finished_at=now,
        actual_micros=0 if job.demo else None,
        attention=None,
        decision=Decision.DROP,
        remark=f"You let this go. If the provider took the order, it costs {_amount(job)}: see its bill.",
        updated_at=now,
    )


async def _decide_not_taken(context: Context, job: Job, decision: Decision) -> Job | None:
    """Apply a decision about a submission that was most likely, or certainly, not billed."""
    unlisted = job.decision is Decision.UNLISTED
    if decision is Decision.SEND:
        remark = "Sent again, as you decided."
        if unlisted:
            remark += f" If the first order turns up after all, it is kept for you and costs {_amount(job)} more."
        values = await _sent_again(context, job, remark=remark)
        return await context.history.change(job.id, only_from=_WAITS, only_decision=job.decision, **values)
    remark = "You let this go. Nothing was bought, as far as the provider's list shows." if unlisted else _LET_GO
    return await context.history.change(
        job.id,
        only_from=_WAITS,
        only_decision=job.decision,
        status=JobStatus.CANCELED,
        finished_at=context.clock(),
        actual_micros=await context.history.prechecks.paid_by(job.id),
        attention=None,
        decision=Decision.DROP,
        remark=remark,
        updated_at=context.clock(),
    )


async def _sent_again(context: Context, job: Job, *, remark: str, more: int = 0) -> dict[str, Any]:
    """Return the fields of a job that waits for a slot like any other: it needs none meanwhile.

    Any because the values are of every type. `more` failed submissions are about to be written.
    """
    sendings = await context.history.submissions.sendings(job.id)
    return {
        "status": JobStatus.QUEUED,
        "dispatched_at": None,
        "cancel_requested": False,
        "attention": None,
        "rests_until": None,
        "sends_allowed": sendings.in_vain + more + SENDS_PER_DECISION,
        "decision": Decision.SEND,
        "remark": remark,
        "updated_at": context.clock(),
    }


def _amount(job: Job) -> str:
    return "nothing" if job.demo else said(job.estimated_micros, job.currency)
