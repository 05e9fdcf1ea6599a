"""What a person could give each model: real files that fit, and the values that every mode of every model can run with.

Derived from the catalogue alone, so that a new record is tested without a word here.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import SecretStr

from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import (
    AudioLimit,
    ChoiceField,
    Field,
    FileField,
    FilesField,
    ImageLimit,
    MediaLimit,
    Model,
    RateLimit,
    Side,
    TextField,
    VideoLimit,
)
from services.domain.errors import InvalidRequest
from services.domain.problems import Problem
from services.media.facts import MediaFacts
from services.request import check, limit_kind, parse
from services.simulator import Clip as Ordered
from services.simulator import Picture
from services.storage.inputs import kinds_of, paths_of, read_facts
from tests.rig.clips import Clip, film
from tests.rig.hostile import tone
from tests.rig.studio import KEY

Values = dict[str, object]
PROMPT = "an old harbour at dawn, two boats"


@dataclass(frozen=True, kw_only=True)
class Samples:
    """One small file of each kind that fits every field there is. The picture passes for a portrait, too."""

    picture: Path
    voice: Path
    clip: Path

    def of(self, limit: type[MediaLimit]) -> str:
        """The path of the file that is held to such a limit."""
        return str({ImageLimit: self.picture, AudioLimit: self.voice, VideoLimit: self.clip}[limit])

    def like(self, facts: MediaFacts) -> str:
        """The path of a file of the same kind."""
        return self.of(limit_kind(facts))

    def for_field(self, field: FileField) -> str | list[str]:
        """What to give a field: one file, or as short a list as holds every kind the field takes."""
        if not isinstance(field, FilesField):
            return self.of(kinds_of(field)[0])
        one_of_each = [self.of(type(taken.vendor)) for taken in field.takes]
        wanted = max(field.least, min(2, field.most))
        return (one_of_each * wanted)[: max(wanted, min(len(one_of_each), field.most))]


def make_samples(folder: Path) -> Samples:
    """Write the files: grey, since a portrait has skin or no colour; small, since all of them go over the wire."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = Samples(picture=folder / "picture.png", voice=folder / "voice.wav", clip=folder / "clip.mp4")
    Image.linear_gradient("L").resize((600, 800)).convert("RGB").save(samples.picture)
    with wave.open(str(samples.voice), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(tone(4, rate=8000, channels=1))
    samples.clip.write_bytes(_short_clip())
    return samples


@lru_cache(maxsize=1)
def _short_clip() -> bytes:
    return film(Clip(seconds=2.5, width=480, height=480))


def unhurried(catalogue: Catalogue) -> Catalogue:
    """The catalogue without waiting for lanes, so that all models can be tried at once."""
    quick = RateLimit(submits_per_second=50, running=50)
    models = tuple(
        replace(model, offers=tuple(replace(offer, rate=quick) for offer in model.offers)) for model in catalogue.models
    )
    return replace(catalogue, models=models)


def every_region(url: str) -> dict[str, Any]:  # Any: settings, checked by pydantic
    """Settings of a studio that has a key for each region; `url` is the base URL of a simulator's Singapore."""
    names = [region.id for region in CATALOGUE.regions]
    return {
        "dashscope_api_keys": {name: SecretStr(KEY) for name in names},
        "dashscope_base_urls": {name: url.replace("/singapore/", f"/{name}/") for name in names},
    }


class SlowFilms:
    """An artist whose clips are real, of the right size and length, and of two pictures a second: cheap to make."""

    async def film(self, clip: Ordered, target: Path) -> None:
        """Write a clip."""
        plain = Clip(seconds=clip.seconds, width=clip.width, height=clip.height, fps=Fraction(2), sound=clip.sound)
        await asyncio.to_thread(lambda: target.write_bytes(film(plain)))

    async def paint(self, picture: Picture, target: Path) -> None:
        """Write a picture in one colour."""
        drawn = Image.new("RGB", (picture.width, picture.height), "teal")
        await asyncio.to_thread(drawn.save, target, "PNG")

    async def close(self) -> None:
        """Nothing to stop."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A model in a region, with the values that put it into one of its modes."""

    model: Model
    region: str
    mode: Mapping[str, object]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields in force."""
        return self.model.fields_in(self.region, self.mode)

    def __str__(self) -> str:
        """For the name of a test."""
        chosen = "".join(f".{name}={value}" for name, value in self.mode.items())
        return f"{self.model.id}@{self.region}{chosen}"


def ways(catalogue: Catalogue) -> Iterator[Way]:
    """Every model in every region and every mode."""
    for model in catalogue.models:
        for offer in model.offers:
            yield Way(model=model, region=offer.region, mode={})
            for mode in model.modes:
                if model.field(mode.field, offer.region) and mode.field not in offer.lacks:
                    yield Way(model=model, region=offer.region, mode={mode.field: mode.value})
            if model.live and any(field.name == model.live for field in model.every_field(offer.region)):
                opener = next(m for m in model.modes if any(field.name == model.live for field in m.differs))
                yield Way(model=model, region=offer.region, mode={opener.field: opener.value, model.live: True})


def fillings(catalogue: Catalogue, way: Way, samples: Samples) -> Iterator[Values]:
    """Values with a prompt and as many files as go together; as often as it takes to give every file once."""
    names = [field.name for field in way.fields if isinstance(field, FileField)]
    given = _filled(catalogue, way, samples, names)
    yield given
    left_out = [name for name in names if name not in given]
    while left_out:
        given = _filled(catalogue, way, samples, [*left_out, *names])
        yield given
        left_out = [name for name in left_out[1:] if name not in given]


def _filled(catalogue: Catalogue, way: Way, samples: Samples, order: list[str]) -> Values:
    given: Values = dict(way.mode)
    for field in way.fields:
        if isinstance(field, TextField) and (field.required or field.name == "prompt"):
            given[field.name] = PROMPT
        elif isinstance(field, ChoiceField) and field.required and field.default is None:
            given.setdefault(field.name, field.choices[0].value)
    files = {field.name: field for field in way.fields if isinstance(field, FileField)}
    wanted = [name for name in files if files[name].required] + order
    for field in (files[name] for name in dict.fromkeys(wanted)):
        more = given | {field.name: samples.for_field(field)}
        for problem in grave(catalogue, way, more):
            asked = way.model.field(problem.field, way.region, way.mode)
            if isinstance(asked, ChoiceField) and problem.field not in more:
                more[problem.field] = asked.choices[0].value
        if len(grave(catalogue, way, more)) <= len(grave(catalogue, way, given)):
            given = more
    return given


def grave(
    catalogue: Catalogue, way: Way, given: Mapping[str, object], *, side: Side = Side.OURS
) -> tuple[Problem, ...]:
    """What refuses these values; files as paths or as facts."""
    try:
        request = parse(catalogue, family=None, model_id=way.model.id, region=way.region, given=with_facts(way, given))
    except InvalidRequest as error:
        return error.problems
    return tuple(problem for problem in check(request, side=side) if not problem.advice)


def with_facts(way: Way, given: Mapping[str, object]) -> Values:
    """The values with facts for paths."""
    values = dict(given)
    for field in way.fields:
        raw = given.get(field.name)
        if isinstance(field, FileField) and raw and not _is_read(raw):
            facts = tuple(read_facts(kinds_of(field), path) for path in paths_of(raw))
            values[field.name] = facts if isinstance(field, FilesField) else facts[0]
    return values


def _is_read(raw: object) -> bool:
    return isinstance(raw, MediaFacts) or (isinstance(raw, tuple) and any(isinstance(r, MediaFacts) for r in raw))
