"""From what was made back to a form: a whole job, its words, a recipe, or one file for one slot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any, cast

import gradio as gr
import pytest
import pytest_asyncio
from gradio.utils import get_upload_folder

from components.tab.draft import Draft, fitted
from components.tab.form import Tab
from components.tab.layout import build_draft, build_tab
from components.tab.refill import draft_of, left_out, with_file, with_new_seed, with_told, with_words
from components.viewer import Ways
from services.catalogue import CATALOGUE
from services.catalogue.schema import (
    FileField,
    FilesField,
    ImageField,
    ImageLimit,
    Model,
    Place,
    Taken,
    Wire,
)
from services.domain.errors import NotFound
from services.domain.people import Person
from services.gallery.reuse import kinds_taken
from services.request import fields_for
from services.settings import Settings
from tests.components.tab.test_widgets import FakeStudio, Pressed

PICTURE = ImageLimit(formats=("PNG",), min_side=1, max_side=9, max_bytes=9)
FIELDS = (
    ImageField(name="image", label="Portrait", wire=Wire(Place.INPUT, "img_url"), vendor=PICTURE),
    FilesField(
        name="images", label="Pictures", wire=Wire(Place.CONTENT, "image"), takes=(Taken(vendor=PICTURE),), most=4
    ),
)


def job(**more: object) -> dict[str, object]:
    return {"model": "painter", "region": "beijing", "prompt": "A harbour", "parameters": {}, **more}


# Drafts --------------------------------------------------------------------------------------------------------------


def test_words_numbers_and_switches_come_back_as_they_were() -> None:
    parameters = {"n": 4, "strength": 0.25, "watermark": False, "size": "1280*1280", "enable_interleave": True}
    draft = draft_of(job(parameters=parameters), {}, fields=FIELDS)
    assert (draft.model, draft.region) == ("painter", "beijing")
    assert draft.wishes == {"prompt": "A harbour", **parameters}


def test_a_list_comes_back_whole_and_in_order_and_a_single_file_alone() -> None:
    files = {"images": ["/up/b.png", "/up/a.png"], "image": ["/up/me.png"]}
    draft = draft_of(job(), files, fields=FIELDS)
    assert draft.wishes["images"] == ["/up/b.png", "/up/a.png"]
    assert draft.wishes["image"] == "/up/me.png"


def test_a_list_of_one_file_stays_a_list() -> None:
    assert draft_of(job(), {"images": ["/up/a.png"]}, fields=FIELDS).wishes["images"] == ["/up/a.png"]


def test_what_comes_amiss_is_left_out() -> None:
    for files in (None, "x", ["x"], {"images": "/etc/passwd"}, {"images": [None, 3]}, {"images": []}):
        assert draft_of(job(), files, fields=FIELDS).wishes == {"prompt": "A harbour"}
    odd = draft_of(job(prompt=["x"], model=3, parameters={"n": 2, "odd": {"a": 1}, "none": None}), {}, fields=FIELDS)
    assert odd.wishes == {"prompt": "", "n": 2}


def test_the_rewritten_prompt_takes_the_place_of_the_prompt_and_of_nothing_else() -> None:
    draft = Draft(model="mine", region="singapore", wishes={"prompt": "mine", "n": 2}, open=True, source="j1")
    changed = with_words(draft, job(rewritten_prompt="A harbour at dawn"))
    assert changed.wishes == {"prompt": "A harbour at dawn", "n": 2}
    assert (changed.model, changed.region, changed.open, changed.source) == ("mine", "singapore", True, "j1")


def test_another_tools_words_and_seed_are_taken_as_far_as_there_is_a_place_for_them() -> None:
    draft = Draft(model="mine", region="singapore", wishes={"prompt": "mine", "n": 2})
    told = {"prompt": "a cat", "negative_prompt": "dogs", "seed": 7, "model": "theirs", "steps": 30}
    everything = frozenset({"prompt", "negative_prompt", "seed"})
    assert with_told(draft, told, names=everything).wishes == {
        "prompt": "a cat",
        "n": 2,
        "negative_prompt": "dogs",
        "seed": "7",
    }
    assert with_told(draft, told, names=frozenset({"prompt"})).wishes == {"prompt": "a cat", "n": 2}
    for seed in (True, -1, 1 << 40, "7", 1.5, None):
        assert "seed" not in with_told(draft, {"seed": seed}, names=everything).wishes


def every_model() -> list[tuple[Model, str]]:
    return [(model, offer.region) for model in CATALOGUE.models for offer in model.offers]


def test_a_new_seed_is_within_the_model_s_bounds_and_only_where_it_has_one() -> None:
    for model, region in every_model():
        draft, has_seed = with_new_seed(Draft(model=model.id, region=region), model, region)
        assert has_seed == (model.field("seed", region) is not None)
        if has_seed:
            seed = str(draft.wishes["seed"])
            assert 0 <= int(seed) < 1 << 31
            assert with_new_seed(draft, model, region)[0].wishes["seed"] != seed


def test_every_slot_of_every_model_takes_a_file_and_leaves_the_rest() -> None:
    for model, region in every_model():
        for slot in (each for each in model.every_field(region) if isinstance(each, FileField)):
            draft = Draft(model=model.id, region=region, wishes={"prompt": "mine", "odd": 3})
            placed = with_file(draft, "/up/a", slot=slot.name, kind=kinds_taken(slot)[0], stands=[(model, region)])
            assert placed, (model.id, slot.name)
            assert placed.draft.model == model.id
            shown = {f.name: f for f in fields_for(model, region, placed.draft.wishes)}
            held = fitted(shown[slot.name], placed.draft.wishes[slot.name])
            assert held == (["/up/a"] if isinstance(shown[slot.name], FilesField) else "/up/a")
            assert {name: placed.draft.wishes[name] for name in draft.wishes} == draft.wishes


def test_a_list_is_added_to_until_it_is_full() -> None:
    model = next(m for m in CATALOGUE.models if any(isinstance(f, FilesField) for f in m.fields))
    region = model.offers[0].region
    slot = next(f for f in model.fields if isinstance(f, FilesField))
    draft = Draft(model=model.id, region=region)
    for number in range(slot.most):
        placed = with_file(draft, f"/up/{number}", slot=slot.name, kind="image", stands=[(model, region)])
        assert placed
        assert not placed.is_full
        draft = placed.draft
    assert draft.wishes[slot.name] == [f"/up/{number}" for number in range(slot.most)]
    more = with_file(draft, "/up/more", slot=slot.name, kind="image", stands=[(model, region)])
    assert more
    assert more.is_full
    assert more.draft.wishes[slot.name] == draft.wishes[slot.name]


def test_what_a_model_cannot_show_is_named_as_the_form_calls_it() -> None:
    model, region = next((m, r) for m, r in every_model() if m.field("duration", r))
    wishes = {"prompt": "x", "duration": 999, "unheard_of": 3, "empty": ""}
    missing = left_out(Draft(model=model.id, region=region, wishes=wishes), model, region)
    length = model.field("duration", region)
    assert length
    assert missing == [length.label, "unheard of"]


# Listeners -----------------------------------------------------------------------------------------------------------


@dataclass
class FakeReuse:
    """Puts an empty file where uploads lie; some are lost."""

    lost: set[str] = field(default_factory=set)

    async def bring(self, asset_id: str, moment: str | None, folder: Path, *, person: Person) -> Path:
        if asset_id in self.lost:
            raise NotFound("There is no such file.")
        own = folder / f"test-{token_hex(4)}"
        own.mkdir(parents=True)
        path = own / f"{asset_id}{f'-{moment}' if moment else ''}"
        path.write_bytes(b"a file")
        return path


@dataclass
class FakeServices:
    """What of a studio's services is used here."""

    reuse: FakeReuse = field(default_factory=FakeReuse)


