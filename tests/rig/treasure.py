"""An archive with works in it as the studio makes them, recipes included, and the ways in which a database is lost."""

from __future__ import annotations

import hashlib
import io
import random
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from services.database.jobs import History
from services.domain.jobs import OUTPUT, Asset, Job, new_id
from services.media.metadata import recipe_of
from services.storage.archive import Archive
from tests.rig.works import BEGUN, a_job


def pixels(number: int) -> bytes:
    """A small picture, another for each number."""
    noise = random.Random(number).randbytes(16 * 12 * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", (16, 12), noise).resize((64, 48)).save(out, "PNG")
    return out.getvalue()


async def give(archive: Archive, data: bytes, *, job: Job, role: str = "image", parent: Asset | None = None) -> Asset:
    """A picture that was given for a job, kept in the archive."""
    source = archive.incoming / "given.png"
    source.write_bytes(data)
    stored = await archive.keep_input(source, form="PNG")
    source.unlink()
    return Asset(
        id=new_id(job.created_at),
        job_id=job.id,
        role=role,
        kind="image",
        name="start.png",
        key=stored.key,
        thumbnail_key=stored.thumbnail_key,
        mime=stored.mime,
        width=64,
        height=48,
        bytes=stored.bytes,
        sha256=stored.sha256,
        created_at=job.created_at,
        parent_id=parent.id if parent else None,
    )


async def make(
    history: History,
    archive: Archive,
    number: int,
    *,
    outputs: int = 1,
    given: Callable[[Job], Asset] | None = None,
    inputs: tuple[Asset, ...] = (),
    **changes: object,
) -> tuple[Job, list[Asset]]:
    """A work that is done: its row, and its pictures with their recipes in them."""
    job = a_job(number, **{"prompt": f"a red fox, take {number}", "parameters": {"seed": number}, **changes})
    files = [replace(one, job_id=job.id) for one in inputs] + ([given(job)] if given else [])
    made: list[Asset] = []
    for place in range(1, outputs + 1):
        asset_id = new_id(job.created_at)
        part = archive.incoming / f"{job.id}-{place}.part"
        part.write_bytes(pixels(number * 100 + place))
        recipe = recipe_of(job, files, asset_id=asset_id)
        stored = await archive.keep_picture(part, job_id=job.id, number=place, recipe=recipe)
        made.append(
            Asset(
                id=asset_id,
                job_id=job.id,
                role=OUTPUT,
                kind="image",
                position=place,
                name=f"{job.family}-{job.id[:12]}-{place}.png",
                key=stored.key,
                poster_key=stored.poster_key,
                thumbnail_key=stored.thumbnail_key,
                mime=stored.mime,
                width=stored.width,
                height=stored.height,
                bytes=stored.bytes,
                sha256=stored.sha256,
                created_at=job.created_at,
            )
        )
    written = await history.add(job, [*made, *files])
    return written, made


def results(archive: Path) -> Mapping[str, str]:
    """Every file below `results/` with the hash of what it holds."""
    return {
        path.relative_to(archive).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((archive / "results").rglob("*"))
        if path.is_file()
    }


# Ways to lose a database ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loss:
    """What happens to a database that nobody has open. `older` and `foreign` are whole ones."""

    name: str
    happen: Callable[[Path, Path, Path], object]
    """Of the database, of an older copy of it, and of another studio's."""


def _lost(database: Path, _older: Path, _foreign: Path) -> None:
    database.unlink()


def _zero(database: Path, _older: Path, _foreign: Path) -> None:
    database.write_bytes(b"")


def _older(database: Path, older: Path, _foreign: Path) -> None:
    database.write_bytes(older.read_bytes())


def _foreign(database: Path, _older: Path, foreign: Path) -> None:
    database.write_bytes(foreign.read_bytes())


def _no_sqlite(database: Path, _older: Path, _foreign: Path) -> None:
    database.write_bytes(b"<html>this is no database</html>" * 400)


def _damaged_pages(database: Path, _older: Path, _foreign: Path) -> None:
    data = bytearray(database.read_bytes())
    for begin in range(4096, len(data), 4096):
        data[begin : begin + 512] = b"\xa5" * 512
    database.write_bytes(data)


def _half_written(database: Path, _older: Path, _foreign: Path) -> None:
    data = database.read_bytes()
    database.write_bytes(data[: len(data) // 2 + 100])


def _no_tables(database: Path, _older: Path, _foreign: Path) -> None:
    database.unlink()
    with closing(sqlite3.connect(database)) as empty:
        empty.execute("PRAGMA user_version = 7")
        empty.commit()


def _another_program(database: Path, _older: Path, _foreign: Path) -> None:
    database.unlink()
    with closing(sqlite3.connect(database)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
        other.commit()


def _nothing(_database: Path, _older: Path, _foreign: Path) -> None:
    """All is well."""


LOSSES = (
    Loss("nothing", _nothing),
    Loss("lost", _lost),
    Loss("zero bytes", _zero),
    Loss("older", _older),
    Loss("foreign", _foreign),
    Loss("no SQLite at all", _no_sqlite),
    Loss("damaged pages", _damaged_pages),
    Loss("half written", _half_written),
    Loss("without tables", _no_tables),
    Loss("another program's", _another_program),
)
LAST = BEGUN + 86_400_000
"""A time after every work made here."""
