"""Fields as widgets, verdicts as words, and a whole form at work on a studio that is handed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder

from components.page import build_page
from components.script_data import script_data, shared_data
from components.tab import widgets
from components.tab.draft import Shown, fitted
from components.tab.form import Tab
from components.tab.layout import build_draft, build_tab
from components.tab.verdicts import rates_of
from components.tab.widgets import Kind
from components.text import accepted, money, usual_time
from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import ChoiceField, Field, Model, NumberField, SizeField
from services.catalogue.video_fields import OUR_IMAGE
from services.domain.errors import InvalidRequest, PriceChanged, StudioError
from services.domain.people import LOCAL, Person
from services.domain.problems import Fix, Problem, Repair
from services.media import image_defects, read_image
from services.media.facts import ImageFacts, Unreadable
from services.money.agreed import NOTHING_SHOWN, Agreed
from services.request import Cost
from services.settings import Settings
from services.studio import Verdict

FIT = Verdict(
    problems=(),
    cost=Cost(amount=Decimal("0.50"), currency="USD", units=5, each=Decimal("0.10")),
    seconds=5,
    output="1280 × 720",
)


@dataclass
class FakeStudio:
    """Answers as it is told and remembers what it was asked."""

    settings: Settings
    catalogue: Catalogue = CATALOGUE
    demo: bool = True
    regions: tuple[str, ...] = ("singapore", "virginia", "beijing")
    verdict: Verdict = FIT
    error: StudioError | None = None
    repaired: str = ""
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    sent: list[Mapping[str, Any]] = field(default_factory=list)

    def person_in(self, _headers: Mapping[str, str]) -> Person:
        return LOCAL

    async def check(self, **request: Any) -> Verdict:
        self.asked.append(request)
        return self.verdict

    async def submit_many(self, **request: Any) -> tuple[Mapping[str, Any], ...]:
        if self.error:
            raise self.error
        self.sent.append(request)
        return tuple({"id": f"job{number}", "status": "queued"} for number in range(1, request["copies"] + 1))

    async def repair(self, **request: Any) -> str:
        if self.error:
            raise self.error
        return self.repaired


@pytest.fixture
def studio(home: Path) -> FakeStudio:
    return FakeStudio(settings=Settings(studio_home=home))


# Gradio makes an event loop of its own, and never closes it, where a page is built while none runs: hence the async.


async def tab_of(studio: FakeStudio, family_id: str) -> Tab:
    family = studio.catalogue.family(family_id)
    assert family
    with gr.Blocks(analytics_enabled=False):
        return build_tab(studio, family, build_draft(family))  # type: ignore[arg-type]  # a fake of the same shape


@pytest.fixture
async def words_tab(studio: FakeStudio) -> Tab:
    return await tab_of(studio, "text_to_video")


@pytest.fixture
async def picture_tab(studio: FakeStudio) -> Tab:
    return await tab_of(studio, "image_to_video")


def form(tab: Tab, *, model: str | None = None, region: str = "singapore", **typed: Shown) -> dict[str, Any]:
    """What the browser sends: every widget's value, those out of sight included."""
    chosen = studio_model(tab, model or tab.family.default_model)
    values: dict[str, Any] = {widget.key: None for widget in tab.widgets}
    for each, widget in tab.shown(chosen.fields_in(region)):
        values[widget.key] = typed.get(each.name, fitted(each, None))
    return {"draft": None, "model": chosen.id, "region": region, "foot": {"output": "x"}, **values}


def studio_model(tab: Tab, model_id: str) -> Model:
    found = tab.studio.catalogue.model(model_id)
    assert found
    return found


def every_field() -> Iterator[tuple[Model, str, Field]]:
    for model in CATALOGUE.models:
        for offer in model.offers:
            yield from ((model, offer.region, each) for each in model.fields_in(offer.region))


# Drawing -------------------------------------------------------------------------------------------------------------


