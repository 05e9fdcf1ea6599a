"""An export is a ZIP with readable names and safe recipes, made while it is read, for whoever asked. And its routes."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import time
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from PIL import Image, PngImagePlugin

from services.catalogue import CATALOGUE
from services.database.jobs import History
from services.domain.errors import FileRefused, NotFound, StudioError
from services.domain.jobs import Asset, Job, JobWithAssets
from services.domain.people import EVERYONE, LOCAL, Person
from services.gallery.export_manifest import COLUMNS, Naming, safe_cell
from services.gallery.exports import Exports, Wanted
from services.gallery.organize import Organizer
from services.media.metadata import read_json, strip
from services.storage.archive import Archive
from services.storage.cleanup import Cleanup
from services.storage.usage import Usage
from services.studio import Studio
from services.web import exports as export_routes
from services.web import gallery as shelf_routes
from tests.rig.works import BEGUN, a_job, add_many, add_work, an_input, an_output, write

ANN, BOB = Person("ann"), Person("bob")
MANY = int(os.environ.get("EXPORT_FILES", "120"))


@dataclass
class Bench:
    """Exports with their database and folder, at a time that is moved by hand."""

    url: str
    history: History
    archive: Archive
    now: int = BEGUN

    def exports(self) -> Exports:
        return Exports(
            history=self.history, archive=self.archive, catalogue=CATALOGUE, strip=strip, clock=lambda: self.now
        )


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    archive = Archive(tmp_path / "files")
    archive.prepare()
    url = f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}"
    async with History.open(url) as history:
        yield Bench(url, history, archive)


async def zipped(bench: Bench, wanted: Wanted, *, person: Person = LOCAL) -> zipfile.ZipFile:
    """The export, read to its end and found to be whole."""
    exports = bench.exports()
    ready = await exports.prepare(person, wanted)
    data = b"".join([piece async for piece in exports.stream(person, ready.token)])
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return archive


def table_in(archive: zipfile.ZipFile) -> list[dict[str, str]]:
    text = archive.read("recipes.csv")
    assert text.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))


# What is in it -------------------------------------------------------------------------------------------------------


async def test_files_have_readable_names_and_their_recipes_beside_them(bench: Bench) -> None:
    one = await add_work(bench.history, bench.archive, 1, given=b"a given file", prompt="A red fox, in the snow!")
    two = await add_work(bench.history, bench.archive, 2, prompt="狐狸在雪里", family="gone_family")
    archive = await zipped(bench, Wanted(jobs=(two.id, "nobody", one.id)))

    label = next(family.label for family in CATALOGUE.families if family.id == "text_to_video").replace(" ", "-")
    day = time.strftime("%Y-%m-%d", time.localtime(BEGUN / 1000))
    first, second = f"{day}_gone_family_狐狸在雪里_0001.png", f"{day}_{label}_A-red-fox-in-the-snow_0002.png"
    assert archive.namelist() == [first, second, "recipes.csv", "recipes.json"]
    assert archive.read(first) == b"pixels 2"
    assert archive.read(second) == b"pixels 1"
    assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())

    rows = table_in(archive)
    assert tuple(rows[0]) == COLUMNS
    assert [(row["file"], row["prompt"], row["cost"], row["currency"]) for row in rows] == [
        (first, "狐狸在雪里", "0.4", "USD"),
        (second, "A red fox, in the snow!", "0.4", "USD"),
    ]
    assert rows[1]["negative_prompt"] == "rain"
    assert rows[1]["inputs"] == "image: given.png"

    told = json.loads(archive.read("recipes.json"))
    assert [entry["file"] for entry in told] == [first, second]
    recipe = read_json(json.dumps(told[1]["recipe"], separators=(",", ":")))
    assert recipe is not None
    assert (recipe.job, recipe.prompt, recipe.inputs[0].name) == (one.id, one.prompt, "given.png")


async def test_a_search_is_exported_as_it_stands(bench: Bench) -> None:
    jobs = [a_job(number, prompt="a fox" if number % 2 else "a cat") for number in range(120)]
    await add_many(bench.url, jobs, [an_output(job, bench.archive, b"x") for job in jobs])
    archive = await zipped(bench, Wanted(query="fox"))
    assert len(archive.namelist()) == 60 + 2
    assert {row["prompt"] for row in table_in(archive)} == {"a fox"}


async def test_only_what_is_theirs_goes_to_a_person_and_only_they_fetch_it(bench: Bench) -> None:
    mine = await add_work(bench.history, bench.archive, 1, person="ann")
    theirs = await add_work(bench.history, bench.archive, 2, person="bob")
    archive = await zipped(bench, Wanted(jobs=(mine.id, theirs.id)), person=ANN)
    assert [row["job"] for row in table_in(archive)] == [mine.id]
    assert [row["job"] for row in table_in(await zipped(bench, Wanted(query=""), person=BOB))] == [theirs.id]

    exports = bench.exports()
    with pytest.raises(StudioError, match="no files"):
        await exports.prepare(ANN, Wanted(jobs=(theirs.id,)))
    ready = await exports.prepare(ANN, Wanted(jobs=(mine.id,)))
    for person, token in ((BOB, ready.token), (LOCAL, ready.token), (ANN, "guessed")):
        with pytest.raises(NotFound):
            exports.stream(person, token)
    bench.now += 3_600_001
    with pytest.raises(NotFound):
        exports.stream(ANN, ready.token)


async def test_the_size_is_told_before_it_is_fetched(bench: Bench) -> None:
    await add_work(bench.history, bench.archive, 1)
    await add_work(bench.history, bench.archive, 2)
    ready = await bench.exports().prepare(LOCAL, Wanted(query=""))
    assert (ready.files, ready.bytes) == (2, 2 * len(b"pixels 1"))


async def test_an_article_keeps_the_names_that_its_text_uses(bench: Bench) -> None:
    job = a_job(1, prompt="how to bake")
    picture = an_output(job, bench.archive, b"picture")
    key = f"results/{job.id}/article.md"
    text = f"Bread\n\n![Picture 1]({picture.name})\n".encode()
    write(bench.archive.root, key, text)
    words = replace(
        picture, id="the-text", kind="article", position=2, name="article.md", key=key, mime="text/markdown",
        bytes=len(text), poster_key=None, thumbnail_key=None,
    )  # fmt: skip
    await bench.history.add(job, [picture, words])
    archive = await zipped(bench, Wanted(jobs=(job.id,)))
    folder = archive.namelist()[0].split("/")[0]
    assert archive.read(f"{folder}/{picture.name}") == b"picture"
    assert archive.read(f"{folder}/article.md") == text


async def test_a_file_that_is_gone_is_told_and_stops_nothing(bench: Bench) -> None:
    one = await add_work(bench.history, bench.archive, 1)
    two = await add_work(bench.history, bench.archive, 2)
    bench.archive.path(f"results/{one.id}/1.png").unlink()
    archive = await zipped(bench, Wanted(jobs=(one.id, two.id)))
    assert len(archive.namelist()) == 4
    assert "not on the studio's disk" in archive.read("not-included.txt").decode()
    rows = table_in(archive)
    assert (rows[0]["file"], rows[0]["note"]) == ("", "It is not on the studio's disk any more.")
    assert rows[1]["file"] == archive.namelist()[0]


async def test_a_clean_export_has_no_word_of_the_prompt(bench: Bench) -> None:
    canary = "canary-of-the-prompt"
    job = a_job(1, prompt=canary)
    png = io.BytesIO()
    words = PngImagePlugin.PngInfo()
    words.add_text("parameters", canary)
    Image.effect_noise((64, 48), 60).convert("RGB").save(png, "PNG", pnginfo=words)
    await bench.history.add(job, [an_output(job, bench.archive, png.getvalue())])
    assert canary.encode() in png.getvalue()

    exports = bench.exports()
    ready = await exports.prepare(LOCAL, Wanted(jobs=(job.id,), clean=True))
    data = b"".join([piece async for piece in exports.stream(LOCAL, ready.token)])

    assert canary.encode() not in data
    archive = zipfile.ZipFile(io.BytesIO(data))
    (name,) = archive.namelist()
    with Image.open(io.BytesIO(archive.read(name))) as clean, Image.open(png) as given:
        assert clean.tobytes() == given.tobytes()
    assert list(bench.archive.incoming.iterdir()) == []


async def test_a_file_that_cannot_be_made_clean_is_left_out(bench: Bench) -> None:
    job = await add_work(bench.history, bench.archive, 1)

    def refuse(_source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise FileRefused("It cannot be told what of it is words.")

    exports = Exports(history=bench.history, archive=bench.archive, catalogue=CATALOGUE, strip=refuse)
    ready = await exports.prepare(LOCAL, Wanted(jobs=(job.id,), clean=True))
    data = b"".join([piece async for piece in exports.stream(LOCAL, ready.token)])
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["not-included.txt"]
    assert list(bench.archive.incoming.iterdir()) == []


# The table -----------------------------------------------------------------------------------------------------------


_FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=HYPERLINK("x")']


async def test_a_cell_is_never_a_formula(bench: Bench) -> None:
    jobs = [a_job(number, prompt=text) for number, text in enumerate(_FORMULAS)]
    await add_many(bench.url, jobs, [an_output(job, bench.archive) for job in jobs])
    rows = table_in(await zipped(bench, Wanted(jobs=tuple(job.id for job in jobs))))
    assert [row["prompt"] for row in rows] == [f"'{text}" for text in _FORMULAS]


def test_numbers_and_plain_words_stay_as_they_are() -> None:
    assert [safe_cell(value) for value in (-1.5, 0, None, "a=b", "")] == ["-1.5", "0", "", "a=b", ""]


@pytest.mark.parametrize(
    "prompt",
    ["../../etc/passwd", "C:\\Windows\\con", "a\x00b\n\u202eexe.gnp", "." * 300, "名" * 300, "", "/", "👩‍🚀" * 50],
)
def test_a_name_is_a_name_whatever_the_prompt_is(prompt: str) -> None:
    naming = Naming(CATALOGUE)
    job = a_job(1, prompt=prompt)
    for found in (_found(job, "one"), _found(job, "two")):
        naming.name(found)
    names = list(naming.given.values())
    assert len(set(names)) == 2
    for name in names:
        assert Path(name).name == name
        assert name.isprintable()
        assert len(name.encode()) < 220
        assert not set(name) & set('<>:"/\\|?*')
        assert name.endswith(".png")


def _found(job: Job, asset_id: str) -> JobWithAssets:
    asset = Asset(
        id=asset_id, job_id=job.id, role="output", kind="image", name="a", key="k.png", mime="image/png", bytes=1,
        sha256="0" * 64, created_at=0,
    )  # fmt: skip
    return JobWithAssets(job, (asset,))


# Size ----------------------------------------------------------------------------------------------------------------


async def test_many_files_neither_fill_the_memory_nor_hold_the_loop(bench: Bench) -> None:
    each = os.urandom(512 * 1024)
    jobs = [a_job(number) for number in range(MANY)]
    files = [an_output(job, bench.archive, each) for job in jobs]
    await add_many(bench.url, jobs, files)
    exports = bench.exports()
    ready = await exports.prepare(LOCAL, Wanted(query=""))
    assert ready.files == MANY
    longest = size = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()  # the loop's own work: others may be busy beside the test
            await asyncio.sleep(0.001)
            longest = max(longest, time.thread_time() - before)

    watching = asyncio.create_task(watch())
    tracemalloc.start()
    try:
        async for piece in exports.stream(LOCAL, ready.token):
            size += len(piece)
            assert len(piece) < 1_000_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        watching.cancel()
    assert size > MANY * len(each)
    assert peak < 8_000_000 + 6_000 * MANY  # names and the list at the ZIP's end: not the files
    assert longest < 0.05


async def test_whoever_goes_away_in_the_middle_leaves_nothing_open(bench: Bench) -> None:
    jobs = [a_job(number) for number in range(3)]
    await add_many(bench.url, jobs, [an_output(job, bench.archive, os.urandom(2_000_000)) for job in jobs])
    exports = bench.exports()
    ready = await exports.prepare(LOCAL, Wanted(query=""))
    stream = cast("AsyncIterator[bytes]", exports.stream(LOCAL, ready.token))
    await anext(stream)
    await anext(stream)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    reading.cancel()  # while a thread is reading
    await asyncio.gather(reading, return_exceptions=True)
    again = b"".join([piece async for piece in exports.stream(LOCAL, ready.token)])  # it can be fetched once more
    assert zipfile.ZipFile(io.BytesIO(again)).testzip() is None


# Routes --------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def client(bench: Bench) -> AsyncIterator[httpx.AsyncClient]:
    """The routes of the shelf and of exports, for whom the header `X-Person` names."""

    async def announce(_job_id: str) -> None:
        """Nobody watches."""

    def person_in(headers: dict[str, str]) -> Person:
        name = headers.get("x-person")
        return Person(name) if name else LOCAL

    common = {"history": bench.history, "archive": bench.archive}
    fake = SimpleNamespace(
        demo=False,
        catalogue=CATALOGUE,
        person_in=person_in,
        services=SimpleNamespace(
            organizer=Organizer(history=bench.history, announce=announce, clock=lambda: BEGUN),
            cleanup=Cleanup(**common, clock=lambda: BEGUN),
            usage=Usage(**common, catalogue=CATALOGUE),
            exports=bench.exports(),
        ),
    )
    studio = cast(Studio, fake)  # what the routes use of one
    app = FastAPI()
    app.state.studio = studio
    for subject in (shelf_routes, export_routes):
        app.include_router(subject.router(studio))

    async def told(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"message": str(error)}, status_code=404 if isinstance(error, NotFound) else 409)

    app.add_exception_handler(StudioError, told)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://studio", headers={"X-Studio": "1"}) as made:
        yield made


async def test_marks_by_route(bench: Bench, client: httpx.AsyncClient) -> None:
    job = await add_work(bench.history, bench.archive, 1)
    made = (await client.post("/studio/collections", json={"name": "Foxes"})).json()
    sent = {"jobs": [job.id, "nobody"], "favourite": True, "rating": 5, "add_tags": ["Fox"], "add_to": [made["id"]]}
    (view,) = (await client.post("/studio/shelf", json=sent)).json()["jobs"]
    assert (view["favourite"], view["rating"], view["tags"], view["collections"]) == (True, 5, ["fox"], [made["id"]])
    assert (await client.get("/studio/tags")).json() == [{"name": "fox", "count": 1}]
    (known,) = (await client.get("/studio/collections")).json()
    assert (known["name"], known["count"], known["mine"]) == ("Foxes", 1, True)
    renamed = await client.post(f"/studio/collections/{made['id']}", json={"name": "Cats"})
    assert renamed.json()["name"] == "Cats"
    assert (await client.post(f"/studio/collections/{made['id']}/drop")).json() == {"dropped": made["id"]}
    assert (await client.get("/studio/collections")).json() == []


async def test_the_bin_by_route(bench: Bench, client: httpx.AsyncClient) -> None:
    job = await add_work(bench.history, bench.archive, 1)
    assert (await client.post("/studio/bin", json={"jobs": [job.id, "nobody"]})).json() == {
        "moved": 1,
        "kept": [{"job": "nobody", "why": "It is not here any more."}],
    }
    assert (await client.get("/studio/disk")).json()["bin"] == len(b"pixels 1")
    assert (await client.post("/studio/bin/restore", json={"jobs": [job.id]})).json()["moved"] == 1
    await client.post("/studio/bin", json={"jobs": [job.id]})
    emptied = (await client.post("/studio/bin/empty", json={"jobs": None})).json()
    assert emptied["removed"] == 1
    assert emptied["bytes"] >= len(b"pixels 1")
    assert (await client.post("/studio/janitor", json={})).json() == {
        "files": [],
        "count": 0,
        "bytes": 0,
        "removed": False,
        "held_back": None,
    }


async def test_an_export_by_route(bench: Bench, client: httpx.AsyncClient) -> None:
    job = await add_work(bench.history, bench.archive, 1, person="ann", given=b"x")
    ready = (await client.post("/studio/exports", json={"jobs": [job.id]}, headers={"X-Person": "ann"})).json()
    assert (ready["files"], ready["bytes"]) == (1, len(b"pixels 1"))
    fetched = await client.get(ready["url"], headers={"X-Person": "ann"})
    assert fetched.headers["content-type"] == "application/zip"
    assert fetched.headers["content-disposition"].startswith('attachment; filename="wan-studio-')
    assert len(zipfile.ZipFile(io.BytesIO(fetched.content)).namelist()) == 3
    assert (await client.get(ready["url"], headers={"X-Person": "bob"})).status_code == 404


_NONSENSE: list[tuple[str, object]] = [
    ("shelf", {"jobs": []}),
    ("shelf", {"jobs": [1]}),
    ("shelf", {"jobs": "x"}),
    ("shelf", {"jobs": ["x"] * 1_001}),
    ("shelf", {"jobs": ["x"], "rating": True}),
    ("shelf", {"jobs": ["x"], "rating": 2.5}),
    ("shelf", {"jobs": ["x"], "favourite": "yes"}),
    ("shelf", {"jobs": ["x"], "add_tags": [None]}),
    ("shelf", ["x"]),
    ("bin", {}),
    ("bin/empty", {}),
    ("collections", {"name": 5}),
    ("janitor", {"dry_run": "no"}),
    ("exports", {}),
    ("exports", {"query": 5}),
    ("exports", {"jobs": ["x"], "clean": 1}),
    ("exports", {"jobs": ["x" * 200_000]}),
]


async def test_what_makes_no_sense_is_refused_in_a_sentence(client: httpx.AsyncClient) -> None:
    for path, sent in _NONSENSE:
        answer = await client.post(f"/studio/{path}", json=sent)
        assert answer.status_code == 409, (path, sent)
        assert answer.json()["message"].endswith("."), (path, sent)


async def test_another_site_changes_nothing(bench: Bench, client: httpx.AsyncClient) -> None:
    job = await add_work(bench.history, bench.archive, 1)
    del client.headers["X-Studio"]
    for path in ("shelf", "bin", "bin/restore", "bin/empty", "collections", "collections/x", "janitor", "exports"):
        answer = await client.post(f"/studio/{path}", json={"jobs": [job.id], "name": "x", "dry_run": False})
        assert answer.status_code == 409, path
    assert (
        (await bench.history.with_assets(job.id, owner=EVERYONE)).job
        == await bench.history.job(job.id, owner=EVERYONE)
        == job
    )


async def test_given_files_are_not_part_of_an_export(bench: Bench) -> None:
    job = a_job(1)
    await bench.history.add(job, [an_input(job, bench.archive, b"given")])
    with pytest.raises(StudioError, match="no files"):
        await bench.exports().prepare(LOCAL, Wanted(jobs=(job.id,)))
