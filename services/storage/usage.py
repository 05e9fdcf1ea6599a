"""Disk usage: by family and month, in the bin, input files, files removed lately, and free space.

Counts files from their rows, each once. Their smaller pictures, a few per cent more, are left out.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.catalogue import Catalogue
from services.database.jobs import History
from services.domain.people import Person
from services.storage.archive import Archive
from services.storage.removed_files import RemovedDay, days_in

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class MonthUse:
    """One month of a family."""

    month: str
    """In UTC, for example 2026-11."""
    bytes: int


@dataclass(frozen=True, kw_only=True)
class FamilyUse:
    """The space that the results of one family take."""

    family: str
    label: str
    bytes: int
    months: tuple[MonthUse, ...]
    """Oldest first; months without files are left out."""


@dataclass(frozen=True, kw_only=True)
class DiskUse:
    """Bytes on the disk. `total` and `free` describe the disk itself, all else a person's files."""

    total: int
    free: int
    families: tuple[FamilyUse, ...]
    """Largest first."""
    bin: int
    """Files that only jobs in the bin use."""
    inputs: int
    """Input files."""
    removed: tuple[RemovedDay, ...] = ()
    """Files that cleaning up removed lately, latest day first. Only for an admin, since they have no owner any more."""


class Usage:
    """The disk that holds the archive."""

    def __init__(self, *, history: History, archive: Archive, catalogue: Catalogue) -> None:
        self._history = history
        self._archive = archive
        self._catalogue = catalogue

    async def use(self, person: Person) -> DiskUse:
        """Return the space that a person's files take; all files for an admin. Real and demo ones count alike."""
        shares = await self._history.files.shares(person=person.scope)
        disk = await asyncio.to_thread(shutil.disk_usage, self._archive.incoming)
        months: defaultdict[str, Counter[str]] = defaultdict(Counter)
        taken_away = await asyncio.to_thread(days_in, self._archive.root) if person.admin else ()
        binned = inputs = 0
        for share in shares:
            if share.binned:
                binned += share.bytes
            elif share.made:
                months[share.family][f"{_EPOCH + timedelta(days=share.day):%Y-%m}"] += share.bytes
            else:
                inputs += share.bytes
        families = sorted((self._family(name, used) for name, used in months.items()), key=lambda one: -one.bytes)
        return DiskUse(
            total=disk.total,
            free=disk.free,
            families=tuple(families),
            bin=binned,
            inputs=inputs,
            removed=taken_away,
        )

    def _family(self, name: str, months: Counter[str]) -> FamilyUse:
        known = self._catalogue.family(name)
        return FamilyUse(
            family=name,
            label=known.label if known else name.replace("_", " ").capitalize(),
            bytes=months.total(),
            months=tuple(MonthUse(month=month, bytes=used) for month, used in sorted(months.items())),
        )
