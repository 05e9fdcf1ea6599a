"""Contact sheets: jobs side by side in one HTML file that can be sent to any recipient.

Hides the source of the small pictures and the size limit of a sheet. Its appearance is in
services.gallery.contact_sheet_html. Nothing in a sheet leads back here: no id, no address, no key, no name of a person.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from av.error import FFmpegError
from PIL import Image

from services.catalogue import Catalogue
from services.catalogue.schema import Field
from services.database.jobs import History
from services.domain.errors import FileRefused, NotFound, StudioError
from services.domain.jobs import Asset, Job, JobStatus, JobWithAssets
from services.domain.people import LOCAL, Person
from services.gallery.contact_sheet_html import Entry, Picture, card, head, tail
from services.gallery.importing import IMPORTED
from services.media.files import size_of
from services.media.video import MAX_CLIP_BYTES, opened
from services.storage.archive import Archive

MOST_JOBS = 60
MOST_BYTES = 16_000_000
"""The largest size of a sheet in bytes. It is made to be sent: beyond this, its remaining items have words only."""
_LONGEST_TITLE = 120
_FEW = 9
_LARGE_SIDE, _SMALL_SIDE, _STILL_SIDE = 960, 560, 240
"""The longest side in pixels of a picture among few, among many, and of a still of a clip."""
_MOST_PICTURES = 4
_STILLS = (0.12, 0.37, 0.62, 0.87)
"""The positions of a clip's stills, as fractions of its length."""
_MOST_DECODED = 400
"""The most pictures decoded for one still: clips with few key frames would take too long."""
_LONGEST_WORDS = 12_000
_STATES = {
    JobStatus.FAILED: "Did not work",
    JobStatus.CANCELED: "Canceled",
    JobStatus.UNKNOWN: "Not certain",
    JobStatus.SUCCEEDED: "Done",
}


@dataclass(frozen=True)
class Sheet:
    """A contact sheet: a file name, and its bytes as they are made. Every item of `pieces` is UTF-8."""

    name: str
    pieces: AsyncIterator[bytes]


