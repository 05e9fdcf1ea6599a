"""What the page, the API and MCP call: check, submit, watch, cancel, find. The one door into the services.

Hides how jobs run, where files lie and which key pays. Everything that comes back is plain data.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from services.accounts import Accounts, KeyState, KeyTest, labels
from services.catalogue import CATALOGUE, Catalogue
from services.catalogue.schema import FileField, Model, SameShape, Scalar
from services.disk import Disk
from services.downloads import Downloads
from services.errors import FileRefused, InvalidRequest, NotFound, OverCap
from services.events import Events
from services.exports import Exports
from services.finding import names_of, parse_query
from services.guard import Guard
from services.history import History
from services.importing import Importer
from services.inputs import keep_files, repair_given, with_facts
from services.janitor import Janitor
from services.jobs import Pace, now_ms
from services.lanes import has_lane
from services.media.facts import ImageFacts, MediaFacts
from services.money.amounts import listed
from services.money.purse import Money
from services.people import LOCAL, Person, person_in
from services.problems import Problem, Repair
from services.recalling import Recipes
from services.records import Find, Job, JobStatus, JobWithAssets, new_id
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
    price_unknown,
    refuse_if_any,
)
from services.reuse import Reuse
from services.running import Running, Telling, repaired_folder, run
from services.settings import Settings
from services.sheets import Sheets
from services.shelf import Shelf
from services.views import JobsView, JobView, Outlook, PlaceView, job_view, page_view
from services.watching.watch import Watch

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
        self._pace = pace or Pace(poll=settings.studio_poll_seconds, first_poll=min(1.0, settings.studio_poll_seconds))
        self._accounts = Accounts(settings, catalogue)  # the page is drawn before the studio runs
        self._names = names_of(catalogue.families, catalogue.models)
        self._open: Running | None = None

    @property
    def demo(self) -> bool:
        """Whether the built-in simulator does the work and nothing is billed."""
        return self.settings.demo

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that can be used, the default one first."""
        return self._accounts.regions

    @property
    def at_work(self) -> Running:
        """The pieces of the studio, while it runs."""
        if self._open is None:
            raise RuntimeError("the studio is not running")
        return self._open

    @property
    def history(self) -> History:
        """The database."""
        return self.at_work.history

    @property
    def downloads(self) -> Downloads:
        """The files that people may have."""
        return self.at_work.downloads

    @property
    def shelf(self) -> Shelf:
        """The order that people keep."""
        return self.at_work.shelf

    @property
    def exports(self) -> Exports:
        """Many files at once, as a ZIP."""
        return self.at_work.exports

    @property
    def disk(self) -> Disk:
        """What takes how much space."""
        return self.at_work.disk

    @property
    def janitor(self) -> Janitor:
        """What keeps the disk tidy."""
        return self.at_work.janitor

    @property
    def reuse(self) -> Reuse:
        """Files and jobs, used again."""
        return self.at_work.reuse

    @property
    def recipes(self) -> Recipes:
        """What files say of how they were made."""
        return self.at_work.recipes

    @property
    def importer(self) -> Importer:
        """Files that exist already."""
        return self.at_work.importer

    @property
    def guard(self) -> Guard:
        """The provider's 24 hours."""
        return self.at_work.guard

    @property
    def money(self) -> Money:
        """Caps, and what was spent."""
        return self.at_work.money

    @property
    def watch(self) -> Watch:
        """How the studio is: readiness, numbers, what an admin sees."""
        return self.at_work.watch

    @property
    def sheets(self) -> Sheets:
        """Contact sheets."""
        return self.at_work.sheets

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Studio]:
        """Open the database, start the engine, go on with every unfinished job."""
        telling = Telling(announce=self._announce, look_again=self._look_again)
        async with run(self.settings, catalogue=self.catalogue, pace=self._pace, telling=telling) as self._open:
            self._accounts = self._open.accounts
            try:
                yield self
            finally:
                self.events.close()

    def person_in(self, headers: Mapping[str, str]) -> Person:
        """The person whom a request's headers name. Raises NotFound where there must be one and is none."""
        return person_in(headers, self.settings)

    # Asking ----------------------------------------------------------------------------------------------------------

    async def check(
        self,
        *,
        family: str,
        model: str,
        region: str | None,
        given: Mapping[str, object],
        person: Person | None = None,
    ) -> Verdict:
        """What is wrong with the values and what they would cost. Never raises for a bad value.

        With a person their caps are looked at too.
        """
        try:
            request = await self._parse(family=family, model=model, region=region, given=given)
        except InvalidRequest as error:
            return Verdict(problems=error.problems)
        return Verdict(
            problems=(
                *check(request),
                *self._place_problems(request),
                *(await self.money.problems(request, person) if person else ()),
            ),
            cost=price(request),
            seconds=output_seconds(request),
            count=output_count(request),
            facts={n: v for n, v in request.values.items() if isinstance(v, MediaFacts | tuple)},
            names=called(request),
            output=output_size(request),
        )

    async def estimate(self, *, model: str, region: str | None, given: Mapping[str, object]) -> Cost:
        """What a request would cost; files need not be there. Raises InvalidRequest for values that have no price.

        A model that is not known here counts at the dearest rate of the region.
        """
        if self.catalogue.model(model) is None:
            unknown = price_unknown(self.catalogue, region=region or self.regions[0], given=given)
            if unknown is not None:
                return unknown
        request = await self._parse(family=None, model=model, region=region, given=given)
        wrong = tuple(p for p in check(request) if not p.advice and p.field in given)
        refuse_if_any(wrong)
        return price(request)

    async def submit(
        self,
        *,
        family: str,
        model: str,
        region: str | None = None,
        given: Mapping[str, object],
        person: Person = LOCAL,
        source: str = "",
    ) -> JobView:
        """Check, write down and queue one job. Raises InvalidRequest, and then nothing was sent.

        It is raised too for what is more than a cap allows: the cap is kept in the transaction that writes the job.

        `source` is the job whose settings it began with, if any; one that is not the person's own is left out.
        """
        request = await self._parse(family=family, model=model, region=region, given=given)
        refuse_if_any((*check(request), *self._place_problems(request)))
        refuse_if_any(await self.money.problems(request, person))  # before its files are stored
        account = self._accounts.for_new_job(request.offer.region)
        now = now_ms()
        job_id = new_id(now)
        trace = partial(self.reuse.origin, person=person)
        files = await keep_files(self.at_work.archive, request, given, job_id=job_id, now=now, trace=trace)
        cost = price(request)
        job = Job(
            id=job_id,
            person=person.name,
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
            source_job=await self.reuse.own_job(source, person=person),
        )
        try:
            await self.at_work.jobs.start(job, files)
        except OverCap as refusal:  # somebody else was quicker
            raise InvalidRequest((self.money.problem(request, refusal),)) from refusal
        return await self.job(job_id, person=person)

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
            return str(
                await asyncio.to_thread(
                    repair_given, Path(path), repaired_folder(self.settings.home), wanted, shape=shape
                )
            )
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

    async def job(self, job_id: str, *, person: Person = LOCAL) -> JobView:
        """One job. Raises NotFound."""
        return self._view(await self.found(job_id, person))

    async def found(self, job_id: str, person: Person) -> JobWithAssets:
        """One job and its files. Raises NotFound, also where it is another's."""
        found = await self.history.with_assets(job_id)
        if not person.sees(found.job.person):
            raise NotFound("There is no such job.")
        return found

    async def jobs(  # noqa: PLR0913 - one keyword for each thing that can be asked for
        self,
        *,
        query: str | None = None,
        family: str | None = None,
        status: str | None = None,
        collection: str | None = None,
        cursor: str | None = None,
        newer: bool = False,
        deleted: bool = False,
        limit: int = 60,
        person: Person = LOCAL,
    ) -> JobsView:
        """A page of jobs, newest first. Demo jobs show only in demo mode and real ones only outside it.

        Raises NotFound for a status or cursor that does not exist.
        """
        try:
            statuses = (JobStatus(status),) if status else ()
        except ValueError:
            raise NotFound(f"There is no status {status!r}. Use one of: {', '.join(JobStatus)}.") from None
        words = parse_query(query or "", names=self._names)
        find = Find(
            person=None if person.admin else person.name,
            demo=self.demo,
            query=words,
            family=family or None,
            statuses=statuses,
            collection=collection or None,
            deleted=deleted,
        )
        size = max(1, min(limit, _LONGEST_PAGE))
        page = await self.history.page(find, cursor=cursor or None, newer=newer, limit=size)
        return page_view(page, self.catalogue, remarks=words.remarks, outlook=self._outlook)

    async def changes(self, since: int | None, *, person: Person = LOCAL) -> dict[str, Any]:
        """The jobs that changed after a change number, and the number to ask with next time."""
        if since is None:
            return {"items": [], "sequence": await self.history.sequence()}
        found = await self.history.changed_since(since)
        mine = [one for one in found if one.job.demo == self.demo and person.sees(one.job.person)]
        items = [self._view(one) for one in mine]
        return {"items": items, "sequence": found[-1].job.sequence if found else since}

    def _view(self, found: JobWithAssets) -> JobView:
        return job_view(found, self.catalogue, outlook=self._outlook(found.job))

    def _outlook(self, job: Job) -> Outlook:
        """What can be said of a job's future, without asking anybody."""
        # While the studio opens, jobs of before go on already.
        place = self._open.jobs.place(job.id) if self._open and not has_lane(job) else None
        return Outlook(place_in_line=PlaceView(**asdict(place)) if place else None)

    async def cancel(self, job_id: str, *, person: Person = LOCAL) -> JobView:
        """Cancel a job as far as that is possible. Raises StudioError with the reason where it is not."""
        await self.found(job_id, person)
        await self.at_work.jobs.cancel(job_id)
        return await self.job(job_id, person=person)

    async def summary(self, *, person: Person = LOCAL) -> dict[str, Any]:
        """What the page's header shows."""
        active = [job for job in await self.history.unfinished() if job.demo == self.demo and person.sees(job.person)]
        region = self.regions[0]
        return {
            "demo": self.demo,
            "region": region,
            "region_label": labels(self.catalogue).get(region, region),
            "key_hint": self._accounts.hint(region),
            "active": len(active),
            "at_risk": await self.guard.at_risk(person, demo=self.demo),
            "spent_today": listed(await self.money.spent_today(person)),
            "caps": await self.money.caps(person),
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
            self._look_again()
        return tested

    def _look_again(self) -> None:
        self.events.publish(LOOK_AGAIN, look_again=LOOK_AGAIN)

    async def _announce(self, job_id: str) -> None:
        if self.events.watchers:
            found = await self.history.with_assets(job_id)
            if found.job.demo == self.demo:
                text = json.dumps(self._view(found), ensure_ascii=False, separators=(",", ":"))
                message = f"id: {found.job.sequence}\nevent: job\ndata: {text}\n\n"
                self.events.publish(message.encode(), look_again=LOOK_AGAIN, owner=found.job.person)


LOOK_AGAIN = b"event: refresh\ndata: {}\n\n"
"""Tells a page that it has missed changes and must ask for the jobs anew."""
