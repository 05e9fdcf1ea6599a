"""The files of a task: found, fetched and checked against the vendor's limits once the task is accepted.

The vendor also checks them only then. Hides the source of a file: the body itself, an earlier upload, or the internet.
Codes: reference, 7.10.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

import httpx

from services.catalogue.schema import (
    MB,
    AudioLimit,
    FileField,
    FilesField,
    ImageLimit,
    MediaLimit,
    Side,
    VideoLimit,
)
from services.media import audio_defects, image_defects, read_file, video_defects
from services.media.facts import AudioFacts, Defect, ImageFacts, MediaFacts, Unreadable, VideoFacts
from services.simulator.engine.refusal import Refusal
from services.simulator.engine.storage import Storage

MAX_FETCH_BYTES = 256 * 1024 * 1024
"""Bytes read from a file on the internet before it counts as too large."""

_INSPECTION = "InvalidParameter.DataInspection"
_NOT_FETCHED = "Unable to download the media resource during the data inspection process."
_NOT_MEDIA = "The media format is not supported or incorrect for the data inspection."
_NOT_FOUND = "Failed to find the requested media resource during the data inspection process."
_NOT_ALLOWED = "Don't have authorization to access the media resource during the data inspection process."
_NOT_A_URL = "The provided URL does not appear to be valid. Make sure it is correctly formatted."
_DATA_URI = re.compile(r"data:(?P<mime>[\w.+-]+/[\w.+-]+);base64,", re.IGNORECASE)
_KEPT = "file:"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A local file and the facts known about it."""

    path: Path
    facts: MediaFacts


def keep_inline(
    fields: dict[str, FileField], media: dict[str, tuple[str, ...]], *, folder: Path, task_id: str
) -> dict[str, tuple[str, ...]]:
    """Write files inlined in the body to disk, to keep a task row small. Blocks: run it in a thread.

    A value that cannot be decoded is kept, shortened, and refused when the task runs.
    """

    def keep(name: str, number: int, given: str) -> str:
        raw = _decode(given, fields[name])
        if raw is None:
            return given if "://" in given[:12] else given[:200]
        file = folder / _file_name(task_id, name, number)
        file.write_bytes(raw)
        return _KEPT + file.name

    return {name: tuple(keep(name, n, each) for n, each in enumerate(given)) for name, given in media.items()}


def _file_name(task_id: str, name: str, number: int) -> str:
    return f"{task_id}-{name}-{number}"


