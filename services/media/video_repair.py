"""Repair of clips to fit a limit, all defects at once: cut, resized or cropped, at another rate, small enough, as MP4.

Hides PyAV's writing side and the search for a small enough file. The clip is decoded and written picture by picture:
memory does not grow with its length.
"""

from __future__ import annotations

import math
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from services.catalogue.schema import VideoLimit
from services.domain.errors import FileRefused
from services.media.facts import VideoFacts
from services.media.files import replacing
from services.media.pyav import AnyPacket, Output
from services.media.shapes import encoded_frame
from services.media.text import listed, megabytes, seconds
from services.media.transcode import PictureLine, Shape, SoundLine
from services.media.video import DECODER_LIMIT, Film, opened, read_video, video_defects

MOST_PIXELS = 40_000_000_000
"""The most pixels decoded for one repair: 80 s of 4K at 60 pictures a second, some minutes of work. More is refused."""

HIGHEST_FPS = 60
"""The highest rate of a repaired clip, in pictures a second: slow motion filmed at 240 plays just as long."""

_PLAIN_RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
)

_HIGHEST_BITS, _LOWEST_BITS = 40_000_000, 30_000
_SOUND_BITS = (128_000, 64_000, 32_000)
_ROOM = 0.93
"""The part of the bytes that is planned for: the encoder aims, and does not always hit."""

_TRIES = 5
_MOST_WAITING = 200
"""The number of pictures skipped to reach sound that comes after them in the file."""

_ONE_ENCODED = threading.Lock()
"""An encoder takes every core and some hundred megabytes; so one clip is repaired at a time."""


@dataclass(frozen=True, kw_only=True)
class _Plan:
    size: tuple[int, int]
    rate: Fraction
    count: int
    """The number of pictures."""
    picture_bits: int
    """Bits a second, at most."""
    sound_bits: int


def repair_video(source: Path, target: Path, limit: VideoLimit) -> VideoFacts:
    """Write the clip of `source` to `target`, made to fit: upright, from its start, with its sound, as H.264 in MP4.

    A clip without defects is copied byte for byte. The returned facts state the file's format, regardless of the name
    of `target`. `target` is written whole or not at all. The effort is bounded by the limit's own seconds, since only
    those are decoded, and by MOST_PIXELS. A camera's notes on place and time are left out.

    Raises FileRefused if the clip cannot be read or made to fit.
    """
    facts = read_video(source)
    if not isinstance(facts, VideoFacts):
        raise FileRefused(facts.why)
    with replacing(target) as part:
        if not video_defects(facts, limit):
            shutil.copyfile(source, part)
        else:
            plan = _plan(facts, limit)
            with _ONE_ENCODED:
                _search(source, part, plan, facts=facts, limit=limit)
        repaired = read_video(part, name=target.name)
        if not isinstance(repaired, VideoFacts) or video_defects(repaired, limit):
            raise FileRefused(f"{facts.name} could not be made to fit. Please choose another clip.")
    return repaired


# Planning ------------------------------------------------------------------------------------------------------------


def _plan(facts: VideoFacts, limit: VideoLimit) -> _Plan:
    """Plan the repaired clip. Raises FileRefused if no repair could make it fit."""
    if "MP4" not in limit.formats:
        raise FileRefused(f"{facts.name} cannot be made {listed(limit.formats)} here. Please save it as such first.")
    if facts.seconds < limit.min_seconds:
        raise FileRefused(
            f"{facts.name} is {seconds(facts.seconds, up=False)} long and cannot be made longer. "
            f"Please choose a clip of {limit.min_seconds:g} s or more."
        )
    kept = min(facts.seconds, limit.max_seconds)
    if facts.width * facts.height * facts.fps * kept > MOST_PIXELS:
        raise FileRefused(f"{facts.name} is too large to be changed here. Please save it smaller first.")
    frame = encoded_frame(limit)
    size = frame.fitted(facts.width, facts.height)
    if frame.low > frame.high or not frame.fits(*size):
        raise FileRefused(f"{facts.name} could not be made to fit. Please choose another clip.")
    rate = _rate(facts.fps, limit)
    # Not a picture more than the limit has room for, nor one less than it requires.
    most, least = math.floor(limit.max_seconds * rate), math.ceil(limit.min_seconds * rate)
    count = max(1, least, min(most, round(kept * rate)))
    bits = limit.max_bytes * 8 * _ROOM / float(count / rate)
    sound = next((some for some in _SOUND_BITS if some < bits / 4), _SOUND_BITS[-1]) if facts.sound else 0
    pictures = min(_HIGHEST_BITS, int(bits - sound))
    if pictures < _LOWEST_BITS:
        raise FileRefused(_too_large(facts, limit))
    return _Plan(size=size, rate=rate, count=count, picture_bits=pictures, sound_bits=sound)


