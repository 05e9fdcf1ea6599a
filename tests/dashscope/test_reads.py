"""Query, list and cancel: they cost nothing, so they are repeated; what they answer is parsed or fails loudly."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest

from services.dashscope import Account, DashScope, ListedTask, Part, QueryBudget, Retry, Task, TaskStatus
from services.dashscope.replies import read_created, read_policy, read_task
from services.domain.errors import (
    BillingStopped,
    ContentRefused,
    KeyRefused,
    NotConfigured,
    NotTaken,
    Refused,
    Throttled,
    Unavailable,
    Unreachable,
    VendorError,
)
from tests.rig.dashscope import (
    BASE,
    KEY,
    RECORDED,
    Naps,
    Time,
    Vendor,
    account,
    client,
    listing,
    recorded,
    refusal,
    row,
    task,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def look(vendor: Vendor, *, naps: Naps | None = None, retry: Retry | None = None) -> Task:
    async with client(vendor, naps=naps, retry=retry) as dashscope:
        return await dashscope.query("t-1")


# Query ---------------------------------------------------------------------------------------------------------------


async def test_a_query_is_sent_as_documented() -> None:
    vendor = Vendor(task())
    async with client(vendor) as dashscope:
        await dashscope.query("a/../b?c")
    (request,) = vendor.requests
    assert (request.method, str(request.url)) == ("GET", f"{BASE}/tasks/a%2F..%2Fb%3Fc")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert "x-dashscope-async" not in request.headers


async def test_the_recorded_running_task_is_read_with_its_times_in_utc() -> None:
    found = await look(Vendor(recorded("get-task-running")))
    assert found.status is TaskStatus.RUNNING
    assert found.task_id == "9e2b6ef6-285d-4efa-8651-4dbda7d571fa"
    assert found.request_id == "edbd4e81-d37b-97f1-9857-d7394829dd0f"
    assert found.submitted_at == datetime(2024, 3, 1, 9, 38, 24, 817000, UTC)
    assert found.scheduled_at == datetime(2024, 3, 1, 9, 38, 24, 831000, UTC)
    assert (found.ended_at, found.result_urls) == (None, ())


async def test_the_recorded_unknown_task_is_an_answer_and_explains_itself() -> None:
    found = await look(Vendor(recorded("get-task-unknown")))
    assert found.status is TaskStatus.UNKNOWN
    assert found.status.ended
    assert found.error().code == "UNKNOWN"
    assert "24 hours" in found.error().message


async def test_the_recorded_finished_task_is_read() -> None:
    found = await look(Vendor(recorded("get-task-image-generation-success")))
    assert found.status is TaskStatus.SUCCEEDED
    assert found.ended_at == datetime(2024, 3, 2, 14, 22, 21, tzinfo=UTC)
    assert len(found.result_urls) == 1
    assert found.result_urls[0].endswith(".jpg")
    assert dict(found.usage) == {"image_count": 1}


@pytest.mark.parametrize(
    "output",
    [
        {"video_url": "https://r.example/a.mp4"},
        {"results": {"video_url": "https://r.example/a.mp4"}},
        {"results": [{"video_url": "https://r.example/a.mp4"}]},
        {"results": [{"url": "https://r.example/a.mp4"}, {"code": "InternalError"}]},
        {"video_url": "https://r.example/a.mp4", "results": [{"url": "https://r.example/a.mp4"}]},
    ],
)
def test_the_link_is_found_wherever_a_family_puts_it(output: dict[str, object]) -> None:
    reply = {"output": {"task_id": "t", "task_status": "SUCCEEDED", **output}}
    assert read_task(reply).result_urls == ("https://r.example/a.mp4",)


def finished(**output: object) -> Task:
    return read_task({"output": {"task_id": "t", "task_status": "SUCCEEDED", **output}})


def test_pictures_come_one_in_a_choice() -> None:
    choices = [
        {"finish_reason": "stop", "message": {"content": [{"type": "image", "image": f"https://r.example/{n}.png"}]}}
        for n in range(3)
    ]
    assert finished(choices=choices).parts == tuple(Part(url=f"https://r.example/{n}.png") for n in range(3))


def test_an_article_keeps_words_and_pictures_in_their_order() -> None:
    content = [
        {"type": "text", "text": "First."},
        {"type": "image", "image": "https://r.example/1.png"},
        {"text": "Then."},
        {"type": "video", "video": None},
        "nonsense",
    ]
    found = finished(choices=[{"message": {"content": content}}])
    assert found.parts == (Part(text="First."), Part(url="https://r.example/1.png"), Part(text="Then."))
    assert found.result_urls == ("https://r.example/1.png",)


def test_a_choice_may_be_plain_words() -> None:
    assert finished(choices=[{"message": {"content": "Hello"}}]).parts == (Part(text="Hello"),)


def test_a_picture_that_failed_alone_leaves_the_others() -> None:
    results = [
        {"url": "https://r.example/1.png", "orig_prompt": "a cat", "actual_prompt": "a grey cat"},
        {"code": "InternalError.Timeout", "message": "too slow"},
    ]
    found = finished(results=results, task_metrics={"TOTAL": 2, "SUCCEEDED": 1, "FAILED": 1})
    assert found.parts == (Part(url="https://r.example/1.png"),)
    (failure,) = found.failures
    assert (failure.code, failure.message) == ("InternalError.Timeout", "too slow")
    assert "too long" in failure.error().message
    assert (found.orig_prompt, found.actual_prompt) == ("a cat", "a grey cat")


def test_links_and_words_are_kept_out_of_what_is_printed() -> None:
    found = finished(
        choices=[{"message": {"content": [{"text": "secret words"}, {"image": "https://secret.example"}]}}]
    )
    assert "secret" not in repr(found)


@pytest.mark.parametrize("cut", [b"\\ud83d", b"\xf0\x9f\x98", b"\xed\xa0\xbd", b"\\u0000"])
async def test_a_prompt_that_is_cut_in_the_middle_of_a_sign_loses_no_work(cut: bytes) -> None:
    reply = task("SUCCEEDED", video_url="https://r.example/1.mp4", actual_prompt="a cat CUT")
    found = await look(Vendor(httpx.Response(200, content=reply.content.replace(b"CUT", cut))))
    assert found.result_urls == ("https://r.example/1.mp4",)
    assert found.actual_prompt is not None
    assert set(found.actual_prompt.removeprefix("a cat ")) == {"\ufffd"}


def test_prompts_are_read_and_absent_ones_are_none() -> None:
    output = {"task_status": "SUCCEEDED", "orig_prompt": "a cat", "actual_prompt": ""}
    found = read_task({"output": output})
    assert (found.orig_prompt, found.actual_prompt) == ("a cat", None)


def test_a_task_shows_neither_its_words_nor_its_links() -> None:
    output = {"task_status": "SUCCEEDED", "orig_prompt": "a cat", "video_url": "https://r.example/a.mp4?Signature=s3"}
    shown = repr(read_task({"output": output}))
    assert "cat" not in shown
    assert "s3" not in shown


@pytest.mark.parametrize(
    "told",
    [
        "2026-11-22 20:00:00.000",
        "2026-11-22 20:00:00",
        "2026-11-22T20:00:00+08:00",
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00.000Z",
        " 2026-11-22 20:00:00.000 ",
    ],
)
def test_a_time_is_read_in_every_way_it_is_written(told: str) -> None:
    assert finished(end_time=told).ended_at == NOON


@pytest.mark.parametrize("told", ["0001-01-01 00:00:00", "9999-12-31T23:59:59-12:00", "2026-13-45", None, [], 5, ""])
def test_a_time_that_cannot_be_is_none(told: object) -> None:
    assert finished(end_time=told).ended_at is None


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("/files/a.mp4?Signature=s", "https://gateway.example/files/a.mp4?Signature=s"),
        ("//r.example/a.mp4", "https://r.example/a.mp4"),
        ("a.mp4", f"{BASE}/a.mp4"),
        (" http://r.example/a.mp4\n", "http://r.example/a.mp4"),
        ("http://[nowhere", "http://[nowhere"),
    ],
)
async def test_a_link_may_be_told_as_seen_from_the_vendor(link: str, found: str) -> None:
    assert (await look(Vendor(task("SUCCEEDED", video_url=link)))).result_urls == (found,)


async def test_the_key_and_letters_that_no_database_takes_are_taken_out_of_every_answer() -> None:
    answer = task("FAILED", code=f"X.{KEY}", message=f"Bearer {KEY}\0", orig_prompt="half a letter")
    content = answer.content.replace(b"half a", rb"half \ud83d")
    found = await look(Vendor(httpx.Response(200, content=content)))
    assert (found.code, found.message) == ("X.[key]", "Bearer [key]\N{REPLACEMENT CHARACTER}")
    assert found.orig_prompt == "half \N{REPLACEMENT CHARACTER} letter"


def test_a_time_that_is_none_costs_nobody_a_clip() -> None:
    found = read_task({"output": {"task_status": "SUCCEEDED", "end_time": "yesterday", "submit_time": 5}})
    assert (found.ended_at, found.submitted_at) == (None, None)


@pytest.mark.parametrize(
    "answer",
    [task(""), httpx.Response(200, json={}), httpx.Response(200, json={"output": None})],
)
async def test_a_reply_without_a_status_fails_loudly_and_at_once(answer: httpx.Response) -> None:
    vendor = Vendor(answer)
    with pytest.raises(VendorError) as caught:
        await look(vendor)
    assert not isinstance(caught.value, NotTaken | Refused)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("word", "status", "shown"),
    [
        ("EXPLODED", TaskStatus.OTHER, "EXPLODED"),
        ("WAITING_FOR_GPU", TaskStatus.OTHER, "WAITING_FOR_GPU"),
        ("排队中", TaskStatus.OTHER, "排队中"),
        ("a\nb" + "x" * 99, TaskStatus.OTHER, "ab" + "x" * 38),
        ("succeeded", TaskStatus.SUCCEEDED, "succeeded"),
        ("Running ", TaskStatus.RUNNING, "Running "),
    ],
)
async def test_a_state_is_read_in_any_case_and_an_unknown_one_keeps_its_word(
    word: str, status: TaskStatus, shown: str
) -> None:
    found = await look(Vendor(task(word)))
    assert (found.status, found.word) == (status, shown)
    assert found.status.ended is (status is TaskStatus.SUCCEEDED)


async def test_a_row_of_the_list_in_an_unknown_state_hides_no_other_row() -> None:
    found = await search(Vendor(listing([row("a", NOON, status="ODD"), row("b", NOON)])), start=NOON, end=NOON)
    assert [(one.task_id, one.status is TaskStatus.OTHER) for one in found] == [("a", True), ("b", False)]


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("InvalidParameter", "The size is not match xxxxxx", Refused),
        ("DataInspectionFailed", "Output data may contain inappropriate content.", ContentRefused),
        ("Throttling.AllocationQuota", "Free allocated quota exceeded.", BillingStopped),
        ("InternalError.Timeout", "internal timeout error", VendorError),
        ("ModelUnavailable", "", VendorError),
        ("Throttling.RateQuota", "", VendorError),
        ("NeverHeardOf", "what", VendorError),
        ("", "", VendorError),
    ],
)
async def test_a_failed_task_tells_why_and_was_taken(code: str, message: str, kind: type[VendorError]) -> None:
    found = await look(Vendor(task("FAILED", code=code, message=message)))
    error = found.error()
    assert type(error) is kind
    assert (error.code, error.vendor_message, error.request_id) == (code, message, "r-2")
    assert error.message


async def test_only_a_failed_task_has_an_error() -> None:
    with pytest.raises(ValueError, match="no error"):
        (await look(Vendor(task("RUNNING")))).error()


def test_every_recorded_json_reply_is_read_or_refused_but_never_crashes() -> None:
    for reply in RECORDED.values():
        body = httpx.Response(200, text=reply["body"])
        try:
            parsed: object = body.json()
        except ValueError:
            parsed = body.text
        assert read_created(parsed) is None or '"task_id"' in reply["body"]


# Repeats -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("gone"),
        refusal(429, "Throttling.RateQuota"),
        refusal(408, "RequestTimeOut"),
        refusal(500, "InternalError"),
        httpx.Response(502, text="<html>"),
        httpx.Response(503),
        httpx.Response(504),
        httpx.Response(200, text="<html>hotel wifi</html>"),
    ],
    ids=lambda answer: repr(answer)[:50],
)
async def test_a_query_that_broke_is_repeated(answer: httpx.Response | Exception) -> None:
    vendor, naps = Vendor(answer, answer, answer, answer, task()), Naps()
    assert (await look(vendor, naps=naps)).status is TaskStatus.RUNNING
    assert len(vendor.requests) == 5
    bounds = (0.5, 1, 2, 4)
    assert all(0 <= nap <= bound for nap, bound in zip(naps.seconds, bounds, strict=True))
    assert len(set(naps.seconds)) == 4


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.ReadTimeout("slow"), Unavailable),
        (refusal(500, "SystemError"), Unavailable),
        (refusal(429, "Throttling"), Throttled),
    ],
)
async def test_a_query_is_given_up_in_the_end(answer: httpx.Response | Exception, kind: type[NotTaken]) -> None:
    vendor = Vendor(answer)
    with pytest.raises(kind):
        await look(vendor, retry=Retry(tries=4))
    assert len(vendor.requests) == 4


async def test_pauses_never_grow_beyond_the_longest() -> None:
    naps = Naps()
    with pytest.raises(Unavailable):
        await look(Vendor(httpx.Response(500)), naps=naps, retry=Retry(tries=30, first=1, longest=3))
    assert max(naps.seconds) <= 3


async def test_nobody_can_make_us_wait_for_hours() -> None:
    naps = Naps()
    await look(Vendor(httpx.Response(503, headers={"retry-after": "86400"}), task()), naps=naps)
    assert naps.seconds == [60]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(recorded("auth-error"), KeyRefused), (refusal(429, "PostpaidBillOverdue"), BillingStopped)],
)
async def test_a_query_refused_is_not_repeated(answer: httpx.Response, kind: type[Refused]) -> None:
    vendor = Vendor(answer)
    with pytest.raises(kind):
        await look(vendor)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("code", ["InternalError", "Throttling.RateQuota", "NeverHeardOf"])
async def test_an_error_with_a_status_that_says_yes_is_repeated_like_any_other(code: str) -> None:
    vendor = Vendor(refusal(200, code), task())
    assert (await look(vendor)).status is TaskStatus.RUNNING
    assert len(vendor.requests) == 2


async def test_a_reading_call_follows_to_another_place_of_the_same_host() -> None:
    vendor = Vendor(httpx.Response(307, headers={"location": "/vendor/api/v1/tasks?page=1"}), task())
    assert (await look(vendor)).status is TaskStatus.RUNNING
    assert [str(request.url) for request in vendor.requests] == [f"{BASE}/tasks/t-1", f"{BASE}/tasks?page=1"]
    assert vendor.requests[1].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "location", ["/tasks/t-1", "http://gateway.example/x", "https://gateway.example:8443/x", "//x"]
)
async def test_it_does_not_follow_in_circles_nor_anywhere_else(location: str) -> None:
    vendor = Vendor(httpx.Response(307, headers={"location": location}))
    with pytest.raises(Refused):
        await look(vendor)
    assert len(vendor.requests) <= 4
    assert {(r.url.scheme, r.url.host, r.url.port) for r in vendor.requests} == {("https", "gateway.example", None)}


async def test_a_redirect_never_carries_the_key_away() -> None:
    vendor = Vendor(httpx.Response(302, headers={"location": "https://elsewhere.example/tasks"}))
    with pytest.raises(Refused):
        await look(vendor)
    assert [request.url.host for request in vendor.requests] == ["gateway.example"]


# List ----------------------------------------------------------------------------------------------------------------


async def search(
    vendor: Vendor, *, start: datetime, end: datetime, status: TaskStatus | None = None
) -> tuple[ListedTask, ...]:
    async with client(vendor) as dashscope:
        return await dashscope.list_tasks(model="a-model", start=start, end=end, status=status)


async def test_the_recorded_list_is_read() -> None:
    moment = datetime(2024, 3, 1, 2, 38, 4, 485000, UTC)
    (found,) = await search(Vendor(recorded("list-task")), start=moment, end=moment)
    assert found.task_id == "6075262c-b56d-4968-9abf-2a9784a90f3e"
    assert found.created_at == moment
    assert (found.model, found.status) == ("text-embedding-async-v2", TaskStatus.SUCCEEDED)
    assert (found.request_id, found.api_key_id) == ("db5ce040-4548-9919-9a75-3385ee152335", "42677")


async def test_the_window_is_asked_for_in_both_time_zones_the_vendor_may_mean() -> None:
    vendor = Vendor(listing([]))
    tokyo = timezone(timedelta(hours=9))
    await search(vendor, start=NOON.astimezone(tokyo), end=NOON + timedelta(minutes=3), status=TaskStatus.PENDING)
    (request,) = vendor.requests
    assert request.url.path == "/vendor/api/v1/tasks/"
    assert dict(request.url.params) == {
        "start_time": "20261122120000",
        "end_time": "20261122200301",
        "model_name": "a-model",
        "status": "PENDING",
        "page_no": "1",
        "page_size": "10",
    }


async def test_a_long_window_is_asked_for_in_pieces_under_24_hours() -> None:
    vendor = Vendor(listing([]))
    await search(vendor, start=NOON, end=NOON + timedelta(hours=24))
    asked = [
        tuple(datetime.strptime(request.url.params[key], "%Y%m%d%H%M%S") for key in ("start_time", "end_time"))
        for request in vendor.requests
    ]
    assert all(until - since <= timedelta(hours=24) for since, until in asked)
    assert asked[0][0] <= datetime(2026, 11, 22, 12)
    assert asked[-1][1] >= datetime(2026, 11, 23, 20)
    assert asked[1][0] <= asked[0][1] - timedelta(hours=8)


async def test_rows_outside_the_window_are_left_out() -> None:
    rows = [row(f"t{hours}", NOON + timedelta(hours=hours)) for hours in (-8, -1, 0, 1, 2, 9)]
    found = await search(Vendor(listing(rows)), start=NOON, end=NOON + timedelta(hours=2))
    assert [task.task_id for task in found] == ["t0", "t1", "t2"]


async def test_all_pages_are_followed_and_a_row_seen_twice_is_one() -> None:
    pages = [
        listing([row("c", NOON), row("b", NOON - timedelta(seconds=1))], page=1, pages=3),
        listing([row("b", NOON - timedelta(seconds=1))], page=2, pages=3),
        listing([row("a", NOON - timedelta(seconds=2))], page=3, pages=3),
    ]
    vendor = Vendor(*pages)
    found = await search(vendor, start=NOON - timedelta(hours=1), end=NOON)
    assert [task.task_id for task in found] == ["a", "b", "c"]
    assert [request.url.params["page_no"] for request in vendor.requests] == ["1", "2", "3"]


async def test_only_what_runs_is_at_work_where_the_list_tells_more_than_was_asked() -> None:
    rows = [row("a", NOON), row("b", NOON, status="SUCCEEDED"), row("c", NOON, status="PENDING")]
    vendor = Vendor(listing(rows))
    async with client(vendor) as dashscope:
        assert await dashscope.tasks_at_work() == {"a"}
    assert vendor.requests[0].url.params["status"] == "RUNNING"


async def test_how_many_pages_there_are_may_be_told_by_the_rows() -> None:
    def page(number: int) -> httpx.Response:
        body = {"total": 3, "page_size": 2, "page_no": number, "data": [row(f"t-{number}", NOON)], "new": {"a": None}}
        return httpx.Response(200, json=body)

    vendor = Vendor(page(1), page(2))
    assert len(await search(vendor, start=NOON, end=NOON)) == 2


@pytest.mark.parametrize("more", [{"total": 1}, {"total_page": 1}, {"total": 1, "page_size": 10, "page_no": None}])
async def test_a_page_that_holds_everything_need_not_say_which_it_is(more: dict[str, object]) -> None:
    vendor = Vendor(httpx.Response(200, json={"data": [row("a", NOON)], **more}))
    assert len(await search(vendor, start=NOON, end=NOON)) == 1
    assert len(vendor.requests) == 1
    with pytest.raises(VendorError):
        await search(Vendor(httpx.Response(200, json={"data": [row("a", NOON)], "total": 2})), start=NOON, end=NOON)


async def test_an_empty_list_may_be_left_out_where_the_total_says_so() -> None:
    answer = httpx.Response(200, json={"total": 0, "total_page": 0, "page_no": 1, "data": None})
    assert await search(Vendor(answer), start=NOON, end=NOON) == ()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"total": 3, "total_page": 1, "page_no": 1, "data": None}),
        httpx.Response(200, json={"data": [], "page_no": 1}),
        listing([row("a", NOON, gmt_create=10**30)]),
        listing([row("a", NOON)], page=2, pages=3),
        httpx.Response(200, json={"total": 0}),
        listing([row("a", NOON, gmt_create=None)]),
        listing([row("a", NOON, status="")]),
        listing([row("", NOON)]),
        httpx.Response(200, json={"data": [], "page_no": 1, "total_page": "1"}),
    ],
)
async def test_a_list_that_cannot_be_read_is_not_taken_for_an_empty_one(answer: httpx.Response) -> None:
    with pytest.raises(VendorError):
        await search(Vendor(answer), start=NOON, end=NOON)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOON, NOON - timedelta(seconds=1)),
        (NOON, NOON + timedelta(hours=25)),
        (NOON.replace(tzinfo=None), NOON.replace(tzinfo=None)),
    ],
)
async def test_a_window_that_makes_no_sense_is_a_mistake(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="24 hours"):
        await search(Vendor(listing([])), start=start, end=end)


# Cancel --------------------------------------------------------------------------------------------------------------

CANCELED = httpx.Response(200, json={"request_id": "r"})


async def stop(vendor: Vendor) -> None:
    async with client(vendor) as dashscope:
        await dashscope.cancel("t-1")


async def test_a_cancel_is_an_empty_post() -> None:
    vendor = Vendor(CANCELED)
    await stop(vendor)
    (request,) = vendor.requests
    assert (request.method, str(request.url)) == ("POST", f"{BASE}/tasks/t-1/cancel")
    assert request.content == b""
    assert "content-type" not in request.headers


async def test_a_cancel_too_late_says_so() -> None:
    vendor = Vendor(recorded("cancel-completed-task"))
    with pytest.raises(Refused) as caught:
        await stop(vendor)
    assert caught.value.code == "UnsupportedOperation"
    assert "too late" in caught.value.message
    assert len(vendor.requests) == 1


async def test_a_cancel_whose_answer_was_lost_is_sent_again() -> None:
    vendor = Vendor(httpx.ReadError("reset"), CANCELED)
    await stop(vendor)
    assert len(vendor.requests) == 2


async def test_a_second_cancel_refused_because_the_first_had_worked_is_a_success() -> None:
    await stop(Vendor(httpx.ReadError("reset"), recorded("cancel-completed-task"), task("CANCELED")))


async def test_a_second_cancel_refused_because_the_task_runs_is_refused() -> None:
    with pytest.raises(Refused):
        await stop(Vendor(httpx.ReadError("reset"), recorded("cancel-completed-task"), task("RUNNING")))


@pytest.mark.parametrize("status", [200, 204])
async def test_a_cancel_may_be_answered_with_nothing(status: int) -> None:
    vendor = Vendor(httpx.Response(status))
    await stop(vendor)
    assert len(vendor.requests) == 1


async def test_a_no_to_a_cancel_is_a_no_whatever_its_status() -> None:
    with pytest.raises(Refused) as caught:
        await stop(Vendor(refusal(200, "UnsupportedOperation", "confirm if the task is in PENDING status")))
    assert "too late" in caught.value.message


# Limits, account, logs -----------------------------------------------------------------------------------------------


class Slow(httpx.AsyncBaseTransport):
    """Answers a moment later, and counts how many wait."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0.005)
        self.waiting -= 1
        return task()


