"""Results that the create call itself returns: whole as JSON, or as server-sent events.

Hides when a call may stream, the layout of the frames, and how a stream breaks off. Source: wan-image-api.md 1.5, 1.7
and 1.8, and the recorded streams.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.catalogue.schema import Model, Offer
from services.domain.json_values import mapping_in
from services.simulator.api.broken import TRANSPORT
from services.simulator.api.faults import Break, Fault
from services.simulator.api.replies import Link, choice, content_of, http_date
from services.simulator.engine.clock import Clock
from services.simulator.engine.judge import Order, judge
from services.simulator.engine.ledger import Task, new_request_id
from services.simulator.engine.making import Part
from services.simulator.engine.plan import is_article
from services.simulator.engine.refusal import Refusal, wrong_url, wrong_value
from services.simulator.engine.world import Ended, Hearing


@dataclass(frozen=True)
class Judged:
    """A validated create call that is answered at once, with or without streaming."""

    order: Order
    streams: bool


def judge_call(model: Model, offer: Offer, request: HttpRequest, body: Mapping[str, object]) -> Judged:
    """Validate a create call that is answered at once. Raises Refusal if it is invalid.

    Articles are available only as a stream, and nothing else streams. The header alone is enough, as the vendor's
    package sends it. `stream` without the header, or in conflict with it, is refused. If a model has no stream,
    `stream` is an unknown key.
    """
    if model.live and model.live in offer.lacks:
        raise wrong_url()  # this region offers the model as tasks only
    order = judge(model, offer, body)
    asked = request.headers.get("x-dashscope-sse", "").strip().lower() == "enable"
    article = is_article(order.request)
    said = mapping_in(body.get("parameters")).get(model.live) if article else None
    if asked and (not article or said is False):
        raise _mismatch("enable", streams=False)
    if said is True and not asked:
        raise _mismatch("disable", streams=True)
    if article and not asked:
        raise wrong_value("only support stream mode")
    return Judged(order, streams=asked)


def _mismatch(header: str, *, streams: bool) -> Refusal:
    return wrong_value(
        f"x-dashscope-sse and stream parameter mismatch. Received: x-dashscope-sse={header}, stream={streams}"
    )


async def heard_out(hearing: Hearing) -> Ended:
    """Wait for the end of a job."""
    while True:
        heard = await hearing.get()
        if isinstance(heard, Ended):
            return heard


async def stream_reply(
    task: Task, hearing: Hearing, *, link: Link, clock: Clock, fault: Fault | None = None
) -> Response:
    """Return the reply as a stream that begins with the first part. Raises Refusal if the job fails before it."""
    first = await hearing.get()
    if isinstance(first, Ended) and first.refusal:
        raise first.refusal
    headers = {"server": "istio-envoy", "date": http_date(clock.now()), "vary": "Origin,Access-Control-Request-Method"}
    broken = fault if isinstance(fault, Break) else None
    return _EventStream(_frames(task, first, hearing, link=link, broken=broken), headers)


async def _frames(
    task: Task, first: Part | Ended, hearing: Hearing, *, link: Link, broken: Break | None
) -> AsyncIterator[bytes]:
    """Yield every frame in order, up to a fault. Raises ConnectionResetError if the fault breaks the connection."""
    heard, number, whole = first, 1, 0
    while True:
        if broken and whole >= broken.after_parts:
            if not broken.code:
                raise ConnectionResetError("the simulator broke off")
            yield _error_frame(number, 500, broken.code, broken.message)
            return
        if isinstance(heard, Ended):
            if heard.refusal:
                yield _error_frame(number, heard.refusal.http_status, heard.refusal.code, heard.refusal.message)
            return
        finish = "stop" if heard.last else "null"
        envelope = {
            "output": {
                "choices": [choice([content_of(heard.piece, link)], finish_reason=finish)],
                "finished": heard.last,
            },
            "usage": heard.usage,
            "request_id": task.request_id,
        }
        yield _frame(number, "result", 200, envelope)
        whole += heard.whole
        heard, number = await hearing.get(), number + 1


def _error_frame(number: int, http_status: int, code: str, message: str) -> bytes:
    body = {"code": code, "message": message, "request_id": new_request_id()}
    return _frame(number, "error", http_status, body)


def _frame(number: int, event: str, http_status: int, body: Mapping[str, object]) -> bytes:
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return f"id:{number}\nevent:{event}\n:HTTP_STATUS/{http_status}\ndata:{data}\n\n".encode()


class _EventStream(Response):
    """Frames as they are made.

    The connection breaks if the frames break off. A caller's disconnect does not end the job.
    """

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(headers={**headers, "content-type": "text/event-stream;charset=UTF-8"})
        del self.headers["content-length"]
        self._frames = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send each frame as soon as it is available."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for frame in self._frames:
                await send({"type": "http.response.body", "body": frame, "more_body": True})
        except ConnectionResetError:
            transport = scope.get(TRANSPORT)
            if transport is None:
                raise
            transport.close()  # written bytes are still sent
            await asyncio.sleep(0.01)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})
