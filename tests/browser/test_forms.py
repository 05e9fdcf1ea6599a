"""The forms of all families in a real Chromium: files in an order, clips, voices, effects, modes, models, help."""

from __future__ import annotations

import asyncio
import json
import re
import wave
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Locator, Page, Response, Route, expect

from services.catalogue import CATALOGUE
from services.catalogue.schema import Choice, ChoiceField, Field
from tests.browser.steps import CLIP, at_rest, choose_model, complaints_of, generate, open_tab, write_prompt
from tests.rig.clips import Clip, film
from tests.rig.studio import StudioProcess


@pytest.fixture
def page(demo_page: Page) -> Page:
    """The page of the studio in demo mode."""
    return demo_page


async def open_family(page: Page, family: str) -> None:
    await open_tab(page, family)
    await expect(page.locator(f"#{family}-foot .outcome span").first).not_to_be_empty()


def picture(folder: Path, name: str, colour: str, size: tuple[int, int] = (900, 600)) -> Path:
    path = folder / name
    Image.new("RGB", size, colour).save(path)
    return path


def clip(folder: Path, name: str, *, seconds: float) -> Path:
    path = folder / name
    path.write_bytes(film(Clip(seconds=seconds, fps=Fraction(10))))
    return path


def voice(path: Path, *, seconds: int) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x00\x10\x00\xf0" * (seconds * 4000))
    return path


def choices_of(field: Field) -> tuple[Choice, ...]:
    return field.choices if isinstance(field, ChoiceField) else ()


def tiles(page: Page, chooser: str) -> Locator:
    return page.locator(f"{chooser} .pick")


async def names(page: Page, chooser: str) -> list[str]:
    return await page.locator(f"{chooser} .pick .name").all_inner_texts()


# Files ---------------------------------------------------------------------------------------------------------------


async def test_references_are_put_in_order_named_repaired_and_become_a_clip(
    page: Page, tmp_path: Path, artifacts: Path
) -> None:
    chooser = "#reference_to_video-references"
    files = [picture(tmp_path, "anna.png", "teal"), clip(tmp_path, "walk.mp4", seconds=31)]
    await open_family(page, "reference_to_video")
    await page.set_input_files(f"{chooser} input[type=file]", files)
    await expect(tiles(page, chooser)).to_have_count(2)
    await expect(page.locator(f"{chooser} .pick .place").first).to_have_text("character1")
    await expect(page.locator(f"{chooser} .saids")).to_contain_text("31")
    await page.screenshot(path=artifacts / "references.png")

    await page.locator(f"{chooser} .saids .fix").click()
    await expect(page.locator(f"{chooser} .saids .fix")).to_have_count(0)
    await expect(tiles(page, chooser).nth(1)).to_contain_text("30.0 s")
    assert await names(page, chooser) == ["anna.png", "walk.mp4"]

    await tiles(page, chooser).nth(1).hover()
    await tiles(page, chooser).nth(1).get_by_label("Move left").click()
    await expect(page.locator(f"{chooser} .pick .name").first).to_have_text("walk.mp4")

    await write_prompt(page, "reference_to_video", "Rain. ")
    await page.locator(f"{chooser} button.place").nth(1).click()
    await expect(page.locator("#reference_to_video-prompt textarea")).to_have_value("Rain. character2")
    await expect(page.locator("#reference_to_video-foot .outcome")).to_contain_text("of your clips are billed too")
    await generate(page, "reference_to_video")
    card = page.locator("#reference_to_video-stage .card").first
    await expect(card).to_have_attribute("data-state", "succeeded", timeout=CLIP)
    await page.screenshot(path=artifacts / "references-done.png")


def are_read(response: Response, *names: str) -> bool:
    """Whether this is the answer to a form with these files in this order."""
    sent = response.request.post_data or "" if response.url.endswith("/run/predict") else ""
    places = [sent.rfind(name) for name in names]  # the kept draft stands before them
    return -1 not in places and places == sorted(places)


