"""Database and files: how they compare, adopting files again, and the files removed by the cleanup."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from services.domain.errors import StudioError
from services.studio import Studio
from services.web.caller import Caller, OwnPage
from services.web.request_body import json_body

_LONGEST_BODY = 1_024


def router(studio: Studio) -> APIRouter:
    """Build the routes /studio/archive and /studio/removed. All of them are for admins."""
    routes = APIRouter(prefix="/studio")

    @routes.get("/archive")
    async def archive(person: Caller) -> dict[str, Any]:
        return dict(await studio.services.archive_notice.view(person))

    @routes.post("/archive/adopt", dependencies=[OwnPage])
    async def adopt(person: Caller) -> dict[str, Any]:
        studio.services.archive_notice.adopt(person)
        return dict(await studio.services.archive_notice.view(person))

    @routes.post("/removed/restore", dependencies=[OwnPage])
    async def restore(request: Request, person: Caller) -> dict[str, Any]:
        back = await studio.services.cleanup.bring_back(person, await _day_in(request))
        adoption = await studio.services.archive_notice.bring_back(person, back.entries)
        return {"files": back.files, "works": adoption.jobs}

    @routes.post("/removed/empty", dependencies=[OwnPage])
    async def empty(request: Request, person: Caller) -> dict[str, int]:
        return {"bytes": await studio.services.cleanup.empty_removed(person, await _day_in(request))}

    return routes


async def _day_in(request: Request) -> str:
    day = (await json_body(request, limit=_LONGEST_BODY, what="a day")).get("day")
    if not isinstance(day, str):
        raise StudioError("`day` is a day as 2026-11-30.")
    return day
