"""What several video families share: fields, limits, sizes and the two price pages."""

from datetime import date
from decimal import Decimal

from services.catalogue.schema import (
    MB,
    AudioField,
    AudioLimit,
    Choice,
    ChoiceField,
    Endpoint,
    Field,
    FixedField,
    ImageLimit,
    Needs,
    NumberField,
    Offer,
    Overrides,
    Place,
    Price,
    RateLimit,
    Size,
    Source,
    SwitchField,
    TextField,
    Wire,
)

CHECKED = date(2026, 11, 22)

PRICES = Source(
    page="Model pricing (CNY list; USD derived at the factor the page implies)",
    url="https://help.aliyun.com/zh/model-studio/model-pricing",
    checked=CHECKED,
)

EFFECTS = Source(
    page="Video effects",
    url="https://help.aliyun.com/zh/model-studio/wanx-video-sepical-effects",
    checked=CHECKED,
)
VIDEO_SYNTHESIS = Endpoint(path="/services/aigc/video-generation/video-synthesis")

SIZES = {
    "480P": (
        Size("480P", "16:9", 832, 480),
        Size("480P", "9:16", 480, 832),
        Size("480P", "1:1", 624, 624),
    ),
    "720P": (
        Size("720P", "16:9", 1280, 720),
        Size("720P", "9:16", 720, 1280),
        Size("720P", "1:1", 960, 960),
        Size("720P", "4:3", 1088, 832),
        Size("720P", "3:4", 832, 1088),
    ),
    "1080P": (
        Size("1080P", "16:9", 1920, 1080),
        Size("1080P", "9:16", 1080, 1920),
        Size("1080P", "1:1", 1440, 1440),
        Size("1080P", "4:3", 1632, 1248),
        Size("1080P", "3:4", 1248, 1632),
    ),
}
"""The exact sizes of each tier. Source: the text-to-video page, table of `size`."""

PIXELS = {"480P": 832 * 480, "720P": 1280 * 720, "1080P": 1920 * 1080}
"""The area a clip of a tier has when its shape follows a picture; sides are rounded to multiples of 16."""

IMAGE_FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
OUR_IMAGE = ImageLimit(formats=IMAGE_FORMATS, min_side=360, max_side=2000, max_bytes=10 * MB)
OUR_AUDIO = AudioLimit(formats=("WAV", "MP3"), min_seconds=3, max_seconds=30, max_bytes=15 * MB)
"""The product brief's limits; the vendor's pages allow more in places and no less."""


def prompt_field(max_chars: int, *, required: bool, spoken: bool = True) -> TextField:
    """The words of a clip. `spoken` says that the model makes sound, so that words in quotes are heard."""
    scene = "Say who or what, where, what happens, how the camera moves."
    return TextField(
        name="prompt",
        label="Prompt",
        help=f'{scene} Put spoken words in "quotes".' if spoken else scene,
        wire=Wire(Place.INPUT, "prompt"),
        max_chars=max_chars,
        lines=5,
        required=required,
    )


NEGATIVE_PROMPT = TextField(
    name="negative_prompt",
    label="Negative prompt",
    help="What you do not want to see.",
    wire=Wire(Place.INPUT, "negative_prompt"),
    max_chars=500,
    lines=2,
    folded=True,
)

PROMPT_EXTEND = SwitchField(
    name="prompt_extend",
    label="Let the model enrich my prompt",
    help="Short prompts usually look better with it.",
    wire=Wire(Place.PARAMETERS, "prompt_extend"),
    default=True,
    folded=True,
)

SHOT_TYPE = ChoiceField(
    name="shot_type",
    label="Shots",
    help="One continuous shot, or several with cuts.",
    wire=Wire(Place.PARAMETERS, "shot_type"),
    choices=(Choice("single", "One shot"), Choice("multi", "Several shots")),
    default="single",
    folded=True,
)

