"""Files that exist already come into the gallery once each, with what they say of themselves; on both databases."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image, PngImagePlugin

from services.catalogue import CATALOGUE
from services.catalogue.schema import ImageField
from services.database.jobs import History
from services.domain.errors import FileRefused
from services.domain.jobs import JobStatus, JobWithAssets
from services.domain.people import LOCAL, Person
from services.domain.search_query import Find
from services.gallery.import_command import main, take_folder
from services.gallery.importing import Importer, Outcome
from services.gallery.search_syntax import parse_query
from services.gallery.views import job_view
from services.media.metadata import Recipe, RecipeInput, embed, read_recipe, strip
from services.request import fields_for
from services.storage.archive import Archive
from services.storage.inputs import repair_given
from services.web import add_routes
from tests.rig.clips import Clip, film
from tests.rig.hostile import coded, mp3, wav
from tests.rig.postgres import emptied
from tests.rig.studio import KEY, simulated, studio_at, until
from tests.rig.works import a_job, an_input, an_output

NOW = 1_795_000_000_000
RECIPE = Recipe(
    asset="0192elsewhere",
    job="0192job",
    family="text_to_video",
    model="a-model-of-next-year",
    region="singapore",
    prompt="a cat on a mat",
    parameters={"seed": 7},
    created_at=NOW - 5_000,
)
ANN = Person("ann")


@dataclass
class Desk:
    """An importer with its database, and who was told of what."""

    history: History
    archive: Archive
    importer: Importer
    folder: Path
    told: list[str] = field(default_factory=list)

    async def all(self, person: str = "local") -> tuple[JobWithAssets, ...]:
        return (await self.history.page(Find(person=person, demo=False), limit=200)).items


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}"
    return await emptied(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def desk(url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    archive = Archive(tmp_path / "files")
    archive.prepare()
    told: list[str] = []

    async def announce(job_id: str) -> None:
        told.append(job_id)

    folder = tmp_path / "mine"
    folder.mkdir()
    async with History.open(url) as history:
        importer = Importer(history=history, archive=archive, clock=lambda: NOW, demo=False, announce=announce)
        yield Desk(history, archive, importer, folder, told)


def picture(path: Path, form: str = "PNG", *, seed: int = 1, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = Image.effect_noise((64, 48), 20 + seed).convert("RGB")
    noise.save(path, form, **options)
    return path


def clip(path: Path) -> Path:
    path.write_bytes(film(Clip(seconds=0.5, width=128, height=96)))
    return path


async def test_a_file_with_a_recipe_comes_in_with_all_it_says(desk: Desk) -> None:
    for path in (picture(desk.folder / "a.png"), clip(desk.folder / "b.mp4")):
        embed(path, replace(RECIPE, asset=f"0192-{path.stem}"))
        found = await desk.importer.keep(path, name=path.name)
        job, (made,) = found.job, found.assets
        assert (job.status, job.imported, job.model) == (JobStatus.SUCCEEDED, True, "a-model-of-next-year")
        assert (job.prompt, job.parameters, job.created_at) == ("a cat on a mat", {"seed": 7}, NOW - 5_000)
        assert (job.estimated_micros, job.actual_micros) == (0, 0)
        assert desk.archive.path(made.key).read_bytes() == path.read_bytes(), "as it is, byte for byte"
        assert made.poster_key
        assert made.thumbnail_key
        view = job_view(found, CATALOGUE)
        assert (view["imported"], view["safe"], view["model_title"]) == (True, "disk", "a-model-of-next-year")
    assert len(desk.told) == 2
    assert len({found.job.place for found in await desk.all()}) == 2
    assert list(desk.archive.incoming.iterdir()) == []


async def test_a_file_of_another_tool_brings_its_prompt(desk: Desk) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a dog\nNegative prompt: rain\nSteps: 20, Seed: 42, Size: 64x48")
    path = picture(desk.folder / "other.png", pnginfo=info)
    job = (await desk.importer.keep(path, name="other.png", made_at=NOW + 999)).job
    assert (job.prompt, job.parameters) == ("a dog", {"negative_prompt": "rain", "seed": 42})
    assert (job.family, job.model, job.remark) == ("imported", "imported", "Made with Stable Diffusion web UI.")
    assert job.created_at == NOW, "nothing was made in the future"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "MP4"])
async def test_a_work_and_its_clean_copy_come_in_once(desk: Desk, form: str) -> None:
    name = f"a.{form.lower()}"
    first = clip(desk.folder / name) if form == "MP4" else picture(desk.folder / name, form)
    embed(first, RECIPE)
    clean, other = desk.folder / f"clean-{name}", desk.folder / f"other-{name}"
    strip(first, clean)
    shutil.copy(first, other)
    for order in ((first, clean, other), (clean, other, first)):
        person = Person(f"{order[0].stem}")
        kept = [await desk.importer.take(path, name=path.name, person=person) for path in (*order, first)]
        assert [taken.outcome for taken in kept] == [Outcome.IMPORTED, *[Outcome.PRESENT] * 3]
        assert len({taken.job_id for taken in kept}) == 1
        assert len(await desk.all(person.name)) == 1


async def test_a_renamed_copy_of_our_own_result_is_here_already(desk: Desk) -> None:
    job = a_job()
    path = picture(desk.folder / "mine.png")
    data = path.read_bytes()
    made = an_output(job, desk.archive, data, width=64, height=48)
    await desk.history.add(job, [made])
    embed(path, replace(RECIPE, asset=made.id))  # written anew since: other bytes, the same pixels
    assert (await desk.importer.take(path, name="x.png")).job_id == job.id
    assert (await desk.importer.take(path, name="x.png", person=ANN)).outcome is Outcome.IMPORTED, "hers is not his"
    picture(desk.folder / "cut.png", seed=9)
    embed(desk.folder / "cut.png", replace(RECIPE, asset=made.id, moment="first"))
    cut = await desk.importer.keep(desk.folder / "cut.png", name="cut.png")
    assert (cut.assets[0].parent_id, cut.assets[0].moment) == (made.id, "first"), (
        "what was cut out is a work of its own"
    )


SOUNDS = {"wav": ("audio/wav", ".wav"), "mp3": ("audio/mpeg", ".mp3"), "m4a": ("audio/mp4", ".m4a")}


def sound(path: Path) -> Path:
    """A tone of a second, in the format that its ending says, with somebody's words in it."""
    form = path.suffix[1:]
    data = wav(1) if form == "wav" else mp3(1) if form == "mp3" else coded(1, to="ipod", codec="aac", options={})
    if form == "wav":
        words = b"INFOICMT" + (12).to_bytes(4, "little") + b"canary words"
        data += b"LIST" + len(words).to_bytes(4, "little") + words
    elif form == "mp3":
        data = b"ID3\x03\0\0\0\0\0\x0ccanary words" + data + b"TAGcanary words".ljust(128, b"\0")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("form", SOUNDS)
