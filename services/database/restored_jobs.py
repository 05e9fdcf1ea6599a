"""Jobs of a database restored from an older copy. They may have been submitted since, so none is sent by itself.

Hides the SQL. Everything happens in one transaction, so a crash never leaves only some of the jobs held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.database.facts import COPIED_AT, MISHAP, put_fact
from services.database.rows import next_sequence
from services.database.search_index import reindex
from services.database.tables import counters, facts, jobs, submissions
from services.domain.batches import batches
from services.domain.jobs import Decision, Job, JobStatus, SubmissionState

_MAY_BE_SENT = tuple(str(s) for s in (JobStatus.QUEUED, JobStatus.UPLOADING, JobStatus.SUBMITTING, JobStatus.UNKNOWN))
"""The states in which a job could still be submitted or resubmitted."""
_HELD = (
    "The database was put back from an older copy, so nobody can tell whether this was ordered since. "
    "It is not sent by itself. Look in your gallery whether you have it already; then decide."
)
_INDEXED_AT_ONCE = 20


class RestoredJobs:
    """Holds jobs until a person decides about them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def hold(
        self, *, now: int, above: int, notes: Mapping[str, str], mishap: Callable[[int], str] | None
    ) -> tuple[str, ...]:
        """Hold every job that could still be submitted for a person's decision. Returns their ids.

        `above` is a change number that was seen with this database before: numbering continues above it. `notes` are
        facts written with it. `mishap` describes the event, given the number of held jobs. The bin's 30 days start
        again: its jobs may have been taken out since.
        """
        async with self._engine.begin() as connection:
            sequence = await next_sequence(connection)
            if sequence <= above:
                sequence = above + 1
                await connection.execute(counters.update().where(counters.c.name == "sequence").values(value=sequence))
            held = await _hold_all(connection, now=now, sequence=sequence)
            await connection.execute(
                jobs.update().where(jobs.c.deleted_at.is_not(None), jobs.c.purged_at.is_(None)).values(deleted_at=now)
            )
            await connection.execute(facts.delete().where(facts.c.name == COPIED_AT))
            written = {**notes, **({MISHAP: mishap(len(held))} if mishap else {})}
            for name, value in written.items():
                await put_fact(connection, name, value)
        return held

    async def found(self, job_id: str, **values: Any) -> None:  # Any: columns of every kind
        """Record that the submission of a held job was taken after all: its result is in the archive."""
        async with self._engine.begin() as connection:
            await next_sequence(connection)
            await connection.execute(
                submissions.update()
                .where(submissions.c.job_id == job_id, submissions.c.state == str(SubmissionState.OPEN))
                .values(state=str(SubmissionState.TAKEN), **values)
            )


async def _hold_all(connection: AsyncConnection, *, now: int, sequence: int) -> tuple[str, ...]:
    found = (
        await connection.execute(
            sa.select(jobs.c.id, jobs.c.account, jobs.c.vendor_model, jobs.c.created_at).where(
                jobs.c.status.in_(_MAY_BE_SENT)
            )
        )
    ).all()
    for job_id, account, vendor_model, created_at in found:
        latest = (
            await connection.execute(
                sa.select(submissions.c.id, submissions.c.attempt, submissions.c.state)
                .where(submissions.c.job_id == job_id)
                .order_by(submissions.c.attempt.desc())
                .limit(1)
            )
        ).one_or_none()
        if latest is not None and latest.state == str(SubmissionState.OPEN):
            lost = sa.func.coalesce(submissions.c.lost_at, now)
            await connection.execute(submissions.update().where(submissions.c.id == latest.id).values(lost_at=lost))
            continue
        await connection.execute(
            submissions.insert().values(
                job_id=job_id,
                attempt=1 if latest is None else latest.attempt + 1,
                account=account,
                vendor_model=vendor_model,
                state=str(SubmissionState.OPEN),
                started_at=created_at,
                lost_at=now,
                live=False,
            )
        )
    ids = [row.id for row in found]
    if ids:
        await connection.execute(
            jobs.update()
            .where(jobs.c.status.in_(_MAY_BE_SENT))
            .values(
                status=str(JobStatus.UNKNOWN),
                decision=str(Decision.RESTORED),
                attention=_HELD,
                dispatched_at=None,
                cancel_requested=False,
                updated_at=now,
                sequence=sequence,
            )
        )
    for some in batches(ids, _INDEXED_AT_ONCE):
        await reindex(connection, some)
    return tuple(ids)


def is_held(job: Job) -> bool:
    """Return whether a job waits for a person's decision, and for nothing else."""
    return job.status is JobStatus.UNKNOWN and job.decision is Decision.RESTORED
