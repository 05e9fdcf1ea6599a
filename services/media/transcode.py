"""The two lines of a re-encoded clip: its pictures, and its sound.

Each takes the packets of its stream, regardless of gaps, rates and shapes, and writes an even line of one shape. A
damaged packet is skipped, as in players.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
from av.error import FFmpegError
from av.filter import Graph

from services.media.pyav import AnyPacket, Output, write_frame
from services.media.shapes import centre
from services.media.video import Film

_HELD_SECONDS = 1.0
"""How long a picture may stay on screen if those after it are lost."""

_GAP_SECONDS = 0.1
"""A gap in the sound that is filled with silence; smaller ones are rounding errors."""

_SAMPLE_BYTES = 2
_SOUND_RATES = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000)
_TURNS = {90: ("cclock",), -90: ("clock",), 180: ("clock", "clock"), -180: ("clock", "clock")}
"""The filters that set a picture upright, by the angle that FFmpeg reports: counter-clockwise, as in the header."""

_TV_RANGE = 1
_RGB = 0


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The form of a clip's pictures."""

    size: tuple[int, int]
    rate: Fraction
    count: int
    """The number of pictures, at most."""
    bits: int
    """Bits a second, at most."""

    @property
    def seconds(self) -> float:
        """The length of the clip, at most."""
        return float(self.count / self.rate)


class PictureLine:
    """Pictures at an even rate, upright and all of one size."""

    def __init__(self, out: Output, film: Film, shape: Shape) -> None:
        self._out = out
        self._shape = shape
        self._clock = _Clock(film, film.stream)
        self._bench = _Bench(shape.size)
        self._stream = _picture_stream(out, film, shape)
        self._shown: av.VideoFrame | None = None
        self._ready: av.VideoFrame | None = None
        self._at = 0.0
        self._written = 0

    @property
    def is_full(self) -> bool:
        """True if every picture is written."""
        return self._written >= self._shape.count

    def take(self, packet: AnyPacket) -> None:
        """Decode a packet and write the pictures that are due."""
        for frame in cast("Iterator[av.VideoFrame]", _decoded(packet)):  # cast: the packet is of this stream
            at = self._clock.seconds(frame)
            if at is None:
                at = self._at + 1 / float(self._shape.rate)
            if self._shown is not None:
                self._fill(until=at)
            self._shown, self._ready, self._at = frame, None, max(self._at, at)

    def end(self) -> None:
        """Write the remaining pictures. The last one stays until the end, unless too much is missing."""
        until = min(self._shape.seconds, self._at + _HELD_SECONDS)
        self._fill(until=until + 1 / float(self._shape.rate))
        write_frame(self._out, self._stream, None)

    def _fill(self, *, until: float) -> None:
        """Write the newest picture at each place whose middle comes before the next picture, at `until`."""
        due = min(self._shape.count, math.ceil(until * float(self._shape.rate) - 0.5))
        while self._shown is not None and self._written < due:
            if self._ready is None:
                self._ready = self._bench.shaped(self._shown)
            self._ready.pts, self._ready.time_base = self._written, 1 / self._shape.rate
            write_frame(self._out, self._stream, self._ready)
            self._written += 1


def _picture_stream(out: Output, film: Film, shape: Shape) -> av.VideoStream:
    options = {
        "preset": "veryfast",
        "crf": "20",
        "maxrate": str(shape.bits),
        "bufsize": str(shape.bits),
        "threads": "2",
    }
    stream = out.add_stream("libx264", rate=shape.rate, options=options)
    stream.width, stream.height = shape.size
    stream.pix_fmt = "yuv420p"
    given, made = film.stream.codec_context, stream.codec_context
    if given.colorspace != _RGB:
        made.colorspace, made.color_primaries, made.color_trc = given.colorspace, given.color_primaries, given.color_trc
    made.color_range = _TV_RANGE
    aspect = film.stream.sample_aspect_ratio
    if aspect and Fraction(1, 3) < aspect < 3:
        made.sample_aspect_ratio = 1 / aspect if film.turned else aspect
    return stream


