"""All monitoring combined: the admin's page, the numbers for Prometheus, readiness.

Hides the source of each number. Shows all people's activity only to admins.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from services.catalogue import Catalogue
from services.domain.clock import iso
from services.domain.errors import NotFound
from services.domain.people import Person
from services.jobs.scheduling.limits import Limits, published
from services.monitoring.health import LOW_BYTES, Examiner, Health
from services.monitoring.loop_watchdog import LoopWatchdog
from services.monitoring.metrics import CONTENT_TYPE, Numbers, render
from services.monitoring.stats import Queue, Stats
from services.storage.usage import Usage

_LATELY_MS = 24 * 3_600_000


class StandingView(TypedDict):
    """Unfinished jobs."""

    waiting: int
    working: int
    unknown: int


class QueueView(TypedDict):
    """One bucket. `limit` is the published one; times are ISO 8601, UTC."""

    bucket: str
    model: str
    region: str
    waiting: int
    busy: int
    lanes: int
    limit: int
    per_second: int
    cooldown_until: str | None
    refusals: int


class FailureView(TypedDict):
    """One reason for failed jobs in the last 24 hours."""

    code: str | None
    count: int
    message: str
    last_at: str


class DiskView(TypedDict):
    """Bytes. `used` is the size of our files."""

    free: int
    total: int
    used: int
    low: bool


class LoopView(TypedDict):
    """How often the event loop was blocked too long since the start, and the longest time in milliseconds."""

    blocked: int
    longest_ms: float


class AdminView(TypedDict):
    """The answer of GET /studio/admin."""

    jobs: StandingView
    queues: list[QueueView]
    errors: list[FailureView]
    disk: DiskView
    loop: LoopView
    ready: bool


class Admin:
    """Monitors a running studio. `folder` is on the disk that stores the results."""

    metrics_type = CONTENT_TYPE
    """The MIME type of `metrics`."""

    def __init__(  # noqa: PLR0913 - one each of what it looks at
        self,
        tally: Stats,
        *,
        usage: Usage,
        folder: Path,
        catalogue: Catalogue,
        alive: Callable[[], bool],
        demo: bool,
        clock: Callable[[], int],
    ) -> None:
        self.loop = LoopWatchdog()
        self._tally = tally
        self._usage = usage
        self._folder = folder
        self._catalogue = catalogue
        self._demo = demo
        self._clock = clock
        self._examiner = Examiner(tally, alive=alive, free_bytes=lambda: shutil.disk_usage(folder).free, clock=clock)

    async def health(self) -> Health:
        """Return whether jobs can be taken."""
        return await self._examiner.look()

    async def metrics(self) -> bytes:
        """Return all numbers in Prometheus' text format."""
        now = self._clock()
        disk = await asyncio.to_thread(shutil.disk_usage, self._folder)
        return render(
            Numbers(
                jobs=await self._tally.by_status(demo=self._demo),
                queues=await self._tally.queues(now=now),
                failures=await self._tally.failures(since=now - _LATELY_MS, demo=self._demo),
                health=await self.health(),
                loop=self.loop,
                disk_free_bytes=disk.free,
                disk_total_bytes=disk.total,
                now=now,
            )
        )

    async def overview(self, person: Person) -> AdminView:
        """Return the admin's overview. Raises NotFound for all others."""
        if not person.admin:
            raise NotFound("There is nothing here.")
        now = self._clock()
        standing = await self._tally.standing(demo=self._demo)
        queues = await self._tally.queues(now=now)
        failures = await self._tally.failures(since=now - _LATELY_MS, demo=self._demo)
        use = await self._usage.use(person)
        used = sum(family.bytes for family in use.families) + use.bin + use.inputs
        return AdminView(
            jobs=StandingView(waiting=standing.waiting, working=standing.working, unknown=standing.unknown),
            queues=[_queue_view(queue, self._limits_of(queue), now=now) for queue in queues],
            errors=[
                FailureView(code=one.code, count=one.count, message=one.message, last_at=iso(one.last_at))
                for one in failures
            ],
            disk=DiskView(free=use.free, total=use.total, used=used, low=use.free < LOW_BYTES),
            loop=LoopView(blocked=self.loop.blocked, longest_ms=round(self.loop.longest_seconds * 1000, 1)),
            ready=(await self.health()).ready,
        )

    def _limits_of(self, queue: Queue) -> Limits:
        """Return the bucket's limits, or the published ones if none of its slots was granted yet."""
        if queue.limits is not None:
            return queue.limits
        rate = published(self._catalogue, model=queue.model, region=queue.region)
        return Limits(bucket=queue.bucket.name, running_limit=rate.running, per_second=rate.submits_per_second)


def _queue_view(queue: Queue, limits: Limits, *, now: int) -> QueueView:
    return QueueView(
        bucket=queue.bucket.name,
        model=queue.model or queue.bucket.vendor_model,
        region=queue.region,
        waiting=queue.waiting,
        busy=queue.busy,
        lanes=limits.slots,
        limit=limits.running_limit,
        per_second=limits.per_second,
        cooldown_until=iso(limits.cooldown_until) if limits.cooldown_until > now else None,
        refusals=limits.refusals,
    )
