"""What is kept of a work whose links died before everything was fetched: with fakes and a clock that is set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from services.accounts import Accounts
from services.archive import Archive
from services.catalogue import CATALOGUE
from services.dashscope import DashScope, Downloaded, Part, Task, TaskStatus
from services.errors import Refused
from services.history import History
from services.jobs import Context, Pace
from services.jobs.saving import save
from services.records import ArticleItem, Job, JobStatus, new_id

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

    vendor: Vendor

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


def context_of(history: History, tmp_path: Path, vendor: Vendor) -> Context:
    archive = Archive(tmp_path / "files")
    archive.prepare()

    async def announce(_job_id: str) -> None:
        """Nobody watches."""

    return Context(
        history=history,
        archive=archive,
        accounts=cast("Accounts", Keys(vendor)),  # it has what a context uses
        catalogue=CATALOGUE,
        announce=announce,
        pace=Pace(first_poll=0.01, retry_longest=0.01),
        clock=lambda: DAY + 1000,
    )


PARTS = (Part(text="One. "), Part(url="https://r/1"), Part(text="Two."), Part(url="https://r/2"))


async def test_what_could_be_fetched_of_a_task_is_kept_and_the_rest_is_told(history: History, tmp_path: Path) -> None:
    vendor = Vendor(frozenset({"https://r/1"}), PARTS)
    job = await history.add(a_job(task_id="t"))
    await save(context_of(history, tmp_path, vendor), job)
    found = await history.with_assets(job.id)
    assert (found.job.status, found.job.remark) == (JobStatus.SUCCEEDED, LOST)
    assert [asset.kind for asset in found.assets] == ["image", "article"]
    assert found.job.article == [{"text": "One. "}, {"output": found.assets[0].id}, {"text": "Two."}]


async def test_a_task_of_which_nothing_could_be_fetched_has_failed(history: History, tmp_path: Path) -> None:
    job = await history.add(a_job(task_id="t"))
    await save(context_of(history, tmp_path, Vendor(frozenset(), PARTS)), job)
    ended = await history.job(job.id)
    assert (ended.status, ended.error_code, ended.actual_micros) == (JobStatus.FAILED, "UNKNOWN", None)


async def test_a_live_article_keeps_its_words_where_a_picture_is_gone(history: History, tmp_path: Path) -> None:
    article: list[ArticleItem] = [{"text": "One."}, {"link": "https://r/1"}, {"link": "https://r/2"}]
    vendor = Vendor(frozenset({"https://r/1"}))
    job = await history.add(a_job(task_id=None, article=article))
    await save(context_of(history, tmp_path, vendor), job)
    found = await history.with_assets(job.id)
    assert (found.job.status, found.job.remark) == (JobStatus.SUCCEEDED, LOST)
    assert found.job.article == [{"text": "One."}, {"output": found.assets[0].id}]
    assert vendor.fetched == ["https://r/1"], "what is here is not fetched again"


async def test_a_live_job_that_was_given_nothing_has_failed(history: History, tmp_path: Path) -> None:
    job = await history.add(a_job(task_id=None, article=[]))
    await save(context_of(history, tmp_path, Vendor(frozenset())), job)
    ended = await history.job(job.id)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, "NoResult")
