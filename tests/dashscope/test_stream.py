"""A work that arrives bit by bit, and a question answered at once: what was paid for is read, and asked for once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dashscope import Checked, Part, Piece, explain_error
from services.dashscope.stream import frames, pieces
from services.domain.errors import ContentRefused, KeyRefused, NotTaken, OutcomeUnknown, Refused, Throttled, VendorError
from tests.rig.dashscope import BASE, KEY, RECORDED, Naps, Vendor, client, recorded, refusal

PATH = "/services/aigc/multimodal-generation/generation"
BODY = {"model": "a-model", "input": {"messages": []}, "parameters": {"stream": True}}
FOX = "https://r.example/fox.png?Expires=1"


def frame(*content: dict[str, str], reason: str = "null", images: int = 0, event: str = "result") -> str:
    reply = {
        "output": {
            "choices": [{"message": {"role": "assistant", "content": list(content)}, "finish_reason": reason}],
            "finished": True,  # the vendor's samples say so in every frame
            "audio": None,
        },
        "usage": {"image_count": images, "size": "0*0", "characters": None},
        "request_id": "r-1",
    }
    return f"id:1\nevent:{event}\n:HTTP_STATUS/200\ndata:{json.dumps(reply, ensure_ascii=False)}\n\n"


ARTICLE = (
    frame({"type": "text", "text": "One "}),
    frame({"type": "text", "text": "day."}),
    frame({"type": "image", "image": FOX}, images=1),
    frame({"type": "text", "text": " The end."}, reason="stop", images=1),
)


class Told(httpx.AsyncByteStream):
    """Bytes that come one after the other, and how they end."""

    def __init__(self, *chunks: bytes, then: Exception | None = None) -> None:
        self._chunks, self._then = chunks, then
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._then:
            raise self._then

    async def aclose(self) -> None:
        self.closed = True


def told(*texts: str, then: Exception | None = None) -> Callable[[httpx.Request], httpx.Response]:
    stream = Told(*(text.encode() for text in texts), then=then)
    headers = {"content-type": "text/event-stream;charset=UTF-8"}
    return lambda _request: httpx.Response(200, headers=headers, stream=stream)


async def _collect(stream: AsyncIterator[Piece], heard: list[Piece]) -> None:
    """Into a list of the caller's, so that it has what came before an error."""
    async for piece in stream:
        heard.append(piece)


async def hear(vendor: Vendor, *, naps: Naps | None = None, uses_oss: bool = False) -> list[Piece]:
    async with client(vendor, naps=naps) as dashscope, aclosing(dashscope.stream(PATH, BODY, uses_oss=uses_oss)) as s:
        return [piece async for piece in s]


async def parsed(*chunks: bytes) -> list[Piece]:
    async def come() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return [piece async for piece in pieces(come(), http_status=200)]


# The call ------------------------------------------------------------------------------------------------------------


async def test_an_article_comes_piece_by_piece_in_its_order() -> None:
    heard = await hear(Vendor(told(*ARTICLE)))
    parts = [part for piece in heard for part in piece.parts]
    assert parts == [Part(text="One "), Part(text="day."), Part(url=FOX), Part(text=" The end.")]
    assert [piece.finished for piece in heard] == [False, False, False, True]
    assert heard[-1].usage["image_count"] == 1
    assert heard[-1].request_id == "r-1"


@pytest.mark.parametrize("cut", ["\\ud83d", "\\ude00", "\\u0000"])
async def test_words_that_are_cut_in_a_sign_are_kept(cut: str) -> None:
    frames_of_it = [each.replace("day.", f"day{cut}") for each in ARTICLE]
    heard = await parsed(*(each.encode() for each in frames_of_it))
    words = "".join(part.text for piece in heard for part in piece.parts)
    assert words == "One day\ufffd The end."
    assert words.encode()


