"""The Settings tab: what it says of this studio, never a key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
from pydantic import SecretStr

from components.settings import build_settings, models_by_region
from services.catalogue import CATALOGUE, Catalogue
from services.settings import Settings

SECRET = "sk-secret-0000-0000-0000"


def drawn(settings: Settings, *, demo: bool) -> str:
    """Everything that the tab puts on the page."""
    studio = SimpleNamespace(settings=settings, demo=demo, catalogue=CATALOGUE)
    with gr.Blocks() as page:
        build_settings(studio)  # type: ignore[arg-type]  # a fake of the same shape
    return str(page.get_config_file()["components"])


async def test_the_path_is_escaped_and_no_key_is_shown(tmp_path: Path) -> None:
    settings = Settings(studio_home=tmp_path / "<b>home", dashscope_api_key=SecretStr(SECRET))
    text = drawn(settings, demo=False)
    assert "&lt;b&gt;home" in text
    assert "<b>home" not in text
    assert SECRET not in text


async def test_the_demo_says_why_no_key_is_added_and_the_studio_that_a_test_buys_nothing(tmp_path: Path) -> None:
    settings = Settings(studio_home=tmp_path, dashscope_api_key=SecretStr(SECRET))
    assert "Keys are not added here while this is the demo" in drawn(settings, demo=True)
    assert "it reads, and buys nothing" in drawn(settings, demo=False)


def test_a_region_tells_how_many_models_it_has_and_which_no_other_has() -> None:
    first, second, *_ = CATALOGUE.models
    offer = first.offers[0]
    here = replace(first, title="Here alone", offers=(replace(offer, region="beijing"),))
    both = replace(second, offers=(replace(offer, region="beijing"), replace(offer, region="singapore")))
    small = Catalogue(families=CATALOGUE.families, models=(here, both), regions=CATALOGUE.regions)
    told = models_by_region(small)
    assert told["beijing"] == {"models": 2, "of": 2, "only": ["Here alone (Text to video)"]}
    assert told["singapore"] == {"models": 1, "of": 2, "only": []}
    assert told["tokyo"] == {"models": 0, "of": 2, "only": []}
