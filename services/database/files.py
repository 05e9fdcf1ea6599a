"""The files of jobs: which are in use, how much space they take, and whether a file is already known. Hides the SQL.

A key is a file's path below the archive's folder. Several jobs may use one file. A job in the bin still uses its files.
A person is a name; None means everyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.database.tables import assets, jobs
from services.domain.batches import batches
from services.domain.jobs import OUTPUT, Asset

_KEYS_AT_ONCE = 500
_DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class Share:
    """The bytes of a group of files, each file counted once."""

    made: bool
    """Whether the files are outputs; otherwise they are inputs."""
    binned: bool
    """Whether only jobs in the bin use them."""
    family: str
    day: int
    """Days since 1970, UTC."""
    bytes: int


class Files:
    """The files that the database knows."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def named(self, keys: Sequence[str], *, folders: Sequence[str]) -> frozenset[str]:
        """Return the keys in use: those of `keys` and their pictures, and all of the jobs named in `folders`. Fast.

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
        """Return those of these keys that any row names, as a file or as a picture of one. Scans every row."""
        found: set[str] = set()
        async with self._engine.connect() as connection:
            for some in batches(keys, _KEYS_AT_ONCE):
                for column in (assets.c.key, assets.c.poster_key, assets.c.thumbnail_key):
                    found.update(
                        key for key in await connection.scalars(sa.select(column).where(column.in_(some))) if key
                    )
        return frozenset(found)

    async def shares(self, *, person: str | None) -> tuple[Share, ...]:
        """Return the bytes of a person's files, or of all files, by family and day."""
        made = sa.func.max(sa.case((assets.c.role == OUTPUT, 1), else_=0))
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

    # The same file, or nearly the same --------------------------------------------------------------------------------

    async def made(self, sha256s: Sequence[str], *, person: str | None, demo: bool) -> Asset | None:
        """Return the newest output with one of these hashes, or None."""
        statement = self._results(person, demo).where(assets.c.sha256.in_(list(sha256s)))
        found = await self._some(statement.order_by(assets.c.created_at.desc()).limit(1))
        return found[0] if found else None

    async def held(self, sha256: str, *, person: str) -> Asset | None:
        """Return a file of this person with this hash, output or input; None if there is none."""
        mine = sa.select(assets).join(jobs, jobs.c.id == assets.c.job_id).where(jobs.c.person == person)
        found = await self._some(mine.where(assets.c.sha256 == sha256).order_by(assets.c.created_at).limit(1))
        return found[0] if found else None

    async def like(self, other: Asset, *, person: str, demo: bool, more_bytes: int, limit: int = 32) -> Sequence[Asset]:
        """Return outputs of the kind and pixel size of `other`, up to `more_bytes` larger, nearest in size first."""
        statement = self._results(person, demo).where(
            assets.c.kind == other.kind,
            assets.c.width == other.width,
            assets.c.height == other.height,
            assets.c.bytes.between(other.bytes, other.bytes + more_bytes),
        )
        return await self._some(statement.order_by(assets.c.bytes, assets.c.created_at).limit(limit))

    def _results(self, person: str | None, demo: bool) -> sa.Select[tuple[object, ...]]:  # noqa: FBT001 - private
        statement = sa.select(assets).join(jobs, jobs.c.id == assets.c.job_id)
        statement = statement.where(assets.c.role == OUTPUT, jobs.c.demo == demo, jobs.c.purged_at.is_(None))
        return statement if person is None else statement.where(jobs.c.person == person)

    async def _some(self, statement: sa.Select[tuple[object, ...]]) -> list[Asset]:
        async with self._engine.connect() as connection:
            return [Asset(**row) for row in (await connection.execute(statement)).mappings()]
