"""A studio at a provider nobody has met: nothing is bought twice, nothing paid for is lost, no secret comes out."""

from __future__ import annotations

import io
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from services.domain.errors import StudioError
from services.domain.jobs import Decision
from services.gallery.views import JobView
from services.studio import Studio
from tests.rig.clips import Clip, film
from tests.rig.strange import API, Asked, Said, Strange, refused, strange, told
from tests.rig.studio import KEY, studio_at, until

WORDS = {"prompt": "A paper boat on a rainy street", "duration": 2}
CLIP = film(Clip(seconds=2, width=160, height=120))
SECRET = "s3cr3t-signature"


def png(colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
async def provider() -> AsyncIterator[Strange]:
    async with strange() as running:
        running.output = {"video_url": link(running)}
        running.results = [Said(body=CLIP)]
        yield running


@pytest.fixture
async def studio(home: Path, provider: Strange) -> AsyncIterator[Studio]:
    async with studio_at(home, provider.base) as running:
        yield running


def link(provider: Strange, name: str = "a.mp4") -> str:
    return f"{provider.origin}{API}/result/{name}?Signature={SECRET}"


async def order(studio: Studio, *, good: Callable[[JobView], bool] | None = None) -> JobView:
    job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given=WORDS)
    return await until(studio, job["id"], good)


async def paint(studio: Studio, *, model: str, n: int) -> JobView:
    job = await studio.submit(family="generate_image", model=model, given={"prompt": "a fox", "n": n})
    return await until(studio, job["id"])


def secrets_in(home: Path, job: JobView) -> list[str]:
    """Where the key or a signature of a link is to be found: in what is shown, or anywhere on the disk for the key."""
    shown = json.dumps(job)
    found = [f"the job: {word}" for word in (KEY, SECRET) if word in shown]
    files = (path for path in home.rglob("*") if path.is_file())
    return found + [str(path) for path in files if KEY.encode() in path.read_bytes()]


async def test_a_work_is_ordered_asked_for_and_kept(studio: Studio, provider: Strange, home: Path) -> None:
    job = await order(studio)
    assert (job["status"], job["error"], len(job["outputs"])) == ("succeeded", None, 1)
    (bought,) = provider.bought
    assert bought.path == f"{API}/services/aigc/video-generation/video-synthesis"
    assert bought.headers["x-dashscope-async"] == "enable"
    for one in provider.asked:
        shown = one.headers.get("authorization")
        assert shown == (None if "/result/" in one.path else f"Bearer {KEY}")
    assert secrets_in(home, job) == []


# Orders --------------------------------------------------------------------------------------------------------------

LOST = {
    "a reset": Said(nothing=True),
    "500 without a body": Said(status=500),
    "500 with a code": refused(500, "InternalError"),
    "502 with a page": Said(status=502, body=b"<html>Bad Gateway</html>"),
    "503 without a body": Said(status=503),
    "503 with a page": Said(status=503, body=b"<html>try later</html>"),
    "504": Said(status=504),
    "408": refused(408, "RequestTimeOut"),
    "a page that says yes": Said(body=b"<html>Welcome</html>"),
    "half a reply": Said(body=b'{"output":{"task_id":"ta', headers={"Content-Type": "application/json"}),
    "a reply cut off": Said(body=b'{"output":{"task_id":"task-1"}}', cut=12),
    "a reply without an id": told({"request_id": "r", "output": {"task_status": "PENDING"}}),
    "a code nobody knows": told({"code": "Odd", "message": "odd", "request_id": "r"}),
}


@pytest.mark.parametrize("said", LOST.values(), ids=LOST.keys())
async def test_what_was_taken_is_found_and_never_ordered_again(studio: Studio, provider: Strange, said: Said) -> None:
    def take_and_say_something_else(asked: Asked) -> Said:
        provider.take(asked)
        return said

    provider.creates = [take_and_say_something_else]
    job = await order(studio)
    assert (job["status"], len(provider.bought)) == ("succeeded", 1)
    assert job["task_id"] == "task-1"


