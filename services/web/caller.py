"""The caller of every route: the person named in the headers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request

from services.domain.errors import StudioError
from services.domain.people import Person


async def person_of(request: Request) -> Person:
    """Return the person behind a request. Raises NotFound if a person is required and missing.

    Async although it awaits nothing: a sync dependency would run in a thread for every request.
    """
    return request.app.state.studio.person_in(request.headers)


Caller = Annotated[Person, Depends(person_of)]
"""The parameter of a route for the person who makes the request."""


async def from_own_page(x_studio: Annotated[str | None, Header()] = None) -> None:
    """Check that the studio's own page sent the request. Every route that changes something depends on this.

    Another site cannot send the header without a preflight request.
    """
    if x_studio is None:
        raise StudioError("This can only be done from the studio's own page.")


OwnPage = Depends(from_own_page)
