"""From a finished work to files on our disk. The vendor's links die after 24 hours, so this never gives up before."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.articles import grow
from services.dashscope import DashScope, Part, Task, TaskStatus, forgotten, nothing_given
from services.errors import FileRefused, InvalidRequest, NotConfigured, NotFound, StudioError, VendorError
from services.jobs.context import Context
from services.jobs.fetching import fetch, keep_article
from services.jobs.submitting import request_of
from services.records import ArticleItem, Asset, Job, JobStatus
from services.request import output_count

log = logging.getLogger(__name__)

_LOST = "Not everything could be fetched before the provider's 24 hours were over."


@dataclass
class _Saved:
    """What of a work is on our disk."""

    files: dict[int, Asset] = field(default_factory=dict)
    """Clips and pictures by their number, counted from 1: what is here is not fetched again."""
    whole: bool = False


async def save(context: Context, job: Job, task: Task | None = None) -> None:
    """Fetch a work's results and finish the job: files first, then the rows, in one transaction.

    `task` is how the vendor has just told it; without it, and after a fetch that broke off, the vendor is asked. A live
    job has no task: the links that it was given are in its row.
    """
    if job.task_id is None:
        await _save_live(context, job)
    else:
        await _save_task(context, job, task)


# Tasks ---------------------------------------------------------------------------------------------------------------


async def _save_task(context: Context, job: Job, task: Task | None) -> None:
    pause, saved, remark = context.pace.first_poll, _Saved(), None
    parts: Sequence[Part] = ()
    while not saved.whole:
        try:
            vendor = await _vendor(context, job)
            task = task or await vendor.query(job.task_id or "")
            if task.status is TaskStatus.SUCCEEDED:
                parts, remark = task.parts, await _remark(context, job, task)
                await _fetch_all(context, vendor, job, parts, saved)
        except (StudioError, OSError) as error:
            await _stumble(context, job, error)
        if not saved.whole:
            if context.over(job):
                break
            task = None  # its links may have died
            await context.pause(job.id, pause)
            pause = min(pause * 2, context.pace.retry_longest)
    if not saved.files:
        await context.fail(job, forgotten())
        return
    items = _article(parts, saved)
    await _finish(context, job, saved, items=items, remark=remark if saved.whole else _LOST)


async def _fetch_all(context: Context, vendor: DashScope, job: Job, parts: Sequence[Part], saved: _Saved) -> None:
    """Fetch every clip and picture that is not here yet.

    Raises StudioError or OSError for the first that cannot be had; what came before it stays in `saved`.
    """
    links = [part.url for part in parts if part.url]
    if not links:
        raise VendorError("The provider says that it is done but gives no link to the result.", code="NoResult")
    for number, link in enumerate(links, start=1):
        if number not in saved.files:
            saved.files[number] = await fetch(context, vendor, job, link, number=number)
    saved.whole = True


def _article(parts: Sequence[Part], saved: _Saved) -> list[ArticleItem]:
    """The words with the pictures that are here in their places; nothing where there are no words."""
    items: list[ArticleItem] = []
    number = 0
    for part in parts:
        grow(items, text=part.text)
        number += bool(part.url)
        if part.url and number in saved.files:
            items.append({"output": saved.files[number].id})
    return items if any(item.get("text", "").strip() for item in items) else []


async def _remark(context: Context, job: Job, task: Task) -> str | None:
    """What there is to say of the pictures that were asked for and not made."""
    made = len(task.result_urls)
    asked = made + len(task.failures)
    if not task.failures:
        try:
            request = await request_of(context, await context.history.with_assets(job.id))
        except (InvalidRequest, NotFound):
            return None  # the catalogue has dropped the model since: nobody knows how many were asked for
        may_be_fewer = any(mode.at_most for mode in request.model.modes_on(request.values))
        asked = made if may_be_fewer or request.model.result.is_video else output_count(request)
    if asked <= made:
        return None
    reasons = dict.fromkeys(failure.error().message for failure in task.failures)
    few = "It is" if asked - made == 1 else "They are"
    return " ".join([f"{asked - made} of {asked} pictures could not be made.", *reasons, f"{few} not billed."])


# Live jobs -----------------------------------------------------------------------------------------------------------


async def _save_live(context: Context, job: Job) -> None:
    pause = context.pace.first_poll
    items = list(job.article or ())
    if not items:
        await context.fail(job, nothing_given())
        return
    found = await context.history.with_assets(job.id)
    saved = _Saved({asset.position: asset for asset in found.assets if asset.role == "output"})
    present = frozenset(asset.id for asset in saved.files.values())
    while not saved.whole:
        try:
            await _fetch_links(context, job, items, saved)
        except (StudioError, OSError) as error:
            await _stumble(context, job, error)
        if not saved.whole:
            if context.over(job):
                break
            await context.pause(job.id, pause)
            pause = min(pause * 2, context.pace.retry_longest)
    remark = job.remark
    if not saved.whole:
        remark = f"{remark} {_LOST}" if remark else _LOST
        items = [item for item in items if "link" not in item]
    await _finish(context, job, saved, items=items, remark=remark, present=present)


async def _fetch_links(context: Context, job: Job, items: list[ArticleItem], saved: _Saved) -> None:
    """Every picture of which only the link is here. Raises StudioError or OSError for the first that cannot be had."""
    number = 0
    for index, item in enumerate(items):
        number += "text" not in item
        if "link" in item:
            vendor = await _vendor(context, job)
            saved.files[number] = await fetch(context, vendor, job, item["link"], number=number)
            items[index] = {"output": saved.files[number].id}
    saved.whole = True


# Both ----------------------------------------------------------------------------------------------------------------


async def _finish(
    context: Context,
    job: Job,
    saved: _Saved,
    *,
    items: Sequence[ArticleItem],
    remark: str | None,
    present: frozenset[str] = frozenset(),
) -> None:
    """The end of a job that succeeded. `present` are the ids of files whose rows are written already."""
    pictures = [saved.files[number] for number in sorted(saved.files)]
    files = [picture for picture in pictures if picture.id not in present]
    if items:
        files.append(await keep_article(context, job, items, pictures))
    await context.change(
        job.id,
        status=JobStatus.SUCCEEDED,
        finished_at=context.clock(),
        files=files,
        article=list(items) or None,
        remark=remark,
        attention=None,
    )
    log.info("job %s task %s succeeded", job.id, job.task_id)


async def _vendor(context: Context, job: Job) -> DashScope:
    vendor = await context.vendor(job)
    if vendor is None:
        raise NotConfigured("Waiting for the key this was made with: add it again to fetch the result.")
    return vendor


async def _stumble(context: Context, job: Job, error: StudioError | OSError) -> None:
    log.warning("job %s task %s: result not saved yet (%s)", job.id, job.task_id, type(error).__name__)
    await context.say(job, _trouble(error))


def _trouble(error: StudioError | OSError) -> str:
    if isinstance(error, OSError):
        return f"The result cannot be written to the disk ({error.strerror}). It is kept at the provider; trying again."
    if isinstance(error, NotConfigured):
        return error.message
    if isinstance(error, FileRefused):
        return f"{error.message} The result is kept at the provider; trying again."
    return "The result is ready and is being fetched again: the last try broke off. It is kept at the provider."
