"""Build the jobs of a checked request: store its files, count its copies, assign their seeds.

Hides that several copies form a batch. It checks no cap and sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from secrets import token_hex

from services.catalogue.schema import NumberField, Scalar
from services.dashscope.api_keys import Account
from services.domain.errors import InvalidRequest
from services.domain.jobs import Asset, Job, JobWithAssets, new_id
from services.domain.money import to_micros
from services.domain.people import Person
from services.domain.problems import COPIES, Problem
from services.media.facts import MediaFacts
from services.request import Cost, Request, price
from services.storage.archive import Archive
from services.storage.inputs import Trace, keep_files

MOST_COPIES = 8
"""The most copies of one request: as many as can be looked at side by side."""
_SEED = "seed"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict on a request before it is sent."""

    problems: tuple[Problem, ...]
    cost: Cost | None = None
    """The cost of one copy; None if the values cannot be priced yet."""
    copies: int = 1
    """The number of requested copies."""
    seeds: tuple[int, ...] = ()
    """The seed of each copy, if one was given; else the vendor draws them."""
    seconds: float = 0
    """The length of the clip; 0 for pictures."""
    count: int = 0
    """The number of pictures, or their maximum; 0 for a clip."""
    facts: Mapping[str, MediaFacts | tuple[MediaFacts, ...]] = field(
        default_factory=dict[str, MediaFacts | tuple[MediaFacts, ...]]
    )
    """The facts of each file, by field name; a tuple in order if the field takes a list."""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """The name in the prompt of each file of a list, for example `character1`, by field name."""
    output: str = ""
    """The output size in words, for example `1280 × 720`; empty while it is unknown."""

    @property
    def ready(self) -> bool:
        """True if it can be sent: advice does not prevent that."""
        return all(problem.advice for problem in self.problems)


@dataclass(frozen=True, kw_only=True)
class Order:
    """The input of one press of Generate."""

    request: Request
    given: Mapping[str, object]
    """The values as received, files as their paths."""
    person: Person
    copies: int
    source: str | None
    """The job whose settings were reused."""
    demo: bool


async def jobs_of(
    order: Order, *, account: Account, archive: Archive, trace: Trace, now: int
) -> tuple[JobWithAssets, ...]:
    """Build the jobs of an order, without writing them: one for each copy, and a batch if there are several.

    Raises FileRefused. The files are stored once. The creation times are a millisecond apart, which keeps the jobs in
    order everywhere.
    """
    request = order.request
    first = new_id(now)
    files = await keep_files(archive, request, order.given, job_id=first, now=now, trace=trace)
    cost = price(request)
    batch = token_hex(8) if order.copies > 1 else None
    made: list[JobWithAssets] = []
    for number, one in enumerate(copied(request, order.copies)):
        at = now + number
        job = Job(
            id=first if number == 0 else new_id(at),
            person=order.person.name,
            family=one.model.family,
            model=one.model.id,
            vendor_model=one.offer.id,
            region=one.offer.region,
            account=account.alias,
            base_url=account.base_url,
            demo=order.demo,
            prompt=one.prompt,
            parameters={n: v for n, v in one.values.items() if n != "prompt" and isinstance(v, Scalar)},
            created_at=at,
            updated_at=at,
            estimated_micros=to_micros(cost.amount),
            currency=cost.currency,
            source_job=order.source,
            batch=batch,
        )
        made.append(JobWithAssets(job, files if number == 0 else _files_for(job, files)))
    return tuple(made)


def copied(request: Request, copies: int) -> Iterator[Request]:
    """Yield a request once for each copy, with consecutive seeds if one was given, so no two are the same."""
    seeds = seeds_of(request, copies)
    for number in range(copies):
        yield replace(request, values={**request.values, _SEED: seeds[number]}) if seeds else request


def seeds_of(request: Request, copies: int) -> tuple[int, ...]:
    """Return the seed of each copy, counted up from the given one, or nothing if the vendor draws them."""
    given = request.values.get(_SEED)
    own = next((f for f in request.fields if f.name == _SEED and isinstance(f, NumberField)), None)
    if own is None or isinstance(given, bool) or not isinstance(given, int):
        return ()
    least, most = int(own.minimum), int(own.maximum)
    return tuple(least + (given - least + number) % (most - least + 1) for number in range(copies))


def refuse_copies(copies: int) -> None:
    """Raise InvalidRequest if this number of copies is not allowed."""
    if not 1 <= copies <= MOST_COPIES:
        message = f"1 to {MOST_COPIES} can be asked for at once; you asked for {copies}."
        raise InvalidRequest((Problem(field=COPIES, message=message),))


def _files_for(job: Job, files: tuple[Asset, ...]) -> tuple[Asset, ...]:
    """Copy the assets of another job for this one. The archive stores their files once."""
    return tuple(replace(asset, id=new_id(job.created_at), job_id=job.id, created_at=job.created_at) for asset in files)
