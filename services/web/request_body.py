"""Request bodies: a small JSON object, or a file that is written to disk as it arrives.

JSON is parsed by hand: FastAPI's own error would repeat the input, which may be a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, cast
from urllib.parse import unquote

import orjson
from fastapi import Request

from services.catalogue.schema import MB
from services.domain.errors import FileRefused, StudioError

MAX_BYTES = 200 * MB
_PIECE = 1 << 20
_LONGEST_NAME = 200


async def json_body(request: Request, *, limit: int, what: str) -> dict[str, Any]:  # Any: JSON from outside
    """Return the JSON object in a request's body. Raises StudioError for anything else, and above `limit` bytes.

    `what` names it in the error message, for example "a key".
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise StudioError(f"That is too long for {what}.")
    try:
        sent = orjson.loads(body)  # rejects lone surrogates and NaN, and limits the nesting depth
    except orjson.JSONDecodeError:
        sent = None
    if not isinstance(sent, dict):
        raise StudioError(f"The studio expected {what} as a JSON object.")
    return cast("dict[str, Any]", sent)


@asynccontextmanager
async def received(request: Request, path: Path, *, limit: int = MAX_BYTES) -> AsyncGenerator[Path, None]:
    """Write the file to `path` and keep it for the block. Raises FileRefused if it is empty or above `limit` bytes."""
    try:
        await _write(request, path, limit)
        yield path
    except OSError as error:
        raise FileRefused("The file cannot be looked at: the studio's disk may be full.") from error
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


def name_in(request: Request) -> str:
    """Return the person's file name without folders: the header X-File-Name, percent-encoded UTF-8."""
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
