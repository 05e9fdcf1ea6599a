"""Clips and lists of files, from what a person gave to what the vendor got; and what can be said of them before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import Model, VideoField
from services.domain.errors import FileRefused, InvalidRequest, NotFound
from services.media import read_image
from services.media.facts import ImageFacts, VideoFacts
from services.simulator import Simulator
from services.studio import Studio
from tests.rig.studio import ROOT, simulated, studio_at, until

CLIP = ROOT / "assets/samples/clip.mp4"
FAMILY, MODEL = "reference_to_video", "wan2.6-r2v-flash"


@pytest.fixture
async def vendor(tmp_path: Path) -> AsyncIterator[tuple[Simulator, str]]:
    async with simulated(tmp_path / "vendor", run_seconds=5.0) as running:
        yield running


@pytest.fixture
async def studio(home: Path, vendor: tuple[Simulator, str]) -> AsyncIterator[Studio]:
    async with studio_at(home, vendor[1]) as running:
        yield running


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "狐狸 🦊.png"
    Image.effect_noise((640, 480), 60).convert("RGB").save(path)
    return str(path)


def asking(*references: str, **more: object) -> dict[str, object]:
    return {"references": list(references), "prompt": "character1 meets character2", "duration": 5, **more}


async def test_the_verdict_tells_every_file_its_name_and_what_it_costs(studio: Studio, picture: str) -> None:
    verdict = await studio.check(family=FAMILY, model=MODEL, region=None, given=asking(str(CLIP), picture))
    assert verdict.ready, verdict.problems
    facts = verdict.facts["references"]
    assert isinstance(facts, tuple)
    assert [type(each) for each in facts] == [VideoFacts, ImageFacts]
    assert verdict.names["references"] == ("character1", "character2")
    assert (verdict.seconds, verdict.count) == (5, 0)
    assert verdict.cost is not None
    assert verdict.cost.units > 5, "the seconds of the clip are billed, too"


async def test_the_verdict_of_pictures_counts_them(studio: Studio) -> None:
    given = {"prompt": "a fox", "n": 3}
    verdict = await studio.check(family="generate_image", model="wan2.6-t2i", region=None, given=given)
    assert (verdict.count, verdict.seconds, verdict.output) == (3, 0, "1280 × 1280")


async def test_a_file_of_a_list_that_will_not_do_is_named_and_nothing_is_sent(
    studio: Studio, vendor: tuple[Simulator, str], picture: str, tmp_path: Path
) -> None:
    words = tmp_path / "words.mp4"
    words.write_text("not a clip")
    given = asking(picture, str(words), str(tmp_path / "gone.png"))
    verdict = await studio.check(family=FAMILY, model=MODEL, region=None, given=given)
    assert {problem.item for problem in verdict.problems if not problem.advice} == {1, 2}
    with pytest.raises(InvalidRequest):
        await studio.submit(family=FAMILY, model=MODEL, given=given)
    assert (await studio.jobs())["items"] == []
    assert vendor[0].creates == []


async def test_references_are_sent_in_their_order_and_the_originals_may_go(
    studio: Studio, vendor: tuple[Simulator, str], picture: str, tmp_path: Path
) -> None:
    own = tmp_path / "our clip.mp4"
    own.write_bytes(CLIP.read_bytes())
    job = await studio.submit(family=FAMILY, model=MODEL, given=asking(picture, str(own)))
    own.unlink()
    Path(picture).unlink()
    job = await until(studio, job["id"])
    assert (job["status"], job["error"]) == ("succeeded", None)
    urls = vendor[0].creates[0].body["input"]["reference_urls"]  # type: ignore[index]  # JSON
    assert [url.rpartition(".")[2] for url in urls] == ["png", "mp4"]
    assert [(given["kind"], given["position"], given["name"]) for given in job["inputs"]] == [
        ("image", 0, "狐狸 🦊.png"),
        ("video", 1, "our clip.mp4"),
    ]
    assert all(given["thumbnail_url"] for given in job["inputs"])
    assert job["cost"]["actual"] == pytest.approx(job["cost"]["estimated"], abs=0.02)


async def test_one_clip_is_sent_and_its_length_is_billed(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    model = CATALOGUE.model("wan2.7-videoedit")
    assert model is not None
    (name,) = [field.name for field in model.fields if isinstance(field, VideoField)]
    given = {name: str(CLIP), "prompt": "make it snow"}
    job = await studio.submit(family=model.family, model=model.id, given=given)
    job = await until(studio, job["id"])
    assert (job["status"], job["error"]) == ("succeeded", None)
    assert len(vendor[0].creates) == 1
    assert (job["cost"]["actual"] or 0) > 0


async def test_one_file_of_a_list_is_repaired_by_what_it_is(studio: Studio, tmp_path: Path) -> None:
    clear = tmp_path / "clear.png"
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(clear)
    repaired = await studio.repair(model=MODEL, region="singapore", field="references", path=str(clear), item=0)
    facts = read_image(Path(repaired))
    assert isinstance(facts, ImageFacts)
    assert not facts.alpha
    assert min(facts.width, facts.height) >= 240
    broken = tmp_path / "broken.mp4"
    broken.write_text("nothing")
    with pytest.raises(FileRefused, match=r"^No\. 3: "):
        await studio.repair(model=MODEL, region="singapore", field="references", path=str(broken), item=2)
    with pytest.raises(NotFound):
        await studio.repair(model=MODEL, region="singapore", field="prompt", path=str(clear))


def with_workspace_only(model_id: str) -> Catalogue:
    def strict(model: Model) -> Model:
        return replace(model, offers=tuple(replace(offer, workspace_only=True) for offer in model.offers))

    models = tuple(strict(model) if model.id == model_id else model for model in CATALOGUE.models)
    return replace(CATALOGUE, models=models)


async def test_a_model_of_a_workspace_is_not_sent_to_the_shared_address(home: Path, tmp_path: Path) -> None:
    catalogue = with_workspace_only("wan2.6-t2v")
    shared = next(region.base_url for region in CATALOGUE.regions if region.id == "singapore")
    given = {"prompt": "a fox", "duration": 2}
    async with studio_at(home, shared, catalogue=catalogue) as studio:
        verdict = await studio.check(family="text_to_video", model="wan2.6-t2v", region=None, given=given)
        assert not verdict.ready
        assert "workspace" in verdict.problems[0].message
        with pytest.raises(InvalidRequest, match="DASHSCOPE_BASE_URL"):
            await studio.submit(family="text_to_video", model="wan2.6-t2v", given=given)
    async with (
        simulated(tmp_path / "vendor", catalogue=catalogue) as (_simulator, url),
        studio_at(tmp_path / "other", url, catalogue=catalogue) as studio,
    ):
        assert (await studio.check(family="text_to_video", model="wan2.6-t2v", region=None, given=given)).ready
