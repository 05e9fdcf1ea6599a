"""Turn a caller's values into a checked request: read the files, find the region, state the price.

Hides how a region is chosen if none is named, and the message for a region without a key. It writes and sends nothing.
Only services.studio uses it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.catalogue import Catalogue
from services.catalogue.schema import FileField, Model, SameShape
from services.dashscope.api_keys import Accounts
from services.domain.errors import FileRefused, InvalidRequest, NotFound
from services.domain.jobs import JobWithAssets
from services.domain.problems import Problem, Repair
from services.jobs.build import Verdict, refuse_copies, seeds_of
from services.media.facts import ImageFacts, MediaFacts
from services.money.estimates import PricedStep, Step, price_steps
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
from services.storage.archive import Archive
from services.storage.inputs import repair_given, with_facts


@dataclass(frozen=True, kw_only=True)
class Check:
    """Parses and judges requests, given the configured keys."""

    catalogue: Catalogue
    accounts: Accounts

    async def parse(
        self, *, family: str | None, model: str, region: str | None, given: Mapping[str, object]
    ) -> Request:
        """Parse a request and read its files. Raises InvalidRequest if the values make no sense."""
        known = self.catalogue.model(model)
        wanted = region or self._region_for(known, model)
        values = await with_facts(known, wanted, given) if known else given
        return parse(self.catalogue, family=family, model_id=model, region=wanted, given=values)

    def problems(self, request: Request) -> tuple[Problem, ...]:
        """Return the problems of the request's values and of its destination."""
        return (*check(request), *self._place_problems(request))

    def verdict(self, request: Request, *, copies: int, more: Sequence[Problem] = ()) -> Verdict:
        """Judge `copies` copies of a request. `more` problems are added to the verdict."""
        return Verdict(
            problems=(*self.problems(request), *more),
            cost=price(request),
            copies=copies,
            seeds=seeds_of(request, copies),
            seconds=output_seconds(request),
            count=output_count(request),
            facts={n: v for n, v in request.values.items() if isinstance(v, MediaFacts | tuple)},
            names=called(request),
            output=output_size(request),
        )

    async def estimate(self, *, model: str, region: str | None, given: Mapping[str, object]) -> Cost:
        """Price a request, as `Studio.estimate` describes. Raises InvalidRequest."""
        if self.catalogue.model(model) is None:
            default = self.accounts.regions[0]
            unknown = price_unknown(self.catalogue, region=region or default, given=given)
            if unknown is not None:
                return unknown
        request = await self.parse(family=None, model=model, region=region, given=given)
        wrong = tuple(p for p in check(request) if not p.advice and p.field in given)
        refuse_if_any(wrong)
        return price(request)

    async def price_again(self, found: JobWithAssets, *, archive: Archive) -> Cost | None:
        """Price a job as if it were submitted now, reading its files again.

        Returns None if it can no longer be submitted.
        """
        job = found.job
        files: dict[str, list[str]] = {}
        for asset in sorted(found.assets, key=lambda asset: asset.position):
            if not asset.is_output:
                files.setdefault(asset.role, []).append(str(archive.path(asset.key)))
        given: dict[str, object] = {**job.parameters, **files, "prompt": job.prompt}
        try:
            return price(await self.parse(family=job.family, model=job.model, region=job.region, given=given))
        except InvalidRequest:
            return None

    def estimate_chain(self, steps: Sequence[Step]) -> tuple[PricedStep, ...]:
        """Price the steps of a chain, as `Studio.estimate_chain` describes. Raises InvalidRequest."""
        for step in steps:
            refuse_copies(step.copies)
        known = self.catalogue.model
        placed = [replace(one, region=one.region or self._region_for(known(one.model), one.model)) for one in steps]
        return price_steps(self.catalogue, placed)

    def _place_problems(self, request: Request) -> tuple[Problem, ...]:
        region = request.offer.region
        if region not in self.accounts.regions:
            known = self.catalogue.region(region)
            message = f"There is no key for {known.label if known else region} here yet. Add one in Settings."
            return (Problem(field="region", message=message),)
        if not request.offer.workspace_only or not self.accounts.is_shared(region):
            return ()
        message = (
            "This model is only had at your workspace's own address: add the id of your workspace in Settings, or set "
            "DASHSCOPE_BASE_URL to its address."
        )
        return (Problem(field="model", message=message),)

    def _region_for(self, model: Model | None, model_id: str) -> str:
        """Pick the region for a caller who names none: the first usable region that has the model under this id."""
        offers = model.offers if model else ()
        own = [offer.region for offer in offers if model_id in (offer.id, model.id if model else "")]
        usable = self.accounts.regions
        return next((region for region in usable if region in own), usable[0])

    # Repairing -------------------------------------------------------------------------------------------------------

    async def repair(
        self,
        path: Path,
        *,
        folder: Path,
        model: str,
        region: str,
        field: str,
        given: Mapping[str, object],
    ) -> Path:
        """Write a copy of a file that fits a model's field, below `folder`. Raises FileRefused, NotFound."""
        found = self.catalogue.model(model)
        wanted = found.field(field, region, given) if found else None
        if found is None or not isinstance(wanted, FileField):
            raise NotFound(f"{field} is not a file of this model.")
        shape = await self._shape_for(found, region, field=field, given=given)
        return await asyncio.to_thread(repair_given, path, folder, wanted, shape=shape)

    async def _shape_for(
        self, model: Model, region: str, *, field: str, given: Mapping[str, object]
    ) -> tuple[int, int] | None:
        """Return the size whose proportions the check demands of a picture: that of another given picture."""
        try:
            request = await self.parse(family=model.family, model=model.id, region=region, given=given)
        except InvalidRequest:
            return None  # if other values make no sense, there is nothing to match
        asked = any(p.field == field and p.fix and p.fix.repair is Repair.MATCH for p in check(request))
        rule = next((r for r in model.rules if isinstance(r, SameShape) and r.other == field), None)
        first = request.values.get(rule.field) if rule else None
        return (first.width, first.height) if asked and isinstance(first, ImageFacts) else None


def numbered(refusal: FileRefused, item: int) -> FileRefused:
    """Build the refusal of one file of a list, naming its number. `item` counts from 0."""
    return FileRefused(f"No. {item + 1}: {refusal.message}")
