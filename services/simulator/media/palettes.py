"""Colours and moods. The same words and seed always give the same ones."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from services.simulator.media.artist import Clip

RGB = tuple[int, int, int]


class Place(StrEnum):
    """The subject of a drawn scene."""

    HILLS = "hills"
    SEA = "sea"
    CITY = "city"
    FOREST = "forest"
    DUNES = "dunes"


class Weather(StrEnum):
    """The specks that fall or drift through a scene."""

    CLEAR = "clear"
    SNOW = "snow"
    RAIN = "rain"
    LIGHTS = "lights"


@dataclass(frozen=True)
class Palette:
    """A sky from top to horizon, the sun or moon, and the farthest and the nearest land."""

    top: RGB
    middle: RGB
    horizon: RGB
    light: RGB
    far: RGB
    near: RGB
    night: bool = False


PALETTES = (
    Palette((36, 52, 92), (168, 112, 132), (250, 190, 140), (255, 236, 200), (178, 128, 138), (38, 34, 58)),
    Palette((58, 120, 160), (142, 190, 200), (244, 232, 204), (255, 250, 230), (134, 172, 180), (28, 62, 74)),
    Palette((48, 40, 92), (190, 88, 120), (255, 168, 104), (255, 222, 168), (168, 84, 120), (40, 20, 52)),
    Palette((92, 132, 148), (190, 206, 200), (240, 226, 210), (255, 248, 236), (162, 180, 178), (52, 70, 70)),
    Palette((104, 70, 70), (214, 142, 98), (252, 214, 150), (255, 244, 208), (196, 132, 98), (66, 36, 36)),
    Palette((30, 78, 84), (96, 158, 142), (226, 222, 168), (255, 250, 214), (94, 144, 132), (14, 42, 44)),
    Palette((8, 14, 34), (26, 42, 78), (84, 92, 132), (238, 240, 255), (44, 56, 92), (6, 9, 20), night=True),
    Palette((14, 10, 36), (58, 30, 84), (168, 74, 122), (255, 226, 240), (78, 42, 96), (10, 7, 22), night=True),
    Palette((4, 22, 32), (10, 58, 70), (62, 122, 118), (228, 250, 240), (22, 68, 74), (3, 12, 18), night=True),
    Palette((18, 18, 28), (50, 46, 62), (158, 116, 92), (255, 232, 196), (66, 58, 68), (10, 10, 16), night=True),
)

_NIGHT = re.compile(r"night|midnight|neon|moon|star|lantern|dark|夜|星|月", re.IGNORECASE)
_DAY = re.compile(r"sunset|sunrise|dawn|\bday|morning|noon|sunny|golden hour|日|晨", re.IGNORECASE)
_PLACES = (
    (Place.SEA, re.compile(r"\bsea\b|ocean|boat|ship|lighthouse|water|lake|beach|wave|harbou?r|海|湖|船|浪", re.I)),
    (Place.CITY, re.compile(r"city|street|neon|\bbus\b|\bcar\b|taxi|train|tower|office|城|街|楼|霓", re.I)),
    (Place.FOREST, re.compile(r"forest|tree|wood|fox|deer|bear|wolf|owl|森|林|狐|鹿", re.I)),
    (Place.DUNES, re.compile(r"desert|dune|sand|camel|mars|沙", re.I)),
    (Place.HILLS, re.compile(r"mountain|hill|valley|meadow|field|山|谷|田", re.I)),
)
_WEATHERS = (
    (Weather.SNOW, re.compile(r"snow|winter|\bice\b|frost|雪|冬", re.I)),
    (Weather.RAIN, re.compile(r"\brain|storm|drizzle|雨", re.I)),
    (Weather.LIGHTS, re.compile(r"firefl|magic|fairy|dream|spark|萤|梦", re.I)),
)


def chance_of(clip: Clip, purpose: str) -> np.random.Generator:
    """Return a random generator seeded by the clip: the same for the same words and seed."""
    digest = hashlib.sha256(f"{clip.prompt}\0{clip.seed}\0{purpose}".encode("utf-8", "replace")).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def palette_of(clip: Clip) -> Palette:
    """Return the colours of a clip."""
    night, day = _NIGHT.search(clip.prompt), _DAY.search(clip.prompt)
    wanted = [p for p in PALETTES if p.night == bool(night)] if night or day else list(PALETTES)
    return wanted[chance_of(clip, "palette").integers(len(wanted))]


def place_of(clip: Clip) -> Place:
    """Return the place that the words name, or a random one."""
    for place, words in _PLACES:
        if words.search(clip.prompt):
            return place
    return list(Place)[chance_of(clip, "place").integers(len(Place))]


def weather_of(clip: Clip) -> Weather:
    """Return the weather that the words name, or CLEAR."""
    return next((weather for weather, words in _WEATHERS if words.search(clip.prompt)), Weather.CLEAR)
