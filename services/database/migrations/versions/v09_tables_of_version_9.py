"""Make the tables of version 9, in an empty database or in one of any earlier version.

Before Alembic, the program counted versions in a table of its own. Two branches used the same number for different
steps, so a number alone does not tell which columns are there. This revision adds whatever is missing.

Revision ID: v09
Revises: none
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "v09"
down_revision = None

_METADATA = sa.MetaData()
_ROWS_AT_ONCE = 5_000


def _only(condition: str) -> dict[str, Any]:  # Any: the dialects' own options of an index
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


sa.Table(
    "counters",
    _METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

sa.Table(
    "jobs",
    _METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("person", sa.String, nullable=False),
    sa.Column("family", sa.String, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("vendor_model", sa.String, nullable=False),
    sa.Column("region", sa.String, nullable=False),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("base_url", sa.String, nullable=False),
    sa.Column("demo", sa.Boolean, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("rewritten_prompt", sa.Text),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("submitted_at", sa.BigInteger),
    sa.Column("running_at", sa.BigInteger),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("task_id", sa.String),
    sa.Column("request_id", sa.String),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("attention", sa.Text),
    sa.Column("remark", sa.Text),
    sa.Column("article", sa.JSON(none_as_null=True)),
    sa.Column("error_code", sa.String),
    sa.Column("error_message", sa.Text),
    sa.Column("error_hint", sa.Text),
    sa.Column("error_detail", sa.Text),
    sa.Column("estimated_micros", sa.BigInteger, nullable=False),
    sa.Column("actual_micros", sa.BigInteger),
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("place", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("seconds", sa.Float),
    sa.Column("favourite", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("rating", sa.Integer, nullable=False, server_default="0"),
    sa.Column("deleted_at", sa.BigInteger),
    sa.Column("purged_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("imported", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("source_job", sa.String),
    sa.Column("batch", sa.String),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("dispatched_at", sa.BigInteger),
    sa.Column("scheduled_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("on_arrival", sa.String, nullable=False, server_default="keep"),
    sa.Column("decision", sa.String),
    sa.Column("rests_until", sa.BigInteger),
    sa.Column("sends_allowed", sa.Integer, nullable=False, server_default="3"),
    sa.Index("jobs_place", "place", unique=True),
    sa.Index("jobs_kept", "person", "demo", "place", **_only("deleted_at IS NULL")),
    sa.Index("jobs_kept_by_all", "demo", "place", **_only("deleted_at IS NULL")),
    sa.Index("jobs_binned", "person", "demo", "place", **_only("deleted_at IS NOT NULL AND purged_at IS NULL")),
    sa.Index("jobs_binned_by_all", "demo", "place", **_only("deleted_at IS NOT NULL AND purged_at IS NULL")),
    sa.Index("jobs_deleted", "deleted_at", **_only("deleted_at IS NOT NULL AND purged_at IS NULL")),
    sa.Index("jobs_expiring", "expires_at", **_only("expires_at IS NOT NULL")),
    sa.Index("jobs_source", "source_job", **_only("source_job IS NOT NULL")),
    sa.Index("jobs_status", "status"),
    sa.Index("jobs_sequence", "sequence"),
    sa.Index("jobs_finished", "finished_at"),
    sa.Index("jobs_batch", "batch", **_only("batch IS NOT NULL")),
    sa.Index("jobs_ended", "vendor_model", "ended_at", **_only("ended_at IS NOT NULL")),
    sa.Index(
        "jobs_dispatched",
        "account",
        "vendor_model",
        "person",
        "dispatched_at",
        **_only("dispatched_at IS NOT NULL"),
    ),
)

sa.Table(
    "submissions",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id"), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("vendor_model", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("lost_at", sa.BigInteger),
    sa.Column("task_id", sa.String),
    sa.Column("live", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("because", sa.String),
    sa.UniqueConstraint("job_id", "attempt", name="one_row_per_attempt"),
    sa.UniqueConstraint("account", "task_id", name="one_submission_per_task"),
    sa.Index("submissions_open", "account", "vendor_model", "state"),
    sa.Index("submissions_lost", "lost_at", **_only("lost_at IS NOT NULL")),
)

sa.Table(
    "assets",
    _METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id"), nullable=False),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("position", sa.Integer, nullable=False, server_default="0"),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("poster_key", sa.String),
    sa.Column("thumbnail_key", sa.String),
    sa.Column("mime", sa.String, nullable=False),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("seconds", sa.Float),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("parent_id", sa.String),
    sa.Column("moment", sa.String),
    sa.Index("assets_of_job", "job_id"),
    sa.Index("assets_of_parent", "parent_id", **_only("parent_id IS NOT NULL")),
    sa.Index("assets_of_hash", "sha256"),
    sa.Index("assets_of_key", "key"),
)

sa.Table(
    "tags",
    _METADATA,
    sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Index("tags_by_name", "name"),
)

sa.Table(
    "collections",
    _METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("person", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("collections_of_person", "person"),
)

sa.Table(
    "collection_jobs",
    _METADATA,
    sa.Column("collection_id", sa.String, sa.ForeignKey("collections.id"), primary_key=True),
    sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("added_at", sa.BigInteger, nullable=False),
    sa.Index("collections_of_job", "job_id"),
)


sa.Table(
    "checks",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("vendor_check", sa.String, nullable=False),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id"), nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("code", sa.String, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("micros", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
    sa.Column("answered_at", sa.BigInteger),
    sa.Index("checks_of_file", "account", "vendor_check", "sha256"),
    sa.Index("checks_of_job", "job_id"),
)

sa.Table(
    "lanes",
    _METADATA,
    sa.Column("bucket", sa.String, primary_key=True),
    sa.Column("running_limit", sa.Integer, nullable=False),
    sa.Column("per_second", sa.Integer, nullable=False),
    sa.Column("learned_limit", sa.Integer),
    sa.Column("cooldown_until", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("last_submitted_at", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
    sa.Column("updated_at", sa.BigInteger, nullable=False, server_default="0"),
)

sa.Table(
    "processes",
    _METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("home", sa.String, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
)

sa.Table(
    "caps",
    _METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("scope", sa.String, nullable=False),
    sa.Column("person", sa.String),
    sa.Column("period", sa.String, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("micros", sa.BigInteger, nullable=False),
)

sa.Table(
    "reservations",
    _METADATA,
    sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("person", sa.String, nullable=False),
    sa.Column("demo", sa.Boolean, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("micros", sa.BigInteger, nullable=False),
    sa.Column("day", sa.String, nullable=False),
    sa.Column("month", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("lost_micros", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index("reservations_of_day", "demo", "currency", "day", "micros"),
    sa.Index("reservations_of_month", "demo", "currency", "month", "micros"),
    sa.Index("reservations_of_person", "demo", "currency", "person", "month", "day", "micros"),
)

sa.Table(
    "facts",
    _METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

sa.Table(
    "strangers",
    _METADATA,
    sa.Column("entry", sa.String, primary_key=True),
    sa.Column("why", sa.Text, nullable=False),
)


def upgrade() -> None:
    """Create the missing tables, columns and indexes, and fill what older versions did not write."""
    connection = op.get_bind()
    inspector = sa.inspect(connection)
    before = {name: {one["name"] for one in inspector.get_columns(name)} for name in inspector.get_table_names()}
    for table in _METADATA.sorted_tables:
        if table.name not in before:
            table.create(connection)
        else:
            _add_columns(connection, table, before[table.name])
    _begin_counting(connection)
    if "jobs" in before:
        _fill(connection, before)
    for table in _METADATA.sorted_tables:
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    for name in ("jobs_newest", "jobs_family_newest"):
        op.execute(f"DROP INDEX IF EXISTS {name}")
    _create_search_index(connection, before)


def _add_columns(connection: sa.Connection, table: sa.Table, present: set[str]) -> None:
    for column in table.columns:
        if column.name not in present:
            definition = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
            op.execute(f"ALTER TABLE {table.name} ADD COLUMN {definition}")


def _begin_counting(connection: sa.Connection) -> None:
    counters = _METADATA.tables["counters"]
    if connection.scalar(sa.select(sa.func.count()).select_from(counters)) == 0:
        connection.execute(counters.insert().values(name="sequence", value=0))


def _create_search_index(connection: sa.Connection, before: Mapping[str, set[str]]) -> None:
    """Create the table of tokens. One of a version before 7 knows less: empty it, so it is filled anew."""
    if connection.dialect.name == "postgresql":
        op.execute("CREATE TABLE IF NOT EXISTS job_words (place BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX IF NOT EXISTS job_words_found ON job_words USING GIN (words)")
    else:
        # The tokens are made by services.database.tokenizer: FTS5 only splits at spaces. Beginnings of 3 to 5 letters
        # have an index of their own; longer ones match few words.
        options = "tokenize = \"ascii tokenchars '_'\", prefix = '3 4 5'"
        op.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS job_words USING fts5(words, {options})")
    if "schema_versions" in before and (connection.scalar(sa.text("SELECT max(number) FROM schema_versions")) or 0) < 7:
        op.execute("DELETE FROM job_words")


# Rows ----------------------------------------------------------------------------------------------------------------


def _fill(connection: sa.Connection, before: Mapping[str, set[str]]) -> None:
    _fill_places(connection)
    if "seconds" not in before["jobs"]:
        _fill_seconds()
    if "reservations" not in before:
        _fill_reservations(connection)


def _fill_places(connection: sa.Connection) -> None:
    """Give each job its position among all: its time, then 20 bits derived from its id, then the next free one."""
    jobs = _METADATA.tables["jobs"]
    taken = set(connection.scalars(sa.select(jobs.c.place).where(jobs.c.place != 0)))
    rows: list[tuple[str, int]] = []
    for job_id, created_at in connection.execute(sa.select(jobs.c.id, jobs.c.created_at).where(jobs.c.place == 0)):
        bits = int.from_bytes(blake2b(job_id.encode(), digest_size=4).digest()) & (1 << 20) - 1
        place = max(created_at, 0) * (1 << 20) + bits
        while place in taken:
            place += 1
        taken.add(place)
        rows.append((job_id, place))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        _write_places(connection, rows[start : start + _ROWS_AT_ONCE])


def _write_places(connection: sa.Connection, rows: Sequence[tuple[str, int]]) -> None:
    if connection.dialect.name == "postgresql":
        statement = sa.text(
            "UPDATE jobs SET place = given.place FROM unnest(CAST(:ids AS text[]), CAST(:places AS bigint[])) "
            "AS given(id, place) WHERE jobs.id = given.id"
        )
        connection.execute(statement, {"ids": [job_id for job_id, _ in rows], "places": [place for _, place in rows]})
    else:
        statement = sa.text("UPDATE jobs SET place = :place WHERE id = :id")
        connection.execute(statement, [{"id": job_id, "place": place} for job_id, place in rows])


def _fill_seconds() -> None:
    op.execute(
        "UPDATE jobs SET seconds = found.seconds FROM ("
        "SELECT job_id, round(CAST(max(seconds) AS numeric), 1) AS seconds FROM assets "
        "WHERE role = 'output' AND seconds IS NOT NULL GROUP BY job_id) AS found WHERE jobs.id = found.job_id"
    )


def _fill_reservations(connection: sa.Connection) -> None:
    """Count earlier spending towards the caps, and hold what unfinished jobs may cost."""
    jobs, reservations = _METADATA.tables["jobs"], _METADATA.tables["reservations"]
    wanted = sa.select(jobs).where(jobs.c.imported.is_(False))
    rows = [_reservation_of(row) for row in connection.execute(wanted).mappings()]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        connection.execute(reservations.insert(), rows[start : start + _ROWS_AT_ONCE])


def _reservation_of(job: sa.RowMapping) -> dict[str, Any]:  # Any: columns of every kind
    estimate, actual = job["estimated_micros"], job["actual_micros"]
    billed = estimate if actual is None and job["status"] == "succeeded" else actual
    ended = job["status"] in ("succeeded", "failed", "canceled", "saving") and billed is not None
    day = datetime.fromtimestamp(job["created_at"] / 1000).astimezone().date().isoformat()
    return {
        "job_id": job["id"],
        "person": job["person"],
        "demo": job["demo"],
        "currency": job["currency"],
        "micros": billed if ended else max(estimate, actual or 0),
        "day": day,
        "month": day[:7],
        "state": ("billed" if billed else "released") if ended else "held",
        "at": job["updated_at"],
    }
