"""What the page accepts the vendor's look-alike accepts, what it refuses is refused, and every fix passes.

The cases stand in `tests/bench/cases.py`, both sides in `parity.py` beside it. STUDIO_PARITY_CASES tries as many as one
likes; by hand, `python -m tests.bench parity --cases 10000` counts them as well.
"""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from services.catalogue import CATALOGUE
from services.catalogue.schema import (
    AudioLimit,
    FileField,
    FilesField,
    ImageField,
    ImageLimit,
    MediaLimit,
    SameShape,
    Side,
    VideoLimit,
)
from services.domain.problems import Problem
from services.media.facts import ImageFacts, MediaFacts
from services.request import check, check_value
from services.storage.inputs import kinds_of, read_facts, repair_given
from tests.bench.cases import SLOW, Case, asked, cases
from tests.bench.parity import compare_sides, tally
from tests.rig.clips import Clip, film
from tests.rig.given import Samples, SlowFilms, Way, every_region, make_samples, unhurried, ways, with_facts
from tests.rig.hostile import tone
from tests.rig.studio import simulated, studio_at, until

CASES = int(os.environ.get("STUDIO_PARITY_CASES", "600"))
"""Read when the tests are collected: no setting of the machine reaches a test itself."""
FEW, MANY = 60, max(2000, CASES)
"""Cases in which page and vendor agree: among the other tests, and as a proof."""
QUIET = settings(deadline=None, database=None, suppress_health_check=SLOW)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.proof)])
def test_page_and_vendor_agree(runner: asyncio.Runner, count: int) -> None:
    @settings(QUIET, max_examples=count)
    @given(case=cases())
    def agree(case: Case) -> None:
        assert runner.run(compare_sides(case)).complaint == ""

    agree()


def test_the_cases_reach_both_sides_of_every_limit() -> None:
    found = tally(250, seed=3)
    assert found.complaints == []
    assert found.outcomes["accepted"] > 80
    assert found.outcomes["refused by both"] > 30
    assert len(found.ways) > 25


# Over the wire --------------------------------------------------------------------------------------------------------


async def test_what_the_page_accepts_ends_well_over_real_http(home: Path, tmp_path: Path) -> None:
    samples = make_samples(tmp_path / "samples")
    chosen = _accepted(24, samples)
    async with simulated(
        tmp_path / "vendor", limits=False, run_seconds=5.0, catalogue=unhurried(CATALOGUE), artist=SlowFilms()
    ) as (
        simulator,
        url,
    ):
        async with studio_at(home, url, catalogue=unhurried(CATALOGUE), **every_region(url)) as studio:
            jobs = [
                await studio.submit(family=case.model.family, model=case.model.id, region=case.region, given=case.given)
                for case in chosen
            ]
            for case, job in zip(chosen, jobs, strict=True):
                ended = await until(studio, job["id"], seconds=120)
                assert (ended["status"], ended["error"]) == ("succeeded", None), case
                told, actual = ended["cost"]["estimated"], ended["cost"]["actual"]
                assert actual is not None
                assert actual == pytest.approx(told) or (ended["cost"]["at_most"] and actual <= told), case
        assert len(simulator.creates) == len(chosen)


def _accepted(count: int, samples: Samples) -> list[Case]:
    """Cases that the page accepts, of as many models and modes as possible, with real files for their facts."""
    found: dict[str, Case] = {}

    @hypothesis.seed(11)
    @settings(QUIET, max_examples=count * 6, phases=(hypothesis.Phase.generate,))
    @given(case=cases())
    def collect(case: Case) -> None:
        real = replace(case, given=_with_paths(case, samples))
        modes = [(mode.field, mode.value) for mode in case.model.modes_on(case.given)]
        if asked(case)[0] is not None and not asked(_read(real))[1]:
            found.setdefault(f"{case.model.id}{modes}", real)

    collect()
    return list(found.values())[:count]


def _with_paths(case: Case, samples: Samples) -> dict[str, object]:
    values = dict(case.given)
    for each in case.model.every_field(case.region):
        raw = case.given.get(each.name)
        if isinstance(each, FilesField) and isinstance(raw, tuple):
            values[each.name] = [samples.like(facts) for facts in raw]
        elif isinstance(each, FileField) and isinstance(raw, MediaFacts):
            values[each.name] = samples.like(raw)
    return values


def _read(case: Case) -> Case:
    return replace(case, given=with_facts(Way(model=case.model, region=case.region, mode=case.given), case.given))


# Repairs --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Held:
    """A field, and one of the limits that its files are held to."""

    field: FileField
    limit: MediaLimit

    def __repr__(self) -> str:
        return f"{self.field.name} {self.limit}"


