"""What is kept of a work, and what is said while it is not: with fakes and a clock that is set."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from services.dashscope import DashScope, Downloaded, Part, Task, TaskStatus
from services.dashscope.api_keys import Accounts
from services.database.jobs import History
from services.domain.errors import FileRefused, KeyRefused, Refused, Unavailable
from services.domain.jobs import ArticleItem, Job, JobStatus, new_id
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.pace import Pace
from services.jobs.steps.save import save
from services.simulator import Answer, Route
from services.storage.archive import Archive
from services.web import add_routes
from tests.rig.clips import Clip, film
from tests.rig.contexts import context_on
from tests.rig.served import served
from tests.rig.studio import simulated, studio_at, until

LOST = "Not everything could be fetched before the provider's 24 hours were over."
DAY = 24 * 3600 * 1000


@dataclass
class Vendor:
    """Gives the links that are good; another is gone."""

    good: frozenset[str]
    parts: tuple[Part, ...] = ()
    fetched: list[str] = field(default_factory=list)

    async def query(self, task_id: str) -> Task:
        return a_task(task_id, self.parts)

    async def download(self, url: str, target: Path) -> Downloaded:
        if url not in self.good:
            raise Refused("gone", code="ResultGone")
        self.fetched.append(url)
        Image.new("RGB", (64, 64), "teal").save(target, "PNG")
        return Downloaded(1, "0")


@dataclass
class Keys:
    """The only account there is."""

    vendor: object

    async def client(self, **_pinned: str) -> DashScope:
        return cast("DashScope", self.vendor)  # it has what saving uses


def a_task(task_id: str, parts: tuple[Part, ...]) -> Task:
    return Task(
        task_id=task_id,
        status=TaskStatus.SUCCEEDED,
        request_id="r",
        submitted_at=None,
        scheduled_at=None,
        ended_at=None,
        parts=parts,
        failures=(),
        orig_prompt=None,
        actual_prompt=None,
        code="",
        message="",
        usage={},
    )


def a_job(*, task_id: str | None, article: list[ArticleItem] | None = None) -> Job:
    return Job(
        id=new_id(1),
        person="local",
        family="generate_image",
        model="wan2.6-image",
        vendor_model="wan2.6-image",
        region="singapore",
        account="a",
        base_url="https://vendor.example/api/v1",
        demo=False,
        status=JobStatus.SAVING,
        prompt="a fox",
        parameters={"enable_interleave": True, "max_images": 3},
        created_at=1,
        updated_at=1,
        task_id=task_id,
        article=article,
        estimated_micros=90_000,
        actual_micros=60_000,
        currency="USD",
    )


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[History]:
    async with History.open(f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}") as opened:
        yield opened


def context_of(history: History, tmp_path: Path, vendor: object, *, now: int = DAY + 1000) -> Context:
    archive = Archive(tmp_path / "files")
    archive.prepare()

    async def announce(_job_id: str) -> None:
        """Nobody watches."""

    return context_on(
        history,
        archive=archive,
        accounts=cast("Accounts", Keys(vendor)),  # it has what a context uses
        announce=announce,
        pace=Pace(first_poll=0.01, retry_longest=0.01),
        clock=lambda: now,
    )


PARTS = (Part(text="One. "), Part(url="https://r/1"), Part(text="Two."), Part(url="https://r/2"))


async def test_what_could_be_fetched_of_a_task_is_kept_and_the_rest_is_told(history: History, tmp_path: Path) -> None:
    vendor = Vendor(frozenset({"https://r/1"}), PARTS)
    job = await history.add(a_job(task_id="t"))
    await save(context_of(history, tmp_path, vendor), job)
    found = await history.with_assets(job.id, owner=EVERYONE)
    assert (found.job.status, found.job.remark) == (JobStatus.SUCCEEDED, LOST)
    assert [asset.kind for asset in found.assets] == ["image", "article"]
    assert found.job.article == [{"text": "One. "}, {"output": found.assets[0].id}, {"text": "Two."}]


async def test_a_task_of_which_nothing_could_be_fetched_has_failed(history: History, tmp_path: Path) -> None:
    job = await history.add(a_job(task_id="t"))
    await save(context_of(history, tmp_path, Vendor(frozenset(), PARTS)), job)
    ended = await history.job(job.id, owner=EVERYONE)
    assert (ended.status, ended.error_code, ended.actual_micros) == (JobStatus.FAILED, "UNKNOWN", None)


async def test_a_live_article_keeps_its_words_where_a_picture_is_gone(history: History, tmp_path: Path) -> None:
    article: list[ArticleItem] = [{"text": "One."}, {"link": "https://r/1"}, {"link": "https://r/2"}]
    vendor = Vendor(frozenset({"https://r/1"}))
    job = await history.add(a_job(task_id=None, article=article))
    await save(context_of(history, tmp_path, vendor), job)
    found = await history.with_assets(job.id, owner=EVERYONE)
    assert (found.job.status, found.job.remark) == (JobStatus.SUCCEEDED, LOST)
    assert found.job.article == [{"text": "One."}, {"output": found.assets[0].id}]
    assert vendor.fetched == ["https://r/1"], "what is here is not fetched again"


async def test_a_live_job_that_was_given_nothing_has_failed(history: History, tmp_path: Path) -> None:
    job = await history.add(a_job(task_id=None, article=[]))
    await save(context_of(history, tmp_path, Vendor(frozenset())), job)
    ended = await history.job(job.id, owner=EVERYONE)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, "NoResult")


# While it is not saved yet -------------------------------------------------------------------------------------------


@dataclass
class Faulty(Vendor):
    """Does for each link what it is told, in turn, and then gives it."""

    faults: dict[str, list[Exception | bytes]] = field(default_factory=dict)

    async def download(self, url: str, target: Path) -> Downloaded:
        waiting = self.faults.get(url, [])
        if not waiting:
            return await super().download(url, target)
        self.fetched.append(url)
        fault = waiting.pop(0)
        if isinstance(fault, Exception):
            raise fault
        target.write_bytes(fault)
        return Downloaded(len(fault), hashlib.sha256(fault).hexdigest())


BOTH = frozenset({"https://r/1", "https://r/2"})


async def test_a_picture_that_cannot_be_had_stops_no_other(history: History, tmp_path: Path) -> None:
    vendor = Faulty(BOTH, PARTS, faults={"https://r/1": [Unavailable("no"), Unavailable("no")]})
    job = await history.add(a_job(task_id="t"))
    await save(context_of(history, tmp_path, vendor, now=1000), job)
    assert vendor.fetched == ["https://r/1", "https://r/2", "https://r/1", "https://r/1"]
    assert (await history.job(job.id, owner=EVERYONE)).status is JobStatus.SUCCEEDED


@dataclass
class Held(Vendor):
    """Stands still in the middle of each download until it may go on."""

    there: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def download(self, url: str, target: Path) -> Downloaded:
        target.write_bytes(b"half")
        self.there.set()
        await self.go.wait()
        return await super().download(url, target)


async def test_two_processes_that_save_the_same_work_write_one_file_and_one_row(
    history: History, tmp_path: Path
) -> None:
    """One stood still, and another has taken its work over and is done when the first goes on."""
    job = await history.add(a_job(task_id="t"))
    still = Held(BOTH, PARTS)
    first = asyncio.create_task(save(context_of(history, tmp_path, still, now=2000), job))
    await still.there.wait()
    context = context_of(history, tmp_path, Vendor(BOTH, PARTS), now=1000)
    await save(context, job)
    before = (await history.with_assets(job.id, owner=EVERYONE)).assets
    still.go.set()
    await first

    after = (await history.with_assets(job.id, owner=EVERYONE)).assets
    assert [asset.position for asset in after] == [1, 2, 3]
    assert [(asset.id, asset.sha256) for asset in after] == [(asset.id, asset.sha256) for asset in before]
    for asset in after:
        assert hashlib.sha256(context.archive.path(asset.key).read_bytes()).hexdigest() == asset.sha256
    assert not list(context.archive.incoming.iterdir())


@pytest.mark.parametrize("refusal", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError("no flock")])
async def test_a_disk_without_locks_keeps_results_and_no_pieces(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    def refuse(*_given: object, **_options: object) -> None:
        raise refusal

    monkeypatch.setattr("services.jobs.steps.download.FileLock.acquire", refuse)
    vendor = Faulty(BOTH, PARTS, faults={"https://r/1": [b"<html>sign in</html>"]})
    job = await history.add(a_job(task_id="t"))
    context = context_of(history, tmp_path, vendor, now=1000)
    await save(context, job)
    assert (await history.job(job.id, owner=EVERYONE)).status is JobStatus.SUCCEEDED
    assert not list(context.archive.incoming.iterdir())


def full_disk() -> Exception:
    refused = FileRefused("A file could not be written.")
    refused.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    return refused


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (full_disk(), "The studio's disk is full."),
        (OSError(errno.ENOSPC, "No space left on device"), "The studio's disk is full."),
        (OSError(errno.EROFS, "Read-only file system"), "Read-only file system"),
        (KeyRefused("The key was refused."), "correct the key"),
        (Unavailable("no"), "being fetched again"),
        (b"<html>sign in</html>", "nothing that can be shown"),
    ],
    ids=["full", "full, untold", "read-only", "key", "broke off", "another file"],
)
async def test_what_stands_in_the_way_is_said_and_taken_back(
    history: History, tmp_path: Path, fault: Exception | bytes, said: str
) -> None:
    vendor = Faulty(BOTH, (Part(url="https://r/1"),), faults={"https://r/1": [fault, fault, fault]})
    context, told = context_of(history, tmp_path, vendor, now=1000), list[str | None]()

    async def announce(job_id: str) -> None:
        told.append((await history.job(job_id, owner=EVERYONE)).attention)

    context.announce = announce
    job = await history.add(a_job(task_id="t"))
    await save(context, job)
    assert len(told) == 2, "said once, however often it was tried"
    assert told[0] is not None
    assert said in told[0]
    assert told[1] is None


async def test_a_clip_that_comes_cut_short_twice_is_kept_and_told(history: History, tmp_path: Path) -> None:
    broken = film(Clip(seconds=3, noise=True, width=160, height=120, flags="frag_keyframe+empty_moov"))[:-60_000]
    vendor = Faulty(BOTH, (Part(url="https://r/1"),), faults={"https://r/1": [broken, broken]})
    context = context_of(history, tmp_path, vendor, now=1000)
    bare = a_job(task_id="t")
    job = await history.add(replace(bare, family="text_to_video", model="wan2.6-t2v", parameters={}))
    await save(context, job)
    found = await history.with_assets(job.id, owner=EVERYONE)
    assert vendor.fetched == ["https://r/1"] * 2
    assert (found.job.status, len(found.assets)) == (JobStatus.SUCCEEDED, 1)
    assert found.job.remark is not None
    assert "cut short" in found.job.remark


async def test_a_dead_link_is_asked_for_anew_and_a_living_one_is_used_though_nobody_answers(
    history: History, tmp_path: Path
) -> None:
    class Changing(Faulty):
        async def query(self, task_id: str) -> Task:
            self.fetched.append("query")
            if self.fetched.count("query") == 2:
                raise Unavailable("no")
            return a_task(task_id, (Part(url=f"https://r/{self.fetched.count('query')}"),))

    faults: dict[str, list[Exception | bytes]] = {"https://r/1": [Unavailable("no")]}
    vendor = Changing(frozenset({"https://r/3"}), faults=faults)
    job = await history.add(a_job(task_id="t"))
    await save(context_of(history, tmp_path, vendor, now=1000), job)
    assert vendor.fetched == ["query", "https://r/1", "query", "query", "https://r/3"]
    assert (await history.job(job.id, owner=EVERYONE)).status is JobStatus.SUCCEEDED


async def test_whoever_wakes_a_job_has_it_tried_at_once(history: History, tmp_path: Path) -> None:
    vendor = Faulty(BOTH, (Part(url="https://r/1"),), faults={"https://r/1": [Unavailable("no")]})
    context, asleep = context_of(history, tmp_path, vendor, now=1000), asyncio.Event()

    async def sleep(_seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()  # for ever

    context.sleep = sleep
    job = await history.add(a_job(task_id="t"))
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(save(context, job))
        await asleep.wait()
        context.wake_up(job.id)
    assert (await history.job(job.id, owner=EVERYONE)).status is JobStatus.SUCCEEDED


# Until when the provider keeps it ------------------------------------------------------------------------------------


async def test_a_job_that_is_saved_says_until_when_the_provider_keeps_it(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", run_seconds=5.0) as (simulator, url), studio_at(home, url) as studio:
        simulator.faults.add(Route.DOWNLOAD, Answer(503), times=2)
        before = datetime.now(UTC)
        given = {"prompt": "A paper boat", "duration": 2}
        job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=given)
        saving = await until(studio, job["id"], lambda job: job["status"] in ("saving", "succeeded"))
        saved = await until(studio, job["id"])
    assert saving["expires_at"] is not None
    assert saved["safe"] == "disk"
    left = datetime.fromisoformat(saving["expires_at"]) - before
    assert timedelta(hours=23, minutes=59) < left < timedelta(hours=24, minutes=1)


async def test_a_live_article_is_kept_a_day_from_when_it_was_begun(history: History, tmp_path: Path) -> None:
    article: list[ArticleItem] = [{"text": "One."}, {"link": "https://r/1"}]
    job = await history.add(replace(a_job(task_id=None, article=article), submitted_at=500))
    await save(context_of(history, tmp_path, Vendor(BOTH), now=1000), job)
    assert (await history.job(job.id, owner=EVERYONE)).expires_at == 500 + DAY


async def test_trying_now_is_only_for_the_studios_own_page(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor") as (_simulator, url), studio_at(home, url) as studio:
        app = FastAPI()
        add_routes(app, studio)
        async with served(app) as origin, httpx.AsyncClient(base_url=origin, trust_env=False) as browser:
            refused = await browser.post("/studio/guard/retry")
            tried = await browser.post("/studio/guard/retry", headers={"X-Studio": "1"})
            summary = await browser.get("/studio/summary")
    assert (refused.status_code, tried.status_code, tried.json()) == (409, 200, {"tried": 0})
    assert summary.json()["at_risk"] is None
