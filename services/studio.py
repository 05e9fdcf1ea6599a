"""What the page, the API and MCP call: check, submit, watch, cancel, find. The one door into the services.

Hides how jobs run, where files lie and which key pays. Everything that comes back is plain data.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from services.accounts import Accounts, KeyState, KeyTest, labels
from services.archive import Archive
from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import FileField, Model, SameShape, Scalar
from services.errors import FileRefused, InvalidRequest, NotFound
from services.events import Events
from services.history import History
from services.inputs import keep_files, repair_given, with_facts
from services.jobs import Context, Jobs, Pace, now_ms
from services.media.facts import ImageFacts, MediaFacts
from services.problems import Problem, Repair
from services.records import Asset, Find, Job, JobStatus, new_id
from services.request import (
    Cost,
    Request,
    called,
    check,
    output_count,
    output_seconds,
    output_size,
    parse,
    price,
    refuse_if_any,
)
from services.settings import Settings
from services.views import JobsView, JobView, job_view, page_view

log = logging.getLogger(__name__)

_PERSON = "local"
_LONGEST_PAGE = 200


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What can be said of a request before it is sent."""

    problems: tuple[Problem, ...]
    cost: Cost | None = None
    """None where the values cannot be priced yet."""
    seconds: float = 0
    """How long the clip will be; 0 for pictures."""
    count: int = 0
    """How many pictures there will be, or may be at most; 0 for a clip."""
    facts: Mapping[str, MediaFacts | tuple[MediaFacts, ...]] = field(default_factory=dict)
    """What is known of each file, by field name; several in their order where the field takes a list."""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """How the prompt calls each file of a list, for example `character1`, by field name."""
    output: str = ""
    """The size of what comes out in words, for example `1280 × 720`; empty while it is not known."""

    @property
    def ready(self) -> bool:
        """Whether it can be sent: advice does not stand in the way."""
        return all(problem.advice for problem in self.problems)


