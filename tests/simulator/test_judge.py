"""The judge speaks for the vendor: what it takes, what it refuses, and in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.catalogue import CATALOGUE
from services.simulator.engine import judge as bench
from services.simulator.engine.judge import Refusal
from tests.rig.simulator import ASYNC, SYNTHESIS, desk, words


def refusal(body: dict[str, Any], *, region: str = "singapore", path: str = SYNTHESIS) -> Refusal:
    with pytest.raises(Refusal) as caught:
        judged(body, region=region, path=path)
    return caught.value


def judged(body: dict[str, Any], *, region: str = "singapore", path: str = SYNTHESIS) -> bench.Order:
    model, offer = bench.find_model(CATALOGUE, region=region, path=path, body=body)
    return bench.judge(model, offer, body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (words("wan2.6-t2v", duration=1), "Duration should be between 2 and 15"),
        (words("wan2.6-t2v", duration=16), "Duration should be between 2 and 15"),
        (words("wan2.6-t2v", duration="5"), "Input should be a valid integer: parameters.duration"),
        (words("wan2.6-t2v", duration=5.5), "Input should be a valid integer: parameters.duration"),
        (words("wan2.6-t2v", duration=True), "Input should be a valid integer: parameters.duration"),
        (words("wan2.5-t2v-preview", duration=7), "Input should be 5 or 10"),
        (words("wan2.2-t2v-plus", duration=3), "duration customization is not supported"),
        (words("wan2.6-t2v", watermark="false"), "Input should be a valid boolean: parameters.watermark"),
        (words("wan2.6-t2v", seed=-1), "-1 is lesser than the minimum of 0 - 'seed'"),
        (words("wan2.6-t2v", seed=2**31), "2147483648 is greater than the maximum of 2147483647 - 'seed'"),
        (words("wan2.6-t2v", seed="1"), "'seed' must be Integer"),
        (words("wan2.6-t2v", shot_type="many"), "Input should be 'multi' or 'single'"),
        (words("wan2.6-t2v", prompt=None), "Field required: input.prompt"),
        (words("wan2.6-t2v", prompt="  "), "Field required: input.prompt"),
        (words("wan2.6-t2v", prompt=7), "Input should be a valid string: input.prompt"),
        ({"model": "wan2.6-i2v", "input": {"prompt": "p"}}, "Field required: input.img_url"),
        (
            {"model": "wan2.6-i2v", "input": {"img_url": "https://e/a.png"}, "parameters": {"resolution": "480P"}},
            "Input should be '1080P' or '720P'",
        ),
        (
            words("wan2.2-t2v-plus", size="1280*720"),
            "size must be in 1080*1920,1920*1080,1440*1440,1632*1248,1248*1632,480*832,832*480,624*624",
        ),
    ],
)
def test_an_illegal_value_is_refused_in_the_vendors_words(body: dict[str, Any], message: str) -> None:
    said = refusal(body)

    assert (said.http_status, said.code, said.message) == (400, "InvalidParameter", message)
    assert said.about_values


@pytest.mark.parametrize("size", ["1280x720", "720P", "1:1", "1280*721", ""])
def test_a_size_is_exact_or_refused(size: str) -> None:
    assert refusal(words("wan2.6-t2v", size=size)).code == "InvalidParameter"


def test_a_call_that_is_wrong_as_a_whole_is_refused() -> None:
    wrong_path = "/services/aigc/image2video/video-synthesis"

    assert refusal(words(), path=wrong_path).message == "url error, please check url！"
    assert refusal(words("wan9-t2v")).message == "Model not exist."
    assert (refusal(words("wanx2.1-t2v-plus")).http_status, refusal(words("wanx2.1-t2v-plus")).code) == (
        404,
        "ModelNotFound",
    )
    assert refusal({"input": {}}).code == "BadRequest.EmptyModel"
    assert refusal({"model": "wan2.6-t2v"}).code == "BadRequest.EmptyInput"
    assert refusal({"model": "wan2.6-t2v", "input": "a boat"}).code == "BadRequest.IllegalInput"
    for part in ({"input": {"prompt": "p"}}, {"model": "wan2.6-t2v", "input": None}):
        assert "missing from request" in refusal(part).message


def test_what_is_absent_takes_the_vendors_default_not_ours() -> None:
    assert judged(words("wan2.6-t2v")).values["size"] == "1920*1080"
    assert judged(words("wan2.1-t2v-turbo")).values["size"] == "1280*720"
    picture = {"img_url": "https://e/a.png"}
    assert judged({"model": "wan2.2-i2v-flash", "input": picture}).values["resolution"] == "720P"
    assert judged({"model": "wan2.6-i2v-flash", "input": picture}).values["resolution"] == "1080P"
    assert judged(words("wan2.2-t2v-plus")).values["duration"] == 5


def test_unknown_keys_and_nulls_do_not_matter() -> None:
    body = words("wan2.6-t2v", size=None, audio=False, resolution="8K", template="squish", duration=5.0)
    body["input"] = {"prompt": "p", "function": "video-synthesis", "extend_prompt": True, "img_url": None}

    assert judged(body | {"more": [1]}).values["duration"] == 5


async def test_a_number_that_means_you_choose_is_taken_where_the_vendor_knows_it(home: Path) -> None:
    assert refusal(words("wan3.0-video", duration=-2)).message == "Duration should be between 2 and 30"
    assert refusal(words("wan2.7-t2v", duration=-1)).message == "Duration should be between 2 and 15"
    async with desk(home) as at:
        answer = await at.ended(await at.task(words("wan3.0-video", duration=-1, seed=-1)))

    assert answer["usage"]["output_video_duration"] == at.artist.clips[0].seconds == 5
    assert at.artist.clips[0].seed >= 0


async def test_a_frozen_version_is_the_model_under_its_own_name(home: Path) -> None:
    frozen = "wan2.7-t2v-2026-06-12"
    assert refusal(words("wan2.7-t2v-2026-06-13")).message == "Model not exist."
    assert refusal(words("wan2.6-t2v-2026-06-12")).message == "Model not exist."
    async with desk(home) as at:
        answer = await at.ended(await at.task(words(frozen, duration=2)))
        listed = (await at.http.get("/api/v1/tasks", params={"model_name": frozen})).json()

    assert answer["output"]["task_status"] == "SUCCEEDED"
    assert [row["model_name"] for row in listed["data"]] == [frozen]


def test_a_list_is_read_under_its_former_key_where_the_new_one_is_not_there() -> None:
    def media(**given: object) -> tuple[str, ...]:
        return judged({"model": "wan2.6-r2v", "input": {"prompt": "character1", **given}}).media["references"]

    assert media(reference_video_urls=["https://e/a.mp4"]) == ("https://e/a.mp4",)
    assert media(reference_urls=["https://e/b.png"], reference_video_urls=["https://e/a.mp4"]) == ("https://e/b.png",)
    none = {"model": "wan2.6-r2v", "input": {"prompt": "character1", "reference_video_urls": None}}
    assert refusal(none).message == "Field required: input.reference_urls"


def test_five_seconds_are_tolerated_where_they_are_fixed() -> None:
    assert judged(words("wan2.2-t2v-plus", duration=5)).values["duration"] == 5


def test_long_words_are_cut_without_a_word() -> None:
    order = judged(words("wan2.2-t2v-plus", prompt="字" * 900))

    assert order.request.prompt == "字" * 800


def test_effects_are_had_in_beijing_only_and_need_no_prompt() -> None:
    def body(template: str, model: str = "wanx2.1-i2v-turbo") -> dict[str, Any]:
        return {"model": model, "input": {"img_url": "https://e/a.png", "template": template}}

    assert judged(body("flying"), region="beijing").values["template"] == "flying"
    assert refusal(body("mermaid"), region="beijing").code == "InvalidParameter"
    assert "template" not in judged(body("mermaid", "wan2.1-i2v-turbo")).values


def test_a_region_may_have_its_own_limits() -> None:
    assert judged(words("wan2.6-t2v", duration=15), region="virginia").values["duration"] == 15
    assert refusal(words("wan2.6-t2v", duration=7), region="virginia").message == "Input should be 5, 10 or 15"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_KEYS = sorted({each.wire.key for model in CATALOGUE.models for each in model.fields if each.wire})
_MODELS = st.sampled_from([offer.id for model in CATALOGUE.models for offer in model.offers]) | _JSON
_PART = st.dictionaries(st.sampled_from(_KEYS) | st.text(max_size=5), _JSON, max_size=6) | _JSON
_BODIES = st.fixed_dictionaries({"model": _MODELS}, optional={"input": _PART, "parameters": _PART}) | _JSON


async def test_no_body_ever_breaks_the_service(home: Path) -> None:
    async with desk(home) as at:

        @settings(
            max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
        )
        @given(body=_BODIES)
        def bodies(body: object) -> None:
            collected.append(json.dumps(body).encode())

        collected: list[bytes] = [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"model": "\\ud800"}', b"1" * 5000]
        bodies()
        for raw in collected:
            reply = await at.http.post(f"/api/v1{SYNTHESIS}", content=raw, headers=ASYNC)
            assert reply.status_code in {200, 400, 404}, (raw, reply.text)
            if reply.status_code != 200:
                assert set(reply.json()) == {"code", "message", "request_id"}
        assert len(collected) > 100


async def test_a_number_that_json_does_not_have_is_no_json(home: Path) -> None:
    async with desk(home) as at:
        for number in ("NaN", "Infinity", "-Infinity"):
            body = f'{{"model":"wan2.6-t2v","input":{{"prompt":"p","unknown":{number}}}}}'
            reply = await at.http.post(f"/api/v1{SYNTHESIS}", content=body, headers=ASYNC)
            assert (reply.status_code, reply.json()["code"]) == (400, "InvalidParameter")
            assert "Required body invalid" in reply.json()["message"]


async def test_half_a_character_in_the_words_is_no_accident(home: Path) -> None:
    async with desk(home) as at:
        body = b'{"model":"wan2.6-t2v","input":{"prompt":"a \\ud800 boat"}}'
        reply: httpx.Response = await at.http.post(f"/api/v1{SYNTHESIS}", content=body, headers=ASYNC)

        answer = await at.ended(reply.json()["output"]["task_id"])

        assert answer["output"]["orig_prompt"] == "a ? boat"
