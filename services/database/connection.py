"""Connections to the database, SQLite or PostgreSQL, and the setup of each when it opens."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

Conflict = IntegrityError
"""Raised by a write if another process wrote the same row first."""
STILL_SECONDS = 10
"""PostgreSQL ends a transaction that is idle for this many seconds, and releases its locks."""


_PATIENCE_SECONDS = 30
"""How many seconds a process waits for another one that is writing to the same SQLite file."""


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[AsyncEngine, None]:
    """Connect to a database, and close at the end."""
    _quiet_driver()
    engine = create_async_engine(url, **({"pool_size": 4} if url.startswith("sqlite") else {"pool_pre_ping": True}))
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "invalidate", _let_go_of_the_lock)
    else:
        event.listen(engine.sync_engine, "connect", _prepare_postgresql)
    try:
        yield engine
    finally:
        await engine.dispose()


def _prepare_postgresql(connection: Any, _record: object) -> None:  # Any: the driver's own connection class
    # A process that stalls in the middle of a transaction must not lock its rows against all others.
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {STILL_SECONDS * 1000}")
    cursor.close()
    connection.commit()


def _prepare_sqlite(connection: Any, _record: object) -> None:  # Any: the driver's own connection class
    connection.run_async(_configure_sqlite)


async def _configure_sqlite(connection: aiosqlite.Connection) -> None:
    await connection.execute_fetchall(f"PRAGMA busy_timeout={_PATIENCE_SECONDS * 1000}")
    await _write_ahead(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        await connection.execute_fetchall(f"PRAGMA {pragma}")


async def _write_ahead(connection: aiosqlite.Connection) -> None:
    # If two processes turn a new file to WAL at the same time, each would wait for the other, so SQLite refuses one of
    # them immediately, regardless of its busy_timeout. The other finishes in a moment, and then there is nothing left
    # to turn.
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            await connection.execute_fetchall("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as refused:
            if refused.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
            await asyncio.sleep(0.02)
        else:
            return


def _let_go_of_the_lock(connection: Any, _record: object, _error: object) -> None:  # Any: as above
    # A writer may be canceled in the middle. Closing alone does not end the transaction while anything, such as a
    # traceback, still references a cursor: all other writers would be blocked until it was collected. Queueing the
    # rollback before the close is enough.
    with suppress(sqlite3.Error, asyncio.CancelledError):
        connection.rollback()


def _quiet_driver() -> None:
    """Keep the driver from logging statements with their values: prompts, and links that open people's pictures."""
    logger = logging.getLogger("aiosqlite")
    if logger.level < logging.INFO:
        logger.setLevel(logging.INFO)
