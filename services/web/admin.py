"""The studio's state: for a load balancer, for Prometheus, and for an admin."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from services.domain.errors import NotFound
from services.studio import Studio
from services.web.caller import Caller


def router(studio: Studio) -> APIRouter:
    """Build the routes /readyz, /metrics and /studio/admin."""
    routes = APIRouter()
    fresh = {"Cache-Control": "no-store"}

    @routes.get("/readyz")
    async def ready() -> JSONResponse:
        health = await studio.services.admin.health()
        return JSONResponse(health.view(), status_code=200 if health.ready else 503, headers=fresh)

    @routes.get("/metrics")
    async def metrics() -> Response:
        if not studio.settings.studio_metrics:
            raise NotFound("The numbers for Prometheus are switched off here.")
        return Response(
            await studio.services.admin.metrics(), media_type=studio.services.admin.metrics_type, headers=fresh
        )

    @routes.get("/studio/admin")
    async def overview(person: Caller) -> JSONResponse:
        return JSONResponse(await studio.services.admin.overview(person), headers=fresh)

    return routes
