"""Text to video: a clip from a prompt."""

from dataclasses import replace

from services.catalogue.prompt_guides import FROM_WORDS
from services.catalogue.schema import (
    Example,
    Family,
    Field,
    Model,
    Place,
    ResultShape,
    SizeField,
    Sound,
    Source,
    UsageKey,
    Wire,
)
from services.catalogue.video_fields import (
    AUDIO_27,
    AUDIO_FILE,
    CHECKED,
    FIVE_SECONDS,
    GLOBAL_PRICE,
    GLOBAL_SCOPE,
    NEGATIVE_PROMPT,
    PRICES,
    PROMPT_EXTEND,
    SEED,
    SHOT_TYPE,
    SHOTS_NEED_ENRICHING,
    SIZES,
    SIZES_27,
    UNSAID_27,
    USAGE_26_SIZED,
    VIDEO_SYNTHESIS,
    WATERMARK,
    global_offers,
    offer,
    offers_27,
    prompt_field,
    ratio_field,
    resolution_field,
    seconds_choice,
    seconds_range,
)

FAMILY = Family(
    id="text_to_video",
    label="Text to video",
    icon="clapperboard",
    invitation="Describe a scene and it becomes a clip.",
    default_model="wan2.6-t2v",
    api_order=(
        "prompt",
        "model",
        "negative_prompt",
        "size",
        "duration",
        "prompt_extend",
        "shot_type",
        "watermark",
        "seed",
        "audio_file",
        "region",
        "resolution",
        "ratio",
    ),
    examples=(
        Example(
            title="Paper boat",
            prompt="A paper boat drifts down a rain-soaked street at night, neon reflections on the water, "
            "slow push in, soft rain and distant traffic",
        ),
        Example(
            title="Lighthouse",
            prompt="A lighthouse keeper climbs a spiral stair, lantern light on wet stone, handheld camera "
            "following close behind, storm outside",
        ),
        Example(
            title="Two foxes",
            prompt="Two foxes wait at a bus stop in the snow, claymation, warm street lamp, static wide shot, "
            'one says "The last bus is always late"',
        ),
        Example(
            title="Three shots",
            prompt="A baker opens her shop before dawn. Shot 1 [0-3s] wide shot, she lifts the shutter of a small "
            "bakery in a dark street. Shot 2 [3-6s] hard cut, close-up, fixed camera, bread comes out of the oven. "
            "Shot 3 [6-9s] she hands the first loaf to a boy, warm light, background music: soft piano",
            choices=(("duration", 9), ("shot_type", "multi")),
        ),
    ),
    guide=FROM_WORDS,
)

_PAGE = Source(
    page="Text to video API reference (2.1 to 2.6)",
    url="https://help.aliyun.com/zh/model-studio/text-to-video-api-reference",
    checked=CHECKED,
)
_PAGE_27 = Source(
    page="Text to video API reference (2.7)",
    url="https://www.alibabacloud.com/help/en/model-studio/text-to-video-api-reference",
    checked=CHECKED,
)
_OLDER_USAGE = (UsageKey.VIDEO_DURATION, UsageKey.RATIO_IS_SIZE, UsageKey.COUNT)


def _size(*tiers: str, default: str, vendor_default: str | None = None) -> SizeField:
    return SizeField(
        name="size",
        label="Shape and quality",
        wire=Wire(Place.PARAMETERS, "size"),
        sizes=tuple(size for tier in tiers for size in SIZES[tier]),
        default=default,
        vendor_default=vendor_default,
    )


def _six(duration: Field) -> tuple[Field, ...]:
    """Build the form of Wan 2.6."""
    return (
        prompt_field(1500, required=True),
        _size("720P", "1080P", default="1280*720", vendor_default="1920*1080"),
        duration,
        AUDIO_FILE,
        NEGATIVE_PROMPT,
        SHOT_TYPE,
        PROMPT_EXTEND,
        WATERMARK,
        SEED,
    )


