"""From a picture's order to a PNG file: a scene for a prompt, or a recomposition of the given pictures.

Runs in the worker. Hides how an edited picture is made to look edited: different light, a frame, and the prompt.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageOps

from services.simulator.media.artist import Clip, Picture
from services.simulator.media.lettering import letter
from services.simulator.media.palettes import RGB, palette_of
from services.simulator.media.planes import Planes
from services.simulator.media.scenes import paint_scene

_MOST_PIXELS = 2_400_000
"""Larger pictures are painted at this size and enlarged: a stand-in's details are not worth the wait."""
_FRAME = 0.035
"""Width of the frame around given pictures, as a fraction of the shorter side."""
_WORDS = 0.13
"""Height of the band for the words, as a fraction of the shorter side."""
_NEW_LIGHT = 0.7
_QUICK = 2
"""PNG compression level. Noise in a sky does not get smaller with a higher one."""


def paint_picture(picture: Picture, target: Path) -> None:
    """Write the picture: exactly width x height, RGB."""
    scale = min(1.0, math.sqrt(_MOST_PIXELS / (picture.width * picture.height)))
    width, height = (max(16, math.ceil(side * scale / 2) * 2) for side in (picture.width, picture.height))
    sheet = Clip(
        prompt=picture.prompt,
        width=width,
        height=height,
        seconds=1 / 30,
        seed=picture.seed,
        watermark=picture.watermark,
    )
    canvas = Planes.of(_recomposed(picture, sheet)) if picture.given else next(paint_scene(sheet))
    letter(sheet).lay_on(canvas, 0)
    painted = Image.fromarray(canvas.rgb())
    size = (picture.width, picture.height)
    if painted.size != size:
        painted = ImageOps.fit(painted, size, Image.Resampling.LANCZOS)
    painted.save(target, "PNG", compress_level=_QUICK)


def _recomposed(picture: Picture, sheet: Clip) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the given pictures side by side in a frame, in the light of the prompt."""
    palette = palette_of(sheet)
    ground = _gradient((sheet.width, sheet.height), palette.far, palette.near)
    gap = max(4, round(min(sheet.width, sheet.height) * _FRAME))
    columns = math.ceil(math.sqrt(len(picture.given)))
    rows = math.ceil(len(picture.given) / columns)
    band = round(min(sheet.width, sheet.height) * _WORDS) if sheet.prompt.strip() else gap
    high = max(8, (sheet.height - gap * rows - band) // rows)
    for number, path in enumerate(picture.given):
        row, column = divmod(number, columns)
        in_row = min(columns, len(picture.given) - row * columns)
        wide = max(8, (sheet.width - gap * (in_row + 1)) // in_row)
        shown = _load(path, (wide, high))
        light = ImageChops.soft_light(shown, _gradient(shown.size, palette.light, palette.middle))
        place = (gap + column * (wide + gap), gap + row * (high + gap))
        ground.paste(Image.blend(shown, light, _NEW_LIGHT), place)
    return np.asarray(ground)


def _load(path: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(path) as opened:
        opened.draft("RGB", size)
        return ImageOps.fit(ImageOps.exif_transpose(opened).convert("RGB"), size, Image.Resampling.BICUBIC)


def _gradient(size: tuple[int, int], top: RGB, bottom: RGB) -> Image.Image:
    mask = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)