NOTHING = {
    "500": Said(status=500),
    "500 with a code": refused(500, "InternalError.Algo"),
    "a page": Said(body=b"<html>Welcome</html>"),
    "an empty yes": Said(),
    "broken JSON": Said(body=b'{"output":{"task_id":'),
    "a reset": Said(nothing=True),
    "a gateway": Said(status=502, body=b"<html>Bad Gateway</html>"),
}


@pytest.mark.parametrize("said", NOTHING.values(), ids=NOTHING.keys())
async def test_an_order_whose_answer_says_nothing_is_sent_once_and_a_person_decides(
    studio: Studio, provider: Strange, said: Said
) -> None:
    provider.creates = [said]
    job = await order(studio, good=lambda job: job["decision_wanted"])
    assert (job["status"], job["decision_about"], len(provider.bought)) == ("queued", "unlisted", 1)
    provider.creates = []
    await studio.decide(job["id"], Decision.SEND)
    job = await until(studio, job["id"])
    assert (job["status"], job["attention"], len(provider.bought)) == ("succeeded", None, 2)


async def test_a_full_provider_is_asked_three_times_and_then_a_person(studio: Studio, provider: Strange) -> None:
    provider.creates = [refused(503, "ModelUnavailable")]
    job = await order(studio, good=lambda job: job["decision_wanted"])
    assert (job["decision_about"], len(provider.bought)) == ("refused", 3)
    assert "full just now" in (job["attention"] or "")
    assert "nothing was bought" in (job["attention"] or "")
    await studio.decide(job["id"], Decision.SEND)
    job = await until(studio, job["id"])
    assert job["error"] is not None
    assert (job["status"], job["error"]["code"], len(provider.bought)) == ("failed", "OrdersInVain", 5)
    assert job["cost"]["actual"] == 0.0


async def test_five_orders_in_vain_stop_a_job_and_no_other(studio: Studio, provider: Strange) -> None:
    poison = "a paper boat that breaks the provider"

    def answer(asked: Asked) -> Said:
        return Said(status=500) if poison in asked.body.decode() else provider.take(asked)

    provider.creates = [answer]
    job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given={**WORDS, "prompt": poison})
    for _ in range(4):
        await until(studio, job["id"], lambda job: job["decision_wanted"])
        assert (await order(studio))["status"] == "succeeded"
        await studio.decide(job["id"], Decision.SEND)
    ended = await until(studio, job["id"])
    assert ended["error"] is not None
    assert (ended["status"], ended["error"]["code"]) == ("failed", "OrdersInVain")
    assert sum(poison in one.body.decode() for one in provider.bought) == 5


async def test_orders_in_doubt_do_not_keep_others_waiting(studio: Studio, provider: Strange) -> None:
    """Five of them would hold every slot of the model."""

    def answer(asked: Asked) -> Said:
        return Said(status=500) if b"lost" in asked.body else provider.take(asked)

    provider.creates = [answer]
    provider.lists = [Said(status=500)]
    for number in range(5):
        await studio.submit(family="text_to_video", model="wan2.6-t2v", given={**WORDS, "prompt": f"lost {number}"})
    assert (await order(studio))["status"] == "succeeded"
    lost = [job for job in (await studio.jobs())["items"] if "lost" in job["prompt"]]
    assert {job["status"] for job in lost} <= {"unknown", "submitting", "queued"}


async def test_a_redirect_of_an_order_is_a_no_and_nobody_else_sees_the_key(
    studio: Studio, provider: Strange, home: Path
) -> None:
    async with strange() as other:
        provider.creates = [Said(status=307, headers={"Location": f"{other.base}/services/aigc/x?key={KEY}"})]
        job = await order(studio)
        assert (job["status"], job["cost"]["actual"], len(provider.bought)) == ("failed", 0.0, 1)
        assert other.asked == []
    assert secrets_in(home, job) == []


