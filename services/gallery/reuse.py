"""Reuse of results and inputs: the fields a file could fill, cuts from clips, and how jobs are related.

Hides how an input file is traced back to its origin. Knows nothing of a page.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import TypedDict

from services.catalogue import Catalogue
from services.catalogue.schema import Family, FileField, FilesField, Model
from services.database.jobs import History
from services.database.lineage import Lineage, Link
from services.domain.errors import NotFound
from services.domain.jobs import Asset, Job, Origin
from services.domain.people import Person
from services.gallery.views import JobView, job_view
from services.media.extract import Edge, Moment, cut_frame, cut_sound
from services.media.metadata.provenance import pass_on, told_origin
from services.media.preview import make_preview
from services.money.spending import TotalView, totals_of
from services.storage.archive import Archive
from services.storage.clip_cache import ClipCache, Write
from services.storage.inputs import kinds_of

MOST_RELATIVES = 200
"""The most jobs listed of a family, nearest first."""
SOUND = "sound"
"""The moment that denotes the sound of a clip."""
_PREVIEW = "preview"
_LATEST_SECONDS = 36_000.0
_NAME_BYTES = 120
_ENDS: dict[str, Edge] = {str(edge): edge for edge in Edge}


class SlotView(TypedDict):
    """A field in a tab that takes a file.

    `model` and `region` are the first that have it; `list` states whether it takes several files. `kinds` are image,
    video, audio.
    """

    family: str
    family_label: str
    model: str
    region: str
    field: str
    label: str
    kinds: list[str]
    list: bool


LinkView = TypedDict("LinkView", {"from": str, "to": str, "asset": str | None, "moment": str | None})
"""One step of a family; without an asset, only the settings were reused."""


class RelativesView(TypedDict):
    """The ancestors and descendants of a job, nearest first."""

    ancestors: list[JobView]
    descendants: list[JobView]
    links: list[LinkView]
    totals: list[TotalView]
    """The total cost of all of them and the job itself, a row for each currency."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A file that was cut from another, ready to be sent."""

    path: Path
    name: str
    """A name that a person understands."""
    mime: str
    tag: str
    """The same for the same bytes."""


