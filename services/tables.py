"""The tables, and the list of functions that brought them to their present shape.

Only services.history, .ledger and .checks use them.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

versions = sa.Table("schema_versions", metadata, sa.Column("number", sa.Integer, primary_key=True))

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
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
    sa.Column("estimated_micros", sa.BigInteger, nullable=False),
    sa.Column("actual_micros", sa.BigInteger),
    sa.Column("currency", sa.String, nullable=False),
    sa.Index("jobs_newest", "person", "demo", sa.text("created_at DESC"), sa.text("id DESC")),
    sa.Index("jobs_family_newest", "person", "demo", "family", sa.text("created_at DESC"), sa.text("id DESC")),
    sa.Index("jobs_status", "status"),
    sa.Index("jobs_sequence", "sequence"),
    sa.Index("jobs_finished", "finished_at"),
)

submissions = sa.Table(
    "submissions",
    metadata,
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
    sa.UniqueConstraint("job_id", "attempt", name="one_row_per_attempt"),
    sa.UniqueConstraint("account", "task_id", name="one_submission_per_task"),
    sa.Index("submissions_open", "account", "vendor_model", "state"),
)

assets = sa.Table(
    "assets",
    metadata,
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
    sa.Index("assets_of_job", "job_id"),
)


checks = sa.Table(
    "checks",
    metadata,
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


def _first(connection: sa.Connection) -> None:
    metadata.create_all(connection, tables=[counters, jobs, submissions, assets])
    connection.execute(counters.insert().values(name="sequence", value=0))


def _second(connection: sa.Connection) -> None:
    """Articles, remarks, files in an order, live calls, and checks of pictures."""
    metadata.create_all(connection, tables=[checks])
    for table, names in ((jobs, ("remark", "article")), (submissions, ("live",)), (assets, ("position",))):
        _add_columns(connection, table, names)


def _add_columns(connection: sa.Connection, table: sa.Table, names: tuple[str, ...]) -> None:
    """Add columns that the table does not have yet: a new database was made with all of them."""
    present = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    for name in names:
        if name not in present:
            column = sa.schema.CreateColumn(table.c[name]).compile(dialect=connection.dialect)
            connection.execute(sa.DDL(f"ALTER TABLE {table.name} ADD COLUMN {column}"))


MIGRATIONS = (_first, _second)
"""Applied in order, once each. A change of the tables is one more function: never edit one that was released."""
