"""The one facade for the page, the API and MCP: check, submit, watch, cancel and find, and the values they use.

Hides how jobs run, how files are stored and which key pays. All results are plain data.
"""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from services.catalogue import CATALOGUE, Catalogue
from services.dashscope.api_keys import Accounts, KeyState, KeyTest, labels
from services.database.caps import CapView
from services.database.organize import BIN_DAYS, Collection, Marks
from services.domain.clock import now_ms
from services.domain.errors import FileRefused, InvalidRequest, NotFound, OverCap
from services.domain.jobs import Decision, Job, JobStatus, JobWithAssets, OnArrival
from services.domain.money import listed
from services.domain.people import EVERYONE, LOCAL, Person
from services.domain.search_query import Find
from services.gallery.error_view import SUBJECT_OF_KIND
from services.gallery.exports import Wanted
from services.gallery.organize import MOST_JOBS, DiscardReceipt
from services.gallery.recipe_view import RecipeView
from services.gallery.reuse import Cut, RelativesView, SlotView, kinds_taken, models_by_rank
from services.gallery.search_help import search_help
from services.gallery.search_syntax import names_of, parse_query
from services.gallery.views import NO_OUTLOOK, JobsView, JobView, Outlook, job_view, outlook_of, page_view
from services.jobs.build import MOST_COPIES, Order, Verdict, jobs_of, refuse_copies
from services.jobs.check import Check, numbered
from services.jobs.events import Change, Events, Signal
from services.jobs.pace import Pace
from services.jobs.scheduling import FIRST, URGENT
from services.media.facts import AudioFacts, ImageFacts, MediaFacts, Unreadable, VideoFacts
from services.money.agreed import Agreed, agreed_in, limit_of, refuse_dearer
from services.money.estimates import MOST_STEPS, PricedStep, Step, chain_view, estimate_view
from services.money.spending import spend_view
from services.request import (
    Cost,
    price,
    refuse_if_any,
)
from services.runtime import Announcements, Services, repaired_folder, run
from services.settings import Settings
from services.storage.removed_files import KEPT_DAYS

__all__ = [
    "BIN_DAYS",
    "KEPT_DAYS",
    "MOST_COPIES",
    "MOST_JOBS",
    "MOST_STEPS",
    "SUBJECT_OF_KIND",
    "Agreed",
    "AudioFacts",
    "CapView",
    "Change",
    "Collection",
    "Cut",
    "DiscardReceipt",
    "ImageFacts",
    "KeyTest",
    "Marks",
    "MediaFacts",
    "RecipeView",
    "RelativesView",
    "Signal",
    "SlotView",
    "Step",
    "Studio",
    "Unreadable",
    "Verdict",
    "VideoFacts",
    "Wanted",
    "agreed_in",
    "chain_view",
    "estimate_view",
    "kinds_taken",
    "limit_of",
    "models_by_rank",
    "person_in",
    "search_help",
    "spend_view",
]

_LONGEST_PAGE = 200


