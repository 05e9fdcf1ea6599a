"""Downloads of results from the vendor's storage: resumed after an interrupted try, and counted to the last byte.

The storage is on another host than the API, so no key ever comes here. Hides ranges, the record kept of a partial file,
and the threads that do the file access. Whether the result can be played is checked elsewhere:
services.jobs.steps.verify.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import os
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from services.dashscope.errors.mapping import explain
from services.dashscope.http import NOT_SENT, retry_after, without_query
from services.dashscope.retry import Again, Repeater
from services.dashscope.uploads import CHUNK, on_disk, plain_link, storage_words
from services.domain.errors import Refused, Unavailable, Unreachable

log = logging.getLogger(__name__)

_MOST_BYTES = 8 * 1024**3
"""Far above anything the vendor makes. A server that sends more without stating the length would fill our disk."""
_PACKED = "packed"
"""The record of a partial file whose bytes were compressed in transit: no range of the result begins at its end."""


@dataclass(frozen=True)
class Downloaded:
    """A file that is complete on disk."""

    bytes: int
    sha256: str


class Downloads:
    """Downloads over a client that has no key. `gate` bounds how many requests are in flight."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        repeater: Repeater,
        *,
        gate: asyncio.Semaphore,
        write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        self._client = client
        self._repeater = repeater
        self._gate = gate
        self._write = write

    async def fetch(self, url: str, target: Path) -> Downloaded:
        """Download a result into `target`. Bytes already there are taken as the beginning of the same result.

        Raises Refused if the link is not (or no longer) good, NotTaken if it broke off too often, and FileRefused,
        chained from the OSError, if the disk does not accept it. The bytes received by then stay for the next time.
        """
        link = plain_link(url)
        part = await on_disk(_Part, target, self._write)
        try:
            await self._repeater.run(
                lambda: self._attempt(link, part), tries=self._repeater.retry.tries, progress=lambda: part.size
            )
            digest = await on_disk(part.finish)
        finally:
            await asyncio.to_thread(part.close)
        log.debug("downloaded %s: %d bytes", without_query(link), part.size)
        return Downloaded(part.size, digest)

    async def _attempt(self, link: httpx.URL, part: _Part) -> None:
        if part.validator == _PACKED:
            await on_disk(part.restart)
        try:
            async with self._gate, self._client.stream("GET", link, headers=_asking(part)) as response:
                expected = await _begin(response, part)
                if not response.is_client_error:
                    await _receive(response, part, most=_MOST_BYTES if expected is None else expected)
        except NOT_SENT as error:
            raise Again(Unreachable("The provider's storage for results could not be reached.")) from error
        except httpx.HTTPError as error:
            raise _broken() from error
        if part.size == 0 or (expected is not None and part.size != expected):
            raise _broken()


def _asking(part: _Part) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if part.size:
        headers["Range"] = f"bytes={part.size}-"
        if part.validator:
            headers["If-Range"] = part.validator
    return headers


async def _begin(response: httpx.Response, part: _Part) -> int | None:
    """Prepare `part` for the bytes that follow. Return the expected final size, or None if it is unknown."""
    status = response.status_code
    first, whole = _range(response.headers.get("content-range", ""))
    length = _number(response.headers.get("content-length"))
    if status == 416 and whole == part.size:
        return whole  # all of it was there already
    if status == 206 and first is not None and first == part.size and _is_the_same(response, part):
        await on_disk(part.remember, _validator(response))
        return whole if whole is not None or length is None else first + length
    if status in (206, 416):
        await on_disk(part.restart)
        raise _broken(status)
    if status == 200:
        await on_disk(part.restart)
        await on_disk(part.remember, _validator(response))
        # If a proxy compresses the bytes all the same, its length is not that of the file.
        return None if _is_packed(response) else length
    if response.is_server_error or status in (408, 429):
        error = Unavailable("The provider's storage for results is not ready just now.", http_status=status)
        raise Again(error, after=retry_after(response))
    if not response.is_client_error:
        raise _broken(status)  # neither a file nor a refusal
    await response.aread()
    code, message = storage_words(response)
    raise Refused(
        explain("ResultGone").happened,
        code="ResultGone",
        http_status=status,
        vendor_message=f"{code} {message}".strip() or f"HTTP {status}",
    )


