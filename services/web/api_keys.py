"""The keys of the regions: list them, test one, add one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request

from services.domain.errors import StudioError
from services.studio import KeyTest, Studio
from services.web.caller import Caller, OwnPage
from services.web.request_body import json_body

_LONGEST_BODY = 4096


def router(studio: Studio) -> APIRouter:
    """Build the routes below /studio/keys."""
    routes = APIRouter(prefix="/studio/keys")

    @routes.get("")
    async def keys(person: Caller) -> dict[str, Any]:
        default = studio.settings.dashscope_region
        states = [{**asdict(state), "default": state.region == default} for state in studio.key_states()]
        return {"demo": studio.demo, "admin": person.admin, "regions": states}

    @routes.post("/{region}/test", dependencies=[OwnPage])
    async def test(region: str, person: Caller) -> KeyTest:
        _admins_only(admin=person.admin)
        return await studio.test_key(region)

    @routes.post("/{region}", dependencies=[OwnPage])
    async def add(region: str, request: Request, person: Caller) -> KeyTest:
        _admins_only(admin=person.admin)
        key, workspace = await _key_in(request)
        return await studio.add_key(region, key, workspace)

    return routes


def _admins_only(*, admin: bool) -> None:
    if not admin:
        raise StudioError("Only an admin of this studio can do that.")


async def _key_in(request: Request) -> tuple[str, str]:
    sent = await json_body(request, limit=_LONGEST_BODY, what="a key")
    key, workspace = sent.get("key"), sent.get("workspace") or ""
    if not isinstance(key, str) or not isinstance(workspace, str):
        raise StudioError("A key is sent as JSON with the member `key`, and `workspace` where one is needed.")
    return key, workspace
