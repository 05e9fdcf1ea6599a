"""Works as one ZIP: counted first, then fetched as a download."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.requests import Request

from services.domain.errors import StudioError
from services.exports import Wanted
from services.routes.bodies import json_body
from services.routes.people import Check, OwnPage
from services.routes.shelf import job_ids_in
from services.studio import Studio

_LONGEST_BODY = 128 * 1024


def router(studio: Studio) -> APIRouter:
    """The routes below /studio/exports."""
    routes = APIRouter(prefix="/studio/exports")

    @routes.post("", dependencies=[OwnPage])
    async def prepare(request: Request, person: Check) -> dict[str, Any]:
        sent = await json_body(request, limit=_LONGEST_BODY, what="an export")
        ready = await studio.exports.prepare(person, _wanted_in(sent))
        return {"url": f"/studio/exports/{ready.token}.zip", "files": ready.files, "bytes": ready.bytes}

    @routes.get("/{token}.zip")
    async def fetch(token: str, person: Check) -> StreamingResponse:
        pieces = studio.exports.stream(person, token)
        name = time.strftime("wan-studio-%Y-%m-%d.zip")
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)

    return routes


def _wanted_in(sent: dict[str, Any]) -> Wanted:  # Any: JSON from outside
    query, collection = sent.get("query") or "", sent.get("collection") or None
    flags = [sent.get(name, False) for name in ("deleted", "clean")]
    if not isinstance(query, str) or not isinstance(collection, str | None):
        raise StudioError("`query` and `collection` are texts.")
    if not all(isinstance(flag, bool) for flag in flags):
        raise StudioError("`deleted` and `clean` are true or false.")
    jobs = job_ids_in(sent) if "jobs" in sent else ()
    if not jobs and "query" not in sent and not collection:
        raise StudioError("Say what to export: `jobs`, or a `query`, or a `collection`.")
    return Wanted(jobs=jobs, query=query, collection=collection, deleted=bool(flags[0]), clean=bool(flags[1]))
