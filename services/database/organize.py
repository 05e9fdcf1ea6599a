"""How jobs are organized: marks, tags, collections, the bin. Hides the SQL; only services.database.jobs builds it.

Every change uses one change number for each job, and the search sees it at once. A person is a name, or None for all
jobs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.database.rows import job_of, next_sequence
from services.database.search_index import forget, reindex
from services.database.tables import assets, collection_jobs, collections, jobs, tags
from services.domain.batches import batches
from services.domain.errors import NotFound, StudioError
from services.domain.jobs import Job

MOST_TAGS = 50
"""The most tags that one job may have."""
_INDEXED_AT_ONCE = 20
"""Jobs whose words are tokenized in one go. It takes a few milliseconds, so it never blocks the event loop."""

BIN_DAYS = 30
"""How many days a job stays in the bin."""


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The changes to make to each job. An absent member stays unchanged."""

    favourite: bool | None = None
    rating: int | None = None
    """0 removes the stars."""
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    add_to: tuple[str, ...] = ()
    """Collection ids."""
    remove_from: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A set of jobs with a name."""

    id: str
    person: str
    name: str
    created_at: int
    count: int = 0
    """The number of its jobs that can be seen: either real or demo ones, and none from the bin."""


@dataclass(frozen=True)
class Tag:
    """A tag, and how many jobs have it."""

    name: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Purged:
    """Jobs that were purged from the bin."""

    job_ids: tuple[str, ...]
    keys: frozenset[str] = field(default=frozenset())
    """The files that these jobs used. Other jobs may still use them."""


class OrganizedJobs:
    """The marks, tags, collections and bin of jobs in the database. Meant for a few hundred jobs a call."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    # Marks -----------------------------------------------------------------------------------------------------------

    async def mark(self, job_ids: Sequence[str], marks: Marks, *, person: str | None, now: int) -> tuple[str, ...]:
        """Change the marks, tags and collections of a person's jobs. Returns the ids of the jobs found.

        Raises NotFound if a collection is not theirs, StudioError if a job would get too many tags.
        """
        async with self._changing(len(job_ids)) as (connection, number):
            for collection_id in (*marks.add_to, *marks.remove_from):
                await _collection(connection, collection_id, person=person)
            found = [job.id for job in await _jobs(connection, job_ids, person=person)]
            changed = {"favourite": marks.favourite, "rating": marks.rating, "updated_at": now}
            await _change(connection, found, number, {k: v for k, v in changed.items() if v is not None})
            for name in marks.remove_tags:
                await connection.execute(tags.delete().where(tags.c.name == name, tags.c.job_id.in_(found)))
            for name in marks.add_tags:
                await _add(connection, tags, found, {"name": name})
            if marks.add_tags:
                await _limit_tags(connection, found)
            for collection_id in marks.remove_from:
                inside = collection_jobs.c.collection_id == collection_id
                await connection.execute(collection_jobs.delete().where(inside, collection_jobs.c.job_id.in_(found)))
            for collection_id in marks.add_to:
                await _add(connection, collection_jobs, found, {"collection_id": collection_id}, added_at=now)
            await _reindex(connection, found)
        return tuple(found)

    async def tags(self, *, person: str | None, demo: bool, limit: int = 1_000) -> tuple[Tag, ...]:
        """Return the tags of a person's jobs outside the bin, the most used first."""
        count = sa.func.count()
        statement = (
            sa.select(tags.c.name, count)
            .join(jobs, jobs.c.id == tags.c.job_id)
            .where(jobs.c.deleted_at.is_(None), jobs.c.demo == demo, *_owned(person))
            .group_by(tags.c.name)
            .order_by(count.desc(), tags.c.name)
            .limit(limit)
        )
        async with self._engine.connect() as connection:
            return tuple(Tag(*row) for row in await connection.execute(statement))

    # Collections -----------------------------------------------------------------------------------------------------

    async def collections(self, *, person: str | None, demo: bool) -> tuple[Collection, ...]:
        """Return a person's collections by name, with the number of jobs in each."""
        seen = sa.and_(jobs.c.id == collection_jobs.c.job_id, jobs.c.deleted_at.is_(None), jobs.c.demo == demo)
        statement = (
            sa.select(collections, sa.func.count(jobs.c.id).label("count"))
            .outerjoin(collection_jobs, collection_jobs.c.collection_id == collections.c.id)
            .outerjoin(jobs, seen)
            .group_by(*collections.c)
            .order_by(sa.func.lower(collections.c.name), collections.c.id)
        )
        if person is not None:
            statement = statement.where(collections.c.person == person)
        async with self._engine.connect() as connection:
            return tuple(Collection(**row) for row in (await connection.execute(statement)).mappings())

    async def add_collection(self, made: Collection) -> None:
        """Write a new collection."""
        values = {"id": made.id, "person": made.person, "name": made.name, "created_at": made.created_at}
        async with self._changing() as (connection, _):
            await connection.execute(collections.insert().values(values))

    async def rename_collection(self, collection_id: str, name: str, *, person: str | None) -> None:
        """Rename a collection. Raises NotFound if it does not exist or belongs to another person."""
        async with self._changing() as (connection, _):
            await _collection(connection, collection_id, person=person)
            await connection.execute(collections.update().where(collections.c.id == collection_id).values(name=name))

    async def drop_collection(self, collection_id: str, *, person: str | None, limit: int) -> tuple[str, ...]:
        """Take at most `limit` jobs out of a collection, and delete it once it is empty. Its jobs stay.

        Returns the ids of the jobs: none once it is done. Raises NotFound if the collection does not exist or belongs
        to another person.
        """
        inside = collection_jobs.c.collection_id == collection_id
        async with self._changing(limit) as (connection, number):
            await _collection(connection, collection_id, person=person)
            found = list(await connection.scalars(sa.select(collection_jobs.c.job_id).where(inside).limit(limit)))
            await connection.execute(collection_jobs.delete().where(inside, collection_jobs.c.job_id.in_(found)))
            if not found:
                await connection.execute(collections.delete().where(collections.c.id == collection_id))
            # The search index may still hold the collection's id for them: no query asks for that id any more.
            await _change(connection, found, number, {})
        return tuple(found)

    # The bin ---------------------------------------------------------------------------------------------------------

    async def read(self, job_ids: Sequence[str], *, person: str | None) -> tuple[Job, ...]:
        """Return those of these jobs that belong to the person, in any order."""
        async with self._engine.connect() as connection:
            return tuple(await _jobs(connection, job_ids, person=person))

    async def discard(self, job_ids: Sequence[str], *, person: str | None, now: int) -> tuple[str, ...]:
        """Move those of a person's jobs that are finished to the bin. Returns their ids."""
        async with self._changing(len(job_ids)) as (connection, number):
            known = await _jobs(connection, job_ids, person=person)
            found = [job.id for job in known if job.status.final and job.deleted_at is None]
            await _change(connection, found, number, {"deleted_at": now, "updated_at": now})
            await _reindex(connection, found)
        return tuple(found)

    async def restore(self, job_ids: Sequence[str], *, person: str | None, now: int) -> tuple[str, ...]:
        """Take a person's jobs out of the bin. Returns the ids of those that were in it."""
        async with self._changing(len(job_ids)) as (connection, number):
            known = await _jobs(connection, job_ids, person=person)
            found = [job.id for job in known if job.deleted_at is not None]
            await _change(connection, found, number, {"deleted_at": None, "updated_at": now})
            await _reindex(connection, found)
        return tuple(found)

    async def binned(
        self, *, person: str | None = None, demo: bool | None = None, before: int | None = None, limit: int = 200
    ) -> tuple[str, ...]:
        """Return the jobs in the bin, longest there first. With `before`, only those discarded before that time."""
        conditions = [jobs.c.deleted_at.is_not(None), jobs.c.purged_at.is_(None), *_owned(person)]
        if demo is not None:
            conditions.append(jobs.c.demo == demo)
        if before is not None:
            conditions.append(jobs.c.deleted_at < before)
        statement = sa.select(jobs.c.id).where(*conditions).order_by(jobs.c.deleted_at, jobs.c.id).limit(limit)
        async with self._engine.connect() as connection:
            return tuple(await connection.scalars(statement))

    async def purge(self, job_ids: Sequence[str], *, person: str | None, now: int) -> Purged:
        """Purge jobs that are in the bin: forget their words, files, tags and collections.

        Their rows stay, but hold only the action and its cost: the ledger and the money spent do not change.
        """
        async with self._changing(len(job_ids)) as (connection, number):
            known = await _jobs(connection, job_ids, person=person)
            gone = [job for job in known if job.deleted_at is not None]
            found = [job.id for job in gone]
            keys = await _keys_of(connection, found)
            for table in (assets, tags, collection_jobs):
                await connection.execute(table.delete().where(table.c.job_id.in_(found)))
            await forget(connection, [job.place for job in gone])
            await _change(connection, found, number, {**_NOTHING_LEFT, "purged_at": now, "updated_at": now})
        return Purged(job_ids=tuple(found), keys=frozenset(keys))

    # Inside ----------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _changing(self, changes: int = 1) -> AsyncGenerator[tuple[AsyncConnection, int], None]:
        """Open a writing transaction, and yield it with the first of its change numbers."""
        async with self._engine.begin() as connection:
            last = await next_sequence(connection, changes=max(changes, 1))
            yield connection, last - max(changes, 1) + 1


