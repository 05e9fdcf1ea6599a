"""Inputs made at random for any model, region and mode: most of them good, many at a limit, some without any sense.

Files are facts. Nothing here knows a model, and nothing knows the vendor's side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar, assert_never

from hypothesis import HealthCheck
from hypothesis import strategies as st

from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import (
    AudioField,
    AudioLimit,
    ChoiceField,
    Field,
    FilesField,
    FixedField,
    ImageField,
    ImageLimit,
    MediaLimit,
    Model,
    NumberField,
    Offer,
    Side,
    SizeField,
    SwitchField,
    TextField,
    VideoField,
    VideoLimit,
)
from services.domain.errors import InvalidRequest
from services.domain.problems import Problem
from services.media.facts import AudioFacts, ImageFacts, MediaFacts, Unreadable, VideoFacts
from services.request import Request, check, fields_for, is_absent, parse
from tests.rig.given import Way, ways

Given = Mapping[str, object]
Seen = TypeVar("Seen", ImageFacts, VideoFacts)


SLOW = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.function_scoped_fixture,
)
"""Whole requests take their time to be made up."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What somebody entered for a model in a region: raw values by field name, files as their facts."""

    model: Model
    region: str
    given: Given

    @property
    def offer(self) -> Offer:
        """The model as the region has it."""
        return _offered(self.model, self.region)

    def __repr__(self) -> str:
        """Enough to try it again by hand."""
        return f"{self.model.id} in {self.region}: {dict(self.given)!r}"


# Inputs ---------------------------------------------------------------------------------------------------------------


@st.composite
def cases(draw: st.DrawFn, catalogue: Catalogue = CATALOGUE) -> Case:
    """Values for any model, region and mode: most of them good, at a limit or a step beyond it; some make no sense."""
    way = draw(st.sampled_from(_ways(catalogue)))
    model, offer, given = way.model, _offered(way.model, way.region), dict(way.mode)
    fields = fields_for(model, offer.region, given)
    spoilt = draw(st.sampled_from(_SPOILT))
    # Of lists there are few, and most can be wrong with them.
    worth = [each for each in fields for _ in range(3 if isinstance(each, FilesField) else 1)]
    victims = {draw(st.sampled_from(worth)).name for _ in range(spoilt)}
    for each in fields:
        if each.name in given and each.name not in victims:
            continue
        is_wanted = each.required or draw(st.integers(0, 9)) < 6
        if each.name in victims:
            given[each.name] = draw(_spoilt(each))
        elif is_wanted:
            given[each.name] = draw(_fitting(each))
    case = Case(model=model, region=offer.region, given=given)
    if not spoilt:
        return _tidied(draw, case, catalogue)
    if draw(st.integers(0, 19)) == 0:
        others = {each.name for each in model.every_field(offer.region)} - {each.name for each in fields}
        stray = draw(st.sampled_from([*sorted(others), "strange_key"]))
        return replace(case, given={**given, stray: draw(st.sampled_from([1, "x", True]))})
    return case


@lru_cache(maxsize=2)
def _ways(catalogue: Catalogue) -> tuple[Way, ...]:
    return tuple(ways(catalogue))


def _offered(model: Model, region: str) -> Offer:
    offer = model.offer(region)
    assert offer is not None
    return offer


_SPOILT = (0, 0, 0, 1, 1, 2)
"""How many values of a case are spoilt."""


def _tidied(draw: st.DrawFn, case: Case, catalogue: Catalogue) -> Case:
    """The case with what the rules between fields ask for: else hardly a request of many files would ever pass."""
    for _ in range(4):
        _, problems = asked(case, catalogue)
        if not problems:
            break
        given = dict(case.given)
        for name in {problem.field for problem in problems}:
            found = next((f for f in fields_for(case.model, case.region, given) if f.name == name), None)
            if found is not None and (name not in given or found.required):
                given[name] = draw(_fitting(found))
            else:
                given.pop(name, None)
        case = replace(case, given=given)
    return case


