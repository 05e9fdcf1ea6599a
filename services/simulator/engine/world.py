"""The life of tasks: accepted, waiting, running, finished, canceled, forgotten. Independent of HTTP.

Each task has one coroutine that runs it to its end. The ledger has each state before any caller sees it, so a simulator
that was killed continues at the same state.

A call that is answered at once is a task that cannot be queried. Its caller receives each part as it is made. The job
continues even if the caller disconnects.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import uuid
from collections import defaultdict
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from services.catalogue import Catalogue
from services.catalogue.schema import FileField, Model, Offer
from services.simulator.engine.clock import Clock
from services.simulator.engine.inspection import Inspector, keep_inline
from services.simulator.engine.judge import Check, Order, sellers_of
from services.simulator.engine.ledger import Ledger, Piece, Status, Task
from services.simulator.engine.limits import Windows
from services.simulator.engine.making import Maker, Part, Work
from services.simulator.engine.outcome import draw_times
from services.simulator.engine.refusal import Refusal
from services.simulator.engine.storage import LINK_LIFE, Storage
from services.simulator.media.artist import Artist
from services.simulator.media.portrait import judge_portrait

logger = logging.getLogger(__name__)

TASK_LIFE = timedelta(hours=24)
"""How long after its submission a task can be queried. Source: reference, 7.6."""
_CLEAN_EVERY_SECONDS = 3600
_BROKE = ("InternalError.Algo", "An internal error has occurred during execution.")
_FAILS_AFTER = 0.02
"""The share of its run after which a task that cannot be done fails."""


@dataclass(frozen=True, kw_only=True)
class Habits:
    """The variable behaviour of the vendor."""

    speed: float = 1.0
    """Divides the times of waiting and running, nothing else."""
    run_seconds: float | None = None
    """One run time for all tasks instead of the spread of the vendor's samples."""
    limits: bool = True
    refuse_over_running: bool = False
    """Answer 429 to a create above the running limit instead of letting it wait."""
    late_verdicts: bool = False
    """Accept wrong values and fail the task, as live reports describe, instead of answering 400."""
    lose_pictures: bool = False
    """Let the last picture of several fail alone."""
    list_lag_seconds: float = 0.0
    """Longest delay until a new task appears in the list. The vendor does not document the delay."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The caller: the digest of an account, and its region."""

    account: str
    region: str


@dataclass(frozen=True)
class Ended:
    """The end of a job that was answered at once: the final task, and the refusal if it has no result."""

    task: Task
    refusal: Refusal | None = None


Hearing = asyncio.Queue[Part | Ended]
"""The parts of a job as they are made, and finally its end."""


