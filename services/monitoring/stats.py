"""Statistics from the database: jobs by status, buckets, recent failures.

Hides SQL. Counts in the database, so ten thousand jobs cost as much as ten.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from services.database.tables import counters, jobs, lanes
from services.domain.jobs import FINAL, Decision, JobStatus
from services.jobs.scheduling.limits import Limits
from services.jobs.scheduling.slots import Bucket, waits_for_slot

_HOLDS_NO_LANE = frozenset({JobStatus.SAVING, JobStatus.UNKNOWN})
"""Statuses of jobs that no longer need a slot, although they have not ended."""
_MOST_ERRORS = 50
_PROBE = "readiness"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The unfinished jobs by activity."""

    waiting: int = 0
    """Jobs that wait for a slot."""
    working: int = 0
    unknown: int = 0
    """Jobs that may or may not have been billed, or that wait for a person's decision."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """One bucket: an account and a vendor model."""

    bucket: Bucket
    model: str
    """The catalogue model of one of its jobs; empty if it has none at present."""
    region: str
    waiting: int
    busy: int
    limits: Limits | None
    """None if no slot of it was granted yet."""


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Jobs that failed for the same reason."""

    code: str | None
    count: int
    message: str
    """The message of one of them."""
    last_at: int
    """Milliseconds since 1970."""


class Stats:
    """The counts of one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def by_status(self, *, demo: bool) -> dict[JobStatus, int]:
        """Count the jobs in each status. Every status is included."""
        statement = sa.select(jobs.c.status, sa.func.count()).where(jobs.c.demo == demo).group_by(jobs.c.status)
        async with self._engine.connect() as connection:
            found = {JobStatus(status): count for status, count in await connection.execute(statement)}
        return {status: found.get(status, 0) for status in JobStatus}

    async def unfinished(self, *, person: str | None, demo: bool) -> int:
        """Count the unfinished jobs of a person, or of all people."""
        wanted = [jobs.c.demo == demo, jobs.c.status.in_([status.value for status in JobStatus if status not in FINAL])]
        if person is not None:
            wanted.append(jobs.c.person == person)
        async with self._engine.connect() as connection:
            return await connection.scalar(sa.select(sa.func.count()).select_from(jobs).where(*wanted)) or 0

    async def queues(self, *, now: int) -> tuple[Queue, ...]:
        """Return every bucket that has unfinished jobs or was ever granted a slot, sorted by name."""
        waits = sa.and_(*waits_for_slot())
        columns = (jobs.c.account, jobs.c.vendor_model, jobs.c.status, waits.label("waits"), _asked().label("asked"))
        statement = (
            sa.select(*columns, sa.func.max(jobs.c.model), sa.func.max(jobs.c.region), sa.func.count())
            .where(jobs.c.status.in_([status.value for status in JobStatus if status not in FINAL]))
            .group_by(*columns)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(statement)).all()
            limits = {row["bucket"]: Limits(**row) for row in (await connection.execute(sa.select(lanes))).mappings()}
        found: dict[str, Queue] = {name: _queue(_bucket_named(name), limits=known) for name, known in limits.items()}
        for account, vendor_model, status, is_waiting, asked, model, region, count in rows:
            bucket = Bucket(account, vendor_model)
            before = found.get(bucket.name) or _queue(bucket, limits=None)
            is_busy = not is_waiting and not asked and JobStatus(status) not in _HOLDS_NO_LANE
            found[bucket.name] = Queue(
                bucket=bucket,
                model=model,
                region=region,
                waiting=before.waiting + (count if is_waiting else 0),
                busy=before.busy + (count if is_busy else 0),
                limits=before.limits,
            )
        return tuple(found[name] for name in sorted(found))

    async def standing(self, *, demo: bool) -> Standing:
        """Count the unfinished jobs by activity."""
        waits, asked = sa.and_(*waits_for_slot()).label("waits"), _asked().label("asked")
        statement = (
            sa.select(jobs.c.status, waits, asked, sa.func.count())
            .where(jobs.c.demo == demo, jobs.c.status.in_([s.value for s in JobStatus if s not in FINAL]))
            .group_by(jobs.c.status, waits, asked)
        )
        waiting = working = unknown = 0
        async with self._engine.connect() as connection:
            for status, is_waiting, is_asked, count in await connection.execute(statement):
                if status == JobStatus.UNKNOWN or is_asked:
                    unknown += count
                elif is_waiting:
                    waiting += count
                else:
                    working += count
        return Standing(waiting=waiting, working=working, unknown=unknown)

    async def failures(self, *, since: int, demo: bool) -> tuple[Failures, ...]:
        """Return the failures since then (milliseconds since 1970), the most frequent first."""
        count = sa.func.count().label("count")
        statement = (
            sa.select(jobs.c.error_code, count, sa.func.max(jobs.c.error_message), sa.func.max(jobs.c.finished_at))
            .where(jobs.c.status == JobStatus.FAILED, jobs.c.demo == demo, jobs.c.finished_at >= since)
            .group_by(jobs.c.error_code)
            .order_by(count.desc(), jobs.c.error_code)
            .limit(_MOST_ERRORS)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(statement)).all()
        return tuple(
            Failures(code=code, count=number, message=message or "", last_at=last)
            for code, number, message, last in rows
        )

    async def write_probe(self, *, now: int) -> None:
        """Write a row and commit it. Raises SQLAlchemyError if nothing can be written."""
        insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        statement = insert(counters).values(name=_PROBE, value=now)
        async with self._engine.begin() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": now}))


def _queue(bucket: Bucket, *, limits: Limits | None) -> Queue:
    return Queue(bucket=bucket, model="", region="", waiting=0, busy=0, limits=limits)


def _bucket_named(name: str) -> Bucket:
    account, _, vendor_model = name.partition("/")
    return Bucket(account, vendor_model)


def _asked() -> sa.ColumnElement[bool]:
    """Return the condition for an unsent job that waits for a person's decision."""
    opened = [str(decision) for decision in Decision if decision.is_open]
    return sa.and_(jobs.c.status == str(JobStatus.QUEUED), sa.func.coalesce(jobs.c.decision, "").in_(opened))
