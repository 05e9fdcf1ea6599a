"""Reference to video: people, animals and things from pictures and clips appear in a new clip."""

from services.catalogue.prompt_guides import WITH_REFERENCES
from services.catalogue.schema import (
    MB,
    Bill,
    Caps,
    Example,
    Family,
    FilesField,
    ImageField,
    ImageLimit,
    Model,
    Place,
    ResultShape,
    SizeField,
    Sound,
    Source,
    Taken,
    VideoLimit,
    Wire,
)
from services.catalogue.video_fields import (
    AUDIO,
    CHECKED,
    CLIP_27,
    GLOBAL_PRICE,
    GLOBAL_SCOPE,
    IMAGE_27,
    IMAGE_FORMATS,
    NAMED_HELP,
    NEGATIVE_PROMPT,
    PRICES,
    SEED,
    SHOT_TYPE,
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
    id="reference_to_video",
    label="Reference to video",
    icon="users-round",
    invitation="Give pictures or clips of whom you want to see, and say what they do.",
    default_model="wan2.6-r2v-flash",
    api_order=(
        "references",
        "prompt",
        "model",
        "size",
        "duration",
        "audio",
        "shot_type",
        "resolution",
        "ratio",
        "first_frame",
        "negative_prompt",
        "watermark",
        "seed",
        "region",
    ),
    examples=(
        Example(
            title="A walk",
            prompt="{1} walks along a beach at sunset, stops, turns to the camera and laughs, slow push in",
        ),
        Example(
            title="A talk",
            prompt="{1} and {2} sit at a small table in a cafe. {1} leans forward and says "
            '"I have something to tell you." {2} looks up in surprise',
        ),
        Example(
            title="On stage",
            prompt="{1} sings on a small stage, warm spotlight, the audience sways, handheld camera, "
            "background music: slow jazz",
        ),
    ),
    guide=WITH_REFERENCES,
)

_PAGE = Source(
    page="Reference to video API reference (2.6)",
    url="https://help.aliyun.com/zh/model-studio/wan-video-to-video-api-reference",
    checked=CHECKED,
)
_PAGE_27 = Source(
    page="Reference to video guide (2.7)",
    url="https://docs.qwencloud.com",
    checked=CHECKED,
)
_BILL = Bill(given="references", given_most=5)

_SOMEBODY = "portrait.jpg"
_PICTURE = Taken(
    vendor=ImageLimit(formats=IMAGE_FORMATS, min_side=240, max_side=8000, max_bytes=20 * MB),
    called="character{}",
)
_CLIP = Taken(
    vendor=VideoLimit(formats=("MP4", "MOV"), min_seconds=1, max_seconds=30, max_bytes=100 * MB),
    most=3,
    called="character{}",
)


def _references(*takes: Taken, most: int, explained: str) -> FilesField:
    return FilesField(
        name="references",
        label="References",
        help=explained,
        wire=Wire(Place.INPUT, "reference_urls"),
        formerly="reference_video_urls",
        takes=takes,
        most=most,
        required=True,
        sample=_SOMEBODY,
    )


_REFERENCES = _references(
    _PICTURE, _CLIP, most=5, explained="Up to 5 pictures or clips, 3 clips of 1 to 30 s at most, one subject in each."
)
_CLIPS_ONLY = _references(_CLIP, most=3, explained="Up to 3 clips of 1 to 30 s, one subject in each.")
_SIZE = SizeField(
    name="size",
    label="Shape and quality",
    wire=Wire(Place.PARAMETERS, "size"),
    sizes=(*SIZES["720P"], *SIZES["1080P"]),
    default="1280*720",
    vendor_default="1920*1080",
)

_NOTE_26 = (
    "Older pages list prompt_extend for this family; the newest reference does not, so it is not sent. Older pages "
    "also take pictures up to 5000 px and 10 MB only; the newest reference's limits hold."
)

_REFERENCES_27 = FilesField(
    name="references",
    label="References",
    help="Up to 5 pictures or clips of 2 to 10 s, one subject in each.",
    wire=Wire(Place.MEDIA, "reference_image"),
    takes=(
        Taken(vendor=IMAGE_27, key="reference_image", called="Image {}"),
        Taken(
            vendor=VideoLimit(
                formats=("MP4", "MOV"), min_seconds=1, max_seconds=30, max_bytes=100 * MB, min_side=240, max_side=4096
            ),
            ours=CLIP_27,
            key="reference_video",
            called="Video {}",
        ),
    ),
    most=5,
    required=True,
    sample=_SOMEBODY,
)
_FIRST_FRAME = ImageField(
    name="first_frame",
    label="First picture",
    help="Optional: the picture the clip begins with, 240 to 8000 px a side, up to 20 MB.",
    wire=Wire(Place.MEDIA, "first_frame"),
    vendor=IMAGE_27,
    folded=True,
)

