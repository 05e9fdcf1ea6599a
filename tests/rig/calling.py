"""Calls of the studio's named endpoints over plain HTTP, by the names of their parameters."""

from __future__ import annotations

import httpx

_known: dict[str, dict[str, object]] = {}


async def call(client: httpx.AsyncClient, endpoint: str, **given: object) -> str:
    """Start a call and return its event id; what is not given takes the default that the endpoint tells."""
    defaults = _known.get(endpoint)
    if defaults is None:
        told = (await client.get("/gradio_api/info")).json()["named_endpoints"][f"/{endpoint}"]["parameters"]
        defaults = _known[endpoint] = {p["parameter_name"]: p.get("parameter_default") for p in told}
    assert set(given) <= set(defaults), f"{endpoint} takes {list(defaults)}"
    answer = await client.post(f"/gradio_api/call/{endpoint}", json={"data": list((defaults | given).values())})
    return str(answer.json()["event_id"])


async def called(client: httpx.AsyncClient, endpoint: str, **given: object) -> str:
    """Call and wait for all that the endpoint answers, as the text of its event stream."""
    event_id = await call(client, endpoint, **given)
    return (await client.get(f"/gradio_api/call/{endpoint}/{event_id}")).text
