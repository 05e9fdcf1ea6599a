"""A job of an older database is sent once a person says so, and never by itself, whoever runs it; on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.database.jobs import History
from services.database.reservations import day_of
from services.database.restored_jobs import is_held
from services.domain.errors import StudioError, Unreachable
from services.domain.jobs import Decision, JobStatus, SubmissionState
from services.domain.people import EVERYONE
from services.jobs.steps.resolve import decide
from services.jobs.steps.submit import submit
from services.money.spending import Spending
from tests.jobs.steps.test_resolve import NOON, Clock, Vendor, a_job, context_of
from tests.rig.postgres import emptied

WAITING = (JobStatus.QUEUED, JobStatus.UPLOADING, JobStatus.SUBMITTING, JobStatus.UNKNOWN)


@pytest.fixture(params=["sqlite", "postgresql"])
async def history(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[History]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}"
    if request.param == "postgresql":
        url = await emptied(request.getfixturevalue("postgres_url"))
    async with History.open(url) as opened:
        yield opened


@pytest.mark.parametrize("status", WAITING)
async def test_it_is_not_sent_by_whatever_runs_it_and_once_by_a_persons_word(
    history: History, tmp_path: Path, status: JobStatus
) -> None:
    clock, vendor = Clock(), Vendor()
    context = context_of(history, vendor, clock, tmp_path)
    job = await history.add(a_job(status))
    if status in (JobStatus.SUBMITTING, JobStatus.UNKNOWN):
        await history.submissions.open(job, attempt=1, started_at=NOON)

    assert await history.restored_jobs.hold(now=NOON, above=500, notes={}, mishap=None) == (job.id,)

    held = await history.job(job.id, owner=EVERYONE)
    assert is_held(held)
    assert held.sequence > 500
    for grant in (NOON, None):  # what the engine remembers of it, from before or from any time
        assert await submit(context, job.id, grant=grant) is None
    assert vendor.created == 0
    assert await Spending(history.engine).today(person=None, demo=False, day=day_of(NOON)) is not None

    decided = await decide(context, job.id, Decision.SEND)
    assert (decided.status, decided.decision) == (JobStatus.QUEUED, Decision.SEND)
    latest = await history.submissions.latest(job.id)
    assert latest is not None
    assert latest.state is SubmissionState.LOST
    with pytest.raises(StudioError, match="nothing to decide"):
        await decide(context, job.id, Decision.SEND)
    assert await history.restored_jobs.hold(now=NOON + 1, above=0, notes={}, mishap=None) == (job.id,), (
        "again, if it is again"
    )


async def test_what_has_a_task_goes_on_and_what_ended_stays(history: History) -> None:
    running = await history.add(a_job(JobStatus.RUNNING, task_id="t"))
    done = await history.add(a_job(JobStatus.SUCCEEDED))
    await history.change(done.id, deleted_at=NOON)
    later = NOON + 86_400_000
    assert await history.restored_jobs.hold(now=later, above=0, notes={"a": "b"}, mishap=lambda count: f"{count}") == ()
    assert (await history.job(running.id, owner=EVERYONE)).status is JobStatus.RUNNING
    assert (await history.job(done.id, owner=EVERYONE)).deleted_at == later, "the bin's 30 days begin again"
    assert (await history.facts.get("a"), await history.facts.get("mishap")) == ("b", "0")


async def test_letting_it_go_ends_it(history: History, tmp_path: Path) -> None:
    context = context_of(history, Vendor(creating=Unreachable("There is no connection.")), Clock(), tmp_path)
    job = await history.add(a_job(JobStatus.QUEUED))
    await history.restored_jobs.hold(now=NOON, above=0, notes={}, mishap=None)
    assert (await decide(context, job.id, Decision.DROP)).status is JobStatus.CANCELED
