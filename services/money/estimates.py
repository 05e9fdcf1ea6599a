"""Prices of jobs before any is ordered: one, several copies, or a chain, each made from the one before.

Pure, and opens no file: if a price depends on the length of a clip or sound, the caller passes it. A clip made by the
step before is as long as that step makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict, cast

from services.catalogue import Catalogue
from services.catalogue.schema import (
    AudioField,
    AudioLimit,
    Field,
    FileField,
    FilesField,
    Model,
    VideoField,
    VideoLimit,
)
from services.domain.errors import InvalidRequest
from services.domain.json_values import mapping_in
from services.domain.money import of_micros, to_micros
from services.media.facts import AudioFacts, MediaFacts, VideoFacts
from services.request import Cost, check, output_seconds, parse, price, price_unknown, refuse_if_any

MOST_STEPS = 20
SECONDS = "seconds"
"""The description of a file that does not exist yet: `{"seconds": 5}`."""
_LONGEST = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a planned chain."""

    model: str
    region: str
    family: str | None = None
    values: Mapping[str, object]
    """Values by field name. Only the seconds of a file count; the rest is ignored."""
    copies: int = 1


@dataclass(frozen=True, kw_only=True)
class PricedStep:
    """A step and its price. `cost` is that of one copy."""

    step: Step
    title: str
    cost: Cost
    seconds: float
    """The length of the clip that it makes; 0 for pictures."""

    @property
    def micros(self) -> int:
        """The price of all its copies, in millionths."""
        return to_micros(self.cost.amount) * self.step.copies

    @property
    def complete(self) -> bool:
        """True if the price is complete. It is not if it depends on a clip or sound of unknown length."""
        return self.cost.units > 0


def price_steps(catalogue: Catalogue, steps: Sequence[Step]) -> tuple[PricedStep, ...]:
    """Price each step. Raises InvalidRequest, naming the step, if its values have no price."""
    priced: list[PricedStep] = []
    for number, step in enumerate(steps, 1):
        try:
            priced.append(price_step(catalogue, step, before=priced[-1].seconds if priced else 0))
        except InvalidRequest as error:
            raise InvalidRequest(
                tuple(replace(one, message=f"Step {number}: {one.message}") for one in error.problems)
            ) from error
    return tuple(priced)


def price_step(catalogue: Catalogue, step: Step, *, before: float = 0) -> PricedStep:
    """Price a step that is given a clip of `before` seconds. Raises InvalidRequest if its values have no price.

    An unknown model counts at the highest rate of the region.
    """
    model = catalogue.model(step.model)
    if model is None:
        unknown = price_unknown(catalogue, region=step.region, given=step.values)
        if unknown is not None:
            return PricedStep(step=step, title=step.model, cost=unknown, seconds=0)
    given = _with_lengths(model, step, before=before) if model else step.values
    request = parse(catalogue, family=step.family, model_id=step.model, region=step.region, given=given)
    plain = {name for name in step.values if not _is_file(request.model, step.region, name)}
    refuse_if_any(tuple(problem for problem in check(request) if not problem.advice and problem.field in plain))
    return PricedStep(step=step, title=request.model.title, cost=price(request), seconds=output_seconds(request))


def _is_file(model: Model, region: str, name: str) -> bool:
    return isinstance(model.field(name, region), FileField)


def _with_lengths(model: Model, step: Step, *, before: float) -> dict[str, object]:
    """Return the values with made-up facts for the files whose seconds are known. Other files are left out."""
    fields = {field.name: field for field in model.every_field(step.region) if isinstance(field, FileField)}
    values = {name: value for name, value in step.values.items() if name not in fields}
    for name, field in fields.items():
        said = step.values.get(name)
        told = cast("list[object]", said) if isinstance(said, list) else [said]
        lengths = [length for each in told if (length := _seconds_in(each)) is not None]
        if not lengths and before and name in model.bill.count:
            lengths = [before]  # the counted file is the result of the step before
        facts = [fact for length in lengths if (fact := _facts(field, length))]
        if facts:
            values[name] = tuple(facts) if isinstance(field, FilesField) else facts[0]
    return values


def _seconds_in(said: object) -> float | None:
    seconds = mapping_in(said).get(SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _LONGEST:
        return None
    return float(seconds)


def _facts(field: Field, seconds: float) -> MediaFacts | None:
    """Make up the facts of a clip or sound of this length, for a field that accepts one."""
    kinds = [type(taken.vendor) for taken in field.takes] if isinstance(field, FilesField) else []
    if isinstance(field, VideoField) or VideoLimit in kinds:
        return VideoFacts(name="", format="MP4", width=1280, height=720, seconds=seconds, fps=30, bytes=1, sound=True)
    if isinstance(field, AudioField) or AudioLimit in kinds:
        return AudioFacts(name="", format="WAV", seconds=seconds, bytes=1, channels=1, sample_rate=48_000)
    return None


# JSON ----------------------------------------------------------------------------------------------------------------


class EstimateView(TypedDict):
    """The price of one job.

    `unit` is second or image; `at_most` means that it may cost less; `price_read_on` is the date when the vendor's
    price was read; `known` is false if the price list lacks the model, and the highest known rate was used.
    """

    estimated: float
    currency: str
    unit: str
    units: float
    per_unit: float
    at_most: bool
    price_read_on: str | None
    known: bool


def estimate_view(cost: Cost) -> EstimateView:
    """Convert a price to JSON."""
    return EstimateView(
        estimated=float(cost.amount),
        currency=cost.currency,
        unit=str(cost.unit),
        units=cost.units,
        per_unit=float(cost.each),
        at_most=cost.at_most,
        price_read_on=cost.source.checked.isoformat() if cost.source else None,
        known=cost.is_known,
    )


def chain_view(steps: Sequence[PricedStep]) -> dict[str, object]:
    """Convert a chain to JSON: `steps` in order, `totals` by currency, and the oldest date of its prices.

    `complete` is false if the price of a step depends on a file of unknown length.
    """
    totals: dict[str, int] = {}
    for one in steps:
        totals[one.cost.currency] = totals.get(one.cost.currency, 0) + one.micros
    most = {one.cost.currency for one in steps if one.cost.at_most}
    days = [one.cost.source.checked.isoformat() for one in steps if one.cost.source]
    return {
        "steps": [_step_view(one) for one in steps],
        "totals": [
            {"amount": of_micros(micros), "currency": currency, "at_most": currency in most}
            for currency, micros in sorted(totals.items())
        ],
        "price_read_on": min(days, default=None),
        "complete": all(one.complete for one in steps),
    }


def _step_view(one: PricedStep) -> dict[str, object]:
    about = {"model": one.step.model, "model_title": one.title, "region": one.step.region, "copies": one.step.copies}
    # `estimated` is that of all copies: the steps add up to the totals.
    return {**about, **estimate_view(one.cost), "estimated": of_micros(one.micros), "complete": one.complete}
