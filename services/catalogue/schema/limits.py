"""What a file or a freely chosen size must be. Pixels, seconds and bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar, Literal

MB = 1024 * 1024


MediaKind = Literal["image", "audio", "video"]
"""What a file is, as the first half of its MIME type."""

KIND_NAMES: Mapping[MediaKind, tuple[str, str]] = {
    "image": ("picture", "pictures"),
    "video": ("clip", "clips"),
    "audio": ("sound", "sounds"),
}
"""What a kind of file is called, one and several."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The vendor's page a fact was read from, and the day it was read."""

    page: str
    url: str
    checked: date


class Side(StrEnum):
    """Whose limit is asked for: the studio's own, which may be narrower, or the vendor's."""

    OURS = "ours"
    VENDOR = "vendor"


@dataclass(frozen=True, kw_only=True)
class ImageLimit:
    """What a picture must be."""

    kind: ClassVar[MediaKind] = "image"

    formats: tuple[str, ...]
    """Pillow's names of the formats, for example JPEG."""
    min_side: int
    max_side: int
    max_bytes: int
    alpha: bool = False
    """Whether a transparent picture is taken."""
    longest_ratio: float | None = None
    """How many times its shorter side the longer one may be, where the vendor says so."""


@dataclass(frozen=True, kw_only=True)
class AudioLimit:
    """What a sound track must be."""

    kind: ClassVar[MediaKind] = "audio"

    formats: tuple[str, ...]
    """WAV or MP3, by what the file holds and not by its name."""
    min_seconds: float
    max_seconds: float
    max_bytes: int


@dataclass(frozen=True, kw_only=True)
class VideoLimit:
    """What a clip must be. A side, a rate or a ratio is None where the vendor sets no limit."""

    kind: ClassVar[MediaKind] = "video"

    formats: tuple[str, ...]
    """MP4, MOV or AVI, by what the file holds and not by its name."""
    min_seconds: float
    max_seconds: float
    max_bytes: int
    min_side: int | None = None
    max_side: int | None = None
    min_fps: float | None = None
    max_fps: float | None = None
    longest_ratio: float | None = None


MediaLimit = ImageLimit | AudioLimit | VideoLimit


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a freely chosen output size must be. A side is None where only the area counts."""

    min_pixels: int
    max_pixels: int
    longest_ratio: float
    """How many times its shorter side the longer one may be."""
    min_side: int | None = None
    max_side: int | None = None
