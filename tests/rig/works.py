"""Finished works for tests of the gallery's services: rows with small files, without a provider or an engine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy.ext.asyncio import create_async_engine

from services.database.jobs import History
from services.database.rows import row_of
from services.database.search_index import reindex
from services.database.tables import assets, jobs
from services.domain.jobs import Asset, Job, JobStatus, new_id, place_of
from services.storage.archive import Archive

BEGUN = 1_790_000_000_000
"""A day in 2026, in milliseconds."""


def a_job(number: int = 1, **changes: object) -> Job:
    """A job that has succeeded."""
    at = BEGUN + number * 1_000
    job = Job(
        id=new_id(at),
        person="local",
        family="text_to_video",
        model="a-model",
        vendor_model="a-model",
        region="singapore",
        account="singapore-1234",
        base_url="https://vendor.example/api/v1",
        demo=False,
        status=JobStatus.SUCCEEDED,
        prompt=f"a red fox in the snow, take {number}",
        parameters={"duration": 5, "negative_prompt": "rain"},
        created_at=at,
        finished_at=at + 60_000,
        updated_at=at,
        estimated_micros=500_000,
        actual_micros=400_000,
        currency="USD",
    )
    return replace(job, **changes)


def write(root: Path, key: str, data: bytes) -> None:
    """A file below the archive's folder, as it is."""
    path = root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def an_output(job: Job, archive: Archive, data: bytes = b"pixels", *, number: int = 1, **changes: object) -> Asset:
    """A file that a job made, with its small pictures, on the disk."""
    stem = f"results/{job.id}/{number}"
    for key in (f"{stem}.png", f"{stem}.poster.jpg", f"{stem}.thumbnail.jpg"):
        write(archive.root, key, data if key.endswith("png") else b"small")
    asset = Asset(
        id=new_id(job.created_at),
        job_id=job.id,
        role="output",
        kind="image",
        position=number,
        name=f"{job.family}-{job.id[:12]}-{number}.png",
        key=f"{stem}.png",
        poster_key=f"{stem}.poster.jpg",
        thumbnail_key=f"{stem}.thumbnail.jpg",
        mime="image/png",
        width=4,
        height=3,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        created_at=job.created_at,
    )
    return replace(asset, **changes)


def an_input(job: Job, archive: Archive, data: bytes, *, role: str = "image") -> Asset:
    """A file that was given for a job, under the hash of what it holds, with its small picture."""
    digest = hashlib.sha256(data).hexdigest()
    key = f"inputs/{digest[:2]}/{digest}.png"
    write(archive.root, key, data)
    write(archive.root, f"{key}.thumbnail.jpg", b"small")
    return Asset(
        id=new_id(job.created_at),
        job_id=job.id,
        role=role,
        kind="image",
        name="given.png",
        key=key,
        thumbnail_key=f"{key}.thumbnail.jpg",
        mime="image/png",
        bytes=len(data),
        sha256=digest,
        created_at=job.created_at,
    )


async def add_work(
    history: History, archive: Archive, number: int = 1, *, given: bytes | None = None, **changes: object
) -> Job:
    """A finished job with one picture, and a given file where `given` holds one."""
    job = a_job(number, **changes)
    files = [an_output(job, archive, f"pixels {number}".encode())]
    if given is not None:
        files.append(an_input(job, archive, given))
    return await history.add(job, files)


async def add_many(url: str, made: Sequence[Job], files: Sequence[Asset] = ()) -> None:
    """Many jobs at once, into a database that is open elsewhere: one by one takes a flush of the disk each."""
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            rows = [row_of(job) | {"place": place_of(job.created_at, job.id)} for job in made]
            await connection.execute(jobs.insert(), rows)
            if files:
                await connection.execute(assets.insert(), [row_of(asset) for asset in files])
            await reindex(connection, [job.id for job in made])
    finally:
        await engine.dispose()
