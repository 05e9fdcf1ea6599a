"""Daily copies of a SQLite database: the last seven, each checked. Also puts one back.

`python -m services.database.backups` lists them, `--restore [DATE]` puts one back; see `--help`. A copy holds the time
at which it was made, so a studio that opens it knows that it is behind (services.storage.archive_pairing).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout

from services.database.corruption import damage_of, is_empty, set_aside
from services.database.facts import COPIED_AT
from services.domain.background import repeating
from services.domain.clock import now_ms
from services.environment.console import EXIT_CODE, CannotStart, say_all
from services.startup.begin import settings_of_a_command

log = logging.getLogger(__name__)

OUR_TABLES = frozenset({"schema_versions", "jobs", "assets"})
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
            log.warning("the copy of %s is damaged too", copy.day)
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
    async def working(self) -> AsyncIterator[Backups]:
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
            log.error("%s Older copies stay.", error)
            self._told(str(error))
            return None
        self._told(None)
        if self._settled():
            await asyncio.to_thread(prune, self._folder)
        log.info("the database was copied to %s", made.path.name)
        return made


# The command ---------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """List the copies, or put one back. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m services.database.backups",
        description="The daily copies of the database: list them, put one back.",
    )
    parser.add_argument(
        "--restore",
        nargs="?",
        const="",
        metavar="DATE",
        help="put the copy of this date in the place of the database; the newest good one without a date",
    )
    wish: str | None = parser.parse_args(arguments).restore
    try:
        settings = settings_of_a_command()
    except CannotStart as error:
        say_all(error.sentences)
        return EXIT_CODE
    database, folder = database_path(settings.database_url), settings.home / "backups"
    if database is None:
        sys.stderr.write("The database is PostgreSQL: copy it with pg_dump and put it back with pg_restore.\n")
        return 2
    if wish is None:
        copies = copies_in(folder)
        sys.stdout.write("".join(f"{copy.day}  {copy.path}\n" for copy in copies) or f"No copies in {folder} yet.\n")
        return 0
    return _restore(database, settings.home, day=wish)


def _restore(database: Path, home: Path, *, day: str) -> int:
    folder = home / "backups"
    copy = next((one for one in copies_in(folder) if one.day == day), None) if day else newest_good(folder)
    if copy is None or damage_of(copy.path, tables=OUR_TABLES) is not None:
        which = f"There is no good copy of {day}." if day else "There is no good copy."
        sys.stderr.write(f"{which} `python -m services.database.backups` lists what is in {folder}.\n")
        return 1
    try:
        with FileLock(home / "studio.lock", timeout=0):
            aside = put_back(copy, database, now=now_ms(), why="replaced")
    except Timeout:
        sys.stderr.write("The studio is running. Stop it first, then put the copy back.\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The copy could not be put back ({error.strerror}). Nothing is lost: try it again.\n")
        return 1
    sys.stdout.write(
        f"The copy of {copy.day} is in place; the database of before lies beside it as {aside.name}.\n"
        "Start the studio: works made since are taken in again from their files with one press on the page, "
        "or with `python -m services.gallery.import_command --adopt`.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
