"""Parsing, checking, building and pricing of requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, assert_never

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from services.catalogue import CATALOGUE
from services.catalogue.schema import (
    MB,
    AudioField,
    AudioLimit,
    ChoiceField,
    Field,
    FilesField,
    FixedField,
    ImageField,
    ImageLimit,
    Model,
    NumberField,
    Offer,
    OneOf,
    Side,
    SizeField,
    SwitchField,
    TextField,
    VideoField,
    VideoLimit,
)
from services.domain.errors import InvalidRequest
from services.domain.problems import Problem, Repair
from services.media.facts import AudioFacts, ImageFacts, MediaFacts, Unreadable, VideoFacts
from services.request import (
    Request,
    build,
    check,
    fields_for,
    files_to_send,
    output_count,
    output_seconds,
    output_tier,
    parse,
    price,
    refuse_if_any,
)
from tests import ROOT

GOLDEN = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("tests/golden/*.json")}
CLIP = VideoFacts(
    name="clip.mp4", format="MP4", width=1280, height=720, seconds=2.5, fps=30.0, bytes=4 * MB, sound=True
)
PICTURE = ImageFacts(name="beach.png", format="PNG", width=1600, height=900, bytes=2 * MB, alpha=False, sideways=False)
TRACK = AudioFacts(name="track.mp3", format="MP3", seconds=5, bytes=200_000, channels=2, sample_rate=44100)
FACTS: Mapping[str, MediaFacts] = {"png": PICTURE, "jpg": PICTURE, "mp3": TRACK, "wav": TRACK, "mp4": CLIP, "mov": CLIP}
FLASH, SOUND = "wan2.6-i2v-flash", "wan2.6-t2v"
OFFERS = [(model, offer) for model in CATALOGUE.models for offer in model.offers]
EVERY_OFFER = pytest.mark.parametrize(("model", "offer"), OFFERS, ids=[f"{o.id}@{o.region}" for _, o in OFFERS])


def ask(model_id: str, *, region: str = "", **given: object) -> Request:
    """A request with what a model needs, unless the test says otherwise; in the first region that has it."""
    model = CATALOGUE.model(model_id)
    region = region or (model.offers[0].region if model else "")
    needed = needs_of(model, region, given) if model else {}
    return parse(CATALOGUE, family=None, model_id=model_id, region=region, given=needed | given)


def needs_of(model: Model, region: str, given: Mapping[str, object]) -> dict[str, object]:
    """The least that a model is content with: words where it takes any, and one file for each that it cannot miss."""
    fields = {field.name: field for field in fields_for(model, region, given)}
    needed: dict[str, object] = {"prompt": "A fox in the snow"} if "prompt" in fields else {}
    choices = [[name for name in rule.fields if name in fields] for rule in model.rules if isinstance(rule, OneOf)]
    either = {names[0] for names in choices if names and not any(name in given for name in names)}
    for name, field in fields.items():
        if field.required or name in either:
            needed |= {name: file} if (file := file_for(field)) else {}
    return needed


def file_for(field: Field) -> object:
    """A file that does for a field, or None where it takes none."""
    match field:
        case ImageField():
            return PICTURE
        case AudioField():
            return TRACK
        case VideoField():
            return CLIP
        case FilesField():
            files = {ImageLimit: PICTURE, VideoLimit: CLIP, AudioLimit: TRACK}
            return (files[type(field.takes[0].vendor)],)
        case _:
            return None


def facts_of(urls: str | list[str]) -> object:
    """The file or files behind the example links of a golden file, told apart by how a link ends."""
    if isinstance(urls, list):
        return tuple(facts_of(url) for url in urls)
    return FACTS["png" if urls.startswith("data:image/png;") else urls.rpartition(".")[2]]


def urls_of(request: Request) -> dict[str, str | list[str]]:
    """A link for each file of a request."""
    return {
        field.name: [f"oss://{field.name}-{n}" for n, _ in enumerate(request.files(field.name))]
        if isinstance(field, FilesField)
        else f"oss://{field.name}"
        for field in files_to_send(request)
    }


def grave(request: Request, side: Side = Side.OURS) -> list[Problem]:
    return [problem for problem in check(request, side=side) if not problem.advice]


def advice(request: Request) -> list[Problem]:
    return [problem for problem in check(request) if problem.advice]


def refusal(model_id: str, **given: Any) -> Problem:
    """The one problem that parsing raises."""
    with pytest.raises(InvalidRequest) as caught:
        ask(model_id, **given)
    (problem,) = caught.value.problems
    return problem


# Bodies --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_bodies_are_those_of_the_official_pages(name: str) -> None:
    golden = GOLDEN[name]
    facts = {field: facts_of(urls) for field, urls in golden["files"].items()}

    request = parse(
        CATALOGUE,
        family=golden["family"],
        model_id=golden["model"],
        region=golden["region"],
        given=golden["given"] | facts,
    )

    assert grave(request) == []
    assert build(request, golden["files"]) == golden["body"]


def test_every_id_that_can_be_sent_has_its_golden_body() -> None:
    assert {golden["body"]["model"] for golden in GOLDEN.values()} == {offer.id for _, offer in OFFERS}
    assert {golden["model"] for golden in GOLDEN.values()} == {model.id for model in CATALOGUE.models}


@EVERY_OFFER
def test_the_least_a_person_can_give_is_enough(model: Model, offer: Offer) -> None:
    request = ask(model.id, region=offer.region)

    body: Any = build(request, urls_of(request))

    assert check(request) == ()
    assert body["model"] == offer.id
    assert bool(list(request.every_file())) == ("oss://" in json.dumps(body))
    assert None not in body["input"].values()
    assert None not in body["parameters"].values()


@EVERY_OFFER
def test_a_model_with_a_fixed_length_is_sent_none(model: Model, offer: Offer) -> None:
    request = ask(model.id, region=offer.region)
    length = next((field for field in request.fields if field.name == "duration"), None)

    body: Any = build(request, urls_of(request))

    assert ("duration" in body["parameters"]) == (length is not None and not isinstance(length, FixedField))
    assert "duration" not in body["input"]


def test_an_effect_takes_the_place_of_the_prompt() -> None:
    request = ask("wan2.1-i2v-turbo", region="beijing", template="flying")

    body: Any = build(request, urls_of(request))

    assert body["input"] == {"img_url": "oss://image", "template": "flying"}
    assert [problem.field for problem in check(request)] == ["prompt"]
    assert advice(request)[0].message.startswith("The effect takes the place")


def test_sound_off_drops_the_track_and_does_not_upload_it() -> None:
    request = ask(FLASH, audio=False, audio_file=TRACK)

    body: Any = build(request, urls_of(request))

    assert body["parameters"]["audio"] is False
    assert "audio_url" not in body["input"]
    assert [field.name for field in files_to_send(request)] == ["image"]
    assert [problem.field for problem in advice(request)] == ["audio_file"]


def test_sound_on_sends_both_files() -> None:
    request = ask(FLASH, audio_file=TRACK)

    assert {field.name for field in files_to_send(request)} == {"image", "audio_file"}


# Parsing -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["1280*720", "1280x720", "1280X720", " 1280 x 720 ", "1280×720"])
def test_a_size_is_understood_however_it_is_written(size: str) -> None:
    assert ask(SOUND, size=size).values["size"] == "1280*720"


@pytest.mark.parametrize("given", [7, "7", " 7 ", 7.0, "7.0"])
def test_whole_numbers_may_come_as_words(given: object) -> None:
    assert ask(SOUND, duration=given).values["duration"] == 7


@pytest.mark.parametrize("given", [10, "10", 10.0])
def test_a_length_of_a_few_fixed_ones_may_come_as_words(given: object) -> None:
    request = ask("wan2.5-t2v-preview", duration=given)

    assert grave(request) == []
    assert output_seconds(request) == 10


@pytest.mark.parametrize("given", [5.5, "5.5", "five", True, "nan", "inf", "1e400", 10**400, "", [5], {"s": 5}])
def test_what_is_no_whole_number_is_refused_or_absent(given: object) -> None:
    if given == "":
        assert ask(SOUND, duration=given).values["duration"] == 5
    else:
        problem = refusal(SOUND, duration=given)
        assert problem.field == "duration"
        assert len(problem.message) < 120


@pytest.mark.parametrize(
    ("given", "wanted"), [(True, True), ("true", True), ("on", True), (1, True), ("No", False), (0, False)]
)
def test_switches_may_come_as_words(given: object, wanted: bool) -> None:
    assert ask(SOUND, watermark=given).values["watermark"] is wanted


@pytest.mark.parametrize("given", ["maybe", 2, 0.5, [True]])
def test_what_is_neither_on_nor_off_is_refused(given: object) -> None:
    assert "either true or false" in refusal(SOUND, watermark=given).message


@pytest.mark.parametrize("given", [["a", "b"], {"text": "a"}, True, b"bytes"])
def test_words_must_be_words(given: object) -> None:
    assert refusal(SOUND, prompt=given).field == "prompt"


def test_a_number_may_be_a_prompt() -> None:
    assert ask(SOUND, prompt=2049).prompt == "2049"


def test_characters_that_cannot_be_sent_or_stored_are_left_out() -> None:
    prompt = ask(SOUND, prompt="A\x00 fox\ud800 \U0001f98a").prompt

    assert prompt == "A fox \U0001f98a"
    assert json.dumps(prompt, ensure_ascii=False).encode("utf-8")


def test_a_prompt_of_such_characters_only_is_no_prompt() -> None:
    assert [problem.field for problem in grave(ask(SOUND, prompt="\x00\ud800"))] == ["prompt"]


@pytest.mark.parametrize("given", ["/etc/passwd", "https://example.org/a.png", 5, b"bytes"])
def test_a_picture_must_be_a_file_that_was_read(given: object) -> None:
    assert refusal(FLASH, image=given) == Problem(field="image", message="First picture must be a file.")


def test_sound_is_not_taken_for_a_picture() -> None:
    assert "not the right kind" in grave(ask(FLASH, image=TRACK))[0].message


def test_a_file_that_cannot_be_read_says_why() -> None:
    broken = Unreadable(name="x.png", bytes=0, why="x.png is empty. Save it again.")

    assert grave(ask(FLASH, image=broken)) == [Problem(field="image", message="x.png is empty. Save it again.")]


@pytest.mark.parametrize("given", [None, "", "   "])
def test_what_is_not_given_has_its_default(given: object) -> None:
    values = ask(SOUND, size=given, duration=given, seed=given, shot_type=given, prompt_extend=given).values

    assert values["size"] == "1280*720"
    assert values["duration"] == 5
    assert values["shot_type"] == "single"
    assert values["prompt_extend"] is True
    assert "seed" not in values


def test_a_seed_of_zero_is_a_seed() -> None:
    body: Any = build(ask(SOUND, seed=0), {})
    assert body["parameters"]["seed"] == 0


@pytest.mark.parametrize(
    ("model_id", "name"), [(SOUND, "resolution"), ("wan2.2-t2v-plus", "shot_type"), (FLASH, "size"), (SOUND, "x" * 900)]
)
def test_a_field_the_model_does_not_take_is_refused_in_a_sentence(model_id: str, name: str) -> None:
    problem = refusal(model_id, **{name: "720P"})

    assert problem.field == name
    assert "does not take" in problem.message
    assert len(problem.message) < 120


def test_a_field_the_model_does_not_take_may_stay_empty() -> None:
    assert check(ask("wan2.2-t2v-plus", shot_type=None, audio_file="")) == ()


def test_a_field_of_another_region_names_that_region() -> None:
    assert "Beijing has it" in refusal("wan2.1-i2v-turbo", template="flying").message


@pytest.mark.parametrize(
    ("family", "model_id"), [(None, "wan9"), ("text_to_video", FLASH), ("image_to_video", SOUND), (None, "x" * 900)]
)
def test_an_unknown_model_is_refused_with_those_there_are(family: str | None, model_id: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(CATALOGUE, family=family, model_id=model_id, region="singapore", given={})

    offered = CATALOGUE.of_family(family) if family else CATALOGUE.models
    assert caught.value.problems[0].field == "model"
    assert all(model.id in caught.value.message for model in offered)
    assert "x" * 100 not in caught.value.message


@pytest.mark.parametrize("region", ["virginia", "mars"])
def test_a_region_without_the_model_is_refused_with_those_that_have_it(region: str) -> None:
    with pytest.raises(InvalidRequest, match="It is offered in Singapore or Beijing") as caught:
        ask(FLASH, region=region)
    assert caught.value.problems[0].field == "region"


@pytest.mark.parametrize(
    ("model_id", "region", "ending"),
    [
        ("wan2.2-kf2v-flash", "singapore", "It is offered in Beijing. Singapore has wan2.1-kf2v-plus."),
        ("wan2.6-t2v-us", "beijing", "It is offered in Virginia. Beijing has wan2.6-t2v and wan2.7-t2v."),
        ("wan2.2-s2v", "singapore", "It is offered in Beijing."),
    ],
)
def test_a_region_without_the_model_is_refused_with_what_it_has_instead(
    model_id: str, region: str, ending: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(CATALOGUE, family=None, model_id=model_id, region=region, given={})
    assert caught.value.message.endswith(ending)


def test_a_family_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(InvalidRequest, match="no family 'sculpture' here") as caught:
        parse(CATALOGUE, family="sculpture", model_id="wan2.6-t2v", region="singapore", given={"prompt": "x"})

    assert [problem.field for problem in caught.value.problems] == ["family"]


def test_a_regional_id_is_understood() -> None:
    request = ask("wanx2.1-t2v-turbo", region="beijing")

    assert request.model.id == "wan2.1-t2v-turbo"
    assert build(request, {})["model"] == "wanx2.1-t2v-turbo"


def test_several_problems_are_told_at_once() -> None:
    with pytest.raises(InvalidRequest) as caught:
        ask(SOUND, duration="long", watermark="perhaps", resolution="720P")
    assert {problem.field for problem in caught.value.problems} == {"duration", "watermark", "resolution"}


# Checking ------------------------------------------------------------------------------------------------------------


@EVERY_OFFER
@pytest.mark.parametrize("over", [-1, 0, 1])
def test_words_at_and_around_their_limit(model: Model, offer: Offer, over: int) -> None:
    fields = [f for f in model.fields_in(offer.region) if isinstance(f, TextField)]

    request = ask(model.id, region=offer.region, **{field.name: "狐" * (field.max_chars + over) for field in fields})

    problems = grave(request)
    assert [problem.field for problem in problems] == ([field.name for field in fields] if over > 0 else [])
    for problem, field in zip(problems, fields, strict=False):
        assert f"{field.max_chars + 1:,} characters" in problem.message
        assert f"reads {field.max_chars:,}" in problem.message
        assert problem.fix
        assert problem.fix.repair is Repair.CUT
    assert grave(request, Side.VENDOR) == []  # the vendor cuts what is too long and says nothing


def test_a_prompt_is_needed_without_a_picture() -> None:
    assert grave(ask(SOUND, prompt=" ")) == [
        Problem(field="prompt", message="Write a prompt: say what should be seen.")
    ]
    assert grave(ask(FLASH, prompt=" ")) == []


def test_a_picture_is_needed() -> None:
    assert [p.field for p in grave(ask(FLASH, image=None))] == ["image"]


@pytest.mark.parametrize(
    ("model_id", "region", "good", "bad"),
    [
        (SOUND, "singapore", [2, 3, 15], [-1, 0, 1, 16, 10**12]),
        (SOUND, "virginia", [5, 10, 15], [2, 4, 6, 14, 16]),
        ("wan2.5-t2v-preview", "singapore", [5, 10], [4, 6, 9, 11, 15]),
        ("wan2.2-t2v-plus", "singapore", [5], [4, 6, 10]),
        ("wan2.1-i2v-turbo", "beijing", [3, 4, 5], [2, 6]),
        (FLASH, "singapore", [2, 15], [1, 16]),
    ],
)
@pytest.mark.parametrize("side", Side)
def test_a_length_at_and_around_its_limits(
    model_id: str, region: str, good: list[int], bad: list[int], side: Side
) -> None:
    for seconds in good:
        assert grave(ask(model_id, region=region, duration=seconds), side) == []
    for seconds in bad:
        (problem,) = grave(ask(model_id, region=region, duration=seconds), side)
        assert problem.field == "duration"
        assert str(seconds) in problem.message


@pytest.mark.parametrize(("seed", "fits"), [(-1, False), (0, True), (2147483647, True), (2147483648, False)])
@pytest.mark.parametrize("side", Side)
def test_a_seed_at_and_around_its_limits(seed: int, fits: bool, side: Side) -> None:
    assert (grave(ask(SOUND, seed=seed), side) == []) is fits


@pytest.mark.parametrize(
    ("model_id", "size"),
    [(SOUND, "832*480"), ("wan2.2-t2v-plus", "1280*720"), (SOUND, "720P"), (SOUND, "16:9"), (SOUND, "9" * 900)],
)
def test_a_size_that_is_not_offered_is_refused_with_those_that_are(model_id: str, size: str) -> None:
    (problem,) = grave(ask(model_id, size=size))

    assert problem.field == "size"
    assert "1920*1080" in problem.message
    assert len(problem.message) < 300


@pytest.mark.parametrize(
    ("model_id", "region", "resolution"),
    [
        (FLASH, "singapore", "480P"),
        ("wan2.2-i2v-plus", "singapore", "720P"),
        ("wan2.2-i2v-flash", "singapore", "1080P"),
        ("wan2.1-i2v-plus", "beijing", "480P"),
        (FLASH, "singapore", "4K" * 500),
    ],
)
def test_a_quality_that_is_not_offered_is_refused_with_those_that_are(
    model_id: str, region: str, resolution: str
) -> None:
    (problem,) = grave(ask(model_id, region=region, resolution=resolution))

    assert problem.field == "resolution"
    assert "Choose one of" in problem.message
    assert len(problem.message) < 200


def test_a_region_may_offer_more_than_another() -> None:
    assert grave(ask("wan2.2-i2v-flash", region="beijing", resolution="1080P")) == []


@pytest.mark.parametrize(
    ("change", "ours", "vendors"),
    [
        ({"width": 360, "height": 360}, True, True),
        ({"width": 359}, False, True),
        ({"height": 2000, "width": 2000}, True, True),
        ({"width": 2001}, False, True),
        ({"width": 240, "height": 240}, False, True),
        ({"width": 239}, False, False),
        ({"width": 8000}, False, True),
        ({"width": 8001}, False, False),
        ({"bytes": 10 * MB}, True, True),
        ({"bytes": 10 * MB + 1}, False, True),
        ({"bytes": 20 * MB}, False, True),
        ({"bytes": 20 * MB + 1}, False, False),
        ({"format": "GIF"}, False, False),
        ({"alpha": True, "mode": "RGBA"}, False, False),
    ],
)
def test_a_picture_at_and_around_each_limit(change: dict[str, Any], ours: bool, vendors: bool) -> None:
    request = ask(FLASH, image=replace(PICTURE, **change))

    assert (grave(request) == []) is ours
    assert (grave(request, Side.VENDOR) == []) is vendors
    for problem in grave(request):
        assert problem.field == "image"
        assert "beach.png" in problem.message
        assert problem.fix


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({"seconds": 2.8}, False),
        ({"seconds": 3.0}, True),
        ({"seconds": 30.0}, True),
        ({"seconds": 30.5}, False),
        ({"bytes": 15 * MB}, True),
        ({"bytes": 15 * MB + 1}, False),
        ({"format": "OGG"}, False),
    ],
)
@pytest.mark.parametrize("side", Side)
def test_a_track_at_and_around_each_limit(change: dict[str, Any], fits: bool, side: Side) -> None:
    problems = grave(ask(SOUND, audio_file=replace(TRACK, **change)), side)

    assert (problems == []) is fits
    assert all(problem.field == "audio_file" and "track.mp3" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("seconds", "said"), [(5.0, None), (5.05, None), (9.5, "the rest is cut off"), (3.2, "the end will be silent")]
)
def test_a_track_of_another_length_than_the_clip_is_told_and_taken(seconds: float, said: str | None) -> None:
    request = ask(SOUND, audio_file=replace(TRACK, seconds=seconds), duration=5)

    assert grave(request) == []
    assert [said in problem.message for problem in advice(request) if said] == ([True] if said else [])
    assert bool(advice(request)) == bool(said)


@pytest.mark.parametrize(("extend", "told"), [(True, False), (False, True)])
def test_several_shots_without_enriching_are_told_and_taken(extend: bool, told: bool) -> None:
    request = ask(SOUND, shot_type="multi", prompt_extend=extend)

    assert grave(request) == []
    assert [problem.field for problem in advice(request)] == (["shot_type"] if told else [])
    refuse_if_any(check(request))


def test_what_is_not_sent_is_not_judged() -> None:
    too_long = replace(TRACK, seconds=300.0)

    assert grave(ask(FLASH, audio=False, audio_file=too_long)) == []
    assert [p.field for p in grave(ask(FLASH, audio=True, audio_file=too_long))] == ["audio_file"]


def test_problems_are_raised_as_one_readable_error() -> None:
    with pytest.raises(InvalidRequest, match="Write a prompt") as caught:
        refuse_if_any(check(ask(SOUND, prompt="", duration=99, shot_type="multi", prompt_extend=False)))
    assert [problem.field for problem in caught.value.problems] == ["prompt", "duration"]


# Money ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model_id", "region", "given", "amount"),
    [
        (SOUND, "singapore", {}, "0.50 USD"),
        (SOUND, "singapore", {"size": "1920*1080", "duration": 15}, "2.25 USD"),
        (SOUND, "beijing", {"size": "832*1088", "duration": 2}, "1.2 CNY"),
        (SOUND, "virginia", {"duration": 10}, "0.860120 USD"),
        ("wan2.5-t2v-preview", "beijing", {"size": "624*624", "duration": 10}, "3.0 CNY"),
        ("wan2.2-t2v-plus", "singapore", {"size": "480*832"}, "0.10 USD"),
        ("wan2.1-t2v-turbo", "singapore", {}, "0.180 USD"),
        (FLASH, "singapore", {}, "0.25 USD"),
        (FLASH, "singapore", {"audio": False}, "0.125 USD"),
        (FLASH, "beijing", {"audio": False, "resolution": "1080P", "duration": 10}, "2.50 CNY"),
        ("wan2.2-i2v-flash", "beijing", {"resolution": "1080P"}, "2.40 CNY"),
        ("wan2.1-i2v-turbo", "beijing", {"duration": 3}, "0.72 CNY"),
        ("wan2.1-i2v-plus", "singapore", {}, "0.50 USD"),
    ],
)
def test_a_clip_costs_its_seconds_at_the_price_of_its_tier(
    model_id: str, region: str, given: dict[str, object], amount: str
) -> None:
    cost = price(ask(model_id, region=region, **given))

    assert f"{cost.amount} {cost.currency}" == amount
    assert cost.amount == cost.each * Decimal(cost.units)


@EVERY_OFFER
def test_every_choice_has_its_own_price(model: Model, offer: Offer) -> None:
    fields = model.fields_in(offer.region)
    sizes = [size for field in fields if isinstance(field, SizeField) for size in field.sizes]
    for row in offer.prices:
        given: dict[str, object] = {} if row.sound is None else {"audio": row.sound}
        if sizes and row.tier:
            given["size"] = next(size.value for size in sizes if size.tier == row.tier)
        elif row.tier:
            given[model.bill.tier] = row.tier
        assert price(ask(model.id, region=offer.region, **given)).each == row.amount


def test_what_the_price_list_does_not_name_counts_as_the_dearest() -> None:
    request = ask(SOUND)
    dear = replace(request, values={**request.values, "size": "9*9"})

    assert price(dear).each == max(p.amount for p in request.offer.prices)


# Everything at once --------------------------------------------------------------------------------------------------

SIZES = ["1280*720", "1280x720", "832*480", "624*624", "1920*1080", "1080*1920", "1K", "2K", "7*7"]
PICTURES = st.builds(
    ImageFacts,
    name=st.just("a.png"),
    format=st.sampled_from(["JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF"]),
    width=st.integers(1, 9000),
    height=st.integers(1, 9000),
    bytes=st.integers(1, 30 * MB),
    alpha=st.booleans(),
    sideways=st.booleans(),
    frames=st.integers(1, 3),
    mode=st.sampled_from(["RGB", "L", "CMYK"]),
)
TRACKS = st.builds(
    AudioFacts,
    name=st.just("a.mp3"),
    format=st.sampled_from(["WAV", "MP3", "OGG"]),
    seconds=st.floats(0.1, 60),
    bytes=st.integers(1, 20 * MB),
    channels=st.integers(1, 6),
    sample_rate=st.sampled_from([8000, 44100, 96000]),
)
CLIPS = st.builds(
    VideoFacts,
    name=st.just("a.mp4"),
    format=st.sampled_from(["MP4", "MOV", "AVI", "WEBM"]),
    width=st.integers(100, 5000),
    height=st.integers(100, 5000),
    seconds=st.floats(0.1, 60),
    fps=st.sampled_from([8.0, 16.0, 30.0, 120.0]),
    bytes=st.integers(1, 300 * MB),
    sound=st.booleans(),
)
NAMED = ("a.", PICTURE.name, TRACK.name, CLIP.name)
NAMES = sorted({field.name for model, offer in OFFERS for field in model.every_field(offer.region)})
FILES = st.one_of(PICTURES, TRACKS, CLIPS, st.sampled_from([PICTURE, TRACK, CLIP]))


def anything_for(field: Field) -> st.SearchStrategy[object]:
    """Values for a field: some that it takes, some near its limits, and some that it does not take."""
    match field:
        case TextField(max_chars=most):
            return st.one_of(st.text(max_size=40), st.integers(most - 2, most + 2).map(lambda n: "x" * n))
        case NumberField(minimum=least, maximum=most):
            return st.one_of(st.integers(int(least) - 3, int(most) + 3), st.sampled_from(["5", "10", 15.0]))
        case ChoiceField():
            return st.sampled_from([*(choice.value for choice in field.choices), "none", 7])
        case SizeField():
            return st.sampled_from([*(size.value for size in field.sizes), *SIZES])
        case SwitchField():
            return st.booleans()
        case FixedField(value=value):
            return st.sampled_from([value, value + 1])
        case ImageField() | AudioField() | VideoField():
            return FILES
        case FilesField(most=most):
            return st.lists(FILES, max_size=most + 2)
        case _:
            assert_never(field)


@st.composite
def anything(draw: st.DrawFn) -> tuple[Model, Offer, dict[str, object]]:
    """A model in a region and values for some of the fields that its modes leave."""
    model, offer = draw(st.sampled_from(OFFERS))
    given: dict[str, object] = {}
    for mode in model.modes:
        given |= {mode.field: mode.value} if draw(st.booleans()) else {}
    given = {name: value for name, value in given.items() if model.field(name, offer.region)}
    switches = {mode.field for mode in model.modes}  # what else is drawn must not change the mode
    fields = [field for field in fields_for(model, offer.region, given) if field.name not in switches]
    some = {field.name: anything_for(field) for field in fields}
    needed = needs_of(model, offer.region, given) if draw(st.booleans()) else {}
    return model, offer, needed | draw(st.fixed_dictionaries({}, optional=some)) | given


@hypothesis_given(anything())
def test_what_we_let_pass_the_vendor_takes_and_what_we_send_it_documents(
    case: tuple[Model, Offer, dict[str, object]],
) -> None:
    model, offer, given = case

    request = parse(CATALOGUE, family=model.family, model_id=model.id, region=offer.region, given=given)

    known = {field.name for field in request.fields}
    for problem in check(request):
        assert problem.field in known
        assert problem.message[0].isupper() or problem.message.startswith(NAMED)
        assert problem.message.endswith((".", "!", "?"))
    if grave(request):
        return
    assert grave(request, Side.VENDOR) == []
    body: Any = build(request, urls_of(request))
    assert sent_keys(body) <= documented_keys(request)
    assert price(request).amount > 0
    assert output_seconds(request) + output_count(request) > 0
    assert {row.tier for row in offer.prices} & {output_tier(request), ""}


def sent_keys(body: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The places and keys of what a body holds."""
    plain = {(place, key) for place in ("input", "parameters") for key in body[place]}
    media = {("media", item["type"]) for item in body["input"].get("media", ())}
    parts = {("content", key) for each in body["input"].get("messages", ()) for part in each["content"] for key in part}
    return (plain - {("input", "media"), ("input", "messages")}) | media | parts


