"""What a download does when the other side, or the disk, does not keep to the rules.."""

from __future__ import annotations

import asyncio
import errno
import gzip
import hashlib
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from services.dashscope import Downloaded, Retry
from services.dashscope.downloads import Downloads
from services.dashscope.retry import Repeater
from services.domain.errors import FileRefused, Unavailable
from tests.rig.dashscope import Naps, Vendor

CLIP = random.Random(3).randbytes(700_000)
WHOLE = Downloaded(len(CLIP), hashlib.sha256(CLIP).hexdigest())
LINK = "https://results.example/1/clip.mp4?Expires=1&Signature=s"
CHANGED = "Mon, 23 Nov 2026 04:00:00 GMT"


class Body(httpx.AsyncByteStream):
    """Bytes in pieces; the connection breaks after them where it is told to."""

    def __init__(self, content: bytes, *, breaks: bool = False) -> None:
        self._content = content
        self._breaks = breaks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), 50_000):
            yield self._content[start : start + 50_000]
        if self._breaks:
            raise httpx.ReadError("reset")


@dataclass
class Disk:
    """A disk with so much room, which takes what it is given in small bites."""

    room: int = 10**9
    bite: int = 10**9
    taken: list[int] = field(default_factory=list)

    def write(self, handle: int, chunk: bytes) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(handle, chunk[: min(self.bite, self.room)])
        self.room -= written
        self.taken.append(written)
        return written


async def fetch(vendor: Vendor, target: Path, *, tries: int = 5, disk: Disk | None = None) -> Downloaded:
    """As a studio that was just started would."""
    repeater = Repeater(Retry(tries=tries), Naps(), random.Random(7))
    async with httpx.AsyncClient(transport=vendor) as http:
        downloads = Downloads(http, repeater, gate=asyncio.Semaphore(1), write=(disk or Disk()).write)
        return await downloads.fetch(LINK, target)


def whole(content: bytes = CLIP, **headers: str) -> httpx.Response:
    return httpx.Response(200, content=content, headers={"etag": '"e1"', **headers})


def broken(**headers: str) -> httpx.Response:
    told = {"etag": '"e1"', "content-length": str(len(CLIP)), **headers}
    return httpx.Response(200, headers={k: v for k, v in told.items() if v}, stream=Body(CLIP[:300_000], breaks=True))


def rest(request: httpx.Request, content: bytes = CLIP, **headers: str) -> httpx.Response:
    first = int(request.headers["range"][6:-1])
    told = {"etag": '"e1"', "content-range": f"bytes {first}-{len(content) - 1}/{len(content)}", **headers}
    return httpx.Response(206, content=content[first:], headers={k: v for k, v in told.items() if v})


class Once(Vendor):
    """Gives streamed answers, which can be given only once, as they are."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        assert not isinstance(answer, Exception)
        return answer(request) if callable(answer) else answer


# Where it goes on ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("headers", "named"), [({}, '"e1"'), ({"etag": "", "last-modified": CHANGED}, CHANGED)])
async def test_after_a_restart_it_goes_on_only_with_the_same_result(
    tmp_path: Path, headers: dict[str, str], named: str
) -> None:
    target = tmp_path / "clip.part"
    with pytest.raises(Unavailable):
        await fetch(Once(broken(**headers)), target, tries=1)
    assert 0 < target.stat().st_size < len(CLIP)
    vendor = Once(rest)
    assert await fetch(vendor, target) == WHOLE
    assert vendor.requests[0].headers["if-range"] == named
    assert target.read_bytes() == CLIP
    assert list(tmp_path.iterdir()) == [target], "nothing is left beside it"


async def test_a_weak_etag_names_nothing(tmp_path: Path) -> None:
    vendor = Once(broken(etag='W/"e1"'), rest)
    await fetch(vendor, tmp_path / "clip.part")
    assert "if-range" not in vendor.requests[1].headers


async def test_a_range_of_another_result_is_not_glued_on_though_the_server_ignores_if_range(tmp_path: Path) -> None:
    other = bytes(reversed(CLIP))
    vendor = Once(broken(), lambda request: rest(request, other, etag='"e2"'), whole(other, etag='"e2"'))
    assert (await fetch(vendor, tmp_path / "clip.part")).sha256 == hashlib.sha256(other).hexdigest()
    assert "range" not in vendor.requests[2].headers


async def test_bytes_that_were_packed_on_the_way_are_unpacked_and_not_gone_on_with(tmp_path: Path) -> None:
    packed = gzip.compress(CLIP)
    half = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Body(packed[:400_000], breaks=True))
    target = tmp_path / "clip.part"
    with pytest.raises(Unavailable):
        await fetch(Once(half), target, tries=1)
    assert target.stat().st_size > 0
    headers = {"content-encoding": "gzip", "content-length": str(len(packed))}
    vendor = Once(httpx.Response(200, headers=headers, stream=Body(packed)))
    assert await fetch(vendor, target) == WHOLE
    assert "range" not in vendor.requests[0].headers


async def test_a_packed_range_is_begun_anew(tmp_path: Path) -> None:
    def packed(request: httpx.Request) -> httpx.Response:
        return httpx.Response(206, headers={**rest(request).headers, "content-encoding": "gzip"}, stream=Body(b""))

    vendor = Once(broken(), packed, whole())
    assert await fetch(vendor, tmp_path / "clip.part") == WHOLE


# How much comes ------------------------------------------------------------------------------------------------------


async def test_more_than_was_told_is_not_taken(tmp_path: Path) -> None:
    long = httpx.Response(200, headers={"content-length": "1000"}, stream=Body(CLIP))
    assert await fetch(Once(long, whole()), tmp_path / "clip.part") == WHOLE


async def test_a_range_that_ends_early_is_gone_on_with(tmp_path: Path) -> None:
    def some(request: httpx.Request) -> httpx.Response:
        answer = rest(request)
        return httpx.Response(206, headers=_without_length(answer), content=answer.content[:200_000])

    vendor = Once(broken(), some, rest)
    assert await fetch(vendor, tmp_path / "clip.part") == WHOLE
    _first, second, third = (request.headers.get("range", "") for request in vendor.requests)
    assert int(third[6:-1]) == int(second[6:-1]) + 200_000


def _without_length(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "content-length"}


async def test_an_answer_that_is_neither_a_file_nor_a_refusal_is_asked_again(tmp_path: Path) -> None:
    assert await fetch(Once(httpx.Response(204), whole()), tmp_path / "clip.part") == WHOLE


# The disk ------------------------------------------------------------------------------------------------------------


async def test_a_full_disk_is_told_as_such_and_it_goes_on_when_there_is_room(tmp_path: Path) -> None:
    target = tmp_path / "clip.part"
    with pytest.raises(FileRefused) as caught:
        await fetch(Once(whole()), target, disk=Disk(room=123_457))
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert target.stat().st_size == 123_457, "what found room stays"
    vendor = Once(rest)
    assert await fetch(vendor, target) == WHOLE
    assert vendor.requests[0].headers["range"] == "bytes=123457-"
    assert target.read_bytes() == CLIP


async def test_a_disk_that_takes_small_bites_gets_everything(tmp_path: Path) -> None:
    disk = Disk(bite=1013)
    assert await fetch(Once(whole()), tmp_path / "clip.part", disk=disk) == WHOLE
    assert sum(disk.taken) == len(CLIP)
