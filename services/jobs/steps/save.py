"""Download a finished job's results to our disk. The vendor's links expire after 24 hours; this never gives up earlier.

Hides the retries and their order: see services.jobs.expiry for the rule.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.dashscope import DashScope, Part, Task, TaskStatus, forgotten, nothing_given
from services.domain.articles import grow
from services.domain.errors import (
    FileRefused,
    InvalidRequest,
    KeyRefused,
    NotConfigured,
    NotFound,
    StudioError,
    VendorError,
)
from services.domain.jobs import ArticleItem, Asset, Job, JobStatus
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.expiry import ALARM_SECONDS, lost_at, next_pause
from services.jobs.steps.download import CutShort, fetch, keep_article
from services.jobs.steps.poll import expires_at
from services.jobs.steps.submit import request_of
from services.request import output_count

log = logging.getLogger(__name__)

LOST = "Not everything could be fetched before the provider's 24 hours were over."
"""The remark on a job whose result is partly lost."""
_SHORT = "The provider's file seems to be cut short. It came twice like this and is kept as it is."
_NO_LINK = "NoResult"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass
class _Saved:
    """The results of a job that are on our disk. Clips and pictures are keyed by number, counted from 1."""

    files: dict[int, Asset] = field(default_factory=dict[int, Asset])
    """These files are not downloaded again."""
    whole: bool = False
    written: set[str] = field(default_factory=set[str])
    """The ids of the files whose rows are written already."""
    came_short: dict[int, str] = field(default_factory=dict[int, str])
    """Checksums of results refused as cut short."""
    kept_short: bool = False
    """True if one of the files is cut short at the vendor, too."""

    def remark(self, *remarks: str | None) -> str | None:
        """Join the remarks about the result, one sentence after the other."""
        said = (*remarks, None if self.whole else LOST, _SHORT if self.kept_short else None)
        return " ".join(filter(None, said)) or None


async def save(context: Context, job: Job, task: Task | None = None) -> None:
    """Download a job's results and finish the job: files first, then the rows, in one transaction.

    `task` is the vendor's latest answer; without it, and after a download that broke off, the vendor is queried. A live
    job has no task: its links are in its row.
    """
    if job.task_id is None:
        await _save_live(context, job)
    else:
        await _save_task(context, job, task)


# Tasks ---------------------------------------------------------------------------------------------------------------


async def _save_task(context: Context, job: Job, task: Task | None) -> None:
    patience, saved, remark = _Patience(context), await _kept(context, job), None
    is_fresh = task is not None
    while not saved.whole:
        try:
            vendor = await _vendor(context, job)
            if task is None or not is_fresh:
                task = await _look(vendor, job, task)
            if task.status is TaskStatus.SUCCEEDED and task.failures and not task.parts:
                await context.fail(job, task.failures[0].error())
                return
            if task.status is TaskStatus.SUCCEEDED:
                job = await _note_expiry(context, job, task)
                remark = await _remark(context, job, task)
                await _fetch_all(context, vendor, job, _links(task), saved)
            else:
                job = await context.say(job, "The provider does not know the result just now; asking again.")
        except (StudioError, OSError) as error:
            await _show(context, job, saved)
            job = await _stumble(context, job, error)
        is_fresh = False  # its links may have expired
        if not saved.whole and not await patience.lasts(job):
            break
    if not saved.files:
        await context.fail(job, forgotten())
        return
    items = _article(task.parts if task else (), saved)
    said = saved.remark(job.remark, remark if saved.whole else None)
    await _finish(context, job, saved, items=items, remark=said)


class _Patience:
    """The pauses between the tries of one job."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pause = context.pace.first_poll

    async def lasts(self, job: Job) -> bool:
        """Pause before the next try. Returns False at once if the result is lost by now."""
        context, pace = self._context, self._context.pace
        if context.over(job):
            return False
        left = (lost_at(job) - context.clock()) / 1000
        pause = next_pause(self._pause, longest=pace.retry_longest, shortest=pace.first_poll, left=left)
        woken = await context.pause(job.id, pause)
        self._pause = pace.first_poll if woken else min(self._pause * 2, pace.retry_longest)
        return True


async def _show(context: Context, job: Job, saved: _Saved) -> None:
    """Record the files that are here already: one missing picture does not hide the others."""
    new = [asset for asset in saved.files.values() if asset.id not in saved.written]
    if new:
        await context.change(job.id, files=new)
        saved.written |= {asset.id for asset in new}


async def _look(vendor: DashScope, job: Job, known: Task | None) -> Task:
    """Return the task with fresh links, or the known one if the vendor cannot be queried or has dropped the task."""
    try:
        task = await vendor.query(job.task_id or "")
    except VendorError:
        if known is None:
            raise
        return known
    return task if known is None or task.status is TaskStatus.SUCCEEDED else known


async def _note_expiry(context: Context, job: Job, task: Task) -> Job:
    """Record the expiry of the result, if that was not done when the task ended."""
    if job.expires_at is not None or task.ended_at is None:
        return job
    return await context.change(job.id, expires_at=expires_at(context, job, task)) or job


def _links(task: Task) -> dict[int, str]:
    """Return the links to the results, by number. Raises VendorError if there is none."""
    if not task.result_urls:
        raise VendorError("The provider says that it is done but gives no link to the result.", code=_NO_LINK)
    return dict(enumerate(task.result_urls, start=1))


