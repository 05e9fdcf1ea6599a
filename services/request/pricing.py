"""What a request will make and what it will cost."""

from __future__ import annotations

import math
from decimal import Decimal

from services.catalogue.schema import (
    Price,
    SizeField,
)
from services.catalogue.video import PIXELS
from services.media.facts import ImageFacts
from services.request.values import Cost, Request


def output_seconds(request: Request) -> int:
    """How long the clip will be."""
    value = request.values.get("duration", 0)
    return value if isinstance(value, int) else 0


def output_tier(request: Request) -> str:
    """The quality tier the clip is billed at, or nothing where the model has none."""
    for field in request.fields:
        if isinstance(field, SizeField):
            size = field.find(request.values.get(field.name))
            return size.tier if size else ""
    return str(request.values.get("resolution", ""))


def output_size(request: Request) -> str:
    """The clip's size in words, or nothing where it is not known: it may follow a picture that is not there yet."""
    for field in request.fields:
        if isinstance(field, SizeField):
            size = field.find(request.values.get(field.name))
            return f"{size.width} × {size.height}" if size else ""
    picture = next((value for value in request.values.values() if isinstance(value, ImageFacts)), None)
    pixels = PIXELS.get(output_tier(request))
    if picture is None or pixels is None:
        return ""
    width, height = follow_shape(picture.width, picture.height, pixels=pixels)
    return f"{width} × {height}"


def follow_shape(width: int, height: int, *, pixels: int) -> tuple[int, int]:
    """The size of a clip that keeps a picture's shape at a tier's area, both sides multiples of 16.

    750 × 1000 at 720P gives 816 × 1104. Source: wan-video-api.md section 2, checked 2026-11-22.
    """
    return _sixteens(math.isqrt(pixels * width // height)), _sixteens(math.isqrt(pixels * height // width))


def _sixteens(side: int) -> int:
    return max(16, side // 16 * 16)


def price(request: Request) -> Cost:
    """What the vendor will bill. A combination the price list does not name counts as the dearest."""
    tier, sound = output_tier(request), request.values.get("audio")
    named = [p for p in request.offer.prices if p.tier == tier and p.sound in (None, sound)]
    row = max(named or request.offer.prices, key=_per_second)
    seconds = output_seconds(request)
    return Cost(
        amount=row.per_second * seconds,
        currency=request.offer.currency,
        billed_seconds=seconds,
        per_second=row.per_second,
    )


def _per_second(price: Price) -> Decimal:
    return price.per_second
