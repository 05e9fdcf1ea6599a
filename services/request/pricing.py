"""What a request will make and what it will cost."""

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
"""Seconds or pictures of one work: more is a mistake of whoever counted, and no receipt."""


def output_seconds(request: Request) -> float:
    """How long the clip will be; 0 for pictures."""
    return made_units(request) if request.model.bill.unit is Unit.SECOND else 0


def output_count(request: Request) -> int:
    """How many pictures there will be, or may be at most; 0 for a clip."""
    return int(made_units(request)) if request.model.bill.unit is Unit.IMAGE else 0


def made_units(request: Request) -> float:
    """The seconds or pictures that are made: what the first of the bill's fields says that says more than none."""
    for name in request.model.bill.count:
        value = request.values.get(name)
        files = files_of(value)
        if files:
            return math.fsum(f.seconds for f in files if isinstance(f, AudioFacts | VideoFacts))
        if isinstance(value, int | float) and value > 0:
            return value
    return 0


def given_seconds(request: Request) -> float:
    """The seconds of the clips given that are billed as well."""
    bill = request.model.bill
    seconds = math.fsum(f.seconds for f in request.files(bill.given) if isinstance(f, VideoFacts))
    return min(seconds, bill.given_most) if bill.given_most is not None else seconds


def output_tier(request: Request) -> str:
    """The quality tier the work is billed at, or nothing where the model has none."""
    for field in request.fields:
        if isinstance(field, SizeField):
            size = field.find(request.values.get(field.name))
            return size.tier if size else ""
    return str(request.values.get(request.model.bill.tier, ""))


def output_size(request: Request) -> str:
    """The size in words, or nothing where it is not known: it may follow a picture that is not there yet."""
    size = frame_size(request)
    return f"{size[0]} × {size[1]}" if size else ""


def frame_size(request: Request) -> tuple[int, int] | None:
    """Width and height of what comes out in pixels, as far as they can be known before."""
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
    """The size of a work that keeps a picture's shape at a tier's area, both sides multiples of 16.

    750 × 1000 at 720P gives 816 × 1104. Source: wan-video-api.md section 2, checked 2026-11-22.
    """
    return _sixteens(math.isqrt(pixels * width // height)), _sixteens(math.isqrt(pixels * height // width))


def _sixteens(side: int) -> int:
    return max(16, side // 16 * 16)


def price(request: Request) -> Cost:
    """What the vendor will bill, the check before included. What the price list does not name counts as the dearest."""
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
    """What a request to a model that is not known here may cost: so many units at the dearest rate of the region.

    Seconds where the values name a `duration`, pictures otherwise, one where `n` does not say. None where no model of
    the region is billed so.
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
    """What the vendor bills for a finished task by its `usage`, without the check before; None where it does not say.

    Seconds are `duration`, which counts the clips given too, or `video_duration`; of the clips given no more than the
    bill's most counts. Pictures are `image_count`. The quality that was made counts, where it is told. Source:
    wan-video-api.md 7.5 and 9.2, wan-image-api.md 1.5.
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
    """The price of what was made, where `usage` names its quality (`SR`: 720) or sound; else of what was chosen."""
    made = _amount(usage.get("SR"))
    tier = f"{made:.0f}P" if made else output_tier(request)
    told = usage.get("audio")
    sound = told if isinstance(told, bool) else request.values.get("audio")
    rows = [p for p in request.offer.prices if p.tier == tier and p.sound in (None, sound)]
    return max(rows, key=_each) if rows else _row(request)


def _decimal(units: float) -> Decimal:
    """Seconds to the thousandth, or whole pictures, without a tail of zeros."""
    return Decimal(f"{round(units, 3):.10g}")


def _amount(value: object) -> float | None:
    """A number that may come as text; None for anything else, and for what no work was ever long."""
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
    """The prices that the list names for what was chosen."""
    tier, sound = output_tier(request), request.values.get("audio")
    return [p for p in request.offer.prices if p.tier in (tier, "") and p.sound in (None, sound)]


def _each(price: Price) -> Decimal:
    return price.amount


def priced_fields(request: Request) -> tuple[Field, ...]:
    """The fields whose choice decides the price of a unit."""
    tiers = {price.tier for price in request.offer.prices}
    if tiers == {""}:
        return ()
    return tuple(f for f in request.fields if isinstance(f, SizeField) or f.name == request.model.bill.tier)
