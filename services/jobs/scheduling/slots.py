"""The slots of every bucket: which jobs wait for one, which hold one, and granting them across all processes.

Hides SQL. Granting, taking back and pacing lock the bucket's row, so any number of processes obeys one limit.
services.jobs.scheduling.fairness decides which job is next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.catalogue.schema import RateLimit
from services.database.rows import job_of, next_sequence
from services.database.tables import jobs, lanes
from services.domain.jobs import Decision, Job, JobStatus
from services.jobs.scheduling import limits as knowledge
from services.jobs.scheduling.fairness import Busy, Snapshot, Waiting, next_ones
from services.jobs.scheduling.limits import Limits

UNSENT = frozenset({JobStatus.QUEUED, JobStatus.UPLOADING})
"""Statuses of jobs that need a slot to continue. A slot that such a job holds can still be taken away."""
_SENT = frozenset({JobStatus.SUBMITTING, JobStatus.PENDING, JobStatus.RUNNING})
"""Statuses of jobs that may be at the vendor: they hold a slot whether or not the row says so.

A job that only has to be downloaded holds none.
"""
_DOUBT_COUNTS_MS = 30 * 60_000
"""A job of unknown fate may be running at the vendor for this long after its submission.

It holds no slot, but it explains why the vendor accepts fewer submissions than there are slots.
"""
_OPEN_DECISIONS = tuple(str(decision) for decision in Decision if decision.is_open)
_LATELY_MS = 24 * 3_600_000
"""A person whose latest grant is older than this counts as never served."""


@dataclass(frozen=True, order=True)
class Bucket:
    """The vendor's unit of rate limiting: an account's jobs of one vendor model."""

    account: str
    vendor_model: str

    @property
    def name(self) -> str:
        """Its key in the `lanes` table."""
        return f"{self.account}/{self.vendor_model}"


@dataclass(frozen=True, kw_only=True)
class BucketQueue:
    """The queue of one bucket at one moment. `model` and `region` are those of one of its jobs."""

    bucket: Bucket
    model: str
    region: str
    waiting: Sequence[Waiting]
    busy: Sequence[Busy]
    served: Mapping[str, int]
    limits: Limits | None
    """None if no slot of the bucket was ever granted."""

    def snapshot(self, slots: int) -> Snapshot:
        """Build the input of the fairness rules, with this many slots."""
        return Snapshot(slots=slots, busy=self.busy, waiting=self.waiting, served=self.served)


class Slots:
    """The slots of all buckets."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def lines(self, *, now: int) -> tuple[BucketQueue, ...]:
        """Return the queue of every bucket that has a waiting job."""
        async with self._engine.connect() as connection:
            return await _lines(connection, now=now)

    async def known(self) -> tuple[Limits, ...]:
        """Return the limits of every bucket that was ever used."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(sa.select(lanes).order_by(lanes.c.bucket))).mappings()
            return tuple(Limits(**row) for row in rows)

    async def give(self, bucket: Bucket, *, rate: RateLimit, now: int) -> tuple[Job, ...]:
        """Grant the bucket's free slots to the next jobs. Returns the jobs that received one."""
        async with self._engine.begin() as connection:
            known = await _hold(connection, bucket, rate)
            if now < known.cooldown_until:
                return ()
            found = await _lines(connection, now=now, only=bucket)
            if not found:
                return ()
            (line,) = found
            if len(line.busy) >= known.slots:
                more = knowledge.tried(known, now=now)
                if more is known:
                    return ()
                await _keep(connection, more)
                known = more
            chosen = [job.job_id for job in next_ones(line.snapshot(known.slots))]
            if not chosen:
                return ()
            sequence = await next_sequence(connection, changes=len(chosen))
            given = [
                await _give_one(connection, job_id, now=now, sequence=sequence - len(chosen) + number)
                for number, job_id in enumerate(chosen, start=1)
            ]
        return tuple(job for job in given if job is not None)

    async def turn_to_send(self, job: Job, *, now: int) -> int | None:
        """Reserve the next send time of the bucket for this job and return it, in milliseconds.

        Returns None if the job no longer holds a slot: nothing may be sent.
        """
        async with self._engine.begin() as connection:
            known = await _held(connection, _bucket_of(job))
            if not await _has_slot(connection, job):
                return None
            if known is None:
                return now
            turn = knowledge.next_turn(known, now=now)
            await _keep(connection, knowledge.at_turn(known, turn))
            return turn

    async def may_send(self, job: Job, *, now: int) -> bool | None:
        """Return whether a reserved send time is still valid, or None if the job no longer holds a slot."""
        statement = sa.select(lanes.c.cooldown_until).where(lanes.c.bucket == _bucket_of(job).name)
        async with self._engine.connect() as connection:
            if not await _has_slot(connection, job):
                return None
            return now >= (await connection.scalar(statement) or 0)

    async def refuse(
        self, job: Job, *, now: int, first_pause_ms: float, jitter: float, attention: str
    ) -> tuple[str, ...]:
        """Handle a "too fast" response: the job and all unsent jobs of its bucket wait for a slot again.

        `jitter` is between 0 and 1. `attention` is the sentence that the job shows meanwhile. Returns the ids of the
        jobs that gave a slot back.
        """
        bucket = _bucket_of(job)
        async with self._engine.begin() as connection:
            known = await _held(connection, bucket)
            if known is not None:
                others = await _at_vendor(connection, bucket, besides=job.id, doubted_since=now - _DOUBT_COUNTS_MS)
                learned = knowledge.refused(known, now=now, others=others, first_pause_ms=first_pause_ms, jitter=jitter)
                await _keep(connection, learned)
            sequence = await next_sequence(connection)
            back = {"status": str(JobStatus.QUEUED), "dispatched_at": None, "updated_at": now, "sequence": sequence}
            mine = jobs.update().where(jobs.c.id == job.id, jobs.c.status == str(JobStatus.SUBMITTING))
            await connection.execute(mine.values(**back, attention=attention))
            unsent = jobs.update().where(*_of(bucket), _in(UNSENT), jobs.c.dispatched_at.is_not(None))
            others_back = await connection.scalars(unsent.values(**back).returning(jobs.c.id))
            return (job.id, *others_back.all())

    async def taken(self, job: Job) -> None:
        """Note that the vendor accepted a job's submission, which confirms a limit on trial."""
        name = _bucket_of(job).name
        async with self._engine.connect() as connection:
            refusals = await connection.scalar(sa.select(lanes.c.refusals).where(lanes.c.bucket == name))
        if not refusals:
            return
        async with self._engine.begin() as connection:
            known = await _held(connection, _bucket_of(job))
            if known is not None:
                at_vendor = await _at_vendor(connection, _bucket_of(job))
                await _keep(connection, knowledge.taken(known, at_vendor=at_vendor))

    async def prioritise(self, job_id: str, priority: int, *, now: int) -> bool:
        """Change a job's priority in the queue. Returns False if it does not wait for a slot."""
        async with self._engine.begin() as connection:
            sequence = await next_sequence(connection)
            waits = jobs.update().where(jobs.c.id == job_id, *waits_for_slot())
            awake = {"rests_until": None} if priority else {}
            done = await connection.execute(waits.values(priority=priority, sequence=sequence, updated_at=now, **awake))
            return done.rowcount > 0

    async def next_rested(self, *, now: int) -> int | None:
        """Return the time when the next resting job may be granted a slot, or None."""
        statement = sa.select(sa.func.min(jobs.c.rests_until)).where(*waits_for_slot(), jobs.c.rests_until > now)
        async with self._engine.connect() as connection:
            return await connection.scalar(statement)

    async def idle(self, *, given_before: int) -> tuple[Job, ...]:
        """Return the jobs whose slot was granted before this time and which are still unsent."""
        statement = sa.select(jobs).where(_in(UNSENT), jobs.c.dispatched_at < given_before)
        async with self._engine.connect() as connection:
            return tuple(job_of(row) for row in (await connection.execute(statement)).mappings())


