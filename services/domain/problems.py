"""Problems with values, and possible repairs. Shared terms: no knowledge of any field, file or page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PRICE = "price"
"""The `field` of a problem with the price."""
COPIES = "copies"
"""The `field` of a problem with the number of copies."""


class Repair(StrEnum):
    """One way to make a file, or text, fit."""

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
    CHEAPER = "cheaper"
    FEWER = "fewer"


@dataclass(frozen=True, kw_only=True)
class Change:
    """Other choices that would be valid: a model, and the values to change."""

    model: str
    values: Mapping[str, str | int | float | bool] = field(default_factory=dict[str, str | int | float | bool])
    copies: int | None = None
    """The number of copies, or None to keep the number."""


@dataclass(frozen=True)
class Fix:
    """An offered repair: the repair, and the label of its button."""

    repair: Repair
    label: str
    change: Change | None = None
    """The choice to make instead, if no given file or text is repaired."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a value is not valid, and how to repair it. `advice` is shown but refuses nothing."""

    field: str
    """The name of a field, or `model`, `region`, `price` (its cost) or `copies` (the number requested)."""
    message: str
    fix: Fix | None = None
    advice: bool = False
    item: int | None = None
    """The index of the file in a list, counted from 0."""