@dataclass
class RememberingStudio(FakeStudio):
    """A studio with jobs to go back to."""

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    services: FakeServices = field(default_factory=FakeServices)

    async def job(self, job_id: str, *, person: Person) -> Mapping[str, Any]:
        if job_id not in self.jobs:
            raise NotFound("There is no such job.")
        return self.jobs[job_id]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(tmp_path_factory: pytest.TempPathFactory) -> Ways:
    """The tabs of all families, drawn once: no listener remembers anything."""
    families: list[Tab] = []
    studio = RememberingStudio(settings=Settings(studio_home=tmp_path_factory.mktemp("home")))
    with gr.Blocks(analytics_enabled=False):
        with gr.Tabs() as tabs:
            for family in CATALOGUE.families:
                with gr.Tab(family.label, id=family.id):
                    families.append(build_tab(studio, family, build_draft(family)))  # type: ignore[arg-type]  # a fake
        reuse = gr.HTML()
    return Ways(studio=studio, tabs=tabs, families=tuple(families), reuse=reuse)  # type: ignore[arg-type]  # a fake


@pytest.fixture
def ways(page: Ways, studio: RememberingStudio) -> Ways:
    """The listeners, with a studio of this test."""
    assert studio
    return page


@pytest.fixture
def studio(page: Ways) -> RememberingStudio:
    """The studio behind the page, without memory."""
    fake = cast("RememberingStudio", page.studio)
    fake.jobs, fake.services = {}, FakeServices()
    fake.regions = ("singapore", "virginia", "beijing")
    return fake


