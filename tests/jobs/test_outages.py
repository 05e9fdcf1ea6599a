"""A bad day at the provider, in virtual time: everything is on our disk before it is dropped, or somebody was told."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import cast

import httpx
import pytest
from PIL import Image

from services.catalogue import CATALOGUE
from services.dashscope import DashScope, Downloaded, QueryBudget, Retry
from services.dashscope.api_keys import Accounts
from services.database.jobs import History
from services.domain.errors import FileRefused
from services.domain.jobs import Job, JobStatus, new_id
from services.domain.people import EVERYONE, LOCAL
from services.gallery.views import job_view
from services.jobs.context import Context
from services.jobs.expiry_alarm import AtRisk, ExpiryAlarm
from services.jobs.pace import Pace
from services.jobs.steps.save import save
from services.jobs.steps.verify import clip_is_whole
from services.storage.archive import Archive
from tests.jobs.steps.test_save import a_job
from tests.rig.clips import Clip, film
from tests.rig.contexts import context_on
from tests.rig.dashscope import Naps, Time, account

START = 1_800_000_000_000
HOUR = 3600 * 1000
DAY = 24 * HOUR


class Clock:
    """Milliseconds that pass while somebody sleeps, and not otherwise."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        wake = self.now + round(seconds * 1000)
        await asyncio.sleep(0)
        self.now = max(self.now, wake)


class Broken(httpx.AsyncByteStream):
    """A body that breaks off."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content
        raise httpx.ReadError("reset")


@dataclass
class Provider(httpx.AsyncBaseTransport):
    """Tasks that have succeeded and their files, behind a storage that fails as often as it is told to."""

    clock: Clock
    failing: float
    files: dict[str, bytes] = field(default_factory=dict)
    tasks: dict[str, dict[str, object]] = field(default_factory=dict)
    rng: random.Random = field(default_factory=lambda: random.Random(11))
    asked: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    ways: int = 6
    """How many of the ways to fail are in use."""

    def made(self, task_id: str, *files: bytes) -> None:
        """Have a task that made these."""
        links = [f"https://results.example/{task_id}/{n}?Expires=1&Signature=s3cr3t" for n, _ in enumerate(files)]
        self.files |= {f"/{task_id}/{n}": content for n, content in enumerate(files)}
        output = {"video_url": links[0]} if len(links) == 1 else {"results": [{"url": link} for link in links]}
        self.tasks[task_id] = {"task_id": task_id, "task_status": "SUCCEEDED", **output}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "results.example":
            if self.rng.random() < self.failing / 3:
                return httpx.Response(500)
            task_id = request.url.path.rpartition("/")[2]
            return httpx.Response(200, json={"request_id": "r", "output": self.tasks[task_id], "usage": {}})
        if self.clock() > START + DAY:
            return httpx.Response(403, text="<Error><Code>AccessDenied</Code></Error>")
        content = self.files[request.url.path]
        # Each file has chances of its own, whatever the order in which files are asked for.
        asked = self.asked[request.url.path] = self.asked.get(request.url.path, 0) + 1
        chance = random.Random(1_000 * [*self.files].index(request.url.path) + asked)
        if chance.random() < self.failing:
            self.failed += 1
            return self._failure(content, chance)
        first = int(request.headers["range"][6:-1]) if "range" in request.headers else 0
        if first >= len(content):
            return httpx.Response(416, headers={"content-range": f"bytes */{len(content)}"})
        headers = {"etag": '"e"', "content-range": f"bytes {first}-{len(content) - 1}/{len(content)}"}
        return httpx.Response(206 if first else 200, headers=headers, content=content[first:])

    def _failure(self, content: bytes, chance: random.Random) -> httpx.Response:
        half = content[: chance.randrange(1, len(content))]
        match chance.randrange(self.ways):
            case 0:
                raise httpx.ConnectError("refused")
            case 1:
                return httpx.Response(503)
            case 2:
                return httpx.Response(403, text="<Error><Code>AccessDenied</Code></Error>")
            case 3:
                return httpx.Response(200, text="<html>Please sign in to the hotel's net</html>")
            case 4:
                return httpx.Response(200, content=half)  # and its header says that this is all
            case _:
                headers = {"etag": '"e"', "content-length": str(len(content))}
                return httpx.Response(200, headers=headers, stream=Broken(half))


class OnDisk(DashScope):
    """The vendor's client on a disk that is full until a certain time."""

    full_until = START
    clock: Clock

    async def download(self, url: str, target: Path) -> Downloaded:
        if self.clock() < self.full_until:
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise FileRefused("A file could not be read or written: No space left on device.") from full
        return await super().download(url, target)


