"""What cleaning up took away: below `removed/`, in a folder for each day, for 30 days. Plain file work for a thread.

`removed/2026-11-30/results/...` is where `results/...` was: moving it back by hand brings it back.
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
    """What was taken away on one day."""

    day: str
    """As 2026-11-30, in UTC."""
    files: int
    bytes: int


def day_of(now: int) -> str:
    """The day of a time in milliseconds, as a folder's name."""
    return datetime.fromtimestamp(now / 1000, UTC).date().isoformat()


def put_away(source: Path, root: Path, key: str, *, day: str) -> int:
    """Move a file into the folder of a day; returns its bytes. One of the same name stays beside it."""
    target = root / _FOLDER / day / key
    try:
        size = source.stat().st_size
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        source.replace(_free(target))
    except FileNotFoundError:
        return 0  # somebody else was quicker
    return size


def days_in(root: Path) -> tuple[RemovedDay, ...]:
    """What was taken away, the latest day first."""
    found: list[RemovedDay] = []
    for day in _days(root):
        sizes = [path.lstat().st_size for path in _files(root / _FOLDER / day)]
        if sizes:
            found.append(RemovedDay(day=day, files=len(sizes), bytes=sum(sizes)))
    return tuple(found)


def bring_back(root: Path, day: str) -> list[str]:
    """Move what was taken away on a day back to where it was; returns the keys. A place that is taken stays as it is.

    Files count as new, so that nobody takes them away again at once.
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
    """Remove what was taken away on a day for good. Returns the bytes that are free now."""
    folder = _folder_of(root, day)
    if folder is None:
        return 0
    size = sum(path.lstat().st_size for path in _files(folder))
    shutil.rmtree(folder)
    return size


def expire(root: Path, *, now: int) -> int:
    """Remove for good what was taken away more than 30 days ago. Returns the bytes."""
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
        with suppress(OSError):  # something lies in it
            Path(here).rmdir()
