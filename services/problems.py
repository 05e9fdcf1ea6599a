"""Why a value will not do, and how it could be repaired. Words for everybody: it knows no field, file or page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Repair(StrEnum):
    """One way a file, or words, can be made to fit."""

    RESIZE = "resize"
    CROP = "crop"
    MATCH = "match"
    FLATTEN = "flatten"
    ROTATE = "rotate"
    CONVERT = "convert"
    STILL = "still"
    COMPRESS = "compress"
    TRIM = "trim"
    PAD = "pad"
    CUT = "cut"


@dataclass(frozen=True)
class Fix:
    """An offer to repair: what would be done, and how the button says it."""

    repair: Repair
    label: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a value will not do, and how it could be repaired. `advice` is said but refuses nothing."""

    field: str
    message: str
    fix: Fix | None = None
    advice: bool = False
    item: int | None = None
    """Which file of a list it is about, counted from 0."""