def _fitting(each: Field) -> st.SearchStrategy[object]:
    """Values that the page takes, in all the spellings that it takes."""
    match each:
        case TextField():
            words = st.one_of(
                st.text(min_size=1, max_size=12), st.just("x" * each.max_chars), st.just("一只狐狸 🦊 'quoted'")
            )
            return words.filter(lambda said: not is_absent(said))
        case NumberField():
            inner = st.integers(math.ceil(each.minimum), math.floor(each.maximum))
            fine = st.sampled_from([each.minimum, each.maximum, str(each.maximum), float(each.minimum)])
            return st.one_of(inner, fine, *([st.just(each.minimum + 0.25)] if each.places else []))
        case ChoiceField():
            return st.sampled_from([form for c in each.choices for form in (c.value, str(c.value), f" {c.value}")])
        case SizeField():
            return st.sampled_from(_good_sizes(each))
        case SwitchField():
            return st.sampled_from([True, False, "true", "off", 1, 0])
        case FixedField():
            return st.sampled_from([each.value, str(each.value), float(each.value)])
        case ImageField() | AudioField() | VideoField():
            return _file(each.limit(Side.OURS))
        case FilesField():
            return _list(each, extra=0)
        case _:
            assert_never(each)


def _spoilt(each: Field) -> st.SearchStrategy[object]:
    """Values at, just below and just above the limits, of either side; and such that are no values at all."""
    match each:
        case TextField():
            odd = ["", "   ", "\0", "\ud800 half a pair", True, 7]
            return st.one_of(st.sampled_from(odd), st.integers(-1, 1).map(lambda d: "x" * (each.max_chars + d)))
        case NumberField():
            step = 10**-each.places
            beside = [each.minimum - step, each.maximum + step, each.minimum, each.maximum, -1, 0]
            odd = ["abc", "", True, math.nan, math.inf, 1e30, 2.5, "5.5", None, each.minimum + 0.333]
            return st.sampled_from([*beside, *odd])
        case ChoiceField():
            return st.sampled_from(["nonsense", "", 7, 7.0, 5.5, True, -1, None, "x" * 400])
        case SizeField():
            return st.sampled_from(["nonsense", "0*0", "1*1", "99999*99999", "1280*721", 5, *_edge_sizes(each)])
        case SwitchField():
            return st.sampled_from(["maybe", 2, "", None])
        case FixedField():
            return st.sampled_from([each.value + 1, each.value - 1, "abc", 0, None])
        case ImageField() | AudioField() | VideoField():
            limits = (each.limit(Side.OURS), each.limit(Side.VENDOR))
            return st.one_of(*(_odd_file(limit) for limit in limits), _wrong_kind(limits[0]))
        case FilesField():
            return st.one_of(_list(each, extra=1), _list(each, extra=2), _odd_list(each))
        case _:
            assert_never(each)


def _good_sizes(each: SizeField) -> list[str]:
    named = [size.value for size in each.sizes] + [area.value for area in each.areas]
    free = [size for size in _edge_sizes(each) if _is_within(each, size)]
    spelled = [f"{size.width} x {size.height}" for size in each.sizes[:2]] + [area.value.lower() for area in each.areas]
    return [*named, *named, *free, *spelled]


def _is_within(each: SizeField, value: str) -> bool:
    bounds, size = each.bounds, each.find(value)
    if bounds is None or size is None:
        return False
    shorter, longer = sorted((size.width, size.height))
    return (
        (bounds.min_side or 1) <= shorter
        and longer <= (bounds.max_side or longer)
        and longer <= shorter * bounds.longest_ratio
        and bounds.min_pixels <= shorter * longer <= bounds.max_pixels
    )


