"""Models, families and regions: what comes back, what it costs, where it is offered.

Money is a Decimal in the currency that stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from services.catalogue.schema.fields import Field, Size, Wire
from services.catalogue.schema.limits import Source
from services.catalogue.schema.rules import Mode, Rule


class Sound(StrEnum):
    """Whether the clips of a model have sound."""

    NONE = "none"
    ALWAYS = "always"
    CHOSEN = "chosen"
    UNSAID = "unsaid"
    """The vendor's page does not tell."""


class ResultShape(StrEnum):
    """Where the link of a finished work stands in the answer."""

    VIDEO_URL = "output.video_url"
    RESULTS_VIDEO_URL = "output.results.video_url"
    CHOICES = "output.choices[].message.content[]"
    """Pictures, and words between them where the model was asked for an article."""
    RESULTS = "output.results[].url"
    """Pictures, each of which can fail alone."""

    @property
    def is_video(self) -> bool:
        """Whether a clip comes back; pictures otherwise."""
        return self in (ResultShape.VIDEO_URL, ResultShape.RESULTS_VIDEO_URL)


class UsageKey(StrEnum):
    """A member of `usage` in a finished answer. The value is the JSON key, before a colon where it has two meanings."""

    DURATION = "duration"
    """Seconds of the clip, and of the clips given where these are billed too."""
    INPUT_SECONDS = "input_video_duration"
    OUTPUT_SECONDS = "output_video_duration"
    VIDEO_DURATION = "video_duration"
    SIZE = "size"
    TIER = "SR"
    COUNT = "video_count"
    AUDIO = "audio"
    RATIO_IS_SIZE = "video_ratio:size"
    RATIO_IS_STANDARD = "video_ratio:standard"
    RATIO_IS_MODE = "video_ratio:mode"
    """`standard` or `pro`."""
    RATIO = "ratio"
    FPS = "fps"
    IMAGE_COUNT = "image_count"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    TOTAL_TOKENS = "total_tokens"


class Unit(StrEnum):
    """What a price is for."""

    SECOND = "second"
    IMAGE = "image"


