"""File names and numbers as they appear in sentences. Plain text: the code that shows it must escape it."""

from __future__ import annotations

import math
import unicodedata

from services.catalogue.schema import MB

NAME_CHARS = 48
_JOINERS = "\u200c\u200d"
"""Hold one emoji or one word together: the invisible characters that may stay."""


def plain_name(name: str) -> str:
    """Return the name on one line, without characters that hide or reverse text, and shortened in the middle."""
    visible = "".join(_shown(char) for char in name)
    line = " ".join(visible.split()) or "This file"
    if len(line) <= NAME_CHARS:
        return line
    ending = 12
    return f"{line[: NAME_CHARS - ending - 1].rstrip()}…{line[-ending:].lstrip()}"


def _shown(char: str) -> str:
    match unicodedata.category(char):
        case "Cf":
            return char if char in _JOINERS else ""
        case "Cc" | "Cs" | "Co" | "Zl" | "Zp":
            # Cs: half a character, which is how Python spells a name that is not UTF-8; it cannot be sent as text.
            return " "
        case _:
            return char


def a(word: str) -> str:
    """Return a format with its article, as it is spoken: an AVI, an MP4, but a MOV, a FLAC."""
    spelled = word.startswith("M") and word != "MOV"
    return f"{'an' if spelled or word[:1] in 'AEIO' else 'a'} {word}"


def sides(width: int, height: int) -> str:
    """Format a size in pixels: "1920 × 1080"."""
    return f"{width} × {height}"


def too_long(name: str, found: tuple[int, int], *, longest_ratio: float) -> str:
    """Return the sentence for a shape whose sides, in pixels, are too far apart."""
    return (
        f"{plain_name(name)} is {sides(*found)} px. "
        f"The longer side must be at most {longest_ratio:g} times the shorter one."
    )


def megabytes(count: int, *, up: bool = True) -> str:
    """Format a file size. Round up if it is too large and down if it is a limit, so no sentence is ever absurd."""
    if count < MB // 10:
        return f"{_tenths(count / 1024, up=up)} kB"
    return f"{_tenths(count / MB, up=up)} MB"


def _tenths(value: float, *, up: bool) -> str:
    rounded = (math.ceil if up else math.floor)(round(value * 10, 6)) / 10
    return f"{rounded:g}" if rounded < 1000 else f"{rounded:,.0f}"


def seconds(value: float, *, up: bool | None = None) -> str:
    """Format a length: "30 s", "3.5 s", "29.96 s". `up` gives the direction of rounding beside a limit."""
    cents = round(value * 100, 6)
    rounded = round(cents) if up is None else (math.ceil if up else math.floor)(cents)
    return f"{rounded / 100:g} s" if rounded < 100_000 else f"{rounded // 100:,} s"


def listed(items: tuple[str, ...]) -> str:
    """Join items into a list in words: "JPEG, PNG or WEBP"."""
    return " or ".join(filter(None, (", ".join(items[:-1]), items[-1])))