@pytest.mark.parametrize("code", ["InternalError.Algo.SomethingNew", "InternalError.Algo.InvalidParameter", "Odd"])
async def test_a_no_with_any_code_is_ordered_once_and_says_why(studio: Studio, provider: Strange, code: str) -> None:
    provider.creates = [refused(400, code, "the voice does not suit the picture")]
    job = await order(studio)
    assert job["error"] is not None
    assert (job["status"], job["error"]["code"], len(provider.bought)) == ("failed", code, 1)
    assert (job["error"]["detail"], job["cost"]["actual"]) == ("the voice does not suit the picture", 0.0)


async def test_a_gateways_words_are_shown(studio: Studio, provider: Strange) -> None:
    provider.creates = [told({"error": {"message": "额度不足", "code": "insufficient_user_quota"}}, 403)]
    job = await order(studio)
    assert job["error"] is not None
    assert (job["error"]["detail"], job["error"]["message"]) == ("额度不足", "The quota of this key is used up.")
    assert (job["error"]["action"], len(provider.bought)) == ("open_keys", 1)


# The list ------------------------------------------------------------------------------------------------------------


def lose_the_answer(provider: Strange) -> None:
    def once(asked: Asked) -> Said:
        provider.take(asked)
        return Said(nothing=True)

    provider.creates = [once]


def row(task_id: str, **more: object) -> dict[str, object]:
    now = round(time.time() * 1000)
    return {"task_id": task_id, "model_name": "wan2.6-t2v", "gmt_create": now, "status": "RUNNING"} | more


def page(asked: Asked, rows: list[dict[str, object]], **more: object) -> Said:
    return told({"page_no": int(asked.query["page_no"]), "page_size": 10, "total": len(rows), "data": rows} | more)


async def test_a_task_is_found_on_the_last_of_many_small_pages(studio: Studio, provider: Strange) -> None:
    lose_the_answer(provider)
    pages = [row("old", gmt_create=1), row("older", gmt_create=1, new=None), row("task-1")]
    provider.lists = [lambda asked: page(asked, [pages[int(asked.query["page_no"]) - 1]], total_page=3)]
    job = await order(studio)
    assert (job["status"], job["task_id"], len(provider.bought)) == ("succeeded", "task-1", 1)


async def test_another_models_task_is_not_taken_for_ours_where_the_list_has_everything(
    studio: Studio, provider: Strange
) -> None:
    lose_the_answer(provider)
    every = [row("theirs", model_name="wan2.6-i2v"), row("task-1")]
    provider.lists = [lambda asked: page(asked, every[:1], total_page=1), lambda asked: page(asked, every)]
    job = await order(studio)
    assert (job["status"], job["task_id"], len(provider.bought)) == ("succeeded", "task-1", 1)


async def test_a_list_that_lives_without_the_slash_is_found(studio: Studio, provider: Strange) -> None:
    def moved(asked: Asked) -> Said:
        if not asked.path.endswith("/"):
            return provider.list(asked)
        query = "&".join(f"{name}={value}" for name, value in asked.query.items())
        return Said(status=307, headers={"Location": f"{API}/tasks?{query}"})

    lose_the_answer(provider)
    provider.lists = [moved]
    assert (await order(studio))["task_id"] == "task-1"
    tested = await studio.services.accounts.test("singapore")
    assert tested.works


async def test_without_a_list_a_person_is_asked_at_once_and_the_key_is_not_blamed(
    studio: Studio, provider: Strange
) -> None:
    lose_the_answer(provider)
    provider.lists = [Said(status=404, body=b"<html>Not Found</html>")]
    job = await order(studio, good=lambda job: job["decision_wanted"])
    assert "cannot be read" in (job["attention"] or "")
    assert "key" not in (job["attention"] or "")
    assert len(provider.bought) == 1


# Check --------------------------------------------------------------------------------------------------------------