def _edge_sizes(each: SizeField) -> list[str]:
    """Sizes at, under and over each bound."""
    bounds = each.bounds
    if bounds is None:
        return []
    small, large = math.isqrt(bounds.min_pixels), math.isqrt(bounds.max_pixels)
    narrow = math.isqrt(math.floor(bounds.max_pixels / bounds.longest_ratio))
    pairs = [(side + step, side) for side in (small, large) for step in (-1, 0, 1)]
    pairs += [(narrow, math.floor(narrow * bounds.longest_ratio) + step) for step in (-1, 0, 1)]
    for side in filter(None, (bounds.min_side, bounds.max_side)):
        pairs += [(side + step, side) for step in (-1, 0, 1)]
    return [f"{width}*{height}" for width, height in pairs]


# Files as facts -------------------------------------------------------------------------------------------------------

_PICTURE = ImageFacts(name="狐狸 🦊.png", format="PNG", width=1, height=1, bytes=1, alpha=False, sideways=False)
_TRACK = AudioFacts(name="a.mp3", format="MP3", seconds=5, bytes=200_000, channels=2, sample_rate=44_100)
_CLIP = VideoFacts(name="a.mp4", format="MP4", width=1, height=1, seconds=2.5, fps=30, bytes=4_000_000, sound=True)


def _file(limit: MediaLimit) -> st.SearchStrategy[MediaFacts]:
    """A file within a limit, or exactly at it."""
    match limit:
        case ImageLimit():
            side = st.sampled_from([limit.min_side, min(limit.max_side, max(limit.min_side, 800)), limit.max_side])
            return st.builds(
                lambda format, width, height, size: _shaped(
                    replace(_PICTURE, format=format, width=width, height=height, bytes=size), limit.longest_ratio
                ),
                st.sampled_from(limit.formats),
                side,
                side,
                st.sampled_from([1000, limit.max_bytes]),
            )
        case AudioLimit():
            return st.builds(
                lambda format, seconds, size: replace(_TRACK, format=format, seconds=seconds, bytes=size),
                st.sampled_from(limit.formats),
                st.sampled_from([limit.min_seconds, min(limit.max_seconds, limit.min_seconds + 1), limit.max_seconds]),
                st.sampled_from([1000, limit.max_bytes]),
            )
        case VideoLimit():
            least, most = limit.min_side or 16, limit.max_side or 4096
            side = st.sampled_from([least, min(most, max(least, 720)), most])
            return st.builds(
                lambda format, width, height, seconds, fps: _shaped(
                    replace(_CLIP, format=format, width=width, height=height, seconds=seconds, fps=fps),
                    limit.longest_ratio,
                ),
                st.sampled_from(limit.formats),
                side,
                side,
                # a clip without any length cannot be read and never comes so far
                st.sampled_from([limit.min_seconds or 0.04, min(limit.max_seconds, 2.5), limit.max_seconds]),
                st.sampled_from([limit.min_fps or 24.0, limit.max_fps or 30.0]),
            )
        case _:
            assert_never(limit)


def _shaped(facts: Seen, ratio: float | None) -> Seen:
    """The same, as long as its longest side may be."""
    if ratio is None:
        return facts
    most = math.floor(min(facts.width, facts.height) * ratio)
    return replace(facts, width=min(facts.width, most), height=min(facts.height, most))


