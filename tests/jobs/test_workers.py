"""Several processes on one PostgreSQL: one is killed, one stands still for a while, and each work is carried by one."""

from __future__ import annotations

import asyncio
import json
import math
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dbos import DBOS, SetWorkflowID
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.dashscope import QueryBudget
from services.database.jobs import History
from services.domain.jobs import JobStatus
from services.domain.people import EVERYONE
from services.jobs.engine import Engine
from services.jobs.workers import ALONE, Workers
from services.simulator import Route
from tests.bench.processes import Program, program
from tests.bench.vendor import over_limit
from tests.rig.studio import simulated

PULSE, GONE = 0.05, 1.0


@pytest.fixture
def database(postgres_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of this test's own: engine and history both write to it."""
    name = f"crew_{abs(hash(request.node.name)):x}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]  # made of a number
    yield postgres_url.rsplit("/", 1)[0] + f"/{name}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


# Who is there --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    address = database.replace("postgresql://", "postgresql+psycopg://")
    async with History.open(address):
        """Makes the tables."""
    engine = create_async_engine(address)
    yield engine
    await engine.dispose()


@dataclass
class Hands:
    """What a process was asked to do."""

    taken: list[str] = field(default_factory=list)
    let_go_times: int = 0

    async def take_over(self, name: str) -> None:
        self.taken.append(name)

    async def let_go(self) -> None:
        self.let_go_times += 1


async def until(true: Callable[[], bool] | Callable[[], Awaitable[bool]], *, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


def crew(engine: AsyncEngine) -> Workers:
    return Workers(engine, pulse=PULSE, gone=GONE)


async def test_processes_count_each_other_and_share_what_the_account_allows(engine: AsyncEngine, home: Path) -> None:
    first, second, hands = crew(engine), crew(engine), Hands()
    async with first.signed_in(home / "a"), first.watching(take_over=hands.take_over, let_go=hands.let_go):
        assert first.size == 1
        async with second.signed_in(home / "b"):
            assert second.size == 2
            await until(lambda: first.size == 2)
        await until(lambda: first.size == 1)
        await until(lambda: hands.taken == [second.name])
    assert hands.let_go_times == 0


async def test_who_is_not_seen_any_more_is_taken_over_once(engine: AsyncEngine, home: Path) -> None:
    killed, left, right = crew(engine), Hands(), Hands()
    one, two = crew(engine), crew(engine)
    async with (
        one.signed_in(home / "a"),
        two.signed_in(home / "b"),
        killed.signed_in(home / "c"),  # and never beats again
        one.watching(take_over=left.take_over, let_go=left.let_go),
        two.watching(take_over=right.take_over, let_go=right.let_go),
    ):
        assert left.taken + right.taken == []
        await until(lambda: bool(left.taken + right.taken))
        await asyncio.sleep(5 * PULSE)
        assert left.taken + right.taken == [killed.name]
        assert not await killed.beat(), "who comes back is told"
        assert await killed.beat(), "and is there again"


async def test_the_next_process_in_a_home_takes_over_at_once(engine: AsyncEngine, home: Path) -> None:
    before, after, hands = crew(engine), crew(engine), Hands()
    async with before.signed_in(home), after.signed_in(home):
        assert after.size == 1
        async with after.watching(take_over=hands.take_over, let_go=hands.let_go):
            assert hands.taken == [before.name]


async def test_who_stood_still_knows_it_before_it_orders(engine: AsyncEngine, home: Path) -> None:
    member, hands = crew(engine), Hands()
    async with member.signed_in(home):
        assert member.surely_here
        await asyncio.sleep(GONE * 0.6)
        assert not member.surely_here
        async with member.watching(take_over=hands.take_over, let_go=hands.let_go):
            await until(lambda: member.surely_here)


async def test_a_file_has_one_process(home: Path, tmp_path: Path) -> None:
    async with History.open(f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}") as history:
        hands, alone = Hands(), Workers(history.engine)
        async with (
            alone.signed_in(home),
            alone.watching(take_over=hands.take_over, let_go=hands.let_go),
        ):
            assert (alone.name, alone.size, hands.taken) == (ALONE, 1, [])
            assert alone.surely_here


async def test_a_budget_is_divided_by_those_who_share_it() -> None:
    now, sharers = 0.0, 1
    turns: list[float] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    budget = QueryBudget(20, sharers=lambda: sharers, clock=lambda: now, sleep=sleep)

    async def hundred() -> float:
        begin = now
        for _ in range(100):
            async with budget.turn():
                turns.append(now)
        return now - begin

    assert await hundred() >= 5
    sharers = 4
    assert await hundred() >= 19.5


# An engine of before -------------------------------------------------------------------------------------------------


async def test_queues_of_before_there_were_lanes_are_dropped_and_what_is_in_them_goes_on(tmp_path: Path) -> None:
    place: dict[str, Any] = {"home": tmp_path, "database_url": f"sqlite:///{tmp_path}/studio.db", "process": ALONE}
    begun: list[str] = []

    async def run_for_ever(job_id: str, _grant: int | None) -> None:
        begun.append(job_id)
        await asyncio.Event().wait()

    async with Engine.start(run_for_ever, **place) as engine:
        for name, most in (("jobs-5-at-5", 1), ("jobs-2-at-1", 1)):
            await DBOS.register_queue_async(name, worker_concurrency=most, polling_interval_sec=0.05)
            for job_id in (f"{name} first", f"{name} second"):
                with SetWorkflowID(job_id):
                    await DBOS.enqueue_workflow_async(name, engine._workflow, job_id)
        await until(lambda: len(begun) == 2)

    ended: list[str] = []

    async def run(job_id: str, _grant: int | None) -> None:
        ended.append(job_id)

    async with Engine.start(run, **place):
        assert [queue.name for queue in await DBOS.list_queues_async()] == ["jobs-with-a-lane"]
        await until(lambda: len(set(ended)) == 4)


# Real processes ------------------------------------------------------------------------------------------------------


@dataclass
class Member:
    """A process under test, and what it tells."""

    process: Program
    lines: list[dict[str, Any]] = field(default_factory=list)  # Any: JSON

    def listen(self) -> threading.Thread:
        """Read what it tells, in a thread of its own, until it has ended."""
        thread = threading.Thread(target=self._read, daemon=True)
        thread.start()
        return thread

    def _read(self) -> None:
        assert self.process.process.stdout is not None
        for text in self.process.process.stdout:
            self.lines.append(json.loads(text))

    @property
    def ready(self) -> bool:
        """Whether it takes jobs."""
        return any(line["word"] == "ready" for line in self.lines)

    @property
    def at_work(self) -> dict[str, float]:
        """The jobs that it carries now, and since when."""
        open_steps: dict[str, float] = {}
        for line in self.lines:
            if line["word"] == "begin":
                open_steps[line["job"]] = line["at"]
            elif line["word"] == "end":
                open_steps.pop(line["job"], None)
        return open_steps

    def carried(self, *, until: float = math.inf, back_at: float = math.inf) -> list[tuple[str, float, float]]:
        """Each step that it took: job, from, to. Nothing was done between `until`, when it was stopped, and `back_at`;
        a step that it was stopped in counts as two."""
        begun: dict[tuple[str, str], float] = {}
        found: list[tuple[str, float, float]] = []
        for line in self.lines:
            step = (line.get("job", ""), line.get("step", ""))
            if line["word"] == "begin":
                begun[step] = line["at"]
            elif line["word"] == "end":
                found += _without_the_pause(step[0], begun.pop(step), line["at"], pause=(until, back_at))
        return [*found, *((job, at, until) for (job, _step), at in begun.items())]


def _without_the_pause(
    job: str, begin: float, end: float, *, pause: tuple[float, float]
) -> list[tuple[str, float, float]]:
    stopped, back = pause
    if not begin < stopped < end:
        return [(job, begin, end)]
    return [(job, begin, stopped), (job, back, end)]


def overlaps(members: list[list[tuple[str, float, float]]]) -> list[str]:
    """Jobs that two processes carried at the same time."""
    found: list[str] = []
    for number, mine in enumerate(members):
        for theirs in members[number + 1 :]:
            found += [
                job for job, begin, end in mine for other, start, stop in theirs
                if job == other and begin < stop and start < end
            ]  # fmt: skip
    return found


@pytest.mark.timeout(300)
async def test_jobs_of_a_process_that_is_gone_go_on_in_another_and_none_is_carried_twice(
    database: str, tmp_path: Path
) -> None:
    address = database.replace("postgresql://", "postgresql+psycopg://")
    with ExitStack() as stack:
        async with (
            simulated(tmp_path / "vendor", run_seconds=400, limits=True) as (simulator, url),
            History.open(address) as history,
        ):

            def launch(name: str, count: int) -> Member:
                asked = (str(tmp_path / name), str(tmp_path / "files"), url, database, str(count))
                member = Member(stack.enter_context(program("-m", "tests.rig.member", *asked, home=tmp_path / name)))
                member.listen()
                return member

            async def done() -> bool:
                return not await history.unfinished()

            killed, still, last = (launch(name, 5) for name in ("killed", "still", "last"))
            members = (killed, still, last)
            await until(lambda: all(member.ready for member in members), seconds=90)
            await until(lambda: bool(killed.at_work and still.at_work), seconds=60)
            still.process.process.send_signal(signal.SIGSTOP)
            killed.process.process.kill()
            gone_at = time.time()
            await asyncio.to_thread(killed.process.process.wait)
            left = {*killed.at_work, *still.at_work}
            await until(done, seconds=150)
            assert left <= {job for job, _begin, _end in last.carried()}, "what they had at work went on in the last"
            back_at = time.time()
            still.process.process.send_signal(signal.SIGCONT)
            await until(lambda: not still.at_work, seconds=30)
            carried = [killed.carried(until=gone_at), still.carried(until=gone_at, back_at=back_at), last.carried()]
            assert overlaps(carried) == []
            assert {found.job.status for found in await history.changed_since(0, owner=EVERYONE)} == {
                JobStatus.SUCCEEDED
            }
            assert len(simulator.creates) == 15, "each was bought once"
            asked = [c.at.timestamp() for c in simulator.record.calls if c.route in (Route.QUERY, Route.LIST)]
            assert over_limit(asked) == 0
