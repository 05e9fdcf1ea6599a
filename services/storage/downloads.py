"""Downloads from the archive: one file, a file without its recipe, or all outputs of a job.

Each person gets their own files; files of another person do not exist for them.
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
    """The files that people may download. `strip` writes a copy without its recipe; copies are stored in `folder`."""

    def __init__(
        self, *, history: History, archive: Archive, folder: Path, strip: Callable[[Path, Path], object]
    ) -> None:
        self._history = history
        self._archive = archive
        self._folder = folder
        self._strip = strip

    async def file(self, asset_id: str, picture: str = "", *, person: Person = LOCAL) -> tuple[Asset, Path]:
        """Return a file and its path. `picture` is `poster`, `thumbnail` or empty. Raises NotFound if it is missing."""
        asset = await self._history.asset(asset_id, owner=person.scope)
        key = {"": asset.key, "poster": asset.poster_key, "thumbnail": asset.thumbnail_key}.get(picture)
        if key is None:
            raise NotFound("There is no such picture.")
        return asset, await asyncio.to_thread(self._archive.path, key)

    async def clean(self, asset_id: str, *, person: Person = LOCAL) -> tuple[Asset, Path]:
        """Return a file and the path of its copy without its recipe. Raises NotFound, FileRefused."""
        asset, path = await self.file(asset_id, person=person)
        if asset.kind == "article":
            return asset, path  # the text is the result itself
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
        part = copy.with_name(f"part-{copy.name}")  # the suffix determines the type
        self._strip(path, part)
        part.replace(copy)

    async def article(self, job_id: str, *, person: Person = LOCAL) -> tuple[str, Iterator[bytes]]:
        """Return the name of an article's ZIP, and the ZIP as it is written: the text and its pictures.

        Raises NotFound if there is no finished article.
        """
        outputs = [asset for asset in (await self._found(job_id, person)).assets if asset.is_output]
        text = next((asset for asset in outputs if asset.kind == "article"), None)
        if text is None:
            raise NotFound("This job has no article, or it is not finished.")
        return f"{Path(text.name).stem}.zip", zipped(await self._paths(outputs))

    async def made(self, job_id: str, *, person: Person = LOCAL) -> tuple[str, Iterator[bytes]]:
        """Return the name of a ZIP of all outputs of a job, and the ZIP as it is written. Raises NotFound if none."""
        found = await self._found(job_id, person)
        outputs = [asset for asset in found.assets if asset.is_output]
        if not outputs:
            raise NotFound("This job has made no files, or it is not finished.")
        return f"{found.job.model}-{job_id[-6:]}.zip", zipped(await self._paths(outputs))

    async def _paths(self, files: list[Asset]) -> list[tuple[str, Path]]:
        return await asyncio.to_thread(lambda: [(asset.name, self._archive.path(asset.key)) for asset in files])

    async def _found(self, job_id: str, person: Person) -> JobWithAssets:
        return await self._history.with_assets(job_id, owner=person.scope)
