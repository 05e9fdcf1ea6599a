"""A database that is lost, older, foreign or damaged takes no result with it; its files bring the works back."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalogue import CATALOGUE
from services.database.backups import make_copy
from services.database.jobs import History
from services.database.organize import BIN_DAYS
from services.domain.errors import StudioError
from services.domain.jobs import OUTPUT, Decision, Job, JobStatus, SubmissionState
from services.domain.people import EVERYONE, LOCAL, Person
from services.domain.search_query import Find
from services.gallery.adoption import Adopter, Adoption
from services.gallery.archive_notice import ArchiveNotice
from services.gallery.import_command import main as import_main
from services.gallery.organize import Organizer
from services.gallery.views import JobView, job_view
from services.media.metadata import recipe_of
from services.storage import archive_pairing, removed_files
from services.storage.archive import Archive
from services.storage.archive_id import read_mark
from services.storage.archive_pairing import Kind
from services.storage.cleanup import Cleanup
from services.storage.database_recovery import mend
from tests.rig.postgres import emptied
from tests.rig.treasure import LAST, LOSSES, Loss, give, make, pixels, results
from tests.rig.works import a_job

DAY = 86_400_000


@dataclass
class Place:
    """One home: its folder and its database."""

    home: Path
    url: str
    now: int = LAST
    looked_again: int = 0
    history: History = field(init=False)
    archive: Archive = field(init=False)
    janitor: Cleanup = field(init=False)
    adopter: Adopter = field(init=False)
    held: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.archive = Archive(self.home / "files")
        self.archive.prepare()

    @asynccontextmanager
    async def started(self) -> AsyncIterator[Place]:
        """As the studio starts: mended, opened, looked at."""
        mended = mend(self.url, self.home, self.archive.root, now=self.now)
        async with History.open(self.url) as self.history:
            self.held = await archive_pairing.begin(self.history, self.archive, mended, now=self.now)
            self.janitor = Cleanup(history=self.history, archive=self.archive, clock=lambda: self.now)
            self.adopter = Adopter(history=self.history, archive=self.archive, clock=lambda: self.now, demo=False)
            await archive_pairing.standing(self.history, self.archive)
            yield self
            await archive_pairing.note_sequence(self.history, self.archive)

    def keeper(self) -> ArchiveNotice:
        def look_again() -> None:
            self.looked_again += 1

        return ArchiveNotice(history=self.history, archive=self.archive, adopter=self.adopter, look_again=look_again)

    async def adopt(self) -> Adoption:
        adoption = await self.adopter.adopt(LOCAL)
        await archive_pairing.join(self.history, self.archive)
        return adoption

    async def clean(self) -> None:
        """Every way of cleaning up, on a day when every file is old enough."""
        for path in self.archive.root.rglob("*"):
            if path.is_file():
                os.utime(path, (self.now / 1000 - 90_000, self.now / 1000 - 90_000))
        await self.janitor.tidy()
        await self.janitor.sweep(LOCAL, dry_run=False)

    async def views(self) -> dict[str, JobView]:
        page = await self.history.page(Find(demo=False), limit=200)
        return {found.job.id: job_view(found, CATALOGUE) for found in page.items}


@pytest.fixture(params=["sqlite", "postgresql"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    home = tmp_path / "home"
    home.mkdir()
    if request.param == "sqlite":
        return Place(home, f"sqlite+aiosqlite:///{home / 'studio.db'}")
    return Place(home, await emptied(request.getfixturevalue("postgres_url")))


@pytest.fixture
def sqlite(tmp_path: Path) -> Place:
    home = tmp_path / "home"
    home.mkdir()
    return Place(home, f"sqlite+aiosqlite:///{home / 'studio.db'}")


async def lose(place: Place) -> None:
    """The database is gone as if it had never been."""
    if place.url.startswith("sqlite"):
        (place.home / "studio.db").unlink()
    else:
        await emptied(place.url.replace("+psycopg", ""))


def said(view: JobView) -> dict[str, Any]:
    """What the viewer shows of a work, less what no file knows: cost, account, ids of the provider."""
    names = ("family", "model", "region", "prompt", "parameters", "created_at", "status", "place", "safe")
    return {
        **{name: view[name] for name in names},
        "outputs": [{k: v for k, v in one.items() if k != "name"} for one in view["outputs"]],
        "inputs": view["inputs"],
    }


# Adoption ------------------------------------------------------------------------------------------------------------


async def test_all_works_come_back_as_they_were(place: Place) -> None:
    async with place.started():
        first, (made,) = await make(place.history, place.archive, 1)
        start = await give(place.archive, place.archive.path(made.key).read_bytes(), job=a_job(2), parent=made)
        second, _ = await make(place.history, place.archive, 2, outputs=3, inputs=(start,))
        before, files = await place.views(), results(place.archive.root)
    await lose(place)

    async with place.started():
        assert await place.views() == {}
        adoption = await place.adopt()

        assert (adoption.jobs, adoption.files, adoption.left_count) == (2, 4, 0)
        after = await place.views()
        assert {job_id: said(view) for job_id, view in after.items()} == {j: said(v) for j, v in before.items()}
        assert after[second.id]["inputs"][0]["parent_job"] == first.id
        assert [link.older for link in await place.history.lineage.above([second.id], person="local")] == [first.id]
        assert results(place.archive.root) == files
        assert (await archive_pairing.standing(place.history, place.archive)).settled
        again = await place.adopt()
        assert (again.jobs, again.files, await place.views()) == (0, 0, after)


async def test_pictures_of_results_and_of_given_files_are_made_again(place: Place) -> None:
    async with place.started():
        start = await give(place.archive, pixels(9), job=a_job(1))
        job, (made,) = await make(place.history, place.archive, 1, inputs=(start,))
    await lose(place)
    for key in (made.poster_key, made.thumbnail_key, start.thumbnail_key):
        (place.archive.root / str(key)).unlink()

    async with place.started():
        await place.adopt()
        for asset in (await place.history.with_assets(job.id, owner=EVERYONE)).assets:
            assert place.archive.path(str(asset.thumbnail_key)).stat().st_size > 0
            assert asset.role != OUTPUT or place.archive.path(str(asset.poster_key)).stat().st_size > 0


async def test_files_without_a_recipe_and_strange_ones_stay_and_what_can_be_shown_comes_back(place: Place) -> None:
    root = place.archive.root
    async with place.started():
        job, (made,) = await make(place.history, place.archive, 1)
    await lose(place)
    strange = {
        "results/My holiday/beach.png": pixels(50),
        "results/My holiday/notes.txt": b"words",
        f"results/{job.id} copy/1.png": (root / made.key).read_bytes(),
        "results/loose.png": pixels(51),
        "results/broken/1.mp4": b"\0\0\0\x08ftyp" * 9,
        "results/empty/1.png": b"",
        f"results/{a_job(7).id}/1.png": pixels(52),
        "results/.hidden/1.png": pixels(53),
        "results/Thumbs.db": b"x",
    }
    for key, data in strange.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(data)
    (root / "results/link").symlink_to(root / "inputs", target_is_directory=True)
    before = results(root)

    async with place.started():
        adoption = await place.adopt()
        await place.clean()

        views = await place.views()
        assert adoption.jobs == len(views) == 5
        assert {name for name, _ in adoption.left} == {
            "results/My holiday/notes.txt", "results/broken/1.mp4", "results/empty/1.png"
        }  # fmt: skip
        assert views[job.id]["outputs"][0]["id"] == made.id
        assert {one["family"] for one in views.values()} == {"text_to_video", "imported"}
        assert before.items() <= results(root).items()
        assert (await archive_pairing.standing(place.history, place.archive)).settled
        assert await place.adopt() is not None
        assert len(await place.views()) == 5


async def test_an_article_has_its_words_and_pictures_again(sqlite: Place) -> None:
    async with sqlite.started() as place:
        job, made = await make(place.history, place.archive, 1, outputs=2)
        text = f"# Foxes\n\nThey are red.\n\n![Picture 1]({made[0].name})\n\nThe end.\n\n![Picture 2]({made[1].name})\n"
        await place.archive.keep_article(text, job_id=job.id)
    await lose(place)
    async with place.started():
        await place.adopt()
        view = (await place.views())[job.id]
    assert view["article"] == [
        {"text": "# Foxes\n\nThey are red."},
        {"output": made[0].id},
        {"text": "The end."},
        {"output": made[1].id},
    ]
    assert [one["kind"] for one in view["outputs"]] == ["image", "image", "article"]


async def test_an_adoption_that_is_killed_goes_on(sqlite: Place) -> None:
    async with sqlite.started() as place:
        for number in range(1, 7):
            await make(place.history, place.archive, number)
        before = await place.views()
    await lose(place)

    class Killed(BaseException):
        """As if the process had ended."""

    def die(adoption: Adoption) -> None:
        if adoption.done == 3:
            raise Killed

    async with place.started():
        with pytest.raises(Killed):
            await place.adopter.adopt(LOCAL, progress=die)
    async with place.started():
        assert len(await place.views()) == 3
        assert not (await archive_pairing.standing(place.history, place.archive)).settled
        await asyncio.gather(place.adopt(), place.adopt())  # a page and a command at once
        assert (await place.views()).keys() == before.keys()


# What is cleaned up --------------------------------------------------------------------------------------------------


async def test_nothing_is_taken_away_as_long_as_database_and_files_are_apart(place: Place) -> None:
    async with place.started():
        start = await give(place.archive, pixels(9), job=a_job(1))
        await make(place.history, place.archive, 1, inputs=(start,))
    before = {path for path in place.archive.root.rglob("*.*") if path.suffix in (".png", ".jpg")}
    await lose(place)
    async with place.started():
        await place.clean()
        swept = await place.janitor.sweep(LOCAL, dry_run=False)
        assert (swept.count, swept.removed, bool(swept.held_back)) == (0, False, True)
        assert all(path.exists() for path in before)
        await place.adopt()
        await place.clean()
        assert all(path.exists() for path in before)
        assert (await place.janitor.sweep(LOCAL)).held_back is None


async def test_an_old_installation_gets_its_id_without_a_word(place: Place) -> None:
    async with History.open(place.url) as history:
        await make(history, place.archive, 1)
    assert read_mark(place.archive.root) is None
    async with place.started():
        mark = read_mark(place.archive.root)
        assert mark is not None
        assert mark.database == await place.history.facts.database_id()
        assert (await archive_pairing.standing(place.history, place.archive)).settled
        assert place.held == ()


async def test_what_cleaning_up_took_away_comes_back_with_its_work(place: Place) -> None:
    async with place.started():
        start = await give(place.archive, pixels(9), job=a_job(1))
        job, (made,) = await make(place.history, place.archive, 1, inputs=(start,))
        shelf = Organizer(history=place.history, announce=_nobody, clock=lambda: place.now)
        before, files = said((await place.views())[job.id]), results(place.archive.root)
        await shelf.discard(LOCAL, [job.id])
        place.now += (BIN_DAYS + 1) * DAY
        await place.clean()
        assert results(place.archive.root) == {}
        (day,) = removed_files.days_in(place.archive.root)
        assert (day.day, day.files) == (removed_files.day_of(place.now), 5)
        with pytest.raises(StudioError, match="admin"):
            await place.janitor.bring_back(Person("ann"), day.day)

        back = await place.janitor.bring_back(LOCAL, day.day)
        adoption = await place.keeper().bring_back(LOCAL, back.entries)

        assert (back.files, adoption.jobs) == (5, 1)
        assert results(place.archive.root) == files
        view = (await place.views())[job.id]
        assert {**said(view), "inputs": []} == {**before, "inputs": []}
        assert [one["id"] for one in view["inputs"]] == [start.id]
        assert view["outputs"][0]["id"] == made.id
        assert removed_files.days_in(place.archive.root) == ()


async def test_after_thirty_days_it_is_gone_and_what_a_person_empties_at_once(sqlite: Place) -> None:
    async with sqlite.started() as place:
        shelf = Organizer(history=place.history, announce=_nobody, clock=lambda: place.now)
        job, _ = await make(place.history, place.archive, 1)
        await shelf.discard(LOCAL, [job.id])
        assert (await place.janitor.empty(LOCAL)).bytes > 0
        assert (results(place.archive.root), removed_files.days_in(place.archive.root)) == ({}, ())
        orphan = place.archive.root / "inputs/ab/orphan.png"
        orphan.parent.mkdir(parents=True)
        orphan.write_bytes(b"12345")
        await place.clean()
        assert [(one.files, one.bytes) for one in removed_files.days_in(place.archive.root)] == [(1, 5)]
        place.now += 30 * DAY
        await place.janitor.tidy()
        assert removed_files.days_in(place.archive.root) != ()
        place.now += DAY
        await place.janitor.tidy()
        assert removed_files.days_in(place.archive.root) == ()


# Money ---------------------------------------------------------------------------------------------------------------


async def older_copy(place: Place, *, waiting: int) -> tuple[list[Job], Job]:
    """A database put back that is older than its archive: jobs that wait in it, and one that was made since."""
    async with place.started():
        await make(place.history, place.archive, 1)
        jobs = [
            await place.history.add(a_job(10 + number, status=status, actual_micros=None, finished_at=None))
            for number, status in zip(
                range(waiting), (JobStatus.QUEUED, JobStatus.UPLOADING, JobStatus.SUBMITTING, JobStatus.UNKNOWN),
                strict=False,
            )
        ]  # fmt: skip
        await place.history.submissions.open(jobs[2], attempt=1, started_at=jobs[2].created_at)
    database = place.home / "studio.db"
    shutil.copyfile(database, place.home / "older.db")
    async with place.started():
        # Since then one that waited was made, and the archive has it; nobody knows of the others.
        job = jobs[0]
        await make(place.history, place.archive, 99)
        await _saved(place, job)
    (place.home / "older.db").replace(database)
    return jobs, job


async def _saved(place: Place, job: Job) -> None:
    """The result of a job reaches the archive."""
    part = place.archive.incoming / "x.part"
    part.write_bytes(pixels(77))
    recipe = recipe_of(job, [], asset_id=f"{job.id}a")
    await place.archive.keep_picture(part, job_id=job.id, number=1, recipe=recipe)
    await place.history.change(job.id, status=JobStatus.SUCCEEDED)


async def test_jobs_of_an_older_database_wait_for_a_person_and_are_never_sent(sqlite: Place) -> None:
    jobs, saved = await older_copy(sqlite, waiting=4)
    async with sqlite.started() as place:
        assert set(place.held) == {job.id for job in jobs}
        for job in jobs:
            held = await place.history.job(job.id, owner=EVERYONE)
            assert (held.status, held.decision, held.dispatched_at) == (JobStatus.UNKNOWN, Decision.RESTORED, None)
            latest = await place.history.submissions.latest(job.id)
            assert latest is not None
            assert latest.state is SubmissionState.OPEN
            view = job_view(await place.history.with_assets(job.id, owner=EVERYONE), CATALOGUE)
            assert view["decision_wanted"]
        adoption = await place.adopt()
        assert adoption.jobs == 2
        mine = await place.history.with_assets(saved.id, owner=EVERYONE)
        assert (mine.job.status, len(mine.assets)) == (JobStatus.SUCCEEDED, 1)
        latest = await place.history.submissions.latest(saved.id)
        assert latest is not None
        assert latest.state is SubmissionState.TAKEN
        job = await place.history.add(a_job(20, status=JobStatus.QUEUED))
    async with place.started():
        assert place.held == (), "what was ordered since is sent as ever"
        assert (await place.history.job(job.id, owner=EVERYONE)).status is JobStatus.QUEUED


async def test_an_older_database_is_known_even_if_no_result_came_since(place: Place) -> None:
    if not place.url.startswith("sqlite"):
        async with place.started():
            await make(place.history, place.archive, 1)
            job = await place.history.add(a_job(2, status=JobStatus.QUEUED))
            mark = read_mark(place.archive.root)
            assert mark is not None
        ahead = replace(mark, sequence=mark.sequence + 40)
        archive_pairing.write_mark(place.archive.root, ahead)
    else:
        async with place.started():
            job = await place.history.add(a_job(2, status=JobStatus.QUEUED))
        shutil.copyfile(place.home / "studio.db", place.home / "older.db")
        async with place.started():
            await place.history.change(job.id, status=JobStatus.FAILED)
        (place.home / "older.db").replace(place.home / "studio.db")
    async with place.started():
        assert place.held == (job.id,)
        there = await archive_pairing.standing(place.history, place.archive)
        assert there.mishap is not None
        assert (there.mishap.kind, there.mishap.held, there.settled) == (Kind.OLDER, 1, False)
        notice = place.keeper()
        await notice.look()
        told = await notice.notice(LOCAL)
        assert told is not None
        assert "may have been ordered since" in " ".join(told["sentences"])
        assert await notice.notice(Person("ann")) is None


# Damage --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss.name not in ("nothing", "older", "foreign")])
async def test_a_damaged_database_is_set_aside_and_said(
    sqlite: Place, loss: Loss, capsys: pytest.CaptureFixture[str]
) -> None:
    async with sqlite.started() as place:
        await make(place.history, place.archive, 1)
    database = place.home / "studio.db"
    loss.happen(database, database, database)
    left = database.read_bytes() if database.exists() else None
    async with place.started():
        there = await archive_pairing.standing(place.history, place.archive)
        assert there.mishap is not None
        assert not there.settled
        if left is None:
            assert there.mishap.kind is Kind.MISSING
        else:
            assert there.mishap.kind is Kind.BEGUN_ANEW
            assert there.mishap.aside is not None
            assert there.mishap.aside.startswith("studio-damaged-2026-")
            assert (place.home / there.mishap.aside).read_bytes() == left
        assert len(capsys.readouterr().err.splitlines()) == 1
        await place.adopt()
        assert len(await place.views()) == 1
        assert (await archive_pairing.standing(place.history, place.archive)).settled


async def test_a_database_nobody_used_yet_may_have_no_bytes(sqlite: Place) -> None:
    (sqlite.home / "studio.db").touch()
    async with sqlite.started() as place:
        assert (await archive_pairing.standing(place.history, place.archive)).settled
    assert sorted(path.name for path in place.home.iterdir()) == ["files", "studio.db"]


async def test_a_damaged_engine_file_is_begun_anew(sqlite: Place, capsys: pytest.CaptureFixture[str]) -> None:
    async with sqlite.started():
        pass
    (sqlite.home / "engine.db").write_bytes(b"no database" * 1_000)
    async with sqlite.started() as place:
        assert (await archive_pairing.standing(place.history, place.archive)).settled
    assert not list(sqlite.home.glob("engine.db*"))
    assert len(list(sqlite.home.glob("engine-damaged-*.db"))) == 1
    assert "Nothing is lost" in capsys.readouterr().err


# Any loss, any files -------------------------------------------------------------------------------------------------

_DISTURBANCES = ("poster away", "result away", "stranger", "broken", "renamed folder", "mark away", "mark broken")


def disturb(root: Path, name: str, jobs: Sequence[Job]) -> None:
    folder = root / "results" / jobs[0].id
    match name:
        case "poster away":
            (folder / "1.poster.jpg").unlink(missing_ok=True)
        case "result away":
            (folder / "1.png").unlink(missing_ok=True)
        case "stranger":
            (root / "results/stranger").mkdir(exist_ok=True)
            (root / "results/stranger/1.png").write_bytes(pixels(1234))
        case "broken":
            (root / "results" / jobs[1].id / "1.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
        case "renamed folder":
            (root / "results" / jobs[2].id).rename(root / "results/renamed")
        case "mark away":
            (root / "database.json").unlink(missing_ok=True)
        case _:
            (root / "database.json").write_text("{half")


async def _play(folder: Path, loss: Loss, disturbances: frozenset[str], *, backup: bool) -> None:
    home = folder / "home"
    home.mkdir()
    place = Place(home, f"sqlite+aiosqlite:///{home / 'studio.db'}")
    elsewhere = Place(folder, f"sqlite+aiosqlite:///{folder / 'studio.db'}")
    async with elsewhere.started():
        await make(elsewhere.history, elsewhere.archive, 500)
    database = home / "studio.db"
    async with place.started():
        jobs = [(await make(place.history, place.archive, number))[0] for number in (1, 2)]
        older = make_copy(database, folder / "older", now=LAST).path
        jobs += [(await make(place.history, place.archive, number))[0] for number in (3, 4)]
    with closing(sqlite3.connect(older)) as copy, copy:
        copy.execute("DELETE FROM facts WHERE name = 'copied_at'")
    async with place.started():
        shelf = Organizer(history=place.history, announce=_nobody, clock=lambda: place.now)
        await shelf.discard(LOCAL, [jobs[3].id])
        await place.janitor.empty(LOCAL, [jobs[3].id])
        if backup:
            make_copy(database, home / "backups", now=LAST)
    loss.happen(database, older, folder / "studio.db")
    for name in sorted(disturbances):
        disturb(place.archive.root, name, jobs)
    before = results(place.archive.root)
    for _ in range(2):
        async with place.started():
            await place.clean()
            place.now += 40 * DAY
            await place.clean()
        assert results(place.archive.root) == before, "no result goes that nobody put into the bin"
    async with place.started():
        await place.adopt()
        await place.clean()
        assert before.items() <= results(place.archive.root).items()
        views = await place.views()
        for view in views.values():
            for output in view["outputs"]:
                asset = await place.history.asset(output["id"], owner=EVERYONE)
                if place.archive.root.joinpath(asset.key).exists():
                    assert asset.key in before
        whole = {job.id for job in jobs[:3]} - (
            {jobs[0].id} if "result away" in disturbances else set()
        ) - ({jobs[1].id} if "broken" in disturbances else set())  # fmt: skip
        assert whole <= views.keys()
        for job in jobs[:3]:
            if job.id in whole:
                assert (views[job.id]["prompt"], views[job.id]["outputs"][0]["kind"]) == (job.prompt, "image")


FEW, MANY = 6, int(os.environ.get("LOSS_EXAMPLES", "20"))
"""Losses: among the other tests, and as a proof."""


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.proof)])
def test_no_result_goes_whatever_happens_to_the_database(count: int) -> None:
    @settings(max_examples=count)
    @given(
        loss=st.sampled_from(LOSSES), disturbances=st.frozensets(st.sampled_from(_DISTURBANCES)), backup=st.booleans()
    )
    def lose(loss: Loss, disturbances: frozenset[str], backup: bool) -> None:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(asyncio.wait_for(_play(Path(folder), loss, disturbances, backup=backup), 120))

    lose()


# The command ---------------------------------------------------------------------------------------------------------


def test_the_command_takes_files_back_in_and_says_so(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(home))
    home.mkdir()
    place = Place(home, f"sqlite+aiosqlite:///{home / 'studio.db'}")

    async def prepare() -> None:
        async with place.started():
            await make(place.history, place.archive, 1)
        (home / "studio.db").unlink()

    asyncio.run(prepare())
    assert import_main(["--adopt"]) == 0
    assert "1 work is back, 1 file." in capsys.readouterr().out
    assert import_main(["--adopt"]) == 0
    assert "0 works are back" in capsys.readouterr().out
    assert json.loads((home / "files/database.json").read_text())["sequence"] > 0
    with pytest.raises(SystemExit):
        import_main([])
    with pytest.raises(SystemExit):
        import_main(["--adopt", str(home)])


async def _nobody(_job_id: str) -> None:
    """Nobody watches."""
