"""Histories of any size for the benchmark: twenty persons, one with half of it, prompts as people write them.

Writes rows in bulk, then lets the studio index them as it does when it takes over an old database.
"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import accumulate, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from services.catalogue import CATALOGUE
from services.database import search_index
from services.database.jobs import History
from services.database.rows import row_of
from services.database.tables import assets, collection_jobs, collections, jobs, tags
from services.domain.jobs import Asset, Job, JobStatus, new_id, place_of

HALF = "person-00"
"""Whose half of the history is."""
PERSONS = 20
COLLECTION = "For print"
_FIRST_DAY = 1_751_328_000_000
_DAY_MS = 86_400_000
_DAYS = 400
MIDDLE = _FIRST_DAY + _DAYS // 2 * _DAY_MS
"""The middle of every history, in milliseconds since 1970."""
_AT_ONCE = 5_000


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_COMMON = _listed("a the of in with and light on at camera slow golden over shot soft through sunset")
_PLAIN = _listed("""
fox snow street rain forest river city night window glass train harbour orchid moss desert mountain
child dancer violin tea kitchen market boat lighthouse meadow horse library robot garden bridge temple neon smoke
cinematic handheld macro aerial drone close-up wide portrait silhouette reflection shallow focus grain film documentary
morning dusk fog storm wind waves sand stone copper velvet silk paper ink watercolour charcoal pastel chrome rust ember
walking running turning falling drifting blooming melting pouring spinning waiting laughing whispering painting
""")
_RARE = _listed("heliotrope quagga theodolite samovar astrolabe narwhal zeppelin obsidian catamaran sextant")
_ENDINGS = _listed("dan fel gor hin jul kem lor min nev pos rak sen tur vim wex zol")
_INVENTED = tuple(f"{a}{b}{c}" for a in ("bel", "dor", "kin", "mar", "tol", "ves") for b in "aeiou" for c in _ENDINGS)
_WORDS = (*_COMMON, *_PLAIN, *_INVENTED)
_WEIGHTS = tuple(accumulate(1 / rank for rank in range(1, len(_WORDS) + 1)))
"""As words are in every language: the second half as often as the first, the third a third as often."""
_APART = ("lantern", "glacier")
"""Both in a tenth of the prompts, never in the same one."""
_CHINESE = _listed("""
一只红色的狐狸在雪地里奔跑 夕阳下的雪山 古镇夜市的灯笼 雨后的竹林小径 月光照在湖面上 老人在茶馆里下棋 镜头缓缓推进
龙舟划过江面 少女回头微笑 城市的霓虹灯倒映在积水中 电影质感 浅景深 慢动作 一只猫睡在窗台
""")
_CHINESE_RARE = _listed("候风地动仪 皮影戏 唐三彩")


def person_number(number: int) -> str:
    """The name of one of the persons."""
    return f"person-{number:02}"


async def seed(url: str, items: int, *, seed_number: int = 1) -> None:
    """Fill an empty database with so many jobs, their files, tags and a collection."""
    async with History.open(url):
        pass  # makes the tables
    engine = create_async_engine(url)
    chance = random.Random(seed_number)
    try:
        async with _quick(engine) as connection:
            owner = {"id": "c-1", "person": HALF, "name": COLLECTION, "created_at": _FIRST_DAY}
            await connection.execute(collections.insert().values(owner))
            made = _made(items, chance)
            while some := list(islice(made, _AT_ONCE)):
                await _write(connection, some, chance)
            await connection.run_sync(search_index.fill)
        if engine.dialect.name == "postgresql":
            async with engine.connect() as connection:
                settled = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await settled.execute(sa.text("VACUUM ANALYZE"))  # its own housekeeping comes too late for us
    finally:
        await engine.dispose()


@asynccontextmanager
async def _quick(engine: AsyncEngine) -> AsyncIterator[Any]:
    """One transaction that need not survive a power cut."""
    async with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            await connection.exec_driver_sql("PRAGMA synchronous=OFF")
            await connection.commit()
        async with connection.begin():
            yield connection


async def _write(connection: Any, made: Sequence[tuple[Job, Sequence[Asset]]], chance: random.Random) -> None:
    await _insert(connection, jobs, [row_of(job) for job, _ in made])
    await _insert(connection, assets, [row_of(asset) for _, files in made for asset in files])
    tagged = [
        {"job_id": job.id, "name": name}
        for job, _ in made
        for name, share in (("keepers", 0.05), ("client a", 0.02))
        if chance.random() < share
    ]
    await _insert(connection, tags, tagged)
    mine = [job.id for job, _ in made if job.person == HALF and chance.random() < 0.02]
    await _insert(
        connection, collection_jobs, [{"collection_id": "c-1", "job_id": one, "added_at": _FIRST_DAY} for one in mine]
    )


async def _insert(connection: Any, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        await connection.run_sync(_copy, table, rows)
    else:
        await connection.execute(table.insert(), rows)


def _copy(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """PostgreSQL's own way for many rows; one statement for each would take minutes."""
    names = [column.name for column in table.c if column.name in rows[0]]
    json_columns = {column.name for column in table.c if isinstance(column.type, sa.JSON)}
    cursor: Any = connection.connection.cursor()  # Any: SQLAlchemy's wrapping of the driver's own
    command = f"COPY {table.name} ({', '.join(names)}) FROM STDIN"
    lines = "".join("\t".join(_field(row[name], name in json_columns) for name in names) + "\n" for row in rows)
    await_only(_copy_lines(cursor._cursor, command, lines))


