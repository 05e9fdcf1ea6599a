"""The plan of a task: the clip, the pictures, or the text and pictures of an article in order.

Pure: from a request whose files are known to the orders for the artist. The purpose of a file follows from its kind and
from the vendor's own key, never from the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.catalogue.schema import FilesField, MediaField
from services.media.facts import AudioFacts, ImageFacts, VideoFacts
from services.request import Request, follow_shape, frame_size, output_tier
from services.simulator.engine.inspection import Found
from services.simulator.engine.outcome import (
    clip_seconds,
    clip_sound,
    loses_one,
    picture_count,
    rewrite,
    work_size,
)
from services.simulator.media.article import heading_of, write_article
from services.simulator.media.artist import Clip, Picture, Treatment

LOST = ("DataInspectionFailed", "Output data may contain inappropriate content.")
"""Code and message of a picture that fails alone."""

_GROWS = ("top_scale", "bottom_scale", "left_scale", "right_scale")

Files = Mapping[str, tuple[Found, ...]]
"""The files of a task, by field name."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One part of a job: a clip or picture to make, text, or a picture that is lost."""

    clip: Clip | None = None
    picture: Picture | None = None
    file: str = ""
    """The file name of the result."""
    text: str = ""
    lost: bool = False
    prompt: str = ""
    """The prompt as rewritten for this part."""


def plan_work(request: Request, files: Files, *, name: str, seed: int, loses: bool = False) -> tuple[Step, ...]:
    """Return the steps of a job, in order. `name`: prefix of its file names; `loses`: the last of several fails."""
    if request.model.result.is_video:
        return (Step(clip=_clip(request, files, seed=seed), file=f"{name}.mp4"),)
    if is_article(request):
        return _article(request, files, name=name, seed=seed)
    count = picture_count(request)
    lost = count if loses or loses_one(request.prompt) else 0
    return tuple(
        Step(
            picture=_picture(request, files, prompt=request.prompt, seed=seed + number),
            file=f"{name}-{number}.png",
            lost=number + 1 == lost,
            prompt=rewrite(request, seed=seed),
        )
        for number in range(count)
    )


def is_article(request: Request) -> bool:
    """Return True if text and pictures together were requested: the mode that can be streamed."""
    modes = request.model.modes_on(request.values)
    return bool(request.model.live) and any(each.name == request.model.live for mode in modes for each in mode.differs)


def _article(request: Request, files: Files, *, name: str, seed: int) -> tuple[Step, ...]:
    count = picture_count(request)
    *texts, ending = write_article(request.prompt, pictures=count, seed=seed)
    steps: list[Step] = []
    for number, text in enumerate(texts):
        painted = _picture(request, files, prompt=heading_of(text), seed=seed + number)
        steps += [Step(text=text), Step(picture=painted, file=f"{name}-{number}.png")]
    return (*steps, *([Step(text=ending)] if ending else []))


def _picture(request: Request, files: Files, *, prompt: str, seed: int) -> Picture:
    width, height = work_size(request)
    given = tuple(each.path for found in files.values() for each in found if isinstance(each.facts, ImageFacts))
    return Picture(
        prompt=prompt,
        width=width,
        height=height,
        seed=seed,
        watermark=request.values.get("watermark") is True,
        given=given,
    )


@dataclass(frozen=True)
class _Given:
    """The input files of a clip, by purpose."""

    picture: Path | None = None
    last: Path | None = None
    footage: Path | None = None
    goes_on: bool = False
    """True if the new clip continues from the end of the footage."""
    references: tuple[Path, ...] = ()
    track: Path | None = None


def _clip(request: Request, files: Files, *, seed: int) -> Clip:
    given = _sorted(request, files)
    margins = _margins(request)
    width, height = _widened(request, margins)
    sound = clip_sound(request)
    return Clip(
        prompt=request.prompt,
        width=width,
        height=height,
        seconds=clip_seconds(request),
        fps=request.model.fps_at(output_tier(request)),
        seed=seed,
        sound=sound,
        watermark=request.values.get("watermark") is True,
        picture=given.picture,
        last=given.last,
        template=str(request.values.get("template") or ""),
        track=given.track if sound else None,
        footage=given.footage,
        references=given.references,
        treatment=_treatment(request, given, margins),
        margins=margins,
    )


def _widened(request: Request, margins: tuple[float, float, float, float]) -> tuple[int, int]:
    """Return the size of a clip. If its frame grows and no size was requested, the grown frame sets the shape."""
    width, height = work_size(request)
    above, below, left, right = margins
    if max(margins) == 1 or frame_size(request):
        return width, height
    grown = (round(width * (left + right - 1)), round(height * (above + below - 1)))
    return follow_shape(*grown, pixels=width * height)


def _treatment(request: Request, given: _Given, margins: tuple[float, float, float, float]) -> Treatment:
    """Return the treatment of a clip or portrait. A clip as long as its sound is a portrait that speaks."""
    if given.footage is None:
        as_long_as = [request.values.get(name) for name in request.model.bill.count]
        speaks = given.picture is not None and any(isinstance(value, AudioFacts) for value in as_long_as)
        return Treatment.VOICE if speaks else Treatment.NONE
    if given.goes_on:
        return Treatment.CONTINUE
    if max(margins) > 1:
        return Treatment.WIDEN
    return Treatment.MOTION if given.picture is not None else Treatment.GRADE


def _sorted(request: Request, files: Files) -> _Given:
    fields = {each.name: each for each in request.fields}
    pictures: list[tuple[str, Path]] = []
    clips: list[tuple[str, Found]] = []
    references: list[Found] = []
    track: Path | None = None
    for name, found in files.items():
        each = fields.get(name)
        for one in found:
            if isinstance(one.facts, AudioFacts):
                track = track or one.path
            elif isinstance(each, FilesField):
                references.append(one)
            elif isinstance(each, MediaField) and "mask" not in each.wire.key:
                key = each.wire.key
                if isinstance(one.facts, VideoFacts):
                    clips.append((key, one))
                else:
                    pictures.append((key, one.path))
    firsts = [path for key, path in pictures if "last" not in key]
    lasts = [path for key, path in pictures if "last" in key]
    key, footage = clips[0] if clips else ("", None)
    if track is None and footage and isinstance(footage.facts, VideoFacts) and footage.facts.sound:
        track = footage.path
    pictured = firsts[0] if firsts else (lasts.pop(0) if lasts and not footage else None)
    last = lasts[0] if lasts else (firsts[1] if len(firsts) > 1 else None)
    beside = [one.path for one in references if isinstance(one.facts, ImageFacts) or footage is None]
    return _Given(
        picture=pictured,
        last=last,
        footage=footage.path if footage else None,
        goes_on="first_clip" in key or "last_clip" in key,
        references=(pictured, *beside) if pictured and beside and not footage else tuple(beside),
        track=track,
    )


def _margins(request: Request) -> tuple[float, float, float, float]:
    """Return how far the frame grows on each side, or 1.0 if that was not requested."""
    by_key = {each.wire.key: request.values.get(each.name) for each in request.fields if each.wire}
    sides = [by_key.get(key) for key in _GROWS]
    above, below, left, right = (max(1.0, float(side)) if isinstance(side, int | float) else 1.0 for side in sides)
    return above, below, left, right
