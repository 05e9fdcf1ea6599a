"""What a request is, what can be wrong with it, and what it costs: plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from services.catalogue.schema import (
    Field,
    Model,
    Offer,
    Overrides,
    Scalar,
    Source,
    Unit,
)
from services.domain.errors import InvalidRequest
from services.domain.problems import Problem
from services.media.facts import MediaFacts

Value = Scalar | MediaFacts | tuple[MediaFacts, ...]
"""A plain value, a file as its facts, or several files in their order."""

Values = Mapping[str, Value]
"""Values by field name. What was not given is absent."""


@dataclass(frozen=True)
class Request:
    """A model as a region has it, and the values chosen: defaults filled in, files as facts."""

    model: Model
    offer: Offer
    values: Values

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields as this region has them and the chosen modes leave them."""
        return self.model.fields_in(self.offer.region, self.values)

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

    @property
    def live(self) -> bool:
        """Whether the work is to be shown while it is made, in one call that cannot be found again if it breaks."""
        return bool(self.model.live) and self.values.get(self.model.live) is True

    def files(self, name: str) -> tuple[MediaFacts, ...]:
        """The files of one field in their order: none, one or several."""
        return files_of(self.values.get(name))

    def every_file(self) -> Iterator[MediaFacts]:
        """All files that go to the vendor, in the order of the form."""
        for field in self.fields:
            if field.name not in self.dropped:
                yield from self.files(field.name)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """An amount of money, made of so many units at so much each."""

    amount: Decimal
    currency: str
    units: float
    """Billed seconds, or pictures."""
    each: Decimal
    unit: Unit = Unit.SECOND
    at_most: bool = False
    """Whether the vendor may make less, and bill less."""
    check: Decimal = Decimal(0)
    """What of the amount is for the check before."""
    source: Source | None = None
    """The vendor's price list, and the day on which it was read."""
    is_known: bool = True
    """Whether the price list names it; else the dearest rate that is known was taken."""

    def total(self, copies: int) -> Decimal:
        """What so many of the same cost. The check before is asked once for all of them, yet counted for each: any of
        them may turn out to be the one that asks."""
        return self.amount * copies


def files_of(value: object) -> tuple[MediaFacts, ...]:
    """The files in a value: none, one or several."""
    if isinstance(value, tuple):
        # cast: the only tuple among values is one of files
        return cast("tuple[MediaFacts, ...]", value)
    return (value,) if isinstance(value, MediaFacts) else ()


def refuse_if_any(problems: tuple[Problem, ...]) -> None:
    """Raise InvalidRequest if a problem is more than advice."""
    grave = tuple(problem for problem in problems if not problem.advice)
    if grave:
        raise InvalidRequest(grave)


def shown(raw: object) -> str:
    """A caller's value, short enough for a sentence."""
    said = str(raw)
    return said if len(said) <= 40 else f"{said[:40]}…"
