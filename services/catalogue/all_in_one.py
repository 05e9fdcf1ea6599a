"""All in one: models that make a clip from any input. They are available only at a workspace's own address."""

from dataclasses import replace

from services.catalogue.prompt_guides import FROM_WORDS
from services.catalogue.schema import (
    MB,
    Apart,
    AudioLimit,
    Bill,
    Example,
    Family,
    FilesField,
    ImageField,
    MediaLimit,
    Model,
    Offer,
    Place,
    Requires,
    ResultShape,
    SameShape,
    Sound,
    Source,
    Taken,
    UsageKey,
    VideoLimit,
    Wire,
)
from services.catalogue.video_fields import (
    AUDIO,
    CHECKED,
    IMAGE_27,
    PRICES,
    SEED,
    USAGE_26_SIZED,
    VIDEO_SYNTHESIS,
    offer,
    prompt_field,
    ratio_field,
    resolution_field,
    seconds_range,
)

FAMILY = Family(
    id="all_in_one",
    label="All in one",
    icon="infinity",
    invitation="Words, pictures, clips and sounds become one clip.",
    default_model="wan3.0-video",
    api_order=(
        "prompt",
        "model",
        "first_frame",
        "last_frame",
        "reference_images",
        "reference_videos",
        "reference_audio",
        "resolution",
        "ratio",
        "duration",
        "audio",
        "seed",
        "region",
    ),
    examples=(
        Example(
            title="Night train",
            prompt="A night train crosses a stone viaduct in the mountains, lit windows, snow in the air, drone "
            "fly-through beside it, low rumble of the wheels",
        ),
        Example(
            title="Market",
            prompt="A morning market by the sea, the camera glides at eye level past fish, flowers and bread, voices "
            "and gulls, warm tones",
        ),
        Example(
            title="Robot",
            prompt="A small clay robot waters a single flower on a roof at sunset, it looks up and says "
            '"Grow, please," background music: soft piano',
        ),
    ),
    guide=FROM_WORDS,
)

_PAGE = Source(
    page="Wan 3.0 video API reference",
    url="https://help.aliyun.com/en/model-studio/wan3-video-generation-api-reference",
    checked=CHECKED,
)
_CLIP = VideoLimit(
    formats=("MP4", "MOV"), min_seconds=2, max_seconds=15, max_bytes=100 * MB, min_side=240, max_side=4096
)
_TRACK = AudioLimit(formats=("WAV", "MP3"), min_seconds=2, max_seconds=15, max_bytes=15 * MB)


def _frame(name: str, label: str, *, explained: str) -> ImageField:
    return ImageField(name=name, label=label, help=explained, wire=Wire(Place.MEDIA, name), vendor=IMAGE_27)


def _references(  # noqa: PLR0913 - one keyword per fact of a list
    name: str, label: str, *, key: str, explained: str, limit: MediaLimit, most: int, seconds: float | None = None
) -> FilesField:
    return FilesField(
        name=name,
        label=label,
        help=explained,
        wire=Wire(Place.MEDIA, key),
        takes=(Taken(vendor=limit, most_seconds=seconds),),
        most=most,
    )


_FIELDS = (
    prompt_field(20000, required=True),
    _frame("first_frame", "First picture", explained="Optional: the picture the clip begins with, up to 20 MB."),
    _frame(
        "last_frame", "Last picture", explained="Optional, with a first one: the picture it ends with, up to 20 MB."
    ),
    _references(
        "reference_images",
        "Pictures to go by",
        key="reference_image",
        explained="Optional: up to 10, up to 20 MB each.",
        limit=IMAGE_27,
        most=10,
    ),
    _references(
        "reference_videos",
        "Clips to go by",
        key="reference_video",
        explained="Optional: up to 5, MP4 or MOV, 2 to 15 s each and 15 s together, up to 100 MB each.",
        limit=_CLIP,
        most=5,
        seconds=15,
    ),
    _references(
        "reference_audio",
        "Sounds to go by",
        key="reference_audio",
        explained="Optional: up to 5, WAV or MP3, 2 to 15 s each and 15 s together, up to 15 MB each.",
        limit=_TRACK,
        most=5,
        seconds=15,
    ),
    resolution_field("480P", "720P", "1080P", default="720P", vendor_default="1080P", explained=""),
    ratio_field(
        "adaptive",
        "21:9",
        "16:9",
        "4:3",
        "1:1",
        "3:4",
        "9:16",
        default="adaptive",
        explained="Adaptive: as your pictures, clips and words ask for.",
    ),
    replace(seconds_range(2, 30), vendor_also=(-1,)),
    replace(AUDIO, help="The price is the same with and without."),
    replace(SEED, vendor_also=(-1,)),
)
_RULES = (
    Apart(
        fields=("first_frame", "last_frame"),
        others=("reference_images", "reference_videos", "reference_audio"),
        say="A first or last picture does not go with things to go by. Remove this, or the first and last picture.",
    ),
    Requires(field="last_frame", other="first_frame", say="Add a first picture too, or remove the last one."),
    SameShape(field="first_frame", other="last_frame"),
)
_NOTE = (
    "Prices are the list's, also while the provider takes 30 % off; the seconds of given clips are billed as well. "
    "Left out: a document or a link as a source, a length the model finds itself (-1), the seed -1. A last picture "
    "alone is not said to be taken, so it needs a first one. The limits of a single file are those of Wan 2.7, since "
    "the page gives numbers and total lengths only; it gives no pixels for a shape either."
)


def _offers(
    model_id: str, *, singapore: dict[str, str], beijing: dict[str, str], worldwide: dict[str, str]
) -> tuple[Offer, ...]:
    """Build the offers. Worldwide means the Global scope.

    Its price is Beijing's, converted at the English pages' factor of 0.143353 USD a yuan.
    """
    places = (
        ("singapore", "USD", singapore),
        *((region, "USD", worldwide) for region in ("virginia", "tokyo", "hongkong")),
        ("beijing", "CNY", beijing),
    )
    return tuple(
        offer(region, model_id, currency, prices, rate=5, workspace_only=True) for region, currency, prices in places
    )


def _model(model_id: str, title: str, *, summary: str, offers: tuple[Offer, ...]) -> Model:
    return Model(
        id=model_id,
        family=FAMILY.id,
        title=title,
        summary=summary,
        fields=_FIELDS,
        rules=_RULES,
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=(*USAGE_26_SIZED, UsageKey.FPS, UsageKey.RATIO),
        bill=Bill(given="reference_videos"),
        sound=Sound.CHOSEN,
        rewritten_prompt=False,
        offers=offers,
        source=_PAGE,
        price_source=PRICES,
        note=_NOTE,
    )


MODELS = (
    _model(
        "wan3.0-video",
        "Wan 3.0",
        summary="From anything, sound on or off, 2 to 30 s",
        offers=_offers(
            "wan3.0-video",
            singapore={"480P": "0.05", "720P": "0.10", "1080P": "0.20"},
            beijing={"480P": "0.30", "720P": "0.60", "1080P": "1.20"},
            worldwide={"480P": "0.043006", "720P": "0.086012", "1080P": "0.172024"},
        ),
    ),
    _model(
        "wan3.0-video-prime",
        "Wan 3.0 Prime",
        summary="The higher grade of Wan 3.0, at a higher price",
        offers=_offers(
            "wan3.0-video-prime",
            singapore={"480P": "0.068", "720P": "0.14", "1080P": "0.28"},
            beijing={"480P": "0.45", "720P": "0.90", "1080P": "1.80"},
            worldwide={"480P": "0.064509", "720P": "0.129018", "1080P": "0.258035"},
        ),
    ),
)
