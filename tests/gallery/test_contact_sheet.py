"""Contact sheets: what is in them, what is never in them, and how large they may grow."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from services.catalogue import CATALOGUE
from services.database.jobs import History
from services.domain.errors import NotFound, StudioError
from services.domain.jobs import Asset, Job, JobStatus, new_id
from services.domain.people import LOCAL, Person
from services.gallery import contact_sheet
from services.gallery.contact_sheet import ContactSheets
from services.gallery.contact_sheet_html import Entry, Picture, card, compared, head, tail
from services.storage.archive import Archive
from services.web import add_routes
from tests.rig.clips import Clip, film
from tests.rig.studio import simulated, studio_at

HOSTILE = "<script>window.hacked=1</script><img src=x onerror=hack()>\"'&</style></title>"
LINK = "https://provider.example/secret?Signature=abc"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MODEL = next(model for model in CATALOGUE.models if "text_to_video" in model.family)


@dataclass
class Desk:
    """A history with an archive, and the sheets made from them."""

    history: History
    archive: Archive
    sheets: ContactSheets

    async def job(self, number: int = 1, **changes: object) -> Job:
        now = 1_700_000_000_000 + number * 60_000
        job = Job(
            id=new_id(now), person="local", family=MODEL.family, model=MODEL.id, vendor_model=MODEL.offers[0].id,
            region=MODEL.offers[0].region, account="singapore-1234", base_url=LINK, demo=False,
            status=JobStatus.SUCCEEDED, prompt=f"clip number {number}", created_at=now, updated_at=now,
            finished_at=now + 93_000, estimated_micros=500_000, currency="USD", task_id="task-7",
            request_id="request-7",
        )  # fmt: skip
        return await self.history.add(replace(job, **changes), ())

    async def clip(self, job: Job) -> None:
        part = self.archive.incoming / "clip.part"
        part.write_bytes(film(Clip(seconds=2, width=320, height=180)))
        kept = await self.archive.keep_video(part, job_id=job.id, number=0)
        await self.keep(job, kept.key, kept.poster_key, kind="video", seconds=kept.seconds)

    async def picture(self, job: Job, number: int = 0) -> None:
        part = self.archive.incoming / f"{number}.part"
        Image.effect_noise((640, 400), 80).convert("RGB").save(part, "PNG")
        kept = await self.archive.keep_picture(part, job_id=job.id, number=number)
        await self.keep(job, kept.key, kept.poster_key, kind="image", position=number)

    async def keep(self, job: Job, key: str, poster_key: str | None, *, kind: str, **more: object) -> None:
        asset = Asset(
            id=new_id(5 + int(str(more.get("position", 0)))), job_id=job.id, role="output", kind=kind, name="made",
            key=key, poster_key=poster_key, mime="video/mp4", width=320, height=180, bytes=7,
            sha256=hashlib.sha256(key.encode()).hexdigest(), created_at=5,
        )  # fmt: skip
        await self.history.change(job.id, files=[replace(asset, **more)])

    async def made(self, jobs: Sequence[Job], *, title: str = "", person: Person = LOCAL) -> str:
        sheet = await self.sheets.make([job.id for job in jobs], title=title, person=person)
        return b"".join([piece async for piece in sheet.pieces]).decode()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    archive = Archive(tmp_path / "files")
    archive.prepare()
    async with History.open(f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}") as history:
        made = ContactSheets(history=history, archive=archive, catalogue=CATALOGUE, now=lambda: NOON)
        yield Desk(history, archive, made)


class Reader(HTMLParser):
    """What a browser would make of a page: its tags, and every address in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data", "srcset")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


