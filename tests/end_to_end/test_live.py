"""What a page hears: every change at once on one stream, the same by asking, and nothing of other modes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import create_app
from tests.rig.calling import called
from tests.rig.served import served
from tests.rig.studio import ENDED, settings_for, simulated


@pytest.fixture
async def client(home: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with simulated(tmp_path / "vendor", run_seconds=60) as (_simulator, url):
        settings = settings_for(home, url, studio_poll_seconds=0.1)
        async with served(create_app(settings)) as origin, httpx.AsyncClient(base_url=origin, timeout=30) as http:
            yield http


async def order(client: httpx.AsyncClient, prompt: str) -> None:
    await called(client, "text_to_video", prompt=prompt, model="wan2.6-t2v", duration=2)


async def listen(client: httpx.AsyncClient, ready: asyncio.Event) -> list[dict[str, Any]]:
    """The changes on one stream, until a job has ended."""
    heard: list[dict[str, Any]] = []
    async with client.stream("GET", "/studio/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        event = ""
        async for line in stream.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
                ready.set()
            elif line.startswith("data: ") and event == "job":
                heard.append(json.loads(line.removeprefix("data: ")))
                if heard[-1]["status"] in ENDED:
                    break
    return heard


async def test_every_watcher_hears_every_state_of_a_job(client: httpx.AsyncClient) -> None:
    ready = [asyncio.Event() for _ in range(3)]
    watchers = [asyncio.create_task(listen(client, event)) for event in ready]
    await asyncio.gather(*(event.wait() for event in ready))
    await order(client, "a boat")
    told = await asyncio.wait_for(asyncio.gather(*watchers), 30)
    for heard in told:
        states = list(dict.fromkeys(job["status"] for job in heard))
        assert states == [
            s for s in ("queued", "submitting", "pending", "running", "saving", "succeeded") if s in states
        ]
        assert {"queued", "pending", "succeeded"} <= set(states)
        assert heard[-1]["outputs"], "the end and its files are told together"
        assert [job["sequence"] for job in heard] == sorted({job["sequence"] for job in heard})


async def test_asking_for_changes_tells_the_same(client: httpx.AsyncClient) -> None:
    since = (await client.get("/studio/changes")).json()["sequence"]
    await order(client, "a fox")
    states: list[str] = []
    while not states or states[-1] not in ENDED:
        told = (await client.get(f"/studio/changes?since={since}")).json()
        since = told["sequence"]
        states += [job["status"] for job in told["items"]]
        await asyncio.sleep(0.05)
    assert states[-1] == "succeeded"
    assert (await client.get(f"/studio/changes?since={since}")).json() == {"items": [], "sequence": since}


async def test_the_header_tells_what_is_going_on(client: httpx.AsyncClient) -> None:
    summary = (await client.get("/studio/summary")).json()
    assert summary == {
        "demo": False,
        "region": "singapore",
        "region_label": "Singapore",
        "key_hint": "cdef",
        "active": 0,
        "spent_today": [],
        "at_risk": None,
        "caps": [],
        "archive": None,
    }
    await order(client, "a kite")
    while (await client.get("/studio/summary")).json()["active"]:
        await asyncio.sleep(0.1)
    assert (await client.get("/studio/summary")).json()["spent_today"] == [{"amount": 0.2, "currency": "USD"}]
