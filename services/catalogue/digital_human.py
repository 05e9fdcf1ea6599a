"""Digital human: a portrait that speaks with a given voice."""

from decimal import Decimal

from services.catalogue.schema import (
    MB,
    AudioField,
    AudioLimit,
    Bill,
    Family,
    ImageField,
    ImageLimit,
    Model,
    Place,
    Precheck,
    ResultShape,
    Size,
    Sound,
    Source,
    UsageKey,
    Wire,
)
from services.catalogue.video_fields import CHECKED, IMAGE_FORMATS, IMAGE_TO_VIDEO, PRICES, offer, resolution_field

FAMILY = Family(
    id="digital_human",
    label="Digital human",
    icon="mic",
    invitation="Give a portrait and a voice; the portrait speaks.",
    default_model="wan2.2-s2v",
    api_order=("image", "audio_file", "resolution", "model", "region"),
)

_PAGE = Source(
    page="Digital human (wan2.2-s2v) API reference",
    url="https://help.aliyun.com/zh/model-studio/wan-s2v-api",
    checked=CHECKED,
)
_CHECK_PAGE = Source(
    page="Digital human picture check (wan2.2-s2v-detect) API reference",
    url="https://help.aliyun.com/zh/model-studio/wan-s2v-detect-api",
    checked=CHECKED,
)

# The page says "under 20 s" and "under 15 MB". A limit here is the accepted maximum, and a track may exceed it by a
# tenth of a second, for the silence that encoders add.
_VENDOR_SECONDS = 19.89
_OUR_SECONDS = 19.8
_MOST_BYTES = 15 * MB - 1

_PORTRAIT = Wire(Place.INPUT, "image_url")

MODELS = (
    Model(
        id="wan2.2-s2v",
        family=FAMILY.id,
        title="Wan 2.2 Speech",
        summary="A portrait speaks or sings, up to 20 s",
        fields=(
            ImageField(
                name="image",
                label="Portrait",
                help="One person, facing the camera. JPEG, PNG, BMP or WEBP, 400 to 2000 px a side, up to 10 MB.",
                wire=_PORTRAIT,
                required=True,
                vendor=ImageLimit(formats=IMAGE_FORMATS, min_side=400, max_side=7000, max_bytes=10 * MB),
                ours=ImageLimit(formats=IMAGE_FORMATS, min_side=400, max_side=2000, max_bytes=10 * MB),
                sample="portrait.jpg",
            ),
            AudioField(
                name="audio_file",
                label="Voice",
                help="A clear voice with little noise or music. WAV or MP3, under 20 s and 15 MB. "
                "The clip is as long as the voice.",
                wire=Wire(Place.INPUT, "audio_url"),
                required=True,
                vendor=AudioLimit(
                    formats=("WAV", "MP3"), min_seconds=0, max_seconds=_VENDOR_SECONDS, max_bytes=_MOST_BYTES
                ),
                ours=AudioLimit(formats=("WAV", "MP3"), min_seconds=1, max_seconds=_OUR_SECONDS, max_bytes=_MOST_BYTES),
            ),
            resolution_field("480P", "720P", default="480P", explained="The shape follows your portrait."),
        ),
        endpoint=IMAGE_TO_VIDEO,
        result=ResultShape.RESULTS_VIDEO_URL,
        usage=(UsageKey.DURATION, UsageKey.SIZE, UsageKey.FPS, UsageKey.TIER, UsageKey.COUNT),
        bill=Bill(count=("audio_file",)),
        sound=Sound.ALWAYS,
        rewritten_prompt=False,
        sizes=(Size("480P", "", 640, 480), Size("720P", "", 1280, 720)),
        precheck=Precheck(
            id="wan2.2-s2v-detect",
            path="/services/aigc/image2video/face-detect",
            field="image",
            wire=_PORTRAIT,
            price=Decimal("0.004"),
            source=_CHECK_PAGE,
        ),
        fps=16,
        fps_by_tier=(("720P", 30),),
        usual_seconds=(300, 600),
        offers=(offer("beijing", "wan2.2-s2v", "CNY", {"480P": "0.5", "720P": "0.9"}, rate=5, running=1),),
        source=_PAGE,
        price_source=PRICES,
        note="No page names a file size for the portrait, or a least length for the voice: 10 MB and 1 s are ours.",
    ),
)
