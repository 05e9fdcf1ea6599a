"""A form at work on what not every family has: lists of files, clips, modes, regions that lack a model, shots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.utils import get_upload_folder

from components.tab.draft import Shown, fitted
from components.tab.form import Tab
from components.tab.widgets import Kind, Widget
from services.catalogue import CATALOGUE
from services.domain.problems import COPIES, Change, Fix, Problem, Repair
from services.media.facts import ImageFacts, VideoFacts
from services.request import fields_for
from services.settings import Settings
from tests.components.tab.test_widgets import FIT, FakeStudio, Pressed, tab_of


@pytest.fixture
def studio(home: Path) -> FakeStudio:
    return FakeStudio(settings=Settings(studio_home=home))


@pytest.fixture
def uploads() -> Path:
    folder = Path(get_upload_folder()) / "test-form"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def upload(folder: Path, name: str) -> str:
    path = folder / name
    path.write_bytes(b"a file")
    return str(path)


def form(tab: Tab, *, model: str, region: str = "singapore", **typed: Shown) -> dict[str, Any]:
    """What the browser sends where these values are in the widgets that are in sight."""
    chosen = tab.studio.catalogue.model(model)
    assert chosen
    values: dict[str, Any] = {widget.key: None for widget in tab.widgets}
    for each, widget in tab.shown(fields_for(chosen, region, typed)):
        value = typed.get(each.name, fitted(each, None))
        values[widget.key] = [value] if widget.kind is Kind.FILES and isinstance(value, str) else value
    return {"draft": None, "model": model, "region": region, "foot": {"output": "x"}, **values}


def widget(tab: Tab, name: str, kind: Kind | None = None) -> Widget:
    return next(w for w in tab.widgets if w.name == name and kind in (None, w.kind))


def update_of(updates: Mapping[Any, object], part: object) -> dict[str, Any]:
    found = updates[part]
    assert isinstance(found, dict)
    return found


def stands(updates: Mapping[Any, object], tab: Tab, *, prompt: str) -> bool:
    """Whether the words are in sight, kept, and not sent back over what is written meanwhile."""
    words = update_of(updates, widget(tab, "prompt").component)
    draft = update_of(updates, tab.draft)
    return words["visible"] is True and "value" not in words and draft["wishes"]["prompt"] == prompt


def kept(asked: dict[str, Any], updates: Mapping[Any, object], tab: Tab) -> dict[str, Any]:
    """The same with the draft that the browser keeps now."""
    return asked | {"draft": updates[tab.draft]}


# Lists ---------------------------------------------------------------------------------------------------------------


async def test_a_list_is_handed_over_in_its_order(studio: FakeStudio, uploads: Path) -> None:
    tab = await tab_of(studio, "reference_to_video")
    paths = [upload(uploads, "b.png"), upload(uploads, "a.mp4")]
    await tab.generate(**form(tab, model="wan2.6-r2v", prompt="x", references=paths))
    assert studio.sent[0]["given"]["references"] == paths


async def test_one_clip_is_handed_over_as_one_path(studio: FakeStudio, uploads: Path) -> None:
    tab = await tab_of(studio, "edit_video")
    path = upload(uploads, "walk.mp4")
    await tab.generate(**form(tab, model="wan2.7-videoedit", prompt="x", video=path))
    assert studio.sent[0]["given"]["video"] == path


async def test_a_remembered_list_keeps_what_still_lies_there_and_nothing_else(
    studio: FakeStudio, uploads: Path
) -> None:
    tab = await tab_of(studio, "reference_to_video")
    kept = upload(uploads, "kept.png")
    wishes = {"references": ["/etc/passwd", kept, str(uploads / "gone.png"), f"{uploads}/../../../etc/passwd"]}
    updates = await tab.restore({"model": "wan2.6-r2v", "region": "singapore", "wishes": wishes})
    assert update_of(updates, widget(tab, "references").component)["value"] == [kept]
    assert studio.asked[-1]["given"]["references"] == [kept]


async def test_every_file_of_a_list_has_its_name_its_facts_and_its_problems(studio: FakeStudio, uploads: Path) -> None:
    tab = await tab_of(studio, "reference_to_video")
    picture = ImageFacts(name="a.png", format="PNG", width=800, height=600, bytes=2048, alpha=False, sideways=False)
    clip = VideoFacts(name="b.mp4", format="MP4", width=1280, height=720, seconds=40, fps=30, bytes=2048, sound=True)
    long = Problem(field="references", item=1, message="b.mp4 is 40 s long.", fix=Fix(Repair.TRIM, "Shorten to 30 s"))
    studio.verdict = replace(
        FIT,
        problems=(long, Problem(field="references", message="Too many.")),
        facts={"references": (picture, clip)},
        names={"references": ("character1", "character2")},
    )
    paths = [upload(uploads, "a.png"), upload(uploads, "b.mp4")]
    updates = await tab.judge(**form(tab, model="wan2.6-r2v", prompt="x", references=paths))
    chooser = widget(tab, "references")
    first, second = update_of(updates, chooser.component)["offer"]["files"]
    assert (first["path"], first["called"], first["kind"], first["lines"]) == (paths[0], "character1", "image", [])
    assert "800 × 600" in first["facts"]
    assert (second["called"], second["kind"]) == ("character2", "video")
    assert [(line["text"], line["fix"]) for line in second["lines"]] == [("b.mp4 is 40 s long.", "Shorten to 30 s")]
    under = update_of(updates, chooser.note)["value"]["lines"]
    assert [line["text"] for line in under] == ["Too many."]


async def test_a_fix_repairs_the_one_file_of_a_list(studio: FakeStudio, uploads: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.mp4"
    made.write_bytes(b"shorter")
    studio.repaired = str(made)
    tab = await tab_of(studio, "reference_to_video")
    paths = [upload(uploads, "a.png"), upload(uploads, "b.mp4")]
    asked = form(tab, model="wan2.6-r2v", prompt="x", references=paths)
    updates = await tab.repair(Pressed(field="references", item=1), **asked)  # type: ignore[arg-type]  # a fake event
    value = update_of(updates, widget(tab, "references").component)["value"]
    assert value[0] == paths[0]
    assert Path(value[1]).name == "b.mp4"
    assert Path(value[1]).read_bytes() == b"shorter"


async def test_a_fix_of_the_price_chooses_what_the_cap_still_allows(studio: FakeStudio) -> None:
    change = Change(model="wan2.6-t2v", values={"resolution": "720P"})
    fix = Fix(Repair.CHEAPER, "Use Wan 2.6, 720p: $0.50", change)
    studio.verdict = replace(FIT, problems=(Problem(field="price", message="Over your cap.", fix=fix),))
    tab = await tab_of(studio, "text_to_video")
    asked = form(tab, model="wan2.7-t2v", prompt="A harbour")
    foot = update_of(await tab.judge(**asked), tab.foot)
    assert [(reason["fix"], reason["tone"]) for reason in foot["reasons"]] == [(fix.label, "bad")]
    assert not foot["ready"]

    updates = await tab.repair(Pressed(field="price"), **asked)  # type: ignore[arg-type]  # a fake event
    draft = update_of(updates, tab.draft)
    assert (draft["model"], draft["wishes"]["resolution"]) == ("wan2.6-t2v", "720P")
    assert draft["wishes"]["prompt"] == "A harbour"
    assert update_of(updates, tab.model)["value"] == "wan2.6-t2v"


@pytest.mark.parametrize("item", [2, -1])
async def test_a_fix_of_a_file_that_is_gone_does_nothing(studio: FakeStudio, uploads: Path, item: int) -> None:
    tab = await tab_of(studio, "reference_to_video")
    asked = form(tab, model="wan2.6-r2v", references=[upload(uploads, "a.png"), upload(uploads, "b.png")])
    assert await tab.repair(Pressed(field="references", item=item), **asked) == gr.skip()  # type: ignore[arg-type]  # a fake


@pytest.mark.parametrize(
    ("family", "model", "needed"),
    [
        ("digital_human", "wan2.2-s2v", {"image", "audio_file"}),
        ("edit_video", "wan2.7-videoedit", {"video"}),
        ("reference_to_video", "wan2.6-r2v", {"references"}),
        ("keyframes_to_video", "wan2.2-kf2v-flash", {"first_frame", "last_frame"}),
    ],
)
async def test_one_press_fills_in_the_files_that_a_model_needs(
    studio: FakeStudio, family: str, model: str, needed: set[str]
) -> None:
    tab = await tab_of(studio, family)
    found = studio.catalogue.model(model)
    assert found
    asked = form(tab, model=model, region=found.offers[0].region)
    updates = await tab.pick(Pressed(index="picture"), **asked)  # type: ignore[arg-type]  # a fake event
    filled = picked(updates, tab)["wishes"]
    assert needed <= filled.keys()
    for name in filled:
        shown = next(w for each, w in tab.shown(found.every_field(found.offers[0].region)) if each.name == name)
        value = update_of(updates, shown.component)["value"]
        assert Path(value[0] if isinstance(value, list) else value).is_file()


async def test_the_two_pictures_to_try_are_not_the_same(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "keyframes_to_video")
    asked = form(tab, model="wan2.2-kf2v-flash", region="beijing")
    updates = await tab.pick(Pressed(index="picture"), **asked)  # type: ignore[arg-type]  # a fake event
    first, last = (Path(picked(updates, tab)["wishes"][name]).read_bytes() for name in ("first_frame", "last_frame"))
    assert first != last


# Examples ------------------------------------------------------------------------------------------------------------

CLIP_FACTS = VideoFacts(name="b.mp4", format="MP4", width=1280, height=720, seconds=4, fps=30, bytes=2048, sound=True)


def number_of(family: str, title: str) -> int:
    found = CATALOGUE.family(family)
    assert found
    return [example.title for example in found.examples].index(title)


def picked(updates: Mapping[Any, object], tab: Tab) -> Mapping[str, Any]:
    draft = updates[tab.draft]
    assert isinstance(draft, dict)
    return draft


async def test_an_example_brings_the_choices_that_its_words_need(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "text_to_video")
    number = number_of("text_to_video", "Three shots")
    updates = await tab.pick(Pressed(index=number), **form(tab, model="wan2.6-t2v"))  # type: ignore[arg-type]  # a fake event
    assert update_of(updates, widget(tab, "duration", Kind.SLIDER).component)["value"] == 9
    assert update_of(updates, widget(tab, "shot_type").component)["value"] == "multi"
    assert "Shot 3 [6-9s]" in update_of(updates, widget(tab, "prompt").component)["value"]


async def test_an_article_is_written_by_the_model_that_writes_articles(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "generate_image")
    number = number_of("generate_image", "Recipe")
    updates = await tab.pick(Pressed(index=number), **form(tab, model="wan2.6-t2i"))  # type: ignore[arg-type]  # a fake event
    assert update_of(updates, tab.model)["value"] == "wan2.6-image"
    assert update_of(updates, widget(tab, "enable_interleave").component)["value"] is True


async def test_another_example_takes_back_what_the_one_before_chose_and_nothing_else(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "generate_image")
    wishes = {"enable_interleave": True, "seed": "7", "prompt": "An illustrated recipe"}
    draft = {"model": "wan2.6-image", "region": "singapore", "wishes": wishes}
    asked = form(tab, model="wan2.6-image", **wishes) | {"draft": draft}
    updates = await tab.pick(Pressed(index=0), **asked)  # type: ignore[arg-type]  # a fake event
    assert picked(updates, tab)["model"] == "wan2.6-t2i"
    assert picked(updates, tab)["wishes"].keys() == {"seed", "prompt"}


@pytest.mark.parametrize(
    ("model", "facts", "names"),
    [
        ("wan2.6-r2v", (), ("character1", "character2")),
        ("wan2.7-r2v", (), ("Image 1", "Image 2")),
        ("wan2.7-r2v", (CLIP_FACTS,), ("Video 1", "Image 1")),
    ],
)
async def test_an_example_calls_the_files_as_the_model_does(
    studio: FakeStudio, model: str, facts: tuple[VideoFacts, ...], names: tuple[str, str]
) -> None:
    studio.verdict = replace(FIT, facts={"references": facts})
    tab = await tab_of(studio, "reference_to_video")
    number = number_of("reference_to_video", "A talk")
    updates = await tab.pick(Pressed(index=number), **form(tab, model=model))  # type: ignore[arg-type]  # a fake event
    words = picked(updates, tab)["wishes"]["prompt"]
    assert words.startswith(f"{names[0]} and {names[1]} sit")
    assert "{" not in words


# Answers that come late ----------------------------------------------------------------------------------------------


async def test_files_that_an_older_draft_does_not_have_go_along_to_another_region(
    studio: FakeStudio, uploads: Path
) -> None:
    """An answer that was on its way while an example was put into the form has put the draft of before back."""
    tab = await tab_of(studio, "keyframes_to_video")
    frames = {name: upload(uploads, f"{name}.jpg") for name in ("first_frame", "last_frame")}
    asked = form(tab, model="wan2.1-kf2v-plus", prompt="Dawn", **frames)
    updates = await tab.follow(**asked | {"region": "beijing"})
    draft = update_of(updates, tab.draft)
    assert (draft["model"], draft["wishes"]) == ("wan2.2-kf2v-flash", {"prompt": "Dawn", **frames})


async def test_an_older_draft_keeps_the_files_that_are_out_of_sight(studio: FakeStudio, uploads: Path) -> None:
    tab = await tab_of(studio, "image_to_video")
    files = {"image": upload(uploads, "pond.jpg"), "audio_file": upload(uploads, "rain.mp3")}
    asked = form(tab, model="wan2.2-i2v-plus", prompt="Ripples", image=files["image"])
    asked["draft"] = {"model": "wan2.6-i2v", "region": "singapore", "wishes": files}
    wishes = update_of(await tab.judge(**asked), tab.draft)["wishes"]
    assert {**files, "prompt": "Ripples"}.items() <= wishes.items()


async def test_what_is_remembered_already_is_not_sent_back(studio: FakeStudio) -> None:
    """The form may be filled with another work while the answer is on its way: that would lose where it came from."""
    tab = await tab_of(studio, "text_to_video")
    asked = form(tab, model="wan2.6-t2v", prompt="A harbour")
    first = await tab.judge(**asked)
    assert update_of(first, tab.draft)["wishes"]["prompt"] == "A harbour"
    again = await tab.judge(**kept(asked, first, tab))
    assert tab.draft not in again
    assert tab.foot in again


async def test_a_form_that_holds_what_its_draft_says_is_not_judged_again(studio: FakeStudio) -> None:
    """Gradio says that words changed also if the studio has just filled them in."""
    tab = await tab_of(studio, "text_to_video")
    asked = form(tab, model="wan2.6-t2v", prompt="A harbour")
    first = await tab.judge(**asked)
    asked |= {"draft": first[tab.draft], "foot": first[tab.foot], COPIES: 1}
    so_far = len(studio.asked)
    assert tab.foot not in await tab.hear(**asked)
    assert tab.foot not in await tab.hear(**asked | {"foot": None, "prompt": "A kite"})  # it is being filled
    assert len(studio.asked) == so_far
    for other in ({"prompt": "A kite"}, {"prompt": ""}, {COPIES: 2}):
        assert tab.foot in await tab.hear(**asked | other)
    assert len(studio.asked) == so_far + 3


async def test_an_answer_says_which_filling_of_the_form_it_is_about(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "text_to_video")
    filled = update_of(await tab.restore(None), tab.foot)["filled"]
    asked = form(tab, model="wan2.6-t2v", prompt="A harbour")
    asked["foot"] = {"filled": filled}
    for listener in (tab.judge, tab.generate):
        assert update_of(await listener(**asked), tab.foot)["filled"] == filled
    assert update_of(await tab.follow(**asked), tab.foot)["filled"] != filled


async def test_a_mode_draws_the_fields_that_it_has_and_hides_those_it_lacks(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "edit_video")
    asked = form(tab, model="wan2.1-vace-plus", prompt="Snow", size="720*1280")
    asked[widget(tab, "function").key] = "video_outpainting"
    updates = await tab.judge(**asked)
    assert update_of(updates, widget(tab, "left_scale").component)["visible"] is True
    assert update_of(updates, widget(tab, "left_scale").component)["value"] == 1.25
    assert update_of(updates, widget(tab, "size").component)["visible"] is False
    assert stands(updates, tab, prompt="Snow")
    assert studio.asked[-1]["given"]["function"] == "video_outpainting"
    assert "size" not in studio.asked[-1]["given"]


async def test_what_was_chosen_in_one_mode_is_there_again_after_another(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "edit_video")
    choice = widget(tab, "function").key
    asked = form(tab, model="wan2.1-vace-plus", prompt="Snow", size="720*1280")
    asked = kept(asked, await tab.judge(**asked), tab) | {choice: "video_outpainting"}
    there = await tab.judge(**asked)
    back = form(tab, model="wan2.1-vace-plus", function="video_outpainting", prompt="Snow")
    updates = await tab.judge(**kept(back, there, tab) | {choice: "image_reference"})
    assert update_of(updates, widget(tab, "size").component)["value"] == "720*1280"


async def test_a_mode_of_the_same_fields_is_judged_without_drawing_anew(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "edit_video")
    asked = form(tab, model="wan2.1-vace-plus", prompt="Snow", function="video_repainting")
    asked = kept(asked, await tab.judge(**asked), tab)
    updates = await tab.judge(**asked | {widget(tab, "prompt").key: "Snow falls"})
    assert tab.model not in updates


# Regions -------------------------------------------------------------------------------------------------------------


def picker(updates: Mapping[Any, object], tab: Tab) -> dict[str, Any]:
    offer = update_of(updates, tab.model)["offer"]
    assert isinstance(offer, dict)
    return offer


async def test_a_model_that_the_region_lacks_is_greyed_with_the_place_that_has_it(studio: FakeStudio) -> None:
    studio.regions = ("singapore", "virginia")
    tab = await tab_of(studio, "text_to_video")
    offer = picker(await tab.restore({"model": "wan2.6-t2v", "region": "virginia", "wishes": {}}), tab)
    off = next(model for model in offer["models"] if model["id"] == "wan2.2-t2v-plus")
    assert off["off"] is True
    assert off["where"].endswith(" only")
    usable = {place["region"]: place["usable"] for place in off["places"]}
    assert usable["singapore"] is True
    assert usable["beijing"] is False
    on = [model["off"] for model in offer["models"]]
    assert on == sorted(on), "those that can be chosen come first"


async def test_going_to_the_region_of_a_model_takes_the_words_along(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "text_to_video")
    asked = form(tab, model="wan2.6-t2v", region="virginia", prompt="A fox")
    updates = await tab.move(Pressed(region="singapore", model="wan2.2-t2v-plus"), **asked)  # type: ignore[arg-type]  # a fake
    assert update_of(updates, tab.model)["value"] == "wan2.2-t2v-plus"
    assert update_of(updates, tab.region)["value"] == "singapore"
    assert stands(updates, tab, prompt="A fox")


async def test_a_family_of_one_region_says_so_and_stands_there_where_it_can(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "digital_human")
    updates = await tab.restore({"model": "wan2.2-s2v", "region": "singapore", "wishes": {}})
    assert update_of(updates, tab.region)["value"] == "beijing"
    assert "Beijing only" in picker(updates, tab)["missing"]["text"]


async def test_a_family_without_a_key_offers_the_place_for_one(studio: FakeStudio) -> None:
    studio.regions = ("singapore",)
    tab = await tab_of(studio, "digital_human")
    missing = picker(await tab.restore(None), tab)["missing"]
    assert "no key" in missing["text"]
    assert [(place["region"], place["usable"]) for place in missing["places"]] == [("beijing", False)]


async def test_where_everything_is_at_hand_nothing_is_said(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "text_to_video")
    assert picker(await tab.restore(None), tab)["missing"] is None


# Help ----------------------------------------------------------------------------------------------------------------


async def test_a_shot_list_switches_several_shots_on_where_the_model_has_them(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "text_to_video")
    updates = await tab.cut_shots(**form(tab, model="wan2.6-t2v", prompt="x"))
    assert update_of(updates, widget(tab, "shot_type").component)["value"] == "multi"
    assert update_of(updates, widget(tab, "prompt_extend").component)["value"] is True
    without = await tab.cut_shots(**form(tab, model="wan2.2-t2v-plus", prompt="x"))
    assert update_of(without, widget(tab, "shot_type").component)["visible"] is False


async def test_the_helper_knows_whether_shots_may_be_listed_and_how_long_the_clip_is(studio: FakeStudio) -> None:
    tab = await tab_of(studio, "text_to_video")
    updates = await tab.judge(**form(tab, model="wan2.6-t2v", prompt="x"))
    assert update_of(updates, tab.guide)["offer"] == {"shots": True, "seconds": 5, "maximum": 1500}
