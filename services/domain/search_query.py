"""A search, as plain values. services.gallery.search_syntax parses it from the typed text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from services.domain.jobs import JobStatus


class Trait(StrEnum):
    """A property with one of several words as its value."""

    MODEL = "model"
    FAMILY = "family"
    STATUS = "status"
    KIND = "kind"
    """The kind of a made asset."""
    TAG = "tag"
    PERSON = "person"
    COLLECTION = "collection"


class Measure(StrEnum):
    """A property with a numeric range."""

    SECONDS = "seconds"
    COST = "cost"
    """In the job's own currency: the billed amount, else the estimate."""
    RATING = "rating"
    CREATED = "created"
    """Milliseconds since 1970."""


class Mark(StrEnum):
    """A property that is true or false."""

    FAVOURITE = "favourite"
    IMPORTED = "imported"


@dataclass(frozen=True, kw_only=True)
class Words:
    """Words that must occur in the prompt or tags. A phrase must occur in one piece and as whole words."""

    text: str
    phrase: bool = False
    without: bool = False


@dataclass(frozen=True, kw_only=True)
class Among:
    """One of these values: ids of models and families, states; or tags, people and collections as typed."""

    trait: Trait
    values: tuple[str, ...]
    without: bool = False


@dataclass(frozen=True, kw_only=True)
class Between:
    """A value within bounds. The bounds are included unless they are open."""

    measure: Measure
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    without: bool = False


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A job with a mark."""

    mark: Mark
    without: bool = False


Filter = Among | Between | Marked


@dataclass(frozen=True, kw_only=True)
class Query:
    """A parsed query. All of its conditions must hold."""

    words: tuple[Words, ...] = ()
    filters: tuple[Filter, ...] = ()
    remarks: tuple[str, ...] = ()
    """Sentences on the parts that were not understood."""


@dataclass(frozen=True, kw_only=True)
class Find:
    """The criteria of a search. An absent one matches anything."""

    person: str | None = None
    demo: bool | None = None
    query: Query | None = None
    family: str | None = None
    statuses: tuple[JobStatus, ...] = ()
    deleted: bool = False
    """Whether to search the bin. Its jobs are never mixed with the rest."""
    collection: str | None = None
    """The id of a collection to search within."""
