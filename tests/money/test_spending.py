"""Caps, what jobs hold of them, and what was spent; on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
import csv
import io
import multiprocessing
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.catalogue import CATALOGUE
from services.database.caps import (
    Cap,
    CapState,
    Period,
    Scope,
    Spender,
    applying,
    cap_words,
    exceeded,
    fixed_caps,
    refusal,
)
from services.database.jobs import History
from services.database.reservations import Held, Settlement, day_of, settlement_of
from services.domain.errors import NotFound, OverCap, StudioError
from services.domain.jobs import Job, JobStatus
from services.domain.money import parse_amounts, said, to_micros
from services.money.spending import Span, Spending, span_of, spend_view
from services.settings import Settings
from tests.database.test_jobs import a_job
from tests.rig.postgres import emptied

DAY_MS = 86_400_000
NOON = 1_790_000_000_000
"""A time in milliseconds; which day it is depends on the machine's time zone."""
TODAY = day_of(NOON)


def a_cap(micros: int, **changes: object) -> Cap:
    cap = Cap(id="c", scope=Scope.ALL, period=Period.DAY, currency="USD", micros=micros, fixed=True)
    return replace(cap, **changes)


def ordered(number: int = 1, *, at: int = NOON, **changes: object) -> Job:
    return a_job(number, **{"created_at": at, "updated_at": at, "estimated_micros": 500_000, **changes})


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}"
    return await emptied(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def history(url: str) -> AsyncIterator[History]:
    async with History.open(url) as opened:
        yield opened


def spender(person: str = "local", *, demo: bool = False, day: str = TODAY) -> Spender:
    return Spender(person=person, demo=demo, day=day)


async def used(history: History, **whose: object) -> int:
    """What is used of a cap of everybody's in a day."""
    return (await history.caps.state(a_cap(1), spender(**whose))).used  # type: ignore[arg-type]  # a test's shorthand


# Amounts -------------------------------------------------------------------------------------------------------------


def test_amounts_are_read_with_their_currencies() -> None:
    assert parse_amounts("20 USD, 150.5cny") == {"USD": 20_000_000, "CNY": 150_500_000}
    assert parse_amounts("0.000001 USD") == {"USD": 1}


@pytest.mark.parametrize("text", ["20", "USD 20", "20 USD, 30 USD", "-1 USD", "", "20 USD;", "1e3 USD", "20 DOLLAR"])
def test_an_amount_that_is_not_plain_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="currency"):
        parse_amounts(text)


def test_an_amount_reads_like_money() -> None:
    assert [said(micros, "USD") for micros in (500_000, 20_000_000, 71_250, 1_234_500_000)] == [
        "$0.50",
        "$20.00",
        "$0.07125",
        "$1,234.50",
    ]
    assert said(12_000_000, "EUR") == "EUR 12.00"


# What a job holds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "actual", "settled"),
    [
        (JobStatus.QUEUED, None, Settlement(Held.HELD, 500_000)),
        (JobStatus.UNKNOWN, None, Settlement(Held.HELD, 500_000)),
        (JobStatus.RUNNING, 600_000, Settlement(Held.HELD, 600_000)),
        (JobStatus.SAVING, 400_000, Settlement(Held.BILLED, 400_000)),
        (JobStatus.SUCCEEDED, 400_000, Settlement(Held.BILLED, 400_000)),
        (JobStatus.SUCCEEDED, None, Settlement(Held.BILLED, 500_000)),
        (JobStatus.FAILED, 0, Settlement(Held.RELEASED, 0)),
        (JobStatus.FAILED, 4_000, Settlement(Held.BILLED, 4_000)),
        (JobStatus.FAILED, None, Settlement(Held.HELD, 500_000)),
        (JobStatus.CANCELED, 0, Settlement(Held.RELEASED, 0)),
    ],
)
def test_a_job_holds_its_estimate_until_it_is_known_what_it_cost(
    status: JobStatus, actual: int | None, settled: Settlement
) -> None:
    assert settlement_of(ordered(status=status, actual_micros=actual)) == settled


async def test_what_is_held_becomes_what_was_billed_or_nothing(history: History) -> None:
    done, failed = await history.add(ordered(1)), await history.add(ordered(2))
    assert await used(history) == 1_000_000
    await history.change(done.id, status=JobStatus.SUCCEEDED, actual_micros=300_000, updated_at=NOON)
    await history.change(failed.id, status=JobStatus.FAILED, actual_micros=0, updated_at=NOON)
    assert await used(history) == 300_000
    assert await Spending(history.engine).today(person=None, demo=False, day=TODAY) == {"USD": 300_000}


