"""The portrait check: a simple rule over a picture's pixels as a stand-in for the vendor's detector.

The rule applies to the picture, reduced and cropped to its centre:

- a picture of nearly one colour shows no person;
- a colour picture needs some skin: at least 2 % of its pixels with a hue of 0 to 50 degrees, neither pale nor glaring
  (skin of every shade is in this range; skies, meadows, and blue or green logos are not);
- a black-and-white picture needs only contrast: many good portraits are black and white.

Source of codes and shape: wan-video-api.md 4.1, wan-image-api.md 4.3.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

NO_PERSON = ("InvalidFile.NoHuman", "The input image has no human body. Please upload other image with single person.")

_SIDE = 96
_LEAST_CONTRAST = 12.0
"""Standard deviation of the channel that varies most, out of 255."""
_COLOURFUL = 24.0
"""Mean distance between a pixel's largest and smallest channel. From this value, a picture counts as colour."""
_LEAST_SKIN = 0.02


def judge_portrait(path: Path) -> dict[str, object]:
    """Return the `output` of the precheck. Blocks: run it in a thread."""
    with Image.open(path) as opened:
        opened.draft("RGB", (_SIDE * 4, _SIDE * 4))
        small = ImageOps.fit(ImageOps.exif_transpose(opened).convert("RGB"), (_SIDE, _SIDE))
    pixels = np.asarray(small, np.float32)
    if _shows_somebody(pixels):
        return {"check_pass": True, "humanoid": True}
    return {"check_pass": False, "code": NO_PERSON[0], "message": NO_PERSON[1]}


def _shows_somebody(pixels: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> bool:
    if float(pixels.std(axis=(0, 1)).max()) < _LEAST_CONTRAST:
        return False
    largest, smallest = pixels.max(axis=2), pixels.min(axis=2)
    spread = largest - smallest
    if float(spread.mean()) < _COLOURFUL:
        return True
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    warm = (red >= green) & (green >= blue) & (red - green > 6) & (green - blue >= 0)
    hue = np.where(spread > 0, 60 * (green - blue) / np.maximum(spread, 1), 0)
    skin = warm & (hue <= 50) & (spread > 14) & (spread < 0.72 * largest) & (largest > 40)
    return float(skin.mean()) >= _LEAST_SKIN
