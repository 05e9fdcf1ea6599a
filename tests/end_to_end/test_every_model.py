"""Every model through `gradio_client`, as another program would: click to file, and errors one can act on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from app import create_app
from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import ImageField, Model, RateLimit
from services.simulator import Simulator
from tests.rig.served import served
from tests.rig.studio import ENDED, settings_for, simulated

NO_WAITING = RateLimit(submits_per_second=50, running=50)


class Caller:
    """A program that uses the studio's API."""

    def __init__(self, url: str, simulator: Simulator) -> None:
        self.url = url
        self.simulator = simulator
        self._client: Client | None = None

    async def call(self, name: str, **values: Any) -> Any:
        """One call of a named endpoint."""
        if self._client is None:
            self._client = await asyncio.to_thread(partial(Client, self.url, verbose=False))
        return await asyncio.to_thread(partial(self._client.predict, **values, api_name=name))

    async def ended(self, job_id: str) -> dict[str, Any]:
        """The job at its end."""
        deadline = time.monotonic() + 60
        while (job := await self.call("/get_job", job_id=job_id))["status"] not in ENDED:
            assert time.monotonic() < deadline, job
            await asyncio.sleep(0.2)
        return job


@asynccontextmanager
async def a_caller(
    home: Path, folder: Path, catalogue: Catalogue, *, region: str = "singapore"
) -> AsyncIterator[Caller]:
    async with simulated(folder / "vendor", catalogue=catalogue) as (simulator, url):
        here = url.replace("/singapore/", f"/{region}/")
        settings = settings_for(home, here, studio_poll_seconds=0.2, dashscope_region=region)
        async with served(create_app(settings, catalogue=catalogue)) as origin:
            yield Caller(origin, simulator)


@pytest.fixture
async def caller(home: Path, tmp_path: Path) -> AsyncIterator[Caller]:
    async with a_caller(home, tmp_path, unhurried(CATALOGUE)) as ready:
        yield ready


def unhurried(catalogue: Catalogue) -> Catalogue:
    """The catalogue without waiting for lanes, so that all models can be tried at once."""
    models = tuple(
        replace(model, offers=tuple(replace(offer, rate=NO_WAITING) for offer in model.offers))
        for model in catalogue.models
    )
    return replace(catalogue, models=models)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.effect_noise((750, 1000), 50).convert("RGB").save(path)
    return path


@pytest.mark.parametrize("region", ["singapore", "beijing"])
async def test_every_model_makes_a_clip(home: Path, tmp_path: Path, picture: Path, region: str) -> None:
    offered = [model for model in CATALOGUE.models if model.offer(region)]
    async with a_caller(home, tmp_path, unhurried(CATALOGUE), region=region) as caller:
        assert {model["id"] for model in await caller.call("/list_models")} == {model.id for model in CATALOGUE.models}
        ordered: dict[str, dict[str, Any]] = {}
        for model in offered:
            values: dict[str, Any] = {"model": model.id, "prompt": f"a clip of {model.id}"}
            values |= {f.name: handle_file(picture) for f in model.fields if isinstance(f, ImageField)}
            estimated = (await caller.call("/estimate", model=model.id))["estimated"]
            job = await caller.call(f"/{model.family}", **values)
            assert job["cost"]["estimated"] == estimated > 0
            ordered[model.id] = job
        for model_id, job in ordered.items():
            ended = await caller.ended(job["id"])
            assert ended["status"] == "succeeded", (model_id, ended["error"])
            assert ended["cost"]["actual"] == ended["cost"]["estimated"], model_id
            await _plays(caller, ended)
        sent = [create.model for create in caller.simulator.creates]
        assert sorted(sent) == sorted(offer.id for model in offered if (offer := model.offer(region)))


