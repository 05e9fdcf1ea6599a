"""Every model the studio offers: families, models, regions. The only list of ids."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.catalogue import (
    all_in_one,
    animate_person,
    digital_human,
    edit_video,
    generate_image,
    image_to_video,
    keyframes_to_video,
    reference_to_video,
    text_to_video,
)
from services.catalogue.regions import REGIONS
from services.catalogue.schema import Family, Model, Region


@dataclass(frozen=True)
class Catalogue:
    """The offered families, models and regions. It is passed in to all users, so a test can pass another one."""

    families: tuple[Family, ...]
    models: tuple[Model, ...]
    regions: tuple[Region, ...]

    def model(self, model_id: str) -> Model | None:
        """Return the model with this id, or with this id in one of its regions."""
        for model in self.models:
            if model.id == model_id:
                return model
        return next((m for m in self.models if any(offer.id == model_id for offer in m.offers)), None)

    def of_family(self, family: str) -> tuple[Model, ...]:
        """Return the models of one family, in the order of the picker."""
        return tuple(model for model in self.models if model.family == family)

    def family(self, family_id: str) -> Family | None:
        """Return one family by its id."""
        return next((family for family in self.families if family.id == family_id), None)

    def region(self, region_id: str) -> Region | None:
        """Return one region by its id."""
        return next((region for region in self.regions if region.id == region_id), None)

    def with_models(self, *models: Model) -> Catalogue:
        """Return a copy of this catalogue with more models."""
        return replace(self, models=(*self.models, *models))


_FAMILIES = (
    text_to_video,
    image_to_video,
    keyframes_to_video,
    generate_image,
    digital_human,
    reference_to_video,
    edit_video,
    animate_person,
    all_in_one,
)
"""In the order of the tabs."""

CATALOGUE = Catalogue(
    families=tuple(family.FAMILY for family in _FAMILIES),
    models=tuple(model for family in _FAMILIES for model in family.MODELS),
    regions=REGIONS,
)
