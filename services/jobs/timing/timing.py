"""How long a job will take, and when to poll it: learned from the times that such jobs took here.

Each estimate has a wider one as its prior: model, quality and length has model and quality, which has the model, which
has its family; the widest has the vendor's documented range. Hides what is kept in memory: a query costs one look-up.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.catalogue import Catalogue
from services.catalogue.schema import Model
from services.domain.jobs import Job
from services.jobs.timing.estimate import Estimate
from services.jobs.timing.groups import Group, group_of
from services.jobs.timing.poll_schedule import PollSchedule, schedule_for
from services.jobs.timing.samples import Measured, Samples

_QUEUE = Estimate.of_range(2.0, 16.0)
"""The seconds in the vendor's own queue, plus one. The vendor's samples show 0 to 15 s (peers.md 4.3)."""
_UNKNOWN_RANGE = (60, 300)
_MOST_QUEUE_SECONDS = 24 * 3600
_CLOCKS_DIFFER_SECONDS = 60
"""Times from two clocks that differ by more are not comparable. The vendor writes its times without a time zone."""
_LATEST = 60
"""The number of samples kept for each group."""
_LEAST_QUESTIONS = 12
"""A job that takes only seconds may be polled this often, even if a longer interval was requested."""
_LEAST_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Expected:
    """How long such jobs take, in seconds.

    `samples` is the number measured here; with 0, the vendor's documentation is the only source.
    """

    queue: Estimate
    run: Estimate
    samples: int

    def queue_at(self, share: float) -> float:
        """Return the seconds in the vendor's queue that are not exceeded with this probability."""
        return max(0.0, math.exp(self.queue.within(share)) - 1)

    def run_at(self, share: float) -> float:
        """Return the running time in seconds that is not exceeded with this probability."""
        return math.exp(self.run.within(share))


@dataclass(frozen=True)
class Sample:
    """One measured job. `run` is a logarithm: how much longer it ran than the documented middle."""

    queue: float | None
    run: float


class Timing:
    """The known durations.

    Call `load` once, and `learn` after each finished job. The other methods return without waiting.
    """

    def __init__(self, times: Samples, catalogue: Catalogue) -> None:
        self._times = times
        self._catalogue = catalogue
        self._samples: dict[str, list[tuple[Group, Sample]]] = {}
        self._known: dict[Group, Expected] = {}
        self._plans: dict[tuple[Group, float], PollSchedule] = {}

    async def load(self) -> None:
        """Read all measurements so far."""
        for vendor_model in await self._times.models():
            await self.learn(vendor_model)

    async def learn(self, vendor_model: str) -> None:
        """Read the measurements of this vendor model again: one statement on an index."""
        measured = await self._times.latest(vendor_model)
        self.take(vendor_model, measured)

    def take(self, vendor_model: str, measured: Sequence[Measured]) -> None:
        """Replace the known samples of a vendor model by these, oldest first."""
        found = ((each, sample_of(each, base=self._documented(each.model).middle)) for each in measured)
        self._samples[vendor_model] = [(self._kind(each), sample) for each, sample in found if sample]
        self._known.clear()
        self._plans.clear()

    def expected(self, job: Job) -> Expected:
        """Return how long jobs like this one take."""
        return self._expect(self._kind(job))

    def plan(self, job: Job, *, every: float) -> PollSchedule:
        """Return the poll schedule of a job: as many polls as with this interval, but better timed."""
        kind = self._kind(job)
        found = self._plans.get((kind, every))
        if found is None:
            run = self._expect(kind).run
            mean = math.exp(run.middle + run.width**2 / 2)
            found = schedule_for(middle=run.middle, width=run.width, every=min(every, mean / _LEAST_QUESTIONS))
            self._plans[kind, every] = found
        return found

    def _expect(self, kind: Group) -> Expected:
        if kind not in self._known:
            self._known[kind] = self._believe(kind)
        return self._known[kind]

    def _believe(self, kind: Group) -> Expected:
        model = self._catalogue.model(kind[0])
        documented = self._documented(kind[0])
        # The family's samples are relative to each model's documented time, so one model's samples apply to another.
        groups = [group for group in self._groups(kind, model) if group]
        run = replace(documented, middle=0.0).learn_in_turn([each.run for each in group] for group in groups)
        queue = _QUEUE.learn_in_turn([s.queue for s in group if s.queue is not None] for group in groups)
        samples = len(groups[-1]) if groups else 0
        return Expected(queue=queue, run=replace(run, middle=run.middle + documented.middle), samples=samples)

    def _groups(self, kind: Group, model: Model | None) -> list[list[Sample]]:
        """Return the samples of the family, the model, its quality and its length: the widest first."""
        family = {each.id for each in self._catalogue.models if model and each.family == model.family} or {kind[0]}
        groups: defaultdict[int, list[Sample]] = defaultdict(list)
        for taken in self._samples.values():
            for other, sample in taken:
                if other[1] != kind[1] or other[0] not in family:
                    continue
                alike = 0 if other[0] != kind[0] else 1 if other[2] != kind[2] else 2 if other[3] != kind[3] else 3
                for width in range(alike + 1):
                    groups[width].append(sample)
        return [groups[width][-_LATEST:] for width in range(4)]

    def _kind(self, job: Job | Measured) -> Group:
        return group_of(self._catalogue.model(job.model), job.model, demo=job.demo, values=job.parameters)

    def _documented(self, model_id: str) -> Estimate:
        model = self._catalogue.model(model_id)
        return Estimate.of_range(*(model.usual_seconds if model else _UNKNOWN_RANGE))


def sample_of(measured: Measured, *, base: float) -> Sample | None:
    """Convert one measurement to a sample. Returns None if its times make no sense."""
    run = (measured.ended_at - measured.scheduled_at) / 1000
    if run <= 0:
        return None
    queue = None
    if measured.submitted_at is not None:
        waited = (measured.scheduled_at - measured.submitted_at) / 1000
        if -_CLOCKS_DIFFER_SECONDS <= waited <= _MOST_QUEUE_SECONDS:
            queue = math.log(1 + max(0.0, waited))
    return Sample(queue=queue, run=math.log(max(run, _LEAST_SECONDS)) - base)