class Reuse:
    """Everything about reusing a file or a job. `cache` is a folder of its own, which may be emptied at any time."""

    def __init__(
        self,
        *,
        history: History,
        archive: Archive,
        catalogue: Catalogue,
        cache: Path,
        most_relatives: int = MOST_RELATIVES,
    ) -> None:
        self._history = history
        self._archive = archive
        self._catalogue = catalogue
        self._cache = ClipCache(cache)
        self._most = most_relatives
        self._previewing = asyncio.Semaphore(1)

    @property
    def _lineage(self) -> Lineage:
        return self._history.lineage

    def slots(self, regions: Sequence[str] = ()) -> list[SlotView]:
        """Return every field that takes a file, in the order of tabs and forms. `regions`: usable ones, best first."""
        return [slot for family in self._catalogue.families for slot in _slots_of(self._catalogue, family, regions)]

    # Families of jobs ------------------------------------------------------------------------------------------------

    async def relatives(self, job_id: str, *, person: Person) -> RelativesView:
        """Return the family of a job, as far as it belongs to the same person. Raises NotFound if it is missing."""
        job = await self._seen(job_id, person)
        known, links = [job_id], dict[Link, None]()
        above = await self._walk(job_id, upwards=True, owner=job.person, known=known, links=links)
        below = await self._walk(job_id, upwards=False, owner=job.person, known=known, links=links)
        found = {one.job.id: one for one in await self._history.several([*above, *below], owner=job.person)}
        views = {one: job_view(whole, self._catalogue) for one, whole in found.items()}
        return RelativesView(
            ancestors=[views[one] for one in above if one in views],
            descendants=[views[one] for one in below if one in views],
            links=_told(links, among={job_id, *views}),
            totals=totals_of([job, *(whole.job for one, whole in found.items() if one != job_id)]),
        )

    async def _walk(
        self, start: str, *, upwards: bool, owner: str, known: list[str], links: dict[Link, None]
    ) -> list[str]:
        """Return the jobs in one direction, nearest first. No job is visited twice, so a cycle ends too."""
        found: list[str] = []
        seen, edge = {start}, [start]
        while edge and len(known) <= self._most:
            steps = await (self._lineage.above if upwards else self._lineage.below)(edge, person=owner)
            links.update(dict.fromkeys(steps))
            ends = dict.fromkeys(step.older if upwards else step.younger for step in steps)
            edge = [end for end in ends if end not in seen][: self._most + 1 - len(known)]
            seen.update(edge)
            found += [end for end in edge if end not in known]
            known += [end for end in edge if end not in known]
        return found

    async def own_job(self, job_id: str, *, person: Person) -> str | None:
        """Return the id if the person has a job with it; else None."""
        return job_id if job_id and await self._lineage.has_job(job_id, person=person.name) else None

    # Files -----------------------------------------------------------------------------------------------------------

    async def frame(self, asset_id: str, at: str, *, person: Person) -> Cut:
        """Return the picture of a clip at `first`, `last` or a number of seconds. Raises NotFound, FileRefused."""
        moment = _moment(at)
        asset = await self._asset(asset_id, person)
        if asset.kind != "video":
            raise NotFound("Only a clip has frames.")
        said = str(moment) if isinstance(moment, Edge) else f"{moment:.3f}".rstrip("0").rstrip(".")
        path = await self._cut(asset, said, ".png", lambda clip, part: _cut_frame(clip, part, moment, said))
        words = f"{said} frame" if isinstance(moment, Edge) else f"at {said} s"
        return Cut(path=path, name=_cut_name(asset, words, ".png"), mime="image/png", tag=_tag(asset, said))

    async def sound(self, asset_id: str, *, person: Person) -> Cut:
        """Return the sound of a clip. Raises NotFound, FileRefused."""
        asset = await self._asset(asset_id, person)
        if asset.kind != "video":
            raise NotFound("Only a clip has a sound that can be taken out.")
        path = await self._cut(asset, SOUND, ".wav", cut_sound)
        return Cut(path=path, name=_cut_name(asset, SOUND, ".wav"), mime="audio/wav", tag=_tag(asset, SOUND))

    async def preview(self, asset_id: str, *, person: Person) -> Cut:
        """Return the beginning of a clip, small and without sound. Raises NotFound, FileRefused."""
        asset = await self._asset(asset_id, person)
        if asset.kind != "video":
            raise NotFound("Only a clip has a preview that moves.")
        path = await self._cut(asset, _PREVIEW, ".mp4", make_preview)
        return Cut(path=path, name=_cut_name(asset, _PREVIEW, ".mp4"), mime="video/mp4", tag=_tag(asset, _PREVIEW))

    async def bring(self, asset_id: str, moment: str | None, folder: Path, *, person: Person) -> Path:
        """Copy a file, or a cut of it, into a fresh folder below `folder`, under the name people know it by.

        Returns its path. Raises NotFound, FileRefused.
        """
        if moment is None:
            asset = await self._asset(asset_id, person)
            source, name = await asyncio.to_thread(self._archive.path, asset.key), asset.name
        else:
            cut = await (
                self.sound(asset_id, person=person) if moment == SOUND else self.frame(asset_id, moment, person=person)
            )
            source, name = cut.path, cut.name
        return await asyncio.to_thread(_copy, source, folder, name)

    async def origin(self, path: Path, sha256: str, *, person: Person) -> Origin | None:
        """Return the origin of an input file: from its own recipe, from cuts made here, or by its hash.

        An asset that is known here counts only if it is the person's own.
        """
        told = await asyncio.to_thread(told_origin, path) or await asyncio.to_thread(self._cache.origin, sha256)
        if told and await self._lineage.owner(told.asset) in (None, person.name):
            return told
        return await self._lineage.origin(sha256, person=person.name)

    async def _cut(self, asset: Asset, said: str, suffix: str, write: Write) -> Path:
        """Return the cut of a clip, from the cache if it is there; else `write` makes it, in a thread."""
        target = self._cache.path(asset, said, suffix)
        if not await asyncio.to_thread(self._cache.has, target):
            source = await asyncio.to_thread(self._archive.path, asset.key)
            # A preview is only looked at, and no person requested it by name: it yields to cuts that a person
            # requested.
            passing = said == _PREVIEW
            origin = None if passing else Origin(asset=asset.id, moment=said)
            async with self._previewing if passing else nullcontext(), self._archive.decoding:
                await asyncio.to_thread(self._cache.make, source, target, write, origin)
        return target

    async def _asset(self, asset_id: str, person: Person) -> Asset:
        asset = await self._history.asset(asset_id, owner=person.scope)
        try:
            await self._seen(asset.job_id, person)
        except NotFound as error:
            raise NotFound("There is no such file.") from error
        return asset

    async def _seen(self, job_id: str, person: Person) -> Job:
        job = await self._history.job(job_id, owner=person.scope)
        if job.purged_at is not None:
            raise NotFound("There is no such job.")
        return job


