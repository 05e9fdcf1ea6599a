"""The subject of a picture and what may be behind it: a guess, soft enough to be kind to any picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from services.simulator.media.effects.sprites import Sprite
from services.simulator.media.effects.stage import Stage
from services.simulator.media.planes import Planes


@dataclass(frozen=True)
class CutOut:
    """What stands in the middle, softly cut out."""

    picture: Planes
    mask: Image.Image

    def zoomed(self, zoom: float) -> Sprite:
        """It, so many times as large."""
        width, height = round(self.mask.width * zoom / 2) * 2, round(self.mask.height * zoom / 2) * 2
        mask = self.mask.resize((width, height), Image.Resampling.BILINEAR)
        box = (0.0, 0.0, float(self.mask.width), float(self.mask.height))
        scaled = self.picture.zoomed(box, size=(width, height))
        return Sprite(scaled, mask, mask.resize((width // 2, height // 2), Image.Resampling.BOX))


def cut_out(stage: Stage, background: Planes) -> CutOut:
    """What differs from what may be behind it, with a soft rim; on a busy picture that is all of the middle."""
    small = (max(8, stage.width // 8), max(8, stage.height // 8))
    away = np.zeros((small[1], small[0]))
    for mine, other in (
        (stage.picture.y, background.y),
        (stage.picture.u, background.u),
        (stage.picture.v, background.v),
    ):
        seen, empty = (np.asarray(plane.resize(small, Image.Resampling.BOX), np.float64) for plane in (mine, other))
        away = np.maximum(away, np.abs(seen - empty))
    found = Image.fromarray((np.clip((away - 5) / 8, 0, 1) * 255).astype(np.uint8))
    rim = found.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.GaussianBlur(0.8))
    mask = ImageChops.multiply(rim.resize(stage.size, Image.Resampling.BICUBIC), _middle(stage))
    return CutOut(stage.picture, mask)


def _middle(stage: Stage) -> Image.Image:
    """Where a subject stands, softly bounded: as high as the frame, no broader than high; 0 at the edges."""
    reach_x, reach_y = min(stage.size) / 2 * 0.98, stage.height / 2 * 0.99
    rows, columns = np.ogrid[0 : stage.height, 0 : stage.width]
    x, y = np.abs(columns - stage.width / 2) / reach_x, np.abs(rows - stage.height / 2) / reach_y
    far = (x**3 + y**3) ** (1 / 3)
    return Image.fromarray((np.clip((1 - far) / 0.2, 0, 1) * 255).astype(np.uint8))


def behind(stage: Stage) -> Planes:
    """What may be behind the subject: the surroundings, grown together where it stood."""
    columns, rows = max(8, stage.width // 32), max(8, stage.height // 32)
    hole = np.asarray(_middle(stage).resize((columns, rows), Image.Resampling.BOX)) > 20
    soft = _middle(stage).filter(ImageFilter.BoxBlur(min(stage.size) / 60))

    def fill(plane: Image.Image) -> Image.Image:
        small = np.asarray(plane.resize((columns, rows), Image.Resampling.BOX), np.float64).copy()
        small[hole] = small[~hole].mean()
        for _ in range(240):
            around = np.pad(small, 1, mode="edge")
            beside, above = around[1:-1, :-2] + around[1:-1, 2:], around[:-2, 1:-1] + around[2:, 1:-1]
            mean = beside * 0.46 + above * 0.04  # a horizon goes on behind the subject
            small[hole] = mean[hole]
        grown = Image.fromarray(small.astype(np.uint8)).resize(plane.size, Image.Resampling.BICUBIC)
        filled = plane.copy()
        filled.paste(grown, (0, 0), soft.resize(plane.size, Image.Resampling.BOX))
        return filled

    return Planes(fill(stage.picture.y), fill(stage.picture.u), fill(stage.picture.v))