class _Bench:
    """The filters that turn, crop and resize a picture. If a film changes its shape on the way, they are rebuilt."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._key: tuple[object, ...] = ()
        self._graph = Graph()

    def shaped(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return the picture in its final shape."""
        key = (frame.width, frame.height, frame.format.name, frame.rotation)
        if key != self._key:
            self._key, self._graph = key, self._set(frame)
        frame.pts = None  # else a switch to another graph would see time go back
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _set(self, frame: av.VideoFrame) -> Graph:
        graph = Graph()
        turns = _TURNS.get(frame.rotation, ())
        sides = (frame.height, frame.width) if len(turns) == 1 else (frame.width, frame.height)
        left, top, right, bottom = centre(sides, self._size)
        width, height = self._size
        nodes = [graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))]
        nodes += [graph.add("transpose", turn) for turn in turns]
        nodes += [
            graph.add("crop", f"{max(1, int(right - left))}:{max(1, int(bottom - top))}:{int(left)}:{int(top)}"),
            graph.add("scale", f"{width}:{height}:flags=bicubic:out_range=tv"),
            graph.add("format", "yuv420p"),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*nodes).configure()
        return graph


class SoundLine:
    """Sound without gaps, in mono or stereo."""

    def __init__(self, out: Output, film: Film, *, sound: av.AudioStream, bits: int, most: float) -> None:
        """`sound` is the track of `film`; at most `bits` a second and `most` seconds are written."""
        given = sound.codec_context
        self._out = out
        self._clock = _Clock(film, sound)
        self._rate = given.sample_rate if given.sample_rate in _SOUND_RATES else _SOUND_RATES[0]
        self._layout = "mono" if given.channels == 1 else "stereo"
        self._width = _SAMPLE_BYTES * (1 if self._layout == "mono" else 2)
        self._most = int(most * self._rate)
        self._written = 0
        self._resampler: av.AudioResampler | None = None
        self._key: tuple[object, ...] = ()
        self._stream = out.add_stream("aac", rate=self._rate, layout=self._layout)
        self._stream.bit_rate = bits

    @property
    def is_full(self) -> bool:
        """True if all of it is written."""
        return self._written >= self._most

    def take(self, packet: AnyPacket) -> None:
        """Decode a packet and write its sound."""
        if self.is_full:
            return
        for frame in cast("Iterator[av.AudioFrame]", _decoded(packet)):  # cast: the packet is of this stream
            at = self._clock.seconds(frame)
            key = (frame.format.name, frame.layout.name, frame.sample_rate)
            if key != self._key:
                self._resample(None)
                self._key = key
                self._resampler = av.AudioResampler(format="s16", layout=self._layout, rate=self._rate)
            ahead = 0.0 if at is None else at - self._written / self._rate
            if ahead > _GAP_SECONDS:
                self._write(bytes(min(self._most - self._written, int(ahead * self._rate)) * self._width))
            skipped = max(0, -int(ahead * self._rate)) if self._written == 0 else 0
            self._resample(frame, skipped=skipped)

    def end(self) -> None:
        """Write the rest."""
        self._resample(None)
        write_frame(self._out, self._stream, None)

    def _resample(self, frame: av.AudioFrame | None, *, skipped: int = 0) -> None:
        if self._resampler is None:
            return
        if frame is not None:
            frame.pts = None
        try:
            made = self._resampler.resample(frame)
        except (FFmpegError, ValueError):
            return  # a frame that no sound card could play, or nothing was held back
        for piece in made:
            data = bytes(piece.planes[0])[: piece.samples * self._width]
            self._write(data[skipped * self._width :])
            skipped = max(0, skipped - piece.samples)

    def _write(self, data: bytes) -> None:
        samples = min(len(data) // self._width, self._most - self._written)
        if samples <= 0:
            return
        frame = av.AudioFrame(format="s16", layout=self._layout, samples=samples)
        frame.planes[0].update(data[: samples * self._width].ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._written, Fraction(1, self._rate)
        write_frame(self._out, self._stream, frame)
        self._written += samples


class _Clock:
    """The time of a frame, in seconds after the first picture."""

    def __init__(self, film: Film, stream: av.VideoStream | av.AudioStream) -> None:
        self._start = float((film.stream.start_time or 0) * (film.stream.time_base or 0))
        self._tick = float(stream.time_base or 0)

    def seconds(self, frame: av.VideoFrame | av.AudioFrame) -> float | None:
        """Return the time of a frame, or None if the file does not state it."""
        moment = frame.dts if frame.pts is None else frame.pts
        return None if moment is None else moment * self._tick - self._start


def _decoded(packet: AnyPacket) -> Iterator[object]:
    try:
        yield from packet.decode()
    except (FFmpegError, ValueError):
        return  # a damaged packet
