"""Watching: logs that name their job, a watchdog that counts, readiness, numbers, and what an admin sees."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.ext.asyncio import create_async_engine

from services.routes import add_routes
from services.studio import Studio
from services.watching.health import LOW_BYTES, Examiner
from services.watching.logs import JsonLines, about
from services.watching.loop import LoopWatch
from services.watching.tally import Tally
from services.watching.tracing import Tracing, tracing
from tests.rig.studio import simulated, studio_at, until

GIVEN = {"prompt": "a very private lighthouse", "size": "1280*720", "duration": 5}


def line_of(message: str, *args: object) -> dict[str, str]:
    record = logging.LogRecord("studio", logging.INFO, __file__, 1, message, args, None)
    return json.loads(JsonLines().format(record))


def test_a_line_names_the_job_and_task_that_its_words_name() -> None:
    line = line_of("job %s task %s: not saved, %.0f s left (%s)", "j1", "t1", 12.3, "OSError")
    assert (line["job_id"], line["task_id"], line["level"]) == ("j1", "t1", "INFO")
    assert line["message"] == "job j1 task t1: not saved, 12 s left (OSError)"


def test_a_job_without_a_task_has_none_in_its_line() -> None:
    assert "task_id" not in line_of("job %s task %s failed: %s", "j1", None, "Throttling")


def test_whatever_is_logged_while_a_job_is_worked_on_names_it() -> None:
    with about("j1"):
        assert line_of("task %s created in %s, request %s", "t1", "main", "r1")["job_id"] == "j1"
    line = line_of("task %s created in %s, request %s", "t1", "main", "r1")
    assert (line["task_id"], line["request_id"]) == ("t1", "r1")
    assert "job_id" not in line


async def test_a_held_loop_is_counted_and_a_free_one_is_not() -> None:
    watch = LoopWatch()
    with watch.watching():
        await asyncio.sleep(0.05)
        before = watch.blocked
        time.sleep(0.15)  # noqa: ASYNC251 - it is what shall be noticed
        await asyncio.sleep(0.05)
    assert watch.blocked == before + 1
    assert watch.longest_seconds > 0.1


async def test_without_an_endpoint_nothing_of_opentelemetry_is_used() -> None:
    before = {name for name in sys.modules if name.startswith("opentelemetry.sdk")}
    async with tracing(None) as found:
        with found.span("submit", "j1"):
            assert line_of("on the way")["job_id"] == "j1"
    assert {name for name in sys.modules if name.startswith("opentelemetry.sdk")} == before


def test_a_span_knows_its_job_and_lets_errors_through() -> None:
    spans: list[tuple[str, object]] = []

    class Tracer:
        def start_as_current_span(self, name: str, *, attributes: dict[str, str]) -> object:
            spans.append((name, attributes))
            return about("unused")

    with pytest.raises(ValueError, match="broken"), Tracing(Tracer()).span("save", "j1"):
        raise ValueError("broken")
    assert spans == [("save", {"studio.job_id": "j1"})]


async def test_a_database_that_cannot_be_written_is_not_ready(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")  # has no tables
    try:
        examiner = Examiner(Tally(engine), alive=lambda: True, free_bytes=lambda: LOW_BYTES, clock=lambda: 0)
        health = await examiner.look()
    finally:
        await engine.dispose()
    assert (health.database, health.engine, health.disk, health.ready) == (False, True, True, False)


@asynccontextmanager
async def studio_with(home: Path, **settings: Any) -> AsyncIterator[Studio]:  # Any: pydantic checks them
    async with simulated(home / "vendor") as (_, base_url), studio_at(home / "studio", base_url, **settings) as studio:
        yield studio


def caller(studio: Studio, **headers: str) -> httpx.AsyncClient:
    app = FastAPI()
    add_routes(app, studio)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://studio", headers=headers)


async def test_a_running_studio_is_ready_and_tells_its_numbers(home: Path) -> None:
    async with studio_with(home, studio_metrics=True) as studio, caller(studio) as ask:
        job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=GIVEN)
        await until(studio, job["id"])
        ready = await ask.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        text = (await ask.get("/metrics")).text
        samples = {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        assert samples["studio_jobs", "succeeded"] == 1
        assert samples["studio_ready", "engine"] == 1
        assert "lighthouse" not in text
        seen = (await ask.get("/studio/admin")).json()
        assert seen["jobs"] == {"waiting": 0, "working": 0, "unknown": 0}
        (queue,) = seen["queues"]
        assert (queue["busy"], queue["waiting"]) == (0, 0)
        assert queue["lanes"] == queue["limit"] > 0
        assert seen["errors"] == []
        assert seen["disk"]["used"] > 0


async def test_numbers_are_off_unless_asked_for(home: Path) -> None:
    async with studio_with(home) as studio, caller(studio) as ask:
        assert (await ask.get("/metrics")).status_code == 404


async def test_only_an_admin_sees_what_everybody_does(home: Path) -> None:
    people: dict[str, Any] = {"studio_person_header": "X-Who", "studio_admins": ("mei",)}
    async with studio_with(home, **people) as studio:
        async with caller(studio, **{"X-Who": "omar"}) as ask:
            assert (await ask.get("/studio/admin")).status_code == 404
        async with caller(studio, **{"X-Who": "mei"}) as ask:
            assert (await ask.get("/studio/admin")).status_code == 200
