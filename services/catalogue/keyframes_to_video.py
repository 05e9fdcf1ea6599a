"""First and last frame: a clip that starts with one picture and ends with another."""

from services.catalogue.prompt_guides import BETWEEN_PICTURES
from services.catalogue.schema import (
    MB,
    Example,
    Family,
    ImageField,
    ImageLimit,
    Model,
    Overrides,
    Place,
    ResultShape,
    SameShape,
    Sound,
    Source,
    UsageKey,
    Wire,
)
from services.catalogue.video_fields import (
    BECOMES_HELP,
    CHECKED,
    EFFECT_REPLACES_PROMPT,
    EFFECTS,
    FIVE_SECONDS,
    IMAGE_FORMATS,
    IMAGE_TO_VIDEO,
    NEGATIVE_PROMPT,
    OUR_IMAGE,
    PRICES,
    PROMPT_EXTEND,
    SEED,
    WATERMARK,
    effect_field,
    offer,
    prompt_field,
    resolution_field,
)

FAMILY = Family(
    id="keyframes_to_video",
    label="First and last frame",
    icon="images",
    invitation="Give the first and the last picture; the clip finds its way between them.",
    default_model="wan2.2-kf2v-flash",
    api_order=(
        "first_frame",
        "last_frame",
        "prompt",
        "model",
        "resolution",
        "template",
        "negative_prompt",
        "duration",
        "prompt_extend",
        "watermark",
        "seed",
        "region",
    ),
    examples=(
        Example(title="Dawn", prompt="Night turns to day, the light changes slowly, the camera stays where it is"),
        Example(title="Grow", prompt="It grows and unfolds in one smooth movement, soft daylight"),
        Example(title="Fly over", prompt="The camera rises and flies forward in one unbroken move"),
    ),
    guide=BETWEEN_PICTURES,
)

_PAGE = Source(
    page="First and last frame API reference",
    url="https://help.aliyun.com/zh/model-studio/image-to-video-by-first-and-last-frame-api-reference",
    checked=CHECKED,
)


def _frame(name: str, label: str, *, key: str, sample: str) -> ImageField:
    return ImageField(
        name=name,
        label=label,
        help="JPEG, PNG, BMP or WEBP, 360 to 2000 px a side, up to 10 MB.",
        wire=Wire(Place.INPUT, key),
        required=True,
        vendor=ImageLimit(formats=IMAGE_FORMATS, min_side=240, max_side=8000, max_bytes=10 * MB),
        ours=OUR_IMAGE,
        data_uri=True,
        sample=sample,
    )


_FIRST = _frame("first_frame", "First picture", key="first_frame_url", sample="mountains-at-night.jpg")
_LAST = _frame("last_frame", "Last picture", key="last_frame_url", sample="mountains.jpg")
_SAME_SHAPE = SameShape(field="first_frame", other="last_frame")

MODELS = (
    Model(
        id="wan2.2-kf2v-flash",
        family=FAMILY.id,
        title="Wan 2.2 Flash",
        summary="Silent, three qualities, quick",
        fields=(
            _FIRST,
            _LAST,
            prompt_field(800, required=False, spoken=False, explained=BECOMES_HELP),
            resolution_field("480P", "720P", "1080P", default="720P"),
            FIVE_SECONDS,
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        rules=(_SAME_SHAPE,),
        endpoint=IMAGE_TO_VIDEO,
        result=ResultShape.VIDEO_URL,
        usage=(UsageKey.VIDEO_DURATION, UsageKey.TIER, UsageKey.COUNT),
        sound=Sound.NONE,
        rewritten_prompt=True,
        offers=(
            offer(
                "beijing",
                "wan2.2-kf2v-flash",
                "CNY",
                {"480P": "0.10", "720P": "0.20", "1080P": "0.48"},
                rate=2,
            ),
        ),
        source=_PAGE,
        price_source=PRICES,
        note="Price list and rate table have it in Beijing only, though a guide's samples show it in Singapore too.",
    ),
    Model(
        id="wan2.1-kf2v-plus",
        family=FAMILY.id,
        title="Wan 2.1 Plus",
        summary="Silent, for complex motion, effects in Beijing",
        fields=(
            _FIRST,
            _LAST,
            prompt_field(800, required=False, spoken=False, explained=BECOMES_HELP),
            resolution_field("720P", default="720P"),
            FIVE_SECONDS,
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        rules=(
            _SAME_SHAPE,
            EFFECT_REPLACES_PROMPT,
            Overrides(
                field="template",
                value=None,
                drops="last_frame",
                say="The effect takes the place of your last picture: it is not sent.",
            ),
        ),
        endpoint=IMAGE_TO_VIDEO,
        result=ResultShape.VIDEO_URL,
        usage=(UsageKey.VIDEO_DURATION, UsageKey.RATIO_IS_STANDARD, UsageKey.COUNT),
        sound=Sound.NONE,
        rewritten_prompt=True,
        offers=(
            offer("singapore", "wan2.1-kf2v-plus", "USD", {"720P": "0.10"}, rate=1, running=2),
            offer(
                "beijing",
                "wanx2.1-kf2v-plus",
                "CNY",
                {"720P": "0.70"},
                rate=2,
                differs=(effect_field(("One person", ("hanfu-1", "solaron", "magazine", "mech1", "mech2"))),),
            ),
        ),
        source=_PAGE,
        price_source=PRICES,
        note=f"Effects: {EFFECTS.page}, {EFFECTS.url}; Beijing keys only.",
    ),
)