def _rate(fps: float, limit: VideoLimit) -> Fraction:
    """Return the pictures a second: the clip's own rate if permitted, or a usual rate near it."""
    low, high = limit.min_fps or 1.0, min(limit.max_fps or HIGHEST_FPS, max(HIGHEST_FPS, limit.min_fps or 0))
    bounded = min(high, max(low, fps))
    near = min(_PLAIN_RATES, key=lambda rate: abs(rate - Fraction(bounded)))
    # A phone's rate wavers, and an AVI leaves pictures out: a rate near a usual one is meant to be that.
    if abs(float(near) / bounded - 1) < 0.015 and low <= near <= high:
        return near
    return Fraction(bounded).limit_denominator(1000)


def _too_large(facts: VideoFacts, limit: VideoLimit) -> str:
    return f"{facts.name} cannot be made {megabytes(limit.max_bytes, up=False)} or less. Please choose a shorter clip."


def _search(source: Path, part: Path, plan: _Plan, *, facts: VideoFacts, limit: VideoLimit) -> None:
    """Write the clip, again with fewer bits and then smaller, until it fits. Raises FileRefused."""
    for tried in range(_TRIES):
        try:
            _write(source, part, plan, facts=facts)
        except (FFmpegError, OSError, ValueError) as error:
            raise FileRefused(f"{facts.name} is damaged: it could not be read. Please choose another clip.") from error
        size = part.stat().st_size
        if size <= limit.max_bytes:
            return
        plan = _lower(plan, limit, over=size / limit.max_bytes, smaller=tried > 0)
    raise FileRefused(_too_large(facts, limit))


def _lower(plan: _Plan, limit: VideoLimit, *, over: float, smaller: bool) -> _Plan:
    """Return the next plan after one that gave a file `over` times too large."""
    size = plan.size
    if smaller:
        # Fewer bits alone were not enough: the encoder is at its lowest quality, and only fewer pixels are left.
        width, height = (max(2, round(side * max(0.5, 0.9 / over))) for side in size)
        size = encoded_frame(limit).fitted(width, height)
    return replace(plan, size=size, picture_bits=max(_LOWEST_BITS, int(plan.picture_bits / over * 0.9)))


# Writing -------------------------------------------------------------------------------------------------------------


def _write(source: Path, part: Path, plan: _Plan, *, facts: VideoFacts) -> None:
    """Decode the beginning of a clip and encode it by the plan. Damaged places are left out."""
    with source.open("rb") as file, opened(file, facts.bytes, facts.name) as film:
        film.stream.thread_type = "AUTO"
        film.stream.codec_context.options = DECODER_LIMIT
        # part is a path of our own making, and absolute: FFmpeg reads no address into it. `faststart` lets a player
        # that downloads the clip start before the end.
        with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as out:
            _pass_on(film, out, plan)


def _pass_on(film: Film, out: Output, plan: _Plan) -> None:
    shape = Shape(size=plan.size, rate=plan.rate, count=plan.count, bits=plan.picture_bits)
    pictures = PictureLine(out, film, shape)
    sound = None
    if film.sound:
        sound = SoundLine(out, film, sound=film.sound, bits=plan.sound_bits, most=shape.seconds)
    waiting = 0
    for packet in _packets(film):
        if packet.stream is not film.stream:
            if sound:
                sound.take(packet)
        elif not pictures.is_full:
            pictures.take(packet)
        elif sound is None or sound.is_full or (waiting := waiting + 1) > _MOST_WAITING:
            break
    pictures.end()
    if sound:
        sound.end()


def _packets(film: Film) -> Iterator[AnyPacket]:
    streams = (film.stream, film.sound) if film.sound else (film.stream,)
    with suppress(FFmpegError):  # the file may break off
        yield from film.container.demux(*streams)