def documented_keys(request: Request) -> set[tuple[str, str]]:
    """The places and keys that the fields in force have."""
    lists = [field for field in request.fields if isinstance(field, FilesField)]
    wires = [field.wire for field in request.fields if field.wire] + [field.mark[0] for field in lists if field.mark]
    own = {(field.wire.place.value, taken.key) for field in lists for taken in field.takes if taken.key}
    return {(wire.place.value, wire.key) for wire in wires} | own


@hypothesis_given(
    st.sampled_from([SOUND, FLASH, "wan2.5-i2v-preview", "wan2.2-t2v-plus"]),
    st.dictionaries(
        st.one_of(st.sampled_from([*NAMES, "nonsense"]), st.text(max_size=5)),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers())
        ),
    ),
)
def test_nonsense_is_refused_in_words_and_never_breaks(model_id: str, given: dict[str, object]) -> None:
    try:
        problems = check(parse(CATALOGUE, family=None, model_id=model_id, region="singapore", given=given))
    except InvalidRequest as refused:
        problems = refused.problems

    assert all(problem.message and len(problem.message) < 300 for problem in problems)


# Two pictures --------------------------------------------------------------------------------------------------------


def frames(region: str = "beijing", model_id: str = "wan2.1-kf2v-plus", **given: object) -> Request:
    return parse(
        CATALOGUE,
        family="keyframes_to_video",
        model_id=model_id,
        region=region,
        given={"first_frame": PICTURE, "last_frame": PICTURE, **given},
    )


@pytest.mark.parametrize(
    ("width", "height", "differs"), [(1600, 900, False), (1280, 720, False), (1610, 900, False), (900, 1600, True)]
)
def test_pictures_of_different_shapes_are_told_with_a_repair_and_not_refused(
    width: int, height: int, differs: bool
) -> None:
    problems = check(frames(last_frame=replace(PICTURE, width=width, height=height)))

    assert [(p.field, p.advice, p.fix and p.fix.repair) for p in problems] == (
        [("last_frame", True, Repair.MATCH)] if differs else []
    )


def test_both_frames_are_needed_unless_an_effect_takes_the_place_of_the_last() -> None:
    assert [p.field for p in check(frames(last_frame=None))] == ["last_frame"]
    assert [p.field for p in check(frames(first_frame=None))] == ["first_frame"]
    assert check(frames(last_frame=None, template="mech1")) == ()


def test_an_effect_drops_the_last_frame_and_the_words() -> None:
    request = frames(template="mech1", prompt="a knight", last_frame=replace(PICTURE, width=900, height=1600))

    assert {(p.field, p.advice) for p in check(request)} == {("last_frame", True), ("prompt", True)}
    assert [field.name for field in files_to_send(request)] == ["first_frame"]
