"""Opens the services of a studio in the order of their dependencies, and closes them in reverse."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.catalogue import Catalogue
from services.dashscope.api_keys import Accounts
from services.database.backups import Backups, database_path
from services.database.caps import fixed_caps
from services.database.jobs import History
from services.domain.jobs import JobWithAssets
from services.domain.people import LOCAL
from services.gallery.adoption import Adopter
from services.gallery.archive_notice import ArchiveNotice
from services.gallery.contact_sheet import ContactSheets
from services.gallery.exports import Exports
from services.gallery.importing import Importer
from services.gallery.organize import Organizer
from services.gallery.recipe_view import RecipeViews
from services.gallery.reuse import Reuse
from services.jobs.context import Context
from services.jobs.expiry_alarm import ExpiryAlarm
from services.jobs.pace import Pace
from services.jobs.remote_changes import RemoteChanges
from services.jobs.scheduling import Slots
from services.jobs.service import Jobs
from services.jobs.timing import Samples, Timing
from services.jobs.workers import Workers
from services.media.metadata import strip
from services.money.budget import Budget
from services.money.spending import Spending
from services.monitoring.admin import Admin
from services.monitoring.stats import Stats
from services.monitoring.tracing import tracing
from services.settings import Settings
from services.storage import archive_pairing
from services.storage.archive import Archive
from services.storage.cleanup import Cleanup
from services.storage.database_recovery import mend
from services.storage.downloads import Downloads
from services.storage.usage import Usage

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Announcements:
    """Callbacks for the services to announce changes."""

    announce: Callable[[str], Awaitable[None]]
    """Announces a job, by its id."""
    tell: Callable[[Sequence[JobWithAssets]], None]
    """Announces jobs that another process has changed."""
    look_again: Callable[[], None]
    """Announces so many changes that every page should reload."""


@dataclass(frozen=True, kw_only=True)
class Core:
    """The services and values that every other service needs."""

    settings: Settings
    catalogue: Catalogue
    clock: Callable[[], int]
    announcements: Announcements
    history: History
    archive: Archive
    accounts: Accounts
    adopter: Adopter
    jobs: Jobs
    timing: Timing


class Services:
    """The services of a running studio. Add a new service here, and only here."""

    def __init__(self, core: Core) -> None:
        settings, catalogue, clock, say = core.settings, core.catalogue, core.clock, core.announcements
        history, archive, jobs = core.history, core.archive, core.jobs
        home, demo = settings.home, settings.demo
        self.accounts = core.accounts
        self.archive = archive
        self.history = history
        self.jobs = jobs
        self.timing = core.timing
        self.stats = Stats(history.engine)
        self.archive_notice = ArchiveNotice(
            history=history, archive=archive, adopter=core.adopter, look_again=say.look_again
        )
        self.budget = Budget(
            history=history, spending=Spending(history.engine), catalogue=catalogue, demo=demo, clock=clock
        )
        self.cleanup = Cleanup(history=history, archive=archive, passing=_passing(home), clock=clock)
        self.contact_sheets = ContactSheets(history=history, archive=archive, catalogue=catalogue)
        self.downloads = Downloads(history=history, archive=archive, folder=home / "cache" / "clean", strip=strip)
        self.expiry_alarm = ExpiryAlarm(history=history, wake=jobs.wake_up, clock=clock)
        self.exports = Exports(
            history=history, archive=archive, catalogue=catalogue, strip=strip, demo=demo, clock=clock
        )
        self.importer = Importer(history=history, archive=archive, clock=clock, demo=demo, announce=say.announce)
        self.organizer = Organizer(
            history=history, announce=say.announce, look_again=say.look_again, demo=demo, clock=clock
        )
        self.recipe_views = RecipeViews(history=history, catalogue=catalogue)
        self.reuse = Reuse(history=history, archive=archive, catalogue=catalogue, cache=home / "cache" / "cut")
        self.usage = Usage(history=history, archive=archive, catalogue=catalogue)
        self.admin = Admin(
            self.stats,
            usage=self.usage,
            folder=archive.incoming,
            catalogue=catalogue,
            alive=lambda: jobs.alive,
            demo=demo,
            clock=clock,
        )


@asynccontextmanager
async def run(
    settings: Settings, *, catalogue: Catalogue, pace: Pace, announcements: Announcements, clock: Callable[[], int]
) -> AsyncGenerator[Services, None]:
    """Open the database, start the engine, resume every unfinished job. `clock` returns milliseconds since 1970."""
    home, demo = settings.home, settings.demo
    archive = Archive(home / "files")
    await asyncio.to_thread(_prepare_folders, archive, home)
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(_demo_vendor(catalogue, home)) if demo else None
        mended = await asyncio.to_thread(mend, settings.database_url, home, archive.root, now=clock())
        history = await stack.enter_async_context(History.open(settings.database_url, caps=fixed_caps(settings)))
        slots, workers = Slots(history.engine), Workers(history.engine)
        adopter = Adopter(history=history, archive=archive, clock=clock, demo=demo, announce=announcements.announce)
        await _take_held(adopter, await archive_pairing.begin(history, archive, mended, now=clock()))
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
            announce=announcements.announce,
            pace=pace,
            clock=clock,
            span=(await stack.enter_async_context(tracing(settings.otel_exporter_otlp_endpoint))).span,
        )
        await context.timing.load()
        jobs = await stack.enter_async_context(Jobs.open(context, home=home, database_url=settings.database_url))
        changes = RemoteChanges(
            history, sharers=lambda: workers.size, tell=announcements.tell, learn=context.timing.learn
        )
        await stack.enter_async_context(changes.working())
        services = Services(
            Core(
                settings=settings,
                catalogue=catalogue,
                clock=clock,
                announcements=announcements,
                history=history,
                archive=archive,
                accounts=accounts,
                adopter=adopter,
                jobs=jobs,
                timing=context.timing,
            )
        )
        await stack.enter_async_context(services.cleanup.working())
        await stack.enter_async_context(services.archive_notice.working())
        await stack.enter_async_context(_copying(settings, services.archive_notice, clock))
        stack.enter_context(services.admin.loop.watching())
        yield services


async def _take_held(adopter: Adopter, held: Sequence[str]) -> None:
    """Adopt jobs that are held for a person but are in the archive: they were submitted, so no person is asked."""
    try:
        if held:
            await adopter.adopt(LOCAL, only=held)
    except OSError as error:
        log.warning("held jobs could not be adopted (%s): a person is asked about them", error.strerror)


@asynccontextmanager
async def _copying(settings: Settings, notice: ArchiveNotice, clock: Callable[[], int]) -> AsyncGenerator[None, None]:
    """Back up the database every day inside this context, if it is a file of ours."""
    database = database_path(settings.database_url)
    if database is None:
        yield
        return
    folder = settings.home / "backups"
    copies = Backups(database, folder, settled=lambda: notice.settled, told=notice.note_copy, clock=clock)
    async with copies.working():
        yield


def repaired_folder(home: Path) -> Path:
    """Return the folder that holds repaired copies of given files until they are used."""
    return home / "cache" / "repaired"


def _passing(home: Path) -> list[Path]:
    """Return the folders of copies that are needed only for a while."""
    return [home / "cache" / name for name in ("uploads", "repaired", "clean")]


def _prepare_folders(archive: Archive, home: Path) -> None:
    archive.prepare()
    # A repaired file is copied when it is used. A cut or cleaned file can be made again. None is needed after a
    # restart.
    for name in ("repaired", "cut", "clean"):
        shutil.rmtree(home / "cache" / name, ignore_errors=True)
    repaired_folder(home).mkdir(parents=True)


@asynccontextmanager
async def _demo_vendor(catalogue: Catalogue, home: Path) -> AsyncGenerator[str, None]:
    """Run the simulator inside this process, over real HTTP. It is imported only if it is needed."""
    from services.simulator import Simulator, serve  # noqa: PLC0415

    folder = home / "demo"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with serve(Simulator(catalogue, home=folder, speed=_DEMO_SPEED)) as origin:
        log.info("demo mode: the simulator makes everything, nothing is billed")
        yield origin


_DEMO_SPEED = 30.0
"""Speed of a demo clip relative to the vendor: it takes about ten seconds instead of five minutes."""
