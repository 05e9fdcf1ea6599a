"""When an order may be sent: with a slot, in its turn, and not while the vendor has asked for a pause.

Hides the waiting. What is counted, and what a refusal teaches: services.jobs.scheduling.
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
"""The longest pause the vendor can ask us for. Seconds."""
_LOOK_AGAIN = 0.2


async def take_turn(context: Context, job: Job) -> bool:
    """Wait until the job's order may be sent. False where its slot was taken away: then nothing may be sent."""
    slots = context.slots
    while True:
        now = context.clock()
        turn = await slots.turn_to_send(job, now=now)
        if turn is None:
            return False
        if turn > now:
            await context.sleep((turn - now) / 1000)
        while not context.workers.surely_here:
            await context.sleep(_LOOK_AGAIN)  # it stood still: perhaps others have this job by now
        # While it waited, another's order may have been refused.
        allowed = await slots.may_send(job, now=context.clock())
        if allowed is None:
            return False
        if allowed:
            return True


async def give_back(context: Context, job: Job, error: Throttled) -> None:
    """After "too fast": learn from it, and let the job wait for a slot again with all that were not sent yet."""
    back = await context.slots.refuse(
        job,
        now=context.clock(),
        first_pause_ms=max(context.pace.retry, min(error.after_seconds or 0, _LONGEST_ASKED)) * 1000,
        jitter=random.random(),
        attention=f"{error.message} It is not ordered yet; trying again by itself.",
    )
    log.info("job %s was refused as too fast (%s): %d wait again", job.id, error.code, len(back))
    for job_id in back:
        await context.announce(job_id)
    await drop_if_canceled(context, job.id)
