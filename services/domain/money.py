"""Amounts of money in settings and in sentences. Pure: no tables, no jobs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

MICROS = 1_000_000
"""The studio counts in millionths of a currency's unit."""
_ONE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([A-Za-z]{3})")
_SYMBOLS = {"CNY": "¥", "USD": "$"}


def parse_amounts(text: str) -> dict[str, int]:
    """Parse amounts such as `20 USD, 150 CNY` into millionths by currency. Raises ValueError."""
    amounts: dict[str, int] = {}
    for piece in text.split(","):
        found = _ONE.fullmatch(piece.strip())
        currency = found.group(2).upper() if found else ""
        if not found or currency in amounts:
            raise ValueError("must be an amount with its currency, one for each: 20 USD, 150 CNY")
        amounts[currency] = to_micros(Decimal(found.group(1)))
    return amounts


def to_micros(amount: Decimal) -> int:
    """Return an amount in millionths, rounded half up."""
    return int((amount * MICROS).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def of_micros(micros: int) -> float:
    """Return an amount as a JSON number."""
    return micros / MICROS


def said(micros: int, currency: str) -> str:
    """Format an amount for a sentence: `$0.50`, `¥12.00`, `$0.0375`. At least two decimals, as on the page."""
    amount = Decimal(micros) / MICROS
    cents = amount.quantize(Decimal("0.01"))
    shown = f"{cents:,}" if cents == amount else f"{amount.normalize():,f}"
    return f"{_SYMBOLS.get(currency, f'{currency} ')}{shown}"


def listed(amounts: Mapping[str, int]) -> list[dict[str, object]]:
    """Return amounts by currency, as JSON objects."""
    return [{"amount": of_micros(total), "currency": currency} for currency, total in sorted(amounts.items())]
