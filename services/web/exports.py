"""Exports of jobs: one ZIP, counted first and then downloaded, or a contact sheet in one HTML file."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.requests import Request

from services.domain.errors import StudioError
from services.studio import Studio, Wanted
from services.web.caller import Caller, OwnPage
from services.web.gallery import job_ids_in, texts_in
from services.web.request_body import json_body

_LONGEST_BODY = 128 * 1024
_LONGEST_SHEET = 16 * 1024


def router(studio: Studio) -> APIRouter:
    """Build the routes below /studio/exports, and /studio/sheets."""
    routes = APIRouter(prefix="/studio")

    @routes.post("/exports", dependencies=[OwnPage])
    async def prepare(request: Request, person: Caller) -> dict[str, Any]:
        sent = await json_body(request, limit=_LONGEST_BODY, what="an export")
        ready = await studio.services.exports.prepare(person, _wanted_in(sent))
        return {"url": f"/studio/exports/{ready.token}.zip", "files": ready.files, "bytes": ready.bytes}

    @routes.get("/exports/{token}.zip")
    async def fetch(token: str, person: Caller) -> StreamingResponse:
        pieces = studio.services.exports.stream(person, token)
        name = time.strftime("wan-studio-%Y-%m-%d.zip")
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)

    @routes.post("/sheets", dependencies=[OwnPage])
    async def contact_sheet(request: Request, person: Caller) -> StreamingResponse:
        sent = await json_body(request, limit=_LONGEST_SHEET, what="a contact sheet")
        jobs, title = texts_in(sent.get("jobs")), sent.get("title") or ""
        if jobs is None or not isinstance(title, str):
            raise StudioError("A contact sheet needs `jobs`, a list of job ids, and may have a `title`.")
        sheet = await studio.services.contact_sheets.make(jobs, title=title, person=person)
        headers = {"Content-Disposition": f'attachment; filename="{sheet.name}"', "Cache-Control": "no-store"}
        return StreamingResponse(sheet.pieces, media_type="text/html; charset=utf-8", headers=headers)

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
