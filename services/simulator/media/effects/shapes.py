"""What effects lay over a picture, and the figures of the previews, drawn from a line for each stroke.

A stroke is its kind, its colour and its numbers, on a sheet that is 100 wide: `disc x y radius`, `oval left top right
bottom`, `box left top right bottom radius`, `poly x y ...`, `line width x y ...`. `COLOUR` is the caller's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont

from services.simulator.media.effects.stage import TAU, Stage
from services.simulator.media.planes import Planes

Thing = Callable[[float], Image.Image]
"""Draws something on a clear square, so many pixels wide."""
_LARGE = 480
"""Pixels. A smaller sheet is drawn four times, a larger one two times its size: it makes edges smooth."""
_THINGS = {
    "awning": """box de4054 0 -9 12.5 6 0; oval de4054 0 2 12.5 11; box fff8f0 12.5 -9 25 6 0; oval fff8f0 12.5 2 25 11;
        box de4054 25 -9 37.5 6 0; oval de4054 25 2 37.5 11; box fff8f0 37.5 -9 50 6 0; oval fff8f0 37.5 2 50 11;
        box de4054 50 -9 62.5 6 0; oval de4054 50 2 62.5 11; box fff8f0 62.5 -9 75 6 0; oval fff8f0 62.5 2 75 11;
        box de4054 75 -9 87.5 6 0; oval de4054 75 2 87.5 11; box fff8f0 87.5 -9 100 6 0; oval fff8f0 87.5 2 100 11""",
    "banknote": """box 3a704c 2 26 98 74 4; box d6e8ce 4 28 96 72 3; box 78b080 9 33 91 67 2; disc d6e8ce 50 50 14
        disc 3a704c 50 50 10; disc d6e8ce 17 50 5; disc d6e8ce 83 50 5""",
    "branch": """line 543834 4 -4 16 22 26 44 24 66 36; line 543834 3 22 26 34 44 52 54; line 543834 3 44 24 74 14
        disc f6b8c6 66 36 9; disc f6b8c6 52 54 11; disc f6b8c6 34 42 8; disc f6b8c6 74 14 9; disc f6b8c6 28 24 10
        disc d65470 66 36 3; disc d65470 52 54 4; disc d65470 34 42 3; disc d65470 74 14 3; disc d65470 28 24 3""",
    "bubble": "disc e8fcffe1 50 50 46; disc aae2f05a 50 50 41; oval fffffff0 26 22 46 38",
    "cap": """poly 22243e 26 48 74 48 74 68 62 76 38 76 26 68; poly 3a3e68 50 22 98 44 50 66 2 44
        poly 4a5080 50 26 90 44 50 62 10 44; line f4be42 3 50 44 80 50 82 72; poly f4be42 78 70 86 70 89 88 75 88""",
    "cloud": """disc ffffffe0 26 58 15; disc ffffffe0 44 46 20; disc ffffffe0 64 50 17; disc ffffffe0 78 60 12
        box ffffffe0 14 58 88 74 8""",
    "coin": "disc be841e 50 50 46; disc f6c84c 50 50 42; disc dca430 50 50 33; disc fcd868 50 50 30",
    "cone": """poly f0b86a 22 6 78 6 50 100; line cc8a42 2 36 6 60 66; line cc8a42 2 52 6 70 34
        line cc8a42 2 64 6 40 66; line cc8a42 2 48 6 30 34; box e4a456 17 2 83 15 6; box face8c 17 2 83 7 2""",
    "dragon": """poly f6c454 30 34 16 4 46 26; poly f6c454 70 34 84 4 54 26; oval 2c9e74 16 18 84 86
        oval 7cd8ac 26 52 74 84; disc ffffff 36 44 11; disc ffffff 64 44 11; disc 2c283a 37 46 6; disc 2c283a 63 46 6
        line 2c283a 3 36 72 50 77 64 72""",
    "glove": """box 5878d6 -10 36 32 68 6; box 708ee4 28 32 40 72 5; line f0705c 14 48 38 56 20 64 16
        box ce5044 36 30 68 78 14; box f0705c 37 30 67 75 13; box ce5044 40 36 96 52 8; box f0705c 40 35 96 49 7""",
    "horse": """line f6c454 4 54 -4 54 104; line 8c6444 6 84 48 94 56 92 72; line COLOUR 7 38 60 24 70 30 84
        line COLOUR 7 72 60 80 72 72 86; oval COLOUR 30 40 86 68; poly COLOUR 30 56 24 26 36 16 48 42
        poly COLOUR 30 14 8 34 14 42 36 34; line 8c6444 5 36 16 42 28 48 40; disc 2c283a 25 26 2
        box e24c60 46 38 66 52 4""",
    "jellyfish": """line COLOURb0 4 26 44 30 66 24 98; line COLOURb0 4 50 44 47 70 52 98
        line COLOURb0 4 74 44 70 66 76 98; oval COLOUR 12 8 88 72; oval ffffff70 24 16 62 44
        box COLOUR 14 44 86 54 5""",
    "mitten": """box 5878d6 -10 36 32 68 6; box 708ee4 28 32 40 72 5; line f0705c 15 52 36 58 16 66 12
        box ce5044 36 26 90 80 24; box f0705c 37 26 90 77 24; oval fa9e8c 70 34 80 46""",
    "note": """line COLOUR 7 38 78 38 20; line COLOUR 7 84 70 84 12; poly COLOUR 35 18 87 8 87 26 35 36
        oval COLOUR 12 66 42 92; oval COLOUR 58 58 88 84""",
    "petal": "oval COLOUR 24 10 76 94; oval ffffff50 34 24 66 86",
    "ring": "disc 208060 50 54 34; disc 34ac7e 50 53 31; oval f6d68c 26 62 74 88; poly e85c3a 34 26 44 0 66 24",
    "sight": """disc COLOUR 50 50 47; disc 00000000 50 50 45; disc COLOUR80 50 50 38; disc 00000000 50 50 36
        line COLOUR 2 50 4 50 20; line COLOUR 2 50 80 50 96; line COLOUR 2 4 50 20 50; line COLOUR 2 80 50 96 50""",
    "strip": "box COLOUR 34 12 66 88 8",
    "tail": """poly 1e9296 34 100 40 70 46 46 54 46 62 70 70 100; oval 5cc8c0 42 78 60 90; oval 5cc8c0 44 62 57 72
        poly 2cb0a8 50 50 30 40 8 8 36 18 50 36 64 18 92 8 70 40; poly 8ee0d6 50 46 36 36 20 16 40 28""",
}


def draw(strokes: str, side: float, *, high: float = 100, glow: float = 0) -> Image.Image:
    """Draw strokes on a clear sheet, `side` pixels wide (mirrored if negative); `glow` blurs it, in hundredths."""
    if side < 0:
        return draw(strokes, -side, high=high, glow=glow).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    size = (max(8, round(side / 2) * 2), max(8, round(side * high / 200) * 2))
    finer = 4 if max(size) <= _LARGE else 2
    sheet = Image.new("RGBA", (size[0] * finer, size[1] * finer), (0, 0, 0, 0))
    pen, scale = ImageDraw.Draw(sheet), size[0] * finer / 100
    for stroke in filter(None, (line.strip() for line in strokes.replace(";", "\n").splitlines())):
        kind, colour, *numbers = stroke.split()
        fill, values = ImageColor.getrgb(f"#{colour}"), [float(number) * scale for number in numbers]
        if kind == "disc":
            x, y, radius = values
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
        elif kind == "oval":
            pen.ellipse(values, fill=fill)
        elif kind == "box":
            pen.rounded_rectangle(values[:4], radius=values[4], fill=fill)
        elif kind == "poly":
            pen.polygon(values, fill=fill)
        else:
            pen.line(values[1:], fill=fill, width=max(1, round(values[0])), joint="curve")
    if glow:
        sheet = sheet.convert("RGBa").filter(ImageFilter.GaussianBlur(glow * scale)).convert("RGBA")
    return sheet.resize(size, Image.Resampling.BOX)


def thing(name: str, colour: str = "ffffff") -> Thing:
    """One of the things above, in a colour."""
    return partial(draw, _THINGS[name].replace("COLOUR", colour))


def across(name: str, *, high: float = 11) -> Callable[[Stage], Image.Image]:
    """One of the things above, as wide as the frame."""
    return lambda stage: draw(_THINGS[name], stage.size[0], high=high)


def heart_points(count: int) -> list[tuple[float, float]]:
    """Points on the outline of a heart, in parts of its square."""
    points: list[tuple[float, float]] = []
    for a in (TAU * step / count for step in range(count)):
        y = 13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)
        points.append((0.5 + 0.433 * math.sin(a) ** 3, 0.49 - y * 0.027))
    return points


def heart(side: float, colour: str = "e83e5c") -> Image.Image:
    """Draw a heart with a shine."""
    points = " ".join(f"{100 * x:.1f} {100 * y:.1f}" for x, y in heart_points(96))
    return draw(f"poly {colour} {points}; line ffffffeb 5 20 36 22 29 28 24", side)


def star(side: float, colour: str = "ffffff", *, tips: int = 4, near: float = 8, hole: float = 0) -> Image.Image:
    """Draw a star of long points; with many tips and a hole it is a ring of flames."""
    ends = ((48 if step % 2 == 0 else near, TAU * step / (2 * tips)) for step in range(2 * tips))
    points = " ".join(f"{50 + far * math.sin(a):.1f} {50 - far * math.cos(a):.1f}" for far, a in ends)
    return draw(f"poly {colour} {points}; disc 00000000 50 50 {hole}", side)


def bloom(side: float, colours: tuple[str, ...]) -> Image.Image:
    """Draw a rose seen from above, petal over petal, the outer ones first."""
    strokes: list[str] = []
    for ring, (count, far, size) in enumerate(((6, 26, 20), (5, 18, 16), (4, 10, 13), (3, 4, 9))):
        for a in (TAU * number / count + ring * 0.7 for number in range(count)):
            at = f"{50 + far * math.cos(a):.1f} {50 + far * math.sin(a):.1f}"
            strokes.append(f"disc 501020 {at} {size + 1.5}; disc {colours[ring]} {at} {size}")
    return draw("\n".join(strokes), side)


def framed(stage: Stage, colour: str, edge: str, hole: float = 0.955) -> Image.Image:
    """Paper outside a circle, or in a tall picture a tall arch, and its frame."""
    high, reach = 100 * stage.size[1] / stage.size[0], 47 * min(stage.size) / stage.size[0]
    longer = max(0.0, high / 2 - 50) * 0.94
    strokes = [f"box {colour} -1 -1 101 {high + 1} 0"]
    for part, fill in ((1.05, edge), (1.0, colour), (hole + 0.02, edge), (hole, "00000000")):
        wide, tall = reach * part, reach * part + longer
        strokes.append(f"box {fill} {50 - wide} {high / 2 - tall} {50 + wide} {high / 2 + tall} {wide}")
    return draw("\n".join(strokes), stage.size[0], high=high)


def eye(stage: Stage) -> Image.Image:
    """Draw an eye that fills the frame; its pupil reaches 0.4 of the half short side."""
    high, one = 100 * stage.size[1] / stage.size[0], 50 * min(stage.size) / stage.size[0]
    rings = (("f6f4f2", 0.98), ("2c5c70", 0.74), ("4c9cb0", 0.68), ("78c0c8", 0.55), ("14181e", 0.42))
    strokes = [f"box ecc0a6 -1 -1 101 {high + 1} 0", *(f"disc {c} 50 {high / 2} {far * one}" for c, far in rings)]
    return draw("\n".join(strokes), stage.size[0], high=high)


def cover(stage: Stage) -> Image.Image:
    """Draw the title of a magazine, headlines as lines, and a thin border."""
    high, unit = 100 * stage.size[1] / stage.size[0], 100 * stage.unit / stage.size[0]
    rows = ((200, 30), (150, 22), (110, 26), (70, 18))
    lines = "\n".join(f"box ffffff 5 {high - y * unit} {5 + wide} {high - (y - 16) * unit} 1" for y, wide in rows)
    edge = f"line ffffff 0.7 1.5 1.5 98.5 1.5 98.5 {high - 1.5} 1.5 {high - 1.5} 1.5 1.5"
    sheet = draw(f"{edge}\n{lines}", stage.size[0], high=high)
    font = ImageFont.load_default(min(sheet.width / 4.2, 230 * stage.unit))
    place = (sheet.width / 2, 28 * stage.unit)
    ImageDraw.Draw(sheet).text(place, "STUDIO", font=font, fill=(236, 52, 68), anchor="mt", stroke_width=2)
    return sheet


def _person(x: float, coat: str, hair: str) -> str:
    """Return the strokes of a person, facing us."""
    legs = "; ".join(f"line 46527e 8 {x + 5 * way} 66 {x + 6 * way} 90" for way in (-1, 1))
    arms = "; ".join(f"line {coat} 6 {x + 10 * way} 46 {x + 16 * way} 58 {x + 13 * way} 68" for way in (-1, 1))
    eyes = "; ".join(f"disc 2c283a {x + 4.6 * way} 26 1.9" for way in (-1, 1))
    return f"""{legs}; {arms}; box {coat} {x - 13} 41 {x + 13} 72 6; box ecc0a2 {x - 4} 34 {x + 4} 44 1
        disc {hair} {x} 23 14.6; oval fad4b8 {x - 11.6} 15 {x + 11.6} 39; oval {hair} {x - 10} 10 {x + 14} 20
        {eyes}; line b0524a 1.3 {x - 3.4} 32 {x} 33.6 {x + 3.4} 32"""


_FIGURES = {
    "duck": """poly e8ae2c 76 58 90 44 88 70; oval face46 22 47 84 84; disc face46 42 37 19
        poly f08038 26 36 8 42 26 49; oval f08038 10 38 28 49; oval fcda68 44 54 78 74; disc 2c283a 34 33 3.6""",
    "person": _person(50, "f4ba4c", "4a322c"),
    "couple": f"box 965434 56 11 86 52 13; {_person(29, '5496a0', '3c343c')}; {_person(71, 'f0aa60', '965434')}",
}
_WALLS = {"duck": "88bec8", "person": "dccce0", "couple": "eec8cc"}


def figure(name: str, side: int) -> Image.Image:
    """Draw a friendly figure before a plain wall: a duck, a person or a couple."""
    wall = Image.new("RGB", (side, side), f"#{_WALLS[name]}")
    for layer in (draw("oval 3c324646 18 86 82 96", side, glow=3), draw(_FIGURES[name], side)):
        wall.paste(layer, (0, 0), layer)
    return wall


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
        return Sprite.within(Planes.of(rgb), mask)

    @staticmethod
    def within(colour: Planes, mask: Image.Image) -> Sprite:
        """Show a picture through a mask of its size."""
        return Sprite(colour, mask, mask.resize((mask.width // 2, mask.height // 2), Image.Resampling.BOX))

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


def poses_of(drawn: Image.Image, kind: str = "spin", *, steps: int = 12, reach: float = 360) -> list[Sprite]:
    """Return a thing in steps of one movement.

    It spins by `reach` degrees, tumbles like a leaf, swells by `reach` of its size and back, pulses like a jellyfish,
    or is still.
    """
    if kind == "still":
        return [Sprite.of(drawn)]
    poses: list[Sprite] = []
    for step in range(steps):
        turn, wide, high = reach * step / steps, 1.0, 1.0
        wave = math.sin(TAU * step / steps)
        if kind == "tumble":
            turn, high = 20 + 40 * wave, max(0.22, abs(math.cos(TAU * step / steps)))
        elif kind == "pulse":
            turn, wide, high = 0, 1 + 0.14 * wave, 1 - 0.14 * wave
        elif kind == "swell":
            turn, wide = 0, 1 + reach * math.sin(math.pi * step / steps)
            high = wide
        posed = drawn.resize((max(4, round(drawn.width * wide)), max(4, round(drawn.height * high))))
        poses.append(Sprite.of(posed.rotate(turn, Image.Resampling.BICUBIC, expand=True) if turn else posed))
    return poses
