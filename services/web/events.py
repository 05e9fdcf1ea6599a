"""Health, the summary in the page's header, and live changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from services.domain.people import Person
from services.studio import Change, Signal, Studio
from services.web.caller import Caller

_LOOK_AGAIN = b"event: refresh\ndata: {}\n\n"
"""Makes a page reload the jobs, because it has missed changes."""
_IDLE = b": still here\n\n"


def router(studio: Studio) -> APIRouter:
    """Build the routes for health, the summary and changes."""
    routes = APIRouter()

    @routes.get("/healthz")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "demo": studio.demo, "regions": list(studio.regions)}

    @routes.get("/studio/summary")
    async def summary(person: Caller) -> dict[str, Any]:
        return await studio.summary(person=person)

    @routes.get("/studio/changes")
    async def changes(person: Caller, since: int | None = None) -> dict[str, Any]:
        return await studio.changes(since, person=person)

    @routes.get("/studio/events")
    async def events(person: Caller) -> StreamingResponse:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_stream(studio, person), media_type="text/event-stream", headers=headers)

    return routes


async def _stream(studio: Studio, person: Person) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n" + _LOOK_AGAIN  # a page that (re)connects loads the jobs once, so it misses nothing
    async for event in studio.events.watch(person=person):
        yield _framed(event)


def _framed(event: Change | Signal) -> bytes:
    """Format an event as a server-sent event."""
    if isinstance(event, Change):
        return b"id: %d\nevent: job\ndata: %b\n\n" % (event.sequence, event.job)
    return _LOOK_AGAIN if event is Signal.LOOK_AGAIN else _IDLE
