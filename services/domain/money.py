"""Amounts of money as a setting and as a sentence has them. Pure: it knows no table and no job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

MICROS = 1_000_000
"""The parts of a currency's unit that the studio counts in."""
_ONE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([A-Za-z]{3})")
_SYMBOLS = {"CNY": "¥", "USD": "$"}


def parse_amounts(text: str) -> dict[str, int]:
    """Amounts by currency, in millionths: `20 USD, 150 CNY`. Raises ValueError."""
    amounts: dict[str, int] = {}
    for piece in text.split(","):
        found = _ONE.fullmatch(piece.strip())
        currency = found.group(2).upper() if found else ""
        if not found or currency in amounts:
            raise ValueError("must be an amount with its currency, one for each: 20 USD, 150 CNY")
        amounts[currency] = to_micros(Decimal(found.group(1)))
    return amounts


def to_micros(amount: Decimal) -> int:
    """An amount in millionths, half a millionth up."""
    return int((amount * MICROS).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def of_micros(micros: int) -> float:
    """An amount as JSON has it."""
    return micros / MICROS


def said(micros: int, currency: str) -> str:
    """An amount in a sentence: `$0.50`, `¥12.00`, `$0.0375`; two places at least, as the page has it."""
    amount = Decimal(micros) / MICROS
    cents = amount.quantize(Decimal("0.01"))
    shown = f"{cents:,}" if cents == amount else f"{amount.normalize():,f}"
    return f"{_SYMBOLS.get(currency, f'{currency} ')}{shown}"


def listed(amounts: Mapping[str, int]) -> list[dict[str, object]]:
    """Amounts by currency, as JSON has them."""
    return [{"amount": of_micros(total), "currency": currency} for currency, total in sorted(amounts.items())]