async def test_a_stream_is_asked_for_as_documented() -> None:
    vendor = Vendor(told(*ARTICLE))
    await hear(vendor, uses_oss=True)
    (request,) = vendor.requests
    assert (request.method, str(request.url)) == ("POST", BASE + PATH)
    assert request.headers["x-dashscope-sse"] == "enable"
    assert request.headers["accept"] == "text/event-stream"
    assert request.headers["x-dashscope-ossresourceresolve"] == "enable"
    assert "x-dashscope-async" not in request.headers
    assert request.extensions["timeout"]["read"] >= 120
    assert json.loads(request.content) == BODY


async def test_a_last_frame_without_its_blank_line_counts() -> None:
    assert (await hear(Vendor(told(*ARTICLE[:3], ARTICLE[3].rstrip()))))[-1].finished


async def test_nothing_after_the_last_frame_is_waited_for() -> None:
    heard = await hear(Vendor(told(*ARTICLE, then=httpx.ReadError("reset"))))
    assert heard[-1].finished


@pytest.mark.parametrize(
    ("texts", "then"),
    [
        (ARTICLE[:3], None),
        (ARTICLE[:3], httpx.ReadError("reset")),
        (ARTICLE[:3], httpx.ReadTimeout("silent")),
        (ARTICLE[:3], httpx.RemoteProtocolError("cut")),
        ((*ARTICLE[:3], ARTICLE[3][:-20]), None),  # the last frame was cut off
        ((*ARTICLE[:3], "data:{broken\n\n"), None),
        ((*ARTICLE[:3], "data:[1]\n\n"), None),
        ((*ARTICLE[:3], "data:" + "x" * 5_000_000), None),
    ],
)
async def test_a_broken_stream_gives_what_arrived_and_is_never_asked_for_again(
    texts: Sequence[str], then: Exception | None
) -> None:
    vendor, heard = Vendor(told(*texts, then=then)), list[Piece]()
    async with client(vendor) as dashscope, aclosing(dashscope.stream(PATH, BODY)) as stream:
        with pytest.raises(OutcomeUnknown) as caught:
            await _collect(stream, heard)
    assert [part.url or part.text for piece in heard for part in piece.parts] == ["One ", "day.", FOX]
    assert len(vendor.requests) == 1
    assert explain_error(caught.value).charged is None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        refusal(500, "InternalError"),
        httpx.Response(502, text="<html>"),
        httpx.Response(200, text="<html>welcome</html>"),
        httpx.Response(200, json={"output": {}, "request_id": "r"}),
        told(""),
        told(": nothing\n\n"),
        told('event:error\n:HTTP_STATUS/500\ndata:{"code":"InternalError","message":"m"}\n\n'),
    ],
)
async def test_a_lost_beginning_is_not_followed_by_a_second_call(
    answer: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response],
) -> None:
    vendor = Vendor(answer, told(*ARTICLE))
    with pytest.raises(OutcomeUnknown):
        await hear(vendor)
    assert len(vendor.requests) == 1


async def test_what_was_certainly_not_taken_is_sent_again() -> None:
    vendor = Vendor(httpx.ConnectError("refused"), refusal(429, "Throttling.RateQuota"), told(*ARTICLE))
    assert (await hear(vendor))[-1].finished
    assert len(vendor.requests) == 3


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(400, "DataInspectionFailed"), ContentRefused),
        (refusal(401, "InvalidApiKey", f"Incorrect key {KEY}"), KeyRefused),
        (refusal(400, "InvalidParameter", "x-dashscope-sse and stream parameter mismatch"), Refused),
        (told(RECORDED["parameter-error-sse"]["body"]), Refused),
        (told('data: {"code":"DataInspectionFailed","message":"m","request_id":"r"}\n\n'), ContentRefused),
        (told('event: error\ndata: {"code":"Throttling","message":"slow"}\n:HTTP_STATUS/429\n\n'), Throttled),
        (told(f'event:error\n:HTTP_STATUS/401\ndata:{{"code":"InvalidApiKey","message":"{KEY}"}}\n\n'), KeyRefused),
    ],
)
async def test_a_refusal_before_or_in_the_stream_is_told_as_such(
    answer: httpx.Response | Callable[[httpx.Request], httpx.Response], kind: type[VendorError]
) -> None:
    with pytest.raises(kind) as caught:
        await hear(Vendor(answer))
    assert type(caught.value) is kind
    assert KEY not in f"{caught.value!r} {caught.value.vendor_message}"


