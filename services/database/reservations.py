"""What each job holds of the caps: its estimate while it is open, then what was billed, or nothing.

The row is written in the transaction that writes the job, and settled in the one that ends it, so the two never say
different things. Money counts for the day on which it was ordered. What was sent again while the first order may have
been billed holds both.
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
    """What is known of the money of a job."""

    HELD = "held"
    """Its estimate: it is not at its end, or it ended and nobody can tell whether it was billed."""
    BILLED = "billed"
    RELEASED = "released"
    """Nothing was billed."""


@dataclass(frozen=True)
class Settlement:
    """How a job's money stands, in millionths."""

    state: Held
    micros: int


def settlement_of(job: Job) -> Settlement:
    """How a job's money stands.

    Where a job failed and nobody can tell whether it was billed, its estimate stays held: a cap errs on the safe side.
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
    """The row of a job."""
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
    """Write down how a job's money stands by now, within the caller's transaction."""
    settled = settlement_of(job)
    await connection.execute(
        reservations.update()
        .where(reservations.c.job_id == job.id)
        .values(state=str(settled.state), micros=settled.micros, at=job.updated_at)
    )


async def hold_lost(connection: AsyncConnection, job: Job) -> None:
    """Hold the estimate of an order that may have been billed, besides that of the one that is sent in its place."""
    lost = reservations.c.lost_micros + job.estimated_micros
    await connection.execute(reservations.update().where(reservations.c.job_id == job.id).values(lost_micros=lost))


async def release_lost(connection: AsyncConnection, job: Job) -> None:
    """Hold an order no longer that was billed after all, with a job of its own."""
    left = sa.case(
        (reservations.c.lost_micros > job.estimated_micros, reservations.c.lost_micros - job.estimated_micros), else_=0
    )
    await connection.execute(reservations.update().where(reservations.c.job_id == job.id).values(lost_micros=left))


def day_of(milliseconds: int) -> str:
    """The day of a time in milliseconds, by the clock on the studio's wall: `2026-11-22`."""
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().date().isoformat()


def month_of(day: str) -> str:
    """The month of a day: `2026-11`."""
    return day[:7]
