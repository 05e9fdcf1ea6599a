"""The rule about money: a create call is sent again only where the vendor certainly did not take it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import httpx
import pytest

from services.dashscope import DashScope, Retry, TaskStatus, http
from services.domain.errors import (
    BillingStopped,
    ContentRefused,
    KeyRefused,
    NotTaken,
    OutcomeUnknown,
    Refused,
    Throttled,
    Unavailable,
    Unreachable,
    VendorError,
)
from tests.rig.dashscope import BASE, CREATE_PATH, KEY, Naps, Vendor, account, client, created, recorded, refusal

BODY = {"model": "a-model", "input": {"prompt": "雪 falls"}, "parameters": {}}
ENVOY = "upstream connect error or disconnect/reset before headers. reset reason: "


async def make(vendor: Vendor, *, naps: Naps | None = None) -> str:
    async with client(vendor, naps=naps) as dashscope:
        return (await dashscope.create(CREATE_PATH, BODY)).task_id


async def test_a_create_call_is_sent_as_documented() -> None:
    vendor = Vendor(created())
    async with client(vendor) as dashscope:
        made = await dashscope.create(CREATE_PATH, BODY)
    (request,) = vendor.requests
    assert (made.task_id, made.status, made.request_id) == ("t-1", TaskStatus.PENDING, "r-created")
    assert (request.method, str(request.url)) == ("POST", BASE + CREATE_PATH)
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["x-dashscope-async"] == "enable"
    assert request.headers["content-type"] == "application/json"
    assert "x-dashscope-ossresourceresolve" not in request.headers
    assert json.loads(request.content) == BODY
    assert "雪".encode() in request.content


async def test_the_oss_header_is_sent_only_where_an_upload_is_used() -> None:
    vendor = Vendor(created())
    async with client(vendor) as dashscope:
        await dashscope.create(CREATE_PATH, BODY, uses_oss=True)
    assert vendor.requests[0].headers["x-dashscope-ossresourceresolve"] == "enable"


async def test_the_recorded_create_reply_is_read() -> None:
    assert await make(Vendor(recorded("image-synthesis"))) == "9e2b6ef6-285d-4efa-8651-4dbda7d571fa"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.PoolTimeout("busy"),
        refusal(429, "Throttling"),
        refusal(429, "Throttling.RateQuota", "Requests rate limit exceeded"),
        refusal(429, "Throttling.BurstRate"),
        refusal(429, "Throttling.AllocationQuota", "Allocated quota exceeded"),
        refusal(400, "Throttling.RateQuota"),
        httpx.Response(429),
        refusal(503, "ModelUnavailable"),
        refusal(503, "ModelServingError"),
        httpx.Response(503, text=ENVOY + "connection failure"),
        httpx.Response(503, text=ENVOY + "overflow"),
        httpx.Response(503, text="no healthy upstream"),
    ],
    ids=lambda answer: repr(answer)[:60],
)
async def test_a_call_the_vendor_did_not_take_is_sent_again(answer: httpx.Response | Exception) -> None:
    vendor, naps = Vendor(answer, answer, created()), Naps()
    assert await make(vendor, naps=naps) == "t-1"
    assert len(vendor.requests) == 3
    assert len(naps.seconds) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("refused"), Unreachable),
        (refusal(429, "Throttling.RateQuota"), Throttled),
        (refusal(503, "ModelUnavailable"), Unavailable),
    ],
)
async def test_it_is_given_up_after_a_few_tries_as_not_taken(
    answer: httpx.Response | Exception, kind: type[NotTaken]
) -> None:
    vendor = Vendor(answer)
    with pytest.raises(kind):
        await make(vendor)
    assert len(vendor.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.WriteTimeout("slow"),
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
        httpx.Response(408),
        refusal(408, "RequestTimeOut"),
        refusal(500, "InternalError"),
        refusal(500, "InternalError.Timeout"),
        refusal(500, "RequestTimeOut"),
        refusal(500, "ModelServingError"),
        refusal(503, "InternalError.Algo"),
        httpx.Response(503),
        httpx.Response(503, text="<html>Service Unavailable</html>"),
        refusal(503, "NeverHeardOf", "try later"),
        httpx.Response(503, text=ENVOY + "connection termination"),
        httpx.Response(500, text="oops"),
        httpx.Response(502, text="<html>Bad Gateway</html>"),
        httpx.Response(504),
        httpx.Response(200, text="<html>welcome</html>"),
        httpx.Response(200, text='{"output":{"task_status":"PEND'),
        httpx.Response(200, json={"request_id": "r"}),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"output": {"task_id": ""}}),
        httpx.Response(200, json={"code": "NeverHeardOf", "message": "what"}),
        httpx.Response(200, text="[" * 100_000),
        httpx.DecodingError("incorrect header check"),
        httpx.Response(204),
        httpx.Response(200, content=b"\xff\xfe\x00"),
    ],
    ids=lambda answer: repr(answer)[:60],
)
async def test_a_lost_answer_is_never_followed_by_a_second_post(answer: httpx.Response | Exception) -> None:
    vendor = Vendor(answer, created())
    with pytest.raises(OutcomeUnknown):
        await make(vendor)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (recorded("auth-error"), KeyRefused),
        (recorded("parameter-error"), Refused),
        (refusal(400, "InvalidParameter", "Model not exist."), Refused),
        (refusal(400, "Arrearage"), BillingStopped),
        (refusal(429, "CommodityNotPurchased"), BillingStopped),
        (refusal(429, "PrepaidBillOverdue"), BillingStopped),
        (refusal(429, "PostpaidBillOverdue"), BillingStopped),
        (refusal(429, "Throttling.AllocationQuota", "Free allocated quota exceeded."), BillingStopped),
        (refusal(403, "AllocationQuota.FreeTierOnly"), BillingStopped),
        (refusal(403, "AccessDenied.Unpurchased"), BillingStopped),
        (refusal(403, "Model.AccessDenied"), KeyRefused),
        (refusal(401, "NOT AUTHORIZED"), KeyRefused),
        (httpx.Response(401), KeyRefused),
        (httpx.Response(403, text="no"), KeyRefused),
        (refusal(400, "DataInspectionFailed"), ContentRefused),
        (refusal(400, "data_inspection_failed"), ContentRefused),
        (refusal(400, "IPInfringementSuspect"), ContentRefused),
        (refusal(400, "InvalidParameter", "does not comply with green network verification"), ContentRefused),
        (refusal(404, "ModelNotFound"), Refused),
        (refusal(409, "Conflict"), Refused),
        (refusal(413, "BadRequest.TooLarge"), Refused),
        (refusal(400, "NeverHeardOf"), Refused),
        (refusal(200, "InvalidParameter"), Refused),
        (httpx.Response(307, headers={"location": "https://elsewhere.example/"}), Refused),
    ],
    ids=lambda value: value.text[:60] if isinstance(value, httpx.Response) else value.__name__,
)
async def test_a_no_is_a_no(answer: httpx.Response, kind: type[Refused]) -> None:
    vendor = Vendor(answer, created())
    with pytest.raises(Refused) as caught:
        await make(vendor)
    assert type(caught.value) is kind
    assert len(vendor.requests) == 1
    assert caught.value.http_status == answer.status_code


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "does not accept the key"), (404, "nothing at this address"), (413, "too large to send")],
)
async def test_a_gateways_page_is_explained_by_its_status(status: int, says: str) -> None:
    with pytest.raises(Refused, match=says):
        await make(Vendor(httpx.Response(status, text="<html>no</html>")))


async def test_an_unknown_code_keeps_the_vendors_own_words() -> None:
    with pytest.raises(Refused) as caught:
        await make(Vendor(refusal(400, "NeverHeardOf", "frobnication impossible")))
    error = caught.value
    assert (error.code, error.vendor_message, error.request_id) == ("NeverHeardOf", "frobnication impossible", "r-1")
    assert "frobnication" not in error.message


async def test_a_bought_task_is_not_lost_over_an_unknown_status_word() -> None:
    answer = httpx.Response(200, json={"output": {"task_id": "t-9", "task_status": "WAITING"}})
    async with client(Vendor(answer)) as dashscope:
        made = await dashscope.create(CREATE_PATH, BODY)
    assert (made.task_id, made.status) == ("t-9", TaskStatus.PENDING)


async def test_the_pause_grows_and_retry_after_is_honoured() -> None:
    asked = httpx.Response(429, headers={"retry-after": "7"})
    naps = Naps()
    await make(Vendor(asked, refusal(429, "Throttling"), created()), naps=naps)
    assert naps.seconds[0] == 7
    assert 0 <= naps.seconds[1] <= 1


async def test_retry_after_may_be_a_date_told_by_the_services_own_clock() -> None:
    headers = {"retry-after": "Fri, 01 Mar 2024 09:00:09 GMT", "date": "Fri, 01 Mar 2024 09:00:00 GMT"}
    naps = Naps()
    await make(Vendor(httpx.Response(429, headers=headers), created()), naps=naps)
    assert naps.seconds == [9]


async def test_a_create_that_waited_too_long_for_its_turn_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LONGEST_CREATE_SECONDS", 0.0)
    vendor = Vendor(created())
    with pytest.raises(NotTaken):
        await make(vendor)
    assert vendor.requests == []


async def test_a_create_uses_a_new_connection_and_reads_keep_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    # A proxy for the outside does not stand between the studio and its own simulator.
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy")
    ports: dict[str, set[int]] = {"POST": set(), "GET": set()}
    finished = asyncio.Semaphore(0)
    bodies = {"POST": created().content, "GET": recorded("get-task-running").content}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            method = line.split()[0].decode()
            ports[method].add(writer.get_extra_info("peername")[1])
            length = 0
            while (header := await reader.readline()) != b"\r\n":
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            await reader.readexactly(length)
            body = bodies[method]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        finished.release()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await _call_twice(f"http://127.0.0.1:{port}/api/v1")
        for _ in range(3):
            await finished.acquire()
    assert (len(ports["POST"]), len(ports["GET"])) == (2, 1)


async def _call_twice(base_url: str) -> None:
    async with DashScope(account(base_url=base_url)) as dashscope:
        for _ in range(2):
            await dashscope.create(CREATE_PATH, BODY)
            await dashscope.query("t-1")


@pytest.mark.parametrize("key", ["", "  ", "sk-\u2026", "sk-a\nb", "sk a"])
async def test_a_key_that_cannot_be_one_is_refused_without_being_shown(key: str) -> None:
    vendor = Vendor(created())
    async with DashScope(account(key=key), transport=vendor) as dashscope:
        with pytest.raises(KeyRefused) as caught:
            await dashscope.create(CREATE_PATH, BODY)
    assert vendor.requests == []
    assert not key.strip() or key not in str(caught.value)


def said_of(errors: Sequence[VendorError]) -> str:
    return " ".join(f"{error!r} {error} {error.vendor_message} {error.__cause__!r}" for error in errors)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        refusal(401, "InvalidApiKey", f"Incorrect API key provided: {KEY}"),
        httpx.Response(500, text=f"authorization: Bearer {KEY}"),
        refusal(400, f"Bad.{KEY}", f"authorization: Bearer {KEY}"),
        httpx.Response(400, json={"code": "X", "message": "m", "request_id": KEY}),
        httpx.Response(302, headers={"location": f"https://elsewhere.example/?key={KEY}"}),
    ],
)
async def test_the_key_is_never_shown(answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    dashscope = client(Vendor(answer))
    async with dashscope:
        with pytest.raises(VendorError) as caught:
            await dashscope.create(CREATE_PATH, BODY)
    shown = (
        said_of([caught.value])
        + f"{vars(caught.value)}"
        + caplog.text
        + repr(dashscope.account)
        + str(dashscope.account)
    )
    assert KEY not in shown
    assert KEY not in "".join(map(repr, vars(dashscope).values()))


async def test_who_shares_out_lanes_hears_of_too_fast_at_once() -> None:
    vendor = Vendor(httpx.Response(429, headers={"retry-after": "7"}), created())
    async with client(vendor, retry=Retry(create_when_throttled=False)) as dashscope:
        with pytest.raises(Throttled) as refused:
            await dashscope.create(CREATE_PATH, BODY)
    assert len(vendor.requests) == 1
    assert refused.value.after_seconds == 7
