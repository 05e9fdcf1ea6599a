"""Download a link at the vendor to a file on our disk, and build its asset."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from services.dashscope import DashScope, Downloaded
from services.domain.articles import markdown
from services.domain.errors import FileRefused, Unavailable
from services.domain.jobs import OUTPUT, ArticleItem, Asset, Job, output_id
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.expiry import lost_at
from services.jobs.steps.verify import clip_is_whole, picture_is_whole
from services.media.metadata import Recipe, recipe_of
from services.storage.archive import StoredResult, new_part_name

_LONGEST_TURN_SECONDS = 600.0
"""A slow download holds its place no longer than this, in seconds: the next try continues from the received bytes."""


class CutShort(FileRefused):
    """A clip or picture of the declared length lacks its end. `sha256` is the checksum of the received file."""

    def __init__(self, sha256: str) -> None:
        super().__init__("The provider's file is cut short: its end cannot be read.")
        self.sha256 = sha256


@dataclass(frozen=True)
class Fetched:
    """A result on our disk."""

    asset: Asset
    cut_short: bool = False
    """True if its end is missing at the vendor, too: the same bytes came twice."""


async def fetch(
    context: Context, vendor: DashScope, job: Job, url: str, *, number: int, cut_short_before: str = ""
) -> Fetched:
    """Download result `number`, counted from 1: a clip or a picture, by what the job's model makes.

    `cut_short_before` is the checksum of a result that was refused as cut short: if the same bytes come again, the
    vendor has nothing better, and they are kept. Raises CutShort, VendorError, FileRefused or OSError; the next call
    continues from the bytes received so far.

    Two processes may download the same result for a moment: one that stood still, and the one that took over its jobs.
    Both write the same file and the same row.
    """
    model = context.catalogue.model(job.model)
    is_video = model is None or model.result.is_video
    keep = context.archive.keep_video if is_video else context.archive.keep_picture
    asset_id = output_id(job, number)
    with _part_of(context.archive.incoming / f"{job.id}-{number}.part") as part:
        async with context.downloads.turn(lost_at(job)):
            downloaded = await _download(vendor, url, part)
            is_whole = clip_is_whole if is_video else picture_is_whole
            cut_short = not await asyncio.to_thread(is_whole, part)
        try:
            if cut_short and downloaded.sha256 != cut_short_before:
                raise CutShort(downloaded.sha256)
            recipe = await _recipe(context, job, asset_id)
            stored = await keep(part, job_id=job.id, number=number, recipe=recipe)
        except FileRefused:
            await asyncio.to_thread(_drop, part)  # the next try starts from nothing, not from a broken half
            raise
    return Fetched(_asset(job, stored, asset_id=asset_id, number=number, created_at=context.clock()), cut_short)


@contextmanager
def _part_of(part: Path) -> Generator[Path, None, None]:
    """Yield the file to download into: `part`, which a later try continues.

    If another process holds `part`, or the disk supports no locks, yield a new file and delete it afterwards: a missing
    lock must not keep a paid result from being saved.
    """
    lock = FileLock(f"{part}.lock", thread_local=False)
    with suppress(OSError, NotImplementedError):  # a Timeout is an OSError
        lock.acquire(timeout=0)
    if not lock.is_locked:
        fresh = part.with_name(f"{part.stem}-{new_part_name()}")
        try:
            yield fresh
        finally:
            _drop(fresh)
        return
    try:
        yield part
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


async def _recipe(context: Context, job: Job, asset_id: str) -> Recipe:
    """Return the recipe to embed in the file; its person is not in it."""
    found = await context.history.with_assets(job.id, owner=EVERYONE)
    return recipe_of(found.job, [one for one in found.assets if not one.is_output], asset_id=asset_id)


async def _download(vendor: DashScope, url: str, part: Path) -> Downloaded:
    try:
        async with asyncio.timeout(_LONGEST_TURN_SECONDS):
            return await vendor.download(url, part)
    except TimeoutError as error:
        raise Unavailable("Fetching the result takes too long.") from error


def _asset(job: Job, stored: StoredResult, *, asset_id: str, number: int, created_at: int) -> Asset:
    return Asset(
        id=asset_id,
        job_id=job.id,
        role=OUTPUT,
        kind="image" if stored.seconds is None else "video",
        position=number,
        name=f"{job.family}-{job.id[:12]}-{number}{Path(stored.key).suffix}",
        key=stored.key,
        poster_key=stored.poster_key,
        thumbnail_key=stored.thumbnail_key,
        mime=stored.mime,
        width=stored.width,
        height=stored.height,
        seconds=stored.seconds,
        bytes=stored.bytes,
        sha256=stored.sha256,
        created_at=created_at,
    )


async def keep_article(context: Context, job: Job, items: Sequence[ArticleItem], pictures: Sequence[Asset]) -> Asset:
    """Write an article as Markdown that refers to its pictures by their file names. Raises OSError."""
    names = {picture.id: picture.name for picture in pictures}
    stored = await context.archive.keep_article(markdown(items, names=names), job_id=job.id)
    return Asset(
        id=output_id(job, 0),
        job_id=job.id,
        role=OUTPUT,
        kind="article",
        position=max((picture.position for picture in pictures), default=0) + 1,
        name=f"{job.family}-{job.id[:12]}.md",
        key=stored.key,
        mime=stored.mime,
        bytes=stored.bytes,
        sha256=stored.sha256,
        created_at=context.clock(),
    )


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
