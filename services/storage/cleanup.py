"""Empties the bin after 30 days and removes unneeded files. Runs once a day, or on request.

A result is removed for one reason only: its job was purged from the bin, and the job's row records that. No other
result is touched, in any state of the database. While database and archive do not belong together
(services.storage.archive_pairing), nothing is removed at all.

An input file stays while any job uses it, in the bin or not, while an unfinished job may still need it, and for an hour
after it was last written or given again: files appear before their rows. A file to be removed is first set aside,
checked once more against every row, and then moved to a folder that is kept for 30 days
(services.storage.removed_files). Jobs that a person empties from the bin are gone at once: the page warned them, and
they want the space.

Uploads that were not touched for a week are removed too: the archive has its own copy of every job's inputs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.database.jobs import History
from services.database.organize import BIN_DAYS
from services.domain.background import repeating
from services.domain.batches import batches
from services.domain.clock import now_ms
from services.domain.errors import StudioError
from services.domain.people import Person
from services.storage import orphans, removed_files
from services.storage.archive import Archive
from services.storage.archive_pairing import standing
from services.storage.orphans import Found

log = logging.getLogger(__name__)

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_AT_ONCE = 500
"""Files looked up together."""
_JOBS_AT_ONCE = 100
_PASSING_DAYS = 7
"""How many days a form may wait with its files in it."""
_MOST_NAMED = 1_000
"""The most files a sweep lists by name. Its count and bytes cover all of them."""
_FIRST_AFTER_SECONDS = 600.0
_EVERY_SECONDS = 86_400.0
_UNUSED = "No work uses it any more."
_BROKEN_OFF = "It was never finished."
_HELD_BACK = (
    "Nothing is cleaned up just now: database and files do not belong together. Take the files back in first; "
    "the top of the page says how."
)


@dataclass(frozen=True)
class Orphan:
    """A file that is no longer needed."""

    name: str
    bytes: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The files a sweep found, and whether they were removed."""

    files: tuple[Orphan, ...]
    """Up to a thousand of them."""
    count: int
    bytes: int
    removed: bool
    held_back: str | None = None
    """The reason why nothing is cleaned up now, or None."""


@dataclass(frozen=True, kw_only=True)
class Returned:
    """Removed files that were brought back."""

    files: int
    entries: tuple[str, ...]
    """The entries below `results/` that have files again."""


@dataclass(frozen=True, kw_only=True)
class Emptied:
    """Jobs that were purged from the bin."""

    job_ids: tuple[str, ...]
    bytes: int
    """The bytes that were freed."""