async def test_every_field_of_every_model_in_every_region_has_exactly_one_widget(studio: FakeStudio) -> None:
    tabs = {family.id: await tab_of(studio, family.id) for family in CATALOGUE.families}
    for model, region, each in every_field():
        tab = tabs[model.family]
        fit = [w for w in tab.widgets if w.name == each.name and w.kind is widgets.kind_of(each)]
        assert len(fit) == 1, (model.id, region, each.name)


def test_a_name_that_is_entered_in_two_ways_has_two_widgets_with_ids_of_their_own(words_tab: Tab) -> None:
    ids = [widget.component.elem_id for widget in words_tab.widgets]
    assert len(ids) == len(set(ids))
    assert {"text_to_video-duration-slider", "text_to_video-duration-segments", "text_to_video-prompt"} <= set(ids)


async def test_an_invented_family_gets_its_tab_without_any_code(home: Path) -> None:
    family = replace(CATALOGUE.families[0], id="poems", default_model="poet-1")
    poet = replace(CATALOGUE.models[0], id="poet-1", family="poems", title="Poet")
    catalogue = replace(CATALOGUE, families=(family,), models=(poet,))
    tab = await tab_of(FakeStudio(settings=Settings(studio_home=home), catalogue=catalogue), "poems")
    assert tab.button.elem_id == "poems-generate"


def test_an_optional_number_is_words_so_that_it_can_be_empty(words_tab: Tab) -> None:
    seed = next(w for w in words_tab.widgets if w.name == "seed")
    assert isinstance(seed.component, gr.Textbox)


def test_an_uploader_hands_on_a_file_that_is_no_picture(picture_tab: Tab, tmp_path: Path) -> None:
    lie = tmp_path / "lie.png"
    lie.write_bytes(b"no picture")
    image = next(w.component for w in picture_tab.widgets if w.kind is Kind.PICTURE)
    assert isinstance(image, gr.Image)
    assert image.preprocess(ImageData(path=str(lie), orig_name="lie.png")) == str(lie)
    assert image.image_mode is None
    assert image.sources == ["upload"]
    assert not (Path(widgets.__file__).with_suffix(".pyi")).exists()


def test_a_widgets_limits_are_those_of_the_field() -> None:
    for _, _, each in every_field():
        changes: dict[str, Any] = widgets.update(each, fitted(each, None), rates={})
        if isinstance(each, NumberField) and each.default is not None:
            assert (changes["minimum"], changes["maximum"]) == (each.minimum, each.maximum)
        if isinstance(each, SizeField):
            assert [size["value"] for size in changes["offer"]["sizes"]] == [s.value for s in each.sizes]
        if isinstance(each, ChoiceField) and widgets.kind_of(each) is Kind.SEGMENTS:
            blank = [] if each.required or each.default is not None else [""]
            assert [c["value"] for c in changes["offer"]["choices"]] == blank + [str(c.value) for c in each.choices]


def test_the_price_of_a_second_stands_on_the_choice_that_decides_it() -> None:
    flash = CATALOGUE.model("wan2.6-i2v-flash")
    assert flash
    loud = rates_of(CATALOGUE, model=flash, region="singapore", given={"audio": True})
    still = rates_of(CATALOGUE, model=flash, region="singapore", given={"audio": False})
    assert loud["resolution"]["720P"] == (Decimal("0.05"), "USD")
    assert still["resolution"]["720P"] == (Decimal("0.025"), "USD")
    assert set(loud) == {"resolution"}


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [("0.5", "USD", "$0.50"), ("0.025", "USD", "$0.025"), ("6", "CNY", "¥6.00"), ("1234.5", "EUR", "1,234.50 EUR")],
)
def test_money_is_said_with_its_currency(amount: str, currency: str, said: str) -> None:
    assert money(Decimal(amount), currency) == said