def has_slot(job: Job) -> bool:
    """Return whether a job may continue, or must wait until it is granted a slot."""
    return job.dispatched_at is not None or job.status not in UNSENT


def waits_for_slot() -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions for a job that waits for a slot, now or after a rest, and not for a person's decision."""
    decided = sa.or_(jobs.c.decision.is_(None), jobs.c.decision.not_in(_OPEN_DECISIONS))
    return _in(UNSENT), jobs.c.dispatched_at.is_(None), decided


# Reading -------------------------------------------------------------------------------------------------------------

_STANDING = (
    jobs.c.id, jobs.c.account, jobs.c.vendor_model, jobs.c.model, jobs.c.region, jobs.c.person, jobs.c.created_at,
    jobs.c.priority, jobs.c.batch,
)  # fmt: skip


async def _lines(connection: AsyncConnection, *, now: int, only: Bucket | None = None) -> tuple[BucketQueue, ...]:
    mine = _of(only) if only else ()
    rested = sa.or_(jobs.c.rests_until.is_(None), jobs.c.rests_until <= now)
    waits = sa.select(*_STANDING).where(*mine, *waits_for_slot(), rested)
    waiting: dict[Bucket, list[sa.RowMapping]] = {}
    for row in (await connection.execute(waits)).mappings():
        waiting.setdefault(Bucket(row["account"], row["vendor_model"]), []).append(row)
    if not waiting:
        return ()
    works = sa.select(*_STANDING).where(
        *mine,
        sa.or_(_in(_SENT), sa.and_(_in(UNSENT), jobs.c.dispatched_at.is_not(None))),
    )
    busy: dict[Bucket, list[Busy]] = {}
    for row in (await connection.execute(works)).mappings():
        bucket = Bucket(row["account"], row["vendor_model"])
        busy.setdefault(bucket, []).append(Busy(person=row["person"], priority=row["priority"], batch=row["batch"]))
    served = await _served(connection, mine, since=now - _LATELY_MS)
    known = {row["bucket"]: Limits(**row) for row in (await connection.execute(sa.select(lanes))).mappings()}
    return tuple(
        BucketQueue(
            bucket=bucket,
            model=rows[0]["model"],
            region=rows[0]["region"],
            waiting=[_waiting(row) for row in rows],
            busy=busy.get(bucket, ()),
            served=served.get(bucket, {}),
            limits=known.get(bucket.name),
        )
        for bucket, rows in sorted(waiting.items())
    )


