"""The search index beside each job: one row of tokens, at the job's place, the same on both databases.

SQLite keeps it in an FTS5 table whose rowid is the place, PostgreSQL in a tsvector column with a GIN index. A row holds
the words of the prompt, the rewritten prompt and the tags and, for an imported job, the names of its files. It also
holds facets: tokens that begin with `_`, which no word does. They encode the job's person, model, state, marks and
kinds of output, and the range of its length and cost. So a search visits no job of another person, and few that do not
match. A facet only narrows: services.database.search lets the job's own row decide.

Call `refresh` in the transaction that changes one of `INDEXED`, tags, collections or outputs.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.database.tables import assets, collection_jobs, jobs, tags
from services.database.tokenizer import tokens
from services.domain.batches import batches
from services.domain.jobs import FINAL, OUTPUT, JobStatus
from services.domain.search_query import Mark, Measure, Trait

INDEXED = frozenset(
    {
        "person", "demo", "family", "model", "vendor_model", "status", "prompt", "rewritten_prompt", "place", "seconds",
        "favourite", "rating", "deleted_at", "imported", "estimated_micros", "actual_micros",
    }
)  # fmt: skip
"""The columns of a job that its search row is built from."""

_ROWS_AT_ONCE = 2_000
_IDS_AT_ONCE = 500
_GAP = "_"
"""Follows each text, so no phrase extends into the next one."""
_Row = Mapping[str, Any] | sa.RowMapping  # Any: columns of every kind
_EDGES: Mapping[Measure, tuple[float, ...]] = {
    Measure.SECONDS: (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 45, 60, 120, 300),
    Measure.COST: (0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 50, 100),
    Measure.RATING: (0, 1, 2, 3, 4, 5),
}
"""The edges between the ranges of a measure.

An edge is a range of its own, because people ask for round numbers: `seconds>5` need not visit every clip of 5 seconds.
"""


# Facets --------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1_024)
def scope(*, person: str | None, demo: bool | None, deleted: bool) -> str:
    """Return the one token of all jobs of a person (or of all), real or demo (or both), in the bin or not."""
    return "_s" + _short(f"{'' if person is None else 'p' + person}\0{demo}\0{deleted}")


@lru_cache(maxsize=4_096)
def trait(kind: Trait, value: str) -> str:
    """Return the token of a trait with this value."""
    if kind is Trait.STATUS:
        return f"_{kind}{value if JobStatus(value) in FINAL else 'live'}"
    return f"_{kind}{_short(_alike(value))}"


def mark(kind: Mark) -> str:
    """Return the token of a mark."""
    return f"_is{kind}"


def ranges(kind: Measure, *, low: float, high: float, low_open: bool, high_open: bool) -> list[str] | None:
    """Return the tokens of all ranges that overlap these bounds; None if the measure has no ranges."""
    edges = _EDGES.get(kind)
    if edges is None:
        return None
    first, last = _range_of(edges, low), _range_of(edges, high)
    first += low_open and first % 2 == 1
    last -= high_open and last % 2 == 1
    return [f"_n{kind}{number}" for number in range(first, last + 1)]


def _range_of(edges: Sequence[float], value: float) -> int:
    """Return the number of the range of a value: even between two edges, odd on an edge."""
    below = bisect_left(edges, value)
    return 2 * below + (below < len(edges) and edges[below] == value)


@dataclass(frozen=True, kw_only=True)
class _Around:
    """A job's data in other tables."""

    tags: Sequence[str] = ()
    collections: Sequence[str] = ()
    kinds: Sequence[str] = ()
    """The kinds of its outputs."""
    names: Sequence[str] = ()
    """The names of its outputs, as people know them."""


def _facets(row: _Row, around: _Around) -> Iterator[str]:
    deleted = row["deleted_at"] is not None
    for person in (row["person"], None):
        for demo in (bool(row["demo"]), None):
            yield scope(person=person, demo=demo, deleted=deleted)
    for kind, value in _traits(row, around):
        yield trait(kind, value)
    if row["favourite"]:
        yield mark(Mark.FAVOURITE)
    if row["imported"]:
        yield mark(Mark.IMPORTED)
    for kind, number in measures(row):
        yield f"_n{kind}{_range_of(_EDGES[kind], number)}"


def _traits(row: _Row, around: _Around) -> Iterator[tuple[Trait, str]]:
    yield Trait.FAMILY, row["family"]
    yield Trait.STATUS, row["status"]
    yield Trait.PERSON, row["person"]
    for name in {row["model"], row["vendor_model"]}:
        yield Trait.MODEL, name
    for trait_of, names in (
        (Trait.TAG, around.tags),
        (Trait.COLLECTION, around.collections),
        (Trait.KIND, dict.fromkeys(around.kinds)),
    ):
        for name in names:
            yield trait_of, name


def measures(row: _Row) -> Iterator[tuple[Measure, float]]:
    """Yield the numbers of a job that have ranges."""
    billed = row["actual_micros"] if row["actual_micros"] is not None else row["estimated_micros"]
    yield Measure.COST, billed / 1_000_000
    yield Measure.RATING, row["rating"]
    if row["seconds"] is not None:
        yield Measure.SECONDS, row["seconds"]


def _short(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=6).hexdigest()


_LONGEST_NAME = 1_000


