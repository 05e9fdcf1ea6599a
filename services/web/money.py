"""Spending as JSON and as CSV, estimates, and the caps."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from services.domain.errors import StudioError
from services.domain.json_values import list_in, mapping_in
from services.studio import MOST_STEPS, CapView, Step, Studio, chain_view, spend_view
from services.web.caller import Caller, OwnPage
from services.web.request_body import json_body

_LONGEST_BODY = 4096
_LONGEST_CHAIN = 256 * 1024
From = Annotated[str | None, Query(alias="from")]
To = Annotated[str | None, Query(alias="to")]


def router(studio: Studio) -> APIRouter:
    """Build the routes /studio/spend, /studio/spend.csv, /studio/estimate and those below /studio/caps."""
    routes = APIRouter(prefix="/studio")
    _add_spend(routes, studio)
    _add_estimate(routes, studio)
    _add_caps(routes, studio)
    return routes


def _add_spend(routes: APIRouter, studio: Studio) -> None:
    @routes.get("/spend", response_model=None)
    async def spend(person: Caller, first: From = None, last: To = None) -> dict[str, object]:
        found = await studio.services.budget.spend(person, first=first, last=last)
        return {**spend_view(found, studio.catalogue), "caps": await studio.services.budget.caps(person)}

    @routes.get("/spend.csv")
    async def lines(person: Caller, first: From = None, last: To = None) -> StreamingResponse:
        found = studio.services.budget.lines(person, first=first, last=last)
        headers = {"Content-Disposition": 'attachment; filename="spend.csv"', "Cache-Control": "private, no-cache"}
        return StreamingResponse(found, media_type="text/csv; charset=utf-8", headers=headers)


def _add_estimate(routes: APIRouter, studio: Studio) -> None:
    @routes.post("/estimate", response_model=None)
    async def estimate(request: Request, _person: Caller) -> dict[str, object]:
        sent = await json_body(request, limit=_LONGEST_CHAIN, what="a chain of works")
        return chain_view(studio.estimate_chain(_steps_in(sent)))


def _steps_in(sent: dict[str, Any]) -> list[Step]:  # Any: JSON from outside
    steps = list_in(sent.get("steps"))
    if not 1 <= len(steps) <= MOST_STEPS:
        raise StudioError(f"The studio expected `steps`, a list of 1 to {MOST_STEPS}.")
    return [_step_in(each) for each in steps]


def _step_in(raw: object) -> Step:
    step = mapping_in(raw)
    model, region, family = step.get("model"), step.get("region"), step.get("family")
    values, copies = step.get("values", {}), step.get("copies", 1)
    if (
        not isinstance(model, str)
        or not isinstance(region, str | None)
        or not isinstance(family, str | None)
        or not isinstance(values, dict)
        or not isinstance(copies, int)
        or isinstance(copies, bool)
    ):
        raise StudioError(
            "A step has a `model`, and where they matter its `family`, `region`, `values` by field name and `copies`."
        )
    by_name = cast("dict[str, object]", values)
    return Step(model=model, region=region or "", family=family or None, values=by_name, copies=copies)


def _add_caps(routes: APIRouter, studio: Studio) -> None:
    @routes.get("/caps", response_model=None)
    async def caps(person: Caller) -> list[CapView]:
        return await (studio.services.budget.every_cap(person) if person.admin else studio.services.budget.caps(person))

    @routes.post("/caps", response_model=None, dependencies=[OwnPage])
    async def put(request: Request, person: Caller) -> CapView:
        sent = await json_body(request, limit=_LONGEST_BODY, what="a cap")
        whose = sent.get("person")
        if whose is not None and not isinstance(whose, str):
            raise StudioError("`person` is a name, or null for each person.")
        return await studio.services.budget.set_cap(
            person,
            scope=str(sent.get("scope")),
            whose=whose,
            period=str(sent.get("period")),
            amount=_amount_in(sent),
            currency=str(sent.get("currency")),
        )

    @routes.post("/caps/{cap_id}/drop", dependencies=[OwnPage])
    async def drop(cap_id: str, person: Caller) -> dict[str, str]:
        await studio.services.budget.drop_cap(person, cap_id)
        return {"dropped": cap_id}


def _amount_in(sent: dict[str, Any]) -> str:  # Any: JSON from outside
    """Return the amount as text: JSON numbers are floats, which are not exact."""
    amount = sent.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int | float | str):
        raise StudioError("A cap has an `amount`, for example 20 or 0.5.")
    return amount if isinstance(amount, str) else f"{amount:.6f}"
