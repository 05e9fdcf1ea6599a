"""The life of tasks: time, limits, expiry, restarts, and everything that can be made to go wrong."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
import pytest

from services.simulator import Answer, Drop, Fault, Garbage, Route, VirtualClock
from services.simulator.api.query import read_filter
from services.simulator.engine.outcome import RUN_SECONDS, draw_times
from tests import ROOT
from tests.rig.simulator import ASYNC, SYNTHESIS, data_uri, desk, picture, upload, words


async def test_a_task_waits_runs_and_ends_by_the_clock(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), speed=1, run_seconds=100) as at:
        task = await at.task(words())
        assert await at.status(task) == "PENDING"

        await at.clock.advance(5)
        await at.until(task, "RUNNING")
        await at.clock.advance(94)
        assert await at.status(task) == "RUNNING"
        await at.clock.advance(6)
        await at.until(task, "SUCCEEDED")


def test_run_times_spread_like_the_vendors_samples() -> None:
    chance = random.Random(4)
    times = [draw_times(chance, fixed_run=None, speed=1) for _ in range(4000)]

    shortest, middle, longest = RUN_SECONDS
    assert min(run for _, run in times) >= shortest
    assert max(run for _, run in times) <= longest
    assert abs(median(run for _, run in times) - middle) < 20
    assert 0 <= min(wait for wait, _ in times) <= max(wait for wait, _ in times) <= 15


async def test_speed_divides_times_but_not_the_life_of_links(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), speed=100, run_seconds=100) as at:
        task = await at.task(words())
        await at.clock.advance(2)
        await at.until(task, "SUCCEEDED")
        link = (await at.query(task))["output"]["video_url"]

        await at.clock.advance(23.9 * 3600)
        fresh = await at.http.get(link)
        await at.clock.advance(0.2 * 3600)
        stale = await at.http.get(link)

        assert fresh.status_code == 200
        assert (stale.status_code, stale.headers["content-type"]) == (403, "application/xml")
        assert "<Code>AccessDenied</Code>" in stale.text
        assert await at.status(task) == "UNKNOWN"
        assert (await at.http.get("/api/v1/tasks")).json()["total"] == 0
        await at.simulator.world.clean()
        assert list((home / "results").iterdir()) == []


async def test_uploads_live_48_hours_and_policies_300_seconds(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), speed=1, run_seconds=1) as at:
        kept = await upload(at, picture(), model="wan2.6-i2v")
        policy = (await at.http.get("/api/v1/uploads?action=getPolicy&model=wan2.6-i2v")).json()["data"]
        await at.clock.advance(301)
        form = {
            "OSSAccessKeyId": policy["oss_access_key_id"],
            "Signature": policy["signature"],
            "policy": policy["policy"],
            "key": f"{policy['upload_dir']}/a.png",
        }
        late = await at.http.post(policy["upload_host"], data=form, files={"file": ("a.png", picture())})
        assert late.status_code == 403
        assert "Invalid according to Policy: Policy expired." in late.text

        body = {"model": "wan2.6-i2v", "input": {"img_url": f"oss://{kept.extensions['key']}"}}
        await at.clock.advance(48 * 3600)
        task = await at.task(body, X_DashScope_OssResourceResolve="enable")
        await at.clock.advance(2)
        await at.until(task, "FAILED")


async def test_an_object_is_not_written_over(home: Path) -> None:
    async with desk(home) as at:
        kept = await upload(at, picture(), model="wan2.6-i2v")
        policy = (await at.http.get("/api/v1/uploads?action=getPolicy&model=wan2.6-i2v")).json()["data"]
        again = await upload(at, picture(), model="wan2.6-i2v", key=kept.extensions["key"])

    assert policy["upload_dir"] not in kept.extensions["key"]
    assert again.status_code == 403  # another policy, another folder


async def test_creates_are_limited_per_second_account_and_model(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), speed=1, limits=True) as at:
        replies = [await at.create(words(prompt=str(n))) for n in range(6)]
        other_model = await at.create(words("wan2.5-t2v-preview"))
        other_account = await at.create(words(), Authorization="Bearer sk-other")
        await at.clock.advance(1)
        later = await at.create(words())

    assert [reply.status_code for reply in replies] == [200] * 5 + [429]
    assert replies[-1].json()["code"] == "Throttling.RateQuota"
    assert (other_model.status_code, other_account.status_code, later.status_code) == (200, 200, 200)
    assert len(at.simulator.creates) == 8


async def test_queries_lists_and_cancels_share_twenty_a_second(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), limits=True) as at:
        replies = [await at.http.get("/api/v1/tasks/1") for _ in range(10)]
        replies += [await at.http.get("/api/v1/tasks/") for _ in range(10)]
        over = await at.http.post("/api/v1/tasks/1/cancel")
        policy = await at.http.get("/api/v1/uploads?action=getPolicy&model=wan2.6-i2v")
        await at.clock.advance(1)
        later = await at.http.get("/api/v1/tasks/1")

    assert {reply.status_code for reply in replies} == {200}
    assert (over.status_code, policy.status_code, later.status_code) == (429, 200, 200)


async def test_what_is_over_the_running_limit_waits_its_turn(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), speed=1, run_seconds=60, limits=True) as at:
        first = [await at.task(words("wan2.2-t2v-plus")) for _ in range(2)]
        await at.clock.advance(5)
        third = await at.task(words("wan2.2-t2v-plus"))
        for task in first:
            await at.until(task, "RUNNING")
        await at.clock.advance(30)
        assert await at.status(third) == "PENDING"
        await at.clock.advance(40)
        await at.until(third, "RUNNING")


async def test_or_is_refused_where_the_service_is_strict(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), limits=True, refuse_over_running=True) as at:
        for _ in range(2):
            await at.task(words("wan2.2-t2v-plus"))
        await at.clock.advance(0.001)
        assert (await at.create(words("wan2.2-t2v-plus"))).status_code == 429


async def test_a_restart_in_the_same_home_goes_on(home: Path) -> None:
    clock = VirtualClock()
    options = {"clock": clock, "speed": 1, "run_seconds": 60}
    async with desk(home, **options) as at:
        done = await at.task(words(prompt="done"))
        await clock.advance(70)
        await at.until(done, "SUCCEEDED")
        old_link = (await at.query(done))["output"]["video_url"]
        running = await at.task({"model": "wan2.6-i2v", "input": {"img_url": data_uri(picture())}})
        await clock.advance(30)
        await at.until(running, "RUNNING")
        waiting = await at.task(words(prompt="waiting"))
        canceled = await at.task(words(prompt="canceled"))
        await at.http.post(f"/api/v1/tasks/{canceled}/cancel")
        before = await at.query(running)

    async with desk(home, **options) as at:
        assert (await at.query(running))["output"]["scheduled_time"] == before["output"]["scheduled_time"]
        assert await at.status(canceled) == "CANCELED"
        assert (await at.http.get((await at.query(done))["output"]["video_url"])).status_code == 200
        assert httpx.URL(old_link).raw_path == httpx.URL((await at.query(done))["output"]["video_url"]).raw_path
        await clock.advance(34)
        await at.until(running, "SUCCEEDED")
        assert await at.status(waiting) == "RUNNING"
        await clock.advance(60)
        await at.until(waiting, "SUCCEEDED")


async def test_the_command_goes_on_after_kill_9(home: Path) -> None:
    command = [sys.executable, "-m", "services.simulator", "--home", str(home), "--run-seconds", "1.5", "--speed", "1"]

    async def begin() -> tuple[asyncio.subprocess.Process, str]:
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        return process, (await process.stdout.readline()).decode().strip()

    headers = {"Authorization": "Bearer sk-test"}
    process, base = await begin()
    body = words("wan2.1-t2v-turbo", size="832*480")
    async with httpx.AsyncClient(headers=headers, trust_env=False) as http:
        task = (await http.post(base + SYNTHESIS, json=body, headers=ASYNC)).json()["output"]["task_id"]
        process.send_signal(signal.SIGKILL)
        await process.wait()

        process, base = await begin()
        status, answer = "PENDING", {}
        deadline = time.monotonic() + 60
        while status in {"PENDING", "RUNNING"} and time.monotonic() < deadline:
            answer = (await http.get(f"{base}/tasks/{task}")).json()
            status = answer["output"]["task_status"]
            await asyncio.sleep(0.1)
        assert status == "SUCCEEDED", answer
        assert (await http.get(answer["output"]["video_url"])).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


async def test_the_command_says_in_a_line_why_it_cannot_listen(home: Path, free_port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        for port, said in ((str(free_port), f"cannot listen on 127.0.0.1 port {free_port}"), ("70000", "0 to 65535")):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "services.simulator", "--home", str(home), "--port", port),
                cwd=ROOT,
                stderr=asyncio.subprocess.PIPE,
            )
            _, told = await process.communicate()
            assert process.returncode in {1, 2}
            assert said in told.decode()
            assert "Traceback" not in told.decode()


# Faults --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("taken", "made"), [(False, 0), (True, 1)])
async def test_a_creates_answer_can_be_lost_before_or_after_it_was_taken(home: Path, taken: bool, made: int) -> None:
    async with desk(home) as at:
        at.simulator.faults.drop_creates(taken=taken)
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await at.create(words())
        assert len(at.simulator.creates) == made
        assert (await at.http.get("/api/v1/tasks")).json()["total"] == made
        assert (await at.create(words())).status_code == 200


async def test_queries_can_fail_and_answers_be_garbage(home: Path) -> None:
    async with desk(home) as at:
        task = await at.task(words())
        at.simulator.faults.fail_queries(2, http_status=500)
        at.simulator.faults.add(Route.QUERY, Answer(429, "Throttling", "slow", retry_after=7))
        at.simulator.faults.add(Route.QUERY, Garbage())
        at.simulator.faults.add(Route.QUERY, Drop(taken=False))
        replies = [await at.http.get(f"/api/v1/tasks/{task}") for _ in range(4)]
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await at.http.get(f"/api/v1/tasks/{task}")

        assert [reply.status_code for reply in replies] == [500, 500, 429, 200]
        assert replies[2].headers["retry-after"] == "7"
        with pytest.raises(json.JSONDecodeError):
            replies[3].json()
        assert (await at.ended(task))["output"]["task_status"] == "SUCCEEDED"


async def test_answers_can_be_late(home: Path) -> None:
    async with desk(home) as at:
        at.simulator.faults.delay(Route.QUERY, 0.4)
        with pytest.raises(httpx.ReadTimeout):
            await at.http.get("/api/v1/tasks/1", timeout=0.1)
        assert (await at.http.get("/api/v1/tasks/1")).status_code == 200


async def read_until_it_breaks(http: httpx.AsyncClient, link: str) -> bytes:
    got = b""
    async with http.stream("GET", link) as reply:
        try:
            async for chunk in reply.aiter_raw():
                got += chunk
        except httpx.RemoteProtocolError:
            assert len(got) < int(reply.headers["content-length"])
            return got
    raise AssertionError("it did not break")


async def test_downloads_break_off_resume_and_expire(home: Path) -> None:
    async with desk(home) as at:
        link = (await at.ended(await at.task(words())))["output"]["video_url"]
        whole = (await at.http.get(link)).content
        at.simulator.faults.cut_downloads(at_byte=1000)
        got = await read_until_it_breaks(at.http, link)
        assert got == whole[:1000]

        rest = await at.http.get(link, headers={"Range": "bytes=1000-"})
        assert (rest.status_code, got + rest.content) == (206, whole)
        at.simulator.faults.expire_links()
        assert (await at.http.get(link)).status_code == 403
        anonymous = httpx.AsyncClient(trust_env=False)
        async with anonymous:
            assert (await anonymous.get(link)).content == whole
            forged = await anonymous.get(link.replace("Signature=", "Signature=x"))
        assert forged.status_code == 403
        assert "SignatureDoesNotMatch" in forged.text


async def test_a_closed_door_refuses_connections(home: Path) -> None:
    async with desk(home) as at:
        assert (await at.create(words())).status_code == 200
        at.simulator.faults.refuse_connections()
        await asyncio.sleep(0.05)
        with pytest.raises(httpx.ConnectError):
            await at.create(words())
        at.simulator.faults.clear()
        await asyncio.sleep(0.05)
        assert (await at.create(words())).status_code == 200
        assert len(at.simulator.creates) == 2


async def test_a_connection_stays_open_for_longer_than_the_pause_between_two_polls(home: Path) -> None:
    async with desk(home) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(at.origin).port)
        writer.write(b"GET /api/v1/tasks/1111 HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer sk-test\r\n\r\n")
        await reader.readuntil(b"UNKNOWN")
        await reader.read(1000)
        with pytest.raises(TimeoutError):  # nothing comes, and no end either
            await asyncio.wait_for(reader.read(), 6)
        writer.close()


async def test_every_call_is_recorded_with_its_headers(home: Path) -> None:
    async with desk(home) as at:
        task = await at.task(words(prompt="p" * 3000))
        link = (await at.ended(task))["output"]["video_url"]
        async with httpx.AsyncClient(trust_env=False) as anonymous:
            await anonymous.get(link)
        record = at.simulator.record

    assert [create.task_id for create in record.creates] == [task]
    assert record.creates[0].headers["x-dashscope-async"] == "enable"
    assert len(str(record.creates[0].body["input"])) < 300
    assert record.counts[Route.CREATE] == 1
    assert (record.counts[Route.DOWNLOAD], record.with_authorization[Route.DOWNLOAD]) == (1, 0)


async def test_no_key_is_ever_written_down(home: Path) -> None:
    key = "sk-canary-3141592653"
    async with desk(home, key=key) as at:
        await at.ended(await at.task(words()))

    for file in home.rglob("*"):
        if file.is_file():
            assert key.encode() not in file.read_bytes(), file
    assert (home / "simulator.db").exists()


async def test_the_list_may_lag_and_every_task_has_a_lag_of_its_own(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), list_lag_seconds=300.0, speed=1) as at:
        made = [await at.task(words()) for _ in range(12)]

        async def listed() -> list[str]:
            rows = (await at.http.get("/api/v1/tasks/", params={"page_size": 50})).json()["data"]
            return [row["task_id"] for row in rows]

        counts = []
        for _ in range(7):
            counts.append(len(await listed()))
            await at.clock.advance(50)
        assert counts == sorted(counts)
        assert counts[0] < counts[3] < counts[6] == 12
        assert set(await listed()) == set(made)


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (lambda taken: Answer(500, taken=taken), 500, None),
        (lambda taken: Garbage(taken=taken, body=""), 200, ""),
        (lambda taken: Garbage(taken=taken, body='{"output":{'), 200, '{"output":{'),
        (lambda taken: Garbage(taken=taken, body="<html>", http_status=502), 502, "<html>"),
    ],
)
async def test_an_order_may_be_answered_with_anything_whether_it_was_taken_or_not(
    home: Path, fault: Callable[[bool], Fault], status: int, body: str | None, taken: bool
) -> None:
    async with desk(home) as at:
        at.simulator.faults.add(Route.CREATE, fault(taken))
        reply = await at.create(words())
        assert reply.status_code == status
        assert body is None or reply.text == body
        assert len(at.simulator.creates) == int(taken)


def test_list_windows_are_the_vendors() -> None:
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)

    one_day = read_filter({}, now=now)
    since = read_filter({"start_time": "20260102180000"}, now=now)

    assert (one_day.start, one_day.end, one_day.page_size) == (now - timedelta(hours=24), now, 10)
    assert since.start == datetime(2026, 1, 2, 10, tzinfo=UTC)