@dataclass
class Day:
    """A studio with everything it needs to save, and what a page was told of it."""

    context: Context
    provider: Provider
    told: list[str] = field(default_factory=list)

    async def order(self, *files: bytes, **members: object) -> Job:
        """A job that has just succeeded at the provider."""
        bare = replace(a_job(task_id=new_id(START)), id=new_id(START), created_at=START, submitted_at=START)
        job = replace(bare, expires_at=START + DAY, **members)
        self.provider.made(job.task_id or "", *files)
        return await self.context.history.add(job)


@dataclass
class Keys:
    """The only account there is."""

    vendor: DashScope

    async def client(self, **_pinned: str) -> DashScope:
        return self.vendor


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[History]:
    async with History.open(f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}") as opened:
        yield opened


async def begin(history: History, folder: Path, vendor: OnDisk, provider: Provider, pace: Pace | None = None) -> Day:
    archive = Archive(folder / "files")
    archive.prepare()
    told: list[str] = []

    async def announce(job_id: str) -> None:
        told.append(json.dumps(job_view(await history.with_assets(job_id, owner=EVERYONE), CATALOGUE)))

    vendor.clock = provider.clock
    context = context_on(
        history,
        archive=archive,
        accounts=cast("Accounts", Keys(vendor)),  # it has what a context uses
        announce=announce,
        pace=pace or Pace(),
        clock=provider.clock,
        sleep=provider.clock.sleep,
    )
    return Day(context, provider, told)


def client(provider: Provider) -> OnDisk:
    time = Time()
    budget = QueryBudget(clock=time, sleep=time.sleep)
    return OnDisk(account(), transport=provider, budget=budget, retry=Retry(tries=1), sleep=Naps(), rng=provider.rng)


def picture(seed: int) -> bytes:
    file = BytesIO()
    Image.frombytes("RGB", (64, 48), random.Random(seed).randbytes(64 * 48 * 3)).save(file, "PNG")
    return file.getvalue()


async def test_everything_is_saved_in_spite_of_failures_and_a_full_disk(history: History, tmp_path: Path) -> None:
    provider = Provider(Clock(), failing=0.3)
    clip = film(Clip(seconds=1, width=160, height=120, noise=True))
    async with client(provider) as vendor, asyncio.timeout(60):
        vendor.full_until = START + HOUR
        day = await begin(history, tmp_path, vendor, provider)
        video = {"family": "text_to_video", "model": "wan2.6-t2v", "vendor_model": "wan2.6-t2v", "parameters": {}}
        jobs = [await day.order(clip, **video) for _ in range(6)]
        jobs += [await day.order(*(picture(4 * n + k) for k in range(4))) for n in range(6)]
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(save(day.context, job))
    assert provider.clock.now < START + DAY
    assert provider.failed > 4  # of 30 files, and of what was asked again
    for job in jobs:
        found = await history.with_assets(job.id, owner=EVERYONE)
        assert (found.job.status, found.job.remark, found.job.attention) == (JobStatus.SUCCEEDED, None, None)
        assert len(found.assets) == (1 if job.family == "text_to_video" else 4)
        for asset in found.assets:
            path = day.context.archive.path(asset.key)
            if asset.kind == "video":
                assert clip_is_whole(path)
            else:
                with Image.open(path) as shown:
                    shown.load()
    assert list(day.context.archive.incoming.iterdir()) == [], "no half file is left"
    assert any("disk is full" in view for view in day.told)
    assert not [view for view in day.told if "http" in view or "s3cr3t" in view]


async def test_what_cannot_be_had_is_tried_to_the_end_and_nobody_is_left_in_the_dark(
    history: History, tmp_path: Path
) -> None:
    provider = Provider(Clock(), failing=1.0, ways=2)
    provider.clock.now = START + 21 * HOUR
    alarms: dict[int, AtRisk | None] = {}
    async with client(provider) as vendor, asyncio.timeout(60):
        day = await begin(history, tmp_path, vendor, provider, Pace(first_poll=10, retry_longest=1800))
        guard = ExpiryAlarm(history=history, wake=day.context.wake_up, clock=provider.clock)
        sleep = day.context.sleep

        async def watched(seconds: float) -> None:
            alarms[provider.clock.now] = await guard.at_risk(LOCAL, demo=False)
            await sleep(seconds)

        day.context.sleep = watched
        job = await day.order(picture(1))
        await save(day.context, job)
    ended = await history.job(job.id, owner=EVERYONE)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, "UNKNOWN")
    assert ended.error_hint
    assert "bill" in ended.error_hint
    assert provider.clock.now >= START + DAY, "it was not given up before"
    late = [found for moment, found in alarms.items() if moment > START + 22 * HOUR]
    assert len(late) > 60, "the tries come closer together towards the end"
    assert all(found and found["count"] == 1 for found in late)
    assert not any(found for moment, found in alarms.items() if moment < START + 22 * HOUR)
    assert await guard.at_risk(LOCAL, demo=False) is None, "and then the alarm goes away"
