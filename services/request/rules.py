"""The rules between fields: some refuse a request, the others only advise."""

from __future__ import annotations

from typing import assert_never

from services.catalogue.schema import (
    Apart,
    AudioField,
    Caps,
    FixedField,
    Needs,
    OneOf,
    Overrides,
    Requires,
    Rule,
    SameShape,
    Together,
)
from services.domain.problems import Fix, Problem, Repair
from services.media.facts import AudioFacts, ImageFacts, VideoFacts
from services.request.parsing import default_of
from services.request.pricing import output_seconds
from services.request.values import Request

_SHAPES_APART = 0.02
"""The largest difference between two pictures' proportions that stays invisible."""


def hold_to_rules(request: Request) -> list[Problem]:
    """Return the problems by the model's rules, and advice on a sound track longer or shorter than its clip."""
    said = [problem for rule in request.model.rules for problem in _hold(request, rule)]
    return [*said, *_track_advice(request)]


def _hold(request: Request, rule: Rule) -> list[Problem]:
    in_force = {field.name for field in request.fields}  # a mode may lack a field that a rule refers to
    match rule:
        case Needs():
            return _needs(request, rule)
        case Overrides():
            return _overrides(request, rule)
        case SameShape():
            return _shape_advice(request, rule)
        case OneOf():
            asked = [name for name in rule.fields if name in in_force]
            missing = asked and not any(name in request.values for name in asked)
            return [Problem(field=asked[0], message=rule.say)] if missing else []
        case Apart():
            clash = any(name in request.values for name in rule.fields)
            hit = [n for n in rule.others if n in request.values and rule.being in (None, request.values[n])]
            return [Problem(field=n, message=rule.say) for n in hit if clash]
        case Requires():
            alone = rule.field in request.values and rule.other in in_force - request.values.keys()
            return [Problem(field=rule.other, message=rule.say)] if alone else []
        case Caps():
            return _caps(request, rule)
        case Together():
            held = [name for name in rule.fields if request.files(name)]
            over = len(held) > 1 and sum(len(request.files(name)) for name in held) > rule.most
            return [Problem(field=held[-1], message=rule.say)] if over else []
        case _:
            assert_never(rule)


def _overrides(request: Request, rule: Overrides) -> list[Problem]:
    """Report a dropped value if a person chose it. Losing a default is not worth a message."""
    chosen = any(
        field.name == rule.drops and request.values.get(rule.drops, default_of(field)) != default_of(field)
        for field in request.fields
    )
    said = chosen and rule.drops in request.dropped
    return [Problem(field=rule.drops, message=rule.say, advice=True)] if said else []


def _needs(request: Request, rule: Needs) -> list[Problem]:
    there = any(field.name == rule.other for field in request.fields)
    idle = there and request.values.get(rule.field) == rule.value and request.values.get(rule.other) != rule.being
    return [Problem(field=rule.field, message=rule.say, advice=True)] if idle else []


def _caps(request: Request, rule: Caps) -> list[Problem]:
    number = request.values.get(rule.field)
    clips = any(isinstance(facts, VideoFacts) for facts in request.files(rule.files))
    over = clips and isinstance(number, int | float) and number > rule.most
    return [Problem(field=rule.field, message=rule.say)] if over else []


def _shape_advice(request: Request, rule: SameShape) -> list[Problem]:
    """Advise on two pictures of different proportions.

    The clip takes the proportions of the first, and the other picture is pressed into them.
    """
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
    """Advise on a sound track that is longer or shorter than the clip: it is cut, or followed by silence."""
    fixed = any(isinstance(field, FixedField) and field.name == "duration" for field in request.fields)
    if "duration" not in request.values and not fixed:
        return []  # the clip is as long as the input
    said: list[Problem] = []
    for field in request.fields:
        track = request.values.get(field.name)
        if not isinstance(field, AudioField) or not isinstance(track, AudioFacts) or field.name in request.dropped:
            continue
        clip = output_seconds(request)
        if abs(track.seconds - clip) > 0.1:
            then = "the rest is cut off" if track.seconds > clip else "the end will be silent"
            said.append(
                Problem(
                    field=field.name,
                    message=f"Your track is {track.seconds:.1f} s and the clip {clip:g} s: {then}.",
                    advice=True,
                )
            )
    return said