def tab_of(ways: Ways, family: str) -> Tab:
    return next(tab for tab in ways.families if tab.family.id == family)


def drafts(ways: Ways, **kept: Draft) -> list[object]:
    """What the forms hold before they are filled: nothing but what the browser remembers."""
    return holding(ways, {family: {"draft": draft.as_json()} for family, draft in kept.items()})


def holding(ways: Ways, forms: Mapping[str, Mapping[str, object]]) -> list[object]:
    """What the forms hold, one after the other."""
    return [forms.get(tab.family.id, {}).get(name) for tab in ways.families for name in tab.inputs()]


def answer(ways: Ways, updates: Mapping[Any, Any]) -> dict[str, Any]:
    told = updates[ways.reuse]["value"]
    assert told["turn"] == 7
    return told


def pressed(**wish: object) -> Any:
    return Pressed(turn=7, **wish)


def made(of: Model, where: str, **more: Any) -> dict[str, Any]:
    """A job of a model with every file field filled: lists with two, in the wrong order in the list of inputs."""
    inputs = [
        {"id": f"{each.name}{position}", "field": each.name, "position": position, "name": f"{each.name}{position}.x"}
        for each in of.fields_in(where)
        if isinstance(each, FileField)
        for position in ((1, 0) if isinstance(each, FilesField) else (0,))
    ]
    base = {"id": "j1", "family": of.family, "model": of.id, "model_title": of.title, "region": where}
    return {**base, "prompt": "A harbour", "rewritten_prompt": None, "parameters": {}, "inputs": inputs, **more}


@pytest.mark.parametrize("family", [family.id for family in CATALOGUE.families])
async def test_a_job_of_every_family_fills_its_tab_with_files_and_settings(
    ways: Ways, studio: RememberingStudio, family: str
) -> None:
    known = CATALOGUE.family(family)
    assert known
    model = CATALOGUE.model(known.default_model)
    assert model
    region = model.offers[0].region
    studio.regions = (region,)
    studio.jobs["j1"] = made(model, region)
    updates = await ways.recall(pressed(job="j1"), *drafts(ways))
    assert updates[ways.tabs]["selected"] == family  # type: ignore[index]  # an update is a dict
    draft = updates[tab_of(ways, family).draft]
    assert isinstance(draft, dict)
    assert (draft["model"], draft["region"], draft["source"]) == (model.id, region, "j1")
    assert draft["wishes"]["prompt"] == "A harbour"
    for each in model.fields_in(region):
        if isinstance(each, FileField):
            wish = draft["wishes"][each.name]
            paths = wish if isinstance(wish, list) else [wish]
            assert isinstance(wish, list) == isinstance(each, FilesField)
            assert [Path(path).name for path in paths] == [f"{each.name}{n}" for n in range(len(paths))]
            assert all(Path(path).is_relative_to(get_upload_folder()) for path in paths)
    assert answer(ways, updates)["say"].startswith("The form has these settings now.")
    assert "not be fetched" not in answer(ways, updates)["say"]


async def test_a_lost_file_is_named_and_the_rest_is_filled(ways: Ways, studio: RememberingStudio) -> None:
    model = CATALOGUE.model("wan2.6-i2v")
    assert model
    studio.jobs["j1"] = made(model, "singapore")
    studio.services.reuse.lost = {"image0"}
    updates = await ways.recall(pressed(job="j1"), *drafts(ways))
    told = answer(ways, updates)
    assert "image0.x could not be fetched" in told["say"]
    assert told["tone"] == "bad"
    assert updates[tab_of(ways, "image_to_video").draft]["wishes"]["prompt"] == "A harbour"  # type: ignore[index]


