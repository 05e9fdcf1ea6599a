"""People keep order among what is theirs: marks, tags, collections, the bin and its way back. On both databases."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from services.catalogue import CATALOGUE
from services.database.jobs import History
from services.database.organize import MOST_TAGS, Marks
from services.domain.errors import NotFound, StudioError
from services.domain.jobs import JobStatus
from services.domain.people import EVERYONE, LOCAL, Person
from services.domain.search_query import Find
from services.gallery.organize import MOST_JOBS, Kept, Organizer, tag_name
from services.gallery.search_syntax import parse_query
from services.gallery.views import job_view
from services.storage.archive import Archive
from services.storage.usage import Usage
from tests.rig.postgres import emptied
from tests.rig.works import BEGUN, a_job, add_many, add_work, an_input, an_output

ANN, BOB = Person("ann"), Person("bob")


@dataclass
class Desk:
    """A shelf with its database, and who was told what."""

    history: History
    archive: Archive
    shelf: Organizer
    told: list[str] = field(default_factory=list)
    looks: list[int] = field(default_factory=list)

    async def found(self, words: str, *, person: str | None = None, deleted: bool = False) -> set[str]:
        page = await self.history.page(Find(person=person, query=parse_query(words), deleted=deleted), limit=200)
        return {found.job.id for found in page.items}


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}"
    return await emptied(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def desk(url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    archive = Archive(tmp_path / "files")
    archive.prepare()
    told: list[str] = []
    looks: list[int] = []

    async def announce(job_id: str) -> None:
        told.append(job_id)

    async with History.open(url) as history:
        shelf = Organizer(
            history=history, announce=announce, look_again=lambda: looks.append(1), clock=lambda: BEGUN + 90_000_000
        )
        yield Desk(history, archive, shelf, told, looks)


# Marks and tags ------------------------------------------------------------------------------------------------------


async def test_a_name_of_nothing_but_accents_keeps_nobody_waiting(desk: Desk) -> None:
    name = "a" + "\u0300\u0345" * 30_000
    began = time.process_time()
    with pytest.raises(StudioError, match="too long"):
        await desk.shelf.mark(LOCAL, ["x"], Marks(add_tags=(name,)))
    with pytest.raises(StudioError, match="too long"):
        await desk.shelf.make_collection(LOCAL, name)
    page = await desk.history.page(Find(collection=name, family=name))
    assert page.items == ()
    assert time.process_time() - began < 1


async def test_marks_are_kept_found_told_and_counted_as_changes(desk: Desk) -> None:
    jobs = [await add_work(desk.history, desk.archive, number) for number in range(3)]
    before = await desk.history.sequence()
    chosen = [jobs[2].id, jobs[0].id]

    found = await desk.shelf.mark(LOCAL, chosen, Marks(favourite=True, rating=4, add_tags=("Winter  Fox",)))

    assert [one.job.id for one in found] == chosen
    assert [(one.job.favourite, one.job.rating, one.tags) for one in found] == [(True, 4, ("winter fox",))] * 2
    assert (
        await desk.found("fav") == await desk.found("rating>=4") == await desk.found('tag:"Winter Fox"') == set(chosen)
    )
    assert desk.told == [job_id for job_id in desk.told if job_id in chosen]
    assert len(desk.told) == 2
    changed = await desk.history.changed_since(before, owner=EVERYONE)
    assert {one.job.id for one in changed} == set(chosen)
    assert len({one.job.sequence for one in changed}) == 2  # one number each, so that none is passed over


async def test_marks_are_taken_away_again(desk: Desk) -> None:
    job = await add_work(desk.history, desk.archive)
    await desk.shelf.mark(LOCAL, [job.id], Marks(favourite=True, rating=5, add_tags=("a", "b")))
    (found,) = await desk.shelf.mark(LOCAL, [job.id], Marks(favourite=False, rating=0, remove_tags=("A",)))
    assert (found.job.favourite, found.job.rating, found.tags) == (False, 0, ("b",))
    assert await desk.found("fav") == await desk.found("tag:a") == set()
    assert await desk.found("tag:b") == {job.id}


async def test_what_is_anothers_or_unknown_is_passed_over(desk: Desk) -> None:
    mine = await add_work(desk.history, desk.archive, 1, person="ann")
    theirs = await add_work(desk.history, desk.archive, 2, person="bob")
    found = await desk.shelf.mark(ANN, [theirs.id, "nobody", mine.id], Marks(rating=3))
    assert [one.job.id for one in found] == [mine.id]
    assert (await desk.history.job(theirs.id, owner=EVERYONE)).rating == 0


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a,b", '"quoted"', "...", "\x00"])
def test_a_tag_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(StudioError):
        tag_name(name)


def test_a_tag_is_kept_in_small_letters_and_one_line() -> None:
    assert tag_name("  Winter\n\u200bFox ") == "winter fox"
    assert tag_name("狐狸") == "狐狸"


async def test_a_rating_has_five_stars_at_most(desk: Desk) -> None:
    job = await add_work(desk.history, desk.archive)
    for rating in (-1, 6):
        with pytest.raises(StudioError, match="from 1 to 5"):
            await desk.shelf.mark(LOCAL, [job.id], Marks(rating=rating))


async def test_a_job_does_not_get_tags_without_end(desk: Desk) -> None:
    job = await add_work(desk.history, desk.archive)
    await desk.shelf.mark(LOCAL, [job.id], Marks(add_tags=tuple(f"tag {n}" for n in range(MOST_TAGS))))
    with pytest.raises(StudioError, match="Take some away"):
        await desk.shelf.mark(LOCAL, [job.id], Marks(add_tags=("one more",)))
    assert len((await desk.history.with_assets(job.id, owner=EVERYONE)).tags) == MOST_TAGS


async def test_tags_are_counted_for_whoever_asks_without_the_bin(desk: Desk) -> None:
    one, two, binned = [await add_work(desk.history, desk.archive, n, person="ann") for n in range(3)]
    other = await add_work(desk.history, desk.archive, 4, person="bob")
    for job in (one, two, binned, other):
        await desk.shelf.mark(LOCAL, [job.id], Marks(add_tags=("fox",)))
    await desk.shelf.mark(ANN, [two.id], Marks(add_tags=("狐狸",)))
    await desk.shelf.discard(ANN, [binned.id])
    assert [(tag.name, tag.count) for tag in await desk.shelf.tags(ANN)] == [("fox", 2), ("狐狸", 1)]
    assert next((tag.name, tag.count) for tag in await desk.shelf.tags(LOCAL)) == ("fox", 3)


async def test_a_thousand_at_once_hold_nobody_up(desk: Desk, url: str) -> None:
    jobs = [a_job(number) for number in range(MOST_JOBS)]
    await add_many(url, jobs)
    ids = [job.id for job in reversed(jobs)]
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()  # the loop's own work: others may be busy beside the test
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    gc.collect()
    gc.freeze()  # what the whole run of tests has heaped up is not looked through in between
    watching = asyncio.create_task(watch())
    try:
        found = await asyncio.wait_for(desk.shelf.mark(LOCAL, ids, Marks(favourite=True, add_tags=("all",))), 60)
    finally:
        watching.cancel()
        gc.unfreeze()
    assert [one.job.id for one in found] == ids
    assert (desk.told, desk.looks) == ([], [1])  # not a thousand messages
    assert longest < 0.05
    with pytest.raises(StudioError, match="too many"):
        await desk.shelf.mark(LOCAL, [*ids, "one more"], Marks(rating=1))


# Collections ---------------------------------------------------------------------------------------------------------


async def test_a_collection_is_made_filled_found_renamed_and_dropped(desk: Desk) -> None:
    job = await add_work(desk.history, desk.archive, 1, person="ann")
    made = await desk.shelf.make_collection(ANN, "  For   print ")
    assert made.name == "For print"
    (found,) = await desk.shelf.mark(ANN, [job.id], Marks(add_to=(made.id,)))
    assert found.collections == (made.id,)
    assert await desk.found('in:"for print"', person="ann") == {job.id}
    assert [(one.name, one.count) for one in await desk.shelf.collections(ANN)] == [("For print", 1)]

    assert (await desk.shelf.rename_collection(ANN, made.id, "Posters")).name == "Posters"
    await desk.shelf.drop_collection(ANN, made.id)

    assert await desk.shelf.collections(ANN) == ()
    assert (await desk.history.with_assets(job.id, owner=EVERYONE)).collections == ()
    assert desk.told[-1] == job.id


async def test_a_large_collection_is_dropped_in_turns(desk: Desk, url: str) -> None:
    jobs = [a_job(number) for number in range(230)]
    await add_many(url, jobs)
    made = await desk.shelf.make_collection(LOCAL, "all")
    await desk.shelf.mark(LOCAL, [job.id for job in jobs], Marks(add_to=(made.id,)))
    await desk.shelf.drop_collection(LOCAL, made.id)
    assert await desk.shelf.collections(LOCAL) == ()
    assert len(desk.looks) == 2


async def test_a_name_is_taken_once_for_each_person(desk: Desk) -> None:
    made = await desk.shelf.make_collection(ANN, "Cats")
    with pytest.raises(StudioError, match="already"):
        await desk.shelf.make_collection(ANN, "cats")
    await desk.shelf.make_collection(BOB, "Cats")
    assert (await desk.shelf.rename_collection(ANN, made.id, "CATS")).name == "CATS"  # its own name is free
    for name in ("", "   ", "x" * 81, "a, b"):
        with pytest.raises(StudioError):
            await desk.shelf.make_collection(ANN, name)


async def test_anothers_collection_is_not_there(desk: Desk) -> None:
    job = await add_work(desk.history, desk.archive, 1, person="bob")
    made = await desk.shelf.make_collection(ANN, "Cats")
    assert await desk.shelf.collections(BOB) == ()
    with pytest.raises(NotFound):
        await desk.shelf.mark(BOB, [job.id], Marks(add_to=(made.id,)))
    with pytest.raises(NotFound):
        await desk.shelf.rename_collection(BOB, made.id, "Mine")
    with pytest.raises(NotFound):
        await desk.shelf.drop_collection(BOB, made.id)
    assert [one.name for one in await desk.shelf.collections(LOCAL)] == ["Cats"]  # an admin sees all


# The bin -------------------------------------------------------------------------------------------------------------


async def test_what_is_in_the_bin_comes_back_as_it_was(desk: Desk) -> None:
    job = await add_work(desk.history, desk.archive, given=b"a given file")
    await desk.shelf.mark(LOCAL, [job.id], Marks(favourite=True, rating=2, add_tags=("fox",)))
    whole = await desk.history.with_assets(job.id, owner=EVERYONE)
    bytes_before = {path: path.read_bytes() for path in desk.archive.root.rglob("*") if path.is_file()}

    assert (await desk.shelf.discard(LOCAL, [job.id])).moved == (job.id,)
    assert await desk.found("fox") == set()
    assert await desk.found("fox", deleted=True) == {job.id}
    assert job_view(await desk.history.with_assets(job.id, owner=EVERYONE), CATALOGUE)["deleted_at"] is not None
    assert (await desk.shelf.restore(LOCAL, [job.id])).moved == (job.id,)

    back = await desk.history.with_assets(job.id, owner=EVERYONE)
    same = {"sequence": whole.job.sequence, "updated_at": whole.job.updated_at}
    assert (replace(back.job, **same), back.assets, back.tags) == (whole.job, whole.assets, whole.tags)
    assert await desk.found("fox fav tag:fox") == {job.id}
    assert {path: path.read_bytes() for path in desk.archive.root.rglob("*") if path.is_file()} == bytes_before


async def test_what_is_not_done_stays_and_is_told(desk: Desk) -> None:
    waiting = await desk.history.add(a_job(1, status=JobStatus.PENDING))
    running = await desk.history.add(a_job(2, status=JobStatus.RUNNING))
    failed = await desk.history.add(a_job(3, status=JobStatus.FAILED))
    receipt = await desk.shelf.discard(LOCAL, [running.id, "nobody", failed.id, waiting.id])
    assert receipt.moved == (failed.id,)
    assert receipt.kept == (
        Kept(running.id, "It is being made just now and paid for: delete it when it is done."),
        Kept("nobody", "It is not here any more."),
        Kept(waiting.id, "It is not done yet: cancel it first."),
    )
    again = await desk.shelf.discard(LOCAL, [failed.id])
    assert (again.moved, again.kept[0].why) == ((), "It is in the bin already.")
    assert (await desk.shelf.restore(LOCAL, [running.id])).kept == (Kept(running.id, "It is not in the bin."),)


async def test_nobody_deletes_or_restores_what_is_anothers(desk: Desk) -> None:
    job = await add_work(desk.history, desk.archive, person="ann")
    assert (await desk.shelf.discard(BOB, [job.id])).kept == (Kept(job.id, "It is not here any more."),)
    await desk.shelf.discard(ANN, [job.id])
    assert (await desk.shelf.restore(BOB, [job.id])).moved == ()
    assert await desk.found("", person="ann", deleted=True) == {job.id}


# The disk ------------------------------------------------------------------------------------------------------------


async def test_the_disk_is_told_by_family_and_month_each_file_once(desk: Desk) -> None:
    month = 31 * 86_400_000
    for number, changes in enumerate(
        [{"family": "generate_image"}, {}, {"created_at": BEGUN - month}, {"person": "bob"}], start=1
    ):
        job = a_job(number, **{"person": "ann", **changes})
        files = [an_output(job, desk.archive, b"x" * 10 * number), an_input(job, desk.archive, b"shared by all")]
        await desk.history.add(job, files)
    binned = await add_work(desk.history, desk.archive, 5, given=b"shared by all", person="ann")
    await desk.shelf.discard(ANN, [binned.id])
    disk = Usage(history=desk.history, archive=desk.archive, catalogue=CATALOGUE)

    use = await disk.use(ANN)

    label = next(family.label for family in CATALOGUE.families if family.id == "text_to_video")
    assert [(one.family, one.bytes) for one in use.families] == [("text_to_video", 50), ("generate_image", 10)]
    assert use.families[0].label == label
    assert [month.bytes for month in use.families[0].months] == [30, 20]
    assert use.families[0].months[0].month < use.families[0].months[1].month
    assert (use.bin, use.inputs) == (len(b"pixels 5"), len(b"shared by all"))
    assert 0 < use.free <= use.total
    assert sum(one.bytes for one in (await disk.use(LOCAL)).families) == 100


def test_hashes_of_the_rig_are_those_of_its_files(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    asset = an_output(a_job(), archive, b"abc")
    assert hashlib.sha256(archive.path(asset.key).read_bytes()).hexdigest() == asset.sha256
