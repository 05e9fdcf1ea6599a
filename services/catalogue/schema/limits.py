"""Limits of a file or a free size. Pixels, seconds and bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar, Literal

MB = 1024 * 1024


MediaKind = Literal["image", "audio", "video"]
"""The kind of a file, as the first half of its MIME type."""

KIND_NAMES: Mapping[MediaKind, tuple[str, str]] = {
    "image": ("picture", "pictures"),
    "video": ("clip", "clips"),
    "audio": ("sound", "sounds"),
}
"""The names of each kind of file, singular and plural."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The vendor's page that documents a fact, and the date it was checked."""

    page: str
    url: str
    checked: date


class Side(StrEnum):
    """The owner of a limit: the studio, with a possibly narrower one, or the vendor."""

    OURS = "ours"
    VENDOR = "vendor"


@dataclass(frozen=True, kw_only=True)
class ImageLimit:
    """Limits of a picture."""

    kind: ClassVar[MediaKind] = "image"

    formats: tuple[str, ...]
    """Pillow's names of the formats, for example JPEG."""
    min_side: int
    max_side: int
    max_bytes: int
    alpha: bool = False
    """Whether a transparent picture is accepted."""
    longest_ratio: float | None = None
    """The maximum ratio of the longer to the shorter side, or None if the vendor documents none."""


@dataclass(frozen=True, kw_only=True)
class AudioLimit:
    """Limits of a sound track."""

    kind: ClassVar[MediaKind] = "audio"

    formats: tuple[str, ...]
    """WAV or MP3, by the file's contents and not by its name."""
    min_seconds: float
    max_seconds: float
    max_bytes: int


@dataclass(frozen=True, kw_only=True)
class VideoLimit:
    """Limits of a clip. A side, a rate or a ratio is None if the vendor sets no limit."""

    kind: ClassVar[MediaKind] = "video"

    formats: tuple[str, ...]
    """MP4, MOV or AVI, by the file's contents and not by its name."""
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
    """Limits of a free output size. A side is None if only the area counts."""

    min_pixels: int
    max_pixels: int
    longest_ratio: float
    """The maximum ratio of the longer to the shorter side."""
    min_side: int | None = None
    max_side: int | None = None
