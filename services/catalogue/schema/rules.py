"""What fields have to do with each other. A rule that ends in a problem is refused; the others are said and sent."""

from __future__ import annotations

from dataclasses import dataclass

from services.catalogue.schema.fields import Field, Scalar


@dataclass(frozen=True, kw_only=True)
class Needs:
    """`field` being `value` has no effect unless `other` is `being`. Said, not refused."""

    field: str
    value: Scalar
    other: str
    being: Scalar
    say: str


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """Where `field` is `value` (or, with None, is given at all) the vendor ignores `drops`: it is not sent."""

    field: str
    value: Scalar | None
    drops: str
    say: str


@dataclass(frozen=True, kw_only=True)
class SameShape:
    """Two pictures should have the same proportions: the clip takes those of `field`, and `other` would be distorted.

    Said, not refused; the repair crops `other`.
    """

    field: str
    other: str


@dataclass(frozen=True, kw_only=True)
class OneOf:
    """At least one of `fields` must be given, where a mode has any of them. The first is where it is said."""

    fields: tuple[str, ...]
    say: str


@dataclass(frozen=True, kw_only=True)
class Apart:
    """Nothing of `fields` goes with anything of `others` (or, with `being`, with that value of them).

    Refused, at the ones of `others`.
    """

    fields: tuple[str, ...]
    others: tuple[str, ...]
    being: Scalar | None = None
    say: str


@dataclass(frozen=True, kw_only=True)
class Requires:
    """`field` cannot be given without `other`, where a mode has both. Refused, at `other`."""

    field: str
    other: str
    say: str


@dataclass(frozen=True, kw_only=True)
class Caps:
    """Where `files` is or holds a clip, the number `field` is at most `most`. Refused."""

    field: str
    most: int
    files: str
    say: str


@dataclass(frozen=True, kw_only=True)
class Together:
    """The lists `fields` hold at most `most` files together. Refused, at the last that holds any."""

    fields: tuple[str, ...]
    most: int
    say: str


Rule = Needs | Overrides | SameShape | OneOf | Apart | Requires | Caps | Together


@dataclass(frozen=True, kw_only=True)
class Mode:
    """What a model becomes where `field` is `value`: some fields are other than usual, or not had at all."""

    field: str
    value: Scalar
    differs: tuple[Field, ...] = ()
    """Fields that replace the model's own of the same name, or are had only in this mode."""
    lacks: tuple[str, ...] = ()
    at_most: bool = False
    """Whether the vendor may make, and bill, less than is asked for."""
