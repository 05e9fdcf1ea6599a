"""The 24-hour guard: have everything that is not on our disk tried again at once."""

from __future__ import annotations

from fastapi import APIRouter

from services.routes.people import Check, OwnPage
from services.studio import Studio


def router(studio: Studio) -> APIRouter:
    """The routes of the guard. What is at risk stands in `/studio/summary`."""
    routes = APIRouter(prefix="/studio/guard")

    @routes.post("/retry", dependencies=[OwnPage])
    async def retry(person: Check) -> dict[str, int]:
        return {"tried": await studio.guard.retry(person, demo=studio.demo)}

    return routes
