"""The output of a request and its cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal

from services.catalogue import Catalogue
from services.catalogue.schema import (
    Field,
    Price,
    SizeField,
    Unit,
)
from services.catalogue.video_fields import PIXELS
from services.media.facts import AudioFacts, ImageFacts, VideoFacts
from services.request.values import Cost, Request, files_of

_MOST_UNITS = 1_000_000.0
"""The most seconds or pictures of one job. A higher number is a counting mistake, not a receipt."""


def output_seconds(request: Request) -> float:
    """Return the length of the clip in seconds; 0 for pictures."""
    return made_units(request) if request.model.bill.unit is Unit.SECOND else 0


def output_count(request: Request) -> int:
    """Return the number of pictures, or the most there may be; 0 for a clip."""
    return int(made_units(request)) if request.model.bill.unit is Unit.IMAGE else 0


def made_units(request: Request) -> float:
    """Return the seconds or pictures to be made: the value of the first of the bill's fields that is above zero."""
    for name in request.model.bill.count:
        value = request.values.get(name)
        files = files_of(value)
        if files:
            return math.fsum(f.seconds for f in files if isinstance(f, AudioFacts | VideoFacts))
        if isinstance(value, int | float) and value > 0:
            return value
    return 0


def given_seconds(request: Request) -> float:
    """Return the seconds of the input clips that are billed as well."""
    bill = request.model.bill
    seconds = math.fsum(f.seconds for f in request.files(bill.given) if isinstance(f, VideoFacts))
    return min(seconds, bill.given_most) if bill.given_most is not None else seconds


def output_tier(request: Request) -> str:
    """Return the quality tier that the output is billed at, or an empty string if the model has none."""
    for field in request.fields:
        if isinstance(field, SizeField):
            size = field.find(request.values.get(field.name))
            return size.tier if size else ""
    return str(request.values.get(request.model.bill.tier, ""))


def output_size(request: Request) -> str:
    """Return the size in words, or an empty string if it is unknown: it may follow a picture that is not there yet."""
    size = frame_size(request)
    return f"{size[0]} × {size[1]}" if size else ""


def frame_size(request: Request) -> tuple[int, int] | None:
    """Return the output's width and height in pixels, or None if they cannot be known in advance."""
    pictures = [facts for facts in request.every_file() if isinstance(facts, ImageFacts)]
    for field in request.fields:
        if isinstance(field, SizeField):
            return _size_of_field(field, request.values.get(field.name), pictures)
    ratio, tier = request.values.get("ratio"), output_tier(request)
    for size in request.model.sizes:
        if (size.tier, size.ratio) == (tier, ratio):
            return size.width, size.height
    pixels = next(
        (s.width * s.height for s in request.model.sizes if (s.tier, s.ratio) == (tier, "")), PIXELS.get(tier)
    )
    shaped = next((f for f in request.every_file() if isinstance(f, ImageFacts | VideoFacts)), None)
    if ratio is not None or shaped is None or pixels is None:
        return None
    return follow_shape(shaped.width, shaped.height, pixels=pixels)


def _size_of_field(field: SizeField, value: object, pictures: list[ImageFacts]) -> tuple[int, int] | None:
    size, area = field.find(value), field.area(value)
    if size:
        return size.width, size.height
    width, height = (pictures[-1].width, pictures[-1].height) if pictures else (1, 1)
    if area:
        return follow_shape(width, height, pixels=area.pixels)
    if field.bounds is None or value is not None:
        return None
    most = field.bounds.max_pixels
    own = width * height if pictures and not field.grows else most
    return follow_shape(width, height, pixels=min(most, max(own, field.bounds.min_pixels)))


