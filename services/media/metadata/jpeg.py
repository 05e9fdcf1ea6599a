"""The segments of a JPEG (ITU T.81): texts are read, one is added, all are removed. Pixels stay untouched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from services.domain.errors import FileRefused
from services.media.files import copy_span
from services.media.metadata import exif, xmp

SIGNATURE = b"\xff\xd8\xff"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXIF = b"Exif\0\0"
_KEPT_HEADS = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""The application segments that decide how the pixels look."""
_MAX_SEGMENT = 65_533
_MAX_SEGMENTS = 10_000
_MAX_FILLING = 64
"""Any number of 0xFF may precede a marker; no real file has more than this."""
_SOS, _EOI, _COM, _APP1 = 0xDA, 0xD9, 0xFE, 0xE1
# In coded pixels 0xFF is followed by 0 or by a restart mark; anything else is the next segment.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]", re.DOTALL)
_FIRST_PIECE, _PIECE = 1 << 16, 1 << 20


@dataclass(frozen=True)
class _Segment:
    marker: int
    start: int
    """The offset of its 0xFF."""
    end: int
    """The offset behind the coded pixels, if it has some."""


def words(file: BinaryIO, size: int) -> dict[str, str]:
    """Return the texts of a JPEG: `xmp`, `comment`, and those of EXIF by their own names."""
    found: dict[str, str] = {}
    for segment in _segments(file, size, pixels=False):
        if segment.marker not in (_APP1, _COM):
            continue
        data = _data(file, segment)
        if segment.marker == _COM:
            found.setdefault("comment", data.decode("utf-8", "replace").strip("\0"))
        elif data.startswith(_XMP):
            found.setdefault("xmp", data[len(_XMP) :].decode("utf-8", "replace"))
        elif data.startswith(_EXIF):
            found = exif.words(data[len(_EXIF) :]) | found
    return found


def embed(file: BinaryIO, size: int, target: BinaryIO, recipe: str) -> None:
    """Write the JPEG with a recipe's JSON in its XMP. Raises FileRefused if its structure is not that of a JPEG."""
    segments = list(_segments(file, size, pixels=False))
    if not segments:
        raise FileRefused("The picture is damaged: it is not built as a JPEG is.")
    beside = words(file, size).get("xmp", "")
    packet = xmp.packet(recipe, beside=beside, most=_MAX_SEGMENT - len(_XMP)).encode("utf-8", "replace")
    if len(packet) > _MAX_SEGMENT - len(_XMP):
        raise FileRefused("The recipe is too long for this picture.")
    # JFIF and EXIF must come first; behind them any place will do.
    heads = (b"JFIF\0", b"JFXX\0", _EXIF)
    front = 0
    while front < len(segments) and _data(file, segments[front]).startswith(heads):
        front += 1
    at = segments[front].start if front < len(segments) else segments[-1].end
    copy_span(file, target, 0, at)
    target.write(_made(_APP1, _XMP + packet))
    for segment in segments[front:]:
        if not (segment.marker == _APP1 and _data(file, segment).startswith(_XMP)):
            copy_span(file, target, segment.start, segment.end)
    copy_span(file, target, segments[-1].end, size)


def strip(file: BinaryIO, size: int, target: BinaryIO) -> None:
    """Write the JPEG without texts, and without any data behind its end. Raises FileRefused."""
    target.write(b"\xff\xd8")
    for segment in _segments(file, size, pixels=True):
        if segment.marker == _APP1:
            data = _data(file, segment)
            turn = exif.upright_only(data[len(_EXIF) :]) if data.startswith(_EXIF) else b""
            if turn:
                target.write(_made(_APP1, _EXIF + turn))
        elif segment.marker == _EOI:
            target.write(b"\xff\xd9")
            return
        elif segment.marker != _COM and (
            not 0xE0 <= segment.marker <= 0xEF
            or _data(file, segment).startswith(_KEPT_HEADS.get(segment.marker, b"\0\0"))
        ):
            copy_span(file, target, segment.start, segment.end)
    raise FileRefused("The picture is damaged: its end is missing.")


def _made(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(data) + 2).to_bytes(2, "big") + data


def _data(file: BinaryIO, segment: _Segment) -> bytes:
    file.seek(segment.start + 4)
    return file.read(min(max(0, segment.end - segment.start - 4), _MAX_SEGMENT))


def _segments(file: BinaryIO, size: int, *, pixels: bool) -> Iterator[_Segment]:
    """Yield the segments inside the file after the start mark: up to the pixels, or with them to the end mark."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        file.seek(at)
        head = file.read(4)
        for _ in range(_MAX_FILLING):
            if head[:2] != b"\xff\xff":
                break
            at += 1
            file.seek(at)
            head = file.read(4)
        if len(head) < 2 or head[0] != 0xFF:
            return
        marker = head[1]
        if marker == _EOI:
            if pixels:
                yield _Segment(marker, at, at + 2)
            return
        if len(head) < 4 or (marker == _SOS and not pixels):
            return
        end = at + 2 + max(2, int.from_bytes(head[2:], "big"))
        if end > size:
            return
        if marker == _SOS:
            end = _after_pixels(file, end, size)
        yield _Segment(marker, at, end)
        at = end


def _after_pixels(file: BinaryIO, start: int, size: int) -> int:
    at, length = start, _FIRST_PIECE
    while at < size:
        file.seek(at)
        found = _MARKER.search(file.read(length + 1))
        if found:
            return at + found.start()
        at, length = at + length, _PIECE
    return size
