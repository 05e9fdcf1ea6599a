"""What is wrong is told in a clear sentence, with a fix where there is one; nothing is sent and nothing is lost.

Derived from the catalogue: every model, every region, every mode. Limits of the records are tried one by one in
`test_catalogue*.py`; here they go through a running studio, with real and with hostile files.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.catalogue import CATALOGUE
from services.catalogue.schema import (
    Apart,
    AudioLimit,
    Caps,
    ChoiceField,
    Field,
    FileField,
    FilesField,
    FixedField,
    ImageLimit,
    MediaLimit,
    NumberField,
    OneOf,
    Requires,
    SizeField,
    SwitchField,
    TextField,
    Together,
    VideoLimit,
)
from services.domain.errors import FileRefused, InvalidRequest
from services.domain.problems import Problem, Repair
from services.simulator import Simulator
from services.storage.inputs import kinds_of
from services.studio import Studio
from tests.rig import hostile
from tests.rig.given import Samples, Values, Way, every_region, fillings, make_samples, unhurried, ways
from tests.rig.studio import simulated, studio_at

WAYS = list(ways(CATALOGUE))
HOSTILE: Mapping[type[MediaLimit], Mapping[str, hostile.Maker]] = {
    ImageLimit: hostile.PICTURES,
    AudioLimit: hostile.SOUNDS,
    VideoLimit: hostile.CLIPS,
}
_CODE = re.compile(r"[a-z]+_[a-z_]+|\bNone\b|\bnull\b|[A-Z][a-z]+Error|Exception|[{}\\]|/\w+/|0x[0-9a-f]+")
"""What has no place in a sentence for everybody: names of variables, paths, classes, braces."""
_FIXABLE = frozenset(Repair) - {Repair.CUT, Repair.MATCH}


@dataclass(frozen=True)
class Desk:
    """A running studio, the simulator it buys at, and files that fit."""

    studio: Studio
    simulator: Simulator
    samples: Samples

    async def told(self, way: Way, given: Values) -> tuple[Problem, ...]:
        """What is said of values before they are sent."""
        verdict = await self.studio.check(family=way.model.family, model=way.model.id, region=way.region, given=given)
        return verdict.problems

    async def refused(self, way: Way, given: Values, about: str) -> tuple[Problem, ...]:
        """Hold the values to be refused, at that field, in clear words, before anything is stored, sent or lost."""
        before, files = dict(given), _bytes(given)
        problems = [problem for problem in await self.told(way, given) if not problem.advice]
        assert about in {problem.field for problem in problems}, (way, about, problems)
        for problem in problems:
            assert is_clear(problem.message), problem.message
            assert problem.fix is None or problem.fix.label.strip()
        with pytest.raises(InvalidRequest) as refusal:
            await self.studio.submit(family=way.model.family, model=way.model.id, region=way.region, given=given)
        assert {problem.message for problem in refusal.value.problems} == {problem.message for problem in problems}
        assert given == before
        assert _bytes(given) == files
        self.bought_nothing()
        return tuple(problems)

    def bought_nothing(self) -> None:
        """Nothing was sent to the vendor: no order, no check, not even a file."""
        assert self.simulator.creates == []
        assert self.simulator.checks == []
        assert list(self.simulator.record.calls) == []


def is_clear(message: str) -> bool:
    """Whether it is one sentence or a few for everybody."""
    # Names and values that only a program can have got wrong are named to it as it has to write them.
    said = re.sub(r"Choose one of: [^.]*|'[^']*'|\btakes \w+ only where \w+ is [^.]*", "", message)
    return message.endswith((".", "?")) and not _CODE.search(said)


def _bytes(given: Mapping[str, object]) -> dict[str, bytes]:
    paths = [path for value in given.values() for path in (value if isinstance(value, list) else [value])]
    return {str(p): Path(str(p)).read_bytes() for p in paths if isinstance(p, str) and Path(p[:200]).is_file()}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return make_samples(tmp_path_factory.mktemp("samples"))


@pytest.fixture
async def desk(home: Path, tmp_path: Path, samples: Samples) -> AsyncIterator[Desk]:
    async with (
        simulated(tmp_path / "vendor") as (simulator, url),
        studio_at(home, url, catalogue=unhurried(CATALOGUE), **every_region(url)) as studio,
    ):
        yield Desk(studio, simulator, samples)
        assert (await studio.jobs())["items"] == []


# Values and combinations ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", [family.id for family in CATALOGUE.families])
async def test_every_value_beyond_a_limit_is_refused_before_anything_is_sent(desk: Desk, family: str) -> None:
    for way in _of(family):
        good = next(fillings(CATALOGUE, way, desk.samples))
        assert not [problem for problem in await desk.told(way, good) if not problem.advice], way
        for field in way.fields:
            # Another word for the mode is no mode: what belongs to it has no place then, and that is told first.
            values = () if field.name in way.mode else _beyond(field, desk.samples)
            for value in values:
                problems = await desk.refused(way, good | {field.name: value}, field.name)
                if isinstance(field, TextField):
                    assert any(problem.fix and problem.fix.repair is Repair.CUT for problem in problems)
            capped = any(isinstance(rule, Caps) and rule.field == field.name for rule in way.model.rules)
            for value in () if capped else _at(field):
                said = [p for p in await desk.told(way, good | {field.name: value}) if p.field == field.name]
                assert not [problem for problem in said if not problem.advice], (way, field.name, value)


@pytest.mark.parametrize("family", [family.id for family in CATALOGUE.families])
async def test_every_wrong_combination_is_refused_before_anything_is_sent(desk: Desk, family: str) -> None:
    for way in _of(family):
        good = next(fillings(CATALOGUE, way, desk.samples))
        fields = {field.name: field for field in way.fields}
        for field in way.fields:
            if field.required and field.name in good and field.name not in way.mode:
                await desk.refused(way, {n: v for n, v in good.items() if n != field.name}, field.name)
        for given, about in _against_rules(way, fields, good, desk.samples):
            await desk.refused(way, given, about)
        strangers = {f.name for f in way.model.every_field(way.region)} - fields.keys()
        for name in [*sorted(strangers)[:3], "nobody_knows"]:
            with pytest.raises(InvalidRequest, match=r"Leave it out|only where"):
                await desk.studio.submit(
                    family=way.model.family, model=way.model.id, region=way.region, given=good | {name: "1"}
                )
            desk.bought_nothing()


def _of(family: str) -> list[Way]:
    """The ways of a family; of regions that have a model alike, one."""
    found: dict[str, Way] = {}
    for way in WAYS:
        if way.model.family == family:
            found.setdefault(f"{way.model.id} {sorted(way.mode.items())} {hash(way.fields)}", way)
    return list(found.values())


def _beyond(field: Field, samples: Samples) -> Iterator[object]:
    """A step beyond each limit, and what is no such value at all."""
    match field:
        case TextField():
            yield "x" * (field.max_chars + 1)
        case NumberField():
            step = 10**-field.places
            yield from (field.minimum - step, field.maximum + step, "many", 10**13)
        case FixedField():
            yield from (field.value + 1, "many")
        case ChoiceField():
            yield from ("nonsense", "x" * 400)
        case SwitchField():
            yield "perhaps"
        case SizeField():
            yield from ("nonsense", "1*1", "99999*99999", "0*0")
            if field.bounds:
                yield f"{(field.bounds.min_side or 64) * 20}*{field.bounds.min_side or 64}"
        case FilesField():
            one = samples.for_field(field)[0]
            yield [one] * (field.most + 1)
            for taken in field.takes:
                if taken.most is not None:
                    yield [samples.of(type(taken.vendor))] * (taken.most + 1)
                if taken.most_seconds is not None:
                    yield [samples.of(type(taken.vendor))] * field.most + [one]
        case _:
            yield "/nowhere/a picture.png"


def _at(field: Field) -> Iterator[object]:
    """Values exactly at a limit."""
    match field:
        case TextField():
            yield "x" * field.max_chars
        case NumberField():
            yield from (field.minimum, str(field.maximum))
        case _:
            return


def _against_rules(
    way: Way, fields: Mapping[str, Field], good: Values, samples: Samples
) -> Iterator[tuple[Values, str]]:
    """Values against each rule of the model, and the field it must be told at."""
    for rule in way.model.rules:
        match rule:
            case OneOf() if asked := [name for name in rule.fields if name in fields]:
                yield {name: value for name, value in good.items() if name not in rule.fields}, asked[0]
            case Apart() if rule.being is None:
                both = [(a, b) for a in rule.fields for b in rule.others if {a, b} <= fields.keys()]
                for one, other in both:
                    yield good | {name: _some(fields[name], samples) for name in (one, other)}, other
            case Apart() if all(name in fields for name in (*rule.fields, *rule.others)):
                given = {name: _some(fields[name], samples) for name in rule.fields}
                yield good | given | dict.fromkeys(rule.others, rule.being), rule.others[0]
            case Requires() if {rule.field, rule.other} <= fields.keys():
                rest = {name: value for name, value in good.items() if name != rule.other}
                yield rest | {rule.field: _some(fields[rule.field], samples)}, rule.other
            case Caps() if {rule.field, rule.files} <= fields.keys():
                yield good | {rule.field: rule.most + 1, rule.files: [samples.of(VideoLimit)]}, rule.field
            case Together() if set(rule.fields) <= fields.keys():
                yield good | {name: _most(fields[name], samples) for name in rule.fields}, rule.fields[-1]
            case _:
                continue


def _most(field: Field, samples: Samples) -> list[str]:
    assert isinstance(field, FilesField)
    return [samples.of(type(field.takes[0].vendor))] * field.most


def _some(field: Field, samples: Samples) -> object:
    assert isinstance(field, FileField)
    return samples.for_field(field)


# Hostile files --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[type[MediaLimit], Mapping[str, Path]]:
    """Every hostile file, by the kind of file that it is taken for."""
    folder = tmp_path_factory.mktemp("hostile")
    found: dict[type[MediaLimit], dict[str, Path]] = {}
    for kind, makers in HOSTILE.items():
        found[kind] = {}
        for title, maker in makers.items():
            own = folder / kind.__name__ / title.replace(" ", "-")
            own.mkdir(parents=True)
            found[kind][title] = maker(own)
    return found


@pytest.fixture(scope="module")
def tried() -> set[object]:
    """Which repairs were tried already: fields with the same limits need not all repair the same file."""
    return set()


@pytest.mark.parametrize("family", [family.id for family in CATALOGUE.families])
async def test_every_hostile_file_is_told_in_a_sentence_or_taken_and_never_sent(
    desk: Desk, made: Mapping[type[MediaLimit], Mapping[str, Path]], tried: set[object], family: str
) -> None:
    for limits, way, field, kind in _file_fields(family):
        filling = next(each for each in fillings(CATALOGUE, way, desk.samples) if field.name in each)
        for title, path in made[kind].items():
            given = filling | {field.name: [str(path)] if isinstance(field, FilesField) else str(path)}
            content = path.read_bytes()
            said = [problem for problem in await desk.told(way, given) if problem.field == field.name]
            for problem in said:
                assert is_clear(problem.message), (title, problem.message)
                assert str(path.parent) not in problem.message
            if any(not problem.advice for problem in said):
                await desk.refused(way, given, field.name)
                if (limits, title) not in tried:
                    await _mends(desk, way, field, given, said)
                tried.add((limits, title))
            assert path.read_bytes() == content, title
    desk.bought_nothing()


async def _mends(desk: Desk, way: Way, field: FileField, given: Values, said: list[Problem]) -> None:
    """The fix that is offered works: the file that comes back passes. Nothing is offered where nothing can be done."""
    fixes = [problem for problem in said if problem.fix and problem.fix.repair in _FIXABLE]
    value = given[field.name]
    path = str(value[0] if isinstance(value, list) else value)
    item = 0 if isinstance(field, FilesField) else None
    if not fixes:
        return
    try:
        mended = await desk.studio.repair(
            model=way.model.id, region=way.region, field=field.name, path=path, given=given, item=item
        )
    except FileRefused as refusal:
        # A header may promise what the file does not hold; only trying tells.
        if not is_clear(refusal.message):
            raise
        return
    again = given | {field.name: [mended] if item is not None else mended}
    left = [p for p in await desk.told(way, again) if p.field == field.name and not p.advice]
    assert left == [], (way, path, left)


def _file_fields(family: str) -> list[tuple[object, Way, FileField, type[MediaLimit]]]:
    """Every file field of a family with each kind that it takes; of fields with the same limits, one."""
    found: dict[object, tuple[object, Way, FileField, type[MediaLimit]]] = {}
    for way in _of(family):
        for field in way.fields:
            if isinstance(field, FilesField):
                limits = tuple((taken.vendor, taken.ours) for taken in field.takes)
            elif isinstance(field, FileField):
                limits = ((field.vendor, field.ours),)
            else:
                continue
            for kind in kinds_of(field):
                key = (isinstance(field, FilesField), limits, kind)
                found.setdefault(key, (key, way, field, kind))
    return list(found.values())
