"""From a link at the vendor to a file on our disk and the asset that stands for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from services.articles import markdown
from services.dashscope import DashScope
from services.errors import FileRefused
from services.jobs.context import Context
from services.records import ArticleItem, Asset, Job, new_id


async def fetch(context: Context, vendor: DashScope, job: Job, url: str, *, number: int) -> Asset:
    """Fetch result `number`, counted from 1: a clip or a picture, by what the job's model makes.

    Raises VendorError, FileRefused or OSError; what has come by then is gone on with the next time.
    """
    model = context.catalogue.model(job.model)
    is_video = model is None or model.result.is_video
    part = context.archive.incoming / f"{job.id}-{number}.part"
    await vendor.download(url, part)
    keep = context.archive.keep_video if is_video else context.archive.keep_picture
    try:
        stored = await keep(part, job_id=job.id, number=number)
    except FileRefused:
        await asyncio.to_thread(_drop, part)  # the next try begins from nothing, not from a broken half
        raise
    return Asset(
        id=new_id(context.clock()),
        job_id=job.id,
        role="output",
        kind="video" if is_video else "image",
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
        created_at=context.clock(),
    )


async def keep_article(context: Context, job: Job, items: Sequence[ArticleItem], pictures: Sequence[Asset]) -> Asset:
    """Write an article down as Markdown that shows its pictures by their file names. Raises OSError."""
    names = {picture.id: picture.name for picture in pictures}
    stored = await context.archive.keep_article(markdown(items, names=names), job_id=job.id)
    return Asset(
        id=new_id(context.clock()),
        job_id=job.id,
        role="output",
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
