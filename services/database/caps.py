"""Caps on money: which there are, which persons they apply to, and how much is left of each.

A cap counts held and billed amounts (services.database.reservations). It is enforced as the job is written:
`enforce` runs in that transaction, and writers run one after the other, so no two of them count the same remainder.
Caps from the settings always apply. Among caps set by an admin, one for a named person replaces the one for every
person with the same period and currency. Amounts are never converted between currencies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from secrets import token_hex
from typing import TypedDict, assert_never

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.database.reservations import day_of, month_of
from services.database.tables import caps, reservations
from services.domain.errors import NotFound, OverCap, StudioError
from services.domain.jobs import Job
from services.domain.money import of_micros, parse_amounts, said
from services.settings import Settings

_MOST_CAPS = 500
_LONGEST_NAME = 100


class Scope(StrEnum):
    """The persons whose money a cap counts."""

    PERSON = "person"
    """The money of one person; without a name, of each person separately."""
    ALL = "all"


class Period(StrEnum):
    """The time span that a cap counts. Days and months are in the studio's local time zone."""

    DAY = "day"
    MONTH = "month"
    EVER = "ever"


@dataclass(frozen=True, kw_only=True)
class Cap:
    """A limit on spending."""

    id: str
    scope: Scope
    person: str | None = None
    """The person, for a cap on one person; None for a cap on each person or on all together."""
    period: Period
    currency: str
    micros: int
    fixed: bool = False
    """Whether it comes from the settings and cannot be changed on the page."""


@dataclass(frozen=True)
class CapState:
    """A cap, and how much of it is used."""

    cap: Cap
    used: int

    @property
    def left(self) -> int:
        """The amount that may still be spent, in millionths; never below 0."""
        return max(0, self.cap.micros - self.used)


@dataclass(frozen=True, kw_only=True)
class Spender:
    """The spending person, the day, and whether it is a demo or real."""

    person: str
    demo: bool
    day: str


class CapView(TypedDict):
    """A cap for a page. Amounts are in the currency; `used` and `left` are null for a cap on each person."""

    id: str
    scope: str
    person: str | None
    period: str
    currency: str
    amount: float
    used: float | None
    left: float | None
    fixed: bool


def fixed_caps(settings: Settings) -> tuple[Cap, ...]:
    """Return the caps from the settings."""
    given = (
        (Scope.PERSON, Period.DAY, settings.studio_cap_person_day),
        (Scope.PERSON, Period.MONTH, settings.studio_cap_person_month),
        (Scope.PERSON, Period.EVER, settings.studio_cap_person_ever),
        (Scope.ALL, Period.DAY, settings.studio_cap_day),
        (Scope.ALL, Period.MONTH, settings.studio_cap_month),
        (Scope.ALL, Period.EVER, settings.studio_cap_ever),
    )
    return tuple(
        Cap(
            id=f"{scope}-{period}-{currency}",
            scope=scope,
            period=period,
            currency=currency,
            micros=micros,
            fixed=True,
        )
        for scope, period, amounts in given
        if amounts
        for currency, micros in parse_amounts(amounts).items()
    )


class Caps:
    """The caps from the settings, and those set by an admin."""

    def __init__(self, engine: AsyncEngine, fixed: Sequence[Cap] = ()) -> None:
        self._engine = engine
        self._fixed = tuple(fixed)

    async def all(self) -> tuple[Cap, ...]:
        """Return every cap, those from the settings first."""
        async with self._engine.connect() as connection:
            return (*self._fixed, *await _written(connection))

    async def states(self, spender: Spender, *, currency: str | None = None) -> tuple[CapState, ...]:
        """Return the caps that apply to a spender, of one currency or of all, with the amount used of each."""
        async with self._engine.connect() as connection:
            return await self._states(connection, spender, currency)

    async def state(self, cap: Cap, spender: Spender) -> CapState:
        """Return how much of one cap is used. `spender` gives the day, and the person if the cap names none."""
        async with self._engine.connect() as connection:
            (used,) = await _used(connection, [cap], spender)
        return CapState(cap, used)

    async def enforce(self, connection: AsyncConnection, asked: Sequence[Job]) -> None:
        """Refuse jobs of one person, in one currency, if their total exceeds the remainder of a cap.

        Call it in the transaction that writes them, once that transaction holds the write lock. Raises OverCap.
        """
        if not asked:
            return
        ((person, demo, currency),) = {(job.person, job.demo, job.currency) for job in asked}
        spender = Spender(person=person, demo=demo, day=day_of(asked[0].created_at))
        micros = sum(job.estimated_micros for job in asked)
        over = exceeded(await self._states(connection, spender, currency), micros)
        if over is not None:
            message = f"{refusal(over, micros, demo=demo)} Nothing was ordered."
            raise OverCap(message, left=over.left, currency=currency)

    async def put(self, *, scope: Scope, person: str | None, period: Period, currency: str, micros: int) -> Cap:
        """Write a cap, replacing the one for the same scope, person, period and currency. Raises StudioError."""
        name = _name_of(scope, person)
        same = sa.and_(
            caps.c.scope == str(scope),
            caps.c.period == str(period),
            caps.c.currency == currency,
            caps.c.person.is_(None) if name is None else caps.c.person == name,
        )
        cap = Cap(id=token_hex(8), scope=scope, person=name, period=period, currency=currency, micros=micros)
        async with self._engine.begin() as connection:
            await connection.execute(caps.delete().where(same))
            if (await connection.scalar(sa.select(sa.func.count()).select_from(caps)) or 0) >= _MOST_CAPS:
                raise StudioError(f"There are {_MOST_CAPS} caps already. Remove one first.")
            await connection.execute(caps.insert().values(_row(cap)))
        return cap

    async def drop(self, cap_id: str) -> None:
        """Remove a cap. Raises NotFound if it does not exist, StudioError if it comes from the settings."""
        if any(cap.id == cap_id for cap in self._fixed):
            raise StudioError("This cap is a setting of the studio: it is changed where the studio is started.")
        async with self._engine.begin() as connection:
            gone = await connection.execute(caps.delete().where(caps.c.id == cap_id).returning(caps.c.id))
            if gone.first() is None:
                raise NotFound("There is no such cap.")

    async def _states(
        self, connection: AsyncConnection, spender: Spender, currency: str | None
    ) -> tuple[CapState, ...]:
        mine = applying((*self._fixed, *await _written(connection)), person=spender.person)
        found = [cap for cap in mine if currency in (None, cap.currency)]
        return tuple(map(CapState, found, await _used(connection, found, spender)))


