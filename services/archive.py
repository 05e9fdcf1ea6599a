"""Where files lie: results, the inputs they were made from, posters and thumbnails. All below the studio's folder.

A file appears under its key only when it is whole: it is written beside, checked, flushed and renamed. Every function
that touches a file is meant for a thread; the async ones go there themselves.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import av
from av.error import FFmpegError
from PIL import Image, ImageOps

from services.errors import FileRefused, NotFound

_POSTER_SIDE = 1280
_THUMBNAIL_SIDE = 400
"""The longest side of a poster and of a tile's picture, in pixels."""
_KINDS = {
    "JPEG": (".jpg", "image/jpeg"),
    "PNG": (".png", "image/png"),
    "BMP": (".bmp", "image/bmp"),
    "WEBP": (".webp", "image/webp"),
    "WAV": (".wav", "audio/wav"),
    "MP3": (".mp3", "audio/mpeg"),
}
"""The file ending and MIME type of what a given file really is."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A file in the archive."""

    key: str
    bytes: int
    sha256: str
    mime: str
    thumbnail_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoredVideo(Stored):
    """A result in the archive, with its pictures."""

    width: int
    height: int
    seconds: float
    poster_key: str


class Archive:
    """The files below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pictures = asyncio.Semaphore(2)  # decoding uses a core; two at a time leave the page quick

    @property
    def incoming(self) -> Path:
        """Where downloads grow. On the same disk as the rest, so that a rename is atomic."""
        return self._root / "incoming"

    def prepare(self) -> None:
        """Make the folders, readable by nobody else."""
        for folder in (self._root, self.incoming, self._root / "results", self._root / "inputs"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, key: str) -> Path:
        """The file behind a key. Raises NotFound where there is none, or the key leads out of the folder."""
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root.resolve()) or not path.is_file():
            raise NotFound("This file is not in the archive any more.")
        return path

    async def keep_input(self, source: Path, *, form: str) -> Stored:
        """Keep a copy of a file somebody gave, under the hash of what it holds: twice the same is stored once.

        `form` is what the file really is, for example JPEG. Raises FileRefused where that is nothing we keep.
        """
        return await asyncio.to_thread(self._keep_input, source, form)

    async def keep_video(self, part: Path, *, job_id: str, number: int) -> StoredVideo:
        """Take a finished download into the archive: look into it, make its pictures, rename it last.

        Raises FileRefused where it is not a video that can be played.
        """
        async with self._pictures:
            return await asyncio.to_thread(self._keep_video, part, f"results/{job_id}/{number}")

    def _keep_input(self, source: Path, form: str) -> Stored:
        if form not in _KINDS:
            raise FileRefused(f"Files of the kind {form} cannot be kept.")
        suffix, mime = _KINDS[form]
        digest = _sha256(source)
        key = f"inputs/{digest[:2]}/{digest}{suffix}"
        target = self._root / key
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = self.incoming / f"{new_part_name()}{suffix}"
            shutil.copyfile(source, part)
            _settle(part, target)
        thumbnail_key = None
        if mime.startswith("image/"):
            thumbnail_key = f"{key}.thumbnail.jpg"
            if not (self._root / thumbnail_key).exists():
                self._make_thumbnail(target, self._root / thumbnail_key)
        return Stored(key=key, bytes=target.stat().st_size, sha256=digest, mime=mime, thumbnail_key=thumbnail_key)

    def _make_thumbnail(self, source: Path, target: Path) -> None:
        with Image.open(source) as picture:
            picture.draft("RGB", (_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
            small = ImageOps.exif_transpose(picture).convert("RGB")
        small.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
        part = self.incoming / f"{new_part_name()}.jpg"
        small.save(part, "JPEG", quality=82)
        _settle(part, target)

    def _keep_video(self, part: Path, stem: str) -> StoredVideo:
        (self._root / stem).parent.mkdir(parents=True, exist_ok=True)
        poster_key, thumbnail_key, key = f"{stem}.poster.jpg", f"{stem}.thumbnail.jpg", f"{stem}.mp4"
        width, height, seconds, picture = _first_picture(part)
        for picture_key, side in ((poster_key, _POSTER_SIDE), (thumbnail_key, _THUMBNAIL_SIDE)):
            smaller = picture.copy()
            smaller.thumbnail((side, side))
            picture_part = part.with_name(f"{part.name}.jpg")
            smaller.save(picture_part, "JPEG", quality=82)
            _settle(picture_part, self._root / picture_key)
        digest, size = _sha256(part), part.stat().st_size
        _settle(part, self._root / key)
        return StoredVideo(
            key=key,
            bytes=size,
            sha256=digest,
            mime="video/mp4",
            width=width,
            height=height,
            seconds=seconds,
            poster_key=poster_key,
            thumbnail_key=thumbnail_key,
        )


def new_part_name() -> str:
    """A name for a file that is still being written."""
    return f"{secrets.token_hex(8)}.part"


def _first_picture(path: Path) -> tuple[int, int, float, Image.Image]:
    """Width, height, seconds and a picture of a video; the picture is taken a little way in, where things move."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            seconds = float((container.duration or 0) / av.time_base)
            if seconds > 1:
                container.seek(int(min(1.0, seconds / 4) * av.time_base))
            frame = next(container.decode(stream))
            return frame.width, frame.height, seconds, frame.to_image()
    except (FFmpegError, IndexError, StopIteration, OSError) as error:
        raise FileRefused("The provider's file is not a video that can be played.") from error


def _settle(part: Path, target: Path) -> None:
    """Flush a finished file to the disk and give it its name, in one step that is done or not done."""
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
    part.replace(target)
    if os.name == "posix":  # Windows has no handle on a folder
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
