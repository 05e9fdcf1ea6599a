"""Checks that the database answers. Problems with an SQLite file are found when the history opens it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

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


def refuse_unreachable(settings: Settings) -> None:
    """Raise CannotStart if a PostgreSQL server is set and does not answer."""
    server = server_of(settings)
    why = why_unreachable(server) if server is not None else ""
    if server is not None and why:
        raise CannotStart(f"STUDIO_DATABASE_URL names {place_of(server)}, which cannot be reached: {why}.")
