"""The vocabulary in which a model is described.

A record written in these words is enough to draw the form, check a request, build the body that is sent, price it,
judge it in the simulator and print the README's table. It knows no model by name and imports nothing of ours.

Sizes are pixels, lengths are seconds, file sizes are bytes, money is a Decimal in the currency that stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

MB = 1024 * 1024

Scalar = str | int | bool


@dataclass(frozen=True, kw_only=True)
class Source:
    """The vendor's page a fact was read from, and the day it was read."""

    page: str
    url: str
    checked: date


class Side(StrEnum):
    """Whose limit is asked for: the studio's own, which may be narrower, or the vendor's."""

    OURS = "ours"
    VENDOR = "vendor"


class Place(StrEnum):
    """Where in the body of a create call a value is sent."""

    INPUT = "input"
    PARAMETERS = "parameters"


@dataclass(frozen=True)
class Wire:
    """The place and the JSON key of a value on the wire."""

    place: Place
    key: str


# Limits of files -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ImageLimit:
    """What a picture must be."""

    formats: tuple[str, ...]
    """Pillow's names of the formats, for example JPEG."""
    min_side: int
    max_side: int
    max_bytes: int
    alpha: bool = False
    """Whether a transparent picture is taken."""


@dataclass(frozen=True, kw_only=True)
class AudioLimit:
    """What a sound track must be."""

    formats: tuple[str, ...]
    """WAV or MP3, by what the file holds and not by its name."""
    min_seconds: float
    max_seconds: float
    max_bytes: int


# Fields --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Named:
    """What every field has."""

    name: str
    """Our name: the keyword of the API and the key in a job's parameters."""
    label: str
    help: str = ""
    """One plain line under the label."""
    required: bool = False
    folded: bool = False
    """Whether it lies under "More choices"."""


@dataclass(frozen=True, kw_only=True)
class TextField(Named):
    """Words. The vendor cuts what is too long, silently; we say so before it is sent."""

    wire: Wire
    max_chars: int
    lines: int = 1
    default: str | None = None


@dataclass(frozen=True, kw_only=True)
class NumberField(Named):
    """A whole number; absent where it is optional and not given."""

    wire: Wire
    minimum: int
    maximum: int
    unit: str = ""
    default: int | None = None


@dataclass(frozen=True)
class Choice:
    """One value of a closed set."""

    value: str | int
    label: str
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class ChoiceField(Named):
    """One of a closed set of values."""

    wire: Wire
    choices: tuple[Choice, ...]
    unit: str = ""
    default: str | int | None = None
    vendor_default: str | int | None = None
    """What the vendor takes where nothing is sent, if that is not our default."""


@dataclass(frozen=True)
class Size:
    """One output size, sent as `width*height`."""

    tier: str
    ratio: str
    width: int
    height: int

    @property
    def value(self) -> str:
        """The vendor's spelling, with an asterisk."""
        return f"{self.width}*{self.height}"


@dataclass(frozen=True, kw_only=True)
class SizeField(Named):
    """The output size: a shape and a quality, sent as one `width*height`."""

    wire: Wire
    sizes: tuple[Size, ...]
    default: str
    vendor_default: str | None = None
    """What the vendor takes where nothing is sent, if that is not our default."""

    def find(self, value: object) -> Size | None:
        """The size with this wire value, or None."""
        return next((size for size in self.sizes if size.value == value), None)


@dataclass(frozen=True, kw_only=True)
class SwitchField(Named):
    """On or off."""

    wire: Wire
    default: bool


@dataclass(frozen=True, kw_only=True)
class ImageField(Named):
    """A picture the person gives; sent as a URL."""

    wire: Wire
    vendor: ImageLimit
    ours: ImageLimit | None = None
    data_uri: bool = False
    """Whether the vendor takes the file itself as a data URI."""

    def limit(self, side: Side) -> ImageLimit:
        """The limit to hold a picture to."""
        return self.vendor if side is Side.VENDOR else (self.ours or self.vendor)


@dataclass(frozen=True, kw_only=True)
class AudioField(Named):
    """A sound track the person gives; sent as a URL."""

    wire: Wire
    vendor: AudioLimit
    ours: AudioLimit | None = None
    data_uri: bool = False

    def limit(self, side: Side) -> AudioLimit:
        """The limit to hold a sound track to."""
        return self.vendor if side is Side.VENDOR else (self.ours or self.vendor)


