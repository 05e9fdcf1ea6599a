"""How a database of any age is brought to the present tables. Hides the steps; only services.database.jobs calls it.

A new database is made with the tables as they are now; every later step then finds its work done.

A step adds tables and columns at once, and returns what is left to do with the rows. That is done after the last step:
it reads and writes the tables as they are now, so all columns must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.database import search_index
from services.database.reservations import reservation_of
from services.database.rows import job_of
from services.database.tables import (
    assets,
    caps,
    checks,
    collection_jobs,
    collections,
    counters,
    facts,
    jobs,
    lanes,
    metadata,
    processes,
    reservations,
    strangers,
    submissions,
    tags,
    versions,
)
from services.domain.batches import batches
from services.domain.jobs import place_of

_LOCK = 7_420_260
"""The number under which PostgreSQL serialises processes that migrate at the same time."""
_ROWS_AT_ONCE = 5_000
Fill = Callable[[sa.Connection], None]
"""What a step leaves to do with the rows."""


async def migrate(engine: AsyncEngine) -> None:
    """Bring the tables up to date, in one transaction; several processes may try at once."""
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(
                sa.text("SET LOCAL idle_in_transaction_session_timeout = 0")
            )  # rows take their time
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        else:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver begins none for CREATE TABLE
        await connection.run_sync(versions.create, checkfirst=True)
        done = await connection.scalar(sa.select(sa.func.max(versions.c.number))) or 0
        fills: list[Fill] = []
        for number, step in enumerate(MIGRATIONS[done:], start=done + 1):
            fill = await connection.run_sync(step)
            fills += [fill] if fill else []
            await connection.execute(versions.insert().values(number=number))
        for fill in dict.fromkeys(fills):
            await connection.run_sync(fill)


# Steps ---------------------------------------------------------------------------------------------------------------


def _first(connection: sa.Connection) -> None:
    metadata.create_all(connection, tables=[counters, jobs, submissions, assets])
    connection.execute(counters.insert().values(name="sequence", value=0))


def _second(connection: sa.Connection) -> None:
    """Articles, remarks, files in an order, live calls, and checks of pictures."""
    metadata.create_all(connection, tables=[checks])
    for table, names in ((jobs, ("remark", "article")), (submissions, ("live",)), (assets, ("position",))):
        _add_columns(connection, table, names)


def _third(connection: sa.Connection) -> Fill:
    """Add the gallery: one sort key, search, tags, collections, the bin, where files come from."""
    metadata.create_all(connection, tables=[tags, collections, collection_jobs])
    ours = (
        "place",
        "seconds",
        "favourite",
        "rating",
        "deleted_at",
        "purged_at",
        "expires_at",
        "imported",
        "source_job",
    )
    _add_columns(connection, jobs, ours)
    _add_columns(connection, assets, ("parent_id", "moment"))
    return _fill_gallery


def _fill_gallery(connection: sa.Connection) -> None:
    _fill_places(connection)
    _fill_seconds(connection)
    for name in ("jobs_newest", "jobs_family_newest"):
        connection.execute(sa.DDL(f"DROP INDEX IF EXISTS {name}"))
    for table in (jobs, assets):
        _create_indexes(connection, table)
    search_index.create(connection)
    search_index.rebuild(connection)


def _fourth(connection: sa.Connection) -> Fill:
    """Trust: lanes at the provider, caps on money, what is held for each job, times as the provider tells them."""
    metadata.create_all(connection, tables=[lanes, caps, reservations])
    times = ("dispatched_at", "scheduled_at", "ended_at")
    _add_columns(connection, jobs, ("batch", "priority", *times, "on_arrival", "decision", "error_detail"))
    _create_indexes(connection, jobs)
    return _fill_reservations


def _fifth(connection: sa.Connection) -> None:
    """Add the processes that share a database."""
    metadata.create_all(connection, tables=[processes])


def _sixth(connection: sa.Connection) -> None:
    """Add what repeated submissions may have cost."""
    _add_columns(connection, reservations, ("lost_micros",))


def _seventh(_connection: sa.Connection) -> Fill:
    """Works are found by the kind of what was made, and what was taken in by the name of its file."""
    return search_index.rebuild


def _eighth(connection: sa.Connection) -> None:
    """How often a job may be sent, why a submission was not taken, and until when a job rests."""
    _add_columns(connection, jobs, ("rests_until", "sends_allowed"))
    _add_columns(connection, submissions, ("because",))
    _create_indexes(connection, submissions)


def _ninth(connection: sa.Connection) -> None:
    """Which archive belongs to this database, and the files in it that were looked at and belong to no work."""
    metadata.create_all(connection, tables=[facts, strangers])


MIGRATIONS: Sequence[Callable[[sa.Connection], Fill | None]] = (
    _first,
    _second,
    _third,
    _fourth,
    _fifth,
    _sixth,
    _seventh,
    _eighth,
    _ninth,
)
"""Applied in order, once each. A change of the tables is one more function: never edit one that was released."""


# What the steps are made of ------------------------------------------------------------------------------------------


def _add_columns(connection: sa.Connection, table: sa.Table, names: tuple[str, ...]) -> None:
    """Add columns that the table does not have yet: a new database was made with all of them."""
    present = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    for name in names:
        if name not in present:
            column = sa.schema.CreateColumn(table.c[name]).compile(dialect=connection.dialect)
            connection.execute(sa.DDL(f"ALTER TABLE {table.name} ADD COLUMN {column}"))


def _create_indexes(connection: sa.Connection, table: sa.Table) -> None:
    """Create the indexes that are missing, of columns that are there by now: later steps add columns and theirs."""
    present = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    for index in table.indexes:
        if {column.name for column in index.columns} <= present:
            index.create(connection, checkfirst=True)


def _fill_places(connection: sa.Connection) -> None:
    taken: set[int] = set()
    rows: list[dict[str, Any]] = []  # Any: parameters of a statement
    for job_id, created_at in connection.execute(sa.select(jobs.c.id, jobs.c.created_at)).all():
        place = place_of(created_at, job_id)
        while place in taken:
            place += 1
        taken.add(place)
        rows.append({"row": job_id, "value": place})
    for some in batches(rows, _ROWS_AT_ONCE):
        _write_places(connection, some)


def _write_places(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    if connection.dialect.name != "postgresql":
        connection.execute(sa.text("UPDATE jobs SET place = :value WHERE id = :row"), rows)
        return
    statement = sa.text(
        "UPDATE jobs SET place = given.place "
        "FROM unnest(CAST(:rows AS text[]), CAST(:places AS bigint[])) AS given(id, place) WHERE jobs.id = given.id"
    )
    connection.execute(statement, {"rows": [r["row"] for r in rows], "places": [r["value"] for r in rows]})


def _fill_seconds(connection: sa.Connection) -> None:
    connection.execute(
        sa.text(
            "UPDATE jobs SET seconds = found.seconds FROM ("
            "SELECT job_id, round(CAST(max(seconds) AS numeric), 1) AS seconds FROM assets "
            "WHERE role = 'output' AND seconds IS NOT NULL GROUP BY job_id) AS found WHERE jobs.id = found.job_id"
        )
    )


def _fill_reservations(connection: sa.Connection) -> None:
    """Count earlier spending towards the caps, and hold what unfinished jobs may cost."""
    held = sa.select(reservations.c.job_id)
    wanted = sa.select(jobs).where(jobs.c.id.not_in(held), jobs.c.imported.is_(False))
    rows = [reservation_of(job_of(row)) for row in connection.execute(wanted).mappings()]
    for some in batches(rows, _ROWS_AT_ONCE):
        connection.execute(reservations.insert(), some)
