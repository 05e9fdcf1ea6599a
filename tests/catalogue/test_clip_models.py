"""The newer families of clips against the vendor's pages, written here once more as plain data.

Reference to video, editing, animating a person, all in one, and what Wan 2.7 added to words and pictures. The bodies
stand in the golden files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from services.catalogue import CATALOGUE
from services.catalogue.schema import (
    MB,
    ChoiceField,
    Family,
    Field,
    FileField,
    FilesField,
    FixedField,
    Model,
    NumberField,
    ResultShape,
    Side,
    SizeField,
    Sound,
    SwitchField,
    TextField,
)
from services.domain.errors import InvalidRequest
from services.domain.problems import Problem
from services.media.facts import AudioFacts, ImageFacts, MediaFacts, VideoFacts
from services.request import (
    Request,
    billed,
    build,
    called,
    check,
    fields_for,
    frame_size,
    output_seconds,
    parse,
    price,
)

PICTURE = ImageFacts(name="a.png", format="PNG", width=1600, height=900, bytes=2 * MB, alpha=False, sideways=False)
CLIP = VideoFacts(name="a.mp4", format="MP4", width=1280, height=720, seconds=3, fps=30, bytes=4 * MB, sound=True)
SHORT = replace(CLIP, seconds=2.5)
TRACK = AudioFacts(name="a.mp3", format="MP3", seconds=5, bytes=200_000, channels=2, sample_rate=44100)

VIDEO_GENERATION = "/services/aigc/video-generation/video-synthesis"
IMAGE2VIDEO = "/services/aigc/image2video/video-synthesis"
WORLD = {"singapore", "beijing", "virginia", "tokyo", "hongkong"}
BOTH = {"singapore", "beijing"}
SIX = {"duration", "input_video_duration", "output_video_duration", "SR", "video_count"}
VACE_USAGE = {"video_duration", "video_ratio", "video_count"}


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the vendor's pages say of a model."""

    family: str
    regions: set[str]
    usage: set[str]
    prices: Mapping[str, Mapping[str, str]]
    """By region, then by tier."""
    prompt: int | None
    sound: Sound = Sound.ALWAYS
    path: str = VIDEO_GENERATION
    rate: tuple[int, int] = (5, 5)
    usual: tuple[int, int] = (60, 300)


def usd(**prices: str) -> dict[str, str]:
    return {tier.removeprefix("p") + "P": amount for tier, amount in prices.items()}


FULL = {"singapore": usd(p720="0.10", p1080="0.15"), "beijing": usd(p720="0.6", p1080="1.0")}
GLOBAL = usd(p720="0.086012", p1080="0.143353")
HALF = {"singapore": usd(p720="0.05", p1080="0.075"), "beijing": usd(p720="0.3", p1080="0.5")}
WAN3 = {
    "singapore": usd(p480="0.05", p720="0.10", p1080="0.20"),
    "beijing": usd(p480="0.30", p720="0.60", p1080="1.20"),
    **dict.fromkeys(("virginia", "tokyo", "hongkong"), usd(p480="0.043006", p720="0.086012", p1080="0.172024")),
}
PRIME = {
    "singapore": usd(p480="0.068", p720="0.14", p1080="0.28"),
    "beijing": usd(p480="0.45", p720="0.90", p1080="1.80"),
    **dict.fromkeys(("virginia", "tokyo", "hongkong"), usd(p480="0.064509", p720="0.129018", p1080="0.258035")),
}
PAGES = {
    "wan2.7-t2v": Page(family="text_to_video", regions=BOTH, usage=SIX | {"size"}, prices=FULL, prompt=5000),
    "wan2.7-i2v": Page(family="image_to_video", regions=BOTH, usage=SIX, prices=FULL, prompt=5000),
    "wan2.6-r2v": Page(
        family="reference_to_video",
        regions={*BOTH, "virginia", "frankfurt"},
        usage=SIX | {"size"},
        prices={**FULL, "virginia": GLOBAL, "frankfurt": GLOBAL},
        prompt=1500,
    ),
    "wan2.6-r2v-flash": Page(
        family="reference_to_video",
        regions=BOTH,
        usage=SIX | {"size"},
        prices=HALF,
        prompt=1500,
        sound=Sound.CHOSEN,
    ),
    "wan2.7-r2v": Page(family="reference_to_video", regions=BOTH, usage=SIX | {"size"}, prices=FULL, prompt=5000),
    "wan2.7-videoedit": Page(family="edit_video", regions=BOTH, usage=SIX | {"size"}, prices=FULL, prompt=5000),
    "wan2.1-vace-plus": Page(
        family="edit_video",
        regions=BOTH,
        usage=VACE_USAGE,
        prices={"singapore": {"": "0.10"}, "beijing": {"": "0.70"}},
        prompt=800,
        sound=Sound.NONE,
        rate=(2, 2),
        usual=(300, 600),
    ),
    "wan2.2-animate-move": Page(
        family="animate_person",
        regions=BOTH,
        usage={"video_duration", "video_ratio"},
        prices={
            "singapore": {"wan-std": "0.12", "wan-pro": "0.18"},
            "beijing": {"wan-std": "0.4", "wan-pro": "0.6"},
        },
        prompt=None,
        sound=Sound.UNSAID,
        path=IMAGE2VIDEO,
        rate=(5, 1),
        usual=(300, 600),
    ),
    "wan2.2-animate-mix": Page(
        family="animate_person",
        regions=BOTH,
        usage={"video_duration", "video_ratio"},
        prices={
            "singapore": {"wan-std": "0.18", "wan-pro": "0.26"},
            "beijing": {"wan-std": "0.6", "wan-pro": "0.9"},
        },
        prompt=None,
        sound=Sound.UNSAID,
        path=IMAGE2VIDEO,
        rate=(5, 1),
        usual=(300, 600),
    ),
    "wan3.0-video": Page(
        family="all_in_one",
        regions=WORLD,
        usage=SIX | {"size", "fps", "ratio"},
        prices=WAN3,
        prompt=20000,
        sound=Sound.CHOSEN,
    ),
    "wan3.0-video-prime": Page(
        family="all_in_one",
        regions=WORLD,
        usage=SIX | {"size", "fps", "ratio"},
        prices=PRIME,
        prompt=20000,
        sound=Sound.CHOSEN,
    ),
}
EVERY_PAGE = pytest.mark.parametrize(("model_id", "page"), PAGES.items(), ids=PAGES)

