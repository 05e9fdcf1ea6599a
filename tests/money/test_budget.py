"""Money as the page and the API see it: a whole studio on the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.domain.errors import InvalidRequest
from services.domain.people import LOCAL, Person
from services.domain.problems import Repair
from services.studio import Studio
from services.web import add_routes
from tests.rig.studio import simulated, studio_at, until

MODEL = "wan2.6-t2v"
FAMILY = "text_to_video"
DEAR = {"prompt": "a cat", "size": "1920*1080", "duration": 5}
CHANGING = {"X-Studio": "1"}


@asynccontextmanager
async def studio_with(home: Path, **settings: object) -> AsyncIterator[Studio]:
    """A studio with these settings, on a simulator of its own."""
    running = partial(studio_at, home / "studio", **settings)
    async with simulated(home / "vendor") as (_, base_url), running(base_url) as studio:
        yield studio


def caller(studio: Studio, **headers: str) -> httpx.AsyncClient:
    app = FastAPI()
    add_routes(app, studio)
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://studio", headers={**CHANGING, **headers})


async def test_at_the_cap_the_cheaper_tier_that_fits_is_offered(home: Path) -> None:
    async with studio_with(home) as studio:
        full = await studio.estimate(model=MODEL, region=None, given=DEAR)
    async with studio_with(home / "capped", studio_cap_day=f"{full.amount * 8 / 10:f} USD") as studio:
        verdict = await studio.check(family=FAMILY, model=MODEL, region=None, given=DEAR, person=LOCAL)
        (problem,) = verdict.problems
        assert (problem.field, verdict.ready) == ("price", False)
        assert "Nothing was ordered" not in problem.message  # nobody has ordered yet: the form only foretells
        assert problem.fix is not None
        assert problem.fix.repair is Repair.CHEAPER
        assert problem.fix.change is not None
        with pytest.raises(InvalidRequest, match="the studio's cap of"):
            await studio.submit(family=FAMILY, model=MODEL, given=DEAR)
        assert await studio.services.history.unfinished() == ()
        change = problem.fix.change
        job = await studio.submit(family=FAMILY, model=change.model, given={**DEAR, **change.values})
        done = await until(studio, job["id"])
        assert done["cost"]["actual"] == job["cost"]["estimated"]


async def test_without_a_person_no_cap_is_looked_at(home: Path) -> None:
    async with studio_with(home, studio_cap_day="0.01 USD") as studio:
        verdict = await studio.check(family=FAMILY, model=MODEL, region=None, given=DEAR)
        assert verdict.ready


async def test_many_at_once_at_the_edge_overspend_nothing(home: Path) -> None:
    async with studio_with(home) as studio:
        each = (await studio.estimate(model=MODEL, region=None, given=DEAR)).amount
    async with studio_with(home / "capped", studio_cap_person_day=f"{each * 3:f} USD") as studio:
        answers = await asyncio.gather(
            *(studio.submit(family=FAMILY, model=MODEL, given=DEAR) for _ in range(20)), return_exceptions=True
        )
        assert sum(isinstance(answer, dict) for answer in answers) == 3
        assert sum(isinstance(answer, InvalidRequest) for answer in answers) == 17
        (cap,) = (await studio.summary())["caps"]
        assert (cap["left"], cap["used"]) == (0, float(each * 3))


async def test_what_was_spent_is_told_as_json_and_as_csv(home: Path) -> None:
    async with studio_with(home) as studio, caller(studio) as client:
        job = await studio.submit(family=FAMILY, model=MODEL, given={**DEAR, "size": "1280*720", "duration": 2})
        done = await until(studio, job["id"])
        told = (await client.get("/studio/spend")).json()
        assert [row["spent"] for row in told["totals"]] == [done["cost"]["actual"]]
        assert [row["model_title"] for row in told["by_model"]] == [done["model_title"]]
        assert (len(told["by_day"]), told["everybody"], told["caps"]) == (1, True, [])
        lines = await client.get("/studio/spend.csv", params={"from": told["from"], "to": told["to"]})
        assert lines.headers["content-type"].startswith("text/csv")
        assert job["id"] in lines.text
        assert (await client.get("/studio/spend?from=yesterday")).status_code == 404
        summary = (await client.get("/studio/summary")).json()
        assert summary["spent_today"] == [{"amount": done["cost"]["actual"], "currency": "USD"}]


async def test_only_an_admin_sets_caps_and_everybody_sees_their_own(home: Path) -> None:
    named = {"studio_person_header": "X-Person", "studio_admins": ("ana",)}
    cap = {"scope": "person", "person": None, "period": "day", "amount": 0.5, "currency": "usd"}
    async with (
        studio_with(home, **named) as studio,
        caller(studio, **{"X-Person": "ana"}) as ana,
        caller(studio, **{"X-Person": "mei"}) as mei,
    ):
        assert (await mei.post("/studio/caps", json=cap)).status_code == 409
        made = (await ana.post("/studio/caps", json=cap)).json()
        assert (made["amount"], made["currency"], made["fixed"]) == (0.5, "USD", False)
        (seen,) = (await mei.get("/studio/caps")).json()
        assert (seen["id"], seen["used"], seen["left"]) == (made["id"], 0, 0.5)
        (listed,) = (await ana.get("/studio/caps")).json()
        assert listed["used"] is None
        assert (await mei.post(f"/studio/caps/{made['id']}/drop")).status_code == 409
        assert (await ana.post(f"/studio/caps/{made['id']}/drop")).json() == {"dropped": made["id"]}
        assert (await ana.get("/studio/caps")).json() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "team"},
        {"period": "year"},
        {"amount": -1},
        {"amount": None},
        {"amount": True},
        {"currency": "dollars"},
        {"person": 5},
        {"scope": "all", "person": "mei"},
    ],
)
async def test_a_cap_that_makes_no_sense_is_refused(home: Path, wrong: dict[str, object]) -> None:
    cap = {"scope": "person", "person": None, "period": "day", "amount": "20", "currency": "USD"}
    async with studio_with(home) as studio, caller(studio) as client:
        answer = await client.post("/studio/caps", json=cap | wrong)
        assert answer.status_code == 409
        assert (await client.get("/studio/caps")).json() == []


async def test_people_see_what_they_spent_themselves(home: Path) -> None:
    async with studio_with(home, studio_person_header="X-Person") as studio:
        await studio.submit(family=FAMILY, model=MODEL, given=DEAR, person=Person("mei"))
        assert [row.jobs for row in (await studio.services.budget.spend(Person("mei"))).total] == [1]
        assert (await studio.services.budget.spend(Person("omar"))).total == ()
        assert [row.key for row in (await studio.services.budget.spend(Person("ana", admin=True))).by_person] == ["mei"]
