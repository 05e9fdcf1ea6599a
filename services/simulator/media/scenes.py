"""Drawn scenes for clips made from a prompt: a sky, a light, land at several depths, and the weather.

Everything is drawn once, wider than the frame. The camera then travels along it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from services.simulator.media.artist import Clip
from services.simulator.media.palettes import RGB, Palette, Place, Weather, chance_of, palette_of, place_of, weather_of
from services.simulator.media.planes import Fall, Layer, Planes, Stack

Heights = NDArray[np.float64]

_HORIZON = 0.66
"""Height of the horizon below the top, in frame heights."""
_RISE = 0.05
"""How far the camera tilts during the clip, in frame heights."""


@dataclass(frozen=True)
class _Set:
    """The input of every painter."""

    clip: Clip
    palette: Palette
    chance: np.random.Generator
    frames: int
    unit: float
    """One 720th of the short side: a length that looks the same at every size."""

    def span(self, speed: float) -> int:
        """Return the width that a layer needs to travel through the whole clip, an even number."""
        return (self.clip.width + math.ceil(speed * self.frames) + 4) // 2 * 2

    def pace(self, speed: float) -> float:
        """Return a speed given for 720P, in whole or half pixels per frame. Other fractions would stutter."""
        return max(0.5, round(speed * self.unit * 2) / 2) if speed < 1 else max(1.0, round(speed * self.unit))


def paint_scene(clip: Clip) -> Iterator[Planes]:
    """Yield the frames of a clip that has only a prompt."""
    scene = _Set(
        clip=clip,
        palette=palette_of(clip),
        chance=chance_of(clip, "scene"),
        frames=clip.frames,
        unit=min(clip.width, clip.height) / 720,
    )
    rise = round(clip.height * _RISE)
    sky = Planes.of(_sky(scene, height=clip.height + rise + 2))
    stack = Stack((*_land(scene), *_weather(scene)))
    for number in range(scene.frames):
        part = number / max(1, scene.frames - 1)
        tilt = round(rise * (1 - part * part * (3 - 2 * part)))
        canvas = sky.window(0, tilt, size=(clip.width, clip.height))
        stack.lay_on(canvas, number)
        yield canvas


# The sky -------------------------------------------------------------------------------------------------------------


def _sky(scene: _Set, *, height: int) -> NDArray[np.uint8]:
    width, palette, chance = scene.clip.width, scene.palette, scene.chance
    down = np.linspace(0, 1 / (_HORIZON + 0.04), height).clip(0, 1)
    column = _mix(palette.top, palette.middle, _smooth(down / 0.55))
    column = _blend(column, np.array(palette.horizon, float), _smooth((down - 0.45) / 0.55)[:, None])
    picture = np.repeat(column[:, None, :], width, axis=1).astype(np.float32)
    rows, columns = np.ogrid[0:height, 0:width]
    centre_x, centre_y = width * chance.uniform(0.55, 0.82), height * chance.uniform(0.24, 0.46)
    distance = np.hypot(columns - centre_x, rows - centre_y).astype(np.float32)
    radius = scene.unit * chance.uniform(34, 58)
    if palette.night:
        _add_stars(picture, scene)
    picture += _clouds(scene, height)[..., None] * (np.array(palette.horizon, np.float32) - picture) * 0.55
    light = np.array(palette.light, np.float32)
    for reach, strength in ((radius * 9, 0.34), (radius * 3.2, 0.42)):
        glow = np.exp(-((distance / reach) ** 2)) * strength
        picture += glow[..., None] * (light - picture)
    disc = np.clip((radius - distance) / (1.6 * scene.unit) + 0.5, 0, 1)
    picture += disc[..., None] * (light - picture)
    picture += chance.normal(0, 1.1, (height, width, 1)).astype(np.float32)  # hides the banding of the gradient
    return picture.clip(0, 255).astype(np.uint8)


def _add_stars(picture: NDArray[np.float32], scene: _Set) -> None:
    height, width = picture.shape[:2]
    count = 260
    rows = (scene.chance.random(count) ** 1.6 * height * 0.62).astype(int)
    columns = (scene.chance.random(count) * (width - 2)).astype(int)
    size = max(1, round(scene.unit))
    for row, column, brightness in zip(rows, columns, scene.chance.random(count), strict=True):
        picture[row : row + size, column : column + size] += 170 * brightness**2 + 12


def _clouds(scene: _Set, height: int) -> NDArray[np.float32]:
    """Return the cloud cover, 0 to 1: long streaks, thicker towards the horizon."""
    width = scene.clip.width
    cover = np.zeros((height, width), np.float32)
    for octave, weight in ((3, 0.55), (7, 0.3), (16, 0.15)):
        coarse = scene.chance.random((octave * 3, octave + 2)).astype(np.float32)
        grown = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        cover += np.asarray(grown) * weight
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    return (_smooth((cover - 0.5) / 0.32) * np.clip(0.25 + down, 0, 0.9)).astype(np.float32)


# The land ------------------------------------------------------------------------------------------------------------


def _land(scene: _Set) -> list[Layer]:
    match place_of(scene.clip):
        case Place.SEA:
            return _sea(scene)
        case Place.CITY:
            return _ranges(scene, _skyline, depths=3)
        case Place.FOREST:
            return _ranges(scene, _treetops, depths=4)
        case Place.DUNES:
            return _ranges(scene, _dunes, depths=3)
        case Place.HILLS:
            return _ranges(scene, _ridge, depths=4)


def _ranges(scene: _Set, outline: Callable[[_Set, int, float], Heights], *, depths: int) -> list[Layer]:
    """Return outlines behind each other. The nearer ones are darker, lower and faster."""
    layers: list[Layer] = []
    for depth in range(depths):
        near = depth / (depths - 1)
        speed = scene.pace(0.5 + 2.5 * near**1.4)
        width = scene.span(speed)
        base = scene.clip.height * (_HORIZON - 0.07 + 0.24 * near)
        heights = base - outline(scene, width, near)
        layers.append(_filled(scene, heights, near=near, speed=speed, windows=outline is _skyline and depth > 0))
    return layers


def _filled(scene: _Set, heights: Heights, *, near: float, speed: float, windows: bool = False) -> Layer:
    """Return the land below an outline, in the haze of its distance."""
    top = max(0, int(heights.min()) - 2) // 2 * 2
    rows = np.arange(scene.clip.height - top, dtype=np.float32)[:, None]
    alpha = np.clip(rows - (heights[None, :] - top) + 0.5, 0, 1).astype(np.float32)
    body = _mix(scene.palette.far, scene.palette.near, np.array([near]))[0]
    haze = _blend(body, np.array(scene.palette.horizon, float), 0.42 * (1 - near) + 0.06)
    fall = _smooth(rows[:, 0] / max(1, len(rows)) * 1.15)
    column = _blend(body[None, :], haze[None, :], fall[:, None]) if near < 0.99 else np.repeat(body[None], len(rows), 0)
    rgb = np.repeat(column[:, None, :], len(heights), axis=1)
    if windows:
        _light_windows(scene, rgb, heights - top, near=near)
    return Layer.of(rgb.clip(0, 255).astype(np.uint8), alpha, top=top, speed=speed)


def _ridge(scene: _Set, width: int, near: float) -> Heights:
    """Return the heights of mountains: waves of many lengths, sharper in the distance."""
    across = np.arange(width) / (scene.unit * 720)
    heights = np.zeros(width)
    for octave in range(7):
        wave = np.sin(across * 2 * np.pi * (0.55 * 2**octave) + scene.chance.random() * 6.3)
        shape = 1 - 2 * np.abs(wave) if octave in (1, 2) else wave
        heights += shape / 1.95**octave
    return heights * scene.unit * (62 - 20 * near)


def _dunes(scene: _Set, width: int, near: float) -> Heights:
    across = np.arange(width) / (scene.unit * 720)
    phase = scene.chance.random(2) * 6.3
    slow = np.sin(across * 2.1 + phase[0]) + 0.5 * np.sin(across * 4.7 + phase[1])
    crest = np.abs(((across * 0.8 + phase[0]) % 2) - 1) ** 1.5
    return (slow * 30 + crest * 70) * scene.unit * (0.7 + 0.5 * near)


def _treetops(scene: _Set, width: int, near: float) -> Heights:
    """Return the heights of firs on rolling ground. The nearer ones are taller."""
    ground = _ridge(scene, width, near) * 0.35
    heights = ground.copy()
    columns = np.arange(width)
    at = 0.0
    while at < width:
        tall = scene.unit * (38 + 150 * near) * scene.chance.uniform(0.55, 1.25)
        broad = tall * scene.chance.uniform(0.17, 0.24)
        left, right = max(0, int(at - broad)), min(width, int(at + broad) + 1)
        if right > left:
            away = np.abs(columns[left:right] - at) / broad
            boughs = 0.055 * (1 - ((1 - away) * 7 % 1))
            profile = tall * np.clip(1 - away - boughs * (away > 0.06), 0, 1)
            foot = ground[min(int(at), width - 1)]
            heights[left:right] = np.maximum(heights[left:right], foot + profile)
        at += broad * scene.chance.uniform(0.5, 1.5)
    return heights


def _skyline(scene: _Set, width: int, near: float) -> Heights:
    heights = np.zeros(width)
    at = 0
    while at < width:
        broad = int(scene.unit * scene.chance.uniform(34, 78) * (0.7 + 0.7 * near))
        tall = scene.unit * scene.chance.uniform(40, 190) * (1.15 - 0.25 * near)
        heights[at : at + broad] = tall
        if scene.chance.random() < 0.3:
            mast = at + broad // 2
            heights[mast : mast + max(2, int(2 * scene.unit))] = tall + scene.unit * 34
        at += broad + int(scene.unit * scene.chance.uniform(0, 10))
    return heights


def _light_windows(scene: _Set, rgb: NDArray[np.float64], tops: Heights, *, near: float) -> None:
    """Draw the windows of the houses, some of them lit."""
    step_x, step_y = max(6, int(scene.unit * (9 + 7 * near))), max(8, int(scene.unit * (13 + 9 * near)))
    wide, high = max(2, step_x * 2 // 5), max(3, step_y * 2 // 5)
    warm = np.array((255, 206, 132)) if scene.palette.night else np.array(scene.palette.horizon)
    share = 0.34 if scene.palette.night else 0.16
    end = int(rgb.shape[0] - scene.clip.height * 0.2)  # none behind the words
    for column in range(step_x, rgb.shape[1] - step_x, step_x):
        for row in range(int(tops[column : column + wide].max()) + step_y, end, step_y):
            if scene.chance.random() < share:
                pane = rgb[row : row + high, column : column + wide]
                pane += (warm - pane) * scene.chance.uniform(0.25, 0.85)


def _sea(scene: _Set) -> list[Layer]:
    """Return far land, still water that reflects the sky, and bands of glitter that slide over each other."""
    clip, palette = scene.clip, scene.palette
    horizon = int(clip.height * _HORIZON) // 2 * 2
    slow = scene.pace(0.5)
    island = horizon - np.clip(_ridge(scene, scene.span(slow), 0.4) * 0.8, 0, None)
    layers = [_filled(scene, island, near=0.25, speed=slow)]
    depth = clip.height - horizon
    down = np.linspace(0, 1, depth)
    water = _blend(
        _mix(palette.horizon, palette.middle, _smooth(down / 0.35)),
        np.array(palette.near, float),
        _smooth((down - 0.15) / 0.85)[:, None] * 0.92,
    )
    still = np.repeat(water[:, None, :], clip.width, axis=1)
    layers.append(Layer.of(still.astype(np.uint8), np.ones((depth, clip.width)), top=horizon))
    for speed, strength in ((0.5, 0.55), (1.0, 0.5), (2.0, 0.4)):
        pace = scene.pace(speed)
        layers.append(_glitter(scene, width=scene.span(pace), top=horizon, speed=pace, strength=strength))
    return layers


def _glitter(scene: _Set, *, width: int, top: int, speed: float, strength: float) -> Layer:
    depth = scene.clip.height - top
    noise = scene.chance.standard_normal((max(2, int(depth / scene.unit / 3)), max(2, int(width / scene.unit / 26))))
    grown = Image.fromarray(noise.astype(np.float32)).resize((width, depth), Image.Resampling.BICUBIC)
    down = np.linspace(0, 1, depth)[:, None]
    alpha = _smooth((np.asarray(grown) - 0.75) / 0.9) * strength * (0.25 + 0.75 * (1 - down))
    colour = np.broadcast_to(np.array(scene.palette.light, np.uint8), (depth, width, 3))
    return Layer.of(colour, alpha, top=top, speed=speed)


# The weather ---------------------------------------------------------------------------------------------------------


def _weather(scene: _Set) -> list[Fall]:
    match weather_of(scene.clip):
        case Weather.CLEAR:
            return []
        case Weather.SNOW:
            return [_specks(scene, count=240, size=2.2, speed=1), _specks(scene, count=110, size=4.2, speed=3)]
        case Weather.RAIN:
            return [_streaks(scene)]
        case Weather.LIGHTS:
            return [_specks(scene, count=46, size=5.5, speed=-1)]


def _specks(scene: _Set, *, count: int, size: float, speed: float) -> Fall:
    width, height = scene.clip.width, scene.clip.height
    mask = np.zeros((height, width), np.uint8)
    side = max(2, round(size * scene.unit))
    for row, column, light in zip(
        scene.chance.integers(0, height - side, count),
        scene.chance.integers(0, width - side, count),
        scene.chance.uniform(90, 235, count),
        strict=True,
    ):
        mask[row : row + side, column : column + side] = light
    return _falling(scene, mask, blur=side * 0.38, speed=round(speed * max(1, scene.unit)))


def _streaks(scene: _Set) -> Fall:
    width, height = scene.clip.width, scene.clip.height
    mask = np.zeros((height, width), np.uint8)
    length = max(8, int(34 * scene.unit))
    for row, column, light in zip(
        scene.chance.integers(0, height, 330),
        scene.chance.integers(0, width, 330),
        scene.chance.uniform(26, 92, 330),
        strict=True,
    ):
        rows = (row + np.arange(length)) % height
        columns = np.clip(column - np.arange(length) // 7, 0, width - 1)
        mask[rows, columns] = light
    return _falling(scene, mask, blur=0.5 * scene.unit, speed=round(22 * scene.unit))


def _falling(scene: _Set, mask: NDArray[np.uint8], *, blur: float, speed: float) -> Fall:
    soft = Image.fromarray(mask).filter(ImageFilter.GaussianBlur(blur))
    return Fall(Image.fromarray(np.vstack([np.asarray(soft)] * 2)), speed)


# Colour --------------------------------------------------------------------------------------------------------------


def _smooth(part: NDArray[np.floating]) -> NDArray[np.floating]:
    kept = np.clip(part, 0, 1)
    return kept * kept * (3 - 2 * kept)


def _mix(one: RGB, other: RGB, part: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return colours between two, one for each fraction from 0 to 1."""
    return _blend(np.array(one, float)[None, :], np.array(other, float)[None, :], part[:, None])


def _blend(
    one: NDArray[np.floating], other: NDArray[np.floating], part: NDArray[np.floating] | float
) -> NDArray[np.float64]:
    return one + (other - one) * part
