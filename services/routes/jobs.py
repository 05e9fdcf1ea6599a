"""Jobs as JSON, and all the files of one as a ZIP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from services.domain.errors import StudioError
from services.routes.bodies import json_body
from services.routes.people import Check, OwnPage
from services.storage.zip_stream import zipped
from services.studio import Studio
from services.views import JobView

_LONGEST_BODY = 1_024


def router(studio: Studio) -> APIRouter:
    """The routes below /studio/jobs."""
    routes = APIRouter(prefix="/studio/jobs")

    @routes.get("", response_model=None)
    async def jobs(  # noqa: PLR0913 - one each of what can be asked for
        *,
        person: Check,
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
        # As it is: FastAPI's own look at each value takes longer than finding them.
        return Response(orjson.dumps(page), media_type="application/json")

    @routes.get("/{job_id}", response_model=None)
    async def job(job_id: str, person: Check) -> JobView:
        return await studio.job(job_id, person=person)

    @routes.post("/{job_id}/cancel", response_model=None, dependencies=[OwnPage])
    async def cancel(job_id: str, person: Check) -> JobView:
        return await studio.cancel(job_id, person=person)

    @routes.post("/{job_id}/priority", response_model=None, dependencies=[OwnPage])
    async def priority(job_id: str, request: Request, person: Check) -> JobView:
        sent = await json_body(request, limit=_LONGEST_BODY, what="a priority")
        if sent.get("priority") not in (0, 1) or isinstance(sent["priority"], bool):
            raise StudioError("The priority is 1 to go first, or 0 to wait for its turn.")
        return await studio.prioritise(job_id, first=sent["priority"] == 1, person=person)

    @routes.get("/{job_id}/files.zip")
    async def files(job_id: str, person: Check) -> StreamingResponse:
        return _zip(*await studio.downloads.made(job_id, person=person))

    @routes.get("/{job_id}/article.zip")
    async def article(job_id: str, person: Check) -> StreamingResponse:
        return _zip(*await studio.downloads.article(job_id, person=person))

    return routes


def _zip(name: str, files: Sequence[tuple[str, Path]]) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
    return StreamingResponse(zipped(files), media_type="application/zip", headers=headers)