async def _receive(response: httpx.Response, part: _Part, *, most: int) -> None:
    async for chunk in response.aiter_bytes(CHUNK):
        await on_disk(part.write, chunk)
        if part.size > most:
            await on_disk(part.restart)  # it is unknown which of the bytes are the result
            raise _broken()


def _is_the_same(response: httpx.Response, part: _Part) -> bool:
    """Check that a range is of the same result as the beginning. Not every proxy respects If-Range."""
    etag = _strong_etag(response)
    return not _is_packed(response) and not (etag and part.validator.startswith('"') and etag != part.validator)


def _is_packed(response: httpx.Response) -> bool:
    return response.headers.get("content-encoding", "identity").strip().lower() not in ("identity", "")


def _validator(response: httpx.Response) -> str:
    """Return the validator for If-Range: a strong ETag, else the time of the last change."""
    if _is_packed(response):
        return _PACKED
    return _strong_etag(response) or response.headers.get("last-modified", "")


def _strong_etag(response: httpx.Response) -> str:
    etag = response.headers.get("etag", "")
    return etag if etag.startswith('"') else ""


def _broken(status: int = 0) -> Again:
    return Again(Unavailable("Fetching the result broke off.", http_status=status))


def _range(header: str) -> tuple[int | None, int | None]:
    """Return the first byte and the whole size from a Content-Range, each None if it is not stated."""
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)", header.strip())
    return (_number(match.group(1)), _number(match.group(2))) if match else (None, None)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() else None


class _Part:
    """A file growing on disk, with its checksum and a record of the result that its beginning belongs to.

    The record is stored beside the file and so outlasts a restart of the studio. Every method touches the disk: call it
    in a thread.
    """

    def __init__(self, target: Path, write: Callable[[int, bytes], int]) -> None:
        self.size = 0
        self._put = write
        self._digest = hashlib.sha256()
        self._beside = target.with_name(f"{target.stem}.etag.part")
        # A canceled caller closes the file while a thread still writes; the descriptor may by then be another file's.
        self._lock = threading.Lock()
        self._closed = False
        self._handle = os.open(target, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            while chunk := os.read(self._handle, 1024 * 1024):
                self._digest.update(chunk)
                self.size += len(chunk)
            self.validator = self._remembered() if self.size else ""
        except OSError:
            os.close(self._handle)
            raise

    def write(self, chunk: bytes) -> None:
        """Append a chunk. Unbuffered: bytes written before the disk was full count and are not requested again."""
        while chunk:
            with self._open() as handle:
                taken = self._put(handle, chunk)
            self._digest.update(chunk[:taken])
            self.size += taken
            chunk = chunk[taken:]

    def remember(self, validator: str) -> None:
        """Record the validator of the result that the next bytes belong to."""
        if validator != self.validator:
            self._beside.write_text(validator, encoding="latin-1")
            self.validator = validator

    def restart(self) -> None:
        """Start over with an empty file."""
        with self._open() as handle:
            os.lseek(handle, 0, os.SEEK_SET)
            os.ftruncate(handle, 0)
        self._digest = hashlib.sha256()
        self.size = 0
        self.remember("")

    def finish(self) -> str:
        """Return the checksum of the bytes that are now safely on disk."""
        with self._open() as handle:
            os.fsync(handle)
        self._beside.unlink(missing_ok=True)
        return self._digest.hexdigest()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._closed = True
            os.close(self._handle)

    @contextmanager
    def _open(self) -> Generator[int, None, None]:
        """Yield the descriptor and keep it from being closed meanwhile."""
        with self._lock:
            if self._closed:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            yield self._handle

    def _remembered(self) -> str:
        try:
            return self._beside.read_text(encoding="latin-1")
        except FileNotFoundError:
            return ""
