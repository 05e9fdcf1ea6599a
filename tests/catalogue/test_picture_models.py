"""The records of the picture models and of the digital human, against the vendor's pages written once more as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from services.catalogue import CATALOGUE
from services.catalogue.schema import (
    MB,
    AudioField,
    Field,
    FilesField,
    FixedField,
    ImageField,
    ImageLimit,
    Model,
    NumberField,
    Offer,
    Place,
    ResultShape,
    Side,
    SizeField,
    Sound,
    SwitchField,
    TextField,
    Unit,
    UsageKey,
)
from services.domain.errors import InvalidRequest
from services.domain.problems import Problem
from services.media.facts import AudioFacts, ImageFacts, MediaFacts
from services.request import (
    Request,
    billed,
    build,
    called,
    check,
    default_of,
    files_to_send,
    frame_size,
    output_count,
    output_seconds,
    parse,
    price,
)

IMAGES = CATALOGUE.of_family("generate_image")
MODELS = {model.id: model for model in (*IMAGES, *CATALOGUE.of_family("digital_human"))}
OFFERS = [(model, offer) for model in IMAGES for offer in model.offers]
EVERY_IMAGE = pytest.mark.parametrize("model", IMAGES, ids=lambda model: model.id)
EVERY_OFFER = pytest.mark.parametrize(("model", "offer"), OFFERS, ids=[f"{o.id}@{o.region}" for _, o in OFFERS])

PICTURE = ImageFacts(name="one.png", format="PNG", width=1600, height=900, bytes=2 * MB, alpha=False, sideways=False)
PORTRAIT = replace(PICTURE, name="face.jpg", format="JPEG", width=800, height=1000)
VOICE = AudioFacts(name="voice.wav", format="WAV", seconds=8.5, bytes=MB, channels=1, sample_rate=44100)

TO_IMAGE, FROM_IMAGE = "/services/aigc/text2image/image-synthesis", "/services/aigc/image2image/image-synthesis"
TASK, AT_ONCE = "/services/aigc/image-generation/generation", "/services/aigc/multimodal-generation/generation"
# id: path, path of the answer at once, shape of the result, characters of the prompt, place of negative_prompt
PROTOCOLS = {
    "wan2.6-t2i": (TASK, AT_ONCE, ResultShape.CHOICES, 2100, Place.PARAMETERS),
    "wan2.6-image": (TASK, AT_ONCE, ResultShape.CHOICES, 2000, Place.PARAMETERS),
    "wan2.7-image-pro": (TASK, AT_ONCE, ResultShape.CHOICES, 5000, None),
    "wan2.7-image": (TASK, AT_ONCE, ResultShape.CHOICES, 5000, None),
    "wan2.5-t2i-preview": (TO_IMAGE, "", ResultShape.RESULTS, 2000, Place.INPUT),
    "wan2.5-i2i-preview": (FROM_IMAGE, "", ResultShape.RESULTS, 2000, Place.INPUT),
    "wan2.2-t2i-flash": (TO_IMAGE, "", ResultShape.RESULTS, 500, Place.INPUT),
    "wan2.2-t2i-plus": (TO_IMAGE, "", ResultShape.RESULTS, 500, Place.INPUT),
    "wan2.1-t2i-turbo": (TO_IMAGE, "", ResultShape.RESULTS, 500, Place.INPUT),
    "wan2.1-t2i-plus": (TO_IMAGE, "", ResultShape.RESULTS, 500, Place.INPUT),
}
# id: how many pictures are taken, the shortest and longest side, megabytes, the longest shape
GIVEN = {
    "wan2.6-image": (1, 4, 240, 8000, 10, None),
    "wan2.7-image-pro": (0, 9, 240, 8000, 20, 8),
    "wan2.7-image": (0, 9, 240, 8000, 20, 8),
    "wan2.5-i2i-preview": (1, 3, 384, 5000, 10, None),
}
OLDER = ("wan2.2-t2i-flash", "wan2.2-t2i-plus", "wan2.1-t2i-turbo", "wan2.1-t2i-plus")
GLOBAL = ("virginia", "frankfurt")
# id: price in Singapore (USD), in Beijing (CNY), in the Global scope (USD)
PRICES = {
    "wan2.6-t2i": ("0.03", "0.20", "0.028671"),
    "wan2.6-image": ("0.03", "0.20", "0.028671"),
    "wan2.7-image-pro": ("0.075", "0.50", None),
    "wan2.7-image": ("0.03", "0.20", None),
    "wan2.5-t2i-preview": ("0.03", "0.20", None),
    "wan2.5-i2i-preview": ("0.03", "0.20", None),
    "wan2.2-t2i-plus": ("0.05", "0.20", None),
    "wan2.2-t2i-flash": ("0.025", "0.14", None),
    "wan2.1-t2i-plus": ("0.05", "0.20", None),
    "wan2.1-t2i-turbo": ("0.025", "0.14", None),
}
BEIJING_IDS = {"wan2.1-t2i-turbo": "wanx2.1-t2i-turbo", "wan2.1-t2i-plus": "wanx2.1-t2i-plus"}
ARTICLE: dict[str, Any] = {"enable_interleave": True}
SET: dict[str, Any] = {"enable_sequential": True}


def ask(model_id: str, *, region: str = "", **given: object) -> Request:
    """A request with the words and files that a model needs, unless the test says otherwise."""
    model = MODELS[model_id]
    region = region or model.offers[0].region
    needed: dict[str, object] = {}
    for field in model.fields_in(region, given):
        if field.required:
            needed |= {field.name: _something(field)}
    return parse(CATALOGUE, family=model.family, model_id=model_id, region=region, given=needed | given)


def as_given(name: str, value: Any) -> dict[str, Any]:
    return {name: value}


def _something(field: Field) -> object:
    match field:
        case FilesField():
            return [PICTURE]
        case ImageField():
            return PORTRAIT
        case AudioField():
            return VOICE
        case _:
            return "A fox in the snow"


def grave(request: Request, side: Side = Side.OURS) -> list[Problem]:
    return [problem for problem in check(request, side=side) if not problem.advice]


def refused(request: Request, side: Side = Side.OURS) -> set[str]:
    return {problem.field for problem in grave(request, side)}


def field_of(model_id: str, name: str, given: Mapping[str, object] | None = None, region: str = "") -> Field:
    model = MODELS[model_id]
    fields = model.fields_in(region or model.offers[0].region, given)
    return next(field for field in fields if field.name == name)


def sent(request: Request) -> Any:
    """The body, with made-up links for the files."""
    names = [field.name for field in files_to_send(request)]
    return build(request, {name: [f"oss://{n}" for n, _ in enumerate(request.files(name))] for name in names})


# What is offered -----------------------------------------------------------------------------------------------------


def test_exactly_the_documented_models_are_offered_and_the_plain_one_comes_first() -> None:
    assert set(PROTOCOLS) == {model.id for model in IMAGES}
    assert IMAGES[0].id == "wan2.6-t2i"


@EVERY_IMAGE
def test_paths_shapes_words_and_result_are_those_of_the_page(model: Model) -> None:
    path, at_once, shape, chars, place = PROTOCOLS[model.id]
    prompt = field_of(model.id, "prompt")

    assert (model.endpoint.path, model.endpoint.at_once, model.result) == (path, at_once, shape)
    assert isinstance(prompt, TextField)
    assert (prompt.max_chars, prompt.required) == (chars, True)
    assert prompt.wire.place is (Place.CONTENT if at_once else Place.INPUT)
    negative = model.field("negative_prompt", "singapore")
    assert (negative is None) == (place is None)
    if isinstance(negative, TextField):
        assert (negative.wire.place, negative.max_chars) == (place, 500)
    assert model.rewritten_prompt == (shape is ResultShape.RESULTS)
    assert model.sound is Sound.NONE
    assert UsageKey.IMAGE_COUNT in model.usage
    assert not model.result.is_video


@EVERY_IMAGE
def test_a_picture_model_is_offered_where_the_page_says_at_the_price_of_the_list(model: Model) -> None:
    singapore, beijing, worldwide = PRICES[model.id]
    wanted = {"singapore": ("USD", singapore), "beijing": ("CNY", beijing)}
    wanted |= {region: ("USD", worldwide) for region in GLOBAL if worldwide}

    assert {offer.region for offer in model.offers} == set(wanted)
    for offer in model.offers:
        currency, amount = wanted[offer.region]
        (row,) = offer.prices
        assert (offer.currency, row.tier, row.amount, row.sound) == (currency, "", Decimal(str(amount)), None)
        assert offer.id == (BEIJING_IDS.get(model.id, model.id) if offer.region == "beijing" else model.id)


@EVERY_OFFER
def test_rates_are_those_of_the_rate_table(model: Model, offer: Offer) -> None:
    wanted = (2, 2) if model.id.startswith(("wan2.2", "wan2.1")) else (5, 5)
    if model.id == "wan2.6-t2i" and offer.region in ("beijing", "frankfurt"):
        wanted = (1, 5)
    assert (offer.rate.submits_per_second, offer.rate.running) == wanted


@pytest.mark.parametrize("family", ["generate_image", "digital_human"])
def test_a_family_tells_its_source_and_its_page_has_an_order_of_real_parameters(family: str) -> None:
    models = CATALOGUE.of_family(family)
    record = CATALOGUE.family(family)
    assert record
    names = {field.name for model in models for offer in model.offers for field in model.every_field(offer.region)}
    assert set(record.api_order) == names | {"model", "region"}
    for model in models:
        for source in (model.source, model.price_source):
            assert source.url.startswith("https://help.aliyun.com/")
            assert source.checked.year >= 2026


def test_the_guide_and_the_examples_are_of_use_with_the_plain_model() -> None:
    family = CATALOGUE.family("generate_image")
    assert family
    assert family.guide
    assert [part.label for part in family.guide.parts][:3] == ["Subject", "Scene", "Style"]
    assert len(family.examples) >= 3
    for example in family.examples:
        assert grave(ask(family.default_model, prompt=example.prompt)) == []


# How many ------------------------------------------------------------------------------------------------------------


@EVERY_OFFER
def test_the_number_of_pictures_is_always_sent_and_begins_with_one(model: Model, offer: Offer) -> None:
    request = ask(model.id, region=offer.region)

    assert check(request) == ()
    assert sent(request)["parameters"]["n"] == 1
    assert price(request).amount == offer.prices[0].amount
    assert (price(request).unit, price(request).at_most) == (Unit.IMAGE, False)


@EVERY_IMAGE
@pytest.mark.parametrize(("n", "fits"), [(0, False), (1, True), (4, True), (5, False)])
def test_one_to_four_pictures_are_made_at_once(model: Model, n: int, fits: bool) -> None:
    request = ask(model.id, n=n)

    assert refused(request) == refused(request, Side.VENDOR) == (set() if fits else {"n"})
    if fits:
        assert output_count(request) == n
        assert price(request).amount == n * request.offer.prices[0].amount
        assert output_seconds(request) == 0


@pytest.mark.parametrize("model_id", [m for m in PROTOCOLS if not m.startswith("wan2.7")])
def test_the_vendor_makes_four_where_it_is_not_told(model_id: str) -> None:
    assert default_of(field_of(model_id, "n"), side=Side.VENDOR) == 4


# Words ---------------------------------------------------------------------------------------------------------------


@EVERY_IMAGE
def test_a_prompt_is_read_up_to_the_models_limit(model: Model) -> None:
    most = PROTOCOLS[model.id][3]

    assert refused(ask(model.id, prompt="x" * most)) == set()
    assert refused(ask(model.id, prompt="x" * (most + 1))) == {"prompt"}
    assert refused(ask(model.id, prompt="x" * (most + 1)), Side.VENDOR) == set(), "the vendor cuts, and says nothing"


@pytest.mark.parametrize("model_id", [m for m, row in PROTOCOLS.items() if row[4]])
def test_a_negative_prompt_is_read_up_to_500_characters(model_id: str) -> None:
    assert refused(ask(model_id, negative_prompt="x" * 500)) == set()
    assert refused(ask(model_id, negative_prompt="x" * 501)) == {"negative_prompt"}


@pytest.mark.parametrize("name", ["negative_prompt", "prompt_extend", "stream", "enable_interleave"])
def test_what_the_27_page_does_not_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=name):
        ask("wan2.7-image", **as_given(name, "on"))


# Sizes ---------------------------------------------------------------------------------------------------------------

# size, whether it fits
FROM_WORDS = [
    ("1280*1280", True), ("1440*1440", True), ("1279*1280", False), ("1440*1441", False), ("768*2700", True),
    ("640*2560", True), ("640*2561", False), ("2700*768", True), ("1K", False),
]  # fmt: skip
BY_SIDES = [
    ("512*512", True), ("1440*1440", True), ("511*512", False), ("1440*1441", False), ("512*1440", True),
    ("1440*512", True), ("511*1440", False),
]  # fmt: skip
UP_TO_1280 = [
    ("768*768", True), ("767*768", False), ("1280*1280", True), ("1281*1280", False), ("400*1600", True),
    ("400*1601", False), ("1K", False),
]  # fmt: skip
EDIT = [
    ("1K", True), ("2k", True), ("4K", False), ("768*768", True), ("767*768", False), ("2048*2048", True),
    ("2049*2048", False), ("1024*4096", True), ("1023*4096", False), ("1280*720", True),
]  # fmt: skip
UP_TO_2K = [
    ("1K", True), ("2K", True), ("768*768", True), ("767*768", False), ("2048*2048", True), ("2048*2049", False),
    ("5792*724", True), ("5793*724", False), ("280*2240", True), ("280*2241", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("model_id", "mode", "size", "fits"),
    [
        *(("wan2.6-t2i", {}, *row) for row in FROM_WORDS),
        *(("wan2.5-t2i-preview", {}, *row) for row in FROM_WORDS),
        *((model_id, {}, *row) for model_id in OLDER for row in BY_SIDES),
        *(("wan2.5-i2i-preview", {}, *row) for row in UP_TO_1280),
        *(("wan2.6-image", ARTICLE, *row) for row in UP_TO_1280),
        *(("wan2.6-image", {}, *row) for row in EDIT),
        *(("wan2.7-image", mode, *row) for mode in ({}, SET) for row in [*UP_TO_2K, ("4K", False)]),
        *(("wan2.7-image-pro", {}, *row) for row in [*UP_TO_2K, ("4K", True)]),
        *(("wan2.7-image-pro", SET, *row) for row in [*UP_TO_2K, ("4K", False)]),
    ],
)
def test_sizes_are_held_to_the_bounds_of_the_page(model_id: str, mode: dict[str, Any], size: str, fits: bool) -> None:
    request = ask(model_id, size=size, **mode)

    assert refused(request) == refused(request, Side.VENDOR) == (set() if fits else {"size"})


@EVERY_IMAGE
def test_every_size_that_is_shown_fits_and_has_the_shape_it_says(model: Model) -> None:
    modes: list[dict[str, Any]] = [{}, *({mode.field: mode.value} for mode in model.modes)]
    for mode in modes:
        size = field_of(model.id, "size", mode)
        assert isinstance(size, SizeField)
        for each in size.sizes:
            assert grave(ask(model.id, size=each.value, **mode)) == []
            across, down = (int(part) for part in each.ratio.split(":"))
            assert each.width / each.height == pytest.approx(across / down, rel=0.01)
            assert (each.width % 16, each.height % 16) == (0, 0)


WIDE = replace(PICTURE, width=1600, height=800)
SMALL = replace(PICTURE, width=600, height=1200)


@pytest.mark.parametrize(
    ("model_id", "given", "wanted"),
    [
        ("wan2.6-t2i", {}, (1280, 1280)),
        ("wan2.2-t2i-flash", {}, (1024, 1024)),
        ("wan2.7-image", {}, (2048, 2048)),
        ("wan2.7-image", {"images": [PICTURE, WIDE], "size": "1K"}, (1440, 720)),
        ("wan2.7-image-pro", {"size": "4K"}, (4096, 4096)),
        # the last picture gives the shape
        ("wan2.6-image", {"images": [PORTRAIT, WIDE]}, (1808, 896)),
        ("wan2.6-image", {"images": [PICTURE], "size": "960*1280"}, (960, 1280)),
        ("wan2.5-i2i-preview", {"images": [WIDE, SMALL]}, (896, 1808)),
        # an article: as the picture where it is small, else scaled down, else square
        ("wan2.6-image", {**ARTICLE, "images": [SMALL]}, (592, 1200)),
        ("wan2.6-image", {**ARTICLE, "images": [replace(WIDE, width=4000, height=2000)]}, (1808, 896)),
        ("wan2.6-image", ARTICLE, (1280, 1280)),
    ],
)
def test_what_comes_out_is_known_before(model_id: str, given: dict[str, Any], wanted: tuple[int, int]) -> None:
    assert frame_size(ask(model_id, **given)) == wanted


# Pictures given ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_id", GIVEN)
def test_pictures_are_held_to_the_limits_of_the_page(model_id: str) -> None:
    least, most, short, long, megabytes, longest = GIVEN[model_id]
    images = field_of(model_id, "images")
    assert isinstance(images, FilesField)
    (taken,) = images.takes
    limit = taken.vendor

    assert (images.least, images.most, images.required) == (least, most, least > 0)
    assert isinstance(limit, ImageLimit)
    assert (limit.min_side, limit.max_side, limit.max_bytes) == (short, long, megabytes * MB)
    assert (limit.formats, limit.alpha) == (("JPEG", "PNG", "BMP", "WEBP"), False)
    assert limit.longest_ratio == longest
    assert taken.called == "image {}"


@pytest.mark.parametrize("model_id", GIVEN)
def test_pictures_at_under_and_over_the_limits(model_id: str) -> None:
    _, _, short, long, megabytes, longest = GIVEN[model_id]
    cases: list[tuple[ImageFacts, bool]] = [
        (replace(PICTURE, width=short, height=short), True),
        (replace(PICTURE, width=short - 1, height=short), False),
        (replace(PICTURE, width=long, height=long), True),
        (replace(PICTURE, width=long, height=long + 1), False),
        (replace(PICTURE, bytes=megabytes * MB), True),
        (replace(PICTURE, bytes=megabytes * MB + 1), False),
        (replace(PICTURE, alpha=True), False),
        (replace(PICTURE, format="GIF"), False),
    ]
    if longest:
        cases += [
            (replace(PICTURE, width=longest * 300, height=300), True),
            (replace(PICTURE, width=longest * 300 + 1, height=300), False),
        ]
    for facts, fits in cases:
        request = ask(model_id, images=[facts])
        assert (grave(request) == []) == fits, facts
        assert (grave(request, Side.VENDOR) == []) == fits, facts


@pytest.mark.parametrize("model_id", GIVEN)
def test_as_many_pictures_as_the_page_says(model_id: str) -> None:
    least, most, *_ = GIVEN[model_id]
    for count in (1, most):
        request = ask(model_id, images=[PICTURE] * count)
        assert check(request) == ()
        assert called(request)["images"] == tuple(f"image {n + 1}" for n in range(count))
    assert refused(ask(model_id, images=[PICTURE] * (most + 1))) == {"images"}
    assert refused(ask(model_id, images=None)) == ({"images"} if least else set())


def test_a_sound_file_is_no_picture() -> None:
    (problem,) = grave(ask("wan2.6-image", images=[PICTURE, VOICE]))
    assert (problem.field, problem.item) == ("images", 1)


# The illustrated article ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "fits"), [(0, True), (1, True), (2, False)])
def test_an_article_begins_with_one_picture_or_none(count: int, fits: bool) -> None:
    request = ask("wan2.6-image", images=[PICTURE] * count, **ARTICLE)
    assert refused(request) == (set() if fits else {"images"})


@pytest.mark.parametrize(("most", "fits"), [(0, False), (1, True), (5, True), (6, False)])
def test_an_article_has_up_to_five_pictures(most: int, fits: bool) -> None:
    request = ask("wan2.6-image", max_images=most, **ARTICLE)
    assert refused(request) == (set() if fits else {"max_images"})


def test_an_article_is_priced_by_the_pictures_it_may_have() -> None:
    request = ask("wan2.6-image", **ARTICLE)

    assert (price(request).amount, price(request).at_most, output_count(request)) == (Decimal("0.09"), True, 3)
    assert billed(request, {"image_count": 2}) == Decimal("0.06")
    assert default_of(field_of("wan2.6-image", "max_images", ARTICLE), side=Side.VENDOR) == 5


def test_an_article_has_one_n_and_no_enriching() -> None:
    number = field_of("wan2.6-image", "n", ARTICLE)
    assert isinstance(number, FixedField)
    assert refused(ask("wan2.6-image", n=2, **ARTICLE)) == {"n"}
    with pytest.raises(InvalidRequest, match="prompt_extend"):
        ask("wan2.6-image", prompt_extend=True, **ARTICLE)


@pytest.mark.parametrize("name", ["max_images", "stream"])
def test_what_belongs_to_an_article_is_refused_without_one(name: str) -> None:
    with pytest.raises(InvalidRequest, match="enable_interleave is true"):
        ask("wan2.6-image", **as_given(name, 1))


def test_an_article_is_a_task_that_cannot_be_lost_unless_somebody_wants_to_watch() -> None:
    watched, waited = ask("wan2.6-image", stream=True, **ARTICLE), ask("wan2.6-image", **ARTICLE)

    assert (watched.live, sent(watched)["parameters"]["stream"]) == (True, True)
    assert waited.live is False
    assert "stream" not in sent(waited)["parameters"], "a task has no such parameter"
    stream = field_of("wan2.6-image", "stream", ARTICLE)
    assert isinstance(stream, SwitchField)
    assert default_of(stream, side=Side.VENDOR) is False, "a body without the key asks for no stream"


def test_frankfurt_has_tasks_only() -> None:
    request = ask("wan2.6-image", region="frankfurt", **ARTICLE)

    assert request.live is False
    assert "stream" not in {field.name for field in MODELS["wan2.6-image"].every_field("frankfurt")}
    with pytest.raises(InvalidRequest, match="stream in this region; Singapore has it"):
        ask("wan2.6-image", region="frankfurt", stream=True, **ARTICLE)


# Wan 2.7 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_id", ["wan2.7-image", "wan2.7-image-pro"])
@pytest.mark.parametrize(("n", "fits"), [(0, False), (1, True), (12, True), (13, False)])
def test_a_set_has_up_to_twelve_pictures(model_id: str, n: int, fits: bool) -> None:
    request = ask(model_id, n=n, **SET)
    assert refused(request) == (set() if fits else {"n"})
    assert price(request).at_most is True


def test_a_set_begins_with_four_and_the_vendor_with_twelve() -> None:
    number = field_of("wan2.7-image", "n", SET)
    assert isinstance(number, NumberField)
    assert (default_of(number), default_of(number, side=Side.VENDOR)) == (4, 12)


def test_thinking_is_for_words_alone() -> None:
    words, pictures = ask("wan2.7-image"), ask("wan2.7-image", images=[PICTURE])

    assert sent(words)["parameters"]["thinking_mode"] is True
    assert "thinking_mode" not in sent(pictures)["parameters"]
    assert check(pictures) == (), "what nobody chose is not talked about"
    (advice,) = check(ask("wan2.7-image", images=[PICTURE], thinking_mode=False))
    assert (advice.field, advice.advice) == ("thinking_mode", True)
    with pytest.raises(InvalidRequest, match="thinking_mode"):
        ask("wan2.7-image", thinking_mode=True, **SET)


def test_4k_is_for_words_alone() -> None:
    assert refused(ask("wan2.7-image-pro", size="4K", images=[PICTURE])) == {"size"}
    assert refused(ask("wan2.7-image-pro", size="2K", images=[PICTURE])) == set()
    assert price(ask("wan2.7-image-pro", size="4K")).amount == Decimal("0.075")


# The digital human ---------------------------------------------------------------------------------------------------

SPEECH = "wan2.2-s2v"


def test_the_digital_human_is_had_in_beijing_at_its_price_and_rate() -> None:
    (offer,) = MODELS[SPEECH].offers
    assert (offer.region, offer.currency) == ("beijing", "CNY")
    assert {row.tier: row.amount for row in offer.prices} == {"480P": Decimal("0.5"), "720P": Decimal("0.9")}
    assert (offer.rate.submits_per_second, offer.rate.running) == (5, 1)
    with pytest.raises(InvalidRequest, match="It is offered in Beijing"):
        ask(SPEECH, region="singapore")


def test_the_digital_human_is_asked_and_answers_as_its_page_says() -> None:
    model = MODELS[SPEECH]
    assert model.endpoint.path == "/services/aigc/image2video/video-synthesis"
    assert model.result is ResultShape.RESULTS_VIDEO_URL
    assert set(model.usage) == {
        UsageKey.DURATION, UsageKey.SIZE, UsageKey.FPS, UsageKey.TIER, UsageKey.COUNT,
    }  # fmt: skip
    assert model.usual_seconds == (300, 600)
    assert default_of(field_of(SPEECH, "resolution")) == "480P"
    assert {field.name for field in model.fields} == {"image", "audio_file", "resolution"}


def test_the_portrait_is_checked_before_for_a_fraction_of_a_cent() -> None:
    check_first = MODELS[SPEECH].precheck
    assert check_first
    assert (check_first.id, check_first.path) == ("wan2.2-s2v-detect", "/services/aigc/image2video/face-detect")
    assert (check_first.field, check_first.wire.key, check_first.price) == ("image", "image_url", Decimal("0.004"))


@pytest.mark.parametrize(("resolution", "each"), [("480P", "0.5"), ("720P", "0.9")])
def test_a_lip_sync_costs_the_seconds_of_its_voice_and_the_check(resolution: str, each: str) -> None:
    request = ask(SPEECH, resolution=resolution)

    assert output_seconds(request) == 8.5
    assert price(request).amount == Decimal("8.5") * Decimal(each) + Decimal("0.004")
    assert billed(request, {"duration": 8.5}) == Decimal("8.5") * Decimal(each)


@pytest.mark.parametrize(
    ("side", "fits", "vendor_fits"),
    [
        (399, False, False),
        (400, True, True),
        (2000, True, True),
        (2001, False, True),
        (7000, False, True),
        (7001, False, False),
    ],
)
def test_a_portrait_is_held_to_both_limits(side: int, fits: bool, vendor_fits: bool) -> None:
    request = ask(SPEECH, image=replace(PORTRAIT, width=side, height=side))
    assert refused(request) == (set() if fits else {"image"})
    assert refused(request, Side.VENDOR) == (set() if vendor_fits else {"image"})


@pytest.mark.parametrize(
    ("change", "fits", "vendor_fits"),
    [
        ({"seconds": 0.5}, False, True),
        ({"seconds": 1.0}, True, True),
        ({"seconds": 19.8}, True, True),
        ({"seconds": 19.95}, False, True),
        ({"seconds": 20.0}, False, False),
        ({"bytes": 15 * MB - 1}, True, True),
        ({"bytes": 15 * MB}, False, False),
        ({"format": "MP3"}, True, True),
        ({"format": "FLAC"}, False, False),
    ],
)
def test_a_voice_is_shorter_than_20_seconds_and_15_megabytes(
    change: dict[str, Any], fits: bool, vendor_fits: bool
) -> None:
    request = ask(SPEECH, audio_file=replace(VOICE, **change))
    assert refused(request) == (set() if fits else {"audio_file"})
    assert refused(request, Side.VENDOR) == (set() if vendor_fits else {"audio_file"})


@pytest.mark.parametrize("name", ["image", "audio_file"])
def test_portrait_and_voice_cannot_be_missed(name: str) -> None:
    assert refused(ask(SPEECH, **as_given(name, None))) == {name}


@pytest.mark.parametrize(
    ("portrait", "resolution", "wanted"),
    [((1600, 1200), "480P", (640, 480)), ((1920, 1080), "720P", (1280, 720)), ((800, 800), "480P", (544, 544))],
)
def test_a_digital_human_has_the_shape_of_its_portrait_at_its_own_area(
    portrait: tuple[int, int], resolution: str, wanted: tuple[int, int]
) -> None:
    facts: MediaFacts = replace(PORTRAIT, width=portrait[0], height=portrait[1])
    assert frame_size(ask(SPEECH, image=facts, resolution=resolution)) == wanted
