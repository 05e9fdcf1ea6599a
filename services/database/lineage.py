"""The descent of jobs from one another: through files that were used again, and through reused settings. Hides the SQL.

Only services.database.jobs builds it. Jobs of another person and purged jobs are not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.database.tables import assets, jobs
from services.domain.jobs import OUTPUT, Origin


@dataclass(frozen=True, kw_only=True)
class Link:
    """One step of a family: the younger job came from the older one."""

    older: str
    younger: str
    asset: str | None = None
    """The file that was passed on; None if only the settings were."""
    moment: str | None = None


class Lineage:
    """The families of jobs in the database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def owner(self, asset_id: str) -> str | None:
        """Return the owner of a file, or None if the file is unknown."""
        statement = sa.select(jobs.c.person).join(assets, assets.c.job_id == jobs.c.id).where(assets.c.id == asset_id)
        async with self._engine.connect() as connection:
            return await connection.scalar(statement)

    async def has_job(self, job_id: str, *, person: str) -> bool:
        """Return whether a job exists and belongs to the person."""
        statement = sa.select(jobs.c.id).where(_own(jobs, person), jobs.c.id == job_id)
        async with self._engine.connect() as connection:
            return await connection.scalar(statement) is not None

    async def origin(self, sha256: str, *, person: str) -> Origin | None:
        """Return the origin of a person's file with this hash: their output, or an earlier input with an origin."""
        made = sa.case((assets.c.role == OUTPUT, 0), else_=1)
        statement = (
            sa.select(assets.c.id, assets.c.role, assets.c.parent_id, assets.c.moment)
            .join(jobs, jobs.c.id == assets.c.job_id)
            .where(assets.c.sha256 == sha256, _own(jobs, person))
            .where(sa.or_(assets.c.role == OUTPUT, assets.c.parent_id.is_not(None)))
            .order_by(made, assets.c.created_at.desc())
            .limit(1)
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return Origin(asset=row.id) if row.role == OUTPUT else Origin(asset=row.parent_id, moment=row.moment)

    async def above(self, job_ids: Sequence[str], *, person: str) -> tuple[Link, ...]:
        """Return the steps that lead to these jobs."""
        async with self._engine.connect() as connection:
            return await _links(connection, _YOUNGER, job_ids, person)

    async def below(self, job_ids: Sequence[str], *, person: str) -> tuple[Link, ...]:
        """Return the steps that lead away from these jobs."""
        async with self._engine.connect() as connection:
            return await _links(connection, _OLDER, job_ids, person)


_OLDER, _YOUNGER = jobs.alias("older"), jobs.alias("younger")
_PARENTS = assets.alias("parents")


def _own(table: Any, person: str) -> sa.ColumnElement[bool]:  # Any: a table or an alias of it
    return sa.and_(table.c.person == person, table.c.purged_at.is_(None))


async def _links(
    connection: AsyncConnection, end: sa.FromClause, job_ids: Sequence[str], person: str
) -> tuple[Link, ...]:
    """Return the steps with this `end` among these jobs; steps by a file come first."""
    both = (_own(_OLDER, person), _own(_YOUNGER, person), end.c.id.in_(list(job_ids)))
    by_file = (
        sa.select(_OLDER.c.id, _YOUNGER.c.id, assets.c.parent_id, assets.c.moment)
        .select_from(assets)
        .join(_PARENTS, _PARENTS.c.id == assets.c.parent_id)
        .join(_OLDER, _OLDER.c.id == _PARENTS.c.job_id)
        .join(_YOUNGER, _YOUNGER.c.id == assets.c.job_id)
        .where(*both)
        .order_by(assets.c.created_at, assets.c.position)
    )
    by_settings = (
        sa.select(_OLDER.c.id, _YOUNGER.c.id, sa.null(), sa.null())
        .select_from(_YOUNGER)
        .join(_OLDER, _OLDER.c.id == _YOUNGER.c.source_job)
        .where(*both)
        .order_by(_YOUNGER.c.created_at)
    )
    found: dict[Link, None] = {}
    for statement in (by_file, by_settings):
        for older, younger, asset, moment in await connection.execute(statement):
            found[Link(older=older, younger=younger, asset=asset, moment=moment)] = None
    return tuple(link for link in found if link.older != link.younger)
