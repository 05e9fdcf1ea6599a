"""The files of a task: found, fetched and judged by the vendor's limits, as the service does once a task is taken.

Hides where a file comes from: the body itself, an earlier upload, or somewhere on the net. Codes: reference, 7.10.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from services.catalogue.schema import AudioField, AudioLimit, ImageField, ImageLimit, MediaField, Side
from services.media import audio_defects, image_defects, read_audio, read_image
from services.media.facts import AudioFacts, ImageFacts, MediaFacts, Unreadable
from services.simulator.judge import Refusal
from services.simulator.storage import Storage

MAX_FETCH_BYTES = 100 * 1024 * 1024
"""How much of a file on the net is read before it counts as too large."""

_INSPECTION = "InvalidParameter.DataInspection"
_NOT_FETCHED = "Unable to download the media resource during the data inspection process."
_NOT_MEDIA = "The media format is not supported or incorrect for the data inspection."
_NOT_A_URL = "The provided URL does not appear to be valid. Make sure it is correctly formatted."
_DATA_URI = re.compile(r"data:(?P<mime>[\w.+-]+/[\w.+-]+);base64,", re.IGNORECASE)
_KEPT = "file:"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A file at hand and what is known of it."""

    path: Path
    facts: MediaFacts


def keep_inline(fields: dict[str, MediaField], media: dict[str, str], *, folder: Path, task_id: str) -> dict[str, str]:
    """Write what stands in the body itself to files, so that a task row stays small. Blocks: for a thread.

    What cannot be decoded stays as it is, shortened, and is refused when the task runs.
    """
    kept: dict[str, str] = {}
    for name, given in media.items():
        raw = _decode(given, fields[name])
        if raw is None:
            kept[name] = given if "://" in given[:12] else given[:200]
            continue
        file = folder / f"{task_id}-{name}"
        file.write_bytes(raw)
        kept[name] = _KEPT + file.name
    return kept