async def test_polls_survive_whatever_they_are_told(studio: Studio, provider: Strange) -> None:
    provider.looks = [
        Said(status=500),
        refused(429, "Throttling.RateQuota"),
        refused(401, "InvalidApiKey"),
        Said(status=404),
        Said(status=302, headers={"Location": "http://127.0.0.1:9/"}),
        Said(body=b"{"),
        Said(body=b"[" * 200_000),
        Said(body=b"junk", headers={"Content-Encoding": "gzip"}),
        Said(nothing=True),
        told([]),
        told({}),
        told({"output": None, "usage": None}),
        told({"output": {"task_status": "ODD", "new": {"a": [1]}}}),
        told({"output": {"task_status": None}}),
        refused(200, "InternalError"),
        told({"output": {"task_status": "SUSPENDED"}}),
        told({"output": {"task_status": "UNKNOWN"}}),
        provider.look,
    ]
    job = await order(studio)
    assert (job["status"], job["error"], len(provider.bought)) == ("succeeded", None, 1)


async def test_an_unknown_state_is_shown_in_the_providers_word_and_asked_on(studio: Studio, provider: Strange) -> None:
    provider.looks = [told({"output": {"task_status": "WAITING_FOR_GPU"}})]
    job = await order(studio, good=lambda job: job["attention"] is not None)
    assert "WAITING_FOR_GPU" in (job["attention"] or "")
    provider.looks = [provider.look]
    job = await until(studio, job["id"])
    assert (job["status"], job["attention"], len(provider.bought)) == ("succeeded", None, 1)


async def test_a_failure_may_be_told_by_its_code_alone(studio: Studio, provider: Strange) -> None:
    once = refused(200, "InvalidParameter", "The size is not match")
    provider.looks = [once, provider.look]
    assert (await order(studio))["status"] == "succeeded", "said once it is believed no more than any other odd answer"
    provider.looks = [once]
    job = await order(studio)
    assert job["error"] is not None
    assert (job["status"], job["error"]["code"], job["cost"]["actual"]) == ("failed", "InvalidParameter", 0.0)


async def test_what_a_failed_task_repeats_is_kept_without_its_secrets(
    studio: Studio, provider: Strange, home: Path
) -> None:
    said = f"Authorization: Bearer {KEY} \0 https://a.example/b.png?Signature={SECRET}"
    failed = {"task_status": "FAILED", "code": f"Odd.{KEY}", "message": said, "orig_prompt": KEY}
    provider.looks = [told({"request_id": KEY, "output": failed})]
    job = await order(studio)
    assert job["error"] is not None
    assert (job["status"], job["error"]["code"]) == ("failed", "Odd.[key]")
    assert secrets_in(home, job) == []


async def test_a_cancel_that_was_granted_and_not_kept_loses_no_work(studio: Studio, provider: Strange) -> None:
    pending, running = (told({"output": {"task_status": status}}) for status in ("PENDING", "RUNNING"))

    def look(asked: Asked) -> Said:
        if not any(one.path.endswith("/cancel") for one in provider.asked):
            return pending
        provider.looks = [running, provider.look]
        return running

    provider.looks = [look]
    job = await order(studio, good=lambda job: job["status"] == "pending")
    with pytest.raises(StudioError, match="Too late by a moment"):
        await studio.cancel(job["id"])
    job = await until(studio, job["id"])
    assert (job["status"], len(job["outputs"]), job["cost"]["actual"]) == ("succeeded", 1, 0.2)


# Results -------------------------------------------------------------------------------------------------------------

ODD_TIMES = {"submit_time": "2026-11-28T09:00:00Z", "scheduled_time": None, "end_time": "0001-01-01 00:00:00"}
LATE = {"submit_time": "9999-12-31 23:59:59.999", "end_time": "9999-12-31T23:59:59-12:00", "actual_prompt": "\0\ud83d"}