async def _served(
    connection: AsyncConnection, mine: Sequence[sa.ColumnElement[bool]], *, since: int
) -> dict[Bucket, dict[str, int]]:
    where = (jobs.c.account, jobs.c.vendor_model, jobs.c.person)
    statement = (
        sa.select(*where, sa.func.max(jobs.c.dispatched_at).label("latest"))
        .where(*mine, jobs.c.dispatched_at > since)
        .group_by(*where)
    )
    found: dict[Bucket, dict[str, int]] = {}
    for account, vendor_model, person, latest in await connection.execute(statement):
        found.setdefault(Bucket(account, vendor_model), {})[person] = latest
    return found


def _waiting(row: sa.RowMapping) -> Waiting:
    return Waiting(
        job_id=row["id"], person=row["person"], since=row["created_at"], priority=row["priority"], batch=row["batch"]
    )


async def _has_slot(connection: AsyncConnection, job: Job) -> bool:
    """Return whether the job still holds the slot that it held when it was read."""
    given = jobs.c.dispatched_at.is_not(None), jobs.c.dispatched_at == job.dispatched_at
    statement = sa.select(jobs.c.id).where(jobs.c.id == job.id, *given)
    return await connection.scalar(statement) is not None


async def _at_vendor(
    connection: AsyncConnection, bucket: Bucket, *, besides: str = "", doubted_since: int | None = None
) -> int:
    """Count the jobs of a bucket that the vendor certainly has.

    With `doubted_since`, also count the jobs submitted since then that it may have.
    """
    there = _in(frozenset({JobStatus.PENDING, JobStatus.RUNNING}))
    if doubted_since is not None:
        doubted = sa.and_(_in(frozenset({JobStatus.UNKNOWN})), jobs.c.dispatched_at > doubted_since)
        there = sa.or_(there, doubted)
    statement = sa.select(sa.func.count()).where(*_of(bucket), there, jobs.c.id != besides)
    return await connection.scalar(statement) or 0


def _bucket_of(job: Job) -> Bucket:
    return Bucket(job.account, job.vendor_model)


def _of(bucket: Bucket) -> tuple[sa.ColumnElement[bool], ...]:
    return jobs.c.account == bucket.account, jobs.c.vendor_model == bucket.vendor_model


def _in(statuses: frozenset[JobStatus]) -> sa.ColumnElement[bool]:
    return jobs.c.status.in_(sorted(str(status) for status in statuses))


# Writing -------------------------------------------------------------------------------------------------------------


async def _hold(connection: AsyncConnection, bucket: Bucket, rate: RateLimit) -> Limits:
    """Lock the bucket's row until the end of the transaction and store the published limits in it.

    Creates the row if there is none. This must be the transaction's first statement: no other process grants slots of
    this bucket until the transaction ends.
    """
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(lanes)
    published = {"running_limit": rate.running, "per_second": rate.submits_per_second}
    row = asdict(Limits(bucket=bucket.name, **published))
    statement = insert.values(row).on_conflict_do_update(index_elements=[lanes.c.bucket], set_=published)
    return Limits(**(await connection.execute(statement.returning(*lanes.c))).mappings().one())


async def _held(connection: AsyncConnection, bucket: Bucket) -> Limits | None:
    """Lock the bucket's row until the end of the transaction, as `_hold` does. Returns None if there is no row."""
    statement = lanes.update().where(lanes.c.bucket == bucket.name).values(bucket=lanes.c.bucket)
    row = (await connection.execute(statement.returning(*lanes.c))).mappings().one_or_none()
    return Limits(**row) if row else None


async def _keep(connection: AsyncConnection, known: Limits) -> None:
    await connection.execute(lanes.update().where(lanes.c.bucket == known.bucket).values(asdict(known)))


async def _give_one(connection: AsyncConnection, job_id: str, *, now: int, sequence: int) -> Job | None:
    """Grant a slot to one job. Returns None if the job was canceled meanwhile."""
    statement = (
        jobs.update()
        .where(jobs.c.id == job_id, *waits_for_slot())
        .values(dispatched_at=now, rests_until=None, sequence=sequence, updated_at=now)
    )
    row = (await connection.execute(statement.returning(*jobs.c))).mappings().one_or_none()
    return job_of(row) if row else None
