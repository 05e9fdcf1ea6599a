"""Shared parts of the image models: fields, sizes, limits and the price page."""

from dataclasses import replace
from decimal import Decimal

from services.catalogue import video_fields
from services.catalogue.schema import (
    MB,
    Bill,
    Bounds,
    Endpoint,
    Field,
    FilesField,
    ImageLimit,
    NumberField,
    Offer,
    Place,
    Price,
    RateLimit,
    Size,
    SizeField,
    Taken,
    TextField,
    Unit,
    UsageKey,
    Wire,
)
from services.catalogue.video_fields import IMAGE_FORMATS

IMAGE_GENERATION = Endpoint(
    path="/services/aigc/image-generation/generation",
    at_once="/services/aigc/multimodal-generation/generation",
)
TEXT_TO_IMAGE = Endpoint(path="/services/aigc/text2image/image-synthesis")
IMAGE_TO_IMAGE = Endpoint(path="/services/aigc/image2image/image-synthesis")

PICTURES = Bill(unit=Unit.IMAGE, count=("n",), tier="")
"""Every picture costs the same, regardless of its size."""

CHOICES_USAGE = (
    UsageKey.IMAGE_COUNT,
    UsageKey.SIZE,
    UsageKey.INPUT_TOKENS,
    UsageKey.OUTPUT_TOKENS,
    UsageKey.TOTAL_TOKENS,
)
RESULTS_USAGE = (UsageKey.IMAGE_COUNT,)


# Sizes ---------------------------------------------------------------------------------------------------------------


def shapes(*sizes: str) -> tuple[Size, ...]:
    """Build sizes from lines such as `16:9 1280*720`. They have no tier: there is one price for all."""
    return tuple(_shape(*line.split()) for line in sizes)


def _shape(ratio: str, value: str) -> Size:
    width, height = value.split("*")
    return Size("", ratio, int(width), int(height))


SHAPES_13 = shapes(
    "1:1 1280*1280",
    "3:2 1200*800",
    "2:3 800*1200",
    "4:3 1280*960",
    "3:4 960*1280",
    "16:9 1280*720",
    "9:16 720*1280",
    "21:9 1344*576",
)
"""The sizes recommended on the Wan 2.6 image page. Wan 2.5 accepts them too for editing."""

SHAPES_14 = shapes(
    "1:1 1280*1280",
    "3:2 1584*1056",
    "2:3 1056*1584",
    "4:3 1536*1152",
    "3:4 1152*1536",
    "16:9 1792*1008",
    "9:16 1008*1792",
    "21:9 2016*864",
)
"""Our usual shapes, within the area that Wan 2.6 and 2.5 make from a prompt."""

SHAPES_10 = shapes(
    "1:1 1024*1024",
    "3:2 1248*832",
    "2:3 832*1248",
    "4:3 1152*864",
    "3:4 864*1152",
    "16:9 1280*720",
    "9:16 720*1280",
)
"""Our usual shapes, with sides that Wan 2.2 and 2.1 make."""

SHAPES_20 = shapes(
    "1:1 2048*2048",
    "3:2 2496*1664",
    "2:3 1664*2496",
    "4:3 2304*1728",
    "3:4 1728*2304",
    "16:9 2560*1440",
    "9:16 1440*2560",
    "21:9 3024*1296",
)
"""Our usual shapes, near the largest area that Wan 2.7 makes in every case."""

FROM_WORDS = Bounds(min_pixels=1280 * 1280, max_pixels=1440 * 1440, longest_ratio=4)
SIDES = Bounds(min_pixels=512 * 512, max_pixels=1440 * 1440, longest_ratio=1440 / 512, min_side=512, max_side=1440)
UP_TO_1280 = Bounds(min_pixels=768 * 768, max_pixels=1280 * 1280, longest_ratio=4)
UP_TO_2048 = Bounds(min_pixels=768 * 768, max_pixels=2048 * 2048, longest_ratio=4)
LONG_UP_TO_2048 = Bounds(min_pixels=768 * 768, max_pixels=2048 * 2048, longest_ratio=8)


def size_field(sizes: tuple[Size, ...], bounds: Bounds, *, default: str | None, explained: str = "") -> SizeField:
    """Build the size of the pictures: one of a few, or any within the bounds."""
    return SizeField(
        name="size",
        label="Shape and size",
        help=explained,
        wire=Wire(Place.PARAMETERS, "size"),
        sizes=sizes,
        bounds=bounds,
        default=default,
    )


