"""Run by Alembic for each of its commands. Whoever calls it passes the connection and commits."""

from __future__ import annotations

from alembic import context

from services.database.migrations import comparison

context.configure(connection=context.config.attributes["connection"], **comparison())
with context.begin_transaction():
    context.run_migrations()
