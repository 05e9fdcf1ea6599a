"""Effects that move the picture itself: it is squeezed, poked, blown up, melts, turns, falls to dust, flies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from services.simulator.media.effects.shapes import cloud, cone, confetti, mitten, pointing_glove
from services.simulator.media.effects.sprites import Drift, Pen, Sprite, spun
from services.simulator.media.effects.stage import TAU, Draw, Floats, Stage, copied, ease, hill, softened, tinted
from services.simulator.media.effects.subject import behind, cut_out
from services.simulator.media.planes import Planes

RGB = tuple[int, int, int]


# Anything ------------------------------------------------------------------------------------------------------------


def squish(stage: Stage) -> Draw:
    """Two mittens press it from both sides; it gives way upwards and wobbles."""
    hand = mitten(330 * stage.unit)
    left, right = Sprite.of(hand), Sprite.of(hand.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    reach = min(stage.size) / 2

    def draw(part: float) -> Planes:
        press = (1 - math.cos(TAU * stage.turns * part)) / 2
        press *= 1 + 0.08 * math.sin(3 * TAU * stage.turns * part)

        def warp(x: Floats, y: Floats) -> tuple[Floats, Floats]:
            near = hill(np.hypot(x, y * 0.8), 1.25)
            return x * (1 + 0.75 * press * near), y * (1 - 0.26 * press * near) + 0.05 * press * near

        canvas = stage.warped(warp)
        for sprite, way in ((left, -1), (right, 1)):
            x = stage.width / 2 + way * reach * (1.28 - 0.5 * press)
            sprite.lay_on(canvas, x, stage.height * 0.56, opacity=stage.entry(part))
        return canvas

    return draw


def poke(stage: Stage) -> Draw:
    """A pointing glove prods it: a dent, and a jelly's trembling after."""
    glove = Sprite.of(pointing_glove(320 * stage.unit))
    reach = min(stage.size) / 2
    at_x, at_y = 0.3, 0.06

    def draw(part: float) -> Planes:
        phase = (part * stage.turns) % 1
        push = ease(phase / 0.22) * (1 - ease((phase - 0.3) / 0.16))
        after = max(0.0, phase - 0.34)
        tremble = math.sin(after * 40) * math.exp(-after * 6.5) * ease(after / 0.04) * (1 - ease((phase - 0.85) / 0.15))

        def warp(x: Floats, y: Floats) -> tuple[Floats, Floats]:
            dent = hill(np.hypot(x - at_x + 0.2, (y - at_y) * 0.9), 0.62)
            body = hill(np.hypot(x, y), 1.15)
            return x + dent * 0.34 * push + 0.11 * tremble * body, y * (1 + 0.09 * tremble * body)

        canvas = stage.warped(warp)
        x = stage.width / 2 + reach * (at_x + 0.95 - 0.52 * push)
        glove.lay_on(canvas, x, stage.height / 2 + reach * at_y + 20 * stage.unit, opacity=stage.entry(part))
        return canvas

    return draw


def inflate(stage: Stage) -> Draw:
    """It swells like a balloon and floats a little."""

    def draw(part: float) -> Planes:
        grown = stage.growth(part)
        swing = 0.03 * grown * math.sin(TAU * stage.turns * part)
        puff = 0.62 * grown + swing

        def warp(x: Floats, y: Floats) -> tuple[Floats, Floats]:
            near = hill(np.hypot(x, y * 0.95), 1.3)
            return x * (1 - puff * near) - swing * near, y * (1 - puff * near) + 0.16 * grown * near

        return stage.warped(warp)

    return draw


def melt(stage: Stage) -> Draw:
    """It runs down in drips of unequal length and ends as a puddle."""
    knots = np.linspace(-2.4, 2.4, 40)
    runs = 0.35 + 0.65 * stage.chance.random(knots.size)

    def draw(part: float) -> Planes:
        grown = stage.growth(part)

        def warp(x: Floats, y: Floats) -> tuple[Floats, Floats]:
            near = np.clip(1.25 - np.abs(x) ** 3 * 0.6, 0, 1)
            high = np.clip((y + 1) / 2, 0, 1)
            run = (0.62 + (np.interp(x, knots, runs) - 0.62) * np.clip(high * 1.8 - 0.5, 0, 1)) * near * grown
            slack = 1.15 * run * high * np.clip(1.5 - high, 0, 1)
            sway = 0.05 * grown * np.sin(y * 5 + x * 3) * near
            return x * (1 - 0.32 * grown * near * high**4) + sway, y - slack

        return stage.warped(warp)

    return draw


