"""Shared parts of several video families: fields, limits, sizes and the two price pages."""

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
    UsageKey,
    VideoLimit,
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
IMAGE_TO_VIDEO = Endpoint(path="/services/aigc/image2video/video-synthesis")

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

SIZES_27 = tuple(
    size if size.ratio not in ("4:3", "3:4") else Size(tier, size.ratio, *sides[size.ratio])
    for tier, sides in {
        "720P": {"4:3": (1104, 832), "3:4": (832, 1104)},
        "1080P": {"4:3": (1648, 1248), "3:4": (1248, 1648)},
    }.items()
    for size in SIZES[tier]
)
"""The output sizes since Wan 2.7, with tier and shape as separate choices. Source: the Wan 2.7 text-to-video page."""

PIXELS = {"480P": 832 * 480, "720P": 1280 * 720, "1080P": 1920 * 1080}
"""The area of a clip by tier if its shape follows a picture. Sides are rounded to multiples of 16."""

IMAGE_FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
OUR_IMAGE = ImageLimit(formats=IMAGE_FORMATS, min_side=360, max_side=2000, max_bytes=10 * MB)
OUR_AUDIO = AudioLimit(formats=("WAV", "MP3"), min_seconds=3, max_seconds=30, max_bytes=15 * MB)
"""The product brief's limits. The vendor's pages sometimes allow more, but never less."""

IMAGE_27 = ImageLimit(formats=IMAGE_FORMATS, min_side=240, max_side=8000, max_bytes=20 * MB, longest_ratio=8)
AUDIO_27 = AudioLimit(formats=("WAV", "MP3"), min_seconds=2, max_seconds=30, max_bytes=15 * MB)
CLIP_27 = VideoLimit(
    formats=("MP4", "MOV"), min_seconds=2, max_seconds=10, max_bytes=100 * MB, min_side=240, max_side=4096
)
"""Wan 2.7's limits. Source: the Wan 2.7 image-to-video page, table of `media`."""

USAGE_26 = (
    UsageKey.DURATION,
    UsageKey.INPUT_SECONDS,
    UsageKey.OUTPUT_SECONDS,
    UsageKey.TIER,
    UsageKey.COUNT,
)
"""The usage members in a finished task of Wan 2.6. Source: the API references, table of `usage`."""
USAGE_26_SIZED = (*USAGE_26, UsageKey.SIZE)
"""The same if the size was requested, and not taken from a picture."""

GLOBAL_SCOPE = "Virginia and Frankfurt serve the Global scope, whose model list names {} only."
GLOBAL_PRICE = (
    "Its list price is Beijing's; in USD we take the English pages' factor, 0.143353 a yuan. The exchange rate implied "
    "by the price list would give 0.0818 and 0.1363 a second: the dearer of the two is shown."
)
UNSAID_27 = "The pages do not say what `usage` tells since 2.7: taken to be as in 2.6."


SCENE_HELP = "Say who or what, where, what happens, how the camera moves."
MOVES_HELP = "Say what moves in your picture, and how the camera moves."
BECOMES_HELP = "Say how the first picture becomes the last one, and how the camera moves."
NAMED_HELP = "Say who does what. Press the name on a picture or clip to put it into your words."
CHANGE_HELP = "Say what should become different, and what should stay as it is."