async def test_files_stay_in_their_order_after_a_refresh(page: Page, tmp_path: Path) -> None:
    chooser = "#reference_to_video-references"
    await open_family(page, "reference_to_video")
    files = [picture(tmp_path, name, "olive") for name in ("one.png", "two.png", "three.png")]
    await page.set_input_files(f"{chooser} input[type=file]", files)
    await expect(page.locator(f"{chooser} button.place")).to_have_count(3)
    await tiles(page, chooser).nth(2).focus()
    await tiles(page, chooser).nth(2).get_by_label("Remove").focus()
    async with page.expect_response(lambda response: are_read(response, "one.png", "three.png", "two.png")):
        await page.keyboard.press("Alt+ArrowLeft")
    await expect(page.locator(f"{chooser} .pick .name").nth(1)).to_have_text("three.png")
    await expect(page.locator(f"{chooser} button.place")).to_have_text(["character1", "character2", "character3"])
    await at_rest(page)  # the browser keeps the draft with the answer
    await page.reload()
    await expect(tiles(page, chooser)).to_have_count(3)
    assert await names(page, chooser) == ["one.png", "three.png", "two.png"]
    await tiles(page, chooser).nth(0).get_by_label("Remove").click()
    await expect(tiles(page, chooser)).to_have_count(2)


async def test_a_clip_plays_in_its_place_and_decides_how_long_and_dear_the_new_one_is(
    page: Page, tmp_path: Path, artifacts: Path
) -> None:
    await open_family(page, "edit_video")
    await expect(page.locator("#edit_video-foot .outcome")).to_contain_text("$0.10 a second")
    await page.set_input_files("#edit_video-video input[type=file]", clip(tmp_path, "walk.mp4", seconds=3))
    await expect(page.locator("#edit_video-video .pick video")).to_have_count(1)
    await expect(page.locator("#edit_video-generate")).to_have_text(re.compile(r"\$0\.60"))
    await expect(page.locator("#edit_video-foot .outcome")).to_contain_text("3 s of your clips are billed too")
    await page.screenshot(path=artifacts / "edit-video.png")


async def test_a_voice_is_trimmed_on_its_waveform_and_the_trimmed_file_is_what_counts(
    page: Page, tmp_path: Path, artifacts: Path
) -> None:
    await open_family(page, "digital_human")
    await expect(page.locator("#digital_human-model .missing")).to_contain_text("Beijing only")
    await page.locator("#digital_human-examples").get_by_role("button", name="Example files").click()
    await expect(page.locator("#digital_human-image-note")).to_contain_text("portrait")
    await page.locator("#digital_human-audio_file").get_by_label("Clear").click()
    await page.set_input_files("#digital_human-audio_file input[type=file]", voice(tmp_path / "long.wav", seconds=26))
    note = page.locator("#digital_human-audio_file-note")
    await expect(note).to_contain_text("26 s long")
    player = page.locator("#digital_human-audio_file")
    await expect(player.locator("#duration")).to_have_text("0:26")  # the waveform is there
    await player.get_by_label("Trim audio to selection").click()
    await page.screenshot(path=artifacts / "voice-trim.png")
    await player.get_by_role("button", name="Trim", exact=True).click()
    await expect(note.locator('[data-tone="ok"]')).to_contain_text("6.5 s")
    await expect(page.locator("#digital_human-foot .outcome")).to_contain_text("check of your picture")


# Choices -------------------------------------------------------------------------------------------------------------


async def test_another_kind_of_work_has_other_fields_and_the_words_stay(page: Page, artifacts: Path) -> None:
    await open_family(page, "edit_video")
    await write_prompt(page, "edit_video", "Snow falls")
    await choose_model(page, "Wan 2.1 VACE", "edit_video")
    await page.locator("#edit_video-function").get_by_text("Widen the frame").click()
    await expect(page.locator("#edit_video-left_scale")).to_be_visible()
    await expect(page.locator("#edit_video-video")).to_be_visible()
    await expect(page.locator("#edit_video-subjects")).to_have_count(0)
    await expect(page.locator("#edit_video-prompt textarea")).to_have_value("Snow falls")
    await page.screenshot(path=artifacts / "modes.png")
    await page.locator("#edit_video-function").get_by_text("New clip from pictures").click()
    await expect(page.locator("#edit_video-subjects")).to_be_visible()


def with_effects() -> tuple[str, str, str]:
    """A family, and the region and title of a model of it with effects that are shown by pictures."""
    return next(
        (model.family, offer.region, model.title)
        for model in CATALOGUE.models
        for offer in model.offers
        if any(choice.preview for f in model.every_field(offer.region) for choice in choices_of(f))
    )