async def test_an_error_after_the_first_part_never_allows_another_call() -> None:
    broken = 'event:error\n:HTTP_STATUS/429\ndata:{"code":"Throttling","message":"slow","request_id":"r-7"}\n\n'
    with pytest.raises(VendorError) as caught:
        await hear(Vendor(told(ARTICLE[0], broken)))
    assert not isinstance(caught.value, NotTaken)
    assert (caught.value.code, caught.value.request_id) == ("Throttling", "r-7")


async def test_a_work_that_comes_all_at_once_is_taken_all_the_same() -> None:
    choices = [{"finish_reason": "stop", "message": {"content": [{"text": "All."}, {"image": FOX}]}}]
    answer = httpx.Response(200, json={"output": {"choices": choices}, "usage": {"image_count": 1}})
    (piece,) = await hear(Vendor(answer))
    assert piece.finished
    assert piece.parts == (Part(text="All."), Part(url=FOX))


@pytest.mark.parametrize("kind", ["", "text/plain", "application/octet-stream", "application/json"])
async def test_a_stream_need_not_say_that_it_is_one(kind: str) -> None:
    content = "".join(ARTICLE).encode()
    heard = await hear(Vendor(httpx.Response(200, content=content, headers={"content-type": kind} if kind else {})))
    assert [piece.finished for piece in heard] == [False, False, False, True]


@pytest.mark.parametrize("kind", ["", "text/plain", "text/event-stream"])
async def test_a_work_all_at_once_need_not_say_so_either(kind: str) -> None:
    choices = [{"finish_reason": None, "message": {"content": [{"text": "All."}]}}]
    content = json.dumps({"output": {"choices": choices}}, indent=1).encode()
    (piece,) = await hear(Vendor(httpx.Response(200, content=content, headers={"content-type": kind} if kind else {})))
    assert (piece.parts, piece.finished) == ((Part(text="All."),), True)


@pytest.mark.parametrize("status", [200, 400])
async def test_a_refusal_is_told_in_whatever_shape_it_comes(status: int) -> None:
    body = RECORDED["parameter-error-sse"]["body"]
    for text in (body, body.partition("data:")[2]):
        for kind in ("text/event-stream", "application/json", "text/plain"):
            with pytest.raises(Refused) as caught:
                await hear(Vendor(httpx.Response(status, text=text, headers={"content-type": kind})))
            assert caught.value.code == "InvalidParameter"


async def test_signs_of_life_do_not_end_a_stream() -> None:
    life = ("event: ping\ndata:\n\n", "data: \n\n", ": still here\n\n", "id: 3\n\n", "data: {}\n\n")
    heard = await hear(Vendor(told(*life, *ARTICLE[:2], *life, *ARTICLE[2:])))
    assert next(part for piece in heard for part in piece.parts) == Part(text="One ")
    assert heard[-1].finished


async def test_data_over_several_lines_is_one_frame() -> None:
    reply = {"output": {"choices": [{"message": {"content": [{"text": "x"}]}, "finish_reason": "stop"}]}}
    lines = "".join(f"data: {line}\r\n" for line in json.dumps(reply, indent=1).splitlines())
    (piece,) = await hear(Vendor(told(lines, "\r\n")))
    assert piece.parts == (Part(text="x"),)


async def test_a_link_in_a_stream_is_made_whole_and_the_key_taken_out() -> None:
    heard = await hear(Vendor(told(frame({"image": "/r/fox.png"}), frame({"text": f"Bearer {KEY}"}, reason="stop"))))
    parts = [part for piece in heard for part in piece.parts]
    assert parts == [Part(url="https://gateway.example/r/fox.png"), Part(text="Bearer [key]")]


