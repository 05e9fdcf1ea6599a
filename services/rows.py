"""Between records and rows, and how changes are counted. Only services.history, .ledger and .checks use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.records import Asset, Check, CheckState, Job, JobStatus, Submission, SubmissionState
from services.tables import counters

Row = sa.RowMapping | Mapping[str, Any]  # Any: columns of every kind


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the database takes them: closed sets as their words."""
    return {key: str(value) if isinstance(value, StrEnum) else value for key, value in values.items()}


def row_of(record: Job | Asset) -> dict[str, Any]:
    """A record as a row."""
    return plain({f.name: getattr(record, f.name) for f in fields(record)})


def job_of(row: Row) -> Job:
    """A row as a job."""
    return Job(**{**row, "status": JobStatus(row["status"])})


def submission_of(row: Row) -> Submission:
    """A row as a submission."""
    return Submission(**{**row, "state": SubmissionState(row["state"])})


def check_of(row: Row) -> Check:
    """A row as a check."""
    return Check(**{**row, "state": CheckState(row["state"])})


async def next_sequence(connection: AsyncConnection) -> int:
    """Count a change. It is the first statement of every writing transaction, so that writers queue up at once
    instead of meeting later (SQLite cannot turn a reader into a writer while another writes)."""
    statement = (
        counters.update()
        .where(counters.c.name == "sequence")
        .values(value=counters.c.value + 1)
        .returning(counters.c.value)
    )
    return (await connection.execute(statement)).scalar_one()