def test_what_was_accepted_is_said_with_what_comes_out() -> None:
    beach = ImageFacts(
        name="beach.jpg", format="JPEG", width=1600, height=900, bytes=2_200_000, alpha=False, sideways=False
    )
    assert accepted(beach, output="1280 × 720") == "beach.jpg, 1600 × 900, 2.1 MB · your clip will be 1280 × 720"
    assert accepted(Unreadable(name="x", bytes=1, why="no"), output="") == ""


def test_the_usual_time_is_the_vendors_word() -> None:
    assert usual_time(CATALOGUE.models[0]) == "Usually 1 to 5 min"


# The form at work ----------------------------------------------------------------------------------------------------


async def test_a_restored_form_shows_the_wishes_and_hides_what_the_model_has_not(
    words_tab: Tab, studio: FakeStudio
) -> None:
    draft = {"model": "wan2.2-t2v-plus", "region": "singapore", "wishes": {"prompt": "fox"}}
    updates = await words_tab.restore(draft)
    by_id: dict[str, Any] = {getattr(part, "elem_id", ""): change for part, change in updates.items()}
    assert by_id["text_to_video-prompt"]["value"] == "fox"
    assert by_id["text_to_video-audio_file"]["visible"] is False
    assert by_id["text_to_video-duration-slider"]["visible"] is False
    assert by_id["text_to_video-duration-segments"]["offer"]["choices"][0]["label"] == "5 s"
    assert studio.asked[-1]["given"]["prompt"] == "fox"


async def test_before_the_draft_is_restored_nothing_is_judged_or_remembered(words_tab: Tab) -> None:
    asked = form(words_tab, prompt="")
    asked["foot"] = {}
    assert await words_tab.judge(**asked) == gr.skip()


async def test_judging_says_price_output_and_time(words_tab: Tab) -> None:
    updates = await words_tab.judge(**form(words_tab, prompt="A fox"))
    assert updates[words_tab.button] == gr.update(variant="primary")
    foot: Any = updates[words_tab.foot]
    assert foot["price"] == "$0.50"
    assert foot["shown"] == {"amount": "0.50", "currency": "USD", "copies": 1, "seconds": 5, "count": 0}
    assert (foot["output"], foot["usual"], foot["ready"]) == (
        "5 s · 1280 × 720 · with sound",
        "Usually 1 to 5 min",
        True,
    )
    draft: Any = updates[words_tab.draft]
    assert draft["wishes"] == {"prompt": "A fox"}


def uploaded() -> str:
    """Where an upload may lie. Gradio's folder is not the same in every test."""
    return str(Path(get_upload_folder()) / "1f2e" / "beach.png")


async def test_a_problem_stands_under_its_field_with_its_fix_and_in_the_reasons(
    picture_tab: Tab, studio: FakeStudio
) -> None:
    wide = Problem(field="image", message="beach.png is too wide.", fix=Fix(Repair.RESIZE, "Resize"))
    studio.verdict = replace(FIT, problems=(wide,))
    updates = await picture_tab.judge(**form(picture_tab, image=uploaded()))
    note = next(w.note for w in picture_tab.widgets if w.name == "image")
    assert note
    line: Any = updates[note]["value"]["lines"][0]  # type: ignore[index]  # an update
    assert (line["text"], line["tone"], line["fix"]) == ("beach.png is too wide.", "bad", "Resize")
    foot: Any = updates[picture_tab.foot]
    assert foot["ready"] is False
    assert [reason["text"] for reason in foot["reasons"]] == ["beach.png is too wide."]


async def test_what_is_merely_missing_is_an_invitation(words_tab: Tab, studio: FakeStudio) -> None:
    studio.verdict = replace(FIT, problems=(Problem(field="prompt", message="Write a prompt."),))
    updates = await words_tab.judge(**form(words_tab))
    foot: Any = updates[words_tab.foot]
    assert foot["reasons"][0]["tone"] == "missing"


