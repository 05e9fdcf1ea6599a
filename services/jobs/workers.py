"""The processes that share one database: which are alive, and which one takes over the jobs of one that is gone.

Hides the row that each process refreshes, by the database's clock. A SQLite file has one process, which the lock of its
home directory ensures: then there are no rows and nothing to do. Knows neither jobs nor the engine: both are passed in
as functions.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import platform
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
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
"""A process not seen for this long is gone. If it returns later, it finds its jobs taken over and lets go of them."""
_SURE_SECONDS = 10.0
"""A process seen within this time may submit: no other can have taken over its jobs yet, whichever clock is wrong."""
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
        """The engine's name for this process. Every start has a new name."""
        self.size = 1
        """The number of processes, as of the latest heartbeat. The account's limits are divided by it."""

    @property
    def surely_here(self) -> bool:
        """True if no other process can believe that this one is gone.

        A process that was stopped for a while checks this before it submits anything.
        """
        return not self._shared or time.monotonic() - self._seen_at < _SURE_SECONDS * self._gone / GONE_SECONDS

    @asynccontextmanager
    async def signed_in(self, home: Path) -> AsyncGenerator[None, None]:
        """Register this process inside this context. It must have let go of its jobs by the end.

        If there are other processes, wait until they have noticed. `home` belongs to this process alone: a process that
        was registered with it before is gone.
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
    ) -> AsyncGenerator[None, None]:
        """Send heartbeats and watch the other processes inside this context.

        `take_over(name)` continues the jobs of a process that is gone. `let_go()` stops all jobs of this process, which
        others took over while it stood still.
        """
        if not self._shared:
            yield
            return
        await self._look_after(take_over)
        # A database that is unreachable for a while must not end this: it is how the others see this process.
        async with repeating(partial(self._show, take_over, let_go), name="the workers' heartbeat", every=self._pulse):
            yield

    async def beat(self) -> bool:
        """Send one heartbeat. Returns False if the others had declared this process gone; it is registered again."""
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
            log.warning("this process was unresponsive, and others took over its jobs")
            await let_go()
            await take_over(self.name)
        self._seen_at = began
        if not late:  # a process that was away does not judge the others: they get a moment to return
            await self._look_after(take_over)

    async def _look_after(self, take_over: Callable[[str], Awaitable[None]]) -> None:
        """Take over from every process that is gone. Its row is locked meanwhile, so only one process does."""
        gone = sa.or_(processes.c.home == self._home, processes.c.seen_at < self._now - round(self._gone * 1000))
        wanted = sa.select(processes.c.name).where(processes.c.name != self.name, gone)
        async with self._engine.connect() as connection:
            names = (await connection.scalars(wanted)).all()
        for name in names:
            async with self._engine.begin() as connection:
                held = wanted.where(processes.c.name == name).with_for_update(skip_locked=True)
                if await connection.scalar(held) is None:
                    continue
                log.warning("process %s is gone: taking over its jobs", name)
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
