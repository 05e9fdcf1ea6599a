"""A still picture in motion: a slow, eased push in or out with a little drift."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps

from services.simulator.artist import Clip
from services.simulator.palettes import chance_of
from services.simulator.planes import Planes

_CLOSEST = 1.14
"""How much larger the picture is at its closest."""


def move_picture(clip: Clip) -> Iterator[Planes]:
    """The frames of a clip that begins with a picture."""
    if clip.picture is None:
        raise ValueError("there is no picture to move")
    chance = chance_of(clip, "motion")
    inwards = bool(chance.random() < 0.7)
    drift_x, drift_y = chance.uniform(-1, 1), chance.uniform(-0.6, 0.6)
    size = (clip.width, clip.height)
    wide = (int(clip.width * _CLOSEST) // 2 * 2, int(clip.height * _CLOSEST) // 2 * 2)
    with Image.open(clip.picture) as opened:
        opened.draft("RGB", wide)
        upright = ImageOps.exif_transpose(opened).convert("RGB")
        source = Planes.of(np.asarray(ImageOps.fit(upright, wide, Image.Resampling.LANCZOS)))
    frames = clip.seconds * clip.fps
    for number in range(frames):
        eased = _ease(number / max(1, frames - 1))
        closeness = eased if inwards else 1 - eased
        zoom = 1 + (_CLOSEST - 1) * closeness
        width, height = wide[0] / zoom, wide[1] / zoom
        left = (wide[0] - width) / 2 * (1 + drift_x * closeness)
        top = (wide[1] - height) / 2 * (1 + drift_y * closeness)
        yield source.zoomed((left, top, left + width, top + height), size=size)


def _ease(part: float) -> float:
    """From 0 to 1, slow at both ends."""
    return part * part * (3 - 2 * part)
