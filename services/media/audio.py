"""Sound tracks: their facts, their defects under a limit, and repairs.

Hides PyAV and pydub; no ffmpeg program is needed. Facts come from the packets, since headers lie: an MP3 may have none,
or a wrong one, and a file may be cut off. Nothing here is asynchronous: call it from a thread.
"""

from __future__ import annotations

import math
import os
import shutil
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import av
import av.container
from av.error import FFmpegError
from av.stream import Disposition

from services.catalogue.schema import AudioLimit
from services.domain.errors import FileRefused
from services.domain.problems import Fix, Repair
from services.media.facts import AudioFacts, Defect, Unreadable
from services.media.files import replacing, size_of
from services.media.mp4_boxes import read_boxes
from services.media.text import a, listed, megabytes, plain_name, seconds

with warnings.catch_warnings():
    # pydub warns that it found no ffmpeg, which is never used here, and that audioop leaves Python 3.13, where the
    # audioop-lts package replaces it.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment  # pyright: ignore[reportMissingTypeStubs]  # there are none: see _Segment

COUNTED_SECONDS = 600.0
"""The end of counting: far beyond any limit. Two hours of sound need not be read to find that they are too long."""

TOLERANCE_SECONDS = 0.1
"""The tolerated excess length of a track: an encoder pads an MP3 by some unintended hundredths of a second."""

HIGHEST_RATE = 768_000
"""The highest sample rate in Hz in any real recording; a damaged header can ask for a billion."""

PLAIN_RATES = (48_000, 44_100, 32_000, 24_000, 16_000, 8_000)
"""Samples a second that a repaired track may have, the best first."""

_FORMATS = {
    "wav": "WAV",
    "w64": "W64",
    "mp3": "MP3",
    "flac": "FLAC",
    "ogg": "OGG",
    "aac": "AAC",
    "aiff": "AIFF",
    "caf": "CAF",
    "amr": "AMR",
    "asf": "WMA",
    "mov": "M4A",
    "matroska": "WEBM",
}
"""The formats opened, by FFmpeg's name. Play lists and scripts are not: they open other files and addresses."""

_ODD_TAGS: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
"""Titles may be in any encoding. PyAV handles them by itself from version 19; older versions need this argument.

Any: an argument that only the older versions know cannot be typed for both.
"""

_COVER_PIXELS = 36_000_000
_SAMPLE_BYTES = 2
_WAV_HEADER_BYTES = 44


# Reading -------------------------------------------------------------------------------------------------------------


def read_audio(path: Path, *, name: str | None = None, most: float = COUNTED_SECONDS) -> AudioFacts | Unreadable:
    """Return the facts of a sound track, or a sentence that says why it is unusable.

    Never raises because of a file's contents. The length is right to some hundredths of a second, up to `most` seconds.
    `name` is the person's name for the file, if the path has another.
    """
    spoken = plain_name(name or path.name)
    size = 0
    try:
        size = size_of(path, spoken)
        with path.open("rb") as file, _opened(file, spoken) as sound:
            length = _seconds(sound, most=most)
            context = sound.stream.codec_context
            if length <= 0 or context.channels <= 0:
                raise FileRefused(f"{spoken} has no sound in it. Please choose another file.")
            if not 0 < context.sample_rate <= HIGHEST_RATE:
                raise FileRefused(_not_sound(spoken))
            return AudioFacts(
                name=spoken,
                format=sound.format,
                seconds=length,
                bytes=size,
                channels=context.channels,
                sample_rate=context.sample_rate,
            )
    except FileRefused as refusal:
        return Unreadable(name=spoken, bytes=size, why=refusal.message)
    except (OSError, FFmpegError):
        return Unreadable(name=spoken, bytes=size, why=_not_sound(spoken))


@dataclass(frozen=True)
class _Sound:
    container: av.container.InputContainer
    stream: av.AudioStream
    format: str


