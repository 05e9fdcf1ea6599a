"""The sound of a clip: a soft chord with a little air, or the person's own track cut to fit. 48 kHz stereo."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from services.simulator.media.artist import Clip
from services.simulator.media.palettes import chance_of

RATE = 48_000

_ROOTS = (110.0, 123.47, 130.81, 146.83, 98.0, 116.54)
_CHORDS = ((1, 1.5, 2, 2.5), (1, 1.5, 2, 2.4), (1, 1.335, 2, 3), (1, 1.5, 2.25, 3))


def ambience(clip: Clip) -> NDArray[np.float32]:
    """Return a pad that breathes, different for every prompt, with a soft beginning and end."""
    chance = chance_of(clip, "sound")
    count = round(clip.seconds * RATE)
    time = np.arange(count, dtype=np.float32) / RATE
    root, chord = _ROOTS[chance.integers(len(_ROOTS))], _CHORDS[chance.integers(len(_CHORDS))]
    channels = np.zeros((2, count), np.float32)
    for voice, ratio in enumerate(chord):
        breath = 0.62 + 0.38 * np.sin(2 * np.pi * time / (5.5 + 1.7 * voice) + chance.random() * 6.3)
        for channel, detune in enumerate((-0.35, 0.35)):
            pitch = root * ratio + detune
            tone = np.sin(2 * np.pi * pitch * time) + 0.22 * np.sin(4 * np.pi * pitch * time)
            channels[channel] += (tone * breath * 0.055 / (1 + 0.35 * voice)).astype(np.float32)
    channels += _air(chance, count)
    return channels * _envelope(count)


def _air(chance: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Return wind: noise without its highs, three seconds long, repeated with a crossfade."""
    length, fade = 3 * RATE, RATE // 2
    spectrum = np.fft.rfft(chance.standard_normal((2, length + fade)))
    hertz = np.fft.rfftfreq(length + fade, 1 / RATE)
    noise = np.fft.irfft(spectrum / (1 + (hertz / 320) ** 2)).astype(np.float32)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    loop = noise[:, :length]
    loop[:, :fade] = loop[:, :fade] * ramp + noise[:, length : length + fade] * (1 - ramp)
    loop *= 0.018 / (np.abs(loop).std() + 1e-9)
    return np.tile(loop, (1, count // length + 1))[:, :count]


def _envelope(count: int) -> NDArray[np.float32]:
    shape = np.ones(count, np.float32)
    rise, fall = min(RATE // 2, count // 3), min(RATE, count // 3)
    shape[:rise] = np.linspace(0, 1, rise) ** 2
    shape[count - fall :] = np.linspace(1, 0, fall) ** 2
    return shape


def own_track(track: Path, seconds: float) -> NDArray[np.float32]:
    """Return the person's sound, cut or padded with silence."""
    count = round(seconds * RATE)
    channels = np.zeros((2, count), np.float32)
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
    at = 0
    with av.open(str(track)) as container:
        for decoded in container.decode(audio=0):
            for frame in resampler.resample(decoded):
                part = frame.to_ndarray()[:, : count - at]
                channels[:, at : at + part.shape[1]] = part
                at += part.shape[1]
            if at >= count:
                break
    return channels
