"""What was spent, as JSON and as CSV, and the caps."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from services.errors import StudioError
from services.money.caps import CapView
from services.money.spend import spend_view
from services.routes.bodies import json_body
from services.routes.people import Asking, OwnPage
from services.studio import Studio

_LONGEST_BODY = 4096
From = Annotated[str | None, Query(alias="from")]
To = Annotated[str | None, Query(alias="to")]


def router(studio: Studio) -> APIRouter:
    """The routes /studio/spend, /studio/spend.csv and those below /studio/caps."""
    routes = APIRouter(prefix="/studio")
    _add_spend(routes, studio)
    _add_caps(routes, studio)
    return routes


def _add_spend(routes: APIRouter, studio: Studio) -> None:
    @routes.get("/spend", response_model=None)
    async def spend(person: Asking, first: From = None, last: To = None) -> dict[str, object]:
        found = await studio.money.spend(person, first=first, last=last)
        return {**spend_view(found, studio.catalogue), "caps": await studio.money.caps(person)}

    @routes.get("/spend.csv")
    async def lines(person: Asking, first: From = None, last: To = None) -> StreamingResponse:
        found = studio.money.lines(person, first=first, last=last)
        headers = {"Content-Disposition": 'attachment; filename="spend.csv"', "Cache-Control": "private, no-cache"}
        return StreamingResponse(found, media_type="text/csv; charset=utf-8", headers=headers)


def _add_caps(routes: APIRouter, studio: Studio) -> None:
    @routes.get("/caps", response_model=None)
    async def caps(person: Asking) -> list[CapView]:
        return await (studio.money.every_cap(person) if person.admin else studio.money.caps(person))

    @routes.post("/caps", response_model=None, dependencies=[OwnPage])
    async def put(request: Request, person: Asking) -> CapView:
        sent = await json_body(request, limit=_LONGEST_BODY, what="a cap")
        whose = sent.get("person")
        if whose is not None and not isinstance(whose, str):
            raise StudioError("`person` is a name, or null for each person.")
        return await studio.money.set_cap(
            person,
            scope=str(sent.get("scope")),
            whose=whose,
            period=str(sent.get("period")),
            amount=_amount_in(sent),
            currency=str(sent.get("currency")),
        )

    @routes.post("/caps/{cap_id}/drop", dependencies=[OwnPage])
    async def drop(cap_id: str, person: Asking) -> dict[str, str]:
        await studio.money.drop_cap(person, cap_id)
        return {"dropped": cap_id}


def _amount_in(sent: dict[str, Any]) -> str:  # Any: JSON from outside
    """The number as words: JSON's own numbers are floats, which would not be exact."""
    amount = sent.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int | float | str):
        raise StudioError("A cap has an `amount`, for example 20 or 0.5.")
    return amount if isinstance(amount, str) else f"{amount:.6f}"
