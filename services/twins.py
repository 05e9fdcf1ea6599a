"""Whether a file is in the archive already, asked of the database. Hides the SQL; only services.history builds it.

A person is a name, or None for everybody's files. What lies in the bin is here as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.domain.jobs import Asset
from services.tables import assets, jobs

_OUTPUT = "output"


class Twins:
    """The files that are the same, or nearly."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def made(self, sha256s: Sequence[str], *, person: str | None, demo: bool) -> Asset | None:
        """The newest result with one of these hashes."""
        statement = self._results(person, demo).where(assets.c.sha256.in_(list(sha256s)))
        found = await self._some(statement.order_by(assets.c.created_at.desc()).limit(1))
        return found[0] if found else None

    async def held(self, sha256: str, *, person: str) -> Asset | None:
        """A file of this person with this hash, made or given."""
        mine = sa.select(assets).join(jobs, jobs.c.id == assets.c.job_id).where(jobs.c.person == person)
        found = await self._some(mine.where(assets.c.sha256 == sha256).order_by(assets.c.created_at).limit(1))
        return found[0] if found else None

    async def like(self, other: Asset, *, person: str, demo: bool, more_bytes: int, limit: int = 32) -> Sequence[Asset]:
        """Results of the same kind and size in pixels as `other` that have up to so many bytes more, nearest first."""
        statement = self._results(person, demo).where(
            assets.c.kind == other.kind,
            assets.c.width == other.width,
            assets.c.height == other.height,
            assets.c.bytes.between(other.bytes, other.bytes + more_bytes),
        )
        return await self._some(statement.order_by(assets.c.bytes, assets.c.created_at).limit(limit))

    def _results(self, person: str | None, demo: bool) -> sa.Select[tuple[object, ...]]:  # noqa: FBT001 - private
        statement = sa.select(assets).join(jobs, jobs.c.id == assets.c.job_id)
        statement = statement.where(assets.c.role == _OUTPUT, jobs.c.demo == demo, jobs.c.purged_at.is_(None))
        return statement if person is None else statement.where(jobs.c.person == person)

    async def _some(self, statement: sa.Select[tuple[object, ...]]) -> list[Asset]:
        async with self._engine.connect() as connection:
            return [Asset(**row) for row in (await connection.execute(statement)).mappings()]
