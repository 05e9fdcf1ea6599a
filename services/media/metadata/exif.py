"""The EXIF texts that other tools put their recipes into (CIPA DC-008). Damaged EXIF is ignored."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_ORIENTATION, _EXIF_FOLDER, _USER_COMMENT = 0x0112, 0x8769, 0x9286
_NAMES = {0x010E: "description", 0x010F: "make", 0x0110: "model", 0x0131: "software", _USER_COMMENT: "usercomment"}
_MAX_ENTRIES = 200
_MAX_BYTES = 2_000_000
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1}
"""Bytes of a value by its type: byte, text, short, long, anything."""


def words(data: bytes) -> dict[str, str]:
    """Return the texts in an EXIF block that begins with the TIFF header, by our names in lower case."""
    order = _order(data)
    return {
        _NAMES[tag]: _text(tag, value, order)
        for tag, value in (_entries(data, order) if order else ())
        if tag in _NAMES
    }


def upright_only(data: bytes) -> bytes:
    """Return an EXIF block with nothing but the picture's orientation; empty if it is not turned."""
    order = _order(data)
    for tag, value in _entries(data, order) if order else ():
        if tag == _ORIENTATION and len(value) >= 2:
            turn = struct.unpack_from(f"{order}H", value)[0]
            if 2 <= turn <= 8:
                return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turn, 0, 0)
    return b""


def _order(data: bytes) -> str:
    return {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4], "")


def _entries(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Yield the entries of the first folder and of the EXIF folder in it, as far as they are inside the block."""
    if len(data) < 8:
        return
    folders = [struct.unpack_from(f"{order}I", data, 4)[0]]
    for number in range(2):
        if number >= len(folders) or folders[number] + 2 > len(data):
            return
        at = folders[number] + 2
        count = struct.unpack_from(f"{order}H", data, folders[number])[0]
        for entry in range(min(count, _MAX_ENTRIES)):
            if at + 12 * entry + 12 > len(data):
                break
            tag, kind, length, where = struct.unpack_from(f"{order}HHII", data, at + 12 * entry)
            size = _SIZES.get(kind, 0) * length
            if tag == _EXIF_FOLDER:
                folders.append(where)
            elif 0 < size <= _MAX_BYTES:
                start = at + 12 * entry + 8 if size <= 4 else where
                yield tag, data[start : start + size]


def _text(tag: int, value: bytes, order: str) -> str:
    if tag == _USER_COMMENT and value[:8] == b"UNICODE\0":
        body = value[8:]
        # The standard leaves the order open: tools write either, and most words have a zero byte in each character.
        big = body[0:200:2].count(0) > body[1:200:2].count(0) or (order == ">" and 0 not in body[1:200:2])
        return body.decode("utf-16-be" if big else "utf-16-le", "replace").strip("\0 ")
    body = value[8:] if tag == _USER_COMMENT and value[:8] in {b"ASCII\0\0\0", b"\0" * 8} else value
    return body.decode("utf-8", "replace").strip("\0 ")
