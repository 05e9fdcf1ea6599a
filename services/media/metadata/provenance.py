"""The origin of a file by its own recipe. Hides the recipe; each function is meant for a thread."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from services.domain.errors import FileRefused
from services.domain.jobs import Origin
from services.media.metadata import Recipe, embed, read_recipe

log = logging.getLogger(__name__)

_FITTED = "fits"
"""The moment of a copy that was made to fit: it is still the whole file."""


def told_origin(path: Path) -> Origin | None:
    """Return the asset that a file's own recipe names, or None if it has none."""
    try:
        found = read_recipe(path)
    except OSError:
        return None  # the code that stores the file reports whether it is readable
    if not isinstance(found, Recipe):
        return None
    return Origin(asset=found.asset, moment=None if found.moment == _FITTED else found.moment)


def pass_on(source: Path, target: Path, *, moment: str) -> None:
    """Copy the recipe of a file, if it has one, to a part cut out of it."""
    found = read_recipe(source)
    if not isinstance(found, Recipe):
        return
    try:
        embed(target, replace(found, moment=moment))
    except FileRefused as error:
        log.warning("a frame is stored without its recipe: %s", error.message)


def pass_on_fitted(source: Path, target: Path, *, max_bytes: int) -> None:
    """Copy the recipe of a source to a copy made to fit, if there is one and the copy still fits with it."""
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