# What makes a request whole, by what it is about. A test changes one thing of it.
WHOLE: dict[str, tuple[str, dict[str, object]]] = {
    "t2v": ("wan2.7-t2v", {"prompt": "A fox"}),
    "i2v": ("wan2.7-i2v", {"image": PICTURE}),
    "continue": ("wan2.7-i2v", {"first_clip": CLIP}),
    "r2v": ("wan2.6-r2v", {"prompt": "character1 waves", "references": (PICTURE,)}),
    "r2v-flash": ("wan2.6-r2v-flash", {"prompt": "character1 waves", "references": (PICTURE,)}),
    "r2v-2.7": ("wan2.7-r2v", {"prompt": "Image 1 waves", "references": (PICTURE,)}),
    "edit": ("wan2.7-videoedit", {"video": CLIP}),
    "pictures": ("wan2.1-vace-plus", {"prompt": "A girl", "subjects": (PICTURE,)}),
    "repaint": ("wan2.1-vace-plus", {"prompt": "A robot", "function": "video_repainting", "video": SHORT}),
    "part": ("wan2.1-vace-plus", {"prompt": "A lion", "function": "video_edit", "video": SHORT, "mask": PICTURE}),
    "moving": ("wan2.1-vace-plus", {"prompt": "A lion", "function": "video_edit", "video": SHORT, "mask_clip": SHORT}),
    "extend": ("wan2.1-vace-plus", {"prompt": "It runs", "function": "video_extension", "first_frame": PICTURE}),
    "widen": ("wan2.1-vace-plus", {"prompt": "Hills", "function": "video_outpainting", "video": SHORT}),
    "move": ("wan2.2-animate-move", {"image": PICTURE, "video": CLIP}),
    "mix": ("wan2.2-animate-mix", {"image": PICTURE, "video": CLIP}),
    "wan3": ("wan3.0-video", {"prompt": "A fox"}),
    "prime": ("wan3.0-video-prime", {"prompt": "A fox"}),
}


def model_of(model_id: str) -> Model:
    model = CATALOGUE.model(model_id)
    assert model
    return model


def ask(about: str, region: str = "singapore", /, **given: object) -> Request:
    model_id, whole = WHOLE[about]
    return parse(CATALOGUE, family=None, model_id=model_id, region=region, given=whole | given)


def grave(request: Request, side: Side = Side.OURS) -> list[Problem]:
    return [problem for problem in check(request, side=side) if not problem.advice]


# What is offered -----------------------------------------------------------------------------------------------------


@EVERY_PAGE
def test_a_model_is_as_its_page_says(model_id: str, page: Page) -> None:
    model = model_of(model_id)

    assert model.family == page.family
    assert {offer.region for offer in model.offers} == page.regions
    assert model.endpoint.path == page.path
    assert {key.partition(":")[0] for key in model.usage} == page.usage
    assert model.sound is page.sound
    assert model.usual_seconds == page.usual
    assert model.result is (ResultShape.RESULTS_VIDEO_URL if page.family == "animate_person" else ResultShape.VIDEO_URL)
    for offer in model.offers:
        wanted = "wanx2.1-vace-plus" if (model_id, offer.region) == ("wan2.1-vace-plus", "beijing") else model_id
        assert offer.id == wanted
        assert (offer.rate.submits_per_second, offer.rate.running) == page.rate
        assert offer.workspace_only == (page.family == "all_in_one")


@EVERY_PAGE
def test_prices_are_those_of_the_price_list(model_id: str, page: Page) -> None:
    for offer in model_of(model_id).offers:
        assert offer.currency == ("CNY" if offer.region == "beijing" else "USD")
        assert {p.tier: str(p.amount) for p in offer.prices if p.sound is not False} == page.prices[offer.region]
    silent = {p.tier: p.amount * 2 for o in model_of(model_id).offers for p in o.prices if p.sound is False}
    assert bool(silent) == (model_id == "wan2.6-r2v-flash")


