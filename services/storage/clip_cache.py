"""Cache of cuts from clips, in a folder that may be emptied at any time. The longest unused are evicted first.

Blocking: run everything here in a thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

from services.domain.jobs import Asset, Origin
from services.media.files import sha256_of

_MOST_CUT_BYTES = 512 * 1024 * 1024
_MOST_NOTES = 20_000

Write = Callable[[Path, Path], None]
"""Writes a cut of a clip, the first path, to the second."""


class ClipCache:
    """The cuts, and the origin of a cut by the hash of its content, if given: a WAV cannot carry it itself."""

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        self._notes = folder / "origins"

    def path(self, asset: Asset, said: str, suffix: str) -> Path:
        """Return the path of a cut of a file, whether it exists yet or not."""
        return self._files / f"{asset.id}-{said}{suffix}"

    def has(self, path: Path) -> bool:
        """Return whether it exists; then it counts as used just now."""
        try:
            os.utime(path)
        except OSError:
            return False
        return True

    def make(self, source: Path, target: Path, write: Write, origin: Origin | None) -> None:
        """Let `write` make the file from `source`, unless it exists by now. It appears complete or not at all."""
        if self.has(target):
            return  # another caller asked for the same a moment ago
        self._files.mkdir(parents=True, exist_ok=True)
        self._notes.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{token_hex(8)}.part")
        try:
            write(source, part)
            if origin:
                self._note(part, origin)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        self._tidy(keep=target)

    def _note(self, part: Path, origin: Origin) -> None:
        (self._notes / sha256_of(part)).write_text(f"{origin.asset} {origin.moment}", encoding="ascii")

    def origin(self, sha256: str) -> Origin | None:
        """Return the origin of a file with this hash, or None if it was not recorded."""
        try:
            asset, _, moment = (self._notes / sha256).read_text(encoding="ascii").partition(" ")
        except (OSError, UnicodeError):
            return None
        return Origin(asset=asset, moment=moment or None)

    def _tidy(self, *, keep: Path) -> None:
        """Evict the longest unused cuts once the cache is too large."""
        files = [path for path in _oldest_first(self._files) if path != keep]
        over = sum(_size(path) for path in (*files, keep)) - _MOST_CUT_BYTES
        for path in files:
            if over <= 0:
                break
            over -= _size(path)
            path.unlink(missing_ok=True)
        if sum(1 for _ in self._notes.iterdir()) > _MOST_NOTES:
            for path in _oldest_first(self._notes)[: _MOST_NOTES // 10]:
                path.unlink(missing_ok=True)


def _oldest_first(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        known = [(entry.stat().st_mtime, entry.path) for entry in entries if entry.is_file()]
    return [Path(path) for _, path in sorted(known)]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
