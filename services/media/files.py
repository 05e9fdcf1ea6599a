"""Files on the disk: which may be opened at all, and how a repaired file replaces its target."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from services.catalogue.schema import MB
from services.domain.errors import FileRefused
from services.media.text import megabytes, plain_name

MAX_OPENED_BYTES = 256 * MB
"""Larger files are not even opened: some formats can only be read whole. Clips have a bound of their own."""


def size_of(path: Path, name: str, *, most: int = MAX_OPENED_BYTES) -> int:
    """Return the size of a readable file. Raises FileRefused if it is missing, empty, huge or not a file."""
    try:
        # Checked before opening: opening a pipe would wait for ever.
        found = path.stat()
    except (OSError, ValueError) as error:
        raise FileRefused(f"{plain_name(name)} is not there any more. Please add it again.") from error
    if not stat.S_ISREG(found.st_mode):
        raise FileRefused(f"{plain_name(name)} is not a file. Please add a file.")
    if found.st_size == 0:
        raise FileRefused(f"{plain_name(name)} is empty. Please choose another file.")
    if found.st_size > most:
        limit = megabytes(most, up=False)
        raise FileRefused(f"{plain_name(name)} is {megabytes(found.st_size)}. Files above {limit} are not opened.")
    return found.st_size


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal. Raises OSError. Meant for a thread."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(target: Path) -> Generator[Path, None, None]:
    """Yield a new file beside `target`. It replaces the target if the block succeeds, and is removed otherwise."""
    handle, name = tempfile.mkstemp(prefix=".repair-", suffix=".part", dir=target.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


_PIECE = 1 << 20


def copy_span(source: BinaryIO, target: BinaryIO, start: int, end: int) -> None:
    """Write the bytes of `source` from `start` up to `end`; fewer if it is shorter."""
    source.seek(start)
    left = end - start
    while left > 0 and (piece := source.read(min(_PIECE, left))):
        target.write(piece)
        left -= len(piece)