WATERMARK = SwitchField(
    name="watermark",
    label="Watermark",
    help="A small label in the lower right corner that says the clip was made by AI.",
    wire=Wire(Place.PARAMETERS, "watermark"),
    default=False,
    folded=True,
)

SEED = NumberField(
    name="seed",
    label="Seed",
    help="The same seed and words give a similar clip again. Empty: a new one each time.",
    wire=Wire(Place.PARAMETERS, "seed"),
    minimum=0,
    maximum=2147483647,
    folded=True,
)

AUDIO_FILE = AudioField(
    name="audio_file",
    label="Sound track",
    help="Optional. Without one the model makes its own sound.",
    wire=Wire(Place.INPUT, "audio_url"),
    vendor=AudioLimit(formats=("WAV", "MP3"), min_seconds=3, max_seconds=30, max_bytes=15 * MB),
    ours=OUR_AUDIO,
    folded=True,
)

EFFECT_REPLACES_PROMPT = Overrides(
    field="template", value=None, drops="prompt", say="The effect takes the place of your prompt: it is not sent."
)

SHOTS_NEED_ENRICHING = Needs(
    field="shot_type",
    value="multi",
    other="prompt_extend",
    being=True,
    say="Several shots only work while the model may enrich your prompt. As it stands you will get one shot.",
)


def effect_field(*groups: tuple[str, tuple[str, ...]]) -> ChoiceField:
    """A ready-made effect; `groups` are their headings, each with its values."""
    return ChoiceField(
        name="template",
        label="Effect",
        help="A ready-made effect. It takes the place of your prompt.",
        wire=Wire(Place.INPUT, "template"),
        choices=tuple(
            Choice(value, value.replace("-", " ").capitalize(), group) for group, values in groups for value in values
        ),
        folded=True,
    )


def seconds_range(minimum: int, maximum: int, *, default: int = 5) -> NumberField:
    """A length in whole seconds."""
    return NumberField(
        name="duration",
        label="Length",
        wire=Wire(Place.PARAMETERS, "duration"),
        minimum=minimum,
        maximum=maximum,
        unit="s",
        default=default,
    )


def seconds_choice(*seconds: int, default: int = 5) -> ChoiceField:
    """A length of a few fixed ones."""
    return ChoiceField(
        name="duration",
        label="Length",
        wire=Wire(Place.PARAMETERS, "duration"),
        choices=tuple(Choice(value, f"{value} s") for value in seconds),
        unit="s",
        default=default,
    )


FIVE_SECONDS = FixedField(name="duration", label="Length", unit="s", value=5, wire=Wire(Place.PARAMETERS, "duration"))


def resolution_field(*tiers: str, default: str, vendor_default: str | None = None) -> ChoiceField:
    """A quality tier, where the shape follows the picture."""
    return ChoiceField(
        name="resolution",
        label="Quality",
        help="The shape follows your picture.",
        wire=Wire(Place.PARAMETERS, "resolution"),
        choices=tuple(Choice(tier, tier) for tier in tiers),
        default=default,
        vendor_default=vendor_default,
    )


def offer(  # noqa: PLR0913 - one keyword per fact of an offer
    region: str,
    model_id: str,
    currency: str,
    prices: dict[str, str],
    *,
    rate: int,
    running: int | None = None,
    silent_prices: dict[str, str] | None = None,
    differs: tuple[Field, ...] = (),
) -> Offer:
    """An offer priced per second and tier; `silent_prices` where a clip without sound costs less.

    `rate` is how many calls a second are taken, and how many tasks run at once unless `running` says otherwise.
    """
    sounded = True if silent_prices else None
    rows = [Price(tier=tier, amount=Decimal(amount), sound=sounded) for tier, amount in prices.items()]
    rows += [Price(tier=tier, amount=Decimal(amount), sound=False) for tier, amount in (silent_prices or {}).items()]
    return Offer(
        region=region,
        id=model_id,
        currency=currency,
        prices=tuple(rows),
        rate=RateLimit(submits_per_second=rate, running=running or rate),
        differs=differs,
    )
