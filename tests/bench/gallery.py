"""The gallery's pages and searches, with a hundred jobs and with two hundred thousand.

Twenty persons share a history; half of it is one person's. Every figure is taken through the whole studio, with what
the page asks for: a page of sixty as JSON. The sizes are measured in turn in one run, so that their ratio means
something on a busy machine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from fastapi import FastAPI
from psycopg import sql

from services.database.jobs import History
from services.domain.jobs import first_place_at
from services.settings import Settings
from services.studio import Studio
from services.web import add_routes
from tests.bench.figures import Table, percentile, shown, spread
from tests.bench.seeding import HALF, MIDDLE, PERSONS, person_number, seed
from tests.rig import postgres
from tests.rig.studio import settings_for

_PAGE = 60
_HEADER = "X-Person"
_ADMIN = "the-admin"
_UNCOUNTED = 2
"""The first rounds fill caches."""
Took = Mapping[str, Mapping[int, list[float]]]
"""Milliseconds, by question and size."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    items: tuple[int, ...] = (100, 10_000, 200_000)
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    rounds: int = 20
    """Looks at each page, and at each search with other words, of each size."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One kind of question to the gallery, with several wordings of it."""

    title: str
    queries: tuple[str, ...] = ("",)
    person: str = HALF
    deep: bool = False
    """Whether to begin in the middle of the history."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """More of what the route takes."""


_QUESTIONS = (
    _Asked(title="first page, half of all is theirs"),
    _Asked(title="a page in the middle", deep=True),
    _Asked(title="first page, a fortieth is theirs", person=person_number(7)),
    _Asked(title="first page of everybody's", person=_ADMIN),
    _Asked(title="the bin", parameters={"deleted": "1"}),
    _Asked(title="common words", queries=("light", "slow camera", "the", "golden light", "sunset")),
    _Asked(title="rare words", queries=("heliotrope", "quagga", "theodolite", "nobodywrotethis", "samovar")),
    _Asked(title="a rare and a common word", queries=("heliotrope light", "quagga the camera", "samovar slow golden")),
    _Asked(title="common words that rarely meet", queries=("lantern glacier", "glacier lantern the")),
    _Asked(title="the beginning of a word", queries=("suns", "cam", "gold", "heli", "lig")),
    _Asked(title="a phrase", queries=('"golden light"', '"slow camera move"', '"a quagga"')),
    _Asked(title="two Chinese characters", queries=("狐狸", "雪山", "夕阳", "茶馆", "龙舟")),
    _Asked(title="one or four Chinese characters", queries=("月", "古镇夜市", "雨", "竹林小径")),
    _Asked(
        title="words and filters",
        queries=(
            "light fav", "sunset seconds>5", "camera cost<0.3", "golden rating>=4", "狐狸 status:done",
            "light tag:keepers", "the status:failed seconds>8", "light before:2026-03", "slow -camera family:text_to",
        ),
    ),
    _Asked(
        title="filters alone",
        queries=(
            "fav", "tag:keepers", "rating:5 status:done", "seconds>5 cost<1", "status:failed", "model:wan2.5",
            "before:2026-02 after:2026-01", "-family:text_to_video fav", "is:imported",
        ),
    ),
    _Asked(title="words, everybody's", person=_ADMIN, queries=("light", "狐狸", "heliotrope", "by:person-07 golden")),
    _Asked(title="words, a fortieth is theirs", person=person_number(7), queries=("light", "狐狸", "heliotrope the")),
)  # fmt: skip


def compare(plan: Plan, home: Path) -> list[Table]:
    """A table for each database."""
    return [asyncio.run(_measure(plan, database, home / database)) for database in plan.databases]


async def _measure(plan: Plan, database: str, home: Path) -> Table:
    took: dict[str, dict[int, list[float]]] = {question.title: {n: [] for n in plan.items} for question in _QUESTIONS}
    seeded: dict[int, float] = {}
    async with AsyncExitStack() as stack:
        server = stack.enter_context(postgres.cluster()) if database == "postgresql" else ""
        galleries: dict[int, httpx.AsyncClient] = {}
        for items in plan.items:
            url = await asyncio.to_thread(_database, server, home / str(items), items)
            began = time.perf_counter()
            await seed(url, items)
            seeded[items] = time.perf_counter() - began
            galleries[items] = await stack.enter_async_context(_opened(home / str(items), url))
        for number in range(_UNCOUNTED + plan.rounds):
            for question in _QUESTIONS:
                for items, gallery in galleries.items():
                    milliseconds = await _ask(gallery, question, number)
                    if number >= _UNCOUNTED:
                        took[question.title][items].append(milliseconds)
    return _table(plan, database, took, seeded)


def _database(server: str, home: Path, items: int) -> str:
    """The URL of an empty database."""
    home.mkdir(parents=True)
    if not server:
        return f"sqlite+aiosqlite:///{home / 'studio.db'}"
    name = f"studio_{items}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{server.removesuffix('/studio')}/{name}".replace("postgresql://", "postgresql+psycopg://")


class _Shelf(Studio):
    """A studio of which only the history is at work: several can be open at once."""

    def __init__(self, settings: Settings, history: History) -> None:
        super().__init__(settings)
        self._opened = history

    @property
    def history(self) -> History:
        return self._opened


@asynccontextmanager
async def _opened(home: Path, url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The routes of a studio with this database, called within this process."""
    settings = settings_for(home, "http://127.0.0.1:9", studio_person_header=_HEADER, studio_admins=(_ADMIN,))
    async with History.open(url) as history:
        app = FastAPI()
        add_routes(app, _Shelf(settings, history))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://studio") as client:
            yield client


