"""The vendor's storage: files given to it and results fetched from it.

Other hosts than the API's, so no key ever comes here. Hides the upload form, resuming, and that files are touched in
threads.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import mimetypes
import os
import re
import uuid
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

import httpx

from services.dashscope.errors import explain
from services.dashscope.replies import UploadPolicy
from services.dashscope.retry import Again, Repeater
from services.dashscope.wire import AT_ONCE, NOT_SENT, retry_after, without_query
from services.errors import FileRefused, Refused, Unavailable, Unreachable

CHUNK = 256 * 1024

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Downloaded:
    """A file that is on disk as a whole."""

    bytes: int
    sha256: str


class Storage:
    """Uploads and downloads over a client that has no key."""

    def __init__(self, client: httpx.AsyncClient, repeater: Repeater) -> None:
        self._client = client
        self._repeater = repeater
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def send(self, policy: UploadPolicy, file: Path, *, name: str) -> None:
        """Post the file once. Raises Again where a new policy and another try may help."""
        host = _plain(policy.host)
        body = await UploadForm.open(policy, file, name=name)
        try:
            async with self._gate:
                response = await self._client.post(host, content=body.stream(), headers=body.headers)
        except NOT_SENT as error:
            raise Again(Unreachable("The provider's storage for uploads could not be reached.")) from error
        except httpx.HTTPError as error:
            raise Again(Unavailable("The upload to the provider broke off.")) from error
        finally:
            await body.close()
        if not response.is_success:
            _raise_upload_error(response)

    async def download(self, url: str, target: Path) -> Downloaded:
        """Fetch a result into `target`. What is there already is taken as the beginning of the same result.

        Raises Refused where the link is not (or no longer) good, FileRefused where the disk does not take it.
        """
        link = _plain(url)
        part = await _on_disk(_Part, target)
        try:
            await self._repeater.run(
                lambda: self._fetch(link, part), tries=self._repeater.retry.tries, progress=lambda: part.size
            )
            digest = await _on_disk(part.finish)
        finally:
            await asyncio.to_thread(part.close)
        log.debug("fetched %s: %d bytes", without_query(link), part.size)
        return Downloaded(part.size, digest)

    async def _fetch(self, link: httpx.URL, part: _Part) -> None:
        headers = {"Accept-Encoding": "identity"}
        if part.size:
            headers["Range"] = f"bytes={part.size}-"
            if part.etag:
                headers["If-Range"] = part.etag
        try:
            async with self._gate, self._client.stream("GET", link, headers=headers) as response:
                expected = await _begin(response, part)
                if not response.is_client_error:
                    async for chunk in response.aiter_bytes(CHUNK):
                        await _on_disk(part.write, chunk)
        except NOT_SENT as error:
            raise Again(Unreachable("The provider's storage for results could not be reached.")) from error
        except httpx.HTTPError as error:
            raise Again(Unavailable("Fetching the result broke off.")) from error
        if part.size == 0 or (expected is not None and part.size != expected):
            if expected is not None and part.size > expected:
                await _on_disk(part.restart)
            raise Again(Unavailable("Fetching the result broke off."))


# Uploads -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UploadForm:
    """A multipart form, read from disk while it is sent. `file` stands last: the storage ignores what follows it."""

    head: bytes
    tail: bytes
    source: BinaryIO
    source_bytes: int
    boundary: str

    @classmethod
    async def open(cls, policy: UploadPolicy, file: Path, *, name: str) -> UploadForm:
        """Open the file and lay out the form around it. Raises FileRefused where it is not there or too large."""
        source = await _on_disk(file.open, "rb")
        size = os.fstat(source.fileno()).st_size
        if size == 0 or (policy.max_bytes is not None and size > policy.max_bytes):
            source.close()
            limit = f"the provider takes up to {(policy.max_bytes or 0) // (1024 * 1024):,} MB"
            raise FileRefused(f"The file {name} is empty." if size == 0 else f"The file {name} is too large: {limit}.")
        boundary = uuid.uuid4().hex
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        fields = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in policy.form
        )
        last = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        )
        return cls((fields + last).encode(), f"\r\n--{boundary}--\r\n".encode(), source, size, boundary)

    @property
    def headers(self) -> dict[str, str]:
        """The length is told beforehand: the storage does not take a chunked form."""
        return {
            "Content-Type": f"multipart/form-data; boundary={self.boundary}",
            "Content-Length": str(len(self.head) + self.source_bytes + len(self.tail)),
            "Accept": "application/json",
        }

    async def stream(self) -> AsyncGenerator[bytes]:
        """The form's bytes."""
        yield self.head
        left = self.source_bytes
        while left > 0:
            chunk = await _on_disk(self.source.read, min(CHUNK, left))
            if not chunk:
                raise FileRefused("The file became shorter while it was being sent. Add it again.")
            left -= len(chunk)
            yield chunk
        yield self.tail

    async def close(self) -> None:
        """Let go of the file."""
        await asyncio.to_thread(self.source.close)


