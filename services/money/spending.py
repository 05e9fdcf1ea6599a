"""Spending by person, by model, by day, and job by job. Hides the SQL; it only reads.

An amount is one of three. `spent` was billed, by the vendor's own count of its output. `open` is reserved for jobs that
have not ended. `unsure` is reserved for ended jobs that may or may not have been billed, and for the first submissions
of jobs that were sent again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypedDict

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.catalogue import Catalogue
from services.database.reservations import Held, settlement_of
from services.database.rows import job_of
from services.database.tables import jobs, reservations
from services.domain.errors import NotFound
from services.domain.jobs import FINAL, Job, JobStatus
from services.domain.money import of_micros

_USUAL_DAYS = 30
_LONGEST_SPAN = timedelta(days=366 * 10)
_ROWS_AT_ONCE = 1_000
_COUNTED = ("spent", "open", "unsure", "jobs", "failed")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Cells that start with these are run as formulas by some spreadsheets."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A person's spending from one day to another, both included: `2026-11-22`."""

    person: str | None
    """None for all people."""
    demo: bool
    first: str
    last: str


@dataclass(frozen=True, kw_only=True)
class Sum:
    """Money of one currency under one heading, in millionths."""

    key: str
    """The person, our model id, or the day; empty for the total."""
    currency: str
    spent: int = 0
    open: int = 0
    unsure: int = 0
    jobs: int = 0
    """How many jobs were created, including the failed ones."""
    failed: int = 0
    """How many of them failed and cost nothing."""


@dataclass(frozen=True, kw_only=True)
class Spend:
    """The spending in a span. Persons and models are sorted by amount, the highest first; days by date."""

    span: Span
    total: tuple[Sum, ...]
    by_person: tuple[Sum, ...]
    by_model: tuple[Sum, ...]
    by_day: tuple[Sum, ...]


def span_of(first: str | None, last: str | None, *, today: date, person: str | None, demo: bool) -> Span:
    """Parse a span, which is the last 30 days by default. Raises NotFound if a date is invalid."""
    try:
        end = date.fromisoformat(last) if last else today
        begin = date.fromisoformat(first) if first else end - timedelta(days=_USUAL_DAYS - 1)
    except (ValueError, OverflowError):
        raise NotFound("Days are written like 2026-11-22.") from None
    if not timedelta(0) <= end - begin <= _LONGEST_SPAN:
        raise NotFound("The first day must come before the last one, by ten years at most.")
    return Span(person=person, demo=demo, first=begin.isoformat(), last=end.isoformat())


