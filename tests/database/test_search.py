"""Search and pages against a plain model of them, on both databases, with whatever may happen in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import create_async_engine

from services.database import search_index, tables
from services.database.jobs import History
from services.domain.errors import NotFound
from services.domain.jobs import Asset, Job, JobStatus, JobWithAssets, Page
from services.domain.people import EVERYONE
from services.domain.search_query import Find
from services.gallery.search_syntax import parse_query
from tests.database.test_jobs import a_job, an_asset

KINDS = ["sqlite", "postgresql"]
"""Which database; the fixture below gives a clean one of it."""


@dataclass
class Place:
    """A database of one kind, emptied whenever it is opened."""

    kind: str
    server: str

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[History]:
        """A history without jobs."""
        if self.kind == "sqlite":
            with TemporaryDirectory() as folder:
                async with History.open(f"sqlite+aiosqlite:///{Path(folder) / 'studio.db'}") as history:
                    yield history
            return
        async with History.open(self.server) as history:
            engine = create_async_engine(self.server)
            async with engine.begin() as connection:
                for table in reversed(tables.metadata.sorted_tables):
                    if table.name not in ("counters", "schema_versions"):
                        await connection.execute(table.delete())
                await connection.execute(sa.text("DELETE FROM job_words"))
            await engine.dispose()
            yield history


@pytest.fixture(params=KINDS, scope="module")
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "sqlite":
        return Place("sqlite", "")
    url = str(request.getfixturevalue("postgres_url"))
    return Place("postgresql", url.replace("postgresql://", "postgresql+psycopg://"))


@pytest.fixture
async def history(place: Place) -> AsyncIterator[History]:
    async with place.opened() as opened:
        yield opened


def mine(text: str = "", **more: object) -> Find:
    return replace(Find(person="local", demo=False, query=parse_query(text)), **more)


async def prompts(history: History, find: Find) -> list[str]:
    return [found.job.prompt for found in (await history.page(find)).items]


# Words ---------------------------------------------------------------------------------------------------------------


async def test_words_are_found_in_prompt_rewritten_prompt_and_tags(history: History) -> None:
    one = await history.add(a_job(1, prompt="a red fox"))
    two = await history.add(a_job(2, prompt="一只红色的狐狸"))
    await history.change(two.id, rewritten_prompt="Snow falls on the fox's den", updated_at=5)
    await order(history, "INSERT INTO tags (job_id, name) VALUES (:job, 'Wild life')", job=one.id)
    assert await prompts(history, mine("fox")) == ["一只红色的狐狸", "a red fox"]
    assert await prompts(history, mine("wild")) == ["a red fox"]
    assert await prompts(history, mine("SNOW 狐狸")) == ["一只红色的狐狸"]
    assert await prompts(history, mine("色的 -snow")) == []


async def order(history: History, statement: str, *, job: str, **values: object) -> None:
    """Put a job in order, as the shelf does."""
    async with history.engine.begin() as connection:
        await connection.execute(sa.text(statement), {"job": job, **values})
        await search_index.reindex(connection, [job])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("狐狸", True),
        ("狐", True),
        ("红色狐狸", False),
        ('"红色的狐狸"', True),
        ('"色的狐"', True),
        ('"狐狸红色"', False),
        ("cine", True),
        ("ci", False),
        ("CINÉMA", True),
        ('"on the"', True),
        ('"the on"', False),
        ('"cinema on the wall 一"', True),
        ('"wall two"', False),
        ("wall -one", True),
        ("-wall", False),
        ('-"the on"', True),
        ("16:9", True),
        ("9:16:1", False),
        ("' OR 1=1 --", False),
        ('fox" AND NOT "', False),
        ("NEAR(wall cinema)", False),
        ("wall*", True),
        ("words:wall", False),
    ],
)
async def test_what_is_found_in_a_prompt(history: History, text: str, found: bool) -> None:
    await history.add(a_job(1, prompt="Cinéma on the wall, 一只红色的狐狸, 16:9", rewritten_prompt="two"))
    assert len(await prompts(history, mine(text))) == found


# Filters -------------------------------------------------------------------------------------------------------------


async def test_every_filter_finds_what_it_says(history: History) -> None:
    one = a_job(1, prompt="five", status=JobStatus.SUCCEEDED)
    await history.add(one, [clip(one, 5.04)])
    two = await history.add(
        a_job(2, prompt="eight", status=JobStatus.RUNNING, rating=4, model="b", vendor_model="b-us")
    )
    await history.change(two.id, files=[clip(two, 8.2)], actual_micros=2_000_000, favourite=True, updated_at=4)
    three = a_job(3, prompt="none", status=JobStatus.FAILED, family="edit", imported=True)
    await history.add(three, [replace(clip(three, 0), kind="image", name="Ferien_am Meer 0042.PNG")])
    await order(history, "INSERT INTO tags VALUES (:job, 'Für Ann')", job=two.id)
    await order(history, "INSERT INTO collections VALUES ('c', 'local', 'For Print', 1)", job=two.id)
    await order(history, "INSERT INTO collection_jobs VALUES ('c', :job, 1)", job=two.id)
    wanted = {
        "seconds>5": ["eight"], "seconds:5": ["five"], "seconds<=5": ["five"], "seconds>=5": ["eight", "five"],
        "-seconds>5": ["none", "five"], "seconds:4-9": ["eight", "five"], "seconds>8.1": ["eight"], "seconds<5": [],
        "cost<1": ["none", "five"], "cost>=2": ["eight"], "cost:0.5": ["none", "five"], "cost>2": [],
        "rating>3": ["eight"], "rating:0": ["none", "five"], "rating<=4": ["none", "eight", "five"],
        "kind:video": ["eight", "five"], "kind:picture": ["none"], "-kind:clip": ["none"], "kind:sound,photo": ["none"],
        "meer 0042": ["none"], '"ferien am meer"': ["none"], "meer fav": [],
        "fav": ["eight"], "-fav": ["none", "five"], "is:imported": ["none"],
        "status:done": ["five"], "status:running": ["eight"], "status:pending": [], "-status:running": ["none", "five"],
        "status:running,failed": ["none", "eight"], "-status:running,failed": ["five"], "status:active": ["eight"],
        "family:edit": ["none"], "-family:edit": ["eight", "five"], "model:b": ["eight"], "model:b-us": ["eight"],
        'tag:"für ANN"': ["eight"], "-tag:x": ["none", "eight", "five"], "by:LOCAL": ["none", "eight", "five"],
        "by:ann": [], 'in:"for print"': ["eight"], "in:c": ["eight"], "-in:c": ["none", "five"],
        "before:1970-01-02": ["none", "eight", "five"], "before:1970": [], "after:1971": [], "on:1970 fav": ["eight"],
    }  # fmt: skip
    found = {text: await prompts(history, mine(text)) for text in wanted}
    assert found == wanted


def clip(job: Job, seconds: float) -> Asset:
    return replace(an_asset(job), job_id=job.id, seconds=seconds)


async def test_a_collection_that_is_not_there_is_told_and_nobody_else_s_is_seen(history: History) -> None:
    job = await history.add(a_job(1))
    await order(history, "INSERT INTO collections VALUES ('c', 'ann', 'Print', 1)", job=job.id)
    await order(history, "INSERT INTO collection_jobs VALUES ('c', :job, 1)", job=job.id)
    page = await history.page(mine("in:print"))
    assert (page.items, page.remarks) == ((), ("There is no collection called “print”.",))


async def test_everybody_sees_their_own_and_the_bin_apart(history: History) -> None:
    for person in ("ann", "bob"):
        for demo in (True, False):
            for deleted in (None, 7):
                prompt = f"fox {person} {demo} {deleted}"
                await history.add(a_job(1, person=person, demo=demo, prompt=prompt, deleted_at=deleted))
    for query in ("", "fox"):
        words = parse_query(query)
        assert await prompts(history, Find(person="ann", demo=False, query=words)) == ["fox ann False None"]
        assert await prompts(history, Find(person="bob", demo=True, query=words, deleted=True)) == ["fox bob True 7"]
        everybody = await prompts(history, Find(demo=False, query=words))
        assert sorted(everybody) == ["fox ann False None", "fox bob False None"]


async def test_what_is_in_the_bin_is_looked_for_there(history: History) -> None:
    job = await history.add(a_job(1, prompt="fox"))
    await history.change(job.id, deleted_at=9, updated_at=9)
    assert await prompts(history, mine("fox")) == []
    assert await prompts(history, mine("fox", deleted=True)) == ["fox"]
    await history.change(job.id, deleted_at=None, updated_at=10)
    assert await prompts(history, mine("fox")) == ["fox"]


# Pages against a model -----------------------------------------------------------------------------------------------

WORDS = ("red fox", "a foxglove", "狐狸", "红色的狐狸", "snow", "Snow on the fox")
JOBS = st.builds(
    dict,
    number=st.integers(0, 40),
    prompt=st.sampled_from(WORDS),
    favourite=st.booleans(),
    rating=st.integers(0, 5),
    status=st.sampled_from([JobStatus.SUCCEEDED, JobStatus.RUNNING, JobStatus.SAVING, JobStatus.FAILED]),
    estimated_micros=st.sampled_from([0, 500_000, 1_000_000, 1_200_000]),
    seconds=st.sampled_from([None, 4.2, 5.0, 8.0]),
    person=st.sampled_from(["local", "local", "ann"]),
    deleted_at=st.sampled_from([None, None, None, 5]),
)
FITS: dict[str, Callable[[Job], bool]] = {
    "": lambda job: True,
    "fox": lambda job: "fox" in job.prompt,
    "snow fox": lambda job: job.prompt == "Snow on the fox",
    "狐狸": lambda job: "狐狸" in job.prompt,
    "色": lambda job: "色" in job.prompt,
    '"red fox"': lambda job: job.prompt == "red fox",
    "-snow": lambda job: "snow" not in job.prompt.lower(),
    "fav": lambda job: job.favourite,
    "-fav": lambda job: not job.favourite,
    "rating>=3": lambda job: job.rating >= 3,
    "rating<3 fox": lambda job: job.rating < 3 and "fox" in job.prompt,
    "fox fav": lambda job: job.favourite and "fox" in job.prompt,
    "zebra": lambda job: False,
    "status:done": lambda job: job.status is JobStatus.SUCCEEDED,
    "status:running": lambda job: job.status is JobStatus.RUNNING,
    "-status:failed fox": lambda job: job.status is not JobStatus.FAILED and "fox" in job.prompt,
    "cost<1": lambda job: job.estimated_micros < 1_000_000,
    "-cost>1 fox": lambda job: job.estimated_micros <= 1_000_000 and "fox" in job.prompt,
    "seconds>5": lambda job: (job.seconds or 0) > 5,
    "seconds:5 fox": lambda job: job.seconds == 5 and "fox" in job.prompt,
}


def made(traits: dict[str, object]) -> Job:
    return a_job(**traits)  # type: ignore[arg-type]  # as drawn above


def of_model(jobs: list[Job], query: str) -> list[str]:
    """The ids that fit, newest first."""
    own = [job for job in jobs if job.person == "local" and job.deleted_at is None and FITS[query](job)]
    return [job.id for job in sorted(own, key=lambda job: job.place, reverse=True)]


def ids(page: Page) -> list[str]:
    return [found.job.id for found in page.items]


async def all_down(history: History, find: Find, limit: int) -> list[str]:
    seen: list[str] = []
    cursor = None
    while True:
        page = await history.page(find, cursor=cursor, limit=limit)
        assert (page.previous_cursor is None) == (cursor is None)
        seen += ids(page)
        cursor = page.next_cursor
        if cursor is None:
            return seen


async def all_up(history: History, find: Find, limit: int) -> list[str]:
    """From the oldest up, page by page."""
    seen: list[str] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = await history.page(find, cursor=cursor, newer=True, limit=limit)
        seen = ids(page) + seen
        cursor = page.previous_cursor
    return seen


@settings(max_examples=10)
@given(
    drawn=st.lists(JOBS, max_size=14),
    queries=st.lists(st.sampled_from(sorted(FITS)), max_size=6),
    limit=st.integers(1, 5),
)
async def test_every_search_and_page_is_as_a_plain_look_through_all_jobs(
    place: Place, drawn: list[dict[str, object]], queries: list[str], limit: int
) -> None:
    async with place.opened() as history:
        jobs = [await history.add(a_job(**traits)) for traits in drawn]  # type: ignore[arg-type]  # as drawn above
        for query in queries:
            wanted = of_model(jobs, query)
            assert await all_down(history, mine(query), limit) == wanted
            assert await all_up(history, mine(query), limit) == wanted
            for job in jobs[:3]:
                page = await history.around(mine(query), job.place, limit=limit)
                newer = [one for one in wanted if place_of_id(jobs, one) > job.place]
                rest = wanted[len(newer) :]
                half = limit // 2
                assert ids(page) == newer[len(newer) - min(half, len(newer)) :] + rest[: limit - half]
                assert (page.previous_cursor is not None) == (len(newer) > half)
                assert (page.next_cursor is not None) == (len(rest) > limit - half)


def place_of_id(jobs: list[Job], job_id: str) -> int:
    return next(job.place for job in jobs if job.id == job_id)


@settings(max_examples=10)
@given(
    before=st.lists(st.integers(0, 30), min_size=1, max_size=12),
    meanwhile=st.lists(st.integers(0, 40), max_size=12),
    steps=st.lists(st.integers(0, 3), max_size=12),
    limit=st.integers(1, 4),
    query=st.sampled_from(["", "clip"]),
)
async def test_jobs_that_come_while_paging_make_no_page_repeat_or_skip(
    place: Place, before: list[int], meanwhile: list[int], steps: list[int], limit: int, query: str
) -> None:
    """New jobs may be older than those on the page: imported ones are."""
    async with place.opened() as history:
        there = [await history.add(a_job(number)) for number in before]
        coming, pace = iter(meanwhile), iter(steps)
        added: set[str] = set()
        seen: list[Job] = []
        cursor: str | None = None
        while True:
            page = await history.page(mine(query), cursor=cursor, limit=limit)
            seen += [found.job for found in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            for number in [next(coming, None) for _ in range(next(pace, 1))]:
                if number is not None:
                    added.add((await history.add(a_job(number))).id)
        places = [job.place for job in seen]
        assert places == sorted(set(places), reverse=True)
        assert {job.id for job in there} <= {job.id for job in seen} <= {job.id for job in there} | added


async def test_paging_holds_while_others_really_write_at_the_same_time(history: History) -> None:
    there = {(await history.add(a_job(number))).id for number in range(40)}

    async def write() -> None:
        for number in range(20, 60, 2):
            await history.add(a_job(number))

    _, down, up = await asyncio.gather(write(), all_down(history, mine(), 3), all_up(history, mine("clip"), 3))
    for seen in (down, up):
        assert len(seen) == len(set(seen))
        assert there <= set(seen)


# Places --------------------------------------------------------------------------------------------------------------


async def test_jobs_of_one_moment_have_places_of_their_own(history: History) -> None:
    same = "0" * 12 + "a"
    one = await history.add(a_job(1, id=same))
    two = await history.add(a_job(1, id="another", created_at=one.created_at))
    assert one.place != two.place
    assert one.place >> 20 == two.place >> 20 == one.created_at


async def test_a_place_that_is_taken_moves_the_second_job_up(history: History) -> None:
    one = await history.add(a_job(1))
    async with history.engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM reservations"))
        await connection.execute(sa.text("UPDATE jobs SET id = 'moved' WHERE id = :id"), {"id": one.id})
    two = await history.add(replace(one, sequence=0, place=0))
    assert two.place == one.place + 1
    assert sorted(await prompts(history, mine("clip"))) == [one.prompt, two.prompt]


@pytest.mark.parametrize("newer", [True, False])
async def test_an_empty_page_says_how_to_go_back(history: History, *, newer: bool) -> None:
    job = await history.add(a_job(5))
    page = await history.page(mine(), cursor=str(job.place), newer=newer)
    assert page.items == ()
    back = page.next_cursor if newer else page.previous_cursor
    assert ids(await history.page(mine(), cursor=back, newer=not newer)) == [job.id]


# What belongs to a job -----------------------------------------------------------------------------------------------


async def test_a_page_tells_tags_collections_and_where_files_came_from(history: History) -> None:
    parent = a_job(1)
    output = an_asset(parent)
    await history.add(parent, [output])
    foreign = a_job(2, person="ann")
    foreign_output = an_asset(foreign)
    await history.add(foreign, [foreign_output])
    child = a_job(3)
    files = [
        replace(an_asset(child, "image"), parent_id=output.id, moment="last"),
        replace(an_asset(child, "other"), parent_id=foreign_output.id),
        replace(an_asset(child, "third"), parent_id="from-another-studio"),
    ]
    await history.add(child, files)
    await order(history, "INSERT INTO tags VALUES (:job, 'b'), (:job, 'a')", job=child.id)
    await order(history, "INSERT INTO collections VALUES ('c', 'local', 'Print', 1)", job=child.id)
    await order(history, "INSERT INTO collection_jobs VALUES ('c', :job, 1)", job=child.id)
    found = await history.with_assets(child.id, owner=EVERYONE)
    assert (found.tags, found.collections) == (("a", "b"), ("c",))
    assert found.parent_jobs == {output.id: parent.id}
    assert (await history.page(mine())).items[0] == found
    assert await changed_last(history) == found


async def changed_last(history: History) -> JobWithAssets:
    return (await history.changed_since(await history.sequence() - 1, owner=EVERYONE))[-1]


async def test_the_longest_clip_is_the_job_s_length(history: History) -> None:
    job = await history.add(a_job(1))
    assert job.seconds is None
    changed = await history.change(job.id, files=[clip(job, 5.04), clip(job, 3)], updated_at=2)
    assert changed is not None
    assert changed.seconds == 5.0
    changed = await history.change(job.id, files=[replace(clip(job, 9), role="video")], updated_at=3)
    assert changed is not None
    assert changed.seconds == 5.0


@pytest.mark.parametrize("job_id", ["", "nobody"])
async def test_nobody_s_job_changes_nothing(history: History, job_id: str) -> None:
    assert await history.change(job_id, rating=3, updated_at=1) is None
    with pytest.raises(NotFound):
        await history.with_assets(job_id, owner=EVERYONE)
