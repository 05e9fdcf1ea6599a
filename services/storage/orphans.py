"""The files below the archive's folder, as the janitor sees them: found, set aside, brought back, taken away.

Plain file work for a thread: knows nothing of jobs or of the database. A file is set aside before it is removed, by a
rename; whatever turns out to be in use after all is renamed back. A crash in between loses nothing: `aside` finds it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from services.storage.removed_files import put_away

_ASIDE = "condemned"
_KEPT = ("results", "inputs")
_NANOSECONDS = 1_000_000


@dataclass(frozen=True)
class Found:
    """A file below the folder."""

    key: str
    bytes: int


def stored(root: Path, *, before: int) -> Iterator[Found]:
    """Every result, input and picture that was last written before a time in milliseconds, one by one."""
    for folder in _KEPT:
        yield from _walk(root, folder, before=before)


def unfinished_downloads(root: Path, *, before: int) -> Iterator[Found]:
    """Files that were still being written when they were last touched, before a time in milliseconds."""
    return (found for found in _walk(root, "incoming", before=before) if ".part" in PurePosixPath(found.key).name)


def aside(root: Path) -> Iterator[Found]:
    """The keys of files that are set aside: a crash left them so."""
    for found in _walk(root, _ASIDE, before=None):
        yield Found(found.key.removeprefix(f"{_ASIDE}/"), found.bytes)


def set_aside(root: Path, keys: Sequence[str], *, before: int | None) -> list[str]:
    """Set files aside that were last written before a time, or whenever; returns the keys of those that were."""
    moved: list[str] = []
    for key in keys:
        source, target = root / key, root / _ASIDE / key
        try:
            if before is not None and source.stat().st_mtime_ns >= before * _NANOSECONDS:
                continue
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            source.replace(target)
        except FileNotFoundError:
            continue  # somebody else was quicker
        moved.append(key)
    return moved


def bring_back(root: Path, key: str, *, day: str) -> None:
    """Give a file its place again. If a new one has taken it, that one stays, and this one is kept with what was
    removed on a day."""
    source, target = root / _ASIDE / key, root / key
    if target.exists():
        put_away(source, root, key, day=day)
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileNotFoundError):  # somebody else was quicker
        source.replace(target)


def was_touched(root: Path, key: str, *, before: int) -> bool:
    """Whether somebody has used a file, now set aside, since a time: its row may be on its way."""
    try:
        return (root / _ASIDE / key).stat().st_mtime_ns >= before * _NANOSECONDS
    except FileNotFoundError:
        return False


def remove(root: Path, key: str, *, day: str | None) -> int:
    """Take a file away that was set aside, and its folders if they are empty. Returns its bytes.

    It goes into the folder of a day among what was removed; without a day it is gone for good.
    """
    path = root / _ASIDE / key
    if day is not None:
        size = put_away(path, root, key, day=day)
    else:
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
    _remove_empty(path.parent, above=root)
    if key.startswith("results/"):
        _remove_empty((root / key).parent, above=root / "results")
    return size


def forget(folder: Path, *, before: int) -> int:
    """Remove what lies below a folder and was neither written nor read since a time, links as such, and the folders
    that are empty then. Returns the bytes."""
    freed = 0
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(place) / name
            with suppress(FileNotFoundError):  # somebody else was quicker
                state = path.lstat()
                if max(state.st_mtime_ns, state.st_atime_ns) < before * _NANOSECONDS:
                    path.unlink()
                    freed += state.st_size
        if names:
            _remove_empty(Path(place), above=folder)
    return freed


def _remove_empty(folder: Path, *, above: Path) -> None:
    while folder != above and folder.is_relative_to(above):
        try:
            folder.rmdir()
        except OSError:
            return  # something lies in it
        folder = folder.parent


def _walk(root: Path, folder: str, *, before: int | None) -> Iterator[Found]:
    """Files below a folder, links not followed. One open folder a level; the list is never held as a whole."""
    try:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                key = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(root, key, before=before)
                elif entry.is_file(follow_symlinks=False):
                    state = entry.stat(follow_symlinks=False)
                    if before is None or state.st_mtime_ns < before * _NANOSECONDS:
                        yield Found(key, state.st_size)
    except FileNotFoundError:
        return  # removed while it was looked through
