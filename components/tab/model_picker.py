"""The data of a tab's model picker: the region's models, and the others greyed out, with their regions."""

from __future__ import annotations

from collections.abc import Sequence

from components.tab.draft import offered_models
from components.text import money
from services.catalogue import Catalogue
from services.catalogue.schema import Family, Model, Unit


def models_offer(
    catalogue: Catalogue, *, family: Family, region: str, wished: str, usable: Sequence[str]
) -> dict[str, object]:
    """Build the picker of a family in a region.

    `wished` is the region that the person chose, `usable` are the regions with a key.
    """
    models = [_model(catalogue, model, region=region, usable=usable) for model in catalogue.of_family(family.id)]
    return {
        "label": "Model",
        "models": sorted(models, key=lambda each: bool(each["off"])),
        "missing": _missing(catalogue, family, region=region, wished=wished, usable=usable),
    }


def _model(catalogue: Catalogue, model: Model, *, region: str, usable: Sequence[str]) -> dict[str, object]:
    here = model.offer(region)
    return {
        "id": model.id,
        "title": model.title,
        "summary": model.summary,
        "price": _from(model, region),
        "off": here is None,
        "where": "" if here else f"{_listed(catalogue, model)} only",
        "places": [] if here else [_place(catalogue, offer.region, usable) for offer in model.offers],
    }


def _from(model: Model, region: str) -> str:
    """Format the lowest price of a unit, in the region or else in the model's first one."""
    offer = model.offer(region) or model.offers[0]
    least = min(offer.prices, key=lambda price: price.amount)
    several = "from " if len({price.amount for price in offer.prices}) > 1 else ""
    unit = "s" if model.bill.unit is Unit.SECOND else "picture"
    return f"{several}{money(least.amount, offer.currency)} / {unit}"


def _listed(catalogue: Catalogue, model: Model) -> str:
    labels = [_label(catalogue, offer.region) for offer in model.offers]
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"


def _place(catalogue: Catalogue, region: str, usable: Sequence[str]) -> dict[str, object]:
    return {"region": region, "label": _label(catalogue, region), "usable": region in usable}


def _label(catalogue: Catalogue, region: str) -> str:
    found = catalogue.region(region)
    return found.label if found else region


def _missing(
    catalogue: Catalogue, family: Family, *, region: str, wished: str, usable: Sequence[str]
) -> dict[str, object] | None:
    """Build a remark if the family is not offered in the chosen region, or in no region with a key."""
    if region in usable and (wished == region or offered_models(catalogue, family=family.id, region=wished)):
        return None
    places = dict.fromkeys(offer.region for model in catalogue.of_family(family.id) for offer in model.offers)
    labels = [_label(catalogue, place) for place in places]
    where = labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
    if region in usable:
        return {"text": f"{family.label} is made in {where} only, so this tab uses {_label(catalogue, region)}."}
    return {
        "text": f"{family.label} is made in {where} only, and there is no key for it here yet.",
        "places": [_place(catalogue, place, usable) for place in places],
    }
