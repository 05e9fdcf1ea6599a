"""The price that a buyer agreed to, and the refusal of an order that costs more. Pure.

A page sends the price shown on its button when it was pressed; other callers may send a limit. Either may be out of
date: the studio calculates the price of the order again and compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from services.domain.errors import PriceChanged
from services.domain.json_values import mapping_in
from services.domain.money import MICROS, said, to_micros
from services.request import Cost

_MOST = Decimal(10**9)
_LONGEST = 10**6


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """The most that a buyer agreed to pay for an order."""

    micros: int | None
    """For all copies together, in millionths; None if no price was shown."""
    currency: str | None = None
    """None for a limit in the currency of the order's bill."""
    copies: int = 1
    """The number of copies that the price was shown for."""
    seconds: float = 0
    """The clip length that it was shown for; 0 for pictures."""
    count: int = 0
    """The number of pictures that it was shown for; 0 for a clip."""


NOTHING_SHOWN = Agreed(micros=None)
"""The agreement made on a page that showed no price."""


def agreed_in(raw: object) -> Agreed:
    """Parse the price that a page says it showed. An invalid price counts as none."""
    told = mapping_in(raw)
    amount, currency = _amount_in(told.get("amount")), told.get("currency")
    if amount is None or not isinstance(currency, str) or not currency:
        return NOTHING_SHOWN
    return Agreed(
        micros=to_micros(amount),
        currency=currency,
        copies=int(_number_in(told.get("copies"))) or 1,
        seconds=_number_in(told.get("seconds")),
        count=int(_number_in(told.get("count"))),
    )


def limit_of(amount: object) -> Agreed | None:
    """Parse a caller's limit for an order. Returns None if it is no amount."""
    limit = _amount_in(amount)
    return None if limit is None else Agreed(micros=to_micros(limit))


def refuse_dearer(cost: Cost, *, copies: int, agreed: Agreed | None) -> None:
    """Raise PriceChanged if an order costs more than was agreed to, or is billed in another currency.

    An order at the same price or a lower one is covered. `agreed` is None for a buyer who agrees to any price, as
    callers without a page may.
    """
    if agreed is None:
        return
    now, currency = to_micros(cost.total(copies)), cost.currency
    if agreed.micros is None:
        if cost.units or now:
            words = f"It costs {said(now, currency)}. Nothing was ordered."
            raise PriceChanged(words, amount=_plain(now), currency=currency)
        return
    if now > agreed.micros or agreed.currency not in (None, currency):
        before = said(agreed.micros, agreed.currency or currency)
        words = f"The price is {said(now, currency)}, and {before} was agreed to. Nothing was ordered."
        raise PriceChanged(words, amount=_plain(now), currency=currency)


def _plain(micros: int) -> str:
    """Format an amount so that JSON carries it without rounding."""
    return f"{(Decimal(micros) / MICROS).normalize():f}"


def _amount_in(raw: object) -> Decimal | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        amount = Decimal(str(raw).strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= _MOST else None


def _number_in(raw: object) -> float:
    return float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 < raw <= _LONGEST else 0
