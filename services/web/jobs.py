"""Jobs as JSON: list, cancel, decide, retry those at risk; and all files of one job as a ZIP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from services.domain.errors import StudioError
from services.domain.jobs import Decision, OnArrival
from services.gallery.views import JobView
from services.studio import Studio, agreed_in
from services.web.caller import Caller, OwnPage
from services.web.request_body import json_body

_LONGEST_BODY = 1_024
_LONGEST_DECISION = 256
_Word = TypeVar("_Word", bound=StrEnum)


def router(studio: Studio) -> APIRouter:
    """Build the routes below /studio/jobs, and /studio/guard/retry."""
    routes = APIRouter(prefix="/studio")

    @routes.get("/jobs", response_model=None)
    async def jobs(  # noqa: PLR0913 - one each of what can be asked for
        *,
        person: Caller,
        query: str | None = None,
        family: str | None = None,
        status: str | None = None,
        collection: str | None = None,
        cursor: str | None = None,
        limit: int = 60,
        newer: bool = False,
        deleted: bool = False,
    ) -> Response:
        page = await studio.jobs(
            query=query,
            family=family,
            status=status,
            collection=collection,
            cursor=cursor,
            limit=limit,
            newer=newer,
            deleted=deleted,
            person=person,
        )
        # Serialise it directly: FastAPI's validation of each value takes longer than the query.
        return Response(orjson.dumps(page), media_type="application/json")

    @routes.get("/jobs/{job_id}", response_model=None)
    async def job(job_id: str, person: Caller) -> JobView:
        return await studio.job(job_id, person=person)

    @routes.post("/jobs/{job_id}/cancel", response_model=None, dependencies=[OwnPage])
    async def cancel(job_id: str, person: Caller) -> JobView:
        return await studio.cancel(job_id, person=person)

    @routes.post("/jobs/{job_id}/priority", response_model=None, dependencies=[OwnPage])
    async def priority(job_id: str, request: Request, person: Caller) -> JobView:
        sent = await json_body(request, limit=_LONGEST_BODY, what="a priority")
        if sent.get("priority") not in (0, 1) or isinstance(sent["priority"], bool):
            raise StudioError("The priority is 1 to go first, or 0 to wait for its turn.")
        return await studio.prioritise(job_id, first=sent["priority"] == 1, person=person)

    @routes.post("/jobs/{job_id}/decide", response_model=None, dependencies=[OwnPage])
    async def decide(job_id: str, request: Request, person: Caller) -> JobView:
        sent = await _decision_in(request)
        decision = _word(sent, "decision", (Decision.SEND, Decision.DROP))
        agreed = agreed_in(sent["agreed"]) if "agreed" in sent else None
        return await studio.decide(job_id, decision, person=person, agreed=agreed)

    @routes.post("/jobs/{job_id}/arrival", response_model=None, dependencies=[OwnPage])
    async def arrival(job_id: str, request: Request, person: Caller) -> JobView:
        on_arrival = _word(await _decision_in(request), "on_arrival", tuple(OnArrival))
        return await studio.arrive(job_id, on_arrival, person=person)

    @routes.post("/guard/retry", dependencies=[OwnPage])
    async def retry(person: Caller) -> dict[str, int]:
        return {"tried": await studio.services.expiry_alarm.retry(person, demo=studio.demo)}

    @routes.get("/jobs/{job_id}/files.zip")
    async def files(job_id: str, person: Caller) -> StreamingResponse:
        return _zip(*await studio.services.downloads.made(job_id, person=person))

    @routes.get("/jobs/{job_id}/article.zip")
    async def article(job_id: str, person: Caller) -> StreamingResponse:
        return _zip(*await studio.services.downloads.article(job_id, person=person))

    return routes


def _zip(name: str, pieces: Iterator[bytes]) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


async def _decision_in(request: Request) -> dict[str, Any]:  # Any: JSON from outside
    return await json_body(request, limit=_LONGEST_DECISION, what="a decision")


def _word(sent: Mapping[str, object], name: str, words: tuple[_Word, ...]) -> _Word:
    """Return a member of a body that must be one of some words. Raises StudioError."""
    known = next((word for word in words if word == sent.get(name)), None)
    if known is None:
        raise StudioError(f"`{name}` is {' or '.join(f'`{word}`' for word in words)}.")
    return known
