"""Calls of the studio's named endpoints over plain HTTP, by the names of their parameters."""

from __future__ import annotations

import httpx


async def call(client: httpx.AsyncClient, endpoint: str, **given: object) -> str:
    """Start a call and return its event id; what is not given takes the default that the endpoint tells."""
    told = (await client.get("/gradio_api/info")).json()["named_endpoints"][f"/{endpoint}"]["parameters"]
    names = [parameter["parameter_name"] for parameter in told]
    assert set(given) <= set(names), f"{endpoint} takes {names}"
    data = [given.get(p["parameter_name"], p.get("parameter_default")) for p in told]
    answer = await client.post(f"/gradio_api/call/{endpoint}", json={"data": data})
    return str(answer.json()["event_id"])
