"""The history and the ledger, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.database import tables
from services.database.jobs import History
from services.domain.errors import NotFound
from services.domain.jobs import Asset, Because, Job, JobStatus, PrecheckState, SubmissionState, new_id
from services.domain.people import EVERYONE
from services.domain.search_query import Find
from services.gallery.search_syntax import parse_query
from tests.rig.postgres import emptied


def a_job(number: int = 1, **changes: object) -> Job:
    job = Job(
        id=new_id(1_000 + number),
        person="local",
        family="text_to_video",
        model="a-model",
        vendor_model="a-model",
        region="singapore",
        account="singapore-1234",
        base_url="https://vendor.example/api/v1",
        demo=False,
        prompt=f"clip number {number}",
        parameters={"duration": 5},
        created_at=1_000 + number,
        updated_at=1_000 + number,
        estimated_micros=500_000,
        currency="USD",
    )
    return replace(job, **changes)


def an_asset(job: Job, role: str = "output") -> Asset:
    return Asset(
        id=new_id(5), job_id=job.id, role=role, kind="video", name="a.mp4", key="k", mime="video/mp4", bytes=7,
        sha256="0" * 64, created_at=5,
    )  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}"
    return await emptied(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def history(url: str) -> AsyncIterator[History]:
    async with History.open(url) as opened:
        yield opened


async def test_a_job_is_read_as_it_was_written(history: History) -> None:
    job = await history.add(a_job(parameters={"size": "1280*720", "watermark": False}), ())
    assert await history.job(job.id, owner=EVERYONE) == job


async def test_an_unknown_job_and_file_are_not_found(history: History) -> None:
    with pytest.raises(NotFound):
        await history.job("nobody", owner=EVERYONE)
    with pytest.raises(NotFound):
        await history.asset("nothing", owner=EVERYONE)


@pytest.mark.parametrize("sign", ["\0", "\ud83d"])
async def test_signs_that_no_database_takes_are_neither_an_error_nor_a_find(history: History, sign: str) -> None:
    written = await history.add(a_job(prompt=f"fox{sign}", rewritten_prompt=f"{sign}fox{sign}"))
    job = await history.job(written.id, owner=EVERYONE)
    assert (job.prompt, job.rewritten_prompt) == ("fox\ufffd", "\ufffdfox\ufffd")
    changed = await history.change(job.id, remark=f"half a sign {sign}")
    assert changed is not None
    assert changed.remark == "half a sign \ufffd"
    with pytest.raises(NotFound):
        await history.with_assets(f"{job.id}{sign}", owner=EVERYONE)
    with pytest.raises(NotFound):
        await history.asset(sign, owner=f"a{sign}")
    assert await history.several([sign, job.id], owner=EVERYONE) == (await history.with_assets(job.id, owner=EVERYONE),)
    for words in (sign, f"fox{sign}", f"tag:{sign} in:{sign}", f'"{sign}"', f"by:{sign} model:a{sign}"):
        page = await history.page(Find(query=parse_query(words), family=f"x{sign}", collection=sign))
        assert page.items == ()
        assert "".join(page.remarks).encode() is not None


@pytest.mark.parametrize("number", [10**30, -(10**30), 1 << 63])
async def test_changes_after_a_number_that_no_database_counts_to(history: History, number: int) -> None:
    job = await history.add(a_job())
    found = await history.changed_since(number, owner=EVERYONE)
    assert [one.job.id for one in found] == ([job.id] if number < 0 else [])


async def test_pages_hold_every_job_once_newest_first(history: History) -> None:
    for number in range(25):
        await history.add(a_job(number // 3))  # several share a moment
    seen: list[Job] = []
    cursor = None
    while True:
        page = await history.page(Find(), cursor=cursor, limit=4)
        seen += [found.job for found in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len({job.id for job in seen}) == 25
    assert seen == sorted(seen, key=lambda job: job.place, reverse=True)
    assert [job.created_at for job in seen] == sorted((job.created_at for job in seen), reverse=True)


async def test_jobs_that_arrive_while_paging_neither_repeat_nor_skip_older_ones(history: History) -> None:
    for number in range(10):
        await history.add(a_job(number))
    first = await history.page(Find(), limit=5)
    for number in range(20, 30):
        await history.add(a_job(number))
    second = await history.page(Find(), cursor=first.next_cursor, limit=5)
    assert [found.job.prompt for found in (*first.items, *second.items)] == [
        f"clip number {number}" for number in range(9, -1, -1)
    ]


@pytest.mark.parametrize("cursor", ["x", "12_a", "_a", "-1", "٣", "1.5", "9" * 19, "9" * 30, " 1"])
async def test_a_made_up_cursor_is_not_found(history: History, cursor: str) -> None:
    with pytest.raises(NotFound):
        await history.page(Find(), cursor=cursor)


async def test_finding_by_words_family_state_and_demo(history: History) -> None:
    await history.add(a_job(1, prompt="A Red fox, 100% wool"))
    await history.add(a_job(2, prompt="一只红色的狐狸", family="image_to_video"))
    await history.add(a_job(3, prompt="a red kite", demo=True, status=JobStatus.FAILED))

    async def prompts(find: Find) -> list[str]:
        return [found.job.prompt for found in (await history.page(find)).items]

    def words(text: str) -> Find:
        return Find(query=parse_query(text))

    assert await prompts(words("red")) == ["a red kite", "A Red fox, 100% wool"]
    assert await prompts(words("fox red")) == ["A Red fox, 100% wool"]
    assert await prompts(words("100% WOOL")) == ["A Red fox, 100% wool"]
    assert await prompts(words("狐狸")) == ["一只红色的狐狸"]
    assert await prompts(words("_ed")) == []
    assert await prompts(Find(family="image_to_video")) == ["一只红色的狐狸"]
    assert await prompts(Find(statuses=(JobStatus.FAILED,))) == ["a red kite"]
    assert await prompts(Find(demo=False, query=parse_query("red"))) == ["A Red fox, 100% wool"]


async def test_a_change_from_another_state_changes_nothing(history: History) -> None:
    job = await history.add(a_job(status=JobStatus.RUNNING))
    refused = await history.change(
        job.id, only_from=frozenset({JobStatus.QUEUED}), status=JobStatus.CANCELED, updated_at=9
    )
    assert refused is None
    assert (await history.job(job.id, owner=EVERYONE)).status is JobStatus.RUNNING


async def test_the_end_of_a_job_and_its_files_are_written_together(history: History) -> None:
    job = await history.add(a_job())
    asset = an_asset(job)
    nothing = replace(asset, id=new_id(2), sha256=cast("str", None))  # no row can have it
    with pytest.raises(IntegrityError):  # neither the files nor the state may be written
        await history.change(job.id, status=JobStatus.SUCCEEDED, files=[asset, nothing], updated_at=9)
    assert (await history.job(job.id, owner=EVERYONE)).status is JobStatus.QUEUED
    await history.change(job.id, status=JobStatus.SUCCEEDED, files=[asset], updated_at=9)
    found = await history.with_assets(job.id, owner=EVERYONE)
    assert (found.job.status, found.assets) == (JobStatus.SUCCEEDED, (asset,))
    assert await history.asset(asset.id, owner=EVERYONE) == asset


async def test_changes_are_told_once_each_in_their_order(history: History) -> None:
    one, two = await history.add(a_job(1)), await history.add(a_job(2))
    before = await history.sequence()
    await history.change(two.id, status=JobStatus.RUNNING, updated_at=9)
    await history.change(one.id, status=JobStatus.RUNNING, updated_at=9)
    changed = await history.changed_since(before, owner=EVERYONE)
    assert [found.job.id for found in changed] == [two.id, one.id]
    assert await history.changed_since(changed[-1].job.sequence, owner=EVERYONE) == ()


async def test_many_writers_at_once_lose_nothing(history: History) -> None:
    jobs = [await history.add(a_job(number)) for number in range(8)]
    await asyncio.gather(
        *(history.change(job.id, attention=str(turn), updated_at=turn) for turn in range(5) for job in jobs)
    )
    sequences = [found.job.sequence for found in (await history.page(Find())).items]
    assert len(set(sequences)) == 8
    assert await history.sequence() == 8 + 40


async def test_an_attempt_has_one_row_whoever_tries(history: History) -> None:
    job = await history.add(a_job())
    await history.submissions.open(job, attempt=1, started_at=5)
    with pytest.raises(IntegrityError):
        await history.submissions.open(job, attempt=1, started_at=6)


async def test_a_task_belongs_to_one_submission_only(history: History) -> None:
    first, second = await history.add(a_job(1)), await history.add(a_job(2))
    one = await history.submissions.open(first, attempt=1, started_at=5)
    two = await history.submissions.open(second, attempt=1, started_at=5)
    taken = await history.submissions.take(one, task_id="t-1", status=JobStatus.PENDING, updated_at=7)
    assert taken is not None
    assert (taken.task_id, taken.status) == ("t-1", JobStatus.PENDING)
    assert await history.submissions.take(two, task_id="t-1", status=JobStatus.PENDING, updated_at=7) is None
    assert (await history.job(second.id, owner=EVERYONE)).task_id is None
    assert await history.submissions.known_tasks(account=first.account, task_ids=["t-1", "t-2"]) == {"t-1"}


async def test_open_submissions_are_those_without_an_answer(history: History) -> None:
    jobs = [await history.add(a_job(number)) for number in range(3)]
    opened = [await history.submissions.open(job, attempt=1, started_at=10 - number) for number, job in enumerate(jobs)]
    await history.submissions.close(opened[1], because=Because.FULL)
    rest = await history.submissions.rivals(opened[0])
    assert [(one.submission.job_id, one.prompt) for one in rest] == [
        (jobs[2].id, "clip number 2"),
        (jobs[0].id, "clip number 0"),
    ]


async def test_the_first_moment_of_loss_stays(history: History) -> None:
    submission = await history.submissions.open(await history.add(a_job()), attempt=1, started_at=5)
    await history.submissions.lose(submission, lost_at=20)
    assert (await history.submissions.lose(submission, lost_at=90)).lost_at == 20


async def test_files_of_a_job_come_in_their_order(history: History) -> None:
    job = a_job()
    files = [replace(an_asset(job, "images"), position=position, created_at=9 - position) for position in (2, 0, 1)]
    await history.add(job, files)
    assert [asset.position for asset in (await history.with_assets(job.id, owner=EVERYONE)).assets] == [0, 1, 2]


async def test_two_jobs_at_once_get_one_question_and_an_answer_serves_both(history: History) -> None:
    jobs = [await history.add(a_job(number)) for number in range(6)]
    asked = await asyncio.gather(
        *(history.prechecks.begin(job, vendor_check="c", sha256="s", micros=4_000, asked_at=1) for job in jobs)
    )
    assert sum(is_new for _check, is_new in asked) == 1
    check = asked[0][0]
    await history.prechecks.settle(check, state=PrecheckState.PASSED, answered_at=2)
    known = await history.prechecks.find(jobs[0], vendor_check="c", sha256="s")
    assert known is not None
    assert known.state is PrecheckState.PASSED
    paid = {job.id: await history.prechecks.paid_by(job.id) for job in jobs}
    assert sorted(paid.values()) == [0, 0, 0, 0, 0, 4_000]
    assert paid[check.job_id] == 4_000
    assert await history.prechecks.find(jobs[0], vendor_check="c", sha256="other") is None
    assert await history.prechecks.find(replace(jobs[0], account="b"), vendor_check="c", sha256="s") is None


@pytest.mark.parametrize("state", [PrecheckState.LOST, PrecheckState.NOT_TAKEN])
async def test_a_question_without_an_answer_may_be_asked_anew(history: History, state: PrecheckState) -> None:
    job = await history.add(a_job())
    check, _new = await history.prechecks.begin(job, vendor_check="c", sha256="s", micros=4_000, asked_at=1)
    await history.prechecks.settle(check, state=state, answered_at=2)
    assert await history.prechecks.find(job, vendor_check="c", sha256="s") is None
    assert (await history.prechecks.begin(job, vendor_check="c", sha256="s", micros=4_000, asked_at=3))[1]
    assert await history.prechecks.paid_by(job.id) == 0


async def test_a_live_call_is_no_rival_of_lost_tasks(history: History) -> None:
    one, two = await history.add(a_job(1)), await history.add(a_job(2))
    live = await history.submissions.open(one, attempt=1, started_at=5, live=True)
    lost = await history.submissions.open(two, attempt=1, started_at=5)
    rest = await history.submissions.rivals(lost)
    assert [found.submission.job_id for found in rest] == [two.id]
    job = await history.submissions.end_live(live, state=SubmissionState.TAKEN, status=JobStatus.SAVING, updated_at=9)
    assert (job.status, job.task_id) == (JobStatus.SAVING, None)


async def test_several_processes_may_open_a_new_database_at_once(url: str) -> None:
    async def open_and_write(number: int) -> None:
        async with History.open(url) as history:
            await history.add(a_job(number))

    await asyncio.gather(*(open_and_write(number) for number in range(4)))
    async with History.open(url) as history:
        assert len((await history.page(Find())).items) == 4


async def test_a_new_database_that_another_is_just_making_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "studio.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE made_by_another (x)")
        other.execute("BEGIN IMMEDIATE")

        async def open_and_write() -> None:
            async with History.open(f"sqlite+aiosqlite:///{file}") as history:
                await history.add(a_job())

        opening = asyncio.create_task(open_and_write())
        await asyncio.wait([opening], timeout=0.5)
        assert not opening.done()
        other.execute("COMMIT")
        async with asyncio.timeout(20):
            await opening


async def test_who_is_canceled_in_the_middle_of_writing_holds_up_nobody(history: History, url: str) -> None:
    job = await history.add(a_job())
    long = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n"
    writing = asyncio.Event()

    async def write() -> None:
        async with history.engine.begin() as connection:
            await connection.execute(tables.jobs.update().values(remark="half"))
            writing.set()
            await connection.execute(sa.text(long))

    gc.disable()  # it may be long before what was forgotten is collected
    try:
        task = asyncio.create_task(write())
        await writing.wait()
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as kept:
            await task
        async with asyncio.timeout(20):
            await history.change(job.id, remark="whole")
    finally:
        gc.enable()
    assert kept.tb is not None
    assert (await history.job(job.id, owner=EVERYONE)).remark == "whole"