async def _ask(gallery: httpx.AsyncClient, question: _Asked, number: int) -> float:
    """Milliseconds from the call of the route to its JSON."""
    parameters: dict[str, str | int] = {"limit": _PAGE, **question.parameters}
    wording = question.queries[number % len(question.queries)]
    if wording:
        parameters["query"] = wording
    if question.deep:
        parameters["cursor"] = str(first_place_at(MIDDLE))
    request = gallery.build_request("GET", "/studio/jobs", params=parameters, headers={_HEADER: question.person})
    began = time.perf_counter()
    answer = await gallery.send(request)
    took = time.perf_counter() - began
    answer.raise_for_status()
    return took * 1000


def _table(plan: Plan, database: str, took: Took, seeded: Mapping[int, float]) -> Table:
    rows: list[tuple[str, ...]] = []
    raw: dict[str, object] = {"seeded_seconds": dict(seeded)}
    for question in _QUESTIONS:
        by_items = took[question.title]
        medians = [spread(by_items[items]).median for items in plan.items]
        slowest = [percentile(by_items[items], 0.95) for items in plan.items]
        ratio = shown(medians[-1] / medians[0]) if len(medians) > 1 else ""
        cells = [shown(number) for pair in zip(medians, slowest, strict=True) for number in pair]
        rows.append((question.title, *cells, ratio))
        raw[question.title] = {str(items): by_items[items] for items in plan.items}
    columns = [f"{name} {items:,}" for items in plan.items for name in ("median", "p95")]
    return Table(
        title=f"The gallery on {'SQLite' if database == 'sqlite' else 'PostgreSQL'}",
        columns=("asked for", *columns, "ratio"),
        rows=tuple(rows),
        notes=(
            f"Milliseconds of GET /studio/jobs with {_PAGE} jobs a page, its JSON included, called without a network;",
            f"{plan.rounds} rounds of all sizes in turn, several wordings of each search. The ratio is that of the",
            f"medians of {plan.items[-1]:,} and {plan.items[0]:,} jobs. {PERSONS} persons, of whom one has half.",
        ),
        raw=raw,
    )
