"""Small drawn things that move over a picture: drawn once, large, then laid on frame by frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from services.simulator.media.effects.stage import TAU, Stage
from services.simulator.media.planes import Planes

Point = tuple[float, float]
Colour = tuple[int, int, int] | tuple[int, int, int, int]

_LARGE = 480
"""Pixels. What is smaller is drawn four times, what is larger two times its size: it makes edges smooth."""


class Pen:
    """Draws on a clear sheet that is 100 wide, and 100 high unless told, whatever its pixels."""

    def __init__(self, side: float, *, high: float = 100) -> None:
        self._size = (max(8, round(side / 2) * 2), max(8, round(side * high / 200) * 2))
        self._finer = 4 if max(self._size) <= _LARGE else 2
        self._sheet = Image.new("RGBA", (self._size[0] * self._finer, self._size[1] * self._finer), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._sheet)
        self._scale = self._size[0] * self._finer / 100

    def shape(self, points: Sequence[Point], fill: Colour) -> Pen:
        """A filled outline."""
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=fill)
        return self

    def oval(self, box: tuple[float, float, float, float], fill: Colour) -> Pen:
        """Left, top, right, bottom."""
        left, top, right, bottom = (each * self._scale for each in box)
        self._draw.ellipse((left, top, right, bottom), fill=fill)
        return self

    def disc(self, centre: Point, radius: float, fill: Colour) -> Pen:
        """A filled circle."""
        x, y = centre
        return self.oval((x - radius, y - radius, x + radius, y + radius), fill)

    def box(self, box: tuple[float, float, float, float], fill: Colour, *, radius: float = 0) -> Pen:
        """A rectangle with round corners."""
        left, top, right, bottom = (each * self._scale for each in box)
        self._draw.rounded_rectangle((left, top, right, bottom), radius=radius * self._scale, fill=fill)
        return self

    def line(self, points: Sequence[Point], fill: Colour, *, width: float) -> Pen:
        """A line with round joints and ends."""
        scaled = [(x * self._scale, y * self._scale) for x, y in points]
        self._draw.line(scaled, fill=fill, width=max(1, round(width * self._scale)), joint="curve")
        for end in (points[0], points[-1]):
            self.disc(end, width / 2, fill)
        return self

    def image(self, *, glow: float = 0) -> Image.Image:
        """The sheet in its true size; `glow` blurs it, in hundredths."""
        sheet = self._sheet
        if glow:
            sheet = sheet.convert("RGBa").filter(ImageFilter.GaussianBlur(glow * self._scale)).convert("RGBA")
        return sheet.resize(self._size, Image.Resampling.BOX)


@dataclass(frozen=True)
class Sprite:
    """A thing with a soft outline, ready to be laid on planes."""

    colour: Planes
    mask: Image.Image
    half_mask: Image.Image

    @staticmethod
    def of(drawn: Image.Image) -> Sprite:
        """From RGBA."""
        width, height = drawn.width // 2 * 2, drawn.height // 2 * 2
        kept = drawn.crop((0, 0, width, height))
        mask = kept.getchannel("A")
        rgb, clear = np.array(kept.convert("RGB")), np.asarray(mask) < 8
        if not clear.all():
            # What is clear takes the thing's own colour, or its edges would be dark where two pixels share a colour.
            rgb[clear] = rgb[::3, ::3][~clear[::3, ::3]].mean(axis=0) if (~clear[::3, ::3]).any() else 128
        return Sprite(Planes.of(rgb), mask, mask.resize((width // 2, height // 2), Image.Resampling.BOX))

    def lay_on(self, canvas: Planes, x: float, y: float, *, opacity: float = 1) -> None:
        """Draw it with its middle at x, y."""
        if opacity <= 0.01:
            return
        left, top = round((x - self.mask.width / 2) / 2) * 2, round((y - self.mask.height / 2) / 2) * 2
        if left >= canvas.y.width or top >= canvas.y.height or left <= -self.mask.width or top <= -self.mask.height:
            return
        mask, half = self.mask, self.half_mask
        if opacity < 0.99:
            fade = [round(step * opacity) for step in range(256)]
            mask, half = mask.point(fade), half.point(fade)
        canvas.y.paste(self.colour.y, (left, top), mask)
        canvas.u.paste(self.colour.u, (left // 2, top // 2), half)
        canvas.v.paste(self.colour.v, (left // 2, top // 2), half)


def spun(drawn: Image.Image, *, steps: int = 24, reach: float = 360) -> list[Sprite]:
    """The thing at equal steps of a whole turn, or of `reach` degrees."""
    return [
        Sprite.of(drawn.rotate(step * reach / steps, Image.Resampling.BICUBIC, expand=True)) for step in range(steps)
    ]


def tumbling(drawn: Image.Image, *, steps: int = 24, lean: float = 40) -> list[Sprite]:
    """The thing turning over as a leaf or a note of money does: narrow, broad, narrow, and swaying."""
    poses = []
    for step in range(steps):
        angle = TAU * step / steps
        flat = max(0.22, abs(math.cos(angle)))
        posed = drawn.resize((drawn.width, max(4, round(drawn.height * flat))), Image.Resampling.LANCZOS)
        poses.append(Sprite.of(posed.rotate(20 + lean * math.sin(angle), Image.Resampling.BICUBIC, expand=True)))
    return poses


def swelling(drawn: Image.Image, sides: Sequence[float]) -> list[Sprite]:
    """The thing in several sizes: its width in pixels. It should be drawn in the largest."""
    sizes = [(max(4, round(side / 2) * 2), max(4, round(side / 2) * 2)) for side in sides]
    return [Sprite.of(drawn.resize(size, Image.Resampling.LANCZOS)) for size in sizes]


@dataclass(frozen=True)
class _Drifter:
    poses: Sequence[Sprite]
    x: float
    phase: float
    sway: float
    spin: int


class Drift:
    """Things that fall through the picture, or rise, again and again; each turns and sways in its own time."""

    def __init__(self, stage: Stage, kinds: Sequence[Sequence[Sprite]], *, count: int, up: bool = False) -> None:
        self._stage = stage
        self._up = up
        chance = stage.chance
        shift = chance.random()
        self._things = [
            _Drifter(
                poses=kinds[number % len(kinds)],
                x=(number + chance.uniform(0.2, 0.8)) / count * stage.width,
                phase=(number * 0.618 + shift) % 1,
                sway=chance.uniform(14, 34) * stage.unit * chance.choice((-1, 1)),
                spin=int(chance.choice((-1, 1, 2))),
            )
            for number in range(count)
        ]
        self._margin = max(pose.mask.height for kind in kinds for pose in kind) / 2

    def lay_on(self, canvas: Planes, part: float) -> None:
        """Draw them all."""
        stage = self._stage
        opacity = stage.entry(part)
        for thing in self._things:
            along = (thing.phase + stage.crossings * part) % 1
            way = 1 - along if self._up else along
            y = -self._margin + way * (stage.height + 2 * self._margin)
            x = thing.x + thing.sway * math.sin(TAU * (thing.phase + stage.crossings * part))
            turned = (thing.phase * 3 + thing.spin * stage.crossings * part) % 1
            thing.poses[int(turned * len(thing.poses))].lay_on(canvas, x, y, opacity=opacity)
