"""What is wrong with a request, held to our limits or to the vendor's, and what the rules have to say."""

from __future__ import annotations

from typing import assert_never

from services.catalogue.schema import (
    AudioField,
    ChoiceField,
    Field,
    FixedField,
    ImageField,
    Needs,
    NumberField,
    Overrides,
    SameShape,
    Scalar,
    Side,
    SizeField,
    SwitchField,
    TextField,
)
from services.media import audio_defects, image_defects
from services.media.facts import AudioFacts, ImageFacts, MediaFacts, Unreadable
from services.problems import Fix, Problem, Repair
from services.request.pricing import output_seconds
from services.request.values import Request, shown

_SHAPES_APART = 0.02
"""How far two pictures' proportions may differ before anybody would see it."""


def check(request: Request, *, side: Side = Side.OURS) -> tuple[Problem, ...]:
    """Everything that is wrong with a request, field by field, then what the rules between fields have to say."""
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
            problems.extend(check_value(field, value, side=side))
    return (*problems, *_advice(request))


def _missing(field: Field) -> str:
    match field:
        case ImageField():
            return "Add a picture to begin with."
        case AudioField():
            return "Add a sound track."
        case TextField():
            return "Write a prompt: say what should be seen."
        case _:
            return f"{field.label} is missing."


def check_value(field: Field, value: Scalar | MediaFacts, *, side: Side = Side.OURS) -> tuple[Problem, ...]:
    """What is wrong with one value. A value the field could not even parse has been refused before."""
    match field:
        case TextField():
            return _check_text(field, str(value), side)
        case NumberField():
            if isinstance(value, int) and field.minimum <= value <= field.maximum:
                return ()
            unit = f" {field.unit}" if field.unit else ""
            span = f"{field.minimum} to {field.maximum}{unit}"
            return (Problem(field=field.name, message=f"{field.label} is {value}{unit}; this model takes {span}."),)
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
            return _check_closed(field.name, "Size", value, [size.value for size in field.sizes])
        case SwitchField():
            return ()
        case ImageField() | AudioField():
            return _check_media(field, value, side)
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


def _check_media(field: ImageField | AudioField, value: Scalar | MediaFacts, side: Side) -> tuple[Problem, ...]:
    if isinstance(value, Unreadable):
        return (Problem(field=field.name, message=value.why),)
    if isinstance(field, ImageField) and isinstance(value, ImageFacts):
        defects = image_defects(value, field.limit(side))
    elif isinstance(field, AudioField) and isinstance(value, AudioFacts):
        defects = audio_defects(value, field.limit(side))
    else:
        return (Problem(field=field.name, message=f"{field.label} is not the right kind of file."),)
    return tuple(Problem(field=field.name, message=d.message, fix=d.fix, advice=d.advice) for d in defects)


def _advice(request: Request) -> list[Problem]:
    said: list[Problem] = []
    for rule in request.model.rules:
        match rule:
            case Needs():
                idle = request.values.get(rule.other) != rule.being
                if request.values.get(rule.field) == rule.value and idle:
                    said.append(Problem(field=rule.field, message=rule.say, advice=True))
            case Overrides():
                if rule.drops in request.dropped and rule.drops in request.values:
                    said.append(Problem(field=rule.drops, message=rule.say, advice=True))
            case SameShape():
                said.extend(_shape_advice(request, rule))
            case _:
                assert_never(rule)
    return [*said, *_track_advice(request)]


def _shape_advice(request: Request, rule: SameShape) -> list[Problem]:
    """Two pictures of different proportions: the clip has those of the first, and the other is pressed into them."""
    one, other = request.values.get(rule.field), request.values.get(rule.other)
    if rule.other in request.dropped or not isinstance(one, ImageFacts) or not isinstance(other, ImageFacts):
        return []
    if abs(one.width * other.height / (one.height * other.width) - 1) <= _SHAPES_APART:
        return []
    return [
        Problem(
            field=rule.other,
            message=f"This picture is {other.width} × {other.height} px, the first one {one.width} × {one.height}. "
            "The clip takes the first one's shape.",
            fix=Fix(Repair.MATCH, "Crop to match"),
            advice=True,
        )
    ]


def _track_advice(request: Request) -> list[Problem]:
    """A sound track that is longer or shorter than the clip is cut, or followed by silence."""
    said: list[Problem] = []
    for field in request.fields:
        track = request.values.get(field.name)
        if not isinstance(field, AudioField) or not isinstance(track, AudioFacts) or field.name in request.dropped:
            continue
        clip = output_seconds(request)
        if track.seconds > clip + 0.1:
            said.append(
                Problem(
                    field=field.name,
                    message=f"Your track is {track.seconds:.1f} s and the clip {clip} s: the rest is cut off.",
                    advice=True,
                )
            )
        elif track.seconds < clip - 0.1:
            said.append(
                Problem(
                    field=field.name,
                    message=f"Your track is {track.seconds:.1f} s and the clip {clip} s: the end will be silent.",
                    advice=True,
                )
            )
    return said
