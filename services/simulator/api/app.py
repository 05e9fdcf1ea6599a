"""The simulator's HTTP routes and the steps that every call passes through. `World` does the rest.

`{origin}/api/v1` is the default region. `{origin}/{region}/api/v1` is each region of the catalogue.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as HttpRoute

from services.catalogue import Catalogue
from services.domain.json_values import mapping_in
from services.simulator.api.broken import HungUp
from services.simulator.api.bucket import Bucket
from services.simulator.api.faults import Answer, Delay, Drop, Fault, Faults, Garbage, Route
from services.simulator.api.query import read_filter
from services.simulator.api.reading import read_body
from services.simulator.api.record import Call, Create, Record, shortened
from services.simulator.api.replies import (
    Link,
    at_once,
    checked,
    created,
    error_reply,
    json_reply,
    listed,
    oss_error,
    queried,
    unknown,
)
from services.simulator.api.stream import Judged, heard_out, judge_call, stream_reply
from services.simulator.engine.clock import Clock, SystemClock
from services.simulator.engine.judge import Order, find_check, find_model, judge
from services.simulator.engine.ledger import new_request_id
from services.simulator.engine.limits import POLICIES_PER_SECOND, TASK_CALLS_PER_SECOND
from services.simulator.engine.refusal import Refusal, wrong_url
from services.simulator.engine.storage import RESULT_PATH, UPLOAD_PATH
from services.simulator.engine.world import Caller, Habits, World
from services.simulator.media.artist import Artist, FilmArtist

logger = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]

_STORAGE_ROUTES = (Route.UPLOAD, Route.DOWNLOAD)
_SYNCHRONOUS = "current user api does not support synchronous calls"
_ASYNCHRONOUS = "current user api does not support asynchronous calls"
_NOT_PENDING = "Failed to cancel the task, please confirm if the task is in PENDING status."
_NO_ROUTE = "The requested resource could not be found."
_PLAN_KEY = "sk-sp-"
"""Prefix of coding plan keys, which cannot make pictures and clips. Source: wan-video-api.md 7.1."""
_TOO_FAST = "Requests rate limit exceeded, please try again later."


class Simulator:
    """A simulator of DashScope.

    `app` is the ASGI application, `faults` holds the faults to inject, and `record` the received calls. Without `keys`,
    any key is a separate account in each region. With `keys`, a key is valid only in the regions it maps to.

    State is stored in `home`. A simulator restarted on the same home continues its tasks.
    """

    def __init__(  # noqa: PLR0913 - each is one trait of the service a caller may want otherwise
        self,
        catalogue: Catalogue,
        *,
        home: Path,
        clock: Clock | None = None,
        speed: float = 1.0,
        run_seconds: float | None = None,
        keys: Mapping[str, Collection[str]] | None = None,
        region: str | None = None,
        limits: bool = True,
        refuse_over_running: bool = False,
        late_verdicts: bool = False,
        lose_pictures: bool = False,
        list_lag_seconds: float = 0.0,
        artist: Artist | None = None,
        seed: int = 0,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.habits = Habits(
            speed=speed,
            run_seconds=run_seconds,
            limits=limits,
            refuse_over_running=refuse_over_running,
            late_verdicts=late_verdicts,
            lose_pictures=lose_pictures,
            list_lag_seconds=list_lag_seconds,
            seed=seed,
        )
        self.region = region or catalogue.regions[0].id
        self.faults = Faults()
        self.record = Record()
        self.world = World(catalogue, home=home, clock=self.clock, artist=artist or FilmArtist(), habits=self.habits)
        self._catalogue = catalogue
        self._keys = keys
        self._bucket = Bucket(self.world.storage, folder=self.world.results, clock=self.clock)
        self._opening = asyncio.Lock()
        self._is_open = False
        self.app = Starlette(
            routes=self._routes(), lifespan=self._lifespan, exception_handlers={HTTPException: self._no_such_route}
        )
        self.app.router.redirect_slashes = False

    @property
    def creates(self) -> list[Create]:
        """All accepted create calls, whether they made a task or were answered at once, oldest first."""
        return self.record.creates

    @property
    def checks(self) -> list[Create]:
        """All answered prechecks, oldest first."""
        return self.record.checks

    async def start(self) -> None:
        """Load the home and continue its tasks. Called automatically by the application's lifespan or a call."""
        async with self._opening:
            if not self._is_open:
                await self.world.open()
                self._is_open = True

    async def close(self) -> None:
        """Stop all work. Nothing in the home is lost."""
        async with self._opening:
            if self._is_open:
                self._is_open = False
                await self.world.close()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None, None]:
        await self.start()
        try:
            yield
        finally:
            await self.close()

    # Routes

    def _routes(self) -> list[BaseRoute]:
        api = [
            HttpRoute("/services/{path:path}", self._through(self._kind_of_order, self._create), methods=["POST"]),
            *self._with_slash("/tasks", Route.LIST, self._list),
            *self._with_slash("/tasks/{task_id}/cancel", Route.CANCEL, self._cancel, method="POST"),
            *self._with_slash("/tasks/{task_id}", Route.QUERY, self._query),
            *self._with_slash("/uploads", Route.POLICY, self._grant),
        ]
        upload, download = self._bucket.upload, self._bucket.download
        return [
            *self._with_slash(UPLOAD_PATH, Route.UPLOAD, upload, method="POST"),
            HttpRoute(RESULT_PATH + "/{name}", self._through(Route.DOWNLOAD, download), methods=["GET", "HEAD"]),
            Mount("/api/v1", routes=api),
            Mount("/{region}/api/v1", routes=api),
        ]

    def _with_slash(self, path: str, route: Route, handler: Handler, method: str = "GET") -> list[HttpRoute]:
        """Return the route with and without a trailing slash: the official package's clients send both."""
        endpoint = self._through(route, handler)
        return [HttpRoute(path, endpoint, methods=[method]), HttpRoute(f"{path}/", endpoint, methods=[method])]

    def _kind_of_order(self, request: Request) -> Route:
        """Return the kind of a create call, for the record and the faults. Runs before the body is read."""
        path = f"/services/{request.path_params['path']}".rstrip("/")
        if any(model.precheck and model.precheck.path == path for model in self._catalogue.models):
            return Route.CHECK
        return Route.STREAM if _is_enabled(request, "x-dashscope-sse") else Route.CREATE

    def _through(self, kind: Route | Callable[[Request], Route], handler: Handler) -> Handler:
        """Wrap a handler in the steps of every call: the record, the faults and the error replies."""

        async def endpoint(request: Request) -> Response:
            await self.start()
            route = kind if isinstance(kind, Route) else kind(request)
            self._note(route, request)
            fault = self.faults.next(route)
            match fault:
                case Drop(taken=False):
                    return HungUp()
                case Answer(taken=False):
                    return self._faulty_answer(route, fault)
                case Garbage(taken=False):
                    return _page(fault)
                case Delay():
                    await asyncio.sleep(fault.seconds)
                case _:
                    pass  # the other faults act on the true reply
            request.state.fault = fault
            reply = await self._answered(route, request, handler)
            return self._faulty_answer(route, fault) if isinstance(fault, Answer) else _spoilt(fault, reply)

        return endpoint

    async def _answered(self, route: Route, request: Request, handler: Handler) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return self._error(refusal.http_status, refusal.code, refusal.message, route=route)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception:  # any request gets a reply in the vendor's shape; the log has the cause
            logger.exception("%s %s broke", request.method, request.url.path)
            return self._error(500, "InternalError", "An internal error has occured.", route=route)

    def _note(self, route: Route, request: Request) -> None:
        call = Call(
            at=self.clock.now(),
            route=route,
            method=request.method,
            url=str(request.url),
            headers=dict(request.headers),
        )
        self.record.note(call)

    def _faulty_answer(self, route: Route, fault: Answer) -> Response:
        now = self.clock.now()
        tell = oss_error if route in _STORAGE_ROUTES else error_reply
        reply = tell(fault.http_status, fault.code, fault.message, now=now)
        if fault.retry_after is not None:
            reply.headers["retry-after"] = str(fault.retry_after)
        return reply

    def _error(self, http_status: int, code: str, message: str, *, route: Route) -> Response:
        on_tasks = route in (Route.QUERY, Route.LIST, Route.CANCEL)
        return error_reply(http_status, code, message, now=self.clock.now(), charset=on_tasks)

    async def _no_such_route(self, _: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return error_reply(status, "NotFound", _NO_ROUTE, now=self.clock.now())

    # Callers

    def _caller(self, request: Request, *, task_call: bool = False) -> Caller:
        """Return the account of the API key. Raises Refusal if the key or region is wrong or the rate is exceeded."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        if not key or scheme.lower() != "bearer":
            raise Refusal(401, "InvalidApiKey", "No API-key provided.")
        region = request.path_params.get("region", self.region)
        if self._catalogue.region(region) is None:
            raise Refusal(404, "NotFound", _NO_ROUTE)
        if key.startswith(_PLAN_KEY) or (self._keys is not None and region not in self._keys.get(key, ())):
            raise Refusal(401, "InvalidApiKey", "Invalid API-key provided.")
        account = hashlib.sha256(f"{region}\0{key}".encode("utf-8", "replace")).hexdigest()[:24]
        if task_call and self.habits.limits:
            self._hold_to_rate(("tasks", account), TASK_CALLS_PER_SECOND)
        return Caller(account=account, region=region)

    def _hold_to_rate(self, bucket: tuple[str, ...], per_second: int) -> None:
        if not self.world.windows.admit(bucket, per_second=per_second):
            raise Refusal(429, "Throttling.RateQuota", _TOO_FAST)

    # Calls

    async def _create(self, request: Request) -> Response:
        """Handle a create call: a task, a result in the same call, or a precheck."""
        call = await self._read_call(request)
        if any(model.precheck and model.precheck.path == call.path for model in self._catalogue.models):
            return await self._check(request, call)
        model, offer = find_model(self._catalogue, region=call.caller.region, path=call.path, body=call.body)
        if call.path == model.endpoint.at_once:
            return await self._order(request, call, judge_call(model, offer, request, call.body))
        if not call.asynchronous:
            raise Refusal(403, "AccessDenied", _SYNCHRONOUS)
        verdict = None
        try:
            order = judge(model, offer, call.body)
        except Refusal as refusal:
            if not (self.habits.late_verdicts and refusal.about_values):
                raise
            order, verdict = Order(model=model, offer=offer), refusal
        task = await self.world.create(
            call.caller, order, path=call.path, resolves_oss=call.resolves_oss, verdict=verdict
        )
        self._note_order(request, call, task_id=task.id)
        return json_reply(created(task), now=self.clock.now())

    async def _read_call(self, request: Request) -> _Call:
        caller = self._caller(request)
        path = f"/services/{request.path_params['path']}".rstrip("/")
        asynchronous = _is_enabled(request, "x-dashscope-async")
        at_once = {model.endpoint.at_once for model in self._catalogue.models if model.endpoint.at_once}
        checks = {model.precheck.path for model in self._catalogue.models if model.precheck}
        if path not in {model.endpoint.path for model in self._catalogue.models} | at_once | checks:
            raise wrong_url()
        if asynchronous and path in at_once | checks:
            raise Refusal(403, "AccessDenied", _ASYNCHRONOUS)
        if not asynchronous and path not in at_once | checks:
            raise Refusal(403, "AccessDenied", _SYNCHRONOUS)
        return _Call(
            caller=caller,
            path=path,
            body=await read_body(request),
            asynchronous=asynchronous,
            resolves_oss=_is_enabled(request, "x-dashscope-ossresourceresolve"),
        )

    async def _order(self, request: Request, call: _Call, judged: Judged) -> Response:
        """Return the result in the create call itself, whole or as a stream."""
        task, hearing = await self.world.order(
            call.caller, judged.order, path=call.path, resolves_oss=call.resolves_oss
        )
        self._note_order(request, call, task_id=task.id, at_once=True)
        if judged.streams:
            return await stream_reply(
                task, hearing, link=self._linker(request), clock=self.clock, fault=request.state.fault
            )
        ended = await heard_out(hearing)
        if ended.refusal:
            raise ended.refusal
        return json_reply(at_once(ended.task, self._linker(request)), now=self.clock.now())

    async def _check(self, request: Request, call: _Call) -> Response:
        asked = find_check(self._catalogue, region=call.caller.region, path=call.path, body=call.body)
        output = await self.world.check(call.caller, asked, resolves_oss=call.resolves_oss)
        self._note_order(request, call, task_id="", route=Route.CHECK)
        return json_reply(checked(output), now=self.clock.now())

    def _note_order(
        self, request: Request, call: _Call, *, task_id: str, at_once: bool = False, route: Route = Route.CREATE
    ) -> None:
        self.record.note_create(
            Create(
                at=self.clock.now(),
                task_id=task_id,
                model=str(call.body.get("model")),
                region=call.caller.region,
                path=call.path,
                headers=dict(request.headers),
                body=mapping_in(shortened(call.body)),
                route=route,
                at_once=at_once,
            )
        )

    def _linker(self, request: Request, ended_at: datetime | None = None) -> Link:
        origin = _origin(request)
        return lambda name: self.world.storage.link(name, origin=origin, ended_at=ended_at or self.clock.now())

    async def _query(self, request: Request) -> Response:
        caller = self._caller(request, task_call=True)
        task_id = request.path_params["task_id"]
        task = self.world.find(caller, task_id)
        if task is None:
            return json_reply(unknown(task_id), now=self.clock.now(), charset=True)
        answer = queried(task, self._linker(request, task.ended_at))
        return json_reply(answer, now=self.clock.now(), charset=True)

    async def _list(self, request: Request) -> Response:
        caller = self._caller(request, task_call=True)
        wanted = read_filter(request.query_params, now=self.clock.now())
        codes = {region.id: region.code for region in self._catalogue.regions}
        known = (task for task in self.world.all_of(caller) if self.world.is_listed(task))
        tasks = [task for task in known if wanted.fits(task, region_codes=codes)]
        page = listed(tasks, page_no=wanted.page_no, page_size=wanted.page_size, region_codes=codes)
        return json_reply(page, now=self.clock.now(), charset=True)

    async def _cancel(self, request: Request) -> Response:
        caller = self._caller(request, task_call=True)
        if not await self.world.cancel(caller, request.path_params["task_id"]):
            raise Refusal(400, "UnsupportedOperation", _NOT_PENDING)
        return json_reply({"request_id": new_request_id()}, now=self.clock.now(), charset=True)

    async def _grant(self, request: Request) -> Response:
        caller = self._caller(request)
        model = request.query_params.get("model", "")
        if request.query_params.get("action") != "getPolicy":
            raise Refusal(400, "InvalidParameter", "Required parameter(action) missing or invalid.")
        if not model:
            raise Refusal(400, "InvalidParameter", "Required parameter(model) missing or invalid.")
        if self.habits.limits:
            self._hold_to_rate(("policy", caller.account, model), POLICIES_PER_SECOND)
        policy = self.world.storage.grant(account=caller.account, model=model, origin=_origin(request))
        return json_reply(policy, now=self.clock.now())


@dataclass(frozen=True, kw_only=True)
class _Call:
    """A parsed create call."""

    caller: Caller
    path: str
    body: Mapping[str, object]
    asynchronous: bool
    resolves_oss: bool


def _is_enabled(request: Request, header: str) -> bool:
    return request.headers.get(header, "").strip().lower() == "enable"


def _origin(request: Request) -> str:
    """Return the origin of the caller's request. Links use the same origin."""
    return f"{request.url.scheme}://{request.url.netloc}"


def _spoilt(fault: Fault | None, reply: Response) -> Response:
    """Return the true reply, or the remains of it after a fault."""
    match fault:
        case Drop():
            return HungUp()
        case Garbage():
            return _page(fault)
        case _:
            return reply


def _page(fault: Garbage) -> Response:
    return Response(fault.body, status_code=fault.http_status, media_type="text/html")
