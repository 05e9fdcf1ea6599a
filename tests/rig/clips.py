"""Small clips, made as tests need them: any length, size, rate, container and turn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

RED, BLUE = (220, 20, 20), (20, 20, 220)
_SOUND_RATE = 48_000


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A clip that is red in its upper left quarter and blue elsewhere, with a tone."""

    seconds: float = 2.0
    width: int = 320
    height: int = 240
    fps: Fraction = Fraction(30)
    sound: bool = True
    to: str = "mp4"
    """FFmpeg's name of the container."""
    codec: str = "libx264"
    turn: int = 0
    """Degrees counter-clockwise that the header asks for."""
    noise: bool = False
    """Whether every picture is noise, so that few bytes will not do."""
    starts: float = 0.0
    """When white pictures and the tone begin; from the start, red and blue."""
    flags: str = ""
    """FFmpeg's movflags."""
    options: tuple[tuple[str, str], ...] = field(default=(("preset", "ultrafast"),))


@lru_cache(maxsize=64)
def film(clip: Clip) -> bytes:
    """The clip as a file."""
    out = BytesIO()
    with av.open(out, "w", format=clip.to, options={"movflags": clip.flags} if clip.flags else {}) as container:
        options = dict(clip.options) if clip.codec == "libx264" else {}
        pictures = cast(VideoStream, container.add_stream(clip.codec, rate=clip.fps, options=options))
        pictures.width, pictures.height, pictures.pix_fmt = clip.width, clip.height, "yuv420p"
        if clip.turn:
            pictures.set_display_rotation(clip.turn)
        track = cast(AudioStream, container.add_stream("aac", rate=_SOUND_RATE, layout="mono")) if clip.sound else None
        draw = _painter(clip)
        written = 0
        for number in range(round(clip.seconds * clip.fps)):
            frame = av.VideoFrame.from_ndarray(draw(number))
            frame.pts, frame.time_base = number, 1 / clip.fps
            container.mux(pictures.encode(frame))
            if track:
                end = int((number + 1) / clip.fps * _SOUND_RATE)
                container.mux(track.encode(_tone(clip, written, end)))
                written = end
        container.mux(pictures.encode(None))
        if track:
            container.mux(track.encode(None))
    return out.getvalue()


def write(folder: Path, name: str, data: bytes) -> Path:
    """A file in a folder."""
    path = folder / name
    path.write_bytes(data)
    return path


def _painter(clip: Clip) -> Callable[[int], np.ndarray]:
    plain = np.full((clip.height, clip.width, 3), BLUE, dtype=np.uint8)
    plain[: clip.height // 2, : clip.width // 2] = RED
    white = np.full_like(plain, 255)
    chance = np.random.default_rng(5)

    def draw(number: int) -> np.ndarray:
        if clip.noise:
            return chance.integers(0, 255, plain.shape, dtype=np.uint8)
        return white if clip.starts and number / clip.fps >= clip.starts else plain

    return draw


def _tone(clip: Clip, start: int, end: int) -> av.AudioFrame:
    times = np.arange(start, end) / _SOUND_RATE
    wave = np.sin(times * 440 * math.tau) * 0.5 * (times >= clip.starts)
    frame = av.AudioFrame.from_ndarray(wave.astype(np.float32).reshape(1, -1), format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE, start, Fraction(1, _SOUND_RATE)
    return frame
