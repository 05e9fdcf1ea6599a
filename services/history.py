"""All jobs and assets: the truth about what was asked for and made. The money's side of it: services.ledger, .checks.

Hides SQL, the two dialects (SQLite and PostgreSQL) and how change numbers are counted. Knows nothing of the vendor or
of the engine.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.checks import Checks
from services.errors import NotFound
from services.ledger import Ledger
from services.records import FINAL, Asset, Find, Job, JobStatus, JobWithAssets, Page
from services.rows import job_of, next_sequence, plain, row_of
from services.tables import MIGRATIONS, assets, counters, jobs, versions

_MIGRATION_LOCK = 7_420_260
"""The number under which PostgreSQL serialises processes that migrate at the same time."""


class History:
    """The database. Open with `History.open`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.ledger = Ledger(engine)
        self.checks = Checks(engine)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """Connect, bring the tables up to date, and close at the end."""
        _quiet_driver()
        engine = create_async_engine(url, **({"pool_size": 4} if url.startswith("sqlite") else {"pool_pre_ping": True}))
        if engine.dialect.name == "sqlite":
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        try:
            await _migrate(engine)
            yield cls(engine)
        finally:
            await engine.dispose()

    # Jobs ------------------------------------------------------------------------------------------------------------

    async def add(self, job: Job, files: Sequence[Asset] = ()) -> Job:
        """Write a new job and the files given for it, in one transaction."""
        async with self._engine.begin() as connection:
            sequence = await next_sequence(connection)
            row = row_of(job) | {"sequence": sequence}
            await connection.execute(jobs.insert().values(row))
            if files:
                await connection.execute(assets.insert(), [row_of(asset) for asset in files])
        return job_of(row)

    async def job(self, job_id: str) -> Job:
        """One job. Raises NotFound."""
        async with self._engine.connect() as connection:
            return await _job(connection, job_id)

    async def with_assets(self, job_id: str) -> JobWithAssets:
        """One job and its files. Raises NotFound."""
        async with self._engine.connect() as connection:
            job = await _job(connection, job_id)
            files = await _assets_of(connection, [job_id])
        return JobWithAssets(job, tuple(files.get(job_id, ())))

    async def change(
        self, job_id: str, *, only_from: frozenset[JobStatus] | None = None, files: Sequence[Asset] = (), **values: Any
    ) -> Job | None:
        """Change members of a job and add files to it, in one transaction.

        Returns the job as it now stands, or None where it is not in one of the states `only_from`: then nothing
        was changed. `values` are members of Job; Any because they are columns of every kind.
        """
        async with self._engine.begin() as connection:
            sequence = await next_sequence(connection)
            statement = jobs.update().where(jobs.c.id == job_id).values(**plain(values), sequence=sequence)
            if only_from is not None:
                statement = statement.where(jobs.c.status.in_([str(status) for status in only_from]))
            row = (await connection.execute(statement.returning(*jobs.c))).mappings().one_or_none()
            if row is None:
                return None
            if files:
                await connection.execute(assets.insert(), [row_of(asset) for asset in files])
        return job_of(row)

    async def page(self, find: Find, *, cursor: str | None = None, limit: int = 60) -> Page:
        """A page of jobs, newest first. Paging is by key, so that new jobs neither repeat nor skip one.

        Raises NotFound where the cursor is not one of ours.
        """
        statement = _matching(sa.select(jobs), find).order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        if cursor:
            created_at, job_id = _read_cursor(cursor)
            statement = statement.where(sa.tuple_(jobs.c.created_at, jobs.c.id) < (created_at, job_id))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(statement.limit(limit + 1))).mappings().all()
            found = [job_of(row) for row in rows[:limit]]
            files = await _assets_of(connection, [job.id for job in found])
        last = found[-1] if len(rows) > limit else None
        return Page(
            tuple(JobWithAssets(job, tuple(files.get(job.id, ()))) for job in found),
            f"{last.created_at}_{last.id}" if last else None,
        )

    async def unfinished(self) -> tuple[Job, ...]:
        """Every job that is not at its end, oldest first."""
        final = [str(status) for status in FINAL]
        statement = sa.select(jobs).where(jobs.c.status.not_in(final)).order_by(jobs.c.created_at)
        async with self._engine.connect() as connection:
            return tuple(job_of(row) for row in (await connection.execute(statement)).mappings())

    async def sequence(self) -> int:
        """The number of the latest change."""
        async with self._engine.connect() as connection:
            return await connection.scalar(sa.select(counters.c.value).where(counters.c.name == "sequence")) or 0

    async def changed_since(self, sequence: int, *, limit: int = 200) -> tuple[JobWithAssets, ...]:
        """The jobs that changed after a change number, in the order of their changes."""
        statement = sa.select(jobs).where(jobs.c.sequence > sequence).order_by(jobs.c.sequence).limit(limit)
        async with self._engine.connect() as connection:
            found = [job_of(row) for row in (await connection.execute(statement)).mappings()]
            files = await _assets_of(connection, [job.id for job in found])
        return tuple(JobWithAssets(job, tuple(files.get(job.id, ()))) for job in found)

    async def spent_since(self, since: int, *, demo: bool) -> dict[str, int]:
        """What finished jobs have cost since a time, in millionths, by currency."""
        statement = (
            sa.select(jobs.c.currency, sa.func.sum(jobs.c.actual_micros))
            .where(jobs.c.finished_at >= since, jobs.c.actual_micros > 0, jobs.c.demo == demo)
            .group_by(jobs.c.currency)
        )
        async with self._engine.connect() as connection:
            return {currency: int(total) for currency, total in await connection.execute(statement)}

    # Assets ----------------------------------------------------------------------------------------------------------

    async def asset(self, asset_id: str) -> Asset:
        """One file. Raises NotFound."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(sa.select(assets).where(assets.c.id == asset_id))).mappings().one_or_none()
        if row is None:
            raise NotFound("There is no such file.")
        return Asset(**row)


# Rows ----------------------------------------------------------------------------------------------------------------


def _read_cursor(cursor: str) -> tuple[int, str]:
    created_at, _, job_id = cursor.partition("_")
    if not created_at.isdecimal() or not job_id or len(created_at) > 18:
        raise NotFound("That page does not exist any more. Start again from the first one.")
    return int(created_at), job_id


def _matching(statement: sa.Select[Any], find: Find) -> sa.Select[Any]:
    if find.person is not None:
        statement = statement.where(jobs.c.person == find.person)
    if find.demo is not None:
        statement = statement.where(jobs.c.demo == find.demo)
    if find.family:
        statement = statement.where(jobs.c.family == find.family)
    if find.statuses:
        statement = statement.where(jobs.c.status.in_([str(status) for status in find.statuses]))
    for word in (find.query or "").split():
        statement = statement.where(jobs.c.prompt.icontains(word, autoescape=True))
    return statement


async def _job(connection: AsyncConnection, job_id: str) -> Job:
    row = (await connection.execute(sa.select(jobs).where(jobs.c.id == job_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such job.")
    return job_of(row)


async def _assets_of(connection: AsyncConnection, job_ids: Sequence[str]) -> dict[str, list[Asset]]:
    found: dict[str, list[Asset]] = {}
    if job_ids:
        statement = (
            sa.select(assets)
            .where(assets.c.job_id.in_(job_ids))
            .order_by(assets.c.position, assets.c.created_at, assets.c.id)
        )
        for row in (await connection.execute(statement)).mappings():
            found.setdefault(row["job_id"], []).append(Asset(**row))
    return found


# Tables --------------------------------------------------------------------------------------------------------------


def _prepare_sqlite(connection: Any, _record: object) -> None:  # Any: the driver's own connection class
    cursor = connection.cursor()
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _quiet_driver() -> None:
    """Keep the driver from logging statements with what is in them: words, and links that open somebody's pictures."""
    logger = logging.getLogger("aiosqlite")
    if logger.level < logging.INFO:
        logger.setLevel(logging.INFO)


async def _migrate(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        else:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver begins none for CREATE TABLE
        await connection.run_sync(versions.create, checkfirst=True)
        done = await connection.scalar(sa.select(sa.func.max(versions.c.number))) or 0
        steps: Sequence[Callable[[sa.Connection], None]] = MIGRATIONS[done:]
        for number, step in enumerate(steps, start=done + 1):
            await connection.run_sync(step)
            await connection.execute(versions.insert().values(number=number))
