"""When a submission may be sent: with a slot, at its send time, and not during a cooldown.

Hides the waiting. services.jobs.scheduling keeps the counts and learns from refusals.
"""

from __future__ import annotations

import logging
import random

from services.domain.errors import Throttled
from services.domain.jobs import Job
from services.jobs.context import Context
from services.jobs.steps.cancel import drop_if_canceled

log = logging.getLogger(__name__)

_LONGEST_ASKED = 60.0
"""The longest pause that the vendor can demand, in seconds."""
_LOOK_AGAIN = 0.2


async def take_turn(context: Context, job: Job) -> bool:
    """Wait until the job's submission may be sent.

    Returns False if its slot was taken away: then nothing may be sent.
    """
    slots = context.slots
    while True:
        now = context.clock()
        turn = await slots.turn_to_send(job, now=now)
        if turn is None:
            return False
        if turn > now:
            await context.sleep((turn - now) / 1000)
        while not context.workers.surely_here:
            await context.sleep(_LOOK_AGAIN)  # it stood still: another process may have this job by now
        # While it waited, another job's submission may have been refused.
        allowed = await slots.may_send(job, now=context.clock())
        if allowed is None:
            return False
        if allowed:
            return True


async def give_back(context: Context, job: Job, error: Throttled) -> None:
    """Handle a "too fast" response: learn from it, and let the job wait for a slot again with all unsent jobs."""
    back = await context.slots.refuse(
        job,
        now=context.clock(),
        first_pause_ms=max(context.pace.retry, min(error.after_seconds or 0, _LONGEST_ASKED)) * 1000,
        jitter=random.random(),
        attention=f"{error.message} It is not ordered yet; trying again by itself.",
    )
    log.info("job %s was throttled (%s): %d jobs wait again", job.id, error.code, len(back))
    for job_id in back:
        await context.announce(job_id)
    await drop_if_canceled(context, job.id)
