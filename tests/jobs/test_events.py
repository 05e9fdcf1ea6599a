"""Changes reach everyone who watches, and nobody who lags holds anybody up."""

from __future__ import annotations

import asyncio

from services.jobs.events import Events


async def test_everyone_who_watches_gets_every_message() -> None:
    events = Events()

    async def first_two() -> list[bytes]:
        stream = events.watch(idle=b"idle")
        got = [await anext(stream), await anext(stream)]
        await stream.aclose()
        return got

    watchers = [asyncio.create_task(first_two()) for _ in range(3)]
    while events.watchers < 3:
        await asyncio.sleep(0)
    events.publish(b"1", look_again=b"again")
    events.publish(b"2", look_again=b"again")
    assert await asyncio.gather(*watchers) == [[b"1", b"2"]] * 3
    assert events.watchers == 0


async def test_a_watcher_that_lags_is_told_to_look_again() -> None:
    events = Events()
    stream = events.watch(idle=b"idle")
    waiting = asyncio.ensure_future(anext(stream))
    while not events.watchers:
        await asyncio.sleep(0)
    for number in range(200):
        events.publish(str(number).encode(), look_again=b"again")
    got = [await waiting]
    while got[-1] != b"199":
        got.append(await anext(stream))
    await stream.aclose()
    assert b"again" in got
    assert len(got) < 150


async def test_silence_is_filled_so_that_a_broken_line_is_noticed() -> None:
    stream = Events().watch(idle=b"idle", idle_seconds=0.01)
    assert await anext(stream) == b"idle"
    await stream.aclose()


async def test_closing_ends_every_stream() -> None:
    events = Events()

    async def all_of() -> list[bytes]:
        return [message async for message in events.watch(idle=b"idle")]

    watcher = asyncio.create_task(all_of())
    while not events.watchers:
        await asyncio.sleep(0)
    events.close()
    assert await watcher == []
