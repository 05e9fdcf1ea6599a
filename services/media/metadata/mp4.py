"""The boxes of an MP4 or MOV (ISO 14496-12): texts are read, one is added, all are removed.

No packet is touched and no time is rewritten. Offsets are corrected for data that moves in the file, so edit lists,
picture order and lengths stay as they were. The text is stored at the place that every player and FFmpeg's `-c copy`
use for a comment.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from services.domain.errors import FileRefused
from services.media.files import copy_span

_COMMENT = b"\xa9cmt"
_MAX_HEADER = 64 << 20
"""Bytes of a film's description: an hour has two million."""
_MAX_TOP_BOXES, _MAX_BOXES, _MAX_DEEP = 20_000, 2_000, 8
"""Boxes of the file, and of one box."""
_MAX_TEXT = 4_000_000
_OFFSET_PARENTS = frozenset({b"trak", b"mdia", b"minf", b"stbl"})
_WORDY = frozenset({b"udta", b"meta", b"uuid", b"free", b"skip", b"wide", b"pdin", b"cprt"})
"""Boxes that may hold text. An empty `wide` or `free` stays as it is."""
_LOCATED = frozenset({b"saio", b"iloc", b"cmov"})
"""Boxes that give offsets in the file by other means, or hide the boxes that do."""
_MAX_PIECE = 8 << 20
"""Bytes of one fragment's description, or of the list of fragments."""
_HAS_BASE = 0x000001
_UNFIT = "This film is built in a way that leaves no room for a recipe."
_NAMES = {
    b"\xa9cmt": "comment", b"\xa9des": "description", b"desc": "description", b"ldes": "description",
    b"\xa9nam": "title", b"\xa9swr": "software", b"\xa9too": "software",
}  # fmt: skip
_DAMAGED = "The film is damaged: it is not built as an MP4 is."


@dataclass(frozen=True)
class _Box:
    kind: bytes
    start: int
    body: int
    end: int


# Reading -------------------------------------------------------------------------------------------------------------


def words(file: BinaryIO, size: int) -> dict[str, str]:
    """Return the texts of a film by our names in lower case; those that FFmpeg names itself, by these names."""
    moov = next((box for box in _boxes_in(file, size) if box.kind == b"moov"), None)
    if moov is None or moov.end - moov.body > _MAX_HEADER:
        return {}
    file.seek(moov.body)
    data = file.read(moov.end - moov.body)
    found: dict[str, str] = {}
    children = _boxes(data, 0, len(data))
    own = _first(children, b"udta")
    inner = _boxes(data, own.body, own.end) if own else ()
    for one in inner:
        if one.kind in _NAMES:  # QuickTime: a length, a language, the text
            found.setdefault(_NAMES[one.kind], _text(data[one.body + 4 : one.end]))
    for meta in (_first(inner, b"meta"), _first(children, b"meta")):
        found |= _listed(data, meta) if meta else {}
    return found


def _first(boxes: Sequence[_Box], kind: bytes) -> _Box | None:
    return next((box for box in boxes if box.kind == kind), None)


def _listed(data: bytes, meta: _Box) -> dict[str, str]:
    """Return the texts of a list: each item has its own code, or the number of a name."""
    found: dict[str, str] = {}
    names: list[str] = []
    for box in _boxes(data, _meta_body(data, meta), meta.end):
        if box.kind == b"keys":
            names = [
                data[one.body : one.end].decode("utf-8", "replace").lower()
                for one in _boxes(data, box.body + 8, box.end)
            ]
        elif box.kind == b"ilst":
            for item in _boxes(data, box.body, box.end):
                number = int.from_bytes(item.kind, "big")
                name = _NAMES.get(item.kind) or (names[number - 1] if 0 < number <= len(names) else "")
                value = _first(_boxes(data, item.body, item.end), b"data")
                if name and value:
                    found.setdefault(name.rpartition(".")[2], _text(data[value.body + 8 : value.end]))
    return found


def _text(data: bytes) -> str:
    return data[:_MAX_TEXT].decode("utf-8", "replace").strip("\0 ")


def _meta_body(data: bytes, meta: _Box) -> int:
    """Return the offset of the boxes in a `meta`: MP4 has a version in front of them, QuickTime has none."""
    return meta.body if data[meta.body + 4 : meta.body + 8] == b"hdlr" else meta.body + 4


# Embedding -----------------------------------------------------------------------------------------------------------


