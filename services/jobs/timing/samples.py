"""Measured durations, read from the jobs: the vendor's own times. Hides SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.database.tables import jobs
from services.domain.jobs import JobStatus

_MADE = (JobStatus.SAVING.value, JobStatus.SUCCEEDED.value)
"""Statuses of jobs that are measured: a failed job says nothing about how long making takes."""
_LATEST = 300
"""The number of jobs read for each vendor model: older ones carry no weight."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One finished job."""

    model: str
    demo: bool
    parameters: Mapping[str, Any]  # Any: JSON
    submitted_at: int | None
    scheduled_at: int
    ended_at: int
    """Milliseconds since 1970: `submitted_at` by our clock, the other two by the vendor's."""


class Samples:
    """The measured times of one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def models(self) -> tuple[str, ...]:
        """Return the vendor models that have any measurements."""
        statement = sa.select(jobs.c.vendor_model).where(jobs.c.ended_at.is_not(None)).distinct()
        async with self._engine.connect() as connection:
            return tuple(await connection.scalars(statement))

    async def latest(self, vendor_model: str) -> tuple[Measured, ...]:
        """Return the latest measurements of one vendor model, oldest first."""
        names = ("model", "demo", "parameters", "submitted_at", "scheduled_at", "ended_at")
        statement = (
            sa.select(*(jobs.c[name] for name in names))
            .where(
                jobs.c.vendor_model == vendor_model,
                jobs.c.ended_at.is_not(None),
                jobs.c.scheduled_at.is_not(None),
                jobs.c.status.in_(_MADE),
            )
            .order_by(jobs.c.ended_at.desc())
            .limit(_LATEST)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(Measured(**row) for row in reversed(rows))
