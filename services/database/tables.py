"""The current tables. services.database.migrations brings older databases to this shape.

Only the modules of the history use them: services.database.jobs and its parts.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()


class _Words(sa.types.TypeDecorator[str]):
    """A text without the characters that no database accepts: NUL, and half of a surrogate pair.

    A query for an id or a name that holds one finds nothing; without this, the query itself would fail.
    """

    impl = sa.String
    cache_ok = True
    _untaken = re.compile("[\0\ud800-\udfff]")

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return the text as it is stored or searched for."""
        return value if value is None or value.isalnum() else self._untaken.sub("\ufffd", value)


class _Prose(_Words):
    """The same, for whole sentences."""

    impl = sa.Text
    cache_ok = True


def _only(condition: str) -> dict[str, Any]:  # Any: the dialects' own options of an index
    """Return the options for an index over the rows that satisfy this condition."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", _Words, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", _Words, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("person", _Words, nullable=False),
    sa.Column("family", _Words, nullable=False),
    sa.Column("model", _Words, nullable=False),
    sa.Column("vendor_model", _Words, nullable=False),
    sa.Column("region", _Words, nullable=False),
    sa.Column("account", _Words, nullable=False),
    sa.Column("base_url", _Words, nullable=False),
    sa.Column("demo", sa.Boolean, nullable=False),
    sa.Column("status", _Words, nullable=False),
    sa.Column("prompt", _Prose, nullable=False),
    sa.Column("rewritten_prompt", _Prose),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("submitted_at", sa.BigInteger),
    sa.Column("running_at", sa.BigInteger),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("task_id", _Words),
    sa.Column("request_id", _Words),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("attention", _Prose),
    sa.Column("remark", _Prose),
    sa.Column("article", sa.JSON(none_as_null=True)),
    sa.Column("error_code", _Words),
    sa.Column("error_message", _Prose),
    sa.Column("error_hint", _Prose),
    sa.Column("error_detail", _Prose),
    sa.Column("estimated_micros", sa.BigInteger, nullable=False),
    sa.Column("actual_micros", sa.BigInteger),
    sa.Column("currency", _Words, nullable=False),
    sa.Column("place", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("seconds", sa.Float),
    sa.Column("favourite", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("rating", sa.Integer, nullable=False, server_default="0"),
    sa.Column("deleted_at", sa.BigInteger),
    sa.Column("purged_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("imported", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("source_job", _Words),
    sa.Column("batch", _Words),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("dispatched_at", sa.BigInteger),
    sa.Column("scheduled_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("on_arrival", _Words, nullable=False, server_default="keep"),
    sa.Column("decision", _Words),
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

submissions = sa.Table(
    "submissions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", _Words, sa.ForeignKey("jobs.id"), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("account", _Words, nullable=False),
    sa.Column("vendor_model", _Words, nullable=False),
    sa.Column("state", _Words, nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("lost_at", sa.BigInteger),
    sa.Column("task_id", _Words),
    sa.Column("live", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("because", _Words),
    sa.UniqueConstraint("job_id", "attempt", name="one_row_per_attempt"),
    sa.UniqueConstraint("account", "task_id", name="one_submission_per_task"),
    sa.Index("submissions_open", "account", "vendor_model", "state"),
    sa.Index("submissions_lost", "lost_at", **_only("lost_at IS NOT NULL")),
)

assets = sa.Table(
    "assets",
    metadata,
    sa.Column("id", _Words, primary_key=True),
    sa.Column("job_id", _Words, sa.ForeignKey("jobs.id"), nullable=False),
    sa.Column("role", _Words, nullable=False),
    sa.Column("kind", _Words, nullable=False),
    sa.Column("position", sa.Integer, nullable=False, server_default="0"),
    sa.Column("name", _Words, nullable=False),
    sa.Column("key", _Words, nullable=False),
    sa.Column("poster_key", _Words),
    sa.Column("thumbnail_key", _Words),
    sa.Column("mime", _Words, nullable=False),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("seconds", sa.Float),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", _Words, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("parent_id", _Words),
    sa.Column("moment", _Words),
    sa.Index("assets_of_job", "job_id"),
    sa.Index("assets_of_parent", "parent_id", **_only("parent_id IS NOT NULL")),
    sa.Index("assets_of_hash", "sha256"),
    sa.Index("assets_of_key", "key"),
)

tags = sa.Table(
    "tags",
    metadata,
    sa.Column("job_id", _Words, sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("name", _Words, primary_key=True),
    sa.Index("tags_by_name", "name"),
)

collections = sa.Table(
    "collections",
    metadata,
    sa.Column("id", _Words, primary_key=True),
    sa.Column("person", _Words, nullable=False),
    sa.Column("name", _Words, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("collections_of_person", "person"),
)

collection_jobs = sa.Table(
    "collection_jobs",
    metadata,
    sa.Column("collection_id", _Words, sa.ForeignKey("collections.id"), primary_key=True),
    sa.Column("job_id", _Words, sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("added_at", sa.BigInteger, nullable=False),
    sa.Index("collections_of_job", "job_id"),
)


checks = sa.Table(
    "checks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("account", _Words, nullable=False),
    sa.Column("vendor_check", _Words, nullable=False),
    sa.Column("sha256", _Words, nullable=False),
    sa.Column("job_id", _Words, sa.ForeignKey("jobs.id"), nullable=False),
    sa.Column("state", _Words, nullable=False),
    sa.Column("code", _Words, nullable=False),
    sa.Column("message", _Prose, nullable=False),
    sa.Column("micros", sa.BigInteger, nullable=False),
    sa.Column("currency", _Words, nullable=False),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
    sa.Column("answered_at", sa.BigInteger),
    sa.Index("checks_of_file", "account", "vendor_check", "sha256"),
    sa.Index("checks_of_job", "job_id"),
)

lanes = sa.Table(
    "lanes",
    metadata,
    sa.Column("bucket", _Words, primary_key=True),
    sa.Column("running_limit", sa.Integer, nullable=False),
    sa.Column("per_second", sa.Integer, nullable=False),
    sa.Column("learned_limit", sa.Integer),
    sa.Column("cooldown_until", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("last_submitted_at", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
    sa.Column("updated_at", sa.BigInteger, nullable=False, server_default="0"),
)

processes = sa.Table(
    "processes",
    metadata,
    sa.Column("name", _Words, primary_key=True),
    sa.Column("home", _Words, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
)

caps = sa.Table(
    "caps",
    metadata,
    sa.Column("id", _Words, primary_key=True),
    sa.Column("scope", _Words, nullable=False),
    sa.Column("person", _Words),
    sa.Column("period", _Words, nullable=False),
    sa.Column("currency", _Words, nullable=False),
    sa.Column("micros", sa.BigInteger, nullable=False),
)

reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("job_id", _Words, sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("person", _Words, nullable=False),
    sa.Column("demo", sa.Boolean, nullable=False),
    sa.Column("currency", _Words, nullable=False),
    sa.Column("micros", sa.BigInteger, nullable=False),
    sa.Column("day", _Words, nullable=False),
    sa.Column("month", _Words, nullable=False),
    sa.Column("state", _Words, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("lost_micros", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index("reservations_of_day", "demo", "currency", "day", "micros"),
    sa.Index("reservations_of_month", "demo", "currency", "month", "micros"),
    sa.Index("reservations_of_person", "demo", "currency", "person", "month", "day", "micros"),
)

facts = sa.Table(
    "facts",
    metadata,
    sa.Column("name", _Words, primary_key=True),
    sa.Column("value", _Prose, nullable=False),
)

strangers = sa.Table(
    "strangers",
    metadata,
    sa.Column("entry", _Words, primary_key=True),
    sa.Column("why", _Prose, nullable=False),
)
