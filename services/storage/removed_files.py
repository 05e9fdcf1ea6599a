"""Files that cleanup removed: kept below `removed/`, in a folder for each day, for 30 days. Blocking: run in a thread.

`removed/2026-11-30/results/...` was `results/...` before: moving it back by hand restores it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

KEPT_DAYS = 30
_FOLDER = "removed"


@dataclass(frozen=True, kw_only=True)
class RemovedDay:
    """The files removed on one day."""

    day: str
    """In UTC, for example 2026-11-30."""
    files: int
    bytes: int


def day_of(now: int) -> str:
    """Return the day of a time in milliseconds, as a folder name."""
    return datetime.fromtimestamp(now / 1000, UTC).date().isoformat()


def put_away(source: Path, root: Path, key: str, *, day: str) -> int:
    """Move a file to the folder of a day. Returns its bytes. A file of the same name is kept beside it."""
    target = root / _FOLDER / day / key
    try:
        size = source.stat().st_size
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        source.replace(_free(target))
    except FileNotFoundError:
        return 0  # another process was quicker
    return size


def days_in(root: Path) -> tuple[RemovedDay, ...]:
    """Return the removed files by day, latest first."""
    found: list[RemovedDay] = []
    for day in _days(root):
        sizes = [path.lstat().st_size for path in _files(root / _FOLDER / day)]
        if sizes:
            found.append(RemovedDay(day=day, files=len(sizes), bytes=sum(sizes)))
    return tuple(found)


def bring_back(root: Path, day: str) -> list[str]:
    """Move the files removed on a day back to their places. Returns the keys. An occupied place is left as it is.

    The files count as new, so the next cleanup does not remove them again.
    """
    folder = _folder_of(root, day)
    moved: list[str] = []
    for path in list(_files(folder)) if folder else []:
        key = path.relative_to(folder or root).as_posix()
        target = root / key
        if target.exists():
            continue
        with suppress(FileNotFoundError):
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.utime(path)
            path.replace(target)
            moved.append(key)
    if folder:
        _remove_empty(folder)
    return moved


def empty(root: Path, day: str) -> int:
    """Delete the files removed on a day for good. Returns the bytes that were freed."""
    folder = _folder_of(root, day)
    if folder is None:
        return 0
    size = sum(path.lstat().st_size for path in _files(folder))
    shutil.rmtree(folder)
    return size


def expire(root: Path, *, now: int) -> int:
    """Delete for good the files that were removed more than 30 days ago. Returns the bytes."""
    oldest = (datetime.fromtimestamp(now / 1000, UTC).date() - timedelta(days=KEPT_DAYS)).isoformat()
    return sum(empty(root, day) for day in _days(root) if day < oldest)


def _folder_of(root: Path, day: str) -> Path | None:
    return root / _FOLDER / day if day in _days(root) else None


def _days(root: Path) -> list[str]:
    try:
        names = [entry.name for entry in os.scandir(root / _FOLDER) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return sorted((name for name in names if _is_day(name)), reverse=True)


def _is_day(name: str) -> bool:
    with suppress(ValueError):
        return date.fromisoformat(name).isoformat() == name
    return False


def _files(folder: Path) -> Iterator[Path]:
    for here, _, names in os.walk(folder):
        yield from (Path(here, name) for name in sorted(names))


def _free(target: Path) -> Path:
    found, number = target, 2
    while found.exists():
        found = target.with_name(f"{target.stem} ({number}){target.suffix}")
        number += 1
    return found


def _remove_empty(folder: Path) -> None:
    for here, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):  # it is not empty
            Path(here).rmdir()
