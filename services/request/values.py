"""What a request is, what can be wrong with it, and what it costs: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.catalogue.schema import (
    Field,
    Model,
    Offer,
    Overrides,
    Scalar,
)
from services.errors import InvalidRequest
from services.media.facts import MediaFacts
from services.problems import Problem

Values = Mapping[str, Scalar | MediaFacts]
"""Values by field name. A file is there as its facts; what was not given is absent."""


@dataclass(frozen=True)
class Request:
    """A model as a region has it, and the values chosen: defaults filled in, files as facts."""

    model: Model
    offer: Offer
    values: Values

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields as this region has them."""
        return self.model.fields_in(self.offer.region)

    @property
    def dropped(self) -> frozenset[str]:
        """The fields that the vendor ignores because of another field, by the model's rules. They are not sent."""
        present = {field.name for field in self.fields}
        return frozenset(
            rule.drops
            for rule in self.model.rules
            if isinstance(rule, Overrides) and rule.field in present and self._holds(rule)
        )

    def _holds(self, rule: Overrides) -> bool:
        value = self.values.get(rule.field)
        return value is not None if rule.value is None else value == rule.value

    @property
    def prompt(self) -> str:
        """The words, or nothing."""
        return str(self.values.get("prompt") or "")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """An amount of money. `billed_seconds` is what the amount was made from."""

    amount: Decimal
    currency: str
    billed_seconds: float
    per_second: Decimal


def refuse_if_any(problems: tuple[Problem, ...]) -> None:
    """Raise InvalidRequest if a problem is more than advice."""
    grave = tuple(problem for problem in problems if not problem.advice)
    if grave:
        raise InvalidRequest(grave)


def shown(raw: object) -> str:
    """A caller's value, short enough for a sentence."""
    said = str(raw)
    return said if len(said) <= 40 else f"{said[:40]}…"
