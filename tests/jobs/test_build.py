"""Several of one work at once: one batch, one price, all or nothing; and what a chain of works would cost."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from components.tab.verdicts import foot_of
from services.catalogue import CATALOGUE
from services.database.caps import Period, Scope
from services.database.jobs import History
from services.domain.errors import InvalidRequest, OverCap
from services.domain.jobs import Asset, JobWithAssets
from services.domain.people import EVERYONE, LOCAL
from services.domain.problems import COPIES, PRICE, Repair
from services.jobs.build import MOST_COPIES, seeds_of
from services.money.estimates import Step, price_steps
from services.request import parse, price
from services.studio import Studio
from tests import ROOT
from tests.money.test_budget import caller, studio_with
from tests.money.test_spending import a_cap, ordered, url, used
from tests.rig.studio import simulated, studio_at, until

__all__ = ["url"]  # a fixture

MODEL, FAMILY = "wan2.6-t2v", "text_to_video"
WORDS = {"prompt": "a cat", "size": "1280*720", "duration": 5}
REGION = "singapore"


def batch(first: int, many: int) -> list[JobWithAssets]:
    return [JobWithAssets(ordered(first + number, batch=str(first)), ()) for number in range(many)]


# The books -----------------------------------------------------------------------------------------------------------


async def test_a_batch_is_written_as_a_whole_or_not_at_all(url: str) -> None:
    async with History.open(url, caps=[a_cap(1_600_000)]) as history:
        written = await history.add_all(batch(1, 3))
        assert [job.batch for job in written] == ["1"] * 3
        assert len({job.sequence for job in written}) == 3
        with pytest.raises(OverCap, match=r"costs \$1.00, and only \$0.10 is left"):
            await history.add_all(batch(10, 2))
        assert [job.id for job in await history.unfinished()] == [job.id for job in written]
        assert await used(history) == 1_500_000


async def test_a_hundred_batches_at_the_edge_overspend_nothing(url: str) -> None:
    async with History.open(url, caps=[a_cap(5_000_000, scope=Scope.PERSON)]) as history:
        orders = [history.add_all(batch(n * 10, 1 + n % 4)) for n in range(100)]
        answers = await asyncio.gather(*orders, return_exceptions=True)
        taken = [answer for answer in answers if isinstance(answer, tuple)]
        assert len(taken) + sum(isinstance(answer, OverCap) for answer in answers) == 100
        assert sum(map(len, taken)) == 10
        assert await used(history) == 5_000_000


async def test_batches_of_three_processes_at_the_edge_overspend_nothing(url: str) -> None:
    async with History.open(url) as history:
        await history.caps.put(scope=Scope.ALL, person=None, period=Period.DAY, currency="USD", micros=5_000_000)
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
            ends = [loop.run_in_executor(pool, add_batches, url, first) for first in (0, 1_000, 2_000)]
            assert 8 <= sum(await asyncio.gather(*ends)) <= 10
        assert await used(history) <= 5_000_000


def add_batches(url: str, first: int) -> int:
    """In a process of its own: order 34 batches of three at once; how many jobs were taken."""

    async def add() -> int:
        async with History.open(url) as history:
            orders = [history.add_all(batch(first + number * 10, 3)) for number in range(34)]
            answers = await asyncio.gather(*orders, return_exceptions=True)
            return sum(len(answer) for answer in answers if isinstance(answer, tuple))

    return asyncio.run(add())


# The studio ----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def a_studio(home: Path, **settings: Any) -> AsyncIterator[Studio]:
    async with simulated(home / "vendor") as (_, base), studio_at(home / "studio", base, **settings) as studio:
        yield studio


async def test_copies_are_one_batch_with_seeds_that_count_up_and_all_are_made(home: Path) -> None:
    async with a_studio(home) as studio:
        jobs = await studio.submit_many(family=FAMILY, model=MODEL, given={**WORDS, "seed": 7}, copies=3)
        assert [job["parameters"]["seed"] for job in jobs] == [7, 8, 9]
        assert len({job["batch"] for job in jobs}) == 1
        assert jobs[0]["batch"] is not None
        assert [job["id"] for job in sorted(jobs, key=lambda job: job["created_at"])] == [job["id"] for job in jobs]
        done = [await until(studio, job["id"]) for job in jobs]
        assert [job["status"] for job in done] == ["succeeded"] * 3
        assert [job["cost"]["actual"] for job in done] == [job["cost"]["estimated"] for job in jobs]


async def test_one_is_no_batch_and_without_a_seed_the_provider_draws_them(home: Path) -> None:
    async with a_studio(home) as studio:
        assert (await studio.submit(family=FAMILY, model=MODEL, given=WORDS))["batch"] is None
        jobs = await studio.submit_many(family=FAMILY, model=MODEL, given=WORDS, copies=2)
        assert all("seed" not in job["parameters"] for job in jobs)


@pytest.mark.parametrize("copies", [0, -1, MOST_COPIES + 1])
async def test_more_than_can_be_looked_at_is_refused(home: Path, copies: int) -> None:
    async with a_studio(home) as studio:
        with pytest.raises(InvalidRequest, match=f"1 to {MOST_COPIES}"):
            await studio.submit_many(family=FAMILY, model=MODEL, given=WORDS, copies=copies)
        verdict = await studio.check(family=FAMILY, model=MODEL, region=None, given=WORDS, copies=copies)
        assert [problem.field for problem in verdict.problems] == [COPIES]
        assert await studio.services.history.unfinished() == ()


async def test_over_the_cap_fewer_and_a_cheaper_tier_are_offered_and_both_can_be_ordered(home: Path) -> None:
    dear = {**WORDS, "size": "1920*1080"}
    async with a_studio(home / "free") as studio:
        each = (await studio.estimate(model=MODEL, region=None, given=dear)).amount
    async with a_studio(home / "capped", studio_cap_day=f"{each * 3:f} USD") as studio:
        asked = {"family": FAMILY, "model": MODEL, "given": dear}
        verdict = await studio.check(**asked, region=None, copies=4, person=LOCAL)
        cheaper, fewer = verdict.problems
        assert (cheaper.field, fewer.field, fewer.advice, verdict.ready) == (PRICE, COPIES, True, False)
        assert cheaper.fix is not None
        assert cheaper.fix.change is not None
        assert fewer.fix is not None
        assert fewer.fix.change is not None
        assert (fewer.fix.repair, fewer.fix.change.copies) == (Repair.FEWER, 3)
        with pytest.raises(InvalidRequest):
            await studio.submit_many(**asked, copies=4)
        assert await studio.services.history.unfinished() == ()
        change = cheaper.fix.change
        tried = await studio.check(
            family=FAMILY, model=change.model, region=None, given={**dear, **change.values}, copies=4, person=LOCAL
        )
        assert tried.ready
        assert len(await studio.submit_many(**asked, copies=3)) == 3


async def test_batches_at_once_at_the_edge_are_taken_whole(home: Path) -> None:
    async with a_studio(home / "free") as studio:
        each = (await studio.estimate(model=MODEL, region=None, given=WORDS)).amount
    async with a_studio(home / "capped", studio_cap_day=f"{each * 7:f} USD") as studio:
        orders = [studio.submit_many(family=FAMILY, model=MODEL, given=WORDS, copies=3) for _ in range(6)]
        answers = await asyncio.gather(*orders, return_exceptions=True)
        assert sum(isinstance(answer, tuple) for answer in answers) == 2
        assert sum(isinstance(answer, InvalidRequest) for answer in answers) == 4


def test_seeds_go_round_at_the_end_and_a_model_without_one_has_none() -> None:
    model = CATALOGUE.model(MODEL)
    assert model is not None
    most = 2147483647
    request = parse(CATALOGUE, family=None, model_id=MODEL, region=REGION, given={**WORDS, "seed": most})
    assert seeds_of(request, 3) == (most, 0, 1)
    assert seeds_of(parse(CATALOGUE, family=None, model_id=MODEL, region=REGION, given=WORDS), 3) == ()


async def test_the_button_tells_the_total_and_the_foot_each_one_and_the_day_of_the_prices(home: Path) -> None:
    async with a_studio(home) as studio:
        model = CATALOGUE.model(MODEL)
        assert model is not None
        given = {**WORDS, "seed": 7}
        verdict = await studio.check(family=FAMILY, model=MODEL, region=None, given=given, copies=4)
        foot = foot_of(model, verdict, given=given, has_note=frozenset())
        assert foot["price"] == "$2.00"
        assert foot["shown"] == {"amount": "2.00", "currency": "USD", "copies": 4, "seconds": 5, "count": 0}
        assert str(foot["output"]).startswith("4 × 5 s")
        assert "$0.50 each · seeds 7 to 10" in str(foot["output"])
        assert foot["priced"] == f"Prices of {model.price_source.checked.day} {model.price_source.checked:%b %Y}"


async def test_the_files_of_a_batch_are_stored_once_and_each_job_has_them(home: Path) -> None:
    picture = ROOT / "assets" / "samples" / "mountains.jpg"
    given = {"prompt": "wind", "image": str(picture)}
    async with a_studio(home) as studio:
        jobs = await studio.submit_many(family="image_to_video", model="wan2.6-i2v-flash", given=given, copies=2)
        found = [await studio.services.history.with_assets(job["id"], owner=EVERYONE) for job in jobs]
        files: list[Asset] = [one.assets[0] for one in found]
        assert len({asset.key for asset in files}) == 1
        assert len({asset.id for asset in files}) == 2
        assert [asset.job_id for asset in files] == [job["id"] for job in jobs]
        assert [(await until(studio, job["id"]))["status"] for job in jobs] == ["succeeded"] * 2


# Chains --------------------------------------------------------------------------------------------------------------


def step(model: str, **values: object) -> Step:
    return Step(model=model, region=REGION, values=values)


def test_a_chain_adds_up_and_a_clip_is_as_long_as_the_step_before_makes_it() -> None:
    first, second = price_steps(CATALOGUE, [step(MODEL, **WORDS), step("wan2.7-videoedit", prompt="snow")])
    assert first.cost.amount == Decimal("0.50")
    assert (second.complete, second.cost.units) == (True, 10)  # five seconds given, five made
    (alone,) = price_steps(CATALOGUE, [step("wan2.7-videoedit", prompt="snow")])
    assert not alone.complete
    (said,) = price_steps(CATALOGUE, [step("wan2.7-videoedit", prompt="snow", video={"seconds": 5})])
    assert said.cost == second.cost


def test_the_wrong_step_is_told() -> None:
    with pytest.raises(InvalidRequest, match="Step 2: "):
        price_steps(CATALOGUE, [step(MODEL, **WORDS), step(MODEL, prompt="x", duration=99)])


async def test_a_chain_is_priced_over_http_and_no_file_is_opened(home: Path) -> None:
    async with studio_with(home) as studio, caller(studio) as client:
        steps: list[dict[str, Any]] = [
            {"family": "generate_image", "model": "wan2.6-t2i", "values": {"prompt": "a cat", "n": 2}},
            {
                "model": "wan2.6-i2v-flash",
                "values": {"prompt": "go", "image": "/etc/passwd", "duration": 5},
                "copies": 3,
            },
        ]
        told = (await client.post("/studio/estimate", json={"steps": steps})).json()
        assert [one["copies"] for one in told["steps"]] == [1, 3]
        (total,) = told["totals"]
        assert total["amount"] == pytest.approx(sum(one["estimated"] for one in told["steps"]))
        assert (told["complete"], told["price_read_on"] is not None) == (True, True)
        for wrong in ({}, {"steps": []}, {"steps": ["x"]}, {"steps": [{"model": 5}]}):
            assert (await client.post("/studio/estimate", json=wrong)).status_code == 409
        many = {"steps": [{**steps[0], "copies": 9}]}
        assert (await client.post("/studio/estimate", json=many)).status_code == 422


def test_an_estimate_never_costs_more_for_a_model_nobody_knows_than_the_dearest() -> None:
    (unknown,) = price_steps(CATALOGUE, [step("wan9-t2v", duration=5)])
    known = price(parse(CATALOGUE, family=None, model_id=MODEL, region=REGION, given=WORDS))
    assert not unknown.cost.is_known
    assert unknown.cost.amount >= known.amount