async def test_a_sound_comes_in_as_it_is_and_once_with_or_without_its_words(desk: Desk, form: str) -> None:
    path = sound(desk.folder / f"My voice_{form}.{form}")
    found = await desk.importer.keep(path, name=path.name)
    (made,) = found.assets
    mime, suffix = SOUNDS[form]
    assert (made.kind, made.mime, made.poster_key, made.width) == ("audio", mime, None, None)
    assert made.seconds == pytest.approx(1, abs=0.1)
    assert made.key.endswith(suffix)
    assert desk.archive.path(made.key).read_bytes() == path.read_bytes(), "as it is, byte for byte"
    clean = desk.folder / f"clean.{form}"
    strip(path, clean)
    assert b"canary" not in clean.read_bytes()
    for again in (path, clean):
        assert (await desk.importer.take(again, name="x")).job_id == found.job.id
    for text in ("voice", "kind:sound", "seconds<2 voice"):
        page = await desk.history.page(Find(person="local", demo=False, query=parse_query(text)))
        assert [one.job.id for one in page.items] == [found.job.id], text


async def test_files_that_it_was_made_of_are_found_again(desk: Desk) -> None:
    job = a_job()
    given = an_input(job, desk.archive, b"the first picture", role="image")
    await desk.history.add(job, [given])
    one = RecipeInput(field="first", position=0, name="start.png", sha256=given.sha256, kind="image")
    gone = replace(one, field="last", sha256="f" * 64)
    path = picture(desk.folder / "a.png")
    embed(path, replace(RECIPE, inputs=(one, gone)))
    found = await desk.importer.keep(path, name="a.png")
    (held,) = [asset for asset in found.assets if asset.role != "output"]
    assert (held.role, held.key, held.name) == ("first", given.key, "start.png")
    hers = await desk.importer.keep(path, name="a.png", person=ANN)
    assert [asset.role for asset in hers.assets] == ["output"], "another's files are not hers"


