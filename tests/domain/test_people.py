"""Everybody gets what is theirs, and what is another's does not exist for them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app import create_app
from services.domain.errors import NotFound
from services.domain.people import LOCAL, Person
from services.settings import Settings
from services.studio import person_in
from tests.rig.calling import call
from tests.rig.served import served
from tests.rig.studio import ENDED, settings_for, simulated

HEADER = "X-Forwarded-User"


def settings(**more: object) -> Settings:
    return settings_for(Path("unused"), "http://127.0.0.1:1", **more)


def test_without_a_sign_in_everybody_is_one_person() -> None:
    assert person_in({HEADER: "mei"}, settings()) == LOCAL
    assert LOCAL.sees("anybody")


def test_the_header_names_the_person_and_admins_see_everything() -> None:
    signed = settings(studio_person_header=HEADER, studio_admins=("omar",))
    mei, omar = person_in({HEADER: " mei "}, signed), person_in({HEADER: "omar"}, signed)
    assert mei == Person("mei")
    assert mei.sees("mei")
    assert not mei.sees("omar")
    assert omar.admin
    assert omar.sees("mei")


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b", "a\nb"])
def test_whoever_is_not_named_is_nobody(name: str) -> None:
    signed = settings(studio_person_header=HEADER)
    with pytest.raises(NotFound, match="does not know who you are"):
        person_in({HEADER: name}, signed)
    with pytest.raises(NotFound):
        person_in({}, signed)


@asynccontextmanager
async def two_people(home: Path, vendor: Path) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient, str]]:
    async with simulated(vendor, run_seconds=20) as (_simulator, url):
        signed = settings_for(home, url, studio_poll_seconds=0.1, studio_person_header=HEADER, studio_admins=["omar"])
        async with (
            served(create_app(signed)) as origin,
            httpx.AsyncClient(base_url=origin, headers={HEADER: "mei"}, timeout=30) as mei,
            httpx.AsyncClient(base_url=origin, headers={HEADER: "ana"}, timeout=30) as ana,
        ):
            yield mei, ana, origin


async def ended(client: httpx.AsyncClient) -> dict[str, object]:
    async with client.stream("GET", "/studio/events") as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: {"):
                found = (await client.get("/studio/jobs")).json()["items"]
                if found and found[0]["status"] in ENDED:
                    return dict(found[0])
    raise AssertionError("the stream ended first")


async def test_a_job_and_its_files_are_only_to_be_had_by_whom_they_belong_to(home: Path, tmp_path: Path) -> None:
    async with two_people(home, tmp_path / "vendor") as (mei, ana, origin):
        await call(mei, "text_to_video", prompt="a fox", model="wan2.6-t2v", duration=2)
        job = await ended(mei)
        assert (job["person"], job["status"]) == ("mei", "succeeded")
        output = job["outputs"][0]  # type: ignore[index]  # JSON
        own = [f"/studio/jobs/{job['id']}", f"/studio/jobs/{job['id']}/files.zip", output["url"], output["poster_url"]]
        own += [output["thumbnail_url"], f"{output['url']}?clean=1&download=1"]
        assert [(await mei.get(url)).status_code for url in own] == [200] * len(own)
        assert [(await ana.get(url)).status_code for url in own] == [404] * len(own)
        page = {"X-Studio": "1"}
        assert (await ana.post(f"/studio/jobs/{job['id']}/cancel", headers=page)).status_code == 404
        assert (await ana.get("/studio/jobs")).json()["items"] == []
        assert (await ana.get("/studio/changes?since=0")).json()["items"] == []
        assert (await ana.get("/studio/summary")).json()["spent_today"] == []
        assert (await mei.get("/studio/summary")).json()["spent_today"]
        assert (await ana.post("/studio/keys/singapore/test", headers=page)).status_code == 409
        async with httpx.AsyncClient(base_url=origin, headers={HEADER: "omar"}, timeout=30) as omar:
            assert [(await omar.get(url)).status_code for url in own] == [200] * len(own)
            assert len((await omar.get("/studio/jobs?query=by:mei")).json()["items"]) == 1
            assert (await omar.get("/studio/jobs?query=by:ana")).json()["items"] == []
        async with httpx.AsyncClient(base_url=origin, timeout=30) as nobody:
            assert [(await nobody.get(url)).status_code for url in ["/studio/jobs", *own]] == [404] * (len(own) + 1)


async def test_a_file_has_a_strong_tag_and_ranges(home: Path, tmp_path: Path) -> None:
    async with two_people(home, tmp_path / "vendor") as (mei, _ana, _origin):
        await call(mei, "text_to_video", prompt="a fox", model="wan2.6-t2v", duration=2)
        url = (await ended(mei))["outputs"][0]["url"]  # type: ignore[index]  # JSON
        whole = await mei.get(url)
        tag = whole.headers["etag"]
        assert tag.startswith('"')
        assert whole.headers["accept-ranges"] == "bytes"
        assert (await mei.get(url, headers={"If-None-Match": tag})).status_code == 304
        part = await mei.get(url, headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, whole.content[4:8])
        assert (await mei.get(url, headers={"Range": "bytes=4-7", "If-Range": tag})).status_code == 206
        other = await mei.get(url, headers={"Range": "bytes=4-7", "If-Range": '"another"'})
        assert (other.status_code, other.content) == (200, whole.content)
        assert (await mei.get(url, headers={"Range": "bytes=99999999-"})).status_code == 416


async def test_changes_are_told_only_to_those_who_may_see_them(home: Path, tmp_path: Path) -> None:
    async with two_people(home, tmp_path / "vendor") as (mei, ana, _origin):
        heard: list[str] = []
        async with ana.stream("GET", "/studio/events") as stream:
            await call(mei, "text_to_video", prompt="a secret fox", model="wan2.6-t2v", duration=2)
            await ended(mei)
            await call(ana, "text_to_video", prompt="a kite", model="wan2.6-t2v", duration=2)
            async for line in stream.aiter_lines():
                if line.startswith("data: {") and len(line) > 20:
                    heard.append(json.loads(line[6:])["prompt"])
                    if len(heard) == 2:
                        break
        assert heard == ["a kite", "a kite"]
