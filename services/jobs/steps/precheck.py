"""The precheck of a job: will the vendor accept this picture? It is billed, so it is asked once for each picture.

The row is written before the call. A lost answer is never asked for again automatically: the job ends, and only a new
job from a person asks again.
"""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import assert_never

from services.catalogue.schema import Precheck
from services.dashscope import DashScope, explain, find
from services.domain.errors import NotTaken, OutcomeUnknown, Refused, VendorError
from services.domain.jobs import Asset, Job, JobWithAssets, PrecheckRun, PrecheckState
from services.domain.money import to_micros
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.steps.upload import upload
from services.request import Request, build_check

log = logging.getLogger(__name__)

_SYMBOLS = {"CNY": "¥", "USD": "$"}


async def passes(context: Context, vendor: DashScope, found: JobWithAssets, request: Request) -> bool:
    """Return whether the vendor accepts a job's picture, by a new or an earlier precheck. False if the job has ended.

    True for a model without a precheck. Raises NotTaken if the same precheck may be asked again, and Refused.
    """
    precheck = request.model.precheck
    picture = next((asset for asset in found.assets if precheck and asset.role == precheck.field), None)
    if precheck is None or picture is None:
        return True
    while True:
        check = await _asked(context, vendor, found.job, precheck=precheck, picture=picture)
        if check is not None:
            return await _judge(context, found.job, check)
        if (await context.history.job(found.job.id, owner=EVERYONE)).status.final:
            return False


async def _asked(
    context: Context, vendor: DashScope, job: Job, *, precheck: Precheck, picture: Asset
) -> PrecheckRun | None:
    """Return a picture's answered precheck, or None if another job is asking it at the moment."""
    checks = context.history.prechecks
    check = await checks.find(job, vendor_check=precheck.id, sha256=picture.sha256)
    if check is None:
        url = await upload(context.archive, vendor, precheck.id, picture, inline=False)
        check, is_mine = await checks.begin(
            job,
            vendor_check=precheck.id,
            sha256=picture.sha256,
            micros=to_micros(precheck.price),
            asked_at=context.clock(),
        )
        if is_mine:
            return await _ask(context, vendor, check, precheck=precheck, url=url)
    if check.state is not PrecheckState.OPEN:
        return check
    if check.job_id == job.id:
        return await _lose(context, check)  # this job was interrupted while it asked
    if (await context.history.job(check.job_id, owner=EVERYONE)).status.final:
        await _lose(context, check)  # the job that asked has ended without an answer
    else:
        await context.pause(job.id, context.pace.first_poll)
    return None


async def _ask(context: Context, vendor: DashScope, check: PrecheckRun, *, precheck: Precheck, url: str) -> PrecheckRun:
    settle = context.history.prechecks.settle
    try:
        body = build_check(precheck, url)
        answer = await vendor.ask_once(precheck.path, body, uses_oss=url.startswith("oss://"))
    except (NotTaken, Refused) as error:
        await settle(check, state=PrecheckState.NOT_TAKEN, answered_at=context.clock(), code=error.code)
        raise
    except VendorError:
        return await _lose(context, check)
    log.info("job %s: check %s %s", check.job_id, check.vendor_check, "passed" if answer.passed else answer.code)
    return await settle(
        check,
        state=PrecheckState.PASSED if answer.passed else PrecheckState.REFUSED,
        answered_at=context.clock(),
        code=answer.code,
        message=answer.message,
    )


async def _lose(context: Context, check: PrecheckRun) -> PrecheckRun:
    log.warning("job %s: the answer to check %s was lost", check.job_id, check.vendor_check)
    return await context.history.prechecks.settle(check, state=PrecheckState.LOST, answered_at=context.clock())


async def _judge(context: Context, job: Job, check: PrecheckRun) -> bool:
    match check.state:
        case PrecheckState.PASSED:
            return not await _is_over(context, job)
        case PrecheckState.REFUSED:
            if not await _is_over(context, job):
                await context.fail(job, _refused(check))
        case PrecheckState.LOST:
            if not await _is_over(context, job):
                await context.fail(job, _lost(check))
        case PrecheckState.OPEN | PrecheckState.NOT_TAKEN:
            raise ValueError(f"check {check.id} is {check.state}")
        case _:
            assert_never(check.state)
    return False


async def _is_over(context: Context, job: Job) -> bool:
    """Return whether the job was canceled while it asked. The precheck is billed anyway."""
    job = await context.history.job(job.id, owner=EVERYONE)
    paid = await context.history.prechecks.paid_by(job.id)
    if job.status.final and job.actual_micros is not None and job.actual_micros < paid:
        await context.change(job.id, actual_micros=paid)
    return job.status.final


def _refused(check: PrecheckRun) -> VendorError:
    """Build the refusal of a picture. An undocumented reason is given in the vendor's own words."""
    code, message = check.code, check.message
    if find(code, message) is None:
        code, message = "CheckFailed", f"{code} {message}".strip()
    return Refused(explain(code, message).happened, code=code, http_status=200, vendor_message=message)


def _lost(check: PrecheckRun) -> VendorError:
    amount = Decimal(check.micros) / 1_000_000
    money = f"{_SYMBOLS.get(check.currency, check.currency + ' ')}{amount.normalize():f}"
    return OutcomeUnknown(
        "The portrait check's answer was lost, and it is not asked again by itself. Nothing was made; it may have "
        f"cost {money}. Press Generate to check again.",
        code="CheckLost",
    )
