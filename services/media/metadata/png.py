"""The chunks of a PNG (W3C PNG, third edition): texts are read, one is added, all are removed. Pixels stay as is."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from services.domain.errors import FileRefused
from services.media.files import copy_span
from services.media.metadata import exif, xmp

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP = b"XML:com.adobe.xmp"
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_KEPT = frozenset(
    {
        b"tRNS",
        b"cHRM",
        b"gAMA",
        b"iCCP",
        b"sBIT",
        b"sRGB",
        b"cICP",
        b"mDCV",
        b"cLLI",
        b"bKGD",
        b"hIST",
        b"pHYs",
        b"sPLT",
    }
    | {b"acTL", b"fcTL", b"fdAT"}
)
"""The chunks that a clean file may have beside the pixels: colours, size on paper, animation."""
_MAX_CHUNKS = 100_000
_MAX_TEXT_BYTES = 8_000_000
"""Limit on all texts of a file together, unpacked."""


@dataclass(frozen=True)
class _Chunk:
    kind: bytes
    start: int
    """The offset of its length."""
    length: int

    @property
    def end(self) -> int:
        return self.start + 12 + self.length


def words(file: BinaryIO, size: int) -> dict[str, str]:
    """Return the texts of a PNG by their keyword in lower case; XMP as `xmp`, those of EXIF by their own names."""
    found: dict[str, str] = {}
    room = _MAX_TEXT_BYTES
    for chunk in _chunks(file, size):
        if room <= 0 or (chunk.kind != b"eXIf" and chunk.kind not in _TEXTS):
            continue
        data = _data(file, chunk, room)
        if chunk.kind == b"eXIf":
            found = exif.words(data) | found
            room -= len(data)
            continue
        name, text, used = _text(chunk.kind, data, room)
        room -= used + len(data)
        if name and name not in found:
            found[name] = text
    return found


def embed(file: BinaryIO, size: int, target: BinaryIO, recipe: str) -> None:
    """Write the PNG with a recipe's JSON in its XMP. Raises FileRefused if its structure is not that of a PNG."""
    chunks = _whole(file, size)
    packet = xmp.packet(recipe, beside=words(file, size).get("xmp", ""))
    text = _XMP + b"\0\0\0\0\0" + packet.encode("utf-8", "replace")
    target.write(SIGNATURE)
    for chunk in chunks:
        if not (chunk.kind == b"iTXt" and _data(file, chunk, len(_XMP) + 1) == _XMP + b"\0"):
            copy_span(file, target, chunk.start, chunk.end)
        if chunk.kind == b"IHDR":
            target.write(_made(b"iTXt", text))
    copy_span(file, target, chunks[-1].end, size)


def strip(file: BinaryIO, size: int, target: BinaryIO) -> None:
    """Write the PNG without texts: only pixels and the chunks that decide how they look. Raises FileRefused."""
    target.write(SIGNATURE)
    for chunk in _whole(file, size):
        is_critical = not chunk.kind[0] & 0x20
        if is_critical or chunk.kind in _KEPT:
            copy_span(file, target, chunk.start, chunk.end)
        elif chunk.kind == b"eXIf" and (turn := exif.upright_only(_data(file, chunk, 1 << 20))):
            target.write(_made(b"eXIf", turn))


def _whole(file: BinaryIO, size: int) -> list[_Chunk]:
    chunks = list(_chunks(file, size))
    if not chunks or chunks[0].kind != b"IHDR" or chunks[-1].kind != b"IEND":
        raise FileRefused("The picture is damaged: it is not built as a PNG is.")
    return chunks


def _chunks(file: BinaryIO, size: int) -> Iterator[_Chunk]:
    """Yield the chunks inside the file, up to its end mark."""
    start = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        file.seek(start)
        head = file.read(8)
        if len(head) < 8:
            return
        chunk = _Chunk(head[4:], start, int.from_bytes(head[:4], "big"))
        if chunk.end > size:
            return
        yield chunk
        if chunk.kind == b"IEND":
            return
        start = chunk.end


def _data(file: BinaryIO, chunk: _Chunk, most: int) -> bytes:
    file.seek(chunk.start + 8)
    return file.read(min(chunk.length, most))


def _made(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _text(kind: bytes, data: bytes, room: int) -> tuple[str, str, int]:
    """Return the keyword and text of a chunk, and the number of bytes unpacked for it."""
    keyword, zero, rest = data.partition(b"\0")
    if not zero or not 0 < len(keyword) < 80:
        return "", "", 0
    packed, encoding = kind == b"zTXt", "latin-1"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        packed, encoding = rest[:1] == b"\1", "utf-8"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    used = 0
    if packed:
        try:
            rest = zlib.decompressobj().decompress(rest, room)
        except zlib.error:
            return "", "", 0
        used = len(rest)
    name = keyword.decode("latin-1").strip().lower()
    if encoding == "latin-1":
        # Latin letters by the standard; many tools write UTF-8 all the same.
        text = rest.decode("utf-8", "ignore") if _is_utf8(rest) else rest.decode("latin-1")
    else:
        text = rest.decode("utf-8", "replace")
    return ("xmp" if keyword == _XMP else name), text, used


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