# Slots ---------------------------------------------------------------------------------------------------------------


def _slots_of(catalogue: Catalogue, family: Family, regions: Sequence[str]) -> list[SlotView]:
    found: dict[str, SlotView] = {}
    for model, region in models_by_rank(catalogue, family, regions):
        for field in model.every_field(region):
            if not isinstance(field, FileField):
                continue
            slot = found.setdefault(
                field.name,
                SlotView(
                    family=family.id,
                    family_label=family.label,
                    model=model.id,
                    region=region,
                    field=field.name,
                    label=field.label,
                    kinds=[],
                    list=False,
                ),
            )
            slot["kinds"] += [kind for kind in kinds_taken(field) if kind not in slot["kinds"]]
            slot["list"] |= isinstance(field, FilesField)
    return list(found.values())


def models_by_rank(catalogue: Catalogue, family: Family, regions: Sequence[str]) -> list[tuple[Model, str]]:
    """Return the models of a family, each with its region: usable regions first, then the family's default model."""
    ranked: list[tuple[int, bool, Model, str]] = []
    for model in catalogue.of_family(family.id):
        offered = [offer.region for offer in model.offers]
        region = next((region for region in regions if region in offered), offered[0])
        rank = list(regions).index(region) if region in regions else len(regions)
        ranked.append((rank, model.id != family.default_model, model, region))
    ranked.sort(key=lambda one: one[:2])
    return [(model, region) for _, _, model, region in ranked]


def kinds_taken(field: FileField) -> list[str]:
    """Return the kinds of file that a field takes: image, video, audio."""
    return [limit.kind for limit in kinds_of(field)]


# Moments and names ---------------------------------------------------------------------------------------------------


def _moment(at: str) -> Moment:
    """Return the moment that a text denotes. Raises NotFound if it is not a moment."""
    if at in _ENDS:
        return _ENDS[at]
    whole, _, part = at.partition(".")
    is_plain = len(at) <= 12 and whole.isdecimal() and at.isascii() and (part.isdecimal() or "." not in at)
    if not is_plain or float(at) > _LATEST_SECONDS:
        raise NotFound("A moment is `first`, `last`, or the seconds from the start, for example 2.5.")
    return float(at)


def _tag(asset: Asset, said: str) -> str:
    return f"{asset.sha256[:32]}-{said}"


def _cut_name(asset: Asset, words: str, suffix: str) -> str:
    return f"{Path(asset.name).stem} {words}{suffix}"


def _copy(source: Path, folder: Path, name: str) -> Path:
    own = folder / token_hex(16)
    own.mkdir(parents=True)
    return Path(shutil.copyfile(source, own / _plain(name, source.suffix)))


def _plain(name: str, suffix: str) -> str:
    """Return a name that is valid on every disk."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(sign for sign in last if sign.isprintable() and sign not in '<>:"|?*').strip(" .")
    stem, ending = Path(kept).stem or "file", Path(kept).suffix or suffix
    return stem.encode()[:_NAME_BYTES].decode(errors="ignore") + ending[:12]


def _told(links: dict[Link, None], *, among: set[str]) -> list[LinkView]:
    """Return the steps between these jobs. If a file was passed on, a second step for the settings is left out."""
    by_file = {(link.older, link.younger) for link in links if link.asset}
    return [
        {"from": link.older, "to": link.younger, "asset": link.asset, "moment": link.moment}
        for link in links
        if {link.older, link.younger} <= among and (link.asset or (link.older, link.younger) not in by_file)
    ]


def _cut_frame(source: Path, target: Path, moment: Moment, said: str) -> None:
    cut_frame(source, target, moment)
    pass_on(source, target, moment=said)
