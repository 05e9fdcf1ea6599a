"""Effects that dress the whole picture: another light, and a frame, rays, a cover or armour around it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from services.simulator.media.effects.shapes import blossom, petal, sparkle
from services.simulator.media.effects.sprites import Colour, Drift, Pen, Point, Sprite, spun, tumbling
from services.simulator.media.effects.stage import TAU, Draw, Stage, ease, tinted
from services.simulator.media.planes import Planes

_PLUM: Colour = (240, 158, 178)


def moon_gate(stage: Stage) -> Draw:
    """The light of an old scroll, a round gate, a branch of plum blossom, petals in the air."""
    unit = stage.unit
    gate = Sprite.of(_gate(stage))
    branch = Sprite.of(_branch(440 * unit))
    drift = Drift(stage, [tumbling(petal(40 * unit, _PLUM)), tumbling(petal(30 * unit, _PLUM))], count=13)

    def draw(part: float) -> Planes:
        worn = 1.0 if stage.looped else ease(part / 0.3)
        sway = 8 * unit * math.sin(TAU * stage.turns * part)
        canvas = tinted(stage.pictured(part), gain=1 - 0.02 * worn, u=-9 * worn, v=5 * worn, colour=1 - 0.25 * worn)
        gate.lay_on(canvas, stage.width / 2, stage.height / 2, opacity=worn)
        drift.lay_on(canvas, part)
        x = branch.mask.width * 0.42 - (1 - worn) * 500 * unit
        branch.lay_on(canvas, stage.width / 2 - min(stage.size) / 2 + x, 150 * unit + sway, opacity=worn)
        return canvas

    return draw


def _gate(stage: Stage) -> Image.Image:
    """Paper outside a circle, or in a tall picture a tall arch, and its wooden frame."""
    high = 100 * stage.height / stage.width
    middle, reach = (50, high / 2), 47 * min(stage.size) / stage.width
    pen = Pen(stage.width, high=high).box((-1, -1, 101, high + 1), (238, 224, 194))
    step = reach / 3.4
    for row in range(-1, int(high / step) + 2):
        for column in range(-1, int(100 / step) + 2):
            x, y = (column + (row % 2) / 2) * step, row * step
            pen.disc((x, y), step * 0.42, (230, 214, 180)).disc((x, y), step * 0.34, (238, 224, 194))
    longer = max(0.0, high / 2 - middle[0]) * 0.94
    for part, colour in ((1.05, (112, 54, 42)), (1.03, (158, 82, 58)), (0.98, (112, 54, 42)), (0.955, (0, 0, 0, 0))):
        wide, tall = reach * part, reach * part + longer
        pen.box((middle[0] - wide, middle[1] - tall, middle[0] + wide, middle[1] + tall), colour, radius=wide)
    return pen.image()


def _branch(side: float) -> Image.Image:
    """A branch that comes in from the left with five blossoms."""
    wood = (84, 56, 52)
    pen = Pen(side)
    pen.line([(-4, 16), (22, 26), (44, 24), (66, 36)], wood, width=4.4).line(
        [(22, 26), (34, 44), (52, 54)], wood, width=3
    )
    drawn = pen.line([(44, 24), (60, 14), (74, 14)], wood, width=2.6).image()
    for (x, y), size in (
        ((66, 36), 20),
        ((52, 54), 24),
        ((34, 42), 17),
        ((74, 14), 18),
        ((28, 24), 22),
        ((48, 22), 15),
    ):
        bloom = blossom(side * size / 100)
        drawn.alpha_composite(
            bloom, (round(side * x / 100 - bloom.width / 2), round(side * y / 100 - bloom.height / 2))
        )
    return drawn


def sun_armour(stage: Stage) -> Draw:
    """The gold of a sun: turning rays behind a crown of flames, embers, and a gilded edge."""
    unit = stage.unit
    rays = [Sprite.of(_rays(stage, step / _POSES)) for step in range(_POSES)]
    crown = spun(_sun_ring(760 * unit), steps=_POSES, reach=360 / _FLAMES)
    edge = Sprite.of(_gilded(stage))
    embers = Drift(stage, [spun(sparkle(side * unit, (255, 226, 130)), steps=6, reach=90) for side in (40, 60)],
                   count=14, up=True)  # fmt: skip

    def draw(part: float) -> Planes:
        lit = 1.0 if stage.looped else ease(part / 0.4)
        pulse = 0.5 + 0.5 * math.sin(TAU * stage.turns * part)
        canvas = tinted(stage.pictured(part), gain=1 - 0.06 * lit, lift=4 * lit, u=-26 * lit, v=11 * lit)
        turned = int(stage.turns * 2 * _POSES * part) % _POSES
        rays[turned].lay_on(canvas, stage.width / 2, stage.height / 2, opacity=lit * (0.36 + 0.16 * pulse))
        crown[_POSES - 1 - turned].lay_on(canvas, stage.width / 2, stage.height / 2, opacity=lit * 0.95)
        embers.lay_on(canvas, part)
        edge.lay_on(canvas, stage.width / 2, stage.height / 2, opacity=lit)
        return canvas

    return draw


_FLAMES = 16
_POSES = 8
"""From one flame to the next."""


def _rays(stage: Stage, turned: float) -> Image.Image:
    """Beams from the middle outwards, clear at the middle; `turned` is a part of the way from beam to beam."""
    reach = min(stage.size) / 2
    rows, columns = np.ogrid[0 : stage.height : 2, 0 : stage.width : 2]
    x, y = (columns - stage.width / 2) / reach, (rows - stage.height / 2) / reach
    beams = np.clip(np.cos((np.arctan2(y, x) + TAU * turned / _FLAMES) * _FLAMES) * 1.6 + 0.2, 0, 1)
    alpha = beams * np.clip((np.hypot(x, y) - 0.68) / 0.3, 0, 1)
    sheet = Image.new("RGB", (alpha.shape[1], alpha.shape[0]), (255, 226, 130))
    sheet.putalpha(Image.fromarray((alpha * 255).astype(np.uint8)))
    return sheet.resize(stage.size, Image.Resampling.BILINEAR)


def _sun_ring(side: float) -> Image.Image:
    """A ring of gold with flames outwards; inside it is clear."""
    pen = Pen(side)
    for layer, (colour, far) in enumerate((((226, 140, 34), 49.5), ((252, 202, 82), 46.5))):
        points: list[Point] = []
        for step in range(_FLAMES * 2):
            angle = TAU * (step + layer * 0.0) / (_FLAMES * 2)
            reach = far if step % 2 == 0 else 40.5
            points.append((50 + reach * math.sin(angle), 50 - reach * math.cos(angle)))
        pen.shape(points, colour)
    pen.disc((50, 50), 41.6, (184, 104, 24)).disc((50, 50), 40.8, (255, 224, 128)).disc((50, 50), 39, (214, 144, 40))
    for number in range(_FLAMES):
        angle = TAU * (number + 0.5) / _FLAMES
        pen.disc((50 + 39.8 * math.sin(angle), 50 - 39.8 * math.cos(angle)), 0.9, (255, 250, 220))
    return pen.disc((50, 50), 38.2, (0, 0, 0, 0)).image()


def _gilded(stage: Stage) -> Image.Image:
    """Plates of gold armour in the lower corners."""
    high = 100 * stage.height / stage.width
    scale = 100 * min(stage.size) / stage.width
    pen = Pen(stage.width, high=high)
    for way in (-1, 1):
        edge = 0 if way < 0 else 100
        for number, (colour, size) in enumerate(
            (((150, 88, 24), 0.44), ((206, 142, 46), 0.36), ((246, 198, 88), 0.27))
        ):
            reach, rise = size * scale, size * scale * 0.94
            pen.shape(
                [
                    (edge, high - rise),
                    (edge - way * reach * 0.55, high - rise * 0.8),
                    (edge - way * reach, high),
                    (edge, high),
                ],
                colour,
            )
            pen.line([(edge, high - rise), (edge - way * reach * 0.55, high - rise * 0.8), (edge - way * reach, high)],
                     (255, 236, 170), width=0.5 + 0.2 * number)  # fmt: skip
        pen.disc((edge - way * 0.1 * scale, high - 0.1 * scale), 0.05 * scale, (226, 70, 50))
    return pen.image()


def cover(stage: Stage) -> Draw:
    """The cover of a magazine: flashes, a new pose with each, and the title over it."""
    title = Sprite.of(_cover_words(stage))
    poses = ((1.0, 0.0, 0.0), (1.3, 0.1, -0.35), (1.14, -0.25, 0.1), (1.45, 0.0, -0.55))

    def draw(part: float) -> Planes:
        shots = 2 if stage.looped else 1 + 2 * stage.turns
        along = min(part, 0.9999) * shots
        number, within = int(along), along % 1
        zoom, left, up = poses[number % len(poses) if not stage.looped else number + 1]
        zoom += 0.03 * within
        width, height = stage.width / zoom, stage.height / zoom
        x, y = (stage.width - width) / 2 * (1 + left), (stage.height - height) / 2 * (1 + up)
        canvas = stage.picture.zoomed((x, y, x + width, y + height), size=stage.size)
        worn = 1.0 if stage.looped or number else ease(part * 3)
        flash = math.exp(-within * 9) if number or stage.looped else 0.0
        canvas = tinted(
            canvas, gain=1 + 0.08 * worn, lift=-16 * worn + 84 * flash, colour=(1 - 0.3 * worn) * (1 - 0.6 * flash)
        )
        title.lay_on(canvas, stage.width / 2, stage.height / 2, opacity=worn)
        return canvas

    return draw


def _cover_words(stage: Stage) -> Image.Image:
    """The title, headlines as lines, a bar code and a thin border."""
    width, height, unit = stage.width, stage.height, stage.unit
    sheet = Image.new("RGBA", stage.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(sheet)
    margin = 26 * unit
    wide = min(width - 2 * margin, 1000 * unit)
    font = ImageFont.load_default(150 * unit)
    length = draw.textlength("STUDIO", font=font)
    font = ImageFont.load_default(150 * unit * wide / length * 0.97)
    red = (236, 52, 68)
    draw.text(
        (width / 2, margin * 1.1),
        "STUDIO",
        font=font,
        fill=red,
        anchor="mt",
        stroke_width=max(1, round(5 * unit)),
        stroke_fill=red,
    )
    white = (255, 255, 255, 245)
    draw.rectangle(
        (margin / 2, margin / 2, width - margin / 2, height - margin / 2), outline=white, width=max(2, round(4 * unit))
    )
    for row, (long, thick) in enumerate(((150, 20), (120, 9), (132, 9), (96, 9))):
        y = height - 215 * unit + row * 26 * unit + (14 * unit if row else 0)
        draw.rectangle((margin * 1.5, y, margin * 1.5 + long * unit, y + thick * unit), fill=white)
    left, top = width - margin * 1.5 - 132 * unit, height - margin * 1.5 - 84 * unit
    draw.rectangle((left, top, left + 132 * unit, top + 84 * unit), fill=white)
    x, number = left + 10 * unit, 0
    while x < left + 118 * unit:
        thick = (3, 6, 2, 8, 3, 4)[number % 6] * unit
        draw.rectangle((x, top + 9 * unit, x + thick, top + 70 * unit), fill=(20, 20, 24, 255))
        x, number = x + thick + (5, 4, 6)[number % 3] * unit, number + 1
    return sheet


@dataclass(frozen=True)
class _Suit:
    """The making of a machine: its light and its metal."""

    glow: tuple[int, int, int]
    metal: tuple[int, int, int]
    u: float
    v: float


_BLUE = _Suit(glow=(98, 236, 255), metal=(46, 58, 78), u=8, v=-3)
_RED = _Suit(glow=(255, 128, 66), metal=(86, 34, 40), u=-4, v=9)


def visor(stage: Stage) -> Draw:
    """Inside a helmet: steel closes in from both sides, a sight turns, a line of light scans."""
    plates = [Sprite.of(_side_plates(stage, _BLUE, way)) for way in (-1, 1)]
    sight = spun(_sight(470 * stage.unit, _BLUE), steps=16, reach=90)
    line = Sprite.of(_scan_line(stage, _BLUE))
    middle = (stage.width / 2, stage.height / 2)

    def draw(part: float) -> Planes:
        worn = 1.0 if stage.looped else ease(part / 0.3)
        play = 0.12 * (1 - math.cos(TAU * stage.turns * part)) / 2
        canvas = _in_light(stage, _BLUE, part, worn)
        scan = (stage.turns * part) % 1
        line.lay_on(
            canvas, middle[0], stage.height * (0.08 + 0.84 * ease(2 * min(scan, 1 - scan))), opacity=worn * 0.85
        )
        sight[int(stage.turns * part * 32) % 16].lay_on(canvas, *middle, opacity=worn * 0.9)
        for plate, way in zip(plates, (-1, 1), strict=True):
            out = (1 - worn + play) * plate.mask.width
            x = plate.mask.width / 2 - out if way < 0 else stage.width - plate.mask.width / 2 + out
            plate.lay_on(canvas, x, middle[1], opacity=min(1.0, worn * 4))
        return canvas

    return draw


def armour(stage: Stage) -> Draw:
    """Red armour closes from above and below like jaws; lamps run along it, sparks fly."""
    jaws = [[Sprite.of(_jaw(stage, _RED, way, lit)) for lit in range(4)] for way in (-1, 1)]
    sparks = Drift(stage, [spun(sparkle(side * stage.unit, (255, 190, 110)), steps=6, reach=90) for side in (34, 50)],
                   count=12, up=True)  # fmt: skip

    def draw(part: float) -> Planes:
        worn = 1.0 if stage.looped else ease(part / 0.3)
        play = 0.34 * ((1 - math.cos(TAU * stage.turns * part)) / 2) ** 2
        canvas = _in_light(stage, _RED, part, worn)
        sparks.lay_on(canvas, part)
        lit = int(stage.turns * part * 8) % 4
        for way, pair in zip((-1, 1), jaws, strict=True):
            jaw = pair[lit]
            out = (1 - worn + play) * jaw.mask.height
            y = jaw.mask.height / 2 - out if way < 0 else stage.height - jaw.mask.height / 2 + out
            jaw.lay_on(canvas, stage.width / 2, y, opacity=min(1.0, worn * 4))
        return canvas

    return draw


def _in_light(stage: Stage, suit: _Suit, part: float, worn: float) -> Planes:
    return tinted(stage.pictured(part), gain=1 - 0.16 * worn, u=suit.u * worn, v=suit.v * worn, colour=1 - 0.2 * worn)


def _side_plates(stage: Stage, suit: _Suit, way: int) -> Image.Image:
    """The steel of one side, with seams of light."""
    wide = 0.3 * min(stage.size) + max(0, stage.width - stage.height) * 0.22
    high = 100 * stage.height / wide
    pen, (red, green, blue) = Pen(wide, high=high), suit.metal
    inner = [
        (0, 0),
        (74, 0),
        (96, high * 0.16),
        (60, high * 0.36),
        (60, high * 0.64),
        (96, high * 0.84),
        (74, high),
        (0, high),
    ]
    pen.shape(inner, suit.metal)
    pen.shape(
        [(0, high * 0.1), (56, high * 0.2), (34, high * 0.38), (0, high * 0.38)], (red + 22, green + 24, blue + 28)
    )
    pen.shape(
        [(0, high * 0.62), (34, high * 0.62), (56, high * 0.8), (0, high * 0.9)], (red + 22, green + 24, blue + 28)
    )
    pen.shape(
        [(0, high * 0.42), (42, high * 0.42), (42, high * 0.58), (0, high * 0.58)], (red - 14, green - 14, blue - 14)
    )
    pen.line(inner[1:-1], suit.glow, width=4)
    for row in range(5):
        y = high * (0.44 + 0.03 * row)
        pen.line([(10, y), (34 - 4 * (row % 2), y)], suit.glow, width=2.6)
    for y in (0.08, 0.92):
        pen.disc((20, high * y), 5, (red + 60, green + 62, blue + 66)).disc((20, high * y), 2.4, suit.metal)
    drawn = pen.image()
    return drawn if way < 0 else drawn.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _sight(side: float, suit: _Suit) -> Image.Image:
    """Arcs and ticks around a clear middle; the same after a quarter of a turn."""
    pen, glow = Pen(side), (*suit.glow, 235)
    for quarter in range(4):
        for reach, start, end, thick in ((46, 8, 62, 2.2), (39, 30, 84, 1.2)):
            angles = [TAU * (quarter * 90 + start + (end - start) * s / 20) / 360 for s in range(21)]
            pen.line([(50 + reach * math.cos(a), 50 + reach * math.sin(a)) for a in angles], glow, width=thick)
        angle = TAU * quarter / 4 + 0.3
        pen.line([(50 + r * math.cos(angle), 50 + r * math.sin(angle)) for r in (30, 36)], glow, width=1.6)
    return pen.image()


def _scan_line(stage: Stage, suit: _Suit) -> Image.Image:
    pen = Pen(stage.width, high=100 * 40 * stage.unit / stage.width)
    middle = 50 * 40 * stage.unit / stage.width
    for reach, alpha in ((middle * 0.9, 50), (middle * 0.5, 80), (middle * 0.14, 240)):
        pen.box((0, middle - reach, 100, middle + reach), (*suit.glow, alpha))
    return pen.image()


def _jaw(stage: Stage, suit: _Suit, way: int, lit: int) -> Image.Image:
    """Half a helmet with teeth towards the middle and a row of lamps, one in four of them lit."""
    share = 0.33 if stage.width >= stage.height else 0.24
    high = 100 * share * stage.height / stage.width
    pen, (red, green, blue) = Pen(stage.width, high=high), suit.metal
    edge = [(0, high * 0.98), (14, high * 0.9), (30, high * 0.5), (42, high * 0.5), (50, high * 0.78), (58, high * 0.5),
            (70, high * 0.5), (86, high * 0.9), (100, high * 0.98)]  # fmt: skip
    pen.shape([(0, 0), *edge, (100, 0)], suit.metal)
    for side in (0, 100):
        inward = 1 if side == 0 else -1
        pen.shape([(side, 0), (side + inward * 24, 0), (side + inward * 12, high * 0.72), (side, high * 0.8)],
                  (red + 56, green + 22, blue + 22))  # fmt: skip
    pen.shape([(38, 0), (62, 0), (50, high * 0.6)], (red + 70, green + 26, blue + 24))
    pen.shape([(45, 0), (55, 0), (50, high * 0.42)], (246, 196, 84))
    pen.line(edge, suit.glow, width=1.1)
    for number in range(12):
        x = 15 + number * 6.4
        if 40 < x < 60:
            continue
        lamp = (255, 240, 210) if number % 4 == lit else (190, 74, 50)
        pen.disc((x, high * 0.24), 1.3, lamp)
    drawn = pen.image()
    return drawn if way < 0 else drawn.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
