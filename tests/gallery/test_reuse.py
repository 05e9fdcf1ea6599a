"""Using again: slots, what is cut out of a clip, where a given file came from, and the family of a job."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from services.catalogue import CATALOGUE
from services.database.jobs import History
from services.domain.errors import NotFound
from services.domain.jobs import Asset, Job, JobStatus, Origin
from services.domain.people import LOCAL, Person
from services.gallery.reuse import Reuse
from services.gallery.views import JobView
from services.storage.archive import Archive
from services.web import add_routes
from tests.rig.clips import Clip, film
from tests.rig.given import SlowFilms
from tests.rig.studio import simulated, studio_at, until

ANNE, BEN = Person("anne"), Person("ben")


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[History]:
    async with History.open(f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}") as opened:
        yield opened


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive(tmp_path / "files")
    made.prepare()
    return made


@pytest.fixture
def reuse(history: History, archive: Archive, tmp_path: Path) -> Reuse:
    return Reuse(history=history, archive=archive, catalogue=CATALOGUE, cache=tmp_path / "cuts")


def job(name: str, *, person: str = "anne", source: str | None = None, at: int = 1000) -> Job:
    return Job(
        id=name,
        person=person,
        family="image_to_video",
        model="wan2.6-i2v",
        vendor_model="wan2.6-i2v",
        region="singapore",
        account="default",
        base_url="https://vendor.example",
        demo=False,
        status=JobStatus.SUCCEEDED,
        prompt=name,
        created_at=at,
        updated_at=at,
        estimated_micros=0,
        currency="USD",
        source_job=source,
    )


def asset(name: str, of: str, *, role: str = "output", parent: str | None = None, moment: str | None = None) -> Asset:
    return Asset(
        id=name,
        job_id=of,
        role=role,
        kind="video" if role == "output" else "image",
        name=f"{name}.mp4",
        key=f"results/{name}.mp4",
        mime="video/mp4",
        bytes=9,
        sha256=name.ljust(64, "0"),
        created_at=1000,
        parent_id=parent,
        moment=moment,
    )


async def chain(history: History, *names: str, person: str = "anne") -> None:
    """Jobs of which each was made of the last frame of the one before."""
    for at, name in enumerate(names):
        before = names[at - 1] if at else None
        given_file = asset(f"{name}-in", name, role="image", parent=f"{before}-out", moment="last")
        files = [asset(f"{name}-out", name), *([given_file] if before else [])]
        await history.add(job(name, person=person, at=1000 + at), files)


def ids(found: list[JobView]) -> list[str]:
    return [one["id"] for one in found]


# Slots ---------------------------------------------------------------------------------------------------------------


def test_every_place_that_takes_a_file_is_told_once_with_a_model_that_has_it(reuse: Reuse) -> None:
    slots = reuse.slots(("singapore",))
    assert len({(slot["family"], slot["field"]) for slot in slots}) == len(slots)
    assert {slot["family"] for slot in slots} >= {"image_to_video", "edit_video", "digital_human", "animate_person"}
    for slot in slots:
        model = CATALOGUE.model(slot["model"])
        assert model
        assert model.family == slot["family"]
        assert model.field(slot["field"], slot["region"])
        assert slot["label"]
        assert set(slot["kinds"]) <= {"image", "video", "audio"}
        assert slot["kinds"]
    assert any(slot["list"] for slot in slots)


def test_a_region_that_can_be_used_comes_before_one_that_cannot(reuse: Reuse) -> None:
    for region in ("beijing", "singapore"):
        first = next(slot for slot in reuse.slots((region,)) if slot["family"] == "image_to_video")
        assert first["region"] == region


# Families ------------------------------------------------------------------------------------------------------------


async def test_a_family_is_told_in_both_directions_the_nearest_first(history: History, reuse: Reuse) -> None:
    await chain(history, "a", "b", "c", "d")
    await history.add(job("e", source="c", at=2000))
    told = await reuse.relatives("c", person=ANNE)
    assert ids(told["ancestors"]) == ["b", "a"]
    assert sorted(ids(told["descendants"])) == ["d", "e"]
    assert {"from": "b", "to": "c", "asset": "b-out", "moment": "last"} in told["links"]
    assert {"from": "c", "to": "e", "asset": None, "moment": None} in told["links"]
    assert len(told["links"]) == 4


async def test_where_a_file_went_over_the_settings_are_no_second_line(history: History, reuse: Reuse) -> None:
    await history.add(job("a"), [asset("a-out", "a")])
    await history.add(job("b", source="a", at=1001), [asset("b-in", "b", role="image", parent="a-out")])
    links = (await reuse.relatives("b", person=ANNE))["links"]
    assert links == [{"from": "a", "to": "b", "asset": "a-out", "moment": None}]


async def test_nobody_sees_the_family_of_somebody_else(history: History, reuse: Reuse) -> None:
    await chain(history, "a", "b")
    await history.add(job("theirs", person="ben"), [asset("t-in", "theirs", role="image", parent="b-out")])
    assert ids((await reuse.relatives("b", person=ANNE))["descendants"]) == []
    with pytest.raises(NotFound):
        await reuse.relatives("b", person=BEN)
    assert ids((await reuse.relatives("b", person=Person("root", admin=True)))["ancestors"]) == ["a"]


async def test_a_circle_ends(history: History, reuse: Reuse) -> None:
    await history.add(job("a", source="b"), [asset("a-out", "a"), asset("a-in", "a", role="image", parent="b-out")])
    await history.add(job("b", source="a"), [asset("b-out", "b"), asset("b-in", "b", role="image", parent="a-out")])
    await history.add(job("self", source="self"), [asset("s-in", "self", role="image", parent="s-in")])
    told = await reuse.relatives("a", person=ANNE)
    assert ids(told["ancestors"]) == ["b"]
    assert ids(told["descendants"]) == []
    assert (await reuse.relatives("self", person=ANNE))["links"] == []


async def test_a_huge_family_is_told_as_far_as_its_nearest(history: History, archive: Archive, tmp_path: Path) -> None:
    reuse = Reuse(history=history, archive=archive, catalogue=CATALOGUE, cache=tmp_path, most_relatives=6)
    await history.add(job("a"))
    for number in range(9):
        await history.add(job(f"child{number}", source="a", at=2000 + number))
    told = await reuse.relatives("a", person=ANNE)
    assert len(told["descendants"]) == 6
    assert all({link["from"], link["to"]} <= {"a", *ids(told["descendants"])} for link in told["links"])


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=10))
async def test_relatives_are_what_can_be_reached(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("family")
    async with History.open(f"sqlite+aiosqlite:///{folder / 'studio.db'}") as history:
        reuse = Reuse(history=history, archive=Archive(folder), catalogue=CATALOGUE, cache=folder)
        for number in range(6):
            files = [asset(f"{number}-out", str(number))]
            for index, (older, younger) in enumerate(steps):
                if younger == number:
                    files.append(asset(f"{number}-in{index}", str(number), role="image", parent=f"{older}-out"))
            await history.add(job(str(number)), files)
        told = await reuse.relatives("0", person=ANNE)
    above = reached("0", [(str(younger), str(older)) for older, younger in steps])
    below = reached("0", [(str(older), str(younger)) for older, younger in steps])
    assert set(ids(told["ancestors"])) == above
    assert set(ids(told["descendants"])) == below - above


def reached(start: str, steps: list[tuple[str, str]]) -> set[str]:
    found, edge = {start}, [start]
    while edge:
        here = edge.pop()
        fresh = [end for begin, end in steps if begin == here and end not in found]
        found.update(fresh)
        edge += fresh
    return found - {start}


# Files ---------------------------------------------------------------------------------------------------------------


async def kept_clip(history: History, archive: Archive, *, person: str = "anne", sound: bool = True) -> Asset:
    """A clip that somebody made, in the archive."""
    (archive.incoming / "clip.part").write_bytes(film(Clip(seconds=1.0, sound=sound)))
    stored = await archive.keep_video(archive.incoming / "clip.part", job_id=f"made-{person}", number=1)
    kept = replace(
        asset(f"clip-{person}", f"made-{person}"), key=stored.key, sha256=stored.sha256, name="a quiet 港.mp4"
    )
    await history.add(job(f"made-{person}", person=person), [kept])
    return kept


async def test_a_frame_and_the_sound_are_cut_once_and_only_for_their_person(
    history: History, archive: Archive, reuse: Reuse
) -> None:
    clip = await kept_clip(history, archive)
    cuts = await asyncio.gather(*(reuse.frame(clip.id, "last", person=ANNE) for _ in range(5)))
    assert len({cut.path for cut in cuts}) == 1
    with Image.open(cuts[0].path) as picture:
        assert picture.size == (320, 240)
    assert cuts[0].name == "a quiet 港 last frame.png"
    before = cuts[0].path.stat().st_ino
    assert (await reuse.frame(clip.id, "last", person=ANNE)).path.stat().st_ino == before
    with wave.open(str((await reuse.sound(clip.id, person=ANNE)).path)) as sound:
        assert sound.getnframes() > 0
    previews = await asyncio.gather(*(reuse.preview(clip.id, person=ANNE) for _ in range(3)))
    assert len({cut.path for cut in previews}) == 1
    assert previews[0].path.stat().st_size < archive.path(clip.key).stat().st_size
    for asked in (
        reuse.frame(clip.id, "last", person=BEN),
        reuse.sound(clip.id, person=BEN),
        reuse.preview(clip.id, person=BEN),
    ):
        with pytest.raises(NotFound):
            await asked


@pytest.mark.parametrize("at", ["", "middle", "-1", "1e3", "nan", "inf", "١", ".5", "1.", "1.2.3", "999999", "1" * 40])
async def test_what_is_no_moment_is_refused(history: History, archive: Archive, reuse: Reuse, at: str) -> None:
    clip = await kept_clip(history, archive)
    with pytest.raises(NotFound):
        await reuse.frame(clip.id, at, person=ANNE)


async def test_a_copy_is_brought_under_its_own_name_and_leaves_the_archive_alone(
    history: History, archive: Archive, reuse: Reuse, tmp_path: Path
) -> None:
    clip = await kept_clip(history, archive)
    first = await reuse.bring(clip.id, None, tmp_path / "up", person=ANNE)
    second = await reuse.bring(clip.id, None, tmp_path / "up", person=ANNE)
    assert first.name == second.name == "a quiet 港.mp4"
    assert first != second
    first.write_bytes(b"changed")
    assert second.read_bytes() == archive.path(clip.key).read_bytes()
    assert (await reuse.bring(clip.id, "sound", tmp_path / "up", person=ANNE)).name == "a quiet 港 sound.wav"
    with pytest.raises(NotFound):
        await reuse.bring(clip.id, None, tmp_path / "up", person=BEN)


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\x.mp4", "a\0b\n.mp4", "港" * 200 + ".mp4", "", ". ."])
async def test_no_name_leads_out_of_the_folder(
    history: History, archive: Archive, reuse: Reuse, tmp_path: Path, name: str
) -> None:
    clip = await kept_clip(history, archive)
    hostile = replace(clip, id="hostile", job_id="hostile", name=name)
    await history.add(job("hostile"), [hostile])
    brought = await reuse.bring("hostile", None, tmp_path / "up", person=ANNE)
    assert brought.resolve().is_relative_to(tmp_path / "up")
    assert len(brought.name.encode()) <= 140


async def test_what_was_given_is_traced_to_what_it_was_cut_from(
    history: History, archive: Archive, reuse: Reuse, tmp_path: Path
) -> None:
    clip = await kept_clip(history, archive)
    for moment in ("last", "0.5", "sound"):
        brought = await reuse.bring(clip.id, moment, tmp_path / "up", person=ANNE)
        digest = (await archive.keep_input(brought, form="WAV" if moment == "sound" else "PNG")).sha256
        assert await reuse.origin(brought, digest, person=ANNE) == Origin(asset=clip.id, moment=moment)
        assert await reuse.origin(brought, digest, person=BEN) is None
    whole = archive.path(clip.key)
    assert await reuse.origin(whole, clip.sha256, person=ANNE) == Origin(asset=clip.id)
    assert await reuse.origin(whole, clip.sha256, person=BEN) is None


async def test_a_file_given_again_has_the_origin_it_had(history: History, reuse: Reuse, tmp_path: Path) -> None:
    await chain(history, "a", "b")
    (tmp_path / "again.jpg").write_bytes(b"no recipe")
    before = asset("b-in", "b").sha256
    assert await reuse.origin(tmp_path / "again.jpg", before, person=ANNE) == Origin(asset="a-out", moment="last")


# In the whole studio -------------------------------------------------------------------------------------------------


async def test_a_last_frame_used_again_makes_a_family(tmp_path: Path) -> None:
    async with (
        simulated(tmp_path / "vendor", artist=SlowFilms()) as (_, url),
        studio_at(tmp_path / "home", url) as studio,
    ):
        words = {"prompt": "A boat", "duration": 2}
        first = await until(
            studio, (await studio.submit(family="text_to_video", model="wan2.6-t2v", given=words))["id"]
        )
        clip = first["outputs"][0]["id"]
        frame = await studio.services.reuse.bring(clip, "last", tmp_path / "up", person=LOCAL)
        given_now = {"prompt": "It sails on", "image": str(frame), "duration": 2}
        model = "wan2.6-i2v"
        second = await studio.submit(family="image_to_video", model=model, given=given_now, source=first["id"])
        assert second["source_job"] == first["id"]
        assert (second["inputs"][0]["parent"], second["inputs"][0]["moment"]) == (clip, "last")
        assert second["inputs"][0]["parent_job"] == first["id"]
        await until(studio, second["id"])
        told = await studio.services.reuse.relatives(first["id"], person=LOCAL)
        assert ids(told["descendants"]) == [second["id"]]
        assert told["links"] == [{"from": first["id"], "to": second["id"], "asset": clip, "moment": "last"}]
        lost = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=words, source="no-such-job")
        assert lost["source_job"] is None
        await until(studio, lost["id"])


async def test_the_routes_answer_with_the_right_types_and_know_what_a_browser_has(tmp_path: Path) -> None:
    async with (
        simulated(tmp_path / "vendor", artist=SlowFilms()) as (_, url),
        studio_at(tmp_path / "home", url) as studio,
    ):
        words = {"prompt": "A boat", "duration": 2}
        asked = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=words)
        made = await until(studio, asked["id"])
        clip = made["outputs"][0]
        app = FastAPI()
        add_routes(app, studio)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://studio") as client:
            frame = await client.get(f"/studio/files/{clip['id']}/frame?at=last")
            assert frame.headers["content-type"] == "image/png"
            with Image.open(io.BytesIO(frame.content)) as picture:
                assert picture.size == (clip["width"], clip["height"])
            again = await client.get(
                f"/studio/files/{clip['id']}/frame?at=last", headers={"If-None-Match": frame.headers["etag"]}
            )
            assert (again.status_code, again.content) == (304, b"")
            other = await client.get(f"/studio/files/{clip['id']}/frame?at=1.50")
            assert other.headers["etag"] != frame.headers["etag"]
            sound = await client.get(f"/studio/files/{clip['id']}/sound", headers={"Range": "bytes=0-3"})
            assert (sound.status_code, sound.content) == (206, b"RIFF")
            preview = await client.get(f"/studio/files/{clip['id']}/preview", headers={"Range": "bytes=4-7"})
            assert (preview.status_code, preview.content) == (206, b"ftyp")
            assert preview.headers["content-type"] == "video/mp4"
            assert (await client.get("/studio/files/nothing/preview")).status_code == 404
            assert (await client.get("/studio/files/nothing/frame?at=last")).status_code == 404
            assert (await client.get(f"/studio/files/{clip['id']}/frame?at=x")).status_code == 404
            assert (await client.get(f"/studio/files/{clip['id']}/poster")).status_code == 200
            slots = (await client.get("/studio/slots")).json()
            assert slots == studio.services.reuse.slots(studio.regions)
            relatives = (await client.get(f"/studio/jobs/{made['id']}/relatives")).json()
            totals = relatives.pop("totals")
            assert relatives == {"ancestors": [], "descendants": [], "links": []}
            assert totals == [{"currency": "USD", "spent": made["cost"]["actual"], "open": 0}]
