"""The named endpoints as they are offered: parameters, their types, and what is told of models and prices."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, get_args

import gradio as gr
import pytest
from gradio.data_classes import FileData

from components.api.generate import add_endpoints
from services.catalogue import CATALOGUE
from services.settings import Settings
from services.studio import Studio
from tests.rig.studio import simulated, studio_at


@pytest.fixture
async def endpoints(home: Path) -> dict[str, Any]:
    """The functions behind the endpoints, by their names."""
    with gr.Blocks(analytics_enabled=False) as page:
        add_endpoints(Studio(Settings(studio_home=home)))
    return {str(each.api_name): each.fn for each in page.fns.values()}


def parameters(function: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


def test_every_family_has_its_endpoint_with_its_parameters_in_order(endpoints: dict[str, Any]) -> None:
    for family in CATALOGUE.families:
        assert tuple(parameters(endpoints[family.id])) == (*family.api_order, "copies", "max_price")


@pytest.mark.parametrize(
    ("family", "begins"),
    [
        (
            "text_to_video",
            "prompt model negative_prompt size duration prompt_extend shot_type watermark seed audio_file region",
        ),
        (
            "image_to_video",
            "image prompt model negative_prompt resolution duration audio_file audio shot_type template prompt_extend "
            "watermark seed region",
        ),
        ("keyframes_to_video", "first_frame last_frame prompt model resolution template"),
        ("generate_image", "prompt model images n size enable_interleave max_images"),
        ("digital_human", "image audio_file resolution"),
        ("reference_to_video", "references prompt model size duration audio shot_type"),
    ],
)
def test_a_caller_by_position_finds_every_promised_parameter_where_it_was(
    endpoints: dict[str, Any], family: str, begins: str
) -> None:
    promised = begins.split()
    assert list(parameters(endpoints[family]))[: len(promised)] == promised


def test_every_field_of_every_model_is_a_parameter(endpoints: dict[str, Any]) -> None:
    for model in CATALOGUE.models:
        known = parameters(endpoints[model.family])
        for offer in model.offers:
            missing = [f.name for f in model.every_field(offer.region) if f.name not in known]
            assert not [name for name in missing if not is_fixed(model.id, offer.region, name)], (model.id, missing)


def is_fixed(model_id: str, region: str, name: str) -> bool:
    model = CATALOGUE.model(model_id)
    field = model.field(name, region) if model else None
    return type(field).__name__ == "FixedField"


@pytest.mark.parametrize(
    ("family", "name", "kind"),
    [
        ("reference_to_video", "references", list[FileData]),
        ("generate_image", "images", list[FileData]),
        ("edit_video", "video", FileData),
        ("edit_video", "left_scale", float),
        ("digital_human", "audio_file", FileData),
        ("text_to_video", "duration", int),
        ("text_to_video", "size", str),
        ("image_to_video", "audio", bool),
    ],
)
def test_a_parameter_is_of_the_kind_of_its_field(
    endpoints: dict[str, Any], family: str, name: str, kind: object
) -> None:
    annotation = parameters(endpoints[family])[name].annotation
    assert kind in (annotation, *get_args(annotation))


def test_what_no_model_does_without_is_required_and_nothing_else(endpoints: dict[str, Any]) -> None:
    def required(family: str) -> list[str]:
        return [n for n, p in parameters(endpoints[family]).items() if p.default is inspect.Parameter.empty]

    assert required("text_to_video") == ["prompt"]
    assert required("digital_human") == ["image", "audio_file"]
    assert required("keyframes_to_video")[0] == "first_frame"


async def test_models_are_told_with_modes_units_and_what_each_file_may_be(endpoints: dict[str, Any]) -> None:
    told = {model["id"]: model for model in await endpoints["list_models"]()}
    vace = told["wan2.1-vace-plus"]["offers"][0]
    assert {"function": "video_outpainting"} in [mode["where"] for mode in vace["modes"]]
    assert told["wan2.6-t2i"]["makes"] == "images"
    assert told["wan2.6-t2i"]["offers"][0]["unit"] == "image"
    references = next(f for f in told["wan2.6-r2v"]["offers"][0]["fields"] if f["name"] == "references")
    assert references["most"] == 5
    assert [kind["called"] for kind in references["takes"]] == ["character{}", "character{}"]


@pytest.mark.parametrize(
    ("model", "values", "told"),
    [
        ("wan2.6-t2v", {"duration": 4}, {"unit": "second", "units": 4, "billed_seconds": 4, "at_most": False}),
        ("wan2.6-t2i", {"n": 3}, {"unit": "image", "units": 3, "at_most": False}),
        ("wan2.6-image", {"enable_interleave": True, "max_images": 4}, {"unit": "image", "units": 4, "at_most": True}),
    ],
)
async def test_an_estimate_says_how_many_units_of_what(
    endpoints: dict[str, Any], model: str, values: dict[str, Any], told: dict[str, Any]
) -> None:
    answer = await endpoints["estimate"](model=model, parameters=values)
    assert told.items() <= answer.items()
    assert answer["estimated"] == pytest.approx(answer["units"] * answer["per_unit"])


@pytest.mark.parametrize("parameters", ["abc", [1], 7, True])
async def test_an_estimate_of_what_is_no_object_is_refused_in_a_sentence(
    endpoints: dict[str, Any], parameters: object
) -> None:
    with pytest.raises(gr.Error, match="parameters: an object"):
        await endpoints["estimate"](model="wan2.6-t2v", parameters=parameters)


async def test_several_of_the_same_are_one_order(home: Path, tmp_path: Path) -> None:
    async with simulated(tmp_path / "vendor", run_seconds=4000) as (_simulator, url), studio_at(home, url) as studio:
        with gr.Blocks(analytics_enabled=False) as page:
            add_endpoints(studio)
        ask: dict[str, Any] = {str(each.api_name): each.fn for each in page.fns.values()}
        several = await ask["text_to_video"](prompt="a fox", seed=7, copies=3)
        one = await ask["text_to_video"](prompt="a fox")
        jobs = [await studio.job(job_id) for job_id in several["jobs"]]
        for wrong in (0, 9, 2.5, "many"):
            with pytest.raises(gr.Error, match="1 to 8"):
                await ask["text_to_video"](prompt="a fox", copies=wrong)
        with pytest.raises(gr.Error, match="nothing to decide"):
            await ask["decide_job"](one["id"], "drop")
        with pytest.raises(gr.Error, match="`send` or `drop`"):
            await ask["decide_job"](one["id"], "buy")
        hidden = [(await ask["hide_job"](one["id"], wish))["on_arrival"] for wish in ("hide", "keep")]
    assert several["id"] == several["jobs"][0]
    assert [job["parameters"]["seed"] for job in jobs] == [7, 8, 9]
    assert len({job["batch"] for job in jobs}) == 1
    assert "jobs" not in one
    assert hidden == ["hide", "keep"]
