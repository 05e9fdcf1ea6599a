"""Input files from people: read into facts, kept for a job, repaired.

Knows the paths and contents of the files, and nothing of how they are sent.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import assert_never, cast

from services.catalogue.schema import (
    AudioField,
    AudioLimit,
    FileField,
    FilesField,
    ImageField,
    ImageLimit,
    MediaLimit,
    Model,
    Side,
    VideoField,
    VideoLimit,
)
from services.domain.errors import FileRefused
from services.domain.jobs import Asset, Origin, new_id
from services.media import match_image, read_file, repair_audio, repair_image, repair_video
from services.media.facts import AudioFacts, ImageFacts, MediaFacts, Unreadable, VideoFacts
from services.media.metadata.provenance import pass_on_fitted
from services.request import Request, fields_for, is_absent, limit_kind
from services.storage.archive import Archive, Stored

Trace = Callable[[Path, str], Awaitable[Origin | None]]
"""Finds the origin of an input file: the asset it is or was cut from, by the file and the hash of its content."""

_NOT_THERE = "The file is not there any more. Please choose it again."


# Reading -------------------------------------------------------------------------------------------------------------


async def with_facts(model: Model, region: str, given: Mapping[str, object]) -> dict[str, object]:
    """Return the given values with the facts of each file in place of its path; a tuple for a list of files."""
    in_force = (*model.every_field(region), *fields_for(model, region, given))
    files = {field.name: field for field in in_force if isinstance(field, FileField)}
    values = dict(given)
    for name, value in given.items():
        field = files.get(name)
        if field is None or is_absent(value):
            continue
        kinds = kinds_of(field)
        facts = [await asyncio.to_thread(read_facts, kinds, path) for path in paths_of(value)]
        values[name] = tuple(facts) if isinstance(field, FilesField) else facts[0]
    return values


def paths_of(value: object) -> list[str]:
    """Return the paths in a value: one, or several in their order."""
    # cast: a list from outside may hold anything, and each item is made text
    return [str(each) for each in cast("Sequence[object]", value)] if isinstance(value, list | tuple) else [str(value)]


def kinds_of(field: FileField) -> tuple[type[MediaLimit], ...]:
    """Return the kinds of limit that a field's files must satisfy."""
    match field:
        case ImageField():
            return (ImageLimit,)
        case AudioField():
            return (AudioLimit,)
        case VideoField():
            return (VideoLimit,)
        case FilesField():
            return tuple(dict.fromkeys(type(taken.vendor) for taken in field.takes))
        case _:
            assert_never(field)


def read_facts(kinds: tuple[type[MediaLimit], ...], path: str) -> MediaFacts:
    """Return the facts of a file. Cached until the file changes. Blocking: run it in a thread."""
    try:
        state = Path(path).stat()
    except (OSError, ValueError):
        return Unreadable(name=Path(path).name, bytes=0, why=_NOT_THERE)
    return _facts_of(kinds, path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=512)
def _facts_of(kinds: tuple[type[MediaLimit], ...], path: str, _changed: int, _size: int) -> MediaFacts:
    return read_file(Path(path), kinds)


# Keeping -------------------------------------------------------------------------------------------------------------


async def keep_files(
    archive: Archive,
    request: Request,
    given: Mapping[str, object],
    *,
    job_id: str,
    now: int,
    trace: Trace | None = None,
) -> tuple[Asset, ...]:
    """Keep copies of a request's files, in order. Returns a job's assets, each with its origin. Raises FileRefused."""
    kept: list[Asset] = []
    for name in request.values:
        for position, facts in enumerate(request.files(name)):
            if isinstance(facts, Unreadable):
                continue
            path = Path(paths_of(given[name])[position])
            try:
                stored = await archive.keep_input(path, form=facts.format)
            except OSError as error:
                raise FileRefused("Your file cannot be stored: the studio's disk may be full.") from error
            asset = _asset(facts, stored, role=name, position=position, job_id=job_id, now=now)
            origin = await trace(path, stored.sha256) if trace else None
            kept.append(replace(asset, parent_id=origin.asset, moment=origin.moment) if origin else asset)
    return tuple(kept)


def _asset(
    facts: ImageFacts | AudioFacts | VideoFacts, stored: Stored, *, role: str, position: int, job_id: str, now: int
) -> Asset:
    kinds = {ImageFacts: "image", AudioFacts: "audio", VideoFacts: "video"}
    seen = facts if isinstance(facts, ImageFacts | VideoFacts) else None
    return Asset(
        id=new_id(now),
        job_id=job_id,
        role=role,
        kind=kinds[type(facts)],
        position=position,
        name=facts.name[:200],
        key=stored.key,
        thumbnail_key=stored.thumbnail_key,
        mime=stored.mime,
        width=seen.width if seen else None,
        height=seen.height if seen else None,
        seconds=facts.seconds if isinstance(facts, AudioFacts | VideoFacts) else None,
        bytes=stored.bytes,
        sha256=stored.sha256,
        created_at=now,
    )


# Repairing -----------------------------------------------------------------------------------------------------------


def repair_given(source: Path, folder: Path, field: FileField, *, shape: tuple[int, int] | None = None) -> Path:
    """Make a copy of a file, below `folder`, that fits a field. A picture takes the proportions `shape` if given.

    Raises FileRefused. Blocking: run it in a thread.
    """
    made = folder / secrets.token_hex(8)
    limit = _limit_for(source, field)
    match limit:
        case ImageLimit():
            repaired = match_image(source, made, limit, shape=shape) if shape else repair_image(source, made, limit)
        case AudioLimit():
            repaired = repair_audio(source, made, limit)
        case VideoLimit():
            repaired = repair_video(source, made, limit)
        case _:
            assert_never(limit)
    # Give it a name that a person recognises, in a folder of its own.
    own = made.with_name(f"{made.name}.d")
    own.mkdir()
    fitted = made.rename(own / f"{source.stem[:40]}-fits{repaired.suffix}")
    pass_on_fitted(source, fitted, max_bytes=limit.max_bytes)
    return fitted


def _limit_for(source: Path, field: FileField) -> MediaLimit:
    if not isinstance(field, FilesField):
        return field.limit(Side.OURS)
    facts = read_facts(kinds_of(field), str(source))
    taken = None if isinstance(facts, Unreadable) else field.taken(limit_kind(facts))
    if taken is None:
        raise FileRefused(
            facts.why if isinstance(facts, Unreadable) else f"{facts.name} is not the right kind of file."
        )
    return taken.limit(Side.OURS)
