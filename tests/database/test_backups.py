"""The daily copies of the database: made while it is used, checked, seven of them; and put back when it is damaged."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.database.backups import (
    KEPT,
    OUR_TABLES,
    Backups,
    CopyFailed,
    copied_at,
    copies_in,
    finish,
    make_copy,
    newest_good,
    put_back,
)
from services.database.corruption import damage_of
from services.domain.jobs import Decision, JobStatus
from services.domain.people import EVERYONE
from services.storage import archive_pairing
from services.storage.archive_pairing import Kind
from tests.gallery.test_adoption import Place
from tests.rig.treasure import LAST, LOSSES, Loss, make
from tests.rig.works import a_job

DAY = 86_400_000


@pytest.fixture
def place(home: Path) -> Place:
    home.mkdir()
    return Place(home, f"sqlite+aiosqlite:///{home / 'studio.db'}")


@dataclass
class Watch:
    """Backups of a place on days that the test chooses."""

    place: Place
    settled: bool = True
    now: int = LAST
    told: list[str | None] = field(default_factory=list)

    def backups(self) -> Backups:
        return Backups(
            self.place.home / "studio.db",
            self.place.home / "backups",
            settled=lambda: self.settled,
            told=self.told.append,
            clock=lambda: self.now,
        )

    def days(self) -> list[str]:
        return [copy.day for copy in copies_in(self.place.home / "backups")]


async def test_a_copy_is_whole_while_somebody_writes_and_says_when_it_was_made(place: Place) -> None:
    async with place.started():
        done = asyncio.Event()

        async def write() -> None:
            number = 0
            while not done.is_set():
                number += 1
                await place.history.add(a_job(number, status=JobStatus.FAILED))

        writing = asyncio.create_task(write())
        try:
            copy = await asyncio.to_thread(make_copy, place.home / "studio.db", place.home / "backups", now=LAST)
        finally:
            done.set()
            await writing
    assert damage_of(copy.path, tables=OUR_TABLES) is None
    assert copied_at(copy.path) == LAST
    assert copied_at(place.home / "studio.db") is None
    assert copy.path.stat().st_mode & 0o077 == 0
    assert [path.name for path in (place.home / "backups").iterdir()] == [copy.path.name]


async def test_there_is_one_copy_a_day_and_seven_stay_unless_something_is_wrong(place: Place) -> None:
    watch = Watch(place)
    async with place.started():
        backups = watch.backups()
        for _ in range(KEPT + 3):
            assert await backups.look() is not None
            assert await backups.look() is None
            watch.now += DAY
        assert len(watch.days()) == KEPT
        watch.settled = False
        await backups.look()
        assert len(watch.days()) == KEPT + 1, "older copies are what may be needed"
    assert set(watch.told) == {None}


async def test_a_database_that_is_damaged_makes_no_copy_and_admins_are_told(place: Place) -> None:
    async with place.started():
        await make(place.history, place.archive, 1)
    watch = Watch(place)
    good = await watch.backups().look()
    assert good is not None
    (damage,) = [loss for loss in LOSSES if loss.name == "damaged pages"]
    damage.happen(place.home / "studio.db", place.home, place.home)
    watch.now += DAY
    assert await watch.backups().look() is None
    assert [sentence for sentence in watch.told if sentence]
    assert watch.days() == [good.day]
    with pytest.raises(CopyFailed):
        make_copy(place.home / "studio.db", place.home / "backups", now=watch.now)


@pytest.mark.parametrize(
    "loss",
    [loss for loss in LOSSES if loss.name not in ("nothing", "lost", "older", "foreign")],
    ids=lambda one: one.name,
)
async def test_a_damaged_database_is_replaced_by_its_newest_good_copy(
    place: Place, loss: Loss, capsys: pytest.CaptureFixture[str]
) -> None:
    database, backups = place.home / "studio.db", place.home / "backups"
    async with place.started():
        first, _ = await make(place.history, place.archive, 1)
        waiting = await place.history.add(a_job(2, status=JobStatus.QUEUED))
        make_copy(database, backups, now=LAST)
        second, _ = await make(place.history, place.archive, 3)
    make_copy(database, backups, now=LAST + DAY).path.write_bytes(b"this copy is damaged too")
    loss.happen(database, database, database)
    async with place.started():
        there = await archive_pairing.standing(place.history, place.archive)
        assert there.mishap is not None
        assert (there.mishap.kind, there.mishap.copied_at, there.mishap.held) == (Kind.RESTORED, LAST, 1)
        assert there.unknown == 1
        assert list(place.home.glob("studio-damaged-*.db"))
        assert (await place.history.job(waiting.id, owner=EVERYONE)).decision is Decision.RESTORED
        await place.adopt()
        assert {first.id, second.id} <= (await place.views()).keys()
        assert (await archive_pairing.standing(place.history, place.archive)).settled
        assert copied_at(database) is None
    assert "the copy of 2026-" in capsys.readouterr().err
    async with place.started():
        assert place.held == ()


async def test_a_copy_that_was_put_back_by_hand_is_known_as_one(place: Place) -> None:
    database = place.home / "studio.db"
    async with place.started():
        waiting = await place.history.add(a_job(2, status=JobStatus.QUEUED))
        copy = make_copy(database, place.home / "backups", now=LAST)
    shutil.copyfile(copy.path, database)
    async with place.started():
        assert place.held == (waiting.id,)


@pytest.mark.parametrize("moves", [0, 1, 2])
async def test_putting_back_that_is_killed_is_finished_at_the_next_start(
    place: Place, moves: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = place.home / "studio.db"
    async with place.started():
        job, _ = await make(place.history, place.archive, 1)
        copy = make_copy(database, place.home / "backups", now=LAST)
    database.write_bytes(b"damaged" * 2_000)
    done = 0
    replace = Path.replace

    def dying(self: Path, target: Path) -> Path:
        nonlocal done
        if done == moves:
            raise KeyboardInterrupt
        done += 1
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dying)
        with pytest.raises(KeyboardInterrupt):
            put_back(copy, database, now=LAST, why="damaged")
    async with place.started():
        assert job.id in await place.views()
        there = await archive_pairing.standing(place.history, place.archive)
        assert there.mishap is not None
        assert there.mishap.kind is Kind.RESTORED
    assert not finish(database)


def test_only_whole_copies_count(tmp_path: Path) -> None:
    for name in ("studio-2026-11-01.db", "studio-2026-13-01.db", "studio-notes.db", "other.db"):
        (tmp_path / name).write_bytes(b"")
    assert [copy.day for copy in copies_in(tmp_path)] == ["2026-11-01"]
    assert newest_good(tmp_path) is None
