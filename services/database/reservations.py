"""A job's reservation against the caps: its estimate while it is open, then the billed amount or nothing.

The row is written in the transaction that writes the job, and settled in the one that ends it, so the two never
disagree. Money counts for the day of the request. If a job was resubmitted and its first submission may have been
billed, it holds both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.database.tables import reservations
from services.domain.jobs import Job, JobStatus


class Held(StrEnum):
    """The state of a job's money."""

    HELD = "held"
    """Its estimate: it is unfinished, or it ended and it is unknown whether it was billed."""
    BILLED = "billed"
    RELEASED = "released"
    """Nothing was billed."""


@dataclass(frozen=True)
class Settlement:
    """The settlement of a job's money, in millionths."""

    state: Held
    micros: int


def settlement_of(job: Job) -> Settlement:
    """Return the settlement of a job's money.

    If a job failed and it is unknown whether it was billed, its estimate stays held: a cap errs on the safe side.
    """
    actual, estimate = job.actual_micros, job.estimated_micros
    match job.status:
        case JobStatus.SUCCEEDED:
            return _billed(estimate if actual is None else actual)
        case JobStatus.FAILED | JobStatus.CANCELED:
            return Settlement(Held.HELD, estimate) if actual is None else _billed(actual)
        case JobStatus.SAVING if actual is not None:
            return _billed(actual)
        case (
            JobStatus.QUEUED
            | JobStatus.UPLOADING
            | JobStatus.SUBMITTING
            | JobStatus.PENDING
            | JobStatus.RUNNING
            | JobStatus.SAVING
            | JobStatus.UNKNOWN
        ):
            return Settlement(Held.HELD, max(estimate, actual or 0))
        case _:
            assert_never(job.status)


def _billed(micros: int) -> Settlement:
    return Settlement(Held.BILLED if micros else Held.RELEASED, micros)


def reservation_of(job: Job) -> dict[str, Any]:  # Any: columns of every kind
    """Return the reservation row of a job."""
    settled = settlement_of(job)
    day = day_of(job.created_at)
    return {
        "job_id": job.id,
        "person": job.person,
        "demo": job.demo,
        "currency": job.currency,
        "micros": settled.micros,
        "day": day,
        "month": month_of(day),
        "state": str(settled.state),
        "at": job.updated_at,
    }


async def settle(connection: AsyncConnection, job: Job) -> None:
    """Update the reservation to the job's current settlement, within the caller's transaction."""
    settled = settlement_of(job)
    await connection.execute(
        reservations.update()
        .where(reservations.c.job_id == job.id)
        .values(state=str(settled.state), micros=settled.micros, at=job.updated_at)
    )


async def hold_lost(connection: AsyncConnection, job: Job) -> None:
    """Hold the estimate of a submission that may have been billed, besides that of its resubmission."""
    lost = reservations.c.lost_micros + job.estimated_micros
    await connection.execute(reservations.update().where(reservations.c.job_id == job.id).values(lost_micros=lost))


async def release_lost(connection: AsyncConnection, job: Job) -> None:
    """Release a lost submission that was billed after all and now has a job of its own."""
    left = sa.case(
        (reservations.c.lost_micros > job.estimated_micros, reservations.c.lost_micros - job.estimated_micros), else_=0
    )
    await connection.execute(reservations.update().where(reservations.c.job_id == job.id).values(lost_micros=left))


def day_of(milliseconds: int) -> str:
    """Return the day of a time in milliseconds, in the studio's local time zone: `2026-11-22`."""
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().date().isoformat()


def month_of(day: str) -> str:
    """Return the month of a day: `2026-11`."""
    return day[:7]
