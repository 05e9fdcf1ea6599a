"""Edit video: change, continue or widen a clip."""

from services.catalogue.prompt_guides import CHANGING
from services.catalogue.schema import (
    MB,
    Apart,
    Bill,
    Choice,
    ChoiceField,
    Example,
    Family,
    Field,
    FilesField,
    ImageField,
    ImageLimit,
    Mode,
    Model,
    NumberField,
    OneOf,
    Place,
    Requires,
    ResultShape,
    SizeField,
    Sound,
    Source,
    Taken,
    Together,
    UsageKey,
    VideoField,
    VideoLimit,
    Wire,
)
from services.catalogue.video_fields import (
    CHANGE_HELP,
    CHECKED,
    CLIP_27,
    FIVE_SECONDS,
    IMAGE_27,
    NEGATIVE_PROMPT,
    PRICES,
    PROMPT_EXTEND,
    SEED,
    SIZES,
    SIZES_27,
    UNSAID_27,
    USAGE_26_SIZED,
    VIDEO_SYNTHESIS,
    WATERMARK,
    offer,
    offers_27,
    prompt_field,
    ratio_field,
    resolution_field,
)

FAMILY = Family(
    id="edit_video",
    label="Edit video",
    icon="scissors",
    invitation="Give a clip and say what should be different.",
    default_model="wan2.7-videoedit",
    api_order=(
        "video",
        "prompt",
        "model",
        "function",
        "reference_images",
        "subjects",
        "background",
        "mask",
        "mask_clip",
        "first_frame",
        "last_frame",
        "first_clip",
        "last_clip",
        "motion_clip",
        "reference_image",
        "control_condition",
        "strength",
        "mask_type",
        "expand_ratio",
        "expand_mode",
        "top_scale",
        "bottom_scale",
        "left_scale",
        "right_scale",
        "size",
        "resolution",
        "ratio",
        "duration",
        "audio_setting",
        "negative_prompt",
        "prompt_extend",
        "watermark",
        "seed",
        "region",
    ),
    examples=(
        Example(title="Season", prompt="Turn the summer scene into deep winter, snow on every roof, keep the movement"),
        Example(title="Clay", prompt="Turn the whole clip into a clay animation, keep the movement of the people"),
        Example(title="Coat", prompt="Give the woman a bright red raincoat, keep everything else as it is"),
        Example(
            title="Evening", prompt="Let it be evening: warm light from the windows, wet streets, soft reflections"
        ),
    ),
    guide=CHANGING,
)

_PAGE_27 = Source(
    page="Video editing API reference (2.7)",
    url="https://www.alibabacloud.com/help/es/model-studio/wan-video-editing-api-reference",
    checked=CHECKED,
)
_PAGE_VACE = Source(
    page="Universal video editing (VACE) API reference",
    url="https://help.aliyun.com/zh/model-studio/wanx-vace-api-reference",
    checked=CHECKED,
)

# Wan 2.7 -------------------------------------------------------------------------------------------------------------

_LENGTH_27 = ChoiceField(
    name="duration",
    label="Length",
    wire=Wire(Place.PARAMETERS, "duration"),
    choices=(Choice(0, "As the clip"), *(Choice(seconds, f"{seconds} s") for seconds in range(2, 11))),
    unit="s",
    default=0,
)
_SOUND_27 = ChoiceField(
    name="audio_setting",
    label="Sound",
    help="Let the model decide by your words, or keep the sound of your clip.",
    wire=Wire(Place.PARAMETERS, "audio_setting"),
    choices=(Choice("auto", "As it fits"), Choice("origin", "Keep mine")),
    default="auto",
)
_FIELDS_27 = (
    VideoField(
        name="video",
        label="Your clip",
        help="MP4 or MOV, 2 to 10 s, up to 100 MB.",
        wire=Wire(Place.MEDIA, "video"),
        vendor=CLIP_27,
        required=True,
    ),
    prompt_field(5000, required=False, spoken=False, explained=CHANGE_HELP),
    FilesField(
        name="reference_images",
        label="Pictures to go by",
        help="Optional: up to 3 pictures of what should appear, up to 20 MB each.",
        wire=Wire(Place.MEDIA, "reference_image"),
        takes=(Taken(vendor=IMAGE_27),),
        most=3,
    ),
    resolution_field(
        "720P",
        "1080P",
        default="720P",
        vendor_default="1080P",
        explained="Unless you choose a shape, it follows your clip.",
    ),
    ratio_field("16:9", "9:16", "1:1", "4:3", "3:4", default=None, explained="As it is: the shape of your clip."),
    _LENGTH_27,
    _SOUND_27,
    NEGATIVE_PROMPT,
    PROMPT_EXTEND,
    WATERMARK,
    SEED,
)

# VACE ----------------------------------------------------------------------------------------------------------------

