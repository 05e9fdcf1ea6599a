"""What the tests of the client share: a vendor that says what it is told to, and time that passes by itself."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpx
from pydantic import SecretStr

from services.dashscope import Account, DashScope, QueryBudget, Retry
from tests import ROOT

KEY = "sk-canary-0123456789abcdef"
BASE = "https://gateway.example/vendor/api/v1"
CREATE_PATH = "/services/aigc/video-generation/video-synthesis"
RECORDED = json.loads((ROOT / "tests/recorded/dashscope-replies.json").read_text(encoding="utf-8"))

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Vendor(httpx.AsyncBaseTransport):
    """Gives its answers in turn, the last one for ever, and keeps every request with its body."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else _copy(answer)


def _copy(answer: httpx.Response) -> httpx.Response:
    """An answer is read once; given for ever, each needs its own."""
    return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


class Naps:
    """A sleep that only takes notes."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class Time:
    """A clock that moves when somebody sleeps on it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def account(**changes: str) -> Account:
    values = {"alias": "singapore", "region": "singapore", "base_url": BASE, "key": KEY} | changes
    return Account(values["alias"], values["region"], values["base_url"], SecretStr(values["key"]))


def client(vendor: httpx.AsyncBaseTransport, *, naps: Naps | None = None, retry: Retry | None = None) -> DashScope:
    time = Time()
    return DashScope(
        account(),
        transport=vendor,
        budget=QueryBudget(clock=time, sleep=time.sleep),
        retry=retry or Retry(),
        sleep=naps or Naps(),
        rng=random.Random(7),
    )


def recorded(name: str) -> httpx.Response:
    """A reply the real service gave."""
    reply = RECORDED[name]
    return httpx.Response(reply["status"], text=reply["body"], headers={"content-type": "application/json"})


def refusal(status: int, code: str, message: str = "") -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message, "request_id": "r-1"})


def created(task_id: str = "t-1") -> httpx.Response:
    return httpx.Response(
        200, json={"output": {"task_status": "PENDING", "task_id": task_id}, "request_id": "r-created"}
    )


def task(status: str = "RUNNING", *, usage: dict[str, object] | None = None, **output: object) -> httpx.Response:
    body = {"request_id": "r-2", "output": {"task_id": "t-1", "task_status": status, **output}, "usage": usage or {}}
    return httpx.Response(200, json=body)


def listing(rows: Sequence[dict[str, object]], *, page: int = 1, pages: int = 1) -> httpx.Response:
    body = {"request_id": "r-3", "total": len(rows), "total_page": pages, "page_no": page, "page_size": 10}
    return httpx.Response(200, json={**body, "data": list(rows)})


def row(task_id: str, moment: datetime, **changes: object) -> dict[str, object]:
    return {
        "task_id": task_id,
        "gmt_create": round(moment.astimezone(UTC).timestamp() * 1000),
        "model_name": "a-model",
        "status": "RUNNING",
        "request_id": "r-9",
        "api_key_id": "42",
        **changes,
    }
