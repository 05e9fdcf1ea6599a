"""What the simulator answers has the shape of what the service was recorded to answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.catalogue.schema import MB
from services.simulator import TRIGGER_WORDS, Route, VirtualClock
from tests import ROOT
from tests.rig.simulator import SYNTHESIS, Desk, data_uri, desk, picture, tone, upload, words

RECORDED: dict[str, Any] = json.loads((ROOT / "tests/recorded/dashscope-replies.json").read_text("utf-8"))


def recorded(name: str) -> dict[str, Any]:
    return json.loads(RECORDED[name]["body"])


def same_keys(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert set(ours) == set(theirs)
    for key, value in theirs.items():
        if isinstance(value, dict):
            same_keys(ours[key], value)
        else:
            assert type(ours[key]) is type(value), key


async def test_a_created_task_is_told_as_recorded(home: Path) -> None:
    async with desk(home) as at:
        reply = await at.create(words())

    same_keys(reply.json(), recorded("image-synthesis"))
    assert reply.status_code == 200
    assert reply.headers["content-type"] == RECORDED["image-synthesis"]["headers"]["content-type"]
    assert UUID(reply.json()["request_id"])


async def test_keys_are_asked_for_in_the_recorded_words(home: Path) -> None:
    async with desk(home, keys={"sk-test": ["singapore"]}) as at:
        anonymous = httpx.AsyncClient(base_url=at.origin, trust_env=False)
        async with anonymous:
            missing = await anonymous.get("/api/v1/tasks/1111")
        wrong = await at.http.get("/api/v1/tasks/1111", headers={"Authorization": "Bearer sk-other"})
        elsewhere = await at.http.get("/beijing/api/v1/tasks/1111")
        plan = await at.http.get("/api/v1/tasks/1111", headers={"Authorization": "Bearer sk-sp-test"})
        nowhere = await at.http.get("/atlantis/api/v1/tasks/1111")

    assert (missing.status_code, missing.json()["message"]) == (401, "No API-key provided.")
    for reply in (wrong, elsewhere, plan):
        theirs = recorded("auth-error")
        same_keys(reply.json(), theirs)
        assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (
            401,
            theirs["code"],
            theirs["message"],
        )
    assert nowhere.status_code == 404


async def test_waiting_and_running_tasks_are_told_as_recorded(home: Path) -> None:
    async with desk(home, clock=VirtualClock(), speed=1, run_seconds=60) as at:
        task = await at.task(words())
        waiting = await at.query(task)
        await at.clock.advance(15)
        await at.until(task, "RUNNING")
        running = await at.query(task)

    theirs = recorded("get-task-running")
    del theirs["output"]["task_metrics"]  # image and batch tasks only
    same_keys(running, theirs)
    assert set(waiting["output"]) == set(theirs["output"]) - {"scheduled_time"}
    assert running["output"]["submit_time"] == "2026-01-01 08:00:00.000"  # midnight UTC


async def test_an_unknown_task_is_told_as_recorded_with_or_without_a_slash(home: Path) -> None:
    async with desk(home) as at:
        plain = await at.http.get("/api/v1/tasks/1111")
        slashed = await at.http.get("/api/v1/tasks/1111/?size=1280*720&prompt=leaks")

    for reply in (plain, slashed):
        same_keys(reply.json(), recorded("get-task-unknown"))
        assert reply.json()["output"] == {"task_id": "1111", "task_status": "UNKNOWN"}
        assert reply.headers["content-type"] == "application/json;charset=UTF-8"


async def test_an_ended_task_cannot_be_canceled(home: Path) -> None:
    async with desk(home) as at:
        task = await at.task(words())
        await at.ended(task)
        reply = await at.http.post(f"/api/v1/tasks/{task}/cancel")

    theirs = recorded("cancel-completed-task")
    assert reply.status_code == 400
    assert {**reply.json(), "request_id": ""} == {**theirs, "request_id": ""}


async def test_a_waiting_task_can_be_canceled(home: Path) -> None:
    async with desk(home, speed=1, run_seconds=300) as at:
        task = await at.task(words())
        reply = await at.http.post(f"/api/v1/tasks/{task}/cancel", content=b"")

        assert (reply.status_code, set(reply.json())) == (200, {"request_id"})
        assert await at.status(task) == "CANCELED"


async def test_the_list_is_told_as_recorded_newest_first_and_in_pages(home: Path) -> None:
    async with desk(home) as at:
        tasks = [await at.task(words(prompt=f"clip {n}")) for n in range(5)]
        for task in tasks:
            await at.ended(task)
        bare = (await at.http.get("/api/v1/tasks")).json()
        paged = (await at.http.get("/api/v1/tasks/?page_no=2&page_size=2&unknown=1")).json()
        filtered = (await at.http.get(f"/api/v1/tasks/?status=SUCCEEDED&task_id={tasks[1]}")).json()
        empty = (await at.http.get("/api/v1/tasks/?model_name=wan2.6-i2v")).json()
        wrong = await at.http.get("/api/v1/tasks/?start_time=yesterday")
        own = {"region": "ap-southeast-1", "api_key_id": bare["data"][0]["api_key_id"]}
        mine = (await at.http.get("/api/v1/tasks", params=own)).json()
        others = [
            (await at.http.get("/api/v1/tasks", params=own | other)).json()["total"]
            for other in ({"region": "cn-beijing"}, {"api_key_id": "0"})
        ]

    theirs = recorded("list-task")
    same_keys(bare, theirs)
    same_keys(bare["data"][0], theirs["data"][0])
    assert bare["data"][0]["user_api_unique_key"] == "apikey:v1:aigc:video-generation:video-synthesis:wan2.6-t2v"
    assert [row["task_id"] for row in bare["data"]] == tasks[::-1]
    assert [row["task_id"] for row in paged["data"]] == tasks[::-1][2:4]
    assert (paged["total"], paged["total_page"], paged["page_no"], paged["page_size"]) == (5, 3, 2, 2)
    assert [row["task_id"] for row in filtered["data"]] == [tasks[1]]
    assert (empty["total"], empty["data"]) == (0, [])
    assert (mine["total"], others) == (5, [0, 0])
    assert (wrong.status_code, wrong.json()["code"]) == (400, "InvalidParameter")


async def test_the_upload_policy_is_told_as_recorded(home: Path) -> None:
    async with desk(home) as at:
        reply = await at.http.get("/api/v1/uploads", params={"action": "getPolicy", "model": "wan2.6-i2v"})

    theirs = recorded("get-upload-policy")
    same_keys(reply.json(), theirs)
    for key in ("expire_in_seconds", "max_file_size_mb", "capacity_limit_mb", "x_oss_object_acl"):
        assert reply.json()["data"][key] == theirs["data"][key]


async def test_a_call_without_the_async_header_is_denied(home: Path) -> None:
    async with desk(home) as at:
        reply = await at.http.post(f"/api/v1{SYNTHESIS}", json=words())

    assert (reply.status_code, reply.json()["code"]) == (403, "AccessDenied")
    assert reply.json()["message"] == "current user api does not support synchronous calls"


async def test_wrong_ways_are_answered_in_json(home: Path) -> None:
    async with desk(home) as at:
        wrong_path = await at.create(words(), path="/services/aigc/image2video/video-synthesis")
        unknown = await at.http.post("/api/v1/services/aigc/nothing", json=words())
        check = await at.create({"model": "wan2.2-s2v-detect", "input": {"image_url": "https://e/a.png"}})
        lost = [await at.http.get(path) for path in ("/api/v1/nowhere", "/api/v1", "/")]
        storage = [await at.http.post(f"/dashscope-file-mgr{slash}", content=b"") for slash in ("", "/")]
        too_large = await at.create(words(prompt="x" * (65 * 1024 * 1024)))

    for reply in (wrong_path, unknown, check):
        assert (reply.status_code, reply.json()["message"]) == (400, "url error, please check url！")
    for reply in lost:
        assert (reply.status_code, set(reply.json())) == (404, {"code", "message", "request_id"})
    assert [(reply.status_code, "<Error>" in reply.text) for reply in storage] == [(403, True)] * 2
    assert (too_large.status_code, too_large.json()["code"]) == (413, "BadRequest.TooLarge")


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        (
            words("wan2.6-t2v", size="1280*720", duration=7),
            {"duration": 7, "size": "1280*720", "input_video_duration": 0, "output_video_duration": 7}
            | {"video_count": 1, "SR": 720},
        ),
        (
            words("wan2.5-t2v-preview", size="832*480", duration=10),
            {"video_duration": 10, "video_ratio": "832*480", "video_count": 1},
        ),
        (
            {"model": "wan2.6-i2v-flash", "input": {"img_url": data_uri(picture())}, "parameters": {"audio": False}},
            {"duration": 5, "input_video_duration": 0, "output_video_duration": 5}
            | {"SR": 1080, "video_count": 1, "audio": False},
        ),
        (
            {"model": "wan2.2-i2v-plus", "input": {"img_url": data_uri(picture())}, "parameters": {}},
            {"duration": 5, "SR": 1080, "video_count": 1},
        ),
        (
            {"model": "wan2.1-i2v-turbo", "input": {"img_url": data_uri(picture())}, "parameters": {"duration": 3}},
            {"video_duration": 3, "video_ratio": "standard", "video_count": 1},
        ),
    ],
)
async def test_usage_has_the_keys_of_its_family(home: Path, body: dict[str, Any], usage: dict[str, Any]) -> None:
    async with desk(home) as at:
        answer = await at.ended(await at.task(body))

    assert answer["output"]["task_status"] == "SUCCEEDED"
    assert answer["usage"] == usage


async def test_only_older_models_tell_the_rewritten_prompt_and_only_if_it_was_rewritten(home: Path) -> None:
    async with desk(home) as at:
        newest = await at.ended(await at.task(words("wan2.6-t2v")))
        older = await at.ended(await at.task(words("wan2.2-t2v-plus")))
        as_it_is = await at.ended(await at.task(words("wan2.2-t2v-plus", prompt_extend=False)))

    assert "actual_prompt" not in newest["output"]
    assert older["output"]["actual_prompt"].startswith("a paper boat")
    assert older["output"]["actual_prompt"] != older["output"]["orig_prompt"] == "a paper boat"
    assert "actual_prompt" not in as_it_is["output"]


async def failure(at: Desk, body: dict[str, Any], **headers: str) -> tuple[str, str]:
    answer = await at.ended(await at.task(body, **headers))
    assert set(answer) == {"request_id", "output"}
    assert set(answer["output"]) == {"task_id", "task_status", "code", "message"}
    assert answer["output"]["task_status"] == "FAILED"
    return answer["output"]["code"], answer["output"]["message"]


def from_picture(url: str, **more: str) -> dict[str, Any]:
    return {"model": "wan2.6-i2v", "input": {"img_url": url, **more}, "parameters": {"resolution": "720P"}}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/home/someone/cat.png", "InvalidURL"),
        ("data:image/png;base64,!!!", "InvalidParameter.DataInspection"),
        (data_uri(picture(), "image/gif"), "InvalidParameter.DataInspection"),
        (data_uri(b"no picture at all"), "InvalidParameter.DataInspection"),
        (data_uri(picture(239, 800)), "InvalidFile.Resolution"),
        (data_uri(picture(form="GIF")), "InvalidFile.Format"),
        (data_uri(picture(mode="RGBA")), "InvalidFile.Format"),
        (data_uri(picture() + b"\0" * (20 * 1024 * 1024 + 1)), "InvalidFile.Size"),
        ("http://127.0.0.1:9/cat.png", "InvalidURL.ConnectionRefused"),
        ("http://[", "InvalidURL"),
        ("oss://dashscope-instant/none/of/yours.png", "InvalidParameter.DataInspection"),
    ],
)
async def test_a_bad_file_fails_the_task_with_its_code(home: Path, url: str, code: str) -> None:
    async with desk(home) as at:
        assert (await failure(at, from_picture(url), X_DashScope_OssResourceResolve="enable"))[0] == code


@pytest.mark.parametrize("address", ["file://{}", "file:{}", "file:../{}", "{}"])
async def test_a_file_of_this_machine_is_no_address(home: Path, tmp_path: Path, address: str) -> None:
    beside = tmp_path / "cat.png"
    beside.write_bytes(picture())
    home.mkdir(parents=True)
    (home / "cat.png").write_bytes(picture())
    async with desk(home) as at:
        for place in (str(beside), "cat.png"):
            said = await failure(at, from_picture(address.format(place)))
            assert said[0] == "InvalidURL", place


async def test_a_bad_track_fails_the_task(home: Path) -> None:
    async with desk(home) as at:
        for content, said in (
            (tone(2.0), ("InvalidFile.Duration", "The audio must be between 3 and 30 seconds long.")),
            (tone(31.0), ("InvalidURL", "The input audio is longer than 30s.")),
            (tone(5.0) + bytes(15 * MB), ("InvalidURL", "File size is larger than 15MB.")),
            (picture(), ("InvalidURL", "File type is not supported. Allowed types are: .wav, .mp3.")),
        ):
            kept = await upload(at, content, model="wan2.6-t2v")
            body = words("wan2.6-t2v")
            body["input"] = {"prompt": "p", "audio_url": f"oss://{kept.extensions['key']}"}
            assert await failure(at, body, X_DashScope_OssResourceResolve="enable") == said
        inline = words("wan2.6-t2v")
        inline["input"] = {"prompt": "p", "audio_url": data_uri(tone(5), "audio/wav")}
        assert (await failure(at, inline))[0] == "InvalidParameter.DataInspection"


async def test_words_that_fail_the_content_check_fail_the_task(home: Path) -> None:
    async with desk(home) as at:
        said = await failure(at, words(prompt=f"something {TRIGGER_WORDS[0].upper()} here"))
        palace = await at.ended(await at.task(words(prompt="The Forbidden City at dawn")))

    assert said == ("DataInspectionFailed", "Input data may contain inappropriate content.")
    assert palace["output"]["task_status"] == "SUCCEEDED"


async def test_a_late_verdict_comes_with_the_task_and_in_the_same_words(home: Path) -> None:
    async with desk(home, late_verdicts=True) as at:
        said = await failure(at, words("wan2.2-t2v-plus", duration=3))
        at_once = await at.create(words("wan9"))

    assert said == ("InvalidParameter", "duration customization is not supported")
    assert at_once.status_code == 400


async def test_an_upload_serves_its_own_model_account_and_header_only(home: Path) -> None:
    async with desk(home) as at:
        kept = await upload(at, picture(), model="wan2.6-i2v", name="cat.png")
        assert (kept.status_code, kept.content) == (200, b"")
        body = from_picture(f"oss://{kept.extensions['key']}")

        good = await at.ended(await at.task(body, X_DashScope_OssResourceResolve="enable"))
        assert good["output"]["task_status"] == "SUCCEEDED"
        assert (await failure(at, body))[0] == "InvalidParameter.DataInspection"
        other_model = body | {"model": "wan2.5-i2v-preview"}
        said = await failure(at, other_model, X_DashScope_OssResourceResolve="enable")
        assert said[0] == "InvalidParameter.DataInspection"
        stranger = await at.create(body, X_DashScope_OssResourceResolve="enable", Authorization="Bearer sk-stranger")
        listed = await at.http.get("/api/v1/tasks", headers={"Authorization": "Bearer sk-stranger"})
        assert listed.json()["data"][0]["task_id"] == stranger.json()["output"]["task_id"]
        assert await at.status(stranger.json()["output"]["task_id"]) == "UNKNOWN"
        assert at.simulator.record.with_authorization[Route.UPLOAD] == 0


@pytest.mark.parametrize(
    ("changes", "http_status", "code"),
    [
        ({"Signature": "bm8="}, 403, "SignatureDoesNotMatch"),
        ({"OSSAccessKeyId": "someone"}, 403, "InvalidAccessKeyId"),
        ({"key": "dashscope-instant/elsewhere/cat.png"}, 403, "AccessDenied"),
        ({"x-oss-object-acl": "public-read"}, 403, "AccessDenied"),
        ({"policy": "e30="}, 403, "SignatureDoesNotMatch"),
    ],
)
async def test_an_upload_is_held_to_its_policy(
    home: Path, changes: dict[str, str], http_status: int, code: str
) -> None:
    async with desk(home) as at:
        reply = await upload(at, picture(), model="wan2.6-i2v", **changes)

    assert reply.status_code == http_status
    assert f"<Code>{code}</Code>" in reply.text


async def test_what_stands_after_the_file_is_not_read(home: Path) -> None:
    async with desk(home) as at:
        policy = (await at.http.get("/api/v1/uploads?action=getPolicy&model=wan2.6-i2v")).json()["data"]
        boundary = "frontier"
        parts = [("file", "x"), ("key", f"{policy['upload_dir']}/a"), ("policy", policy["policy"])]
        body = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
            f"{'; filename=a' if name == 'file' else ''}\r\n\r\n{value}\r\n"
            for name, value in parts
        )
        reply = await at.http.post(
            policy["upload_host"],
            content=f"{body}--{boundary}--\r\n",
            headers={"content-type": f"multipart/form-data; boundary={boundary}"},
        )
        malformed = await at.http.post(policy["upload_host"], content=b"no form")

    assert reply.status_code == 403
    assert malformed.status_code in {400, 403}
    assert "<Error>" in malformed.text


async def test_a_picture_may_come_as_bare_base64_or_from_the_net(home: Path) -> None:
    async with desk(home) as at:
        bare = await at.ended(await at.task(from_picture(data_uri(picture()).partition(",")[2])))
        film = await at.query(await at.task(words()))
        film = await at.ended(film["output"]["task_id"])
        no_picture = await failure(at, from_picture(film["output"]["video_url"]))
        shut = await failure(at, from_picture(f"{at.origin}/dashscope-result/none.mp4"))
        gone = await failure(at, from_picture(f"{at.origin}/none.png"))
        broken = await failure(at, from_picture(f"{at.origin}/dashscope-file-mgr"))

    assert bare["output"]["task_status"] == "SUCCEEDED"
    assert no_picture[0] == "InvalidParameter.DataInspection"
    assert (shut[0], gone[0], broken[0]) == ("InvalidParameter", "InvalidParameter", "InvalidParameter.DataInspection")
    assert "Don't have authorization" in shut[1]
    assert "Failed to find the requested media resource" in gone[1]
    assert {clip.width: clip.height for clip in at.artist.clips}[1104] == 816  # 640 x 480 at 720P


async def test_each_region_has_its_own_models_and_tasks(home: Path) -> None:
    async with desk(home) as at:
        effect = {"img_url": data_uri(picture()), "template": "flying"}
        body = {"model": "wanx2.1-i2v-turbo", "input": effect, "parameters": {"resolution": "480P"}}
        task = await at.task(body, region="beijing")
        there = await at.ended(task, region="beijing")
        here = await at.query(task)
        unknown_here = await at.create(body)
        listed = (await at.http.get("/beijing/api/v1/tasks/")).json()

    assert there["output"]["task_status"] == "SUCCEEDED"
    assert here["output"]["task_status"] == "UNKNOWN"
    assert (unknown_here.status_code, unknown_here.json()["code"]) == (404, "ModelNotFound")
    assert [row["region"] for row in listed["data"]] == ["cn-beijing"]