class World:
    """All tasks of all accounts."""

    def __init__(self, catalogue: Catalogue, *, home: Path, clock: Clock, artist: Artist, habits: Habits) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._artist = artist
        self._habits = habits
        self._chance = random.Random(habits.seed)
        self._tasks: dict[str, Task] = {}
        self._lives: dict[str, asyncio.Task[None]] = {}
        self._places: dict[tuple[str, str], asyncio.Semaphore] = {}
        self._keeper: asyncio.Task[None] | None = None
        self.ledger = Ledger(home / "simulator.db")
        self.storage = Storage(self.ledger, home=home, clock=clock)
        self.windows = Windows(clock)
        self.results = home / "results"
        self._inputs = home / "inputs"
        self._inspector = Inspector(self.storage, folder=self._inputs)
        self._maker = Maker(
            artist, self._inspector, folder=self.results, clock=clock, lose_pictures=habits.lose_pictures
        )

    async def open(self) -> None:
        """Read the ledger and continue every task that had not ended."""
        await asyncio.to_thread(self._make_folders)
        await self.ledger.open()
        self.storage.open(await self.ledger.objects(), secret=await self.ledger.secret(secrets.token_hex(32)))
        self._tasks = {task.id: task for task in await self.ledger.tasks()}
        live = [task for task in self._tasks.values() if task.status.live]
        for task in [task for task in live if task.at_once]:  # its caller has gone with the connection
            live.remove(task)
            await self._change(self._failed(task, "InternalError", "The connection has gone."))
        for task in sorted(live, key=lambda task: task.status is not Status.RUNNING):
            self._begin(task, self._live(task))
        self._keeper = asyncio.create_task(self._keep_clean())

    async def close(self) -> None:
        """Stop all work. `open` on the same home continues it."""
        running = [*self._lives.values(), *([self._keeper] if self._keeper else [])]
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._lives.clear()
        await self._artist.close()
        await self.ledger.close()

    def _make_folders(self) -> None:
        for folder in (self.results, self._inputs, self.storage.folder):
            folder.mkdir(parents=True, exist_ok=True)
            for draft in folder.glob("*.part*"):  # left by a process that was killed
                draft.unlink(missing_ok=True)

    # Operations of a caller

    async def create(
        self, caller: Caller, order: Order, *, path: str, resolves_oss: bool, verdict: Refusal | None = None
    ) -> Task:
        """Accept a create call. Raises Refusal if a limit is reached.

        The task is in the ledger on return. `verdict` is the reason of its coming failure.
        """
        self._hold_to_limits(caller, order)
        task = await self._new_task(caller, order, path=path, resolves_oss=resolves_oss)
        task = replace(task, verdict=(verdict.code, verdict.message) if verdict else None)
        await self._change(task)
        self._begin(task, self._live(task))
        return task

    async def order(self, caller: Caller, order: Order, *, path: str, resolves_oss: bool) -> tuple[Task, Hearing]:
        """Accept a create call that is answered at once. Raises Refusal if a limit is reached."""
        self._hold_to_limits(caller, order)
        task = await self._new_task(caller, order, path=path, resolves_oss=resolves_oss)
        task = replace(task, at_once=True, wait_seconds=0.0)
        await self._change(task)
        hearing: Hearing = asyncio.Queue()
        self._begin(task, self._live_at_once(task, hearing))
        return task, hearing

    async def check(self, caller: Caller, check: Check, *, resolves_oss: bool) -> dict[str, object]:
        """Run a precheck and return its `output`.

        Raises Refusal if the rate is exceeded or the picture cannot be read.
        """
        bucket = ("check", caller.account, check.precheck.id)
        if self._habits.limits and not self.windows.admit(bucket, per_second=check.offer.rate.submits_per_second):
            raise Refusal(429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")
        check_id = str(uuid.uuid4())
        name = check.field.name
        media = {name: (check.given,)}
        fields: dict[str, FileField] = {name: check.field}
        media = await asyncio.to_thread(keep_inline, fields, media, folder=self._inputs, task_id=check_id)
        owner = (caller.account, check.precheck.id)
        try:
            found = await self._inspector.inspect(
                check.field, media[name], task_id=check_id, owner=owner, oss=resolves_oss
            )
            return await asyncio.to_thread(judge_portrait, found[0].path)
        except Refusal as refusal:
            if not refusal.code.startswith("InvalidFile."):
                raise
            return {"check_pass": False, "code": refusal.code, "message": refusal.message}
        finally:
            await asyncio.to_thread(_remove, list(self._inputs.glob(f"{check_id}-*")))

    async def _new_task(self, caller: Caller, order: Order, *, path: str, resolves_oss: bool) -> Task:
        task_id = str(uuid.uuid4())
        wait, run = draw_times(
            self._chance,
            fixed_run=self._habits.run_seconds,
            speed=self._habits.speed,
            usual=order.model.usual_seconds,
        )
        given_seed = order.values.get("seed")
        media = await self._keep_media(order, task_id) if order.media else {}
        return Task(
            id=task_id,
            request_id=str(uuid.uuid4()),
            account=caller.account,
            region=caller.region,
            model=order.offer.id,
            path=path,
            values=dict(order.values),
            media=media,
            shape=order.model.result,
            resolves_oss=resolves_oss,
            seed=given_seed if isinstance(given_seed, int) and given_seed >= 0 else self._chance.randrange(2**31),
            wait_seconds=wait,
            run_seconds=run,
            submitted_at=self._clock.now(),
        )

    async def _keep_media(self, order: Order, task_id: str) -> dict[str, tuple[str, ...]]:
        fields = {each.name: each for each in order.request.fields if isinstance(each, FileField)}
        return await asyncio.to_thread(keep_inline, fields, dict(order.media), folder=self._inputs, task_id=task_id)

    def _hold_to_limits(self, caller: Caller, order: Order) -> None:
        if not self._habits.limits:
            return
        rate = order.offer.rate
        full = self._habits.refuse_over_running and rate.running <= sum(
            task.status.live and (task.account, task.model) == (caller.account, order.offer.id)
            for task in self._tasks.values()
        )
        bucket = ("create", caller.account, order.offer.id)
        if full or not self.windows.admit(bucket, per_second=rate.submits_per_second):
            raise Refusal(429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")

    def find(self, caller: Caller, task_id: str) -> Task | None:
        """Return one of the caller's tasks of the last 24 hours, or None."""
        task = self._tasks.get(task_id)
        if task is None or task.at_once or task.account != caller.account or self._too_old(task):
            return None
        return task

    def all_of(self, caller: Caller) -> list[Task]:
        """Return the caller's tasks of the last 24 hours, newest first."""
        mine = (task for task in self._tasks.values() if task.account == caller.account and not task.at_once)
        own = [task for task in mine if not self._too_old(task)]
        return sorted(own, key=lambda task: task.submitted_at)[::-1]

    def is_listed(self, task: Task) -> bool:
        """Return True if the list already shows a task. Each task has its own lag, stable across restarts."""
        share = random.Random(f"list {self._habits.seed} {task.id}").random()
        lag = timedelta(seconds=share * self._habits.list_lag_seconds)
        return self._clock.now() >= task.submitted_at + lag

    async def cancel(self, caller: Caller, task_id: str) -> bool:
        """Cancel a task that is still waiting. Returns False if it is not."""
        task = self.find(caller, task_id)
        if task is None or task.status is not Status.PENDING:
            return False
        life = self._lives.pop(task_id, None)
        if life is not None:
            life.cancel()
        await self._change(replace(task, status=Status.CANCELED, ended_at=self._clock.now()))
        return True

    def counts(self) -> Mapping[Status, int]:
        """Return the number of tasks in each state."""
        counted: dict[Status, int] = defaultdict(int)
        for task in self._tasks.values():
            counted[task.status] += 1
        return counted

    # The life of a task

    def _begin(self, task: Task, life: Coroutine[None, None, None]) -> None:
        living = asyncio.create_task(life)
        self._lives[task.id] = living
        living.add_done_callback(lambda _: self._lives.pop(task.id, None))

    async def _live(self, task: Task) -> None:
        try:
            if task.status is Status.PENDING:
                await self._sleep_until(task.submitted_at + timedelta(seconds=task.wait_seconds))
            order = self._order_of(task)
            async with self._place(task, order):
                if task.status is Status.PENDING:
                    task = replace(task, status=Status.RUNNING, scheduled_at=self._clock.now())
                    await self._change(task)
                task = await self._run(task, order)
        except Refusal as refusal:
            begun = task.scheduled_at or task.submitted_at
            await self._sleep_until(begun + timedelta(seconds=task.run_seconds * _FAILS_AFTER))
            task = self._failed(task, refusal.code, refusal.message)
        except Exception:  # a bug of ours or a broken worker must end the task, not leave it running
            logger.exception("task %s broke", task.id)
            task = self._failed(task, *_BROKE)
        await self._change(task)
        logger.info("task %s %s", task.id, task.status)

    async def _run(self, task: Task, order: Order) -> Task:
        if task.verdict:
            raise Refusal(400, *task.verdict)
        work = await self._maker.prepare(task, order)
        making = asyncio.create_task(self._maker.make(work))
        try:
            begun = task.scheduled_at or task.submitted_at
            await self._sleep_until(begun + timedelta(seconds=task.run_seconds))
            await making
        finally:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)
        return self._finished(task, work)

    async def _live_at_once(self, task: Task, hearing: Hearing) -> None:
        """Run a task like `_live`, and queue each part as soon as it is made."""
        refusal: Refusal | None = None
        try:
            order = self._order_of(task)
            async with self._place(task, order):
                task = replace(task, status=Status.RUNNING, scheduled_at=self._clock.now())
                await self._change(task)
                work = await self._maker.prepare(task, order)
                async for part in self._maker.tell(work, seconds=task.run_seconds):
                    hearing.put_nowait(part)
                task = self._finished(task, work)
            if task.status is Status.FAILED:
                refusal = Refusal(400, task.code, task.message)
        except Refusal as error:
            refusal = error
            task = self._failed(task, error.code, error.message)
        except Exception:  # as in `_live`: the waiting caller gets an error
            logger.exception("call %s broke", task.id)
            refusal = Refusal(500, *_BROKE)
            task = self._failed(task, *_BROKE)
        await self._change(task)
        hearing.put_nowait(Ended(task, refusal))

    def _finished(self, task: Task, work: Work) -> Task:
        """Return the task with its result, or failed if not one picture was made."""
        lost = next((piece for piece in work.pieces if piece.code), Piece())
        if not work.usable:
            return replace(self._failed(task, lost.code, lost.message), pieces=work.pieces)
        return replace(
            task,
            status=Status.SUCCEEDED,
            ended_at=self._clock.now(),
            usage=work.usage,
            pieces=work.pieces,
            actual_prompt=work.actual_prompt,
        )

    def _failed(self, task: Task, code: str, message: str) -> Task:
        return replace(task, status=Status.FAILED, ended_at=self._clock.now(), code=code, message=message)

    def _order_of(self, task: Task) -> Order:
        model, offer = _seller(self._catalogue, task)
        return Order(model=model, offer=offer, values=task.values, media=task.media)

    def _place(self, task: Task, order: Order) -> asyncio.Semaphore:
        """Return the semaphore of the account for running this model. First come, first served."""
        if not self._habits.limits:
            return asyncio.Semaphore(1)
        key = (task.account, task.model)
        return self._places.setdefault(key, asyncio.Semaphore(order.offer.rate.running))

    async def _sleep_until(self, moment: datetime) -> None:
        await self._clock.sleep((moment - self._clock.now()).total_seconds())

    async def _change(self, task: Task) -> None:
        self._tasks[task.id] = task
        await self.ledger.save_task(task)

    # Expiry

    def _too_old(self, task: Task) -> bool:
        return self._clock.now() >= task.submitted_at + TASK_LIFE

    async def _keep_clean(self) -> None:
        while True:
            await self.clean()
            await self._clock.sleep(_CLEAN_EVERY_SECONDS)

    async def clean(self) -> None:
        """Remove everything that can no longer be requested: old tasks, their files, uploads after 48 hours."""
        now = self._clock.now()
        gone = [t for t in self._tasks.values() if t.ended_at and self._too_old(t) and now > t.ended_at + LINK_LIFE]
        for task in gone:
            del self._tasks[task.id]
        stale = self.storage.clear()
        files = [self.results / piece.file for task in gone for piece in task.pieces if piece.file]
        files += [self.storage.folder / stored.file for stored in stale]
        await asyncio.to_thread(_clear, files, self._inputs, [task.id for task in gone])
        await self.ledger.forget(tasks=[task.id for task in gone], objects=[stored.key for stored in stale])


def _seller(catalogue: Catalogue, task: Task) -> tuple[Model, Offer]:
    for model, offer in sellers_of(catalogue, task.model):
        if offer.region == task.region:
            return model, offer
    raise Refusal(404, "ModelNotFound", "Model can not be found.")


def _clear(files: list[Path], folder: Path, task_ids: list[str]) -> None:
    """Remove files, and all files in a folder that belong to these tasks. Blocks: run it in a thread."""
    _remove(files)
    for task_id in task_ids:
        _remove(list(folder.glob(f"{task_id}-*")))


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
