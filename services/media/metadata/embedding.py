"""The files that can carry a recipe, and the three operations on them: embed, read, strip.

A file's type is judged by its first bytes. All of it is meant for a thread.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from services.domain.errors import FileRefused
from services.media.files import replacing
from services.media.metadata import jpeg, mp4, png, wav_mp3, webp, xmp
from services.media.metadata.other_tools import Foreign, read_foreign
from services.media.metadata.recipe import MARK, MAX_BYTES, Recipe, read_json, write_json

CARRYING = frozenset({"image/png", "image/jpeg", "image/webp", "video/mp4", "video/quicktime"})
"""The MIME types of files that can carry a recipe."""
_SEARCHED = 2 << 20
"""Bytes at both ends of a file of another kind that are searched for a verbatim recipe."""


@dataclass(frozen=True)
class _Carrier:
    words: Callable[[BinaryIO, int], dict[str, str]]
    embed: Callable[[BinaryIO, int, BinaryIO, str], None]
    strip: Callable[[BinaryIO, int, BinaryIO], None]


_PNG = _Carrier(png.words, png.embed, png.strip)
_JPEG = _Carrier(jpeg.words, jpeg.embed, jpeg.strip)
_WEBP = _Carrier(webp.words, webp.embed, webp.strip)
_FILM = _Carrier(mp4.words, mp4.embed, mp4.strip)
_FILM_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"})


def embed(path: Path, recipe: Recipe, *, target: Path | None = None) -> None:
    """Put a recipe into a file, or into a copy of it at `target`: pixels, packets and times stay as they are.

    The file is written whole or not at all. A recipe that is already there is replaced. Raises FileRefused if the file
    cannot carry one, OSError if it cannot be written.
    """
    text = write_json(recipe)
    with replacing(target or path) as part:
        _embed(path, part, text)
        if read_recipe(part) != read_json(text):
            raise FileRefused("The recipe could not be put into this file.")


def strip(source: Path, target: Path) -> None:
    """Write a copy without the recipe and without any text: pixels, packets and times stay as they are.

    Raises FileRefused if the text in the file cannot be identified, OSError if it cannot be written.
    """
    with replacing(target) as part, source.open("rb") as file, part.open("wb") as out:
        carrier = _carrier(file)
        (carrier.strip if carrier else wav_mp3.strip)(file, os.fstat(file.fileno()).st_size, out)


def read_recipe(path: Path) -> Recipe | Foreign | None:
    """Return the recipe that a file carries: ours, or the readable part of another tool's; None if there is none.

    Never raises because of a file's contents. Raises OSError if it cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return None
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        carrier = _carrier(file)
        words: Mapping[str, str] = carrier.words(file, size) if carrier else {}
        for name in ("xmp", "comment", "description"):
            text = words.get(name, "")
            told = xmp.recipe_in(text) if name == "xmp" else text
            found = read_json(told.strip()) if told else None
            if found:
                return found
        return read_foreign(words) or (None if carrier else _found_anywhere(file, size))


def _carrier(file: BinaryIO) -> _Carrier | None:
    file.seek(0)
    head = file.read(12)
    if head.startswith(png.SIGNATURE):
        return _PNG
    if head.startswith(jpeg.SIGNATURE):
        return _JPEG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _WEBP
    return _FILM if head[4:8] in _FILM_BOXES else None


def _found_anywhere(file: BinaryIO, size: int) -> Recipe | None:
    """Find our recipe in a container that is not parsed here, such as a Matroska that a clip was copied into."""
    mark = MARK.encode()
    for start in sorted({0, max(0, size - _SEARCHED)}):
        file.seek(start)
        piece = file.read(_SEARCHED)
        at = piece.find(mark)
        found = read_json(piece[at : at + MAX_BYTES + 1].decode("ascii", "ignore")) if at >= 0 else None
        if found:
            return found
    return None


def _embed(source: Path, part: Path, text: str) -> None:
    with source.open("rb") as file, part.open("wb") as out:
        carrier = _carrier(file)
        if carrier is None:
            raise FileRefused("Files of this kind carry no recipe.")
        carrier.embed(file, os.fstat(file.fileno()).st_size, out, text)
