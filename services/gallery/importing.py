"""Imports existing files into the gallery, with any recipe they carry.

Files that exist already are skipped, so an import can be interrupted and run again. It needs only the database and the
archive: it works beside a running studio and without one, and never starts a job.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from services.database.jobs import History
from services.domain.errors import FileRefused, NotFound
from services.domain.jobs import OUTPUT, Asset, Job, JobStatus, JobWithAssets, new_id
from services.domain.people import EVERYONE, LOCAL, Person
from services.media.decode import MediaInfo
from services.media.files import sha256_of
from services.media.metadata import CARRYING, Foreign, Recipe, read_recipe, strip
from services.storage.archive import Archive, StoredResult, new_part_name

_TAKEN = CARRYING | {"audio/wav", "audio/mpeg", "audio/mp4"}
"""The MIME types of files that are imported."""
IMPORTED = "imported"
"""The family and model of a file without a recipe of ours."""
_ONLY = "Only PNG, JPEG, WebP, MP4, MOV, WAV, MP3 and M4A files"
_RECIPE_BYTES = 130_000
"""The most bytes a recipe adds to a file, including its packet."""
_SAME_SECONDS = 0.1
_CURRENCY = "USD"
"""The cost paid elsewhere is unknown: an imported job cost nothing here."""


class Outcome(StrEnum):
    """The outcome for a file."""

    IMPORTED = "imported"
    PRESENT = "present"
    REFUSED = "refused"


@dataclass(frozen=True)
class Taken:
    """The result of importing one file."""

    outcome: Outcome
    why: str = ""
    """A sentence, if it was refused."""
    job_id: str | None = None
    """The job it became, or already was; None in a dry run."""


@dataclass(frozen=True, kw_only=True)
class _Given:
    """A file that can be imported."""

    path: Path
    name: str
    made_at: int
    seen: MediaInfo
    bytes: int
    sha256: str
    clean_sha256: str
    """The hash of the file stripped of all text."""
    recipe: Recipe | Foreign | None

    @property
    def kind(self) -> str:
        return self.seen.kind


class Importer:
    """Imports files into the gallery. `announce` notifies open pages of a job by its id."""

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

    def new_file(self) -> Path:
        """Return the path of a new file, to write an upload to before its import."""
        return self._archive.incoming / new_part_name()

    async def keep(self, path: Path, *, name: str, person: Person = LOCAL, made_at: int | None = None) -> JobWithAssets:
        """Import one file and return its job; if it exists already, the existing one. `path` itself is left unchanged.

        `made_at` is the creation time in milliseconds if no recipe states one. Raises FileRefused, OSError.
        """
        taken = await self.take(path, name=name, person=person, made_at=made_at)
        if taken.job_id is None:
            raise FileRefused(taken.why)
        return await self._history.with_assets(taken.job_id, owner=EVERYONE)

    async def take(
        self,
        path: Path,
        *,
        name: str,
        person: Person = LOCAL,
        made_at: int | None = None,
        dry_run: bool = False,
    ) -> Taken:
        """Import one file, unless it exists already or cannot be shown. A dry run only reports the outcome."""
        now = self._clock()
        try:
            seen = await self._archive.inspect(path)
            if seen.mime not in _TAKEN:
                return Taken(Outcome.REFUSED, f"{_ONLY} are taken in.")
        except FileRefused:
            return Taken(
                Outcome.REFUSED, f"It cannot be shown: it is damaged, or of another kind. {_ONLY} are taken in."
            )
        made_at = now if made_at is None else min(made_at, now)
        given = await asyncio.to_thread(self._given, path, name, seen, made_at)
        twin = await self._twin(given, person)
        if twin is not None:
            return Taken(Outcome.PRESENT, job_id=twin.job_id)
        if dry_run:
            return Taken(Outcome.IMPORTED)
        return Taken(Outcome.IMPORTED, job_id=await self._add(given, person, now))

    def _given(self, path: Path, name: str, seen: MediaInfo, made_at: int) -> _Given:
        recipe = read_recipe(path)
        if isinstance(recipe, Recipe) and 0 < recipe.created_at <= self._clock():
            made_at = recipe.created_at
        return _Given(
            path=path,
            name=name,
            made_at=max(0, made_at),
            seen=seen,
            bytes=path.stat().st_size,
            sha256=sha256_of(path),
            clean_sha256=self._clean_sha256(path),
            recipe=recipe,
        )

    # Duplicates -------------------------------------------------------------------------------------------------------

    async def _twin(self, given: _Given, person: Person) -> Asset | None:
        """Find the same result if it exists: byte for byte, renamed and rewritten, or with other text."""
        hashes = {given.sha256, given.clean_sha256}
        twin = await self._history.files.made(sorted(hashes), person=person.name, demo=self._demo)
        return twin or await self._named(given, person) or await self._with_words(given, person)

    async def _named(self, given: _Given, person: Person) -> Asset | None:
        """Find the asset that its recipe names, if its pictures match as far as size and length show."""
        if not isinstance(given.recipe, Recipe) or given.recipe.moment:
            return None
        try:
            known = await self._history.asset(given.recipe.asset, owner=person.name)
            if (await self._history.job(known.job_id, owner=person.name)).demo != self._demo:
                return None
        except NotFound:
            return None
        same_size = (known.width, known.height) == (given.seen.width, given.seen.height)
        same_length = abs((known.seconds or 0) - (given.seen.seconds or 0)) < _SAME_SECONDS
        same_file = given.seen.mime == known.mime or given.kind == "video"  # a clip may be in another container
        return known if known.is_output and same_size and same_length and same_file else None

    async def _with_words(self, given: _Given, person: Person) -> Asset | None:
        """Find the result that this is a clean copy of: one with a recipe, but otherwise the same bytes."""
        if given.recipe is not None:
            return None
        wanted = _asset(given, job_id="", now=0)
        near = await self._history.files.like(wanted, person=person.name, demo=self._demo, more_bytes=_RECIPE_BYTES)
        for one in near:
            try:
                path = await asyncio.to_thread(self._archive.path, one.key)
            except NotFound:
                continue
            if await asyncio.to_thread(self._clean_sha256, path) == given.clean_sha256:
                return one
        return None

    def _clean_sha256(self, path: Path) -> str:
        copy = self._archive.incoming / new_part_name()
        try:
            strip(path, copy)
            return sha256_of(copy)
        except FileRefused:
            return sha256_of(path)
        finally:
            copy.unlink(missing_ok=True)

    # Importing --------------------------------------------------------------------------------------------------------

    async def _add(self, given: _Given, person: Person, now: int) -> str:
        job = job_from_recipe(
            given.recipe, person.name, job_id=new_id(now), demo=self._demo, made_at=given.made_at, now=now
        )
        part = self._archive.incoming / new_part_name()
        ways = {"image": self._archive.keep_picture, "video": self._archive.keep_video}
        keep = ways.get(given.kind, self._archive.keep_sound)
        try:
            await asyncio.to_thread(shutil.copyfile, given.path, part)
            async with self._archive.taking_in():
                stored = await keep(part, job_id=job.id, number=1)
                made = _asset(given, job_id=job.id, now=now, stored=stored)
                await self._history.add(job, [made, *await self._inputs(given, person, job.id, now)])
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
        if self._announce:
            await self._announce(job.id)
        return job.id

    async def _inputs(self, given: _Given, person: Person, job_id: str, now: int) -> list[Asset]:
        """Return its input files, as far as this person has identical ones here."""
        found: list[Asset] = []
        for one in given.recipe.inputs if isinstance(given.recipe, Recipe) else ():
            same = await self._history.files.held(one.sha256, person=person.name)
            if same is not None:
                found.append(
                    replace(
                        same,
                        id=new_id(now),
                        job_id=job_id,
                        role=one.field,
                        position=one.position,
                        name=one.name or same.name,
                        parent_id=same.id if same.is_output else same.parent_id,
                        created_at=now,
                    )
                )
        return found


def job_from_recipe(
    recipe: Recipe | Foreign | None, person: str, *, job_id: str, demo: bool, made_at: int, now: int
) -> Job:
    """Build a job that was not made here, or that has only its files left: none of them states its cost.

    `made_at` is the creation time, in milliseconds.
    """
    ours = recipe if isinstance(recipe, Recipe) else None
    foreign = recipe if isinstance(recipe, Foreign) else None
    told = {"negative_prompt": foreign.negative_prompt, "seed": foreign.seed} if foreign else {}
    return Job(
        id=job_id,
        person=person,
        family=(ours.family if ours else "") or IMPORTED,
        model=ours.model if ours else IMPORTED,
        vendor_model=ours.model if ours else IMPORTED,
        region=ours.region if ours else "",
        account=IMPORTED,
        base_url="",
        demo=demo,
        status=JobStatus.SUCCEEDED,
        prompt=recipe.prompt if recipe else "",
        rewritten_prompt=ours.rewritten_prompt if ours else None,
        parameters=dict(ours.parameters) if ours else {name: value for name, value in told.items() if value},
        created_at=made_at,
        finished_at=made_at,
        updated_at=now,
        remark=f"Made with {foreign.tool}." if foreign else None,
        estimated_micros=0,
        actual_micros=0,
        currency=_CURRENCY,
        imported=True,
    )


def _asset(given: _Given, *, job_id: str, now: int, stored: StoredResult | None = None) -> Asset:
    recipe = given.recipe if isinstance(given.recipe, Recipe) else None
    return Asset(
        id=new_id(now),
        job_id=job_id,
        role=OUTPUT,
        kind=given.kind,
        position=1,
        name=given.name[:200],
        key=stored.key if stored else "",
        poster_key=stored.poster_key if stored else None,
        thumbnail_key=stored.thumbnail_key if stored else None,
        mime=given.seen.mime,
        width=given.seen.width,
        height=given.seen.height,
        seconds=given.seen.seconds,
        bytes=stored.bytes if stored else given.bytes,
        sha256=stored.sha256 if stored else given.sha256,
        created_at=now,
        parent_id=recipe.asset if recipe and recipe.moment else None,
        moment=recipe.moment if recipe else None,
    )
