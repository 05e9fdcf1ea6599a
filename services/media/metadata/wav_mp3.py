"""Removal of the texts in a WAV or MP3. The sound itself stays byte for byte.

Sounds are uploaded or imported, never made here, so no recipe is added. A sound in a film's container (M4A) is handled
as a film.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from services.domain.errors import FileRefused
from services.media.files import copy_span

_HEARD = frozenset({b"fmt ", b"fact", b"data"})
_MAX_CHUNKS = 10_000
_OPEN_ENDED = 0xFFFF_FFFF
"""The length written if the writer could not go back to fill it in: up to the end of the file."""
_MAX_TAGS = 16
_ID3_HEAD, _ID3_TAIL, _APE_FOOT, _LYRICS_FOOT = 10, 128, 32, 15
_APE_HAS_HEAD = 0x8000_0000
_DAMAGED = "The sound is damaged, or of a kind in which words cannot be told from sound."


def strip(file: BinaryIO, size: int, target: BinaryIO) -> None:
    """Write a WAV or MP3 without any texts. Raises FileRefused for anything else."""
    file.seek(0)
    head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        _strip_wave(file, size, target)
    else:
        _strip_mp3(file, size, target)


def _strip_wave(file: BinaryIO, size: int, target: BinaryIO) -> None:
    kept = [(kind, start, end) for kind, start, end in _chunks(file, size) if kind in _HEARD]
    if not {b"fmt ", b"data"} <= {kind for kind, _, _ in kept}:
        raise FileRefused(_DAMAGED)
    length = 4 + sum(8 + (end - start) + (end - start) % 2 for _, start, end in kept)
    if length > _OPEN_ENDED:
        raise FileRefused(_DAMAGED)
    target.write(struct.pack("<4sI4s", b"RIFF", length, b"WAVE"))
    for kind, start, end in kept:
        target.write(struct.pack("<4sI", kind, end - start))
        copy_span(file, target, start, end)
        target.write(bytes((end - start) % 2))


def _chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, begin and end of the contents of each chunk; the last may be cut off."""
    at = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        kind, length = struct.unpack("<4sI", head)
        end = size if kind == b"data" and length in (0, _OPEN_ENDED) else min(size, at + 8 + length)
        yield kind, at + 8, end
        at = end + (end - at) % 2


def _strip_mp3(file: BinaryIO, size: int, target: BinaryIO) -> None:
    start, end = _behind_tags(file), _before_tags(file, size)
    file.seek(start)
    head = file.read(2)
    # Eleven bits of sync, then a layer; AAC has the same sync and no layer.
    is_mpeg = len(head) == 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06
    if not is_mpeg or start >= end:
        raise FileRefused(_DAMAGED)
    copy_span(file, target, start, end)


def _behind_tags(file: BinaryIO) -> int:
    """Return the start of the sound, after one or several ID3v2 tags and the zeros that follow."""
    at = 0
    for _ in range(_MAX_TAGS):
        file.seek(at)
        head = file.read(_ID3_HEAD)
        if len(head) < _ID3_HEAD or head[:3] != b"ID3":
            break
        length = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        at += _ID3_HEAD + length + (_ID3_HEAD if head[5] & 0x10 else 0)
    if at:
        file.seek(at)
        padding = file.read(1 << 20)
        at += len(padding) - len(padding.lstrip(b"\0"))
    return at


def _before_tags(file: BinaryIO, size: int) -> int:
    """Return the end of the sound: ID3v1, APE and Lyrics3 come at the end of the file, in any order."""
    end = size
    for _ in range(_MAX_TAGS):
        shorter = _before_one_tag(file, end)
        if shorter >= end:
            return end
        end = max(0, shorter)
    return end


def _before_one_tag(file: BinaryIO, end: int) -> int:
    file.seek(max(0, end - _ID3_TAIL), os.SEEK_SET)
    tail = file.read(min(end, _ID3_TAIL))
    if len(tail) == _ID3_TAIL and tail.startswith(b"TAG"):
        return end - _ID3_TAIL
    foot = tail[-_APE_FOOT:]
    if foot.startswith(b"APETAGEX"):
        length, _, flags = struct.unpack("<III", foot[12:24])
        return end - max(length, _APE_FOOT) - (_APE_FOOT if flags & _APE_HAS_HEAD else 0)
    lyrics = tail[-_LYRICS_FOOT:]
    if lyrics.endswith(b"LYRICS200") and lyrics[:6].isdigit():
        return end - _LYRICS_FOOT - int(lyrics[:6])
    return end
