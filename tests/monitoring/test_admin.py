"""Watching: logs that name their job, a watchdog that counts, readiness, numbers, and what an admin sees."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI, Request, Response
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.ext.asyncio import create_async_engine

from services.catalogue.schema import RateLimit
from services.database.jobs import History
from services.domain.jobs import Decision, JobStatus
from services.domain.people import LOCAL
from services.jobs.scheduling.slots import Bucket, Slots
from services.monitoring.health import LOW_BYTES, Examiner
from services.monitoring.logs import JsonLines, about, log_to
from services.monitoring.loop_watchdog import LoopWatchdog
from services.monitoring.stats import Stats
from services.monitoring.tracing import Tracing, tracing
from services.studio import Studio
from services.web import add_routes
from tests.rig.postgres import emptied
from tests.rig.served import served
from tests.rig.studio import KEY, simulated, studio_at, until
from tests.rig.works import BEGUN, a_job

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


async def test_a_held_loop_is_counted() -> None:
    watch = LoopWatchdog()
    with watch.watching():
        await asyncio.sleep(0.05)
        before = watch.blocked
        time.sleep(0.15)  # noqa: ASYNC251 - it is what shall be noticed
        await asyncio.sleep(0.05)
    assert watch.blocked > before  # a busy machine may hold it too
    assert watch.longest_seconds > 0.1


def test_only_what_is_held_too_long_is_counted() -> None:
    watch = LoopWatchdog()
    for late in (0.0, 0.049, 0.06, 0.2, 0.01):
        watch.note(late)
    assert (watch.blocked, watch.longest_seconds, round(watch.seconds, 3)) == (2, 0.2, 0.26)


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
        examiner = Examiner(Stats(engine), alive=lambda: True, free_bytes=lambda: LOW_BYTES, clock=lambda: 0)
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


# Over the wire -------------------------------------------------------------------------------------------------------


async def test_readiness_and_numbers_are_told_over_http(home: Path) -> None:
    async with studio_with(home, studio_metrics=True) as studio:
        app = FastAPI()
        add_routes(app, studio)
        async with served(app) as origin, httpx.AsyncClient(base_url=origin, trust_env=False) as ask:
            ready = await ask.get("/readyz")
            assert (ready.status_code, ready.headers["cache-control"]) == (200, "no-store")
            assert ready.json() == {"ready": True, "database": True, "engine": True, "disk": True}
            numbers = await ask.get("/metrics")
            assert numbers.headers["content-type"].startswith("text/plain; version=0.0.4")
            names = {family.name for family in text_string_to_metric_families(numbers.text)}
            assert {"studio_jobs", "studio_lane_limit", "studio_loop_blocked", "studio_disk_free_bytes"} <= names
            engine = create_async_engine(studio.settings.database_url)
            async with engine.begin() as connection:
                await connection.execute(sa.text("ALTER TABLE counters RENAME TO gone"))
            await asyncio.sleep(1.1)  # an answer holds for a second
            assert (await ask.get("/readyz")).status_code == 503
            async with engine.begin() as connection:
                await connection.execute(sa.text("ALTER TABLE gone RENAME TO counters"))
            await engine.dispose()


async def test_limits_are_told_before_a_lane_was_ever_given(home: Path) -> None:
    async with studio_with(home) as studio:
        job = a_job(1, status=JobStatus.QUEUED, finished_at=None, actual_micros=None, model="wan2.6-t2v")
        await studio.services.history.add(replace(job, region="singapore", vendor_model="wan2.6-t2v", account="other"))
        await studio.services.history.change(
            job.id, status=JobStatus.UNKNOWN
        )  # so that nobody gives it a lane just now
        overview = await studio.services.admin.overview(LOCAL)
    (queue,) = overview["queues"]
    assert (queue["lanes"], queue["limit"], queue["per_second"], queue["refusals"]) == (5, 5, 5, 0)


# Counting in the database --------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
async def history(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[History]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}"
    if request.param == "postgresql":
        url = await emptied(request.getfixturevalue("postgres_url"))
    async with History.open(url) as opened:
        yield opened


async def test_lines_are_counted_alike_in_both_databases(history: History) -> None:
    now = BEGUN + 3_600_000
    states = [
        {"status": JobStatus.QUEUED},
        {"status": JobStatus.UPLOADING},
        {"status": JobStatus.QUEUED, "dispatched_at": now},
        {"status": JobStatus.RUNNING, "dispatched_at": now, "task_id": "t1"},
        {"status": JobStatus.PENDING, "task_id": "t2"},
        {"status": JobStatus.SAVING, "dispatched_at": now, "task_id": "t3"},
        {"status": JobStatus.UNKNOWN, "dispatched_at": now},
        {"status": JobStatus.UNKNOWN},
        {"status": JobStatus.QUEUED, "decision": Decision.UNLISTED},
        {"status": JobStatus.QUEUED, "rests_until": now + 1},
        {"status": JobStatus.QUEUED, "account": "beijing-1"},
        {"status": JobStatus.SUCCEEDED, "account": "hongkong-1"},
    ]
    for number, members in enumerate(states):
        await history.add(a_job(number, **{"finished_at": None, "actual_micros": None, **members}))
    beijing, singapore = await Stats(history.engine).queues(now=now)
    assert (beijing.bucket, beijing.waiting, beijing.busy) == (Bucket("beijing-1", "a-model"), 1, 0)
    assert (singapore.waiting, singapore.busy, singapore.limits) == (3, 3, None)
    assert (singapore.model, singapore.region) == ("a-model", "singapore")
    standing = await Stats(history.engine).standing(demo=False)
    assert (standing.waiting, standing.working, standing.unknown) == (4, 4, 3)
    counts = await Stats(history.engine).by_status(demo=False)
    assert (counts[JobStatus.UNKNOWN], counts[JobStatus.CANCELED]) == (2, 0)
    assert sum((await Stats(history.engine).by_status(demo=True)).values()) == 0


async def test_a_bucket_that_was_used_is_told_though_nobody_waits(history: History) -> None:
    await history.add(a_job(1, status=JobStatus.QUEUED, finished_at=None, actual_micros=None))
    bucket = Bucket("singapore-1234", "a-model")
    (job,) = await Slots(history.engine).give(bucket, rate=RateLimit(submits_per_second=5, running=3), now=BEGUN)
    await history.change(job.id, status=JobStatus.SUCCEEDED)
    (queue,) = await Stats(history.engine).queues(now=BEGUN)
    assert (queue.bucket, queue.model, queue.waiting, queue.busy) == (bucket, "", 0, 0)
    assert queue.limits is not None
    assert (queue.limits.running_limit, queue.limits.per_second) == (3, 5)


async def test_failures_are_counted_by_code_the_most_frequent_first(history: History) -> None:
    failed = {"status": JobStatus.FAILED, "actual_micros": 0}
    for number, (code, age) in enumerate([("A", 1), ("B", 2), ("B", 3), (None, 4), ("A", 9_000), ("B", 5)]):
        at = BEGUN - age * 1_000
        await history.add(a_job(number, **failed, error_code=code, error_message=f"{code} it was", finished_at=at))
    found = await Stats(history.engine).failures(since=BEGUN - 3_600_000, demo=False)
    assert {one.code: one.count for one in found} == {"B": 3, "A": 1, None: 1}
    assert (found[0].code, found[0].message, found[0].last_at) == ("B", "B it was", BEGUN - 2_000)
    assert await Stats(history.engine).failures(since=0, demo=True) == ()


# Traces --------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A collector of traces at real HTTP: its address, and the bodies that it was sent."""
    app, bodies = FastAPI(), list[bytes]()

    @app.post("/v1/traces")
    async def take(request: Request) -> Response:
        body = await request.body()
        packed = request.headers.get("content-encoding") == "gzip"
        bodies.append(gzip.decompress(body) if packed else body)
        return Response(media_type="application/x-protobuf")

    async with served(app) as origin:
        yield origin, bodies


