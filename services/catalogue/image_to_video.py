"""Image to video: a clip that begins with a picture."""

from services.catalogue.schema import (
    MB,
    Choice,
    ChoiceField,
    Example,
    Family,
    ImageField,
    ImageLimit,
    Model,
    Overrides,
    Place,
    ResultShape,
    Sound,
    Source,
    SwitchField,
    UsageKey,
    Wire,
)
from services.catalogue.video import (
    AUDIO_FILE,
    CHECKED,
    FIVE_SECONDS,
    IMAGE_FORMATS,
    NEGATIVE_PROMPT,
    OUR_IMAGE,
    PRICES,
    PROMPT_EXTEND,
    SEED,
    SHOT_TYPE,
    SHOTS_NEED_ENRICHING,
    VIDEO_SYNTHESIS,
    WATERMARK,
    offer,
    prompt_field,
    resolution_field,
    seconds_choice,
    seconds_range,
)

FAMILY = Family(
    id="image_to_video",
    label="Image to video",
    icon="image-play",
    invitation="Give a picture and say what should happen in it.",
    default_model="wan2.6-i2v-flash",
    api_order=(
        "image",
        "prompt",
        "model",
        "negative_prompt",
        "resolution",
        "duration",
        "audio_file",
        "audio",
        "shot_type",
        "template",
        "prompt_extend",
        "watermark",
        "seed",
        "region",
    ),
    examples=(
        Example(title="Wave", prompt="She turns to the camera, smiles and waves, hair moving in a light wind"),
        Example(title="Come alive", prompt="The scene slowly comes alive, gentle parallax, slow push in"),
        Example(title="Storm", prompt="Clouds race across the sky, the first drops fall, the camera pulls back"),
    ),
)

_PAGE = Source(
    page="Image to video (first frame) API reference (2.1 to 2.6)",
    url="https://help.aliyun.com/zh/model-studio/image-to-video-api-reference",
    checked=CHECKED,
)
_EFFECTS = Source(
    page="Video effects",
    url="https://help.aliyun.com/zh/model-studio/wanx-video-sepical-effects",
    checked=CHECKED,
)
_SIX_USAGE = (
    UsageKey.DURATION,
    UsageKey.INPUT_SECONDS,
    UsageKey.OUTPUT_SECONDS,
    UsageKey.TIER,
    UsageKey.COUNT,
)
_MIDDLE_USAGE = (UsageKey.DURATION, UsageKey.TIER, UsageKey.COUNT)
_OLDEST_USAGE = (UsageKey.VIDEO_DURATION, UsageKey.RATIO_IS_STANDARD, UsageKey.COUNT)


def _image(max_bytes: int) -> ImageField:
    return ImageField(
        name="image",
        label="First picture",
        help="JPEG, PNG, BMP or WEBP, 360 to 2000 px a side, up to 10 MB.",
        wire=Wire(Place.INPUT, "img_url"),
        required=True,
        vendor=ImageLimit(formats=IMAGE_FORMATS, min_side=240, max_side=8000, max_bytes=max_bytes),
        ours=OUR_IMAGE,
        data_uri=True,
    )


def _template(*groups: tuple[str, tuple[str, ...]]) -> ChoiceField:
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


_ANY = ("squish", "rotation", "poke", "inflate", "dissolve")
_PERSON = ("carousel", "singleheart")
_DANCES = ("dance1", "dance2", "dance3", "dance4", "dance5")
_PERSON_PLUS = (*_DANCES, "mermaid", "graduation", "dragon", "money", "jellyfish", "pupil")
_ANIMAL = ("flying", "rose", "crystalrose")
_TWO = ("hug", "frenchkiss", "coupleheart")
_TURBO_EFFECTS = _template(
    ("Anything", _ANY), ("One person", _PERSON), ("One person or animal", _ANIMAL), ("Two people", _TWO)
)
_PLUS_EFFECTS = _template(
    ("Anything", (*_ANY, "melt", "icecream")),
    ("One person", (*_PERSON, *_PERSON_PLUS)),
    ("One person or animal", _ANIMAL),
    ("Two people", _TWO),
)
_EFFECT_REPLACES_PROMPT = Overrides(
    field="template", value=None, drops="prompt", say="The effect takes the place of your prompt: it is not sent."
)
_SILENCE_DROPS_TRACK = Overrides(
    field="audio",
    value=False,
    drops="audio_file",
    say="Sound is off, so your sound track is not used. Turn sound on to hear it.",
)
_AUDIO = SwitchField(
    name="audio",
    label="Sound",
    help="Without sound a clip costs half.",
    wire=Wire(Place.PARAMETERS, "audio"),
    default=True,
)

