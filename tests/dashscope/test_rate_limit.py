"""Never more than twenty task calls in any second, and nobody overtakes."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dashscope import QueryBudget
from tests.rig.dashscope import Time


@settings(max_examples=60, deadline=None)
@given(
    pauses=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.03, 0.05, 0.4, 1.0, 7.3]), min_size=1, max_size=150),
    start=st.floats(0, 1e7),
)
def test_no_second_ever_sees_more_than_twenty(pauses: list[float], start: float) -> None:
    time = Time()
    time.now = start
    granted: list[float] = []

    async def run() -> None:
        budget = QueryBudget(clock=time, sleep=time.sleep)
        for pause in pauses:
            time.now += pause
            async with budget.turn():
                granted.append(time.now)

    asyncio.run(run())
    for moment in granted:
        assert sum(moment <= other <= moment + 1 for other in granted) <= 20


async def test_a_quiet_minute_saves_nothing_up() -> None:
    time = Time()
    budget = QueryBudget(clock=time, sleep=time.sleep)
    async with budget.turn():
        pass
    time.now += 60
    begun = time.now
    for _ in range(3):
        async with budget.turn():
            pass
    assert time.now - begun == pytest.approx(2 * 1.05 / 20)


async def test_turns_come_in_the_order_of_asking() -> None:
    time = Time()
    budget = QueryBudget(clock=time, sleep=time.sleep)
    order: list[int] = []

    async def ask(number: int) -> None:
        async with budget.turn():
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(ask(number) for number in range(100)))
    assert order == list(range(100))


async def test_at_most_twenty_hold_a_turn_at_once() -> None:
    time = Time()
    budget = QueryBudget(clock=time, sleep=time.sleep)
    release = asyncio.Event()
    holding = 0

    async def hold() -> None:
        nonlocal holding
        async with budget.turn():
            holding += 1
            await release.wait()

    async with asyncio.TaskGroup() as group:
        for _ in range(30):
            group.create_task(hold())
        for _ in range(200):
            await asyncio.sleep(0)
        assert holding == 20
        release.set()
    assert holding == 30


async def test_who_gives_up_waiting_takes_no_turn() -> None:
    time = Time()
    woken = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await woken.wait()
        time.now += seconds

    budget = QueryBudget(clock=time, sleep=sleep)

    async def ask() -> float:
        async with budget.turn():
            return time.now

    await ask()
    impatient, patient = asyncio.ensure_future(ask()), asyncio.ensure_future(ask())
    await asyncio.sleep(0.01)
    impatient.cancel()
    await asyncio.sleep(0.01)
    woken.set()
    assert await patient == pytest.approx(1.05 / 20)
    assert impatient.cancelled()