async def test_a_task_that_is_taken_holds_what_it_held(history: History) -> None:
    job = await history.add(ordered())
    submission = await history.submissions.open(job, attempt=1, started_at=NOON)
    await history.submissions.take(submission, task_id="t", status=JobStatus.PENDING, updated_at=NOON)
    assert await used(history) == 500_000


async def test_a_work_taken_in_from_files_costs_nothing(history: History) -> None:
    await history.add(ordered(imported=True, status=JobStatus.SUCCEEDED))
    assert await used(history) == 0


# Caps ----------------------------------------------------------------------------------------------------------------


async def test_a_job_over_the_cap_is_not_written(url: str) -> None:
    async with History.open(url, caps=[a_cap(900_000)]) as history:
        kept = await history.add(ordered(1))
        with pytest.raises(OverCap, match=r"costs \$0.50, and only \$0.40 is left of .* \$0.90 a day") as refusal:
            await history.add(ordered(2))
        assert (refusal.value.left, refusal.value.currency) == (400_000, "USD")
        assert [job.id for job in await history.unfinished()] == [kept.id]
        await history.change(kept.id, status=JobStatus.FAILED, actual_micros=0, updated_at=NOON)
        await history.add(ordered(3))


async def test_what_costs_just_what_is_left_is_taken(url: str) -> None:
    async with History.open(url, caps=[a_cap(1_000_000)]) as history:
        await history.add(ordered(1))
        await history.add(ordered(2))
        with pytest.raises(OverCap, match="nothing is left"):
            await history.add(ordered(3))
        await history.add(ordered(4, estimated_micros=0))


@pytest.mark.parametrize(
    ("cap", "free"),
    [
        (a_cap(500_000), ordered(2, currency="CNY")),
        (a_cap(500_000), ordered(2, demo=True)),
        (a_cap(500_000), ordered(2, at=NOON + DAY_MS)),
        (a_cap(500_000, period=Period.MONTH), ordered(2, at=NOON + 40 * DAY_MS)),
        (a_cap(500_000, scope=Scope.PERSON), ordered(2, person="mei")),
        (a_cap(500_000, scope=Scope.PERSON, person="local"), ordered(2, person="mei")),
    ],
)
async def test_a_cap_counts_what_it_is_about_and_nothing_else(url: str, cap: Cap, free: Job) -> None:
    async with History.open(url, caps=[cap]) as history:
        await history.add(ordered(1))
        await history.add(free)
        with pytest.raises(OverCap):
            await history.add(ordered(3))


async def test_a_cap_in_all_counts_every_day(url: str) -> None:
    async with History.open(url, caps=[a_cap(900_000, period=Period.EVER)]) as history:
        await history.add(ordered(1, at=NOON - 400 * DAY_MS))
        with pytest.raises(OverCap, match="in all"):
            await history.add(ordered(2))


async def test_a_hundred_at_the_edge_overspend_nothing(url: str) -> None:
    async with History.open(url, caps=[a_cap(5_000_000, scope=Scope.PERSON)]) as history:
        answers = await asyncio.gather(*(history.add(ordered(n)) for n in range(100)), return_exceptions=True)
        assert sum(isinstance(answer, Job) for answer in answers) == 10
        assert sum(isinstance(answer, OverCap) for answer in answers) == 90
        assert await used(history) == 5_000_000


async def test_several_processes_at_the_edge_overspend_nothing(url: str) -> None:
    async with History.open(url) as history:
        await history.caps.put(scope=Scope.ALL, person=None, period=Period.DAY, currency="USD", micros=5_000_000)
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
            ends = [loop.run_in_executor(pool, add_many, url, first) for first in (0, 100, 200)]
            assert sum(await asyncio.gather(*ends)) == 10
        assert await used(history) == 5_000_000


def add_many(url: str, first: int) -> int:
    """In a process of its own: write 34 jobs at once; how many were taken."""

    async def add() -> int:
        async with History.open(url) as history:
            jobs = [history.add(ordered(first + number)) for number in range(34)]
            return sum(isinstance(answer, Job) for answer in await asyncio.gather(*jobs, return_exceptions=True))

    return asyncio.run(add())


