"""Where an effect plays: the picture, the time, and the few ways to bend, tint and cover it.

Hides the mesh behind a warp and the three planes behind a tint. Lengths are pixels of the frame unless a name says
`unit`; a warp thinks in its own measure: the centre is 0, the shorter side reaches from -1 to 1, y points down.
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
Warp = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""For points of the frame, the points of the picture that are seen there."""
Draw = Callable[[float], Planes]
"""The frame at a part of the clip, 0 to 1."""

TAU = math.tau
_CELLS = 26
"""Cells of the mesh along the longer side: fewer show corners, more cost time."""
_STILL_PIXELS = 0.35
"""What moves less than this is left as it is."""


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
    def width(self) -> int:
        """Pixels, even."""
        return self.picture.y.width

    @property
    def height(self) -> int:
        """Pixels, even."""
        return self.picture.y.height

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.picture.y.size

    @property
    def unit(self) -> float:
        """One 720th of the shorter side: a length that looks the same at every size."""
        return min(self.size) / 720

    @property
    def turns(self) -> int:
        """How often a lively movement goes round in the clip."""
        return max(1, round(self.seconds / 1.6))

    @property
    def crossings(self) -> int:
        """How often something that falls crosses the picture in the clip."""
        return max(1, round(self.seconds / 2.6))

    def growth(self, part: float) -> float:
        """From 0 to 1 through the clip, slow at both ends; in a loop, there and back."""
        if self.looped:
            return (1 - math.cos(TAU * part)) / 2
        return ease(part / 0.85)

    def entry(self, part: float) -> float:
        """How much of what is added is there: it comes in with the clip's first moments."""
        return 1.0 if self.looped else ease(part / 0.14)

    def beat(self, part: float, *, times: float = 1, shift: float = 0) -> float:
        """A swing between -1 and 1, `times` for each turn. A clip lets it come in from rest."""
        return math.sin(TAU * (self.turns * times * part + shift)) * self.entry(part)

    def pictured(self, part: float) -> Planes:
        """The picture, a little nearer at the end than at the beginning; in a loop it stands still."""
        if self.looped:
            return copied(self.picture)
        zoom = 1 + 0.05 * self.growth(part)
        width, height = self.width / zoom, self.height / zoom
        left, top = (self.width - width) / 2, (self.height - height) / 2
        return self.picture.zoomed((left, top, left + width, top + height), size=self.size)

    def warped(self, warp: Warp, *, of: Planes | None = None) -> Planes:
        """The picture, or another of its size, bent."""
        source = of or self.picture
        return self._mesh.bend(source, warp)

    @cached_property
    def _mesh(self) -> _Mesh:
        return _Mesh.over(self.width, self.height)


@dataclass(frozen=True)
class _Mesh:
    """Cells of whole, even pixels over a frame."""

    columns: NDArray[np.int64]
    rows: NDArray[np.int64]

    @staticmethod
    def over(width: int, height: int) -> _Mesh:
        side = max(width, height) / _CELLS
        across, down = max(4, round(width / side)), max(4, round(height / side))
        return _Mesh(_even_steps(width, across), _even_steps(height, down))

    def bend(self, source: Planes, warp: Warp) -> Planes:
        width, height = int(self.columns[-1]), int(self.rows[-1])
        reach = min(width, height) / 2
        at_x, at_y = np.meshgrid(self.columns.astype(float), self.rows.astype(float))
        from_x, from_y = warp((at_x - width / 2) / reach, (at_y - height / 2) / reach)
        x = np.clip(from_x * reach + width / 2, 0, width - 0.01)
        y = np.clip(from_y * reach + height / 2, 0, height - 0.01)
        moving = (np.abs(x - at_x) > _STILL_PIXELS) | (np.abs(y - at_y) > _STILL_PIXELS)
        if not moving.any():
            return copied(source)
        down, across = np.nonzero(moving)
        top, bottom = max(0, int(down.min()) - 1), min(len(self.rows) - 1, int(down.max()) + 1)
        left, right = max(0, int(across.min()) - 1), min(len(self.columns) - 1, int(across.max()) + 1)
        part = np.s_[top : bottom + 1, left : right + 1]
        cells = _Cells(self.columns[left : right + 1], self.rows[top : bottom + 1], x[part], y[part])
        return Planes(cells.bend(source.y, 1), cells.bend(source.u, 2), cells.bend(source.v, 2))


@dataclass(frozen=True)
class _Cells:
    """The part of a mesh that moves, and where each of its knots comes from."""

    columns: NDArray[np.int64]
    rows: NDArray[np.int64]
    x: Floats
    y: Floats

    def bend(self, plane: Image.Image, step: int) -> Image.Image:
        """A plane that has one value for `step` pixels."""
        columns, rows = (self.columns // step).tolist(), (self.rows // step).tolist()
        left, top = columns[0], rows[0]
        knots = np.stack((self.x / step, self.y / step), axis=-1)
        corners = np.concatenate((knots[:-1, :-1], knots[1:, :-1], knots[1:, 1:], knots[:-1, 1:]), axis=-1).tolist()
        quads = [
            ((columns[i] - left, rows[j] - top, columns[i + 1] - left, rows[j + 1] - top), tuple(corners[j][i]))
            for j in range(len(rows) - 1)
            for i in range(len(columns) - 1)
        ]
        size = (columns[-1] - left, rows[-1] - top)
        # Nobody sees steps in colour alone; smooth ones would take a third of the time.
        smooth = Image.Resampling.BILINEAR if step == 1 else Image.Resampling.NEAREST
        bent = plane.transform(size, Image.Transform.MESH, quads, smooth)
        if size == plane.size:
            return bent
        whole = plane.copy()
        whole.paste(bent, (left, top))
        return whole


def copied(planes: Planes) -> Planes:
    """The same picture, to be drawn on."""
    return Planes(planes.y.copy(), planes.u.copy(), planes.v.copy())


def ease(part: float) -> float:
    """From 0 to 1, slow at both ends, still before and after."""
    kept = min(1.0, max(0.0, part))
    return kept * kept * (3 - 2 * kept)


def hill(distance: Floats, reach: float) -> Floats:
    """1 in the middle, softly down to 0 at `reach`."""
    kept = np.clip(1 - (distance / reach) ** 2, 0, 1)
    return kept * kept


def tinted(
    planes: Planes, *, gain: float = 1, lift: float = 0, u: float = 0, v: float = 0, colour: float = 1
) -> Planes:
    """Brightness times `gain` plus `lift` (of 255), colours times `colour`, moved towards blue (`u`) and red (`v`)."""
    steps = np.arange(256)
    luma = np.clip((steps - 16) * gain + 16 + lift, 16, 235).astype(int).tolist()
    blue = np.clip((steps - 128) * colour + 128 + u, 16, 240).astype(int).tolist()
    red = np.clip((steps - 128) * colour + 128 + v, 16, 240).astype(int).tolist()
    return Planes(planes.y.point(luma), planes.u.point(blue), planes.v.point(red))


def softened(planes: Planes, *, share: int = 24) -> Planes:
    """Out of focus: as if taken at a `share` of its size."""

    def soften(plane: Image.Image) -> Image.Image:
        small = plane.resize((max(4, plane.width // share), max(4, plane.height // share)), Image.Resampling.BOX)
        return small.resize(plane.size, Image.Resampling.BICUBIC)

    return Planes(soften(planes.y), soften(planes.u), soften(planes.v))


def _even_steps(length: int, count: int) -> NDArray[np.int64]:
    return np.unique((np.linspace(0, length, count + 1) / 2).round().astype(np.int64) * 2)