class Studio:
    """The studio. Create it, then use it inside `async with studio.running()`."""

    def __init__(
        self,
        settings: Settings,
        *,
        catalogue: Catalogue = CATALOGUE,
        pace: Pace | None = None,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.events = Events()
        self._pace = pace or Pace(poll=settings.studio_poll_seconds, first_poll=min(1.0, settings.studio_poll_seconds))
        self._clock = clock
        self._accounts = Accounts(settings, catalogue)  # the page is drawn before the studio runs
        self._names = names_of(catalogue.families, catalogue.models)
        self._open: Services | None = None

    @property
    def demo(self) -> bool:
        """Whether the built-in simulator runs the jobs and nothing is billed."""
        return self.settings.demo

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that can be used, the default one first."""
        return self._accounts.regions

    @property
    def services(self) -> Services:
        """The services of the running studio. Raises RuntimeError if it is not running."""
        if self._open is None:
            raise RuntimeError("the studio is not running")
        return self._open

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Studio, None]:
        """Open the database, start the engine and resume every unfinished job, inside this context."""
        announcements = Announcements(announce=self._announce, tell=self._tell, look_again=self._look_again)
        async with run(
            self.settings, catalogue=self.catalogue, pace=self._pace, announcements=announcements, clock=self._clock
        ) as self._open:
            self._accounts = self._open.accounts
            try:
                yield self
            finally:
                self.events.close()

    def person_in(self, headers: Mapping[str, str]) -> Person:
        """Return the person named in a request's headers. Raises NotFound if a person is required and missing."""
        return person_in(headers, self.settings)

    # Check ----------------------------------------------------------------------------------------------------------

    async def check(
        self,
        *,
        family: str,
        model: str,
        region: str | None,
        given: Mapping[str, object],
        copies: int = 1,
        person: Person | None = None,
    ) -> Verdict:
        """Check the values, and price this number of copies. Never raises for a bad value.

        With a person, their caps are checked too.
        """
        try:
            refuse_copies(copies)
            request = await self._asking.parse(family=family, model=model, region=region, given=given)
        except InvalidRequest as error:
            return Verdict(problems=error.problems)
        over = await self.services.budget.problems(request, person, copies=copies) if person else ()
        return self._asking.verdict(request, copies=copies, more=over)

    async def estimate(self, *, model: str, region: str | None, given: Mapping[str, object]) -> Cost:
        """Return the estimated cost of a request. Raises InvalidRequest for values without a price.

        Files need not exist. An unknown model is priced at the highest rate of the region.
        """
        return await self._asking.estimate(model=model, region=region, given=given)

    def estimate_chain(self, steps: Sequence[Step]) -> tuple[PricedStep, ...]:
        """Price a chain of steps, each made from the result of the one before. Raises InvalidRequest.

        No file is opened. A step without a region is priced in the region that its model would be submitted in.
        """
        return self._asking.estimate_chain(steps)

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
        """Check, store and queue one job. Raises InvalidRequest, and then nothing was sent.

        InvalidRequest is also raised if the price exceeds a cap. The cap is enforced in the transaction that writes the
        job.

        `source` is the job that the settings were taken from, if any. It is dropped if it is not the person's own.
        """
        (job,) = await self.submit_many(
            family=family, model=model, region=region, given=given, copies=1, person=person, source=source
        )
        return job

    async def submit_many(  # noqa: PLR0913 - what submit takes, and how often
        self,
        *,
        family: str,
        model: str,
        region: str | None = None,
        given: Mapping[str, object],
        copies: int,
        person: Person = LOCAL,
        source: str = "",
        agreed: Agreed | None = None,
    ) -> tuple[JobView, ...]:
        """Submit several jobs with the same settings as one batch: either all of them are written, or none.

        A given seed is used for the first job, and the following seeds for the others. Raises InvalidRequest, and
        PriceChanged if all jobs together cost more than was `agreed`.
        """
        refuse_copies(copies)
        request = await self._asking.parse(family=family, model=model, region=region, given=given)
        refuse_if_any(self._asking.problems(request))
        refuse_dearer(price(request), copies=copies, agreed=agreed)
        refuse_if_any(
            await self.services.budget.problems(request, person, copies=copies)
        )  # before its files are stored
        own = await self.services.reuse.own_job(source, person=person)
        order = Order(request=request, given=given, person=person, copies=copies, source=own, demo=self.demo)
        jobs = await jobs_of(
            order,
            account=self._accounts.for_new_job(request.offer.region),
            archive=self.services.archive,
            trace=partial(self.services.reuse.origin, person=person),
            now=self._clock(),
        )
        try:
            written = await self.services.jobs.start(jobs)
        except OverCap as refusal:  # another request took the rest of the cap first
            raise InvalidRequest(self.services.budget.offers(request, refusal, copies=copies)) from refusal
        return tuple([await self.job(job.id, person=person) for job in written])

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
        """Repair a copy of a file to fit a model's field and the files `given` beside it. Returns its path.

        `item` is the index of the file in a list, counted from 0. Raises FileRefused, NotFound.
        """
        folder = repaired_folder(self.settings.home)
        try:
            repaired = await self._asking.repair(
                Path(path), folder=folder, model=model, region=region, field=field, given=given or {}
            )
        except FileRefused as refusal:
            if item is None:
                raise
            raise numbered(refusal, item) from refusal
        return str(repaired)

    @property
    def _asking(self) -> Check:
        return Check(catalogue=self.catalogue, accounts=self._accounts)  # keys may be added at runtime

    # Jobs ------------------------------------------------------------------------------------------------------------

    async def job(self, job_id: str, *, person: Person = LOCAL) -> JobView:
        """Return one job. Raises NotFound."""
        return self._view(await self.found(job_id, person))

    async def found(self, job_id: str, person: Person) -> JobWithAssets:
        """Return one job and its files. Raises NotFound, also if it belongs to another person."""
        return await self.services.history.with_assets(job_id, owner=person.scope)

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
        """Return a page of jobs, newest first. Demo mode shows demo jobs only; otherwise only real jobs are shown.

        Raises NotFound for a status or cursor that does not exist.
        """
        try:
            statuses = (JobStatus(status),) if status else ()
        except ValueError:
            raise NotFound(f"There is no status {status!r}. Use one of: {', '.join(JobStatus)}.") from None
        words = parse_query(query or "", names=self._names)
        find = Find(
            person=person.scope,
            demo=self.demo,
            query=words,
            family=family or None,
            statuses=statuses,
            collection=collection or None,
            deleted=deleted,
        )
        size = max(1, min(limit, _LONGEST_PAGE))
        page = await self.services.history.page(find, cursor=cursor or None, newer=newer, limit=size)
        return page_view(page, self.catalogue, remarks=words.remarks, outlook=self._outlook)

    async def changes(self, since: int | None, *, person: Person = LOCAL) -> dict[str, Any]:
        """Return the jobs that changed after a change number, and the number for the next call."""
        if since is None:
            return {"items": [], "sequence": await self.services.history.sequence()}
        found = await self.services.history.changed_since(since, owner=person.scope)
        mine = [one for one in found if one.job.demo == self.demo]
        items = [self._view(one) for one in mine]
        return {"items": items, "sequence": found[-1].job.sequence if found else since}

    def _view(self, found: JobWithAssets) -> JobView:
        return job_view(found, self.catalogue, outlook=self._outlook(found.job))

    def _outlook(self, job: Job) -> Outlook:
        # While the studio opens, unfinished jobs already continue.
        return outlook_of(job, jobs=self._open.jobs, timing=self._open.timing) if self._open else NO_OUTLOOK

    async def cancel(self, job_id: str, *, person: Person = LOCAL) -> JobView:
        """Cancel a job as far as possible. Raises StudioError with the reason if it is not."""
        await self.found(job_id, person)
        await self.services.jobs.cancel(job_id)
        return await self.job(job_id, person=person)

    async def decide(
        self, job_id: str, decision: Decision, *, person: Person = LOCAL, agreed: Agreed | None = None
    ) -> JobView:
        """Apply a person's decision on a job that may have been bought. Raises StudioError if no decision is open.

        Raises PriceChanged if resubmitting it costs more than was `agreed`.
        """
        found = await self.found(job_id, person)
        if decision is Decision.SEND and agreed:
            cost = await self._asking.price_again(found, archive=self.services.archive)
            if cost:  # a job that can no longer be priced cannot be sent either
                refuse_dearer(cost, copies=1, agreed=agreed)
        await self.services.jobs.decide(job_id, decision)
        return await self.job(job_id, person=person)

    async def arrive(self, job_id: str, on_arrival: OnArrival, *, person: Person = LOCAL) -> JobView:
        """Set whether to keep or hide a result when it arrives. Raises StudioError if it has already arrived."""
        await self.found(job_id, person)
        await self.services.jobs.arrive(job_id, on_arrival)
        return await self.job(job_id, person=person)

    async def prioritise(self, job_id: str, *, first: bool, person: Person = LOCAL) -> JobView:
        """Move a queued job before the others of its person, or back to its normal position.

        For an admin it moves before the jobs of all people. Raises NotFound, and StudioError if it no longer waits.
        """
        await self.found(job_id, person)
        wanted = URGENT if person.admin else FIRST
        await self.services.jobs.prioritise(job_id, wanted if first else 0)
        return await self.job(job_id, person=person)

    async def summary(self, *, person: Person = LOCAL) -> dict[str, Any]:
        """Return the data for the page's header."""
        owner = person.scope
        region = self.regions[0]
        return {
            "demo": self.demo,
            "region": region,
            "region_label": labels(self.catalogue).get(region, region),
            "key_hint": self._accounts.hint(region),
            "active": await self.services.stats.unfinished(person=owner, demo=self.demo),
            "at_risk": await self.services.expiry_alarm.at_risk(person, demo=self.demo),
            "spent_today": listed(await self.services.budget.spent_today(person)),
            "caps": await self.services.budget.caps(person),
            "archive": await self.services.archive_notice.notice(person),
        }

    # Keys ------------------------------------------------------------------------------------------------------------

    def key_states(self) -> tuple[KeyState, ...]:
        """Return every region and the public facts about its key. Never contains a key."""
        return self._accounts.key_states()

    async def test_key(self, region: str) -> KeyTest:
        """Test the key of a region with a reading call, which buys nothing. Raises NotConfigured if it has no key."""
        return await self._accounts.test(region)

    async def add_key(self, region: str, key: str, workspace: str = "") -> KeyTest:
        """Test a key and, if its region accepts it, use it from now on. Open pages reload. Raises StudioError."""
        tested = await self._accounts.add(region, key, workspace=workspace)
        if tested.works:
            self._look_again()
        return tested

    def _look_again(self) -> None:
        self.events.publish(Signal.LOOK_AGAIN)

    async def _announce(self, job_id: str) -> None:
        if self.events.watchers:
            self._tell([await self.services.history.with_assets(job_id, owner=EVERYONE)])

    def _tell(self, jobs: Sequence[JobWithAssets]) -> None:
        for found in jobs if self.events.watchers else ():
            if found.job.demo == self.demo:
                change = Change(sequence=found.job.sequence, job=orjson.dumps(self._view(found)))
                self.events.publish(change, owner=found.job.person)


_LONGEST_NAME = 100


def person_in(headers: Mapping[str, str], settings: Settings) -> Person:
    """Return the person named in a request's headers. Raises NotFound if a person is required and missing."""
    header = settings.studio_person_header
    if not header:
        return LOCAL
    name = unicodedata.normalize("NFC", headers.get(header, "").strip())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise NotFound("The studio does not know who you are: please sign in again.")
    return Person(name, admin=name in settings.studio_admins)