_PICTURE = ImageLimit(formats=("JPEG", "PNG", "BMP", "TIFF", "WEBP"), min_side=360, max_side=2000, max_bytes=10 * MB)
_CLIP = VideoLimit(formats=("MP4",), min_seconds=0, max_seconds=5, max_bytes=50 * MB, min_fps=16)
_SHORT_CLIP = VideoLimit(formats=("MP4",), min_seconds=0, max_seconds=3, max_bytes=50 * MB, min_fps=16)
_CLIP_HELP = "MP4, up to 5 s and 50 MB, at least 16 pictures a second."
_SHORT_HELP = "Optional: MP4, up to 3 s and 50 MB, at least 16 pictures a second."

_FUNCTION = ChoiceField(
    name="function",
    label="What to do",
    wire=Wire(Place.INPUT, "function"),
    choices=(
        Choice("image_reference", "New clip from pictures"),
        Choice("video_repainting", "Repaint a clip"),
        Choice("video_edit", "Change a part"),
        Choice("video_extension", "Make it longer"),
        Choice("video_outpainting", "Widen the frame"),
    ),
    default="image_reference",
    required=True,
)
_PROMPT = prompt_field(
    800, required=True, spoken=False, explained="Say what should be seen: who or what, where, and what happens."
)
_AFTER = (PROMPT_EXTEND, WATERMARK, SEED)


def _listed(name: str, label: str, *, explained: str, most: int, mark: str = "") -> FilesField:
    """Build a field of pictures in VACE's one list. `mark` is the value that the vendor requires for each."""
    return FilesField(
        name=name,
        label=label,
        help=explained,
        wire=Wire(Place.INPUT, "ref_images_url"),
        takes=(Taken(vendor=_PICTURE),),
        most=most,
        mark=(Wire(Place.PARAMETERS, "obj_or_bg"), mark) if mark else None,
    )


def _clip(
    name: str, label: str, *, key: str, limit: VideoLimit = _CLIP, explained: str = _CLIP_HELP, required: bool = False
) -> VideoField:
    return VideoField(
        name=name, label=label, help=explained, wire=Wire(Place.INPUT, key), vendor=limit, required=required
    )


def _picture(name: str, label: str, *, key: str, explained: str, required: bool = False) -> ImageField:
    return ImageField(
        name=name, label=label, help=explained, wire=Wire(Place.INPUT, key), vendor=_PICTURE, required=required
    )


def _control(*values: str, default: str | None) -> ChoiceField:
    """Build the choice of the properties that the new clip takes over from the given one."""
    labels = {
        "posebodyface": "Pose and face",
        "posebody": "Pose",
        "depth": "Depth and outlines",
        "scribble": "Lines",
    }
    return ChoiceField(
        name="control_condition",
        label="What to keep of the clip",
        help="What the new clip takes over: how people move, or how the place is built.",
        wire=Wire(Place.PARAMETERS, "control_condition"),
        choices=tuple(Choice(value, labels[value]) for value in values),
        default=default,
        required=default is not None,
        blank="Nothing",
    )


def _scale(side: str, *, default: float) -> NumberField:
    return NumberField(
        name=f"{side}_scale",
        label=f"Widen: {side}",
        help="1 adds nothing, 2 doubles it.",
        wire=Wire(Place.PARAMETERS, f"{side}_scale"),
        minimum=1.0,
        maximum=2.0,
        places=2,
        unit="×",
        default=default,
        vendor_default=1.0,
    )


_VIDEO = _clip("video", "Your clip", key="video_url", required=True)
_REFERENCE = _listed("reference_image", "Picture to go by", explained="Optional: what it should look like.", most=1)
_FIELDS_VACE = (
    _FUNCTION,
    _PROMPT,
    _listed("subjects", "Who and what", explained="Up to 3 people or things, a picture of each.", most=3, mark="obj"),
    _listed("background", "Background", explained="One picture of the place, with up to 2 others.", most=1, mark="bg"),
    SizeField(
        name="size",
        label="Shape",
        wire=Wire(Place.PARAMETERS, "size"),
        sizes=SIZES["720P"],
        default="1280*720",
    ),
    FIVE_SECONDS,
    *_AFTER,
)


def _mode(function: str, *fields: Field) -> Mode:
    """Build one function of VACE. Of the usual fields it keeps only the choice of the function."""
    usual = tuple(field.name for field in _FIELDS_VACE if field is not _FUNCTION)
    return Mode(field="function", value=function, lacks=usual, differs=(*fields, *_AFTER))


