"""Repairs a damaged or lost SQLite database before anything opens it. Blocking file work: run it in a thread.

A damaged database is set aside under a dated name, never written to and never silently started anew. The newest good
copy takes its place. Call it while holding the home's lock, or while no other process uses the home.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from services.database.backups import OUR_TABLES, copied_at, copies_in, database_path, finish, newest_good, put_back
from services.database.corruption import damage_of, has_strays, is_empty, set_aside
from services.storage.archive_id import has_results, read_mark

log = logging.getLogger(__name__)

_ENGINE_TABLES = frozenset({"workflow_status", "operation_outputs"})


class Fate(StrEnum):
    """The outcome for the database."""

    RESTORED = "restored"
    """It was damaged, and a copy is in its place."""
    BEGUN_ANEW = "begun_anew"
    """It was damaged, there is no copy, and a new one was started."""
    MISSING = "missing"
    """It is missing although the archive belongs to one."""


@dataclass(frozen=True, kw_only=True)
class Mended:
    """The repair that was made to the database."""

    fate: Fate
    aside: str | None = None
    """The new name of the damaged database."""
    copied_at: int | None = None
    """When the copy in its place was made, or the newest one that could be restored by hand."""


def mend(url: str, home: Path, archive: Path, *, now: int) -> Mended | None:
    """Check the studio's database and the engine's. Returns None if ours is intact, or is not a SQLite file.

    Raises OSError if a damaged file cannot be moved.
    """
    database = database_path(url)
    if database is None:
        return None
    try:
        _mend_engine(home / "engine.db", now=now)
        return _mend_ours(database, home / "backups", archive, now=now)
    except sqlite3.Error as error:
        # It is locked, unreadable, or on a missing disk: the next open reports that. Nothing was moved.
        log.warning("the database could not be checked (%s)", error)
        return None


def _mend_engine(path: Path, *, now: int) -> None:
    """Start the engine's file anew if it is damaged: it holds only what to run next, and our tables know that too."""
    if has_strays(path) or (path.is_file() and damage_of(path, tables=_ENGINE_TABLES) is not None):
        aside = set_aside(path, now=now, why="damaged")
        _say(f"The engine's file was damaged: it lies aside as {aside.name}. Nothing is lost, all jobs go on.")


def _mend_ours(database: Path, backups: Path, archive: Path, *, now: int) -> Mended | None:
    if finish(database):
        return Mended(fate=Fate.RESTORED, copied_at=copied_at(database))
    used = read_mark(archive) is not None or has_results(archive)
    if not database.exists():
        if has_strays(database):
            set_aside(database, now=now, why="stray")
        if not used:
            return None
        newest = next(iter(copies_in(backups)), None)
        _say("The database is missing; a new one is begun. Your files are all here: the page takes them in again.")
        return Mended(fate=Fate.MISSING, copied_at=copied_at(newest.path) if newest else None)
    if not database.is_file():
        return None
    why = damage_of(database, tables=OUR_TABLES)
    if why is None and used and is_empty(database):
        why = "it is empty"
    return None if why is None else _replace(database, backups, why=why, now=now)


def _replace(database: Path, backups: Path, *, why: str, now: int) -> Mended:
    copy = newest_good(backups)
    if copy is None:
        aside = set_aside(database, now=now, why="damaged")
        _say(
            f"The database is damaged ({why}): it lies aside as {aside.name}, and a new one is begun. "
            "Your files are all here: the page takes them in again."
        )
        return Mended(fate=Fate.BEGUN_ANEW, aside=aside.name)
    aside = put_back(copy, database, now=now, why="damaged")
    _say(
        f"The database is damaged ({why}): it lies aside as {aside.name}, and the copy of {copy.day} is in its place. "
        "Works made since are taken in again from their files: see the page."
    )
    return Mended(fate=Fate.RESTORED, aside=aside.name, copied_at=copied_at(database))


def _say(sentence: str) -> None:
    """Report a sentence in the log, and in the terminal that started the studio."""
    log.warning(sentence)
    sys.stderr.write(f"{sentence}\n")
