"""Reading of files for a field that takes several kinds: the kind of each, by its contents."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import assert_never

from services.catalogue.schema import AudioLimit, ImageLimit, MediaLimit, VideoLimit
from services.domain.errors import FileRefused
from services.media.audio import read_audio
from services.media.facts import MediaFacts, Unreadable
from services.media.file_type import HEAD_BYTES, Kind, look
from services.media.files import size_of
from services.media.image import read_image
from services.media.text import listed, plain_name
from services.media.video import MAX_CLIP_BYTES, read_video

_ORDER: tuple[type[MediaLimit], ...] = (ImageLimit, VideoLimit, AudioLimit)


def read_file(path: Path, kinds: Collection[type[MediaLimit]], *, name: str | None = None) -> MediaFacts:
    """Return the facts of a picture, a clip or a sound track. Never raises because of a file's contents.

    `kinds` are the limits of the wanted kinds, at least one. A file of another kind is Unreadable, with a sentence that
    names its kind and the wanted ones. `name` is the person's name for the file, if the path has another.
    """
    wanted = tuple(kind for kind in _ORDER if kind in kinds)
    if len(wanted) == 1:
        return _read(path, wanted[0], name=name)
    spoken = plain_name(name or path.name)
    size = 0
    try:
        size = size_of(path, spoken, most=MAX_CLIP_BYTES)
        with path.open("rb") as file:
            kind = look(file.read(HEAD_BYTES))
    except FileRefused as refusal:
        return Unreadable(name=spoken, bytes=size, why=refusal.message)
    except OSError:
        return Unreadable(name=spoken, bytes=size, why=f"{spoken} could not be opened. Please add it again.")
    refusal = None
    for likely in _likely(kind):
        if likely in wanted:
            facts = _read(path, likely, name=name)
            if not isinstance(facts, Unreadable):
                return facts
            refusal = refusal or facts
    if refusal and _likely(kind)[0] in wanted and kind is not Kind.UNKNOWN:
        return refusal  # of the right kind, but defective
    return Unreadable(name=spoken, bytes=size, why=_wrong_kind(spoken, kind, wanted))


def _likely(kind: Kind) -> tuple[type[MediaLimit], ...]:
    """Return the possible kinds of a file with such a beginning, the likeliest first."""
    match kind:
        case Kind.PICTURE:
            return (ImageLimit,)
        case Kind.FILM:
            return (VideoLimit, AudioLimit)
        case Kind.SOUND | Kind.UNKNOWN:
            # A damaged MP3 has no recognisable beginning; the reader of sounds looks further into the file.
            return (AudioLimit,)
        case _:
            assert_never(kind)


def _read(path: Path, kind: type[MediaLimit], *, name: str | None) -> MediaFacts:
    if issubclass(kind, ImageLimit):
        return read_image(path, name=name)
    return read_video(path, name=name) if issubclass(kind, VideoLimit) else read_audio(path, name=name)


def _wrong_kind(spoken: str, kind: Kind, wanted: tuple[type[MediaLimit], ...]) -> str:
    choices = listed(tuple(_said(one) for one in wanted))
    if kind is Kind.UNKNOWN:
        return f"{spoken} cannot be read as {choices}. Please choose another file."
    return f"{spoken} is {kind}. Please choose {choices}."


def _said(kind: type[MediaLimit]) -> str:
    if issubclass(kind, ImageLimit):
        return Kind.PICTURE
    return Kind.FILM if issubclass(kind, VideoLimit) else Kind.SOUND
