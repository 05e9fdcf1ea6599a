"""From a search to the rows of the jobs that match, on both databases. Only services.database.jobs uses it.

Without words and filters, the jobs' own index by person and place answers the query. Otherwise the row of tokens beside
each job is queried (services.database.search_index), and the job's own row confirms the match, since tokens only narrow
it down.

SQLite's FTS5 walks its lists in the order of places and stops when the page is full. PostgreSQL's GIN index has no
order and reads every row that matches. So there are two ways: scan the newest few thousand rows one by one, which fills
the page if matches are common; if few of them match, query the index, which is quick if matches are rare.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.database import search_index
from services.database.rows import fetched
from services.database.tables import collections, jobs
from services.database.tokenizer import begins_a_word, sought, tokens
from services.domain.jobs import FINAL, JobStatus, first_place_at
from services.domain.search_query import Among, Between, Filter, Find, Marked, Measure, Query, Trait, Words

if TYPE_CHECKING:
    _Select = sa.Select[*tuple[Any, ...]]  # Any: columns of every kind

_NEWEST = 2_000
"""How many rows PostgreSQL scans first: half a millisecond for a thousand."""
_FEW = 4
"""With at least this many matches among them, it scans as many more rows as a page should need; with fewer, the index.
"""
_LAST_PLACE = (1 << 63) - 1

_words = sa.table("job_words", sa.column("rowid"), sa.column("place"), sa.column("words"))


@dataclass(frozen=True, kw_only=True)
class Span:
    """The places that may be returned, bounds included, the end to start from, and the number of rows."""

    low: int = 0
    high: int = _LAST_PLACE
    upwards: bool = False
    """From the lowest place up instead of from the highest down."""
    limit: int = 60


Piece = tuple[str, ...]
"""Consecutive tokens."""


@dataclass(frozen=True, kw_only=True)
class _Clause:
    """Any of these tokens must be present, or none of them."""

    any_of: tuple[Piece, ...]
    without: bool = False
    begins: bool = False
    """Whether longer words match too."""


@dataclass
class Plan:
    """The conditions on the tokens, those on the jobs' own rows, and remarks about the query."""

    find: Find
    scope: str
    clauses: list[_Clause] = field(default_factory=list[_Clause])
    conditions: list[sa.ColumnElement[bool]] = field(default_factory=list[sa.ColumnElement[bool]])
    low: int = 0
    high: int = _LAST_PLACE
    remarks: list[str] = field(default_factory=list[str])

    async def rows(self, connection: AsyncConnection, span: Span) -> list[dict[str, Any]]:
        """Return the rows of the jobs that match, in the order of the span."""
        span = Span(low=max(span.low, self.low), high=min(span.high, self.high), upwards=span.upwards, limit=span.limit)
        if not self.clauses:
            return await fetched(connection, _browsing(self, span))
        if connection.dialect.name == "sqlite":
            return await fetched(connection, _in_fts(self, span))
        found = await fetched(connection, _near(self, span, _NEWEST))
        if _FEW <= len(found) < span.limit:
            enough = int(1.5 * _NEWEST * span.limit / len(found))
            found = await fetched(connection, _near(self, span, enough))
        if len(found) >= span.limit:
            return found
        await connection.execute(_ONLY_INDEXES)
        return await fetched(connection, _in_gin(self, span))


async def plan(connection: AsyncConnection, find: Find) -> Plan:
    """Turn a search into a plan. Collections are looked up by their names."""
    made = Plan(find, search_index.scope(person=find.person, demo=find.demo, deleted=find.deleted))
    query = find.query or Query()
    for words in query.words:
        made.clauses += _clauses_of(words)
    for one in query.filters:
        if isinstance(one, Among) and one.trait is Trait.COLLECTION:
            await _add_collections(connection, made, one)
        else:
            _add_filter(made, one)
    if find.family:
        _add_filter(made, Among(trait=Trait.FAMILY, values=(find.family,)))
    if find.statuses:
        _add_filter(made, Among(trait=Trait.STATUS, values=tuple(find.statuses)))
    if find.collection:
        made.clauses.append(_Clause(any_of=((search_index.trait(Trait.COLLECTION, find.collection),),)))
    return made


