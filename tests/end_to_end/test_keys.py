"""Keys over HTTP, against the simulator: tried by reading, added at once, never repeated to anyone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.catalogue import CATALOGUE
from services.simulator import Simulator
from services.web import add_routes
from tests.rig.served import served
from tests.rig.studio import KEY, simulated, studio_at

OTHER = "sk-made-in-beijing-0123456789"
OWN = {"X-Studio": "1"}


@dataclass(frozen=True)
class Rig:
    client: httpx.AsyncClient
    simulator: Simulator


@pytest.fixture
async def rig(home: Path, tmp_path: Path) -> AsyncIterator[Rig]:
    """A studio with a key of Singapore, at a vendor that knows another one in Beijing."""
    keys = {KEY: {"singapore"}, OTHER: {"beijing"}}
    async with simulated(tmp_path / "vendor", keys=keys) as (simulator, url):
        shared = [region.id for region in CATALOGUE.regions if region.base_url]
        addresses = {region: url.replace("/singapore/", f"/{region}/") for region in shared}
        app = FastAPI()
        async with studio_at(home, url, dashscope_base_urls=addresses) as studio:
            add_routes(app, studio)
            async with served(app) as origin, httpx.AsyncClient(base_url=origin, timeout=20) as client:
                yield Rig(client, simulator)


async def state(rig: Rig, region: str) -> dict[str, object]:
    told = (await rig.client.get("/studio/keys")).json()
    assert told["demo"] is False
    return next(one for one in told["regions"] if one["region"] == region)


async def test_a_key_is_tried_without_buying_anything(rig: Rig) -> None:
    answer = await rig.client.post("/studio/keys/singapore/test", headers=OWN)
    assert answer.json() == {"works": True, "region": "singapore", "message": "The key works. It belongs to Singapore."}
    assert not rig.simulator.creates


async def test_an_added_key_opens_its_region_at_once_and_is_never_repeated(rig: Rig) -> None:
    assert (await state(rig, "beijing"))["found"] is False
    answer = await rig.client.post("/studio/keys/beijing", headers=OWN, json={"key": OTHER})
    assert answer.json()["works"] is True
    now = await state(rig, "beijing")
    assert (now["found"], now["added"], now["hint"], now["default"]) == (True, True, OTHER[-4:], False)
    assert "beijing" in (await rig.client.get("/healthz")).json()["regions"]
    everything = answer.text + (await rig.client.get("/studio/keys")).text
    assert OTHER not in everything
    assert KEY not in everything


async def test_a_key_that_its_region_refuses_is_not_kept(rig: Rig) -> None:
    answer = await rig.client.post("/studio/keys/beijing", headers=OWN, json={"key": KEY})
    assert answer.json()["works"] is False
    assert (await state(rig, "beijing"))["found"] is False


async def test_another_site_can_neither_try_nor_add_a_key(rig: Rig) -> None:
    for path in ("/studio/keys/beijing", "/studio/keys/singapore/test"):
        answer = await rig.client.post(path, json={"key": OTHER})
        assert answer.status_code == 409
        assert "only be done from the studio's own page" in answer.json()["message"]
    assert (await state(rig, "beijing"))["found"] is False


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 4000,
        b'"%s"' % OTHER.encode(),
        b'{"key": 7, "odd": "%s"}' % OTHER.encode(),
        b'{"key": "%s", "workspace": [1]}' % OTHER.encode(),
        b'{"key": "%s", "workspace": {"a": 1}}' % OTHER.encode(),
        b'{"key": "%s\\nX-Evil: 1"}' % OTHER.encode(),
        b'{"key": "%s", "workspace": "a.evil.example/"}' % OTHER.encode(),
        b'{"key": "%s"}' % (b"k" * 9000),
    ],
    ids=["nothing", "broken", "deep", "words", "number", "list", "object", "header", "host", "long"],
)
async def test_a_body_that_makes_no_sense_is_refused_in_words_and_not_repeated(rig: Rig, body: bytes) -> None:
    answer = await rig.client.post("/studio/keys/beijing", headers=OWN, content=body)
    assert answer.status_code == 409, answer.text
    assert answer.json()["message"].endswith(".")
    assert OTHER not in answer.text
    assert (await state(rig, "beijing"))["found"] is False


async def test_a_region_that_does_not_exist_has_no_key(rig: Rig) -> None:
    for path in ("/studio/keys/atlantis", "/studio/keys/atlantis/test"):
        answer = await rig.client.post(path, headers=OWN, json={"key": OTHER})
        assert answer.status_code == 409, answer.text
