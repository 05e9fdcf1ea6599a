"""A search, as plain values. services.gallery.search_syntax reads it from what was typed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from services.domain.jobs import JobStatus


class Trait(StrEnum):
    """What can be one of several words."""

    MODEL = "model"
    FAMILY = "family"
    STATUS = "status"
    KIND = "kind"
    """Of what was made: an asset's kind."""
    TAG = "tag"
    PERSON = "person"
    COLLECTION = "collection"


class Measure(StrEnum):
    """What can lie within bounds."""

    SECONDS = "seconds"
    COST = "cost"
    """In the job's own currency: what was billed, else what was estimated."""
    RATING = "rating"
    CREATED = "created"
    """Milliseconds since 1970."""


class Mark(StrEnum):
    """What is or is not."""

    FAVOURITE = "favourite"
    IMPORTED = "imported"


@dataclass(frozen=True, kw_only=True)
class Words:
    """Words that must stand in the prompt or tags; a phrase stands in one piece and in whole words."""

    text: str
    phrase: bool = False
    without: bool = False


@dataclass(frozen=True, kw_only=True)
class Among:
    """One of these values: ids of models and families, states; tags, people and collections as they were typed."""

    trait: Trait
    values: tuple[str, ...]
    without: bool = False


@dataclass(frozen=True, kw_only=True)
class Between:
    """Within bounds, the bounds included unless they are open."""

    measure: Measure
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    without: bool = False


@dataclass(frozen=True, kw_only=True)
class Marked:
    """Has a mark."""

    mark: Mark
    without: bool = False


Filter = Among | Between | Marked


@dataclass(frozen=True, kw_only=True)
class Query:
    """What was understood of a query. All of it must hold."""

    words: tuple[Words, ...] = ()
    filters: tuple[Filter, ...] = ()
    remarks: tuple[str, ...] = ()
    """Sentences on what was not understood."""


@dataclass(frozen=True, kw_only=True)
class Find:
    """What to look for. Absent means anything."""

    person: str | None = None
    demo: bool | None = None
    query: Query | None = None
    family: str | None = None
    statuses: tuple[JobStatus, ...] = ()
    deleted: bool = False
    """Whether to look in the bin; it is never mixed with the rest."""
    collection: str | None = None
    """The id of a collection to stay in."""
