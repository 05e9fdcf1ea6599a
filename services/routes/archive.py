"""Database and files: how they stand to each other, taking files in again, and what cleaning up took away."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from services.domain.errors import StudioError
from services.routes.bodies import json_body
from services.routes.people import Check, OwnPage
from services.studio import Studio

_LONGEST_BODY = 1_024


def router(studio: Studio) -> APIRouter:
    """The routes /studio/archive and /studio/removed. All of them are for admins."""
    routes = APIRouter(prefix="/studio")

    @routes.get("/archive")
    async def archive(person: Check) -> dict[str, Any]:
        return dict(await studio.keeper.view(person))

    @routes.post("/archive/adopt", dependencies=[OwnPage])
    async def adopt(person: Check) -> dict[str, Any]:
        studio.keeper.adopt(person)
        return dict(await studio.keeper.view(person))

    @routes.post("/removed/restore", dependencies=[OwnPage])
    async def restore(request: Request, person: Check) -> dict[str, Any]:
        back = await studio.janitor.bring_back(person, await _day_in(request))
        adoption = await studio.keeper.bring_back(person, back.entries)
        return {"files": back.files, "works": adoption.jobs}

    @routes.post("/removed/empty", dependencies=[OwnPage])
    async def empty(request: Request, person: Check) -> dict[str, int]:
        return {"bytes": await studio.janitor.empty_removed(person, await _day_in(request))}

    return routes


async def _day_in(request: Request) -> str:
    day = (await json_body(request, limit=_LONGEST_BODY, what="a day")).get("day")
    if not isinstance(day, str):
        raise StudioError("`day` is a day as 2026-11-30.")
    return day
