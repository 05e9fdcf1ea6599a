"""Where files lie: results, the inputs they were made from, posters and thumbnails. All below the studio's folder.

A file appears under its key only when it is whole: it is written beside, checked, flushed and renamed. Every function
that touches a file is meant for a thread; the async ones go there themselves.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import os
import secrets
import shutil
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import av
from av.error import FFmpegError
from filelock import FileLock, Timeout
from PIL import Image, ImageOps

from services.domain.errors import FileRefused, NotFound
from services.media.audio import read_audio
from services.media.facts import AudioFacts
from services.media.image import opened
from services.media.kinds import HEAD_BYTES, Kind, look
from services.media.video import MAX_FRAME_PIXELS
from services.recipes import Recipe, embed

log = logging.getLogger(__name__)

_BOUNDED = {"max_pixels": str(MAX_FRAME_PIXELS)}
"""For FFmpeg: no claim of a file makes a frame larger."""
_LOOK_AGAIN_SECONDS = 0.05
_POSTER_SIDE = 1280
_THUMBNAIL_SIDE = 400
"""The longest side of a poster and of a tile's picture, in pixels."""
_KINDS = {
    "JPEG": (".jpg", "image/jpeg"),
    "PNG": (".png", "image/png"),
    "BMP": (".bmp", "image/bmp"),
    "WEBP": (".webp", "image/webp"),
    "TIFF": (".tif", "image/tiff"),
    "WAV": (".wav", "audio/wav"),
    "MP3": (".mp3", "audio/mpeg"),
    "M4A": (".m4a", "audio/mp4"),
    "MP4": (".mp4", "video/mp4"),
    "MOV": (".mov", "video/quicktime"),
    "AVI": (".avi", "video/x-msvideo"),
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
class Seen:
    """What a picture, clip or sound is, by its contents."""

    mime: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    """How long a clip or sound is; None for a picture."""

    @property
    def kind(self) -> str:
        """image, video or audio."""
        return self.mime.partition("/")[0]


@dataclass(frozen=True, kw_only=True)
class StoredResult(Stored):
    """A clip, picture or sound in the archive, with smaller pictures of it; a sound has none."""

    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    """How long a clip or sound is; None for a picture."""
    poster_key: str | None = None


class Archive:
    """The files below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pictures = asyncio.Semaphore(2)  # decoding uses a core; two at a time leave the page quick

    @property
    def root(self) -> Path:
        """The folder that keys lie below."""
        return self._root

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

    async def keep_video(self, part: Path, *, job_id: str, number: int, recipe: Recipe | None = None) -> StoredResult:
        """Take a finished download into the archive: look into it, make its pictures, rename it last.

        It carries `recipe` from then on, and its hash is that of the file with it; packets stay as they came. Raises
        FileRefused where it is not a video that can be played.
        """
        async with self._pictures:
            return await asyncio.to_thread(self._keep_video, part, f"results/{job_id}/{number}", recipe)

    async def keep_picture(self, part: Path, *, job_id: str, number: int, recipe: Recipe | None = None) -> StoredResult:
        """Take a downloaded picture into the archive, with smaller ones of it; rename it last.

        It carries `recipe` from then on, and its hash is that of the file with it; pixels stay as they came. Raises
        FileRefused where it cannot be shown as a whole.
        """
        async with self._pictures:
            return await asyncio.to_thread(self._keep_picture, part, f"results/{job_id}/{number}", recipe)

    async def keep_sound(self, part: Path, *, job_id: str, number: int) -> StoredResult:
        """Take a sound into the archive as it is; rename it last. Raises FileRefused where it cannot be heard."""
        return await asyncio.to_thread(self._keep_sound, part, f"results/{job_id}/{number}")

    async def look(self, path: Path) -> Seen:
        """What a picture, clip or sound is, decoded as far as results are. Raises FileRefused where it cannot be shown
        or heard."""
        async with self._pictures:
            return await asyncio.to_thread(_seen, path)

    async def smaller_pictures(self, key: str, *, mime: str) -> tuple[str | None, str | None]:
        """The keys of the poster and of the tile's picture of a result that is here; what is missing is made again.

        The result itself is only read. A sound has none. Raises FileRefused if it cannot be shown.
        """
        if mime.startswith("audio/"):
            return None, None
        async with self._pictures:
            return await asyncio.to_thread(self._smaller_pictures, key, mime)

    async def input_picture(self, key: str, *, mime: str) -> str | None:
        """The key of the small picture of a given file that is here, made again if it is missing; None without one."""
        async with self._pictures:
            return await asyncio.to_thread(self._input_picture, key, mime)

    @asynccontextmanager
    async def taking_in(self) -> AsyncIterator[None]:
        """Hold this while a file is here whose row is not written yet: others leave it alone meanwhile.

        All processes wait for each other.
        """
        lock = FileLock(self._root / ".taking-in.lock", thread_local=False)
        while True:
            try:
                lock.acquire(timeout=0)  # waiting in a thread could not be broken off
                break
            except Timeout:
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        try:
            yield
        finally:
            lock.release()

    async def keep_article(self, text: str, *, job_id: str) -> Stored:
        """Write an article's Markdown; an earlier one of the same job is replaced."""
        return await asyncio.to_thread(self._keep_article, text, f"results/{job_id}/article.md")

    def _keep_input(self, source: Path, form: str) -> Stored:
        if form not in _KINDS:
            raise FileRefused(f"Files of the kind {form} cannot be kept.")
        suffix, mime = _KINDS[form]
        digest = _sha256(source)
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
            looked = _look_into(path) if mime.startswith("video/") else _look_at(path)[0]
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
        """Make the small picture of a file; False where it has none."""
        if mime.startswith("image/"):
            with Image.open(source) as picture:
                picture.draft("RGB", (_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
                small = ImageOps.exif_transpose(picture).convert("RGB")
        elif mime.startswith("video/"):
            try:
                small = _look_into(source).picture
            except FileRefused:
                return False  # a clip is judged elsewhere; without a small picture it is as good
        else:
            return False
        self._save_smaller(small, key, side=_THUMBNAIL_SIDE)
        return True

    def _keep_video(self, part: Path, stem: str, recipe: Recipe | None) -> StoredResult:
        looked = _look_into(part)
        with _carrying(part, recipe, sees=_look_into) as whole:
            return self._keep_result(whole, stem, _film_kind(part), looked)

    def _keep_picture(self, part: Path, stem: str, recipe: Recipe | None) -> StoredResult:
        looked, form = _look_at(part)
        with _carrying(part, recipe, sees=_look_at) as whole:
            return self._keep_result(whole, stem, _KINDS[form], looked)

    def _keep_result(self, part: Path, stem: str, kind: tuple[str, str], looked: _Looked) -> StoredResult:
        suffix, mime = kind
        (self._root / stem).parent.mkdir(parents=True, exist_ok=True)
        poster_key, thumbnail_key, key = f"{stem}.poster.jpg", f"{stem}.thumbnail.jpg", f"{stem}{suffix}"
        self._save_smaller(looked.picture, poster_key, side=_POSTER_SIDE)
        self._save_smaller(looked.picture, thumbnail_key, side=_THUMBNAIL_SIDE)
        digest, size = _sha256(part), part.stat().st_size
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
        seconds, (suffix, mime) = _heard(part)
        key = f"{stem}{suffix}"
        (self._root / key).parent.mkdir(parents=True, exist_ok=True)
        digest, size = _sha256(part), part.stat().st_size
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
def _carrying(part: Path, recipe: Recipe | None, *, sees: Callable[[Path], object]) -> Iterator[Path]:
    """A copy of a finished download that carries the recipe, to be renamed by the block; then the download goes.

    The download itself is never written to: whoever dies in between goes on with it. What cannot carry a recipe, or can
    no longer be shown with it (`sees` raises FileRefused), is better kept without than not at all.
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


def _film_kind(path: Path) -> tuple[str, str]:
    """The ending and MIME type of a clip: a QuickTime film says so in its first bytes, all else is called MP4."""
    with path.open("rb") as file:
        return _KINDS["MOV" if file.read(12)[8:] == b"qt  " else "MP4"]


def new_part_name() -> str:
    """A name for a file that is still being written."""
    return f"{secrets.token_hex(8)}.part"


@dataclass(frozen=True, kw_only=True)
class _Looked:
    """What a look into a clip or picture found, and a picture of it in red, green and blue."""

    width: int
    height: int
    seconds: float | None
    picture: Image.Image


def _seen(path: Path) -> Seen:
    with path.open("rb") as file:
        kind = look(file.read(HEAD_BYTES))
    if kind is Kind.PICTURE:
        looked, form = _look_at(path)
        return Seen(mime=_KINDS[form][1], width=looked.width, height=looked.height)
    if kind is Kind.UNKNOWN:
        raise FileRefused("This is neither a picture nor a clip nor a sound.")
    try:
        seconds, (_, mime) = _heard(path)
        return Seen(mime=mime, seconds=seconds)
    except FileRefused:
        if kind is Kind.SOUND:
            raise
    looked = _look_into(path)
    return Seen(mime=_film_kind(path)[1], width=looked.width, height=looked.height, seconds=looked.seconds)


def _heard(path: Path) -> tuple[float, tuple[str, str]]:
    """How long a sound is, with its ending and MIME type. Raises FileRefused; a clip with pictures is no sound."""
    facts = read_audio(path, most=math.inf)
    if not isinstance(facts, AudioFacts):
        raise FileRefused(facts.why)
    if facts.format not in _KINDS:
        raise FileRefused(f"{facts.format} sounds are not kept.")
    return facts.seconds, _KINDS[facts.format]


def _look_into(path: Path) -> _Looked:
    """A clip; its picture is taken a little way in, where things move. Nothing but the file itself is opened."""
    try:
        with path.open("rb") as file, av.open(file, "r", options=_BOUNDED) as container:
            stream = container.streams.video[0]
            stream.codec_context.options = _BOUNDED
            seconds = float((container.duration or 0) / av.time_base)
            if seconds > 1:
                container.seek(int(min(1.0, seconds / 4) * av.time_base))
            frame = next(container.decode(stream))
            picture = _upright(frame.to_image(), frame.rotation)
            return _Looked(width=picture.width, height=picture.height, seconds=seconds, picture=picture)
    except (FFmpegError, IndexError, StopIteration, OSError, ValueError) as error:
        raise FileRefused("The provider's file is not a video that can be played.") from error


def _upright(picture: Image.Image, degrees: int) -> Image.Image:
    """As a player would show it: the file says by how much it was turned against the clock."""
    return picture.rotate(degrees, expand=True) if degrees % 360 else picture


def _look_at(path: Path) -> tuple[_Looked, str]:
    """A picture, decoded to its last pixel, and Pillow's name of its format."""
    broken = "The provider's file is not a picture that can be shown."
    try:
        with path.open("rb") as file, opened(file, "The picture") as picture:
            form = picture.format or ""
            if form not in _KINDS:
                raise FileRefused(broken)
            seen = ImageOps.exif_transpose(picture)
            flat = _on_white(seen)
    except (OSError, ValueError, SyntaxError, struct.error) as error:  # what Pillow raises for broken pixels
        raise FileRefused(broken) from error
    return _Looked(width=flat.width, height=flat.height, seconds=None, picture=flat), form


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")


def _is_there(path: Path) -> bool:
    """Whether a file is there; then it counts as new, and the janitor leaves it until its row is written."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


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
