"""The checks of a request against our limits or the vendor's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from services.catalogue.schema import (
    AudioField,
    AudioLimit,
    Bounds,
    ChoiceField,
    Field,
    FilesField,
    FixedField,
    ImageField,
    ImageLimit,
    MediaField,
    MediaLimit,
    NumberField,
    Side,
    SizeField,
    SwitchField,
    Taken,
    TextField,
    Together,
    VideoField,
    VideoLimit,
)
from services.domain.problems import Fix, Problem, Repair
from services.media import audio_defects, image_defects, video_defects
from services.media.facts import AudioFacts, Defect, ImageFacts, MediaFacts, Unreadable, VideoFacts
from services.request.rules import hold_to_rules
from services.request.values import Request, Value, files_of, shown


def check(request: Request, *, side: Side = Side.OURS) -> tuple[Problem, ...]:
    """Return all problems of a request: field by field first, then those that the rules between fields report."""
    dropped = request.dropped
    problems: list[Problem] = []
    for field in request.fields:
        value = request.values.get(field.name)
        if field.name in dropped:
            continue
        if value is None:
            if isinstance(field, FixedField) or not field.required:
                continue
            problems.append(Problem(field=field.name, message=_missing(field)))
        else:
            held = _as_the_vendor(field, request) if side is Side.VENDOR else field
            problems.extend(check_value(held, value, side=side))
    return (*problems, *hold_to_rules(request))


def _as_the_vendor(field: Field, request: Request) -> Field:
    """Return the field with the vendor's limit on the number of files.

    The vendor knows only one list for all fields that share a wire. Each field may hold the number that the others
    leave of it.
    """
    if not isinstance(field, FilesField):
        return field
    sharing = [f for f in request.fields if isinstance(f, FilesField) and f.wire == field.wire]
    others = sum(len(request.files(f.name)) for f in sharing if f.name != field.name)
    together = [r.most for r in request.model.rules if isinstance(r, Together) and field.name in r.fields]
    return replace(field, most=min([sum(f.most for f in sharing), *together]) - others)


def _missing(field: Field) -> str:
    label = field.label.lower()
    named = label if label.startswith("your ") else f"the {label}"
    match field:
        case ImageField() | AudioField() | VideoField():
            return f"Add {named}."
        case FilesField():
            return f"Add {named}: {_listed_kinds(field)}." if len(field.takes) > 1 else f"Add {named}."
        case TextField():
            return "Write a prompt: say what should be seen."
        case _:
            return f"{field.label} is missing."


def check_value(field: Field, value: Value, *, side: Side = Side.OURS) -> tuple[Problem, ...]:
    """Return the problems with one value. A value that the field could not even parse has been refused before."""
    match field:
        case TextField():
            return _check_text(field, str(value), side)
        case NumberField():
            return _check_number(field, value, side)
        case FixedField():
            if value == field.value:
                return ()
            always = f"{field.value} {field.unit}".strip()
            return (
                Problem(
                    field=field.name,
                    message=f"{field.label} is always {always} with this model; you asked for {value}.",
                ),
            )
        case ChoiceField():
            allowed = [choice.value for choice in field.choices]
            return _check_closed(field.name, field.label, value, allowed)
        case SizeField():
            return _check_size(field, value)
        case SwitchField():
            return ()
        case ImageField() | AudioField() | VideoField():
            return _check_file(field, value, side)
        case FilesField():
            return _check_files(field, files_of(value), side)
        case _:
            assert_never(field)


def _check_text(field: TextField, text: str, side: Side) -> tuple[Problem, ...]:
    if side is Side.VENDOR or len(text) <= field.max_chars:
        return ()
    limit = f"{field.max_chars:,}"
    return (
        Problem(
            field=field.name,
            message=f"{field.label} has {len(text):,} characters; this model reads {limit} and drops the rest.",
            fix=Fix(Repair.CUT, f"Keep the first {limit} characters"),
        ),
    )


def _check_closed(name: str, label: str, value: object, allowed: list[str | int] | list[str]) -> tuple[Problem, ...]:
    if value in allowed and not isinstance(value, bool):
        return ()
    listed = ", ".join(str(item) for item in allowed)
    return (
        Problem(field=name, message=f"{label} {shown(value)} is not offered by this model. Choose one of: {listed}."),
    )


def _check_number(field: NumberField, value: Value, side: Side) -> tuple[Problem, ...]:
    if isinstance(value, int | float) and field.minimum <= value <= field.maximum:
        return ()
    if side is Side.VENDOR and value in field.vendor_also:
        return ()
    unit = f" {field.unit}" if field.unit else ""
    span = f"{field.minimum:g} to {field.maximum:.10g}{unit}"
    return (Problem(field=field.name, message=f"{field.label} is {value}{unit}; this model takes {span}."),)


def _check_size(field: SizeField, value: Value) -> tuple[Problem, ...]:
    offered = [*(area.value for area in field.areas), *(size.value for size in field.sizes)]
    if value in offered:
        return ()
    size = field.find(value)
    if field.bounds is None or size is None:
        return _check_closed(field.name, "Size", value, offered)
    wrong = _out_of_bounds(size.width, size.height, field.bounds)
    return (Problem(field=field.name, message=wrong),) if wrong else ()


def _out_of_bounds(width: int, height: int, bounds: Bounds) -> str:
    found = f"{width} × {height}"
    sides = (min(width, height), max(width, height))
    least, most = bounds.min_side or 1, bounds.max_side or sides[1]
    if not least <= sides[0] <= sides[1] <= most:
        return f"Size {found}: each side must be {least} to {most} px."
    if sides[1] > sides[0] * bounds.longest_ratio:
        return f"Size {found}: the longer side may be {bounds.longest_ratio:g} times the shorter one at most."
    if not bounds.min_pixels <= width * height <= bounds.max_pixels:
        small, large = math.isqrt(bounds.min_pixels), math.isqrt(bounds.max_pixels)
        return (
            f"Size {found} has {width * height:,} pixels; this model makes {bounds.min_pixels:,} to "
            f"{bounds.max_pixels:,}, for example {small} × {small} to {large} × {large}."
        )
    return ""


def _check_file(field: MediaField, value: Value, side: Side) -> tuple[Problem, ...]:
    defects = _defects(value, field.limit(side)) if isinstance(value, MediaFacts) else None
    if defects is None:
        return (Problem(field=field.name, message=f"{field.label} is not the right kind of file."),)
    return tuple(Problem(field=field.name, message=d.message, fix=d.fix, advice=d.advice) for d in defects)


def _check_files(field: FilesField, files: Sequence[MediaFacts], side: Side) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    for item, facts in enumerate(files):
        taken = field.taken(limit_kind(facts)) if not isinstance(facts, Unreadable) else field.takes[0]
        defects = _defects(facts, taken.limit(side)) if taken else None
        if defects is None:
            kinds = _listed_kinds(field)
            problems.append(Problem(field=field.name, item=item, message=f"{facts.name} will not do: add {kinds}."))
            continue
        problems += [
            Problem(field=field.name, item=item, message=f"No. {item + 1}: {d.message}", fix=d.fix, advice=d.advice)
            for d in defects
        ]
    return (*problems, *_check_number_of_files(field, files))


def _check_number_of_files(field: FilesField, files: Sequence[MediaFacts]) -> list[Problem]:
    said: list[Problem] = []
    if len(files) > field.most:
        said.append(_too_many(field, len(files), field.most, "files"))
    elif len(files) < field.least:
        said.append(Problem(field=field.name, message=f"{field.label}: at least {field.least} are needed."))
    for taken in field.takes:
        own = [facts for facts in files if limit_kind(facts) is type(taken.vendor)]
        if taken.most is not None and field.most >= len(files) and len(own) > taken.most:
            said.append(_too_many(field, len(own), taken.most, _kind_words(taken)))
        seconds = math.fsum(facts.seconds for facts in own if isinstance(facts, AudioFacts | VideoFacts))
        if taken.most_seconds is not None and seconds > taken.most_seconds:
            said.append(
                Problem(
                    field=field.name,
                    message=f"Your {_kind_words(taken)} are {seconds:.1f} s together; "
                    f"{taken.most_seconds:g} s is the most. Shorten or remove one.",
                )
            )
    return said


def _too_many(field: FilesField, found: int, most: int, what: str) -> Problem:
    return Problem(
        field=field.name, message=f"{field.label}: {found} {what}; {most} is the most. Remove {found - most}."
    )


def _kind_words(taken: Taken) -> str:
    match taken.vendor:
        case ImageLimit():
            return "pictures"
        case VideoLimit():
            return "clips"
        case AudioLimit():
            return "sound files"
        case _:
            assert_never(taken.vendor)


def _listed_kinds(field: FilesField) -> str:
    return " or ".join(_kind_words(taken) for taken in field.takes)


def limit_kind(facts: MediaFacts) -> type[MediaLimit]:
    """Return the kind of limit that applies to a file; an unreadable file counts as a picture."""
    match facts:
        case AudioFacts():
            return AudioLimit
        case VideoFacts():
            return VideoLimit
        case ImageFacts() | Unreadable():
            return ImageLimit
        case _:
            assert_never(facts)


def _defects(facts: MediaFacts, limit: MediaLimit) -> tuple[Defect, ...] | None:
    """Return the defects of a file, or None if it is of another kind than the limit."""
    match facts, limit:
        case Unreadable(), _:
            return (Defect(message=facts.why),)
        case ImageFacts(), ImageLimit():
            return tuple(image_defects(facts, limit))
        case AudioFacts(), AudioLimit():
            return tuple(audio_defects(facts, limit))
        case VideoFacts(), VideoLimit():
            return tuple(video_defects(facts, limit))
        case _:
            return None