async def test_what_cannot_be_shown_is_left_out(desk: Desk) -> None:
    whole = picture(desk.folder / "whole.png").read_bytes()
    for name, data in {
        "words.png": b"hello",
        "half.png": whole[:900],
        "none.mp4": b"",
        "box.mp4": b"\0\0\0\x08ftyp",
    }.items():
        path = desk.folder / name
        path.write_bytes(data)
        with pytest.raises(FileRefused, match="cannot be shown"):
            await desk.importer.keep(path, name=name)
    (desk.folder / "a.flac").write_bytes(coded(1, to="flac", codec="flac", options={}))
    with pytest.raises(FileRefused, match="WAV, MP3 and M4A files are taken in"):
        await desk.importer.keep(desk.folder / "a.flac", name="a.wav")
    Image.new("RGB", (8, 8)).save(desk.folder / "a.bmp", "BMP")
    with pytest.raises(FileRefused, match="Only PNG"):
        await desk.importer.keep(desk.folder / "a.bmp", name="a.png")
    assert await desk.all() == ()
    assert [path for path in desk.archive.root.rglob("*") if path.is_file()] == []


async def test_a_folder_comes_in_once_and_what_is_hidden_or_linked_does_not(desk: Desk) -> None:
    picture(desk.folder / "a.png", seed=1)
    picture(desk.folder / "deep" / "b.JPG", "JPEG", seed=2)
    clip(desk.folder / "deep" / "c.mp4")
    os.utime(desk.folder / "a.png", (1_600_000_000, 1_600_000_000))
    picture(desk.folder / ".hidden.png", seed=3)
    picture(desk.folder / ".folder" / "d.png", seed=4)
    outside = picture(desk.folder.parent / "outside" / "e.png", seed=5)
    (desk.folder / "link.png").symlink_to(outside)
    (desk.folder / "folder").symlink_to(outside.parent)
    sound(desk.folder / "deep" / "d.wav")
    (desk.folder / "notes.txt").write_text("hello")
    (desk.folder / "broken.png").write_bytes(b"no picture")

    async def run(*, dry_run: bool = False) -> str:
        tally = await take_folder(desk.importer, desk.folder, person=LOCAL, dry_run=dry_run, progress=lambda _: None)
        return tally.sentence(dry_run=dry_run)

    assert (await run(dry_run=True)).startswith(
        "4 files would be taken in, 0 here already, 1 left out.\n  broken.png: It"
    )
    assert await desk.all() == ()
    assert (await run()).startswith("4 files taken in, 0 here already, 1 left out.")
    assert (await run()).startswith("0 files taken in, 4 here already, 1 left out.")
    found = await desk.all()
    assert [one.assets[0].name for one in found][-1] == "a.png", "the oldest comes last"
    assert found[-1].job.created_at == 1_600_000_000_000


async def test_an_import_that_was_broken_off_goes_on(desk: Desk) -> None:
    for number in range(4):
        picture(desk.folder / f"{number}.png", seed=number)
    told: list[str] = []

    async def stop(job_id: str) -> None:
        told.append(job_id)
        if len(told) == 2:
            raise KeyboardInterrupt

    importer = Importer(history=desk.history, archive=desk.archive, clock=lambda: NOW, demo=False, announce=stop)
    with pytest.raises(KeyboardInterrupt):
        await take_folder(importer, desk.folder, person=LOCAL, dry_run=False, progress=lambda _: None)
    tally = await take_folder(desk.importer, desk.folder, person=LOCAL, dry_run=False, progress=lambda _: None)
    assert (tally.imported, tally.present) == (2, 2)
    assert len(await desk.all()) == 4


