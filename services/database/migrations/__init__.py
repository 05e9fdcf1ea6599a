"""Bring a database of any age to the present tables, with Alembic. Only services.database.jobs calls `migrate`.

`versions` holds one revision per change of the tables. A revision never imports a module of the program: it must do the
same in every later version. Rows of the search index are derived, so a revision that changes them only deletes them:
`migrate` fills an empty index with the code of today. `python -m services.database.migrations` writes a new revision.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

from services.database import search_index
from services.database.tables import metadata
from services.environment.console import CannotStart

log = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent
_LOCK = 7_420_260
"""The number under which PostgreSQL serializes processes that migrate at the same time."""
_PATIENCE_SECONDS = 30
"""How many seconds a process waits for another one that is writing to the same SQLite file."""
_one_at_a_time = threading.Lock()
"""Alembic keeps the running migration in global variables of its own."""


async def migrate(engine: AsyncEngine) -> None:
    """Bring the tables up to date, in one transaction and in a thread; several processes may try at once.

    Raises CannotStart if a newer program has changed the tables in a way that this one does not know.
    """
    await asyncio.to_thread(_migrate, engine.url)


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision that a database is at; None if it is new, or was made before there were revisions."""
    return MigrationContext.configure(connection).get_current_revision()


def why_unknown(revision: str | None) -> str:
    """Return a sentence if this program does not know a revision, else an empty string."""
    if revision is None or revision in {script.revision for script in _scripts().walk_revisions()}:
        return ""
    return (
        f"The database was changed by a newer Wan Studio: it is at {revision}, and this one knows up to "
        f"{_scripts().get_current_head()}. Start the newer version again. Nothing was changed."
    )


@cache
def _scripts() -> ScriptDirectory:
    """Return the revisions here. Reading them takes longer than to open a database that is up to date."""
    return ScriptDirectory(_FOLDER)


def config_for(connection: sa.Connection) -> Config:
    """Return Alembic's configuration: the revisions here, applied on this connection."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def _migrate(url: sa.URL) -> None:
    with _one_at_a_time, _connected(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver begins none for CREATE TABLE
        before = revision_of(connection)
        why = why_unknown(before)
        if why:
            raise CannotStart(why)
        if before != (now := _scripts().get_current_head()):
            command.upgrade(config_for(connection), "head")
            search_index.fill(connection)
            log.info("database migrated to %s from %s", now, before or "an earlier program")
        connection.commit()


@contextmanager
def _connected(url: sa.URL) -> Generator[sa.Connection, None, None]:
    """Connect without the pool of the program: SQLite then does not enforce foreign keys while a table is rebuilt."""
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(
            url.set(drivername="sqlite"), poolclass=sa.NullPool, connect_args={"timeout": _PATIENCE_SECONDS}
        )
    else:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


def comparison() -> dict[str, Any]:  # Any: options of Alembic
    """Return Alembic's options for comparing a database with the tables: other tables in it are not ours."""
    return {
        "target_metadata": metadata,
        "include_name": _is_ours,
        "render_as_batch": True,
        "render_item": _render_item,
    }


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name in metadata.tables


def _render_item(kind: str, item: object, _context: object) -> str | bool:
    """Write a type of ours as the type that it is stored as: a revision does not import the program."""
    return f"sa.{item.impl!r}" if kind == "type" and isinstance(item, sa.types.TypeDecorator) else False
