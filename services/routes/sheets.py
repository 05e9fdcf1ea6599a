"""Contact sheets: jobs side by side in one HTML file, as a download."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.requests import Request

from services.domain.errors import StudioError
from services.routes.bodies import json_body
from services.routes.people import Check, OwnPage
from services.studio import Studio

_LONGEST_BODY = 16_384


def router(studio: Studio) -> APIRouter:
    """The route of contact sheets."""
    routes = APIRouter(prefix="/studio/sheets")

    @routes.post("", dependencies=[OwnPage])
    async def make(request: Request, person: Check) -> StreamingResponse:
        sent = await json_body(request, limit=_LONGEST_BODY, what="a contact sheet")
        jobs, title = sent.get("jobs"), sent.get("title") or ""
        if not isinstance(jobs, list) or not all(isinstance(one, str) for one in jobs) or not isinstance(title, str):
            raise StudioError("A contact sheet needs `jobs`, a list of job ids, and may have a `title`.")
        sheet = await studio.sheets.make(jobs, title=title, person=person)
        headers = {"Content-Disposition": f'attachment; filename="{sheet.name}"', "Cache-Control": "no-store"}
        return StreamingResponse(sheet.pieces, media_type="text/html; charset=utf-8", headers=headers)

    return routes
