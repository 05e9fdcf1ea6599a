"""The cheaper choice that a cap still allows, and what a model that nobody knows may cost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.catalogue import CATALOGUE
from services.catalogue.schema import ChoiceField, Model, SizeField, Unit
from services.media.facts import ImageFacts, MediaFacts
from services.money.cheaper import find_cheaper
from services.request import Request, check, parse, price, price_unknown, priced_fields

REGION = "singapore"
NOTHING = Decimal(0)
EVERYTHING = Decimal(10**9)


def asked(model: str, **given: object) -> Request:
    return parse(CATALOGUE, family=None, model_id=model, region=REGION, given={"prompt": "a cat", **given})


def is_words_only(model: Model) -> bool:
    """Whether a model makes its work of a prompt alone."""
    if model.offer(REGION) is None or all(field.name != "prompt" for field in model.fields_in(REGION)):
        return False
    return all(problem.advice for problem in check(asked(model.id)))


WORDS_ONLY = [model for model in CATALOGUE.models if is_words_only(model)]


def again(request: Request, model: str, values: object) -> Request:
    """The request as the page makes it after somebody pressed the offer."""
    taken = CATALOGUE.model(model)
    assert taken is not None
    assert isinstance(values, dict)
    names = {field.name for field in taken.fields_in(REGION, request.values)}
    kept = {name: value for name, value in request.values.items() if name in names}
    return parse(CATALOGUE, family=taken.family, model_id=model, region=REGION, given={**kept, **values})


@pytest.mark.parametrize("model", [model.id for model in WORDS_ONLY])
def test_what_is_offered_costs_what_it_says_and_can_be_ordered(model: str) -> None:
    request = asked(model)
    cost = price(request)
    for part in (Decimal("0.99"), Decimal("0.5"), Decimal("0.2")):
        found = find_cheaper(CATALOGUE, request, most=cost.amount * part)
        if found is not None:
            assert found.cost.amount <= cost.amount * part
            assert found.cost.currency == cost.currency
            assert found.model.family == request.model.family
            offered = again(request, found.change.model, dict(found.change.values))
            assert price(offered).amount <= found.cost.amount


def test_where_nothing_is_left_nothing_is_offered() -> None:
    assert all(find_cheaper(CATALOGUE, asked(model.id), most=NOTHING) is None for model in WORDS_ONLY)


def test_what_costs_as_much_is_not_cheaper() -> None:
    for model in WORDS_ONLY:
        request = asked(model.id)
        found = find_cheaper(CATALOGUE, request, most=EVERYTHING)
        assert found is None or found.cost.amount < price(request).amount


def tiered() -> Request:
    """A request at the dearest tier of a model that has several."""
    for model in WORDS_ONLY:
        request = asked(model.id)
        field = next(iter(priced_fields(request)), None)
        values = (
            [c.value for c in field.choices]
            if isinstance(field, ChoiceField)
            else [s.value for s in field.sizes]
            if isinstance(field, SizeField)
            else []
        )
        costs = {value: price(asked(model.id, **{field.name: value})).amount for value in values if field}
        if len(set(costs.values())) > 1 and field:
            return asked(model.id, **{field.name: max(costs, key=lambda value: costs[value])})
    raise AssertionError("the catalogue has no model with tiers")


def test_the_same_model_in_a_lower_tier_comes_before_another_model() -> None:
    request = tiered()
    found = find_cheaper(CATALOGUE, request, most=price(request).amount - Decimal("0.000001"))
    assert found is not None
    assert found.change.model == request.model.id
    assert found.change.values
    assert found.label.startswith(request.model.title)


def test_a_shape_stays_where_the_lower_tier_has_it() -> None:
    for model in WORDS_ONLY:
        request = asked(model.id)
        field = next((f for f in priced_fields(request) if isinstance(f, SizeField)), None)
        if field is None:
            continue
        for size in field.sizes:
            chosen = asked(model.id, **{field.name: size.value})
            found = find_cheaper(CATALOGUE, chosen, most=price(chosen).amount - Decimal("0.000001"))
            if found is None or field.name not in found.change.values or found.change.model != model.id:
                continue
            other = field.find(found.change.values[field.name])
            assert other is not None
            same = [s for s in field.sizes if s.tier == other.tier and s.ratio == size.ratio]
            assert not same or other.ratio == size.ratio


def test_a_file_is_never_left_out() -> None:
    picture = ImageFacts(name="a.png", bytes=1_000, format="PNG", width=1280, height=720, alpha=False, sideways=False)
    for model in CATALOGUE.models:
        if not model.offer(REGION) or not any(f.name == "image" for f in model.fields_in(REGION)):
            continue
        request = asked_with(model.id, picture)
        found = find_cheaper(CATALOGUE, request, most=price(request).amount / 2) if request else None
        if request and found:
            assert any(field.name == "image" for field in found.model.fields_in(REGION))


def asked_with(model: str, picture: MediaFacts) -> Request | None:
    known = CATALOGUE.model(model)
    assert known is not None
    names = {field.name for field in known.fields_in(REGION)}
    if "prompt" not in names:
        return None
    return asked(model, image=picture)


# Prices --------------------------------------------------------------------------------------------------------------


def test_a_model_nobody_knows_counts_at_the_dearest_rate() -> None:
    cost = price_unknown(CATALOGUE, region=REGION, given={"duration": "5"})
    assert cost is not None
    dearest = max(
        row.amount
        for model in CATALOGUE.models
        for offer in model.offers
        for row in offer.prices
        if offer.region == REGION and model.bill.unit is Unit.SECOND
    )
    assert (cost.each, cost.units, cost.amount, cost.is_known, cost.at_most) == (dearest, 5, dearest * 5, False, True)
    pictures = price_unknown(CATALOGUE, region=REGION, given={"n": 2})
    assert pictures is not None
    assert (pictures.unit, pictures.units) == (Unit.IMAGE, 2)
    assert price_unknown(CATALOGUE, region="nowhere", given={}) is None


def test_a_price_says_when_it_was_read() -> None:
    for model in WORDS_ONLY:
        cost = price(asked(model.id))
        assert cost.source == model.price_source
        assert cost.is_known
