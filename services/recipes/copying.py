"""A stretch of one open file written to another, in pieces: memory does not grow with the file."""

from __future__ import annotations

from typing import BinaryIO

_PIECE = 1 << 20


def copy_span(source: BinaryIO, target: BinaryIO, start: int, end: int) -> None:
    """Write the bytes of `source` from `start` up to `end`; fewer where it is shorter."""
    source.seek(start)
    left = end - start
    while left > 0 and (piece := source.read(min(_PIECE, left))):
        target.write(piece)
        left -= len(piece)
