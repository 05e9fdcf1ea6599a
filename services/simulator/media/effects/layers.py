"""The parts that effects are made of: bend, tint, move, lay something over the picture, let things fall through it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from services.simulator.media.effects.shapes import Sprite, Thing, poses_of
from services.simulator.media.effects.stage import TAU, Layer, Moment, Part, Stage, ease, tinted
from services.simulator.media.effects.warps import Bending
from services.simulator.media.planes import Planes

Sheet = Callable[[Stage], Image.Image]
"""Draws something in the size that it has on a stage."""
Pair = tuple[float, float]


def sized(thing: Thing, units: float) -> Sheet:
    """Draw a thing, so many units wide."""
    return lambda stage: thing(units * stage.unit)


def warp(bending: Bending, **much: float) -> Part:
    """Bend the picture."""
    return lambda stage: lambda canvas, now: stage.bend(canvas, lambda x, y: bending(x, y, now, **much))


def tint(*, gain: float = 0, lift: float = 0, u: float = 0, v: float = 0, colour: float = 0) -> Part:
    """Change light and colour by so much, as `tinted` does."""
    full = {"gain": gain, "lift": lift, "u": u, "v": v, "colour": colour}
    return lambda _stage: lambda canvas, now: tinted(canvas, **{name: by * now.entered for name, by in full.items()})


def nearer(_stage: Stage) -> Layer:
    """Let the camera come a little nearer."""
    return lambda canvas, now: _zoomed(canvas, 1 + 0.05 * now.grown)


def laid(  # noqa: PLR0913 - one keyword for each way in which a thing can move
    sheet: Sheet, at: Pair = (0.5, 0.5), *, enter: Pair = (0, 0), swing: Pair = (0, 0), orbit: Pair = (0, 0),
    times: float = 1, phase: float = 0, spin: float = 0, round_: bool = True, beat: float = 0,
    opacity: float = 1, hidden: bool = False,
) -> Part:  # fmt: skip
    """Lay something over the picture, its middle at a part of the frame.

    It comes in from `enter` (parts of the frame), swings by `swing` (units), swells by `beat`, turns by `spin` degrees
    (there and back unless `round_`), or goes round in `orbit` (parts of the frame; while it is behind, `hidden`).
    """

    def begin(stage: Stage) -> Layer:
        kind, reach = ("spin", spin) if spin else ("swell", beat)
        poses = poses_of(sheet(stage), kind if reach else "still", reach=reach)

        def layer(canvas: Planes, now: Moment) -> Planes:
            along = TAU * (now.turns * times * now.part + phase)
            shown = opacity * now.entered * (ease(math.cos(along) + 1) if hidden else 1)
            wave, out = math.sin(along), 1 - now.entered
            x = stage.size[0] * (at[0] + out * enter[0] + orbit[0] * wave) + swing[0] * stage.unit * wave
            y = stage.size[1] * (at[1] + out * enter[1] + orbit[1] * math.cos(along)) + swing[1] * stage.unit * wave
            step = (now.turns * times * now.part + phase) % 1 if round_ else (1 + wave) / 2
            poses[int(step * 0.999 * len(poses))].lay_on(canvas, x, y, opacity=shown)
            return canvas

        return layer

    return begin


def falling(*things: Thing, sides: Sequence[float], count: int, up: bool = False, pose: str = "spin") -> Part:
    """Let things fall through the picture, or rise, again and again; each turns and sways in its own time."""

    def begin(stage: Stage) -> Layer:
        kinds = [poses_of(thing(side * stage.unit), pose) for side in sides for thing in things]
        chance, (width, height) = stage.chance, stage.size
        margin = max(each.mask.height for kind in kinds for each in kind) / 2
        shift = chance.random()
        fallen = [
            (kinds[n % len(kinds)], (n + chance.uniform(0.2, 0.8)) / count * width, (n * 0.618 + shift) % 1,
             chance.uniform(-34, 34) * stage.unit, int(chance.choice((-1, 1, 2))))
            for n in range(count)
        ]  # fmt: skip

        def layer(canvas: Planes, now: Moment) -> Planes:
            for poses, left, phase, sway, spin in fallen:
                along = (phase + now.crossings * now.part) % 1
                y = -margin + (1 - along if up else along) * (height + 2 * margin)
                x = left + sway * math.sin(TAU * along)
                turned = (phase * 3 + spin * now.crossings * now.part) % 1
                poses[int(turned * len(poses))].lay_on(canvas, x, y, opacity=now.entered)
            return canvas

        return layer

    return begin


def card(stage: Stage) -> Layer:
    """Turn the picture like a card in the air, before itself out of focus."""
    small = _zoomed(stage.picture, 1, size=(stage.size[0] // 48 * 2 + 8, stage.size[1] // 48 * 2 + 8))
    backdrop = tinted(_zoomed(small, 1, size=stage.size), gain=-0.45)

    def layer(canvas: Planes, now: Moment) -> Planes:
        cosine = math.cos(TAU * (now.turns * now.part if stage.looped else round(now.turns / 2 + 0.5) * now.grown))
        shrunk = 1 - 0.2 * (1.0 if stage.looped else ease(now.part / 0.12))
        size = (max(2, round(stage.size[0] * shrunk * abs(cosine) / 2) * 2), round(stage.size[1] * shrunk / 2) * 2)
        face = _zoomed(canvas, 1, size=size)
        if cosine < 0:
            face = Planes(*(plane.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for plane in (face.y, face.u, face.v)))
        lit, ground = tinted(face, gain=0.3 * abs(cosine) - 0.3), backdrop.copied()
        Sprite.within(lit, Image.new("L", size, 255)).lay_on(ground, stage.size[0] / 2, stage.size[1] / 2)
        return ground if shrunk < 1 else canvas

    return layer


def dissolved(stage: Stage) -> Layer:
    """Let the picture turn to dust from one side, before itself in a mist."""
    width, height = stage.size
    coarse = Image.fromarray((stage.chance.random((48, 48)) * 70).astype(np.uint8)).resize(stage.size)
    sweep = Image.linear_gradient("L").rotate(90).resize(stage.size)
    order = ImageChops.add(sweep.point([step * 180 // 255 for step in range(256)]), coarse)
    mist = tinted(_zoomed(_zoomed(stage.picture, 1, size=(8, 8)), 1, size=stage.size), lift=18, colour=-0.5)

    def layer(canvas: Planes, now: Moment) -> Planes:
        gone = now.grown * (200 if stage.looped else 280) - 14
        mask = order.point([min(255, max(0, round((step - gone) * 18))) for step in range(256)])
        left = mist.copied()
        Sprite.within(canvas, mask).lay_on(left, width / 2, height / 2)
        return left

    return layer


def seen_by(eye: Sheet) -> Part:
    """Let the camera draw back until the picture is what an eye sees."""

    def begin(stage: Stage) -> Layer:
        ground = Sprite.of(eye(stage)).colour
        rest, wide = 0.2 * min(stage.size), 0.52 * math.hypot(*stage.size)

        def layer(canvas: Planes, now: Moment) -> Planes:
            radius = wide * (rest / wide) ** now.grown
            around = _zoomed(ground, radius / rest)
            part = min(1.0, 2.12 * radius / min(stage.size))
            seen = _zoomed(canvas, 1, size=(round(stage.size[0] * part / 2) * 2, round(stage.size[1] * part / 2) * 2))
            mask = Image.new("L", seen.y.size, 0)
            x, y = seen.y.width / 2, seen.y.height / 2
            ImageDraw.Draw(mask).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
            Sprite.within(seen, mask).lay_on(around, stage.size[0] / 2, stage.size[1] / 2)
            return around

        return layer

    return begin


def posed(stage: Stage) -> Layer:
    """Cut from pose to pose, each with the flash of a camera."""

    def layer(canvas: Planes, now: Moment) -> Planes:
        shots = min(now.part, 0.9999) * (2 if stage.looped else 1 + 2 * now.turns)
        closer = (1.0, 1.3, 1.14, 1.45)[(int(shots) + stage.looped) % 4] + 0.03 * (shots % 1)
        flash = math.exp(-(shots % 1) * 9) if shots >= 1 or stage.looped else 0.0
        return tinted(_zoomed(canvas, closer), lift=84 * flash - 12 * now.entered, colour=-0.6 * flash)

    return layer


def _zoomed(planes: Planes, zoom: float, *, size: Pair | None = None) -> Planes:
    """Cut out the middle of a picture, so many times nearer, in a size."""
    width, height = planes.y.size
    left, top = width * (1 - 1 / zoom) / 2, height * (1 - 1 / zoom) / 2
    wide, high = size or planes.y.size
    return planes.zoomed((left, top, width - left, height - top), size=(int(wide), int(high)))
