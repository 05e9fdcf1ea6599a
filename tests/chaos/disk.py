"""A disk that can be full: a small one of its own where the system lets us mount it, else a limit on the processes.

Hides which. On the small disk a write fails as on any full disk (ENOSPC); under the limit no file grows any more
(EFBIG). Either way the database's files are on it too.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LARGE = 256 * 1024 * 1024
_PAGE = 4096


class Disk:
    """What studios of a run write to: `folder`."""

    def __init__(self, folder: Path, *, mounted: bool) -> None:
        self.folder = folder
        self.full = False
        self._mounted = mounted
        self._processes: set[int] = set()

    def watch(self, process: int) -> None:
        """A process begins to write here."""
        self._processes.add(process)
        if self.full and not self._mounted:
            _limit(process, _PAGE)

    def fill(self) -> None:
        """From now on nothing more fits."""
        self.full = True
        self._resize()

    def free(self) -> None:
        """There is room again."""
        self.full = False
        self._resize()

    def _resize(self) -> None:
        if self._mounted:
            self._remount()
            return
        for process in self._processes:
            _limit(process, _PAGE if self.full else resource.RLIM_INFINITY)

    def _remount(self) -> None:
        for spare in (
            0,
            16,
            256,
            4096,
        ):  # somebody may be writing just now, and a disk cannot be too small for its files
            size = os.statvfs(self.folder)
            used = (size.f_blocks - size.f_bfree) * size.f_frsize + spare * _PAGE
            if _mount("-o", f"remount,size={max(_PAGE, used) if self.full else _LARGE}", str(self.folder)):
                return
        raise OSError("the size of the disk cannot be changed")


@contextmanager
def disk_at(folder: Path) -> Iterator[Disk]:
    """A disk at a folder that is not there yet."""
    folder.mkdir(parents=True)
    mounted = can_mount() and _mount("-t", "tmpfs", "-o", f"size={_LARGE}", "chaos", str(folder))
    try:
        yield Disk(folder, mounted=mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)


def can_mount() -> bool:
    """Whether a small disk may be had."""
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount") is not None


def _mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode == 0


def _limit(process: int, size: int) -> None:
    if sys.platform != "linux":
        return  # there nobody can limit another process: this trouble is left out
    try:
        _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, hard))
    except ProcessLookupError:
        pass  # it was killed meanwhile