def _odd_file(limit: MediaLimit) -> st.SearchStrategy[MediaFacts]:
    """A file that is at a limit, a step beyond it, or odd in another way."""
    beyond: list[dict[str, Any]] = [{"bytes": limit.max_bytes + step} for step in (0, 1)] + [{"format": "GIF"}]
    match limit:
        case ImageLimit():
            sides = [limit.min_side - 1, limit.min_side, limit.max_side, limit.max_side + 1]
            beyond += [{side: value} for side in ("width", "height") for value in sides]
            beyond += [{"alpha": True}, {"frames": 3}, {"mode": "CMYK"}, {"sideways": True}, {"format": "TIFF"}]
            if limit.longest_ratio:
                least = limit.min_side
                long = math.floor(least * limit.longest_ratio)
                beyond += [{"width": least, "height": long + step} for step in (0, 1)]
        case AudioLimit() | VideoLimit():
            under = [limit.min_seconds, limit.min_seconds - 0.01] if limit.min_seconds else []
            lengths = [*under, limit.max_seconds, limit.max_seconds + 0.2]
            beyond += [{"seconds": value} for value in lengths]
            if isinstance(limit, VideoLimit):
                edges = [limit.min_side, limit.min_side and limit.min_side - 1, limit.max_side]
                beyond += [{"width": value} for value in filter(None, edges)]
                beyond += [{"height": limit.max_side + 1}] if limit.max_side else []
                beyond += [{"fps": limit.min_fps - 1}] if limit.min_fps else []
                beyond += [{"fps": limit.max_fps + 1}] if limit.max_fps else []
                beyond += [{"whole": False}, {"sound": False}]
        case _:
            assert_never(limit)
    # replace() cannot be told by type which fact each name is
    return st.builds(lambda facts, change: replace(facts, **change), _file(limit), st.sampled_from(beyond))


def _wrong_kind(limit: MediaLimit) -> st.SearchStrategy[MediaFacts]:
    unread = Unreadable(name="half.png", bytes=10, why="This file is damaged. Please choose another one.")
    others = {ImageLimit: (_TRACK, unread), AudioLimit: (_CLIP, unread), VideoLimit: (_TRACK, unread)}
    return st.sampled_from(others[type(limit)])


@st.composite
def _list(draw: st.DrawFn, each: FilesField, extra: int) -> tuple[MediaFacts, ...]:
    """As many files as fit, or `extra` more than are taken, of one kind or of all."""
    count = each.most + extra if extra else draw(st.integers(max(1, each.least), each.most))
    files: list[MediaFacts] = []
    for _ in range(count):
        room = [t for t in each.takes if extra or t.most is None or _own(files, t.vendor) < t.most]
        taken = draw(st.sampled_from(room))
        one = draw(_file(taken.limit(Side.OURS)))
        if taken.most_seconds and not extra and isinstance(one, AudioFacts | VideoFacts):
            # A total that is just kept is worth a look: seconds that add up in floats.
            one = replace(one, seconds=max(taken.vendor.min_seconds, taken.most_seconds / count))  # type: ignore[union-attr]  # has seconds
        files.append(one)
    return tuple(files)


def _own(files: list[MediaFacts], limit: MediaLimit) -> int:
    kinds = {ImageLimit: ImageFacts, AudioLimit: AudioFacts, VideoLimit: VideoFacts}
    return sum(isinstance(one, kinds[type(limit)]) for one in files)


@st.composite
def _odd_list(draw: st.DrawFn, each: FilesField) -> tuple[MediaFacts, ...]:
    """A list with one file that is odd, or with too many of a kind, or too long together."""
    taken = draw(st.sampled_from(each.takes))
    limit = taken.limit(Side.OURS)
    if taken.most is not None and draw(st.booleans()):
        return tuple(draw(_file(limit)) for _ in range(taken.most + 1))
    if taken.most_seconds is not None and draw(st.booleans()):
        longest = replace(draw(_file(limit)), seconds=limit.max_seconds)  # type: ignore[call-arg, union-attr]  # as above
        return (longest, longest)
    odd = draw(st.one_of(_odd_file(limit), _wrong_kind(limit)))
    return (*draw(_list(each, extra=0)), odd)[-each.most :]


# The page's side ------------------------------------------------------------------------------------------------------


def asked(case: Case, catalogue: Catalogue = CATALOGUE) -> tuple[Request | None, tuple[Problem, ...]]:
    """The request, where the values can be understood, and what refuses it."""
    try:
        request = parse(catalogue, family=None, model_id=case.model.id, region=case.region, given=case.given)
    except InvalidRequest as error:
        return None, error.problems
    return request, grave_problems(request, Side.OURS)


def grave_problems(request: Request, side: Side) -> tuple[Problem, ...]:
    return tuple(problem for problem in check(request, side=side) if not problem.advice)
