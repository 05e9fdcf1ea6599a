"""The files below the archive's folder from the cleanup's view: find, set aside, bring back, remove.

Blocking file work: run it in a thread. Knows nothing of jobs or the database. A file is set aside by a rename before it
is removed. A file that turns out to be in use is renamed back. A crash in between loses nothing: `aside` finds it.
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
    """Yield every result, input and picture that was last written before a time in milliseconds, one by one."""
    for folder in _KEPT:
        yield from _walk(root, folder, before=before)


def unfinished_downloads(root: Path, *, before: int) -> Iterator[Found]:
    """Return the unfinished downloads that were last written before a time in milliseconds."""
    return (found for found in _walk(root, "incoming", before=before) if ".part" in PurePosixPath(found.key).name)


def aside(root: Path) -> Iterator[Found]:
    """Yield the files that are set aside, by their original keys: a crash left them there."""
    for found in _walk(root, _ASIDE, before=None):
        yield Found(found.key.removeprefix(f"{_ASIDE}/"), found.bytes)


def set_aside(root: Path, keys: Sequence[str], *, before: int | None) -> list[str]:
    """Set aside the files last written before a time in milliseconds, or all if it is None. Returns their keys."""
    moved: list[str] = []
    for key in keys:
        source, target = root / key, root / _ASIDE / key
        try:
            if before is not None and source.stat().st_mtime_ns >= before * _NANOSECONDS:
                continue
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            source.replace(target)
        except FileNotFoundError:
            continue  # another process was quicker
        moved.append(key)
    return moved


def bring_back(root: Path, key: str, *, day: str) -> None:
    """Move a set-aside file back to its place.

    If a new file has taken the place, that one stays, and this one is kept with the files removed on `day`.
    """
    source, target = root / _ASIDE / key, root / key
    if target.exists():
        put_away(source, root, key, day=day)
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileNotFoundError):  # another process was quicker
        source.replace(target)


def was_touched(root: Path, key: str, *, before: int) -> bool:
    """Return whether a set-aside file was used since a time: its row may be about to be written."""
    try:
        return (root / _ASIDE / key).stat().st_mtime_ns >= before * _NANOSECONDS
    except FileNotFoundError:
        return False


def remove(root: Path, key: str, *, day: str | None) -> int:
    """Remove a file that was set aside, and its folders if they are empty. Returns its bytes.

    It moves to the folder of a day among the removed files; without a day it is deleted for good.
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
    """Delete the files below a folder that were neither written nor read since a time, and folders left empty.

    Links are deleted as links. Returns the bytes.
    """
    freed = 0
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(place) / name
            with suppress(FileNotFoundError):  # another process was quicker
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
            return  # it is not empty
        folder = folder.parent


def _walk(root: Path, folder: str, *, before: int | None) -> Iterator[Found]:
    """Yield the files below a folder without following links. One open folder per level; the list is never whole."""
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
        return  # removed during the scan
