"""Animate a person: the person in a picture moves like the person in a clip, or replaces them there."""

from dataclasses import replace

from services.catalogue.schema import (
    MB,
    Bill,
    Choice,
    ChoiceField,
    Family,
    ImageField,
    ImageLimit,
    Model,
    Offer,
    Place,
    ResultShape,
    Sound,
    Source,
    SwitchField,
    UsageKey,
    VideoField,
    VideoLimit,
    Wire,
)
from services.catalogue.video_fields import CHECKED, IMAGE_FORMATS, IMAGE_TO_VIDEO, PRICES, WATERMARK, offer

FAMILY = Family(
    id="animate_person",
    label="Animate a person",
    icon="person-standing",
    invitation="Give a picture of somebody and a clip of the movement.",
    default_model="wan2.2-animate-move",
    api_order=("image", "video", "model", "mode", "check_image", "watermark", "region"),
)

_PAGE = Source(
    page="Animate API reference",
    url="https://help.aliyun.com/zh/model-studio/wan-animate-move-api",
    checked=CHECKED,
)
_ERRORS = Source(
    page="Error codes",
    url="https://help.aliyun.com/zh/model-studio/error-code",
    checked=CHECKED,
)
_FIELDS = (
    ImageField(
        name="image",
        label="Picture of the person",
        help="One person, well visible. JPEG, PNG, BMP or WEBP, 200 to 4096 px a side, up to 5 MB.",
        wire=Wire(Place.INPUT, "image_url"),
        vendor=ImageLimit(formats=IMAGE_FORMATS, min_side=200, max_side=4096, max_bytes=5 * MB, longest_ratio=3),
        required=True,
        sample="portrait.jpg",
    ),
    VideoField(
        name="video",
        label="Clip of the movement",
        help="One person who moves. MP4, AVI or MOV, 2 to 30 s, 200 to 2048 px a side, up to 200 MB, "
        "15 to 60 pictures a second.",
        wire=Wire(Place.INPUT, "video_url"),
        vendor=VideoLimit(
            formats=("MP4", "AVI", "MOV"),
            min_seconds=2,
            max_seconds=30,
            max_bytes=200 * MB,
            min_side=200,
            max_side=2048,
            min_fps=15,
            max_fps=60,
            longest_ratio=3,
        ),
        required=True,
    ),
    ChoiceField(
        name="mode",
        label="Quality",
        wire=Wire(Place.PARAMETERS, "mode"),
        choices=(Choice("wan-std", "Standard"), Choice("wan-pro", "Professional")),
        default="wan-std",
        required=True,
    ),
    SwitchField(
        name="check_image",
        label="Let the provider check the picture first",
        help="It looks for one person before it begins.",
        wire=Wire(Place.PARAMETERS, "check_image"),
        default=True,
        folded=True,
    ),
    replace(WATERMARK, wire=Wire(Place.INPUT, "watermark")),
)
_NOTE = (
    "The page does not list the formats of the picture here: those of the other Wan pages are taken. The shape of the "
    f"clip and its pictures a second are those of the error texts: {_ERRORS.page}, {_ERRORS.url}."
)


def _model(model_id: str, title: str, *, summary: str, offers: tuple[Offer, ...]) -> Model:
    return Model(
        id=model_id,
        family=FAMILY.id,
        title=title,
        summary=summary,
        fields=_FIELDS,
        endpoint=IMAGE_TO_VIDEO,
        result=ResultShape.RESULTS_VIDEO_URL,
        usage=(UsageKey.VIDEO_DURATION, UsageKey.RATIO_IS_MODE),
        bill=Bill(count=("video",), tier="mode"),
        sound=Sound.UNSAID,
        rewritten_prompt=False,
        usual_seconds=(300, 600),
        offers=offers,
        source=_PAGE,
        price_source=PRICES,
        note=_NOTE,
    )


MODELS = (
    _model(
        "wan2.2-animate-move",
        "Wan 2.2 Move",
        summary="Your person moves as the one in the clip does",
        offers=(
            offer("singapore", "wan2.2-animate-move", "USD", {"wan-std": "0.12", "wan-pro": "0.18"}, rate=5, running=1),
            offer("beijing", "wan2.2-animate-move", "CNY", {"wan-std": "0.4", "wan-pro": "0.6"}, rate=5, running=1),
        ),
    ),
    _model(
        "wan2.2-animate-mix",
        "Wan 2.2 Mix",
        summary="Your person takes the place of the one in the clip",
        offers=(
            offer("singapore", "wan2.2-animate-mix", "USD", {"wan-std": "0.18", "wan-pro": "0.26"}, rate=5, running=1),
            offer("beijing", "wan2.2-animate-mix", "CNY", {"wan-std": "0.6", "wan-pro": "0.9"}, rate=5, running=1),
        ),
    ),
)