@dataclass(frozen=True, kw_only=True)
class FixedField(Named):
    """A value the model does not let anyone choose: shown, counted in the price, never sent."""

    value: int
    unit: str = ""
    wire: Wire | None = None
    """Where the vendor would look for it: the key it refuses."""


MediaField = ImageField | AudioField
Field = TextField | NumberField | ChoiceField | SizeField | SwitchField | ImageField | AudioField | FixedField


# Rules between fields ------------------------------------------------------------------------------------------------


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


Rule = Needs | Overrides | SameShape


# What comes back, what it costs, where it is offered -----------------------------------------------------------------


class Sound(StrEnum):
    """Whether the clips of a model have sound."""

    NONE = "none"
    ALWAYS = "always"
    CHOSEN = "chosen"


class ResultShape(StrEnum):
    """Where the link of a finished clip stands in the answer."""

    VIDEO_URL = "output.video_url"


class UsageKey(StrEnum):
    """A member of `usage` in a finished answer. The value is the JSON key, before a colon where it has two meanings."""

    DURATION = "duration"
    INPUT_SECONDS = "input_video_duration"
    OUTPUT_SECONDS = "output_video_duration"
    VIDEO_DURATION = "video_duration"
    SIZE = "size"
    TIER = "SR"
    COUNT = "video_count"
    AUDIO = "audio"
    RATIO_IS_SIZE = "video_ratio:size"
    RATIO_IS_STANDARD = "video_ratio:standard"


@dataclass(frozen=True, kw_only=True)
class Price:
    """The price of one second of output at a tier; `sound` says which price of two, or None where there is one."""

    tier: str
    per_second: Decimal
    sound: bool | None = None


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """The vendor's published limits per main account and model."""

    submits_per_second: int
    running: int


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model as one region has it."""

    region: str
    id: str
    """The model id to send there."""
    currency: str
    prices: tuple[Price, ...]
    rate: RateLimit
    differs: tuple[Field, ...] = ()
    """Fields that replace the model's own of the same name, or are had only here."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a create call goes, below the region's base URL."""

    path: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model of the vendor: the only place where its facts stand."""

    id: str
    family: str
    title: str
    summary: str
    """What a person chooses it for, in a few words."""
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...] = ()
    endpoint: Endpoint
    result: ResultShape
    usage: tuple[UsageKey, ...]
    sound: Sound
    rewritten_prompt: bool
    """Whether the answer tells the prompt as the vendor rewrote it."""
    fps: int = 30
    usual_seconds: tuple[int, int] = (60, 300)
    """The vendor's own word on how long a clip takes."""
    offers: tuple[Offer, ...]
    source: Source
    price_source: Source
    note: str = ""

    def offer(self, region: str) -> Offer | None:
        """The model's offer in a region, or None where it is not had."""
        return next((offer for offer in self.offers if offer.region == region), None)

    def fields_in(self, region: str) -> tuple[Field, ...]:
        """The fields as this region has them, in the order of the form."""
        offer = self.offer(region)
        differs = {field.name: field for field in offer.differs} if offer else {}
        own = tuple(differs.pop(field.name, field) for field in self.fields)
        return own + tuple(differs.values())

    def field(self, name: str, region: str) -> Field | None:
        """One field by our name, as this region has it."""
        return next((field for field in self.fields_in(region) if field.name == name), None)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A prompt a person can try with one click."""

    title: str
    prompt: str


@dataclass(frozen=True, kw_only=True)
class Family:
    """A kind of work: one tab, one API endpoint."""

    id: str
    label: str
    icon: str
    """The name of an icon in assets/icons."""
    invitation: str
    """What the empty stage says."""
    default_model: str
    api_order: tuple[str, ...]
    """The parameters of the API endpoint in their order; `model` and `region` among the fields' names."""
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Region:
    """A place the vendor serves from. Keys, models and tasks of one are unknown in the others."""

    id: str
    label: str
    code: str
    """The vendor's own id of the region, for example ap-southeast-1."""
    base_url: str
    source: Source
