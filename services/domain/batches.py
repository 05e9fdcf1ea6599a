"""Batching, for statements and listings that must not grow with the number of items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_Item = TypeVar("_Item")


def batches(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Yield lists of up to `size` items, in order. Never reads ahead of the list it yields."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
