"""Rules between fields. Some rules refuse a request; the others only show a remark, and the request is sent."""

from __future__ import annotations

from dataclasses import dataclass

from services.catalogue.schema.fields import Field, Scalar


@dataclass(frozen=True, kw_only=True)
class Needs:
    """`field` with `value` has no effect unless `other` is `being`. Shown, not refused."""

    field: str
    value: Scalar
    other: str
    being: Scalar
    say: str


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """If `field` is `value` (or, with None, is given at all), the vendor ignores `drops`. It is not sent."""

    field: str
    value: Scalar | None
    drops: str
    say: str


@dataclass(frozen=True, kw_only=True)
class SameShape:
    """Two pictures should have the same proportions: the clip takes those of `field`, and `other` would be distorted.

    Shown, not refused. The repair crops `other`.
    """

    field: str
    other: str


@dataclass(frozen=True, kw_only=True)
class OneOf:
    """At least one of `fields` must be given, if a mode has any of them. The problem is shown at the first."""

    fields: tuple[str, ...]
    say: str


@dataclass(frozen=True, kw_only=True)
class Apart:
    """None of `fields` can be combined with any of `others` (or, with `being`, with that value of them).

    Refused, at the fields in `others`.
    """

    fields: tuple[str, ...]
    others: tuple[str, ...]
    being: Scalar | None = None
    say: str


@dataclass(frozen=True, kw_only=True)
class Requires:
    """`field` cannot be given without `other`, if a mode has both. Refused, at `other`."""

    field: str
    other: str
    say: str


@dataclass(frozen=True, kw_only=True)
class Caps:
    """If `files` is or contains a clip, the number `field` is at most `most`. Refused."""

    field: str
    most: int
    files: str
    say: str


@dataclass(frozen=True, kw_only=True)
class Together:
    """The lists `fields` contain at most `most` files together. Refused, at the last list with a file."""

    fields: tuple[str, ...]
    most: int
    say: str


Rule = Needs | Overrides | SameShape | OneOf | Apart | Requires | Caps | Together


@dataclass(frozen=True, kw_only=True)
class Mode:
    """A variant of a model, active if `field` is `value`: some fields differ from usual, or do not exist."""

    field: str
    value: Scalar
    differs: tuple[Field, ...] = ()
    """Fields that replace the model's own of the same name, or exist only in this mode."""
    lacks: tuple[str, ...] = ()
    at_most: bool = False
    """Whether the vendor may make, and bill, less than requested."""
