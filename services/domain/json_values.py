"""Reading JSON that others wrote: a value of the wrong kind counts as an empty one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard


def is_mapping(value: object) -> TypeGuard[Mapping[str, object]]:
    """Check that a JSON value is an object: its keys are strings."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[object]]:
    """Check that a JSON value is an array."""
    return isinstance(value, list)


def mapping_in(value: object) -> Mapping[str, object]:
    """Return a JSON object as it is; for any other value, an empty one."""
    return value if is_mapping(value) else {}


def list_in(value: object) -> list[object]:
    """Return a JSON array as it is; for any other value, an empty one."""
    return value if is_list(value) else []