@dataclass(frozen=True, kw_only=True)
class Price:
    """The price of one unit at a tier; `sound` says which price of two, or None where there is one."""

    tier: str
    """The value that decides the price, or nothing where there is one price for all."""
    amount: Decimal
    sound: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What the vendor counts."""

    unit: Unit = Unit.SECOND
    count: tuple[str, ...] = ("duration",)
    """The fields that say how many units there will be: the first that says more than none. A file says its length."""
    tier: str = "resolution"
    """The field whose value is the tier, where no size says it."""
    given: str = ""
    """The clips whose seconds are billed as well."""
    given_most: float | None = None
    """As many of those seconds are billed at most."""


@dataclass(frozen=True, kw_only=True)
class Precheck:
    """A question to the vendor before a job is sent: whether a picture will do. Answered at once, and billed."""

    id: str
    """The model id of the check."""
    path: str
    """Where it is called, below the region's base URL, without the header for asynchronous calls."""
    field: str
    """The picture it is about."""
    wire: Wire
    price: Decimal
    """Of one check, passed or not, in the offer's currency."""
    source: Source


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
    lacks: tuple[str, ...] = ()
    """Fields that are not had here, in any mode."""
    workspace_only: bool = False
    """Whether the model is had only at a workspace's own address, not at the one that all share."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a create call goes, below the region's base URL."""

    path: str
    """For a task, with the header for asynchronous calls."""
    at_once: str = ""
    """For an answer in the same call, where the vendor gives one."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model of the vendor: the only place where its facts stand."""

    id: str
    snapshots: tuple[str, ...] = ()
    """The dates of its frozen versions: the vendor takes the id with one behind it, too. We never send it."""
    family: str
    title: str
    summary: str
    """What a person chooses it for, in a few words."""
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...] = ()
    modes: tuple[Mode, ...] = ()
    endpoint: Endpoint
    result: ResultShape
    usage: tuple[UsageKey, ...]
    bill: Bill = Bill()
    sound: Sound
    rewritten_prompt: bool
    """Whether the answer tells the prompt as the vendor rewrote it."""
    several_shots: bool = False
    """Whether a prompt may list shots, each with its seconds."""
    sizes: tuple[Size, ...] = ()
    """What comes out, where tier and ratio are chosen apart from each other; one without a ratio is the area that a
    tier has where the shape follows what was given."""
    precheck: Precheck | None = None
    live: str = ""
    """The switch that asks to see the work while it is made: one call to `endpoint.at_once`, answered bit by bit."""
    fps: int = 30
    """The pictures a second of what comes out."""
    fps_by_tier: tuple[tuple[str, int], ...] = ()
    """The tiers that have others."""
    usual_seconds: tuple[int, int] = (60, 300)
    """The vendor's own word on how long it takes."""
    offers: tuple[Offer, ...]
    source: Source
    price_source: Source
    note: str = ""

    def offer(self, region: str) -> Offer | None:
        """The model's offer in a region, or None where it is not had."""
        return next((offer for offer in self.offers if offer.region == region), None)

    def fps_at(self, tier: str) -> int:
        """The pictures a second of what comes out at a tier."""
        return dict(self.fps_by_tier).get(tier, self.fps)

    def modes_on(self, values: Mapping[str, object]) -> tuple[Mode, ...]:
        """The modes that these values switch on; a value that is not given counts as its field's default."""
        own = {field.name: getattr(field, "default", None) for field in self.fields}
        return tuple(mode for mode in self.modes if values.get(mode.field, own.get(mode.field)) == mode.value)

    def fields_in(self, region: str, values: Mapping[str, object] | None = None) -> tuple[Field, ...]:
        """The fields as this region has them and these values leave them, in the order of the form."""
        offer = self.offer(region)
        fields = _replaced(self.fields, offer.differs if offer else ())
        for mode in self.modes_on(values or {}):
            fields = _replaced(tuple(field for field in fields if field.name not in mode.lacks), mode.differs)
        return tuple(field for field in fields if not (offer and field.name in offer.lacks))

    def every_field(self, region: str) -> tuple[Field, ...]:
        """Every field of this region in any mode, one of each name and kind; those of no mode first."""
        fields = list(self.fields_in(region))
        offer = self.offer(region)
        for mode in self.modes:
            known = {(field.name, type(field)) for field in fields}
            fields += [field for field in mode.differs if (field.name, type(field)) not in known]
        return tuple(field for field in fields if not (offer and field.name in offer.lacks))

    def field(self, name: str, region: str, values: Mapping[str, object] | None = None) -> Field | None:
        """One field by our name, as this region has it; where these values leave none, as any mode has it."""
        candidates = (*self.fields_in(region, values), *self.every_field(region))
        return next((field for field in candidates if field.name == name), None)


def _replaced(fields: tuple[Field, ...], differs: tuple[Field, ...]) -> tuple[Field, ...]:
    others = {field.name: field for field in differs}
    return tuple(others.pop(field.name, field) for field in fields) + tuple(others.values())


@dataclass(frozen=True, kw_only=True)
class Example:
    """A prompt a person can try with one click."""

    title: str
    prompt: str
    """`{1}` stands for what the model calls the first file of its list, `{2}` for the second."""
    model: str = ""
    """The model that it needs, where not any of the family will do."""
    choices: tuple[tuple[str, str | int | bool], ...] = ()
    """What is chosen with it, where the model has it."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the vendor's formula for a prompt, with the words that its page offers for it."""

    label: str
    hint: str
    words: tuple[str, ...] = ()
    pattern: str = "{}"
    """How it stands in the prompt, for example in quotation marks."""


@dataclass(frozen=True, kw_only=True)
class Guide:
    """How to write a prompt for a family."""

    parts: tuple[Part, ...]
    source: Source


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
    """The parameters of the API endpoint in their order; `model` and `region` among the fields' names. What comes later
    stands at the end: callers may name values by position."""
    examples: tuple[Example, ...] = ()
    guide: Guide | None = None


@dataclass(frozen=True, kw_only=True)
class Region:
    """A place the vendor serves from. Keys, models and tasks of one are unknown in the others."""

    id: str
    label: str
    code: str
    """The vendor's own id of the region, for example ap-southeast-1."""
    base_url: str
    """The address that everyone shares; empty where the region has none."""
    workspace_url: str
    """The address of one workspace, with `{workspace}` for its id."""
    source: Source
