"""The boxes of an MP4 or MOV (ISO 14496-12), read by hand for facts that FFmpeg hides and traps it ignores.

FFmpeg does not report the rotation of the picture until a frame is decoded. And it allocates as many samples as a table
claims to have: a file of some hundred bytes can ask for two gigabytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MOST_SAMPLES = 2_000_000
"""More than ten minutes have at a thousand pictures a second; a file that claims more is not opened."""

_MOST_BOXES = 20_000
_MOST_DEEP = 16
_ONE_TICK_EACH = b"\x00\x00\x00\x01" * 2
"""One entry, and a step of one tick: the beginning of such a table of times."""

_PARENTS = frozenset(
    {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf", b"mvex"}
    | {b"edts", b"dinf", b"udta", b"gmhd", b"tapt", b"sinf", b"schi", b"wave", b"iprp", b"ipco"}
)
"""Boxes that FFmpeg searches for any other: a trap may be at a place that no camera would use."""


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """The facts that the boxes give."""

    brand: str
    """The major brand of the file, for example "isom" or "qt  "; empty if the file has none."""
    turned: bool
    """True if the picture must be turned by a quarter before it is shown, one way or the other."""
    whole: bool
    """True if the box that describes the film is there at all."""
    bomb: bool
    """True if it claims an implausible number of samples, or packs its description."""


@dataclass(frozen=True)
class _Box:
    kind: bytes
    start: int
    """The offset of its contents."""
    end: int


def read_boxes(file: BinaryIO, size: int) -> Boxes:
    """Walk through the boxes of an open file of `size` bytes. Damage ends the walk; nothing is raised."""
    brand, whole, bomb = "", False, False
    film_turned, turned, shown, handler = False, False, False, b""
    samples, moments, steps = 0, 0, set[bytes]()
    for box in _walk(file, 0, size):
        head = _contents(file, box, 100)
        match box.kind:
            case b"ftyp":
                brand = head[:4].decode("latin-1")
            case b"moov":
                whole = True
            case b"cmov":
                bomb = True
            case b"mvhd":
                film_turned = _is_quarter(head, 48 if head[:1] == b"\x01" else 36)
            case b"tkhd":
                shown = _is_quarter(head, 52 if head[:1] == b"\x01" else 40)
            case b"hdlr":
                handler = head[8:12]
                turned = turned or (handler == b"vide" and shown)
            case b"stts" if handler == b"soun":
                steps.add(head[4:8] + head[12:16])
            case b"stsz" if len(head) >= 12 and handler == b"soun" and any(head[4:8]):
                moments += int.from_bytes(head[8:12], "big")
            case b"stsz" | b"trun" if len(head) >= 12:
                samples += _claimed(box, head)
            case _:
                pass
    # Plain sound has a sample for each moment; FFmpeg reads it by whole pieces, but only if all last one tick.
    samples += 0 if steps == {_ONE_TICK_EACH} else moments
    return Boxes(brand=brand, turned=turned != film_turned, whole=whole, bomb=bomb or samples > MOST_SAMPLES)


def _walk(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    """Yield every relevant box, parents before their children."""
    spans = [(start, end)]
    seen = 0
    while spans and seen < _MOST_BOXES:
        start, end = spans.pop()
        box = _box_at(file, start, end)
        if box is None:
            continue
        seen += 1
        if box.end < end:
            spans.append((box.end, end))
        yield box
        if box.kind in _PARENTS and len(spans) < _MOST_DEEP:
            spans.append((box.start, box.end))


def _box_at(file: BinaryIO, start: int, end: int) -> _Box | None:
    if end - start < 8:
        return None
    file.seek(start)
    header = file.read(16)
    if len(header) < 8:
        return None
    length, kind, body = int.from_bytes(header[:4], "big"), header[4:8], start + 8
    if length == 1 and len(header) == 16:
        length, body = int.from_bytes(header[8:], "big"), start + 16
    stop = end if length == 0 else min(end, start + length)
    return _Box(kind, body, stop) if stop >= body else None


def _contents(file: BinaryIO, box: _Box, most: int) -> bytes:
    file.seek(box.start)
    return file.read(min(most, box.end - box.start))


def _is_quarter(head: bytes, matrix: int) -> bool:
    """Check that the display matrix turns by 90° or 270°: its diagonal is zero (ISO 14496-12, 8.3.2)."""
    if len(head) < matrix + 20:
        return False
    a, b, _, c, d = struct.unpack_from(">5i", head, matrix)
    return abs(b) > abs(a) and abs(c) > abs(d)


def _claimed(box: _Box, head: bytes) -> int:
    """Return the number of samples that FFmpeg would allocate, as far as the file is long enough."""
    if box.kind == b"trun":
        flags, count = struct.unpack_from(">II", head)
        each = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    else:
        _, fixed, count = struct.unpack_from(">III", head)
        each = 0 if fixed else 4
    return min(count, (box.end - box.start) // each) if each else count
