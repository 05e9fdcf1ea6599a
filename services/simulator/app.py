"""The simulator over HTTP: its routes and how a call passes through them. The world behind it does the rest.

`{origin}/api/v1` is the default region, `{origin}/{region}/api/v1` each of the catalogue's.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as HttpRoute

from services.catalogue import Catalogue
from services.simulator.artist import Artist, FilmArtist
from services.simulator.broken import HungUp
from services.simulator.bucket import Bucket
from services.simulator.clock import Clock, SystemClock
from services.simulator.faults import Answer, Delay, Drop, Fault, Faults, Garbage, Route
from services.simulator.judge import Order, Refusal, find_model, judge
from services.simulator.limits import POLICIES_PER_SECOND, TASK_CALLS_PER_SECOND
from services.simulator.query import read_filter
from services.simulator.reading import read_body
from services.simulator.record import Call, Create, Record, shortened
from services.simulator.replies import (
    created,
    error_reply,
    json_reply,
    listed,
    new_request_id,
    oss_error,
    queried,
    unknown,
)
from services.simulator.storage import RESULT_PATH, UPLOAD_PATH
from services.simulator.world import Caller, Habits, World

logger = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]

_STORAGE_ROUTES = (Route.UPLOAD, Route.DOWNLOAD)
_SYNCHRONOUS = "current user api does not support synchronous calls"
_NOT_PENDING = "Failed to cancel the task, please confirm if the task is in PENDING status."
_NO_ROUTE = "The requested resource could not be found."
_TOO_FAST = "Requests rate limit exceeded, please try again later."


class Simulator:
    """DashScope's look-alike. `app` is the ASGI application; `faults` is what is to go wrong; `record` what was called.

    Without `keys` any key is an account of its own in each region; with it, a key opens only the regions it maps to.
    State lives in `home`: a simulator begun again on the same home goes on with its tasks.
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

    @property
    def creates(self) -> list[Create]:
        """Every create that made a task, oldest first."""
        return self.record.creates

    async def start(self) -> None:
        """Go on where the home stands. Called by itself where the application's lifespan is run, or with a call."""
        async with self._opening:
            if not self._is_open:
                await self.world.open()
                self._is_open = True

    async def close(self) -> None:
        """Stop working; nothing in the home is lost."""
        async with self._opening:
            if self._is_open:
                self._is_open = False
                await self.world.close()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self.start()
        try:
            yield
        finally:
            await self.close()

    # Routes

    def _routes(self) -> list[BaseRoute]:
        api = [
            HttpRoute("/services/{path:path}", self._through(Route.CREATE, self._create), methods=["POST"]),
            *self._with_slash("/tasks", Route.LIST, self._list),
            *self._with_slash("/tasks/{task_id}/cancel", Route.CANCEL, self._cancel, method="POST"),
            *self._with_slash("/tasks/{task_id}", Route.QUERY, self._query),
            *self._with_slash("/uploads", Route.POLICY, self._grant),
        ]
        upload, download = self._bucket.upload, self._bucket.download
        return [
            HttpRoute(UPLOAD_PATH, self._through(Route.UPLOAD, upload), methods=["POST"]),
            HttpRoute(RESULT_PATH + "/{name}", self._through(Route.DOWNLOAD, download), methods=["GET", "HEAD"]),
            Mount("/api/v1", routes=api),
            Mount("/{region}/api/v1", routes=api),
        ]

    def _with_slash(self, path: str, route: Route, handler: Handler, method: str = "GET") -> list[HttpRoute]:
        """The route with and without a slash at its end: the official package's clients send both."""
        endpoint = self._through(route, handler)
        return [HttpRoute(path, endpoint, methods=[method]), HttpRoute(f"{path}/", endpoint, methods=[method])]

    def _through(self, route: Route, handler: Handler) -> Handler:
        """What every call passes: the record, the faults, and the way errors are told."""

        async def endpoint(request: Request) -> Response:
            await self.start()
            self._note(route, request)
            fault = self.faults.next(route)
            match fault:
                case Drop(taken=False):
                    return HungUp()
                case Answer():
                    return self._faulty_answer(route, fault)
                case Garbage(taken=False):
                    return Response("<html>", media_type="text/html")
                case Delay():
                    await asyncio.sleep(fault.seconds)
            request.state.fault = fault
            reply = await self._answered(route, request, handler)
            return _spoilt(fault, reply)

        return endpoint

    async def _answered(self, route: Route, request: Request, handler: Handler) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return self._error(refusal.http_status, refusal.code, refusal.message, route=route)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception:  # whatever a client sends, it gets an answer in the service's shape; the log has the cause
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

    # Who calls

    def _caller(self, request: Request, *, task_call: bool = False) -> Caller:
        """The account behind the key. Raises Refusal."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        if not key or scheme.lower() != "bearer":
            raise Refusal(401, "InvalidApiKey", "No API-key provided.")
        region = request.path_params.get("region", self.region)
        if self._catalogue.region(region) is None:
            raise Refusal(404, "NotFound", _NO_ROUTE)
        if self._keys is not None and region not in self._keys.get(key, ()):
            raise Refusal(401, "InvalidApiKey", "Invalid API-key provided.")
        account = hashlib.sha256(f"{region}\0{key}".encode("utf-8", "replace")).hexdigest()[:24]
        if task_call and self.habits.limits:
            self._hold_to_rate(("tasks", account), TASK_CALLS_PER_SECOND)
        return Caller(account=account, region=region)

    def _hold_to_rate(self, bucket: tuple[str, ...], per_second: int) -> None:
        if not self.world.windows.admit(bucket, per_second=per_second):
            raise Refusal(429, "Throttling.RateQuota", _TOO_FAST)

    # The calls

    async def _create(self, request: Request) -> Response:
        caller = self._caller(request)
        if request.headers.get("x-dashscope-async", "").lower() != "enable":
            raise Refusal(403, "AccessDenied", _SYNCHRONOUS)
        body = await read_body(request)
        path = f"/services/{request.path_params['path']}"
        model, offer = find_model(self._catalogue, region=caller.region, path=path, body=body)
        verdict = None
        try:
            order = judge(model, offer, body)
        except Refusal as refusal:
            if not (self.habits.late_verdicts and refusal.about_values):
                raise
            order, verdict = Order(model=model, offer=offer), refusal
        resolves_oss = request.headers.get("x-dashscope-ossresourceresolve", "").lower() == "enable"
        task = await self.world.create(caller, order, path=path, resolves_oss=resolves_oss, verdict=verdict)
        kept = shortened(body)
        self.record.note_create(
            Create(
                at=task.submitted_at,
                task_id=task.id,
                model=task.model,
                region=caller.region,
                path=path,
                headers=dict(request.headers),
                body=kept if isinstance(kept, dict) else {},
            )
        )
        return json_reply(created(task), now=self.clock.now())

    async def _query(self, request: Request) -> Response:
        caller = self._caller(request, task_call=True)
        task_id = request.path_params["task_id"]
        task = self.world.find(caller, task_id)
        if task is None:
            return json_reply(unknown(task_id), now=self.clock.now(), charset=True)
        link = ""
        if task.ended_at is not None:
            link = self.world.storage.link(f"{task.id}.mp4", origin=_origin(request), ended_at=task.ended_at)
        return json_reply(queried(task, video_url=link), now=self.clock.now(), charset=True)

    async def _list(self, request: Request) -> Response:
        caller = self._caller(request, task_call=True)
        wanted = read_filter(request.query_params, now=self.clock.now())
        tasks = [task for task in self.world.all_of(caller) if wanted.fits(task)]
        codes = {region.id: region.code for region in self._catalogue.regions}
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


def _origin(request: Request) -> str:
    """The origin the caller reached us by: links lead back the same way."""
    return f"{request.url.scheme}://{request.url.netloc}"


def _spoilt(fault: Fault | None, reply: Response) -> Response:
    """The true answer, or what a fault leaves of it."""
    match fault:
        case Drop():
            return HungUp()
        case Garbage():
            return Response("<html>", media_type="text/html")
        case _:
            return reply
