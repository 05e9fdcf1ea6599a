"""Images: pictures from a prompt, pictures edited by a prompt, and articles of text and pictures."""

from dataclasses import replace

from services.catalogue.image_fields import (
    CHANGE_HELP,
    CHOICES_USAGE,
    FROM_WORDS,
    FROM_WORDS_HELP,
    IMAGE_25,
    IMAGE_26,
    IMAGE_27,
    IMAGE_GENERATION,
    IMAGE_TO_IMAGE,
    IN_INPUT,
    IN_MESSAGE,
    LONG_UP_TO_2048,
    PICTURES,
    PROMPT_EXTEND,
    RESULTS_USAGE,
    SEED,
    SHAPES_10,
    SHAPES_13,
    SHAPES_14,
    SHAPES_20,
    SIDES,
    TEXT_TO_IMAGE,
    UP_TO_1280,
    UP_TO_2048,
    WATERMARK,
    images_field,
    negative_prompt,
    number_field,
    offer,
    offers,
    prompt_field,
    size_field,
)
from services.catalogue.schema import (
    Apart,
    Area,
    Example,
    Family,
    Field,
    FixedField,
    Guide,
    Mode,
    Model,
    NumberField,
    Offer,
    Overrides,
    Part,
    Place,
    ResultShape,
    Rule,
    SizeField,
    Sound,
    Source,
    SwitchField,
    Wire,
)
from services.catalogue.video_fields import CHECKED, PRICES

_HELP = "https://help.aliyun.com/zh/model-studio"
_FROM_WORDS = Source(
    page="Text to image API reference (2.1 to 2.6)", url=f"{_HELP}/text-to-image-v2-api-reference", checked=CHECKED
)
_PAGE_26 = Source(
    page="Wan 2.6 image API reference", url=f"{_HELP}/wan-image-generation-api-reference", checked=CHECKED
)
_PAGE_27 = Source(
    page="Wan 2.7 image API reference", url=f"{_HELP}/wan-image-generation-and-editing-api-reference", checked=CHECKED
)
_PAGE_25 = Source(
    page="Wan 2.5 image editing API reference", url=f"{_HELP}/wan2-5-image-edit-api-reference", checked=CHECKED
)

GUIDE = Guide(
    parts=(
        Part(label="Subject", hint="Who or what it is about, and how they look."),
        Part(label="Scene", hint="Where it is, and what is around."),
        Part(
            label="Style",
            hint="What it should look like, if not like a photo.",
            words=(
                "realistic",
                "watercolour",
                "3D cartoon",
                "clay",
                "origami",
                "ceramic",
                "ink painting",
                "gongbi",
                "pointillism",
                "surreal",
                "wasteland",
            ),
        ),
        Part(
            label="Framing",
            hint="How near, from where, and through which lens.",
            words=(
                "close-up",
                "medium shot",
                "wide shot",
                "eye level",
                "from above",
                "low angle",
                "aerial view",
                "macro lens",
                "ultra-wide lens",
                "telephoto lens",
                "fisheye lens",
            ),
        ),
        Part(
            label="Light",
            hint="Where it comes from.",
            words=("natural light", "backlight", "neon light", "ambient light"),
        ),
        Part(label="Mood", hint="The feeling of the whole, for example calm, festive or lonely."),
        Part(label="Details", hint="Small things that should be seen: a texture, a word on a sign, a reflection."),
    ),
    source=Source(page="Text to image prompt guide", url=f"{_HELP}/text-to-image-prompt", checked=CHECKED),
)

FAMILY = Family(
    id="generate_image",
    label="Images",
    icon="image",
    invitation="Describe a picture, or give some and say what should change.",
    default_model="wan2.6-t2i",
    api_order=(
        "prompt",
        "model",
        "images",
        "n",
        "size",
        "enable_interleave",
        "max_images",
        "negative_prompt",
        "stream",
        "enable_sequential",
        "thinking_mode",
        "prompt_extend",
        "watermark",
        "seed",
        "region",
    ),
    examples=(
        Example(
            title="Tea house",
            prompt="A small tea house on stilts above a misty lake at dawn, paper lanterns reflected in the water, "
            "watercolour, wide shot, calm and quiet",
        ),
        Example(
            title="Paper fox",
            prompt="An origami fox of red paper on a mossy stone in a pine forest, macro lens, soft natural light, "
            "every fold sharp",
        ),
        Example(
            title="Shop window",
            prompt="A flower shop at night seen from the street, a neon sign says FLOWERS, rain on the glass, "
            "reflections on the pavement, realistic, eye level",
        ),
        Example(
            title="Recipe",
            prompt="An illustrated recipe for tomato soup in three steps: cut, cook, serve. One picture for each step",
            model="wan2.6-image",
            choices=(("enable_interleave", True),),
        ),
    ),
    guide=GUIDE,
)

