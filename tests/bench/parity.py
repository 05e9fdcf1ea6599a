"""Whether page and simulator agree: inputs made at random, judged by both sides, with every disagreement counted.

`python -m tests.bench parity --cases 10000 --seed 1` runs as many as one likes; `tests/test_parity.py` runs a few.

Nothing here knows a model. Files are facts, so that ten thousand inputs take a minute: the vendor's side is the
simulator's own judge, inspection and making, with the fetching of files and the drawing of pictures left out.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, assert_never

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import (
    AudioField,
    AudioLimit,
    ChoiceField,
    Field,
    FileField,
    FilesField,
    FixedField,
    ImageField,
    ImageLimit,
    MediaLimit,
    Model,
    NumberField,
    Offer,
    Place,
    Side,
    SizeField,
    SwitchField,
    TextField,
    VideoField,
    VideoLimit,
    Wire,
)
from services.errors import InvalidRequest
from services.media.facts import AudioFacts, ImageFacts, MediaFacts, Unreadable, VideoFacts
from services.problems import Problem
from services.request import Request, billed, build, check, fields_for, files_of, is_absent, parse, price
from services.simulator.artist import Clip, Picture
from services.simulator.clock import SystemClock
from services.simulator.inspection import Found, judge_file
from services.simulator.judge import Order, judge
from services.simulator.ledger import Task
from services.simulator.making import Maker
from services.simulator.refusal import Refusal
from tests.bench.figures import Table
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
    return request, _grave(request, Side.OURS)


def _grave(request: Request, side: Side) -> tuple[Problem, ...]:
    return tuple(problem for problem in check(request, side=side) if not problem.advice)


def wire_body(request: Request) -> tuple[dict[str, Any], dict[str, MediaFacts]]:
    """The body as it goes over the wire, and what lies behind each of its addresses.

    A length that cannot be chosen is told where it is not the one there is: the vendor refuses it, as we do.
    """
    files: dict[str, MediaFacts] = {}
    urls: dict[str, str | list[str]] = {}
    for each in request.fields:
        own = {f"https://example.com/{each.name}-{n}": facts for n, facts in enumerate(request.files(each.name))}
        files |= own
        urls[each.name] = list(own) if isinstance(each, FilesField) else "".join(own)
    body: dict[str, Any] = json.loads(json.dumps(build(request, urls)))
    for each in request.fields:
        if isinstance(each, FixedField) and each.wire and request.values.get(each.name) != each.value:
            put(body, each.wire, request.values.get(each.name))
    return body, files


def put(body: dict[str, Any], wire: Wire, raw: object) -> None:
    """A raw value at its place in a body."""
    match wire.place:
        case Place.INPUT | Place.PARAMETERS:
            body[str(wire.place)][wire.key] = raw
        case Place.CONTENT:
            body["input"].setdefault("messages", [{"role": "user", "content": []}])[0]["content"].append(
                {wire.key: raw}
            )
        case Place.MEDIA:
            body["input"].setdefault("media", []).append({"type": wire.key, "url": raw})
        case _:
            assert_never(wire.place)


# The vendor's side ----------------------------------------------------------------------------------------------------


class _NoArtist:
    """Draws nothing."""

    async def film(self, clip: Clip, target: Path) -> None:
        """No clip."""

    async def paint(self, picture: Picture, target: Path) -> None:
        """No picture."""

    async def close(self) -> None:
        """Nothing to stop."""


class _Known:
    """Finds the files of a task in a table instead of on the net, and judges them as the service does."""

    def __init__(self, files: Mapping[str, MediaFacts]) -> None:
        self._files = files

    async def inspect(self, each: FileField, given: tuple[str, ...], **_: object) -> tuple[Found, ...]:
        """What lies behind these addresses. Raises Refusal."""
        found = tuple(Found(path=Path(url), facts=self._files[url]) for url in given)
        for one in found:
            judge_file(each, one.facts)
        return found


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A call that the vendor took and finished."""

    order: Order
    usage: dict[str, object]


async def sell(case: Case, body: Mapping[str, object], files: Mapping[str, MediaFacts]) -> Taken:
    """What the simulator makes of a body: judged, its files looked at, planned, made and counted. Raises Refusal."""
    order = judge(case.model, case.offer, body)
    clock = SystemClock()
    # The inspector is handed in by its one method.
    maker = Maker(_NoArtist(), _Known(files), folder=Path(), clock=clock, lose_pictures=False)  # type: ignore[arg-type]
    work = await maker.prepare(_task(case, order), order)
    await maker.make(work)
    return Taken(order=order, usage=work.usage)


