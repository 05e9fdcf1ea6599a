"""A lost answer that nobody can look up: when a person is asked, what they can decide, and that no state lasts.

With a vendor that does as it is told and a clock that only moves while somebody sleeps.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from services.dashscope import Created, DashScope, Downloaded, Task, TaskStatus
from services.dashscope.api_keys import Accounts
from services.dashscope.replies import ListedTask
from services.database.caps import Period, Scope, Spender
from services.database.jobs import History
from services.domain.errors import (
    KeyRefused,
    OverCap,
    Refused,
    StudioError,
    Throttled,
    Unavailable,
    Unreachable,
    VendorError,
)
from services.domain.jobs import Because, Decision, Job, JobStatus, Submission, SubmissionState, new_id
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.late_tasks import LateTasks
from services.jobs.pace import Pace
from services.jobs.scheduling.slots import Slots
from services.jobs.steps.cancel import cancel
from services.jobs.steps.poll import wait
from services.jobs.steps.reconcile import reconcile
from services.jobs.steps.resolve import decide
from services.jobs.steps.save import save
from services.jobs.steps.submit import submit
from services.jobs.steps.throttle import give_back
from services.money.spending import Span, Spending
from services.storage.archive import Archive
from tests.rig.contexts import context_on
from tests.rig.postgres import emptied

NOON = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
REFUSED = KeyRefused("The provider does not accept the key.", code="InvalidApiKey", http_status=401)


@dataclass
class Clock:
    """Moves while somebody sleeps; from the first look of a test on, by one sleep at each look in vain."""

    now: int = NOON
    looked_at: bool = False
    asleep: deque[asyncio.Event] = field(default_factory=deque)

    def __call__(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        if self.looked_at:
            self.asleep.append(woken := asyncio.Event())
            await woken.wait()
        self.now += round(seconds * 1000)
        await asyncio.sleep(0)

    async def until(self, good: Callable[[], Awaitable[bool]]) -> None:
        """Let time pass until something is so, and no longer."""
        self.looked_at = True
        async with asyncio.timeout(30):
            while True:
                rests = bool(self.asleep)  # else something is on its way, which a look now could miss
                if await good():
                    return
                if rests:
                    self.asleep.popleft().set()
                await asyncio.sleep(0)

    def go(self) -> None:
        """Let time pass by itself again."""
        self.looked_at = False
        while self.asleep:
            self.asleep.popleft().set()


@dataclass
class Vendor:
    """Has these tasks; each kind of call fails as it is told."""

    tasks: dict[str, Task] = field(default_factory=dict)
    listing: VendorError | None = None
    asking: VendorError | None = None
    creating: VendorError | None = None
    created: int = 0

    async def list_tasks(self, *, model: str, start: datetime, end: datetime) -> tuple[ListedTask, ...]:
        if self.listing:
            raise self.listing
        rows = [(name, task) for name, task in self.tasks.items() if task.submitted_at is not None]
        return tuple(
            ListedTask(
                task_id=name,
                model=model,
                status=task.status,
                created_at=task.submitted_at,
                request_id="r",
                api_key_id="k",
            )
            for name, task in rows
            if task.submitted_at is not None and start <= task.submitted_at <= end
        )

    async def query(self, task_id: str) -> Task:
        if self.asking:
            raise self.asking
        return self.tasks.get(task_id, a_task(task_id, TaskStatus.UNKNOWN))

    async def cancel(self, task_id: str) -> None:
        raise Refused(f"{task_id} is not pending.", code="UnsupportedOperation", http_status=400)

    async def create(self, _path: str, _body: Mapping[str, object], *, uses_oss: bool) -> Created:
        self.created += 1
        if self.creating:
            raise self.creating
        raise Unreachable("There is no connection.")

    async def download(self, _url: str, _target: Path) -> Downloaded:
        raise Unavailable("The connection broke.")


@dataclass
class Keys:
    """The only account there is, or none."""

    vendor: Vendor | None

    async def client(self, **_pinned: str) -> DashScope | None:
        return cast("DashScope", self.vendor)  # it has what the steps use


def a_task(task_id: str, status: TaskStatus, *, at: int = NOON + 1000, prompt: str | None = None) -> Task:
    return Task(
        task_id=task_id,
        status=status,
        request_id="r",
        submitted_at=datetime.fromtimestamp(at / 1000, UTC),
        scheduled_at=None,
        ended_at=None,
        parts=(),
        failures=(),
        orig_prompt=prompt,
        actual_prompt=None,
        code="",
        message="",
        usage={},
    )


def a_job(status: JobStatus, *, task_id: str | None = None) -> Job:
    return Job(
        id=new_id(NOON),
        person="mei",
        family="text_to_video",
        model="wan2.6-t2v",
        vendor_model="wan2.6-t2v",
        region="singapore",
        account="a",
        base_url="https://vendor.example/api/v1",
        demo=False,
        status=status,
        prompt="a fox",
        parameters={"duration": 5},
        created_at=NOON,
        updated_at=NOON,
        submitted_at=NOON if task_id else None,
        dispatched_at=NOON,
        task_id=task_id,
        estimated_micros=500_000,
        currency="USD",
    )


@pytest.fixture(params=["sqlite", "postgresql"])
async def history(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[History]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}"
    if request.param == "postgresql":
        url = await emptied(request.getfixturevalue("postgres_url"))
    async with History.open(url) as opened:
        yield opened


@dataclass
class Scene:
    """A job whose answer was lost, and all around it."""

    context: Context
    vendor: Vendor
    clock: Clock
    job: Job
    submission: Submission

    async def now(self) -> Job:
        return await self.context.history.job(self.job.id, owner=EVERYONE)

    async def until(self, good: Callable[[Job], bool]) -> Job:
        async def so() -> bool:
            return good(await self.now())

        await self.clock.until(so)
        return await self.now()

    async def state(self) -> SubmissionState:
        latest = await self.context.history.submissions.latest(self.job.id)
        assert latest is not None
        return latest.state


def context_of(history: History, vendor: Vendor | None, clock: Clock, home: Path) -> Context:
    archive = Archive(home / "files")
    archive.prepare()

    async def announce(_job_id: str) -> None:
        """Nobody watches."""

    return context_on(
        history,
        archive=archive,
        accounts=cast("Accounts", Keys(vendor)),  # it has what a context uses
        announce=announce,
        pace=Pace(poll=600, retry=600, retry_longest=600),
        clock=clock,
        sleep=clock.sleep,
    )


@pytest.fixture
async def scene(history: History, tmp_path: Path) -> Scene:
    clock, vendor = Clock(), Vendor()
    context = context_of(history, vendor, clock, tmp_path)
    job = await history.add(a_job(JobStatus.SUBMITTING))
    submission = await history.submissions.open(job, attempt=1, started_at=NOON)
    return Scene(context, vendor, clock, job, submission)


@asynccontextmanager
async def looking(scene: Scene) -> AsyncIterator[None]:
    """The studio looks the order up meanwhile."""
    task = asyncio.create_task(reconcile(scene.context, scene.job, scene.submission))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


# Asking a person -----------------------------------------------------------------------------------------------------


async def test_a_key_that_may_not_read_the_list_asks_at_once(scene: Scene) -> None:
    scene.vendor.listing = REFUSED
    async with looking(scene):
        asked = await scene.until(lambda job: job.decision is Decision.WANTED)
    assert asked.status is JobStatus.UNKNOWN
    assert scene.clock.now - NOON < MINUTE
    assert "your key may not read" in (asked.attention or "")


async def test_a_list_out_of_reach_is_tried_for_two_minutes_before_a_person_is_asked(scene: Scene) -> None:
    scene.vendor.listing = Unreachable("There is no connection.")
    async with looking(scene):
        await scene.until(lambda job: "cannot be read just now" in (job.attention or ""))
        assert (await scene.now()).decision is None
        await scene.until(lambda job: job.decision is Decision.WANTED)
    assert scene.clock.now - NOON >= 2 * MINUTE


async def test_the_question_is_withdrawn_when_the_list_can_be_read_again(scene: Scene) -> None:
    scene.vendor.listing = REFUSED
    scene.vendor.tasks["t"] = a_task("t", TaskStatus.RUNNING)
    async with looking(scene):
        await scene.until(lambda job: job.decision is Decision.WANTED)
        scene.vendor.listing = None
        adopted = await scene.until(lambda job: job.status is JobStatus.PENDING)
    assert (adopted.task_id, adopted.decision, adopted.attention) == ("t", None, None)
    with pytest.raises(StudioError, match="nothing to decide"):
        await decide(scene.context, scene.job.id, Decision.SEND)
    assert await scene.now() == adopted


async def test_a_task_that_was_adopted_and_tells_other_words_is_given_up_again(scene: Scene) -> None:
    """Somebody else buys with the same account; the list says no more than that there is one."""
    scene.vendor.tasks["theirs"] = a_task("theirs", TaskStatus.RUNNING)
    adopted = await submit(scene.context, scene.job.id, grant=NOON)
    assert adopted is not None
    assert adopted.task_id == "theirs"
    scene.vendor.tasks["theirs"] = a_task("theirs", TaskStatus.SUCCEEDED, prompt="a boat")
    scene.vendor.tasks["ours"] = a_task("ours", TaskStatus.SUCCEEDED, prompt="a  fox ")
    assert await wait(scene.context, adopted) is None
    assert ((await scene.now()).status, await scene.state()) == (JobStatus.UNKNOWN, SubmissionState.OPEN)
    again = await submit(scene.context, scene.job.id, grant=NOON)
    assert again is not None
    assert again.task_id == "ours"
    assert (await wait(scene.context, again)) is not None
    assert (await scene.now()).status is JobStatus.SAVING
    assert scene.vendor.created == 0


async def test_a_task_that_is_not_known_yet_is_not_given_up(scene: Scene) -> None:
    submissions = scene.context.history.submissions
    job = await submissions.take(
        scene.submission, task_id="t", status=JobStatus.PENDING, submitted_at=NOON, updated_at=NOON
    )
    assert job is not None
    waiting = asyncio.create_task(wait(replace(scene.context, pace=Pace(poll=15, first_poll=1)), job))
    await scene.until(lambda _job: scene.clock.now - NOON > MINUTE // 2)
    assert "does not know" in ((await scene.now()).attention or "")
    scene.vendor.tasks["t"] = a_task("t", TaskStatus.SUCCEEDED, prompt="a fox")
    scene.clock.go()
    assert await waiting is not None


async def test_a_work_that_never_tells_its_words_is_for_a_person_to_judge(scene: Scene) -> None:
    """The clock was put right in mid call and the studio killed: what was bought lies in a time that was not."""
    scene.clock.now += 60 * MINUTE
    scene.vendor.tasks["t"] = a_task("t", TaskStatus.SUCCEEDED, at=scene.clock.now - MINUTE)
    async with looking(scene):
        asked = await scene.until(lambda job: job.decision is Decision.WANTED)
        assert "somebody else's" in (asked.attention or "")
        assert await scene.state() is SubmissionState.OPEN
        del scene.vendor.tasks["t"]  # somebody's after all
        assert (await scene.until(lambda job: job.status is JobStatus.QUEUED)).decision is Decision.UNLISTED
    assert await scene.state() is SubmissionState.NOT_TAKEN


# Deciding ------------------------------------------------------------------------------------------------------------


async def test_who_still_looks_it_up_lets_go_when_it_is_sent_again_elsewhere(scene: Scene) -> None:
    context, history = scene.context, scene.context.history
    scene.vendor.listing = REFUSED
    here = asyncio.create_task(submit(context, scene.job.id, grant=NOON))
    await scene.until(lambda job: job.decision is Decision.WANTED)
    await decide(replace(context, wake={}), scene.job.id, Decision.SEND)
    elsewhere = await history.change(scene.job.id, dispatched_at=NOON + MINUTE)
    assert elsewhere is not None
    scene.clock.go()
    assert await here is None
    assert scene.vendor.created == 0
    assert (await scene.now()).status is JobStatus.QUEUED


async def test_a_step_is_not_taken_with_a_lane_that_is_given_away(scene: Scene) -> None:
    history, job = scene.context.history, scene.job
    assert await Slots(history.engine).turn_to_send(job, now=NOON) is not None
    await history.change(job.id, dispatched_at=NOON + MINUTE)
    assert await Slots(history.engine).turn_to_send(job, now=NOON) is None
    assert await Slots(history.engine).may_send(job, now=NOON) is None
    assert await history.change(job.id, only_slot=NOON, status=JobStatus.UPLOADING) is None
    assert (await scene.now()).status is JobStatus.SUBMITTING
    changed = await history.change(job.id, only_slot=NOON + MINUTE, status=JobStatus.UPLOADING)
    assert changed is not None


async def _asked(scene: Scene) -> None:
    scene.vendor.listing = REFUSED
    await scene.until(lambda job: job.decision is Decision.WANTED)


async def test_sent_again_it_waits_for_its_turn_and_the_lost_order_stays_in_the_books(scene: Scene) -> None:
    async with looking(scene):
        await _asked(scene)
        decided = await decide(scene.context, scene.job.id, Decision.SEND)
    assert (decided.status, decided.dispatched_at, decided.decision) == (JobStatus.QUEUED, None, Decision.SEND)
    assert await scene.state() is SubmissionState.LOST
    assert await submit(scene.context, scene.job.id, grant=NOON) is None, "it has no slot yet"
    assert scene.vendor.created == 0


async def test_sent_again_both_orders_count_until_it_is_known(scene: Scene) -> None:
    history = scene.context.history
    cap = await history.caps.put(scope=Scope.ALL, person=None, period=Period.EVER, currency="USD", micros=900_000)

    async def used() -> int:
        return (await history.caps.state(cap, Spender(person="mei", demo=False, day="2026-11-22"))).used

    async with looking(scene):
        await _asked(scene)
        with pytest.raises(OverCap, match=r"only \$0\.40 is left"):
            await decide(scene.context, scene.job.id, Decision.SEND)
        assert (await scene.now()).decision is Decision.WANTED
        cap = await history.caps.put(scope=Scope.ALL, person=None, period=Period.EVER, currency="USD", micros=1_000_000)
        await decide(scene.context, scene.job.id, Decision.SEND)
    assert await used() == 1_000_000
    await history.change(scene.job.id, status=JobStatus.SUCCEEDED, actual_micros=400_000)
    assert await used() == 900_000
    span = Span(person=None, demo=False, first="2026-11-20", last="2026-11-24")
    (total,) = (await Spending(history.engine).spend(span)).total
    assert (total.spent, total.open, total.unsure, total.jobs) == (400_000, 0, 500_000, 1)
    lines = [line async for line in Spending(history.engine).csv(span)]
    assert ",0.500000,0.400000,0.500000,USD,billed," in lines[-1]


async def test_let_go_it_ends_and_its_money_stays_held(scene: Scene) -> None:
    async with looking(scene):
        await _asked(scene)
        decided = await decide(scene.context, scene.job.id, Decision.DROP)
    assert (decided.status, decided.actual_micros) == (JobStatus.CANCELED, None)
    assert "$0.5" in (decided.remark or "")
    caps = scene.context.history.caps
    cap = await caps.put(scope=Scope.ALL, person=None, period=Period.EVER, currency="USD", micros=1)
    state = await caps.state(cap, Spender(person="mei", demo=False, day="2026-11-22"))
    assert state.used == 500_000, "it may have been billed"


async def test_a_decision_is_taken_once(scene: Scene) -> None:
    async with looking(scene):
        await _asked(scene)
        both = await asyncio.gather(
            decide(scene.context, scene.job.id, Decision.SEND),
            decide(scene.context, scene.job.id, Decision.DROP),
            return_exceptions=True,
        )
    assert sum(isinstance(one, StudioError) for one in both) == 1


async def test_nothing_is_decided_where_nobody_is_asked(scene: Scene) -> None:
    with pytest.raises(StudioError, match="nothing to decide"):
        await decide(scene.context, scene.job.id, Decision.SEND)
    assert await scene.state() is SubmissionState.OPEN


async def test_a_task_and_a_decision_that_come_at_once_never_both_count(scene: Scene) -> None:
    submissions = scene.context.history.submissions
    took, gave_up = await asyncio.gather(
        submissions.take(scene.submission, task_id="t", status=JobStatus.PENDING, updated_at=NOON),
        submissions.give_up(scene.submission, status=JobStatus.CANCELED, updated_at=NOON),
    )
    assert (took is None) != (gave_up is None)
    job = await scene.now()
    assert job.status is (JobStatus.PENDING if took else JobStatus.CANCELED)
    assert (job.task_id == "t") is (took is not None)


async def test_minutes_pass_before_a_list_without_the_order_means_anything(scene: Scene) -> None:
    async with looking(scene):
        asked = await scene.until(lambda job: job.status is JobStatus.QUEUED)
    assert 6 * MINUTE <= scene.clock.now - NOON < 7 * MINUTE
    assert (asked.dispatched_at, asked.decision) == (None, Decision.UNLISTED)
    assert "within 6 minutes" in (asked.attention or "")
    assert await scene.state() is SubmissionState.NOT_TAKEN
    assert await submit(scene.context, scene.job.id, grant=None) is None
    assert scene.vendor.created == 0


async def test_what_was_canceled_meanwhile_and_is_not_listed_ends_for_free(scene: Scene) -> None:
    await cancel(scene.context, scene.job.id)
    async with looking(scene):
        ended = await scene.until(lambda job: job.status.final)
    assert (ended.status, ended.actual_micros) == (JobStatus.CANCELED, 0)


async def test_not_listed_and_let_go_costs_nothing(scene: Scene) -> None:
    await _unlisted(scene)
    decided = await decide(scene.context, scene.job.id, Decision.DROP)
    assert (decided.status, decided.actual_micros) == (JobStatus.CANCELED, 0)
    with pytest.raises(StudioError, match="nothing to decide"):
        await decide(scene.context, scene.job.id, Decision.SEND)


async def test_not_listed_and_sent_again_it_counts_once_until_the_first_turns_up(scene: Scene) -> None:
    await _unlisted(scene)
    decided = await decide(scene.context, scene.job.id, Decision.SEND)
    assert (decided.status, decided.decision, decided.dispatched_at) == (JobStatus.QUEUED, Decision.SEND, None)
    assert await _used(scene) == 500_000


@pytest.mark.parametrize("word", ["wanted", "unlisted", "refused"])
async def test_a_question_is_no_answer(scene: Scene, word: str) -> None:
    await _unlisted(scene)
    with pytest.raises(StudioError, match="`send` or `drop`"):
        await decide(scene.context, scene.job.id, Decision(word))


async def _unlisted(scene: Scene) -> None:
    async with looking(scene):
        await scene.until(lambda job: job.decision is Decision.UNLISTED)
    scene.clock.go()


async def _used(scene: Scene) -> int:
    """What counts towards a cap on everything."""
    caps = scene.context.history.caps
    cap = await caps.put(scope=Scope.ALL, person=None, period=Period.EVER, currency="USD", micros=10**9)
    return (await caps.state(cap, Spender(person="mei", demo=False, day="2026-11-22"))).used


# The list lags -------------------------------------------------------------------------------------------------------


async def _taken(scene: Scene, task_id: str, *, at: int) -> None:
    """Another order of the same model whose answer arrived."""
    job = await scene.context.history.add(a_job(JobStatus.SUBMITTING))
    other = await scene.context.history.submissions.open(job, attempt=1, started_at=at)
    await scene.context.history.submissions.take(other, task_id=task_id, status=JobStatus.PENDING, updated_at=at)


async def test_while_the_list_lacks_a_task_that_exists_it_proves_nothing(scene: Scene) -> None:
    await _taken(scene, "known", at=NOON + 1000)
    async with looking(scene):
        asked = await scene.until(lambda job: job.decision is not None)
        assert (asked.status, asked.decision) == (JobStatus.UNKNOWN, Decision.WANTED)
        assert "is behind" in (asked.attention or "")
        assert scene.clock.now - NOON >= 6 * MINUTE
        lag = scene.context.task_list.lag_seconds("a")
        assert lag >= 5 * 60
        scene.vendor.tasks["known"] = a_task("known", TaskStatus.RUNNING, prompt="a boat")
        await scene.until(lambda job: job.decision is Decision.UNLISTED)
    assert scene.clock.now - NOON >= 2 * lag * 1000, "a list that lagged gets twice its lag"


async def test_a_task_that_the_vendor_has_forgotten_is_not_missing_from_its_list(scene: Scene) -> None:
    await _taken(scene, "forgotten", at=NOON + 1000)
    scene.clock.now += (23 * 60 + 20) * MINUTE  # the machine slept, and the answer was given up only now
    async with looking(scene):
        asked = await scene.until(lambda job: job.decision is not None)
    assert asked.decision is Decision.UNLISTED
    assert scene.context.task_list.lag_seconds("a") == 0


async def test_a_task_that_is_listed_late_is_adopted_by_the_job_that_waits_for_it(scene: Scene) -> None:
    async with looking(scene):
        await scene.until(lambda _job: scene.clock.now - NOON > 5 * MINUTE)
        scene.vendor.tasks["late"] = a_task("late", TaskStatus.RUNNING)
        adopted = await scene.until(lambda job: job.status is JobStatus.PENDING)
    assert (adopted.task_id, scene.vendor.created) == ("late", 0)


async def _look_back(scene: Scene) -> list[Job]:
    started: list[Job] = []

    async def start(job: Job) -> None:
        started.append(job)

    await LateTasks(scene.context, start=start).look()
    return started


async def test_a_task_that_turns_up_while_a_person_is_asked_is_the_jobs_own(scene: Scene) -> None:
    await _unlisted(scene)
    assert await _look_back(scene) == []
    scene.vendor.tasks["late"] = a_task("late", TaskStatus.RUNNING)
    (adopted,) = await _look_back(scene)
    assert (adopted.id, adopted.status, adopted.task_id) == (scene.job.id, JobStatus.PENDING, "late")
    assert (adopted.decision, adopted.attention) == (None, None)
    assert adopted.dispatched_at is not None
    assert await scene.state() is SubmissionState.TAKEN
    assert await _look_back(scene) == []
    with pytest.raises(StudioError, match="nothing to decide"):
        await decide(scene.context, scene.job.id, Decision.SEND)


async def test_a_task_that_turns_up_before_the_second_order_left_stops_that(scene: Scene) -> None:
    await _unlisted(scene)
    await decide(scene.context, scene.job.id, Decision.SEND)
    scene.vendor.tasks["late"] = a_task("late", TaskStatus.RUNNING)
    given = await scene.context.history.change(scene.job.id, dispatched_at=scene.clock.now)
    assert given is not None
    found = await submit(scene.context, scene.job.id, grant=given.dispatched_at)
    assert found is not None
    assert (found.task_id, scene.vendor.created) == ("late", 0)


@pytest.mark.parametrize("asked", [Decision.UNLISTED, Decision.WANTED])
@pytest.mark.parametrize("answer", [Decision.SEND, Decision.DROP])
async def test_a_task_that_turns_up_too_late_is_a_job_of_its_own_and_in_the_books_once(
    scene: Scene, asked: Decision, answer: Decision
) -> None:
    if asked is Decision.UNLISTED:
        await _unlisted(scene)
    else:
        async with looking(scene):
            await _asked(scene)
        scene.clock.go()
        scene.vendor.listing = None
    await decide(scene.context, scene.job.id, answer)
    if answer is Decision.SEND:
        submissions, job = scene.context.history.submissions, await scene.now()
        second = await submissions.open(job, attempt=2, started_at=scene.clock.now)
        await submissions.take(second, task_id="second", status=JobStatus.PENDING, updated_at=scene.clock.now)
        scene.vendor.tasks["second"] = a_task("second", TaskStatus.RUNNING, at=scene.clock.now)
    scene.vendor.tasks["late"] = a_task("late", TaskStatus.RUNNING)
    (twin,) = await _look_back(scene)
    assert twin.id != scene.job.id
    assert (twin.status, twin.task_id, twin.prompt) == (JobStatus.PENDING, "late", "a fox")
    assert (twin.source_job, twin.estimated_micros) == (scene.job.id, 500_000)
    assert "after all" in (twin.remark or "")
    assert "$0.50" in (twin.remark or "")
    assert await _used(scene) == (1_000_000 if answer is Decision.SEND else 500_000)
    assert (await scene.now()).task_id == ("second" if answer is Decision.SEND else None)
    assert await _look_back(scene) == []


async def test_a_strangers_task_is_not_taken_for_one_that_was_given_up(scene: Scene) -> None:
    await _unlisted(scene)
    scene.vendor.tasks["theirs"] = a_task("theirs", TaskStatus.SUCCEEDED, prompt="a boat")
    assert await _look_back(scene) == []


async def test_two_processes_that_look_back_adopt_a_task_once(scene: Scene) -> None:
    await _unlisted(scene)
    scene.vendor.tasks["late"] = a_task("late", TaskStatus.RUNNING)
    found = await asyncio.gather(*(_look_back(scene) for _ in range(4)))
    assert sum(len(some) for some in found) == 1


async def test_what_is_canceled_on_its_way_and_refused_as_too_fast_does_not_wait_in_line(scene: Scene) -> None:
    assert (await cancel(scene.context, scene.job.id)).cancel_requested
    await scene.context.history.submissions.close(scene.submission, because=Because.THROTTLED)
    await give_back(scene.context, scene.job, Throttled("Too fast."))
    assert (await scene.now()).status is JobStatus.CANCELED


async def test_a_cancel_that_comes_after_the_end_says_that_it_is_done(scene: Scene) -> None:
    await scene.context.history.submissions.take(
        scene.submission, task_id="t", status=JobStatus.PENDING, updated_at=NOON
    )
    scene.vendor.tasks["t"] = a_task("t", TaskStatus.SUCCEEDED)
    with pytest.raises(StudioError, match=r"had just finished it.* costs \$0\.50"):
        await cancel(scene.context, scene.job.id)
    told = await scene.now()
    assert (told.status, told.cancel_requested) == (JobStatus.PENDING, False)
    assert "had finished it a moment before" in (told.remark or "")


# Nothing lasts for ever ----------------------------------------------------------------------------------------------

_TROUBLES: Mapping[str, Callable[[Vendor], Vendor | None]] = {
    "the vendor is out of reach": lambda vendor: replace(
        vendor,
        listing=Unreachable("No connection."),
        asking=Unreachable("No connection."),
        creating=Unreachable("No connection."),
    ),
    "the key is refused": lambda vendor: replace(vendor, listing=REFUSED, asking=REFUSED, creating=REFUSED),
    "the key is gone": lambda _vendor: None,
    "the vendor knows nothing of it": lambda vendor: replace(vendor, creating=REFUSED),
    "its answers cannot be read": lambda vendor: replace(
        vendor, listing=VendorError("?"), asking=VendorError("?"), creating=VendorError("?")
    ),
}
_SENT = {JobStatus.PENDING, JobStatus.RUNNING, JobStatus.SAVING}


@pytest.mark.parametrize("trouble", _TROUBLES)
@pytest.mark.parametrize("status", [status for status in JobStatus if not status.final])
async def test_from_every_state_a_job_ends_or_asks_within_25_hours(
    tmp_path: Path, status: JobStatus, trouble: str
) -> None:
    async with History.open(f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}") as history:
        clock, vendor = Clock(), _TROUBLES[trouble](Vendor())
        context = context_of(history, vendor, clock, tmp_path)
        job = await history.add(a_job(status, task_id="t" if status in _SENT else None))
        if status in (JobStatus.SUBMITTING, JobStatus.UNKNOWN):
            await history.submissions.open(job, attempt=1, started_at=NOON)
        carrying = asyncio.create_task(_carry(context, job.id))
        try:
            while not carrying.done() and clock.now - NOON < DAY + 60 * MINUTE:
                await asyncio.sleep(0)
        finally:
            carrying.cancel()
            with suppress(asyncio.CancelledError):
                await carrying
        after = await history.job(job.id, owner=EVERYONE)
    free_to_stop = after.status in (JobStatus.QUEUED, JobStatus.UPLOADING) and bool(after.attention)
    assert after.status.final or free_to_stop, after
    if status in _SENT or status in (JobStatus.SUBMITTING, JobStatus.UNKNOWN):
        assert vendor is None or vendor.created <= 1


async def _carry(context: Context, job_id: str) -> None:
    """What services.jobs does with a job that has a slot."""
    job = await submit(context, job_id, grant=(await context.history.job(job_id, owner=EVERYONE)).dispatched_at)
    if job is None:
        return
    task = None if job.status is JobStatus.SAVING else await wait(context, job)
    if task is not None or job.status is JobStatus.SAVING:
        await save(context, await context.history.job(job_id, owner=EVERYONE), task)
