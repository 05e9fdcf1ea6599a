"""The job and the assets of an archived file, as their rows were before, from the file's own recipe.

Values only: services.gallery.adoption decides on writes and whether an id is free. Reading a file blocks: run it
in a thread.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from services.domain.jobs import OUTPUT, ArticleItem, Asset, Job, new_id
from services.gallery.importing import job_from_recipe
from services.media.decode import MediaInfo
from services.media.files import sha256_of
from services.media.metadata import Foreign, Recipe, read_recipe

ARTICLE = "article.md"
_OWN_ID = re.compile(r"[0-9a-f]{32}")
_USABLE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FIRST_MS = 1_577_836_800_000
"""2020, in milliseconds: no studio made anything before."""
_LONGEST_WORK_MS = 3 * 86_400_000
"""A file written later than this after the request of its job has been copied since: its time is meaningless."""
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)]*)\)")
_NUMBER_IN_NAME = re.compile(r"-(\d+)\.[A-Za-z0-9]+$")


@dataclass(frozen=True, kw_only=True)
class FoundFile:
    """A result on the disk that no row names."""

    key: str
    seen: MediaInfo
    bytes: int
    sha256: str
    changed_at: int
    """When it was last written, in milliseconds."""
    recipe: Recipe | Foreign | None

    @property
    def ours(self) -> Recipe | None:
        """The recipe of a studio, if it carries one."""
        return self.recipe if isinstance(self.recipe, Recipe) else None


def read_found(path: Path, *, key: str, seen: MediaInfo) -> FoundFile:
    """Read a file's recipe and facts. Raises OSError. Blocking: run it in a thread."""
    state = path.stat()
    return FoundFile(
        key=key,
        seen=seen,
        bytes=state.st_size,
        sha256=sha256_of(path),
        changed_at=state.st_mtime_ns // 1_000_000,
        recipe=read_recipe(path),
    )


def is_own_id(name: str) -> bool:
    """Return whether a folder's name is an id in the form this studio makes them."""
    return _OWN_ID.fullmatch(name) is not None


def usable_id(text: str) -> str | None:
    """Return the id that a recipe names if it is safe in a URL and in a path; else None."""
    return text if _USABLE_ID.fullmatch(text) and ".." not in text else None


def recipe_of_job(files: Sequence[FoundFile], job_id: str) -> Recipe | Foreign | None:
    """Return the most informative recipe for a job: one that names it, else any of a studio's, else another tool's."""
    ours = [file.ours for file in files if file.ours]
    named = next((recipe for recipe in ours if recipe.job == job_id), None)
    return named or next(iter(ours), None) or next((file.recipe for file in files if file.recipe), None)


def job_of(files: Sequence[FoundFile], *, job_id: str, person: str, demo: bool, now: int) -> Job:
    """Return the job that made these files. No file states its cost: it counts as imported."""
    recipe = recipe_of_job(files, job_id)
    ours = recipe if isinstance(recipe, Recipe) else None
    made_at = _made_at(files, job_id=job_id, recipe=ours, now=now)
    written = max((file.changed_at for file in files), default=made_at)
    is_near = made_at <= written <= min(now, made_at + _LONGEST_WORK_MS)
    job = job_from_recipe(recipe, person, job_id=job_id, demo=demo, made_at=made_at, now=now)
    return replace(job, finished_at=written) if is_near else job


def _made_at(files: Sequence[FoundFile], *, job_id: str, recipe: Recipe | None, now: int) -> int:
    """Return when a job was requested: by its recipe, by its id, or by when its first file was written."""
    by_id = int(job_id[:12], 16) if is_own_id(job_id) else 0
    for moment in (recipe.created_at if recipe else 0, by_id):
        if _FIRST_MS <= moment <= now:
            return moment
    return max(0, min([now, *(file.changed_at for file in files)]))


def output_of(file: FoundFile, job: Job, *, asset_id: str, position: int) -> Asset:
    """Return a result as the asset it was."""
    recipe = file.ours
    part = recipe if recipe and recipe.moment else None
    return Asset(
        id=asset_id,
        job_id=job.id,
        role=OUTPUT,
        kind=file.seen.kind,
        position=position,
        name=f"{job.family}-{job.id[:12]}-{position}{PurePosixPath(file.key).suffix}",
        key=file.key,
        mime=file.seen.mime,
        width=file.seen.width,
        height=file.seen.height,
        seconds=file.seen.seconds,
        bytes=file.bytes,
        sha256=file.sha256,
        created_at=job.finished_at or job.created_at,
        parent_id=usable_id(part.asset) if part else None,
        moment=part.moment if part else None,
    )


def positions_of(keys: Sequence[str], *, taken: frozenset[int] = frozenset()) -> dict[str, int | None]:
    """Return the position of each file in its job: the number in its name if it has one, else the next free one.

    None for a file whose own number is already taken.
    """
    found: dict[str, int | None] = {}
    used = set(taken)
    for key in keys:
        stem = PurePosixPath(key).stem
        if stem.isascii() and stem.isdecimal() and int(stem[:9]) > 0:
            number = int(stem[:9])
            found[key] = None if number in taken else number
            used.add(number)
    for key in keys:
        if key not in found:
            found[key] = next(number for number in range(1, len(used) + 2) if number not in used)
            used.add(found[key] or 0)
    return found


# Articles ------------------------------------------------------------------------------------------------------------


def article_items(text: str, pictures: Mapping[int, str]) -> list[ArticleItem]:
    """Return an article's text and pictures in order, from its Markdown. `pictures` are asset ids by position."""
    items: list[ArticleItem] = []
    number = 0
    for block in text.split("\n\n"):
        shown = _PICTURE.fullmatch(block.strip())
        if shown is None:
            if block.strip():
                items.append({"text": block.strip()})
            continue
        number += 1
        named = _NUMBER_IN_NAME.search(shown[1])
        picture = pictures.get(int(named[1][:9]) if named else number)
        if picture:
            items.append({"output": picture})
    return _joined(items)


def _joined(items: Sequence[ArticleItem]) -> list[ArticleItem]:
    """Return the items with consecutive paragraphs merged into one, unchanged."""
    found: list[ArticleItem] = []
    for item in items:
        if "text" in item and found and "text" in found[-1]:
            found[-1] = {"text": f"{found[-1]['text']}\n\n{item['text']}"}
        else:
            found.append(item)
    return found


def article_asset(job: Job, *, key: str, data: bytes, position: int, now: int) -> Asset:
    """Return the asset of an article's Markdown."""
    return Asset(
        id=new_id(now),
        job_id=job.id,
        role=OUTPUT,
        kind="article",
        position=position,
        name=f"{job.family}-{job.id[:12]}.md",
        key=key,
        mime="text/markdown",
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        created_at=job.finished_at or job.created_at,
    )