_SQUARE = "1280*1280"


def _words_in_message(max_chars: int) -> tuple[Field, ...]:
    return (
        prompt_field(IN_MESSAGE, max_chars, explained=FROM_WORDS_HELP),
        size_field(SHAPES_14, FROM_WORDS, default=_SQUARE, explained="Or any size of 1.6 to 2.1 megapixels."),
        number_field(),
        negative_prompt(Place.PARAMETERS),
        PROMPT_EXTEND,
        WATERMARK,
        SEED,
    )


def _words_in_input(max_chars: int, size: SizeField) -> tuple[Field, ...]:
    return (
        prompt_field(IN_INPUT, max_chars, explained=FROM_WORDS_HELP),
        size,
        number_field(),
        negative_prompt(Place.INPUT),
        PROMPT_EXTEND,
        WATERMARK,
        SEED,
    )


_SIZE_BY_SIDES = size_field(
    SHAPES_10, SIDES, default="1024*1024", explained="Or any width and height of 512 to 1440 px each."
)


def _older(model_id: str, *, title: str, summary: str, offers: tuple[Offer, ...]) -> Model:
    """Build a model of the generations 2.2 and 2.1, which differ only in their strengths and prices."""
    return Model(
        id=model_id,
        family=FAMILY.id,
        title=title,
        summary=summary,
        fields=_words_in_input(500, _SIZE_BY_SIDES),
        endpoint=TEXT_TO_IMAGE,
        result=ResultShape.RESULTS,
        usage=RESULTS_USAGE,
        bill=PICTURES,
        sound=Sound.NONE,
        rewritten_prompt=True,
        usual_seconds=(60, 120),
        offers=offers,
        source=_FROM_WORDS,
        price_source=PRICES,
    )


# Wan 2.6 -------------------------------------------------------------------------------------------------------------

# Virginia and Frankfurt serve the Global scope: CNY 0.20 at the English pages' factor of 0.143353.
_GLOBAL = "0.028671"

_ARTICLE = Mode(
    field="enable_interleave",
    value=True,
    differs=(
        prompt_field(
            IN_MESSAGE, 2000, explained="Say what it is about and for whom, and how many steps or parts it should have."
        ),
        images_field(
            Wire(Place.CONTENT, "image"),
            IMAGE_26,
            least=0,
            most=1,
            data_uri=True,
            explained="Optional: a picture to begin from.",
        ),
        size_field(
            SHAPES_13,
            UP_TO_1280,
            default=None,
            explained="Automatic: as your picture, or square. Up to 1.6 megapixels.",
        ),
        FixedField(name="n", label="How many", value=1, wire=Wire(Place.PARAMETERS, "n"), sent=True),
        NumberField(
            name="max_images",
            label="Pictures at most",
            help="The model decides how many the article needs. Each one is billed.",
            wire=Wire(Place.PARAMETERS, "max_images"),
            minimum=1,
            maximum=5,
            default=3,
            vendor_default=5,
        ),
        SwitchField(
            name="stream",
            label="Watch it being made",
            help="Words and pictures appear as they come. Should the connection break, you keep what came so far and "
            "the rest is lost. Without it nothing can be lost.",
            wire=Wire(Place.PARAMETERS, "stream"),
            default=False,
            sent_when_off=False,
        ),
    ),
    lacks=("prompt_extend",),
    at_most=True,
)

_WAN_26_IMAGE = Model(
    id="wan2.6-image",
    family=FAMILY.id,
    title="Wan 2.6 Edit",
    summary="Changes 1 to 4 pictures, or writes an illustrated article",
    fields=(
        prompt_field(IN_MESSAGE, 2000, explained=CHANGE_HELP),
        SwitchField(
            name="enable_interleave",
            label="Illustrated article",
            help="Words and pictures in turn, for a recipe, a guide or a story.",
            wire=Wire(Place.PARAMETERS, "enable_interleave"),
            default=False,
        ),
        images_field(
            Wire(Place.CONTENT, "image"),
            IMAGE_26,
            least=1,
            most=4,
            data_uri=True,
            explained="1 to 4 pictures: JPEG, PNG, BMP or WEBP, 240 to 8000 px a side, up to 10 MB. "
            "The last one gives the shape.",
        ),
        replace(
            size_field(SHAPES_13, UP_TO_2048, default="1K", explained="1K and 2K keep the shape of your last picture."),
            areas=(Area("1K", 1280 * 1280), Area("2K", 2048 * 2048)),
        ),
        number_field(),
        negative_prompt(Place.PARAMETERS),
        PROMPT_EXTEND,
        WATERMARK,
        SEED,
    ),
    modes=(_ARTICLE,),
    endpoint=IMAGE_GENERATION,
    result=ResultShape.CHOICES,
    usage=CHOICES_USAGE,
    bill=replace(PICTURES, count=("max_images", "n")),
    sound=Sound.NONE,
    rewritten_prompt=False,
    live="stream",
    usual_seconds=(20, 240),
    offers=(
        offer("singapore", "wan2.6-image", "USD", "0.03", rate=5),
        offer("virginia", "wan2.6-image", "USD", _GLOBAL, rate=5),
        offer("beijing", "wan2.6-image", "CNY", "0.20", rate=5),
        offer("frankfurt", "wan2.6-image", "USD", _GLOBAL, rate=5, lacks=("stream",)),
    ),
    source=_PAGE_26,
    price_source=PRICES,
    note="Frankfurt takes tasks only: an article cannot be watched there. The page's sample for 1K is smaller than its "
    "text says; the text holds here. An article begins with 3 pictures at most, where the vendor's default is 5.",
)