async def test_at_most_twenty_queries_are_in_flight() -> None:
    slow = Slow()
    async with client(slow) as dashscope:
        await asyncio.gather(*(dashscope.query(str(number)) for number in range(100)))
    assert slow.most == 20


async def test_at_most_twenty_creates_are_in_flight() -> None:
    slow = Slow()
    async with client(slow) as dashscope:
        await asyncio.gather(*(dashscope.create("/p", {}) for _ in range(50)))
    assert slow.most == 20


async def test_query_list_and_cancel_share_one_budget() -> None:
    time = Time()
    budget = QueryBudget(clock=time, sleep=time.sleep)
    vendor = Vendor(task(), listing([]), CANCELED)
    async with DashScope(account(), transport=vendor, budget=budget) as dashscope:
        await dashscope.query("t")
        await dashscope.list_tasks(model="m", start=NOON, end=NOON)
        await dashscope.cancel("t")
    assert time.now == pytest.approx(2 * 1.05 / 20)


def test_any_gateway_path_is_an_address_and_nonsense_is_refused() -> None:
    assert account(base_url="http://127.0.0.1:8000/a/b/api/v1/").base_url == "http://127.0.0.1:8000/a/b/api/v1"
    for nonsense in (
        "",
        "dashscope.example/api/v1",
        "ftp://a/b",
        "https:///x",
        "https://u:p@host/api",
        "https://h/?k=v",
    ):
        with pytest.raises(NotConfigured):
            account(base_url=nonsense)


async def test_a_short_key_such_as_a_test_server_takes_spoils_no_reply() -> None:
    async with DashScope(account(key="RUN"), transport=Vendor(task("RUNNING"))) as dashscope:
        assert (await dashscope.query("t")).status is TaskStatus.RUNNING


def test_an_account_does_not_show_its_key() -> None:
    mine: Account = account()
    assert KEY not in repr(mine) + str(mine)


async def test_the_http_library_logs_no_links(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    caplog.set_level("DEBUG")
    await look(Vendor(task()))
    assert "httpx" not in {record.name for record in caplog.records}
    assert logging.getLogger("httpx").level >= logging.WARNING
    assert logging.getLogger("httpcore").level >= logging.WARNING


def test_the_recorded_upload_policy_becomes_the_documented_form() -> None:
    reply = recorded("get-upload-policy").json()
    policy = read_policy(reply, file_name="a.png")
    assert policy.host == "https://dashscope-file-mgr.oss-cn-beijing.aliyuncs.com"
    assert policy.max_bytes == 1024 * 1024 * 1024
    assert dict(policy.form)["key"] == f"{reply['data']['upload_dir']}/a.png"
