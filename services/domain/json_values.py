"""Reading JSON that others wrote: a value of the wrong kind counts as an empty one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast


def mapping_in(value: object) -> Mapping[str, object]:
    """Return a JSON object as it is; for any other value, an empty one."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def list_in(value: object) -> list[object]:
    """Return a JSON array as it is; for any other value, an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []
