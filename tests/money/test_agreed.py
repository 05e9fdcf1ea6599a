"""The price that a buyer agreed to: an order that costs more is not sent, whoever asks and whatever has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from fastapi import FastAPI

from components.api.generate import add_endpoints
from services.catalogue import CATALOGUE, Catalogue
from services.domain.errors import NotFound, PriceChanged
from services.domain.jobs import Decision
from services.money.agreed import NOTHING_SHOWN, Agreed, agreed_in, limit_of, refuse_dearer
from services.request import Cost
from services.simulator import Answer, Route, Simulator
from services.studio import Studio
from services.web import add_routes
from tests.rig.clips import Clip, film
from tests.rig.studio import simulated, studio_at, until

FAMILY, MODEL = "text_to_video", "wan2.6-t2v"
FIVE_SECONDS = {"prompt": "a cat", "duration": 5}
NO_LIST = Answer(401, "InvalidApiKey", "Invalid API-key provided.")
HALF = Cost(amount=Decimal("0.50"), currency="USD", units=5, each=Decimal("0.10"))


# The comparison ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "copies"),
    [
        ({"amount": "0.50", "currency": "USD"}, 1),
        ({"amount": "0.5", "currency": "USD", "copies": 1, "seconds": 5.0}, 1),
        ({"amount": 0.5, "currency": "USD"}, 1),
        ({"amount": "0.51", "currency": "USD"}, 1),
        ({"amount": "1.50", "currency": "USD", "copies": 3}, 3),
        ({"amount": "1.50", "currency": "USD", "copies": 1}, 3),
    ],
)
def test_the_same_price_or_a_lower_one_is_what_was_agreed_to(shown: dict[str, object], copies: int) -> None:
    refuse_dearer(HALF, copies=copies, agreed=agreed_in(shown))


@pytest.mark.parametrize(
    ("shown", "copies"),
    [
        ({"amount": "0.49", "currency": "USD"}, 1),
        ({"amount": "0.499999", "currency": "USD"}, 1),
        ({"amount": "0", "currency": "USD"}, 1),
        ({"amount": "0.50", "currency": "USD"}, 2),
        ({"amount": "0.50", "currency": "CNY"}, 1),
        ({"amount": "100", "currency": "CNY"}, 1),
    ],
)
def test_a_higher_price_or_another_currency_is_not(shown: dict[str, object], copies: int) -> None:
    with pytest.raises(PriceChanged) as refusal:
        refuse_dearer(HALF, copies=copies, agreed=agreed_in(shown))
    assert (Decimal(refusal.value.amount), refusal.value.currency) == (HALF.total(copies), "USD")
    assert "Nothing was ordered" in refusal.value.message


@pytest.mark.parametrize(
    "shown",
    [
        None,
        "0.50 USD",
        [],
        {},
        {"copies": 1},
        {"amount": "0.50"},
        {"amount": "0.50", "currency": None},
        {"amount": "0.50", "currency": 7},
        {"amount": "half", "currency": "USD"},
        {"amount": True, "currency": "USD"},
        {"amount": "NaN", "currency": "USD"},
        {"amount": "Infinity", "currency": "USD"},
        {"amount": "1e400", "currency": "USD"},
        {"amount": -1, "currency": "USD"},
        {"amount": ["0.50"], "currency": "USD"},
    ],
)
def test_what_is_no_price_counts_as_none_and_nobody_buys_what_had_none(shown: object) -> None:
    assert agreed_in(shown) == NOTHING_SHOWN
    with pytest.raises(PriceChanged, match=r"\$0\.50"):
        refuse_dearer(HALF, copies=1, agreed=agreed_in(shown))


def test_strange_counts_beside_a_price_do_no_harm() -> None:
    told = {"amount": "0.5", "currency": "USD", "copies": "many", "seconds": float("nan"), "count": 10**30}
    assert agreed_in(told) == Agreed(micros=500_000, currency="USD")


def test_a_price_that_nobody_knows_yet_stands_in_no_ones_way() -> None:
    unknown = replace(HALF, amount=Decimal(0), units=0)
    refuse_dearer(unknown, copies=1, agreed=NOTHING_SHOWN)
    refuse_dearer(HALF, copies=1, agreed=None)


def test_a_limit_holds_in_whatever_currency_the_order_is_billed_in() -> None:
    yuan = replace(HALF, currency="CNY")
    refuse_dearer(yuan, copies=1, agreed=limit_of(0.5))
    with pytest.raises(PriceChanged, match=r"¥0\.50.*¥0\.40"):
        refuse_dearer(yuan, copies=1, agreed=limit_of(0.4))
    assert limit_of("as much as you like") is None


# The studio ----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def shop(home: Path) -> AsyncIterator[tuple[Studio, Simulator]]:
    """A studio and the simulator that it buys at."""
    vendor = simulated(home / "vendor", run_seconds=4000)
    async with vendor as (simulator, url), studio_at(home / "studio", url) as studio:
        yield studio, simulator


async def test_an_order_above_the_agreed_price_writes_and_sends_nothing(home: Path) -> None:
    agreed = agreed_in({"amount": "0.50", "currency": "USD"})
    order: dict[str, Any] = {"family": FAMILY, "model": MODEL, "agreed": agreed}
    async with shop(home) as (studio, simulator):
        for given, copies in (({**FIVE_SECONDS, "duration": 6}, 1), (FIVE_SECONDS, 2)):
            with pytest.raises(PriceChanged):
                await studio.submit_many(**order, given=given, copies=copies)
        assert (await studio.jobs())["items"] == []
        (job,) = await studio.submit_many(**order, given=FIVE_SECONDS, copies=1)
        await until(studio, job["id"], lambda told: told["task_id"] is not None)
        assert len(simulator.creates) == 1


async def test_a_file_that_grew_since_its_price_was_shown_is_priced_anew(home: Path, tmp_path: Path) -> None:
    family, model, clip = "edit_video", "wan2.7-videoedit", tmp_path / "walk.mp4"
    clip.write_bytes(film(Clip(seconds=3)))
    order: dict[str, Any] = {"family": family, "model": model, "given": {"prompt": "snow", "video": str(clip)}}
    async with shop(home) as (studio, simulator):
        cost = (await studio.check(**order, region=None)).cost
        assert cost is not None
        agreed = agreed_in({"amount": str(cost.amount), "currency": cost.currency})
        clip.write_bytes(film(Clip(seconds=5)))
        with pytest.raises(PriceChanged):
            await studio.submit_many(**order, copies=1, agreed=agreed)
        assert simulator.creates == []


async def test_a_caller_of_the_api_sets_a_limit_if_it_likes(home: Path) -> None:
    async with shop(home) as (studio, simulator):
        with gr.Blocks(analytics_enabled=False) as page:
            add_endpoints(studio)
        ask: dict[str, Any] = {str(each.api_name): each.fn for each in page.fns.values()}
        for limit in (0.99, 0):
            with pytest.raises(gr.Error, match=r"\$1\.00"):
                await ask[FAMILY](**FIVE_SECONDS, copies=2, max_price=limit)
        with pytest.raises(gr.Error, match="an amount of money"):
            await ask[FAMILY](**FIVE_SECONDS, max_price="cheap")
        assert (await studio.jobs())["items"] == []
        assert len((await ask[FAMILY](**FIVE_SECONDS, copies=2, max_price=1.0))["jobs"]) == 2
        assert (await ask[FAMILY](**FIVE_SECONDS))["status"] == "queued"
        assert simulator is not None


# Sending again -------------------------------------------------------------------------------------------------------


async def doubtful(studio: Studio, simulator: Simulator) -> str:
    simulator.faults.drop_creates(taken=False)
    simulator.faults.add(Route.LIST, NO_LIST, times=5_000)
    job = await studio.submit(family=FAMILY, model=MODEL, given=FIVE_SECONDS)
    return (await until(studio, job["id"], lambda told: told["decision_wanted"]))["id"]


def with_prices_of(catalogue: Catalogue, *, times: int) -> Catalogue:
    """The catalogue after the provider has raised its prices."""
    models = [
        replace(
            model,
            offers=tuple(
                replace(offer, prices=tuple(replace(price, amount=price.amount * times) for price in offer.prices))
                for offer in model.offers
            ),
        )
        for model in catalogue.models
    ]
    return replace(catalogue, models=tuple(models))


async def test_what_is_sent_again_costs_what_stood_on_the_page_or_is_not_sent(home: Path) -> None:
    async with simulated(home / "vendor") as (simulator, url):
        async with studio_at(home / "studio", url) as studio:
            job = await doubtful(studio, simulator)
        app = FastAPI()
        dearer = with_prices_of(CATALOGUE, times=2)  # the studio was updated while the page stood open
        async with studio_at(home / "studio", url, catalogue=dearer) as studio:
            add_routes(app, studio)
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://studio", headers={"X-Studio": "1"}
            ) as page:
                address, shown = f"/studio/jobs/{job}/decide", {"amount": 0.5, "currency": "USD"}
                answer = await page.post(address, json={"decision": "send", "agreed": shown})
                assert answer.status_code == 409
                assert answer.json()["price"] == {"amount": "1", "currency": "USD"}
                assert (await studio.job(job))["decision_wanted"]
                assert simulator.creates == []
                answer = await page.post(address, json={"decision": "send", "agreed": answer.json()["price"]})
                assert answer.status_code == 200
            done = await until(studio, job)
            assert (done["status"], len(simulator.creates)) == ("succeeded", 1)


async def test_letting_it_go_needs_no_price_and_what_is_anothers_stays_hidden(home: Path) -> None:
    async with simulated(home / "vendor") as (simulator, url), studio_at(home / "studio", url) as studio:
        job = await doubtful(studio, simulator)
        with pytest.raises(NotFound):
            await studio.decide("no-such-job", Decision.SEND, agreed=NOTHING_SHOWN)
        assert (await studio.decide(job, Decision.DROP, agreed=NOTHING_SHOWN))["status"] in ("canceled", "unknown")
        assert simulator.creates == []
