"""From queued to a known task id: the only place that may call a paid endpoint.

The submission row is committed before the POST. As long as it stands open, nothing is ever sent again: an answer that
was lost goes to `reconcile`, which either adopts the task or proves that there is none.
"""

from __future__ import annotations

import asyncio
import base64
import logging

from services.archive import Archive
from services.dashscope import DashScope
from services.errors import FileRefused, InvalidRequest, NotFound, NotTaken, OutcomeUnknown, Refused, VendorError
from services.jobs.context import Context
from services.jobs.reconcile import reconcile
from services.media import read_audio, read_image
from services.media.facts import MediaFacts
from services.records import Asset, Job, JobStatus, JobWithAssets, SubmissionState
from services.request import Request, build, files_to_send, parse

log = logging.getLogger(__name__)

_BEFORE_TASK = frozenset({JobStatus.QUEUED, JobStatus.UPLOADING, JobStatus.SUBMITTING, JobStatus.UNKNOWN})
_INLINE_BYTES = 7 * 1024 * 1024
"""The largest picture to send inside the body, where uploads are not to be had. Source: wan-image-api.md 1.4 (a general
limit of 10 MiB for a data URI, which adds a third), checked 2026-11-22."""


async def submit(context: Context, job_id: str) -> Job | None:
    """Create the job's task, at most once. Returns the job with its task id, or None where the job has ended."""
    pause = context.pace.retry
    while True:
        found = await context.history.with_assets(job_id)
        job = found.job
        if job.status.final:
            return None
        if job.task_id:
            return job
        submission = await context.history.ledger.latest(job_id)
        if submission is not None and submission.state is SubmissionState.OPEN:
            await reconcile(context, job, submission)
            continue
        if job.cancel_requested:
            await _cancel_unsent(context, job)
            return None
        try:
            await _attempt(context, found, attempt=submission.attempt + 1 if submission else 1)
        except NotTaken as error:
            log.info("job %s not taken (%s), trying again", job_id, error.code or type(error).__name__)
            await context.change(
                job_id,
                only_from=_BEFORE_TASK,
                status=JobStatus.QUEUED,
                attention=f"{error.message} Nothing was bought. Trying again by itself.",
            )
            await context.pause(job_id, pause)
            pause = min(pause * 2, context.pace.retry_longest)


async def _cancel_unsent(context: Context, job: Job) -> None:
    await context.change(
        job.id, status=JobStatus.CANCELED, finished_at=context.clock(), actual_micros=0, attention=None
    )


async def _attempt(context: Context, found: JobWithAssets, *, attempt: int) -> None:
    """Try once to create the task. Raises NotTaken where the very same may be tried again."""
    job = found.job
    vendor = await context.vendor(job)
    if vendor is None:
        await _key_is_missing(context, job)
        return
    try:
        request = await request_of(context, found)
        if files_to_send(request):
            await context.change(job.id, only_from=_BEFORE_TASK, status=JobStatus.UPLOADING, attention=None)
        urls = await _upload(context.archive, vendor, request, found.assets)
    except Refused as error:
        await context.fail(job, error)
        return
    except (InvalidRequest, NotFound, FileRefused) as error:
        await context.fail(job, Refused(error.message, code="InvalidRequest"))
        return
    await _post(context, vendor, job, request, urls=urls, attempt=attempt)


async def _key_is_missing(context: Context, job: Job) -> None:
    if job.demo:
        # Demo jobs belong to the simulator of a studio in demo mode: with a key there is nobody to ask.
        await _cancel_unsent(context, job)
        return
    await context.say(job, "Waiting for the key this was asked with. Nothing was bought yet.")
    await context.pause(job.id, context.pace.retry_longest)


async def _post(
    context: Context, vendor: DashScope, job: Job, request: Request, *, urls: dict[str, str], attempt: int
) -> None:
    body = build(request, urls)
    ready = await context.change(job.id, only_from=_BEFORE_TASK, status=JobStatus.SUBMITTING, attention=None)
    if ready is None or ready.cancel_requested:
        return
    submission = await context.history.ledger.open(job, attempt=attempt, started_at=context.clock())
    try:
        uses_oss = any(url.startswith("oss://") for url in urls.values())
        created = await vendor.create(request.model.endpoint.path, body, uses_oss=uses_oss)
    except NotTaken:
        await context.history.ledger.close(submission, state=SubmissionState.NOT_TAKEN)
        raise
    except OutcomeUnknown:
        log.warning("job %s: the answer to its create call was lost", job.id)
        return  # the open submission sends the next round to reconcile
    except Refused as error:
        await context.history.ledger.close(submission, state=SubmissionState.NOT_TAKEN)
        await context.fail(job, error)
        return
    except VendorError as error:
        # Neither a refusal nor a task: treated like a lost answer, since it may have been taken.
        log.warning("job %s: unreadable answer to its create call (%s)", job.id, error.code)
        return
    await context.history.ledger.take(
        submission,
        task_id=created.task_id,
        request_id=created.request_id,
        status=JobStatus.PENDING,
        submitted_at=context.clock(),
        updated_at=context.clock(),
        attention=None,
    )
    log.info("job %s task %s pending", job.id, created.task_id)
    await context.announce(job.id)


async def request_of(context: Context, found: JobWithAssets) -> Request:
    """The request a job was made from, with the facts of its files read anew. Raises InvalidRequest."""
    job = found.job
    given: dict[str, object] = {**job.parameters, "prompt": job.prompt}
    for asset in found.assets:
        if asset.role != "output":
            given[asset.role] = await asyncio.to_thread(_facts, context.archive, asset)
    return parse(context.catalogue, family=job.family, model_id=job.model, region=job.region, given=given)


def _facts(archive: Archive, asset: Asset) -> MediaFacts:
    read = read_image if asset.kind == "image" else read_audio
    return read(archive.path(asset.key), name=asset.name)


async def _upload(archive: Archive, vendor: DashScope, request: Request, assets: tuple[Asset, ...]) -> dict[str, str]:
    """Put the files where the vendor can read them. Repeating it costs nothing: uploads are free and kept 48 h."""
    given = {asset.role: asset for asset in assets}
    urls: dict[str, str] = {}
    for field in files_to_send(request):
        asset = given[field.name]
        path = archive.path(asset.key)
        try:
            urls[field.name] = await vendor.upload(request.offer.id, path, name=path.name)
        except Refused:
            # Whether every region takes uploads is not documented; a small picture can travel inside the body.
            if not field.data_uri or asset.bytes > _INLINE_BYTES:
                raise
            urls[field.name] = await asyncio.to_thread(_data_uri, archive, asset)
    return urls


def _data_uri(archive: Archive, asset: Asset) -> str:
    data = base64.b64encode(archive.path(asset.key).read_bytes()).decode("ascii")
    return f"data:{asset.mime};base64,{data}"
