"""Many runs, a few at once, and their sum. Hides where they take place and what they share."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psycopg
from PIL import Image

from tests import ROOT
from tests.bench.figures import machine
from tests.chaos.books import Findings
from tests.chaos.plan import plan_of
from tests.chaos.run import Outcome, run
from tests.rig import postgres

Database = Literal["sqlite", "postgresql", "both"]

BAD = ("lost", "bought_twice", "unmentioned", "starved", "unresolved", "late", "leaked")
"""What must be zero."""
_POSTGRESQL_EVERY = 5
"""Of so many runs one is on PostgreSQL, with two processes, where both are asked for."""
_RUN_TAKES_AT_MOST = 240.0
"""Seconds; a run that takes longer hangs."""


@dataclass(frozen=True, kw_only=True)
class Drill:
    """What to do."""

    runs: int
    seed: int = 1
    database: Database = "both"
    jobs: int = 8
    at_once: int = 4
    keep: bool = False
    """Whether the folders of runs with findings stay."""


@dataclass
class Score:
    """The sum of all runs."""

    runs: int = 0
    jobs: int = 0
    on_postgresql: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(BAD, 0)))
    ends: Counter[str] = field(default_factory=Counter)
    failing: list[int] = field(default_factory=list)
    """The seeds of the runs with findings."""
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether nothing was found that must not be."""
        return not self.failing and not any(self.bad.values())

    def add(self, outcome: Outcome) -> None:
        """Count a run."""
        self.runs += 1
        self.jobs += outcome.jobs
        self.counts.update(outcome.counts)
        self.ends.update(outcome.ends)
        for name in BAD:
            self.bad[name] += len(getattr(outcome.findings, name))
        if not outcome.findings.clean:
            self.failing.append(outcome.seed)

    def told(self, drill: Drill) -> dict[str, object]:
        """The score for a program."""
        return {
            "machine": machine(),
            "seed": drill.seed,
            "runs": self.runs,
            "runs_on_postgresql": self.on_postgresql,
            "jobs": self.jobs,
            "met": {name.replace(" ", "_"): count for name, count in sorted(self.counts.items())},
            "ends": dict(sorted(self.ends.items())),
            **{name: self.bad[name] for name in BAD},
            "failing_seeds": self.failing,
            "seconds": round(self.seconds),
        }


def carry_out(drill: Drill, *, home: Path, say: Callable[[str], None] = print) -> Score:
    """All runs of a drill, below a folder that is there. `say` is told of each that has findings."""
    score, began = Score(), time.monotonic()
    with _database_server(drill) as server, _code_to_be_found():
        asyncio.run(_all(drill, home=home, server=server, score=score, say=say))
    score.seconds = time.monotonic() - began
    return score


async def _all(drill: Drill, *, home: Path, server: str | None, score: Score, say: Callable[[str], None]) -> None:
    seeds = iter(range(drill.seed, drill.seed + drill.runs))
    picture = home / "given.png"
    Image.linear_gradient("L").resize((600, 800)).convert("RGB").save(picture)
    masters = home / "masters"
    masters.mkdir()
    async with asyncio.TaskGroup() as group:

        async def worker() -> None:
            for seed in seeds:
                outcome = await _one(drill, seed, home=home, server=server, picture=picture, masters=masters)
                shared = _on_postgresql(drill, seed)
                score.on_postgresql += shared
                score.add(outcome)
                for name in BAD:
                    for finding in getattr(outcome.findings, name):
                        where = " on PostgreSQL" if shared else ""
                        say(f"seed {seed}{where}: {name.replace('_', ' ')}: {finding}")

        for _ in range(drill.at_once):
            group.create_task(worker())


async def _one(drill: Drill, seed: int, *, home: Path, server: str | None, picture: Path, masters: Path) -> Outcome:
    shared = _on_postgresql(drill, seed)
    plan = plan_of(seed, jobs=drill.jobs, postgresql=shared, picture=str(picture))
    folder = home / f"run-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        async with asyncio.timeout(_RUN_TAKES_AT_MOST), _database(server if shared else None, seed) as url:
            outcome = await run(plan, folder=folder, database_url=url, masters=masters)
    except Exception as error:  # noqa: BLE001 - a run that breaks off proves nothing: a finding, and the others go on
        traceback.print_exc()
        broken = Findings(unresolved=(f"the run broke off: {type(error).__name__}: {error}",))
        outcome = Outcome(seed=seed, findings=broken, jobs=0, counts=Counter(), seconds=0)
    if outcome.findings.clean or not drill.keep:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return outcome


def _on_postgresql(drill: Drill, seed: int) -> bool:
    match drill.database:
        case "sqlite":
            return False
        case "postgresql":
            return True
        case "both":
            return seed % _POSTGRESQL_EVERY == 0


@contextmanager
def _code_to_be_found() -> Iterator[None]:
    """Studio processes find our code wherever the drill was started from, and no key of whoever started it."""
    root = str(ROOT)
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (root, before.get("PYTHONPATH"))))
    for name in before:
        if name.startswith(("STUDIO_", "DASHSCOPE_", "OTEL_")):
            del os.environ[name]
    os.environ["STUDIO_ENV_FILE"] = os.devnull
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


# Databases ------------------------------------------------------------------------------------------------------------


@contextmanager
def _database_server(drill: Drill) -> Iterator[str | None]:
    if not any(_on_postgresql(drill, seed) for seed in range(drill.seed, drill.seed + drill.runs)):
        yield None
        return
    with postgres.cluster() as url:
        yield url


@asynccontextmanager
async def _database(server: str | None, seed: int) -> AsyncIterator[str | None]:
    """An empty database of the run's own, gone at its end; None is a file in the studio's home."""
    if server is None:
        yield None
        return
    name = f"run_{seed}"
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(f"CREATE DATABASE {name}".encode())
    yield server.rpartition("/")[0] + f"/{name}"
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
