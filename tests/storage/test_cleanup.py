"""The janitor removes what nobody needs and nothing else, whatever happened before; the books outlive the bin."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.database.jobs import History
from services.database.organize import BIN_DAYS, Marks
from services.database.reservations import day_of
from services.domain.errors import NotFound, StudioError
from services.domain.jobs import Job, JobStatus, PrecheckState, SubmissionState
from services.domain.people import EVERYONE, LOCAL, Person
from services.domain.search_query import Find
from services.gallery.organize import Organizer
from services.money.spending import Spending
from services.storage import orphans
from services.storage.archive import Archive
from services.storage.cleanup import Cleanup
from tests.rig.works import BEGUN, a_job, add_work, an_input, an_output, write

HOUR, DAY = 3_600_000, 86_400_000


@dataclass
class House:
    """A folder, its database and its janitor, at a time that stands still until it is moved."""

    history: History
    archive: Archive
    now: int = BEGUN + DAY
    janitor: Cleanup = field(init=False)
    shelf: Organizer = field(init=False)

    def __post_init__(self) -> None:
        self.janitor = Cleanup(history=self.history, archive=self.archive, clock=lambda: self.now)
        self.shelf = Organizer(history=self.history, announce=_nobody, clock=lambda: self.now)

    def age(self, hours: float = 2) -> None:
        """Make every file look as if it had last been written some hours ago."""
        for path in self.files():
            moment = (self.now - hours * HOUR) / 1000
            os.utime(path, (moment, moment))

    def files(self) -> set[Path]:
        """All files but what says whose archive it is, and what was taken away."""
        found = {path for path in self.archive.root.rglob("*") if path.is_file()}
        return {path for path in found if path.parent != self.archive.root and self.removed not in path.parents}

    @property
    def removed(self) -> Path:
        return self.archive.root / "removed"

    def taken_away(self) -> set[str]:
        """What cleaning up took away, by the names that it had."""
        found = (path for path in self.removed.rglob("*") if path.is_file())
        return {"/".join(path.relative_to(self.removed).parts[1:]) for path in found}

    def names(self) -> set[str]:
        return {path.relative_to(self.archive.root).as_posix() for path in self.files()}


async def purged(house: House, number: int) -> Job:
    """A job that left the bin for good."""
    job = await add_work(house.history, house.archive, number)
    await house.shelf.discard(LOCAL, [job.id])
    await house.janitor.empty(LOCAL, [job.id])
    return job


async def _nobody(_job_id: str) -> None:
    """Nobody watches."""


@asynccontextmanager
async def a_house(folder: Path) -> AsyncIterator[House]:
    archive = Archive(folder / "files")
    archive.prepare()
    async with History.open(f"sqlite+aiosqlite:///{folder / 'studio.db'}") as history:
        yield House(history, archive)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as made:
        yield made


# The bin -------------------------------------------------------------------------------------------------------------


async def test_the_books_are_the_same_after_the_bin_is_emptied(house: House) -> None:
    job = await add_work(house.history, house.archive, given=b"a portrait")
    submission = await house.history.submissions.open(job, attempt=1, started_at=job.created_at)
    await house.history.submissions.take(submission, task_id="task-1")
    check, _ = await house.history.prechecks.begin(
        job, vendor_check="detect", sha256="0" * 64, micros=4_000, asked_at=job.created_at
    )
    await house.history.prechecks.settle(check, state=PrecheckState.PASSED, answered_at=job.created_at)
    day = day_of(job.created_at)
    spent = await Spending(house.history.engine).today(person=None, demo=False, day=day)
    await house.shelf.mark(LOCAL, [job.id], Marks(favourite=True, add_tags=("fox",)))
    await house.shelf.discard(LOCAL, [job.id])

    emptied = await house.janitor.empty(LOCAL)

    assert emptied.job_ids == (job.id,)
    assert await Spending(house.history.engine).today(person=None, demo=False, day=day) == spent == {"USD": 400_000}
    assert await house.history.prechecks.paid_by(job.id) == 4_000
    latest = await house.history.submissions.latest(job.id)
    assert latest is not None
    assert (latest.state, latest.task_id) == (SubmissionState.TAKEN, "task-1")
    left = await house.history.job(job.id, owner=EVERYONE)
    assert (left.prompt, dict(left.parameters), left.favourite, left.actual_micros) == ("", {}, False, 400_000)


async def test_what_left_the_bin_is_nowhere_to_be_found(house: House) -> None:
    job = await add_work(house.history, house.archive)
    asset = (await house.history.with_assets(job.id, owner=EVERYONE)).assets[0]
    made = await house.shelf.make_collection(LOCAL, "all")
    await house.shelf.mark(LOCAL, [job.id], Marks(add_tags=("fox",), add_to=(made.id,)))
    before = await house.history.sequence()
    await house.shelf.discard(LOCAL, [job.id])
    await house.janitor.empty(LOCAL, [job.id])
    for missing in (house.history.with_assets(job.id, owner=EVERYONE), house.history.asset(asset.id, owner=EVERYONE)):
        with pytest.raises(NotFound):
            await missing
    assert (await house.history.page(Find(deleted=True))).items == ()
    assert (await house.history.page(Find())).items == ()
    assert (
        await house.history.several([job.id], owner=EVERYONE)
        == await house.history.changed_since(before, owner=EVERYONE)
        == ()
    )
    assert (await house.shelf.restore(LOCAL, [job.id])).moved == ()
    assert await house.shelf.tags(LOCAL) == ()
    assert [one.count for one in await house.shelf.collections(LOCAL)] == [0]
    assert house.names() == set()


async def test_only_the_bin_is_emptied_and_only_by_whom_it_belongs_to(house: House) -> None:
    kept = await add_work(house.history, house.archive, 1, person="ann")
    anns = await add_work(house.history, house.archive, 2, person="ann")
    bobs = await add_work(house.history, house.archive, 3, person="bob")
    demo = await add_work(house.history, house.archive, 4, person="ann", demo=True)
    await house.shelf.discard(LOCAL, [anns.id, bobs.id, demo.id])
    assert (await house.janitor.empty(Person("ann"), [bobs.id, kept.id, "nobody"])).job_ids == ()
    assert (await house.janitor.empty(Person("ann"), demo=False)).job_ids == (anns.id,)
    assert {f"results/{job.id}/1.png" for job in (kept, bobs, demo)} <= house.names()


async def test_the_bin_is_emptied_by_itself_after_thirty_days(house: House) -> None:
    old = await add_work(house.history, house.archive, 1)
    await house.shelf.discard(LOCAL, [old.id])
    house.now += (BIN_DAYS - 1) * DAY
    young = await add_work(house.history, house.archive, 2)
    await house.shelf.discard(LOCAL, [young.id])
    await house.janitor.tidy()
    assert len((await house.history.page(Find(deleted=True))).items) == 2
    house.now += DAY + 1
    await house.janitor.tidy()
    page = await house.history.page(Find(deleted=True))
    assert [found.job.id for found in page.items] == [young.id]
    assert {key.split("/")[1] for key in house.names()} == {young.id}


async def test_a_file_that_another_job_uses_outlives_the_bin(house: House) -> None:
    one = await add_work(house.history, house.archive, 1, given=b"shared")
    two = await add_work(house.history, house.archive, 2, given=b"shared")
    house.age()
    await house.shelf.discard(LOCAL, [one.id])
    await house.janitor.empty(LOCAL)
    given = next(
        asset for asset in (await house.history.with_assets(two.id, owner=EVERYONE)).assets if asset.role == "image"
    )
    assert house.archive.path(given.key).read_bytes() == b"shared"
    assert given.thumbnail_key in house.names()
    await house.shelf.discard(LOCAL, [two.id])
    assert (await house.janitor.empty(LOCAL)).bytes > 0
    assert house.names() == set()


# Orphans -------------------------------------------------------------------------------------------------------------


async def test_a_dry_run_only_tells(house: House) -> None:
    job = await add_work(house.history, house.archive, given=b"given")
    gone = await purged(house, 2)
    for key in (f"results/{gone.id}/1.mp4", "inputs/ab/abc.png", "incoming/x-1.part", "incoming/notes.txt"):
        write(house.archive.root, key, b"12345")
    house.age(25)
    before = house.names()

    found = await house.janitor.sweep(LOCAL)

    assert house.names() == before
    assert (found.count, found.bytes, found.removed) == (3, 15, False)
    assert {(one.name, one.bytes, one.why) for one in found.files} == {
        (f"results/{gone.id}/1.mp4", 5, "No work uses it any more."),
        ("inputs/ab/abc.png", 5, "No work uses it any more."),
        ("incoming/x-1.part", 5, "It was never finished."),
    }
    done = await house.janitor.sweep(LOCAL, dry_run=False)
    assert (done.files, done.removed) == (found.files, True)
    assert before - house.names() == house.taken_away() == {one.name for one in found.files}
    assert not (house.archive.root / f"results/{gone.id}").exists()
    assert (await house.janitor.sweep(LOCAL)).count == 0
    assert house.archive.path(f"results/{job.id}/1.png").is_file()


async def test_young_files_and_those_of_unfinished_jobs_stay(house: House) -> None:
    saving = await house.history.add(a_job(1, status=JobStatus.SAVING))
    for key in (f"results/{saving.id}/1.mp4", f"incoming/{saving.id}-2.part"):
        write(house.archive.root, key, b"half")
    house.age(30)
    write(house.archive.root, "inputs/ab/abc.png", b"its row is on its way")
    path = house.archive.root / "inputs/ab/abc.png"
    os.utime(path, (house.now / 1000, house.now / 1000))
    assert (await house.janitor.sweep(LOCAL, dry_run=False)).count == 0
    assert len(house.names()) == 3


async def test_uploads_that_nobody_touched_for_a_week_go(house: House, tmp_path: Path) -> None:
    uploads, elsewhere = tmp_path / "uploads", tmp_path / "elsewhere.png"
    elsewhere.write_bytes(b"kept")
    for name, days in (("old/a.png", 8), ("young/b.png", 6), ("both/old.mp4", 8), ("both/young.mp4", 1)):
        path = uploads / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 10)
        moment = (house.now - days * DAY) / 1000
        os.utime(path, (moment, moment))
    read = uploads / "read" / "c.png"
    read.parent.mkdir()
    read.write_bytes(b"x")
    os.utime(read, ((house.now - DAY) / 1000, (house.now - 30 * DAY) / 1000))
    (uploads / "link.png").symlink_to(elsewhere)
    os.utime(elsewhere, (0, 0))
    janitor = Cleanup(
        history=house.history, archive=house.archive, passing=(uploads, tmp_path / "none"), clock=lambda: house.now
    )

    await janitor.tidy()

    left = {path.relative_to(uploads).as_posix() for path in uploads.rglob("*") if not path.is_symlink()}
    assert left == {"young", "young/b.png", "both", "both/young.mp4", "read", "read/c.png"}
    assert elsewhere.read_bytes() == b"kept"


async def test_only_an_admin_tidies_up(house: House) -> None:
    with pytest.raises(StudioError, match="admin"):
        await house.janitor.sweep(Person("ann"))


async def test_a_link_in_the_folder_is_neither_followed_nor_removed(house: House, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(outside, "precious.png", b"precious")
    (house.archive.root / "results/out").symlink_to(outside, target_is_directory=True)
    (house.archive.root / "results/one.png").symlink_to(outside / "precious.png")
    for path in outside.iterdir():
        os.utime(path, (0, 0))
    assert (await house.janitor.sweep(LOCAL, dry_run=False)).count == 0
    assert (outside / "precious.png").read_bytes() == b"precious"


async def test_a_file_given_again_while_it_is_being_removed_stays(house: House, tmp_path: Path) -> None:
    source = tmp_path / "given.wav"
    source.write_bytes(b"the same bytes")
    stored = await house.archive.keep_input(source, form="WAV")
    house.now = _now(house, stored.key)
    house.age()
    root = house.archive.root
    assert orphans.set_aside(root, [stored.key], before=house.now - HOUR) == [stored.key]
    again = await house.archive.keep_input(source, form="WAV")  # it is not there: a new one is written
    await house.janitor.sweep(LOCAL, dry_run=False)  # as after a crash: what was set aside is settled
    assert house.archive.path(again.key).read_bytes() == b"the same bytes"
    assert house.names() == {stored.key}


async def test_a_file_given_again_counts_as_new(house: House, tmp_path: Path) -> None:
    source = tmp_path / "given.wav"
    source.write_bytes(b"the same bytes")
    stored = await house.archive.keep_input(source, form="WAV")
    house.now = _now(house, stored.key)
    house.age()
    await house.archive.keep_input(source, form="WAV")
    assert (await house.janitor.sweep(LOCAL, dry_run=False)).count == 0


def _now(house: House, key: str) -> int:
    """The clock of the machine's own disk, which real files go by."""
    return (house.archive.root / key).stat().st_mtime_ns // 1_000_000


