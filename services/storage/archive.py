"""Storage of files: results, their inputs, posters and thumbnails. All below the studio's folder.

A file appears under its key only when it is complete: it is written elsewhere, checked, flushed and renamed. Run every
function that touches a file in a thread; the async ones use a thread themselves.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import secrets
import shutil
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout
from PIL import Image, ImageOps

from services.domain.errors import FileRefused, NotFound
from services.media.decode import (
    FILE_TYPES,
    Decoded,
    MediaInfo,
    clip_type,
    decode_clip,
    decode_picture,
    decode_sound,
    inspect,
)
from services.media.files import sha256_of
from services.media.metadata import Recipe, embed

log = logging.getLogger(__name__)

_LOOK_AGAIN_SECONDS = 0.05
_POSTER_SIDE = 1280
_THUMBNAIL_SIDE = 400
"""The longest side of a poster and of a thumbnail, in pixels."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A file in the archive."""

    key: str
    bytes: int
    sha256: str
    mime: str
    thumbnail_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoredResult(Stored):
    """A clip, picture or sound in the archive, with smaller pictures of it; a sound has none."""

    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    """The length of a clip or sound in seconds; None for a picture."""
    poster_key: str | None = None


class Archive:
    """The files below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.decoding = asyncio.Semaphore(2)
        """Hold it while decoding: each decoder uses a core, and with two at a time the page stays responsive."""

    @property
    def root(self) -> Path:
        """The folder that keys are relative to."""
        return self._root

    @property
    def incoming(self) -> Path:
        """The folder for downloads in progress. It is on the same disk as the rest, so a rename is atomic."""
        return self._root / "incoming"

    def prepare(self) -> None:
        """Create the folders, readable only by the studio's own user."""
        for folder in (self._root, self.incoming, self._root / "results", self._root / "inputs"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, key: str) -> Path:
        """Return the file behind a key. Raises NotFound if there is none, or the key leads out of the folder."""
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root.resolve()) or not path.is_file():
            raise NotFound("This file is not in the archive any more.")
        return path

    async def keep_input(self, source: Path, *, form: str) -> Stored:
        """Keep a copy of an input file under the hash of its content: equal files are stored once.

        `form` is the file's actual format, for example JPEG. Raises FileRefused if it is not a format we keep.
        """
        return await asyncio.to_thread(self._keep_input, source, form)

    async def keep_video(self, part: Path, *, job_id: str, number: int, recipe: Recipe | None = None) -> StoredResult:
        """Move a finished download into the archive: inspect it, make its pictures, rename it last.

        It carries `recipe` from then on, and its hash is that of the file with the recipe; the packets stay unchanged.
        Raises FileRefused if it is not a playable video.
        """
        async with self.decoding:
            return await asyncio.to_thread(self._keep_video, part, f"results/{job_id}/{number}", recipe)

    async def keep_picture(self, part: Path, *, job_id: str, number: int, recipe: Recipe | None = None) -> StoredResult:
        """Move a downloaded picture into the archive, with smaller ones of it; rename it last.

        It carries `recipe` from then on, and its hash is that of the file with the recipe; the pixels stay unchanged.
        Raises FileRefused if it cannot be shown as a whole.
        """
        async with self.decoding:
            return await asyncio.to_thread(self._keep_picture, part, f"results/{job_id}/{number}", recipe)

    async def keep_sound(self, part: Path, *, job_id: str, number: int) -> StoredResult:
        """Move a sound into the archive unchanged; rename it last. Raises FileRefused if it cannot be played."""
        return await asyncio.to_thread(self._keep_sound, part, f"results/{job_id}/{number}")

    async def inspect(self, path: Path) -> MediaInfo:
        """Read type, size and length of a picture, clip or sound. Raises FileRefused if it cannot be decoded."""
        async with self.decoding:
            return await asyncio.to_thread(inspect, path)

    async def smaller_pictures(self, key: str, *, mime: str) -> tuple[str | None, str | None]:
        """Return the keys of the poster and the thumbnail of a stored result. Missing ones are made again.

        The result itself is only read. A sound has none. Raises FileRefused if it cannot be shown.
        """
        if mime.startswith("audio/"):
            return None, None
        async with self.decoding:
            return await asyncio.to_thread(self._smaller_pictures, key, mime)

    async def input_picture(self, key: str, *, mime: str) -> str | None:
        """Return the key of a stored input's thumbnail, made again if missing; None if it has none."""
        async with self.decoding:
            return await asyncio.to_thread(self._input_picture, key, mime)

    @asynccontextmanager
    async def taking_in(self) -> AsyncGenerator[None, None]:
        """Hold the archive's lock inside this context, while a stored file has no row yet: others leave it alone.

        All processes wait for each other.
        """
        lock = FileLock(self._root / ".taking-in.lock", thread_local=False)
        while True:
            try:
                lock.acquire(timeout=0)  # a wait in a thread could not be interrupted
                break
            except Timeout:
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        try:
            yield
        finally:
            lock.release()

    async def keep_article(self, text: str, *, job_id: str) -> Stored:
        """Write an article's Markdown, replacing an earlier one of the same job."""
        return await asyncio.to_thread(self._keep_article, text, f"results/{job_id}/article.md")

    def _keep_input(self, source: Path, form: str) -> Stored:
        if form not in FILE_TYPES:
            raise FileRefused(f"Files of the kind {form} cannot be kept.")
        suffix, mime = FILE_TYPES[form]
        digest = sha256_of(source)
        key = f"inputs/{digest[:2]}/{digest}{suffix}"
        target = self._root / key
        if not _is_there(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            part = self.incoming / f"{new_part_name()}{suffix}"
            shutil.copyfile(source, part)
            _settle(part, target)
        thumbnail_key = f"{key}.thumbnail.jpg"
        if not _is_there(self._root / thumbnail_key) and not self._make_thumbnail(target, thumbnail_key, mime):
            thumbnail_key = None
        return Stored(key=key, bytes=target.stat().st_size, sha256=digest, mime=mime, thumbnail_key=thumbnail_key)

    def _smaller_pictures(self, key: str, mime: str) -> tuple[str, str]:
        stem = str(PurePosixPath(key).with_suffix(""))
        poster_key, thumbnail_key = f"{stem}.poster.jpg", f"{stem}.thumbnail.jpg"
        missing = {k: s for k, s in ((poster_key, _POSTER_SIDE), (thumbnail_key, _THUMBNAIL_SIDE)) if not self._has(k)}
        if missing:
            path = self._root / key
            looked = decode_clip(path) if mime.startswith("video/") else decode_picture(path)[0]
            for smaller, side in missing.items():
                self._save_smaller(looked.picture, smaller, side=side)
        return poster_key, thumbnail_key

    def _input_picture(self, key: str, mime: str) -> str | None:
        picture = f"{key}.thumbnail.jpg"
        return picture if self._has(picture) or self._make_thumbnail(self._root / key, picture, mime) else None

    def _has(self, key: str) -> bool:
        path = self._root / key
        return path.is_file() and path.stat().st_size > 0

    def _make_thumbnail(self, source: Path, key: str, mime: str) -> bool:
        """Make the thumbnail of a file. Returns False if it has none."""
        if mime.startswith("image/"):
            with Image.open(source) as picture:
                picture.draft("RGB", (_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
                small = ImageOps.exif_transpose(picture).convert("RGB")
        elif mime.startswith("video/"):
            try:
                small = decode_clip(source).picture
            except FileRefused:
                return False  # clips are checked elsewhere; a thumbnail is optional
        else:
            return False
        self._save_smaller(small, key, side=_THUMBNAIL_SIDE)
        return True

    def _keep_video(self, part: Path, stem: str, recipe: Recipe | None) -> StoredResult:
        looked = decode_clip(part)
        with _carrying(part, recipe, sees=decode_clip) as whole:
            return self._keep_result(whole, stem, clip_type(part), looked)

    def _keep_picture(self, part: Path, stem: str, recipe: Recipe | None) -> StoredResult:
        looked, form = decode_picture(part)
        with _carrying(part, recipe, sees=decode_picture) as whole:
            return self._keep_result(whole, stem, FILE_TYPES[form], looked)

    def _keep_result(self, part: Path, stem: str, kind: tuple[str, str], looked: Decoded) -> StoredResult:
        suffix, mime = kind
        (self._root / stem).parent.mkdir(parents=True, exist_ok=True)
        poster_key, thumbnail_key, key = f"{stem}.poster.jpg", f"{stem}.thumbnail.jpg", f"{stem}{suffix}"
        self._save_smaller(looked.picture, poster_key, side=_POSTER_SIDE)
        self._save_smaller(looked.picture, thumbnail_key, side=_THUMBNAIL_SIDE)
        digest, size = sha256_of(part), part.stat().st_size
        _settle(part, self._root / key)
        return StoredResult(
            key=key,
            bytes=size,
            sha256=digest,
            mime=mime,
            width=looked.width,
            height=looked.height,
            seconds=looked.seconds,
            poster_key=poster_key,
            thumbnail_key=thumbnail_key,
        )

    def _keep_sound(self, part: Path, stem: str) -> StoredResult:
        seconds, (suffix, mime) = decode_sound(part)
        key = f"{stem}{suffix}"
        (self._root / key).parent.mkdir(parents=True, exist_ok=True)
        digest, size = sha256_of(part), part.stat().st_size
        _settle(part, self._root / key)
        return StoredResult(key=key, bytes=size, sha256=digest, mime=mime, seconds=seconds)

    def _save_smaller(self, picture: Image.Image, key: str, *, side: int) -> None:
        smaller = picture.copy()
        smaller.thumbnail((side, side))
        part = self.incoming / f"{new_part_name()}.jpg"
        smaller.save(part, "JPEG", quality=82)
        _settle(part, self._root / key)

    def _keep_article(self, text: str, key: str) -> Stored:
        target = self._root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        part = self.incoming / new_part_name()
        data = text.encode()
        part.write_bytes(data)
        _settle(part, target)
        return Stored(key=key, bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), mime="text/markdown")


@contextmanager
def _carrying(part: Path, recipe: Recipe | None, *, sees: Callable[[Path], object]) -> Generator[Path, None, None]:
    """Yield a copy of a finished download that carries the recipe, for the block to rename; then delete the download.

    The download itself is never written to: after a crash in between it is still there to continue with. A file that
    cannot carry a recipe, or can no longer be shown with it (`sees` raises FileRefused), is kept without it rather than
    lost.
    """
    if recipe is None:
        yield part
        return
    copy = part.with_name(f"{part.stem}-{new_part_name()}")
    try:
        embed(part, recipe, target=copy)
        sees(copy)
    except FileRefused as refusal:
        log.warning("job %s: a result is kept without its recipe (%s)", recipe.job, refusal)
        copy.unlink(missing_ok=True)
        yield part
        return
    yield copy
    part.unlink(missing_ok=True)


def new_part_name() -> str:
    """Return a name for a file that is still being written."""
    return f"{secrets.token_hex(8)}.part"


def _is_there(path: Path) -> bool:
    """Return whether a file exists. If so, it counts as new, and cleanup leaves it until its row is written."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _settle(part: Path, target: Path) -> None:
    """Flush a finished file to disk and give it its name, in one atomic step."""
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
    part.replace(target)
    if os.name == "posix":  # Windows has no handle on a folder
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
