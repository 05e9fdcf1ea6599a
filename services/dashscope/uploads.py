"""Uploads into the vendor's storage: services.dashscope.downloads fetches the results made from them.

The storage is on another host than the API, so no key ever comes here. Hides the upload form, and the threads that do
the file access.
"""

from __future__ import annotations

import asyncio
import mimetypes
import os
import re
import uuid
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

import httpx

from services.dashscope.errors.mapping import explain
from services.dashscope.http import NOT_SENT, retry_after
from services.dashscope.replies import UploadPolicy
from services.dashscope.retry import Again
from services.domain.errors import FileRefused, Refused, Unavailable, Unreachable

CHUNK = 256 * 1024

P = ParamSpec("P")
T = TypeVar("T")


class Storage:
    """Uploads over a client that has no key. `gate` bounds how many requests are in flight."""

    def __init__(self, client: httpx.AsyncClient, *, gate: asyncio.Semaphore) -> None:
        self._client = client
        self._gate = gate

    async def send(self, policy: UploadPolicy, file: Path, *, name: str) -> None:
        """Post the file once. Raises Again if a new policy and another try may help."""
        host = _form_address(policy.host)
        body = await UploadForm.open(policy, file, name=name)
        try:
            async with self._gate:
                response = await self._client.post(
                    host, content=body.stream(), headers=body.headers, follow_redirects=False
                )
        except NOT_SENT as error:
            raise Again(Unreachable("The provider's storage for uploads could not be reached.")) from error
        except httpx.HTTPError as error:
            raise Again(Unavailable("The upload to the provider broke off.")) from error
        finally:
            await body.close()
        if not response.is_success:
            _raise_upload_error(response)


# Uploads -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UploadForm:
    """A multipart form, read from disk while it is sent. `file` comes last: the storage ignores anything after it."""

    head: bytes
    tail: bytes
    source: BinaryIO
    source_bytes: int
    boundary: str

    @classmethod
    async def open(cls, policy: UploadPolicy, file: Path, *, name: str) -> UploadForm:
        """Open the file and lay out the form around it. Raises FileRefused if it is missing or too large."""
        source = await on_disk(file.open, "rb")
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
        """The headers, which state the length beforehand: the storage does not take a chunked form."""
        return {
            "Content-Type": f"multipart/form-data; boundary={self.boundary}",
            "Content-Length": str(len(self.head) + self.source_bytes + len(self.tail)),
            "Accept": "application/json",
        }

    async def stream(self) -> AsyncGenerator[bytes]:
        """Yield the form's bytes."""
        yield self.head
        left = self.source_bytes
        while left > 0:
            chunk = await on_disk(self.source.read, min(CHUNK, left))
            if not chunk:
                raise FileRefused("The file became shorter while it was being sent. Add it again.")
            left -= len(chunk)
            yield chunk
        yield self.tail

    async def close(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self.source.close)


def plain_name(name: str) -> str:
    """Return a file name with only characters that are safe in a form, in a storage key and in a link."""
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")
    return kept[-100:] or "file"


def _form_address(host: str) -> httpx.URL:
    """Return the address for the form. Raises Refused if the policy names no valid one."""
    try:
        return plain_link(host if "://" in host else f"https://{host}")
    except Refused as error:
        raise _upload_refused("the policy leads nowhere") from error


def _raise_upload_error(response: httpx.Response) -> None:
    code, message = storage_words(response)
    details = f"{code} {message}".strip() or f"HTTP {response.status_code}"
    if response.is_server_error or response.status_code in (408, 429) or "expired" in message.lower():
        broke = Unavailable(
            "The upload to the provider broke off.", http_status=response.status_code, vendor_message=details
        )
        raise Again(broke, after=retry_after(response))
    raise _upload_refused(details, http_status=response.status_code)


def _upload_refused(details: str, *, http_status: int = 0) -> Refused:
    happened = explain("UploadRefused").happened
    return Refused(happened, code="UploadRefused", http_status=http_status, vendor_message=details)


# Uploads and downloads ------------------------------------------------------------------------------------------------


def storage_words(response: httpx.Response) -> tuple[str, str]:
    """Return code and message of the storage's XML error, or empty strings."""
    text = response.text[:4000]
    found = [re.search(rf"<{tag}>([^<]*)</{tag}>", text) for tag in ("Code", "Message")]
    code, message = (match.group(1).strip()[:300] if match else "" for match in found)
    return code, message


def plain_link(url: str) -> httpx.URL:
    """Return the link without name and password, which httpx would turn into an Authorization header."""
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


async def on_disk(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run the call in a thread. Raises FileRefused if the disk fails."""
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileRefused(f"A file could not be read or written: {reason}.") from error
