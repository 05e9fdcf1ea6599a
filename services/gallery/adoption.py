"""Adoption: results in the archive that the database does not know are taken in again, by their own recipes.

No result is moved, renamed or written to. A job is written with all its files in one transaction, so adoption can be
interrupted at any time and run again: results known by then are skipped. Works beside a running studio.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from services.database.connection import Conflict
from services.database.jobs import History
from services.domain.batches import batches
from services.domain.errors import FileRefused, NotFound
from services.domain.jobs import Asset, Decision, Job, JobStatus, new_id
from services.domain.people import EVERYONE, Person
from services.gallery.adopted_inputs import inputs_of
from services.gallery.adopted_jobs import (
    ARTICLE,
    FoundFile,
    article_asset,
    article_items,
    is_own_id,
    job_of,
    output_of,
    positions_of,
    read_found,
    usable_id,
)
from services.storage.archive import Archive
from services.storage.archive_id import entries, files_of, is_smaller_picture

log = logging.getLogger(__name__)

MOST_NAMED = 200
"""The most skipped files that are listed by name."""
_ENTRIES_AT_ONCE = 200
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FOUND = "Its file was found on the disk, and taken in again."
_NOTHING = "There is nothing in it that can be shown."
_DAMAGED = "It cannot be shown: it is damaged, or of another kind."
_NAMED_BADLY = "Its name cannot be stored."


@dataclass
class Adoption:
    """The outcome for the results that the database did not know."""

    jobs: int = 0
    """Jobs that are in the gallery again."""
    files: int = 0
    """Their files."""
    left: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Files that were left as they are: name and reason, a few hundred at most."""
    left_count: int = 0
    done: int = 0
    """Entries examined so far."""
    total: int = 0

    def leave(self, name: str, why: str) -> None:
        """Count a file that stays as it is."""
        self.left_count += 1
        if len(self.left) < MOST_NAMED:
            self.left.append((name, why))

    @property
    def sentence(self) -> str:
        """The summary, short and plain."""
        works = f"{self.jobs:,} {'work is' if self.jobs == 1 else 'works are'} back"
        files = f"{self.files:,} {'file' if self.files == 1 else 'files'}"
        left = f"; {self.left_count:,} left as they are" if self.left_count else ""
        return f"{works}, {files}{left}."