async def test_the_caps_of_an_admin_are_kept_changed_and_dropped(history: History) -> None:
    async def put(micros: int, person: str | None = None) -> Cap:
        return await history.caps.put(
            scope=Scope.PERSON, person=person, period=Period.DAY, currency="USD", micros=micros
        )

    await put(1)
    general = await put(1_000_000)
    own = await put(2_000_000, "mei")
    assert {cap.id: (cap.person, cap.micros) for cap in await history.caps.all()} == {
        general.id: (None, 1_000_000),
        own.id: ("mei", 2_000_000),
    }
    (state,) = await history.caps.states(spender("mei"))
    assert (state.cap.id, state.left) == (own.id, 2_000_000)
    (state,) = await history.caps.states(spender("omar"))
    assert state.cap.id == general.id
    await history.caps.drop(own.id)
    with pytest.raises(NotFound):
        await history.caps.drop(own.id)


async def test_a_cap_of_the_settings_is_not_dropped(url: str) -> None:
    async with History.open(url, caps=[a_cap(1)]) as history:
        with pytest.raises(StudioError, match="setting"):
            await history.caps.drop("c")


async def test_a_cap_for_everybody_names_nobody(history: History) -> None:
    with pytest.raises(StudioError, match="nobody"):
        await history.caps.put(scope=Scope.ALL, person="mei", period=Period.DAY, currency="USD", micros=1)


def test_an_own_cap_replaces_the_one_for_each_but_never_one_of_the_settings() -> None:
    fixed = a_cap(1, id="fixed", scope=Scope.PERSON)
    each = a_cap(2, id="each", scope=Scope.PERSON, fixed=False)
    own = a_cap(3, id="own", scope=Scope.PERSON, person="mei", fixed=False)
    monthly = replace(each, id="monthly", period=Period.MONTH)
    everybody = a_cap(4, id="all", fixed=False)
    known = (fixed, each, own, monthly, everybody)
    assert [cap.id for cap in applying(known, person="mei")] == ["fixed", "own", "monthly", "all"]
    assert [cap.id for cap in applying(known, person="omar")] == ["fixed", "each", "monthly", "all"]


def test_of_several_caps_the_one_with_the_least_left_is_told() -> None:
    wide, tight = CapState(a_cap(10), used=6), CapState(a_cap(9, id="tight"), used=8)
    assert exceeded([wide, tight], 5) is tight
    assert exceeded([wide, tight], 1) is None
    assert exceeded([CapState(a_cap(1), used=5)], 0) is None
    assert CapState(a_cap(1), used=5).left == 0


def test_a_cap_reads_like_a_sentence() -> None:
    assert cap_words(a_cap(20_000_000)) == "the studio's cap of $20.00 a day for everybody"
    assert cap_words(a_cap(500_000, scope=Scope.PERSON, period=Period.EVER)) == "your cap of $0.50 in all"


def test_the_settings_name_caps() -> None:
    settings = Settings(studio_cap_person_day="20 USD, 150 CNY", studio_cap_ever="1000 USD")
    assert [(cap.scope, cap.period, cap.currency, cap.micros) for cap in fixed_caps(settings)] == [
        (Scope.PERSON, Period.DAY, "USD", 20_000_000),
        (Scope.PERSON, Period.DAY, "CNY", 150_000_000),
        (Scope.ALL, Period.EVER, "USD", 1_000_000_000),
    ]
    with pytest.raises(ValueError, match="currency"):
        Settings(studio_cap_day="twenty dollars")


# What was spent ------------------------------------------------------------------------------------------------------


async def fill(history: History) -> None:
    """Two people, two days, one of each kind."""
    done = {"status": JobStatus.SUCCEEDED, "finished_at": NOON}
    await history.add(ordered(1, person="mei", actual_micros=300_000, **done))
    await history.add(ordered(2, person="mei", model="b-model", at=NOON - DAY_MS, actual_micros=200_000, **done))
    await history.add(ordered(3, person="omar", actual_micros=700_000, currency="CNY", **done))
    await history.add(ordered(4, person="omar", status=JobStatus.RUNNING))
    await history.add(ordered(5, person="omar", status=JobStatus.FAILED, actual_micros=0))
    await history.add(ordered(6, person="omar", status=JobStatus.FAILED))
    await history.add(ordered(7, person="mei", demo=True, actual_micros=900_000, **done))