# Wan 2.7 -------------------------------------------------------------------------------------------------------------

_SIZES_27 = replace(
    size_field(SHAPES_20, LONG_UP_TO_2048, default="2K", explained="1K and 2K keep the shape of your last picture."),
    areas=(Area("1K", 1024 * 1024), Area("2K", 2048 * 2048)),
)
_SIZES_27_PRO = replace(
    _SIZES_27,
    help="1K and 2K keep the shape of your last picture. 4K is for words alone.",
    areas=(*_SIZES_27.areas, Area("4K", 4096 * 4096)),
)
_SET = Mode(
    field="enable_sequential",
    value=True,
    differs=(
        number_field(
            most=12, default=4, vendor_default=12, explained="Pictures in the set, at most. Each one is billed."
        ),
        _SIZES_27,
    ),
    lacks=("thinking_mode",),
    at_most=True,
)


_FOUR_K_FROM_WORDS = Apart(
    fields=("images",),
    others=("size",),
    being="4K",
    say="4K is for words alone. Choose 1K or 2K, or leave out your pictures.",
)


def _wan_27(
    model_id: str,
    *,
    title: str,
    summary: str,
    sizes: SizeField,
    offers: tuple[Offer, ...],
    rules: tuple[Rule, ...] = (),
) -> Model:
    """Build a model of the generation 2.7. They differ in their sizes and prices."""
    return Model(
        id=model_id,
        family=FAMILY.id,
        title=title,
        summary=summary,
        fields=(
            prompt_field(IN_MESSAGE, 5000, explained=f"{FROM_WORDS_HELP} Or say what to change in image 1, image 2."),
            images_field(
                Wire(Place.CONTENT, "image"),
                IMAGE_27,
                least=0,
                most=9,
                explained="Optional: up to 9 pictures, JPEG, PNG, BMP or WEBP, 240 to 8000 px a side, up to 20 MB.",
            ),
            sizes,
            number_field(vendor_default=None),
            SwitchField(
                name="enable_sequential",
                label="A set that belongs together",
                help="Several pictures with the same people and style, for a story or a storyboard.",
                wire=Wire(Place.PARAMETERS, "enable_sequential"),
                default=False,
            ),
            SwitchField(
                name="thinking_mode",
                label="Think first",
                help="The model plans the picture before it draws. Only for words alone.",
                wire=Wire(Place.PARAMETERS, "thinking_mode"),
                default=True,
                folded=True,
            ),
            WATERMARK,
            SEED,
        ),
        rules=(
            Overrides(
                field="images",
                value=None,
                drops="thinking_mode",
                say="The model thinks first for words alone; with pictures this choice has no effect.",
            ),
            *rules,
        ),
        modes=(_SET,),
        endpoint=IMAGE_GENERATION,
        result=ResultShape.CHOICES,
        usage=CHOICES_USAGE,
        bill=PICTURES,
        sound=Sound.NONE,
        rewritten_prompt=False,
        usual_seconds=(20, 240),
        offers=offers,
        source=_PAGE_27,
        price_source=PRICES,
        note="Left out: bbox_list, color_palette, and free sizes above 2048 x 2048. Not documented, so not sent: "
        "negative_prompt, prompt_extend. Pages disagree on the vendor's default for n (1 or 4): it is always sent. "
        "A set may have fewer pictures than asked for, so its price is the most it can cost.",
    )


# All models, in the order of the picker ------------------------------------------------------------------------------

