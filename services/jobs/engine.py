"""The engine that decides which job runs when, and that starts every unfinished one again after a crash: DBOS.

Hides DBOS completely. The studio's own tables are the truth about a job; the engine holds nothing but job ids, so that
it may repeat any job at any time. A workflow's id is the job's id.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from sqlalchemy import event

from services.catalogue.schema import RateLimit

log = logging.getLogger(__name__)

_ENDED = {"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}
_LOOK_SECONDS = 0.25
"""How often a queue is looked at. Four looks a second cost about 2 % of a core a queue."""
_SUBSECONDS_SINCE = (3, 42, 0)
"""The first SQLite that knows the modifier `subsec`."""
_SMOOTH_UP_TO = 20
"""Up to this rate starts are spread evenly, one at a time, so that a crash leaves few look-alike submissions."""


class Engine:
    """Runs `run(job_id)` for every enqueued job, a few at a time for each account and model."""

    def __init__(self, run: Callable[[str], Awaitable[None]]) -> None:
        self._run = run
        self._queues: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._workflow: Any = None  # Any: DBOS's decorator types a coroutine function it has wrapped

    @classmethod
    @asynccontextmanager
    async def start(
        cls, run: Callable[[str], Awaitable[None]], *, home: Path, database_url: str
    ) -> AsyncIterator[Engine]:
        """Launch inside the running loop; jobs that a crash interrupted start again at once."""
        engine = cls(run)
        database = _sqlite(home / "engine.db") if database_url.startswith("sqlite") else None
        _quieten()
        DBOS(config=_config(database, database_url))
        engine._workflow = DBOS.workflow(name="run_job")(engine._as_workflow())
        DBOS.launch()
        try:
            yield engine
        finally:
            for task in engine._tasks:
                task.cancel()
            await asyncio.gather(*engine._tasks, return_exceptions=True)
            # DBOS has made its own threads the loop's, and takes them away: what stops after us needs some too.
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="studio"))
            await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
            if database is not None:
                database.dispose()  # DBOS leaves an engine that it was given

    async def prepare(self, rates: Iterable[RateLimit]) -> None:
        """Register the queues of these limits now, so that the first job of each does not wait for it."""
        for rate in rates:
            await self._queue(rate)

    async def enqueue(self, job_id: str, *, bucket: str, rate: RateLimit) -> None:
        """Run a job when its bucket has a lane free. Enqueuing a job twice runs it once."""
        queue = await self._queue(rate)
        workflow_id = job_id
        status = await DBOS.get_workflow_status_async(job_id)
        if status is not None and status.status in _ENDED:
            # The engine believes that it is done with a job that is not: run it anew under a name of its own.
            attempts = await DBOS.list_workflows_async(workflow_id_prefix=f"{job_id}-", load_input=False)
            if any(attempt.status not in _ENDED for attempt in attempts):
                return
            workflow_id = f"{job_id}-{len(attempts) + 1}"
        with SetWorkflowID(workflow_id), SetEnqueueOptions(queue_partition_key=bucket):
            await DBOS.enqueue_workflow_async(queue, self._workflow, job_id)

    async def _queue(self, rate: RateLimit) -> str:
        """The queue for a pair of limits, partitioned by bucket: a handful of queues serve every account and model."""
        name = f"jobs-{rate.running}-at-{rate.submits_per_second}"
        if name not in self._queues:
            per_second = rate.submits_per_second
            limit = 1 if per_second <= _SMOOTH_UP_TO else per_second
            await DBOS.register_queue_async(
                name,
                partition_concurrency=rate.running,
                partition_limiter={"limit": limit, "period": limit / per_second},
                polling_interval_sec=_LOOK_SECONDS,
                on_conflict="always_update",
            )
            self._queues.add(name)
        return name

    def _as_workflow(self) -> Callable[[str], Awaitable[None]]:
        async def run_job(job_id: str) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await DBOS.run_step_async({"name": "run"}, self._run, job_id)

        return run_job


def _config(database: sa.Engine | None, database_url: str) -> DBOSConfig:
    config = DBOSConfig(
        name="wan-studio",
        executor_id="local",
        application_version="1",
        max_executor_threads=16,
        log_level="WARNING",
        serializer=DBOSPortableJSONSerializer(),
    )
    if database is None:
        config["system_database_url"] = database_url.replace("+psycopg", "")
    else:
        config["system_database_url"] = str(database.url)
        config["system_database_engine"] = database
    return config


def _sqlite(path: Path) -> sa.Engine:
    """The engine's own file: it and the studio's have different needs, and two writers do not wait for each other."""
    database = sa.create_engine(f"sqlite:///{path}", pool_size=8, max_overflow=4)
    event.listen(database, "connect", _prepare_sqlite)
    return database


def _prepare_sqlite(connection: Any, _record: object) -> None:  # Any: the driver's own connection class
    connection.isolation_level = "IMMEDIATE"
    if sqlite3.sqlite_version_info < _SUBSECONDS_SINCE:
        # From Python 3.12 on DBOS asks SQLite for unixepoch('subsec'), but a Python can be linked to an older SQLite.
        connection.create_function("unixepoch", -1, lambda *_modifiers: time.time())
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


_NOT_TOLD = ("Contention detected", "DBOSAwaitedWorkflowCancelledError", "Asyncio task cancelled for workflow or step")


class _NotOurTrouble(logging.Filter):
    """Drops what DBOS tells about several processes looking at one queue, and about steps that were cancelled."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        return not any(known in text for known in _NOT_TOLD)


def _quieten() -> None:
    logger = logging.getLogger("dbos")
    if not any(isinstance(known, _NotOurTrouble) for known in logger.filters):
        logger.addFilter(_NotOurTrouble())
