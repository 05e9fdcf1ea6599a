"""One run: a provider in bad weather, studios that live and are killed, and at last a calm day on which all settles.

Hides how a plan is carried out. What it came to is an `Outcome`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from services.catalogue import CATALOGUE
from services.dashscope import broken_stream, code_of, forgotten
from services.domain.jobs import FINAL
from services.jobs.steps.save import LOST
from services.simulator import Cut, QuickArtist, Route, Simulator, serve
from tests.chaos.books import Findings, compare
from tests.chaos.clock import Healthy, SharedClock, beating
from tests.chaos.disk import Disk, disk_at
from tests.chaos.headless import Birth
from tests.chaos.plan import Life, Mark, Order, Plan
from tests.chaos.process import Gone, StudioProcess
from tests.chaos.reading import files_with, tables_with, what_is_kept, what_was_bought
from tests.chaos.weather import Weather, Witness
from tests.rig.studio import KEY

SETTLES_WITHIN = 60.0
"""So long after the last trouble every job must have ended. Seconds."""
_STORMY_END = 4.0
"""So long, at most, the last life still lives in bad weather. Seconds."""
_RUN_SECONDS = 20.0
_LOOKS_EVERY = 0.15
_LOOKS_BACK = 1.5
"""So long after the list shows a task a studio may take to notice one that it had given up. Seconds."""
_BIRTHS = 5
"""How often a studio is started again that ends by itself, on a disk that was full, before that counts as broken."""
_PART_ARRIVES = 0.03
_STRANGER = {
    "model": "wan2.6-t2v",
    "input": {"prompt": "somebody else's paper boat"},
    "parameters": {"size": "1280*720", "duration": 2},
}
"""What another program orders: of a model that people here order too."""
_STRANGERS_ORDERS = 2
"""In each life: more would only keep the provider's lanes from us."""
_SEEN_BY_PROVIDER = {
    Mark.LOOKING_UP: Route.LIST,
    Mark.POLLING: Route.QUERY,
    Mark.CANCELING: Route.CANCEL,
    Mark.UPLOADING: Route.UPLOAD,
    Mark.DOWNLOADING: Route.DOWNLOAD,
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a run."""

    seed: int
    findings: Findings
    jobs: int
    counts: Counter[str]
    seconds: float
    ends: Counter[str] = field(default_factory=Counter)
    """How the jobs ended."""


@dataclass
class _Stage:
    """All that a run takes place on."""

    plan: Plan
    folder: Path
    simulator: Simulator
    weather: Weather
    clock: SharedClock
    disk: Disk
    base_url: str
    database_url: str | None
    chance: random.Random
    healthy: Healthy = field(default_factory=Healthy)
    counts: Counter[str] = field(default_factory=Counter)
    studios: list[StudioProcess] = field(default_factory=list)
    to_order: list[Order] = field(default_factory=list)
    """What people want and could not ask for yet."""
    answered: list[str] = field(default_factory=list)
    """The jobs that somebody was given."""
    unlisted: set[str] = field(default_factory=set)
    """The jobs that somebody sent again because the list did not show them."""
    mark: Mark = Mark.ANY_TIME
    left: int = 0
    """How often the mark, where the provider sees it, is still to be met."""

    def meet(self, mark: Mark) -> None:
        """Kill a studio where it has met its mark."""
        if mark is not self.mark or self.left <= 0:
            return
        self.left -= 1
        if self.left:
            return
        if mark is Mark.DOWNLOADING:
            self.weather.add(Route.DOWNLOAD, Cut(at_byte=self.chance.randrange(1, 8_000)))
            asyncio.get_running_loop().call_later(_PART_ARRIVES, self.kill_one)
        else:
            self.kill_one()

    def kill_one(self) -> None:
        """kill -9."""
        alive = [studio for studio in self.studios if studio.alive]
        if alive:
            self.chance.choice(alive).kill()

    def called(self, route: Route) -> None:
        """The provider sees a call."""
        for mark, seen in _SEEN_BY_PROVIDER.items():
            if seen is route:
                self.meet(mark)

    def birth(self, number: int, life: Life | None) -> Birth:
        """What the studio of this number is born with. Two that share a database share the files too."""
        home = self.disk.folder / f"home-{number}"
        home.mkdir(exist_ok=True)
        if number and not (home / "files").exists():
            (home / "files").symlink_to(self.disk.folder / "home-0" / "files")
        return Birth(
            home=home,
            log=self.folder / f"studio-{number}.log",
            clock=self.folder / "clock",
            pulse=self.folder / f"pulse-{number}",
            base_url=self.base_url,
            key=KEY,
            database_url=self.database_url,
            mark=life.mark if life and number == 0 else Mark.ANY_TIME,
            count=life.count if life else 1,
        )

    @property
    def database(self) -> str:
        """The database as SQLAlchemy names it."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.disk.folder / 'home-0' / 'studio.db'}"
        return self.database_url.replace("postgresql://", "postgresql+psycopg://")


async def run(plan: Plan, *, folder: Path, database_url: str | None = None, masters: Path | None = None) -> Outcome:
    """Carry a plan out in a folder of its own. Runs with the same folder of masters film each size once."""
    began = time.monotonic()
    async with _stage(plan, folder, database_url, masters) as stage:
        for life in plan.lives:
            await _live(stage, life)
        findings, ends = await _settle(stage)
        stage.counts.update(stage.weather.counts)
        return Outcome(
            seed=plan.seed,
            findings=findings,
            jobs=sum(ends.values()),
            counts=stage.counts,
            seconds=time.monotonic() - began,
            ends=ends,
        )


@asynccontextmanager
async def _stage(plan: Plan, folder: Path, database_url: str | None, masters: Path | None) -> AsyncIterator[_Stage]:
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(f"people {plan.seed}")
    async with AsyncExitStack() as stack:
        disk = stack.enter_context(disk_at(folder / "disk"))
        clock = SharedClock(folder / "clock")
        stack.callback(clock.close)
        simulator = Simulator(
            CATALOGUE,
            home=folder / "provider",
            clock=clock,
            speed=plan.speed,
            run_seconds=_RUN_SECONDS,
            list_lag_seconds=plan.list_lag,
            artist=QuickArtist(masters=masters),
            seed=plan.seed,
        )
        weather = Weather.of(plan.seed)
        weather.throttles = not plan.spell
        simulator.faults = weather
        stage = _Stage(
            plan=plan,
            folder=folder,
            simulator=simulator,
            weather=weather,
            clock=clock,
            disk=disk,
            base_url="",
            database_url=database_url,
            chance=chance,
            healthy=Healthy(beats=[folder / "pulse-0", folder / "pulse-provider"]),
        )
        beats = asyncio.create_task(beating(folder / "pulse-provider"))
        stack.callback(beats.cancel)
        stage.counts["listed late"] = int(plan.list_lag > 0)
        stage.counts["spells"] = int(plan.spell)
        simulator.record = Witness(called=stage.called, taken=lambda: stage.meet(Mark.TAKEN))
        (folder / "provider").mkdir(exist_ok=True)
        stage.base_url = f"{await stack.enter_async_context(serve(simulator))}/singapore/api/v1"
        (disk.folder / "home-0" / "files").mkdir(parents=True)
        yield stage


# A life ---------------------------------------------------------------------------------------------------------------


async def _live(stage: _Stage, life: Life) -> None:
    """Start the studios, let people order, and kill them all."""
    stage.mark = life.mark
    stage.left = 0 if life.mark is Mark.ANY_TIME else life.count
    stage.weather.list_closed = life.closed_list
    stage.weather.spell = stage.plan.spell and life is stage.plan.lives[0]
    stage.to_order += life.orders
    async with AsyncExitStack() as stack:
        stage.studios = [
            await stack.enter_async_context(StudioProcess.begun(stage.birth(number, life)))
            for number in range(stage.plan.studios)
        ]
        for studio in stage.studios:
            stage.disk.watch(studio.id)
        async with asyncio.timeout(90):
            await _spend(stage, life)
        stage.healthy.note(well=False)
    for studio in stage.studios:
        stage.counts["kills" if studio.killed else "ended by themselves"] += 1
    stage.studios = []
    if life.hours_down:
        _move(stage, life.hours_down)


async def _spend(stage: _Stage, life: Life) -> None:
    """What happens while the studios live."""
    try:
        for studio in stage.studios:
            await studio.ready()
        stage.healthy.note(well=not stage.disk.full and not life.closed_list)
        async with asyncio.TaskGroup() as group:
            people = group.create_task(_people(stage, life))
            troubles = group.create_task(_troubles(stage, life))
            strangers = group.create_task(_strangers(stage))
            await _until_dead(stage, life.seconds)
            for each in (people, troubles, strangers):
                each.cancel()
    except Gone:
        pass  # it met its mark while it was being born, or could not be born on a full disk


async def _until_dead(stage: _Stage, seconds: float) -> None:
    """Until the first of the studios is dead, or the time is over."""
    dying = [asyncio.ensure_future(studio.died.wait()) for studio in stage.studios]
    try:
        await asyncio.wait(dying, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in dying:
            each.cancel()


async def _people(stage: _Stage, life: Life) -> None:
    """Order, stop, hide and decide."""
    try:
        async with asyncio.TaskGroup() as group:
            for number, order in enumerate(stage.to_order):
                group.create_task(_order(stage, stage.studios[number % len(stage.studios)], order))
            # Who is not answered looks first whether it was taken all the same: nobody orders again by themselves.
            stage.to_order = []
        cancels, hides = life.cancels, life.hides
        while True:
            await asyncio.sleep(_LOOKS_EVERY)
            studio = stage.chance.choice(stage.studios)
            cancels, hides = await _meddle(stage, studio, cancels=cancels, hides=hides)
    except* Gone:
        pass


async def _order(stage: _Stage, studio: StudioProcess, order: Order) -> None:
    told = await studio.ask(
        "order",
        person=order.person,
        family=order.family,
        model=order.model,
        given=dict(order.given),
        copies=order.copies,
    )
    if not isinstance(told, str):
        stage.answered += told


async def _strangers(stage: _Stage) -> None:
    """Another program buys with the same account, now and then."""
    if not stage.plan.strangers:
        return
    chance = random.Random(f"strangers {stage.plan.seed}")
    headers = {"Authorization": f"Bearer {KEY}", "X-DashScope-Async": "enable"}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
        for _ in range(_STRANGERS_ORDERS):
            await asyncio.sleep(chance.uniform(0.1, 0.8))
            with suppress(httpx.HTTPError):
                await client.post(f"{stage.base_url}/services/aigc/video-generation/video-synthesis", json=_STRANGER)


async def _meddle(stage: _Stage, studio: StudioProcess, *, cancels: int, hides: int) -> tuple[int, int]:
    """Decide what is asked, and now and then stop or hide something. What is left of both to be done."""
    told = await studio.ask("jobs")
    if isinstance(told, str):
        return cancels, hides  # it could not even look: the disk is full
    for job, _status, about in told:
        if about and stage.chance.random() < 0.5:
            await _decide(stage, studio, job=job, about=about)
    going = [job for job, status, _ in told if status not in FINAL]
    if going and cancels:
        stage.counts["cancels"] += 1
        await studio.ask("cancel", job=stage.chance.choice(going))
        return cancels - 1, hides
    if going and hides:
        await studio.ask("hide", job=stage.chance.choice(going))
        return cancels, hides - 1
    return cancels, hides


async def _decide(stage: _Stage, studio: StudioProcess, *, job: str, about: str) -> None:
    decision = stage.chance.choice(("send", "drop"))
    stage.counts["decisions"] += 1
    if about == "unlisted" and decision == "send":
        stage.unlisted.add(job)
    await studio.ask("decide", job=job, decision=decision)


async def _troubles(stage: _Stage, life: Life) -> None:
    """The disk, which fills now and is freed in this life or the next, and the clocks."""
    if stage.disk.full:
        await asyncio.sleep(stage.chance.uniform(0.2, 1.0))
        _free(stage, life)
    if life.full_disk:
        await asyncio.sleep(stage.chance.uniform(0.1, 0.8))
        stage.disk.fill()
        stage.healthy.note(well=False)
        stage.counts["disk full"] += 1
        if stage.chance.random() < 0.5:
            await asyncio.sleep(stage.chance.uniform(0.3, 1.2))
            _free(stage, life)
    if life.hours_awake:
        await asyncio.sleep(stage.chance.uniform(0.2, 1.0))
        _move(stage, life.hours_awake)


def _free(stage: _Stage, life: Life) -> None:
    stage.disk.free()
    stage.healthy.note(well=not life.closed_list)


def _move(stage: _Stage, hours: float) -> None:
    stage.clock.move(hours)
    stage.counts["clock jumps"] += 1


# The end --------------------------------------------------------------------------------------------------------------


async def _settle(stage: _Stage) -> tuple[Findings, Counter[str]]:
    """No studio is killed any more, and everything must come to its end. Then the books."""
    stage.weather.list_closed = False
    stage.disk.free()
    stage.mark, stage.left = Mark.ANY_TIME, 0
    await _until_settled(stage)
    await _until_provider_is_done(stage.simulator)
    bought = await what_was_bought(stage.simulator)
    kept = await what_is_kept(stage.database, stage.disk.folder / "home-0" / "files")

    def well(start: int, end: int) -> float:
        return stage.healthy.seconds_between(stage.clock.real_of(start), stage.clock.real_of(end))

    leaks = await asyncio.to_thread(files_with, KEY, [stage.disk.folder, *stage.folder.glob("*.log")])
    if stage.database_url is not None:
        leaks += await tables_with(KEY, stage.database)
    findings = compare(
        bought,
        kept,
        gone_codes=(code_of(forgotten()), code_of(broken_stream())),
        gone_words=(LOST,),
        well=well,
        leaks=leaks,
        answered=stage.answered,
        unlisted=stage.unlisted,
        throttled=stage.weather.counts["throttled"] > 0,
    )
    stage.counts["tasks"] = len(bought)
    stage.counts["tasks of strangers"] = sum(not task.tag for task in bought)
    return findings, Counter(job.status for job in kept)


async def _until_settled(stage: _Stage) -> None:
    """Live on, at first in bad weather, then on a calm day, until every job has ended or the time is over."""
    clearing = asyncio.get_running_loop().call_later(_STORMY_END, _clear_up, stage)
    try:
        await _live_on(stage, looks=round((_STORMY_END + SETTLES_WITHIN) / _LOOKS_EVERY))
    finally:
        clearing.cancel()
        _clear_up(stage)


def _clear_up(stage: _Stage) -> None:
    stage.weather.calm = True
    stage.weather.clear()


async def _live_on(stage: _Stage, *, looks: int) -> None:
    """Until all has ended and no task can turn up late any more. Time is counted in looks: a busy machine makes each of
    them slower, not fewer."""
    quiet = 0
    for _ in range(_BIRTHS):
        async with AsyncExitStack() as stack:
            stage.studios = [
                await stack.enter_async_context(StudioProcess.begun(stage.birth(number, None)))
                for number in range(stage.plan.studios)
            ]
            try:
                for studio in stage.studios:
                    await studio.ready()
                stage.healthy.note(well=True)
                await asyncio.gather(*(_order(stage, stage.studios[0], order) for order in stage.to_order))
                stage.to_order = []
                while looks > 0:
                    looks -= 1
                    told = await stage.studios[0].ask("jobs")
                    for job, _status, about in told:
                        if about:
                            await _decide(stage, stage.studios[0], job=job, about=about)
                    quiet = quiet + 1 if all(status in FINAL for _job, status, _about in told) else 0
                    if quiet > (stage.plan.list_lag + _LOOKS_BACK) / _LOOKS_EVERY:
                        return
                    await asyncio.sleep(_LOOKS_EVERY)
                return
            except Gone:
                stage.counts["ended by themselves"] += 1
            finally:
                stage.healthy.note(well=False)


async def _until_provider_is_done(simulator: Simulator) -> None:
    """What nobody waits for goes on at the provider all the same."""
    while any(status.live and count for status, count in simulator.world.counts().items()):
        await asyncio.sleep(0.05)