_NOTHING_LEFT: Mapping[str, Any] = {  # Any: columns of every kind
    "prompt": "",
    "rewritten_prompt": None,
    "parameters": {},
    "article": None,
    "attention": None,
    "remark": None,
    "error_message": None,
    "error_hint": None,
    "error_detail": None,
    "favourite": False,
    "rating": 0,
    "source_job": None,
}
"""Columns that are not about money or the vendor's own records."""


def _owned(person: str | None) -> list[sa.ColumnElement[bool]]:
    return [] if person is None else [jobs.c.person == person]


async def _jobs(connection: AsyncConnection, job_ids: Sequence[str], *, person: str | None) -> list[Job]:
    """Return the person's jobs among these, without purged ones."""
    statement = sa.select(jobs).where(jobs.c.id.in_(list(job_ids)), jobs.c.purged_at.is_(None), *_owned(person))
    return [job_of(row) for row in (await connection.execute(statement)).mappings()]


async def _collection(connection: AsyncConnection, collection_id: str, *, person: str | None) -> None:
    owner = await connection.scalar(sa.select(collections.c.person).where(collections.c.id == collection_id))
    if owner is None or person not in (None, owner):
        raise NotFound("There is no such collection.")


async def _change(connection: AsyncConnection, job_ids: Sequence[str], number: int, values: Mapping[str, Any]) -> None:
    """Change jobs alike. Each gets its own change number, because a client reads the changes a page at a time."""
    if not job_ids:
        return
    statement = jobs.update().where(jobs.c.id == sa.bindparam("row")).values(**values, sequence=sa.bindparam("number"))
    rows = [{"row": job_id, "number": number + at} for at, job_id in enumerate(job_ids)]
    await connection.execute(statement, rows)


