"""Changes reach everyone who watches, and nobody who lags holds anybody up."""

from __future__ import annotations

import asyncio

from services.jobs.events import Change, Event, Events, Signal


def a_change(number: int) -> Change:
    return Change(sequence=number, job=b"{}")


async def test_everyone_who_watches_gets_every_message() -> None:
    events = Events()

    async def first_two() -> list[Event]:
        stream = events.watch()
        got = [await anext(stream), await anext(stream)]
        await stream.aclose()
        return got

    watchers = [asyncio.create_task(first_two()) for _ in range(3)]
    while events.watchers < 3:
        await asyncio.sleep(0)
    events.publish(a_change(1))
    events.publish(a_change(2))
    assert await asyncio.gather(*watchers) == [[a_change(1), a_change(2)]] * 3
    assert events.watchers == 0


async def test_a_watcher_that_lags_is_told_to_look_again() -> None:
    events = Events()
    stream = events.watch()
    waiting = asyncio.ensure_future(anext(stream))
    while not events.watchers:
        await asyncio.sleep(0)
    for number in range(200):
        events.publish(a_change(number))
    got = [await waiting]
    while got[-1] != a_change(199):
        got.append(await anext(stream))
    await stream.aclose()
    assert Signal.LOOK_AGAIN in got
    assert len(got) < 150


async def test_silence_is_filled_so_that_a_broken_line_is_noticed() -> None:
    stream = Events().watch(idle_seconds=0.01)
    assert await anext(stream) is Signal.IDLE
    await stream.aclose()


async def test_closing_ends_every_stream() -> None:
    events = Events()

    async def all_of() -> list[Event]:
        return [message async for message in events.watch()]

    watcher = asyncio.create_task(all_of())
    while not events.watchers:
        await asyncio.sleep(0)
    events.close()
    assert await watcher == []
