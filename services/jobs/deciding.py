"""What a person decides about a job of which nobody can tell whether it was bought: send it again, or let it go."""

from __future__ import annotations

import logging
from typing import Any, assert_never

from services.errors import StudioError
from services.jobs.context import Context
from services.money.amounts import said
from services.records import Decision, Job, JobStatus, SubmissionState

log = logging.getLogger(__name__)

_SETTLED = "There is nothing to decide any more: it was cleared up meanwhile."


async def decide(context: Context, job_id: str, decision: Decision) -> Job:
    """Take a person's word for what nobody can look up. Raises NotFound, StudioError where nobody is asked, and OverCap
    where a cap does not allow for a second order beside one that may have been bought.

    Either way the order that was lost counts as given up: it may have been bought, and that stays in the books.
    """
    job = await context.history.job(job_id)
    submission = await context.history.ledger.latest(job_id)
    asked = job.status is JobStatus.UNKNOWN and job.decision is not None and job.decision.asks
    if not asked or submission is None or submission.state is not SubmissionState.OPEN:
        raise StudioError(_SETTLED)
    now, history = context.clock(), context.history
    values = {**_values(job, decision, now=now), "decision": decision, "updated_at": now}
    if decision is Decision.SEND:
        decided = await history.ledger.send_again(submission, job, caps=history.caps, **values)
    else:
        decided = await history.ledger.give_up(submission, **values)
    if decided is None:
        raise StudioError(_SETTLED)
    log.warning("job %s: %s decided to %s it, whether it was bought is not known", job_id, job.person, decision)
    context.wake_up(job_id)
    await context.announce(job_id)
    return decided


def _values(job: Job, decision: Decision, *, now: int) -> dict[str, Any]:  # Any: members of a job
    match decision:
        case Decision.SEND:
            # It waits for its turn like any other: its lane is needed by nobody meanwhile.
            return {
                "status": JobStatus.QUEUED,
                "dispatched_at": None,
                "cancel_requested": False,
                "attention": None,
                "remark": "Sent again, as you decided. "
                f"If the first order was taken too, it costs {_amount(job)} more.",
            }
        case Decision.DROP:
            return {
                "status": JobStatus.CANCELED,
                "finished_at": now,
                "actual_micros": 0 if job.demo else None,
                "attention": None,
                "remark": f"You let this go. If the provider took the order, it costs {_amount(job)}: see its bill.",
            }
        case Decision.WANTED | Decision.RESTORED:
            raise StudioError("The decision is `send` or `drop`.")
        case _:
            assert_never(decision)


def _amount(job: Job) -> str:
    return "nothing" if job.demo else said(job.estimated_micros, job.currency)