async def _add(
    connection: AsyncConnection, table: sa.Table, job_ids: Sequence[str], key: Mapping[str, str], **more: Any
) -> None:
    """Add rows with this key for the jobs that do not have one yet."""
    alike = [table.c[name] == value for name, value in key.items()]
    there = set(await connection.scalars(sa.select(table.c.job_id).where(*alike, table.c.job_id.in_(list(job_ids)))))
    rows = [{"job_id": job_id, **key, **more} for job_id in job_ids if job_id not in there]
    if rows:
        await connection.execute(table.insert(), rows)


async def _limit_tags(connection: AsyncConnection, job_ids: Sequence[str]) -> None:
    many = sa.select(tags.c.job_id).where(tags.c.job_id.in_(list(job_ids))).group_by(tags.c.job_id)
    if await connection.scalar(many.having(sa.func.count() > MOST_TAGS).limit(1)) is not None:
        raise StudioError(f"One of these would have more than {MOST_TAGS} tags. Take some away first.")


async def _reindex(connection: AsyncConnection, job_ids: Sequence[str]) -> None:
    for some in batches(job_ids, _INDEXED_AT_ONCE):
        await reindex(connection, some)


async def _keys_of(connection: AsyncConnection, job_ids: Sequence[str]) -> set[str]:
    statement = sa.select(assets.c.key, assets.c.poster_key, assets.c.thumbnail_key).where(
        assets.c.job_id.in_(list(job_ids))
    )
    return {key for row in await connection.execute(statement) for key in row if key}