MODELS = (
    Model(
        id="wan2.6-i2v-flash",
        family=FAMILY.id,
        title="Wan 2.6 Flash",
        summary="Fast, sound on or off, 2 to 15 s",
        fields=(
            _image(20 * MB),
            prompt_field(1500, required=False),
            resolution_field("720P", "1080P", default="720P", vendor_default="1080P"),
            seconds_range(2, 15),
            _AUDIO,
            AUDIO_FILE,
            NEGATIVE_PROMPT,
            SHOT_TYPE,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        rules=(SHOTS_NEED_ENRICHING, _SILENCE_DROPS_TRACK),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=(*_SIX_USAGE, UsageKey.AUDIO),
        sound=Sound.CHOSEN,
        rewritten_prompt=False,
        offers=(
            offer(
                "singapore",
                "wan2.6-i2v-flash",
                "USD",
                {"720P": "0.05", "1080P": "0.075"},
                silent_prices={"720P": "0.025", "1080P": "0.0375"},
                rate=5,
            ),
            offer(
                "beijing",
                "wan2.6-i2v-flash",
                "CNY",
                {"720P": "0.3", "1080P": "0.5"},
                silent_prices={"720P": "0.15", "1080P": "0.25"},
                rate=5,
            ),
        ),
        source=_PAGE,
        price_source=PRICES,
    ),
    Model(
        id="wan2.6-i2v",
        family=FAMILY.id,
        title="Wan 2.6",
        summary="Best quality, sound, several shots, 2 to 15 s",
        fields=(
            _image(20 * MB),
            prompt_field(1500, required=False),
            resolution_field("720P", "1080P", default="720P", vendor_default="1080P"),
            seconds_range(2, 15),
            AUDIO_FILE,
            NEGATIVE_PROMPT,
            SHOT_TYPE,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        rules=(SHOTS_NEED_ENRICHING,),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=_SIX_USAGE,
        sound=Sound.ALWAYS,
        rewritten_prompt=False,
        offers=(
            offer("singapore", "wan2.6-i2v", "USD", {"720P": "0.10", "1080P": "0.15"}, rate=5),
            offer(
                "virginia",
                "wan2.6-i2v",
                "USD",
                {"720P": "0.0818", "1080P": "0.1363"},
                rate=5,
                differs=(seconds_choice(5, 10, 15),),
            ),
            offer("beijing", "wan2.6-i2v", "CNY", {"720P": "0.6", "1080P": "1.0"}, rate=5),
        ),
        source=_PAGE,
        price_source=PRICES,
        note="Virginia serves the Global scope, whose model list names 5, 10 and 15 s only.",
    ),
    Model(
        id="wan2.5-i2v-preview",
        family=FAMILY.id,
        title="Wan 2.5 preview",
        summary="Sound, three qualities, 5 or 10 s",
        fields=(
            _image(20 * MB),
            prompt_field(1500, required=False),
            resolution_field("480P", "720P", "1080P", default="720P", vendor_default="1080P"),
            seconds_choice(5, 10),
            AUDIO_FILE,
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=_MIDDLE_USAGE,
        sound=Sound.ALWAYS,
        rewritten_prompt=True,
        offers=(
            offer(
                "singapore",
                "wan2.5-i2v-preview",
                "USD",
                {"480P": "0.05", "720P": "0.10", "1080P": "0.15"},
                rate=5,
            ),
            offer(
                "beijing",
                "wan2.5-i2v-preview",
                "CNY",
                {"480P": "0.3", "720P": "0.6", "1080P": "1.0"},
                rate=5,
            ),
        ),
        source=_PAGE,
        price_source=PRICES,
    ),
    Model(
        id="wan2.2-i2v-flash",
        family=FAMILY.id,
        title="Wan 2.2 Flash",
        summary="Silent, the cheapest drafts",
        fields=(
            _image(10 * MB),
            prompt_field(800, required=False, spoken=False),
            resolution_field("480P", "720P", "1080P", default="480P", vendor_default="720P"),
            FIVE_SECONDS,
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=_MIDDLE_USAGE,
        sound=Sound.NONE,
        rewritten_prompt=True,
        offers=(
            offer(
                "singapore",
                "wan2.2-i2v-flash",
                "USD",
                {"480P": "0.015", "720P": "0.036"},
                rate=2,
                differs=(resolution_field("480P", "720P", default="480P", vendor_default="720P"),),
            ),
            offer(
                "beijing",
                "wan2.2-i2v-flash",
                "CNY",
                {"480P": "0.10", "720P": "0.20", "1080P": "0.48"},
                rate=2,
            ),
        ),
        source=_PAGE,
        price_source=PRICES,
        note="Singapore's price list has no 1080P for this model, so it is not offered there.",
    ),
    Model(
        id="wan2.2-i2v-plus",
        family=FAMILY.id,
        title="Wan 2.2 Plus",
        summary="Silent, steady motion",
        fields=(
            _image(10 * MB),
            prompt_field(800, required=False, spoken=False),
            resolution_field("480P", "1080P", default="1080P"),
            FIVE_SECONDS,
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=_MIDDLE_USAGE,
        sound=Sound.NONE,
        rewritten_prompt=True,
        offers=(
            offer("singapore", "wan2.2-i2v-plus", "USD", {"480P": "0.02", "1080P": "0.10"}, rate=2),
            offer("beijing", "wan2.2-i2v-plus", "CNY", {"480P": "0.14", "1080P": "0.70"}, rate=2),
        ),
        source=_PAGE,
        price_source=PRICES,
        note="The product brief says 720P; the page offers 480P and 1080P only, so the page's default holds.",
    ),
    Model(
        id="wan2.1-i2v-turbo",
        family=FAMILY.id,
        title="Wan 2.1 Turbo",
        summary="Silent, 3 to 5 s, effects in Beijing",
        fields=(
            _image(10 * MB),
            prompt_field(800, required=False, spoken=False),
            resolution_field("480P", "720P", default="480P", vendor_default="720P"),
            seconds_choice(3, 4, 5),
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        rules=(_EFFECT_REPLACES_PROMPT,),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=_OLDEST_USAGE,
        sound=Sound.NONE,
        rewritten_prompt=True,
        offers=(
            offer("singapore", "wan2.1-i2v-turbo", "USD", {"480P": "0.036", "720P": "0.036"}, rate=2),
            offer(
                "beijing",
                "wanx2.1-i2v-turbo",
                "CNY",
                {"480P": "0.24", "720P": "0.24"},
                rate=2,
                differs=(_TURBO_EFFECTS,),
            ),
        ),
        source=_PAGE,
        price_source=PRICES,
        note=f"Effects: {_EFFECTS.page}, {_EFFECTS.url}; Beijing keys only.",
    ),
    Model(
        id="wan2.1-i2v-plus",
        family=FAMILY.id,
        title="Wan 2.1 Plus",
        summary="Silent, richer detail, effects in Beijing",
        fields=(
            _image(10 * MB),
            prompt_field(800, required=False, spoken=False),
            resolution_field("720P", default="720P"),
            FIVE_SECONDS,
            NEGATIVE_PROMPT,
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        rules=(_EFFECT_REPLACES_PROMPT,),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=_OLDEST_USAGE,
        sound=Sound.NONE,
        rewritten_prompt=True,
        offers=(
            offer("singapore", "wan2.1-i2v-plus", "USD", {"720P": "0.10"}, rate=2),
            offer(
                "beijing",
                "wanx2.1-i2v-plus",
                "CNY",
                {"720P": "0.70"},
                rate=2,
                differs=(_PLUS_EFFECTS,),
            ),
        ),
        source=_PAGE,
        price_source=PRICES,
        note=f"Effects: {_EFFECTS.page}, {_EFFECTS.url}; Beijing keys only.",
    ),
)
