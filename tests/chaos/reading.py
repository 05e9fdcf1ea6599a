"""Reads the books of a run: the provider's from its ledger, the studio's from its database and its disk.

Hides tables and files. Judges nothing: that is `books`.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import av
import sqlalchemy as sa
from av.error import FFmpegError
from PIL import Image
from sqlalchemy.ext.asyncio import create_async_engine

from services.database.rows import asset_of, job_of, submission_of
from services.database.tables import assets, jobs, submissions
from services.domain.jobs import Asset, Decision, Job, JobStatus, Submission
from services.simulator import Simulator
from tests.chaos.books import Bought, Kept

_TAG = re.compile(r"order-\d+-\d+")
_A_FEW_FRAMES = 0.2
"""Seconds."""


async def what_was_bought(simulator: Simulator) -> list[Bought]:
    """Every task of the simulator."""
    return [
        Bought(
            task_id=task.id,
            tag=_tag_of(str(task.values.get("prompt", ""))),
            status=task.status,
            at_once=task.at_once,
            files=sum(bool(piece.file) and not piece.code for piece in task.pieces),
            ended_at=round(task.ended_at.timestamp() * 1000) if task.ended_at else None,
            taken_at=round(task.submitted_at.timestamp() * 1000),
        )
        for task in await simulator.world.ledger.tasks()
    ]


async def what_is_kept(database_url: str, files: Path) -> list[Kept]:
    """Every job of a studio. `files` is the folder of its archive."""
    engine = create_async_engine(database_url)
    try:
        async with engine.connect() as connection:
            found = [job_of(row) for row in (await connection.execute(sa.select(jobs))).mappings()]
            sent = [submission_of(row) for row in (await connection.execute(sa.select(submissions))).mappings()]
            rows = (await connection.execute(sa.select(assets).where(assets.c.role == "output"))).mappings()
            outputs = [asset_of(row) for row in rows]
    finally:
        await engine.dispose()
    return await asyncio.to_thread(_put_together, found, sent, outputs, files)


def _put_together(
    found: Sequence[Job], sent: Sequence[Submission], outputs: Sequence[Asset], files: Path
) -> list[Kept]:
    kept: list[Kept] = []
    for job in found:
        own = [asset for asset in outputs if asset.job_id == job.id]
        whole = [asset for asset in own if is_whole(asset, files / asset.key)]
        kept.append(
            Kept(
                job_id=job.id,
                tag=_tag_of(job.prompt),
                status=JobStatus(job.status),
                decision=Decision(job.decision) if job.decision else None,
                error_code=job.error_code,
                remark=job.remark,
                actual_micros=job.actual_micros,
                submissions=tuple(sorted((s for s in sent if s.job_id == job.id), key=lambda s: s.attempt)),
                whole_files=sum(asset.kind != "article" for asset in whole),
                broken_files=len(own) - len(whole),
                finished_at=job.finished_at,
                created_at=job.created_at,
                source_job=job.source_job,
            )
        )
    return kept


def is_whole(asset: Asset, path: Path) -> bool:
    """Whether a file is what its row says, and can be read to its last picture."""
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != asset.sha256 or len(content) != asset.bytes:
            return False
        if asset.kind == "image":
            with Image.open(path) as picture:
                picture.load()
        elif asset.kind == "video":
            return _plays_to_its_end(path, seconds=asset.seconds or 0)
    except (OSError, FFmpegError):
        return False
    return True


def _plays_to_its_end(path: Path, *, seconds: float) -> bool:
    """Whether every picture can be decoded, and the last is where the clip's own head and its row say."""
    with av.open(str(path)) as clip:
        stream = clip.streams.video[0]
        told = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        last = 0.0
        for frame in clip.decode(stream):
            if frame.is_corrupt:
                return False
            last = (frame.time or 0.0) + 1 / float(stream.average_rate or 25)
    return last > 0 and abs(last - told) < _A_FEW_FRAMES and abs(last - seconds) < _A_FEW_FRAMES


async def tables_with(secret: str, database_url: str) -> list[str]:
    """The tables of a PostgreSQL database that have these words in them, by name; a file is looked at as a file."""
    engine = create_async_engine(database_url)
    found: list[str] = []
    try:
        async with engine.connect() as connection:
            known = await connection.execute(
                sa.text(
                    "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables "
                    "WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
                )
            )
            for (table,) in known.all():
                has = sa.text(f"SELECT 1 FROM {table} AS t WHERE position(:secret IN t::text) > 0 LIMIT 1")
                if await connection.scalar(has, {"secret": secret}):
                    found.append(table)
    finally:
        await engine.dispose()
    return found


def files_with(secret: str, places: Sequence[Path]) -> list[str]:
    """The files that have these words in them, by name: those that are given, and those below folders."""
    wanted = secret.encode()
    paths = [path for place in places for path in (place, *sorted(place.rglob("*"))) if path.is_file()]
    return [path.name for path in paths if wanted in path.read_bytes()]


def _tag_of(prompt: str) -> str:
    found = _TAG.search(prompt)
    return found[0] if found else ""
