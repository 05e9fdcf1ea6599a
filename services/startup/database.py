"""Checks that the database answers, and that no newer program changed it.

If an SQLite file is damaged, services.storage.database_recovery finds it later.
"""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from services.database.backups import database_path
from services.database.migrations import revision_of, why_unknown
from services.environment.console import CannotStart
from services.settings import Settings

_CONNECT_SECONDS = 5


def server_of(settings: Settings) -> sa.URL | None:
    """Return the URL of the PostgreSQL server in use, or None for an SQLite file."""
    url = sa.make_url(settings.database_url)
    return None if url.get_backend_name() == "sqlite" else url


def why_unreachable(server: sa.URL) -> str:
    """Try to connect to a PostgreSQL database. Returns the reason for a failure in one line, or an empty string."""
    try:
        engine = sa.create_engine(server, poolclass=sa.NullPool, connect_args={"connect_timeout": _CONNECT_SECONDS})
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    except (SQLAlchemyError, OSError, TypeError, ValueError) as error:  # the last two: arguments unknown to a driver
        lines = str(getattr(error, "orig", None) or error).strip().splitlines()
        return (lines[0] if lines else type(error).__name__).removeprefix("connection failed: ")
    return ""


def place_of(server: sa.URL) -> str:
    """Return the location of a database, without user name and password."""
    return f"the database {server.database} of PostgreSQL at {server.host or 'this machine'}"


def why_too_new(settings: Settings) -> str:
    """Return why this program cannot use a database that a newer one changed, or an empty string. Changes nothing."""
    path = database_path(settings.database_url)
    if path is not None and not path.exists():
        return ""
    try:
        with _looking_at(settings).connect() as connection:
            return why_unknown(revision_of(connection))
    except SQLAlchemyError:
        return ""


def _looking_at(settings: Settings) -> sa.Engine:
    path = database_path(settings.database_url)
    if path is None:
        return sa.create_engine(
            settings.database_url, poolclass=sa.NullPool, connect_args={"connect_timeout": _CONNECT_SECONDS}
        )
    address = f"{path.absolute().as_uri()}?mode=ro"
    return sa.create_engine(
        "sqlite://",
        poolclass=sa.NullPool,
        creator=lambda: sqlite3.connect(address, uri=True, timeout=_CONNECT_SECONDS),
    )


def refuse_unusable(settings: Settings) -> None:
    """Raise CannotStart if a PostgreSQL server is set and does not answer, or a newer program changed the database."""
    server = server_of(settings)
    why = why_unreachable(server) if server is not None else ""
    if server is not None and why:
        raise CannotStart(f"STUDIO_DATABASE_URL names {place_of(server)}, which cannot be reached: {why}.")
    why = why_too_new(settings)
    if why:
        raise CannotStart(why)
