"""How long a work will take, and when to ask for it: learnt from what such works took here.

Each belief stands on a wider one: model, quality and length on model and quality, that on the model, that on its
family, and at the bottom the provider's documented range. Hides what is kept in memory; asking costs a look into it.
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
"""Of the seconds in the provider's own line, and one more. Its samples say 0 to 15 s (peers.md 4.3)."""
_UNKNOWN_RANGE = (60, 300)
_MOST_QUEUE_SECONDS = 24 * 3600
_CLOCKS_DIFFER_SECONDS = 60
"""Two clocks that differ by more tell nothing together; the provider writes its times without a zone."""
_LATEST = 60
"""So many of one group are kept."""
_LEAST_QUESTIONS = 12
"""What is made in seconds may be asked for so many times, however rarely asking was wanted."""
_LEAST_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Expected:
    """How long such works take, in seconds. `samples` is how many were measured here; 0 is the provider's word."""

    queue: Estimate
    run: Estimate
    samples: int

    def queue_at(self, share: float) -> float:
        """The seconds in the provider's line that are not exceeded with this chance."""
        return max(0.0, math.exp(self.queue.within(share)) - 1)

    def run_at(self, share: float) -> float:
        """The seconds of being made that are not exceeded with this chance."""
        return math.exp(self.run.within(share))


@dataclass(frozen=True)
class Sample:
    """One measured work. `run` is the logarithm by how much it took longer than the middle that is documented."""

    queue: float | None
    run: float


class Timing:
    """What is known of times. `load` once, `learn` when a work was made; the rest is asked without waiting."""

    def __init__(self, times: Samples, catalogue: Catalogue) -> None:
        self._times = times
        self._catalogue = catalogue
        self._samples: dict[str, list[tuple[Group, Sample]]] = {}
        self._known: dict[Group, Expected] = {}
        self._plans: dict[tuple[Group, float], PollSchedule] = {}

    async def load(self) -> None:
        """Read what was measured until now."""
        for vendor_model in await self._times.models():
            await self.learn(vendor_model)

    async def learn(self, vendor_model: str) -> None:
        """Read anew what works of this model of the provider's took: one statement on an index."""
        measured = await self._times.latest(vendor_model)
        self.take(vendor_model, measured)

    def take(self, vendor_model: str, measured: Sequence[Measured]) -> None:
        """The measured works of a model, oldest first, instead of those known until now."""
        found = ((each, sample_of(each, base=self._documented(each.model).middle)) for each in measured)
        self._samples[vendor_model] = [(self._kind(each), sample) for each, sample in found if sample]
        self._known.clear()
        self._plans.clear()

    def expected(self, job: Job) -> Expected:
        """How long works like this one take."""
        return self._expect(self._kind(job))

    def plan(self, job: Job, *, every: float) -> PollSchedule:
        """When to ask for a job's task: as often as every so many seconds, at better moments."""
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
        # The family's works are compared with what is documented of each, so that one model can speak for another.
        groups = [group for group in self._groups(kind, model) if group]
        run = replace(documented, middle=0.0).learn_in_turn([each.run for each in group] for group in groups)
        queue = _QUEUE.learn_in_turn([s.queue for s in group if s.queue is not None] for group in groups)
        samples = len(groups[-1]) if groups else 0
        return Expected(queue=queue, run=replace(run, middle=run.middle + documented.middle), samples=samples)

    def _groups(self, kind: Group, model: Model | None) -> list[list[Sample]]:
        """What was measured of the family, the model, its quality and its length: the widest first."""
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
    """What one work tells; None where its times make no sense."""
    run = (measured.ended_at - measured.scheduled_at) / 1000
    if run <= 0:
        return None
    queue = None
    if measured.submitted_at is not None:
        waited = (measured.scheduled_at - measured.submitted_at) / 1000
        if -_CLOCKS_DIFFER_SECONDS <= waited <= _MOST_QUEUE_SECONDS:
            queue = math.log(1 + max(0.0, waited))
    return Sample(queue=queue, run=math.log(max(run, _LEAST_SECONDS)) - base)
