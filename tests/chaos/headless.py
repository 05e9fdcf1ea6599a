"""A studio without its page in a process of its own, which does what it is asked for over a pipe until it is killed.

`live` is what the process runs. It can kill itself at a mark: whoever listens to the database hears when a statement is
executed and when its transaction is over, so that no line of the studio knows of it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy import event

from services.domain.errors import StudioError
from services.domain.jobs import Decision, OnArrival
from services.domain.people import LOCAL, Person
from services.settings import Settings
from services.studio import Studio
from tests.chaos.clock import SharedClock, beating
from tests.chaos.plan import Mark
from tests.rig.studio import QUICK


@dataclass(frozen=True, kw_only=True)
class Birth:
    """What a studio process is born with."""

    home: Path
    log: Path
    clock: Path
    pulse: Path
    """Where it notes that its loop turns."""
    base_url: str
    key: str
    database_url: str | None
    mark: Mark
    count: int


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One thing to do. Answered with its number and what came of it."""

    number: int
    what: str
    values: dict[str, Any]  # Any: what each needs


PACE = replace(QUICK, settle=3.6, look_back=0.5)
"""A hundredth of the usual patience with a lost order."""
READY = 0
"""The number of the word that it is ready."""

_STATEMENTS = {
    Mark.ORDER_WRITTEN: "INSERT INTO jobs",
    Mark.LANE_GIVEN: "UPDATE jobs SET",
    Mark.INTENT_WRITTEN: "INSERT INTO submissions",
    Mark.ANSWER_IN_HAND: "UPDATE submissions SET",
    Mark.ROWS_BEGUN: "INSERT INTO assets",
    Mark.ROWS_WRITTEN: "INSERT INTO assets",
}
"""What the database is told at those marks that it sees."""
_BUT_ALSO = {Mark.LANE_GIVEN: "dispatched_at=", Mark.ANSWER_IN_HAND: "task_id="}
_AT_ONCE = frozenset({Mark.ANSWER_IN_HAND, Mark.ROWS_BEGUN})
"""Marks that lie before the commit; the others are met when the transaction is over."""


def live(pipe: Connection, birth: Birth) -> None:
    """The whole life of the process."""
    with birth.log.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(message)s", force=True)
    logging.getLogger(__name__).info("a life until %s (%d)", birth.mark, birth.count)
    if birth.mark in _STATEMENTS:
        _Suicide(birth.mark, birth.count).listen()
    asyncio.run(_run(pipe, birth))


async def _run(pipe: Connection, birth: Birth) -> None:
    asked: asyncio.Queue[Ask] = asyncio.Queue()
    threading.Thread(target=_hear, args=(pipe, asked, asyncio.get_running_loop()), daemon=True).start()
    settings = Settings(
        studio_home=birth.home,
        studio_database_url=birth.database_url,
        dashscope_api_key=SecretStr(birth.key),
        dashscope_base_url=birth.base_url,
    )
    studio = Studio(settings, pace=PACE, clock=SharedClock(birth.clock).now_ms)
    async with studio.running(), asyncio.TaskGroup() as group:
        group.create_task(beating(birth.pulse))
        pipe.send((READY, None))
        while True:
            group.create_task(_answer(studio, pipe, await asked.get()))


def _hear(pipe: Connection, asked: asyncio.Queue[Ask], loop: asyncio.AbstractEventLoop) -> None:
    try:
        while True:
            loop.call_soon_threadsafe(asked.put_nowait, pipe.recv())
    except (EOFError, OSError):
        os._exit(0)  # whoever asked is gone: nobody would end this process any more


async def _answer(studio: Studio, pipe: Connection, ask: Ask) -> None:
    try:
        told = await _do(studio, ask)
    except StudioError as error:
        told = str(error)
    except Exception as error:  # on a full disk anything may fail; what must not is looked up in the books
        logging.getLogger(__name__).exception("could not %s", ask.what)
        told = type(error).__name__
    pipe.send((ask.number, told))


async def _do(studio: Studio, ask: Ask) -> object:
    values = ask.values
    match ask.what:
        case "order":
            person = Person(values.pop("person"))
            return [job["id"] for job in await studio.submit_many(person=person, **values)]
        case "jobs":
            found = (await studio.jobs(limit=200, person=LOCAL))["items"]
            binned = (await studio.jobs(limit=200, person=LOCAL, deleted=True))["items"]
            return [(job["id"], job["status"], job["decision_about"]) for job in (*found, *binned)]
        case "cancel":
            return (await studio.cancel(values["job"]))["status"]
        case "hide":
            return (await studio.arrive(values["job"], OnArrival.HIDE))["status"]
        case "decide":
            return (await studio.decide(values["job"], Decision(values["decision"])))["status"]
        case _:
            raise ValueError(f"nobody knows how to {ask.what}")


class _Suicide:
    """Kills this process when a mark has been met so many times."""

    def __init__(self, mark: Mark, count: int) -> None:
        self._mark = mark
        self._left = count

    def listen(self) -> None:
        """Listen to every database of this process."""
        event.listen(sa.Engine, "before_cursor_execute", self._executing)
        event.listen(sa.Engine, "after_cursor_execute", self._executed)
        event.listen(sa.pool.Pool, "checkin", self._given_back)

    def _means(self, statement: str, parameters: object) -> bool:
        wanted = _STATEMENTS[self._mark]
        if not statement.startswith(wanted) or _BUT_ALSO.get(self._mark, "") not in statement:
            return False
        return "assets" not in wanted or "output" in str(parameters)

    # Any: SQLAlchemy's own arguments of an event.
    def _executing(self, _c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if self._mark is Mark.ANSWER_IN_HAND and self._means(statement, parameters):
            self._meet()

    def _executed(self, c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if self._mark is Mark.ANSWER_IN_HAND or not self._means(statement, parameters):
            return
        if self._mark in _AT_ONCE:
            self._meet()
        else:
            c.info["mark met"] = True

    def _given_back(self, _driver: Any, record: Any) -> None:
        if record.info.pop("mark met", False):
            self._meet()

    def _meet(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