def icecream(stage: Stage) -> Draw:
    """It is swirled like soft ice, in the colours of a parlour, with sprinkles."""
    colours: tuple[RGB, ...] = ((240, 96, 136), (92, 190, 226), (250, 196, 76), (150, 120, 224), (110, 200, 140))
    sprinkles = Drift(stage, [spun(confetti(30 * stage.unit, each), steps=16) for each in colours], count=30)

    waffle = Sprite.of(cone(300 * stage.unit))

    def draw(part: float) -> Planes:
        grown = stage.growth(part)

        def warp(x: Floats, y: Floats) -> tuple[Floats, Floats]:
            y = y + 0.14 * grown * hill(x, 1.2)
            far = np.hypot(x, y)
            angle = 3.1 * grown * hill(far, 1.15)
            sine, cosine = np.sin(angle), np.cos(angle)
            fold = 1 + 0.08 * grown * np.sin(far * 11 - 4 * grown) * hill(far, 1.15)
            return (x * cosine - y * sine) * fold, (x * sine + y * cosine) * fold

        swirled = tinted(
            stage.warped(warp), lift=22 * grown, gain=1 - 0.06 * grown, v=7 * grown, colour=1 - 0.12 * grown
        )
        waffle.lay_on(swirled, stage.width / 2, stage.height + (150 - 235 * grown) * stage.unit)
        sprinkles.lay_on(swirled, part)
        return swirled

    return draw