# From filters to clauses and conditions ------------------------------------------------------------------------------


def _clauses_of(words: Words) -> Iterator[_Clause]:
    if words.phrase or words.without:
        together = tuple(tokens(words.text))
        if together:
            yield _Clause(any_of=(together,), without=words.without)
        return
    for token in sought(words.text):
        yield _Clause(any_of=((token,),), begins=begins_a_word(token))


def _add_filter(made: Plan, one: Filter) -> None:
    match one:
        case Among():
            _add_among(made, one)
        case Marked():
            made.clauses.append(_Clause(any_of=((search_index.mark(one.mark),),), without=one.without))
        case Between():
            _add_between(made, one)
        case _:
            assert_never(one)


def _add_among(made: Plan, one: Among) -> None:
    facets = dict.fromkeys(search_index.trait(one.trait, value) for value in one.values)
    unfinished = [value for value in one.values if one.trait is Trait.STATUS and JobStatus(value) not in FINAL]
    if unfinished:  # one token covers all of these: the row holds the exact one
        among = jobs.c.status.in_(one.values)
        made.conditions.append(~among if one.without else among)
        if one.without:
            facets.pop(search_index.trait(Trait.STATUS, unfinished[0]))
    if facets:
        made.clauses.append(_Clause(any_of=tuple((facet,) for facet in facets), without=one.without))


def _add_between(made: Plan, one: Between) -> None:
    bounds = list(_bounds(one))
    if one.without:
        made.conditions.append(~sa.func.coalesce(sa.and_(sa.true(), *bounds), sa.false()))
        return
    if one.measure is Measure.CREATED:
        made.low = max(made.low, _place_at(one.low))
        made.high = min(made.high, _place_at(one.high) - 1)
        return
    facets = search_index.ranges(
        one.measure, low=one.low, high=one.high, low_open=one.low_open, high_open=one.high_open
    )
    if facets is not None:
        made.clauses.append(_Clause(any_of=tuple((facet,) for facet in facets)))
    made.conditions += bounds


def _bounds(one: Between) -> Iterator[sa.ColumnElement[bool]]:
    column = _number_of(one.measure)
    scale = 1_000_000 if one.measure is Measure.COST else 1
    if one.low > -math.inf:
        low = one.low * scale
        yield column > low if one.low_open else column >= low
    if one.high < math.inf:
        high = one.high * scale
        yield column < high if one.high_open else column <= high


def _number_of(measure: Measure) -> sa.ColumnElement[Any]:
    match measure:
        case Measure.SECONDS:
            return jobs.c.seconds
        case Measure.COST:
            return sa.func.coalesce(jobs.c.actual_micros, jobs.c.estimated_micros)
        case Measure.RATING:
            return jobs.c.rating
        case Measure.CREATED:
            return jobs.c.created_at
        case _:
            assert_never(measure)


def _place_at(moment: float) -> int:
    """Return the first place of a time in milliseconds, clamped to the range of places."""
    return first_place_at(int(min(max(moment, 0), _LAST_PLACE >> 20)))


async def _add_collections(connection: AsyncConnection, made: Plan, one: Among) -> None:
    """Add a filter by collections, each typed by name or id. Names are looked up among those the person may see."""
    statement = sa.select(collections.c.id, collections.c.name)
    if made.find.person is not None:
        statement = statement.where(collections.c.person == made.find.person)
    known = [(row.id, row.name) for row in await connection.execute(statement)]
    found: list[str] = []
    for value in one.values:
        wanted = value.strip().casefold()
        ids = [known_id for known_id, name in known if value == known_id or wanted == name.strip().casefold()]
        if not ids:
            made.remarks.append(f"There is no collection called “{value}”.")
        found += ids or [value]
    _add_among(made, Among(trait=one.trait, values=tuple(found), without=one.without))


# Statements ----------------------------------------------------------------------------------------------------------

_ONLY_INDEXES = sa.text("SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)")
"""For one transaction: PostgreSQL estimates badly how many rows several common words share."""