def _alike(name: str) -> str:
    """Return a name in its form for comparison: case and character width do not matter."""
    # No real name is longer; sorting the accents on one letter takes time quadratic in their number.
    return unicodedata.normalize("NFKC", name[:_LONGEST_NAME]).strip().casefold()


# Rows ----------------------------------------------------------------------------------------------------------------


async def reindex(connection: AsyncConnection, job_ids: Sequence[str]) -> None:
    """Rewrite the search rows of these jobs, within the caller's transaction."""
    await connection.run_sync(refresh, job_ids)


def refresh(connection: sa.Connection, job_ids: Sequence[str]) -> None:
    """Rewrite the search rows of these jobs, within the caller's transaction."""
    for some in batches(job_ids, _IDS_AT_ONCE):
        rows = _documents(connection, jobs.c.id.in_(some))
        _write(connection, rows, replace=True)


async def forget(connection: AsyncConnection, places: Sequence[int]) -> None:
    """Delete the search rows of the jobs at these places, within the caller's transaction."""
    if places:
        words = sa.table("job_words", sa.column("place"), sa.column("rowid"))
        column = words.c.place if connection.dialect.name == "postgresql" else words.c.rowid
        gone = sa.delete(words).where(column == sa.bindparam("gone"))
        await connection.execute(gone, [{"gone": place} for place in places])


def fill(connection: sa.Connection) -> None:
    """Write the search rows of all jobs, if there is none yet."""
    if connection.execute(sa.text("SELECT 1 FROM job_words LIMIT 1")).first():
        return
    place = -1
    while rows := _documents(connection, jobs.c.place > place, limit=_ROWS_AT_ONCE):
        _write(connection, rows, replace=False)
        place = rows[-1][0]
    if connection.dialect.name == "sqlite":
        connection.execute(sa.text("INSERT INTO job_words (job_words) VALUES ('optimize')"))


def _documents(
    connection: sa.Connection, which: sa.ColumnElement[bool], limit: int | None = None
) -> list[tuple[int, list[str]]]:
    """Return the places of jobs and all tokens of each, ordered by place."""
    columns = [jobs.c[name] for name in ("id", *sorted(INDEXED))]
    rows = connection.execute(sa.select(*columns).where(which).order_by(jobs.c.place).limit(limit)).mappings().all()
    ids = [row["id"] for row in rows]
    tagged = _names(connection, tags.c.job_id, tags.c.name, ids)
    collected = _names(connection, collection_jobs.c.job_id, collection_jobs.c.collection_id, ids)
    made = sa.select(assets.c.job_id, assets.c.kind, assets.c.name).where(
        assets.c.job_id.in_(ids), assets.c.role == OUTPUT
    )
    kinds: dict[str, list[str]] = {}
    names: dict[str, list[str]] = {}
    for job_id, kind, name in connection.execute(made.order_by(assets.c.position, assets.c.id)):
        kinds.setdefault(job_id, []).append(kind)
        names.setdefault(job_id, []).append(name)
    return [
        (
            row["place"],
            _document(
                row,
                _Around(
                    tags=tagged.get(row["id"], ()),
                    collections=collected.get(row["id"], ()),
                    kinds=kinds.get(row["id"], ()),
                    names=names.get(row["id"], ()),
                ),
            ),
        )
        for row in rows
    ]


def _names(
    connection: sa.Connection, job: sa.Column[Any], name: sa.Column[Any], ids: Sequence[str]
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for job_id, value in connection.execute(sa.select(job, name).where(job.in_(ids)).order_by(name)):
        found.setdefault(job_id, []).append(value)
    return found


def _document(row: _Row, around: _Around) -> list[str]:
    document: list[str] = []
    # We name our own outputs; the name of an imported file is a person's own words.
    for text in (row["prompt"], row["rewritten_prompt"], *around.tags, *(around.names if row["imported"] else ())):
        if text:
            document += [*tokens(text), _GAP]
    return [*document, *_facets(row, around)]


def _write(connection: sa.Connection, rows: Sequence[tuple[int, list[str]]], *, replace: bool) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        insert = (
            "INSERT INTO job_words (place, words) SELECT * FROM unnest(CAST(:p AS bigint[]), CAST(:w AS tsvector[]))"
        )
        on_conflict = " ON CONFLICT (place) DO UPDATE SET words = excluded.words" if replace else ""
        values = {"p": [place for place, _ in rows], "w": [_vector(document) for _, document in rows]}
        connection.execute(sa.text(insert + on_conflict), values)
        return
    if replace:
        connection.execute(sa.text("DELETE FROM job_words WHERE rowid = :place"), [{"place": p} for p, _ in rows])
    connection.execute(
        sa.text("INSERT INTO job_words (rowid, words) VALUES (:place, :words)"),
        [{"place": place, "words": " ".join(document)} for place, document in rows],
    )


def _vector(document: Iterable[str]) -> str:
    """Return tokens with their positions, in PostgreSQL's tsvector notation. No token needs quoting."""
    places: dict[str, list[int]] = {}
    for place, token in enumerate(document, start=1):
        if token != _GAP:
            places.setdefault(token, []).append(place)
    return " ".join(
        # Positions end at 16383, and a token has at most 255 of them.
        f"'{token}'" if token.startswith("_") else f"'{token}':{','.join(str(min(at, 16_383)) for at in found[:255])}"
        for token, found in places.items()
    )