MODELS = (
    Model(
        id="wan2.6-r2v-flash",
        family=FAMILY.id,
        title="Wan 2.6 Flash",
        summary="Fast, sound on or off, 2 to 10 s",
        fields=(
            _REFERENCES,
            prompt_field(1500, required=True, explained=NAMED_HELP),
            _SIZE,
            seconds_range(2, 10),
            AUDIO,
            NEGATIVE_PROMPT,
            SHOT_TYPE,
            WATERMARK,
            SEED,
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=USAGE_26_SIZED,
        bill=_BILL,
        sound=Sound.CHOSEN,
        rewritten_prompt=False,
        several_shots=True,
        offers=(
            offer(
                "singapore",
                "wan2.6-r2v-flash",
                "USD",
                {"720P": "0.05", "1080P": "0.075"},
                silent_prices={"720P": "0.025", "1080P": "0.0375"},
                rate=5,
            ),
            offer(
                "beijing",
                "wan2.6-r2v-flash",
                "CNY",
                {"720P": "0.3", "1080P": "0.5"},
                silent_prices={"720P": "0.15", "1080P": "0.25"},
                rate=5,
            ),
        ),
        source=_PAGE,
        price_source=PRICES,
        note=_NOTE_26,
    ),
    Model(
        id="wan2.6-r2v",
        family=FAMILY.id,
        title="Wan 2.6",
        summary="Best quality, sound, several shots, 2 to 10 s",
        fields=(
            _REFERENCES,
            prompt_field(1500, required=True, explained=NAMED_HELP),
            _SIZE,
            seconds_range(2, 10),
            NEGATIVE_PROMPT,
            SHOT_TYPE,
            WATERMARK,
            SEED,
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=USAGE_26_SIZED,
        bill=_BILL,
        sound=Sound.ALWAYS,
        rewritten_prompt=False,
        several_shots=True,
        offers=(
            offer("singapore", "wan2.6-r2v", "USD", {"720P": "0.10", "1080P": "0.15"}, rate=5),
            *global_offers("wan2.6-r2v", differs=(_CLIPS_ONLY, seconds_choice(5, 10))),
            offer("beijing", "wan2.6-r2v", "CNY", {"720P": "0.6", "1080P": "1.0"}, rate=5),
        ),
        source=_PAGE,
        price_source=PRICES,
        note=f"{GLOBAL_SCOPE.format('clips as references, and 5 and 10 s')} {GLOBAL_PRICE} {_NOTE_26}",
    ),
    Model(
        id="wan2.7-r2v",
        snapshots=("2026-06-12",),
        family=FAMILY.id,
        title="Wan 2.7",
        summary="Long prompts, a first picture, up to 15 s",
        fields=(
            _REFERENCES_27,
            prompt_field(5000, required=True, explained=NAMED_HELP),
            resolution_field("720P", "1080P", default="720P", vendor_default="1080P", explained=""),
            ratio_field("16:9", "9:16", "1:1", "4:3", "3:4", default="16:9"),
            seconds_range(2, 15),
            _FIRST_FRAME,
            NEGATIVE_PROMPT,
            WATERMARK,
            SEED,
        ),
        rules=(
            Caps(
                field="duration",
                most=10,
                files="references",
                say="With a clip among the references a clip is 10 s long at most. Choose 2 to 10 s.",
            ),
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=USAGE_26_SIZED,
        bill=_BILL,
        sound=Sound.ALWAYS,
        rewritten_prompt=False,
        several_shots=True,
        sizes=SIZES_27,
        offers=offers_27("wan2.7-r2v"),
        source=_PAGE_27,
        price_source=PRICES,
        note="A voice for each reference (reference_voice) is left out. The limits of a single file and the sizes in "
        "pixels are those of the other Wan 2.7 pages: how long a clip may be is not said here, so it is held to their "
        "2 to 10 s, where Wan 2.6 takes references of 1 to 30 s. prompt_extend is not named, so it is not sent. "
        f"{UNSAID_27}",
    ),
)