async def test_a_model_that_is_chosen_while_its_region_is_on_its_way_is_not_lost(page: Page) -> None:
    family, region, title = with_effects()
    await open_family(page, family)
    answered = asyncio.Event()

    async def answer(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await page.route("**/gradio_api/run/predict", answer, times=1)
    await page.locator(f"#{family}-region input[value={region}]").check()
    await choose_model(page, title, family)
    answered.set()

    await expect(page.locator(f"#tab-{family} studio-effects").first).to_be_visible()
    await expect(page.locator(f"#{family}-model .model b")).to_have_text(title)


async def test_an_effect_is_chosen_by_its_picture(page: Page, artifacts: Path) -> None:
    family, region, title = with_effects()
    await open_family(page, family)
    await page.locator(f"#{family}-region input[value={region}]").check()
    await choose_model(page, title, family)
    chooser = page.locator(f"#{family} studio-effects, #tab-{family} studio-effects")
    await chooser.locator("summary").click()
    await chooser.locator("label.effect").nth(3).click()
    await expect(chooser.locator("summary b")).not_to_have_text("None")
    moving = await chooser.locator("label.effect:has(:checked) img").evaluate(
        "image => image.decode().then(() => image.src)"
    )
    assert not moving.endswith(".still.webp")
    await page.screenshot(path=artifacts / "effects.png")


async def test_a_size_of_ones_own_is_judged_while_it_is_chosen(page: Page, artifacts: Path) -> None:
    await open_family(page, "generate_image")
    size = page.locator("#generate_image-size")
    await size.get_by_text("Own size").click()
    await size.get_by_label("Width").fill("5000")
    await size.get_by_label("Width").press("Tab")
    await expect(page.locator("#generate_image-foot .reasons")).to_contain_text(re.compile("5000|pixel|px"))
    await page.screenshot(path=artifacts / "own-size.png")
    await size.get_by_label("Width").fill("1440")
    await size.get_by_label("Width").press("Tab")
    await expect(page.locator("#generate_image-foot .outcome")).to_contain_text("1440 ×")


# Models and help -----------------------------------------------------------------------------------------------------


async def test_models_are_chosen_with_the_keyboard_and_those_elsewhere_say_where(page: Page) -> None:
    picker = page.locator("#text_to_video-model")
    await picker.locator(".model").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("End")
    await page.keyboard.press("Escape")
    await expect(picker.get_by_role("listbox")).to_have_count(0)
    await expect(picker.locator(".model")).to_be_focused()
    await picker.locator(".model").click()
    off = picker.locator(".option.off").filter(has_text="Virginia only").first
    title = await off.locator("b").inner_text()
    await off.get_by_role("button", name="Switch to Virginia").click()
    await expect(picker.locator(".model b")).to_have_text(title)
    await expect(page.locator("#text_to_video-region input:checked")).to_have_value("virginia")


async def test_the_helper_writes_a_prompt_and_a_list_of_shots(page: Page, artifacts: Path) -> None:
    guide = page.locator("#text_to_video-guide")
    prompt = page.locator("#text_to_video-prompt textarea")
    await guide.get_by_role("button", name="Help me write").click()
    await guide.get_by_label("Subject", exact=True).fill("a red fox")
    await guide.get_by_role("button", name="close-up", exact=True).click()
    await guide.get_by_label("Spoken words").fill("Late again")
    await page.screenshot(path=artifacts / "help.png")
    await guide.get_by_role("button", name="Use it").click()
    await expect(prompt).to_have_value('A red fox, close-up, "Late again"')

    await guide.get_by_role("button", name="Help me write").click()
    await guide.get_by_role("tab", name="Shot by shot").click()
    await guide.get_by_label("The whole").fill("A fox waits.")
    await guide.get_by_label("What is seen in this shot").nth(0).fill("a bus stop")
    await guide.get_by_label("What is seen in this shot").nth(1).fill("the fox")
    await expect(guide.locator(".sum")).to_contain_text("as long as the clip")
    await guide.get_by_label("Seconds").nth(0).fill("1")
    await expect(guide.locator(".sum")).to_contain_text("not in a shot yet")
    await page.screenshot(path=artifacts / "shots.png")
    await guide.get_by_role("button", name="Use it").click()
    await expect(prompt).to_have_value("A fox waits.\nShot 1 [0-1s] a bus stop\nShot 2 [1-3s] the fox")
    await page.locator("#text_to_video-more > .label-wrap").click()
    await expect(page.locator("#text_to_video-shot_type input:checked")).to_have_value("multi")


def read_from(response: Response, *, model: str) -> bool:
    """Whether this is the answer to a form of this model that was read whole."""
    sent = response.request.post_data if response.url.endswith("/run/predict") else None
    data = json.loads(sent)["data"] if sent else []
    return len(data) > 3 and data[1] == model and bool(data[3])


async def test_an_example_brings_its_model_and_choices_and_the_next_one_takes_them_back(
    page: Page, artifacts: Path
) -> None:
    await open_family(page, "generate_image")
    chips = page.locator("#generate_image-examples")
    prompt = page.locator("#generate_image-prompt textarea")

    # The parts of a form are filled one after the other; none of them may be read while others are not.
    async with page.expect_response(lambda response: read_from(response, model="wan2.6-image")):
        await chips.get_by_role("button", name="Recipe").click()
    await expect(page.locator("#generate_image-model .model")).to_contain_text("Wan 2.6 Edit")
    await expect(prompt).to_have_value(re.compile("^An illustrated recipe"))
    await expect(page.get_by_role("checkbox", name="Illustrated article")).to_be_checked()
    await expect(page.locator("#generate_image-generate")).to_have_text(re.compile(r"Generate\s+up to \$0.09"))
    await page.screenshot(path=artifacts / "example.png")

    async with page.expect_response(lambda response: read_from(response, model="wan2.6-t2i")):
        await chips.get_by_role("button", name="Tea house").click()
    await expect(page.locator("#generate_image-model .model")).to_contain_text("Pictures from words")
    await expect(prompt).to_have_value(re.compile("^A small tea house"))
    await expect(page.locator("#generate_image-foot")).to_contain_text("1 picture")


async def test_help_is_that_of_the_model_that_stands(page: Page) -> None:
    await open_family(page, "generate_image")
    await choose_model(page, "Wan 2.7 Pro", "generate_image")
    help_line = page.locator("#generate_image-n-slider")
    await expect(help_line).to_contain_text("Each picture is billed.")
    await page.locator("#generate_image-more > .label-wrap").click()
    await page.get_by_role("checkbox", name="A set that belongs together").check()
    await expect(help_line).to_contain_text("Pictures in the set, at most.")


# Every tab -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["#image_to_video-image label", '#image_to_video-prompt [data-testid="block-info"]'])
async def test_what_scrolls_goes_under_the_row_of_tabs(page: Page, part: str) -> None:
    await open_family(page, "image_to_video")
    await page.set_viewport_size({"width": 390, "height": 700})
    await page.locator(part).first.evaluate("label => scrollBy(0, label.getBoundingClientRect().top - 12)")
    covered = """label => {
      const { x, y, width, height } = label.getBoundingClientRect();
      return y < 24 && Boolean(document.elementFromPoint(x + width / 2, y + height / 2).closest(".tab-wrapper"));
    }"""
    assert await page.locator(part).first.evaluate(covered)


async def test_a_tab_begins_at_its_beginning_however_far_another_was_scrolled(page: Page) -> None:
    await page.evaluate("scrollTo(0, 600)")
    await page.wait_for_function("scrollY > 200")
    await open_family(page, "image_to_video")
    await page.wait_for_function("scrollY === 0")


async def test_what_has_the_focus_is_not_under_generate(page: Page) -> None:
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.locator("#text_to_video-prompt textarea").focus()
    for _ in range(10):
        await page.keyboard.press("Tab")
    seen = """() => {
      const shown = document.activeElement.closest("label") ?? document.activeElement;
      const { x, y, width, height } = shown.getBoundingClientRect();
      return shown.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    }"""
    await expect(page.locator(":focus")).to_have_attribute("type", "number")
    assert await page.evaluate(seen)


async def test_two_places_for_pictures_have_names_of_their_own(page: Page) -> None:
    await open_family(page, "keyframes_to_video")
    for label in ("First picture", "Last picture"):
        await expect(page.get_by_role("button", name=f"{label}: choose a picture")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1024, 1440])
async def test_every_family_is_shown_and_nothing_sticks_out(
    browser: Browser, demo: StudioProcess, artifacts: Path, width: int
) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
    page = await context.new_page()
    complaints = complaints_of(page)
    await page.goto(demo.url)
    for family in CATALOGUE.families:
        await open_family(page, family.id)
        await expect(page.locator(f"#{family.id}-model .model")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), family.id
        await page.screenshot(path=artifacts / f"tab-{family.id}-{width}.png")
    await expect(page.locator("#tab-gallery-button")).to_be_in_viewport()
    assert not complaints
    await context.close()
