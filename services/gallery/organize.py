"""How people organize jobs: favourites, ratings, tags, collections, and the bin, including restoring from it.

People organize only what they can see. Ids may come in any order and by the thousand. Ids that do not exist, or belong
to another person, are reported and do not stop the rest. Hides batches, limits and announcements; the SQL is in
services.database.organize.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from services.database.jobs import History
from services.database.organize import Collection, Marks, Tag
from services.domain.batches import batches
from services.domain.clock import now_ms
from services.domain.errors import NotFound, StudioError
from services.domain.jobs import Job, JobStatus, JobWithAssets, new_id
from services.domain.people import Person

log = logging.getLogger(__name__)

MOST_JOBS = 1_000
"""The most jobs that one call may cover."""
_AT_ONCE = 100
"""Jobs changed in one transaction. Small enough that no other writer waits long for the database."""
_TOLD_ONE_BY_ONE = 60
"""The most changes announced one by one; beyond that, pages are asked to reload."""
_LONGEST_TAG = 40
_LONGEST_NAME = 80
_LONGEST_READ = 1_000
"""Characters of a tag or name that are examined: far more than either may have."""
_MOST_COLLECTIONS = 500
_BEST_RATING = 5


@dataclass(frozen=True)
class Kept:
    """A job that was left as it was, and the reason."""

    job: str
    why: str


@dataclass(frozen=True, kw_only=True)
class DiscardReceipt:
    """The result of a call about the bin."""

    moved: tuple[str, ...]
    """Ids of the jobs that were moved, into the bin or out of it."""
    kept: tuple[Kept, ...]


class Organizer:
    """Organizes jobs: marks, tags, collections and the bin.

    `announce` is called with the id of each changed job; if there are many, `look_again` is called once instead. `demo`
    selects demo jobs for the counts, else real ones.
    """

    def __init__(
        self,
        *,
        history: History,
        announce: Callable[[str], Awaitable[None]],
        look_again: Callable[[], None] | None = None,
        demo: bool = False,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._history = history
        self._rows = history.organized
        self._announce = announce
        self._look_again = look_again
        self._demo = demo
        self._clock = clock

    # Marks and tags --------------------------------------------------------------------------------------------------

    async def mark(self, person: Person, job_ids: Sequence[str], marks: Marks) -> tuple[JobWithAssets, ...]:
        """Change favourite, rating, tags and collections of jobs. Returns the changed jobs, without missing ones.

        Tags are stored in lower case. Raises StudioError for an invalid mark, NotFound for an unknown collection.
        """
        marks = _checked(marks)
        changed: list[str] = []
        for some in _turns(job_ids):
            changed += await self._rows.mark(some, marks, person=person.scope, now=self._clock())
        await self._tell(changed)
        found: list[JobWithAssets] = []
        for some in _turns([job_id for job_id in dict.fromkeys(job_ids) if job_id in set(changed)]):
            found += await self._history.several(some, owner=person.scope)
        return tuple(found)

    async def tags(self, person: Person) -> tuple[Tag, ...]:
        """Return the tags in use, the most used first."""
        return await self._rows.tags(person=person.scope, demo=self._demo)

    # Collections -----------------------------------------------------------------------------------------------------

    async def collections(self, person: Person) -> tuple[Collection, ...]:
        """Return the collections by name; an admin gets those of all people, their own first."""
        found = await self._rows.collections(person=person.scope, demo=self._demo)
        return tuple(sorted(found, key=lambda one: one.person != person.name))

    async def make_collection(self, person: Person, name: str) -> Collection:
        """Create an empty collection. Raises StudioError if the name is invalid or taken."""
        own = await self._own_collections(person.name)
        if len(own) >= _MOST_COLLECTIONS:
            raise StudioError(f"You have {_MOST_COLLECTIONS} collections: remove one before you make another.")
        now = self._clock()
        made = Collection(id=new_id(now), person=person.name, name=_free_name(name, own), created_at=now)
        await self._rows.add_collection(made)
        return made

    async def rename_collection(self, person: Person, collection_id: str, name: str) -> Collection:
        """Rename a collection. Raises NotFound if it does not exist, StudioError if the name is invalid or taken."""
        known = next((one for one in await self.collections(person) if one.id == collection_id), None)
        if known is None:
            raise NotFound("There is no such collection.")
        others = [one for one in await self._own_collections(known.person) if one.id != collection_id]
        renamed = replace(known, name=_free_name(name, others))
        await self._rows.rename_collection(collection_id, renamed.name, person=person.scope)
        return renamed

    async def drop_collection(self, person: Person, collection_id: str) -> None:
        """Delete a collection; its jobs stay. Raises NotFound if it does not exist."""
        told: list[str] = []
        while some := await self._rows.drop_collection(collection_id, person=person.scope, limit=_AT_ONCE):
            told += some[: _TOLD_ONE_BY_ONE + 1 - len(told)]
        await self._tell(told)

    async def _own_collections(self, name: str) -> tuple[Collection, ...]:
        return await self._rows.collections(person=name, demo=self._demo)

    # The bin ---------------------------------------------------------------------------------------------------------

    async def discard(self, person: Person, job_ids: Sequence[str]) -> DiscardReceipt:
        """Move jobs to the bin. They stay there for 30 days, with their files untouched.

        Unfinished jobs stay where they are, and are reported.
        """
        moved: list[str] = []
        kept: list[Kept] = []
        for some in _turns(job_ids):
            gone = await self._rows.discard(some, person=person.scope, now=self._clock())
            moved += gone
            kept += [one async for one in self._left(person, some, gone, _why_not_discarded)]
        await self._tell(moved)
        return DiscardReceipt(moved=tuple(moved), kept=tuple(kept))

    async def restore(self, person: Person, job_ids: Sequence[str]) -> DiscardReceipt:
        """Take jobs out of the bin: they return exactly as they were, to the byte."""
        moved: list[str] = []
        kept: list[Kept] = []
        for some in _turns(job_ids):
            back = await self._rows.restore(some, person=person.scope, now=self._clock())
            moved += back
            kept += [one async for one in self._left(person, some, back, _why_not_restored)]
        await self._tell(moved)
        return DiscardReceipt(moved=tuple(moved), kept=tuple(kept))

    async def _left(
        self, person: Person, asked: Sequence[str], moved: Sequence[str], why: Callable[[Job], str]
    ) -> AsyncIterator[Kept]:
        """Yield the jobs that were not moved, each with the reason."""
        left = [job_id for job_id in asked if job_id not in set(moved)]
        known = {job.id: job for job in await self._rows.read(left, person=person.scope)} if left else {}
        for job_id in left:
            yield Kept(job_id, why(known[job_id]) if job_id in known else "It is not here any more.")

    async def _tell(self, job_ids: Sequence[str]) -> None:
        if len(job_ids) > _TOLD_ONE_BY_ONE and self._look_again is not None:
            self._look_again()
            return
        for job_id in job_ids:
            try:
                await self._announce(job_id)
            except NotFound:  # it was purged in between
                continue


def _turns(job_ids: Iterable[str]) -> Iterator[list[str]]:
    """Return the distinct ids in batches."""
    ids = list(dict.fromkeys(job_ids))
    if len(ids) > MOST_JOBS:
        raise StudioError(f"That is too many at once: choose up to {MOST_JOBS:,}.")
    return batches(ids, _AT_ONCE)


def _why_not_discarded(job: Job) -> str:
    if job.deleted_at is not None:
        return "It is in the bin already."
    if job.status in (JobStatus.RUNNING, JobStatus.SAVING):
        return "It is being made just now and paid for: delete it when it is done."
    return "It is not done yet: cancel it first."


def _why_not_restored(job: Job) -> str:
    return "It is not in the bin." if job.deleted_at is None else "It could not be brought back: try again."


# Text from people -----------------------------------------------------------------------------------------------------


def _checked(marks: Marks) -> Marks:
    """Return the marks as they are stored. Raises StudioError if they are invalid."""
    if marks.rating is not None and not 0 <= marks.rating <= _BEST_RATING:
        raise StudioError(f"A rating is from 1 to {_BEST_RATING}, or 0 for none.")
    return replace(marks, add_tags=_tags(marks.add_tags), remove_tags=_tags(marks.remove_tags))


def _tags(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag_name(name) for name in names))


def tag_name(text: str) -> str:
    """Return a tag as it is stored: in lower case, on one line. Raises StudioError if it is invalid."""
    name = _one_line(text).lower()
    if not name or not any(sign.isalnum() for sign in name):
        raise StudioError("A tag needs at least one letter or number.")
    if len(name) > _LONGEST_TAG:
        raise StudioError(f"That tag is too long: use up to {_LONGEST_TAG} letters.")
    if "," in name or '"' in name:
        raise StudioError("A tag cannot have a comma or a quotation mark in it.")
    return name


def _free_name(text: str, taken: Iterable[Collection]) -> str:
    name = _one_line(text)
    if not name:
        raise StudioError("Please give the collection a name.")
    if len(name) > _LONGEST_NAME:
        raise StudioError(f"That name is too long: use up to {_LONGEST_NAME} letters.")
    if "," in name or '"' in name:
        raise StudioError("The name of a collection cannot have a comma or a quotation mark in it.")
    if any(one.name.casefold() == name.casefold() for one in taken):
        raise StudioError(f"There is a collection called “{name}” already.")
    return name


def _one_line(text: str) -> str:
    """Return the text composed, without invisible characters, and with runs of spaces collapsed."""
    # Sorting a thousand accents on one letter takes time quadratic in their number.
    composed = unicodedata.normalize("NFC", text[:_LONGEST_READ])
    return " ".join("".join(sign if sign.isprintable() else " " for sign in composed).split())
