"""`python app.py` on a full files folder whose database is lost or damaged: nothing goes, one press brings it back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.catalogue import CATALOGUE
from services.database.backups import make_copy
from services.domain.jobs import JobStatus
from services.simulator import Simulator, serve
from tests.gallery.test_adoption import Place
from tests.rig.calling import call
from tests.rig.studio import ENDED, KEY, StudioProcess, quick_artist
from tests.rig.treasure import LAST, make, results
from tests.rig.works import a_job

OWN = {"X-Studio": "1"}


def until(good: Callable[[], Any], *, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        found = good()
        if found:
            return found
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)


def prepared(home: Path, *, copy: bool = False) -> tuple[dict[str, str], str]:
    """A home with three works in it, and with `copy` one of its database in which a fourth waits to be sent."""
    home.mkdir()
    place = Place(home, f"sqlite+aiosqlite:///{home / 'studio.db'}")
    waiting = a_job(9, status=JobStatus.QUEUED, model="wan2.6-t2v", vendor_model="wan2.6-t2v", finished_at=None)

    async def prepare() -> None:
        async with place.started():
            await make(place.history, place.archive, 1)
            await make(place.history, place.archive, 2, outputs=2)
            await place.history.add(waiting)
            if copy:
                make_copy(home / "studio.db", home / "backups", now=LAST)
            await make(place.history, place.archive, 3)

    asyncio.run(prepare())
    return dict(results(home / "files")), waiting.id


def test_a_lost_database_takes_nothing_with_it_and_one_press_brings_all_back(home: Path, free_port: int) -> None:
    before, _ = prepared(home)
    (home / "studio.db").unlink()
    # Works show outside the demo only, and nothing is ordered here.
    studio = StudioProcess(home, free_port, DASHSCOPE_API_KEY=KEY, DASHSCOPE_BASE_URL="http://127.0.0.1:9/api/v1")
    try:
        studio.start()
        assert studio.jobs() == []
        with httpx.Client(base_url=studio.url, timeout=30) as client:
            notice = client.get("/studio/summary").json()["archive"]
            assert (notice["unknown"], notice["press"]) == (3, "Take the files back in")
            assert notice["heading"] == "The database was missing, and a new one was begun."
            swept = client.post("/studio/janitor", json={"dry_run": False}, headers=OWN).json()
            assert (swept["count"], swept["removed"]) == (0, False)
            assert swept["held_back"]
            assert client.post("/studio/archive/adopt").status_code == 409, "another site cannot press it"
            client.post("/studio/archive/adopt", headers=OWN).raise_for_status()
            told = until(lambda: (v := client.get("/studio/archive").json())["outcome"] and v)
            assert told == {"notice": None, "outcome": {"sentence": "3 works are back, 4 files.", "left": []}}
            works = studio.jobs()
            assert [work["prompt"] for work in works] == [f"a red fox, take {number}" for number in (3, 2, 1)]
            for work in works:
                for output in work["outputs"]:  # type: ignore[attr-defined]  # JSON
                    for name in ("url", "poster_url", "thumbnail_url"):
                        assert client.get(output[name]).status_code == 200
            assert client.get("/studio/summary").json()["archive"] is None
        studio.stop()
        studio.start()
        assert len(studio.jobs()) == 3
    finally:
        studio.stop()
    assert results(home / "files") == before
    assert "the database is missing" in studio.log().lower()


@pytest.mark.timeout(240)
async def test_a_damaged_database_is_replaced_and_nothing_is_bought_by_itself(
    home: Path, tmp_path: Path, free_port: int
) -> None:
    before, waiting = await asyncio.to_thread(prepared, home, copy=True)
    (home / "studio.db").write_bytes(b"\0" * 9_000 + b"damaged")
    (home / "engine.db").write_bytes(b"damaged" * 900)
    (tmp_path / "vendor").mkdir()
    simulator = Simulator(CATALOGUE, home=tmp_path / "vendor", speed=100, artist=quick_artist())
    async with serve(simulator) as origin:
        studio = StudioProcess(home, free_port, DASHSCOPE_API_KEY=KEY, DASHSCOPE_BASE_URL=f"{origin}/singapore/api/v1")
        try:
            await asyncio.to_thread(studio.start)
            works = {work["id"]: work for work in await asyncio.to_thread(studio.jobs)}
            assert len(works) == 3
            assert (works[waiting]["status"], works[waiting]["decision_wanted"]) == ("unknown", True)
            async with httpx.AsyncClient(base_url=studio.url, timeout=30, headers=OWN) as client:
                notice = (await client.get("/studio/summary")).json()["archive"]
                assert notice["heading"] == "The database was put back from a copy."
                assert "1 work may have been ordered since" in " ".join(notice["sentences"])
                # Another order goes its way meanwhile: the held one has no lane, and is not sent.
                await call(client, "text_to_video", prompt="a new one", model="wan2.6-t2v", duration=2)
                await asyncio.to_thread(
                    until, lambda: [w for w in studio.jobs() if w["prompt"] == "a new one" and w["status"] in ENDED]
                )
                canceled = await client.post(f"/studio/jobs/{waiting}/cancel")
                assert canceled.json()["status"] == "canceled"
                await client.post("/studio/archive/adopt")
                await asyncio.to_thread(until, lambda: len(studio.jobs()) == 5)
        finally:
            await asyncio.to_thread(studio.stop)
    assert [create.body["input"]["prompt"] for create in simulator.creates] == ["a new one"]  # type: ignore[index]  # JSON
    assert before.items() <= results(home / "files").items()
    assert [path.name for path in home.glob("studio-damaged-*.db")]
    assert [path.name for path in home.glob("engine-damaged-*.db")]
    assert "is damaged" in studio.log()
