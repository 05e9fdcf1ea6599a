"""The small file in the archive's root that says which database it belongs to, and what lies below `results/`.

Plain file work for a thread. Knows nothing of the database.
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
"""What systems leave in folders. Names that begin with a dot are passed over as well."""
_SMALLER = (".poster.jpg", ".thumbnail.jpg")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Which database an archive belongs to."""

    database: str
    """The id of the database."""
    sequence: int
    """The highest number of change that was seen in it: a database that has counted less far is an older one."""


def read_mark(root: Path) -> Mark | None:
    """The archive's mark; None if there is none that can be read."""
    try:
        told = json.loads((root / _NAME).read_text(encoding="utf-8"))
        return Mark(database=str(told["database"]), sequence=int(told["sequence"])) if told["database"] else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning("the archive's %s cannot be read (%s)", _NAME, type(error).__name__)
        return None


def write_mark(root: Path, mark: Mark) -> None:
    """Write the archive's mark, whole or not at all. Raises OSError."""
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
    """The names that lie directly below `results/`: a folder for each job, and whatever else. Links are passed over."""
    with suppress(FileNotFoundError), os.scandir(root / "results") as found:
        for entry in found:
            if not is_passed_over(entry.name) and not entry.is_symlink():
                yield entry.name


def has_results(root: Path) -> bool:
    """Whether any file lies below `results/`."""
    return any(next(files_of(root, entry), None) is not None for entry in entries(root))


def files_of(root: Path, entry: str) -> Iterator[str]:
    """The keys of the files of an entry below `results/`, smaller pictures included. Links are passed over."""
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
    """Whether a name is none of ours: hidden, or left by a system."""
    return name.startswith(".") or name.lower() in _NOT_OURS


def is_smaller_picture(key: str) -> bool:
    """Whether a key is that of a picture that was made of a result and can be made again."""
    return key.endswith(_SMALLER)
