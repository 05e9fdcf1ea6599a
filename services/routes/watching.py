"""Health, what the header shows, and changes as they happen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from services.domain.people import Person
from services.routes.people import Check
from services.studio import LOOK_AGAIN, Studio

_IDLE = b": still here\n\n"


def router(studio: Studio) -> APIRouter:
    """The routes that tell what is going on."""
    routes = APIRouter()

    @routes.get("/healthz")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "demo": studio.demo, "regions": list(studio.regions)}

    @routes.get("/studio/summary")
    async def summary(person: Check) -> dict[str, Any]:
        return await studio.summary(person=person)

    @routes.get("/studio/changes")
    async def changes(person: Check, since: int | None = None) -> dict[str, Any]:
        return await studio.changes(since, person=person)

    @routes.get("/studio/events")
    async def events(person: Check) -> StreamingResponse:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_stream(studio, person), media_type="text/event-stream", headers=headers)

    return routes


async def _stream(studio: Studio, person: Person) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n" + LOOK_AGAIN  # whoever (re)connects asks for the jobs once: nothing is missed between
    async for message in studio.events.watch(idle=_IDLE, person=person):
        yield message
