"""How long works take, and when to ask: what is stated holds, and no questions are wasted."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from services.catalogue import CATALOGUE
from services.database.jobs import History
from services.domain.jobs import Job
from services.jobs.timing import Timing
from services.jobs.timing.estimate import Estimate
from services.jobs.timing.groups import group_of
from services.jobs.timing.samples import Measured, Samples
from services.jobs.timing.timing import sample_of
from tests.bench import eta, polls

MODEL = "wan2.6-t2v"
SIBLING = "wan2.5-t2v-preview"
WORTH = {0.7: 0.93, 0.5: 0.84, 0.35: 0.68, 0.25: 0.55, 0.15: 0.4}
"""At most so much of the lag of every 15 s is left, by the spread of the kind: see polls.least_lag for the bound."""
NOW = 1_790_000_000_000


@pytest.mark.parametrize("drift", list(eta.DRIFTS))
def test_the_stated_p90_covers_85_to_95_percent_after_30_samples(drift: eta.Drift) -> None:
    truth = eta.replay(drift, eta.Plan(histories=40))
    assert 0.85 <= truth.within_p90 <= 0.95
    assert truth.least_p90 >= 0.83  # in the worst quarter, where the drift is
    assert 0.9 <= truth.bias <= 1.1


@pytest.mark.parametrize("samples", [0, 1, 3, 10])
def test_few_samples_make_the_range_wider_and_never_too_narrow(samples: int) -> None:
    assert eta.coverage(eta.Plan(), samples=samples) >= 0.87


def test_the_documented_range_is_what_is_stated_before_there_is_data() -> None:
    belief = Estimate.of_range(60, 300)
    assert math.exp(belief.within(0.5)) == pytest.approx(math.sqrt(60 * 300))
    assert math.exp(belief.within(0.9)) == pytest.approx(300, rel=0.01)


def test_the_latest_weigh_most() -> None:
    belief = Estimate.of_range(60, 300)
    logs = [math.log(100)] * 40 + [math.log(200)] * 20
    assert belief.learn(logs).middle > belief.learn(logs[::-1]).middle


@pytest.mark.parametrize("spread", [0.7, 0.5, 0.35, 0.25, 0.15])
def test_the_plan_notices_sooner_than_every_15_seconds_with_no_more_questions(spread: float) -> None:
    found, least = polls.simulate(spread, polls.Plan(tasks=2000))
    every, planned = found["every 15 s"], found["studio"]
    assert planned.questions <= every.questions
    assert planned.lag <= every.lag * WORTH[spread]
    assert planned.lag >= least * every.questions / planned.questions * 0.97  # else the simulation is wrong


async def test_a_kind_without_data_leans_on_the_next_wider_one(tmp_path: Path) -> None:
    async with History.open(f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}") as history:
        timing = Timing(Samples(history.engine), CATALOGUE)
        await timing.load()
        before = timing.expected(job(10))
        timing.take(MODEL, [measured(400, number, {"duration": 5}) for number in range(20)])
        own, wider, sibling = timing.expected(job(5)), timing.expected(job(10)), timing.expected(job(5, SIBLING))
        demo = timing.expected(replace(job(5), demo=True))
    assert (before.samples, demo.samples) == (0, 0)
    assert own.samples == wider.samples == sibling.samples == 20
    assert own.run_at(0.5) == pytest.approx(400, rel=0.05)
    assert own.run_at(0.9) < wider.run_at(0.9) < before.run_at(0.9) * 2
    assert sibling.run_at(0.5) > before.run_at(0.5)
    assert own.queue_at(0.5) == pytest.approx(4, abs=0.5)


async def test_what_is_made_in_seconds_is_asked_for_every_few(tmp_path: Path) -> None:
    async with History.open(f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}") as history:
        timing = Timing(Samples(history.engine), CATALOGUE)
        timing.take(MODEL, [measured(12, number, {"duration": 5}) for number in range(20)])
        plan = timing.plan(job(5), every=15)
    assert plan.pause(12) < 3


def job(seconds: int, model: str = MODEL) -> Job:
    return Job(
        id="job",
        person="local",
        family="text_to_video",
        model=model,
        vendor_model=model,
        region="singapore",
        account="one",
        base_url="https://vendor.invalid",
        demo=False,
        prompt="A boat",
        parameters={"duration": seconds},
        created_at=NOW,
        updated_at=NOW,
        estimated_micros=0,
        currency="USD",
    )


def measured(run: float, number: int = 0, parameters: dict[str, object] | None = None, queue: float = 4) -> Measured:
    began = NOW + number * 1000
    return Measured(
        model=MODEL,
        demo=False,
        parameters=parameters or {},
        submitted_at=began - round(queue * 1000),
        scheduled_at=began,
        ended_at=began + round(run * 1000),
    )


def test_a_time_that_makes_no_sense_teaches_nothing() -> None:
    assert sample_of(measured(-3), base=0) is None
    wrong_zone = sample_of(measured(100, queue=-8 * 3600), base=0)
    assert wrong_zone is not None
    assert (wrong_zone.queue, round(math.exp(wrong_zone.run))) == (None, 100)


def test_works_are_alike_by_model_quality_and_length() -> None:
    model = CATALOGUE.model(MODEL)
    kinds = {group_of(model, MODEL, demo=False, values={"duration": n}) for n in (2, 3, 5, 10, 15)}
    assert len(kinds) == 4  # 3 and 5 seconds are of one length
    assert group_of(model, MODEL, demo=True, values={}) != group_of(model, MODEL, demo=False, values={})


def test_what_a_longer_clip_took_says_something_of_a_shorter_one_and_its_own_time_says_more() -> None:
    belief = Estimate.of_range(60, 300)
    long, own = [math.log(600)] * 20, [math.log(200)] * 20
    wider = belief.learn_in_turn([long])
    assert statistics.fmean(long) == pytest.approx(wider.middle, abs=0.1)
    assert math.exp(belief.learn_in_turn([long + own, own]).middle) == pytest.approx(200, rel=0.05)
