"""Everything that works while a studio runs: opened in the order in which it is needed, closed in the other.

Hides what is built from what. services.studio hands the pieces out.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.adopting import Adopter
from services.catalogue import Catalogue
from services.dashscope.api_keys import Accounts
from services.database.backups import Backups, database_path
from services.database.caps import fixed_caps
from services.database.jobs import History
from services.domain.jobs import JobWithAssets
from services.domain.people import LOCAL
from services.exports import Exports
from services.importing import Importer
from services.jobs.context import Context
from services.jobs.expiry_alarm import ExpiryAlarm
from services.jobs.pace import Pace
from services.jobs.remote_changes import RemoteChanges
from services.jobs.scheduling import Slots
from services.jobs.service import Jobs
from services.jobs.timing import Samples, Timing
from services.jobs.workers import Workers
from services.keeping import Keeper
from services.media.metadata import strip
from services.money.budget import Money
from services.money.spending import Spending
from services.recalling import Recipes
from services.reuse import Reuse
from services.settings import Settings
from services.sheets import Sheets
from services.shelf import Shelf
from services.storage import archive_pairing
from services.storage.archive import Archive
from services.storage.cleanup import Cleanup
from services.storage.database_recovery import mend
from services.storage.downloads import Downloads
from services.storage.usage import Usage
from services.watching.tally import Stats
from services.watching.tracing import tracing
from services.watching.watch import Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Running:
    """The pieces of a running studio."""

    accounts: Accounts
    archive: Archive
    history: History
    jobs: Jobs
    downloads: Downloads
    shelf: Shelf
    exports: Exports
    disk: Usage
    janitor: Cleanup
    reuse: Reuse
    guard: ExpiryAlarm
    sheets: Sheets
    recipes: Recipes
    importer: Importer
    keeper: Keeper
    money: Money
    watch: Watch
    timing: Timing
    stats: Stats


@dataclass(frozen=True, kw_only=True)
class Telling:
    """How the pieces say what changed."""

    announce: Callable[[str], Awaitable[None]]
    """A job, by its id."""
    tell: Callable[[Sequence[JobWithAssets]], None]
    """Jobs that another process has changed."""
    look_again: Callable[[], None]
    """So much that every page should ask anew."""


@asynccontextmanager
async def run(
    settings: Settings, *, catalogue: Catalogue, pace: Pace, telling: Telling, clock: Callable[[], int]
) -> AsyncIterator[Running]:
    """Open the database, start the engine, go on with every unfinished job. `clock` tells milliseconds since 1970."""
    home, demo = settings.home, settings.demo
    archive = Archive(home / "files")
    await asyncio.to_thread(_prepare_folders, archive, home)
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(_demo_vendor(catalogue, home)) if demo else None
        mended = await asyncio.to_thread(mend, settings.database_url, home, archive.root, now=clock())
        history = await stack.enter_async_context(History.open(settings.database_url, caps=fixed_caps(settings)))
        slots, workers, stats = Slots(history.engine), Workers(history.engine), Stats(history.engine)
        adopter = Adopter(history=history, archive=archive, clock=clock, demo=demo, announce=telling.announce)
        held = await archive_pairing.begin(history, archive, mended, now=clock())
        await _take_held(adopter, held)
        accounts = await stack.enter_async_context(
            Accounts(settings, catalogue, demo_origin=origin, sharers=lambda: workers.size).open()
        )
        context = Context(
            history=history,
            slots=slots,
            workers=workers,
            timing=Timing(Samples(history.engine), catalogue),
            archive=archive,
            accounts=accounts,
            catalogue=catalogue,
            announce=telling.announce,
            pace=pace,
            clock=clock,
            span=(await stack.enter_async_context(tracing(settings.otel_exporter_otlp_endpoint))).span,
        )
        await context.timing.load()
        jobs = await stack.enter_async_context(Jobs.open(context, home=home, database_url=settings.database_url))
        hearing = RemoteChanges(history, sharers=lambda: workers.size, tell=telling.tell, learn=context.timing.learn)
        await stack.enter_async_context(hearing.working())
        janitor = await stack.enter_async_context(
            Cleanup(history=history, archive=archive, passing=_passing(home), clock=clock).working()
        )
        keeper = await stack.enter_async_context(
            Keeper(history=history, archive=archive, adopter=adopter, look_again=telling.look_again).working()
        )
        await stack.enter_async_context(_copying(settings, keeper, clock))
        disk = Usage(history=history, archive=archive, catalogue=catalogue)
        watch = Watch(
            stats,
            disk=disk,
            folder=archive.incoming,
            catalogue=catalogue,
            alive=lambda: jobs.alive,
            demo=demo,
            clock=clock,
        )
        stack.enter_context(_heap_at_rest())
        stack.enter_context(watch.loop.watching())
        yield Running(
            accounts=accounts,
            archive=archive,
            history=history,
            jobs=jobs,
            downloads=Downloads(history=history, archive=archive, folder=home / "cache" / "clean", strip=strip),
            shelf=Shelf(
                history=history,
                announce=telling.announce,
                look_again=telling.look_again,
                demo=demo,
                clock=clock,
            ),
            exports=Exports(history=history, archive=archive, catalogue=catalogue, strip=strip, demo=demo, clock=clock),
            disk=disk,
            janitor=janitor,
            reuse=Reuse(history=history, archive=archive, catalogue=catalogue, cache=home / "cache" / "cut"),
            recipes=Recipes(history=history, catalogue=catalogue),
            importer=Importer(history=history, archive=archive, clock=clock, demo=demo, announce=telling.announce),
            keeper=keeper,
            sheets=Sheets(history=history, archive=archive, catalogue=catalogue),
            guard=ExpiryAlarm(history=history, wake=jobs.wake_up, clock=clock),
            money=Money(
                history=history, spending=Spending(history.engine), catalogue=catalogue, demo=demo, clock=clock
            ),
            watch=watch,
            timing=context.timing,
            stats=stats,
        )


async def _take_held(adopter: Adopter, held: Sequence[str]) -> None:
    """Jobs that are held for a person, but lie in the archive: they were ordered, and nobody need be asked."""
    try:
        if held:
            await adopter.adopt(LOCAL, only=held)
    except OSError as error:
        log.warning("held jobs could not be taken in (%s): a person is asked about them", error.strerror)


@asynccontextmanager
async def _copying(settings: Settings, keeper: Keeper, clock: Callable[[], int]) -> AsyncIterator[None]:
    """Copy the database every day, if it is a file of ours."""
    database = database_path(settings.database_url)
    if database is None:
        yield
        return
    folder = settings.home / "backups"
    copies = Backups(database, folder, settled=lambda: keeper.settled, told=keeper.note_copy, clock=clock)
    async with copies.working():
        yield


@contextmanager
def _heap_at_rest() -> Iterator[None]:
    """What is there when the studio begins stays to its end: the garbage collector need not look at it again.

    A full look takes more than 100 ms, more with the page, and nobody else gets a word in meanwhile.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def repaired_folder(home: Path) -> Path:
    """Where repaired copies of given files lie until they are used."""
    return home / "cache" / "repaired"


def _passing(home: Path) -> list[Path]:
    """Where copies lie that are of use for a while only."""
    return [home / "cache" / name for name in ("uploads", "repaired", "clean")]


def _prepare_folders(archive: Archive, home: Path) -> None:
    archive.prepare()
    # What was repaired is copied when it is used, what was cut or cleaned can be made again: by the next start it is
    # of no use.
    for name in ("repaired", "cut", "clean"):
        shutil.rmtree(home / "cache" / name, ignore_errors=True)
    repaired_folder(home).mkdir(parents=True)


@asynccontextmanager
async def _demo_vendor(catalogue: Catalogue, home: Path) -> AsyncIterator[str]:
    """The simulator, inside this process but over real HTTP. Imported only where it is needed."""
    from services.simulator import Simulator, serve  # noqa: PLC0415

    folder = home / "demo"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with serve(Simulator(catalogue, home=folder, speed=_DEMO_SPEED)) as origin:
        log.info("demo mode: the simulator does the work, nothing is billed")
        yield origin


_DEMO_SPEED = 30.0
"""How much faster than the vendor a demo clip is made: about ten seconds instead of five minutes."""