async def _copy_lines(cursor: Any, command: str, lines: str) -> None:
    async with cursor.copy(command) as copy:
        await copy.write(lines)


def _field(value: object, is_json: bool) -> str:
    if value is None:
        return "\\N"
    text = json.dumps(value, ensure_ascii=False) if is_json else str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _made(items: int, chance: random.Random) -> Iterator[tuple[Job, tuple[Asset, ...]]]:
    models = [(model, offer) for model in CATALOGUE.models for offer in model.offers[:1]]
    for number in range(items):
        created_at = _FIRST_DAY + (number * _DAYS * _DAY_MS) // items + chance.randrange(60_000)
        model, offer = chance.choice(models)
        job_id = new_id(created_at)
        failed = chance.random() < 0.06
        seconds = chance.choice((4.0, 5.0, 5.0, 5.0, 8.0, 10.0, 15.0)) if model.result.is_video and not failed else None
        job = Job(
            id=job_id,
            sequence=number + 1,
            person=HALF if number % 2 else person_number(1 + number // 2 % (PERSONS - 1)),
            family=model.family,
            model=model.id,
            vendor_model=offer.id,
            region=offer.region,
            account="singapore-1234",
            base_url="https://vendor.example/api/v1",
            demo=False,
            status=JobStatus.FAILED if failed else JobStatus.SUCCEEDED,
            prompt=prompt(chance),
            rewritten_prompt=prompt(chance) if chance.random() < 0.3 else None,
            parameters={"duration": 5, "size": "1280*720", "seed": chance.randrange(2**31), "watermark": False},
            created_at=created_at,
            submitted_at=created_at + 900,
            running_at=created_at + 4_000,
            finished_at=created_at + 120_000,
            updated_at=created_at + 120_000,
            task_id=f"task-{number}",
            request_id=f"request-{number}",
            error_code="InternalError" if failed else None,
            error_message="The provider could not make it." if failed else None,
            estimated_micros=chance.choice((140_000, 200_000, 500_000, 750_000, 1_500_000)),
            actual_micros=0 if failed else None,
            currency="USD",
            place=place_of(created_at, job_id),
            seconds=seconds,
            favourite=chance.random() < 0.04,
            rating=chance.choice((0, 0, 0, 0, 0, 0, 0, 3, 4, 5)),
            deleted_at=created_at + 1 if chance.random() < 0.03 else None,
            imported=chance.random() < 0.01,
        )
        yield job, tuple(_files(job, chance))


def _files(job: Job, chance: random.Random) -> Iterator[Asset]:
    given = chance.random() < 0.4
    count = (0 if job.status is JobStatus.FAILED else 1 if job.seconds else chance.choice((1, 4))) + given
    for number in range(count):
        is_given = given and number == 0
        kind = "image" if is_given or job.seconds is None else "video"
        asset_id = new_id(job.created_at)
        key = f"results/{job.id}/{number}"
        yield Asset(
            id=asset_id,
            job_id=job.id,
            role="image" if is_given else "output",
            kind=kind,
            position=0 if is_given else number,
            name=f"{job.family}-{job.id[:12]}-{number}.mp4",
            key=key,
            poster_key=f"{key}.poster.jpg",
            thumbnail_key=f"{key}.thumbnail.jpg",
            mime="video/mp4" if kind == "video" else "image/png",
            width=1280,
            height=720,
            seconds=job.seconds if kind == "video" else None,
            bytes=7_000_000,
            sha256=f"{chance.getrandbits(256):064x}",
            created_at=job.created_at,
        )


def prompt(chance: random.Random) -> str:
    """A prompt: English mostly, a third Chinese, rare words in one of two thousand."""
    if chance.random() < 0.33:
        parts = chance.sample(_CHINESE, chance.randint(2, 5))
        if chance.random() < 0.002:
            parts.append(chance.choice(_CHINESE_RARE))
        return "，".join(parts) + "。"
    words = chance.choices(_WORDS, cum_weights=_WEIGHTS, k=chance.randint(12, 60))
    if chance.random() < 0.2:
        words.append(chance.choice(_APART))
    if chance.random() < 0.0005:
        words.insert(chance.randrange(len(words)), chance.choice(_RARE))
    return " ".join(words).capitalize() + "."