def follow_shape(width: int, height: int, *, pixels: int) -> tuple[int, int]:
    """Return the size of an output that keeps a picture's shape at a tier's area, both sides multiples of 16.

    750 × 1000 at 720P gives 816 × 1104. Source: wan-video-api.md section 2, checked 2026-11-22.
    """
    return _sixteens(math.isqrt(pixels * width // height)), _sixteens(math.isqrt(pixels * height // width))


def _sixteens(side: int) -> int:
    return max(16, side // 16 * 16)


def price(request: Request) -> Cost:
    """Return the amount that the vendor will bill, including the precheck.

    A choice that the price list does not name is priced at the dearest rate.
    """
    row = _row(request)
    units = made_units(request) + given_seconds(request)
    precheck = request.model.precheck
    check = precheck.price if precheck else Decimal(0)
    return Cost(
        amount=row.amount * _decimal(units) + check,
        currency=request.offer.currency,
        units=units,
        each=row.amount,
        unit=request.model.bill.unit,
        at_most=any(mode.at_most for mode in request.model.modes_on(request.values)),
        check=check,
        source=request.model.price_source,
        is_known=bool(_named_rows(request)),
    )


def price_unknown(catalogue: Catalogue, *, region: str, given: Mapping[str, object]) -> Cost | None:
    """Estimate the cost of a request to an unknown model: a number of units at the dearest rate of the region.

    The unit is seconds if the values name a `duration`, else pictures: one if `n` is not given. Returns None if no
    model of the region is billed by that unit.
    """
    seconds = _amount(given.get("duration"))
    unit, units = (Unit.SECOND, seconds) if seconds is not None else (Unit.IMAGE, _amount(given.get("n")) or 1)
    offers = [
        (model, offer)
        for model in catalogue.models
        for offer in model.offers
        if offer.region == region and model.bill.unit is unit
    ]
    if not offers:
        return None
    model, offer = max(offers, key=lambda one: max(map(_each, one[1].prices)))
    each = max(map(_each, offer.prices))
    return Cost(
        amount=each * _decimal(units),
        currency=offer.currency,
        units=units,
        each=each,
        unit=unit,
        at_most=True,
        source=model.price_source,
        is_known=False,
    )


def billed(request: Request, usage: Mapping[str, object]) -> Decimal | None:
    """Return the vendor's bill for a finished task by its `usage`, without the precheck.

    Returns None if `usage` does not state it. Seconds are `duration`, which counts the input clips too, or
    `video_duration`. Input clips count up to the bill's maximum only. Pictures are `image_count`. The quality that was
    made counts if it is reported. Source: wan-video-api.md 7.5 and 9.2, wan-image-api.md 1.5.
    """
    if request.model.bill.unit is Unit.IMAGE:
        units = _amount(usage.get("image_count"))
    else:
        given, made = _amount(usage.get("input_video_duration")), _amount(usage.get("output_video_duration"))
        most = request.model.bill.given_most
        if given and made is not None and most is not None:
            units: float | None = min(given, most) + made
        else:
            whole = _amount(usage.get("duration"))
            units = whole if whole is not None else _amount(usage.get("video_duration"))
    return None if units is None else _row_billed(request, usage).amount * _decimal(units)


def _row_billed(request: Request, usage: Mapping[str, object]) -> Price:
    """Return the price of the output by its quality (`SR`: 720) or sound in `usage`; else by the request's choice."""
    made = _amount(usage.get("SR"))
    tier = f"{made:.0f}P" if made else output_tier(request)
    told = usage.get("audio")
    sound = told if isinstance(told, bool) else request.values.get("audio")
    rows = [p for p in request.offer.prices if p.tier == tier and p.sound in (None, sound)]
    return max(rows, key=_each) if rows else _row(request)


def _decimal(units: float) -> Decimal:
    """Convert seconds, to the thousandth, or whole pictures, without trailing zeros."""
    return Decimal(f"{round(units, 3):.10g}")


def _amount(value: object) -> float | None:
    """Convert a number that may come as text. Return None for anything else and for impossibly large amounts."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number <= _MOST_UNITS else None


def _row(request: Request) -> Price:
    return max(_named_rows(request) or request.offer.prices, key=_each)


def _named_rows(request: Request) -> list[Price]:
    """Return the prices that the list names for the request's choice."""
    tier, sound = output_tier(request), request.values.get("audio")
    return [p for p in request.offer.prices if p.tier in (tier, "") and p.sound in (None, sound)]


def _each(price: Price) -> Decimal:
    return price.amount


def priced_fields(request: Request) -> tuple[Field, ...]:
    """Return the fields whose choice decides the price of a unit."""
    tiers = {price.tier for price in request.offer.prices}
    if tiers == {""}:
        return ()
    return tuple(f for f in request.fields if isinstance(f, SizeField) or f.name == request.model.bill.tier)