async def test_again_has_a_new_seed_and_shows_generate(ways: Ways, studio: RememberingStudio) -> None:
    model = CATALOGUE.model("wan2.6-t2v")
    assert model
    studio.jobs["j1"] = made(model, "singapore", parameters={"seed": 5})
    updates = await ways.recall(pressed(job="j1", again=True), *drafts(ways))
    draft = updates[tab_of(ways, "text_to_video").draft]
    assert isinstance(draft, dict)
    assert draft["wishes"]["seed"] not in (5, "5")
    assert draft["source"] == "j1"
    told = answer(ways, updates)
    assert told["ready"] is True
    assert told["say"].startswith("A new seed is in the form.")


async def test_a_model_that_is_gone_is_said_and_everything_else_is_filled(
    ways: Ways, studio: RememberingStudio
) -> None:
    model = CATALOGUE.model("wan2.6-t2v")
    assert model
    gone = made(model, "singapore", model="wan1.0-gone", model_title="Wan 1.0", parameters={"old_switch": True})
    studio.jobs["j1"] = gone
    updates = await ways.recall(pressed(job="j1"), *drafts(ways))
    say = answer(ways, updates)["say"]
    assert "Wan 1.0 is not offered here" in say or "wan1.0-gone is not offered here" in say
    assert "Left out: old switch." in say
    assert updates[tab_of(ways, "text_to_video").draft]["wishes"]["prompt"] == "A harbour"  # type: ignore[index]


async def test_an_imported_item_gives_its_words_or_says_that_nothing_is_known(
    ways: Ways, studio: RememberingStudio
) -> None:
    plain = {"id": "j1", "family": "imported", "model": "imported", "region": "", "inputs": [], "parameters": {}}
    studio.jobs["j1"] = {**plain, "prompt": "A cat", "model_title": "imported"}
    updates = await ways.recall(pressed(job="j1"), *drafts(ways))
    first = next(tab for tab in ways.families if any(w.name == "prompt" for w in tab.widgets))
    assert updates[first.draft]["wishes"]["prompt"] == "A cat"  # type: ignore[index]
    studio.jobs["j1"] = {**plain, "prompt": "", "model_title": "imported"}
    assert answer(ways, await ways.recall(pressed(job="j1"), *drafts(ways)))["tone"] == "bad"


async def test_a_job_of_somebody_else_is_as_if_it_were_not_there(ways: Ways) -> None:
    updates = await ways.recall(pressed(job="theirs"), *drafts(ways))
    assert answer(ways, updates)["say"] == "There is no such job."
    assert ways.tabs not in updates


async def test_a_file_is_put_into_one_slot_and_the_rest_of_the_form_stays(ways: Ways) -> None:
    mine = Draft(model="wan2.6-i2v", region="singapore", wishes={"prompt": "mine", "seed": "5"}, source="j0")
    wish = pressed(asset="a1", moment="last", kind="image", family="image_to_video", slot="image")
    updates = await ways.use(wish, *drafts(ways, image_to_video=mine))
    draft = updates[tab_of(ways, "image_to_video").draft]
    assert isinstance(draft, dict)
    assert (draft["model"], draft["source"]) == ("wan2.6-i2v", "j0")
    assert {n: draft["wishes"][n] for n in ("prompt", "seed")} == mine.wishes
    assert Path(draft["wishes"]["image"]).name == "a1-last"
    told = answer(ways, updates)
    assert told["target"] == "image_to_video-image"
    assert told["say"].startswith("Added to")


async def test_a_place_that_is_folded_away_is_unfolded_when_a_file_goes_there(ways: Ways) -> None:
    tab = tab_of(ways, "text_to_video")
    (folded,) = {f.name for f in tab.standing(tab.blank())[0].every_field("singapore") if isinstance(f, FileField)}
    for slot, family, kind, is_open in (
        (folded, "text_to_video", "audio", True),
        ("image", "image_to_video", "image", False),
    ):
        updates = await ways.use(pressed(asset="a1", moment="", kind=kind, family=family, slot=slot), *drafts(ways))
        draft = updates[tab_of(ways, family).draft]
        assert isinstance(draft, dict)
        assert draft["open"] is is_open