async def test_a_sheet_shows_every_item_with_its_pictures_words_and_differences(desk: Desk) -> None:
    first = await desk.job(
        1, prompt="A long street in the morning rain, seen from a very quiet window", parameters={"seed": 1}
    )
    second = await desk.job(
        2, prompt="A long street in the evening rain, seen from a very quiet window", parameters={"seed": 2}
    )
    await desk.clip(first)
    await desk.picture(second)
    page = await desk.made([first, second], title="Streets  and rain")

    assert "<title>Streets and rain</title>" in page
    assert "2 items · 23 November 2026" in page
    read = Reader(page)
    assert read.tags.count("figure") == 2
    assert read.tags.count("img") == 1 + 4 + 1  # a poster and four stills of the clip, one picture
    assert all(address.startswith("data:image/jpeg;base64,") for address in read.addresses)
    assert "<mark>morning</mark>" in page
    assert "<mark>evening</mark>" in page
    differing = page.partition("What differs")[2].partition("</table>")[0]
    assert "Seed" in differing
    assert "Model" not in differing
    assert "1 min 33 s" in page
    assert "0.50 USD" in page


async def test_a_sheet_leads_nowhere_and_tells_no_secret(desk: Desk) -> None:
    job = await desk.job(
        prompt=HOSTILE, rewritten_prompt=HOSTILE, parameters={"negative_prompt": HOSTILE, "strange": HOSTILE}
    )
    await desk.clip(job)
    page = await desk.made([job], title=HOSTILE)

    read = Reader(page)
    assert not {"script", "link", "iframe", "form", "a", "object", "base"} & set(read.tags)
    assert read.handlers == []
    assert all(address.startswith("data:image/jpeg;base64,") for address in read.addresses)
    assert HOSTILE in read.words  # said, as it was written
    for secret in (
        job.id,
        "task-7",
        "request-7",
        "Signature",
        "singapore-1234",
        "http://",
        "https://",
        str(desk.archive.incoming.parent),
    ):
        assert secret not in page, secret
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'" in page
    assert page.count("<html") == page.count("</html>") == 1


async def test_only_what_is_somebodys_own_is_in_their_sheet(desk: Desk) -> None:
    mine = await desk.job(1, person="ada")
    other = await desk.job(2, person="ben")
    assert "clip number 1" in await desk.made([mine], person=Person("ada"))
    assert "clip number 2" in await desk.made([mine, other], person=Person("root", admin=True))
    for wanted in ([mine.id, other.id], [other.id], ["nothing"]):
        with pytest.raises(NotFound):
            await desk.sheets.make(wanted, person=Person("ada"))


async def test_there_are_bounds_to_a_sheet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for ids in ([], [f"job-{number}" for number in range(contact_sheet.MOST_JOBS + 1)]):
        with pytest.raises(StudioError):
            await desk.sheets.make(ids)
    jobs = [await desk.job(number) for number in range(3)]
    for job in jobs:
        await desk.picture(job)
    monkeypatch.setattr(contact_sheet, "MOST_BYTES", 20_000)
    page = await desk.made(jobs)
    assert 0 < Reader(page).tags.count("img") < 3
    assert "No picture of it is kept in this sheet." in page


async def test_what_failed_or_lost_its_file_has_words_instead_of_a_picture(desk: Desk) -> None:
    failed = await desk.job(1, status=JobStatus.FAILED)
    lost = await desk.job(2)
    await desk.picture(lost)
    for path in desk.archive.incoming.parent.glob("results/**/*"):
        if path.is_file():
            path.unlink()
    page = await desk.made([failed, lost])
    assert "Did not work" in page
    assert "No picture of it is kept in this sheet." in page
    assert "0.00 USD" in page


async def test_several_pictures_of_a_job_are_all_shown(desk: Desk) -> None:
    job = await desk.job()
    for number in range(4):
        await desk.picture(job, number)
    assert Reader(await desk.made([job])).tags.count("img") == 4


async def test_pictures_are_made_beside_the_loop(desk: Desk) -> None:
    job = await desk.job()
    await desk.clip(job)
    longest = 0.0
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal longest
        loop = asyncio.get_running_loop()
        while not done.is_set():
            before = loop.time()
            await asyncio.sleep(0.001)
            longest = max(longest, loop.time() - before)

    watching = asyncio.create_task(watch())
    await desk.made([job])
    done.set()
    await watching
    assert longest < 0.25  # half of it is the other work of a shared machine


