"""Jobs as one ZIP: the files with readable names, and their recipes as recipes.csv and recipes.json.

An export is first counted, then downloaded by the person who requested it, under a name that cannot be guessed. It is
made while it is read, a few jobs at a time: memory does not grow with it, and it is never stored as a file. Hides the
order of its parts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.catalogue import Catalogue
from services.database.jobs import History
from services.domain.batches import batches
from services.domain.clock import now_ms
from services.domain.errors import FileRefused, NotFound, StudioError
from services.domain.jobs import Asset, JobWithAssets
from services.domain.people import Person
from services.domain.search_query import Find
from services.gallery.export_manifest import Naming, listed, table, table_head
from services.gallery.search_syntax import names_of, parse_query
from services.storage.archive import Archive, new_part_name
from services.storage.zip_stream import Reader, ZipStream

_JOBS_AT_ONCE = 50
_MOST_JOBS = 20_000
"""The most jobs in one export."""
_MOST_WAITING = 200
"""The most exports that are remembered."""
_KEPT_MS = 3_600_000
_NO_RECIPE = "text/"
"""The MIME prefix of files that carry no recipe: an article's text is the result itself."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The jobs to export: by their ids, or all that a search finds."""

    jobs: tuple[str, ...] = ()
    query: str = ""
    collection: str | None = None
    deleted: bool = False
    clean: bool = False
    """Whether recipes and the words of prompts are left out."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An export that can be downloaded for an hour."""

    token: str
    files: int
    bytes: int
    """Total size of the files; the ZIP is a little larger."""


@dataclass(frozen=True, kw_only=True)
class _Export:
    person: Person
    jobs: tuple[str, ...]
    clean: bool
    until: int


class Exports:
    """The exports of a studio. `strip` writes a copy of a file without its recipe; it runs in a thread."""

    def __init__(
        self,
        *,
        history: History,
        archive: Archive,
        catalogue: Catalogue,
        strip: Callable[[Path, Path], object],
        demo: bool = False,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._history = history
        self._archive = archive
        self._catalogue = catalogue
        self._strip = strip
        self._demo = demo
        self._clock = clock
        self._waiting: dict[str, _Export] = {}

    async def prepare(self, person: Person, wanted: Wanted) -> Prepared:
        """Find the files to export and count them. Raises StudioError if there are none, or too many jobs."""
        jobs: list[str] = []
        files = size = 0
        async for some in self._chosen(person, wanted):
            for found in some:
                made = [asset for asset in found.assets if asset.is_output]
                if made:
                    jobs.append(found.job.id)
                files += len(made)
                size += sum(asset.bytes for asset in made)
            if len(jobs) > _MOST_JOBS:
                raise StudioError(f"That is more than {_MOST_JOBS:,} works: search for fewer and export in parts.")
        if not jobs:
            raise StudioError("There are no files to export among these.")
        token = secrets.token_urlsafe(24)
        self._forget_old()
        until = self._clock() + _KEPT_MS
        self._waiting[token] = _Export(person=person, jobs=tuple(jobs), clean=wanted.clean, until=until)
        return Prepared(token=token, files=files, bytes=size)

    def stream(self, person: Person, token: str) -> AsyncIterator[bytes]:
        """Return the ZIP, in pieces. Raises NotFound if there is no such export, or it belongs to another person."""
        export = self._waiting.get(token)
        if export is None or export.person != person or export.until < self._clock():
            raise NotFound("This export is not here any more. Please start it again.")
        return self._pieces(export)

    def _forget_old(self) -> None:
        now = self._clock()
        left = [(token, export) for token, export in self._waiting.items() if export.until >= now]
        self._waiting = dict(left[-(_MOST_WAITING - 1) :])

    async def _chosen(self, person: Person, wanted: Wanted) -> AsyncIterator[Sequence[JobWithAssets]]:
        if wanted.jobs:
            async for some in self._read(wanted.jobs, person):
                yield some
            return
        names = names_of(self._catalogue.families, self._catalogue.models)
        find = Find(
            person=person.scope,
            demo=self._demo,
            query=parse_query(wanted.query, names=names),
            collection=wanted.collection,
            deleted=wanted.deleted,
        )
        cursor: str | None = None
        while True:
            page = await self._history.page(find, cursor=cursor, limit=_JOBS_AT_ONCE)
            yield page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _read(self, job_ids: Sequence[str], person: Person) -> AsyncIterator[tuple[JobWithAssets, ...]]:
        for ids in batches(dict.fromkeys(job_ids), _JOBS_AT_ONCE):
            yield await self._history.several(ids, owner=person.scope)

    # The parts -------------------------------------------------------------------------------------------------------

    async def _pieces(self, export: _Export) -> AsyncIterator[bytes]:
        stream = ZipStream()
        reader = Reader(stream)
        naming = Naming(self._catalogue, words=not export.clean)
        try:
            async for part in self._parts(export, stream, naming):
                reader.begin(part)
                while (piece := await reader.read()) is not None:
                    if piece:
                        yield piece
        finally:
            reader.close()

    async def _parts(
        self, export: _Export, stream: ZipStream, naming: Naming
    ) -> AsyncIterator[Generator[bytes, None, None]]:
        """Yield the parts one after the other. Each must be read to its end before the next is requested."""
        async for some in self._read(export.jobs, export.person):
            for found in some:
                for asset in naming.name(found):
                    yield self._file(stream, asset, naming, clean=export.clean)
        if not export.clean:
            async for part in self._recipes(export, stream, naming):
                yield part
        if naming.missing:
            text = "".join(f"{naming.given[asset]}: {why}\n" for asset, why in naming.missing.items())
            yield stream.entry("not-included.txt", [text.encode()], made_at=self._clock())
        yield stream.end()

    async def _recipes(
        self, export: _Export, stream: ZipStream, naming: Naming
    ) -> AsyncIterator[Generator[bytes, None, None]]:
        yield stream.begin("recipes.csv", made_at=self._clock())
        yield stream.add(table_head())
        async for some in self._read(export.jobs, export.person):
            yield stream.add(await asyncio.to_thread(table, some, naming))
        yield stream.finish()
        yield stream.begin("recipes.json", made_at=self._clock())
        between = "[\n"
        async for some in self._read(export.jobs, export.person):
            for entry in await asyncio.to_thread(listed, some, naming):
                yield stream.add(f"{between}{entry}".encode())
                between = ",\n"
        yield stream.add(b"\n]\n")
        yield stream.finish()

    def _file(self, stream: ZipStream, asset: Asset, naming: Naming, *, clean: bool) -> Generator[bytes, None, None]:
        """Yield one file. A file that is missing, or cannot be stripped, is left out and reported."""
        name = naming.given[asset.id]
        try:
            path = self._archive.path(asset.key)
        except NotFound:
            naming.missing[asset.id] = "It is not on the studio's disk any more."
            return
        if not clean or asset.mime.startswith(_NO_RECIPE):
            yield from stream.file(name, path, made_at=asset.created_at)
            return
        part = self._archive.incoming / f"{new_part_name()}{path.suffix}"
        try:
            self._strip(path, part)
            yield from stream.file(name, part, made_at=asset.created_at)
        except FileRefused:
            naming.missing[asset.id] = "Its recipe could not be taken out."
        finally:
            part.unlink(missing_ok=True)
