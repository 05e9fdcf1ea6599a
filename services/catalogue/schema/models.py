"""Models, families and regions: their results, prices and offers.

Money is a Decimal in the currency beside it.
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
    """Not documented on the vendor's page."""


class ResultShape(StrEnum):
    """The place of a result's link in the finished answer."""

    VIDEO_URL = "output.video_url"
    RESULTS_VIDEO_URL = "output.results.video_url"
    CHOICES = "output.choices[].message.content[]"
    """Pictures, with text between them if an article was requested."""
    RESULTS = "output.results[].url"
    """Pictures. Each can fail separately."""

    @property
    def is_video(self) -> bool:
        """True if the result is a clip, False for pictures."""
        return self in (ResultShape.VIDEO_URL, ResultShape.RESULTS_VIDEO_URL)


class UsageKey(StrEnum):
    """A member of `usage` in a finished answer. The value is the JSON key, up to a colon if the key is ambiguous."""

    DURATION = "duration"
    """Seconds of the clip, plus those of given clips if they are billed too."""
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
    """The unit of a price."""

    SECOND = "second"
    IMAGE = "image"


@dataclass(frozen=True, kw_only=True)
class Price:
    """The price of one unit at a tier. `sound` selects one of two prices, or is None if there is one price."""

    tier: str
    """The value that determines the price, or an empty string if there is one price for all."""
    amount: Decimal
    sound: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Bill:
    """The rules for counting billed units."""

    unit: Unit = Unit.SECOND
    count: tuple[str, ...] = ("duration",)
    """The fields that give the number of units. The first one above zero counts. A file counts by its length."""
    tier: str = "resolution"
    """The field with the tier as its value, if no size determines the tier."""
    given: str = ""
    """The field of given clips with billed seconds."""
    given_most: float | None = None
    """The maximum number of those seconds that is billed."""


@dataclass(frozen=True, kw_only=True)
class Precheck:
    """A check of a picture by the vendor before a job is sent. It is answered at once, and billed."""

    id: str
    """The model id of the precheck."""
    path: str
    """The path below the region's base URL. Called without the header for asynchronous calls."""
    field: str
    """The field of the picture to check."""
    wire: Wire
    price: Decimal
    """The price of one precheck, passed or not, in the offer's currency."""
    source: Source


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """The vendor's published limits per main account and model."""

    submits_per_second: int
    running: int


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model as offered in one region."""

    region: str
    id: str
    """The model id to send there."""
    currency: str
    prices: tuple[Price, ...]
    rate: RateLimit
    differs: tuple[Field, ...] = ()
    """Fields that replace the model's own of the same name, or exist only in this region."""
    lacks: tuple[str, ...] = ()
    """Fields that do not exist in this region, in any mode."""
    workspace_only: bool = False
    """Whether the model is available only at a workspace's own address, not at the shared one."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """The paths of a create call, below the region's base URL."""

    path: str
    """The path for a task, called with the header for asynchronous calls."""
    at_once: str = ""
    """The path for an answer in the same call, if the vendor has one."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model of the vendor: the single source of its facts."""

    id: str
    snapshots: tuple[str, ...] = ()
    """The dates of its frozen versions. The vendor also accepts the id with such a suffix. We never send it."""
    family: str
    title: str
    summary: str
    """The reason to choose it, in a few words."""
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...] = ()
    modes: tuple[Mode, ...] = ()
    endpoint: Endpoint
    result: ResultShape
    usage: tuple[UsageKey, ...]
    bill: Bill = Bill()
    sound: Sound
    rewritten_prompt: bool
    """Whether the answer contains the prompt as rewritten by the vendor."""
    several_shots: bool = False
    """Whether a prompt may list shots, each with its seconds."""
    sizes: tuple[Size, ...] = ()
    """The output sizes, if tier and ratio are separate choices.

    A size without a ratio is the area of a tier whose shape follows the given file.
    """
    precheck: Precheck | None = None
    live: str = ""
    """The switch for live results: one call to `endpoint.at_once`, with a streamed answer."""
    fps: int = 30
    """The frames per second of the output."""
    fps_by_tier: tuple[tuple[str, int], ...] = ()
    """The tiers with another frame rate."""
    usual_seconds: tuple[int, int] = (60, 300)
    """The vendor's own range for the time it takes."""
    offers: tuple[Offer, ...]
    source: Source
    price_source: Source
    note: str = ""

    def offer(self, region: str) -> Offer | None:
        """Return the model's offer in a region, or None if it is not offered there."""
        return next((offer for offer in self.offers if offer.region == region), None)

    def fps_at(self, tier: str) -> int:
        """Return the frames per second of the output at a tier."""
        return dict(self.fps_by_tier).get(tier, self.fps)

    def modes_on(self, values: Mapping[str, object]) -> tuple[Mode, ...]:
        """Return the modes that these values switch on. A missing value counts as its field's default."""
        own = {field.name: getattr(field, "default", None) for field in self.fields}
        return tuple(mode for mode in self.modes if values.get(mode.field, own.get(mode.field)) == mode.value)

    def fields_in(self, region: str, values: Mapping[str, object] | None = None) -> tuple[Field, ...]:
        """Return the fields of this region for these values, in the order of the form."""
        offer = self.offer(region)
        fields = _replaced(self.fields, offer.differs if offer else ())
        for mode in self.modes_on(values or {}):
            fields = _replaced(tuple(field for field in fields if field.name not in mode.lacks), mode.differs)
        return tuple(field for field in fields if not (offer and field.name in offer.lacks))

    def every_field(self, region: str) -> tuple[Field, ...]:
        """Return every field of this region in any mode, one per name and kind. Fields without a mode come first."""
        fields = list(self.fields_in(region))
        offer = self.offer(region)
        for mode in self.modes:
            known = {(field.name, type(field)) for field in fields}
            fields += [field for field in mode.differs if (field.name, type(field)) not in known]
        return tuple(field for field in fields if not (offer and field.name in offer.lacks))

    def field(self, name: str, region: str, values: Mapping[str, object] | None = None) -> Field | None:
        """Return one field of this region by our name. If these values exclude it, return it from any mode."""
        candidates = (*self.fields_in(region, values), *self.every_field(region))
        return next((field for field in candidates if field.name == name), None)


