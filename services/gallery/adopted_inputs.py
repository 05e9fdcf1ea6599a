"""The inputs of an adopted job, found in the archive by the hashes that its recipe names."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from services.database.jobs import History
from services.domain.errors import FileRefused
from services.domain.jobs import Asset, Job, Origin, new_id
from services.domain.people import Person
from services.gallery.adopted_jobs import FoundFile, usable_id
from services.media.decode import MediaInfo
from services.media.metadata import Recipe, RecipeInput
from services.media.metadata.provenance import told_origin
from services.storage.archive import Archive


async def inputs_of(
    files: Sequence[FoundFile], *, job: Job, person: Person, history: History, archive: Archive
) -> list[Asset]:
    """Return a job's input files as assets, each with its origin. Files that no longer exist are left out."""
    recipe = next((file.ours for file in files if file.ours and file.ours.job == job.id), None)
    recipe = recipe or next((file.ours for file in files if file.ours), None)
    found: list[Asset] = []
    for one in recipe.inputs if recipe else ():
        asset = await _kept(one, job, history, archive) or await _held(one, job, person, history)
        if asset is not None:
            found.append(await _with_id(asset, one, history, used=found))
    return _with_parents(found, recipe) if recipe else found


async def _kept(one: RecipeInput, job: Job, history: History, archive: Archive) -> Asset | None:
    """Find a file below `inputs/` with this hash."""
    path = await asyncio.to_thread(_path_of, archive.root, one.sha256)
    if path is None:
        return None
    try:
        seen = await archive.inspect(path)
    except (FileRefused, OSError):
        return None
    key = path.relative_to(archive.root).as_posix()
    origin = await _origin(path, one, job, history)
    return Asset(
        id="",
        job_id=job.id,
        role=one.field,
        kind=one.kind,
        position=one.position,
        name=one.name or path.name,
        key=key,
        thumbnail_key=await archive.input_picture(key, mime=seen.mime),
        mime=seen.mime,
        width=seen.width,
        height=seen.height,
        seconds=_seconds(seen, one),
        bytes=(await asyncio.to_thread(path.stat)).st_size,
        sha256=one.sha256,
        created_at=job.created_at,
        parent_id=usable_id(origin.asset) if origin else None,
        moment=origin.moment if origin else None,
    )


async def _origin(path: Path, one: RecipeInput, job: Job, history: History) -> Origin | None:
    """Return the origin from the file's own recipe, or by its hash. A known job counts only if it is their own."""
    told = await asyncio.to_thread(told_origin, path)
    if told and await history.lineage.owner(told.asset) in (None, job.person):
        return told
    return await history.lineage.origin(one.sha256, person=job.person)


async def _held(one: RecipeInput, job: Job, person: Person, history: History) -> Asset | None:
    """Find the same file among those of the person's other jobs."""
    same = await history.files.held(one.sha256, person=person.name)
    if same is None:
        return None
    return replace(
        same,
        job_id=job.id,
        role=one.field,
        position=one.position,
        name=one.name or same.name,
        parent_id=same.id if same.is_output else same.parent_id,
        created_at=job.created_at,
    )


async def _with_id(asset: Asset, one: RecipeInput, history: History, *, used: Sequence[Asset]) -> Asset:
    """Give the asset the id that the recipe names, if no other file has it."""
    wanted = usable_id(one.asset) if one.asset else None
    taken = wanted in {other.id for other in used} or (wanted and await history.facts.known_assets([wanted]))
    return replace(asset, id=new_id(asset.created_at) if wanted is None or taken else wanted)


def _with_parents(found: list[Asset], recipe: Recipe) -> list[Asset]:
    """Add the parent that the recipe names if the match is clear: one parent, and one file without any."""
    left = [parent for parent in recipe.parents if parent not in {one.parent_id for one in found}]
    orphans = [one for one in found if one.parent_id is None]
    if len(left) != 1 or len(orphans) != 1 or usable_id(left[0]) is None:
        return found
    return [replace(one, parent_id=left[0]) if one is orphans[0] else one for one in found]


def _path_of(root: Path, sha256: str) -> Path | None:
    folder = root / "inputs" / sha256[:2]
    found = sorted(folder.glob(f"{sha256}.*")) if folder.is_dir() else []
    whole = [path for path in found if not path.name.endswith(".thumbnail.jpg")]
    return next((path for path in whole if path.is_file() and not path.is_symlink()), None)


def _seconds(seen: MediaInfo, one: RecipeInput) -> float | None:
    return seen.seconds if one.kind != "image" else None