def _held() -> list[Held]:
    """Every limit there is, once."""
    found: dict[tuple[MediaLimit, ...], Held] = {}
    for way in ways(CATALOGUE):
        for each in way.fields:
            if isinstance(each, FilesField):
                pairs = [(taken.limit(Side.OURS), taken.vendor) for taken in each.takes]
            elif isinstance(each, FileField):
                pairs = [(each.limit(Side.OURS), each.vendor)]
            else:
                continue
            for ours, vendor in pairs:
                found.setdefault((ours, vendor), Held(field=each, limit=ours))
    return list(found.values())


HELD = _held()
SHAPED = [(model, rule) for model in CATALOGUE.models for rule in model.rules if isinstance(rule, SameShape)]


def _of(kind: type[MediaLimit]) -> st.SearchStrategy[Held]:
    return st.sampled_from([held for held in HELD if isinstance(held.limit, kind)])


SIDES = st.sampled_from([1, 16, 100, 199, 240, 359, 383, 512, 720, 1100, 2001, 4097])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("repairs")


@given(held=_of(ImageLimit), width=SIDES, height=SIDES, kind=st.sampled_from(
    ["RGB PNG", "RGB JPEG", "RGBA PNG", "CMYK JPEG", "L BMP", "P GIF", "RGB TIFF", "RGBA WEBP"]
))  # fmt: skip
@settings(QUIET, max_examples=max(40, CASES // 15))
def test_every_repair_of_a_picture_passes(folder: Path, held: Held, width: int, height: int, kind: str) -> None:
    mode, form = kind.split()
    path = folder / f"given.{form.lower()}"
    Image.linear_gradient("L").resize((width, height)).convert(mode).save(path, form)
    _try_repair(held, path, folder)


@given(held=_of(AudioLimit), seconds=st.floats(0.05, 40), channels=st.sampled_from([1, 2, 6]))
@settings(QUIET, max_examples=max(16, CASES // 40))
def test_every_repair_of_a_sound_passes(folder: Path, held: Held, seconds: float, channels: int) -> None:
    path = folder / "given.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(tone(seconds, rate=8000, channels=channels))
    _try_repair(held, path, folder)


CLIPS = st.builds(
    Clip,
    seconds=st.sampled_from([0.4, 1.5, 3.4, 6.0, 12.0, 33.0]),
    width=st.sampled_from([64, 200, 320, 640]),
    height=st.sampled_from([64, 240, 360]),
    fps=st.sampled_from([Fraction(5), Fraction(15)]),
    to=st.sampled_from(["mp4", "mov", "avi"]),
)


@given(held=_of(VideoLimit), clip=CLIPS)
@settings(QUIET, max_examples=max(10, CASES // 60))
def test_every_repair_of_a_clip_passes(folder: Path, held: Held, clip: Clip) -> None:
    path = folder / f"given.{clip.to}"
    path.write_bytes(film(clip))
    _try_repair(held, path, folder)


def _try_repair(held: Held, path: Path, folder: Path) -> None:
    """Where a fix is offered it works, and what comes out passes with us and with the vendor."""
    problems = _problems(held.field, path, Side.OURS)
    if not any(problem.fix for problem in problems):
        return
    repaired = repair_given(path, folder, held.field)
    left = [*_problems(held.field, repaired, Side.OURS), *_problems(held.field, repaired, Side.VENDOR)]
    assert left == [], (path, held)


def _problems(field: FileField, path: Path, side: Side) -> tuple[Problem, ...]:
    facts = read_facts(kinds_of(field), str(path))
    return check_value(field, (facts,) if isinstance(field, FilesField) else facts, side=side)


@given(first=st.tuples(SIDES, SIDES), other=st.tuples(SIDES, SIDES))
@settings(QUIET, max_examples=max(12, CASES // 50))
def test_a_picture_cropped_to_match_another_matches_it(
    folder: Path, first: tuple[int, int], other: tuple[int, int]
) -> None:
    for model, rule in SHAPED:
        region = model.offers[0].region
        fields = {each.name: each for each in model.every_field(region)}
        wanted = fields[rule.other]
        assert isinstance(wanted, ImageField)
        one, two = folder / "one.png", folder / "two.png"
        for path, size in ((one, first), (two, other)):
            Image.linear_gradient("L").resize(size).convert("RGB").save(path)
        fits = repair_given(one, folder, wanted)
        seen = read_facts(kinds_of(wanted), str(fits))
        assert isinstance(seen, ImageFacts)
        matched = repair_given(two, folder, wanted, shape=(seen.width, seen.height))
        case = Case(
            model=model,
            region=region,
            given={rule.field: seen, rule.other: read_facts(kinds_of(wanted), str(matched)), "prompt": "x"},
        )
        request, grave = asked(case)
        assert request is not None
        assert grave == ()
        assert [p for p in check(request) if p.fix] == []
