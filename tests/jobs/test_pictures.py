"""Pictures and articles from tasks: every one on our disk in its order, what was not made is said and not billed."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from services.domain.articles import markdown
from services.gallery.views import JobView
from services.simulator import LOSS_WORDS, Simulator
from services.studio import Studio
from tests.rig.studio import simulated, studio_at, until


@pytest.fixture
async def vendor(tmp_path: Path) -> AsyncIterator[tuple[Simulator, str]]:
    async with simulated(tmp_path / "vendor", run_seconds=5.0) as running:
        yield running


@pytest.fixture
async def studio(home: Path, vendor: tuple[Simulator, str]) -> AsyncIterator[Studio]:
    async with studio_at(home, vendor[1]) as running:
        yield running


async def make(studio: Studio, model: str, **given: object) -> JobView:
    job = await studio.submit(family="generate_image", model=model, given=given)
    return await until(studio, job["id"])


def a_picture(path: Path, colour: str = "teal") -> str:
    Image.new("RGB", (640, 480), colour).save(path)
    return str(path)


@pytest.mark.parametrize("model", ["wan2.6-t2i", "wan2.2-t2i-flash"])
async def test_several_pictures_end_on_our_disk_in_their_order(studio: Studio, model: str) -> None:
    job = await make(studio, model, prompt="a fox", n=3)
    assert (job["status"], job["error"], job["remark"], job["article"]) == ("succeeded", None, None, None)
    assert [output["kind"] for output in job["outputs"]] == ["image"] * 3
    assert job["cost"]["actual"] == job["cost"]["estimated"]
    for number, output in enumerate(job["outputs"], start=1):
        asset, path = await studio.services.downloads.file(output["id"])
        assert (asset.position, asset.mime, asset.name.rpartition("-")[2]) == (number, "image/png", f"{number}.png")
        assert hashlib.sha256(path.read_bytes()).hexdigest() == asset.sha256
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            assert picture.size == (output["width"], output["height"])
        for smaller, side in (("poster", 1280), ("thumbnail", 400)):
            with Image.open((await studio.services.downloads.file(output["id"], smaller))[1]) as picture:
                assert max(picture.size) <= side
    assert not list(studio.services.archive.incoming.iterdir())


async def test_one_picture_that_failed_leaves_the_others_and_is_not_billed(studio: Studio) -> None:
    job = await make(studio, "wan2.2-t2i-flash", prompt=f"a fox, {LOSS_WORDS[0]}", n=4)
    assert job["status"] == "succeeded"
    assert len(job["outputs"]) == 3
    assert job["remark"] is not None
    assert job["remark"].startswith("1 of 4 pictures could not be made.")
    assert job["remark"].endswith("It is not billed.")
    assert job["cost"]["actual"] == pytest.approx(job["cost"]["estimated"] * 3 / 4)


async def test_fewer_pictures_than_asked_for_are_told_also_without_a_reason(studio: Studio) -> None:
    job = await make(studio, "wan2.6-t2i", prompt=f"a fox, {LOSS_WORDS[0]}", n=3)
    assert (len(job["outputs"]), job["remark"]) == (2, "1 of 3 pictures could not be made. It is not billed.")


async def test_a_broken_download_of_one_picture_fetches_that_one_again(
    studio: Studio, vendor: tuple[Simulator, str]
) -> None:
    vendor[0].faults.cut_downloads(times=2, at_byte=500)
    job = await make(studio, "wan2.6-t2i", prompt="a fox", n=2)
    assert (job["status"], len(job["outputs"])) == ("succeeded", 2)


async def test_an_article_from_a_task_keeps_words_and_pictures_in_their_order(studio: Studio) -> None:
    given = {"prompt": "How to fold a boat in two steps", "enable_interleave": True, "max_images": 2, "stream": False}
    job = await make(studio, "wan2.6-image", **given)
    assert job["status"] == "succeeded", job["error"]
    assert job["cost"]["at_most"]
    assert job["article"] is not None
    pictures = [output for output in job["outputs"] if output["kind"] == "image"]
    assert [item["output"] for item in job["article"] if "output" in item] == [each["id"] for each in pictures]
    assert any("text" in item for item in job["article"])
    text = job["outputs"][-1]
    assert (text["kind"], text["thumbnail_url"]) == ("article", None)
    asset, path = await studio.services.downloads.file(text["id"])
    assert asset.mime == "text/markdown"
    written = path.read_text(encoding="utf-8")
    names = {each["id"]: (await studio.services.downloads.file(each["id"]))[0].name for each in pictures}
    assert written == markdown(job["article"], names=names)
    assert all(f"]({name})" in written for name in names.values())


async def test_pictures_that_are_given_keep_their_order_on_the_wire_and_in_the_job(
    studio: Studio, vendor: tuple[Simulator, str], tmp_path: Path
) -> None:
    colours = ("red", "green", "blue", "red")
    paths = [a_picture(tmp_path / f"{number}-{colour} 图.png", colour) for number, colour in enumerate(colours)]
    job = await make(studio, "wan2.6-image", prompt="put image 1 beside image 3", images=paths, n=1)
    assert job["status"] == "succeeded", job["error"]
    assert [(given["field"], given["position"], given["name"]) for given in job["inputs"]] == [
        ("images", position, Path(path).name) for position, path in enumerate(paths)
    ]
    body = vendor[0].creates[0].body
    parts = body["input"]["messages"][0]["content"]  # type: ignore[index]  # JSON
    sent = [part["image"] for part in parts if "image" in part]
    assert len(sent) == 4
    assert sent[0] == sent[3], "the same file is sent once"
    assert len(set(sent)) == 3
    with Image.open((await studio.services.downloads.file(job["inputs"][2]["url"].rpartition("/")[2]))[1]) as third:
        assert third.getpixel((0, 0)) == (0, 0, 255)


async def test_lost_answers_of_picture_tasks_are_found_in_the_list(
    studio: Studio, vendor: tuple[Simulator, str]
) -> None:
    """Such a task never tells its words: two that look alike are told apart by their time."""
    vendor[0].faults.drop_creates(times=2, taken=True)
    jobs = [
        await studio.submit(family="generate_image", model="wan2.6-t2i", given={"prompt": f"fox {number}", "n": 1})
        for number in range(2)
    ]
    ended = [await until(studio, job["id"]) for job in jobs]
    assert [job["status"] for job in ended] == ["succeeded", "succeeded"]
    assert len(vendor[0].creates) == 2
    assert {job["task_id"] for job in ended} == {create.task_id for create in vendor[0].creates}
