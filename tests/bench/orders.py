"""What both sides buy, and where. Imports nothing but the catalogue, so that it weighs the same on either side."""

from __future__ import annotations

from dataclasses import replace

from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import Model, RateLimit

KEY = "sk-bench-0123456789abcdef0123456789abcdef"
REGION = CATALOGUE.regions[0].id
PROMPT = "A paper boat drifts down a rainy street"
_NO_LIMIT = RateLimit(submits_per_second=1000, running=10_000)


def measured_model() -> Model:
    """The model all jobs are for: the first that makes a clip from words alone."""
    return CATALOGUE.of_family(CATALOGUE.families[0].id)[0]


def bench_catalogue() -> Catalogue:
    """The catalogue, but the measured model may be bought without limit: the account is not what is measured."""
    measured = measured_model()
    offers = tuple(replace(offer, rate=_NO_LIMIT) for offer in measured.offers)
    wide = replace(measured, offers=offers)
    return replace(CATALOGUE, models=tuple(wide if model is measured else model for model in CATALOGUE.models))
