"""Texts for numbers, files and clips on the page. Plain text: never render it as markup."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import assert_never

from services.catalogue.schema import MB, Model, Sound
from services.studio import AudioFacts, ImageFacts, MediaFacts, Unreadable, VideoFacts

_SIGNS = {"USD": "$", "CNY": "¥"}
_LONG_NAME = 32


def money(amount: Decimal, currency: str) -> str:
    """Format an amount with its currency, with two decimals or as many as the price list needs."""
    cents = amount.quantize(Decimal("0.01"))
    text = f"{cents:,}" if cents == amount else f"{amount.normalize():,f}"
    sign = _SIGNS.get(currency)
    return f"{sign}{text}" if sign else f"{text} {currency}"


def day_words(day: date) -> str:
    """Format a day for people: `22 Nov 2026`."""
    return f"{day.day} {day:%b %Y}"


def file_size(size: int) -> str:
    """Format a size in KB or MB."""
    return f"{size / MB:.1f} MB" if size >= MB else f"{max(1, round(size / 1024))} KB"


def file_name(name: str) -> str:
    """Return a file's name, with its middle left out if it is long."""
    if len(name) <= _LONG_NAME:
        return name
    return f"{name[: _LONG_NAME - 12]}…{name[-10:]}"


def told(facts: MediaFacts) -> str:
    """Describe a file, without its name."""
    match facts:
        case ImageFacts():
            return f"{facts.width} × {facts.height}, {file_size(facts.bytes)}"
        case AudioFacts():
            return f"{facts.seconds:.1f} s, {file_size(facts.bytes)}"
        case VideoFacts():
            return f"{facts.width} × {facts.height}, {facts.seconds:.1f} s, {file_size(facts.bytes)}"
        case Unreadable():
            return ""
        case _:
            assert_never(facts)


def accepted(facts: MediaFacts, *, output: str) -> str:
    """Describe an accepted file and, for a picture, the resulting output."""
    match facts:
        case ImageFacts():
            taken = f"{file_name(facts.name)}, {told(facts)}"
            return f"{taken} · your clip will be {output}" if output else taken
        case AudioFacts() | VideoFacts():
            return f"{file_name(facts.name)}, {told(facts)}"
        case Unreadable():
            return ""
        case _:
            assert_never(facts)


def usual_time(model: Model) -> str:
    """Format the time that a clip takes according to the vendor."""
    least, most = model.usual_seconds
    if most < 120:
        return f"Usually {least} to {most} s"
    return f"Usually {max(1, round(least / 60))} to {round(most / 60)} min"


def sound_words(model: Model, given: Mapping[str, object]) -> str:
    """Say whether the clip has sound. Empty for pictures, and if the vendor does not document it."""
    match model.sound:
        case Sound.UNSAID:
            return ""
        case Sound.NONE:
            return "silent" if model.result.is_video else ""
        case Sound.ALWAYS:
            return "with sound"
        case Sound.CHOSEN:
            return "silent" if given.get("audio") is False else "with sound"
        case _:
            assert_never(model.sound)