def _decode(given: str, each: MediaField) -> bytes | None:
    """The bytes in a data URI, or in bare base64: one widely used client sends pictures so."""
    if not each.data_uri or "://" in given[:12]:
        return None
    header = _DATA_URI.match(given)
    if header and header["mime"].lower() not in _mimes(each):
        return None
    try:
        return base64.b64decode(given[header.end() :] if header else given, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _mimes(each: MediaField) -> set[str]:
    kind = "image" if isinstance(each, ImageField) else "audio"
    names = {name.lower() for name in each.limit(Side.VENDOR).formats}
    return {f"{kind}/{name}" for name in names} | ({f"{kind}/jpg"} if "jpeg" in names else set())


class Inspector:
    """Finds and judges the files of one task."""

    def __init__(self, storage: Storage, *, folder: Path) -> None:
        self._storage = storage
        self._folder = folder

    async def inspect(self, each: MediaField, given: str, *, task_id: str, owner: tuple[str, str], oss: bool) -> Found:
        """One file. `owner` is account and model, `oss` whether oss:// may be resolved. Raises Refusal."""
        path = await self._locate(each, given, task_id=task_id, owner=owner, oss=oss)
        read = read_image if isinstance(each, ImageField) else read_audio
        facts = await asyncio.to_thread(read, path, name=each.name)
        _judge(each, facts)
        return Found(path=path, facts=facts)

    async def _locate(self, each: MediaField, given: str, *, task_id: str, owner: tuple[str, str], oss: bool) -> Path:
        if given.startswith(_KEPT):
            return self._folder / given.removeprefix(_KEPT)
        if given.startswith("oss://"):
            found = self._storage.find(given.removeprefix("oss://"), account=owner[0], model=owner[1]) if oss else None
            if found is None:
                raise Refusal(400, _INSPECTION, _NOT_FETCHED)
            return found
        if given.startswith(("http://", "https://")):
            target = self._folder / f"{task_id}-{each.name}"
            await _fetch(given, target)
            return target
        if _DATA_URI.match(given):
            raise Refusal(400, _INSPECTION, _NOT_MEDIA)
        raise Refusal(400, "InvalidURL", _NOT_A_URL)


async def _fetch(url: str, target: Path) -> None:
    """Download a file of the client's, as far as the size cap. Raises Refusal."""
    size = 0
    try:
        if not urlsplit(url).hostname:
            raise Refusal(400, "InvalidURL", _NOT_A_URL)
        async with (
            httpx.AsyncClient(follow_redirects=True, timeout=httpx.Timeout(20, connect=5), trust_env=False) as client,
            client.stream("GET", url) as reply,
        ):
            if reply.status_code != httpx.codes.OK:
                raise Refusal(400, _INSPECTION, _NOT_FETCHED)
            with await asyncio.to_thread(target.open, "wb") as file:
                async for chunk in reply.aiter_bytes(256 * 1024):
                    size += len(chunk)
                    if size > MAX_FETCH_BYTES:
                        raise Refusal(400, "InvalidFile.Size", "The file is too large.")
                    await asyncio.to_thread(file.write, chunk)
    except httpx.TimeoutException as error:
        raise Refusal(400, "InvalidURL.Timeout", "Download the media resource timed out.") from error
    except httpx.ConnectError as error:
        raise Refusal(400, "InvalidURL.ConnectionRefused", "Connection to the provided URL was refused.") from error
    except (httpx.InvalidURL, ValueError) as error:
        raise Refusal(400, "InvalidURL", _NOT_A_URL) from error
    except httpx.HTTPError as error:
        raise Refusal(400, _INSPECTION, _NOT_FETCHED) from error


def _judge(each: MediaField, facts: MediaFacts) -> None:
    """Hold a file to the vendor's limit. Raises Refusal with the code that belongs to what is wrong."""
    if isinstance(facts, Unreadable):
        too_large = facts.bytes > each.limit(Side.VENDOR).max_bytes
        raise Refusal(400, "InvalidFile.Size" if too_large else "InvalidFile.Format", _NOT_MEDIA)
    if isinstance(each, ImageField) and isinstance(facts, ImageFacts):
        limit = each.limit(Side.VENDOR)
        if any(not defect.advice for defect in image_defects(facts, limit)):
            raise _image_refusal(facts, limit)
    elif isinstance(each, AudioField) and isinstance(facts, AudioFacts):
        limit = each.limit(Side.VENDOR)
        if any(not defect.advice for defect in audio_defects(facts, limit)):
            raise _audio_refusal(facts, limit)
    else:
        raise Refusal(400, _INSPECTION, _NOT_MEDIA)


def _image_refusal(facts: ImageFacts, limit: ImageLimit) -> Refusal:
    if facts.format not in limit.formats:
        listed = ", ".join(limit.formats)
        return Refusal(400, "InvalidFile.Format", f"The image format must be one of {listed}.")
    if not limit.min_side <= min(facts.width, facts.height) <= max(facts.width, facts.height) <= limit.max_side:
        return Refusal(
            400,
            "InvalidFile.Resolution",
            f"The width and height of the image must be between {limit.min_side} and {limit.max_side} pixels.",
        )
    if facts.bytes > limit.max_bytes:
        return Refusal(400, "InvalidFile.Size", f"The image must not exceed {limit.max_bytes // 1024**2} MB.")
    return Refusal(400, "InvalidFile.Format", "The image must not be transparent, animated or in an unusual mode.")


def _audio_refusal(facts: AudioFacts, limit: AudioLimit) -> Refusal:
    if facts.format not in limit.formats:
        return Refusal(400, "InvalidFile.Format", f"The audio format must be one of {', '.join(limit.formats)}.")
    if facts.bytes > limit.max_bytes:
        return Refusal(400, "InvalidFile.Size", f"The audio must not exceed {limit.max_bytes // 1024**2} MB.")
    return Refusal(
        400,
        "InvalidFile.Duration",
        f"The audio must be between {limit.min_seconds:g} and {limit.max_seconds:g} seconds long.",
    )