@EVERY_PAGE
def test_prompts_are_as_long_as_the_page_says(model_id: str, page: Page) -> None:
    for field in model_of(model_id).every_field("singapore"):
        if isinstance(field, TextField):
            assert field.max_chars == {"prompt": page.prompt, "negative_prompt": 500}[field.name]
    assert (model_of(model_id).field("prompt", "singapore") is None) == (page.prompt is None)


@pytest.mark.parametrize("about", WHOLE)
def test_the_least_a_person_can_give_is_enough(about: str) -> None:
    request = ask(about)

    assert check(request) == ()
    assert price(request).amount > 0
    assert output_seconds(request) >= 2


# Fields --------------------------------------------------------------------------------------------------------------

EVERY_SHAPE = ["16:9", "9:16", "1:1", "4:3", "3:4"]
COMMON = {"prompt_extend": True, "watermark": False}
# What a fresh form says, by the JSON key; the lists are what else may be said.
FORMS: dict[str, dict[str, object]] = {
    "t2v": {"resolution": ["720P", "1080P"], "ratio": EVERY_SHAPE, "duration": (2, 15, 5), **COMMON},
    "i2v": {"resolution": ["720P", "1080P"], "duration": (2, 15, 5), **COMMON},
    "r2v": {"duration": (2, 10, 5), "shot_type": ["single", "multi"], "watermark": False},
    "r2v-flash": {"duration": (2, 10, 5), "shot_type": ["single", "multi"], "audio": True, "watermark": False},
    "r2v-2.7": {
        "resolution": ["720P", "1080P"],
        "ratio": EVERY_SHAPE,
        "duration": (2, 15, 5),
        "watermark": False,
    },
    "edit": {
        "resolution": ["720P", "1080P"],
        "ratio": [None, *EVERY_SHAPE],
        "duration": [0, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        "audio_setting": ["auto", "origin"],
        **COMMON,
    },
    "pictures": {**COMMON},
    "repaint": {
        "control_condition": ["posebodyface", "posebody", "depth", "scribble"],
        "strength": (0, 1, 1),
        **COMMON,
    },
    "part": {
        "mask_type": ["tracking", "fixed"],
        "expand_ratio": (0, 1, 0.05),
        "expand_mode": ["hull", "bbox", "original"],
        "control_condition": [None, "posebodyface", "depth"],
        **COMMON,
    },
    "extend": {"control_condition": [None, "posebodyface", "posebody", "depth", "scribble"], **COMMON},
    "widen": {
        "left_scale": (1, 2, 1.25),
        "right_scale": (1, 2, 1.25),
        "top_scale": (1, 2, 1),
        "bottom_scale": (1, 2, 1),
        **COMMON,
    },
    "move": {"mode": ["wan-std", "wan-pro"], "check_image": True, "watermark": False},
    "wan3": {
        "resolution": ["720P", "480P", "1080P"],
        "ratio": ["adaptive", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"],
        "duration": (2, 30, 5),
        "audio": True,
    },
}


@pytest.mark.parametrize("about", FORMS)
def test_choices_and_their_defaults_are_those_of_the_page(about: str) -> None:
    found: dict[str, object] = {}
    for field in ask(about).fields:
        match field:
            case ChoiceField(default=default, choices=choices) if field.name != "function":
                others = [choice.value for choice in choices if choice.value != default]
                found[field.wire.key] = [default, *others]
            case NumberField(minimum=least, maximum=most, default=default) if field.name != "seed":
                found[field.wire.key] = (least, most, default)
            case SwitchField(default=default):
                found[field.wire.key] = default
            case _:
                pass
    assert found == FORMS[about]


def test_a_model_with_sizes_has_the_two_rows_of_its_page() -> None:
    for about, tiers in {"r2v": {"720P", "1080P"}, "r2v-flash": {"720P", "1080P"}, "pictures": {"720P"}}.items():
        (size,) = [field for field in ask(about).fields if isinstance(field, SizeField)]
        assert {each.tier for each in size.sizes} == tiers
        assert len(size.sizes) == 5 * len(tiers)
        assert size.default == "1280*720"


@pytest.mark.parametrize("region", ["virginia", "frankfurt"])
def test_the_global_scope_takes_clips_only_and_two_lengths(region: str) -> None:
    request = ask("r2v", region, references=(CLIP, CLIP, CLIP), duration=10)

    assert grave(request) == []
    assert [p.field for p in grave(ask("r2v", region, references=(CLIP,), duration=6))] == ["duration"]
    assert [p.field for p in grave(ask("r2v", region))] == ["references"]


@pytest.mark.parametrize("about", WHOLE)
def test_no_file_goes_inside_the_call(about: str) -> None:
    assert not any(field.data_uri for field in ask(about).fields if isinstance(field, FileField))


# Limits: at, under and over ------------------------------------------------------------------------------------------

IMAGE_20MB: list[tuple[dict[str, Any], bool]] = [
    ({"width": 240, "height": 240}, True),
    ({"width": 239}, False),
    ({"width": 8000, "height": 4000}, True),
    ({"width": 8001, "height": 4000}, False),
    ({"bytes": 20 * MB}, True),
    ({"bytes": 20 * MB + 1}, False),
    ({"format": "BMP"}, True),
    ({"format": "TIFF"}, False),
    ({"alpha": True, "mode": "RGBA"}, False),
]
EIGHT_TO_ONE: list[tuple[dict[str, Any], bool]] = [
    ({"width": 2400, "height": 300}, True),
    ({"width": 2500, "height": 300}, False),
]
OUR_PICTURE: list[tuple[dict[str, Any], bool]] = [
    ({"width": 360, "height": 360}, True),
    ({"width": 359, "height": 359}, False),
    ({"width": 2000, "height": 2000}, True),
    ({"width": 2001}, False),
    ({"bytes": 10 * MB}, True),
    ({"bytes": 10 * MB + 1}, False),
]
VACE_PICTURE: list[tuple[dict[str, Any], bool]] = [*OUR_PICTURE, ({"format": "TIFF"}, True), ({"format": "GIF"}, False)]
TEN_SECONDS: list[tuple[dict[str, Any], bool]] = [
    ({"seconds": 2.0}, True),
    ({"seconds": 1.8}, False),
    ({"seconds": 10.0}, True),
    ({"seconds": 10.4}, False),
    ({"bytes": 100 * MB}, True),
    ({"bytes": 100 * MB + 1}, False),
    ({"width": 240, "height": 240}, True),
    ({"height": 238}, False),
    ({"width": 4096, "height": 4096}, True),
    ({"width": 4098}, False),
    ({"format": "MOV"}, True),
    ({"format": "AVI"}, False),
]
REFERENCE_CLIP: list[tuple[dict[str, Any], bool]] = [
    ({"seconds": 1.0}, True),
    ({"seconds": 0.8}, False),
    ({"seconds": 30.0}, True),
    ({"seconds": 30.5}, False),
    ({"bytes": 100 * MB}, True),
    ({"bytes": 100 * MB + 1}, False),
    ({"format": "MOV"}, True),
    ({"format": "AVI"}, False),
]


def vace_clip(seconds: float) -> list[tuple[dict[str, Any], bool]]:
    return [
        ({"seconds": seconds}, True),
        ({"seconds": seconds + 0.5}, False),
        ({"bytes": 50 * MB}, True),
        ({"bytes": 50 * MB + 1}, False),
        ({"fps": 16.0}, True),
        ({"fps": 15.0}, False),
        ({"format": "MOV"}, False),
    ]


ANIMATE_PICTURE: list[tuple[dict[str, Any], bool]] = [
    ({"width": 200, "height": 200}, True),
    ({"width": 199, "height": 199}, False),
    ({"width": 4096, "height": 4096}, True),
    ({"width": 4097, "height": 4000}, False),
    ({"width": 900, "height": 300}, True),
    ({"width": 920, "height": 300}, False),
    ({"bytes": 5 * MB}, True),
    ({"bytes": 5 * MB + 1}, False),
]
ANIMATE_CLIP: list[tuple[dict[str, Any], bool]] = [
    ({"seconds": 2.0}, True),
    ({"seconds": 1.8}, False),
    ({"seconds": 30.0}, True),
    ({"seconds": 30.5}, False),
    ({"width": 200, "height": 200}, True),
    ({"height": 198}, False),
    ({"width": 2048, "height": 2048}, True),
    ({"width": 2050}, False),
    ({"bytes": 200 * MB}, True),
    ({"bytes": 200 * MB + 1}, False),
    ({"fps": 15.0}, True),
    ({"fps": 14.5}, False),
    ({"fps": 60.0}, True),
    ({"fps": 61.0}, False),
    ({"width": 1800, "height": 600}, True),
    ({"width": 1820, "height": 600}, False),
    ({"width": 600, "height": 1820}, False),
    ({"format": "AVI"}, True),
    ({"format": "MOV"}, True),
    ({"format": "WEBM"}, False),
]
TRACK_27: list[tuple[dict[str, Any], bool]] = [
    ({"seconds": 2.0}, True),
    ({"seconds": 1.8}, False),
    ({"seconds": 30.0}, True),
    ({"seconds": 30.5}, False),
    ({"bytes": 15 * MB}, True),
    ({"bytes": 15 * MB + 1}, False),
    ({"format": "WAV"}, True),
    ({"format": "OGG"}, False),
]
# what it is about, field, a file that does, its limits; whether they are the vendor's or our stricter ones
LIMITS: list[tuple[str, str, MediaFacts, list[tuple[dict[str, Any], bool]], set[Side]]] = [
    ("t2v", "audio_file", TRACK, TRACK_27, set(Side)),
    ("i2v", "audio_file", TRACK, TRACK_27, set(Side)),
    ("i2v", "image", PICTURE, IMAGE_20MB, {Side.VENDOR}),
    ("i2v", "image", PICTURE, EIGHT_TO_ONE, {Side.VENDOR}),
    ("i2v", "image", PICTURE, OUR_PICTURE, {Side.OURS}),
    ("i2v", "last_frame", PICTURE, OUR_PICTURE, {Side.OURS}),
    ("continue", "first_clip", CLIP, TEN_SECONDS, set(Side)),
    ("r2v", "references", PICTURE, IMAGE_20MB, set(Side)),
    ("r2v", "references", CLIP, REFERENCE_CLIP, set(Side)),
    ("r2v-2.7", "references", PICTURE, IMAGE_20MB, set(Side)),
    ("r2v-2.7", "references", CLIP, REFERENCE_CLIP, {Side.VENDOR}),
    ("r2v-2.7", "references", CLIP, TEN_SECONDS, {Side.OURS}),
    ("r2v-2.7", "references", PICTURE, EIGHT_TO_ONE, set(Side)),
    ("r2v-2.7", "first_frame", PICTURE, IMAGE_20MB, set(Side)),
    ("edit", "video", CLIP, TEN_SECONDS, set(Side)),
    ("edit", "reference_images", PICTURE, IMAGE_20MB, set(Side)),
    ("pictures", "subjects", PICTURE, VACE_PICTURE, set(Side)),
    ("pictures", "background", PICTURE, VACE_PICTURE, set(Side)),
    ("repaint", "video", SHORT, vace_clip(5), set(Side)),
    ("repaint", "reference_image", PICTURE, VACE_PICTURE, set(Side)),
    ("part", "mask", PICTURE, VACE_PICTURE, set(Side)),
    ("moving", "mask_clip", SHORT, vace_clip(5), set(Side)),
    ("extend", "first_frame", PICTURE, VACE_PICTURE, set(Side)),
    ("extend", "last_clip", SHORT, vace_clip(3), set(Side)),
    ("widen", "video", SHORT, vace_clip(5), set(Side)),
    ("move", "image", PICTURE, ANIMATE_PICTURE, set(Side)),
    ("mix", "video", CLIP, ANIMATE_CLIP, set(Side)),
    ("wan3", "first_frame", PICTURE, IMAGE_20MB, set(Side)),
    ("wan3", "reference_images", PICTURE, EIGHT_TO_ONE, set(Side)),
    ("wan3", "reference_videos", CLIP, [({"seconds": 15.0}, True), ({"seconds": 15.5}, False)], set(Side)),
    ("wan3", "reference_audio", TRACK, [({"seconds": 15.0}, True), ({"seconds": 15.5}, False)], set(Side)),
]


@pytest.mark.parametrize(("about", "name", "good", "change", "fits", "sides"), [
    (about, name, good, change, fits, sides)
    for about, name, good, table, sides in LIMITS
    for change, fits in table
])  # fmt: skip
def test_a_file_at_and_around_each_limit(
    about: str, name: str, good: MediaFacts, change: dict[str, Any], fits: bool, sides: set[Side]
) -> None:
    file = replace(good, **change)
    model_id, whole = WHOLE[about]
    known = {f.name: f for f in fields_for(model_of(model_id), "singapore", whole)}

    for side in sides:
        request = ask(about, **{name: (file,) if isinstance(known[name], FilesField) else file})
        problems = grave(request, side)
        assert (problems == []) is fits, [problem.message for problem in problems]
        assert {problem.field for problem in problems} <= {name}


@pytest.mark.parametrize(
    ("about", "name", "files", "fits"),
    [
        ("r2v", "references", (PICTURE,) * 5, True),
        ("r2v", "references", (PICTURE,) * 6, False),
        ("r2v", "references", (CLIP,) * 3, True),
        ("r2v", "references", (CLIP,) * 3 + (PICTURE,) * 2, True),
        ("r2v", "references", (CLIP,) * 4, False),
        ("r2v", "references", (CLIP,) * 3 + (PICTURE,) * 3, False),
        ("r2v", "references", (TRACK,), False),
        ("r2v-2.7", "references", (CLIP,) * 5, True),
        ("r2v-2.7", "references", (CLIP,) * 3 + (PICTURE,) * 3, False),
        ("edit", "reference_images", (PICTURE,) * 3, True),
        ("edit", "reference_images", (PICTURE,) * 4, False),
        ("edit", "reference_images", (CLIP,), False),
        ("pictures", "subjects", (PICTURE,) * 3, True),
        ("pictures", "subjects", (PICTURE,) * 4, False),
        ("pictures", "background", (PICTURE,), True),
        ("pictures", "background", (PICTURE,) * 3, False),
        ("repaint", "reference_image", (PICTURE,) * 2, False),
        ("wan3", "reference_images", (PICTURE,) * 10, True),
        ("wan3", "reference_images", (PICTURE,) * 11, False),
        ("wan3", "reference_videos", (CLIP,) * 5, True),
        ("wan3", "reference_videos", (replace(CLIP, seconds=2),) * 6, False),
        ("wan3", "reference_videos", (replace(CLIP, seconds=8),) * 2, False),
        ("wan3", "reference_audio", (replace(TRACK, seconds=3),) * 5, True),
        ("wan3", "reference_audio", (TRACK,) * 4, False),
    ],
)
@pytest.mark.parametrize("side", Side)
def test_as_many_files_as_the_page_says(
    about: str, name: str, files: tuple[MediaFacts, ...], fits: bool, side: Side
) -> None:
    problems = grave(ask(about, **{name: files}), side)

    assert (problems == []) is fits
    assert name in {problem.field for problem in problems} or fits


@pytest.mark.parametrize(("subjects", "fits"), [(1, True), (2, True), (3, False)])
@pytest.mark.parametrize("side", Side)
def test_a_background_is_one_of_the_three_pictures_to_go_by(subjects: int, fits: bool, side: Side) -> None:
    problems = grave(ask("pictures", subjects=(PICTURE,) * subjects, background=(PICTURE,)), side)

    assert (problems == []) is fits
    assert "background" in {problem.field for problem in problems} or fits


@pytest.mark.parametrize(("subjects", "background"), [(1, 2), (0, 3)])
def test_lists_on_one_wire_are_one_list_to_the_vendor(subjects: int, background: int) -> None:
    request = ask("pictures", subjects=(PICTURE,) * subjects, background=(PICTURE,) * background)
    assert grave(request, Side.OURS) != []
    assert grave(request, Side.VENDOR) == []


@pytest.mark.parametrize(
    ("about", "name", "good", "bad"),
    [
        ("t2v", "duration", [2, 15], [1, 16]),
        ("i2v", "duration", [2, 15], [1, 16]),
        ("r2v", "duration", [2, 10], [1, 11, 15]),
        ("r2v-2.7", "duration", [2, 15], [1, 16]),
        ("edit", "duration", [0, 2, 10], [1, -1, 11]),
        ("pictures", "duration", [5], [4, 6]),
        ("wan3", "duration", [2, 30], [1, 31, -2]),
        ("wan3", "seed", [0, 2147483647], [-2, 2147483648]),
        ("repaint", "strength", [0, 0.55, 1], [-0.01, 1.01]),
        ("part", "expand_ratio", [0, 1], [1.5]),
        ("widen", "left_scale", [1, 1.33, 2], [0.99, 2.01]),
        ("t2v", "ratio", ["16:9", "3:4"], ["21:9", "adaptive"]),
        ("wan3", "ratio", ["adaptive", "21:9"], ["2:1"]),
        ("move", "mode", ["wan-std", "wan-pro"], ["wan-max"]),
        ("repaint", "control_condition", ["scribble"], ["pose"]),
        ("part", "control_condition", ["depth"], ["scribble"]),
        ("pictures", "size", ["1088*832"], ["1920*1080"]),
    ],
)
@pytest.mark.parametrize("side", Side)
def test_a_value_at_and_around_its_limits(
    about: str, name: str, good: list[object], bad: list[object], side: Side
) -> None:
    for value in good:
        assert grave(ask(about, **{name: value}), side) == []
    for value in bad:
        (problem,) = grave(ask(about, **{name: value}), side)
        assert problem.field == name
        assert str(value) in problem.message


@pytest.mark.parametrize("name", ["duration", "seed"])
def test_minus_one_leaves_the_choice_to_the_vendor_who_takes_it_though_we_never_send_it(name: str) -> None:
    request = ask("wan3", **{name: -1})

    assert [problem.field for problem in grave(request, Side.OURS)] == [name]
    assert grave(request, Side.VENDOR) == []


# What goes together --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "given", "refused"),
    [
        # Wan 2.7 from pictures: six combinations are taken
        ("i2v", {}, set()),
        ("i2v", {"audio_file": TRACK}, set()),
        ("i2v", {"last_frame": PICTURE}, set()),
        ("i2v", {"last_frame": PICTURE, "audio_file": TRACK}, set()),
        ("continue", {}, set()),
        ("continue", {"last_frame": PICTURE}, set()),
        ("i2v", {"image": None}, {"image"}),
        ("i2v", {"image": None, "last_frame": PICTURE}, {"image"}),
        ("i2v", {"image": None, "audio_file": TRACK}, {"image"}),
        ("continue", {"image": PICTURE}, {"image"}),
        ("continue", {"audio_file": TRACK}, {"audio_file"}),
        ("continue", {"image": PICTURE, "audio_file": TRACK, "last_frame": PICTURE}, {"image", "audio_file"}),
        # references
        ("r2v", {"references": None}, {"references"}),
        ("r2v", {"prompt": None}, {"prompt"}),
        ("r2v-2.7", {"references": (CLIP,), "duration": 10}, set()),
        ("r2v-2.7", {"references": (CLIP,), "duration": 11}, {"duration"}),
        ("r2v-2.7", {"references": (PICTURE, CLIP), "duration": 15}, {"duration"}),
        ("r2v-2.7", {"first_frame": PICTURE}, set()),
        # editing
        ("edit", {"video": None}, {"video"}),
        ("edit", {"video": PICTURE}, {"video"}),
        ("edit", {"prompt": None}, set()),
        ("pictures", {"subjects": None}, {"subjects"}),
        ("pictures", {"subjects": None, "background": (PICTURE,)}, set()),
        ("pictures", {"prompt": None}, {"prompt"}),
        ("repaint", {"video": None}, {"video"}),
        ("part", {"mask": None}, {"mask"}),
        ("part", {"mask": None, "mask_clip": SHORT}, set()),
        ("part", {"mask_clip": SHORT}, {"mask_clip"}),
        ("widen", {"video": None}, {"video"}),
        ("extend", {"first_frame": None}, {"first_frame"}),
        ("extend", {"first_frame": None, "last_frame": PICTURE}, set()),
        ("extend", {"first_frame": None, "last_clip": SHORT}, set()),
        ("extend", {"last_clip": SHORT}, set()),
        ("extend", {"first_clip": SHORT}, {"first_clip"}),
        ("extend", {"last_frame": PICTURE, "last_clip": SHORT}, {"last_clip"}),
        ("extend", {"first_frame": None, "first_clip": SHORT, "last_clip": SHORT}, {"last_clip"}),
        ("extend", {"motion_clip": SHORT}, {"control_condition"}),
        ("extend", {"motion_clip": SHORT, "control_condition": "depth"}, set()),
        # animating a person
        ("move", {"image": None}, {"image"}),
        ("mix", {"video": None}, {"video"}),
        # all in one: frames or references
        ("wan3", {"first_frame": PICTURE}, set()),
        ("wan3", {"first_frame": PICTURE, "last_frame": PICTURE}, set()),
        ("wan3", {"last_frame": PICTURE}, {"first_frame"}),
        ("wan3", {"reference_images": (PICTURE,), "reference_videos": (CLIP,), "reference_audio": (TRACK,)}, set()),
        ("wan3", {"first_frame": PICTURE, "reference_images": (PICTURE,)}, {"reference_images"}),
        ("wan3", {"first_frame": PICTURE, "reference_audio": (TRACK,)}, {"reference_audio"}),
        ("wan3", {"prompt": None}, {"prompt"}),
    ],
)
@pytest.mark.parametrize("side", Side)
def test_what_goes_together(about: str, given: dict[str, object], refused: set[str], side: Side) -> None:
    assert {problem.field for problem in grave(ask(about, **given), side)} == refused


@pytest.mark.parametrize(
    ("about", "given", "said"),
    [
        ("pictures", {"video": CLIP}, "only where function is video_repainting or video_edit or video_outpainting"),
        ("widen", {"mask": PICTURE}, "only where function is video_edit"),
        ("repaint", {"subjects": (PICTURE,)}, "together with what else you chose"),
        ("t2v", {"size": "1280*720"}, "does not take size"),
        ("t2v", {"shot_type": "multi"}, "does not take shot_type"),
        ("i2v", {"ratio": "16:9"}, "does not take ratio"),
        ("r2v-2.7", {"audio": False}, "does not take audio"),
        ("r2v", {"prompt_extend": True}, "does not take prompt_extend"),
        ("move", {"prompt": "She dances"}, "does not take prompt"),
        ("wan3", {"negative_prompt": "rain"}, "does not take negative_prompt"),
    ],
)
def test_what_has_no_place_is_refused_in_a_sentence(about: str, given: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        ask(about, **given)
    assert said in caught.value.message


def test_two_pictures_of_different_shapes_are_told_and_taken() -> None:
    tall = replace(PICTURE, width=900, height=1600)

    for about, first in (("i2v", "image"), ("wan3", "first_frame")):
        (advice,) = check(ask(about, **{first: PICTURE, "last_frame": tall}))
        assert (advice.field, advice.advice) == ("last_frame", True)


def test_references_are_called_as_the_prompt_speaks_of_them() -> None:
    files = (CLIP, PICTURE, PICTURE, CLIP)

    assert called(ask("r2v", references=files)) == {
        "references": ("character1", "character2", "character3", "character4")
    }
    assert called(ask("r2v-2.7", references=files)) == {"references": ("Video 1", "Image 1", "Image 2", "Video 2")}


def test_silence_is_sent_and_costs_half() -> None:
    request = ask("r2v-flash", audio=False)
    body: Any = build(request, {"references": ["oss://a"]})

    assert body["parameters"]["audio"] is False
    assert price(request).amount * 2 == price(ask("r2v-flash")).amount


# What it costs and what comes out ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "region", "given", "amount"),
    [
        ("t2v", "singapore", {"duration": 15, "resolution": "1080P"}, "2.25 USD"),
        ("continue", "beijing", {"first_clip": replace(CLIP, seconds=10), "duration": 4}, "2.4 CNY"),
        ("r2v", "singapore", {}, "0.50 USD"),
        ("r2v", "singapore", {"references": (replace(CLIP, seconds=2.5),)}, "0.750 USD"),
        ("r2v", "singapore", {"references": (CLIP, CLIP, PICTURE)}, "1.00 USD"),  # 6 s count as 5
        ("r2v", "frankfurt", {"references": (replace(CLIP, seconds=30),), "duration": 10}, "1.290180 USD"),
        ("r2v-flash", "beijing", {"references": (CLIP,), "audio": False, "size": "1440*1440"}, "2.00 CNY"),
        ("r2v-2.7", "beijing", {"references": (replace(CLIP, seconds=9),)}, "6.0 CNY"),
        ("edit", "singapore", {"video": replace(CLIP, seconds=4)}, "0.80 USD"),
        ("edit", "singapore", {"video": replace(CLIP, seconds=10), "duration": 2, "resolution": "1080P"}, "1.80 USD"),
        ("pictures", "singapore", {}, "0.50 USD"),
        ("repaint", "beijing", {"video": replace(CLIP, seconds=4)}, "2.80 CNY"),
        ("widen", "singapore", {}, "0.250 USD"),
        ("extend", "singapore", {"motion_clip": SHORT, "control_condition": "depth"}, "0.50 USD"),
        ("move", "singapore", {}, "0.36 USD"),
        ("move", "beijing", {"mode": "wan-pro", "video": replace(CLIP, seconds=30)}, "18.0 CNY"),
        ("mix", "singapore", {"mode": "wan-pro"}, "0.78 USD"),
        ("wan3", "singapore", {"resolution": "1080P", "duration": 30}, "6.00 USD"),
        ("wan3", "singapore", {"reference_videos": (CLIP, CLIP)}, "1.10 USD"),
        ("wan3", "tokyo", {"resolution": "480P"}, "0.215030 USD"),
        ("wan3", "singapore", {"audio": False}, "0.50 USD"),
        ("prime", "beijing", {"resolution": "1080P", "duration": 10}, "18.00 CNY"),
    ],
)
def test_a_clip_costs_what_it_is_long_and_where_the_vendor_says_so_what_was_given(
    about: str, region: str, given: dict[str, object], amount: str
) -> None:
    cost = price(ask(about, region, **given))

    assert f"{cost.amount} {cost.currency}" == amount


@pytest.mark.parametrize(
    ("about", "usage", "amount"),
    [
        ("r2v", {"duration": 35, "input_video_duration": 30, "output_video_duration": 5, "SR": 720}, "1.00"),
        ("edit", {"duration": 8, "input_video_duration": 4, "output_video_duration": 4, "SR": "720"}, "0.80"),
        ("t2v", {"duration": 5, "SR": 1080}, "0.75"),  # made in another quality than was chosen
        ("t2v", {"duration": 5, "SR": 333}, "0.50"),  # not in the price list
        ("r2v-flash", {"duration": 5, "SR": 720, "audio": False}, "0.125"),
        ("move", {"video_duration": 3.5, "video_ratio": "standard"}, "0.420"),
        ("repaint", {"video_duration": 5, "video_ratio": "standard", "video_count": 1}, "0.50"),
        ("wan3", {"duration": 9, "input_video_duration": 4, "output_video_duration": 5, "fps": 24}, "0.90"),
    ],
)
def test_a_finished_clip_is_billed_by_what_its_usage_says(about: str, usage: dict[str, object], amount: str) -> None:
    assert str(billed(ask(about), usage)) == amount


@pytest.mark.parametrize(
    ("about", "given", "size"),
    [
        ("t2v", {}, (1280, 720)),
        ("t2v", {"ratio": "4:3"}, (1104, 832)),
        ("t2v", {"ratio": "3:4", "resolution": "1080P"}, (1248, 1648)),
        ("t2v", {"ratio": "1:1", "resolution": "1080P"}, (1440, 1440)),
        ("i2v", {"image": replace(PICTURE, width=750, height=1000)}, (816, 1104)),
        ("continue", {}, (1280, 720)),
        ("r2v", {"size": "832*1088"}, (832, 1088)),
        ("r2v-2.7", {"ratio": "9:16"}, (720, 1280)),
        ("edit", {"video": replace(CLIP, width=720, height=1280), "reference_images": (PICTURE,)}, (720, 1280)),
        ("edit", {"ratio": "1:1"}, (960, 960)),
        ("pictures", {"size": "720*1280"}, (720, 1280)),
        ("move", {}, None),
        ("wan3", {}, None),
    ],
)
def test_the_size_of_what_comes_out_is_known_where_the_page_tells_it(
    about: str, given: dict[str, object], size: tuple[int, int] | None
) -> None:
    assert frame_size(ask(about, **given)) == size


# Help with the prompt ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", CATALOGUE.families, ids=lambda family: family.id)
def test_every_family_with_words_helps_to_write_them(family: Family) -> None:
    models = CATALOGUE.of_family(family.id)
    prompts = [field for model in models for field in model.fields if field.name == "prompt"]

    assert bool(family.guide) == bool(family.examples) == bool(prompts)
    if family.guide:
        assert len({part.label for part in family.guide.parts}) == len(family.guide.parts) >= 2
        assert all(part.pattern.format("x") != part.pattern and part.hint for part in family.guide.parts)
        assert 3 <= len(family.examples) <= 4
    for example in family.examples:
        assert all(len(example.prompt) <= field.max_chars for field in prompts if isinstance(field, TextField))


def test_a_picture_that_is_there_needs_no_words_for_its_subject() -> None:
    def parts(family_id: str) -> list[str]:
        family = CATALOGUE.family(family_id)
        assert family
        assert family.guide
        return [part.label for part in family.guide.parts]

    assert parts("text_to_video")[:3] == ["Subject", "Scene", "Motion"]
    assert parts("image_to_video")[:2] == ["Motion", "Camera"]
    assert "Subject" not in parts("image_to_video") + parts("keyframes_to_video") + parts("edit_video")


def test_shots_may_be_listed_where_the_page_says_so() -> None:
    listed = {model.id for model in CATALOGUE.models if model.several_shots}

    assert listed == {
        *("wan2.6-t2v", "wan2.6-t2v-us", "wan2.7-t2v"),
        *("wan2.6-i2v", "wan2.6-i2v-us", "wan2.6-i2v-flash", "wan2.7-i2v"),
        *("wan2.6-r2v", "wan2.6-r2v-flash", "wan2.7-r2v"),
    }


def test_a_length_that_cannot_be_chosen_is_not_sent() -> None:
    fixed: list[Field] = [field for about in ("pictures", "extend") for field in ask(about).fields]

    assert [(f.name, f.value, f.sent) for f in fixed if isinstance(f, FixedField)] == [("duration", 5, False)] * 2
