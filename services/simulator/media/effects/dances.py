"""Five dances: each sways, bounces or leaps in its own way, rhythm and colour."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from services.simulator.media.effects.shapes import note_of_music
from services.simulator.media.effects.sprites import Colour, Drift, Pen, Sprite, spun
from services.simulator.media.effects.stage import TAU, Draw, Floats, Stage, Warp, hill
from services.simulator.media.planes import Planes

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class _Steps:
    """A dance: how far each kind of movement goes, in short half sides, and how often in a turn."""

    colour: RGB
    pace: float = 1
    sway: float = 0
    """Leaning to both sides, feet on the ground."""
    bounce: float = 0
    """Down in the knees and up."""
    wave: float = 0
    """A wave that runs up the body."""
    twist: float = 0
    """Hips one way, shoulders the other."""
    jump: float = 0


_DANCES = (
    _Steps(colour=(250, 96, 130), sway=0.26, bounce=0.05),
    _Steps(colour=(76, 156, 246), pace=2, bounce=0.16),
    _Steps(colour=(140, 100, 236), wave=0.15, bounce=0.03),
    _Steps(colour=(246, 156, 50), twist=0.17, bounce=0.05),
    _Steps(colour=(52, 184, 140), jump=0.24, sway=0.12),
)


def dance(stage: Stage, *, number: int) -> Draw:
    """It dances, each of five dances with steps, a rhythm and a colour of its own; notes fly."""
    steps = _DANCES[number - 1]
    light = Sprite.of(_floor_light(stage, steps.colour))
    drawn = [note_of_music(side * stage.unit, steps.colour, pair=pair) for side, pair in ((92, False), (116, True))]
    notes = Drift(stage, [spun(each, steps=9, reach=40) for each in drawn], count=4 + number % 3, up=True)

    def draw(part: float) -> Planes:
        canvas = stage.warped(_dancing(stage, steps, part))
        glow = 0.5 + 0.32 * math.cos(2 * TAU * stage.turns * steps.pace * part)
        light.lay_on(canvas, stage.width / 2, stage.height * 0.94, opacity=glow * stage.entry(part))
        notes.lay_on(canvas, part)
        return canvas

    return draw


def _dancing(stage: Stage, steps: _Steps, part: float) -> Warp:
    side = stage.beat(part, times=steps.pace)
    down = (1 - math.cos(2 * TAU * stage.turns * steps.pace * part)) / 2 * stage.entry(part)
    time = TAU * stage.turns * steps.pace * part
    entry = stage.entry(part)

    def warp(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        window = np.exp(-((x / 0.85) ** 4))
        high = np.clip((0.95 - y) / 1.95, 0, 1)
        moved = steps.sway * side * high**1.3
        moved = moved + steps.wave * entry * np.sin(time - y * 3.4) * np.clip(high * 1.6, 0, 1)
        moved = moved + steps.twist * side * np.sin((y + 0.35) * 2.9) * np.clip(high * 3, 0, 1)
        knees = steps.bounce * down
        lifted = steps.jump * down * hill(np.hypot(x, y * 0.75), 1.5)
        return x - moved * window, y + (-knees * high + lifted) * window

    return warp


def _floor_light(stage: Stage, colour: Colour) -> Image.Image:
    pen = Pen(760 * stage.unit).oval((10, 42, 90, 58), (*colour[:3], 190))
    return pen.image(glow=5)
