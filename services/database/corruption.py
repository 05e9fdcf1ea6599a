"""Whether a SQLite file is whole, and setting one aside that is not. Plain file work for a thread.

Only what SQLite itself calls damaged counts: a file that is locked, away or not to be read is left where it is.
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
"""What SQLite keeps beside a database. It goes with it: beside another database it would destroy that one."""
_PATIENCE_SECONDS = 30.0


def damage_of(path: Path, *, tables: frozenset[str] = frozenset()) -> str | None:
    """Why a file is no whole database, as a few words; None if it is one, or has nothing in it yet.

    A database that has tables, but not all of these, is another program's. Raises sqlite3.Error for what says nothing
    of the file itself, for example that it is locked.
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
    """Whether a whole database has no tables: nothing was ever written into it, or all of it was lost."""
    with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS)) as database:
        return database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def set_aside(path: Path, *, now: int, why: str) -> Path:
    """Give a database, with what lies beside it, a dated name in the same folder. Returns where it is now.

    What lies beside it goes first: after a crash in between there is no other database's log beside a new one.
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
    """Whether a log lies beside a database that is not there."""
    return not path.exists() and any(path.with_name(path.name + ending).exists() for ending in _BESIDE)
