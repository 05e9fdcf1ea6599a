"""All jobs and assets: each request and its results.

Hides SQL, the two dialects (SQLite and PostgreSQL) and how change numbers are counted. Knows nothing of the vendor or
the engine.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from types import EllipsisType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.database.caps import Cap, Caps
from services.database.connection import connected
from services.database.facts import Facts
from services.database.files import Files
from services.database.lineage import Lineage
from services.database.migrations import migrate
from services.database.organize import OrganizedJobs
from services.database.prechecks import Prechecks
from services.database.reservations import release_lost, reservation_of
from services.database.restored_jobs import RestoredJobs
from services.database.rows import asset_of, change_job, fetched, job_of, next_sequence, put_assets, row_of
from services.database.search import Span, plan
from services.database.search_index import reindex
from services.database.submissions import Submissions
from services.database.tables import assets, collection_jobs, counters, jobs, reservations, tags
from services.domain.errors import NotFound
from services.domain.jobs import (
    FINAL,
    Asset,
    Decision,
    Job,
    JobStatus,
    JobWithAssets,
    Page,
    Submission,
    SubmissionState,
    place_of,
)
from services.domain.people import EVERYONE
from services.domain.search_query import Find

_LAST_PLACE = (1 << 63) - 1


class History:
    """The database. Open it with `History.open`."""

    def __init__(self, engine: AsyncEngine, caps: Sequence[Cap] = ()) -> None:
        self.engine = engine
        self.caps = Caps(engine, caps)
        self.submissions = Submissions(engine)
        self.prechecks = Prechecks(engine)
        self.organized = OrganizedJobs(engine)
        self.lineage = Lineage(engine)
        self.files = Files(engine)
        self.facts = Facts(engine)
        self.restored_jobs = RestoredJobs(engine)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, caps: Sequence[Cap] = ()) -> AsyncGenerator[Self, None]:
        """Connect, bring the tables up to date, and close at the end. `caps` apply besides those in the database."""
        async with connected(url) as engine:
            await migrate(engine)
            yield cls(engine, caps)

    # Jobs ------------------------------------------------------------------------------------------------------------

    async def add(self, job: Job, files: Sequence[Asset] = ()) -> Job:
        """Write a new job, its input files and its reservation against the caps, in one transaction.

        Raises OverCap if it exceeds a cap; then nothing was written.
        """
        (written,) = await self.add_all([JobWithAssets(job, tuple(files))])
        return written

    async def add_all(self, orders: Sequence[JobWithAssets]) -> tuple[Job, ...]:
        """Write several jobs of one person and one currency: all of them, or none.

        Raises OverCap if their total cost exceeds a cap.
        """
        async with self.engine.begin() as connection:
            last = await next_sequence(connection, changes=len(orders))
            await self.caps.enforce(connection, [order.job for order in orders if not order.job.imported])
            first = last - len(orders) + 1
            written = [await _write(connection, each, sequence=first + n) for n, each in enumerate(orders)]
            await reindex(connection, [job.id for job in written])
        return tuple(written)

    # `owner` is the person whose rows are seen: a name, or EVERYONE. Rows of another person do not exist for them.

    async def job(self, job_id: str, *, owner: str | None) -> Job:
        """Return one job. Raises NotFound if it does not exist."""
        async with self.engine.connect() as connection:
            return await _job(connection, job_id, owner=owner)

    async def with_assets(self, job_id: str, *, owner: str | None, purged: bool = False) -> JobWithAssets:
        """Return one job and its files. Raises NotFound if it does not exist, or was purged and `purged` is False."""
        async with self.engine.connect() as connection:
            job = await _job(connection, job_id, owner=owner)
            if job.purged_at is not None and not purged:
                raise NotFound("There is no such job.")
            (found,) = await _whole(connection, [job])
        return found

    async def several(self, job_ids: Sequence[str], *, owner: str | None) -> tuple[JobWithAssets, ...]:
        """Return these jobs and their files, in this order. Missing jobs are left out. Meant for a few hundred."""
        statement = sa.select(jobs).where(jobs.c.id.in_(list(job_ids)), jobs.c.purged_at.is_(None), *_of(owner))
        async with self.engine.connect() as connection:
            found = {row["id"]: job_of(row) for row in (await connection.execute(statement)).mappings()}
            return await _whole(connection, [found[job_id] for job_id in dict.fromkeys(job_ids) if job_id in found])

    async def change(
        self,
        job_id: str,
        *,
        only_from: frozenset[JobStatus] | None = None,
        only_slot: int | EllipsisType | None = ...,
        only_decision: Decision | None = None,
        files: Sequence[Asset] = (),
        **values: Any,
    ) -> Job | None:
        """Change members of a job and add files to it, in one transaction.

        Returns the changed job. None if it is not in one of the states `only_from`, does not have the slot given at
        `only_slot`, or does not ask for `only_decision`: then nothing was changed. `values` are members of Job; Any
        because they are columns of every kind.
        """
        async with self.engine.begin() as connection:
            sequence = await next_sequence(connection)
            if any(asset.is_output and asset.seconds for asset in files):
                before = await connection.scalar(sa.select(jobs.c.seconds).where(jobs.c.id == job_id))
                values["seconds"] = _longest(files, before)
            only = {"only_from": only_from, "only_slot": only_slot, "only_decision": only_decision}
            job = await change_job(connection, job_id, sequence=sequence, **only, **values)
            if job is not None and files:
                await put_assets(connection, files)
                if any(asset.is_output for asset in files):
                    await reindex(connection, [job_id])  # results are searched for by their kind
        return job

    async def adopt_late(
        self, submission: Submission, *, task_id: str, otherwise: JobWithAssets, now: int
    ) -> Job | None:
        """Give a task to a submission that was given up, in one transaction.

        Its job takes the task if it waits to be resubmitted, or for a person's decision. Otherwise the job `otherwise`
        is written and takes over the submission. No cap is enforced, since the task is already bought. Returns None if
        the task or the submission was settled meanwhile.
        """
        async with self.engine.begin() as connection:
            sequence = await next_sequence(connection)
            job = await _job(connection, submission.job_id, owner=EVERYONE)
            waits = await self.submissions.may_take_late(connection, submission, task_id=task_id)
            if waits is None:
                return None
            if submission.state is SubmissionState.LOST:
                await release_lost(connection, job)
            if waits and job.status in (JobStatus.QUEUED, JobStatus.UPLOADING):
                await self.submissions.take_late(connection, submission, task_id=task_id, job_id=job.id)
                return await change_job(
                    connection,
                    job.id,
                    sequence=sequence,
                    status=JobStatus.PENDING,
                    task_id=task_id,
                    submitted_at=submission.started_at,
                    dispatched_at=job.dispatched_at or now,
                    rests_until=None,
                    decision=None,
                    attention=None,
                    updated_at=now,
                )
            if job.status.final and job.actual_micros is None:
                # Its money is that of the task, which now has a job of its own.
                await change_job(connection, job.id, sequence=sequence, actual_micros=0, updated_at=now)
            written = await _write(connection, otherwise, sequence=sequence)
            await self.submissions.take_late(connection, submission, task_id=task_id, job_id=written.id)
            await reindex(connection, [written.id])
        return written

    # Finding ---------------------------------------------------------------------------------------------------------

    async def page(self, find: Find, *, cursor: str | None = None, newer: bool = False, limit: int = 60) -> Page:
        """Return a page of jobs, newest first: below the cursor, or with `newer` the nearest ones above it.

        Paging is by place, so new jobs neither repeat nor skip one. Raises NotFound if the cursor is invalid.
        """
        at = _read_cursor(cursor)
        async with self.engine.connect() as connection:
            asked = await plan(connection, find)
            if newer:
                span = Span(low=0 if at is None else at + 1, upwards=True, limit=limit + 1)
            else:
                span = Span(high=_LAST_PLACE if at is None else at - 1, limit=limit + 1)
            found = [job_of(row) for row in await asked.rows(connection, span)]
            more, found = len(found) > limit, found[:limit]
            items = await _whole(connection, found[::-1] if newer else found)
        if newer:
            above, below = more, at is not None
        else:
            above, below = at is not None, more
        first, last = max((at or 0) - 1, 0), min((at or 0) + 1, _LAST_PLACE)  # an empty page leads back to its cursor
        if items:
            first, last = items[0].job.place, items[-1].job.place
        return Page(items, str(last) if below else None, str(first) if above else None, tuple(asked.remarks))

    async def around(self, find: Find, place: int, *, limit: int = 60) -> Page:
        """Return the page around a place: half of it newer, then the place itself and older ones."""
        async with self.engine.connect() as connection:
            asked = await plan(connection, find)
            half = limit // 2
            up = await asked.rows(connection, Span(low=place + 1, upwards=True, limit=half + 1))
            down = await asked.rows(connection, Span(high=place, limit=limit - half + 1))
            found = [job_of(row) for row in (*reversed(up[:half]), *down[: limit - half])]
            items = await _whole(connection, found)
        first, last = (found[0].place, found[-1].place) if found else (place, place)
        return Page(
            items,
            str(last) if len(down) > limit - half else None,
            str(first) if len(up) > half else None,
            tuple(asked.remarks),
        )

    async def unfinished(self) -> tuple[Job, ...]:
        """Return every unfinished job, oldest first."""
        final = [str(status) for status in FINAL]
        statement = sa.select(jobs).where(jobs.c.status.not_in(final)).order_by(jobs.c.created_at)
        async with self.engine.connect() as connection:
            return tuple(job_of(row) for row in await fetched(connection, statement))

    async def sequence(self) -> int:
        """Return the number of the latest change."""
        async with self.engine.connect() as connection:
            return await connection.scalar(sa.select(counters.c.value).where(counters.c.name == "sequence")) or 0

    async def changed_since(self, sequence: int, *, owner: str | None, limit: int = 200) -> tuple[JobWithAssets, ...]:
        """Return the jobs that changed after a change number, in the order of their changes."""
        after = max(0, min(sequence, _LAST_PLACE))  # no database counts further
        changed = (jobs.c.sequence > after, jobs.c.purged_at.is_(None), *_of(owner))
        statement = sa.select(jobs).where(*changed).order_by(jobs.c.sequence)
        async with self.engine.connect() as connection:
            found = [job_of(row) for row in (await connection.execute(statement.limit(limit))).mappings()]
            return await _whole(connection, found)

    # Assets ----------------------------------------------------------------------------------------------------------

    async def asset(self, asset_id: str, *, owner: str | None) -> Asset:
        """Return one file. Raises NotFound if it does not exist or belongs to another person."""
        statement = sa.select(assets).where(assets.c.id == asset_id)
        if owner is not None:
            statement = statement.join(jobs, jobs.c.id == assets.c.job_id).where(*_of(owner))
        async with self.engine.connect() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None:
            raise NotFound("There is no such file.")
        return asset_of(row)


# Rows ----------------------------------------------------------------------------------------------------------------


def _read_cursor(cursor: str | None) -> int | None:
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdecimal()) or len(cursor) > 19 or int(cursor) > _LAST_PLACE:
        raise NotFound("That page does not exist any more. Start again from the first one.")
    return int(cursor)


def _longest(files: Sequence[Asset], before: float | None) -> float | None:
    """Return the length of the longest output, in seconds, to a tenth: a clip of 5 seconds often has 5.04."""
    made = [round(asset.seconds, 1) for asset in files if asset.is_output and asset.seconds]
    return max([*made, *([] if before is None else [before])], default=None)


async def _write(connection: AsyncConnection, order: JobWithAssets, *, sequence: int) -> Job:
    """Write a new job, its files and its reservation against the caps."""
    job, files = order.job, order.assets
    row = row_of(job) | {"sequence": sequence, "place": await _free_place(connection, job)}
    row["seconds"] = _longest(files, job.seconds)
    await connection.execute(jobs.insert().values(row))
    if not job.imported:
        await connection.execute(reservations.insert().values(reservation_of(job)))
    if files:
        await connection.execute(assets.insert(), [row_of(asset) for asset in files])
    return job_of(row)


async def _free_place(connection: AsyncConnection, job: Job) -> int:
    """Return the job's place, or the next free one. Writers run one after the other, so it stays free."""
    place = place_of(job.created_at, job.id)
    while await connection.scalar(sa.select(jobs.c.id).where(jobs.c.place == place)) is not None:
        place += 1
    return place


