"""The vendor's HTTP client, one per account: create, ask, stream, query, list, cancel, upload, download.

Hides retries, slots and headers. Its first rule: a call that may buy is resent only if the vendor certainly did not
take it. It knows no model and stores nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self, TypeVar
from urllib.parse import quote

import httpx

from services.dashscope import http, replies
from services.dashscope.account import Account
from services.dashscope.downloads import Downloaded, Downloads
from services.dashscope.errors.mapping import (
    broken_stream,
    error_from_reply,
    is_refusal,
    outcome_unknown,
    unavailable,
    unreachable,
)
from services.dashscope.rate_limit import QueryBudget
from services.dashscope.replies import Checked, Created, ListedTask, Part, Task, TaskStatus, UploadPolicy
from services.dashscope.response_body import read_body
from services.dashscope.retry import Again, Repeater, Retry, Sleep
from services.dashscope.stream import Piece, first_data, pieces
from services.dashscope.task_list import LONGEST_WINDOW, every_page, windows
from services.dashscope.uploads import Storage, plain_name
from services.domain.errors import NotTaken, OutcomeUnknown, Refused, Throttled, VendorError
from services.domain.json_values import is_mapping

log = logging.getLogger(__name__)
T = TypeVar("T")

USUAL = Retry()


class DashScope:
    """The vendor's API for one account. Open it with `async with`; pass a transport to talk to something else.

    Every method raises VendorError (see services.domain.errors for the tree) with a sentence for users in `message`.
    """

    def __init__(
        self,
        account: Account,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: QueryBudget | None = None,
        retry: Retry = USUAL,
        sleep: Sleep = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self.account = account
        self._transport = transport
        self._budget = budget or QueryBudget()
        self._repeater = Repeater(retry, sleep, rng or random.Random())
        self._buying_gate = asyncio.Semaphore(http.AT_ONCE)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        http.quiet_loggers()
        # Loading the certificates would block the event loop for too long.
        tls = await asyncio.to_thread(http.trusted_certificates) if self._transport is None else None
        async with AsyncExitStack() as stack:
            self._reading = await stack.enter_async_context(
                http.open_client(self._transport, tls=tls, read_seconds=http.READ_SECONDS, keep_alive=True)
            )
            # The server can close a kept-alive connection just as a request leaves; it is then unknown whether the
            # request was taken. A create call pays for a new connection instead.
            self._buying = await stack.enter_async_context(
                http.open_client(self._transport, tls=tls, read_seconds=http.CREATE_READ_SECONDS, keep_alive=False)
            )
            # Streams are few and long. They must not use up the connections of short calls.
            self._listening = await stack.enter_async_context(
                http.open_client(self._transport, tls=tls, read_seconds=http.STREAM_SILENT_SECONDS, keep_alive=False)
            )
            files = await stack.enter_async_context(
                http.open_client(
                    self._transport, tls=tls, read_seconds=http.TRANSFER_READ_SECONDS, keep_alive=True, redirects=3
                )
            )
            files_gate = asyncio.Semaphore(http.AT_ONCE)
            self._storage = Storage(files, gate=files_gate)
            self._downloads = Downloads(files, self._repeater, gate=files_gate)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    # Buying ----------------------------------------------------------------------------------------------------------

    async def create(self, path: str, body: Mapping[str, object], *, uses_oss: bool = False) -> Created:
        """Create a task: this is what costs money. `uses_oss` states that the body contains an `oss://` link.

        Raises NotTaken (nothing bought, may be resent), OutcomeUnknown (look it up, never resend) or Refused.
        """
        headers = _buying_headers(uses_oss=uses_oss) | {"X-DashScope-Async": "enable"}
        created = await self._buy(path, body, headers=headers, read=replies.read_created)
        log.info("task %s created in %s, request %s", created.task_id, self.account.alias, created.request_id)
        return created

    async def ask_once(self, path: str, body: Mapping[str, object], *, uses_oss: bool = False) -> Checked:
        """Send a question that is answered at once and billed regardless of the answer.

        Raises NotTaken (nothing bought, may be asked again), OutcomeUnknown (it may have been billed) or Refused. A
        negative answer is not an error.
        """
        checked = await self._buy(path, body, headers=_buying_headers(uses_oss=uses_oss), read=replies.read_checked)
        log.info("checked in %s: %s, request %s", self.account.alias, checked.passed, checked.request_id)
        return checked

    async def _buy(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        headers: Mapping[str, str],
        read: Callable[[object], T | None],
    ) -> T:
        """Send a call that costs money, and retry only if it was certainly not taken. Returns the result of `read`."""
        content = await asyncio.to_thread(_encode, body)
        latest_start = time.monotonic() + http.LONGEST_CREATE_SECONDS - http.CREATE_SECONDS

        async def once() -> T:
            async with self._buying_gate:
                if time.monotonic() > latest_start:
                    raise unavailable()
                response = await self._send_once(
                    self._request(self._buying, "POST", path, headers=headers, content=content)
                )
            reply = self._read(response)
            answer = read(reply) if response.is_success else None
            if answer is None:
                self._raise_refusal(response, reply, creating=True)
            return answer

        return await self._repeater.run(once, tries=self._repeater.retry.create_tries)

    async def _send_once(self, request: httpx.Request) -> httpx.Response:
        try:
            async with asyncio.timeout(http.CREATE_SECONDS):
                return await self._buying.send(request)
        except http.NOT_SENT as error:
            raise Again(unreachable()) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise outcome_unknown() from error

    async def stream(self, path: str, body: Mapping[str, object], *, uses_oss: bool = False) -> AsyncGenerator[Piece]:
        """Submit a job and yield its pieces as they are made: this is what costs money. Close it (`aclosing`).

        Raises NotTaken (before the first piece only: nothing bought, may be resent), OutcomeUnknown if it broke before
        its end (never resend it; there is no task to look up), Refused, or the error of an error frame.
        """
        content = await asyncio.to_thread(_encode, body)
        headers = _buying_headers(uses_oss=uses_oss) | {
            "X-DashScope-Sse": "enable",
            "Accept": "text/event-stream",
            "X-Accel-Buffering": "no",
        }

        async def once() -> httpx.Response:
            return await self._open_stream(
                self._request(self._listening, "POST", path, headers=headers, content=content)
            )

        response = await self._repeater.run(once, tries=self._repeater.retry.create_tries)
        read = partial(read_body, key=self.account.key)
        try:
            made = pieces(_within_time(response), http_status=response.status_code, read=read)
            async with aclosing(made) as found:
                async for piece in found:
                    yield replace(piece, parts=self._whole_links(piece.parts))
        except httpx.HTTPError as error:
            raise broken_stream() from error
        except VendorError as error:
            raise self._without_key(error) from error.__cause__
        finally:
            await response.aclose()

    async def _open_stream(self, request: httpx.Request) -> httpx.Response:
        """Return the response as soon as it begins, or raise it if it is a refusal.

        The reader of the response reports anything else that is not a stream: not every gateway declares a stream in
        the headers.
        """
        try:
            response = await self._listening.send(request, stream=True)
        except http.NOT_SENT as error:
            raise Again(unreachable()) from error
        except httpx.HTTPError as error:
            raise broken_stream() from error
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not response.is_success or kind == "application/json":
            await self._read_whole(response)
        return response

    async def _read_whole(self, response: httpx.Response) -> None:
        """Read and close a response that comes all at once. Raises its error if it is a refusal."""
        try:
            await response.aread()
        except httpx.HTTPError as error:
            raise broken_stream() from error
        finally:
            await response.aclose()
        reply = self._read(response)
        if isinstance(reply, str) and not response.is_success:
            reply = read_body(first_data(reply), key=self.account.key)
        if not response.is_success or is_refusal(reply):
            self._raise_refusal(response, reply, creating=True)

    # Reading ---------------------------------------------------------------------------------------------------------

    async def query(self, task_id: str) -> Task:
        """Query a task once. A failed task is an answer, not an error: see `Task.status`."""
        task = replies.read_task(await self._ask_task("GET", f"/tasks/{_segment(task_id)}"))
        return replace(task, parts=self._whole_links(task.parts))

    async def list_tasks(
        self, *, model: str, start: datetime, end: datetime, status: TaskStatus | None = None
    ) -> tuple[ListedTask, ...]:
        """Return the account's tasks of a model created from `start` to `end`, oldest first.

        `start` and `end` are aware and at most 24 hours apart. Other programs' tasks are included. Raises VendorError
        rather than leave a page or a row out.
        """
        if start.tzinfo is None or end.tzinfo is None or not timedelta(0) <= end - start <= LONGEST_WINDOW:
            raise ValueError("start and end must be aware, in order and at most 24 hours apart")
        found: dict[str, ListedTask] = {}
        for since, until in windows(start, end):
            query = {"start_time": since, "end_time": until, "model_name": model}
            if status is not None:
                query["status"] = status.value
            for task in await every_page(self._list_page, query):
                if start <= task.created_at <= end:
                    found[task.task_id] = task
        return tuple(sorted(found.values(), key=lambda task: task.created_at))

    async def tasks_at_work(self) -> frozenset[str]:
        """Return the ids of the account's running tasks, those of other programs included. Raises VendorError.

        A task that ends while the pages are read may hide another, so a missing task need not have ended.
        """
        rows = await every_page(self._list_page, {"status": TaskStatus.RUNNING.value})
        return frozenset(task.task_id for task in rows if task.status is TaskStatus.RUNNING)

    async def _list_page(self, query: Mapping[str, str]) -> object:
        return await self._ask_task("GET", "/tasks/", query=query)

    async def cancel(self, task_id: str) -> None:
        """Cancel a task that has not begun. Raises Refused, code UnsupportedOperation, if it is too late."""
        attempts = 0

        async def once() -> object:
            nonlocal attempts
            attempts += 1
            async with self._budget.turn():
                return await self._ask(self._reading, "POST", f"/tasks/{_segment(task_id)}/cancel")

        try:
            await self._repeater.run(once, tries=self._repeater.retry.tries)
        except Refused as error:
            # The first call may have worked and only its response been lost; the second is then refused.
            repeated = attempts > 1 and error.code == "UnsupportedOperation"
            if not repeated or (await self.query(task_id)).status is not TaskStatus.CANCELED:
                raise
        log.info("task %s canceled", task_id)

    async def _ask_task(self, method: str, path: str, *, query: Mapping[str, str] | None = None) -> object:
        async def once() -> object:
            async with self._budget.turn():
                return await self._ask(self._reading, method, path, query=query)

        return await self._repeater.run(once, tries=self._repeater.retry.tries)

    async def _ask(
        self, client: httpx.AsyncClient, method: str, path: str, *, query: Mapping[str, str] | None = None
    ) -> object:
        """Make one call that buys nothing. Raises Again if it may be retried."""
        headers = {"Content-Type": "application/json"} if method == "GET" else {}
        request = self._request(client, method, path, headers=headers, query=query)
        try:
            response = await http.send_reading(client, request)
        except http.NOT_SENT as error:
            raise Again(unreachable()) from error
        except httpx.HTTPError as error:
            raise Again(unavailable()) from error
        reply = self._read(response)
        if method == "POST" and response.is_success and reply == "":
            return {}  # a cancel needs no content in its reply, only success
        if not response.is_success or not is_mapping(reply) or is_refusal(reply):
            self._raise_refusal(response, reply, creating=False)
        return reply

    # Files -----------------------------------------------------------------------------------------------------------

    async def upload(self, model: str, file: Path, *, name: str) -> str:
        """Upload a file to the vendor's temporary storage. Return its `oss://` link.

        The link is good for 48 hours and this model only. Raises FileRefused if the file is missing, empty or too
        large.
        """
        name = plain_name(name)

        async def once() -> str:
            # A policy is good for one folder and five minutes, so each try asks for its own.
            policy = await self._policy(model, name)
            await self._storage.send(policy, file, name=name)
            return f"oss://{policy.folder}/{name}"

        return await self._repeater.run(once, tries=self._repeater.retry.tries)

    async def _policy(self, model: str, name: str) -> UploadPolicy:
        async with self._buying_gate:
            query = {"action": "getPolicy", "model": model}
            reply = await self._ask(self._buying, "GET", "/uploads", query=query)
        return replies.read_policy(reply, file_name=name)

    async def download(self, url: str, target: Path) -> Downloaded:
        """Download a result into the file `target`, resuming an earlier try: see Downloads.fetch."""
        return await self._downloads.fetch(url, target)

    def _whole_links(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """Return the parts with absolute links: the vendor may give a link relative to the address that was asked."""
        return tuple(replace(part, url=http.joined(f"{self.account.base_url}/", part.url)) for part in parts)

    def _request(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Request:
        """Build a request to the account's own address: the only place where the key is sent."""
        return client.build_request(
            method,
            f"{self.account.base_url}/{path.lstrip('/')}",
            params=query,
            content=content,
            headers={"Accept": "application/json", **headers, **self.account.authorization()},
        )

    def _read(self, response: httpx.Response) -> object:
        """Return the content of a response, with the key removed."""
        return read_body(response.content, key=self.account.key)

    def _raise_refusal(self, response: httpx.Response, reply: object, *, creating: bool) -> NoReturn:
        error = error_from_reply(response.status_code, reply, creating=creating)
        self._without_key(error)
        if isinstance(error, Throttled):
            error.after_seconds = http.retry_after(response)
            if creating and not self._repeater.retry.create_when_throttled:
                raise error
        if isinstance(error, NotTaken):
            raise Again(error, after=http.retry_after(response))
        if isinstance(error, OutcomeUnknown):
            log.warning("a create call was answered with HTTP %d, request %s", error.http_status, error.request_id)
        raise error

    def _without_key(self, error: VendorError) -> VendorError:
        """Remove the key from an error, should a gateway repeat it in its complaint."""
        error.vendor_message = error.vendor_message.replace(self.account.key.get_secret_value().strip(), "[key]")
        return error


async def _within_time(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yield the bytes of a stream. The client bounds each silence, this function the whole."""
    latest = time.monotonic() + http.LONGEST_STREAM_SECONDS
    async for chunk in response.aiter_bytes():
        yield chunk
        if time.monotonic() > latest:
            raise broken_stream()


def _buying_headers(*, uses_oss: bool) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    return headers | {"X-DashScope-OssResourceResolve": "enable"} if uses_oss else headers


def _encode(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _segment(task_id: str) -> str:
    return quote(task_id, safe="")
