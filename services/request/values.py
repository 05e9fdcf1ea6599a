"""The plain values of this package: a request, the problems it can have and its cost."""

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
"""Values by field name. Values that were not given are absent."""


@dataclass(frozen=True)
class Request:
    """A model as a region offers it, and the chosen values: defaults filled in, files as facts."""

    model: Model
    offer: Offer
    values: Values

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields in force in this region under the chosen modes."""
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
        """The prompt, or an empty string."""
        return str(self.values.get("prompt") or "")

    @property
    def live(self) -> bool:
        """True if the output is shown while it is made, in one call that cannot be found again if it breaks."""
        return bool(self.model.live) and self.values.get(self.model.live) is True

    def files(self, name: str) -> tuple[MediaFacts, ...]:
        """Return the files of one field in their order: none, one or several."""
        return files_of(self.values.get(name))

    def every_file(self) -> Iterator[MediaFacts]:
        """Yield all files that go to the vendor, in the order of the form."""
        for field in self.fields:
            if field.name not in self.dropped:
                yield from self.files(field.name)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """An amount of money: a number of units at a price each."""

    amount: Decimal
    currency: str
    units: float
    """Billed seconds, or pictures."""
    each: Decimal
    unit: Unit = Unit.SECOND
    at_most: bool = False
    """True if the vendor may make less, and bill less."""
    check: Decimal = Decimal(0)
    """The part of the amount that pays for the precheck."""
    source: Source | None = None
    """The vendor's price list, and the day on which it was read."""
    is_known: bool = True
    """True if the price list names it; else the dearest known rate was taken."""

    def total(self, copies: int) -> Decimal:
        """Return the cost of this number of copies.

        The precheck is sent once for all of them, yet counted for each: any of them may turn out to be the one that
        sends it.
        """
        return self.amount * copies


def files_of(value: object) -> tuple[MediaFacts, ...]:
    """Return the files in a value: none, one or several."""
    if isinstance(value, tuple):
        # cast: the only tuple among values is one of files
        return cast("tuple[MediaFacts, ...]", value)
    return (value,) if isinstance(value, MediaFacts) else ()


def refuse_if_any(problems: tuple[Problem, ...]) -> None:
    """Raise InvalidRequest if any problem is more than advice."""
    grave = tuple(problem for problem in problems if not problem.advice)
    if grave:
        raise InvalidRequest(grave)


def shown(raw: object) -> str:
    """Shorten a caller's value to fit a sentence."""
    said = str(raw)
    return said if len(said) <= 40 else f"{said[:40]}…"
