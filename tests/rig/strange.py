"""A provider nobody has met: HTTP by hand, written from the reference alone, that answers as badly as it is told to.

It shares no code with the simulator or the client, and it can break a connection at any byte.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

API = "/odd/place/api/v1"


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """The body."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Said:
    """One answer, and how it goes wrong."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: bool = True
    """Whether it says how long it is; else its end is the connection's."""
    cut: int | None = None
    """Break the connection after so many bytes of the body."""
    nothing: bool = False
    """Break the connection without a word."""
    slow: float = 0.0
    """Seconds before the first byte."""


def told(value: object, status: int = 200, **headers: str) -> Said:
    """An answer in JSON."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Said(status=status, body=json.dumps(value).encode(), headers={"Content-Type": "application/json"} | named)


def refused(status: int, code: str, message: str = "") -> Said:
    """The documented envelope of an error."""
    return told({"code": code, "message": message, "request_id": "r-no"}, status)


Answer = Said | Callable[[Asked], Said]


@dataclass
class Strange:
    """The provider. Scripts are taken in turn, the last one for ever; without one it behaves."""

    origin: str = ""
    asked: list[Asked] = field(default_factory=list)
    tasks: dict[str, dict[str, object]] = field(default_factory=dict)
    creates: list[Answer] = field(default_factory=list)
    looks: list[Answer] = field(default_factory=list)
    lists: list[Answer] = field(default_factory=list)
    cancels: list[Answer] = field(default_factory=list)
    policies: list[Answer] = field(default_factory=list)
    uploads: list[Answer] = field(default_factory=list)
    results: list[Answer] = field(default_factory=list)
    output: dict[str, object] = field(default_factory=dict)
    """What a finished task tells beside its status."""
    usage: object = None

    @property
    def base(self) -> str:
        """The address to give to a studio."""
        return self.origin + API

    def count(self, method: str, start: str) -> int:
        """How many requests there were of a kind."""
        return sum(one.method == method and one.path.startswith(start) for one in self.asked)

    @property
    def bought(self) -> list[Asked]:
        """Every call that costs money."""
        return [one for one in self.asked if one.method == "POST" and "/services/aigc/" in one.path]

    def answer(self, asked: Asked) -> Said:
        """What is said to a request."""
        self.asked.append(asked)
        path = asked.path.removeprefix(API)
        match asked.method, path.split("/")[1:]:
            case "POST", ["services", "aigc", *_]:
                return _next(self.creates, self.take)(asked)
            case "GET", ["uploads"]:
                return _next(self.policies, self.policy)(asked)
            case "GET", ["tasks"] | ["tasks", ""]:
                return _next(self.lists, self.list)(asked)
            case "GET", ["tasks", _]:
                return _next(self.looks, self.look)(asked)
            case "POST", ["tasks", _, "cancel"]:
                return _next(self.cancels, lambda _: told({"request_id": "r-cancel"}))(asked)
            case "POST", ["storage", *_]:
                return _next(self.uploads, lambda _: Said())(asked)
            case "GET", ["result", *_]:
                return _next(self.results, lambda _: Said(status=404))(asked)
            case _:
                return refused(404, "NotFound")

    def take(self, asked: Asked) -> Said:
        """Make a task."""
        task_id = f"task-{len(self.tasks) + 1}"
        self.tasks[task_id] = {"model_name": asked.json.get("model"), "gmt_create": round(time.time() * 1000)}
        return told({"output": {"task_status": "PENDING", "task_id": task_id}, "request_id": "r-create"})

    def look(self, asked: Asked) -> Said:
        """A finished task."""
        task_id = asked.path.rsplit("/", 1)[1]
        if task_id not in self.tasks:
            return told({"request_id": "r", "output": {"task_id": task_id, "task_status": "UNKNOWN"}})
        reply: dict[str, object] = {"output": {"task_id": task_id, "task_status": "SUCCEEDED", **self.output}}
        return told(reply | ({} if self.usage is None else {"usage": self.usage}))

    def list(self, asked: Asked) -> Said:
        """All tasks of a model on one page."""
        rows = [
            {"task_id": task_id, "status": "RUNNING", **row}
            for task_id, row in self.tasks.items()
            if asked.query.get("model_name", row["model_name"]) == row["model_name"]
        ]
        page = {"page_no": int(asked.query.get("page_no", "1")), "page_size": 10, "total_page": 1}
        return told({"request_id": "r-list", "total": len(rows), "data": rows, **page})

    def policy(self, _asked: Asked | None = None) -> Said:
        """Leave to upload."""
        data = {
            "policy": "p",
            "signature": "s",
            "upload_dir": "dashscope-instant/h/2026-11-28/u",
            "upload_host": f"{self.origin}/storage",
            "expire_in_seconds": 300,
            "max_file_size_mb": 100,
            "capacity_limit_mb": 999999999,
            "oss_access_key_id": "id",
            "x_oss_object_acl": "private",
            "x_oss_forbid_overwrite": "true",
        }
        return told({"request_id": "r-policy", "data": data})


def _next(script: list[Answer], otherwise: Callable[[Asked], Said]) -> Callable[[Asked], Said]:
    if not script:
        return otherwise
    answer = script.pop(0) if len(script) > 1 else script[0]
    return answer if callable(answer) else lambda _asked: answer


@asynccontextmanager
async def strange() -> AsyncIterator[Strange]:
    """One that is being served."""
    provider = Strange()
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        current = asyncio.current_task()
        assert current
        talks.add(current)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await _talk(provider, reader, writer)
        finally:
            talks.discard(current)
            writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        provider.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield provider
    finally:
        server.close()
        for task in tuple(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _talk(provider: Strange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while asked := await _read(reader):
        said = provider.answer(asked)
        if said.slow:
            await asyncio.sleep(said.slow)
        if said.nothing:
            return
        headers = dict(said.headers) | ({"Content-Length": str(len(said.body))} if said.length else {})
        headers |= {"Connection": "keep-alive" if said.length else "close"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {said.status} Whatever\r\n{lines}\r\n".encode() + said.body[: said.cut])
        await writer.drain()
        if said.cut is not None or not said.length:
            writer.close()
            await writer.wait_closed()
            return


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    line = (await reader.readline()).decode().split()
    if len(line) < 3:
        return None
    headers: dict[str, str] = {}
    while (text := (await reader.readline()).decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    url = urlsplit(line[1])
    query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
    return Asked(line[0], unquote(url.path), query, headers, body)