class Studio:
    """The studio. Build it, then use it inside `async with studio.running()`."""

    def __init__(self, settings: Settings, *, catalogue: Catalogue = CATALOGUE, pace: Pace | None = None) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.events = Events()
        self.archive = Archive(settings.home / "files")
        self._pace = pace or Pace(poll=settings.studio_poll_seconds, first_poll=min(1.0, settings.studio_poll_seconds))
        self._accounts = Accounts(settings, catalogue)
        self._history: History | None = None
        self._jobs: Jobs | None = None

    @property
    def demo(self) -> bool:
        """Whether the built-in simulator does the work and nothing is billed."""
        return self.settings.demo

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that can be used, the default one first."""
        return self._accounts.regions

    @property
    def history(self) -> History:
        """The database, while the studio runs."""
        if self._history is None:
            raise RuntimeError("the studio is not running")
        return self._history

    @property
    def jobs_at_work(self) -> Jobs:
        """The jobs, while the studio runs."""
        if self._jobs is None:
            raise RuntimeError("the studio is not running")
        return self._jobs

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Studio]:
        """Open the database, start the engine, go on with every unfinished job."""
        home = self.settings.home
        await asyncio.to_thread(self._prepare_folders)
        async with AsyncExitStack() as stack:
            origin = await stack.enter_async_context(_demo_vendor(self.catalogue, home)) if self.demo else None
            self._accounts = await stack.enter_async_context(
                Accounts(self.settings, self.catalogue, demo_origin=origin).open()
            )
            self._history = await stack.enter_async_context(History.open(self.settings.database_url))
            context = Context(
                history=self._history,
                archive=self.archive,
                accounts=self._accounts,
                catalogue=self.catalogue,
                announce=self._announce,
                pace=self._pace,
            )
            self._jobs = await stack.enter_async_context(
                Jobs.open(context, home=home, database_url=self.settings.database_url)
            )
            try:
                yield self
            finally:
                self.events.close()

    def _prepare_folders(self) -> None:
        self.archive.prepare()
        # Repaired files are copied when they are used; what nobody used by the next start is of no use.
        shutil.rmtree(self._repaired, ignore_errors=True)
        self._repaired.mkdir(parents=True)

    @property
    def _repaired(self) -> Path:
        return self.settings.home / "cache" / "repaired"

    # Asking ----------------------------------------------------------------------------------------------------------

    async def check(self, *, family: str, model: str, region: str | None, given: Mapping[str, object]) -> Verdict:
        """What is wrong with the values and what they would cost. Never raises for a bad value."""
        try:
            request = await self._parse(family=family, model=model, region=region, given=given)
        except InvalidRequest as error:
            return Verdict(problems=error.problems)
        return Verdict(
            problems=(*check(request), *self._place_problems(request)),
            cost=price(request),
            seconds=output_seconds(request),
            count=output_count(request),
            facts={n: v for n, v in request.values.items() if isinstance(v, MediaFacts | tuple)},
            names=called(request),
            output=output_size(request),
        )

    async def estimate(self, *, model: str, region: str | None, given: Mapping[str, object]) -> Cost:
        """What a request would cost; files need not be there. Raises InvalidRequest for values that have no price."""
        request = await self._parse(family=None, model=model, region=region, given=given)
        wrong = tuple(p for p in check(request) if not p.advice and p.field in given)
        refuse_if_any(wrong)
        return price(request)

    async def submit(
        self, *, family: str, model: str, region: str | None = None, given: Mapping[str, object]
    ) -> JobView:
        """Check, write down and queue one job. Raises InvalidRequest, and then nothing was stored or sent."""
        request = await self._parse(family=family, model=model, region=region, given=given)
        refuse_if_any((*check(request), *self._place_problems(request)))
        account = self._accounts.for_new_job(request.offer.region)
        now = now_ms()
        job_id = new_id(now)
        files = await keep_files(self.archive, request, given, job_id=job_id, now=now)
        cost = price(request)
        job = Job(
            id=job_id,
            person=_PERSON,
            family=request.model.family,
            model=request.model.id,
            vendor_model=request.offer.id,
            region=request.offer.region,
            account=account.alias,
            base_url=account.base_url,
            demo=self.demo,
            prompt=request.prompt,
            parameters={n: v for n, v in request.values.items() if n != "prompt" and isinstance(v, Scalar)},
            created_at=now,
            updated_at=now,
            estimated_micros=round(cost.amount * 1_000_000),
            currency=cost.currency,
        )
        await self.jobs_at_work.start(job, files)
        return await self.job(job_id)

    async def repair(
        self,
        *,
        model: str,
        region: str,
        field: str,
        path: str,
        given: Mapping[str, object] | None = None,
        item: int | None = None,
    ) -> str:
        """A repaired copy of a file that fits a model's field, and the files `given` beside it. Returns its path.

        `item` says which file of a list it is, counted from 0. Raises FileRefused, NotFound.
        """
        found = self.catalogue.model(model)
        wanted = found.field(field, region, given) if found else None
        if found is None or not isinstance(wanted, FileField):
            raise NotFound(f"{field} is not a file of this model.")
        shape = await self._shape_for(found, region, field, given or {})
        try:
            return str(await asyncio.to_thread(repair_given, Path(path), self._repaired, wanted, shape=shape))
        except FileRefused as refusal:
            if item is None:
                raise
            raise FileRefused(f"No. {item + 1}: {refusal.message}") from refusal

    async def _shape_for(
        self, model: Model, region: str, field: str, given: Mapping[str, object]
    ) -> tuple[int, int] | None:
        """The proportions that the check asks a picture to have: those of another one that is given."""
        try:
            request = await self._parse(family=model.family, model=model.id, region=region, given=given)
        except InvalidRequest:
            return None  # as long as other values make no sense there is nothing to match
        asked = any(p.field == field and p.fix and p.fix.repair is Repair.MATCH for p in check(request))
        rule = next((r for r in model.rules if isinstance(r, SameShape) and r.other == field), None)
        first = request.values.get(rule.field) if rule else None
        return (first.width, first.height) if asked and isinstance(first, ImageFacts) else None

    async def _parse(
        self, *, family: str | None, model: str, region: str | None, given: Mapping[str, object]
    ) -> Request:
        known = self.catalogue.model(model)
        wanted = region or self._region_for(known, model)
        values = await with_facts(known, wanted, given) if known else given
        return parse(self.catalogue, family=family, model_id=model, region=wanted, given=values)

    def _place_problems(self, request: Request) -> tuple[Problem, ...]:
        """What is wrong with where it would be sent."""
        region = request.offer.region
        if region not in self.regions:
            known = self.catalogue.region(region)
            message = f"There is no key for {known.label if known else region} here yet. Add one in Settings."
            return (Problem(field="region", message=message),)
        if not request.offer.workspace_only or not self._accounts.is_shared(request.offer.region):
            return ()
        message = (
            "This model is only had at your workspace's own address: add the id of your workspace in Settings, or set "
            "DASHSCOPE_BASE_URL to its address."
        )
        return (Problem(field="model", message=message),)

    def _region_for(self, model: Model | None, model_id: str) -> str:
        """The region for a caller who names none: the first usable one that has the model under this id."""
        offers = model.offers if model else ()
        own = [offer.region for offer in offers if model_id in (offer.id, model.id if model else "")]
        return next((region for region in self.regions if region in own), self.regions[0])

    # Jobs ------------------------------------------------------------------------------------------------------------

    async def job(self, job_id: str) -> JobView:
        """One job. Raises NotFound."""
        return job_view(await self.history.with_assets(job_id), self.catalogue)

    async def jobs(
        self,
        *,
        query: str | None = None,
        family: str | None = None,
        status: str | None = None,
        cursor: str | None = None,
        limit: int = 60,
    ) -> JobsView:
        """A page of jobs, newest first. Demo jobs show only in demo mode and real ones only outside it.

        Raises NotFound for a status or cursor that does not exist.
        """
        try:
            statuses = (JobStatus(status),) if status else ()
        except ValueError:
            raise NotFound(f"There is no status {status!r}. Use one of: {', '.join(JobStatus)}.") from None
        find = Find(person=_PERSON, demo=self.demo, query=query, family=family or None, statuses=statuses)
        size = max(1, min(limit, _LONGEST_PAGE))
        return page_view(await self.history.page(find, cursor=cursor or None, limit=size), self.catalogue)

    async def changes(self, since: int | None) -> dict[str, Any]:
        """The jobs that changed after a change number, and the number to ask with next time."""
        if since is None:
            return {"items": [], "sequence": await self.history.sequence()}
        found = await self.history.changed_since(since)
        items = [job_view(one, self.catalogue) for one in found if one.job.demo == self.demo]
        return {"items": items, "sequence": found[-1].job.sequence if found else since}

    async def cancel(self, job_id: str) -> JobView:
        """Cancel a job as far as that is possible. Raises StudioError with the reason where it is not."""
        await self.jobs_at_work.cancel(job_id)
        return await self.job(job_id)

    async def file(self, asset_id: str, picture: str = "") -> tuple[Asset, Path]:
        """A file and where it lies. `picture` is `poster`, `thumbnail` or nothing. Raises NotFound."""
        asset = await self.history.asset(asset_id)
        key = {"": asset.key, "poster": asset.poster_key, "thumbnail": asset.thumbnail_key}.get(picture)
        if key is None:
            raise NotFound("There is no such picture.")
        return asset, await asyncio.to_thread(self.archive.path, key)

    async def article(self, job_id: str) -> tuple[str, list[tuple[str, Path]]]:
        """What an article's zip is called, and its files with their names: the text and its pictures.

        Raises NotFound.
        """
        found = await self.history.with_assets(job_id)
        outputs = [asset for asset in found.assets if asset.role == "output"]
        text = next((asset for asset in outputs if asset.kind == "article"), None)
        if text is None:
            raise NotFound("This job has no article, or it is not finished.")
        paths = await asyncio.to_thread(lambda: [(asset.name, self.archive.path(asset.key)) for asset in outputs])
        return f"{Path(text.name).stem}.zip", paths

    async def made(self, job_id: str) -> tuple[str, list[tuple[str, Path]]]:
        """What a zip of all that a job made is called, and its files with their names. Raises NotFound."""
        found = await self.history.with_assets(job_id)
        outputs = [asset for asset in found.assets if asset.role == "output"]
        if not outputs:
            raise NotFound("This job has made no files, or it is not finished.")
        paths = await asyncio.to_thread(lambda: [(asset.name, self.archive.path(asset.key)) for asset in outputs])
        return f"{found.job.model}-{job_id[-6:]}.zip", paths

    async def summary(self) -> dict[str, Any]:
        """What the page's header shows."""
        midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        spent = await self.history.spent_since(int(midnight.timestamp() * 1000), demo=self.demo)
        region = self.regions[0]
        return {
            "demo": self.demo,
            "region": region,
            "region_label": labels(self.catalogue).get(region, region),
            "key_hint": self._accounts.hint(region),
            "active": sum(job.demo == self.demo for job in await self.history.unfinished()),
            "spent_today": [{"amount": total / 1_000_000, "currency": c} for c, total in sorted(spent.items())],
        }

    # Keys ------------------------------------------------------------------------------------------------------------

    def key_states(self) -> tuple[KeyState, ...]:
        """Every region and what may be told of its key. No key is in it."""
        return self._accounts.key_states()

    async def test_key(self, region: str) -> KeyTest:
        """Try the key of a region by reading, which buys nothing. Raises NotConfigured where it has none."""
        return await self._accounts.test(region)

    async def add_key(self, region: str, key: str, workspace: str = "") -> KeyTest:
        """Try a key and, if its region takes it, use it from now on. Raises StudioError. Open pages look again."""
        tested = await self._accounts.add(region, key, workspace=workspace)
        if tested.works:
            self.events.publish(LOOK_AGAIN, look_again=LOOK_AGAIN)
        return tested

    async def _announce(self, job_id: str) -> None:
        if self.events.watchers:
            found = await self.history.with_assets(job_id)
            if found.job.demo == self.demo:
                text = json.dumps(job_view(found, self.catalogue), ensure_ascii=False, separators=(",", ":"))
                message = f"id: {found.job.sequence}\nevent: job\ndata: {text}\n\n"
                self.events.publish(message.encode(), look_again=LOOK_AGAIN)


LOOK_AGAIN = b"event: refresh\ndata: {}\n\n"
"""Tells a page that it has missed changes and must ask for the jobs anew."""


@asynccontextmanager
async def _demo_vendor(catalogue: Catalogue, home: Path) -> AsyncIterator[str]:
    """The simulator, inside this process but over real HTTP. Imported only where it is needed."""
    from services.simulator import Simulator, serve  # noqa: PLC0415

    folder = home / "demo"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with serve(Simulator(catalogue, home=folder, speed=_DEMO_SPEED)) as origin:
        log.info("demo mode: the simulator does the work, nothing is billed")
        yield origin


_DEMO_SPEED = 30.0
"""How much faster than the vendor a demo clip is made: about ten seconds instead of five minutes."""
