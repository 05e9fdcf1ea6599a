"""The processes that share one database: who is there, and who takes over the work of one that is gone.

Hides the row that each keeps fresh, by the database's clock. A SQLite file has one process, which its home's lock sees
to: then there are no rows and nothing to do. Knows neither jobs nor the engine: both are handed in as functions.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import platform
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.database.tables import processes
from services.domain.background import repeating

log = logging.getLogger(__name__)

ALONE = "local"
"""The name of the only process of a SQLite file."""
BEAT_SECONDS = 2.0
GONE_SECONDS = 20.0
"""Who was not seen for so long is gone; who comes back after that finds its work taken over and lets go of it."""
_SURE_SECONDS = 10.0
"""Who was seen within this time may order: nobody can have taken over its work yet, whatever the clocks say."""
_NOW = {
    "postgresql": sa.text("(extract(epoch FROM clock_timestamp()) * 1000)::bigint"),
    "sqlite": sa.text("CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"),
}


class Workers:
    """One process among those of its database. Use inside `async with crew.signed_in(home)`."""

    def __init__(self, engine: AsyncEngine, *, pulse: float = BEAT_SECONDS, gone: float = GONE_SECONDS) -> None:
        self._engine = engine
        self._shared = engine.dialect.name != "sqlite"
        self._now: sa.ColumnElement[int] = sa.literal_column(_NOW[engine.dialect.name].text, sa.BigInteger)
        self._pulse, self._gone = pulse, gone
        self._home = ""
        self._seen_at = time.monotonic()
        self.name = uuid4().hex if self._shared else ALONE
        """What the engine calls this process. A start is a new name."""
        self.size = 1
        """How many processes there are, as of the latest beat: what an account allows is divided by it."""

    @property
    def surely_here(self) -> bool:
        """Whether nobody can believe that this process is gone. One that was stopped for a while finds out with this
        before it orders anything."""
        return not self._shared or time.monotonic() - self._seen_at < _SURE_SECONDS * self._gone / GONE_SECONDS

    @asynccontextmanager
    async def signed_in(self, home: Path) -> AsyncIterator[None]:
        """Be one of them until the end of this; by then this process must have let go of its work.

        Where there are others, it begins when they have noticed. `home` is this process's own: whoever was in it before
        is gone.
        """
        if not self._shared:
            yield
            return
        self._home = hashlib.sha256(f"{platform.node()}:{home}".encode()).hexdigest()[:16]
        async with self._engine.begin() as connection:
            await self._enter(connection)
            self.size = await self._count(connection)
        if self.size > 1:
            await asyncio.sleep(self._pulse * 1.5)
        self._seen_at = time.monotonic()
        try:
            yield
        finally:
            with suppress(SQLAlchemyError, OSError):  # without it the others wait a little longer
                async with self._engine.begin() as connection:
                    await connection.execute(self._mine(processes.update()).values(seen_at=0))

    @asynccontextmanager
    async def watching(
        self, *, take_over: Callable[[str], Awaitable[None]], let_go: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[None]:
        """Show that this process is there, and look after the others, until the end of this.

        `take_over(name)` goes on with what a process that is gone has left; `let_go()` stops all work of this one,
        which others have taken over while it stood still.
        """
        if not self._shared:
            yield
            return
        await self._look_after(take_over)
        # A database that is away for a while must not end this: it is how the others know of this process.
        async with repeating(partial(self._show, take_over, let_go), name="the workers' heartbeat", every=self._pulse):
            yield

    async def beat(self) -> bool:
        """Show that this process is there. False where the others have taken it for gone; now it is there again."""
        async with self._engine.begin() as connection:
            found = await connection.execute(self._mine(processes.update()).values(seen_at=self._now))
            known = found.rowcount > 0
            if not known:
                await self._enter(connection)
            self.size = await self._count(connection)
        return known

    async def _show(self, take_over: Callable[[str], Awaitable[None]], let_go: Callable[[], Awaitable[None]]) -> None:
        began = time.monotonic()
        late = began - self._seen_at > self._gone / 2
        if not await self.beat():
            log.warning("this process stood still, and others have taken over its work")
            await let_go()
            await take_over(self.name)
        self._seen_at = began
        if not late:  # a process that was away does not judge the others: they get a moment to come back
            await self._look_after(take_over)

    async def _look_after(self, take_over: Callable[[str], Awaitable[None]]) -> None:
        """Take over from everybody who is gone. The row is held meanwhile, so that only one does."""
        gone = sa.or_(processes.c.home == self._home, processes.c.seen_at < self._now - round(self._gone * 1000))
        wanted = sa.select(processes.c.name).where(processes.c.name != self.name, gone)
        async with self._engine.connect() as connection:
            names = (await connection.scalars(wanted)).all()
        for name in names:
            async with self._engine.begin() as connection:
                held = wanted.where(processes.c.name == name).with_for_update(skip_locked=True)
                if await connection.scalar(held) is None:
                    continue
                log.warning("process %s is gone: taking over its work", name)
                await take_over(name)
                await connection.execute(processes.delete().where(processes.c.name == name))

    async def _enter(self, connection: AsyncConnection) -> None:
        await connection.execute(processes.insert().values(name=self.name, home=self._home, seen_at=self._now))

    async def _count(self, connection: AsyncConnection) -> int:
        alive = processes.c.seen_at >= self._now - round(self._gone * 1000)
        here = sa.select(sa.func.count()).where(alive, processes.c.home != self._home)
        return 1 + (await connection.scalar(here) or 0)

    def _mine(self, statement: sa.Update) -> sa.Update:
        return statement.where(processes.c.name == self.name)
