"""A small, silent, short copy of a clip, for a tile under the pointer. The clip itself is for full viewing.

Nothing here is asynchronous: call it from a thread.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.error import FFmpegError

from services.domain.errors import FileRefused
from services.media.facts import VideoFacts
from services.media.files import replacing
from services.media.transcode import AnyPacket, PictureLine, Shape
from services.media.video import DECODER_LIMIT, Film, opened, read_video

LONGEST_SIDE = 400
"""In pixels: as a tile's still picture."""
MOST_SECONDS = 6.0
_RATE = Fraction(15)
_BITS = 450_000
"""Bits a second, at most."""


def make_preview(source: Path, target: Path, *, spoken: str = "The clip") -> None:
    """Write the beginning of a clip to `target` as a small MP4 without sound, upright.

    `target` is written whole or not at all. Raises FileRefused.
    """
    facts = read_video(source, name=spoken)
    if not isinstance(facts, VideoFacts):
        raise FileRefused(facts.why)
    count = max(1, round(min(facts.seconds, MOST_SECONDS) * _RATE))
    shape = Shape(size=_small(facts.width, facts.height), rate=_RATE, count=count, bits=_BITS)
    with replacing(target) as part:
        try:
            with source.open("rb") as file, opened(file, facts.bytes, spoken) as film:
                _write(film, part, shape)
        except (FFmpegError, OSError, ValueError) as error:
            raise FileRefused(f"{spoken} is damaged: it could not be read.") from error


def _write(film: Film, part: Path, shape: Shape) -> None:
    film.stream.thread_type = "AUTO"
    film.stream.codec_context.options = DECODER_LIMIT
    # part is a path of our own making, and absolute: FFmpeg reads no address into it.
    with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        pictures = PictureLine(out, film, shape)
        for packet in film.container.demux(film.stream):
            if pictures.is_full:
                break
            pictures.take(cast("AnyPacket", packet))  # cast: its type does not follow from that of its stream
        pictures.end()


def _small(width: int, height: int) -> tuple[int, int]:
    """Return even sides of the same shape; a clip that is already small is not enlarged."""
    shrunk = min(1.0, LONGEST_SIDE / max(width, height))
    even = (max(2, 2 * round(side * shrunk / 2)) for side in (width, height))
    return next(even), next(even)