def plain_name(name: str) -> str:
    """A file name of letters that are safe in a form, in a storage key and in a link."""
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")
    return kept[-100:] or "file"


def _raise_upload_error(response: httpx.Response) -> None:
    code, message = _storage_words(response)
    details = f"{code} {message}".strip() or f"HTTP {response.status_code}"
    if response.is_server_error or response.status_code in (408, 429) or "expired" in message.lower():
        broke = Unavailable(
            "The upload to the provider broke off.", http_status=response.status_code, vendor_message=details
        )
        raise Again(broke, after=retry_after(response))
    raise Refused(
        explain("UploadRefused").happened,
        code="UploadRefused",
        http_status=response.status_code,
        vendor_message=details,
    )


def _storage_words(response: httpx.Response) -> tuple[str, str]:
    """Code and message of the storage's XML error, or nothing."""
    text = response.text[:4000]
    found = [re.search(rf"<{tag}>([^<]*)</{tag}>", text) for tag in ("Code", "Message")]
    code, message = (match.group(1).strip()[:300] if match else "" for match in found)
    return code, message


# Downloads -----------------------------------------------------------------------------------------------------------


class _Part:
    """A file growing on disk with its checksum. Every method touches the disk: call it in a thread."""

    def __init__(self, target: Path) -> None:
        self.etag = ""
        self.size = 0
        self._digest = hashlib.sha256()
        self._file = os.fdopen(os.open(target, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        try:
            while chunk := self._file.read(1024 * 1024):
                self._digest.update(chunk)
                self.size += len(chunk)
        except OSError:
            self._file.close()
            raise

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self.size = 0

    def finish(self) -> str:
        """The checksum of what is now safely on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._digest.hexdigest()

    def close(self) -> None:
        self._file.close()


async def _begin(response: httpx.Response, part: _Part) -> int | None:
    """Make `part` ready for the bytes that follow; the size it is to have in the end, or None where nobody tells."""
    status = response.status_code
    # Should a proxy pack the bytes all the same, its length is not that of the file.
    packed = response.headers.get("content-encoding", "identity") != "identity"
    length = None if packed else _number(response.headers.get("content-length"))
    first, whole = _range(response.headers.get("content-range", ""))
    if status == 416 and whole == part.size:
        return whole  # all of it was there already
    if status == 206 and first is not None and first == part.size:
        _remember(response, part)
        return whole if whole is not None or length is None else first + length
    if status in (206, 416):
        await _on_disk(part.restart)
        raise Again(Unavailable("Fetching the result broke off.", http_status=status))
    if status == 200:
        await _on_disk(part.restart)
        _remember(response, part)
        return length
    if response.is_server_error or status in (408, 429):
        error = Unavailable("The provider's storage for results is not ready just now.", http_status=status)
        raise Again(error, after=retry_after(response))
    await response.aread()
    code, message = _storage_words(response)
    raise Refused(
        explain("ResultGone").happened,
        code="ResultGone",
        http_status=status,
        vendor_message=f"{code} {message}".strip() or f"HTTP {status}",
    )


def _remember(response: httpx.Response, part: _Part) -> None:
    etag = response.headers.get("etag", "")
    part.etag = "" if etag.startswith("W/") else etag


def _range(header: str) -> tuple[int | None, int | None]:
    """First byte and whole size from a Content-Range, each None where it is not told."""
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)", header.strip())
    return (_number(match.group(1)), _number(match.group(2))) if match else (None, None)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _plain(url: str) -> httpx.URL:
    """The link without name and password, which httpx would turn into an Authorization header."""
    try:
        link = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise _no_link() from error
    if link.scheme not in ("http", "https") or not link.host:
        raise _no_link()
    return link.copy_with(username="", password="") if link.userinfo else link


def _no_link() -> Refused:
    return Refused(
        "The provider gave a link that leads nowhere.", code="ResultGone", vendor_message="not an http or https link"
    )


async def _on_disk(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do it in a thread; raises FileRefused where the disk will not."""
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileRefused(f"A file could not be read or written: {reason}.") from error