def test_the_command_says_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, mine = tmp_path / "home", tmp_path / "mine"
    for name, value in {"STUDIO_HOME": str(home), "STUDIO_DEMO": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    picture(mine / "a.png")
    assert main([str(mine)]) == 0
    assert capsys.readouterr().out == "1 file taken in, 0 here already, 0 left out.\n"
    assert main([str(mine), "--dry-run"]) == 0
    assert capsys.readouterr().out == "0 files would be taken in, 1 here already, 0 left out.\n"
    assert main([str(tmp_path / "nowhere")]) == 2
    assert main([str(tmp_path)]) == 2
    assert "own files" in capsys.readouterr().err


# Over HTTP -----------------------------------------------------------------------------------------------------------

OWN = {"X-Studio": "1", "X-File-Name": "my%20cat%20%E7%8C%AB.png"}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with simulated(tmp_path / "vendor") as (_, url), studio_at(tmp_path / "home", url) as studio:
        app = FastAPI()
        add_routes(app, studio)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://studio") as made:
            yield made
        assert list(studio.services.archive.incoming.iterdir()) == [], "nothing of what was sent is left"


async def test_a_dropped_file_says_what_the_form_needs(client: httpx.AsyncClient, tmp_path: Path) -> None:
    model = CATALOGUE.models[0]
    region = model.offers[0].region
    names = [field.name for field in fields_for(model, region, {})]
    path = picture(tmp_path / "a.png")
    recipe = replace(RECIPE, model=model.id, family=model.family, region=region, parameters={names[-1]: 1, "gone": 2})
    embed(path, recipe)
    told = (await client.post("/studio/recipes", content=path.read_bytes(), headers=OWN)).json()
    assert (told["kind"], told["model"], told["family"], told["known"]) == ("studio", model.id, model.family, True)
    assert (told["prompt"], told["fits"], told["media"], told["whole"]) == (RECIPE.prompt, [names[-1]], "image", True)
    assert told["job"] is None
    plain = (await client.post("/studio/recipes", content=clip(tmp_path / "b.mp4").read_bytes(), headers=OWN)).json()
    assert (plain["kind"], plain["media"], plain["prompt"]) == ("none", "video", "")
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a dog\nNegative prompt: rain\nSteps: 20, Seed: 42, Size: 64x48")
    other = picture(tmp_path / "c.png", pnginfo=info).read_bytes()
    told = (await client.post("/studio/recipes", content=other, headers=OWN)).json()
    assert (told["kind"], told["prompt"], told["negative_prompt"], told["seed"]) == ("foreign", "a dog", "rain", 42)


async def test_a_dropped_file_can_be_kept_and_is_ours_from_then_on(client: httpx.AsyncClient, tmp_path: Path) -> None:
    data = picture(tmp_path / "a.png").read_bytes()
    headers = {**OWN, "X-File-Time": "1600000000000"}
    kept = (await client.post("/studio/imports", content=data, headers=headers)).json()
    assert (kept["imported"], kept["created_at"]) == (True, "2020-09-13T12:26:40.000Z")
    again = (await client.post("/studio/imports", content=data, headers=headers)).json()
    assert again["id"] == kept["id"]
    file = await client.get(kept["outputs"][0]["url"])
    assert file.content == data


async def test_only_the_own_page_may_send_files_and_no_large_ones(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.post("/studio/recipes", content=b"x")).status_code == 409
    assert "empty" in (await client.post("/studio/recipes", content=b"", headers=OWN)).json()["message"]
    huge = {**OWN, "Content-Length": str(1 << 40)}
    assert "too large" in (await client.post("/studio/imports", content=b"x", headers=huge)).json()["message"]
    refused = await client.post("/studio/imports", content=b"no picture", headers=OWN)
    assert "cannot be shown" in refused.json()["message"]
    assert json.loads(refused.content).keys() == {"message"}


async def test_what_is_made_here_carries_its_recipe_and_nothing_of_its_person(tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor") as (_, url), studio_at(tmp_path / "home", url) as studio:
        model = next(model for model in CATALOGUE.models if not model.result.is_video and not model.live)
        offer = next(offer for offer in model.offers if offer.region in studio.regions)
        given = {"prompt": "a fox in the snow"}
        job = await studio.submit(family=model.family, model=model.id, region=offer.region, given=given)
        job = await until(studio, job["id"])
        assert job["status"] == "succeeded", job["error"]
        for output in job["outputs"]:
            asset, path = await studio.services.downloads.file(output["id"])
            recipe = read_recipe(path)
            assert isinstance(recipe, Recipe)
            assert (recipe.asset, recipe.job, recipe.model) == (asset.id, job["id"], model.id)
            assert recipe.prompt == "a fox in the snow"
            data = path.read_bytes()
            assert not any(word in data for word in (KEY.encode(), url.encode(), str(tmp_path).encode(), b"local"))
            told = await studio.services.recipe_views.read(path, person=LOCAL)
            assert (told["job"], told["kind"], set(told["fits"])) == (job["id"], "studio", set(recipe.parameters))
            kept = await studio.services.importer.keep(path, name="renamed.png")
            assert kept.job.id == job["id"], "it is here already"


# Repairs -------------------------------------------------------------------------------------------------------------


async def test_a_copy_that_was_made_to_fit_carries_the_recipe_of_its_source(tmp_path: Path) -> None:
    fields = (field for model in CATALOGUE.models for field in model.every_field(model.offers[0].region))
    wanted = next(field for field in fields if isinstance(field, ImageField))
    path = picture(tmp_path / "small.png")
    embed(path, RECIPE)
    fitted = await asyncio.to_thread(repair_given, path, tmp_path, wanted)
    assert read_recipe(fitted) == replace(RECIPE, moment="fits")