async def test_who_stops_listening_closes_the_connection() -> None:
    stream = Told(*(text.encode() for text in ARTICLE))
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=stream)
    vendor = Vendor(lambda _request: answer)
    async with client(vendor) as dashscope, aclosing(dashscope.stream(PATH, BODY)) as pieces_:
        await anext(pieces_)
    assert stream.closed


# The frames ----------------------------------------------------------------------------------------------------------


async def test_the_recorded_stream_is_read() -> None:
    body = RECORDED["multimodal-generation-vl-sse"]["body"].encode()
    heard: list[Piece] = []
    with pytest.raises(OutcomeUnknown):  # the recording was cut
        await _collect(pieces(_once(body), http_status=200), heard)
    assert "".join(part.text for piece in heard for part in piece.parts).startswith("这是一个海滩，有沙滩和海浪")
    assert recorded("parameter-error-sse").status_code == 200


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def test_spaces_line_ends_comments_and_unknown_members_do_not_matter() -> None:
    reply = '{"output":{"choices":[{"message":{"content":[{"text":"a\u2028b"}]},"finish_reason":"stop"}]},"new":1}'
    text = f"\ufeff: hello\r\nretry: 5\r\nid: 7\r\nevent: result\r\n: HTTP_STATUS/200\r\ndata: {reply}\r\n\r\n"
    (piece,) = await parsed(text.encode())
    assert (piece.parts, piece.finished, dict(piece.usage)) == ((Part(text="a\u2028b"),), True, {})


@given(st.lists(st.integers(1, 40), max_size=60))
async def test_how_the_bytes_are_cut_does_not_matter(cuts: list[int]) -> None:
    body = "".join(ARTICLE).replace("One ", "从前有一天 ").encode()
    chunks, start = list[bytes](), 0
    for size in cuts:
        chunks.append(body[start : start + size])
        start += size
    found = [each async for each in frames(_all([*chunks, body[start:]]))]
    assert [each.data for each in found] == [each.data async for each in frames(_once(body))]
    assert len(found) == 4


async def _all(chunks: Sequence[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


# A question ----------------------------------------------------------------------------------------------------------

CHECK_PATH = "/services/aigc/image2video/face-detect"
QUESTION = {"model": "a-check", "input": {"image_url": "oss://x"}}


async def ask(vendor: Vendor) -> Checked:
    async with client(vendor) as dashscope:
        return await dashscope.ask_once(CHECK_PATH, QUESTION, uses_oss=True)


def checked(**output: object) -> httpx.Response:
    return httpx.Response(200, json={"output": output, "usage": {"image_count": 1}, "request_id": "r-5"})


async def test_a_yes_and_a_no_are_both_answers() -> None:
    vendor = Vendor(checked(check_pass=True, humanoid=True))
    assert (await ask(vendor)).passed
    no = await ask(Vendor(checked(check_pass=False, code="InvalidFile.NoHuman", message="no human")))
    assert (no.passed, no.code, no.message, no.request_id) == (False, "InvalidFile.NoHuman", "no human", "r-5")
    (request,) = vendor.requests
    assert "x-dashscope-async" not in request.headers
    assert request.headers["x-dashscope-ossresourceresolve"] == "enable"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        refusal(500, "InternalError"),
        checked(),
        checked(check_pass="yes"),
        httpx.Response(200, text="{"),
    ],
)
async def test_a_lost_answer_is_not_asked_for_again(answer: httpx.Response | Exception) -> None:
    vendor = Vendor(answer, checked(check_pass=True))
    with pytest.raises(OutcomeUnknown):
        await ask(vendor)
    assert len(vendor.requests) == 1


async def test_a_question_that_was_not_taken_is_asked_again_and_a_refusal_is_told() -> None:
    vendor = Vendor(refusal(429, "Throttling"), checked(check_pass=True))
    assert (await ask(vendor)).passed
    with pytest.raises(Refused):
        await ask(Vendor(refusal(400, "InvalidParameter")))
