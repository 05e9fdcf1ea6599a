"""What the database knows about itself and about the archive that belongs to it. Hides the SQL.

Facts are short texts under a name. Strangers are entries below `results/` that were examined and belong to no job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.database.tables import assets, facts, jobs, strangers
from services.domain.batches import batches

DATABASE_ID = "database_id"
COPIED_AT = "copied_at"
"""Only in a copy of the database: when it was made, in milliseconds. A database with it was restored from a copy."""
MISHAP = "mishap"
"""The mishap that befell the database, as JSON, until a person has dealt with it."""
HELD_FOR = "held_for"
"""The archive that unsubmitted jobs have already been held for."""
_AT_ONCE = 500


class Facts:
    """The facts of one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def get(self, name: str) -> str | None:
        """Return a fact, or None."""
        async with self._engine.connect() as connection:
            return await connection.scalar(sa.select(facts.c.value).where(facts.c.name == name))

    async def put(self, name: str, value: str) -> None:
        """Write a fact, replacing an earlier one."""
        async with self._engine.begin() as connection:
            await put_fact(connection, name, value)

    async def drop(self, name: str) -> None:
        """Delete a fact."""
        async with self._engine.begin() as connection:
            await connection.execute(facts.delete().where(facts.c.name == name))

    async def database_id(self) -> str:
        """Return the id of this database. It is created on first use; several processes may ask at the same time."""
        known = await self.get(DATABASE_ID)
        if known:
            return known
        async with self._engine.begin() as connection:
            insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(facts)
            await connection.execute(
                insert.values(name=DATABASE_ID, value=uuid4().hex).on_conflict_do_nothing(index_elements=["name"])
            )
        return await self.get(DATABASE_ID) or ""

    # Knowledge about the archive --------------------------------------------------------------------------------------

    async def known_jobs(self, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these ids that any job has, including jobs in the bin and purged ones."""
        return await self._among(jobs.c.id, job_ids)

    async def purged(self, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these jobs that were purged."""
        return await self._among(jobs.c.id, job_ids, jobs.c.purged_at.is_not(None))

    async def known_assets(self, asset_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these ids that any asset has."""
        return await self._among(assets.c.id, asset_ids)

    async def strangers(self) -> frozenset[str]:
        """Return the entries below `results/` that were examined and belong to no job of that name."""
        async with self._engine.connect() as connection:
            return frozenset(await connection.scalars(sa.select(strangers.c.entry)))

    async def set_strangers(self, found: Mapping[str, str]) -> None:
        """Record entries that were examined, each with the reason why it is left as it is."""
        if not found:
            return
        async with self._engine.begin() as connection:
            await connection.execute(strangers.delete().where(strangers.c.entry.in_(list(found))))
            await connection.execute(strangers.insert(), [{"entry": one, "why": why} for one, why in found.items()])

    async def _among(
        self, column: sa.Column[str], values: Sequence[str], *conditions: sa.ColumnElement[bool]
    ) -> frozenset[str]:
        found: set[str] = set()
        async with self._engine.connect() as connection:
            for some in batches(values, _AT_ONCE):
                found.update(await connection.scalars(sa.select(column).where(column.in_(some), *conditions)))
        return frozenset(found)


async def put_fact(connection: AsyncConnection, name: str, value: str) -> None:
    """Write a fact within the caller's transaction."""
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(facts)
    statement = insert.values(name=name, value=value)
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