def _decode(given: str, each: FileField) -> bytes | None:
    """Return the bytes of a data URI or of bare base64, or None if it is neither.

    One widely used client sends pictures in bare base64.
    """
    if not each.data_uri or "://" in given[:12]:
        return None
    header = _DATA_URI.match(given)
    if header and header["mime"].lower() not in _mimes(each):
        return None
    try:
        return base64.b64decode(given[header.end() :] if header else given, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _mimes(each: FileField) -> set[str]:
    mimes: set[str] = set()
    for limit in limits_of(each):
        names = {name.lower() for name in limit.formats}
        names |= {"jpg"} if "jpeg" in names else set()
        mimes |= {f"{limit.kind}/{name}" for name in names}
    return mimes


def limits_of(each: FileField) -> tuple[MediaLimit, ...]:
    """Return the vendor's limits of a field: one for each kind of file that it accepts."""
    if isinstance(each, FilesField):
        return tuple(taken.vendor for taken in each.takes)
    return (each.limit(Side.VENDOR),)


class Inspector:
    """Finds and checks the files of one task."""

    def __init__(self, storage: Storage, *, folder: Path) -> None:
        self._storage = storage
        self._folder = folder

    async def inspect(
        self, each: FileField, given: tuple[str, ...], *, task_id: str, owner: tuple[str, str], oss: bool
    ) -> tuple[Found, ...]:
        """Return the files of a field. Raises Refusal if one cannot be fetched or breaks a limit.

        `owner` is the account and model. `oss`: oss:// may be resolved.
        """
        found: list[Found] = []
        for number, url in enumerate(given):
            place = self._folder / _file_name(task_id, each.name, number)
            path = await self._locate(url, target=place, owner=owner, oss=oss)
            kinds = tuple(type(limit) for limit in limits_of(each))
            facts = await asyncio.to_thread(read_file, path, kinds, name=path.name)
            judge_file(each, facts)
            found.append(Found(path=path, facts=facts))
        return tuple(found)

    async def _locate(self, given: str, *, target: Path, owner: tuple[str, str], oss: bool) -> Path:
        kept = given.removeprefix(_KEPT)
        # Compare the whole name: a client may also send `file:`, but cannot know the id. Older files had no number.
        if kept != given and kept in (target.name, target.name.rpartition("-")[0]):
            return self._folder / kept
        if given.startswith("oss://"):
            found = self._storage.find(given.removeprefix("oss://"), account=owner[0], model=owner[1]) if oss else None
            if found is None:
                raise Refusal(400, _INSPECTION, _NOT_FETCHED)
            return found
        if given.startswith(("http://", "https://")):
            await _fetch(given, target)
            return target
        if _DATA_URI.match(given):
            raise Refusal(400, _INSPECTION, _NOT_MEDIA)
        raise Refusal(400, "InvalidURL", _NOT_A_URL)


async def _fetch(url: str, target: Path) -> None:
    """Download a file of the client, up to the size cap. Raises Refusal if that fails."""
    size = 0
    try:
        if not urlsplit(url).hostname:
            raise Refusal(400, "InvalidURL", _NOT_A_URL)
        async with (
            httpx.AsyncClient(follow_redirects=True, timeout=httpx.Timeout(20, connect=5), trust_env=False) as client,
            client.stream("GET", url) as reply,
        ):
            if reply.status_code != HTTPStatus.OK:
                raise _not_had(reply.status_code)
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


def _not_had(status: int) -> Refusal:
    """Return the refusal for an address that answers, but not with a file. Source: wan-image-api.md 4.3."""
    match status:
        case 401 | 403:
            return Refusal(400, "InvalidParameter", _NOT_ALLOWED)
        case 404 | 410:
            return Refusal(400, "InvalidParameter", _NOT_FOUND)
        case _:
            return Refusal(400, _INSPECTION, _NOT_FETCHED)


def judge_file(each: FileField, facts: MediaFacts) -> None:
    """Check a file against the vendor's limits. Raises Refusal with the code of its defect."""
    limits = limits_of(each)
    match facts:
        case Unreadable():
            raise _unreadable(facts, limits)
        case ImageFacts():
            for limit in limits:
                if isinstance(limit, ImageLimit):
                    _refuse_if(image_defects(facts, limit), _image_refusal(facts, limit))
        case AudioFacts():
            for limit in limits:
                if isinstance(limit, AudioLimit):
                    _refuse_if(audio_defects(facts, limit), _audio_refusal(facts, limit))
        case VideoFacts():
            for limit in limits:
                if isinstance(limit, VideoLimit):
                    _refuse_if(video_defects(facts, limit), _video_refusal(facts, limit))
        case _:
            assert_never(facts)


def _unreadable(facts: Unreadable, limits: Sequence[MediaLimit]) -> Refusal:
    """Return the refusal of a file that is none of the accepted kinds."""
    largest = max(limit.max_bytes for limit in limits)
    if all(isinstance(limit, AudioLimit) for limit in limits):
        return _too_many_bytes(largest) if facts.bytes > largest else _no_sound(limits[0].formats)
    if facts.bytes > largest:
        return Refusal(400, "InvalidFile.Size", f"The file must not exceed {largest // MB} MB.")
    return Refusal(400, _INSPECTION, _NOT_MEDIA)


def _refuse_if(defects: Sequence[Defect], refusal: Refusal) -> None:
    if any(not defect.advice for defect in defects):
        raise refusal


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
    if _too_long(facts.width, facts.height, limit.longest_ratio):
        return Refusal(400, "InvalidFile.AspectRatio", f"The aspect ratio of the image must be {_span(limit)}.")
    if facts.bytes > limit.max_bytes:
        return Refusal(400, "InvalidFile.Size", f"The image must not exceed {limit.max_bytes // MB} MB.")
    return Refusal(400, "InvalidFile.Format", "The image must not be transparent, animated or in an unusual mode.")


def _audio_refusal(facts: AudioFacts, limit: AudioLimit) -> Refusal:
    """Return the refusal of a sound. Source: wan-video-api.md 4.2.

    Code and text are those of the digital human's page, the only documented ones.
    """
    if facts.format not in limit.formats:
        return _no_sound(limit.formats)
    if facts.bytes > limit.max_bytes:
        return _too_many_bytes(limit.max_bytes)
    if facts.seconds > limit.max_seconds:
        return Refusal(400, "InvalidURL", f"The input audio is longer than {math.ceil(limit.max_seconds)}s.")
    return Refusal(
        400,
        "InvalidFile.Duration",
        f"The audio must be between {limit.min_seconds:g} and {limit.max_seconds:g} seconds long.",
    )


def _no_sound(formats: Sequence[str]) -> Refusal:
    allowed = ", ".join(f".{name.lower()}" for name in formats)
    return Refusal(400, "InvalidURL", f"File type is not supported. Allowed types are: {allowed}.")


def _too_many_bytes(most: int) -> Refusal:
    return Refusal(400, "InvalidURL", f"File size is larger than {math.ceil(most / MB)}MB.")


def _video_refusal(facts: VideoFacts, limit: VideoLimit) -> Refusal:
    shorter, longer = sorted((facts.width, facts.height))
    least, most = limit.min_side or 1, limit.max_side or longer
    slowest, fastest = limit.min_fps or 0, limit.max_fps or facts.fps
    if facts.format not in limit.formats:
        return Refusal(400, "InvalidFile.Format", f"The video format must be one of {', '.join(limit.formats)}.")
    if facts.bytes > limit.max_bytes:
        return Refusal(400, "InvalidFile.Size", f"The video must not exceed {limit.max_bytes // MB} MB.")
    if not least <= shorter <= longer <= most:
        return Refusal(
            400,
            "InvalidFile.Resolution",
            f"The width and height of the video must be between {least} and {most} pixels.",
        )
    if _too_long(facts.width, facts.height, limit.longest_ratio):
        return Refusal(400, "InvalidFile.AspectRatio", f"The aspect ratio of the video must be {_span(limit)}.")
    if not slowest <= facts.fps <= fastest:
        return Refusal(400, "InvalidFile.FPS", f"The fps of the video must be between {slowest:g} and {fastest:g}.")
    return Refusal(
        400,
        "InvalidFile.Duration",
        f"The video must be between {limit.min_seconds:g} and {limit.max_seconds:g} seconds long.",
    )


def _too_long(width: int, height: int, ratio: float | None) -> bool:
    return ratio is not None and max(width, height) > min(width, height) * ratio


def _span(limit: ImageLimit | VideoLimit) -> str:
    return f"between 1:{limit.longest_ratio:g} and {limit.longest_ratio:g}:1"
