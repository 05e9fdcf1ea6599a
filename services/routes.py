"""What a browser asks for besides the page: jobs as JSON, changes as they happen, files with Range, health.

Plain HTTP, no page and no vendor. A call that changes something needs the header `X-Studio`, which another site cannot
send with a visitor's browser without asking first.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Header, Request
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles

from services.accounts import KeyTest
from services.articles import zipped
from services.errors import InvalidRequest, NotFound, StudioError
from services.studio import LOOK_AGAIN, Studio
from services.views import JobsView, JobView

_ASSETS = Path(__file__).parent.parent / "assets"
_IDLE = b": still here\n\n"
_LONGEST_KEY_BODY = 4096
_PICTURE_MIME = "image/jpeg"
_FOREVER = "private, max-age=31536000, immutable"


def add_routes(app: FastAPI, studio: Studio) -> None:
    """Put the studio's routes on the parent application."""
    app.include_router(_jobs(studio))
    app.include_router(_watching(studio))
    app.include_router(_keys(studio))
    app.include_router(_files(studio))
    app.mount("/studio/static", StaticFiles(directory=_ASSETS), name="static")
    app.add_exception_handler(StudioError, _refused)


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    status = 404 if isinstance(error, NotFound) else 422 if isinstance(error, InvalidRequest) else 409
    return JSONResponse({"message": str(error)}, status_code=status)


def _jobs(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/studio/jobs")

    @router.get("", response_model=None)
    async def jobs(
        query: str | None = None,
        family: str | None = None,
        status: str | None = None,
        cursor: str | None = None,
        limit: int = 60,
    ) -> JobsView:
        return await studio.jobs(query=query, family=family, status=status, cursor=cursor, limit=limit)

    @router.get("/{job_id}", response_model=None)
    async def job(job_id: str) -> JobView:
        return await studio.job(job_id)

    @router.post("/{job_id}/cancel", response_model=None)
    async def cancel(job_id: str, x_studio: Annotated[str | None, Header()] = None) -> JobView:
        _from_own_page(x_studio)
        return await studio.cancel(job_id)

    @router.get("/{job_id}/files.zip")
    async def files(job_id: str) -> StreamingResponse:
        return _zip(*await studio.made(job_id))

    @router.get("/{job_id}/article.zip")
    async def article(job_id: str) -> StreamingResponse:
        return _zip(*await studio.article(job_id))

    return router


def _zip(name: str, files: Sequence[tuple[str, Path]]) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": _FOREVER}
    return StreamingResponse(zipped(files), media_type="application/zip", headers=headers)


def _from_own_page(x_studio: str | None) -> None:
    if x_studio is None:
        raise StudioError("This can only be done from the studio's own page.")


def _keys(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/studio/keys")

    @router.get("")
    async def keys() -> dict[str, Any]:
        default = studio.settings.dashscope_region
        states = [{**asdict(state), "default": state.region == default} for state in studio.key_states()]
        return {"demo": studio.demo, "regions": states}

    @router.post("/{region}/test")
    async def test(region: str, x_studio: Annotated[str | None, Header()] = None) -> KeyTest:
        _from_own_page(x_studio)
        return await studio.test_key(region)

    @router.post("/{region}")
    async def add(region: str, request: Request, x_studio: Annotated[str | None, Header()] = None) -> KeyTest:
        _from_own_page(x_studio)
        key, workspace = await _key_in(request)
        return await studio.add_key(region, key, workspace)

    return router


async def _key_in(request: Request) -> tuple[str, str]:
    """The key and the workspace in a body. Read by hand: FastAPI's own complaint would repeat what was sent."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_KEY_BODY:
            raise StudioError("That is too long for a key.")
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        sent = None
    key, workspace = (sent.get("key"), sent.get("workspace") or "") if isinstance(sent, dict) else (None, "")
    if not isinstance(key, str) or not isinstance(workspace, str):
        raise StudioError("A key is sent as JSON with the member `key`, and `workspace` where one is needed.")
    return key, workspace


def _watching(studio: Studio) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "demo": studio.demo, "regions": list(studio.regions)}

    @router.get("/studio/summary")
    async def summary() -> dict[str, Any]:
        return await studio.summary()

    @router.get("/studio/changes")
    async def changes(since: int | None = None) -> dict[str, Any]:
        return await studio.changes(since)

    @router.get("/studio/events")
    async def events() -> StreamingResponse:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_stream(studio), media_type="text/event-stream", headers=headers)

    return router


async def _stream(studio: Studio) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n" + LOOK_AGAIN  # whoever (re)connects asks for the jobs once: nothing is missed between
    async for message in studio.events.watch(idle=_IDLE):
        yield message


def _files(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/studio/files")

    @router.get("/{asset_id}")
    async def file(asset_id: str, *, download: bool = False) -> FileResponse:
        asset, path = await studio.file(asset_id)
        return FileResponse(
            path,
            media_type=asset.mime,
            filename=asset.name,
            content_disposition_type="attachment" if download else "inline",
            headers={"Cache-Control": _FOREVER},
        )

    @router.get("/{asset_id}/{picture}")
    async def picture(asset_id: str, picture: Literal["poster", "thumbnail"]) -> FileResponse:
        _asset, path = await studio.file(asset_id, picture)
        return FileResponse(path, media_type=_PICTURE_MIME, headers={"Cache-Control": _FOREVER})

    return router
