"""A studio process as its driver sees it: started, asked, killed.

Hides the pipe and how processes are made quickly: they are forked from one that has loaded the studio's code and
nothing else, so that each is born in a moment and shares no memory, file or connection with any other.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.chaos.headless import READY, Ask, Birth, live

_MAKER = multiprocessing.get_context("forkserver")
_MAKER.set_forkserver_preload(["tests.chaos.headless"])
_BORN_WITHIN = 60.0
_ANSWERS_WITHIN = 20.0


class Gone(Exception):
    """The process is dead, or does not answer."""


class StudioProcess:
    """One life. Begin it with `begun`."""

    def __init__(self, birth: Birth) -> None:
        self._pipe, theirs = _MAKER.Pipe()
        self._process = _MAKER.Process(target=live, args=(theirs, birth), daemon=True)
        self._numbers = itertools.count(READY + 1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}  # Any: whatever is answered
        self.died = asyncio.Event()
        self.killed = False
        """Whether kill -9 was its end; known once it is dead."""
        self._process.start()
        theirs.close()
        self._loop = asyncio.get_running_loop()
        self._ready = self._loop.create_future()
        self._waiting[READY] = self._ready
        self._loop.add_reader(self._process.sentinel, self._has_died)
        self._loop.add_reader(self._pipe.fileno(), self._hear)

    @classmethod
    @asynccontextmanager
    async def begun(cls, birth: Birth) -> AsyncIterator[StudioProcess]:
        """A process that is being born; it is dead at the end."""
        process = cls(birth)
        try:
            yield process
        finally:
            process.kill()
            await process.died.wait()
            process._pipe.close()

    @property
    def id(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it was not seen to die."""
        return not self.died.is_set()

    async def ready(self) -> None:
        """Wait until it takes orders. Raises Gone."""
        await self._answered(self._ready, within=_BORN_WITHIN)

    async def ask(self, what: str, **values: Any) -> Any:  # Any: what each needs and gives
        """Have something done. Raises Gone where it dies before it answers."""
        number = next(self._numbers)
        answer = self._waiting[number] = self._loop.create_future()
        try:
            self._pipe.send(Ask(number=number, what=what, values=values))
        except OSError as error:
            raise Gone from error
        return await self._answered(answer, within=_ANSWERS_WITHIN)

    def kill(self) -> None:
        """kill -9, where it still lives."""
        self._process.kill()

    async def _answered(self, answer: asyncio.Future[Any], *, within: float) -> Any:
        dying = asyncio.ensure_future(self.died.wait())
        try:
            await asyncio.wait((answer, dying), timeout=within, return_when=asyncio.FIRST_COMPLETED)
        finally:
            dying.cancel()
        if not answer.done():
            raise Gone
        return answer.result()

    def _hear(self) -> None:
        with suppress(EOFError, OSError):
            while self._pipe.poll():
                number, told = self._pipe.recv()
                waiting = self._waiting.pop(number, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(told)
            return
        self._loop.remove_reader(self._pipe.fileno())

    def _has_died(self) -> None:
        self._loop.remove_reader(self._process.sentinel)
        self._loop.remove_reader(self._pipe.fileno())
        self._process.join()
        self.killed = self._process.exitcode == -signal.SIGKILL
        self.died.set()