def _task(case: Case, order: Order) -> Task:
    return Task(
        id="t",
        request_id="r",
        account="a",
        region=case.region,
        model=case.offer.id,
        path=case.model.endpoint.path,
        values=dict(order.values),
        media=dict(order.media),
        shape=case.model.result,
        resolves_oss=True,
        seed=1,
        wait_seconds=0,
        run_seconds=0,
        submitted_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


# Both -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Finding:
    """How the two sides stand to a case. `complaint` says where they disagree and should not."""

    outcome: str
    complaint: str = ""


async def compare_sides(case: Case, catalogue: Catalogue = CATALOGUE) -> Finding:
    """Put a case to both sides."""
    request, problems = asked(case, catalogue)
    for problem in problems:
        if not problem.message.endswith((".", "?")):
            return Finding(outcome="refused", complaint=f"no full stop: {problem.message!r}")
    if request is None:
        return await _compare_unread(case, problems, catalogue)
    body, files = wire_body(request)
    refusal: Refusal | None = None
    taken: Taken | None = None
    try:
        taken = await sell(case, body, files)
    except Refusal as error:
        refusal = error
    if not problems:
        if taken is None:
            return Finding(outcome="accepted", complaint=f"the vendor refuses: {refusal} {body}")
        return Finding(outcome="accepted", complaint=_misread(request, taken, body) or _misbilled(request, taken))
    theirs = _grave(request, Side.VENDOR)
    if theirs and taken:
        return Finding(outcome="refused by both", complaint=f"the vendor takes: {[p.message for p in theirs]} {body}")
    if not theirs and refusal:
        return Finding(outcome="narrower", complaint=f"the vendor refuses: {refusal} {[p.message for p in problems]}")
    mended = await _mended(case, problems, catalogue)
    return Finding(outcome="refused by both" if theirs else "our limit is narrower", complaint=mended)


async def _compare_unread(case: Case, problems: tuple[Problem, ...], catalogue: Catalogue) -> Finding:
    """A value that the page cannot even read: the vendor refuses it, too, unless it knows no such key."""
    wrong = {problem.field for problem in problems}
    fields = {each.name: each for each in fields_for(case.model, case.region, case.given)}
    if wrong - fields.keys():
        return Finding(outcome="no such key: ignored by the vendor")
    rest = replace(case, given={name: raw for name, raw in case.given.items() if name not in wrong})
    request, others = asked(rest, catalogue)
    if request is None or others:
        return Finding(outcome="refused by both")
    body, files = wire_body(request)
    for name in wrong:
        wire = fields[name].wire
        if wire is None:
            return Finding(outcome="told to the page alone")
        put(body, wire, case.given[name])
    try:
        await sell(case, body, files)
    except Refusal:
        return Finding(outcome="refused by both")
    if all(_is_finer(fields[name], case.given[name]) for name in wrong):
        return Finding(outcome="our limit is narrower")
    return Finding(outcome="refused", complaint=f"the vendor takes: {[p.message for p in problems]} {body}")


def _is_finer(each: Field, raw: object) -> bool:
    """Whether a number merely has more digits behind the point than the page takes."""
    return isinstance(each, NumberField) and each.places > 0 and isinstance(raw, float)


def _misread(request: Request, taken: Taken, body: Mapping[str, object]) -> str:
    """Where the vendor understood something else than the page meant."""
    order = taken.order
    for each in request.fields:
        meant = request.values.get(each.name)
        if meant is None or each.name in request.dropped:
            continue
        if isinstance(each, FileField):
            count = len(order.media.get(each.name, ()))
            own = all(f"/{each.name}-{n}" in url for n, url in enumerate(order.media.get(each.name, ())))
            if count != len(files_of(meant)) or not own:
                return f"{each.name} was read as {order.media.get(each.name)} {body}"
        elif each.wire and order.values.get(each.name) != meant:
            return f"{each.name} {meant!r} was read as {order.values.get(each.name)!r} {body}"
    return ""


def _misbilled(request: Request, taken: Taken) -> str:
    """Where the price that was told is not what is billed."""
    told = price(request)
    amount = billed(request, taken.usage)
    if amount is None:
        return f"cannot be billed by {taken.usage}"
    promised = told.amount - told.check
    if amount == promised or (told.at_most and amount <= promised):
        return ""
    return f"told {promised}, billed {amount} by {taken.usage}"


async def _mended(case: Case, problems: tuple[Problem, ...], catalogue: Catalogue) -> str:
    """Words that are cut as the fix says pass the check. (Repairs of files are tried with files.)"""
    for problem in problems:
        each = next(f for f in fields_for(case.model, case.region, case.given) if f.name == problem.field)
        if problem.fix and isinstance(each, TextField):
            cut = str(case.given[each.name])[: each.max_chars]
            _, left = asked(replace(case, given={**case.given, each.name: cut}), catalogue)
            if any(other.field == each.name for other in left):
                return f"the fix of {each.name} does not pass"
    return ""


# As a bench -----------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Tally:
    """What many cases came to."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    ways: Counter[str] = field(default_factory=Counter[str])
    complaints: list[str] = field(default_factory=list[str])
    seconds: float = 0.0


def tally(count: int, *, seed: int, catalogue: Catalogue = CATALOGUE) -> Tally:
    """So many cases, the same for the same seed. Every disagreement is kept, none stops it."""
    kept = Tally()
    began = time.monotonic()
    with asyncio.Runner() as runner:

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=SLOW,
        )
        @hypothesis.given(cases(catalogue))
        def one(case: Case) -> None:
            finding = runner.run(compare_sides(case, catalogue))
            kept.outcomes[finding.outcome] += 1
            modes = [f"{mode.field}={mode.value}" for mode in case.model.modes_on(case.given)]
            kept.ways[" ".join([case.model.id, case.region, *modes])] += 1
            if finding.complaint:
                kept.complaints.append(f"{case!r}\n    {finding.complaint}")

        one()
    kept.seconds = time.monotonic() - began
    return kept


def compare(count: int, seed: int) -> list[Table]:
    """The table of a run."""
    found = tally(count, seed=seed)
    rows = tuple((name, f"{number:,}") for name, number in found.outcomes.most_common())
    total = sum(found.outcomes.values())
    return [
        Table(
            title="Page and simulator",
            columns=("outcome", "inputs"),
            rows=(*rows, ("all", f"{total:,}"), ("disagreements", f"{len(found.complaints):,}")),
            notes=(
                f"seed {seed}; {len(found.ways)} models x regions x modes; {found.seconds:.0f} s",
                *found.complaints[:20],
            ),
            raw={"outcomes": dict(found.outcomes), "ways": dict(found.ways), "complaints": found.complaints},
        )
    ]