# Rules ---------------------------------------------------------------------------------------------------------------


def applying(known: Sequence[Cap], *, person: str) -> tuple[Cap, ...]:
    """Return the caps that apply to a person."""
    own = {(cap.period, cap.currency) for cap in known if cap.person == person}
    return tuple(
        cap
        for cap in known
        if cap.scope is Scope.ALL
        or cap.person == person
        or (cap.person is None and (cap.fixed or (cap.period, cap.currency) not in own))
    )


def exceeded(states: Sequence[CapState], micros: int) -> CapState | None:
    """Return the cap with the least left that an amount exceeds, or None. An amount of zero exceeds no cap."""
    over = [state for state in states if micros > 0 and state.used + micros > state.cap.micros]
    return min(over, key=lambda state: state.left, default=None)


def refusal(state: CapState, micros: int, *, demo: bool) -> str:
    """Return a sentence that explains why a request is refused; two sentences in a demo.

    A demo bills nothing but enforces caps all the same, to show people the effect of a cap.
    """
    cap = state.cap
    left = f"only {said(state.left, cap.currency)} is left" if state.left else "nothing is left"
    if demo:
        return (
            f"This would cost {said(micros, cap.currency)}, and {left} of {cap_words(cap)}. "
            "In the demo nothing is billed, but the cap is kept, on a count of the demo's own."
        )
    return f"This costs {said(micros, cap.currency)}, and {left} of {cap_words(cap)}."


def cap_words(cap: Cap) -> str:
    """Return a cap in words: `your cap of $20 a day`."""
    amount = said(cap.micros, cap.currency)
    match cap.period:
        case Period.DAY:
            span = f"{amount} a day"
        case Period.MONTH:
            span = f"{amount} a month"
        case Period.EVER:
            span = f"{amount} in all"
        case _:
            assert_never(cap.period)
    match cap.scope:
        case Scope.PERSON:
            return f"your cap of {span}"
        case Scope.ALL:
            return f"the studio's cap of {span} for everybody"
        case _:
            assert_never(cap.scope)


def cap_view(cap: Cap, state: CapState | None = None) -> CapView:
    """Return a cap as a page shows it."""
    return CapView(
        id=cap.id,
        scope=str(cap.scope),
        person=cap.person,
        period=str(cap.period),
        currency=cap.currency,
        amount=of_micros(cap.micros),
        used=None if state is None else of_micros(state.used),
        left=None if state is None else of_micros(state.left),
        fixed=cap.fixed,
    )


def _name_of(scope: Scope, person: str | None) -> str | None:
    name = (person or "").strip()
    if scope is Scope.ALL and name:
        raise StudioError("A cap for everybody names nobody.")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise StudioError("That is not a name.")
    return name or None


# Rows ----------------------------------------------------------------------------------------------------------------


async def _written(connection: AsyncConnection) -> tuple[Cap, ...]:
    statement = sa.select(caps).order_by(caps.c.scope, caps.c.person, caps.c.period, caps.c.currency)
    rows = (await connection.execute(statement)).mappings()
    return tuple(
        Cap(
            id=row["id"],
            scope=Scope(row["scope"]),
            person=row["person"],
            period=Period(row["period"]),
            currency=row["currency"],
            micros=row["micros"],
        )
        for row in rows
    )


def _row(cap: Cap) -> dict[str, str | int | None]:
    return {
        "id": cap.id,
        "scope": str(cap.scope),
        "person": cap.person,
        "period": str(cap.period),
        "currency": cap.currency,
        "micros": cap.micros,
    }


async def _used(connection: AsyncConnection, wanted: Sequence[Cap], spender: Spender) -> list[int]:
    """Return the amount used of each cap, in one statement."""
    if not wanted:
        return []
    sums = [_sum(cap, spender).scalar_subquery() for cap in wanted]
    (row,) = await connection.execute(sa.select(*(one.label(f"n{at}") for at, one in enumerate(sums))))
    return [int(used or 0) for used in row]


def _sum(cap: Cap, spender: Spender) -> sa.Select[tuple[int]]:
    held = sa.select(sa.func.sum(reservations.c.micros + reservations.c.lost_micros)).where(
        reservations.c.demo == spender.demo, reservations.c.currency == cap.currency
    )
    if cap.scope is Scope.PERSON:
        held = held.where(reservations.c.person == (cap.person or spender.person))
    match cap.period:
        case Period.DAY:
            return held.where(reservations.c.day == spender.day)
        case Period.MONTH:
            return held.where(reservations.c.month == month_of(spender.day))
        case Period.EVER:
            return held
        case _:
            assert_never(cap.period)
