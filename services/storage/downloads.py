"""What leaves the archive, and to whom: one file, a file without its recipe, all that a job made.

Everybody gets what is theirs; what is another's does not exist for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

from services.database.jobs import History
from services.domain.errors import FileRefused, NotFound
from services.domain.jobs import Asset, JobWithAssets
from services.domain.people import LOCAL, Person
from services.storage.archive import Archive
from services.storage.zip_stream import zipped


class Downloads:
    """The files that people may have. `strip` writes a copy of a file without its recipe; copies lie in `folder`."""

    def __init__(
        self, *, history: History, archive: Archive, folder: Path, strip: Callable[[Path, Path], object]
    ) -> None:
        self._history = history
        self._archive = archive
        self._folder = folder
        self._strip = strip

    async def file(self, asset_id: str, picture: str = "", *, person: Person = LOCAL) -> tuple[Asset, Path]:
        """A file and where it lies. `picture` is `poster`, `thumbnail` or nothing. Raises NotFound."""
        asset = await self._history.asset(asset_id, owner=person.scope)
        key = {"": asset.key, "poster": asset.poster_key, "thumbnail": asset.thumbnail_key}.get(picture)
        if key is None:
            raise NotFound("There is no such picture.")
        return asset, await asyncio.to_thread(self._archive.path, key)

    async def clean(self, asset_id: str, *, person: Person = LOCAL) -> tuple[Asset, Path]:
        """A file without its recipe, and where that copy lies. Raises NotFound, FileRefused."""
        asset, path = await self.file(asset_id, person=person)
        if asset.kind == "article":
            return asset, path  # its words are the work itself
        copy = self._folder / f"{asset.sha256}{path.suffix}"
        try:
            await asyncio.to_thread(self._write_clean, path, copy)
        except OSError as error:
            raise FileRefused("The copy cannot be written: the studio's disk may be full.") from error
        return asset, copy

    def _write_clean(self, path: Path, copy: Path) -> None:
        if copy.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        part = copy.with_name(f"part-{copy.name}")  # the ending says what it is
        self._strip(path, part)
        part.replace(copy)

    async def article(self, job_id: str, *, person: Person = LOCAL) -> tuple[str, Iterator[bytes]]:
        """What an article's zip is called, and its files with their names: the text and its pictures.

        Raises NotFound.
        """
        outputs = [asset for asset in (await self._found(job_id, person)).assets if asset.is_output]
        text = next((asset for asset in outputs if asset.kind == "article"), None)
        if text is None:
            raise NotFound("This job has no article, or it is not finished.")
        return f"{Path(text.name).stem}.zip", zipped(await self._paths(outputs))

    async def made(self, job_id: str, *, person: Person = LOCAL) -> tuple[str, Iterator[bytes]]:
        """The name of a ZIP of all that a job made, and the ZIP as it is written. Raises NotFound."""
        found = await self._found(job_id, person)
        outputs = [asset for asset in found.assets if asset.is_output]
        if not outputs:
            raise NotFound("This job has made no files, or it is not finished.")
        return f"{found.job.model}-{job_id[-6:]}.zip", zipped(await self._paths(outputs))

    async def _paths(self, files: list[Asset]) -> list[tuple[str, Path]]:
        return await asyncio.to_thread(lambda: [(asset.name, self._archive.path(asset.key)) for asset in files])

    async def _found(self, job_id: str, person: Person) -> JobWithAssets:
        return await self._history.with_assets(job_id, owner=person.scope)
