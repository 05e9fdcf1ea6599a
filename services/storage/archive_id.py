"""The small file in the archive's root that names the database it belongs to, and the entries below `results/`.

Blocking file work: run it in a thread. Knows nothing of the database.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

log = logging.getLogger(__name__)

_NAME = "database.json"
_NOT_OURS = frozenset({"thumbs.db", "desktop.ini"})
"""Files that operating systems leave in folders. Names that begin with a dot are skipped as well."""
_SMALLER = (".poster.jpg", ".thumbnail.jpg")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The database that an archive belongs to."""

    database: str
    """The id of the database."""
    sequence: int
    """The highest change number seen in it: a database with a lower one is an older one."""


def read_mark(root: Path) -> Mark | None:
    """Return the archive's mark; None if it is missing or cannot be read."""
    try:
        told = json.loads((root / _NAME).read_text(encoding="utf-8"))
        return Mark(database=str(told["database"]), sequence=int(told["sequence"])) if told["database"] else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning("the archive's %s cannot be read (%s)", _NAME, type(error).__name__)
        return None


def write_mark(root: Path, mark: Mark) -> None:
    """Write the archive's mark, completely or not at all. Raises OSError."""
    part = root / f".{_NAME}-{secrets.token_hex(4)}.part"
    try:
        with part.open("w", encoding="utf-8") as file:
            json.dump(asdict(mark), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(root / _NAME)
    finally:
        part.unlink(missing_ok=True)


def entries(root: Path) -> Iterator[str]:
    """Yield the names directly below `results/`: a folder for each job, and any other entry. Links are skipped."""
    with suppress(FileNotFoundError), os.scandir(root / "results") as found:
        for entry in found:
            if not is_passed_over(entry.name) and not entry.is_symlink():
                yield entry.name


def has_results(root: Path) -> bool:
    """Return whether any file exists below `results/`."""
    return any(next(files_of(root, entry), None) is not None for entry in entries(root))


def files_of(root: Path, entry: str) -> Iterator[str]:
    """Yield the keys of the files of an entry below `results/`, including smaller pictures. Links are skipped."""
    start = root / "results" / entry
    if start.is_file():
        yield f"results/{entry}"
        return
    for here, folders, names in os.walk(start):
        folders[:] = sorted(name for name in folders if not is_passed_over(name))
        for name in sorted(names):
            path = Path(here, name)
            if not is_passed_over(name) and path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def is_passed_over(name: str) -> bool:
    """Return whether a name is not ours: hidden, or left by an operating system."""
    return name.startswith(".") or name.lower() in _NOT_OURS


def is_smaller_picture(key: str) -> bool:
    """Return whether a key is that of a picture made from a result, which can be made again."""
    return key.endswith(_SMALLER)