MODELS = (
    Model(
        id="wan2.6-t2i",
        family=FAMILY.id,
        title="Wan 2.6",
        summary="Pictures from words",
        fields=_words_in_message(2100),
        endpoint=IMAGE_GENERATION,
        result=ResultShape.CHOICES,
        usage=CHOICES_USAGE,
        bill=PICTURES,
        sound=Sound.NONE,
        rewritten_prompt=False,
        usual_seconds=(60, 120),
        offers=(
            offer("singapore", "wan2.6-t2i", "USD", "0.03", rate=5),
            offer("virginia", "wan2.6-t2i", "USD", _GLOBAL, rate=5),
            offer("beijing", "wan2.6-t2i", "CNY", "0.20", rate=1, running=5),
            offer("frankfurt", "wan2.6-t2i", "USD", _GLOBAL, rate=1, running=5),
        ),
        source=_FROM_WORDS,
        price_source=PRICES,
    ),
    _WAN_26_IMAGE,
    _wan_27(
        "wan2.7-image-pro",
        title="Wan 2.7 Pro",
        summary="From words or up to 9 pictures, sets, 4K",
        sizes=_SIZES_27_PRO,
        rules=(_FOUR_K_FROM_WORDS,),
        offers=offers("wan2.7-image-pro", singapore="0.075", beijing="0.50", rate=5),
    ),
    _wan_27(
        "wan2.7-image",
        title="Wan 2.7",
        summary="From words or up to 9 pictures, sets",
        sizes=_SIZES_27,
        offers=offers("wan2.7-image", singapore="0.03", beijing="0.20", rate=5),
    ),
    Model(
        id="wan2.5-t2i-preview",
        family=FAMILY.id,
        title="Wan 2.5 preview",
        summary="Pictures from words",
        fields=_words_in_input(
            2000,
            size_field(SHAPES_14, FROM_WORDS, default=_SQUARE, explained="Or any size of 1.6 to 2.1 megapixels."),
        ),
        endpoint=TEXT_TO_IMAGE,
        result=ResultShape.RESULTS,
        usage=RESULTS_USAGE,
        bill=PICTURES,
        sound=Sound.NONE,
        rewritten_prompt=True,
        usual_seconds=(60, 120),
        offers=offers("wan2.5-t2i-preview", singapore="0.03", beijing="0.20", rate=5),
        source=_FROM_WORDS,
        price_source=PRICES,
    ),
    Model(
        id="wan2.5-i2i-preview",
        family=FAMILY.id,
        title="Wan 2.5 Edit preview",
        summary="Changes 1 to 3 pictures",
        fields=(
            prompt_field(IN_INPUT, 2000, explained=CHANGE_HELP),
            images_field(
                Wire(Place.INPUT, "images"),
                IMAGE_25,
                least=1,
                most=3,
                explained="1 to 3 pictures: JPEG, PNG, BMP or WEBP, 384 to 5000 px a side, up to 10 MB. "
                "The last one gives the shape.",
            ),
            replace(
                size_field(
                    SHAPES_13,
                    UP_TO_1280,
                    default=None,
                    explained="Automatic: the shape of your last picture, about 1.6 megapixels.",
                ),
                grows=True,
            ),
            number_field(),
            negative_prompt(Place.INPUT),
            PROMPT_EXTEND,
            WATERMARK,
            SEED,
        ),
        endpoint=IMAGE_TO_IMAGE,
        result=ResultShape.RESULTS,
        usage=RESULTS_USAGE,
        bill=PICTURES,
        sound=Sound.NONE,
        rewritten_prompt=True,
        usual_seconds=(60, 120),
        offers=offers("wan2.5-i2i-preview", singapore="0.03", beijing="0.20", rate=5),
        source=_PAGE_25,
        price_source=PRICES,
        note="The formats are those that the vendor's general error text names.",
    ),
    _older(
        "wan2.2-t2i-flash",
        title="Wan 2.2 Flash",
        summary="Quick and cheap",
        offers=offers("wan2.2-t2i-flash", singapore="0.025", beijing="0.14", rate=2),
    ),
    _older(
        "wan2.2-t2i-plus",
        title="Wan 2.2 Plus",
        summary="Richer detail",
        offers=offers("wan2.2-t2i-plus", singapore="0.05", beijing="0.20", rate=2),
    ),
    _older(
        "wan2.1-t2i-turbo",
        title="Wan 2.1 Turbo",
        summary="Quick and cheap, an older look",
        offers=offers("wan2.1-t2i-turbo", singapore="0.025", beijing="0.14", rate=2, beijing_id="wanx2.1-t2i-turbo"),
    ),
    _older(
        "wan2.1-t2i-plus",
        title="Wan 2.1 Plus",
        summary="Richer detail, an older look",
        offers=offers("wan2.1-t2i-plus", singapore="0.05", beijing="0.20", rate=2, beijing_id="wanx2.1-t2i-plus"),
    ),
)
