"""Where an effect plays: the picture, a moment of the clip, and the ways to bend and tint the picture.

Hides the mesh behind a warp and the three planes behind a tint. Lengths are pixels of the frame, or *units*: 720ths of
the shorter side. A warp has its own measure: the centre is 0, the shorter side reaches from -1 to 1, y points down.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from services.simulator.media.planes import Planes

Floats = NDArray[np.float64]
TAU = math.tau
_CELLS = 26
"""Cells of the mesh along the longer side: fewer show corners, more cost time."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One performance."""

    picture: Planes
    """The first frame, in the size of the frame."""
    seconds: float
    chance: np.random.Generator
    looped: bool = False
    """The end leads into the beginning, as in a preview; else the clip begins with the bare picture."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, even."""
        return self.picture.y.size

    @property
    def unit(self) -> float:
        """One 720th of the shorter side: a length that looks the same at every size."""
        return min(self.size) / 720

    @cached_property
    def grain(self) -> Floats:
        """Some numbers from 0 to 1, by the seed."""
        return self.chance.random(40)

    def bend(self, source: Planes, warp: Callable[[Floats, Floats], tuple[Floats, Floats]]) -> Planes:
        """Bend a picture of the frame's size. `warp` gives the points that are seen at points of the frame."""
        columns, rows = self._mesh
        width, height = self.size
        reach = min(self.size) / 2
        at_x, at_y = np.meshgrid(columns.astype(float), rows.astype(float))
        x, y = warp((at_x - width / 2) / reach, (at_y - height / 2) / reach)
        x, y = np.clip(x * reach + width / 2, 0, width - 0.01), np.clip(y * reach + height / 2, 0, height - 0.01)
        return Planes(*(_bent(plane, columns // step, rows // step, x / step, y / step)
                        for plane, step in ((source.y, 1), (source.u, 2), (source.v, 2))))  # fmt: skip

    @cached_property
    def _mesh(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The columns and rows of whole, even pixels between which a picture is bent."""
        counts = [max(4, round(length * _CELLS / max(self.size))) for length in self.size]
        columns, rows = (
            np.unique((np.linspace(0, length, count + 1) / 2).round().astype(np.int64) * 2)
            for length, count in zip(self.size, counts, strict=True)
        )
        return columns, rows


@dataclass(frozen=True)
class Moment:
    """A moment of a clip."""

    stage: Stage
    part: float
    """From 0 to 1."""

    @property
    def turns(self) -> int:
        """How often a lively movement goes round in the clip."""
        return max(1, round(self.stage.seconds / 1.6))

    @property
    def crossings(self) -> int:
        """How often a thing that falls crosses the picture in the clip."""
        return max(1, round(self.stage.seconds / 2.6))

    @property
    def grown(self) -> float:
        """From 0 to 1 through the clip, slow at both ends; in a loop, there and back."""
        return (1 - math.cos(TAU * self.part)) / 2 if self.stage.looped else ease(self.part / 0.85)

    @property
    def entered(self) -> float:
        """How much of an addition is there: it comes in with the clip's first moments."""
        return 1.0 if self.stage.looped else ease(self.part / 0.2)

    def wave(self, *, times: float = 1, shift: float = 0) -> float:
        """Return a swing between -1 and 1, `times` for each turn."""
        return math.sin(TAU * (self.turns * times * self.part + shift))


Layer = Callable[[Planes, Moment], Planes]
"""Changes a frame, or draws on it."""
Part = Callable[[Stage], Layer]
"""One part of an effect, before it is put on a stage."""


def _bent(plane: Image.Image, columns: NDArray[np.int64], rows: NDArray[np.int64], x: Floats, y: Floats) -> Image.Image:
    """One plane, cut into the mesh's cells, each taken from the four points that are seen at its corners."""
    knots = np.stack((x, y), axis=-1)
    corners = np.concatenate((knots[:-1, :-1], knots[1:, :-1], knots[1:, 1:], knots[:-1, 1:]), axis=-1).tolist()
    left, top = columns.tolist(), rows.tolist()
    cells = [
        ((left[i], top[j], left[i + 1], top[j + 1]), tuple(corners[j][i]))
        for j in range(len(top) - 1)
        for i in range(len(left) - 1)
    ]
    return plane.transform(plane.size, Image.Transform.MESH, cells, Image.Resampling.BILINEAR)


def ease(part: float) -> float:
    """From 0 to 1, slow at both ends, still before and after."""
    kept = min(1.0, max(0.0, part))
    return kept * kept * (3 - 2 * kept)


def hill(distance: Floats, reach: float) -> Floats:
    """1 in the middle, softly down to 0 at `reach`."""
    return np.clip(1 - (distance / reach) ** 2, 0, 1) ** 2


def tinted(
    planes: Planes, *, gain: float = 0, lift: float = 0, u: float = 0, v: float = 0, colour: float = 0
) -> Planes:
    """More light by `gain` of it and `lift` of 255, more colour by `colour`, towards blue (`u`) and red (`v`)."""
    steps = np.arange(256)
    luma = np.clip((steps - 16) * (1 + gain) + 16 + lift, 16, 235).astype(int).tolist()
    blue, red = (np.clip((steps - 128) * (1 + colour) + 128 + move, 16, 240).astype(int).tolist() for move in (u, v))
    return Planes(planes.y.point(luma), planes.u.point(blue), planes.v.point(red))
