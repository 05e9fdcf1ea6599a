"""Who asks, for every route: the person whom the headers name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request

from services.domain.errors import StudioError
from services.domain.people import Person


async def person_of(request: Request) -> Person:
    """The person behind a request. Raises NotFound where there must be one and is none.

    Async although it waits for nothing: what is not goes through a thread, for every request.
    """
    return request.app.state.studio.person_in(request.headers)


Caller = Annotated[Person, Depends(person_of)]
"""A parameter of a route: who asks."""


async def from_own_page(x_studio: Annotated[str | None, Header()] = None) -> None:
    """A route that changes something depends on this: another site cannot send the header without asking first."""
    if x_studio is None:
        raise StudioError("This can only be done from the studio's own page.")


OwnPage = Depends(from_own_page)
