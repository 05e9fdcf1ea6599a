"""The only interface to money for the page and the API: a person's remaining budget, their spending, and the caps.

Hides which caps apply to a person, and the alternatives offered if a cap is exceeded.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date
from decimal import Decimal

from services.catalogue import Catalogue
from services.database.caps import CapView, Period, Scope, Spender, cap_view, exceeded, refusal
from services.database.jobs import History
from services.database.reservations import day_of
from services.domain.errors import OverCap, StudioError
from services.domain.money import MICROS, parse_amounts, said, to_micros
from services.domain.people import Person
from services.domain.problems import COPIES, PRICE, Change, Fix, Problem, Repair
from services.money.cheaper import find_cheaper
from services.money.spending import Span, Spend, Spending, span_of
from services.request import Request, price


class Budget:
    """A person's remaining budget, their spending, and the caps."""

    def __init__(
        self, *, history: History, spending: Spending, catalogue: Catalogue, demo: bool, clock: Callable[[], int]
    ) -> None:
        self._history = history
        self._spending = spending
        self._catalogue = catalogue
        self._demo = demo
        self._clock = clock

    # Before a job ----------------------------------------------------------------------------------------------------

    async def problems(self, request: Request, person: Person, *, copies: int = 1) -> tuple[Problem, ...]:
        """Return the exceeded caps if this many copies were ordered now, with a fix: a cheaper choice, or fewer copies.

        Nothing is reserved.
        """
        cost = price(request)
        states = await self._history.caps.states(self._spender(person.name), currency=cost.currency)
        micros = to_micros(cost.amount) * copies
        over = exceeded(states, micros)
        if over is None:
            return ()
        return self._offers(request, refusal(over, micros, demo=self._demo), left=over.left, copies=copies)

    def offers(self, request: Request, error: OverCap, *, copies: int = 1) -> tuple[Problem, ...]:
        """Return the same problems for a refusal that came when the jobs were written."""
        return self._offers(request, error.message, left=error.left, copies=copies)

    def _offers(self, request: Request, message: str, *, left: int, copies: int) -> tuple[Problem, ...]:
        cheaper = self._cheaper(request, left=left, copies=copies)
        fewer = _fewer(request, left=left, copies=copies)
        return (Problem(field=PRICE, message=message, fix=cheaper), *([fewer] if fewer else []))

    def _cheaper(self, request: Request, *, left: int, copies: int) -> Fix | None:
        """Return the fix that makes as many copies with another tier or model."""
        found = find_cheaper(self._catalogue, request, most=Decimal(left // copies) / MICROS)
        if found is None:
            return None
        total = said(to_micros(found.cost.amount) * copies, found.cost.currency)
        return Fix(Repair.CHEAPER, f"Use {found.label}: {total}", found.change)

    # Caps ------------------------------------------------------------------------------------------------------------

    async def caps(self, person: Person) -> list[CapView]:
        """Return the caps that apply to a person, and how much is left of each."""
        states = await self._history.caps.states(self._spender(person.name))
        return [cap_view(state.cap, state) for state in states]

    async def every_cap(self, person: Person) -> list[CapView]:
        """Return all caps, with the used amount of those that apply to all people or to a named person.

        Raises StudioError if `person` is no admin.
        """
        _admins_only(person)
        views: list[CapView] = []
        for cap in await self._history.caps.all():
            own = cap.scope is Scope.PERSON and cap.person is None
            state = None if own else await self._history.caps.state(cap, self._spender(cap.person or person.name))
            views.append(cap_view(cap, state))
        return views

    async def set_cap(
        self, person: Person, *, scope: str, whose: str | None, period: str, amount: str, currency: str
    ) -> CapView:
        """Set a cap, replacing one with the same scope and period. `amount` is a number as text. Raises StudioError."""
        _admins_only(person)
        try:
            ((known, micros),) = parse_amounts(f"{amount} {currency}").items()
            cap = await self._history.caps.put(
                scope=Scope(scope), person=whose, period=Period(period), currency=known, micros=micros
            )
        except ValueError:
            raise StudioError(
                "A cap has a `scope` (person or all), a `period` (day, month or ever), an `amount` and a `currency`."
            ) from None
        return cap_view(cap)

    async def drop_cap(self, person: Person, cap_id: str) -> None:
        """Delete a cap. Raises StudioError, NotFound."""
        _admins_only(person)
        await self._history.caps.drop(cap_id)

    # After -----------------------------------------------------------------------------------------------------------

    async def spend(self, person: Person, *, first: str | None = None, last: str | None = None) -> Spend:
        """Return a person's spending in a span, or all people's for an admin. Raises NotFound if a date is invalid."""
        return await self._spending.spend(self._span(person, first=first, last=last))

    def lines(self, person: Person, *, first: str | None = None, last: str | None = None) -> AsyncIterator[str]:
        """Return the same spending job by job, as CSV. Raises NotFound if a date is invalid."""
        return self._spending.csv(self._span(person, first=first, last=last))

    async def spent_today(self, person: Person) -> dict[str, int]:
        """Return the amount billed for today's orders, in millionths, by currency."""
        owner = person.scope
        return await self._spending.today(person=owner, demo=self._demo, day=day_of(self._clock()))

    def _span(self, person: Person, *, first: str | None, last: str | None) -> Span:
        today = date.fromisoformat(day_of(self._clock()))
        return span_of(first, last, today=today, person=person.scope, demo=self._demo)

    def _spender(self, name: str) -> Spender:
        return Spender(person=name, demo=self._demo, day=day_of(self._clock()))


def _fewer(request: Request, *, left: int, copies: int) -> Problem | None:
    """Suggest as many copies as still fit. Returns None if not even one does."""
    cost = price(request)
    each = to_micros(cost.amount)
    fitting = min(left // each if each else 0, copies - 1)
    if fitting < 1:
        return None
    label = f"Make {fitting}: {said(each * fitting, cost.currency)}"
    fix = Fix(Repair.FEWER, label, Change(model=request.model.id, copies=fitting))
    message = f"As it is chosen now, {fitting} of the {copies} would fit."
    return Problem(field=COPIES, message=message, fix=fix, advice=True)


def _admins_only(person: Person) -> None:
    if not person.admin:
        raise StudioError("Only an admin of this studio can do that.")