def embed(file: BinaryIO, size: int, target: BinaryIO, recipe: str) -> None:
    """Write the film with a recipe's JSON as its comment, and its description ahead of its pictures.

    Raises FileRefused if it cannot be done without touching the visible contents: then keep the film as it is.
    """
    boxes = list(_boxes_in(file, size))
    moov = next((box for box in boxes if box.kind == b"moov"), None)
    pictures = next((box for box in boxes if box.kind == b"mdat"), None)
    if moov is None or pictures is None:
        raise FileRefused(_DAMAGED)
    in_pieces = any(box.kind in (b"moof", b"mfra") for box in boxes)
    if in_pieces and not _may_be_moved(boxes, moov, size):
        raise FileRefused(_UNFIT)
    if moov.end - moov.start > _MAX_HEADER:
        raise FileRefused("The film's description is too long to be written anew.")
    file.seek(moov.body)
    old = file.read(moov.end - moov.body)
    new = _described(old, recipe)
    at = min(moov.start, pictures.start)
    grown, gone = len(new) + 8, moov.end - moov.start

    def moved(place: int) -> int:
        return place + (grown if place >= at else 0) - (gone if place >= moov.end else 0)

    _shift(new, moved)
    copy_span(file, target, 0, at)
    target.write(struct.pack(">I4s", grown, b"moov") + new)
    copy_span(file, target, at, moov.start)
    if not in_pieces:
        copy_span(file, target, moov.end, size)
        return
    for box in (one for one in boxes if one.start >= moov.end):
        if box.kind in (b"moof", b"mfra"):
            target.write(_moved_piece(file, box, moved))
        else:
            copy_span(file, target, box.start, box.end)


def _may_be_moved(boxes: Sequence[_Box], moov: _Box, size: int) -> bool:
    """Return True if every offset of a fragmented film is found: its description comes first, then whole fragments."""
    first = next(box.start for box in boxes if box.kind in (b"moof", b"mfra", b"mdat", b"sidx"))
    large = any(box.end - box.start > _MAX_PIECE for box in boxes if box.kind in (b"moof", b"mfra"))
    return moov.end <= first and boxes[-1].end == size and len(boxes) < _MAX_TOP_BOXES and not large


def _moved_piece(file: BinaryIO, box: _Box, moved: Callable[[int], int]) -> bytearray:
    """Return a fragment's description, or the list of fragments, with its file offsets rewritten."""
    file.seek(box.start)
    data = bytearray(file.read(box.end - box.start))
    for one in _boxes(bytes(data), box.body - box.start, len(data)):
        if one.kind == b"traf":
            for head in (inner for inner in _boxes(bytes(data), one.body, one.end) if inner.kind == b"tfhd"):
                length = head.end - head.body
                if length >= 4 and not data[head.body + 3] & _HAS_BASE:
                    continue
                if length < 16:
                    raise FileRefused(_DAMAGED)
                _move(data, head.body + 8, "Q", moved)
        elif one.kind == b"tfra" and one.end - one.body >= 16:
            form, rest = ("Q" if data[one.body] == 1 else "I"), data[one.body + 11]
            width = struct.calcsize(form)
            step = 2 * width + 3 + (rest >> 4 & 3) + (rest >> 2 & 3) + (rest & 3)
            count = int.from_bytes(data[one.body + 12 : one.body + 16], "big")
            for number in range(min(count, (one.end - one.body - 16) // step)):
                _move(data, one.body + 16 + number * step + width, form, moved)
    return data


def _move(data: bytearray, at: int, form: str, moved: Callable[[int], int]) -> None:
    try:
        struct.pack_into(f">{form}", data, at, moved(struct.unpack_from(f">{form}", data, at)[0]))
    except struct.error as error:
        raise FileRefused(_DAMAGED) from error


def _described(moov: bytes, recipe: str) -> bytearray:
    """Return a film's description with this comment in place of its own."""
    children = list(_boxes(moov, 0, len(moov)))
    if not children or any(box.kind in _LOCATED for box in _nested(moov, 0, len(moov), deep=0)):
        raise FileRefused(_UNFIT)
    udta = _first(children, b"udta")
    inner = list(_boxes(moov, udta.body, udta.end)) if udta else []
    meta = next((box for box in inner if box.kind == b"meta" and _is_list(moov, box)), None)
    items: list[bytes] = []
    for box in _boxes(moov, _meta_body(moov, meta), meta.end) if meta else ():
        if box.kind == b"ilst":
            items += [moov[i.start : i.end] for i in _boxes(moov, box.body, box.end) if i.kind != _COMMENT]
    items.append(_box(_COMMENT, _box(b"data", struct.pack(">II", 1, 0) + recipe.encode("ascii"))))
    handler = _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    listed = _box(b"meta", bytes(4) + handler + _box(b"ilst", b"".join(items)))
    others = b"".join(moov[b.start : b.end] for b in inner if b is not meta and b.kind != _COMMENT)
    kept = b"".join(moov[box.start : box.end] for box in children if box is not udta)
    return bytearray(kept + _box(b"udta", others + listed))


def _is_list(moov: bytes, meta: _Box) -> bool:
    start = _meta_body(moov, meta)
    return moov[start + 4 : start + 8] == b"hdlr" and moov[start + 16 : start + 20] == b"mdir"


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data) + 8, kind) + data


