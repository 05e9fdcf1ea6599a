"""Checks whether a SQLite file is intact, and sets a damaged one aside. Blocking file work: run it in a thread.

Only a file that SQLite itself reports as damaged counts. A file that is locked, missing or unreadable is left in place.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

log = logging.getLogger(__name__)

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BESIDE = ("-wal", "-shm", "-journal")
"""Files that SQLite keeps beside a database. They move with it: beside another database they would destroy that one."""
_PATIENCE_SECONDS = 30.0


def damage_of(path: Path, *, tables: frozenset[str] = frozenset()) -> str | None:
    """Return in a few words why a file is not an intact database; None if it is one or is still empty.

    A database that has tables, but not all of `tables`, belongs to another program. Raises sqlite3.Error for an error
    that is not about the file itself, for example if it is locked.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS)) as database:
            found = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            said = [str(line) for (line,) in database.execute("PRAGMA quick_check(1)")]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in _DAMAGED:
            raise
        return "it cannot be read"
    if said != ["ok"]:
        log.warning("%s: %s", path.name, said[0] if said else "no answer")
        return "parts of it cannot be read"
    return "it is another program's" if found and not tables <= found else None


def is_empty(path: Path) -> bool:
    """Return whether an intact database has no tables: nothing was ever written to it, or everything was lost."""
    with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS)) as database:
        return database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def set_aside(path: Path, *, now: int, why: str) -> Path:
    """Rename a database and the files beside it to a dated name in the same folder. Returns the new path.

    The files beside it are moved first. After a crash in between, a new database never has another database's log
    beside it.
    """
    moment = datetime.fromtimestamp(now / 1000, UTC)
    aside = path.with_name(f"{path.stem}-{why}-{moment:%Y-%m-%d-%H%M%S}{path.suffix}")
    number = 2
    while aside.exists():
        aside = path.with_name(f"{path.stem}-{why}-{moment:%Y-%m-%d-%H%M%S}-{number}{path.suffix}")
        number += 1
    for ending in _BESIDE:
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.replace(aside.with_name(aside.name + ending))
    if path.exists():
        path.replace(aside)
    return aside


def has_strays(path: Path) -> bool:
    """Return whether a log exists beside a database that is missing."""
    return not path.exists() and any(path.with_name(path.name + ending).exists() for ending in _BESIDE)
