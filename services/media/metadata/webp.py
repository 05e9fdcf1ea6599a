"""The chunks of a WebP (RFC 9649): texts are read, one is added, all are removed. Pixels stay untouched."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from services.domain.errors import FileRefused
from services.media.files import copy_span
from services.media.metadata import exif, xmp

_EXIF, _XMP, _EXTENDED = b"EXIF", b"XMP ", b"VP8X"
_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_HAS_EXIF, _HAS_XMP, _HAS_ALPHA = 0x08, 0x04, 0x10
_MAX_CHUNKS = 10_000
_MAX_TEXT_BYTES = 4_000_000
_DAMAGED = "The picture is damaged: it is not built as a WebP is."


@dataclass(frozen=True)
class _Chunk:
    kind: bytes
    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + 8 + self.length + self.length % 2


def words(file: BinaryIO, size: int) -> dict[str, str]:
    """Return the texts of a WebP: `xmp`, and those of EXIF by their own names."""
    found: dict[str, str] = {}
    for chunk in _chunks(file, size):
        if chunk.kind == _XMP:
            found.setdefault("xmp", _data(file, chunk).decode("utf-8", "replace"))
        elif chunk.kind == _EXIF:
            found = exif.words(_data(file, chunk).removeprefix(b"Exif\0\0")) | found
    return found


def embed(file: BinaryIO, size: int, target: BinaryIO, recipe: str) -> None:
    """Write the WebP with a recipe's JSON in its XMP. Raises FileRefused if its structure is not that of a WebP."""
    packet = xmp.packet(recipe, beside=words(file, size).get("xmp", "")).encode("utf-8", "replace")
    kept = [chunk for chunk in _chunks(file, size) if chunk.kind != _XMP]
    _write(file, target, kept, flags=_HAS_XMP, added=((_XMP, packet),))


def strip(file: BinaryIO, size: int, target: BinaryIO) -> None:
    """Write the WebP without texts: only pixels, colours and movement. Raises FileRefused."""
    chunks = list(_chunks(file, size))
    turns = (exif.upright_only(_data(file, one).removeprefix(b"Exif\0\0")) for one in chunks if one.kind == _EXIF)
    turn = next(turns, b"")
    kept = [chunk for chunk in chunks if chunk.kind in _PIXELS or chunk.kind == _EXTENDED]
    added = ((_EXIF, turn),) if turn else ()
    _write(file, target, kept, flags=_HAS_EXIF if turn else 0, added=added)


def _write(
    file: BinaryIO, target: BinaryIO, kept: list[_Chunk], *, flags: int, added: tuple[tuple[bytes, bytes], ...]
) -> None:
    if not kept or kept[0].kind not in (_EXTENDED, b"VP8 ", b"VP8L"):
        raise FileRefused(_DAMAGED)
    own = b"".join(_made(kind, data) for kind, data in added)
    if kept[0].kind == _EXTENDED:
        head = bytearray(_data(file, kept[0]))
        if len(head) != 10:
            raise FileRefused(_DAMAGED)
        has_exif = any(chunk.kind == _EXIF for chunk in kept)
        head[0] = head[0] & ~(_HAS_EXIF | _HAS_XMP) | flags | (_HAS_EXIF if has_exif else 0)
        first, kept = _made(_EXTENDED, bytes(head)), kept[1:]
    else:
        first = _made(_EXTENDED, _extended(_data(file, kept[0], 10), kept[0].kind, flags)) if flags else b""
    # The even length counts; a last chunk may be without its padding byte at the file's end.
    length = 4 + len(first) + sum(chunk.end - chunk.start for chunk in kept) + len(own)
    target.write(b"RIFF" + struct.pack("<I", length) + b"WEBP" + first)
    for chunk in kept:
        copy_span(file, target, chunk.start, chunk.start + 8 + chunk.length)
        target.write(b"\0" * (chunk.length % 2))
    target.write(own)


def _extended(head: bytes, kind: bytes, flags: int) -> bytes:
    """Build the extended header that a simple WebP lacks, from the beginning of its pixels."""
    if len(head) < 10:
        raise FileRefused(_DAMAGED)
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF
        flags |= _HAS_ALPHA if bits >> 28 & 1 else 0
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", head, 6))
        width, height = width - 1, height - 1
    return bytes((flags, 0, 0, 0)) + max(0, width).to_bytes(3, "little") + max(0, height).to_bytes(3, "little")


def _made(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _data(file: BinaryIO, chunk: _Chunk, most: int = _MAX_TEXT_BYTES) -> bytes:
    file.seek(chunk.start + 8)
    return file.read(min(chunk.length, most))


def _chunks(file: BinaryIO, size: int) -> Iterator[_Chunk]:
    at = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        chunk = _Chunk(head[:4], at, int.from_bytes(head[4:], "little"))
        if at + 8 + chunk.length > size:
            return
        yield chunk
        at = chunk.end
