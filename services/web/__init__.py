"""The HTTP routes besides the page: jobs as JSON, live changes, files with Range, health.

Plain HTTP, no page and no vendor. A call that changes something needs the header `X-Studio`, which another site cannot
send from a visitor's browser without a preflight request. Each module has the routes of one subject.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from services.domain.errors import InvalidRequest, NotFound, PriceChanged, StudioError
from services.studio import Studio
from services.web import admin, api_keys, archive, events, exports, files, gallery, jobs, money, reuse

_SUBJECTS = (reuse, jobs, events, admin, archive, api_keys, gallery, exports, money, files)


def add_routes(app: FastAPI, studio: Studio) -> None:
    """Add the studio's routes to the parent application."""
    app.state.studio = studio
    for subject in _SUBJECTS:
        app.include_router(subject.router(studio))
    app.add_exception_handler(StudioError, _refused)


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    status = 404 if isinstance(error, NotFound) else 422 if isinstance(error, InvalidRequest) else 409
    told: dict[str, object] = {"message": str(error)}
    if isinstance(error, PriceChanged):
        told["price"] = {"amount": error.amount, "currency": error.currency}
    return JSONResponse(told, status_code=status)