_MODES = (
    _mode(
        "video_repainting",
        _VIDEO,
        _PROMPT,
        _REFERENCE,
        _control("posebodyface", "posebody", "depth", "scribble", default="posebodyface"),
        NumberField(
            name="strength",
            label="Strength",
            help="How closely it keeps to your clip: 0 is free, 1 is close.",
            wire=Wire(Place.PARAMETERS, "strength"),
            minimum=0.0,
            maximum=1.0,
            places=2,
            default=1.0,
        ),
    ),
    _mode(
        "video_edit",
        _VIDEO,
        _picture(
            "mask",
            "Mask",
            key="mask_image_url",
            explained="A picture as large as your clip: white where it may change, black where it stays.",
        ),
        _clip(
            "mask_clip",
            "Mask that moves",
            key="mask_video_url",
            explained=f"Instead of a picture, a mask for each moment. {_CLIP_HELP}",
        ),
        _PROMPT,
        _REFERENCE,
        ChoiceField(
            name="mask_type",
            label="What the mask does",
            help="It follows what it covers in the first picture, or stays where it is.",
            wire=Wire(Place.PARAMETERS, "mask_type"),
            choices=(Choice("tracking", "Follows"), Choice("fixed", "Stays")),
            default="tracking",
        ),
        _control("posebodyface", "depth", default=None),
        NumberField(
            name="expand_ratio",
            label="Grow the mask",
            help="How far it may reach beyond what it covers.",
            wire=Wire(Place.PARAMETERS, "expand_ratio"),
            minimum=0.0,
            maximum=1.0,
            places=2,
            default=0.05,
            folded=True,
        ),
        ChoiceField(
            name="expand_mode",
            label="Shape of the grown mask",
            wire=Wire(Place.PARAMETERS, "expand_mode"),
            choices=(Choice("hull", "Round about"), Choice("bbox", "Box"), Choice("original", "As drawn")),
            default="hull",
            folded=True,
        ),
    ),
    _mode(
        "video_extension",
        _picture("first_frame", "First picture", key="first_frame_url", explained="Optional: how the clip begins."),
        _picture("last_frame", "Last picture", key="last_frame_url", explained="Optional: how the clip ends."),
        _clip("first_clip", "Clip at the beginning", key="first_clip_url", limit=_SHORT_CLIP, explained=_SHORT_HELP),
        _clip("last_clip", "Clip at the end", key="last_clip_url", limit=_SHORT_CLIP, explained=_SHORT_HELP),
        _PROMPT,
        FIVE_SECONDS,
        _clip("motion_clip", "Clip that shows the motion", key="video_url"),
        _control("posebodyface", "posebody", "depth", "scribble", default=None),
    ),
    _mode(
        "video_outpainting",
        _VIDEO,
        _PROMPT,
        _scale("left", default=1.25),
        _scale("right", default=1.25),
        _scale("top", default=1.0),
        _scale("bottom", default=1.0),
    ),
)
_BEGINS_OR_ENDS = ("first_frame", "last_frame", "first_clip", "last_clip")
_ONE_START = "The beginning is a picture or a clip, not both. Remove one."
_ONE_END = "The end is a picture or a clip, not both. Remove one."
_ONE_CLIP = "Give a clip for the beginning or for the end: the two may be 3 s together only. Remove one."

MODELS = (
    Model(
        id="wan2.7-videoedit",
        family=FAMILY.id,
        title="Wan 2.7 Edit",
        summary="Changes a clip by your words, 2 to 10 s",
        fields=_FIELDS_27,
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=USAGE_26_SIZED,
        bill=Bill(count=("duration", "video"), given="video"),
        sound=Sound.ALWAYS,
        rewritten_prompt=True,
        sizes=SIZES_27,
        offers=offers_27("wan2.7-videoedit"),
        source=_PAGE_27,
        price_source=PRICES,
        note="One page takes 4 pictures, another 3: 3 are offered. The limits of a single file and the sizes in pixels "
        f"are those of the other Wan 2.7 pages. {UNSAID_27}",
    ),
    Model(
        id="wan2.1-vace-plus",
        family=FAMILY.id,
        title="Wan 2.1 VACE",
        summary="Five ways to work on a clip, silent, up to 5 s",
        fields=_FIELDS_VACE,
        modes=_MODES,
        rules=(
            OneOf(fields=("subjects", "background"), say="Add a picture of somebody or something, or of a background."),
            Together(
                fields=("subjects", "background"),
                most=3,
                say="With a background, 2 people or things are the most. Remove one of them, or the background.",
            ),
            OneOf(fields=("mask", "mask_clip"), say="Add a mask: it says where your clip may change."),
            Apart(fields=("mask",), others=("mask_clip",), say="One mask is enough. Remove this, or the picture."),
            OneOf(fields=_BEGINS_OR_ENDS, say="Add a picture or a clip for the beginning or the end."),
            Apart(fields=("first_frame",), others=("first_clip",), say=_ONE_START),
            Apart(fields=("last_frame",), others=("last_clip",), say=_ONE_END),
            Apart(fields=("first_clip",), others=("last_clip",), say=_ONE_CLIP),
            Requires(
                field="motion_clip",
                other="control_condition",
                say="Choose what to keep of the clip that shows the motion.",
            ),
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=(UsageKey.VIDEO_DURATION, UsageKey.RATIO_IS_STANDARD, UsageKey.COUNT),
        bill=Bill(count=("duration", "video"), tier=""),
        sound=Sound.NONE,
        rewritten_prompt=True,
        usual_seconds=(300, 600),
        offers=(
            offer("singapore", "wan2.1-vace-plus", "USD", {"": "0.10"}, rate=2),
            offer("beijing", "wanx2.1-vace-plus", "CNY", {"": "0.70"}, rate=2),
        ),
        source=_PAGE_VACE,
        price_source=PRICES,
        note="Of up to three pictures to go by, one may be a background. A mask that is a picture is "
        "for the first frame; another frame (mask_frame_id) is left out. To make a clip longer, give one clip, at the "
        "beginning or at the end: two may be 3 s together.",
    ),
)
