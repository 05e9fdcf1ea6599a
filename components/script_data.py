"""The initial data of the page's scripts, as JSON in the page's head. Nothing in it comes from a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.catalogue.schema import KIND_NAMES, Field, FilesField, Guide, Model
from services.studio import BIN_DAYS, KEPT_DAYS, SUBJECT_OF_KIND, search_help

if TYPE_CHECKING:
    from services.studio import Studio


def script_data(studio: Studio) -> dict[str, object]:
    """Return the scripts' data: names, labels and usual times of the catalogue, but no limits and no prices."""
    catalogue = studio.catalogue
    fields: dict[str, dict[str, object]] = {}
    for model in catalogue.models:
        for offer in model.offers:
            for field in model.every_field(offer.region):
                fields.setdefault(field.name, _field_words(field))
    return {
        "demo": studio.demo,
        "families": {
            family.id: {
                "label": family.label,
                "icon": family.icon,
                "invitation": family.invitation,
                "examples": [example.title for example in family.examples],
                "guide": _guide_words(family.guide) if family.guide else None,
            }
            for family in catalogue.families
        },
        "models": {
            model.id: {
                "title": model.title,
                "family": model.family,
                "usual": list(model.usual_seconds),
                "calls": _calls(model),
            }
            for model in catalogue.models
        },
        "regions": {region.id: region.label for region in catalogue.regions},
        "fields": fields,
        **shared_data(),
    }


def shared_data() -> dict[str, object]:
    """Return the data shared by scripts and services for any catalogue: kinds of files, search language, bin."""
    return {
        "kinds": {kind: list(names) for kind, names in KIND_NAMES.items()},
        "subjects": {str(subject): kind for kind, subject in SUBJECT_OF_KIND.items()},
        "search": search_help(),
        "bin_days": BIN_DAYS,
        "removed_days": KEPT_DAYS,
    }


def _guide_words(guide: Guide) -> dict[str, object]:
    return {
        "parts": [
            {"label": part.label, "hint": part.hint, "words": list(part.words), "pattern": part.pattern}
            for part in guide.parts
        ]
    }


def _field_words(field: Field) -> dict[str, object]:
    choices = {str(choice.value): choice.label for choice in getattr(field, "choices", ())}
    return {"label": field.label, "unit": getattr(field, "unit", ""), "choices": choices}


def _calls(model: Model) -> dict[str, dict[str, str]]:
    """Return the names of files in the prompt, by list field and kind. `{}` is the file's number."""
    return {
        field.name: {taken.vendor.kind: taken.called for taken in field.takes if taken.called}
        for offer in model.offers
        for field in model.every_field(offer.region)
        if isinstance(field, FilesField)
    }