def prompt_field(max_chars: int, *, required: bool, spoken: bool = True, explained: str = SCENE_HELP) -> TextField:
    """Build the prompt of a clip. With `spoken` the model makes sound, and quoted words are heard."""
    return TextField(
        name="prompt",
        label="Prompt",
        help=f'{explained} Put spoken words in "quotes".' if spoken else explained,
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

AUDIO = SwitchField(
    name="audio",
    label="Sound",
    help="Without sound a clip costs half.",
    wire=Wire(Place.PARAMETERS, "audio"),
    default=True,
)

SEED = NumberField(
    name="seed",
    label="Seed",
    help="The same number and the same words give a similar clip again. Empty: a new number each time. When you make "
    "several, each has the next number.",
    wire=Wire(Place.PARAMETERS, "seed"),
    minimum=0,
    maximum=2147483647,
    folded=True,
)

AUDIO_FILE = AudioField(
    name="audio_file",
    label="Sound track",
    help="Optional: WAV or MP3, 3 to 30 s, up to 15 MB. What is longer than the clip is cut off; a shorter one ends in "
    "silence. Without one the model makes its own sound.",
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


_EFFECT_NAMES = {
    "icecream": "Ice cream",
    "singleheart": "One heart",
    "coupleheart": "Two hearts",
    "crystalrose": "Crystal rose",
    "frenchkiss": "Kiss",
    "money": "Money rain",
    "pupil": "Through the eye",
    "hanfu-1": "Hanfu",
    **{f"dance{number}": f"Dance {number}" for number in range(1, 6)},
    "mech1": "Robot 1",
    "mech2": "Robot 2",
    "solaron": "Armour",
}
"""Labels of effects if the vendor's name is not an English word."""


def effect_field(*groups: tuple[str, tuple[str, ...]]) -> ChoiceField:
    """Build the choice of a ready-made effect. `groups` are headings, each with its values."""
    return ChoiceField(
        name="template",
        label="Effect",
        help="A ready-made effect. It takes the place of your prompt.",
        wire=Wire(Place.INPUT, "template"),
        choices=tuple(
            Choice(value, _EFFECT_NAMES.get(value, value.capitalize()), group, preview=value)
            for group, values in groups
            for value in values
        ),
    )


def seconds_range(minimum: int, maximum: int, *, default: int = 5) -> NumberField:
    """Build a length in whole seconds."""
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
    """Build a choice between a few fixed lengths."""
    return ChoiceField(
        name="duration",
        label="Length",
        wire=Wire(Place.PARAMETERS, "duration"),
        choices=tuple(Choice(value, f"{value} s") for value in seconds),
        unit="s",
        default=default,
    )


FIVE_SECONDS = FixedField(name="duration", label="Length", unit="s", value=5, wire=Wire(Place.PARAMETERS, "duration"))


def resolution_field(
    *tiers: str, default: str, vendor_default: str | None = None, explained: str = "The shape follows your picture."
) -> ChoiceField:
    """Build the quality tier. The shape follows the picture, unless `explained` says otherwise."""
    return ChoiceField(
        name="resolution",
        label="Quality",
        help=explained,
        wire=Wire(Place.PARAMETERS, "resolution"),
        choices=tuple(Choice(tier, tier) for tier in tiers),
        default=default,
        vendor_default=vendor_default,
    )


def ratio_field(*ratios: str, default: str | None, explained: str = "") -> ChoiceField:
    """Build a shape that is separate from the quality. Without a default, the vendor keeps the given file's shape."""
    return ChoiceField(
        name="ratio",
        label="Shape",
        help=explained,
        wire=Wire(Place.PARAMETERS, "ratio"),
        choices=tuple(Choice(ratio, ratio.capitalize()) for ratio in ratios),
        default=default,
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
    workspace_only: bool = False,
) -> Offer:
    """Build an offer priced per second and tier. `silent_prices` are set if a clip without sound costs less.

    `rate` is the number of calls accepted per second, and of tasks running at once unless `running` is given.
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
        workspace_only=workspace_only,
    )


def global_offers(model_id: str, *, differs: tuple[Field, ...]) -> tuple[Offer, ...]:
    """Build the offers of Wan 2.6 at full price in the regions of the Global scope."""
    prices = {"720P": "0.086012", "1080P": "0.143353"}
    return tuple(
        offer(region, model_id, "USD", prices, rate=5, differs=differs) for region in ("virginia", "frankfurt")
    )


def offers_27(model_id: str) -> tuple[Offer, ...]:
    """Build the offers of Wan 2.7. Its price per second is the same for every kind of input."""
    return (
        offer("singapore", model_id, "USD", {"720P": "0.10", "1080P": "0.15"}, rate=5),
        offer("beijing", model_id, "CNY", {"720P": "0.6", "1080P": "1.0"}, rate=5),
    )
