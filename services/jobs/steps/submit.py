"""Take a job from queued to a known task id, or through a live call. All billed calls are made from here.

The submission row is committed before the POST. While it is open, nothing is ever sent again: a lost answer goes to
`reconcile`, which adopts the task or leaves it to a person; a live call that broke is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from services.dashscope import DashScope
from services.database.restored_jobs import is_held
from services.domain.errors import (
    FileRefused,
    InvalidRequest,
    NotFound,
    NotTaken,
    OutcomeUnknown,
    Refused,
    Throttled,
    VendorError,
)
from services.domain.jobs import Asset, Because, Job, JobStatus, JobWithAssets, Submission, SubmissionState
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.late_tasks import look_back
from services.jobs.scheduling import has_slot
from services.jobs.steps.backoff import hold_if_throttled_for_long, note_not_taken, rest, rest_for
from services.jobs.steps.precheck import passes
from services.jobs.steps.reconcile import reconcile
from services.jobs.steps.stream import make_live, settle_interrupted
from services.jobs.steps.throttle import give_back, take_turn
from services.jobs.steps.upload import Urls, upload_files, uses_oss
from services.media import read_audio, read_image, read_video
from services.media.facts import MediaFacts
from services.request import Request, build, files_to_send, parse
from services.storage.archive import Archive

log = logging.getLogger(__name__)

_BEFORE_TASK = frozenset({JobStatus.QUEUED, JobStatus.UPLOADING, JobStatus.SUBMITTING, JobStatus.UNKNOWN})


async def submit(context: Context, job_id: str, *, grant: int | None) -> Job | None:
    """Create the job's task, or make its live call, at most once.

    `grant` is the time when the slot was given that this run uses: with another slot the job runs somewhere else.
    Returns the job with its task id, or a live job ready to be saved; None if the job has ended or no longer holds this
    slot.
    """
    while True:
        # Read the submission first: a decision made between the two reads takes the slot away, which the second read
        # shows.
        submission = await context.history.submissions.latest(job_id)
        found = await context.history.with_assets(job_id, owner=EVERYONE)
        job = found.job
        if job.status.final or job.dispatched_at != grant or is_held(job):
            return None
        if job.task_id or job.status is JobStatus.SAVING:
            context.rests.pop(job_id, None)
            return job
        if not has_slot(job):
            return None
        if submission is not None and submission.state is SubmissionState.OPEN:
            await (settle_interrupted if submission.live else reconcile)(context, job, submission)
            continue
        if job.cancel_requested:
            await context.end_canceled(job.id)
            return None
        if submission is not None and submission.was_lost and await look_back(context, submission) is not None:
            continue  # a person had it sent again, and the first task has appeared in the list
        try:
            await _attempt(context, found, attempt=submission.attempt + 1 if submission else 1)
        except NotTaken as error:
            await rest(context, job, error)
            return None


async def _attempt(context: Context, found: JobWithAssets, *, attempt: int) -> None:
    """Make one attempt at the submission. Raises NotTaken if the same request may be tried again."""
    job = found.job
    vendor = await context.vendor(job)
    if vendor is None:
        await _key_is_missing(context, job)
        return
    try:
        request = await request_of(context, found)
        if files_to_send(request) and not await _begin(context, job, JobStatus.UPLOADING):
            return
        if not await passes(context, vendor, found, request):
            return
        urls = await upload_files(context.archive, vendor, request, found.assets)
    except Refused as error:
        await context.fail(job, error)
        return
    except (InvalidRequest, NotFound, FileRefused) as error:
        await context.fail(job, Refused(error.message, code="InvalidRequest"))
        return
    await _post(context, vendor, job, request, urls=urls, attempt=attempt)


async def _begin(context: Context, job: Job, status: JobStatus) -> Job | None:
    """Move the job to its next status. Returns None if it has ended, or was granted another slot since it was read."""
    return await context.change(
        job.id, only_from=_BEFORE_TASK, only_slot=job.dispatched_at, status=status, attention=None
    )


async def _key_is_missing(context: Context, job: Job) -> None:
    if job.demo:
        # Demo jobs belong to the simulator of a studio in demo mode: with a key there is no simulator to query.
        await context.end_canceled(job.id)
        return
    waits = "Waiting for the key this was asked with. Nothing was bought yet."
    await rest_for(context, job, context.pace.retry_longest, waits)


async def _post(context: Context, vendor: DashScope, job: Job, request: Request, *, urls: Urls, attempt: int) -> None:
    body = build(request, urls)
    if not await take_turn(context, job):
        return
    ready = await _begin(context, job, JobStatus.SUBMITTING)
    if ready is None or ready.cancel_requested:
        return
    submission = await context.history.submissions.open(
        job, attempt=attempt, started_at=context.clock(), live=request.live
    )
    canceled = (await context.history.job(job.id, owner=EVERYONE)).cancel_requested
    if canceled or not context.workers.surely_here:
        # The job was canceled at this very moment; or this process stood still, and others may consider it gone and
        # have looked this submission up already.
        await context.history.submissions.withdraw(submission)
        return
    try:
        if request.live:
            await make_live(context, vendor, request, body, submission=submission, uses_oss=uses_oss(urls))
        else:
            await _create(context, vendor, request, body, submission=submission, uses_oss=uses_oss(urls))
    except Throttled as error:
        await give_back(context, job, error)
        await hold_if_throttled_for_long(context, job.id)


async def _create(
    context: Context,
    vendor: DashScope,
    request: Request,
    body: Mapping[str, object],
    *,
    submission: Submission,
    uses_oss: bool,
) -> None:
    job_id = submission.job_id
    try:
        created = await vendor.create(request.model.endpoint.path, body, uses_oss=uses_oss)
    except NotTaken as error:
        await note_not_taken(context, submission, error)
        raise
    except OutcomeUnknown:
        log.warning("job %s: the answer to its create call was lost", job_id)
        return  # the open submission sends the next round to reconcile
    except Refused as error:
        await context.history.submissions.close(submission, because=Because.REFUSED)
        await context.fail(await context.history.job(job_id, owner=EVERYONE), error)
        return
    except VendorError as error:
        # Neither a refusal nor a task: treat it as a lost answer, since the vendor may have accepted it.
        log.warning("job %s: unreadable answer to its create call (%s)", job_id, error.code)
        return
    taken = await context.history.submissions.take(
        submission,
        task_id=created.task_id,
        request_id=created.request_id,
        status=JobStatus.PENDING,
        submitted_at=context.clock(),
        updated_at=context.clock(),
        attention=None,
    )
    if taken is None:
        log.error("job %s task %s was created after its submission was given up", job_id, created.task_id)
        return
    log.info("job %s task %s pending", job_id, created.task_id)
    await context.announce(job_id)


async def request_of(context: Context, found: JobWithAssets) -> Request:
    """Rebuild the request of a job, reading the facts of its files again. Raises InvalidRequest."""
    job = found.job
    given: dict[str, object] = {**job.parameters, "prompt": job.prompt}
    files: dict[str, list[MediaFacts]] = {}
    for asset in sorted(found.assets, key=lambda asset: asset.position):
        if not asset.is_output:
            facts = await asyncio.to_thread(_facts, context.archive, asset)
            files.setdefault(asset.role, []).append(facts)
    given |= {role: facts[0] if len(facts) == 1 else facts for role, facts in files.items()}
    return parse(context.catalogue, family=job.family, model_id=job.model, region=job.region, given=given)


_READERS: Mapping[str, Callable[[Path], MediaFacts]] = {"image": read_image, "audio": read_audio, "video": read_video}


def _facts(archive: Archive, asset: Asset) -> MediaFacts:
    """Return the facts of a given file, from a cache: reading a long clip again for each step would be slow."""
    return _remembered(_READERS[asset.kind], archive.path(asset.key))


@lru_cache(maxsize=256)
def _remembered(read: Callable[[Path], MediaFacts], path: Path) -> MediaFacts:
    # Inputs are stored under the hash of their contents, so the facts of a path stay valid.
    return read(path)