def _replaced(fields: tuple[Field, ...], differs: tuple[Field, ...]) -> tuple[Field, ...]:
    others = {field.name: field for field in differs}
    return tuple(others.pop(field.name, field) for field in fields) + tuple(others.values())


@dataclass(frozen=True, kw_only=True)
class Example:
    """A prompt to try with one click."""

    title: str
    prompt: str
    """`{1}` is replaced by the model's name for the first file of its list, `{2}` for the second."""
    model: str = ""
    """The required model, if not every model of the family is suitable."""
    choices: tuple[tuple[str, str | int | bool], ...] = ()
    """The values to choose with it, if the model has the fields."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the vendor's prompt formula, with the words that the vendor's page suggests for it."""

    label: str
    hint: str
    words: tuple[str, ...] = ()
    pattern: str = "{}"
    """Its format in the prompt, for example in quotation marks."""


@dataclass(frozen=True, kw_only=True)
class Guide:
    """The guide to prompts for a family."""

    parts: tuple[Part, ...]
    source: Source


@dataclass(frozen=True, kw_only=True)
class Family:
    """A group of models: one tab, one API endpoint."""

    id: str
    label: str
    icon: str
    """The name of an icon in assets/icons."""
    invitation: str
    """The text of the empty stage."""
    default_model: str
    api_order: tuple[str, ...]
    """The parameters of the API endpoint in order: `model`, `region` and the names of fields.

    Append new ones at the end: callers may pass values by position.
    """
    examples: tuple[Example, ...] = ()
    guide: Guide | None = None


@dataclass(frozen=True, kw_only=True)
class Region:
    """A region of the vendor. Keys, models and tasks of one region are unknown in the others."""

    id: str
    label: str
    code: str
    """The vendor's own id of the region, for example ap-southeast-1."""
    base_url: str
    """The shared address, or an empty string if the region has none."""
    workspace_url: str
    """The address of one workspace, with `{workspace}` for its id."""
    source: Source
