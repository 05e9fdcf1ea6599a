"""Frames, sounds and previews cut out of clips, the family of a job, and the places of the page that take a file."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from starlette.requests import Request

from services.reuse import Cut, RelativesView, SlotView
from services.routes.people import Check
from services.studio import Studio

_FOREVER = "private, max-age=31536000, immutable"


def router(studio: Studio) -> APIRouter:
    """The routes below /studio. They stand before those of the files, which would take them for pictures of a file."""
    routes = APIRouter(prefix="/studio")

    @routes.get("/slots", response_model=None)
    async def slots() -> list[SlotView]:
        return studio.reuse.slots(studio.regions)

    @routes.get("/jobs/{job_id}/relatives", response_model=None)
    async def relatives(job_id: str, person: Check) -> RelativesView:
        return await studio.reuse.relatives(job_id, person=person)

    @routes.get("/files/{asset_id}/frame")
    async def frame(
        asset_id: str, request: Request, person: Check, at: str = "first", *, download: bool = False
    ) -> Response:
        return _answer(request, await studio.reuse.frame(asset_id, at, person=person), download=download)

    @routes.get("/files/{asset_id}/sound")
    async def sound(asset_id: str, request: Request, person: Check, *, download: bool = False) -> Response:
        return _answer(request, await studio.reuse.sound(asset_id, person=person), download=download)

    @routes.get("/files/{asset_id}/preview")
    async def preview(asset_id: str, request: Request, person: Check) -> Response:
        return _answer(request, await studio.reuse.preview(asset_id, person=person), download=False)

    return routes


def _answer(request: Request, cut: Cut, *, download: bool) -> Response:
    tag = f'"{cut.tag}"'
    headers = {"Cache-Control": _FOREVER, "ETag": tag}
    known = (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(","))
    if tag in known:
        return Response(status_code=304, headers=headers)
    kind = "attachment" if download else "inline"
    return FileResponse(
        cut.path, media_type=cut.mime, filename=cut.name, content_disposition_type=kind, headers=headers
    )