class Adopter:
    """Adopts results. `announce` notifies open pages that a job changed."""

    def __init__(
        self,
        *,
        history: History,
        archive: Archive,
        clock: Callable[[], int],
        demo: bool,
        announce: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._history = history
        self._archive = archive
        self._clock = clock
        self._demo = demo
        self._announce = announce

    async def adopt(
        self,
        person: Person,
        *,
        only: Sequence[str] | None = None,
        revive: bool = False,
        progress: Callable[[Adoption], object] = lambda _: None,
    ) -> Adoption:
        """Adopt everything below `results/`, or only these entries of it, for a person.

        Purged jobs stay purged, unless `revive`. Raises OSError if the disk is full.
        """
        found = await asyncio.to_thread(lambda: sorted(entries(self._archive.root) if only is None else only))
        # A folder named like the job in its files' recipes goes first: a copy of it gets new ids.
        found.sort(key=lambda entry: not is_own_id(entry))
        adoption = Adoption(total=len(found))
        for some in batches(found, _ENTRIES_AT_ONCE):
            unnamed = await self._unnamed(some)
            for entry in some:
                if unnamed.get(entry):
                    await self._take(entry, person, adoption, revive=revive)
                adoption.done += 1
                progress(adoption)
        return adoption

    async def _unnamed(self, some: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the results of each entry that no row names.

        The files are listed before the rows are queried. A result that is being saved meanwhile has its row by then, or
        its job is unfinished.
        """
        listed = await asyncio.to_thread(lambda: {entry: self._results(entry) for entry in some})
        keys = [key for found in listed.values() for key in found]
        named = await self._history.files.in_use(keys) if keys else frozenset[str]()
        return {entry: [key for key in found if key not in named] for entry, found in listed.items()}

    def _results(self, entry: str) -> list[str]:
        return [key for key in files_of(self._archive.root, entry) if not is_smaller_picture(key)]

    async def _take(self, entry: str, person: Person, adoption: Adoption, *, revive: bool) -> None:
        try:
            async with self._archive.taking_in():
                keys = (await self._unnamed([entry]))[entry]  # another process may have been quicker
                known = await self._known(entry)
                if known is None:
                    await self._take_unknown(entry, keys, person, adoption)
                elif known.purged_at is None or revive:
                    await self._take_into(known, keys, adoption)
        except Conflict:
            log.info("%s was adopted by another process at the same time", entry)

    async def _known(self, job_id: str) -> Job | None:
        try:
            return await self._history.job(job_id, owner=EVERYONE)
        except NotFound:
            return None

    # Entries without a job -------------------------------------------------------------------------------------------

    async def _take_unknown(self, entry: str, keys: Sequence[str], person: Person, adoption: Adoption) -> None:
        files, article = await self._read(keys, adoption)
        own_row = False
        groups = self._grouped(entry, files)
        if article and is_own_id(entry):
            groups.setdefault(entry, [])  # its text alone is a result too
        for named, group in groups.items():
            job_id = await self._free_job(named, entry) or new_id(self._clock())
            own_row |= job_id == entry
            job = job_of(group, job_id=job_id, person=person.name, demo=self._demo, now=self._clock())
            await self._write(job, group, article if job_id == entry else None, entry, person)
            adoption.jobs += 1
            adoption.files += len(group) + (article is not None and job_id == entry)
        if not own_row:
            # The entry is known from now on: it no longer keeps cleanup from running.
            await self._history.facts.set_strangers({entry: "" if files else _NOTHING})

    def _grouped(self, entry: str, files: Sequence[FoundFile]) -> dict[str, list[FoundFile]]:
        """Group the files by job: a folder of ours is one job; in any other, each file's recipe names its job."""
        groups: dict[str, list[FoundFile]] = {}
        for file in files:
            named = entry if is_own_id(entry) else (usable_id(file.ours.job) if file.ours else None)
            groups.setdefault(named or "", []).append(file)
        return groups

    async def _free_job(self, job_id: str, entry: str) -> str | None:
        """Return the id, if no job has it and it is not the name of another folder."""
        if not job_id or await self._history.facts.known_jobs([job_id]):
            return None
        return job_id if job_id == entry or not await self._is_entry(job_id) else None

    async def _is_entry(self, name: str) -> bool:
        return await asyncio.to_thread((self._archive.root / "results" / name).exists)

    async def _write(
        self, job: Job, group: Sequence[FoundFile], article: str | None, entry: str, person: Person
    ) -> None:
        positions = positions_of([file.key for file in group])
        made = [await self._output(file, job, positions[file.key] or 1) for file in group]
        made, items = await self._with_article(job, made, article)
        given = await inputs_of(group, job=job, person=person, history=self._history, archive=self._archive)
        await self._history.add(replace(job, article=items), [*made, *given])
        log.info("job %s adopted from %s with %d files", job.id, entry, len(made))
        if self._announce:
            await self._announce(job.id)

    async def _with_article(
        self, job: Job, made: list[Asset], article: str | None
    ) -> tuple[list[Asset], list[Mapping[str, str]] | None]:
        if article is None:
            return made, None
        data = await asyncio.to_thread((self._archive.root / article).read_bytes)
        items = article_items(data.decode("utf-8", "replace"), {one.position: one.id for one in made})
        position = max((one.position for one in made), default=0) + 1
        return [*made, article_asset(job, key=article, data=data, position=position, now=self._clock())], items or None

    # Jobs whose rows are here ----------------------------------------------------------------------------------------

    async def _take_into(self, job: Job, keys: Sequence[str], adoption: Adoption) -> None:
        """Give a finished job, or one held for a person's decision, the files that its row does not know."""
        held = job.status is JobStatus.UNKNOWN and job.decision is Decision.RESTORED
        if not job.status.final and not held:
            return  # it is still producing them
        found = await self._history.with_assets(job.id, owner=EVERYONE) if job.purged_at is None else None
        taken = frozenset(one.position for one in found.assets if one.is_output) if found else frozenset[int]()
        files, article = await self._read(keys, adoption)
        # A complete job takes only files whose recipe names it.
        mine = [one for one in files if (one.ours.job == job.id if one.ours else job.status is not JobStatus.SUCCEEDED)]
        positions = positions_of([one.key for one in mine], taken=taken)
        made = [await self._output(one, job, place) for one in mine if (place := positions[one.key]) is not None]
        if not made:
            return
        values, given = await self._values(job, mine)
        if job.article is None and article:
            made, values["article"] = await self._with_article(job, made, article)
        changed = await self._history.change(job.id, only_from=frozenset({job.status}), files=[*made, *given], **values)
        if changed is None:
            return
        if held:
            await self._history.restored_jobs.found(job.id)
        adoption.jobs += 1
        adoption.files += len(made)
        log.info("job %s got %d of its files back", job.id, len(made))
        if self._announce:
            await self._announce(job.id)

    async def _values(self, job: Job, files: Sequence[FoundFile]) -> tuple[dict[str, Any], Sequence[Asset]]:
        """Return the changes of a job that has its files again, and the inputs it lost when it was purged.

        Any because they are columns of every kind.
        """
        values: dict[str, Any] = {"updated_at": self._clock()}
        given: Sequence[Asset] = ()
        if job.status is not JobStatus.SUCCEEDED:
            values |= {
                "status": JobStatus.SUCCEEDED,
                "finished_at": job.finished_at or max(job.created_at, files[0].changed_at),
                "attention": None,
                "decision": None,
                "remark": _FOUND,
                **dict.fromkeys(("error_code", "error_message", "error_hint", "error_detail")),
            }
        if job.purged_at is not None:
            again = job_of(files, job_id=job.id, person=job.person, demo=job.demo, now=self._clock())
            values |= {"purged_at": None, "deleted_at": None, "remark": _FOUND}
            values |= {"prompt": again.prompt, "rewritten_prompt": again.rewritten_prompt}
            values["parameters"] = dict(again.parameters)
            given = await inputs_of(
                files, job=job, person=Person(job.person), history=self._history, archive=self._archive
            )
        return values, given

    # Files -----------------------------------------------------------------------------------------------------------

    async def _read(self, keys: Sequence[str], adoption: Adoption) -> tuple[list[FoundFile], str | None]:
        """Return the files that can be shown, and the key of an article."""
        files: list[FoundFile] = []
        article: str | None = None
        for key in keys:
            if not key.isprintable():
                adoption.leave(ascii(key), _NAMED_BADLY)
            elif PurePosixPath(key).name == ARTICLE:
                article = key
            else:
                file = await self._read_one(key, adoption)
                files += [file] if file else []
        return files, article

    async def _read_one(self, key: str, adoption: Adoption) -> FoundFile | None:
        path = self._archive.root / key
        try:
            seen = await self._archive.inspect(path)
            return await asyncio.to_thread(read_found, path, key=key, seen=seen)
        except FileRefused:
            adoption.leave(key, _DAMAGED)
        except OSError as error:
            adoption.leave(key, f"It cannot be read ({error.strerror}).")
        return None

    async def _output(self, file: FoundFile, job: Job, position: int) -> Asset:
        asset_id = await self._free_asset(file, job) or new_id(self._clock())
        made = output_of(file, job, asset_id=asset_id, position=position)
        try:
            poster, thumbnail = await self._archive.smaller_pictures(file.key, mime=file.seen.mime)
        except FileRefused:
            return made
        except OSError as error:
            if error.errno in _FULL:
                raise
            return made  # it is shown without smaller pictures
        return replace(made, poster_key=poster, thumbnail_key=thumbnail)

    async def _free_asset(self, file: FoundFile, job: Job) -> str | None:
        """Return the id that the file's recipe names, if it denotes the file itself and no other asset has it."""
        recipe = file.ours
        wanted = usable_id(recipe.asset) if recipe and not recipe.moment else None
        if recipe is None or wanted is None or await self._history.facts.known_assets([wanted]):
            return None
        own = recipe.job == job.id or not usable_id(recipe.job) or not await self._is_entry(recipe.job)
        return wanted if own else None
