"""Converts between records and rows, and counts changes. Only services.database.jobs, .ledger and .checks use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from types import EllipsisType
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.database.reservations import settle
from services.database.search_index import INDEXED, reindex
from services.database.tables import assets, counters, jobs
from services.domain.jobs import (
    Asset,
    Because,
    Decision,
    Job,
    JobStatus,
    OnArrival,
    PrecheckRun,
    PrecheckState,
    Submission,
    SubmissionState,
)

MONEY = frozenset({"status", "actual_micros", "estimated_micros"})
"""The members of a job that decide its reservation against the caps."""
_Record = TypeVar("_Record", Job, Asset)
Row = sa.RowMapping | Mapping[str, Any]  # Any: columns of every kind


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the database accepts them: enum members as strings."""
    return {key: str(value) if isinstance(value, StrEnum) else value for key, value in values.items()}


def row_of(record: Job | Asset) -> dict[str, Any]:
    """Return a record as a row."""
    return plain({f.name: getattr(record, f.name) for f in fields(record)})


async def put_assets(connection: AsyncConnection, records: Sequence[Asset]) -> None:
    """Write files, in the caller's transaction. A file whose id exists already is replaced by the new values."""
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(assets)
    told = {column.name: column for column in insert.excluded if column.name != "id"}
    statement = insert.on_conflict_do_update(index_elements=["id"], set_=told)
    await connection.execute(statement, [row_of(record) for record in records])


def job_of(row: Row) -> Job:
    """Return a row as a job."""
    decision = row["decision"]
    closed = {
        "status": JobStatus(row["status"]),
        "on_arrival": OnArrival(row["on_arrival"]),
        "decision": Decision(decision) if decision else None,
    }
    return _filled(Job, {**row, **closed})


def asset_of(row: Row) -> Asset:
    """Return a row as an asset."""
    return _filled(Asset, row)


def _filled(kind: type[_Record], members: Row) -> _Record:
    """Build a record from a row, with all its members set at once.

    A row has every member, and a gallery page has a few thousand of them. `__init__` sets them one by one, which took a
    third of the page's time.
    """
    record = object.__new__(kind)
    record.__dict__.update(members)
    return record


async def fetched(connection: AsyncConnection, statement: sa.Executable) -> list[dict[str, Any]]:
    """Return the rows of a statement as dicts by column name."""
    result = await connection.execute(statement)
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result.all()]


def submission_of(row: Row) -> Submission:
    """Return a row as a submission."""
    because = row["because"]
    members: dict[str, Any] = {  # Any: columns of every kind
        **row,
        "state": SubmissionState(row["state"]),
        "because": Because(because) if because else None,
    }
    return Submission(**members)


def check_of(row: Row) -> PrecheckRun:
    """Return a row as a precheck."""
    members: dict[str, Any] = {**row, "state": PrecheckState(row["state"])}  # Any: columns of every kind
    return PrecheckRun(**members)


async def next_sequence(connection: AsyncConnection, *, changes: int = 1) -> int:
    """Count one or more changes, and return the number of the last.

    It is the first statement of every writing transaction, so writers queue up at once instead of colliding later:
    SQLite cannot turn a reader into a writer while another writes.
    """
    statement = (
        counters.update()
        .where(counters.c.name == "sequence")
        .values(value=counters.c.value + changes)
        .returning(counters.c.value)
    )
    return (await connection.execute(statement)).scalar_one()


async def change_job(
    connection: AsyncConnection,
    job_id: str,
    *,
    sequence: int,
    only_from: frozenset[JobStatus] | None = None,
    only_slot: int | EllipsisType | None = ...,
    only_decision: Decision | None = None,
    **values: Any,
) -> Job | None:
    """Change members of a job, and its search index entry, within the caller's transaction.

    Returns the changed job. None if it is not in one of the states `only_from`, does not have the slot given at
    `only_slot`, or does not ask for `only_decision`.
    """
    if values.get("status") is JobStatus.SUCCEEDED:
        # Only the row knows whether the job is to be hidden: a person may change that until this moment.
        hides = jobs.c.on_arrival == str(OnArrival.HIDE)
        values["deleted_at"] = sa.case((hides, values.get("updated_at", jobs.c.updated_at)), else_=jobs.c.deleted_at)
    statement = jobs.update().where(jobs.c.id == job_id).values(**plain(values), sequence=sequence)
    if only_from is not None:
        statement = statement.where(jobs.c.status.in_([str(status) for status in only_from]))
    if only_slot is not ...:
        statement = statement.where(jobs.c.dispatched_at.is_not_distinct_from(only_slot))
    if only_decision is not None:
        statement = statement.where(jobs.c.decision == str(only_decision))
    row = (await connection.execute(statement.returning(*jobs.c))).mappings().one_or_none()
    if row is None:
        return None
    job = job_of(row)
    # The search treats all unfinished states alike.
    touched = INDEXED & values.keys() - ({"status"} if not job.status.final else set())
    if touched:
        await reindex(connection, [job_id])
    if MONEY & values.keys():
        await settle(connection, job)
    return job
