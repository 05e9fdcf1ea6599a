"""Effects for two: they lean together, and hearts come of it."""

from __future__ import annotations

import math

import numpy as np

from services.simulator.media.effects.shapes import heart, heart_line, sparkle
from services.simulator.media.effects.sprites import Drift, Sprite, spun, swelling
from services.simulator.media.effects.stage import TAU, Draw, Floats, Stage, Warp, ease, tinted
from services.simulator.media.planes import Planes

_PINK = (244, 112, 146)
_RED = (226, 52, 84)


def hug(stage: Stage) -> Draw:
    """Both halves move close, and rock a little; small hearts rise."""
    drift = Drift(stage, [[Sprite.of(heart(side * stage.unit, colour))] for side, colour in ((48, _PINK), (66, _RED))],
                  count=9, up=True)  # fmt: skip

    def draw(part: float) -> Planes:
        close = stage.growth(part)
        rock = 0.045 * close * math.sin(TAU * stage.turns * part)
        warm = tinted(
            stage.warped(_together(0.15 * close, top=0.3, rock=rock)), lift=5 * close, v=8 * close, u=-6 * close
        )
        drift.lay_on(warm, part)
        return warm

    return draw


def kiss(stage: Stage) -> Draw:
    """The heads lean towards each other; a heart grows where they meet."""
    unit = stage.unit
    hearts = swelling(heart(192 * unit, _RED), [max(20, 12 * step) * unit for step in range(1, 17)])
    motes = [spun(sparkle(side * unit, (255, 226, 234)), steps=6, reach=90) for side in (50, 72)]
    drift = Drift(stage, motes, count=9, up=True)

    def draw(part: float) -> Planes:
        close = stage.growth(part)
        canvas = stage.warped(_together(0.19 * close, top=1.0, rock=0))
        canvas = tinted(canvas, gain=1 - 0.05 * close, v=9 * close, u=3 * close)
        drift.lay_on(canvas, part)
        grown = ease((close - 0.45) / 0.5) * (1 + 0.08 * math.sin(2 * TAU * stage.turns * part))
        size = hearts[min(len(hearts) - 1, max(0, round(grown * 13)))]
        size.lay_on(canvas, stage.width / 2, stage.height * 0.21 - 40 * unit * grown, opacity=ease(grown * 2))
        return canvas

    return draw


def heart_of_hearts(stage: Stage) -> Draw:
    """A string of small hearts draws a large one around both."""
    unit, count = stage.unit, 24
    reach = min(stage.size) * 0.46
    line = heart_line(reach=reach, middle=(stage.width / 2, stage.height * 0.5), steps=count * 8)
    knots = _evenly(line, count)
    sides = [side * unit for side in (20, 32, 44, 52, 60)]
    small = [swelling(heart(sides[-1], colour), sides) for colour in (_RED, _PINK)]
    tip = spun(sparkle(110 * unit, (255, 246, 210)), steps=6, reach=90)

    def draw(part: float) -> Planes:
        close = stage.growth(part)
        canvas = stage.warped(_together(0.1 * close, top=0.5, rock=0))
        drawn = (part / 0.6 if stage.looped else part / 0.55) * count
        leaving = ease((part - 0.86) / 0.14) if stage.looped else 0.0
        for number, (x, y) in enumerate(knots):
            age = drawn - number
            if age <= 0:
                continue
            beat = math.sin(TAU * (2 * stage.turns * part - number / count)) * 0.6
            size = round(min(3.0, age) + beat)
            small[number % 2][max(0, min(4, size))].lay_on(canvas, x, y, opacity=1 - leaving)
        if 0 < drawn < count:
            tip[int(part * 60) % 6].lay_on(canvas, *knots[int(drawn)])
        return canvas

    return draw


def _together(near: float, *, top: float, rock: float) -> Warp:
    """Both halves moved to the middle by `near`; `top`, 0 to 1, is how much more the heads do than the feet."""

    def warp(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        high = np.clip((0.95 - y) / 1.7, 0, 1)
        much = near * (1 - top + top * high**1.2 * 1.15)
        window = np.clip(1.25 - np.abs(x), 0, 1)
        return x + much * np.tanh(x / 0.09) * window - rock * high, y

    return warp


def _evenly(line: list[tuple[float, float]], count: int) -> list[tuple[float, float]]:
    """Points at equal distances along a line."""
    points = np.array(line)
    walked = np.concatenate(([0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
    stops = np.linspace(0, walked[-1], count, endpoint=False)
    return list(
        zip(
            np.interp(stops, walked, points[:, 0]).tolist(),
            np.interp(stops, walked, points[:, 1]).tolist(),
            strict=True,
        )
    )