class ContactSheets:
    """Makes contact sheets."""

    def __init__(
        self,
        *,
        history: History,
        archive: Archive,
        catalogue: Catalogue,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._history = history
        self._archive = archive
        self._catalogue = catalogue
        self._now = now

    async def make(self, job_ids: Sequence[str], *, title: str = "", person: Person = LOCAL) -> Sheet:
        """Build a sheet of these jobs, in order. Their files are not read until the pieces are requested.

        Raises StudioError for no jobs or more than MOST_JOBS, and NotFound if one does not exist for this person.
        """
        wanted = list(dict.fromkeys(job_ids))
        if not wanted or len(wanted) > MOST_JOBS:
            raise StudioError(f"A contact sheet has 1 to {MOST_JOBS} items.")
        found = await self._history.several(wanted, owner=person.scope)
        if len(found) < len(wanted):
            raise NotFound("One of these items is not here any more.")
        spoken = " ".join(title.split())[:_LONGEST_TITLE] or "Comparison"
        return Sheet(_file_name(spoken, self._now()), self._pieces(found, spoken))

    async def _pieces(self, found: Sequence[JobWithAssets], title: str) -> AsyncIterator[bytes]:
        entries = [self._entry(one) for one in found]
        made = f"{self._now():%d %B %Y}".lstrip("0")
        piece = head(title, count=len(entries), made=made).encode()
        written = len(piece)
        yield piece
        for number, (one, entry) in enumerate(zip(found, entries, strict=True), 1):
            side = _LARGE_SIDE if len(found) <= _FEW else _SMALL_SIDE
            pictures = await self._pictures(one, side=side) if written < MOST_BYTES else ()
            piece = (
                card(number, entry, pictures).encode() if pictures else card(number, _without(entry, one), ()).encode()
            )
            written += len(piece)
            yield piece
        ending = await asyncio.to_thread(lambda: [part.encode() for part in tail(entries)])
        for piece in ending:
            yield piece

    async def _pictures(self, one: JobWithAssets, *, side: int) -> Sequence[Picture]:
        async with self._archive.decoding:
            return await asyncio.to_thread(_pictures_of, self._archive, one, side)

    def _entry(self, one: JobWithAssets) -> Entry:
        job = one.job
        model = self._catalogue.model(job.model)
        output = next((asset for asset in one.assets if asset.is_output), None)
        family = next((family.label for family in self._catalogue.families if family.id == job.family), job.family)
        size = f"{output.width} × {output.height}" if output and output.width else ""
        seconds = f"{output.seconds:.3g} s" if output and output.seconds else ""
        fields = {field.name: field for field in model.every_field(job.region)} if model else {}
        region = self._catalogue.region(job.region)
        values = {
            "Prompt": job.prompt,
            "Model": model.title if model else _told(job.model),
            "Kind of work": _told(family),
            **dict(_parameter(fields.get(name), name, value) for name, value in job.parameters.items()),
            "Prompt as the model read it": job.rewritten_prompt or "",
            "Given": ", ".join(asset.name for asset in one.assets if not asset.is_output),
            "Size": size,
            "Length": seconds,
            "Cost": _cost(job),
            "Took": _took(job),
            "Region": region.label if region else job.region,
            "State": _STATES.get(job.status, "In work"),
            "Made": f"{datetime.fromtimestamp(job.created_at / 1000, UTC):%Y-%m-%d %H:%M} UTC",
        }
        said = {label: words[:_LONGEST_WORDS] for label, words in values.items() if words}
        name = values["Model"] or (output.name if output else "From a file")
        return Entry(name=name, facts=" · ".join(filter(None, (size, seconds, said["Cost"]))), values=said)


def _without(entry: Entry, one: JobWithAssets) -> Entry:
    """Return the same item, with a sentence that explains why there is no picture."""
    done = one.job.status is JobStatus.SUCCEEDED
    heard = any(asset.is_output and asset.kind == "audio" for asset in one.assets)
    kept = "A sound: there is nothing to see of it." if heard else "No picture of it is kept in this sheet."
    missing = kept if done else entry.values["State"]
    return Entry(name=entry.name, facts=entry.facts, values=entry.values, missing=missing)


# Words ---------------------------------------------------------------------------------------------------------------


def _parameter(field: Field | None, name: str, value: object) -> tuple[str, str]:
    """Return the label and the words of one parameter, as the page shows them."""
    label = field.label if field else name.replace("_", " ").capitalize()
    if isinstance(value, bool):
        return label, "On" if value else "Off"
    choices = {choice.value: choice.label for choice in getattr(field, "choices", ())}
    if isinstance(value, str | int) and value in choices:
        return label, choices[value]
    unit = getattr(field, "unit", "")
    words = str(value).replace("*", " × ") if re.fullmatch(r"\d+\*\d+", str(value)) else str(value)
    return label, f"{words} {unit}".strip() if words else ""


def _told(name: str) -> str:
    """Return the name, or nothing if an imported file did not state it."""
    return "" if name == IMPORTED else name


def _cost(job: Job) -> str:
    ended = 0 if job.status in (JobStatus.FAILED, JobStatus.CANCELED) else job.estimated_micros
    micros = ended if job.actual_micros is None else job.actual_micros
    amount = f"{micros / 1_000_000:.2f} {job.currency}"
    return f"would be {amount}" if job.demo else amount


def _took(job: Job) -> str:
    if job.finished_at is None:
        return ""
    minutes, seconds = divmod(max(0, job.finished_at - job.created_at) // 1000, 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _file_name(title: str, now: datetime) -> str:
    """Return a file name valid on every system: plain letters, no path."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower()[:60].strip("-")
    return f"{now:%Y-%m-%d}-{plain or 'comparison'}.html"


# Pictures ------------------------------------------------------------------------------------------------------------


def _pictures_of(archive: Archive, one: JobWithAssets, side: int) -> list[Picture]:
    """Return small pictures of a job's outputs, and stills of clips. A missing or broken file has none."""
    outputs = [asset for asset in one.assets if asset.is_output and asset.poster_key][:_MOST_PICTURES]
    pictures: list[Picture] = []
    for asset in outputs:
        try:
            jpeg = _poster(archive, asset, side if len(outputs) == 1 else side // 2)
        except (NotFound, OSError, ValueError, Image.DecompressionBombError):
            continue
        clip = asset.kind == "video"
        pictures.append(Picture(jpeg=jpeg, shows="Picture of the clip" if clip else "Picture"))
        if clip:
            pictures += [Picture(jpeg=still, shows="Still", strip=True) for still in _stills(archive, asset)]
    return pictures


def _poster(archive: Archive, asset: Asset, side: int) -> bytes:
    with Image.open(archive.path(asset.poster_key or asset.key)) as picture:
        picture.draft("RGB", (side, side))
        return _jpeg(picture.convert("RGB"), side)


def _jpeg(picture: Image.Image, side: int) -> bytes:
    picture.thumbnail((side, side))
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=80, optimize=True)
    return kept.getvalue()


def _stills(archive: Archive, asset: Asset) -> list[bytes]:
    """Return a few small pictures of a clip, in order; fewer if it ends early, none if it cannot be read."""
    stills: list[bytes] = []
    try:
        path = archive.path(asset.key)
        for share in _STILLS:
            if (still := _still(path, share * (asset.seconds or 0))) is not None:
                stills.append(_jpeg(still, _STILL_SIDE))
    except (NotFound, FileRefused, FFmpegError, OSError, ValueError):
        return stills
    return stills


def _still(path: Path, at: float) -> Image.Image | None:
    """Return the picture that a clip shows at `at` seconds, small and upright."""
    with path.open("rb") as file, opened(file, size_of(path, "The clip", most=MAX_CLIP_BYTES), "The clip") as film:
        film.container.seek(int(at * 1_000_000))
        for number, frame in enumerate(film.container.decode(film.stream)):
            if number >= _MOST_DECODED or (frame.time or 0.0) >= at - 1e-3:
                shrunk = min(1.0, 2 * _STILL_SIDE / max(frame.width, frame.height))
                width, height = (max(2, round(length * shrunk)) for length in (frame.width, frame.height))
                small = cast(  # PyAV does not type what it returns
                    "Image.Image",
                    frame.to_image(width=width, height=height),  # pyright: ignore[reportUnknownMemberType]
                )
                return small.rotate(frame.rotation, expand=True) if frame.rotation % 360 else small
    return None
