"""The pairing: whether database and archive belong together, and what must not happen while they do not.

The id of the database is written in the database and in the archive's root. A job's row is written before any of its
files. A result that no row knows therefore means that the database was lost, is an older one, or belongs to another
archive. Then nothing is cleaned up, and jobs that may have been submitted since are not sent by themselves, until a
person has decided what to do.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.database.facts import COPIED_AT, HELD_FOR, MISHAP
from services.database.jobs import History
from services.domain.batches import batches
from services.storage.archive import Archive
from services.storage.archive_id import Mark, entries, files_of, is_smaller_picture, read_mark, write_mark
from services.storage.database_recovery import Fate, Mended

log = logging.getLogger(__name__)

_ENTRIES_AT_ONCE = 1_000
_UNMARKED = "unmarked"


class Kind(StrEnum):
    """The kind of mishap that befell the database."""

    RESTORED = "restored"
    """A copy was put in its place."""
    OLDER = "older"
    """Its change counter is lower than it was before."""
    BEGUN_ANEW = "begun_anew"
    """It was damaged, and a new one was started."""
    MISSING = "missing"
    """It was missing, and a new one was started."""
    OTHER = "other"
    """The archive belongs to another database."""


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """A mishap, as it is stored in the database until a person has dealt with it."""

    kind: Kind
    at: int
    aside: str | None = None
    """The name of the previous database in the studio's folder."""
    copied_at: int | None = None
    """When the copy that replaced it, or that could replace it, was made."""
    held: int = 0
    """Jobs that wait for a person's decision."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The state of the pairing."""

    same: bool
    """Whether the archive belongs to this database, or to none yet."""
    unknown: int
    """Entries below `results/` with files that no row knows."""
    mishap: Mishap | None

    @property
    def settled(self) -> bool:
        """Whether everything is in order: only then is anything cleaned up."""
        return self.same and not self.unknown and self.mishap is None


async def standing(history: History, archive: Archive) -> Standing:
    """Return the pairing. An unmarked archive is given to this database unless it knows none of its results."""
    there, mark = await _look(history, archive.root)
    if mark is None and there.same:
        mark = Mark(database=await history.facts.database_id(), sequence=await history.sequence())
        await asyncio.to_thread(write_mark, archive.root, mark)
    return there


async def _look(history: History, root: Path) -> tuple[Standing, Mark | None]:
    mark = await asyncio.to_thread(read_mark, root)
    known, unknown = await _results(history, root)
    if mark is None:
        same = known > 0 or unknown == 0
    else:
        same = mark.database == await history.facts.database_id() and mark.sequence <= await history.sequence()
    return Standing(same=same, unknown=unknown, mishap=_read_mishap(await history.facts.get(MISHAP))), mark


async def begin(history: History, archive: Archive, mended: Mended | None, *, now: int) -> tuple[str, ...]:
    """Check the pairing at startup, before any job continues. Returns the jobs that are held for a person.

    Each mishap is dealt with once: jobs submitted after it are sent as usual.
    """
    facts = history.facts
    mark = await asyncio.to_thread(read_mark, archive.root)
    database, sequence = await facts.database_id(), await history.sequence()
    copied = await facts.get(COPIED_AT)
    held_for = await facts.get(HELD_FOR)
    kind: Kind | None
    notes: dict[str, str] = {}
    if copied is not None:
        kind = Kind.RESTORED
    elif mark is not None and mark.database == database and mark.sequence > sequence:
        kind = Kind.OLDER
    elif mark is not None and mark.database not in (database, held_for):
        kind, notes = _KINDS.get(mended.fate if mended else None, Kind.OTHER), {HELD_FOR: mark.database}
    elif mark is None and held_for is None and (await _results(history, archive.root))[1]:
        kind, notes = _KINDS.get(mended.fate if mended else None), {HELD_FOR: _UNMARKED}
    elif mended is not None and await facts.get(MISHAP) is None:
        kind = _KINDS[mended.fate]
    else:
        return ()
    mishap = Mishap(
        kind=kind or Kind.OTHER,
        at=now,
        aside=mended.aside if mended else None,
        copied_at=int(copied) if copied else (mended.copied_at if mended else None),
    )
    held = await history.restored_jobs.hold(
        now=now,
        above=mark.sequence if mark and mark.database == database else 0,
        notes=notes,
        mishap=(lambda count: _as_json(mishap, held=count)) if kind else None,
    )
    log.warning("database and archive do not belong together (%s): %d jobs wait for a person", kind, len(held))
    return held


async def join(history: History, archive: Archive) -> None:
    """Pair database and archive from now on: a person has dealt with the mishap."""
    mark = Mark(database=await history.facts.database_id(), sequence=await history.sequence())
    await asyncio.to_thread(write_mark, archive.root, mark)
    for name in (MISHAP, HELD_FOR):
        await history.facts.drop(name)


async def note_sequence(history: History, archive: Archive) -> None:
    """Record this database's change counter, if the archive belongs to it and the counter has advanced."""
    mark = await asyncio.to_thread(read_mark, archive.root)
    if mark is None or mark.database != await history.facts.database_id():
        return
    sequence = await history.sequence()
    if sequence > mark.sequence:
        await asyncio.to_thread(write_mark, archive.root, Mark(database=mark.database, sequence=sequence))


_KINDS: dict[Fate | None, Kind] = {
    Fate.RESTORED: Kind.RESTORED,
    Fate.BEGUN_ANEW: Kind.BEGUN_ANEW,
    Fate.MISSING: Kind.MISSING,
}


def _as_json(mishap: Mishap, *, held: int) -> str:
    return json.dumps(asdict(mishap) | {"held": held})


def _read_mishap(text: str | None) -> Mishap | None:
    if text is None:
        return None
    told: dict[str, Any] = json.loads(text)  # Any: JSON that `_as_json` wrote from the same dataclass
    told["kind"] = Kind(told["kind"])
    return Mishap(**told)


# The archive's contents -----------------------------------------------------------------------------------------------


async def _results(history: History, root: Path) -> tuple[int, int]:
    """Return how many entries below `results/` the database knows, and how many with files it does not."""
    found = await asyncio.to_thread(lambda: list(entries(root)))
    strangers = await history.facts.strangers()
    known, unknown = 0, 0
    for some in batches(found, _ENTRIES_AT_ONCE):
        here = await history.facts.known_jobs(some)
        known += len(here)
        left = [entry for entry in some if entry not in here and entry not in strangers]
        unknown += await asyncio.to_thread(_with_files, root, left)
    return known, unknown


def _with_files(root: Path, found: Sequence[str]) -> int:
    """Return how many of these entries have a result: smaller pictures alone do not count."""
    return sum(any(not is_smaller_picture(key) for key in files_of(root, entry)) for entry in found)