def _shift(moov: bytearray, moved: Callable[[int], int]) -> None:
    """Update every offset in a description to the new position of its pictures."""
    for box in _nested(bytes(moov), 0, len(moov), deep=0):
        if box.kind not in (b"stco", b"co64") or box.end - box.body < 8:
            continue
        form = "Q" if box.kind == b"co64" else "I"
        width = struct.calcsize(form)
        count = min(struct.unpack_from(">I", moov, box.body + 4)[0], (box.end - box.body - 8) // width)
        places = struct.unpack_from(f">{count}{form}", moov, box.body + 8)
        try:
            struct.pack_into(f">{count}{form}", moov, box.body + 8, *(moved(place) for place in places))
        except struct.error as error:
            raise FileRefused("The film is too long for its own tables to be written anew.") from error


def _nested(moov: bytes, start: int, end: int, *, deep: int) -> Iterator[_Box]:
    """Yield every box of a description down to the tables of its tracks."""
    for box in _boxes(moov, start, end):
        yield box
        if box.kind in _OFFSET_PARENTS and deep < _MAX_DEEP:
            yield from _nested(moov, box.body, box.end, deep=deep + 1)


# Stripping -----------------------------------------------------------------------------------------------------------


def strip(file: BinaryIO, size: int, target: BinaryIO) -> None:
    """Write the film with every box that may hold text made empty; nothing moves. Raises FileRefused."""
    boxes = list(_boxes_in(file, size))
    if not any(box.kind in (b"moov", b"moof") for box in boxes):
        raise FileRefused(_DAMAGED)
    at = 0
    for box in boxes:
        blanks = _blanks(file, box)
        for start, body, end in blanks:
            copy_span(file, target, at, start)
            target.write(_emptied(file, start, body))
            _write_nothing(target, end - body)
            at = end
    # Behind the last box there is nothing visible.
    copy_span(file, target, at, boxes[-1].end)


def _blanks(file: BinaryIO, box: _Box) -> list[tuple[int, int, int]]:
    """Return the spans of boxes to empty, in their order: this one, or those inside it."""
    if box.kind in _WORDY:
        return [(box.start, box.body, box.end)]
    if box.kind != b"moov":
        return []
    if box.end - box.body > _MAX_HEADER:
        raise FileRefused("The film's description is too long to be cleaned.")
    file.seek(box.body)
    data = file.read(box.end - box.body)
    found = [one for one in _boxes(data, 0, len(data)) if one.kind in _WORDY]
    for track in _boxes(data, 0, len(data)):
        if track.kind == b"trak":
            found += [one for one in _boxes(data, track.body, track.end) if one.kind in _WORDY]
    spans = ((box.body + one.start, box.body + one.body, box.body + one.end) for one in found)
    return sorted(spans)


def _emptied(file: BinaryIO, start: int, body: int) -> bytes:
    """Return a box's head with its length, changed to a kind that readers skip."""
    file.seek(start)
    head = file.read(body - start)
    return head[:4] + b"free" + head[8:]


def _write_nothing(target: BinaryIO, length: int) -> None:
    while length > 0:
        target.write(bytes(min(length, 1 << 20)))
        length -= 1 << 20


# Boxes ---------------------------------------------------------------------------------------------------------------


def _boxes_in(file: BinaryIO, size: int) -> Iterator[_Box]:
    """Yield the boxes of a file, one after the other; the last may be cut off."""
    at = 0
    for _ in range(_MAX_TOP_BOXES):
        file.seek(at)
        box = _parsed(file.read(16), at, size)
        if box is None:
            return
        yield box
        at = box.end


def _boxes(data: bytes, start: int, end: int) -> Sequence[_Box]:
    """Return the boxes in a stretch of bytes, up to the first damaged one."""
    found: list[_Box] = []
    end = min(end, len(data))
    while start < end and len(found) < _MAX_BOXES:
        box = _parsed(data[start : min(end, start + 16)], start, end)
        if box is None:
            break
        found.append(box)
        start = box.end
    return found


def _parsed(head: bytes, at: int, end: int) -> _Box | None:
    if len(head) < 8:
        return None
    length, kind, body = int.from_bytes(head[:4], "big"), head[4:8], at + 8
    if length == 1:
        if len(head) < 16:
            return None
        length, body = int.from_bytes(head[8:16], "big"), at + 16
    stop = end if length == 0 else at + length
    return _Box(kind, at, body, min(stop, end)) if stop >= body and body <= end else None