class Cleanup:
    """Keeps the folder of a studio clean. Several instances may work on one folder at once.

    `passing` are folders of copies that are needed only for a while: uploads, and files made from them.
    """

    def __init__(
        self,
        *,
        history: History,
        archive: Archive,
        passing: Sequence[Path] = (),
        clock: Callable[[], int] = now_ms,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._history = history
        self._archive = archive
        self._passing = tuple(passing)
        self._clock = clock
        self._sleep = sleep

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[Cleanup, None]:
        """Clean up once a day inside this context, first after ten minutes."""
        tidying = repeating(
            self.tidy, name="tidying up", every=_EVERY_SECONDS, first=_FIRST_AFTER_SECONDS, sleep=self._sleep
        )
        async with tidying:
            yield self

    async def tidy(self) -> Sweep:
        """Purge jobs that have been in the bin for 30 days, then remove unneeded files.

        While database and archive do not belong together, only old uploads are removed.
        """
        now = self._clock()
        for folder in self._passing:
            freed = await asyncio.to_thread(orphans.forget, folder, before=now - _PASSING_DAYS * _DAY_MS)
            log.info("cleanup: removed %d bytes of %s, unused for a week", freed, folder.name)
        if (await standing(self._history, self._archive)).settled:
            before = now - BIN_DAYS * _DAY_MS
            while some := await self._history.organized.binned(before=before, limit=_JOBS_AT_ONCE):
                await self._purge(some, person=None, day=removed_files.day_of(now), shared=True)
            freed = await asyncio.to_thread(removed_files.expire, self._archive.root, now=now)
            log.info("cleanup: deleted %d bytes that were removed 30 days ago", freed)
        return await self._sweep(dry_run=False)

    # The bin ---------------------------------------------------------------------------------------------------------

    async def empty(self, person: Person, job_ids: Sequence[str] | None = None, *, demo: bool | None = None) -> Emptied:
        """Purge jobs in the bin: these, or all of a person's (only real or only demo ones if `demo` is given).

        Their cost stays in the books. Ids that are not in the person's bin are skipped.
        """
        scope = person.scope
        # Jobs that are unknown here may use the same input files.
        shared = (await standing(self._history, self._archive)).settled
        gone: list[str] = []
        freed = 0
        turns = self._everything(scope, demo=demo) if job_ids is None else _each(job_ids)
        async for some in turns:
            purged, size = await self._purge(some, person=scope, day=None, shared=shared)
            gone += purged
            freed += size
        return Emptied(job_ids=tuple(gone), bytes=freed)

    async def _everything(self, person: str | None, *, demo: bool | None) -> AsyncIterator[Sequence[str]]:
        while some := await self._history.organized.binned(person=person, demo=demo, limit=_JOBS_AT_ONCE):
            yield some

    async def _purge(
        self, job_ids: Sequence[str], *, person: str | None, day: str | None, shared: bool
    ) -> tuple[tuple[str, ...], int]:
        """Purge jobs in the bin. Remove their results and, with `shared`, the input files that no other job uses."""
        purged = await self._history.organized.purge(job_ids, person=person, now=self._clock())
        own = tuple(f"results/{job_id}/" for job_id in purged.job_ids)
        results = [key for key in purged.keys if key.startswith(own)]
        others = [key for key in purged.keys if not key.startswith(own)] if shared else []
        freed = await self._remove(results, before=None, day=day)
        freed += await self._remove(others, before=self._clock() - _HOUR_MS, day=day)
        log.info("cleanup: %d jobs left the bin, %d bytes were removed", len(purged.job_ids), freed)
        return purged.job_ids, freed

    # Files -----------------------------------------------------------------------------------------------------------

    async def sweep(self, person: Person, *, dry_run: bool = True) -> Sweep:
        """Find unneeded files, and remove them unless it is a dry run.

        Raises StudioError if the person is no admin: files have no owner once they are unneeded.
        """
        _admins_only(person)
        return await self._sweep(dry_run=dry_run)

    async def bring_back(self, person: Person, day: str) -> Returned:
        """Move the files removed on a day back to their places. Raises StudioError if the person is no admin."""
        _admins_only(person)
        keys = await asyncio.to_thread(removed_files.bring_back, self._archive.root, day)
        results = dict.fromkeys(_job_of(key) for key in keys if key.startswith(_RESULTS))
        log.info("cleanup: restored %d files of %s", len(keys), day)
        return Returned(files=len(keys), entries=tuple(results))

    async def empty_removed(self, person: Person, day: str) -> int:
        """Delete the files removed on a day for good. Returns the bytes. Raises StudioError if not an admin."""
        _admins_only(person)
        freed = await asyncio.to_thread(removed_files.empty, self._archive.root, day)
        log.info("cleanup: deleted %d bytes that were removed on %s", freed, day)
        return freed

    async def _sweep(self, *, dry_run: bool) -> Sweep:
        root, now = self._archive.root, self._clock()
        if not (await standing(self._history, self._archive)).settled:
            log.warning("cleanup: database and files do not belong together, nothing is removed")
            return Sweep(files=(), count=0, bytes=0, removed=False, held_back=_HELD_BACK)
        day = removed_files.day_of(now)
        unfinished = frozenset(job.id for job in await self._history.unfinished())
        if not dry_run:
            async for some in _in_a_thread(orphans.aside(root)):
                await self._settle([found.key for found in some], before=now - _HOUR_MS, day=day)
        files: list[Orphan] = []
        count = size = 0
        for listing, why, before in (
            (orphans.stored(root, before=now - _HOUR_MS), _UNUSED, now - _HOUR_MS),
            (orphans.unfinished_downloads(root, before=now - _DAY_MS), _BROKEN_OFF, now - _DAY_MS),
        ):
            async for some in _in_a_thread(listing):
                unused = await self._orphans(some, unfinished=unfinished)
                if not dry_run:
                    await self._remove([found.key for found in unused], before=before, day=day)
                count += len(unused)
                size += sum(found.bytes for found in unused)
                files += [Orphan(one.key, one.bytes, why) for one in unused[: _MOST_NAMED - len(files)]]
        if not dry_run:
            log.info("cleanup: removed %d unused files, %d bytes", count, size)
        return Sweep(files=tuple(files), count=count, bytes=size, removed=not dry_run)

    async def _orphans(self, found: Sequence[Found], *, unfinished: frozenset[str]) -> list[Found]:
        """Return those that no row names and no unfinished job may need; among results, only those of purged jobs."""
        left = [one for one in found if _job_of(one.key) not in unfinished]
        may_go = await self._may_go([one.key for one in left])
        left = [one for one in left if one.key in may_go]
        keys = {_original(one.key) for one in left}
        folders = {_job_of(one.key) for one in left if one.key.startswith(_RESULTS)}
        named = await self._history.files.named(sorted(keys), folders=sorted(folders))
        left = [one for one in left if one.key not in named]
        used = await self._history.files.in_use([one.key for one in left]) if left else frozenset[str]()
        return [one for one in left if one.key not in used]

    async def _may_go(self, keys: Sequence[str]) -> frozenset[str]:
        """Return the keys without the results of jobs that were not purged, known or unknown."""
        jobs = {_job_of(key) for key in keys if key.startswith(_RESULTS)}
        purged = await self._history.facts.purged(sorted(jobs)) if jobs else frozenset[str]()
        return frozenset(key for key in keys if not key.startswith(_RESULTS) or _job_of(key) in purged)

    async def _remove(self, keys: Sequence[str], *, before: int | None, day: str | None) -> int:
        """Move files that no row names to the folder of a day, or delete them if it is None. Returns their bytes."""
        aside = await asyncio.to_thread(orphans.set_aside, self._archive.root, keys, before=before)
        return await self._settle(aside, before=before, day=day)

    async def _settle(self, keys: Sequence[str], *, before: int | None, day: str | None) -> int:
        """Check set-aside files once more: bring back those in use, remove the rest."""
        used = await self._history.files.in_use(keys) if keys else frozenset[str]()
        stays = used | (frozenset(keys) - await self._may_go(keys))
        return await asyncio.to_thread(self._finish, keys, stays, before, day)

    def _finish(self, keys: Sequence[str], stays: frozenset[str], before: int | None, day: str | None) -> int:
        root, freed = self._archive.root, 0
        for key in keys:
            if key in stays or (before is not None and orphans.was_touched(root, key, before=before)):
                orphans.bring_back(root, key, day=day or removed_files.day_of(self._clock()))
            else:
                freed += orphans.remove(root, key, day=day)
        return freed


_RESULTS = "results/"


def _admins_only(person: Person) -> None:
    if not person.admin:
        raise StudioError("Only an admin of this studio can tidy up its files.")


def _job_of(key: str) -> str:
    """Return the job that a file's path names: its folder among the results, or the beginning of a download's name."""
    folder, _, rest = key.partition("/")
    return rest.partition("/" if folder == "results" else "-")[0]


def _original(key: str) -> str:
    """Return the file that an input's picture was made from; any other key is returned unchanged."""
    return key.removesuffix(".thumbnail.jpg") if key.startswith("inputs/") else key


async def _each(job_ids: Sequence[str]) -> AsyncIterator[Sequence[str]]:
    for some in batches(dict.fromkeys(job_ids), _JOBS_AT_ONCE):
        yield some


async def _in_a_thread(listing: Iterator[Found]) -> AsyncIterator[list[Found]]:
    """Yield a listing in batches, read in a thread."""
    parts = batches(listing, _AT_ONCE)
    while some := await asyncio.to_thread(next, parts, None):
        yield some
