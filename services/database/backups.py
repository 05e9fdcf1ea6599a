"""Daily copies of a SQLite database: the last seven, each checked. Also puts one back.

A copy holds the time at which it was made, so a studio that opens it knows that it is behind
(services.storage.archive_pairing). The command is services.startup.backups.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from services.database.corruption import damage_of, is_empty, set_aside
from services.database.facts import COPIED_AT
from services.domain.background import repeating
from services.domain.clock import now_ms

log = logging.getLogger(__name__)

OUR_TABLES = frozenset({"jobs", "assets"})
KEPT = 7
"""The number of copies kept."""
_FIRST_AFTER_SECONDS = 60.0
_LOOK_SECONDS = 3600.0
_BEGINS, _ENDS = "studio-", ".db"


class CopyFailed(Exception):
    """The database could not be copied: it is damaged, or the disk is full. The message states the reason."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy of the database."""

    path: Path
    day: str
    """In UTC, for example 2026-11-30."""


def database_path(url: str) -> Path | None:
    """Return the file of a SQLite database; None for any other database, and for one in memory."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database or address.database == ":memory:":
        return None
    return Path(address.database)


def copies_in(folder: Path) -> tuple[Copy, ...]:
    """Return all copies, newest first, without checking whether they are intact."""
    found = [
        Copy(path=path, day=day)
        for path in folder.glob(f"{_BEGINS}*{_ENDS}")
        if _is_day(day := path.name.removeprefix(_BEGINS).removesuffix(_ENDS))
    ]
    return tuple(sorted(found, key=lambda copy: copy.day, reverse=True))


def newest_good(folder: Path) -> Copy | None:
    """Return the newest intact copy, or None."""
    for copy in copies_in(folder):
        with suppress(sqlite3.Error):
            if damage_of(copy.path, tables=OUR_TABLES) is None and not is_empty(copy.path):
                return copy
            log.warning("the copy of %s is damaged as well", copy.day)
    return None


def copied_at(path: Path) -> int | None:
    """Return when a database was copied, in milliseconds, or None if it is not one of our copies."""
    with suppress(sqlite3.Error, ValueError), closing(sqlite3.connect(path)) as database:
        row = database.execute("SELECT value FROM facts WHERE name = ?", (COPIED_AT,)).fetchone()
        return int(row[0]) if row else None
    return None


def make_copy(database: Path, folder: Path, *, now: int) -> Copy:
    """Copy a database that may be in use. It gets its name once it is complete and checked. Raises CopyFailed."""
    day = _day(now)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target, part = folder / f"{_BEGINS}{day}{_ENDS}", folder / f".{_BEGINS}{day}.part"
    part.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(database, timeout=30)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)  # one snapshot of the database: writers do not wait meanwhile
            copy.execute("PRAGMA journal_mode=DELETE")
            with copy:
                copy.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (COPIED_AT, str(now)))
        why = damage_of(part, tables=OUR_TABLES)
        if why is not None:
            raise CopyFailed(
                f"The database is damaged: {why}. Stop the studio and start it again: it then puts the newest "
                "good copy in its place."
            )
        _flush(part)
        part.chmod(0o600)
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        raise CopyFailed(f"The database could not be copied ({error}).") from error
    finally:
        part.unlink(missing_ok=True)
    return Copy(path=target, day=day)


def prune(folder: Path) -> None:
    """Remove all copies but the newest ones."""
    for copy in copies_in(folder)[KEPT:]:
        copy.path.unlink(missing_ok=True)


def put_back(copy: Copy, database: Path, *, now: int, why: str) -> Path:
    """Put a copy in the place of a database that is not in use. Returns the new path of the replaced one.

    The copy is first completed beside it; after a crash in between, `finish` does the rest.
    """
    ready = _ready(database)
    part = ready.with_name(ready.name + ".part")
    shutil.copyfile(copy.path, part)
    _flush(part)
    part.replace(ready)
    aside = set_aside(database, now=now, why=why)
    ready.replace(database)
    return aside


def finish(database: Path) -> bool:
    """Finish putting back a copy after a crash interrupted it. Returns whether there was one to finish."""
    ready = _ready(database)
    if not ready.exists():
        return False
    if database.exists():
        ready.unlink()  # interrupted before the database was touched: start over
        return False
    ready.replace(database)
    return True


def _ready(database: Path) -> Path:
    return database.with_name(f"{database.name}.ready")


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _day(now: int) -> str:
    return f"{datetime.fromtimestamp(now / 1000, UTC):%Y-%m-%d}"


def _is_day(text: str) -> bool:
    with suppress(ValueError):
        return f"{datetime.strptime(text, '%Y-%m-%d').replace(tzinfo=UTC):%Y-%m-%d}" == text
    return False


# Every day -----------------------------------------------------------------------------------------------------------


class Backups:
    """Copies the database of a running studio once a day.

    `settled` returns whether older copies may be pruned. `told` receives the sentence that explains why there is no
    copy, and None once there is one again.
    """

    def __init__(
        self,
        database: Path,
        folder: Path,
        *,
        settled: Callable[[], bool],
        told: Callable[[str | None], object],
        clock: Callable[[], int] = now_ms,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._folder = folder
        self._settled = settled
        self._told = told
        self._clock = clock
        self._sleep = sleep

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[Backups, None]:
        """Check once an hour whether there is a copy of today, first after a minute."""
        copying = repeating(
            self.look, name="copying the database", every=_LOOK_SECONDS, first=_FIRST_AFTER_SECONDS, sleep=self._sleep
        )
        async with copying:
            yield self

    async def look(self) -> Copy | None:
        """Make today's copy if there is none, and remove the oldest ones."""
        now = self._clock()
        copies = await asyncio.to_thread(copies_in, self._folder)
        if any(copy.day == _day(now) for copy in copies):
            return None
        try:
            made = await asyncio.to_thread(make_copy, self._database, self._folder, now=now)
        except CopyFailed as error:
            log.error("%s Older copies are kept.", error)
            self._told(str(error))
            return None
        self._told(None)
        if self._settled():
            await asyncio.to_thread(prune, self._folder)
        log.info("database copied to %s", made.path.name)
        return made
