"""Reuse of results: frames, sounds and previews of clips, relatives of a job, recipes in files, and imports."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from starlette.requests import Request

from services.gallery.views import JobView, job_view
from services.studio import Cut, RecipeView, RelativesView, SlotView, Studio
from services.web.caller import Caller, OwnPage
from services.web.request_body import name_in, received

_FOREVER = "private, max-age=31536000, immutable"


def router(studio: Studio) -> APIRouter:
    """Build the routes below /studio. Add them before the file routes, which would match them as pictures of a file."""
    routes = APIRouter(prefix="/studio")

    @routes.get("/slots", response_model=None)
    async def slots() -> list[SlotView]:
        return studio.services.reuse.slots(studio.regions)

    @routes.get("/jobs/{job_id}/relatives", response_model=None)
    async def relatives(job_id: str, person: Caller) -> RelativesView:
        return await studio.services.reuse.relatives(job_id, person=person)

    @routes.get("/files/{asset_id}/frame")
    async def frame(
        asset_id: str, request: Request, person: Caller, at: str = "first", *, download: bool = False
    ) -> Response:
        return _answer(request, await studio.services.reuse.frame(asset_id, at, person=person), download=download)

    @routes.get("/files/{asset_id}/sound")
    async def sound(asset_id: str, request: Request, person: Caller, *, download: bool = False) -> Response:
        return _answer(request, await studio.services.reuse.sound(asset_id, person=person), download=download)

    @routes.get("/files/{asset_id}/preview")
    async def preview(asset_id: str, request: Request, person: Caller) -> Response:
        return _answer(request, await studio.services.reuse.preview(asset_id, person=person), download=False)

    @routes.post("/recipes", response_model=None, dependencies=[OwnPage])
    async def recipe(request: Request, person: Caller) -> RecipeView:
        async with received(request, studio.services.importer.new_file()) as path:
            return await studio.services.recipe_views.read(path, person=person)

    @routes.post("/imports", response_model=None, dependencies=[OwnPage])
    async def take(request: Request, person: Caller) -> JobView:
        async with received(request, studio.services.importer.new_file()) as path:
            found = await studio.services.importer.keep(
                path, name=name_in(request), person=person, made_at=_made_at(request)
            )
        return job_view(found, studio.catalogue)

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


def _made_at(request: Request) -> int | None:
    """Return when the file was last changed, in milliseconds since 1970, from the browser's header X-File-Time."""
    told = request.headers.get("x-file-time", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 15 else None