# Words ---------------------------------------------------------------------------------------------------------------


def prompt_field(wire: Wire, max_chars: int, *, explained: str) -> TextField:
    """Build the prompt of a picture."""
    return TextField(
        name="prompt",
        label="Prompt",
        help=explained,
        wire=wire,
        max_chars=max_chars,
        lines=5,
        required=True,
    )


def negative_prompt(place: Place) -> TextField:
    """Build the negative prompt. The messages protocol has it in the parameters, the older one in the input."""
    return replace(video_fields.NEGATIVE_PROMPT, wire=Wire(place, "negative_prompt"))


IN_MESSAGE = Wire(Place.CONTENT, "text")
IN_INPUT = Wire(Place.INPUT, "prompt")

FROM_WORDS_HELP = "Say who or what, where, in which style and light."
CHANGE_HELP = "Say what to change and what to keep. Call the pictures image 1, image 2, as they are numbered."


# Pictures given ------------------------------------------------------------------------------------------------------


def images_field(
    wire: Wire,
    limit: ImageLimit,
    *,
    least: int,
    most: int,
    explained: str,
    data_uri: bool = False,
) -> FilesField:
    """Build the list of input pictures, in the order that the prompt refers to."""
    return FilesField(
        name="images",
        label="Picture to begin from" if most == 1 else "Pictures to change" if least else "Pictures to work from",
        help=explained,
        required=least > 0,
        wire=wire,
        takes=(Taken(vendor=limit, called="image {}"),),
        least=least,
        most=most,
        data_uri=data_uri,
    )


IMAGE_26 = ImageLimit(formats=IMAGE_FORMATS, min_side=240, max_side=8000, max_bytes=10 * MB)
IMAGE_27 = ImageLimit(formats=IMAGE_FORMATS, min_side=240, max_side=8000, max_bytes=20 * MB, longest_ratio=8)
IMAGE_25 = ImageLimit(formats=IMAGE_FORMATS, min_side=384, max_side=5000, max_bytes=10 * MB)


# The rest ------------------------------------------------------------------------------------------------------------


def number_field(
    *, most: int = 4, default: int = 1, vendor_default: int | None = 4, explained: str = ""
) -> NumberField:
    """Build the number of pictures. Always sent: without it, most models make four, and bill four."""
    return NumberField(
        name="n",
        label="How many",
        help=explained or "Each picture is billed.",
        wire=Wire(Place.PARAMETERS, "n"),
        minimum=1,
        maximum=most,
        default=default,
        vendor_default=vendor_default,
    )


PROMPT_EXTEND = replace(
    video_fields.PROMPT_EXTEND, help="Short prompts usually look better with it. It takes some seconds more."
)

WATERMARK = replace(
    video_fields.WATERMARK, help="A small label in the lower right corner that says the picture was made by AI."
)

SEED = replace(
    video_fields.SEED,
    help="The same number and the same words give a similar picture again. Empty: a new number each time. When you "
    "make several, each has the next number.",
)


def offers(
    model_id: str,
    *,
    singapore: str,
    beijing: str,
    rate: int,
    beijing_id: str = "",
) -> tuple[Offer, ...]:
    """Build the offers in the two regions that have every model: USD in Singapore, CNY in Beijing, per picture."""
    return (
        offer("singapore", model_id, "USD", singapore, rate=rate),
        offer("beijing", beijing_id or model_id, "CNY", beijing, rate=rate),
    )


def offer(  # noqa: PLR0913 - one keyword per fact of an offer
    region: str,
    model_id: str,
    currency: str,
    price: str,
    *,
    rate: int,
    running: int | None = None,
    differs: tuple[Field, ...] = (),
    lacks: tuple[str, ...] = (),
) -> Offer:
    """Build an offer with one price per picture.

    `rate` is the number of calls accepted per second, and of tasks running at once unless `running` is given.
    """
    return Offer(
        region=region,
        id=model_id,
        currency=currency,
        prices=(Price(tier="", amount=Decimal(price)),),
        rate=RateLimit(submits_per_second=rate, running=running or rate),
        differs=differs,
        lacks=lacks,
    )