class Spending:
    """The spending, read from the database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def spend(self, span: Span) -> Spend:
        """Return the spending in a span."""
        r = reservations.c
        kind = _kind().label("kind")
        statement = (
            sa.select(
                r.person,
                jobs.c.model,
                r.day,
                r.currency,
                kind,
                sa.func.sum(r.micros).label("micros"),
                sa.func.sum(r.lost_micros).label("lost_micros"),
                sa.func.count().label("jobs"),
            )
            .join(jobs, jobs.c.id == r.job_id)
            .where(*_within(span))
            .group_by(r.person, jobs.c.model, r.day, r.currency, kind)
        )
        async with self._engine.connect() as connection:
            rows = [_Part(*row) for row in await connection.execute(statement)]
        return Spend(
            span=span,
            total=_dearest(_sums(rows, lambda _part: "")),
            by_person=_dearest(_sums(rows, lambda part: part.person)),
            by_model=_dearest(_sums(rows, lambda part: part.model)),
            by_day=tuple(sorted(_sums(rows, lambda part: part.day), key=lambda one: (one.key, one.currency))),
        )

    async def today(self, *, person: str | None, demo: bool, day: str) -> dict[str, int]:
        """Return the amount billed for the orders of a day, in millionths, by currency."""
        r = reservations.c
        statement = (
            sa.select(r.currency, sa.func.sum(r.micros))
            .where(r.demo == demo, r.day == day, r.state == str(Held.BILLED))
            .group_by(r.currency)
        )
        if person is not None:
            statement = statement.where(r.person == person)
        async with self._engine.connect() as connection:
            return {currency: int(total) for currency, total in await connection.execute(statement)}

    async def csv(self, span: Span) -> AsyncIterator[str]:
        """Yield a span job by job, oldest first, as lines of CSV with a heading."""
        yield _csv([_HEADING])
        r = reservations.c
        after = -1
        while True:
            statement = (
                sa.select(
                    jobs, r.day.label("on_day"), r.state.label("held"), r.micros.label("held_micros"), r.lost_micros
                )
                .join(reservations, r.job_id == jobs.c.id)
                .where(*_within(span), jobs.c.place > after)
                .order_by(jobs.c.place)
                .limit(_ROWS_AT_ONCE)
            )
            async with self._engine.connect() as connection:
                rows = [dict(row) for row in (await connection.execute(statement)).mappings()]
            if not rows:
                return
            lines: list[tuple[object, ...]] = []
            for row in rows:
                day, held, micros, lost = (row.pop(n) for n in ("on_day", "held", "held_micros", "lost_micros"))
                lines.append(_line(job_of(row), day=day, held=Held(held), micros=micros, lost=lost))
            yield _csv(lines)
            after = rows[-1]["place"]


@dataclass(frozen=True)
class _Part:
    person: str
    model: str
    day: str
    currency: str
    kind: str
    micros: int
    lost_micros: int
    jobs: int


def _kind() -> sa.Case[str]:
    """Classify an amount as one of the three, or as that of a job that failed and cost nothing."""
    ended = jobs.c.status.in_([str(status) for status in FINAL])
    failed = sa.and_(reservations.c.state == str(Held.RELEASED), jobs.c.status == str(JobStatus.FAILED))
    return sa.case(
        (failed, sa.literal_column("'failed'", sa.String)),
        (reservations.c.state != str(Held.HELD), sa.literal_column("'spent'", sa.String)),
        (ended, sa.literal_column("'unsure'", sa.String)),
        else_=sa.literal_column("'open'", sa.String),
    )


def _within(span: Span) -> list[sa.ColumnElement[bool]]:
    r = reservations.c
    conditions = [r.demo == span.demo, r.day >= span.first, r.day <= span.last]
    return conditions if span.person is None else [*conditions, r.person == span.person]


def _sums(parts: Iterable[_Part], key: Callable[[_Part], str]) -> list[Sum]:
    found: dict[tuple[str, str], dict[str, int]] = {}
    for part in parts:
        amounts = found.setdefault((key(part), part.currency), dict.fromkeys(_COUNTED, 0))
        amounts[part.kind] += part.jobs if part.kind == "failed" else int(part.micros)
        amounts["unsure"] += int(part.lost_micros)
        amounts["jobs"] += part.jobs
    return [Sum(key=name, currency=currency, **amounts) for (name, currency), amounts in found.items()]


def _dearest(sums: Sequence[Sum]) -> tuple[Sum, ...]:
    return tuple(sorted(sums, key=lambda one: (-(one.spent + one.open + one.unsure), one.key, one.currency)))


# CSV -----------------------------------------------------------------------------------------------------------------

_HEADING = (
    "day", "ordered_at_ms", "person", "family", "model", "sent_as", "region", "status", "estimated", "billed",
    "held", "currency", "state", "job", "task",
)  # fmt: skip


def _line(job: Job, *, day: str, held: Held, micros: int, lost: int) -> tuple[object, ...]:
    known = held is not Held.HELD
    still = (0 if known else micros) + lost
    return (
        day, job.created_at, job.person, job.family, job.model, job.vendor_model, job.region, str(job.status),
        _amount(job.estimated_micros), _amount(micros) if known else "", "" if known and not lost else _amount(still),
        job.currency, str(held), job.id, job.task_id or "",
    )  # fmt: skip


def _amount(micros: int) -> str:
    return f"{micros // 1_000_000}.{micros % 1_000_000:06}"


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


# JSON ----------------------------------------------------------------------------------------------------------------


class SumView(TypedDict):
    """Money of one currency under one heading.

    `spent` was billed, `open` is reserved for unfinished jobs, `unsure` for jobs that may or may not have been billed.
    `failed` of the `jobs` failed and cost nothing.
    """

    currency: str
    spent: float
    open: float
    unsure: float
    jobs: int
    failed: int


class TotalView(TypedDict):
    """The cost of some jobs together in one currency: `spent` was billed, `open` is reserved and not final yet."""

    currency: str
    spent: float
    open: float


def totals_of(some: Iterable[Job]) -> list[TotalView]:
    """Return the total cost of these jobs, one row per currency. Jobs imported from files were not paid for here."""
    found: dict[str, dict[bool, int]] = {}
    for job in some:
        if not job.imported:
            settled = settlement_of(job)
            amounts = found.setdefault(job.currency, {True: 0, False: 0})
            amounts[settled.state is Held.HELD] += settled.micros
    return [
        TotalView(currency=currency, spent=of_micros(amounts[False]), open=of_micros(amounts[True]))
        for currency, amounts in sorted(found.items())
    ]


def sum_view(one: Sum) -> SumView:
    """Convert a sum to JSON."""
    return SumView(
        currency=one.currency,
        spent=of_micros(one.spent),
        open=of_micros(one.open),
        unsure=of_micros(one.unsure),
        jobs=one.jobs,
        failed=one.failed,
    )


def spend_view(spend: Spend, catalogue: Catalogue) -> dict[str, object]:
    """Convert the spending to JSON: `totals`, `by_person`, `by_model` and `by_day`, one row per currency.

    `price_read_on` is the date when a model's prices were read, and for all models together the oldest of them. It is
    null for a model that is no longer in the catalogue.
    """

    def named(row: Sum) -> dict[str, object]:
        model = catalogue.model(row.key)
        about = {"model": row.key, "model_title": model.title if model else row.key}
        return {**about, "price_read_on": model.price_source.checked.isoformat() if model else None, **sum_view(row)}

    return {
        "price_read_on": min((model.price_source.checked.isoformat() for model in catalogue.models), default=None),
        "from": spend.span.first,
        "to": spend.span.last,
        "everybody": spend.span.person is None,
        "demo": spend.span.demo,
        "totals": [sum_view(row) for row in spend.total],
        "by_person": [{"person": row.key, **sum_view(row)} for row in spend.by_person],
        "by_model": [named(row) for row in spend.by_model],
        "by_day": [{"day": row.key, **sum_view(row)} for row in spend.by_day],
    }
