"""What a file itself says of where it comes from. Hides the recipe; each function is meant for a thread."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from services.domain.errors import FileRefused
from services.domain.jobs import Origin
from services.media.metadata import Recipe, embed, read_recipe

log = logging.getLogger(__name__)

_FITTED = "fits"
"""The moment of a copy that was made to fit: it is the whole file still."""


def told_origin(path: Path) -> Origin | None:
    """The asset that a file's own recipe names, or None where it has none."""
    try:
        found = read_recipe(path)
    except OSError:
        return None  # whether the file can be read at all is said where it is kept
    if not isinstance(found, Recipe):
        return None
    return Origin(asset=found.asset, moment=None if found.moment == _FITTED else found.moment)


def pass_on(source: Path, target: Path, *, moment: str) -> None:
    """Give what was cut out of a file the recipe of that file, if it has one."""
    found = read_recipe(source)
    if not isinstance(found, Recipe):
        return
    try:
        embed(target, replace(found, moment=moment))
    except FileRefused as error:
        log.warning("a frame goes without its recipe: %s", error.message)


def pass_on_fitted(source: Path, target: Path, *, max_bytes: int) -> None:
    """Give a copy that was made to fit the recipe of its source, if that has one and it leaves the copy fitting."""
    found = read_recipe(source)
    if not isinstance(found, Recipe):
        return
    carrying = target.with_name(f"{target.stem}-recipe{target.suffix}")
    try:
        embed(target, replace(found, moment=found.moment or _FITTED), target=carrying)
    except FileRefused:
        return  # not every kind of file can carry one
    if carrying.stat().st_size <= max_bytes:
        carrying.replace(target)
    else:
        carrying.unlink()
