"""The studio's files, for their owners only: with Range and a strong ETag, cached by the browser forever."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from starlette.requests import Request

from services.studio import Studio
from services.web.caller import Caller

_PICTURE_MIME = "image/jpeg"
_FOREVER = "private, max-age=31536000, immutable"


def router(studio: Studio) -> APIRouter:
    """Build the routes below /studio/files."""
    routes = APIRouter(prefix="/studio/files")

    @routes.get("/{asset_id}")
    async def file(
        asset_id: str, request: Request, person: Caller, *, download: bool = False, clean: bool = False
    ) -> Response:
        give = studio.services.downloads.clean if clean else studio.services.downloads.file
        asset, path = await give(asset_id, person=person)
        tag = f'"{asset.sha256[:32]}{"-clean" if clean else ""}"'
        if _has(request, tag):
            return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _FOREVER})
        return FileResponse(
            path,
            media_type=asset.mime,
            filename=asset.name,
            content_disposition_type="attachment" if download else "inline",
            headers={"Cache-Control": _FOREVER, "ETag": tag},
        )

    @routes.get("/{asset_id}/{picture}")
    async def picture(
        asset_id: str, picture: Literal["poster", "thumbnail"], request: Request, person: Caller
    ) -> Response:
        asset, path = await studio.services.downloads.file(asset_id, picture, person=person)
        tag = f'"{asset.sha256[:32]}-{picture}"'
        if _has(request, tag):
            return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _FOREVER})
        return FileResponse(path, media_type=_PICTURE_MIME, headers={"Cache-Control": _FOREVER, "ETag": tag})

    return routes


def _has(request: Request, tag: str) -> bool:
    """Return whether the browser already has these exact bytes. Starlette handles Range for all others."""
    known = request.headers.get("if-none-match", "")
    return known == "*" or tag in (part.strip().removeprefix("W/") for part in known.split(","))
