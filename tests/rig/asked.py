"""A whole studio on a simulator, asked as a program asks: what its page and its endpoints answer, as JSON.

python -m tests.rig.asked HOME QUESTIONS_AS_JSON
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import httpx

from app import create_app
from services.simulator import Answer, Route
from tests.rig.calling import called
from tests.rig.given import SlowFilms
from tests.rig.served import served
from tests.rig.studio import ENDED, settings_for, simulated

_WORDS = re.compile(r'<script type="application/json" id="studio-words">(.*?)</script>', re.S)


class Questions(TypedDict):
    """What to ask."""

    calls: Sequence[tuple[str, Mapping[str, object]]]
    """Named endpoints with their values, one after the other."""
    refusal: tuple[str, str]
    """The code and the message with which the vendor refuses the first order."""


async def _answers(home: Path, questions: Questions) -> dict[str, Any]:  # Any: JSON
    async with simulated(home / "vendor", limits=False, artist=SlowFilms()) as (simulator, base_url):
        simulator.faults.add(Route.CREATE, Answer(400, *questions["refusal"]))
        settings = settings_for(home, base_url, studio_poll_seconds=0.2)
        async with (
            served(create_app(settings)) as origin,
            httpx.AsyncClient(base_url=origin, timeout=60, trust_env=False) as client,
        ):
            page = (await client.get("/config")).json()
            words = _WORDS.search((await client.get("/")).text)
            assert words
            return {
                "settings": settings.model_dump(mode="json"),
                "components": page["components"],
                "words": json.loads(words[1]),
                "endpoints": list((await client.get("/gradio_api/info")).json()["named_endpoints"]),
                "answers": [await _ended(client, endpoint, given) for endpoint, given in questions["calls"]],
            }


async def _ended(client: httpx.AsyncClient, endpoint: str, given: Mapping[str, object]) -> Any:  # Any: JSON
    """What an endpoint answers; a job at its end."""
    answer = await _answer(client, endpoint, given)
    while isinstance(answer, dict) and "status" in answer and answer["status"] not in ENDED:
        await asyncio.sleep(0.1)
        answer = await _answer(client, "get_job", {"job_id": answer["id"]})
    return answer


async def _answer(client: httpx.AsyncClient, endpoint: str, given: Mapping[str, object]) -> Any:  # Any: JSON
    told = json.loads((await called(client, endpoint, **given)).rpartition("data: ")[2])
    return told[0] if isinstance(told, list) else told


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_answers(Path(sys.argv[1]), json.loads(sys.argv[2])))))
