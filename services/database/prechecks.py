"""Prechecks by the vendor before a job: one row for each question about a file, written before it is billed.

A question whose answer was lost is never asked again by itself. An answer that arrived serves every later job.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.database.rows import check_of, next_sequence
from services.database.tables import checks
from services.domain.jobs import Job, PrecheckRun, PrecheckState


class Prechecks:
    """The prechecks and their answers."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, job: Job, *, vendor_check: str, sha256: str) -> PrecheckRun | None:
        """Return the open or answered precheck of a file, or None if it has yet to be asked."""
        async with self._engine.connect() as connection:
            return await _latest(connection, account=job.account, vendor_check=vendor_check, sha256=sha256)

    async def begin(
        self, job: Job, *, vendor_check: str, sha256: str, micros: int, asked_at: int
    ) -> tuple[PrecheckRun, bool]:
        """Return the precheck of a file, and whether it was written just now: then this job must ask it.

        Nothing is written if one is open or answered: two jobs at the same time share one question.
        """
        async with self._engine.begin() as connection:
            await next_sequence(connection)  # writers run one after the other
            known = await _latest(connection, account=job.account, vendor_check=vendor_check, sha256=sha256)
            if known is not None:
                return known, False
            values = {
                "account": job.account,
                "vendor_check": vendor_check,
                "sha256": sha256,
                "job_id": job.id,
                "state": str(PrecheckState.OPEN),
                "code": "",
                "message": "",
                "micros": micros,
                "currency": job.currency,
                "asked_at": asked_at,
            }
            written = (await connection.execute(checks.insert().values(values).returning(*checks.c))).mappings().one()
            return check_of(written), True

    async def settle(
        self, check: PrecheckRun, *, state: PrecheckState, answered_at: int, code: str = "", message: str = ""
    ) -> PrecheckRun:
        """Record the answer, or that none will come."""
        statement = (
            checks.update()
            .where(checks.c.id == check.id)
            .values(state=str(state), answered_at=answered_at, code=code, message=message)
            .returning(*checks.c)
        )
        async with self._engine.begin() as connection:
            return check_of((await connection.execute(statement)).mappings().one())

    async def paid_by(self, job_id: str) -> int:
        """Return the cost of the answers this job asked for, in millionths."""
        answered = [str(PrecheckState.PASSED), str(PrecheckState.REFUSED)]
        statement = sa.select(sa.func.sum(checks.c.micros)).where(
            checks.c.job_id == job_id, checks.c.state.in_(answered)
        )
        async with self._engine.connect() as connection:
            return int(await connection.scalar(statement) or 0)


async def _latest(connection: AsyncConnection, *, account: str, vendor_check: str, sha256: str) -> PrecheckRun | None:
    statement = (
        sa.select(checks)
        .where(
            checks.c.account == account,
            checks.c.vendor_check == vendor_check,
            checks.c.sha256 == sha256,
            checks.c.state.in_([str(PrecheckState.OPEN), str(PrecheckState.PASSED), str(PrecheckState.REFUSED)]),
        )
        .order_by(checks.c.id.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).mappings().one_or_none()
    return check_of(row) if row else None