async def test_what_a_crash_left_aside_comes_back_if_it_is_needed(house: House) -> None:
    job = await add_work(house.history, house.archive, given=b"given")
    gone = await purged(house, 2)
    write(house.archive.root, f"results/{gone.id}/1.mp4", b"unneeded")
    house.age()
    before = house.names()
    orphans.set_aside(house.archive.root, sorted(before), before=None)
    assert not any(key.startswith("results/") for key in house.names())
    await house.janitor.sweep(LOCAL, dry_run=False)
    assert house.names() == before - {f"results/{gone.id}/1.mp4"}
    assert house.archive.path(f"results/{job.id}/1.png").read_bytes() == b"pixels 1"


async def test_many_files_are_listed_a_few_at_a_time_beside_other_work(house: House) -> None:
    for number in range(1_200):
        write(house.archive.root, f"inputs/{number // 10}/{number % 10}.png", b"x")
    house.age()
    turns = 0

    async def other_work() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    working = asyncio.create_task(other_work())
    try:
        found = await asyncio.wait_for(house.janitor.sweep(LOCAL, dry_run=False), 60)
    finally:
        working.cancel()
    assert found.count == 1_200
    assert len(found.files) == 1_000  # not all are named
    assert turns > 20
    assert house.names() == set()


async def test_it_works_once_a_day_and_survives_a_bad_day(house: House, caplog: pytest.LogCaptureFixture) -> None:
    pauses: list[float] = []
    write(house.archive.root, "inputs/ab/abc.png", b"x")
    house.age()
    cleaned = asyncio.Event()
    days = iter([RuntimeError("a bad day"), None])

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 2:
            cleaned.set()
            await asyncio.Event().wait()

    def clock() -> int:
        trouble = next(days, None)
        if trouble is not None:
            raise trouble
        return house.now

    janitor = Cleanup(history=house.history, archive=house.archive, clock=clock, sleep=sleep)
    async with janitor.working():
        await asyncio.wait_for(cleaned.wait(), 20)
    assert pauses == [600, 86_400, 86_400]
    assert house.names() == set()
    assert "failed, continuing" in caplog.text