def spans_in(bodies: list[bytes]) -> list[Any]:  # Any: messages of a package that is loaded by name
    messages = import_module("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    requests = [messages.ExportTraceServiceRequest.FromString(body) for body in bodies]
    return [s for r in requests for resource in r.resource_spans for scope in resource.scope_spans for s in scope.spans]


async def test_steps_of_a_job_are_traced_to_a_collector(home: Path) -> None:
    async with collector() as (origin, bodies):
        async with studio_with(home, otel_exporter_otlp_endpoint=origin) as studio:
            job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=GIVEN)
            await until(studio, job["id"])
        spans = spans_in(bodies)
    assert {span.name for span in spans} == {"submit", "wait", "save"}
    assert {a.value.string_value for s in spans for a in s.attributes if a.key == "studio.job_id"} == {job["id"]}
    assert all(span.end_time_unix_nano >= span.start_time_unix_nano > 0 for span in spans)
    assert b"lighthouse" not in b"".join(bodies)
    assert KEY.encode() not in b"".join(bodies)


async def test_a_collector_that_is_away_holds_nothing_up(home: Path, free_port: int) -> None:
    async with studio_with(home, otel_exporter_otlp_endpoint=f"http://127.0.0.1:{free_port}") as studio:
        job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=GIVEN)
        assert (await until(studio, job["id"]))["status"] == "succeeded"


# What never stands in a log ------------------------------------------------------------------------------------------


async def test_no_key_no_signed_link_and_no_words_of_a_person_are_ever_logged(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    picture = tmp_path / "first.png"
    await asyncio.to_thread(Image.new("RGB", (640, 640), "teal").save, picture)
    handler = await asyncio.to_thread(log_to, tmp_path, as_json=True)
    try:
        async with simulated(home / "vendor") as (simulator, base_url), studio_at(home / "studio", base_url) as studio:
            simulator.faults.fail_queries(2)
            simulator.faults.cut_downloads(1, at_byte=1000)
            given = {"prompt": GIVEN["prompt"], "image": str(picture)}
            jobs = [
                await studio.submit(family="text_to_video", model="wan2.6-t2v", given=GIVEN),
                await studio.submit(family="image_to_video", model="wan2.2-i2v-flash", given=given),
            ]
            for job in jobs:
                await until(studio, job["id"])
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
    text = await asyncio.to_thread((tmp_path / "logs" / "studio.log").read_text, encoding="utf-8") + caplog.text
    assert jobs[0]["id"] in text
    for secret in (KEY, KEY[3:], "lighthouse", "Signature", "Expires=", "OSSAccessKeyId", "http://127", "Bearer"):
        assert secret not in text, secret
