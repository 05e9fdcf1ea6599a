"""A file dropped on the page: looked into for its recipe, or taken into the gallery. The body is the file as it is."""

from __future__ import annotations

from fastapi import APIRouter, Request

from services.recalling import RecipeView
from services.routes.people import Check, OwnPage
from services.routes.received import name_in, received
from services.studio import Studio
from services.views import JobView, job_view


def router(studio: Studio) -> APIRouter:
    """The routes of recipes and imports."""
    routes = APIRouter(prefix="/studio", dependencies=[OwnPage])

    @routes.post("/recipes", response_model=None)
    async def recipe(request: Request, person: Check) -> RecipeView:
        async with received(request, studio.importer.folder) as path:
            return await studio.recipes.read(path, person=person)

    @routes.post("/imports", response_model=None)
    async def take(request: Request, person: Check) -> JobView:
        async with received(request, studio.importer.folder) as path:
            found = await studio.importer.keep(path, name=name_in(request), person=person, made_at=_made_at(request))
        return job_view(found, studio.catalogue)

    return routes


def _made_at(request: Request) -> int | None:
    """When the file was last changed, as the browser tells: milliseconds since 1970 in X-File-Time."""
    told = request.headers.get("x-file-time", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 15 else None