async def _fetch_all(context: Context, vendor: DashScope, job: Job, links: dict[int, str], saved: _Saved) -> None:
    """Download every missing clip and picture concurrently: one that fails stops no other.

    Raises the StudioError or OSError of the first number that failed.
    """
    errors: dict[int, StudioError | OSError] = {}

    async def one(number: int, link: str) -> None:
        before = saved.came_short.get(number, "")
        try:
            fetched = await fetch(context, vendor, job, link, number=number, cut_short_before=before)
        except (StudioError, OSError) as error:
            errors[number] = error
            if isinstance(error, CutShort):
                saved.came_short[number] = error.sha256
        else:
            saved.files[number] = fetched.asset
            saved.kept_short |= fetched.cut_short

    async with asyncio.TaskGroup() as group:
        for number, link in links.items():
            if number not in saved.files:
                group.create_task(one(number, link))
    if errors:
        raise errors[min(errors)]
    saved.whole = True


def _article(parts: Sequence[Part], saved: _Saved) -> list[ArticleItem]:
    """Combine the text with the available pictures in their positions. Returns an empty list if there is no text."""
    items: list[ArticleItem] = []
    number = 0
    for part in parts:
        grow(items, text=part.text)
        number += bool(part.url)
        if part.url and number in saved.files:
            items.append({"output": saved.files[number].id})
    return items if any(item.get("text", "").strip() for item in items) else []


async def _remark(context: Context, job: Job, task: Task) -> str | None:
    """Return a remark about requested pictures that were not made, or None."""
    made = len(task.result_urls)
    asked = made + len(task.failures)
    if not task.failures:
        try:
            request = await request_of(context, await context.history.with_assets(job.id, owner=EVERYONE))
        except (InvalidRequest, NotFound):
            return None  # the catalogue has dropped the model since: the requested number is unknown
        may_be_fewer = any(mode.at_most for mode in request.model.modes_on(request.values))
        asked = made if may_be_fewer or request.model.result.is_video else output_count(request)
    if asked <= made:
        return None
    reasons = dict.fromkeys(failure.error().message for failure in task.failures)
    few = "It is" if asked - made == 1 else "They are"
    return " ".join([f"{asked - made} of {asked} pictures could not be made.", *reasons, f"{few} not billed."])


# Live jobs -----------------------------------------------------------------------------------------------------------


async def _save_live(context: Context, job: Job) -> None:
    patience, items = _Patience(context), list(job.article or ())
    if not items:
        await context.fail(job, nothing_given())
        return
    if job.expires_at is None:
        job = await context.change(job.id, expires_at=lost_at(job)) or job
    saved = await _kept(context, job)
    while not saved.whole:
        try:
            await _fetch_links(context, job, items, saved)
        except (StudioError, OSError) as error:
            job = await _stumble(context, job, error)
        if not saved.whole and not await patience.lasts(job):
            break
    if not saved.whole:
        items = [item for item in items if "link" not in item]
    await _finish(context, job, saved, items=items, remark=saved.remark(job.remark))


async def _fetch_links(context: Context, job: Job, items: list[ArticleItem], saved: _Saved) -> None:
    """Download every picture that is still a link. Raises StudioError or OSError for the first that fails."""
    places = dict(enumerate((i for i, item in enumerate(items) if "text" not in item), start=1))
    links = {number: items[at]["link"] for number, at in places.items() if "link" in items[at]}
    if not links:
        saved.whole = True
        return
    try:
        await _fetch_all(context, await _vendor(context, job), job, links, saved)
    finally:
        for number in links.keys() & saved.files.keys():
            items[places[number]] = {"output": saved.files[number].id}


# Both ----------------------------------------------------------------------------------------------------------------


async def _kept(context: Context, job: Job) -> _Saved:
    """Return the results of a job that are stored already."""
    found = await context.history.with_assets(job.id, owner=EVERYONE)
    files = {asset.position: asset for asset in found.assets if asset.is_output}
    return _Saved(files, written={asset.id for asset in files.values()})


async def _finish(
    context: Context,
    job: Job,
    saved: _Saved,
    *,
    items: Sequence[ArticleItem],
    remark: str | None,
) -> None:
    """Finish a job that succeeded."""
    pictures = [saved.files[number] for number in sorted(saved.files)]
    files = [picture for picture in pictures if picture.id not in saved.written]
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


async def _stumble(context: Context, job: Job, error: StudioError | OSError) -> Job:
    left = (lost_at(job) - context.clock()) / 1000
    level = logging.ERROR if left < ALARM_SECONDS else logging.WARNING
    log.log(level, "job %s task %s: not saved, %.0f s left (%s)", job.id, job.task_id, left, type(error).__name__)
    return await context.say(job, _trouble(error))


def _trouble(error: StudioError | OSError) -> str:
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, OSError) and cause.errno in _FULL:
        return "The studio's disk is full. The result is kept at the provider, and saved as soon as there is room."
    match error:
        case OSError() | FileRefused() if isinstance(cause, OSError) and cause.errno:
            why = f"The result cannot be written to the disk ({cause.strerror})."
        case NotConfigured():
            return error.message
        case KeyRefused():
            return f"{error.message} The result is kept at the provider; correct the key to fetch it."
        case CutShort():
            why = error.message
        case FileRefused():
            why = "What came is nothing that can be shown."
        case VendorError(code=code) if code == _NO_LINK:
            return f"{error.message} Check again by itself."
        case _:
            return "The result is ready and is being fetched again: the last try broke off. It is kept at the provider."
    return f"{why} The result is kept at the provider; trying again."