MODELS = (
    Model(
        id="wan2.6-t2v",
        family=FAMILY.id,
        title="Wan 2.6",
        summary="Sound, several shots, 2 to 15 s",
        fields=_six(seconds_range(2, 15)),
        rules=(SHOTS_NEED_ENRICHING,),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=USAGE_26_SIZED,
        sound=Sound.ALWAYS,
        rewritten_prompt=False,
        several_shots=True,
        offers=(
            offer("singapore", "wan2.6-t2v", "USD", {"720P": "0.10", "1080P": "0.15"}, rate=5),
            *global_offers("wan2.6-t2v", differs=(seconds_choice(5, 10, 15),)),
            offer("beijing", "wan2.6-t2v", "CNY", {"720P": "0.6", "1080P": "1.0"}, rate=5),
        ),
        source=_PAGE,
        price_source=PRICES,
        note=f"{GLOBAL_SCOPE.format('5, 10 and 15 s')} {GLOBAL_PRICE} Another page has negative_prompt among the "
        "parameters, and a watermark where nothing is said: it is sent in the input, as the reference has it, and the "
        "watermark is always said.",
    ),
    Model(
        id="wan2.6-t2v-us",
        family=FAMILY.id,
        title="Wan 2.6 US",
        summary="Made in the United States, sound, 5 or 10 s",
        fields=_six(seconds_choice(5, 10)),
        rules=(SHOTS_NEED_ENRICHING,),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=USAGE_26_SIZED,
        sound=Sound.ALWAYS,
        rewritten_prompt=False,
        several_shots=True,
        offers=(offer("virginia", "wan2.6-t2v-us", "USD", {"720P": "0.10", "1080P": "0.15"}, rate=5),),
        source=_PAGE,
        price_source=PRICES,
        note="The API reference names 5 and 10 s, the list of models 15 s as well: the shorter list is offered.",
    ),
    Model(
        id="wan2.7-t2v",
        snapshots=("2026-04-25", "2026-06-12"),
        family=FAMILY.id,
        title="Wan 2.7",
        summary="Long prompts, sound, shots by the prompt, 2 to 15 s",
        fields=(
            prompt_field(5000, required=True),
            resolution_field("720P", "1080P", default="720P", vendor_default="1080P", explained=""),
            ratio_field("16:9", "9:16", "1:1", "4:3", "3:4", default="16:9"),
            seconds_range(2, 15),
            replace(AUDIO_FILE, vendor=AUDIO_27, ours=None, help=AUDIO_FILE.help.replace("3 to 30 s", "2 to 30 s")),
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=USAGE_26_SIZED,
        sound=Sound.ALWAYS,
        rewritten_prompt=True,
        several_shots=True,
        sizes=SIZES_27,
        offers=offers_27("wan2.7-t2v"),
        source=_PAGE_27,
        price_source=PRICES,
        note=UNSAID_27,
    ),
    Model(
        id="wan2.5-t2v-preview",
        family=FAMILY.id,
        title="Wan 2.5 preview",
        summary="Sound, three qualities, 5 or 10 s",
        fields=(
            prompt_field(1500, required=True),
            _size("480P", "720P", "1080P", default="1280*720", vendor_default="1920*1080"),
            seconds_choice(5, 10),
            AUDIO_FILE,
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=_OLDER_USAGE,
        sound=Sound.ALWAYS,
        rewritten_prompt=True,
        offers=(
            offer(
                "singapore",
                "wan2.5-t2v-preview",
                "USD",
                {"480P": "0.05", "720P": "0.10", "1080P": "0.15"},
                rate=5,
            ),
            offer(
                "beijing",
                "wan2.5-t2v-preview",
                "CNY",
                {"480P": "0.3", "720P": "0.6", "1080P": "1.0"},
                rate=5,
            ),
        ),
        source=_PAGE,
        price_source=PRICES,
    ),
    Model(
        id="wan2.2-t2v-plus",
        family=FAMILY.id,
        title="Wan 2.2 Plus",
        summary="Silent, very cheap at 480P",
        fields=(
            prompt_field(800, required=True, spoken=False),
            _size("480P", "1080P", default="1920*1080"),
            FIVE_SECONDS,
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=_OLDER_USAGE,
        sound=Sound.NONE,
        rewritten_prompt=True,
        offers=(
            offer("singapore", "wan2.2-t2v-plus", "USD", {"480P": "0.02", "1080P": "0.10"}, rate=2),
            offer("beijing", "wan2.2-t2v-plus", "CNY", {"480P": "0.14", "1080P": "0.70"}, rate=2),
        ),
        source=_PAGE,
        price_source=PRICES,
        note="The product brief says 720P; the page offers 480P and 1080P only, so the page's default holds.",
    ),
    Model(
        id="wan2.1-t2v-turbo",
        family=FAMILY.id,
        title="Wan 2.1 Turbo",
        summary="Silent, fast drafts",
        fields=(
            prompt_field(800, required=True, spoken=False),
            _size("480P", "720P", default="832*480", vendor_default="1280*720"),
            FIVE_SECONDS,
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=_OLDER_USAGE,
        sound=Sound.NONE,
        rewritten_prompt=True,
        offers=(
            offer("singapore", "wan2.1-t2v-turbo", "USD", {"480P": "0.036", "720P": "0.036"}, rate=2),
            offer("beijing", "wanx2.1-t2v-turbo", "CNY", {"480P": "0.24", "720P": "0.24"}, rate=2),
        ),
        source=_PAGE,
        price_source=PRICES,
    ),
    Model(
        id="wan2.1-t2v-plus",
        family=FAMILY.id,
        title="Wan 2.1 Plus",
        summary="Silent, richer detail",
        fields=(
            prompt_field(800, required=True, spoken=False),
            _size("720P", default="1280*720"),
            FIVE_SECONDS,
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=_OLDER_USAGE,
        sound=Sound.NONE,
        rewritten_prompt=True,
        offers=(
            offer("singapore", "wan2.1-t2v-plus", "USD", {"720P": "0.10"}, rate=2),
            offer("beijing", "wanx2.1-t2v-plus", "CNY", {"720P": "0.70"}, rate=2),
        ),
        source=_PAGE,
        price_source=PRICES,
    ),
)
