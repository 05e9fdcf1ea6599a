"""kill -9 of the real studio at random moments: every job ends well, and none is bought twice."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.catalogue import CATALOGUE
from services.simulator import Simulator, serve
from tests.rig.calling import call
from tests.rig.studio import ENDED, KEY, StudioProcess, quick_artist

ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))
"""How often the whole studio is started and killed; each start takes its seconds."""
JOBS_A_ROUND = 2
LAST_JOBS_END_WITHIN_SECONDS = 150


class LateAnswers:
    """Creates are taken at once and answered a little later, so that kills fall between the two."""

    def __init__(self, app: ASGIApp, rng: random.Random) -> None:
        self._app = app
        self._rng = rng

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        late = scope["type"] == "http" and scope["path"].endswith("/video-synthesis")

        async def send_late(message: Message) -> None:
            if late and message["type"] == "http.response.start":
                await asyncio.sleep(self._rng.uniform(0, 0.8))
            await send(message)

        await self._app(scope, receive, send_late)


async def in_thread(call: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(call)


async def submit(client: httpx.AsyncClient, prompt: str) -> None:
    """Order a clip through the studio's own API; the answer is not waited for."""
    await call(client, "text_to_video", prompt=prompt, model="wan2.6-t2v", duration=2)


@pytest.mark.proof
@pytest.mark.timeout(240 + 20 * ROUNDS)
async def test_kills_lose_nothing_and_buy_nothing_twice(home: Path, tmp_path: Path, free_port: int) -> None:
    rng = random.Random(20_261_122)
    vendor_home = tmp_path / "vendor"
    vendor_home.mkdir()
    simulator = Simulator(CATALOGUE, home=vendor_home, speed=20, run_seconds=60, limits=True, artist=quick_artist())
    simulator.app = LateAnswers(simulator.app, rng)  # type: ignore[assignment]  # the same ASGI call
    async with serve(simulator) as origin:
        studio = StudioProcess(home, free_port, DASHSCOPE_API_KEY=KEY, DASHSCOPE_BASE_URL=f"{origin}/singapore/api/v1")
        try:
            for round_number in range(ROUNDS):
                await in_thread(studio.start)
                async with httpx.AsyncClient(base_url=studio.url, timeout=10) as client:
                    for number in range(JOBS_A_ROUND):
                        await submit(client, f"round {round_number} clip {number}")
                    await asyncio.sleep(rng.uniform(0, 2.5))
                await in_thread(studio.kill)
            await in_thread(studio.start)
            jobs = await _until_all_ended(lambda: in_thread(studio.jobs))
        finally:
            await in_thread(studio.stop)
    lost = [job for job in jobs if job["status"] != "succeeded"]
    bought = [create.body["input"]["prompt"] for create in simulator.creates]  # type: ignore[index]  # JSON
    assert not lost, lost
    assert len(jobs) > ROUNDS  # a job whose click came too late for the process was never accepted
    assert sorted(bought) == sorted(str(job["prompt"]) for job in jobs), "bought twice, or bought and not known"


async def _until_all_ended(read: Callable[[], Awaitable[list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LAST_JOBS_END_WITHIN_SECONDS
    while True:
        jobs = await read()
        if all(job["status"] in ENDED for job in jobs) or loop.time() > deadline:
            return jobs
        await asyncio.sleep(0.5)