async def _plays(caller: Caller, job: dict[str, Any]) -> None:
    (output,) = job["outputs"]
    async with httpx.AsyncClient(base_url=caller.url) as client:
        reply = await client.get(output["url"])
        part = await client.get(output["url"], headers={"Range": "bytes=4-7"})
        thumbnail = await client.get(output["thumbnail_url"])
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert len(reply.content) == output["bytes"]
    with av.open(file=__import__("io").BytesIO(reply.content)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (output["width"], output["height"])
        assert stream.codec_context.name == "h264"


async def test_an_invented_model_needs_one_record(home: Path, tmp_path: Path) -> None:
    known = CATALOGUE.model("wan2.2-t2v-plus")
    assert known is not None
    invented: Model = replace(
        known,
        id="invented-t2v",
        title="Invented",
        offers=tuple(replace(offer, id="invented-t2v", rate=NO_WAITING) for offer in known.offers),
    )
    async with a_caller(home, tmp_path, CATALOGUE.with_models(invented)) as caller:
        job = await caller.call("/text_to_video", prompt="something new", model="invented-t2v", size="480*832")
        ended = await caller.ended(job["id"])
        assert ended["status"] == "succeeded", ended["error"]
        assert (ended["outputs"][0]["width"], ended["outputs"][0]["height"]) == (480, 832)
        assert caller.simulator.creates[0].model == "invented-t2v"
        async with httpx.AsyncClient(base_url=caller.url, timeout=30) as client:
            page = (await client.get("/")).text
        assert "Invented" in page
        with pytest.raises(AppError, match="always 5 s"):
            await caller.call("/text_to_video", prompt="x", model="invented-t2v", duration=9)


async def test_problems_are_told_by_field_with_their_repair(caller: Caller, tmp_path: Path) -> None:
    tiny = tmp_path / "tiny.png"
    Image.new("RGBA", (100, 90)).save(tiny)
    with pytest.raises(AppError) as refused:
        await caller.call("/image_to_video", image=handle_file(tiny), prompt="x" * 1600)
    told = str(refused.value)
    assert "image:" in told
    assert "100 × 90" in told
    assert "prompt: Prompt has 1,600 characters" in told
    for values, words in [
        ({"prompt": " "}, "Write a prompt"),
        ({"prompt": "x", "model": "wan9"}, "no model 'wan9'"),
        ({"prompt": "x", "region": "mars"}, "mars"),
        ({"prompt": "x", "region": "virginia", "model": "wan2.1-t2v-plus"}, "not offered in Virginia"),
        ({"prompt": "x", "seed": -1}, "Seed is -1"),
    ]:
        with pytest.raises(AppError, match=words):
            await caller.call("/text_to_video", **values)
    assert caller.simulator.creates == []


async def test_jobs_are_listed_found_and_canceled(caller: Caller) -> None:
    first = await caller.call("/text_to_video", prompt="a red fox", duration=2)
    second = await caller.call("/text_to_video", prompt="a blue boat", duration=2)
    for job in (first, second):
        await caller.ended(job["id"])
    page = await caller.call("/list_jobs", limit=1)
    assert [job["prompt"] for job in page["items"]] == ["a blue boat"]
    rest = await caller.call("/list_jobs", cursor=page["next_cursor"])
    assert [job["prompt"] for job in rest["items"]] == ["a red fox"]
    assert [job["id"] for job in (await caller.call("/list_jobs", query="fox"))["items"]] == [first["id"]]
    assert (await caller.call("/cancel_job", job_id=first["id"]))["status"] == "succeeded"
    with pytest.raises(AppError, match="no such job"):
        await caller.call("/get_job", job_id="nobody")


async def test_the_tools_for_mcp_are_the_endpoints(caller: Caller) -> None:
    async with httpx.AsyncClient(base_url=caller.url, timeout=30) as client:
        tools = (await client.get("/gradio_api/mcp/schema")).json()
    names = {str(tool["name"]) for tool in tools}
    wanted = {family.id for family in CATALOGUE.families}
    wanted |= {"get_job", "cancel_job", "list_jobs", "list_models", "estimate"}
    assert {name for name in wanted if any(found.endswith(name) for found in names)} == wanted
    assert len(names) == len(wanted), "a private listener of the page has become a tool"
