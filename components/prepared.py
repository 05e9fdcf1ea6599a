"""An answer that is the same for everyone: compressed once, and not sent again to a browser that has it."""

from __future__ import annotations

import gzip
from asyncio import to_thread
from collections.abc import Callable
from hashlib import blake2b
from typing import cast

import brotli  # pyright: ignore[reportMissingTypeStubs]
from starlette.datastructures import Headers
from starlette.responses import Response

_BROTLI_QUALITY = 6
_GZIP_LEVEL = 6
FOREVER = "public, max-age=31536000, immutable"
"""For an address that names its contents."""
ASK_FIRST = "no-cache"
"""For contents that may change: the browser keeps them and asks whether they are still the same."""


class Prepared:
    """Contents with a media type."""

    def __init__(self, content: bytes, media_type: str) -> None:
        self.content = content
        self.etag = f'W/"{blake2b(content, digest_size=12).hexdigest()}"'
        self._media_type = media_type
        self._packed: dict[str, bytes] = {}

    async def response(self, headers: Headers, *, cache: str) -> Response:
        """Return the answer to a request with these headers: 304 if the browser has the same contents.

        `cache` is the value of `Cache-Control`.
        """
        ours = {"ETag": self.etag, "Cache-Control": cache, "Vary": "Accept-Encoding"}
        if self.etag in headers.get("if-none-match", ""):
            return Response(status_code=304, headers=ours)
        coding = next((name for name in _PACK if _accepts(headers, name)), None)
        if coding is None:
            return Response(self.content, media_type=self._media_type, headers=ours)
        if coding not in self._packed:
            self._packed[coding] = await to_thread(_PACK[coding], self.content)
        return Response(self._packed[coding], media_type=self._media_type, headers={**ours, "Content-Encoding": coding})


def _brotli(content: bytes) -> bytes:
    # cast: brotli has no types
    return cast("bytes", brotli.compress(content, quality=_BROTLI_QUALITY))  # pyright: ignore[reportUnknownMemberType]


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, _GZIP_LEVEL, mtime=0)


_PACK: dict[str, Callable[[bytes], bytes]] = {"br": _brotli, "gzip": _gzip}
"""The ways to compress, the best first."""


def _accepts(headers: Headers, coding: str) -> bool:
    """Return whether a browser accepts a content coding. One with `q=0` is refused."""
    for offered in headers.get("accept-encoding", "").split(","):
        name, _, quality = offered.partition(";")
        if name.strip().lower() == coding:
            return quality.replace(" ", "").rstrip("0.") != "q="
    return False