def rotation(stage: Stage) -> Draw:
    """The picture turns like a card in the air, before itself out of focus."""
    backdrop = tinted(softened(stage.picture, share=min(stage.size) // 7), gain=0.55)
    corner = 0.06 * min(stage.size)
    mask = Image.new("L", stage.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((1, 1, stage.width - 2, stage.height - 2), radius=corner, fill=255)
    half = mask.resize(stage.picture.u.size, Image.Resampling.BOX)
    back = tinted(_mirrored(stage.picture), gain=0.92)

    def draw(part: float) -> Planes:
        angle = TAU * (stage.turns * part if stage.looped else max(1, stage.turns // 2) * ease(part))
        shrunk = 1 - 0.2 * (1.0 if stage.looped else ease(part / 0.12) * ease((1 - part) / 0.12))
        if shrunk > 0.995:
            return copied(stage.picture)
        face = stage.picture if math.cos(angle) >= 0 else back
        quad = _card(stage, angle, shrunk)
        canvas = copied(backdrop)
        shade = 0.7 + 0.3 * abs(math.cos(angle))
        lit = tinted(face, gain=shade)
        _lay_card(lit, half, canvas, quad)
        return canvas

    return draw


def dissolve(stage: Stage) -> Draw:
    """It turns to dust from one side, and the wind takes the dust."""
    empty = behind(stage)
    width, height = stage.size
    coarse = stage.chance.random((max(6, round(height / (14 * stage.unit))), max(6, round(width / (14 * stage.unit)))))
    noise = np.asarray(Image.fromarray((coarse * 255).astype(np.uint8)).resize(stage.size, Image.Resampling.BILINEAR))
    sweep = np.linspace(1, 0, width)[None, :]
    when = np.clip(sweep * 0.72 + noise / 255 * 0.28, 0, 1)
    """When each pixel goes: the right side first."""
    order = Image.fromarray((when * 254).astype(np.uint8))
    half_order = order.resize(stage.picture.u.size, Image.Resampling.BOX)
    dust = _dust(stage, when)

    def draw(part: float) -> Planes:
        gone = stage.growth(part) * (0.7 if stage.looped else 1.12)
        steps = [min(255, max(0, round((step / 255 - gone) * 14 * 255 + 255))) for step in range(256)]
        canvas = copied(empty)
        canvas.y.paste(stage.picture.y, (0, 0), order.point(steps))
        half = half_order.point(steps)
        canvas.u.paste(stage.picture.u, (0, 0), half)
        canvas.v.paste(stage.picture.v, (0, 0), half)
        for speck in dust:
            speck.lay_on(canvas, gone - speck.starts)
        return canvas

    return draw


# One person or animal ------------------------------------------------------------------------------------------------


def flying(stage: Stage) -> Draw:
    """It leaves the ground and floats up and away among clouds."""
    empty = behind(stage)
    cut = cut_out(stage, empty)
    puffs = Drift(stage, [[Sprite.of(cloud(side * stage.unit))] for side in (220, 330, 270)], count=5)
    near = Drift(stage, [[Sprite.of(cloud(400 * stage.unit))]], count=2)

    def draw(part: float) -> Planes:
        grown = stage.growth(part)
        canvas = tinted(empty.mixed(stage.picture, 1 - ease(grown / 0.1)), lift=10 * grown, u=6 * grown, v=-4 * grown)
        puffs.lay_on(canvas, part)
        float_x, float_y = stage.beat(part, times=0.5 if not stage.looped else 1), stage.beat(part, shift=0.25)
        flown = cut.zoomed(1 - 0.24 * grown)
        x = stage.width / 2 + 46 * stage.unit * float_x * grown + 40 * stage.unit * grown
        y = stage.height * (0.5 - 0.17 * grown) + 16 * stage.unit * float_y * grown
        flown.lay_on(canvas, x, y)
        near.lay_on(canvas, part)
        return canvas

    return draw


# The tools of the above ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Speck:
    """A piece of the picture in the wind."""

    sprite: Sprite
    x: float
    y: float
    starts: float
    wind: float
    lift: float

    def lay_on(self, canvas: Planes, age: float) -> None:
        """Draw it; it has not left its place while its age is below 0."""
        if 0 < age < 0.42:
            blown = age / 0.42
            x, y = self.x + self.wind * blown, self.y - self.lift * blown**1.6
            self.sprite.lay_on(canvas, x, y, opacity=1 - blown**2)


def _dust(stage: Stage, when: Floats) -> list[_Speck]:
    specks, chance = [], stage.chance
    side = max(4, round(11 * stage.unit)) // 2 * 2
    round_ = Pen(side).disc((50, 50), 48, (255, 255, 255)).image().getchannel("A")
    for _ in range(260):
        x = int(chance.integers(0, stage.width - side) // 2 * 2)
        y = int(chance.normal(0.5, 0.22) % 0.98 * (stage.height - side)) // 2 * 2
        piece = stage.picture.window(x, y, size=(side, side))
        mask = round_.resize((side, side))
        sprite = Sprite(piece, mask, mask.resize((side // 2, side // 2), Image.Resampling.BOX))
        starts = float(when[min(y, stage.height - 1), x]) - 0.03
        wind, lift = chance.uniform(110, 300) * stage.unit, chance.uniform(20, 170) * stage.unit
        specks.append(_Speck(sprite, x + side / 2, y + side / 2, starts, wind, lift))
    return specks


def _mirrored(planes: Planes) -> Planes:
    flip = Image.Transpose.FLIP_LEFT_RIGHT
    return Planes(planes.y.transpose(flip), planes.u.transpose(flip), planes.v.transpose(flip))


def _card(stage: Stage, angle: float, zoom: float) -> list[tuple[float, float]]:
    """Corners of the card on the frame: top left, bottom left, bottom right, top right, seen from the front."""
    wide, high = stage.width / 2 * zoom, stage.height / 2 * zoom
    corners = []
    for way_x, way_y in ((-1, -1), (-1, 1), (1, 1), (1, -1)):
        x, depth = (
            way_x * wide * abs(math.cos(angle)),
            way_x * wide * math.sin(angle) * math.copysign(1, math.cos(angle)),
        )
        nearness = 1 / (1 - depth / (4.2 * max(stage.size)))
        corners.append((stage.width / 2 + x * nearness, stage.height / 2 + way_y * high * nearness))
    return corners


def _lay_card(card: Planes, half_mask: Image.Image, canvas: Planes, quad: list[tuple[float, float]]) -> None:
    """Lay a card on a canvas of its size so that its corners fall on those of `quad`."""
    half = [(x / 2, y / 2) for x, y in quad]
    left, right = math.floor(min(x for x, _ in half)), math.ceil(max(x for x, _ in half))
    top, bottom = math.floor(min(y for _, y in half)), math.ceil(max(y for _, y in half))
    if right - left < 2:
        return
    size = (right - left, bottom - top)
    placed = [(x - left, y - top) for x, y in half]
    mask = _tilted(half_mask, placed, size=size)
    for plane, onto in ((card.u, canvas.u), (card.v, canvas.v)):
        onto.paste(_tilted(plane, placed, size=size), (left, top), mask)
    double = (size[0] * 2, size[1] * 2)
    luma = _tilted(card.y, [(x * 2, y * 2) for x, y in placed], size=double)
    canvas.y.paste(luma, (left * 2, top * 2), mask.resize(double, Image.Resampling.BILINEAR))


def _tilted(flat: Image.Image, quad: list[tuple[float, float]], *, size: tuple[int, int]) -> Image.Image:
    """A plane in perspective: its corners at those of `quad`, top left first, then downwards and round."""
    rows, values = [], []
    wide, high = flat.size
    for (x, y), (u, v) in zip(quad, ((0, 0), (0, high), (wide, high), (wide, 0)), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved = np.linalg.solve(np.array(rows, float), np.array(values, float)).tolist()
    return flat.transform(size, Image.Transform.PERSPECTIVE, solved, Image.Resampling.BILINEAR)