# Against a model -----------------------------------------------------------------------------------------------------

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["make", "begin", "finish", "discard", "restore", "empty", "litter", "wait", "month", "sweep"]),
        st.integers(0, 5),
    ),
    max_size=14,
)


@dataclass
class Model:
    """What must be there, by plain sets."""

    jobs: dict[str, dict[str, str]] = field(default_factory=dict)
    """The hash of each file of each job that somebody can still reach."""
    binned: dict[str, int] = field(default_factory=dict)
    unfinished: set[str] = field(default_factory=set)
    purged: set[str] = field(default_factory=set)
    """The files of jobs that left the bin for good."""


class Play:
    """Does a step in the house and in the model."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.model = Model()
        self.number = 0

    async def step(self, name: str, choice: int) -> None:
        await getattr(self, f"_{name}")(choice)
        self.check()

    def check(self) -> None:
        for job_id, files in self.model.jobs.items():
            for key, digest in files.items():
                data = (self.house.archive.root / key).read_bytes()
                assert hashlib.sha256(data).hexdigest() == digest, f"{key} of {job_id} is another one"

    def _stamp(self, *keys: str) -> None:
        """The disk's clock is the play's."""
        for key in keys:
            os.utime(self.house.archive.root / key, (self.house.now / 1000, self.house.now / 1000))

    async def _add(self, choice: int, status: JobStatus) -> Job:
        self.number += 1
        archive = self.house.archive
        job = a_job(self.number, status=status, created_at=self.house.now)
        files = [an_output(job, archive, f"pixels {self.number}".encode()), an_input(job, archive, b"given" * choice)]
        await self.house.history.add(job, files)
        keys = [key for one in files for key in (one.key, one.poster_key, one.thumbnail_key) if key]
        self._stamp(*keys)
        digests = {key: hashlib.sha256((archive.root / key).read_bytes()).hexdigest() for key in keys}
        self.model.jobs[job.id] = digests
        return job

    async def _make(self, choice: int) -> None:
        await self._add(choice, JobStatus.SUCCEEDED)

    async def _begin(self, choice: int) -> None:
        job = await self._add(choice, JobStatus.SAVING)
        key = f"results/{job.id}/2.png"
        write(self.house.archive.root, key, b"its row is not written yet")
        self._stamp(key)
        self.model.jobs[job.id][key] = hashlib.sha256(b"its row is not written yet").hexdigest()
        self.model.unfinished.add(job.id)

    async def _finish(self, choice: int) -> None:
        if not self.model.unfinished:
            return
        job_id = sorted(self.model.unfinished)[choice % len(self.model.unfinished)]
        await self.house.history.change(job_id, status=JobStatus.FAILED)
        self.model.unfinished.remove(job_id)  # what its row does not name is a result all the same, and stays

    def _some(self, choice: int) -> list[str]:
        return [job_id for number, job_id in enumerate(self.model.jobs) if number % 6 <= choice]

    async def _discard(self, choice: int) -> None:
        for job_id in (await self.house.shelf.discard(LOCAL, self._some(choice))).moved:
            assert job_id not in self.model.unfinished
            self.model.binned[job_id] = self.house.now

    async def _restore(self, choice: int) -> None:
        for job_id in (await self.house.shelf.restore(LOCAL, self._some(choice))).moved:
            del self.model.binned[job_id]

    async def _empty(self, choice: int) -> None:
        emptied = await self.house.janitor.empty(LOCAL, None if choice > 3 else self._some(choice))
        assert set(emptied.job_ids) <= self.model.binned.keys()
        self._forget(emptied.job_ids)

    def _forget(self, job_ids: tuple[str, ...]) -> None:
        for job_id in job_ids:
            del self.model.binned[job_id]
            self.model.purged |= self.model.jobs.pop(job_id).keys()

    async def _litter(self, choice: int) -> None:
        folder = ("inputs/cd", "inputs/ab", "incoming")[choice % 3]
        key = f"{folder}/{choice}.part"
        write(self.house.archive.root, key, b"litter")
        self._stamp(key)

    async def _wait(self, choice: int) -> None:
        self.house.now += choice * 20 * 60_000

    async def _month(self, _choice: int) -> None:
        self.house.now += 31 * DAY

    async def _sweep(self, _choice: int) -> None:
        due = tuple(job_id for job_id, at in self.model.binned.items() if at < self.house.now - BIN_DAYS * DAY)
        listed = {one.name for one in (await self.house.janitor.sweep(LOCAL)).files}
        before = self.house.names()
        await self.house.janitor.tidy()
        assert listed <= before - self.house.names()  # what the dry run told is what goes
        for key in (key for key in self.house.taken_away() if key.startswith("results/")):
            assert key in self.model.purged or any(key.startswith(f"results/{job_id}/") for job_id in due), key
        self._forget(due)
        needed = {key for files in self.model.jobs.values() for key in files}
        for key in self.house.names() - needed:
            written = (self.house.archive.root / key).stat().st_mtime_ns // 1_000_000
            grace = DAY if key.startswith("incoming/") else HOUR
            assert written >= self.house.now - grace, f"{key} is nobody's and stayed"


@settings(max_examples=int(os.environ.get("JANITOR_EXAMPLES", "25")))
@given(steps=_STEPS)
def test_no_file_that_is_needed_ever_goes_and_no_orphan_stays(steps: list[tuple[str, int]]) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with a_house(Path(folder)) as house:
                game = Play(house)
                for name, choice in [*steps, ("sweep", 0)]:
                    await game.step(name, choice)

    asyncio.run(asyncio.wait_for(play(), 60))