def span(**changes: object) -> Span:
    return replace(Span(person=None, demo=False, first=day_of(NOON - 5 * DAY_MS), last=TODAY), **changes)


async def test_spending_is_told_by_person_model_and_day(history: History) -> None:
    await fill(history)
    view = spend_view(await Spending(history.engine).spend(span()), CATALOGUE)
    assert view["totals"] == [
        {"currency": "USD", "spent": 0.5, "open": 0.5, "unsure": 0.5, "jobs": 5, "failed": 1},
        {"currency": "CNY", "spent": 0.7, "open": 0.0, "unsure": 0.0, "jobs": 1, "failed": 0},
    ]
    people = {(row["person"], row["currency"]): row["spent"] for row in view["by_person"]}  # type: ignore[attr-defined]
    assert people == {("mei", "USD"): 0.5, ("omar", "USD"): 0.0, ("omar", "CNY"): 0.7}
    models = {(row["model"], row["currency"]): row["spent"] for row in view["by_model"]}  # type: ignore[attr-defined]
    assert models == {("a-model", "USD"): 0.3, ("a-model", "CNY"): 0.7, ("b-model", "USD"): 0.2}
    days = [(row["day"], row["currency"], row["spent"]) for row in view["by_day"]]  # type: ignore[attr-defined]
    assert days == [(day_of(NOON - DAY_MS), "USD", 0.2), (TODAY, "CNY", 0.7), (TODAY, "USD", 0.3)]


async def test_what_failed_or_was_canceled_costs_nothing_and_what_is_unsure_stands_apart(
    history: History,
) -> None:
    await history.add(ordered(1, status=JobStatus.FAILED, actual_micros=0))
    await history.add(ordered(2, status=JobStatus.CANCELED, actual_micros=0))
    await history.add(ordered(3, status=JobStatus.FAILED))
    (total,) = (await Spending(history.engine).spend(span())).total
    assert (total.spent, total.open, total.unsure, total.jobs, total.failed) == (0, 0, 500_000, 3, 1)


def test_in_a_demo_a_refusal_says_that_nothing_is_billed() -> None:
    state = CapState(a_cap(500_000), used=400_000)
    assert "In the demo nothing is billed" in refusal(state, 500_000, demo=True)
    assert "demo" not in refusal(state, 500_000, demo=False)


async def test_a_person_sees_their_own_and_a_demo_is_apart(history: History) -> None:
    await fill(history)
    mine = await Spending(history.engine).spend(span(person="mei", first=TODAY))
    assert [(row.currency, row.spent) for row in mine.total] == [("USD", 300_000)]
    demo = await Spending(history.engine).spend(span(demo=True))
    assert [(row.currency, row.spent) for row in demo.total] == [("USD", 900_000)]


async def test_the_csv_has_every_job_and_no_formula(history: History) -> None:
    await fill(history)
    await history.add(ordered(8, person="=1+1"))
    text = "".join([lines async for lines in Spending(history.engine).csv(span())])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 7
    assert [row["billed"] for row in rows if row["person"] == "mei"] == ["0.200000", "0.300000"]
    assert [row["held"] for row in rows if row["state"] == "held"] == ["0.500000"] * 3
    assert [row["person"] for row in rows if "1+1" in row["person"]] == ["'=1+1"]


def test_a_span_is_named_by_days() -> None:
    today = date(2026, 11, 22)
    usual = span_of(None, None, today=today, person=None, demo=False)
    assert (usual.first, usual.last) == ("2026-10-24", "2026-11-22")
    own = span_of("2026-11-01", "2026-11-02", today=today, person="mei", demo=False)
    assert (own.first, own.last, own.person) == ("2026-11-01", "2026-11-02", "mei")


@pytest.mark.parametrize(("first", "last"), [("x", None), ("2026-11-23", "2026-11-22"), ("0001-01-01", None)])
def test_a_span_that_makes_no_sense_is_refused(first: str, last: str | None) -> None:
    with pytest.raises(NotFound):
        span_of(first, last, today=date(2026, 11, 22), person=None, demo=False)


def test_amounts_are_counted_to_the_millionth() -> None:
    assert to_micros(Decimal("0.0000005")) == 1
    assert to_micros(Decimal("0.1")) == 100_000