def _ordered(statement: _Select, column: sa.ColumnElement[Any], span: Span) -> _Select:
    return statement.where(column >= span.low, column <= span.high).order_by(
        column.asc() if span.upwards else column.desc()
    )


def _own(made: Plan) -> list[sa.ColumnElement[bool]]:
    """Build the conditions on the job's own row: owner, demo or real, in the bin or not, and the plan's conditions."""
    find, deleted = made.find, jobs.c.deleted_at
    own: list[sa.ColumnElement[bool]] = [deleted.is_not(None) if find.deleted else deleted.is_(None)]
    if find.deleted:
        own.append(jobs.c.purged_at.is_(None))
    if find.person is not None:
        own.append(jobs.c.person == find.person)
    if find.demo is not None:
        own.append(jobs.c.demo == find.demo)
    return [*own, *made.conditions]


def _browsing(made: Plan, span: Span) -> _Select:
    return _ordered(sa.select(jobs).where(*_own(made)), jobs.c.place, span).limit(span.limit)


def _in_fts(made: Plan, span: Span) -> _Select:
    # The hint keeps SQLite from walking the person's jobs and looking up the words of each.
    statement = (
        sa.select(jobs)
        .join(_words, jobs.c.place == _words.c.rowid)
        .where(sa.literal_column("job_words").op("MATCH")(_fts_words(made)), *_own(made))
        .with_hint(jobs, "INDEXED BY jobs_place", "sqlite")
    )
    return _ordered(statement, _words.c.rowid, span).limit(span.limit)


def _near(made: Plan, span: Span, rows: int) -> _Select:
    near = _ordered(sa.select(_words.c.place, _words.c.words), _words.c.place, span).limit(rows).subquery()
    fitting = sa.select(near.c.place).where(near.c.words.op("@@")(sa.cast(_gin_words(made), TSQUERY)))
    return _of_places(made, span, fitting)


def _in_gin(made: Plan, span: Span) -> _Select:
    """Select all matching places first, as one list.

    Otherwise PostgreSQL may walk the jobs and look up the words of each.
    """
    every = sa.select(_words.c.place).where(_words.c.words.op("@@")(sa.cast(_gin_words(made), TSQUERY)))
    found = every.cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
    return _of_places(made, span, sa.select(found.c.place))


def _of_places(made: Plan, span: Span, places: _Select) -> _Select:
    """Select the jobs at these places. No more of them are read than needed."""
    column = places.selected_columns[0]
    if not made.conditions:
        places = _ordered(places, column, span).limit(span.limit)
    wanted = places.subquery("wanted")
    statement = sa.select(jobs).join(wanted, jobs.c.place == wanted.c.place).where(*_own(made))
    return _ordered(statement, jobs.c.place, span).limit(span.limit)


# The words in each database's own query language. Tokens hold no character that either would interpret. --------------


def _fts_words(made: Plan) -> str:
    wanted = [f'"{made.scope}"', *(_fts_clause(c) for c in made.clauses if not c.without)]
    unwanted = [_fts_clause(c) for c in made.clauses if c.without]
    text = f"({' AND '.join(wanted)})"
    return f"{text} NOT ({' OR '.join(unwanted)})" if unwanted else text


def _fts_clause(clause: _Clause) -> str:
    star = " *" if clause.begins else ""
    return _any(clause, lambda piece: f'"{" ".join(piece)}"{star}', " OR ")


def _gin_words(made: Plan) -> str:
    return " & ".join([f"'{made.scope}'", *(_gin_clause(clause) for clause in made.clauses)])


def _gin_clause(clause: _Clause) -> str:
    star = ":*" if clause.begins else ""
    text = _any(clause, lambda piece: "(" + " <-> ".join(f"'{token}'{star}" for token in piece) + ")", " | ")
    return f"!{text}" if clause.without else text


def _any(clause: _Clause, written: Callable[[Piece], str], sign: str) -> str:
    return f"({sign.join(written(piece) for piece in clause.any_of)})"


__all__ = ["Plan", "Span", "plan"]
