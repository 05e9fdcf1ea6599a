"""Why a value will not do, and how it could be repaired. Words for everybody: it knows no field, file or page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PRICE = "price"
"""The `field` of a problem that is about what something costs."""
COPIES = "copies"
"""The `field` of a problem that is about how many are asked for."""


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
    CHEAPER = "cheaper"
    FEWER = "fewer"


@dataclass(frozen=True, kw_only=True)
class Change:
    """Other choices that would do: a model, and the values that are to be different."""

    model: str
    values: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    copies: int | None = None
    """How many of it; None for as many as there were."""


@dataclass(frozen=True)
class Fix:
    """An offer to repair: what would be done, and how the button says it."""

    repair: Repair
    label: str
    change: Change | None = None
    """What to choose instead, where nothing given is repaired."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a value will not do, and how it could be repaired. `advice` is said but refuses nothing."""

    field: str
    """The name of a field; `model` and `region` for where it goes, `price` for what it costs, `copies` for how
    many are asked for."""
    message: str
    fix: Fix | None = None
    advice: bool = False
    item: int | None = None
    """Which file of a list it is about, counted from 0."""
