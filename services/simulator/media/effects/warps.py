"""The ways in which an effect bends the picture: for points of the frame, the points of the picture seen there."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from services.simulator.media.effects.stage import TAU, Floats, Moment, ease, hill

Points = tuple[Floats, Floats]
Bending = Callable[..., Points]
"""A way to bend: takes points and a moment. Its keywords are how much."""


def squeeze(x: Floats, y: Floats, now: Moment, /, *, press: float = 0.75) -> Points:
    """Press it from both sides: it gives way upwards and wobbles."""
    wobble = (1 - math.cos(TAU * now.turns * now.part)) / 2 * (1 + 0.08 * now.wave(times=3))
    near = wobble * hill(np.hypot(x, y * 0.8), 1.3)
    return x * (1 + press * near), y * (1 - press / 3 * near) + 0.05 * near


def dent(x: Floats, y: Floats, now: Moment, /, *, at_x: float = 0.1, depth: float = 0.34) -> Points:
    """Push a dent into it, and let it tremble."""
    phase = now.turns * now.part % 1
    push, after = ease(phase / 0.22) * (1 - ease((phase - 0.3) / 0.16)), max(0.0, phase - 0.34)
    tremble = 0.11 * math.sin(after * 40) * math.exp(-after * 6.5) * ease(after / 0.04) * hill(np.hypot(x, y), 1.15)
    return x + depth * push * hill(np.hypot(x - at_x, y), 0.62) + tremble, y * (1 + 0.8 * tremble)


def swell(x: Floats, y: Floats, now: Moment, /, *, much: float = 0.62, lift: float = 0.16) -> Points:
    """Blow it up like a balloon that rises; with a negative `much` it shrinks."""
    near, swing = hill(np.hypot(x, y * 0.95), 1.3), 0.03 * now.grown * now.wave()
    puff = (much * now.grown + swing) * near
    return x * (1 - puff) - swing * near, y * (1 - puff) + lift * now.grown * near


def drip(x: Floats, y: Floats, now: Moment, /, *, far: float = 1.15) -> Points:
    """Let it run down in drips of unequal length."""
    runs = 0.35 + 0.65 * now.stage.grain
    near, high = np.clip(1.25 - np.abs(x) ** 3 * 0.6, 0, 1), np.clip((y + 1) / 2, 0, 1)
    long = np.interp(x, np.linspace(-2.4, 2.4, runs.size), runs)
    run = (0.62 + (long - 0.62) * np.clip(high * 1.8 - 0.5, 0, 1)) * near * now.grown
    x = x * (1 - 0.32 * now.grown * near * high**4) + 0.05 * now.grown * np.sin(y * 5 + x * 3) * near
    return x, y - far * run * high * np.clip(1.5 - high, 0, 1)


def swirl(x: Floats, y: Floats, now: Moment, /, *, angle: float = 3.1) -> Points:
    """Turn its middle like soft ice."""
    y = y + 0.14 * now.grown * hill(x, 1.2)
    turned = angle * now.grown * hill(np.hypot(x, y), 1.15)
    return x * np.cos(turned) - y * np.sin(turned), x * np.sin(turned) + y * np.cos(turned)


def ripple(x: Floats, y: Floats, now: Moment, /, *, much: float = 0.022) -> Points:
    """Show it through moving water."""
    wide, time = much * now.entered, TAU * now.turns * now.part
    return x + wide * np.sin(y * 6 + time), y + 0.7 * wide * np.sin(x * 5 + time)


def dance(  # noqa: PLR0913 - one number for each kind of movement
    x: Floats, y: Floats, now: Moment, /, *, pace: float = 1, sway: float = 0, bounce: float = 0, twist: float = 0,
    jump: float = 0,
) -> Points:  # fmt: skip
    """Feet on the ground: lean to both sides, go down in the knees, twist, or jump."""
    side, down = now.wave(times=pace) * now.entered, (1 - now.wave(times=2 * pace, shift=0.25)) / 2 * now.entered
    window, high = np.exp(-((x / 0.85) ** 4)), np.clip((0.95 - y) / 1.95, 0, 1)
    moved = sway * side * high**1.3 + twist * side * np.sin((y + 0.35) * 2.9) * np.clip(high * 3, 0, 1)
    lifted = jump * down * hill(np.hypot(x, y * 0.75), 1.5) - bounce * down * high
    return x - moved * window, y + lifted * window


def together(x: Floats, y: Floats, now: Moment, /, *, near: float = 0.15, top: float = 0.3, rock: float = 0) -> Points:
    """Bring both halves close; `top`, 0 to 1, is how much more the heads move than the feet."""
    high = np.clip((0.95 - y) / 1.7, 0, 1)
    much = near * now.grown * (1 - top + top * 1.15 * high**1.2) * np.clip(1.25 - np.abs(x), 0, 1)
    return x + much * np.tanh(x / 0.09) - rock * now.grown * now.wave() * high, y
