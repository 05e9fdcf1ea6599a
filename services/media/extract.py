"""A still of a clip at one moment, in its exact size, and the sound of a clip as a file of its own.

Hides the search for the moment. It goes by the pictures' own times, never by counting, since clips skip and repeat.
Nothing here is asynchronous: call it from a thread.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import av
from av.error import FFmpegError
from av.video.reformatter import Colorspace
from PIL import Image

from services.domain.errors import FileRefused
from services.media.audio import COUNTED_SECONDS, HIGHEST_RATE
from services.media.files import replacing, size_of
from services.media.pyav import picture_of
from services.media.video import MAX_CLIP_BYTES, Film, opened


class Edge(StrEnum):
    """The two ends of a clip."""

    FIRST = "first"
    LAST = "last"


Moment = Edge | float
"""An end, or seconds from the start."""

_NEAR_SECONDS = 0.002
"""How much later a picture may begin and still belong to a moment: browsers round the times they report."""
_MOST_FRAMES = 40_000
"""The end of the search: more than ten minutes at 60 pictures a second."""
_HD_LINES = 720
"""From this height on, a clip without stated colours has those of HD, as in browsers: a still must match."""
_UNSAID_COLOURS = 2
_SAMPLE_BYTES = 2
_QUICK = 4
"""The compression level of a PNG: half the time of the usual 6 for a few per cent more bytes."""


def cut_frame(source: Path, target: Path, at: Moment, *, spoken: str = "The clip") -> None:
    """Write the picture that a clip shows at a moment to `target`, as a PNG, upright and in the clip's own size.

    Beyond the end it is the last one. `target` is written whole or not at all. Raises FileRefused.
    """
    with source.open("rb") as file, opened(file, size_of(source, spoken, most=MAX_CLIP_BYTES), spoken) as film:
        film.stream.thread_type = "AUTO"
        frame = _last(film) if at is Edge.LAST else _shown_at(film, 0.0 if at is Edge.FIRST else float(at))
        if frame is None:
            raise FileRefused(f"{spoken} has no picture that can be read there.")
        picture = _picture(frame)
    with replacing(target) as part:
        picture.save(part, "PNG", compress_level=_QUICK)


def cut_sound(source: Path, target: Path, *, spoken: str = "The clip") -> None:
    """Write the sound of a clip to `target`, as a 16-bit WAV in its own rate, in stereo at most.

    `target` is written whole or not at all. Raises FileRefused, also if the clip has no sound.
    """
    with source.open("rb") as file, opened(file, size_of(source, spoken, most=MAX_CLIP_BYTES), spoken) as film:
        if film.sound is None:
            raise FileRefused(f"{spoken} has no sound.")
        rate, channels = film.sound.codec_context.sample_rate, min(2, film.sound.codec_context.channels)
        if channels <= 0 or not 0 < rate <= HIGHEST_RATE:
            raise FileRefused(f"{spoken} has no sound that can be read.")
        with replacing(target) as part:
            if not _write_sound(film, part, rate=rate, channels=channels):
                raise FileRefused(f"{spoken} has no sound that can be read.")


# Pictures ------------------------------------------------------------------------------------------------------------


def _shown_at(film: Film, seconds: float) -> av.VideoFrame | None:
    """Return the last picture that begins by this moment, or the first one if none does."""
    if seconds > 0:
        _seek(film, seconds)
        found = _latest(film, until=seconds)
        if found is not None and _begins(film, found) <= seconds + _NEAR_SECONDS:
            return found
        _seek(film, 0.0)  # the seek went past the moment, or to no picture at all: search from the start
    return _latest(film, until=seconds)


def _last(film: Film) -> av.VideoFrame | None:
    """Return the picture that is seen when a clip has played to its end."""
    length = float((film.stream.duration or 0) * (film.stream.time_base or 0)) or COUNTED_SECONDS
    _seek(film, length)
    found = _latest(film, until=None)
    if found is None:
        _seek(film, 0.0)
        found = _latest(film, until=None)
    return found


def _seek(film: Film, seconds: float) -> None:
    """Seek to the key picture before a moment."""
    tick = float(film.stream.time_base or 1)
    try:
        film.container.seek(int((film.stream.start_time or 0) + seconds / tick), stream=film.stream)
    except (FFmpegError, OverflowError):
        return  # a file without an index: reading continues at the current position


def _latest(film: Film, *, until: float | None) -> av.VideoFrame | None:
    """Return the latest picture from here on that begins by a moment; if all begin later, the first of them."""
    found: av.VideoFrame | None = None
    try:
        for number, frame in enumerate(film.container.decode(film.stream)):
            is_past = until is not None and _begins(film, frame) > until + _NEAR_SECONDS
            if (is_past and found is not None) or number >= _MOST_FRAMES:
                break
            found = frame
            if is_past:
                break
    except FFmpegError:
        pass  # the file breaks off here: only the part before it plays
    return found


def _begins(film: Film, frame: av.VideoFrame) -> float:
    tick = float(film.stream.time_base or 0)
    return ((frame.pts or 0) - (film.stream.start_time or 0)) * tick


def _picture(frame: av.VideoFrame) -> Image.Image:
    """Convert a frame into the picture that a player shows."""
    unsaid = frame.colorspace == _UNSAID_COLOURS
    colours = (Colorspace.ITU709 if frame.height >= _HD_LINES else Colorspace.ITU601) if unsaid else None
    picture = picture_of(frame, colours=colours)
    return picture.rotate(frame.rotation, expand=True) if frame.rotation % 360 else picture


# Sound ---------------------------------------------------------------------------------------------------------------


def _write_sound(film: Film, part: Path, *, rate: int, channels: int) -> bool:
    """Write the sound. Return True if there was any."""
    most = int(COUNTED_SECONDS * rate) * channels * _SAMPLE_BYTES
    written = 0
    with wave.open(str(part), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(_SAMPLE_BYTES)
        out.setframerate(rate)
        for samples in _samples(film, rate=rate, channels=channels):
            out.writeframesraw(samples)
            written += len(samples)
            if written >= most:
                break
    return written > 0


def _samples(film: Film, *, rate: int, channels: int) -> Iterator[bytes]:
    """Yield the sound piece by piece, as interleaved 16-bit samples."""
    resampler: av.AudioResampler | None = None
    shape: tuple[object, ...] = ()
    for frame in _sound_frames(film):
        # A track may change its rate and channels on the way; a resampler takes one shape only.
        if shape != (shape := (frame.format.name, frame.layout.name, frame.sample_rate)):
            yield from _resampled(resampler, None, channels)
            resampler = av.AudioResampler(format="s16", layout="stereo" if channels == 2 else "mono", rate=rate)
        yield from _resampled(resampler, frame, channels)
    yield from _resampled(resampler, None, channels)


def _sound_frames(film: Film) -> Iterator[av.AudioFrame]:
    try:
        for packet in film.container.demux(film.sound) if film.sound else ():
            try:
                yield from packet.decode()
            except FFmpegError:
                continue  # a damaged packet: players skip it as well
    except FFmpegError:
        pass  # the file breaks off here


def _resampled(resampler: av.AudioResampler | None, frame: av.AudioFrame | None, channels: int) -> Iterator[bytes]:
    """Yield the samples of a frame; with None, those that the resampler holds back at the end."""
    try:
        for made in resampler.resample(frame) if resampler else ():
            yield bytes(made.planes[0])[: made.samples * channels * _SAMPLE_BYTES]
    except (FFmpegError, ValueError):
        return  # a frame that no sound card could play, or nothing was held back