@contextmanager
def _opened(file: BinaryIO, spoken: str) -> Generator[_Sound, None, None]:
    """Yield the only sound track in an open file. Raises FileRefused."""
    if read_boxes(file, file.seek(0, os.SEEK_END)).bomb:
        raise FileRefused(_not_sound(spoken))
    file.seek(0)
    # A cover may claim any size, and is decoded to find its facts; FFmpeg does not touch a larger one than this.
    options = {"format_whitelist": ",".join(_FORMATS), "max_pixels": str(_COVER_PIXELS)}
    try:
        # An open file, not a path: FFmpeg takes a path for an address, and believes its ending.
        container = av.open(file, "r", options=options, **_ODD_TAGS)
    except (FFmpegError, OSError, ValueError) as error:
        raise FileRefused(_not_sound(spoken)) from error
    with container:
        # A cover picture counts as a video stream, but is not one.
        if any(not stream.disposition & Disposition.attached_pic for stream in container.streams.video):
            raise FileRefused(f"{spoken} is a video. Please choose a sound file, WAV or MP3.")
        stream = next(iter(container.streams.audio), None)
        # PyAV's types do not show it: a stream in a coding unknown to FFmpeg has no context.
        if stream is None or getattr(stream, "codec_context", None) is None:
            raise FileRefused(_not_sound(spoken))
        yield _Sound(container, stream, _format_name(container, stream))


def _not_sound(spoken: str) -> str:
    return f"{spoken} is not a sound file that can be read. Please choose another one."


def _format_name(container: av.container.InputContainer, stream: av.AudioStream) -> str:
    name = container.format.name.split(",")[0]
    codec = stream.codec_context.name
    if name == "mp3" and not codec.startswith("mp3"):
        return codec.removesuffix("float").upper()  # MPEG sound of an older layer shares the demuxer
    return _FORMATS.get(name, name.upper())


def _seconds(sound: _Sound, *, most: float) -> float:
    """Return the length by the packets' times, at most `most`; 0 if there are none."""
    tick = float(sound.stream.time_base or 0)  # once: making a fraction of each packet took longer than reading it
    first: int | None = None
    last = 0
    try:
        for packet in sound.container.demux(sound.stream):
            if packet.pts is None:
                continue
            first = packet.pts if first is None else min(first, packet.pts)
            last = max(last, packet.pts + (packet.duration or 0))
            if (last - first) * tick >= most:
                return most
    except FFmpegError:
        pass  # the file breaks off here: its length ends here
    return (last - first) * tick if first is not None else 0.0


# Checking ------------------------------------------------------------------------------------------------------------


def audio_defects(facts: AudioFacts, limit: AudioLimit) -> tuple[Defect, ...]:
    """Return all defects of a sound track under a limit, each with the number found and the number needed."""
    name = plain_name(facts.name)
    found: list[Defect] = []
    if facts.format not in limit.formats:
        message = f"{name} is {a(facts.format)} file. It must be {listed(limit.formats)}."
        found.append(Defect(message=message, fix=Fix(Repair.CONVERT, "Save as WAV")))
    wanted = f"It must be {limit.min_seconds:g} to {limit.max_seconds:g} s long."
    if facts.seconds > limit.max_seconds + TOLERANCE_SECONDS:
        over = facts.seconds >= COUNTED_SECONDS
        length = f"over {COUNTED_SECONDS / 60:g} minutes" if over else seconds(facts.seconds, up=True)
        fix = Fix(Repair.TRIM, f"Keep the first {limit.max_seconds:g} s")
        found.append(Defect(message=f"{name} is {length} long. {wanted}", fix=fix))
    elif facts.seconds < limit.min_seconds:
        length = seconds(facts.seconds, up=False)
        fix = Fix(Repair.PAD, f"Add silence to {limit.min_seconds:g} s")
        found.append(Defect(message=f"{name} is {length} long. {wanted}", fix=fix))
    if facts.bytes > limit.max_bytes:
        most = megabytes(limit.max_bytes, up=False)
        message = f"{name} is {megabytes(facts.bytes)}. It must be at most {most}."
        found.append(Defect(message=message, fix=Fix(Repair.COMPRESS, f"Make it {most} or less")))
    return tuple(found)


# Repairing -----------------------------------------------------------------------------------------------------------


def repair_audio(source: Path, target: Path, limit: AudioLimit) -> AudioFacts:
    """Write the sound of `source` to `target`, made to fit: as WAV, cut or padded with silence, in stereo at most.

    A track without defects is copied byte for byte. The returned facts state the file's format, regardless of the name
    of `target`. `target` is written whole or not at all.

    Raises FileRefused if the track cannot be read or made to fit.
    """
    facts = read_audio(source)
    if not isinstance(facts, AudioFacts):
        raise FileRefused(facts.why)
    with replacing(target) as part:
        if not audio_defects(facts, limit):
            shutil.copyfile(source, part)
        else:
            segment = _fitted(_decode(source, facts, limit), limit)
            with part.open("wb") as file:
                segment.export(file, format="wav")
        repaired = read_audio(part, name=target.name)
        if not isinstance(repaired, AudioFacts) or audio_defects(repaired, limit):
            raise FileRefused(f"{facts.name} could not be made to fit. Please choose another file.")
    return repaired


