"""The records against the vendor's pages, written here once more as plain data.

The tables are of the first three families up to Wan 2.6, whose forms are alike; the others have files of their own.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import assert_never

import pytest

from services.catalogue import CATALOGUE, table
from services.catalogue.schema import (
    MB,
    Apart,
    AudioField,
    Caps,
    Choice,
    ChoiceField,
    Family,
    Field,
    FixedField,
    ImageField,
    Model,
    Needs,
    NumberField,
    Offer,
    OneOf,
    Overrides,
    Place,
    Requires,
    Rule,
    SameShape,
    Side,
    SizeField,
    Sound,
    SwitchField,
    TextField,
    Together,
    Wire,
)
from services.catalogue.video_fields import resolution_field
from services.domain.errors import InvalidRequest
from services.request import build, check, output_tier, parse, price, refuse_if_any
from tests import ROOT
from tests.catalogue import test_clip_models, test_picture_models

MODELS = {model.id: model for model in CATALOGUE.models}
SIZES = {
    "480P": ["832*480", "480*832", "624*624"],
    "720P": ["1280*720", "720*1280", "960*960", "1088*832", "832*1088"],
    "1080P": ["1920*1080", "1080*1920", "1440*1440", "1632*1248", "1248*1632"],
}
# id: tiers, lengths, sound, characters of the prompt. Lengths as a range, or as the list of what may be asked for.
TEXT_TO_VIDEO = {
    "wan2.6-t2v": ("720P 1080P", range(2, 16), Sound.ALWAYS, 1500),
    "wan2.6-t2v-us": ("720P 1080P", [5, 10], Sound.ALWAYS, 1500),
    "wan2.5-t2v-preview": ("480P 720P 1080P", [5, 10], Sound.ALWAYS, 1500),
    "wan2.2-t2v-plus": ("480P 1080P", "fixed", Sound.NONE, 800),
    "wan2.1-t2v-turbo": ("480P 720P", "fixed", Sound.NONE, 800),
    "wan2.1-t2v-plus": ("720P", "fixed", Sound.NONE, 800),
}
IMAGE_TO_VIDEO = {
    "wan2.6-i2v": ("720P 1080P", range(2, 16), Sound.ALWAYS, 1500),
    "wan2.6-i2v-flash": ("720P 1080P", range(2, 16), Sound.CHOSEN, 1500),
    "wan2.6-i2v-us": ("720P 1080P", [5, 10, 15], Sound.ALWAYS, 1500),
    "wan2.5-i2v-preview": ("480P 720P 1080P", [5, 10], Sound.ALWAYS, 1500),
    "wan2.2-i2v-plus": ("480P 1080P", "fixed", Sound.NONE, 800),
    "wan2.2-i2v-flash": ("480P 720P", "fixed", Sound.NONE, 800),
    "wan2.1-i2v-turbo": ("480P 720P", [3, 4, 5], Sound.NONE, 800),
    "wan2.1-i2v-plus": ("720P", "fixed", Sound.NONE, 800),
}
KEYFRAMES_TO_VIDEO = {
    "wan2.2-kf2v-flash": ("480P 720P 1080P", "fixed", Sound.NONE, 800),
    "wan2.1-kf2v-plus": ("720P", "fixed", Sound.NONE, 800),
}
PAGES = TEXT_TO_VIDEO | IMAGE_TO_VIDEO | KEYFRAMES_TO_VIDEO
FROM_PICTURES = IMAGE_TO_VIDEO | KEYFRAMES_TO_VIDEO
OFFERS = [(model, offer) for model in CATALOGUE.models if model.id in PAGES for offer in model.offers]
EVERY_OFFER = pytest.mark.parametrize(("model", "offer"), OFFERS, ids=[f"{o.id}@{o.region}" for _, o in OFFERS])
EVERY_PAGE = pytest.mark.parametrize("model", [MODELS[model_id] for model_id in PAGES], ids=lambda model: model.id)
PICTURE_MB = {model_id: 20 if model_id.startswith(("wan2.6", "wan2.5")) else 10 for model_id in FROM_PICTURES}
GLOBAL = {"virginia", "frankfurt"}
PATHS = {
    "text_to_video": "/services/aigc/video-generation/video-synthesis",
    "image_to_video": "/services/aigc/video-generation/video-synthesis",
    "keyframes_to_video": "/services/aigc/image2video/video-synthesis",
}
REGIONS = {
    **{model_id: {"singapore", "beijing"} for model_id in PAGES},
    "wan2.6-t2v": {"singapore", "beijing", *GLOBAL},
    "wan2.6-i2v": {"singapore", "beijing", *GLOBAL},
    "wan2.6-t2v-us": {"virginia"},
    "wan2.6-i2v-us": {"virginia"},
    "wan2.2-kf2v-flash": {"beijing"},
}
BEIJING_IDS = {
    "wan2.1-t2v-turbo": "wanx2.1-t2v-turbo",
    "wan2.1-t2v-plus": "wanx2.1-t2v-plus",
    "wan2.1-i2v-turbo": "wanx2.1-i2v-turbo",
    "wan2.1-i2v-plus": "wanx2.1-i2v-plus",
    "wan2.1-kf2v-plus": "wanx2.1-kf2v-plus",
}
# What the page's tables name for each generation: nothing else may be sent.
OLD_KEYS = {"prompt", "negative_prompt", "prompt_extend", "watermark", "seed"}
KEYS = {
    "wan2.6-t2v": OLD_KEYS | {"audio_url", "size", "duration", "shot_type"},
    "wan2.6-t2v-us": OLD_KEYS | {"audio_url", "size", "duration", "shot_type"},
    "wan2.5-t2v-preview": OLD_KEYS | {"audio_url", "size", "duration"},
    "wan2.2-t2v-plus": OLD_KEYS | {"size"},
    "wan2.1-t2v-turbo": OLD_KEYS | {"size"},
    "wan2.1-t2v-plus": OLD_KEYS | {"size"},
    "wan2.6-i2v": OLD_KEYS | {"img_url", "audio_url", "resolution", "duration", "shot_type"},
    "wan2.6-i2v-us": OLD_KEYS | {"img_url", "audio_url", "resolution", "duration", "shot_type"},
    "wan2.6-i2v-flash": OLD_KEYS | {"img_url", "audio_url", "resolution", "duration", "shot_type", "audio"},
    "wan2.5-i2v-preview": OLD_KEYS | {"img_url", "audio_url", "resolution", "duration"},
    "wan2.2-i2v-plus": OLD_KEYS | {"img_url", "resolution"},
    "wan2.2-i2v-flash": OLD_KEYS | {"img_url", "resolution"},
    "wan2.1-i2v-turbo": OLD_KEYS | {"img_url", "resolution", "duration"},
    "wan2.1-i2v-plus": OLD_KEYS | {"img_url", "resolution"},
    "wan2.2-kf2v-flash": OLD_KEYS | {"first_frame_url", "last_frame_url", "resolution"},
    "wan2.1-kf2v-plus": OLD_KEYS | {"first_frame_url", "last_frame_url", "resolution"},
}
IN_INPUT = {"prompt", "negative_prompt", "img_url", "first_frame_url", "last_frame_url", "audio_url", "template"}
# Per second: Beijing in CNY, and Singapore in the CNY of its own price list, which is shown in USD.
CNY_TO_USD = Decimal("7.33924")
GLOBAL_USD_A_YUAN = Decimal("0.143353")
SIX = {"720P": ("0.6", "0.733924"), "1080P": ("1.0", "1.100886")}
FIVE = {"480P": ("0.3", "0.366961"), "720P": ("0.6", "0.733923"), "1080P": ("1.0", "1.100885")}
TWO_PLUS = {"480P": ("0.14", "0.146785"), "1080P": ("0.70", "0.733924")}
ONE_TURBO = {"480P": ("0.24", "0.264213"), "720P": ("0.24", "0.264213")}
ONE_PLUS = {"720P": ("0.70", "0.733924")}
PRICES = {
    "wan2.6-t2v": SIX,
    "wan2.6-t2v-us": SIX,
    "wan2.5-t2v-preview": FIVE,
    "wan2.2-t2v-plus": TWO_PLUS,
    "wan2.1-t2v-turbo": ONE_TURBO,
    "wan2.1-t2v-plus": ONE_PLUS,
    "wan2.6-i2v": SIX,
    "wan2.6-i2v-us": SIX,
    "wan2.6-i2v-flash": {"720P": ("0.3", "0.366962"), "1080P": ("0.5", "0.550443")},
    "wan2.5-i2v-preview": FIVE,
    "wan2.2-i2v-flash": {"480P": ("0.10", "0.110089"), "720P": ("0.20", "0.264213"), "1080P": ("0.48", None)},
    "wan2.2-i2v-plus": TWO_PLUS,
    "wan2.1-i2v-turbo": ONE_TURBO,
    "wan2.1-i2v-plus": ONE_PLUS,
    "wan2.2-kf2v-flash": {"480P": ("0.10", None), "720P": ("0.20", None), "1080P": ("0.48", None)},
    "wan2.1-kf2v-plus": ONE_PLUS,
}
SILENT_PRICES = {"720P": ("0.15", "0.183481"), "1080P": ("0.25", "0.275221")}
# What a fresh form asks for: the product brief's value where the page offers it, else the page's own default.
DEFAULTS = {
    "wan2.6-t2v": ("1280*720", 5),
    "wan2.6-t2v-us": ("1280*720", 5),
    "wan2.5-t2v-preview": ("1280*720", 5),
    "wan2.2-t2v-plus": ("1920*1080", 5),
    "wan2.1-t2v-turbo": ("832*480", 5),
    "wan2.1-t2v-plus": ("1280*720", 5),
    "wan2.6-i2v": ("720P", 5),
    "wan2.6-i2v-us": ("720P", 5),
    "wan2.6-i2v-flash": ("720P", 5),
    "wan2.5-i2v-preview": ("720P", 5),
    "wan2.2-i2v-plus": ("1080P", 5),
    "wan2.2-i2v-flash": ("480P", 5),
    "wan2.1-i2v-turbo": ("480P", 5),
    "wan2.1-i2v-plus": ("720P", 5),
    "wan2.2-kf2v-flash": ("720P", 5),
    "wan2.1-kf2v-plus": ("720P", 5),
}
GENERAL = {"squish", "rotation", "poke", "inflate", "dissolve"}
BOTH_EFFECTS = GENERAL | {
    "carousel", "singleheart", "flying", "rose", "crystalrose", "hug", "frenchkiss", "coupleheart",
}  # fmt: skip
PLUS_EFFECTS = BOTH_EFFECTS | {
    "melt", "icecream", "dance1", "dance2", "dance3", "dance4", "dance5",
    "mermaid", "graduation", "dragon", "money", "jellyfish", "pupil",
}  # fmt: skip


def field_of(model: Model, name: str, region: str = "singapore") -> Field:
    found = model.field(name, region)
    assert found is not None, f"{model.id} has no {name}"
    return found


def usd(cny: str) -> Decimal:
    return Decimal(cny) / CNY_TO_USD


def tiers(model: Model, region: str) -> list[str]:
    size = model.field("size", region)
    if isinstance(size, SizeField):
        return list(dict.fromkeys(s.tier for s in size.sizes))
    resolution = field_of(model, "resolution", region)
    assert isinstance(resolution, ChoiceField)
    return [str(choice.value) for choice in resolution.choices]


# What is offered -----------------------------------------------------------------------------------------------------


def test_exactly_the_documented_models_are_offered() -> None:
    documented = {
        **dict.fromkeys(TEXT_TO_VIDEO, "text_to_video"),
        **dict.fromkeys(IMAGE_TO_VIDEO, "image_to_video"),
        **dict.fromkeys(KEYFRAMES_TO_VIDEO, "keyframes_to_video"),
        **{model_id: page.family for model_id, page in test_clip_models.PAGES.items()},
        **dict.fromkeys(test_picture_models.PROTOCOLS, "generate_image"),
        test_picture_models.SPEECH: "digital_human",
    }
    assert {model.id: model.family for model in CATALOGUE.models} == documented


def test_no_two_models_share_an_id() -> None:
    ids = [i for model in CATALOGUE.models for i in {model.id, *(offer.id for offer in model.offers)}]
    assert len(ids) == len(set(ids))


def test_every_model_belongs_to_a_family_and_every_family_offers_its_default() -> None:
    families = {family.id for family in CATALOGUE.families}
    assert {model.family for model in CATALOGUE.models} == families
    for family in CATALOGUE.families:
        assert family.default_model in {model.id for model in CATALOGUE.of_family(family.id)}


@EVERY_PAGE
def test_a_model_is_offered_in_its_regions_by_its_id_there(model: Model) -> None:
    assert {offer.region for offer in model.offers} == REGIONS[model.id]
    for offer in model.offers:
        assert offer.id == (BEIJING_IDS.get(model.id, model.id) if offer.region == "beijing" else model.id)


def test_a_model_is_found_by_its_id_in_any_region() -> None:
    for model in CATALOGUE.models:
        assert all(CATALOGUE.model(offer.id) is model for offer in model.offers)
    assert CATALOGUE.model("wan9.9-t2v") is None


def test_regions_have_the_vendors_addresses() -> None:
    assert {region.id: region.base_url for region in CATALOGUE.regions} == {
        "singapore": "https://dashscope-intl.aliyuncs.com/api/v1",
        "virginia": "https://dashscope-us.aliyuncs.com/api/v1",
        "beijing": "https://dashscope.aliyuncs.com/api/v1",
        "frankfurt": "",
        "tokyo": "",
        "hongkong": "https://cn-hongkong.dashscope.aliyuncs.com/api/v1",
    }


def test_every_region_has_an_address_for_a_workspace() -> None:
    assert {region.id: region.workspace_url.format(workspace="ws-1") for region in CATALOGUE.regions} == {
        name: f"https://ws-1.{code}.maas.aliyuncs.com/api/v1"
        for name, code in {
            "singapore": "ap-southeast-1",
            "virginia": "us-east-1",
            "beijing": "cn-beijing",
            "frankfurt": "eu-central-1",
            "tokyo": "ap-northeast-1",
            "hongkong": "cn-hongkong",
        }.items()
    }


def test_every_offer_is_of_a_region_there_is() -> None:
    assert all(CATALOGUE.region(offer.region) for model in CATALOGUE.models for offer in model.offers)


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.id)
def test_every_record_says_where_its_facts_were_read_and_when(model: Model) -> None:
    for source in (model.source, model.price_source):
        assert source.page
        assert source.url.startswith("https://")
        assert source.checked.year >= 2026


@EVERY_PAGE
def test_a_call_goes_to_the_path_of_its_family(model: Model) -> None:
    assert model.endpoint.path == PATHS[model.family]


# Fields and limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_id", TEXT_TO_VIDEO)
@pytest.mark.parametrize("region", ["singapore", "beijing"])
def test_sizes_are_the_union_of_the_rows_of_the_models_tiers(model_id: str, region: str) -> None:
    size = field_of(MODELS[model_id], "size", region)
    assert isinstance(size, SizeField)
    named = TEXT_TO_VIDEO[model_id][0].split()
    assert [s.value for s in size.sizes] == [value for tier in named for value in SIZES[tier]]
    for offered in size.sizes:
        assert offered.value in SIZES[offered.tier]


@EVERY_OFFER
def test_tiers_are_those_of_the_page(model: Model, offer: Offer) -> None:
    region = offer.region
    named = PAGES[model.id][0].split()
    if model.id == "wan2.2-i2v-flash" and region == "beijing":
        named = ["480P", "720P", "1080P"]
    assert tiers(model, region) == named


def test_every_size_has_the_sides_and_the_shape_it_says() -> None:
    sizes = [s for model_id in PAGES for f in MODELS[model_id].fields if isinstance(f, SizeField) for s in f.sizes]
    for size in set(sizes):
        across, down = (int(part) for part in size.ratio.split(":"))
        # Encoders want multiples of 16, so a shape is met to a few percent: 1088 x 832 passes as 4:3.
        assert size.width / size.height == pytest.approx(across / down, rel=0.03)
        # The one exception is the vendor's own: 1080 is not a multiple of 16.
        assert {size.width % 16, size.height % 16} <= {0, 1080 % 16}
        assert size.width % 8 == size.height % 8 == 0


@EVERY_OFFER
def test_lengths_are_those_of_the_page(model: Model, offer: Offer) -> None:
    region = offer.region
    wanted = [5, 10, 15] if region in GLOBAL and not model.id.endswith("-us") else PAGES[model.id][1]
    match field_of(model, "duration", region):
        case NumberField(minimum=minimum, maximum=maximum, default=default):
            assert range(int(minimum), int(maximum) + 1) == wanted
            assert default == 5
        case ChoiceField(choices=choices, default=default):
            assert [choice.value for choice in choices] == wanted
            assert default == 5
        case FixedField(value=value):
            assert (value, wanted) == (5, "fixed")
        case other:
            pytest.fail(f"{other} is no length")


@pytest.mark.parametrize("model_id", PAGES)
def test_prompts_are_as_long_as_the_page_says(model_id: str) -> None:
    model = MODELS[model_id]
    prompt, negative = field_of(model, "prompt", "beijing"), field_of(model, "negative_prompt", "beijing")
    assert isinstance(prompt, TextField)
    assert isinstance(negative, TextField)
    assert prompt.max_chars == PAGES[model_id][3]
    assert negative.max_chars == 500
    assert prompt.required == (model_id in TEXT_TO_VIDEO)


@pytest.mark.parametrize("model_id", PAGES)
def test_sound_is_as_the_page_says(model_id: str) -> None:
    model, sound = MODELS[model_id], PAGES[model_id][2]
    assert model.sound is sound
    assert (model.field("audio_file", "singapore") is not None) == (sound is not Sound.NONE)
    assert (model.field("audio", "singapore") is not None) == (sound is Sound.CHOSEN)


@pytest.mark.parametrize("model_id", PAGES)
def test_nothing_is_sent_that_the_page_does_not_name(model_id: str) -> None:
    model = MODELS[model_id]
    for offer in model.offers:
        wires = [f.wire for f in model.fields_in(offer.region) if f.wire and not isinstance(f, FixedField)]
        has_effects = offer.region == "beijing" and model_id.startswith("wan2.1") and model_id in FROM_PICTURES
        effects = {"template"} if has_effects else set()
        assert {wire.key for wire in wires} == KEYS[model_id] | effects
        for wire in wires:
            assert wire.place == ("input" if wire.key in IN_INPUT else "parameters")


@pytest.mark.parametrize(
    ("model_id", "name"),
    [(model_id, "image") for model_id in IMAGE_TO_VIDEO]
    + [(model_id, name) for model_id in KEYFRAMES_TO_VIDEO for name in ("first_frame", "last_frame")],
)
def test_pictures_are_held_to_the_vendors_limit_and_to_our_stricter_one(model_id: str, name: str) -> None:
    image = field_of(MODELS[model_id], name, "beijing")
    assert isinstance(image, ImageField)
    vendor, ours = image.limit(Side.VENDOR), image.limit(Side.OURS)
    assert (vendor.min_side, vendor.max_side, vendor.max_bytes) == (240, 8000, PICTURE_MB[model_id] * MB)
    assert (ours.min_side, ours.max_side, ours.max_bytes) == (360, 2000, 10 * MB)
    assert vendor.formats == ours.formats == ("JPEG", "PNG", "BMP", "WEBP")
    assert not vendor.alpha
    assert not ours.alpha
    assert image.required
    assert image.data_uri


@EVERY_OFFER
def test_our_limits_are_never_wider_than_the_vendors(model: Model, offer: Offer) -> None:
    for field in model.fields_in(offer.region):
        if isinstance(field, ImageField):
            ours, vendor = field.limit(Side.OURS), field.limit(Side.VENDOR)
            assert ours.min_side >= vendor.min_side
            assert ours.max_side <= vendor.max_side
            assert ours.max_bytes <= vendor.max_bytes
            assert set(ours.formats) <= set(vendor.formats)
            assert vendor.alpha or not ours.alpha
        elif isinstance(field, AudioField):
            ours, vendor = field.limit(Side.OURS), field.limit(Side.VENDOR)
            assert (vendor.min_seconds, vendor.max_seconds, vendor.max_bytes) == (3, 30, 15 * MB)
            assert ours.min_seconds >= vendor.min_seconds
            assert ours.max_seconds <= vendor.max_seconds
            assert ours.max_bytes <= vendor.max_bytes
            assert set(ours.formats) <= set(vendor.formats) == {"WAV", "MP3"}
            assert not field.data_uri  # the page names no such form for sound


@EVERY_OFFER
def test_every_default_is_legal_and_the_brief_is_followed_where_the_page_allows(model: Model, offer: Offer) -> None:
    region = offer.region
    shape, seconds = DEFAULTS[model.id]
    for field in model.fields_in(region):
        match field:
            case ChoiceField(name="resolution", default=default):
                assert default == shape
                assert default in tiers(model, region)
            case ChoiceField(default=default, choices=choices):
                assert default is None or default in [choice.value for choice in choices]
            case SizeField(default=default):
                assert default == shape
                assert field.find(default)
            case NumberField(name=name, default=default):
                assert default is None or field.minimum <= default <= field.maximum
                assert name != "duration" or default == seconds
            case SwitchField(name=name, default=default):
                assert default == {"prompt_extend": True, "watermark": False, "audio": True}[name]
            case FixedField(value=value):
                assert value == seconds
            case TextField(default=default):
                assert default is None
            case ImageField() | AudioField():
                pass


@EVERY_OFFER
def test_a_seed_is_optional_and_a_positive_32_bit_number(model: Model, offer: Offer) -> None:
    seed = field_of(model, "seed", offer.region)
    assert isinstance(seed, NumberField)
    assert (seed.minimum, seed.maximum, seed.default, seed.required) == (0, 2147483647, None, False)


@pytest.mark.parametrize("model_id", [model_id for model_id in PAGES if model_id.startswith("wan2.6")])
def test_shots_are_one_or_several(model_id: str) -> None:
    shots = field_of(MODELS[model_id], "shot_type")
    assert isinstance(shots, ChoiceField)
    assert [choice.value for choice in shots.choices] == ["single", "multi"]
    assert shots.default == "single"
    assert MODELS[model_id].several_shots


@pytest.mark.parametrize(
    ("model_id", "effects"),
    [
        ("wan2.1-i2v-turbo", BOTH_EFFECTS),
        ("wan2.1-i2v-plus", PLUS_EFFECTS),
        ("wan2.1-kf2v-plus", {"hanfu-1", "solaron", "magazine", "mech1", "mech2"}),
    ],
)
def test_effects_are_had_in_beijing_only(model_id: str, effects: set[str]) -> None:
    template = field_of(MODELS[model_id], "template", "beijing")
    assert isinstance(template, ChoiceField)
    assert {choice.value for choice in template.choices} == effects
    assert all(choice.preview == choice.value for choice in template.choices)
    assert MODELS[model_id].field("template", "singapore") is None


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.id)
def test_field_names_are_unique_and_rules_speak_of_fields_that_exist_somewhere(model: Model) -> None:
    anywhere: set[str] = set()
    for offer in model.offers:
        anywhere |= {field.name for field in model.every_field(offer.region)}
        for mode in (None, *model.modes):
            names = [f.name for f in model.fields_in(offer.region, {mode.field: mode.value} if mode else None)]
            assert len(names) == len(set(names))
    for rule in model.rules:
        assert names_in(rule) <= anywhere


def names_in(rule: Rule) -> set[str]:
    match rule:
        case Needs() | SameShape() | Requires():
            return {rule.field, rule.other}
        case Overrides():
            return {rule.field, rule.drops}
        case OneOf() | Together():
            return set(rule.fields)
        case Apart():
            return {*rule.fields, *rule.others}
        case Caps():
            return {rule.field, rule.files}
        case _:
            assert_never(rule)


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.id)
def test_the_bill_and_the_switches_speak_of_fields_that_exist(model: Model) -> None:
    for offer in model.offers:
        names = {field.name for field in model.every_field(offer.region)}
        assert names & set(model.bill.count)
        assert model.bill.given in {"", *names}
        assert {mode.field for mode in model.modes} <= names


@pytest.mark.parametrize("family", CATALOGUE.families, ids=lambda family: family.id)
def test_the_api_takes_every_field_of_its_family(family: Family) -> None:
    models = CATALOGUE.of_family(family.id)
    names = {f.name for model in models for offer in model.offers for f in model.every_field(offer.region)}
    assert len(family.api_order) == len(set(family.api_order))
    assert set(family.api_order) == names | {"model", "region"}
    assert (ROOT / f"assets/icons/{family.icon}.svg").is_file()


# Money and rates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_id", PRICES)
def test_prices_are_those_of_the_price_list(model_id: str) -> None:
    for offer in MODELS[model_id].offers:
        assert offer.currency == ("CNY" if offer.region == "beijing" else "USD")
        sounded = {p.tier: p.amount for p in offer.prices if p.sound is not False}
        assert set(sounded) == set(tiers(MODELS[model_id], offer.region))
        for tier, amount in sounded.items():
            _agrees(amount, PRICES[model_id][tier], "singapore" if model_id.endswith("-us") else offer.region)


def test_only_the_model_that_can_be_silent_has_a_price_for_silence() -> None:
    for model, offer in OFFERS:
        silent = {p.tier: p.amount for p in offer.prices if p.sound is False}
        assert set(silent) == (set(SILENT_PRICES) if model.sound is Sound.CHOSEN else set())
        for tier, amount in silent.items():
            _agrees(amount, SILENT_PRICES[tier], offer.region)


def _agrees(amount: Decimal, listed: tuple[str, str | None], region: str) -> None:
    beijing, singapore = listed
    if region == "beijing":
        assert amount == Decimal(beijing)
    elif region in GLOBAL:
        assert amount == pytest.approx(Decimal(beijing) * GLOBAL_USD_A_YUAN, abs=Decimal("0.000001"))
        assert amount >= usd(beijing)  # the dearer of the two figures that can be derived
    else:
        assert singapore is not None
        assert amount == pytest.approx(usd(singapore), abs=Decimal("0.0001"))


@EVERY_OFFER
def test_rates_are_those_of_the_rate_table(model: Model, offer: Offer) -> None:
    wanted = (5, 5) if model.id.startswith(("wan2.6", "wan2.5")) else (2, 2)
    if (model.id, offer.region) == ("wan2.1-kf2v-plus", "singapore"):
        wanted = (1, 2)
    assert (offer.rate.submits_per_second, offer.rate.running) == wanted


# One record is enough ------------------------------------------------------------------------------------------------


def test_a_model_is_added_with_one_record() -> None:
    known = MODELS["wan2.6-t2v"]
    ratio = ChoiceField(
        name="ratio",
        label="Shape",
        wire=Wire(Place.PARAMETERS, "ratio"),
        choices=(Choice("16:9", "Wide"), Choice("21:9", "Cinema")),
        default="16:9",
    )
    own = tuple(field for field in known.fields if field.name not in {"size", "shot_type"})
    invented = replace(
        known,
        id="wan9-t2v",
        title="Wan 9",
        fields=(*own, resolution_field("720P", "1080P", default="720P"), ratio),
        rules=(),
        offers=tuple(replace(offer, id="wan9-t2v") for offer in known.offers if offer.region == "singapore"),
    )
    catalogue = CATALOGUE.with_models(invented)

    given = {"prompt": "A fox", "duration": 4, "ratio": "21:9"}
    request = parse(catalogue, family="text_to_video", model_id="wan9-t2v", region="singapore", given=given)

    assert check(request) == ()
    assert build(request, {}) == {
        "model": "wan9-t2v",
        "input": {"prompt": "A fox"},
        "parameters": {
            "duration": 4, "prompt_extend": True, "watermark": False, "resolution": "720P", "ratio": "21:9",
        },
    }  # fmt: skip
    assert output_tier(request) == "720P"
    assert price(request).amount == Decimal("0.40")
    assert "| Wan 9 | `wan9-t2v` |" in table.render(catalogue)
    with pytest.raises(InvalidRequest, match="Choose one of"):
        refuse_if_any(check(replace(request, values={**request.values, "ratio": "2:1"})))


def test_the_table_has_a_row_for_every_model_and_id() -> None:
    rendered = table.render(CATALOGUE)

    for model in CATALOGUE.models:
        assert f"| {model.title} |" in rendered
        assert all(f"`{offer.id}`" in rendered for offer in model.offers)


def test_a_stale_table_is_found_and_rewritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = tmp_path / "MODELS.md"
    models.write_text("old", encoding="utf-8")

    assert table.main(["--check"], file=models) == 1
    assert "stale" in capsys.readouterr().out
    assert table.main(["--write"], file=models) == 0
    assert table.main(["--check"], file=models) == 0
    assert models.read_text(encoding="utf-8") == table.document(CATALOGUE)
