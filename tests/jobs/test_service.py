"""A job's life against the simulator at real HTTP: nothing lost, nothing bought twice, whatever breaks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import av
import pytest
from PIL import Image
from pydantic import SecretStr

from services.domain.clock import now_ms
from services.domain.errors import InvalidRequest, StudioError
from services.domain.jobs import Decision, SubmissionState
from services.simulator import Route, Simulator
from services.studio import Studio
from tests.rig.clock import HeldClock
from tests.rig.studio import KEY, QUICK, settings_for, simulated, studio_at, until

WORDS = {"prompt": "A paper boat on a rainy street", "duration": 2}


@pytest.fixture
async def vendor(tmp_path: Path) -> AsyncIterator[tuple[Simulator, str]]:
    async with simulated(tmp_path / "vendor") as running:
        yield running


@pytest.fixture
async def studio(home: Path, vendor: tuple[Simulator, str]) -> AsyncIterator[Studio]:
    async with studio_at(home, vendor[1]) as running:
        yield running


async def buy(studio: Studio, **given: object) -> str:
    job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given={**WORDS, **given})
    return job["id"]


async def test_a_clip_from_words_ends_on_our_disk(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    job = await until(studio, await buy(studio))
    assert (job["status"], job["error"], job["attention"]) == ("succeeded", None, None)
    assert job["cost"] == {"estimated": 0.2, "actual": 0.2, "currency": "USD", "at_most": False}
    assert job["task_id"] == vendor[0].creates[0].task_id
    (output,) = job["outputs"]
    asset, path = await studio.services.downloads.file(output["id"])
    assert hashlib.sha256(path.read_bytes()).hexdigest() == asset.sha256
    with av.open(str(path)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (1280, 720)
    for picture in ("poster", "thumbnail"):
        with Image.open((await studio.services.downloads.file(output["id"], picture))[1]) as image:
            assert max(image.size) <= 1280
    assert not list(studio.services.archive.incoming.iterdir())


async def test_a_clip_from_a_picture_sends_the_very_picture(
    studio: Studio, vendor: tuple[Simulator, str], tmp_path: Path
) -> None:
    picture = tmp_path / "海边 🌊.png"
    Image.effect_noise((640, 480), 60).convert("RGB").save(picture)
    given = {"image": str(picture), "prompt": "it moves", "duration": 2, "audio": False}
    job = await studio.submit(family="image_to_video", model="wan2.6-i2v-flash", given=given)
    picture.unlink()  # what was given is kept: the original may go
    job = await until(studio, job["id"])
    assert job["status"] == "succeeded", job["error"]
    body = vendor[0].creates[0].body
    url = body["input"]["img_url"]  # type: ignore[index]  # JSON
    assert url.startswith("oss://")
    assert vendor[0].creates[0].headers["x-dashscope-ossresourceresolve"] == "enable"
    assert vendor[0].record.with_authorization[Route.UPLOAD] == 0
    assert vendor[0].record.with_authorization[Route.DOWNLOAD] == 0
    assert [given["name"] for given in job["inputs"]] == ["海边 🌊.png"]
    assert job["cost"]["actual"] == 0.05


async def test_the_row_stands_before_anything_is_sent(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    vendor[0].faults.refuse_connections()
    job_id = await buy(studio)
    job = await until(studio, job_id, lambda job: job["attention"] is not None)
    assert job["status"] == "queued"
    assert "not ordered yet" in str(job["attention"])
    vendor[0].faults.refuse_connections(False)
    assert (await until(studio, job_id))["status"] == "succeeded"
    assert len(vendor[0].creates) == 1


async def test_a_lost_answer_is_looked_up_and_its_task_adopted(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    vendor[0].faults.drop_creates(taken=True)
    job_id = await buy(studio)
    seen = await until(studio, job_id, lambda job: job["status"] in ("unknown", "succeeded"))
    assert seen["status"] == "unknown"
    job = await until(studio, job_id)
    assert job["status"] == "succeeded"
    assert len(vendor[0].creates) == 1
    assert vendor[0].record.counts[Route.LIST] >= 1
    assert job["task_id"] == vendor[0].creates[0].task_id


@pytest.mark.parametrize("answer", [Decision.SEND, Decision.DROP])
async def test_an_order_that_is_not_listed_is_sent_again_only_by_a_person(
    studio: Studio, vendor: tuple[Simulator, str], answer: Decision
) -> None:
    vendor[0].faults.drop_creates(taken=False)
    job_id = await buy(studio)
    asked = await until(studio, job_id, lambda job: job["decision_wanted"])
    assert (asked["status"], asked["decision_about"], asked["place_in_line"]) == ("queued", "unlisted", None)
    assert "most likely not taken" in (asked["attention"] or "")
    assert (len(vendor[0].creates), vendor[0].record.counts[Route.CREATE]) == (0, 1)
    await studio.decide(job_id, answer)
    job = await until(studio, job_id)
    sent = answer is Decision.SEND
    assert (job["status"], job["cost"]["actual"]) == (("succeeded", 0.2) if sent else ("canceled", 0.0))
    assert (len(vendor[0].creates), vendor[0].record.counts[Route.CREATE]) == (int(sent), 1 + int(sent))


async def test_two_identical_jobs_with_lost_answers_are_both_accounted_for(
    studio: Studio, vendor: tuple[Simulator, str]
) -> None:
    vendor[0].faults.drop_creates(times=2, taken=True)
    ids = [await buy(studio), await buy(studio)]
    jobs = [await until(studio, job_id) for job_id in ids]
    assert [job["status"] for job in jobs] == ["succeeded", "succeeded"]
    assert len(vendor[0].creates) == 2
    assert {job["task_id"] for job in jobs} == {create.task_id for create in vendor[0].creates}


async def test_while_the_list_cannot_be_read_nothing_is_sent_again(
    studio: Studio, vendor: tuple[Simulator, str]
) -> None:
    from services.simulator import Answer

    vendor[0].faults.drop_creates(taken=True)
    vendor[0].faults.add(Route.LIST, Answer(401, "InvalidApiKey", "Invalid API-key provided."), times=3)
    job_id = await buy(studio)
    asked = await until(studio, job_id, lambda job: job["decision_wanted"])
    assert "your key may not read its list of orders" in str(asked["attention"])
    assert (await until(studio, job_id))["status"] == "succeeded"
    assert len(vendor[0].creates) == 1


async def test_throttled_creates_wait_and_are_sent_once(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    vendor[0].faults.refuse_creates(times=2)
    assert (await until(studio, await buy(studio)))["status"] == "succeeded"
    assert len(vendor[0].creates) == 1


async def test_failing_polls_end_nothing(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    vendor[0].faults.fail_queries(times=4)
    assert (await until(studio, await buy(studio)))["status"] == "succeeded"


async def test_a_broken_download_is_gone_on_with(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    vendor[0].faults.cut_downloads(times=2, at_byte=2_000)
    job = await until(studio, await buy(studio))
    assert job["status"] == "succeeded"
    _asset, path = await studio.services.downloads.file(job["outputs"][0]["id"])
    with av.open(str(path)) as container:
        assert sum(1 for _frame in container.decode(video=0)) == 60


async def test_refused_content_costs_nothing_and_says_why(studio: Studio) -> None:
    job = await until(studio, await buy(studio, prompt="something forbidden"))
    assert job["status"] == "failed"
    assert job["error"] is not None
    assert job["error"]["code"] == "DataInspectionFailed"
    assert job["error"]["hint"]
    assert job["cost"]["actual"] == 0
    assert job["outputs"] == []


async def test_a_waiting_task_is_canceled_at_the_vendor_for_free(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "slow", run_seconds=4000) as (simulator, url), studio_at(home, url) as studio:
        ids = [
            (await studio.submit(family="text_to_video", model="wan2.1-t2v-turbo", given={"prompt": f"clip {n}"}))["id"]
            for n in range(2)
        ]
        for job_id in ids:
            await until(studio, job_id, lambda job: job["status"] in ("pending", "running"))
        waiting = await studio.submit(family="text_to_video", model="wan2.1-t2v-turbo", given={"prompt": "third"})
        canceled = await studio.cancel(waiting["id"])
        assert (canceled["status"], canceled["cost"]["actual"]) == ("canceled", 0)
        assert len(simulator.creates) == 2
        await until(studio, ids[0], lambda job: job["status"] == "running")
        with pytest.raises(StudioError, match="cannot stop it"):
            await studio.cancel(ids[0])


async def test_canceling_what_the_vendor_holds_pending_cancels_it_there(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "slow", clock=HeldClock()) as (simulator, url), studio_at(home, url) as studio:
        job_id = await buy(studio)
        await until(studio, job_id, lambda job: job["status"] == "pending")
        assert (await studio.cancel(job_id))["status"] == "canceled"
        assert simulator.record.counts[Route.CANCEL] == 1
        await asyncio.sleep(0.3)
        assert (await studio.job(job_id))["status"] == "canceled"


async def test_a_task_the_vendor_has_forgotten_ends_as_failed(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "slow", clock=HeldClock()) as (simulator, url), studio_at(home, url) as studio:
        job_id = await buy(studio)
        await until(studio, job_id, lambda job: job["task_id"] is not None)
        simulator.world._tasks.clear()  # the vendor's memory is gone
        told = await until(studio, job_id, lambda job: job["attention"] is not None)
        assert "does not know" in (told["attention"] or ""), "it was bought just now: that may be a lag"
        await studio.services.history.change(job_id, submitted_at=now_ms() - 2 * 60_000)
        job = await until(studio, job_id)
    assert job["status"] == "failed"
    assert job["error"] is not None
    assert job["error"]["code"] == "UNKNOWN"
    assert job["cost"]["actual"] is None, "nobody knows whether it was billed"


async def test_a_restart_goes_on_with_every_job_and_buys_nothing_again(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", run_seconds=200) as (simulator, url):
        async with studio_at(home, url) as studio:
            ids = [await buy(studio, prompt=f"clip {n}") for n in range(3)]
            await until(studio, ids[0], lambda job: job["task_id"] is not None)
        async with studio_at(home, url) as studio:
            jobs = [await until(studio, job_id) for job_id in ids]
        assert [job["status"] for job in jobs] == ["succeeded"] * 3
        assert len(simulator.creates) == 3


async def test_a_job_stays_with_its_region_and_host_when_the_default_changes(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", run_seconds=200) as (simulator, url):
        async with studio_at(home, url) as studio:
            job_id = await buy(studio)
            await until(studio, job_id, lambda job: job["task_id"] is not None)
        beijing = url.replace("/singapore/", "/beijing/")
        async with studio_at(
            home, beijing, dashscope_region="beijing", dashscope_api_keys={"singapore": SecretStr(KEY)}
        ) as studio:
            assert (await until(studio, job_id))["status"] == "succeeded"
        assert [create.region for create in simulator.creates] == ["singapore"]


async def test_a_missing_key_waits_and_loses_nothing(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", run_seconds=200) as (_simulator, url):
        async with studio_at(home, url) as studio:
            job_id = await buy(studio)
            await until(studio, job_id, lambda job: job["task_id"] is not None)
        async with studio_at(home, url, dashscope_api_key="sk-another-key-0123456789") as studio:
            waiting = await until(studio, job_id, lambda job: job["attention"] is not None)
            assert "key" in str(waiting["attention"])
        async with studio_at(home, url) as studio:
            assert (await until(studio, job_id))["status"] == "succeeded"


async def test_bad_values_store_nothing_and_send_nothing(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await buy(studio, size="7*7", duration=99)
    assert {problem.field for problem in refused.value.problems} == {"size", "duration"}
    assert (await studio.jobs())["items"] == []
    assert vendor[0].creates == []


async def test_the_key_is_in_no_row_and_no_file(studio: Studio, vendor: tuple[Simulator, str]) -> None:
    await until(studio, await buy(studio))
    await until(studio, await buy(studio, prompt="forbidden"))
    kept = [path for path in studio.settings.home.rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        data = path.read_bytes()
        assert KEY.encode() not in data, path
        assert b"Signature=" not in data, path


async def test_an_open_submission_is_never_sent_again_by_itself(home: Path, vendor: tuple[Simulator, str]) -> None:
    """The window a kill -9 leaves: the row is written, nobody knows whether the call went out."""
    simulator, url = vendor
    simulator.faults.delay(Route.CREATE, 5)
    async with studio_at(home, url) as studio:
        job_id = await buy(studio)
        await until(studio, job_id, lambda job: job["status"] == "submitting")
        while (found := await studio.services.history.submissions.latest(job_id)) is None:
            await asyncio.sleep(0.01)
        assert found.state is SubmissionState.OPEN
    simulator.faults.clear()
    async with studio_at(home, url) as studio:
        asked = await until(studio, job_id, lambda job: job["decision_wanted"])
        assert (asked["decision_about"], simulator.creates) == ("unlisted", [])
        await studio.decide(job_id, Decision.SEND)
        assert (await until(studio, job_id))["status"] == "succeeded"
    assert len(simulator.creates) == 1


async def test_settings_without_a_key_are_demo_mode_and_never_mix_with_real_jobs(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor") as (_simulator, url):
        async with studio_at(home, url) as studio:
            await until(studio, await buy(studio))
        demo = Studio(settings_for(home, url, studio_demo=True), pace=QUICK)
        async with demo.running():
            assert (await demo.jobs())["items"] == []
            job = await demo.submit(family="text_to_video", model="wan2.6-t2v", given=WORDS)
            assert job["demo"]
            await demo.cancel(job["id"])
        async with studio_at(home, url) as studio:
            assert [job["demo"] for job in (await studio.jobs())["items"]] == [False]


async def test_the_same_studio_runs_on_postgresql(home: Path, tmp_path: Path, postgres_url: str) -> None:
    async with simulated(tmp_path / "vendor", run_seconds=200) as (simulator, url):
        async with studio_at(home, url, studio_database_url=postgres_url) as studio:
            job_id = await buy(studio)
            await until(studio, job_id, lambda job: job["task_id"] is not None)
        async with studio_at(home, url, studio_database_url=postgres_url) as studio:
            assert (await until(studio, job_id))["status"] == "succeeded"
            assert not (home / "studio.db").exists()
        assert len(simulator.creates) == 1