def _of(owner: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    return () if owner is None else (jobs.c.person == owner,)


async def _job(connection: AsyncConnection, job_id: str, *, owner: str | None) -> Job:
    statement = sa.select(jobs).where(jobs.c.id == job_id, *_of(owner))
    row = (await connection.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such job.")
    return job_of(row)


async def _whole(connection: AsyncConnection, found: Sequence[Job]) -> tuple[JobWithAssets, ...]:
    """Return jobs with their files, tags and collections, in a few statements regardless of their number."""
    if not found:
        return ()
    ids = [job.id for job in found]
    files = await _assets_of(connection, ids)
    tagged, collected = await _order_of(connection, ids)
    parents = await _parents_of(connection, files)
    return tuple(
        JobWithAssets(
            job,
            tuple(files.get(job.id, ())),
            tuple(tagged.get(job.id, ())),
            tuple(collected.get(job.id, ())),
            {asset: parent for asset, (parent, person) in parents.items() if person == job.person} if parents else {},
        )
        for job in found
    )


async def _assets_of(connection: AsyncConnection, job_ids: Sequence[str]) -> dict[str, list[Asset]]:
    found: dict[str, list[Asset]] = {}
    statement = (
        sa.select(assets)
        .where(assets.c.job_id.in_(job_ids))
        .order_by(assets.c.position, assets.c.created_at, assets.c.id)
    )
    for row in await fetched(connection, statement):
        found.setdefault(row["job_id"], []).append(asset_of(row))
    return found


async def _order_of(
    connection: AsyncConnection, job_ids: Sequence[str]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return tag names and collection ids, by job."""
    of_tags = sa.select(sa.true().label("is_tag"), tags.c.job_id, tags.c.name).where(tags.c.job_id.in_(job_ids))
    of_collections = sa.select(sa.false(), collection_jobs.c.job_id, collection_jobs.c.collection_id).where(
        collection_jobs.c.job_id.in_(job_ids)
    )
    tagged: dict[str, list[str]] = {}
    collected: dict[str, list[str]] = {}
    for row in (await connection.execute(of_tags.union_all(of_collections).order_by("name"))).mappings():
        (tagged if row["is_tag"] else collected).setdefault(row["job_id"], []).append(row["name"])
    return tagged, collected


async def _parents_of(connection: AsyncConnection, files: dict[str, list[Asset]]) -> dict[str, tuple[str, str]]:
    """Return the job and the person of every known parent."""
    wanted = {asset.parent_id for some in files.values() for asset in some if asset.parent_id}
    if not wanted:
        return {}
    statement = (
        sa.select(assets.c.id, jobs.c.id, jobs.c.person)
        .join(jobs, jobs.c.id == assets.c.job_id)
        .where(assets.c.id.in_(sorted(wanted)))
    )
    return {asset: (job, person) for asset, job, person in await connection.execute(statement)}


# Tables --------------------------------------------------------------------------------------------------------------