class _Segment(Protocol):
    """A piece of sound: what is used of pydub's AudioSegment, which has no types."""

    frame_rate: int

    @property
    def duration_seconds(self) -> float: ...
    def __getitem__(self, span: slice[None, int, None], /) -> _Segment: ...
    def __add__(self, other: AudioSegment, /) -> _Segment: ...
    def fade_out(self, milliseconds: int, /) -> _Segment: ...
    def export(self, file: BinaryIO, /, format: str) -> object: ...


def _decode(source: Path, facts: AudioFacts, limit: AudioLimit) -> _Segment:
    """Decode the beginning of a track, up to the limit, as 16-bit samples. Damaged places are left out."""
    rate, channels = _shape(facts, limit)
    enough = math.ceil(limit.max_seconds * rate) * channels * _SAMPLE_BYTES
    data = bytearray()
    with source.open("rb") as file, _opened(file, facts.name) as sound:
        for samples in _samples(sound, rate=rate, channels=channels):
            data += samples
            if len(data) >= enough:
                break
    if not data:
        raise FileRefused(f"{facts.name} is damaged: no sound could be read. Please choose another file.")
    segment = AudioSegment(data=bytes(data), sample_width=_SAMPLE_BYTES, frame_rate=rate, channels=channels)
    return cast("_Segment", segment)


def _samples(sound: _Sound, *, rate: int, channels: int) -> Iterator[bytes]:
    """Yield the track piece by piece, as interleaved 16-bit samples."""
    resampler: av.AudioResampler | None = None
    shape: tuple[object, ...] = ()
    for frame in _frames(sound):
        # Songs joined in one file may change their rate and channels on the way; a resampler takes one shape only.
        if shape != (shape := (frame.format.name, frame.layout.name, frame.sample_rate)):
            yield from _resampled(resampler, None, channels)
            layout = "stereo" if channels == 2 else "mono"
            resampler = av.AudioResampler(format="s16", layout=layout, rate=rate)
        yield from _resampled(resampler, frame, channels)
    yield from _resampled(resampler, None, channels)


def _frames(sound: _Sound) -> Iterator[av.AudioFrame]:
    try:
        for packet in sound.container.demux(sound.stream):
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


def _shape(facts: AudioFacts, limit: AudioLimit) -> tuple[int, int]:
    """Return the sample rate in Hz and the channels that keep most of the track within the limit's bytes."""
    if "WAV" not in limit.formats:
        raise FileRefused(f"{facts.name} cannot be made {listed(limit.formats)} here. Please save it as such first.")
    length = min(max(facts.seconds + TOLERANCE_SECONDS, limit.min_seconds), limit.max_seconds)
    own = (facts.sample_rate,) if PLAIN_RATES[-1] <= facts.sample_rate <= PLAIN_RATES[0] else ()
    rates = (*own, *(rate for rate in PLAIN_RATES if rate < facts.sample_rate or not own))
    for rate in rates:
        for channels in range(min(2, facts.channels), 0, -1):
            if math.ceil(length * rate) * channels * _SAMPLE_BYTES + _WAV_HEADER_BYTES <= limit.max_bytes:
                return rate, channels
    most = megabytes(limit.max_bytes, up=False)
    raise FileRefused(f"{facts.name} cannot be made {most} or less. Please choose another file.")


def _fitted(segment: _Segment, limit: AudioLimit) -> _Segment:
    """Cut the track to the longest length, or pad it with silence to the shortest."""
    if segment.duration_seconds > limit.max_seconds:
        return segment[: math.floor(limit.max_seconds * 1000)].fade_out(20)  # a hard cut clicks
    missing = limit.min_seconds - segment.duration_seconds
    if missing > 0:
        return segment + AudioSegment.silent(duration=math.ceil(missing * 1000) + 1, frame_rate=segment.frame_rate)
    return segment
