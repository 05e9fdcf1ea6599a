"""Which files belong to what, asked of the database: for the janitor and for the disk's use. Hides the SQL.

A key is a file's path below the archive's folder. Several jobs may use one file; a job in the bin uses its files still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tables import assets, jobs

_KEYS_AT_ONCE = 500
_DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class Share:
    """The bytes of some files, each file counted once."""

    made: bool
    """Whether they were made; else they were given."""
    binned: bool
    """Whether only jobs in the bin use them."""
    family: str
    day: int
    """Days since 1970, UTC."""
    bytes: int


class Filing:
    """The files that the database knows."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def named(self, keys: Sequence[str], *, folders: Sequence[str]) -> frozenset[str]:
        """Keys that are in use: those of `keys` and their pictures, and all of the jobs named in `folders`. Quick.

        It may miss a picture that another file's row names: `in_use` does not.
        """
        found: set[str] = set()
        wanted = sa.or_(assets.c.key.in_(list(keys)), assets.c.job_id.in_(list(folders)))
        statement = sa.select(assets.c.key, assets.c.poster_key, assets.c.thumbnail_key).where(wanted)
        async with self._engine.connect() as connection:
            for row in await connection.execute(statement):
                found.update(key for key in row if key)
        return frozenset(found)

    async def in_use(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of these keys that any row names, as a file or as a picture of one. Looks through every row."""
        found: set[str] = set()
        async with self._engine.connect() as connection:
            for begin in range(0, len(keys), _KEYS_AT_ONCE):
                some = list(keys[begin : begin + _KEYS_AT_ONCE])
                for column in (assets.c.key, assets.c.poster_key, assets.c.thumbnail_key):
                    found.update(
                        key for key in await connection.scalars(sa.select(column).where(column.in_(some))) if key
                    )
        return frozenset(found)

    async def shares(self, *, person: str | None) -> tuple[Share, ...]:
        """The bytes of a person's files, or of everybody's, by family and day."""
        made = sa.func.max(sa.case((assets.c.role == "output", 1), else_=0))
        shown = sa.func.max(sa.case((jobs.c.deleted_at.is_(None), 1), else_=0))
        each = (
            sa.select(
                made.label("made"),
                shown.label("shown"),
                sa.func.min(jobs.c.family).label("family"),
                (sa.func.min(assets.c.created_at) // _DAY_MS).label("day"),
                sa.func.max(assets.c.bytes).label("bytes"),
            )
            .join(jobs, jobs.c.id == assets.c.job_id)
            .group_by(assets.c.key)
        )
        if person is not None:
            each = each.where(jobs.c.person == person)
        one = each.subquery()
        by = (one.c.made, one.c.shown, one.c.family, one.c.day)
        statement = sa.select(*by, sa.func.sum(one.c.bytes)).group_by(*by)
        async with self._engine.connect() as connection:
            return tuple(
                Share(made=bool(made), binned=not shown, family=family, day=int(day), bytes=int(total))
                for made, shown, family, day, total in await connection.execute(statement)
            )