async def test_generate_hands_over_only_what_the_model_takes(words_tab: Tab, studio: FakeStudio) -> None:
    asked = form(words_tab, model="wan2.2-t2v-plus", prompt="A fox")
    asked["duration__slider"] = 12
    updates = await words_tab.generate(**asked)
    sent = studio.sent[0]
    assert sent["model"] == "wan2.2-t2v-plus"
    assert "duration" not in sent["given"]
    assert updates[words_tab.foot]["started"] == [{"id": "job1", "status": "queued"}]  # type: ignore[index]  # a foot


async def test_an_error_is_said_in_its_own_words_beside_the_button(words_tab: Tab, studio: FakeStudio) -> None:
    studio.error = StudioError("The disk is full.")
    updates = await words_tab.generate(**form(words_tab, prompt="A fox"))
    foot: Any = updates[words_tab.foot]
    assert (foot["error"], foot["started"]) == ("The disk is full.", None)


async def test_a_press_carries_the_price_that_was_shown_and_one_without_it_carries_none(
    words_tab: Tab, studio: FakeStudio
) -> None:
    asked = form(words_tab, prompt="A fox")
    await words_tab.generate(**asked)
    shown = {"amount": "0.50", "currency": "USD", "copies": 1, "seconds": 5, "count": 0}
    for foot in ({"output": "x", "pressed": shown}, "no foot"):
        asked["foot"] = foot
        await words_tab.generate(**asked)
    agreed = [each["agreed"] for each in studio.sent]
    assert agreed == [NOTHING_SHOWN, Agreed(micros=500_000, currency="USD", seconds=5), NOTHING_SHOWN]


async def test_a_price_that_is_higher_now_is_said_beside_the_one_that_was_shown(
    words_tab: Tab, studio: FakeStudio
) -> None:
    studio.error = PriceChanged("The price is $0.50.", amount="0.5", currency="USD")
    shown = {"amount": "0.30", "currency": "USD", "copies": 1, "seconds": 3}
    asked = form(words_tab, prompt="A fox")
    asked["foot"] = {"output": "x", "pressed": shown}
    updates = await words_tab.generate(**asked)
    foot: Any = updates[words_tab.foot]
    assert foot["changed"] == {"now": "$0.50", "now_for": "5 s", "was": "$0.30", "was_for": "3 s"}
    assert (foot["price"], foot["started"], foot["error"]) == ("$0.50", None, None)
    filled = [name for name, part in words_tab.inputs().items() if part in updates and name != "foot"]
    assert filled == []  # the form stays as it is
    studio.verdict = replace(FIT, copies=2)
    foot = (await words_tab.generate(**form(words_tab, prompt="A fox")))[words_tab.foot]
    assert foot["changed"] == {"now": "$1.00", "now_for": "", "was": "", "was_for": ""}


async def test_a_refused_request_shows_its_reasons(words_tab: Tab, studio: FakeStudio) -> None:
    problem = Problem(field="seed", message="Seed is not a number.")
    studio.error = InvalidRequest((problem,))
    studio.verdict = replace(FIT, problems=(problem,))
    updates = await words_tab.generate(**form(words_tab, prompt="A fox", seed="x"))
    foot: Any = updates[words_tab.foot]
    assert [reason["text"] for reason in foot["reasons"]] == ["Seed is not a number."]


async def test_the_validator_stops_what_the_service_refuses_and_lets_advice_pass(
    words_tab: Tab, studio: FakeStudio
) -> None:
    prompt = next(w.component for w in words_tab.widgets if w.name == "prompt")
    studio.verdict = replace(FIT, problems=(Problem(field="prompt", message="Write a prompt."),))
    assert (await words_tab.validate(**form(words_tab)))[prompt] == gr.validate(False, "Write a prompt.")
    studio.verdict = replace(FIT, problems=(Problem(field="prompt", message="Longer is better.", advice=True),))
    assert (await words_tab.validate(**form(words_tab)))[prompt] == gr.validate(True, "")