@pytest.mark.parametrize(
    ("output", "usage"),
    [
        ({"results": {"video_url": "@"}}, None),
        ({"results": [{"video_url": "@"}]}, {"duration": "2", "SR": "720"}),
        ({"results": [{"url": "@"}], "video_url": None}, [1]),
        ({"video_url": f"{API}/result/a.mp4"}, {"duration": float("nan")}),
        ({"video_url": "@", **ODD_TIMES}, {"duration": 10**400}),
        ({"video_url": "@", **LATE}, {"duration": 1e300}),
    ],
)
async def test_a_result_is_found_and_paid_for_as_estimated_where_the_receipt_makes_no_sense(
    studio: Studio, provider: Strange, output: dict[str, object], usage: object
) -> None:
    provider.output = json.loads(json.dumps(output).replace("@", link(provider)))
    provider.usage = usage
    job = await order(studio)
    assert (job["status"], len(job["outputs"]), job["cost"]["actual"]) == ("succeeded", 1, 0.2)


async def test_a_picture_that_failed_alone_leaves_the_others_and_all_of_them_end_the_job(
    studio: Studio, provider: Strange
) -> None:
    failed: dict[str, object] = {"code": "DataInspectionFailed", "message": "Output data", "url": None}
    provider.output = {"results": [{"url": link(provider, "1.png")}, failed, {"url": link(provider, "2.png")}]}
    provider.usage = {"image_count": 2}
    provider.results = [Said(body=png("red")), Said(body=png("blue"))]
    job = await paint(studio, model="wan2.2-t2i-flash", n=3)
    assert (job["status"], len(job["outputs"]), job["cost"]["actual"]) == ("succeeded", 2, 0.05)
    assert "1 of 3" in (job["remark"] or "")
    provider.output, provider.usage = {"results": [failed, failed]}, None
    job = await paint(studio, model="wan2.2-t2i-flash", n=2)
    assert job["error"] is not None
    assert (job["status"], job["error"]["code"], job["cost"]["actual"]) == ("failed", "DataInspectionFailed", 0.0)


async def test_a_picture_that_cannot_be_had_yet_keeps_no_other_from_being_seen(home: Path, provider: Strange) -> None:
    gone: list[Said] = [Said(status=404)]
    provider.output = {"results": [{"url": link(provider, "late.png")}, {"url": link(provider, "2.png")}]}
    provider.results = [lambda asked: gone[0] if "late" in asked.path else Said(body=png("blue"))]
    async with studio_at(home, provider.base) as studio:
        job = await studio.submit(family="generate_image", model="wan2.2-t2i-flash", given={"prompt": "a fox", "n": 2})
        early = await until(studio, job["id"], lambda job: bool(job["outputs"]))
        assert (early["status"], early["safe"], len(early["outputs"])) == ("saving", "provider", 1)
    gone[0] = Said(body=png("red"))
    async with studio_at(home, provider.base) as studio:  # what was written is not fetched again
        job = await until(studio, job["id"])
    assert (job["status"], job["safe"], job["remark"], len(job["outputs"])) == ("succeeded", "disk", None, 2)
    assert early["outputs"][0] in job["outputs"]
    assert sum(asked.path.endswith("2.png") for asked in provider.asked) == 1


