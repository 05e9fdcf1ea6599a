"""The engine, DBOS: it runs every job that holds a slot, and starts it again after a crash.

Hides DBOS completely. services.jobs.scheduling grants the slots. The studio's own tables are the truth about a job. The
engine holds only job ids, so it may repeat any job at any time. A workflow's id consists of the job's id and the grant
time of its slot.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from sqlalchemy import event

from services.database.connection import STILL_SECONDS

log = logging.getLogger(__name__)

_ENDED = {"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}
_QUEUE = "jobs-with-a-lane"
"""The queue has no limits of its own."""
_OLD_QUEUES = "jobs-"
"""The name prefix of queues from before slots were introduced: one queue for each limit."""
_LOOK_SECONDS = 0.2
"""How often the queue is polled. Four polls a second cost about 2 % of a core."""
_STOP_SECONDS = 0.1
"""How often a thread of DBOS looks whether to end. Its other work, notifications, is not used here."""
_SUBSECONDS_SINCE = (3, 42, 0)
"""The first SQLite that knows the modifier `subsec`."""


class Engine:
    """Runs `run(job_id, grant)` for every enqueued job, all at once. services.jobs.scheduling limits their number.

    A job may still be running, in this process or another, from an earlier grant: `run` lets go of it then.
    """

    def __init__(self, run: Callable[[str, int | None], Awaitable[None]]) -> None:
        self._run = run
        self._tasks: set[asyncio.Task[Any]] = set()
        self._workflow: Any = None  # Any: DBOS's decorator types a coroutine function it has wrapped
        self._grants: dict[str, list[int | None]] = {}

    @classmethod
    @asynccontextmanager
    async def start(
        cls, run: Callable[[str, int | None], Awaitable[None]], *, home: Path, database_url: str, process: str
    ) -> AsyncGenerator[Engine, None]:
        """Run the engine in the current event loop.

        Jobs that a crash interrupted in a process of this name start again at once. Each of several processes that
        share a database needs its own name.
        """
        engine = cls(run)
        database = _sqlite(home / "engine.db") if database_url.startswith("sqlite") else None
        _quieten()
        DBOS(config=_config(database, database_url, process=process))
        engine._workflow = DBOS.workflow(name="run_job")(engine._as_workflow())
        DBOS.launch()
        await DBOS.register_queue_async(_QUEUE, polling_interval_sec=_LOOK_SECONDS, on_conflict="always_update")
        try:
            await _drop_old_queues()
            yield engine
        finally:
            await engine.let_go()
            # DBOS installed its own threads as the loop's executor and removes them: later shutdown steps need some
            # too.
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="studio"))
            await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
            if database is not None:
                database.dispose()  # DBOS does not dispose of an engine passed to it

    async def enqueue(self, job_id: str, *, grant: int | None) -> None:
        """Run a job that holds a slot. `grant` is the time when the slot was given: the same grant is run once.

        A job that gives its slot back and is granted another is run again. None is a job from before slots were
        introduced.
        """
        name = job_id if grant is None else f"{job_id}-at-{grant}"
        status = await DBOS.get_workflow_status_async(name)
        if status is not None and status.status in _ENDED:
            # The engine considers the job done, but it is not: run it again under a new name.
            attempts = await DBOS.list_workflows_async(workflow_id_prefix=f"{name}-try-", load_input=False)
            if any(attempt.status not in _ENDED for attempt in attempts):
                return
            name = f"{name}-try-{len(attempts) + 2}"
        with SetWorkflowID(name):
            await DBOS.enqueue_workflow_async(_QUEUE, self._workflow, job_id, grant)

    async def take_over(self, process: str) -> None:
        """Continue every job that a process which is gone was running. Only one process may do that at a time."""
        found = await DBOS.list_workflows_async(
            status="PENDING", executor_id=process, load_input=False, load_output=False
        )
        await _put_in_line([status.workflow_id for status in found])

    async def let_go(self) -> None:
        """Stop all jobs of this process at once. The process that takes them over continues them."""
        working = tuple(self._tasks)
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    def _as_workflow(self) -> Callable[..., Awaitable[None]]:
        async def run_job(job_id: str, grant: int | None = None) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await DBOS.run_step_async({"name": "run"}, self._once_at_a_time, job_id, grant)

        return run_job

    async def _once_at_a_time(self, job_id: str, grant: int | None) -> None:
        """Run a job. If it is already running here from another grant, run it after that run has ended."""
        if job_id in self._grants:
            self._grants[job_id].append(grant)
            return
        grants = self._grants[job_id] = [grant]
        try:
            while grants:
                await self._run(job_id, grants.pop(0))
        finally:
            del self._grants[job_id]


async def _put_in_line(workflow_ids: Sequence[str]) -> None:
    if workflow_ids:
        await DBOS.resume_workflows_async([*workflow_ids], queue_name=_QUEUE)


async def _drop_old_queues() -> None:
    """Delete the queues from before slots were introduced, one for each limit.

    Each costs a thread and a query a second. Their unfinished jobs continue in the current queue.
    """
    for queue in await DBOS.list_queues_async():
        if queue.name.startswith(_OLD_QUEUES) and queue.name != _QUEUE:
            left = await DBOS.list_workflows_async(
                status=["ENQUEUED", "PENDING"], queue_name=queue.name, load_input=False, load_output=False
            )
            await _put_in_line([status.workflow_id for status in left])
            await DBOS.delete_queue_async(queue.name)


def _config(database: sa.Engine | None, database_url: str, *, process: str) -> DBOSConfig:
    config = DBOSConfig(
        name="wan-studio",
        executor_id=process,
        application_version="1",
        max_executor_threads=16,
        log_level="WARNING",
        notification_listener_polling_interval_sec=_STOP_SECONDS,
        serializer=DBOSPortableJSONSerializer(),
    )
    if database is None:
        config["system_database_url"] = database_url.replace("+psycopg", "")
        config["sys_db_idle_transaction_timeout_sec"] = STILL_SECONDS
    else:
        config["system_database_url"] = str(database.url)
        config["system_database_engine"] = database
    return config


def _sqlite(path: Path) -> sa.Engine:
    """Open the engine's own file.

    It and the studio's file have different needs, and writers to two files do not block each other.
    """
    # A folder may have `?`, `#` and `%` in its name, which have a meaning in a URL.
    database = sa.create_engine(sa.URL.create("sqlite", database=str(path)), pool_size=8, max_overflow=4)
    event.listen(database, "connect", _prepare_sqlite)
    return database


def _unix_time(*_modifiers: object) -> float:
    return time.time()


def _prepare_sqlite(connection: Any, _record: object) -> None:  # Any: the driver's own connection class
    connection.isolation_level = "IMMEDIATE"
    if sqlite3.sqlite_version_info < _SUBSECONDS_SINCE:
        # From Python 3.12 on DBOS calls SQLite's unixepoch('subsec'), but a Python can be linked to an older SQLite.
        connection.create_function("unixepoch", -1, _unix_time)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


_NOT_TOLD = ("Contention detected", "DBOSAwaitedWorkflowCancelledError", "Asyncio task cancelled for workflow or step")


class _NotOurTrouble(logging.Filter):
    """Drops DBOS's messages about several processes polling one queue, and about cancelled steps."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        return not any(known in text for known in _NOT_TOLD)


def _quieten() -> None:
    logger = logging.getLogger("dbos")
    if not any(isinstance(known, _NotOurTrouble) for known in logger.filters):
        logger.addFilter(_NotOurTrouble())
