"""The cheaper choice that a cap still allows: another tier of the same model, or another model of its family. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from services.catalogue import Catalogue
from services.catalogue.schema import ChoiceField, Field, Model, Scalar, SizeField
from services.domain.errors import InvalidRequest
from services.domain.problems import Change
from services.request import Cost, Request, check, output_tier, parse, price, priced_fields


@dataclass(frozen=True, kw_only=True)
class Cheaper:
    """A cheaper choice with the same prompt and files."""

    model: Model
    tier: str
    """The quality in words, or empty if the model has only one."""
    change: Change
    cost: Cost

    @property
    def label(self) -> str:
        """The choice in a few words."""
        return f"{self.model.title}, {self.tier}" if self.tier else self.model.title


def find_cheaper(catalogue: Catalogue, request: Request, *, most: Decimal) -> Cheaper | None:
    """Return the choice closest to the request that costs no more than `most`, in the offer's currency.

    A tier of the same model comes first, then the models of its family. Of those the most expensive one is taken, which
    gives up the least. Returns None if nothing fits.
    """
    asked = price(request)
    for models in ((request.model,), tuple(m for m in catalogue.of_family(request.model.family))):
        fitting = [
            one
            for model in models
            for one in _choices(catalogue, request, model)
            if one.cost.amount <= most and one.cost.amount < asked.amount and one.cost.currency == asked.currency
        ]
        if fitting:
            return max(fitting, key=lambda one: one.cost.amount)
    return None


def _choices(catalogue: Catalogue, request: Request, model: Model) -> Iterator[Cheaper]:
    """Yield each tier of a model that accepts the same prompt and files."""
    own = _as_taken_by(catalogue, request, model)
    if own is None:
        return
    for values in (dict[str, Scalar](), *_tiers(own)):
        tried = replace(own, values={**own.values, **values})
        if not any(not problem.advice for problem in check(tried)):
            yield Cheaper(
                model=model,
                tier=_tier_words(tried),
                change=Change(model=model.id, values=values),
                cost=price(tried),
            )


def _as_taken_by(catalogue: Catalogue, request: Request, model: Model) -> Request | None:
    """Convert a request to another model, with its own defaults for missing values. Returns None if it cannot do it.

    Files and prompt are never left out: a model that does not accept one of them makes something else.
    """
    if model is request.model:
        return request
    region = request.offer.region
    names = {field.name for field in model.fields_in(region, request.values)}
    kept = {name: value for name, value in request.values.items() if name in names}
    lost = request.values.keys() - names
    if any(not isinstance(request.values[name], Scalar) for name in lost) or ("prompt" in lost and request.prompt):
        return None
    try:
        tried = parse(catalogue, family=model.family, model_id=model.id, region=region, given=kept)
    except InvalidRequest:
        return None
    wrong = {problem.field for problem in check(tried) if not problem.advice} & kept.keys()
    plain = {name: value for name, value in kept.items() if name not in wrong or not isinstance(value, Scalar)}
    return parse(catalogue, family=model.family, model_id=model.id, region=region, given=plain) if wrong else tried


def _tiers(request: Request) -> Iterator[Mapping[str, Scalar]]:
    """Yield the values that choose each tier of a model. The aspect ratio stays if possible."""
    for field in priced_fields(request):
        match field:
            case ChoiceField():
                yield from ({field.name: choice.value} for choice in field.choices)
            case SizeField():
                yield from ({field.name: value} for value in _sizes(field, request.values.get(field.name)))
            case _:
                pass  # other fields decide no tier by themselves


def _sizes(field: SizeField, chosen: object) -> Iterator[str]:
    """Yield one size of each tier, in the chosen aspect ratio if the tier has it."""
    size = field.find(chosen)
    for tier in dict.fromkeys(one.tier for one in field.sizes):
        own = [one for one in field.sizes if one.tier == tier]
        yield next((one for one in own if size and one.ratio == size.ratio), own[0]).value


def _tier_words(request: Request) -> str:
    tier = output_tier(request)
    field: Field | None = next(iter(priced_fields(request)), None)
    if isinstance(field, ChoiceField):
        return next((choice.label for choice in field.choices if str(choice.value) == tier), tier)
    return tier if field else ""