async def test_a_file_is_had_whatever_comes_before_it(studio: Studio, provider: Strange) -> None:
    elsewhere = Said(status=302, headers={"Location": f"{API}/result/moved.mp4"})
    provider.results = [
        Said(status=404),
        Said(status=416),
        Said(status=204),
        Said(status=500),
        Said(),
        elsewhere,
        Said(body=b"<html>not yet</html>"),
        Said(body=CLIP, cut=len(CLIP) // 2, headers={"ETag": '"one"'}),
        Said(status=206, body=CLIP[9:], headers={"ETag": '"two"', "Content-Range": f"bytes 9-{len(CLIP) - 1}/*"}),
        Said(body=CLIP[: len(CLIP) // 2], length=False),
        Said(body=CLIP, length=False, headers={"Content-Type": "text/html"}),
    ]
    job = await order(studio)
    (output,) = job["outputs"]
    _asset, path = await studio.services.downloads.file(output["id"])
    assert (job["status"], job["remark"], path.stat().st_size >= len(CLIP)) == ("succeeded", None, True)


# Uploads -------------------------------------------------------------------------------------------------------------


def _policy_with(**changes: object) -> Callable[[Strange], Said]:
    def changed(provider: Strange) -> Said:
        policy = json.loads(provider.policy().body)
        policy["data"] |= changes
        return told(policy)

    return changed


@pytest.mark.parametrize(
    "members",
    [
        {"policies": told({})},
        {"policies": Said(status=404)},
        {"policies": told({"code": "AccessDenied", "message": "no"})},
        {"policies": _policy_with(upload_host="ftp://files.example")},
        {"uploads": Said(status=403)},
        {"uploads": Said(status=301, headers={"Location": "/elsewhere"})},
        {"uploads": Said(nothing=True)},
    ],
    ids=lambda members: next(iter(members)),
)
async def test_a_picture_that_cannot_be_put_there_travels_with_the_order(
    studio: Studio, provider: Strange, tmp_path: Path, members: Mapping[str, Said | Callable[[Strange], Said]]
) -> None:
    for name, said in members.items():
        setattr(provider, name, [said(provider) if callable(said) else said])
    picture = tmp_path / "boat.png"
    Image.effect_noise((640, 480), 60).convert("RGB").save(picture)
    given = {"image": str(picture), "prompt": "it moves", "duration": 2}
    job = await studio.submit(family="image_to_video", model="wan2.6-i2v-flash", given=given)
    job = await until(studio, job["id"])
    assert job["status"] == "succeeded", job["error"]
    (bought,) = provider.bought
    assert json.dumps(bought.json).count("data:image/png;base64,") == 1
    assert "x-dashscope-ossresourceresolve" not in bought.headers


# Streams -------------------------------------------------------------------------------------------------------------


def frame(*content: Mapping[str, str], reason: str | None = None) -> str:
    choice = {"message": {"role": "assistant", "content": list(content)}, "finish_reason": reason}
    reply = {"output": {"choices": [choice]}, "usage": {"image_count": 1}, "request_id": "r"}
    return f"id:1\nevent:result\n:HTTP_STATUS/200\ndata:{json.dumps(reply, ensure_ascii=False)}\n\n"


async def article(studio: Studio) -> JobView:
    given = {"prompt": "how to fold a boat", "enable_interleave": True, "max_images": 2, "stream": True}
    job = await studio.submit(family="generate_image", model="wan2.6-image", given=given)
    return await until(studio, job["id"])


async def test_a_stream_is_read_however_it_is_written(studio: Studio, provider: Strange, home: Path) -> None:
    provider.results = [Said(body=png())]
    texts = (
        "event:ping\ndata:\n\n",
        frame({"text": "从前 "}),
        ": still here\n\n",
        frame({"image": link(provider, "1.png")}),
        frame({"text": "The end."}, reason="stop"),
    )
    whole = Said(body="".join(texts).replace("\n", "\r\n").encode(), length=False)
    for kind in ({}, {"Content-Type": "text/event-stream"}, {"Content-Type": "application/json"}):
        provider.creates = [replace(whole, headers=kind)]
        job = await article(studio)
        assert (job["status"], job["remark"]) == ("succeeded", None)
        assert [item.get("text") for item in job["article"] or ()] == ["从前 ", None, "The end."]
        assert secrets_in(home, job) == []
    assert len(provider.bought) == 3


async def test_a_stream_that_ends_early_keeps_what_came_and_is_not_asked_for_again(
    studio: Studio, provider: Strange, home: Path
) -> None:
    said = f"Bearer {KEY}"
    error = f"event:error\n:HTTP_STATUS/500\ndata:{json.dumps({'code': 'Odd', 'message': said})}\n\n"
    for end in ("", error):
        provider.creates = [Said(body=(frame({"text": "从前"}) + end).encode(), length=False)]
        job = await article(studio)
        assert job["status"] == "succeeded"
        assert "what was made is billed" in (job["remark"] or "")
        assert secrets_in(home, job) == []
    assert len(provider.bought) == 2