async def test_what_was_chosen_a_moment_ago_stays_though_it_is_not_remembered_yet(ways: Ways) -> None:
    tab = tab_of(ways, "image_to_video")
    mine = Draft(model="wan2.6-i2v", region="singapore", wishes={"prompt": "mine", "duration": 5})
    filled = await tab.fill(mine)
    shown: dict[str, object] = {name: part.value for name, part in tab.inputs().items()}
    for name, part in tab.inputs().items():
        update = filled.get(part, {})
        if name in ("draft", "foot"):
            shown[name] = update
        elif isinstance(update, dict) and "value" in update:
            shown[name] = update["value"]
    model = CATALOGUE.model(mine.model)
    assert model
    length = next(widget for field, widget in tab.shown(model.fields_in("singapore")) if field.name == "duration")
    held = holding(ways, {tab.family.id: shown | {length.key: 10, "copies": 3}})
    recipe = pressed(recipe={"kind": "foreign", "prompt": "a cat"}, family="image_to_video")
    updates = await ways.told(recipe, *held)
    assert updates[tab.draft]["wishes"] == {"prompt": "a cat", "duration": 10}  # type: ignore[index]
    assert updates[length.component]["value"] == 10  # type: ignore[index]
    assert updates[tab.copies]["value"] == 3  # type: ignore[index]


async def test_a_model_without_the_slot_gives_way_to_one_that_has_it_and_it_is_said(ways: Ways) -> None:
    tab = tab_of(ways, "image_to_video")
    wants = {m.id: {f.name for f in m.every_field("singapore") if isinstance(f, FileField)} for m, r in every_model()}
    own = [model for model in CATALOGUE.of_family("image_to_video") if model.offer("singapore")]
    without, slot = next((model, name) for model in own for other in own for name in wants[other.id] - wants[model.id])
    kind = next(
        kinds_taken(f)[0]
        for m in own
        for f in m.every_field("singapore")
        if f.name == slot and isinstance(f, FileField)
    )
    mine = Draft(model=without.id, region="singapore", wishes={"prompt": "mine"})
    wish = pressed(asset="a1", moment="", kind=kind, family=tab.family.id, slot=slot)
    updates = await ways.use(wish, *drafts(ways, image_to_video=mine))
    assert f"{without.title} does not take it" in answer(ways, updates)["say"]
    assert slot in updates[tab.draft]["wishes"]  # type: ignore[index]


@pytest.mark.parametrize(
    "wish",
    [
        {"family": "nowhere", "slot": "image", "kind": "image", "asset": "a1"},
        {"family": "image_to_video", "slot": "nothing", "kind": "image", "asset": "a1"},
        {"family": "image_to_video", "slot": "image", "kind": "audio", "asset": "a1"},
        {"family": "image_to_video", "slot": "image", "kind": "image", "path": "/etc/passwd"},
        {"family": "image_to_video", "slot": "image", "kind": "image", "path": ["x"]},
        {"family": ["x"], "slot": {}, "kind": 3},
    ],
)
async def test_what_a_browser_asks_amiss_changes_no_form(ways: Ways, wish: dict[str, object]) -> None:
    updates = await ways.use(pressed(**wish), *drafts(ways))
    assert list(updates) == [ways.reuse]
    assert answer(ways, updates)["tone"] == "bad"


async def test_a_recipe_from_another_studio_fills_all_but_its_files(ways: Ways) -> None:
    recipe = {"kind": "studio", "family": "image_to_video", "model": "wan2.6-i2v", "region": "singapore"}
    told = {**recipe, "prompt": "<b>hi</b>", "parameters": {"duration": 10, "x": {"y": 1}}, "inputs": True}
    updates = await ways.told(pressed(recipe=told, family=""), *drafts(ways))
    draft = updates[tab_of(ways, "image_to_video").draft]
    assert isinstance(draft, dict)
    assert draft["wishes"] == {"prompt": "<b>hi</b>", "duration": 10}
    assert "source" not in draft
    assert "please add them" in answer(ways, updates)["say"]


async def test_another_tools_prompt_goes_into_the_chosen_form_and_leaves_the_rest(ways: Ways) -> None:
    mine = Draft(model="wan2.6-i2v", region="singapore", wishes={"prompt": "mine", "duration": 10})
    wish = pressed(recipe={"kind": "foreign", "prompt": "a cat"}, family="image_to_video")
    updates = await ways.told(wish, *drafts(ways, image_to_video=mine))
    assert updates[tab_of(ways, "image_to_video").draft]["wishes"] == {"prompt": "a cat", "duration": 10}  # type: ignore[index]
    for odd in (None, "x", {"kind": "foreign"}):
        assert list(await ways.told(pressed(recipe=odd, family=""), *drafts(ways))) == [ways.reuse]