class Pressed:
    """An event with data, as Gradio hands it in."""

    def __init__(self, **data: object) -> None:
        vars(self).update(data)


def held_by(tab: Tab, updates: Mapping[Any, Any], name: str) -> str:
    """What an answer puts into a field."""
    component = next(widget.component for widget in tab.widgets if widget.name == name)
    return str(updates[component]["value"])


async def test_a_fix_puts_the_repaired_file_where_gradio_may_show_it_under_its_old_name(
    picture_tab: Tab, studio: FakeStudio, tmp_path: Path
) -> None:
    made = tmp_path / "8f3a-beach.jpg"
    made.write_bytes(b"picture")
    studio.repaired = str(made)
    asked = form(picture_tab, image=uploaded())
    updates = await picture_tab.repair(Pressed(field="image"), **asked)  # type: ignore[arg-type]  # a fake event
    path = Path(held_by(picture_tab, updates, "image"))
    assert path.name == "beach.jpg"
    assert path.read_bytes() == b"picture"
    assert path != made


async def test_a_path_that_is_no_upload_is_nobodys_choice(picture_tab: Tab, studio: FakeStudio) -> None:
    for path in ("/etc/passwd", f"{get_upload_folder()}/../secret.png", "beach.png", get_upload_folder(), ""):
        await picture_tab.generate(**form(picture_tab, image=path, prompt="x"))
    assert [sent["given"].get("image") for sent in studio.sent] == [None] * 5


async def test_a_fix_of_words_cuts_them_to_what_the_model_reads(words_tab: Tab) -> None:
    asked = form(words_tab, prompt="a" * 2000)
    updates = await words_tab.repair(Pressed(field="prompt"), **asked)  # type: ignore[arg-type]  # a fake event
    assert len(held_by(words_tab, updates, "prompt")) == 1500


async def test_an_example_picture_is_one_press_away(picture_tab: Tab) -> None:
    updates = await picture_tab.pick(Pressed(index="picture"), **form(picture_tab))  # type: ignore[arg-type]  # a fake event
    path = Path(held_by(picture_tab, updates, "image"))
    assert not image_defects(read_image(path), OUR_IMAGE)  # type: ignore[arg-type]  # it is readable


async def test_a_draft_cannot_name_a_file_outside_the_uploads(picture_tab: Tab, studio: FakeStudio) -> None:
    draft = {"model": "wan2.6-i2v-flash", "region": "singapore", "wishes": {"image": "/etc/passwd"}}
    updates = await picture_tab.restore(draft)
    image = next(w.component for w in picture_tab.widgets if w.name == "image")
    assert updates[image]["value"] is None  # type: ignore[index]  # an update
    assert "image" not in studio.asked[-1]["given"]


async def test_another_region_without_the_model_shows_one_that_it_has(words_tab: Tab) -> None:
    draft = {"model": "wan2.5-t2v-preview", "region": "singapore", "wishes": {}}
    asked = form(words_tab, model="wan2.5-t2v-preview") | {"draft": draft, "region": "virginia"}
    updates = await words_tab.follow(**asked)
    assert updates[words_tab.model]["value"] == "wan2.6-t2v"  # type: ignore[index]  # an update


# The page ------------------------------------------------------------------------------------------------------------


async def test_no_listener_of_the_page_is_an_endpoint(studio: FakeStudio) -> None:
    page = build_page(studio)  # type: ignore[arg-type]  # a fake of the same shape
    assert all(listener.api_visibility == "private" for listener in page.fns.values())


def test_what_the_scripts_are_told_holds_no_price_and_no_limit(studio: FakeStudio) -> None:
    words = script_data(studio)  # type: ignore[arg-type]  # a fake of the same shape
    assert set(words) - set(shared_data()) == {"demo", "families", "models", "regions", "fields"}
    assert "0.10" not in str(words)
