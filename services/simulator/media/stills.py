"""A still picture in motion: a slow, eased push in or out with a little drift, or a blend into another picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from services.simulator.media.artist import Clip
from services.simulator.media.palettes import chance_of
from services.simulator.media.planes import Planes

_CLOSEST = 1.14
"""Scale of the picture at its closest."""
_STILL = 0.15
"""The share of a clip that shows only the first picture, and the share that shows only the last."""


def move_picture(clip: Clip) -> Iterator[Planes]:
    """Yield the frames of a clip that begins with a picture."""
    if clip.picture is None:
        raise ValueError("there is no picture to move")
    if clip.last is not None:
        yield from _turn_into(clip, clip.picture, clip.last)
        return
    chance = chance_of(clip, "motion")
    inwards = bool(chance.random() < 0.7)
    drift_x, drift_y = chance.uniform(-1, 1), chance.uniform(-0.6, 0.6)
    size = (clip.width, clip.height)
    wide = (int(clip.width * _CLOSEST) // 2 * 2, int(clip.height * _CLOSEST) // 2 * 2)
    source = load_planes(clip.picture, wide)
    frames = clip.frames
    for number in range(frames):
        eased = _ease(number / max(1, frames - 1))
        closeness = eased if inwards else 1 - eased
        zoom = 1 + (_CLOSEST - 1) * closeness
        width, height = wide[0] / zoom, wide[1] / zoom
        left = (wide[0] - width) / 2 * (1 + drift_x * closeness)
        top = (wide[1] - height) / 2 * (1 + drift_y * closeness)
        yield source.zoomed((left, top, left + width, top + height), size=size)


def _turn_into(clip: Clip, first: Path, last: Path) -> Iterator[Planes]:
    """Yield a blend from one unchanged picture to the other, in the middle of the clip."""
    size = (clip.width, clip.height)
    one, other = load_planes(first, size), load_planes(last, size)
    frames = clip.frames
    for number in range(frames):
        through = number / max(1, frames - 1)
        yield one.mixed(other, _ease(min(1.0, max(0.0, (through - _STILL) / (1 - 2 * _STILL)))))


def load_planes(path: Path, size: tuple[int, int]) -> Planes:
    """Load a picture from a file, upright and cropped to the shape of a size in pixels."""
    with Image.open(path) as opened:
        opened.draft("RGB", size)
        upright = ImageOps.exif_transpose(opened).convert("RGB")
        return Planes.of(np.asarray(ImageOps.fit(upright, size, Image.Resampling.LANCZOS)))


def _ease(part: float) -> float:
    """Ease a fraction from 0 to 1, slow at both ends."""
    return part * part * (3 - 2 * part)