def test_the_words_that_differ_are_marked_and_no_others() -> None:
    first = "A red boat on a quiet lake in the early morning, birds above it"
    second = "A blue wooden boat on a quiet lake in the early morning, birds above it"
    assert compared([first, second]) == [
        "A <mark>red</mark> boat on a quiet lake in the early morning, birds above it",
        "A <mark>blue wooden</mark> boat on a quiet lake in the early morning, birds above it",
    ]
    cjk = ["清晨的港口，" * 12 + "一只白猫", "清晨的港口，" * 12 + "一只黑猫"]
    assert [re.findall("<mark>(.*?)</mark>", text) for text in compared(cjk)] == [["白"], ["黑"]]
    assert compared(["short", "other"]) == ["short", "other"]
    unlike = "Snow falls over empty fields while nobody looks at it"
    assert compared([first, unlike]) == [first, unlike]


@settings(max_examples=60)
@given(st.lists(st.text(max_size=300), min_size=2, max_size=4))
def test_marking_neither_loses_nor_adds_a_sign(values: list[str]) -> None:
    plain = [re.sub("</?mark>", "", text) for text in compared(values)]
    assert plain == [compared([value])[0] for value in values]


@settings(max_examples=60)
@given(st.text(max_size=200), st.text(max_size=40))
def test_no_words_ever_become_markup(words: str, name: str) -> None:
    entry = Entry(name=name, facts=words, values={words or "-": words, "Prompt": name}, missing=words)
    picture = Picture(jpeg=b"\xff\xd8", shows=words)
    made = "".join(
        (head(words, count=1, made="today"), card(1, entry, [picture]), *tail([entry, replace(entry, values={})]))
    )
    empty = Entry(name="", facts="", values={"x": "y", "Prompt": "z"}, missing="x")
    plain = "".join(
        (head("", count=1, made="today"), card(1, empty, [picture]), *tail([empty, replace(empty, values={})]))
    )
    allowed = set(Reader(plain).tags) | {"p", "mark"}  # words that differ are marked
    assert set(Reader(made).tags) <= allowed
    assert Reader(made).handlers == []


async def test_the_route_gives_a_download_and_refuses_what_is_no_order(tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor") as (_, url), studio_at(tmp_path / "home", url) as studio:
        app = FastAPI()
        add_routes(app, studio)
        async with AsyncClient(transport=ASGITransport(app), base_url="http://studio") as client:
            own = {"X-Studio": "1"}
            assert (await client.post("/studio/sheets", json={"jobs": ["a"]})).status_code == 409
            assert (await client.post("/studio/sheets", json={"jobs": ["a"]}, headers=own)).status_code == 404
            for body in ({}, {"jobs": "a"}, {"jobs": [1]}, {"jobs": []}, {"jobs": ["a"], "title": 3}):
                assert (await client.post("/studio/sheets", json=body, headers=own)).status_code == 409, body
            now = 1_700_000_000_000
            job = await studio.services.history.add(
                Job(
                    id=new_id(now), person="local", family=MODEL.family, model=MODEL.id, vendor_model=MODEL.id,
                    region=MODEL.offers[0].region, account="a", base_url=url, demo=False, status=JobStatus.FAILED,
                    prompt="A quiet harbour", created_at=now, updated_at=now, finished_at=now, estimated_micros=1,
                    currency="USD",
                ),
                (),
            )  # fmt: skip
            answer = await client.post(
                "/studio/sheets", json={"jobs": [job.id], "title": '../Ünïcode\r\n"x'}, headers=own
            )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="\d{4}-\d\d-\d\d-n-code-x\.html"', answer.headers["content-disposition"])
    assert "A quiet harbour" in answer.text
