"""Many open pages on one studio: what they cost while nothing happens, and how old a change is when it reaches them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gradio_client import Client

from services.catalogue import CATALOGUE
from tests.bench.figures import Spread, Table, percentile, shown, spread
from tests.bench.orders import KEY, PROMPT, REGION
from tests.bench.processes import ROOT, cpu_seconds, program, wait_for
from tests.rig.ports import free_port

_ENDED = b'"status":"succeeded"'
_UPDATED = re.compile(rb'"updated_at":"([^"]+)"')


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    pages: int = 200
    window_seconds: float = 15.0
    """As long as the pause between two signs of life on a stream, so that each window has one of each page."""
    rounds: int = 3
    jobs: int = 6
    """Jobs made for their changes, once with one page open and once with all."""
    run_seconds: float = 3.0
    settle_seconds: float = 2.0
    """Left alone for so long before a window begins."""


@dataclass(kw_only=True)
class Pages:
    """What the open pages have received."""

    ages: list[float] = field(default_factory=list)
    """Milliseconds between the moment written in a change and its arrival."""
    ended: int = 0

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Read one stream until it is closed."""
        while line := await reader.readline():
            now = time.time()
            if line.startswith(b"data: {") and (found := _UPDATED.search(line)):
                self.ages.append((now - datetime.fromisoformat(found[1].decode()).timestamp()) * 1000)
                self.ended += _ENDED in line


@dataclass(frozen=True, kw_only=True)
class Server:
    """The studio under measurement."""

    port: int
    pid: int

    async def share_of_core(self, seconds: float) -> float:
        """Its CPU over some seconds, in per cent of a core."""
        began, before = time.perf_counter(), cpu_seconds(self.pid)
        await asyncio.sleep(seconds)
        return (cpu_seconds(self.pid) - before) / (time.perf_counter() - began) * 100

    @asynccontextmanager
    async def watched(self, pages: int, *, settle_seconds: float = 0.5) -> AsyncIterator[Pages]:
        """Hold this many event streams open."""
        seen = Pages()
        async with AsyncExitStack() as stack:
            readers = [await stack.enter_async_context(self._stream()) for _ in range(pages)]
            reading = [asyncio.create_task(seen.read(reader)) for reader in readers]
            await asyncio.sleep(settle_seconds)
            try:
                yield seen
            finally:
                for task in reading:
                    task.cancel()
                await asyncio.gather(*reading, return_exceptions=True)

    @asynccontextmanager
    async def _stream(self) -> AsyncIterator[asyncio.StreamReader]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        try:
            writer.write(b"GET /studio/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % self.port)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            yield reader
        finally:
            writer.close()


@dataclass(frozen=True, kw_only=True)
class Shares:
    """CPU while nothing happens, in per cent of a core."""

    empty: Spread
    """Of a Gradio page with one button."""
    idle: Spread
    watched: Spread


def compare(plan: Plan, home: Path) -> list[Table]:
    """Idle, watched, idle, watched and so on; then changes with one page open, and with all."""
    port = free_port()
    with ExitStack() as stack:
        vendor = stack.enter_context(
            program(
                "-m", "tests.bench.vendor", str(home / "tasks"), str(plan.run_seconds), "limits", home=home / "vendor"
            )
        )
        settings = {
            "STUDIO_PORT": str(port),
            "DASHSCOPE_API_KEY": KEY,
            "DASHSCOPE_REGION": REGION,
            "DASHSCOPE_BASE_URL": vendor.line(),
        }
        studio = stack.enter_context(program(str(ROOT / "app.py"), home=home / "studio", **settings))
        empty_port = free_port()
        empty = stack.enter_context(program("-m", "tests.bench.blank_app", str(empty_port), home=home / "empty"))
        wait_for(f"http://127.0.0.1:{port}/healthz", studio)
        wait_for(f"http://127.0.0.1:{empty_port}/healthz", empty)
        servers = (
            Server(port=port, pid=studio.process.pid),
            Server(port=empty_port, pid=empty.process.pid),
        )
        return [asyncio.run(_measure(plan, *servers))]


async def _measure(plan: Plan, server: Server, empty: Server) -> Table:
    buyer = await asyncio.to_thread(Client, f"http://127.0.0.1:{server.port}", verbose=False)
    await _buy(buyer, server, jobs=1, pages=1)  # everything is imported and the first clip is made now
    idle: list[float] = []
    nothing: list[float] = []
    watched: list[float] = []
    for _ in range(plan.rounds):
        own, other = await asyncio.gather(*(each.share_of_core(plan.window_seconds) for each in (server, empty)))
        idle.append(own)
        nothing.append(other)
        async with server.watched(plan.pages, settle_seconds=plan.settle_seconds):
            watched.append(await server.share_of_core(plan.window_seconds))
        await asyncio.sleep(plan.settle_seconds)
    idle.append(await server.share_of_core(plan.window_seconds))
    alone, alone_cpu = await _buy(buyer, server, jobs=plan.jobs, pages=1)
    many, many_cpu = await _buy(buyer, server, jobs=plan.jobs, pages=plan.pages)
    changes = len(many.ages) / plan.pages
    each = (many_cpu - alone_cpu) / changes * 1000
    shares = Shares(empty=spread(nothing), idle=spread(idle), watched=spread(watched))
    return _table(plan, shares, ages=(alone.ages, many.ages), change_ms=each)


async def _buy(buyer: Client, server: Server, *, jobs: int, pages: int) -> tuple[Pages, float]:
    """Make some jobs while pages watch. Gives what these saw, and the server's CPU-seconds."""
    family = CATALOGUE.families[0].id
    async with server.watched(pages) as seen:
        before = cpu_seconds(server.pid)
        for _ in range(jobs):
            await asyncio.to_thread(buyer.predict, PROMPT, api_name=f"/{family}")
        async with asyncio.timeout(120):
            while seen.ended < jobs * pages:
                await asyncio.sleep(0.1)
        return seen, cpu_seconds(server.pid) - before


def _table(plan: Plan, shares: Shares, *, ages: tuple[list[float], list[float]], change_ms: float) -> Table:
    many = ages[1]
    above = shares.watched.median - shares.idle.median
    return Table(
        title="Open pages",
        columns=("", "empty app", "studio, no page", "1 page", f"{plan.pages} pages"),
        rows=(
            ("CPU while nothing happens (% of a core)", str(shares.empty), str(shares.idle), "", str(shares.watched)),
            ("above idle (% of a core)", "", "", "", shown(above)),
            ("a change on the page after (ms), median", "", "", *(shown(percentile(each, 0.5)) for each in ages)),
            ("a change on the page after (ms), 95 %", "", "", *(shown(percentile(each, 0.95)) for each in ages)),
            ("CPU of one change for all pages (ms)", "", "", "", shown(change_ms)),
        ),
        notes=(
            f"Median (range) of windows of {plan.window_seconds:.0f} s, in turn. A change's age counts from the moment",
            "written in its row, so its commit to the disk is in it. The studio is `app.py`, page, API and MCP in it.",
        ),
        raw={
            "empty_app_percent": shares.empty.median,
            "idle_percent": shares.idle.median,
            "watched_percent": shares.watched.median,
            "age_ms_p50": percentile(many, 0.5),
            "age_ms_p95": percentile(many, 0.95),
            "ages": len(many),
            "change_cpu_ms": change_ms,
        },
    )
