"""A file in a request's body: written to disk as it comes, given to one block of code, and removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote

from fastapi import Request

from services.catalogue.schema import MB
from services.domain.errors import FileRefused
from services.storage.archive import new_part_name

MAX_BYTES = 200 * MB
_PIECE = 1 << 20
_LONGEST_NAME = 200


@asynccontextmanager
async def received(request: Request, folder: Path, *, limit: int = MAX_BYTES) -> AsyncIterator[Path]:
    """The file, for as long as the block lasts. Raises FileRefused where it is empty or has more than `limit` bytes."""
    path = folder / new_part_name()
    try:
        await _write(request, path, limit)
        yield path
    except OSError as error:
        raise FileRefused("The file cannot be looked at: the studio's disk may be full.") from error
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


def name_in(request: Request) -> str:
    """What the person calls the file, without folders: the header X-File-Name, percent-encoded UTF-8."""
    name = unquote(request.headers.get("x-file-name", ""), errors="replace")
    plain = "".join(sign for sign in PurePosixPath(PureWindowsPath(name).name).name if sign.isprintable())
    return plain[:_LONGEST_NAME] or "file"


async def _write(request: Request, path: Path, limit: int) -> None:
    too_large = f"The file is too large. Files above {limit // MB} MB are not taken here."
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdecimal() and (len(declared) > 18 or int(declared) > limit):
        raise FileRefused(too_large)
    size, piece = 0, bytearray()
    async for some in request.stream():
        size += len(some)
        if size > limit:
            raise FileRefused(too_large)
        piece += some
        if len(piece) >= _PIECE:
            await asyncio.to_thread(_append, path, bytes(piece))
            piece.clear()
    if not size:
        raise FileRefused("The file is empty. Please choose another one.")
    await asyncio.to_thread(_append, path, bytes(piece))


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
